import { describe, expect, test } from "bun:test";
import { moveBytes } from "../../src/base/bytes.ts";
import {
  EMPTY_INTSET_BYTES,
  IntsetAdd,
  intsetAdd,
  intsetFind,
  intsetFits,
  intsetGet,
  intsetLength,
  intsetRemove,
  intsetRemoveAt,
  intsetValid,
} from "../../src/memory/intset.ts";
import { Element, type PackedSpace } from "../../src/memory/packed.ts";
import { check, property, type Random } from "../support/property.ts";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** Where widths, safe integers and int64 end. */
const EDGES = [
  0n,
  1n,
  -1n,
  2n ** 15n - 1n,
  2n ** 15n,
  -(2n ** 15n),
  -(2n ** 15n) - 1n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  -(2n ** 31n) - 1n,
  2n ** 32n - 1n,
  2n ** 32n,
  -(2n ** 32n),
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  10n ** 18n,
  10n ** 18n + 1n,
  INT64_MAX,
  INT64_MAX - 1n,
  INT64_MIN,
  INT64_MIN + 1n,
];

/** Bytes in a new buffer after each splice, so that an offset kept too long is found out. */
class Space implements PackedSpace {
  buffer = Buffer.alloc(EMPTY_INTSET_BYTES + 3);
  from = 3;
  to = EMPTY_INTSET_BYTES + 3;

  constructor() {
    this.buffer[this.from] = 2;
  }

  splice(at: number, removed: number, inserted: number): void {
    const length = this.to - this.from;
    const from = (this.from % 5) + 1;
    const buffer = Buffer.alloc(from + length - removed + inserted, 0xee);
    this.buffer.copy(buffer, from, this.from, this.from + at);
    this.buffer.copy(buffer, from + at + inserted, this.from + at + removed, this.to);
    this.buffer.fill(0xdd);
    this.buffer = buffer;
    this.from = from;
    this.to = buffer.length;
  }

  /** A copy of the bytes. */
  get bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(this.from, this.to));
  }
}

const element = new Element();

function text(value: bigint | string): Buffer {
  return Buffer.from(`<${value}>`);
}

function add(space: Space, value: bigint | string): IntsetAdd {
  const bytes = text(value);
  return intsetAdd(space, bytes, 1, bytes.length - 1);
}

function has(space: Space, value: bigint | string): boolean {
  const bytes = text(value);
  return intsetFind(space.buffer, space.from, bytes, 1, bytes.length - 1) >= 0;
}

function remove(space: Space, value: bigint | string): boolean {
  const bytes = text(value);
  return intsetRemove(space, bytes, 1, bytes.length - 1);
}

function digits(space: Space, index: number): string {
  intsetGet(space.buffer, space.from, index, element);
  return element.bytes.toString("latin1", element.from, element.to);
}

function members(space: Space): string[] {
  return Array.from({ length: intsetLength(space.buffer, space.from) }, (_, index) => digits(space, index));
}

