/** Going through the entries of a stream, in either direction, from id to id. Reused; nothing is allocated after the first use. */

import type { ByteSpan } from "../../memory/record-table.ts";
import type { Stream } from "./stream.ts";
import { StreamId } from "./stream-id.ts";
import { DELETED, FieldReader, NodeReader } from "./stream-node.ts";

const NO_BYTES = Buffer.alloc(0);

/** What is kept of an entry to come back to it: four words of the id, flags, fields, offset of the content. */
const KEPT = 7;
const FIRST_KEPT = 128 * KEPT;

const FIRST = new StreamId();
const LAST = new StreamId().setMax();

export class StreamCursor {
  /** The entry it stands at: its id and how many fields it has. */
  readonly id = new StreamId();
  fields = 0;
  /** Shows the fields of the entry: `content.next()` for each. Good until the next change of anything. */
  readonly content = new FieldReader();
  private stream: Stream | null = null;
  private readonly start = new StreamId();
  private readonly end = new StreamId();
  private reverse = false;
  private node = 0;
  private readonly reader = new NodeReader();
  private readonly span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
  /** In reverse: the live entries of the node up to `end`, and how many have not been shown. */
  private kept = new Float64Array(FIRST_KEPT);
  private left = 0;
  private opened = false;
  /** `countAhead` has gone to the next entry already. */
  private ahead = false;

  /** Stands before the first (`reverse`: after the last) entry from `start` to `end`, both included; null: of all. Returns itself. */
  open(stream: Stream, start: StreamId | null, end: StreamId | null, options: { reverse: boolean } = FORWARD): this {
    this.stream = stream;
    this.start.assign(start ?? FIRST);
    this.end.assign(end ?? LAST);
    this.reverse = options.reverse;
    this.opened = false;
    this.ahead = false;
    this.left = 0;
    this.node = this.reverse ? stream.nodeOf(this.end) : Math.max(0, stream.nodeOf(this.start));
    return this;
  }

  /** Lets go of the stream. */
  close(): void {
    this.stream = null;
    this.span.buffer = NO_BYTES;
    this.reader.close();
  }

  /** Goes to the next entry. Returns whether there is one. */
  next(): boolean {
    if (this.ahead) {
      this.ahead = false;
      return true;
    }
    return this.reverse ? this.nextBackward() : this.nextForward();
  }

  /** Returns how many entries `next` will go to, up to `limit`; for a cursor just opened. The first of them is sought once for both. */
  countAhead(limit: number): number {
    const { stream } = this;
    if (stream === null || limit === 0) return 0;
    if (this.reverse) return countRange(stream, this.start, this.end, limit);
    if (!this.nextForward()) return 0;
    this.ahead = true;
    const { reader } = counting;
    reader.follow(this.reader);
    const count = 1 + countOn(this.start, this.end, limit - 1);
    return count < limit ? count + countNodes(stream, this.node + 1, this.start, this.end, limit - count) : count;
  }

  private nextForward(): boolean {
    const { reader, stream } = this;
    if (stream === null) return false;
    for (;;) {
      if (!this.opened) {
        if (this.node >= stream.nodes.length) return false;
        stream.nodes.locate(this.node, this.span);
        reader.open(this.span);
        this.opened = true;
      }
      while (reader.next()) {
        if ((reader.flags & DELETED) !== 0 || reader.id.compare(this.start) < 0) continue;
        if (reader.id.compare(this.end) > 0) return false;
        this.id.assign(reader.id);
        this.fields = reader.fields;
        this.content.open(stream.nodes.tables.objects, reader.buffer, reader.masterFieldsAt, reader.contentAt, reader.flags);
        return true;
      }
      this.node++;
      this.opened = false;
    }
  }

  private nextBackward(): boolean {
    const { id, stream } = this;
    if (stream === null) return false;
    while (this.left === 0) {
      if (this.opened) this.node--;
      if (this.node < 0) return false;
      this.keepNode(stream);
      this.opened = true;
    }
    const at = --this.left * KEPT;
    const from = this.kept;
    id.setWords(from[at], from[at + 1], from[at + 2], from[at + 3]);
    if (id.compare(this.start) < 0) {
      this.left = 0;
      this.node = -1;
      return false;
    }
    this.fields = from[at + 5];
    this.content.open(stream.nodes.tables.objects, this.reader.buffer, this.reader.masterFieldsAt, from[at + 6], from[at + 4]);
    return true;
  }

  private keepNode(stream: Stream): void {
    const { reader } = this;
    stream.nodes.locate(this.node, this.span);
    reader.open(this.span);
    while (reader.next() && reader.id.compare(this.end) <= 0) {
      if ((reader.flags & DELETED) !== 0) continue;
      if ((this.left + 1) * KEPT > this.kept.length) {
        const grown = new Float64Array(this.kept.length * 2);
        grown.set(this.kept);
        this.kept = grown;
      }
      const { kept } = this;
      const at = this.left++ * KEPT;
      kept[at] = reader.id.msHigh;
      kept[at + 1] = reader.id.msLow;
      kept[at + 2] = reader.id.seqHigh;
      kept[at + 3] = reader.id.seqLow;
      kept[at + 4] = reader.flags;
      kept[at + 5] = reader.fields;
      kept[at + 6] = reader.contentAt;
    }
  }
}

const FORWARD = { reverse: false } as const;

const counting = { reader: new NodeReader(), span: { buffer: NO_BYTES, from: 0, to: 0 } as ByteSpan, master: new StreamId() };

/** How many entries there are from `start` to `end`, both included, counted up to `limit`. Looks into the nodes at either end only. */
export function countRange(stream: Stream, start: StreamId, end: StreamId, limit: number): number {
  if (start.compare(end) > 0) return 0;
  return countNodes(stream, Math.max(0, stream.nodeOf(start)), start, end, limit);
}

/** Of node `first` and those after it. */
function countNodes(stream: Stream, first: number, start: StreamId, end: StreamId, limit: number): number {
  const { nodes } = stream;
  const { master, span } = counting;
  const last = stream.nodeOf(end);
  let count = 0;
  for (let node = first; node <= last && count < limit; node++) {
    nodes.locateStored(node, span);
    if (node < last && start.compare(master.read(span.buffer, span.from)) <= 0) {
      count += nodes.count(node);
      continue;
    }
    nodes.locate(node, span);
    counting.reader.open(span);
    count += countOn(start, end, limit - count);
  }
  return Math.min(count, limit);
}

/** From where the counting reader stands to the end of its node. */
function countOn(start: StreamId, end: StreamId, limit: number): number {
  const { reader } = counting;
  let count = 0;
  while (count < limit && reader.next()) {
    if (reader.id.compare(end) > 0) break;
    if ((reader.flags & DELETED) === 0 && reader.id.compare(start) >= 0) count++;
  }
  return count;
}
