/** The functions that compiled code calls by name: beside the names of its own making, the only ones in its text. */

import { loopOver } from "./loops.ts";
import {
  arithmetic,
  begin,
  callable,
  concatenate,
  enter,
  equals,
  finish,
  forNumber,
  index,
  iterate,
  legacyArg,
  length,
  lessOrEqual,
  lessThan,
  modulo,
  negate,
  rawSet,
  runThrough,
  setField,
  setIndex,
  setList,
  TICK,
} from "./operations.ts";
import { power } from "./power.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import { all, first, type LuaFunction, type LuaValue, NOTHING, type Steps, TailCall } from "./value.ts";

/** A function in both of its forms: called plainly it runs to its end. */
function suspendable(L: LuaState, steps: NonNullable<LuaFunction["steps"]>): LuaFunction {
  const resumable = function* (...values: LuaValue[]): Steps {
    const result = yield* steps(...values);
    return result instanceof TailCall ? yield* finish(L, result) : result;
  };
  return Object.assign((...values: LuaValue[]) => runThrough(resumable(...values)), { resumable, steps });
}

function append(values: LuaValue[], more: readonly LuaValue[]): void {
  for (const value of more) values.push(value);
}

export const RUNTIME = {
  LuaTable,
  NOTHING,
  TICK,
  TailCall,
  all,
  append,
  arithmetic,
  begin,
  callable,
  concatenate,
  enter,
  equals,
  finish,
  first,
  floor: Math.floor,
  forNumber,
  index,
  iterate,
  legacyArg,
  length,
  lessOrEqual,
  lessThan,
  loopOver,
  modulo,
  negate,
  power,
  rawSet,
  setField,
  setIndex,
  setList,
  suspendable,
};

export const RUNTIME_NAMES = Object.keys(RUNTIME);
