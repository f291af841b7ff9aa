/** Ranges of sorted sets by rank, score or member, replied or stored. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { ZsetCursor, zsetExpect, zsetInsert, zsetLength, zsetNext, zsetPrevious, zsetSeek } from "../../values/sorted-set/zset.ts";
import { zsetLexRanks, zsetScoreRanks, zsetScoresDiffer } from "../../values/sorted-set/zset-range.ts";
import { Type } from "../../values/value-types.ts";
import { longArgument } from "../arguments/numbers.ts";
import { storeDraft } from "../arguments/storing.ts";
import { lexRangeArguments, rankArguments, ranks, scoreRangeArguments } from "./sorted-set-arguments.ts";

const command = commandsOf("sorted-set");

export const zrange = command("zrange", { arity: -4, since: "1.2.0", flags: "readonly" })
  .takes(`key{RO access} start:string stop:string [sortby(BYSCORE | BYLEX)@6.2.0] [REV@6.2.0] [LIMIT limit(offset count)@6.2.0]
      [WITHSCORES]`)
  .answers("string[]; if WITHSCORES: pairs<string, double>")
  .docs("Returns the members of a sorted set in a range of indexes, scores or members.", "O(log(N)+M) for N members, M of them returned")
  .changed("6.2.0: Added `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")
  .run((call) => replyRange(call, 0));

export const zrangestore = command("zrangestore", { arity: -5, since: "6.2.0", flags: "write denyoom" })
  .takes("dst{OW update} src{RO access} min max [sortby(BYSCORE | BYLEX)] [REV] [LIMIT limit(offset count)]")
  .answers("count")
  .docs("Stores the members in a range of a sorted set in a key.", "O(log(N)+M) for N members, M of them stored")
  .run(storeRange);

export const zrevrange = command("zrevrange", { arity: -4, since: "1.2.0", flags: "readonly" })
  .takes("key{RO access} start stop [WITHSCORES]")
  .answers("string[]; if WITHSCORES: pairs<string, double>")
  .docs("Returns the members of a sorted set in a range of indexes, in reverse order.", "O(log(N)+M) for N members, M of them returned")
  .deprecated("6.2.0", "`ZRANGE` with `REV`")
  .run((call) => replyRange(call, BYRANK | REV));

export const zrangebyscore = command("zrangebyscore", { arity: -4, since: "1.0.5", flags: "readonly" })
  .takes("key{RO access} min:double max:double [WITHSCORES@2.0.0] [LIMIT limit(offset count)]")
  .answers("string[]; if WITHSCORES: pairs<string, double>")
  .docs("Returns the members of a sorted set in a range of scores.", "O(log(N)+M) for N members, M of them returned")
  .deprecated("6.2.0", "`ZRANGE` with `BYSCORE`")
  .changed("2.0.0: Added `WITHSCORES`.")
  .run((call) => replyRange(call, BYSCORE | FORWARD));

export const zrevrangebyscore = command("zrevrangebyscore", { arity: -4, since: "2.2.0", flags: "readonly" })
  .takes("key{RO access} max:double min:double [WITHSCORES] [LIMIT limit(offset count)]")
  .answers("string[]; if WITHSCORES: pairs<string, double>")
  .docs("Returns the members of a sorted set in a range of scores, in reverse order.", "O(log(N)+M) for N members, M of them returned")
  .deprecated("6.2.0", "`ZRANGE` with `REV` and `BYSCORE`")
  .changed("2.1.6: `min` and `max` can be exclusive.")
  .run((call) => replyRange(call, BYSCORE | REV));

export const zrangebylex = command("zrangebylex", { arity: -4, since: "2.8.9", flags: "readonly" })
  .takes("key{RO access} min max [LIMIT limit(offset count)]")
  .answers("string[]")
  .docs("Returns the members of a sorted set in a lexicographical range.", "O(log(N)+M) for N members, M of them returned")
  .deprecated("6.2.0", "`ZRANGE` with `BYLEX`")
  .run((call) => replyRange(call, BYLEX | FORWARD));

export const zrevrangebylex = command("zrevrangebylex", { arity: -4, since: "2.8.9", flags: "readonly" })
  .takes("key{RO access} max min [LIMIT limit(offset count)]")
  .answers("string[]")
  .docs("Returns the members of a sorted set in a reverse lexicographical range.", "O(log(N)+M) for N members, M of them returned")
  .deprecated("6.2.0", "`ZRANGE` with `REV` and `BYLEX`")
  .run((call) => replyRange(call, BYLEX | REV));

// What a range goes by, and in which direction.
const BYRANK = 1 << 0;
const BYSCORE = 1 << 1;
const BYLEX = 1 << 2;
const FORWARD = 1 << 3;
const REV = 1 << 4;
const SCORES = 1 << 5;
const ORDERS = BYRANK | BYSCORE | BYLEX;
const DIRECTIONS = FORWARD | REV;

const NO_LIMIT = -1;

/** LIMIT of the current request. */
const limit = { offset: 0, count: NO_LIMIT };
const cursor = new ZsetCursor();

