/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { each, fields, record, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { toRunning, toEnded, type Running, type Ended } from "./replies.ts";
import { PubsubCommands } from "./pubsub.ts";

export type ReplicantBigkeysOptions = {
  db?: Integer | undefined;
  prefix?: Word | undefined;
  match?: Word | undefined;
  type?: Word | undefined;
  minsize?: Integer | undefined;
  maxsize?: Integer | undefined;
  ttl?: OneOf<{ with: boolean } | { without: boolean } | { below: Integer }> | undefined;
  by?: "BYTES" | "ELEMENTS" | undefined;
  count?: Integer | undefined;
};

const REPLICANT_BIGKEYS_OPTIONS = knownOptions("REPLICANT.BIGKEYS", { db: true, prefix: true, match: true, type: true, minsize: true, maxsize: true, ttl: true, by: true, count: true });
const REPLICANT_BIGKEYS_TTL_OPTIONS = knownOptions("REPLICANT.BIGKEYS: ttl", { with: true, without: true, below: true });

export type ReplicantCompareOptions = {
  auth?: { username?: Word | undefined; password: Word } | undefined;
  sample?: Integer | undefined;
  differences?: Integer | undefined;
};

const REPLICANT_COMPARE_OPTIONS = knownOptions("REPLICANT.COMPARE", { auth: true, sample: true, differences: true });
const REPLICANT_COMPARE_AUTH_OPTIONS = knownOptions("REPLICANT.COMPARE: auth", { username: true, password: true });

export type ReplicantHotkeysStartOptions = {
  count?: Integer | undefined;
  sample?: Integer | undefined;
  duration?: Integer | undefined;
};

const REPLICANT_HOTKEYS_START_OPTIONS = knownOptions("REPLICANT.HOTKEYS START", { count: true, sample: true, duration: true });

export type ReplicantPurgeStageOptions = {
  db?: Integer | undefined;
  prefix?: Word | undefined;
  match?: Word | undefined;
  type?: Word | undefined;
  minsize?: Integer | undefined;
  maxsize?: Integer | undefined;
  ttl?: OneOf<{ with: boolean } | { without: boolean } | { below: Integer }> | undefined;
};

const REPLICANT_PURGE_STAGE_OPTIONS = knownOptions("REPLICANT.PURGE STAGE", { db: true, prefix: true, match: true, type: true, minsize: true, maxsize: true, ttl: true });
const REPLICANT_PURGE_STAGE_TTL_OPTIONS = knownOptions("REPLICANT.PURGE STAGE: ttl", { with: true, without: true, below: true });

export type ReplicantSearchOptions = {
  db?: Integer | undefined;
  prefix?: Word | undefined;
  match?: Word | undefined;
  type?: Word | undefined;
  minsize?: Integer | undefined;
  maxsize?: Integer | undefined;
  ttl?: OneOf<{ with: boolean } | { without: boolean } | { below: Integer }> | undefined;
  count?: Integer | undefined;
};

const REPLICANT_SEARCH_OPTIONS = knownOptions("REPLICANT.SEARCH", { db: true, prefix: true, match: true, type: true, minsize: true, maxsize: true, ttl: true, count: true });
const REPLICANT_SEARCH_TTL_OPTIONS = knownOptions("REPLICANT.SEARCH: ttl", { with: true, without: true, below: true });

export type ReplicantTreeOptions = {
  db?: Integer | undefined;
  prefix?: Word | undefined;
  match?: Word | undefined;
  type?: Word | undefined;
  minsize?: Integer | undefined;
  maxsize?: Integer | undefined;
  ttl?: OneOf<{ with: boolean } | { without: boolean } | { below: Integer }> | undefined;
  separator?: Word | undefined;
  by?: "NAME" | "KEYS" | "BYTES" | undefined;
  count?: Integer | undefined;
  after?: Word | undefined;
  fresh?: boolean | undefined;
};

const REPLICANT_TREE_OPTIONS = knownOptions("REPLICANT.TREE", { db: true, prefix: true, match: true, type: true, minsize: true, maxsize: true, ttl: true, separator: true, by: true, count: true, after: true, fresh: true });
const REPLICANT_TREE_TTL_OPTIONS = knownOptions("REPLICANT.TREE: ttl", { with: true, without: true, below: true });

/** Commands of the group "replicant", and of those before it. */
export abstract class ReplicantCommands<M extends Mode> extends PubsubCommands<M> {
  /** Returns the largest keys of a database. Since 0.1.0. */
  replicantBigkeys(options?: ReplicantBigkeysOptions): Answer<M, { database: number; keys: number; bytes: number; walk: number; types: Fields<Text<M>, [keys: number, bytes: number, elements: number]>; biggest: [key: Text<M>, type: Text<M>, bytes: number, elements: number, ttl: number][] }> {
    if (arguments.length > 1) throw tooMany("REPLICANT.BIGKEYS", arguments.length, 1);
    const words: Word[] = ["REPLICANT.BIGKEYS"];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_BIGKEYS_OPTIONS);
      if (options.db !== undefined) words.push("DB", options.db);
      if (options.prefix !== undefined) words.push("PREFIX", options.prefix);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.type !== undefined) words.push("TYPE", options.type);
      if (options.minsize !== undefined) words.push("MINSIZE", options.minsize);
      if (options.maxsize !== undefined) words.push("MAXSIZE", options.maxsize);
      if (options.ttl !== undefined) {
        words.push("TTL");
        requireKnown(options.ttl, REPLICANT_BIGKEYS_TTL_OPTIONS);
        if (options.ttl.with) words.push("WITH");
        if (options.ttl.without) words.push("WITHOUT");
        if (options.ttl.below !== undefined) words.push("BELOW", options.ttl.below);
      }
      if (options.by !== undefined) words.push("BY", options.by);
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.runBlocking(words, record({ "types": fields() }));
  }

  /** Compares the keys of this server with those of another one. Since 0.1.0. */
  replicantCompare(host: Word, port: Integer, options?: ReplicantCompareOptions): Answer<M, { compared: number; same: number; different: number; "missing-here": number; "missing-there": number; changing: number; offsets: Text<M>; differences: [database: number, key: Text<M>, difference: Text<M>][] }> {
    if (arguments.length > 3) throw tooMany("REPLICANT.COMPARE", arguments.length, 3);
    const words: Word[] = ["REPLICANT.COMPARE", host, port];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_COMPARE_OPTIONS);
      if (options.auth !== undefined) {
        words.push("AUTH");
        requireKnown(options.auth, REPLICANT_COMPARE_AUTH_OPTIONS);
        if (options.auth.username !== undefined) words.push(options.auth.username);
        words.push(options.auth.password);
      }
      if (options.sample !== undefined) words.push("SAMPLE", options.sample);
      if (options.differences !== undefined) words.push("DIFFERENCES", options.differences);
    }
    return this.runBlocking(words, record({}));
  }

  /** Returns configuration directives with their help. Since 0.1.0. */
  replicantDirectives(patterns?: OneOrMore<Word>): Answer<M, { name: Text<M>; value: Text<M>; default: Text<M>; values: Text<M>; help: Text<M>; changeable: boolean; effective: boolean; secret: boolean }[]> {
    if (arguments.length > 1) throw tooMany("REPLICANT.DIRECTIVES", arguments.length, 1);
    const words: Word[] = ["REPLICANT.DIRECTIVES"];
    if (patterns !== undefined) addAll(words, patterns);
    return this.run(words, each(record({})));
  }

  /** Begins to count the keys that are used most. Since 0.1.0. */
  replicantHotkeysStart(options?: ReplicantHotkeysStartOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("REPLICANT.HOTKEYS START", arguments.length, 1);
    const words: Word[] = ["REPLICANT.HOTKEYS", "START"];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_HOTKEYS_START_OPTIONS);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.sample !== undefined) words.push("SAMPLE", options.sample);
      if (options.duration !== undefined) words.push("DURATION", options.duration);
    }
    return this.run(words);
  }

  /** Ends the count of keys; what was counted stays. Since 0.1.0. */
  replicantHotkeysStop(): Answer<M, "OK" | null> {
    if (arguments.length > 0) throw tooMany("REPLICANT.HOTKEYS STOP", arguments.length, 0);
    return this.run(["REPLICANT.HOTKEYS", "STOP"]);
  }

  /** Forgets what was counted. Since 0.1.0. */
  replicantHotkeysReset(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("REPLICANT.HOTKEYS RESET", arguments.length, 0);
    return this.run(["REPLICANT.HOTKEYS", "RESET"]);
  }

  /** Returns the keys that are used most. Since 0.1.0. */
  replicantHotkeysGet(): Answer<M, { "tracking-active": number; "sample-ratio": number; "collection-start-time-unix-ms": number; "collection-duration-ms": number; commands: number; sampled: number; keys: [database: number, key: Text<M>, count: number, error: number, share: number][] } | null> {
    if (arguments.length > 0) throw tooMany("REPLICANT.HOTKEYS GET", arguments.length, 0);
    return this.run(["REPLICANT.HOTKEYS", "GET"], record({}));
  }

  /** Returns helpful text about the subcommands. Since 0.1.0. */
  replicantHotkeysHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("REPLICANT.HOTKEYS HELP", arguments.length, 0);
    return this.run(["REPLICANT.HOTKEYS", "HELP"]);
  }

  /** Returns how far loads, saves, synchronizations and other long operations are. Since 0.1.0. */
  replicantProgress(): Answer<M, { running: Running<Text<M>>[]; ended: Ended<Text<M>>[] }> {
    if (arguments.length > 0) throw tooMany("REPLICANT.PROGRESS", arguments.length, 0);
    return this.run(["REPLICANT.PROGRESS"], record({ "running": each(toRunning), "ended": each(toEnded) }));
  }

  /** Counts the keys that are to be deleted. Since 0.1.0. */
  replicantPurgeStage(options?: ReplicantPurgeStageOptions): Answer<M, { id: number; state: Text<M>; reason: Text<M>; user: Text<M>; database: number; filters: Text<M>[]; keys: number; bytes: number; deleted: number; freed: number; progress: number; "starts-in": number; age: number }> {
    if (arguments.length > 1) throw tooMany("REPLICANT.PURGE STAGE", arguments.length, 1);
    const words: Word[] = ["REPLICANT.PURGE", "STAGE"];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_PURGE_STAGE_OPTIONS);
      if (options.db !== undefined) words.push("DB", options.db);
      if (options.prefix !== undefined) words.push("PREFIX", options.prefix);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.type !== undefined) words.push("TYPE", options.type);
      if (options.minsize !== undefined) words.push("MINSIZE", options.minsize);
      if (options.maxsize !== undefined) words.push("MAXSIZE", options.maxsize);
      if (options.ttl !== undefined) {
        words.push("TTL");
        requireKnown(options.ttl, REPLICANT_PURGE_STAGE_TTL_OPTIONS);
        if (options.ttl.with) words.push("WITH");
        if (options.ttl.without) words.push("WITHOUT");
        if (options.ttl.below !== undefined) words.push("BELOW", options.ttl.below);
      }
    }
    return this.runBlocking(words, record({}));
  }

  /** Has a deletion begin after a delay. Since 0.1.0. */
  replicantPurgeConfirm(id: Integer): Answer<M, { id: number; state: Text<M>; reason: Text<M>; user: Text<M>; database: number; filters: Text<M>[]; keys: number; bytes: number; deleted: number; freed: number; progress: number; "starts-in": number; age: number }> {
    if (arguments.length > 1) throw tooMany("REPLICANT.PURGE CONFIRM", arguments.length, 1);
    return this.run(["REPLICANT.PURGE", "CONFIRM", id], record({}));
  }

  /** Calls a deletion off, even in its middle. Since 0.1.0. */
  replicantPurgeCancel(id: Integer): Answer<M, { id: number; state: Text<M>; reason: Text<M>; user: Text<M>; database: number; filters: Text<M>[]; keys: number; bytes: number; deleted: number; freed: number; progress: number; "starts-in": number; age: number }> {
    if (arguments.length > 1) throw tooMany("REPLICANT.PURGE CANCEL", arguments.length, 1);
    return this.run(["REPLICANT.PURGE", "CANCEL", id], record({}));
  }

  /** Lists deletions that are staged, under way or over. Since 0.1.0. */
  replicantPurgeList(): Answer<M, { id: number; state: Text<M>; reason: Text<M>; user: Text<M>; database: number; filters: Text<M>[]; keys: number; bytes: number; deleted: number; freed: number; progress: number; "starts-in": number; age: number }[]> {
    if (arguments.length > 0) throw tooMany("REPLICANT.PURGE LIST", arguments.length, 0);
    return this.run(["REPLICANT.PURGE", "LIST"], each(record({})));
  }

  /** Returns helpful text about the subcommands. Since 0.1.0. */
  replicantPurgeHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("REPLICANT.PURGE HELP", arguments.length, 0);
    return this.run(["REPLICANT.PURGE", "HELP"]);
  }

  /** Looks for keys by name, type, size and expiry. Since 0.1.0. */
  replicantSearch(cursor: Word, options?: ReplicantSearchOptions): Answer<M, { cursor: Text<M>; looked: number; total: number; keys: [key: Text<M>, type: Text<M>, bytes: number, ttl: number][] }> {
    if (arguments.length > 2) throw tooMany("REPLICANT.SEARCH", arguments.length, 2);
    const words: Word[] = ["REPLICANT.SEARCH", cursor];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_SEARCH_OPTIONS);
      if (options.db !== undefined) words.push("DB", options.db);
      if (options.prefix !== undefined) words.push("PREFIX", options.prefix);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.type !== undefined) words.push("TYPE", options.type);
      if (options.minsize !== undefined) words.push("MINSIZE", options.minsize);
      if (options.maxsize !== undefined) words.push("MAXSIZE", options.maxsize);
      if (options.ttl !== undefined) {
        words.push("TTL");
        requireKnown(options.ttl, REPLICANT_SEARCH_TTL_OPTIONS);
        if (options.ttl.with) words.push("WITH");
        if (options.ttl.without) words.push("WITHOUT");
        if (options.ttl.below !== undefined) words.push("BELOW", options.ttl.below);
      }
      if (options.count !== undefined) words.push("COUNT", options.count);
    }
    return this.runBlocking(words, record({}));
  }

  /** Returns figures of the server for charts. Since 0.1.0. */
  replicantStats(): Answer<M, { time: number; uptime: number; commands: number; ops: number; "net-input": number; "net-output": number; "net-input-replication": number; "net-output-replication": number; hits: number; misses: number; expired: number; evicted: number; errors: number; connections: number; rejected: number; cpu: number; clients: Fields<Text<M>, number>; memory: Fields<Text<M>, number>; stalls: { longest: number; buckets: [bound: number | null, count: number][] }; latency: { count: number; buckets: [bound: number, count: number][] }; databases: [database: number, keys: number, expiring: number][]; replication: { role: Text<M>; offset: number; replicas: number; link: number; "master-io": number } }> {
    if (arguments.length > 0) throw tooMany("REPLICANT.STATS", arguments.length, 0);
    return this.run(["REPLICANT.STATS"], record({ "clients": fields(), "memory": fields(), "stalls": record({}), "latency": record({}), "replication": record({}) }));
  }

  /** Returns one level of the tree that the names of keys make. Since 0.1.0. */
  replicantTree(options?: ReplicantTreeOptions): Answer<M, { database: number; prefix: Text<M>; keys: number; bytes: number; branches: number; leaves: number; age: number; walk: number; entries: [name: Text<M>, type: Text<M>, keys: number, bytes: number, ttl: number][]; next: Text<M> | null; rest: [keys: number, bytes: number] | null }> {
    if (arguments.length > 1) throw tooMany("REPLICANT.TREE", arguments.length, 1);
    const words: Word[] = ["REPLICANT.TREE"];
    if (options !== undefined) {
      requireKnown(options, REPLICANT_TREE_OPTIONS);
      if (options.db !== undefined) words.push("DB", options.db);
      if (options.prefix !== undefined) words.push("PREFIX", options.prefix);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.type !== undefined) words.push("TYPE", options.type);
      if (options.minsize !== undefined) words.push("MINSIZE", options.minsize);
      if (options.maxsize !== undefined) words.push("MAXSIZE", options.maxsize);
      if (options.ttl !== undefined) {
        words.push("TTL");
        requireKnown(options.ttl, REPLICANT_TREE_TTL_OPTIONS);
        if (options.ttl.with) words.push("WITH");
        if (options.ttl.without) words.push("WITHOUT");
        if (options.ttl.below !== undefined) words.push("BELOW", options.ttl.below);
      }
      if (options.separator !== undefined) words.push("SEPARATOR", options.separator);
      if (options.by !== undefined) words.push("BY", options.by);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.after !== undefined) words.push("AFTER", options.after);
      if (options.fresh) words.push("FRESH");
    }
    return this.runBlocking(words, record({}));
  }
}
