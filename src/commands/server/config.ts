/** CONFIG: the protocol's side of `config/config.ts`, which knows what directives there are and what they take. */

import { commandError, errors } from "../../errors.ts";
import { arg, block, command, container } from "../../execution/command-spec.ts";
import { replyHelp } from "../arguments/help.ts";

const get = command(
  {
    name: "get",
    arity: -3,
    group: "server",
    since: "2.0.0",
    flags: ["admin", "noscript", "loading", "stale"],
    summary: "Shows directives and their values",
    complexity: "O(N), N being the number of directives asked for",
    arguments: [arg("string", "parameter", { multiple: true })],
    history: [["7.0.0", "Several patterns at once."]],
  },
  (ctx) => {
    const patterns: string[] = [];
    for (let index = 2; index < ctx.count; index++) patterns.push(ctx.text(index));
    const found = ctx.host.config.get(patterns);
    ctx.reply.map(found.length);
    for (const [name, value] of found) {
      ctx.reply.bulk(name);
      ctx.reply.bulk(value);
    }
  },
);

const set = command(
  {
    name: "set",
    arity: -4,
    group: "server",
    since: "2.0.0",
    flags: ["admin", "noscript", "loading", "stale"],
    summary: "Changes directives while the server runs",
    complexity: "O(N), N being the number of directives set",
    arguments: [block("data", [arg("string", "parameter"), arg("string", "value")], { multiple: true })],
    history: [["7.0.0", "Several directives at once, all or none."]],
    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  },
  (ctx) => {
    const { host, session } = ctx;
    if (ctx.count % 2 === 1) throw errors.syntax;
    const pairs: [string, string][] = [];
    for (let index = 2; index < ctx.count; index += 2) pairs.push([ctx.text(index), ctx.text(index + 1)]);
    const failure = host.config.set(pairs, { loading: host.persistence.loading !== null, local: session.isLocal });
    if (failure !== null) {
      for (const reason of failure.unrestored) host.log.warning(`CONFIG SET could not be taken back whole: ${reason}`);
      throw commandError(failure.reply);
    }
    for (const line of host.config.withoutEffect(pairs.map(([name]) => name))) host.log.notice(line);
    ctx.reply.ok();
  },
);

const resetstat = command(
  {
    name: "resetstat",
    arity: 2,
    group: "server",
    since: "2.0.0",
    flags: ["admin", "noscript", "loading", "stale"],
    summary: "Starts the counters that INFO shows anew",
    complexity: "O(1)",
    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  },
  (ctx) => {
    const { host } = ctx;
    host.stats.reset();
    host.commands.resetStats();
    host.keyspace.resetStats();
    host.persistence.resetStats();
    host.appendOnly.resetStats();
    ctx.reply.ok();
  },
);

const rewrite = command(
  {
    name: "rewrite",
    arity: 2,
    group: "server",
    since: "2.8.0",
    flags: ["admin", "noscript", "loading", "stale"],
    summary: "Writes the configuration in effect to the file it came from",
    complexity: "O(1)",
    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  },
  (ctx) => {
    const { config, log } = ctx.host;
    const failure = config.rewrite();
    if (failure !== null) {
      if (config.configFile !== null) log.warning(`CONFIG REWRITE failed: ${failure.slice(failure.lastIndexOf(": ") + 2)}`);
      throw commandError(failure);
    }
    log.notice("CONFIG REWRITE executed with success.");
    ctx.reply.ok();
  },
);

const help = command(
  {
    name: "help",
    arity: 2,
    group: "server",
    since: "5.0.0",
    flags: ["loading", "stale"],
    summary: "Explains the subcommands",
    complexity: "O(1)",
  },
  (ctx) =>
    replyHelp(ctx, [
      ["GET <pattern> [<pattern> ...]", "Shows the directives that match, with their values."],
      ["SET <directive> <value> [<directive> <value> ...]", "Changes directives: all of them, or none when one cannot be changed."],
      ["RESETSTAT", "Starts the counters that INFO shows anew."],
      ["REWRITE", "Writes the configuration in effect to the configuration file."],
    ]),
);

export const config = container(
  {
    name: "config",
    arity: -2,
    group: "server",
    since: "2.0.0",
    flags: [],
    summary: "Commands about the configuration",
    complexity: "That of the subcommand",
  },
  [get, set, resetstat, rewrite, help],
);
