/**
 * The streaming reader of replies, RESP2 and RESP3, for tests of what the server sends. Bytes may be split anywhere; a value of any size is
 * copied once at most, and one announced and never sent takes no memory. Redis never sends RESP3's streamed strings and aggregates (`$?`,
 * `*?`), so they count as broken protocol here.
 */

import { InputBuffer } from "../../src/protocol/input-buffer.ts";
import { ProtocolError } from "../../src/protocol/protocol-error.ts";

/** One reply. Texts are latin1 (one character a byte); bytes lie in the buffers that were fed and must not be written to. */
export type Decoded = DecodedBody & {
  /** What RESP3's `|` said about this reply, in order. */
  attributes?: [Decoded, Decoded][];
};

type DecodedBody =
  | { kind: "simple"; text: string }
  /** `blob`: sent as `!` with a length, so that it may hold line breaks. */
  | { kind: "error"; text: string; blob: boolean }
  /** int64: a bigint only beyond the safe integers. */
  | { kind: "integer"; value: number | bigint }
  | { kind: "bulk"; bytes: Buffer }
  /** `form` tells RESP2's missing string and missing array from RESP3's null. */
  | { kind: "null"; form: "bulk" | "array" | "null" }
  | { kind: "boolean"; value: boolean }
  /** `text` as it was sent: the shortest form is the server's choice. */
  | { kind: "double"; value: number; text: string }
  | { kind: "big"; value: bigint }
  /** `format` has three letters, `txt` or `mkd` in practice. */
  | { kind: "verbatim"; format: string; bytes: Buffer }
  | { kind: "array" | "set" | "push"; items: Decoded[] }
  | { kind: "map"; entries: [Decoded, Decoded][] };

export interface DecoderLimits {
  /** Longest string, in bytes. */
  maxBulk: number;
  /** Most elements of one aggregate. */
  maxElements: number;
  /** Aggregates inside one another. */
  maxDepth: number;
}

/** What no Redis goes beyond: strings of 512 MiB unless told otherwise, nesting of Lua replies included. */
const DEFAULT_LIMITS: DecoderLimits = { maxBulk: 512 * 1024 * 1024, maxElements: 0x7fffffff, maxDepth: 1024 };

/** The longest line: a reply that is one, or the header of one that is longer. Redis's own lines are shorter than its largest inline request. */
const MAX_LINE = 64 * 1024;
/** Input used up to here is let go of while more is on its way. */
const SPENT_BYTES = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;

/** An aggregate whose elements are still coming. */
interface Open {
  readonly kind: "array" | "set" | "push" | "map" | "attributes";
  readonly items: Decoded[];
  /** Elements to come; those of a map count twice. */
  due: number;
  /** Attributes that came before it. */
  readonly attributes: [Decoded, Decoded][] | null;
}

export class ReplyDecoder {
  private readonly limits: DecoderLimits;
  private input = new InputBuffer();
  private position = 0;
  /** How far the input must reach before there is more to read. */
  private needed = 0;
  private open: Open[] = [];
  /** Attributes that belong to the next reply. */
  private attributes: [Decoded, Decoded][] | null = null;

