/**
 * The byte helpers that every room shares. Hot: called for each argument of each request, so plain loops where they win.
 * Measured (docs/performance.md): a loop copies at 1.4 ns a byte, Buffer.copy costs about 38 ns flat; they meet near 24 bytes.
 */

const LOOP_LIMIT = 24;

export const ZERO = 0x30;
export const NINE = 0x39;
export const PLUS = 0x2b;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const WORD = 2 ** 32;
const BILLION = 1_000_000_000;
/** Digits of the longest int64, with its sign. */
export const MAX_INT64_DIGITS = 20;

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

/** Copies source[from, to) to target at `at`; the ranges must be in bounds. Returns the offset after the last byte written. */
export function copyBytes(target: Buffer, at: number, source: Buffer, from: number, to: number): number {
  if (to - from <= LOOP_LIMIT) {
    while (from < to) target[at++] = source[from++];
    return at;
  }
  source.copy(target, at, from, to);
  return at + to - from;
}

/** Moves buffer[from, to) to `at` in the same buffer; the ranges may overlap. */
export function moveBytes(buffer: Buffer, at: number, from: number, to: number): void {
  if (to - from > LOOP_LIMIT) buffer.copyWithin(at, from, to);
  else if (at < from) while (from < to) buffer[at++] = buffer[from++];
  else for (let i = to - from - 1; i >= 0; i--) buffer[at + i] = buffer[from + i];
}

/** Returns a copy of bytes[from, to), in memory of its own. */
export function copied(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

/** Whether a[aFrom, aFrom + length) and b[bFrom, bFrom + length) are the same bytes. */
export function equalBytes(a: Buffer, aFrom: number, b: Buffer, bFrom: number, length: number): boolean {
  if (length > 96) return a.compare(b, bFrom, bFrom + length, aFrom, aFrom + length) === 0;
  for (let i = 0; i < length; i++) if (a[aFrom + i] !== b[bFrom + i]) return false;
  return true;
}

/** Whether `length` bytes from words[at] on are bytes[from, from + length). Reads a quarter of what comparing byte by byte would. */
export function equalsWords(words: Int32Array, at: number, bytes: Buffer, from: number, length: number): boolean {
  const end = from + (length & ~3);
  for (; from < end; from += 4, at++) {
    if (words[at] !== (bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16) | (bytes[from + 3] << 24))) return false;
  }
  const rest = length & 3;
  if (rest === 0) return true;
  let word = bytes[from];
  if (rest > 1) word |= bytes[from + 1] << 8;
  if (rest > 2) word |= bytes[from + 2] << 16;
  return (words[at] ^ word) << (32 - 8 * rest) === 0;
}

/** bytes[from, to) as a latin1 string: one character a byte, so no byte is lost. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.latin1Slice(from, to);
}

/** Whether bytes[from, to) spell `word` (lower case ASCII) in any case. */
export function equalsWord(bytes: Buffer, from: number, to: number, word: string): boolean {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    let byte = bytes[from + i];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** The integer in canonical decimal form in bytes[from, to) if it has at most 15 digits, else NaN ("007", "+1", "-0", "" are none). */
export function smallInteger(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length === 0 || length > 16) return Number.NaN;
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  const first = bytes[at];
  if (at === to || to - at > 15) return Number.NaN;
  if (first === ZERO) return length === 1 ? 0 : Number.NaN;
  let value = 0;
  while (at < to) {
    const digit = bytes[at++];
    if (digit < ZERO || digit > NINE) return Number.NaN;
    value = value * 10 + (digit - ZERO);
  }
  return negative ? -value : value;
}

/** An int64 as two 32-bit words: a number holds 53 bits of it exactly, a BigInt is an object. Packed bytes are read and written so. */
export interface Int64Words {
  low: number;
  high: number;
}

/** Whether bytes[from, to) is a canonical int64 (what Redis's string2ll takes); its words in `into` when it is. */
export function parseWords(bytes: Buffer, from: number, to: number, into: Int64Words): boolean {
  const length = to - from;
  if (length === 0 || length > MAX_INT64_DIGITS) return false;
  const first = bytes[from];
  if (first > NINE || (first < ZERO && first !== MINUS)) return false;
  let at = first === MINUS ? from + 1 : from;
  const digits = to - at;
  if (digits === 0 || digits > 19) return false;
  if (bytes[at] === ZERO && length > 1) return false;
  if (digits > 9) return parseWideWords(bytes, at, to, first === MINUS, into);
  let value = 0;
  for (; at < to; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return false;
    value = (value * 10 + digit) | 0;
  }
  into.low = first === MINUS ? -value : value;
  into.high = into.low >> 31;
  return true;
}

