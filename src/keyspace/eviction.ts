/**
 * Which keys leave when memory is full: maxmemory-policy. Approximate as in Redis: a few keys are drawn, the best of them and of those left
 * over from former draws goes. Works for a bounded time and goes on in the background.
 */

import { assert } from "../assert.ts";
import type { Config } from "../config/config.ts";
import { EXPIRES } from "../memory/record.ts";
import { idleSeconds, lfuCounter } from "./access.ts";
import type { Database } from "./database.ts";
import { NO_EXPIRY } from "./lookup.ts";
import type { SharedState } from "./shared.ts";

/** From which keys one is taken, and by what. */
export interface EvictionPolicy {
  readonly from: "all" | "expiring";
  readonly by: "lru" | "lfu" | "random" | "ttl";
}

export interface EvictionSettings {
  /** Null: noeviction. */
  policy: EvictionPolicy | null;
  /** Bytes: directive maxmemory. */
  limit: number;
  /** Directive maxmemory-samples. */
  samples: number;
  /** How long clients may be kept waiting at a time, in ms (`evictionMs`). */
  budgetMs: number;
}

export const EvictionState = {
  /** The data takes no more than it may. */
  WITHIN: 0,
  /** The time was up: more is to go. */
  RUNNING: 1,
  /** There is nothing that may go. */
  STUCK: 2,
} as const;
export type EvictionState = (typeof EvictionState)[keyof typeof EvictionState];

/** Candidates kept from one draw to the next. */
const POOL_SIZE = 16;
/** Draws for one sample from a table in which few keys expire, before they are taken from the index of expiries. */
const DRAWS = 4;
/** Between two looks at the clock. */
const KEYS_PER_LOOK = 16;
/** Of what is being freed already, for so long at a time. */
const FREE_MS = 0.2;

interface Candidate {
  readonly database: Database;
  readonly key: Buffer;
  /** The higher the sooner it goes. */
  readonly score: number;
}

/**
 * The time limit that maxmemory-eviction-tenacity stands for, in ms: up to 0.5 in even steps up to 10, then a seventh more with each, at
 * 100 none.
 */
export function evictionMs(tenacity: number): number {
  if (tenacity <= 10) return 0.05 * tenacity;
  return tenacity < 100 ? 0.5 * 1.15 ** (tenacity - 10) : Number.POSITIVE_INFINITY;
}

/** Directives that say which keys leave when memory is full. */
const DIRECTIVES = [
  "maxmemory",
  "maxmemory-policy",
  "maxmemory-samples",
  "maxmemory-eviction-tenacity",
  "lfu-log-factor",
  "lfu-decay-time",
] as const;

/** The policy that a word of maxmemory-policy names. */
export function evictionPolicy(word: string): EvictionPolicy | null {
  if (word === "noeviction") return null;
  const [from, by] = word.split("-");
  return { from: from === "allkeys" ? "all" : "expiring", by: by as EvictionPolicy["by"] };
}

export class Eviction {
  /** Told before room is made. */
  onBegin: () => void = () => {};
  /** What the limit is for beside the data, in bytes: clients' buffers. */
  beside = (): number => 0;
  readonly settings: EvictionSettings = { policy: null, limit: 0, samples: 5, budgetMs: 0.5 };
  private readonly keyspace: SharedState;
  private readonly databases: readonly Database[];
  /** By falling score. */
  private pool: Candidate[] = [];
  /** The database that gives the next random key. */
  private turn = 0;

  constructor(keyspace: SharedState, databases: readonly Database[]) {
    this.keyspace = keyspace;
    this.databases = databases;
  }

  /** Keeps the settings, and what access bits mean, as the directives have it, from now on. */
  follow(config: Config): void {
    const { settings, keyspace } = this;
    const take = (): undefined => {
      const { values } = config;
      settings.policy = evictionPolicy(values["maxmemory-policy"]);
      settings.limit = values.maxmemory;
      settings.samples = values["maxmemory-samples"];
      settings.budgetMs = evictionMs(values["maxmemory-eviction-tenacity"]);
      const byFrequency = settings.policy?.by === "lfu";
      keyspace.lfu = byFrequency ? { logFactor: values["lfu-log-factor"], decayMinutes: values["lfu-decay-time"] } : null;
    };
    take();
    config.onChange(DIRECTIVES, take);
  }

  get needed(): boolean {
    return !this.hasRoomFor(0);
  }

  /** Whether so many bytes more would still be within the limit. */
  hasRoomFor(bytes: number): boolean {
    const { limit } = this.settings;
    return limit === 0 || this.keyspace.usedBytes + this.beside() + bytes <= limit;
  }

  /** Makes room, for as long as the settings allow. To be called before each command that takes some, needed or not. */
  run(): EvictionState {
    const { stats } = this.keyspace;
    if (!this.needed) {
      if (stats.exceededSince !== 0) this.noteWithin();
      return EvictionState.WITHIN;
    }
    const { policy } = this.settings;
    const state = policy === null && this.keyspace.lazyFree.pending === 0 ? EvictionState.STUCK : this.makeRoom(policy);
    if (state === EvictionState.WITHIN) this.noteWithin();
    else if (stats.exceededSince === 0) stats.exceededSince = performance.now();
    return state;
  }

