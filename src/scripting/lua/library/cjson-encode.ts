/** Lua to JSON. Hot: scripts encode what they store. */

import { generalText, numberText } from "../numbers.ts";
import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import { LightUserdata, type LuaError, type LuaValue, typeName } from "../value.ts";
import type { JsonConfig } from "./cjson-config.ts";
import { MAX_C_STACK, takeMemory, WRITE_CHUNK } from "./limits.ts";

const MAX_INT = 2 ** 31 - 1;

const SPACE = 32;
const QUOTE = 34;
const SLASH = 47;
const BACKSLASH = 92;
const DELETE = 127;

/** Characters that may not stand for themselves. */
const UNSAFE = /["\\/\x00-\x1f\x7f]/;
/** In texts of up to this many characters a loop finds them sooner. */
const SHORT = 12;

/** What is written for each character that may not stand for itself; "" for all others. */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const short = { 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 47: "\\/", 92: "\\\\" }[code];
  return short ?? (code < 32 || code === 127 ? `\\u00${code.toString(16).padStart(2, "0")}` : "");
});

/** The JSON of `value`. Errors: types that JSON does not have, tables that are too deep or too sparse, numbers that are not finite. */
export function encodeJson(L: LuaState, config: JsonConfig, value: LuaValue): string {
  return new Encoder(L, config).whole(value);
}

class Encoder {
  private text = "";
  /** Characters that the memory has been told of. */
  private taken = 0;
  private readonly L: LuaState;
  private readonly config: JsonConfig;

  constructor(L: LuaState, config: JsonConfig) {
    this.L = L;
    this.config = config;
  }

  whole(value: LuaValue): string {
    // The value itself is on C's stack.
    if (value instanceof LuaTable) this.appendTable(value, 1, 1);
    else this.text = this.scalar(value);
    this.take();
    return this.text;
  }

  /** A value that is no table. */
  private scalar(value: LuaValue): string {
    if (typeof value === "string") return quoted(value);
    if (typeof value === "number") return this.number(value);
    if (typeof value === "boolean") return value ? "true" : "false";
    if (value === undefined || (value instanceof LightUserdata && value.address === 0)) return "null";
    throw this.refusal(value, "type not supported");
  }

  /** `slots`: how many C has on its stack by now. One call for each level: they may be 7997. */
  private appendTable(table: LuaTable, depth: number, slots: number): void {
    if (depth > this.config.encodeMaxDepth || slots + 3 > MAX_C_STACK) {
      throw this.L.error(`Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.listLength(table);
    let mark = length > 0 ? "[" : "{";
    if (length > 0) {
      for (let key = 1; key <= length; key++) {
        const value = table.get(key);
        if (value instanceof LuaTable) {
          this.text += mark;
          this.appendTable(value, depth + 1, slots + 1);
        } else this.text += mark + this.scalar(value);
        mark = ",";
        if (this.text.length - this.taken > WRITE_CHUNK) this.take();
      }
      this.text += "]";
    } else {
      for (const walk = table.walk(); walk.step(); ) {
        const { value } = walk;
        this.text += mark + this.key(walk.key);
        if (value instanceof LuaTable) this.appendTable(value, depth + 1, slots + 2);
        else this.text += this.scalar(value);
        mark = ",";
        if (this.text.length - this.taken > WRITE_CHUNK) this.take();
      }
      this.text += mark === "{" ? "{}" : "}";
    }
    this.take();
  }

  private key(key: LuaValue): string {
    if (typeof key === "string") return `${quoted(key)}:`;
    if (typeof key === "number") return `"${this.number(key)}":`;
    throw this.refusal(key, "table key must be a number or string");
  }

  /** How long the list is that the table is written as; 0 for an object, 0 and less for what C takes for one. Error: it is too sparse. */
  private listLength(table: LuaTable): number {
    const { array, hash } = table;
    const { sparseRatio, sparseSafe, sparseConvert } = this.config;
    if (table.isDense) {
      if (hash.size === 0 && array.length * sparseRatio <= MAX_INT) return array.length;
      if (array.length === 0) return 0;
    }
    let items = 0;
    let largest = array.length;
    for (const [key, value] of hash) {
      if (value === undefined) continue;
      if (typeof key !== "number" || key < 1 || key !== Math.floor(key)) return 0;
      if (key > largest) largest = key;
      items++;
    }
    if (largest > MAX_INT) largest = wrappedLargest(table);
    if (sparseRatio === 0 || largest <= sparseSafe) return largest;
    for (const value of array) if (value !== undefined) items++;
    if (largest <= Math.imul(items, sparseRatio)) return largest;
    if (!sparseConvert) throw this.refusal(table, "excessively sparse array");
    return 0;
  }

  private number(number: number): string {
    const { encodeNumberPrecision, encodeInvalidNumbers } = this.config;
    if (number - number !== 0) {
      if (encodeInvalidNumbers === "off") throw this.refusal(number, "must not be NaN or Inf");
      if (encodeInvalidNumbers === "null") return "null";
      return number !== number ? "nan" : number > 0 ? "inf" : "-inf";
    }
    return encodeNumberPrecision === 14 ? numberText(number) : generalText(number, encodeNumberPrecision);
  }

  private refusal(value: LuaValue, reason: string): LuaError {
    return this.L.error(`Cannot serialise ${typeName(value)}: ${reason}`);
  }

  /** Tells the memory what was written since, and the clock: tables may hold the same table many times over. */
  private take(): void {
    const written = this.text.length - this.taken;
    takeMemory(this.L, written);
    this.L.spend(1 + (written >> 4));
    this.taken = this.text.length;
  }
}

/** C keeps the largest key in an int: one that is too large becomes the smallest int, above which the keys that follow are. */
function wrappedLargest(table: LuaTable): number {
  let largest = 0;
  for (const walk = table.walk(); walk.step(); ) {
    const key = walk.key as number;
    if (key > largest) largest = key > MAX_INT ? -MAX_INT - 1 : key;
  }
  return largest;
}

function quoted(text: string): string {
  return hasUnsafe(text) ? `"${escaped(text)}"` : `"${text}"`;
}

function hasUnsafe(text: string): boolean {
  if (text.length > SHORT) return UNSAFE.test(text);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Letters need one comparison.
    if (code <= BACKSLASH ? code < SPACE || code === QUOTE || code === SLASH || code === BACKSLASH : code === DELETE) return true;
  }
  return false;
}

function escaped(text: string): string {
  let result = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const written = ESCAPES[text.charCodeAt(at)] as string;
    if (written === "") continue;
    result += text.slice(from, at) + written;
    from = at + 1;
  }
  return result + text.slice(from);
}
