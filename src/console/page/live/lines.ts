/** Points of lines: what happened between two askings, and fewer points where there are more than can be told apart. */

import type { Figures } from "./figures.ts";
import { percentileBetween } from "./latency.ts";

/** What is drawn; the largest of a time that is drawn as one point, or the mean. */
const KINDS = {
  requests: "mean",
  p50: "mean",
  p99: "largest",
  p999: "largest",
  netIn: "mean",
  netOut: "mean",
  dataset: "mean",
  clientBuffers: "mean",
  replicationBuffers: "mean",
  scripts: "mean",
  otherMemory: "mean",
  resident: "mean",
  used: "mean",
  heap: "mean",
  connected: "mean",
  blocked: "mean",
  hits: "mean",
  misses: "mean",
  expired: "mean",
  evicted: "mean",
  stall: "largest",
} as const;

export type Line = keyof typeof KINDS;
export type Point = Readonly<Record<Line, number | null>>;

/** A gap. */
export const NOTHING = Object.fromEntries(Object.keys(KINDS).map((name) => [name, null])) as unknown as Point;

/** What the lines have between two askings. */
export function pointBetween(before: Figures, after: Figures): Point {
  const seconds = (after.time - before.time) / 1000;
  const rate = (name: "commands" | "netIn" | "netOut" | "hits" | "misses" | "expired" | "evicted"): number | null => {
    const grown = after[name] - before[name];
    return grown < 0 || seconds <= 0 ? null : grown / seconds;
  };
  const percentile = (share: number): number | null =>
    before.latency === null || after.latency === null ? null : percentileBetween(before.latency, after.latency, share);
  const { memory } = after;
  const named = memory.dataset + memory.clients + memory.replication + memory.scripts + memory.trees;
  return {
    requests: rate("commands"),
    p50: percentile(0.5),
    p99: percentile(0.99),
    p999: percentile(0.999),
    netIn: rate("netIn"),
    netOut: rate("netOut"),
    dataset: memory.dataset,
    clientBuffers: memory.clients,
    replicationBuffers: memory.replication,
    scripts: memory.scripts + memory.trees,
    otherMemory: Math.max(0, memory.used - named),
    resident: memory.resident,
    used: memory.used,
    heap: memory.heap,
    connected: after.connected,
    blocked: after.blocked,
    hits: rate("hits"),
    misses: rate("misses"),
    expired: rate("expired"),
    evicted: rate("evicted"),
    stall: after.stall,
  };
}

/** The times and lines of the last `seconds`, in `most` points at most. */
export function thinned(
  allTimes: readonly number[],
  allPoints: readonly Point[],
  lines: readonly Line[],
  seconds: number,
  most: number,
): [times: number[], ...values: (number | null)[][]] {
  const last = allTimes.at(-1) ?? 0;
  const first = allTimes.findIndex((time) => time > last - seconds);
  const drawnTimes: number[] = [];
  const drawn: (number | null)[][] = lines.map(() => []);
  if (first < 0) return [drawnTimes, ...drawn];
  const width = Math.max(1, Math.ceil(seconds / most));
  for (let at = first; at < allTimes.length; ) {
    // Groups begin at round times, so that they do not change as the chart scrolls.
    const group = Math.floor((allTimes[at] ?? 0) / width);
    let end = at + 1;
    while (end < allTimes.length && Math.floor((allTimes[end] ?? 0) / width) === group) end++;
    drawnTimes.push(allTimes[end - 1] ?? 0);
    for (const [index, line] of lines.entries()) drawn[index]?.push(joined(allPoints.slice(at, end), line));
    at = end;
  }
  return [drawnTimes, ...drawn];
}

function joined(group: readonly Point[], line: Line): number | null {
  const values = group.map((point) => point[line]).filter((value) => value !== null);
  if (values.length === 0) return null;
  if (KINDS[line] === "largest") return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
