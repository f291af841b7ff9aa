/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addCounted, type AtMostOne, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { each, fields, record, type Fields } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { ReplicantCommands } from "./replicant.ts";

export type FunctionFlushOptions = AtMostOne<{ async?: boolean | undefined } | { sync?: boolean | undefined }>;

const FUNCTION_FLUSH_OPTIONS = knownOptions("FUNCTION FLUSH", { async: true, sync: true });

export type FunctionListOptions = {
  libraryName?: Word | undefined;
  withCode?: boolean | undefined;
};

const FUNCTION_LIST_OPTIONS = knownOptions("FUNCTION LIST", { libraryName: true, withCode: true });

export type FunctionLoadOptions = {
  replace?: boolean | undefined;
};

const FUNCTION_LOAD_OPTIONS = knownOptions("FUNCTION LOAD", { replace: true });

export type FunctionRestoreOptions = AtMostOne<{ flush?: boolean | undefined } | { append?: boolean | undefined } | { replace?: boolean | undefined }>;

const FUNCTION_RESTORE_OPTIONS = knownOptions("FUNCTION RESTORE", { flush: true, append: true, replace: true });

export type ScriptFlushOptions = AtMostOne<{ async?: boolean | undefined } | { sync?: boolean | undefined }>;

const SCRIPT_FLUSH_OPTIONS = knownOptions("SCRIPT FLUSH", { async: true, sync: true });

