/** FUNCTION: libraries of functions, loaded once and called by name (fcall.ts). */

import { globMatch } from "../../base/glob.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { trimLineEnds, untilNul } from "../../scripting/error-values.ts";
import type { Origin, RestorePolicy } from "../../scripting/functions/function-store.ts";
import { type Library, LibraryError } from "../../scripting/functions/library.ts";
import { SCRIPT_FLAG_NAMES } from "../../session/script-flags.ts";
import { SessionKind } from "../../session/session.ts";
import { payloadValid } from "../../snapshot/sinks/dump.ts";
import { helpOf, wrongArguments } from "../arguments/help.ts";
import { choice } from "../arguments/numbers.ts";

const command = commandsOf("scripting");

/** How long loading a library may take a client, in ms. */
const LOAD_LIMIT_MS = 500;

const ALL_SHARDS = "request_policy:all_shards response_policy:all_succeeded";

const load = command("function|load", { arity: -3, since: "7.0.0", flags: "noscript write denyoom" })
  .takes("[REPLACE] function-code")
  .answers("string")
  .tips(ALL_SHARDS)
  .docs("Creates a library.", "O(1) (considering compilation time is redundant)")
  .run((call) => {
    const code = call.count - 1;
    for (let index = 2; index < code; index++) {
      if (!call.is(index, "replace")) throw commandError(`ERR Unknown option given: ${trimLineEnds(untilNul(call.text(index)))}`);
    }
    const options = { replace: code > 2, limitMs: loadLimit(call), origin: originOf(call) };
    const { name, privileged, replacedPortable } = answering(() => call.server.functions.load(call.text(code), options));
    if (!privileged || replacedPortable) call.server.keyspace.changed();
    // Other servers do not get such a library, but the one in whose place it is must go there too.
    if (privileged) call.journalAs("FUNCTION", "DELETE", name);
    call.reply.bulk(name);
  });

const remove = command("function|delete", { arity: 3, since: "7.0.0", flags: "noscript write" })
  .takes("library-name")
  .answers("OK")
  .tips(ALL_SHARDS)
  .docs("Deletes a library and its functions.", "O(1)")
  .run((call) => {
    const deleted = answering(() => call.server.functions.delete(call.text(2), originOf(call)));
    if (deleted === null) throw commandError("ERR Library not found");
    if (deleted === "portable") call.server.keyspace.changed();
    call.reply.ok();
  });

const flush = command("function|flush", { arity: -2, since: "7.0.0", flags: "noscript write" })
  .takes("[flush-type(ASYNC | SYNC)]")
  .answers("OK")
  .tips(ALL_SHARDS)
  .docs("Deletes all libraries and functions.", "O(N) for N functions")
  .run((call) => {
    if (call.count > 3) throw wrongArguments(call);
    if (call.count === 3 && !call.is(2, "async") && !call.is(2, "sync"))
      throw commandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    answering(() => call.server.functions.flush(originOf(call)));
    call.server.keyspace.changed();
    call.reply.ok();
  });

const dump = command("function|dump", { arity: 2, since: "7.0.0", flags: "noscript" })
  .answers("string")
  .docs("Dumps all libraries into a serialized binary payload.", "O(N) for N functions")
  .run((call) => {
    const { config, functions } = call.server;
    call.reply.bytesOf(functions.dump({ compress: config.values.rdbcompression }));
  });

const POLICIES: Readonly<Record<RestorePolicy, RestorePolicy>> = { flush: "flush", append: "append", replace: "replace" };
const badPolicy = commandError("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");

const restore = command("function|restore", { arity: -3, since: "7.0.0", flags: "noscript write denyoom" })
  .takes("serialized-value [policy(FLUSH | APPEND | REPLACE)]")
  .answers("OK")
  .tips(ALL_SHARDS)
  .docs("Restores all libraries from a payload.", "O(N) for N functions in the payload")
  .run((call) => {
    if (call.count > 4) throw wrongArguments(call);
    const policy = call.count === 4 ? choice(call, 3, POLICIES, badPolicy) : "append";
    const { functions, persistence, keyspace } = call.server;
    const { buffer, offsets, lengths } = call.frame;
    const from = offsets[2];
    const to = from + lengths[2];
    if (!payloadValid(buffer, from, to, { checksum: !persistence.skipChecksums }))
      throw commandError("ERR DUMP payload version or checksum are wrong");
    answering(() => functions.restore(buffer, from, to, policy, { limitMs: loadLimit(call), origin: originOf(call) }));
    keyspace.changed();
    call.reply.ok();
  });

/** What a master or the append-only file sends has been loaded before, and takes as long as it takes. */
function loadLimit({ session }: Call): number {
  return session.kind === SessionKind.MASTER ? 0 : LOAD_LIMIT_MS;
}

/** What a master or the append-only file sends is about portable libraries only. */
function originOf({ session, server }: Call): Origin {
  if (session.kind === SessionKind.MASTER) return "copy";
  return server.functions.privileged.admits(session) ? "trusted" : "client";
}

/** Does `work`. Errors: CommandError in the place of LibraryError. */
function answering<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof LibraryError ? commandError(`ERR ${error.message}`) : error;
  }
}

