/** Memory of a server together with its children: one that forks for an image pays for the pages that change meanwhile. */
import { readdirSync, readFileSync } from "node:fs";

const WATCH_MS = 250;

/** Bytes that the process and its children take together, pages that several share counted once; NaN without Linux's /proc. */
function familyBytes(pid: number): number {
  let bytes = 0;
  for (const member of [pid, ...childrenOf(pid)]) {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readOr(`/proc/${member}/smaps_rollup`))?.[1];
    if (kilobytes !== undefined) bytes += Number(kilobytes) * 1024;
    else if (member === pid) return Number.NaN;
  }
  return bytes;
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((other) => other > 0 && parentOf(other) === pid);
}

function parentOf(pid: number): number {
  const stat = readOr(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // the process has ended
  }
}

/** Looks at it a few times a second until it is stopped. */
export class PeakMemory implements Disposable {
  peak: number;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(pid: number) {
    this.peak = familyBytes(pid);
    this.timer = setInterval(() => {
      this.peak = Math.max(this.peak, familyBytes(pid));
    }, WATCH_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}
