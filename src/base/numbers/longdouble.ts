/**
 * x87's 80-bit `long double`, which Redis does INCRBYFLOAT and HINCRBYFLOAT in: its answers are equal byte for byte only if its roundings are.
 * Numbers are exact rationals of BigInts, rounded where C rounds: to 64 bits of mantissa, ties to even, when text is read and when numbers are
 * added; to 17 decimals, ties to even, when they are written. `short-decimal.ts` does the same faster for most numbers.
 */

/** (-1)^negative * mantissa * 2^exponent. An infinity has the exponent Infinity; NaN is never made. */
export interface LongDouble {
  readonly negative: boolean;
  /** Less than 2^64. */
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** Exponents of the last bit: of the largest numbers, and of the smallest (subnormal) ones. */
const MAX_EXPONENT = 16383 - 63;
const MIN_EXPONENT = -16445;
/** Decimal exponents beyond which a number is too large or too small in any case, so that no client makes us compute 10^999999999. */
const DECIMAL_LIMIT = 4970;
/** Redis reads no longer text than this. */
const MAX_TEXT = 5 * 1024 - 1;
const DECIMALS = 17;
/** No number takes more when it is written: a sign and 4933 digits, or fewer with decimals. */
export const MAX_LONG_DOUBLE_BYTES = 4960;
const TEN_TO_DECIMALS = 10n ** BigInt(DECIMALS);

const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const DECIMAL = /^([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x(?=\.?[\da-f])([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

/** The number that `text` spells for C's strtold, or null: no number, NaN, or one too large or too small to be told from infinity or 0. */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length > MAX_TEXT) return null;
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return { negative: infinite[1] === "-", mantissa: 1n, exponent: Number.POSITIVE_INFINITY };
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return parseDecimal(decimal);
  const hexadecimal = HEXADECIMAL.exec(text);
  return hexadecimal === null ? null : parseHexadecimal(hexadecimal);
}

function parseDecimal([, sign, whole, fraction, power = "0"]: readonly string[]): LongDouble | null {
  const digits = BigInt(whole + fraction);
  const negative = sign === "-";
  if (digits === 0n) return { negative, mantissa: 0n, exponent: 0 };
  const exponent = Number(power) - fraction.length;
  const magnitude = exponent + digits.toString().length;
  if (magnitude > DECIMAL_LIMIT || magnitude < -DECIMAL_LIMIT) return null;
  const rounded =
    exponent >= 0 ? round(negative, digits * 10n ** BigInt(exponent), 1n, 0) : round(negative, digits, 10n ** BigInt(-exponent), 0);
  return inRange(rounded);
}

function parseHexadecimal([, sign, whole, fraction, power = "0"]: readonly string[]): LongDouble | null {
  const digits = BigInt(`0x${whole}${fraction}`);
  const negative = sign === "-";
  if (digits === 0n) return { negative, mantissa: 0n, exponent: 0 };
  const exponent = Number(power) - fraction.length * 4;
  const magnitude = exponent + bitLength(digits);
  if (magnitude > MAX_EXPONENT + MANTISSA_BITS + 1 || magnitude < MIN_EXPONENT - 1) return null;
  return inRange(round(negative, digits, 1n, exponent));
}

/** What was read from digits that are not 0: infinity or 0 means that they were out of range. */
function inRange(value: LongDouble): LongDouble | null {
  return value.exponent === Number.POSITIVE_INFINITY || value.mantissa === 0n ? null : value;
}

/** The rounded sum, or null when it is no finite number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.exponent === Number.POSITIVE_INFINITY || b.exponent === Number.POSITIVE_INFINITY) return null;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = scaled(a, exponent) + scaled(b, exponent);
  if (sum === 0n) return { negative: false, mantissa: 0n, exponent: 0 };
  const rounded = round(sum < 0n, sum < 0n ? -sum : sum, 1n, exponent);
  return rounded.exponent === Number.POSITIVE_INFINITY ? null : rounded;
}

function scaled({ negative, mantissa, exponent }: LongDouble, to: number): bigint {
  const magnitude = mantissa << BigInt(exponent - to);
  return negative ? -magnitude : magnitude;
}

/** As C's "%.17Lf" without the zeros at the end, and without the sign of a zero: "3.0e3" is 3000. The number must be finite. */
export function formatLongDouble({ negative, mantissa, exponent }: LongDouble): string {
  if (exponent >= 0) return withSign(negative, (mantissa << BigInt(exponent)).toString());
  const digits = divideToEven(mantissa * TEN_TO_DECIMALS, 1n << BigInt(-exponent))
    .toString()
    .padStart(DECIMALS + 1, "0");
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, "");
  return withSign(negative, fraction === "" ? whole : `${whole}.${fraction}`);
}

function withSign(negative: boolean, magnitude: string): string {
  return negative && magnitude !== "0" ? `-${magnitude}` : magnitude;
}

/** The number nearest to numerator / denominator * 2^exponent; all three as they come, neither number negative. */
function round(negative: boolean, numerator: bigint, denominator: bigint, exponent: number): LongDouble {
  // The quotient has one bit more or less than the difference of lengths: one look tells which.
  let last = bitLength(numerator) - bitLength(denominator) - MANTISSA_BITS;
  if (last + exponent < MIN_EXPONENT) last = MIN_EXPONENT - exponent;
  let mantissa = quotient(numerator, denominator, last);
  if (bitLength(mantissa) > MANTISSA_BITS) {
    last++;
    mantissa = quotient(numerator, denominator, last);
    if (bitLength(mantissa) > MANTISSA_BITS) {
      // Rounding carried into a new bit: what is left is a power of two.
      last++;
      mantissa >>= 1n;
    }
  }
  if (last + exponent > MAX_EXPONENT) return { negative, mantissa: 1n, exponent: Number.POSITIVE_INFINITY };
  return { negative, mantissa, exponent: last + exponent };
}

/** numerator / (denominator * 2^shift), to the nearest integer, ties to even. */
function quotient(numerator: bigint, denominator: bigint, shift: number): bigint {
  return shift >= 0 ? divideToEven(numerator, denominator << BigInt(shift)) : divideToEven(numerator << BigInt(-shift), denominator);
}

/** The quotient to the nearest integer, ties to even. */
export function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twice = (numerator - whole * denominator) * 2n;
  if (twice < denominator || (twice === denominator && (whole & 1n) === 0n)) return whole;
  return whole + 1n;
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - 4 + (32 - Math.clz32(Number.parseInt(digits[0], 16)));
}
