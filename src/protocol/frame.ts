/** One request, as offsets into the bytes it came in: nothing is copied. Reused from request to request. */

import { copyBytes, equalsWord, integerLength, writeInteger } from "../base/bytes.ts";
import { BlockString } from "../blocks/block-string.ts";

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const INITIAL_ARGUMENTS = 16;

/** Bytes that belong in front of buffer[at]. */
export interface Inset {
  readonly at: number;
  readonly value: BlockString;
}

/** buffer[start, end) and its insets: a request in the protocol's array form. */
export interface EncodedRequest {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** In the order of their places; null or undefined: none. */
  readonly insets?: readonly Inset[] | null;
}

/** A long argument, in blocks: nothing of it is in the buffer. */
interface LongArgument {
  readonly index: number;
  readonly value: BlockString;
}

export class Frame {
  /** Holds the request and its arguments. */
  buffer: Buffer = EMPTY;
  /** Number of arguments, the command's name included. */
  count = 0;
  /** Argument i is buffer[offsets[i], offsets[i] + lengths[i]); one that is in blocks (`blocksAt`) belongs at offsets[i]. */
  offsets = new Int32Array(INITIAL_ARGUMENTS);
  lengths = new Int32Array(INITIAL_ARGUMENTS);
  /** The whole request in the protocol's array form, as the journal takes it, is buffer[start, end). */
  start = 0;
  end = 0;
  /** Arguments in blocks, in their order; null for none, which is nearly always. They are the frame's until `release`. */
  long: LongArgument[] | null = null;
  /** Whether the buffer has been made for this request, so that a value may be kept in it: no one writes to it, nor reads it again. */
  keepable = false;
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

  /** Adds an argument in blocks, which belongs at `offset` of the buffer and is the frame's from then on. */
  pushBlocks(offset: number, value: BlockString): void {
    this.long ??= [];
    this.long.push({ index: this.count, value });
    this.push(offset, value.length);
  }

  /** Argument `index` if it is in blocks, else null. */
  blocksAt(index: number): BlockString | null {
    return this.long?.find((argument) => argument.index === index)?.value ?? null;
  }

  get insets(): Inset[] | null {
    return this.long === null ? null : this.long.map(({ index, value }) => ({ at: this.offsets[index], value }));
  }

  /** How many bytes the whole request has. */
  get bytes(): number {
    return this.end - this.start + this.longBytes;
  }

  /** How many of them are in blocks. */
  get longBytes(): number {
    return this.long === null ? 0 : this.long.reduce((sum, { value }) => sum + value.length, 0);
  }

  /** Puts arguments that are in blocks into the buffer, which becomes one of its own: for commands that cannot do with blocks. */
  join(): void {
    const { insets, buffer, start, end, offsets } = this;
    if (insets === null) return;
    const joined = Buffer.allocUnsafeSlow(this.bytes);
    let from = start;
    let at = 0;
    let next = 0;
    for (let index = 0; index < this.count; index++) {
      at += buffer.copy(joined, at, from, offsets[index]);
      from = offsets[index];
      offsets[index] = at;
      if (next < insets.length && this.long?.[next].index === index) at = insets[next++].value.copyTo(joined, at, 0, this.lengths[index]);
    }
    buffer.copy(joined, at, from, end);
    this.buffer = joined;
    this.start = 0;
    this.end = joined.length;
    this.release();
  }

  /** Lets go of arguments in blocks. */
  release(): void {
    if (this.long === null) return;
    for (const { value } of this.long) value.free();
    this.long = null;
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
    return this.argumentStart(index, this.lengths[index]);
  }

  /** A copy of its first bytes, at most `count`. */
  argumentStart(index: number, count: number): Buffer {
    const blocks = this.blocksAt(index);
    const length = Math.min(count, this.lengths[index]);
    if (blocks !== null) return blocks.joined(0, length);
    const from = this.offsets[index];
    return Buffer.from(this.buffer.subarray(from, from + length));
  }

  /** Argument `index` as a latin1 string. */
  text(index: number): string {
    if (this.long !== null) return this.argument(index).latin1Slice();
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
    this.release();
    for (let index = 0; index < other.count; index++) this.push(other.offsets[index] - shift, other.lengths[index]);
    this.long = other.long?.map(({ index, value }) => ({ index, value: value.copy() })) ?? null;
  }

  /** Puts the arguments, wherever in `buffer` they lie, into the array form, in bytes of their own. */
  enframe(): void {
    const { buffer: source, count, offsets, lengths } = this;
    let size = headerLength(count);
    for (let index = 0; index < count; index++)
      size += headerLength(lengths[index]) + 2 + (this.blocksAt(index) === null ? lengths[index] : 0);
    const buffer = Buffer.allocUnsafe(size);
    let at = writeHeader(buffer, 0, STAR, count);
    for (let index = 0; index < count; index++) {
      const from = offsets[index];
      at = writeHeader(buffer, at, DOLLAR, lengths[index]);
      offsets[index] = at;
      if (this.blocksAt(index) === null) at = copyBytes(buffer, at, source, from, from + lengths[index]);
      buffer[at] = CR;
      buffer[at + 1] = LF;
      at += 2;
    }
    this.buffer = buffer;
    this.start = 0;
    this.end = size;
  }

  /** Makes this frame the request that consists of `words`, encoded by us. Of words in blocks the frame has copies. */
  encode(words: readonly (Buffer | BlockString | string | number)[]): this {
    const parts = words.map((word) => (typeof word === "object" ? word : Buffer.from(String(word), "latin1")));
    const size = parts.reduce((bytes, part) => bytes + (part instanceof BlockString ? 0 : part.length), 0);
    this.buffer = Buffer.allocUnsafe(size);
    this.count = 0;
    this.release();
    let at = 0;
    for (const part of parts) {
      if (part instanceof BlockString) this.pushBlocks(at, part.copy());
      else {
        this.push(at, part.length);
        at += part.copy(this.buffer, at);
      }
    }
    this.enframe();
    return this;
  }
}

/** Returns the request that consists of `words`, encoded by us, where its arguments need not be known: a third of what a Frame costs. */
export function encodeRequest(words: readonly Buffer[]): EncodedRequest {
  let size = headerLength(words.length);
  for (const { length } of words) size += headerLength(length) + length + 2;
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHeader(buffer, 0, STAR, words.length);
  for (const word of words) {
    at = writeHeader(buffer, at, DOLLAR, word.length);
    at = copyBytes(buffer, at, word, 0, word.length);
    buffer[at] = CR;
    buffer[at + 1] = LF;
    at += 2;
  }
  return { buffer, start: 0, end: size };
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
