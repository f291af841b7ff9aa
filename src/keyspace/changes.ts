/**
 * The gate of changes: every record enters, leaves and changes through here, and its observers are told in this order: the table's guard
 * before anything is changed (a snapshot keeps the old image), then clients that wait for the key to go or to come, then events, then the
 * count of changes and clients that watch the key.
 *
 * What a record is to look like is said by four words, its shape: `meta` (type, encoding and access bits, see record-meta.ts), `room`
 * (bytes of the inline value, undefined until the caller writes them), `object` (what is held outside in its place, or null) and `expireAt`
 * (ms since 1970, NO_EXPIRY or KEEP_EXPIRY). They are arguments and not an object: nothing is allocated for a change.
 */

import { assert } from "../assert.ts";
import type { LargeObject } from "../memory/objects.ts";
import { EXPIRES, OUTSIDE } from "../memory/record.ts";
import { isTimed } from "../values/hash/timed.ts";
import type { Encoding, Type } from "../values/value-types.ts";
import { EventClass } from "./events.ts";
import { FieldExpiry } from "./field-expiry.ts";
import { Lookup, NO_EXPIRY } from "./lookup.ts";
import { Observer } from "./observers.ts";
import { makeMeta, metaType } from "./record-meta.ts";

/** In place of an expiry time: the key keeps what it has. */
export const KEEP_EXPIRY = -2;

/** What a record holds outside, null when its value lies inside. */
export type Held = LargeObject | null;

export abstract class Changes extends Lookup {
  /** The meta word for a value of this type at the key at `address` (0: a new one), whose access bits stay. */
  metaFor(address: number, type: Type, encoding: Encoding): number {
    return makeMeta(type, encoding, address === 0 ? this.freshAccess() : this.access(address));
  }

  // ---- a record enters

  /**
   * Enters a key that is not there and tells no observer: what is loaded was there before. All of it is done or, for want of memory,
   * nothing. Returns its address. Errors: ArenaFull.
   */
  place(hash: number, key: Buffer, from: number, length: number, meta: number, room: number, object: Held, expireAt: number): number {
    const { table } = this;
    assert(object === null || room === 0, "a value lies in its record or outside, not in both");
    const expires = expireAt === NO_EXPIRY ? 0 : EXPIRES;
    let address: number;
    if (object === null) {
      address = table.insert(hash, key, from, length, expires, room);
    } else {
      table.ensureRoom(length, expires | OUTSIDE, 0);
      address = table.insert(hash, key, from, length, expires | OUTSIDE, 0, this.objects.add(object));
    }
    if (expires !== 0) {
      this.expiry.add(address, expireAt);
      this.noteDeadline(address);
    }
    table.setMeta(address, meta);
    return address;
  }

  /** As `place`, and tells those that wait for new keys. The caller writes the value and ends with `announce`. */
  create(hash: number, key: Buffer, from: number, length: number, meta: number, room: number, object: Held, expireAt: number): number {
    assert(expireAt !== KEEP_EXPIRY, "a new key has no expiry to keep");
    const address = this.place(hash, key, from, length, meta, room, object, expireAt);
    if (this.keyspace.observers.mask !== 0) {
      this.noteReady(key, from, length, metaType(meta));
      this.event(EventClass.NEW, "new", key, from, length);
    }
    return address;
  }

  // ---- a record changes

  /**
   * Gives the key at `address` another shape; what it held outside is given up, unless it is `object` still. All of it is done or, for want
   * of memory, nothing. The caller writes the value and ends with `announce`. Returns its address. Errors: ArenaFull.
   */
  reshape(address: number, meta: number, room: number, object: Held, expireAt: number): number {
    const { table, objects } = this;
    assert(object === null || room === 0, "a value lies in its record or outside, not in both");
    const old = table.flags(address);
    const expires = expireAt === KEEP_EXPIRY ? old & EXPIRES : expireAt === NO_EXPIRY ? 0 : EXPIRES;
    const flags = object === null ? expires : expires | OUTSIDE;
    // Only where more than the record changes: it could not be taken back.
    if (((flags | old) & OUTSIDE) !== 0 || (old & ~flags) !== 0) table.ensureRoom(table.keyLength(address), flags, room);
    table.beforeChange(address);
    const held = (old & OUTSIDE) === 0 ? null : objects.get(table.handle(address));
    let handle = 0;
    if (object !== null) handle = object === held ? table.handle(address) : objects.add(object);
    if (held !== null && held !== object) this.dropObject(address);
    const moved = this.resizeRecord(address, flags, room, handle, expireAt);
    table.setMeta(moved, meta);
    return moved;
  }

  /** Changes the room of an inline value, whose bytes are kept as far as they go. Returns the key's address. Hot. */
  resizeValue(address: number, room: number): number {
    return this.resizeRecord(address, this.table.flags(address), room, 0, KEEP_EXPIRY);
  }

