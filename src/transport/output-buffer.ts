/** Bytes that a transport has not taken yet, in order. Small ones are copied together; nothing else is copied twice. */

import { assert } from "../assert.ts";

/** client-output-buffer-limit of one class of clients, in bytes and seconds; 0 is no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

const PIECE_BYTES = 16 * 1024;

/** buffer[sent, length) waits. */
interface Piece {
  readonly buffer: Buffer;
  length: number;
  sent: number;
}

const NO_PIECE: Piece = { buffer: Buffer.alloc(0), length: 0, sent: 0 };
/** A queue's front is cut off in steps of at least this many pieces, so that a long one does not move at every step. */
const DROPPED_AT_ONCE = 64;

export class OutputBuffer {
  /** Bytes waiting. */
  size = 0;
  private pieces: Piece[] = [];
  /** How many of `pieces` have been sent; they are dropped many at a time. */
  private gone = 0;
  /** When the soft limit was passed, in ms; 0 while it is not. */
  private softSince = 0;

  get pieceCount(): number {
    return this.pieces.length - this.gone;
  }

  /** The piece to be sent next, of one that is not empty. */
  get first(): Readonly<Piece> {
    assert(this.gone < this.pieces.length, "an output buffer that holds bytes has a piece with them");
    return this.pieces[this.gone];
  }

  /** Keeps bytes[from, to). */
  add(bytes: Buffer, from: number, to: number): void {
    assert(from < to, "what is kept for later is at least a byte, or the first piece would never be sent");
    this.size += to - from;
    const last = this.pieces.at(-1);
    if (last !== undefined) {
      const room = Math.min(last.buffer.length - last.length, to - from);
      bytes.copy(last.buffer, last.length, from, from + room);
      last.length += room;
      from += room;
    }
    if (from === to) return;
    const piece = { buffer: Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, to - from)), length: to - from, sent: 0 };
    bytes.copy(piece.buffer, 0, from, to);
    this.pieces.push(piece);
  }

  /** The next `count` bytes, all in `first`, have been sent. */
  drop(count: number): void {
    const { first } = this;
    assert(count <= first.length - first.sent, "no more is sent at once than one piece holds");
    this.pieces[this.gone].sent += count;
    this.size -= count;
    if (first.sent < first.length) return;
    this.pieces[this.gone++] = NO_PIECE;
    if (this.gone === this.pieces.length) {
      assert(this.size === 0, "the size is the sum of the pieces");
      this.clear();
    } else if (this.gone >= DROPPED_AT_ONCE && this.gone * 2 >= this.pieces.length) {
      this.pieces.splice(0, this.gone);
      this.gone = 0;
    }
  }

  /** Drops everything. */
  clear(): void {
    this.pieces = [];
    this.gone = 0;
    this.size = 0;
  }

  /** Whether more is waiting than the limit allows, or more than its soft part for longer than that allows. */
  exceeds(limit: OutputLimit, now: number): boolean {
    if (limit.hard > 0 && this.size > limit.hard) return true;
    if (limit.soft === 0 || this.size <= limit.soft) {
      this.softSince = 0;
      return false;
    }
    if (this.softSince === 0) this.softSince = now;
    return now - this.softSince > limit.softSeconds * 1000;
  }
}
