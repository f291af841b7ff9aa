import { Topic } from "../../../session/subscriptions.ts";
import type { Section } from "./section.ts";

/**
 * What has happened since the start, or since CONFIG RESETSTAT. Nothing forks, migrates, defragments or tracks keys here: those counts are
 * 0.
 */
export const STATS: Section = {
  names: ["stats"],
  title: "Stats",
  shown: "default",
  write(out, server) {
    const { stats, keyspace } = server;
    out.add("total_connections_received", stats.connections);
    out.add("total_commands_processed", stats.commands);
    out.whole("instantaneous_ops_per_sec", stats.commandRate.value);
    out.add("total_net_input_bytes", stats.bytesIn + stats.replicationBytesIn);
    out.add("total_net_output_bytes", stats.bytesOut); // includes what was sent to replicas
    out.add("total_net_repl_input_bytes", stats.replicationBytesIn);
    out.add("total_net_repl_output_bytes", stats.replicationBytesOut);
    out.ratio("instantaneous_input_kbps", stats.inputRate.value / 1024);
    out.ratio("instantaneous_output_kbps", stats.outputRate.value / 1024);
    out.ratio("instantaneous_input_repl_kbps", stats.replicationInputRate.value / 1024);
    out.ratio("instantaneous_output_repl_kbps", stats.replicationOutputRate.value / 1024);
    out.add("rejected_connections", stats.rejectedConnections);
    out.add("sync_full", stats.fullSyncs);
    out.add("sync_partial_ok", stats.partialSyncsAccepted);
    out.add("sync_partial_err", stats.partialSyncsRefused);
    out.add("expired_keys", keyspace.stats.expired);
    out.add("expired_time_cap_reached_count", keyspace.stats.expireCyclesCutShort);
    out.whole("expire_cycle_cpu_milliseconds", keyspace.stats.expireCycleMs);
    out.add("evicted_keys", keyspace.stats.evicted);
    out.add("evicted_clients", 0);
    out.add("keyspace_hits", keyspace.stats.hits);
    out.add("keyspace_misses", keyspace.stats.misses);
    out.add("pubsub_channels", server.pubsub.size(Topic.CHANNEL));
    out.add("pubsub_patterns", server.pubsub.size(Topic.PATTERN));
    out.add("pubsubshard_channels", server.pubsub.size(Topic.SHARD));
    out.add("latest_fork_usec", 0);
    out.add("total_forks", 0);
    out.add("migrate_cached_sockets", 0);
    out.add("slave_expires_tracked_keys", 0);
    for (const name of ["hits", "misses", "key_hits", "key_misses"]) out.add(`active_defrag_${name}`, 0);
    for (const name of ["total", "current"]) out.add(`${name}_active_defrag_time`, 0);
    for (const name of ["keys", "items", "prefixes"]) out.add(`tracking_total_${name}`, 0);
    out.add("unexpected_error_replies", stats.unexpectedErrors);
    out.add("total_error_replies", stats.errorReplies);
    out.add("dump_payload_sanitizations", 0);
    out.add("total_reads_processed", stats.readEvents);
    out.add("total_writes_processed", stats.writeEvents);
    out.add("io_threaded_reads_processed", 0);
    out.add("io_threaded_writes_processed", 0);
    out.add("reply_buffer_shrinks", 0);
    out.add("reply_buffer_expands", 0);
    out.add("client_query_buffer_limit_disconnections", stats.queryLimitDisconnects);
    out.add("client_output_buffer_limit_disconnections", stats.outputLimitDisconnects);
    out.add("eventloop_cycles", stats.cycles);
    out.whole("eventloop_duration_sum", stats.cycleMicroseconds);
    out.whole("eventloop_duration_cmd_sum", stats.commandMicroseconds);
    out.whole("instantaneous_eventloop_cycles_per_sec", stats.cycleRate.value);
    out.whole("instantaneous_eventloop_duration_usec", stats.cycleDuration.value);
    out.add("acl_access_denied_auth", stats.loginFailures);
    // The only user may do everything.
    for (const name of ["cmd", "key", "channel"]) out.add(`acl_access_denied_${name}`, 0);
  },
};

/** Statistics of the event loop, shown only by name. */
export const DEBUG: Section = {
  names: ["debug"],
  title: "Debug",
  shown: "named",
  write(out, { stats, appendOnly }) {
    out.whole("eventloop_duration_aof_sum", appendOnly.writeMicroseconds);
    out.whole("eventloop_duration_cron_sum", stats.cronMicroseconds);
    out.whole("eventloop_duration_max", stats.longestCycle);
    out.add("eventloop_cmd_per_cycle_max", stats.mostCommandsPerCycle);
  },
};
