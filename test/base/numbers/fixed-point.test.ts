/** Coordinates and distances in digits, checked against exact fractions. */
import { expect, test } from "bun:test";
import { formatSixDecimals, MAX_FIXED_BYTES, writeDecimal, writeDistance } from "../../../src/base/numbers/fixed-point.ts";
import { check, property } from "../../support/property.ts";

const buffer = Buffer.alloc(MAX_FIXED_BYTES + 2);

function decimal(value: number): string {
  return buffer.latin1Slice(1, writeDecimal(buffer, 1, value));
}

function fourDecimals(value: number): string {
  return buffer.latin1Slice(1, writeDistance(buffer, 1, value));
}

/** To the nearest of `decimals`, ties to even, by whole numbers. */
function exact(value: number, decimals: number): string {
  const bits = 1100n; // no double has a bit worth less than 2^-1074
  let numerator = 0n;
  let rest = Math.abs(value);
  for (let shift = 0n; shift < bits; shift++) {
    const whole = Math.floor(rest);
    numerator = numerator * 2n + BigInt(whole) * 2n;
    rest = (rest - whole) * 2;
  }
  const scaled = numerator * 10n ** BigInt(decimals);
  const unit = 1n << bits;
  let digits = scaled / unit;
  const twice = (scaled % unit) * 2n;
  if (twice > unit || (twice === unit && digits % 2n === 1n)) digits++;
  const text = digits.toString().padStart(decimals + 1, "0");
  return `${value < 0 ? "-" : ""}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

function trimmed(text: string): string {
  const short = text.replace(/\.?0+$/, "");
  return short === "-0" ? "0" : short;
}

test("17 decimals without the zeros at the end", () => {
  expect(decimal(13.361389338970184)).toBe("13.36138933897018433");
  expect(decimal(-0)).toBe("0");
  expect(decimal(0.5)).toBe("0.5");
  expect(decimal(-180)).toBe("-180");
  expect(decimal(0.1)).toBe("0.10000000000000001");
  expect(decimal(1 - 2 ** -53)).toBe("0.99999999999999989");
  expect(decimal(2 ** -18)).toBe("0.00000381469726562");
  expect(decimal(3 * 2 ** -18)).toBe("0.00001144409179688");
  expect(decimal(5e-18)).toBe("0.00000000000000001");
  expect(decimal(4.9e-18)).toBe("0");
  expect(decimal(-4.9e-18)).toBe("0");
  expect(decimal(Number.MIN_VALUE)).toBe("0");
});

property("17 decimals of any number", (random) => {
  for (let i = 0; i < 1000; i++) {
    const scale = random.chance(0.5) ? 180 : 180 / 2 ** random.below(80);
    const value = (random.next() * 2 - 1 + random.next() / 2 ** 32) * scale;
    check(decimal(value) === trimmed(exact(value, 17)), `${value} gives ${decimal(value)}`);
  }
});

test("four decimals, ties to even after the multiplication", () => {
  expect(fourDecimals(0)).toBe("0.0000");
  expect(fourDecimals(0.00004)).toBe("0.0000");
  expect(fourDecimals(0.00015)).toBe("0.0001"); // as a double it comes to a little less than 1.5
  expect(fourDecimals(0.00025)).toBe("0.0002");
  expect(fourDecimals(0.00035)).toBe("0.0004");
  expect(fourDecimals(1.00005)).toBe("1.0001"); // likewise to a little more than 10000.5
  expect(fourDecimals(166274.15156960039)).toBe("166274.1516");
  expect(fourDecimals(0.99995)).toBe("1.0000");
  expect(fourDecimals(20015086.79602)).toBe("20015086.7960");
  expect(fourDecimals(Number.NaN)).toBe("-922337203685477.5808");
});

test("six decimals as C writes them, of any number", () => {
  expect(formatSixDecimals(200)).toBe("200.000000");
  expect(formatSixDecimals(-0)).toBe("-0.000000");
  expect(formatSixDecimals(1e22)).toBe("10000000000000000000000.000000");
  expect(formatSixDecimals(200.0078125)).toBe("200.007812");
  expect(formatSixDecimals(200.0234375)).toBe("200.023438");
  expect(formatSixDecimals(-1e-9)).toBe("-0.000000");
  expect(formatSixDecimals(Number.NEGATIVE_INFINITY)).toBe("-inf");
  for (const value of [199.9999995, 86.0000005, 1234.5678905, 0.1 + 0.2, -85.05112879]) {
    expect(formatSixDecimals(value)).toBe(exact(value, 6));
  }
});
