/** Processor time of a server while a load runs. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux reports the times of /proc in hundredths of a second, whatever its kernel ticks at (USER_HZ). */
const TICKS_PER_SECOND = 100;
const WATCH_MS = 20;

/** Seconds of processor time, user and system, that all threads of a process have used; NaN on systems without /proc. */
export function cpuSeconds(pid: number): number {
  try {
    return parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return Number.NaN;
  }
}

/** The same of the text of /proc/PID/stat (proc(5): fields 14 and 15; the second field is a name that may hold anything, even ")"). */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3 on
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * Nanoseconds of processor time that each living thread of a process has used, by its number: for samples too short for the hundredths of
 * a second of `cpuSeconds`. Empty on systems without /proc.
 */
export function threadTimes(pid: number): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const thread of readOr(() => readdirSync(`/proc/${pid}/task`), [])) {
    // A thread may have ended since it was listed.
    const text = readOr(() => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1"), "");
    if (text !== "") times.set(thread, Number(text.split(" ")[0]));
  }
  return times;
}

function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/**
 * Seconds of processor time between two readings of `threadTimes`, NaN when there is nothing to tell. What a thread did that ended in
 * between is not known; a runtime ends those that had nothing to do for long.
 */
export function secondsBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  if (after.size === 0) return Number.NaN;
  let nanoseconds = 0;
  for (const [thread, time] of after) nanoseconds += time - (before.get(thread) ?? 0);
  return nanoseconds / 1e9;
}

/**
 * Notes the processor time of a process again and again, so that the part that fell into a time known only afterwards can be told: a run
 * of redis-benchmark may begin with a test that only prepares the data of the one that counts.
 */
export class CpuWatch {
  private readonly pid: number;
  private readonly points: { readonly at: number; readonly seconds: number }[] = [];
  private readonly timer: Timer;

  constructor(pid: number) {
    this.pid = pid;
    this.note();
    this.timer = setInterval(() => this.note(), WATCH_MS);
  }

  /** Ends the watch; -> seconds of processor time used since `since` (`performance.now()`), NaN where nothing tells. */
  end(since: number): number {
    clearInterval(this.timer);
    this.note();
    return secondsAfter(this.points, since);
  }

  private note(): void {
    this.points.push({ at: performance.now(), seconds: cpuSeconds(this.pid) });
  }
}

/** What the last point has more than there was at the time `since`, taken to grow evenly between two points. */
export function secondsAfter(points: readonly { readonly at: number; readonly seconds: number }[], since: number): number {
  const last = points.at(-1);
  if (last === undefined) return Number.NaN;
  const next = points.findIndex((point) => point.at > since);
  if (next < 0) return 0;
  const after = points[next];
  const before = points[Math.max(0, next - 1)];
  const share = after.at === before.at ? 1 : (since - before.at) / (after.at - before.at);
  return last.seconds - (before.seconds + Math.max(0, share) * (after.seconds - before.seconds));
}
