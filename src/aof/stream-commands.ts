/**
 * A stream as commands, bit by bit, as it was when it was lent: XADD for each entry, XSETID for what entries do not tell, XGROUP CREATE for each group, XCLAIM for each
 * pending entry, XGROUP CREATECONSUMER for consumers that have none.
 */

import type { NodeImage } from "../memory/node-image.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import type { LentValue } from "../snapshot/streamed-value.ts";
import type { Stream } from "../values/stream/stream.ts";
import { type PendingRecord, readPendingRecord, StreamGroup } from "../values/stream/stream-group.ts";
import { StreamId } from "../values/stream/stream-id.ts";
import { DELETED, FieldReader, NodeReader } from "../values/stream/stream-node.ts";
import { type CommandBytes, writeElement, writeNumber, writeText, writeWord, writeWords } from "./protocol.ts";

const STEP_COST = 64;

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const reader = new NodeReader();
const fields = new FieldReader();
const id = new StreamId();
const record: PendingRecord = { time: 0, deliveries: 0, consumer: 0 };

/** Nodes to be written one by one, and what stands before and after them. */
interface Section {
  readonly nodes: NodeImage;
  readonly writeNode: (out: CommandBytes, nodes: NodeImage, index: number) => number;
  readonly head: ((out: CommandBytes) => void) | null;
  readonly tail: (out: CommandBytes) => void;
}

export class StreamCommands implements LentValue {
  private readonly key: Buffer;
  /** Those that are not written yet. */
  private readonly sections: Section[] = [];
  /** The node of the first section to be written next, -1 before its head is. */
  private node = -1;

  /** `key` must stay as it is. */
  constructor(stream: Stream, key: Buffer) {
    this.key = key;
    this.sections.push({
      nodes: stream.nodes.capture(),
      writeNode: (out, nodes, index) => this.writeEntries(out, nodes, index),
      head: stream.length === 0 ? (out) => this.writeEmpty(out) : null,
      tail: this.factsWriter(stream),
    });
    for (const group of stream.groups.values()) this.addGroup(group);
  }

  get done(): boolean {
    return this.sections.length === 0;
  }

  private addGroup(group: StreamGroup): void {
    const name = Buffer.from(group.name, "latin1");
    const lastId = group.lastId.toString();
    const entriesRead = String(group.entriesRead);
    const consumers = new Map(group.consumers.values().map((consumer) => [consumer.index, consumer.nameBytes]));
    const idle = group.consumers.values().filter(({ pending }) => pending.size === 0);
    const idleNames = idle.map(({ nameBytes }) => nameBytes);
    this.sections.push({
      nodes: group.pending.nodes.capture(),
      writeNode: (out, nodes, index) => this.writePending(out, nodes, index, name, consumers),
      head: (out) => {
        this.begin(out, 7, "XGROUP", "CREATE");
        writeWord(out, name, 0, name.length);
        for (const word of [lastId, "ENTRIESREAD", entriesRead]) writeText(out, word);
      },
      tail: (out) => {
        for (const consumer of idleNames) {
          this.begin(out, 5, "XGROUP", "CREATECONSUMER");
          writeWord(out, name, 0, name.length);
          writeWord(out, consumer, 0, consumer.length);
        }
      },
    });
  }

  /** A command of `count` words begins: its name, and the key. */
  private begin(out: CommandBytes, count: number, ...name: string[]): void {
    writeWords(out, count);
    for (const word of name) writeText(out, word);
    writeWord(out, this.key, 0, this.key.length);
  }

  /** There is no command that makes an empty stream: one that adds an entry and trims it away does. */
  private writeEmpty(out: CommandBytes): void {
    this.begin(out, 7, "XADD");
    for (const word of ["MAXLEN", "0", "0-1", "x", "y"]) writeText(out, word);
  }

  private factsWriter(stream: Stream): (out: CommandBytes) => void {
    const words = [stream.lastId.toString(), "ENTRIESADDED", String(stream.entriesAdded), "MAXDELETEDID", stream.maxDeletedId.toString()];
    return (out) => {
      this.begin(out, 7, "XSETID");
      for (const word of words) writeText(out, word);
    };
  }

  private writeEntries(out: CommandBytes, nodes: NodeImage, index: number): number {
    nodes.locate(index, span);
    reader.open(span);
    while (reader.next()) {
      if ((reader.flags & DELETED) !== 0) continue;
      this.begin(out, 3 + reader.fields * 2, "XADD");
      writeText(out, reader.id.toString());
      fields.open(reader.buffer, reader.masterFieldsAt, reader.contentAt, reader.flags);
      for (let left = reader.fields; left > 0; left--) {
        fields.next();
        writeElement(out, fields.field);
        writeElement(out, fields.value);
      }
    }
    reader.close();
    return span.to - span.from;
  }

  private writePending(out: CommandBytes, nodes: NodeImage, index: number, group: Buffer, consumers: ReadonlyMap<number, Buffer>): number {
    nodes.locate(index, span);
    for (let at = span.from; at < span.to; at += StreamGroup.recordBytes) {
      readPendingRecord(span.buffer, at, record);
      const consumer = consumers.get(record.consumer);
      if (consumer === undefined) continue;
      this.begin(out, 12, "XCLAIM");
      writeWord(out, group, 0, group.length);
      writeWord(out, consumer, 0, consumer.length);
      writeText(out, "0");
      writeText(out, id.read(span.buffer, at).toString());
      writeText(out, "TIME");
      writeNumber(out, record.time);
      writeText(out, "RETRYCOUNT");
      writeText(out, String(record.deliveries));
      writeText(out, "JUSTID");
      writeText(out, "FORCE");
    }
    return span.to - span.from;
  }

  write(out: CommandBytes, limit: number): number {
    let written = 0;
    while (this.sections.length > 0 && written < limit) written += STEP_COST + this.step(out);
    return written;
  }

  private step(out: CommandBytes): number {
    const section = this.sections[0];
    if (this.node === -1) {
      section.head?.(out);
      this.node = 0;
      return 0;
    }
    if (this.node < section.nodes.length) return section.writeNode(out, section.nodes, this.node++);
    section.tail(out);
    section.nodes.release();
    this.sections.shift();
    this.node = -1;
    return 0;
  }

  keep(): void {}

  release(): void {
    for (const { nodes } of this.sections.splice(0)) nodes.release();
  }
}
