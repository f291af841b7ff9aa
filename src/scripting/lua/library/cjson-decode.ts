/**
 * JSON to Lua. Hot: scripts decode what they stored. One pass over the characters makes tables at once; going by way of JSON.parse would
 * lose the order of keys and the bytes of strings.
 */

import { parseNumber } from "../numbers.ts";
import { NO_KEYS, type Shape } from "../shape.ts";
import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import { LightUserdata, type LuaValue } from "../value.ts";
import type { JsonConfig } from "./cjson-config.ts";
import { hasUnsafe } from "./json-writer.ts";
import type { KeyCache } from "./key-cache.ts";
import { MAX_C_STACK, SLOT_BYTES, TABLE_BYTES, takeMemory } from "./limits.ts";

/** What `null` of JSON becomes. Two null pointers are equal in Lua, so there is one. */
export const NULL = new LightUserdata(0);

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Digits that a double holds without loss, whichever they are. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Shorter strings end sooner than a search would begin. */
const SHORT = 24;

/** Room for most texts. What it holds is of no account once they are read. */
const scratch = Buffer.allocUnsafeSlow(1 << 16);

/** As much as C's strtod takes of what follows. */
const NUMBER =
  /[+-]?(?:0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan(?:\(\w*\))?)/iy;

/** Names of tokens of one character, and of the end, as errors have them. */
const TOKEN_NAMES: ReadonlyMap<string, string> = new Map([
  ["{", "T_OBJ_BEGIN"],
  ["}", "T_OBJ_END"],
  ["[", "T_ARR_BEGIN"],
  ["]", "T_ARR_END"],
  [":", "T_COLON"],
  [",", "T_COMMA"],
  ["\0", "T_END"],
  ["", "T_END"],
]);

/** What follows a backslash, and what the two mean. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
]);

/** The value that `text` spells. `keys`: those of texts before it. Errors: it is no JSON, or too deep. */
export function decodeJson(L: LuaState, config: JsonConfig, keys: KeyCache, text: string): LuaValue {
  if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
    throw L.error("JSON parser does not support UTF-16 or UTF-32");
  }
  L.spend(text.length >> 4);
  // All of its strings together are not longer than the text.
  takeMemory(L, text.length);
  return new Decoder(L, config, keys, text).whole();
}

class Decoder {
  private at = 0;
  private depth = 0;
  /** Slots of the stack that C would have taken: the text, then each table, and the key its next value is for. */
  private slots = 1;
  private readonly L: LuaState;
  private readonly config: JsonConfig;
  private readonly keys: KeyCache;
  private readonly text: string;
  /** Its characters, and a zero: reading bytes takes half the time of asking the string. */
  private readonly bytes: Buffer;
  /** There is neither an escape nor a zero in all of the text: the next quote ends a string. */
  private readonly isPlain: boolean;
  /** The last key is no piece of the text. */
  private isKept = false;

  constructor(L: LuaState, config: JsonConfig, keys: KeyCache, text: string) {
    this.L = L;
    this.config = config;
    this.keys = keys;
    this.text = text;
    this.bytes = bytesOf(text);
    this.isPlain = !text.includes("\\") && !text.includes("\0");
  }

  whole(): LuaValue {
    const value = this.value(NO_KEYS);
    const code = this.skipSpace();
    // C takes a zero for the end of the text.
    if (code > 0) throw this.unexpected("the end");
    return value;
  }

  /** Goes on to the next token. Returns its first character, NaN at the end. */
  private skipSpace(): number {
    const code = this.bytes[this.at];
    return code > SPACE ? code : this.skipSpaces();
  }

  private skipSpaces(): number {
    const { bytes } = this;
    let { at } = this;
    let code = bytes[at];
    while (code === SPACE || code === LINE_FEED || code === TAB || code === CARRIAGE_RETURN) code = bytes[++at];
    this.at = at;
    return code;
  }

  /** The next value. `outer`: of the object that it belongs to, up to its key. */
  private value(outer: Shape): LuaValue {
    const code = this.skipSpace();
    switch (code) {
      case QUOTE:
        return this.string("value");
      case OPEN_BRACE:
        return this.object(outer);
      case OPEN_BRACKET:
        return this.array(outer);
      default:
        return (code >= ZERO && code <= NINE) || code === MINUS ? this.number("value") : this.word("value");
    }
  }

