/** FUNCTION: there are no scripts here, so there are never any functions to flush. */

import { commandError } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { wrongArguments } from "../arguments/help.ts";

const command = commandsOf("scripting");

/** Clients send it before they fill a server, to start empty: nothing changes. */
const flush = command("function|flush", { arity: -2, since: "7.0.0", flags: "noscript write" })
  .takes("[flush-type(ASYNC | SYNC)]")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Deletes all libraries and functions. There are never any.", "O(1)")
  .run((call) => {
    if (call.count > 3) throw wrongArguments(call);
    if (call.count === 3 && !call.is(2, "async") && !call.is(2, "sync"))
      throw commandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    call.reply.ok();
  });

export const functions = command("function", { arity: -2, since: "7.0.0", flags: "" })
  .docs("A container for function commands.", "Depends on the subcommand.")
  .family([flush]);
