/**
 * Small hashes with times of fields. Fields and values are packed by turns, as in any small hash, so that whatever reads those reads these
 * too; behind them stand the times, one number for each field in the order of the fields:
 *
 *     listpack of fields and values
 *     count times of `width` halves of a byte    0: the field has none, else the time is base + number - 1
 *     base (6 bytes)                             the first of the times, in ms since 1970; 0 without any
 *
 * All numbers are little-endian, of two in a byte the first in its lower half. `width` (0 to 12) is not written down: it follows from the
 * lengths. It is as small as the times allow: fields that expire at once with each other take half a byte each, within three days of each
 * other three and a half.
 */

import { assert } from "../../assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import {
  type PackedSpace,
  packedBytes,
  packedCount,
  packedDelete,
  packedEnd,
  packedFirst,
  packedInsertPair,
  packedNext,
  packedReplace,
} from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";

/** What is read of a small hash. */
export type PackedBytes = Pick<Holder, "buffer" | "from" | "to">;

const BASE_BYTES = 6;

/** The times of one hash, while they are changed. */
let times = new Float64Array(512);
/** The bytes of a hash that changes its encoding. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** The fields and values of a hash alone, for edits of them. */
class Pairs implements PackedSpace {
  private h: Holder;
  private trailer = 0;

  constructor(h: Holder) {
    this.h = h;
  }

  of(h: Holder): this {
    this.h = h;
    this.trailer = trailerBytes(h);
    return this;
  }

  get buffer(): Buffer {
    return this.h.buffer;
  }

  get from(): number {
    return this.h.from;
  }

  get to(): number {
    return this.h.to - this.trailer;
  }

  splice(at: number, removed: number, inserted: number): void {
    this.h.splice(at, removed, inserted);
  }
}

let pairs: Pairs | null = null;

function pairsOf(h: Holder): Pairs {
  pairs ??= new Pairs(h);
  return pairs.of(h);
}

function trailerBytes({ buffer, from, to }: PackedBytes): number {
  return to - from - packedBytes(buffer, from);
}

/** The halves of a byte that each time takes. */
function widthOf(h: PackedBytes): number {
  const count = packedCount(h.buffer, h.from) >>> 1;
  return count === 0 ? 0 : Math.floor(((trailerBytes(h) - BASE_BYTES) * 2) / count);
}

/** The bytes that so many times take. */
function timesBytes(count: number, width: number): number {
  return Math.ceil((count * width) / 2);
}

/** Whether a field has a time. */
export function hasPackedTimes(h: PackedBytes): boolean {
  return trailerBytes(h) > BASE_BYTES;
}

/** The first of the times, infinity when no field has one. */
export function soonestPacked(h: PackedBytes): number {
  return hasPackedTimes(h) ? h.buffer.readUIntLE(h.to - BASE_BYTES, BASE_BYTES) : Number.POSITIVE_INFINITY;
}

/** The time of field number `index`, or NO_TIME. */
export function packedTime(h: PackedBytes, index: number): number {
  const width = widthOf(h);
  if (width === 0) return NO_TIME;
  const start = h.from + packedBytes(h.buffer, h.from);
  const from = start + ((index * width) >>> 1);
  const bytes = h.buffer.readUIntLE(from, start + timesBytes(index + 1, width) - from);
  // One that begins in the upper half of a byte is behind another, one that ends in the lower half before one.
  const number = Math.floor(bytes / (((index * width) & 1) === 0 ? 1 : 16)) % 16 ** width;
  return number === 0 ? NO_TIME : soonestPacked(h) + number - 1;
}

/** The number of the field at `at`. */
export function packedIndex({ buffer, from }: PackedBytes, at: number): number {
  let index = 0;
  for (let place = packedFirst(buffer, from); place < at; place = packedNext(buffer, packedNext(buffer, place))) index++;
  return index;
}

/** Gives the field at `at` a time or, with NO_TIME, none. */
export function setPackedTime(h: Holder, at: number, time: number): void {
  const index = packedIndex(h, at);
  if (packedTime(h, index) === time) return;
  const count = readTimes(h);
  times[index] = time;
  writeTimes(h, count);
}

/** Gives a small hash without times these, one for each field in their order, NO_TIME for none. */
export function setPackedTimes(h: Holder, list: readonly number[]): void {
  allowPackedTimes(h);
  const count = readTimes(h);
  assert(count === list.length, "there is a time for each field");
  for (let index = 0; index < count; index++) times[index] = list[index];
  writeTimes(h, count);
}

