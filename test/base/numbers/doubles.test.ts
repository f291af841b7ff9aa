import { describe, expect, test } from "bun:test";
import { MAX_DOUBLE_BYTES, writeDouble } from "../../../src/base/numbers/doubles.ts";
import { check, property } from "../../support/property.ts";

const TEXT = Buffer.alloc(MAX_DOUBLE_BYTES);

function formatDouble(value: number): string {
  return TEXT.latin1Slice(0, writeDouble(TEXT, 0, value));
}

/** What Redis 7.2.6 writes (its d2string, compiled and run). */
const WRITTEN: readonly (readonly [number, string])[] = [
  [0, "0"],
  [-0, "-0"],
  [3, "3"],
  [-17, "-17"],
  [0.1, "0.1"],
  [3.3, "3.3"],
  [-2.5, "-2.5"],
  [1e15, "1000000000000000"],
  [2 ** 53, "9007199254740992"],
  [2 ** 62, "4611686018427387904"],
  [-(2 ** 62), "-4611686018427387904"],
  [9.2e18, "9.2e+18"],
  [1e20, "1e+20"],
  [1e21, "1e+21"],
  [1.5e300, "1.5e+300"],
  [0.001, "0.001"],
  [0.0000012, "1.2e-6"],
  [1.2e-7, "1.2e-7"],
  [1e-10, "1e-10"],
  [5e-324, "5e-324"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [2.2250738585072014e-308, "2.2250738585072014e-308"],
  [123456.789, "123456.789"],
  [36028815791922210000000, "36028815791922210000000"],
  // Grisu2 settles for a digit more than there need be.
  [4.438215412989389e-197, "4.4382154129893893e-197"],
  [618.652976899414, "618.6529768994141"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
  [Number.NaN, "nan"],
];

describe("doubles", () => {
  test("are written as Redis 7.2 writes them", () => {
    for (const [value, text] of WRITTEN) expect([value, formatDouble(value)]).toEqual([value, text]);
  });

  test("go where they are told, whatever was there before", () => {
    const buffer = Buffer.from("--------------------");
    expect(writeDouble(buffer, 3, 0.5)).toBe(6);
    expect(writeDouble(buffer, 7, -1e30)).toBe(13);
    expect(buffer.latin1Slice(0, 14)).toBe("---0.5--1e+30-");
  });

  property("read back as the same number, in hardly more digits than JavaScript takes", (random) => {
    const bits = new Uint32Array(2);
    const double = new Float64Array(bits.buffer);
    let longer = 0;
    for (let i = 0; i < 20_000; i++) {
      bits[0] = random.below(2 ** 32);
      bits[1] = random.below(2 ** 32);
      const value = random.pick([double[0], random.next(), random.below(1e6) / 10 ** random.below(6), 2 ** random.between(-1074, 1023)]);
      if (!Number.isFinite(value)) continue;
      const text = formatDouble(value);
      check(Object.is(Number(text), value), `${value} is not ${text}`);
      if (significant(text) > significant(String(value))) longer++;
    }
    expect(longer).toBeLessThan(200);
  });
});

function significant(text: string): number {
  return text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length;
}
