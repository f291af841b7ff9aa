/**
 * Sorted sets: members with scores, in order of score and then of bytes. Small ones are a listpack of members, each followed by its score,
 * and once they pass the limits, by Redis 7.2's rules, a SortedSet, and stay one. A score is never NaN. Hot: nothing here makes an object
 * or a string for a member, conversions aside.
 *
 * A member is named by its place: its offset in packed bytes, or the address of its record; good until the next change of the set. Ranks
 * count from 0 in order.
 */

import { assert } from "../../assert.ts";
import { writeDouble } from "../../base/numbers/doubles.ts";
import { parseDouble } from "../../base/numbers/strtod.ts";
import { filled } from "../../memory/objects.ts";
import { OrderedCursor } from "../../memory/ordered.ts";
import {
  Element,
  EMPTY_PACKED_BYTES,
  MAX_PACKED_BYTES,
  packedAtEnd,
  packedBytes,
  packedCount,
  packedDelete,
  packedEnd,
  packedFind,
  packedFirst,
  packedInsertPair,
  packedNext,
  packedNumber,
  packedPrevious,
  packedRead,
  packedReplace,
  packedSeek,
} from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";
import { SortedSet } from "./sorted-set.ts";

/** Returns how many members the set has. */
export function zsetLength(h: Holder): number {
  return h.object === null ? packedCount(h.buffer, h.from) >>> 1 : h.object.size;
}

/** The set when it is no longer packed, or null. */
export function zsetLarge(h: Holder): SortedSet | null {
  return h.object as SortedSet | null;
}

// ---- one member

/** Returns the place of member bytes[from, to); 0: there is none. */
export function zsetFind(h: Holder, bytes: Buffer, from: number, to: number): number {
  const large = zsetLarge(h);
  if (large !== null) return large.map.find(bytes, from, to - from);
  const at = packedFind(h.buffer, h.from, bytes, from, to, 2);
  return at === -1 ? 0 : at;
}

/** The score of the member at `place`. */
export function zsetScoreAt(h: Holder, place: number): number {
  const large = zsetLarge(h);
  return large === null ? packedScore(h.buffer, packedNext(h.buffer, place)) : large.score(place);
}

/** Returns the score of a member, NaN when there is none. */
export function zsetScore(h: Holder, bytes: Buffer, from: number, to: number): number {
  const place = zsetFind(h, bytes, from, to);
  return place === 0 ? Number.NaN : zsetScoreAt(h, place);
}

/** How many members come before the one at `place`. */
export function zsetRank(h: Holder, place: number): number {
  const large = zsetLarge(h);
  return large === null ? packedRank(h, place) : large.index.rankOf(large.score(place), place);
}

// ---- changing

/**
 * To be called before `count` members are added at once, the first of them `length` bytes long: a set that they are too many for becomes
 * large at once, and so does an empty one that the first is too long for.
 */
export function zsetExpect(h: Holder, count: number, length: number): void {
  if (h.object !== null) return;
  const isEmpty = packedBytes(h.buffer, h.from) === EMPTY_PACKED_BYTES;
  if (count > h.limits.zsetEntries || (isEmpty && length > h.limits.zsetValueBytes)) enlarge(h, count);
}

/** Adds member bytes[from, to), which is not there and does not lie in the set. */
export function zsetInsert(h: Holder, score: number, bytes: Buffer, from: number, to: number): void {
  assert(score === score, "a score is a number: NaN has no place in an order");
  const { limits } = h;
  let large = zsetLarge(h);
  if (large === null) {
    const length = to - from;
    const count = zsetLength(h) + 1;
    if (count <= limits.zsetEntries && length <= limits.zsetValueBytes && packedBytes(h.buffer, h.from) + length <= MAX_PACKED_BYTES)
      return packedPut(h, score, bytes, from, to);
    large = enlarge(h, count);
  }
  large.insert(score, bytes, from, to - from);
}

/** Gives the member at `place`, which is bytes[from, to) (outside the set), another score than it has. */
export function zsetSetScore(h: Holder, place: number, score: number, bytes: Buffer, from: number, to: number): void {
  const large = zsetLarge(h);
  if (large === null) packedSetScore(h, place, score, bytes, from, to);
  else large.setScore(place, score);
}

