/** Answers with what a script returned. Source: luaReplyToRedisReply. */

import { commandError } from "../errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { errorTextOf, trimLineEnds, untilNul } from "./error-values.ts";
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";

/** What a client may be answered by: the protocol is its own, but whether booleans are is for the script to say. */
export interface ResultWriter {
  readonly reply: Reply;
  /** What the script has said with redis.setresp. */
  readonly scriptProtocol: number;
  /** Bytes that a result may have: tables that hold themselves have no end. */
  readonly resultLimit: number;
  /** An error was written. `counted`: errorstats has it already. */
  errorWritten(message: string, counted: boolean): void;
}

/**
 * Lua's stack holds so many values (LUAI_MAXCSTACK), of which four must be free for each table that is answered with: so deep may they lie
 * in each other.
 */
const MAX_HEIGHT = 8000 - 4;
/** The error handler and the result. */
const FIRST_HEIGHT = 2;

const INT64_MIN = -(2n ** 63n);
const TOO_BIG = 2 ** 63;

/** A table that is being answered with. */
interface OpenTable {
  /** Its elements, one by one, each with how many values are on Lua's stack then. */
  readonly elements: Iterator<Element, undefined>;
  readonly outer: OpenTable | null;
}

type Element = readonly [value: LuaValue, height: number];

/** Not recursive: tables may lie deeper in each other than JavaScript's calls may. Errors: CommandError when the result is too large. */
export function writeResult(writer: ResultWriter, result: LuaValue): void {
  const { reply } = writer;
  const end = reply.written + writer.resultLimit;
  let open = writeValue(writer, result, FIRST_HEIGHT, null);
  while (open !== null) {
    if (reply.written > end) throw commandError("ERR the result of the script is larger than lua-memory-limit");
    const { done, value } = open.elements.next();
    open = done ? open.outer : writeValue(writer, value[0], value[1], open);
  }
}

/** `height`: values on Lua's stack by then, this one included. Returns the table to go on with: this one, or the one that it is in. */
function writeValue(writer: ResultWriter, value: LuaValue, height: number, outer: OpenTable | null): OpenTable | null {
  const { reply } = writer;
  if (height > MAX_HEIGHT) writeError(writer, "ERR reached lua stack limit", false);
  else if (value instanceof LuaTable) return writeTable(writer, value, height, outer);
  else if (typeof value === "string") reply.bulk(value);
  else if (typeof value === "number") writeNumber(reply, value);
  else if (typeof value !== "boolean") reply.null();
  else if (writer.scriptProtocol === 3) reply.boolean(value);
  else if (value) reply.integer(1);
  else reply.null();
  return outer;
}

/** The integer that C makes of a double. */
function writeNumber(reply: Reply, value: number): void {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) reply.integer(whole + 0);
  else reply.bigint(whole >= -TOO_BIG && whole < TOO_BIG ? BigInt(whole) : INT64_MIN);
}

function writeTable(writer: ResultWriter, table: LuaTable, height: number, outer: OpenTable | null): OpenTable | null {
  // What is no list has a key that is no number.
  if (table.hashed > 0) {
    if (writeSingle(writer, table)) return outer;
    const map = table.get("map");
    if (map instanceof LuaTable) {
      writer.reply.map(countPairs(map));
      return { elements: keysAndValues(map, height + 3), outer };
    }
    const set = table.get("set");
    if (set instanceof LuaTable) {
      writer.reply.set(countPairs(set));
      return { elements: keysOf(set, height + 3), outer };
    }
  }
  return writeList(writer, table, height + 1, outer);
}

/** Values up to the first nil. */
function writeList(writer: ResultWriter, table: LuaTable, height: number, outer: OpenTable | null): OpenTable | null {
  let count = 0;
  while (table.get(count + 1) !== undefined) count++;
  writer.reply.array(count);
  for (let index = 1; index <= count; index++) {
    const value = table.get(index);
    if (value instanceof LuaTable) return { elements: items(table, index, count, height), outer };
    writeValue(writer, value, height, null);
  }
  return outer;
}

function* items(table: LuaTable, from: number, to: number, height: number): Generator<Element, undefined> {
  for (let index = from; index <= to; index++) yield [table.get(index), height];
}

/** A key lies on the stack twice while it is answered with. */
function* keysAndValues(map: LuaTable, height: number): Generator<Element, undefined> {
  for (const walk = map.walk(); walk.step(); ) {
    yield [walk.key, height + 1];
    yield [walk.value, height];
  }
}

function* keysOf(set: LuaTable, height: number): Generator<Element, undefined> {
  for (const walk = set.walk(); walk.step(); ) yield [walk.key, height];
}

function countPairs(table: LuaTable): number {
  let count = 0;
  for (const walk = table.walk(); walk.step(); ) count++;
  return count;
}

/** What a table stands for that is not a collection: an error, a status and so on. Returns false for another one. Metatables are not asked. */
function writeSingle(writer: ResultWriter, table: LuaTable): boolean {
  const { reply } = writer;
  if (typeof table.get("err") === "string") {
    const { text, counted } = errorTextOf(table);
    writeError(writer, trimLineEnds(`-${text}`).slice(1), counted);
    return true;
  }
  const status = table.get("ok");
  if (typeof status === "string") {
    reply.simple(withoutLineEnds(untilNul(status)));
    return true;
  }
  const double = table.get("double");
  if (typeof double === "number") {
    reply.double(double);
    return true;
  }
  const digits = table.get("big_number");
  if (typeof digits === "string") {
    reply.bigNumber(withoutLineEnds(digits));
    return true;
  }
  return writeVerbatim(reply, table.get("verbatim_string"));
}

function writeVerbatim(reply: Reply, value: LuaValue): boolean {
  if (!(value instanceof LuaTable)) return false;
  const format = value.get("format");
  const text = value.get("string");
  if (typeof format !== "string" || typeof text !== "string") return false;
  const bytes = Buffer.from(text, "latin1");
  reply.verbatimParts([{ bytes, length: bytes.length }], "", untilNul(format).slice(0, 3).padEnd(3));
  return true;
}

function writeError(writer: ResultWriter, message: string, counted: boolean): void {
  writer.reply.error(message);
  writer.errorWritten(message, counted);
}

function withoutLineEnds(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}
