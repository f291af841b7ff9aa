/**
 * A stream, written bit by bit as it was when it was lent (VALUE_TYPE.streamListpacks2; the form is in rdb/stream-value.ts). What stands in nodes is captured
 * (memory/nodes.ts), the rest is little and is copied.
 */

import type { Counter } from "../base/numbers/counter.ts";
import type { NodeImage } from "../memory/node-image.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import { writeDormant } from "../rdb/compressed-node.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import type { Stream } from "../values/stream/stream.ts";
import { type PendingRecord, readPendingRecord, type StreamConsumer, StreamGroup } from "../values/stream/stream-group.ts";
import { ID_BYTES, StreamId } from "../values/stream/stream-id.ts";
import { ListpackMaker } from "../values/stream/stream-listpack.ts";
import type { NodeWriter } from "./streamed-nodes.ts";
import type { LentValue } from "./streamed-value.ts";

/** What is written at one go costs this much beside its bytes. */
const STEP_COST = 64;

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const maker = new ListpackMaker();
const record: PendingRecord = { time: 0, deliveries: 0, consumer: 0 };

/** A part of the stream: what stands before its nodes, and the nodes. */
interface Section {
  readonly head: (out: RdbWriter) => void;
  readonly nodes: NodeImage;
  readonly writeNode: NodeWriter;
}

export class LentStream implements LentValue {
  /** Those that are not written yet. */
  private readonly sections: Section[] = [];
  private readonly tail: (out: RdbWriter) => void;
  /** The node of the first section to be written next, -1 before its head is. */
  private node = -1;
  done = false;

  constructor(stream: Stream) {
    const entries = stream.nodes.capture();
    this.sections.push({ head: (out) => out.length(entries.length), nodes: entries, writeNode: writeEntries });
    let before = factsWriter(stream);
    for (const group of stream.groups.values()) before = this.addGroup(group, before);
    this.tail = before;
  }

  /** `before`: what has to be written first. -> what has to be written after it. */
  private addGroup(group: StreamGroup, before: (out: RdbWriter) => void): (out: RdbWriter) => void {
    const { entriesRead } = group;
    const name = Buffer.from(group.name, "latin1");
    const lastId = new StreamId().assign(group.lastId);
    const pending = group.pending.nodes.capture();
    const consumers = group.consumers.size;
    const head = (out: RdbWriter) => {
      before(out);
      out.rawString(name, 0, name.length);
      writeId(out, lastId);
      writeCounter(out, entriesRead);
      out.length(pending.size);
    };
    this.sections.push({ head, nodes: pending, writeNode: writePending });
    let after = (out: RdbWriter) => out.length(consumers);
    for (const consumer of group.consumers.values()) {
      this.addConsumer(consumer, after);
      after = NOTHING;
    }
    return after;
  }

  private addConsumer({ name, seenTime, pending }: StreamConsumer, before: (out: RdbWriter) => void): void {
    const text = Buffer.from(name, "latin1");
    const owned = pending.nodes.capture();
    const head = (out: RdbWriter) => {
      before(out);
      out.rawString(text, 0, text.length);
      out.int64(seenTime);
      out.length(owned.size);
    };
    this.sections.push({ head, nodes: owned, writeNode: writeOwned });
  }

  write(out: RdbWriter, limit: number): number {
    let written = 0;
    while (!this.done && written < limit) written += STEP_COST + this.step(out);
    return written;
  }

  private step(out: RdbWriter): number {
    const section = this.sections[0];
    if (section === undefined) {
      this.tail(out);
      this.done = true;
      return 0;
    }
    if (this.node === -1) {
      section.head(out);
      this.node = 0;
      return 0;
    }
    if (this.node < section.nodes.length) return section.writeNode(out, section.nodes, this.node++);
    this.sections.shift();
    section.nodes.release();
    this.node = -1;
    return 0;
  }

  keep(): void {}

  release(): void {
    for (const { nodes } of this.sections.splice(0)) nodes.release();
    this.done = true;
  }
}

const NOTHING = () => {};

/** Writes the facts as they are now, and how many groups there are. */
function factsWriter(stream: Stream): (out: RdbWriter) => void {
  const { length, entriesAdded } = stream;
  const [last, first, deleted] = [stream.lastId, stream.firstId, stream.maxDeletedId].map((id) => new StreamId().assign(id));
  const groups = stream.groups.size;
  return (out) => {
    out.length(length);
    for (const id of [last, first, deleted]) writeId(out, id);
    writeCounter(out, entriesAdded);
    out.length(groups);
  };
}

/** A node of entries. */
const writeEntries: NodeWriter = (out, nodes, index) => {
  if (nodes.isCompressed(index)) nodes.locateStored(index, span);
  else nodes.locate(index, span);
  out.rawString(span.buffer, span.from, span.from + ID_BYTES);
  if (nodes.isCompressed(index)) return writeDormant(out, span, ID_BYTES);
  const length = maker.make(span, nodes.count(index));
  out.rawString(maker.bytes, 0, length);
  return length;
};

/** A node of pending entries of a group. */
const writePending: NodeWriter = (out, nodes, index) => {
  nodes.locate(index, span);
  for (let at = span.from; at < span.to; at += StreamGroup.recordBytes) {
    readPendingRecord(span.buffer, at, record);
    out.raw(span.buffer, at, at + ID_BYTES);
    out.int64(record.time);
    writeCounter(out, record.deliveries);
  }
  return span.to - span.from;
};

/** A node of the ids that a consumer has pending. */
const writeOwned: NodeWriter = (out, nodes, index) => {
  nodes.locate(index, span);
  out.raw(span.buffer, span.from, span.to);
  return span.to - span.from;
};

function writeId(out: RdbWriter, id: StreamId): void {
  out.length64(id.msHigh, id.msLow);
  out.length64(id.seqHigh, id.seqLow);
}

/** A counter as a length: -1 is 2^64 - 1 there. */
function writeCounter(out: RdbWriter, value: Counter): void {
  if (typeof value === "number" && value >= 0) return out.length(value);
  const bits = BigInt.asUintN(64, BigInt(value));
  out.length64(Number(bits >> 32n), Number(bits & 0xffffffffn));
}
