/** What a program of the command line has around it: the standard streams, the environment and interrupts. */

import { readFileSync, writeSync } from "node:fs";
import { toBytes } from "../../base/utf8.ts";

/** Where a tool reads; `setRawMode` is there when it is a terminal. */
export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
};

/** Text that is printed holds bytes: latin1, one character a byte. */
export interface Console {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Input;
  readonly outputIsTerminal: boolean;
  /** How many columns the terminal has that is written to. */
  columns(): number;
  /** Writes to standard output, at once. Errors: OutputClosed. */
  print(bytes: string | Uint8Array): void;
  /** Writes to standard error, at once. */
  complain(bytes: string): void;
  /** Has `listener` told of interrupts (SIGINT), which do not end the process meanwhile. Returns what ends that. */
  onInterrupt(listener: () => void): () => void;
}

/** No one reads what is printed any more: the program ends, as others do by SIGPIPE. */
class OutputClosed extends Error {
  override name = "OutputClosed";
}

/** Why a program of the command line ends: a line for standard error ("" for none) and the exit code. */
export class ToolFailure extends Error {
  override name = "ToolFailure";
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

/** What a shell gives for a program that SIGPIPE ended. */
const SIGPIPE_CODE = 141;
const STDOUT = 1;
const STDERR = 2;
const DEFAULT_COLUMNS = 80;
const RETRY_MS = 2;

/** The console of a process. */
export function consoleOf(process: NodeJS.Process): Console {
  return {
    env: process.env,
    get input() {
      return process.stdin;
    },
    outputIsTerminal: process.stdout.isTTY,
    columns: () => process.stdout.columns || DEFAULT_COLUMNS,
    print: (bytes) => writeAll(STDOUT, bytes),
    complain: (bytes) => writeAll(STDERR, bytes),
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      return () => {
        process.off("SIGINT", listener);
      };
    },
  };
}

/** The words of a command line as bytes. The runtime takes them for UTF-8: what is none of it is only where the system has them (Linux). */
export function wordBytes(argv: readonly string[]): string[] {
  if (argv.some((word) => word.includes("\ufffd")) && process.platform === "linux") {
    const words = readFileSync("/proc/self/cmdline", "latin1").split("\0").slice(0, -1);
    if (words.length >= argv.length) return words.slice(words.length - argv.length);
  }
  return argv.map(toBytes);
}

/**
 * Runs a program with the console of a process. Returns its exit code; what it fails with is printed first.
 */
export async function runWith(console: Console, program: () => Promise<number>): Promise<number> {
  try {
    return await program();
  } catch (error) {
    if (error instanceof OutputClosed) return SIGPIPE_CODE;
    if (!(error instanceof ToolFailure)) throw error;
    if (error.message !== "") console.complain(`${error.message}\n`);
    return error.code;
  }
}

/** Written by system calls and not by a stream: what was printed is out when the process ends, in the order of both streams. */
function writeAll(descriptor: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at, bytes.length - at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EPIPE") throw new OutputClosed();
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(RETRY_MS); // the pipe is full, and someone made it non-blocking
    }
  }
}
