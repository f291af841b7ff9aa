/**
 * Takes the reply of a command that a script calls, and makes it the Lua value that redis.call returns: nothing is written as protocol and
 * read again. Hot. Source: redisProtocolToLuaType in script_lua.c.
 */

import { latin1 } from "../base/bytes.ts";
import { parseDouble } from "../base/numbers/strtod.ts";
import type { BlockString } from "../blocks/block-string.ts";
import { Reply } from "../protocol/reply.ts";
import { answeredErrorTable } from "./error-values.ts";
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";
import type { ShortStrings } from "./short-strings.ts";

const Shape = { LIST: 0, MAP: 1, SET: 2, ATTRIBUTE: 3 } as const;
type Shape = (typeof Shape)[keyof typeof Shape];

/** An aggregate whose elements are still coming. */
interface Level {
  shape: Shape;
  /** How many elements there are, of a map keys and values, and how many of them are still to come. */
  count: number;
  left: number;
  table: LuaTable;
  /** A list of which no element was nil so far. */
  isDense: boolean;
  /** Of a map: what the next value belongs to. */
  key: LuaValue;
}

/** A table of this size, and an element of one, as the memory that a script takes is counted. */
const TABLE_BYTES = 64;
const ELEMENT_BYTES = 16;

export class LuaReply extends Reply {
  /** What the command answered. */
  value: LuaValue = undefined;
  /** It answered with an error. */
  isError = false;
  /** About as many bytes of memory as that takes. */
  size = 0;
  private readonly strings: ShortStrings;
  private parts = 0;
  /** The innermost aggregate under way: the last of `depth` levels. */
  private level: Level | null = null;
  private depth = 0;
  private readonly levels: Level[] = [];

  constructor(strings: ShortStrings) {
    super(0);
    this.strings = strings;
  }

  /** A command begins. */
  begin(): void {
    this.value = undefined;
    this.isError = false;
    this.size = 0;
    this.parts = 0;
    this.level = null;
    this.depth = 0;
  }

  override get written(): number {
    return this.parts;
  }

  override takeBack(): boolean {
    this.begin();
    return true;
  }

  // ---- values

  private add(value: LuaValue): void {
    this.parts++;
    const { level } = this;
    if (level === null) this.value = value;
    else if (level.isDense && level.left > 1 && value !== undefined) {
      level.table.array.push(value);
      level.left--;
    } else this.addElement(value);
  }

  private addElement(element: LuaValue): void {
    let value = element;
    for (let { level } = this; level !== null; level = this.level) {
      put(level, value);
      if (--level.left > 0) return;
      this.level = --this.depth === 0 ? null : (this.levels[this.depth - 1] as Level);
      if (level.shape === Shape.ATTRIBUTE) return;
      value = finished(level);
    }
    this.value = value;
  }

  private open(shape: Shape, count: number): void {
    const table = new LuaTable();
    this.size += TABLE_BYTES + count * ELEMENT_BYTES;
    if (count === 0) {
      if (shape !== Shape.ATTRIBUTE) this.add(shape === Shape.LIST ? table : wrapped(shape === Shape.MAP ? "map" : "set", table));
      return;
    }
    this.parts++;
    if (this.depth === this.levels.length) this.levels.push({ shape, count, left: count, table, isDense: false, key: undefined });
    const level = this.levels[this.depth++] as Level;
    level.shape = shape;
    level.count = count;
    level.left = count;
    level.table = table;
    level.isDense = shape === Shape.LIST;
    level.key = undefined;
    this.level = level;
  }

  // ---- simple things

  override ok(): void {
    this.add(wrapped("ok", "OK"));
  }

  override simple(text: string): void {
    this.add(wrapped("ok", text));
  }

  override error(message: string): void {
    if (this.level === null) this.isError = true;
    this.add(answeredErrorTable(message));
  }

  override integer(value: number): void {
    this.add(value);
  }

  override bigint(value: number | bigint): void {
    this.add(Number(value));
  }

  override null(): void {
    this.add(this.protocol === 3 ? undefined : false);
  }

  override nullArray(): void {
    this.null();
  }

  override boolean(value: boolean): void {
    this.add(this.protocol === 3 ? value : value ? 1 : 0);
  }

  override double(value: number): void {
    if (this.protocol === 2) super.double(value);
    else this.add(wrapped("double", value));
  }

  override doubleText(text: string): void {
    if (this.protocol === 2) return this.bulk(text);
    const bytes = Buffer.from(text, "latin1");
    this.doubleBytes(bytes, 0, bytes.length);
  }

  override doubleBytes(bytes: Buffer, from: number, to: number): void {
    if (this.protocol === 2) this.bytes(bytes, from, to);
    else this.add(wrapped("double", parseDouble(bytes, from, to)));
  }

  override bigNumber(digits: string): void {
    if (this.protocol === 2) this.bulk(digits);
    else this.add(wrapped("big_number", digits));
  }

  // ---- strings

  override bytes(bytes: Buffer, from: number, to: number): void {
    this.size += to - from;
    this.add(this.strings.of(bytes, from, to));
  }

  override blocks(string: BlockString, from: number, to: number): void {
    this.bytes(string.joined(from, to), 0, to - from);
  }

  override bulk(text: string): void {
    this.size += text.length;
    this.add(text);
  }

  override integerBulk(value: number): void {
    this.add(String(value));
  }

  override verbatimParts(parts: readonly { readonly bytes: Buffer; readonly length: number }[], between: string, format = "txt"): void {
    const text = parts.map(({ bytes, length }) => latin1(bytes, 0, length)).join(between);
    if (this.protocol === 2) return this.bulk(text);
    this.size += text.length;
    const inner = wrapped("string", text);
    inner.setHashed("format", format);
    this.add(wrapped("verbatim_string", inner));
  }

  override rawBytes(): void {
    throw new Error("no command answers with protocol that is written already");
  }

  // ---- aggregates

  override array(length: number): void {
    this.open(Shape.LIST, length);
  }

  override map(pairs: number): void {
    if (this.protocol === 3) this.open(Shape.MAP, pairs * 2);
    else this.open(Shape.LIST, pairs * 2);
  }

  override set(length: number): void {
    this.open(this.protocol === 3 ? Shape.SET : Shape.LIST, length);
  }

  override push(length: number): void {
    this.open(Shape.LIST, length);
  }

  override attribute(pairs: number): void {
    this.open(Shape.ATTRIBUTE, pairs * 2);
  }
}

function put(level: Level, value: LuaValue): void {
  const { table } = level;
  const place = level.count - level.left + 1;
  switch (level.shape) {
    case Shape.LIST:
      if (value === undefined) level.isDense = false;
      else table.set(place, value);
      break;
    case Shape.MAP:
      if (place % 2 === 1) level.key = value;
      else if (level.key !== undefined) table.set(level.key, value);
      break;
    case Shape.SET:
      if (value !== undefined) table.set(value, true);
  }
}

function finished({ shape, table }: Level): LuaTable {
  return shape === Shape.LIST ? table : wrapped(shape === Shape.MAP ? "map" : "set", table);
}

function wrapped(name: string, value: LuaValue): LuaTable {
  const table = new LuaTable();
  table.setHashed(name, value);
  return table;
}
