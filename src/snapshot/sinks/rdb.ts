/**
 * Values in the RDB format. What is written is version 10, which Redis 7.0 loads, unless a later one is asked for; so a set that is a
 * listpack goes as its members, because version 11 was the first to have it in one piece, and times of activity of a stream's consumers are
 * lost. Hashes with times of fields need a later one in any case, Redis's or Valkey's. Small collections and the nodes of lists go as they
 * lie in memory, compressed ones as the image had them that they were loaded from.
 */

import { assert } from "../../assert.ts";
import { copied } from "../../base/bytes.ts";
import type { Counter } from "../../base/numbers/counter.ts";
import type { RdbAskedVersion } from "../../config/options/persistence.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { ACCESS_MASK } from "../../keyspace/record-meta.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { EXPIRES } from "../../memory/record.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { writeCompressed } from "../../rdb/compressed-node.ts";
import {
  familyOf,
  NODE_CONTAINER,
  OPCODE,
  RDB_COMMON_VERSION,
  RDB_TIMED_VERSION,
  RDB_WRITTEN_VERSION,
  type RdbFamily,
  REDIS_TYPE,
  VALKEY_TYPE,
  VALUE_TYPE,
} from "../../rdb/format.ts";
import type { RdbWriter } from "../../rdb/writer.ts";
import { soonestPacked } from "../../values/hash/packed-times.ts";
import { isTimed } from "../../values/hash/timed.ts";
import { PACKED } from "../../values/list/quicklist.ts";
import type { StreamFacts } from "../../values/stream/stream.ts";
import type { PendingRecord } from "../../values/stream/stream-group.ts";
import { ID_BYTES, type StreamId } from "../../values/stream/stream-id.ts";
import { ListpackMaker } from "../../values/stream/stream-listpack.ts";
import { Encoding, Type } from "../../values/value-types.ts";
import type { DatabaseImage, EntrySink } from "../image.ts";
import { pieceParts } from "../streamed-strings.ts";
import type { ConsumerFacts, GroupFacts, ReadNodes, ValueSink } from "../value-walk.ts";
import { TIMED_LISTPACK, timedListpack } from "./timed-listpack.ts";

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const maker = new ListpackMaker();

/** The value types of hashes with times of fields. */
const TIMED_HASH = {
  redis: { packed: REDIS_TYPE.timedHashListpack, elements: REDIS_TYPE.timedHash },
  valkey: { packed: VALKEY_TYPE.timedHash, elements: VALKEY_TYPE.timedHash },
} as const;

/** In which of the forms that a value could have it is written. */
export interface RdbForm {
  /** Whose form hashes with times of fields have. */
  readonly family: RdbFamily;
  /** Whether it may have what came with version 11. */
  readonly modern: boolean;
}

/** The form of a version that was asked for; `family` says whose that is where none was. */
export function rdbForm(asked: RdbAskedVersion, family: RdbFamily = "redis"): RdbForm {
  if (asked === "auto") return { family, modern: false };
  return { family: familyOf(Number(asked)) ?? family, modern: Number(asked) >= RDB_COMMON_VERSION };
}

/** The version of what is written in this form; `timed`: there are hashes with times of fields in it. */
export function rdbVersion(asked: RdbAskedVersion, { family }: RdbForm, timed: boolean): number {
  if (asked !== "auto") return Number(asked);
  return timed ? RDB_TIMED_VERSION[family] : RDB_WRITTEN_VERSION;
}

/** Whether this version, asked for, has no hashes with times of fields. */
export function rdbLacksTimes(asked: RdbAskedVersion): boolean {
  return asked !== "auto" && Number(asked) <= RDB_COMMON_VERSION;
}

/** The value type of the format that a value of this type and encoding is written as. */
export function rdbTypeOf(type: Type, encoding: Encoding, { family, modern }: RdbForm): number {
  switch (type) {
    case Type.STRING:
      return VALUE_TYPE.string;
    case Type.LIST:
      return VALUE_TYPE.listQuicklist2;
    case Type.SET:
      if (encoding === Encoding.INTSET) return VALUE_TYPE.setIntset;
      return modern && encoding === Encoding.LISTPACK ? VALUE_TYPE.setListpack : VALUE_TYPE.set;
    case Type.ZSET:
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.zsetListpack : VALUE_TYPE.zset2;
    case Type.HASH:
      if (isTimed(encoding)) return TIMED_HASH[family][encoding === Encoding.LISTPACK_EX ? "packed" : "elements"];
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.hashListpack : VALUE_TYPE.hash;
    case Type.STREAM:
      return modern ? VALUE_TYPE.streamListpacks3 : VALUE_TYPE.streamListpacks2;
  }
}

/** Writes what stands behind type and key in an image, and behind the type in a DUMP payload. rdb/stream-value.ts has the form of streams. */
export class RdbSink implements ValueSink {
  out: RdbWriter;
  form: RdbForm;
  /** What the times of the fields count from, in a hash that has them and in Redis's form; -1 in others. */
  private base = -1;
  private withTimes = false;
  /** That of the field whose value comes in pieces, if it stands behind that. */
  private timeBehind: number | null = null;

