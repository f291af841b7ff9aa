/**
 * The hashes of one database that have times of fields, by when the first of these is due: how active expiry finds them. A hash is known by
 * the hash of its key, so that an entry is one small record, whatever becomes of the key's own; the few that share one share the entry.
 * A time is never later than the first one of the hash, and may be earlier: then there is nothing to do yet when it comes.
 */

import { ExpiryIndex } from "../memory/expiry-index.ts";
import type { Mover } from "../memory/mover.ts";
import { EXPIRES } from "../memory/record.ts";
import { Table, type TableSpace } from "../memory/record-table.ts";

const NO_KEY = Buffer.alloc(0);
/** What is due already is looked at again no sooner than this, so that a turn comes to its end. */
const AGAIN_MS = 16;

export class FieldExpiry {
  readonly table: Table;
  private readonly index: ExpiryIndex;

  constructor(space: TableSpace, now: number) {
    this.table = new Table(space, { meta: false });
    this.index = new ExpiryIndex(this.table, now);
  }

  /** How many hashes there are, those that share an entry counted once. */
  get size(): number {
    return this.table.size;
  }

  get heldBytes(): number {
    return this.table.bucketBytes + this.index.heldBytes;
  }

  /** No field of the hash whose key has this hash is due before `at`. */
  note(hash: number, at: number, now: number): void {
    const { table, index } = this;
    const due = Math.max(at, now + AGAIN_MS);
    const address = table.find(hash, NO_KEY, 0, 0);
    if (address === 0) index.add(table.insert(hash, NO_KEY, 0, 0, EXPIRES, 0), due);
    else if (index.at(address) > due) index.change(address, due);
  }

  /** The hash whose key has this hash has fields that are due, and were left for want of time: it comes first the next time. */
  noteLeft(hash: number): void {
    const { table, index } = this;
    const address = table.find(hash, NO_KEY, 0, 0);
    if (address === 0) index.add(table.insert(hash, NO_KEY, 0, 0, EXPIRES, 0), 0);
    else index.change(address, 0);
  }

  /** Returns the hash of the key of some hash that has times, or null where there is none. */
  some(): number | null {
    const { table } = this;
    for (let chain = 0; chain < table.chainCount; chain++) {
      const address = table.chain(chain);
      if (address !== 0) return table.hashOf(address);
    }
    return null;
  }

  /** `LargeObject.defragment` for the entries. */
  defragment(cursor: number, mover: Mover): number {
    return this.table.defragment(cursor, mover, (from, to) => this.index.moved(from, to));
  }

  drop(hash: number): void {
    const address = this.table.find(hash, NO_KEY, 0, 0);
    if (address !== 0) this.remove(address);
  }

  private remove(address: number): void {
    this.index.remove(address);
    this.table.remove(address);
  }

  /**
   * Hands out hashes of keys with a field that may be due, until none is left or `stop()` says so. Their entries are gone then. Returns
   * whether none is left.
   */
  expireDue(now: number, visit: (hash: number) => void, stop: () => boolean, exact: boolean): boolean {
    const expire = (address: number): void => {
      const hash = this.table.hashOf(address);
      this.remove(address);
      visit(hash);
    };
    return this.index.expireDue(now, expire, stop, exact);
  }
}
