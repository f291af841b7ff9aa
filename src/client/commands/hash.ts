/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, addCountedPairs, addPairs, type AtMostOne, type Double, type Integer, type OneOrMore, type Pairs } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { fields, tuple, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { GeoCommands } from "./geo.ts";

export type HexpireOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const HEXPIRE_OPTIONS = knownOptions("HEXPIRE", { nx: true, xx: true, gt: true, lt: true });

export type HexpireatOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const HEXPIREAT_OPTIONS = knownOptions("HEXPIREAT", { nx: true, xx: true, gt: true, lt: true });

export type HgetexOptions = AtMostOne<{ ex?: Integer | undefined } | { px?: Integer | undefined } | { exAt?: Integer | undefined } | { pxAt?: Integer | undefined } | { persist?: boolean | undefined }>;

const HGETEX_OPTIONS = knownOptions("HGETEX", { ex: true, px: true, exAt: true, pxAt: true, persist: true });

export type HpexpireOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const HPEXPIRE_OPTIONS = knownOptions("HPEXPIRE", { nx: true, xx: true, gt: true, lt: true });

export type HpexpireatOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const HPEXPIREAT_OPTIONS = knownOptions("HPEXPIREAT", { nx: true, xx: true, gt: true, lt: true });

export type HrandfieldOptions = {
  withValues?: boolean | undefined;
};

const HRANDFIELD_OPTIONS = knownOptions("HRANDFIELD", { withValues: true });

export type HscanOptions = {
  match?: Word | undefined;
  count?: Integer | undefined;
  noValues?: boolean | undefined;
};

const HSCAN_OPTIONS = knownOptions("HSCAN", { match: true, count: true, noValues: true });

export type HsetexOptions = AtMostOne<{ fnx?: boolean | undefined } | { fxx?: boolean | undefined }> &
  AtMostOne<{ ex?: Integer | undefined } | { px?: Integer | undefined } | { exAt?: Integer | undefined } | { pxAt?: Integer | undefined } | { keepTtl?: boolean | undefined }>;

const HSETEX_OPTIONS = knownOptions("HSETEX", { fnx: true, fxx: true, ex: true, px: true, exAt: true, pxAt: true, keepTtl: true });

/** Commands of the group "hash", and of those before it. */
export abstract class HashCommands<M extends Mode> extends GeoCommands<M> {
  /** Deletes fields of a hash. Deletes the hash if no fields remain. Since 2.0.0. */
  hdel(key: Word, fields: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("HDEL", arguments.length, 2);
    const words: Word[] = ["HDEL", key];
    addAll(words, fields);
    return this.run(words);
  }

  /** Determines whether a hash has a field. Since 2.0.0. */
  hexists(key: Word, field: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("HEXISTS", arguments.length, 2);
    return this.run(["HEXISTS", key, field]);
  }

  /** Sets the expiration of fields of a hash in seconds. Since 7.4.0. */
  hexpire(key: Word, seconds: Integer, fields: OneOrMore<Word>, options?: HexpireOptions): Answer<M, (-2 | 0 | 1 | 2)[]> {
    if (arguments.length > 4) throw tooMany("HEXPIRE", arguments.length, 4);
    const words: Word[] = ["HEXPIRE", key, seconds];
    if (options !== undefined) {
      requireKnown(options, HEXPIRE_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    words.push("FIELDS");
    addCounted(words, fields);
    return this.run(words);
  }

  /** Sets the expiration of fields of a hash to a Unix time in seconds. Since 7.4.0. */
  hexpireat(key: Word, unixTimeSeconds: Integer, fields: OneOrMore<Word>, options?: HexpireatOptions): Answer<M, (-2 | 0 | 1 | 2)[]> {
    if (arguments.length > 4) throw tooMany("HEXPIREAT", arguments.length, 4);
    const words: Word[] = ["HEXPIREAT", key, unixTimeSeconds];
    if (options !== undefined) {
      requireKnown(options, HEXPIREAT_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    words.push("FIELDS");
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns the expiration of fields of a hash as a Unix time in seconds. Since 7.4.0. */
  hexpiretime(key: Word, fields: OneOrMore<Word>): Answer<M, number[]> {
    if (arguments.length > 2) throw tooMany("HEXPIRETIME", arguments.length, 2);
    const words: Word[] = ["HEXPIRETIME", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns the value of a field in a hash. Since 2.0.0. */
  hget(key: Word, field: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("HGET", arguments.length, 2);
    return this.run(["HGET", key, field]);
  }

  /** Returns all fields and values of a hash. Since 2.0.0. */
  hgetall(key: Word): Answer<M, Fields<Text<M>, Text<M>>> {
    if (arguments.length > 1) throw tooMany("HGETALL", arguments.length, 1);
    return this.run(["HGETALL", key], fields());
  }

  /** Returns the values of fields of a hash and deletes them. Deletes the hash if no fields remain. Since 8.0.0. */
  hgetdel(key: Word, fields: OneOrMore<Word>): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 2) throw tooMany("HGETDEL", arguments.length, 2);
    const words: Word[] = ["HGETDEL", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns the values of fields of a hash, and sets or removes their expiration. Since 8.0.0. */
  hgetex(key: Word, fields: OneOrMore<Word>, options?: HgetexOptions): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 3) throw tooMany("HGETEX", arguments.length, 3);
    const words: Word[] = ["HGETEX", key];
    if (options !== undefined) {
      requireKnown(options, HGETEX_OPTIONS);
      if (options.ex !== undefined) words.push("EX", options.ex);
      if (options.px !== undefined) words.push("PX", options.px);
      if (options.exAt !== undefined) words.push("EXAT", options.exAt);
      if (options.pxAt !== undefined) words.push("PXAT", options.pxAt);
      if (options.persist) words.push("PERSIST");
    }
    words.push("FIELDS");
    addCounted(words, fields);
    return this.run(words);
  }

  /** Increments the integer value of a field in a hash by a number. A field that doesn't exist counts as 0. Since 2.0.0. */
  hincrby(key: Word, field: Word, increment: Integer): Answer<M, number | bigint> {
    if (arguments.length > 3) throw tooMany("HINCRBY", arguments.length, 3);
    return this.run(["HINCRBY", key, field, increment]);
  }

  /** Increments the floating-point value of a field in a hash by a number. A field that doesn't exist counts as 0. Since 2.6.0. */
  hincrbyfloat(key: Word, field: Word, increment: Double): Answer<M, Text<M>> {
    if (arguments.length > 3) throw tooMany("HINCRBYFLOAT", arguments.length, 3);
    return this.run(["HINCRBYFLOAT", key, field, increment]);
  }

  /** Returns all fields of a hash. Since 2.0.0. */
  hkeys(key: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("HKEYS", arguments.length, 1);
    return this.run(["HKEYS", key]);
  }

  /** Returns the number of fields in a hash. Since 2.0.0. */
  hlen(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("HLEN", arguments.length, 1);
    return this.run(["HLEN", key]);
  }

  /** Returns the values of several fields in a hash. Since 2.0.0. */
  hmget(key: Word, fields: OneOrMore<Word>): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 2) throw tooMany("HMGET", arguments.length, 2);
    const words: Word[] = ["HMGET", key];
    addAll(words, fields);
    return this.run(words);
  }

  /**
   * Sets the values of several fields in a hash. Since 2.0.0.
   *
   * @deprecated since 4.0.0: HSET with several fields
   */
  hmset<D extends Pairs<Word, Word, D>>(key: Word, data: D): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("HMSET", arguments.length, 2);
    const words: Word[] = ["HMSET", key];
    addPairs(words, data);
    return this.run(words);
  }

  /** Removes the expiration of fields of a hash. Since 7.4.0. */
  hpersist(key: Word, fields: OneOrMore<Word>): Answer<M, (-2 | -1 | 1)[]> {
    if (arguments.length > 2) throw tooMany("HPERSIST", arguments.length, 2);
    const words: Word[] = ["HPERSIST", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Sets the expiration of fields of a hash in milliseconds. Since 7.4.0. */
  hpexpire(key: Word, milliseconds: Integer, fields: OneOrMore<Word>, options?: HpexpireOptions): Answer<M, (-2 | 0 | 1 | 2)[]> {
    if (arguments.length > 4) throw tooMany("HPEXPIRE", arguments.length, 4);
    const words: Word[] = ["HPEXPIRE", key, milliseconds];
    if (options !== undefined) {
      requireKnown(options, HPEXPIRE_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    words.push("FIELDS");
    addCounted(words, fields);
    return this.run(words);
  }

  /** Sets the expiration of fields of a hash to a Unix time in milliseconds. Since 7.4.0. */
  hpexpireat(key: Word, unixTimeMilliseconds: Integer, fields: OneOrMore<Word>, options?: HpexpireatOptions): Answer<M, (-2 | 0 | 1 | 2)[]> {
    if (arguments.length > 4) throw tooMany("HPEXPIREAT", arguments.length, 4);
    const words: Word[] = ["HPEXPIREAT", key, unixTimeMilliseconds];
    if (options !== undefined) {
      requireKnown(options, HPEXPIREAT_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    words.push("FIELDS");
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns the expiration of fields of a hash as a Unix time in milliseconds. Since 7.4.0. */
  hpexpiretime(key: Word, fields: OneOrMore<Word>): Answer<M, number[]> {
    if (arguments.length > 2) throw tooMany("HPEXPIRETIME", arguments.length, 2);
    const words: Word[] = ["HPEXPIRETIME", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns the time to live of fields of a hash in milliseconds. Since 7.4.0. */
  hpttl(key: Word, fields: OneOrMore<Word>): Answer<M, number[]> {
    if (arguments.length > 2) throw tooMany("HPTTL", arguments.length, 2);
    const words: Word[] = ["HPTTL", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns random fields of a hash. Since 6.2.0. */
  hrandfield(key: Word): Answer<M, Text<M> | null>;
  hrandfield(key: Word, count: Integer, options: HrandfieldOptions & { withValues: true }): Answer<M, [Text<M>, Text<M>][]>;
  hrandfield(key: Word, count: Integer, options?: HrandfieldOptions & { withValues?: false | undefined }): Answer<M, Text<M>[]>;
  hrandfield(key: Word, count: Integer, options?: HrandfieldOptions): Answer<M, Text<M>[] | [Text<M>, Text<M>][]>;
  hrandfield(key: Word, count?: Integer, options?: HrandfieldOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("HRANDFIELD", arguments.length, 3);
    const words: Word[] = ["HRANDFIELD", key];
    if (options !== undefined) requireKnown(options, HRANDFIELD_OPTIONS);
    if (count !== undefined) {
      words.push(count);
      if (options !== undefined) if (options.withValues) words.push("WITHVALUES");
    }
    return this.run(words);
  }

  /** Iterates over the fields and values of a hash. Since 2.8.0. */
  hscanStep(key: Word, cursor: Word, options: HscanOptions & { noValues: true }): Answer<M, [cursor: Text<M>, fields: Text<M>[]]>;
  hscanStep(key: Word, cursor: Word, options?: HscanOptions & { noValues?: false | undefined }): Answer<M, [cursor: Text<M>, fields: Fields<Text<M>, Text<M>>]>;
  hscanStep(key: Word, cursor: Word, options?: HscanOptions): Answer<M, [cursor: Text<M>, fields: Fields<Text<M>, Text<M>>] | [cursor: Text<M>, fields: Text<M>[]]>;
  hscanStep(key: Word, cursor: Word, options?: HscanOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("HSCAN", arguments.length, 3);
    const words: Word[] = ["HSCAN", key, cursor];
    if (options !== undefined) {
      requireKnown(options, HSCAN_OPTIONS);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.noValues) words.push("NOVALUES");
    }
    let convert: Convert | undefined = tuple([null, fields()]);
    if (options?.noValues) convert = undefined;
    return this.run(words, convert);
  }

  /** Sets the values of fields in a hash. Creates the hash if it doesn't exist. Since 2.0.0. */
  hset<D extends Pairs<Word, Word, D>>(key: Word, data: D): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("HSET", arguments.length, 2);
    const words: Word[] = ["HSET", key];
    addPairs(words, data);
    return this.run(words);
  }

  /** Sets the values of fields of a hash, and their expiration. Since 8.0.0. */
  hsetex<D extends Pairs<Word, Word, D>>(key: Word, data: D, options?: HsetexOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("HSETEX", arguments.length, 3);
    const words: Word[] = ["HSETEX", key];
    if (options !== undefined) {
      requireKnown(options, HSETEX_OPTIONS);
      if (options.fnx) words.push("FNX");
      if (options.fxx) words.push("FXX");
      if (options.ex !== undefined) words.push("EX", options.ex);
      if (options.px !== undefined) words.push("PX", options.px);
      if (options.exAt !== undefined) words.push("EXAT", options.exAt);
      if (options.pxAt !== undefined) words.push("PXAT", options.pxAt);
      if (options.keepTtl) words.push("KEEPTTL");
    }
    words.push("FIELDS");
    addCountedPairs(words, data);
    return this.run(words);
  }

  /** Sets the value of a field in a hash only if the field doesn't exist. Since 2.0.0. */
  hsetnx(key: Word, field: Word, value: Word): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("HSETNX", arguments.length, 3);
    return this.run(["HSETNX", key, field, value]);
  }

  /** Returns the length of the value of a field in a hash. Since 3.2.0. */
  hstrlen(key: Word, field: Word): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("HSTRLEN", arguments.length, 2);
    return this.run(["HSTRLEN", key, field]);
  }

  /** Returns the time to live of fields of a hash in seconds. Since 7.4.0. */
  httl(key: Word, fields: OneOrMore<Word>): Answer<M, number[]> {
    if (arguments.length > 2) throw tooMany("HTTL", arguments.length, 2);
    const words: Word[] = ["HTTL", key, "FIELDS"];
    addCounted(words, fields);
    return this.run(words);
  }

  /** Returns all values of a hash. Since 2.0.0. */
  hvals(key: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("HVALS", arguments.length, 1);
    return this.run(["HVALS", key]);
  }
}
