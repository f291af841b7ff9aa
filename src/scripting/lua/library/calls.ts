/** Calls that functions of the library make, with what must be put back when one of them ends in an error. */

import type { LuaState } from "../state.ts";
import { type Coroutine, LuaError, type LuaResult, type LuaValue } from "../value.ts";

/** A function of C from which calls are made, and that cannot be left in the middle while they are under way. */
export class NativeFrame {
  private readonly L: LuaState;
  private readonly depth: number;
  private readonly nativeDepth: number;
  private readonly running: Coroutine | null;

  /** Error: `C stack overflow`. */
  constructor(L: LuaState) {
    this.L = L;
    if (L.nativeIsFull) throw plainError(L, "C stack overflow");
    this.depth = L.depth;
    this.nativeDepth = L.nativeDepth;
    this.running = L.running;
    L.enterNative();
    L.depth++;
    L.sites[L.depth] = 0;
    L.tails[L.depth] = 0;
  }

  /** The calls are over, however they ended. */
  leave(): void {
    const { L, running } = this;
    L.depth = this.depth;
    L.nativeDepth = this.nativeDepth;
    if (running !== null) running.unyieldable--;
  }
}

/** An error without a position, as the core of Lua raises it where C code runs. */
export function plainError(L: LuaState, message: string): LuaError {
  return new LuaError(message, L.sites[L.depth] as number);
}

/** The error of Lua that was thrown, be it by the engine; all other things go on. To be asked before any frame is left. */
export function caughtError(L: LuaState, thrown: unknown): LuaError {
  if (thrown instanceof LuaError) return thrown;
  if (!(thrown instanceof RangeError)) throw thrown;
  // The engine has no other RangeError for what scripts do but strings that are too long.
  return thrown.message.includes("call stack") ? L.error("stack overflow") : plainError(L, "not enough memory");
}

/** A list of values as a function returns it: one value for itself. */
export function resultOf(values: readonly LuaValue[]): LuaResult {
  return values.length === 1 ? values[0] : values;
}

/** `value` before the results of a call. */
export function before(value: LuaValue, result: LuaResult): LuaResult {
  return Array.isArray(result) ? [value, ...result] : [value, result as LuaValue];
}