/** Gives member bytes[from, to), which does not lie in the set, this score. Returns whether it is new. */
export function zsetPut(h: Holder, score: number, bytes: Buffer, from: number, to: number): boolean {
  const place = zsetFind(h, bytes, from, to);
  if (place === 0) zsetInsert(h, score, bytes, from, to);
  else if (zsetScoreAt(h, place) !== score) zsetSetScore(h, place, score, bytes, from, to);
  return place === 0;
}

/** Takes a member out. Returns whether it was there. */
export function zsetRemove(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  const place = zsetFind(h, bytes, from, to);
  if (place === 0) return false;
  const large = zsetLarge(h);
  if (large === null) packedDelete(h, place, 2);
  else large.remove(place);
  return true;
}

/** Takes out the `count` members from rank `first` on. */
export function zsetRemoveRanks(h: Holder, first: number, count: number): void {
  assert(first >= 0 && first + count <= zsetLength(h), "ranks that are removed are those of members");
  const large = zsetLarge(h);
  if (large === null) {
    if (count > 0) packedDelete(h, packedSeek(h.buffer, h.from, first * 2), count * 2);
    return;
  }
  for (; count > 0; count--) {
    large.index.seek(removed, first);
    large.removeAt(removed);
  }
}

/** Scratch of deletions. */
const removed = new OrderedCursor();

/** Puts a whole set into an empty `h`: `set` itself, or its members packed where Redis would have them so. It is `h`'s from now on. */
export function zsetTake(h: Holder, set: SortedSet): void {
  const { limits } = h;
  let longest = 0;
  let bytes = 0;
  const isFew = set.size <= limits.zsetEntries;
  if (isFew) {
    set.each((member) => {
      longest = Math.max(longest, member.length);
      bytes += member.length;
    });
  }
  if (!isFew || longest > limits.zsetValueBytes || bytes > MAX_PACKED_BYTES) return h.setObject(Encoding.SKIPLIST, set);
  set.each((member, score) => packedInsertPair(h, packedEnd(h), member.bytes, member.from, member.to, DIGITS, 0, writeScore(score)));
  set.free(() => false);
}

/** Turns a packed set into a large one with room for `count` members. Without memory for it nothing changes. */
function enlarge(h: Holder, count: number): SortedSet {
  const set = new SortedSet(h.tables);
  set.map.table.reserve(Math.max(count, zsetLength(h)));
  return filled(set, () => {
    zsetEach(h, (member, score) => set.insert(score, member.bytes, member.from, member.length));
    h.setObject(Encoding.SKIPLIST, set);
    return set;
  });
}

// ---- packed sets: a whole score is kept as an integer and any other as its digits, as Redis does (so -0 becomes 0)

const DIGITS = Buffer.alloc(64);
const text = new Element();
const shown = new Element();

/** The score that the entry at `at` is. */
export function packedScore(buffer: Buffer, at: number): number {
  const integer = packedNumber(buffer, at);
  if (integer === integer) return integer;
  packedRead(buffer, at, text);
  return parseDouble(text.bytes, text.from, text.to);
}

/** Puts in a member that is not there. */
function packedPut(h: Holder, score: number, bytes: Buffer, from: number, to: number): void {
  const at = placeOf(h, score, bytes, from, to);
  packedInsertPair(h, at, bytes, from, to, DIGITS, 0, writeScore(score));
}

/** Gives the member at `at`, which is bytes[from, to), another score. */
function packedSetScore(h: Holder, at: number, score: number, bytes: Buffer, from: number, to: number): void {
  const scoreAt = packedNext(h.buffer, at);
  if (staysBetween(h, at, scoreAt, score)) {
    packedReplace(h, scoreAt, DIGITS, 0, writeScore(score));
    return;
  }
  packedDelete(h, at, 2);
  packedPut(h, score, bytes, from, to);
}

/** Writes a score as it is kept into DIGITS. Returns its length. */
function writeScore(score: number): number {
  return writeDouble(DIGITS, 0, score === 0 ? 0 : score);
}

/** Whether the scores before and after the member at `at` leave it where it is with this one. */
function staysBetween({ buffer, from }: Holder, at: number, scoreAt: number, score: number): boolean {
  const before = packedPrevious(buffer, from, at);
  if (before !== -1 && !(packedScore(buffer, before) < score)) return false;
  const after = packedNext(buffer, scoreAt);
  return packedAtEnd(buffer, after) || packedScore(buffer, packedNext(buffer, after)) > score;
}

