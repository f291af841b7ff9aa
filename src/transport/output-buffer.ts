/** Bytes that the kernel has not taken yet, in order. Small ones are copied together; nothing else is copied twice. */

/** client-output-buffer-limit of one class of clients, in bytes and seconds; 0 is no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

const PIECE_BYTES = 16 * 1024;

/** Writes bytes[from, from + length). -> how many the kernel took, or a negative number when the socket is closed. */
export type WriteSocket = (bytes: Buffer, from: number, length: number) => number;

interface Piece {
  readonly buffer: Buffer;
  length: number;
}

const NO_PIECE: Piece = { buffer: Buffer.alloc(0), length: 0 };
/** A queue's front is cut off in steps of at least this many pieces, so that a long one does not move at every step. */
const DROPPED_AT_ONCE = 64;

export class Outgoing {
  /** Bytes waiting. */
  size = 0;
  private readonly write: WriteSocket;
  private pieces: Piece[] = [];
  /** How many of `pieces` have been sent; they are dropped many at a time. */
  private first = 0;
  /** How much of the piece after them has been sent. */
  private sent = 0;
  /** When the soft limit was passed, in ms; 0 while it is not. */
  private softSince = 0;

  constructor(write: WriteSocket) {
    this.write = write;
  }

  get pieceCount(): number {
    return this.pieces.length - this.first;
  }

  /** Memory held, at least `size`. */
  get heldBytes(): number {
    let bytes = 0;
    for (let index = this.first; index < this.pieces.length; index++) bytes += this.pieces[index].buffer.length;
    return bytes;
  }

  /** Sends bytes[from, to), now as far as the kernel takes them. The rest is copied. -> how many bytes the kernel took, or -1 when the socket is closed. */
  send(bytes: Buffer, from: number, to: number): number {
    let taken = 0;
    if (this.size === 0) {
      taken = this.write(bytes, from, to - from);
      if (taken < 0) return -1;
    }
    if (from + taken < to) this.enqueue(bytes, from + taken, to);
    return taken;
  }

  /** Keeps bytes[from, to) for the next `drain`. */
  enqueue(bytes: Buffer, from: number, to: number): void {
    this.size += to - from;
    let last = this.pieces[this.pieces.length - 1];
    if (last !== undefined) {
      const room = Math.min(last.buffer.length - last.length, to - from);
      bytes.copy(last.buffer, last.length, from, from + room);
      last.length += room;
      from += room;
    }
    if (from === to) return;
    last = { buffer: Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, to - from)), length: to - from };
    bytes.copy(last.buffer, 0, from, to);
    this.pieces.push(last);
  }

  /** The socket can take more. -> how many bytes it took, or -1 when it is closed. */
  drain(): number {
    let total = 0;
    while (this.first < this.pieces.length) {
      const first = this.pieces[this.first];
      const taken = this.write(first.buffer, this.sent, first.length - this.sent);
      if (taken < 0) return -1;
      total += taken;
      this.size -= taken;
      this.sent += taken;
      if (this.sent < first.length) break;
      this.sent = 0;
      this.pieces[this.first++] = NO_PIECE;
    }
    if (this.first === this.pieces.length) this.clear();
    else if (this.first >= DROPPED_AT_ONCE) this.dropSent();
    return total;
  }

  private dropSent(): void {
    if (this.first * 2 < this.pieces.length) return;
    this.pieces.splice(0, this.first);
    this.first = 0;
  }

  /** Drops everything. */
  clear(): void {
    this.pieces = [];
    this.first = 0;
    this.size = 0;
    this.sent = 0;
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
