/**
 * Between a node of ours (stream-node.ts) and what Redis keeps it as and writes to files: a listpack with the entries
 *
 *     count, deleted, field count, field names ..., 0
 *     flags, milliseconds above the master id, sequence number above it, (field count, names and values | values), number of entries before this one
 *
 * Source: t_stream.c of Redis 7.2, RDB types 15, 19 and 21.
 */

import { assert } from "../../assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";
import type { ObjectTable } from "../../memory/objects.ts";
import {
  packedAtEnd,
  packedBytesOfPayload,
  packedClose,
  packedFirst,
  packedIntegerBytes,
  packedNext,
  packedPayloadBytes,
  packedValid,
  packedWords,
  packedWordsBytes,
  packedWriteEntryOf,
  packedWriteInteger,
  packedWriteWords,
} from "../../memory/packed.ts";
import { writeBackLength } from "../../memory/packed-entry.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { StreamId } from "./stream-id.ts";
import {
  contentPieceBytes,
  DELETED,
  deletedIn,
  isReference,
  LONG_STRING_HEAD_BYTES,
  NodeReader,
  REFERENCE_BYTES,
  referredLength,
  referredString,
  SAME_FIELDS,
  setDeletedIn,
  writeEntryHead,
  writeNodeHead,
  writeReference,
} from "./stream-node.ts";

/** Header and end byte of a listpack, and the zero that ends its first part. */
const FRAME_BYTES = 7 + 2;
/** Numbers of an entry besides names and values. */
const FIXED_NUMBERS = 3;

const reader = new NodeReader();
const master = new StreamId();
const words = { low: 0, high: 0 };

/** Bytes of the listpack that begins with these fields, but for its two counts; `names` is what the entries of their names take. */
export function packedHeadBytes(fields: number, names: number): number {
  return FRAME_BYTES + packedIntegerBytes(fields) + names;
}

/** The most that a listpack has besides its entries and the names of its fields: header, four numbers, end. */
const MOST_HEAD_BYTES = 40;
/** The most that the numbers of an entry take: flags, two differences, two counts. */
const MOST_NUMBERS_BYTES = 2 + 10 + 10 + 6 + 6;
/** Payloads that begin with less than this are numbers and strings of one byte of length. */
const SHORT_STRINGS = 0xc0;
/** The first byte of the payload of a string of more than 4095 bytes. */
const LONG_STRING = 0xf0;

const NO_GAPS: Gap[] = [];

/** What an entry takes in it; `content` is what the entries of its names and values take. */
export function packedEntryTotal(id: StreamId, masterId: StreamId, same: boolean, fields: number, content: number): number {
  const numbers = packedIntegerBytes(SAME_FIELDS) + differenceBytes(id, masterId) + packedIntegerBytes(pieces(same, fields));
  return numbers + content + (same ? 0 : packedIntegerBytes(fields));
}

function pieces(same: boolean, fields: number): number {
  return FIXED_NUMBERS + (same ? fields : fields * 2 + 1);
}

function differenceBytes(id: StreamId, from: StreamId): number {
  const ms = packedWordsBytes((id.msLow - from.msLow) | 0, (id.msHigh - from.msHigh - (id.msLow < from.msLow ? 1 : 0)) | 0);
  return ms + packedWordsBytes((id.seqLow - from.seqLow) | 0, (id.seqHigh - from.seqHigh - (id.seqLow < from.seqLow ? 1 : 0)) | 0);
}

/** Where a value in blocks belongs in a listpack: in front of bytes[at]. */
export interface Gap {
  readonly at: number;
  readonly value: BlockString;
}

/** What `sizeNode` and `toListpack` learn of a node. */
export interface NodeSize {
  /** Bytes of its listpack but for the two counts at its start. */
  bytes: number;
  /** Entries, live and deleted. */
  entries: number;
  /** The id of the last of them. */
  readonly last: StreamId;
}

