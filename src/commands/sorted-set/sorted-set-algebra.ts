/** Unions, intersections and differences of sorted sets, answered with, counted or stored. */

import { commandError, errors } from "../../errors.ts";
import { type Argument, arg, command, type KeySpec, key, keyAt, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { zsetTake } from "../../values/sorted-set/zset.ts";
import {
  Aggregate,
  type ZsetSource,
  zsetDifference,
  zsetIntersection,
  zsetIntersectionSize,
  zsetUnion,
} from "../../values/sorted-set/zset-algebra.ts";
import { Type } from "../../values/value-types.ts";
import { boundedArgument, longArgument, scoreArgument } from "./sorted-set-arguments.ts";
import { storeZset } from "./sorted-set-storing.ts";

const DIFF_COMPLEXITY = "O(L + (N-K)log(N)) at worst, L being the members of all sets, N those of the first and K those that are left";
const INTER_COMPLEXITY =
  "O(N*K)+O(M*log(M)) at worst, N being the members of the smallest set, K the sets and M the members in all of them";
const UNION_COMPLEXITY = "O(N)+O(M*log(M)), N being the members of all sets and M those that differ";

const NUMKEYS = arg("integer", "numkeys");
const SOURCES = key("key", { multiple: true });
const STORED_SOURCES = key("key", { keySpecIndex: 1, multiple: true });
const DESTINATION = key("destination");
const WITHSCORES = token("WITHSCORES", { optional: true });
const COMBINATION: readonly Argument[] = [
  arg("integer", "weight", { token: "WEIGHTS", optional: true, multiple: true }),
  oneOf("aggregate", [token("SUM"), token("MIN"), token("MAX")], { token: "AGGREGATE", optional: true }),
];

function sourceKeys(index: number): KeySpec {
  return { flags: ["RO", "access"], begin: { index }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } };
}

export const zunion = command(
  {
    name: "zunion",
    arity: -3,
    group: "sorted-set",
    since: "6.2.0",
    flags: ["readonly"],
    keys: [sourceKeys(1)],
    summary: "Answers with the members of all of several sorted sets",
    complexity: UNION_COMPLEXITY,
    arguments: [NUMKEYS, SOURCES, ...COMBINATION, WITHSCORES],
  },
  (ctx) => replyCombined(ctx, UNION),
);

export const zunionstore = command(
  {
    name: "zunionstore",
    arity: -4,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["write", "denyoom"],
    keys: [keyAt(1, "OW", "update"), sourceKeys(2)],
    summary: "Stores the members of all of several sorted sets at a key",
    complexity: UNION_COMPLEXITY,
    arguments: [DESTINATION, NUMKEYS, STORED_SOURCES, ...COMBINATION],
  },
  (ctx) => storeCombined(ctx, UNION),
);

export const zinter = command(
  {
    name: "zinter",
    arity: -3,
    group: "sorted-set",
    since: "6.2.0",
    flags: ["readonly"],
    keys: [sourceKeys(1)],
    summary: "Answers with the members that several sorted sets have in common",
    complexity: INTER_COMPLEXITY,
    arguments: [NUMKEYS, SOURCES, ...COMBINATION, WITHSCORES],
  },
  (ctx) => replyCombined(ctx, INTERSECTION),
);

export const zinterstore = command(
  {
    name: "zinterstore",
    arity: -4,
    group: "sorted-set",
    since: "2.0.0",
    flags: ["write", "denyoom"],
    keys: [keyAt(1, "OW", "update"), sourceKeys(2)],
    summary: "Stores the members that several sorted sets have in common at a key",
    complexity: INTER_COMPLEXITY,
    arguments: [DESTINATION, NUMKEYS, STORED_SOURCES, ...COMBINATION],
  },
  (ctx) => storeCombined(ctx, INTERSECTION),
);

export const zintercard = command(
  {
    name: "zintercard",
    arity: -3,
    group: "sorted-set",
    since: "7.0.0",
    flags: ["readonly"],
    keys: [sourceKeys(1)],
    summary: "Counts the members that several sorted sets have in common",
    complexity: "O(N*K) at worst, N being the members of the smallest set and K the sets",
    arguments: [NUMKEYS, SOURCES, arg("integer", "limit", { token: "LIMIT", optional: true })],
  },
  (ctx) => {
    const { sources, limit } = parseRequest(ctx, 1, CARDINALITY);
    ctx.reply.integer(zsetIntersectionSize(sources, limit));
  },
);

export const zdiff = command(
  {
    name: "zdiff",
    arity: -3,
    group: "sorted-set",
    since: "6.2.0",
    flags: ["readonly"],
    keys: [sourceKeys(1)],
    summary: "Answers with the members of the first of several sorted sets that the others do not have",
    complexity: DIFF_COMPLEXITY,
    arguments: [NUMKEYS, SOURCES, WITHSCORES],
  },
  (ctx) => replyCombined(ctx, DIFFERENCE),
);

