/** The parent's side of the process with many connections (receive-child.ts). */
import { join } from "node:path";

/** `await using` it. */
export class Receivers implements AsyncDisposable {
  /** Bytes that have come to all of them together. */
  received = 0;
  private readonly child: Bun.Subprocess;
  private readonly ready = Promise.withResolvers<void>();
  private change = Promise.withResolvers<void>();

  /** Connects `count` clients, which subscribe to `channel` or do nothing ("") . Returns once all are there. */
  static async start(port: number, count: number, channel = ""): Promise<Receivers> {
    const receivers = new Receivers([String(port), String(count), channel]);
    try {
      await receivers.ready.promise;
      return receivers;
    } catch (error) {
      await receivers[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(words: readonly string[]) {
    const ended = new Error("the process that receives has ended");
    this.change.promise.catch(() => {}); // nobody may wait when it ends
    this.child = Bun.spawn([process.execPath, join(import.meta.dir, "receive-child.ts"), ...words], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      ipc: (message: "ready" | number) => {
        if (message === "ready") return this.ready.resolve();
        this.received = message;
        this.change.resolve();
        this.change = Promise.withResolvers();
        this.change.promise.catch(() => {});
      },
      onExit: () => {
        this.ready.reject(ended);
        this.change.reject(ended);
      },
    });
  }

  /** Returns once so many bytes have come. */
  async reach(bytes: number): Promise<void> {
    while (this.received < bytes) await this.change.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}
