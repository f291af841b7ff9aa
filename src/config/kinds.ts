/** The types that most directives share: how a value is read, shown by CONFIG GET and written by CONFIG REWRITE. */

import { fromBytes } from "../base/utf8.ts";
import { quoteWord } from "../base/words.ts";
import { InvalidValue } from "./error.ts";
import { formatMemory, INT_MAX, INT64_MAX, parseInteger, parseMemory, parseOctal } from "./numbers.ts";
import type { Surroundings } from "./surroundings.ts";

/** A directive's value in both of its forms. */
export interface Setting<V> {
  /** What the rest of the server reads: a number, a boolean, a path, a list. */
  readonly value: V;
  /** What CONFIG GET answers, as bytes (latin1). Two settings are the same when their texts are. */
  readonly text: string;
}

/** What a value may be read against. */
export interface ParseContext<V> {
  readonly current: Setting<V>;
  /** Whether the same start-up gave this directive before: `save` then adds to what is there. Always false for CONFIG SET. */
  readonly repeated: boolean;
  readonly surroundings: Surroundings;
}

/** One line that CONFIG REWRITE wants in the file: what follows the directive's name. */
export interface RewrittenLine {
  readonly words: string;
  /** Whether to append the line to a file that never named the directive. */
  readonly force: boolean;
}

/** A type of directive. */
export interface Kind<V> {
  /** What a value looks like, for the help: `yes|no`, `0..65535`, `<bytes>`. */
  readonly syntax: string;
  /** Whether a value is any number of words; else it is exactly one. */
  readonly multiArg: boolean;
  /** Reads the words after the directive's name. Throws InvalidValue with Redis's reason. */
  parse(words: readonly string[], context: ParseContext<V>): Setting<V>;
  /** The lines that make a file say `setting`; none takes the directive out of the file. */
  rewrite(setting: Setting<V>, initial: Setting<V>): readonly RewrittenLine[];
}

type Rewrite<V> = Kind<V>["rewrite"];

/** A type whose values are one word each. */
export function oneWord<V>(
  syntax: string,
  parse: (word: string, context: ParseContext<V>) => Setting<V>,
  rewrite: Rewrite<V> = plainLine,
): Kind<V> {
  return { syntax, multiArg: false, parse: ([word], context) => parse(word, context), rewrite };
}

/** A type whose values are any number of words. */
export function manyWords<V>(syntax: string, parse: Kind<V>["parse"], rewrite: Rewrite<V> = plainLine): Kind<V> {
  return { syntax, multiArg: true, parse, rewrite };
}

/** The one line most kinds rewrite to: the text itself, forced into the file when it is not the default. */
function plainLine(setting: Setting<unknown>, initial: Setting<unknown>): readonly RewrittenLine[] {
  return [{ words: setting.text, force: setting.text !== initial.text }];
}

/** As `plainLine`, in quotes. */
export function quotedLine(setting: Setting<unknown>, initial: Setting<unknown>): readonly RewrittenLine[] {
  return [{ words: quoteWord(setting.text), force: setting.text !== initial.text }];
}

/** Checks a string value. Returns null when it will do, else the reason in Redis's words. */
export type Check = (word: string) => string | null;

/** `yes` or `no`, in any case. */
export const bool: Kind<boolean> = oneWord("yes|no", (word) => {
  const text = word.toLowerCase();
  if (text !== "yes" && text !== "no") throw new InvalidValue("argument must be 'yes' or 'no'");
  return { value: text === "yes", text };
});

type Limit = bigint | number;

/** Throws InvalidValue for a value outside of [min, max]. */
function checkRange(value: bigint, min: Limit, max: Limit, radix: 8 | 10 = 10): void {
  if (value >= min && value <= max) return;
  throw new InvalidValue(`argument must be between ${min.toString(radix)} and ${max.toString(radix)} inclusive`);
}

/**
 * A decimal integer in [min, max]. Numbers above 2^53 keep every digit in their text; their value is the nearest double.
 * `cap` pulls accepted values into a narrower range without an error, as Redis does for `hz`.
 */
export function integer(min: Limit, max: Limit, cap?: { readonly min: bigint; readonly max: bigint }): Kind<number> {
  return oneWord(`${min}..${max}`, (word) => {
    let number = parseInteger(word);
    if (number === null) throw new InvalidValue("argument couldn't be parsed into an integer");
    checkRange(number, min, max);
    if (cap !== undefined && number < cap.min) number = cap.min;
    if (cap !== undefined && number > cap.max) number = cap.max;
    return { value: Number(number), text: number.toString() };
  });
}

/** The integers that most directives take: a TCP port, what fits in a C int or a long long, from 0. */
export const port = integer(0, 65535);
export const count = integer(0, INT_MAX);
export const longCount = integer(0, INT64_MAX);

/** An octal number in [0, max], for file modes. */
export function octal(max: number): Kind<number> {
  return oneWord(`0..${max.toString(8)} (octal)`, (word) => {
    const number = parseOctal(word);
    if (number === null) throw new InvalidValue("argument couldn't be parsed as an octal number");
    checkRange(number, 0, max, 8);
    return { value: Number(number), text: number.toString(8) };
  });
}

