/** Sorted sets: scores put in and asked for, and members taken out. Hot: ZADD, ZSCORE and ZRANK make neither strings nor objects. */

import { commandError, errors } from "../../errors.ts";
import { arg, block, command, key, oneKey, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
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
import { zsetLexRanks, zsetScoreRanks } from "../../values/sorted-set/zset-range.ts";
import { Type } from "../../values/value-types.ts";
import { ADDED, CH, GT, INCR, KEPT, LT, NX, put, putMember, SKIPPED, UPDATED, XX } from "./sorted-set-adding.ts";
import { lexRangeArguments, longArgument, rankArguments, ranks, scoreArgument, scoreRangeArguments } from "./sorted-set-arguments.ts";

const MEMBER = arg("string", "member");
const MEMBERS = arg("string", "member", { multiple: true });
const LOGARITHMIC = "O(log(N)), N being the number of members";

export const zadd = command(
  {
    name: "zadd",
    arity: -4,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["write", "denyoom", "fast"],
    keys: oneKey("RW", "update"),
    summary: "Gives members of a sorted set scores",
    complexity: "O(log(N)) for each member, N being the number of members",
    arguments: [
      key(),
      oneOf("condition", [token("NX"), token("XX")], { optional: true, since: "3.0.2" }),
      oneOf("comparison", [token("GT"), token("LT")], { optional: true, since: "6.2.0" }),
      arg("pure-token", "change", { token: "CH", optional: true, since: "3.0.2" }),
      arg("pure-token", "increment", { token: "INCR", optional: true, since: "3.0.2" }),
      block("data", [arg("double", "score"), MEMBER], { multiple: true }),
    ],
    history: [
      ["2.4.0", "Several members"],
      ["3.0.2", "Added: `XX`, `NX`, `CH` and `INCR`"],
      ["6.2.0", "Added: `GT` and `LT`"],
    ],
  },
  (ctx) => add(ctx, 0),
);

export const zincrby = command(
  {
    name: "zincrby",
    arity: 4,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["write", "denyoom", "fast"],
    keys: oneKey("RW", "access", "update"),
    summary: "Adds to the score of a member of a sorted set",
    complexity: LOGARITHMIC,
    arguments: [key(), arg("integer", "increment"), MEMBER],
  },
  (ctx) => add(ctx, INCR),
);

export const zrem = command(
  {
    name: "zrem",
    arity: -3,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "delete"),
    summary: "Takes members out of a sorted set",
    complexity: "O(M*log(N)), N being the number of members and M of those taken out",
    arguments: [key(), MEMBERS],
    history: [["2.4.0", "Several members"]],
  },
  (ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    const zset = ctx.openWrite(1, Type.ZSET);
    let removed = 0;
    if (zset.exists) {
      for (let index = 2; index < ctx.count; index++) {
        if (!zsetRemove(zset, buffer, offsets[index], offsets[index] + lengths[index])) continue;
        removed++;
        if (zsetLength(zset) === 0) break;
      }
    }
    finishRemoval(ctx, zset, removed, "zrem");
  },
);

export const zremrangebyrank = command(
  {
    name: "zremrangebyrank",
    arity: 4,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["write"],
    keys: oneKey("RW", "delete"),
    summary: "Takes the members in a range of ranks out of a sorted set",
    complexity: "O(log(N)+M), N being the number of members and M of those taken out",
    arguments: [key(), arg("integer", "start"), arg("integer", "stop")],
  },
  (ctx) => {
    const start = longArgument(ctx, 2);
    const stop = longArgument(ctx, 3);
    const zset = ctx.openWrite(1, Type.ZSET);
    rankArguments(start, stop, zsetLength(zset));
    removeRanks(ctx, zset, "zremrangebyrank");
  },
);

export const zremrangebyscore = command(
  {
    name: "zremrangebyscore",
    arity: 4,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["write"],
    keys: oneKey("RW", "delete"),
    summary: "Takes the members in a range of scores out of a sorted set",
    complexity: "O(log(N)+M), N being the number of members and M of those taken out",
    arguments: [key(), arg("double", "min"), arg("double", "max")],
  },
  (ctx) => {
    const range = scoreRangeArguments(ctx, 2, 3);
    const zset = ctx.openWrite(1, Type.ZSET);
    zsetScoreRanks(zset, range, ranks);
    removeRanks(ctx, zset, "zremrangebyscore");
  },
);

