/** Members taken from an end of a sorted set. */

import { errors } from "../../errors.ts";
import { arg, command, key, oneKey, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { Type } from "../../values/value-types.ts";
import { boundedArgument } from "./sorted-set-arguments.ts";
import { journalPop, PopForm, parsePopEnd, popMembers, ZsetEnd } from "./sorted-set-popping.ts";

export const zpopmin = command(
  {
    name: "zpopmin",
    arity: -2,
    group: "sorted-set",
    since: "5.0.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "access", "delete"),
    summary: "Takes the members with the lowest scores out of a sorted set and answers with them",
    complexity: "O(log(N)*M), N being the number of members and M of those taken out",
    arguments: [key(), arg("integer", "count", { optional: true })],
  },
  (ctx) => pop(ctx, ZsetEnd.MIN),
);

export const zpopmax = command(
  {
    name: "zpopmax",
    arity: -2,
    group: "sorted-set",
    since: "5.0.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "access", "delete"),
    summary: "Takes the members with the highest scores out of a sorted set and answers with them",
    complexity: "O(log(N)*M), N being the number of members and M of those taken out",
    arguments: [key(), arg("integer", "count", { optional: true })],
  },
  (ctx) => pop(ctx, ZsetEnd.MAX),
);

export const zmpop = command(
  {
    name: "zmpop",
    arity: -4,
    group: "sorted-set",
    since: "7.0.0",
    flags: ["write"],
    keys: [{ flags: ["RW", "access", "delete"], begin: { index: 1 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    summary: "Takes members out of the first of several sorted sets that is not empty and answers with them",
    complexity: "O(K) + O(M*log(N)), K being the number of keys, N of members and M of members taken out",
    arguments: [
      arg("integer", "numkeys"),
      key("key", { multiple: true }),
      oneOf("where", [token("MIN"), token("MAX")]),
      arg("integer", "count", { token: "COUNT", optional: true }),
    ],
  },
  (ctx) => {
    const { keys, end, count } = parsePopEnd(ctx, 1);
    for (let index = 2; index < 2 + keys; index++) {
      const zset = ctx.openWrite(index, Type.ZSET);
      if (!zset.exists) continue;
      const popped = popMembers(ctx, zset, index, end, count, PopForm.KEYED_PAIRS);
      journalPop(ctx, index, end, popped);
      return;
    }
    ctx.reply.nullArray();
  },
);

/** ZPOPMIN and ZPOPMAX. */
function pop(ctx: Context, end: ZsetEnd): void {
  if (ctx.count > 3) throw errors.syntax;
  const count = ctx.count === 3 ? boundedArgument(ctx, 2, 0, errors.notPositive) : 1;
  const zset = ctx.openWrite(1, Type.ZSET);
  if (!zset.exists || count === 0) return ctx.reply.array(0);
  popMembers(ctx, zset, 1, end, count, ctx.count === 3 && ctx.reply.protocol === 3 ? PopForm.PAIRS : PopForm.FLAT);
}
