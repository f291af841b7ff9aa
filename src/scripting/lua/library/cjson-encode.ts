/** Lua to JSON. Hot: scripts encode what they store. */

import { generalText, numberText } from "../numbers.ts";
import type { KnownOrder } from "../shape.ts";
import type { LuaState } from "../state.ts";
import { type Key, LuaTable } from "../table.ts";
import { LightUserdata, type LuaError, type LuaValue, typeName } from "../value.ts";
import type { JsonConfig } from "./cjson-config.ts";
import { JsonWriter, quoted } from "./json-writer.ts";
import { MAX_C_STACK, takeMemory, WRITE_CHUNK } from "./limits.ts";

const MAX_INT = 2 ** 31 - 1;

const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const NO_LABELS: readonly string[] = [];

/** The JSON of `value`. Errors: types that JSON does not have, tables that are too deep or too sparse, numbers that are not finite. */
export function encodeJson(L: LuaState, config: JsonConfig, value: LuaValue): string {
  return new Encoder(L, config).whole(value);
}

class Encoder {
  private readonly writer = new JsonWriter();
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
    if (value instanceof LuaTable) this.table(value, 1, 1);
    else this.scalar(value);
    this.take();
    return this.writer.whole();
  }

  /** A value that is no table. */
  private scalar(value: LuaValue): void {
    const { writer } = this;
    if (typeof value === "string") writer.quoted(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") writer.plain(value ? "true" : "false");
    else if (value === undefined || (value instanceof LightUserdata && value.address === 0)) writer.plain("null");
    else throw this.refusal(value, "type not supported");
  }

  /** `slots`: how many C has on its stack by now. Lists and objects are written here, for one call at each level: they may be 7997. */
  private table(table: LuaTable, depth: number, slots: number): void {
    if (depth > this.config.encodeMaxDepth || slots + 3 > MAX_C_STACK) {
      throw this.L.error(`Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.listLength(table);
    // The keys of an object that has a shape, with the places of their values.
    const order = length > 0 || table.list.length > 0 ? null : table.tail;
    const places = order === null ? null : order.places;
    if (length <= 0 && (order === null || places === null)) {
      this.pairs(table, depth, slots);
      return;
    }
    const labels = order === null ? NO_LABELS : (order.labels ?? this.labelsOf(order));
    const count = places === null ? length : places.length;
    let mark = places === null ? OPEN_BRACKET : OPEN_BRACE;
    for (let at = 0; at < count; at++) {
      const value = places === null ? table.get(at + 1) : table.values[places[at] as number];
      if (value === undefined && places !== null) continue;
      this.writer.mark(mark);
      mark = COMMA;
      if (places !== null) this.writer.plain(labels[at] as string);
      if (value instanceof LuaTable) this.table(value, depth + 1, places === null ? slots + 1 : slots + 2);
      else this.scalar(value);
      this.takeSome();
    }
    if (mark === OPEN_BRACE) this.writer.mark(OPEN_BRACE);
    this.writer.mark(places === null ? CLOSE_BRACKET : CLOSE_BRACE);
    this.take();
  }

  /** Any other object. */
  private pairs(table: LuaTable, depth: number, slots: number): void {
    let mark = OPEN_BRACE;
    for (const walk = table.walk(); walk.step(); mark = COMMA) {
      const { value } = walk;
      this.writer.mark(mark);
      this.writer.plain(this.label(walk.key));
      if (value instanceof LuaTable) this.table(value, depth + 1, slots + 2);
      else this.scalar(value);
      this.takeSome();
    }
    if (mark === OPEN_BRACE) this.writer.mark(OPEN_BRACE);
    this.writer.mark(CLOSE_BRACE);
    this.take();
  }

  /** What is written for each key of an order, which keeps it. */
  private labelsOf(order: KnownOrder<Key>): readonly string[] {
    order.labels = order.keys.map((key) => this.label(key));
    return order.labels;
  }

  /** A key and its colon. */
  private label(key: LuaValue): string {
    if (typeof key === "string") return `${quoted(key)}:`;
    if (typeof key === "number") return `"${this.numberText(key)}":`;
    throw this.refusal(key, "table key must be a number or string");
  }

  /** How long the list is that the table is written as; 0 for an object, 0 and less for what C takes for one. Error: it is too sparse. */
  private listLength(table: LuaTable): number {
    const { list } = table;
    const { sparseRatio, sparseSafe, sparseConvert } = this.config;
    if (table.isDense) {
      if (table.hashed === 0 && list.length * sparseRatio <= MAX_INT) return list.length;
      if (list.length === 0) return 0;
    }
    let items = 0;
    let largest = list.length;
    for (const [key, value] of table.hash) {
      if (value === undefined) continue;
      if (typeof key !== "number" || key < 1 || key !== Math.floor(key)) return 0;
      if (key > largest) largest = key;
      items++;
    }
    if (largest > MAX_INT) largest = wrappedLargest(table);
    if (sparseRatio === 0 || largest <= sparseSafe) return largest;
    for (const value of list) if (value !== undefined) items++;
    if (largest <= Math.imul(items, sparseRatio)) return largest;
    if (!sparseConvert) throw this.refusal(table, "excessively sparse array");
    return 0;
  }

  private number(number: number): void {
    if ((number | 0) === number && this.config.encodeNumberPrecision === 14) this.writer.integer(number);
    else this.writer.plain(this.numberText(number));
  }

  private numberText(number: number): string {
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
    const { length } = this.writer;
    const written = length - this.taken;
    takeMemory(this.L, written);
    this.L.spend(1 + (written >> 4));
    this.taken = length;
  }

  /** Likewise, if it is worth it. */
  private takeSome(): void {
    if (this.writer.length - this.taken > WRITE_CHUNK) this.take();
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
