/** FUNCTION: there is no scripting here, so there are never any functions; only the command that makes sure of it. */

import { commandError } from "../../errors.ts";
import { command, container, oneOf, token } from "../../execution/command-spec.ts";
import { wrongArguments } from "../arguments/help.ts";

/** Clients send it before they fill a server, to start from nothing: there is nothing, and nothing changes. */
const flush = command(
  {
    name: "flush",
    arity: -2,
    group: "scripting",
    since: "7.0.0",
    flags: ["noscript", "write"],
    summary: "Deletes all functions; there are none",
    complexity: "O(1)",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    arguments: [oneOf("flush-type", [token("ASYNC"), token("SYNC")], { optional: true })],
  },
  (ctx) => {
    if (ctx.count > 3) throw wrongArguments(ctx);
    if (ctx.count === 3 && !ctx.is(2, "async") && !ctx.is(2, "sync"))
      throw commandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    ctx.reply.ok();
  },
);

export const functions = container(
  {
    name: "function",
    arity: -2,
    group: "scripting",
    since: "7.0.0",
    flags: [],
    summary: "Commands about functions that run in the server",
    complexity: "That of the subcommand",
  },
  [flush],
);
