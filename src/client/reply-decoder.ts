/**
 * Makes values of the bytes that a server sends: RESP3, and the nulls of RESP2. Bytes may come in pieces of any size: an aggregate is never
 * begun again, and what is left over is copied into room that doubles. This is hot: a reply costs its value and little more
 * (`npm run bench -- clients`).
 */

import { LinkError, ReplyError } from "./errors.ts";

/** What `next` returns while a reply is not whole. */
export const INCOMPLETE: unique symbol = Symbol("incomplete");

/** A message that is the answer to no request. */
export class Push {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

const CR = 13;
const BANG = 33;
const HASH = 35;
const DOLLAR = 36;
const PERCENT = 37;
const OPENING = 40;
const STAR = 42;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const ZERO = 48;
const COLON = 58;
const EQUALS = 61;
const GREATER = 62;
const LETTER_K = 75;
const LETTER_O = 79;
const UNDERLINE = 95;
const LETTER_T = 116;
const BAR = 124;
const TILDE = 126;

const EMPTY = Buffer.alloc(0);
/** What room for bytes that are left over begins with, and what is kept of it once they are read. */
const FIRST_BYTES = 16 << 10;
const KEPT_BYTES = 1 << 20;
/** So many digits are exact as a number, whatever they are. */
const SAFE_DIGITS = 15;
/** "txt:", or "mkd:", in front of a verbatim string. */
const FORMAT_BYTES = 4;
/** 24: below it a loop beats a call that copies. */
const LOOPED_BYTES = 24;

const DOUBLES: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN],
]);

/** What `element` returns when an aggregate begins that has elements. */
const OPENED: unique symbol = Symbol("opened");

type Kind = "array" | "set" | "map" | "push" | "attribute";

/** An aggregate whose elements are still to come. */
class Aggregate {
  readonly kind: Kind;
  /** Elements; a map has a key and a value in each pair. */
  left: number;
  readonly outer: Aggregate | null;
  readonly items: unknown[] = [];

  constructor(kind: Kind, left: number, outer: Aggregate | null) {
    this.kind = kind;
    this.left = left;
    this.outer = outer;
  }
}

export class ReplyDecoder {
  private buffer: Buffer = EMPTY;
  private at = 0;
  private end = 0;
  /** Whether `buffer` is ours, to write behind `end`; else it is what was given. */
  private owned = false;
  private innermost: Aggregate | null = null;
  /** Whether the strings of the reply that is being read are wanted as bytes. */
  private inBytes = false;
  /** The same of the reply around a push that is being read. */
  private inBytesAround = false;

  /** Takes bytes, which must stay as they are until they are read. */
  feed(chunk: Buffer): void {
    const rest = this.end - this.at;
    if (rest === 0) {
      this.take(chunk, chunk.length, false);
      return;
    }
    const wanted = rest + chunk.length;
    if (!this.owned || this.end + chunk.length > this.buffer.length) {
      const room = this.owned && wanted <= this.buffer.length >> 1 ? this.buffer : Buffer.allocUnsafe(Math.max(FIRST_BYTES, wanted * 2));
      this.buffer.copy(room, 0, this.at, this.end);
      this.take(room, rest, true);
    }
    chunk.copy(this.buffer, this.end);
    this.end += chunk.length;
  }

  /** Forgets what was given: another connection begins. */
  reset(): void {
    this.take(EMPTY, 0, false);
    this.innermost = null;
  }

  /**
   * Returns the next reply (a Push may come between), or INCOMPLETE. @param inBytes whether bulk strings of a reply that begins here are
   * wanted as bytes; those of a push always are. Errors: LinkError where the bytes are no reply.
   */
  next(inBytes: boolean): unknown {
    if (this.innermost === null) this.inBytes = inBytes;
    for (;;) {
      let value = this.element();
      if (value === INCOMPLETE) {
        if (this.at === this.end && this.buffer.length > KEPT_BYTES) this.take(EMPTY, 0, false);
        return INCOMPLETE;
      }
      if (value === OPENED) continue;
      for (;;) {
        const aggregate: Aggregate | null = this.innermost;
        if (value instanceof Push) this.inBytes = this.inBytesAround;
        if (aggregate === null || value instanceof Push) return value;
        aggregate.items.push(value);
        if (--aggregate.left > 0) break;
        this.innermost = aggregate.outer;
        // An attribute is dropped; what it describes comes next, in its place.
        if (aggregate.kind === "attribute") break;
        value = closed(aggregate.kind, aggregate.items);
      }
    }
  }

  private take(buffer: Buffer, length: number, owned: boolean): void {
    this.buffer = buffer;
    this.at = 0;
    this.end = length;
    this.owned = owned;
  }

