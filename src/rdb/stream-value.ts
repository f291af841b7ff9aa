/**
 * Streams: their nodes, then facts about the stream, then its consumer groups. Each node, pending entry and consumer is an atom.
 *
 *     number of nodes; of each: master id (a string of 16 bytes), listpack
 *     number of entries, last id; from version 10 on: first id, greatest deleted id, entries ever added
 *     number of groups; of each:
 *         name, last id; from version 10 on: entries read
 *         number of pending entries; of each: id (16 bytes), delivery time, number of deliveries
 *         number of consumers; of each: name, time seen, from version 11 on time active, number of pending entries and their ids
 *         in Redis's version 14: number and ids of pending entries that belong to no consumer; they are left out
 *     from Redis's version 13 on, what producers have been told, which is left out: for how long it is kept, how much of it, number of
 *         producers; of each: name, number of ids; of each: id, id of the entry; and two counters
 */
import { assert } from "../assert.ts";
import { latin1 } from "../base/bytes.ts";
import { type Counter, counter } from "../base/numbers/counter.ts";
import { createStream, type Stream } from "../values/stream/stream.ts";
import { StreamCursor } from "../values/stream/stream-cursor.ts";
import type { StreamConsumer, StreamGroup } from "../values/stream/stream-group.ts";
import { ID_BYTES, StreamId } from "../values/stream/stream-id.ts";
import { NodeMaker } from "../values/stream/stream-listpack.ts";
import type { Temporary } from "../values/temporary.ts";
import { Type } from "../values/value-types.ts";
import { BAD_LISTPACK } from "./collection-value.ts";
import { STREAM_FORM as COMPRESSED_FORM, CompressedNode } from "./compressed-node.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure } from "./error.ts";
import type { RdbInput } from "./input.ts";
import type { Omitted } from "./omitted.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** What is known of a stream depends on when it was saved. */
export const STREAM_FORM = { first: 1, withFacts: 2, withActiveTime: 3, withProducers: 4, withUnowned: 5 } as const;
export type StreamForm = (typeof STREAM_FORM)[keyof typeof STREAM_FORM];

const PART = {
  nodes: 0,
  facts: 1,
  group: 2,
  pending: 3,
  consumers: 4,
  consumer: 5,
  owned: 6,
  unowned: 7,
  unownedId: 8,
  producers: 9,
  producer: 10,
  producedId: 11,
  counters: 12,
  end: 13,
} as const;
type Part = (typeof PART)[keyof typeof PART];

export class StreamReader implements ValueReader {
  private readonly form: StreamForm;
  private readonly maker = new NodeMaker();
  private readonly compressed = new CompressedNode();
  private readonly cursor = new StreamCursor();
  private readonly text = new RdbString();
  private readonly node = new RdbString();
  private readonly id = new StreamId();
  private readonly lastId = new StreamId();
  private readonly firstId = new StreamId();
  private readonly maxDeletedId = new StreamId();
  /** The last id of the nodes so far; of one that stays compressed, the first. */
  private readonly before = new StreamId();
  private part: Part = PART.nodes;
  private draft: Temporary | null = null;
  private stream: Stream | null = null;
  private group: StreamGroup | null = null;
  private consumer: StreamConsumer | null = null;
  private nodesLeft = 0;
  private groupsLeft = 0;
  private pendingLeft = 0;
  private consumersLeft = 0;
  private ownedLeft = 0;
  /** Pending entries of the group whose consumer has not come yet. */
  private unowned = 0;
  private producersLeft = 0;
  private producedLeft = 0;
  /** What is left out of the stream. */
  private omittedPending = 0;
  private omittedProduced = 0;
  private hasProducers = false;

  constructor(form: StreamForm) {
    this.form = form;
  }

  begin({ input, handler }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.nodesLeft = input.value;
    this.draft = handler.draft(Type.STREAM);
    this.stream = createStream(this.draft);
    this.before.setZero();
    this.omittedPending = 0;
    this.omittedProduced = 0;
    this.hasProducers = false;
    this.part = this.nodesLeft > 0 ? PART.nodes : PART.facts;
    return STEP.more;
  }

  next(context: ReadContext): Step {
    if (!this.read(context.input)) return STEP.incomplete;
    if (this.part === PART.group && this.groupsLeft === 0) this.part = this.form >= STREAM_FORM.withProducers ? PART.producers : PART.end;
    if (this.part !== PART.end) return STEP.more;
    this.noteOmitted(context.omitted);
    const { draft } = this;
    assert(draft !== null, "a stream ends once");
    this.draft = null;
    this.stream = null;
    this.group = null;
    this.consumer = null;
    context.handler.collection(context.entry, draft);
    return STEP.done;
  }

