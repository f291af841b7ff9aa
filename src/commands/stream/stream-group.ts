/** Consumer groups: XGROUP, XACK and XPENDING. Reading through a group is in stream-read.ts, claiming in stream-claim.ts. */

import type { Counter } from "../../base/numbers/counter.ts";
import { type CommandError, commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import type { IdRecords } from "../../values/stream/id-records.ts";
import { createStream, type Stream, streamOf } from "../../values/stream/stream.ts";
import { type StreamGroup, UNKNOWN_ENTRIES_READ } from "../../values/stream/stream-group.ts";
import { type IdForm, STRICT, StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";
import { type HelpEntry, helpOf, wrongArguments } from "../arguments/help.ts";
import { longArgument } from "../arguments/numbers.ts";
import {
  findGroup,
  groupsChanged,
  noGroup,
  parseCounter,
  parseEnd,
  parseId,
  parseIds,
  parseStart,
  readStream,
  replyCounter,
  replyId,
} from "./stream-arguments.ts";

const command = commandsOf("stream");

const HELP: readonly HelpEntry[] = [
  [
    "CREATE <key> <groupname> <id|$> [option]",
    "Creates a consumer group that reads from an id on, or with $ from the end. Options:",
    "* MKSTREAM",
    "  Creates an empty stream if it doesn't exist.",
    "* ENTRIESREAD entries_read",
    "  Sets the number of entries that the group has read (internal use).",
  ],
  ["CREATECONSUMER <key> <groupname> <consumer>", "Creates a consumer in a group."],
  ["DELCONSUMER <key> <groupname> <consumer>", "Deletes a consumer and its pending entries."],
  ["DESTROY <key> <groupname>", "Deletes a group."],
  ["SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]", "Sets the id that a group reads from on, or with $ the end."],
];

const DOLLAR = "$";
const EDGES: IdForm = { missing: "first", edges: true };
const CREATE_MAX_WORDS = 8;

const id = new StreamId();
const end = new StreamId();
const each = new StreamId();

// ---- XGROUP

/** The stream of a subcommand. */
interface Target {
  readonly value: Value;
  readonly stream: Stream;
}

/** Errors: WRONGTYPE, no such key. */
function openStream(ctx: Context): Target {
  const value = ctx.openWrite(2, Type.STREAM);
  const stream = streamOf(value);
  if (stream === null) throw keyRequired();
  return { value, stream };
}

/** The same with the group, which must exist. Errors: NOGROUP, too. */
function openGroup(ctx: Context): Target & { readonly group: StreamGroup } {
  const target = openStream(ctx);
  const group = findGroup(ctx, target.stream, 3);
  if (group === undefined) throw commandError(`NOGROUP No such consumer group '${ctx.text(3)}' for key name '${ctx.text(2)}'`);
  return { ...target, group };
}

function keyRequired(): CommandError {
  return commandError(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty " +
      "stream automatically.",
  );
}

/** The options of CREATE and SETID. Errors: as Redis has them. */
function parseGroupOptions(ctx: Context, creates: boolean): { makeStream: boolean; entriesRead: Counter } {
  let makeStream = false;
  let entriesRead: Counter = UNKNOWN_ENTRIES_READ;
  for (let index = 5; index < ctx.count; index++) {
    if (creates && ctx.is(index, "mkstream")) {
      makeStream = true;
    } else if (ctx.is(index, "entriesread") && index + 1 < ctx.count) {
      entriesRead = parseCounter(ctx, ++index);
      if (entriesRead < 0 && entriesRead !== UNKNOWN_ENTRIES_READ) throw commandError("ERR value for ENTRIESREAD must be positive or -1");
    } else {
      throw wrongArguments(ctx);
    }
  }
  return { makeStream, entriesRead };
}

const create = command("xgroup|create", { arity: -5, since: "5.0.0", flags: "write denyoom" })
  .takes("key{RW insert} group id-selector(id | new-id='$') [MKSTREAM] [ENTRIESREAD entries-read]")
  .docs("Creates a consumer group.", "O(1)")
  .changed("7.0.0: Added `ENTRIESREAD`.")
  .run((ctx) => {
    const { makeStream, entriesRead } = parseGroupOptions(ctx, true);
    const value = ctx.openWrite(2, Type.STREAM);
    let stream = streamOf(value);
    if (stream === null && !makeStream) throw keyRequired();
    if (ctx.count > CREATE_MAX_WORDS) throw wrongArguments(ctx);
    if (ctx.text(4) !== DOLLAR) parseId(ctx, 4, id, STRICT);
    else if (stream === null) id.setZero();
    else id.assign(stream.lastId);
    const name = ctx.text(3);
    if (stream?.groups.get(name) !== undefined) throw commandError("BUSYGROUP Consumer Group name already exists");
    const made = stream === null;
    stream ??= createStream(value);
    stream.createGroup(name, id, entriesRead);
    if (made) value.changed();
    else groupsChanged(ctx, value, 1);
    ctx.reply.ok();
    ctx.event(EventClass.STREAM, "xgroup-create", 2);
  });

const setid = command("xgroup|setid", { arity: -5, since: "5.0.0", flags: "write" })
  .takes("key{RW update} group id-selector(id | new-id='$') [ENTRIESREAD entriesread'entries-read']")
  .docs("Sets the last-delivered id of a consumer group.", "O(1)")
  .changed("7.0.0: Added `ENTRIESREAD`.")
  .run((ctx) => {
    const { entriesRead } = parseGroupOptions(ctx, false);
    const { value, stream, group } = openGroup(ctx);
    if (ctx.count !== 5 && ctx.count !== 7) throw wrongArguments(ctx);
    if (ctx.text(4) === DOLLAR) id.assign(stream.lastId);
    else parseId(ctx, 4, id, EDGES);
    group.lastId.assign(id);
    group.entriesRead = entriesRead;
    ctx.reply.ok();
    groupsChanged(ctx, value, 1);
    ctx.event(EventClass.STREAM, "xgroup-setid", 2);
  });

const destroy = command("xgroup|destroy", { arity: 4, since: "5.0.0", flags: "write" })
  .takes("key{RW delete} group")
  .docs("Deletes a consumer group.", "O(N) for N pending entries")
  .run((ctx) => {
    const { value, stream } = openStream(ctx);
    const group = findGroup(ctx, stream, 3);
    if (group === undefined) return ctx.reply.integer(0);
    stream.removeGroup(group);
    ctx.host.keyspace.lazyFree.drop(group);
    ctx.reply.integer(1);
    groupsChanged(ctx, value, 1);
    ctx.event(EventClass.STREAM, "xgroup-destroy", 2);
    // Clients blocked in XREADGROUP must learn that the group is gone.
    ctx.keyReady(2, Type.STREAM);
  });

const createconsumer = command("xgroup|createconsumer", { arity: 5, since: "6.2.0", flags: "write denyoom" })
  .takes("key{RW insert} group consumer")
  .docs("Creates a consumer in a consumer group.", "O(1)")
  .run((ctx) => {
    const { value, group } = openGroup(ctx);
    const name = ctx.text(4);
    if (group.consumers.get(name) !== undefined) return ctx.reply.integer(0);
    group.addConsumer(name, ctx.now);
    groupsChanged(ctx, value, 1);
    ctx.event(EventClass.STREAM, "xgroup-createconsumer", 2);
    ctx.reply.integer(1);
  });

const delconsumer = command("xgroup|delconsumer", { arity: 5, since: "5.0.0", flags: "write" })
  .takes("key{RW delete} group consumer")
  .docs("Deletes a consumer and its pending entries from a consumer group.", "O(1)")
  .run((ctx) => {
    const { value, group } = openGroup(ctx);
    const consumer = group.consumers.get(ctx.text(4));
    if (consumer === undefined) return ctx.reply.integer(0);
    ctx.reply.integer(consumer.pending.size);
    group.removeConsumer(consumer);
    ctx.host.keyspace.lazyFree.drop(consumer.pending.nodes);
    groupsChanged(ctx, value, 1);
    ctx.event(EventClass.STREAM, "xgroup-delconsumer", 2);
  });

const help = helpOf(command("xgroup|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), HELP);

export const xgroup = command("xgroup", { arity: -2, since: "5.0.0", flags: "" })
  .docs("A container for consumer group commands.", "Depends on the subcommand.")
  .family([create, setid, destroy, createconsumer, delconsumer, help]);

// ---- pending entries

export const xack = command("xack", { arity: -4, since: "5.0.0", flags: "write fast" })
  .takes("key{RW update} group ID:string...")
  .docs("Acknowledges entries of a stream in a consumer group.", "O(log N) for each id, with N pending entries")
  .run((ctx) => {
    const value = ctx.openRead(1, Type.STREAM);
    const group = findGroup(ctx, streamOf(value), 2);
    if (group === undefined) return ctx.reply.integer(0);
    const ids = parseIds(ctx, 3);
    value.beforeChange();
    let acknowledged = 0;
    for (let at = 0; at < ids.length; at += 16) {
      if (!group.pending.find(id.read(ids, at))) continue;
      group.remove(id);
      acknowledged++;
    }
    if (acknowledged > 0) groupsChanged(ctx, value, acknowledged);
    ctx.reply.integer(acknowledged);
  });

export const xpending = command("xpending", { arity: -3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} group [filters([IDLE min-idle-time:integer@6.2.0] start:string end count [consumer])]")
  .tips("nondeterministic_output")
  .docs(
    "Returns a summary or a range of the pending entries of a consumer group.",
    "O(N) for N entries visited, or N consumers in a summary",
  )
  .changed("6.2.0: Added `IDLE`; accepts exclusive ids.")
  .run((ctx) => {
    if (ctx.count !== 3 && (ctx.count < 6 || ctx.count > 9)) throw errors.syntax;
    const range = ctx.count === 3 ? null : parsePendingRange(ctx);
    const group = findGroup(ctx, readStream(ctx, 1), 2);
    if (group === undefined) throw noGroup(ctx, 1, 2);
    if (range === null) replyPendingSummary(ctx, group);
    else replyPending(ctx, group, range);
  });

interface PendingRange {
  readonly minIdle: number;
  readonly count: number;
  /** The argument of the consumer, or 0. */
  readonly consumer: number;
}

/** Leaves the ids in `id` and `end`. */
function parsePendingRange(ctx: Context): PendingRange {
  let first = 3;
  let minIdle = 0;
  if (ctx.is(3, "idle")) {
    minIdle = longArgument(ctx, 4);
    if (ctx.count < 8) throw errors.syntax;
    first += 2;
  }
  const count = Math.max(0, longArgument(ctx, first + 2));
  parseStart(ctx, first, id);
  parseEnd(ctx, first + 1, end);
  return { minIdle, count, consumer: first + 3 < ctx.count ? first + 3 : 0 };
}

function replyPendingSummary(ctx: Context, group: StreamGroup): void {
  const { reply } = ctx;
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.first();
  replyId(ctx, id.read(pending.buffer, pending.at));
  pending.last();
  replyId(ctx, id.read(pending.buffer, pending.at));
  const owners = group.consumers.values().filter((consumer) => consumer.pending.size > 0);
  reply.array(owners.length);
  for (const owner of owners) {
    reply.array(2);
    reply.bytesOf(owner.nameBytes);
    reply.integerBulk(owner.pending.size);
  }
}

function replyPending(ctx: Context, group: StreamGroup, { minIdle, count, consumer: consumerIndex }: PendingRange): void {
  const { reply } = ctx;
  const consumer = consumerIndex === 0 ? undefined : group.consumers.get(ctx.text(consumerIndex));
  if (consumerIndex !== 0 && consumer === undefined) return reply.array(0);
  const list = consumer?.pending ?? group.pending;
  const latest = minIdle === 0 ? Number.POSITIVE_INFINITY : ctx.now - minIdle;
  const found = countPending(group, list, latest, count);
  reply.array(found);
  walkPending(group, list, latest, found, () => {
    reply.array(4);
    replyId(ctx, each);
    reply.bytesOf(group.owner.nameBytes);
    reply.integer(Math.max(0, ctx.now - group.deliveryTime));
    replyCounter(ctx, group.deliveries);
  });
}

/** Returns how many entries `walkPending` would visit. */
function countPending(group: StreamGroup, list: IdRecords, latest: number, limit: number): number {
  if (latest !== Number.POSITIVE_INFINITY || !end.isMax) return walkPending(group, list, latest, limit, () => {});
  list.find(id);
  return list.countAhead(limit);
}

/**
 * Visits up to `limit` entries of `list` between `id` and `end` that were last delivered at `latest` or before; the group stands at each.
 * Returns how many.
 */
function walkPending(of: StreamGroup, from: IdRecords, latest: number, limit: number, visit: () => void): number {
  let visited = 0;
  for (from.find(id); visited < limit && !from.atEnd; from.advance()) {
    each.read(from.buffer, from.at);
    if (each.compare(end) > 0) break;
    if (from !== of.pending && !of.pending.find(each)) continue;
    if (of.deliveryTime > latest) continue;
    visit();
    visited++;
  }
  return visited;
}
