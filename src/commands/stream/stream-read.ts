/** XREAD and XREADGROUP: the entries after an id, from several streams, blocking if asked to. */

import { type CommandError, commandError, errors } from "../../errors.ts";
import type { Call, Words } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { type Stream, streamOf } from "../../values/stream/stream.ts";
import { countRange, StreamCursor } from "../../values/stream/stream-cursor.ts";
import type { StreamConsumer, StreamGroup } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";
import { Unit } from "../arguments/deadline.ts";
import { longArgument } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import {
  consumerOf,
  findGroup,
  groupsChanged,
  isByte,
  journalGroupId,
  journalPending,
  noGroup,
  parseId,
  readStream,
  replyEntry,
  replyId,
  replyRange,
  STREAM_ENTRY,
} from "./stream-arguments.ts";

const command = commandsOf("stream");

/** The last possible id: streams are read up to it. */
const MAX_ID = new StreamId().setMax();
/** Scratch of the command being executed. */
const cursor = new StreamCursor();
const start = new StreamId();

const DOLLAR = 0x24;
const GREATER = 0x3e;

/** What is asked for. */
interface Reading {
  readonly command: "xread" | "xreadgroup";
  /** When blocking ends, as `Call.block` takes it; null: it does not block. */
  readonly deadline: number | null;
  /** Entries of each stream. */
  readonly limit: number;
  /** The argument of the first key, and how many there are; as many ids follow. */
  readonly firstKey: number;
  readonly streams: number;
  /** The argument of the group's name, after which comes the consumer's; 0 for XREAD. */
  readonly groupIndex: number;
  readonly acknowledged: boolean;
}

/** What is asked of one stream: the entries above `id`, or with null those that the group has not been given. */
interface Wanted {
  readonly key: number;
  readonly id: StreamId | null;
}

export const xread = command("xread", { arity: -4, since: "5.0.0", flags: "readonly blocking" })
  .takes("[COUNT count] [BLOCK milliseconds] STREAMS streams(key{RO access from 1}... ID:string...)")
  .answers(`[key: string, entries: StreamEntry[]][] | null-array / map<string, StreamEntry[]> | null where ${STREAM_ENTRY}`)
  .docs("Returns the entries of streams after given ids. Can block until there are any.")
  .run((call) => {
    const reading = parseReading(call, "xread");
    const wanted = wantedOf(call, reading);
    const served: Wanted[] = [];
    for (const each of wanted) {
      const stream = readStream(call, each.key);
      if (stream !== null && each.id !== null && stream.length > 0 && stream.lastEntry(start).compare(each.id) > 0) served.push(each);
    }
    if (served.length === 0) return waitOrGiveUp(call, reading, wanted);
    replyStreams(call, served.length);
    for (const { key, id } of served) {
      const stream = readStream(call, key);
      if (stream === null || id === null) continue;
      start.assign(id).increment();
      replyName(call, key);
      replyRange(call, stream, { start, end: null }, reading.limit);
    }
  });

export const xreadgroup = command("xreadgroup", { arity: -7, since: "5.0.0", flags: "write blocking" })
  .takes(`GROUP group-block(group consumer) [COUNT count] [BLOCK milliseconds] [NOACK]
      STREAMS streams(key{RO access from 4}... ID:string...)`)
  .answers(`[key: string, entries: GroupEntry[]][] | null-array / map<string, GroupEntry[]> | null
      where GroupEntry = [id: id, fields: flat<string, string> | null-array]`)
  .docs(
    "Returns new or pending entries of streams to a consumer. Can block until there are any.",
    "O(M) for each stream, with M entries returned",
  )
  .run((call) => {
    const reading = parseReading(call, "xreadgroup");
    // The effects are journalled one by one.
    call.journalNothing();
    const wanted = wantedOf(call, reading);
    const served = countServed(call, reading, wanted);
    if (served > 0) replyStreams(call, served);
    for (const each of wanted) serveConsumer(call, reading, each);
    if (served === 0) waitOrGiveUp(call, reading, wanted);
  });

// ---- arguments

