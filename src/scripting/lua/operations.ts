/**
 * The operators of Lua for what compiled code does not do in place: metamethods, conversions between strings and numbers, and the errors.
 * `site` is the place of the operation (see `LuaState.sites`). The first part is hot.
 */

import { numberText, parseNumber } from "./numbers.ts";
import { power } from "./power.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import { first, type LuaFunction, type LuaResult, type LuaValue, type Steps, TailCall, typeName } from "./value.ts";

/** Metamethods that lead to metamethods (MAXTAGLOOP). */
const MAX_CHAIN = 100;

/** Compiled code in the form that can be left yields this when the clock is to be looked at. */
export const TICK = Symbol("tick");

// ---- tables

/** `object[key]`. Hot. */
export function index(L: LuaState, object: LuaValue, key: LuaValue, site: number): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.get(key);
    if (value !== undefined || object.metatable === undefined) return value;
  }
  return indexByMetatable(L, object, key, site);
}

function indexByMetatable(L: LuaState, start: LuaValue, key: LuaValue, site: number): LuaValue {
  let object = start;
  for (let chain = 0; chain < MAX_CHAIN; chain++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      const value = object.get(key);
      if (value !== undefined) return value;
      handler = object.metatable?.get("__index");
      if (handler === undefined) return undefined;
    } else {
      handler = metamethod(L, object, "__index");
      if (handler === undefined) throw operandError(L, site, "index", object, chain === 0 ? L.site(site).left : "");
    }
    if (typeof handler === "function") return first(callMetamethod(L, site, handler, object, key));
    object = handler;
  }
  throw L.errorAt(site, "loop in gettable");
}

/** `object[key] = value`. Hot. */
export function setIndex(L: LuaState, object: LuaValue, key: LuaValue, value: LuaValue, site: number): void {
  if (object instanceof LuaTable && object.isPlain && key !== undefined && key === key) object.set(key, value);
  else setByMetatable(L, object, key, value, site);
}

/** `object.key = value`, `key` being a name of the script's text. Hot. */
export function setField(L: LuaState, object: LuaValue, key: string, value: LuaValue, site: number): void {
  if (object instanceof LuaTable && object.isPlain) object.setHashed(key, value);
  else setByMetatable(L, object, key, value, site);
}

function setByMetatable(L: LuaState, start: LuaValue, key: LuaValue, value: LuaValue, site: number): void {
  let object = start;
  for (let chain = 0; chain < MAX_CHAIN; chain++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      if (object.isReadonly) throw L.errorAt(site, "Attempt to modify a readonly table");
      const isNew = object.get(key) === undefined;
      // Lua makes room for the key before it asks.
      if (isNew) rawSet(L, object, key, undefined, site);
      handler = isNew ? object.metatable?.get("__newindex") : undefined;
      if (handler === undefined) return object.set(key as Exclude<LuaValue, undefined>, value);
    } else {
      handler = metamethod(L, object, "__newindex");
      if (handler === undefined) throw operandError(L, site, "index", object, chain === 0 ? L.site(site).left : "");
    }
    if (typeof handler === "function") {
      callMetamethod(L, site, handler, object, key, value);
      return;
    }
    object = handler;
  }
  throw L.errorAt(site, "loop in settable");
}

/** Sets without metamethods, read-only tables included. Errors: a key that is nil or NaN. */
export function rawSet(L: LuaState, table: LuaTable, key: LuaValue, value: LuaValue, site: number): void {
  if (key === undefined) throw L.errorAt(site, "table index is nil");
  if (key !== key) throw L.errorAt(site, "table index is NaN");
  table.set(key, value);
}

/** The list of a constructor that has keys of other kinds beside it: they are set last. */
export function setList(table: LuaTable, values: readonly LuaValue[]): LuaTable {
  return table.setList(values);
}

/** The table `arg` of a function with varargs that never says `...`. */
export function legacyArg(values: LuaValue[]): LuaTable {
  const table = new LuaTable(values.length, 1, [...values]).seal();
  table.set("n", values.length);
  return table;
}

export function setMetatable(table: LuaTable, metatable: LuaTable | undefined): void {
  table.metatable = metatable;
  table.isPlain = metatable === undefined && !table.isReadonly;
}

export function makeReadonly(table: LuaTable): void {
  table.isReadonly = true;
  table.isPlain = false;
}

// ---- calls

