/** Numbers in arguments: counts, indexes, and how much random commands and pops are asked for. */

import { parseInt64, smallInteger } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";

const LONG_MAX = 9223372036854775807n;
export const numkeysError = commandError("ERR numkeys should be greater than 0");
export const negativeLimit = commandError("ERR LIMIT can't be negative");
const countError = commandError("ERR count should be greater than 0");
const rangeError = commandError("ERR value is out of range");

/**
 * Returns an int64 as a number, the nearest one beyond 2^53: exact enough for indexes and counts, which no value reaches. Errors: not an
 * integer.
 */
export function longArgument(call: Call, index: number): number {
  return call.integer(index, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
}

/** The same, but at least `min`. Errors: `error` if it is less or not an integer. */
export function longAtLeast(call: Call, index: number, min: number, error: Error): number {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  let value = smallInteger(buffer, from, to);
  if (value !== value) value = Number(parseInt64(buffer, from, to) ?? Number.NaN);
  if (!(value >= min)) throw error;
  return value;
}

/**
 * Returns the count, in argument 2, of HRANDFIELD, SRANDMEMBER or ZRANDMEMBER: that many distinct elements, or that many draws if it is
 * negative. Argument 3, if there is one, must be `word`, which doubles the reply. Errors: not an integer, out of range, syntax.
 */
export function sampleSize(call: Call, word: string): bigint {
  const wanted = call.int64(2);
  if (wanted < -LONG_MAX) throw commandError(`ERR value is out of range, value must between ${-LONG_MAX} and ${LONG_MAX}`);
  if (call.count === 3) return wanted;
  if (call.count > 4 || !call.is(3, word)) throw errors.syntax;
  if (wanted < -LONG_MAX / 2n || wanted > LONG_MAX / 2n) throw rangeError;
  return wanted;
}

/** What LMPOP, ZMPOP and their blocking forms are asked for. */
export interface MultiPop<End> {
  /** The argument of the first key, and how many keys there are. */
  readonly firstKey: number;
  readonly keys: number;
  readonly end: End;
  readonly count: number;
}

/**
 * Reads `numkeys key [key ...] end [COUNT count]` from argument `index` to the last; `endAt` reads the end. Errors: a number out of range,
 * syntax.
 */
export function parseMultiPop<End>(call: Call, index: number, endAt: (call: Call, index: number) => End): MultiPop<End> {
  const keys = longAtLeast(call, index, 1, numkeysError);
  const where = index + keys + 1;
  if (where >= call.count) throw errors.syntax;
  const end = endAt(call, where);
  let count = 0;
  for (let at = where + 1; at < call.count; at += 2) {
    if (count !== 0 || !call.is(at, "count") || at + 1 === call.count) throw errors.syntax;
    count = longAtLeast(call, at + 1, 1, countError);
  }
  return { firstKey: index + 1, keys, end, count: count === 0 ? 1 : count };
}
