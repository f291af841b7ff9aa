/** Runs Lua in an interpreter of its own, without a server. */

import { Interpreter } from "../../../src/scripting/lua/interpreter.ts";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { all, LuaError, type LuaValue } from "../../../src/scripting/lua/value.ts";

/** Returns what the chunk `user_script` returns. Throws an Error with the message that a script's error has. */
export function runLua(text: string, options: { resumable?: boolean } = {}): readonly LuaValue[] {
  const { main } = new Interpreter(new RandomNumbers()).load(text, "@user_script", options);
  try {
    return all(main());
  } catch (error) {
    if (error instanceof LuaError) throw new Error(String(error.value));
    throw error;
  }
}
