/**
 * The streaming request parser: RESP arrays and inline commands, split at any byte. A request that lies whole in the chunk is parsed in
 * place; one that does not is collected (input-buffer.ts) and parsed on from where the parser stopped, never from its start again. Hot:
 * one call per request.
 *
 * Limits and error texts are Redis's.
 */

import { splitWords } from "../base/words.ts";
import { fileInteger, fileLineEnd } from "./file-lines.ts";
import type { Frame } from "./frame.ts";
import { ProtocolError, UnexpectedEnd } from "./protocol-error.ts";

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const HASH = 0x23;

/** How many bytes of an inline request, or of a length line, may wait for their end. */
export const INLINE_LIMIT = 64 * 1024;
const MAX_ARGUMENTS = 0x7fffffff;
/** Offsets are 32-bit: no request is longer than this, whatever proto-max-bulk-len says, not even in blocks, which may have to be joined. */
const MAX_REQUEST = 0x7fffffff - 2;
const UNAUTHENTICATED_ARGUMENTS = 10;
const UNAUTHENTICATED_BULK = 16384;

/** What may come where no array begins. */
export const Lines = {
  /** Requests: what people type. */
  REQUESTS: 0,
  /** Nothing but empty lines: a master sends one now and then to show that it is there. */
  EMPTY: 1,
  /** Annotations, which begin with `#` and are passed over. An append-only file: lines end, and lengths are read, as file-lines.ts says. */
  ANNOTATIONS: 2,
} as const;
export type Lines = (typeof Lines)[keyof typeof Lines];

export interface RequestLimits {
  /** proto-max-bulk-len; in a file how many bytes there are still, or more. */
  maxBulk: number;
  /** Whether the client may send more than a login. */
  authenticated: boolean;
  readonly lines: Lines;
}

/** The limits of a master or a file, which are trusted with what no client may send. */
export function trusted(lines: Lines): RequestLimits {
  return { maxBulk: 0x7fffffff, authenticated: true, lines };
}

const NO_WORDS = "a command has no words";
/** An argument of a file that no process could hold: Redis asks for the memory, does not get it, and ends. */
const ADDRESS_SPACE = 2n ** 47n;

/** Which of the lengths in a request: how many arguments, how long the next one, how long it may be before a login. */
type LengthKind = "mbulk" | "bulk" | "login";

export const Parsed = {
  /** `frame` holds a request that ends at frame.end. */
  REQUEST: 0,
  /** Nothing to run, but bytes up to `position` are used up: an empty line, `*0`. */
  NOTHING: 1,
  /** The request is not all there; at least `needed` bytes from its start are. */
  INCOMPLETE: 2,
} as const;
export type Parsed = (typeof Parsed)[keyof typeof Parsed];

/** In place of a bulk's length. */
const BULK_END = -3;

/** The state of a request that is being parsed; reused for one after another. */
export class RequestParser {
  /** Where parsing goes on, or where the next request starts. */
  position = 0;
  /** With INCOMPLETE: how far the buffer must reach before more can be parsed. */
  needed = 0;
  /** Arguments still to come; -1 before the header of a request has been read. */
  remaining = -1;
  /** Length of the bulk whose header has been read, -1 when a header comes next, BULK_END when the line end behind a bulk does. */
  bulk = -1;
  /** How many bytes of this request others took (`bulkTaken`). */
  private taken = 0;
  /** A line or an argument of this request ends in other bytes than CRLF: Redis runs it, but no log or replica may get it as it is. */
  private irregular = false;

