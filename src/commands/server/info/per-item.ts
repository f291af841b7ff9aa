/** The sections with one line for each command, error code or database; and three of a few lines. */

import type { LatencyHistogram } from "../../../execution/latency-histogram.ts";
import { safeName, section } from "./section.ts";

export const CPU = section("CPU", "default", (out, { stats, keyspace }) => {
  const { all, thread } = stats.system.processorTime(keyspace.now);
  out.ratio("used_cpu_sys", all.system / 1e6, 6);
  out.ratio("used_cpu_user", all.user / 1e6, 6);
  // No child process is ever started.
  out.ratio("used_cpu_sys_children", 0, 6);
  out.ratio("used_cpu_user_children", 0, 6);
  out.ratio("used_cpu_sys_main_thread", thread.system / 1e6, 6);
  out.ratio("used_cpu_user_main_thread", thread.user / 1e6, 6);
});

/** There are none. */
export const MODULES = section("Modules", "default", () => {}, "module_list");

export const COMMANDSTATS = section("Commandstats", "all", (out, server) => {
  for (const { fullName, calls, microseconds, rejected, failed } of server.commands.all()) {
    if (calls === 0 && rejected === 0 && failed === 0) continue;
    const perCall = calls === 0 ? 0 : microseconds / calls;
    const times = `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${perCall.toFixed(2)}`;
    out.add(`cmdstat_${safeName(fullName)}`, `${times},rejected_calls=${rejected},failed_calls=${failed}`);
  }
});

export const ERRORSTATS = section("Errorstats", "default", (out, server) => {
  const { errors } = server.stats;
  if (errors.size === 0) return;
  for (const code of [...errors.keys()].sort()) out.add(`errorstat_${safeName(code)}`, `count=${errors.get(code) ?? 0}`);
});

export const LATENCYSTATS = section("Latencystats", "all", (out, server) => {
  const { values } = server.config;
  if (!values["latency-tracking"]) return;
  for (const { fullName, latency } of server.commands.all()) {
    if (latency !== null)
      out.add(`latency_percentiles_usec_${safeName(fullName)}`, percentiles(latency, values["latency-tracking-info-percentiles"]));
  }
});

function percentiles(latency: LatencyHistogram, percents: readonly number[]): string {
  return percents.map((percent) => `p${Number(percent.toFixed(6))}=${(latency.percentile(percent) / 1000).toFixed(3)}`).join(",");
}

export const CLUSTER = section("Cluster", "default", (out, server) => {
  out.add("cluster_enabled", server.config.values["cluster-enabled"]);
});

export const KEYSPACE = section("Keyspace", "default", (out, server) => {
  for (const { index, size, expiry } of server.keyspace.databases) {
    if (size > 0) out.add(`db${index}`, `keys=${size},expires=${expiry.size},avg_ttl=${expiry.averageTtl(server.keyspace.now)}`);
  }
});
