/**
 * INCRBYFLOAT's and HINCRBYFLOAT's arithmetic for the numbers that counters hold: up to 15 digits before the point and 17 after it. The sums
 * are those of `longdouble.ts` to the last digit (x87's 80 bits, rounded as C rounds), without its BigInts: a tenth of the time. A number is
 * the unevaluated sum of two doubles, 106 bits of which 64 are kept. Where 106 bits cannot tell which way C rounds, nothing is decided here.
 * After T. J. Dekker, "A floating-point technique for extending the available precision" (1971), and D. E. Knuth's exact sum of two doubles.
 */

import { MINUS, NINE, POINT, ZERO } from "../bytes.ts";
import { writeDecimal } from "./fixed-point.ts";

const MAX_WHOLE_DIGITS = 15;
/** Decimals beyond these are in a number of their own: both then have at most nine digits. */
const FIRST_DECIMALS = 8;
const MAX_DECIMALS = 17;
/** All exact. */
const POWERS_OF_TEN = Float64Array.from({ length: MAX_DECIMALS + 1 }, (_, power) => 10 ** power);

/** Dekker's constant, which cuts a double in two halves of 26 bits. */
const SPLITTER = 2 ** 27 + 1;
/** Added to a double and taken away again, these many times its unit leave it rounded to that unit, ties to even. */
const ROUNDER = 1.5 * 2 ** 52;
/** The bits of a long double after its first. */
const MANTISSA_BITS = 63;
/**
 * The quotient's error is less than 2^-38 of the last bit that is kept, so a remainder this far from a half is surely on its side of it.
 * 0.1: its last bit is worth 2^-67, the remainder is 0.8 of that, 0.3 from a half: rounded up. One of 0.5 + 2^-40 is left undecided.
 */
const DOUBT = 2 ** -32;
/** What is smaller has bits that `writeDecimal` does not take: the last of 0.002, which is below 2^-8, is worth 2^-72. */
const SMALLEST = 2 ** -8;
/** The whole part must be exact in a double. */
const LIMIT = 2 ** 52;

const BITS = new Float64Array(1);
const WORDS = new Uint32Array(BITS.buffer);
const [LOW_WORD, HIGH_WORD] = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** A number: high + low. */
interface Pair {
  high: number;
  low: number;
}

const left: Pair = { high: 0, low: 0 };
const right: Pair = { high: 0, low: 0 };

/**
 * Writes x[xFrom, xTo) + y[yFrom, yTo) at the start of `target`. Returns how many bytes that took, or 0 when it takes the long
 * way to know: numbers that are long, very small, or written with an exponent, and what is no number.
 */
export function writeShortSum(target: Buffer, x: Buffer, xFrom: number, xTo: number, y: Buffer, yFrom: number, yTo: number): number {
  if (!parse(x, xFrom, xTo, left) || !parse(y, yFrom, yTo, right)) return 0;
  const { high: a, low: aLow } = left;
  const { high: b, low: bLow } = right;
  // Each step keeps what it rounds off; the two that must not round anything off are checked.
  const sum = a + b;
  const part = sum - a;
  const rest = a - (sum - part) + (b - part);
  const lows = aLow + bLow;
  const low = lows + rest;
  if (lows - aLow !== bLow || lows - bLow !== aLow || low - lows !== rest || low - rest !== lows) return 0;
  const high = sum + low;
  if (high === 0) return writeDecimal(target, 0, 0);
  if (!(Math.abs(high) >= SMALLEST && Math.abs(high) < LIMIT)) return 0;
  return writeDecimal(target, 0, high, roundLow(high, low - (high - sum)));
}

/** Returns whether bytes[from, to) is a number that `writeShortSum` reads. */
export function isShortDecimal(bytes: Buffer, from: number, to: number): boolean {
  return parse(bytes, from, to, left);
}

