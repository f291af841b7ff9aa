/**
 * Coordinates and distances in the digits that Redis writes: C's "%.17Lf" without the zeros at the end, and four decimals. Hot: a search that
 * shows coordinates writes two for each member, so digits come out of 24-bit limbs, and neither a string nor a BigInt is made.
 */

import { MINUS, POINT, writeInteger, ZERO } from "../bytes.ts";
import { divideToEven, formatLongDouble } from "./longdouble.ts";

/** No number that is written here takes more bytes. */
export const MAX_FIXED_BYTES = 40;

const LIMB = 2 ** 24;
const HALF_LIMB = LIMB / 2;
const MILLION = 1e6;
const DISTANCE_SCALE = 10_000;
const DISTANCE_DECIMALS = 4;
/** Smaller fractions than this are 0 to 17 decimals, and to six; those that are not end before this many bits. */
const SMALLEST = 2 ** -70;
const SMALLEST_BITS = 123;

/**
 * Writes a number of less than 2^53 to the nearest of 17 decimals, ties to even, without zeros at the end. Returns the offset after it.
 * `extra` is what the number has beyond the bits of a double, at most half of its last one; only numbers of at least 2^-8 may have it.
 */
export function writeDecimal(target: Buffer, at: number, value: number, extra = 0): number {
  const magnitude = Math.abs(value);
  let whole = Math.floor(magnitude);
  // The fraction in three limbs, which hold the whole of it unless it is very small.
  let high = (magnitude - whole) * LIMB;
  let middle = (high - Math.floor(high)) * LIMB;
  if (extra !== 0) {
    // The first limb ends where `extra` may still borrow from it, or carry to it.
    middle += (value < 0 ? -extra : extra) * LIMB * LIMB;
    const carry = Math.floor(middle / LIMB);
    middle -= carry * LIMB;
    high = Math.floor(high) + carry;
    const unit = Math.floor(high / LIMB);
    whole += unit;
    high -= unit * LIMB;
  }
  let low = (middle - Math.floor(middle)) * LIMB;
  if (low !== Math.floor(low)) return writeSmall(target, at, value);
  high = Math.floor(high);
  middle = Math.floor(middle);
  let first = 0;
  let second = 0;
  let third = 0;
  for (let chunk = 0; chunk < 3; chunk++) {
    const factor = chunk === 2 ? MILLION / 10 : MILLION;
    low *= factor;
    middle = middle * factor + Math.floor(low / LIMB);
    high = high * factor + Math.floor(middle / LIMB);
    low -= Math.floor(low / LIMB) * LIMB;
    middle -= Math.floor(middle / LIMB) * LIMB;
    const digits = Math.floor(high / LIMB);
    high -= digits * LIMB;
    if (chunk === 0) first = digits;
    else if (chunk === 1) second = digits;
    else third = digits;
  }
  const isTie = high === HALF_LIMB && middle === 0 && low === 0;
  if (high > HALF_LIMB || (high === HALF_LIMB && !isTie) || (isTie && (third & 1) === 1)) third++;
  if (third === MILLION / 10) {
    third = 0;
    second++;
  }
  if (second === MILLION) {
    second = 0;
    first++;
  }
  if (first === MILLION) {
    first = 0;
    whole++;
  }
  if (value < 0) target[at++] = MINUS;
  at = writeInteger(target, at, whole);
  if (first === 0 && second === 0 && third === 0) return at;
  target[at++] = POINT;
  at = writePadded(target, at, first, 6);
  at = writePadded(target, at, second, 6);
  at = writePadded(target, at, third, 5);
  while (target[at - 1] === ZERO) at--;
  return at;
}

/** One whose last bit is worth less than 2^-72. */
function writeSmall(target: Buffer, at: number, value: number): number {
  const magnitude = Math.abs(value);
  const mantissa = magnitude < SMALLEST ? 0n : BigInt(magnitude * 2 ** SMALLEST_BITS);
  return at + target.latin1Write(formatLongDouble({ negative: value < 0, mantissa, exponent: -SMALLEST_BITS }), at);
}

/** Writes a distance to the nearest of four decimals. NaN is what C makes of it. Returns the offset after it. */
export function writeDistance(target: Buffer, at: number, value: number): number {
  if (value !== value) return at + target.latin1Write("-922337203685477.5808", at);
  const scaled = value * DISTANCE_SCALE;
  let rounded = Math.floor(scaled);
  const rest = scaled - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded++;
  const whole = Math.floor(rounded / DISTANCE_SCALE);
  at = writeInteger(target, at, whole);
  target[at++] = POINT;
  return writePadded(target, at, rounded - whole * DISTANCE_SCALE, DISTANCE_DECIMALS);
}

function writePadded(target: Buffer, at: number, value: number, width: number): number {
  let rest = value | 0;
  for (let place = at + width - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    target[place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return at + width;
}

/** C's "%f": six decimals, ties to even. For error texts. */
export function formatSixDecimals(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return `${sign}inf`;
  if (magnitude >= 2 ** 53) return `${sign}${BigInt(magnitude)}.000000`;
  const scaled = magnitude < SMALLEST ? 0n : BigInt(magnitude * 2 ** SMALLEST_BITS) * BigInt(MILLION);
  const digits = divideToEven(scaled, 1n << BigInt(SMALLEST_BITS))
    .toString()
    .padStart(7, "0");
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
