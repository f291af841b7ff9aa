/** XINFO: what a stream, its groups and their consumers are like. */

import { commandError, errors } from "../../errors.ts";
import { arg, block, command, container, key, keyAt, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { type StreamConsumer, type StreamGroup, UNKNOWN_ENTRIES_READ } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { radixNodes } from "../../values/stream/stream-radix.ts";
import { type HelpEntry, replyHelp, wrongArguments } from "../arguments/help.ts";
import { findGroup, parseCount, readStream, replyCounter, replyEntries, replyId, replyRange } from "./stream-arguments.ts";

const HELP: readonly HelpEntry[] = [
  ["CONSUMERS <key> <groupname>", "The consumers of a group."],
  ["GROUPS <key>", "The groups of a stream."],
  ["STREAM <key> [FULL [COUNT <count>]", "What a stream is like; with FULL its entries, groups and consumers, too."],
];

const DEFAULT_COUNT = 10;
const id = new StreamId();

/** Errors: no such key, WRONGTYPE. */
function openStream(ctx: Context): Stream {
  const stream = readStream(ctx, 2);
  if (stream === null) throw errors.noSuchKey;
  return stream;
}

const stream = command(
  {
    name: "stream",
    arity: -3,
    group: "stream",
    since: "5.0.0",
    flags: ["readonly"],
    keys: [keyAt(2, "RO", "access")],
    summary: "Answers with what a stream is like",
    complexity: "O(1)",
    categories: ["stream"],
    arguments: [
      key(),
      block("full-block", [token("FULL"), arg("integer", "count", { optional: true, token: "COUNT" })], { optional: true }),
    ],
    history: [
      ["6.0.0", "Takes FULL."],
      ["7.0.0", "Tells `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`."],
      ["7.2.0", "Tells `active-time`; `seen-time` is when the consumer last asked."],
    ],
  },
  (ctx) => {
    const found = openStream(ctx);
    if (ctx.count === 3) return replySummary(ctx, found);
    replyFull(ctx, found, parseFull(ctx));
  },
);

/** -> how many of each kind to tell. Errors: as Redis has them. */
function parseFull(ctx: Context): number {
  if ((ctx.count !== 4 && ctx.count !== 6) || !ctx.is(3, "full")) throw wrongArguments(ctx);
  if (ctx.count === 4) return DEFAULT_COUNT;
  if (!ctx.is(4, "count")) throw wrongArguments(ctx);
  const count = parseCount(ctx, 5);
  if (count < 0) return DEFAULT_COUNT;
  return count === 0 ? Number.POSITIVE_INFINITY : count;
}

function replyFacts(ctx: Context, of: Stream): void {
  const { reply } = ctx;
  reply.bulk("length");
  reply.integer(of.length);
  reply.bulk("radix-tree-keys");
  reply.integer(of.nodes.length);
  reply.bulk("radix-tree-nodes");
  reply.integer(radixNodes(of));
  reply.bulk("last-generated-id");
  replyId(ctx, of.lastId);
  reply.bulk("max-deleted-entry-id");
  replyId(ctx, of.maxDeletedId);
  reply.bulk("entries-added");
  replyCounter(ctx, of.entriesAdded);
  reply.bulk("recorded-first-entry-id");
  replyId(ctx, of.firstId);
}

function replySummary(ctx: Context, of: Stream): void {
  const { reply } = ctx;
  reply.map(10);
  replyFacts(ctx, of);
  reply.bulk("groups");
  reply.integer(of.groups.size);
  reply.bulk("first-entry");
  if (replyEntries(ctx, of, null, null, 1) === 0) reply.null();
  reply.bulk("last-entry");
  if (replyEntries(ctx, of, null, null, 1, { reverse: true }) === 0) reply.null();
}

function replyFull(ctx: Context, of: Stream, count: number): void {
  const { reply } = ctx;
  reply.map(9);
  replyFacts(ctx, of);
  reply.bulk("entries");
  replyRange(ctx, of, null, null, count);
  reply.bulk("groups");
  reply.array(of.groups.size);
  for (const group of of.groups.values()) replyFullGroup(ctx, of, group, count);
}

function replyFullGroup(ctx: Context, of: Stream, group: StreamGroup, count: number): void {
  const { reply } = ctx;
  const { pending } = group;
  reply.map(7);
  reply.bulk("name");
  reply.bulk(group.name);
  reply.bulk("last-delivered-id");
  replyId(ctx, group.lastId);
  replyProgress(ctx, of, group);
  reply.bulk("pel-count");
  reply.integer(pending.size);
  reply.bulk("pending");
  pending.first();
  const shown = pending.countAhead(count);
  reply.array(shown);
  for (let left = shown; left > 0; left--, pending.advance()) {
    reply.array(4);
    replyId(ctx, id.read(pending.buffer, pending.at));
    reply.bytesOf(group.owner.nameBytes);
    reply.integer(group.deliveryTime);
    replyCounter(ctx, group.deliveries);
  }
  reply.bulk("consumers");
  reply.array(group.consumers.size);
  for (const consumer of group.consumers.values()) replyFullConsumer(ctx, group, consumer, count);
}

function replyFullConsumer(ctx: Context, group: StreamGroup, { name, seenTime, activeTime, pending }: StreamConsumer, count: number): void {
  const { reply } = ctx;
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
    replyId(ctx, id);
    reply.integer(group.deliveryTime);
    replyCounter(ctx, group.deliveries);
  }
}

