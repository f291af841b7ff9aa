/**
 * Intset: a set of integers as sorted little-endian numbers of one width, in Redis's own format, so that images and DUMP take it as it stands:
 * the width (2, 4 or 8 bytes, as uint32), the count (uint32), the numbers in ascending order.
 *
 * An int64 is two 32-bit words here, as a number of JavaScript holds 53 bits and a BigInt is an object. Hot: SADD and SISMEMBER of a small
 * set make neither objects nor strings. All functions take the text of a number as clients send it; what is no canonical int64 is no
 * member.
 */

import { assert } from "../assert.ts";
import { type Int64Words, parseWords } from "../base/bytes.ts";
import type { Element, PackedSpace } from "./packed.ts";
import { int32 } from "./packed-entry.ts";

/** Bytes of an empty intset: the head alone. */
export const EMPTY_INTSET_BYTES = 8;

const HEAD = EMPTY_INTSET_BYTES;
const COUNT = 4;
/** What `intsetAdd` answers. */
export const IntsetAdd = { NO_INTEGER: -1, PRESENT: 0, ADDED: 1 } as const;
export type IntsetAdd = (typeof IntsetAdd)[keyof typeof IntsetAdd];

/** The number that was parsed or read last. */
const int64: Int64Words = { low: 0, high: 0 };

/** How many numbers there are. */
export function intsetLength(buffer: Buffer, from: number): number {
  return int32(buffer, from + COUNT) >>> 0;
}

/** Returns the index of the number spelled by text[tFrom, tTo), or -1. */
export function intsetFind(buffer: Buffer, from: number, text: Buffer, tFrom: number, tTo: number): number {
  if (!parseWords(text, tFrom, tTo, int64) || neededWidth() > widthOf(buffer, from)) return -1;
  const index = search(buffer, from);
  return index < 0 ? -1 : index;
}

/** Adds the number spelled by text[tFrom, tTo), all others made wider if it needs that. The text may lie anywhere but in the space itself. */
export function intsetAdd(space: PackedSpace, text: Buffer, tFrom: number, tTo: number): IntsetAdd {
  if (!parseWords(text, tFrom, tTo, int64)) return IntsetAdd.NO_INTEGER;
  const { buffer, from } = space;
  const width = widthOf(buffer, from);
  const needed = neededWidth();
  if (needed > width) {
    widen(space, width, needed);
    return IntsetAdd.ADDED;
  }
  const index = search(buffer, from);
  if (index >= 0) return IntsetAdd.PRESENT;
  const at = HEAD + ~index * width;
  space.splice(at, 0, width);
  setCount(space, intsetLength(space.buffer, space.from) + 1);
  writeNumber(space.buffer, space.from + at, width);
  assertBetween(space, ~index, width);
  return IntsetAdd.ADDED;
}

/** Takes the number spelled by text[tFrom, tTo) out. Returns whether it was there. */
export function intsetRemove(space: PackedSpace, text: Buffer, tFrom: number, tTo: number): boolean {
  const index = intsetFind(space.buffer, space.from, text, tFrom, tTo);
  if (index < 0) return false;
  intsetRemoveAt(space, index);
  return true;
}

/** Takes number `index` (0 to length - 1) out. */
export function intsetRemoveAt(space: PackedSpace, index: number): void {
  const width = widthOf(space.buffer, space.from);
  assert(index >= 0 && index < intsetLength(space.buffer, space.from), "a number that is taken out of an intset is in it");
  space.splice(HEAD + index * width, width, 0);
  setCount(space, intsetLength(space.buffer, space.from) - 1);
}

/** Puts the decimal digits of number `index` (0 to length - 1) into `element`. */
export function intsetGet(buffer: Buffer, from: number, index: number, element: Element): void {
  const width = widthOf(buffer, from);
  assert(index >= 0 && index < intsetLength(buffer, from), "a number that is read from an intset is in it");
  readNumber(buffer, from + HEAD + index * width, width);
  element.setWords(int64.low, int64.high);
}

/** Whether buffer[from, to) has the head of an intset, not empty, of this length: all there is to check of one known to be sound inside. */
export function intsetFits(buffer: Buffer, from: number, to: number): boolean {
  if (to - from < HEAD) return false;
  const width = widthOf(buffer, from);
  const length = intsetLength(buffer, from);
  return (width === 2 || width === 4 || width === 8) && length > 0 && HEAD + length * width === to - from;
}

