/** REPLICANT.HOTKEYS: which keys are used most, from a sample (docs/console-commands.md). Names are those of Redis 8.6's HOTKEYS. */

import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { helpOf } from "../arguments/help.ts";
import { readableBy } from "../arguments/key-filter.ts";

const command = commandsOf("server");

const DEFAULT_COUNT = 16;
const MOST_COUNT = 1000;
/** To count a key takes about as long as two GETs, to draw one a hundredth of a GET: at 200 all of it is 2 % of the time at most. */
const DEFAULT_RATIO = 200;
const MOST_RATIO = 1_000_000;
const MOST_SECONDS = 1_000_000;

/** Errors: an invalid option, it counts already. */
const start = command("replicant.hotkeys|start", { arity: -2, since: "0.1.0", flags: "admin noscript" })
  .takes("[COUNT count:integer] [SAMPLE ratio:integer] [DURATION seconds:integer]")
  .answers("OK")
  .docs("Begins to count the keys that are used most.", "O(1)")
  .run((call) => {
    const options = { shown: DEFAULT_COUNT, ratio: DEFAULT_RATIO, ms: 0 };
    for (let index = 2; index < call.count; index += 2) {
      if (index + 1 >= call.count) throw errors.syntax;
      if (call.is(index, "count")) options.shown = call.integer(index + 1, 1, MOST_COUNT);
      else if (call.is(index, "sample")) options.ratio = call.integer(index + 1, 1, MOST_RATIO);
      else if (call.is(index, "duration")) options.ms = call.integer(index + 1, 1, MOST_SECONDS) * 1000;
      else throw errors.syntax;
    }
    const { inspections, keyspace } = call.server;
    if (inspections.hotKeys.active !== null) throw commandError("ERR hotkeys tracking is already in progress");
    inspections.hotKeys.start(options, () => keyspace.clock.now());
    call.reply.ok();
  });

const stop = command("replicant.hotkeys|stop", { arity: 2, since: "0.1.0", flags: "admin noscript" })
  .answers("OK | null")
  .docs("Ends the count of keys; what was counted stays.", "O(1)")
  .run(({ reply, server: { inspections }, now }) => {
    if (inspections.hotKeys.active === null) return reply.null();
    inspections.hotKeys.stop(now);
    reply.ok();
  });

const reset = command("replicant.hotkeys|reset", { arity: 2, since: "0.1.0", flags: "admin noscript" })
  .answers("OK")
  .docs("Forgets what was counted.", "O(1)")
  .run(({ reply, server: { inspections } }) => {
    if (inspections.hotKeys.active !== null) throw commandError("ERR hotkeys tracking is in progress, stop it first");
    inspections.hotKeys.reset();
    reply.ok();
  });

const get = command("replicant.hotkeys|get", { arity: 2, since: "0.1.0", flags: "admin noscript" })
  .answers(`{tracking-active: count, sample-ratio: count, collection-start-time-unix-ms: time, collection-duration-ms: time, commands: count,
      sampled: count, keys: [database: count, key: string, count: count, error: count, share: double][]} | null`)
  .docs("Returns the keys that are used most.", "O(N log N) for N keys in the sample")
  .run((call) => {
    const { reply, server, now } = call;
    const hot = server.inspections.hotKeys.last;
    if (hot === null) return reply.null();
    const { visible } = readableBy(call);
    const keys = hot.hottest((name) => visible === null || visible(Buffer.from(name, "latin1"), 0, name.length));
    reply.map(7);
    reply.field("tracking-active", hot.stoppedAt === 0 ? 1 : 0);
    reply.field("sample-ratio", hot.ratio);
    reply.field("collection-start-time-unix-ms", hot.startedAt);
    reply.field("collection-duration-ms", Math.max(0, (hot.stoppedAt === 0 ? now : hot.stoppedAt) - hot.startedAt));
    reply.field("commands", hot.commands);
    reply.field("sampled", hot.sampled);
    reply.bulk("keys");
    reply.array(keys.length);
    for (const { database, name, count, error } of keys) {
      reply.array(5);
      reply.integer(database);
      reply.bulk(name);
      reply.integer(count);
      reply.integer(error);
      reply.double(count / hot.sampled);
    }
  });

const help = helpOf(command("replicant.hotkeys|help", { arity: 2, since: "0.1.0", flags: "loading stale" }), [
  ["GET", "Returns the keys that are used most."],
  ["RESET", "Forgets what was counted."],
  [
    "START [COUNT <count>] [SAMPLE <ratio>] [DURATION <seconds>]",
    "Begins to count the keys of one in <ratio> commands, to show <count> of them.",
  ],
  ["STOP", "Ends the count; what was counted stays."],
]);

export const hotkeys = command("replicant.hotkeys", { arity: -2, since: "0.1.0", flags: "" })
  .docs("A container for commands about the keys that are used most.", "Depends on subcommand.")
  .family([start, stop, reset, get, help]);
