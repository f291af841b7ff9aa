/** REPLICANT.STATS: plain numbers for charts, for someone who asks once a second (docs/console-commands.md). */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { ServerParts } from "../../execution/server-parts.ts";
import { STALL_BOUNDS } from "../../inspection/stalls.ts";
import type { Reply } from "../../protocol/reply.ts";
import { SessionKind } from "../../session/session.ts";
import { memoryReport } from "./memory-report.ts";

const command = commandsOf("server");

/** Replies with a map of numbers. */
export const stats = command("replicant.stats", { arity: 1, since: "0.1.0", flags: "noscript" })
  .answers(`{time: time, uptime: time, commands: count, ops: count, net-input: count, net-output: count, net-input-replication: count,
      net-output-replication: count, hits: count, misses: count, expired: count, evicted: count, errors: count, connections: count,
      rejected: count, cpu: time, clients: map<string, count>, memory: map<string, count>,
      stalls: {longest: count, buckets: [bound: count | null, count: count][]},
      latency: {count: count, buckets: [bound: count, count: count][]}, databases: [database: count, keys: count, expiring: count][],
      replication: {role: string, offset: time, replicas: count, link: count, master-io: integer}}`)
  .acl("dangerous")
  .docs("Returns figures of the server for charts.", "O(N) for N databases and replicas")
  .run((call) => {
    call.reply.map(22);
    writeCounters(call);
    writeClients(call.reply, call.server);
    writeMemory(call.reply, call.server);
    writeStalls(call);
    writeLatency(call.reply, call.server);
    writeDatabases(call.reply, call.server);
    writeReplication(call.reply, call.server);
  });

function writeCounters({ reply, server, now }: Call): void {
  const { stats, keyspace } = server;
  const { user, system } = stats.system.processorTime(now).all;
  reply.field("time", now);
  reply.field("uptime", Math.max(0, now - server.startedAt));
  reply.field("commands", stats.commands);
  reply.field("ops", Math.round(stats.commandRate.value));
  reply.field("net-input", stats.bytesIn);
  reply.field("net-output", stats.bytesOut - stats.replicationBytesOut);
  reply.field("net-input-replication", stats.replicationBytesIn);
  reply.field("net-output-replication", stats.replicationBytesOut);
  reply.field("hits", keyspace.stats.hits);
  reply.field("misses", keyspace.stats.misses);
  reply.field("expired", keyspace.stats.expired);
  reply.field("evicted", keyspace.stats.evicted);
  reply.field("errors", stats.errorReplies);
  reply.field("connections", stats.connections);
  reply.field("rejected", stats.rejectedConnections);
  reply.field("cpu", Math.round(user + system));
}

function writeNumbers(reply: Reply, name: string, numbers: readonly (readonly [string, number])[]): void {
  reply.bulk(name);
  reply.map(numbers.length);
  for (const [field, value] of numbers) reply.field(field, Math.round(value));
}

function writeClients(reply: Reply, server: ServerParts): void {
  let [replicas, pubsub] = [0, 0];
  for (const { kind, subscriptions } of server.clients) {
    if (kind === SessionKind.REPLICA) replicas++;
    else if (subscriptions !== null) pubsub++;
  }
  writeNumbers(reply, "clients", [
    ["connected", server.clients.count - replicas],
    ["blocked", server.blocked.count + server.postponed.count],
    ["replicas", replicas],
    ["monitors", server.monitors.count],
    ["pubsub", pubsub],
    ["tracking", server.tracking.clientCount],
  ]);
}

function writeMemory(reply: Reply, server: ServerParts): void {
  const report = memoryReport(server);
  const { arena, objects } = server.keyspace.space;
  let tables = 0;
  for (const { table } of server.keyspace.databases) tables += table.bucketBytes;
  writeNumbers(reply, "memory", [
    ["used", report.total],
    ["peak", report.peak],
    ["limit", server.config.values.maxmemory],
    ["dataset", report.dataset],
    ["tables", tables],
    ["blocks", arena.usedBytes],
    ["objects", objects.usedBytes],
    ["clients", report.clients],
    ["replicas", report.replicas],
    ["backlog", report.backlog],
    ["scripts", server.scripts.usedBytes],
    ["functions", server.functions.usedBytes],
    ["trees", server.inspections.heldBytes],
    ["rss", report.rss],
    ["heap", server.stats.system.heapBytes(server.keyspace.now)],
  ]);
}

function writeStalls({ reply, server, session }: Call): void {
  const { stalls } = server.inspections;
  reply.bulk("stalls");
  reply.map(2);
  reply.field("longest", Math.round(stalls.longestSince(session) * 1000));
  reply.bulk("buckets");
  reply.array(stalls.counts.length);
  for (const [index, count] of stalls.counts.entries()) {
    const bound = STALL_BOUNDS[index];
    reply.array(2);
    if (bound === undefined) reply.null();
    else reply.integer(bound);
    reply.integer(count);
  }
}

function writeLatency(reply: Reply, { latency }: ServerParts): void {
  const steps = latency.steps();
  reply.bulk("latency");
  reply.map(2);
  reply.field("count", latency.count);
  reply.bulk("buckets");
  reply.array(steps.length);
  for (const { nanoseconds, calls } of steps) {
    reply.array(2);
    reply.integer(nanoseconds);
    reply.integer(calls);
  }
}

function writeDatabases(reply: Reply, { keyspace }: ServerParts): void {
  const used = keyspace.databases.filter(({ size }) => size > 0);
  reply.bulk("databases");
  reply.array(used.length);
  for (const { index, size, expiry } of used) {
    reply.array(3);
    reply.integer(index);
    reply.integer(size);
    reply.integer(expiry.size);
  }
}

function writeReplication(reply: Reply, { replication }: ServerParts): void {
  const { link } = replication;
  reply.bulk("replication");
  reply.map(5);
  reply.field("role", link === null ? "master" : "replica");
  reply.field("offset", replication.offset);
  reply.field("replicas", replication.replicas.count);
  reply.field("link", link === null || link.connected ? 1 : 0);
  reply.field("master-io", link?.connected ? Math.floor((Date.now() - link.lastHeard) / 1000) : -1);
}
