/**
 * Doubles as Redis 7.2 writes them: the digits that Grisu2 finds (the shortest that read back as the same number, but for one in a thousand
 * where it settles for a longer one), laid out as the fpconv library does. Replies, listpacks, digests and replicas are equal byte for byte
 * only if the digits are. Source: Florian Loitsch, "Printing floating-point numbers quickly and accurately with integers" (2010).
 *
 * Hot: scores are written by the thousand, so 64-bit numbers are kept as two halves of 32 bits in plain numbers; neither a string nor a
 * BigInt is made.
 */

import { MINUS, PLUS, POINT, WORD, writeInteger, ZERO } from "../bytes.ts";
import { divideToEven } from "./longdouble.ts";

/** No double takes more bytes. */
export const MAX_DOUBLE_BYTES = 32;

const EXPONENT = 0x65;

/** Whole numbers up to here are written digit by digit: Redis's double2ll. */
const MAX_WHOLE = 2 ** 62;

/** The powers of ten that numbers are scaled by are 10^(FIRST_POWER + 8 i), 64 bits each; an exponent of two goes with them. */
const FIRST_POWER = -348;
const POWER_STEP = 8;
const POWERS = 87;
/** A scaled number has its binary point so many bits from the right. */
const MIN_POINT = 32;
const MAX_POINT = 60;
/** Powers of two by exponent: `**` is a call. */
const TWO = Float64Array.from({ length: 64 }, (_, exponent) => 2 ** exponent);
const MAX_DIGITS = 18;
/** Scientific notation gives no more digits than these. */
const SCIENTIFIC_DIGITS = 18;

/** Writes a double at `at`: "3", "0.1", "1e+21", "inf", "-inf", "nan", "-0". Returns the offset after it. */
export function writeDouble(target: Buffer, at: number, value: number): number {
  if (Number.isSafeInteger(value)) {
    if (value === 0 && 1 / value < 0) target[at++] = MINUS;
    return writeInteger(target, at, value);
  }
  if (value !== value) return at + target.latin1Write("nan", at);
  const negative = value < 0;
  if (negative) {
    target[at++] = MINUS;
    value = -value;
  }
  if (value === Number.POSITIVE_INFINITY) return at + target.latin1Write("inf", at);
  if (value <= MAX_WHOLE && value === Math.floor(value)) return at + target.latin1Write(BigInt(value).toString(), at);
  grisu.convert(value);
  return layOut(target, at, negative);
}

/** Writes the digits found, with a decimal point or an exponent. */
function layOut(target: Buffer, at: number, negative: boolean): number {
  const { digits, power } = grisu;
  let { count } = grisu;
  const exponent = Math.abs(power + count - 1);
  if (power >= 0 && exponent < count + 7) {
    at = writeDigits(target, at, digits, 0, count);
    target.fill(ZERO, at, at + power);
    return at + power;
  }
  if (power < 0 && (power > -7 || exponent < 4)) {
    const whole = count + power;
    if (whole > 0) {
      at = writeDigits(target, at, digits, 0, whole);
      target[at++] = POINT;
      return writeDigits(target, at, digits, whole, count);
    }
    target[at++] = ZERO;
    target[at++] = POINT;
    for (let zeros = -whole; zeros > 0; zeros--) target[at++] = ZERO;
    return writeDigits(target, at, digits, 0, count);
  }
  count = Math.min(count, SCIENTIFIC_DIGITS - (negative ? 1 : 0));
  at = writeDigits(target, at, digits, 0, 1);
  if (count > 1) {
    target[at++] = POINT;
    at = writeDigits(target, at, digits, 1, count);
  }
  target[at++] = EXPONENT;
  target[at++] = power + count - 1 < 0 ? MINUS : PLUS;
  return writeInteger(target, at, exponent);
}

function writeDigits(target: Buffer, at: number, digits: Uint8Array, from: number, to: number): number {
  while (from < to) target[at++] = ZERO + digits[from++];
  return at;
}

class Grisu {
  /** The number last converted is digits[0, count) * 10^power. */
  readonly digits = new Uint8Array(MAX_DIGITS);
  count = 0;
  power = 0;

  private readonly double = new Float64Array(1);
  private readonly halves = new Uint32Array(this.double.buffer);
  private readonly powerHigh = new Float64Array(POWERS);
  private readonly powerLow = new Float64Array(POWERS);
  private readonly powerExponent = new Int32Array(POWERS);

