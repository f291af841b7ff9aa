/**
 * A consumer group of a stream: how far it has read, its consumers, and the entries that were delivered and not yet acknowledged. A pending
 * entry is a record in the group's list (id, time and number of deliveries, consumer) and an id in its consumer's, which is what makes a
 * consumer's own history quick to read.
 */

import { assert } from "../../assert.ts";
import { WORD } from "../../base/bytes.ts";
import { addCounters, type Counter, counter } from "../../base/numbers/counter.ts";
import type { Mover } from "../../memory/mover.ts";
import type { NodeDeque } from "../../memory/nodes.ts";
import type { LargeObject } from "../../memory/objects.ts";
import type { TableSpace } from "../../memory/record-table.ts";
import { type HeldBytes, IdRecords } from "./id-records.ts";
import { ID_BYTES, readWord, StreamId, writeWord } from "./stream-id.ts";

/** A record: id, delivery time (int64, ms since 1970), number of deliveries (int64), the consumer's index. */
const TIME_AT = ID_BYTES;
const COUNT_AT = ID_BYTES + 8;
const CONSUMER_AT = ID_BYTES + 16;
const RECORD_BYTES = ID_BYTES + 20;

/** What the objects of a group and of a consumer take, estimated. */
const GROUP_BYTES = 512;
const CONSUMER_BYTES = 256;

/** In place of the number of entries read: it is not known. */
export const UNKNOWN_ENTRIES_READ = -1;
/** In place of a consumer's active time: it has never been given an entry. */
const NEVER_ACTIVE = -1;

/** In a record: it belongs to no consumer yet. */
const NOBODY = { index: 0xffffffff } as const;

const scratch = new StreamId();

/** A cursor says in its upper half which part is next. */
const PART = 2 ** 32;

/** `LargeObject.defragment` for what consists of several. */
export function defragmentParts(parts: readonly NodeDeque[], cursor: number, mover: Mover): number {
  let part = Math.floor(cursor / PART);
  let at = cursor % PART;
  while (part < parts.length) {
    at = parts[part].defragment(at, mover);
    mover.pass();
    if (at === 0) part++;
    if (mover.isOver) break;
  }
  return part < parts.length ? part * PART + at : 0;
}

/** What has a name among others: found by it, and gone through in the order of names. Names are bytes, one a character. */
export class NameIndex<T extends { readonly name: string }> {
  private readonly byName = new Map<string, T>();
  private sorted: T[] = [];

  get size(): number {
    return this.sorted.length;
  }

  get(name: string): T | undefined {
    return this.byName.get(name);
  }

  /** In the order of their names. */
  values(): readonly T[] {
    return this.sorted;
  }

  /** The name must be new. */
  add(item: T): void {
    this.byName.set(item.name, item);
    this.sorted.splice(this.place(item.name), 0, item);
    assert(this.sorted.length === this.byName.size, "each name stands once in the order of names");
  }

  delete(name: string): void {
    this.byName.delete(name);
    const place = this.place(name);
    assert(this.sorted[place]?.name === name, "a name that is deleted stands in the order of names");
    this.sorted.splice(place, 1);
  }

  clear(): void {
    this.byName.clear();
    this.sorted = [];
  }

  private place(name: string): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle].name < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class StreamConsumer {
  readonly name: string;
  /** The same, as it is answered. */
  readonly nameBytes: Buffer;
  /** Its number in the records of the group. */
  readonly index: number;
  /** When it last asked for something, and when it was last given something (or NEVER_ACTIVE), in ms since 1970. */
  seenTime: number;
  activeTime = NEVER_ACTIVE;
  /** Ids alone. */
  readonly pending: IdRecords;

  constructor(name: string, index: number, seenTime: number, pending: IdRecords) {
    this.name = name;
    this.nameBytes = Buffer.from(name, "latin1");
    this.index = index;
    this.seenTime = seenTime;
    this.pending = pending;
  }
}

export class StreamGroup implements LargeObject {
  readonly name: string;
  readonly lastId = new StreamId();
  /** How many entries it has read up to there, counted from the first ever added, or UNKNOWN_ENTRIES_READ. */
  entriesRead: Counter = UNKNOWN_ENTRIES_READ;
  readonly consumers = new NameIndex<StreamConsumer>();
  readonly pending: IdRecords;
  private readonly tables: TableSpace;
  private readonly held: HeldBytes;
  /** By index; gaps are free. */
  private readonly byIndex: (StreamConsumer | undefined)[] = [];
  private readonly freeIndexes: number[] = [];

