/**
 * Packed: a sequence of byte strings and integers in one run of bytes, in the format of Redis's listpack, so that images and DUMP take it
 * as it stands.
 *
 * A header (total bytes, 4; entries, 2, where 65535 means "count them"; both little-endian), the entries, a byte 0xFF. An entry is its
 * encoding, its content and the length of both once more (the back length, 1 to 5 bytes), so that it can be walked from either end. What
 * reads as a canonical int64 is kept as one, in 1 to 9 bytes. Offsets named `at` are absolute: where an entry starts, or the end byte.
 * Source: https://github.com/antirez/listpack, Redis 7.2.
 *
 * Hot: every command on a small collection walks one of these. Nothing is allocated; a search turns the wanted bytes into an integer once
 * and then compares integers with integers and bytes with bytes.
 *
 * Edits (of a PackedSpace) keep the header's total and count. They take offsets in `space.buffer` as it is before and return offsets in
 * `space.buffer` as it is afterwards. The bytes put in must not lie in the space itself.
 */

import { assert } from "../assert.ts";
import {
  copyBytes,
  equalBytes,
  type Int64Words,
  MAX_INT64_DIGITS,
  parseWords,
  WORD,
  writeInteger,
  writeWideInteger,
} from "../base/bytes.ts";
import type { BlockString } from "../blocks/block-string.ts";
import {
  backLengthBytes,
  backLengthOf,
  EntryForm,
  equalsInteger,
  int32,
  integerPayload,
  isString,
  readBackLength,
  shortInteger,
  stringLength,
  uint32,
  wideEntryBytes,
  writeBackLength,
  writeWords,
} from "./packed-entry.ts";

/** Packed bytes, buffer[from, to), that can be edited where they are. */
export interface PackedSpace {
  buffer: Buffer;
  from: number;
  to: number;
  /**
   * Takes `removed` bytes out at `at` (counted from `from`) and makes room for `inserted` bytes of undefined content there. `buffer`,
   * `from` and `to` are others afterwards; bytes that lie in this space must not be used as a source after it.
   */
  splice(at: number, removed: number, inserted: number): void;
}

/** What an empty one takes. */
export const EMPTY_PACKED_BYTES = 7;

/** Redis lets none grow beyond this many bytes. */
export const MAX_PACKED_BYTES = 2 ** 30;

const HEADER_BYTES = 6;

/** The count in the header that says "more than fit here: walk". */
const UNKNOWN_COUNT = 0xffff;

const END = 0xff;

/** What `Element.bytes` is when the element is in blocks. */
const IN_BLOCKS = Buffer.alloc(0);

/**
 * Shows an element: bytes[from, to), decimal digits for an integer, or `blocks`. Valid until the next read into it or change of what it was read
 * from.
 */
export class Element {
  bytes: Buffer;
  from = 0;
  to = 0;
  readonly digits = Buffer.allocUnsafeSlow(MAX_INT64_DIGITS);
  private string: BlockString | null = null;

  constructor() {
    this.bytes = this.digits;
  }

  get length(): number {
    return this.to - this.from;
  }

  /** What is shown if it is in blocks, else null: then nothing of it is in `bytes`. Only what is longer than BLOCKS_FROM is. */
  get blocks(): BlockString | null {
    return this.bytes === IN_BLOCKS ? this.string : null;
  }

  setBlocks(string: BlockString): void {
    this.bytes = IN_BLOCKS;
    this.string = string;
    this.from = 0;
    this.to = string.length;
  }

  /** Has what is shown in one piece, in a copy if it must be: for what cannot do with blocks. Returns itself. */
  joined(): this {
    const { blocks } = this;
    if (blocks !== null) this.bytes = blocks.joined();
    return this;
  }

  /** Shows the bytes of a span. */
  setSpan({ buffer, from, to }: Pick<PackedSpace, "buffer" | "from" | "to">): void {
    this.bytes = buffer;
    this.from = from;
    this.to = to;
  }

  /** Shows a safe integer, as its decimal form. */
  setNumber(value: number): void {
    this.bytes = this.digits;
    this.from = 0;
    this.to = writeInteger(this.digits, 0, value);
  }