function parseReading(call: Call, name: "xread" | "xreadgroup"): Reading {
  const grouped = name === "xreadgroup";
  let deadline: number | null = null;
  let limit = Number.POSITIVE_INFINITY;
  let firstKey = 0;
  let groupIndex = 0;
  let acknowledged = false;
  for (let index = 1; index < call.count && firstKey === 0; index++) {
    const more = call.count - index - 1;
    if (more > 0 && call.is(index, "block")) {
      if (call.session.inScript) throw commandError(`ERR ${call.text(0)} command is not allowed with BLOCK option from scripts`);
      deadline = parseTimeout(call, ++index, Unit.MILLISECONDS);
    } else if (more > 0 && call.is(index, "count")) {
      const count = longArgument(call, ++index);
      limit = count <= 0 ? Number.POSITIVE_INFINITY : count;
    } else if (more > 0 && call.is(index, "streams")) {
      firstKey = index + 1;
    } else if (more > 1 && call.is(index, "group")) {
      if (!grouped) throw onlyForGroups("GROUP");
      groupIndex = index + 1;
      index += 2;
    } else if (call.is(index, "noack")) {
      if (!grouped) throw onlyForGroups("NOACK");
      acknowledged = true;
    } else {
      throw errors.syntax;
    }
  }
  const words = call.count - firstKey;
  if (firstKey !== 0 && words % 2 !== 0) {
    const mark = grouped ? ">" : "$";
    throw commandError(`ERR Unbalanced '${name}' list of streams: for each stream key an ID or '${mark}' must be specified.`);
  }
  if (firstKey === 0) throw errors.syntax;
  if (grouped && groupIndex === 0) throw commandError("ERR Missing GROUP option for XREADGROUP");
  return { command: name, deadline, limit, firstKey, streams: words / 2, groupIndex, acknowledged };
}

