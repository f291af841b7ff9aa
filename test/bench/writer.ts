/** The parent's side of the process that writes at a steady rate (write-child.ts). */
import { join } from "node:path";

export interface Load {
  readonly port: number;
  /** Writes a second. */
  readonly rate: number;
  readonly kind: "keys" | "hash";
  /** How many keys, or fields, it writes to. */
  readonly count: number;
}

/** `await using` it. */
export class Writer implements AsyncDisposable {
  private readonly child: Bun.Subprocess;
  private waiter = Promise.withResolvers<number>();

  /** Returns once the first write is answered. */
  static async start(load: Load): Promise<Writer> {
    const writer = new Writer(load);
    await writer.waiter.promise;
    return writer;
  }

  private constructor({ port, rate, kind, count }: Load) {
    this.child = Bun.spawn([process.execPath, join(import.meta.dir, "write-child.ts"), String(port), String(rate), kind, String(count)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      ipc: (answered: number) => this.waiter.resolve(answered),
      onExit: () => this.waiter.reject(new Error("the process that writes has ended")),
    });
    this.waiter.promise.catch(() => {}); // there may be no waiter when it ends
  }

  /** -> how many writes were answered so far. */
  async answered(): Promise<number> {
    if (this.child.exitCode !== null) throw new Error("the process that writes has ended");
    this.waiter = Promise.withResolvers();
    this.waiter.promise.catch(() => {});
    this.child.send("count");
    return await this.waiter.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}
