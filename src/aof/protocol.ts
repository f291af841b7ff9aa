/** Commands as they stand in a file: arrays of bulk strings. Hot: called for every element of a base file that is written as commands. */

import { integerLength, writeInteger } from "../base/bytes.ts";
import { MAX_DOUBLE_BYTES, writeDouble } from "../base/numbers/doubles.ts";
import type { Element } from "../memory/packed.ts";

/** Where the bytes of commands go. `raw` must use bytes[from, to) up or copy them. */
export interface CommandBytes {
  raw(bytes: Buffer, from: number, to: number): void;
}

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END = Buffer.of(CR, LF);

/** The longest line: a mark, 16 digits, CRLF. */
const line = Buffer.alloc(24);
const digits = Buffer.alloc(MAX_DOUBLE_BYTES);

function header(out: CommandBytes, mark: number, count: number): void {
  line[0] = mark;
  const end = writeInteger(line, 1, count);
  line[end] = CR;
  line[end + 1] = LF;
  out.raw(line, 0, end + 2);
}

/** A command of so many words begins. */
export function writeWords(out: CommandBytes, count: number): void {
  header(out, STAR, count);
}

/** The word bytes[from, to). */
export function writeWord(out: CommandBytes, bytes: Buffer, from: number, to: number): void {
  header(out, DOLLAR, to - from);
  out.raw(bytes, from, to);
  out.raw(LINE_END, 0, 2);
}

/** A word of so many bytes begins; they follow, and then `endLongWord`. */
export function beginLongWord(out: CommandBytes, length: number): void {
  header(out, DOLLAR, length);
}

export function endLongWord(out: CommandBytes): void {
  out.raw(LINE_END, 0, 2);
}

export function writeElement(out: CommandBytes, { bytes, from, to }: Element): void {
  writeWord(out, bytes, from, to);
}

/** A word that is text of one byte a character. */
export function writeText(out: CommandBytes, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  writeWord(out, bytes, 0, bytes.length);
}

/** A safe integer. */
export function writeNumber(out: CommandBytes, value: number): void {
  header(out, DOLLAR, integerLength(value));
  out.raw(digits, 0, writeInteger(digits, 0, value));
  out.raw(LINE_END, 0, 2);
}

/** A score: the shortest text that reads back as the same number. */
export function writeScore(out: CommandBytes, value: number): void {
  const end = writeDouble(digits, 0, value);
  writeWord(out, digits, 0, end);
}