export const zremrangebylex = command(
  {
    name: "zremrangebylex",
    arity: 4,
    group: "sorted-set",
    since: "2.8.9",
    flags: ["write"],
    keys: oneKey("RW", "delete"),
    summary: "Takes the members in an alphabetical range out of a sorted set whose scores are all equal",
    complexity: "O(log(N)+M), N being the number of members and M of those taken out",
    arguments: [key(), arg("string", "min"), arg("string", "max")],
  },
  (ctx) => {
    const range = lexRangeArguments(ctx, 2, 3);
    const zset = ctx.openWrite(1, Type.ZSET);
    zsetLexRanks(zset, range, ranks, false);
    removeRanks(ctx, zset, "zremrangebylex");
  },
);

export const zscore = command(
  {
    name: "zscore",
    arity: 3,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the score of a member of a sorted set",
    complexity: "O(1)",
    arguments: [key(), MEMBER],
  },
  (ctx) => replyScore(ctx, ctx.openRead(1, Type.ZSET), 2),
);

export const zmscore = command(
  {
    name: "zmscore",
    arity: -3,
    group: "sorted-set",
    since: "6.2.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the scores of members of a sorted set",
    complexity: "O(N), N being the number of members asked for",
    arguments: [key(), MEMBERS],
  },
  (ctx) => {
    const zset = ctx.openRead(1, Type.ZSET);
    ctx.reply.array(ctx.count - 2);
    for (let index = 2; index < ctx.count; index++) replyScore(ctx, zset, index);
  },
);

export const zcard = command(
  {
    name: "zcard",
    arity: 2,
    group: "sorted-set",
    since: "1.2.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO"),
    summary: "Counts the members of a sorted set",
    complexity: "O(1)",
    arguments: [key()],
  },
  (ctx) => ctx.reply.integer(zsetLength(ctx.openRead(1, Type.ZSET))),
);

export const zcount = command(
  {
    name: "zcount",
    arity: 4,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Counts the members of a sorted set in a range of scores",
    complexity: LOGARITHMIC,
    arguments: [key(), arg("double", "min"), arg("double", "max")],
  },
  (ctx) => {
    const range = scoreRangeArguments(ctx, 2, 3);
    zsetScoreRanks(ctx.openRead(1, Type.ZSET), range, ranks);
    ctx.reply.integer(ranks.count);
  },
);

export const zlexcount = command(
  {
    name: "zlexcount",
    arity: 4,
    group: "sorted-set",
    since: "2.8.9",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Counts the members in an alphabetical range of a sorted set whose scores are all equal",
    complexity: LOGARITHMIC,
    arguments: [key(), arg("string", "min"), arg("string", "max")],
  },
  (ctx) => {
    const range = lexRangeArguments(ctx, 2, 3);
    zsetLexRanks(ctx.openRead(1, Type.ZSET), range, ranks, false);
    ctx.reply.integer(ranks.count);
  },
);

export const zrank = command(
  {
    name: "zrank",
    arity: -3,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the rank of a member of a sorted set, by ascending score",
    complexity: "O(log(N))",
    arguments: [key(), MEMBER, token("WITHSCORE", { optional: true })],
    history: [["7.2.0", "Added: `WITHSCORE`"]],
  },
  (ctx) => replyRank(ctx, { reverse: false }),
);

export const zrevrank = command(
  {
    name: "zrevrank",
    arity: -3,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the rank of a member of a sorted set, by descending score",
    complexity: "O(log(N))",
    arguments: [key(), MEMBER, token("WITHSCORE", { optional: true })],
    history: [["7.2.0", "Added: `WITHSCORE`"]],
  },
  (ctx) => replyRank(ctx, { reverse: true }),
);

// ---- ZADD and ZINCRBY

const OPTIONS = [
  { word: "nx", option: NX },
  { word: "xx", option: XX },
  { word: "ch", option: CH },
  { word: "incr", option: INCR },
  { word: "gt", option: GT },
  { word: "lt", option: LT },
] as const;

/** The scores of one request, checked before anything changes. */
let scores = new Float64Array(64);

