/**
 * Values in the RDB format. What is written is version 10, which Redis 7.0 loads; so a set that is a listpack goes as its members, because
 * version 11 was the first to have it in one piece. Small collections and the nodes of lists go as they lie in memory, compressed ones as
 * the image had them that they were loaded from.
 */

import type { Counter } from "../../base/numbers/counter.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { ACCESS_MASK } from "../../keyspace/record-meta.ts";
import { EXPIRES } from "../../memory/record.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { writeCompressed } from "../../rdb/compressed-node.ts";
import { NODE_CONTAINER, OPCODE, VALUE_TYPE } from "../../rdb/format.ts";
import type { RdbWriter } from "../../rdb/writer.ts";
import { PACKED } from "../../values/list/quicklist.ts";
import type { StreamFacts } from "../../values/stream/stream.ts";
import type { PendingRecord } from "../../values/stream/stream-group.ts";
import { ID_BYTES, type StreamId } from "../../values/stream/stream-id.ts";
import { ListpackMaker } from "../../values/stream/stream-listpack.ts";
import { Encoding, Type } from "../../values/value-types.ts";
import type { DatabaseImage, EntrySink } from "../image.ts";
import type { ConsumerFacts, GroupFacts, ReadNodes, ValueSink } from "../value-walk.ts";

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const maker = new ListpackMaker();

/** The value type of the format that a value of this type and encoding is written as. */
export function rdbTypeOf(type: Type, encoding: Encoding): number {
  switch (type) {
    case Type.STRING:
      return VALUE_TYPE.string;
    case Type.LIST:
      return VALUE_TYPE.listQuicklist2;
    case Type.SET:
      return encoding === Encoding.INTSET ? VALUE_TYPE.setIntset : VALUE_TYPE.set;
    case Type.ZSET:
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.zsetListpack : VALUE_TYPE.zset2;
    case Type.HASH:
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.hashListpack : VALUE_TYPE.hash;
    case Type.STREAM:
      return VALUE_TYPE.streamListpacks2;
  }
}

/** Writes what stands behind type and key in an image, and behind the type in a DUMP payload. rdb/stream-value.ts has the form of streams. */
export class RdbSink implements ValueSink {
  out: RdbWriter;

  constructor(out: RdbWriter) {
    this.out = out;
  }

  string(bytes: Buffer, from: number, to: number): void {
    this.out.rawString(bytes, from, to);
  }

  longString(length: number): void {
    this.out.length(length);
  }

  piece(bytes: Buffer, from: number, to: number): void {
    this.out.raw(bytes, from, to);
  }

  packed(type: Type, encoding: Encoding, bytes: Buffer, from: number, to: number): boolean {
    if (type === Type.SET && encoding === Encoding.LISTPACK) return false;
    const { out } = this;
    if (type === Type.LIST) {
      out.length(1);
      out.length(NODE_CONTAINER.packed);
    }
    out.rawString(bytes, from, to);
    return true;
  }

  collection(type: Type, count: number, nodes: number): void {
    this.out.length(type === Type.LIST || type === Type.STREAM ? nodes : count);
  }

  node(type: Type, nodes: ReadNodes, index: number): number {
    const { out } = this;
    const compressed = nodes.isCompressed(index);
    if (compressed) nodes.locateStored(index, span);
    else nodes.locate(index, span);
    const { buffer, from, to } = span;
    if (type === Type.LIST) {
      out.length(compressed || nodes.kind(index) === PACKED ? NODE_CONTAINER.packed : NODE_CONTAINER.plain);
      if (compressed) writeCompressed(out, span, 0);
      else out.rawString(buffer, from, to);
      return to - from;
    }
    out.rawString(buffer, from, from + ID_BYTES);
    if (compressed) writeCompressed(out, span, ID_BYTES);
    else {
      const length = maker.make(span, nodes.count(index)); // before its bytes are asked for: they may be others afterwards
      out.rawString(maker.bytes, 0, length);
    }
    return to - from;
  }

