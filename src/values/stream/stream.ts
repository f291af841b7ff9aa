/**
 * Streams: entries with ids that only grow, in nodes (stream-node.ts) of as many entries as Redis would put into one, so that trimming by
 * whole nodes cuts where Redis cuts. A node that is complete takes exactly the bytes it needs. Hot: adding an entry allocates nothing
 * outside the arena.
 */

import { assert } from "../../assert.ts";
import { addCounters, type Counter, subtractCounters } from "../../base/numbers/counter.ts";
import { BLOCKS_FROM } from "../../blocks/block-string.ts";
import type { Mover } from "../../memory/mover.ts";
import type { CompressedForm } from "../../memory/node-image.ts";
import type { NodeDeque } from "../../memory/nodes.ts";
import type { LargeObject } from "../../memory/objects.ts";
import {
  type PackedSpace,
  packedBytesOfPayload,
  packedEquals,
  packedIntegerBytes,
  packedPayloadBytes,
  packedPayloadSize,
  packedWritePayload,
} from "../../memory/packed.ts";
import type { ByteSpan, TableSpace } from "../../memory/record-table.ts";
import type { Holder } from "../holder.ts";
import type { ValueLimits } from "../limits.ts";
import { Encoding } from "../value-types.ts";
import type { HeldBytes } from "./id-records.ts";
import { defragmentParts, NameIndex, StreamGroup, UNKNOWN_ENTRIES_READ } from "./stream-group.ts";
import { StreamId } from "./stream-id.ts";
import { type Gap, type NodeSize, packedEntryTotal, packedHeadBytes, sizeNode } from "./stream-listpack.ts";
import {
  DELETED,
  deletedIn,
  ENTRY_HEAD_BYTES,
  LONG_STRING_HEAD_BYTES,
  NodeReader,
  nodeHeadBytes,
  REFERENCE_BYTES,
  SAME_FIELDS,
  setDeletedIn,
  writeEntryHead,
  writeNodeHead,
  writeReference,
} from "./stream-node.ts";
import { StreamNodes } from "./stream-nodes.ts";
import { isLongValue, longValue, type Words } from "./stream-words.ts";

/** Redis lets no node, and no entry, grow beyond this many bytes. */
export const MAX_NODE_BYTES = 2 ** 30;
/** A node that is being filled has room for what most are when they are full. */
const FULL_NODE_BYTES = 4096;
/** What the objects of a stream take, estimated. */
const STREAM_BYTES = 768;

const NO_BYTES = Buffer.alloc(0);

/** Scratch of what changes a stream: used up within one call. */
const span: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
const reader = new NodeReader();
const head = Buffer.allocUnsafeSlow(ENTRY_HEAD_BYTES);
const scratch = new StreamId();

/** What is to be left of a stream: so many entries, or those that are not below an id. */
export interface TrimRule {
  readonly maxLength: Counter | null;
  readonly minId: StreamId | null;
  /** Whether only whole nodes go. */
  readonly approximate: boolean;
  /** How many entries may go, 0 for any number. */
  readonly limit: number;
}

/** Which of the entries that a rule lets go may go in truth. */
export interface TrimChoice {
  /** Entries above this id stay, whatever `goes` would say. */
  readonly last: StreamId;
  /** Called for each entry in turn. Must change nothing. */
  readonly goes: (id: StreamId) => boolean;
}

/** What there is to know of a stream besides its entries and groups. */
export interface StreamFacts {
  readonly lastId: StreamId;
  readonly firstId: StreamId;
  readonly maxDeletedId: StreamId;
  readonly entriesAdded: Counter;
}

/** The stream that an open key or a temporary value holds, or null: there is no key. */
export function streamOf(h: Holder): Stream | null {
  return h.object as Stream | null;
}

/** Makes the holder hold an empty stream. Returns it. */
export function createStream(h: Holder): Stream {
  const stream = new Stream(h.tables);
  h.setObject(Encoding.STREAM, stream);
  return stream;
}

