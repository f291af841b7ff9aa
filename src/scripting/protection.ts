/** What keeps scripts from changing what the scripts after them will see: globals, libraries and metatables cannot be written to. */

import { makeReadonly, setMetatable } from "./lua/operations.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";

/** To be called once all globals are there. Source: luaSetErrorMetatable, luaSetTableProtectionRecursively. */
export function protectGlobals(L: LuaState): void {
  const metatable = new LuaTable();
  const missingGlobal = (...values: readonly LuaValue[]) => {
    const [, name] = values;
    if (values.length !== 2) throw L.error("Wrong number of arguments to luaProtectedTableError");
    if (typeof name !== "string" && typeof name !== "number") {
      throw L.error("Second argument to luaProtectedTableError must be a string or number");
    }
    throw L.error(`Script attempted to access nonexistent global variable '${name}'`);
  };
  metatable.set("__index", Object.assign(missingGlobal, { native: true }));
  setMetatable(L.globals, metatable);
  protectTable(L.globals);
  protectTable(L.stringMetatable);
}

/** Makes a table read-only, and all that it leads to. */
export function protectTable(table: LuaTable): void {
  if (table.isReadonly) return;
  makeReadonly(table);
  for (const value of [...table.array, ...table.hash.values(), table.metatable]) if (value instanceof LuaTable) protectTable(value);
}
