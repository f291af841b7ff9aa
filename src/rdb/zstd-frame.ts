/**
 * Zstd frames (RFC 8878), unpacked by Bun in pieces of flat memory. What is looked at here is where a frame ends:
 *
 *     magic (4 bytes), descriptor (1 byte), what that says: window (0 or 1), dictionary (0 to 4), content size (0 to 8)
 *     blocks: a head of 3 bytes, in which the lowest bit is set in the last, then two of the type, then the length; bytes
 *     checksum (4 bytes), if the descriptor says so
 */

import { type FrameDecoder, FrameError, Parts, type TakeBytes } from "./frame-decoder.ts";

const MAGIC = 0xfd2fb528;
const HEAD_BYTES = 5;
const BLOCK_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** A block of one byte repeated; its length is how often. */
const REPEATED = 1;
const RESERVED = 3;
const PIECE_BYTES = 128 * 1024;

type Stage = "head" | "rest of the head" | "block head" | "block" | "checksum" | "end";

/** Bun's (and Node's) decompressor below its stream: what it makes can be had at once, piece by piece. */
interface Handle {
  /** Afterwards [room left in `out`, bytes left of the input] stands in the stream's `_writeState`. */
  writeSync(flush: number, input: Buffer, from: number, length: number, out: Buffer, outFrom: number, outLength: number): void;
  onerror: (message: string) => void;
  close(): void;
}

export class ZstdFrame implements FrameDecoder {
  private stage: Stage = "head";
  private readonly parts = new Parts();
  /** Bytes of the block that have not come yet. */
  private blockLeft = 0;
  private isLast = false;
  private hasChecksum = false;
  private readonly handle: Handle;
  private readonly state: Uint32Array;
  private readonly out = Buffer.allocUnsafeSlow(PIECE_BYTES);
  private failure: string | null = null;
  private open = true;

  /** Errors: FrameError where this Bun has no such decompressor. */
  constructor() {
    const { createZstdDecompress } = process.getBuiltinModule("node:zlib"); // 3 ms, which no start should take
    const { _handle: handle, _writeState: state } = createZstdDecompress() as unknown as { _handle?: Handle; _writeState?: Uint32Array };
    if (typeof handle?.writeSync !== "function" || state === undefined) throw new FrameError("this version of Bun cannot unpack Zstd");
    handle.onerror = (message) => {
      this.failure = message;
    };
    this.handle = handle;
    this.state = state;
    this.parts.expect(HEAD_BYTES);
  }

  get ended(): boolean {
    return this.stage === "end";
  }

  push(chunk: Buffer, from: number, to: number, take: TakeBytes): number {
    let at = from;
    while (at < to && !this.ended) at = this.pass(chunk, at, to);
    this.unpack(chunk, from, at, take);
    return at - from;
  }

  close(): void {
    if (this.open) this.handle.close();
    this.open = false;
  }

  /** Follows the frame through chunk[from, to). Returns the offset behind the part that was passed. */
  private pass(chunk: Buffer, from: number, to: number): number {
    if (this.stage === "block") {
      const count = Math.min(this.blockLeft, to - from);
      this.blockLeft -= count;
      if (this.blockLeft === 0) this.nextBlock();
      return from + count;
    }
    const at = this.parts.fill(chunk, from, to);
    if (this.parts.whole) this.step(this.parts.bytes);
    return at;
  }

  private step(bytes: Buffer): void {
    switch (this.stage) {
      case "head": {
        if (bytes.readUInt32LE(0) !== MAGIC) throw new FrameError("no Zstd frame begins there");
        const descriptor = bytes[4];
        this.hasChecksum = (descriptor & 4) !== 0;
        const oneSegment = (descriptor & 0x20) !== 0;
        const contentSize = descriptor >> 6 === 0 ? (oneSegment ? 1 : 0) : 1 << (descriptor >> 6);
        return this.enter("rest of the head", (oneSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] + contentSize);
      }
      case "rest of the head":
        return this.enter("block head", BLOCK_HEAD_BYTES);
      case "block head": {
        const head = bytes.readUIntLE(0, BLOCK_HEAD_BYTES);
        const type = (head >> 1) & 3;
        if (type === RESERVED) throw new FrameError("a Zstd block is of an unknown type");
        this.isLast = (head & 1) !== 0;
        this.blockLeft = type === REPEATED ? 1 : head >> 3;
        if (this.blockLeft === 0) this.nextBlock();
        else this.stage = "block";
        return;
      }
      default:
        this.stage = "end";
    }
  }

  private enter(stage: Stage, length: number): void {
    this.stage = stage;
    this.parts.expect(length);
  }

  private nextBlock(): void {
    if (!this.isLast) this.enter("block head", BLOCK_HEAD_BYTES);
    else if (this.hasChecksum) this.enter("checksum", CHECKSUM_BYTES);
    else this.stage = "end";
  }

  private unpack(chunk: Buffer, from: number, to: number, take: TakeBytes): void {
    const { handle, state, out } = this;
    for (let at = from; ; ) {
      handle.writeSync(0, chunk, at, to - at, out, 0, out.length);
      if (this.failure !== null) throw new FrameError(`its Zstd frame is broken: ${this.failure}`);
      const [room, left] = state;
      if (room < out.length) take(out, 0, out.length - room);
      at = to - left;
      if (left === 0 && room > 0) return;
    }
  }
}