  /** What it holds outside the arena is counted in `held`. */
  constructor(tables: TableSpace, name: string, held: HeldBytes, pending?: IdRecords) {
    this.tables = tables;
    this.name = name;
    this.held = held;
    this.pending = pending ?? new IdRecords(tables, RECORD_BYTES, held);
    held.bytes += GROUP_BYTES + name.length;
  }

  // ---- as what is given up when the group is destroyed

  get heldBytes(): number {
    let bytes = GROUP_BYTES + this.name.length + this.pending.nodes.heldBytes;
    for (const { name, pending } of this.consumers.values()) bytes += CONSUMER_BYTES + name.length + pending.nodes.heldBytes;
    return bytes;
  }

  get size(): number {
    return this.pending.size + this.consumers.size;
  }

  get streamed(): boolean {
    return this.pending.nodes.streamed || this.consumers.values().some(({ pending }) => pending.nodes.streamed);
  }

  memoryBytes(samples: number): number {
    let bytes = GROUP_BYTES + this.name.length + this.pending.nodes.memoryBytes(samples);
    for (const { name, pending } of this.consumers.values()) bytes += CONSUMER_BYTES + name.length + pending.nodes.memoryBytes(samples);
    return bytes;
  }

  free(stop: () => boolean): boolean {
    if (!this.pending.nodes.free(stop)) return false;
    for (const { pending } of this.consumers.values()) if (!pending.nodes.free(stop)) return false;
    return true;
  }

  /** What its entries stand in. */
  deques(): NodeDeque[] {
    return [this.pending.nodes, ...this.consumers.values().map(({ pending }) => pending.nodes)];
  }

  defragment(cursor: number, mover: Mover): number {
    return defragmentParts(this.deques(), cursor, mover);
  }

  /** Its bytes are no longer the stream's: it is about to be given up. */
  forget(): void {
    this.held.bytes -= this.heldBytes;
    assert(this.held.bytes >= 0, "a group gives back as many bytes as were counted for it");
  }

  copy(held: HeldBytes = { bytes: 0 }): StreamGroup {
    const copy = new StreamGroup(this.tables, this.name, held, this.pending.copy(held));
    copy.lastId.assign(this.lastId);
    copy.entriesRead = this.entriesRead;
    for (const { name, index, seenTime, activeTime, pending } of this.consumers.values()) {
      const consumer = new StreamConsumer(name, index, seenTime, pending.copy(held));
      consumer.activeTime = activeTime;
      copy.place(consumer);
    }
    for (let index = 0; index < copy.byIndex.length; index++) if (copy.byIndex[index] === undefined) copy.freeIndexes.push(index);
    return copy;
  }

  // ---- consumers

  /** The name must be new. */
  addConsumer(name: string, seenTime: number): StreamConsumer {
    const index = this.freeIndexes.pop() ?? this.byIndex.length;
    const consumer = new StreamConsumer(name, index, seenTime, new IdRecords(this.tables, ID_BYTES, this.held));
    this.place(consumer);
    return consumer;
  }

  private place(consumer: StreamConsumer): void {
    assert(this.byIndex[consumer.index] === undefined, "no two consumers have one index: pending entries name their owner by it");
    this.byIndex[consumer.index] = consumer;
    this.consumers.add(consumer);
    this.held.bytes += CONSUMER_BYTES + consumer.name.length;
  }

  /** The consumer goes, with all that it has pending. What held that is left for the caller to give up. */
  removeConsumer(consumer: StreamConsumer): void {
    assert(this.byIndex[consumer.index] === consumer, "a consumer that is removed is one of the group's");
    const { pending } = consumer;
    for (pending.first(); !pending.atEnd; pending.advance()) {
      scratch.read(pending.buffer, pending.at);
      if (this.pending.find(scratch)) this.pending.remove();
    }
    this.consumers.delete(consumer.name);
    this.byIndex[consumer.index] = undefined;
    this.freeIndexes.push(consumer.index);
    pending.forget();
    this.held.bytes -= CONSUMER_BYTES + consumer.name.length;
  }

  // ---- pending entries: the group's list stands at one after `find`, `first`, `add`

  /** Whose the pending entry is that the list stands at. */
  get owner(): StreamConsumer {
    const { buffer, at } = this.pending;
    const owner = this.byIndex[readWord(buffer, at + CONSUMER_AT)];
    assert(owner !== undefined, "a pending entry has a consumer");
    return owner;
  }

  get deliveryTime(): number {
    const { buffer, at } = this.pending;
    return (readWord(buffer, at + TIME_AT) | 0) * WORD + readWord(buffer, at + TIME_AT + 4);
  }

