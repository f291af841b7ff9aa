/** What the tests of /metrics share: redis_exporter beside a server, and what is read of its text and of ours. */

import { describe, test } from "bun:test";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { Server } from "../../src/server.ts";
import { freePort } from "../support/process.ts";

const exporterPath = Bun.which("prometheus-redis-exporter") ?? Bun.which("redis_exporter");
const REASON = "there is no prometheus-redis-exporter on the PATH";
const STARTS = 200;

/** `describe` for tests that need redis_exporter and a redis-server. */
export function describeWithExporter(name: string, body: () => void): void {
  if (exporterPath !== null && Bun.which("redis-server") !== null) describe(name, body);
  else if (process.env.REPLICANT_REQUIRE_REDIS === "1") {
    describe(name, () =>
      test("has a redis_exporter to compare with", () => {
        throw new Error(`${REASON}, and REPLICANT_REQUIRE_REDIS=1 asks for one`);
      }),
    );
  } else describe.skip(`${name} (skipped: ${REASON})`, body);
}

/** Starts redis_exporter beside a server, scrapes it once, and ends it. */
export async function exporterText(port: number, options: readonly string[] = []): Promise<string> {
  const web = freePort();
  const command = [exporterPath ?? "", "-redis.addr", `redis://127.0.0.1:${port}`, "-web.listen-address", `127.0.0.1:${web}`, ...options];
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  try {
    for (let attempt = 0; attempt < STARTS; attempt++) {
      const answer = await fetch(`http://127.0.0.1:${web}/metrics`).catch(() => null);
      if (answer !== null) return await answer.text();
      await Bun.sleep(10);
    }
    throw new Error("redis_exporter does not answer");
  } finally {
    child.kill();
    await child.exited;
  }
}

/** Our text for this query. */
export async function ownText(server: Server, query = "", accept = ""): Promise<string> {
  const response = await new Metrics(server).respond(new URLSearchParams(query), accept, null);
  return await response.text();
}

/** One sample of a text. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a text, and the kinds of its families. Throws where a line is none, a series is there twice, or a family in two places. */
export function parseText(text: string): { readonly samples: Sample[]; readonly kinds: ReadonlyMap<string, string> } {
  const samples: Sample[] = [];
  const kinds = new Map<string, string>();
  const seen = new Set<string>();
  let family = "";
  const left = new Set<string>();
  for (const line of text.split("\n")) {
    if (line === "" || line === "# EOF" || line.startsWith("# HELP ")) continue;
    const type = /^# TYPE (\S+) (counter|gauge|summary|histogram|unknown|untyped)$/.exec(line);
    if (type !== null) {
      const [, name = "", kind = ""] = type;
      if (kinds.has(name)) throw new Error(`the family ${name} is there twice`);
      left.add(family);
      family = name;
      kinds.set(name, kind);
      continue;
    }
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) throw new Error(`no sample: ${line}`);
    const [, name = "", inner = "", numeral = ""] = match;
    if (!name.startsWith(family)) throw new Error(`${name} is not of the family ${family}`);
    const labels = labelsOf(inner);
    const key = seriesKey(name, labels);
    if (seen.has(key)) throw new Error(`the series ${key} is there twice`);
    seen.add(key);
    samples.push({ name, labels, value: numberIn(numeral) });
  }
  return { samples, kinds };
}

function labelsOf(inner: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const rest = inner.replace(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g, (_, name: string, value: string) => {
    if (name in labels) throw new Error(`the label ${name} is there twice`);
    labels[name] = value.replace(/\\(.)/g, (__, character: string) => (character === "n" ? "\n" : character));
    return "";
  });
  if (rest !== "") throw new Error(`no labels: ${inner}`);
  return labels;
}

function numberIn(numeral: string): number {
  if (numeral === "+Inf") return Number.POSITIVE_INFINITY;
  if (numeral === "-Inf") return Number.NEGATIVE_INFINITY;
  if (numeral !== "NaN" && !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(numeral)) throw new Error(`no number: ${numeral}`);
  return Number(numeral);
}

export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name}{${Object.keys(labels)
    .sort()
    .map((label) => `${label}=${labels[label]}`)
    .join(",")}}`;
}

/** The value of a series without labels, or with these. */
export function valueAt(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const wanted = seriesKey(name, labels);
  return parseText(text).samples.find((sample) => seriesKey(sample.name, sample.labels) === wanted)?.value;
}
