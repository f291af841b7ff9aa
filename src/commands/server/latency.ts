/** LATENCY: what the server was slow at (keyspace/latency-monitor.ts), and how long commands take. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { LatencyHistogram } from "../../execution/latency-histogram.ts";
import type { CommandEntry } from "../../execution/registry.ts";
import { helpOf } from "../arguments/help.ts";
import { latencyGraph } from "./latency-graph.ts";
import { latencyReport } from "./latency-report.ts";

const command = commandsOf("server");
const FLAGS = "admin noscript loading stale";
const SHOWN = "nondeterministic_output request_policy:all_nodes response_policy:special";

const doctor = command("latency|doctor", { arity: 2, since: "2.8.13", flags: FLAGS })
  .answers("text")
  .tips(SHOWN)
  .docs("Returns a report on latency for people.", "O(1)")
  .run((call) => call.reply.verbatim(latencyReport(call.server)));

/** Errors: no such event. */
const graph = command("latency|graph", { arity: 3, since: "2.8.13", flags: FLAGS })
  .takes("event")
  .answers("text")
  .tips(SHOWN)
  .docs("Returns a graph of an event's latency.", "O(1)")
  .run((call) => {
    const event = call.text(2);
    const series = call.server.keyspace.latency.series.get(event);
    if (series === undefined) throw commandError(`ERR No samples available for event '${event}'`);
    call.reply.verbatim(latencyGraph(event, series, Math.floor(Date.now() / 1000)));
  });

const history = command("latency|history", { arity: 3, since: "2.8.13", flags: FLAGS })
  .takes("event")
  .answers("[time: time, latency: count][]")
  .tips(SHOWN)
  .docs("Returns when an event was slow, and how slow.", "O(1)")
  .run((call) => {
    const { reply } = call;
    const samples = call.server.keyspace.latency.series.get(call.text(2))?.samples ?? [];
    reply.array(samples.length);
    for (const { second, latency } of samples) {
      reply.array(2);
      reply.integer(second);
      reply.integer(latency);
    }
  });

const latest = command("latency|latest", { arity: 2, since: "2.8.13", flags: FLAGS })
  .answers("[event: string, time: time, latest: count, longest: count][]")
  .tips(SHOWN)
  .docs("Returns of every event when it was slow last.", "O(1)")
  .run(({ reply, server }) => {
    const { series } = server.keyspace.latency;
    reply.array(series.size);
    for (const [event, { samples, longest }] of series) {
      const last = samples[samples.length - 1];
      reply.array(4);
      reply.bulk(event);
      reply.integer(last.second);
      reply.integer(last.latency);
      reply.integer(longest);
    }
  });

/** Replies with how many events there were to forget. */
const reset = command("latency|reset", { arity: -2, since: "2.8.13", flags: FLAGS })
  .takes("[event...]")
  .answers("count")
  .tips("request_policy:all_nodes response_policy:agg_sum")
  .docs("Forgets events.", "O(1)")
  .run((call) => {
    const { latency } = call.server.keyspace;
    if (call.count === 2) return call.reply.integer(latency.reset());
    let forgotten = 0;
    for (let index = 2; index < call.count; index++) forgotten += latency.reset(call.text(index));
    call.reply.integer(forgotten);
  });

/** How many calls of a command were that fast, or faster: those of the commands that are named, or of all. */
const histogram = command("latency|histogram", { arity: -2, since: "7.0.0", flags: FLAGS })
  .takes("[COMMAND:string...]")
  .answers("map<string, {calls: count, histogram_usec: map<count, count>}>")
  .tips(SHOWN)
  .docs("Returns how long the calls of commands took, as a cumulative distribution.", "O(N) for N commands")
  .run((call) => {
    const timed = commandsAsked(call).filter(({ latency }) => latency !== null);
    call.reply.map(timed.length);
    for (const { fullName, latency } of timed) {
      call.reply.bulk(fullName);
      if (latency !== null) replyDistribution(call, latency);
    }
  });

/** Families with their subcommands. A name that is none is left out. */
function commandsAsked(call: Call): CommandEntry[] {
  const { commands } = call.server;
  if (call.count === 2) return [...commands.all()];
  const found: CommandEntry[] = [];
  for (let index = 2; index < call.count; index++) {
    const entry = commands.named(call.text(index));
    if (entry !== null) found.push(entry, ...entry.subcommands.values());
  }
  return found;
}

function replyDistribution({ reply }: Call, latency: LatencyHistogram): void {
  const steps = latency.distribution();
  reply.map(2);
  reply.field("calls", latency.count);
  reply.bulk("histogram_usec");
  reply.map(steps.length);
  for (const { microseconds, calls } of steps) {
    reply.integer(microseconds);
    reply.integer(calls);
  }
}

const help = helpOf(command("latency|help", { arity: 2, since: "2.8.13", flags: "loading stale" }), [
  ["DOCTOR", "Returns a report on latency, with advice."],
  ["GRAPH <event>", "Returns a graph of an event's latency."],
  ["HISTORY <event>", "Returns when an event was slow (Unix time), and how slow (milliseconds)."],
  ["LATEST", "Returns of every event the last such time and its milliseconds, and the most it ever took."],
  ["RESET [<event> ...]", "Forgets these events, or all."],
  ["HISTOGRAM [<command> ...]", "Returns how many calls of these commands, or of all, took so many microseconds at most."],
]);

export const latency = command("latency", { arity: -2, since: "2.8.13", flags: "" })
  .docs("A container for latency diagnostics commands.", "Depends on the subcommand.")
  .family([doctor, graph, help, histogram, history, latest, reset]);
