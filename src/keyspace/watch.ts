/** WATCH's side of the change gate: which keys are watched, and telling their watchers. */

import { assert } from "../assert.ts";
import { nameOf, type ObservedDatabase, Observer, type Observers } from "./observers.ts";

/** A client that watches keys; `touched` is set when one of them changes. */
export interface Watcher {
  touched: boolean;
}

/** One watcher's interest in one key. */
export interface Watch {
  readonly watcher: Watcher;
  readonly database: ObservedDatabase;
  readonly key: Buffer;
  /** The key had expired already, though it was not deleted: to the watcher it is missing, so that its deletion is no change. */
  stale: boolean;
}

interface WatchedKey {
  readonly database: ObservedDatabase;
  readonly key: Buffer;
  readonly watches: Set<Watch>;
}

export class WatchedKeys {
  private readonly keys = new Map<string, WatchedKey>();
  private readonly observers: Observers;

  constructor(observers: Observers) {
    this.observers = observers;
  }

  /** How many keys are watched. */
  get size(): number {
    return this.keys.size;
  }

  /** Returns what `remove` takes. `key` is kept. */
  add(watcher: Watcher, database: ObservedDatabase, key: Buffer): Watch {
    const name = nameOf(database.index, key, 0, key.length);
    let entry = this.keys.get(name);
    if (entry === undefined) {
      entry = { database, key, watches: new Set() };
      this.keys.set(name, entry);
    }
    const watch = { watcher, database, key, stale: database.isStale(key) };
    entry.watches.add(watch);
    this.observers.set(Observer.WATCH, true);
    return watch;
  }

  remove(watch: Watch): void {
    const name = nameOf(watch.database.index, watch.key, 0, watch.key.length);
    const entry = this.keys.get(name);
    assert(entry?.watches.delete(watch) === true, "a watch that ends had begun, and ends once");
    if (entry.watches.size === 0) this.keys.delete(name);
    this.observers.set(Observer.WATCH, this.keys.size > 0);
  }

  /** A key of database `index` changes. What happens first to a stale key is that it is deleted: whatever looks it up does that. */
  touch(index: number, key: Buffer, from: number, length: number): void {
    const entry = this.keys.get(nameOf(index, key, from, length));
    if (entry === undefined) return;
    for (const watch of entry.watches) {
      if (watch.stale) watch.stale = false;
      else watch.watcher.touched = true;
    }
  }

  /**
   * `database` is about to be emptied, or to get what `other` holds: the watchers of a key that is there on either side are told, unless all
   * that is there is stale.
   */
  touchExisting(database: ObservedDatabase, other: ObservedDatabase | null = null): void {
    for (const { database: watched, key, watches } of this.keys.values()) {
      if (watched !== database) continue;
      const isThere = database.locate(key) !== 0;
      const willBeStale = other?.isStale(key) ?? false;
      const willLive = !willBeStale && other !== null && other.locate(key) !== 0;
      for (const watch of watches) {
        if (willLive || (isThere && !watch.stale)) watch.watcher.touched = true;
        else watch.stale = willBeStale;
      }
    }
  }
}
