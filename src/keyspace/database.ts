/**
 * One database, and every way in which it changes (how it is looked at: lookup.ts). Every read and every change of a key goes through here, and every change is announced
 * (WATCH, dirty counter; the table's guard hears of it before). Hot: `find` and `setString` make no object and no string.
 *
 * Methods take a key as bytes[from, from + length), or the address that a lookup gave; an address is good until the next change of its key.
 */

import { copied, copyBytes, integerLength, isInt64, writeInteger } from "../base/bytes.ts";
import { Blob, type LargeObject } from "../memory/objects.ts";
import { EXPIRES, OUTSIDE } from "../memory/record.ts";
import { type ByteSpan, Table } from "../memory/record-table.ts";
import type { Temporary } from "../values/temporary.ts";
import { EMBSTR_LIMIT, Encoding, Type } from "../values/value-types.ts";
import { EventClass } from "./events.ts";
import { ExpiryIndex } from "./expiry.ts";
import { Lookup, NO_EXPIRY } from "./lookup.ts";
import { makeMeta, metaEncoding, metaType } from "./record-meta.ts";

/** In place of an expiry time: the key keeps what it has. */
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

export class Database extends Lookup {
  /** Deletes a key because its time has passed, and says so to journal and listeners. */
  protected expire(address: number): void {
    const { keyspace, table } = this;
    const key = table.key(address);
    keyspace.listener?.expiring(this, key, 0, key.length);
    keyspace.stats.expired++;
    this.remove(address);
    this.event(EventClass.EXPIRED, "expired", key, 0, key.length);
  }

  /** Deletes a key because memory is full, and says so to journal and listeners. */
  evict(address: number): void {
    const { keyspace, table } = this;
    const key = table.key(address);
    keyspace.listener?.evicting(this, key);
    keyspace.stats.evicted++;
    this.remove(address);
    this.event(EventClass.EVICTED, "evicted", key, 0, key.length);
  }

  /** Deletes keys that are due until `stop()`. -> whether none is left. */
  expireDue(stop: () => boolean): boolean {
    return this.expiry.expireDue(this.keyspace.now, (address) => this.expire(address), stop);
  }

  // ---- changing

  /**
   * Makes the key hold the string value[valueFrom, valueTo). `address` is what `find`, `read` or `write` just gave for the key (0: new), `hash` what it noted as
   * the key's. `expireAt` is a time in ms, NO_EXPIRY or KEEP_EXPIRY. -> the key's address.
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
    const encoding = encodingFor(value, valueFrom, valueTo);
    const meta = makeMeta(Type.STRING, encoding, address === 0 ? this.freshAccess() : this.access(address));
    if (address === 0) {
      address = this.insertString(hash, key, from, length, value, valueFrom, valueTo, expireAt);
      table.setMeta(address, meta);
    } else {
      this.noteGone(address);
      const flagsMask = expireAt === KEEP_EXPIRY ? OUTSIDE : OUTSIDE | EXPIRES;
      // Where nothing but the bytes is new, they are written where the old ones were.
      if (expireAt >= 0 || !table.overwrite(address, flagsMask, meta, value, valueFrom, valueTo)) {
        address = this.replaceString(address, length, value, valueFrom, valueTo, expireAt);
        table.setMeta(address, meta);
      }
    }
    this.announce(address);
    return address;
  }

  private insertString(
    hash: number,
    key: Buffer,
    from: number,
    length: number,
    value: Buffer,
    valueFrom: number,
    valueTo: number,
    expireAt: number,
  ): number {
    const { table } = this;
    const expires = expireAt < 0 ? 0 : EXPIRES;
    const inline = table.fits(length, expires, valueTo - valueFrom);
    const flags = inline ? expires : expires | OUTSIDE;
    const room = inline ? valueTo - valueFrom : 0;
    // Where more than the record is made, all of it is or, for want of memory, nothing.
    if (!inline) table.ensureRoom(length, flags, room);
    const handle = inline ? 0 : this.objects.add(adopt(value, valueFrom, valueTo));
    const address = table.insert(hash, key, from, length, flags, room, handle);
    if (expires !== 0) this.expiry.add(address, expireAt);
    if (inline) copyBytes(table.bytesOf(address), table.valueOffset(address), value, valueFrom, valueTo);
    this.noteNew(key, from, length);
    return address;
  }

  /** Gives the key at `address`, `length` bytes long, a string of any other shape. -> its address. */
  private replaceString(address: number, length: number, value: Buffer, valueFrom: number, valueTo: number, expireAt: number): number {
    const { table } = this;
    const oldFlags = table.flags(address);
    const expires = expireAt === KEEP_EXPIRY ? oldFlags & EXPIRES : expireAt === NO_EXPIRY ? 0 : EXPIRES;
    const inline = table.fits(length, expires, valueTo - valueFrom);
    const flags = inline ? expires : expires | OUTSIDE;
    const room = inline ? valueTo - valueFrom : 0;
    // Where more than the record changes, all of it is done or, for want of memory, nothing.
    if (((flags | oldFlags) & OUTSIDE) !== 0 || (oldFlags & ~flags) !== 0) table.ensureRoom(length, flags, room);
    table.beforeChange(address);
    const handle = inline ? 0 : this.objects.add(adopt(value, valueFrom, valueTo));
    if ((oldFlags & OUTSIDE) !== 0) this.dropObject(address);
    address = this.reshape(address, flags, room, handle, expireAt);
    if (inline) copyBytes(table.bytesOf(address), table.valueOffset(address), value, valueFrom, valueTo);
    return address;
  }

