/** JSON as bytes, put together in a buffer that goes out when it is full. */

import { isUtf8 } from "node:buffer";
import { copyBytes } from "../../base/bytes.ts";
import type { ByteSink } from "../../rdb/writer.ts";

const BUFFER_BYTES = 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;

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
    if (this.at + text.length > BUFFER_BYTES) this.flush();
    this.at += this.buffer.latin1Write(text, this.at);
  }

  /** A string of these bytes: the text that they are, or {"base64": ...}. */
  bytes(bytes: Buffer, from: number, to: number): void {
    if (isPlain(bytes, from, to)) {
      this.raw('"');
      this.put(bytes, from, to);
      this.raw('"');
      return;
    }
    const part = bytes.subarray(from, to);
    if (isUtf8(part)) {
      const encoded = Buffer.from(JSON.stringify(part.toString()));
      return this.put(encoded, 0, encoded.length);
    }
    this.raw('{"base64":"');
    this.long(part.toString("base64"));
    this.raw('"}');
  }

  /** ASCII of any length. */
  private long(text: string): void {
    if (text.length <= BUFFER_BYTES) return this.raw(text);
    const encoded = Buffer.from(text, "latin1");
    this.put(encoded, 0, encoded.length);
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
