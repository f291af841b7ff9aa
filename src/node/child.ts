/** The executable as a child of this program: told what to be, and gone when it is stopped or the program ends. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { ExecutableError, findExecutable } from "./executable.ts";
import type { FromAttached, ToAttached } from "./messages.ts";
import { fromLine, Lines, toLine } from "./transfer.ts";

/** Of what it prints to standard error no more is kept than a message needs. */
const LONGEST_COMPLAINT = 4096;

export class Child {
  /** Resolved with why there are no more messages, once the process has ended. */
  readonly ended: Promise<ExecutableError>;
  private readonly process: ChildProcessWithoutNullStreams;
  private complaint = "";

  /** Errors: ExecutableError where there is no executable. */
  constructor(first: ToAttached) {
    const executable = findExecutable();
    const child = spawn(executable, ["attached"], { stdio: "pipe", windowsHide: true });
    this.process = child;
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      this.complaint = (this.complaint + piece).slice(-LONGEST_COMPLAINT);
    });
    child.stdin.on("error", () => {}); // it has ended, which "close" tells
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(new ExecutableError(`${executable} cannot be run: ${error.message}`)));
      child.on("close", (code, signal) => resolve(this.end(code, signal)));
    });
    this.tell(first);
  }

  tell(message: ToAttached): void {
    this.process.stdin.write(toLine(message));
  }

  /** What it says, for one reader. It waits when that does. */
  async *messages(): AsyncGenerator<FromAttached, void> {
    const lines = new Lines();
    for await (const piece of this.process.stdout.setEncoding("utf8")) {
      for (const line of lines.take(piece as string)) yield fromLine(line) as FromAttached;
    }
  }

  /** Lets this program end although the child still runs; that ends then, too. */
  unref(): void {
    const { stdin, stdout, stderr } = this.process;
    this.process.unref();
    for (const stream of [stdin, stdout, stderr]) (stream as { unref?: () => void }).unref?.();
  }

  /** Has it end by itself, when it is done. */
  finish(): void {
    this.process.stdin.end();
  }

  /** Likewise, though what it has still to say is not read. */
  abandon(): void {
    this.process.stdin.end();
    this.process.stdout.destroy();
  }

  private end(code: number | null, signal: NodeJS.Signals | null): ExecutableError {
    if (code === 0) return new ExecutableError("The server has stopped");
    const said = this.complaint.trim();
    return new ExecutableError(
      `The executable has ended ${signal === null ? `with ${code}` : `by ${signal}`}${said === "" ? "" : `: ${said}`}`,
    );
  }
}
