/**
 * The request that consists of words of JavaScript, for callers in this process: no bytes are parsed, and one frame and one run of bytes
 * serve all requests. Hot: nothing is allocated.
 */

import { integerLength, writeInteger } from "../base/bytes.ts";
import { noWordsError, wordError } from "../base/word-error.ts";
import { Frame } from "./frame.ts";

const INITIAL_BYTES = 4 * 1024;
/** What is kept from one request to the next (`release`). */
const KEPT_BYTES = 1024 * 1024;
/** Up to it a loop over ASCII beats `utf8Write`, which takes half the time of `write`. */
const LOOP_LIMIT = 24;
const MAX_ASCII = 0x7f;
/** A character is at most so many bytes of UTF-8 long. */
const MAX_CHARACTER_BYTES = 3;
/** Of longer strings it is counted how many. */
const LONG_TEXT = 16 * 1024;
/** The longest number: `-1.7976931348623157e+308`. */
const MAX_NUMBER_BYTES = 24;
/** `$` or `*`, digits and line ends around an argument. */
const HEAD_BYTES = 22;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

/** What a request may consist of: a string goes as UTF-8, a number in decimal. */
type Argument = string | number | bigint | Uint8Array;

export class WordRequest {
  /** Good until the next `build`, in the protocol's array form. */
  readonly frame = new Frame();
  private buffer: Buffer = Buffer.alloc(0);

  /** Makes the request that consists of `values`. Errors: TypeError when one of them is no `Argument`. */
  build(values: readonly unknown[]): void {
    const { length } = values;
    const bytes = roomFor(values);
    if (bytes > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
    const { buffer, frame } = this;
    frame.resize(length);
    const { offsets, lengths } = frame;
    let at = writeHead(buffer, 0, STAR, length);
    for (let index = 0; index < length; index++) {
      const value = values[index] as Argument;
      // The length is that of ASCII, which is put right where it is none.
      const size = sizeOf(value);
      let start = writeHead(buffer, at, DOLLAR, size);
      let end = write(buffer, value, start);
      if (end - start !== size) {
        start = writeHead(buffer, at, DOLLAR, end - start);
        end = write(buffer, value, start);
      }
      offsets[index] = start;
      lengths[index] = end - start;
      buffer[end] = CR;
      buffer[end + 1] = LF;
      at = end + 2;
    }
    frame.buffer = buffer;
    frame.start = 0;
    frame.end = at;
    frame.hashed = false;
  }

  /** What was made large is not kept. */
  release(): void {
    if (this.buffer.length <= KEPT_BYTES) return;
    this.buffer = Buffer.alloc(0);
    this.frame.buffer = this.buffer;
  }
}

/** Errors: TypeError where `values` make no request. */
export function requireWords(values: readonly unknown[]): void {
  if (values.length === 0) throw noWordsError();
  for (let index = 0; index < values.length; index++) if (!isWord(values[index])) throw wordError(values, index);
}

function isWord(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "bigint") return true;
  return typeof value === "number" ? !Number.isNaN(value) : value instanceof Uint8Array;
}

/** Bytes that the request takes at most. */
function roomFor(values: readonly unknown[]): number {
  if (values.length === 0) throw noWordsError();
  let bytes = (values.length + 1) * HEAD_BYTES;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "string") bytes += value.length > LONG_TEXT ? Buffer.byteLength(value) : value.length * MAX_CHARACTER_BYTES;
    else if (typeof value === "number" && value === value) bytes += MAX_NUMBER_BYTES;
    else if (typeof value === "bigint") bytes += value.toString().length;
    else if (value instanceof Uint8Array) bytes += value.length;
    else throw wordError(values, index);
  }
  return bytes;
}

/** How many bytes an argument has, a string if it is ASCII. */
function sizeOf(value: Argument): number {
  if (typeof value === "string" || typeof value === "object") return value.length;
  return Number.isSafeInteger(value) ? integerLength((value as number) + 0) : String(value).length;
}

/** Returns where it ends. */
function write(buffer: Buffer, value: Argument, at: number): number {
  if (typeof value === "string") return writeText(buffer, value, at);
  if (typeof value === "object") {
    buffer.set(value, at);
    return at + value.length;
  }
  // No number is sent as "-0". Others have the shortest text that gives the same number.
  if (Number.isSafeInteger(value)) return writeInteger(buffer, at, (value as number) + 0);
  return at + buffer.latin1Write(String(value), at);
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > LOOP_LIMIT) return at + buffer.utf8Write(text, at);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > MAX_ASCII) return at + buffer.utf8Write(text, at);
    buffer[at + index] = code;
  }
  return at + length;
}

/** Writes `*<value>\r\n` or `$<value>\r\n`. Returns where it ends. */
function writeHead(buffer: Buffer, at: number, mark: number, value: number): number {
  buffer[at] = mark;
  const end = writeInteger(buffer, at + 1, value);
  buffer[end] = CR;
  buffer[end + 1] = LF;
  return end + 2;
}
