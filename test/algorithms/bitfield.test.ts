import { describe, expect, test } from "bun:test";
import { assigned, fieldType, incremented, Overflow, readField, writeField } from "../../src/algorithms/bitfield.ts";
import { check, property } from "../support/property.ts";

const TYPES = [true, false]
  .flatMap((signed) => Array.from({ length: 66 }, (_, bits) => fieldType(signed, bits)))
  .filter((type) => type !== null);

describe("integers in strings of bits", () => {
  test("there are types of 1 to 64 bits with a sign, of 1 to 63 without", () => {
    expect(TYPES.map((type) => type.bits)).toEqual([
      ...Array.from({ length: 64 }, (_, i) => i + 1),
      ...Array.from({ length: 63 }, (_, i) => i + 1),
    ]);
  });

  property("what is written at a bit is read there, and nothing around it has changed", (random) => {
    for (const type of TYPES) {
      for (let round = 0; round < 20; round++) {
        const bytes = random.bytes(32);
        const before = Buffer.from(bytes);
        const offset = random.below(80);
        let value = BigInt.asUintN(64, BigInt(`0x${random.bytes(8).toString("hex")}`));
        value = type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
        const number = Number.isSafeInteger(Number(value)) ? Number(value) : value;
        writeField(bytes, 3, offset, type, number);
        check(readField(bytes, 3, 32, offset, type) === number, `${value} in ${type.bits} bits at ${offset}`);
        for (let bit = 0; bit < 256; bit++) {
          if (bit >= 24 + offset && bit < 24 + offset + type.bits) continue;
          check(((bytes[bit >> 3] ^ before[bit >> 3]) & (0x80 >> (bit & 7))) === 0, `bit ${bit} with ${type.bits} bits at ${offset}`);
        }
      }
    }
  });

  test("a string goes on in zeros", () => {
    const bytes = Buffer.alloc(8, 0xff);
    expect(readField(bytes, 2, 4, 0, fieldType(false, 63) as never)).toBe(0x7fff800000000000n);
    expect(readField(bytes, 2, 4, 12, fieldType(false, 8) as never)).toBe(0xf0);
    expect(readField(bytes, 2, 4, 160, fieldType(true, 64) as never)).toBe(0);
  });

  property("sums and assignments are exact, whatever the size", (random) => {
    for (const type of TYPES) {
      for (let round = 0; round < 40; round++) {
        const draw = () => {
          const bits = BigInt(`0x${random.bytes(8).toString("hex")}`) >> BigInt(random.below(64));
          return BigInt.asIntN(64, random.chance(0.5) ? bits : -bits);
        };
        const wrap = (value: bigint) => (type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value));
        const short = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
        const [value, increment] = [wrap(draw()), draw()];
        const sum = value + increment;
        const fits = sum >= type.min && sum <= type.max;
        const near = sum > type.max ? type.max : type.min;
        const what = `${value} + ${increment} in ${type.bits} bits`;
        check(incremented(type, short(value), short(increment), Overflow.WRAP) === short(wrap(sum)), what);
        check(incremented(type, short(value), short(increment), Overflow.SAT) === short(fits ? sum : near), what);
        check(incremented(type, short(value), short(increment), Overflow.FAIL) === (fits ? short(sum) : null), what);
        check(assigned(type, short(increment), Overflow.WRAP) === short(wrap(increment)), what);
      }
    }
  });
});
