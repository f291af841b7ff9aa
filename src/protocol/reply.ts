/**
 * The only writer of protocol (DESIGN: gate 3). Commands say what they answer; this knows how RESP2 and RESP3 put it. Replies collect in
 * one buffer that all connections share, because only one is served at a time; `flush` hands it to the connection being served. Hot: a
 * reply of a few bytes is a few stores.
 */

import { copyBytes, integerLength, writeInteger } from "../base/bytes.ts";
import { MAX_DOUBLE_BYTES, writeDouble } from "../base/numbers/doubles.ts";
import type { Block } from "../blocks/block.ts";
import { BLOCKS_FROM, type BlockString } from "../blocks/block-string.ts";

/** Where finished bytes go: a connection. `send` must take them at once, by writing or by copying. */
export interface ReplySink {
  /** `value`: it is one long value, and not what has collected of several. `block`: the bytes are in it, and stay as they are while it is shared. */
  send(bytes: Buffer, from: number, to: number, value?: boolean, block?: Block): void;
}

/** bytes[from, to), or all of a string in blocks. */
interface Span {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly blocks: BlockString | null;
}

const BUFFER_BYTES = 256 * 1024;
/** A value above this goes to the socket from where it lies. */
const DIRECT_BYTES = 32 * 1024;
/** Room kept for headers: the longest is "$" + 16 digits + CRLF. */
const HEADER_BYTES = 32;

const QUEUED = Buffer.from("+QUEUED\r\n");
/** Scratch for `double`. */
const DOUBLE = Buffer.alloc(MAX_DOUBLE_BYTES);

const CR = 0x0d;
const LF = 0x0a;

/** Swallows what it is given: the connection of a client that asked for no replies. */
export const NO_SINK: ReplySink = { send() {} };

/** A reply under way that was put aside. */
export interface Diverted {
  readonly sink: ReplySink;
  readonly protocol: number;
  readonly buffer: Buffer;
  readonly length: number;
  readonly flushed: number;
}

export class Reply {
  /** 2 or 3: what the client being served speaks. */
  protocol = 2;
  sink: ReplySink = NO_SINK;
  private buffer: Buffer;
  private readonly spares: Buffer[] = [];
  private length = 0;
  /** Bytes written since the start, flushed or not: a command that moved it has answered. */
  private flushed = 0;

  /** `bufferBytes`: 0 for one that never writes protocol (scripting/lua-reply.ts). */
  constructor(bufferBytes: 0 | typeof BUFFER_BYTES = BUFFER_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(bufferBytes);
  }

  get written(): number {
    return this.flushed + this.length;
  }

  /** Bytes that have collected and are not flushed. */
  get pending(): number {
    return this.length;
  }

  /** Hands what has collected to the sink. */
  flush(): void {
    if (this.length === 0) return;
    const length = this.length;
    this.length = 0;
    this.flushed += length;
    this.sink.send(this.buffer, 0, length);
  }

  /** Takes back what was written after `written` was `mark`. Returns whether that could be done: none of it has gone out yet. */
  takeBack(mark: number): boolean {
    if (mark < this.flushed) return false;
    this.length = mark - this.flushed;
    return true;
  }

  /** Forgets what has collected since the last flush. */
  discard(): void {
    this.length = 0;
  }

  /** Puts what has collected aside: what follows is for `sink`, whose client speaks `protocol`. Returns what `rejoin` takes. These nest. */
  divert(sink: ReplySink, protocol: number): Diverted {
    const diverted = { sink: this.sink, protocol: this.protocol, buffer: this.buffer, length: this.length, flushed: this.flushed };
    this.buffer = this.spares.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.flushed += this.length;
    this.length = 0;
    this.sink = sink;
    this.protocol = protocol;
    return diverted;
  }

  /** Hands what has collected to the other sink and goes on with the reply put aside. */
  rejoin(diverted: Diverted): void {
    this.flush();
    this.spares.push(this.buffer);
    this.sink = diverted.sink;
    this.protocol = diverted.protocol;
    this.buffer = diverted.buffer;
    this.length = diverted.length;
    this.flushed = diverted.flushed;
  }

  // ---- simple things

  ok(): void {
    this.threeBytes(0x2b, 0x4f, 0x4b);
  }