/** What to call for `callee(...)`: itself, its `__call`, or, once the arguments have been evaluated, the error. */
export function callable(L: LuaState, callee: LuaValue, site: number): LuaFunction {
  const handler = metamethod(L, callee, "__call");
  if (typeof handler === "function") {
    const forward: LuaFunction = (...values) => handler(callee, ...values);
    if (handler.resumable === undefined) return Object.assign(forward, { native: true });
    const { resumable } = handler;
    return Object.assign(forward, { native: true, resumable: (...values: LuaValue[]) => resumable(callee, ...values) });
  }
  const fails: LuaFunction = () => {
    throw operandError(L, site, "call", callee, L.site(site).left);
  };
  // Like C code: its caller stays on the stack of calls, for the position in the message.
  return Object.assign(fails, { native: true });
}

function callMetamethod(L: LuaState, site: number, handler: LuaFunction, ...values: LuaValue[]): LuaResult {
  L.sites[L.depth] = site;
  if (L.nativeIsFull) throw L.error("C stack overflow");
  L.enterNative();
  try {
    return handler(...values);
  } finally {
    L.leaveNative();
  }
}

/** What a generic `for` calls, from code that can be left in the middle: a coroutine cannot be left from there. */
export function* iterate(L: LuaState, callee: LuaFunction, state: LuaValue, control: LuaValue): Steps {
  if (L.nativeIsFull) throw L.error("C stack overflow");
  L.enterNative();
  try {
    return yield* enter(callee, [state, control]);
  } finally {
    L.leaveNative();
  }
}

/** The way to call `callee` from compiled code that can be left in the middle. What comes of it may be a TailCall, which `finish` calls. */
export function begin(
  callee: LuaFunction,
  values: readonly LuaValue[],
): Iterable<unknown> & { [Symbol.iterator](): Iterator<unknown, LuaResult | TailCall> } {
  return callee.steps === undefined ? enter(callee, values) : callee.steps(...values);
}

/** Makes the calls that are left, one after the other. */
export function* finish(L: LuaState, tailCall: TailCall): Steps {
  let result: LuaResult | TailCall = tailCall;
  while (result instanceof TailCall) {
    L.tail = result.tails;
    result = yield* begin(result.callee, result.values);
  }
  return result;
}

/** The way to call `callee` from all other code that can be left in the middle. */
export function enter(
  callee: LuaFunction,
  values: readonly LuaValue[],
): Iterable<unknown> & { [Symbol.iterator](): Iterator<unknown, LuaResult> } {
  if (callee.resumable !== undefined) return callee.resumable(...values);
  const value = callee(...values);
  return { [Symbol.iterator]: () => ({ next: () => ({ done: true, value }) }) };
}

/** Runs a function in its resumable form from code that cannot be left: ticks are passed over. */
export function runThrough(steps: Steps): LuaResult {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

// ---- metatables

export function metatableOf(L: LuaState, value: LuaValue): LuaTable | undefined {
  if (value instanceof LuaTable) return value.metatable;
  return typeof value === "string" ? L.stringMetatable : undefined;
}

function metamethod(L: LuaState, value: LuaValue, event: string): LuaValue {
  return metatableOf(L, value)?.get(event);
}

// ---- arithmetic

export type Arithmetic = "__add" | "__sub" | "__mul" | "__div" | "__mod" | "__pow";

/** What each of them does to two numbers. */
export const COMPUTE: Record<Arithmetic, (a: number, b: number) => number> = {
  __add: (a, b) => a + b,
  __sub: (a, b) => a - b,
  __mul: (a, b) => a * b,
  __div: (a, b) => a / b,
  __mod: modulo,
  __pow: power,
};

/** Source: luai_nummod, whose rounding and infinities show. */
export function modulo(a: number, b: number): number {
  return a - Math.floor(a / b) * b;
}

export function arithmetic(L: LuaState, event: Arithmetic, a: LuaValue, b: LuaValue, site: number): LuaValue {
  const x = toNumber(a);
  const y = toNumber(b);
  if (x !== undefined && y !== undefined) return COMPUTE[event](x, y);
  const handler = metamethod(L, a, event) ?? metamethod(L, b, event);
  if (handler !== undefined) return first(callMetamethod(L, site, handlerOf(L, handler, site), a, b));
  const { left, right } = L.site(site);
  throw x === undefined
    ? operandError(L, site, "perform arithmetic on", a, left)
    : operandError(L, site, "perform arithmetic on", b, right);
}

export function negate(L: LuaState, value: LuaValue, site: number): LuaValue {
  const number = toNumber(value);
  if (number !== undefined) return -number;
  const handler = metamethod(L, value, "__unm");
  if (handler !== undefined) return first(callMetamethod(L, site, handlerOf(L, handler, site), value, value));
  throw operandError(L, site, "perform arithmetic on", value, L.site(site).left);
}

/** A number, or the number that a string spells; undefined for all else. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseNumber(value) : undefined;
}

export function concatenate(L: LuaState, a: LuaValue, b: LuaValue, site: number): LuaValue {
  if ((typeof a === "string" || typeof a === "number") && (typeof b === "string" || typeof b === "number")) {
    return L.made(textOf(a) + textOf(b));
  }
  const handler = metamethod(L, a, "__concat") ?? metamethod(L, b, "__concat");
  if (handler !== undefined) return first(callMetamethod(L, site, handlerOf(L, handler, site), a, b));
  const { left, right } = L.site(site);
  const leftIsFine = typeof a === "string" || typeof a === "number";
  throw leftIsFine ? operandError(L, site, "concatenate", b, right) : operandError(L, site, "concatenate", a, left);
}

function textOf(value: string | number): string {
  return typeof value === "string" ? value : numberText(value);
}

/** `#value`. */
export function length(L: LuaState, value: LuaValue, site: number): number | LuaValue {
  if (value instanceof LuaTable) return value.length;
  if (typeof value === "string") return value.length;
  throw operandError(L, site, "get length of", value, L.site(site).left);
}

// ---- comparison

/** `a == b` for values that are not the same. */
export function equals(L: LuaState, a: LuaValue, b: LuaValue, site: number): boolean {
  if (!(a instanceof LuaTable && b instanceof LuaTable)) return false;
  const shared = a.metatable === b.metatable;
  const handler = shared ? a.metatable?.get("__eq") : sharedMetamethod(a.metatable, b.metatable, "__eq");
  return handler !== undefined && isTrue(first(callMetamethod(L, site, handlerOf(L, handler, site), a, b)));
}

export function lessThan(L: LuaState, a: LuaValue, b: LuaValue, site: number): boolean {
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "string" && typeof b === "string") return a < b;
  const outcome = compareByMetatable(L, a, b, "__lt", site);
  if (outcome === undefined) throw comparisonError(L, a, b, site);
  return outcome;
}