  /**
   * Reads the request that starts, or goes on, at `position` in buffer[.., end). The arguments read so far are in `frame` and stay there when the
   * result is INCOMPLETE. Errors: ProtocolError.
   */
  parse(frame: Frame, buffer: Buffer, end: number, limits: RequestLimits): Parsed {
    frame.buffer = buffer;
    frame.keepable = false;
    frame.hashed = false;
    if (this.remaining < 0) {
      frame.start = this.position;
      frame.count = 0;
      this.irregular = false;
      this.taken = 0;
      if (this.position >= end) return this.incomplete(this.position + 1);
      if (buffer[this.position] !== STAR) return this.parseLine(frame, buffer, end, limits.lines);
      const most = limits.authenticated ? MAX_ARGUMENTS : UNAUTHENTICATED_ARGUMENTS;
      const header = usualHeader(buffer, this.position, end, STAR);
      let count = header >>> HEADER_SHIFT;
      if (header === 0 || count > most) count = this.readUnusualLength(buffer, end, limits, "mbulk");
      else this.position += header & HEADER_MASK;
      if (count === INCOMPLETE) return Parsed.INCOMPLETE;
      if (count <= 0) {
        if (limits.lines === Lines.ANNOTATIONS) throw new ProtocolError(NO_WORDS);
        return Parsed.NOTHING;
      }
      this.remaining = count;
    }
    return this.parseArguments(frame, buffer, end, limits);
  }

  private parseArguments(frame: Frame, buffer: Buffer, end: number, limits: RequestLimits): Parsed {
    // Many arguments may get there, each with a length that is all right.
    if (end > MAX_REQUEST - this.taken) throw new ProtocolError("invalid bulk length");
    const longest = limits.authenticated ? limits.maxBulk : Math.min(limits.maxBulk, UNAUTHENTICATED_BULK);
    let remaining = this.remaining;
    let bulk = this.bulk;
    let at = this.position;
    while (remaining > 0) {
      if (bulk === BULK_END) {
        this.needed = at + 2;
        this.position = at;
        if (at + 2 > end) return this.suspend(remaining, bulk);
        if (buffer[at] !== CR || buffer[at + 1] !== LF) this.irregular = true;
        at += 2;
        bulk = -1;
        remaining--;
        continue;
      }
      if (bulk < 0) {
        const header = usualHeader(buffer, at, end, DOLLAR);
        bulk = header >>> HEADER_SHIFT;
        at += header & HEADER_MASK;
        if (header === 0 || bulk > longest) {
          this.position = at - (header & HEADER_MASK);
          bulk = this.readUnusualLength(buffer, end, limits, limits.authenticated ? "bulk" : "login");
          if (bulk === INCOMPLETE) return this.suspend(remaining, -1);
          at = this.position;
        }
      }
      const next = at + bulk + 2;
      if (next > end) {
        this.needed = next;
        this.position = at;
        return this.suspend(remaining, bulk);
      }
      if (buffer[next - 2] !== CR || buffer[next - 1] !== LF) this.irregular = true;
      frame.push(at, bulk);
      at = next;
      bulk = -1;
      remaining--;
    }
    this.position = at;
    this.remaining = -1;
    this.bulk = -1;
    frame.end = at;
    if (this.irregular) this.regularize(frame);
    return Parsed.REQUEST;
  }

  /** The bulk under way was read by another, which put it into the frame: its line end is at `position`. */
  bulkTaken(): void {
    this.taken += this.bulk;
    this.bulk = BULK_END;
    this.needed = this.position + 2;
  }

  /** The bytes ended here: `parse` goes on with this later. */
  private suspend(remaining: number, bulk: number): Parsed {
    this.remaining = remaining;
    this.bulk = bulk;
    return Parsed.INCOMPLETE;
  }

  private regularize(frame: Frame): void {
    this.irregular = false;
    frame.enframe();
  }

  /** Forgets the request under way: the next one starts at `position`. */
  restartAt(position: number): void {
    this.position = position;
    this.needed = 0;
    this.remaining = -1;
    this.bulk = -1;
  }

  private incomplete(needed: number): Parsed {
    this.needed = needed;
    return Parsed.INCOMPLETE;
  }