  /** An object. As a rule it has the shape of the one before it at the same place, `outer`: then its keys are only compared. */
  private object(outer: Shape): LuaTable {
    this.descend(2, 3);
    const values: LuaValue[] = [];
    let shape = NO_KEYS;
    let likely = outer.inner;
    let code = this.skipSpace();
    if (code === CLOSE_BRACE) {
      this.ascend(2, 0);
      return new LuaTable();
    }
    for (;;) {
      if (likely !== null && this.passLabel(likely.label)) shape = likely;
      else {
        const key = this.keyAndColon(code);
        const next = this.nextShape(shape, key);
        if (next === null) return this.unshapedObject(LuaTable.shaped(shape, values), key, values.length);
        if (shape === NO_KEYS) outer.inner = next;
        else shape.likely = next;
        shape = next;
      }
      values.push(this.value(shape));
      code = this.skipSpace();
      if (code !== COMMA) break;
      this.at++;
      code = this.skipSpace();
      likely = shape.likely;
    }
    if (code !== CLOSE_BRACE) throw this.unexpected("comma or object end");
    this.ascend(2, values.length);
    return LuaTable.shaped(shape, values);
  }

  /** The shape with one more key; null if there is none, or the key is there already. */
  private nextShape(shape: Shape, key: string): Shape | null {
    const end = shape.ends.get(key);
    if (end !== undefined && end.place < shape.size) return null;
    const next = this.isKept ? shape.extendedBy(key, end) : shape.followedBy(key, end);
    if (next !== null && next.label.length === 0 && !hasUnsafe(key)) next.label = Buffer.from(`"${key}":`, "latin1");
    return next;
  }

  /** The rest of an object that has no shape, from the value of `key` on; `before`: how many values came before. */
  private unshapedObject(table: LuaTable, key: string, before: number): LuaTable {
    table.set(key, this.value(NO_KEYS));
    let count = before + 1;
    for (let code = this.skipSpace(); code !== CLOSE_BRACE; code = this.skipSpace()) {
      if (code !== COMMA) throw this.unexpected("comma or object end");
      this.at++;
      const next = this.keyAndColon(this.skipSpace());
      table.set(next, this.value(NO_KEYS));
      count++;
    }
    this.ascend(2, count);
    return table;
  }

  /** `code`: the next character. */
  private keyAndColon(code: number): string {
    if (code !== QUOTE) throw this.unexpected("object key string");
    const key = this.key();
    if (this.skipSpace() !== COLON) throw this.unexpected("colon");
    this.at++;
    return key;
  }

  /** Passes over `label`, a key in quotes and a colon, if it is here; not if it is empty. */
  private passLabel(label: Buffer): boolean {
    const { bytes, at } = this;
    const { length } = label;
    if (length === 0) return false;
    for (let place = 0; place < length; place++) {
      if (bytes[at + place] !== label[place]) return false;
    }
    this.at = at + length;
    return true;
  }

  /** A list. `outer`: what the objects in it belong to. */
  private array(outer: Shape): LuaTable {
    this.descend(1, 2);
    const values: LuaValue[] = [];
    let code = this.skipSpace();
    if (code !== CLOSE_BRACKET) {
      for (;;) {
        values.push(this.value(outer));
        code = this.skipSpace();
        if (code !== COMMA) break;
        this.at++;
      }
      if (code !== CLOSE_BRACKET) throw this.unexpected("comma or array end");
    }
    this.ascend(1, values.length);
    return LuaTable.listing(values);
  }

  /** Enters an object or an array, which keeps `slots` slots of C's stack while it is read and needs `atFirst` of them to begin. */
  private descend(slots: number, atFirst: number): void {
    this.at++;
    this.depth++;
    if (this.depth > this.config.decodeMaxDepth || this.slots + atFirst > MAX_C_STACK) {
      throw this.L.error(`Found too many nested data structures (${this.depth}) at character ${this.at}`);
    }
    this.slots += slots;
  }

