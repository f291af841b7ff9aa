/**
 * Doubles as C's strtod reads them, which is what Redis takes for a score, a weight or the bound of a range: decimal and hexadecimal,
 * "inf", "infinity" and "nan" in any case. Hot: numbers of up to 15 digits without an exponent, which most scores are, are read without
 * making a string.
 */

import { MINUS, NINE, PLUS, POINT, ZERO } from "../bytes.ts";
import { divideToEven } from "./longdouble.ts";

const OPEN = 0x28;
const SPACE = 0x20;
const LETTER_X = 0x78;
const LOWER_CASE = 0x20;
const [LETTER_I, LETTER_N, LETTER_F] = [0x69, 0x6e, 0x66];

/** So many digits make a whole number that a double holds, */
const EXACT_DIGITS = 15;
/** and this is what it is divided by for its decimals: one rounding, so the result is the nearest double. */
const TENS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => Number(`1e${power}`));

const BLANKS = /^[ \t\n\v\f\r]+/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NOT_ZERO = /^[^e]*[1-9]/i;

/** Smaller doubles have fewer digits. */
const MIN_NORMAL = 2 ** -1022;
/** A subnormal double's last bit is worth 2^MIN_EXPONENT. */
const MIN_EXPONENT = -1074;
const MANTISSA_BITS = 53;
/** Beyond these a power of two is far out of range, however many digits go with it. */
const EXPONENT_LIMIT = 1e9;

/**
 * The number that all of bytes[from, to) spells, for a value: NaN for "nan", for what is no number, and for one too large or too small to
 * be told from infinity or 0. (Redis's string2d.)
 */
export function parseDouble(bytes: Buffer, from: number, to: number): number {
  const short = shortDecimal(bytes, from, to);
  if (short === short) return short;
  const text = bytes.latin1Slice(from, to);
  const value = spelled(text);
  if (value === 0 && !spellsZero(text)) return Number.NaN;
  return Math.abs(value) === Number.POSITIVE_INFINITY && !INFINITE.test(text) ? Number.NaN : value;
}

/**
 * The number that bytes[from, to) spells for the bound of a range, or NaN. Laxer, as Redis's zslParseRange is: blanks may come before it, a
 * NUL ends it, nothing is 0, and what is out of range is infinity or 0.
 */
export function parseBound(bytes: Buffer, from: number, to: number): number {
  const infinite = shortInfinity(bytes, from, to);
  return infinite === infinite ? infinite : cString(bytes, from, to, spelled);
}

/** Likewise for SORT, to which what C's strtod calls out of range is no number, one that is too small for all its digits included. */
export function parseWeight(bytes: Buffer, from: number, to: number): number {
  return cString(bytes, from, to, spelledInRange);
}

function cString(bytes: Buffer, from: number, to: number, parse: (text: string) => number): number {
  const short = shortDecimal(bytes, from, to);
  if (short === short) return short;
  const [text] = bytes.latin1Slice(from, to).split("\0", 1);
  return text === "" ? 0 : parse(text.replace(BLANKS, ""));
}

function spelledInRange(text: string): number {
  const value = spelled(text);
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return INFINITE.test(text) ? value : Number.NaN;
  if (magnitude >= MIN_NORMAL || value !== value) return value;
  if (value === 0) return spellsZero(text) ? value : Number.NaN;
  // Hexadecimal digits may be all there; decimal ones of so small a number never are.
  return HEXADECIMAL.test(text) ? value : Number.NaN;
}

/** Whether a bound is an open one: "(5". */
export function isOpenBound(bytes: Buffer, from: number, to: number): boolean {
  return from < to && bytes[from] === OPEN;
}

/**
 * Whether every Redis and Valkey reads bytes[from, to), which spell a number here, as the same number: Valkey 9 knows no hexadecimal ones,
 * and for the bounds of ranges Redis 8 neither, nor do both take blanks and zero bytes there.
 */
export function isCommonSpelling(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] <= SPACE || (bytes[at] | LOWER_CASE) === LETTER_X) return false;
  return from < to;
}

/** The number if it has at most 15 digits and nothing but a sign and a point beside them, else NaN. */
function shortDecimal(bytes: Buffer, from: number, to: number): number {
  let at = from;
  const first = bytes[at];
  if (at < to && (first === MINUS || first === PLUS)) at++;
  const digitsFrom = at;
  let point = -1;
  let value = 0;
  if (to - at > EXACT_DIGITS + 1) return Number.NaN;
  for (; at < to; at++) {
    const byte = bytes[at];
    if (byte >= ZERO && byte <= NINE) value = value * 10 + (byte - ZERO);
    else if (byte === POINT && point < 0) point = at;
    else return Number.NaN;
  }
  const digits = to - digitsFrom - (point < 0 ? 0 : 1);
  if (digits === 0 || digits > EXACT_DIGITS) return Number.NaN;
  if (point >= 0) value /= TENS[to - point - 1];
  return first === MINUS ? -value : value;
}

/** Infinity for "inf", "+inf" and "-inf", the bounds of most ranges; NaN for all else. */
function shortInfinity(bytes: Buffer, from: number, to: number): number {
  const at = to - 3;
  if (at < from || at > from + 1) return Number.NaN;
  if (bytes[at] !== LETTER_I || bytes[at + 1] !== LETTER_N || bytes[at + 2] !== LETTER_F) return Number.NaN;
  if (at === from || bytes[from] === PLUS) return Number.POSITIVE_INFINITY;
  return bytes[from] === MINUS ? Number.NEGATIVE_INFINITY : Number.NaN;
}

function spelled(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const hexadecimal = HEXADECIMAL.exec(text);
  return hexadecimal === null ? Number.NaN : fromHexadecimal(hexadecimal);
}

function spellsZero(text: string): boolean {
  return /^[+-]?0x/i.test(text) ? /^[+-]?0x[0.]*(?:p.*)?$/i.test(text) : !NOT_ZERO.test(text);
}

function fromHexadecimal([, sign, digits, power = "0"]: readonly string[]): number {
  const [whole, fraction = ""] = digits.split(".");
  const mantissa = BigInt(`0x${whole}${fraction}`);
  if (mantissa === 0n) return sign === "-" ? -0 : 0;
  const limited = Math.max(-EXPONENT_LIMIT, Math.min(EXPONENT_LIMIT, Number(power)));
  const magnitude = scaled(mantissa, limited - fraction.length * 4);
  return sign === "-" ? -magnitude : magnitude;
}

/** mantissa * 2^exponent to the nearest double, ties to even. */
function scaled(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1025) return Number.POSITIVE_INFINITY;
  if (bits + exponent < MIN_EXPONENT - 1) return 0;
  const dropped = Math.max(bits - MANTISSA_BITS, MIN_EXPONENT - exponent);
  if (dropped <= 0) return times(Number(mantissa), exponent);
  return times(Number(divideToEven(mantissa, 1n << BigInt(dropped))), exponent + dropped);
}

/** An exact product: in two steps, for 2^exponent alone may be out of range. */
function times(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}
