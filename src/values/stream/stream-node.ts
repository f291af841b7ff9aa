/**
 * The bytes of a node of a stream: entries in order of their ids. What Redis keeps of an entry is a row of listpack entries
 * (stream-listpack.ts); this keeps the same in two thirds of the bytes, and it is what makes a stream smaller than Redis's:
 *
 *     node     master id (16, big-endian), how many entries are marked deleted (4, big-endian), field count (varint), field names, entries
 *     entry    flags (1), milliseconds since the entry before (varint, unless MS_SAME), sequence number (varint, unless SEQUENCE_SHORT),
 *              then with SAME_FIELDS a value for each field of the node, else a field count (varint) and pairs of name and value
 *
 * The sequence number is, with MS_SAME, how much it is above the entry before (SEQUENCE_SHORT: 1), else the number itself (SEQUENCE_SHORT:
 * 0). The first entry is counted from the master id. Names and values are payloads of listpack entries (memory/packed.ts); in the place of a
 * value that is in blocks stands a reference: the byte 0xF5, which begins no payload, the length of the value and its handle (4 each, as in a
 * listpack little-endian). How many entries are live the node's directory says (memory/nodes.ts). Hot: nothing is allocated.
 */

import type { BlockString } from "../../blocks/block-string.ts";
import type { ObjectTable } from "../../memory/objects.ts";
import { Element, packedPayloadBytes, packedRead } from "../../memory/packed.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { readWord, StreamId, writeWord } from "./stream-id.ts";

/** Flags of an entry; the first two are Redis's. */
export const DELETED = 1;
export const SAME_FIELDS = 2;
const MS_SAME = 4;
const SEQUENCE_SHORT = 8;

const DELETED_AT = 16;
const NODE_HEAD_BYTES = 20;
/** The longest head of an entry: flags, two numbers and a count. */
export const ENTRY_HEAD_BYTES = 26;

const NO_BYTES = Buffer.alloc(0);

// ---- references

const REFERENCE = 0xf5;
export const REFERENCE_BYTES = 9;
const LENGTH_AT = 1;
const HANDLE_AT = 5;
/** What stands before a string of more than 4095 bytes in its payload. */
export const LONG_STRING_HEAD_BYTES = 5;

export function isReference(buffer: Buffer, at: number): boolean {
  return buffer[at] === REFERENCE;
}

/** Writes a reference to a value of so many bytes, without its handle. Returns the offset after it. */
export function writeReference(buffer: Buffer, at: number, length: number): number {
  buffer[at] = REFERENCE;
  buffer.writeUInt32LE(length, at + LENGTH_AT);
  return at + REFERENCE_BYTES;
}

export function setReferredHandle(buffer: Buffer, at: number, handle: number): void {
  buffer.writeUInt32LE(handle, at + HANDLE_AT);
}

/** Returns what the reference at `at` stands for. */
export function referredString(objects: ObjectTable, buffer: Buffer, at: number): BlockString {
  return objects.get(referredHandle(buffer, at)) as BlockString;
}

export function referredHandle(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + HANDLE_AT);
}

export function referredLength(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + LENGTH_AT);
}

/** Returns the bytes of the payload, or the reference, at `at`. */
export function contentPieceBytes(buffer: Buffer, at: number): number {
  return buffer[at] === REFERENCE ? REFERENCE_BYTES : packedPayloadBytes(buffer, at);
}

/** Visits the references of a node. */
export function eachReference(span: ByteSpan, visit: (buffer: Buffer, at: number) => void): void {
  const reader = new NodeReader().open(span);
  while (reader.next()) {
    let at = reader.contentAt;
    for (let left = (reader.flags & SAME_FIELDS) === 0 ? reader.fields * 2 : reader.fields; left > 0; left--) {
      if (isReference(reader.buffer, at)) visit(reader.buffer, at);
      at += contentPieceBytes(reader.buffer, at);
    }
  }
}

// ---- nodes and entries

/** How many entries of the node at `from` are marked deleted. */
export function deletedIn(buffer: Buffer, from: number): number {
  return readWord(buffer, from + DELETED_AT);
}

export function setDeletedIn(buffer: Buffer, from: number, deleted: number): void {
  writeWord(buffer, from + DELETED_AT, deleted);
}

/** Writes the head of a node up to the names of its fields. Returns the offset after it. */
export function writeNodeHead(buffer: Buffer, from: number, master: StreamId, fields: number): number {
  master.write(buffer, from);
  setDeletedIn(buffer, from, 0);
  return writeVarint(buffer, from + NODE_HEAD_BYTES, 0, fields);
}

/** Returns the bytes of that head. */
export function nodeHeadBytes(fields: number): number {
  return NODE_HEAD_BYTES + varintBytes(0, fields);
}

/** Writes the head of an entry that follows `before` (the master id for the first), up to its names and values. Returns the offset after it. */
export function writeEntryHead(buffer: Buffer, at: number, id: StreamId, before: StreamId, flags: number, fields: number): number {
  const start = at++;
  if (id.sameMs(before)) {
    flags |= MS_SAME;
    const low = (id.seqLow - before.seqLow) >>> 0;
    const high = (id.seqHigh - before.seqHigh - (id.seqLow < before.seqLow ? 1 : 0)) >>> 0;
    if (low === 1 && high === 0) flags |= SEQUENCE_SHORT;
    else at = writeVarint(buffer, at, high, low);
  } else {
    const low = (id.msLow - before.msLow) >>> 0;
    const high = (id.msHigh - before.msHigh - (id.msLow < before.msLow ? 1 : 0)) >>> 0;
    at = writeVarint(buffer, at, high, low);
    if (id.seqLow === 0 && id.seqHigh === 0) flags |= SEQUENCE_SHORT;
    else at = writeVarint(buffer, at, id.seqHigh, id.seqLow);
  }
  buffer[start] = flags;
  return (flags & SAME_FIELDS) === 0 ? writeVarint(buffer, at, 0, fields) : at;
}

