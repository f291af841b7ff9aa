/** Series that only Replicant has: `replicant_...`. docs/metrics.md lists them. */

import type { Durations } from "../base/durations.ts";
import { BLOCK_BYTES, blocksInUse } from "../blocks/block.ts";
import { memoryReport } from "../commands/server/memory-report.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import type { Replica } from "../replication/master/replica.ts";
import { STATE_WORDS } from "../replication/master/replica.ts";
import { COMMIT, VERSION } from "../version.ts";
import { type Exposition, labels } from "./exposition.ts";
import { lagOf } from "./health.ts";

/** What the garbage collector has done, as far as it can be seen. */
export interface Collections {
  readonly count: number;
  /** In s since 1970; 0: none yet. */
  readonly last: number;
  /** Bytes of the heap of JavaScript behind it. */
  readonly heapBytes: number;
}

const BUILD = labels({ version: VERSION, commit: COMMIT, bun_version: Bun.version }) ?? "";

export function addOwn(out: Exposition, server: ServerParts, collections: Collections): void {
  out.family("replicant_build_info", "gauge", "The version of Replicant").sample(BUILD, 1);
  addLoop(out, server);
  out.single("replicant_gc_collections_total", "counter", "Collections of garbage seen since the console was opened", collections.count);
  out.single(
    "replicant_gc_last_timestamp_seconds",
    "gauge",
    "When the last collection of garbage was seen, in seconds since 1970",
    collections.last,
  );
  const heap = "Bytes of the heap of JavaScript, which data is not in, when the last collection of garbage was seen";
  out.single("replicant_heap_bytes", "gauge", heap, collections.heapBytes);
  addMemory(out, server);
  addJournal(out, server);
  addReplicas(out, server);
  addMaster(out, server);
  addWork(out, server);
}

function addLoop(out: Exposition, { stats, persistence }: ServerParts): void {
  addDurations(out, "replicant_event_loop_stall_seconds", "Turns of the event loop that took a millisecond or more", stats.stalls);
  addDurations(out, "replicant_event_loop_delay_seconds", "How late the timer of background work was", stats.delays);
  out.single("replicant_event_loop_longest_seconds", "gauge", "The longest turn of the event loop", stats.longestCycle / 1e6);
  out.single("replicant_event_loop_longest_delay_seconds", "gauge", "The most that the timer was ever late", stats.delays.longest);
  const { slices } = persistence;
  addDurations(out, "replicant_snapshot_slice_seconds", "Slices in which images were written in the background", slices);
  out.single(
    "replicant_snapshot_longest_slice_seconds",
    "gauge",
    "The longest slice in which an image was written in the background",
    slices.longest,
  );
}

function addDurations(out: Exposition, name: string, help: string, { bounds, counts, count, seconds }: Durations): void {
  let below = 0;
  const steps = bounds.map((atMost, index) => {
    below += counts[index] ?? 0;
    return { atMost, count: below };
  });
  out.family(name, "histogram", help).histogram("", { steps, count, sum: seconds });
}

function addMemory(out: Exposition, server: ServerParts): void {
  const report = memoryReport(server);
  const { arena, objects } = server.keyspace.space;
  const tables = report.databases.reduce((sum, { table }) => sum + table, 0);
  const expiries = report.databases.reduce((sum, database) => sum + database.expiries, 0);
  const { scripts, functions } = server;
  const kinds: [kind: string, bytes: number][] = [
    ["dataset", report.dataset],
    ["tables", tables],
    ["expiries", expiries],
    ["clients", report.clients],
    ["replicas", report.replicas],
    ["backlog", report.backlog],
    ["full_sync", report.fullSync],
    ["scripts", scripts.usedBytes + functions.usedBytes],
    ["runtime", report.runtime],
  ];
  out.family("replicant_memory_bytes", "gauge", "Memory by what takes it");
  for (const [kind, bytes] of kinds) out.sample(`kind="${kind}"`, bytes);
  out.family(
    "replicant_arena_bytes",
    "gauge",
    "Memory of keys and values: live, in pages with something live, in pages ever used, reserved",
  );
  out.sample('state="live"', arena.usedBytes);
  out.sample('state="pages"', arena.pageBytes);
  out.sample('state="touched"', arena.touchedBytes);
  out.sample('state="segments"', arena.segmentBytes);
  out.single("replicant_object_bytes", "gauge", "Memory of values outside the arena", objects.usedBytes);
  out.single("replicant_blocks", "gauge", "Blocks of long strings, answers and the journal that are in use", blocksInUse());
  out.single("replicant_block_bytes", "gauge", "Bytes of a block", BLOCK_BYTES);
}

