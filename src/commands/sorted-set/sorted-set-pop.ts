/** Popping members from an end of a sorted set, at once or blocking until there are any. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { ZsetCursor, zsetLength, zsetRemoveCursor, zsetSeek } from "../../values/sorted-set/zset.ts";
import { Type } from "../../values/value-types.ts";
import { type MultiPop, parseMultiPop, serveFirst } from "../arguments/multi-pop.ts";
import { longAtLeast } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";

const command = commandsOf("sorted-set");

const ZsetEnd = { MIN: 0, MAX: 1 } as const;
type ZsetEnd = (typeof ZsetEnd)[keyof typeof ZsetEnd];
const ENDS = { min: ZsetEnd.MIN, max: ZsetEnd.MAX } as const;

export const zpopmin = command("zpopmin", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .answers("[] | [member: string, score: double]; if count: pairs<string, double>")
  .docs("Pops the lowest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((call) => pop(call, ZsetEnd.MIN));

export const zpopmax = command("zpopmax", { arity: -2, since: "5.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count]")
  .answers("[] | [member: string, score: double]; if count: pairs<string, double>")
  .docs("Pops the highest-scored members of a sorted set.", "O(log(N)*M) for N members, M of them returned")
  .run((call) => pop(call, ZsetEnd.MAX));

export const zmpop = command("zmpop", { arity: -4, since: "7.0.0", flags: "write" })
  .takes("numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .answers("[key: string, members: [member: string, score: double][+]] | null-array")
  .docs("Pops members of the first non-empty sorted set of several.", "O(K)+O(M*log(N)) for K keys, N members and M returned")
  .run((call) => {
    if (!serveMultiPop(call, parseMultiPop(call, 1, ENDS))) call.reply.nullArray();
  });

function serveMultiPop(call: Call, { firstKey, keys, end, count }: MultiPop<ZsetEnd>): boolean {
  return serveFirst(call, Type.ZSET, firstKey, keys, (zset, index) =>
    journalPop(call, index, end, popMembers(call, zset, index, end, count, PopForm.KEYED_PAIRS)),
  );
}

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
  .answers("[key: string, member: string, score: double] | null-array")
  .docs(
    "Pops the lowest-scored member of the first non-empty sorted set of several, or blocks until there is one.",
    "O(log(N)) for N members",
  )
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => popOrWait(call, ZsetEnd.MIN));

export const bzpopmax = command("bzpopmax", { arity: -3, since: "5.0.0", flags: "write fast blocking" })
  .takes("key{RW access delete}... timeout")
  .answers("[key: string, member: string, score: double] | null-array")
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
  const served = serveFirst(call, Type.ZSET, 1, last - 1, (zset, index) => {
    popMembers(call, zset, index, end, 1, PopForm.KEYED_FLAT);
    journalPop(call, index, end, 0);
  });
  if (!served) call.block({ firstKey: 1, keyCount: last - 1, type: Type.ZSET, deadline });
}

export const bzmpop = command("bzmpop", { arity: -5, since: "7.0.0", flags: "write blocking" })
  .takes("timeout numkeys key{RW access delete}... where(MIN | MAX) [COUNT count]")
  .answers("[key: string, members: [member: string, score: double][+]] | null-array")
  .docs(
    "Pops members of the first non-empty sorted set of several, or blocks until there is one.",
    "O(K)+O(M*log(N)) for K keys, N members and M returned",
  )
  .run((call) => {
    const wanted = parseMultiPop(call, 2, ENDS);
    const deadline = parseTimeout(call, 1);
    if (!serveMultiPop(call, wanted)) call.block({ firstKey: 3, keyCount: wanted.keys, type: Type.ZSET, deadline });
  });

// ---- what they share

/** The form of the reply. */
const PopForm = {
  /** Members and scores in turn: ZPOPMIN. */
  FLAT: 0,
  /** An array of pairs: ZPOPMIN with a count in RESP3. */
  PAIRS: 1,
  /** The key, then members and scores in turn: BZPOPMIN. */
  KEYED_FLAT: 2,
  /** The key and an array of pairs: ZMPOP. */
  KEYED_PAIRS: 3,
} as const;
type PopForm = (typeof PopForm)[keyof typeof PopForm];

const cursor = new ZsetCursor();

/**
 * Removes up to `count` (1 or more) members from `zset`, which is opened for writing, not empty, and the value of the key in argument
 * `index`; replies, counts and publishes. Returns how many they were. Journalling is left to the caller (`journalPop`).
 */
function popMembers(call: Call, zset: Value, index: number, end: ZsetEnd, count: number, form: PopForm): number {
  const { reply } = call;
  const length = zsetLength(zset);
  const popped = Math.min(count, length);
  const isPaired = form === PopForm.PAIRS || form === PopForm.KEYED_PAIRS;
  const isKeyed = form === PopForm.KEYED_FLAT || form === PopForm.KEYED_PAIRS;
  if (isKeyed) {
    reply.array(isPaired ? 2 : popped * 2 + 1);
    call.replyArgument(index);
  }
  if (isPaired) reply.array(popped);
  else if (!isKeyed) reply.array(popped * 2);
  for (let left = popped; left > 0; left--) {
    zsetSeek(zset, cursor, end === ZsetEnd.MIN ? 0 : zsetLength(zset) - 1);
    if (isPaired) reply.array(2);
    reply.slice(cursor.member);
    reply.double(cursor.score);
    zsetRemoveCursor(zset, cursor);
  }
  zset.shrunk(length - popped, popped, EventClass.ZSET, end === ZsetEnd.MIN ? "zpopmin" : "zpopmax");
  return popped;
}

/** Journals the pop of `count` members (0: without a count) from the key in argument `index`. */
function journalPop(call: Call, index: number, end: ZsetEnd, count: number): void {
  if (!call.server.journal.active) return;
  const name = end === ZsetEnd.MIN ? "ZPOPMIN" : "ZPOPMAX";
  if (count === 0) call.journalAs(name, call.bytes(index));
  else call.journalAs(name, call.bytes(index), count);
}
