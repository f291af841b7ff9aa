/**
 * One database, as far as it is looked at: which keys are there, what they hold, when they expire. Hot: `find` makes no object and no string.
 *
 * Methods take a key as bytes[from, from + length), or the address that a lookup gave; an address is good until the next change of its key.
 */

import { assert } from "../assert.ts";
import { BlockString } from "../blocks/block-string.ts";
import type { ExpiringMap } from "../memory/expiring-map.ts";
import { ExpiryIndex } from "../memory/expiry-index.ts";
import { Blob, type ObjectTable } from "../memory/objects.ts";
import { EXPIRES, MAX_INLINE_KEY, OUTSIDE } from "../memory/record.ts";
import { type ByteSpan, Table } from "../memory/record-table.ts";
import { soonestPacked } from "../values/hash/packed-times.ts";
import type { Encoding, Type } from "../values/value-types.ts";
import { lfuInitial, lfuTouched } from "./access.ts";
import { EventClass } from "./events.ts";
import type { FieldExpiry } from "./field-expiry.ts";
import { ExpiryMode, type KeyAccess } from "./key-access.ts";
import type { ObservedDatabase } from "./observers.ts";
import { ACCESS_MASK, metaEncoding, metaType } from "./record-meta.ts";
import type { SharedState } from "./shared.ts";

/** In place of an expiry time: the key has none. */
export const NO_EXPIRY = -1;