function of(...values: readonly (bigint | number)[]): Space {
  const space = new Space();
  for (const value of values) expect(add(space, BigInt(value))).toBe(IntsetAdd.ADDED);
  return space;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A number of some width, now and then an edge. */
function draw(random: Random, bits: number): bigint {
  if (random.chance(0.1)) return random.pick(EDGES.filter((edge) => bits === 64 || BigInt.asIntN(bits, edge) === edge));
  const word = (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
  return BigInt.asIntN(bits, word >> BigInt(random.below(64)));
}

describe("intset", () => {
  test("is Redis's bytes: width, count, ascending little-endian numbers", () => {
    expect(new Space().bytes).toEqual(Buffer.from("0200000000000000", "hex"));
    expect(of(5, -2, 300).bytes).toEqual(Buffer.from("0200000003000000feff05002c01", "hex"));
    expect(of(5, 70000).bytes).toEqual(Buffer.from("04000000020000000500000070110100", "hex"));
    expect(of(5, 2n ** 40n).bytes).toEqual(Buffer.from("080000000200000005000000000000000000000000010000", "hex"));
    expect(of(INT64_MIN, INT64_MAX).bytes).toEqual(Buffer.from("08000000020000000000000000000080ffffffffffffff7f", "hex"));
  });

  test("grows wider for a number below or above all others, and keeps the width when that goes", () => {
    const space = of(1, -1);
    for (const value of [40000n, -3000000000n, INT64_MAX]) expect(add(space, value)).toBe(IntsetAdd.ADDED);
    expect(members(space)).toEqual(["-3000000000", "-1", "1", "40000", "9223372036854775807"]);
    for (const value of [40000n, -3000000000n, INT64_MAX]) expect(remove(space, value)).toBe(true);
    expect(space.bytes).toEqual(Buffer.from("0800000002000000ffffffffffffffff0100000000000000", "hex"));
    expect(has(space, 1n)).toBe(true);
  });

  test("every edge of its widths is kept exactly", () => {
    for (const first of EDGES) {
      for (const second of EDGES) {
        if (first === second) continue;
        const space = of(first, second);
        expect(members(space)).toEqual([first, second].sort(ascending).map(String));
        expect(add(space, second)).toBe(IntsetAdd.PRESENT);
        expect(intsetValid(space.buffer, space.from, space.to)).toBe(true);
      }
    }
  });

  const NO_INTEGERS = ["", "-", "+1", "-0", "00", "01", "-01", "1.0", "1e3", " 1", "1 ", "0x1", "a", "99999999999999999999", "1\0"];
  test("what is no canonical int64 is neither added nor found nor removed", () => {
    for (const word of [...NO_INTEGERS, `${INT64_MAX + 1n}`, `${INT64_MIN - 1n}`, "12345678901234567x", "-1234567890123456789012"]) {
      const space = of(0, 1, INT64_MAX, INT64_MIN);
      const before = space.bytes;
      expect([word, add(space, word), has(space, word), remove(space, word)]).toEqual([word, IntsetAdd.NO_INTEGER, false, false]);
      expect(space.bytes).toEqual(before);
    }
  });

  test("find gives the index and removeAt takes it", () => {
    const space = of(10, 20, 30);
    const bytes = Buffer.from("20");
    expect(intsetFind(space.buffer, space.from, bytes, 0, 2)).toBe(1);
    intsetRemoveAt(space, 1);
    expect(intsetFind(space.buffer, space.from, bytes, 0, 2)).toBe(-1);
    expect(members(space)).toEqual(["10", "30"]);
  });

  for (const bits of [8, 16, 32, 64]) {
    property(
      `agrees with a model, numbers of ${bits} bits`,
      (random) => {
        const space = new Space();
        const model = new Set<bigint>();
        const pool = Array.from({ length: 60 }, () => draw(random, bits));
        for (let step = 0; step < 400; step++) {
          const value = random.chance(0.7) ? random.pick(pool) : draw(random, bits);
          if (random.chance(0.6)) {
            check(add(space, value) === (model.has(value) ? IntsetAdd.PRESENT : IntsetAdd.ADDED), `add ${value}`);
            model.add(value);
          } else {
            check(remove(space, value) === model.delete(value), `remove ${value}`);
          }
          const other = random.pick(pool);
          check(has(space, other) === model.has(other), `has ${other}`);
          check(intsetLength(space.buffer, space.from) === model.size, "length");
          check(intsetFits(space.buffer, space.from, space.to) || space.to - space.from === EMPTY_INTSET_BYTES, "bytes");
          check(intsetValid(space.buffer, space.from, space.to) === model.size > 0, "valid");
          if (step % 20 === 0) check(members(space).join() === [...model].sort(ascending).join(), "members");
        }
      },
      5,
    );
  }
});

describe("intset of unknown origin", () => {
  const GOOD = of(-70000, 3, 4, 2n ** 40n).bytes;

  function valid(bytes: Buffer): boolean {
    return intsetValid(Buffer.concat([Buffer.from("x"), bytes, Buffer.from("yz")]), 1, bytes.length + 1);
  }

  test("is told from what is none", () => {
    expect(valid(GOOD)).toBe(true);
    expect(valid(new Space().bytes)).toBe(false);
    for (let length = 0; length < GOOD.length; length++) expect(valid(GOOD.subarray(0, length))).toBe(false);
    expect(valid(Buffer.concat([GOOD, Buffer.alloc(8)]))).toBe(false);
    for (const width of [0, 1, 3, 16, 255]) {
      const bytes = Buffer.from(GOOD);
      bytes[0] = width;
      expect(valid(bytes)).toBe(false);
    }
    const huge = Buffer.from(GOOD);
    huge.writeUInt32LE(0xffffffff, 4);
    expect(valid(huge)).toBe(false);
    huge.writeUInt32LE(0xfffffff8, 0);
    expect(valid(huge)).toBe(false);
  });

  test("must be in order and without doubles", () => {
    for (const width of [2, 4, 8]) {
      const bytes = Buffer.alloc(EMPTY_INTSET_BYTES + 3 * width);
      bytes[0] = width;
      bytes[4] = 3;
      bytes[EMPTY_INTSET_BYTES] = 1;
      bytes[EMPTY_INTSET_BYTES + width] = 2;
      bytes[EMPTY_INTSET_BYTES + 2 * width] = 3;
      expect(valid(bytes)).toBe(true);
      const swapped = Buffer.from(bytes);
      moveBytes(swapped, EMPTY_INTSET_BYTES, EMPTY_INTSET_BYTES + width, EMPTY_INTSET_BYTES + 2 * width);
      expect(valid(swapped)).toBe(false);
      bytes[EMPTY_INTSET_BYTES + 2 * width] = 0;
      expect(valid(bytes)).toBe(false);
    }
  });

  property("is refused or read without a step outside", (random) => {
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(GOOD);
      for (let change = random.between(1, 3); change > 0; change--) bytes[random.below(bytes.length)] = random.below(256);
      if (!valid(bytes)) continue;
      const space = new Space();
      space.buffer = bytes;
      space.from = 0;
      space.to = bytes.length;
      const values = members(space).map(BigInt);
      check(
        values.every((value, index) => index === 0 || value > values[index - 1]),
        "ascending",
      );
    }
  });
});
