/** int64 as two 32-bit words: a number of JavaScript holds 53 bits of it exactly, a BigInt is an object. Hot: what packed bytes hold is read and written so. */

import { writeInteger } from "../bytes.ts";

const WORD = 2 ** 32;
const BILLION = 1_000_000_000;
/** Digits of the longest int64, with its sign. */
export const MAX_INT64_DIGITS = 20;

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

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

/** Writes the decimal form of an int64 that is no safe integer, from 0 on. -> its length. */
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
