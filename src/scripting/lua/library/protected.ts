/** `pcall` and `xpcall`. Source: lbaselib.c of Lua 5.1.5, and script_lua.c of Redis 7.2, whose `pcall` unpacks the errors of commands. */

import { callable, enter, index } from "../operations.ts";
import { type LuaState, MAX_NATIVE_DEPTH } from "../state.ts";
import { LuaTable } from "../table.ts";
import { first, type LuaError, type LuaFunction, type LuaResult, type LuaValue, type Steps } from "../value.ts";
import { before, caughtError, NativeFrame } from "./calls.ts";

/** How deep calls from C may be nested while errors are handled. */
const MAX_HANDLER_DEPTH = MAX_NATIVE_DEPTH + MAX_NATIVE_DEPTH / 8;

export function pcallFunction(L: LuaState): LuaFunction {
  const pcall = (...values: LuaValue[]): LuaResult => {
    let frame: NativeFrame | null = null;
    try {
      frame = new NativeFrame(L);
      const result = callWithout(functionOf(L, values), values);
      frame.leave();
      return before(true, result);
    } catch (thrown) {
      return failure(L, thrown, frame);
    }
  };
  return Object.assign(pcall, { resumable: (...values: LuaValue[]) => pcallSteps(L, values) });
}

export function xpcallFunction(L: LuaState): LuaFunction {
  return Object.assign((...values: LuaValue[]) => xpcall(L, values), { resumable: (...values: LuaValue[]) => xpcallSteps(L, values) });
}

/** Calls `callee` with all values but the first. */
function callWithout(callee: LuaFunction, values: readonly LuaValue[]): LuaResult {
  switch (values.length) {
    case 0:
    case 1:
      return callee();
    case 2:
      return callee(values[1]);
    case 3:
      return callee(values[1], values[2]);
    default:
      return callee(...values.slice(1));
  }
}

function* pcallSteps(L: LuaState, values: readonly LuaValue[]): Steps {
  let frame: NativeFrame | null = null;
  try {
    frame = new NativeFrame(L);
    const result = yield* enter(functionOf(L, values), values.slice(1));
    frame.leave();
    return before(true, result);
  } catch (thrown) {
    return failure(L, thrown, frame);
  }
}

/** What is called for the first of these values. */
function functionOf(L: LuaState, values: readonly LuaValue[]): LuaFunction {
  const [callee] = values;
  if (typeof callee === "function") return callee;
  // Redis does not look whether there is an argument, and calls what it has put there for the result.
  return callable(L, values.length === 0 ? true : callee, 0);
}

/** The results of a pcall whose callee threw: the text of an error that Redis made a table of. */
function failure(L: LuaState, thrown: unknown, frame: NativeFrame | null): LuaResult {
  const { value } = leaveWith(L, thrown, frame);
  if (!(value instanceof LuaTable)) return [false, value];
  const text = index(L, value, "err", 0);
  // Redis leaves a field that is no text on the stack, and so among the results.
  return typeof text === "string" || typeof text === "number" ? [false, text] : [false, value, text];
}

function leaveWith(L: LuaState, thrown: unknown, frame: NativeFrame | null): LuaError {
  try {
    return caughtError(L, thrown);
  } finally {
    frame?.leave();
  }
}

function xpcall(L: LuaState, values: readonly LuaValue[]): LuaResult {
  if (values.length < 2) throw L.argumentError(2, "value expected");
  const handler = values[1];
  let frame: NativeFrame | null = null;
  try {
    frame = new NativeFrame(L);
    const result = functionOf(L, values)();
    frame.leave();
    return before(true, result);
  } catch (thrown) {
    return handled(L, thrown, handler, frame);
  }
}

function* xpcallSteps(L: LuaState, values: readonly LuaValue[]): Steps {
  if (values.length < 2) throw L.argumentError(2, "value expected");
  const handler = values[1];
  let frame: NativeFrame | null = null;
  try {
    frame = new NativeFrame(L);
    const result = yield* enter(functionOf(L, values), []);
    frame.leave();
    return before(true, result);
  } catch (thrown) {
    return handled(L, thrown, handler, frame);
  }
}

/** The results of an xpcall whose callee threw. */
function handled(L: LuaState, thrown: unknown, handler: LuaValue, frame: NativeFrame | null): LuaResult {
  try {
    return [false, handlerValue(L, caughtError(L, thrown).value, handler)];
  } finally {
    frame?.leave();
  }
}

/**
 * What the handler makes of an error. It is called where the error was raised: the functions that were under way still are. Errors of its
 * own are for it to handle too, until Lua gives up.
 */
function handlerValue(L: LuaState, error: LuaValue, handler: LuaValue): LuaValue {
  const { depth } = L;
  let value = error;
  while (typeof handler === "function" && L.nativeDepth + 1 < MAX_HANDLER_DEPTH) {
    L.nativeDepth++;
    if (L.nativeDepth === MAX_NATIVE_DEPTH) {
      value = "C stack overflow";
      continue;
    }
    try {
      L.depth = depth + 1;
      L.sites[depth + 1] = 0;
      L.tails[depth + 1] = 0;
      return first(handler(value));
    } catch (thrown) {
      value = caughtError(L, thrown).value;
    }
  }
  return "error in error handling";
}
