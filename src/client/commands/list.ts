/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, type Double, type Integer, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { HyperloglogCommands } from "./hyperloglog.ts";

export type BlmpopOptions = {
  count?: Integer | undefined;
};

const BLMPOP_OPTIONS = knownOptions("BLMPOP", { count: true });

export type LmpopOptions = {
  count?: Integer | undefined;
};

const LMPOP_OPTIONS = knownOptions("LMPOP", { count: true });

export type LposOptions = {
  rank?: Integer | undefined;
  count?: Integer | undefined;
  maxLen?: Integer | undefined;
};

const LPOS_OPTIONS = knownOptions("LPOS", { rank: true, count: true, maxLen: true });

/** Commands of the group "list", and of those before it. */
export abstract class ListCommands<M extends Mode> extends HyperloglogCommands<M> {
  /** Moves an element from one list to another. Blocks until there is one. Since 6.2.0. */
  blmove(source: Word, destination: Word, wherefrom: "LEFT" | "RIGHT", whereto: "LEFT" | "RIGHT", timeout: Double): Answer<M, Text<M> | null> {
    if (arguments.length > 5) throw tooMany("BLMOVE", arguments.length, 5);
    return this.runBlocking(["BLMOVE", source, destination, wherefrom, whereto, timeout]);
  }

  /** Pops elements from the first non-empty list of several, or blocks until there is one. Since 7.0.0. */
  blmpop(timeout: Double, keys: OneOrMore<Word>, where: "LEFT" | "RIGHT", options?: BlmpopOptions): Answer<M, [key: Text<M>, elements: Text<M>[]] | null> {
    if (arguments.length > 4) throw tooMany("BLMPOP", arguments.length, 4);
    const words: Word[] = ["BLMPOP", timeout];
    if (options !== undefined) requireKnown(options, BLMPOP_OPTIONS);
    addCounted(words, keys);
    words.push(where);
    if (options !== undefined) if (options.count !== undefined) words.push("COUNT", options.count);
    return this.runBlocking(words);
  }

  /** Pops the first element of the first non-empty list of several, or blocks until there is one. Since 2.0.0. */
  blpop(keys: OneOrMore<Word>, timeout: Double): Answer<M, [key: Text<M>, element: Text<M>] | null> {
    if (arguments.length > 2) throw tooMany("BLPOP", arguments.length, 2);
    const words: Word[] = ["BLPOP"];
    addAll(words, keys);
    words.push(timeout);
    return this.runBlocking(words);
  }

  /** Pops the last element of the first non-empty list of several, or blocks until there is one. Since 2.0.0. */
  brpop(keys: OneOrMore<Word>, timeout: Double): Answer<M, [key: Text<M>, element: Text<M>] | null> {
    if (arguments.length > 2) throw tooMany("BRPOP", arguments.length, 2);
    const words: Word[] = ["BRPOP"];
    addAll(words, keys);
    words.push(timeout);
    return this.runBlocking(words);
  }

  /**
   * Moves the last element of a list to the front of another. Blocks until there is one. Since 2.2.0.
   *
   * @deprecated since 6.2.0: BLMOVE with RIGHT and LEFT
   */
  brpoplpush(source: Word, destination: Word, timeout: Double): Answer<M, Text<M> | null> {
    if (arguments.length > 3) throw tooMany("BRPOPLPUSH", arguments.length, 3);
    return this.runBlocking(["BRPOPLPUSH", source, destination, timeout]);
  }

