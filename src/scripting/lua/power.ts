/**
 * `x ^ y` to the last bit as glibc has it, which is as good as right. The engine's own `**` asks the same library except for exponents that
 * are small integers or a half: those it multiplies out, and each step rounds.
 */

/** The engine multiplies up to this exponent out. */
const MAX_MULTIPLIED = 1000;

/** Splits a double in two halves whose products are exact (Dekker). */
const SPLITTER = 2 ** 27 + 1;

/** Unlike JavaScript's, 1 to the power of anything is 1, and so is -1 to that of an infinity. Hot. */
export function power(x: number, y: number): number {
  const result = x ** y;
  if (y === 2) return result;
  if ((y | 0) === y) {
    // A product of integers is exact as long as it fits.
    if (y < 2 || y > MAX_MULTIPLIED || (Math.abs(result) <= Number.MAX_SAFE_INTEGER && Number.isInteger(x))) return result;
    return Number.isFinite(x) && x !== 0 ? integerPower(x, y) : result;
  }
  if (y === -0.5) return x > 0 && Number.isFinite(x) ? inverseRoot(x) : result;
  if (x === 1 || (x === -1 && (y === Number.POSITIVE_INFINITY || y === Number.NEGATIVE_INFINITY))) return 1;
  return result;
}

/** A sum of two doubles, of which the second one is what the first one lacks. */
type Double = readonly [high: number, low: number];

function integerPower(x: number, exponent: number): number {
  // Powers of two go apart: what is left neither overflows nor loses digits.
  const shift = Math.floor(Math.log2(Math.abs(x))) + 1;
  let base: Double = [scale(x, -shift), 0];
  let result: Double = [1, 0];
  for (let left = exponent; ; left >>= 1) {
    if (left & 1) result = product(result, base);
    if (left === 1) return scale(result[0], shift * exponent);
    base = product(base, base);
  }
}

function inverseRoot(x: number): number {
  const shift = 2 * Math.floor(Math.log2(x) / 2);
  const scaled = scale(x, -shift);
  const root = 1 / Math.sqrt(scaled);
  const [square, squareRest] = exactProduct(root, root);
  const [one, rest] = exactProduct(scaled, square);
  const missing = 1 - one - rest - scaled * squareRest;
  return scale(root + (root * missing) / 2, -shift / 2);
}

function product([a, aRest]: Double, [b, bRest]: Double): Double {
  const [high, low] = exactProduct(a, b);
  const rest = low + (a * bRest + aRest * b);
  const sum = high + rest;
  return [sum, rest - (sum - high)];
}

function exactProduct(a: number, b: number): Double {
  const high = a * b;
  const [aHigh, aLow] = halves(a);
  const [bHigh, bLow] = halves(b);
  return [high, aHigh * bHigh - high + aHigh * bLow + aLow * bHigh + aLow * bLow];
}

function halves(value: number): Double {
  const scaled = SPLITTER * value;
  const high = scaled - (scaled - value);
  return [high, value - high];
}

/** `number` times 2 to the power of `exponent`, rounded once. */
export function scale(number: number, exponent: number): number {
  let result = number;
  let left = Math.max(-2200, Math.min(2200, exponent));
  for (; left > 1023; left -= 1023) result *= 2 ** 1023;
  // 53 bits above the smallest normal number: nothing is rounded before the last step.
  for (; left < -969; left += 969) result *= 2 ** -969;
  return result * 2 ** left;
}