/** How many entries the group has read, and how many there are left for it. */
function replyProgress(ctx: Context, of: Stream, group: StreamGroup): void {
  const { reply } = ctx;
  reply.bulk("entries-read");
  if (group.entriesRead === UNKNOWN_ENTRIES_READ) reply.null();
  else replyCounter(ctx, group.entriesRead);
  reply.bulk("lag");
  const lag = of.lagOf(group);
  if (lag === null) reply.null();
  else replyCounter(ctx, lag);
}

const groups = command(
  {
    name: "groups",
    arity: 3,
    group: "stream",
    since: "5.0.0",
    flags: ["readonly"],
    keys: [keyAt(2, "RO", "access")],
    summary: "Answers with the consumer groups of a stream",
    complexity: "O(1)",
    categories: ["stream"],
    arguments: [key()],
    history: [["7.0.0", "Tells `entries-read` and `lag`."]],
  },
  (ctx) => {
    const { reply } = ctx;
    const found = openStream(ctx);
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
      replyId(ctx, group.lastId);
      replyProgress(ctx, found, group);
    }
  },
);

const consumers = command(
  {
    name: "consumers",
    arity: 4,
    group: "stream",
    since: "5.0.0",
    flags: ["readonly"],
    keys: [keyAt(2, "RO", "access")],
    summary: "Answers with the consumers of a group",
    complexity: "O(1)",
    categories: ["stream"],
    arguments: [key(), arg("string", "group")],
    history: [["7.2.0", "Tells `inactive`."]],
    tips: ["nondeterministic_output"],
  },
  (ctx) => {
    const { now, reply } = ctx;
    const group = findGroup(ctx, openStream(ctx), 3);
    if (group === undefined) throw commandError(`NOGROUP No such consumer group '${ctx.text(3)}' for key name '${ctx.text(2)}'`);
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
  },
);

const help = command(
  {
    name: "help",
    arity: 2,
    group: "stream",
    since: "5.0.0",
    flags: ["loading", "stale"],
    summary: "Answers with what the subcommands of XINFO are",
    complexity: "O(1)",
    categories: ["stream"],
  },
  (ctx) => replyHelp(ctx, HELP),
);

export const xinfo = container(
  {
    name: "xinfo",
    arity: -2,
    group: "stream",
    since: "5.0.0",
    flags: [],
    summary: "Commands about what streams are like",
    complexity: "That of the subcommand",
  },
  [stream, groups, consumers, help],
);
