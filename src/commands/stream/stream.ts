/** Streams: adding, reading ranges and removing entries. Consumer groups are in stream-group.ts, XREAD in stream-read.ts. */

import type { BlockString } from "../../blocks/block-string.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call, Words } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { SessionKind } from "../../session/session.ts";
import { createStream, MAX_NODE_BYTES, type Stream, streamOf } from "../../values/stream/stream.ts";
import { MAX_ID_TEXT, StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";
import { longArgument, wrongCount } from "../arguments/numbers.ts";
import { parseCounter, parseEnd, parseId, parseIds, parseStart, readStream, replyRange, STREAM_ENTRY } from "./stream-arguments.ts";
import { StreamRemoval } from "./stream-removal.ts";
import { IdSource, StreamOptions } from "./stream-trim.ts";

const command = commandsOf("stream");

/** Scratch of the command being executed. */
const options = new StreamOptions();
const newId = new StreamId();
const start = new StreamId();
const end = new StreamId();
const text = Buffer.allocUnsafeSlow(MAX_ID_TEXT);

const ID_TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top item";

export const xadd = command("xadd", { arity: -5, since: "5.0.0", flags: "write denyoom fast" })
  .takes(`key{RW update: UPDATE because of the trimming options} [NOMKSTREAM@6.2.0]
      [condition(KEEPREF | DELREF | ACKED)] [trim(strategy(MAXLEN | MINID@6.2.0) [operator(equal='=' | approximately='~')] threshold [LIMIT count@6.2.0])]
      id-selector(auto-id='*' | id) data(field value)...`)
  .answers("id; if NOMKSTREAM: id | null")
  .tips("nondeterministic_output")
  .docs("Appends an entry to a stream. Creates the stream if it doesn't exist.", "O(1) to add; O(N) to trim N entries")
  .changed(
    "6.2.0: Added `NOMKSTREAM`, `MINID` and `LIMIT`.",
    "7.0.0: Accepts ids of the form `<ms>-*`.",
    "8.2.0: Added `KEEPREF`, `DELREF` and `ACKED`.",
  )
  .inBlocks(4, 1)
  .run((call) => {
    options.parse(call, "xadd");
    const first = options.idIndex + 1;
    const words = call.count - first;
    if (words < 2 || words % 2 === 1) throw wrongCount(call);
    // The name of a field is needed in one piece.
    if (call.frame.long?.some(({ index }) => (index - first) % 2 === 0)) call.frame.join();
    if (options.idSource === IdSource.GIVEN && options.id.isZero)
      throw commandError("ERR The ID specified in XADD must be greater than 0-0");
    const value = call.openWrite(1, Type.STREAM);
    let stream = streamOf(value);
    if (stream === null && options.noMakeStream) return call.reply.null();
    chooseId(call, stream);
    requireSize(call, first);
    const made = stream === null;
    stream ??= createStream(value);
    try {
      stream.append(newId, call.frame, first, words / 2, value.limits);
    } catch (error) {
      if (made) value.undo(); // there was no memory for its first entry
      throw error;
    }
    call.reply.bytes(text, 0, newId.writeText(text, 0));
    value.changed();
    call.event(EventClass.STREAM, "xadd", 1);
    const removal = removalOf(call, stream);
    if (options.trims && trim(stream, removal) > 0) {
      value.tables.objects.resized(value.database.table.handle(value.address));
      call.event(EventClass.STREAM, "xtrim", 1);
    }
    if (call.server.journal.active) {
      if (removal === null) journalRewritten(call, stream, options.idSource !== IdSource.GIVEN);
      else journalAddition(call, stream, removal);
    }
    call.keyReady(1, Type.STREAM);
  });

/** Returns what is to keep account of a trim that is told what to do about references; null for another. */
function removalOf(call: Call, stream: Stream): StreamRemoval | null {
  return options.referencesTold ? new StreamRemoval(call, stream, options.references) : null;
}

function trim(stream: Stream, removal: StreamRemoval | null): number {
  return removal === null ? stream.trim(options) : removal.trim(options);
}

/** Journals XADD with the effect of its trim, which has kept account of references. */
function journalAddition(call: Call, stream: Stream, removal: StreamRemoval): void {
  const fields: (Buffer | BlockString)[] = [];
  for (let index = options.idIndex + 1; index < call.count; index++) fields.push(call.word(index));
  const rule = options.trims && !removal.scattered ? options.exactRule(call, stream) : [];
  call.journalAs("XADD", call.bytes(1), ...rule, newId.toString(), ...fields);
  removal.journalReferences();
  if (removal.scattered) removal.journalScattered();
}

/** Sets `newId` to the id that the options ask for. Errors: it is not above the last one. */
function chooseId(call: Call, stream: Stream | null): void {
  if (stream?.lastId.isMax) throw commandError("ERR The stream has exhausted the last possible ID, unable to add more items");
  const { id, idSource } = options;
  if (idSource === IdSource.AUTOMATIC) {
    if (stream === null) newId.set(call.now, 0);
    else stream.nextId(call.now, newId);
    return;
  }
  newId.assign(id);
  if (stream === null) {
    // 0-* is the first valid id, which is not 0-0.
    if (newId.isZero) newId.increment();
    return;
  }
  if (idSource === IdSource.GIVEN_TIME && stream.lastId.sameMs(id)) {
    if (stream.lastId.hasMaxSequence) throw commandError(ID_TOO_SMALL);
    newId.assign(stream.lastId).increment();
  }
  if (newId.compare(stream.lastId) <= 0) throw commandError(ID_TOO_SMALL);
}

function requireSize(call: Call, first: number): void {
  const { frame } = call;
  if (frame.bytes <= MAX_NODE_BYTES) return;
  let bytes = 0;
  for (let index = first; index < frame.count; index++) bytes += frame.lengths[index];
  if (bytes > MAX_NODE_BYTES) throw commandError("ERR Elements are too large to be stored");
}

/** Journals the request with the effect of an approximate trim and, if `withId`, with the generated id. */
function journalRewritten(call: Call, stream: Stream, withId: boolean): void {
  if (!withId && !options.approximate) return;
  const words: (Buffer | BlockString | string)[] = [];
  for (let index = 0; index < call.count; index++) words.push(call.word(index));
  if (options.approximate) {
    words[options.thresholdIndex - 1] = "=";
    words[options.thresholdIndex] = options.exactThreshold(stream);
  }
  if (withId) words[options.idIndex] = newId.toString();
  call.journalAs(...(words as Words));
}

export const xtrim = command("xtrim", { arity: -4, since: "5.0.0", flags: "write" })
  .takes(`key{RW delete} trim(strategy(MAXLEN | MINID@6.2.0) [operator(equal='=' | approximately='~')] threshold [LIMIT count@6.2.0]
      [condition(KEEPREF | DELREF | ACKED)])`)
  .answers("count")
  .tips("nondeterministic_output")
  .docs("Deletes entries from the beginning of a stream.", "O(N) for N entries removed")
  .changed("6.2.0: Added `MINID` and `LIMIT`.", "8.2.0: Added `KEEPREF`, `DELREF` and `ACKED`.")
  .run((call) => {
    options.parse(call, "xtrim");
    const value = call.openWrite(1, Type.STREAM);
    const stream = streamOf(value);
    if (stream === null) return call.reply.integer(0);
    const removal = removalOf(call, stream);
    const deleted = trim(stream, removal);
    if (deleted > 0) {
      call.event(EventClass.STREAM, "xtrim", 1);
      if (call.server.journal.active) {
        if (removal === null) journalRewritten(call, stream, false);
        else journalTrim(call, stream, removal);
      }
      value.changed(deleted);
    }
    call.reply.integer(deleted);
  });

/** Journals XTRIM as its effect, references included. */
function journalTrim(call: Call, stream: Stream, removal: StreamRemoval): void {
  removal.journalReferences();
  if (removal.scattered) removal.journalScattered();
  else call.journalAs("XTRIM", call.bytes(1), ...options.exactRule(call, stream));
}

export const xlen = command("xlen", { arity: 2, since: "5.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the number of entries in a stream.", "O(1)")
  .run((call) => call.reply.integer(readStream(call, 1)?.length ?? 0));

export const xrange = command("xrange", { arity: -4, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} start:string end [COUNT count]")
  .answers(`StreamEntry[]; if COUNT: StreamEntry[] | null-array where ${STREAM_ENTRY}`)
  .docs("Returns the entries of a stream in a range of ids.", "O(N) for N entries returned")
  .changed("6.2.0: Accepts exclusive ids.")
  .run((call) => replyEntriesBetween(call, false));

export const xrevrange = command("xrevrange", { arity: -4, since: "5.0.0", flags: "readonly" })
  .takes("key{RO access} end start:string [COUNT count]")
  .answers(`StreamEntry[]; if COUNT: StreamEntry[] | null-array where ${STREAM_ENTRY}`)
  .docs("Returns the entries of a stream in a range of ids, in reverse order.", "O(N) for N entries returned")
  .changed("6.2.0: Accepts exclusive ids.")
  .run((call) => replyEntriesBetween(call, true));

function replyEntriesBetween(call: Call, reverse: boolean): void {
  parseStart(call, reverse ? 3 : 2, start);
  parseEnd(call, reverse ? 2 : 3, end);
  let limit = Number.POSITIVE_INFINITY;
  for (let index = 4; index < call.count; index += 2) {
    if (!call.is(index, "count") || index + 1 === call.count) throw errors.syntax;
    limit = Math.max(0, longArgument(call, index + 1));
  }
  const stream = readStream(call, 1);
  if (stream === null) return call.reply.array(0);
  if (limit === 0) return call.reply.nullArray();
  replyRange(call, stream, { start, end, reverse }, limit);
}

export const xdel = command("xdel", { arity: -3, since: "5.0.0", flags: "write fast" })
  .takes("key{RW delete} ID:string...")
  .answers("count")
  .docs("Deletes entries of a stream.", "O(log N) for each id, with N entries")
  .run((call) => {
    const value = call.openWrite(1, Type.STREAM);
    const stream = streamOf(value);
    if (stream === null) return call.reply.integer(0);
    const ids = parseIds(call, 2);
    let deleted = 0;
    for (let at = 0; at < ids.length; at += 16) if (stream.delete(newId.read(ids, at))) deleted++;
    if (deleted > 0) {
      value.changed(deleted);
      call.event(EventClass.STREAM, "xdel", 1);
    }
    call.reply.integer(deleted);
  });

export const xsetid = command("xsetid", { arity: -3, since: "5.0.0", flags: "write denyoom fast" })
  .takes("key{RW update} last-id [ENTRIESADDED entries-added@7.0.0] [MAXDELETEDID max-deleted-id@7.0.0]")
  .answers("OK")
  .docs("An internal command that sets what a stream records besides its entries.", "O(1)")
  .changed("7.0.0: Added `ENTRIESADDED` and `MAXDELETEDID`.")
  .run((call) => {
    const lastId = new StreamId();
    const maxDeletedId = new StreamId();
    parseId(call, 2, lastId);
    const entriesAdded = parseSetIdOptions(call, lastId, maxDeletedId);
    const value = call.openWrite(1, Type.STREAM);
    const stream = streamOf(value);
    if (stream === null) throw errors.noSuchKey;
    // A Redis before 7.2 allows it, and its replicas must do as it did.
    if (lastId.compare(stream.maxDeletedId) < 0 && call.session.kind !== SessionKind.MASTER)
      throw commandError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    if (stream.length > 0) {
      if (lastId.compare(stream.lastEntry(newId)) < 0)
        throw commandError("ERR The ID specified in XSETID is smaller than the target stream top item");
      if (entriesAdded !== null && stream.length > entriesAdded)
        throw commandError("ERR The entries_added specified in XSETID is smaller than the target stream length");
    }
    stream.lastId.assign(lastId);
    if (entriesAdded !== null) stream.entriesAdded = entriesAdded;
    if (!maxDeletedId.isZero) stream.maxDeletedId.assign(maxDeletedId);
    call.reply.ok();
    call.server.keyspace.changed();
    call.event(EventClass.STREAM, "xsetid", 1);
  });

function parseSetIdOptions(call: Call, lastId: StreamId, maxDeletedId: StreamId): number | bigint | null {
  let entriesAdded: number | bigint | null = null;
  for (let index = 3; index < call.count; index += 2) {
    if (index + 1 === call.count) throw errors.syntax;
    if (call.is(index, "entriesadded")) {
      entriesAdded = parseCounter(call, index + 1);
      if (entriesAdded < 0) throw commandError("ERR entries_added must be positive");
    } else if (call.is(index, "maxdeletedid")) {
      parseId(call, index + 1, maxDeletedId);
      if (lastId.compare(maxDeletedId) < 0)
        throw commandError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
    } else {
      throw errors.syntax;
    }
  }
  return entriesAdded;
}