  // The last product.
  private high = 0;
  private low = 0;
  // How far the upper bound is from the number and from the lower bound, and what is left of it: numbers of 64 bits.
  private distanceHigh = 0;
  private distanceLow = 0;
  private deltaHigh = 0;
  private deltaLow = 0;
  private restHigh = 0;
  private restLow = 0;

  /** Finds the digits of a positive, finite number. */
  convert(value: number): void {
    this.double[0] = value;
    const biased = this.halves[1] >>> 20;
    const fractionHigh = this.halves[1] & 0xfffff;
    const fractionLow = this.halves[0];
    const high = biased === 0 ? fractionHigh : fractionHigh + 2 ** 20;
    const exponent = (biased === 0 ? 1 : biased) - 1075;
    // Shifted left until bit 63 is set; the upper bound, half a unit above, needs the same shift (it gets no longer but by its last bit).
    const shift = high === 0 ? Math.clz32(fractionLow) + 32 : Math.clz32(high);
    const top = exponent - shift;
    const wHigh = shift >= 32 ? fractionLow * TWO[shift - 32] : high * TWO[shift] + Math.floor(fractionLow / TWO[32 - shift]);
    const wLow = shift >= 32 ? 0 : lowWord(fractionLow * TWO[shift]);
    // Half a unit, and half of that below a power of two, whose lower neighbour is nearer.
    const half = TWO[shift - 1];
    const below = fractionHigh === 0 && fractionLow === 0 && biased !== 0 ? half / 2 : half;
    const index = this.powerFor(top);
    this.multiply(wHigh, wLow, index);
    const numberHigh = this.high;
    const numberLow = this.low;
    const carry = wLow + lowWord(half) >= WORD ? 1 : 0;
    this.multiply(wHigh + Math.floor(half / WORD) + carry, lowWord(wLow + half), index);
    // One less than the upper bound, one more than the lower: the product may be off by so much.
    let upperHigh = this.high;
    let upperLow = this.low - 1;
    if (upperLow < 0) {
      upperLow += WORD;
      upperHigh--;
    }
    const belowLow = lowWord(below);
    const borrow = wLow < belowLow ? 1 : 0;
    this.multiply(wHigh - Math.floor(below / WORD) - borrow, wLow - belowLow + borrow * WORD, index);
    this.distanceLow = upperLow - numberLow;
    this.distanceHigh = upperHigh - numberHigh;
    if (this.distanceLow < 0) {
      this.distanceLow += WORD;
      this.distanceHigh--;
    }
    this.deltaLow = upperLow - this.low - 1;
    this.deltaHigh = upperHigh - this.high;
    if (this.deltaLow < 0) {
      this.deltaLow += WORD;
      this.deltaHigh--;
    }
    this.power = -(FIRST_POWER + index * POWER_STEP);
    this.generate(upperHigh, upperLow, -(top + this.powerExponent[index] + 64));
  }

  /** Digits of the upper bound until what is left of it is within the bounds. Its binary point is `point` bits from the right. */
  private generate(upperHigh: number, upperLow: number, point: number): void {
    const { digits } = this;
    const unit = TWO[point - 32]; // of the high half
    let whole = Math.floor(upperHigh / unit);
    let fractionHigh = upperHigh - whole * unit;
    let fractionLow = upperLow;
    let count = 0;
    let divisor = 1e9;
    for (let kappa = 9; kappa >= 0; kappa--) {
      const digit = Math.floor(whole / divisor);
      if (digit !== 0 || count !== 0) digits[count++] = digit;
      whole -= digit * divisor;
      const restHigh = whole * unit + fractionHigh;
      if (!isLess(this.deltaHigh, this.deltaLow, restHigh, fractionLow)) {
        this.restHigh = restHigh;
        this.restLow = fractionLow;
        this.finish(count, kappa, divisor * unit);
        return;
      }
      divisor /= 10;
    }
    for (let kappa = -1; ; kappa--) {
      fractionLow *= 10;
      fractionHigh = fractionHigh * 10 + Math.floor(fractionLow / WORD);
      fractionLow = lowWord(fractionLow);
      this.deltaLow *= 10;
      this.deltaHigh = this.deltaHigh * 10 + Math.floor(this.deltaLow / WORD);
      this.deltaLow = lowWord(this.deltaLow);
      this.distanceLow *= 10;
      this.distanceHigh = this.distanceHigh * 10 + Math.floor(this.distanceLow / WORD);
      this.distanceLow = lowWord(this.distanceLow);
      const digit = Math.floor(fractionHigh / unit);
      if (digit !== 0 || count !== 0) digits[count++] = digit;
      fractionHigh -= digit * unit;
      if (isLess(fractionHigh, fractionLow, this.deltaHigh, this.deltaLow)) {
        this.restHigh = fractionHigh;
        this.restLow = fractionLow;
        this.finish(count, kappa, unit);
        return;
      }
    }
  }

