/** Between bytes and the strings of JavaScript, without loss. */

import { isUtf8 } from "node:buffer";
import { latin1 } from "./bytes.ts";

/** Up to it a loop over ASCII and `latin1` beat `toString`. */
const LOOP_LIMIT = 64;
const MAX_ASCII = 0x7f;
/** In the place of bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";

/** bytes[from, to) as text; null if they are no UTF-8. */
export function textOf(bytes: Buffer, from: number, to: number): string | null {
  if (to - from <= LOOP_LIMIT && isAscii(bytes, from, to)) return latin1(bytes, from, to);
  const text = bytes.toString("utf8", from, to);
  return !text.includes(REPLACEMENT) || isUtf8(bytes.subarray(from, to)) ? text : null;
}

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] > MAX_ASCII) return false;
  return true;
}

/** UTF-8, one character a byte. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").latin1Slice();
}
