/** The HELP of a family of subcommands, in Redis's form, and the error that points to it. */

import { type CommandError, commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Command, CommandSpec } from "../../execution/command-spec.ts";

/** A subcommand in HELP: how to call it, and lines of explanation. */
export type HelpEntry = readonly [usage: string, ...lines: string[]];

/** How much of an unknown subcommand its error repeats. */
const QUOTED_BYTES = 128;

const HELP_ENTRY: HelpEntry = ["HELP", "Shows this text."];

/** Returns the HELP subcommand of a family, made from a table of its subcommands. */
export function helpOf(spec: CommandSpec, entries: readonly HelpEntry[]): Command {
  return spec
    .answers("status[]")
    .docs("Returns helpful text about the subcommands.", "O(1)")
    .run((call) => replyHelp(call, entries));
}

/** Replies with the help of a family of subcommands; that of HELP itself is added. */
export function replyHelp(call: Call, entries: readonly HelpEntry[]): void {
  const { reply } = call;
  const lines = [`${call.text(0).toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const [usage, ...explanation] of [...entries, HELP_ENTRY]) lines.push(usage, ...explanation.map((line) => `    ${line}`));
  reply.array(lines.length);
  for (const line of lines) reply.simple(line);
}

/** Returns the error of a subcommand that checks the number of its arguments itself. */
export function wrongArguments(call: Call): CommandError {
  return commandError(
    `ERR unknown subcommand or wrong number of arguments for '${call.text(1).slice(0, QUOTED_BYTES)}'. Try ${call.text(0).toUpperCase()} HELP.`,
  );
}
