/**
 * One database: what commands do with the keys that they looked up (lookup.ts), through the gate that every change passes (changes.ts).
 * Hot: `setString` makes no object and no string.
 *
 * Methods take a key as bytes[from, from + length), or the address that a lookup gave; an address is good until the next change of its key.
 */

import { assert } from "../assert.ts";
import { copied, copyBytes, integerLength, isInt64, writeInteger } from "../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../blocks/block-string.ts";
import { ExpiryIndex } from "../memory/expiry-index.ts";
import { Blob, filled } from "../memory/objects.ts";
import { EXPIRES, OUTSIDE } from "../memory/record.ts";
import type { Table } from "../memory/record-table.ts";
import type { Temporary } from "../values/temporary.ts";
import { EMBSTR_LIMIT, Encoding, Type } from "../values/value-types.ts";
import { Changes, type Held, KEEP_EXPIRY } from "./changes.ts";
import { EventClass } from "./events.ts";
import type { LatencyEvent } from "./latency-monitor.ts";
import { NO_EXPIRY } from "./lookup.ts";
import { ACCESS_MASK, makeMeta, metaType } from "./record-meta.ts";

/** How many keys `expiredShare` looks at. */
const SAMPLES = 32;
/** Scratch for `setInteger`. */
const DIGITS = Buffer.alloc(32);

/** A key with a string, as a file or a master gives it: the bytes lie in buffers that are used again. */
export interface LoadedString {
  readonly key: { readonly bytes: Buffer; readonly from: number; readonly to: number };
  /** `exclusive`: the buffer is this string's alone, nearly as long as it, and may be kept. */
  readonly value: { readonly bytes: Buffer; readonly from: number; readonly to: number; readonly exclusive: boolean };
  /** ms since 1970, or NO_EXPIRY. */
  readonly expireAt: number;
}

/** What a database held that was emptied. */
export interface DatabaseContents {
  readonly table: Table;
  /** The index of hashes with times. */
  readonly fields: Table | null;
}

export class Database extends Changes {
  // ---- strings

  /**
   * Makes the key hold the string value[valueFrom, valueTo). `address` is what `find`, `read` or `write` just gave for the key (0: new),
   * `hash` what it noted as the key's. `expireAt` is a time in ms, NO_EXPIRY or KEEP_EXPIRY. Returns the key's address.
   */
  setString(
    address: number,
    hash: number,
    key: Buffer,
    from: number,
    length: number,
    value: Buffer,
    valueFrom: number,
    valueTo: number,
    expireAt: number,
  ): number {
    const table = this.table;
    const meta = this.metaFor(address, Type.STRING, encodingFor(value, valueFrom, valueTo));
    let expires = expireAt < 0 ? 0 : EXPIRES;
    if (address !== 0) {
      this.noteGone(address);
      // Where nothing but the bytes is new, they are written where the old ones were.
      const flagsMask = expireAt === KEEP_EXPIRY ? OUTSIDE : OUTSIDE | EXPIRES;
      if (expireAt < 0 && table.overwrite(address, flagsMask, meta, value, valueFrom, valueTo)) {
        this.announce(address);
        return address;
      }
      if (expireAt === KEEP_EXPIRY) expires = table.flags(address) & EXPIRES;
    }
    const size = valueTo - valueFrom;
    const object = table.fits(length, expires, size) ? null : outside(value, valueFrom, valueTo);
    const room = object === null ? size : 0;
    if (address !== 0) address = this.reshape(address, meta, room, object, expireAt);
    else address = this.create(hash, key, from, length, meta, room, object, expireAt === KEEP_EXPIRY ? NO_EXPIRY : expireAt);
    if (object === null) copyBytes(table.bytesOf(address), table.valueOffset(address), value, valueFrom, valueTo);
    this.announce(address);
    return address;
  }

