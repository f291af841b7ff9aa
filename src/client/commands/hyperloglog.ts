/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode } from "../command-base.ts";
import { tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { HashCommands } from "./hash.ts";

/** Commands of the group "hyperloglog", and of those before it. */
export abstract class HyperloglogCommands<M extends Mode> extends HashCommands<M> {
  /** Adds elements to a HyperLogLog. Creates the key if it doesn't exist. Since 2.8.9. */
  pfadd(key: Word, elements?: OneOrMore<Word>): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("PFADD", arguments.length, 2);
    const words: Word[] = ["PFADD", key];
    if (elements !== undefined) addAll(words, elements);
    return this.run(words);
  }

  /** Estimates the number of distinct elements in one HyperLogLog or in several together. Since 2.8.9. */
  pfcount(keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("PFCOUNT", arguments.length, 1);
    const words: Word[] = ["PFCOUNT"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Merges HyperLogLogs into one key. Since 2.8.9. */
  pfmerge(destkey: Word, sourcekeys?: OneOrMore<Word>): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("PFMERGE", arguments.length, 2);
    const words: Word[] = ["PFMERGE", destkey];
    if (sourcekeys !== undefined) addAll(words, sourcekeys);
    return this.run(words);
  }
}