/** Bytes, with units, in [min, max]; above int64 unsigned, as in Redis. Values below `floor` are raised to it without an error. */
export function memory(min: Limit, max: Limit, floor = 0n): Kind<number> {
  const parse = (word: string): Setting<number> => {
    const parsed = parseMemory(word);
    if (parsed === null) throw new InvalidValue("argument must be a memory value");
    const read = max > INT64_MAX ? parsed : BigInt.asIntN(64, parsed);
    checkRange(read, min, max);
    const number = read < floor ? floor : read;
    return { value: Number(number), text: number.toString() };
  };
  return oneWord("<bytes>", parse, (setting, initial) => [
    { words: formatMemory(BigInt(setting.text)), force: setting.text !== initial.text },
  ]);
}

/** Bytes, with units, without a limit of their own. */
export const bytes = memory(0, INT64_MAX);

/** An amount that is either absolute or a share of another limit. */
export interface Share {
  readonly unit: "bytes" | "percent";
  readonly amount: number;
}

/** Bytes with units, or 0% to 100%. 0% is the same as 0 bytes. */
export const memoryOrPercent = oneWord<Share>(
  "<bytes>|<percent>%",
  (word) => {
    const bytes = parseMemory(word);
    // Redis keeps a percentage as a negative number of bytes, so an amount of 2^63 bytes or more reads as one; it is refused like one.
    const number = bytes === null ? -percentage(word) : BigInt.asIntN(64, bytes);
    if (number < -100n) throw new InvalidValue("percentage argument must be less or equal to 100");
    if (number < 0n) return { value: { unit: "percent", amount: Number(-number) }, text: `${-number}%` };
    return { value: { unit: "bytes", amount: Number(number) }, text: number.toString() };
  },
  ({ value, text }, initial) => {
    const words = value.unit === "percent" ? text : formatMemory(BigInt(text));
    return [{ words, force: text !== initial.text }];
  },
);

function percentage(word: string): bigint {
  const number = word.endsWith("%") ? parseInteger(word.slice(0, -1)) : null;
  if (number === null || number < 0n) throw new InvalidValue("argument must be a memory or percent value");
  return number;
}

function notOneOf(words: readonly string[]): InvalidValue {
  return new InvalidValue(`argument(s) must be one of the following: ${words.join(", ")}`);
}

/** One of `words`, in any case. `synonyms` maps a word to the one it is stored and shown as. */
export function oneOf<const W extends string>(words: readonly W[], synonyms: { readonly [K in W]?: W } = {}): Kind<W> {
  return oneWord(words.join("|"), (word) => {
    const found = words.find((known) => known === word.toLowerCase());
    if (found === undefined) throw notOneOf(words);
    const value = synonyms[found] ?? found;
    return { value, text: value };
  });
}

/** Any number of `words`, in any case and order; `none` is the empty list. `conflict` names two that exclude each other, and why. */
export function someOf<const W extends string>(
  none: string,
  words: readonly W[],
  conflict: { readonly both: readonly [W, W]; readonly reason: string },
): Kind<readonly W[]> {
  return manyWords(`${none}|[${words.join("] [")}]`, (given) => {
    const asked = new Set(given.map((word) => word.toLowerCase()));
    const value = words.filter((word) => asked.delete(word));
    asked.delete(none);
    if (given.length === 0 || asked.size > 0) throw notOneOf([none, ...words]);
    if (conflict.both.every((word) => value.includes(word))) throw new InvalidValue(conflict.reason);
    return { value, text: value.length === 0 ? none : value.join(" ") };
  });
}

/** One word that `check` has nothing against; its value is what `decode` makes of it. */
function stringKind(syntax: string, decode: (bytes: string) => string, unsetWhenEmpty: boolean, check: Check = () => null): Kind<string> {
  const parse = (word: string): Setting<string> => {
    const reason = check(word);
    if (reason !== null) throw new InvalidValue(reason);
    return { value: decode(word), text: word };
  };
  return oneWord(syntax, parse, (setting, initial) => (unsetWhenEmpty && setting.text === "" ? [] : quotedLine(setting, initial)));
}

const asBytes = (bytes: string): string => bytes;

/** Any bytes (latin1); the empty string is a value like others. */
export const text = (check?: Check): Kind<string> => stringKind("<string>", asBytes, false, check);

/** Any bytes (latin1); the empty string means "not set", and CONFIG REWRITE then takes the directive out of the file. */
export const optionalText = (check?: Check): Kind<string> => stringKind("<string>", asBytes, true, check);

/** A file name, UTF-8; its value is an ordinary string for the file system, its text the bytes. */
export const path = (check?: Check): Kind<string> => stringKind("<path>", fromBytes, false, check);

/** A file name; empty means "not set". */
export const optionalPath: Kind<string> = stringKind("<path>", fromBytes, true);
