/** Members taken from an end of a sorted set. */

import { errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { Type } from "../../values/value-types.ts";
import { boundedArgument } from "./sorted-set-arguments.ts";
import { journalPop, PopForm, parsePopEnd, popMembers, ZsetEnd } from "./sorted-set-popping.ts";

const command = commandsOf("sorted-set");

export const zpopmin = command("zpopmin", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs(
    "Removes and returns the lowest-scored members of a sorted set. Deletes the sorted set if no members remain.",
    "O(log(N)*M) for N members, M of them returned",
  )
  .run((ctx) => pop(ctx, ZsetEnd.MIN));

export const zpopmax = command("zpopmax", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs(
    "Removes and returns the highest-scored members of a sorted set. Deletes the sorted set if no members remain.",
    "O(log(N)*M) for N members, M of them returned",
  )
  .run((ctx) => pop(ctx, ZsetEnd.MAX));

export const zmpop = command("zmpop", { arity: -4, since: "7.0.0", flags: "write" })
  .takes("numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .docs(
    "Removes and returns members of the first non-empty sorted set of several. Deletes the key if no members remain.",
    "O(K)+O(M*log(N)) for K keys, N members and M returned",
  )
  .run((ctx) => {
    const { keys, end, count } = parsePopEnd(ctx, 1);
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
  const count = ctx.count === 3 ? boundedArgument(ctx, 2, 0, errors.notPositive) : 1;
  const zset = ctx.openWrite(1, Type.ZSET);
  if (!zset.exists || count === 0) return ctx.reply.array(0);
  popMembers(ctx, zset, 1, end, count, ctx.count === 3 && ctx.reply.protocol === 3 ? PopForm.PAIRS : PopForm.FLAT);
}