  /** `setString` of a long value, which is the key's from then on. */
  setHeld(address: number, hash: number, key: Buffer, from: number, length: number, value: Blob | BlockString, expireAt: number): number {
    const meta = this.metaFor(address, Type.STRING, Encoding.RAW);
    const made = filled(value, () => {
      if (address === 0) return this.create(hash, key, from, length, meta, 0, value, expireAt === KEEP_EXPIRY ? NO_EXPIRY : expireAt);
      this.noteGone(address);
      return this.reshape(address, meta, 0, value, expireAt);
    });
    this.announce(made);
    return made;
  }

  /**
   * Makes the key hold the decimal form of a safe integer; its expiry stays. Arguments are those of `setString`. A number of as many digits
   * as before is written where it stands: counters neither move nor allocate. Returns the key's address.
   */
  setInteger(address: number, hash: number, key: Buffer, from: number, length: number, value: number): number {
    const table = this.table;
    assert(Number.isSafeInteger(value), "an integer that is set has an exact decimal form");
    if (address !== 0 && this.encoding(address) === Encoding.INT && table.valueLength(address) === integerLength(value)) {
      table.beforeChange(address);
      writeInteger(table.bytesOf(address), table.valueOffset(address), value);
      this.announce(address);
      return address;
    }
    return this.setString(address, hash, key, from, length, DIGITS, 0, writeInteger(DIGITS, 0, value), KEEP_EXPIRY);
  }

  /** Says how the string at `address` is held, where that is not what its bytes suggest. */
  setEncoding(address: number, encoding: Encoding): void {
    this.table.setMeta(address, this.metaFor(address, this.type(address), encoding));
  }

  /** Writes bytes[bytesFrom, bytesTo) over a string from `at` on; where that is behind its end, zeros follow. Returns the key's address. */
  writeString(address: number, at: number, bytes: Buffer, bytesFrom: number, bytesTo: number): number {
    const end = at + bytesTo - bytesFrom;
    // Zeros that are written over at once are not worth it.
    const inBlocks = this.blocksAt(address) !== null || end > BLOCKS_FROM;
    const opened = this.openString(address, Math.max(this.stringLength(address), inBlocks ? at : end));
    const blocks = this.blocksAt(opened);
    if (blocks === null && inBlocks) return this.writeString(this.toBlocks(opened), at, bytes, bytesFrom, bytesTo);
    if (blocks !== null) {
      blocks.write(at, bytes, bytesFrom, bytesTo);
      this.objects.resized(this.table.handle(opened));
    } else {
      const { buffer, from } = this.locateString(opened);
      copyBytes(buffer, from + at, bytes, bytesFrom, bytesTo);
    }
    this.announce(opened);
    return opened;
  }

  /** Likewise of `value`, whose blocks are copied. */
  writeBlocks(address: number, at: number, value: BlockString): number {
    const opened = this.toBlocks(this.openString(address, Math.max(this.stringLength(address), Math.min(at, BLOCKS_FROM))));
    const blocks = this.blocksAt(opened);
    assert(blocks !== null, "a string that was put into blocks is in them");
    value.each(0, value.length, (bytes, from, to) => {
      blocks.write(at, bytes, from, to);
      at += to - from;
    });
    this.objects.resized(this.table.handle(opened));
    this.announce(opened);
    return opened;
  }

  /** Puts the string at `address`, opened for writing, into blocks if it is not in them. Returns the key's address. */
  private toBlocks(address: number): number {
    if (this.blocksAt(address) !== null) return address;
    const { buffer, from, to } = this.locateString(address);
    const value = BlockString.of(buffer, from, to);
    return filled(value, () => this.reshape(address, this.table.meta(address), 0, value, KEEP_EXPIRY));
  }

