import { describe, expect, test } from "bun:test";
import { MAX_FIXED_BYTES } from "../../../src/base/numbers/fixed-point.ts";
import { addLongDoubles, formatLongDouble, parseLongDouble } from "../../../src/base/numbers/longdouble.ts";
import { writeShortSum } from "../../../src/base/numbers/short-decimal.ts";
import { property, type Random } from "../../support/property.ts";

const target = Buffer.alloc(MAX_FIXED_BYTES);

/** The short way's sum, or null where it leaves it to the long way. Both texts lie between other digits. */
function shortSum(one: string, other: string): string | null {
  const a = Buffer.from(`9${one}9`);
  const b = Buffer.from(`9${other}9`);
  const size = writeShortSum(target, a, 1, a.length - 1, b, 1, b.length - 1);
  return size === 0 ? null : target.latin1Slice(0, size);
}

function longSum(one: string, other: string): string | null {
  const a = parseLongDouble(one);
  const b = parseLongDouble(other);
  const sum = a === null || b === null ? null : addLongDoubles(a, b);
  return sum === null ? null : formatLongDouble(sum);
}

describe("sums of short decimals", () => {
  test.each([
    ["1", "0.5", "1.5"],
    ["10.50", "0.1", "10.6"],
    ["1", "-1.1", "-0.1"],
    ["0.1", "0.2", "0.3"],
    ["-0", "-0", "0"],
    ["-0.0", "0", "0"],
    ["0.5", "-0.5", "0"],
    ["007", "0.25", "7.25"],
    ["1234", "0.1", "1234.09999999999999998"],
    ["4503599627370495", "0.5", null],
    ["999999999999999", "0.99999999999999999", "1000000000000000"],
    ["999999999999999", "999999999999999", "1999999999999998"],
    ["-999999999999999", "0.00000000000000001", null],
    ["2147483648.00000000000000001", "-2147483648", "0"],
    ["1024.5", "-0.00000000001", "1024.49999999999"],
  ])("%p + %p is %p, as the long way has it", (one, other, expected) => {
    expect(shortSum(one, other)).toBe(expected);
    if (expected !== null) expect(longSum(one, other)).toBe(expected);
  });

  test.each(["", "-", ".", "-.5", ".5", "5.", "+5", " 5", "5 ", "1e3", "1E3", "0x10", "inf", "-inf", "nan", "1.2.3", "1,5", "--1", "1.-5"])(
    "%p is left to the long way",
    (text) => {
      expect(shortSum(text, "1")).toBeNull();
      expect(shortSum("1", text)).toBeNull();
    },
  );

  test("numbers of more digits are left to the long way", () => {
    expect(shortSum("9999999999999999", "1")).toBeNull();
    expect(shortSum("1.000000000000000001", "1")).toBeNull();
  });

  property("each sum is the long way's", (random) => {
    let before = "1";
    let decided = 0;
    for (let round = 0; round < 20_000; round++) {
      const one = random.chance(0.3) ? before : decimal(random);
      const other = random.chance(0.1) ? nearlyOpposite(random, one) : decimal(random);
      const sum = longSum(one, other);
      const short = shortSum(one, other);
      if (short !== null) {
        expect([one, other, short]).toEqual([one, other, sum ?? ""]);
        decided++;
      }
      before = sum !== null && sum.length < 34 ? sum : "1";
    }
    expect(decided).toBeGreaterThan(10_000);
  });
});

function digits(random: Random, longest: number): string {
  return Array.from({ length: random.between(1, longest) }, () => random.below(10)).join("");
}

/** Digits of every length, with carries and borrows, and what stands next to a power of two. */
function decimal(random: Random): string {
  const sign = random.chance(0.4) ? "-" : "";
  switch (random.below(7)) {
    case 0:
      return `${sign}${random.below(10_000)}.${digits(random, 3)}`;
    case 1:
      return sign + digits(random, 15);
    case 2:
      return `${sign}${digits(random, 15)}.${digits(random, 17)}`;
    case 3:
      return `${sign}0.${"0".repeat(random.below(15))}${digits(random, 3)}`;
    case 4:
      return `${sign}${2 ** random.below(50)}.${"0".repeat(random.below(16))}1`;
    case 5:
      return `${sign}${2 ** random.below(50) - 1}.${"9".repeat(random.between(1, 17))}`;
    default:
      return sign + (random.below(1e9) / 2 ** random.below(20)).toFixed(random.below(18));
  }
}

function nearlyOpposite(random: Random, text: string): string {
  const opposite = text.startsWith("-") ? text.slice(1) : `-${text}`;
  return random.chance(0.5) ? opposite : `${opposite}${opposite.includes(".") ? "" : "."}${random.below(10)}`;
}
