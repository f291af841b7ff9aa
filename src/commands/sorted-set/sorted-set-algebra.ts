/** Unions, intersections and differences of sorted sets, replied, counted or stored. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type Command, commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { zsetLength, zsetTake } from "../../values/sorted-set/zset.ts";
import {
  Aggregate,
  type ZsetSource,
  zsetDifference,
  zsetIntersection,
  zsetIntersectionSize,
  zsetUnion,
} from "../../values/sorted-set/zset-algebra.ts";
import { Type } from "../../values/value-types.ts";
import { choice, longArgument, longAtLeast, negativeLimit } from "../arguments/numbers.ts";
import { storeDraft } from "../arguments/storing.ts";
import { scoreArgument } from "./sorted-set-arguments.ts";

const command = commandsOf("sorted-set");

interface Operation {
  /** As documentation has them. */
  readonly what: string;
  readonly complexity: string;
  /** Whether it takes WEIGHTS and AGGREGATE. */
  readonly combines: boolean;
  combine(call: Call, request: CombinationRequest): SortedSet;
}

interface CombinationRequest {
  readonly sources: ZsetSource[];
  aggregate: Aggregate;
  withScores: boolean;
  limit: number;
}

const UNION: Operation = {
  what: "union",
  complexity: "O(N)+O(M*log(M)) for N members of all sets and M results",
  combines: true,
  combine: (call, { sources, aggregate }) => zsetUnion(call.server.keyspace.space, sources, aggregate),
};

const INTERSECTION: Operation = {
  what: "intersection",
  complexity: "O(N*K)+O(M*log(M)) at worst for K sets, the smallest of size N, and M results",
  combines: true,
  combine: (call, { sources, aggregate }) => zsetIntersection(call.server.keyspace.space, sources, aggregate),
};

const DIFFERENCE: Operation = {
  what: "difference",
  complexity: "O(L+(N-K)log(N)) at worst for L members, N in the first set, K in the result",
  combines: false,
  combine: (call, { sources }) => zsetDifference(call.server.keyspace.space, sources),
};

const COMBINES = "[WEIGHTS weight...] [AGGREGATE aggregate(SUM | MIN | MAX)]";

export const zunion = combining("zunion", UNION);
export const zinter = combining("zinter", INTERSECTION);
export const zdiff = combining("zdiff", DIFFERENCE);

function combining(name: string, operation: Operation): Command {
  return command(name, { arity: -3, since: "6.2.0", flags: "readonly" })
    .takes(`numkeys key{RO access}... ${operation.combines ? COMBINES : ""} [WITHSCORES]`)
    .answers("string[]; if WITHSCORES: pairs<string, double>")
    .docs(`Returns the ${operation.what} of sorted sets.`, operation.complexity)
    .run((call) => replyCombined(call, operation));
}

export const zunionstore = storing("zunionstore", "2.0.0", UNION);
export const zinterstore = storing("zinterstore", "2.0.0", INTERSECTION);
export const zdiffstore = storing("zdiffstore", "6.2.0", DIFFERENCE);

function storing(name: string, since: string, operation: Operation): Command {
  return command(name, { arity: -4, since, flags: "write denyoom" })
    .takes(`destination{OW update} numkeys key{RO access}... ${operation.combines ? COMBINES : ""}`)
    .answers("count")
    .docs(`Stores the ${operation.what} of sorted sets in a key.`, operation.complexity)
    .run((call) => {
      const set = operation.combine(call, parseRequest(call, 2, operation));
      const draft = call.temporary(Type.ZSET);
      zsetTake(draft, set);
      storeDraft(call, 1, draft, zsetLength(draft), EventClass.ZSET, name);
    });
}

export const zintercard = command("zintercard", { arity: -3, since: "7.0.0", flags: "readonly" })
  .takes("numkeys key{RO access}... [LIMIT limit]")
  .answers("count")
  .docs("Returns the number of members in the intersection of sorted sets.", "O(N*K) at worst for K sets, the smallest of N members")
  .run((call) => {
    const { sources, limit } = parseRequest(call, 1, CARDINALITY);
    call.reply.integer(zsetIntersectionSize(sources, limit));
  });

/** ZINTERCARD, whose options differ. */
const CARDINALITY = null;

const AGGREGATES = { sum: Aggregate.SUM, min: Aggregate.MIN, max: Aggregate.MAX } as const;

/**
 * Reads `numkeys key [key ...]` and the options after it, `numkeys` being argument `index`, and opens the keys: Redis does so before it
 * reads the options. Errors: not an integer, no key, syntax, WRONGTYPE, weight not a float.
 */
function parseRequest(call: Call, index: number, operation: Operation | null): CombinationRequest {
  const count = longArgument(call, index);
  if (count < 1) throw commandError(`ERR at least 1 input key is needed for '${call.entry.fullName}' command`);
  if (count > call.count - (index + 1)) throw errors.syntax;
  const request: CombinationRequest = { sources: [], aggregate: Aggregate.SUM, withScores: false, limit: 0 };
  for (let i = 0; i < count; i++) request.sources.push(openSource(call, index + 1 + i, i));
  let at = index + 1 + count;
  while (at < call.count) at = readOption(call, at, request, operation, index === 1);
  return request;
}

function openSource(call: Call, index: number, slot: number): ZsetSource {
  const value = call.openRead(index, null, slot);
  if (value.exists && value.type !== Type.ZSET && value.type !== Type.SET) throw errors.wrongType;
  return { holder: value.exists ? value : null, plain: value.type === Type.SET, weight: 1 };
}

/** Reads the option at `index`. Returns the index after it. */
function readOption(call: Call, index: number, request: CombinationRequest, operation: Operation | null, replies: boolean): number {
  const left = call.count - index;
  const { sources } = request;
  if (operation?.combines && left > sources.length && call.is(index, "weights")) {
    for (const [i, source] of sources.entries())
      source.weight = scoreArgument(call, index + 1 + i, commandError("ERR weight value is not a float"));
    return index + 1 + sources.length;
  }
  if (operation?.combines && left >= 2 && call.is(index, "aggregate")) {
    request.aggregate = choice(call, index + 1, AGGREGATES);
    return index + 2;
  }
  if (operation !== null && replies && call.is(index, "withscores")) {
    request.withScores = true;
    return index + 1;
  }
  if (operation === null && left >= 2 && call.is(index, "limit")) {
    request.limit = longAtLeast(call, index + 1, 0, negativeLimit);
    return index + 2;
  }
  throw errors.syntax;
}

function replyCombined(call: Call, operation: Operation): void {
  const { reply } = call;
  const request = parseRequest(call, 1, operation);
  const set = operation.combine(call, request);
  const { withScores } = request;
  const nested = withScores && reply.protocol === 3;
  reply.array(withScores && !nested ? set.size * 2 : set.size);
  set.each((member, score) => {
    if (nested) reply.array(2);
    reply.slice(member);
    if (withScores) reply.double(score);
  });
  call.server.keyspace.lazyFree.drop(set);
}