  /** `+QUEUED`, once for each command of a transaction. */
  queued(): void {
    const buffer = this.room(QUEUED.length);
    this.length = copyBytes(buffer, this.length, QUEUED, 0, QUEUED.length);
  }

  /** `+text`; the text has no line break. */
  simple(text: string): void {
    this.line(0x2b, text);
  }

  /** `-message`; line breaks become spaces. The message starts with its code. */
  error(message: string): void {
    this.line(0x2d, message.replace(/[\r\n]/g, " "));
  }

  /** A safe integer. */
  integer(value: number): void {
    this.number(0x3a, value);
  }

  /** An int64: a bigint where it may be beyond the safe integers. */
  bigint(value: number | bigint): void {
    if (typeof value === "number") this.integer(value);
    else this.line(0x3a, value.toString());
  }

  /** A missing value. */
  null(): void {
    if (this.protocol === 3) this.raw("_\r\n");
    else this.threeBytes(0x24, 0x2d, 0x31);
  }

  /** A missing array. */
  nullArray(): void {
    this.raw(this.protocol === 3 ? "_\r\n" : "*-1\r\n");
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.raw(value ? "#t\r\n" : "#f\r\n");
    else this.integer(value ? 1 : 0);
  }

  /** A floating point number (RESP2: a bulk string). */
  double(value: number): void {
    if (this.protocol === 2) return this.bytes(DOUBLE, 0, writeDouble(DOUBLE, 0, value));
    const buffer = this.room(MAX_DOUBLE_BYTES + 3);
    buffer[this.length] = 0x2c;
    this.endLine(buffer, writeDouble(buffer, this.length + 1, value));
  }

  /** A floating point number whose text is `text` (RESP2: a bulk string). */
  doubleText(text: string): void {
    if (this.protocol === 3) this.line(0x2c, text);
    else this.bulk(text);
  }

  /** Likewise when it is bytes[from, to). */
  doubleBytes(bytes: Buffer, from: number, to: number): void {
    if (this.protocol === 2) return this.bytes(bytes, from, to);
    const buffer = this.room(to - from + 3);
    buffer[this.length] = 0x2c;
    this.endLine(buffer, copyBytes(buffer, this.length + 1, bytes, from, to));
  }

