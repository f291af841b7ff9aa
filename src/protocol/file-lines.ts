/**
 * Lines of an append-only file, as Redis's loader reads them with fgets, atoi and strtol: more is taken for a line than from clients, and
 * whether a file whose end is damaged is cut or refused depends on it.
 */

import { INT64_MAX, INT64_MIN, MINUS, NINE, PLUS, ZERO } from "../base/bytes.ts";

const LF = 0x0a;
const TAB = 0x09;
const CR = 0x0d;
const BLANK = 0x20;
/** Bytes of a line; what comes after them is the next one. */
const LONGEST_LINE = 1023;

/** Returns where the line behind the one at buffer[from, end) begins, or -1 when its end has not come. */
export function fileLineEnd(buffer: Buffer, from: number, end: number): number {
  const longest = from + LONGEST_LINE;
  const newline = buffer.subarray(from, Math.min(end, longest)).indexOf(LF);
  if (newline >= 0) return from + newline + 1;
  return end >= longest ? longest : -1;
}

/**
 * The number that buffer[from, to) begins with, behind blanks, whatever follows: 0 for none, the nearest of 64 bits for one that is too
 * large.
 */
export function fileInteger(buffer: Buffer, from: number, to: number): bigint {
  let at = from;
  while (at < to && (buffer[at] === BLANK || (buffer[at] >= TAB && buffer[at] <= CR))) at++;
  const negative = buffer[at] === MINUS;
  if (negative || buffer[at] === PLUS) at++;
  let value = 0n;
  for (; at < to && buffer[at] >= ZERO && buffer[at] <= NINE; at++) value = value * 10n + BigInt(buffer[at] - ZERO);
  if (negative) value = -value;
  return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value;
}
