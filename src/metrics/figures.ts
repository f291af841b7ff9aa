/**
 * INFO's figures as series, by redis_exporter's names (those of version 1.88, and of 1.45 where they differ). The sections of INFO write them
 * (commands/server/info), here as there: no figure is counted in two ways.
 */

import type { Figures } from "../session/info-text.ts";
import { type Exposition, type Format, familyHead, type Kind, numeral } from "./exposition.ts";

/** Which name each figure of INFO has: `field` where it is `redis_field`, `field=name` where it is not. */
const GAUGES = `
  uptime_in_seconds process_id io_threads_active hz configured_hz
  connected_clients blocked_clients maxclients=max_clients tracking_clients clients_in_timeout_table pubsub_clients watching_clients
  total_watched_keys total_blocking_keys total_blocking_keys_on_nokey
  client_recent_max_output_buffer=client_recent_max_output_buffer_bytes
  client_recent_max_input_buffer=client_recent_max_input_buffer_bytes
  cluster_connections cluster_enabled
  allocator_active=allocator_active_bytes allocator_allocated=allocator_allocated_bytes allocator_resident=allocator_resident_bytes
  allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio allocator_rss_bytes
  used_memory=memory_used_bytes used_memory_rss=memory_used_rss_bytes used_memory_peak=memory_used_peak_bytes
  used_memory_lua=memory_used_lua_bytes used_memory_vm_eval=memory_used_vm_eval_bytes
  used_memory_scripts_eval=memory_used_scripts_eval_bytes used_memory_overhead=memory_used_overhead_bytes
  used_memory_startup=memory_used_startup_bytes used_memory_dataset=memory_used_dataset_bytes
  number_of_cached_scripts number_of_functions number_of_libraries used_memory_vm_functions=memory_used_vm_functions_bytes
  used_memory_scripts=memory_used_scripts_bytes used_memory_functions=memory_used_functions_bytes
  used_memory_vm_total=memory_used_vm_total maxmemory=memory_max_bytes total_system_memory=total_system_memory_bytes
  mem_fragmentation_ratio mem_fragmentation_bytes mem_clients_slaves mem_clients_normal mem_cluster_links=mem_cluster_links_bytes
  mem_aof_buffer=mem_aof_buffer_bytes mem_replication_backlog=mem_replication_backlog_bytes
  expired_stale_perc=expired_stale_percentage mem_not_counted_for_evict=mem_not_counted_for_eviction_bytes
  mem_total_replication_buffers=mem_total_replication_buffers_bytes
  lazyfree_pending_objects lazyfreed_objects active_defrag_running migrate_cached_sockets=migrate_cached_sockets_total
  active_defrag_hits=defrag_hits active_defrag_misses=defrag_misses
  active_defrag_key_hits=defrag_key_hits active_defrag_key_misses=defrag_key_misses
  loading=loading_dump_file async_loading rdb_changes_since_last_save rdb_bgsave_in_progress
  rdb_last_save_time=rdb_last_save_timestamp_seconds rdb_last_bgsave_status rdb_last_bgsave_time_sec=rdb_last_bgsave_duration_sec
  rdb_current_bgsave_time_sec=rdb_current_bgsave_duration_sec rdb_saves=rdb_saves_total rdb_last_cow_size=rdb_last_cow_size_bytes
  rdb_last_load_keys_expired=rdb_last_load_expired_keys rdb_last_load_keys_loaded=rdb_last_load_loaded_keys
  aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec=aof_last_rewrite_duration_sec
  aof_current_rewrite_time_sec=aof_current_rewrite_duration_sec aof_last_cow_size=aof_last_cow_size_bytes
  aof_current_size=aof_current_size_bytes aof_base_size=aof_base_size_bytes aof_pending_rewrite aof_buffer_length
  aof_pending_bio_fsync aof_delayed_fsync aof_last_bgrewrite_status aof_last_write_status
  module_fork_in_progress module_fork_last_cow_size
  current_eviction_exceeded_time=current_eviction_exceeded_time_ms pubsub_channels pubsub_patterns pubsubshard_channels
  latest_fork_usec=latest_fork_seconds tracking_total_keys tracking_total_items tracking_total_prefixes
  instantaneous_eventloop_cycles_per_sec instantaneous_eventloop_duration_usec
  connected_slaves repl_backlog_size=replication_backlog_bytes repl_backlog_active=repl_backlog_is_active
  repl_backlog_first_byte_offset repl_backlog_histlen=repl_backlog_history_bytes master_repl_offset second_repl_offset
  slave_expires_tracked_keys slave_priority sync_full=replica_resyncs_full sync_partial_ok=replica_partial_resync_accepted
  sync_partial_err=replica_partial_resync_denied`;

