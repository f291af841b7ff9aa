/** Consumer groups: XGROUP, XACK and XPENDING. Reading through a group is in stream-read.ts, claiming in stream-claim.ts. */

import type { Counter } from "../../base/numbers/counter.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
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
  noSuchGroup,
  parseCounter,
  parseEnd,
  parseId,
  parseIds,
  parseStart,
  readStream,
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
function openStream(call: Call): Target {
  const value = call.openWrite(2, Type.STREAM);
  const stream = streamOf(value);
  if (stream === null) throw keyRequired;
  return { value, stream };
}

/** The same with the group, which must exist. Errors: NOGROUP, too. */
function openGroup(call: Call): Target & { readonly group: StreamGroup } {
  const target = openStream(call);
  const group = findGroup(call, target.stream, 3);
  if (group === undefined) throw noSuchGroup(call);
  return { ...target, group };
}

const keyRequired = commandError(
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty " +
    "stream automatically.",
);

/** The options of CREATE and SETID. Errors: as Redis has them. */
function parseGroupOptions(call: Call, creates: boolean): { makeStream: boolean; entriesRead: Counter } {
  let makeStream = false;
  let entriesRead: Counter = UNKNOWN_ENTRIES_READ;
  for (let index = 5; index < call.count; index++) {
    if (creates && call.is(index, "mkstream")) {
      makeStream = true;
    } else if (call.is(index, "entriesread") && index + 1 < call.count) {
      entriesRead = parseCounter(call, ++index);
      if (entriesRead < 0 && entriesRead !== UNKNOWN_ENTRIES_READ) throw commandError("ERR value for ENTRIESREAD must be positive or -1");
    } else {
      throw wrongArguments(call);
    }
  }
  return { makeStream, entriesRead };
}

const create = command("xgroup|create", { arity: -5, since: "5.0.0", flags: "write denyoom" })
  .takes("key{RW insert} group id-selector(id | new-id='$') [MKSTREAM] [ENTRIESREAD entries-read]")
  .answers("OK")
  .docs("Creates a consumer group.", "O(1)")
  .changed("7.0.0: Added `ENTRIESREAD`.")
  .run((call) => {
    const { makeStream, entriesRead } = parseGroupOptions(call, true);
    const value = call.openWrite(2, Type.STREAM);
    let stream = streamOf(value);
    if (stream === null && !makeStream) throw keyRequired;
    if (call.count > CREATE_MAX_WORDS) throw wrongArguments(call);
    if (call.text(4) !== DOLLAR) parseId(call, 4, id, STRICT);
    else if (stream === null) id.setZero();
    else id.assign(stream.lastId);
    const name = call.text(3);
    if (stream?.groups.get(name) !== undefined) throw commandError("BUSYGROUP Consumer Group name already exists");
    const made = stream === null;
    stream ??= createStream(value);
    stream.createGroup(name, id, entriesRead);
    if (made) value.changed();
    else groupsChanged(call, value, 1);
    call.reply.ok();
    call.event(EventClass.STREAM, "xgroup-create", 2);
  });

const setid = command("xgroup|setid", { arity: -5, since: "5.0.0", flags: "write" })
  .takes("key{RW update} group id-selector(id | new-id='$') [ENTRIESREAD entriesread'entries-read']")
  .answers("OK")
  .docs("Sets the last-delivered id of a consumer group.", "O(1)")
  .changed("7.0.0: Added `ENTRIESREAD`.")
  .run((call) => {
    const { entriesRead } = parseGroupOptions(call, false);
    const { value, stream, group } = openGroup(call);
    if (call.count !== 5 && call.count !== 7) throw wrongArguments(call);
    if (call.text(4) === DOLLAR) id.assign(stream.lastId);
    else parseId(call, 4, id, EDGES);
    group.lastId.assign(id);
    group.entriesRead = entriesRead;
    call.reply.ok();
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-setid", 2);
  });

const destroy = command("xgroup|destroy", { arity: 4, since: "5.0.0", flags: "write" })
  .takes("key{RW delete} group")
  .answers("0 | 1")
  .docs("Deletes a consumer group.", "O(N) for N pending entries")
  .run((call) => {
    const { value, stream } = openStream(call);
    const group = findGroup(call, stream, 3);
    if (group === undefined) return call.reply.integer(0);
    stream.removeGroup(group);
    call.server.keyspace.lazyFree.drop(group);
    call.reply.integer(1);
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-destroy", 2);
    // Clients blocked in XREADGROUP must learn that the group is gone.
    call.keyReady(2, Type.STREAM);
  });

const createconsumer = command("xgroup|createconsumer", { arity: 5, since: "6.2.0", flags: "write denyoom" })
  .takes("key{RW insert} group consumer")
  .answers("0 | 1")
  .docs("Creates a consumer in a consumer group.", "O(1)")
  .run((call) => {
    const { value, group } = openGroup(call);
    const name = call.text(4);
    if (group.consumers.get(name) !== undefined) return call.reply.integer(0);
    group.addConsumer(name, call.now);
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-createconsumer", 2);
    call.reply.integer(1);
  });

