/**
 * Requests as bytes, from when they are made until the connection takes them. What was never written stays, for the next connection. This
 * is hot: short words are written by a loop, without a call.
 */

import { noWordsError, wordError } from "../base/word-error.ts";
import type { Word } from "./link.ts";

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

const FIRST_BYTES = 16 << 10;
/** Room beyond it is given back once it is written. */
const KEPT_BYTES = 1 << 20;
/** `*N\r\n` or `$N\r\n`, N of 16 digits at most, and the line break behind a word. */
const FRAME_BYTES = 21;
/** 40: below it a loop beats a call that writes. */
const LOOPED_LENGTH = 40;
/** The last character that is one byte. */
const ASCII = 127;

export class RequestBuffer {
  /** Requests that were not written are from `start` to `end`. */
  bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  start = 0;
  end = 0;
  /** How many bytes were written before `start`, since there is this buffer. */
  written = 0;

  /** Where the next request begins, counted as `written` is. */
  get position(): number {
    return this.written + this.end - this.start;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Adds a request. Errors: TypeError where a word is none; then nothing is added. */
  add(request: readonly Word[]): void {
    const count = request.length;
    if (count === 0) throw noWordsError();
    let at = this.room(this.end, FRAME_BYTES);
    at = this.header(at, STAR, count);
    for (let index = 0; index < count; index++) {
      const word = request[index];
      if (typeof word === "string") at = this.text(at, word);
      else if ((typeof word === "number" && word === word) || typeof word === "bigint") at = this.text(at, numberText(word));
      else if (word instanceof Uint8Array) at = this.binary(at, word);
      else throw wordError(request, index);
    }
    this.end = at;
  }

  /** So many bytes from `start` on were written. */
  taken(count: number): void {
    this.start += count;
    this.written += count;
    if (this.start < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** Leaves out what is before `position`: the rest of a request whose beginning went to a connection that is lost. */
  skipTo(position: number): void {
    this.taken(position - this.written);
  }

  /** Leaves out what is from `position` on. */
  dropFrom(position: number): void {
    this.end = this.start + position - this.written;
  }

  private text(at: number, text: string): number {
    const length = text.length;
    if (length > LOOPED_LENGTH) return this.longText(at, text);
    const first = this.header(this.room(at, FRAME_BYTES + length), DOLLAR, length);
    const { bytes } = this;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > ASCII) return this.longText(first - headerBytes(length), text);
      bytes[first + index] = unit;
    }
    return this.lineEnd(first + length);
  }

  private longText(at: number, text: string): number {
    const size = Buffer.byteLength(text);
    const first = this.header(this.room(at, FRAME_BYTES + size), DOLLAR, size);
    this.bytes.write(text, first, size, "utf8");
    return this.lineEnd(first + size);
  }

  private binary(at: number, word: Uint8Array): number {
    const length = word.length;
    let next = this.room(at, FRAME_BYTES + length);
    next = this.header(next, DOLLAR, length);
    this.bytes.set(word, next);
    return this.lineEnd(next + length);
  }

  private header(at: number, mark: number, count: number): number {
    const { bytes } = this;
    bytes[at++] = mark;
    if (count < 10) bytes[at++] = ZERO + count;
    else if (count < 100) {
      const tens = (count / 10) | 0;
      bytes[at++] = ZERO + tens;
      bytes[at++] = ZERO + count - tens * 10;
    } else at += bytes.latin1Write(String(count), at);
    return this.lineEnd(at);
  }

  private lineEnd(at: number): number {
    this.bytes[at] = CR;
    this.bytes[at + 1] = LF;
    return at + 2;
  }

  /** Makes room for `count` bytes behind `at`. Returns `at`. */
  private room(at: number, count: number): number {
    if (at + count <= this.bytes.length) return at;
    return this.grow(at, count);
  }

  private grow(at: number, count: number): number {
    const used = at - this.start;
    const room = used + count <= this.bytes.length >> 1 ? this.bytes : Buffer.allocUnsafe((used + count) * 2);
    this.bytes.copy(room, 0, this.start, at);
    this.bytes = room;
    this.end -= this.start;
    this.start = 0;
    return used;
  }
}

/** Of a header of a short text. */
function headerBytes(length: number): number {
  return length < 10 ? 4 : 5;
}

/** As servers read it: `inf`, not `Infinity`. */
function numberText(number: number | bigint): string {
  if (number === Number.POSITIVE_INFINITY) return "inf";
  if (number === Number.NEGATIVE_INFINITY) return "-inf";
  return Object.is(number, -0) ? "-0" : String(number);
}
