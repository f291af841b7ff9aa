/**
 * Reads zipmaps, the small hashes of Redis before 2.6, out of bytes that are not to be trusted. Layout:
 *
 *     number of pairs (1 byte; 254 and more: many), pairs, 0xff
 *     pair: length, field, length, number of unused bytes (1 byte), value, unused bytes
 *     length: 1 byte below 254, else 0xfe and a little-endian u32
 */
import { integrityFailure, RdbError } from "./error.ts";

const END = 0xff;
const LONG_LENGTH = 0xfe;
/** In the header: more pairs than the byte can say. */
const MANY = 0xfe;

/** One zipmap after another, pair by pair: `open`, then `next` until it returns false. Every length is checked before it is followed. */
export class ZipmapReader {
  bytes: Buffer = Buffer.alloc(0);
  /** The current field is bytes[fieldFrom, fieldTo), its value bytes[valueFrom, valueTo). */
  fieldFrom = 0;
  fieldTo = 0;
  valueFrom = 0;
  valueTo = 0;

  private begin = 0;
  /** Where the closing byte is. */
  private end = 0;
  private at = 0;
  private count = 0;
  private offset = 0;
  private length = 0;

  /** Begins the zipmap bytes[from, to), which came from `offset` of the image. Errors: RdbError. */
  open(bytes: Buffer, from: number, to: number, offset: number): void {
    this.bytes = bytes;
    this.begin = from;
    this.end = to - 1;
    this.at = from + 1;
    this.count = 0;
    this.offset = offset;
    if (to - from < 2) throw this.error(`${to - from} bytes are too few`, from);
    if (bytes[this.end] !== END) throw this.error("it does not end with its closing byte", this.end);
  }

  /** Goes on to the next pair. Returns whether there is one. Errors: RdbError. */
  next(): boolean {
    const { bytes } = this;
    if (bytes[this.at] === END) {
      this.finish();
      return false;
    }
    this.fieldFrom = this.readLength(this.at);
    this.fieldTo = this.bounded(this.fieldFrom + this.length);
    const unusedAt = this.readLength(this.fieldTo);
    this.valueFrom = this.bounded(unusedAt + 1);
    this.valueTo = this.bounded(this.valueFrom + this.length);
    this.at = this.bounded(this.valueTo + bytes[unusedAt]);
    this.count++;
    return true;
  }

  private finish(): void {
    if (this.at !== this.end) throw this.error("a closing byte stands before the end", this.at);
    if (this.count === 0) throw this.error("it has no pairs", this.at);
    const count = this.bytes[this.begin];
    if (count < MANY && count !== this.count) throw this.error(`it says that it has ${count} pairs, but it has ${this.count}`, this.begin);
  }

  /** Reads the length at `at`, which is in bounds, into `length`. Returns the position after it, in bounds too. */
  private readLength(at: number): number {
    const first = this.bytes[at];
    if (first < LONG_LENGTH) {
      this.length = first;
      return this.bounded(at + 1);
    }
    if (first === END) throw this.error("a pair is broken off", at);
    const after = this.bounded(at + 5);
    this.length = this.bytes.readUInt32LE(at + 1);
    return after;
  }

  /** Returns `at`. Errors: RdbError where that is beyond the closing byte. */
  private bounded(at: number): number {
    if (at > this.end) throw this.error("a pair reaches beyond the end", this.at);
    return at;
  }

  private error(what: string, at: number): RdbError {
    return new RdbError(integrityFailure("Zipmap", `at byte ${at - this.begin} of it, ${what}`), this.offset);
  }
}
