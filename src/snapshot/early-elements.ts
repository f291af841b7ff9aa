/** Elements of a large hash, set or sorted set that cannot be given to the sink at once: what value-walk.ts keeps aside. */

import { assert } from "../assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { BlockString } from "../blocks/block-string.ts";
import type { ByteMap } from "../memory/bytemap.ts";
import { ExpiringMap, NO_TIME } from "../memory/expiring-map.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import { recordScore } from "../values/sorted-set/sorted-set.ts";
import { Type } from "../values/value-types.ts";
import { StreamedBlocks } from "./streamed-strings.ts";

/** What elements are given to. */
interface ElementSink {
  element(bytes: Buffer, from: number, to: number): void;
  scored(bytes: Buffer, from: number, to: number, score: number): void;
  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void;
  longField(bytes: Buffer, from: number, to: number, length: number, time: number): void;
  piece(bytes: Buffer, from: number, to: number): void;
  endLong(): void;
}

/** Of an element kept aside: the length of its name (4 bytes), its score or the length of its value (8), its time (8). */
const HEAD_BYTES = 20;
const CHUNK_BYTES = 4 * 1024;
/** In place of the length of a value: it is in blocks. */
const IN_BLOCKS = -1;

const NO_BYTES = Buffer.alloc(0);
/** Scratch of what is read at the moment. */
const span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
const content: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };

/** The time of an entry of a large hash. */
export function timeOf(map: ByteMap, address: number): number {
  return map instanceof ExpiringMap ? map.timeOf(address) : NO_TIME;
}

/** Elements of a large collection as they were, first in, first out: their head, name and value. */
export class EarlyElements {
  private readonly type: Type;
  private readonly map: ByteMap;
  /** All but the last end with an element. */
  private readonly chunks: Buffer[] = [];
  /** Bytes of the last chunk that are in use. */
  private used = 0;
  /** Where in the first chunk the next element is. */
  private at = 0;
  /** Values in blocks of elements that are in the chunks. */
  private strings: BlockString[] = [];
  /** The value in blocks that is being given, of the element given last. */
  private giving: StreamedBlocks | null = null;

  /** Elements of `map`, which a key of this type holds. */
  constructor(type: Type, map: ByteMap) {
    this.type = type;
    this.map = map;
  }

  get empty(): boolean {
    return this.chunks.length === 0 && this.giving === null;
  }

  /** Keeps the element at `address`. Returns about how many bytes that took reading. */
  add(address: number): number {
    const { type, map } = this;
    const blocks = type === Type.HASH ? map.blocksAt(address) : null;
    map.table.locateKey(address, span);
    if (type === Type.HASH && blocks === null) map.locateValue(address, content);
    else content.to = content.from;
    const nameLength = span.to - span.from;
    const valueLength = content.to - content.from;
    const chunk = this.room(HEAD_BYTES + nameLength + valueLength);
    const at = this.used;
    chunk.writeUInt32LE(nameLength, at);
    chunk.writeDoubleLE(type === Type.ZSET ? recordScore(map.table, address) : blocks === null ? valueLength : IN_BLOCKS, at + 4);
    chunk.writeDoubleLE(type === Type.HASH ? timeOf(map, address) : NO_TIME, at + 12);
    const valueAt = copyBytes(chunk, at + HEAD_BYTES, span.buffer, span.from, span.to);
    this.used = copyBytes(chunk, valueAt, content.buffer, content.from, content.to);
    assert(this.used <= chunk.length, "what is kept of an element stays inside its chunk");
    if (blocks !== null) this.strings.push(blocks.copy());
    return nameLength + valueLength;
  }

  private room(bytes: number): Buffer {
    const last = this.chunks.at(-1);
    if (last !== undefined && this.used + bytes <= last.length) return last;
    if (last !== undefined) this.chunks[this.chunks.length - 1] = last.subarray(0, this.used);
    const chunk = Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
    this.chunks.push(chunk);
    this.used = 0;
    return chunk;
  }

  /** Gives elements, about `limit` bytes of them. Returns how many bytes. */
  give(sink: ElementSink, limit: number): number {
    let cost = 0;
    while (cost < limit && !this.empty) {
      if (this.giving === null) cost += this.giveNext(sink);
      else {
        cost += this.giving.step(limit - cost);
        if (this.giving.done) this.giving = null;
      }
    }
    return cost;
  }

  private giveNext(sink: ElementSink): number {
    const { at: start, type } = this;
    const [chunk] = this.chunks;
    const nameAt = start + HEAD_BYTES;
    const nameEnd = nameAt + chunk.readUInt32LE(start);
    const number = chunk.readDoubleLE(start + 4);
    const time = chunk.readDoubleLE(start + 12);
    let end = nameEnd;
    if (type === Type.ZSET) sink.scored(chunk, nameAt, nameEnd, number);
    else if (type !== Type.HASH) sink.element(chunk, nameAt, nameEnd);
    else if (number === IN_BLOCKS) this.begin(sink, chunk, nameAt, nameEnd, time);
    else {
      end += number;
      sink.field(chunk, nameAt, nameEnd, chunk, nameEnd, end, time);
    }
    this.at = end;
    const chunkEnd = this.chunks.length === 1 ? this.used : chunk.length;
    assert(end <= chunkEnd, "an element kept aside ends inside its chunk");
    if (end === chunkEnd) {
      this.chunks.shift();
      this.at = 0;
    }
    return end - start;
  }

  private begin(sink: ElementSink, name: Buffer, from: number, to: number, time: number): void {
    const string = this.strings.shift();
    assert(string !== undefined, "a value that is in blocks is kept with its field");
    sink.longField(name, from, to, string.length, time);
    this.giving = new StreamedBlocks({ piece: (bytes, first, last) => sink.piece(bytes, first, last), end: () => sink.endLong() }, string);
    string.free();
  }

  /** Lets go of what was not given. */
  release(): void {
    this.giving?.release();
    this.giving = null;
    for (const string of this.strings) string.free();
    this.strings = [];
  }
}