/** Whether buffer[from, to), which may come from anywhere, is an intset that is not empty, down to the order of its numbers. */
export function intsetValid(buffer: Buffer, from: number, to: number): boolean {
  if (!intsetFits(buffer, from, to)) return false;
  const width = widthOf(buffer, from);
  for (let at = from + HEAD; at + width < to; at += width) {
    readNumber(buffer, at, width);
    if (compare(buffer, at + width, width) >= 0) return false;
  }
  return true;
}

// ---- the number in `int64`

function neededWidth(): number {
  const low = int64.low;
  if (int64.high !== low >> 31) return 8;
  return (low << 16) >> 16 === low ? 2 : 4;
}

function readNumber(buffer: Buffer, at: number, width: number): void {
  if (width === 8) {
    int64.low = int32(buffer, at);
    int64.high = int32(buffer, at + 4);
  } else {
    const value = width === 2 ? readInt16(buffer, at) : int32(buffer, at);
    int64.low = value;
    int64.high = value >> 31;
  }
}

function writeNumber(buffer: Buffer, at: number, width: number): void {
  const low = int64.low;
  buffer[at] = low;
  buffer[at + 1] = low >> 8;
  if (width === 2) return;
  buffer[at + 2] = low >> 16;
  buffer[at + 3] = low >> 24;
  if (width === 8) writeUint32(buffer, at + 4, int64.high);
}

/** `int64` less the number at `at`: below, at or above 0. */
function compare(buffer: Buffer, at: number, width: number): number {
  if (width === 2) return int64.low - readInt16(buffer, at);
  if (width === 4) return int64.low - int32(buffer, at);
  const high = int64.high - int32(buffer, at + 4);
  return high !== 0 ? high : (int64.low >>> 0) - (int32(buffer, at) >>> 0);
}

/** Returns the index of `int64`, which fits the width; where it is not there, the bitwise complement of the index that it belongs at. */
function search(buffer: Buffer, from: number): number {
  const width = widthOf(buffer, from);
  const first = from + HEAD;
  let low = 0;
  let high = intsetLength(buffer, from) - 1;
  // Ascending numbers, the most frequent order, need one look.
  if (high >= 0 && compare(buffer, first + high * width, width) > 0) return ~(high + 1);
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compare(buffer, first + middle * width, width);
    if (order === 0) return middle;
    if (order > 0) low = middle + 1;
    else high = middle - 1;
  }
  return ~low;
}

/** Gives all numbers the width `to` and adds `int64`, which is below or above all of them: it did not fit the width they had. */
function widen(space: PackedSpace, width: number, to: number): void {
  assert((width === 2 || width === 4) && to > width, "the numbers of an intset have 2, 4 or 8 bytes and never get narrower");
  const low = int64.low;
  const high = int64.high;
  const length = intsetLength(space.buffer, space.from);
  const shift = high < 0 ? 1 : 0;
  space.splice(HEAD + length * width, 0, (length + 1) * to - length * width);
  const { buffer } = space;
  const first = space.from + HEAD;
  // From the last on, so that none is overwritten before it was read.
  for (let index = length - 1; index >= 0; index--) {
    readNumber(buffer, first + index * width, width);
    writeNumber(buffer, first + (index + shift) * to, to);
  }
  int64.low = low;
  int64.high = high;
  writeNumber(buffer, first + (shift === 1 ? 0 : length * to), to);
  writeUint32(buffer, space.from, to);
  setCount(space, length + 1);
  assertBetween(space, shift === 1 ? 0 : length, to);
}

/** `int64`, just put in as number `index`, must be above the one before and below the one behind it: binary search finds no others. */
function assertBetween({ buffer, from, to }: PackedSpace, index: number, width: number): void {
  const at = from + HEAD + index * width;
  assert(index === 0 || compare(buffer, at - width, width) > 0, "the numbers of an intset ascend: the one before is below");
  assert(at + width === to || compare(buffer, at + width, width) < 0, "the numbers of an intset ascend: the one behind is above");
}

// ---- the bytes

function widthOf(buffer: Buffer, from: number): number {
  return int32(buffer, from);
}

function setCount({ buffer, from }: PackedSpace, count: number): void {
  writeUint32(buffer, from + COUNT, count);
}

function readInt16(buffer: Buffer, at: number): number {
  return ((buffer[at] | (buffer[at + 1] << 8)) << 16) >> 16;
}

function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >> 8;
  buffer[at + 2] = value >> 16;
  buffer[at + 3] = value >> 24;
}
