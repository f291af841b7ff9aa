import { describe, expect, test } from "bun:test";
import { BitOperation, combineBits, countBitRange, countBits, findBit } from "../../src/algorithms/bits.ts";
import { check, property, type Random } from "../support/property.ts";

/** Lengths around the limits of the loops: words, counting steps, chunks, runs. */
const LENGTHS = [1, 3, 4, 7, 8, 63, 64, 65, 127, 128, 8191, 8192, 8193, 8192 * 2 + 17, 65535, 65536, 65537, 200_000];

function bitAt(bytes: Buffer, position: number): number {
  return (bytes[position >> 3] >> (7 - (position & 7))) & 1;
}

/** `length` bytes at an odd place of a larger buffer of other bytes: what lies around must not count. */
function placed(random: Random, content: Buffer): { buffer: Buffer; from: number; to: number } {
  const from = random.below(17);
  const buffer = random.bytes(from + content.length + random.below(17));
  content.copy(buffer, from);
  return { buffer, from, to: from + content.length };
}

describe("bits of strings", () => {
  property("as many bits are counted as are set, wherever the string lies", (random) => {
    for (const length of LENGTHS) {
      const content = random.chance(0.2) ? Buffer.alloc(length, 0xff) : random.bytes(length);
      const { buffer, from, to } = placed(random, content);
      let expected = 0;
      for (let i = 0; i < length * 8; i++) expected += bitAt(content, i);
      check(countBits(buffer, from, to) === expected, `${length} bytes: ${countBits(buffer, from, to)}, not ${expected}`);
    }
  });

  property("bits are counted from one bit to another", (random) => {
    const content = random.bytes(300);
    const { buffer, from } = placed(random, content);
    for (let round = 0; round < 500; round++) {
      const first = random.below(2400);
      const last = random.between(first, 2399);
      let expected = 0;
      for (let i = first; i <= last; i++) expected += bitAt(content, i);
      check(countBitRange(buffer, from, first, last) === expected, `${first} to ${last}`);
    }
  });

  property("the first bit of a kind is found between two bits, or none", (random) => {
    for (let round = 0; round < 300; round++) {
      const length = random.pick(LENGTHS);
      const bit = random.pick([0, 1] as const);
      const content = Buffer.alloc(length, bit === 1 ? 0 : 0xff);
      const position = random.below(length * 8);
      content[position >> 3] ^= 0x80 >> (position & 7);
      const { buffer, from } = placed(random, content);
      const first = random.below(length * 8);
      const last = random.between(first, length * 8 - 1);
      const expected = position >= first && position <= last ? position : -1;
      check(findBit(buffer, from, first, last, bit) === expected, `${bit} at ${position} of ${length} bytes from ${first} to ${last}`);
      check(findBit(buffer, from, 0, length * 8 - 1, bit) === position, `${bit} at ${position} of ${length} bytes`);
      check(findBit(buffer, from, position, position, bit) === position, "a range of one bit");
    }
  });

  property("strings of several lengths are combined as if zeros followed the shorter ones", (random) => {
    for (const operation of [BitOperation.AND, BitOperation.OR, BitOperation.XOR, BitOperation.NOT]) {
      for (let round = 0; round < 6; round++) {
        const contents = Array.from({ length: operation === BitOperation.NOT ? 1 : random.between(1, 4) }, () =>
          random.bytes(random.chance(0.2) ? 0 : random.pick(LENGTHS.slice(0, 14))),
        );
        const length = Math.max(...contents.map((content) => content.length));
        if (length === 0) continue;
        const sources = contents.map((content) => placed(random, content));
        // Now and then the longest string is the target, too.
        const longest = sources.find(({ from, to }) => to - from === length);
        const own = { buffer: Buffer.alloc(length + 5), from: 5, to: length + 5 };
        const { buffer, from, to } = (random.chance(0.5) && longest) || own;
        combineBits(operation, sources, length, { buffer, from });
        const result = buffer.subarray(from, to);
        for (let i = 0; i < length; i++) {
          const column = contents.map((content) => content[i] ?? 0);
          const expected =
            operation === BitOperation.AND
              ? column.reduce((a, b) => a & b)
              : operation === BitOperation.OR
                ? column.reduce((a, b) => a | b)
                : operation === BitOperation.XOR
                  ? column.reduce((a, b) => a ^ b)
                  : ~column[0] & 0xff;
          check(result[i] === expected, `operation ${operation}, byte ${i} of ${contents.map((content) => content.length)}`);
        }
      }
    }
  });

  test("positions beyond 2^32 bits are no trouble", () => {
    const bytes = Buffer.alloc(2 ** 29 + 2);
    bytes[2 ** 29 + 1] = 0x08;
    expect(findBit(bytes, 0, 0, bytes.length * 8 - 1, 1)).toBe(2 ** 32 + 12);
    expect(countBitRange(bytes, 0, 2 ** 32 - 5, 2 ** 32 + 12)).toBe(1);
    expect(countBitRange(bytes, 0, 2 ** 32 - 5, 2 ** 32 + 11)).toBe(0);
  });
});
