/** Arguments of sorted set commands: scores, ranks, and bounds of ranges. The objects they are read into are reused by the next command. */

import { MAX_DOUBLE_BYTES, writeDouble } from "../../base/numbers/doubles.ts";
import { isCommonSpelling, isOpenBound, parseBound, parseDouble } from "../../base/numbers/strtod.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type LexBound, LexEnd, LexRange, RankRange, ScoreRange } from "../../values/sorted-set/zset-range.ts";

const MINUS = 0x2d;
const PLUS = 0x2b;
const OPEN = 0x28;
const CLOSED = 0x5b;

const scratch = Buffer.alloc(MAX_DOUBLE_BYTES);
const scoreRange = new ScoreRange();
const lexRange = new LexRange();

/** Scratch for ranges. */
export const ranks = new RankRange();

/** Returns a score. Errors: `message`, by default "not a valid float". */
export function scoreArgument(call: Call, index: number, message: Error = errors.notFloat): number {
  const { buffer, offsets, lengths } = call.frame;
  const score = parseDouble(buffer, offsets[index], offsets[index] + lengths[index]);
  if (score !== score) throw message;
  if (!isCommonSpelling(buffer, offsets[index], offsets[index] + lengths[index])) call.spell(index, spelling(score));
  return score;
}

function spelling(value: number): string {
  return scratch.latin1Slice(0, writeDouble(scratch, 0, value));
}

/** A range of scores: "5", "(5", "-inf". Errors: min or max is not a float. */
export function scoreRangeArguments(call: Call, min: number, max: number): ScoreRange {
  const range = scoreRange;
  range.minOpen = isOpen(call, min);
  range.min = bound(call, min, range.minOpen);
  range.maxOpen = isOpen(call, max);
  range.max = bound(call, max, range.maxOpen);
  return range;
}

function isOpen({ frame }: Call, index: number): boolean {
  return isOpenBound(frame.buffer, frame.offsets[index], frame.offsets[index] + frame.lengths[index]);
}

function bound(call: Call, index: number, open: boolean): number {
  const { frame } = call;
  const from = frame.offsets[index] + (open ? 1 : 0);
  const to = frame.offsets[index] + frame.lengths[index];
  const value = parseBound(frame.buffer, from, to);
  if (value !== value) throw commandError("ERR min or max is not a float");
  if (!isCommonSpelling(frame.buffer, from, to)) call.spell(index, `${open ? "(" : ""}${spelling(value)}`);
  return value;
}

/** A range of members: "[a", "(a", "-", "+". Errors: min or max not valid string range item. */
export function lexRangeArguments(call: Call, min: number, max: number): LexRange {
  readLexBound(call, min, lexRange.min);
  readLexBound(call, max, lexRange.max);
  return lexRange;
}

function readLexBound({ frame }: Call, index: number, into: LexBound): void {
  const { buffer } = frame;
  const from = frame.offsets[index];
  const length = frame.lengths[index];
  const mark = length === 0 ? 0 : buffer[from];
  into.end = LexEnd.MEMBER;
  into.open = mark === OPEN;
  into.bytes = buffer;
  into.from = from + 1;
  into.to = from + length;
  if (mark === OPEN || mark === CLOSED) return;
  // Redis compares C strings here, which end at a zero byte.
  const isAlone = length === 1 || buffer[from + 1] === 0;
  if (!isAlone || (mark !== MINUS && mark !== PLUS)) throw commandError("ERR min or max not valid string range item");
  into.end = mark === MINUS ? LexEnd.BEFORE_ALL : LexEnd.AFTER_ALL;
}

/** Sets `ranks` to those from `start` to `stop`, inclusive and counted from the end if negative, of a set of `length`. */
export function rankArguments(start: number, stop: number, length: number): void {
  const first = Math.max(start < 0 ? length + start : start, 0);
  const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
  ranks.first = first;
  ranks.end = last < first ? first : last + 1;
}
