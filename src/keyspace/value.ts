/**
 * The value of a key, opened for reading or changing: the `Holder` that the data types work on. Reused from one command to the next. A key
 * that is not there is opened as an empty value of the type asked for, and comes to be with the first byte that is put into it. Hot.
 */

import { assert } from "../assert.ts";
import { copyBytes, moveBytes } from "../base/bytes.ts";
import { errors } from "../errors.ts";
import { Blob, type LargeObject } from "../memory/objects.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { TableSpace } from "../memory/record-table.ts";
import { isTimed } from "../values/hash/timed.ts";
import { emptyPacked, type Holder } from "../values/holder.ts";
import type { ValueLimits } from "../values/limits.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { KEEP_EXPIRY } from "./changes.ts";
import type { Database } from "./database.ts";
import type { EventClass } from "./events.ts";
import { ExpiryMode, type KeyAccess } from "./key-access.ts";
import type { Keyspace } from "./keyspace.ts";
import { NO_EXPIRY } from "./lookup.ts";

/** Packed bytes that were too long for a record go back into it when they are no more than this. */
const INLINE_AGAIN_BYTES = 8 * 1024;
/** Packed bytes outside the record get room to grow by this share. */
const SLACK_SHARE = 1 / 4;

export class Value implements Holder {
  readonly tables: TableSpace;
  readonly limits: ValueLimits;
  database: Database;
  /** Of the key's record; 0 as long as there is none. */
  address = 0;
  type: Type = Type.STRING;
  encoding: Encoding = Encoding.RAW;
  object: LargeObject | null = null;
  buffer: Buffer;
  from = 0;
  to = 0;
  private key: Buffer;
  private keyFrom = 0;
  private keyLength = 0;
  private hash = 0;
  /** The packed bytes when they are outside the record. */
  private blob: Blob | null = null;

  private readonly keyspace: Keyspace;
  private readonly access: Pick<KeyAccess, "expiryMode"> | null;

  /** `access`: the command that opens it, which says whether fields that have expired are hidden; without one they are not. */
  constructor(keyspace: Keyspace, access: Pick<KeyAccess, "expiryMode"> | null = null) {
    this.keyspace = keyspace;
    this.access = access;
    this.tables = keyspace.space;
    this.limits = keyspace.limits;
    this.database = keyspace.databases[0];
    this.buffer = emptyPacked(Type.STRING).bytes;
    this.key = this.buffer;
  }

  get hiddenBefore(): number {
    return this.access === null || this.access.expiryMode === ExpiryMode.KEEP ? 0 : this.keyspace.now;
  }

  get exists(): boolean {
    return this.address !== 0;
  }

  /**
   * Opens key[from, from + length), which a lookup just found at `address` (0: it is not there) and whose hash it noted, as a value of
   * `type`, or with null as what it is. The key's bytes must stay until the value is closed over. Returns itself. Errors: WRONGTYPE.
   */
  open(database: Database, address: number, hash: number, type: Type | null, key: Buffer, from: number, length: number): this {
    this.database = database;
    this.address = address;
    this.key = key;
    this.keyFrom = from;
    this.keyLength = length;
    this.hash = hash;
    if (address === 0) return this.openEmpty(type ?? Type.STRING);
    this.type = database.type(address);
    if (type !== null && this.type !== type) throw errors.wrongType;
    this.encoding = database.encoding(address);
    this.locate();
    return this;
  }

  private openEmpty(type: Type): this {
    const { encoding, bytes } = emptyPacked(type);
    this.type = type;
    this.encoding = encoding;
    this.object = null;
    this.blob = null;
    this.buffer = bytes;
    this.from = 0;
    this.to = bytes.length;
    return this;
  }

  /** What is held is about to change: snapshots keep what they need of it. */
  beforeChange(): void {
    if (this.address !== 0) this.database.table.beforeChange(this.address);
  }

  private locate(): void {
    const { table } = this.database;
    this.object = null;
    this.blob = null;
    if ((table.flags(this.address) & OUTSIDE) === 0) return table.locateValue(this.address, this);
    const held = this.tables.objects.get(table.handle(this.address));
    if (held instanceof Blob) {
      this.blob = held;
      this.buffer = held.buffer;
      this.from = 0;
      this.to = held.length;
    } else {
      this.object = held;
      this.from = 0;
      this.to = 0;
    }
  }

  // ---- packed bytes