export class Stream implements LargeObject, StreamFacts {
  readonly nodes: StreamNodes;
  /** The largest id ever, the first of the entries there are (0-0: none), and the largest that was deleted by itself. */
  readonly lastId = new StreamId();
  readonly firstId = new StreamId();
  readonly maxDeletedId = new StreamId();
  entriesAdded: Counter = 0;
  readonly groups = new NameIndex<StreamGroup>();
  readonly groupBytes: HeldBytes = { bytes: 0 };
  private readonly tables: TableSpace;
  /** The last node: its master id, and what `sizeNode` says of it. */
  private readonly tailMaster = new StreamId();
  private readonly tail: NodeSize = { bytes: 0, entries: 0, last: new StreamId() };

  constructor(tables: TableSpace, nodes = new StreamNodes(tables)) {
    this.tables = tables;
    this.nodes = nodes;
    nodes.fullBytes = FULL_NODE_BYTES;
  }

  /** Entries. */
  get length(): number {
    return this.nodes.size;
  }

  // ---- as a large object

  get heldBytes(): number {
    return STREAM_BYTES + this.nodes.heldBytes + this.groupBytes.bytes;
  }

  get size(): number {
    let size = Math.max(1, this.nodes.length);
    for (const group of this.groups.values()) size += group.size;
    return size;
  }

  get streamed(): boolean {
    return this.nodes.streamed || this.groups.values().some((group) => group.streamed);
  }

  memoryBytes(samples: number): number {
    let bytes = STREAM_BYTES + this.nodes.memoryBytes(samples);
    for (const group of this.groups.values()) bytes += group.memoryBytes(samples);
    return bytes;
  }

  free(stop: () => boolean): boolean {
    if (!this.nodes.free(stop)) return false;
    for (const group of this.groups.values()) if (!group.free(stop)) return false;
    return true;
  }

  defragment(cursor: number, mover: Mover): number {
    const parts: NodeDeque[] = [this.nodes];
    for (const group of this.groups.values()) parts.push(...group.deques());
    return defragmentParts(parts, cursor, mover);
  }

  copy(): Stream {
    const copy = new Stream(this.tables, this.nodes.copy());
    copy.setFacts(this);
    copy.measureTail();
    for (const group of this.groups.values()) copy.groups.add(group.copy(copy.groupBytes));
    return copy;
  }

  setFacts(facts: StreamFacts): void {
    this.lastId.assign(facts.lastId);
    this.firstId.assign(facts.firstId);
    this.maxDeletedId.assign(facts.maxDeletedId);
    this.entriesAdded = facts.entriesAdded;
  }

  // ---- adding

  /**
   * Adds an entry with this id, which must be above `lastId`, whose fields are pairs of words from `first` on; in all they are no longer
   * than MAX_NODE_BYTES. Errors: ArenaFull, and nothing has been added then.
   */
  append(id: StreamId, words: Words, first: number, fields: number, limits: ValueLimits): void {
    assert(id.compare(this.lastId) > 0, "ids only grow: searches halve the nodes by them");
    const { nodes, tail } = this;
    const { buffer, offsets, lengths } = words;
    const end = first + fields * 2;
    let raw = 0;
    for (let index = first; index < end; index++) raw += lengths[index];
    const begun = nodes.length === 0 || this.tailIsFull(raw, limits);
    if (begun) this.beginNode(id, words, first, fields);
    const last = nodes.length - 1;
    const same = begun || this.hasFields(words, first, fields);
    const step = same ? 2 : 1;
    const firstContent = same ? first + 1 : first;
    let content = 0;
    let packed = 0;
    for (let index = firstContent; index < end; index += step) {
      if (raw > BLOCKS_FROM && isLongValue(words, first, index)) {
        content += REFERENCE_BYTES;
        packed += packedBytesOfPayload(LONG_STRING_HEAD_BYTES + lengths[index]);
        continue;
      }
      const payload = packedPayloadSize(buffer, offsets[index], offsets[index] + lengths[index]);
      content += payload;
      packed += packedBytesOfPayload(payload);
    }
    const headBytes = writeEntryHead(head, 0, id, tail.last, same ? SAME_FIELDS : 0, fields);
    assert(headBytes <= ENTRY_HEAD_BYTES, "the longest head of an entry is known");
    const length = nodes.bytes(last);
    const space = this.openFor(last, length, headBytes + content);
    const node = space.buffer;
    let at = space.from + length;
    for (let i = 0; i < headBytes; i++) node[at++] = head[i];
    for (let index = firstContent; index < end; index += step) {
      if (raw > BLOCKS_FROM && isLongValue(words, first, index)) {
        nodes.refer(last, node, at, longValue(words, index));
        at = writeReference(node, at, lengths[index]);
      } else at = packedWritePayload(node, at, buffer, offsets[index], offsets[index] + lengths[index]);
    }
    tail.bytes += packedEntryTotal(id, this.tailMaster, same, fields, packed);
    tail.entries++;
    tail.last.assign(id);
    nodes.setCount(last, nodes.count(last) + 1);
    assert(nodes.count(last) <= tail.entries, "the last node has no more live entries than entries");
    this.entriesAdded = addCounters(this.entriesAdded, 1);
    this.lastId.assign(id);
    if (nodes.size === 1) this.firstId.assign(id);
  }

