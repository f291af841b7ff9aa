/**
 * Lua values as JavaScript's: nil is undefined, a string is its bytes with one character (0 to 255) each, a number a number. A function
 * returns one value as it is and any other number of them in an array: arrays are no Lua values, so nothing can be mistaken for one.
 */

export type LuaValue = undefined | boolean | number | string | TableValue | LuaFunction | Coroutine | LightUserdata;

/** What a call gives: a value, or an array of any number of them. Such an array may be shared: no one changes it. */
export type LuaResult = LuaValue | readonly LuaValue[];

/** What is thrown into the loop that runs a generator: see `LuaFunction.resumable`. */
export interface Steps {
  next(sent?: unknown): IteratorResult<unknown, LuaResult>;
  [Symbol.iterator](): Steps;
}

export interface LuaFunction {
  (...values: LuaValue[]): LuaResult;
  /** Of the library, not compiled from Lua. */
  readonly native?: boolean;
  /** It is `next`: a loop over it can do without calling it. */
  readonly isNext?: boolean;
  /** It is what `ipairs` returns. */
  readonly isNextIndex?: boolean;
  /** The same function in the form that can be left in the middle: for coroutines, and for scripts that run too long. */
  readonly resumable?: (...values: LuaValue[]) => Steps;
  /** Likewise, of a function of Lua: what it calls last is not called but returned, as a TailCall. For compiled code. */
  readonly steps?: (...values: LuaValue[]) => Generator<unknown, LuaResult | TailCall, unknown>;
}

/** What a table is to code that only hands it on: LuaTable (table.ts) is the only one. */
export interface TableValue {
  readonly isTable: true;
}

/** A pointer of C as Lua shows it: cjson.null is the only one. */
export class LightUserdata {
  readonly address: number;

  constructor(address: number) {
    this.address = address;
  }
}

/** What a function that can be left in the middle has still to call, when all else of it is over. */
export class TailCall {
  readonly callee: LuaFunction;
  readonly values: readonly LuaValue[];
  /** How many functions the callee takes the place of. */
  readonly tails: number;

  constructor(callee: LuaFunction, values: readonly LuaValue[], tails: number) {
    this.callee = callee;
    this.values = values;
    this.tails = tails;
  }
}

export class Coroutine {
  status: "suspended" | "running" | "normal" | "dead" = "suspended";
  readonly body: LuaFunction;
  steps: Iterator<unknown, LuaResult | TailCall, unknown> | null = null;
  /** Its own stack of calls: see `LuaState.sites`. */
  sites: number[] = [0];
  tails: number[] = [0];
  depth = 0;
  /** Calls of the library that are under way in it and cannot be left in the middle. */
  unyieldable = 0;

  constructor(body: LuaFunction) {
    this.body = body;
  }
}

/** The result of a function that returns nothing, which is not the same as nil: `tostring(f())` is an error then. */
export const NOTHING: readonly LuaValue[] = Object.freeze([]);

/** The first of the results of a call. Hot. */
export function first(result: LuaResult): LuaValue {
  return Array.isArray(result) ? result[0] : (result as LuaValue);
}

/** All results of a call, as a list. */
export function all(result: LuaResult): readonly LuaValue[] {
  return Array.isArray(result) ? result : [result as LuaValue];
}

/**
 * An error of Lua on its way to the next pcall. `site` is what the innermost function of Lua was doing (see `LuaState.sites`), 0 where C
 * code raised it for itself.
 */
export class LuaError {
  readonly value: LuaValue;
  readonly site: number;

  constructor(value: LuaValue, site: number) {
    this.value = value;
    this.site = site;
  }
}

/** Ends a script from outside: no pcall catches it. */
export class Interruption {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "object":
      return value instanceof LightUserdata ? "userdata" : value instanceof Coroutine ? "thread" : "table";
    default:
      return typeof value;
  }
}