  /**
   * Makes the key hold the decimal form of a safe integer; its expiry stays. Arguments are those of `setString`. A number of as many digits as before is
   * written where it stands: counters neither move nor allocate. -> the key's address.
   */
  setInteger(address: number, hash: number, key: Buffer, from: number, length: number, value: number): number {
    const table = this.table;
    if (address !== 0 && metaEncoding(table.meta(address)) === Encoding.INT && table.valueLength(address) === integerLength(value)) {
      table.beforeChange(address);
      writeInteger(table.bytesOf(address), table.valueOffset(address), value);
      this.announce(address);
      return address;
    }
    return this.setString(address, hash, key, from, length, DIGITS, 0, writeInteger(DIGITS, 0, value), KEEP_EXPIRY);
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
    const opened = this.openString(address, newLength);
    this.announce(opened);
    return opened;
  }

  /** `resizeString` for a caller who does not know yet whether it will change a byte, or how many changes it makes: `announce` is left to it. */
  openString(address: number, newLength: number): number {
    const { table } = this;
    table.beforeChange(address);
    const flags = table.flags(address);
    const oldLength = this.stringLength(address);
    if (newLength === oldLength) {
      // Its bytes are where they have to be.
    } else if ((flags & OUTSIDE) !== 0) {
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

  /** Deletes a key, which counts as `count` changes. */
  delete(address: number, count = 1): void {
    this.remove(address);
    this.keyspace.changed(count);
  }

  private remove(address: number): void {
    const { table } = this;
    table.beforeChange(address);
    this.tellWatchers(address);
    this.noteGone(address);
    const flags = table.flags(address);
    if ((flags & EXPIRES) !== 0) this.expiry.remove(address);
    if ((flags & OUTSIDE) !== 0) this.dropObject(address);
    table.remove(address);
  }

  /** Gives up what the record at `address` holds outside. */
  private dropObject(address: number): void {
    const handle = this.table.handle(address);
    const object = this.objects.get(handle);
    this.objects.remove(handle);
    this.keyspace.lazyFree.drop(object);
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
    const expires = table.flags(address) & EXPIRES;
    const expireAt = this.expiryOf(address);
    const value = this.span;
    let held = this.heldAt(address, value);
    if (held === null && !target.table.fits(length, expires, value.to - value.from))
      held = new Blob(copied(value.buffer, value.from, value.to));
    else if (held !== null && !options.move) held = held.copy();
    const room = held === null ? value.to - value.from : 0;
    target.table.ensureRoom(length, held === null ? expires : expires | OUTSIDE, room);
    const made = target.create(target.table.hash(key, from, length), key, from, length, table.meta(address), room, held, expireAt);
    if (held === null) copyBytes(target.table.bytesOf(made), target.table.valueOffset(made), value.buffer, value.from, value.to);
    if (expireAt > Number.MAX_SAFE_INTEGER) target.expiry.refine(made, this.expiry.exact(address));
    target.announce(made);
    if (options.replaced !== undefined && options.replaced !== 0) target.remove(options.replaced);
    if (!options.move) return;
    // The object went along: what is left to remove is a record that holds nothing.
    if (held !== null && (table.flags(address) & OUTSIDE) !== 0) {
      table.beforeChange(address);
      this.objects.remove(table.handle(address));
      address = this.reshape(address, expires, 0, 0, KEEP_EXPIRY);
    }
    this.remove(address);
  }

  /** What is held outside at `address`, or null: then `span` says where the value lies. */
  private heldAt(address: number, span: ByteSpan): LargeObject | null {
    const { table } = this;
    if ((table.flags(address) & OUTSIDE) !== 0) return this.objects.get(table.handle(address));
    table.locateValue(address, span);
    return null;
  }

  // ---- values of every type (keyspace/value.ts opens them)

  /**
   * Makes a key that is not there, with room for `valueLength` bytes of undefined content or with `object` outside, and tells who waits for new keys. The caller has
   * made sure of memory where that matters. -> its address.
   */
  create(
    hash: number,
    key: Buffer,
    from: number,
    length: number,
    meta: number,
    valueLength: number,
    object: LargeObject | null,
    expireAt: number,
  ): number {
    const { table } = this;
    const flags = (expireAt === NO_EXPIRY ? 0 : EXPIRES) | (object === null ? 0 : OUTSIDE);
    if (object !== null) table.ensureRoom(length, flags, 0);
    const address = table.insert(hash, key, from, length, flags, valueLength, object === null ? 0 : this.objects.add(object));
    if (expireAt !== NO_EXPIRY) this.expiry.add(address, expireAt);
    table.setMeta(address, meta);
    this.noteReady(key, from, length, metaType(meta));
    this.noteNew(key, from, length);
    return address;
  }

  /** The meta word of a new value of this type. */
  freshMeta(type: Type, encoding: Encoding): number {
    return makeMeta(type, encoding, this.freshAccess());
  }

  /** The key holds a new value of `type`, or (a stream) more than before: clients may wait for that. */
  noteReady(key: Buffer, from: number, length: number, type: Type): void {
    const { blocked } = this.keyspace;
    if (blocked.size > 0) blocked.keyReady(this, key, from, length, type);
  }

  /** What the key at `address` holds goes, the key with it or not: clients may have to hear of that. */
  private noteGone(address: number): void {
    const { table } = this;
    const { blocked } = this.keyspace;
    if (blocked.size > 0)
      blocked.keyGone(this, table.keyBuffer(address), table.keyOffset(address), table.keyLength(address), this.type(address));
  }

  private noteNew(key: Buffer, from: number, length: number): void {
    if (this.keyspace.eventClasses !== 0) this.event(EventClass.NEW, "new", key, from, length);
  }

  /**
   * Gives the key at `address` another value of its own type or a new one: `object`, or room for `valueLength` bytes of undefined content. What it held outside is
   * given up. Its expiry stays unless given. -> its address.
   */
  replace(
    address: number,
    type: Type,
    encoding: Encoding,
    valueLength: number,
    object: LargeObject | null,
    options: { expireAt?: number } = {},
  ): number {
    const { table } = this;
    const expireAt = options.expireAt ?? KEEP_EXPIRY;
    const old = table.flags(address);
    const expires = expireAt === KEEP_EXPIRY ? old & EXPIRES : expireAt === NO_EXPIRY ? 0 : EXPIRES;
    const flags = object === null ? expires : expires | OUTSIDE;
    table.ensureRoom(table.keyLength(address), flags, valueLength);
    table.beforeChange(address);
    const handle = object === null ? 0 : this.objects.add(object);
    if ((old & OUTSIDE) !== 0) this.dropObject(address);
    const moved = this.reshape(address, flags, valueLength, handle, expireAt);
    table.setMeta(moved, makeMeta(type, encoding, this.access(moved)));
    return moved;
  }

  /** Changes the room of an inline value. -> the key's address. */
  resizeValue(address: number, valueLength: number): number {
    return this.reshape(address, this.table.flags(address), valueLength, 0, KEEP_EXPIRY);
  }

  /** Puts what a draft holds at a key, in place of the key at `address` (0: there is none). `expireAt` as in `setString`. -> its address. The draft is empty then. */
  install(draft: Temporary, key: Buffer, from: number, length: number, address: number, expireAt: number): number {
    const { table } = this;
    const expires = expireAt === KEEP_EXPIRY ? address !== 0 && (table.flags(address) & EXPIRES) !== 0 : expireAt !== NO_EXPIRY;
    let held = draft.object;
    const size = draft.to - draft.from;
    if (held === null && !table.fits(length, expires ? EXPIRES : 0, size)) held = new Blob(copied(draft.buffer, draft.from, draft.to));
    const room = held === null ? size : 0;
    if (address === 0) {
      const at = expireAt === KEEP_EXPIRY ? NO_EXPIRY : expireAt;
      address = this.create(
        this.table.hash(key, from, length),
        key,
        from,
        length,
        this.freshMeta(draft.type, draft.encoding),
        room,
        held,
        at,
      );
    } else {
      this.noteGone(address);
      address = this.replace(address, draft.type, draft.encoding, room, held, { expireAt });
    }
    if (held === null) copyBytes(table.bytesOf(address), table.valueOffset(address), draft.buffer, draft.from, draft.to);
    draft.release();
    this.announce(address);
    return address;
  }

  /**
   * Enters a key that is loaded with what a draft holds, with these access bits; nobody is told and nothing is counted. -> its address, or 0 and nothing done when
   * there is such a key. The draft is empty then.
   */
  load(draft: Temporary, key: LoadedString["key"], expireAt: number, access: number): number {
    const { table } = this;
    const length = key.to - key.from;
    const hash = table.hash(key.bytes, key.from, length);
    if (table.find(hash, key.bytes, key.from, length) !== 0) return 0;
    let held = draft.object;
    const size = draft.to - draft.from;
    const expires = expireAt === NO_EXPIRY ? 0 : EXPIRES;
    if (held === null && !table.fits(length, expires, size)) held = new Blob(copied(draft.buffer, draft.from, draft.to));
    const flags = held === null ? expires : expires | OUTSIDE;
    if (held !== null) table.ensureRoom(length, flags, 0);
    const handle = held === null ? 0 : this.objects.add(held);
    const address = table.insert(hash, key.bytes, key.from, length, flags, held === null ? size : 0, handle);
    if (expires !== 0) this.expiry.add(address, expireAt);
    if (held === null) copyBytes(table.bytesOf(address), table.valueOffset(address), draft.buffer, draft.from, draft.to);
    table.setMeta(address, makeMeta(draft.type, draft.encoding, access));
    draft.release();
    return address;
  }

  /** Empties the database, its memory given back at once (`sync`) or bit by bit. -> how many keys went. */
  clear(options: { sync: boolean }): number {
    const { keyspace, table } = this;
    const keys = table.size;
    if (keyspace.watched.size > 0) keyspace.watched.touchExisting(this);
    if (keyspace.blocked.size > 0) keyspace.blocked.contentsGo(this, null);
    if (keys === 0) return 0;
    this.table = new Table(keyspace.space, { meta: true });
    this.expiry = new ExpiryIndex(this.table, keyspace.now);
    const release = (address: number) => {
      if ((table.flags(address) & OUTSIDE) === 0) return;
      const handle = table.handle(address);
      const object = this.objects.get(handle);
      this.objects.remove(handle);
      if (object.streamed || !object.free(() => !options.sync)) keyspace.lazyFree.drop(object);
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

  /** The key at `address` has changed, which counts as `count` changes. */
  announce(address: number, count = 1): void {
    this.keyspace.changed(count);
    this.tellWatchers(address);
  }

  private tellWatchers(address: number): void {
    const { keyspace, table } = this;
    if (keyspace.watched.size > 0)
      keyspace.watched.touch(this, table.keyBuffer(address), table.keyOffset(address), table.keyLength(address));
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
