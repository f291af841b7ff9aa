/** Lines over time that scroll: uPlot in the page's colors, with a text for those who cannot see it. */

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
}

const HEIGHT = 180;
const COLORS = 6;

export function Chart({ title, series, data, height = HEIGHT }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const painted = colors.value;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const axis = { stroke: color("text-soft"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const format = series[0]?.format ?? String;
    const made = new UPlot(
      {
        width: element.clientWidth || 300,
        height,
        cursor: { points: { size: 6 } },
        legend: { show: false },
        scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [axis, { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
        series: [
          {},
          ...series.map(({ label }, index) => ({
            label,
            stroke: color(`series-${(index % COLORS) + 1}`),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      data as unknown as UPlot.AlignedData,
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
  }, [painted, height, series.map(({ label }) => label).join()]);
  useEffect(() => plot.current?.setData(data as unknown as UPlot.AlignedData), [data]);
  const latest = series.map(({ label, format }, index) => {
    const value = data[index + 1]?.at(-1) ?? null;
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