  /** Leaves it again: it has `count` values. */
  private ascend(slots: number, count: number): void {
    this.at++;
    this.depth--;
    this.slots -= slots;
    takeMemory(this.L, TABLE_BYTES + count * SLOT_BYTES);
  }

  /** The key at this place, which has been one before as a rule. */
  private key(): string {
    const { bytes, text } = this;
    const start = this.at + 1;
    let at = start;
    let hash = 0;
    for (let code = bytes[at]; code !== QUOTE; code = bytes[++at]) {
      // A backslash, a zero, the end.
      if (code === BACKSLASH || code === 0) {
        this.isKept = false;
        return this.string("object key string");
      }
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.at = at + 1;
    const kept = this.keys.kept(text, start, at, hash);
    this.isKept = kept !== "" || at === start;
    return this.isKept ? kept : text.slice(start, at);
  }

  /** The string at this place. `expected`: what should be here, for errors. */
  private string(expected: string): string {
    const { bytes, text } = this;
    const start = this.at + 1;
    if (this.isPlain) {
      let end = start;
      while (end < start + SHORT && bytes[end] !== QUOTE && bytes[end] !== 0) end++;
      if (bytes[end] !== QUOTE) end = text.indexOf('"', start);
      if (end < 0) throw this.tokenError(expected, "unexpected end of string", text.length);
      this.at = end + 1;
      return text.slice(start, end);
    }
    for (let at = start; ; at++) {
      const code = bytes[at];
      if (code === QUOTE) {
        this.at = at + 1;
        return text.slice(start, at);
      }
      if (code === BACKSLASH) return this.stringWithEscapes(start, at, expected);
      if (code === 0) throw this.tokenError(expected, "unexpected end of string", at);
    }
  }

  /** Likewise, for one that begins at `start` and has its first backslash at `backslash`. */
  private stringWithEscapes(start: number, backslash: number, expected: string): string {
    const { text } = this;
    let value = "";
    let from = start;
    let at = backslash;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (!(code > 0)) throw this.tokenError(expected, "unexpected end of string", at);
      if (code !== BACKSLASH) {
        at++;
        continue;
      }
      value += text.slice(from, at);
      if (text.charAt(at + 1) === "u") {
        const unit = this.codePointAt(at);
        if (unit < 0) throw this.tokenError(expected, "invalid unicode escape code", at);
        value += utf8(unit);
        at += unit > 0xffff ? 12 : 6;
      } else {
        const meaning = ESCAPES.get(text.charAt(at + 1));
        if (meaning === undefined) throw this.tokenError(expected, "invalid escape code", at);
        value += meaning;
        at += 2;
      }
      from = at;
    }
    this.at = at + 1;
    return value + text.slice(from, at);
  }