  /**
   * Reads `<one byte><decimal>\r\n` at `position`, taking its time over a line that is long, not all there or against the rules. Returns
   * the number (-1 for any below 0), or INCOMPLETE.
   */
  private readUnusualLength(buffer: Buffer, end: number, limits: RequestLimits, kind: LengthKind): number {
    if (this.position >= end) {
      this.needed = this.position + 1;
      return INCOMPLETE;
    }
    if (limits.lines === Lines.ANNOTATIONS) return this.readFileLength(buffer, end, limits, kind);
    const cr = findByte(buffer, this.position, end, CR);
    if (cr < 0) {
      if (end - this.position > INLINE_LIMIT)
        throw new ProtocolError(kind === "mbulk" ? "too big mbulk count string" : "too big bulk count string");
      this.needed = end + 1;
      return INCOMPLETE;
    }
    if (cr + 1 >= end) {
      this.needed = cr + 2;
      return INCOMPLETE;
    }
    const mark = buffer[this.position];
    if (kind !== "mbulk" && mark !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(mark)}'`);
    if (buffer[cr + 1] !== LF) this.irregular = true;
    return this.checkedLength(strictInteger(buffer, this.position + 1, cr), cr + 2, limits, kind);
  }

  private checkedLength(value: number, next: number, { maxBulk, authenticated }: RequestLimits, kind: LengthKind): number {
    if (kind === "mbulk") {
      if (!(value <= MAX_ARGUMENTS)) throw new ProtocolError("invalid multibulk length");
      if (!authenticated && value > UNAUTHENTICATED_ARGUMENTS) throw new ProtocolError("unauthenticated multibulk length");
    } else {
      if (!(value >= 0 && value <= maxBulk && value <= MAX_REQUEST - next - this.taken)) throw new ProtocolError("invalid bulk length");
      if (kind === "login" && value > UNAUTHENTICATED_BULK) throw new ProtocolError("unauthenticated bulk length");
    }
    this.position = next;
    return value < 0 ? -1 : value;
  }

  /** Likewise, the line of an append-only file. */
  private readFileLength(buffer: Buffer, end: number, limits: RequestLimits, kind: LengthKind): number {
    const { position } = this;
    const mark = buffer[position];
    if (kind === "bulk" && mark !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(mark)}'`);
    const next = fileLineEnd(buffer, position, end);
    if (next < 0) {
      this.needed = end + 1;
      return INCOMPLETE;
    }
    this.irregular = true;
    const value = fileInteger(buffer, position + 1, next);
    if (kind === "mbulk") {
      const count = Number(BigInt.asIntN(32, value)); // atoi
      if (count < 1) throw new ProtocolError(NO_WORDS);
      this.position = next;
      return count;
    }
    if (value < 0n || value > ADDRESS_SPACE) throw new ProtocolError("invalid bulk length");
    if (value > limits.maxBulk) throw new UnexpectedEnd("an argument is longer than the rest of the file");
    return this.checkedLength(Number(value), next, limits, kind);
  }

  private parseLine(frame: Frame, buffer: Buffer, end: number, lines: Lines): Parsed {
    const first = buffer[this.position];
    if (lines === Lines.REQUESTS) return this.parseInline(frame, buffer, end);
    if (lines === Lines.EMPTY && first !== LF) throw new ProtocolError("Master using the inline protocol. Desync?");
    if (lines === Lines.ANNOTATIONS) return this.parseAnnotation(buffer, end);
    const newline = buffer.subarray(0, end).indexOf(LF, this.position);
    if (newline < 0) return this.incomplete(end + 1);
    this.position = newline + 1;
    return Parsed.NOTHING;
  }

  private parseAnnotation(buffer: Buffer, end: number): Parsed {
    if (buffer[this.position] !== HASH) throw new ProtocolError("a command does not begin with '*'");
    const next = fileLineEnd(buffer, this.position, end);
    if (next < 0) return this.incomplete(end + 1);
    this.position = next;
    return Parsed.NOTHING;
  }

