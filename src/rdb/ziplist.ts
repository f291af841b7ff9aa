/**
 * Reads ziplists, the packed lists, hashes and sorted sets of Redis before 7.0, out of bytes that are not to be trusted. Layout (little-endian
 * but for the lengths of strings):
 *
 *     u32 bytes of the whole, u32 offset of the last entry, u16 number of entries (65535: many), entries, 0xff
 *     entry: length of the entry before it (1 byte below 254, else 0xfe and u32), encoding, data
 */
import { writeInteger } from "../base/bytes.ts";
import { integrityFailure, RdbError } from "./error.ts";

const HEADER_BYTES = 10;
const END = 0xff;
/** The length of the entry before takes five bytes from here on. */
const LONG_PREVIOUS = 0xfe;
/** In the header: more entries than the field can say. */
const MANY = 0xffff;
/** Encodings of which the two high bits are set are integers. */
const FIRST_INTEGER = 0xc0;
const INT16 = 0xc0;
const INT32 = 0xd0;
const INT64 = 0xe0;
const INT24 = 0xf0;
const INT8 = 0xfe;
/** 0xf1 to 0xfd are the integers 0 to 12. */
const FIRST_IMMEDIATE = 0xf1;
const LAST_IMMEDIATE = 0xfd;

/** One ziplist after another, entry by entry: `open`, then `next` until it returns false. Every length is checked before it is followed. */
export class ZiplistReader {
  /** The current entry is bytes[from, to): in the ziplist, or for an integer its decimal digits in a buffer that is used again. */
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;

  private what = "";
  private list: Buffer = this.bytes;
  private readonly digits = Buffer.alloc(24);
  private begin = 0;
  /** Where the closing byte is. */
  private end = 0;
  private at = 0;
  /** Bytes of the entry before `at`. */
  private previous = 0;
  private count = 0;
  private offset = 0;

  /** Begins the ziplist list[from, to), which came from `offset` of the image; `what` it is, for errors. Errors: RdbError. */
  open(what: string, list: Buffer, from: number, to: number, offset: number): void {
    this.what = what;
    this.list = list;
    this.begin = from;
    this.end = to - 1;
    this.at = from + HEADER_BYTES;
    this.previous = 0;
    this.count = 0;
    this.offset = offset;
    if (to - from <= HEADER_BYTES) throw this.error(`${to - from} bytes are too few`, from);
    const bytes = list.readUInt32LE(from);
    if (bytes !== to - from) throw this.error(`it says that it has ${bytes} bytes, but it has ${to - from}`, from);
    if (list[this.end] !== END) throw this.error("it does not end with its closing byte", this.end);
  }

  /** Goes on to the next entry. Returns whether there is one. Errors: RdbError. */
  next(): boolean {
    const begin = this.at;
    if (this.list[begin] === END) {
      this.finish();
      return false;
    }
    const encodingAt = this.readPrevious(begin);
    const after = this.list[encodingAt] < FIRST_INTEGER ? this.readString(encodingAt) : this.readInteger(encodingAt);
    if (after > this.end) throw this.error("an entry reaches beyond the end", begin);
    this.previous = after - begin;
    this.at = after;
    this.count++;
    return true;
  }

  private finish(): void {
    const { list, begin, end, at } = this;
    if (at !== end) throw this.error("a closing byte stands before the end", at);
    const last = begin + list.readUInt32LE(begin + 4);
    if (this.count > 0 && last !== at - this.previous) throw this.error("its header names a wrong last entry", begin + 4);
    const count = list.readUInt16LE(begin + 8);
    if (count !== MANY && count !== this.count)
      throw this.error(`it says that it has ${count} entries, but it has ${this.count}`, begin + 8);
  }

  /** Checks the length of the entry before. Returns where the encoding is, which is in bounds. */
  private readPrevious(at: number): number {
    const { list } = this;
    let length = list[at];
    let after = at + 1;
    if (length >= LONG_PREVIOUS) {
      if (at + 5 > this.end) throw this.error("an entry reaches beyond the end", at);
      length = list.readUInt32LE(at + 1);
      after = at + 5;
    }
    if (length !== this.previous) throw this.error(`the entry before is said to have ${length} bytes, but has ${this.previous}`, at);
    if (after >= this.end) throw this.error("an entry reaches beyond the end", at);
    return after;
  }

  /** Returns the position after the entry, which may be out of bounds. */
  private readString(at: number): number {
    const { list } = this;
    const first = list[at];
    let length = first & 0x3f;
    let head = 1;
    if (first >= 0x80) {
      if (first !== 0x80) throw this.error(`unknown encoding 0x${first.toString(16)}`, at);
      if (at + 5 > this.end) throw this.error("an entry reaches beyond the end", at);
      length = list.readUInt32BE(at + 1);
      head = 5;
    } else if (first >= 0x40) {
      if (at + 2 > this.end) throw this.error("an entry reaches beyond the end", at);
      length = (length << 8) | list[at + 1];
      head = 2;
    }
    this.bytes = list;
    this.from = at + head;
    this.to = this.from + length;
    return this.to;
  }

  /** Returns the position after the entry, which is in bounds. */
  private readInteger(at: number): number {
    const { list, digits } = this;
    const encoding = list[at];
    const size = integerBytes(encoding);
    if (size < 0) throw this.error(`unknown encoding 0x${encoding.toString(16)}`, at);
    if (at + 1 + size > this.end) throw this.error("an entry reaches beyond the end", at);
    this.bytes = digits;
    this.from = 0;
    if (size === 8) this.to = digits.latin1Write(list.readBigInt64LE(at + 1).toString(), 0);
    else this.to = writeInteger(digits, 0, size === 0 ? encoding - FIRST_IMMEDIATE : list.readIntLE(at + 1, size));
    return at + 1 + size;
  }

  private error(detail: string, at: number): RdbError {
    return new RdbError(integrityFailure(this.what, `at byte ${at - this.begin} of it, ${detail}`), this.offset);
  }
}

/** How many bytes follow the encoding of an integer, or -1 where it is none. */
function integerBytes(encoding: number): number {
  switch (encoding) {
    case INT8:
      return 1;
    case INT16:
      return 2;
    case INT24:
      return 3;
    case INT32:
      return 4;
    case INT64:
      return 8;
    default:
      return encoding >= FIRST_IMMEDIATE && encoding <= LAST_IMMEDIATE ? 0 : -1;
  }
}
