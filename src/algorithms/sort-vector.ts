/**
 * What SORT sorts: elements copied out of a collection, in one run of bytes, and the order they get. Sorting compares numbers: the
 * elements' own, those of their weights, or for alphabetical order a few bytes of each as one number, then the next few of those that are
 * still equal.
 */

import { copyBytes } from "../base/bytes.ts";
import { type Compare, sortEntries } from "../memory/entry-sort.ts";
import type { Element } from "../memory/packed.ts";
import { partialSort } from "./partial-sort.ts";

const MIN_ELEMENTS = 16;
const MIN_BYTES = 256;
/** So many bytes make one number, in digits of which 0 is the end of the string: as many as a double holds exactly. */
const KEY_BYTES = 6;
const KEY_BASE = 257;
/** In place of the number of what is missing: it comes before the empty string. */
const MISSING = -1;
/** So few are sorted by comparing their bytes. */
const FEW = 16;
/** When no more than this share of all places is wanted, the rest is not sorted. */
const PART = 1 / 4;
/** Strings that have so many bytes in common are sorted by comparing them too. */
const MAX_DEPTH = KEY_BYTES * 16;
/** Strings are compared by a loop up to so many bytes: below it a loop beats Buffer.compare. */
const LOOP_BYTES = 48;

/** Byte strings in a row, some of them missing. */
export class SortVector {
  count = 0;
  bytes = Buffer.allocUnsafeSlow(MIN_BYTES);
  /**
   * Where each ends, and the next begins; `missing` ones are as if empty. (32 bits: no buffer is longer, and reading them in sorted order
   * misses the cache less.)
   */
  private ends = new Uint32Array(MIN_ELEMENTS);
  private missing: Uint8Array | null = null;

  add(bytes: Buffer, from: number, to: number): void {
    const at = this.start(this.count);
    const end = at + to - from;
    if (end > this.bytes.length) this.growBytes(end);
    copyBytes(this.bytes, at, bytes, from, to);
    if (this.count === this.ends.length) this.growEnds();
    this.ends[this.count++] = end;
  }

  addElement(element: Element): void {
    const { bytes, from, to } = element.joined();
    this.add(bytes, from, to);
  }

  addMissing(): void {
    this.add(this.bytes, 0, 0);
    this.missing ??= new Uint8Array(this.ends.length);
    this.missing[this.count - 1] = 1;
  }

  start(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1];
  }

  end(index: number): number {
    return this.ends[index];
  }

  isMissing(index: number): boolean {
    return this.missing !== null && this.missing[index] === 1;
  }

  /** Compares two: below 0, 0, or above. What is missing comes first. */
  compare(a: number, b: number): number {
    const { bytes } = this;
    if (this.missing !== null && this.missing[a] + this.missing[b] > 0) return this.missing[b] - this.missing[a];
    let aFrom = this.start(a);
    let bFrom = this.start(b);
    const aEnd = this.ends[a];
    const bEnd = this.ends[b];
    const shared = Math.min(aEnd - aFrom, bEnd - bFrom);
    if (shared > LOOP_BYTES) return bytes.compare(bytes, bFrom, bEnd, aFrom, aEnd);
    for (const end = aFrom + shared; aFrom < end; aFrom++, bFrom++) if (bytes[aFrom] !== bytes[bFrom]) return bytes[aFrom] - bytes[bFrom];
    return aEnd - aFrom - (bEnd - bFrom);
  }

  /** The bytes from the `depth`th on of a string as a number: where two differ, so do the strings, in the same way. */
  key(index: number, depth: number): number {
    if (this.isMissing(index)) return MISSING;
    const { bytes } = this;
    const from = this.start(index) + depth;
    const to = this.ends[index];
    let key = 0;
    for (let at = from; at < from + KEY_BYTES; at++) key = key * KEY_BASE + (at < to ? bytes[at] + 1 : 0);
    return key;
  }

  private growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.start(this.count));
    this.bytes = grown;
  }

  private growEnds(): void {
    const grown = new Uint32Array(this.ends.length * 2);
    grown.set(this.ends);
    this.ends = grown;
    if (this.missing === null) return;
    const marks = new Uint8Array(this.ends.length);
    marks.set(this.missing);
    this.missing = marks;
  }
}