/** The same for 10 to 19 digits: six at a time, so that every product stays below 2^53. */
function parseWideWords(bytes: Buffer, at: number, to: number, negative: boolean, into: Int64Words): boolean {
  let low = 0;
  let high = 0;
  while (at < to) {
    const stop = at + 6 < to ? at + 6 : to;
    let chunk = 0;
    let scale = 1;
    for (; at < stop; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) return false;
      chunk = chunk * 10 + digit;
      scale *= 10;
    }
    const product = low * scale + chunk;
    const carry = Math.floor(product / WORD);
    low = product - carry * WORD;
    high = high * scale + carry;
  }
  if (high >= 2 ** 31 && !(negative && high === 2 ** 31 && low === 0)) return false;
  into.low = negative ? -low | 0 : low | 0;
  into.high = (negative ? ~high + (low === 0 ? 1 : 0) : high) | 0;
  return true;
}

/** The int64 in canonical decimal form in bytes[from, to), or null: Redis's string2ll. */
export function parseInt64(bytes: Buffer, from: number, to: number): bigint | null {
  return parseWords(bytes, from, to, int64) ? (BigInt(int64.high) << 32n) | BigInt(int64.low >>> 0) : null;
}

/** Whether bytes[from, to) is a canonical int64. */
export function isInt64(bytes: Buffer, from: number, to: number): boolean {
  return parseWords(bytes, from, to, int64);
}

/** The number that was parsed last. */
const int64: Int64Words = { low: 0, high: 0 };

/** Writes the decimal form of a safe integer at `at`. Returns the offset after it. */
export function writeInteger(target: Buffer, at: number, value: number): number {
  if (value < 0) {
    target[at++] = MINUS;
    value = -value;
  }
  if (value < 10) {
    target[at] = ZERO + value;
    return at + 1;
  }
  const end = at + decimalDigits(value);
  if (value <= 0x7fffffff) {
    writeDigits(target, at, end, value);
    return end;
  }
  // Two parts that 32-bit arithmetic, several times faster than that of doubles, can take apart.
  const billions = Math.floor(value / BILLION);
  writeDigits(target, end - 9, end, value - billions * BILLION);
  writeDigits(target, at, end - 9, billions);
  return end;
}

/** "00", "01", ... "99": dividing by a hundred is half the divisions. */
const PAIRS = Buffer.from(Array.from({ length: 100 }, (_, pair) => String(pair).padStart(2, "0")).join(""), "latin1");

/** Fills target[from, to) with the last digits of a 32-bit integer. */
function writeDigits(target: Buffer, from: number, to: number, value: number): void {
  let rest = value | 0;
  while (to - from >= 2) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) << 1;
    to -= 2;
    target[to] = PAIRS[pair];
    target[to + 1] = PAIRS[pair + 1];
    rest = next;
  }
  if (to > from) target[from] = ZERO + rest;
}

/** How many bytes `writeInteger` writes for a safe integer. */
export function integerLength(value: number): number {
  return value < 0 ? 1 + decimalDigits(-value) : decimalDigits(value);
}

function decimalDigits(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10000) return 4;
  if (value < 100000) return 5;
  let digits = 5;
  for (let limit = 100000; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes the decimal form of an int64 that is no safe integer, from 0 on. Returns its length. */
export function writeWideInteger(target: Buffer, low: number, high: number): number {
  let at = 0;
  let upper = high;
  let lower = low >>> 0;
  if (high < 0) {
    target[at++] = MINUS;
    upper = ~high + (lower === 0 ? 1 : 0);
    lower = -low >>> 0;
  }
  // Divided by 10^9, 16 bits at a time: the remainder with 16 bits more stays safe.
  let quotient = 0;
  let rest = 0;
  for (let limb = 0; limb < 4; limb++) {
    const word = limb < 2 ? upper : lower;
    const part = rest * 0x10000 + (((limb & 1) === 0 ? word >>> 16 : word) & 0xffff);
    const digit = Math.floor(part / BILLION);
    quotient = quotient * 0x10000 + digit;
    rest = part - digit * BILLION;
  }
  at = writeInteger(target, at, quotient);
  for (let digit = at + 8; digit >= at; digit--) {
    const next = Math.floor(rest / 10);
    target[digit] = ZERO + (rest - next * 10);
    rest = next;
  }
  return at + 9;
}

/** Returns a table of what `of` says of each byte. A loop: with `Uint8Array.from`, the dozen tables that there are took 4 ms of every start. */
export function byteTable(of: (byte: number) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = of(byte);
  return table;
}
