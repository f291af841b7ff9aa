/**
 * How many elements a HyperLogLog has seen, from how many of its registers hold each value. Source: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (arXiv:1702.01284); steps and their order are those of Redis, so that counts are equal to the last bit.
 */

import { REGISTERS, RUN_BITS } from "./hyperloglog-hash.ts";

/** 0.5 / ln(2) */
const ALPHA = 0.7213475204444817;
/** Beyond it C's conversion to an integer answers with the smallest int64. */
const INT64_LIMIT = 2 ** 63;

/** `histogram` has, by value, how many registers hold it. -> an int64: 2^63 and more, which only registers made by hand come to, is -2^63. */
export function estimateCardinality(histogram: Int32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[RUN_BITS + 1]) / REGISTERS);
  for (let value = RUN_BITS; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  const cardinality = Math.round((ALPHA * REGISTERS * REGISTERS) / z);
  return cardinality < INT64_LIMIT ? cardinality : -INT64_LIMIT;
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
    if (z === before) return z / 3;
  }
}
