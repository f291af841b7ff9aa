/** The arguments of redis.register_function. Source: luaRegisterFunctionReadArgs in function_lua.c. */

import { scriptFlagNamed } from "../../session/script-flags.ts";
import { raised, textOrNumber, untilNul } from "../error-values.ts";
import type { LuaState } from "../lua/state.ts";
import { LuaTable } from "../lua/table.ts";
import type { LuaFunction, LuaValue } from "../lua/value.ts";

/** A function to be registered. */
export interface Registration {
  readonly name: string;
  readonly description: string | null;
  /** Bits of ScriptFlag. */
  readonly flags: number;
  readonly body: LuaFunction;
}

/** Reads `name, callback`, or a table with these and more. Errors: LuaError, each of Redis's. */
export function readRegistration(L: LuaState, values: readonly LuaValue[]): Registration {
  if (values.length < 1 || values.length > 2) throw raised(L, "wrong number of arguments to redis.register_function");
  const [first, second] = values;
  if (values.length === 1) return readNamed(L, first);
  const name = textOrNumber(first);
  if (name === undefined) throw raised(L, "first argument to redis.register_function must be a string");
  if (typeof second !== "function") throw raised(L, "second argument to redis.register_function must be a function");
  return { name, description: null, flags: 0, body: second };
}

type Draft = { -readonly [Field in keyof Registration]?: Registration[Field] };

/** What the fields of the table are, by name, and how they are read. */
const FIELDS: ReadonlyMap<string, (L: LuaState, value: LuaValue, draft: Draft) => void> = new Map([
  [
    "function_name",
    (L, value, draft) => {
      draft.name = textField(L, "function_name", value);
    },
  ],
  [
    "description",
    (L, value, draft) => {
      draft.description = textField(L, "description", value);
    },
  ],
  [
    "callback",
    (L, value, draft) => {
      if (typeof value !== "function") throw raised(L, "callback argument given to redis.register_function must be a function");
      draft.body = value;
    },
  ],
  [
    "flags",
    (L, value, draft) => {
      draft.flags = readFlags(L, value);
    },
  ],
]);

function readNamed(L: LuaState, table: LuaValue): Registration {
  if (!(table instanceof LuaTable)) {
    throw raised(
      L,
      "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
    );
  }
  const draft: Draft = {};
  for (const walk = table.walk(); walk.step(); ) {
    const key = textOrNumber(walk.key);
    if (key === undefined) throw raised(L, "named argument key given to redis.register_function is not a string");
    const read = FIELDS.get(untilNul(key).toLowerCase());
    if (read === undefined) throw raised(L, "unknown argument given to redis.register_function");
    read(L, walk.value, draft);
  }
  const { name, body, description = null, flags = 0 } = draft;
  if (name === undefined) throw raised(L, "redis.register_function must get a function name argument");
  if (body === undefined) throw raised(L, "redis.register_function must get a callback argument");
  return { name, description, flags, body };
}

function textField(L: LuaState, field: string, value: LuaValue): string {
  const text = textOrNumber(value);
  if (text === undefined) throw raised(L, `${field} argument given to redis.register_function must be a string`);
  return text;
}

function readFlags(L: LuaState, table: LuaValue): number {
  if (!(table instanceof LuaTable))
    throw raised(L, "flags argument to redis.register_function must be a table representing function flags");
  let flags = 0;
  for (let index = 1, word = table.get(1); word !== undefined; word = table.get(++index)) {
    const flag = scriptFlagNamed(untilNul(textOrNumber(word) ?? "").toLowerCase());
    if (flag === 0) throw raised(L, "unknown flag given");
    flags |= flag;
  }
  return flags;
}
