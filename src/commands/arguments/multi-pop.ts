/** What LMPOP, ZMPOP, BLPOP and the like share: the first key of several that has a value is the one popped from. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Value } from "../../keyspace/value.ts";
import type { Type } from "../../values/value-types.ts";
import { choice, longAtLeast, numkeysError } from "./numbers.ts";

/** What LMPOP, ZMPOP and their blocking forms are asked for. */
export interface MultiPop<End> {
  /** The argument of the first key, and how many keys there are. */
  readonly firstKey: number;
  readonly keys: number;
  readonly end: End;
  readonly count: number;
}

const countError = commandError("ERR count should be greater than 0");

/** Reads `numkeys key [key ...] end [COUNT count]` from argument `index` to the last. Errors: a number out of range, syntax. */
export function parseMultiPop<End>(call: Call, index: number, ends: Readonly<Record<string, End>>): MultiPop<End> {
  const keys = longAtLeast(call, index, 1, numkeysError);
  const where = index + keys + 1;
  if (where >= call.count) throw errors.syntax;
  const end = choice(call, where, ends);
  let count = 0;
  for (let at = where + 1; at < call.count; at += 2) {
    if (count !== 0 || !call.is(at, "count") || at + 1 === call.count) throw errors.syntax;
    count = longAtLeast(call, at + 1, 1, countError);
  }
  return { firstKey: index + 1, keys, end, count: count === 0 ? 1 : count };
}

/**
 * Lets `serve` answer with the first of `keys` keys from argument `firstKey` on that exists, opened for writing. Returns whether there is
 * one. Errors: WRONGTYPE.
 */
export function serveFirst(call: Call, type: Type, firstKey: number, keys: number, serve: (value: Value, index: number) => void): boolean {
  for (let index = firstKey; index < firstKey + keys; index++) {
    call.prepareKeys(firstKey, index, 1);
    const value = call.openWrite(index, type);
    if (!value.exists) continue;
    serve(value, index);
    return true;
  }
  return false;
}
