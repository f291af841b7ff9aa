/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, type Integer, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import type { Word } from "../link.ts";
import { ServerCommands } from "./server.ts";

export type SintercardOptions = {
  limit?: Integer | undefined;
};

export type SscanOptions = {
  match?: Word | undefined;
  count?: Integer | undefined;
};

/** Commands of the group "set", and of those before it. */
export abstract class SetCommands<M extends Mode> extends ServerCommands<M> {
  /** Adds members to a set. Creates the set if it doesn't exist. Since 1.0.0. */
  sadd(key: Word, members: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["SADD", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Returns the number of members in a set. Since 1.0.0. */
  scard(key: Word): Answer<M, number> {
    return this.run(["SCARD", key]);
  }

  /** Returns the difference of sets. Since 1.0.0. */
  sdiff(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    const words: Word[] = ["SDIFF"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Stores the difference of sets in a key. Since 1.0.0. */
  sdiffstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["SDIFFSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the intersection of sets. Since 1.0.0. */
  sinter(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    const words: Word[] = ["SINTER"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the number of members in the intersection of sets. Since 7.0.0. */
  sintercard(keys: OneOrMore<Word>, options?: SintercardOptions): Answer<M, number> {
    const words: Word[] = ["SINTERCARD"];
    addCounted(words, keys);
    if (options !== undefined) if (options.limit !== undefined) words.push("LIMIT", options.limit);
    return this.run(words);
  }

  /** Stores the intersection of sets in a key. Since 1.0.0. */
  sinterstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["SINTERSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }

  /** Determines whether a member belongs to a set. Since 1.0.0. */
  sismember(key: Word, member: Word): Answer<M, 0 | 1> {
    return this.run(["SISMEMBER", key, member]);
  }

  /** Returns all members of a set. Since 1.0.0. */
  smembers(key: Word): Answer<M, Set<Text<M>>> {
    return this.run(["SMEMBERS", key]);
  }

  /** Determines whether several members belong to a set. Since 6.2.0. */
  smismember(key: Word, members: OneOrMore<Word>): Answer<M, (0 | 1)[]> {
    const words: Word[] = ["SMISMEMBER", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Moves a member from one set to another. Since 1.0.0. */
  smove(source: Word, destination: Word, member: Word): Answer<M, 0 | 1> {
    return this.run(["SMOVE", source, destination, member]);
  }

  /** Removes and returns random members of a set. Deletes the set if no members remain. Since 1.0.0. */
  spop(key: Word): Answer<M, Text<M> | null>;
  spop(key: Word, count: Integer): Answer<M, Set<Text<M>>>;
  spop(key: Word, count?: Integer): Answer<M, Text<M> | null | Set<Text<M>>>;
  spop(key: Word, count?: Integer): Answer<M, unknown> {
    const words: Word[] = ["SPOP", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Returns random members of a set. Since 1.0.0. */
  srandmember(key: Word): Answer<M, Text<M> | null>;
  srandmember(key: Word, count: Integer): Answer<M, Text<M>[]>;
  srandmember(key: Word, count?: Integer): Answer<M, Text<M> | null | Text<M>[]>;
  srandmember(key: Word, count?: Integer): Answer<M, unknown> {
    const words: Word[] = ["SRANDMEMBER", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Removes members from a set. Deletes the set if no members remain. Since 1.0.0. */
  srem(key: Word, members: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["SREM", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Iterates over the members of a set. Since 2.8.0. */
  sscanStep(key: Word, cursor: Word, options?: SscanOptions): Answer<M, [cursor: Text<M>, members: Text<M>[]]> {
    const words: Word[] = ["SSCAN", key, cursor];
    if (options !== undefined) {
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.run(words);
  }

  /** Returns the union of sets. Since 1.0.0. */
  sunion(keys: OneOrMore<Word>): Answer<M, Set<Text<M>>> {
    const words: Word[] = ["SUNION"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Stores the union of sets in a key. Since 1.0.0. */
  sunionstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    const words: Word[] = ["SUNIONSTORE", destination];
    addAll(words, keys);
    return this.run(words);
  }
}
