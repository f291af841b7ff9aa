/** The library `table`. Source: ltablib.c of Lua 5.1.5 as Redis has it. */

import { checkFunction, checkInt, checkTable, optInt, optString } from "../arguments.ts";
import { numberText } from "../numbers.ts";
import type { LuaState } from "../state.ts";
import type { LuaTable } from "../table.ts";
import { first, type LuaFunction, type LuaResult, type LuaValue, NOTHING, typeName } from "../value.ts";
import { plainError } from "./calls.ts";
import { sort } from "./sort.ts";

/** No string can be longer in JavaScript. */
const MAX_LENGTH = 2 ** 30;

/** The functions of `table`, in the order in which Lua sets them. */
export function tableLibrary(L: LuaState): Record<string, LuaFunction> {
  return {
    concat: (...values) => concat(L, values),
    foreach: (...values) => forEach(L, values),
    foreachi: (...values) => forEachIndex(L, values),
    getn: (...values) => checkTable(L, values, 1).length,
    maxn: (...values) => largestKey(checkTable(L, values, 1)),
    insert: (...values) => insert(L, values),
    remove: (...values) => remove(L, values),
    setn: (...values) => {
      checkTable(L, values, 1);
      throw L.error("'setn' is obsolete");
    },
    sort: (...values) => sort(L, values),
  };
}

function concat(L: LuaState, values: readonly LuaValue[]): string {
  const separator = optString(L, values, 2, "");
  const table = checkTable(L, values, 1);
  const from = optInt(L, values, 3, 1);
  const to = values[3] === undefined ? table.length : checkInt(L, values, 4);
  const parts: string[] = [];
  let length = 0;
  for (let index = from; index <= to; index++) {
    const value = table.get(index);
    let part: string;
    if (typeof value === "string") part = value;
    else if (typeof value === "number") part = numberText(value);
    else throw L.error(`invalid value (${typeName(value)}) at index ${index} in table for 'concat'`);
    parts.push(part);
    length += part.length + separator.length;
    if (length > MAX_LENGTH) throw plainError(L, "not enough memory");
  }
  L.spend(parts.length);
  return L.made(parts.join(separator));
}

function forEach(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const callee = checkFunction(L, values, 2);
  for (const walk = table.walk(); walk.step(); ) {
    const result = first(L.call(callee, walk.key, walk.value));
    if (result !== undefined) return result;
  }
  return NOTHING;
}

function forEachIndex(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const { length } = table;
  const callee = checkFunction(L, values, 2);
  for (let index = 1; index <= length; index++) {
    const result = first(L.call(callee, index, table.get(index)));
    if (result !== undefined) return result;
  }
  return NOTHING;
}

function largestKey({ array, hash }: LuaTable): number {
  // The last value of the array is never nil.
  let largest = array.length;
  for (const [key, value] of hash) {
    if (typeof key === "number" && key > largest && value !== undefined) largest = key;
  }
  return largest;
}

function insert(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const end = table.length + 1;
  if (values.length !== 2 && values.length !== 3) throw L.error("wrong number of arguments to 'insert'");
  const index = values.length === 2 ? end : checkInt(L, values, 2);
  const value = values[values.length - 1];
  if (table.isReadonly) throw plainError(L, "Attempt to modify a readonly table");
  if (index > 0 && index < end && value !== undefined && table.isDense) {
    table.insertAt(index, value);
  } else {
    moveUp(table, index, end);
    table.set(index, value);
  }
  L.spend(Math.max(0, end - Math.max(index, 0)));
  return NOTHING;
}

/** Moves the values of the keys from `from` on, up to `to`, by one. From far below zero most of the way would be empty. */
function moveUp(table: LuaTable, from: number, to: number): void {
  if (from >= 0) {
    for (let place = to; place > from; place--) table.set(place, table.get(place - 1));
    return;
  }
  const moved: number[] = [];
  for (const key of table.keys()) if (typeof key === "number" && Number.isInteger(key) && key >= from && key < to) moved.push(key);
  for (const place of moved.sort((a, b) => b - a)) {
    table.set(place + 1, table.get(place));
    if (table.get(place - 1) === undefined) table.set(place, undefined);
  }
}

function remove(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const end = table.length;
  const index = optInt(L, values, 2, end);
  if (index < 1 || index > end) return NOTHING;
  if (table.isReadonly) throw plainError(L, "Attempt to modify a readonly table");
  const value = table.get(index);
  if (table.isDense) {
    table.removeAt(index);
  } else {
    for (let place = index; place < end; place++) table.set(place, table.get(place + 1));
    table.set(end, undefined);
  }
  L.spend(end - index);
  return value;
}
