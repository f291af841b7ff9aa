/** Sorted sets: setting and reading scores, removing members. Hot: ZADD, ZSCORE and ZRANK allocate nothing. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import {
  zsetExpect,
  zsetFind,
  zsetLength,
  zsetRank,
  zsetRemove,
  zsetRemoveRanks,
  zsetScore,
  zsetScoreAt,
} from "../../values/sorted-set/zset.ts";
import { zsetLexRanks, zsetScoreRanks, zsetScoresDiffer } from "../../values/sorted-set/zset-range.ts";
import { Type } from "../../values/value-types.ts";
import { longArgument, meaningOf, wrongCount } from "../arguments/numbers.ts";
import { ADDED, CH, GT, INCR, KEPT, LT, NX, put, putMember, SKIPPED, UPDATED, XX } from "./sorted-set-adding.ts";
import { lexRangeArguments, rankArguments, ranks, scoreArgument, scoreRangeArguments } from "./sorted-set-arguments.ts";

const command = commandsOf("sorted-set");

export const zadd = command("zadd", { arity: -4, since: "1.2.0", flags: "write denyoom fast" })
  .takes(`key{RW update} [condition(NX | XX)@3.0.2] [comparison(GT | LT)@6.2.0] [change='CH'@3.0.2] [increment='INCR'@3.0.2]
      data(score member)...`)
  .answers("count; if INCR: double | null")
  .docs("Adds members to a sorted set, or updates their scores.", "O(log(N)) for each member, with N in the sorted set")
  .changed("2.4.0: Accepts several members.", "3.0.2: Added `XX`, `NX`, `CH` and `INCR`.", "6.2.0: Added `GT` and `LT`.")
  .run((call) => add(call, 0));

export const zincrby = command("zincrby", { arity: 4, since: "1.2.0", flags: "write denyoom fast" })
  .takes("key{RW access update} increment member")
  .answers("double")
  .docs("Increments the score of a member of a sorted set.", "O(log(N)) for N members")
  .run((call) => add(call, INCR));

export const zrem = command("zrem", { arity: -3, since: "1.2.0", flags: "write fast" })
  .takes("key{RW delete} member...")
  .answers("count")
  .docs("Removes members from a sorted set. Deletes the sorted set if no members remain.", "O(M*log(N)) for N members, M of them removed")
  .changed("2.4.0: Accepts several members.")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const zset = call.openWrite(1, Type.ZSET);
    let removed = 0;
    if (zset.exists) {
      for (let index = 2; index < call.count; index++) {
        if (!zsetRemove(zset, buffer, offsets[index], offsets[index] + lengths[index])) continue;
        removed++;
        if (zsetLength(zset) === 0) break;
      }
    }
    finishRemoval(call, zset, removed, "zrem");
  });

export const zremrangebyrank = command("zremrangebyrank", { arity: 4, since: "2.0.0", flags: "write" })
  .takes("key{RW delete} start stop")
  .answers("count")
  .docs("Removes the members in a range of indexes from a sorted set.", "O(log(N)+M) for N members, M of them removed")
  .run((call) => {
    const start = longArgument(call, 2);
    const stop = longArgument(call, 3);
    const zset = call.openWrite(1, Type.ZSET);
    rankArguments(start, stop, zsetLength(zset));
    removeRanks(call, zset, "zremrangebyrank");
  });

export const zremrangebyscore = command("zremrangebyscore", { arity: 4, since: "1.2.0", flags: "write" })
  .takes("key{RW delete} min:double max:double")
  .answers("count")
  .docs("Removes the members in a range of scores from a sorted set.", "O(log(N)+M) for N members, M of them removed")
  .run((call) => {
    const range = scoreRangeArguments(call, 2, 3);
    const zset = call.openWrite(1, Type.ZSET);
    zsetScoreRanks(zset, range, ranks);
    removeRanks(call, zset, "zremrangebyscore");
  });

export const zremrangebylex = command("zremrangebylex", { arity: 4, since: "2.8.9", flags: "write" })
  .takes("key{RW delete} min max")
  .answers("count")
  .docs("Removes the members in a lexicographical range from a sorted set.", "O(log(N)+M) for N members, M of them removed")
  .run((call) => {
    const range = lexRangeArguments(call, 2, 3);
    const zset = call.openWrite(1, Type.ZSET);
    zsetLexRanks(zset, range, ranks, false);
    if (ranks.count > 0 && zsetScoresDiffer(zset)) call.journalAs("ZREMRANGEBYRANK", call.bytes(1), ranks.first, ranks.end - 1);
    removeRanks(call, zset, "zremrangebylex");
  });

export const zscore = command("zscore", { arity: 3, since: "1.2.0", flags: "readonly fast" })
  .takes("key{RO access} member")
  .answers("double | null")
  .docs("Returns the score of a member of a sorted set.", "O(1)")
  .run((call) => replyScore(call, call.openRead(1, Type.ZSET), 2));

export const zmscore = command("zmscore", { arity: -3, since: "6.2.0", flags: "readonly fast" })
  .takes("key{RO access} member...")
  .answers("(double | null)[]")
  .docs("Returns the scores of members of a sorted set.", "O(N) for N members returned")
  .run((call) => {
    const zset = call.openRead(1, Type.ZSET);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) replyScore(call, zset, index);
  });

export const zcard = command("zcard", { arity: 2, since: "1.2.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the number of members in a sorted set.", "O(1)")
  .run((call) => call.reply.integer(zsetLength(call.openRead(1, Type.ZSET))));

export const zcount = command("zcount", { arity: 4, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} min:double max:double")
  .answers("count")
  .docs("Counts the members of a sorted set in a range of scores.", "O(log(N)) for N members")
  .run((call) => {
    const range = scoreRangeArguments(call, 2, 3);
    zsetScoreRanks(call.openRead(1, Type.ZSET), range, ranks);
    call.reply.integer(ranks.count);
  });

export const zlexcount = command("zlexcount", { arity: 4, since: "2.8.9", flags: "readonly fast" })
  .takes("key{RO access} min max")
  .answers("count")
  .docs("Counts the members of a sorted set in a lexicographical range.", "O(log(N)) for N members")
  .run((call) => {
    const range = lexRangeArguments(call, 2, 3);
    zsetLexRanks(call.openRead(1, Type.ZSET), range, ranks, false);
    call.reply.integer(ranks.count);
  });

export const zrank = command("zrank", { arity: -3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} member [WITHSCORE]")
  .answers("count | null; if WITHSCORE: [rank: count, score: double] | null-array")
  .docs("Returns the index of a member of a sorted set, by ascending scores.", "O(log(N)) for N members")
  .changed("7.2.0: Added `WITHSCORE`.")
  .run((call) => replyRank(call, { reverse: false }));

export const zrevrank = command("zrevrank", { arity: -3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} member [WITHSCORE]")
  .answers("count | null; if WITHSCORE: [rank: count, score: double] | null-array")
  .docs("Returns the index of a member of a sorted set, by descending scores.", "O(log(N)) for N members")
  .changed("7.2.0: Added `WITHSCORE`.")
  .run((call) => replyRank(call, { reverse: true }));

// ---- ZADD and ZINCRBY

const OPTIONS = { nx: NX, xx: XX, ch: CH, incr: INCR, gt: GT, lt: LT } as const;

/** The scores of one request, checked before anything changes. */
let scores = new Float64Array(64);

