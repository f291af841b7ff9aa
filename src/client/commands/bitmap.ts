/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addRows, listOf, type AtMostOne, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import { CommandBase, type Answer, type Mode } from "../command-base.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";

export type BitcountOptions = AtMostOne<{ byte?: boolean | undefined } | { bit?: boolean | undefined }>;

const BITCOUNT_OPTIONS = knownOptions("BITCOUNT", { byte: true, bit: true });

const BITFIELD_OPTIONS = knownOptions("BITFIELD", { get: true, overflow: true, set: true, incrby: true });
const BITFIELD_GET_OPTIONS = knownOptions("BITFIELD: .get", { encoding: true, offset: true });
const BITFIELD_SET_OPTIONS = knownOptions("BITFIELD: .set", { encoding: true, offset: true, value: true });
const BITFIELD_INCRBY_OPTIONS = knownOptions("BITFIELD: .incrby", { encoding: true, offset: true, increment: true });

export type BitfieldRoOptions = {
  get?: Iterable<readonly [Word, Word]> | undefined;
};

const BITFIELD_RO_OPTIONS = knownOptions("BITFIELD_RO", { get: true });

export type BitposOptions = AtMostOne<{ byte?: boolean | undefined } | { bit?: boolean | undefined }>;

const BITPOS_OPTIONS = knownOptions("BITPOS", { byte: true, bit: true });

/** Commands of the group "bitmap". */
export abstract class BitmapCommands<M extends Mode> extends CommandBase<M> {
  /** Counts the set bits in a string or in a range of it. Since 2.6.0. */
  bitcount(key: Word): Answer<M, number>;
  bitcount(key: Word, start: Integer, end: Integer, options?: BitcountOptions): Answer<M, number>;
  bitcount(key: Word, start?: Integer, end?: Integer, options?: BitcountOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("BITCOUNT", arguments.length, 4);
    const words: Word[] = ["BITCOUNT", key];
    if (options !== undefined) requireKnown(options, BITCOUNT_OPTIONS);
    if (start !== undefined && end !== undefined) {
      words.push(start, end);
      if (options !== undefined) {
        if (options.byte) words.push("BYTE");
        if (options.bit) words.push("BIT");
      }
    }
    return this.run(words);
  }

  /** Reads, sets and increments integers of any width in a string. Since 3.2.0. */
  bitfield(key: Word, operations?: OneOrMore<OneOf<{ get: { encoding: Word; offset: Word } } | { overflow?: "WRAP" | "SAT" | "FAIL" | undefined } & OneOf<{ set: { encoding: Word; offset: Word; value: Integer } } | { incrby: { encoding: Word; offset: Word; increment: Integer } }>>>): Answer<M, (number | bigint | null)[]> {
    if (arguments.length > 2) throw tooMany("BITFIELD", arguments.length, 2);
    const words: Word[] = ["BITFIELD", key];
    if (operations !== undefined) {
      for (const item of listOf(operations)) {
        requireKnown(item, BITFIELD_OPTIONS);
        if (item.get !== undefined) {
          words.push("GET");
          requireKnown(item.get, BITFIELD_GET_OPTIONS);
          words.push(item.get.encoding, item.get.offset);
        }
        if (item.overflow !== undefined) words.push("OVERFLOW", item.overflow);
        if (item.set !== undefined) {
          words.push("SET");
          requireKnown(item.set, BITFIELD_SET_OPTIONS);
          words.push(item.set.encoding, item.set.offset, item.set.value);
        }
        if (item.incrby !== undefined) {
          words.push("INCRBY");
          requireKnown(item.incrby, BITFIELD_INCRBY_OPTIONS);
          words.push(item.incrby.encoding, item.incrby.offset, item.incrby.increment);
        }
      }
    }
    return this.run(words);
  }

  /** Reads integers of any width from a string. Since 6.0.0. */
  bitfieldRo(key: Word, options?: BitfieldRoOptions): Answer<M, (number | bigint)[]> {
    if (arguments.length > 2) throw tooMany("BITFIELD_RO", arguments.length, 2);
    const words: Word[] = ["BITFIELD_RO", key];
    if (options !== undefined) {
      requireKnown(options, BITFIELD_RO_OPTIONS);
      if (options.get !== undefined) addRows(words, options.get, "encoding, offset", "GET");
    }
    return this.run(words);
  }

  /** Combines strings bit by bit and stores the result in a key. Since 2.6.0. */
  bitop(operation: "AND" | "OR" | "XOR" | "NOT", destkey: Word, keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("BITOP", arguments.length, 3);
    const words: Word[] = ["BITOP", operation, destkey];
    addAll(words, keys);
    return this.run(words);
  }

  /** Finds the first set or clear bit in a string or in a range of it. Since 2.8.7. */
  bitpos(key: Word, bit: Integer): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start: Integer): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start: Integer, end: Integer, options?: BitposOptions): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start?: Integer, end?: Integer, options?: BitposOptions): Answer<M, unknown> {
    if (arguments.length > 5) throw tooMany("BITPOS", arguments.length, 5);
    const words: Word[] = ["BITPOS", key, bit];
    if (options !== undefined) requireKnown(options, BITPOS_OPTIONS);
    if (start !== undefined) {
      words.push(start);
      if (end !== undefined) {
        words.push(end);
        if (options !== undefined) {
          if (options.byte) words.push("BYTE");
          if (options.bit) words.push("BIT");
        }
      }
    }
    return this.run(words);
  }

  /** Returns the bit at an offset of a string. Since 2.2.0. */
  getbit(key: Word, offset: Integer): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("GETBIT", arguments.length, 2);
    return this.run(["GETBIT", key, offset]);
  }

  /** Sets or clears the bit at an offset of a string. Returns the old bit. Since 2.2.0. */
  setbit(key: Word, offset: Integer, value: Integer): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("SETBIT", arguments.length, 3);
    return this.run(["SETBIT", key, offset, value]);
  }
}