function addJournal(out: Exposition, { journal, appendOnly, stats }: ServerParts): void {
  out.single("replicant_journal_bytes", "gauge", "Bytes of the stream of writes that are kept", journal.size);
  out.single("replicant_journal_held_bytes", "gauge", "Memory that the kept bytes of the stream of writes take", journal.heldBytes);
  out.single(
    "replicant_backlog_bytes",
    "gauge",
    "Bytes kept for replicas that reconnect",
    journal.hasBacklog ? journal.offset - journal.backlogStart : 0,
  );
  out.single("replicant_backlog_limit_bytes", "gauge", "Directive repl-backlog-size", journal.retain);
  out.single("replicant_cron_seconds_total", "counter", "Time that background work took", stats.cronMicroseconds / 1e6);
  if (!appendOnly.enabled) return;
  out.single("replicant_aof_waiting_bytes", "gauge", "Bytes for the append-only file that are not written", appendOnly.writer.waitingBytes);
  const seconds = appendOnly.writeMicroseconds / 1e6;
  out.single("replicant_aof_write_seconds_total", "counter", "Time that writing the append-only file took", seconds);
}

/** The links to replicas, those to be synchronised too. */
function addReplicas(out: Exposition, { replication, journal }: ServerParts): void {
  const now = Date.now();
  const links = replication.replicas.list
    .filter(({ main, state }) => main === null && STATE_WORDS[state] !== "")
    .map((replica) => ({
      replica,
      place: labels({ replica_ip: replica.ip, replica_port: String(replica.listeningPort), state: STATE_WORDS[replica.state] }),
    }));
  const each = (name: string, help: string, value: (replica: Replica) => number) => {
    out.family(`replicant_replica_${name}`, "gauge", help);
    for (const { replica, place } of links) if (place !== null) out.sample(place, value(replica));
  };
  each("lag_bytes", "Bytes of the stream that a replica has not acknowledged", ({ acknowledged }) =>
    Math.max(0, journal.offset - acknowledged),
  );
  each("lag_seconds", "Seconds since a replica was heard of", ({ heardAt }) => Math.max(0, now - heardAt) / 1000);
  each("unsent_bytes", "Bytes of the stream that a replica has not been sent", ({ session }) => replication.replicas.behind(session));
}

/** The link to the master. */
function addMaster(out: Exposition, server: ServerParts): void {
  const { link } = server.replication;
  if (link === null) return;
  const master = labels({ master_host: link.address.host, master_port: String(link.address.port) });
  if (master === null) return;
  const gauge = (name: string, help: string, value: number) => out.family(`replicant_master_${name}`, "gauge", help).sample(master, value);
  const lag = lagOf(server, Date.now());
  gauge("link_up", "Whether the link to the master is up", link.connected ? 1 : 0);
  gauge("lag_bytes", "Bytes of the master's stream that were received and not run", lag.bytes);
  gauge("lag_seconds", "Seconds since the master was heard of", lag.seconds);
  gauge(
    "link_down_seconds",
    "For how long the link has been down",
    link.connected || link.downSince === 0 ? 0 : (Date.now() - link.downSince) / 1000,
  );
  gauge("sync_received_bytes", "Bytes of the image under way that have come", link.payload?.received ?? 0);
  gauge("sync_total_bytes", "Bytes of the image under way in all; 0 where that is not known", link.payload?.size ?? 0);
}

/** What goes on in the background, and how far it is. */
function addWork(out: Exposition, { persistence, appendOnly, keyspace }: ServerParts): void {
  const { written, total } = appendOnly.rewriting ? appendOnly.rewritingKeys : persistence.savingKeys;
  out.single("replicant_image_keys_written", "gauge", "Keys that the image under way has so far", written);
  out.single("replicant_image_keys", "gauge", "Keys that the image under way will have", total);
  const { loadedBytes = 0, totalBytes = 0 } = persistence.loading ?? {};
  out.single("replicant_load_bytes", "gauge", "Bytes of the load under way that have been read", loadedBytes);
  out.single("replicant_load_total_bytes", "gauge", "Bytes of the load under way in all; 0 where that is not known", totalBytes);
  out.single("replicant_changes_total", "counter", "Changes of data since the start", keyspace.changes);
}