  /** Reads an atom. Returns false, with nothing changed, when the window ends inside it. */
  private read(input: RdbInput): boolean {
    const stream = this.stream as Stream;
    switch (this.part) {
      case PART.nodes:
        return this.readNode(input, stream);
      case PART.facts:
        return this.readFacts(input, stream);
      case PART.group:
        return this.readGroup(input, stream);
      case PART.pending:
        return this.readPending(input, this.group as StreamGroup);
      case PART.consumers:
        return this.readConsumers(input);
      case PART.consumer:
        return this.readConsumer(input, this.group as StreamGroup);
      case PART.owned:
        return this.readOwned(input, this.group as StreamGroup, this.consumer as StreamConsumer);
      case PART.unowned:
        return this.readUnowned(input);
      case PART.unownedId:
        return this.readUnownedId(input, this.group as StreamGroup);
      case PART.producers:
        return this.readProducers(input);
      case PART.producer:
        return this.readProducer(input);
      case PART.producedId:
        return this.readProducedId(input);
      case PART.counters:
        return this.readCounters(input);
      case PART.end:
        assert(false, "nothing is read behind the end of a stream");
    }
  }

  private readNode(input: RdbInput, stream: Stream): boolean {
    const { text, node, id, maker, before, compressed } = this;
    if (!input.readString(text) || !input.readCompressed(node)) return false;
    if (text.length !== ID_BYTES) throw input.error("Stream node key entry is not the size of a stream ID", input.start);
    id.read(text.bytes, text.from);
    if (stream.nodes.length > 0 && id.compare(before) <= 0) throw input.error("the nodes of the stream are not in order", input.start);
    const inner = input.vouched && this.nodesLeft > 1 && stream.nodes.length > 0;
    if (input.unpacked >= 0) {
      if (inner && compressed.takeStream(input, id)) {
        stream.appendCompressed(compressed.bytes, compressed.length, compressed.count, COMPRESSED_FORM);
        before.assign(id);
        this.nodesLeft--;
        return true;
      }
      input.expand(node);
    }
    if (!maker.make(node.bytes, node.from, node.to, id)) throw input.error(integrityFailure("Stream listpack", BAD_LISTPACK), input.start);
    stream.appendNode(maker.bytes, maker.length, maker.live, maker.values);
    maker.release();
    before.assign(maker.last);
    if (--this.nodesLeft === 0) this.part = PART.facts;
    return true;
  }

  private readFacts(input: RdbInput, stream: Stream): boolean {
    const { lastId, firstId, maxDeletedId, cursor } = this;
    if (!input.readLength()) return false;
    const length = input.value;
    if (!readId(input, lastId)) return false;
    let entriesAdded: Counter = stream.length;
    maxDeletedId.setZero();
    if (this.form >= STREAM_FORM.withFacts) {
      if (!readId(input, firstId) || !readId(input, maxDeletedId) || !input.readLength()) return false;
      entriesAdded = counterOf(input);
    }
    if (!input.readLength()) return false;
    this.groupsLeft = input.value;
    if (length > 0 && stream.nodes.length === 0) throw input.error("Stream length inconsistent with rax entries", input.start);
    if (stream.nodes.length > 0 && lastId.compare(this.before) < 0)
      throw input.error("the last id of the stream is not its last", input.start);
    stream.measureTail();
    // The first id is found rather than believed.
    firstId.setZero();
    if (cursor.open(stream, null, null).next()) firstId.assign(cursor.id);
    cursor.close();
    stream.setFacts({ lastId, firstId, maxDeletedId, entriesAdded });
    this.part = PART.group;
    return true;
  }

  private readGroup(input: RdbInput, stream: Stream): boolean {
    const { text, id } = this;
    if (!input.readString(text) || !readId(input, id)) return false;
    const withFacts = this.form >= STREAM_FORM.withFacts;
    if (withFacts && !input.readLength()) return false;
    const entriesRead = withFacts ? counterOf(input) : stream.distance(id);
    if (!input.readLength()) return false;
    const name = latin1(text.bytes, text.from, text.to);
    if (stream.groups.get(name) !== undefined) throw input.error(`Duplicated consumer group name ${JSON.stringify(name)}`, input.start);
    this.group = stream.createGroup(name, id, entriesRead);
    this.pendingLeft = input.value;
    this.unowned = input.value;
    this.part = this.pendingLeft > 0 ? PART.pending : PART.consumers;
    return true;
  }

  private readPending(input: RdbInput, group: StreamGroup): boolean {
    const { id } = this;
    if (!readRawId(input, id) || !input.readInt64()) return false;
    const time = input.number;
    if (!input.readLength()) return false;
    if (!group.addUnowned(id, time, counterOf(input)))
      throw input.error("Duplicated global PEL entry loading stream consumer group", input.start);
    if (--this.pendingLeft === 0) this.part = PART.consumers;
    return true;
  }

  private readConsumers(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.consumersLeft = input.value;
    this.part = PART.consumer;
    if (this.consumersLeft === 0) this.endConsumers(input);
    return true;
  }

