/**
 * Ids of stream entries: two uint64, milliseconds and sequence number, ordered by the first and then the second. Each is kept as two 32-bit
 * words, because a number is exact to 53 bits only; texts of usual size are read and written through numbers, longer ones through BigInts.
 */

import { MINUS, smallInteger, WORD, writeInteger } from "../../base/bytes.ts";

const WORD_MAX = 0xffffffff;
/** High words below this one are of numbers that are exact. */
const SAFE_HIGH = 2 ** 21;
const UINT64_MAX = 2n ** 64n - 1n;
/** The longest text of an id that Redis looks at. */
const MAX_TEXT = 127;

/** Bytes of an id as a key of Redis's files: both numbers, big-endian. */
export const ID_BYTES = 16;
/** The longest text of an id. */
export const MAX_ID_TEXT = 41;

export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  setWords(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh;
    this.msLow = msLow;
    this.seqHigh = seqHigh;
    this.seqLow = seqLow;
    return this;
  }

  /** Takes two safe integers. */
  set(ms: number, seq: number): this {
    return this.setWords(Math.floor(ms / WORD), ms >>> 0, Math.floor(seq / WORD), seq >>> 0);
  }

  setZero(): this {
    return this.setWords(0, 0, 0, 0);
  }

  setMax(): this {
    return this.setWords(WORD_MAX, WORD_MAX, WORD_MAX, WORD_MAX);
  }

  setMaxSequence(): this {
    return this.setWords(this.msHigh, this.msLow, WORD_MAX, WORD_MAX);
  }

  assign(other: StreamId): this {
    return this.setWords(other.msHigh, other.msLow, other.seqHigh, other.seqLow);
  }

  get isZero(): boolean {
    return this.msHigh === 0 && this.msLow === 0 && this.seqHigh === 0 && this.seqLow === 0;
  }

  get isMax(): boolean {
    return this.msHigh === WORD_MAX && this.msLow === WORD_MAX && this.hasMaxSequence;
  }

  get hasMaxSequence(): boolean {
    return this.seqHigh === WORD_MAX && this.seqLow === WORD_MAX;
  }

  /** Returns negative, 0 or positive. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return this.msHigh - other.msHigh;
    if (this.msLow !== other.msLow) return this.msLow - other.msLow;
    if (this.seqHigh !== other.seqHigh) return this.seqHigh - other.seqHigh;
    return this.seqLow - other.seqLow;
  }

  sameMs(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow;
  }

  /** Adds to the milliseconds an uint64 of these words. */
  addMs(high: number, low: number): void {
    const sum = this.msLow + low;
    this.msLow = sum >>> 0;
    this.msHigh = (this.msHigh + high + (sum > WORD_MAX ? 1 : 0)) >>> 0;
  }

  /** Likewise to the sequence number. */
  addSequence(high: number, low: number): void {
    const sum = this.seqLow + low;
    this.seqLow = sum >>> 0;
    this.seqHigh = (this.seqHigh + high + (sum > WORD_MAX ? 1 : 0)) >>> 0;
  }

  /** Goes to the next id; from the last one to 0-0. Returns whether there was a next one. */
  increment(): boolean {
    this.seqLow = (this.seqLow + 1) >>> 0;
    if (this.seqLow !== 0) return true;
    this.seqHigh = (this.seqHigh + 1) >>> 0;
    if (this.seqHigh !== 0) return true;
    this.msLow = (this.msLow + 1) >>> 0;
    if (this.msLow !== 0) return true;
    this.msHigh = (this.msHigh + 1) >>> 0;
    return this.msHigh !== 0;
  }

  /** Goes to the id before; from 0-0 to the last one. Returns whether there was one before. */
  decrement(): boolean {
    const wasZero = this.isZero;
    if (this.seqLow === 0 && this.seqHigh === 0) {
      if (this.msLow === 0) this.msHigh = (this.msHigh - 1) >>> 0;
      this.msLow = (this.msLow - 1) >>> 0;
    }
    if (this.seqLow === 0) this.seqHigh = (this.seqHigh - 1) >>> 0;
    this.seqLow = (this.seqLow - 1) >>> 0;
    return !wasZero;
  }

  /** Reads the 16 bytes at `at`. */
  read(bytes: Buffer, at: number): this {
    return this.setWords(readWord(bytes, at), readWord(bytes, at + 4), readWord(bytes, at + 8), readWord(bytes, at + 12));
  }

  /** Writes 16 bytes at `at`. */
  write(bytes: Buffer, at: number): void {
    writeWord(bytes, at, this.msHigh);
    writeWord(bytes, at + 4, this.msLow);
    writeWord(bytes, at + 8, this.seqHigh);
    writeWord(bytes, at + 12, this.seqLow);
  }

  /** Returns how this id compares with the one whose 16 bytes are at `at`. */
  compareBytes(bytes: Buffer, at: number): number {
    let difference = this.msHigh - readWord(bytes, at);
    if (difference !== 0) return difference;
    difference = this.msLow - readWord(bytes, at + 4);
    if (difference !== 0) return difference;
    difference = this.seqHigh - readWord(bytes, at + 8);
    return difference !== 0 ? difference : this.seqLow - readWord(bytes, at + 12);
  }

  /** Writes `<ms>-<seq>` at `at`: at most MAX_ID_TEXT bytes. Returns the offset after it. */
  writeText(target: Buffer, at: number): number {
    at = writeUint64(target, at, this.msHigh, this.msLow);
    target[at] = MINUS;
    return writeUint64(target, at + 1, this.seqHigh, this.seqLow);
  }

  toString(): string {
    return `${joined(this.msHigh, this.msLow)}-${joined(this.seqHigh, this.seqLow)}`;
  }
}

