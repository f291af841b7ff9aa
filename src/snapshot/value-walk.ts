/**
 * The one walk over what a key holds. It gives a value to a sink part by part; the sinks (sinks/) write the RDB format, commands, digests
 * and DUMP payloads. A value too long for one slice takes the same way in steps: what its parts are then is what they were when the walk
 * began, whatever happens to the value meanwhile.
 *
 * Hot: `walkValue` is called once for each key of an image. Costs are in about bytes of memory read.
 */

import { assert } from "../assert.ts";
import type { Counter } from "../base/numbers/counter.ts";
import { BlockString } from "../blocks/block-string.ts";
import type { ByteMap } from "../memory/bytemap.ts";
import { ExpiringMap, NO_TIME } from "../memory/expiring-map.ts";
import { intsetGet, intsetLength } from "../memory/intset.ts";
import type { NodeDirectory, NodeImage } from "../memory/node-image.ts";
import type { NodeDeque } from "../memory/nodes.ts";
import type { LargeObject } from "../memory/objects.ts";
import { OrderedCursor } from "../memory/ordered.ts";
import { Element, packedAtEnd, packedBytes, packedCount, packedFirst, packedNext, packedRead } from "../memory/packed.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import { packedTime, soonestPacked } from "../values/hash/packed-times.ts";
import { hasTimes, isTimed } from "../values/hash/timed.ts";
import type { Holder } from "../values/holder.ts";
import { PACKED, type QuickList } from "../values/list/quicklist.ts";
import { recordScore, SCORE_BYTES, type SortedSet } from "../values/sorted-set/sorted-set.ts";
import { packedScore } from "../values/sorted-set/zset.ts";
import type { Stream, StreamFacts } from "../values/stream/stream.ts";
import { type PendingRecord, readPendingRecord, StreamGroup } from "../values/stream/stream-group.ts";
import { StreamId } from "../values/stream/stream-id.ts";
import { DELETED, FieldReader, NodeReader } from "../values/stream/stream-node.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { EarlyElements, timeOf } from "./early-elements.ts";
import { pieceParts, StreamedBlocks, StreamedString } from "./streamed-strings.ts";
import { type RecordWriter, TableWalk } from "./table-walk.ts";

/** Nodes to be read: as they are, or (their image) as they were. */
export type ReadNodes = NodeDirectory & Pick<NodeImage, "locate">;

/** A consumer of a group as it was when the walk began. */
export interface ConsumerFacts {
  readonly name: Buffer;
  readonly seenTime: number;
  readonly activeTime: number;
  /** The ids of its pending entries. */
  readonly owned: ReadNodes;
}

/** A consumer group of a stream as it was when the walk began. */
export interface GroupFacts {
  readonly name: Buffer;
  readonly lastId: StreamId;
  readonly entriesRead: Counter;
  readonly pending: ReadNodes;
  readonly consumers: readonly ConsumerFacts[];
  /** Their names by the number that pending entries have for them. */
  readonly consumerNames: ReadonlyMap<number, Buffer>;
}

/**
 * Takes the parts of one value after another. A string is one call of `string`, or `longString` and its pieces; a collection is one call of
 * `packed`, or `collection` and then its elements, of lists and streams perhaps whole nodes of them. Bytes are good for that call.
 */
export interface ValueSink {
  string(bytes: Buffer, from: number, to: number): void;
  /** A string of so many bytes begins. */
  longString(length: number): void;
  piece(bytes: Buffer, from: number, to: number): void;
  /** A small collection in the form it has in memory. Returns false where the sink wants its elements. */
  packed(type: Type, encoding: Encoding, bytes: Buffer, from: number, to: number): boolean;
  /** A collection of `count` elements begins: in `nodes` nodes where it is a list or a stream. */
  collection(type: Type, count: number, nodes: number): void;
  /** Node `index` of a list or stream as it is in memory. Returns about how many bytes that took reading, -1 to be given its elements. */
  node(type: Type, nodes: ReadNodes, index: number): number;
  /** Likewise a node of a stream that has values in blocks, part by part: each time, what that cost. Nodes and images must stay meanwhile. */
  longNode(nodes: ReadNodes, index: number): Generator<number>;
  /** An element of a list of so many bytes begins: its pieces follow, and `endLong`. */
  longElement(length: number): void;
  /** Likewise a field of a hash, whose value has so many. */
  longField(bytes: Buffer, from: number, to: number, length: number, time: number): void;
  endLong(): void;
  /** An element of a list, a member of a set. */
  element(bytes: Buffer, from: number, to: number): void;
  /** A member of a sorted set. */
  scored(bytes: Buffer, from: number, to: number, score: number): void;
  /** In place of `collection`: a hash of `count` fields begins, some with times, none of them before `soonest`. */
  timedHash(count: number, soonest: number): void;
  /** A field of a hash; `time`: when it expires, in ms since 1970, or NO_TIME. */
  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void;
  /** An entry of a stream, of so many fields. */
  entry(id: StreamId, count: number, fields: FieldReader): void;
  /** After the entries of a stream. */
  streamFacts(length: number, facts: StreamFacts, groups: number): void;
  group(group: GroupFacts): void;
  /** A pending entry of a group, whose id is at `at`. */
  pending(group: GroupFacts, bytes: Buffer, at: number, record: PendingRecord): void;
  /** After the pending entries of a group. */
  consumers(count: number): void;
  consumer(group: GroupFacts, consumer: ConsumerFacts): void;
  /** Ids of pending entries of the consumer. */
  owned(bytes: Buffer, from: number, to: number): void;
  /** The value is over. */
  end(): void;
}

