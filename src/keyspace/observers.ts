/** Who is told of changes to keys: the mask of observers, and what they see of a database. */

import type { Type } from "../values/value-types.ts";

/** A database as the observers of its keys see it. */
export interface ObservedDatabase {
  readonly index: number;
  /** Returns the address of a key, expired or not, or 0. */
  locate(key: Buffer): number;
  isExpired(address: number): boolean;
  /** Whether a key is there though it has expired. */
  isStale(key: Buffer): boolean;
  type(address: number): Type;
}

/** Returns the name under which observers list the key bytes[from, from + length) of database `index`. */
export function nameOf(index: number, bytes: Buffer, from: number, length: number): string {
  return `${index}:${bytes.latin1Slice(from, from + length)}`;
}

/**
 * The observers of changes to keys, as a mask: while no bit is set, a change costs one test. (Beside them stand two that every change
 * reaches: the guard of a table, which it asks itself before a record changes (memory/record-table.ts), and the count of changes.)
 */
export const Observer = {
  /** Keys are watched (watch.ts). */
  WATCH: 1,
  /** Clients wait for keys (blocking.ts). */
  BLOCKED: 2,
  /** Keyspace events are published (events.ts). */
  EVENTS: 4,
  /** Clients keep copies of keys (session/tracking.ts). */
  TRACKING: 8,
} as const;
export type Observer = (typeof Observer)[keyof typeof Observer];

/** Who is told of the keys that change, whatever the database. */
export interface KeyTracker {
  /** The key bytes[from, from + length) changed, came or went. */
  keyChanged(bytes: Buffer, from: number, length: number): void;
  /** The key that changed last is gone by nobody's command: it has expired, or was evicted. */
  keyLeft(key: Buffer): void;
  /** A database, or all, was emptied or replaced. */
  allChanged(): void;
}

export class Observers {
  mask = 0;

  set(observer: Observer, listens: boolean): void {
    this.mask = listens ? this.mask | observer : this.mask & ~observer;
  }
}
