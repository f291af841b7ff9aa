/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCountedPairs, addPairs, type AtMostOne, type Double, type Exactly, type Integer, type OneOrMore, type Pairs } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { each, named, record, type IfOption, type Joined } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { StreamCommands } from "./stream.ts";

export type DelexOptions = AtMostOne<{ ifEq?: Word | undefined } | { ifNe?: Word | undefined } | { ifDeq?: Word | undefined } | { ifDne?: Word | undefined }>;

const DELEX_OPTIONS = knownOptions("DELEX", { ifEq: true, ifNe: true, ifDeq: true, ifDne: true });

export type GetexOptions = AtMostOne<{ ex?: Integer | undefined } | { px?: Integer | undefined } | { exAt?: Integer | undefined } | { pxAt?: Integer | undefined } | { persist?: boolean | undefined }>;

const GETEX_OPTIONS = knownOptions("GETEX", { ex: true, px: true, exAt: true, pxAt: true, persist: true });

export type LcsOptions = {
  len?: boolean | undefined;
  idx?: boolean | undefined;
  minMatchLen?: Integer | undefined;
  withMatchLen?: boolean | undefined;
};

const LCS_OPTIONS = knownOptions("LCS", { len: true, idx: true, minMatchLen: true, withMatchLen: true });

export type MsetexOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined }> &
  AtMostOne<{ ex?: Integer | undefined } | { px?: Integer | undefined } | { exAt?: Integer | undefined } | { pxAt?: Integer | undefined } | { keepTtl?: boolean | undefined }>;

const MSETEX_OPTIONS = knownOptions("MSETEX", { nx: true, xx: true, ex: true, px: true, exAt: true, pxAt: true, keepTtl: true });

export type SetOptions = {
  get?: boolean | undefined;
} &
  AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { ifEq?: Word | undefined } | { ifNe?: Word | undefined } | { ifDeq?: Word | undefined } | { ifDne?: Word | undefined }> &
  AtMostOne<{ ex?: Integer | undefined } | { px?: Integer | undefined } | { exAt?: Integer | undefined } | { pxAt?: Integer | undefined } | { keepTtl?: boolean | undefined }>;

const SET_OPTIONS = knownOptions("SET", { nx: true, xx: true, ifEq: true, ifNe: true, ifDeq: true, ifDne: true, get: true, ex: true, px: true, exAt: true, pxAt: true, keepTtl: true });