/** What is read of the place that holds a value. */
export type ReadValue = Pick<Holder, "encoding" | "object" | "buffer" | "from" | "to">;

/** A value too long for one slice, on its way to a sink. */
export interface StreamedValue {
  /** Whether all of it has been given. */
  readonly done: boolean;
  /** Gives the sink about `limit` bytes' worth. Returns what that cost. */
  step(limit: number): number;
  /** The key that it belongs to is about to change or go. */
  keep(): void;
  /** Nothing more will be read. */
  release(): void;
}

/** Longer strings are written in pieces and, but for SAVE, not compressed: that cannot be interrupted, and 256 KiB take LZF 1 ms. */
export const BULK_BYTES = 256 * 1024;
/** Collections of more elements, or nodes, than this are given in steps: below, they take well under 1 ms. */
const STREAMED_ELEMENTS = 1024;
const STREAMED_NODES = 32;
/** What a node costs beside its bytes. */
const NODE_COST = 64;

const NO_BYTES = Buffer.alloc(0);
/** Scratch of whatever is read at the moment. */
const span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
const content: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
const element = new Element();
const other = new Element();
const cursor = new OrderedCursor();
const reader = new NodeReader();
const fields = new FieldReader();
const record: PendingRecord = { time: 0, deliveries: 0, consumer: 0 };

/** How a value is held, as sinks see it: a hash without times of fields, whatever it once had, as any other. */
export function encodingOf(value: ReadValue): Encoding {
  const { encoding } = value;
  if (!isTimed(encoding) || hasTimes(value)) return encoding;
  return encoding === Encoding.LISTPACK_EX ? Encoding.LISTPACK : Encoding.HASHTABLE;
}

/** Gives the sink all of a value of this type. Returns what that cost. */
export function walkValue(sink: ValueSink, type: Type, value: ReadValue): number {
  const { object, buffer, from, to } = value;
  let cost = to - from;
  if (object instanceof BlockString) {
    cost = object.length;
    sink.string(object.joined(), 0, cost);
  } else if (type === Type.STRING) sink.string(buffer, from, to);
  else if (object === null) {
    const encoding = encodingOf(value);
    if (encoding === Encoding.LISTPACK_EX) walkTimed(sink, value);
    else walkPacked(sink, type, encoding, buffer, from, encoding === value.encoding ? to : from + packedBytes(buffer, from));
  } else {
    beginCollection(sink, type, object);
    if (type === Type.ZSET) cost = walkInOrder(sink, object as SortedSet);
    else if (type === Type.LIST || type === Type.STREAM) cost = walkWhole(streamed(sink, type, object, "as they are"));
    else cost = walkElements(sink, type, object as ByteMap);
  }
  sink.end();
  return cost;
}

/** Whether a value of this type takes longer than a slice may. */
export function isLong(type: Type, { object, from, to }: ReadValue): boolean {
  if (object === null) return type === Type.STRING && to - from > BULK_BYTES;
  if (type === Type.STRING) return true;
  if (type === Type.LIST) return (object as QuickList).length > STREAMED_NODES || (object as QuickList).longNodes > 0;
  if (type === Type.HASH && (object as ByteMap).valuesInBlocks > 0) return true;
  // The size of a stream counts nodes, pending entries and consumers.
  if (object.size > STREAMED_ELEMENTS) return true;
  return type === Type.STREAM && ((object as Stream).nodes.length > STREAMED_NODES || (object as Stream).nodes.longNodes > 0);
}

