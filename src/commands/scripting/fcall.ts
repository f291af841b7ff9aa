/** FCALL and FCALL_RO: calling the functions of libraries (function.ts). */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { longAtLeast } from "../arguments/numbers.ts";

const command = commandsOf("scripting");

/** Index of the first key. */
const KEYS = 3;
const badCount = commandError("ERR Bad number of keys provided");

export const fcall = command("fcall", { arity: -3, since: "7.0.0", flags: "noscript stale skip_monitor may_replicate no_mandatory_keys" })
  .answers("any")
  .takes(
    "function numkeys [key{RW access update: We cannot tell how the keys will be used so we assume the worst, RW and UPDATE}...] [arg...]",
  )
  .marked("runs-script")
  .docs("Invokes a function.", "Depends on the function that is executed.")
  .run((call) => callFunction(call, false));

export const fcallRo = command("fcall_ro", { arity: -3, since: "7.0.0", flags: "noscript readonly stale skip_monitor no_mandatory_keys" })
  .takes("function numkeys [key{RO access: We cannot tell how the keys will be used so we assume the worst, RO and ACCESS}...] [arg...]")
  .answers("any")
  .marked("runs-script")
  .docs("Invokes a read-only function.", "Depends on the function that is executed.")
  .run((call) => callFunction(call, true));

/** Errors: no such function, a bad number of keys; those of the function are answered. */
function callFunction(call: Call, readOnly: boolean): void {
  call.show();
  const callee = call.server.functions.calledBy(call.frame);
  if (callee === undefined) throw commandError("ERR Function not found");
  const keys = longAtLeast(call, 2, Number.NEGATIVE_INFINITY, badCount);
  if (keys > call.count - KEYS) throw commandError("ERR Number of keys can't be greater than number of args");
  if (keys < 0) throw commandError("ERR Number of keys can't be negative");
  callee.library.engine.run(callee, call, KEYS, keys, readOnly);
}
