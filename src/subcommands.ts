/** What a bare first word names in place of a server to start: `replicant compare ...`. A configuration file of such a name is `./compare`. */

import { existsSync, write } from "node:fs";
import { redraws } from "./base/status-line.ts";
import { ConfigError } from "./config/error.ts";
import { lowerCompilerThreads } from "./process/compiler-threads.ts";

/** Runs with the words behind its name. Returns the exit code. */
type Program = (argv: readonly string[]) => Promise<number>;

const STANDARD_OUTPUT = 1;
/** How long to wait before a full pipe is written to again, in ms. */
const FULL_PIPE_MS = 5;

const print = (text: string): unknown => process.stdout.write(text);
const complain = (text: string): unknown => process.stderr.write(text);

/** The one that no person types. */
const ATTACHED = "attached";

/** By name. Each is loaded when it is asked for: a server that starts needs none of them. */
export const SUBCOMMANDS: ReadonlyMap<string, Program> = new Map([
  [ATTACHED, attached],
  ["benchmark", benchmark],
  ["check", check],
  ["cli", cli],
  ["compare", compare],
  ["convert", convert],
  ["follow", follow],
  ["move", move],
]);

/** A first word that is no file, and nearly the name of a tool. */
class MistypedTool extends ConfigError {
  override name = "MistypedTool";
}

/** So many letters may be wrong. */
const MOST_WRONG = 2;

/** Errors: MistypedTool where the first word is taken for a configuration file and can hardly be meant so. */
export function refuseMistyped(word: string): void {
  if (!/^[a-z]{3,}$/i.test(word) || existsSync(word)) return;
  const near = [...SUBCOMMANDS.keys()].filter((name) => name !== ATTACHED && wrongLetters(word.toLowerCase(), name) <= MOST_WRONG);
  const [first] = near.sort((a, b) => wrongLetters(word, a) - wrongLetters(word, b));
  if (first !== undefined) throw new MistypedTool(`there is no configuration file ${word}; did you mean the tool ${first}?`);
}

/** How many letters must be put in, left out, changed or exchanged with the next one to make one word of the other. */
function wrongLetters(word: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= word.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const changed = word[row - 1] === other[column - 1] ? 0 : 1;
      let least = Math.min(rows[row - 1][column] + 1, current[column - 1] + 1, rows[row - 1][column - 1] + changed);
      const exchanged = row > 1 && column > 1 && word[row - 1] === other[column - 2] && word[row - 2] === other[column - 1];
      if (exchanged) least = Math.min(least, rows[row - 2][column - 2] + 1);
      current.push(least);
    }
    rows.push(current);
  }
  return rows[word.length][other.length];
}

/** What a program in Node starts (src/node/child.ts). */
async function attached(): Promise<number> {
  const program = await import("./node/attached.ts");
  process.on("SIGINT", () => {}); // a terminal sends it to the program too, which decides what becomes of us
  lowerCompilerThreads();
  return program.attached({ input: process.stdin.setEncoding("utf8"), print: writeOut });
}

async function benchmark(argv: readonly string[]): Promise<number> {
  const { benchmarkProgram } = await import("./tools/benchmark/program.ts");
  return benchmarkProgram(argv, process);
}

async function check(argv: readonly string[]): Promise<number> {
  const { checkProgram } = await import("./tools/check/program.ts");
  return checkProgram(argv, print, complain, { terminal: showsProgress() });
}

async function cli(argv: readonly string[]): Promise<number> {
  const { cliProgram } = await import("./tools/cli/program.ts");
  return cliProgram(argv, process);
}

async function compare(argv: readonly string[]): Promise<number> {
  const { compareProgram } = await import("./tools/compare/program.ts");
  return compareProgram(argv, print, complain, process.env, { terminal: showsProgress() });
}

async function convert(argv: readonly string[]): Promise<number> {
  const { convertProgram } = await import("./tools/convert/program.ts");
  return convertProgram(argv, print, complain, { terminal: showsProgress() });
}

/** Whether standard error is a terminal with a line that can be written over. */
function showsProgress(): boolean {
  return process.stderr.isTTY === true && redraws(process.env, process.platform);
}

/** SIGINT and SIGTERM end it, and so does who reads its output no more. */
async function follow(argv: readonly string[]): Promise<number> {
  const { followProgram } = await import("./follow/program.ts");
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ending.abort());
  return followProgram(argv, { print: writeOut, complain, environment: process.env, signal: ending.signal });
}

/** SIGINT and SIGTERM end it. */
async function move(argv: readonly string[]): Promise<number> {
  const { moveProgram } = await import("./tools/move/program.ts");
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ending.abort());
  return moveProgram(argv, { print, complain, environment: process.env, terminal: showsProgress(), signal: ending.signal });
}

/** Writes to standard output, and waits until that is done. Errors: the system's. */
async function writeOut(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    at += await new Promise<number>((resolve, reject) => {
      write(STANDARD_OUTPUT, bytes, at, bytes.length - at, null, (error, count) => {
        if (error === null) resolve(count);
        // A pipe that is full, and does not make writers wait.
        else if (error.code === "EAGAIN") setTimeout(resolve, FULL_PIPE_MS, 0);
        else reject(error);
      });
    });
  }
}