/** Begins to give the sink `first` a value of this type as it is now, and goes on with the sink `then`. Returns what is still to be given. */
export function streamValue(first: ValueSink, then: () => ValueSink, type: Type, { object, buffer, from, to }: ReadValue): StreamedValue {
  if (object === null) {
    assert(type === Type.STRING, "only strings are long and held as bytes");
    first.longString(to - from);
    return new StreamedString(then(), buffer, from, to);
  }
  if (object instanceof BlockString) {
    first.longString(object.length);
    return new StreamedBlocks(then(), object);
  }
  beginCollection(first, type, object);
  return streamed(then(), type, object, "captured");
}

function beginCollection(sink: ValueSink, type: Type, object: LargeObject): void {
  if (type === Type.LIST) sink.collection(type, object.size, (object as QuickList).length);
  else if (type === Type.STREAM) sink.collection(type, (object as Stream).length, (object as Stream).nodes.length);
  else if (object instanceof ExpiringMap && object.timed > 0) sink.timedHash(object.size, object.soonest);
  else sink.collection(type, object.size, 0);
}

function streamed(sink: ValueSink, type: Type, object: LargeObject, nodes: "as they are" | "captured"): StreamedValue {
  if (type === Type.LIST) return new StreamedNodes(sink, type, object as QuickList, null, nodes === "captured");
  if (type === Type.STREAM) return new StreamedNodes(sink, type, (object as Stream).nodes, object as Stream, nodes === "captured");
  return new StreamedMap(sink, type, type === Type.ZSET ? (object as SortedSet).map : (object as ByteMap));
}

function walkWhole(value: StreamedValue): number {
  try {
    const cost = value.step(Number.POSITIVE_INFINITY);
    assert(value.done, "a step without a limit gives all of a value");
    return cost;
  } finally {
    value.release();
  }
}

/** What changes nothing meanwhile needs no guard: without one, a SAVE of large hashes takes a tenth less. */
function walkElements(sink: ValueSink, type: Type, map: ByteMap): number {
  let cost = 0;
  map.each((address) => {
    cost += giveElement(sink, type, map, address);
  });
  return cost;
}

/** From the last to the first, as Redis does: loading it then always inserts at the front. */
function walkInOrder(sink: ValueSink, { index, map }: SortedSet): number {
  let cost = 0;
  for (index.seek(cursor, index.size - 1); cursor.chunk !== -1; index.previous(cursor))
    cost += giveElement(sink, Type.ZSET, map, cursor.address);
  return cost;
}

function walkPacked(sink: ValueSink, type: Type, encoding: Encoding, buffer: Buffer, from: number, to: number): void {
  if (sink.packed(type, encoding, buffer, from, to)) return;
  if (encoding === Encoding.INTSET) {
    const length = intsetLength(buffer, from);
    sink.collection(type, length, 0);
    for (let index = 0; index < length; index++) {
      intsetGet(buffer, from, index, element);
      sink.element(element.bytes, element.from, element.to);
    }
    return;
  }
  const entries = packedCount(buffer, from);
  sink.collection(type, type === Type.ZSET || type === Type.HASH ? entries / 2 : entries, 1);
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
    at = packedRead(buffer, at, element);
    if (type === Type.HASH) {
      at = packedRead(buffer, at, other);
      sink.field(element.bytes, element.from, element.to, other.bytes, other.from, other.to, NO_TIME);
    } else if (type === Type.ZSET) {
      sink.scored(element.bytes, element.from, element.to, packedScore(buffer, at));
      at = packedNext(buffer, at);
    } else sink.element(element.bytes, element.from, element.to);
  }
}

/** A small hash with times of fields. */
function walkTimed(sink: ValueSink, value: ReadValue): void {
  const { buffer, from, to } = value;
  if (sink.packed(Type.HASH, Encoding.LISTPACK_EX, buffer, from, to)) return;
  sink.timedHash(packedCount(buffer, from) / 2, soonestPacked(value));
  let index = 0;
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); index++) {
    at = packedRead(buffer, packedRead(buffer, at, element), other);
    sink.field(element.bytes, element.from, element.to, other.bytes, other.from, other.to, packedTime(value, index));
  }
}

