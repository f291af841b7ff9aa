/**
 * One database: keys, what they hold and when they expire. Every read and every change of a key goes through here, and every change is announced
 * (WATCH, dirty counter; the table's guard hears of it before). Hot: `find` and `setString` make no object and no string.
 *
 * Methods take a key as bytes[from, from + length), or the address that a lookup gave; an address is good until the next change of its key.
 */

import { copied, copyBytes, integerLength, isInt64, writeInteger } from "../bytes.ts";
import { Blob, type ObjectTable } from "../memory/objects.ts";
import { EXPIRES, MAX_INLINE_KEY, OUTSIDE } from "../memory/record.ts";
import { type ByteSpan, Table } from "../memory/table.ts";
import { lfuInitial, lfuTouched } from "./access.ts";
import { EventClass } from "./events.ts";
import { ExpiryIndex } from "./expiry.ts";
import type { Keyspace } from "./keyspace.ts";
import { ACCESS_MASK, EMBSTR_LIMIT, Encoding, ExpiryMode, makeMeta, metaEncoding, metaType, Type } from "./types.ts";

/** In place of an expiry time: the key has none, or keeps what it has. */
export const NO_EXPIRY = -1;
export const KEEP_EXPIRY = -2;

/** A long value is kept in the buffer it came in when it fills at least this share of it; otherwise it is copied out. */
const ADOPT_SHARE = 7 / 8;
/** Strings that grow outside the arena double their room up to this many bytes of slack. */
const MAX_SLACK = 1024 * 1024;
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

