/** COMMAND: what the server tells about its own commands. */

import { globMatch } from "../../base/glob.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { categoriesOf } from "../../execution/categories.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Arguments } from "../../execution/contract.ts";
import { canHaveKeys, type KeyReference, keysOf } from "../../execution/key-extraction.ts";
import type { CommandEntry } from "../../execution/registry.ts";
import { type HelpEntry, helpOf } from "../arguments/help.ts";
import { replyManyDocs } from "./command-docs.ts";
import { COMMAND_INFO, replyInfo, replyKeyFlags } from "./command-info.ts";

const command = commandsOf("server");

function replyAllInfo(call: Call): void {
  const { byName } = call.server.commands;
  call.reply.array(byName.size);
  for (const entry of byName.values()) replyInfo(call.reply, entry);
}

const count = command("command|count", { arity: 2, since: "2.8.13", flags: "loading stale" })
  .answers("count")
  .acl("connection")
  .docs("Returns the number of commands, without subcommands.", "O(1)")
  .run((call) => call.reply.integer(call.server.commands.byName.size));

const list = command("command|list", { arity: -2, since: "7.0.0", flags: "loading stale" })
  .takes("[FILTERBY filterby(MODULE module-name | ACLCAT category | PATTERN pattern)]")
  .answers("string[]")
  .acl("connection")
  .tips("nondeterministic_output_order")
  .docs("Returns the names of commands and subcommands.", "O(N) for N commands")
  .run((call) => {
    const wanted = listFilter(call);
    const names: string[] = [];
    for (const entry of call.server.commands.all()) if (wanted(entry)) names.push(entry.fullName);
    call.reply.bulks(names);
  });

/** Returns the filter of COMMAND LIST. There are no modules, so no command belongs to one. Errors: syntax. */
function listFilter(call: Call): (entry: CommandEntry) => boolean {
  if (call.count === 2) return () => true;
  if (call.count !== 5 || !call.is(2, "filterby")) throw errors.syntax;
  if (call.is(3, "module")) return () => false;
  if (call.is(3, "aclcat")) {
    const wanted = call.text(4).toLowerCase();
    return (entry) => categoriesOf(entry).some((category) => category === wanted);
  }
  if (!call.is(3, "pattern")) throw errors.syntax;
  const pattern = call.bytes(4);
  return (entry) => globMatch(pattern, Buffer.from(entry.fullName), 0, entry.fullName.length, true);
}

/** Commands that don't exist are null. */
const info = command("command|info", { arity: -2, since: "2.8.13", flags: "loading stale" })
  .takes("[command-name...]")
  .answers(`(CommandInfo | null)[] where ${COMMAND_INFO}`)
  .acl("connection")
  .tips("nondeterministic_output_order")
  .docs("Returns the details of some or all commands.", "O(N) for N commands")
  .changed("7.0.0: Without names it returns all commands.")
  .run((call) => {
    if (call.count === 2) return replyAllInfo(call);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) {
      const entry = call.server.commands.named(call.text(index));
      if (entry === null) call.reply.null();
      else replyInfo(call.reply, entry);
    }
  });

/** Commands that don't exist are left out. */
const docs = command("command|docs", { arity: -2, since: "7.0.0", flags: "loading stale" })
  .takes("[command-name...]")
  .answers(`map<string, CommandDocs> where CommandDocs = {summary: string, since: string, group: string, complexity?: string, module?: string,
      doc_flags?: set<+'deprecated' | +'syscmd'>, deprecated_since?: string, replaced_by?: string, history?: set<[version: string, change: string]>,
      reply_schema?: map<string, any>, arguments?: CommandArgument[], subcommands?: map<string, CommandDocs>}
      where CommandArgument = {name: string, type: string, display_text?: string, key_spec_index?: count, token?: string, summary?: string,
      since?: string, deprecated_since?: string, flags?: set<status>, arguments?: CommandArgument[]}`)
  .acl("connection")
  .tips("nondeterministic_output_order")
  .docs("Returns the documentation of some or all commands.", "O(N) for N commands")
  .run((call) => {
    const { commands, config } = call.server;
    const options = { schemas: config.values["command-docs-reply-schema"] };
    if (call.count === 2) return replyManyDocs(call.reply, [...commands.byName.values()], options);
    const entries: CommandEntry[] = [];
    for (let index = 2; index < call.count; index++) {
      const entry = commands.named(call.text(index));
      if (entry !== null) entries.push(entry);
    }
    replyManyDocs(call.reply, entries, options);
  });

