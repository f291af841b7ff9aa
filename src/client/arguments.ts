/** What methods of commands are given, and how it becomes words of a request. */

import type { Word } from "./link.ts";

export type Integer = number | bigint;
/** Also as servers write it: "inf", "(1.5". */
export type Double = number | string;
export type OneOrMore<X> = X | readonly X[];
/** An object, a Map, or an array of pairs. */
export type Pairs<Key, Value> = Readonly<Record<string, Value>> | Iterable<readonly [Key, Value]>;

type KeysOf<U> = U extends unknown ? keyof U : never;
type Only<U, All extends PropertyKey> = U extends unknown ? U & { readonly [K in Exclude<All, keyof U>]?: undefined } : never;

/** Has the keys of one member of the union `U`, and none of another. */
export type OneOf<U> = Only<U, KeysOf<U>>;
/** The same, or none of them. */
export type AtMostOne<U> = Only<U, KeysOf<U>> | { readonly [K in KeysOf<U>]?: undefined };
/** All keys of `U`, or none of them. */
export type AllOrNone<U> = U | { readonly [K in keyof U]?: undefined };

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

/** Adds a key and a value for each pair. Returns how many pairs. */
export function addPairs(words: Word[], pairs: Pairs<Word, Word>): number {
  const before = words.length;
  if (isIterable(pairs)) for (const [key, value] of pairs) words.push(key, value);
  else for (const key of Object.keys(pairs)) words.push(key, pairs[key]);
  return (words.length - before) / 2;
}

/** Adds how many pairs there are, then them. */
export function addCountedPairs(words: Word[], pairs: Pairs<Word, Word>): void {
  const at = words.push(0) - 1;
  words[at] = addPairs(words, pairs);
}

/** Adds all keys, then all values. */
export function addColumns(words: Word[], pairs: Pairs<Word, Word>): void {
  const both: Word[] = [];
  addPairs(both, pairs);
  for (let at = 0; at < both.length; at += 2) words.push(both[at]);
  for (let at = 1; at < both.length; at += 2) words.push(both[at]);
}

/** Adds rows of words, one after the other; behind `token`, if there is one. */
export function addRows(words: Word[], rows: Iterable<readonly Word[]>, token = ""): void {
  for (const row of rows) {
    if (token !== "") words.push(token);
    for (const word of row) words.push(word);
  }
}

function isIterable(pairs: Pairs<Word, Word>): pairs is Iterable<readonly [Word, Word]> {
  return Symbol.iterator in pairs;
}
