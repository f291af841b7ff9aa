/** The parent's side of the process that pings (ping-child.ts). */
import { join } from "node:path";

/** What the pings of one stretch of time took, in ms. */
export type Pings = { readonly worst: number; readonly p99: number; readonly count: number };

/** A process that sends a PING every half millisecond; `await using` it. */
export class Pinger implements AsyncDisposable {
  private readonly child: Bun.Subprocess;
  private waiter = Promise.withResolvers<Pings | null>();

  /** Pings the server at `port` of 127.0.0.1; returns once the first pings are answered. Throws when they are not. */
  static async start(port: number): Promise<Pinger> {
    const pinger = new Pinger(port);
    try {
      await pinger.waiter.promise;
      return pinger;
    } catch (error) {
      await pinger[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(port: number) {
    this.child = Bun.spawn([process.execPath, join(import.meta.dir, "ping-child.ts"), String(port)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      ipc: (message: Pings | string) => this.hear(message),
      onExit: () => this.waiter.reject(new Error("the process that pings has ended")),
    });
    this.waiter.promise.catch(() => {}); // there may be no waiter when it ends
  }

  /** Forgets what was measured so far. */
  begin(): void {
    this.child.send("begin");
  }

  /** -> what was measured since `begin`, a ping that still waits for its answer included. */
  async end(): Promise<Pings> {
    this.waiter = Promise.withResolvers();
    this.waiter.promise.catch(() => {});
    if (this.child.exitCode !== null) throw new Error("the process that pings has ended");
    this.child.send("end");
    const pings = await this.waiter.promise;
    if (pings === null || pings.count === 0) throw new Error("no PING was answered");
    return pings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }

  private hear(message: Pings | string): void {
    if (typeof message !== "string") this.waiter.resolve(message);
    else if (message === "ready") this.waiter.resolve(null);
    else this.waiter.reject(new Error(message));
  }
}
