/** The part that is sorted is what a whole sort would put there. (Who comes first among equals, geo.test.ts and sort.test.ts compare with Redis.) */
import { expect, test } from "bun:test";
import { partialSort } from "../../src/algorithms/partial-sort.ts";
import { check, property } from "../support/property.ts";

property("the places asked for hold what they would after a whole sort, and nothing is lost", (random) => {
  for (let round = 0; round < 300; round++) {
    const count = random.between(1, random.pick([6, 7, 8, 40, 41, 300]));
    const kinds = random.pick([1, 2, 10, 1000]);
    const keys = Array.from({ length: count }, () => random.below(kinds));
    const order = Int32Array.from(keys.keys());
    const first = random.below(count);
    const last = random.between(first, count - 1);
    partialSort(order, (a, b) => keys[a] - keys[b], first, last);
    const sorted = keys.toSorted((a, b) => a - b);
    for (let at = first; at <= last; at++) check(keys[order[at]] === sorted[at], `place ${at} of ${keys}, ${first} to ${last} wanted`);
    check(new Set(order).size === count, `elements of ${keys} were lost`);
  }
});

test("with nothing asked for nothing is moved", () => {
  const order = Int32Array.of(3, 1, 2);
  partialSort(order, (a, b) => a - b, 1, 0);
  expect([...order]).toEqual([3, 1, 2]);
});