  /** Makes room for an entry at the end of the last node; if there is none, a node that was begun for it goes again. Returns the node, opened. */
  private openFor(last: number, length: number, added: number): PackedSpace {
    const { nodes } = this;
    try {
      const space = nodes.open(last);
      space.splice(length, 0, added);
      return space;
    } catch (error) {
      if (this.tail.entries === 0) this.removeNodes(last, 1);
      throw error;
    }
  }

  /** Redis's rule: what an entry of `raw` bytes would make of the last node. */
  private tailIsFull(raw: number, { streamNodeBytes, streamNodeEntries }: ValueLimits): boolean {
    const { nodes, tail } = this;
    const live = nodes.count(nodes.length - 1);
    const packed = tail.bytes + packedIntegerBytes(live) + packedIntegerBytes(tail.entries - live);
    const most = streamNodeBytes === 0 || streamNodeBytes > MAX_NODE_BYTES ? MAX_NODE_BYTES : streamNodeBytes;
    return packed + raw >= most || (streamNodeEntries !== 0 && tail.entries >= streamNodeEntries);
  }

  private beginNode(id: StreamId, { buffer, offsets, lengths }: Words, first: number, fields: number): void {
    const { nodes, tail } = this;
    let bytes = nodeHeadBytes(fields);
    let names = 0;
    const end = first + fields * 2;
    for (let index = first; index < end; index += 2) {
      const payload = packedPayloadSize(buffer, offsets[index], offsets[index] + lengths[index]);
      bytes += payload;
      names += packedBytesOfPayload(payload);
    }
    if (nodes.length > 0) nodes.fit(nodes.length - 1);
    nodes.insert(nodes.length, bytes);
    const space = nodes.open(nodes.length - 1);
    let at = writeNodeHead(space.buffer, space.from, id, fields);
    for (let index = first; index < end; index += 2) {
      at = packedWritePayload(space.buffer, at, buffer, offsets[index], offsets[index] + lengths[index]);
    }
    this.tailMaster.assign(id);
    tail.bytes = packedHeadBytes(fields, names);
    tail.entries = 0;
    tail.last.assign(id);
  }

  /** Whether the fields of the last node are those of the words. */
  private hasFields({ buffer, offsets, lengths }: Words, first: number, fields: number): boolean {
    this.nodes.locate(this.nodes.length - 1, span);
    reader.open(span);
    if (reader.masterFields !== fields) return false;
    const node = reader.buffer;
    let at = reader.masterFieldsAt;
    for (let index = first; index < first + fields * 2; index += 2) {
      if (!packedEquals(node, at, buffer, offsets[index], offsets[index] + lengths[index])) return false;
      at += packedPayloadBytes(node, at);
    }
    return true;
  }

