/**
 * Numbers as text and back, to the byte as glibc does it for Redis: `%.14g` and its relatives, and strtod. Rounding is exact and ties go to
 * the even digit, where JavaScript's own formats go away from zero. The paths of small integers and short fractions are hot: they cost one
 * `String(n)`.
 */

/** Digits of a number in Lua's own text of it (LUAI_NUMFFORMAT, `%.14g`). */
const PRECISION = 14;
/** From here on `%.14g` has an exponent. */
const LONGEST_INTEGER = 1e14;
/** Below this `%g` has an exponent. */
const SMALLEST_PLAIN = 1e-4;
/** `String(n)` has at most 14 digits if it has at most that many characters, one of which is the point. */
const SHORT_FRACTION = 15;

const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const MINUS = 0x2d;

const DIGITS = "0123456789";

const double = new Float64Array(1);
const doubleHalves = new Uint32Array(double.buffer);

/**
 * The text of a number: what `tostring` gives and concatenation uses. NaN has a sign in it: arithmetic that has no result gives `-nan` on
 * x86-64, `-(0/0)` and `tonumber("nan")` give `nan`. Hot.
 */
export function numberText(n: number): string {
  if ((n | 0) === n) return n === 0 && 1 / n < 0 ? "-0" : String(n);
  const size = Math.abs(n);
  if (size < LONGEST_INTEGER && size >= SMALLEST_PLAIN) {
    const text = String(n);
    if (text.length <= SHORT_FRACTION || Math.floor(n) === n) return text;
    const rounded = roundedText(text);
    if (rounded !== "") return rounded;
  }
  return generalText(n, PRECISION);
}

/**
 * `text`, the shortest one of a fraction, rounded to 14 digits; "" where it does not tell. It tells unless it ends in a tie: any other tie is
 * longer, so it does not lie between the text and the number. Hot: half the time of `toExponential`.
 */
function roundedText(text: string): string {
  const { length } = text;
  let end = text.charCodeAt(0) === MINUS ? 1 : 0;
  while (text.charCodeAt(end) === ZERO || text.charCodeAt(end) === POINT) end++;
  for (let digits = 0; digits < PRECISION && end < length; end++) {
    if (text.charCodeAt(end) !== POINT) digits++;
  }
  if (end === length) return text;
  const isWhole = text.charCodeAt(end) === POINT;
  const next = isWhole ? end + 1 : end;
  const dropped = text.charCodeAt(next) - ZERO;
  const last = text.charCodeAt(end - 1);
  if (dropped < 5) {
    // A zero that was not the last digit may be now.
    while (!isWhole && text.charCodeAt(end - 1) === ZERO) end--;
    return text.slice(0, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
  }
  if (last === NINE || (dropped === 5 && next === length - 1)) return "";
  return text.slice(0, end - 1) + DIGITS[last - ZERO + 1];
}

/** `%.Ng`, N being `precision` (1 to 100). */
export function generalText(n: number, precision: number): string {
  const sign = isNegative(n) ? "-" : "";
  const size = Math.abs(n);
  return sign + (Number.isFinite(size) ? generalDigits(size, precision, false) : specialText(size));
}

/** Whether the sign bit is set: also of -0 and NaN. */
export function isNegative(n: number): boolean {
  if (n !== 0 && n === n) return n < 0;
  // The engine leaves the sign of a NaN as the processor made it, in compiled code as in interpreted (test/scripting/lua/numbers.test.ts).
  double[0] = n;
  return (doubleHalves[1] as number) >= 0x80000000;
}

/** An infinity or NaN without its sign. */
export function specialText(n: number): string {
  return n === n ? "inf" : "nan";
}

/** `%.Ng` of a finite number that is not negative; `isAlternate`: with its trailing zeros (the flag `#`). */
export function generalDigits(n: number, precision: number, isAlternate: boolean): string {
  const { digits, exponent } = roundedDigits(n, precision);
  const hasExponent = exponent < -4 || exponent >= precision;
  const point = hasExponent ? 1 : exponent + 1;
  const all = point > 0 ? digits : "0".repeat(1 - point) + digits;
  const whole = all.slice(0, Math.max(point, 1));
  const fraction = all.slice(whole.length);
  const kept = isAlternate ? fraction : withoutTrailingZeros(fraction);
  const mantissa = kept !== "" || isAlternate ? `${whole}.${kept}` : whole;
  return hasExponent ? mantissa + exponentText(exponent) : mantissa;
}

/** `%.Ne` of a finite number that is not negative. `precision`: 0 to 99. */
export function exponentialDigits(n: number, precision: number, isAlternate: boolean): string {
  const { digits, exponent } = roundedDigits(n, precision + 1);
  const point = precision > 0 || isAlternate ? "." : "";
  return `${digits[0]}${point}${digits.slice(1)}${exponentText(exponent)}`;
}

/** `%.Nf` of a finite number that is not negative. `precision`: 0 to 99. */
export function fixedDigits(n: number, precision: number, isAlternate: boolean): string {
  const point = isAlternate && precision === 0 ? "." : "";
  if (n >= 1e21) return BigInt(n).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : point);
  const text = n.toFixed(precision);
  // A tie has exactly one binary digit more than the text has decimal ones.
  const isTie = isOdd(text) && Math.abs((n * 2 ** (precision + 1)) % 2) === 1;
  return (isTie ? toEven(text) : text) + point;
}

interface Digits {
  /** As many as asked for, the first of which is 0 only in zero. */
  readonly digits: string;
  /** Of ten, for the first digit. */
  readonly exponent: number;
}

