#!/usr/bin/env node
/** `npx replicant` and `bunx replicant`: the executable of this platform's package, with the same arguments, in place of this process. */

import { spawn } from "node:child_process";
import { findExecutable } from "./executable.ts";

/** Signals that only we are sent, and those that a terminal sends to both: the latter are not to end us before the server has saved. */
const PASSED_ON = ["SIGTERM", "SIGHUP"] as const;
const HEARD_BY_BOTH = ["SIGINT", "SIGQUIT"] as const;

function run(executable: string, words: readonly string[]): void {
  // Node 22.15 and later, not on Windows: one process instead of two.
  const { execve } = process as { execve?: (file: string, args: readonly string[], env?: NodeJS.ProcessEnv) => never };
  if (execve !== undefined && process.platform !== "win32") execve(executable, [executable, ...words], process.env);
  const child = spawn(executable, words, { stdio: "inherit" });
  for (const signal of PASSED_ON) tryOn(signal, () => child.kill(signal));
  for (const signal of HEARD_BY_BOTH) tryOn(signal, () => {});
  child.on("error", (error) => fail(`${executable} cannot be run: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Not every platform lets every signal be heard. */
function tryOn(signal: NodeJS.Signals, handler: () => void): void {
  try {
    process.on(signal, handler);
  } catch {
    // what the system does by itself has to do
  }
}

function fail(message: string): void {
  process.stderr.write(`replicant: ${message}\n`);
  process.exitCode = 1;
}

try {
  run(findExecutable(), process.argv.slice(2));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
