/** The sections with one line for each command, error code or database; and three of a few lines. */

import type { LatencyHistogram } from "../../../execution/latency-histogram.ts";
import { type Section, safeName } from "./section.ts";

export const CPU: Section = {
  names: ["cpu"],
  title: "CPU",
  shown: "default",
  write(out, { stats, keyspace }) {
    const { all, thread } = stats.system.processorTime(keyspace.now);
    out.ratio("used_cpu_sys", all.system / 1e6, 6);
    out.ratio("used_cpu_user", all.user / 1e6, 6);
    // No child process is ever started.
    out.ratio("used_cpu_sys_children", 0, 6);
    out.ratio("used_cpu_user_children", 0, 6);
    out.ratio("used_cpu_sys_main_thread", thread.system / 1e6, 6);
    out.ratio("used_cpu_user_main_thread", thread.user / 1e6, 6);
  },
};

/** There are none. */
export const MODULES: Section = { names: ["modules", "module_list"], title: "Modules", shown: "default", write() {} };

export const COMMANDSTATS: Section = {
  names: ["commandstats"],
  title: "Commandstats",
  shown: "all",
  write(out, server) {
    for (const { fullName, calls, microseconds, rejected, failed } of server.commands.all()) {
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
  write(out, server) {
    const { errors } = server.stats;
    if (errors.size === 0) return;
    for (const code of [...errors.keys()].sort()) out.add(`errorstat_${safeName(code)}`, `count=${errors.get(code) ?? 0}`);
  },
};

export const LATENCYSTATS: Section = {
  names: ["latencystats"],
  title: "Latencystats",
  shown: "all",
  write(out, server) {
    const { values } = server.config;
    if (!values["latency-tracking"]) return;
    for (const { fullName, latency } of server.commands.all()) {
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
  write(out, server) {
    out.add("cluster_enabled", server.config.values["cluster-enabled"]);
  },
};

export const KEYSPACE: Section = {
  names: ["keyspace"],
  title: "Keyspace",
  shown: "default",
  write(out, server) {
    for (const { index, size, expiry } of server.keyspace.databases) {
      if (size > 0) out.add(`db${index}`, `keys=${size},expires=${expiry.size},avg_ttl=${expiry.averageTtl(server.keyspace.now)}`);
    }
  },
};
