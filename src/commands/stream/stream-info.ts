/** XINFO: what a stream, its groups and their consumers are like. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { type StreamConsumer, type StreamGroup, UNKNOWN_ENTRIES_READ } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { radixNodes } from "../../values/stream/stream-radix.ts";
import { type HelpEntry, helpOf, wrongArguments } from "../arguments/help.ts";
import { longArgument } from "../arguments/numbers.ts";
import { findGroup, readStream, replyCounter, replyEntries, replyId, replyRange } from "./stream-arguments.ts";

const command = commandsOf("stream");

const HELP: readonly HelpEntry[] = [
  ["CONSUMERS <key> <groupname>", "Lists the consumers of a group."],
  ["GROUPS <key>", "Lists the groups of a stream."],
  ["STREAM <key> [FULL [COUNT <count>]", "Returns information about a stream; with FULL its entries, groups and consumers, too."],
];

const DEFAULT_COUNT = 10;
const id = new StreamId();

/** Errors: no such key, WRONGTYPE. */
function openStream(call: Call): Stream {
  const stream = readStream(call, 2);
  if (stream === null) throw errors.noSuchKey;
  return stream;
}

const stream = command("xinfo|stream", { arity: -3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} [full-block(FULL [COUNT count])]")
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

function replyFacts(call: Call, of: Stream): void {
  const { reply } = call;
  reply.bulk("length");
  reply.integer(of.length);
  reply.bulk("radix-tree-keys");
  reply.integer(of.nodes.length);
  reply.bulk("radix-tree-nodes");
  reply.integer(radixNodes(of));
  reply.bulk("last-generated-id");
  replyId(call, of.lastId);
  reply.bulk("max-deleted-entry-id");
  replyId(call, of.maxDeletedId);
  reply.bulk("entries-added");
  replyCounter(call, of.entriesAdded);
  reply.bulk("recorded-first-entry-id");
  replyId(call, of.firstId);
}

function replySummary(call: Call, of: Stream): void {
  const { reply } = call;
  reply.map(10);
  replyFacts(call, of);
  reply.bulk("groups");
  reply.integer(of.groups.size);
  reply.bulk("first-entry");
  if (replyEntries(call, of, null, null, 1) === 0) reply.null();
  reply.bulk("last-entry");
  if (replyEntries(call, of, null, null, 1, { reverse: true }) === 0) reply.null();
}

function replyFull(call: Call, of: Stream, count: number): void {
  const { reply } = call;
  reply.map(9);
  replyFacts(call, of);
  reply.bulk("entries");
  replyRange(call, of, null, null, count);
  reply.bulk("groups");
  reply.array(of.groups.size);
  for (const group of of.groups.values()) replyFullGroup(call, of, group, count);
}

function replyFullGroup(call: Call, of: Stream, group: StreamGroup, count: number): void {
  const { reply } = call;
  const { pending } = group;
  reply.map(7);
  reply.bulk("name");
  reply.bulk(group.name);
  reply.bulk("last-delivered-id");
  replyId(call, group.lastId);
  replyProgress(call, of, group);
  reply.bulk("pel-count");
  reply.integer(pending.size);
  reply.bulk("pending");
  pending.first();
  const shown = pending.countAhead(count);
  reply.array(shown);
  for (let left = shown; left > 0; left--, pending.advance()) {
    reply.array(4);
    replyId(call, id.read(pending.buffer, pending.at));
    reply.bytesOf(group.owner.nameBytes);
    reply.integer(group.deliveryTime);
    replyCounter(call, group.deliveries);
  }
  reply.bulk("consumers");
  reply.array(group.consumers.size);
  for (const consumer of group.consumers.values()) replyFullConsumer(call, group, consumer, count);
}

function replyFullConsumer(call: Call, group: StreamGroup, { name, seenTime, activeTime, pending }: StreamConsumer, count: number): void {
  const { reply } = call;
  reply.map(5);
  reply.bulk("name");
  reply.bulk(name);
  reply.bulk("seen-time");
  reply.integer(seenTime);
  reply.bulk("active-time");
  reply.integer(activeTime);
  reply.bulk("pel-count");
  reply.integer(pending.size);
  reply.bulk("pending");
  pending.first();
  const shown = pending.countAhead(count);
  reply.array(shown);
  for (let left = shown; left > 0; left--, pending.advance()) {
    group.pending.find(id.read(pending.buffer, pending.at));
    reply.array(3);
    replyId(call, id);
    reply.integer(group.deliveryTime);
    replyCounter(call, group.deliveries);
  }
}

/** Replies with the entries read by the group, and its lag. */
function replyProgress(call: Call, of: Stream, group: StreamGroup): void {
  const { reply } = call;
  reply.bulk("entries-read");
  if (group.entriesRead === UNKNOWN_ENTRIES_READ) reply.null();
  else replyCounter(call, group.entriesRead);
  reply.bulk("lag");
  const lag = of.lagOf(group);
  if (lag === null) reply.null();
  else replyCounter(call, lag);
}

const groups = command("xinfo|groups", { arity: 3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .docs("Lists the consumer groups of a stream.", "O(1)")
  .changed("7.0.0: Added `entries-read` and `lag`.")
  .run((call) => {
    const { reply } = call;
    const found = openStream(call);
    reply.array(found.groups.size);
    for (const group of found.groups.values()) {
      reply.map(6);
      reply.bulk("name");
      reply.bulk(group.name);
      reply.bulk("consumers");
      reply.integer(group.consumers.size);
      reply.bulk("pending");
      reply.integer(group.pending.size);
      reply.bulk("last-delivered-id");
      replyId(call, group.lastId);
      replyProgress(call, found, group);
    }
  });

const consumers = command("xinfo|consumers", { arity: 4, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} group")
  .tips("nondeterministic_output")
  .docs("Lists the consumers in a consumer group.", "O(1)")
  .changed("7.2.0: Added `inactive`.")
  .run((call) => {
    const { now, reply } = call;
    const group = findGroup(call, openStream(call), 3);
    if (group === undefined) throw commandError(`NOGROUP No such consumer group '${call.text(3)}' for key name '${call.text(2)}'`);
    reply.array(group.consumers.size);
    for (const { name, seenTime, activeTime, pending } of group.consumers.values()) {
      reply.map(4);
      reply.bulk("name");
      reply.bulk(name);
      reply.bulk("pending");
      reply.integer(pending.size);
      reply.bulk("idle");
      reply.integer(Math.max(0, now - seenTime));
      reply.bulk("inactive");
      reply.integer(activeTime === -1 ? -1 : now - activeTime);
    }
  });

const help = helpOf(command("xinfo|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), HELP);

export const xinfo = command("xinfo", { arity: -2, since: "5.0.0", flags: "" })
  .docs("A container for commands that inspect streams.", "Depends on the subcommand.")
  .family([stream, groups, consumers, help]);
