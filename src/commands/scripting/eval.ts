/** EVAL and its relatives run scripts. */

import { commandsOf } from "../../execution/command-spec.ts";
import { keyCount } from "./key-count.ts";

const command = commandsOf("scripting");

const UNKNOWN_USE = "We cannot tell how the keys will be used so we assume the worst";

export const evaluate = command("eval", { arity: -3, since: "2.6.0", flags: "noscript stale skip_monitor may_replicate no_mandatory_keys" })
  .takes(`script numkeys [key{RW access update: ${UNKNOWN_USE}, RW and UPDATE}...] [arg...]`)
  .answers("any")
  .marked("runs-script")
  .docs("Executes a server-side Lua script.", "Depends on the script that is executed.")
  .run((call) => {
    call.show();
    call.server.scripts.evaluate(call, "text", keyCount(call), false);
  });

export const evaluateSha = command("evalsha", {
  arity: -3,
  since: "2.6.0",
  flags: "noscript stale skip_monitor may_replicate no_mandatory_keys",
})
  .takes("sha1 numkeys [key{RW access update}...] [arg...]")
  .answers("any")
  .marked("runs-script")
  .docs("Executes a server-side Lua script by SHA1 digest.", "Depends on the script that is executed.")
  .run((call) => {
    call.show();
    call.server.scripts.requireName(call.frame);
    call.server.scripts.evaluate(call, "sha", keyCount(call), false);
  });

export const evaluateReadOnly = command("eval_ro", {
  arity: -3,
  since: "7.0.0",
  flags: "readonly noscript stale skip_monitor no_mandatory_keys",
})
  .takes(`script numkeys [key{RO access: ${UNKNOWN_USE}, RO and ACCESS}...] [arg...]`)
  .answers("any")
  .marked("runs-script")
  .docs("Executes a read-only server-side Lua script.", "Depends on the script that is executed.")
  .run((call) => {
    call.show();
    call.server.scripts.evaluate(call, "text", keyCount(call), true);
  });

export const evaluateShaReadOnly = command("evalsha_ro", {
  arity: -3,
  since: "7.0.0",
  flags: "readonly noscript stale skip_monitor no_mandatory_keys",
})
  .takes("sha1 numkeys [key{RO access}...] [arg...]")
  .answers("any")
  .marked("runs-script")
  .docs("Executes a read-only server-side Lua script by SHA1 digest.", "Depends on the script that is executed.")
  .run((call) => {
    call.show();
    call.server.scripts.requireName(call.frame);
    call.server.scripts.evaluate(call, "sha", keyCount(call), true);
  });
