/** INFO's section Memory. */

import { totalmem } from "node:os";
import type { ServerParts } from "../../../execution/server-parts.ts";
import { type Figures, humanBytes } from "../../../session/info-text.ts";
import { fragmentation, memoryReport, ratio } from "../memory-report.ts";
import { section } from "./section.ts";

const SYSTEM_MEMORY = totalmem();

/** What takes the memory. */
export const MEMORY = section("Memory", "default", (out, server) => {
  const report = memoryReport(server);
  const { values } = server.config;
  out.bytesOf("used_memory", report.total);
  out.bytesOf("used_memory_rss", report.rss);
  out.bytesOf("used_memory_peak", report.peak);
  out.ratio("used_memory_peak_perc", (report.total / report.peak) * 100, 2, "%");
  out.add("used_memory_overhead", report.overhead);
  out.add("used_memory_startup", report.startup);
  out.add("used_memory_dataset", report.dataset);
  out.ratio("used_memory_dataset_perc", (report.dataset / Math.max(1, report.total - report.startup)) * 100, 2, "%");
  out.add("allocator_allocated", report.allocated);
  out.add("allocator_active", report.active);
  out.add("allocator_resident", report.resident);
  out.bytesOf("total_system_memory", SYSTEM_MEMORY);
  addScripts(out, server);
  out.bytesOf("maxmemory", values.maxmemory);
  out.add("maxmemory_policy", values["maxmemory-policy"]);
  out.ratio("allocator_frag_ratio", ratio(report.active, report.allocated));
  out.add("allocator_frag_bytes", report.active - report.allocated);
  out.ratio("allocator_rss_ratio", ratio(report.resident, report.active));
  out.add("allocator_rss_bytes", report.resident - report.active);
  out.ratio("rss_overhead_ratio", ratio(report.rss, report.resident));
  out.add("rss_overhead_bytes", report.rss - report.resident);
  const whole = fragmentation(report);
  out.ratio("mem_fragmentation_ratio", whole.ratio);
  out.add("mem_fragmentation_bytes", whole.bytes);
  out.add("mem_not_counted_for_evict", report.notCountedForEviction);
  out.add("mem_replication_backlog", report.backlog);
  out.add("mem_total_replication_buffers", report.journal);
  if (values["repl-rdb-channel"]) {
    // Redis 8's name, and Valkey's.
    out.add("mem_replica_full_sync_buffer", report.fullSync);
    out.add("mem_replicas_repl_buffer", report.fullSync);
  }
  out.add("mem_clients_slaves", report.replicas);
  out.add("mem_clients_normal", report.clients);
  out.zeros("mem_cluster_links", "mem_aof_buffer");
  out.add("mem_allocator", "arena");
  out.add("active_defrag_running", server.housekeeping.memory.running);
  out.add("lazyfree_pending_objects", server.keyspace.lazyFree.pending);
  out.add("lazyfreed_objects", server.keyspace.lazyFree.freed);
});

/** What interpreters take cannot be measured: it is estimated from the texts. */
function addScripts(out: Figures, { scripts, functions }: ServerParts): void {
  out.add("used_memory_lua", scripts.interpreterBytes);
  out.add("used_memory_vm_eval", scripts.interpreterBytes);
  out.add("used_memory_lua_human", humanBytes(scripts.interpreterBytes));
  out.add("used_memory_scripts_eval", scripts.usedBytes);
  out.add("number_of_cached_scripts", scripts.count);
  out.add("number_of_functions", functions.functionCount);
  out.add("number_of_libraries", functions.libraries.length);
  out.add("used_memory_vm_functions", functions.engineBytes);
  out.bytesOf("used_memory_vm_total", scripts.interpreterBytes + functions.engineBytes);
  out.add("used_memory_functions", functions.usedBytes);
  out.bytesOf("used_memory_scripts", scripts.usedBytes + functions.usedBytes);
}