const QUOTE_AT = 2;

/** Returns the request that follows COMMAND GETKEYS. */
function quotedRequest(call: Call): Arguments {
  return {
    count: call.count - QUOTE_AT,
    text: (index) => call.text(QUOTE_AT + index),
    is: (index, word) => call.is(QUOTE_AT + index, word),
  };
}

/** Errors: no such command, one without keys, a wrong number of arguments, invalid arguments. */
function quotedKeys(call: Call): readonly KeyReference[] {
  const request = quotedRequest(call);
  const entry = quotedCommand(call, request);
  if (entry === null) throw commandError("ERR Invalid command specified");
  if (!canHaveKeys(entry)) throw commandError("ERR The command has no key arguments");
  if (!entry.acceptsCount(request.count)) throw commandError("ERR Invalid number of arguments specified for command");
  const keys = keysOf(entry, request);
  if (keys.length === 0 && !entry.spec.flags.includes("no_mandatory_keys"))
    throw commandError("ERR Invalid arguments specified for command");
  return keys;
}

function quotedCommand(call: Call, request: Arguments): CommandEntry | null {
  const found = call.server.commands.byName.get(request.text(0).toLowerCase()) ?? null;
  if (found === null || found.subcommands.size === 0 || request.count === 1) return found;
  return found.subcommands.get(request.text(1).toLowerCase()) ?? null;
}

const getKeys = command("command|getkeys", { arity: -3, since: "2.8.13", flags: "loading stale" })
  .takes("command [arg...]")
  .answers("string[]")
  .acl("connection")
  .docs("Extracts the key names from a full command.", "O(N) for N arguments")
  .run((call) => call.reply.bulks(quotedKeys(call).map((key) => call.text(QUOTE_AT + key.index))));

const getKeysAndFlags = command("command|getkeysandflags", { arity: -3, since: "7.0.0", flags: "loading stale" })
  .takes("command [arg...]")
  .answers("[key: string, flags: set<status>][]")
  .acl("connection")
  .docs("Extracts the key names from a full command, and how each is accessed.", "O(N) for N arguments")
  .run((call) => {
    const keys = quotedKeys(call);
    call.reply.array(keys.length);
    for (const { index, flags } of keys) {
      call.reply.array(2);
      call.reply.bulk(call.text(QUOTE_AT + index));
      replyKeyFlags(call.reply, flags);
    }
  });

const HELP: readonly HelpEntry[] = [
  ["(no subcommand)", "Returns the details of all commands."],
  ["COUNT", "Returns the number of commands."],
  ["DOCS [<command-name> ...]", "Returns the documentation of these commands, or of all."],
  ["GETKEYS <full-command>", "Returns the keys of a full command."],
  ["GETKEYSANDFLAGS <full-command>", "Returns the keys of a full command and how each is accessed."],
  ["INFO [<command-name> ...]", "Returns the details of these commands, or of all."],
  ["LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]", "Returns the names of commands and subcommands."],
];

const help = helpOf(command("command|help", { arity: 2, since: "5.0.0", flags: "loading stale" }).acl("connection"), HELP);

export const commands = command("command", { arity: -1, since: "2.8.13", flags: "loading stale" })
  .answers(`CommandInfo[] where ${COMMAND_INFO}`)
  .acl("connection")
  .tips("nondeterministic_output_order")
  .docs("Returns the details of all commands.", "O(N) for N commands")
  .run(replyAllInfo, [count, docs, getKeys, getKeysAndFlags, help, info, list]);