/** 0, 1, 2, ... : the order that the elements came in. */
export function givenOrder(count: number): Int32Array {
  const order = new Int32Array(count);
  for (let index = 0; index < count; index++) order[index] = index;
  return order;
}

/**
 * Returns the elements' indexes by `scores` (which may be sorted along), equal ones by their bytes, as far as places `start` to `end` - 1
 * are concerned: by these two every order of elements that can be told apart is given.
 */
export function orderByNumber(elements: SortVector, scores: Float64Array, isDescending: boolean, start: number, end: number): Int32Array {
  const order = givenOrder(elements.count);
  if (end - start <= elements.count * PART) {
    const sign = isDescending ? -1 : 1;
    const compare = (a: number, b: number) => {
      if (scores[a] !== scores[b]) return scores[a] < scores[b] ? -sign : sign;
      return sign * elements.compare(a, b);
    };
    partialSort(order, compare, start, end - 1);
    return order;
  }
  sortEntries(scores, order, elements.count, ascending);
  const run: Run = { order, keys: new Float64Array(elements.count), tie: ascending };
  for (let from = 0, to = 1; to <= elements.count; to++) {
    if (to < elements.count && scores[to] === scores[from]) continue;
    if (to - from > 1) sortRun(elements, run, from, to, 0);
    from = to;
  }
  return isDescending ? order.reverse() : order;
}

/** Returns the elements' indexes by the bytes of `weights`, one for each element. Equal ones stay in the order that they came in. */
export function orderByBytes(weights: SortVector, isDescending: boolean): Int32Array {
  const order = givenOrder(weights.count);
  // What is turned around in the end must have equal ones the other way round.
  sortRun(weights, { order, keys: new Float64Array(weights.count), tie: isDescending ? descending : ascending }, 0, weights.count, 0);
  return isDescending ? order.reverse() : order;
}

/** Likewise as far as places `start` to `end` - 1 are concerned; equal ones come to be where Redis has them then, which is not where they were. */
export function orderPartByBytes(weights: SortVector, isDescending: boolean, start: number, end: number): Int32Array {
  const order = givenOrder(weights.count);
  const sign = isDescending ? -1 : 1;
  partialSort(order, (a, b) => sign * weights.compare(a, b), start, end - 1);
  return order;
}

function ascending(a: number, b: number): number {
  return a - b;
}

function descending(a: number, b: number): number {
  return b - a;
}

/** What is being sorted: indexes, their numbers, and which comes first of two equal ones. */
interface Run {
  readonly order: Int32Array;
  readonly keys: Float64Array;
  readonly tie: Compare;
}

/** Sorts order[from, to), whose strings have their first `depth` bytes in common, by the rest. */
function sortRun(vector: SortVector, run: Run, from: number, to: number, depth: number): void {
  const { order, keys, tie } = run;
  if (isSorted(vector, run, from, to)) return;
  if (to - from <= FEW) return insert(vector, run, from, to);
  if (depth >= MAX_DEPTH) {
    keys.fill(0, from, to);
    sortEntries(keys.subarray(from, to), order.subarray(from, to), to - from, (a, b) => vector.compare(a, b) || tie(a, b));
    return;
  }
  for (let at = from; at < to; at++) keys[at] = vector.key(order[at], depth);
  sortEntries(keys.subarray(from, to), order.subarray(from, to), to - from, tie);
  for (let start = from, end = from + 1; end <= to; end++) {
    if (end < to && keys[end] === keys[start]) continue;
    // Strings that have come to their end are equal.
    if (end - start > 1 && keys[start] > 0 && keys[start] % KEY_BASE !== 0) sortRun(vector, run, start, end, depth + KEY_BYTES);
    start = end;
  }
}

/** Whether there is nothing to do, as where all are equal. */
function isSorted(vector: SortVector, { order, tie }: Run, from: number, to: number): boolean {
  for (let at = from + 1; at < to; at++) {
    if ((vector.compare(order[at - 1], order[at]) || tie(order[at - 1], order[at])) > 0) return false;
  }
  return true;
}

function insert(vector: SortVector, { order, tie }: Run, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const index = order[i];
    let at = i;
    for (; at > from && (vector.compare(order[at - 1], index) || tie(order[at - 1], index)) > 0; at--) order[at] = order[at - 1];
    order[at] = index;
  }
}
