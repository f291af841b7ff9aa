/** Lines over time that scroll: uPlot in the page's colors, with a text for those who cannot see it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { color, colors } from "../theme.ts";

export interface Series {
  readonly label: string;
  /** How a value is written. */
  readonly format: (value: number) => string;
}

interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** Seconds since 1970, then the values of each series; null: none was measured. */
  readonly data: readonly [readonly number[], ...(readonly (number | null)[])[]];
  /** In pixels. */
  readonly height?: number;
  /** How many seconds are shown, to the last one measured; left out: all that there are. */
  readonly span?: number;
  /** Each series stands on the one before, so that the top is their sum. */
  readonly isStacked?: boolean;
  /** The steps of the axis: powers of two, or whole numbers; left out: any. */
  readonly steps?: "bytes" | "whole";
}

const HEIGHT = 150;
const AXIS_WIDTH = 76;
const STEPS = {
  bytes: Array.from({ length: 50 }, (_, power) => 2 ** power),
  whole: Array.from({ length: 36 }, (_, index) => ([1, 2, 5][index % 3] ?? 1) * 10 ** Math.floor(index / 3)),
};
const COLORS = 6;
/** Charts of one page have one cursor. */
const CURSOR = { points: { size: 6 }, sync: { key: "time" }, drag: { x: false, y: false } };

export function Chart({ title, series, data, height = HEIGHT, span, isStacked = false, steps }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const shownSpan = useRef(span);
  /** The point of time below the pointer; null: the last one is told. */
  const pointed = useSignal<number | null>(null);
  const painted = colors.value;
  const drawn = (isStacked ? stacked(data) : data) as unknown as UPlot.AlignedData;
  shownSpan.current = span;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const axis = { stroke: color("text-soft"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const format = series[0]?.format ?? String;
    const made = new UPlot(
      {
        width: element.clientWidth || 300,
        height,
        cursor: CURSOR,
        legend: { show: false },
        hooks: { setCursor: [({ cursor: { idx } }) => (pointed.value = idx ?? null)] },
        scales: {
          x: { range: (_plot, min, max) => rangeOfTime(min, max, shownSpan.current) },
          y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
        },
        padding: [8, 4, 0, 0],
        axes: [
          { ...axis, size: 26, space: 70, values: (_plot, ticks, _axis, _space, step) => ticks.map((tick) => timeOfDay(tick, step)) },
          {
            ...axis,
            size: AXIS_WIDTH,
            space: 26,
            // What is nothing behind the point is left out.
            values: (_plot, ticks) => ticks.map((tick) => format(tick).replace(/\.0+(?=\D|$)/, "")),
            ...(steps === undefined ? {} : { incrs: STEPS[steps] }),
          },
        ],
        series: [
          {},
          ...series.map(({ label }, index) => ({
            label,
            stroke: color(`series-${(index % COLORS) + 1}`),
            width: 1.5,
            points: { show: false },
            ...(isStacked ? { fill: seeThrough(color(`series-${(index % COLORS) + 1}`)) } : {}),
          })),
        ],
        ...(isStacked ? { bands: series.slice(1).map((_, index) => ({ series: [index + 2, index + 1] as UPlot.Band.Bounds })) } : {}),
      },
      drawn,
      element,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [painted, height, isStacked, steps, series.map(({ label }) => label).join()]);
  useEffect(() => plot.current?.setData(drawn), [data, span]);
  const latest = series.map(({ label, format }, index) => {
    const value = data[index + 1]?.at(pointed.value ?? -1) ?? null;
    return { label, text: value === null ? "–" : format(value), index };
  });
  return (
    <figure class="chart panel">
      <figcaption>
        <h2>{title}</h2>
        {latest.map(({ label, text, index }) => (
          <span key={label} class="legend">
            <i style={{ background: `var(--series-${(index % COLORS) + 1})` }} aria-hidden="true" />
            {label} {text}
          </span>
        ))}
      </figcaption>
      <div ref={box} role="img" aria-label={`${title}: ${latest.map(({ label, text }) => `${label} ${text}`).join(", ")}`} />
    </figure>
  );
}

/** "20:05", with seconds where ticks are less than a minute apart. */
function timeOfDay(seconds: number, step: number): string {
  const text = new Date(seconds * 1000).toTimeString();
  return text.slice(0, step < 60 ? 8 : 5);
}

function rangeOfTime(min: number | null, max: number | null, span: number | undefined): [number, number] {
  const end = max ?? Date.now() / 1000;
  if (span !== undefined) return [end - span, end];
  return min === null || min === end ? [end - 1, end + 1] : [min, end];
}

/** Each series with those before it added. */
function stacked([times, ...values]: ChartProps["data"]): ChartProps["data"] {
  const sums: (number | null)[][] = [];
  for (const one of values) {
    const below = sums.at(-1);
    sums.push(one.map((value, index) => (value === null ? null : value + (below?.[index] ?? 0))));
  }
  return [times, ...sums];
}

/** A color for what lies below a line. */
function seeThrough(solid: string): string {
  return solid.replace(/^rgb\((.*)\)$/, "rgba($1, 0.35)");
}