/** ZADD, or with INCR in `options` ZINCRBY: Redis reads ZADD's options there too. */
function add(ctx: Context, options: number): void {
  let first = 2;
  for (let option = optionAt(ctx, first); option !== 0; option = optionAt(ctx, first)) {
    options |= option;
    first++;
  }
  const count = (ctx.count - first) / 2;
  if (count === 0 || !Number.isInteger(count)) throw errors.syntax;
  checkOptions(options, count);
  readScores(ctx, first, count);
  const zset = ctx.openWrite(1, Type.ZSET);
  if (!zset.exists && (options & XX) !== 0) return replyAdded(ctx, options, 0, SKIPPED);
  ctx.host.keyspace.requireRoom(count, ctx.frame.end - ctx.frame.start);
  zsetExpect(zset, count, ctx.frame.lengths[first + 1]);
  let added = 0;
  let updated = 0;
  let outcome = KEPT;
  for (let i = 0; i < count; i++) {
    outcome = putMember(ctx, zset, options, scores[i], first + i * 2 + 1);
    if (outcome === ADDED) added++;
    else if (outcome === UPDATED) updated++;
  }
  if (added + updated > 0) {
    zset.changed(added + updated);
    ctx.event(EventClass.ZSET, (options & INCR) === 0 ? "zadd" : "zincr", 1);
  }
  replyAdded(ctx, options, (options & CH) === 0 ? added : added + updated, outcome);
}

function optionAt(ctx: Context, index: number): number {
  // Most first arguments are scores: they start with no letter of an option.
  if (index >= ctx.count || ctx.frame.lengths[index] < 2 || ctx.frame.buffer[ctx.frame.offsets[index]] < 0x40) return 0;
  for (let i = 0; i < OPTIONS.length; i++) if (ctx.is(index, OPTIONS[i].word)) return OPTIONS[i].option;
  return 0;
}

function checkOptions(options: number, count: number): void {
  if (options === 0) return;
  const has = (option: number) => (options & option) !== 0;
  if (has(NX) && has(XX)) throw commandError("ERR XX and NX options at the same time are not compatible");
  if ((has(GT) && has(NX)) || (has(LT) && has(NX)) || (has(GT) && has(LT)))
    throw commandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  if (has(INCR) && count > 1) throw commandError("ERR INCR option supports a single increment-element pair");
}

function readScores(ctx: Context, first: number, count: number): void {
  if (count > scores.length) scores = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) scores[i] = scoreArgument(ctx, first + i * 2);
}

function replyAdded(ctx: Context, options: number, count: number, outcome: number): void {
  if ((options & INCR) === 0) ctx.reply.integer(count);
  else if (outcome === SKIPPED) ctx.reply.null();
  else ctx.reply.double(put.score);
}

// ---- others

function replyScore(ctx: Context, zset: Value, index: number): void {
  const { buffer, offsets, lengths } = ctx.frame;
  const score = zsetScore(zset, buffer, offsets[index], offsets[index] + lengths[index]);
  if (score === score) ctx.reply.double(score);
  else ctx.reply.null();
}

function replyRank(ctx: Context, { reverse }: { reverse: boolean }): void {
  const { reply } = ctx;
  if (ctx.count > 4) throw commandError(`ERR wrong number of arguments for '${ctx.entry.fullName}' command`);
  const withScore = ctx.count === 4;
  if (withScore && !ctx.is(3, "withscore")) throw errors.syntax;
  const zset = ctx.openRead(1, Type.ZSET);
  const { buffer, offsets, lengths } = ctx.frame;
  const place = zsetFind(zset, buffer, offsets[2], offsets[2] + lengths[2]);
  if (place === 0) return withScore ? reply.nullArray() : reply.null();
  const rank = zsetRank(zset, place);
  if (withScore) reply.array(2);
  reply.integer(reverse ? zsetLength(zset) - 1 - rank : rank);
  if (withScore) reply.double(zsetScoreAt(zset, place));
}

/** Takes out the members in `ranks`. */
function removeRanks(ctx: Context, zset: Value, event: string): void {
  const { first, count } = ranks;
  if (count > 0) zsetRemoveRanks(zset, first, count);
  finishRemoval(ctx, zset, count, event);
}

function finishRemoval(ctx: Context, zset: Value, count: number, event: string): void {
  if (count > 0) {
    const isEmpty = zsetLength(zset) === 0;
    if (isEmpty) zset.delete(count);
    else zset.changed(count);
    ctx.event(EventClass.ZSET, event, 1);
    if (isEmpty) ctx.event(EventClass.GENERIC, "del", 1);
  }
  ctx.reply.integer(count);
}
