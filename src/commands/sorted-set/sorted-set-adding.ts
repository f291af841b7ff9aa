/** Adding one member to a sorted set under the conditions of ZADD, for ZADD, ZINCRBY and GEOADD. Hot. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Value } from "../../keyspace/value.ts";
import { zsetFind, zsetInsert, zsetScoreAt, zsetSetScore } from "../../values/sorted-set/zset.ts";

// ZADD's options.
export const NX = 1 << 0;
export const XX = 1 << 1;
export const CH = 1 << 2;
export const INCR = 1 << 3;
export const GT = 1 << 4;
export const LT = 1 << 5;

// What became of a member.
export const KEPT = 0;
export const ADDED = 1;
export const UPDATED = 2;
export const SKIPPED = 3;

/** The new score of the last member put. */
export const put = { score: 0 };

/** Puts the member in argument `index` as the options say. Returns what became of it. Errors: the sum is not a number. */
export function putMember({ frame }: Call, zset: Value, options: number, score: number, index: number): number {
  const { buffer } = frame;
  const from = frame.offsets[index];
  const to = from + frame.lengths[index];
  const place = zsetFind(zset, buffer, from, to);
  put.score = score;
  if (place === 0) {
    if ((options & XX) !== 0) return SKIPPED;
    zsetInsert(zset, score, buffer, from, to);
    return ADDED;
  }
  if ((options & NX) !== 0) return SKIPPED;
  const current = zsetScoreAt(zset, place);
  if ((options & INCR) !== 0) {
    put.score = current + score;
    if (put.score !== put.score) throw commandError("ERR resulting score is not a number (NaN)");
  }
  if ((options & LT) !== 0 && put.score >= current) return SKIPPED;
  if ((options & GT) !== 0 && put.score <= current) return SKIPPED;
  if (put.score === current) return KEPT;
  zsetSetScore(zset, place, put.score, buffer, from, to);
  return UPDATED;
}