function writeVarint(buffer: Buffer, at: number, high: number, low: number): number {
  while (high !== 0 || low > 0x7f) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  buffer[at] = low;
  return at + 1;
}

function varintBytes(high: number, low: number): number {
  let bytes = 1;
  while (high !== 0 || low > 0x7f) {
    bytes++;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  return bytes;
}

/** Goes through a node from its first entry on, those marked deleted included. */
export class NodeReader {
  buffer: Buffer = NO_BYTES;
  from = 0;
  private to = 0;
  /** Fields of the node and where their names start. */
  masterFields = 0;
  masterFieldsAt = 0;
  /** Of the entry: its id, where it starts, its flags, how many fields it has and where what follows its head starts. */
  readonly id = new StreamId();
  entryAt = 0;
  flags = 0;
  fields = 0;
  contentAt = 0;
  private at = 0;
  /** Payloads between `at` and the next entry. */
  private left = 0;
  private high = 0;
  private low = 0;

  /** Stands before the first entry of the node `span`. Returns itself. */
  open(span: ByteSpan): this {
    this.buffer = span.buffer;
    this.from = span.from;
    this.to = span.to;
    this.at = span.from + NODE_HEAD_BYTES;
    this.id.read(this.buffer, span.from);
    this.readVarint();
    this.masterFields = this.low;
    this.masterFieldsAt = this.at;
    this.left = this.low;
    return this;
  }

  /** Stands where another reader does. */
  follow(other: NodeReader): void {
    this.buffer = other.buffer;
    this.from = other.from;
    this.to = other.to;
    this.masterFields = other.masterFields;
    this.masterFieldsAt = other.masterFieldsAt;
    this.id.assign(other.id);
    this.flags = other.flags;
    this.at = other.at;
    this.left = other.left;
  }

  /** Forgets the bytes. */
  close(): void {
    this.buffer = NO_BYTES;
    this.to = 0;
    this.at = 0;
    this.left = 0;
  }

  /** Goes to the next entry. Returns whether there is one. */
  next(): boolean {
    this.at = skipPayloads(this.buffer, this.at, this.left);
    if (this.at >= this.to) {
      this.left = 0;
      return false;
    }
    const { id } = this;
    this.entryAt = this.at;
    const flags = this.buffer[this.at++];
    this.flags = flags;
    if ((flags & MS_SAME) !== 0) {
      if ((flags & SEQUENCE_SHORT) === 0) {
        this.readVarint();
        id.addSequence(this.high, this.low);
      } else id.increment();
    } else {
      this.readVarint();
      id.addMs(this.high, this.low);
      if ((flags & SEQUENCE_SHORT) !== 0) this.low = this.high = 0;
      else this.readVarint();
      id.seqHigh = this.high;
      id.seqLow = this.low;
    }
    if ((flags & SAME_FIELDS) !== 0) {
      this.fields = this.masterFields;
      this.left = this.fields;
    } else {
      this.readVarint();
      this.fields = this.low;
      this.left = this.fields * 2;
    }
    this.contentAt = this.at;
    return true;
  }

  /** The content of the entry (before the first: the names of the node's fields) ends at `at`: the way to the next is known. */
  goOnAt(at: number): void {
    this.at = at;
    this.left = 0;
  }

  private readVarint(): void {
    const { buffer } = this;
    let byte = buffer[this.at++];
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = buffer[this.at++];
      const bits = byte & 0x7f;
      if (shift < 32) low = (low | (bits << shift)) >>> 0;
      if (shift > 25) high = (high | (shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32))) >>> 0;
    }
    this.low = low;
    this.high = high;
  }
}

/** Returns what follows `count` payloads or references at `at`. */
function skipPayloads(buffer: Buffer, at: number, count: number): number {
  while (count-- > 0) {
    const lead = buffer[at];
    if (lead < 0x80) at++;
    else if (lead < 0xc0) at += 1 + (lead & 0x3f);
    else at += contentPieceBytes(buffer, at);
  }
  return at;
}

/** Goes through the fields of an entry. */
export class FieldReader {
  readonly field = new Element();
  readonly value = new Element();
  private buffer: Buffer = NO_BYTES;
  private objects: ObjectTable | null = null;
  private namesAt = 0;
  private at = 0;
  private same = false;

  /**
   * Stands before the first field of an entry whose content is at `contentAt` of `buffer`, in a node whose names are at `masterFieldsAt` and
   * which refers to `objects`.
   */
  open(objects: ObjectTable, buffer: Buffer, masterFieldsAt: number, contentAt: number, flags: number): void {
    this.objects = objects;
    this.buffer = buffer;
    this.same = (flags & SAME_FIELDS) !== 0;
    this.namesAt = masterFieldsAt;
    this.at = contentAt;
  }

  /** Shows the next field in `field` and `value`. There must be one. */
  next(): void {
    const { buffer } = this;
    if (this.same) {
      packedRead(buffer, this.namesAt, this.field);
      this.namesAt += packedPayloadBytes(buffer, this.namesAt);
    } else {
      packedRead(buffer, this.at, this.field);
      this.at += packedPayloadBytes(buffer, this.at);
    }
    if (buffer[this.at] === REFERENCE && this.objects !== null) {
      this.value.setBlocks(referredString(this.objects, buffer, this.at));
      this.at += REFERENCE_BYTES;
    } else {
      packedRead(buffer, this.at, this.value);
      this.at += packedPayloadBytes(buffer, this.at);
    }
  }
}
