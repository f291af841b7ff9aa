/** MessagePack to Lua values. */

import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import { LuaError, type LuaValue } from "../value.ts";
import { readDouble, readFloat, readSigned, readUnsigned } from "./binary.ts";
import type { KeyCache } from "./key-cache.ts";
import { checkStack, MAX_C_STACK, SLOT_BYTES, TABLE_BYTES, takeMemory } from "./limits.ts";

export class Unpacker {
  /** The place of the next value. */
  at: number;
  private readonly L: LuaState;
  private readonly keys: KeyCache;
  private readonly text: string;

  /** `keys`: those of messages before this one. */
  constructor(L: LuaState, keys: KeyCache, text: string, at: number) {
    this.L = L;
    this.keys = keys;
    this.text = text;
    this.at = at;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next value. `slots`: how many C has on its stack. Errors: the text ends, or is none of MessagePack. */
  next(slots: number): LuaValue {
    this.need(1);
    checkStack(this.L, slots + 1, "too many return values at once; use unpack_one or unpack_limit instead.");
    const code = this.text.charCodeAt(this.at);
    if (code < 0x80) return this.immediate(code);
    if (code >= 0xe0) return this.immediate(code - 256);
    if (code < 0x90) return this.map(1, code & 15, slots);
    if (code < 0xa0) return this.list(1, code & 15, slots);
    if (code < 0xc0) return this.string(1, code & 31);
    return this.long(code, slots);
  }

  /** A value whose first byte says only what it is. */
  private long(code: number, slots: number): LuaValue {
    switch (code) {
      case 0xc0:
        return this.immediate(undefined);
      case 0xc2:
        return this.immediate(false);
      case 0xc3:
        return this.immediate(true);
      case 0xca:
        this.need(5);
        return this.pass(5, readFloat(this.text, this.at + 1, false));
      case 0xcb:
        this.need(9);
        return this.pass(9, readDouble(this.text, this.at + 1, false));
      case 0xcc:
        return this.pass(2, this.unsigned(1));
      case 0xcd:
        return this.pass(3, this.unsigned(2));
      case 0xce:
        return this.pass(5, this.unsigned(4));
      case 0xd0:
        return this.integer(1);
      case 0xd1:
        return this.integer(2);
      case 0xd2:
        return this.integer(4);
      // C takes 64 bits without a sign for such with one.
      case 0xcf:
      case 0xd3:
        return this.integer(8);
      case 0xd9:
        return this.string(2, this.unsigned(1));
      case 0xda:
        return this.string(3, this.unsigned(2));
      case 0xdb:
        return this.string(5, this.unsigned(4));
      case 0xdc:
        return this.list(3, this.unsigned(2), slots);
      case 0xdd:
        return this.list(5, this.unsigned(4), slots);
      case 0xde:
        return this.map(3, this.unsigned(2), slots);
      case 0xdf:
        return this.map(5, this.unsigned(4), slots);
      default:
        throw this.L.error("Bad data format in input.");
    }
  }

  /** Error: less than `bytes` are left. */
  private need(bytes: number): void {
    if (this.at + bytes > this.text.length) throw this.L.error("Missing bytes in input.");
  }

  private immediate(value: LuaValue): LuaValue {
    this.at++;
    return value;
  }

  private pass(bytes: number, value: LuaValue): LuaValue {
    this.at += bytes;
    return value;
  }

  /** The `bytes` (1, 2 or 4) behind the code. */
  private unsigned(bytes: number): number {
    this.need(1 + bytes);
    return readUnsigned(this.text, this.at + 1, bytes, false);
  }

  /** All of a number of `bytes` bytes. */
  private integer(bytes: number): LuaValue {
    this.need(1 + bytes);
    return this.pass(1 + bytes, readSigned(this.text, this.at + 1, bytes, false));
  }

  private string(head: number, length: number): string {
    this.need(head + length);
    const start = this.at + head;
    this.at = start + length;
    return this.L.made(this.text.slice(start, this.at));
  }

  private list(head: number, length: number, slots: number): LuaTable {
    this.at += head;
    const table = new LuaTable();
    checkStack(this.L, slots + 2, "in function mp_decode_to_lua_array");
    takeMemory(this.L, TABLE_BYTES);
    for (let key = 1; key <= length; key++) {
      table.set(key, this.next(slots + 2));
      takeMemory(this.L, SLOT_BYTES);
    }
    return table;
  }

  /** The key of a pair: a short string that has been one before, as a rule. */
  private key(slots: number): LuaValue {
    const { text, at } = this;
    const code = text.charCodeAt(at);
    const end = at + 1 + (code & 31);
    if (code < 0xa0 || code > 0xbf || end > text.length || slots >= MAX_C_STACK) return this.next(slots);
    this.at = end;
    let hash = 0;
    for (let place = at + 1; place < end; place++) hash = (Math.imul(hash, 31) + text.charCodeAt(place)) | 0;
    return this.keys.find(text, at + 1, end, hash);
  }

  private map(head: number, count: number, slots: number): LuaTable {
    this.at += head;
    const table = new LuaTable();
    takeMemory(this.L, TABLE_BYTES);
    for (let pair = 0; pair < count; pair++) {
      const key = this.key(slots + 1);
      const value = this.next(slots + 2);
      if (key === undefined) throw this.bareError("table index is nil");
      if (key !== key) throw this.bareError("table index is NaN");
      table.set(key, value);
      takeMemory(this.L, SLOT_BYTES);
    }
    return table;
  }

  /** An error of an operation of Lua, made by C: it has no position. */
  private bareError(message: string): LuaError {
    return new LuaError(message, this.L.sites[this.L.depth] as number);
  }
}