export class Database {
  readonly index: number;
  table: Table;
  expiry: ExpiryIndex;
  /** The hash of the key last looked up, for the change that follows. */
  hash = 0;
  private readonly keyspace: Keyspace;
  private readonly objects: ObjectTable;
  private readonly span: ByteSpan = { buffer: DIGITS, from: 0, to: 0 };

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.objects = keyspace.space.objects;
    this.table = new Table(keyspace.space, { meta: true });
    this.expiry = new ExpiryIndex(this.table, keyspace.now);
  }

  get size(): number {
    return this.table.size;
  }

  // ---- looking up

  /** -> the address of a key that is there and not expired, or 0. Counts nothing and touches nothing. */
  find(key: Buffer, from: number, length: number): number {
    const table = this.table;
    const { lookAhead, request } = this.keyspace;
    const hash = lookAhead.hashOf(this, request, key, from, length);
    this.hash = hash;
    const address = table.find(hash, key, from, length);
    if (address !== 0 && (table.flags(address) & EXPIRES) !== 0 && this.expiry.at(address) < this.keyspace.now)
      return this.lookedUpExpired(address);
    return address;
  }

  /** `find` for a command that reads: counts a hit or a miss and notes the access. */
  read(key: Buffer, from: number, length: number): number {
    const address = this.peek(key, from, length);
    if (address !== 0) this.touch(address);
    return address;
  }

  /** `read` that does not note the access: for commands that ask about a key, not for what it holds. */
  peek(key: Buffer, from: number, length: number): number {
    const address = this.find(key, from, length);
    if (address === 0) {
      this.keyspace.stats.misses++;
      if ((this.keyspace.eventClasses & EventClass.KEY_MISS) !== 0) this.event(EventClass.KEY_MISS, "keymiss", key, from, length);
      return 0;
    }
    this.keyspace.stats.hits++;
    return address;
  }

  /** `find` for a command that writes: notes the access. A key whose time has passed goes, even where readers only do not see it. */
  write(key: Buffer, from: number, length: number): number {
    const address = this.find(key, from, length);
    if (address !== 0) this.touch(address);
    else if (this.keyspace.expiryMode === ExpiryMode.HIDE) this.dropHidden(key, from, length);
    return address;
  }

  private dropHidden(key: Buffer, from: number, length: number): void {
    const address = this.table.find(this.hash, key, from, length);
    if (address !== 0) this.expire(address);
  }

  /** What `find` says about a key that a walk of the table came upon: whether it is there; it is deleted if its time has passed. */
  alive(address: number): boolean {
    return !this.isExpired(address) || this.lookedUpExpired(address) !== 0;
  }

  /** Whether a key is there, expired or not yet found to be; deletes nothing. */
  holds(key: Buffer, from: number, length: number): boolean {
    const address = this.table.find(this.table.hash(key, from, length), key, from, length);
    return address !== 0 && !this.isExpired(address);
  }

  /** Whether a key is there though its time has passed; deletes nothing. */
  isStale(key: Buffer, from: number, length: number): boolean {
    const address = this.table.find(this.table.hash(key, from, length), key, from, length);
    return address !== 0 && this.isExpired(address);
  }

  isExpired(address: number): boolean {
    return (this.table.flags(address) & EXPIRES) !== 0 && this.expiry.at(address) < this.keyspace.now;
  }

  private lookedUpExpired(address: number): number {
    if (this.keyspace.expiryMode === ExpiryMode.KEEP) return address;
    if (this.keyspace.expiryMode === ExpiryMode.DELETE) this.expire(address);
    return 0;
  }

  /** Deletes a key because its time has passed, and says so to journal and listeners. */
  private expire(address: number): void {
    const { keyspace, table } = this;
    const key = table.key(address);
    keyspace.listener?.expiring(this, key, 0, key.length);
    keyspace.stats.expired++;
    this.remove(address);
    this.event(EventClass.EXPIRED, "expired", key, 0, key.length);
  }

  /** Deletes keys that are due until `stop()`. -> whether none is left. */
  expireDue(stop: () => boolean): boolean {
    return this.expiry.expireDue(this.keyspace.now, (address) => this.expire(address), stop);
  }

  private touch(address: number): void {
    const { keyspace, table } = this;
    if (keyspace.noTouch) return;
    const meta = table.meta(address);
    const access = keyspace.lfu === null ? keyspace.lruClock : lfuTouched(meta & ACCESS_MASK, keyspace.now, keyspace.lfu);
    if (access !== (meta & ACCESS_MASK)) table.setMeta(address, (meta & ~ACCESS_MASK) | access);
  }

  private freshAccess(): number {
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

  setAccess(address: number, access: number): void {
    this.table.setMeta(address, (this.table.meta(address) & ~ACCESS_MASK) | access);
  }

  /** When the key expires, in ms since 1970, or NO_EXPIRY. */
  expiryOf(address: number): number {
    return (this.table.flags(address) & EXPIRES) === 0 ? NO_EXPIRY : this.expiry.at(address);
  }

  /** The buffer that holds a string's bytes, from `stringOffset`, `stringLength` of them. Good until the next change. */
  stringBuffer(address: number): Buffer {
    return (this.table.flags(address) & OUTSIDE) === 0 ? this.table.bytesOf(address) : this.blob(address).buffer;
  }

  stringOffset(address: number): number {
    return (this.table.flags(address) & OUTSIDE) === 0 ? this.table.valueOffset(address) : 0;
  }

  stringLength(address: number): number {
    return (this.table.flags(address) & OUTSIDE) === 0 ? this.table.valueLength(address) : this.blob(address).length;
  }

  /** All three at once. -> a span that the next call uses again. */
  locateString(address: number): Readonly<ByteSpan> {
    const { span, table } = this;
    if ((table.flags(address) & OUTSIDE) === 0) {
      table.locateValue(address, span);
    } else {
      const blob = this.blob(address);
      span.buffer = blob.buffer;
      span.from = 0;
      span.to = blob.length;
    }
    return span;
  }

  private blob(address: number): Blob {
    return this.objects.get(this.table.handle(address)) as Blob;
  }

  /** Bytes that the key takes: its record, and what it holds outside. */
  memoryOf(address: number): number {
    const outside = (this.table.flags(address) & OUTSIDE) === 0 ? 0 : this.objects.get(this.table.handle(address)).heldBytes;
    const keyLength = this.table.keyLength(address);
    return this.keyspace.space.arena.capacity(address) + outside + (keyLength > MAX_INLINE_KEY ? keyLength : 0);
  }

  // ---- changing

  /**
   * Makes the key hold the string value[valueFrom, valueTo). `address` is what `find`, `read` or `write` just gave for the key (0: new). `expireAt`
   * is a time in ms, NO_EXPIRY or KEEP_EXPIRY. -> the key's address.
   */
  setString(
    address: number,
    key: Buffer,
    from: number,
    length: number,
    value: Buffer,
    valueFrom: number,
    valueTo: number,
    expireAt: number,
  ): number {
    const table = this.table;
    const valueLength = valueTo - valueFrom;
    const oldFlags = address === 0 ? 0 : table.flags(address);
    const expires = expireAt === KEEP_EXPIRY ? oldFlags & EXPIRES : expireAt === NO_EXPIRY ? 0 : EXPIRES;
    const inline = table.fits(length, expires, valueLength);
    const meta = makeMeta(Type.STRING, encodingFor(value, valueFrom, valueTo), address === 0 ? this.freshAccess() : this.access(address));
    const flags = inline ? expires : expires | OUTSIDE;
    const room = inline ? valueLength : 0;
    // Where more than the record changes, all of it is done or, for want of memory, nothing.
    if (((flags | oldFlags) & OUTSIDE) !== 0 || (oldFlags & ~flags) !== 0) table.ensureRoom(length, flags, room);
    if (address === 0) {
      const handle = inline ? 0 : this.objects.add(adopt(value, valueFrom, valueTo));
      address = table.insert(this.hash, key, from, length, flags, room, handle);
      if (expires !== 0) this.expiry.add(address, expireAt);
      if (this.keyspace.eventClasses !== 0) this.event(EventClass.NEW, "new", key, from, length);
    } else {
      table.beforeChange(address);
      const handle = inline ? 0 : this.objects.add(adopt(value, valueFrom, valueTo));
      if ((oldFlags & OUTSIDE) !== 0) this.objects.remove(table.handle(address));
      address = this.reshape(address, flags, room, handle, expireAt);
    }
    if (inline) copyBytes(table.bytesOf(address), table.valueOffset(address), value, valueFrom, valueTo);
    table.setMeta(address, meta);
    this.announce(address);
    return address;
  }

  /**
   * Makes the key hold the decimal form of a safe integer; its expiry stays. Arguments are those of `setString`. A number of as many digits as before is
   * written where it stands: counters neither move nor allocate. -> the key's address.
   */
  setInteger(address: number, key: Buffer, from: number, length: number, value: number): number {
    const table = this.table;
    if (address !== 0 && metaEncoding(table.meta(address)) === Encoding.INT && table.valueLength(address) === integerLength(value)) {
      table.beforeChange(address);
      writeInteger(table.bytesOf(address), table.valueOffset(address), value);
      this.announce(address);
      return address;
    }
    return this.setString(address, key, from, length, DIGITS, 0, writeInteger(DIGITS, 0, value), KEEP_EXPIRY);
  }

  /** Says how the string at `address` is held, where that is not what its bytes suggest. */
  setEncoding(address: number, encoding: Encoding): void {
    this.table.setMeta(address, makeMeta(this.type(address), encoding, this.access(address)));
  }

  /**
   * Enters a key that is loaded, with these access bits. Nobody is told and nothing is counted: what is loaded was there before. -> its address, or 0
   * and nothing done when there is such a key.
   */
  loadString({ key, value, expireAt }: LoadedString, access: number): number {
    const { table } = this;
    const length = key.to - key.from;
    const valueLength = value.to - value.from;
    const hash = table.hash(key.bytes, key.from, length);
    if (table.find(hash, key.bytes, key.from, length) !== 0) return 0;
    const expires = expireAt === NO_EXPIRY ? 0 : EXPIRES;
    const inline = table.fits(length, expires, valueLength);
    const flags = inline ? expires : expires | OUTSIDE;
    let handle = 0;
    if (!inline) {
      table.ensureRoom(length, flags, 0);
      const bytes = value.exclusive ? value.bytes.subarray(value.from, value.to) : copied(value.bytes, value.from, value.to);
      handle = this.objects.add(new Blob(bytes));
    }
    const address = table.insert(hash, key.bytes, key.from, length, flags, inline ? valueLength : 0, handle);
    if (expires !== 0) this.expiry.add(address, expireAt);
    if (inline) copyBytes(table.bytesOf(address), table.valueOffset(address), value.bytes, value.from, value.to);
    table.setMeta(address, makeMeta(Type.STRING, encodingFor(value.bytes, value.from, value.to), access));
    return address;
  }

  /** Resizes a record and keeps the expiry index in step. -> its address. */
  private reshape(address: number, flags: number, room: number, handle: number, expireAt: number): number {
    const { table, expiry } = this;
    const had = (table.flags(address) & EXPIRES) !== 0;
    const has = (flags & EXPIRES) !== 0;
    if (had && !has) expiry.remove(address);
    const moved = table.resize(address, flags, room, handle);
    if (had && has) {
      expiry.moved(address, moved);
      if (expireAt !== KEEP_EXPIRY) expiry.change(moved, expireAt);
    } else if (has) {
      expiry.add(moved, expireAt);
    }
    return moved;
  }

  /**
   * Gives a string a new length, with its bytes kept as far as they go and the rest zero, ready to be written to in place; it becomes `raw`. The
   * caller writes and is done: the change is announced here. -> the key's address.
   */
  resizeString(address: number, newLength: number): number {
    const { table } = this;
    table.beforeChange(address);
    const flags = table.flags(address);
    const oldLength = this.stringLength(address);
    if ((flags & OUTSIDE) !== 0) {
      const blob = this.blob(address);
      growBlob(blob, newLength);
      this.objects.resized(table.handle(address));
    } else if (table.fits(table.keyLength(address), flags, newLength)) {
      address = this.reshape(address, flags, newLength, 0, KEEP_EXPIRY);
      if (newLength > oldLength)
        table.bytesOf(address).fill(0, table.valueOffset(address) + oldLength, table.valueOffset(address) + newLength);
    } else {
      table.ensureRoom(table.keyLength(address), flags | OUTSIDE, 0);
      const blob = new Blob(Buffer.alloc(newLength + Math.min(newLength, MAX_SLACK)), newLength);
      const offset = table.valueOffset(address);
      table.bytesOf(address).copy(blob.buffer, 0, offset, offset + oldLength);
      address = this.reshape(address, flags | OUTSIDE, 0, this.objects.add(blob), KEEP_EXPIRY);
    }
    table.setMeta(address, makeMeta(Type.STRING, Encoding.RAW, this.access(address)));
    this.announce(address);
    return address;
  }

  /** Sets when a key expires: a time in ms, or NO_EXPIRY. -> its address. */
  setExpiry(address: number, expireAt: number): number {
    const { table } = this;
    table.beforeChange(address);
    const flags = table.flags(address);
    const handle = (flags & OUTSIDE) === 0 ? 0 : table.handle(address);
    const length = table.valueLength(address);
    if (expireAt !== NO_EXPIRY && (flags & OUTSIDE) === 0 && !table.fits(table.keyLength(address), flags | EXPIRES, length)) {
      const offset = table.valueOffset(address);
      table.ensureRoom(table.keyLength(address), flags | OUTSIDE | EXPIRES, 0);
      const blob = new Blob(copied(table.bytesOf(address), offset, offset + length));
      address = this.reshape(address, flags | OUTSIDE | EXPIRES, 0, this.objects.add(blob), expireAt);
    } else {
      const newFlags = expireAt === NO_EXPIRY ? flags & ~EXPIRES : flags | EXPIRES;
      table.ensureRoom(table.keyLength(address), newFlags, length);
      address = this.reshape(address, newFlags, length, handle, expireAt);
    }
    this.announce(address);
    return address;
  }

  /** `setExpiry` for a time that a number does not hold exactly: more than 2^53 ms, as int64. */
  setFarExpiry(address: number, expireAt: bigint): number {
    const moved = this.setExpiry(address, Number(expireAt));
    this.expiry.refine(moved, expireAt);
    return moved;
  }

  /** Deletes a key. */
  delete(address: number): void {
    this.remove(address);
    this.keyspace.changed();
  }

  private remove(address: number): void {
    const { table } = this;
    table.beforeChange(address);
    this.tellWatchers(address);
    const flags = table.flags(address);
    if ((flags & EXPIRES) !== 0) this.expiry.remove(address);
    if ((flags & OUTSIDE) !== 0) this.objects.remove(table.handle(address));
    table.remove(address);
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
    const { table } = this;
    const expireAt = this.expiryOf(address);
    const meta = table.meta(address);
    target.hash = target.table.hash(key, from, length);
    let value = this.stringBuffer(address);
    let valueFrom = this.stringOffset(address);
    const valueLength = this.stringLength(address);
    if (!options.move && (table.flags(address) & OUTSIDE) !== 0) {
      value = Buffer.from(value.subarray(0, valueLength)); // setString may keep the buffer it is given: two keys must not share one
      valueFrom = 0;
    }
    const made = target.setString(0, key, from, length, value, valueFrom, valueFrom + valueLength, expireAt);
    target.table.setMeta(made, meta);
    // Only now: there may have been no memory for the new one.
    if (options.replaced !== undefined && options.replaced !== 0) target.remove(options.replaced);
    if (expireAt > Number.MAX_SAFE_INTEGER) target.expiry.refine(made, this.expiry.exact(address));
    if (options.move) this.remove(address);
  }

  /** Empties the database, its memory given back at once (`sync`) or bit by bit. -> how many keys went. */
  clear(options: { sync: boolean }): number {
    const { keyspace, table } = this;
    const keys = table.size;
    if (keyspace.watched.size > 0) keyspace.watched.touchExisting(this);
    if (keys === 0) return 0;
    this.table = new Table(keyspace.space, { meta: true });
    this.expiry = new ExpiryIndex(this.table, keyspace.now);
    const release = (address: number) => {
      if ((table.flags(address) & OUTSIDE) !== 0) this.objects.remove(table.handle(address));
    };
    if (options.sync) keyspace.lazyFree.freeNow(table, release);
    else keyspace.lazyFree.add(table, release);
    keyspace.changed(keys);
    return keys;
  }

  /** Exchanges contents with another database. */
  exchange(other: Database): void {
    [this.table, other.table] = [other.table, this.table];
    [this.expiry, other.expiry] = [other.expiry, this.expiry];
  }

  private announce(address: number): void {
    this.keyspace.changed();
    this.tellWatchers(address);
  }

  private tellWatchers(address: number): void {
    const { keyspace, table } = this;
    if (keyspace.watched.size > 0)
      keyspace.watched.touch(this, table.keyBuffer(address), table.keyOffset(address), table.keyLength(address));
  }

  /** Publishes a keyspace event if anybody asked for its class. */
  event(event: EventClass, name: string, key: Buffer, from: number, length: number): void {
    const { keyspace } = this;
    if ((keyspace.eventClasses & event) === 0 || keyspace.publishEvent === null) return;
    keyspace.publishEvent(event, name, key.subarray(from, from + length), this.index);
  }
}

function encodingFor(value: Buffer, from: number, to: number): Encoding {
  if (to - from <= 20 && isInt64(value, from, to)) return Encoding.INT;
  return to - from <= EMBSTR_LIMIT ? Encoding.EMBSTR : Encoding.RAW;
}

function adopt(value: Buffer, from: number, to: number): Blob {
  if (to - from >= value.length * ADOPT_SHARE && value.length - (to - from) < MAX_SLACK && value.buffer.byteLength === value.length) {
    return new Blob(value.subarray(from, to));
  }
  return new Blob(copied(value, from, to));
}

function growBlob(blob: Blob, length: number): void {
  if (length > blob.buffer.length) {
    const grown = Buffer.allocUnsafeSlow(length + Math.min(length, MAX_SLACK));
    blob.buffer.copy(grown, 0, 0, blob.length);
    blob.buffer = grown;
  }
  if (length > blob.length) blob.buffer.fill(0, blob.length, length);
  blob.length = length;
}