  /**
   * Makes a string at least `newLength` bytes long, with its bytes kept and the rest zero, ready to be written to in place, where `blocksAt` or
   * `locateString` says; it becomes `raw`. The caller writes, and announces the change. Returns the key's address.
   */
  openString(address: number, newLength: number): number {
    const { table } = this;
    table.beforeChange(address);
    const flags = table.flags(address);
    const oldLength = this.stringLength(address);
    const meta = makeMeta(Type.STRING, Encoding.RAW, this.access(address));
    if (newLength <= oldLength) {
      // Its bytes are where they have to be.
    } else if (newLength > BLOCKS_FROM) {
      const moved = this.toBlocks(address);
      this.blocksAt(moved)?.grow(newLength);
      this.objects.resized(table.handle(moved));
      table.setMeta(moved, meta);
      return moved;
    } else if ((flags & OUTSIDE) !== 0) {
      growBlob(this.bytesOutside(address) as Blob, newLength);
      this.objects.resized(table.handle(address));
    } else if (table.fits(table.keyLength(address), flags, newLength)) {
      address = this.resizeValue(address, newLength);
      if (newLength > oldLength)
        table.bytesOf(address).fill(0, table.valueOffset(address) + oldLength, table.valueOffset(address) + newLength);
    } else {
      const blob = new Blob(Buffer.alloc(2 * newLength), newLength);
      const offset = table.valueOffset(address);
      table.bytesOf(address).copy(blob.buffer, 0, offset, offset + oldLength);
      return this.reshape(address, meta, 0, blob, KEEP_EXPIRY);
    }
    table.setMeta(address, meta);
    return address;
  }

  // ---- keys of any type

  /** Sets when a key expires: a time in ms, or NO_EXPIRY. Returns its address. */
  setExpiry(address: number, expireAt: number): number {
    const { table, span } = this;
    const meta = table.meta(address);
    let object = this.heldAt(address);
    // The expiry takes room that the value may need.
    if (object === null && expireAt !== NO_EXPIRY && !table.fits(table.keyLength(address), EXPIRES, span.to - span.from))
      object = new Blob(copied(span.buffer, span.from, span.to));
    const moved = this.reshape(address, meta, object === null ? span.to - span.from : 0, object, expireAt);
    this.announce(moved);
    return moved;
  }

  /** `setExpiry` for a time that a number does not hold exactly: more than 2^53 ms, as int64. */
  setFarExpiry(address: number, expireAt: bigint): number {
    const moved = this.setExpiry(address, Number(expireAt));
    this.expiry.refine(moved, expireAt);
    return moved;
  }

  setAccess(address: number, access: number): void {
    assert((access & ~ACCESS_MASK) === 0, "access bits leave type and encoding as they are");
    this.table.setMeta(address, (this.table.meta(address) & ~ACCESS_MASK) | access);
  }

  /**
   * Gives `target` database a key with what the key at `address` holds, its expiry and access bits too. The target key must not be there, or else
   * its address be given as `replaced`: it goes. With `move` the key at `address` is gone afterwards, and nothing large was copied.
   */
  transfer(
    address: number,
    target: Database,
    key: Buffer,
    from: number,
    length: number,
    options: { move: boolean; replaced?: number },
  ): void {
    const { table, span } = this;
    const { move, replaced = 0 } = options;
    assert(target !== this || address !== replaced, "a key does not give way to itself");
    const expireAt = this.expiryOf(address);
    const held = this.heldAt(address);
    let object = move ? held : (held?.copy() ?? null);
    if (held === null && !target.table.fits(length, table.flags(address), span.to - span.from))
      object = new Blob(copied(span.buffer, span.from, span.to));
    const room = object === null ? span.to - span.from : 0;
    const made = target.create(target.table.hash(key, from, length), key, from, length, table.meta(address), room, object, expireAt);
    if (object === null) copyBytes(target.table.bytesOf(made), target.table.valueOffset(made), span.buffer, span.from, span.to);
    if (expireAt > Number.MAX_SAFE_INTEGER) target.expiry.refine(made, this.expiry.exact(address));
    target.noteMade(made);
    // Clients that keep copies hear of the old name first, as from Redis.
    if (move) this.remove(address, held !== null);
    target.announce(made);
    if (replaced !== 0) target.remove(replaced);
  }

  /** What is held outside at `address`, or null: then `span` says where the value lies. */
  private heldAt(address: number): Held {
    const { table } = this;
    if ((table.flags(address) & OUTSIDE) !== 0) return this.objects.get(table.handle(address));
    table.locateValue(address, this.span);
    return null;
  }

  // ---- values that were built elsewhere

