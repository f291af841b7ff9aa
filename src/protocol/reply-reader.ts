/**
 * Reads what a server answers, as a client has it, out of bytes however these are cut. What becomes of a part of a reply is said by who extends
 * it; nothing else is made of any.
 */

/** What came is no reply; the message has hiredis's words. */
export class ReplyFormatError extends Error {
  override name = "ReplyFormatError";
}

const LF = 0x0a;
const CRLF_BYTES = 2;
/** A line of a reply that is longer than this is none, a status or an error aside, which may be long. */
const LONGEST_LINE = 1024 * 1024;
const PLUS = 0x2b;
const MINUS = 0x2d;

interface Open<V> {
  readonly mark: string;
  readonly items: V[];
  readonly count: number;
}

export abstract class ReplyReader<V> {
  private held: Buffer = Buffer.alloc(0);
  private position = 0;
  /** Pieces that came while `needed` bytes had not. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private needed = 1;
  private open: Open<V>[] = [];

  /** What stands where there is nothing: `$-1`, `*-1`, `_`. */
  protected abstract readonly nil: V;
  /** A reply of one line, or undefined where `mark` begins none. */
  protected abstract line(mark: string, text: string): V | undefined;
  /** The string bytes[from, to); `mark`: `$`, or `=` where it is verbatim. Errors: ReplyFormatError where such do not come. */
  protected abstract string(mark: string, bytes: Buffer, from: number, to: number): V;
  /** How many items each of the elements has that a head counts, or undefined where `mark` begins no aggregate. */
  protected abstract itemsEach(mark: string): number | undefined;
  /** What an aggregate becomes; undefined: nothing, it is passed over. */
  protected abstract aggregate(mark: string, items: V[]): V | undefined;

  /** Takes bytes, which are kept: they may not change afterwards. */
  push(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.pieceBytes += bytes.length;
  }

  /** Returns the next reply that is whole, or undefined. Errors: ReplyFormatError. */
  next(): V | undefined {
    if (!this.gather()) return undefined;
    for (let value = this.value(); value !== undefined; value = this.value()) {
      const whole = this.close(value);
      if (whole !== undefined) return whole;
    }
    return undefined;
  }

  /** Gives up what is not decoded yet: bytes that are no replies. */
  takeRest(): Buffer {
    const rest = Buffer.concat([this.held.subarray(this.position), ...this.pieces]);
    this.held = Buffer.alloc(0);
    this.position = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    this.needed = 1;
    return rest;
  }

  private gather(): boolean {
    if (this.held.length - this.position + this.pieceBytes < this.needed) return false;
    if (this.pieces.length > 0) this.held = Buffer.concat([this.held.subarray(this.position), ...this.pieces]);
    else if (this.position > 0) this.held = this.held.subarray(this.position);
    this.position = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    this.needed = 1;
    return true;
  }

  /** Puts a value where it belongs. Returns it, or what it completes, when nothing is open around that. */
  private close(value: V): V | undefined {
    for (let top = this.open.at(-1); top !== undefined; top = this.open.at(-1)) {
      top.items.push(value);
      if (top.items.length < top.count) return undefined;
      this.open.pop();
      const whole = this.aggregate(top.mark, top.items);
      if (whole === undefined) return undefined;
      value = whole;
    }
    return value;
  }

  /** Returns the next value that holds no others, or undefined when it is not all there. */
  private value(): V | undefined {
    for (;;) {
      const { held, position } = this;
      const newline = held.indexOf(LF, position);
      if (newline < 0) {
        if (held.length - position > LONGEST_LINE && held[position] !== PLUS && held[position] !== MINUS) {
          throw new ReplyFormatError("Protocol error, a line without an end");
        }
        this.needed = held.length - position + 1;
        return undefined;
      }
      const mark = String.fromCharCode(held[position]);
      const text = held.latin1Slice(position + 1, newline - 1);
      const next = newline + 1;
      if (mark === "$" || mark === "=") return this.long(mark, lengthOf(text), next);
      this.position = next;
      const line = this.line(mark, text);
      if (line !== undefined) return line;
      const each = this.itemsEach(mark);
      if (each === undefined) throw new ReplyFormatError(`Protocol error, got ${quoted(mark)} as reply type byte`);
      const count = lengthOf(text) * each;
      if (count < 0) return this.nil;
      if (count > 0) this.open.push({ mark, items: [], count });
      else {
        const empty = this.aggregate(mark, []);
        if (empty !== undefined) return empty;
      }
    }
  }

  private long(mark: string, length: number, from: number): V | undefined {
    if (length < 0) {
      this.position = from;
      return this.nil;
    }
    const end = from + length + CRLF_BYTES;
    if (end > this.held.length) {
      this.needed = end - this.position;
      return undefined;
    }
    this.position = end;
    return this.string(mark, this.held, from, from + length);
  }
}

function lengthOf(text: string): number {
  const length = text === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(length)) throw new ReplyFormatError("Protocol error, a length that is no number");
  return length;
}

function quoted(mark: string): string {
  const code = mark.charCodeAt(0);
  return code >= 0x20 && code < 0x7f ? `"${mark}"` : `"\\x${code.toString(16).padStart(2, "0")}"`;
}