  /**
   * Adds a node as it stands (stream-listpack.ts made it), after all others: for what is loaded. `values`, whose blocks are
   * shared, are what its references are to stand for. The facts are set later.
   */
  appendNode(bytes: Buffer, length: number, live: number, values: readonly Gap[] = []): void {
    const { nodes } = this;
    nodes.insert(nodes.length, length);
    const last = nodes.length - 1;
    const { buffer, from } = nodes.open(last);
    bytes.copy(buffer, from, 0, length);
    for (const { at, value } of values) nodes.refer(last, buffer, from + at, value.copy());
    nodes.setCount(last, live);
  }

  /** Likewise one, neither the first nor the last, that bytes[0, length) stand for (memory/nodes.ts); they begin with its master id too. */
  appendCompressed(bytes: Buffer, length: number, live: number, form: CompressedForm): void {
    this.appendNode(bytes, length, live);
    this.nodes.setCompressed(this.nodes.length - 1, form);
  }

  /** Looks at the last node again: it has become the last, or it has been loaded. */
  measureTail(): void {
    const { nodes } = this;
    if (nodes.length === 0) return;
    nodes.locate(nodes.length - 1, span);
    this.tailMaster.read(span.buffer, span.from);
    sizeNode(span, this.tail);
  }

  // ---- finding

