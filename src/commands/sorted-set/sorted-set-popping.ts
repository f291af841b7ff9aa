/** What ZPOPMIN, ZPOPMAX, ZMPOP and their blocking forms share: members are removed from an end of a sorted set and returned. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { ZsetCursor, zsetLength, zsetRemoveCursor, zsetSeek, zsetSeekLast } from "../../values/sorted-set/zset.ts";

export const ZsetEnd = { MIN: 0, MAX: 1 } as const;
export type ZsetEnd = (typeof ZsetEnd)[keyof typeof ZsetEnd];

/** The form of the reply. */
export const PopForm = {
  /** Members and scores in turn: ZPOPMIN. */
  FLAT: 0,
  /** An array of pairs: ZPOPMIN with a count in RESP3. */
  PAIRS: 1,
  /** The key, then members and scores in turn: BZPOPMIN. */
  KEYED_FLAT: 2,
  /** The key and an array of pairs: ZMPOP. */
  KEYED_PAIRS: 3,
} as const;
export type PopForm = (typeof PopForm)[keyof typeof PopForm];

const cursor = new ZsetCursor();

/**
 * Removes up to `count` (1 or more) members from `zset`, which is opened for writing, not empty, and the value of the key in argument
 * `index`; replies, counts and publishes. Returns how many they were. Journalling is left to the caller (`journalPop`).
 */
export function popMembers(call: Call, zset: Value, index: number, end: ZsetEnd, count: number, form: PopForm): number {
  const { reply } = call;
  const length = zsetLength(zset);
  const popped = Math.min(count, length);
  const isPaired = form === PopForm.PAIRS || form === PopForm.KEYED_PAIRS;
  const isKeyed = form === PopForm.KEYED_FLAT || form === PopForm.KEYED_PAIRS;
  if (isKeyed) {
    reply.array(isPaired ? 2 : popped * 2 + 1);
    reply.bytes(call.frame.buffer, call.frame.offsets[index], call.frame.offsets[index] + call.frame.lengths[index]);
  }
  if (isPaired) reply.array(popped);
  else if (!isKeyed) reply.array(popped * 2);
  for (let left = popped; left > 0; left--) {
    if (end === ZsetEnd.MIN) zsetSeek(zset, cursor, 0);
    else zsetSeekLast(zset, cursor);
    if (isPaired) reply.array(2);
    reply.bytes(cursor.member.bytes, cursor.member.from, cursor.member.to);
    reply.double(cursor.score);
    zsetRemoveCursor(zset, cursor);
  }
  zset.shrunk(length - popped, popped, EventClass.ZSET, end === ZsetEnd.MIN ? "zpopmin" : "zpopmax");
  return popped;
}

/** Journals the pop of `count` members (0: without a count) from the key in argument `index`. */
export function journalPop(call: Call, index: number, end: ZsetEnd, count: number): void {
  if (!call.server.journal.active) return;
  const name = end === ZsetEnd.MIN ? "ZPOPMIN" : "ZPOPMAX";
  if (count === 0) call.journalAs(name, call.bytes(index));
  else call.journalAs(name, call.bytes(index), count);
}

/** MIN or MAX. Errors: syntax. */
export function zsetEnd(call: Call, index: number): ZsetEnd {
  if (call.is(index, "max")) return ZsetEnd.MAX;
  if (!call.is(index, "min")) throw errors.syntax;
  return ZsetEnd.MIN;
}
