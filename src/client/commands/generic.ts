/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addEach, type AtMostOne, type Integer, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { ConnectionCommands } from "./connection.ts";

export type CopyOptions = {
  db?: Integer | undefined;
  replace?: boolean | undefined;
};

const COPY_OPTIONS = knownOptions("COPY", { db: true, replace: true });

export type DumpOptions = {
  version?: Integer | undefined;
};

const DUMP_OPTIONS = knownOptions("DUMP", { version: true });

export type ExpireOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const EXPIRE_OPTIONS = knownOptions("EXPIRE", { nx: true, xx: true, gt: true, lt: true });

export type ExpireatOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const EXPIREAT_OPTIONS = knownOptions("EXPIREAT", { nx: true, xx: true, gt: true, lt: true });

export type MigrateOptions = {
  copy?: boolean | undefined;
  replace?: boolean | undefined;
  keys?: OneOrMore<Word> | undefined;
} &
  AtMostOne<{ auth?: Word | undefined } | { auth2?: { username: Word; password: Word } | undefined }>;

const MIGRATE_OPTIONS = knownOptions("MIGRATE", { copy: true, replace: true, auth: true, auth2: true, keys: true });
const MIGRATE_AUTH2_OPTIONS = knownOptions("MIGRATE: auth2", { username: true, password: true });

export type PexpireOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const PEXPIRE_OPTIONS = knownOptions("PEXPIRE", { nx: true, xx: true, gt: true, lt: true });

export type PexpireatOptions = AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined } | { gt?: boolean | undefined } | { lt?: boolean | undefined }>;

const PEXPIREAT_OPTIONS = knownOptions("PEXPIREAT", { nx: true, xx: true, gt: true, lt: true });

export type RestoreOptions = {
  replace?: boolean | undefined;
  absTtl?: boolean | undefined;
  idleTime?: Integer | undefined;
  freq?: Integer | undefined;
};

const RESTORE_OPTIONS = knownOptions("RESTORE", { replace: true, absTtl: true, idleTime: true, freq: true });

export type ScanOptions = {
  match?: Word | undefined;
  count?: Integer | undefined;
  type?: Word | undefined;
};

const SCAN_OPTIONS = knownOptions("SCAN", { match: true, count: true, type: true });

export type SortOptions = {
  by?: Word | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
  get?: OneOrMore<Word> | undefined;
  alpha?: boolean | undefined;
  store?: Word | undefined;
} &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }>;

const SORT_OPTIONS = knownOptions("SORT", { by: true, limit: true, get: true, asc: true, desc: true, alpha: true, store: true });
const SORT_LIMIT_OPTIONS = knownOptions("SORT: limit", { offset: true, count: true });

export type SortRoOptions = {
  by?: Word | undefined;
  limit?: { offset: Integer; count: Integer } | undefined;
  get?: OneOrMore<Word> | undefined;
  alpha?: boolean | undefined;
} &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }>;

const SORT_RO_OPTIONS = knownOptions("SORT_RO", { by: true, limit: true, get: true, asc: true, desc: true, alpha: true });
const SORT_RO_LIMIT_OPTIONS = knownOptions("SORT_RO: limit", { offset: true, count: true });

/** Commands of the group "generic", and of those before it. */
export abstract class GenericCommands<M extends Mode> extends ConnectionCommands<M> {
  /** Copies the value of a key to another key. Since 6.2.0. */
  copy(source: Word, destination: Word, options?: CopyOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("COPY", arguments.length, 3);
    const words: Word[] = ["COPY", source, destination];
    if (options !== undefined) {
      requireKnown(options, COPY_OPTIONS);
      if (options.db !== undefined) words.push("DB", options.db);
      if (options.replace) words.push("REPLACE");
    }
    return this.run(words);
  }