function onlyForGroups(option: string): CommandError {
  return commandError(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
}

/** Errors: WRONGTYPE, NOGROUP, an invalid id. */
function wantedOf(call: Call, reading: Reading): Wanted[] {
  const wanted: Wanted[] = [];
  for (let key = reading.firstKey; key < reading.firstKey + reading.streams; key++) {
    const stream = readStream(call, key);
    if (reading.groupIndex !== 0 && findGroup(call, stream, reading.groupIndex) === undefined)
      throw noGroup(call, key, reading.groupIndex, " in XREADGROUP with GROUP option");
    wanted.push({ key, id: wantedId(call, reading, key + reading.streams, stream) });
  }
  return wanted;
}

function wantedId(call: Call, { command: name }: Reading, index: number, stream: Stream | null): StreamId | null {
  const id = new StreamId();
  if (isByte(call, index, DOLLAR)) {
    if (name === "xreadgroup") {
      throw commandError(
        "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, " +
          "or use the > ID to get new messages. The $ ID would just return an empty result set.",
      );
    }
    return stream === null ? id : id.assign(stream.lastId);
  }
  if (isByte(call, index, GREATER)) {
    if (name === "xread")
      throw commandError("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
    return null;
  }
  parseId(call, index, id);
  // Redis takes ">" for the last possible id.
  return name === "xreadgroup" && id.isMax ? null : id;
}

// ---- answers

function replyStreams(call: Call, streams: number): void {
  if (call.reply.protocol === 3) call.reply.map(streams);
  else call.reply.array(streams);
}

function replyName(call: Call, index: number): void {
  if (call.reply.protocol !== 3) call.reply.array(2);
  call.replyArgument(index);
}

function waitOrGiveUp(call: Call, { deadline, firstKey, streams, groupIndex }: Reading, wanted: readonly Wanted[]): void {
  if (deadline === null) return call.reply.nullArray();
  // "$" means the last id when blocking began.
  let request: (Buffer | string)[] | undefined;
  for (const { key, id } of wanted) {
    if (id === null || !isByte(call, key + streams, DOLLAR)) continue;
    request ??= Array.from({ length: call.count }, (_, index) => call.bytes(index));
    request[key + streams] = id.toString();
  }
  call.block({
    firstKey,
    keyCount: streams,
    type: Type.STREAM,
    deadline,
    wakesWhenGone: groupIndex !== 0,
    ...(request === undefined ? {} : { request: request as Words }),
  });
}

// ---- groups

/** Returns how many streams have something for the consumer. If the same group is named twice, what it gives first is not there the second time. */
function countServed(call: Call, { groupIndex, limit }: Reading, wanted: readonly Wanted[]): number {
  const asked = new Map<StreamGroup, number>();
  let served = 0;
  for (const { key, id } of wanted) {
    const stream = readStream(call, key);
    const group = findGroup(call, stream, groupIndex);
    if (stream === null || group === undefined) continue;
    if (id === null) {
      const times = asked.get(group) ?? 0;
      asked.set(group, times + 1);
      const before = times === 0 ? 0 : limit * times;
      start.assign(group.lastId);
      if (!start.increment() || before === Number.POSITIVE_INFINITY || countRange(stream, start, MAX_ID, before + 1) <= before) continue;
    }
    served++;
  }
  return served;
}

/** Creates the consumer if needed and replies with what there is for it, if anything. */
function serveConsumer(call: Call, reading: Reading, { key, id }: Wanted): void {
  const { acknowledged, groupIndex, limit } = reading;
  const value = call.openRead(key, Type.STREAM);
  const stream = streamOf(value);
  const group = findGroup(call, stream, groupIndex);
  if (stream === null || group === undefined) return;
  value.beforeChange();
  const { consumer, made } = consumerOf(call, group, call.text(groupIndex + 1));
  if (made) {
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-createconsumer", key);
    if (acknowledged) call.journalAs("XGROUP", "CREATECONSUMER", call.bytes(key), group.name, consumer.name);
  }
  consumer.seenTime = call.now;
  if (id !== null) {
    replyName(call, key);
    replyHistory(call, stream, group, consumer, id, limit);
  } else {
    start.assign(group.lastId);
    const count = start.increment() ? countRange(stream, start, MAX_ID, limit) : 0;
    if (count === 0) return;
    replyName(call, key);
    call.reply.array(count);
    deliver(call, key, { stream, group, consumer, acknowledged }, count);
  }
  groupsChanged(call, value, 1);
}

interface Delivery {
  readonly stream: Stream;
  readonly group: StreamGroup;
  readonly consumer: StreamConsumer;
  /** Whether the entries are acknowledged at once. */
  readonly acknowledged: boolean;
}

/** Replies with the `count` entries after the group's last-delivered id and makes them pending. (That changes no bytes of the stream's own nodes.) */
function deliver(call: Call, key: number, { stream, group, consumer, acknowledged }: Delivery, count: number): void {
  let moved = false;
  cursor.open(stream, start, null);
  for (let left = count; left > 0 && cursor.next(); left--) {
    const { id } = cursor;
    replyEntry(call, cursor);
    if (stream.advanceGroup(group, id)) moved = true;
    if (acknowledged) continue;
    if (group.pending.find(id)) group.assign(id, consumer, call.now, 1);
    else group.add(id, consumer, call.now, 1);
    consumer.activeTime = call.now;
    journalPending(call, key, group, id);
  }
  cursor.close();
  if (acknowledged && moved) journalGroupId(call, key, group);
}

/** Replies with the consumer's pending entries above `id`; the delivery count of those not deleted grows by one. */
function replyHistory(call: Call, stream: Stream, group: StreamGroup, consumer: StreamConsumer, id: StreamId, limit: number): void {
  const { pending } = consumer;
  start.assign(id).increment();
  pending.find(start);
  const count = pending.countAhead(limit);
  call.reply.array(count);
  const each = new StreamId();
  for (let left = count; left > 0; left--) {
    each.read(pending.buffer, pending.at);
    if (cursor.open(stream, each, each).next()) {
      replyEntry(call, cursor);
      if (group.pending.find(each)) group.redeliver(call.now);
    } else {
      call.reply.array(2);
      replyId(call, each);
      call.reply.nullArray();
    }
    pending.advance();
  }
  cursor.close();
}