  splice(at: number, removed: number, inserted: number): void {
    const length = this.to - this.from;
    const newLength = length - removed + inserted;
    assert(at >= 0 && at + removed <= length, "a splice lies within the value");
    const tail = at + removed;
    const newTail = at + inserted;
    if (this.address === 0) {
      const { buffer, from } = this;
      this.setPacked(this.encoding, newLength);
      copyBytes(this.buffer, this.from, buffer, from, from + at);
      copyBytes(this.buffer, this.from + newTail, buffer, from + tail, from + length);
    } else if (this.blob !== null) {
      this.spliceBlob(this.blob, newLength, tail, newTail, length);
    } else if (newLength <= length) {
      this.beforeChange(); // the tail moves before the record is resized
      moveBytes(this.buffer, this.from + newTail, this.from + tail, this.to);
      this.resize(newLength);
    } else if (this.fits(newLength)) {
      this.resize(newLength);
      moveBytes(this.buffer, this.from + newTail, this.from + tail, this.from + length);
    } else {
      const grown = Buffer.allocUnsafeSlow(Math.ceil(newLength * (1 + SLACK_SHARE)));
      this.buffer.copy(grown, 0, this.from, this.from + at);
      this.buffer.copy(grown, newTail, this.from + tail, this.to);
      this.shape(0, new Blob(grown, newLength));
    }
  }

  private resize(length: number): void {
    this.address = this.database.resizeValue(this.address, length);
    this.database.table.locateValue(this.address, this);
  }

  private spliceBlob(blob: Blob, newLength: number, tail: number, newTail: number, length: number): void {
    this.beforeChange();
    if (newLength <= INLINE_AGAIN_BYTES && this.fits(newLength)) {
      const { buffer } = blob; // the record gives up the blob and not its bytes
      this.setPacked(this.encoding, newLength);
      copyBytes(this.buffer, this.from, buffer, 0, Math.min(tail, newTail));
      copyBytes(this.buffer, this.from + newTail, buffer, tail, length);
      return;
    }
    if (newLength > blob.buffer.length || newLength < blob.buffer.length / 4) {
      const room = Buffer.allocUnsafeSlow(Math.ceil(newLength * (1 + SLACK_SHARE)));
      blob.buffer.copy(room, 0, 0, Math.min(tail, newTail));
      blob.buffer.copy(room, newTail, tail, length);
      blob.buffer = room;
    } else {
      moveBytes(blob.buffer, newTail, tail, length);
    }
    blob.length = newLength;
    this.tables.objects.resized(this.database.table.handle(this.address));
    this.buffer = blob.buffer;
    this.to = newLength;
  }

  private fits(length: number): boolean {
    const { table } = this.database;
    const flags = this.address === 0 ? 0 : table.flags(this.address) & ~OUTSIDE;
    return table.fits(this.keyLength, flags, length);
  }

  setPacked(encoding: Encoding, length: number): void {
    this.encoding = encoding;
    if (this.fits(length)) this.shape(length, null);
    else this.shape(0, new Blob(Buffer.allocUnsafeSlow(length)));
  }

  // ---- objects

  setObject(encoding: Encoding, object: LargeObject): void {
    this.encoding = encoding;
    this.shape(0, object);
  }

  /** Gives the record room for so many packed bytes, or `object`; it comes to be if there is none. */
  private shape(room: number, object: LargeObject | null): void {
    const { database, address } = this;
    const meta = database.metaFor(address, this.type, this.encoding);
    if (address !== 0) this.address = database.reshape(address, meta, room, object, KEEP_EXPIRY);
    else this.address = database.create(this.hash, this.key, this.keyFrom, this.keyLength, meta, room, object, NO_EXPIRY);
    this.locate();
  }

  // ---- when the change is made

  /** The value has changed, which counts as `count` changes. */
  changed(count = 1): void {
    assert(this.address !== 0, "a value that has changed has a key");
    if (this.object !== null) this.tables.objects.resized(this.database.table.handle(this.address));
    if (isTimed(this.encoding)) this.database.noteFields(this.address);
    this.database.announce(this.address, count);
  }

  /**
   * Elements were removed, which counts as `count` changes and is published as `event`; `left` are in the value still. Without any the key
   * is deleted, which is published after that.
   */
  shrunk(left: number, count: number, event: EventClass, name: string): void {
    const { database } = this;
    assert(left >= 0 && this.address !== 0, "what shrinks is there");
    database.event(event, name, this.key, this.keyFrom, this.keyLength);
    if (left > 0) return this.changed(count);
    database.delete(this.address, count);
    this.forget();
  }

  /** Takes back a key that was just made and could not be filled; no one is told. */
  undo(): void {
    this.database.remove(this.address);
    this.forget();
  }

  private forget(): void {
    this.address = 0;
    this.openEmpty(this.type);
  }
}
