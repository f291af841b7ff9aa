/**
 * LZ4 frames. Source: LZ4 Frame Format 1.6. All numbers are little-endian:
 *
 *     magic, FLG, BD, [content size: 8 bytes], [dictionary: 4 bytes], checksum of this head (1 byte)
 *     blocks: length with the highest bit set for bytes that are not packed (4 bytes), bytes, [checksum: 4 bytes]
 *     0 (4 bytes), [checksum of all: 4 bytes]
 *
 * Blocks are checked by their checksums. That of all is passed over: what is in the frame has one of its own, or the blocks have.
 */

import { copyBytes } from "../base/bytes.ts";
import { type FrameDecoder, FrameError, Parts, type TakeBytes } from "./frame-decoder.ts";

const MAGIC = 0x184d2204;
const HEAD_BYTES = 6;
const WORD_BYTES = 4;
const NOT_PACKED = 0x8000_0000;
/** A block that is not independent refers back to so many bytes before it. */
const WINDOW_BYTES = 64 * 1024;
const MIN_MATCH = 4;
/** Block sizes by their number in BD: 64 KiB to 4 MiB. */
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 };

const FLAG = { dictionary: 0x01, contentChecksum: 0x04, contentSize: 0x08, blockChecksum: 0x10, version: 0xc0 } as const;
const VERSION = 0x40;

type Stage = "head" | "rest of the head" | "length" | "block" | "block checksum" | "content checksum" | "end";

export class Lz4Frame implements FrameDecoder {
  private stage: Stage = "head";
  private readonly parts = new Parts();
  private flags = 0;
  private head = Buffer.alloc(HEAD_BYTES);
  private blockBytes = 0;
  private blockPacked = false;
  private block: Buffer = Buffer.alloc(0);
  /** The last bytes unpacked, up to `filled`, and room for a block behind them. */
  private window: Buffer = Buffer.alloc(0);
  private filled = 0;

  constructor() {
    this.parts.expect(HEAD_BYTES);
  }

  get ended(): boolean {
    return this.stage === "end";
  }

  push(chunk: Buffer, from: number, to: number, take: TakeBytes): number {
    let at = from;
    while (at < to && !this.ended) {
      at = this.parts.fill(chunk, at, to);
      while (this.parts.whole && !this.ended) this.step(take);
    }
    return at - from;
  }

  close(): void {
    this.window = Buffer.alloc(0);
  }

  private enter(stage: Stage, length: number): void {
    this.stage = stage;
    this.parts.expect(length);
  }

  /** The part that is awaited is whole. */
  private step(take: TakeBytes): void {
    const { bytes, length } = this.parts;
    switch (this.stage) {
      case "head":
        return this.readHead(bytes);
      case "rest of the head":
        return this.checkHead(bytes, length);
      case "length":
        return this.readLength(bytes.readUInt32LE(0));
      case "block":
        if ((this.flags & FLAG.blockChecksum) === 0) return this.unpack(bytes, length, take);
        // Kept, because its checksum comes in the same place.
        if (this.block.length < length) this.block = Buffer.allocUnsafeSlow(length);
        bytes.copy(this.block, 0, 0, length);
        this.blockBytes = length;
        return this.enter("block checksum", WORD_BYTES);
      case "block checksum":
        if (checksum(this.block.subarray(0, this.blockBytes)) !== bytes.readUInt32LE(0))
          throw new FrameError("the checksum of an LZ4 block is wrong");
        return this.unpack(this.block, this.blockBytes, take);
      case "content checksum":
        this.stage = "end";
    }
  }

  private readHead(bytes: Buffer): void {
    if (bytes.readUInt32LE(0) !== MAGIC) throw new FrameError("no LZ4 frame begins there");
    this.flags = bytes[4];
    const size = BLOCK_BYTES[(bytes[5] >> 4) & 7];
    if ((this.flags & FLAG.version) !== VERSION || size === undefined) throw new FrameError("its LZ4 frame is of an unknown form");
    if ((this.flags & FLAG.dictionary) !== 0) throw new FrameError("its LZ4 frame needs a dictionary");
    this.window = Buffer.allocUnsafeSlow(WINDOW_BYTES + size);
    this.head = Buffer.from(bytes.subarray(4, HEAD_BYTES));
    this.enter("rest of the head", (this.flags & FLAG.contentSize) === 0 ? 1 : 9);
  }

  private checkHead(bytes: Buffer, length: number): void {
    const described = Buffer.concat([this.head, bytes.subarray(0, length - 1)]);
    if (((checksum(described) >>> 8) & 0xff) !== bytes[length - 1])
      throw new FrameError("the checksum of the head of its LZ4 frame is wrong");
    this.enter("length", WORD_BYTES);
  }

  private readLength(word: number): void {
    if (word === 0) {
      if ((this.flags & FLAG.contentChecksum) === 0) this.stage = "end";
      else this.enter("content checksum", WORD_BYTES);
      return;
    }
    this.blockPacked = word < NOT_PACKED;
    const length = word % NOT_PACKED;
    if (length > this.window.length - WINDOW_BYTES) throw new FrameError(`an LZ4 block of ${length} bytes is longer than its frame allows`);
    this.enter("block", length);
  }

  private unpack(bytes: Buffer, length: number, take: TakeBytes): void {
    const { window } = this;
    const kept = Math.min(this.filled, WINDOW_BYTES);
    window.copyWithin(0, this.filled - kept, this.filled);
    this.filled = this.blockPacked ? unpackBlock(bytes, length, window, kept) : copyBytes(window, kept, bytes, 0, length);
    this.enter("length", WORD_BYTES);
    if (this.filled > kept) take(window, kept, this.filled);
  }
}

/** Unpacks source[0, length) to target[at, ...), which may refer to what stands before. Returns the offset behind. Errors: FrameError. */
function unpackBlock(source: Buffer, length: number, target: Buffer, start: number): number {
  let from = 0;
  let at = start;
  /** Returns `low` and what follows in bytes of 255. */
  const longer = (low: number): number => {
    let total = low;
    for (let byte = 255; byte === 255; total += byte) {
      if (from >= length) throw broken();
      byte = source[from++];
    }
    return total;
  };
  while (from < length) {
    const token = source[from++];
    const literals = token >> 4 === 15 ? longer(15) : token >> 4;
    if (from + literals > length || at + literals > target.length) throw broken();
    at = copyBytes(target, at, source, from, from + literals);
    from += literals;
    if (from === length) return at; // the last sequence has no match
    if (from + 2 > length) throw broken();
    const distance = source[from] | (source[from + 1] << 8);
    from += 2;
    const match = ((token & 15) === 15 ? longer(15) : token & 15) + MIN_MATCH;
    if (distance === 0 || distance > at || at + match > target.length) throw broken();
    // A match may overlap with what it makes: then it repeats.
    if (distance >= match) target.copyWithin(at, at - distance, at - distance + match);
    else for (let end = at + match, to = at; to < end; to++) target[to] = target[to - distance];
    at += match;
  }
  throw broken();
}

function broken(): FrameError {
  return new FrameError("an LZ4 block is broken");
}

function checksum(bytes: Buffer): number {
  return Bun.hash.xxHash32(bytes, 0) >>> 0;
}
