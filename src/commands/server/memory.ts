/** MEMORY: how much memory a key takes, and what takes the rest. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { helpOf } from "../arguments/help.ts";
import { arenaStats, memoryDoctor } from "./memory-doctor.ts";
import { fragmentation, memoryReport, ratio } from "./memory-report.ts";

const command = commandsOf("server");

/** How many elements of a collection are measured by default. */
const DEFAULT_SAMPLES = 5;

const usage = command("memory|usage", { arity: -3, since: "4.0.0", flags: "readonly" })
  .takes("key{RO} [SAMPLES count]")
  .answers("count | null")
  .docs("Estimates the memory that a key and its value take.", "O(N) for N samples")
  .run((call) => {
    let samples = DEFAULT_SAMPLES;
    for (let index = 3; index < call.count; index += 2) {
      if (!call.is(index, "samples") || index + 1 >= call.count) throw errors.syntax;
      const count = call.int64(index + 1);
      if (count < 0n) throw errors.syntax;
      samples = Number(count);
    }
    const { database, frame } = call;
    const { table } = database;
    const from = frame.offsets[2];
    const length = frame.lengths[2];
    // Expired or not: it takes memory.
    const address = table.find(table.hash(frame.buffer, from, length), frame.buffer, from, length);
    if (address === 0) call.reply.null();
    else call.reply.integer(database.memoryOf(address, samples));
  });

const stats = command("memory|stats", { arity: 2, since: "4.0.0", flags: "" })
  .answers(`{peak.allocated: count, total.allocated: count, startup.allocated: count, replication.backlog: count,
      clients.slaves: count, clients.normal: count, cluster.links: count, aof.buffer: count, lua.caches: integer, functions.caches: integer,
      db.*: {overhead.hashtable.main: count, overhead.hashtable.expires: count, overhead.hashtable.slot-to-keys: count},
      overhead.total: count, keys.count: count, keys.bytes-per-key: count, dataset.bytes: count, dataset.percentage: double,
      peak.percentage: double, allocator.allocated: count, allocator.active: count, allocator.resident: count,
      allocator-fragmentation.ratio: double, allocator-fragmentation.bytes: integer, allocator-rss.ratio: double,
      allocator-rss.bytes: integer, rss-overhead.ratio: double, rss-overhead.bytes: integer, fragmentation: double,
      fragmentation.bytes: integer}`)
  .tips("nondeterministic_output request_policy:all_shards response_policy:special")
  .docs("Returns details about the use of memory.", "O(1)")
  .run((call) => replyStats(call));

const SHOWN = "nondeterministic_output request_policy:all_shards response_policy:special";

const doctor = command("memory|doctor", { arity: 2, since: "4.0.0", flags: "" })
  .answers("text")
  .tips(SHOWN)
  .docs("Returns a report on memory for people.", "O(1)")
  .run((call) => call.reply.verbatim(memoryDoctor(call.server)));

const mallocStats = command("memory|malloc-stats", { arity: 2, since: "4.0.0", flags: "" })
  .answers("text")
  .tips(SHOWN)
  .docs("Returns statistics of the allocator.", "O(N) for N pages of memory")
  .run((call) => call.reply.verbatim(arenaStats(call.server.keyspace.space)));

/** Memory that deleted keys took is kept for others; here it goes back to the system. */
const purge = command("memory|purge", { arity: 2, since: "4.0.0", flags: "" })
  .answers("OK")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Gives memory that is not in use back to the system.", "O(N) for N pages of memory")
  .run((call) => {
    call.server.housekeeping.memory.purge();
    Bun.gc(true);
    call.reply.ok();
  });

const help = helpOf(command("memory|help", { arity: 2, since: "4.0.0", flags: "loading stale" }), [
  ["DOCTOR", "Returns a report on memory, with advice."],
  ["MALLOC-STATS", "Returns statistics of the allocator."],
  ["PURGE", "Gives memory that is not in use back to the system."],
  ["STATS", "Returns what takes the memory, in bytes."],
  [
    "USAGE <key> [SAMPLES <count>]",
    "Estimates the bytes of <key> and its value; <count> elements of a collection are sampled (5 by default, 0 for all).",
  ],
]);

export const memory = command("memory", { arity: -2, since: "4.0.0", flags: "" })
  .docs("A container for memory diagnostics commands.", "Depends on the subcommand.")
  .family([doctor, help, mallocStats, purge, stats, usage]);

/** What does not exist here (cluster links, a buffer of the append-only file) takes 0 bytes. */
function replyStats(call: Call): void {
  const { reply } = call;
  const report = memoryReport(call.server);
  const whole = fragmentation(report);
  const net = Math.max(1, report.total - report.startup);
  const integers: [string, number][] = [
    ["peak.allocated", report.peak],
    ["total.allocated", report.total],
    ["startup.allocated", report.startup],
    ["replication.backlog", report.backlog],
    ["clients.slaves", report.replicas],
    ["clients.normal", report.clients],
    ["cluster.links", 0],
    ["aof.buffer", 0],
    ["lua.caches", call.server.scripts.usedBytes],
    ["functions.caches", call.server.functions.usedBytes],
  ];
  const rest: [string, number, "integer" | "double"][] = [
    ["overhead.total", report.overhead, "integer"],
    ["keys.count", report.keys, "integer"],
    ["keys.bytes-per-key", report.keys === 0 ? 0 : Math.floor(net / report.keys), "integer"],
    ["dataset.bytes", report.dataset, "integer"],
    ["dataset.percentage", (report.dataset * 100) / net, "double"],
    ["peak.percentage", (report.total * 100) / report.peak, "double"],
    ["allocator.allocated", report.allocated, "integer"],
    ["allocator.active", report.active, "integer"],
    ["allocator.resident", report.resident, "integer"],
    ["allocator-fragmentation.ratio", ratio(report.active, report.allocated), "double"],
    ["allocator-fragmentation.bytes", report.active - report.allocated, "integer"],
    ["allocator-rss.ratio", ratio(report.resident, report.active), "double"],
    ["allocator-rss.bytes", report.resident - report.active, "integer"],
    ["rss-overhead.ratio", ratio(report.rss, report.resident), "double"],
    ["rss-overhead.bytes", report.rss - report.resident, "integer"],
    ["fragmentation", whole.ratio, "double"],
    ["fragmentation.bytes", whole.bytes, "integer"],
  ];
  reply.map(integers.length + report.databases.length + rest.length);
  for (const [name, value] of integers) reply.field(name, value);
  for (const { index, table, expiries } of report.databases) {
    reply.bulk(`db.${index}`);
    reply.map(3);
    reply.field("overhead.hashtable.main", table);
    reply.field("overhead.hashtable.expires", expiries);
    reply.field("overhead.hashtable.slot-to-keys", 0);
  }
  for (const [name, value, kind] of rest) {
    if (kind === "integer") reply.field(name, value);
    else reply.bulk(name);
    if (kind === "double") reply.doubleText(String(Number.isFinite(value) ? value : 0));
  }
}
