/**
 * The longest common subsequence of two strings, as bits (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). Of the usual table of
 * lengths for all pairs of prefixes only the steps are kept: row j, one for each prefix of `b`, has a bit for each byte of `a`, which is 0 where
 * the length grows by one at that byte. A row follows from the one before by an addition, 32 bytes of `a` at a time: a thirtieth of the memory of
 * the table, and a hundredth of the time for strings of 10,000 bytes.
 */

import { bitsOfWord } from "./bits.ts";

/** A run of bytes that both strings have in the subsequence: where it starts in each, and how long it is. */
export interface Match {
  inA: number;
  inB: number;
  length: number;
}

export interface CommonSubsequence {
  readonly bytes: Buffer;
  /** From the last to the first. */
  readonly matches: readonly Match[];
}

/** Bytes of either string up to which no memory is asked for. */
const SHORT = 128;
/** Scratch for short strings: which places of `a` hold a byte, for as many bytes as `b` has, and a row. */
const PLACES = new Int32Array((SHORT * SHORT) / 32);
const ROW = new Int32Array(SHORT / 32);
/** Scratch: for each byte 1 + the index of its places, 0 where `b` has none. */
const INDEXES = new Uint16Array(256);

/** The length alone: one row is enough for it. Returns null when there is not enough memory. */
export function commonSubsequenceLength(a: Buffer, b: Buffer): number | null {
  return ifMemory(() => {
    const words = (a.length + 31) >>> 5;
    const row = a.length <= SHORT ? ROW : new Int32Array(words);
    const places = placesOf(a, b, words);
    row.fill(-1, 0, words);
    for (let j = 0; j < b.length; j++) nextRow(row, 0, row, 0, places, (INDEXES[b[j]] - 1) * words, words);
    return steps(row, 0, a.length);
  });
}

/**
 * A longest common subsequence, of several the one that Redis finds (it walks back through the table and prefers to shorten `b`). Takes
 * a.length * b.length / 4 bytes at most for the moment. Returns null when there is not so much.
 */
export function commonSubsequence(a: Buffer, b: Buffer): CommonSubsequence | null {
  return ifMemory(() => {
    const words = (a.length + 31) >>> 5;
    const places = placesOf(a, b, words);
    const rows = new Int32Array((b.length + 1) * words);
    rows.fill(-1, 0, words);
    for (let j = 0; j < b.length; j++) nextRow(rows, j * words, rows, (j + 1) * words, places, (INDEXES[b[j]] - 1) * words, words);
    return walkBack(a, b, rows, words);
  });
}

function ifMemory<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** For each byte of `b` the places where `a` has it, one bit each, at its index in INDEXES times `words`. */
function placesOf(a: Buffer, b: Buffer, words: number): Int32Array {
  INDEXES.fill(0);
  let count = 0;
  for (let j = 0; j < b.length && count < 256; j++) if (INDEXES[b[j]] === 0) INDEXES[b[j]] = ++count;
  const places = a.length <= SHORT && count <= SHORT ? PLACES.fill(0, 0, count * words) : new Int32Array(count * words);
  for (let i = 0; i < a.length; i++) {
    const index = INDEXES[a[i]];
    if (index !== 0) places[(index - 1) * words + (i >>> 5)] |= 1 << i;
  }
  return places;
}

/** Makes the row at to[toAt] of the one before it, which may be the same, and the places of the byte of `b` that it is for. */
function nextRow(from: Int32Array, at: number, to: Int32Array, toAt: number, places: Int32Array, placesAt: number, words: number): void {
  let carry = 0;
  for (let word = 0; word < words; word++) {
    const row = from[at + word];
    const kept = row & places[placesAt + word];
    const sum = (row >>> 0) + (kept >>> 0) + carry;
    carry = sum >= 2 ** 32 ? 1 : 0;
    to[toAt + word] = sum | 0 | (row ^ kept);
  }
}

/** The length for the first `i` bytes of `a`: how many of the row's first `i` bits are 0. */
function steps(rows: Int32Array, at: number, i: number): number {
  let count = 0;
  const last = at + (i >>> 5);
  for (; at < last; at++) count += bitsOfWord(~rows[at]);
  return (i & 31) === 0 ? count : count + bitsOfWord(~rows[at] & ((1 << i) - 1));
}

function walkBack(a: Buffer, b: Buffer, rows: Int32Array, words: number): CommonSubsequence {
  let i = a.length;
  let j = b.length;
  // The lengths for the prefixes of i and j bytes, and of i and j - 1.
  let length = steps(rows, j * words, i);
  let shorter = j === 0 ? 0 : steps(rows, (j - 1) * words, i);
  const bytes = Buffer.allocUnsafe(length);
  const matches: Match[] = [];
  let run: Match | null = null;
  let at = length;
  while (i > 0 && j > 0) {
    if (a[i - 1] !== b[j - 1]) {
      run = null;
      const withoutA = length - stepAt(rows, j * words, i - 1);
      if (withoutA > shorter) {
        i--;
        length = withoutA;
        shorter -= stepAt(rows, (j - 1) * words, i);
      } else {
        j--;
        length = shorter;
        shorter = j === 0 ? 0 : steps(rows, (j - 1) * words, i);
      }
      continue;
    }
    i--;
    j--;
    length--;
    shorter = j === 0 ? 0 : steps(rows, (j - 1) * words, i);
    bytes[--at] = a[i];
    if (run === null) {
      run = { inA: i, inB: j, length: 1 };
      matches.push(run);
    } else {
      run.inA = i;
      run.inB = j;
      run.length++;
    }
  }
  return { bytes, matches };
}

/** By how much byte `i` of `a` lengthens the subsequence: 0 or 1. */
function stepAt(rows: Int32Array, at: number, i: number): number {
  return (~rows[at + (i >>> 5)] >>> (i & 31)) & 1;
}
