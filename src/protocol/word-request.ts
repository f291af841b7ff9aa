/**
 * Requests that consist of words of JavaScript, for callers in this process: no bytes are parsed, and the same frames and bytes serve all
 * requests. Hot: nothing is allocated.
 */

import { integerLength, writeInteger, ZERO } from "../base/bytes.ts";
import { noWordsError, wordError } from "../base/word-error.ts";
import { Frame } from "./frame.ts";

const INITIAL_BYTES = 4 * 1024;
/** What a batch has room for. */
const BATCH_BYTES = 32 * 1024;
const BATCH_REQUESTS = 32;
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
    const bytes = roomFor(values);
    if (bytes > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
    encode(this.frame, this.buffer, 0, values);
  }

  /** What was made large is not kept. */
  release(): void {
    if (this.buffer.length <= KEPT_BYTES) return;
    this.buffer = Buffer.alloc(0);
    this.frame.buffer = this.buffer;
  }
}

/**
 * Requests that are made together, before the first of them is executed: a processor that reads words which were written byte by byte just
 * now waits for them. A pipeline of SETs of 38 bytes takes 350 ns a request so, and 420 one by one.
 */
export class WordBatch {
  /** Good until the next `build`. */
  readonly frames: readonly Frame[] = Array.from({ length: BATCH_REQUESTS }, () => new Frame());
  private readonly buffer: Buffer = Buffer.allocUnsafeSlow(BATCH_BYTES);

  /** Makes as many of `requests` from `first` on as there is room for. Returns how many; 0: the first is too long. Errors: as WordRequest. */
  build(requests: readonly (readonly unknown[])[], first: number): number {
    const { frames, buffer } = this;
    const most = Math.min(BATCH_REQUESTS, requests.length - first);
    let at = 0;
    for (let index = 0; index < most; index++) {
      const values = requests[first + index];
      if (at + roomFor(values) > BATCH_BYTES) return index;
      at = encode(frames[index], buffer, at, values);
    }
    return most;
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

/** Makes `frame` the request that consists of `values`, from buffer[start] on. Returns where it ends. */
function encode(frame: Frame, buffer: Buffer, start: number, values: readonly unknown[]): number {
  const { length } = values;
  frame.resize(length);
  const { offsets, lengths } = frame;
  let at = writeHead(buffer, start, STAR, length);
  for (let index = 0; index < length; index++) {
    const value = values[index] as Argument;
    // The length is that of ASCII, which is put right where it is none.
    const size = sizeOf(value);
    let from = writeHead(buffer, at, DOLLAR, size);
    let end = write(buffer, value, from);
    if (end - from !== size) {
      from = writeHead(buffer, at, DOLLAR, end - from);
      end = write(buffer, value, from);
    }
    offsets[index] = from;
    lengths[index] = end - from;
    buffer[end] = CR;
    buffer[end + 1] = LF;
    at = end + 2;
  }
  frame.buffer = buffer;
  frame.start = start;
  frame.end = at;
  frame.hashed = false;
  return at;
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
  let end = at + 2;
  if (value < 10) buffer[at + 1] = ZERO + value;
  else end = writeInteger(buffer, at + 1, value);
  buffer[end] = CR;
  buffer[end + 1] = LF;
  return end + 2;
}