  /** Keeps the expiry index in step with a record that may move. */
  private resizeRecord(address: number, flags: number, room: number, handle: number, expireAt: number): number {
    const { table, expiry } = this;
    const had = (table.flags(address) & EXPIRES) !== 0;
    const has = (flags & EXPIRES) !== 0;
    assert(has || expireAt < 0, "an expiry has its place in the record");
    if (had && !has) expiry.remove(address);
    const moved = table.resize(address, flags, room, handle);
    if (had && has) {
      expiry.moved(address, moved);
      if (expireAt !== KEEP_EXPIRY) expiry.change(moved, expireAt);
    } else if (has) {
      expiry.add(moved, expireAt);
    }
    if (has && expireAt !== KEEP_EXPIRY) this.noteDeadline(moved);
    return moved;
  }

  private noteDeadline(address: number): void {
    const { onDeadline } = this.keyspace;
    if (onDeadline !== null) onDeadline(this.index, this.table.key(address));
  }

  // ---- a record leaves

  /** Deletes a key, which counts as `count` changes, and publishes DEL's event. */
  delete(address: number, count = 1): void {
    const { keyspace, table } = this;
    const key = (keyspace.eventClasses & EventClass.GENERIC) === 0 ? null : table.key(address);
    this.remove(address);
    keyspace.changed(count);
    if (key !== null) this.event(EventClass.GENERIC, "del", key, 0, key.length);
  }

  /** Takes a record out. `objectStays`: what it holds outside is another's by now, and is not given up. */
  remove(address: number, objectStays = false): void {
    const { table, expiry } = this;
    assert(address !== 0 && table.size > 0, "a record that leaves is there");
    table.beforeChange(address);
    this.tellWatchers(address);
    this.noteGone(address);
    const flags = table.flags(address);
    if ((flags & EXPIRES) !== 0) expiry.remove(address);
    if ((flags & OUTSIDE) !== 0) {
      if (objectStays) this.objects.remove(table.handle(address));
      else this.dropObject(address);
    }
    table.remove(address);
    assert(expiry.size <= table.size, "a record that leaves has no expiry left behind");
  }

  /** Gives up what the record at `address` holds outside. */
  private dropObject(address: number): void {
    const handle = this.table.handle(address);
    const object = this.objects.get(handle);
    this.objects.remove(handle);
    this.keyspace.lazyFree.drop(object);
  }

  // ---- times of fields

  /** The hash at `address` may have other fields with times than before. */
  noteFields(address: number): void {
    const { keyspace, table } = this;
    if (!isTimed(this.encoding(address))) return;
    const soonest = this.soonestFieldOf(address);
    if (soonest === Number.POSITIVE_INFINITY) return this.forgetFields(address);
    this.fields ??= new FieldExpiry(keyspace.space, keyspace.now);
    this.fields.note(table.hashOf(address), soonest, keyspace.now);
  }

  /** The key at `address` was made at one go: if it is a hash, its fields may have times. */
  protected noteMade(address: number): void {
    this.noteFields(address);
    const { onFieldTime } = this.keyspace;
    if (onFieldTime !== null && isTimed(this.encoding(address))) onFieldTime(this.index, this.table.key(address), null);
  }

  /** The hash at `address`, if it is one, goes or has no times any more. */
  private forgetFields(address: number): void {
    if (!isTimed(this.encoding(address))) return;
    const hash = this.table.hashOf(address);
    if (this.timedOfHash(hash).every((other) => other === address)) this.fields?.drop(hash);
  }

  /** Whether the key at `address` is a hash with a field that has a time. */
  hasFieldTimes(address: number): boolean {
    return isTimed(this.encoding(address)) && this.soonestFieldOf(address) !== Number.POSITIVE_INFINITY;
  }

  /** The hashes with times whose keys have this hash. */
  protected timedOfHash(hash: number): number[] {
    const { table } = this;
    const found: number[] = [];
    for (const chain of [table.oldChainOf(hash), table.chainOf(hash)]) {
      if (chain < 0) continue;
      for (let at = table.chain(chain); at !== 0; at = table.next(at))
        if (table.hashOf(at) === hash && isTimed(this.encoding(at))) found.push(at);
    }
    return found;
  }

  // ---- observers

  /** The key at `address` has changed, which counts as `count` changes. */
  announce(address: number, count = 1): void {
    this.keyspace.changed(count);
    this.tellWatchers(address);
  }

  private tellWatchers(address: number): void {
    const { keyspace, table } = this;
    const { mask } = keyspace.observers;
    if ((mask & (Observer.WATCH | Observer.TRACKING)) === 0) return;
    const [key, from, length] = [table.keyBuffer(address), table.keyOffset(address), table.keyLength(address)];
    if ((mask & Observer.WATCH) !== 0) keyspace.watched.touch(this.index, key, from, length);
    keyspace.tracker?.keyChanged(key, from, length);
  }

  /** The key holds a new value of `type`, or (a stream) more than before: clients may wait for that. */
  noteReady(key: Buffer, from: number, length: number, type: Type): void {
    const { observers, blocked } = this.keyspace;
    if ((observers.mask & Observer.BLOCKED) !== 0) blocked.keyReady(this.index, key, from, length, type);
  }

  /** The value of the key at `address` is deleted or replaced: clients may wait for that. */
  protected noteGone(address: number): void {
    const { keyspace, table } = this;
    if (this.fields !== null) this.forgetFields(address);
    if ((keyspace.observers.mask & Observer.BLOCKED) === 0) return;
    keyspace.blocked.keyGone(this.index, table.keyBuffer(address), table.keyOffset(address), table.keyLength(address), this.type(address));
  }
}
