/**
 * Reads the elements of the format (lengths, strings, doubles) out of a window of bytes that may end anywhere. Every `read...` method
 * returns false when the window ends before the element does; `need` then says how many bytes, counted from the start of the atom, are
 * needed to get further. The result of a method that returned true is in the field its comment names: so nothing is allocated on the way.
 *
 * Hot: one `readString` per key and one per value.
 */

import { latin1 } from "../base/bytes.ts";
import type { RdbString } from "./entry.ts";
import { RdbError, RdbUnsupported } from "./error.ts";
import { LENGTH, STRING_ENCODING, TEXT_DOUBLE } from "./format.ts";
import { LZF_MAX_RATIO, lzfDecompress } from "./lzf.ts";

const MOST_EXPECTED = 64 * 1024;

/** The first byte of a compressed string. */
const LZF_STRING = LENGTH.encoded | STRING_ENCODING.lzf;

/** The greatest size of an atom, and so of one string, in bytes: that of the longest buffer. */
const MAX_ATOM_BYTES = 0xffff_ffff;

export class RdbInput {
  bytes: Buffer = Buffer.alloc(0);
  pos = 0;
  /** Where the atom being read starts in `bytes`. */
  start = 0;
  /** How many bytes from `start` on the atom has at least. Set by a method that returned false. */
  need = 0;
  /** Number read by `readLength`; exact up to 2^53. */
  value = 0;
  /** The same as two unsigned halves, exact. */
  valueHigh = 0;
  valueLow = 0;
  /**
   * Whether a checksum that is going to be compared vouches for the bytes: what was made from them is thrown away if it does not hold. Then
   * what stands inside a packed value need not be looked at before it is used.
   */
  vouched = false;
  /** No more elements of a collection are prepared for before they are there: what no checksum vouches for is not to be trusted. */
  mostExpected = MOST_EXPECTED;
  /** Number read by `readInt64`, `readBinaryDouble`, `readTextDouble`. */
  number = 0;

  /** After `readCompressed`: where in `bytes` the compressed form is, and how many bytes it makes; -1 where the string is not compressed. */
  packedFrom = 0;
  packedTo = 0;
  unpacked = -1;

