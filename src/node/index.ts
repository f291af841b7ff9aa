/** `import { Replicant } from "replicant"` where there is no Bun: a server in a process of its own, the executable's. */

import { Child } from "./child.ts";
import { findExecutable } from "./executable.ts";

export { ExecutableError } from "./executable.ts";

/** A server that this program started; it ends with it. */
export class Replicant implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  private readonly child: Child;

  private constructor(child: Child) {
    const { port, url } = child.ready;
    this.child = child;
    this.port = port ?? 0;
    this.url = url ?? "";
  }

  /** Resolves once the server serves. Errors: ExecutableError where there is no executable for this platform, or it does not start. */
  static async start(options: Readonly<Record<string, unknown>> = {}): Promise<Replicant> {
    const child = await Child.start(findExecutable(), { options, log: false }, { onLog() {}, onCommand() {} });
    return new Replicant(child);
  }

  /** Errors: Error, always. */
  static inProcess(): Promise<Replicant> {
    return Promise.reject(needsBun("Replicant.inProcess", "Replicant.start runs a server in a process of its own, for Node too"));
  }

  /** The process of the server. */
  get pid(): number {
    return this.child.ready.pid;
  }

  /** Resolves once the server has ended. */
  stop(): Promise<void> {
    return this.child.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function needsBun(what: string, instead: string): Error {
  return new Error(`${what} needs Bun, since the server then runs in this process: run the program with bun in place of node. ${instead}.`);
}
