/**
 * Records of a fixed size ordered by the stream id that each begins with (16 bytes, big-endian): the pending entries of a consumer group
 * and of its consumers. They stand in nodes of up to 4 KiB, so that a million of them are a few thousand blocks and no JavaScript objects;
 * finding one is two binary searches, and adding one at the end, where nearly all of them go, is a store.
 */

import { assert } from "../../assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { NodeDeque } from "../../memory/nodes.ts";
import type { PackedSpace } from "../../memory/packed.ts";
import type { ByteSpan, TableSpace } from "../../memory/record-table.ts";
import type { StreamId } from "./stream-id.ts";

const NODE_BYTES = 4096;
const NO_BYTES = Buffer.alloc(0);

/** Bytes held outside the arena by all that shares it. */
export interface HeldBytes {
  bytes: number;
}

export class IdRecords {
  readonly nodes: NodeDeque;
  readonly recordBytes: number;
  /** The cursor: on the record buffer[at, at + recordBytes), unless `atEnd`. Good until the next change of anything. */
  buffer: Buffer = NO_BYTES;
  at = 0;
  atEnd = true;
  private readonly tables: TableSpace;
  private readonly held: HeldBytes;
  private readonly perNode: number;
  private node = 0;
  private slot = 0;
  private readonly span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };

  /** `recordBytes`: the size of a record, its id included. What is held outside the arena is counted in `held`. */
  constructor(tables: TableSpace, recordBytes: number, held: HeldBytes, nodes = new NodeDeque(tables)) {
    this.tables = tables;
    this.recordBytes = recordBytes;
    this.perNode = Math.floor(NODE_BYTES / recordBytes);
    this.nodes = nodes;
    this.nodes.fullBytes = NODE_BYTES;
    this.held = held;
    held.bytes += nodes.heldBytes;
  }

  get size(): number {
    return this.nodes.size;
  }

  /** Returns an equal one that shares nothing with this, counted in `held`. */
  copy(held: HeldBytes): IdRecords {
    return new IdRecords(this.tables, this.recordBytes, held, this.nodes.copy());
  }

  /** What it holds is no longer counted: it is about to be given up. */
  forget(): void {
    this.held.bytes -= this.nodes.heldBytes;
    assert(this.held.bytes >= 0, "records give back as many bytes as were counted for them");
  }

  // ---- going through

  /** Goes to the first record. */
  first(): void {
    this.node = 0;
    this.slot = 0;
    this.settle();
  }

  /** Goes to the last record. */
  last(): void {
    this.node = Math.max(0, this.nodes.length - 1);
    this.slot = this.nodes.length === 0 ? 0 : this.nodes.count(this.node) - 1;
    this.settle();
  }

  /** Goes to the first record whose id is not below `id`. Returns whether it has this id. */
  find(id: StreamId): boolean {
    const { nodes, span, recordBytes } = this;
    let low = 0;
    let high = nodes.length;
    // The last node is where new ids are.
    if (high > 1) {
      nodes.locate(high - 1, span);
      if (id.compareBytes(span.buffer, span.from) >= 0) low = high;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      nodes.locate(middle, span);
      if (id.compareBytes(span.buffer, span.from) < 0) high = middle;
      else low = middle + 1;
    }
    this.node = Math.max(0, low - 1);
    this.slot = 0;
    if (nodes.length === 0) {
      this.settle();
      return false;
    }
    nodes.locate(this.node, span);
    let first = 0;
    let end = nodes.count(this.node);
    assert(end > 0, "no node of records is empty");
    if (id.compareBytes(span.buffer, span.from + (end - 1) * recordBytes) > 0) first = end;
    while (first < end) {
      const middle = (first + end) >>> 1;
      if (id.compareBytes(span.buffer, span.from + middle * recordBytes) > 0) first = middle + 1;
      else end = middle;
    }
    this.slot = first;
    this.settle();
    return !this.atEnd && id.compareBytes(this.buffer, this.at) === 0;
  }

  /** Goes to the next record. */
  advance(): void {
    this.slot++;
    if (this.slot < this.nodes.count(this.node)) this.at += this.recordBytes;
    else this.settle();
  }

  /** Makes of node and slot, which may be just past the node, a position. */
  private settle(): void {
    const { nodes, span } = this;
    if (this.node < nodes.length && this.slot === nodes.count(this.node) && this.node + 1 < nodes.length) {
      this.node++;
      this.slot = 0;
    }
    this.atEnd = this.node >= nodes.length || this.slot >= nodes.count(this.node);
    if (this.atEnd) return;
    nodes.locate(this.node, span);
    this.buffer = span.buffer;
    this.at = span.from + this.slot * this.recordBytes;
  }

  /** How many records there are from where it stands, counted up to `limit`. */
  countAhead(limit: number): number {
    if (this.atEnd) return 0;
    let count = this.nodes.count(this.node) - this.slot;
    for (let node = this.node + 1; node < this.nodes.length && count < limit; node++) count += this.nodes.count(node);
    return Math.min(count, limit);
  }

  // ---- changing

  /** The record where it stands is about to be changed. */
  open(): void {
    assert(!this.atEnd, "a record that is changed is there");
    const space = this.nodes.open(this.node);
    this.buffer = space.buffer;
    this.at = space.from + this.slot * this.recordBytes;
  }

  /** Puts a record with this id, the rest of it undefined, where `find` has just not found it, and stands at it. */
  insert(id: StreamId): void {
    const { nodes, recordBytes } = this;
    const before = nodes.heldBytes;
    if (this.atEnd && nodes.length > 0) {
      this.node = nodes.length - 1;
      this.slot = nodes.count(this.node);
    } else if (!this.atEnd && this.slot === 0 && this.node > 0) {
      // Between two nodes: at the end of the first, which is not full as often as the other.
      this.node--;
      this.slot = nodes.count(this.node);
    }
    this.makeRoom();
    const space = this.openFor(recordBytes);
    this.buffer = space.buffer;
    this.at = space.from + this.slot * recordBytes;
    this.atEnd = false;
    id.write(this.buffer, this.at);
    nodes.setCount(this.node, nodes.count(this.node) + 1);
    this.checkOrder(id);
    this.held.bytes += nodes.heldBytes - before;
  }

  /** The record just put in is between those before and behind it in its node, which no longer takes more than it may: searches rely on both. */
  private checkOrder(id: StreamId): void {
    const { buffer, at, recordBytes, slot } = this;
    const count = this.nodes.count(this.node);
    assert(count <= this.perNode, "a node holds no more records than it has room for");
    assert(slot === 0 || id.compareBytes(buffer, at - recordBytes) > 0, "ids ascend: the record before has a lower one");
    assert(slot === count - 1 || id.compareBytes(buffer, at + recordBytes) < 0, "ids ascend: the record behind has a higher one");
  }

  /** Makes room for a record where it stands. Returns the node, opened. Errors: ArenaFull, and nothing has been added then. */
  private openFor(recordBytes: number): PackedSpace {
    const { nodes } = this;
    try {
      const space = nodes.open(this.node);
      space.splice(this.slot * recordBytes, 0, recordBytes);
      return space;
    } catch (error) {
      if (nodes.count(this.node) === 0) nodes.remove(this.node);
      this.atEnd = true;
      throw error;
    }
  }

  /** Makes sure that the node where it stands can take one more: a full one is split, or at its end a new one begun. */
  private makeRoom(): void {
    const { nodes, node, perNode } = this;
    if (nodes.length === 0) {
      nodes.insert(0, 0);
    } else if (nodes.count(node) >= perNode) {
      if (this.slot === nodes.count(node)) {
        nodes.insert(node + 1, 0);
        this.node++;
        this.slot = 0;
      } else {
        this.split(node);
        const kept = nodes.count(node);
        if (this.slot > kept) {
          this.node++;
          this.slot -= kept;
        }
      }
    }
  }

  private split(node: number): void {
    const { nodes, recordBytes, span } = this;
    const count = nodes.count(node);
    const kept = count >>> 1;
    const moved = (count - kept) * recordBytes;
    nodes.open(node); // what an image is streaming moves now, while it may still fail
    nodes.insert(node + 1, moved);
    const target = nodes.open(node + 1);
    nodes.locate(node, span);
    copyBytes(target.buffer, target.from, span.buffer, span.from + kept * recordBytes, span.to);
    nodes.setCount(node + 1, count - kept);
    nodes.open(node).splice(kept * recordBytes, moved, 0);
    nodes.setCount(node, kept);
  }

  /** Takes out the record where it stands, and stands at the one after it. */
  remove(): void {
    assert(!this.atEnd, "a record that is taken out is there");
    const { nodes } = this;
    const before = nodes.heldBytes;
    const left = nodes.count(this.node) - 1;
    if (left === 0) {
      nodes.remove(this.node);
      this.slot = 0;
      // The last node went: what follows is the end, after the node that is last now.
      if (this.node === nodes.length && this.node > 0) {
        this.node--;
        this.slot = nodes.count(this.node);
      }
    } else {
      nodes.open(this.node).splice(this.slot * this.recordBytes, this.recordBytes, 0);
      nodes.setCount(this.node, left);
    }
    this.held.bytes += nodes.heldBytes - before;
    this.settle();
  }

  /** Adds a record above all others. Its rest is undefined. Returns false, with nothing done, when there is one with this id or above. */
  append(id: StreamId): boolean {
    this.last();
    if (!this.atEnd && id.compareBytes(this.buffer, this.at) <= 0) return false;
    this.atEnd = true;
    this.insert(id);
    return true;
  }
}
