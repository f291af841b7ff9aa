/** Makes ziplists, the packed lists of Redis before 7.0 (rdb/ziplist.ts has their form): a node of a list at a time. */

import { copyBytes, parseInt64 } from "../../base/bytes.ts";
import { Element, packedAtEnd, packedFirst, packedRead } from "../../memory/packed.ts";

const HEADER_BYTES = 10;
const END = 0xff;
const LONG_PREVIOUS = 0xfe;
/** In the header: more entries than the field can say. */
const MANY = 0xffff;
/** The most that stands before an entry's bytes: the length of the entry before, an encoding with a length. */
const MOST_HEAD_BYTES = 10;
/** Longer texts are no integers. */
const MAX_INTEGER_TEXT = 20;

/** Integers by their width: bits, the encoding. Those from 0 to 12 are in the encoding itself. */
const INTEGERS = [
  [8, 0xfe],
  [16, 0xc0],
  [24, 0xf0],
  [32, 0xd0],
  [64, 0xe0],
] as const;
const FIRST_IMMEDIATE = 0xf1;
const LAST_IMMEDIATE = 12n;

const element = new Element();

export class ZiplistWriter {
  /** The ziplist is bytes[0, length), once it is closed. */
  bytes = Buffer.allocUnsafeSlow(16 * 1024);
  length = 0;
  private last = 0;
  private previous = 0;
  private count = 0;

  /** Makes one of the elements of the listpack list[from, ...), which is well formed. */
  fromListpack(list: Buffer, from: number): void {
    this.begin();
    for (let at = packedFirst(list, from); !packedAtEnd(list, at); ) {
      at = packedRead(list, at, element);
      this.add(element.bytes, element.from, element.to);
    }
    this.close();
  }

  /** Makes one of this element alone. */
  fromElement(bytes: Buffer, from: number, to: number): void {
    this.begin();
    this.add(bytes, from, to);
    this.close();
  }

  private begin(): void {
    this.length = HEADER_BYTES;
    this.last = HEADER_BYTES;
    this.previous = 0;
    this.count = 0;
  }

  private add(source: Buffer, from: number, to: number): void {
    this.reserve(MOST_HEAD_BYTES + to - from);
    const { bytes, length: start } = this;
    let at = start;
    if (this.previous < LONG_PREVIOUS) bytes[at++] = this.previous;
    else {
      bytes[at] = LONG_PREVIOUS;
      at = bytes.writeUInt32LE(this.previous, at + 1);
    }
    const integer = to - from <= MAX_INTEGER_TEXT ? parseInt64(source, from, to) : null;
    at = integer === null ? this.putString(at, source, from, to) : this.putInteger(at, integer);
    this.previous = at - start;
    this.last = start;
    this.length = at;
    this.count++;
  }

  private putString(at: number, source: Buffer, from: number, to: number): number {
    const { bytes } = this;
    const length = to - from;
    let body = at + 1;
    if (length < 0x40) bytes[at] = length;
    else if (length < 0x4000) {
      bytes[at] = 0x40 | (length >>> 8);
      bytes[at + 1] = length;
      body = at + 2;
    } else {
      bytes[at] = 0x80;
      body = bytes.writeUInt32BE(length, at + 1);
    }
    return copyBytes(bytes, body, source, from, to);
  }

  private putInteger(at: number, value: bigint): number {
    const { bytes } = this;
    if (value >= 0n && value <= LAST_IMMEDIATE) {
      bytes[at] = FIRST_IMMEDIATE + Number(value);
      return at + 1;
    }
    for (const [bits, encoding] of INTEGERS) {
      if (BigInt.asIntN(bits, value) !== value) continue;
      bytes[at] = encoding;
      if (bits === 64) return bytes.writeBigInt64LE(value, at + 1);
      return bytes.writeIntLE(Number(value), at + 1, bits / 8);
    }
    return at;
  }

  private close(): void {
    this.reserve(1);
    const { bytes } = this;
    bytes[this.length++] = END;
    bytes.writeUInt32LE(this.length, 0);
    bytes.writeUInt32LE(this.last, 4);
    bytes.writeUInt16LE(Math.min(this.count, MANY), 8);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow((this.length + more) * 2);
    copyBytes(larger, 0, this.bytes, 0, this.length);
    this.bytes = larger;
  }
}