/** Measures the listpack of the node `span`. Returns itself. */
export function sizeNode(span: ByteSpan, size: NodeSize): NodeSize {
  reader.open(span);
  master.assign(reader.id);
  size.bytes = packedHeadBytes(reader.masterFields, contentBytes(reader.buffer, reader.masterFieldsAt, reader.masterFields));
  size.entries = 0;
  while (reader.next()) {
    const same = (reader.flags & SAME_FIELDS) !== 0;
    const count = same ? reader.fields : reader.fields * 2;
    size.bytes += packedEntryTotal(reader.id, master, same, reader.fields, contentBytes(reader.buffer, reader.contentAt, count));
    size.entries++;
  }
  size.last.assign(reader.id);
  reader.close();
  return size;
}

function contentBytes(buffer: Buffer, at: number, count: number): number {
  let bytes = 0;
  while (count-- > 0) {
    const piece = contentPieceBytes(buffer, at);
    bytes += packedBytesOfPayload(isReference(buffer, at) ? LONG_STRING_HEAD_BYTES + referredLength(buffer, at) : piece);
    at += piece;
  }
  return bytes;
}

/**
 * Makes listpacks of nodes in a buffer of its own, which the next one uses again. Hot: a stream that is saved passes here whole. A node is
 * gone through once, and what is usual, small numbers and short strings, is written without a call.
 */
export class ListpackMaker {
  bytes = Buffer.allocUnsafeSlow(8192);
  /** Of the listpack made: how long it is with the values in blocks, and where in `bytes` each of them belongs. */
  total = 0;
  gaps: Gap[] = [];
  private objects: ObjectTable | null = null;
  /** Where in the node `copyContent` goes on. */
  private at = 0;

  /**
   * Writes the listpack of the node `span`, which refers to `objects`, with `live` live entries to the start of `bytes`. Returns its length
   * there.
   */
  make(objects: ObjectTable, span: ByteSpan, live: number): number {
    this.objects = objects;
    this.gaps = NO_GAPS;
    const deleted = deletedIn(span.buffer, span.from);
    // A payload becomes an entry no more than twice as long.
    const most = MOST_HEAD_BYTES + (span.to - span.from) * 2 + (live + deleted) * MOST_NUMBERS_BYTES;
    if (most > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(most + (most >> 1));
    const { bytes } = this;
    reader.open(span);
    master.assign(reader.id);
    let count = 4 + reader.masterFields;
    let to = packedWriteInteger(bytes, packedFirst(bytes, 0), live);
    to = packedWriteInteger(bytes, to, deleted);
    to = packedWriteInteger(bytes, to, reader.masterFields);
    this.at = reader.masterFieldsAt;
    to = this.copyContent(to, reader.buffer, reader.masterFields);
    to = putNumber(bytes, to, 0, 0);
    reader.goOnAt(this.at);
    const { id } = reader;
    while (reader.next()) {
      const same = (reader.flags & SAME_FIELDS) !== 0;
      const { fields } = reader;
      to = putNumber(bytes, to, reader.flags & (SAME_FIELDS | DELETED), 0);
      to = putNumber(bytes, to, (id.msLow - master.msLow) | 0, (id.msHigh - master.msHigh - (id.msLow < master.msLow ? 1 : 0)) | 0);
      to = putNumber(bytes, to, (id.seqLow - master.seqLow) | 0, (id.seqHigh - master.seqHigh - (id.seqLow < master.seqLow ? 1 : 0)) | 0);
      if (!same) to = putNumber(bytes, to, fields, 0);
      this.at = reader.contentAt;
      to = this.copyContent(to, reader.buffer, same ? fields : fields * 2);
      reader.goOnAt(this.at);
      const written = pieces(same, fields);
      to = putNumber(bytes, to, written, 0);
      count += written + 1;
    }
    reader.close();
    assert(to < bytes.length, "a listpack fits the room that was reckoned for it: a buffer drops what is written behind its end");
    const length = packedClose(bytes, 0, to, count);
    this.total = length;
    if (this.gaps.length > 0) this.countGaps();
    return length;
  }

  /** Returns the listpack just made, of which so many bytes are in `bytes`, in one piece. */
  joined(length: number): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.total);
    let to = 0;
    let from = 0;
    for (const { at, value } of this.gaps) {
      to = value.copyTo(whole, copyBytes(whole, to, this.bytes, from, at), 0, value.length);
      from = at;
    }
    copyBytes(whole, to, this.bytes, from, length);
    return whole;
  }

  private countGaps(): void {
    for (const { value } of this.gaps) this.total += value.length;
    this.bytes.writeUInt32LE(this.total, 0); // a listpack begins with its length
  }

  /** Writes the entry of the value that the reference at `at` stands for, but for the value itself, to `to`. Returns the offset after it. */
  private writeGap(to: number, source: Buffer, at: number): number {
    const { bytes, objects } = this;
    assert(objects !== null, "a node that is made a listpack says what it refers to");
    const value = referredString(objects, source, at);
    bytes[to] = LONG_STRING;
    bytes.writeUInt32LE(value.length, to + 1);
    const gap = to + LONG_STRING_HEAD_BYTES;
    this.gaps = [...this.gaps, { at: gap, value }];
    return writeBackLength(bytes, gap, LONG_STRING_HEAD_BYTES + value.length);
  }

  /** Writes `count` payloads, which stand at `this.at` of `source`, as entries at `to`. Returns the offset after them. */
  private copyContent(to: number, source: Buffer, count: number): number {
    const { bytes } = this;
    let { at } = this;
    for (; count > 0; count--) {
      const lead = source[at];
      if (lead >= SHORT_STRINGS && isReference(source, at)) {
        to = this.writeGap(to, source, at);
        at += REFERENCE_BYTES;
        continue;
      }
      if (lead >= SHORT_STRINGS) {
        const payload = packedPayloadBytes(source, at);
        to = packedWriteEntryOf(bytes, to, source, at, payload);
        at += payload;
        continue;
      }
      const payload = lead < 0x80 ? 1 : 1 + (lead & 0x3f);
      to = copyBytes(bytes, to, source, at, at + payload);
      at += payload;
      bytes[to++] = payload;
    }
    this.at = at;
    return to;
  }
}

