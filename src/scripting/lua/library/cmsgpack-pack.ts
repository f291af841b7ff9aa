/** Lua values to MessagePack. */

import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import type { LuaValue } from "../value.ts";
import { doubleBytes, floatBytes, integerBytes } from "./binary.ts";
import { checkStack, takeMemory, WRITE_CHUNK } from "./limits.ts";

/** Tables in tables that are written; those within are nil. Ends tables that hold themselves. */
const MAX_NESTING = 16;

const MAX_INT = 2 ** 31 - 1;

const NIL = "\xc0";
const FALSE = "\xc2";
const TRUE = "\xc3";
const FLOAT = "\xca";
const DOUBLE = "\xcb";

export class Packer {
  private text = "";
  /** Characters that the memory has been told of. */
  private taken = 0;
  private readonly L: LuaState;

  constructor(L: LuaState) {
    this.L = L;
  }

  /** Appends a value. `slots`: how many C has on its stack, the value included. Error: they do not suffice for a table. */
  add(value: LuaValue, slots: number): void {
    this.append(value, 0, slots);
  }

  finish(): string {
    this.take();
    return this.text;
  }

  private append(value: LuaValue, level: number, slots: number): void {
    if (typeof value === "string") this.appendString(value);
    else if (typeof value === "number") this.text += packNumber(value);
    else if (typeof value === "boolean") this.text += value ? TRUE : FALSE;
    else if (value instanceof LuaTable && level < MAX_NESTING) this.appendTable(value, level, slots);
    // cjson.null is among these.
    else this.text += NIL;
    if (this.text.length - this.taken > WRITE_CHUNK) this.take();
  }

  private appendString(value: string): void {
    const { length } = value;
    const head =
      length < 32 ? String.fromCharCode(0xa0 | length) : length < 256 ? `\xd9${String.fromCharCode(length)}` : head16(length, 0xda);
    this.text += head + value;
  }

  private appendTable(table: LuaTable, level: number, slots: number): void {
    checkStack(this.L, slots + 2, "in function table_is_an_array");
    const length = listLength(table);
    if (length < 0) this.appendMap(table, level, slots);
    else {
      this.text += length < 16 ? String.fromCharCode(0x90 | length) : head16(length, 0xdc);
      checkStack(this.L, slots + 1, "in function mp_encode_lua_table_as_array");
      for (let key = 1; key <= length; key++) this.append(table.get(key), level + 1, slots + 1);
    }
    this.take();
  }

  private appendMap(table: LuaTable, level: number, slots: number): void {
    checkStack(this.L, slots + 3, "in function mp_encode_lua_table_as_map");
    const before = this.text;
    this.text = "";
    this.taken -= before.length;
    let count = 0;
    for (const walk = table.walk(); walk.step(); count++) {
      // C has the key and the value there, and the key again while it is written.
      this.append(walk.key, level + 1, slots + 3);
      this.append(walk.value, level + 1, slots + 2);
    }
    this.text = before + (count < 16 ? String.fromCharCode(0x80 | count) : head16(count, 0xde)) + this.text;
    this.taken += before.length;
  }

  /** Tells the memory what was written since, and the clock: tables may hold the same table many times over. */
  private take(): void {
    const written = this.text.length - this.taken;
    takeMemory(this.L, written);
    this.L.spend(1 + (written >> 4));
    this.taken = this.text.length;
  }
}

/** The byte `code` and `length` in 16 bits, or the next code and 32. */
function head16(length: number, code: number): string {
  return length < 65536
    ? String.fromCharCode(code) + integerBytes(length, 2, false)
    : String.fromCharCode(code + 1) + integerBytes(length, 4, false);
}

function packNumber(number: number): string {
  if (number >= -32 && number < 128 && number === Math.floor(number)) return String.fromCharCode(number & 255);
  // Infinities are not the integer that they are rounded to; 2^63 is none of 64 bits.
  if (number === Math.floor(number) && number >= -(2 ** 63) && number < 2 ** 63) return packInteger(number);
  return Math.fround(number) === number ? FLOAT + floatBytes(number, false) : DOUBLE + doubleBytes(number, false);
}

function packInteger(number: number): string {
  if (number >= 0) {
    if (number < 2 ** 8) return `\xcc${integerBytes(number, 1, false)}`;
    if (number < 2 ** 16) return `\xcd${integerBytes(number, 2, false)}`;
    return number < 2 ** 32 ? `\xce${integerBytes(number, 4, false)}` : `\xcf${integerBytes(number, 8, false)}`;
  }
  if (number >= -(2 ** 7)) return `\xd0${integerBytes(number, 1, false)}`;
  if (number >= -(2 ** 15)) return `\xd1${integerBytes(number, 2, false)}`;
  return number >= -(2 ** 31) ? `\xd2${integerBytes(number, 4, false)}` : `\xd3${integerBytes(number, 8, false)}`;
}

/** How many values a table has whose keys are 1 to n without a hole; -1 for any other one. */
function listLength(table: LuaTable): number {
  const { array, hash } = table;
  if (hash.size === 0 && table.isDense) return array.length;
  if (array.includes(undefined)) return -1;
  let count = array.length;
  let largest = array.length;
  for (const [key, value] of hash) {
    if (value === undefined) continue;
    if (typeof key !== "number" || key <= 0 || key > MAX_INT || key !== Math.floor(key)) return -1;
    if (key > largest) largest = key;
    count++;
  }
  return largest === count ? count : -1;
}
