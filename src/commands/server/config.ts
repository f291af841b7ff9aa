/** CONFIG: the protocol's side of `config/config.ts`, which knows what directives there are and what they take. */

import { isSensitive } from "../../config/options.ts";
import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Arguments } from "../../execution/contract.ts";
import { helpOf } from "../arguments/help.ts";

const command = commandsOf("server");

const get = command("config|get", { arity: -3, since: "2.0.0", flags: "admin noscript loading stale" })
  .takes("parameter...")
  .answers("map<string, string>")
  .docs("Returns the values of configuration directives.", "O(N) for N directives")
  .changed("7.0.0: Accepts several patterns.")
  .run((call) => {
    const found = call.server.config.get(Array.from({ length: call.count - 2 }, (_, index) => call.text(index + 2)));
    call.reply.map(found.length);
    for (const [name, value] of found) call.reply.field(name, value);
  });

const set = command("config|set", { arity: -4, since: "2.0.0", flags: "admin noscript loading stale" })
  .takes("data(parameter value)...")
  .answers("OK")
  .secrets(sensitiveValues)
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Sets configuration directives while the server runs.", "O(N) for N directives")
  .changed("7.0.0: Sets several directives, all or none.")
  .run((call) => {
    const { server, session } = call;
    if (call.count % 2 === 1) throw errors.syntax;
    const pairs: [string, string][] = [];
    for (let index = 2; index < call.count; index += 2) pairs.push([call.text(index), call.text(index + 1)]);
    const failure = server.config.set(pairs, { loading: server.persistence.loading !== null, local: session.isLocal });
    if (failure !== null) {
      for (const reason of failure.unrestored) server.log.warning(`CONFIG SET could not be taken back whole: ${reason}`);
      throw commandError(failure.reply);
    }
    for (const line of server.config.withoutEffect(pairs.map(([name]) => name))) server.log.notice(line);
    call.reply.ok();
  });

/** Values of directives that hold passwords. */
function sensitiveValues(request: Arguments): number[] {
  const secrets: number[] = [];
  for (let index = 2; index + 1 < request.count; index += 2) if (isSensitive(request.text(index))) secrets.push(index + 1);
  return secrets;
}

const resetstat = command("config|resetstat", { arity: 2, since: "2.0.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Resets the statistics of the server.", "O(1)")
  .run((call) => {
    const { server } = call;
    server.stats.reset();
    server.resetCommandStats();
    server.keyspace.resetStats();
    server.keyspace.defragmentation.resetStats();
    server.housekeeping.memory.resetStats();
    server.persistence.saves = 0;
    server.appendOnly.resetStats();
    call.reply.ok();
  });

const rewrite = command("config|rewrite", { arity: 2, since: "2.8.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Writes the configuration in effect to the configuration file.", "O(1)")
  .run((call) => {
    const { config, log, access } = call.server;
    const users = access.users.all().map((user) => `${user.name} ${user.description}`);
    const failure = config.rewrite({ users: config.values.aclfile === "" ? users : [] });
    if (failure !== null) {
      if (config.configFile !== null) log.warning(`CONFIG REWRITE failed: ${failure.slice(failure.lastIndexOf(": ") + 2)}`);
      throw commandError(failure);
    }
    log.notice("CONFIG REWRITE executed with success.");
    call.reply.ok();
  });

const help = helpOf(command("config|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), [
  ["GET <pattern> [<pattern> ...]", "Returns the directives that match the patterns, with their values."],
  ["SET <directive> <value> [<directive> <value> ...]", "Sets directives: all of them, or none if one cannot be set."],
  ["RESETSTAT", "Resets the statistics that INFO shows."],
  ["REWRITE", "Writes the configuration in effect to the configuration file."],
]);

export const config = command("config", { arity: -2, since: "2.0.0", flags: "" })
  .docs("A container for configuration commands.", "Depends on the subcommand.")
  .family([get, set, resetstat, rewrite, help]);
