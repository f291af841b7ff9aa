/**
 * Integers of 1 to 64 bits at any bit of a string, the highest bit first: what BITFIELD reads and writes. An integer is a number where that
 * is exact and a bigint where it is not, so that only fields of more than 53 bits and sums that leave their field cost BigInt arithmetic.
 */

import { INT64_MAX } from "../base/bytes.ts";

export type FieldInteger = number | bigint;

/** What an integer field can hold. */
export interface FieldType {
  readonly bits: number;
  readonly signed: boolean;
  /** The smallest and the largest integer in it. */
  readonly min: bigint;
  readonly max: bigint;
  /** The same as numbers, rounded where they must be: what a safe integer is to be compared with. */
  readonly least: number;
  readonly most: number;
}

/** What becomes of an integer that its field cannot hold: it wraps around, it becomes the nearest that the field can hold, or nothing is written. */
export const Overflow = { WRAP: 0, SAT: 1, FAIL: 2 } as const;
export type Overflow = (typeof Overflow)[keyof typeof Overflow];

/** Bits of a number that is exact whatever they are. */
const EXACT_BITS = 53;
const LOW_BITS = 32;

/** Those that were asked for, by their bits. */
const SIGNED: FieldType[] = [];
const UNSIGNED: FieldType[] = [];
/** Integers are of 64 bits at most, and Redis reads none without a sign that are. */
const MOST_BITS = { signed: 64, unsigned: 63 };

function fieldOf(bits: number, signed: boolean): FieldType {
  const half = bits === 0 ? 0n : 1n << BigInt(bits - 1);
  const min = signed ? -half : 0n;
  const max = signed ? half - 1n : half * 2n - 1n;
  return { bits, signed, min, max, least: Number(min), most: Number(max) };
}

/** The type of signed fields of 1 to 64 bits, or of unsigned ones of 1 to 63; null for others. */
export function fieldType(signed: boolean, bits: number): FieldType | null {
  if (!(bits >= 1 && bits <= (signed ? MOST_BITS.signed : MOST_BITS.unsigned))) return null; // NaN among others
  const known = signed ? SIGNED : UNSIGNED;
  known[bits] ??= fieldOf(bits, signed);
  return known[bits];
}

/** The field at bit `offset` of the string bytes[from, to), which goes on in zeros. */
export function readField(bytes: Buffer, from: number, to: number, offset: number, type: FieldType): FieldInteger {
  const { bits, signed } = type;
  if (bits <= EXACT_BITS) {
    const value = readBits(bytes, from, to, offset, bits);
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readBits(bytes, from, to, offset, bits - LOW_BITS);
  const low = readBits(bytes, from, to, offset + bits - LOW_BITS, LOW_BITS);
  const value = (BigInt(high) << BigInt(LOW_BITS)) | BigInt(low);
  return exact(signed ? BigInt.asIntN(bits, value) : value);
}

/** Puts an integer that the field can hold at bit `offset`; the string that starts at bytes[from] reaches as far. */
export function writeField(bytes: Buffer, from: number, offset: number, type: FieldType, value: FieldInteger): void {
  const { bits } = type;
  if (bits <= EXACT_BITS) {
    const number = Number(value);
    return writeBits(bytes, from, offset, bits, number < 0 ? number + 2 ** bits : number);
  }
  const unsigned = BigInt.asUintN(bits, BigInt(value));
  writeBits(bytes, from, offset, bits - LOW_BITS, Number(unsigned >> BigInt(LOW_BITS)));
  writeBits(bytes, from, offset + bits - LOW_BITS, LOW_BITS, Number(BigInt.asUintN(LOW_BITS, unsigned)));
}

/** Up to EXACT_BITS bits as an unsigned number. */
function readBits(bytes: Buffer, from: number, to: number, offset: number, bits: number): number {
  let at = from + Math.floor(offset / 8);
  let left = 8 - (offset & 7);
  let value = 0;
  while (bits > 0) {
    const taken = Math.min(left, bits);
    const byte = at < to ? bytes[at] : 0;
    value = value * (1 << taken) + ((byte >>> (left - taken)) & ((1 << taken) - 1));
    bits -= taken;
    left = 8;
    at++;
  }
  return value;
}

function writeBits(bytes: Buffer, from: number, offset: number, bits: number, value: number): void {
  // From the last bit to the first: what is left of the value is always its higher part.
  let end = offset + bits;
  while (end > offset) {
    const last = (end - 1) & 7;
    const taken = Math.min(last + 1, end - offset);
    const at = from + Math.floor((end - 1) / 8);
    const mask = ((1 << taken) - 1) << (7 - last);
    const rest = Math.floor(value / (1 << taken));
    bytes[at] = (bytes[at] & ~mask) | ((value - rest * (1 << taken)) << (7 - last));
    value = rest;
    end -= taken;
  }
}

/** What a field that holds `value` comes to hold when `increment` (an int64) is added; null when it would overflow and may not. */
export function incremented(type: FieldType, value: FieldInteger, increment: FieldInteger, overflow: Overflow): FieldInteger | null {
  if (typeof value === "number" && typeof increment === "number") {
    const sum = value + increment;
    // A sum that was rounded is not safe.
    if (Number.isSafeInteger(sum) && sum >= type.least && sum <= type.most) return sum;
  }
  const sum = BigInt(value) + BigInt(increment);
  return limited(type, sum, overflow, sum > type.max);
}

/** What a field comes to hold when it is set to `value` (an int64); null when it cannot hold it and must. */
export function assigned(type: FieldType, value: FieldInteger, overflow: Overflow): FieldInteger | null {
  if (typeof value === "number" ? value >= type.least && value <= type.most : value >= type.min && value <= type.max) return value;
  // Redis takes for too large what is too small by so much that the distance to the largest overflows, and any negative value for an unsigned field.
  const wide = BigInt(value);
  return limited(type, wide, overflow, wide > type.max || !type.signed || (type.bits < 64 && type.max - wide > INT64_MAX));
}

function limited(type: FieldType, value: bigint, overflow: Overflow, tooLarge: boolean): FieldInteger | null {
  if (value >= type.min && value <= type.max) return exact(value);
  if (overflow === Overflow.FAIL) return null;
  if (overflow === Overflow.SAT) return exact(tooLarge ? type.max : type.min);
  return exact(type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value));
}

function exact(value: bigint): FieldInteger {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