/** Gives the element at `address` of a large hash, set or sorted set. Returns about how many bytes that took reading. */
function giveElement(sink: ValueSink, type: Type, map: ByteMap, address: number): number {
  map.table.locateKey(address, span);
  const length = span.to - span.from;
  if (type === Type.SET) {
    sink.element(span.buffer, span.from, span.to);
    return length;
  }
  if (type === Type.ZSET) {
    sink.scored(span.buffer, span.from, span.to, recordScore(map.table, address));
    return length + SCORE_BYTES;
  }
  const blocks = map.blocksAt(address);
  if (blocks === null) map.locateValue(address, content);
  else {
    content.buffer = blocks.joined();
    content.from = 0;
    content.to = blocks.length;
  }
  sink.field(span.buffer, span.from, span.to, content.buffer, content.from, content.to, timeOf(map, address));
  return length + content.to - content.from;
}

/**
 * A large hash, set or sorted set. Elements that are about to change before their turn are kept aside and given from there; so are those whose
 * value is in blocks, which is given in pieces.
 */
class StreamedMap implements StreamedValue, RecordWriter {
  readonly blocked = false;
  done = false;
  private readonly sink: ValueSink;
  private readonly type: Type;
  private readonly map: ByteMap;
  private readonly walk: TableWalk;
  private readonly early: EarlyElements;

  constructor(sink: ValueSink, type: Type, map: ByteMap) {
    this.sink = sink;
    this.type = type;
    this.map = map;
    this.early = new EarlyElements(type, map);
    this.walk = new TableWalk(map.table, this);
  }

  step(limit: number): number {
    assert(!this.done, "a large collection is asked for more only while there is more");
    const { walk, early } = this;
    let cost = early.give(this.sink, limit);
    if (cost < limit && !walk.through) cost += walk.step(limit - cost);
    if (!walk.through || !early.empty) return cost;
    this.done = true;
    walk.release();
    this.sink.end();
    return cost;
  }

  write(_chain: number, address: number, changing: boolean): number {
    const { map, type } = this;
    const aside = changing || (type === Type.HASH && map.valuesInBlocks > 0 && map.blocksAt(address) !== null);
    return aside ? this.early.add(address) : giveElement(this.sink, type, map, address);
  }

  keep(): void {}

  release(): void {
    this.walk.release();
    this.early.release();
  }
}

/** A large list or a stream, node by node: a node that changes meanwhile is copied first (memory/nodes.ts). */
class StreamedNodes implements StreamedValue {
  done = false;
  private readonly sink: ValueSink;
  private readonly parts: Generator<number>;
  /** Those that are not released yet. */
  private images: readonly NodeImage[];

  constructor(sink: ValueSink, type: Type, nodes: NodeDeque, stream: Stream | null, captures: boolean) {
    const images: NodeImage[] = [];
    const capture = (deque: NodeDeque): ReadNodes => {
      if (!captures) return deque;
      const image = deque.capture();
      images.push(image);
      return image;
    };
    this.sink = sink;
    this.images = images;
    const captured = capture(nodes);
    this.parts = stream === null ? listParts(sink, type, captured, captures) : streamParts(sink, captured, stream, capture, captures);
  }

  step(limit: number): number {
    assert(!this.done, "a list or stream is asked for more only while there is more");
    let cost = 0;
    while (cost < limit) {
      const { value, done } = this.parts.next();
      if (done === true) {
        this.done = true;
        this.release();
        this.sink.end();
        break;
      }
      cost += value;
    }
    return cost;
  }

  keep(): void {}

  release(): void {
    for (const image of this.images) image.release();
    this.images = [];
  }
}

/** Gives the nodes of a list or of a stream's entries, with `inPieces` not all of a long one at once; each time, what that cost. */
function* listParts(sink: ValueSink, type: Type, nodes: ReadNodes, inPieces: boolean): Generator<number> {
  for (let index = 0; index < nodes.length; index++) {
    if (inPieces && type === Type.STREAM && nodes.refers(index)) {
      yield* sink.longNode(nodes, index);
      continue;
    }
    const blocks = inPieces ? nodes.blocksAt(index) : null;
    if (blocks !== null) {
      sink.longElement(blocks.length);
      yield* pieceParts(blocks, (bytes, from, to) => sink.piece(bytes, from, to));
      sink.endLong();
      continue;
    }
    const bytes = sink.node(type, nodes, index);
    yield NODE_COST + (bytes >= 0 ? bytes : giveNode(sink, type, nodes, index));
  }
}