/** Turns a small hash without times into one that can have them. */
export function allowPackedTimes(h: Holder): void {
  const length = h.to - h.from;
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length * 2);
  copyBytes(scratch, 0, h.buffer, h.from, h.to);
  h.setPacked(Encoding.LISTPACK_EX, length + BASE_BYTES);
  const end = copyBytes(h.buffer, h.from, scratch, 0, length);
  h.buffer.fill(0, end, end + BASE_BYTES);
}

/** Adds a field, without a time, at the end. */
export function addPackedTimed(h: Holder, field: Buffer, fFrom: number, fTo: number, value: Buffer, vFrom: number, vTo: number): void {
  const count = hasPackedTimes(h) ? readTimes(h) : 0;
  const space = pairsOf(h);
  packedInsertPair(space, packedEnd(space), field, fFrom, fTo, value, vFrom, vTo);
  if (count === 0) return;
  times[count] = NO_TIME;
  writeTimes(h, count + 1);
}

/** Replaces the value at `place`; the time of its field stays. */
export function replacePackedValue(h: Holder, place: number, value: Buffer, vFrom: number, vTo: number): void {
  packedReplace(pairsOf(h), place, value, vFrom, vTo);
}

/** Takes the field at `at` out. */
export function deletePackedTimed(h: Holder, at: number): void {
  const index = packedIndex(h, at);
  const count = readTimes(h);
  times.copyWithin(index, index + 1, count);
  const trailer = trailerBytes(h);
  packedDelete(pairsOf(h), at, 2);
  assert(trailerBytes(h) === trailer, "an edit of fields leaves the times behind them alone");
  writeTimes(h, count - 1);
}

/** Takes out the fields whose time is before `now`; `leaving` is told where each is, just before. Returns how many. */
export function deletePackedDue(h: Holder, now: number, leaving: (at: number) => void): number {
  const count = readTimes(h);
  const space = pairsOf(h);
  let left = 0;
  let at = packedFirst(h.buffer, h.from);
  // The times are written once, when all are gone: each by itself would take time that grows with their number.
  for (let index = 0; index < count; index++) {
    const time = times[index];
    if (time === NO_TIME || time >= now) {
      times[left++] = time;
      at = packedNext(h.buffer, packedNext(h.buffer, at));
    } else {
      leaving(at);
      at = packedDelete(space, at, 2);
    }
  }
  if (left < count) writeTimes(h, left);
  return count - left;
}

/** Reads all times into `times`. Returns how many there are. */
function readTimes(h: PackedBytes): number {
  const count = packedCount(h.buffer, h.from) >>> 1;
  if (times.length < count + 1) times = new Float64Array(count * 2);
  for (let index = 0; index < count; index++) times[index] = packedTime(h, index);
  return count;
}

/** Writes the first `count` of `times`, one for each field. */
function writeTimes(h: Holder, count: number): void {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (let index = 0; index < count; index++) {
    const time = times[index];
    if (time === NO_TIME) continue;
    if (time < first) first = time;
    if (time > last) last = time;
  }
  let width = 0;
  if (first !== Number.POSITIVE_INFINITY) for (let left = last - first + 1; left > 0; left = Math.floor(left / 16)) width++;
  // One time alone takes whole bytes: of it, the length would not tell.
  if (count === 1) width += width & 1;
  const before = trailerBytes(h);
  const after = timesBytes(count, width) + BASE_BYTES;
  const start = h.to - h.from - before;
  if (before !== after) h.splice(start, before, after);
  const { buffer } = h;
  let half = 2 * (h.from + start);
  for (let index = 0; index < count; index++) {
    let number = times[index] === NO_TIME ? 0 : times[index] - first + 1;
    for (let left = width; left > 0; left--, half++) {
      if ((half & 1) === 0) buffer[half >>> 1] = number % 16;
      else buffer[half >>> 1] |= (number % 16) << 4;
      number = Math.floor(number / 16);
    }
  }
  const at = (half + 1) >>> 1;
  buffer.writeUIntLE(width === 0 ? 0 : first, at, BASE_BYTES);
  assert(at + BASE_BYTES === h.to, "the times end where the hash does");
}