  constructor(out: RdbWriter, form: RdbForm) {
    this.out = out;
    this.form = form;
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
    const { out, form } = this;
    if (type === Type.SET && encoding === Encoding.LISTPACK && !form.modern) return false;
    if (encoding === Encoding.LISTPACK_EX) {
      if (form.family === "valkey") return false;
      const length = timedListpack(bytes, from, to);
      out.int64(soonestPacked({ buffer: bytes, from, to }));
      out.rawString(TIMED_LISTPACK.bytes, 0, length);
      return true;
    }
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
    const blocks = nodes.blocksAt(index);
    if (blocks !== null) {
      out.length(NODE_CONTAINER.plain);
      out.rawString(blocks.joined(), 0, blocks.length);
      return blocks.length;
    }
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
      const length = maker.make(nodes.tables.objects, span, nodes.count(index)); // before its bytes are asked for: they may be others afterwards
      if (maker.gaps.length === 0) out.rawString(maker.bytes, 0, length);
      else out.rawString(maker.joined(length), 0, maker.total);
    }
    return to - from;
  }

  *longNode(nodes: ReadNodes, index: number): Generator<number> {
    const { out } = this;
    nodes.locate(index, span);
    out.rawString(span.buffer, span.from, span.from + ID_BYTES);
    const length = maker.make(nodes.tables.objects, span, nodes.count(index));
    const { gaps, total } = maker;
    // A copy: others use the maker meanwhile.
    const bytes = copied(maker.bytes, 0, length);
    out.length(total);
    let from = 0;
    for (const { at, value } of gaps) {
      out.raw(bytes, from, at);
      yield* pieceParts(value, (piece, first, last) => out.raw(piece, first, last));
      from = at;
    }
    out.raw(bytes, from, length);
    yield length;
  }

  longElement(length: number): void {
    this.out.length(NODE_CONTAINER.plain);
    this.out.length(length);
  }

  longField(bytes: Buffer, from: number, to: number, length: number, time: number): void {
    this.beginField(bytes, from, to, time);
    this.out.length(length);
    if (this.withTimes && this.form.family === "valkey") this.timeBehind = time;
  }

  endLong(): void {
    if (this.timeBehind !== null) this.out.int64(this.timeBehind);
    this.timeBehind = null;
  }

  element(bytes: Buffer, from: number, to: number): void {
    this.out.rawString(bytes, from, to);
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    this.out.rawString(bytes, from, to);
    this.out.binaryDouble(score);
  }

  timedHash(count: number, soonest: number): void {
    this.withTimes = true;
    this.base = soonest;
    if (this.form.family === "redis") this.out.int64(soonest);
    this.out.length(count);
  }

  /** Redis has the time first, counted from the soonest and one more, 0 for none; Valkey has it last and absolute. */
  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void {
    this.beginField(bytes, from, to, time);
    this.out.rawString(value, valueFrom, valueTo);
    if (this.withTimes && this.form.family === "valkey") this.out.int64(time);
  }

  private beginField(bytes: Buffer, from: number, to: number, time: number): void {
    const { out, base } = this;
    if (this.withTimes && this.form.family === "redis") out.length(time === NO_TIME ? 0 : time - base + 1);
    out.rawString(bytes, from, to);
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

  consumer(_group: GroupFacts, { name, seenTime, activeTime, owned }: ConsumerFacts): void {
    this.out.rawString(name, 0, name.length);
    this.out.int64(seenTime);
    if (this.form.modern) this.out.int64(activeTime);
    this.out.length(owned.size);
  }

  owned(bytes: Buffer, from: number, to: number): void {
    this.out.raw(bytes, from, to);
  }

  end(): void {
    this.withTimes = false;
  }

  /** Returns a sink that goes on with the value begun here, of which only the head is written. */
  protected continuedIn(out: RdbWriter): RdbSink {
    const later = new RdbSink(out, this.form);
    later.withTimes = this.withTimes;
    later.base = this.base;
    this.withTimes = false;
    return later;
  }

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
  /** Whose form hashes with times of fields have where no version is asked for; Redis's unless told. */
  readonly family?: RdbFamily;
  /** "auto" unless told. One that cannot say what there is must not be asked for: rdbLacksTimes. */
  readonly version?: RdbAskedVersion;
  /** Facts for the head of the image. */
  readonly aux: readonly (readonly [name: string, value: string | number])[];
}

/** Writes whole images. Hot: one call of `begin` for each key. */
export class RdbImageSink extends RdbSink implements EntrySink {
  private readonly keyspace: Keyspace;
  private readonly usage: UsageFacts;

  constructor(out: RdbWriter, keyspace: Keyspace, options: RdbImageOptions) {
    const { family, version = "auto", usage, aux } = options;
    super(out, rdbForm(version, family));
    this.keyspace = keyspace;
    this.usage = usage;
    const timed = keyspace.hasFieldTimes;
    assert(!timed || !rdbLacksTimes(version), "no version is asked for that cannot say what there is");
    out.header(aux, rdbVersion(version, this.form, timed));
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
    out.key(rdbTypeOf(type, encoding, this.form), table.keyBuffer(address), from, from + table.keyLength(address));
  }

  private writeUsage(access: number): void {
    const { keyspace, out } = this;
    if (this.usage === "idle") out.idle(idleSeconds(access, keyspace.now));
    else if (keyspace.lfu !== null) out.freq(lfuCounter(access, keyspace.now, keyspace.lfu));
  }

  forLater(out: RdbWriter): ValueSink {
    return this.continuedIn(out);
  }

  finish(): void {}

  close(): void {
    this.out.end();
  }
}