/** The first `count` (1 to 101) digits of `n`, which is finite and not negative. */
function roundedDigits(n: number, count: number): Digits {
  const text = n.toExponential(count - 1);
  const mark = text.indexOf("e");
  const exponent = Number(text.slice(mark + 1));
  const digits = count === 1 ? text.slice(0, 1) : text[0] + text.slice(2, mark);
  if (isOdd(digits) && isTie(n, count - 1 - exponent)) return { digits: toEven(digits), exponent };
  return { digits, exponent };
}

/** Whether `n` lies in the middle between two numbers of `places` decimal places (negative: tens, hundreds...). */
function isTie(n: number, places: number): boolean {
  // Each place of a binary fraction needs one more decimal place, the last of which is a 5.
  if (places >= 0) return Math.abs((n * 2 ** (places + 1)) % 2) === 1;
  // Above 10^23 half of a power of ten has more than the 53 bits of a double.
  if (places < -24 || Math.floor(n) !== n) return false;
  const unit = 10n ** BigInt(-places);
  return (BigInt(n) % unit) * 2n === unit;
}

function isOdd(digits: string): boolean {
  return (digits.charCodeAt(digits.length - 1) & 1) === 1;
}

/** A tie was rounded up to an odd digit: the even one is right below it. */
function toEven(digits: string): string {
  const last = digits.length - 1;
  return digits.slice(0, last) + String.fromCharCode(digits.charCodeAt(last) - 1);
}

function withoutTrailingZeros(fraction: string): string {
  let { length } = fraction;
  while (length > 0 && fraction.charCodeAt(length - 1) === ZERO) length--;
  return fraction.slice(0, length);
}

function exponentText(exponent: number): string {
  const size = Math.abs(exponent);
  return `${exponent < 0 ? "e-" : "e+"}${size < 10 ? "0" : ""}${size}`;
}

// ---- text to numbers

const DECIMAL = /^[\t-\r ]*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?[\t-\r ]*$/;
const HEXADECIMAL = /^[\t-\r ]*([-+]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([-+]?\d+))?[\t-\r ]*$/;
const SPECIAL = /^[\t-\r ]*([-+]?)(?:inf(?:inity)?|(nan(?:\([\w]*\))?))[\t-\r ]*$/i;

/** More than a double can tell apart. */
const HEXADECIMAL_DIGITS = 20;
/** So many decimal digits always make an integer that a double holds. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

/**
 * The number that `text` spells, with white space around it and up to its first zero byte: decimal or hexadecimal, with fraction and
 * exponent, or `inf`, `infinity`, `nan`, `nan(...)` in any case. Undefined for all else. Source: luaO_str2d, strtod. Hot.
 */
export function parseNumber(text: string): number | undefined {
  const { length } = text;
  if (length === 0 || length > EXACT_DIGITS) return parseAny(text);
  const isNegative = text.charCodeAt(0) === MINUS;
  let digits = 0;
  let places = -1;
  let number = 0;
  for (let place = isNegative ? 1 : 0; place < length; place++) {
    const code = text.charCodeAt(place);
    if (code >= ZERO && code <= NINE) {
      number = number * 10 + (code - ZERO);
      digits++;
      if (places >= 0) places++;
    } else if (code === POINT && places < 0) places = 0;
    else return parseAny(text);
  }
  if (digits === 0) return undefined;
  // Both are exact, so that one division rounds as it should.
  if (places > 0) number /= POWERS[places] as number;
  return isNegative ? -number : number;
}

function parseAny(text: string): number | undefined {
  const end = text.indexOf("\0");
  const spelled = end < 0 ? text : text.slice(0, end);
  if (DECIMAL.test(spelled)) return Number(spelled);
  const hexadecimal = HEXADECIMAL.exec(spelled);
  if (hexadecimal !== null) return parseHexadecimal(hexadecimal);
  const special = SPECIAL.exec(spelled);
  if (special === null) return undefined;
  const size = special[2] === undefined ? Number.POSITIVE_INFINITY : Number.NaN;
  return special[1] === "-" ? -size : size;
}

/** Matches of `HEXADECIMAL` as a double, rounded to the nearest, ties to even. */
function parseHexadecimal([, sign, whole = "", fraction = "", power = "0"]: RegExpExecArray): number | undefined {
  const digits = whole + fraction;
  if (digits === "") return undefined;
  const from = digits.search(/[^0]/);
  const significant = from < 0 ? "0" : digits.slice(from);
  // What follows counts only as not being zero.
  const dropped = Math.max(0, significant.length - HEXADECIMAL_DIGITS);
  const mantissa = BigInt(`0x${significant.slice(0, HEXADECIMAL_DIGITS)}`) * 2n;
  const rest = /[^0]/.test(significant.slice(HEXADECIMAL_DIGITS)) ? 1n : 0n;
  const size = scaled(mantissa + rest, Number(power) - 1 + 4 * (dropped - fraction.length));
  return sign === "-" ? -size : size;
}

/** `mantissa` times 2 to the power of `exponent`. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Number.POSITIVE_INFINITY;
  if (bits + exponent < -1075) return 0;
  // A double has 53 bits, fewer where it is so small that they would lie beyond 2^-1074.
  const surplus = Math.max(bits - 53, -1074 - exponent);
  if (surplus <= 0) return timesPower(Number(mantissa), exponent);
  const shift = BigInt(surplus);
  const rest = mantissa & ((1n << shift) - 1n);
  const half = 1n << (shift - 1n);
  let kept = mantissa >> shift;
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  return timesPower(Number(kept), exponent + surplus);
}

/** The product is exact, or infinite, but the power alone may be out of reach. */
function timesPower(n: number, exponent: number): number {
  if (exponent >= -1022) return exponent > 1000 ? n * 2 ** 1000 * 2 ** (exponent - 1000) : n * 2 ** exponent;
  return n * 2 ** -1000 * 2 ** (exponent + 1000);
}