  /** Lowers the last digit, worth `stepHigh` * 2^32, while that brings the digits nearer to the number. */
  private finish(count: number, kappa: number, stepHigh: number): void {
    this.count = count;
    this.power += kappa;
    const { distanceHigh, distanceLow, deltaHigh, deltaLow, restLow } = this;
    let { restHigh } = this;
    while (isLess(restHigh, restLow, distanceHigh, distanceLow)) {
      const nextHigh = restHigh + stepHigh;
      if (isLess(deltaHigh, deltaLow, nextHigh, restLow)) return;
      if (!isLess(nextHigh, restLow, distanceHigh, distanceLow)) {
        // Beyond the number: only if it comes nearer than it was. (distance - rest) > (next - distance)
        const twiceLow = distanceLow * 2;
        const twiceHigh = distanceHigh * 2 + Math.floor(twiceLow / WORD);
        const sumLow = restLow * 2;
        const sumHigh = restHigh + nextHigh + Math.floor(sumLow / WORD);
        if (!isLess(sumHigh, lowWord(sumLow), twiceHigh, lowWord(twiceLow))) return;
      }
      this.digits[count - 1]--;
      restHigh = nextHigh;
    }
  }

  /** The upper 64 bits of a number times a power, rounded, go to `high` and `low`. */
  private multiply(high: number, low: number, index: number): void {
    const powerHigh = this.powerHigh[index];
    const powerLow = this.powerLow[index];
    const cross = upperOf(high, powerLow);
    const crossLow = lowerOf(high, powerLow);
    const other = upperOf(low, powerHigh);
    const otherLow = lowerOf(low, powerHigh);
    const carry = Math.floor((crossLow + otherLow + upperOf(low, powerLow) + 2 ** 31) / WORD);
    const sum = lowerOf(high, powerHigh) + cross + other + carry;
    this.low = lowWord(sum);
    this.high = upperOf(high, powerHigh) + Math.floor(sum / WORD);
  }

  /** The index of the power that makes digits of a 64-bit number times 2^exponent readable: the first tried is the one Redis tries. */
  private powerFor(exponent: number): number {
    const guess = Math.trunc(-(exponent + POWERS) * 0.30102999566398114);
    let index = Math.trunc((guess - FIRST_POWER) / POWER_STEP);
    for (;;) {
      if (this.powerHigh[index] === 0) this.makePower(index);
      const point = -(exponent + this.powerExponent[index] + 64);
      if (point > MAX_POINT) index++;
      else if (point < MIN_POINT) index--;
      else return index;
    }
  }

  /** Works a power out, once: its upper 64 bits, to the nearest. */
  private makePower(index: number): void {
    const power = FIRST_POWER + index * POWER_STEP;
    const ten = 10n ** BigInt(Math.abs(power));
    const bits = ten.toString(2).length;
    // Of a fraction the quotient is taken with one bit more or less than 64.
    let exponent = power >= 0 ? bits - 64 : -bits - 63;
    let value = scaled(power, ten, -exponent);
    if (value >= 1n << 64n) value = scaled(power, ten, -++exponent);
    this.powerHigh[index] = Number(value >> 32n);
    this.powerLow[index] = Number(value & 0xffffffffn);
    this.powerExponent[index] = exponent;
  }
}

const grisu = new Grisu();

function isLess(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh < bHigh || (aHigh === bHigh && aLow < bLow);
}

/** The lower 32 bits of a whole number below 2^53. (`%` is a call of fmod, and many times slower.) */
function lowWord(value: number): number {
  return value - Math.floor(value / WORD) * WORD;
}

/** The upper 32 bits of a product of two 32-bit numbers. */
function upperOf(a: number, b: number): number {
  const upper = Math.floor(a / 65536);
  const high = upper * b;
  const whole = Math.floor(high / 65536);
  return whole + Math.floor(((high - whole * 65536) * 65536 + (a - upper * 65536) * b) / WORD);
}

/** And the lower. */
function lowerOf(a: number, b: number): number {
  return Math.imul(a, b) >>> 0;
}

/** 10^power, or 1 / 10^-power, times 2^left, to the nearest integer; `ten` is 10^|power|. */
function scaled(power: number, ten: bigint, left: number): bigint {
  if (power < 0) return divideToEven(1n << BigInt(left), ten);
  return left >= 0 ? ten << BigInt(left) : divideToEven(ten, 1n << BigInt(-left));
}