  element(bytes: Buffer, from: number, to: number): void {
    this.out.rawString(bytes, from, to);
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    this.out.rawString(bytes, from, to);
    this.out.binaryDouble(score);
  }

  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number): void {
    this.out.rawString(bytes, from, to);
    this.out.rawString(value, valueFrom, valueTo);
  }

  /** Nodes of entries are taken whole. */
  entry(): void {}

  streamFacts(length: number, { lastId, firstId, maxDeletedId, entriesAdded }: StreamFacts, groups: number): void {
    this.out.length(length);
    this.id(lastId);
    this.id(firstId);
    this.id(maxDeletedId);
    this.counter(entriesAdded);
    this.out.length(groups);
  }

  group({ name, lastId, entriesRead, pending }: GroupFacts): void {
    this.out.rawString(name, 0, name.length);
    this.id(lastId);
    this.counter(entriesRead);
    this.out.length(pending.size);
  }

  pending(_group: GroupFacts, bytes: Buffer, at: number, { time, deliveries }: PendingRecord): void {
    this.out.raw(bytes, at, at + ID_BYTES);
    this.out.int64(time);
    this.counter(deliveries);
  }

  consumers(count: number): void {
    this.out.length(count);
  }

  consumer(_group: GroupFacts, { name, seenTime, owned }: ConsumerFacts): void {
    this.out.rawString(name, 0, name.length);
    this.out.int64(seenTime);
    this.out.length(owned.size);
  }

  owned(bytes: Buffer, from: number, to: number): void {
    this.out.raw(bytes, from, to);
  }

  end(): void {}

  private id({ msHigh, msLow, seqHigh, seqLow }: StreamId): void {
    this.out.length64(msHigh, msLow);
    this.out.length64(seqHigh, seqLow);
  }

  /** A counter as a length: -1 is 2^64 - 1 there. */
  private counter(value: Counter): void {
    if (typeof value === "number" && value >= 0) return this.out.length(value);
    const bits = BigInt.asUintN(64, BigInt(value));
    this.out.length64(Number(bits >> 32n), Number(bits & 0xffffffffn));
  }
}

/** What the image says about each key's use: nothing, seconds since the last use, or the LFU counter. Redis's rule: as maxmemory-policy needs it. */
export type UsageFacts = "none" | "idle" | "frequency";

export interface RdbImageOptions {
  readonly usage: UsageFacts;
  /** Facts for the head of the image. */
  readonly aux: readonly (readonly [name: string, value: string | number])[];
}

/** Writes whole images. Hot: one call of `begin` for each key. */
export class RdbImageSink extends RdbSink implements EntrySink {
  private readonly keyspace: Keyspace;
  private readonly usage: UsageFacts;

  constructor(out: RdbWriter, keyspace: Keyspace, options: RdbImageOptions) {
    super(out);
    this.keyspace = keyspace;
    this.usage = options.usage;
    out.header(options.aux);
  }

  library(text: Buffer): void {
    this.out.library(text);
  }

  select(from: DatabaseImage): void {
    if (from.announced) {
      this.out.byte(OPCODE.selectDb);
      this.out.length(from.database);
    } else this.out.selectDatabase(from.database, from.keys, from.expires);
    from.announced = true;
  }

  begin({ table, expiry }: DatabaseImage, address: number, type: Type, encoding: Encoding): void {
    const { out } = this;
    if ((table.flags(address) & EXPIRES) !== 0) {
      const at = expiry.at(address);
      out.expiry(at <= Number.MAX_SAFE_INTEGER ? at : expiry.exact(address));
    }
    if (this.usage !== "none") this.writeUsage(table.meta(address) & ACCESS_MASK);
    const from = table.keyOffset(address);
    out.key(rdbTypeOf(type, encoding), table.keyBuffer(address), from, from + table.keyLength(address));
  }

  private writeUsage(access: number): void {
    const { keyspace, out } = this;
    if (this.usage === "idle") out.idle(idleSeconds(access, keyspace.now));
    else if (keyspace.lfu !== null) out.freq(lfuCounter(access, keyspace.now, keyspace.lfu));
  }

  forLater(out: RdbWriter): ValueSink {
    return new RdbSink(out);
  }

  finish(): void {}

  close(): void {
    this.out.end();
  }
}