/** Writes the entry of the int64 of these words at `at`. Returns the offset after it. */
function putNumber(bytes: Buffer, at: number, low: number, high: number): number {
  if (high !== 0 || low >>> 0 > 0x7f) return packedWriteWords(bytes, at, low, high);
  bytes[at] = low;
  bytes[at + 1] = 1;
  return at + 2;
}

/** Makes nodes of listpacks of unknown origin, in a buffer of its own, which the next one uses again. */
export class NodeMaker {
  bytes = Buffer.allocUnsafeSlow(8192);
  /** Of the node made: its length in bytes, its live entries, and the id of its last entry. */
  length = 0;
  live = 0;
  readonly last = new StreamId();
  /** What its references are to stand for, and where they are. */
  values: Gap[] = [];
  private source: Buffer = this.bytes;
  private at = 0;
  private number = 0;
  private fields = 0;
  private readonly masterId = new StreamId();
  private readonly id = new StreamId();

  /**
   * Makes the node that listpack source[from, to) with this master id stands for. Returns false when it is none: a broken listpack, one
   * with other entries than its counts say, ids that do not grow, or nothing in it.
   */
  make(source: Buffer, from: number, to: number, masterId: StreamId): boolean {
    this.release();
    if (!packedValid(source, from, to)) return false;
    // No entry becomes longer than twice what it was: ids of ten bytes at most take the place of numbers of two at least.
    const most = (to - from - longBytes(source, from, to)) * 3 + 64;
    if (this.bytes.length < most) this.bytes = Buffer.allocUnsafeSlow(most);
    this.source = source;
    this.at = packedFirst(source, from);
    this.masterId.assign(masterId);
    this.last.assign(masterId);
    const made = this.readHead() && this.readEntries();
    assert(
      this.length <= this.bytes.length,
      "a node fits the room that was reckoned for it: a buffer drops what is written behind its end",
    );
    this.source = this.bytes;
    if (!made) this.release();
    return made;
  }

  /** Lets go of the values in blocks. */
  release(): void {
    for (const { value } of this.values) value.free();
    this.values = [];
  }