  /** Returns the node that holds `id` if any does: the last one whose master id is not above it; -1 when there is none. */
  nodeOf(id: StreamId): number {
    const { nodes } = this;
    let low = 0;
    let high = nodes.length;
    if (high > 0 && id.compare(this.tailMaster) >= 0) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      nodes.locateStored(middle, span);
      if (id.compareBytes(span.buffer, span.from) < 0) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** Puts `reader` at the live entry with this id. Returns its node, or -1: there is none. */
  private findEntry(id: StreamId): number {
    const node = this.nodeOf(id);
    if (node < 0) return -1;
    this.nodes.locate(node, span);
    reader.open(span);
    while (reader.next()) {
      const order = reader.id.compare(id);
      if (order < 0) continue;
      return order === 0 && (reader.flags & DELETED) === 0 ? node : -1;
    }
    return -1;
  }

  /** Whether there is an entry with this id. */
  has(id: StreamId): boolean {
    return this.findEntry(id) >= 0;
  }

  /** Sets `into` to the first id of all that nodes hold, deleted ones included; without any, to the largest id there is. */
  firstKept(into: StreamId): StreamId {
    if (this.nodes.length === 0) return into.setMax();
    this.nodes.locate(0, span);
    reader.open(span);
    reader.next();
    return into.assign(reader.id);
  }

  /** Sets `into` to the id of the last entry; without any, to 0-0. */
  lastEntry(into: StreamId): StreamId {
    const { nodes } = this;
    into.setZero();
    let node = nodes.length - 1;
    while (node >= 0 && nodes.count(node) === 0) node--;
    if (node < 0) return into;
    if (node === nodes.length - 1 && nodes.count(node) === this.tail.entries) return into.assign(this.tail.last);
    nodes.locate(node, span);
    reader.open(span);
    while (reader.next()) if ((reader.flags & DELETED) === 0) into.assign(reader.id);
    return into;
  }

  /** Works out `firstId` after entries went. */
  private updateFirst(): void {
    const { nodes } = this;
    this.firstId.setZero();
    let node = 0;
    while (node < nodes.length && nodes.count(node) === 0) node++;
    assert(node < nodes.length || nodes.size === 0, "entries that are counted are in a node");
    if (node === nodes.length) return;
    nodes.locate(node, span);
    reader.open(span);
    while (reader.next()) {
      if ((reader.flags & DELETED) !== 0) continue;
      this.firstId.assign(reader.id);
      return;
    }
  }

  // ---- removing

  /** Deletes the entry with this id. Returns whether there was one. */
  delete(id: StreamId): boolean {
    const node = this.findEntry(id);
    if (node < 0) return false;
    const live = this.nodes.count(node);
    assert(live > 0, "a node in which a live entry was found counts it");
    if (live === 1) {
      this.removeNodes(node, 1);
    } else {
      const entryAt = reader.entryAt - reader.from;
      const space = this.nodes.open(node);
      space.buffer[space.from + entryAt] |= DELETED;
      setDeletedIn(space.buffer, space.from, deletedIn(space.buffer, space.from) + 1);
      this.nodes.setCount(node, live - 1);
    }
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.assign(id);
    if (this.nodes.size === 0) this.firstId.setZero();
    else if (id.compare(this.firstId) === 0) this.updateFirst();
    return true;
  }

  private removeNodes(node: number, count: number): void {
    const wasLast = node + count === this.nodes.length;
    this.nodes.removeRange(node, count);
    if (wasLast) this.measureTail();
  }

  /** Removes entries from the front. Returns how many. */
  trim(rule: TrimRule): number {
    const { nodes } = this;
    const { limit } = rule;
    let length = nodes.size;
    let deleted = 0;
    let whole = 0;
    let partial = false;
    for (; whole < nodes.length; whole++) {
      if (rule.maxLength !== null && length <= rule.maxLength) break;
      const entries = nodes.count(whole);
      if (limit !== 0 && deleted + entries > limit) break;
      if (!this.goesWhole(whole, length - entries, rule)) {
        partial = !rule.approximate;
        break;
      }
      length -= entries;
      deleted += entries;
    }
    if (whole > 0) this.removeNodes(0, whole);
    assert(nodes.size === length, "as many entries went as their nodes counted");
    if (partial) deleted += this.trimFirstNode(rule);
    if (nodes.size === 0) this.firstId.setZero();
    else if (deleted > 0) this.updateFirst();
    return deleted;
  }

  /** `trim`, but an entry goes only if it is chosen; it stays at its place else, and those behind it go in its stead. */
  trimChosen(rule: TrimRule, choice: TrimChoice): number {
    const { nodes } = this;
    const { limit, maxLength } = rule;
    let deleted = 0;
    for (let node = 0; node < nodes.length && (maxLength === null || nodes.size > maxLength); ) {
      nodes.locateStored(node, span);
      if (choice.last.compareBytes(span.buffer, span.from) < 0) break;
      const entries = nodes.count(node);
      if (limit !== 0 && deleted + entries > limit) break;
      const whole = this.goesWhole(node, nodes.size - entries, rule);
      if (!whole && rule.approximate) break;
      const gone = this.trimNode(node, whole, rule, choice);
      deleted += gone;
      if (!whole) break;
      if (gone < entries) node++;
    }
    if (nodes.size === 0) this.firstId.setZero();
    else if (deleted > 0) this.updateFirst();
    return deleted;
  }

  /** Removes the chosen entries of a node that the rule lets go: all, if `whole`, and with them the node. Returns how many. */
  private trimNode(node: number, whole: boolean, { maxLength, minId }: TrimRule, { last, goes }: TrimChoice): number {
    const { nodes } = this;
    const chosen: number[] = [];
    nodes.locate(node, span);
    reader.open(span);
    while (reader.next() && reader.id.compare(last) <= 0) {
      if (maxLength !== null ? nodes.size - chosen.length <= maxLength : minId === null || reader.id.compare(minId) >= 0) break;
      if ((reader.flags & DELETED) === 0 && goes(reader.id)) chosen.push(reader.entryAt - reader.from);
    }
    const live = nodes.count(node);
    assert(chosen.length <= live, "only live entries are chosen");
    if (whole && chosen.length === live) this.removeNodes(node, 1);
    else if (chosen.length > 0) {
      const { buffer, from } = nodes.open(node);
      for (const entryAt of chosen) buffer[from + entryAt] |= DELETED;
      setDeletedIn(buffer, from, deletedIn(buffer, from) + chosen.length);
      nodes.setCount(node, live - chosen.length);
    }
    return chosen.length;
  }

  /** Whether all entries of a node may go, `left` being what remains of the stream then. */
  private goesWhole(node: number, left: number, { maxLength, minId }: TrimRule): boolean {
    if (maxLength !== null) return left >= maxLength;
    if (minId === null) return false;
    const { nodes } = this;
    if (node + 1 < nodes.length) {
      nodes.locateStored(node + 1, span);
      if (minId.compareBytes(span.buffer, span.from) >= 0) return true;
    }
    nodes.locate(node, span);
    reader.open(span);
    if (reader.id.compare(minId) >= 0) return false;
    while (reader.next());
    return reader.id.compare(minId) < 0;
  }

  private trimFirstNode({ maxLength, minId }: TrimRule): number {
    const { nodes } = this;
    const space = nodes.open(0);
    let left = nodes.size;
    let deleted = 0;
    reader.open(space);
    while (reader.next()) {
      if (maxLength !== null ? left <= maxLength : minId === null || reader.id.compare(minId) >= 0) break;
      if ((reader.flags & DELETED) !== 0) continue;
      space.buffer[reader.entryAt] |= DELETED;
      left--;
      deleted++;
    }
    setDeletedIn(space.buffer, space.from, deletedIn(space.buffer, space.from) + deleted);
    nodes.setCount(0, nodes.count(0) - deleted);
    return deleted;
  }

  // ---- how far groups have read

  /** The name must be new. */
  createGroup(name: string, lastId: StreamId, entriesRead: Counter): StreamGroup {
    assert(this.groups.get(name) === undefined, "no two groups of a stream have one name");
    const group = new StreamGroup(this.tables, name, this.groupBytes);
    group.lastId.assign(lastId);
    group.entriesRead = entriesRead;
    this.groups.add(group);
    return group;
  }

  /** The group is no longer the stream's; the caller gives it up. */
  removeGroup(group: StreamGroup): void {
    this.groups.delete(group.name);
    group.forget();
  }

  /** Whether an entry above or at `start` may have been deleted by itself. */
  private hasDeletedFrom(start: StreamId): boolean {
    if (this.nodes.size === 0 || this.maxDeletedId.isZero) return false;
    if (this.firstId.compare(this.maxDeletedId) > 0) return false;
    return start.compare(this.maxDeletedId) <= 0;
  }

  /** How many entries were ever added up to `id`, where that can be told; else UNKNOWN_ENTRIES_READ. */
  distance(id: StreamId): Counter {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || (this.nodes.size === 0 && toLast < 0)) return this.entriesAdded;
    if (toLast > 0) return UNKNOWN_ENTRIES_READ;
    if (!this.maxDeletedId.isZero && this.maxDeletedId.compare(this.firstId) >= 0) return UNKNOWN_ENTRIES_READ;
    const toFirst = id.compare(this.firstId);
    if (toFirst > 0) return UNKNOWN_ENTRIES_READ;
    return addCounters(subtractCounters(this.entriesAdded, this.nodes.size), toFirst === 0 ? 1 : 0);
  }

