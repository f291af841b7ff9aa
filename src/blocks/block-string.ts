/**
 * A long string in blocks: nothing in it is ever moved or joined, so that it may grow, be sent, be copied and be saved without a pause. Copies
 * share its blocks, and so do answers, images and the journal; a block that is shared is copied when one of its users changes it.
 */

import { assert } from "../assert.ts";
import { equalBytes } from "../base/bytes.ts";
import { BLOCK_BYTES, Block, ZEROS } from "./block.ts";

/** Strings of more bytes than this are held in blocks. */
export const BLOCKS_FROM = 1024 * 1024;
/** What is held is counted in pages: those of a block that were never written take no memory. */
const PAGE_BYTES = 4096;

/** Is given bytes[from, to), a part of `block`. */
export type PieceVisitor = (bytes: Buffer, from: number, to: number, block: Block) => void;

export class BlockString {
  readonly size = 1;
  /** An image has blocks of its own (`share`). */
  readonly streamed = false;
  length = 0;
  private blocks: Block[] = [];

  /** One of bytes[from, to), which are copied. */
  static of(bytes: Buffer, from: number, to: number): BlockString {
    const string = new BlockString();
    string.append(bytes, from, to);
    return string;
  }

  // ---- as an object of the table of objects (memory/objects.ts)

  get heldBytes(): number {
    return Math.ceil(this.length / PAGE_BYTES) * PAGE_BYTES;
  }

  memoryBytes(): number {
    return this.heldBytes;
  }

  /** Lets go of its blocks; it is empty then. */
  free(): boolean {
    for (const block of this.blocks) block.release();
    this.blocks = [];
    this.length = 0;
    return true;
  }

  defragment(): number {
    return 0;
  }

  /** Returns an equal string, which shares all blocks with this one until one of them changes. */
  copy(): BlockString {
    const copy = new BlockString();
    copy.length = this.length;
    copy.blocks = this.blocks.map((block) => block.share());
    return copy;
  }

  // ---- reading

  /** Gives the bytes from `from` to `to`, in order. The string must not change meanwhile. */
  each(from: number, to: number, visit: PieceVisitor): void {
    assert(from >= 0 && to <= this.length, "what is read of a string is in it");
    while (from < to) {
      const index = Math.floor(from / BLOCK_BYTES);
      const start = from - index * BLOCK_BYTES;
      const end = Math.min(BLOCK_BYTES, start + to - from);
      const block = this.blocks[index];
      visit(block.bytes, start, end, block);
      from += end - start;
    }
  }

  /** Copies the bytes from `from` to `to` to `target`, at `at`. Returns where they end there. */
  copyTo(target: Buffer, at: number, from: number, to: number): number {
    this.each(from, to, (bytes, start, end) => {
      at += bytes.copy(target, at, start, end);
    });
    return at;
  }

  /** Returns a copy of the bytes from `from` to `to` in one piece: for what cannot do without. */
  joined(from = 0, to = this.length): Buffer {
    const bytes = Buffer.allocUnsafeSlow(to - from);
    this.copyTo(bytes, 0, from, to);
    return bytes;
  }

  byteAt(index: number): number {
    assert(index >= 0 && index < this.length, "what is read of a string is in it");
    return this.blocks[Math.floor(index / BLOCK_BYTES)].bytes[index % BLOCK_BYTES];
  }

  /** Whether it is bytes[from, to). */
  equals(bytes: Buffer, from: number, to: number): boolean {
    if (to - from !== this.length) return false;
    let equal = true;
    this.each(0, this.length, (piece, start, end) => {
      equal = equal && equalBytes(piece, start, bytes, from, end - start);
      from += end - start;
    });
    return equal;
  }

  equalsBlocks(other: BlockString): boolean {
    if (other.length !== this.length) return false;
    return this.blocks.every((block, index) => {
      const theirs = other.blocks[index];
      return block === theirs || equalBytes(block.bytes, 0, theirs.bytes, 0, Math.min(BLOCK_BYTES, this.length - index * BLOCK_BYTES));
    });
  }

  // ---- changing

  append(bytes: Buffer, from: number, to: number): void {
    while (from < to) {
      const block = this.room();
      const at = this.length % BLOCK_BYTES;
      const count = Math.min(to - from, BLOCK_BYTES - at);
      bytes.copy(block.bytes, at, from, from + count);
      this.length += count;
      from += count;
    }
  }

  /** The block that the next byte goes to. */
  private room(): Block {
    if (this.length < this.blocks.length * BLOCK_BYTES) return this.own(this.blocks.length - 1);
    const block = new Block();
    this.blocks.push(block);
    return block;
  }

  /** Writes bytes[from, to) at `at`, over what is there; up to `at` zeros follow the end. */
  write(at: number, bytes: Buffer, from: number, to: number): void {
    this.grow(at);
    const over = Math.min(to, from + this.length - at);
    while (from < over) {
      const index = Math.floor(at / BLOCK_BYTES);
      const start = at - index * BLOCK_BYTES;
      const count = Math.min(over - from, BLOCK_BYTES - start);
      bytes.copy(this.own(index).bytes, start, from, from + count);
      at += count;
      from += count;
    }
    this.append(bytes, from, to);
  }

  /** Makes it `length` bytes long, if it is shorter: zeros follow. */
  grow(length: number): void {
    const room = this.blocks.length * BLOCK_BYTES - this.length;
    if (length <= this.length) return;
    if (room > 0) {
      const at = BLOCK_BYTES - room;
      this.own(this.blocks.length - 1).bytes.fill(0, at, Math.min(BLOCK_BYTES, at + length - this.length));
    }
    while (this.blocks.length * BLOCK_BYTES < length) this.blocks.push(ZEROS.share());
    this.length = length;
  }

  setByte(index: number, value: number): void {
    assert(index >= 0 && index < this.length, "what is changed of a string is in it");
    this.own(Math.floor(index / BLOCK_BYTES)).bytes[index % BLOCK_BYTES] = value;
  }

  /** The block at `index`, which no one else uses. */
  private own(index: number): Block {
    const block = this.blocks[index];
    if (!block.isShared) return block;
    const copy = new Block();
    block.bytes.copy(copy.bytes, 0, 0, Math.min(BLOCK_BYTES, this.length - index * BLOCK_BYTES));
    block.release();
    this.blocks[index] = copy;
    return copy;
  }
}