export abstract class Lookup implements ObservedDatabase {
  readonly index: number;
  table: Table;
  expiry: ExpiryIndex;
  /** The hashes with times of fields; null before there was one. */
  fields: FieldExpiry | null = null;
  protected readonly keyspace: SharedState;
  protected readonly objects: ObjectTable;
  protected readonly span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };

  constructor(keyspace: SharedState, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.objects = keyspace.space.objects;
    this.table = this.newTable();
    this.expiry = new ExpiryIndex(this.table, keyspace.now);
  }

  protected newTable(): Table {
    const { keyspace } = this;
    const table = new Table(keyspace.space, { meta: true });
    table.mayTake = (bytes) => keyspace.mayTake(bytes);
    return table;
  }

  /** Deletes an expired key. */
  protected abstract expire(address: number): void;

  get size(): number {
    return this.table.size;
  }

  // ---- looking up

  /** Returns the address of a key that is there and not expired, or 0. Counts nothing and touches nothing. */
  find(access: KeyAccess, key: Buffer, from: number, length: number): number {
    const table = this.table;
    let hash = this.keyspace.lookAhead.known(access.frame, key, from, length);
    let address = 0;
    if (hash !== 0) {
      address = table.find(hash, key, from, length);
    } else {
      address = table.recall(key, from, length);
      if (address !== 0) {
        hash = table.hashOf(address);
      } else {
        hash = table.hash(key, from, length);
        address = table.find(hash, key, from, length);
        table.remember(address, key, from, length);
      }
    }
    access.keyHash = hash;
    if (address !== 0 && (table.flags(address) & EXPIRES) !== 0 && this.expiry.at(address) < this.keyspace.now)
      return this.lookedUpExpired(access, address);
    return address;
  }

  /** `find` for a command that reads: counts a hit or a miss and notes the access. */
  read(access: KeyAccess, key: Buffer, from: number, length: number): number {
    const address = this.peek(access, key, from, length);
    if (address !== 0) this.touch(access, address);
    return address;
  }

  /** `read` that does not note the access: for commands that ask about a key, not for what it holds. */
  peek(access: KeyAccess, key: Buffer, from: number, length: number): number {
    const address = this.find(access, key, from, length);
    if (address === 0) {
      this.keyspace.stats.misses++;
      if ((this.keyspace.eventClasses & EventClass.KEY_MISS) !== 0) this.event(EventClass.KEY_MISS, "keymiss", key, from, length);
      return 0;
    }
    this.keyspace.stats.hits++;
    return address;
  }

  /** `find` for a command that writes: notes the access. Deletes an expired key, even in HIDE mode. */
  write(access: KeyAccess, key: Buffer, from: number, length: number): number {
    const address = this.find(access, key, from, length);
    if (address !== 0) this.touch(access, address);
    else if (access.expiryMode === ExpiryMode.HIDE) this.dropHidden(access.keyHash, key, from, length);
    return address;
  }

  private dropHidden(hash: number, key: Buffer, from: number, length: number): void {
    const address = this.table.find(hash, key, from, length);
    assert(address === 0 || this.isExpired(address), "only an expired key is hidden");
    if (address !== 0) this.expire(address);
  }

  /** What `find` says about a key that a walk of the table came upon: whether it is there. Deletes it if it has expired. */
  alive(access: KeyAccess, address: number): boolean {
    return !this.isExpired(address) || this.lookedUpExpired(access, address) !== 0;
  }

  /** Returns the address of a key, expired or not, or 0. Counts, notes and deletes nothing. */
  locate(key: Buffer): number {
    return this.table.find(this.table.hash(key, 0, key.length), key, 0, key.length);
  }

  /** Whether a key is there though it has expired. Deletes nothing. */
  isStale(key: Buffer): boolean {
    const address = this.locate(key);
    return address !== 0 && this.isExpired(address);
  }

  isExpired(address: number): boolean {
    return (this.table.flags(address) & EXPIRES) !== 0 && this.expiry.at(address) < this.keyspace.now;
  }

  private lookedUpExpired({ expiryMode }: KeyAccess, address: number): number {
    if (expiryMode === ExpiryMode.KEEP) return address;
    if (expiryMode === ExpiryMode.DELETE) this.expire(address);
    return 0;
  }

  private touch({ noTouch }: KeyAccess, address: number): void {
    if (noTouch) return;
    const { keyspace, table } = this;
    const meta = table.meta(address);
    const access = keyspace.lfu === null ? keyspace.lruClock : lfuTouched(meta & ACCESS_MASK, keyspace.now, keyspace.lfu);
    if (access !== (meta & ACCESS_MASK)) table.setMeta(address, (meta & ~ACCESS_MASK) | access);
  }

  protected freshAccess(): number {
    return this.keyspace.lfu === null ? this.keyspace.lruClock : lfuInitial(this.keyspace.now);
  }

  // ---- what a key holds

  type(address: number): Type {
    return metaType(this.table.meta(address));
  }

  encoding(address: number): Encoding {
    return metaEncoding(this.table.meta(address));
  }

  /** The 24 access bits (access.ts). */
  access(address: number): number {
    return this.table.meta(address) & ACCESS_MASK;
  }

  /** When the key expires, in ms since 1970, or NO_EXPIRY. */
  expiryOf(address: number): number {
    return (this.table.flags(address) & EXPIRES) === 0 ? NO_EXPIRY : this.expiry.at(address);
  }

  /** How many ms are left until the key expires, or NO_EXPIRY. */
  msToLive(address: number): number {
    const at = this.expiryOf(address);
    return at === NO_EXPIRY ? NO_EXPIRY : Math.max(0, at - this.keyspace.now);
  }

  stringLength(address: number): number {
    return (this.table.flags(address) & OUTSIDE) === 0 ? this.table.valueLength(address) : this.bytesOutside(address).length;
  }

  /** A long string that is held in blocks, or null. */
  blocksAt(address: number): BlockString | null {
    if ((this.table.flags(address) & OUTSIDE) === 0) return null;
    const bytes = this.bytesOutside(address);
    return bytes instanceof BlockString ? bytes : null;
  }

  /**
   * Where the bytes of a string lie, to be read only; of one in blocks they are joined for this call, which takes as long as it is. Returns a
   * span that the next call uses again, good until the next change.
   */
  locateString(address: number): Readonly<ByteSpan> {
    const { span, table } = this;
    if ((table.flags(address) & OUTSIDE) === 0) {
      table.locateValue(address, span);
    } else {
      const bytes = this.bytesOutside(address);
      span.buffer = bytes instanceof BlockString ? bytes.joined() : bytes.buffer;
      span.from = 0;
      span.to = bytes.length;
    }
    return span;
  }

  /** A time before which no field of the hash at `address`, one with times, is due; infinity when none ever is. */
  protected soonestFieldOf(address: number): number {
    const { table, span } = this;
    if ((table.flags(address) & OUTSIDE) === 0) {
      table.locateValue(address, span);
      return soonestPacked(span);
    }
    const held = this.objects.get(table.handle(address));
    return held instanceof Blob ? soonestPacked({ buffer: held.buffer, from: 0, to: held.length }) : (held as ExpiringMap).soonest;
  }

  /** What holds the string at `address` outside its record. */
  protected bytesOutside(address: number): Blob | BlockString {
    return this.objects.get(this.table.handle(address)) as Blob | BlockString;
  }

  /** Bytes that the key takes: its record, and what it holds outside (estimated from so many elements, 0: all). */
  memoryOf(address: number, samples: number): number {
    const outside = (this.table.flags(address) & OUTSIDE) === 0 ? 0 : this.objects.get(this.table.handle(address)).memoryBytes(samples);
    const keyLength = this.table.keyLength(address);
    return this.keyspace.space.arena.capacity(address) + outside + (keyLength > MAX_INLINE_KEY ? keyLength : 0);
  }

  /** Publishes a keyspace event if its class was asked for. */
  event(event: EventClass, name: string, key: Buffer, from: number, length: number): void {
    const { keyspace } = this;
    if ((keyspace.eventClasses & event) === 0 || keyspace.publishEvent === null) return;
    keyspace.publishEvent(event, name, key.subarray(from, from + length), this.index);
  }
}

const NO_BYTES = Buffer.alloc(0);
