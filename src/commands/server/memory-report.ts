/** What takes the memory: the numbers behind INFO memory and MEMORY STATS. */

import type { ServerParts } from "../../execution/server-parts.ts";
import { EXPIRY_BYTES } from "../../memory/record.ts";

interface DatabaseOverhead {
  readonly index: number;
  /** Buckets and heads of records. */
  readonly table: number;
  /** What the index of expiries takes inside the records. */
  readonly expiries: number;
}

/** All in bytes. */
export interface MemoryReport {
  /** Everything that is counted: keys, values and indexes, the journal, clients' buffers, the texts of scripts and functions. */
  readonly total: number;
  readonly peak: number;
  readonly startup: number;
  /** Everything but keys and values, which are `dataset`. */
  readonly overhead: number;
  readonly dataset: number;
  /** The part of the journal that is kept as backlog; what is kept beyond it is the replicas'. */
  readonly backlog: number;
  /** The whole journal. */
  readonly journal: number;
  readonly replicas: number;
  /** What a replica keeps of the stream while it loads an image that came over a connection of its own. */
  readonly fullSync: number;
  readonly clients: number;
  /** What is neither data nor in buffers of clients: `maxmemory` does not count it. */
  readonly notCountedForEviction: number;
  readonly databases: readonly DatabaseOverhead[];
  readonly keys: number;
  /** Arena and large objects: live, in pages that hold something live, in pages that were ever used. */
  readonly allocated: number;
  readonly active: number;
  readonly resident: number;
  readonly rss: number;
  /** What of `rss` is neither memory of the arena nor counted otherwise: the program and the runtime with its heap. */
  readonly runtime: number;
}

/** How many times as much `part` is as `whole`; 1 where there is nothing yet. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

/**
 * What the process takes for each byte in use. Redis compares `rss` with what is counted; here the runtime, which takes more than a server without
 * data holds, counts as in use.
 */
export function fragmentation({ rss, total, runtime }: MemoryReport): { readonly ratio: number; readonly bytes: number } {
  return { ratio: ratio(rss, total + runtime), bytes: rss - total - runtime };
}

/** Counts again each time. */
export function memoryReport(server: ServerParts): MemoryReport {
  const { keyspace, journal, stats, scripts, functions, replication } = server;
  const { arena, objects } = keyspace.space;
  const { memory } = server.clients;
  const held = journal.heldBytes;
  // What is kept beyond the backlog is kept for replicas, while there are any.
  const backlog = replication.replicas.count > 0 ? Math.min(held, journal.retain) : held;
  const databases = keyspace.databases
    .filter((database) => database.size > 0)
    .map(({ index, table, expiry }) => ({ index, table: table.overheadBytes, expiries: expiry.size * EXPIRY_BYTES }));
  const code = scripts.usedBytes + functions.usedBytes;
  const fullSync = replication.link?.waiting?.heldBytes ?? 0;
  const besides = held + fullSync + memory.replicas + memory.total + code;
  const total = keyspace.usedBytes + besides;
  if (total > stats.peakMemory) stats.peakMemory = total;
  const allocated = arena.usedBytes + objects.usedBytes;
  const resident = arena.touchedBytes + objects.usedBytes;
  const rss = stats.system.residentMemory(keyspace.now);
  let overhead = stats.startupMemory + besides;
  for (const { table, expiries } of databases) overhead += table + expiries;
  return {
    total,
    peak: stats.peakMemory,
    startup: stats.startupMemory,
    overhead: Math.min(overhead, total),
    dataset: Math.max(0, total - overhead),
    backlog,
    journal: held,
    replicas: memory.replicas + held - backlog,
    fullSync,
    clients: memory.total,
    notCountedForEviction: besides - memory.total,
    databases,
    keys: keyspace.keyCount,
    allocated,
    active: arena.pageBytes + objects.usedBytes,
    resident,
    rss,
    runtime: Math.max(0, rss - resident - (total - allocated)),
  };
}
