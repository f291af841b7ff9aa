/**
 * Lets clients go first where the runtime compiles: its compiler threads get a tenth of a processor that they share with us, and all of one
 * that is free. Left alone they are our equals, and on two cores a PING waits up to 4 ms for one's slice to end (docs/performance.md).
 * Linux only, where each thread has a niceness.
 */

import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

const THREADS = "/proc/self/task";
const COMPILER = "JITWorker\n";
const NICENESS = 10;
/** Such threads come and go with the work there is. */
const LOOK_AGAIN_MS = 250;

/** Keeps the priority of this process's compiler threads low from now on, for as long as something else keeps the process alive. */
export function lowerCompilerThreads(): void {
  if (process.platform !== "linux") return;
  let known = new Set<string>();
  const look = (): void => {
    try {
      const threads = new Set(readdirSync(THREADS));
      for (const thread of threads) if (!known.has(thread)) lowerIfCompiler(thread);
      known = threads;
    } catch {
      // No /proc, or a thread ended while we looked at it: nothing depends on this.
    }
  };
  look();
  setInterval(look, LOOK_AGAIN_MS).unref();
}

function lowerIfCompiler(thread: string): void {
  if (readFileSync(`${THREADS}/${thread}/comm`, "latin1") !== COMPILER) return;
  if (getPriority(Number(thread)) < NICENESS) setPriority(Number(thread), NICENESS);
}
