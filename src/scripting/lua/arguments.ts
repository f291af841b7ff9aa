/**
 * How functions of the library read their arguments. `values` holds all of them, `index` counts from 1; a missing one is not the same as
 * nil in the errors. Numbers pass for strings and strings that spell numbers for numbers, as everywhere in Lua. Hot.
 */

import { numberText, parseNumber } from "./numbers.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import type { LuaFunction, LuaValue } from "./value.ts";

/** What C makes of a double that no 64-bit integer holds, on x86-64. */
const INTEGER_INDEFINITE = -(2 ** 63);

/** A string, or the text of a number. Error: `string expected`. Source: luaL_checklstring. */
export function checkString(L: LuaState, values: readonly LuaValue[], index: number): string {
  const value = values[index - 1];
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  throw L.typeError(values, index, "string");
}

/** Likewise, or `otherwise` for nil or no argument. */
export function optString<T>(L: LuaState, values: readonly LuaValue[], index: number, otherwise: T): string | T {
  return values[index - 1] === undefined ? otherwise : checkString(L, values, index);
}

/** A string as C functions see it that know no length: up to its first zero. Source: luaL_checkstring. */
export function checkCString(L: LuaState, values: readonly LuaValue[], index: number): string {
  return cString(checkString(L, values, index));
}

/** `text` up to its first zero. */
export function cString(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** A number, or what a string spells. Error: `number expected`. Source: luaL_checknumber. */
export function checkNumber(L: LuaState, values: readonly LuaValue[], index: number): number {
  const value = values[index - 1];
  if (typeof value === "number") return value;
  const number = typeof value === "string" ? parseNumber(value) : undefined;
  if (number === undefined) throw L.typeError(values, index, "number");
  return number;
}

/** A number without its fraction, from -2^63 to 2^63 - 1024: all others, NaN too, are -2^63. Source: luaL_checkinteger. */
export function checkInteger(L: LuaState, values: readonly LuaValue[], index: number): number {
  return toInteger(checkNumber(L, values, index));
}

/** Likewise, or `otherwise` for nil or no argument. */
export function optInteger<T>(L: LuaState, values: readonly LuaValue[], index: number, otherwise: T): number | T {
  return values[index - 1] === undefined ? otherwise : checkInteger(L, values, index);
}

/** The lower 32 bits, with a sign, of what `checkInteger` returns. Source: luaL_checkint. */
export function checkInt(L: LuaState, values: readonly LuaValue[], index: number): number {
  return checkInteger(L, values, index) | 0;
}

/** Likewise, or `otherwise` for nil or no argument. */
export function optInt<T>(L: LuaState, values: readonly LuaValue[], index: number, otherwise: T): number | T {
  return values[index - 1] === undefined ? otherwise : checkInt(L, values, index);
}

/** C's conversion of a double to a 64-bit integer on x86-64; never -0. Source: lua_number2integer. */
export function toInteger(number: number): number {
  // Returned as the engine's own integer: a place in a string that is a double in disguise makes slow code of all that uses it.
  const small = number | 0;
  if (small === number) return small;
  if (number >= INTEGER_INDEFINITE && number < 2 ** 63) return Math.trunc(number) + 0;
  return INTEGER_INDEFINITE;
}

/** Error: `table expected`. */
export function checkTable(L: LuaState, values: readonly LuaValue[], index: number): LuaTable {
  const value = values[index - 1];
  if (value instanceof LuaTable) return value;
  throw L.typeError(values, index, "table");
}

/** Error: `function expected`. */
export function checkFunction(L: LuaState, values: readonly LuaValue[], index: number): LuaFunction {
  const value = values[index - 1];
  if (typeof value === "function") return value;
  throw L.typeError(values, index, "function");
}

/** Any value, nil too, but an argument there must be. Error: `value expected`. Source: luaL_checkany. */
export function checkAny(L: LuaState, values: readonly LuaValue[], index: number): LuaValue {
  if (index > values.length) throw L.argumentError(index, "value expected");
  return values[index - 1];
}

/**
 * One of the words `options`; `otherwise`, unless undefined, for nil or no argument. Returns its place. Error: `invalid option 'WORD'`.
 * Source: luaL_checkoption.
 */
export function checkOption(
  L: LuaState,
  values: readonly LuaValue[],
  index: number,
  options: readonly string[],
  otherwise: string | undefined,
): number {
  const text = otherwise !== undefined && values[index - 1] === undefined ? otherwise : checkString(L, values, index);
  const word = cString(text);
  const place = options.indexOf(word);
  if (place < 0) throw L.argumentError(index, `invalid option '${word}'`);
  return place;
}
