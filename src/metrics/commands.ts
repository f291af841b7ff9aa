/** Series of commands and of errors: what INFO's commandstats, latencystats and errorstats tell, and LATENCY. */

import { safeName } from "../commands/server/info/section.ts";
import type { LatencyHistogram } from "../execution/latency-histogram.ts";
import type { CommandEntry } from "../execution/registry.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { type Exposition, histogramSamples, labels } from "./exposition.ts";

const SUMMARY = "redis_latency_percentiles_usec";
const HISTOGRAM = "redis_commands_latencies_usec";

/** The samples of one command's latencies, good for as long as it is not called. */
interface Samples {
  calls: number;
  percents: readonly number[];
  summary: string;
  histogram: string;
}

/** What of the series of latencies can be said again at the next scrape: adding up a histogram takes longer than all else of a command. */
export class LatencySamples {
  private readonly known = new WeakMap<LatencyHistogram, Samples>();

  of({ fullName, calls, microseconds }: CommandEntry, latency: LatencyHistogram, percents: readonly number[]): Samples {
    const before = this.known.get(latency);
    if (before !== undefined && before.calls === latency.count && before.percents === percents) return before;
    const cmd = `cmd="${fullName}"`;
    const sum = Math.round(microseconds);
    let summary = "";
    for (const percent of percents) {
      const value = Number((latency.percentile(percent) / 1000).toFixed(3));
      summary += `${SUMMARY}{${cmd},quantile="${Number(percent.toFixed(6))}"} ${value}\n`;
    }
    summary += `${SUMMARY}_sum{${cmd}} ${sum}\n${SUMMARY}_count{${cmd}} ${calls}\n`;
    const steps = latency.distribution().map((step) => ({ atMost: step.microseconds, count: step.calls }));
    const histogram = histogramSamples(HISTOGRAM, cmd, { steps, count: latency.count, sum });
    const samples = { calls: latency.count, percents, summary, histogram };
    this.known.set(latency, samples);
    return samples;
  }
}

/** `histograms`: whether the distributions are wanted, which are most of the text. */
export function addCommands(out: Exposition, { commands, config }: ServerParts, latencies: LatencySamples, histograms: boolean): void {
  const all = [...commands.all()];
  const used = all.filter(({ calls, rejected, failed }) => calls > 0 || rejected > 0 || failed > 0);
  const each = (name: string, help: string, value: (entry: CommandEntry) => number) => {
    out.family(name, "counter", help);
    for (const entry of used) out.sample(`cmd="${entry.fullName}"`, value(entry));
  };
  each("redis_commands_total", "Calls of a command", ({ calls }) => calls);
  each(
    "redis_commands_duration_seconds_total",
    "Seconds that calls of a command took",
    ({ microseconds }) => Math.round(microseconds) / 1e6,
  );
  each("redis_commands_rejected_calls_total", "Calls of a command that were refused before it ran", ({ rejected }) => rejected);
  each("redis_commands_failed_calls_total", "Calls of a command that ended with an error", ({ failed }) => failed);
  const { values } = config;
  const percents = values["latency-tracking-info-percentiles"];
  if (values["latency-tracking"]) {
    out.family(SUMMARY, "summary", "Microseconds that calls of a command took");
    for (const entry of used) if (entry.latency !== null) out.raw(latencies.of(entry, entry.latency, percents).summary);
  }
  if (!histograms) return;
  out.family(HISTOGRAM, "histogram", "Microseconds that calls of a command took");
  for (const entry of all) if (entry.latency !== null) out.raw(latencies.of(entry, entry.latency, percents).histogram);
}

export function addErrors(out: Exposition, { stats }: ServerParts): void {
  out.family("redis_errors_total", "counter", "Error replies by their first word");
  for (const [code, count] of stats.errors) {
    const err = labels({ err: safeName(code) });
    if (err !== null) out.sample(err, count);
  }
}

/** What LATENCY LATEST tells. */
export function addLatencyEvents(out: Exposition, { keyspace }: ServerParts): void {
  const last = [...keyspace.latency.series].map(([event, { samples }]) => ({ event, sample: samples[samples.length - 1] }));
  out.family("redis_latency_spike_last", "gauge", "When an event took long last, in seconds since 1970");
  for (const { event, sample } of last) out.sample(`event_name="${event}"`, sample.second);
  out.family("redis_latency_spike_duration_seconds", "gauge", "How long an event took when it took long last");
  for (const { event, sample } of last) out.sample(`event_name="${event}"`, sample.latency / 1000);
}

export function addSlowLog(out: Exposition, { watch }: ServerParts): void {
  const { slow } = watch.log;
  out.single("redis_slowlog_length", "gauge", "Entries of the slow log", slow.length);
  const last = slow.latest(1)[0];
  out.single("redis_slowlog_last_id", "gauge", "Number of the last entry of the slow log", last?.id ?? 0);
  out.single("redis_last_slow_execution_duration_seconds", "gauge", "Duration of the last entry of the slow log", (last?.value ?? 0) / 1e6);
}

/** What COMMANDLOG LEN tells, and the directives that say what is kept. */
export function addCommandLog(out: Exposition, { watch, config }: ServerParts): void {
  const { slow, largeRequests, largeReplies } = watch.log;
  const { values } = config;
  const gauge = (name: string, help: string, value: number) => out.single(`redis_commandlog_${name}`, "gauge", help, value);
  gauge("slow_length", "Entries of the log of slow commands", slow.length);
  gauge("large_request_length", "Entries of the log of large requests", largeRequests.length);
  gauge("large_reply_length", "Entries of the log of large replies", largeReplies.length);
  gauge("execution_slower_than", "Directive commandlog-execution-slower-than", values["slowlog-log-slower-than"]);
  gauge("slow_execution_max_len", "Directive commandlog-slow-execution-max-len", values["slowlog-max-len"]);
  gauge("request_larger_than", "Directive commandlog-request-larger-than", values["commandlog-request-larger-than"]);
  gauge("large_request_max_len", "Directive commandlog-large-request-max-len", values["commandlog-large-request-max-len"]);
  gauge("reply_larger_than", "Directive commandlog-reply-larger-than", values["commandlog-reply-larger-than"]);
  gauge("large_reply_max_len", "Directive commandlog-large-reply-max-len", values["commandlog-large-reply-max-len"]);
}
