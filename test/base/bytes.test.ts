import { describe, expect, test } from "bun:test";
import { equalBytes, equalsWords, integerLength, writeInteger } from "../../src/base/bytes.ts";
import { check, property } from "../support/property.ts";

describe("the decimal form of an integer", () => {
  const EDGES = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 1e9 - 1, 1e9, 1e9 + 1, 1e10 - 1, 1e10, 1e15, Number.MAX_SAFE_INTEGER];
  const buffer = Buffer.alloc(40);

  test("is what String makes of it, at every edge", () => {
    for (const edge of EDGES) {
      for (const value of edge === 0 ? [0] : [edge, -edge]) {
        expect(buffer.latin1Slice(3, writeInteger(buffer, 3, value))).toBe(String(value));
        expect(integerLength(value)).toBe(String(value).length);
      }
    }
  });

  property("is what String makes of it", (random) => {
    for (let count = 0; count < 500; count++) {
      const value = Math.floor(random.next() * 2 ** random.below(54)) * (random.chance(0.5) ? 1 : -1) + 0;
      check(buffer.latin1Slice(3, writeInteger(buffer, 3, value)) === String(value), `${value} is written as it is`);
    }
  });
});

describe("bytes in words", () => {
  property("are equal to other bytes where all of them are", (random) => {
    const length = random.below(40);
    const words = new Int32Array(12);
    const bytes = Buffer.from(words.buffer);
    random.bytes(48).copy(bytes);
    const other = Buffer.concat([random.bytes(3), bytes.subarray(4, 4 + length), random.bytes(3)]);
    check(equalsWords(words, 1, other, 3, length), "a copy is equal");
    if (length === 0) return;
    other[3 + random.below(length)] ^= 1 << random.below(8);
    check(!equalsWords(words, 1, other, 3, length), "a bit makes a difference");
    check(!equalBytes(bytes, 4, other, 3, length), "and it does byte by byte");
  });
});