  /** Shows the int64 of these 32-bit words. */
  setWords(low: number, high: number): void {
    const value = high * WORD + (low >>> 0);
    if (Number.isSafeInteger(value)) return this.setNumber(value);
    this.bytes = this.digits;
    this.from = 0;
    this.to = writeWideInteger(this.digits, low, high);
  }
}

const form = new EntryForm();
const secondForm = new EntryForm();

/** Writes an empty one, EMPTY_PACKED_BYTES long. */
export function packedInit(buffer: Buffer, from: number): void {
  setHeader(buffer, from, EMPTY_PACKED_BYTES, 0);
  buffer[from + HEADER_BYTES] = END;
}

/** Sets the header: bytes in all, and entries (UNKNOWN_COUNT or more: unknown). */
function setHeader(buffer: Buffer, from: number, total: number, count: number): void {
  buffer[from] = total;
  buffer[from + 1] = total >>> 8;
  buffer[from + 2] = total >>> 16;
  buffer[from + 3] = total >>> 24;
  if (count > UNKNOWN_COUNT) count = UNKNOWN_COUNT;
  buffer[from + 4] = count;
  buffer[from + 5] = count >>> 8;
}

/** Writes head and end around `count` entries written from `packedFirst` up to `at`. Returns the offset after the end. */
export function packedClose(buffer: Buffer, from: number, at: number, count: number): number {
  assert(at >= from + HEADER_BYTES, "entries end behind the header");
  setHeader(buffer, from, at + 1 - from, count);
  buffer[at] = END;
  return at + 1;
}

/** Returns the bytes in all, as the header says. */
export function packedBytes(buffer: Buffer, from: number): number {
  return uint32(buffer, from);
}

/** Returns how many entries there are; walks when there are 65535 or more. */
export function packedCount(buffer: Buffer, from: number): number {
  const count = buffer[from + 4] | (buffer[from + 5] << 8);
  if (count !== UNKNOWN_COUNT) return count;
  let counted = 0;
  for (let at = packedFirst(buffer, from); buffer[at] !== END; at = packedNext(buffer, at)) counted++;
  return counted;
}

/** Returns the first entry, or the end. */
export function packedFirst(_buffer: Buffer, from: number): number {
  return from + HEADER_BYTES;
}

/** Returns the entry after the one at `at`, or the end. */
export function packedNext(buffer: Buffer, at: number): number {
  const lead = buffer[at];
  if (lead < 0x80) return at + 2;
  if (lead < 0xc0) return at + 2 + (lead & 0x3f);
  return at + wideEntryBytes(buffer, at, lead);
}

/** Returns the entry before the one (or the end) at `at`, or -1 when that is the first. */
export function packedPrevious(buffer: Buffer, from: number, at: number): number {
  if (at - from === HEADER_BYTES) return -1;
  const payload = readBackLength(buffer, at - 1);
  const previous = at - payload - backLengthBytes(payload);
  assert(previous >= from + HEADER_BYTES && previous < at, "an entry begins behind the header, as far before the next as it says");
  return previous;
}

/** Whether `at` is the end. */
export function packedAtEnd(buffer: Buffer, at: number): boolean {
  return buffer[at] === END;
}

/** Returns the entry of this index, counted from the end when negative (-1: the last), or -1 when there is none. Walks from the nearer end. */
export function packedSeek(buffer: Buffer, from: number, index: number): number {
  const count = buffer[from + 4] | (buffer[from + 5] << 8);
  if (count !== UNKNOWN_COUNT) {
    if (index < 0) index += count;
    if (index < 0 || index >= count) return -1;
    if (index > count >>> 1) index -= count;
  }
  if (index >= 0) {
    let at = from + HEADER_BYTES;
    while (index-- > 0 && buffer[at] !== END) at = packedNext(buffer, at);
    return buffer[at] === END ? -1 : at;
  }
  let at = from + packedBytes(buffer, from) - 1;
  while (index++ < 0 && at !== -1) at = packedPrevious(buffer, from, at);
  return at;
}

