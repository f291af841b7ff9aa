/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addColumns, addCounted, addPairs, addThreshold, type AllOrNone, type AtMostOne, type Integer, type OneOf, type OneOrMore, type Pairs, type Threshold } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { each, fields, orEmpty, record, toNumber, tuple, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { toStreamEntry, toGroupEntry, type StreamEntry, type GroupEntry } from "./replies.ts";
import { SortedSetCommands } from "./sorted-set.ts";

export type XackdelOptions = AtMostOne<{ keepRef?: boolean | undefined } | { delRef?: boolean | undefined } | { acked?: boolean | undefined }>;

const XACKDEL_OPTIONS = knownOptions("XACKDEL", { keepRef: true, delRef: true, acked: true });

export type XaddOptions = {
  noMkStream?: boolean | undefined;
} &
  AtMostOne<{ keepRef?: boolean | undefined } | { delRef?: boolean | undefined } | { acked?: boolean | undefined }> &
  AtMostOne<{ maxLen?: Threshold<Integer> | undefined } | { minId?: Threshold<Word> | undefined }>;

const XADD_OPTIONS = knownOptions("XADD", { noMkStream: true, keepRef: true, delRef: true, acked: true, maxLen: true, minId: true });

export type XautoclaimOptions = {
  count?: Integer | undefined;
  justId?: boolean | undefined;
};

const XAUTOCLAIM_OPTIONS = knownOptions("XAUTOCLAIM", { count: true, justId: true });

export type XclaimOptions = {
  idle?: Integer | undefined;
  time?: Integer | undefined;
  retryCount?: Integer | undefined;
  force?: boolean | undefined;
  justId?: boolean | undefined;
  lastId?: Word | undefined;
};

const XCLAIM_OPTIONS = knownOptions("XCLAIM", { idle: true, time: true, retryCount: true, force: true, justId: true, lastId: true });

export type XdelexOptions = AtMostOne<{ keepRef?: boolean | undefined } | { delRef?: boolean | undefined } | { acked?: boolean | undefined }>;

const XDELEX_OPTIONS = knownOptions("XDELEX", { keepRef: true, delRef: true, acked: true });

export type XgroupCreateOptions = {
  mkStream?: boolean | undefined;
  entriesRead?: Integer | undefined;
};

const XGROUP_CREATE_OPTIONS = knownOptions("XGROUP CREATE", { mkStream: true, entriesRead: true });

export type XgroupSetidOptions = {
  entriesRead?: Integer | undefined;
};

const XGROUP_SETID_OPTIONS = knownOptions("XGROUP SETID", { entriesRead: true });

export type XinfoStreamOptions = AllOrNone<{ full: boolean } & { count?: Integer | undefined }>;

const XINFO_STREAM_OPTIONS = knownOptions("XINFO STREAM", { full: true, count: true });

export type XpendingOptions = {
  idle?: Integer | undefined;
  consumer?: Word | undefined;
};

const XPENDING_OPTIONS = knownOptions("XPENDING", { idle: true, consumer: true });

export type XrangeOptions = {
  count?: Integer | undefined;
};

const XRANGE_OPTIONS = knownOptions("XRANGE", { count: true });

export type XreadOptions = {
  count?: Integer | undefined;
  block?: Integer | undefined;
};

const XREAD_OPTIONS = knownOptions("XREAD", { count: true, block: true });

export type XreadgroupOptions = {
  count?: Integer | undefined;
  block?: Integer | undefined;
  noAck?: boolean | undefined;
};

const XREADGROUP_OPTIONS = knownOptions("XREADGROUP", { count: true, block: true, noAck: true });

export type XrevrangeOptions = {
  count?: Integer | undefined;
};

const XREVRANGE_OPTIONS = knownOptions("XREVRANGE", { count: true });

export type XsetidOptions = {
  entriesAdded?: Integer | undefined;
  maxDeletedId?: Word | undefined;
};

const XSETID_OPTIONS = knownOptions("XSETID", { entriesAdded: true, maxDeletedId: true });

export type XtrimOptions = AtMostOne<{ keepRef?: boolean | undefined } | { delRef?: boolean | undefined } | { acked?: boolean | undefined }>;

const XTRIM_OPTIONS = knownOptions("XTRIM", { keepRef: true, delRef: true, acked: true });
const XTRIM_TRIM_OPTIONS = knownOptions("XTRIM: trim", { maxLen: true, minId: true });

/** Commands of the group "stream", and of those before it. */
export abstract class StreamCommands<M extends Mode> extends SortedSetCommands<M> {
  /** Acknowledges entries of a stream in a consumer group. Since 5.0.0. */
  xack(key: Word, group: Word, ids: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("XACK", arguments.length, 3);
    const words: Word[] = ["XACK", key, group];
    addAll(words, ids);
    return this.run(words);
  }

  /** Acknowledges entries of a stream in a consumer group and deletes them. Since 8.2.0. */
  xackdel(key: Word, group: Word, ids: OneOrMore<Word>, options?: XackdelOptions): Answer<M, (-1 | 1 | 2)[]> {
    if (arguments.length > 4) throw tooMany("XACKDEL", arguments.length, 4);
    const words: Word[] = ["XACKDEL", key, group];
    if (options !== undefined) {
      requireKnown(options, XACKDEL_OPTIONS);
      if (options.keepRef) words.push("KEEPREF");
      if (options.delRef) words.push("DELREF");
      if (options.acked) words.push("ACKED");
    }
    words.push("IDS");
    addCounted(words, ids);
    return this.run(words);
  }

  /** Appends an entry to a stream. Creates the stream if it doesn't exist. Since 5.0.0. */
  xadd<D extends Pairs<Word, Word, D>>(key: Word, idSelector: Word, data: D, options: XaddOptions & { noMkStream: true }): Answer<M, Text<M> | null>;
  xadd<D extends Pairs<Word, Word, D>>(key: Word, idSelector: Word, data: D, options?: XaddOptions & { noMkStream?: false | undefined }): Answer<M, Text<M>>;
  xadd<D extends Pairs<Word, Word, D>>(key: Word, idSelector: Word, data: D, options?: XaddOptions): Answer<M, Text<M> | null>;
  xadd(key: Word, idSelector: Word, data: object, options?: XaddOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("XADD", arguments.length, 4);
    const words: Word[] = ["XADD", key];
    if (options !== undefined) {
      requireKnown(options, XADD_OPTIONS);
      if (options.noMkStream) words.push("NOMKSTREAM");
      if (options.keepRef) words.push("KEEPREF");
      if (options.delRef) words.push("DELREF");
      if (options.acked) words.push("ACKED");
      if (options.maxLen !== undefined) addThreshold(words, "MAXLEN", options.maxLen);
      if (options.minId !== undefined) addThreshold(words, "MINID", options.minId);
    }
    words.push(idSelector);
    addPairs(words, data);
    return this.run(words);
  }

  /** Claims the entries of a consumer group that were delivered long ago and never acknowledged. Since 6.2.0. */
  xautoclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, start: Word, options: XautoclaimOptions & { justId: true }): Answer<M, [next: Text<M>, ids: Text<M>[], deleted: Text<M>[]]>;
  xautoclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, start: Word, options?: XautoclaimOptions & { justId?: false | undefined }): Answer<M, [next: Text<M>, entries: StreamEntry<Text<M>>[], deleted: Text<M>[]]>;
  xautoclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, start: Word, options?: XautoclaimOptions): Answer<M, [next: Text<M>, entries: StreamEntry<Text<M>>[], deleted: Text<M>[]] | [next: Text<M>, ids: Text<M>[], deleted: Text<M>[]]>;
  xautoclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, start: Word, options?: XautoclaimOptions): Answer<M, unknown> {
    if (arguments.length > 6) throw tooMany("XAUTOCLAIM", arguments.length, 6);
    const words: Word[] = ["XAUTOCLAIM", key, group, consumer, minIdleTime, start];
    if (options !== undefined) {
      requireKnown(options, XAUTOCLAIM_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.justId) words.push("JUSTID");
    }
    let convert: Convert | undefined = tuple([null, each(toStreamEntry), null]);
    if (options?.justId) convert = undefined;
    return this.run(words, convert);
  }

  /** Claims pending entries of a consumer group for a consumer. Since 5.0.0. */
  xclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, ids: OneOrMore<Word>, options: XclaimOptions & { justId: true }): Answer<M, Text<M>[]>;
  xclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, ids: OneOrMore<Word>, options?: XclaimOptions & { justId?: false | undefined }): Answer<M, StreamEntry<Text<M>>[]>;
  xclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, ids: OneOrMore<Word>, options?: XclaimOptions): Answer<M, StreamEntry<Text<M>>[] | Text<M>[]>;
  xclaim(key: Word, group: Word, consumer: Word, minIdleTime: Word, ids: OneOrMore<Word>, options?: XclaimOptions): Answer<M, unknown> {
    if (arguments.length > 6) throw tooMany("XCLAIM", arguments.length, 6);
    const words: Word[] = ["XCLAIM", key, group, consumer, minIdleTime];
    if (options !== undefined) requireKnown(options, XCLAIM_OPTIONS);
    addAll(words, ids);
    if (options !== undefined) {
      if (options.idle !== undefined) words.push("IDLE", options.idle);
      if (options.time !== undefined) words.push("TIME", options.time);
      if (options.retryCount !== undefined) words.push("RETRYCOUNT", options.retryCount);
      if (options.force) words.push("FORCE");
      if (options.justId) words.push("JUSTID");
      if (options.lastId !== undefined) words.push("LASTID", options.lastId);
    }
    let convert: Convert | undefined = each(toStreamEntry);
    if (options?.justId) convert = undefined;
    return this.run(words, convert);
  }

  /** Deletes entries of a stream. Since 5.0.0. */
  xdel(key: Word, ids: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("XDEL", arguments.length, 2);
    const words: Word[] = ["XDEL", key];
    addAll(words, ids);
    return this.run(words);
  }

  /** Deletes entries of a stream, and their references in consumer groups or only entries without any. Since 8.2.0. */
  xdelex(key: Word, ids: OneOrMore<Word>, options?: XdelexOptions): Answer<M, (-1 | 1 | 2)[]> {
    if (arguments.length > 3) throw tooMany("XDELEX", arguments.length, 3);
    const words: Word[] = ["XDELEX", key];
    if (options !== undefined) {
      requireKnown(options, XDELEX_OPTIONS);
      if (options.keepRef) words.push("KEEPREF");
      if (options.delRef) words.push("DELREF");
      if (options.acked) words.push("ACKED");
    }
    words.push("IDS");
    addCounted(words, ids);
    return this.run(words);
  }

  /** Creates a consumer group. Since 5.0.0. */
  xgroupCreate(key: Word, group: Word, idSelector: Word, options?: XgroupCreateOptions): Answer<M, "OK"> {
    if (arguments.length > 4) throw tooMany("XGROUP CREATE", arguments.length, 4);
    const words: Word[] = ["XGROUP", "CREATE", key, group, idSelector];
    if (options !== undefined) {
      requireKnown(options, XGROUP_CREATE_OPTIONS);
      if (options.mkStream) words.push("MKSTREAM");
      if (options.entriesRead !== undefined) words.push("ENTRIESREAD", options.entriesRead);
    }
    return this.run(words);
  }

  /** Sets the last-delivered id of a consumer group. Since 5.0.0. */
  xgroupSetid(key: Word, group: Word, idSelector: Word, options?: XgroupSetidOptions): Answer<M, "OK"> {
    if (arguments.length > 4) throw tooMany("XGROUP SETID", arguments.length, 4);
    const words: Word[] = ["XGROUP", "SETID", key, group, idSelector];
    if (options !== undefined) {
      requireKnown(options, XGROUP_SETID_OPTIONS);
      if (options.entriesRead !== undefined) words.push("ENTRIESREAD", options.entriesRead);
    }
    return this.run(words);
  }

  /** Deletes a consumer group. Since 5.0.0. */
  xgroupDestroy(key: Word, group: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("XGROUP DESTROY", arguments.length, 2);
    return this.run(["XGROUP", "DESTROY", key, group]);
  }

  /** Creates a consumer in a consumer group. Since 6.2.0. */
  xgroupCreateconsumer(key: Word, group: Word, consumer: Word): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("XGROUP CREATECONSUMER", arguments.length, 3);
    return this.run(["XGROUP", "CREATECONSUMER", key, group, consumer]);
  }

  /** Deletes a consumer and its pending entries from a consumer group. Since 5.0.0. */
  xgroupDelconsumer(key: Word, group: Word, consumer: Word): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("XGROUP DELCONSUMER", arguments.length, 3);
    return this.run(["XGROUP", "DELCONSUMER", key, group, consumer]);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  xgroupHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("XGROUP HELP", arguments.length, 0);
    return this.run(["XGROUP", "HELP"]);
  }

  /** Returns information about a stream. Since 5.0.0. */
  xinfoStream(key: Word, options: XinfoStreamOptions & { full: true }): Answer<M, { length: number; "radix-tree-keys": number; "radix-tree-nodes": number; "last-generated-id": Text<M>; "max-deleted-entry-id": Text<M>; "entries-added": number | bigint; "recorded-first-entry-id": Text<M>; entries: StreamEntry<Text<M>>[]; groups: { name: Text<M>; "last-delivered-id": Text<M>; "entries-read": number | bigint | null; lag: number | bigint | null; "pel-count": number; pending: [id: Text<M>, consumer: Text<M>, delivered: number, deliveries: number | bigint][]; consumers: { name: Text<M>; "seen-time": number; "active-time": number; "pel-count": number; pending: [id: Text<M>, delivered: number, deliveries: number | bigint][] }[] }[] }>;
  xinfoStream(key: Word, options?: XinfoStreamOptions & { full?: false | undefined }): Answer<M, { length: number; "radix-tree-keys": number; "radix-tree-nodes": number; "last-generated-id": Text<M>; "max-deleted-entry-id": Text<M>; "entries-added": number | bigint; "recorded-first-entry-id": Text<M>; groups: number; "first-entry": StreamEntry<Text<M>> | null; "last-entry": StreamEntry<Text<M>> | null }>;
  xinfoStream(key: Word, options?: XinfoStreamOptions): Answer<M, { length: number; "radix-tree-keys": number; "radix-tree-nodes": number; "last-generated-id": Text<M>; "max-deleted-entry-id": Text<M>; "entries-added": number | bigint; "recorded-first-entry-id": Text<M>; groups: number; "first-entry": StreamEntry<Text<M>> | null; "last-entry": StreamEntry<Text<M>> | null } | { length: number; "radix-tree-keys": number; "radix-tree-nodes": number; "last-generated-id": Text<M>; "max-deleted-entry-id": Text<M>; "entries-added": number | bigint; "recorded-first-entry-id": Text<M>; entries: StreamEntry<Text<M>>[]; groups: { name: Text<M>; "last-delivered-id": Text<M>; "entries-read": number | bigint | null; lag: number | bigint | null; "pel-count": number; pending: [id: Text<M>, consumer: Text<M>, delivered: number, deliveries: number | bigint][]; consumers: { name: Text<M>; "seen-time": number; "active-time": number; "pel-count": number; pending: [id: Text<M>, delivered: number, deliveries: number | bigint][] }[] }[] }>;
  xinfoStream(key: Word, options?: XinfoStreamOptions): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("XINFO STREAM", arguments.length, 2);
    const words: Word[] = ["XINFO", "STREAM", key];
    if (options !== undefined) {
      requireKnown(options, XINFO_STREAM_OPTIONS);
      if (options.full) {
        words.push("FULL");
        if (options.count !== undefined) words.push("COUNT", options.count);
      }
    }
    let convert: Convert | undefined = record({ "first-entry": toStreamEntry, "last-entry": toStreamEntry });
    if (options?.full) convert = record({ "entries": each(toStreamEntry), "groups": each(record({ "consumers": each(record({})) })) });
    return this.run(words, convert);
  }

  /** Lists the consumer groups of a stream. Since 5.0.0. */
  xinfoGroups(key: Word): Answer<M, { name: Text<M>; consumers: number; pending: number; "last-delivered-id": Text<M>; "entries-read": number | bigint | null; lag: number | bigint | null }[]> {
    if (arguments.length > 1) throw tooMany("XINFO GROUPS", arguments.length, 1);
    return this.run(["XINFO", "GROUPS", key], each(record({})));
  }

  /** Lists the consumers in a consumer group. Since 5.0.0. */
  xinfoConsumers(key: Word, group: Word): Answer<M, { name: Text<M>; pending: number; idle: number; inactive: number }[]> {
    if (arguments.length > 2) throw tooMany("XINFO CONSUMERS", arguments.length, 2);
    return this.run(["XINFO", "CONSUMERS", key, group], each(record({})));
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  xinfoHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("XINFO HELP", arguments.length, 0);
    return this.run(["XINFO", "HELP"]);
  }

  /** Returns the number of entries in a stream. Since 5.0.0. */
  xlen(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("XLEN", arguments.length, 1);
    return this.run(["XLEN", key]);
  }

  /** Returns a summary or a range of the pending entries of a consumer group. Since 5.0.0. */
  xpending(key: Word, group: Word): Answer<M, [pending: number, least: Text<M> | null, greatest: Text<M> | null, consumers: [name: Text<M>, pending: number][] | null]>;
  xpending(key: Word, group: Word, start: Word, end: Word, count: Integer, options?: XpendingOptions): Answer<M, [id: Text<M>, consumer: Text<M>, idle: number, deliveries: number | bigint][]>;
  xpending(key: Word, group: Word, start?: Word, end?: Word, count?: Integer, options?: XpendingOptions): Answer<M, unknown> {
    if (arguments.length > 6) throw tooMany("XPENDING", arguments.length, 6);
    const words: Word[] = ["XPENDING", key, group];
    if (options !== undefined) requireKnown(options, XPENDING_OPTIONS);
    if (start !== undefined && end !== undefined && count !== undefined) {
      if (options !== undefined) if (options.idle !== undefined) words.push("IDLE", options.idle);
      words.push(start, end, count);
      if (options !== undefined) if (options.consumer !== undefined) words.push(options.consumer);
    }
    let convert: Convert | undefined = tuple([null, null, null, each(tuple([null, toNumber]))]);
    if (start !== undefined) convert = undefined;
    return this.run(words, convert);
  }

  /** Returns the entries of a stream in a range of ids. Since 5.0.0. */
  xrange(key: Word, start: Word, end: Word, options?: XrangeOptions): Answer<M, StreamEntry<Text<M>>[]> {
    if (arguments.length > 4) throw tooMany("XRANGE", arguments.length, 4);
    const words: Word[] = ["XRANGE", key, start, end];
    if (options !== undefined) {
      requireKnown(options, XRANGE_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.run(words, orEmpty(each(toStreamEntry)));
  }

  /** Returns the entries of streams after given ids. Can block until there are any. Since 5.0.0. */
  xread<D extends Pairs<Word, Word, D>>(streams: D, options?: XreadOptions): Answer<M, Fields<Text<M>, StreamEntry<Text<M>>[]> | null> {
    if (arguments.length > 2) throw tooMany("XREAD", arguments.length, 2);
    const words: Word[] = ["XREAD"];
    if (options !== undefined) {
      requireKnown(options, XREAD_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.block !== undefined) words.push("BLOCK", options.block);
    }
    words.push("STREAMS");
    addColumns(words, streams);
    if (options?.block === undefined) return this.run(words, fields(each(toStreamEntry)));
    return this.runBlocking(words, fields(each(toStreamEntry)));
  }

  /** Returns new or pending entries of streams to a consumer. Can block until there are any. Since 5.0.0. */
  xreadgroup<D extends Pairs<Word, Word, D>>(group: Word, consumer: Word, streams: D, options?: XreadgroupOptions): Answer<M, Fields<Text<M>, GroupEntry<Text<M>>[]> | null> {
    if (arguments.length > 4) throw tooMany("XREADGROUP", arguments.length, 4);
    const words: Word[] = ["XREADGROUP", "GROUP", group, consumer];
    if (options !== undefined) {
      requireKnown(options, XREADGROUP_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.block !== undefined) words.push("BLOCK", options.block);
      if (options.noAck) words.push("NOACK");
    }
    words.push("STREAMS");
    addColumns(words, streams);
    if (options?.block === undefined) return this.run(words, fields(each(toGroupEntry)));
    return this.runBlocking(words, fields(each(toGroupEntry)));
  }

  /** Returns the entries of a stream in a range of ids, in reverse order. Since 5.0.0. */
  xrevrange(key: Word, end: Word, start: Word, options?: XrevrangeOptions): Answer<M, StreamEntry<Text<M>>[]> {
    if (arguments.length > 4) throw tooMany("XREVRANGE", arguments.length, 4);
    const words: Word[] = ["XREVRANGE", key, end, start];
    if (options !== undefined) {
      requireKnown(options, XREVRANGE_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.run(words, orEmpty(each(toStreamEntry)));
  }

  /** An internal command that sets what a stream records besides its entries. Since 5.0.0. */
  xsetid(key: Word, lastId: Word, options?: XsetidOptions): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("XSETID", arguments.length, 3);
    const words: Word[] = ["XSETID", key, lastId];
    if (options !== undefined) {
      requireKnown(options, XSETID_OPTIONS);
      if (options.entriesAdded !== undefined) words.push("ENTRIESADDED", options.entriesAdded);
      if (options.maxDeletedId !== undefined) words.push("MAXDELETEDID", options.maxDeletedId);
    }
    return this.run(words);
  }

  /** Deletes entries from the beginning of a stream. Since 5.0.0. */
  xtrim(key: Word, trim: OneOf<{ maxLen: Threshold<Integer> } | { minId: Threshold<Word> }>, options?: XtrimOptions): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("XTRIM", arguments.length, 3);
    const words: Word[] = ["XTRIM", key];
    if (options !== undefined) requireKnown(options, XTRIM_OPTIONS);
    requireKnown(trim, XTRIM_TRIM_OPTIONS);
    if (trim.maxLen !== undefined) addThreshold(words, "MAXLEN", trim.maxLen);
    if (trim.minId !== undefined) addThreshold(words, "MINID", trim.minId);
    if (options !== undefined) {
      if (options.keepRef) words.push("KEEPREF");
      if (options.delRef) words.push("DELREF");
      if (options.acked) words.push("ACKED");
    }
    return this.run(words);
  }
}