export function lessOrEqual(L: LuaState, a: LuaValue, b: LuaValue, site: number): boolean {
  if (typeof a === "number" && typeof b === "number") return a <= b;
  if (typeof a === "string" && typeof b === "string") return a <= b;
  const outcome = compareByMetatable(L, a, b, "__le", site);
  if (outcome !== undefined) return outcome;
  const greater = compareByMetatable(L, b, a, "__lt", site);
  if (greater === undefined) throw comparisonError(L, a, b, site);
  return !greater;
}

function compareByMetatable(L: LuaState, a: LuaValue, b: LuaValue, event: string, site: number): boolean | undefined {
  if (typeName(a) !== typeName(b)) return undefined;
  const handler = sharedMetamethod(metatableOf(L, a), metatableOf(L, b), event);
  return handler === undefined ? undefined : isTrue(first(callMetamethod(L, site, handlerOf(L, handler, site), a, b)));
}

/** Comparisons ask a metamethod only if both operands have the same one. */
function sharedMetamethod(a: LuaTable | undefined, b: LuaTable | undefined, event: string): LuaValue {
  const handler = a?.get(event);
  return handler !== undefined && handler === b?.get(event) ? handler : undefined;
}

function comparisonError(L: LuaState, a: LuaValue, b: LuaValue, site: number): Error | object {
  const [left, right] = [typeName(a), typeName(b)];
  // Lua compares the third letters of their names, which "thread" and "string" share.
  return L.errorAt(site, left[2] === right[2] ? `attempt to compare two ${left} values` : `attempt to compare ${left} with ${right}`);
}

/** All but nil and false is true. */
export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

/** What is called for a metamethod: it may itself be something with a `__call`. */
function handlerOf(L: LuaState, handler: LuaValue, site: number): LuaFunction {
  if (typeof handler === "function") return handler;
  const called = metamethod(L, handler, "__call");
  if (typeof called !== "function") throw operandError(L, site, "call", handler, "");
  return (...values) => called(handler, ...values);
}

// ---- numeric for

/** A control value of a numeric `for`. */
export function forNumber(L: LuaState, value: LuaValue, what: "initial" | "limit" | "step", site: number): number {
  const number = toNumber(value);
  if (number === undefined)
    throw L.errorAt(site, what === "initial" ? "'for' initial value must be a number" : `'for' ${what} must be a number`);
  return number;
}

// ---- errors

function operandError(L: LuaState, site: number, what: string, value: LuaValue, name: string): object {
  const type = typeName(value);
  return L.errorAt(site, name === "" ? `attempt to ${what} a ${type} value` : `attempt to ${what} ${name} (a ${type} value)`);
}
