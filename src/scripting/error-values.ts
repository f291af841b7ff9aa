/** Errors as scripts see them: tables with the text in `err`. And how one that ends a script is told to its client. */

import { numberText } from "./lua/numbers.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaTable } from "./lua/table.ts";
import { Interruption, LuaError, type LuaValue, typeName } from "./lua/value.ts";

/**
 * The table of an error reply. `message`: `-CODE text`, or a text, which gets the code ERR. `counted`: errorstats has it, since a command
 * answered with it. Source: luaPushErrorBuff.
 */
export function errorTable(message: string, counted = false): LuaTable {
  const text = untilNul(message);
  return tableOf(text.startsWith("-") ? coded(text.slice(1)) : `ERR ${trimLineEnds(text)}`, counted);
}

/** Likewise of what a command answered, `CODE text`. */
export function answeredErrorTable(message: string): LuaTable {
  return tableOf(coded(untilNul(message).replace(LINE_ENDS, " ")), true);
}

const LINE_ENDS = /[\r\n]/g;

function tableOf(text: string, counted: boolean): LuaTable {
  const table = new LuaTable();
  table.setHashed("err", text);
  if (counted) table.setHashed("ignore_error_stats_update", true);
  return table;
}

function coded(text: string): string {
  const space = text.indexOf(" ");
  if (space < 0) return `ERR ${trimLineEnds(text)}`;
  const rest = text.slice(space + 1);
  const trimmed = trimLineEnds(rest);
  return trimmed === rest ? text : `${text.slice(0, space)} ${trimmed}`;
}

/** C code ends a text there. */
export function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

export function trimLineEnds(text: string): string {
  return isLineEnd(text, 0) || isLineEnd(text, text.length - 1) ? text.replace(/^[\r\n]+|[\r\n]+$/g, "") : text;
}

function isLineEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x0a || code === 0x0d;
}

/** An error of a function of `redis`, for a script that does not catch it. */
export function raised(L: LuaState, message: string): LuaError {
  return raisedTable(L, errorTable(message));
}

export function raisedTable(L: LuaState, table: LuaTable): LuaError {
  return new LuaError(table, L.sites[L.depth] as number);
}

/** Likewise for one that may want it as an answer: thrown if `raises` (redis.call), else returned (redis.pcall). */
export function failed(L: LuaState, message: string, raises: boolean): LuaTable {
  const table = errorTable(message);
  if (raises) throw raisedTable(L, table);
  return table;
}

/** A string, or a number as one; undefined for all else. */
export function textOrNumber(value: LuaValue): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? numberText(value) : undefined;
}

/** An error reply, and whether errorstats has it already. */
export interface ErrorText {
  readonly text: string;
  readonly counted: boolean;
}

/** What the table of an error says. */
export function errorTextOf(table: LuaTable): ErrorText {
  const text = textOrNumber(table.get("err"));
  return { text: text === undefined ? "ERR unknown error" : untilNul(text), counted: table.get("ignore_error_stats_update") === true };
}

/** What the client of script `name` is told when an error ends it. Source: __redis__err__handler, luaCallFunction. */
export function describeFailure(L: LuaState, name: string, error: LuaError | Interruption): ErrorText {
  const { text, counted } = error instanceof Interruption ? { text: error.reason, counted: false } : describeValue(error.value);
  const { chunk, line } = L.site(error instanceof LuaError ? error.site : (L.sites[L.depth] as number));
  const place = line > 0 ? `@${chunk}:${line}` : "=[C]:-1";
  return { text: `${text} script: ${name}, on ${place}.`, counted };
}

/** Likewise without the place. */
export function describeValue(value: LuaValue): ErrorText {
  if (value instanceof LuaTable) return errorTextOf(value);
  const text = textOrNumber(value) ?? (typeof value === "boolean" ? String(value) : typeName(value));
  return { text: `ERR ${untilNul(text)}`, counted: false };
}
