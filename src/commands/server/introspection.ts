/** COMMAND: the server's account of its own commands. */

import { globMatch } from "../../base/glob.ts";
import { commandError, errors } from "../../errors.ts";
import { arg, command, commandWithSubcommands, type Flag, oneOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import type { CommandEntry } from "../../execution/registry.ts";
import { categoriesOf } from "../arguments/categories.ts";
import { type HelpEntry, replyHelp } from "../arguments/help.ts";
import { type Arguments, canHaveKeys, type KeyReference, keysOf } from "../arguments/key-extraction.ts";
import { replyManyDocs } from "./command-docs.ts";
import { replyInfo, replyKeyFlags } from "./command-info.ts";

const FLAGS: readonly Flag[] = ["loading", "stale"];
const CATEGORIES = ["connection"];
const LINEAR = "O(N) in the number of commands";
const ANY_ORDER = ["nondeterministic_output_order"];

const COMMAND_NAMES = [arg("string", "command-name", { optional: true, multiple: true })];
const FULL_COMMAND = [arg("string", "command"), arg("string", "arg", { optional: true, multiple: true })];

function replyAllInfo(ctx: Context): void {
  const { byName } = ctx.host.commands;
  ctx.reply.array(byName.size);
  for (const entry of byName.values()) replyInfo(ctx.reply, entry);
}

const count = command(
  {
    name: "count",
    arity: 2,
    group: "server",
    since: "2.8.13",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with the number of commands, subcommands not counted",
    complexity: "O(1)",
  },
  (ctx) => ctx.reply.integer(ctx.host.commands.byName.size),
);

const list = command(
  {
    name: "list",
    arity: -2,
    group: "server",
    since: "7.0.0",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with the names of commands and subcommands",
    complexity: LINEAR,
    tips: ANY_ORDER,
    arguments: [
      oneOf(
        "filterby",
        [
          arg("string", "module-name", { token: "MODULE" }),
          arg("string", "category", { token: "ACLCAT" }),
          arg("pattern", "pattern", { token: "PATTERN" }),
        ],
        { token: "FILTERBY", optional: true },
      ),
    ],
  },
  (ctx) => {
    const wanted = listFilter(ctx);
    const names: string[] = [];
    for (const entry of ctx.host.commands.all()) if (wanted(entry)) names.push(entry.fullName);
    ctx.reply.bulks(names);
  },
);

/** Which commands COMMAND LIST is to name. There are no modules, so no command is of one. Errors: syntax. */
function listFilter(ctx: Context): (entry: CommandEntry) => boolean {
  if (ctx.count === 2) return () => true;
  if (ctx.count !== 5 || !ctx.is(2, "filterby")) throw errors.syntax;
  if (ctx.is(3, "module")) return () => false;
  if (ctx.is(3, "aclcat")) {
    const wanted = ctx.text(4).toLowerCase();
    return (entry) => categoriesOf(entry).some((category) => category === wanted);
  }
  if (!ctx.is(3, "pattern")) throw errors.syntax;
  const pattern = ctx.bytes(4);
  return (entry) => globMatch(pattern, Buffer.from(entry.fullName), 0, entry.fullName.length, true);
}

/** A command that does not exist is null. */
const info = command(
  {
    name: "info",
    arity: -2,
    group: "server",
    since: "2.8.13",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with arity, flags, keys and categories of some or all commands",
    complexity: "O(N) in the number of commands asked for",
    history: [["7.0.0", "Without names it tells about all commands"]],
    tips: ANY_ORDER,
    arguments: COMMAND_NAMES,
  },
  (ctx) => {
    if (ctx.count === 2) return replyAllInfo(ctx);
    ctx.reply.array(ctx.count - 2);
    for (let index = 2; index < ctx.count; index++) {
      const entry = ctx.host.commands.named(ctx.text(index));
      if (entry === null) ctx.reply.null();
      else replyInfo(ctx.reply, entry);
    }
  },
);

/** A command that does not exist is left out. */
const docs = command(
  {
    name: "docs",
    arity: -2,
    group: "server",
    since: "7.0.0",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with the documentation of some or all commands",
    complexity: "O(N) in the number of commands asked for",
    tips: ANY_ORDER,
    arguments: COMMAND_NAMES,
  },
  (ctx) => {
    const { commands } = ctx.host;
    if (ctx.count === 2) return replyManyDocs(ctx.reply, [...commands.byName.values()]);
    const entries: CommandEntry[] = [];
    for (let index = 2; index < ctx.count; index++) {
      const entry = commands.named(ctx.text(index));
      if (entry !== null) entries.push(entry);
    }
    replyManyDocs(ctx.reply, entries);
  },
);

/** The request that follows COMMAND GETKEYS. */
class QuotedRequest implements Arguments {
  private readonly ctx: Context;

  constructor(ctx: Context) {
    this.ctx = ctx;
  }

  get count(): number {
    return this.ctx.count - QUOTE_AT;
  }

  text(index: number): string {
    return this.ctx.text(QUOTE_AT + index);
  }
}

const QUOTE_AT = 2;

/** Errors: no such command, one without keys, a wrong number of arguments, arguments that make no sense. */
function quotedKeys(ctx: Context): readonly KeyReference[] {
  const request = new QuotedRequest(ctx);
  const entry = quotedCommand(ctx, request);
  if (entry === null) throw commandError("ERR Invalid command specified");
  if (!canHaveKeys(entry)) throw commandError("ERR The command has no key arguments");
  if (!entry.acceptsCount(request.count)) throw commandError("ERR Invalid number of arguments specified for command");
  const keys = keysOf(entry, request);
  if (keys.length === 0 && !entry.spec.flags.includes("no_mandatory_keys"))
    throw commandError("ERR Invalid arguments specified for command");
  return keys;
}

function quotedCommand(ctx: Context, request: Arguments): CommandEntry | null {
  const found = ctx.host.commands.byName.get(request.text(0).toLowerCase()) ?? null;
  if (found === null || found.subcommands.size === 0 || request.count === 1) return found;
  return found.subcommands.get(request.text(1).toLowerCase()) ?? null;
}

const getKeys = command(
  {
    name: "getkeys",
    arity: -3,
    group: "server",
    since: "2.8.13",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with the keys in a request",
    complexity: "O(N) in the number of arguments of the request",
    arguments: FULL_COMMAND,
  },
  (ctx) => ctx.reply.bulks(quotedKeys(ctx).map((key) => ctx.text(QUOTE_AT + key.index))),
);

const getKeysAndFlags = command(
  {
    name: "getkeysandflags",
    arity: -3,
    group: "server",
    since: "7.0.0",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with the keys in a request and what is done with each",
    complexity: "O(N) in the number of arguments of the request",
    arguments: FULL_COMMAND,
  },
  (ctx) => {
    const keys = quotedKeys(ctx);
    ctx.reply.array(keys.length);
    for (const { index, flags } of keys) {
      ctx.reply.array(2);
      ctx.reply.bulk(ctx.text(QUOTE_AT + index));
      replyKeyFlags(ctx.reply, flags);
    }
  },
);

const HELP: readonly HelpEntry[] = [
  ["(no subcommand)", "Arity, flags, keys and categories of all commands."],
  ["COUNT", "Number of commands."],
  ["DOCS [<command-name> ...]", "Documentation of these commands, or of all."],
  ["GETKEYS <full-command>", "Keys in a request."],
  ["GETKEYSANDFLAGS <full-command>", "Keys in a request, and what is done with each."],
  ["INFO [<command-name> ...]", "Arity, flags, keys and categories of these commands, or of all."],
  ["LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]", "Names of commands and subcommands."],
];

const help = command(
  {
    name: "help",
    arity: 2,
    group: "server",
    since: "5.0.0",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Explains the subcommands",
    complexity: "O(1)",
  },
  (ctx) => replyHelp(ctx, HELP),
);

export const commands = commandWithSubcommands(
  {
    name: "command",
    arity: -1,
    group: "server",
    since: "2.8.13",
    flags: FLAGS,
    categories: CATEGORIES,
    summary: "Answers with arity, flags, keys and categories of all commands",
    complexity: LINEAR,
    tips: ANY_ORDER,
  },
  replyAllInfo,
  [count, docs, getKeys, getKeysAndFlags, help, info, list],
);
