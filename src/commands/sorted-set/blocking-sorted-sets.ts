/** The sorted-set commands that wait for a member when there is none. What they do when there is one, and what the journal takes, is sorted-set-popping.ts. */

import { arg, type CommandSpec, command, key, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { Type } from "../../values/value-types.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { journalPop, PopForm, parsePopEnd, popMembers, ZsetEnd } from "./sorted-set-popping.ts";

const TIMEOUT = arg("double", "timeout");

const POP: Omit<CommandSpec, "name" | "summary"> = {
  arity: -3,
  group: "sorted-set",
  since: "5.0.0",
  flags: ["write", "fast", "blocking"],
  keys: [{ flags: ["RW", "access", "delete"], begin: { index: 1 }, find: { lastKey: -2, step: 1, limit: 0 } }],
  complexity: "O(log(N)), N being the number of members",
  arguments: [key("key", { multiple: true }), TIMEOUT],
  history: [["6.0.0", "The timeout may have a fraction"]],
};

export const bzpopmin = command(
  { name: "bzpopmin", summary: "Takes the member with the lowest score out of the first sorted set that has one, or waits for it", ...POP },
  (ctx) => popOrWait(ctx, ZsetEnd.MIN),
);

export const bzpopmax = command(
  {
    name: "bzpopmax",
    summary: "Takes the member with the highest score out of the first sorted set that has one, or waits for it",
    ...POP,
  },
  (ctx) => popOrWait(ctx, ZsetEnd.MAX),
);

/** -> the key, the member and its score. */
function popOrWait(ctx: Context, end: ZsetEnd): void {
  const last = ctx.count - 1;
  const deadline = parseTimeout(ctx, last);
  for (let index = 1; index < last; index++) {
    ctx.prepareKeys(1, index, 1);
    const zset = ctx.openWrite(index, Type.ZSET);
    if (!zset.exists) continue;
    popMembers(ctx, zset, index, end, 1, PopForm.KEYED_FLAT);
    return journalPop(ctx, index, end, 0);
  }
  ctx.block({ firstKey: 1, keyCount: last - 1, type: Type.ZSET, deadline });
}

export const bzmpop = command(
  {
    name: "bzmpop",
    arity: -5,
    group: "sorted-set",
    since: "7.0.0",
    flags: ["write", "blocking"],
    keys: [{ flags: ["RW", "access", "delete"], begin: { index: 2 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    summary: "Takes members out of the first of several sorted sets that is there, or waits for one",
    complexity: "O(K) + O(M*log(N)), K being the number of keys, N of members and M of members taken out",
    arguments: [
      TIMEOUT,
      arg("integer", "numkeys"),
      key("key", { multiple: true }),
      oneOf("where", [token("MIN"), token("MAX")]),
      arg("integer", "count", { token: "COUNT", optional: true }),
    ],
  },
  (ctx) => {
    const { keys, end, count } = parsePopEnd(ctx, 2);
    const deadline = parseTimeout(ctx, 1);
    for (let index = 3; index < 3 + keys; index++) {
      ctx.prepareKeys(3, index, 1);
      const zset = ctx.openWrite(index, Type.ZSET);
      if (zset.exists) return journalPop(ctx, index, end, popMembers(ctx, zset, index, end, count, PopForm.KEYED_PAIRS));
    }
    ctx.block({ firstKey: 3, keyCount: keys, type: Type.ZSET, deadline });
  },
);
