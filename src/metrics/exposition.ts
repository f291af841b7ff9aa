/**
 * The two text forms that Prometheus reads: its own (version 0.0.4), and OpenMetrics (version 1.0.0), which Prometheus asks for first. A series
 * has the same name and labels in both.
 */

import { latin1Text } from "./labels.ts";

export type Format = "text" | "openmetrics";
export type Kind = "counter" | "gauge" | "histogram" | "summary";

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};
const TOTAL = "_total";

export function contentTypeOf(format: Format): string {
  return CONTENT_TYPES[format];
}

/** Which form an Accept header asks for: OpenMetrics only where that is named, and is preferred to plain text. */
export function formatFor(accept: string): Format {
  let open = 0;
  let text = 0;
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((word) => word.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    const quality = Number.isFinite(q) ? q : 0;
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice("version=".length) ?? "1.0.0";
    if (type === "application/openmetrics-text" && (version === "1.0.0" || version === "0.0.1")) open = Math.max(open, quality);
    else if (type === "text/plain" || type === "text/*" || type === "*/*") text = Math.max(text, quality);
  }
  return open > 0 && open >= text ? "openmetrics" : "text";
}

/** What stands before the samples of a family. In OpenMetrics a counter's samples end in `_total`: what is named otherwise is of no known type. */
export function familyHead(format: Format, name: string, kind: Kind, help: string): string {
  if (format === "text" || kind !== "counter") return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
  if (!name.endsWith(TOTAL)) return `# HELP ${name} ${help}\n# TYPE ${name} unknown\n`;
  const family = name.slice(0, -TOTAL.length);
  return `# HELP ${family} ${help}\n# TYPE ${family} counter\n`;
}

/** The steps of a histogram, each with how many were at most so much, in order; and what they come to. */
export interface Distribution {
  readonly steps: readonly { readonly atMost: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

/** Takes families one after the other, each with its samples behind it. Labels are `name="value"` joined by commas (`labels`), or "". */
export class Exposition {
  readonly format: Format;
  private text = "";
  private name = "";
  private head = "";

  constructor(format: Format) {
    this.format = format;
  }

  /** What comes next is of this family, which is left out when nothing comes. */
  family(name: string, kind: Kind, help: string): this {
    this.name = name;
    this.head = familyHead(this.format, name, kind, help);
    return this;
  }

  sample(labels: string, value: number): this {
    this.text += `${this.head}${this.name}${labels === "" ? "" : `{${labels}}`} ${numeral(value)}\n`;
    this.head = "";
    return this;
  }

  /** A family of one sample without labels. */
  single(name: string, kind: Kind, help: string, value: number): void {
    this.family(name, kind, help).sample("", value);
  }

  /** Families that others made, with what stands before them. */
  families(text: string): void {
    this.text += text;
    this.head = "";
  }

  /** Samples of this family that others made. */
  raw(text: string): void {
    this.text += this.head + text;
    this.head = "";
  }

  /** One histogram of this family. */
  histogram(labels: string, distribution: Distribution): void {
    this.raw(histogramSamples(this.name, labels, distribution));
  }

  finish(): string {
    return this.format === "openmetrics" ? `${this.text}# EOF\n` : this.text;
  }
}

export function histogramSamples(name: string, labels: string, { steps, count, sum }: Distribution): string {
  const before = labels === "" ? "" : `${labels},`;
  const own = labels === "" ? "" : `{${labels}}`;
  let text = "";
  for (const step of steps) text += `${name}_bucket{${before}le="${step.atMost}"} ${step.count}\n`;
  return `${text}${name}_bucket{${before}le="+Inf"} ${count}\n${name}_sum${own} ${numeral(sum)}\n${name}_count${own} ${count}\n`;
}

export function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : "NaN";
}

/**
 * Returns labels as they stand between the braces, or null where a value is no UTF-8, which no label can hold: such series are left out. Values
 * are bytes, one a character.
 */
export function labels(values: Readonly<Record<string, string>>): string | null {
  let text = "";
  for (const name in values) {
    const value = latin1Text(values[name] ?? "");
    if (value === null) return null;
    text += `${text === "" ? "" : ","}${name}="${value}"`;
  }
  return text;
}
