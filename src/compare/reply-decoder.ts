/** Replies of RESP2 out of bytes, however these are cut: what a server is asked, as a client. */

import { assert } from "../assert.ts";

/** An error that a server replied with. */
export class ErrorReply {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  /** Its first word, "WRONGTYPE". */
  get code(): string {
    return this.message.split(" ", 1)[0];
  }
}

/** A reply: strings are latin1, one character a byte. */
export type Value = string | number | null | ErrorReply | Value[];

/** What came is no reply. */
class ReplyFormatError extends Error {
  override name = "ReplyFormatError";
}

interface OpenArray {
  readonly values: Value[];
  readonly length: number;
}

const LF = 0x0a;
const CRLF_BYTES = 2;
/** A line of a reply that is longer than this is none. */
const LONGEST_LINE = 64 * 1024;

export class ReplyDecoder {
  private held: Buffer = Buffer.alloc(0);
  /** Pieces that came while `needed` bytes had not. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private position = 0;
  private needed = 1;
  private readonly open: OpenArray[] = [];

  /** Takes bytes, which may be used again afterwards, and hands every reply that is whole to `each`. Errors: ReplyFormatError. */
  push(bytes: Buffer, each: (value: Value) => void): void {
    this.pieces.push(Buffer.from(bytes));
    this.pieceBytes += bytes.length;
    if (this.held.length - this.position + this.pieceBytes < this.needed) return;
    this.held = Buffer.concat([this.held.subarray(this.position), ...this.pieces]);
    this.position = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    for (let value = this.next(); value !== undefined; value = this.next()) {
      const whole = this.close(value);
      if (whole !== undefined) each(whole);
    }
  }

  /** Puts a value where it belongs. Returns it, or the array that it completes, if nothing is open around that. */
  private close(value: Value): Value | undefined {
    for (let top = this.open.at(-1); top !== undefined; top = this.open.at(-1)) {
      top.values.push(value);
      if (top.values.length < top.length) return undefined;
      value = top.values;
      this.open.pop();
    }
    return value;
  }

  /** Returns the next value that is no array with elements, or undefined when it is not all there. */
  private next(): Value | undefined {
    for (;;) {
      const { held, position } = this;
      const newline = held.indexOf(LF, position);
      if (newline < 0) {
        if (held.length - position > LONGEST_LINE) throw new ReplyFormatError("a line without an end");
        this.needed = held.length - position + 1;
        return undefined;
      }
      const mark = String.fromCharCode(held[position]);
      const text = held.latin1Slice(position + 1, newline - 1);
      const next = newline + 1;
      switch (mark) {
        case "+":
          this.position = next;
          return text;
        case "-":
          this.position = next;
          return new ErrorReply(text);
        case ":":
          this.position = next;
          return Number(text);
        case "$":
          return this.bulk(Number(text), next);
        case "*": {
          const length = Number(text);
          if (!Number.isInteger(length)) throw new ReplyFormatError(`an array of ${text}`);
          this.position = next;
          if (length < 0) return null;
          if (length === 0) return [];
          this.open.push({ values: [], length });
          break;
        }
        default:
          throw new ReplyFormatError(`a reply that begins with '${mark}'`);
      }
    }
  }

  private bulk(length: number, from: number): string | null | undefined {
    if (!Number.isInteger(length)) throw new ReplyFormatError("a string without a length");
    if (length < 0) {
      this.position = from;
      return null;
    }
    const end = from + length + CRLF_BYTES;
    if (end > this.held.length) {
      this.needed = end - this.position;
      return undefined;
    }
    assert(end > this.position, "a string ends behind its beginning");
    this.position = end;
    return this.held.latin1Slice(from, from + length);
  }
}
