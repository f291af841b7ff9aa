/** The sections of counters: clients, the statistics, and those of the event loop. */

import { Denied } from "../../../session/acl/acl-log.ts";
import { SessionKind } from "../../../session/session.ts";
import { Topic } from "../../../session/subscriptions.ts";
import { section } from "./section.ts";

/** The connected clients. */
export const CLIENTS = section("Clients", "default", (out, server) => {
  const { blocked, keyspace, pauses, postponed } = server;
  const { reason, actions, milliseconds } = pauses.summary;
  const { recentInput, recentOutput } = server.clients.memory;
  let replicas = 0;
  for (const { kind } of server.clients) if (kind === SessionKind.REPLICA) replicas++;
  out.add("connected_clients", server.clients.count - replicas);
  out.add("cluster_connections", 0);
  out.add("maxclients", server.config.values.maxclients);
  out.add("client_recent_max_input_buffer", recentInput.value(keyspace.now));
  out.add("client_recent_max_output_buffer", recentOutput.value(keyspace.now));
  out.add("blocked_clients", blocked.count + postponed.count);
  out.add("tracking_clients", server.tracking.clientCount);
  out.add("clients_in_timeout_table", blocked.timedCount);
  out.add("total_blocking_keys", keyspace.blocked.keyCount);
  out.add("total_blocking_keys_on_nokey", keyspace.blocked.goneCount);
  // As Valkey 8.1 has it.
  out.add("paused_reason", reason);
  out.add("paused_actions", actions);
  out.add("paused_timeout_milliseconds", milliseconds);
});

/** What has happened since the start, or since CONFIG RESETSTAT. Nothing forks here: those counts are 0. */
export const STATS = section("Stats", "default", (out, server) => {
  const { stats, keyspace, access } = server;
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
  out.add("expired_subkeys", keyspace.stats.expiredFields);
  out.add("expired_fields", keyspace.stats.expiredFields); // Valkey's name for it
  out.add("expired_keys", keyspace.stats.expired);
  out.ratio("expired_stale_perc", keyspace.expiredShare() * 100);
  out.add("expired_time_cap_reached_count", keyspace.stats.expireCyclesCutShort);
  out.whole("expire_cycle_cpu_milliseconds", keyspace.stats.expireCycleMs);
  out.add("evicted_keys", keyspace.stats.evicted);
  out.add("evicted_clients", stats.evictedClients);
  const exceededMs = keyspace.stats.exceededSince === 0 ? 0 : performance.now() - keyspace.stats.exceededSince;
  out.whole("total_eviction_exceeded_time", keyspace.stats.exceededMs + exceededMs);
  out.whole("current_eviction_exceeded_time", exceededMs);
  out.add("keyspace_hits", keyspace.stats.hits);
  out.add("keyspace_misses", keyspace.stats.misses);
  out.add("pubsub_channels", server.pubsub.size(Topic.CHANNEL));
  out.add("pubsub_patterns", server.pubsub.size(Topic.PATTERN));
  out.add("pubsubshard_channels", server.pubsub.size(Topic.SHARD));
  out.zeros("latest_fork_usec", "total_forks");
  out.add("migrate_cached_sockets", server.migrations.connections);
  out.add("slave_expires_tracked_keys", server.replication.ownDeadlines.size);
  const { mover, movedKeys, stayedKeys } = keyspace.defragmentation;
  out.add("active_defrag_hits", mover.moved);
  out.add("active_defrag_misses", mover.stayed);
  out.add("active_defrag_key_hits", movedKeys);
  out.add("active_defrag_key_misses", stayedKeys);
  out.whole("total_active_defrag_time", server.housekeeping.memory.totalMs);
  out.whole("current_active_defrag_time", server.housekeeping.memory.currentMs);
  out.add("tracking_total_keys", server.tracking.keyCount);
  out.add("tracking_total_items", server.tracking.itemCount);
  out.add("tracking_total_prefixes", server.tracking.prefixCount);
  out.add("unexpected_error_replies", stats.unexpectedErrors);
  out.add("total_error_replies", stats.errorReplies);
  out.add("dump_payload_sanitizations", 0);
  out.add("total_reads_processed", stats.readEvents);
  out.add("total_writes_processed", stats.writeEvents);
  out.zeros("io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands");
  out.add("client_query_buffer_limit_disconnections", stats.queryLimitDisconnects);
  out.add("client_output_buffer_limit_disconnections", stats.outputLimitDisconnects);
  out.add("eventloop_cycles", stats.cycles);
  out.whole("eventloop_duration_sum", stats.cycleMicroseconds);
  out.whole("eventloop_duration_cmd_sum", stats.commandMicroseconds);
  out.whole("instantaneous_eventloop_cycles_per_sec", stats.cycleRate.value);
  out.whole("instantaneous_eventloop_duration_usec", stats.cycleDuration.value);
  const { counts } = access.log;
  out.add("acl_access_denied_auth", counts[Denied.AUTH]);
  out.add("acl_access_denied_cmd", counts[Denied.COMMAND]);
  out.add("acl_access_denied_key", counts[Denied.KEY]);
  out.add("acl_access_denied_channel", counts[Denied.CHANNEL]);
});

/** Statistics of the event loop, shown only by name. */
export const DEBUG = section("Debug", "named", (out, { stats, appendOnly }) => {
  out.whole("eventloop_duration_aof_sum", appendOnly.writeMicroseconds);
  out.whole("eventloop_duration_cron_sum", stats.cronMicroseconds);
  out.whole("eventloop_duration_max", stats.longestCycle);
  out.add("eventloop_cmd_per_cycle_max", stats.mostCommandsPerCycle);
});