/** Reads bytes[from, to), rounded to 64 bits. Returns false where it cannot. */
function parse(bytes: Buffer, from: number, to: number, into: Pair): boolean {
  let at = from;
  const negative = at < to && bytes[at] === MINUS;
  if (negative) at++;
  const start = at;
  let whole = 0;
  for (; at < to; at++) {
    const digit = bytes[at];
    if (digit < ZERO || digit > NINE) break;
    whole = whole * 10 + (digit - ZERO);
  }
  if (at === start || at - start > MAX_WHOLE_DIGITS) return false;
  into.high = negative ? -whole : whole;
  into.low = 0;
  if (at === to) return true;
  if (bytes[at++] !== POINT || at === to || to - at > MAX_DECIMALS) return false;
  const decimals = to - at;
  const cut = Math.min(to, at + FIRST_DECIMALS);
  const first = digitsOf(bytes, at, cut);
  const second = digitsOf(bytes, cut, to);
  if (first < 0 || second < 0 || !addFraction(into, whole, first, second, decimals)) return false;
  if (negative) {
    into.high = -into.high;
    into.low = -into.low;
  }
  return true;
}

/** The number of the digits bytes[from, to), -1 when others are among them. */
function digitsOf(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (; from < to; from++) {
    const digit = bytes[from];
    if (digit < ZERO || digit > NINE) return -1;
    value = value * 10 + (digit - ZERO);
  }
  return value;
}

/** whole + 0.(first)(second), `second` being the digits beyond the first eight. Returns false when it may be halfway between two long doubles. */
function addFraction(into: Pair, whole: number, first: number, second: number, decimals: number): boolean {
  const divisor = POWERS_OF_TEN[decimals];
  // The digits as high + low: the product is exact, since `first` has at most 27 bits and 10^9 but 21 beside its zeros.
  const shifted = decimals > FIRST_DECIMALS ? first * POWERS_OF_TEN[decimals - FIRST_DECIMALS] : first;
  const digits = shifted + second;
  const digitsLow = second - (digits - shifted);
  const quotient = digits / divisor;
  // Dekker's exact product of quotient and divisor, for the remainder.
  const product = quotient * divisor;
  const scaledQuotient = quotient * SPLITTER;
  const quotientHead = scaledQuotient - (scaledQuotient - quotient);
  const quotientTail = quotient - quotientHead;
  const scaledDivisor = divisor * SPLITTER;
  const divisorHead = scaledDivisor - (scaledDivisor - divisor);
  const divisorTail = divisor - divisorHead;
  const heads = quotientHead * divisorHead - product;
  const productLow = heads + quotientHead * divisorTail + quotientTail * divisorHead + quotientTail * divisorTail;
  const quotientLow = (digits - product - productLow + digitsLow) / divisor;
  const sum = whole + quotient;
  const part = sum - whole;
  const rest = whole - (sum - part) + (quotient - part) + quotientLow;
  const high = sum + rest;
  const low = rest - (high - sum);
  into.high = high;
  if (low === 0) {
    into.low = 0;
    return true;
  }
  const rounded = roundLow(high, low);
  into.low = rounded;
  return Math.abs(Math.abs(low - rounded) / unitOf(high, low) - 0.5) > DOUBT;
}

/** `low` rounded so that high + low has 64 bits, ties to even: `high` alone is a multiple of 2^11 units. */
function roundLow(high: number, low: number): number {
  const rounder = unitOf(high, low) * ROUNDER;
  return low + rounder - rounder;
}

/** What the last of the 64 bits of high + low is worth. */
function unitOf(high: number, low: number): number {
  BITS[0] = high;
  let exponent = (WORDS[HIGH_WORD] >>> 20) & 0x7ff;
  // Just below a power of two the bits are worth half.
  if (WORDS[LOW_WORD] === 0 && (WORDS[HIGH_WORD] & 0xfffff) === 0 && low !== 0 && low < 0 === high > 0) exponent--;
  WORDS[LOW_WORD] = 0;
  WORDS[HIGH_WORD] = (exponent - MANTISSA_BITS) << 20;
  return BITS[0];
}