  /** Deletes keys. Since 1.0.0. */
  del(keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("DEL", arguments.length, 1);
    const words: Word[] = ["DEL"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the value of a key, serialized. Since 2.6.0. */
  dump(key: Word, options?: DumpOptions): Answer<M, Text<M> | null> {
    if (arguments.length > 2) throw tooMany("DUMP", arguments.length, 2);
    const words: Word[] = ["DUMP", key];
    if (options !== undefined) {
      requireKnown(options, DUMP_OPTIONS);
      if (options.version !== undefined) words.push("VERSION", options.version);
    }
    return this.run(words);
  }

  /** Counts the keys that exist. Since 1.0.0. */
  exists(keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("EXISTS", arguments.length, 1);
    const words: Word[] = ["EXISTS"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Sets the expiration of a key in seconds. Since 1.0.0. */
  expire(key: Word, seconds: Integer, options?: ExpireOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("EXPIRE", arguments.length, 3);
    const words: Word[] = ["EXPIRE", key, seconds];
    if (options !== undefined) {
      requireKnown(options, EXPIRE_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    return this.run(words);
  }

  /** Sets the expiration of a key to a Unix time in seconds. Since 1.2.0. */
  expireat(key: Word, unixTimeSeconds: Integer, options?: ExpireatOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("EXPIREAT", arguments.length, 3);
    const words: Word[] = ["EXPIREAT", key, unixTimeSeconds];
    if (options !== undefined) {
      requireKnown(options, EXPIREAT_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    return this.run(words);
  }

  /** Returns the expiration of a key as a Unix time in seconds. Since 7.0.0. */
  expiretime(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("EXPIRETIME", arguments.length, 1);
    return this.run(["EXPIRETIME", key]);
  }

  /** Returns the names of all keys that match a pattern. Since 1.0.0. */
  keys(pattern: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("KEYS", arguments.length, 1);
    return this.run(["KEYS", pattern]);
  }

  /** Transfers keys to another server, atomically. Since 2.6.0. */
  migrate(host: Word, port: Integer, keySelector: Word, destinationDb: Integer, timeout: Integer, options?: MigrateOptions): Answer<M, "OK" | "NOKEY"> {
    if (arguments.length > 6) throw tooMany("MIGRATE", arguments.length, 6);
    const words: Word[] = ["MIGRATE", host, port, keySelector, destinationDb, timeout];
    if (options !== undefined) {
      requireKnown(options, MIGRATE_OPTIONS);
      if (options.copy) words.push("COPY");
      if (options.replace) words.push("REPLACE");
      if (options.auth !== undefined) words.push("AUTH", options.auth);
      if (options.auth2 !== undefined) {
        words.push("AUTH2");
        requireKnown(options.auth2, MIGRATE_AUTH2_OPTIONS);
        words.push(options.auth2.username, options.auth2.password);
      }
      if (options.keys !== undefined) {
        words.push("KEYS");
        addAll(words, options.keys);
      }
    }
    return this.run(words);
  }

  /** Moves a key to another database. Since 1.0.0. */
  move(key: Word, db: Integer): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("MOVE", arguments.length, 2);
    return this.run(["MOVE", key, db]);
  }

  /** Returns the encoding of the value of a key. Since 2.2.3. */
  objectEncoding(key: Word): Answer<M, Text<M> | null> {
    if (arguments.length > 1) throw tooMany("OBJECT ENCODING", arguments.length, 1);
    return this.run(["OBJECT", "ENCODING", key]);
  }

  /** Returns the logarithmic access frequency of a key. Since 4.0.0. */
  objectFreq(key: Word): Answer<M, number | null> {
    if (arguments.length > 1) throw tooMany("OBJECT FREQ", arguments.length, 1);
    return this.run(["OBJECT", "FREQ", key]);
  }

  /** Returns the seconds since the last access to a key. Since 2.2.3. */
  objectIdletime(key: Word): Answer<M, number | null> {
    if (arguments.length > 1) throw tooMany("OBJECT IDLETIME", arguments.length, 1);
    return this.run(["OBJECT", "IDLETIME", key]);
  }

  /** Returns the reference count of the value of a key. Since 2.2.3. */
  objectRefcount(key: Word): Answer<M, number | null> {
    if (arguments.length > 1) throw tooMany("OBJECT REFCOUNT", arguments.length, 1);
    return this.run(["OBJECT", "REFCOUNT", key]);
  }

  /** Returns helpful text about the subcommands. Since 6.2.0. */
  objectHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("OBJECT HELP", arguments.length, 0);
    return this.run(["OBJECT", "HELP"]);
  }

  /** Removes the expiration of a key. Since 2.2.0. */
  persist(key: Word): Answer<M, 0 | 1> {
    if (arguments.length > 1) throw tooMany("PERSIST", arguments.length, 1);
    return this.run(["PERSIST", key]);
  }

  /** Sets the expiration of a key in milliseconds. Since 2.6.0. */
  pexpire(key: Word, milliseconds: Integer, options?: PexpireOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("PEXPIRE", arguments.length, 3);
    const words: Word[] = ["PEXPIRE", key, milliseconds];
    if (options !== undefined) {
      requireKnown(options, PEXPIRE_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    return this.run(words);
  }

  /** Sets the expiration of a key to a Unix time in milliseconds. Since 2.6.0. */
  pexpireat(key: Word, unixTimeMilliseconds: Integer, options?: PexpireatOptions): Answer<M, 0 | 1> {
    if (arguments.length > 3) throw tooMany("PEXPIREAT", arguments.length, 3);
    const words: Word[] = ["PEXPIREAT", key, unixTimeMilliseconds];
    if (options !== undefined) {
      requireKnown(options, PEXPIREAT_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.gt) words.push("GT");
      if (options.lt) words.push("LT");
    }
    return this.run(words);
  }

  /** Returns the expiration of a key as a Unix time in milliseconds. Since 7.0.0. */
  pexpiretime(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("PEXPIRETIME", arguments.length, 1);
    return this.run(["PEXPIRETIME", key]);
  }

  /** Returns the time to live of a key in milliseconds. Since 2.6.0. */
  pttl(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("PTTL", arguments.length, 1);
    return this.run(["PTTL", key]);
  }

  /** Returns the name of a random key. Since 1.0.0. */
  randomkey(): Answer<M, Text<M> | null> {
    if (arguments.length > 0) throw tooMany("RANDOMKEY", arguments.length, 0);
    return this.run(["RANDOMKEY"]);
  }

  /** Renames a key and overwrites the destination. Since 1.0.0. */
  rename(key: Word, newkey: Word): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("RENAME", arguments.length, 2);
    return this.run(["RENAME", key, newkey]);
  }

  /** Renames a key only if the new name doesn't exist. Since 1.0.0. */
  renamenx(key: Word, newkey: Word): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("RENAMENX", arguments.length, 2);
    return this.run(["RENAMENX", key, newkey]);
  }

  /** Creates a key from a serialized value. Since 2.6.0. */
  restore(key: Word, ttl: Integer, serializedValue: Word, options?: RestoreOptions): Answer<M, "OK"> {
    if (arguments.length > 4) throw tooMany("RESTORE", arguments.length, 4);
    const words: Word[] = ["RESTORE", key, ttl, serializedValue];
    if (options !== undefined) {
      requireKnown(options, RESTORE_OPTIONS);
      if (options.replace) words.push("REPLACE");
      if (options.absTtl) words.push("ABSTTL");
      if (options.idleTime !== undefined) words.push("IDLETIME", options.idleTime);
      if (options.freq !== undefined) words.push("FREQ", options.freq);
    }
    return this.run(words);
  }

  /** Iterates over the names of the keys in the database. Since 2.8.0. */
  scanStep(cursor: Word, options?: ScanOptions): Answer<M, [cursor: Text<M>, keys: Text<M>[]]> {
    if (arguments.length > 2) throw tooMany("SCAN", arguments.length, 2);
    const words: Word[] = ["SCAN", cursor];
    if (options !== undefined) {
      requireKnown(options, SCAN_OPTIONS);
      if (options.match !== undefined) words.push("MATCH", options.match);
      if (options.count !== undefined) words.push("COUNT", options.count);
      if (options.type !== undefined) words.push("TYPE", options.type);
    }
    return this.run(words);
  }

  /** Sorts a list, a set or a sorted set. Can store the result. Since 1.0.0. */
  sort(key: Word, options: SortOptions & { store: Word }): Answer<M, number>;
  sort(key: Word, options?: SortOptions & { store?: undefined }): Answer<M, (Text<M> | null)[]>;
  sort(key: Word, options?: SortOptions): Answer<M, (Text<M> | null)[] | number>;
  sort(key: Word, options?: SortOptions): Answer<M, unknown> {
    if (arguments.length > 2) throw tooMany("SORT", arguments.length, 2);
    const words: Word[] = ["SORT", key];
    if (options !== undefined) {
      requireKnown(options, SORT_OPTIONS);
      if (options.by !== undefined) words.push("BY", options.by);
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, SORT_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
      if (options.get !== undefined) addEach(words, "GET", options.get);
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.alpha) words.push("ALPHA");
      if (options.store !== undefined) words.push("STORE", options.store);
    }
    return this.run(words);
  }

  /** Returns the sorted elements of a list, a set or a sorted set. Since 7.0.0. */
  sortRo(key: Word, options?: SortRoOptions): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 2) throw tooMany("SORT_RO", arguments.length, 2);
    const words: Word[] = ["SORT_RO", key];
    if (options !== undefined) {
      requireKnown(options, SORT_RO_OPTIONS);
      if (options.by !== undefined) words.push("BY", options.by);
      if (options.limit !== undefined) {
        words.push("LIMIT");
        requireKnown(options.limit, SORT_RO_LIMIT_OPTIONS);
        words.push(options.limit.offset, options.limit.count);
      }
      if (options.get !== undefined) addEach(words, "GET", options.get);
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.alpha) words.push("ALPHA");
    }
    return this.run(words);
  }

  /** Counts the keys that exist and updates their access times. Since 3.2.1. */
  touch(keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("TOUCH", arguments.length, 1);
    const words: Word[] = ["TOUCH"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Returns the time to live of a key in seconds. Since 1.0.0. */
  ttl(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("TTL", arguments.length, 1);
    return this.run(["TTL", key]);
  }

  /** Returns the type of the value of a key. Since 1.0.0. */
  type(key: Word): Answer<M, string> {
    if (arguments.length > 1) throw tooMany("TYPE", arguments.length, 1);
    return this.run(["TYPE", key]);
  }

  /** Deletes keys and frees their memory in the background. Since 4.0.0. */
  unlink(keys: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("UNLINK", arguments.length, 1);
    const words: Word[] = ["UNLINK"];
    addAll(words, keys);
    return this.run(words);
  }

  /** Blocks until replicas have acknowledged the writes of the connection. Since 3.0.0. */
  wait(numreplicas: Integer, timeout: Integer): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("WAIT", arguments.length, 2);
    return this.run(["WAIT", numreplicas, timeout]);
  }

  /** Blocks until the writes of the connection are on disk in the append-only files of the server and of replicas. Since 7.2.0. */
  waitaof(numlocal: Integer, numreplicas: Integer, timeout: Integer): Answer<M, [local: number, replicas: number]> {
    if (arguments.length > 3) throw tooMany("WAITAOF", arguments.length, 3);
    return this.run(["WAITAOF", numlocal, numreplicas, timeout]);
  }
}