/** ZADD, or with INCR in `options` ZINCRBY: Redis reads ZADD's options there too. */
function add(call: Call, options: number): void {
  let first = 2;
  for (let option = optionAt(call, first); option !== 0; option = optionAt(call, first)) {
    options |= option;
    first++;
  }
  const count = (call.count - first) / 2;
  if (count === 0 || !Number.isInteger(count)) throw errors.syntax;
  checkOptions(options, count);
  readScores(call, first, count);
  const zset = call.openWrite(1, Type.ZSET);
  if (!zset.exists && (options & XX) !== 0) return replyAdded(call, options, 0, SKIPPED);
  call.server.keyspace.requireRoom(count, call.frame.end - call.frame.start);
  zsetExpect(zset, count, call.frame.lengths[first + 1]);
  let added = 0;
  let updated = 0;
  let outcome = KEPT;
  for (let i = 0; i < count; i++) {
    outcome = putMember(call, zset, options, scores[i], first + i * 2 + 1);
    if (outcome === ADDED) added++;
    else if (outcome === UPDATED) updated++;
  }
  if (added + updated > 0) {
    zset.changed(added + updated);
    call.event(EventClass.ZSET, (options & INCR) === 0 ? "zadd" : "zincr", 1);
  }
  replyAdded(call, options, (options & CH) === 0 ? added : added + updated, outcome);
}

function optionAt(call: Call, index: number): number {
  // Most first arguments are scores: they start with no letter of an option.
  if (index >= call.count || call.frame.lengths[index] < 2 || call.frame.buffer[call.frame.offsets[index]] < 0x40) return 0;
  return meaningOf<number>(call, index, OPTIONS) ?? 0;
}

function checkOptions(options: number, count: number): void {
  if (options === 0) return;
  const has = (option: number) => (options & option) !== 0;
  if (has(NX) && has(XX)) throw commandError("ERR XX and NX options at the same time are not compatible");
  if ((has(GT) && has(NX)) || (has(LT) && has(NX)) || (has(GT) && has(LT)))
    throw commandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  if (has(INCR) && count > 1) throw commandError("ERR INCR option supports a single increment-element pair");
}

function readScores(call: Call, first: number, count: number): void {
  if (count > scores.length) scores = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) scores[i] = scoreArgument(call, first + i * 2);
}

function replyAdded(call: Call, options: number, count: number, outcome: number): void {
  if ((options & INCR) === 0) call.reply.integer(count);
  else if (outcome === SKIPPED) call.reply.null();
  else call.reply.double(put.score);
}

// ---- others

function replyScore(call: Call, zset: Value, index: number): void {
  const { buffer, offsets, lengths } = call.frame;
  const score = zsetScore(zset, buffer, offsets[index], offsets[index] + lengths[index]);
  if (score === score) call.reply.double(score);
  else call.reply.null();
}

function replyRank(call: Call, { reverse }: { reverse: boolean }): void {
  const { reply } = call;
  if (call.count > 4) throw wrongCount(call);
  const withScore = call.count === 4;
  if (withScore && !call.is(3, "withscore")) throw errors.syntax;
  const zset = call.openRead(1, Type.ZSET);
  const { buffer, offsets, lengths } = call.frame;
  const place = zsetFind(zset, buffer, offsets[2], offsets[2] + lengths[2]);
  if (place === 0) return withScore ? reply.nullArray() : reply.null();
  const rank = zsetRank(zset, place);
  if (withScore) reply.array(2);
  reply.integer(reverse ? zsetLength(zset) - 1 - rank : rank);
  if (withScore) reply.double(zsetScoreAt(zset, place));
}

/** Removes the members in `ranks`. */
function removeRanks(call: Call, zset: Value, event: string): void {
  const { first, count } = ranks;
  if (count > 0) zsetRemoveRanks(zset, first, count);
  finishRemoval(call, zset, count, event);
}

function finishRemoval(call: Call, zset: Value, count: number, event: string): void {
  if (count > 0) zset.shrunk(zsetLength(zset), count, EventClass.ZSET, event);
  call.reply.integer(count);
}