/** Shows the entry at `at` in `element`. Returns the next entry, or the end. */
export function packedRead(buffer: Buffer, at: number, element: Element): number {
  const lead = buffer[at];
  if (lead < 0x80) {
    element.setNumber(lead);
    return at + 2;
  }
  if (lead < 0xc0) {
    element.bytes = buffer;
    element.from = at + 1;
    element.to = at + 1 + (lead & 0x3f);
    return element.to + 1;
  }
  if (isString(lead)) {
    const start = lead === 0xf0 ? 5 : 2;
    element.bytes = buffer;
    element.from = at + start;
    element.to = element.from + stringLength(buffer, at, lead);
  } else if (lead === 0xf4) {
    element.setWords(int32(buffer, at + 1), int32(buffer, at + 5));
  } else {
    element.setNumber(shortInteger(buffer, at, lead));
  }
  return at + wideEntryBytes(buffer, at, lead);
}

/** Returns the integer at `at`; NaN when it is no integer, or none that a number holds exactly. */
export function packedNumber(buffer: Buffer, at: number): number {
  const lead = buffer[at];
  if (isString(lead)) return Number.NaN;
  if (lead !== 0xf4) return shortInteger(buffer, at, lead);
  const value = int32(buffer, at + 5) * WORD + uint32(buffer, at + 1);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Whether the entry at `at` is bytes[from, to). */
export function packedEquals(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): boolean {
  const lead = buffer[at];
  const length = to - from;
  if (!isString(lead)) return parseWords(bytes, from, to, form) && equalsInteger(buffer, at, lead, form.low, form.high);
  if (lead < 0xc0) return (lead & 0x3f) === length && equalBytes(buffer, at + 1, bytes, from, length);
  return stringLength(buffer, at, lead) === length && equalBytes(buffer, at + (lead === 0xf0 ? 5 : 2), bytes, from, length);
}

/** Returns the first entry that is bytes[bFrom, bTo), looking at every `step`th (1: all, 2: the first, the third, ...), or -1. */
export function packedFind(buffer: Buffer, from: number, bytes: Buffer, bFrom: number, bTo: number, step: 1 | 2): number {
  if (parseWords(bytes, bFrom, bTo, form)) return findInteger(buffer, from, bytes, bFrom, bTo, step);
  const length = bTo - bFrom;
  const pairs = step === 2;
  const lastByte = length === 0 ? 0 : bytes[bTo - 1];
  let at = from + HEADER_BYTES;
  for (;;) {
    const lead = buffer[at];
    if (lead < 0x80) {
      at += 2;
    } else if (lead < 0xc0) {
      const entryLength = lead & 0x3f;
      // The last byte first: names tend to differ at their end.
      if (entryLength === length && (length === 0 || buffer[at + length] === lastByte) && equalBytes(buffer, at + 1, bytes, bFrom, length))
        return at;
      at += 2 + entryLength;
    } else {
      if (lead === END) return -1;
      if (isString(lead) && packedEquals(buffer, at, bytes, bFrom, bTo)) return at;
      at += wideEntryBytes(buffer, at, lead);
    }
    if (pairs) at = packedNext(buffer, at);
  }
}

/** Returns the bytes that the entry of bytes[from, to) takes. */
export function packedEntryBytes(bytes: Buffer, from: number, to: number): number {
  form.measure(bytes, from, to);
  return form.total;
}

/** Writes the entry of bytes[from, to) at `at`; headers are not touched. Returns the offset after it. */
export function packedWrite(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  form.measure(bytes, from, to);
  return form.write(buffer, at, bytes, from, to);
}

/** Writes what `packedWrite` writes without the back length, as the nodes of streams keep it. Returns the offset after it. */
export function packedWritePayload(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  form.measure(bytes, from, to);
  return form.writePayload(buffer, at, bytes, from, to);
}

/** Returns the bytes that `packedWritePayload` writes. */
export function packedPayloadSize(bytes: Buffer, from: number, to: number): number {
  form.measure(bytes, from, to);
  return form.payload;
}

/** Copies the payload at `at` of `source` (see `packedWritePayload`), `payload` bytes long, to `target` as an entry. Returns the offset after it. */
export function packedWriteEntryOf(target: Buffer, to: number, source: Buffer, at: number, payload: number): number {
  return writeBackLength(target, copyBytes(target, to, source, at, at + payload), payload);
}

/** Returns the bytes of the payload at `at`: of an entry all but its back length. */
export function packedPayloadBytes(buffer: Buffer, at: number): number {
  const lead = buffer[at];
  if (lead < 0x80) return 1;
  if (lead < 0xc0) return 1 + (lead & 0x3f);
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 2 + (((lead & 0x0f) << 8) | buffer[at + 1]);
  if (lead === 0xf0) return 5 + uint32(buffer, at + 1);
  return lead === 0xf4 ? 9 : lead - 0xf1 + 3;
}

/** Returns the bytes of the entry with a payload of so many. */
export function packedBytesOfPayload(payload: number): number {
  return payload + backLengthBytes(payload);
}

/** Returns the bytes that the entry of a safe integer takes. */
export function packedIntegerBytes(value: number): number {
  return packedWordsBytes(value | 0, Math.floor(value / WORD) | 0);
}

/** Writes the entry of a safe integer at `at`. Returns the offset after it. */
export function packedWriteInteger(buffer: Buffer, at: number, value: number): number {
  return packedWriteWords(buffer, at, value | 0, Math.floor(value / WORD) | 0);
}

/** `packedIntegerBytes` and `packedWriteInteger` for any int64, given as two words. */
export function packedWordsBytes(low: number, high: number): number {
  // An integer's payload is at most 9 bytes, so its back length is one byte.
  return integerPayload(low, high) + 1;
}

export function packedWriteWords(buffer: Buffer, at: number, low: number, high: number): number {
  const payload = integerPayload(low, high);
  return writeBackLength(buffer, writeWords(buffer, at, low, high, payload), payload);
}

/** Reads the int64 at `at` into `into`. Returns false when it is none. */
export function packedWords(buffer: Buffer, at: number, into: Int64Words): boolean {
  const lead = buffer[at];
  if (isString(lead)) {
    const start = at + (lead < 0xc0 ? 1 : lead === 0xf0 ? 5 : 2);
    return parseWords(buffer, start, start + stringLength(buffer, at, lead), into);
  }
  into.low = lead === 0xf4 ? int32(buffer, at + 1) : shortInteger(buffer, at, lead);
  into.high = lead === 0xf4 ? int32(buffer, at + 5) : into.low >> 31;
  return true;
}

/** Whether buffer[from, to) has head and end of a listpack: all there is to check of one whose inside is known to be sound. */
export function packedFits(buffer: Buffer, from: number, to: number): boolean {
  return to - from >= EMPTY_PACKED_BYTES && packedBytes(buffer, from) === to - from && buffer[to - 1] === END;
}

/** Whether buffer[from, to) is a listpack in every length and count, the count a multiple of `step`. Reads nothing outside. */
export function packedValid(buffer: Buffer, from: number, to: number, { step = 1 }: { readonly step?: number } = {}): boolean {
  if (from < 0 || to > buffer.length || !packedFits(buffer, from, to)) return false;
  const end = to - 1;
  let count = 0;
  let at = from + HEADER_BYTES;
  while (at < end && buffer[at] !== END) {
    const lead = buffer[at];
    // The bytes that tell the length must lie inside before they are read.
    if (lead > 0xf4 || at + (lead === 0xf0 ? 5 : 2) > end) return false;
    const total = packedNext(buffer, at) - at;
    const payload = total - backLengthOf(total);
    if (at + total > end || readBackLength(buffer, at + total - 1) !== payload) return false;
    at += total;
    count++;
  }
  const stored = buffer[from + 4] | (buffer[from + 5] << 8);
  return at === end && count % step === 0 && (stored === UNKNOWN_COUNT || stored === count);
}

/** Puts bytes[from, to) before the entry (or the end) at `at`. Returns where it is. */
export function packedInsert(space: PackedSpace, at: number, bytes: Buffer, from: number, to: number): number {
  form.measure(bytes, from, to);
  const place = makeRoom(space, at, 0, form.total, 1);
  form.write(space.buffer, place, bytes, from, to);
  return place;
}

/** Puts two entries before the one (or the end) at `at`. Returns where the first of them is. */
export function packedInsertPair(
  space: PackedSpace,
  at: number,
  aBytes: Buffer,
  aFrom: number,
  aTo: number,
  bBytes: Buffer,
  bFrom: number,
  bTo: number,
): number {
  form.measure(aBytes, aFrom, aTo);
  secondForm.measure(bBytes, bFrom, bTo);
  const place = makeRoom(space, at, 0, form.total + secondForm.total, 2);
  secondForm.write(space.buffer, form.write(space.buffer, place, aBytes, aFrom, aTo), bBytes, bFrom, bTo);
  return place;
}

/** Puts bytes[from, to) at the end. Returns where it is. */
export function packedAppend(space: PackedSpace, bytes: Buffer, from: number, to: number): number {
  return packedInsert(space, packedEnd(space), bytes, from, to);
}

/** Puts all entries of the packed bytes at buffer[from, ...), which are not those of `space`, at the end. */
export function packedAppendAll(space: PackedSpace, buffer: Buffer, from: number): void {
  const entries = packedBytes(buffer, from) - EMPTY_PACKED_BYTES;
  const place = makeRoom(space, packedEnd(space), 0, entries, packedCount(buffer, from));
  buffer.copy(space.buffer, place, from + HEADER_BYTES, from + HEADER_BYTES + entries);
}

/** Replaces the entry at `at` by bytes[from, to). Nothing moves (or is spliced) if it takes as many bytes. Returns where it is. */
export function packedReplace(space: PackedSpace, at: number, bytes: Buffer, from: number, to: number): number {
  assert(space.buffer[at] !== END, "what is replaced is an entry");
  const removed = packedNext(space.buffer, at) - at;
  form.measure(bytes, from, to);
  const place = removed === form.total ? at : makeRoom(space, at, removed, form.total, 0);
  form.write(space.buffer, place, bytes, from, to);
  return place;
}

/** Takes out the entry at `at` and the `count` - 1 that follow it, as far as there are. Returns where what followed them is: an entry or the end. */
export function packedDelete(space: PackedSpace, at: number, count: number): number {
  const { buffer } = space;
  let stop = at;
  let deleted = 0;
  for (; deleted < count && buffer[stop] !== END; deleted++) stop = packedNext(buffer, stop);
  return deleted === 0 ? at : makeRoom(space, at, stop - at, 0, -deleted);
}

/** Returns the end: where what is inserted comes after all others. */
export function packedEnd(space: PackedSpace): number {
  return space.from + packedBytes(space.buffer, space.from) - 1;
}

/** `inserted` undefined bytes take the place of `removed` bytes at `at`; the header as it will be, with `entries` more. Returns where they are. */
function makeRoom(space: PackedSpace, at: number, removed: number, inserted: number, entries: number): number {
  const total = packedBytes(space.buffer, space.from) + inserted - removed;
  const stored = space.buffer[space.from + 4] | (space.buffer[space.from + 5] << 8);
  const relative = at - space.from;
  assert(relative >= HEADER_BYTES && at + removed < space.to, "an edit leaves the header before it and the end behind it alone");
  assert(stored + entries >= 0, "no more entries are taken out than there are");
  space.splice(relative, removed, inserted);
  assert(space.to - space.from === total, "the header's total is the length of the bytes");
  // Once unknown, the count stays so: a walk would cost more than it saves.
  setHeader(space.buffer, space.from, total, stored === UNKNOWN_COUNT ? UNKNOWN_COUNT : stored + entries);
  return space.from + relative;
}

/** `packedFind` for the integer that `form` holds. A listpack of foreign make may keep digits as a string; that is found too. */
function findInteger(buffer: Buffer, from: number, bytes: Buffer, bFrom: number, bTo: number, step: 1 | 2): number {
  const { low, high } = form;
  const length = bTo - bFrom;
  const pairs = step === 2;
  const tiny = high === 0 && low >= 0 && low < 0x80 ? low : -1;
  let at = from + HEADER_BYTES;
  for (;;) {
    const lead = buffer[at];
    if (lead < 0x80) {
      if (lead === tiny) return at;
      at += 2;
    } else if (lead < 0xc0) {
      const entryLength = lead & 0x3f;
      if (entryLength === length && equalBytes(buffer, at + 1, bytes, bFrom, length)) return at;
      at += 2 + entryLength;
    } else {
      if (lead === END) return -1;
      if (isString(lead) ? packedEquals(buffer, at, bytes, bFrom, bTo) : equalsInteger(buffer, at, lead, low, high)) return at;
      at += wideEntryBytes(buffer, at, lead);
    }
    if (pairs) at = packedNext(buffer, at);
  }
}