  private end = 0;
  /** Offset in the stream of bytes[0]. */
  private base = 0;
  private exclusive = false;
  private readonly double = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.double.buffer);

  /** Reads from bytes[from, to) from now on; `offset` is the place of bytes[from] in the stream, `exclusive` as in RdbString. */
  open(bytes: Buffer, from: number, to: number, offset: number, exclusive: boolean): void {
    this.bytes = bytes;
    this.pos = from;
    this.start = from;
    this.end = to;
    this.base = offset - from;
    this.exclusive = exclusive;
  }

  /** The error `what`, at the position `at` of the window (the current one unless told). */
  error(what: string, at: number = this.pos): RdbError {
    return new RdbError(what, this.base + at);
  }

  /** Likewise where nothing is wrong but that it is not known here. */
  unsupported(what: string, at: number = this.pos): RdbUnsupported {
    return new RdbUnsupported(what, this.base + at);
  }

  /** The place in the stream of what is read next. */
  get offset(): number {
    return this.base + this.pos;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.pos;
  }

  /** Whether the next `count` bytes are there; they are not read. */
  has(count: number): boolean {
    return this.end - this.pos >= count || this.lacks(count);
  }

  /** Reads one byte into `value`. */
  readByte(): boolean {
    if (this.pos === this.end) return this.lacks(1);
    this.value = this.bytes[this.pos++];
    return true;
  }

  /** Reads a length into `value`, `valueHigh`, `valueLow`. Errors: RdbError where a string encoding stands instead. */
  readLength(): boolean {
    const begin = this.pos;
    if (begin === this.end) return this.lacks(1);
    const first = this.bytes[begin];
    if (first < LENGTH.encoded) return this.readLengthAfter(first);
    throw this.error(`bad length: 0x${first.toString(16)} is a string encoding`, begin);
  }

  /** Reads a string in any encoding into `target`. */
  readString(target: RdbString): boolean {
    const begin = this.pos;
    if (begin === this.end) return this.lacks(1);
    const first = this.bytes[begin];
    let length = first;
    if (first < LENGTH.bits14) this.pos = begin + 1;
    else if (first < LENGTH.encoded) {
      if (!this.readLengthAfter(first)) return false;
      length = this.value;
    } else return this.readEncodedString(first & 0x3f, target);
    const from = this.pos;
    if (this.end - from < length) return this.lacks(length);
    this.pos = from + length;
    target.refer(this.bytes, from, from + length, this.exclusive);
    return true;
  }

  /** Reads a string. One that is compressed stays so (`packedFrom`, `packedTo`, `unpacked`), for `expand`; any other goes into `target`. */
  readCompressed(target: RdbString): boolean {
    const begin = this.pos;
    this.unpacked = -1;
    if (begin === this.end || this.bytes[begin] !== LZF_STRING) return this.readString(target);
    this.pos = begin + 1;
    return this.readLzfHead(begin);
  }

  /** Puts the string that `readCompressed` left compressed into `target`. */
  expand(target: RdbString): void {
    const { packedFrom, packedTo, unpacked } = this;
    lzfDecompress(this.bytes, packedFrom, packedTo, target.allocate(unpacked), 0, unpacked, this.base + packedFrom);
  }

  /** Reads eight bytes, little-endian and signed, into `number`; exact within 2^53. */
  readInt64(): boolean {
    if (!this.has(8)) return false;
    const low = this.word(this.pos) >>> 0;
    this.number = this.word(this.pos + 4) * 0x100000000 + low;
    this.pos += 8;
    return true;
  }

  /** What `readInt64` just read, to the last digit. */
  exactInt64(): bigint {
    return (BigInt(this.word(this.pos - 4)) << 32n) | BigInt(this.word(this.pos - 8) >>> 0);
  }

  /** Reads four bytes, little-endian and signed, into `number`. */
  readInt32(): boolean {
    if (!this.has(4)) return false;
    this.number = this.word(this.pos);
    this.pos += 4;
    return true;
  }

  /** Reads a double in binary into `number`. */
  readBinaryDouble(): boolean {
    if (!this.has(8)) return false;
    for (let i = 0; i < 8; i++) this.doubleBytes[i] = this.bytes[this.pos + i];
    this.pos += 8;
    this.number = this.double[0];
    return true;
  }

  /** Reads a double as text into `number`. Errors: RdbError where the text is none. */
  readTextDouble(): boolean {
    const begin = this.pos;
    if (!this.readByte()) return false;
    const length = this.value;
    if (length === TEXT_DOUBLE.nan) this.number = Number.NaN;
    else if (length === TEXT_DOUBLE.positiveInfinity) this.number = Number.POSITIVE_INFINITY;
    else if (length === TEXT_DOUBLE.negativeInfinity) this.number = Number.NEGATIVE_INFINITY;
    else {
      if (!this.has(length)) return false;
      const text = latin1(this.bytes, this.pos, this.pos + length);
      this.number = Number(text);
      if (text.trim() === "" || Number.isNaN(this.number)) throw this.error(`bad double ${JSON.stringify(text)}`, begin);
      this.pos += length;
    }
    return true;
  }

  /** Passes over `count` bytes. */
  skip(count: number): boolean {
    if (!this.has(count)) return false;
    this.pos += count;
    return true;
  }

  /** Notes that `count` more bytes than those read are needed. Returns false. */
  private lacks(count: number): false {
    const need = this.pos - this.start + count;
    if (need > MAX_ATOM_BYTES) throw this.error(`bad length: ${count} bytes are more than a string can have`);
    this.need = need;
    return false;
  }

  private readLengthAfter(first: number): boolean {
    const begin = this.pos;
    const bytes = this.bytes;
    this.valueHigh = 0;
    if (first < LENGTH.bits14) {
      this.valueLow = first;
      this.pos = begin + 1;
    } else if (first < LENGTH.bits32) {
      if (!this.has(2)) return false;
      this.valueLow = ((first & 0x3f) << 8) | bytes[begin + 1];
      this.pos = begin + 2;
    } else if (first === LENGTH.bits32) {
      if (!this.has(5)) return false;
      this.valueLow = bytes.readUInt32BE(begin + 1);
      this.pos = begin + 5;
    } else if (first === LENGTH.bits64) {
      if (!this.has(9)) return false;
      this.valueHigh = bytes.readUInt32BE(begin + 1);
      this.valueLow = bytes.readUInt32BE(begin + 5);
      this.pos = begin + 9;
    } else throw this.error(`bad length: it starts with 0x${first.toString(16)}`, begin);
    // Not always a product and a sum: their result is a double for the compiler, and so would be every position reckoned from it.
    this.value = this.valueHigh === 0 ? this.valueLow : this.valueHigh * 0x100000000 + this.valueLow;
    return true;
  }

  private readEncodedString(encoding: number, target: RdbString): boolean {
    const begin = this.pos;
    const bytes = this.bytes;
    switch (encoding) {
      case STRING_ENCODING.int8:
        if (!this.has(2)) return false;
        target.setInteger((bytes[begin + 1] << 24) >> 24);
        this.pos = begin + 2;
        return true;
      case STRING_ENCODING.int16:
        if (!this.has(3)) return false;
        target.setInteger(((bytes[begin + 1] | (bytes[begin + 2] << 8)) << 16) >> 16);
        this.pos = begin + 3;
        return true;
      case STRING_ENCODING.int32:
        if (!this.has(5)) return false;
        target.setInteger(this.word(begin + 1));
        this.pos = begin + 5;
        return true;
      case STRING_ENCODING.lzf:
        this.pos = begin + 1;
        if (!this.readLzfHead(begin)) return false;
        this.expand(target);
        return true;
      default:
        throw this.error(`Unknown RDB string encoding type ${encoding}`, begin);
    }
  }

  /** Reads the lengths of a compressed string, and passes over it. */
  private readLzfHead(begin: number): boolean {
    if (!this.readLength()) return false;
    const packed = this.value;
    if (!this.readLength()) return false;
    const length = this.value;
    if (length > MAX_ATOM_BYTES || length > packed * LZF_MAX_RATIO)
      throw this.error(`bad length: ${packed} bytes of LZF cannot make ${length}`, begin);
    if (!this.has(packed)) return false;
    this.packedFrom = this.pos;
    this.pos += packed;
    this.packedTo = this.pos;
    this.unpacked = length;
    return true;
  }

  /** The four bytes at `at`, little-endian, as a signed integer. */
  private word(at: number): number {
    const bytes = this.bytes;
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
}
