/** What redis-benchmark prints of a test, to the letter. */

import { fixed } from "../cli/numbers.ts";
import type { Load } from "./load.ts";

/** What the server is configured with that changes its speed; null when it does not say. */
export interface ServerConfig {
  readonly save: string;
  readonly appendonly: string;
}

export const CSV_HEAD =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n';

/** The line that is written over while a test runs. */
export function progress(title: string, load: Load, now: number, before: { readonly at: number; readonly finished: number }): string {
  const rate = (count: number, ms: number): string => fixed(ms <= 0 ? 0 : count / (ms / 1000), 1);
  const recent = rate(load.finished - before.finished, now - before.at);
  const overall = rate(load.finished, now - load.begin);
  const times = `avg_msec=${milliseconds(load.recent.mean)} (overall: ${milliseconds(load.latencies.mean)})`;
  return `${title}: rps=${recent} (overall: ${overall}) ${times}`;
}

/** The result of a test that took so long, in ms; `payload`: the bytes of its values. */
export function report(title: string, load: Load, elapsed: number, payload: number, config: ServerConfig | null): string {
  const { options, latencies, finished } = load;
  const whole = Math.max(Math.floor(elapsed), 1);
  const rate = fixed(finished / (whole / 1000), 2);
  const [p50, p95, p99] = [50, 95, 99].map((percentile) => milliseconds(latencies.percentile(percentile)));
  const [average, min, max] = [latencies.mean, latencies.lowest, latencies.highest].map(milliseconds);
  if (options.csv) return `${[`"${title}"`, ...[rate, average, min, p50, p95, p99, max].map((value) => `"${value}"`)].join(",")}\n`;
  if (options.quiet) return `${title}: ${rate} requests per second, p50=${p50} msec\n`;
  const columns = (values: readonly string[]): string => `    ${values.map((value) => value.padStart(9)).join(" ")}\n`;
  return (
    `====== ${title} ======\n` +
    `  ${finished} requests completed in ${fixed(whole / 1000, 2)} seconds\n` +
    `  ${options.clients} parallel clients\n` +
    `  ${payload} bytes payload\n` +
    `  keep alive: ${options.keepAlive ? 1 : 0}\n` +
    (config === null ? "" : `  host configuration "save": ${config.save}\n  host configuration "appendonly": ${config.appendonly}\n`) +
    "  multi-thread: no\n" +
    `\nLatency by percentile distribution:\n${distribution(latencies.byPercentile(), latencies.total)}` +
    `\nCumulative distribution of latencies:\n${distribution(latencies.byTime(), latencies.total)}` +
    `\nSummary:\n  throughput summary: ${rate} requests per second\n  latency summary (msec):\n` +
    columns(["avg", "min", "p50", "p95", "p99", "max"]) +
    columns([average, min, p50, p95, p99, max])
  );
}

function distribution(steps: Iterable<{ percentile: number; value: number; cumulative: number }>, total: number): string {
  let text = "";
  let before = -1;
  for (const { percentile, value, cumulative } of steps) {
    if (cumulative !== before || cumulative === total) {
      text += `${fixed(percentile, 3)}% <= ${milliseconds(value)} milliseconds (cumulative count ${cumulative})\n`;
    }
    before = cumulative;
  }
  return text;
}

function milliseconds(microseconds: number): string {
  return fixed(Math.fround(microseconds / 1000), 3);
}
