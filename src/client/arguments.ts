/** What methods of commands are given, and how it becomes words of a request. */

import { kindOf } from "../base/word-error.ts";
import { knownOptions, requireKnown } from "./known-options.ts";
import type { Word } from "./link.ts";

export type Integer = number | bigint;
/** Also as servers write it: "inf", "(1.5". */
export type Double = number | string;
export type OneOrMore<X> = X | readonly X[];
/** An object (of any interface `Data` whose fields are values), a Map, or an array of pairs. */
export type Pairs<Key, Value, Data = Record<string, Value>> =
  | Iterable<readonly [Key, Value]>
  | (object & { readonly [Field in Extract<keyof Data, string | number>]: Value });
/** How far a stream is trimmed: just so far, or so far as costs little, with at most `limit` entries looked at. */
export type Threshold<X> = X | { readonly approximately: X; readonly limit?: Integer | undefined };

type KeysOf<U> = U extends unknown ? keyof U : never;
type Only<U, All extends PropertyKey> = U extends unknown ? U & { readonly [K in Exclude<All, keyof U>]?: undefined } : never;

/** Has the keys of one member of the union `U`, and none of another. */
export type OneOf<U> = Only<U, KeysOf<U>>;
/** The same, or none of them. */
export type AtMostOne<U> = Only<U, KeysOf<U>> | { readonly [K in KeysOf<U>]?: undefined };
/** All keys of `U`, or none of them. */
export type AllOrNone<U> = U | { readonly [K in keyof U]?: undefined };
/** Has only keys of `All`. */
export type Exactly<Options, All> = Options & { readonly [K in Exclude<keyof Options, KeysOf<All>>]: never };

function isList<X>(value: OneOrMore<X>): value is readonly X[] {
  return Array.isArray(value);
}

export function listOf<X>(value: OneOrMore<X>): readonly X[] {
  return isList(value) ? value : [value];
}

export function isWord(value: unknown): value is Word {
  return typeof value !== "object" || value instanceof Uint8Array;
}

/** Adds one word, or several. */
export function addAll(words: Word[], values: OneOrMore<Word>): void {
  if (isList(values)) for (const value of values) words.push(value);
  else words.push(values);
}

/** Adds a token and a word, once for each. */
export function addEach(words: Word[], token: string, values: OneOrMore<Word>): void {
  for (const value of listOf(values)) words.push(token, value);
}

/** Adds how many there are, then them. */
export function addCounted(words: Word[], values: OneOrMore<Word>): void {
  words.push(isList(values) ? values.length : 1);
  addAll(words, values);
}

/** Adds a key and a value for each pair. Returns how many pairs. Errors: TypeError. */
export function addPairs(words: Word[], pairs: object): number {
  const before = words.length;
  if (typeof pairs !== "object" || pairs === null || pairs instanceof Uint8Array) throw noPairs(words, before, pairs);
  if (isIterable(pairs)) {
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) throw noPairs(words, before, [pair]);
      words.push(pair[0], pair[1]);
    }
  } else for (const key of Object.keys(pairs)) words.push(key, (pairs as Readonly<Record<string, Word>>)[key]);
  return (words.length - before) / 2;
}

/** Adds how many pairs there are, then them. */
export function addCountedPairs(words: Word[], pairs: object): void {
  const at = words.push(0) - 1;
  words[at] = addPairs(words, pairs);
}

/** Adds all keys, then all values. Errors: TypeError. */
export function addColumns(words: Word[], pairs: object): void {
  const both: Word[] = [words[0]];
  addPairs(both, pairs);
  for (let at = 1; at < both.length; at += 2) words.push(both[at]);
  for (let at = 2; at < both.length; at += 2) words.push(both[at]);
}

/** Adds rows of words, one after the other; behind `token`, if there is one. `names`: of what is in a row. Errors: TypeError. */
export function addRows(words: Word[], rows: Iterable<readonly Word[]>, names: string, token = ""): void {
  const at = words.length;
  if (!isIterable(rows)) throw noRows(words, at, rows, names);
  for (const row of rows) {
    if (!Array.isArray(row)) throw noRows(words, at, [row], names);
    if (token !== "") words.push(token);
    for (const word of row) words.push(word);
  }
}

const THRESHOLD = knownOptions<Exclude<Threshold<Word>, Word>>("the threshold of a stream", { approximately: true, limit: true });

/** Adds how far a stream is trimmed. Errors: TypeError. */
export function addThreshold(words: Word[], token: string, threshold: Threshold<Word>): void {
  words.push(token);
  if (isWord(threshold)) words.push(threshold);
  else {
    requireKnown(threshold, THRESHOLD);
    words.push("~", threshold.approximately);
    if (threshold.limit !== undefined) words.push("LIMIT", threshold.limit);
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value && !(value instanceof Uint8Array);
}

function noPairs(words: readonly Word[], at: number, value: unknown): TypeError {
  return notSo(words, at, value, "an object, a Map or an array of pairs");
}

function noRows(words: readonly Word[], at: number, value: unknown, names: string): TypeError {
  return notSo(words, at, value, `an array of arrays, each [${names}]`);
}

function notSo(words: readonly Word[], at: number, value: unknown, wanted: string): TypeError {
  const kind = Array.isArray(value) ? `an array with ${kindOf(value[0])} in it` : kindOf(value);
  return new TypeError(`${words[0]}: argument ${at} must be ${wanted}, and is ${kind}`);
}
