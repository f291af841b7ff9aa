/** The sections that list things: one line a command, an error code, a database; and two of a few lines. */

import type { LatencyHistogram } from "../../../execution/latency-histogram.ts";
import { type Section, safeName } from "./section.ts";

export const CPU: Section = {
  names: ["cpu"],
  title: "CPU",
  shown: "default",
  write(out) {
    const seconds = (microseconds: number) => (microseconds / 1e6).toFixed(6);
    const { system, user } = process.cpuUsage();
    out.add("used_cpu_sys", seconds(system));
    out.add("used_cpu_user", seconds(user));
    // No child process is ever started.
    out.add("used_cpu_sys_children", seconds(0));
    out.add("used_cpu_user_children", seconds(0));
    const thread = process.threadCpuUsage();
    out.add("used_cpu_sys_main_thread", seconds(thread.system));
    out.add("used_cpu_user_main_thread", seconds(thread.user));
  },
};

/** There are none. */
export const MODULES: Section = { names: ["modules", "module_list"], title: "Modules", shown: "default", write() {} };

export const COMMANDSTATS: Section = {
  names: ["commandstats"],
  title: "Commandstats",
  shown: "all",
  write(out, host) {
    for (const { fullName, calls, microseconds, rejected, failed } of host.commands.all()) {
      if (calls === 0 && rejected === 0 && failed === 0) continue;
      const perCall = calls === 0 ? 0 : microseconds / calls;
      const times = `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${perCall.toFixed(2)}`;
      out.add(`cmdstat_${safeName(fullName)}`, `${times},rejected_calls=${rejected},failed_calls=${failed}`);
    }
  },
};

export const ERRORSTATS: Section = {
  names: ["errorstats"],
  title: "Errorstats",
  shown: "default",
  write(out, host) {
    const codes = [...host.stats.errors.keys()].sort();
    for (const code of codes) out.add(`errorstat_${safeName(code)}`, `count=${host.stats.errors.get(code) ?? 0}`);
  },
};

export const LATENCYSTATS: Section = {
  names: ["latencystats"],
  title: "Latencystats",
  shown: "all",
  write(out, host) {
    const { values } = host.config;
    if (!values["latency-tracking"]) return;
    for (const { fullName, latency } of host.commands.all()) {
      if (latency !== null)
        out.add(`latency_percentiles_usec_${safeName(fullName)}`, percentiles(latency, values["latency-tracking-info-percentiles"]));
    }
  },
};

function percentiles(latency: LatencyHistogram, percents: readonly number[]): string {
  return percents.map((percent) => `p${Number(percent.toFixed(6))}=${(latency.percentile(percent) / 1000).toFixed(3)}`).join(",");
}

export const CLUSTER: Section = {
  names: ["cluster"],
  title: "Cluster",
  shown: "default",
  write(out, host) {
    out.add("cluster_enabled", host.config.values["cluster-enabled"]);
  },
};

export const KEYSPACE: Section = {
  names: ["keyspace"],
  title: "Keyspace",
  shown: "default",
  write(out, host) {
    for (const { index, size, expiry } of host.keyspace.databases) {
      if (size > 0) out.add(`db${index}`, `keys=${size},expires=${expiry.size},avg_ttl=${expiry.averageTtl(host.keyspace.now)}`);
    }
  },
};
