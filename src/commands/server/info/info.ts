/** INFO. The other files of this folder write its sections. */

import { commandsOf } from "../../../execution/command-spec.ts";
import { wordSet } from "../../arguments/numbers.ts";
import { BETWEEN, sectionTexts } from "./sections.ts";

const command = commandsOf("server");

export const info = command("info", { arity: -1, since: "1.0.0", flags: "loading stale" })
  .takes("[section...]")
  .answers("text")
  .acl("dangerous")
  .tips("nondeterministic_output request_policy:all_shards response_policy:special")
  .docs("Returns information and statistics about the server.", "O(1)")
  .changed("7.0.0: Accepts several sections.")
  .run((call) => {
    call.reply.verbatimParts(sectionTexts(call.server, wordSet(call, 1)), BETWEEN);
  });