  private readHead(): boolean {
    if (!this.readCount()) return false;
    this.live = this.number;
    if (!this.readCount()) return false;
    const deleted = this.number;
    if (!this.readCount()) return false;
    this.fields = this.number;
    this.length = writeNodeHead(this.bytes, 0, this.masterId, this.fields);
    setDeletedIn(this.bytes, 0, deleted);
    if (!this.copyContent(this.fields, CONTENT.names)) return false;
    return this.readCount() && this.number === 0;
  }

  private readEntries(): boolean {
    let live = 0;
    let deleted = 0;
    for (let first = true; !packedAtEnd(this.source, this.at); first = false) {
      if (!this.readCount()) return false;
      const flags = this.number;
      if (flags > (SAME_FIELDS | DELETED) || !this.readId()) return false;
      if (!first && this.id.compare(this.last) <= 0) return false;
      const same = (flags & SAME_FIELDS) !== 0;
      if (!same && !this.readCount()) return false;
      const fields = same ? this.fields : this.number;
      this.length = writeEntryHead(this.bytes, this.length, this.id, this.last, flags, fields);
      this.last.assign(this.id);
      if (!this.copyContent(same ? fields : fields * 2, same ? CONTENT.values : CONTENT.both)) return false;
      if (!this.readCount() || this.number !== pieces(same, fields)) return false;
      if ((flags & DELETED) === 0) live++;
      else deleted++;
    }
    return live === this.live && deleted === deletedIn(this.bytes, 0) && live + deleted > 0;
  }

  /** The id above the master id. Returns false when it is not one. */
  private readId(): boolean {
    const { id, masterId } = this;
    if (!this.readWords()) return false;
    id.assign(masterId).addMs(words.high, words.low >>> 0);
    if (!this.readWords()) return false;
    id.addSequence(words.high, words.low >>> 0);
    return id.compare(masterId) >= 0;
  }

  private readWords(): boolean {
    if (packedAtEnd(this.source, this.at) || !packedWords(this.source, this.at, words)) return false;
    this.at = packedNext(this.source, this.at);
    return true;
  }

  /** A number that is not negative, and one of as many things as a listpack can hold. */
  private readCount(): boolean {
    if (!this.readWords() || words.high !== 0 || words.low < 0 || words.low > 2 ** 30) return false;
    this.number = words.low;
    return true;
  }

  private copyContent(count: number, content: number): boolean {
    for (let index = 0; index < count; index++) {
      if (packedAtEnd(this.source, this.at)) return false;
      const payload = packedPayloadBytes(this.source, this.at);
      if (payload > BLOCKS_FROM + LONG_STRING_HEAD_BYTES) this.copyLong(payload, content === CONTENT.both ? index & 1 : content);
      else this.length = copyBytes(this.bytes, this.length, this.source, this.at, this.at + payload);
      this.at = packedNext(this.source, this.at);
    }
    return true;
  }

  /** Likewise of one that is too long to have been reckoned with: a name is copied, a value goes into blocks. */
  private copyLong(payload: number, content: number): void {
    const { source, at, length } = this;
    if (content === CONTENT.values) {
      this.values.push({ at: length, value: BlockString.of(source, at + LONG_STRING_HEAD_BYTES, at + payload) });
      this.length = writeReference(this.bytes, length, payload - LONG_STRING_HEAD_BYTES);
      return;
    }
    const grown = Buffer.allocUnsafeSlow(this.bytes.length + payload);
    this.bytes.copy(grown, 0, 0, length);
    this.bytes = grown;
    this.length = copyBytes(grown, length, source, at, at + payload);
  }
}

/** What a row of payloads is. */
const CONTENT = { names: 0, values: 1, both: 2 } as const;

/** How many bytes of a listpack are in strings that are too long for a node. */
function longBytes(source: Buffer, from: number, to: number): number {
  if (to - from <= BLOCKS_FROM) return 0;
  let bytes = 0;
  for (let at = packedFirst(source, from); !packedAtEnd(source, at); at = packedNext(source, at)) {
    const payload = packedPayloadBytes(source, at);
    if (payload > BLOCKS_FROM + LONG_STRING_HEAD_BYTES) bytes += payload;
  }
  return bytes;
}
