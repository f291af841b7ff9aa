/**
 * A JSON text under way. Its characters are written as bytes, one by one, and become a string at the end. Hot. Measured: made of strings
 * that are joined, as `text += part`, the text cost 40 ns for each part, most of it when the whole was read.
 */

import { byteTable } from "../../../base/bytes.ts";

/** Pieces that are complete are put aside. */
const PIECE = 1 << 14;
/** Bytes of the piece under way. There is one text at a time: what it holds is of no account when the next one begins. */
const bytes = Buffer.allocUnsafeSlow(PIECE);

/** From this length on a search, and a copy by the engine, beat a loop over the characters. */
const LONG = 40;

const ZERO = 0x30;
const MINUS = 0x2d;
const QUOTE = 0x22;

/** Characters that may not stand for themselves. */
const UNSAFE = /["\\/\x00-\x1f\x7f]/;

/** What is written for each character that may not stand for itself; "" for all others. */
const ESCAPES: readonly string[] = escapes();
const IS_UNSAFE = byteTable((code) => (ESCAPES[code] === "" ? 0 : 1));

function escapes(): string[] {
  const written = new Array<string>(256).fill("");
  for (const code of [...new Array(32).keys(), 127]) written[code] = `\\u00${code.toString(16).padStart(2, "0")}`;
  return Object.assign(written, { 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 47: "\\/", 92: "\\\\" });
}

export class JsonWriter {
  private done = "";
  private at = 0;

  /** Characters written so far. */
  get length(): number {
    return this.done.length + this.at;
  }

  whole(): string {
    return this.done + bytes.latin1Slice(0, this.at);
  }

  /** One character. */
  mark(code: number): void {
    if (this.at === PIECE) this.putAside();
    bytes[this.at++] = code;
  }

  /** A text as it is. */
  plain(text: string): void {
    const { length } = text;
    if (this.at + length > PIECE) this.putAside();
    if (length >= LONG) {
      this.long(text);
      return;
    }
    const { at } = this;
    for (let place = 0; place < length; place++) bytes[at + place] = text.charCodeAt(place);
    this.at = at + length;
  }

  /** A string in quotes. */
  quoted(text: string): void {
    const { length } = text;
    if (length >= LONG) {
      this.mark(QUOTE);
      this.plain(UNSAFE.test(text) ? escaped(text) : text);
      this.mark(QUOTE);
      return;
    }
    if (this.at + length + 2 > PIECE) this.putAside();
    const from = this.at + 1;
    for (let place = 0; place < length; place++) {
      const code = text.charCodeAt(place);
      if (IS_UNSAFE[code] !== 0) {
        this.plain(`"${escaped(text)}"`);
        return;
      }
      bytes[from + place] = code;
    }
    bytes[from - 1] = QUOTE;
    bytes[from + length] = QUOTE;
    this.at = from + length + 1;
  }

  /** An integer that fits in 32 bits. */
  integer(value: number): void {
    if (value === 0 && 1 / value < 0) this.mark(MINUS);
    if (value < 0) this.mark(MINUS);
    let rest = Math.abs(value);
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    if (this.at + digits > PIECE) this.putAside();
    this.at += digits;
    for (let place = this.at - 1; digits > 0; digits--) {
      const shorter = Math.floor(rest / 10);
      bytes[place--] = ZERO + rest - shorter * 10;
      rest = shorter;
    }
  }

  private long(text: string): void {
    if (text.length > PIECE) {
      this.putAside();
      this.done += text;
    } else this.at += bytes.latin1Write(text, this.at, text.length);
  }

  private putAside(): void {
    this.done += bytes.latin1Slice(0, this.at);
    this.at = 0;
  }
}

/** A string in quotes, with what may not stand for itself in it replaced. */
export function quoted(text: string): string {
  return `"${hasUnsafe(text) ? escaped(text) : text}"`;
}

/** Whether characters of a text may not stand for themselves in a string of JSON. */
export function hasUnsafe(text: string): boolean {
  return UNSAFE.test(text);
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
