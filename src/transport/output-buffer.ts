/**
 * Bytes that a transport has not taken yet, in order. Small ones are copied together; nothing else is copied twice. They are counted as
 * Redis counts them for client-output-buffer-limit, maxmemory-clients and CLIENT LIST: the first 16 KiB lie in what a client has anyway,
 * what comes behind them in blocks of 16 KiB at least, as large as its allocator makes them.
 */

import { assert } from "../assert.ts";
import type { Block } from "../blocks/block.ts";
import type { Discard } from "../protocol/input-buffer.ts";

/** client-output-buffer-limit of one class of clients, in bytes and seconds; 0 is no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

/** What waits up to here counts as nothing (PROTO_REPLY_CHUNK_BYTES). */
export const FREE_BYTES = 16 * 1024;
/** The head of a block, and all that Redis needs beside its room. */
const HEAD_BYTES = 16;
const BLOCK_OVERHEAD = 40;
/** What a block has room for that is made for as much as the first bytes, or for less. */
const LEAST_ROOM = 20 * 1024 - HEAD_BYTES;

interface AddOptions {
  /** Whether all of it counts, the first bytes too. */
  readonly counted?: boolean;
  /** Whether it is one value: in one block, however long it is. */
  readonly value?: boolean;
  /** The block that the bytes are in: it is shared, and nothing is copied. */
  readonly block?: Block | null;
}

/** buffer[sent, length) waits: `free` bytes that count as nothing, and behind them blocks of `room` bytes each. */
interface Piece {
  readonly buffer: Buffer;
  length: number;
  sent: number;
  readonly free: number;
  readonly room: number;
  /** How many blocks there are still: those that were sent are gone. */
  blocks: number;
  /** What the buffer belongs to, if it is not the piece's own. */
  readonly block: Block | null;
}

const NO_PIECE: Piece = { buffer: Buffer.alloc(0), length: 0, sent: 0, free: 0, room: 0, blocks: 0, block: null };
/** A queue's front is cut off in steps of at least this many pieces, so that a long one does not move at every step. */
const DROPPED_AT_ONCE = 64;

export class OutputBuffer {
  /** Bytes waiting. */
  size = 0;
  /** How many blocks they are in, and what these count as, in bytes. */
  blocks = 0;
  memory = 0;
  private pieces: Piece[] = [];
  /** How many of `pieces` have been sent; they are dropped many at a time. */
  private gone = 0;
  /** When the soft limit was passed, in seconds since 1970; 0 while it is not. */
  private softSince = 0;

  /** How many of the bytes waiting lie in what counts as nothing. */
  get freeBytes(): number {
    if (this.size === 0) return 0;
    const { free, sent, length } = this.first;
    return sent < free ? Math.min(free, length) : 0;
  }

  /** The piece to be sent next, of one that is not empty. */
  get first(): Readonly<Piece> {
    assert(this.gone < this.pieces.length, "an output buffer that holds bytes has a piece with them");
    return this.pieces[this.gone];
  }

  /** Keeps bytes[from, to). */
  add(bytes: Buffer, from: number, to: number, options: AddOptions = {}): void {
    assert(from < to, "what is kept for later is at least a byte, or the first piece would never be sent");
    this.size += to - from;
    if (options.block != null) return this.addBlock(options.block, bytes.subarray(from, to));
    const last = this.pieces.at(-1);
    if (last !== undefined) {
      const room = Math.min(last.buffer.length - last.length, to - from);
      bytes.copy(last.buffer, last.length, from, from + room);
      last.length += room;
      from += room;
    }
    if (from === to) return;
    const free = last === undefined && options.counted !== true ? FREE_BYTES : 0;
    const behind = Math.max(0, to - from - free);
    const room = options.value === true ? Math.max(LEAST_ROOM, roomFor(behind)) : LEAST_ROOM;
    const blocks = Math.ceil(behind / room);
    const piece = { buffer: Buffer.allocUnsafeSlow(free + blocks * room), length: to - from, sent: 0, free, room, blocks, block: null };
    bytes.copy(piece.buffer, 0, from, to);
    this.pieces.push(piece);
    this.blocks += blocks;
    this.memory += blocks * (room + BLOCK_OVERHEAD);
  }

  private addBlock(block: Block, buffer: Buffer): void {
    const { length } = buffer;
    this.pieces.push({ buffer, length, sent: 0, free: 0, room: length, blocks: 1, block: block.share() });
    this.blocks++;
    this.memory += length + BLOCK_OVERHEAD;
  }

  /** The next `count` bytes, all in `first`, have been sent. */
  drop(count: number, discard: Discard): void {
    const { pieces } = this;
    assert(count <= this.first.length - this.first.sent, "no more is sent at once than one piece holds");
    const piece = pieces[this.gone];
    piece.sent += count;
    this.size -= count;
    const isSent = piece.sent === piece.length;
    const left = isSent ? 0 : piece.blocks - this.sentBlocks(piece);
    this.blocks -= piece.blocks - left;
    this.memory -= (piece.blocks - left) * (piece.room + BLOCK_OVERHEAD);
    piece.blocks = left;
    if (!isSent) return;
    letGo(piece, discard);
    pieces[this.gone++] = NO_PIECE;
    if (this.gone === pieces.length) {
      assert(this.size === 0 && this.memory === 0, "the size is the sum of the pieces");
      this.clear(discard);
    } else if (this.gone >= DROPPED_AT_ONCE && this.gone * 2 >= pieces.length) {
      pieces.splice(0, this.gone);
      this.gone = 0;
    }
  }

  /** How many of the blocks that a piece counts as have been sent meanwhile. */
  private sentBlocks({ buffer, sent, free, room, blocks }: Piece): number {
    const all = (buffer.length - free) / room;
    return Math.max(0, Math.floor((sent - free) / room) - (all - blocks));
  }

  /** Drops everything. */
  clear(discard: Discard): void {
    if (this.pieces.length === 0) return;
    for (const piece of this.pieces) letGo(piece, discard);
    this.pieces = [];
    this.gone = 0;
    this.size = 0;
    this.blocks = 0;
    this.memory = 0;
    this.softSince = 0;
  }

  /** Whether what waits counts as much as the limit, or as much as its soft part for longer than that allows. `now` in ms. */
  exceeds(limit: OutputLimit, now: number): boolean {
    if (limit.hard > 0 && this.memory >= limit.hard) return true;
    if (limit.soft === 0 || this.memory < limit.soft) {
      this.softSince = 0;
      return false;
    }
    const second = Math.floor(now / 1000);
    if (this.softSince === 0) this.softSince = second;
    return second - this.softSince > limit.softSeconds;
  }
}

/** Nothing of the piece is to be sent any more. */
function letGo({ buffer, block }: Piece, discard: Discard): void {
  if (block === null) discard.take(buffer, 0, buffer.length);
  else block.release();
}

/** Whether so many bytes alone are less than the limit and its soft part, however they are counted. */
export function mayWait(bytes: number, { hard, soft }: OutputLimit): boolean {
  const most = 2 * (bytes + LEAST_ROOM);
  return (hard === 0 || most < hard) && (soft === 0 || most < soft);
}

/** Returns how many bytes a block has room for that is made for `bytes`: jemalloc has four sizes between a power of two and the next. */
function roomFor(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes + HEAD_BYTES - 1)) - 2);
  return Math.ceil((bytes + HEAD_BYTES) / step) * step - HEAD_BYTES;
}
