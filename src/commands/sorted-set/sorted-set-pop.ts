/** Popping members from an end of a sorted set, at once or blocking until there are any. */

import { errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { Type } from "../../values/value-types.ts";
import { longAtLeast, parseMultiPop } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { journalPop, PopForm, popMembers, ZsetEnd, zsetEnd } from "./sorted-set-popping.ts";

const command = commandsOf("sorted-set");

export const zpopmin = command("zpopmin", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs("Pops the lowest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((ctx) => pop(ctx, ZsetEnd.MIN));

export const zpopmax = command("zpopmax", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs("Pops the highest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((ctx) => pop(ctx, ZsetEnd.MAX));

export const zmpop = command("zmpop", { arity: -4, since: "7.0.0", flags: "write" })
  .takes("numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .docs("Pops members of the first non-empty sorted set of several.", "O(K)+O(M*log(N)) for K keys, N members and M returned")
  .run((ctx) => {
    const { keys, end, count } = parseMultiPop(ctx, 1, zsetEnd);
    for (let index = 2; index < 2 + keys; index++) {
      const zset = ctx.openWrite(index, Type.ZSET);
      if (!zset.exists) continue;
      const popped = popMembers(ctx, zset, index, end, count, PopForm.KEYED_PAIRS);
      journalPop(ctx, index, end, popped);
      return;
    }
    ctx.reply.nullArray();
  });

/** ZPOPMIN and ZPOPMAX. */
function pop(ctx: Context, end: ZsetEnd): void {
  if (ctx.count > 3) throw errors.syntax;
  const count = ctx.count === 3 ? longAtLeast(ctx, 2, 0, errors.notPositive) : 1;
  const zset = ctx.openWrite(1, Type.ZSET);
  if (!zset.exists || count === 0) return ctx.reply.array(0);
  popMembers(ctx, zset, 1, end, count, ctx.count === 3 && ctx.reply.protocol === 3 ? PopForm.PAIRS : PopForm.FLAT);
}

export const bzpopmin = command("bzpopmin", { arity: -3, since: "5.0.0", flags: "write fast blocking" })
  .takes("key{RW access delete}... timeout")
  .docs(
    "Pops the lowest-scored member of the first non-empty sorted set of several, or blocks until there is one.",
    "O(log(N)) for N members",
  )
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((ctx) => popOrWait(ctx, ZsetEnd.MIN));

export const bzpopmax = command("bzpopmax", { arity: -3, since: "5.0.0", flags: "write fast blocking" })
  .takes("key{RW access delete}... timeout")
  .docs(
    "Pops the highest-scored member of the first non-empty sorted set of several, or blocks until there is one.",
    "O(log(N)) for N members",
  )
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((ctx) => popOrWait(ctx, ZsetEnd.MAX));

/** Replies with the key, the member and its score, or blocks. */
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

export const bzmpop = command("bzmpop", { arity: -5, since: "7.0.0", flags: "write blocking" })
  .takes("timeout numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .docs(
    "Pops members of the first non-empty sorted set of several, or blocks until there is one.",
    "O(K)+O(M*log(N)) for K keys, N members and M returned",
  )
  .run((ctx) => {
    const { keys, end, count } = parseMultiPop(ctx, 2, zsetEnd);
    const deadline = parseTimeout(ctx, 1);
    for (let index = 3; index < 3 + keys; index++) {
      ctx.prepareKeys(3, index, 1);
      const zset = ctx.openWrite(index, Type.ZSET);
      if (zset.exists) return journalPop(ctx, index, end, popMembers(ctx, zset, index, end, count, PopForm.KEYED_PAIRS));
    }
    ctx.block({ firstKey: 3, keyCount: keys, type: Type.ZSET, deadline });
  });
