/**
 * Sorts a part of what is to be sorted: only those places that will be looked at hold what a whole sort would put there. Which comes first
 * among equals is an accident of the algorithm, and Redis's answers show it (GEOSEARCH COUNT, SORT BY LIMIT), so this is the very one: J.
 * L. Bentley and M. D. McIlroy, "Engineering a Sort Function" (1993), leaving out partitions beyond the places wanted.
 */

import type { Compare } from "../memory/entry-sort.ts";

/** Fewer are sorted by insertion. */
const FEW = 7;
/** More take the median of three medians for a pivot. */
const MANY = 40;

/** Brings places `first` to `last` of `order` to what they are when all of it is sorted. */
export function partialSort(order: Int32Array, compare: Compare, first: number, last: number): void {
  if (first <= last) sortPart(order, compare, first, last, 0, order.length);
}

function sortPart(order: Int32Array, compare: Compare, first: number, last: number, from: number, to: number): void {
  while (to - from >= FEW) {
    swap(order, from, pivotOf(order, compare, from, to));
    const pivot = order[from];
    // What equals the pivot gathers at both ends: [from, lowEqual) and (highEqual, to).
    let lowEqual = from + 1;
    let low = from + 1;
    let high = to - 1;
    let highEqual = to - 1;
    for (;;) {
      for (; low <= high; low++) {
        const sign = compare(order[low], pivot);
        if (sign > 0) break;
        if (sign === 0) swap(order, lowEqual++, low);
      }
      for (; low <= high; high--) {
        const sign = compare(order[high], pivot);
        if (sign < 0) break;
        if (sign === 0) swap(order, high, highEqual--);
      }
      if (low > high) break;
      swap(order, low++, high--);
    }
    // And goes to the middle.
    exchange(order, from, low, Math.min(lowEqual - from, low - lowEqual));
    exchange(order, low, to, Math.min(highEqual - high, to - highEqual - 1));
    const belowEnd = from + (low - lowEqual);
    const aboveFrom = to - (highEqual - high);
    if (belowEnd - from > 1 && first < belowEnd) sortPart(order, compare, first, last, from, belowEnd);
    if (to - aboveFrom <= 1 || last < aboveFrom) return;
    from = aboveFrom;
  }
  for (let i = from + 1; i < to; i++) {
    for (let at = i; at > from && compare(order[at - 1], order[at]) > 0; at--) swap(order, at, at - 1);
  }
}

function pivotOf(order: Int32Array, compare: Compare, from: number, to: number): number {
  const count = to - from;
  let low = from;
  let middle = from + (count >>> 1);
  let high = to - 1;
  if (count === FEW) return middle;
  if (count > MANY) {
    const step = count >>> 3;
    low = median(order, compare, low, low + step, low + 2 * step);
    middle = median(order, compare, middle - step, middle, middle + step);
    high = median(order, compare, high - 2 * step, high - step, high);
  }
  return median(order, compare, low, middle, high);
}

function median(order: Int32Array, compare: Compare, a: number, b: number, c: number): number {
  if (compare(order[a], order[b]) < 0) {
    if (compare(order[b], order[c]) < 0) return b;
    return compare(order[a], order[c]) < 0 ? c : a;
  }
  if (compare(order[b], order[c]) > 0) return b;
  return compare(order[a], order[c]) < 0 ? a : c;
}

function swap(order: Int32Array, a: number, b: number): void {
  const kept = order[a];
  order[a] = order[b];
  order[b] = kept;
}

/** Exchanges the first `count` from `from` on with the last before `to`. */
function exchange(order: Int32Array, from: number, to: number, count: number): void {
  for (let i = 0; i < count; i++) swap(order, from + i, to - count + i);
}