  /** How many entries the group has yet to read, or null where that cannot be told. */
  lagOf(group: StreamGroup): Counter | null {
    if (this.entriesAdded === 0) return 0;
    if (group.entriesRead !== UNKNOWN_ENTRIES_READ && !this.hasDeletedFrom(group.lastId)) {
      return subtractCounters(this.entriesAdded, group.entriesRead);
    }
    const read = this.distance(group.lastId);
    return read === UNKNOWN_ENTRIES_READ ? null : subtractCounters(this.entriesAdded, read);
  }

  /** The group has been given the entry `id`. Returns whether that moved it on. */
  advanceGroup(group: StreamGroup, id: StreamId): boolean {
    if (id.compare(group.lastId) <= 0) return false;
    if (group.entriesRead !== UNKNOWN_ENTRIES_READ && !this.hasDeletedFrom(id)) group.entriesRead = addCounters(group.entriesRead, 1);
    else if (this.entriesAdded !== 0) group.entriesRead = this.distance(id);
    group.lastId.assign(id);
    return true;
  }

  // ---- the id of an entry to come

  /** Sets `into` to the id that an entry gets at this time. Returns false when there is none left. */
  nextId(now: number, into: StreamId): boolean {
    scratch.set(now, 0);
    if (scratch.msHigh > this.lastId.msHigh || (scratch.msHigh === this.lastId.msHigh && scratch.msLow > this.lastId.msLow)) {
      into.assign(scratch);
      return true;
    }
    return into.assign(this.lastId).increment();
  }
}
