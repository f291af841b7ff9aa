/** SLOWLOG and COMMANDLOG: the last requests that took long, were large, or had a large reply (execution/command-log.ts). */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { LogEntry } from "../../execution/command-log.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { helpOf, wrongArguments } from "../arguments/help.ts";
import { choice, longAtLeast } from "../arguments/numbers.ts";

const command = commandsOf("server");

const badCount = commandError("ERR count should be greater than or equal to -1");
const badType = commandError("ERR type should be one of the following: slow, large-request, large-reply");
const SHOWN_ENTRIES = 10;

/** Returns the last entries, as many as argument 2 says: -1 for all. Errors: it is less, or no integer. */
function entriesAsked(call: Call, log: { latest(count: number): LogEntry[]; readonly length: number }): LogEntry[] {
  const count = call.count === 2 ? SHOWN_ENTRIES : longAtLeast(call, 2, -1, badCount);
  return log.latest(count === -1 ? log.length : count);
}

function replyEntries({ reply }: Call, entries: readonly LogEntry[]): void {
  reply.array(entries.length);
  for (const { id, time, value, words, address, name } of entries) {
    reply.array(6);
    reply.integer(id);
    reply.integer(time);
    reply.integer(value);
    reply.array(words.length);
    for (const word of words) reply.bytesOf(word);
    reply.bulk(address);
    reply.bulk(name);
  }
}

// ---- SLOWLOG

const slowGet = command("slowlog|get", { arity: -2, since: "2.2.12", flags: "admin loading stale" })
  .takes("[count]")
  .answers("[id: count, time: time, duration: count, arguments: string[], client: string, name: string][]")
  .tips("request_policy:all_nodes nondeterministic_output")
  .docs("Returns the last entries of the slow log.", "O(N) for N entries")
  .changed("4.0.0: Added the client's address and name.")
  .run((call) => {
    if (call.count > 3) throw wrongArguments(call);
    replyEntries(call, entriesAsked(call, call.server.watch.log.slow));
  });

const slowLen = command("slowlog|len", { arity: 2, since: "2.2.12", flags: "admin loading stale" })
  .answers("count")
  .tips("request_policy:all_nodes response_policy:agg_sum nondeterministic_output")
  .docs("Returns the number of entries in the slow log.", "O(1)")
  .run((call) => call.reply.integer(call.server.watch.log.slow.length));

const slowReset = command("slowlog|reset", { arity: 2, since: "2.2.12", flags: "admin loading stale" })
  .answers("OK")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Clears the slow log.", "O(N) for N entries")
  .run((call) => {
    call.server.watch.log.slow.clear();
    call.reply.ok();
  });

const slowHelp = helpOf(command("slowlog|help", { arity: 2, since: "6.2.0", flags: "loading stale" }), [
  [
    "GET [<count>]",
    "Returns the last <count> requests that took long (10 by default, -1 for all), each with",
    "its id, Unix time, microseconds, arguments, the address and the name of the client.",
  ],
  ["LEN", "Returns how many there are."],
  ["RESET", "Forgets them."],
]);

export const slowlog = command("slowlog", { arity: -2, since: "2.2.12", flags: "" })
  .docs("A container for slow log commands.", "Depends on the subcommand.")
  .family([slowGet, slowHelp, slowLen, slowReset]);

// ---- COMMANDLOG

const TYPE = "type(SLOW | LARGE-REQUEST | LARGE-REPLY)";

/** Returns the log that argument `index` names. Errors: there is none of that name. */
function logAsked(call: Call, index: number) {
  const { slow, largeRequests, largeReplies } = call.server.watch.log;
  return choice(call, index, { slow, "large-request": largeRequests, "large-reply": largeReplies }, badType);
}

const logGet = command("commandlog|get", { arity: 4, since: "8.1.0", flags: "admin loading stale" })
  .takes(`count ${TYPE}`)
  .answers("[id: count, time: time, value: count, arguments: string[], client: string, name: string][]")
  .tips("request_policy:all_nodes nondeterministic_output")
  .docs("Returns the last entries of a command log.", "O(N) for N entries")
  .run((call) => {
    longAtLeast(call, 2, -1, badCount);
    replyEntries(call, entriesAsked(call, logAsked(call, 3)));
  });

const logLen = command("commandlog|len", { arity: 3, since: "8.1.0", flags: "admin loading stale" })
  .answers("count")
  .takes(TYPE)
  .tips("request_policy:all_nodes response_policy:agg_sum nondeterministic_output")
  .docs("Returns the number of entries in a command log.", "O(1)")
  .run((call) => call.reply.integer(logAsked(call, 2).length));

const logReset = command("commandlog|reset", { arity: 3, since: "8.1.0", flags: "admin loading stale" })
  .answers("OK")
  .takes(TYPE)
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Clears a command log.", "O(N) for N entries")
  .run((call) => {
    logAsked(call, 2).clear();
    call.reply.ok();
  });

const logHelp = helpOf(command("commandlog|help", { arity: 2, since: "8.1.0", flags: "loading stale" }), [
  [
    "GET <count> <type>",
    "Returns the last <count> requests of that type (-1 for all), each with its id, Unix time,",
    "microseconds (slow) or bytes (large-request, large-reply), arguments, the address and the name of the client.",
  ],
  ["LEN <type>", "Returns how many there are."],
  ["RESET <type>", "Forgets them."],
]);

export const commandlog = command("commandlog", { arity: -2, since: "8.1.0", flags: "" })
  .docs("A container for command log commands, as Valkey has it.", "Depends on the subcommand.")
  .family([logGet, logHelp, logLen, logReset]);