const delconsumer = command("xgroup|delconsumer", { arity: 5, since: "5.0.0", flags: "write" })
  .takes("key{RW delete} group consumer")
  .answers("count")
  .docs("Deletes a consumer and its pending entries from a consumer group.", "O(1)")
  .run((call) => {
    const { value, group } = openGroup(call);
    const consumer = group.consumers.get(call.text(4));
    if (consumer === undefined) return call.reply.integer(0);
    call.reply.integer(consumer.pending.size);
    group.removeConsumer(consumer);
    call.server.keyspace.lazyFree.drop(consumer.pending.nodes);
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-delconsumer", 2);
  });

const help = helpOf(command("xgroup|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), HELP);

export const xgroup = command("xgroup", { arity: -2, since: "5.0.0", flags: "" })
  .docs("A container for consumer group commands.", "Depends on the subcommand.")
  .family([create, setid, destroy, createconsumer, delconsumer, help]);

// ---- pending entries

export const xack = command("xack", { arity: -4, since: "5.0.0", flags: "write fast" })
  .takes("key{RW update} group ID:string...")
  .answers("count")
  .docs("Acknowledges entries of a stream in a consumer group.", "O(log N) for each id, with N pending entries")
  .run((call) => {
    const value = call.openRead(1, Type.STREAM);
    const group = findGroup(call, streamOf(value), 2);
    if (group === undefined) return call.reply.integer(0);
    const ids = parseIds(call, 3);
    value.beforeChange();
    let acknowledged = 0;
    for (let at = 0; at < ids.length; at += 16) {
      if (!group.pending.find(id.read(ids, at))) continue;
      group.remove(id);
      acknowledged++;
    }
    if (acknowledged > 0) groupsChanged(call, value, acknowledged);
    call.reply.integer(acknowledged);
  });

export const xpending = command("xpending", { arity: -3, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} group [filters([IDLE min-idle-time:integer@6.2.0] start:string end count [consumer])]")
  .answers(`[pending: count, least: id | null, greatest: id | null, consumers: [name: string, pending: decimal][] | null-array];
      if filters: [id: id, consumer: string, idle: time, deliveries: int64][]`)
  .tips("nondeterministic_output")
  .docs(
    "Returns a summary or a range of the pending entries of a consumer group.",
    "O(N) for N entries visited, or N consumers in a summary",
  )
  .changed("6.2.0: Added `IDLE`; accepts exclusive ids.")
  .run((call) => {
    if (call.count !== 3 && (call.count < 6 || call.count > 9)) throw errors.syntax;
    const range = call.count === 3 ? null : parsePendingRange(call);
    const group = findGroup(call, readStream(call, 1), 2);
    if (group === undefined) throw noGroup(call, 1, 2);
    if (range === null) replyPendingSummary(call, group);
    else replyPending(call, group, range);
  });

interface PendingRange {
  readonly minIdle: number;
  readonly count: number;
  /** The argument of the consumer, or 0. */
  readonly consumer: number;
}

/** Leaves the ids in `id` and `end`. */
function parsePendingRange(call: Call): PendingRange {
  let first = 3;
  let minIdle = 0;
  if (call.is(3, "idle")) {
    minIdle = longArgument(call, 4);
    if (call.count < 8) throw errors.syntax;
    first += 2;
  }
  const count = Math.max(0, longArgument(call, first + 2));
  parseStart(call, first, id);
  parseEnd(call, first + 1, end);
  return { minIdle, count, consumer: first + 3 < call.count ? first + 3 : 0 };
}

function replyPendingSummary(call: Call, group: StreamGroup): void {
  const { reply } = call;
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
  replyId(call, id.read(pending.buffer, pending.at));
  pending.last();
  replyId(call, id.read(pending.buffer, pending.at));
  const owners = group.consumers.values().filter((consumer) => consumer.pending.size > 0);
  reply.array(owners.length);
  for (const owner of owners) {
    reply.array(2);
    reply.bytesOf(owner.nameBytes);
    reply.integerBulk(owner.pending.size);
  }
}

function replyPending(call: Call, group: StreamGroup, { minIdle, count, consumer: consumerIndex }: PendingRange): void {
  const { reply } = call;
  const consumer = consumerIndex === 0 ? undefined : group.consumers.get(call.text(consumerIndex));
  if (consumerIndex !== 0 && consumer === undefined) return reply.array(0);
  const list = consumer?.pending ?? group.pending;
  const latest = minIdle === 0 ? Number.POSITIVE_INFINITY : call.now - minIdle;
  const found = countPending(group, list, latest, count);
  reply.array(found);
  walkPending(group, list, latest, found, () => {
    reply.array(4);
    replyId(call, each);
    reply.bytesOf(group.owner.nameBytes);
    reply.integer(Math.max(0, call.now - group.deliveryTime));
    reply.bigint(group.deliveries);
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
