/** The library `cmsgpack`: lua-cmsgpack 0.4.0 as Redis has it. */

import { checkInteger, checkString, optInteger } from "../arguments.ts";
import type { LuaState } from "../state.ts";
import type { LuaFunction, LuaResult, LuaValue } from "../value.ts";
import { Packer } from "./cmsgpack-pack.ts";
import { Unpacker } from "./cmsgpack-unpack.ts";
import { KeyCache } from "./key-cache.ts";
import { checkStack, MAX_C_STACK } from "./limits.ts";

export function cmsgpackLibrary(L: LuaState): Record<string, LuaFunction | LuaValue> {
  const keys = new KeyCache();
  return {
    pack: (...values) => pack(L, values),
    unpack: (...values) => unpack(L, keys, values, 0, 0, values.length),
    unpack_one: (...values) => unpack(L, keys, values, 1, optInteger(L, values, 2, 0), 1),
    unpack_limit: (...values) => {
      const limit = checkInteger(L, values, 2);
      return unpack(L, keys, values, limit, optInteger(L, values, 3, 0), 1);
    },
    _NAME: "cmsgpack",
    _VERSION: "lua-cmsgpack 0.4.0",
    _COPYRIGHT: "Copyright (C) 2012, Salvatore Sanfilippo",
    _DESCRIPTION: "MessagePack C implementation for Lua",
  };
}

/** All values one behind the other. */
function pack(L: LuaState, values: readonly LuaValue[]): string {
  if (values.length === 0) throw L.argumentError(0, "MessagePack pack needs input.");
  // C keeps the arguments, and what each was packed to, on its stack.
  if (2 * values.length > MAX_C_STACK) throw L.argumentError(0, "Too many arguments for MessagePack pack.");
  const packer = new Packer(L);
  for (const [place, value] of values.entries()) packer.add(value, values.length + place + 1);
  return packer.finish();
}

/**
 * Up to `limit` values from `offset` on, behind the offset of what follows them, -1 at the end; with neither a limit nor an offset all
 * values alone. `slots`: how many C has on its stack.
 */
function unpack(L: LuaState, keys: KeyCache, values: readonly LuaValue[], limit: number, offset: number, slots: number): LuaResult {
  const text = checkString(L, values, 1);
  if (offset < 0 || limit < 0) {
    throw L.error(`Invalid request to unpack with offset of ${offset | 0} and limit of ${text.length}.`);
  }
  if (offset > text.length) throw L.error(`Start offset ${offset | 0} greater than input length ${text.length}.`);
  const isWhole = limit === 0 && offset === 0;
  const unpacker = new Unpacker(L, keys, text, offset);
  const results: LuaValue[] = isWhole ? [] : [-1];
  for (let count = 0; !unpacker.atEnd && (isWhole || count < limit); count++) results.push(unpacker.next(slots + count));
  if (!isWhole) {
    checkStack(L, slots + results.length, "in function mp_unpack_full");
    if (!unpacker.atEnd) results[0] = unpacker.at;
  }
  L.spend((unpacker.at - offset) >> 4);
  return results.length === 1 ? results[0] : results;
}
