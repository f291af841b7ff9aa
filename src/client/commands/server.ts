/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addPairs, addRows, type AtMostOne, type Integer, type OneOf, type OneOrMore, type Pairs } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { each, fields, record, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { toCommandDocs, toCommandInfo, toModule, toRunning, toEnded, type CommandDocs, type CommandInfo, type Module, type Running, type Ended, type LinkState } from "./replies.ts";
import { ScriptingCommands } from "./scripting.ts";

export type BgsaveOptions = {
  schedule?: boolean | undefined;
  version?: Integer | undefined;
};

const BGSAVE_OPTIONS = knownOptions("BGSAVE", { schedule: true, version: true });

export type CommandListOptions = {
  filterBy?: OneOf<{ module: Word } | { aclCat: Word } | { pattern: Word }> | undefined;
};

const COMMAND_LIST_OPTIONS = knownOptions("COMMAND LIST", { filterBy: true });
const COMMAND_LIST_FILTER_BY_OPTIONS = knownOptions("COMMAND LIST: filterBy", { module: true, aclCat: true, pattern: true });

export type FailoverOptions = {
  to?: { host: Word; port: Integer; force?: boolean | undefined } | undefined;
  abort?: boolean | undefined;
  timeout?: Integer | undefined;
};

const FAILOVER_OPTIONS = knownOptions("FAILOVER", { to: true, abort: true, timeout: true });
const FAILOVER_TO_OPTIONS = knownOptions("FAILOVER: to", { host: true, port: true, force: true });

export type FlushallOptions = AtMostOne<{ async?: boolean | undefined } | { sync?: boolean | undefined }>;

const FLUSHALL_OPTIONS = knownOptions("FLUSHALL", { async: true, sync: true });

export type FlushdbOptions = AtMostOne<{ async?: boolean | undefined } | { sync?: boolean | undefined }>;

const FLUSHDB_OPTIONS = knownOptions("FLUSHDB", { async: true, sync: true });

export type LolwutOptions = {
  version?: Integer | undefined;
};

const LOLWUT_OPTIONS = knownOptions("LOLWUT", { version: true });

export type MemoryUsageOptions = {
  samples?: Integer | undefined;
};

const MEMORY_USAGE_OPTIONS = knownOptions("MEMORY USAGE", { samples: true });

export type ModuleLoadexOptions = {
  config?: Iterable<readonly [Word, Word]> | undefined;
  args?: OneOrMore<Word> | undefined;
};

const MODULE_LOADEX_OPTIONS = knownOptions("MODULE LOADEX", { config: true, args: true });

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

const REPLICAOF_ARGS_OPTIONS = knownOptions("REPLICAOF: args", { host: true, port: true });

export type SaveOptions = {
  version?: Integer | undefined;
};

const SAVE_OPTIONS = knownOptions("SAVE", { version: true });

export type ShutdownOptions = {
  now?: boolean | undefined;
  force?: boolean | undefined;
  abort?: boolean | undefined;
} &
  AtMostOne<{ noSave?: boolean | undefined } | { save?: boolean | undefined }>;

const SHUTDOWN_OPTIONS = knownOptions("SHUTDOWN", { noSave: true, save: true, now: true, force: true, abort: true });

const SLAVEOF_ARGS_OPTIONS = knownOptions("SLAVEOF: args", { host: true, port: true });

/** Commands of the group "server", and of those before it. */
export abstract class ServerCommands<M extends Mode> extends ScriptingCommands<M> {
  /** Returns the categories, or the commands of one. Since 6.0.0. */
  aclCat(categoryname?: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("ACL CAT", arguments.length, 1);
    const words: Word[] = ["ACL", "CAT"];
    if (categoryname !== undefined) words.push(categoryname);
    return this.run(words);
  }

  /** Deletes users and disconnects their clients. Since 6.0.0. */
  aclDeluser(usernames: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("ACL DELUSER", arguments.length, 1);
    const words: Word[] = ["ACL", "DELUSER"];
    addAll(words, usernames);
    return this.run(words);
  }

  /** Tells whether a user could make a request, without making it. Since 7.0.0. */
  aclDryrun(username: Word, command: Word, args?: OneOrMore<Word>): Answer<M, "OK" | Text<M>> {
    if (arguments.length > 3) throw tooMany("ACL DRYRUN", arguments.length, 3);
    const words: Word[] = ["ACL", "DRYRUN", username, command];
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Returns a random password, in hexadecimal digits. Since 6.0.0. */
  aclGenpass(bits?: Integer): Answer<M, Text<M>> {
    if (arguments.length > 1) throw tooMany("ACL GENPASS", arguments.length, 1);
    const words: Word[] = ["ACL", "GENPASS"];
    if (bits !== undefined) words.push(bits);
    return this.run(words);
  }

  /** Returns the rights of a user. Since 6.0.0. */
  aclGetuser(username: Word): Answer<M, { flags: Set<Text<M>>; passwords: Text<M>[]; commands: Text<M>; keys: Text<M>; channels: Text<M>; selectors: { commands: Text<M>; keys: Text<M>; channels: Text<M> }[] } | null> {
    if (arguments.length > 1) throw tooMany("ACL GETUSER", arguments.length, 1);
    return this.run(["ACL", "GETUSER", username], record({ "selectors": each(record({})) }));
  }

  /** Returns helpful text about the subcommands. Since 6.0.0. */
  aclHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("ACL HELP", arguments.length, 0);
    return this.run(["ACL", "HELP"]);
  }

  /** Returns all users as the rules that make them. Since 6.0.0. */
  aclList(): Answer<M, Text<M>[]> {
    if (arguments.length > 0) throw tooMany("ACL LIST", arguments.length, 0);
    return this.run(["ACL", "LIST"]);
  }

  /** Reads the users from the ACL file, in place of those there are. Since 6.0.0. */
  aclLoad(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("ACL LOAD", arguments.length, 0);
    return this.run(["ACL", "LOAD"]);
  }

  /** Returns the last requests and logins that were denied. Since 6.0.0. */
  aclLog(operation: "RESET"): Answer<M, "OK">;
  aclLog(operation?: Integer): Answer<M, { count: number; reason: Text<M>; context: Text<M>; object: Text<M>; username: Text<M>; "age-seconds": number; "client-info": Text<M>; "entry-id": number; "timestamp-created": number; "timestamp-last-updated": number }[]>;
  aclLog(operation?: Integer | "RESET"): Answer<M, { count: number; reason: Text<M>; context: Text<M>; object: Text<M>; username: Text<M>; "age-seconds": number; "client-info": Text<M>; "entry-id": number; "timestamp-created": number; "timestamp-last-updated": number }[] | "OK">;
  aclLog(operation?: Integer | "RESET"): Answer<M, unknown> {
    if (arguments.length > 1) throw tooMany("ACL LOG", arguments.length, 1);
    const words: Word[] = ["ACL", "LOG"];
    if (operation !== undefined) words.push(operation);
    let convert: Convert | undefined = each(record({}));
    if (operation === "RESET") convert = undefined;
    return this.run(words, convert);
  }

  /** Writes the users to the ACL file. Since 6.0.0. */
  aclSave(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("ACL SAVE", arguments.length, 0);
    return this.run(["ACL", "SAVE"]);
  }

  /** Creates a user, or changes one, by rules. Since 6.0.0. */
  aclSetuser(username: Word, rules?: OneOrMore<Word>): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("ACL SETUSER", arguments.length, 2);
    const words: Word[] = ["ACL", "SETUSER", username];
    if (rules !== undefined) addAll(words, rules);
    return this.run(words);
  }

  /** Returns the names of all users. Since 6.0.0. */
  aclUsers(): Answer<M, Text<M>[]> {
    if (arguments.length > 0) throw tooMany("ACL USERS", arguments.length, 0);
    return this.run(["ACL", "USERS"]);
  }

  /** Returns the name of the user that the connection is logged in as. Since 6.0.0. */
  aclWhoami(): Answer<M, Text<M>> {
    if (arguments.length > 0) throw tooMany("ACL WHOAMI", arguments.length, 0);
    return this.run(["ACL", "WHOAMI"]);
  }

  /** Rewrites the append-only file in the background. Since 1.0.0. */
  bgrewriteaof(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("BGREWRITEAOF", arguments.length, 0);
    return this.run(["BGREWRITEAOF"]);
  }

  /** Saves the data set to disk in the background. Since 1.0.0. */
  bgsave(options?: BgsaveOptions): Answer<M, "Background saving started" | "Background saving scheduled"> {
    if (arguments.length > 1) throw tooMany("BGSAVE", arguments.length, 1);
    const words: Word[] = ["BGSAVE"];
    if (options !== undefined) {
      requireKnown(options, BGSAVE_OPTIONS);
      if (options.schedule) words.push("SCHEDULE");
      if (options.version !== undefined) words.push("VERSION", options.version);
    }
    return this.run(words);
  }

  /** Returns the number of commands, without subcommands. Since 2.8.13. */
  commandCount(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("COMMAND COUNT", arguments.length, 0);
    return this.run(["COMMAND", "COUNT"]);
  }

  /** Returns the documentation of some or all commands. Since 7.0.0. */
  commandDocs(commandNames?: OneOrMore<Word>): Answer<M, Fields<Text<M>, CommandDocs<Text<M>>>> {
    if (arguments.length > 1) throw tooMany("COMMAND DOCS", arguments.length, 1);
    const words: Word[] = ["COMMAND", "DOCS"];
    if (commandNames !== undefined) addAll(words, commandNames);
    return this.run(words, fields(toCommandDocs));
  }

  /** Extracts the key names from a full command. Since 2.8.13. */
  commandGetkeys(command: Word, args?: OneOrMore<Word>): Answer<M, Text<M>[]> {
    if (arguments.length > 2) throw tooMany("COMMAND GETKEYS", arguments.length, 2);
    const words: Word[] = ["COMMAND", "GETKEYS", command];
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Extracts the key names from a full command, and how each is accessed. Since 7.0.0. */
  commandGetkeysandflags(command: Word, args?: OneOrMore<Word>): Answer<M, [key: Text<M>, flags: Set<string>][]> {
    if (arguments.length > 2) throw tooMany("COMMAND GETKEYSANDFLAGS", arguments.length, 2);
    const words: Word[] = ["COMMAND", "GETKEYSANDFLAGS", command];
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  commandHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("COMMAND HELP", arguments.length, 0);
    return this.run(["COMMAND", "HELP"]);
  }

  /** Returns the details of some or all commands. Since 2.8.13. */
  commandInfo(commandNames?: OneOrMore<Word>): Answer<M, (CommandInfo<Text<M>> | null)[]> {
    if (arguments.length > 1) throw tooMany("COMMAND INFO", arguments.length, 1);
    const words: Word[] = ["COMMAND", "INFO"];
    if (commandNames !== undefined) addAll(words, commandNames);
    return this.run(words, each(toCommandInfo));
  }

  /** Returns the names of commands and subcommands. Since 7.0.0. */
  commandList(options?: CommandListOptions): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("COMMAND LIST", arguments.length, 1);
    const words: Word[] = ["COMMAND", "LIST"];
    if (options !== undefined) {
      requireKnown(options, COMMAND_LIST_OPTIONS);
      if (options.filterBy !== undefined) {
        words.push("FILTERBY");
        requireKnown(options.filterBy, COMMAND_LIST_FILTER_BY_OPTIONS);
        if (options.filterBy.module !== undefined) words.push("MODULE", options.filterBy.module);
        if (options.filterBy.aclCat !== undefined) words.push("ACLCAT", options.filterBy.aclCat);
        if (options.filterBy.pattern !== undefined) words.push("PATTERN", options.filterBy.pattern);
      }
    }
    return this.run(words);
  }

  /** Returns the last entries of a command log. Since 8.1.0. */
  commandlogGet(count: Integer, type: "SLOW" | "LARGE-REQUEST" | "LARGE-REPLY"): Answer<M, [id: number, time: number, value: number, arguments: Text<M>[], client: Text<M>, name: Text<M>][]> {
    if (arguments.length > 2) throw tooMany("COMMANDLOG GET", arguments.length, 2);
    return this.run(["COMMANDLOG", "GET", count, type]);
  }

  /** Returns helpful text about the subcommands. Since 8.1.0. */
  commandlogHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("COMMANDLOG HELP", arguments.length, 0);
    return this.run(["COMMANDLOG", "HELP"]);
  }

  /** Returns the number of entries in a command log. Since 8.1.0. */
  commandlogLen(type: "SLOW" | "LARGE-REQUEST" | "LARGE-REPLY"): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("COMMANDLOG LEN", arguments.length, 1);
    return this.run(["COMMANDLOG", "LEN", type]);
  }

  /** Clears a command log. Since 8.1.0. */
  commandlogReset(type: "SLOW" | "LARGE-REQUEST" | "LARGE-REPLY"): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("COMMANDLOG RESET", arguments.length, 1);
    return this.run(["COMMANDLOG", "RESET", type]);
  }

  /** Returns the values of configuration directives. Since 2.0.0. */
  configGet(parameters: OneOrMore<Word>): Answer<M, Fields<Text<M>, Text<M>>> {
    if (arguments.length > 1) throw tooMany("CONFIG GET", arguments.length, 1);
    const words: Word[] = ["CONFIG", "GET"];
    addAll(words, parameters);
    return this.run(words, fields());
  }

  /** Sets configuration directives while the server runs. Since 2.0.0. */
  configSet<D extends Pairs<Word, Word, D>>(data: D): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CONFIG SET", arguments.length, 1);
    const words: Word[] = ["CONFIG", "SET"];
    addPairs(words, data);
    return this.run(words);
  }

  /** Resets the statistics of the server. Since 2.0.0. */
  configResetstat(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("CONFIG RESETSTAT", arguments.length, 0);
    return this.run(["CONFIG", "RESETSTAT"]);
  }

  /** Writes the configuration in effect to the configuration file. Since 2.8.0. */
  configRewrite(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("CONFIG REWRITE", arguments.length, 0);
    return this.run(["CONFIG", "REWRITE"]);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  configHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("CONFIG HELP", arguments.length, 0);
    return this.run(["CONFIG", "HELP"]);
  }

  /** Returns the number of keys in the database. Since 1.0.0. */
  dbsize(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("DBSIZE", arguments.length, 0);
    return this.run(["DBSIZE"]);
  }

  /** Starts a coordinated failover from a server to one of its replicas. Since 6.2.0. */
  failover(options?: FailoverOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("FAILOVER", arguments.length, 1);
    const words: Word[] = ["FAILOVER"];
    if (options !== undefined) {
      requireKnown(options, FAILOVER_OPTIONS);
      if (options.to !== undefined) {
        words.push("TO");
        requireKnown(options.to, FAILOVER_TO_OPTIONS);
        words.push(options.to.host, options.to.port);
        if (options.to.force) words.push("FORCE");
      }
      if (options.abort) words.push("ABORT");
      if (options.timeout !== undefined) words.push("TIMEOUT", options.timeout);
    }
    return this.run(words);
  }

  /** Deletes all keys of all databases. Since 1.0.0. */
  flushall(options?: FlushallOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("FLUSHALL", arguments.length, 1);
    const words: Word[] = ["FLUSHALL"];
    if (options !== undefined) {
      requireKnown(options, FLUSHALL_OPTIONS);
      if (options.async) words.push("ASYNC");
      if (options.sync) words.push("SYNC");
    }
    return this.run(words);
  }

  /** Deletes all keys of the current database. Since 1.0.0. */
  flushdb(options?: FlushdbOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("FLUSHDB", arguments.length, 1);
    const words: Word[] = ["FLUSHDB"];
    if (options !== undefined) {
      requireKnown(options, FLUSHDB_OPTIONS);
      if (options.async) words.push("ASYNC");
      if (options.sync) words.push("SYNC");
    }
    return this.run(words);
  }

  /** Returns information and statistics about the server. Since 1.0.0. */
  info(sections?: OneOrMore<Word>): Answer<M, string> {
    if (arguments.length > 1) throw tooMany("INFO", arguments.length, 1);
    const words: Word[] = ["INFO"];
    if (sections !== undefined) addAll(words, sections);
    return this.run(words);
  }

  /** Returns the Unix time of the last successful save. Since 1.0.0. */
  lastsave(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("LASTSAVE", arguments.length, 0);
    return this.run(["LASTSAVE"]);
  }

  /** Returns a report on latency for people. Since 2.8.13. */
  latencyDoctor(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("LATENCY DOCTOR", arguments.length, 0);
    return this.run(["LATENCY", "DOCTOR"]);
  }

  /** Returns a graph of an event's latency. Since 2.8.13. */
  latencyGraph(event: Word): Answer<M, string> {
    if (arguments.length > 1) throw tooMany("LATENCY GRAPH", arguments.length, 1);
    return this.run(["LATENCY", "GRAPH", event]);
  }

  /** Returns helpful text about the subcommands. Since 2.8.13. */
  latencyHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("LATENCY HELP", arguments.length, 0);
    return this.run(["LATENCY", "HELP"]);
  }

  /** Returns how long the calls of commands took, as a cumulative distribution. Since 7.0.0. */
  latencyHistogram(commands?: OneOrMore<Word>): Answer<M, Fields<Text<M>, { calls: number; histogram_usec: Map<number, number> }>> {
    if (arguments.length > 1) throw tooMany("LATENCY HISTOGRAM", arguments.length, 1);
    const words: Word[] = ["LATENCY", "HISTOGRAM"];
    if (commands !== undefined) addAll(words, commands);
    return this.run(words, fields(record({})));
  }

  /** Returns when an event was slow, and how slow. Since 2.8.13. */
  latencyHistory(event: Word): Answer<M, [time: number, latency: number][]> {
    if (arguments.length > 1) throw tooMany("LATENCY HISTORY", arguments.length, 1);
    return this.run(["LATENCY", "HISTORY", event]);
  }

  /** Returns of every event when it was slow last. Since 2.8.13. */
  latencyLatest(): Answer<M, [event: Text<M>, time: number, latest: number, longest: number][]> {
    if (arguments.length > 0) throw tooMany("LATENCY LATEST", arguments.length, 0);
    return this.run(["LATENCY", "LATEST"]);
  }

  /** Forgets events. Since 2.8.13. */
  latencyReset(events?: OneOrMore<Word>): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("LATENCY RESET", arguments.length, 1);
    const words: Word[] = ["LATENCY", "RESET"];
    if (events !== undefined) addAll(words, events);
    return this.run(words);
  }

  /** Draws computer art and tells the version. Since 5.0.0. */
  lolwut(options?: LolwutOptions): Answer<M, string> {
    if (arguments.length > 1) throw tooMany("LOLWUT", arguments.length, 1);
    const words: Word[] = ["LOLWUT"];
    if (options !== undefined) {
      requireKnown(options, LOLWUT_OPTIONS);
      if (options.version !== undefined) words.push("VERSION", options.version);
    }
    return this.run(words);
  }

  /** Returns a report on memory for people. Since 4.0.0. */
  memoryDoctor(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("MEMORY DOCTOR", arguments.length, 0);
    return this.run(["MEMORY", "DOCTOR"]);
  }

  /** Returns helpful text about the subcommands. Since 4.0.0. */
  memoryHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("MEMORY HELP", arguments.length, 0);
    return this.run(["MEMORY", "HELP"]);
  }

  /** Returns statistics of the allocator. Since 4.0.0. */
  memoryMallocStats(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("MEMORY MALLOC-STATS", arguments.length, 0);
    return this.run(["MEMORY", "MALLOC-STATS"]);
  }

  /** Gives memory that is not in use back to the system. Since 4.0.0. */
  memoryPurge(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("MEMORY PURGE", arguments.length, 0);
    return this.run(["MEMORY", "PURGE"]);
  }

  /** Returns details about the use of memory. Since 4.0.0. */
  memoryStats(): Answer<M, { "peak.allocated": number; "total.allocated": number; "startup.allocated": number; "replication.backlog": number; "clients.slaves": number; "clients.normal": number; "cluster.links": number; "aof.buffer": number; "lua.caches": number; "functions.caches": number; [key: `db.${string}`]: { "overhead.hashtable.main": number; "overhead.hashtable.expires": number; "overhead.hashtable.slot-to-keys": number }; "overhead.total": number; "keys.count": number; "keys.bytes-per-key": number; "dataset.bytes": number; "dataset.percentage": number; "peak.percentage": number; "allocator.allocated": number; "allocator.active": number; "allocator.resident": number; "allocator-fragmentation.ratio": number; "allocator-fragmentation.bytes": number; "allocator-rss.ratio": number; "allocator-rss.bytes": number; "rss-overhead.ratio": number; "rss-overhead.bytes": number; fragmentation: number; "fragmentation.bytes": number }> {
    if (arguments.length > 0) throw tooMany("MEMORY STATS", arguments.length, 0);
    return this.run(["MEMORY", "STATS"], record({ "db.*": record({}) }));
  }

  /** Estimates the memory that a key and its value take. Since 4.0.0. */
  memoryUsage(key: Word, options?: MemoryUsageOptions): Answer<M, number | null> {
    if (arguments.length > 2) throw tooMany("MEMORY USAGE", arguments.length, 2);
    const words: Word[] = ["MEMORY", "USAGE", key];
    if (options !== undefined) {
      requireKnown(options, MEMORY_USAGE_OPTIONS);
      if (options.samples !== undefined) words.push("SAMPLES", options.samples);
    }
    return this.run(words);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  moduleHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("MODULE HELP", arguments.length, 0);
    return this.run(["MODULE", "HELP"]);
  }

  /** Lists the loaded modules, of which there are none. Since 4.0.0. */
  moduleList(): Answer<M, Module<Text<M>>[]> {
    if (arguments.length > 0) throw tooMany("MODULE LIST", arguments.length, 0);
    return this.run(["MODULE", "LIST"], each(toModule));
  }

  /** Loads a module, which this server cannot. Since 4.0.0. */
  moduleLoad(path: Word, args?: OneOrMore<Word>): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("MODULE LOAD", arguments.length, 2);
    const words: Word[] = ["MODULE", "LOAD", path];
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Loads a module with its configuration, which this server cannot. Since 7.0.0. */
  moduleLoadex(path: Word, options?: ModuleLoadexOptions): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("MODULE LOADEX", arguments.length, 2);
    const words: Word[] = ["MODULE", "LOADEX", path];
    if (options !== undefined) {
      requireKnown(options, MODULE_LOADEX_OPTIONS);
      if (options.config !== undefined) addRows(words, options.config, "name, value", "CONFIG");
      if (options.args !== undefined) {
        words.push("ARGS");
        addAll(words, options.args);
      }
    }
    return this.run(words);
  }

  /** Unloads a module, of which there are none. Since 4.0.0. */
  moduleUnload(name: Word): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("MODULE UNLOAD", arguments.length, 1);
    return this.run(["MODULE", "UNLOAD", name]);
  }

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

  /** Makes the server a replica of another one, or a master. Since 5.0.0. */
  replicaof(args: { host: Word; port: Integer } | "NO ONE"): Answer<M, "OK" | "OK Already connected to specified master"> {
    if (arguments.length > 1) throw tooMany("REPLICAOF", arguments.length, 1);
    const words: Word[] = ["REPLICAOF"];
    if (typeof args === "string") words.push(...args.split(" "));
    else {
      requireKnown(args, REPLICAOF_ARGS_OPTIONS);
      if (args.host !== undefined) words.push(args.host, args.port);
    }
    return this.run(words);
  }

  /** Returns the replication role of the server. Since 2.8.12. */
  role(): Answer<M, [(Text<M> extends string ? "master" : Text<M>), number, [ip: Text<M>, port: Text<M>, offset: Text<M>][]] | [(Text<M> extends string ? "slave" : Text<M>), Text<M>, number, LinkState<Text<M>>, number]> {
    if (arguments.length > 0) throw tooMany("ROLE", arguments.length, 0);
    return this.run(["ROLE"]);
  }

  /** Saves the data set to disk while clients wait. Since 1.0.0. */
  save(options?: SaveOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("SAVE", arguments.length, 1);
    const words: Word[] = ["SAVE"];
    if (options !== undefined) {
      requireKnown(options, SAVE_OPTIONS);
      if (options.version !== undefined) words.push("VERSION", options.version);
    }
    return this.run(words);
  }

  /** Saves the data set to disk and shuts down the server. Since 1.0.0. */
  shutdown(options: ShutdownOptions & { abort: true }): Answer<M, "OK">;
  shutdown(options?: ShutdownOptions & { abort?: false | undefined }): Answer<M, void>;
  shutdown(options?: ShutdownOptions): Answer<M, void | "OK">;
  shutdown(options?: ShutdownOptions): Answer<M, unknown> {
    if (arguments.length > 1) throw tooMany("SHUTDOWN", arguments.length, 1);
    const words: Word[] = ["SHUTDOWN"];
    if (options !== undefined) {
      requireKnown(options, SHUTDOWN_OPTIONS);
      if (options.noSave) words.push("NOSAVE");
      if (options.save) words.push("SAVE");
      if (options.now) words.push("NOW");
      if (options.force) words.push("FORCE");
      if (options.abort) words.push("ABORT");
    }
    return this.run(words);
  }

  /**
   * Makes the server a replica of another one, or a master. Since 1.0.0.
   *
   * @deprecated since 5.0.0: REPLICAOF
   */
  slaveof(args: { host: Word; port: Integer } | "NO ONE"): Answer<M, "OK" | "OK Already connected to specified master"> {
    if (arguments.length > 1) throw tooMany("SLAVEOF", arguments.length, 1);
    const words: Word[] = ["SLAVEOF"];
    if (typeof args === "string") words.push(...args.split(" "));
    else {
      requireKnown(args, SLAVEOF_ARGS_OPTIONS);
      if (args.host !== undefined) words.push(args.host, args.port);
    }
    return this.run(words);
  }

  /** Returns the last entries of the slow log. Since 2.2.12. */
  slowlogGet(count?: Integer): Answer<M, [id: number, time: number, duration: number, arguments: Text<M>[], client: Text<M>, name: Text<M>][]> {
    if (arguments.length > 1) throw tooMany("SLOWLOG GET", arguments.length, 1);
    const words: Word[] = ["SLOWLOG", "GET"];
    if (count !== undefined) words.push(count);
    return this.run(words);
  }

  /** Returns helpful text about the subcommands. Since 6.2.0. */
  slowlogHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("SLOWLOG HELP", arguments.length, 0);
    return this.run(["SLOWLOG", "HELP"]);
  }

  /** Returns the number of entries in the slow log. Since 2.2.12. */
  slowlogLen(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("SLOWLOG LEN", arguments.length, 0);
    return this.run(["SLOWLOG", "LEN"]);
  }

  /** Clears the slow log. Since 2.2.12. */
  slowlogReset(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("SLOWLOG RESET", arguments.length, 0);
    return this.run(["SLOWLOG", "RESET"]);
  }

  /** Swaps two databases. Since 4.0.0. */
  swapdb(index1: Integer, index2: Integer): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("SWAPDB", arguments.length, 2);
    return this.run(["SWAPDB", index1, index2]);
  }

  /** Returns the server's time. Since 2.6.0. */
  time(): Answer<M, [seconds: Text<M>, microseconds: Text<M>]> {
    if (arguments.length > 0) throw tooMany("TIME", arguments.length, 0);
    return this.run(["TIME"]);
  }
}
