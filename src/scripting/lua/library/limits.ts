/** What C code and the memory of a script limit, for the libraries that take data apart and put it together. */

import type { LuaState } from "../state.ts";

/**
 * Slots of Lua's stack that one call of a C function may use, arguments included (LUAI_MAXCSTACK). Ours use none, but the limit shows: in
 * how deep data may be, in how many results come.
 */
export const MAX_C_STACK = 8000;

/** Error: `slots` are too many. Source: luaL_checkstack. */
export function checkStack(L: LuaState, slots: number, message: string): void {
  if (slots > MAX_C_STACK) throw L.error(`stack overflow (${message})`);
}

/** How many characters may be written before the memory is told of them. */
export const WRITE_CHUNK = 1 << 16;

/** Bytes a table and a value in it count for. */
export const TABLE_BYTES = 200;
export const SLOT_BYTES = 40;

/** The script takes `bytes` more of memory. Error: it may not. Hot. */
export function takeMemory(L: LuaState, bytes: number): void {
  L.memory -= bytes;
  if (L.memory < 0) L.onMemory(bytes);
}