  /** An integer of any size, given in decimal (RESP2: a bulk string). */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.line(0x28, digits);
    else this.bulk(digits);
  }

  // ---- strings

  /** bytes[from, to) as a bulk string. */
  bytes(bytes: Buffer, from: number, to: number): void {
    const size = to - from;
    this.number(0x24, size);
    if (size > DIRECT_BYTES) {
      this.flush();
      this.flushed += size;
      this.sink.send(bytes, from, to, true);
    } else {
      const buffer = this.room(size + 2);
      this.length = copyBytes(buffer, this.length, bytes, from, to);
    }
    const buffer = this.room(2);
    buffer[this.length++] = CR;
    buffer[this.length++] = LF;
  }

  /** The bytes of a string in blocks from `from` to `to` as a bulk string: they go out from where they are. */
  blocks(string: BlockString, from: number, to: number): void {
    this.number(0x24, to - from);
    this.flush();
    this.flushed += to - from;
    const { sink } = this;
    string.each(from, to, (bytes, start, end, block) => sink.send(bytes, start, end, true, block));
    this.raw("\r\n");
  }

  /** A string of latin1 characters as a bulk string. */
  bulk(text: string): void {
    const size = text.length;
    if (size > DIRECT_BYTES) return this.bytesOf(Buffer.from(text, "latin1"));
    this.number(0x24, size);
    const buffer = this.room(size + 2);
    this.endLine(buffer, this.length + buffer.latin1Write(text, this.length));
  }

  /** Likewise, of an element of a collection. */
  slice(span: Span): void {
    if (span.to - span.from > BLOCKS_FROM && span.blocks !== null) this.blocks(span.blocks, 0, span.blocks.length);
    else this.bytes(span.bytes, span.from, span.to);
  }

  bytesOf(bytes: Buffer): void {
    this.bytes(bytes, 0, bytes.length);
  }

  /** A safe integer as a bulk string. */
  integerBulk(value: number): void {
    this.number(0x24, integerLength(value));
    const buffer = this.room(HEADER_BYTES);
    this.endLine(buffer, writeInteger(buffer, this.length, value));
  }

  /** Text for people, RESP3's verbatim string; `format` has three letters. */
  verbatim(text: string, format: "txt" | "mkd" = "txt"): void {
    const bytes = Buffer.from(text);
    this.verbatimParts([{ bytes, length: bytes.length }], "", format);
  }

  /** Likewise for text that is in several pieces, with `between` between them. */
  verbatimParts(parts: readonly { readonly bytes: Buffer; readonly length: number }[], between: string, format = "txt"): void {
    let size = Math.max(0, parts.length - 1) * between.length;
    for (const { length } of parts) size += length;
    this.number(this.protocol === 3 ? 0x3d : 0x24, this.protocol === 3 ? size + 4 : size);
    if (this.protocol === 3) this.raw(`${format}:`);
    for (let index = 0; index < parts.length; index++) {
      if (index > 0) this.raw(between);
      this.rawPart(parts[index].bytes, parts[index].length);
    }
    this.raw("\r\n");
  }

  // ---- aggregates: the elements follow

  array(length: number): void {
    this.number(0x2a, length);
  }

  /** A map of `pairs` keys, each followed by its value. */
  map(pairs: number): void {
    if (this.protocol === 3) this.number(0x25, pairs);
    else this.number(0x2a, pairs * 2);
  }

  /** One of them: a name and its value. */
  field(name: string, value: string | number | bigint | null): void {
    this.bulk(name);
    if (typeof value === "string") this.bulk(value);
    else if (value === null) this.null();
    else this.bigint(value);
  }

  set(length: number): void {
    this.number(this.protocol === 3 ? 0x7e : 0x2a, length);
  }

  /** A message that answers no request. */
  push(length: number): void {
    this.number(this.protocol === 3 ? 0x3e : 0x2a, length);
  }

  /** What a client may know about the reply that follows, as `pairs` keys with their values. RESP3 only. */
  attribute(pairs: number): void {
    this.number(0x7c, pairs);
  }

  /** An array of bulk strings. */
  bulks(texts: readonly string[]): void {
    this.array(texts.length);
    for (const text of texts) this.bulk(text);
  }

  // ---- parts

  /** Bytes that are protocol already. */
  rawBytes(bytes: Buffer): void {
    this.rawPart(bytes, bytes.length);
  }

  private rawPart(bytes: Buffer, length: number): void {
    if (length > DIRECT_BYTES) {
      this.flush();
      this.flushed += length;
      this.sink.send(bytes, 0, length, true);
      return;
    }
    const buffer = this.room(length);
    this.length = copyBytes(buffer, this.length, bytes, 0, length);
  }

  private raw(text: string): void {
    const buffer = this.room(text.length);
    this.length += buffer.latin1Write(text, this.length);
  }

  private line(mark: number, text: string): void {
    // UTF-8: an error text quotes what the client sent, one character a byte, and our own words are ASCII.
    const size = text.length + 3;
    if (size > BUFFER_BYTES / 2) return this.line(mark, text.slice(0, BUFFER_BYTES / 4));
    const buffer = this.room(size);
    buffer[this.length] = mark;
    this.endLine(buffer, this.length + 1 + buffer.latin1Write(text, this.length + 1));
  }

  private number(mark: number, value: number): void {
    const buffer = this.room(HEADER_BYTES);
    const at = this.length;
    buffer[at] = mark;
    const end = writeInteger(buffer, at + 1, value);
    buffer[end] = CR;
    buffer[end + 1] = LF;
    this.length = end + 2;
  }

  private threeBytes(first: number, second: number, third: number): void {
    const buffer = this.room(5);
    const at = this.length;
    buffer[at] = first;
    buffer[at + 1] = second;
    buffer[at + 2] = third;
    buffer[at + 3] = CR;
    buffer[at + 4] = LF;
    this.length = at + 5;
  }

  /** What was written up to `at` is a line. */
  private endLine(buffer: Buffer, at: number): void {
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.length = at + 2;
  }

  private room(bytes: number): Buffer {
    if (this.length + bytes > BUFFER_BYTES) this.flush();
    return this.buffer;
  }
}
