/** `replicant cli` in the test's own process beside the installed redis-cli, on the same server. */

import { Readable } from "node:stream";
import { type Console, ToolFailure } from "../../../src/tools/cli/console.ts";
import { runCli } from "../../../src/tools/cli/program.ts";

export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** The exit code of what `until` ends. */
export const ENOUGH = 99;

interface Surroundings {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Another redis-cli than the installed one. */
  readonly program?: string;
  /** Ends ours once this much is printed: what has no end of its own. */
  readonly until?: (out: string) => boolean;
}

/** A console that keeps what is printed. */
export function recorded({ input = "", env = {}, until }: Surroundings = {}): { console: Console; outcome(code: number): Outcome } {
  const out: Buffer[] = [];
  let err = "";
  const console: Console = {
    env,
    input: Readable.from([Buffer.from(input)]),
    outputIsTerminal: false,
    columns: () => 80,
    print: (bytes) => {
      out.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Buffer.from(bytes));
      if (until?.(Buffer.concat(out).latin1Slice()) === true) throw new ToolFailure("", ENOUGH);
    },
    complain: (bytes) => {
      err += bytes;
    },
    onInterrupt: () => () => {},
  };
  return { console, outcome: (code) => ({ out: Buffer.concat(out).latin1Slice(), err, code }) };
}

/** Runs ours: words and output are bytes (latin1). */
export async function ours(argv: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const { console, outcome } = recorded(surroundings);
  return outcome(await runCli(argv, console));
}

/** Runs redis-cli. */
export async function theirs(
  argv: readonly string[],
  { input = "", env = {}, program = "redis-cli" }: Surroundings = {},
): Promise<Outcome> {
  const words = argv.map((word) => Buffer.from(word, "latin1").toString());
  const child = Bun.spawn([program, ...words], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH, ...env },
  });
  const [out, err] = await Promise.all([child.stdout.bytes(), child.stderr.bytes()]);
  return { out: Buffer.from(out).latin1Slice(), err: Buffer.from(err).latin1Slice(), code: await child.exited };
}