// ---- what there is

const list = command("function|list", { arity: -2, since: "7.0.0", flags: "noscript" })
  .takes("[LIBRARYNAME library-name-pattern] [WITHCODE]")
  .answers(`{library_name: string, engine: string, functions: {name: string, description: string | null, flags: set<status>}[],
      library_code if WITHCODE: string}[]`)
  .tips("nondeterministic_output_order")
  .docs("Returns information about all libraries.", "O(N) for N functions")
  .run((call) => {
    let pattern: Buffer | null = null;
    let withCode = false;
    for (let index = 2; index < call.count; index++) {
      if (!withCode && call.is(index, "withcode")) withCode = true;
      else if (pattern === null && call.is(index, "libraryname")) {
        if (++index === call.count) throw commandError("ERR library name argument was not given");
        pattern = call.bytes(index);
      } else throw commandError(`ERR Unknown argument ${call.text(index)}`);
    }
    const shown = call.server.functions.libraries.filter(({ name }) => matches(pattern, name));
    call.reply.array(shown.length);
    for (const library of shown) replyLibrary(call, library, withCode);
  });

function matches(pattern: Buffer | null, name: string): boolean {
  return pattern === null || globMatch(pattern, Buffer.from(name, "latin1"), 0, name.length, true);
}

function replyLibrary({ reply }: Call, { name, engine, functions, text }: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3);
  reply.field("library_name", name);
  reply.field("engine", engine.name);
  reply.bulk("functions");
  reply.array(functions.size);
  for (const { name, description, flags } of functions.values()) {
    reply.map(3);
    reply.field("name", name);
    reply.field("description", description);
    reply.bulk("flags");
    const words = SCRIPT_FLAG_NAMES.filter(([, flag]) => (flags & flag) !== 0);
    reply.set(words.length);
    for (const [word] of words) reply.simple(word);
  }
  if (withCode) reply.field("library_code", text);
}

const stats = command("function|stats", { arity: 2, since: "7.0.0", flags: "noscript allow_busy" })
  .answers(`{running_script: {name: string, command: string[], duration_ms: count} | null,
      engines: map<string, {libraries_count: count, functions_count: count}>}`)
  .tips("nondeterministic_output request_policy:all_shards response_policy:special")
  .docs("Returns information about a function during execution.", "O(1)")
  .run((call) => {
    const { reply, server } = call;
    const { functions, scripts } = server;
    const { progress, script, busyError } = scripts.runner;
    if (script !== null && !script.isFunction) throw busyError;
    reply.map(2);
    if (progress === null) reply.field("running_script", null);
    else {
      reply.bulk("running_script");
      reply.map(3);
      reply.field("name", progress.name);
      reply.bulk("command");
      reply.bulks(progress.words);
      reply.field("duration_ms", progress.milliseconds);
    }
    reply.bulk("engines");
    const engines = functions.enginesInUse;
    reply.map(engines.length);
    for (const engine of engines) {
      const counted = functions.statsOf(engine);
      reply.bulk(engine.name);
      reply.map(2);
      reply.field("libraries_count", counted.libraries);
      reply.field("functions_count", counted.functions);
    }
  });

/** Errors: no function is running, or it has written. */
const kill = command("function|kill", { arity: 2, since: "7.0.0", flags: "noscript allow_busy" })
  .answers("OK")
  .tips("request_policy:all_shards response_policy:one_succeeded")
  .docs("Terminates a function during execution.", "O(1)")
  .run((call) => {
    call.server.scripts.runner.kill(true);
    call.reply.ok();
  });

const help = helpOf(command("function|help", { arity: 2, since: "7.0.0", flags: "loading stale" }), [
  ["LOAD [REPLACE] <FUNCTION CODE>", "Creates a library with the name and the functions that the code gives it."],
  ["DELETE <LIBRARY NAME>", "Deletes a library."],
  [
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "Returns what is known of all libraries, or of those whose names match a pattern:",
    "* Library name",
    "* The engine that runs its functions",
    "* Functions, with their descriptions and flags",
    "* Library code (if WITHCODE is given)",
  ],
  [
    "STATS",
    "Returns what is known of the function that is running, null if there is none:",
    "* Function name",
    "* The command that runs it",
    "* For how many ms it has been running",
    "Also returns the engines there are, with how many libraries and functions each has.",
  ],
  ["KILL", "Ends the function that is running."],
  ["FLUSH [ASYNC|SYNC]", "Deletes all libraries. Either mode is accepted: there is nothing that takes time."],
  ["DUMP", "Returns all libraries as a payload for FUNCTION RESTORE."],
  [
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "Restores the libraries of a payload. Of those that are there (APPEND by default):",
    "* FLUSH: deletes all of them.",
    "* APPEND: keeps them; one of the same name is an error.",
    "* REPLACE: replaces those of the same names. A function of the same name in another library is an error.",
  ],
]);

export const functions = command("function", { arity: -2, since: "7.0.0", flags: "" })
  .docs("A container for function commands.", "Depends on subcommand.")
  .family([remove, dump, flush, help, kill, list, load, restore, stats]);