  private readConsumer(input: RdbInput, group: StreamGroup): boolean {
    const { text } = this;
    if (!input.readString(text) || !input.readInt64()) return false;
    const seenTime = input.number;
    if (this.form >= STREAM_FORM.withActiveTime && !input.readInt64()) return false;
    const activeTime = input.number;
    if (!input.readLength()) return false;
    const name = latin1(text.bytes, text.from, text.to);
    if (group.consumers.get(name) !== undefined) throw input.error("Duplicate stream consumer detected", input.start);
    this.consumer = group.addConsumer(name, seenTime);
    this.consumer.activeTime = activeTime;
    this.ownedLeft = input.value;
    this.part = PART.owned;
    if (this.ownedLeft === 0) this.endConsumer(input);
    return true;
  }

  private readOwned(input: RdbInput, group: StreamGroup, consumer: StreamConsumer): boolean {
    const { id } = this;
    if (!readRawId(input, id)) return false;
    assert(this.ownedLeft > 0, "a consumer's pending entries are read only while there are some to come");
    if (!group.own(id, consumer))
      throw input.error("Consumer entry not found in group global PEL, or owned by another consumer", input.start);
    this.unowned--;
    if (--this.ownedLeft === 0) this.endConsumer(input);
    return true;
  }

  private endConsumer(input: RdbInput): void {
    this.part = PART.consumer;
    if (--this.consumersLeft === 0) this.endConsumers(input);
  }

  private endConsumers(input: RdbInput): void {
    if (this.form >= STREAM_FORM.withUnowned) this.part = PART.unowned;
    else this.endGroup(input);
  }

  private readUnowned(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.ownedLeft = input.value;
    this.part = PART.unownedId;
    if (this.ownedLeft === 0) this.endGroup(input);
    return true;
  }

  private readUnownedId(input: RdbInput, group: StreamGroup): boolean {
    const { id } = this;
    if (!readRawId(input, id)) return false;
    if (!group.dropUnowned(id)) throw input.error("a pending entry without a consumer is not one of its group, or has one", input.start);
    this.unowned--;
    this.omittedPending++;
    if (--this.ownedLeft === 0) this.endGroup(input);
    return true;
  }

  private endGroup(input: RdbInput): void {
    if (this.unowned > 0) throw input.error("Stream CG PEL entry without consumer", input.start);
    this.groupsLeft--;
    this.part = PART.group;
  }

  // ---- what producers have been told

  private readProducers(input: RdbInput): boolean {
    if (!input.readLength() || !input.readLength() || !input.readLength()) return false;
    this.producersLeft = input.value;
    this.hasProducers = this.producersLeft > 0;
    this.part = this.producersLeft > 0 ? PART.producer : PART.counters;
    return true;
  }

  private readProducer(input: RdbInput): boolean {
    if (!input.readString(this.text) || !input.readLength()) return false;
    this.producedLeft = input.value;
    this.part = PART.producedId;
    if (this.producedLeft === 0) this.endProducer();
    return true;
  }

  private readProducedId(input: RdbInput): boolean {
    if (!input.readString(this.text) || !input.readLength() || !input.readLength()) return false;
    this.omittedProduced++;
    if (--this.producedLeft === 0) this.endProducer();
    return true;
  }

  private endProducer(): void {
    this.part = --this.producersLeft > 0 ? PART.producer : PART.counters;
  }

  private readCounters(input: RdbInput): boolean {
    if (!input.readLength() || !input.readLength()) return false;
    this.part = PART.end;
    return true;
  }

  private noteOmitted(omitted: Omitted): void {
    omitted.pendingEntries += this.omittedPending;
    omitted.producedIds += this.omittedProduced;
    if (this.omittedPending > 0) omitted.pendingStreams++;
    if (this.hasProducers) omitted.producerStreams++;
  }
}

/** Reads two lengths into `id`. */
function readId(input: RdbInput, id: StreamId): boolean {
  if (!input.readLength()) return false;
  id.msHigh = input.valueHigh;
  id.msLow = input.valueLow;
  if (!input.readLength()) return false;
  id.seqHigh = input.valueHigh;
  id.seqLow = input.valueLow;
  return true;
}

/** Reads 16 bytes into `id`. */
function readRawId(input: RdbInput, id: StreamId): boolean {
  const at = input.pos;
  if (!input.skip(ID_BYTES)) return false;
  id.read(input.bytes, at);
  return true;
}

/** The length just read, as the int64 that was saved: -1 is 2^64 - 1 there. */
function counterOf({ value, valueHigh, valueLow }: RdbInput): Counter {
  if (Number.isSafeInteger(value)) return value;
  return counter(BigInt.asIntN(64, (BigInt(valueHigh) << 32n) | BigInt(valueLow >>> 0)));
}
