/** INFO's section Replication. */

import type { ServerParts } from "../../../execution/server-parts.ts";
import { type Replica, ReplicaState, STATE_WORDS } from "../../../replication/master/replica.ts";
import type { MasterLink } from "../../../replication/replica/link.ts";
import { LinkState } from "../../../replication/replica/link-state.ts";
import type { Replication } from "../../../replication/replication.ts";
import type { Figures } from "../../../session/info-text.ts";
import { section } from "./section.ts";

/** What Redis shows as the offset of a replica that has no history to continue. */
const NO_OFFSET = 1;

/** Both sides of replication: the master, the replicas, and the history that they share. */
export const REPLICATION = section("Replication", "default", (out, server) => {
  const { replication, journal } = server;
  const { link, history } = replication;
  out.add("role", link === null ? "master" : "slave");
  if (link !== null) addMaster(out, server, link);
  addReplicas(out, server);
  if (server.config.values["repl-rdb-channel"]) out.add("replicas_waiting_psync", replication.replicas.channels.unjoinedCount);
  out.add("master_failover_state", replication.failover.state);
  out.add("master_replid", history.id);
  out.add("master_replid2", history.formerId);
  out.add("master_repl_offset", replication.offset);
  out.add("second_repl_offset", history.formerOffset);
  out.add("repl_backlog_active", journal.hasBacklog);
  out.add("repl_backlog_size", journal.retain);
  // Offsets of single bytes are counted from 1.
  out.add("repl_backlog_first_byte_offset", journal.hasBacklog ? journal.backlogStart + 1 : 0);
  out.add("repl_backlog_histlen", journal.hasBacklog ? journal.offset - journal.backlogStart : 0);
});

function addMaster(out: Figures, server: ServerParts, link: MasterLink): void {
  const { values } = server.config;
  const now = Date.now();
  const seconds = (since: number) => Math.floor(now / 1000) - Math.floor(since / 1000);
  const syncing = link.state === LinkState.SYNC;
  const held = link.resumePoint.resumable ? server.replication.offset : NO_OFFSET;
  out.add("master_host", link.address.host);
  out.add("master_port", link.address.port);
  out.add("master_link_status", link.connected ? "up" : "down");
  out.add("master_last_io_seconds_ago", link.connected ? seconds(link.lastHeard) : -1);
  out.add("master_sync_in_progress", syncing);
  out.add("slave_read_repl_offset", link.connected ? (link.stream?.received ?? held) : held);
  out.add("slave_repl_offset", held);
  if (values["repl-rdb-channel"]) addWaiting(out, link);
  if (syncing) {
    const size = link.payload?.size ?? 0;
    const received = link.payload?.received ?? 0;
    out.add("master_sync_total_bytes", size);
    out.add("master_sync_read_bytes", received);
    out.add("master_sync_left_bytes", size - received);
    out.ratio("master_sync_perc", size === 0 ? 0 : (received / size) * 100);
    out.add("master_sync_last_io_seconds_ago", seconds(link.lastHeard));
  }
  if (!link.connected) out.add("master_link_down_since_seconds", link.downSince === 0 ? -1 : seconds(link.downSince));
  if (link.setbacks.divergence !== null) out.add("master_link_error", link.setbacks.divergence);
  out.add("slave_priority", values["replica-priority"]);
  out.add("slave_read_only", values["replica-read-only"]);
  out.add("replica_announced", values["replica-announced"]);
}

/** What of the stream waits for an image to be loaded, by Redis 8's names and by Valkey's. */
function addWaiting(out: Figures, { waiting, waitingPeak }: MasterLink): void {
  const size = waiting?.size ?? 0;
  out.add("replica_full_sync_buffer_size", size);
  out.add("replica_full_sync_buffer_peak", waitingPeak);
  out.add("replicas_repl_buffer_size", size);
  out.add("replicas_repl_buffer_peak", waitingPeak);
}

function addReplicas(out: Figures, { replication, config }: ServerParts): void {
  const { values } = config;
  out.add("connected_slaves", mainConnections(replication).length);
  if (values["min-replicas-to-write"] > 0 && values["min-replicas-max-lag"] > 0)
    out.add("min_slaves_good_slaves", replication.goodReplicas);
  for (const [index, { replica, state, lag }] of replicasShown(replication).entries()) {
    const place = `ip=${replica.ip},port=${replica.listeningPort},state=${state}`;
    out.add(`slave${index}`, `${place},offset=${replica.acknowledged},lag=${lag}${typeOf(replica)}`);
  }
}

/** A replica that INFO tells of, by its state's word; lag in seconds. */
interface ShownReplica {
  readonly replica: Replica;
  readonly state: string;
  readonly lag: number;
}

/** The replicas that have asked for data. */
export function replicasShown(replication: Replication): ShownReplica[] {
  const now = Date.now();
  return mainConnections(replication)
    .filter(({ state }) => STATE_WORDS[state] !== "")
    .map((replica) => ({
      replica,
      state: STATE_WORDS[replica.state],
      lag: replica.state === ReplicaState.ONLINE ? replica.lag(now) : 0,
    }));
}

/** In Redis's protocol the second connection of a replica is not told of, in Valkey's it is one more. */
function mainConnections({ replicas }: Replication): Replica[] {
  return replicas.list.filter(({ main }) => main === null);
}

/** Valkey's field for connections that are one of two. */
function typeOf({ session, state }: Replica): string {
  if (session.imageChannel) return ",type=rdb-channel";
  return state === ReplicaState.BG_TRANSFER ? ",type=main-channel" : "";
}