  constructor(limits: Partial<DecoderLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Takes a piece that no one else will write to. */
  feed(piece: Buffer): void {
    this.input.add(piece, 0, piece.length);
  }

  /** The next whole reply, or null while it is not all there. Errors: ProtocolError; there is no going on after one. */
  next(): Decoded | null {
    if (this.input.size < this.needed || this.input.size === this.position) return null;
    this.input.join();
    for (;;) {
      const value = this.readOne();
      if (value === undefined) {
        this.dropSpent();
        return null;
      }
      const whole = value === null ? null : this.close(value);
      if (whole === null) continue;
      this.needed = 0;
      this.dropSpent();
      return whole;
    }
  }

  /** The bytes behind the last reply: a snapshot has no frame around it. The decoder is empty afterwards. */
  takeRest(): Buffer {
    this.input.join();
    const rest = this.input.buffer.subarray(this.position, this.input.length);
    this.input = new InputBuffer();
    this.position = 0;
    this.needed = 0;
    this.open = [];
    this.attributes = null;
    return rest;
  }

  /** Bytes fed and not yet part of a reply that `next` has answered with, as far as they are still held. */
  get pendingBytes(): number {
    return this.input.size - this.position;
  }

  /** Elements read of aggregates that are still open are kept as they are; only input behind `position` is of use. */
  private dropSpent(): void {
    const { input } = this;
    if (this.position < input.length && (this.position < SPENT_BYTES || this.position * 2 < input.length)) return;
    this.input = new InputBuffer();
    if (this.position < input.length) this.input.add(input.buffer, this.position, input.length);
    this.needed -= this.position;
    this.position = 0;
  }

  /**
   * Reads a value, or the header of an aggregate (returns null: it is open then). Returns undefined when it is not all there; `needed`
   * says how much must be.
   */
  private readOne(): DecodedBody | null | undefined {
    const { buffer, length } = this.input;
    const from = this.position;
    const end = this.lineEnd(buffer, from, length);
    if (end < 0) return undefined;
    const mark = String.fromCharCode(buffer[from]);
    if (BULK_MARKS.has(mark)) return this.readBulk(mark, buffer, from + 1, end);
    this.position = end + 2;
    if (AGGREGATES[mark] !== undefined) return this.readAggregate(mark, readLength(buffer, from + 1, end));
    return readLine(mark, buffer.latin1Slice(from + 1, end));
  }

  /** Where the line at `from` has its CRLF; -1 when it is not all there. */
  private lineEnd(buffer: Buffer, from: number, length: number): number {
    const held = length < buffer.length ? buffer.subarray(0, length) : buffer;
    let at = held.indexOf(CR, from);
    // A lone CR is part of the line, as in Redis's own client.
    while (at >= 0 && at + 1 < length && held[at + 1] !== LF) at = held.indexOf(CR, at + 1);
    if (at >= 0 && at + 1 < length) return at;
    if (length - from > MAX_LINE) throw new ProtocolError(`a line of more than ${MAX_LINE} bytes in a reply`);
    this.needed = length + 1;
    return -1;
  }

  private readBulk(mark: string, buffer: Buffer, from: number, lineEnd: number): DecodedBody | undefined {
    const size = readLength(buffer, from, lineEnd);
    if (size < 0 && mark === "$") {
      this.position = lineEnd + 2;
      return { kind: "null", form: "bulk" };
    }
    if (size < 0 || size > this.limits.maxBulk) throw new ProtocolError(`a string of ${size} bytes in a reply`);
    const start = lineEnd + 2;
    const end = start + size;
    if (end + 2 > this.input.length) {
      this.needed = end + 2;
      return undefined;
    }
    if (buffer[end] !== CR || buffer[end + 1] !== LF) throw new ProtocolError("a string in a reply is not followed by CRLF");
    this.position = end + 2;
    if (mark === "$") return { kind: "bulk", bytes: buffer.subarray(start, end) };
    if (mark === "!") return { kind: "error", text: buffer.latin1Slice(start, end), blob: true };
    if (size < 4 || buffer[start + 3] !== COLON) throw new ProtocolError("a verbatim string without a format in a reply");
    return { kind: "verbatim", format: buffer.latin1Slice(start, start + 3), bytes: buffer.subarray(start + 4, end) };
  }

  private readAggregate(mark: string, length: number): DecodedBody | null {
    const kind = AGGREGATES[mark];
    if (length < 0 && mark === "*") return { kind: "null", form: "array" };
    if (length < 0 || length > this.limits.maxElements) throw new ProtocolError(`an aggregate of ${length} elements in a reply`);
    if (this.open.length >= this.limits.maxDepth)
      throw new ProtocolError(`more than ${this.limits.maxDepth} aggregates inside one another in a reply`);
    const due = kind === "map" || kind === "attributes" ? length * 2 : length;
    const aggregate: Open = { kind, items: [], due, attributes: this.attributes };
    this.attributes = null;
    if (due > 0) {
      this.open.push(aggregate);
      return null;
    }
    return this.finish(aggregate);
  }

  /** Puts a value in its place. Returns the reply that it makes whole, or null. */
  private close(body: DecodedBody): Decoded | null {
    let value: Decoded = this.attributes === null ? body : { ...body, attributes: this.attributes };
    this.attributes = null;
    for (let parent = this.open.at(-1); parent !== undefined; parent = this.open.at(-1)) {
      parent.items.push(value);
      parent.due--;
      if (parent.due > 0) return null;
      this.open.pop();
      const finished = this.finish(parent);
      if (finished === null) return null;
      value = finished;
    }
    return value;
  }

  /** Returns the aggregate as a reply, or null for attributes: they go with the reply that follows. */
  private finish(aggregate: Open): Decoded | null {
    const { kind, items, attributes } = aggregate;
    if (kind === "attributes") {
      this.attributes = [...(attributes ?? []), ...pairs(items)];
      return null;
    }
    const body: DecodedBody = kind === "map" ? { kind, entries: pairs(items) } : { kind, items };
    return attributes === null ? body : { ...body, attributes };
  }
}

const COLON = 0x3a;
const BULK_MARKS = new Set(["$", "!", "="]);
const AGGREGATES: Readonly<Record<string, Open["kind"]>> = { "*": "array", "~": "set", ">": "push", "%": "map", "|": "attributes" };
const INTEGER = /^[+-]?\d+$/;
const DOUBLE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf|[+-]?nan)$/;

function pairs(items: readonly Decoded[]): [Decoded, Decoded][] {
  const entries: [Decoded, Decoded][] = [];
  for (let at = 0; at < items.length; at += 2) entries.push([items[at], items[at + 1]]);
  return entries;
}

/** A reply that is one line. */
function readLine(mark: string, text: string): DecodedBody {
  switch (mark) {
    case "+":
      return { kind: "simple", text };
    case "-":
      return { kind: "error", text, blob: false };
    case ":":
      return { kind: "integer", value: readInteger(text) };
    case "_":
      if (text === "") return { kind: "null", form: "null" };
      break;
    case "#":
      if (text === "t" || text === "f") return { kind: "boolean", value: text === "t" };
      break;
    case ",":
      if (DOUBLE.test(text)) return { kind: "double", value: readDouble(text), text };
      break;
    case "(":
      if (INTEGER.test(text)) return { kind: "big", value: BigInt(text) };
      break;
  }
  throw new ProtocolError(`not a reply: ${JSON.stringify((mark + text).slice(0, 60))}`);
}

function readInteger(text: string): number | bigint {
  if (!INTEGER.test(text)) throw new ProtocolError(`not an integer in a reply: ${JSON.stringify(text.slice(0, 60))}`);
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function readDouble(text: string): number {
  if (text.endsWith("inf")) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return text.endsWith("nan") ? Number.NaN : Number(text);
}

/** The length in a header line. */
function readLength(buffer: Buffer, from: number, to: number): number {
  const text = buffer.latin1Slice(from, Math.min(to, from + 20));
  if (!/^(?:-1|\d{1,15})$/.test(text) || to - from > 20) throw new ProtocolError(`not a length in a reply: ${JSON.stringify(text)}`);
  return Number(text);
}
