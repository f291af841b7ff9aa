/**
 * Roaring bitmaps in their portable 64-bit form, as bytes with one bit each, the first in the highest place as SETBIT has it. Source:
 * RoaringFormatSpec, with its extension for 64-bit implementations. All numbers are little-endian:
 *
 *     number of buckets (8 bytes); of each: the high half of its numbers (4 bytes), a 32-bit bitmap
 *     32-bit bitmap: a cookie (and the number of containers), which containers are runs, key and cardinality of each, their offsets,
 *     and the containers: sorted numbers, 65536 bits, or runs
 */

import { byteTable } from "../base/bytes.ts";

const WITH_RUNS = 12347;
const WITHOUT_RUNS = 12346;
/** A bitmap with runs has offsets from so many containers on. */
const OFFSETS_FROM = 4;
const MOST_CONTAINERS = 65536;
/** A container of more numbers is one of bits. */
const MOST_LISTED = 4096;
const CONTAINER_BYTES = 8192;
const HIGH = 2 ** 32;

/** Bytes with their bits in the opposite order. */
const MIRRORED = byteTable((byte) => {
  let mirrored = 0;
  for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) mirrored |= 0x80 >> bit;
  return mirrored;
});

class BadBitmap extends Error {}

/**
 * Sets the bits of the bitmap source[from, to) in target, whose bytes are all zero. Returns what is wrong with the bitmap, null for nothing:
 * it then has no number beyond the target, and is all that source[from, to) has.
 */
export function expandRoaring(source: Buffer, from: number, to: number, target: Buffer): string | null {
  try {
    const reader = new Reader(source, from, to, target);
    reader.buckets();
    return null;
  } catch (error) {
    if (!(error instanceof BadBitmap)) throw error;
    return error.message;
  }
}

class Reader {
  private readonly source: Buffer;
  private readonly to: number;
  private readonly target: Buffer;
  private at: number;

  constructor(source: Buffer, from: number, to: number, target: Buffer) {
    this.source = source;
    this.at = from;
    this.to = to;
    this.target = target;
  }

  buckets(): void {
    const count = this.take(8, (bytes, at) => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * HIGH);
    let former = -1;
    for (let left = count; left > 0; left--) {
      const high = this.uint32();
      if (high <= former) throw new BadBitmap("its buckets are not in order");
      former = high;
      this.bitmap(high);
    }
    if (this.at !== this.to) throw new BadBitmap("there is something behind it");
  }

  private bitmap(high: number): void {
    const cookie = this.uint32();
    const hasRuns = (cookie & 0xffff) === WITH_RUNS;
    if (!hasRuns && cookie !== WITHOUT_RUNS) throw new BadBitmap(`it begins with ${cookie}, no bitmap does`);
    const count = hasRuns ? (cookie >>> 16) + 1 : this.uint32();
    if (count > MOST_CONTAINERS) throw new BadBitmap(`it has ${count} containers`);
    const runs = hasRuns ? this.skip(Math.ceil(count / 8)) : 0;
    const heads = this.skip(count * 4);
    if (!hasRuns || count >= OFFSETS_FROM) this.skip(count * 4);
    let former = -1;
    for (let index = 0; index < count; index++) {
      const key = this.source.readUInt16LE(heads + index * 4);
      if (key <= former) throw new BadBitmap("its containers are not in order");
      former = key;
      const cardinality = this.source.readUInt16LE(heads + index * 4 + 2) + 1;
      const first = (high * MOST_CONTAINERS + key) * CONTAINER_BYTES;
      if (hasRuns && (this.source[runs + (index >> 3)] & (1 << (index & 7))) !== 0) this.runs(first);
      else if (cardinality <= MOST_LISTED) this.listed(first, cardinality);
      else this.bits(first);
    }
  }

  /** `first` is the byte of the target at which the container begins. */
  private listed(first: number, count: number): void {
    const begin = this.skip(count * 2);
    let former = -1;
    for (let index = 0; index < count; index++) {
      const low = this.source.readUInt16LE(begin + index * 2);
      if (low <= former) throw new BadBitmap("the numbers of a container are not in order");
      former = low;
      this.check(first + (low >> 3));
      this.target[first + (low >> 3)] |= 0x80 >> (low & 7);
    }
  }

  private runs(first: number): void {
    const count = this.take(2, (bytes, at) => bytes.readUInt16LE(at));
    const begin = this.skip(count * 4);
    let former = -1;
    for (let index = 0; index < count; index++) {
      const start = this.source.readUInt16LE(begin + index * 4);
      const last = start + this.source.readUInt16LE(begin + index * 4 + 2);
      if (start <= former || last >= CONTAINER_BYTES * 8) throw new BadBitmap("the runs of a container are not in order");
      former = last;
      this.check(first + (last >> 3));
      for (let low = start; low <= last; low++) {
        // A byte at a time where all of it is set.
        if ((low & 7) === 0 && low + 7 <= last) {
          const end = (last + 1) >> 3;
          this.target.fill(0xff, first + (low >> 3), first + end);
          low = end * 8 - 1;
        } else this.target[first + (low >> 3)] |= 0x80 >> (low & 7);
      }
    }
  }

  private bits(first: number): void {
    const begin = this.skip(CONTAINER_BYTES);
    const { source, target } = this;
    for (let index = 0; index < CONTAINER_BYTES; index++) {
      const byte = source[begin + index];
      if (byte === 0) continue;
      this.check(first + index);
      target[first + index] = MIRRORED[byte];
    }
  }

  private check(at: number): void {
    if (at >= this.target.length) throw new BadBitmap("it has a bit beyond its length");
  }

  private uint32(): number {
    return this.take(4, (bytes, at) => bytes.readUInt32LE(at));
  }

  private take(count: number, read: (bytes: Buffer, at: number) => number): number {
    return read(this.source, this.skip(count));
  }

  /** Passes over `count` bytes. Returns where they begin. */
  private skip(count: number): number {
    const begin = this.at;
    if (count > this.to - begin) throw new BadBitmap("it ends too early");
    this.at = begin + count;
    return begin;
  }
}
