/**
 * The lines that nearly all of a file of JSON is: a whole value in one line, as json-out.ts writes it, of texts without escapes. They are read where
 * they lie, without a string or an object made of them: 0.3 of the time that JSON.parse and what it leaves behind take. Any other line is left to
 * json-lines.ts, so nothing is refused here. Hot: a call for each line, a look at each byte.
 */

import { isUtf8 } from "node:buffer";
import { TYPE_NAMES, Type } from "../../values/value-types.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const NOT_ASCII = 0x80;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
/** A number with more digits may be none that is exact. */
const MOST_DIGITS = 15;
const FIRST_ROOM = 1024;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What stands in front of each part. */
const word = (text: string): Buffer => Buffer.from(text, "latin1");
const DB = word('{"db":');
const KEY = word(',"key":');
const TYPE = word(',"type":"');
const EXPIRE_AT = word(',"expireAt":');
const IDLE = word(',"idle":');
const FREQ = word(',"freq":');
const VALUE = word(',"value":');
const COUNT = word(',"count":');
const TIMED = word(',"timed":true');
const VALUES = word(',"values":[');

const TYPES: readonly (readonly [name: Buffer, type: Type])[] = [Type.STRING, Type.HASH, Type.LIST, Type.SET, Type.ZSET].map((type) => [
  word(`${TYPE_NAMES[type]}"`),
  type,
]);

export class PlainLine {
  bytes: Buffer = word("");
  db = 0;
  type: Type = Type.STRING;
  /** -1 where the line has none. */
  expireAt = -1;
  idle = -1;
  freq = -1;
  count = -1;
  /** How many elements the value has. A string is one. */
  elements = 0;
  keyFrom = 0;
  keyTo = 0;
  /** Of each element where its text begins and ends; of a field its value's behind that. */
  places = new Int32Array(FIRST_ROOM);
  /** Of each element its score, or the time of the field, -1 for none. */
  numbers = new Float64Array(FIRST_ROOM);
  private at = 0;
  private end = 0;
  /** What the last number was, and the last text's place. */
  private number = 0;
  private from = 0;
  private to = 0;

  /** Reads bytes[from, to). Returns whether it is such a line. */
  read(bytes: Buffer, from: number, to: number): boolean {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    if (!this.skip(DB) || !this.integer()) return false;
    this.db = this.number;
    if (!this.skip(KEY) || !this.text()) return false;
    this.keyFrom = this.from;
    this.keyTo = this.to;
    if (!this.skip(TYPE) || !this.named()) return false;
    if (!this.facts()) return false;
    if (this.type === Type.STRING) {
      if (!this.skip(VALUE) || !this.text()) return false;
      this.elements = 1;
      this.places[0] = this.from;
      this.places[1] = this.to;
    } else if (!this.collection()) return false;
    return this.at === to - 1 && bytes[this.at] === CLOSE_OBJECT;
  }

  private named(): boolean {
    for (const [name, type] of TYPES) {
      if (!this.skip(name)) continue;
      this.type = type;
      return true;
    }
    return false;
  }

  private facts(): boolean {
    this.expireAt = this.idle = this.freq = this.count = -1;
    if (this.skip(EXPIRE_AT)) {
      if (!this.integer()) return false;
      this.expireAt = this.number;
    }
    if (this.skip(IDLE)) {
      if (!this.integer()) return false;
      this.idle = this.number;
    }
    if (this.skip(FREQ)) {
      if (!this.integer()) return false;
      this.freq = this.number;
    }
    return true;
  }

  private collection(): boolean {
    if (this.skip(COUNT)) {
      if (!this.integer()) return false;
      this.count = this.number;
    }
    if (this.type === Type.HASH) this.skip(TIMED);
    if (!this.skip(VALUES)) return false;
    const { bytes, type } = this;
    const pairs = type === Type.ZSET || type === Type.HASH;
    for (let index = 0; ; ) {
      if (this.at >= this.end) return false;
      if (index * 4 + 4 > this.places.length) this.grow();
      if (pairs ? !this.pair(index) : !this.element(index)) return false;
      this.elements = ++index;
      const byte = bytes[this.at++];
      if (byte === CLOSE_LIST) return true;
      if (byte !== COMMA) return false;
    }
  }

  private element(index: number): boolean {
    if (!this.text()) return false;
    this.places[index * 2] = this.from;
    this.places[index * 2 + 1] = this.to;
    return true;
  }

  private pair(index: number): boolean {
    const { bytes, places } = this;
    if (bytes[this.at++] !== OPEN_LIST || !this.text()) return false;
    places[index * 4] = this.from;
    places[index * 4 + 1] = this.to;
    if (bytes[this.at++] !== COMMA) return false;
    if (this.type === Type.ZSET) {
      if (!this.score()) return false;
      this.numbers[index] = this.number;
    } else {
      if (!this.text()) return false;
      places[index * 4 + 2] = this.from;
      places[index * 4 + 3] = this.to;
      this.numbers[index] = -1;
      if (bytes[this.at] === COMMA) {
        this.at++;
        if (!this.integer()) return false;
        this.numbers[index] = this.number;
      }
    }
    return bytes[this.at++] === CLOSE_LIST;
  }

  private grow(): void {
    const places = new Int32Array(this.places.length * 2);
    places.set(this.places);
    this.places = places;
    const numbers = new Float64Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }

  // ---- parts

  /** Passes these bytes if they come next. Returns whether they did. */
  private skip(expected: Buffer): boolean {
    const { bytes, at } = this;
    const { length } = expected;
    if (at + length > this.end) return false;
    for (let index = 0; index < length; index++) if (bytes[at + index] !== expected[index]) return false;
    this.at = at + length;
    return true;
  }

  /** A text without escapes. */
  private text(): boolean {
    const { bytes, end } = this;
    let { at } = this;
    if (bytes[at++] !== QUOTE) return false;
    const from = at;
    let mixed = 0;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH || byte < SPACE) return false;
      mixed |= byte;
    }
    if (at >= end || (mixed >= NOT_ASCII && !isUtf8(bytes.subarray(from, at)))) return false;
    this.from = from;
    this.to = at;
    this.at = at + 1;
    return true;
  }

  /** Digits. */
  private integer(): boolean {
    const { bytes } = this;
    const from = this.at;
    let { at } = this;
    let number = 0;
    for (; at < this.end && bytes[at] >= ZERO && bytes[at] <= NINE; at++) number = number * 10 + bytes[at] - ZERO;
    const digits = at - from;
    if (digits === 0 || digits > MOST_DIGITS || (digits > 1 && bytes[from] === ZERO)) return false;
    this.number = number;
    this.at = at;
    return true;
  }

  private score(): boolean {
    const { bytes } = this;
    const from = this.at;
    if (bytes[from] !== MINUS && this.integer() && bytes[this.at] === CLOSE_LIST) return true;
    const end = bytes.indexOf(CLOSE_LIST, from);
    if (end < 0 || end > this.end) return false;
    const text = bytes.latin1Slice(from, end);
    if (!NUMBER.test(text)) return false;
    this.number = Number(text);
    this.at = end;
    return true;
  }
}
