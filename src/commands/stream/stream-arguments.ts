/** What the stream commands share: ids in arguments, opening streams and groups, and replies with entries. */

import { type Counter, counter } from "../../base/numbers/counter.ts";
import { type CommandError, commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Value } from "../../keyspace/value.ts";
import { type Stream, streamOf } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import type { StreamConsumer, StreamGroup } from "../../values/stream/stream-group.ts";
import { type IdForm, IdText, MAX_ID_TEXT, parseStreamId, STRICT, StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";

/** What entries are in the replies of several commands (`answers`). */
export const STREAM_ENTRY = "StreamEntry = [id: id, fields: flat<string, string>]";

const INTERVAL_START: IdForm = { missing: "first", edges: true };
const INTERVAL_END: IdForm = { missing: "last", edges: true };
const EXCLUSIVE_END: IdForm = { missing: "last" };
const OPEN_PAREN = 0x28;

/** Scratch: the text of an id and an entry in a reply. */
const text = Buffer.allocUnsafeSlow(MAX_ID_TEXT);
const cursor = new StreamCursor();

const invalidId = commandError("ERR Invalid stream ID specified as stream command argument");

/** Reads the id in argument `index` into `into`. Returns what was read. Errors: an invalid id. */
export function parseId(call: Call, index: number, into: StreamId, form: IdForm = STRICT): IdText {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const found = parseStreamId(buffer, from, from + lengths[index], into, form);
  if (found === IdText.INVALID) throw invalidId;
  return found;
}

/** Returns whether argument `index` is an id, which is in `into` then. */
export function isId(call: Call, index: number, into: StreamId): boolean {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  return parseStreamId(buffer, from, from + lengths[index], into, STRICT) !== IdText.INVALID;
}

/** Returns the ids in arguments `first` to `last`, 16 bytes each. Errors: an invalid id. */
export function parseIds(call: Call, first: number, last = call.count - 1): Buffer {
  const ids = Buffer.allocUnsafe((last - first + 1) * 16);
  const id = new StreamId();
  for (let index = first; index <= last; index++) {
    parseId(call, index, id);
    id.write(ids, (index - first) * 16);
  }
  return ids;
}

/** Reads the start of an interval from argument `index`: an id, "-" or "+", or "(" and an id, which stands for the one after it. */
export function parseStart(call: Call, index: number, into: StreamId): void {
  if (!parseExclusive(call, index, into, STRICT)) parseId(call, index, into, INTERVAL_START);
  else if (!into.increment()) throw commandError("ERR invalid start ID for the interval");
}

/** The same for the end: milliseconds alone stand for their last id, "(" and an id for the one before it. */
export function parseEnd(call: Call, index: number, into: StreamId): void {
  if (!parseExclusive(call, index, into, EXCLUSIVE_END)) parseId(call, index, into, INTERVAL_END);
  else if (!into.decrement()) throw commandError("ERR invalid end ID for the interval");
}

function parseExclusive(call: Call, index: number, into: StreamId, form: IdForm): boolean {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  if (lengths[index] < 2 || buffer[from] !== OPEN_PAREN) return false;
  if (parseStreamId(buffer, from + 1, from + lengths[index], into, form) === IdText.INVALID) throw invalidId;
  return true;
}

/** Returns whether argument `index` is this one byte: "*", "$", ">". */
export function isByte({ frame }: Call, index: number, byte: number): boolean {
  return frame.lengths[index] === 1 && frame.buffer[frame.offsets[index]] === byte;
}

/** Returns an int64 that is stored exactly. Errors: not an integer. */
export function parseCounter(call: Call, index: number): Counter {
  return counter(call.int64(index));
}

// ---- streams and groups

/** Returns the stream at the key that argument `index` names, or null. Errors: WRONGTYPE. */
export function readStream(call: Call, index: number): Stream | null {
  return streamOf(call.openRead(index, Type.STREAM));
}

/** Returns the group that argument `index` names, or undefined. */
export function findGroup(call: Call, stream: Stream | null, index: number): StreamGroup | undefined {
  return stream === null || stream.groups.size === 0 ? undefined : stream.groups.get(call.text(index));
}

export function noGroup(call: Call, key: number, group: number, where = ""): CommandError {
  return commandError(`NOGROUP No such key '${call.text(key)}' or consumer group '${call.text(group)}'${where}`);
}

/** XGROUP's and XINFO's form of it: arguments 2 and 3 name the key and the group. */
export function noSuchGroup(call: Call): CommandError {
  return commandError(`NOGROUP No such consumer group '${call.text(3)}' for key name '${call.text(2)}'`);
}

/** Counts `count` changes of a group's state, which are no change of the stream for clients that watch the key. */
export function groupsChanged(call: Call, value: Value, count: number): void {
  value.tables.objects.resized(value.database.table.handle(value.address));
  call.server.keyspace.changed(count);
}

/** Journals the state of the pending entry that the group's list stands at. */
export function journalPending(call: Call, key: number, group: StreamGroup, id: StreamId): void {
  if (!call.server.journal.active) return;
  const state = [
    "TIME",
    group.deliveryTime,
    "RETRYCOUNT",
    group.deliveries.toString(),
    "FORCE",
    "JUSTID",
    "LASTID",
    group.lastId.toString(),
  ];
  call.journalAs("XCLAIM", call.bytes(key), group.name, group.owner.name, 0, id.toString(), ...state);
}

/** Journals the group's last-delivered id and entries read. */
export function journalGroupId(call: Call, key: number, group: StreamGroup): void {
  const { name, lastId, entriesRead } = group;
  call.journalAs("XGROUP", "SETID", call.bytes(key), name, lastId.toString(), "ENTRIESREAD", entriesRead.toString());
}

/** Returns the consumer of this name, created if it doesn't exist, and whether it was created. */
export function consumerOf(call: Call, group: StreamGroup, name: string): { consumer: StreamConsumer; made: boolean } {
  const known = group.consumers.get(name);
  return known === undefined ? { consumer: group.addConsumer(name, call.now), made: true } : { consumer: known, made: false };
}

// ---- answers

export function replyId(call: Call, id: StreamId): void {
  call.reply.bytes(text, 0, id.writeText(text, 0));
}

/** The entries of a stream between two ids, both inclusive; null: from its first, or up to its last. */
interface IdRange {
  readonly start: StreamId | null;
  readonly end: StreamId | null;
  readonly reverse?: boolean;
}

/** Replies with at most `limit` entries from `start` to `end`, without the array around them. Returns how many. */
export function replyEntries(call: Call, stream: Stream, { start, end, reverse = false }: IdRange, limit: number): number {
  cursor.open(stream, start, end, { reverse });
  let count = 0;
  for (; count < limit && cursor.next(); count++) replyEntry(call, cursor);
  cursor.close();
  return count;
}

/** Replies with an array of at most `limit` entries from `start` to `end`. */
export function replyRange(call: Call, stream: Stream, { start, end, reverse = false }: IdRange, limit: number): void {
  const count = cursor.open(stream, start, end, { reverse }).countAhead(limit);
  call.reply.array(count);
  for (let left = count; left > 0 && cursor.next(); left--) replyEntry(call, cursor);
  cursor.close();
}

/** Replies with the entry that `at` stands at: its id, and its fields and values. */
export function replyEntry(call: Call, at: StreamCursor): void {
  const { reply } = call;
  const { content } = at;
  const { field, value } = content;
  reply.array(2);
  reply.bytes(text, 0, at.id.writeText(text, 0));
  reply.array(at.fields * 2);
  for (let left = at.fields; left > 0; left--) {
    content.next();
    reply.slice(field);
    reply.slice(value);
  }
}