  /** A value, OPENED or INCOMPLETE; of the latter nothing is taken. */
  private element(): unknown {
    const { buffer, end } = this;
    const start = this.at + 1;
    let stop = start;
    while (stop < end && buffer[stop] !== CR) stop++;
    if (stop + 1 >= end) return INCOMPLETE;
    const next = stop + 2;
    switch (buffer[start - 1]) {
      case DOLLAR:
        return this.bulk(this.length(start, stop), next);
      case PLUS:
        this.at = next;
        if (stop - start === 2 && buffer[start] === LETTER_O && buffer[start + 1] === LETTER_K) return "OK";
        return buffer.toString("utf8", start, stop);
      case COLON:
        this.at = next;
        return this.integer(start, stop);
      case UNDERLINE:
        this.at = next;
        return null;
      case STAR:
        return this.open("array", this.length(start, stop), next);
      case PERCENT:
        return this.open("map", this.length(start, stop) * 2, next);
      case TILDE:
        return this.open("set", this.length(start, stop), next);
      case COMMA:
        this.at = next;
        return this.double(buffer.latin1Slice(start, stop));
      case HASH:
        this.at = next;
        return buffer[start] === LETTER_T;
      case MINUS:
        this.at = next;
        return new ReplyError(buffer.toString("utf8", start, stop));
      case GREATER:
        // Redis sends one within a reply as well, where it is no element: DEBUG PROTOCOL push in a transaction.
        this.inBytesAround = this.inBytes;
        this.inBytes = true;
        return this.open("push", this.length(start, stop), next);
      case EQUALS:
        return this.text(this.length(start, stop), next, FORMAT_BYTES);
      case BANG: {
        const text = this.text(this.length(start, stop), next, 0);
        return typeof text === "string" ? new ReplyError(text) : text;
      }
      case OPENING:
        this.at = next;
        return this.big(buffer.latin1Slice(start, stop));
      case BAR:
        return this.open("attribute", this.length(start, stop) * 2, next);
      default:
        throw this.error("no kind of reply");
    }
  }

  /** -1: a null of RESP2. */
  private length(start: number, stop: number): number {
    const { buffer } = this;
    let length = 0;
    for (let at = start; at < stop; at++) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) {
        if (stop - start === 2 && buffer[start] === MINUS && buffer[start + 1] === ZERO + 1) return -1;
        throw this.error("no length");
      }
      length = length * 10 + digit;
    }
    if (start === stop || !Number.isSafeInteger(length)) throw this.error("no length");
    return length;
  }

  private integer(start: number, stop: number): number | bigint {
    const { buffer } = this;
    const isNegative = buffer[start] === MINUS;
    if (stop - start > SAFE_DIGITS) {
      const exact = this.big(buffer.latin1Slice(start, stop));
      const number = Number(exact);
      return Number.isSafeInteger(number) ? number : exact;
    }
    const first = isNegative || buffer[start] === PLUS ? start + 1 : start;
    if (first === stop) throw this.error("no integer");
    let value = 0;
    for (let at = first; at < stop; at++) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) throw this.error("no integer");
      value = value * 10 + digit;
    }
    return isNegative && value > 0 ? -value : value;
  }

  private double(text: string): number {
    const value = DOUBLES.get(text) ?? Number(text === "" ? "?" : text);
    if (Number.isNaN(value) && !DOUBLES.has(text)) throw this.error("no double");
    return value;
  }

  private big(text: string): bigint {
    if (!/^[+-]?\d+$/.test(text)) throw this.error("no integer");
    return BigInt(text);
  }

  private bulk(length: number, start: number): unknown {
    if (length < 0 || !this.inBytes) return this.text(length, start, 0);
    const stop = start + length;
    if (!this.isWhole(stop)) return INCOMPLETE;
    this.at = stop + 2;
    const bytes = new Uint8Array(length);
    if (length >= LOOPED_BYTES) bytes.set(this.buffer.subarray(start, stop));
    else for (let at = 0; at < length; at++) bytes[at] = this.buffer[start + at];
    return bytes;
  }

  /** Without its first `skipped` bytes. */
  private text(length: number, start: number, skipped: number): unknown {
    if (length < 0) {
      this.at = start;
      return null;
    }
    const stop = start + length;
    if (!this.isWhole(stop)) return INCOMPLETE;
    this.at = stop + 2;
    return this.buffer.toString("utf8", start + skipped, stop);
  }

  /** Whether all of a string that ends at `stop` is here, and the line break behind it. */
  private isWhole(stop: number): boolean {
    if (stop + 2 > this.end) return false;
    if (this.buffer[stop] !== CR) throw this.error("a string that is longer than its length");
    return true;
  }

  private open(kind: Kind, left: number, next: number): unknown {
    this.at = next;
    if (left < 0) return null;
    if (left === 0) return kind === "attribute" ? OPENED : closed(kind, []);
    this.innermost = new Aggregate(kind, left, this.innermost);
    return OPENED;
  }

  private error(what: string): LinkError {
    const shown = JSON.stringify(this.buffer.latin1Slice(this.at, Math.min(this.end, this.at + 40)));
    return new LinkError(`the server sent ${what} where a reply must be: ${shown}`);
  }
}

function closed(kind: Kind, items: unknown[]): unknown {
  if (kind === "array") return items;
  if (kind === "set") return new Set(items);
  if (kind === "push") return new Push(items);
  const map = new Map<unknown, unknown>();
  for (let at = 0; at < items.length; at += 2) map.set(items[at], items[at + 1]);
  return map;
}
