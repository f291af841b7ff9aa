/** Figures for people: medians, ratios and the Markdown tables that hold them. */

/** The middle value (the mean of the two middle ones); NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that a share of `values` (0.99 for the 99th percentile) does not exceed; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/** The geometric mean, the only fair mean of ratios; NaN of nothing. */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/** 1234567 -> "1.23M", 43210 -> "43.2k", 0.1234 -> "0.123": three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "n/a";
  if (value >= 999_500) return `${significant(value / 1e6)}M`;
  if (value >= 999.5) return `${significant(value / 1e3)}k`;
  return significant(value);
}

function significant(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 3));
}

/** Ours over Redis, with both figures: "**1.31** (210k / 160k)". */
export function ratioCell(ours: number, redis: number, unit = ""): string {
  const ratio = ours / redis;
  const suffix = unit === "" ? "" : ` ${unit}`;
  return `**${Number.isFinite(ratio) ? ratio.toFixed(2) : "n/a"}** (${figure(ours)} / ${figure(redis)}${suffix})`;
}

/** How many times ours goes into Redis's, with both figures, where less is better: "**1.31** (160 / 210 ms)". */
export function gainCell(ours: number, redis: number, unit: string): string {
  const ratio = redis / ours;
  return `**${Number.isFinite(ratio) ? ratio.toFixed(2) : "n/a"}** (${figure(ours)} / ${figure(redis)} ${unit})`;
}

/** Both figures without their ratio, where a ratio of tiny times would say little: "0.12 / 0.34". */
export function pairCell(ours: number, redis: number): string {
  return `${ours.toFixed(2)} / ${redis.toFixed(2)}`;
}

/** A section of the report: its title, what was measured, and the table of it. */
export function section(title: string, about: string, headers: readonly string[], rows: readonly (readonly string[])[]): string {
  return `## ${title}\n\n${about}\n\n${markdownTable(headers, rows)}`;
}

/** A Markdown table; cells may hold anything but line breaks. */
export function markdownTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const fit = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  const line = (cells: readonly string[]): string => `| ${cells.map(fit).join(" | ")} |`;
  return [line(headers), line(headers.map(() => "---")), ...rows.map(line)].join("\n");
}
