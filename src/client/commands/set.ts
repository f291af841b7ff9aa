/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, type Integer, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { ServerCommands } from "./server.ts";

export type SintercardOptions = {
  limit?: Integer | undefined;
};

const SINTERCARD_OPTIONS = knownOptions("SINTERCARD", { limit: true });

export type SscanOptions = {
  match?: Word | undefined;
  count?: Integer | undefined;
};

const SSCAN_OPTIONS = knownOptions("SSCAN", { match: true, count: true });

/** Commands of the group "set", and of those before it. */
export abstract class SetCommands<M extends Mode> extends ServerCommands<M> {
  /** Adds members to a set. Creates the set if it doesn't exist. Since 1.0.0. */
  sadd(key: Word, members: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SADD", arguments.length, 2);
    const words: Word[] = ["SADD", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Returns the number of members in a set. Since 1.0.0. */
  scard(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("SCARD", arguments.length, 1);
    return this.run(["SCARD", key]);
  }

  /** Returns the difference of sets. Since 1.0.0. */
  sdiff(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    if (arguments.length > 1) throw tooMany("SDIFF", arguments.length, 1);
    const words: Word[] = ["SDIFF"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Stores the difference of sets in a key. Since 1.0.0. */
  sdiffstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SDIFFSTORE", arguments.length, 2);
    const words: Word[] = ["SDIFFSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the intersection of sets. Since 1.0.0. */
  sinter(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    if (arguments.length > 1) throw tooMany("SINTER", arguments.length, 1);
    const words: Word[] = ["SINTER"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the number of members in the intersection of sets. Since 7.0.0. */
  sintercard(keys: OneOrMore<Word>, options?: SintercardOptions): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SINTERCARD", arguments.length, 2);
    const words: Word[] = ["SINTERCARD"];
    if (options !== undefined) requireKnown(options, SINTERCARD_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) if (options.limit !== undefined) words.push("LIMIT", options.limit);
    return this.run(words);
  }

  /** Stores the intersection of sets in a key. Since 1.0.0. */
  sinterstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SINTERSTORE", arguments.length, 2);
    const words: Word[] = ["SINTERSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }

  /** Determines whether a member belongs to a set. Since 1.0.0. */
  sismember(key: Word, member: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("SISMEMBER", arguments.length, 2);
    return this.run(["SISMEMBER", key, member]);
  }

  /** Returns all members of a set. Since 1.0.0. */
  smembers(key: Word): Answer<M, Set<Text<M>>> {
    if (arguments.length > 1) throw tooMany("SMEMBERS", arguments.length, 1);
    return this.run(["SMEMBERS", key]);
  }

  /** Determines whether several members belong to a set. Since 6.2.0. */
  smismember(key: Word, members: OneOrMore<Word>): Answer<M, (0 | 1)[]> {
    if (arguments.length > 2) throw tooMany("SMISMEMBER", arguments.length, 2);
    const words: Word[] = ["SMISMEMBER", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Moves a member from one set to another. Since 1.0.0. */
  smove(source: Word, destination: Word, member: Word): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("SMOVE", arguments.length, 3);
    return this.run(["SMOVE", source, destination, member]);
  }

  /** Removes and returns random members of a set. Deletes the set if no members remain. Since 1.0.0. */
  spop(key: Word): Answer<M, Text<M> | null>;
  spop(key: Word, count: Integer): Answer<M, Set<Text<M>>>;
  spop(key: Word, count?: Integer): Answer<M, Text<M> | null | Set<Text<M>>>;
  spop(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("SPOP", arguments.length, 2);
    const words: Word[] = ["SPOP", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Returns random members of a set. Since 1.0.0. */
  srandmember(key: Word): Answer<M, Text<M> | null>;
  srandmember(key: Word, count: Integer): Answer<M, Text<M>[]>;
  srandmember(key: Word, count?: Integer): Answer<M, Text<M> | null | Text<M>[]>;
  srandmember(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("SRANDMEMBER", arguments.length, 2);
    const words: Word[] = ["SRANDMEMBER", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Removes members from a set. Deletes the set if no members remain. Since 1.0.0. */
  srem(key: Word, members: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SREM", arguments.length, 2);
    const words: Word[] = ["SREM", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Iterates over the members of a set. Since 2.8.0. */
  sscanStep(key: Word, cursor: Word, options?: SscanOptions): Answer<M, [cursor: Text<M>, members: Text<M>[]]> {
    if (arguments.length > 3) throw tooMany("SSCAN", arguments.length, 3);
    const words: Word[] = ["SSCAN", key, cursor];
    if (options !== undefined) {
      requireKnown(options, SSCAN_OPTIONS);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.run(words);
  }

  /** Returns the union of sets. Since 1.0.0. */
  sunion(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    if (arguments.length > 1) throw tooMany("SUNION", arguments.length, 1);
    const words: Word[] = ["SUNION"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Stores the union of sets in a key. Since 1.0.0. */
  sunionstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SUNIONSTORE", arguments.length, 2);
    const words: Word[] = ["SUNIONSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }
}