  get deliveries(): Counter {
    return deliveriesAt(this.pending.buffer, this.pending.at);
  }

  /** Adds a pending entry, which there must not be, and stands at it. `find` for it has just failed. */
  add(id: StreamId, consumer: StreamConsumer, time: number, deliveries: Counter): void {
    this.pending.insert(id);
    this.write(consumer, time, deliveries);
    if (!consumer.pending.append(id) && !consumer.pending.find(id)) consumer.pending.insert(id);
  }

  /** Gives the pending entry that the list stands at another delivery, and another owner where it is not the same. */
  assign(id: StreamId, consumer: StreamConsumer, time: number, deliveries: Counter): void {
    const { owner } = this;
    this.pending.open();
    this.write(consumer, time, deliveries);
    if (owner === consumer) return;
    if (owner.pending.find(id)) owner.pending.remove();
    if (!consumer.pending.find(id)) consumer.pending.insert(id);
  }

  /** The pending entry that the list stands at has been delivered once more. */
  redeliver(time: number): void {
    const { deliveries, owner } = this;
    this.pending.open();
    this.write(owner, time, addCounters(deliveries, 1));
  }

  /** Takes out the pending entry that the list stands at; the list stands at the next one then. */
  remove(id: StreamId): void {
    const { owner } = this;
    this.pending.remove();
    if (owner.pending.find(id)) owner.pending.remove();
  }

  // ---- loading: pending entries come before the consumers that they belong to

  /** Adds a pending entry that belongs to no consumer yet. Returns false, with nothing done, when there is one with this id. */
  addUnowned(id: StreamId, time: number, deliveries: Counter): boolean {
    if (!this.pending.append(id)) {
      if (this.pending.find(id)) return false;
      this.pending.insert(id);
    }
    this.write(NOBODY, time, deliveries);
    return true;
  }

  /** Gives the pending entry with this id to a consumer. Returns false, with nothing done, when there is none or it has an owner. */
  own(id: StreamId, consumer: StreamConsumer): boolean {
    const { pending } = this;
    if (!pending.find(id) || readWord(pending.buffer, pending.at + CONSUMER_AT) !== NOBODY.index) return false;
    pending.open();
    writeWord(pending.buffer, pending.at + CONSUMER_AT, consumer.index);
    if (!consumer.pending.append(id) && !consumer.pending.find(id)) consumer.pending.insert(id);
    return true;
  }

  /** Takes out the pending entry with this id, which belongs to no consumer. Returns false, with nothing done, when there is no such. */
  dropUnowned(id: StreamId): boolean {
    const { pending } = this;
    if (!pending.find(id) || readWord(pending.buffer, pending.at + CONSUMER_AT) !== NOBODY.index) return false;
    pending.remove();
    return true;
  }

  private write(consumer: Pick<StreamConsumer, "index">, time: number, deliveries: Counter): void {
    const { buffer, at } = this.pending;
    writeWord(buffer, at + TIME_AT, Math.floor(time / WORD));
    writeWord(buffer, at + TIME_AT + 4, time);
    const count = typeof deliveries === "number" ? deliveries : 0;
    const wide = typeof deliveries === "bigint" ? deliveries : 0n;
    writeWord(buffer, at + COUNT_AT, wide === 0n ? Math.floor(count / WORD) : Number((wide >> 32n) & 0xffffffffn));
    writeWord(buffer, at + COUNT_AT + 4, wide === 0n ? count : Number(wide & 0xffffffffn));
    writeWord(buffer, at + CONSUMER_AT, consumer.index);
  }

  /** The size of a record of `pending`, for images (`readPendingRecord`). */
  static readonly recordBytes = RECORD_BYTES;
}

/** What a record of a group's list says besides its id. */
export interface PendingRecord {
  time: number;
  deliveries: Counter;
  /** `StreamConsumer.index`. */
  consumer: number;
}

/** Reads the record at `at` of a group's list into `into`. */
export function readPendingRecord(bytes: Buffer, at: number, into: PendingRecord): void {
  into.time = (readWord(bytes, at + TIME_AT) | 0) * WORD + readWord(bytes, at + TIME_AT + 4);
  into.deliveries = deliveriesAt(bytes, at);
  into.consumer = readWord(bytes, at + CONSUMER_AT);
}

function deliveriesAt(bytes: Buffer, at: number): Counter {
  const high = readWord(bytes, at + COUNT_AT) | 0;
  const low = readWord(bytes, at + COUNT_AT + 4);
  const value = high * WORD + low;
  return Number.isSafeInteger(value) ? value : counter((BigInt(high) << 32n) | BigInt(low));
}
