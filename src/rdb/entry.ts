/** What the reader hands out: strings and entries, reused from one to the next. */
import { copyBytes, latin1, writeInteger } from "../base/bytes.ts";

/** A string decoded into a buffer of its own stays in the reused one up to this size. */
const REUSED_BYTES = 64 * 1024;
const INTEGER_BYTES = 16;
const NONE: Buffer = Buffer.alloc(0);

/** Bytes of the file: bytes[from, to), good until the handler returns. Use them, copy them, or `take()` them. */
export class RdbString {
  bytes: Buffer = NONE;
  from = 0;
  to = 0;
  /**
   * Whether `bytes` was made for this entry alone and is never written again, so that who wants to keep the string may keep
   * bytes.subarray(from, to) instead of copying it. So it is for long strings that came in pieces or compressed, and `bytes` is hardly longer.
   */
  exclusive = false;
  private scratch = NONE;

  get length(): number {
    return this.to - this.from;
  }

  /** Lets the string stand for source[from, to), without a copy. */
  refer(source: Buffer, from: number, to: number, exclusive: boolean): void {
    this.bytes = source;
    this.from = from;
    this.to = to;
    this.exclusive = exclusive;
  }

  /** Makes room for a string of `length` bytes, to be written at bytes[0, length). */
  allocate(length: number): Buffer {
    const exclusive = length > REUSED_BYTES;
    if (!exclusive && this.scratch.length < length) this.scratch = Buffer.allocUnsafeSlow(Math.min(REUSED_BYTES, length * 2));
    const target = exclusive ? Buffer.allocUnsafeSlow(length) : this.scratch;
    this.refer(target, 0, length, exclusive);
    return target;
  }

  /** Becomes the decimal form of an integer. */
  setInteger(value: number): void {
    this.to = writeInteger(this.allocate(INTEGER_BYTES), 0, value);
  }

  /** Moves the string to memory of its own, so that it outlives the chunk it came in. */
  keep(): void {
    if (this.exclusive || this.bytes === this.scratch) return;
    const { bytes, from, to } = this;
    copyBytes(this.allocate(to - from), 0, bytes, from, to);
  }

  /** The bytes for good: a copy, or the buffer itself where it is exclusive. */
  take(): Buffer {
    return this.exclusive ? this.bytes.subarray(this.from, this.to) : Buffer.from(this.bytes.subarray(this.from, this.to));
  }

  /** The bytes as a latin1 string. */
  text(): string {
    return latin1(this.bytes, this.from, this.to);
  }
}

/** One key with what stands before it, and its value where that is a string. Reused: good until the handler returns. */
export class RdbEntry {
  readonly key = new RdbString();
  readonly value = new RdbString();
  /** Unix time in ms, or -1 for none. It may lie in the past: a replica loads such a key too, a master does not. */
  expireAt = -1;
  /** The same to the last digit, where `expireAt` is more than a number holds exactly. */
  farExpiry = 0n;
  /** Seconds since the last use, or -1 where the file does not say. */
  idle = -1;
  /** The LFU counter, 0 to 255, or -1 where the file does not say. */
  freq = -1;

  /** Forgets what belongs to the entry that is over. */
  reset(): void {
    this.expireAt = -1;
    this.idle = -1;
    this.freq = -1;
  }
}