/** Reads the options from argument `index` on. Returns them together with those that the command's name implies; LIMIT goes to `limit`. */
function rangeOptions(call: Call, index: number, options: number, { store }: { store: boolean }): number {
  limit.offset = 0;
  limit.count = NO_LIMIT;
  for (; index < call.count; index++) {
    if (!store && call.is(index, "withscores")) options |= SCORES;
    else if (call.is(index, "limit") && index + 2 < call.count) {
      limit.offset = longArgument(call, index + 1);
      limit.count = longArgument(call, index + 2);
      index += 2;
    } else if ((options & DIRECTIONS) === 0 && call.is(index, "rev")) options |= REV;
    else if ((options & ORDERS) === 0 && call.is(index, "bylex")) options |= BYLEX;
    else if ((options & ORDERS) === 0 && call.is(index, "byscore")) options |= BYSCORE;
    else throw errors.syntax;
  }
  if (limit.count !== NO_LIMIT && (options & (BYSCORE | BYLEX)) === 0)
    throw commandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  if ((options & SCORES) !== 0 && (options & BYLEX) !== 0)
    throw commandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  return options;
}

/**
 * Opens the sorted set named by argument `source` and computes `ranks` from the two arguments after it: with REV too they count from the
 * lowest score, and are walked from the end.
 */
function findRange(call: Call, source: number, options: number): Value {
  const reverse = (options & REV) !== 0;
  const min = reverse ? source + 2 : source + 1;
  const max = reverse ? source + 1 : source + 2;
  if ((options & BYSCORE) !== 0) {
    const range = scoreRangeArguments(call, min, max);
    const zset = call.openRead(source, Type.ZSET);
    zsetScoreRanks(zset, range, ranks);
    ranks.limit(limit.offset, limit.count, reverse);
    return zset;
  }
  if ((options & BYLEX) !== 0) {
    const range = lexRangeArguments(call, min, max);
    const zset = call.openRead(source, Type.ZSET);
    zsetLexRanks(zset, range, ranks, reverse);
    ranks.limit(limit.offset, limit.count, reverse);
    return zset;
  }
  const start = longArgument(call, source + 1);
  const stop = longArgument(call, source + 2);
  const zset = call.openRead(source, Type.ZSET);
  const length = zsetLength(zset);
  rankArguments(start, stop, length);
  if (reverse) {
    const { first, end } = ranks;
    ranks.first = length - end;
    ranks.end = length - first;
  }
  return zset;
}

function replyRange(call: Call, implied: number): void {
  const { reply } = call;
  const options = rangeOptions(call, 4, implied, { store: false });
  const zset = findRange(call, 1, options);
  const withScores = (options & SCORES) !== 0;
  const nested = withScores && reply.protocol === 3;
  const { count } = ranks;
  reply.array(withScores && !nested ? count * 2 : count);
  if (count === 0) return;
  const reverse = (options & REV) !== 0;
  zsetSeek(zset, cursor, reverse ? ranks.end - 1 : ranks.first);
  for (let left = count; left > 0; left--) {
    if (nested) reply.array(2);
    reply.slice(cursor.member);
    if (withScores) reply.double(cursor.score);
    if (left === 1) break;
    if (reverse) zsetPrevious(zset, cursor);
    else zsetNext(zset, cursor);
  }
}

function storeRange(call: Call): void {
  const options = rangeOptions(call, 5, 0, { store: true });
  const zset = findRange(call, 2, options);
  const { count } = ranks;
  if ((options & BYLEX) !== 0 && zsetScoresDiffer(zset)) {
    // 1 to 0: no member.
    const [first, last] = count > 0 ? [ranks.first, ranks.end - 1] : [1, 0];
    call.journalAs("ZRANGESTORE", call.bytes(1), call.bytes(2), first, last);
  }
  const draft = call.temporary(Type.ZSET);
  if (count > 0) {
    zsetExpect(draft, (options & (BYSCORE | BYLEX)) === 0 ? count : 0, 0);
    zsetSeek(zset, cursor, ranks.first);
    for (let left = count; left > 0; left--) {
      zsetInsert(draft, cursor.score, cursor.member.bytes, cursor.member.from, cursor.member.to);
      if (left > 1) zsetNext(zset, cursor);
    }
  }
  storeDraft(call, 1, draft, zsetLength(draft), EventClass.ZSET, "zrangestore");
}