  private parseInline(frame: Frame, buffer: Buffer, end: number): Parsed {
    const plainEnd = plainWords(frame, buffer, this.position, end);
    if (plainEnd >= 0) {
      this.position = plainEnd;
      if (frame.count === 0) return Parsed.NOTHING;
      frame.enframe();
      return Parsed.REQUEST;
    }
    const newline = findByte(buffer, this.position, end, LF);
    if (newline < 0) {
      if (end - this.position > INLINE_LIMIT) throw new ProtocolError("too big inline request");
      return this.incomplete(end + 1);
    }
    const lineEnd = newline > this.position && buffer[newline - 1] === CR ? newline - 1 : newline;
    const words = splitWords(buffer.latin1Slice(this.position, lineEnd));
    if (words === null) throw new ProtocolError("unbalanced quotes in request");
    this.position = newline + 1;
    if (words.length === 0) return Parsed.NOTHING;
    frame.encode(words);
    return Parsed.REQUEST;
  }
}

/** No length: -1 stands for all that are below 0. */
const INCOMPLETE = -2;

/** What `usualHeader` gives: the number, and below it how many bytes the line has. */
const HEADER_SHIFT = 4;
const HEADER_MASK = (1 << HEADER_SHIFT) - 1;
const USUAL_DIGITS = 6;

/**
 * The line `<mark><decimal>\r\n` at buffer[at, end) with a number of up to six digits, as every client sends in practice; 0 for any
 * other. Hot: two numbers in one, so that nothing is stored on the way.
 */
function usualHeader(buffer: Buffer, at: number, end: number, mark: number): number {
  if (at + 4 > end || buffer[at] !== mark) return 0;
  let value = buffer[at + 1] - ZERO;
  if (value < 0 || value > 9) return 0;
  let next = at + 2;
  const stop = Math.min(end - 1, at + 1 + USUAL_DIGITS);
  while (next < stop) {
    const digit = buffer[next] - ZERO;
    if (digit < 0 || digit > 9) break;
    if (value === 0) return 0;
    value = value * 10 + digit;
    next++;
  }
  if (next + 1 >= end || buffer[next] !== CR || buffer[next + 1] !== LF) return 0;
  return (value << HEADER_SHIFT) | (next + 2 - at);
}

/** A line of more bytes is looked at by native code. */
const PLAIN_LINE_BYTES = 256;
const BLANK = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

/**
 * Notes in `frame` the words of the line that starts at buffer[from], where they lie, if it is short and all there and has neither quotes
 * nor control characters. Returns where the next line starts, or -1 for a line of any other kind.
 */
function plainWords(frame: Frame, buffer: Buffer, from: number, end: number): number {
  const stop = Math.min(end, from + PLAIN_LINE_BYTES);
  let word = from;
  frame.count = 0;
  for (let at = from; at < stop; at++) {
    const byte = buffer[at];
    if (byte > BLANK && byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) continue;
    const newline = byte === LF || (byte === CR && at + 1 < stop && buffer[at + 1] === LF);
    if (!newline && byte !== BLANK) break;
    if (at > word) frame.push(word, at - word);
    if (newline) return byte === CR ? at + 2 : at + 1;
    word = at + 1;
  }
  frame.count = 0;
  return -1;
}

/**
 * Where `byte` first is in buffer[from, end), -1 for nowhere. As in Redis, which looks with strchr, nothing is found behind a NUL byte: such a
 * line never ends, and its client meets INLINE_LIMIT. Native, so that a line that comes in drops may be searched again at each of them.
 */
function findByte(buffer: Buffer, from: number, end: number, byte: number): number {
  const at = (end < buffer.length ? buffer.subarray(0, end) : buffer).indexOf(byte, from);
  for (let before = from; before < at; before++) if (buffer[before] === 0) return -1;
  return at;
}

/** The canonical decimal integer in bytes[from, to), NaN when it is none; large ones lose precision and are refused by every limit anyway. */
function strictInteger(bytes: Buffer, from: number, to: number): number {
  const negative = bytes[from] === MINUS;
  const first = negative ? from + 1 : from;
  const length = to - first;
  if (length === 0 || length > 19 || (bytes[first] === ZERO && (length > 1 || negative))) return Number.NaN;
  let value = 0;
  for (let at = first; at < to; at++) {
    if (bytes[at] < ZERO || bytes[at] > NINE) return Number.NaN;
    value = value * 10 + (bytes[at] - ZERO);
  }
  return negative ? -value : value;
}
