/**
 * Glob patterns over bytes, in exactly Redis's dialect (its stringmatchlen): KEYS, SCAN MATCH, PSUBSCRIBE, ACL patterns, CONFIG GET and
 * `include` all match through here. Hot for KEYS and SCAN, so: no allocation, no strings, and time at worst text length × pattern length,
 * because only the last `*` is ever tried again (a longer match of an earlier `*` cannot help the part after it).
 */

import { byteTable } from "./bytes.ts";

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** 1 for the bytes that do not stand for themselves. */
const SPECIAL = byteTable((byte) => ([STAR, QUESTION, OPEN, BACKSLASH].includes(byte) ? 1 : 0));

/** Redis gives up on patterns with more stars than this; so do we, or the same KEYS would answer differently. */
const MAX_STARS = 1000;

/**
 * Whether text[textFrom, textTo) matches `pattern`: `*`, `?`, `[a-z]`, `[^a-z]` and `\` escapes; `ignoreCase` folds ASCII letters.
 * Two of Redis's corners are kept on purpose. An empty text matches only the empty pattern, not even `*` (KEYS and SCAN treat a lone `*` as
 * "everything" before they match). A range compares signed bytes, as Redis on x86 does, and its bounds may stand in either order.
 * An unclosed class ends with the pattern.
 */
export function globMatch(pattern: Uint8Array, text: Uint8Array, textFrom: number, textTo: number, ignoreCase: boolean): boolean {
  const end = pattern.length;
  if (textFrom === textTo) return end === 0;
  let at = 0;
  let from = textFrom;
  // Up to the first element that is not just a byte there is nothing to try again, and most texts differ there.
  for (; at < end; at++) {
    const wanted = pattern[at];
    if (SPECIAL[wanted] === 1) break;
    const byte = text[from];
    if (wanted !== byte && !(ignoreCase && lower(wanted) === lower(byte))) return false;
    if (++from === textTo) return skipStars(pattern, at + 1) === end;
  }
  let retryAt = -1;
  let retryFrom = 0;
  let stars = 0;
  while (true) {
    if (at < end && pattern[at] === STAR) {
      at = skipStars(pattern, at);
      if (at === end) return true;
      if (++stars > MAX_STARS) return false;
      retryAt = at;
      retryFrom = from;
      continue;
    }
    const next = at < end ? matchOne(pattern, at, text[from], ignoreCase) : -1;
    if (next < 0) {
      if (retryAt < 0 || ++retryFrom === textTo) return false;
      at = retryAt;
      from = retryFrom;
      continue;
    }
    at = next;
    // What is left of the pattern must be stars: to start later would leave it even less text.
    if (++from === textTo) return skipStars(pattern, at) === end;
  }
}

function skipStars(pattern: Uint8Array, at: number): number {
  while (at < pattern.length && pattern[at] === STAR) at++;
  return at;
}

/** Matches the one-byte element at pattern[at] (never a star). Returns the offset after that element, or -1 without a match. */
function matchOne(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): number {
  let wanted = pattern[at];
  if (wanted === QUESTION) return at + 1;
  if (wanted === OPEN) return matchClass(pattern, at + 1, byte, ignoreCase);
  if (wanted === BACKSLASH && at + 1 < pattern.length) wanted = pattern[++at];
  return wanted === byte || (ignoreCase && lower(wanted) === lower(byte)) ? at + 1 : -1;
}

/** As `matchOne`, for a class whose first byte after `[` is at `at`. */
function matchClass(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): number {
  const end = pattern.length;
  const negated = at < end && pattern[at] === CARET;
  if (negated) at++;
  let found = false;
  for (; at < end; at++) {
    const first = pattern[at];
    if (first === BACKSLASH && at + 1 < end) {
      at++;
      if (pattern[at] === byte) found = true;
    } else if (first === CLOSE) {
      return found === negated ? -1 : at + 1;
    } else if (end - at >= 3 && pattern[at + 1] === DASH) {
      at += 2;
      if (inRange(byte, first, pattern[at], ignoreCase)) found = true;
    } else if (first === byte || (ignoreCase && lower(first) === lower(byte))) {
      found = true;
    }
  }
  return found === negated ? -1 : end;
}

function inRange(byte: number, one: number, other: number, ignoreCase: boolean): boolean {
  let value = signed(byte);
  let low = signed(one);
  let high = signed(other);
  if (low > high) {
    const swap = low;
    low = high;
    high = swap;
  }
  if (ignoreCase) {
    value = lower(value);
    low = lower(low);
    high = lower(high);
  }
  return value >= low && value <= high;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
