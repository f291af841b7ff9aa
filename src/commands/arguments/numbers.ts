/** Numbers and words in arguments: counts, indexes, increments, choices, and how many elements random commands are asked for. */

import { parseInt64, smallInteger } from "../../base/bytes.ts";
import { MAX_FIXED_BYTES } from "../../base/numbers/fixed-point.ts";
import { addLongDoubles, formatLongDouble, MAX_LONG_DOUBLE_BYTES, parseLongDouble } from "../../base/numbers/longdouble.ts";
import { writeShortSum } from "../../base/numbers/short-decimal.ts";
import { type CommandError, commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";

const LONG_MAX = 9223372036854775807n;
export const numkeysError = commandError("ERR numkeys should be greater than 0");
export const negativeLimit = commandError("ERR LIMIT can't be negative");
const rangeError = commandError("ERR value is out of range");

/** Returns an int64 as a number, the nearest one beyond 2^53: exact enough for indexes and counts, which no value reaches. Errors: not an integer. */
export function longArgument(call: Call, index: number): number {
  return call.integer(index, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
}

/** The same, but at least `min`. Errors: `error` if it is less or not an integer. */
export function longAtLeast(call: Call, index: number, min: number, error: Error): number {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  let value = smallInteger(buffer, from, to);
  if (value !== value) value = Number(parseInt64(buffer, from, to) ?? Number.NaN);
  if (!(value >= min)) throw error;
  return value;
}

/** Returns an int64. Errors: `message` if it is none. */
export function int64Or({ frame }: Call, index: number, message: string): bigint {
  const value = parseInt64(frame.buffer, frame.offsets[index], frame.offsets[index] + frame.lengths[index]);
  if (value === null) throw commandError(message);
  return value;
}

/** Returns what the word in argument `index` stands for, in any case; undefined if it is none of these lower case words. Allocates nothing. */
export function meaningOf<Meaning>(call: Call, index: number, words: Readonly<Record<string, Meaning>>): Meaning | undefined {
  for (const word in words) if (call.is(index, word)) return words[word];
  return undefined;
}

/** The same where it must be one of them. Errors: `error` if it is none. */
export function choice<Meaning>(
  call: Call,
  index: number,
  words: Readonly<Record<string, Meaning>>,
  error: Error = errors.syntax,
): Meaning {
  const meaning = meaningOf(call, index, words);
  if (meaning === undefined) throw error;
  return meaning;
}

/** Returns the words from argument `first` on, in lower case. */
export function wordSet(call: Call, first: number): Set<string> {
  const words = new Set<string>();
  for (let index = first; index < call.count; index++) words.add(call.text(index).toLowerCase());
  return words;
}

export function wrongCount(call: Call): CommandError {
  return commandError(`ERR wrong number of arguments for '${call.entry.fullName}' command`);
}

/** Where `addFloat` leaves the sum. */
export const SUM = Buffer.alloc(Math.max(MAX_FIXED_BYTES, MAX_LONG_DOUBLE_BYTES));

/**
 * Adds argument `index` to the number that bytes[from, to) spell and writes the sum to SUM. Returns its length. Errors: `malformed` if the
 * bytes are no number; the argument is none; the sum is not finite.
 */
export function addFloat({ frame }: Call, index: number, bytes: Buffer, from: number, to: number, malformed: Error): number {
  const start = frame.offsets[index];
  const size = writeShortSum(SUM, bytes, from, to, frame.buffer, start, start + frame.lengths[index]);
  if (size !== 0) return size;
  const value = parseLongDouble(bytes.latin1Slice(from, to));
  if (value === null) throw malformed;
  const increment = parseLongDouble(frame.text(index));
  if (increment === null) throw errors.notFloat;
  const sum = addLongDoubles(value, increment);
  if (sum === null) throw commandError("ERR increment would produce NaN or Infinity");
  return SUM.latin1Write(formatLongDouble(sum));
}

/**
 * Returns the count, in argument 2, of HRANDFIELD, SRANDMEMBER or ZRANDMEMBER: that many distinct elements, or that many draws if it is
 * negative. Argument 3, if there is one, must be `word`, which doubles the reply. Errors: not an integer, out of range, syntax.
 */
export function sampleSize(call: Call, word: string): bigint {
  const wanted = call.int64(2);
  if (wanted < -LONG_MAX) throw commandError(`ERR value is out of range, value must between ${-LONG_MAX} and ${LONG_MAX}`);
  if (call.count === 3) return wanted;
  if (call.count > 4 || !call.is(3, word)) throw errors.syntax;
  if (wanted < -LONG_MAX / 2n || wanted > LONG_MAX / 2n) throw rangeError;
  return wanted;
}