  /**
   * Puts a temporary value at a key, in place of the key at `address` (0: there is none). `hash` and `expireAt` as in `setString`. Returns the key's
   * address. The temporary value is empty then.
   */
  install(value: Temporary, address: number, hash: number, key: Buffer, from: number, length: number, expireAt: number): number {
    const { table } = this;
    const kept = address === 0 ? NO_EXPIRY : this.expiryOf(address);
    const expires = (expireAt === KEEP_EXPIRY ? kept : expireAt) === NO_EXPIRY ? 0 : EXPIRES;
    const size = value.to - value.from;
    let { object } = value;
    if (object === null && value.type === Type.STRING && size > BLOCKS_FROM) object = BlockString.of(value.buffer, value.from, value.to);
    else if (object === null && !table.fits(length, expires, size)) object = new Blob(copied(value.buffer, value.from, value.to));
    const room = object === null ? size : 0;
    const meta = this.metaFor(address, value.type, value.encoding);
    if (address !== 0) {
      this.noteGone(address);
      address = this.reshape(address, meta, room, object, expireAt);
      this.noteReady(key, from, length, value.type);
    } else {
      address = this.create(hash, key, from, length, meta, room, object, expireAt === KEEP_EXPIRY ? NO_EXPIRY : expireAt);
    }
    if (object === null) copyBytes(table.bytesOf(address), table.valueOffset(address), value.buffer, value.from, value.to);
    value.release();
    this.noteMade(address);
    this.announce(address);
    return address;
  }

  /**
   * Enters a key that is loaded, with these access bits. No one is told and nothing is counted: what is loaded was there before. Returns
   * its address, or 0 and nothing done when there is such a key.
   */
  loadString({ key, value, expireAt }: LoadedString, access: number): number {
    return this.load(key, makeMeta(Type.STRING, encodingFor(value.bytes, value.from, value.to), access), null, value, expireAt);
  }

  /** Likewise with a temporary value, which is empty then. */
  loadValue(value: Temporary, key: LoadedString["key"], expireAt: number, access: number): number {
    const bytes = { bytes: value.buffer, from: value.from, to: value.to, exclusive: false };
    const address = this.load(key, makeMeta(value.type, value.encoding, access), value.object, bytes, expireAt);
    if (address !== 0) value.release();
    return address;
  }

  /** The value is `object` or, without one, `value`. */
  private load(key: LoadedString["key"], meta: number, object: Held, value: LoadedString["value"], expireAt: number): number {
    const { table } = this;
    const { bytes, from, to, exclusive } = value;
    const length = key.to - key.from;
    const hash = table.hash(key.bytes, key.from, length);
    if (table.find(hash, key.bytes, key.from, length) !== 0) return 0;
    if (object === null && !table.fits(length, expireAt === NO_EXPIRY ? 0 : EXPIRES, to - from)) {
      if (metaType(meta) === Type.STRING && to - from > BLOCKS_FROM) object = BlockString.of(bytes, from, to);
      else object = new Blob(exclusive ? bytes.subarray(from, to) : copied(bytes, from, to));
    }
    const address = this.place(hash, key.bytes, key.from, length, meta, object === null ? to - from : 0, object, expireAt);
    if (object === null) copyBytes(table.bytesOf(address), table.valueOffset(address), bytes, from, to);
    this.noteFields(address);
    return address;
  }

  // ---- what goes without being asked for

  /** Deletes an expired key. */
  protected expire(address: number): void {
    this.leave(address, EventClass.EXPIRED, "expired", "expire-del");
  }

  /** Deletes a key if it has expired. Returns whether it is there and will. */
  expireKey(key: Buffer): boolean {
    const address = this.locate(key);
    if (address === 0 || this.expiryOf(address) === NO_EXPIRY) return false;
    if (!this.isExpired(address)) return true;
    this.expire(address);
    return false;
  }

  /** The key of some hash whose fields have times, or null. */
  get someTimedHash(): Buffer | null {
    const hash = this.fields?.some() ?? null;
    const [address = 0] = hash === null ? [] : this.timedOfHash(hash);
    return address === 0 ? null : this.table.key(address);
  }

