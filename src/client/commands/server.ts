/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addPairs, addRows, type AtMostOne, type Integer, type OneOf, type OneOrMore, type Pairs } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { each, fields, record, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { toCommandDocs, toCommandInfo, toModule, type CommandDocs, type CommandInfo, type Module, type LinkState } from "./replies.ts";
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
