/**
 * Small sorted sets: a listpack of members, each followed by its score, in order. A whole score is kept as an integer and any other as its digits, as Redis does
 * (so -0 becomes 0). Functions for zset.ts, which knows when a set is packed.
 */

import { writeDouble } from "../../base/numbers/doubles.ts";
import { parseDouble } from "../../base/numbers/strtod.ts";
import {
  Element,
  packedAppendPair,
  packedAtEnd,
  packedDelete,
  packedFirst,
  packedInsertPair,
  packedNext,
  packedNumber,
  packedPrevious,
  packedRead,
  packedReplace,
} from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";

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
export function packedPut(h: Holder, score: number, bytes: Buffer, from: number, to: number): void {
  const at = placeOf(h, score, bytes, from, to);
  packedInsertPair(h, at, bytes, from, to, DIGITS, 0, writeScore(score));
}

/** Puts a member after all others, where it must belong. */
export function packedPutLast(h: Holder, score: number, bytes: Buffer, from: number, to: number): void {
  packedAppendPair(h, bytes, from, to, DIGITS, 0, writeScore(score));
}

/** Gives the member at `at`, which is bytes[from, to), another score. */
export function packedSetScore(h: Holder, at: number, score: number, bytes: Buffer, from: number, to: number): void {
  const scoreAt = packedNext(h.buffer, at);
  if (staysBetween(h, at, scoreAt, score)) {
    packedReplace(h, scoreAt, DIGITS, 0, writeScore(score));
    return;
  }
  packedDelete(h, at, 2);
  packedPut(h, score, bytes, from, to);
}

/** Writes a score as it is kept into DIGITS. -> its length. */
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
export function packedRank({ buffer, from }: Holder, at: number): number {
  let rank = 0;
  for (let cursor = packedFirst(buffer, from); cursor !== at; cursor = packedNext(buffer, packedNext(buffer, cursor))) rank++;
  return rank;
}
