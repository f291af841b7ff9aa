/** A value that has no key yet: what a file, a payload or a command (SORT STORE, ...) builds, to be put at a key whole when it is done. */

import { assert } from "../assert.ts";
import { copyBytes, moveBytes } from "../base/bytes.ts";
import type { LargeObject } from "../memory/objects.ts";
import type { TableSpace } from "../memory/record-table.ts";
import { emptyPacked, type Holder } from "./holder.ts";
import type { ValueLimits } from "./limits.ts";
import { Encoding, Type } from "./value-types.ts";

/** Room that the buffer starts with, and that it is let go of above. */
const MIN_BYTES = 1024;
const MAX_KEPT_BYTES = 64 * 1024;

export class Temporary implements Holder {
  readonly tables: TableSpace;
  readonly limits: ValueLimits;
  type: Type = Type.STRING;
  encoding: Encoding = Encoding.RAW;
  object: LargeObject | null = null;
  buffer = Buffer.allocUnsafeSlow(MIN_BYTES);
  readonly from = 0;
  to = 0;
  hiddenBefore = 0;

  constructor(tables: TableSpace, limits: ValueLimits) {
    this.tables = tables;
    this.limits = limits;
  }

  /** Starts an empty value of this type; the object may be used again and again. Returns itself. */
  begin(type: Type): this {
    this.discard();
    const empty = emptyPacked(type);
    this.type = type;
    this.encoding = empty.encoding;
    this.to = copyBytes(this.buffer, 0, empty.bytes, 0, empty.bytes.length);
    return this;
  }

  splice(at: number, removed: number, inserted: number): void {
    assert(this.object === null, "packed bytes are edited only as long as the value is no object");
    const length = this.to;
    assert(at >= 0 && removed >= 0 && inserted >= 0 && at + removed <= length, "a splice takes out bytes of the value");
    const newLength = length - removed + inserted;
    if (newLength > this.buffer.length) this.grow(newLength);
    moveBytes(this.buffer, at + inserted, at + removed, length);
    this.to = newLength;
  }

  setPacked(encoding: Encoding, length: number): void {
    assert(length >= 0, "packed bytes are no fewer than none");
    this.dropObject();
    if (length > this.buffer.length) this.grow(length);
    this.encoding = encoding;
    this.to = length;
  }

  setObject(encoding: Encoding, object: LargeObject): void {
    assert(object !== this.object, "an object does not take its own place, or it would be freed and kept");
    this.dropObject();
    this.encoding = encoding;
    this.object = object;
    this.tables.arena.drafts++;
    this.to = 0;
  }

  /** What it holds has found its key. */
  release(): void {
    if (this.object !== null) this.tables.arena.drafts--;
    this.object = null;
    this.to = 0;
    if (this.buffer.length > MAX_KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(MIN_BYTES);
  }

  /** What it holds is not wanted: its memory is given back. */
  discard(): void {
    this.dropObject();
    this.release();
  }

  private dropObject(): void {
    if (this.object === null) return;
    this.object.free(() => false);
    this.object = null;
    this.tables.arena.drafts--;
    assert(this.tables.arena.drafts >= 0, "values that are being built are counted");
  }

  private grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(length, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.to);
    this.buffer = grown;
  }
}
