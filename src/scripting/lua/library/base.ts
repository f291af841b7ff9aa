/**
 * The functions that Lua's base library puts among the globals, without those that Redis leaves out (dofile, getfenv, loadfile, newproxy,
 * print, setfenv). Source: lbaselib.c of Lua 5.1.5 as Redis has it.
 */

import { checkAny, checkCString, checkFunction, checkInt, checkOption, checkString, checkTable, cString, optInt } from "../arguments.ts";
import { LuaSyntaxError } from "../lexer.ts";
import { numberText, parseNumber } from "../numbers.ts";
import { callable, isTrue, metatableOf, setMetatable } from "../operations.ts";
import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import { first, LightUserdata, LuaError, type LuaFunction, type LuaResult, type LuaValue, NOTHING, typeName } from "../value.ts";
import { caughtError, NativeFrame, plainError, resultOf } from "./calls.ts";
import { MAX_C_STACK } from "./limits.ts";
import { parseUnsigned } from "./parse-unsigned.ts";
import { pcallFunction, xpcallFunction } from "./protected.ts";

/** Compiles a chunk. Errors: LuaSyntaxError. */
type Compile = (text: string, chunkName: string) => LuaFunction;

/** The globals, in the order in which Lua sets them. */
export function baseLibrary(L: LuaState, compile: Compile): Record<string, LuaValue> {
  const addresses = new Addresses();
  const collector = new Collector();
  const advance = nextFunction(L);
  const advanceIndex: LuaFunction = Object.assign((...values: LuaValue[]) => nextIndex(L, values), {
    native: true,
    isNextIndex: true,
  });
  return {
    assert: (...values) => assertTrue(L, values),
    collectgarbage: (...values) => collector.command(L, values),
    error: (...values) => raise(L, values),
    gcinfo: () => Math.floor(collector.kilobytes),
    getmetatable: (...values) => getMetatable(L, values),
    load: (...values) => load(L, compile, values),
    loadstring: (...values) => loadString(L, compile, values),
    next: nextFunction(L),
    pcall: pcallFunction(L),
    rawequal: (...values) => checkAny(L, values, 1) === checkAny(L, values, 2),
    rawget: (...values) => checkTable(L, values, 1).get(checkAny(L, values, 2)),
    rawset: (...values) => rawSet(L, values),
    select: (...values) => select(L, values),
    setmetatable: (...values) => changeMetatable(L, values),
    tonumber: (...values) => toNumber(L, values),
    tostring: (...values) => toText(L, addresses, values),
    type: (...values) => typeName(checkAny(L, values, 1)),
    unpack: (...values) => unpack(L, values),
    xpcall: xpcallFunction(L),
    _VERSION: "Lua 5.1",
    ipairs: (...values) => [advanceIndex, checkTable(L, values, 1), 0],
    pairs: (...values) => [advance, checkTable(L, values, 1), undefined],
  };
}

// ---- errors

function assertTrue(L: LuaState, values: readonly LuaValue[]): LuaResult {
  if (isTrue(checkAny(L, values, 1))) return resultOf(values);
  throw L.error(values[1] === undefined ? "assertion failed!" : checkCString(L, values, 2));
}

function raise(L: LuaState, values: readonly LuaValue[]): never {
  const level = optInt(L, values, 2, 1);
  let [value] = values;
  if (level > 0 && (typeof value === "string" || typeof value === "number")) {
    value = L.made(L.where(level) + (typeof value === "string" ? value : numberText(value)));
  }
  throw new LuaError(value, L.sites[L.depth] as number);
}

// ---- tables

function getMetatable(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const metatable = metatableOf(L, checkAny(L, values, 1));
  return metatable?.get("__metatable") ?? metatable;
}

function changeMetatable(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const metatable = values[1];
  if (values.length < 2 || !(metatable === undefined || metatable instanceof LuaTable)) throw L.argumentError(2, "nil or table expected");
  if (table.metatable?.get("__metatable") !== undefined) throw L.error("cannot change a protected metatable");
  if (table.isReadonly) throw plainError(L, "Attempt to modify a readonly table");
  setMetatable(table, metatable);
  return table;
}

function rawSet(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const key = checkAny(L, values, 2);
  const value = checkAny(L, values, 3);
  if (table.isReadonly) throw plainError(L, "Attempt to modify a readonly table");
  if (key === undefined) throw plainError(L, "table index is nil");
  if (key !== key) throw plainError(L, "table index is NaN");
  table.set(key, value);
  return table;
}

/** `next`, of which there are two: the one that `pairs` returns is not the global. */
function nextFunction(L: LuaState): LuaFunction {
  const next = (...values: LuaValue[]): LuaResult => {
    const pair = checkTable(L, values, 1).next(values[1]);
    if (pair === null) throw plainError(L, "invalid key to 'next'");
    return pair;
  };
  return Object.assign(next, { native: true, isNext: true });
}

function nextIndex(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const index = (checkInt(L, values, 2) + 1) | 0;
  const value = checkTable(L, values, 1).get(index);
  return value === undefined ? NOTHING : [index, value];
}

