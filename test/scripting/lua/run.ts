/** Runs Lua in interpreters of its own, without a server. */

import { expect } from "bun:test";
import { type Form, Interpreter } from "../../../src/scripting/lua/interpreter.ts";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { all, LuaError, type LuaValue } from "../../../src/scripting/lua/value.ts";

export const FORMS: readonly Form[] = ["evaluated", "compiled", "resumable"];

/** Returns what the chunk `user_script` returns in each of its forms. Throws an Error with the message that a script's error has. */
export function runLua(text: string): readonly LuaValue[] {
  const [outcome, ...others] = FORMS.map((form) => outcomeOf(text, form));
  for (const other of others) expect(other).toEqual(outcome as Outcome);
  const { values, error } = outcome as Outcome;
  if (error !== null) throw new Error(error);
  return values;
}

interface Outcome {
  readonly values: readonly LuaValue[];
  readonly error: string | null;
}

function outcomeOf(text: string, form: Form): Outcome {
  const { main } = new Interpreter(new RandomNumbers()).load(text, "@user_script", { form });
  try {
    return { values: all(main()), error: null };
  } catch (error) {
    if (error instanceof LuaError) return { values: [], error: String(error.value) };
    throw error;
  }
}