  /** Returns an element of a list by its index. Since 1.0.0. */
  lindex(key: Word, index: Integer): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("LINDEX", arguments.length, 2);
    return this.run(["LINDEX", key, index]);
  }

  /** Inserts an element before or after another element of a list. Since 2.2.0. */
  linsert(key: Word, where: "BEFORE" | "AFTER", pivot: Word, element: Word): Answer<M, number> {
    if (arguments.length > 4) throw tooMany("LINSERT", arguments.length, 4);
    return this.run(["LINSERT", key, where, pivot, element]);
  }

  /** Returns the length of a list. Since 1.0.0. */
  llen(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("LLEN", arguments.length, 1);
    return this.run(["LLEN", key]);
  }

  /** Moves an element from one list to another. Deletes the list if no elements remain. Since 6.2.0. */
  lmove(source: Word, destination: Word, wherefrom: "LEFT" | "RIGHT", whereto: "LEFT" | "RIGHT"): Answer<M, Text<M> | null> {
    if (arguments.length > 4) throw tooMany("LMOVE", arguments.length, 4);
    return this.run(["LMOVE", source, destination, wherefrom, whereto]);
  }

  /** Pops elements from the first non-empty list of several. Since 7.0.0. */
  lmpop(keys: OneOrMore<Word>, where: "LEFT" | "RIGHT", options?: LmpopOptions): Answer<M, [key: Text<M>, elements: Text<M>[]] | null> {
    if (arguments.length > 3) throw tooMany("LMPOP", arguments.length, 3);
    const words: Word[] = ["LMPOP"];
    if (options !== undefined) requireKnown(options, LMPOP_OPTIONS);
    addCounted(words, keys);
    words.push(where);
    if (options !== undefined) if (options.count !== undefined) words.push("COUNT", options.count);
    return this.run(words);
  }

  /** Pops the first elements of a list. Deletes the list if no elements remain. Since 1.0.0. */
  lpop(key: Word): Answer<M, Text<M> | null>;
  lpop(key: Word, count: Integer): Answer<M, Text<M>[] | null>;
  lpop(key: Word, count?: Integer): Answer<M, Text<M> | null | Text<M>[]>;
  lpop(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("LPOP", arguments.length, 2);
    const words: Word[] = ["LPOP", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Returns the indexes of elements with a given value in a list. Since 6.0.6. */
  lpos(key: Word, element: Word, options: LposOptions & { count: Integer }): Answer<M, number[]>;
  lpos(key: Word, element: Word, options?: LposOptions & { count?: undefined }): Answer<M, number | null>;
  lpos(key: Word, element: Word, options?: LposOptions): Answer<M, number | null | number[]>;
  lpos(key: Word, element: Word, options?: LposOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("LPOS", arguments.length, 3);
    const words: Word[] = ["LPOS", key, element];
    if (options !== undefined) {
      requireKnown(options, LPOS_OPTIONS);
      if (options.rank !== undefined) words.push("RANK", options.rank);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.maxLen !== undefined) words.push("MAXLEN", options.maxLen);
    }
    return this.run(words);
  }

  /** Prepends elements to a list. Creates the list if it doesn't exist. Since 1.0.0. */
  lpush(key: Word, elements: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("LPUSH", arguments.length, 2);
    const words: Word[] = ["LPUSH", key];
    addAll(words, elements);
    return this.run(words);
  }

  /** Prepends elements to a list only if the list exists. Since 2.2.0. */
  lpushx(key: Word, elements: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("LPUSHX", arguments.length, 2);
    const words: Word[] = ["LPUSHX", key];
    addAll(words, elements);
    return this.run(words);
  }

  /** Returns a range of elements of a list. Since 1.0.0. */
  lrange(key: Word, start: Integer, stop: Integer): Answer<M, Text<M>[]> {
    if (arguments.length > 3) throw tooMany("LRANGE", arguments.length, 3);
    return this.run(["LRANGE", key, start, stop]);
  }

  /** Removes elements with a given value from a list. Since 1.0.0. */
  lrem(key: Word, count: Integer, element: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("LREM", arguments.length, 3);
    return this.run(["LREM", key, count, element]);
  }

  /** Sets the value of an element of a list by its index. Since 1.0.0. */
  lset(key: Word, index: Integer, element: Word): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("LSET", arguments.length, 3);
    return this.run(["LSET", key, index, element]);
  }

  /** Removes the elements outside a range from a list. Deletes the list if no elements remain. Since 1.0.0. */
  ltrim(key: Word, start: Integer, stop: Integer): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("LTRIM", arguments.length, 3);
    return this.run(["LTRIM", key, start, stop]);
  }

  /** Pops the last elements of a list. Deletes the list if no elements remain. Since 1.0.0. */
  rpop(key: Word): Answer<M, Text<M> | null>;
  rpop(key: Word, count: Integer): Answer<M, Text<M>[] | null>;
  rpop(key: Word, count?: Integer): Answer<M, Text<M> | null | Text<M>[]>;
  rpop(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("RPOP", arguments.length, 2);
    const words: Word[] = ["RPOP", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /**
   * Moves the last element of a list to the front of another. Deletes the list if no elements remain. Since 1.2.0.
   *
   * @deprecated since 6.2.0: LMOVE with RIGHT and LEFT
   */
  rpoplpush(source: Word, destination: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("RPOPLPUSH", arguments.length, 2);
    return this.run(["RPOPLPUSH", source, destination]);
  }

  /** Appends elements to a list. Creates the list if it doesn't exist. Since 1.0.0. */
  rpush(key: Word, elements: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("RPUSH", arguments.length, 2);
    const words: Word[] = ["RPUSH", key];
    addAll(words, elements);
    return this.run(words);
  }

  /** Appends elements to a list only if the list exists. Since 2.2.0. */
  rpushx(key: Word, elements: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("RPUSHX", arguments.length, 2);
    const words: Word[] = ["RPUSHX", key];
    addAll(words, elements);
    return this.run(words);
  }
}
