/**
 * A dictionary of byte strings whose entries may expire: large hashes with times of fields. An entry with a time has it in its record, as
 * keys have, and the index of them runs through these records: fields without a time cost nothing.
 */

import { assert } from "../assert.ts";
import { copied } from "../base/bytes.ts";
import type { BlockString } from "../blocks/block-string.ts";
import { ByteMap } from "./bytemap.ts";
import { ExpiryIndex } from "./expiry-index.ts";
import { Blob } from "./objects.ts";
import { Element } from "./packed.ts";
import { EXPIRES, OUTSIDE } from "./record.ts";
import { type ByteSpan, Table, type TableSpace } from "./record-table.ts";

/** In place of a time: the entry does not expire. */
export const NO_TIME = -1;

const SPAN: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

export class ExpiringMap extends ByteMap {
  /** A time before which no entry expires; infinity when none has a time. */
  soonest = Number.POSITIVE_INFINITY;
  private readonly expiry: ExpiryIndex;
  protected override readonly entryMoved = (from: number, to: number): void => {
    this.moved(from, to);
  };

  /** `table`: one with its entries, taken over from another map; none of them has a time, and of so many the value is in blocks. */
  constructor(tables: TableSpace, table = new Table(tables, { meta: false }), valuesInBlocks = 0) {
    super(tables, table);
    this.valuesInBlocks = valuesInBlocks;
    this.expiry = new ExpiryIndex(table, Date.now());
  }

  /** How many entries have a time. */
  get timed(): number {
    return this.expiry.size;
  }

  override get heldBytes(): number {
    return super.heldBytes + this.expiry.heldBytes;
  }

  /** When an entry expires, in ms since 1970, or NO_TIME. */
  timeOf(address: number): number {
    return (this.table.flags(address) & EXPIRES) === 0 ? NO_TIME : this.expiry.at(address);
  }

  /** Gives an entry a time, or with NO_TIME takes it away. Returns where the entry is now. */
  setTime(address: number, at: number): number {
    const { table, expiry } = this;
    const flags = table.flags(address);
    if (at === NO_TIME) {
      if ((flags & EXPIRES) === 0) return address;
      table.ensureRoom(table.keyLength(address), flags & ~EXPIRES, table.valueLength(address));
      expiry.remove(address);
      if (expiry.size === 0) this.soonest = Number.POSITIVE_INFINITY;
      return this.reflag(address, flags & ~EXPIRES);
    }
    if (at < this.soonest) this.soonest = at;
    if ((flags & EXPIRES) !== 0) {
      table.beforeChange(address);
      expiry.change(address, at);
      return address;
    }
    const moved = this.reflag(address, flags | EXPIRES);
    expiry.add(moved, at);
    return moved;
  }

  /** Gives a record other flags; its value goes outside where the record has no room for both. */
  private reflag(address: number, flags: number): number {
    const { table } = this;
    if ((flags & OUTSIDE) !== 0) return table.resize(address, flags, 0, table.handle(address));
    const length = table.valueLength(address);
    if (table.fits(table.keyLength(address), flags, length)) return table.resize(address, flags, length);
    table.ensureRoom(table.keyLength(address), flags | OUTSIDE, 0);
    table.locateValue(address, SPAN);
    return table.resize(address, flags | OUTSIDE, 0, this.tables.objects.add(new Blob(copied(SPAN.buffer, SPAN.from, SPAN.to))));
  }

  /** The time of the entry stays. */
  override setValue(address: number, value: Buffer, vFrom: number, vTo: number): number {
    return this.moved(address, super.setValue(address, value, vFrom, vTo));
  }

  override setValueBlocks(address: number, value: BlockString): number {
    return this.moved(address, super.setValueBlocks(address, value));
  }

  /** The record of an entry, which was at `from`, is at `to`. Returns that. */
  private moved(from: number, to: number): number {
    if ((this.table.flags(to) & EXPIRES) !== 0) this.expiry.moved(from, to);
    return to;
  }

  override remove(address: number): void {
    if ((this.table.flags(address) & EXPIRES) !== 0) {
      this.table.beforeChange(address);
      this.expiry.remove(address);
      if (this.expiry.size === 0) this.soonest = Number.POSITIVE_INFINITY;
    }
    super.remove(address);
  }

  /** Hands out entries that are due at `now` to `expire`, which must remove them, until none is left or `stop()` says so. */
  expireDue(now: number, expire: (address: number) => void, stop: () => boolean): void {
    this.expiry.expireDue(now, expire, stop, true);
    this.soonest = this.expiry.soonestBound();
  }

  override copy(): ExpiringMap {
    const twin = new ExpiringMap(this.tables);
    twin.table.reserve(this.size);
    const key = new Element();
    const value = new Element();
    this.each((address) => {
      this.showKey(address, key);
      this.showValue(address, value);
      twin.setShown(key, value);
      const at = this.timeOf(address);
      if (at !== NO_TIME) twin.setTime(twin.find(key.bytes, key.from, key.length), at);
    });
    assert(twin.size === this.size, "a copy has as many entries: no two have the same key");
    return twin;
  }
}
