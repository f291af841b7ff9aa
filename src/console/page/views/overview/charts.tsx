/** The lines of the overview. */

import { Chart, type Series } from "../../components/chart.tsx";
import { bytes, compact, microseconds } from "../../format.ts";
import { latest, linesOf } from "../../live/history.ts";
import type { Line } from "../../live/lines.ts";

/** More points than that cannot be told apart. */
const MOST_POINTS = 450;

const perSecond = (value: number): string => (value < 10 ? String(Math.round(value * 10) / 10) : compact(value));
const bytesPerSecond = (value: number): string => `${bytes(Math.round(value))}/s`;
const size = (value: number): string => bytes(Math.round(value));
const whole = (value: number): string => compact(Math.round(value));

interface ChartOfLines {
  readonly title: string;
  readonly format: Series["format"];
  readonly isStacked?: boolean;
  readonly steps?: "bytes" | "whole";
  /** The history's names, and those for people. */
  readonly lines: readonly (readonly [Line, string])[];
}

const CHARTS: readonly ChartOfLines[] = [
  { title: "Requests a second", format: perSecond, lines: [["requests", "requests"]] },
  {
    title: "Latency in the server",
    format: microseconds,
    lines: [
      ["p50", "p50"],
      ["p99", "p99"],
      ["p999", "p99.9"],
    ],
  },
  {
    title: "Network",
    format: bytesPerSecond,
    steps: "bytes",
    lines: [
      ["netIn", "in"],
      ["netOut", "out"],
    ],
  },
  {
    title: "Memory by kind",
    format: size,
    steps: "bytes",
    isStacked: true,
    lines: [
      ["dataset", "data"],
      ["clientBuffers", "clients"],
      ["replicationBuffers", "replication"],
      ["scripts", "scripts, key trees"],
      ["otherMemory", "tables, rest"],
    ],
  },
  {
    title: "Memory of the process",
    format: size,
    steps: "bytes",
    lines: [
      ["resident", "resident"],
      ["used", "used"],
      ["heap", "JavaScript"],
    ],
  },
  {
    title: "Clients",
    format: whole,
    steps: "whole",
    lines: [
      ["connected", "connected"],
      ["blocked", "blocked"],
    ],
  },
  {
    title: "Keys looked up a second",
    format: perSecond,
    lines: [
      ["hits", "hits"],
      ["misses", "misses"],
    ],
  },
  {
    title: "Keys gone a second",
    format: perSecond,
    lines: [
      ["expired", "expired"],
      ["evicted", "evicted"],
    ],
  },
  { title: "Longest stall of the event loop", format: microseconds, lines: [["stall", "longest"]] },
];

export function Charts({ seconds }: { readonly seconds: number }) {
  const figures = latest.value;
  return (
    <div class="charts">
      {CHARTS.filter(({ lines }) => figures === null || lines.some(([line]) => isTold(line))).map(
        ({ title, format, isStacked, steps, lines }) => (
          <Chart
            key={title}
            title={title}
            series={lines.filter(([line]) => isTold(line)).map(([, label]) => ({ label, format }))}
            data={linesOf(lines.map(([line]) => line).filter(isTold), seconds, MOST_POINTS)}
            span={seconds}
            isStacked={isStacked ?? false}
            {...(steps === undefined ? {} : { steps })}
          />
        ),
      )}
    </div>
  );
}

/** Whether the server tells what the line needs. */
function isTold(line: Line): boolean {
  const figures = latest.value;
  if (figures === null) return true;
  if (line === "p50" || line === "p99" || line === "p999") return figures.latency !== null;
  if (line === "stall") return figures.stall !== null;
  return line !== "heap" || figures.memory.heap !== null;
}