const COUNTERS = `
  total_connections_received=connections_received_total total_commands_processed=commands_processed_total
  rejected_connections=rejected_connections_total total_net_input_bytes=net_input_bytes_total total_net_output_bytes=net_output_bytes_total
  total_net_repl_input_bytes=net_repl_input_bytes_total total_net_repl_output_bytes=net_repl_output_bytes_total
  expired_subkeys=expired_subkeys_total expired_keys=expired_keys_total expired_time_cap_reached_count=expired_time_cap_reached_total
  expire_cycle_cpu_milliseconds=expire_cycle_cpu_time_ms_total evicted_keys=evicted_keys_total evicted_clients=evicted_clients_total
  total_eviction_exceeded_time=eviction_exceeded_time_ms_total keyspace_hits=keyspace_hits_total keyspace_misses=keyspace_misses_total
  eventloop_cycles=eventloop_cycles_total eventloop_duration_sum=eventloop_duration_sum_usec_total
  eventloop_duration_cmd_sum=eventloop_duration_cmd_sum_usec_total
  used_cpu_sys=cpu_sys_seconds_total used_cpu_user=cpu_user_seconds_total
  used_cpu_sys_children=cpu_sys_children_seconds_total used_cpu_user_children=cpu_user_children_seconds_total
  used_cpu_sys_main_thread=cpu_sys_main_thread_seconds_total used_cpu_user_main_thread=cpu_user_main_thread_seconds_total
  unexpected_error_replies total_error_replies dump_payload_sanitizations total_reads_processed total_writes_processed
  io_threaded_reads_processed io_threaded_writes_processed
  client_query_buffer_limit_disconnections=client_query_buffer_limit_disconnections_total
  client_output_buffer_limit_disconnections=client_output_buffer_limit_disconnections_total
  reply_buffer_shrinks=reply_buffer_shrinks_total reply_buffer_expands=reply_buffer_expands_total
  acl_access_denied_auth=acl_access_denied_auth_total acl_access_denied_cmd=acl_access_denied_cmd_total
  acl_access_denied_key=acl_access_denied_key_total acl_access_denied_channel=acl_access_denied_channel_total`;

/** Words that stand for a number: statuses. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ["ok", 1],
  ["err", 0],
]);
/** What a figure is divided by, where a series has another unit. */
const DIVISORS: ReadonlyMap<string, number> = new Map([["latest_fork_usec", 1e6]]);

/** Numbers that are a part of other series. */
const KEPT: ReadonlySet<string> = new Set([
  "process_id",
  "tcp_port",
  "uptime_in_seconds",
  "master_port",
  "master_last_io_seconds_ago",
  "master_sync_in_progress",
  "slave_repl_offset",
  "slave_read_only",
]);

interface Series {
  /** What stands before the value. */
  readonly head: Readonly<Record<Format, string>>;
  readonly divisor: number;
}

const SERIES: ReadonlyMap<string, Series> = new Map([...seriesOf(GAUGES, "gauge"), ...seriesOf(COUNTERS, "counter")]);

function seriesOf(list: string, kind: Kind): [field: string, Series][] {
  return list
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [field = "", name = field] = word.split("=");
      const head = (format: Format) => `${familyHead(format, `redis_${name}`, kind, `${field} of INFO`)}redis_${name} `;
      return [field, { head: { text: head("text"), openmetrics: head("openmetrics") }, divisor: DIVISORS.get(field) ?? 1 }];
    });
}

/** Takes the sections of INFO, and makes series of the figures that redis_exporter makes series of. */
export class FigureSeries implements Figures {
  /** What was told in words, and what else of INFO is part of other series. */
  private readonly kept = new Map<string, string | number>();
  private readonly out: Exposition;

  constructor(out: Exposition) {
    this.out = out;
  }

  add(name: string, value: string | number | bigint | boolean): void {
    const series = SERIES.get(name);
    if (typeof value === "string") {
      this.kept.set(name, value);
      const number = WORDS.get(value);
      if (series !== undefined && number !== undefined) this.put(series, number);
    } else {
      if (KEPT.has(name)) this.kept.set(name, Number(value));
      if (series !== undefined) this.put(series, Number(value));
    }
  }

  zeros(...names: readonly string[]): void {
    for (const name of names) this.add(name, 0);
  }

  whole(name: string, value: number): void {
    this.add(name, Math.floor(value));
  }

  /** With as many digits as INFO has. */
  ratio(name: string, value: number, decimals = 2): void {
    const series = SERIES.get(name);
    if (series !== undefined) this.put(series, Number.isFinite(value) ? Number(value.toFixed(decimals)) : 0);
  }

  bytesOf(name: string, value: number): void {
    this.add(name, value);
  }

  /** A figure as INFO shows it; "" where it has not been told. */
  word(name: string): string {
    return String(this.kept.get(name) ?? "");
  }

  number(name: string): number {
    return Number(this.kept.get(name) ?? 0);
  }

  private put({ head, divisor }: Series, value: number): void {
    this.out.families(`${head[this.out.format]}${numeral(value / divisor)}\n`);
  }
}