export const zdiffstore = command(
  {
    name: "zdiffstore",
    arity: -4,
    group: "sorted-set",
    since: "6.2.0",
    flags: ["write", "denyoom"],
    keys: [keyAt(1, "OW", "update"), sourceKeys(2)],
    summary: "Stores the members of the first of several sorted sets that the others do not have at a key",
    complexity: DIFF_COMPLEXITY,
    arguments: [DESTINATION, NUMKEYS, STORED_SOURCES],
  },
  (ctx) => storeCombined(ctx, DIFFERENCE),
);

interface Operation {
  /** The event of its storing kind. */
  readonly event: string;
  /** Whether it takes WEIGHTS and AGGREGATE. */
  readonly combines: boolean;
  combine(ctx: Context, request: CombinationRequest): SortedSet;
}

interface CombinationRequest {
  readonly sources: ZsetSource[];
  aggregate: Aggregate;
  withScores: boolean;
  limit: number;
}

const UNION: Operation = {
  event: "zunionstore",
  combines: true,
  combine: (ctx, { sources, aggregate }) => zsetUnion(ctx.host.keyspace.space, sources, aggregate),
};

const INTERSECTION: Operation = {
  event: "zinterstore",
  combines: true,
  combine: (ctx, { sources, aggregate }) => zsetIntersection(ctx.host.keyspace.space, sources, aggregate),
};

const DIFFERENCE: Operation = {
  event: "zdiffstore",
  combines: false,
  combine: (ctx, { sources }) => zsetDifference(ctx.host.keyspace.space, sources),
};

/** ZINTERCARD, whose options are others. */
const CARDINALITY = null;

const AGGREGATES = [
  { word: "sum", aggregate: Aggregate.SUM },
  { word: "min", aggregate: Aggregate.MIN },
  { word: "max", aggregate: Aggregate.MAX },
] as const;

/**
 * Reads `numkeys key [key ...]` and the options behind it, `numkeys` being argument `index`, and opens the keys: Redis does that before it looks at the options. Errors:
 * not an integer, no key, syntax, WRONGTYPE, weight not a float.
 */
function parseRequest(ctx: Context, index: number, operation: Operation | null): CombinationRequest {
  const count = longArgument(ctx, index);
  if (count < 1) throw commandError(`ERR at least 1 input key is needed for '${ctx.entry.fullName}' command`);
  if (count > ctx.count - (index + 1)) throw errors.syntax;
  const request: CombinationRequest = { sources: [], aggregate: Aggregate.SUM, withScores: false, limit: 0 };
  for (let i = 0; i < count; i++) request.sources.push(openSource(ctx, index + 1 + i, i));
  let at = index + 1 + count;
  while (at < ctx.count) at = readOption(ctx, at, request, operation, index === 1);
  return request;
}

function openSource(ctx: Context, index: number, slot: number): ZsetSource {
  const value = ctx.openRead(index, null, slot);
  if (value.exists && value.type !== Type.ZSET && value.type !== Type.SET) throw errors.wrongType;
  return { holder: value.exists ? value : null, plain: value.type === Type.SET, weight: 1 };
}

/** Reads the option at `index`. -> the index after it. */
function readOption(ctx: Context, index: number, request: CombinationRequest, operation: Operation | null, replies: boolean): number {
  const left = ctx.count - index;
  const { sources } = request;
  if (operation?.combines && left > sources.length && ctx.is(index, "weights")) {
    for (const [i, source] of sources.entries())
      source.weight = scoreArgument(ctx, index + 1 + i, commandError("ERR weight value is not a float"));
    return index + 1 + sources.length;
  }
  if (operation?.combines && left >= 2 && ctx.is(index, "aggregate")) {
    const found = AGGREGATES.find(({ word }) => ctx.is(index + 1, word));
    if (found === undefined) throw errors.syntax;
    request.aggregate = found.aggregate;
    return index + 2;
  }
  if (operation !== null && replies && ctx.is(index, "withscores")) {
    request.withScores = true;
    return index + 1;
  }
  if (operation === null && left >= 2 && ctx.is(index, "limit")) {
    request.limit = boundedArgument(ctx, index + 1, 0, commandError("ERR LIMIT can't be negative"));
    return index + 2;
  }
  throw errors.syntax;
}

function replyCombined(ctx: Context, operation: Operation): void {
  const { reply } = ctx;
  const request = parseRequest(ctx, 1, operation);
  const set = operation.combine(ctx, request);
  const { withScores } = request;
  const nested = withScores && reply.protocol === 3;
  reply.array(withScores && !nested ? set.size * 2 : set.size);
  set.each((member, score) => {
    if (nested) reply.array(2);
    reply.bytes(member.bytes, member.from, member.to);
    if (withScores) reply.double(score);
  });
  ctx.host.keyspace.lazyFree.drop(set);
}

function storeCombined(ctx: Context, operation: Operation): void {
  const request = parseRequest(ctx, 2, operation);
  const set = operation.combine(ctx, request);
  const draft = ctx.temporary(Type.ZSET);
  zsetTake(draft, set);
  storeZset(ctx, 1, draft, operation.event);
}
