/**
 * The part of a connection's input that does not make a whole request yet. Small pieces are appended to one growing buffer; large ones
 * are kept as they came until the request can go on, so that a 100 MB value is copied once, and one announced and never sent takes no
 * memory.
 */

import { assert } from "../assert.ts";

/** Pieces of less than this many bytes are copied together, so that a value sent in drops does not become a million buffers. */
const SMALL_PIECE = 16 * 1024;
const TAIL_BYTES = 64 * 1024;
const FIRST_TAIL_BYTES = 512;
const NO_BYTES = Buffer.alloc(0);

/** Takes memory that is not needed any more. */
export interface Discard {
  /** Nothing refers to bytes[from, to), and no one will. */
  take(bytes: Buffer, from: number, to: number): void;
}

export class InputBuffer {
  /** What has been joined: the first `length` bytes count. */
  buffer: Buffer = NO_BYTES;
  length = 0;
  /** Whether others may use `buffer` for longer than this does. */
  private shared = false;
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private tail: Buffer | null = null;
  private tailLength = 0;

  /** Bytes held, joined or not. */
  get size(): number {
    return this.length + this.pieceBytes;
  }

  /** Takes bytes[from, to); with `copy` they may be overwritten afterwards. */
  add(bytes: Buffer, from: number, to: number, copy = false): void {
    const length = to - from;
    this.pieceBytes += length;
    if (length >= SMALL_PIECE) {
      this.closeTail();
      const piece = bytes.subarray(from, to);
      this.pieces.push(copy ? Buffer.from(piece) : piece);
      return;
    }
    if (this.tail !== null && this.tailLength + length > this.tail.length) this.closeTail();
    // Most of what is left over is completed by the next chunk: only what keeps coming in drops is given much room.
    this.tail ??= Buffer.allocUnsafeSlow(Math.min(TAIL_BYTES, Math.max(FIRST_TAIL_BYTES, length, 4 * this.size)));
    bytes.copy(this.tail, this.tailLength, from, to);
    this.tailLength += length;
  }

  private closeTail(): void {
    if (this.tail === null) return;
    this.pieces.push(this.tail.subarray(0, this.tailLength));
    this.tail = null;
    this.tailLength = 0;
  }

  /** Joins everything into `buffer`. */
  join(): void {
    const total = this.size;
    if (total > this.buffer.length) {
      // Room to grow where bytes come in drops; none where the bulk of it is here already.
      const room = this.pieceBytes > this.length ? total : total + this.length;
      const joined = Buffer.allocUnsafeSlow(room);
      this.buffer.copy(joined, 0, 0, this.length);
      this.buffer = joined;
    }
    for (const piece of this.pieces) this.append(piece, piece.length);
    if (this.tail !== null) this.append(this.tail, this.tailLength);
    assert(this.length === total, "the size counts every byte that was taken in");
    this.pieces = [];
    this.pieceBytes = 0;
    this.tailLength = 0;
  }

  /** Joins everything and gives what lies behind the first `count` bytes to `take`: those are left, in a buffer of their own size. */
  cut(count: number, take: (bytes: Buffer, from: number, to: number) => void): void {
    this.join();
    const { buffer, length } = this;
    assert(count <= length, "what is left of the bytes is among them");
    this.buffer = Buffer.from(buffer.subarray(0, count));
    this.length = count;
    take(buffer, count, length);
  }

  /** A copy of `count` bytes, or of as many as there are, from the one at `from` on. */
  slice(from: number, count: number): Buffer {
    const found: Buffer[] = [];
    let skipped = 0;
    let missing = count;
    const last = this.tail === null ? [] : [this.tail.subarray(0, this.tailLength)];
    for (const piece of [this.buffer.subarray(0, this.length), ...this.pieces, ...last]) {
      const start = Math.max(0, from - skipped);
      skipped += piece.length;
      if (start >= piece.length || missing === 0) continue;
      found.push(piece.subarray(start, start + missing));
      missing -= Math.min(missing, piece.length - start);
    }
    return Buffer.concat(found);
  }

  /** A value in `buffer` may be kept there, whatever becomes of this. */
  shareBuffer(): void {
    this.shared = true;
  }

  /** Drops everything: nothing of it was handed to anyone, unless `shareBuffer` said so. */
  clear(discard: Discard): void {
    if (!this.shared) discard.take(this.buffer, 0, this.length);
    for (const piece of this.pieces) discard.take(piece, 0, piece.length);
    if (this.tail !== null) discard.take(this.tail, 0, this.tailLength);
    this.buffer = NO_BYTES;
    this.length = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    this.tail = null;
    this.tailLength = 0;
  }

  private append(piece: Buffer, length: number): void {
    piece.copy(this.buffer, this.length, 0, length);
    this.length += length;
  }
}
