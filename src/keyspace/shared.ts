/**
 * What all databases of a server share: the memory they live in, the time of the current tick, the counters, and what observes the changes
 * that pass their gate. `Keyspace` is this with the databases themselves.
 */

import { assert } from "../assert.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { Arena } from "../memory/arena.ts";
import { ObjectTable } from "../memory/objects.ts";
import type { Element } from "../memory/packed.ts";
import type { TableSpace } from "../memory/record-table.ts";
import { randomSeed } from "../memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../values/limits.ts";
import { type LfuSettings, lruClock } from "./access.ts";
import { BlockedKeys } from "./blocking.ts";
import type { EventClass } from "./events.ts";
import { ExpiryMode } from "./key-access.ts";
import { LatencyMonitor } from "./latency-monitor.ts";
import { LazyFree } from "./lazyfree.ts";
import { LookAhead } from "./lookahead.ts";
import { type KeyTracker, type ObservedDatabase, Observer, Observers } from "./observers.ts";
import { WatchedKeys } from "./watch.ts";

export abstract class SharedState {
  /** What `now` is read from. */
  readonly clock: Clock;
  readonly space: TableSpace;
  readonly observers = new Observers();
  readonly watched = new WatchedKeys(this.observers);
  readonly blocked = new BlockedKeys(this.observers);
  readonly lazyFree = new LazyFree();
  readonly lookAhead = new LookAhead();
  readonly stats = noStats();
  readonly latency = new LatencyMonitor();
  /** The access bits that an LRU policy gives a key used now (access.ts). */
  lruClock = 0;
  private time = 0;
  /** Changes to keys since the start (keys that expired do not count); a command that moved it has written. */
  changes = 0;
  /**
   * What becomes of an expired key when a client looks it up, as the server's role says: HIDE on a replica or while writes are paused. For
   * what the master sends, and what is loaded, it is KEEP at all times.
   */
  clientExpiryMode: ExpiryMode = ExpiryMode.DELETE;
  /** Told of each key that is about to be deleted because it has expired, or because memory is full. */
  onLeaving: ((database: ObservedDatabase, key: Buffer, why: "expired" | "evicted") => void) | null = null;
  /** Told of each key that is given a deadline, or another one. */
  onDeadline: ((database: number, key: Buffer) => void) | null = null;
  /** Told of each field of a hash that a command gives a time; null: of all that have one, of a hash that is made at one go. */
  onFieldTime: ((database: number, key: Buffer, field: Buffer | null) => void) | null = null;
  /** Told of each field of a hash that is about to be taken out because it has expired. */
  onFieldLeaving: ((database: ObservedDatabase, key: Buffer, field: Element) => void) | null = null;
  private keyTracker: KeyTracker | null = null;
  /** Up to where values are kept packed. */
  readonly limits: ValueLimits = { ...DEFAULT_LIMITS };
  /** With an LFU policy the access bits count accesses instead of noting their time. */
  lfu: LfuSettings | null = null;
  private classes = 0;
  /** Called with each keyspace event of a class that is published. */
  publishEvent: ((event: EventClass, name: string, key: Buffer, database: number) => void) | null = null;

  constructor(arena: Arena | undefined, now: number, clock: Clock = systemClock) {
    this.clock = clock;
    this.space = { arena: arena ?? new Arena(), objects: new ObjectTable(), seed: randomSeed() };
    this.now = now;
  }

  /** Exact bytes held for keys, values and their indexes. */
  abstract get usedBytes(): number;

  /** Whether so many bytes more are within `maxmemory`: a larger table is not worth the keys that would be evicted for it. */
  abstract mayTake(bytes: number): boolean;

  /** Milliseconds since 1970, read once per tick: the time that every command of the tick sees. */
  get now(): number {
    return this.time;
  }

  set now(ms: number) {
    this.time = ms;
    this.lruClock = lruClock(ms);
  }

  /** Reads the clock. Returns the time from now on. */
  tick(): number {
    const now = this.clock.now();
    this.now = now;
    return now;
  }

  get tracker(): KeyTracker | null {
    return this.keyTracker;
  }

  set tracker(tracker: KeyTracker | null) {
    this.keyTracker = tracker;
    this.observers.set(Observer.TRACKING, tracker !== null);
  }

  /** Which classes of keyspace events are published. */
  get eventClasses(): number {
    return this.classes;
  }

  set eventClasses(classes: number) {
    this.classes = classes;
    this.observers.set(Observer.EVENTS, classes !== 0);
  }

  /** Counts a change. Called by the databases; by commands only for what changes no key (FLUSHALL of nothing is still a write). */
  changed(count = 1): void {
    assert(count >= 0, "changes are counted up");
    this.changes += count;
  }

  /** Sets every counter to 0: CONFIG RESETSTAT. */
  resetStats(): void {
    Object.assign(this.stats, noStats());
    this.lazyFree.freed = 0;
  }
}

function noStats() {
  return {
    hits: 0,
    misses: 0,
    expired: 0,
    /** Fields of hashes that expired, or were given a time that is past. */
    expiredFields: 0,
    /** Milliseconds spent on active expiry. */
    expireCycleMs: 0,
    /** How often active expiry stopped for want of time with keys still due. */
    expireCyclesCutShort: 0,
    evicted: 0,
    /** Since when data has taken more than maxmemory (`performance.now()`), 0 while it does not; and for how many ms it did before. */
    exceededSince: 0,
    exceededMs: 0,
  };
}
