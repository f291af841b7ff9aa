/** XINFO: what a stream, its groups and their consumers are like. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { IdRecords } from "../../values/stream/id-records.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { type StreamGroup, UNKNOWN_ENTRIES_READ } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { radixNodes } from "../../values/stream/stream-radix.ts";
import { type HelpEntry, helpOf, wrongArguments } from "../arguments/help.ts";
import { longArgument } from "../arguments/numbers.ts";
import { findGroup, noSuchGroup, readStream, replyEntries, replyRange, STREAM_ENTRY } from "./stream-arguments.ts";

const command = commandsOf("stream");

const HELP: readonly HelpEntry[] = [
  ["CONSUMERS <key> <groupname>", "Lists the consumers of a group."],
  ["GROUPS <key>", "Lists the groups of a stream."],
  ["STREAM <key> [FULL [COUNT <count>]", "Returns information about a stream; with FULL its entries, groups and consumers, too."],
];

const DEFAULT_COUNT = 10;
const WHOLE = { start: null, end: null } as const;
const id = new StreamId();

/** Errors: no such key, WRONGTYPE. */
function openStream(call: Call): Stream {
  const stream = readStream(call, 2);
  if (stream === null) throw errors.noSuchKey;
  return stream;
}

const stream = command("xinfo|stream", { arity: -3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} [full-block(FULL [COUNT count])]")
  .answers(`{length: count, radix-tree-keys: count, radix-tree-nodes: count, last-generated-id: id, max-deleted-entry-id: id,
      entries-added: int64, recorded-first-entry-id: id, groups: count, first-entry: StreamEntry | null, last-entry: StreamEntry | null};
      if FULL: {length: count, radix-tree-keys: count, radix-tree-nodes: count, last-generated-id: id, max-deleted-entry-id: id,
      entries-added: int64, recorded-first-entry-id: id, entries: StreamEntry[], groups: {name: string, last-delivered-id: id,
      entries-read: int64 | null, lag: int64 | null, pel-count: count, pending: [id: id, consumer: string, delivered: time, deliveries: int64][],
      consumers: {name: string, seen-time: time, active-time@7.2.0: -1 | time, pel-count: count,
      pending: [id: id, delivered: time, deliveries: int64][]}[]}[]} where ${STREAM_ENTRY}`)
  .docs("Returns information about a stream.", "O(1)")
  .changed(
    "6.0.0: Added `FULL`.",
    "7.0.0: Added `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.",
    "7.2.0: Added `active-time`; `seen-time` is that of the consumer's last attempt.",
  )
  .run((call) => {
    const found = openStream(call);
    if (call.count === 3) return replySummary(call, found);
    replyFull(call, found, parseFull(call));
  });

/** Returns how many items of each kind to show. Errors: as Redis has them. */
function parseFull(call: Call): number {
  if ((call.count !== 4 && call.count !== 6) || !call.is(3, "full")) throw wrongArguments(call);
  if (call.count === 4) return DEFAULT_COUNT;
  if (!call.is(4, "count")) throw wrongArguments(call);
  const count = longArgument(call, 5);
  if (count < 0) return DEFAULT_COUNT;
  return count === 0 ? Number.POSITIVE_INFINITY : count;
}

function replyFacts({ reply }: Call, of: Stream): void {
  reply.field("length", of.length);
  reply.field("radix-tree-keys", of.nodes.length);
  reply.field("radix-tree-nodes", radixNodes(of));
  reply.field("last-generated-id", of.lastId.toString());
  reply.field("max-deleted-entry-id", of.maxDeletedId.toString());
  reply.field("entries-added", of.entriesAdded);
  reply.field("recorded-first-entry-id", of.firstId.toString());
}

function replySummary(call: Call, of: Stream): void {
  const { reply } = call;
  reply.map(10);
  replyFacts(call, of);
  reply.field("groups", of.groups.size);
  reply.bulk("first-entry");
  if (replyEntries(call, of, WHOLE, 1) === 0) reply.null();
  reply.bulk("last-entry");
  if (replyEntries(call, of, { ...WHOLE, reverse: true }, 1) === 0) reply.null();
}

function replyFull(call: Call, of: Stream, count: number): void {
  const { reply } = call;
  reply.map(9);
  replyFacts(call, of);
  reply.bulk("entries");
  replyRange(call, of, WHOLE, count);
  reply.bulk("groups");
  reply.array(of.groups.size);
  for (const group of of.groups.values()) {
    reply.map(7);
    reply.field("name", group.name);
    reply.field("last-delivered-id", group.lastId.toString());
    replyProgress(call, of, group);
    replyPending(call, group, group.pending, count);
    reply.bulk("consumers");
    reply.array(group.consumers.size);
    for (const { name, seenTime, activeTime, pending } of group.consumers.values()) {
      reply.map(5);
      reply.field("name", name);
      reply.field("seen-time", seenTime);
      reply.field("active-time", activeTime);
      replyPending(call, group, pending, count);
    }
  }
}

/** Replies with the size and the first `count` entries of a list of pending ones: the group's own, which name the consumer, or a consumer's. */
function replyPending({ reply }: Call, group: StreamGroup, list: IdRecords, count: number): void {
  const own = list === group.pending;
  reply.field("pel-count", list.size);
  reply.bulk("pending");
  list.first();
  const shown = list.countAhead(count);
  reply.array(shown);
  for (let left = shown; left > 0; left--, list.advance()) {
    id.read(list.buffer, list.at);
    if (!own) group.pending.find(id);
    reply.array(own ? 4 : 3);
    reply.bulk(id.toString());
    if (own) reply.bytesOf(group.owner.nameBytes);
    reply.integer(group.deliveryTime);
    reply.bigint(group.deliveries);
  }
}

/** Replies with the entries read by the group, and its lag. */
function replyProgress({ reply }: Call, of: Stream, group: StreamGroup): void {
  reply.field("entries-read", group.entriesRead === UNKNOWN_ENTRIES_READ ? null : group.entriesRead);
  reply.field("lag", of.lagOf(group));
}

const groups = command("xinfo|groups", { arity: 3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .answers("{name: string, consumers: count, pending: count, last-delivered-id: id, entries-read: int64 | null, lag: int64 | null}[]")
  .docs("Lists the consumer groups of a stream.", "O(1)")
  .changed("7.0.0: Added `entries-read` and `lag`.")
  .run((call) => {
    const { reply } = call;
    const found = openStream(call);
    reply.array(found.groups.size);
    for (const group of found.groups.values()) {
      reply.map(6);
      reply.field("name", group.name);
      reply.field("consumers", group.consumers.size);
      reply.field("pending", group.pending.size);
      reply.field("last-delivered-id", group.lastId.toString());
      replyProgress(call, found, group);
    }
  });

const consumers = command("xinfo|consumers", { arity: 4, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} group")
  .answers("{name: string, pending: count, idle: time, inactive@7.2.0: -1 | time}[]")
  .tips("nondeterministic_output")
  .docs("Lists the consumers in a consumer group.", "O(1)")
  .changed("7.2.0: Added `inactive`.")
  .run((call) => {
    const { now, reply } = call;
    const group = findGroup(call, openStream(call), 3);
    if (group === undefined) throw noSuchGroup(call);
    reply.array(group.consumers.size);
    for (const { name, seenTime, activeTime, pending } of group.consumers.values()) {
      reply.map(4);
      reply.field("name", name);
      reply.field("pending", pending.size);
      reply.field("idle", Math.max(0, now - seenTime));
      reply.field("inactive", activeTime === -1 ? -1 : now - activeTime);
    }
  });

const help = helpOf(command("xinfo|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), HELP);

export const xinfo = command("xinfo", { arity: -2, since: "5.0.0", flags: "" })
  .docs("A container for commands that inspect streams.", "Depends on the subcommand.")
  .family([stream, groups, consumers, help]);
