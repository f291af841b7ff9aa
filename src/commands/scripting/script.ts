/** SCRIPT: the scripts that are known by their SHA-1. */

import { commandError } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { helpOf } from "../arguments/help.ts";

const command = commandsOf("scripting");

/** Replies with the SHA-1 of the script, in lower case. Errors: it does not compile. */
const load = command("script|load", { arity: 3, since: "2.6.0", flags: "noscript stale" })
  .takes("script")
  .answers("string")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Loads a server-side Lua script to the script cache.", "O(N) with N being the length in bytes of the script body.")
  .run((call) => call.reply.bulk(call.server.scripts.define(call.bytes(2)).name));

const exists = command("script|exists", { arity: -3, since: "2.6.0", flags: "noscript" })
  .takes("sha1...")
  .answers("(0 | 1)[]")
  .tips("request_policy:all_shards response_policy:agg_logical_and")
  .docs(
    "Determines whether server-side Lua scripts exist in the script cache.",
    "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
  )
  .run((call) => {
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) call.reply.integer(call.server.scripts.has(call.frame, index) ? 1 : 0);
  });

const flush = command("script|flush", { arity: -2, since: "2.6.0", flags: "noscript" })
  .takes("[flush-type(ASYNC | SYNC)@6.2.0]")
  .answers("OK")
  .changed("6.2.0: Added the `ASYNC` and `SYNC` flushing mode modifiers.")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Removes all server-side Lua scripts from the script cache.", "O(N) with N being the number of scripts in cache")
  .run((call) => {
    if (call.count > 3 || (call.count === 3 && !call.is(2, "async") && !call.is(2, "sync")))
      throw commandError("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    call.server.scripts.flush();
    call.reply.ok();
  });

/** Errors: no script is running, or it has written. */
const kill = command("script|kill", { arity: 2, since: "2.6.0", flags: "noscript allow_busy" })
  .answers("OK")
  .tips("request_policy:all_shards response_policy:one_succeeded")
  .docs("Terminates a server-side Lua script during execution.", "O(1)")
  .run((call) => {
    call.server.scripts.runner.kill(false);
    call.reply.ok();
  });

/** Errors: there is no debugger here. */
const debug = command("script|debug", { arity: 3, since: "3.2.0", flags: "noscript" })
  .takes("mode(YES | SYNC | NO)")
  .answers("OK")
  .docs("Sets the debug mode of server-side Lua scripts.", "O(1)")
  .run((call) => {
    if (call.is(2, "no")) return call.reply.ok();
    if (!call.is(2, "yes") && !call.is(2, "sync")) throw commandError("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    throw commandError("ERR SCRIPT DEBUG is not supported: this server has no debugger for scripts");
  });

const help = helpOf(command("script|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), [
  ["DEBUG (YES|SYNC|NO)", "Set the debug mode for subsequent scripts executed. There is no debugger here: NO is accepted."],
  ["EXISTS <sha1> [<sha1> ...]", "Return information about the existence of the scripts in the script cache."],
  [
    "FLUSH [ASYNC|SYNC]",
    "Flush the Lua scripts cache. Very dangerous on replicas.",
    "When called without the optional mode argument, the behavior is determined by the",
    "lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "* ASYNC: Asynchronously flush the scripts cache.",
    "* SYNC: Synchronously flush the scripts cache.",
  ],
  ["KILL", "Kill the currently executing Lua script."],
  ["LOAD <script>", "Load a script into the scripts cache without executing it."],
]);

export const script = command("script", { arity: -2, since: "2.6.0", flags: "" })
  .docs("A container for Lua scripts management commands.", "Depends on subcommand.")
  .family([debug, exists, flush, help, kill, load]);
