/** What the commands about times of fields share: how fields and times are named, and what is said when fields were given a time. */

import { commandError } from "../../errors.ts";
import type { Call, Words } from "../../execution/call.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { hashLength } from "../../values/hash/hash.ts";
import { invalidExpireTime, type Unit } from "../arguments/deadline.ts";

/** Redis keeps the times of fields in 46 bits. */
const MAX_TIME = 2 ** 46 - 1;

const fieldsMissing = commandError("ERR Mandatory argument FIELDS is missing or not at the right position");
const noNumber = commandError("ERR Number of fields must be a positive integer");
const otherNumber = commandError("ERR The `numfields` parameter must match the number of arguments");
const negativeTime = commandError("ERR invalid expire time, must be >= 0");

/** Checks that argument `index` is FIELDS and the number of fields follows, and they. Returns where these begin. Errors: else. */
export function namedFields(call: Call, index: number, error = noNumber): number {
  if (index >= call.count || !call.is(index, "fields")) throw fieldsMissing;
  const wanted = countArgument(call, index + 1, error);
  if (wanted !== call.count - index - 2) throw otherNumber;
  return index + 2;
}

/** Returns the positive number in argument `index`. Errors: `error` where it is none. */
export function countArgument(call: Call, index: number, error: Error): number {
  try {
    return call.integer(index, 1, Number.POSITIVE_INFINITY);
  } catch {
    throw error;
  }
}

/** Returns the time in argument `index`, which counts in `unit` from `base` (0 or now), in ms since 1970. Errors: none, negative, too far away. */
export function fieldDeadline(call: Call, index: number, unit: Unit, base: number): number {
  const time = Number(call.int64(index));
  if (time < 0) throw negativeTime;
  if (time * unit > MAX_TIME - base) throw invalidExpireTime(call);
  return time * unit + base;
}

/** Returns copies of the arguments from `first` on. */
export function wordsFrom(call: Call, first: number): Buffer[] {
  const words: Buffer[] = [];
  for (let index = first; index < call.count; index++) words.push(call.bytes(index));
  return words;
}

/** What came of giving fields a time. */
interface ChangedTimes {
  /** The arguments that name the fields, which have the time now, or are gone if it is past. */
  readonly changed: readonly number[];
  readonly at: number;
  readonly past: boolean;
  /** What HPEXPIREAT has behind the time. */
  readonly words: () => Words;
}

/** Fields have been given a time that, if it is past, deleted them: announces, publishes and journals that. */
export function timesChanged(call: Call, hash: Value, { changed, at, past, words }: ChangedTimes): void {
  const { active } = call.server.journal;
  if (past) {
    call.server.keyspace.stats.expiredFields += changed.length;
    if (active) for (const index of changed) call.journalAs("HDEL", call.bytes(1), call.bytes(index));
    return hash.shrunk(hashLength(hash), changed.length, EventClass.HASH, "hdel");
  }
  hash.changed(changed.length);
  call.event(EventClass.HASH, "hexpire", 1);
  if (active) call.journalAs("HPEXPIREAT", call.bytes(1), at, ...words());
}