function unpack(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const from = optInt(L, values, 2, 1);
  const to = values[2] === undefined ? table.length : checkInt(L, values, 3);
  const count = to - from + 1;
  if (count <= 0) return NOTHING;
  // The arguments are on Lua's stack too.
  if (count + values.length > MAX_C_STACK) throw L.error("too many results to unpack");
  if (from === 1 && to === table.array.length) return resultOf(table.array.slice());
  const results: LuaValue[] = [];
  for (let index = from; index <= to; index++) results.push(table.get(index));
  return resultOf(results);
}

function select(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const [choice] = values;
  if (typeof choice === "string" && choice.startsWith("#")) return values.length - 1;
  const count = values.length;
  const wanted = checkInt(L, values, 1);
  const place = wanted < 0 ? count + wanted : Math.min(wanted, count);
  if (place < 1) throw L.argumentError(1, "index out of range");
  return place === count - 1 ? values[place] : values.slice(place);
}

// ---- conversions

function toNumber(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const base = optInt(L, values, 2, 10);
  if (base === 10) {
    const value = checkAny(L, values, 1);
    if (typeof value === "number") return value;
    return typeof value === "string" ? parseNumber(value) : undefined;
  }
  const text = checkCString(L, values, 1);
  if (base < 2 || base > 36) throw L.argumentError(2, "base out of range");
  return parseUnsigned(text, base);
}

function toText(L: LuaState, addresses: Addresses, values: readonly LuaValue[]): LuaResult {
  const value = checkAny(L, values, 1);
  const handler = metatableOf(L, value)?.get("__tostring");
  if (handler !== undefined) return first(callHandler(L, handler, value));
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return L.made(numberText(value));
    case "boolean":
      return String(value);
    case "undefined":
      return "nil";
    default:
      return L.made(`${typeName(value)}: ${addresses.text(value)}`);
  }
}

/** Calls a metamethod as C code does. */
function callHandler(L: LuaState, handler: LuaValue, value: LuaValue): LuaResult {
  const frame = new NativeFrame(L);
  try {
    return (typeof handler === "function" ? handler : callable(L, handler, 0))(value);
  } finally {
    frame.leave();
  }
}

/** The addresses that objects seem to have, given out as they are asked for. */
class Addresses {
  private readonly known = new WeakMap<object, number>();
  private next = 0x7f00_0001_0000;

  text(value: object): string {
    if (value instanceof LightUserdata) return value.address === 0 ? "(nil)" : `0x${value.address.toString(16)}`;
    let address = this.known.get(value);
    if (address === undefined) {
      address = this.next;
      this.known.set(value, address);
      this.next += 0x40;
    }
    return `0x${address.toString(16)}`;
  }
}

// ---- chunks

function loadString(L: LuaState, compile: Compile, values: readonly LuaValue[]): LuaResult {
  const text = checkString(L, values, 1);
  const name = values[1] === undefined ? cString(text) : checkCString(L, values, 2);
  return compiled(compile, text, name);
}

function load(L: LuaState, compile: Compile, values: readonly LuaValue[]): LuaResult {
  const name = values[1] === undefined ? "=(load)" : checkCString(L, values, 2);
  const reader = checkFunction(L, values, 1);
  const frame = new NativeFrame(L);
  let text: string;
  try {
    text = readAll(L, reader);
  } catch (thrown) {
    return [undefined, caughtError(L, thrown).value];
  } finally {
    frame.leave();
  }
  return compiled(compile, text, name);
}

/** The text that a reader gives in pieces, up to an empty one or nil. */
function readAll(L: LuaState, reader: LuaFunction): string {
  const pieces: string[] = [];
  const { depth } = L;
  for (;;) {
    L.spend(1);
    const piece = first(reader());
    if (piece === undefined || piece === "") return pieces.join("");
    if (typeof piece !== "string" && typeof piece !== "number") {
      L.depth = depth - 1;
      throw L.error("reader function must return a string");
    }
    pieces.push(L.made(typeof piece === "string" ? piece : numberText(piece)));
  }
}

function compiled(compile: Compile, text: string, name: string): LuaResult {
  try {
    return compile(text, name);
  } catch (error) {
    if (error instanceof LuaSyntaxError) return [undefined, error.message];
    throw error;
  }
}

// ---- memory

/** What `collectgarbage` commands: nothing here, but some of it answers. */
class Collector {
  /** Of memory in use, as a server has it that has run a few scripts. */
  readonly kilobytes = 73.5;
  private pause = 200;
  private stepMultiplier = 200;
  private steps = 0;

  command(L: LuaState, values: readonly LuaValue[]): LuaResult {
    const names = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"];
    const name = names[checkOption(L, values, 1, names, "collect")];
    const argument = optInt(L, values, 2, 0);
    switch (name) {
      case "count":
        return this.kilobytes;
      case "step":
        // Whether a cycle has ended: loops wait for it.
        return ++this.steps % 10 === 0;
      case "setpause": {
        const { pause } = this;
        this.pause = argument;
        return pause;
      }
      case "setstepmul": {
        const { stepMultiplier } = this;
        this.stepMultiplier = argument;
        return stepMultiplier;
      }
      default:
        return 0;
    }
  }
}