/** Commands of the group "scripting", and of those before it. */
export abstract class ScriptingCommands<M extends Mode> extends ReplicantCommands<M> {
  /** Executes a server-side Lua script. Since 2.6.0. */
  eval(script: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("EVAL", arguments.length, 3);
    const words: Word[] = ["EVAL", script];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Executes a read-only server-side Lua script. Since 7.0.0. */
  evalRo(script: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("EVAL_RO", arguments.length, 3);
    const words: Word[] = ["EVAL_RO", script];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Executes a server-side Lua script by SHA1 digest. Since 2.6.0. */
  evalsha(sha1: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("EVALSHA", arguments.length, 3);
    const words: Word[] = ["EVALSHA", sha1];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Executes a read-only server-side Lua script by SHA1 digest. Since 7.0.0. */
  evalshaRo(sha1: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("EVALSHA_RO", arguments.length, 3);
    const words: Word[] = ["EVALSHA_RO", sha1];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Invokes a function. Since 7.0.0. */
  fcall(name: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("FCALL", arguments.length, 3);
    const words: Word[] = ["FCALL", name];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Invokes a read-only function. Since 7.0.0. */
  fcallRo(name: Word, keys?: OneOrMore<Word>, args?: OneOrMore<Word>): Answer<M, unknown> {
    if (arguments.length > 3) throw tooMany("FCALL_RO", arguments.length, 3);
    const words: Word[] = ["FCALL_RO", name];
    addCounted(words, keys ?? []);
    if (args !== undefined) addAll(words, args);
    return this.run(words);
  }

  /** Deletes a library and its functions. Since 7.0.0. */
  functionDelete(libraryName: Word): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("FUNCTION DELETE", arguments.length, 1);
    return this.run(["FUNCTION", "DELETE", libraryName]);
  }

  /** Dumps all libraries into a serialized binary payload. Since 7.0.0. */
  functionDump(): Answer<M, Text<M>> {
    if (arguments.length > 0) throw tooMany("FUNCTION DUMP", arguments.length, 0);
    return this.run(["FUNCTION", "DUMP"]);
  }

  /** Deletes all libraries and functions. Since 7.0.0. */
  functionFlush(options?: FunctionFlushOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("FUNCTION FLUSH", arguments.length, 1);
    const words: Word[] = ["FUNCTION", "FLUSH"];
    if (options !== undefined) {
      requireKnown(options, FUNCTION_FLUSH_OPTIONS);
      if (options.async) words.push("ASYNC");
      if (options.sync) words.push("SYNC");
    }
    return this.run(words);
  }

  /** Returns helpful text about the subcommands. Since 7.0.0. */
  functionHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("FUNCTION HELP", arguments.length, 0);
    return this.run(["FUNCTION", "HELP"]);
  }

  /** Terminates a function during execution. Since 7.0.0. */
  functionKill(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("FUNCTION KILL", arguments.length, 0);
    return this.run(["FUNCTION", "KILL"]);
  }

  /** Returns information about all libraries. Since 7.0.0. */
  functionList(options?: FunctionListOptions): Answer<M, { library_name: Text<M>; engine: Text<M>; functions: { name: Text<M>; description: Text<M> | null; flags: Set<string> }[]; library_code?: Text<M> }[]> {
    if (arguments.length > 1) throw tooMany("FUNCTION LIST", arguments.length, 1);
    const words: Word[] = ["FUNCTION", "LIST"];
    if (options !== undefined) {
      requireKnown(options, FUNCTION_LIST_OPTIONS);
      if (options.libraryName !== undefined) words.push("LIBRARYNAME", options.libraryName);
      if (options.withCode) words.push("WITHCODE");
    }
    return this.run(words, each(record({ "functions": each(record({})) })));
  }

  /** Creates a library. Since 7.0.0. */
  functionLoad(functionCode: Word, options?: FunctionLoadOptions): Answer<M, Text<M>> {
    if (arguments.length > 2) throw tooMany("FUNCTION LOAD", arguments.length, 2);
    const words: Word[] = ["FUNCTION", "LOAD"];
    if (options !== undefined) {
      requireKnown(options, FUNCTION_LOAD_OPTIONS);
      if (options.replace) words.push("REPLACE");
    }
    words.push(functionCode);
    return this.run(words);
  }

  /** Restores all libraries from a payload. Since 7.0.0. */
  functionRestore(serializedValue: Word, options?: FunctionRestoreOptions): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("FUNCTION RESTORE", arguments.length, 2);
    const words: Word[] = ["FUNCTION", "RESTORE", serializedValue];
    if (options !== undefined) {
      requireKnown(options, FUNCTION_RESTORE_OPTIONS);
      if (options.flush) words.push("FLUSH");
      if (options.append) words.push("APPEND");
      if (options.replace) words.push("REPLACE");
    }
    return this.run(words);
  }

  /** Returns information about a function during execution. Since 7.0.0. */
  functionStats(): Answer<M, { running_script: { name: Text<M>; command: Text<M>[]; duration_ms: number } | null; engines: Fields<Text<M>, { libraries_count: number; functions_count: number }> }> {
    if (arguments.length > 0) throw tooMany("FUNCTION STATS", arguments.length, 0);
    return this.run(["FUNCTION", "STATS"], record({ "running_script": record({}), "engines": fields(record({})) }));
  }

  /** Sets the debug mode of server-side Lua scripts. Since 3.2.0. */
  scriptDebug(mode: "YES" | "SYNC" | "NO"): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("SCRIPT DEBUG", arguments.length, 1);
    return this.run(["SCRIPT", "DEBUG", mode]);
  }

  /** Determines whether server-side Lua scripts exist in the script cache. Since 2.6.0. */
  scriptExists(sha1s: OneOrMore<Word>): Answer<M, (0 | 1)[]> {
    if (arguments.length > 1) throw tooMany("SCRIPT EXISTS", arguments.length, 1);
    const words: Word[] = ["SCRIPT", "EXISTS"];
    addAll(words, sha1s);
    return this.run(words);
  }

  /** Removes all server-side Lua scripts from the script cache. Since 2.6.0. */
  scriptFlush(options?: ScriptFlushOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("SCRIPT FLUSH", arguments.length, 1);
    const words: Word[] = ["SCRIPT", "FLUSH"];
    if (options !== undefined) {
      requireKnown(options, SCRIPT_FLUSH_OPTIONS);
      if (options.async) words.push("ASYNC");
      if (options.sync) words.push("SYNC");
    }
    return this.run(words);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  scriptHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("SCRIPT HELP", arguments.length, 0);
    return this.run(["SCRIPT", "HELP"]);
  }

  /** Terminates a server-side Lua script during execution. Since 2.6.0. */
  scriptKill(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("SCRIPT KILL", arguments.length, 0);
    return this.run(["SCRIPT", "KILL"]);
  }

  /** Loads a server-side Lua script to the script cache. Since 2.6.0. */
  scriptLoad(script: Word): Answer<M, Text<M>> {
    if (arguments.length > 1) throw tooMany("SCRIPT LOAD", arguments.length, 1);
    return this.run(["SCRIPT", "LOAD", script]);
  }
}
