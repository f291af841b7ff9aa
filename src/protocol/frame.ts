/** One request, as offsets into the bytes it came in: nothing is copied. Reused from request to request. */

import { copyBytes, equalsWord, integerLength, writeInteger } from "../base/bytes.ts";

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const INITIAL_ARGUMENTS = 16;

/** buffer[start, end): a request in the protocol's array form. */
export interface EncodedRequest {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

export class Frame {
  /** Holds the request and its arguments. */
  buffer: Buffer = EMPTY;
  /** Number of arguments, the command's name included. */
  count = 0;
  /** Argument i is buffer[offsets[i], offsets[i] + lengths[i]). */
  offsets = new Int32Array(INITIAL_ARGUMENTS);
  lengths = new Int32Array(INITIAL_ARGUMENTS);
  /** The whole request in the protocol's array form, as the journal takes it, is buffer[start, end). */
  start = 0;
  end = 0;
  /** Whether `keyHash` is the hash of argument 1, worked out ahead (keyspace/lookahead.ts). */
  hashed = false;
  keyHash = 0;

  /** How long the arguments are together. */
  get argumentBytes(): number {
    let bytes = 0;
    for (let index = 0; index < this.count; index++) bytes += this.lengths[index];
    return bytes;
  }

  push(offset: number, length: number): void {
    if (this.count === this.offsets.length) this.reserve(this.count * 2);
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.count++;
  }

  /** Makes it `count` arguments, whose offsets and lengths the caller sets. */
  resize(count: number): void {
    if (count > this.offsets.length) this.reserve(Math.max(count, this.offsets.length * 2));
    this.count = count;
  }

  private reserve(room: number): void {
    const { offsets, lengths } = this;
    this.offsets = new Int32Array(room);
    this.lengths = new Int32Array(room);
    this.offsets.set(offsets);
    this.lengths.set(lengths);
  }

  /** Where everything lies has moved by `bytes`. */
  shift(bytes: number): void {
    this.start += bytes;
    this.end += bytes;
    for (let index = 0; index < this.count; index++) this.offsets[index] += bytes;
  }

  /** A copy of argument `index`. */
  argument(index: number): Buffer {
    const from = this.offsets[index];
    return Buffer.from(this.buffer.subarray(from, from + this.lengths[index]));
  }

  /** Argument `index` as a latin1 string. */
  text(index: number): string {
    const from = this.offsets[index];
    return this.buffer.latin1Slice(from, from + this.lengths[index]);
  }

  /** Whether argument `index` is `word` (lower case) in any case. */
  is(index: number, word: string): boolean {
    const from = this.offsets[index];
    return equalsWord(this.buffer, from, from + this.lengths[index], word);
  }

  /** Makes this frame the request that `other` is, in bytes of its own if `copy`. */
  assign(other: Frame, options: { copy: boolean }): void {
    const shift = options.copy ? other.start : 0;
    this.buffer = options.copy ? Buffer.from(other.buffer.subarray(other.start, other.end)) : other.buffer;
    this.start = other.start - shift;
    this.end = other.end - shift;
    this.count = 0;
    for (let index = 0; index < other.count; index++) this.push(other.offsets[index] - shift, other.lengths[index]);
  }

  /** Puts the arguments, wherever in `buffer` they lie, into the array form, in bytes of their own. */
  enframe(): void {
    const { buffer: source, count, offsets, lengths } = this;
    let size = headerLength(count);
    for (let index = 0; index < count; index++) size += headerLength(lengths[index]) + lengths[index] + 2;
    const buffer = Buffer.allocUnsafe(size);
    let at = writeHeader(buffer, 0, STAR, count);
    for (let index = 0; index < count; index++) {
      const from = offsets[index];
      at = writeHeader(buffer, at, DOLLAR, lengths[index]);
      offsets[index] = at;
      at = copyBytes(buffer, at, source, from, from + lengths[index]);
      buffer[at] = CR;
      buffer[at + 1] = LF;
      at += 2;
    }
    this.buffer = buffer;
    this.start = 0;
    this.end = size;
  }

  /** Makes this frame the request that consists of `words`, encoded by us. */
  encode(words: readonly (Buffer | string | number)[]): this {
    const parts = words.map((word) => (typeof word === "object" ? word : Buffer.from(String(word), "latin1")));
    const size = parts.reduce((bytes, part) => bytes + part.length, 0);
    this.buffer = Buffer.allocUnsafe(size);
    this.count = 0;
    let at = 0;
    for (const part of parts) {
      this.push(at, part.length);
      at += part.copy(this.buffer, at);
    }
    this.enframe();
    return this;
  }
}

/** Bytes of `*<value>\r\n`. */
function headerLength(value: number): number {
  return 3 + integerLength(value);
}

function writeHeader(buffer: Buffer, at: number, mark: number, value: number): number {
  buffer[at] = mark;
  const end = writeInteger(buffer, at + 1, value);
  buffer[end] = CR;
  buffer[end + 1] = LF;
  return end + 2;
}

const EMPTY = Buffer.alloc(0);
