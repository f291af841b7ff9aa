/** JSON as bytes, put together in a buffer that goes out when it is full. */

import { isUtf8 } from "node:buffer";
import { copyBytes } from "../../base/bytes.ts";
import type { ByteSink } from "../../rdb/writer.ts";

const BUFFER_BYTES = 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;
const EQUALS = 0x3d;
/** Longer texts are copied by the runtime. */
const SHORT = 24;
/** So many bytes are made base64 at once: a multiple of three. */
const BASE64_BYTES = 3 * 64 * 1024;
const DIGITS = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
/** The lead bytes of characters of several bytes, and the mark of those that follow. */
const FIRST_LEAD = 0xc2;
const LAST_LEAD = 0xf4;
const FOLLOWS = 0x80;

export class JsonText {
  private readonly sink: ByteSink;
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private at = 0;
  private sent = 0;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** Bytes so far. */
  get length(): number {
    return this.sent + this.at;
  }

  /** Text of ASCII, as it stands. */
  raw(text: string): void {
    const { length } = text;
    if (this.at + length > BUFFER_BYTES) this.flush();
    const { buffer } = this;
    let { at } = this;
    // Nearly all of it is a few characters, for which a call of the runtime takes longer than a loop.
    if (length > SHORT) at += buffer.latin1Write(text, at);
    else for (let index = 0; index < length; index++) buffer[at++] = text.charCodeAt(index);
    this.at = at;
  }

  /** A string of these bytes: the text that they are, or {"base64": ...}. */
  bytes(bytes: Buffer, from: number, to: number): void {
    if (isPlain(bytes, from, to)) {
      this.raw('"');
      this.put(bytes, from, to);
      this.raw('"');
      return;
    }
    if (mayBeUtf8(bytes, from, to)) {
      const part = bytes.subarray(from, to);
      if (isUtf8(part)) {
        const encoded = Buffer.from(JSON.stringify(part.toString()));
        return this.put(encoded, 0, encoded.length);
      }
    }
    this.raw('{"base64":"');
    for (let at = from; at < to; at += BASE64_BYTES) this.base64(bytes, at, Math.min(to, at + BASE64_BYTES), to);
    this.raw('"}');
  }

  /** The base64 of bytes[from, to), of which no more follow where `to` is `end`; else they are whole groups of three. */
  private base64(bytes: Buffer, from: number, to: number, end: number): void {
    if (this.at + Math.ceil((to - from) / 3) * 4 > BUFFER_BYTES) this.flush();
    const { buffer } = this;
    let { at } = this;
    const whole = to - ((to - from) % 3);
    for (let index = from; index < whole; index += 3) {
      const group = (bytes[index] << 16) | (bytes[index + 1] << 8) | bytes[index + 2];
      buffer[at++] = DIGITS[group >>> 18];
      buffer[at++] = DIGITS[(group >>> 12) & 63];
      buffer[at++] = DIGITS[(group >>> 6) & 63];
      buffer[at++] = DIGITS[group & 63];
    }
    if (whole < to && to === end) {
      const group = (bytes[whole] << 16) | (whole + 1 < to ? bytes[whole + 1] << 8 : 0);
      buffer[at++] = DIGITS[group >>> 18];
      buffer[at++] = DIGITS[(group >>> 12) & 63];
      buffer[at++] = whole + 1 < to ? DIGITS[(group >>> 6) & 63] : EQUALS;
      buffer[at++] = EQUALS;
    }
    this.at = at;
  }

  /** Bytes of JSON. */
  private put(bytes: Buffer, from: number, to: number): void {
    if (to - from > BUFFER_BYTES - this.at) {
      this.flush();
      if (to - from > BUFFER_BYTES >>> 2) {
        this.sent += to - from;
        this.sink.write(bytes, from, to);
        return;
      }
    }
    this.at = copyBytes(this.buffer, this.at, bytes, from, to);
  }

  flush(): void {
    if (this.at === 0) return;
    this.sink.write(this.buffer, 0, this.at);
    this.sent += this.at;
    this.at = 0;
  }
}

/** Whether they are ASCII that JSON has in a string as it stands. */
function isPlain(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte < SPACE || byte >= DELETE || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** Whether the first character that is not ASCII could be one of UTF-8: of bytes that are no text, that is seldom so. */
function mayBeUtf8(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to && bytes[at] < FOLLOWS) at++;
  if (at === to) return true;
  return bytes[at] >= FIRST_LEAD && bytes[at] <= LAST_LEAD && at + 1 < to && (bytes[at + 1] & 0xc0) === FOLLOWS;
}
