/** Popping members from an end of a sorted set, at once or blocking until there are any. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { Type } from "../../values/value-types.ts";
import { longAtLeast, parseMultiPop } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { journalPop, PopForm, popMembers, ZsetEnd, zsetEnd } from "./sorted-set-popping.ts";

const command = commandsOf("sorted-set");

export const zpopmin = command("zpopmin", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs("Pops the lowest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((call) => pop(call, ZsetEnd.MIN));

export const zpopmax = command("zpopmax", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .docs("Pops the highest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((call) => pop(call, ZsetEnd.MAX));

export const zmpop = command("zmpop", { arity: -4, since: "7.0.0", flags: "write" })
  .takes("numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .docs("Pops members of the first non-empty sorted set of several.", "O(K)+O(M*log(N)) for K keys, N members and M returned")
  .run((call) => {
    const { keys, end, count } = parseMultiPop(call, 1, zsetEnd);
    for (let index = 2; index < 2 + keys; index++) {
      const zset = call.openWrite(index, Type.ZSET);
      if (!zset.exists) continue;
      const popped = popMembers(call, zset, index, end, count, PopForm.KEYED_PAIRS);
      journalPop(call, index, end, popped);
      return;
    }
    call.reply.nullArray();
  });

/** ZPOPMIN and ZPOPMAX. */
function pop(call: Call, end: ZsetEnd): void {
  if (call.count > 3) throw errors.syntax;
  const count = call.count === 3 ? longAtLeast(call, 2, 0, errors.notPositive) : 1;
  const zset = call.openWrite(1, Type.ZSET);
  if (!zset.exists || count === 0) return call.reply.array(0);
  popMembers(call, zset, 1, end, count, call.count === 3 && call.reply.protocol === 3 ? PopForm.PAIRS : PopForm.FLAT);
}

export const bzpopmin = command("bzpopmin", { arity: -3, since: "5.0.0", flags: "write fast blocking" })
  .takes("key{RW access delete}... timeout")
  .docs(
    "Pops the lowest-scored member of the first non-empty sorted set of several, or blocks until there is one.",
    "O(log(N)) for N members",
  )
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => popOrWait(call, ZsetEnd.MIN));

export const bzpopmax = command("bzpopmax", { arity: -3, since: "5.0.0", flags: "write fast blocking" })
  .takes("key{RW access delete}... timeout")
  .docs(
    "Pops the highest-scored member of the first non-empty sorted set of several, or blocks until there is one.",
    "O(log(N)) for N members",
  )
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => popOrWait(call, ZsetEnd.MAX));

/** Replies with the key, the member and its score, or blocks. */
function popOrWait(call: Call, end: ZsetEnd): void {
  const last = call.count - 1;
  const deadline = parseTimeout(call, last);
  for (let index = 1; index < last; index++) {
    call.prepareKeys(1, index, 1);
    const zset = call.openWrite(index, Type.ZSET);
    if (!zset.exists) continue;
    popMembers(call, zset, index, end, 1, PopForm.KEYED_FLAT);
    return journalPop(call, index, end, 0);
  }
  call.block({ firstKey: 1, keyCount: last - 1, type: Type.ZSET, deadline });
}

export const bzmpop = command("bzmpop", { arity: -5, since: "7.0.0", flags: "write blocking" })
  .takes("timeout numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .docs(
    "Pops members of the first non-empty sorted set of several, or blocks until there is one.",
    "O(K)+O(M*log(N)) for K keys, N members and M returned",
  )
  .run((call) => {
    const { keys, end, count } = parseMultiPop(call, 2, zsetEnd);
    const deadline = parseTimeout(call, 1);
    for (let index = 3; index < 3 + keys; index++) {
      call.prepareKeys(3, index, 1);
      const zset = call.openWrite(index, Type.ZSET);
      if (zset.exists) return journalPop(call, index, end, popMembers(call, zset, index, end, count, PopForm.KEYED_PAIRS));
    }
    call.block({ firstKey: 3, keyCount: keys, type: Type.ZSET, deadline });
  });