/** Commands of the group "string", and of those before it. */
export abstract class StringCommands<M extends Mode> extends StreamCommands<M> {
  /** Appends a string to the value of a key. Creates the key if it doesn't exist. Since 2.0.0. */
  append(key: Word, value: Word): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("APPEND", arguments.length, 2);
    return this.run(["APPEND", key, value]);
  }

  /** Decrements the integer value of a key by one. A key that doesn't exist counts as 0. Since 1.0.0. */
  decr(key: Word): Answer<M, number | bigint> {
    if (arguments.length > 1) throw tooMany("DECR", arguments.length, 1);
    return this.run(["DECR", key]);
  }

  /** Decrements the integer value of a key by a number. A key that doesn't exist counts as 0. Since 1.0.0. */
  decrby(key: Word, decrement: Integer): Answer<M, number | bigint> {
    if (arguments.length > 2) throw tooMany("DECRBY", arguments.length, 2);
    return this.run(["DECRBY", key, decrement]);
  }

  /** Deletes a key, with a condition only if its string value or the digest of that meets it. Since 8.4.0. */
  delex(key: Word, options?: DelexOptions): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("DELEX", arguments.length, 2);
    const words: Word[] = ["DELEX", key];
    if (options !== undefined) {
      requireKnown(options, DELEX_OPTIONS);
      if (options.ifEq !== undefined) words.push("IFEQ", options.ifEq);
      if (options.ifNe !== undefined) words.push("IFNE", options.ifNe);
      if (options.ifDeq !== undefined) words.push("IFDEQ", options.ifDeq);
      if (options.ifDne !== undefined) words.push("IFDNE", options.ifDne);
    }
    return this.run(words);
  }

  /** Deletes a key if its string value is equal to a value. A command of Valkey's. Since 9.0.0. */
  delifeq(key: Word, value: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("DELIFEQ", arguments.length, 2);
    return this.run(["DELIFEQ", key, value]);
  }

  /** Returns the XXH3 hash of the string value of a key in hexadecimal digits. Since 8.4.0. */
  digest(key: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 1) throw tooMany("DIGEST", arguments.length, 1);
    return this.run(["DIGEST", key]);
  }

  /** Returns the string value of a key. Since 1.0.0. */
  get(key: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 1) throw tooMany("GET", arguments.length, 1);
    return this.run(["GET", key]);
  }

  /** Returns the string value of a key and deletes the key. Since 6.2.0. */
  getdel(key: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 1) throw tooMany("GETDEL", arguments.length, 1);
    return this.run(["GETDEL", key]);
  }

  /** Returns the string value of a key and sets or removes its expiration. Since 6.2.0. */
  getex(key: Word, options?: GetexOptions): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("GETEX", arguments.length, 2);
    const words: Word[] = ["GETEX", key];
    if (options !== undefined) {
      requireKnown(options, GETEX_OPTIONS);
      if (options.ex !== undefined) words.push("EX", options.ex);
      if (options.px !== undefined) words.push("PX", options.px);
      if (options.exAt !== undefined) words.push("EXAT", options.exAt);
      if (options.pxAt !== undefined) words.push("PXAT", options.pxAt);
      if (options.persist) words.push("PERSIST");
    }
    return this.run(words);
  }

  /** Returns a substring of the string value of a key. Since 2.4.0. */
  getrange(key: Word, start: Integer, end: Integer): Answer<M, Text<M>> {
    if (arguments.length > 3) throw tooMany("GETRANGE", arguments.length, 3);
    return this.run(["GETRANGE", key, start, end]);
  }

  /**
   * Sets the string value of a key and returns its old value. Since 1.0.0.
   *
   * @deprecated since 6.2.0: SET with GET
   */
  getset(key: Word, value: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("GETSET", arguments.length, 2);
    return this.run(["GETSET", key, value]);
  }

  /** Increments the integer value of a key by one. A key that doesn't exist counts as 0. Since 1.0.0. */
  incr(key: Word): Answer<M, number | bigint> {
    if (arguments.length > 1) throw tooMany("INCR", arguments.length, 1);
    return this.run(["INCR", key]);
  }

  /** Increments the integer value of a key by a number. A key that doesn't exist counts as 0. Since 1.0.0. */
  incrby(key: Word, increment: Integer): Answer<M, number | bigint> {
    if (arguments.length > 2) throw tooMany("INCRBY", arguments.length, 2);
    return this.run(["INCRBY", key, increment]);
  }

  /** Increments the floating-point value of a key by a number. A key that doesn't exist counts as 0. Since 2.6.0. */
  incrbyfloat(key: Word, increment: Double): Answer<M, Text<M>> {
    if (arguments.length > 2) throw tooMany("INCRBYFLOAT", arguments.length, 2);
    return this.run(["INCRBYFLOAT", key, increment]);
  }

  /** Finds the longest common subsequence of two strings. Since 7.0.0. */
  lcs<O extends LcsOptions>(key1: Word, key2: Word, options: Exactly<O, LcsOptions> & { idx: true }): Answer<M, { matches: Joined<{ first: [number, number] } & { second: [number, number] } & IfOption<O, "withMatchLen", { length: number }>>[]; len: number }>;
  lcs(key1: Word, key2: Word, options: LcsOptions & { len: true }): Answer<M, number>;
  lcs(key1: Word, key2: Word, options?: LcsOptions & { len?: false | undefined } & { idx?: false | undefined }): Answer<M, Text<M>>;
  lcs(key1: Word, key2: Word, options?: LcsOptions): Answer<M, Text<M> | number | { matches: { first: [number, number]; second: [number, number]; length?: number }[]; len: number }>;
  lcs(key1: Word, key2: Word, options?: LcsOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("LCS", arguments.length, 3);
    const words: Word[] = ["LCS", key1, key2];
    if (options !== undefined) {
      requireKnown(options, LCS_OPTIONS);
      if (options.len) words.push("LEN");
      if (options.idx) words.push("IDX");
      if (options.minMatchLen !== undefined) words.push("MINMATCHLEN", options.minMatchLen);
      if (options.withMatchLen) words.push("WITHMATCHLEN");
    }
    let convert: Convert | undefined;
    if (options?.len) convert = undefined;
    if (options?.idx) convert = record({ "matches": each(named(["first", "second", options?.withMatchLen && "length"])) });
    return this.run(words, convert);
  }

  /** Returns the string values of several keys. Since 1.0.0. */
  mget(keys: OneOrMore<Word>): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 1) throw tooMany("MGET", arguments.length, 1);
    const words: Word[] = ["MGET"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Sets the string values of several keys, all at once. Since 1.0.1. */
  mset<D extends Pairs<Word, Word, D>>(data: D): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("MSET", arguments.length, 1);
    const words: Word[] = ["MSET"];
    addPairs(words, data);
    return this.run(words);
  }

  /** Sets the string values of several keys and one expiration for all of them, all at once. Since 8.4.0. */
  msetex<D extends Pairs<Word, Word, D>>(data: D, options?: MsetexOptions): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("MSETEX", arguments.length, 2);
    const words: Word[] = ["MSETEX"];
    if (options !== undefined) requireKnown(options, MSETEX_OPTIONS);
    addCountedPairs(words, data);
    if (options !== undefined) {
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.ex !== undefined) words.push("EX", options.ex);
      if (options.px !== undefined) words.push("PX", options.px);
      if (options.exAt !== undefined) words.push("EXAT", options.exAt);
      if (options.pxAt !== undefined) words.push("PXAT", options.pxAt);
      if (options.keepTtl) words.push("KEEPTTL");
    }
    return this.run(words);
  }

  /** Sets the string values of several keys, only if none of them exists. Since 1.0.1. */
  msetnx<D extends Pairs<Word, Word, D>>(data: D): Answer<M, 0 | 1> {
    if (arguments.length > 1) throw tooMany("MSETNX", arguments.length, 1);
    const words: Word[] = ["MSETNX"];
    addPairs(words, data);
    return this.run(words);
  }

  /**
   * Sets the string value of a key and its expiration in milliseconds. Since 2.6.0.
   *
   * @deprecated since 2.6.12: SET with PX
   */
  psetex(key: Word, milliseconds: Integer, value: Word): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("PSETEX", arguments.length, 3);
    return this.run(["PSETEX", key, milliseconds, value]);
  }

  /** Sets the string value of a key, whatever its type was. Creates the key if it doesn't exist. Since 1.0.0. */
  set(key: Word, value: Word, options: SetOptions & { get: true }): Answer<M, Text<M> | null>;
  set(key: Word, value: Word, options: SetOptions & ({ nx: true } | { xx: true } | { ifEq: Word } | { ifNe: Word } | { ifDeq: Word } | { ifDne: Word })): Answer<M, "OK" | null>;
  set(key: Word, value: Word, options?: SetOptions & { nx?: false | undefined; xx?: false | undefined; ifEq?: undefined; ifNe?: undefined; ifDeq?: undefined; ifDne?: undefined } & { get?: false | undefined }): Answer<M, "OK">;
  set(key: Word, value: Word, options?: SetOptions): Answer<M, "OK" | null | Text<M>>;
  set(key: Word, value: Word, options?: SetOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("SET", arguments.length, 3);
    const words: Word[] = ["SET", key, value];
    if (options !== undefined) {
      requireKnown(options, SET_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.ifEq !== undefined) words.push("IFEQ", options.ifEq);
      if (options.ifNe !== undefined) words.push("IFNE", options.ifNe);
      if (options.ifDeq !== undefined) words.push("IFDEQ", options.ifDeq);
      if (options.ifDne !== undefined) words.push("IFDNE", options.ifDne);
      if (options.get) words.push("GET");
      if (options.ex !== undefined) words.push("EX", options.ex);
      if (options.px !== undefined) words.push("PX", options.px);
      if (options.exAt !== undefined) words.push("EXAT", options.exAt);
      if (options.pxAt !== undefined) words.push("PXAT", options.pxAt);
      if (options.keepTtl) words.push("KEEPTTL");
    }
    return this.run(words);
  }

  /**
   * Sets the string value of a key and its expiration in seconds. Since 2.0.0.
   *
   * @deprecated since 2.6.12: SET with EX
   */
  setex(key: Word, seconds: Integer, value: Word): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("SETEX", arguments.length, 3);
    return this.run(["SETEX", key, seconds, value]);
  }

  /**
   * Sets the string value of a key only if the key doesn't exist. Since 1.0.0.
   *
   * @deprecated since 2.6.12: SET with NX
   */
  setnx(key: Word, value: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("SETNX", arguments.length, 2);
    return this.run(["SETNX", key, value]);
  }

  /** Overwrites a part of a string at an offset. Creates the key if it doesn't exist. Since 2.2.0. */
  setrange(key: Word, offset: Integer, value: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("SETRANGE", arguments.length, 3);
    return this.run(["SETRANGE", key, offset, value]);
  }

  /** Returns the length of the string value of a key. Since 2.2.0. */
  strlen(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("STRLEN", arguments.length, 1);
    return this.run(["STRLEN", key]);
  }

  /**
   * Returns a substring of the string value of a key. Since 1.0.0.
   *
   * @deprecated since 2.0.0: GETRANGE
   */
  substr(key: Word, start: Integer, end: Integer): Answer<M, Text<M>> {
    if (arguments.length > 3) throw tooMany("SUBSTR", arguments.length, 3);
    return this.run(["SUBSTR", key, start, end]);
  }
}