/** How a text may spell an id. */
export interface IdForm {
  /** What a text of milliseconds only stands for: the first id of that time, or the last. */
  readonly missing: "first" | "last";
  /** Whether "-" and "+" stand for the first and the last id of all. */
  readonly edges?: boolean;
  /** Whether "<ms>-*" leaves the sequence number open; it is read as 0. */
  readonly openSequence?: boolean;
}

export const STRICT: IdForm = { missing: "first" };

export const IdText = { INVALID: 0, WHOLE: 1, OPEN_SEQUENCE: 2 } as const;
export type IdText = (typeof IdText)[keyof typeof IdText];

/** Reads the id that bytes[from, to) spell into `into`. */
export function parseStreamId(bytes: Buffer, from: number, to: number, into: StreamId, form: IdForm): IdText {
  if (to - from > MAX_TEXT) return IdText.INVALID;
  let dash = from;
  while (dash < to && bytes[dash] !== MINUS) dash++;
  const ms = smallInteger(bytes, from, dash);
  // Not NaN and not negative: digits alone. The rest is as usual, or it is looked at closely.
  if (ms >= 0 && dash < to) {
    const seq = smallInteger(bytes, dash + 1, to);
    if (seq >= 0) {
      into.set(ms, seq);
      return IdText.WHOLE;
    }
  }
  // A text of C ends at its first zero byte.
  return parseClosely(bytes.latin1Slice(from, to).split("\0", 1)[0], into, form);
}

function parseClosely(text: string, into: StreamId, { missing, edges, openSequence }: IdForm): IdText {
  if (text === "-" || text === "+") {
    if (!edges) return IdText.INVALID;
    if (text === "-") into.setZero();
    else into.setMax();
    return IdText.WHOLE;
  }
  const dash = text.indexOf("-");
  const ms = parseUint64(dash < 0 ? text : text.slice(0, dash));
  if (ms === null) return IdText.INVALID;
  into.setWords(Number(ms >> 32n), Number(ms & 0xffffffffn), 0, 0);
  if (dash < 0) {
    if (missing === "last") into.setMaxSequence();
    return IdText.WHOLE;
  }
  const rest = text.slice(dash + 1);
  if (openSequence && rest === "*") return IdText.OPEN_SEQUENCE;
  const seq = parseUint64(rest);
  if (seq === null) return IdText.INVALID;
  into.seqHigh = Number(seq >> 32n);
  into.seqLow = Number(seq & 0xffffffffn);
  return IdText.WHOLE;
}

/** What C's strtoull makes of a text, as Redis's string2ull asks it: blanks in front, a sign and leading zeros pass, but no plain negative number. */
function parseUint64(text: string): bigint | null {
  const found = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text);
  if (found === null) return null;
  const value = BigInt(found[2]);
  if (value > UINT64_MAX) return null;
  if (found[1] !== "-") return value;
  const canonical = value > 0n && text === `-${value}` && value <= 2n ** 63n;
  return canonical ? null : BigInt.asUintN(64, -value);
}

function joined(high: number, low: number): number | bigint {
  return high < SAFE_HIGH ? high * WORD + low : (BigInt(high) << 32n) | BigInt(low);
}

function writeUint64(target: Buffer, at: number, high: number, low: number): number {
  if (high < SAFE_HIGH) return writeInteger(target, at, high * WORD + low);
  return at + target.latin1Write(joined(high, low).toString(), at);
}

/** A 32-bit word, big-endian. */
export function readWord(bytes: Buffer, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function writeWord(bytes: Buffer, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