/** Where a member with this score belongs. */
function placeOf({ buffer, from: start }: Holder, score: number, bytes: Buffer, from: number, to: number): number {
  let at = packedFirst(buffer, start);
  while (!packedAtEnd(buffer, at)) {
    const scoreAt = packedNext(buffer, at);
    const other = packedScore(buffer, scoreAt);
    if (other > score || (other === score && comparePacked(buffer, at, bytes, from, to) > 0)) break;
    at = packedNext(buffer, scoreAt);
  }
  return at;
}

/** Compares the member at `at` with bytes[from, to): below 0, 0, or above. */
export function comparePacked(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  packedRead(buffer, at, shown);
  return compareBytes(shown.bytes, shown.from, shown.to, bytes, from, to);
}

/** Compares a[aFrom, aTo) with b[bFrom, bTo), by bytes and then by length: below 0, 0, or above. */
export function compareBytes(a: Buffer, aFrom: number, aTo: number, b: Buffer, bFrom: number, bTo: number): number {
  while (aFrom < aTo && bFrom < bTo) {
    const difference = a[aFrom++] - b[bFrom++];
    if (difference !== 0) return difference;
  }
  return aTo - aFrom - (bTo - bFrom);
}

/** The rank of the member at `at`. */
function packedRank({ buffer, from }: Holder, at: number): number {
  let rank = 0;
  for (let cursor = packedFirst(buffer, from); cursor !== at; cursor = packedNext(buffer, packedNext(buffer, cursor))) rank++;
  return rank;
}

// ---- walking

/** A place in a sorted set that shows the member there; good until the next change of the set. */
export class ZsetCursor {
  readonly member = new Element();
  score = 0;
  /** The place of the member shown: see `zsetFind`. */
  place = 0;
  /** Of a large set. */
  readonly ordered = new OrderedCursor();
}

/** Puts the cursor at the member of this rank, which there must be. */
export function zsetSeek(h: Holder, cursor: ZsetCursor, rank: number): void {
  const large = zsetLarge(h);
  if (large === null) {
    showPacked(h, cursor, packedSeek(h.buffer, h.from, rank * 2));
  } else {
    large.index.seek(cursor.ordered, rank);
    showLarge(large, cursor);
  }
}

/** Moves the cursor to the next member. Returns false, and it is nowhere, when there is none. */
export function zsetNext(h: Holder, cursor: ZsetCursor): boolean {
  const large = zsetLarge(h);
  if (large === null) {
    const at = packedNext(h.buffer, packedNext(h.buffer, cursor.place));
    return !packedAtEnd(h.buffer, at) && showPacked(h, cursor, at);
  }
  large.index.next(cursor.ordered);
  return showLarge(large, cursor);
}

/** Moves the cursor to the member before. Returns false, and it is nowhere, when there is none. */
export function zsetPrevious(h: Holder, cursor: ZsetCursor): boolean {
  const large = zsetLarge(h);
  if (large === null) {
    const score = packedPrevious(h.buffer, h.from, cursor.place);
    return score !== -1 && showPacked(h, cursor, packedPrevious(h.buffer, h.from, score));
  }
  large.index.previous(cursor.ordered);
  return showLarge(large, cursor);
}

function showPacked(h: Holder, cursor: ZsetCursor, at: number): true {
  assert(at > h.from && at < h.to - 1, "a cursor stands at a member that there is");
  cursor.place = at;
  cursor.score = packedScore(h.buffer, packedRead(h.buffer, at, cursor.member));
  return true;
}

/** Shows where `cursor.ordered` is. Returns false when it is nowhere. */
function showLarge(large: SortedSet, cursor: ZsetCursor): boolean {
  if (cursor.ordered.chunk === -1) return false;
  large.show(cursor.ordered.address, cursor.member);
  cursor.place = cursor.ordered.address;
  cursor.score = cursor.ordered.score;
  return true;
}

/** Takes the member at the cursor out; the cursor is nowhere then. */
export function zsetRemoveCursor(h: Holder, cursor: ZsetCursor): void {
  const large = zsetLarge(h);
  if (large === null) packedDelete(h, cursor.place, 2);
  else large.removeAt(cursor.ordered);
}

/** Visits every member with its score, in order; the visitor must not change the set. The element is the same at each visit. */
export function zsetEach(h: Holder, visit: (member: Element, score: number) => void): void {
  if (zsetLength(h) === 0) return;
  const cursor = new ZsetCursor();
  zsetSeek(h, cursor, 0);
  do visit(cursor.member, cursor.score);
  while (zsetNext(h, cursor));
}
