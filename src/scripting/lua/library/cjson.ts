/** The library `cjson`: lua-cjson 2.1.0 as Redis has it. What its functions set stays set for all scripts to come. */

import { checkString } from "../arguments.ts";
import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import type { LuaFunction, LuaValue } from "../value.ts";
import { configFunctions, defaultConfig } from "./cjson-config.ts";
import { decodeJson, NULL } from "./cjson-decode.ts";
import { encodeJson } from "./cjson-encode.ts";
import { KeyCache } from "./key-cache.ts";

/** The entries of the library, with a configuration of their own. */
export function cjsonLibrary(L: LuaState): Record<string, LuaFunction | LuaValue> {
  const config = defaultConfig();
  const keys = new KeyCache();
  return {
    encode: (...values) => {
      if (values.length !== 1) throw L.argumentError(1, "expected 1 argument");
      return encodeJson(L, config, values[0]);
    },
    decode: (...values) => {
      if (values.length !== 1) throw L.argumentError(1, "expected 1 argument");
      return decodeJson(L, config, keys, checkString(L, values, 1));
    },
    ...configFunctions(L, config),
    new: () => newLibrary(L),
    null: NULL,
    _NAME: "cjson",
    _VERSION: "2.1.0",
  };
}

/** `cjson.new()`: the library again, not read-only. */
function newLibrary(L: LuaState): LuaTable {
  const table = new LuaTable();
  for (const [name, value] of Object.entries(cjsonLibrary(L))) {
    table.set(name, typeof value === "function" ? Object.assign(value, { native: true }) : (value as LuaTable));
  }
  return table;
}
