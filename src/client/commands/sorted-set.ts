/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, addRows, type AtMostOne, type Double, type Integer, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { fields, toNumber, tuple, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { SetCommands } from "./set.ts";

export type BzmpopOptions = {
  count?: Integer | undefined;
};

const BZMPOP_OPTIONS = knownOptions("BZMPOP", { count: true });

export type ZaddOptions = {
  ch?: boolean | undefined;
  incr?: boolean | undefined;
} &
  AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined }> &
  AtMostOne<{ gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const ZADD_OPTIONS = knownOptions("ZADD", { nx: true, xx: true, gt: true, lt: true, ch: true, incr: true });

export type ZdiffOptions = {
  withScores?: boolean | undefined;
};

const ZDIFF_OPTIONS = knownOptions("ZDIFF", { withScores: true });

export type ZinterOptions = {
  weights?: OneOrMore<Integer> | undefined;
  aggregate?: "SUM" | "MIN" | "MAX" | undefined;
  withScores?: boolean | undefined;
};

const ZINTER_OPTIONS = knownOptions("ZINTER", { weights: true, aggregate: true, withScores: true });

export type ZintercardOptions = {
  limit?: Integer | undefined;
};

const ZINTERCARD_OPTIONS = knownOptions("ZINTERCARD", { limit: true });

export type ZinterstoreOptions = {
  weights?: OneOrMore<Integer> | undefined;
  aggregate?: "SUM" | "MIN" | "MAX" | undefined;
};

const ZINTERSTORE_OPTIONS = knownOptions("ZINTERSTORE", { weights: true, aggregate: true });

export type ZmpopOptions = {
  count?: Integer | undefined;
};

const ZMPOP_OPTIONS = knownOptions("ZMPOP", { count: true });

export type ZrandmemberOptions = {
  withScores?: boolean | undefined;
};

const ZRANDMEMBER_OPTIONS = knownOptions("ZRANDMEMBER", { withScores: true });

export type ZrangeOptions = {
  rev?: boolean | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
  withScores?: boolean | undefined;
} &
  AtMostOne<{ byScore?: boolean | undefined } | { byLex?: boolean | undefined }>;

const ZRANGE_OPTIONS = knownOptions("ZRANGE", { byScore: true, byLex: true, rev: true, limit: true, withScores: true });
const ZRANGE_LIMIT_OPTIONS = knownOptions("ZRANGE: limit", { offset: true, count: true });

export type ZrangebylexOptions = {
  limit?: { offset: Integer; count: Integer } | undefined;
};

const ZRANGEBYLEX_OPTIONS = knownOptions("ZRANGEBYLEX", { limit: true });
const ZRANGEBYLEX_LIMIT_OPTIONS = knownOptions("ZRANGEBYLEX: limit", { offset: true, count: true });

export type ZrangebyscoreOptions = {
  withScores?: boolean | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
};

const ZRANGEBYSCORE_OPTIONS = knownOptions("ZRANGEBYSCORE", { withScores: true, limit: true });
const ZRANGEBYSCORE_LIMIT_OPTIONS = knownOptions("ZRANGEBYSCORE: limit", { offset: true, count: true });

export type ZrangestoreOptions = {
  rev?: boolean | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
} &
  AtMostOne<{ byScore?: boolean | undefined } | { byLex?: boolean | undefined }>;

const ZRANGESTORE_OPTIONS = knownOptions("ZRANGESTORE", { byScore: true, byLex: true, rev: true, limit: true });
const ZRANGESTORE_LIMIT_OPTIONS = knownOptions("ZRANGESTORE: limit", { offset: true, count: true });

export type ZrankOptions = {
  withScore?: boolean | undefined;
};

const ZRANK_OPTIONS = knownOptions("ZRANK", { withScore: true });

export type ZrevrangeOptions = {
  withScores?: boolean | undefined;
};

const ZREVRANGE_OPTIONS = knownOptions("ZREVRANGE", { withScores: true });

export type ZrevrangebylexOptions = {
  limit?: { offset: Integer; count: Integer } | undefined;
};

const ZREVRANGEBYLEX_OPTIONS = knownOptions("ZREVRANGEBYLEX", { limit: true });
const ZREVRANGEBYLEX_LIMIT_OPTIONS = knownOptions("ZREVRANGEBYLEX: limit", { offset: true, count: true });

export type ZrevrangebyscoreOptions = {
  withScores?: boolean | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
};

const ZREVRANGEBYSCORE_OPTIONS = knownOptions("ZREVRANGEBYSCORE", { withScores: true, limit: true });
const ZREVRANGEBYSCORE_LIMIT_OPTIONS = knownOptions("ZREVRANGEBYSCORE: limit", { offset: true, count: true });

export type ZrevrankOptions = {
  withScore?: boolean | undefined;
};

const ZREVRANK_OPTIONS = knownOptions("ZREVRANK", { withScore: true });

export type ZscanOptions = {
  match?: Word | undefined;
  count?: Integer | undefined;
};

const ZSCAN_OPTIONS = knownOptions("ZSCAN", { match: true, count: true });

export type ZunionOptions = {
  weights?: OneOrMore<Integer> | undefined;
  aggregate?: "SUM" | "MIN" | "MAX" | undefined;
  withScores?: boolean | undefined;
};

const ZUNION_OPTIONS = knownOptions("ZUNION", { weights: true, aggregate: true, withScores: true });

export type ZunionstoreOptions = {
  weights?: OneOrMore<Integer> | undefined;
  aggregate?: "SUM" | "MIN" | "MAX" | undefined;
};

const ZUNIONSTORE_OPTIONS = knownOptions("ZUNIONSTORE", { weights: true, aggregate: true });

/** Commands of the group "sorted-set", and of those before it. */
export abstract class SortedSetCommands<M extends Mode> extends SetCommands<M> {
  /** Pops members of the first non-empty sorted set of several, or blocks until there is one. Since 7.0.0. */
  bzmpop(timeout: Double, keys: OneOrMore<Word>, where: "MIN" | "MAX", options?: BzmpopOptions): Answer<M, [key: Text<M>, members: [member: Text<M>, score: number][]] | null> {
    if (arguments.length > 4) throw tooMany("BZMPOP", arguments.length, 4);
    const words: Word[] = ["BZMPOP", timeout];
    if (options !== undefined) requireKnown(options, BZMPOP_OPTIONS);
    addCounted(words, keys);
    words.push(where);
    if (options !== undefined) if (options.count !== undefined) words.push("COUNT", options.count);
    return this.runBlocking(words);
  }

  /** Pops the highest-scored member of the first non-empty sorted set of several, or blocks until there is one. Since 5.0.0. */
  bzpopmax(keys: OneOrMore<Word>, timeout: Double): Answer<M, [key: Text<M>, member: Text<M>, score: number] | null> {
    if (arguments.length > 2) throw tooMany("BZPOPMAX", arguments.length, 2);
    const words: Word[] = ["BZPOPMAX"];
    addAll(words, keys);
    words.push(timeout);
    return this.runBlocking(words);
  }

  /** Pops the lowest-scored member of the first non-empty sorted set of several, or blocks until there is one. Since 5.0.0. */
  bzpopmin(keys: OneOrMore<Word>, timeout: Double): Answer<M, [key: Text<M>, member: Text<M>, score: number] | null> {
    if (arguments.length > 2) throw tooMany("BZPOPMIN", arguments.length, 2);
    const words: Word[] = ["BZPOPMIN"];
    addAll(words, keys);
    words.push(timeout);
    return this.runBlocking(words);
  }

  /** Adds members to a sorted set, or updates their scores. Since 1.2.0. */
  zadd(key: Word, data: Iterable<readonly [Double, Word]>, options: ZaddOptions & { incr: true }): Answer<M, number | null>;
  zadd(key: Word, data: Iterable<readonly [Double, Word]>, options?: ZaddOptions & { incr?: false | undefined }): Answer<M, number>;
  zadd(key: Word, data: Iterable<readonly [Double, Word]>, options?: ZaddOptions): Answer<M, number | null>;
  zadd(key: Word, data: Iterable<readonly [Double, Word]>, options?: ZaddOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("ZADD", arguments.length, 3);
    const words: Word[] = ["ZADD", key];
    if (options !== undefined) {
      requireKnown(options, ZADD_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
      if (options.ch) words.push("CH");
      if (options.incr) words.push("INCR");
    }
    addRows(words, data, "score, member");
    return this.run(words);
  }

  /** Returns the number of members in a sorted set. Since 1.2.0. */
  zcard(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("ZCARD", arguments.length, 1);
    return this.run(["ZCARD", key]);
  }

  /** Counts the members of a sorted set in a range of scores. Since 2.0.0. */
  zcount(key: Word, min: Double, max: Double): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZCOUNT", arguments.length, 3);
    return this.run(["ZCOUNT", key, min, max]);
  }

  /** Returns the difference of sorted sets. Since 6.2.0. */
  zdiff(keys: OneOrMore<Word>, options: ZdiffOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zdiff(keys: OneOrMore<Word>, options?: ZdiffOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zdiff(keys: OneOrMore<Word>, options?: ZdiffOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zdiff(keys: OneOrMore<Word>, options?: ZdiffOptions): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("ZDIFF", arguments.length, 2);
    const words: Word[] = ["ZDIFF"];
    if (options !== undefined) requireKnown(options, ZDIFF_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) if (options.withScores) words.push("WITHSCORES");
    return this.run(words);
  }

  /** Stores the difference of sorted sets in a key. Since 6.2.0. */
  zdiffstore(destination: Word, keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("ZDIFFSTORE", arguments.length, 2);
    const words: Word[] = ["ZDIFFSTORE", destination];
    addCounted(words, keys);
    return this.run(words);
  }

  /** Increments the score of a member of a sorted set. Since 1.2.0. */
  zincrby(key: Word, increment: Integer, member: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZINCRBY", arguments.length, 3);
    return this.run(["ZINCRBY", key, increment, member]);
  }

  /** Returns the intersection of sorted sets. Since 6.2.0. */
  zinter(keys: OneOrMore<Word>, options: ZinterOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zinter(keys: OneOrMore<Word>, options?: ZinterOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zinter(keys: OneOrMore<Word>, options?: ZinterOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zinter(keys: OneOrMore<Word>, options?: ZinterOptions): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("ZINTER", arguments.length, 2);
    const words: Word[] = ["ZINTER"];
    if (options !== undefined) requireKnown(options, ZINTER_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) {
      if (options.weights !== undefined) {
        words.push("WEIGHTS");
        addAll(words, options.weights);
      }
      if (options.aggregate !== undefined) words.push("AGGREGATE", options.aggregate);
      if (options.withScores) words.push("WITHSCORES");
    }
    return this.run(words);
  }

  /** Returns the number of members in the intersection of sorted sets. Since 7.0.0. */
  zintercard(keys: OneOrMore<Word>, options?: ZintercardOptions): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("ZINTERCARD", arguments.length, 2);
    const words: Word[] = ["ZINTERCARD"];
    if (options !== undefined) requireKnown(options, ZINTERCARD_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) if (options.limit !== undefined) words.push("LIMIT", options.limit);
    return this.run(words);
  }

  /** Stores the intersection of sorted sets in a key. Since 2.0.0. */
  zinterstore(destination: Word, keys: OneOrMore<Word>, options?: ZinterstoreOptions): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZINTERSTORE", arguments.length, 3);
    const words: Word[] = ["ZINTERSTORE", destination];
    if (options !== undefined) requireKnown(options, ZINTERSTORE_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) {
      if (options.weights !== undefined) {
        words.push("WEIGHTS");
        addAll(words, options.weights);
      }
      if (options.aggregate !== undefined) words.push("AGGREGATE", options.aggregate);
    }
    return this.run(words);
  }

  /** Counts the members of a sorted set in a lexicographical range. Since 2.8.9. */
  zlexcount(key: Word, min: Word, max: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZLEXCOUNT", arguments.length, 3);
    return this.run(["ZLEXCOUNT", key, min, max]);
  }

  /** Pops members of the first non-empty sorted set of several. Since 7.0.0. */
  zmpop(keys: OneOrMore<Word>, where: "MIN" | "MAX", options?: ZmpopOptions): Answer<M, [key: Text<M>, members: [member: Text<M>, score: number][]] | null> {
    if (arguments.length > 3) throw tooMany("ZMPOP", arguments.length, 3);
    const words: Word[] = ["ZMPOP"];
    if (options !== undefined) requireKnown(options, ZMPOP_OPTIONS);
    addCounted(words, keys);
    words.push(where);
    if (options !== undefined) if (options.count !== undefined) words.push("COUNT", options.count);
    return this.run(words);
  }

  /** Returns the scores of members of a sorted set. Since 6.2.0. */
  zmscore(key: Word, members: OneOrMore<Word>): Answer<M, (number | null)[]> {
    if (arguments.length > 2) throw tooMany("ZMSCORE", arguments.length, 2);
    const words: Word[] = ["ZMSCORE", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Pops the highest-scored members of a sorted set. Since 5.0.0. */
  zpopmax(key: Word): Answer<M, [] | [member: Text<M>, score: number]>;
  zpopmax(key: Word, count: Integer): Answer<M, [Text<M>, number][]>;
  zpopmax(key: Word, count?: Integer): Answer<M, [] | [member: Text<M>, score: number] | [Text<M>, number][]>;
  zpopmax(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("ZPOPMAX", arguments.length, 2);
    const words: Word[] = ["ZPOPMAX", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Pops the lowest-scored members of a sorted set. Since 5.0.0. */
  zpopmin(key: Word): Answer<M, [] | [member: Text<M>, score: number]>;
  zpopmin(key: Word, count: Integer): Answer<M, [Text<M>, number][]>;
  zpopmin(key: Word, count?: Integer): Answer<M, [] | [member: Text<M>, score: number] | [Text<M>, number][]>;
  zpopmin(key: Word, count?: Integer): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("ZPOPMIN", arguments.length, 2);
    const words: Word[] = ["ZPOPMIN", key];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Returns random members of a sorted set. Since 6.2.0. */
  zrandmember(key: Word): Answer<M, Text<M> | null>;
  zrandmember(key: Word, count: Integer, options: ZrandmemberOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zrandmember(key: Word, count: Integer, options?: ZrandmemberOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zrandmember(key: Word, count: Integer, options?: ZrandmemberOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zrandmember(key: Word, count?: Integer, options?: ZrandmemberOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("ZRANDMEMBER", arguments.length, 3);
    const words: Word[] = ["ZRANDMEMBER", key];
    if (options !== undefined) requireKnown(options, ZRANDMEMBER_OPTIONS);
    if (count !== undefined) {
      words.push(count);
      if (options !== undefined) if (options.withScores) words.push("WITHSCORES");
    }
    return this.run(words);
  }

  /** Returns the members of a sorted set in a range of indexes, scores or members. Since 1.2.0. */
  zrange(key: Word, start: Word, stop: Word, options: ZrangeOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zrange(key: Word, start: Word, stop: Word, options?: ZrangeOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zrange(key: Word, start: Word, stop: Word, options?: ZrangeOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zrange(key: Word, start: Word, stop: Word, options?: ZrangeOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("ZRANGE", arguments.length, 4);
    const words: Word[] = ["ZRANGE", key, start, stop];
    if (options !== undefined) {
      requireKnown(options, ZRANGE_OPTIONS);
      if (options.byScore) words.push("BYSCORE");
      if (options.byLex) words.push("BYLEX");
      if (options.rev) words.push("REV");
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZRANGE_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
      if (options.withScores) words.push("WITHSCORES");
    }
    return this.run(words);
  }

  /**
   * Returns the members of a sorted set in a lexicographical range. Since 2.8.9.
   *
   * @deprecated since 6.2.0: ZRANGE with BYLEX
   */
  zrangebylex(key: Word, min: Word, max: Word, options?: ZrangebylexOptions): Answer<M, Text<M>[]> {
    if (arguments.length > 4) throw tooMany("ZRANGEBYLEX", arguments.length, 4);
    const words: Word[] = ["ZRANGEBYLEX", key, min, max];
    if (options !== undefined) {
      requireKnown(options, ZRANGEBYLEX_OPTIONS);
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZRANGEBYLEX_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
    }
    return this.run(words);
  }

  /**
   * Returns the members of a sorted set in a range of scores. Since 1.0.5.
   *
   * @deprecated since 6.2.0: ZRANGE with BYSCORE
   */
  zrangebyscore(key: Word, min: Double, max: Double, options: ZrangebyscoreOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zrangebyscore(key: Word, min: Double, max: Double, options?: ZrangebyscoreOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zrangebyscore(key: Word, min: Double, max: Double, options?: ZrangebyscoreOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zrangebyscore(key: Word, min: Double, max: Double, options?: ZrangebyscoreOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("ZRANGEBYSCORE", arguments.length, 4);
    const words: Word[] = ["ZRANGEBYSCORE", key, min, max];
    if (options !== undefined) {
      requireKnown(options, ZRANGEBYSCORE_OPTIONS);
      if (options.withScores) words.push("WITHSCORES");
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZRANGEBYSCORE_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
    }
    return this.run(words);
  }

  /** Stores the members in a range of a sorted set in a key. Since 6.2.0. */
  zrangestore(dst: Word, src: Word, min: Word, max: Word, options?: ZrangestoreOptions): Answer<M, number> {
    if (arguments.length > 5) throw tooMany("ZRANGESTORE", arguments.length, 5);
    const words: Word[] = ["ZRANGESTORE", dst, src, min, max];
    if (options !== undefined) {
      requireKnown(options, ZRANGESTORE_OPTIONS);
      if (options.byScore) words.push("BYSCORE");
      if (options.byLex) words.push("BYLEX");
      if (options.rev) words.push("REV");
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZRANGESTORE_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
    }
    return this.run(words);
  }

  /** Returns the index of a member of a sorted set, by ascending scores. Since 2.0.0. */
  zrank(key: Word, member: Word, options: ZrankOptions & { withScore: true }): Answer<M, [rank: number, score: number] | null>;
  zrank(key: Word, member: Word, options?: ZrankOptions & { withScore?: false | undefined }): Answer<M, number | null>;
  zrank(key: Word, member: Word, options?: ZrankOptions): Answer<M, number | null | [rank: number, score: number]>;
  zrank(key: Word, member: Word, options?: ZrankOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("ZRANK", arguments.length, 3);
    const words: Word[] = ["ZRANK", key, member];
    if (options !== undefined) {
      requireKnown(options, ZRANK_OPTIONS);
      if (options.withScore) words.push("WITHSCORE");
    }
    return this.run(words);
  }

  /** Removes members from a sorted set. Deletes the sorted set if no members remain. Since 1.2.0. */
  zrem(key: Word, members: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("ZREM", arguments.length, 2);
    const words: Word[] = ["ZREM", key];
    addAll(words, members);
    return this.run(words);
  }

  /** Removes the members in a lexicographical range from a sorted set. Since 2.8.9. */
  zremrangebylex(key: Word, min: Word, max: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZREMRANGEBYLEX", arguments.length, 3);
    return this.run(["ZREMRANGEBYLEX", key, min, max]);
  }

  /** Removes the members in a range of indexes from a sorted set. Since 2.0.0. */
  zremrangebyrank(key: Word, start: Integer, stop: Integer): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZREMRANGEBYRANK", arguments.length, 3);
    return this.run(["ZREMRANGEBYRANK", key, start, stop]);
  }

  /** Removes the members in a range of scores from a sorted set. Since 1.2.0. */
  zremrangebyscore(key: Word, min: Double, max: Double): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZREMRANGEBYSCORE", arguments.length, 3);
    return this.run(["ZREMRANGEBYSCORE", key, min, max]);
  }

  /**
   * Returns the members of a sorted set in a range of indexes, in reverse order. Since 1.2.0.
   *
   * @deprecated since 6.2.0: ZRANGE with REV
   */
  zrevrange(key: Word, start: Integer, stop: Integer, options: ZrevrangeOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zrevrange(key: Word, start: Integer, stop: Integer, options?: ZrevrangeOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zrevrange(key: Word, start: Integer, stop: Integer, options?: ZrevrangeOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zrevrange(key: Word, start: Integer, stop: Integer, options?: ZrevrangeOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("ZREVRANGE", arguments.length, 4);
    const words: Word[] = ["ZREVRANGE", key, start, stop];
    if (options !== undefined) {
      requireKnown(options, ZREVRANGE_OPTIONS);
      if (options.withScores) words.push("WITHSCORES");
    }
    return this.run(words);
  }

  /**
   * Returns the members of a sorted set in a reverse lexicographical range. Since 2.8.9.
   *
   * @deprecated since 6.2.0: ZRANGE with REV and BYLEX
   */
  zrevrangebylex(key: Word, max: Word, min: Word, options?: ZrevrangebylexOptions): Answer<M, Text<M>[]> {
    if (arguments.length > 4) throw tooMany("ZREVRANGEBYLEX", arguments.length, 4);
    const words: Word[] = ["ZREVRANGEBYLEX", key, max, min];
    if (options !== undefined) {
      requireKnown(options, ZREVRANGEBYLEX_OPTIONS);
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZREVRANGEBYLEX_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
    }
    return this.run(words);
  }

  /**
   * Returns the members of a sorted set in a range of scores, in reverse order. Since 2.2.0.
   *
   * @deprecated since 6.2.0: ZRANGE with REV and BYSCORE
   */
  zrevrangebyscore(key: Word, max: Double, min: Double, options: ZrevrangebyscoreOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zrevrangebyscore(key: Word, max: Double, min: Double, options?: ZrevrangebyscoreOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zrevrangebyscore(key: Word, max: Double, min: Double, options?: ZrevrangebyscoreOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zrevrangebyscore(key: Word, max: Double, min: Double, options?: ZrevrangebyscoreOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("ZREVRANGEBYSCORE", arguments.length, 4);
    const words: Word[] = ["ZREVRANGEBYSCORE", key, max, min];
    if (options !== undefined) {
      requireKnown(options, ZREVRANGEBYSCORE_OPTIONS);
      if (options.withScores) words.push("WITHSCORES");
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, ZREVRANGEBYSCORE_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
    }
    return this.run(words);
  }

  /** Returns the index of a member of a sorted set, by descending scores. Since 2.0.0. */
  zrevrank(key: Word, member: Word, options: ZrevrankOptions & { withScore: true }): Answer<M, [rank: number, score: number] | null>;
  zrevrank(key: Word, member: Word, options?: ZrevrankOptions & { withScore?: false | undefined }): Answer<M, number | null>;
  zrevrank(key: Word, member: Word, options?: ZrevrankOptions): Answer<M, number | null | [rank: number, score: number]>;
  zrevrank(key: Word, member: Word, options?: ZrevrankOptions): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("ZREVRANK", arguments.length, 3);
    const words: Word[] = ["ZREVRANK", key, member];
    if (options !== undefined) {
      requireKnown(options, ZREVRANK_OPTIONS);
      if (options.withScore) words.push("WITHSCORE");
    }
    return this.run(words);
  }

  /** Iterates over the members and scores of a sorted set. Since 2.8.0. */
  zscanStep(key: Word, cursor: Word, options?: ZscanOptions): Answer<M, [cursor: Text<M>, members: Fields<Text<M>, number>]> {
    if (arguments.length > 3) throw tooMany("ZSCAN", arguments.length, 3);
    const words: Word[] = ["ZSCAN", key, cursor];
    if (options !== undefined) {
      requireKnown(options, ZSCAN_OPTIONS);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.run(words, tuple([null, fields(toNumber)]));
  }

  /** Returns the score of a member of a sorted set. Since 1.2.0. */
  zscore(key: Word, member: Word): Answer<M, number | null> {
    if (arguments.length > 2) throw tooMany("ZSCORE", arguments.length, 2);
    return this.run(["ZSCORE", key, member]);
  }

  /** Returns the union of sorted sets. Since 6.2.0. */
  zunion(keys: OneOrMore<Word>, options: ZunionOptions & { withScores: true }): Answer<M, [Text<M>, number][]>;
  zunion(keys: OneOrMore<Word>, options?: ZunionOptions & { withScores?: false | undefined }): Answer<M, Text<M>[]>;
  zunion(keys: OneOrMore<Word>, options?: ZunionOptions): Answer<M, Text<M>[] | [Text<M>, number][]>;
  zunion(keys: OneOrMore<Word>, options?: ZunionOptions): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("ZUNION", arguments.length, 2);
    const words: Word[] = ["ZUNION"];
    if (options !== undefined) requireKnown(options, ZUNION_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) {
      if (options.weights !== undefined) {
        words.push("WEIGHTS");
        addAll(words, options.weights);
      }
      if (options.aggregate !== undefined) words.push("AGGREGATE", options.aggregate);
      if (options.withScores) words.push("WITHSCORES");
    }
    return this.run(words);
  }

  /** Stores the union of sorted sets in a key. Since 2.0.0. */
  zunionstore(destination: Word, keys: OneOrMore<Word>, options?: ZunionstoreOptions): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("ZUNIONSTORE", arguments.length, 3);
    const words: Word[] = ["ZUNIONSTORE", destination];
    if (options !== undefined) requireKnown(options, ZUNIONSTORE_OPTIONS);
    addCounted(words, keys);
    if (options !== undefined) {
      if (options.weights !== undefined) {
        words.push("WEIGHTS");
        addAll(words, options.weights);
      }
      if (options.aggregate !== undefined) words.push("AGGREGATE", options.aggregate);
    }
    return this.run(words);
  }
}
