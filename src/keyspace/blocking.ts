/**
 * Which keys clients wait for (BLPOP, BZPOPMIN, XREAD BLOCK, ...), and which of them are ready: an observer of changes. Databases say when
 * a key comes or goes; those who waited are served once the command that did it is over (session/blocked.ts), key by key in the order in
 * which they became ready, and for each key in the order in which the clients began to wait, as in Redis.
 */

import { assert } from "../assert.ts";
import { Type } from "../values/value-types.ts";
import { nameOf, type ObservedDatabase, Observer, type Observers } from "./observers.ts";

/** One that waits for keys to hold a value of one type. */
export interface KeyWaiter {
  readonly type: Type;
  /** Also woken when one of the keys is deleted, overwritten or changes its type: a consumer group is gone then (XREADGROUP). */
  readonly wakesWhenGone: boolean;
}

interface AwaitedKey {
  readonly name: string;
  readonly database: ObservedDatabase;
  readonly key: Buffer;
  /** In the order in which they came. */
  readonly waiters: Set<KeyWaiter>;
  /** How many of them also wait for the key to go. */
  gone: number;
}

/** Types whose commands block. */
const CAN_BLOCK = Type.STREAM + 1;

export class BlockedKeys {
  /** Called when a key becomes ready while no other is: code that changes keys outside of commands need not think of those who wait. */
  onReady: (() => void) | null = null;
  private readonly keys = new Map<string, AwaitedKey>();
  /** Keys whose waiters are to be served, first come first served; each is in it once. */
  private readonly ready = new Set<string>();
  /** How many wait for a value of each type. */
  private readonly counts = new Uint32Array(CAN_BLOCK);
  private waiting = 0;
  private waitingForEnd = 0;
  private readonly observers: Observers;

  constructor(observers: Observers) {
    this.observers = observers;
  }

  /** How many wait. */
  get size(): number {
    return this.waiting;
  }

  /** How many keys are waited for. */
  get keyCount(): number {
    return this.keys.size;
  }

  /** How many of them are waited for to go, too. */
  get goneCount(): number {
    let count = 0;
    for (const { gone } of this.keys.values()) if (gone > 0) count++;
    return count;
  }

  get hasReady(): boolean {
    return this.ready.size > 0;
  }

  // ---- those who wait

  /** From now on `waiter` waits for each of `keys`; the same key twice is one. The buffers are kept. */
  add(waiter: KeyWaiter, database: ObservedDatabase, keys: readonly Buffer[]): void {
    assert(waiter.type < CAN_BLOCK && keys.length > 0, "a waiter waits for some key, and for a type that commands block for");
    this.waiting++;
    this.observers.set(Observer.BLOCKED, true);
    if (waiter.wakesWhenGone) this.waitingForEnd++;
    this.counts[waiter.type]++;
    for (const key of keys) {
      const name = nameOf(database.index, key, 0, key.length);
      let entry = this.keys.get(name);
      if (entry === undefined) {
        entry = { name, database, key, waiters: new Set(), gone: 0 };
        this.keys.set(name, entry);
      }
      if (entry.waiters.has(waiter)) continue;
      entry.waiters.add(waiter);
      if (waiter.wakesWhenGone) entry.gone++;
    }
  }

  /** Takes back an `add` with the same arguments. */
  remove(waiter: KeyWaiter, database: ObservedDatabase, keys: readonly Buffer[]): void {
    assert(this.counts[waiter.type] > 0, "a waiter that leaves has come, and leaves once");
    this.waiting--;
    this.observers.set(Observer.BLOCKED, this.waiting > 0);
    if (waiter.wakesWhenGone) this.waitingForEnd--;
    this.counts[waiter.type]--;
    assert(this.waitingForEnd >= 0 && this.waitingForEnd <= this.waiting, "those who wait for a key to go are some of those who wait");
    for (const key of keys) {
      const name = nameOf(database.index, key, 0, key.length);
      const entry = this.keys.get(name);
      if (entry === undefined || !entry.waiters.delete(waiter)) continue;
      if (waiter.wakesWhenGone) entry.gone--;
      assert(entry.gone >= 0 && entry.gone <= entry.waiters.size, "of those who wait for a key, some wait for it to go");
      if (entry.waiters.size === 0) this.keys.delete(name);
    }
  }

  // ---- what happens to keys

  /** The key of database `index` holds a new value of `type`, or (a stream) more than before. */
  keyReady(index: number, key: Buffer, from: number, length: number, type: Type): void {
    if (this.counts[type] === 0) return;
    const entry = this.keys.get(nameOf(index, key, from, length));
    if (entry !== undefined) this.markReady(entry);
  }

  /** The key, which held a value of `type`, is deleted, or its value is replaced. */
  keyGone(index: number, key: Buffer, from: number, length: number, type: Type): void {
    if (this.waitingForEnd === 0 || this.counts[type] === 0) return;
    const entry = this.keys.get(nameOf(index, key, from, length));
    if (entry !== undefined && entry.gone > 0) this.markReady(entry);
  }

  /** `database` is about to be emptied, or to get what `other` holds. */
  contentsGo(database: ObservedDatabase, other: ObservedDatabase | null): void {
    for (const entry of this.keys.values()) {
      if (entry.database !== database || entry.gone === 0) continue;
      const before = storedType(database, entry.key);
      const after = other === null ? null : storedType(other, entry.key);
      if (before !== null && before !== after && this.counts[before] > 0) this.markReady(entry);
    }
  }

  /** `database` has just got what another one held. */
  contentsCame(database: ObservedDatabase): void {
    for (const entry of this.keys.values()) {
      if (entry.database !== database) continue;
      const type = storedType(database, entry.key);
      if (type !== null && this.counts[type] > 0) this.markReady(entry);
    }
  }

  private markReady({ name }: AwaitedKey): void {
    this.ready.add(name);
    if (this.ready.size === 1) this.onReady?.();
  }

  // ---- serving

  /**
   * Calls `serve` for each waiter of a key that is ready, until none is: serving can make others ready. `serve` must `remove` its waiter,
   * and may `add` it again: then its turn comes when the key is ready the next time. It must not throw.
   */
  drain(serve: (waiter: KeyWaiter) => void): void {
    for (const name of this.ready) {
      // Off the list first: what is served now may make it ready once more.
      this.ready.delete(name);
      const entry = this.keys.get(name);
      if (entry !== undefined) this.drainKey(entry, serve);
    }
  }

  private drainKey({ database, key, waiters }: AwaitedKey, serve: (waiter: KeyWaiter) => void): void {
    // No more than wait now: one that goes on waiting is at the end again.
    let left = waiters.size;
    for (const waiter of waiters) {
      if (left-- === 0) return;
      const address = database.locate(key);
      const type = address === 0 || database.isExpired(address) ? null : database.type(address);
      if (type === waiter.type || waiter.wakesWhenGone) serve(waiter);
    }
  }
}

/** Returns the type of what is stored at a key, expired or not, or null. */
function storedType(database: ObservedDatabase, key: Buffer): Type | null {
  const address = database.locate(key);
  return address === 0 ? null : database.type(address);
}