function giveNode(sink: ValueSink, type: Type, nodes: ReadNodes, index: number): number {
  const blocks = nodes.blocksAt(index);
  if (blocks !== null) {
    sink.element(blocks.joined(), 0, blocks.length);
    return blocks.length;
  }
  nodes.locate(index, span);
  const { buffer, from, to } = span;
  if (type === Type.STREAM) giveEntries(sink, nodes);
  else if (nodes.kind(index) !== PACKED) sink.element(buffer, from, to);
  else {
    for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
      at = packedRead(buffer, at, element);
      sink.element(element.bytes, element.from, element.to);
    }
  }
  return to - from;
}

/** The entries of the node `span`. */
function giveEntries(sink: ValueSink, { tables }: ReadNodes): void {
  reader.open(span);
  while (reader.next()) {
    if ((reader.flags & DELETED) !== 0) continue;
    fields.open(tables.objects, reader.buffer, reader.masterFieldsAt, reader.contentAt, reader.flags);
    sink.entry(reader.id, reader.fields, fields);
  }
  reader.close();
}

/** An entry that is being read: its id and number of fields, and these. */
export interface ReadEntry {
  readonly reader: Pick<NodeReader, "id" | "fields">;
  readonly fields: FieldReader;
}

/** Gives the entries of a node of a stream with readers of their own: others may read nodes between two of them. */
export function* entriesOf(nodes: ReadNodes, index: number): Generator<ReadEntry> {
  const at: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
  nodes.locate(index, at);
  const entry = { reader: new NodeReader().open(at), fields: new FieldReader() };
  while (entry.reader.next()) {
    const { buffer, masterFieldsAt, contentAt, flags } = entry.reader;
    if ((flags & DELETED) !== 0) continue;
    entry.fields.open(nodes.tables.objects, buffer, masterFieldsAt, contentAt, flags);
    yield entry;
  }
}

/** Gives a stream, as it is when this is called. */
function streamParts(
  sink: ValueSink,
  entries: ReadNodes,
  stream: Stream,
  capture: (nodes: NodeDeque) => ReadNodes,
  inPieces: boolean,
): Generator<number> {
  const { lastId, firstId, maxDeletedId, entriesAdded } = stream;
  const facts: StreamFacts = { lastId: idOf(lastId), firstId: idOf(firstId), maxDeletedId: idOf(maxDeletedId), entriesAdded };
  const groups = stream.groups.values().map((group): GroupFacts => {
    const consumers = group.consumers.values();
    return {
      name: Buffer.from(group.name, "latin1"),
      lastId: idOf(group.lastId),
      entriesRead: group.entriesRead,
      pending: capture(group.pending.nodes),
      consumers: consumers.map(({ nameBytes, seenTime, activeTime, pending }) => ({
        name: nameBytes,
        seenTime,
        activeTime,
        owned: capture(pending.nodes),
      })),
      consumerNames: new Map(consumers.map(({ index, nameBytes }) => [index, nameBytes])),
    };
  });
  return capturedStreamParts(sink, entries, facts, groups, inPieces);
}

function idOf(id: StreamId): StreamId {
  return new StreamId().assign(id);
}

function* capturedStreamParts(
  sink: ValueSink,
  entries: ReadNodes,
  facts: StreamFacts,
  groups: readonly GroupFacts[],
  inPieces: boolean,
): Generator<number> {
  yield* listParts(sink, Type.STREAM, entries, inPieces);
  sink.streamFacts(entries.size, facts, groups.length);
  for (const group of groups) {
    sink.group(group);
    for (let index = 0; index < group.pending.length; index++) yield NODE_COST + givePending(sink, group, index);
    sink.consumers(group.consumers.length);
    for (const consumer of group.consumers) {
      sink.consumer(group, consumer);
      yield NODE_COST;
      for (let index = 0; index < consumer.owned.length; index++) {
        consumer.owned.locate(index, span);
        sink.owned(span.buffer, span.from, span.to);
        yield NODE_COST + span.to - span.from;
      }
    }
  }
}

function givePending(sink: ValueSink, group: GroupFacts, index: number): number {
  group.pending.locate(index, span);
  const { buffer, from, to } = span;
  assert((to - from) % StreamGroup.recordBytes === 0, "a node of pending entries holds whole records");
  for (let at = from; at < to; at += StreamGroup.recordBytes) {
    readPendingRecord(buffer, at, record);
    sink.pending(group, buffer, at, record);
  }
  return to - from;
}