  private noteWithin(): void {
    const { stats } = this.keyspace;
    if (stats.exceededSince !== 0) stats.exceededMs += performance.now() - stats.exceededSince;
    stats.exceededSince = 0;
  }

  private makeRoom(policy: EvictionPolicy | null): EvictionState {
    const { latency } = this.keyspace;
    this.onBegin();
    const began = latency.begin();
    const wait = { began: 0 };
    const state = this.evictAll(policy, wait);
    latency.end("eviction-lazyfree", wait.began);
    latency.end("eviction-cycle", began);
    return state;
  }

  /**
   * Frees what is gone already and then evicts, until there is room or the time is up: no key goes for the sake of memory that is coming back.
   * `wait` is told when there is nothing left but what is being freed.
   */
  private evictAll(policy: EvictionPolicy | null, wait: { began: number }): EvictionState {
    const { budgetMs } = this.settings;
    const { lazyFree } = this.keyspace;
    const start = performance.now();
    while (!lazyFree.run(FREE_MS)) {
      if (!this.needed) return EvictionState.WITHIN;
      if (performance.now() - start > budgetMs) return EvictionState.RUNNING;
    }
    if (!this.needed) return EvictionState.WITHIN;
    if (policy === null) return EvictionState.STUCK;
    return this.evictKeys(policy, wait, start);
  }

  private evictKeys(policy: EvictionPolicy, wait: { began: number }, start: number): EvictionState {
    const { budgetMs } = this.settings;
    const { lazyFree, latency } = this.keyspace;
    for (let evicted = 1; ; evicted++) {
      const found = policy.by === "random" ? this.randomKey(policy) : this.bestKey(policy);
      if (!found && lazyFree.pending > 0 && wait.began === 0) wait.began = latency.begin();
      const isFree = lazyFree.run(FREE_MS);
      if (!this.needed) return EvictionState.WITHIN;
      if (!found && isFree) return EvictionState.STUCK;
      if (evicted % KEYS_PER_LOOK === 0 && performance.now() - start > budgetMs) return EvictionState.RUNNING;
    }
  }

  /** Evicts a key drawn at random, from one database after another. Returns whether there is one. */
  private randomKey(policy: EvictionPolicy): boolean {
    const { databases } = this;
    for (let tries = 0; tries < databases.length; tries++) {
      this.turn = (this.turn + 1) % databases.length;
      const database = databases[this.turn];
      const address = draw(database, policy);
      if (address === 0) continue;
      database.evict(address);
      return true;
    }
    return false;
  }

  /** Evicts the best of those drawn now and before. Returns whether there is one. */
  private bestKey(policy: EvictionPolicy): boolean {
    for (;;) {
      let drawn = 0;
      for (const database of this.databases) drawn += this.fillPool(database, policy);
      if (drawn === 0) {
        this.pool = [];
        return false;
      }
      for (let best = this.pool.shift(); best !== undefined; best = this.pool.shift()) {
        const { database, key } = best;
        const address = database.locate(key);
        if (address === 0 || (policy.from === "expiring" && database.expiryOf(address) === NO_EXPIRY)) continue; // no longer there
        database.evict(address);
        return true;
      }
    }
  }

  /** Returns how many keys were drawn. */
  private fillPool(database: Database, policy: EvictionPolicy): number {
    let drawn = 0;
    for (let sample = 0; sample < this.settings.samples; sample++) {
      const address = draw(database, policy);
      if (address === 0) break;
      drawn++;
      this.offer(database, address, this.score(database, address, policy));
    }
    return drawn;
  }

  private offer(database: Database, address: number, score: number): void {
    const { pool } = this;
    if (pool.length === POOL_SIZE && pool[POOL_SIZE - 1].score >= score) return;
    const key = database.table.key(address);
    if (pool.some((other) => other.database === database && other.key.equals(key))) return;
    let at = pool.length;
    while (at > 0 && pool[at - 1].score < score) at--;
    pool.splice(at, 0, { database, key, score });
    if (pool.length > POOL_SIZE) pool.pop();
    assert(pool[0].score >= pool[pool.length - 1].score, "candidates stand by falling score");
  }

  private score(database: Database, address: number, { by }: EvictionPolicy): number {
    const { now, lfu } = this.keyspace;
    if (by === "ttl") return -database.expiryOf(address);
    if (by === "lfu" && lfu !== null) return -lfuCounter(database.access(address), now, lfu);
    return idleSeconds(database.access(address), now);
  }
}

/** Returns the address of a key taken about at random, 0 if there is none that the policy may take. */
function draw(database: Database, { from, by }: EvictionPolicy): number {
  const { table, expiry } = database;
  if (from === "all") return table.random();
  if (expiry.size === 0) return 0;
  if (by === "ttl") return expiry.earliest();
  for (let draws = 0; draws < DRAWS; draws++) {
    const address = table.random();
    if ((table.flags(address) & EXPIRES) !== 0) return address;
  }
  return expiry.random();
}
