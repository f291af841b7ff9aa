/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addRows, listOf, type AtMostOne, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import { CommandBase, type Answer, type Mode } from "../command-base.ts";
import type { Word } from "../link.ts";

export type BitcountOptions = AtMostOne<{ byte?: boolean | undefined } | { bit?: boolean | undefined }>;

export type BitfieldRoOptions = {
  get?: Iterable<readonly [Word, Word]> | undefined;
};

export type BitposOptions = AtMostOne<{ byte?: boolean | undefined } | { bit?: boolean | undefined }>;

/** Commands of the group "bitmap". */
export abstract class BitmapCommands<M extends Mode> extends CommandBase<M> {
  /** Counts the set bits in a string or in a range of it. Since 2.6.0. */
  bitcount(key: Word): Answer<M, number>;
  bitcount(key: Word, start: Integer, end: Integer, options?: BitcountOptions): Answer<M, number>;
  bitcount(key: Word, start?: Integer, end?: Integer, options?: BitcountOptions): Answer<M, unknown> {
    const words: Word[] = ["BITCOUNT", key];
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
    const words: Word[] = ["BITFIELD", key];
    if (operations !== undefined) {
      for (const item of listOf(operations)) {
        if (item.get !== undefined) words.push("GET", item.get.encoding, item.get.offset);
        if (item.overflow !== undefined) words.push("OVERFLOW", item.overflow);
        if (item.set !== undefined) words.push("SET", item.set.encoding, item.set.offset, item.set.value);
        if (item.incrby !== undefined) words.push("INCRBY", item.incrby.encoding, item.incrby.offset, item.incrby.increment);
      }
    }
    return this.run(words);
  }

  /** Reads integers of any width from a string. Since 6.0.0. */
  bitfieldRo(key: Word, options?: BitfieldRoOptions): Answer<M, (number | bigint)[]> {
    const words: Word[] = ["BITFIELD_RO", key];
    if (options !== undefined) if (options.get !== undefined) addRows(words, options.get, "GET");
    return this.run(words);
  }

  /** Combines strings bit by bit and stores the result in a key. Since 2.6.0. */
  bitop(operation: "AND" | "OR" | "XOR" | "NOT", destkey: Word, keys: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["BITOP", operation, destkey];
    addAll(words, keys);
    return this.run(words);
  }

  /** Finds the first set or clear bit in a string or in a range of it. Since 2.8.7. */
  bitpos(key: Word, bit: Integer): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start: Integer): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start: Integer, end: Integer, options?: BitposOptions): Answer<M, number>;
  bitpos(key: Word, bit: Integer, start?: Integer, end?: Integer, options?: BitposOptions): Answer<M, unknown> {
    const words: Word[] = ["BITPOS", key, bit];
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
    return this.run(["GETBIT", key, offset]);
  }

  /** Sets or clears the bit at an offset of a string. Returns the old bit. Since 2.2.0. */
  setbit(key: Word, offset: Integer, value: Integer): Answer<M, 0 | 1> {
    return this.run(["SETBIT", key, offset, value]);
  }
}
