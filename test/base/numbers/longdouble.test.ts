import { describe, expect, test } from "bun:test";
import { addLongDoubles, formatLongDouble, parseLongDouble } from "../../../src/base/numbers/longdouble.ts";
import { Random } from "../../support/property.ts";
import { startRedis, testWithRedis } from "../../support/redis.ts";

/** What INCRBYFLOAT makes of these two texts: the new value, or null for an error. */
function sum(one: string, other: string): string | null {
  const a = parseLongDouble(one);
  const b = parseLongDouble(other);
  const result = a === null || b === null ? null : addLongDoubles(a, b);
  return result === null ? null : formatLongDouble(result);
}

describe("80-bit long doubles", () => {
  const table: readonly (readonly [one: string, other: string, sum: string | null])[] = [
    ["1", "1.5", "2.5"],
    ["0.1", "0.2", "0.3"],
    ["1", "-1.1", "-0.1"],
    ["3.0e3", "200", "3200"],
    ["17179869184", "1.5", "17179869185.5"],
    ["-1e-20", "0", "0"],
    ["-0", "-0", "0"],
    ["1e-17", "0", "0.00000000000000001"],
    ["5e-18", "0", "0"],
    ["9223372036854775807", "1", "9223372036854775808"],
    ["18446744073709551615", "0", "18446744073709551615"],
    ["18446744073709551615", "0.5", "18446744073709551616"],
    ["18446744073709551615", "2", "18446744073709551616"],
    ["0x1p4", "0x.8", "16.5"],
    [".5", "5.", "5.5"],
    ["+1e+2", "-1E-1", "99.9"],
    ["1e5000", "1", null],
    ["1e-5000", "1", null],
    ["1e99999999999999999999", "1", null],
    ["0e99999999999999999999", "1", "1"],
    ["1e-4940", "1", "1"],
    ["inf", "1", null],
    ["-Infinity", "inf", null],
    ["nan", "1", null],
    ["", "1", null],
    [" 1", "1", null],
    ["1 ", "1", null],
    [".", "1", null],
    ["1e", "1", null],
    ["0x", "1", null],
    ["1,5", "1", null],
    ["1\n", "1", null],
  ];

  test.each(table)("%p + %p is %p", (one, other, expected) => {
    expect(sum(one, other)).toBe(expected);
  });

  test("the largest number keeps every digit, and twice of it is none", () => {
    const largest = "1.18973149535723176502e4932";
    expect(sum(largest, "0")).toHaveLength(4933);
    expect(sum(largest, largest)).toBeNull();
  });

  testWithRedis("thousands of sums are those of a real Redis", async () => {
    const redis = await startRedis();
    const client = await redis.connect();
    const random = new Random(20240607);
    try {
      for (let round = 0; round < 40; round++) {
        const pairs = Array.from({ length: 250 }, () => [number(random), number(random)] as const);
        const replies = await client.pipeline(
          pairs.flatMap(([one, other]) => [
            ["SET", "k", one],
            ["INCRBYFLOAT", "k", other],
          ]),
        );
        const theirs = replies
          .filter((_, index) => index % 2 === 1)
          .map((reply) => /^\$\d+\r\n(.*)\r\n$/s.exec(reply.toString())?.[1] ?? null);
        const ours = pairs.map(([one, other]) => sum(one, other));
        expect(pairs.map((pair, index) => [...pair, ours[index]])).toEqual(pairs.map((pair, index) => [...pair, theirs[index]]));
      }
    } finally {
      client.close();
      await redis.stop();
    }
  });
});

function digits(random: Random, longest: number): string {
  return Array.from({ length: 1 + random.below(longest) }, () => "0123456789"[random.below(10)]).join("");
}

/** A number as a client might write it, or something close to one. */
function number(random: Random): string {
  const sign = ["", "", "-", "+"][random.below(4)];
  switch (random.below(8)) {
    case 0:
      return sign + digits(random, 22);
    case 1:
      return `${sign}${digits(random, 5)}.${digits(random, 25)}`;
    case 2:
      return `${sign}${digits(random, 20)}.${digits(random, 20)}e${random.below(60) - 30}`;
    case 3:
      return `${sign}${digits(random, 3)}e${random.below(10000) - 5000}`;
    case 4:
      return `${sign}0x${(random.below(2 ** 31) * 2 ** 20).toString(16)}.${random.below(65536).toString(16)}p${random.below(130) - 65}`;
    case 5: // halfway between two numbers of 64 bits, or next to it
      return sign + (2n ** 64n + BigInt(random.below(8)) * 2n ** 63n + BigInt(random.below(3) - 1)).toString();
    case 6: // halfway between two numbers of 17 decimals, or next to it
      return `${sign}${random.below(10)}.${digits(random, 3)}e-${10 + random.below(12)}`;
    default:
      return ["inf", "-inf", "nan", "infinity", "0", "-0", "1e4932", "-1e4932", "3.6e-4951", "1.8e-4951", "", "x", "1.2.3", "0x", "1e"][
        random.below(15)
      ];
  }
}