  /** What the escape `\uXXXX` at `at`, or two of them that are surrogates, stand for; -1 if they are none. */
  private codePointAt(at: number): number {
    const unit = this.hex4(at + 2);
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit >= 0xdc00 || this.text.charAt(at + 6) !== "\\" || this.text.charAt(at + 7) !== "u") return -1;
    const low = this.hex4(at + 8);
    if (low < 0xdc00 || low > 0xdfff) return -1;
    return 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
  }

  private hex4(at: number): number {
    const digits = this.text.slice(at, at + 4);
    return /^[0-9A-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  }

  private number(expected: string): number {
    const { bytes } = this;
    if (!this.config.decodeInvalidNumbers && this.isInvalidNumber()) throw this.tokenError(expected, "invalid number", this.at);
    let { at } = this;
    let code = bytes[at];
    const isNegative = code === MINUS;
    if (isNegative) code = bytes[++at];
    const start = at;
    let digits = 0;
    let value = 0;
    for (; code >= ZERO && code <= NINE; code = bytes[++at]) value = value * 10 + code - ZERO;
    digits = at - start;
    if (digits === 0) return this.unusualNumber(expected);
    if (code === DOT) {
      code = bytes[++at];
      const point = at;
      for (; code >= ZERO && code <= NINE; code = bytes[++at]) value = value * 10 + code - ZERO;
      digits += at - point;
      // Both are exact, so the quotient is the nearest double: what strtod returns.
      if (digits <= EXACT_DIGITS) value /= POWERS_OF_TEN[at - point] as number;
    }
    // An exponent, a hexadecimal number, or more digits than can be added up.
    const isLetter = code > NINE && "eExX".includes(this.text.charAt(at));
    if (digits > EXACT_DIGITS || isLetter) return this.unusualNumber(expected);
    this.at = at;
    return isNegative ? -value : value;
  }

  /** A number that takes C's strtod. */
  private unusualNumber(expected: string): number {
    NUMBER.lastIndex = this.at;
    const [spelled = ""] = NUMBER.exec(this.text) ?? [];
    const value = parseNumber(spelled);
    if (value === undefined) throw this.tokenError(expected, "invalid number", this.at);
    this.at += spelled.length;
    return value;
  }

  /** Whether a number stands here that JSON does not have. Source: json_is_invalid_number, which looks at its beginning only. */
  private isInvalidNumber(): boolean {
    return /^(?:\+|-?0[0-9xX]|-?inf|-?nan)/i.test(this.text.slice(this.at, this.at + 4));
  }

  /** A value that begins with a letter or is none at all. */
  private word(expected: string): LuaValue {
    const { text, at } = this;
    if (text.startsWith("true", at)) {
      this.at = at + 4;
      return true;
    }
    if (text.startsWith("false", at)) {
      this.at = at + 5;
      return false;
    }
    if (text.startsWith("null", at)) {
      this.at = at + 4;
      return NULL;
    }
    if (this.config.decodeInvalidNumbers && /[+iInN]/.test(text.charAt(at)) && this.isInvalidNumber()) return this.unusualNumber(expected);
    throw this.unexpected(expected);
  }

  /** The error for the token at this place, which is none of what was `expected`. */
  private unexpected(expected: string): Error | object {
    const { at } = this;
    const name = TOKEN_NAMES.get(this.text.charAt(at));
    return this.tokenError(expected, name ?? this.nameOfLongToken(expected), at);
  }

  /** Reads the token that is not wanted: if it is not well-formed, that is the error. */
  private nameOfLongToken(expected: string): string {
    const code = this.text.charCodeAt(this.at);
    if (code === QUOTE) {
      this.string(expected);
      return "T_STRING";
    }
    if ((code >= ZERO && code <= NINE) || code === MINUS) {
      this.number(expected);
      return "T_NUMBER";
    }
    return this.nameOfWord(expected);
  }

  private nameOfWord(expected: string): string {
    const { text, at } = this;
    if (text.startsWith("true", at) || text.startsWith("false", at)) return "T_BOOLEAN";
    if (text.startsWith("null", at)) return "T_NULL";
    if (!this.config.decodeInvalidNumbers || !/[+iInN]/.test(text.charAt(at)) || !this.isInvalidNumber()) return "invalid token";
    this.unusualNumber(expected);
    return "T_NUMBER";
  }

  private tokenError(expected: string, found: string, at: number): Error | object {
    return this.L.error(`Expected ${expected} but found ${found} at character ${at + 1}`);
  }
}

/** The characters of a text and a zero behind them, until the next text comes. */
function bytesOf(text: string): Buffer {
  const bytes = text.length < scratch.length ? scratch : Buffer.allocUnsafe(text.length + 1);
  bytes.latin1Write(text, 0, text.length);
  bytes[text.length] = 0;
  return bytes;
}

/** The bytes of a code point in UTF-8, surrogates and zero too. */
function utf8(codePoint: number): string {
  if (codePoint < 0x80) return String.fromCharCode(codePoint);
  if (codePoint < 0x800) return String.fromCharCode(0xc0 | (codePoint >> 6), 0x80 | (codePoint & 0x3f));
  const last = 0x80 | (codePoint & 0x3f);
  const middle = 0x80 | ((codePoint >> 6) & 0x3f);
  if (codePoint < 0x10000) return String.fromCharCode(0xe0 | (codePoint >> 12), middle, last);
  return String.fromCharCode(0xf0 | (codePoint >> 18), 0x80 | ((codePoint >> 12) & 0x3f), middle, last);
}
