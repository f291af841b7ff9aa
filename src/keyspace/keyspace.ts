/**
 * All databases of a server and what they share: the memory they live in, the time of the current tick, the counters, and the gate that every
 * change to a key passes.
 */

import { assert } from "../assert.ts";
import { Arena, ArenaFull } from "../memory/arena.ts";
import { ObjectTable } from "../memory/objects.ts";
import type { TableSpace } from "../memory/record-table.ts";
import { randomSeed } from "../memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../values/limits.ts";
import { type LfuSettings, lruClock } from "./access.ts";
import { BlockedKeys } from "./blocking.ts";
import { Database } from "./database.ts";
import type { EventClass } from "./events.ts";
import { Eviction } from "./eviction.ts";
import { ExpiryMode } from "./key-access.ts";
import { LazyFree } from "./lazyfree.ts";
import { LookAhead } from "./lookahead.ts";
import { Observer, Observers } from "./observers.ts";
import { WatchedKeys } from "./watch.ts";

/** What `count` records of `bytes` in all take at most beside the bytes: heads, blocks and pages that are not quite filled. */
function mostBytes(count: number, bytes: number): number {
  return bytes * 2 + count * 128 + 8 * 1024 * 1024;
}

export interface KeyspaceOptions {
  databases: number;
  now: number;
  /** Where everything is kept; unless given, one that may grow to its full 64 GiB. */
  arena?: Arena;
}

export class Keyspace {
  readonly space: TableSpace;
  readonly databases: Database[];
  readonly observers = new Observers();
  readonly watched = new WatchedKeys(this.observers);
  readonly blocked = new BlockedKeys(this.observers);
  readonly lazyFree = new LazyFree();
  readonly eviction = new Eviction(this);
  readonly lookAhead = new LookAhead();
  readonly stats = noStats();
  /** The access bits that an LRU policy gives a key used now (access.ts). */
  lruClock = 0;
  private time = 0;
  /** Changes to keys since the start (keys that expired do not count); a command that moved it has written. */
  changes = 0;
  /**
   * What becomes of a key whose time has passed when a client looks it up, as the server's role says: HIDE on a replica or while writes are
   * paused. For what the master sends, and what is loaded, it is KEEP at all times.
   */
  clientExpiryMode: ExpiryMode = ExpiryMode.DELETE;
  /** Told of each key that is about to be deleted because its time has passed, or because memory is full. */
  onLeaving: ((database: Database, key: Buffer, why: "expired" | "evicted") => void) | null = null;
  /** Up to where values are kept packed. */
  readonly limits: ValueLimits = { ...DEFAULT_LIMITS };
  /** With an LFU policy the access bits count accesses instead of noting their time. */
  lfu: LfuSettings | null = null;
  private classes = 0;
  /** To whom keyspace events are published. */
  publishEvent: ((event: EventClass, name: string, key: Buffer, database: number) => void) | null = null;

  /** The database that `expireDue` looks at first. */
  private expiryTurn = 0;

  constructor(options: KeyspaceOptions) {
    this.space = { arena: options.arena ?? new Arena(), objects: new ObjectTable(), seed: randomSeed() };
    this.now = options.now;
    this.databases = Array.from({ length: options.databases }, (_, index) => new Database(this, index));
  }

  /** Milliseconds since 1970, read once per tick: the time that every command of the tick sees. */
  get now(): number {
    return this.time;
  }

  set now(ms: number) {
    this.time = ms;
    this.lruClock = lruClock(ms);
  }

  /** Which classes of keyspace events are published. */
  get eventClasses(): number {
    return this.classes;
  }

  set eventClasses(classes: number) {
    this.classes = classes;
    this.observers.set(Observer.EVENTS, classes !== 0);
  }

  /** Exact bytes held for keys, values and their indexes. */
  get usedBytes(): number {
    let bytes = this.space.arena.usedBytes + this.space.objects.usedBytes;
    for (const database of this.databases) bytes += database.table.bucketBytes;
    return bytes + this.lazyFree.heldBytes;
  }

  /**
   * Makes sure that so many records, with keys and values of so many bytes in all, find room, for changes that are made whole or not at
   * all. Errors: ArenaFull.
   */
  requireRoom(records: number, bytes: number): void {
    assert(records >= 0 && bytes >= 0, "room is asked for what is there");
    const { arena } = this.space;
    if (arena.unusedBytes < mostBytes(records, bytes)) throw new ArenaFull(`${arena.unusedBytes} bytes of the arena are left`);
  }

  get keyCount(): number {
    let keys = 0;
    for (const database of this.databases) keys += database.table.size;
    return keys;
  }

  /** Exchanges what two databases hold; their numbers, and the clients that selected them, stay. */
  swap(first: Database, second: Database): void {
    this.watched.touchExisting(first, second);
    this.watched.touchExisting(second, first);
    this.blocked.contentsGo(first, second);
    this.blocked.contentsGo(second, first);
    first.exchange(second);
    this.blocked.contentsCame(first);
    this.blocked.contentsCame(second);
    this.changed();
  }

  /** Empties every database. Returns how many keys went. */
  clear(options: { sync: boolean }): number {
    let keys = 0;
    for (const database of this.databases) keys += database.clear(options);
    return keys;
  }

  /** Counts a change. Called by the databases; by commands only for what changes no key (FLUSHALL of nothing is still a write). */
  changed(count = 1): void {
    assert(count >= 0, "changes are counted up");
    this.changes += count;
  }

  /** Deletes keys that are due, for at most `budgetMs`. Returns whether none is left. */
  expireDue(budgetMs: number): boolean {
    const start = performance.now();
    const stop = () => performance.now() - start > budgetMs;
    let finished = true;
    // A database that takes all the time takes it once: the next time begins with the one after it.
    const count = this.databases.length;
    const first = this.expiryTurn;
    for (let i = 0; i < count && finished; i++) {
      const database = this.databases[(first + i) % count];
      if (database.expiry.size === 0) continue;
      finished = database.expireDue(stop) && !stop();
      if (!finished) this.expiryTurn = (database.index + 1) % count;
    }
    this.stats.expireCycleMs += performance.now() - start;
    if (!finished) this.stats.expireCyclesCutShort++;
    return finished;
  }

  /** Sets every counter to 0: CONFIG RESETSTAT. */
  resetStats(): void {
    Object.assign(this.stats, noStats());
    this.lazyFree.freed = 0;
  }

  /** Goes on with rehashes that are under way, for at most `budgetMs`. Returns whether none is left that could go on. */
  rehash(budgetMs: number): boolean {
    const start = performance.now();
    for (const { table } of this.databases) {
      while (!table.rehashPaused && table.rehashStep(64)) if (performance.now() - start > budgetMs) return false;
    }
    return true;
  }
}

function noStats() {
  return {
    hits: 0,
    misses: 0,
    expired: 0,
    /** Milliseconds spent on active expiry. */
    expireCycleMs: 0,
    /** How often active expiry stopped for want of time with keys still due. */
    expireCyclesCutShort: 0,
    evicted: 0,
  };
}
