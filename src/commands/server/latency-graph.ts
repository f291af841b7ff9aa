/** LATENCY GRAPH: columns of characters, one for each second in which an event was slow. Source: sparkline.c. */

import type { LatencySeries } from "../../keyspace/latency-monitor.ts";

const COLUMNS = 80;
const ROWS = 4;
/** What fills a row to a third, to two thirds, or whole; and what stands below a higher row. */
const FILLED = ["_", "o", "#"] as const;
const BELOW = "|";

const UNITS = [
  ["s", 60],
  ["m", 60],
  ["h", 24],
] as const;

/** `now` in s since 1970. */
export function latencyGraph(event: string, { samples, longest }: LatencySeries, now: number): string {
  const latencies = samples.map(({ latency }) => latency);
  const high = Math.max(...latencies);
  const low = Math.min(...latencies);
  const title = `${event} - high ${high} ms, low ${low} ms (all time high ${longest} ms)\n${"-".repeat(COLUMNS)}\n`;
  const steps = FILLED.length * ROWS;
  const columns = samples.map(({ second, latency }) => {
    const height = Math.floor(((latency - low) * steps) / Math.max(1, high - low));
    return column(Math.min(height, steps - 1), age(now - second));
  });
  const parts: string[] = [];
  for (let from = 0; from < columns.length; from += COLUMNS) parts.push(rendered(columns.slice(from, from + COLUMNS)));
  return title + parts.join("\n");
}

/** How long ago, as a label: 5s, 10m. */
function age(seconds: number): string {
  let value = seconds;
  for (const [unit, next] of UNITS) {
    if (value < next) return `${value}${unit}`;
    value = Math.floor(value / next);
  }
  return `${value}d`;
}

/** A column from top to bottom: the bar, an empty row, the label. `height` in thirds of a row. */
function column(height: number, label: string): string {
  let bar = "";
  for (let row = ROWS - 1; row >= 0; row--) {
    const filled = height - row * FILLED.length;
    bar += filled < 0 ? " " : (FILLED[filled] ?? BELOW);
  }
  return `${bar} ${label}`;
}

function rendered(columns: readonly string[]): string {
  const rows = Math.max(...columns.map(({ length }) => length));
  let text = "";
  for (let row = 0; row < rows; row++) text += `${columns.map((cells) => cells[row] ?? " ").join("")}\n`;
  return text;
}