  /** Deletes a key because memory is full. */
  evict(address: number): void {
    this.leave(address, EventClass.EVICTED, "evicted", "eviction-del");
  }

  /** Deletes a key and says so to the journal and to listeners. */
  private leave(address: number, event: EventClass, why: "expired" | "evicted", timedAs: LatencyEvent): void {
    const { keyspace, table } = this;
    const key = table.key(address);
    keyspace.onLeaving?.(this, key, why);
    keyspace.stats[why]++;
    const began = keyspace.latency.begin();
    this.remove(address);
    keyspace.latency.end(timedAs, began);
    keyspace.tracker?.keyLeft(key);
    this.event(event, why, key, 0, key.length);
  }

  /** Deletes keys that are due until `stop()`; `exact`: to the ms. Returns whether none is left. */
  expireDue(stop: () => boolean, exact: boolean): boolean {
    return this.expiry.expireDue(this.keyspace.now, (address) => this.expire(address), stop, exact);
  }

  /** Estimates which share of the keys that expire have expired, from some that are drawn at random. */
  expiredShare(): number {
    const { expiry, table } = this;
    if (expiry.soonestBound() >= this.keyspace.now) return 0;
    let drawn = 0;
    let stale = 0;
    for (let draw = 0; draw < SAMPLES; draw++) {
      const address = table.random();
      if ((table.flags(address) & EXPIRES) === 0) continue;
      drawn++;
      if (this.isExpired(address)) stale++;
    }
    return drawn === 0 ? 0 : stale / drawn;
  }

  /**
   * Hands out hashes with a field that may be due to `expire`, which notes them again and says whether all that is due is out, until `stop()`.
   * Returns whether none is left.
   */
  expireDueFields(expire: (address: number) => boolean, stop: () => boolean, exact: boolean): boolean {
    const left: number[] = [];
    const visit = (hash: number): void => {
      // By their keys: where they are may change with the first of them.
      const keys = this.timedOfHash(hash).map((address) => this.table.key(address));
      for (const key of keys) if (!expire(this.locate(key))) left.push(hash);
    };
    if (this.fields === null) return true;
    const finished = this.fields.expireDue(this.keyspace.now, visit, stop, exact);
    // Only now: what is noted while a list is emptied would come back to its front.
    for (const hash of left) this.fields?.noteLeft(hash);
    return finished && left.length === 0;
  }

  /** Empties the database. Returns what it held, whose memory is the caller's to free, or null. */
  empty(): DatabaseContents | null {
    const { keyspace, table, fields } = this;
    keyspace.watched.touchExisting(this);
    keyspace.blocked.contentsGo(this, null);
    if (table.size === 0) return null;
    this.table = this.newTable();
    this.expiry = new ExpiryIndex(this.table, keyspace.now);
    this.fields = null;
    keyspace.changed(table.size);
    return { table, fields: fields === null ? null : fields.table };
  }

  /** Exchanges contents with another database. */
  exchange(other: Database): void {
    assert(this.keyspace === other.keyspace, "databases that exchange contents share their memory");
    [this.table, other.table] = [other.table, this.table];
    [this.expiry, other.expiry] = [other.expiry, this.expiry];
    [this.fields, other.fields] = [other.fields, this.fields];
  }
}

function encodingFor(value: Buffer, from: number, to: number): Encoding {
  if (to - from <= 20 && isInt64(value, from, to)) return Encoding.INT;
  return to - from <= EMBSTR_LIMIT ? Encoding.EMBSTR : Encoding.RAW;
}

/** What holds a string outside its record. */
function outside(value: Buffer, from: number, to: number): Blob | BlockString {
  if (to - from > BLOCKS_FROM) return BlockString.of(value, from, to);
  return new Blob(copied(value, from, to));
}

function growBlob(blob: Blob, length: number): void {
  if (length > blob.buffer.length) {
    const grown = Buffer.allocUnsafeSlow(2 * length);
    blob.buffer.copy(grown, 0, 0, blob.length);
    blob.buffer = grown;
  }
  if (length > blob.length) blob.buffer.fill(0, blob.length, length);
  blob.length = length;
}
