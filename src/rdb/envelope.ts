/**
 * Images that may be packed as a whole (Valkey 9.2): seven bytes, then a frame of the codec. Those that are not are passed on as they come.
 *
 *     VCS, version 1, codec (1 LZ4, 2 Zstd), 0, kind (1 image, 2 stream)
 */

import { asFailure } from "../assert.ts";
import { RdbError } from "./error.ts";
import { type FrameDecoder, FrameError } from "./frame-decoder.ts";
import { Lz4Frame } from "./lz4-frame.ts";
import type { RdbReader } from "./reader.ts";
import { ZstdFrame } from "./zstd-frame.ts";

/** What an image begins with that is packed as a whole. */
export const ENVELOPE_MAGIC = Buffer.from("VCS");
const ENVELOPE_BYTES = 7;
const VERSION = 1;
const KIND_IMAGE = 1;

const CODECS: Readonly<Record<number, () => FrameDecoder>> = { 1: () => new Lz4Frame(), 2: () => new ZstdFrame() };

/** Whether an image that begins with `bytes` is packed as a whole. */
export function isEnveloped(bytes: Buffer): boolean {
  return bytes.length >= ENVELOPE_MAGIC.length && bytes.compare(ENVELOPE_MAGIC, 0, ENVELOPE_MAGIC.length, 0, ENVELOPE_MAGIC.length) === 0;
}

/** Gives a reader an image, unpacked where it is packed. */
export class EnvelopedImage {
  /** Bytes taken in so far. */
  offset = 0;
  private readonly reader: RdbReader;
  private readonly head = Buffer.alloc(ENVELOPE_BYTES);
  private headLength = 0;
  private state: "head" | "plain" | "packed" = "head";
  private frame: FrameDecoder | null = null;

  constructor(reader: RdbReader) {
    this.reader = reader;
  }

  /** Whether the image has come to its end. */
  get finished(): boolean {
    return this.reader.finished && (this.frame === null || this.frame.ended);
  }

  /** As RdbReader.push: takes in chunk[from, to), and returns how many of these bytes are the image's. Errors: RdbError, those of the handler. */
  push(chunk: Uint8Array, from: number, to: number): number {
    const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = from;
    if (this.state === "head") at = this.readHead(bytes, from, to);
    if (at < to && this.state === "plain") at += this.reader.push(bytes, at, to);
    else if (at < to && this.frame !== null) at += this.unpack(this.frame, bytes, at, to);
    this.offset += at - from;
    return at - from;
  }

  /** To be called when the input is over. Errors: RdbError when the image is not. */
  finish(): void {
    this.close();
    if (this.state === "head") this.reader.push(this.head, 0, this.headLength);
    if (this.frame !== null && !this.frame.ended && this.reader.finished)
      throw new RdbError("truncated: the input ends inside the frame that the image is packed in", this.offset);
    this.reader.finish();
  }

  /** Lets go of what it holds; to be called also where the image is given up. */
  close(): void {
    this.frame?.close();
  }

  /** Reads the first bytes, up to where they tell what comes. Returns the offset behind those that were read. */
  private readHead(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.headLength < ENVELOPE_BYTES) {
      const byte = bytes[at];
      if (this.headLength < ENVELOPE_MAGIC.length && byte !== ENVELOPE_MAGIC[this.headLength]) {
        this.state = "plain";
        // The reader takes what was kept of former chunks by itself, and this one where it lies.
        if (this.headLength > at - from) this.reader.push(this.head, 0, this.headLength);
        else at = from;
        return at;
      }
      this.head[this.headLength++] = byte;
      at++;
    }
    if (this.headLength === ENVELOPE_BYTES) this.open();
    return at;
  }

  private open(): void {
    const [version, codec, reserved, kind] = this.head.subarray(ENVELOPE_MAGIC.length);
    const make = CODECS[codec];
    if (version !== VERSION || reserved !== 0) throw new RdbError(`it is packed in a form that is not known (version ${version})`, 0);
    if (kind !== KIND_IMAGE) throw new RdbError(`what is packed is no image (kind ${kind})`, 0);
    if (make === undefined) throw new RdbError(`it is packed with codec ${codec}; LZ4 (1) and Zstd (2) can be unpacked`, 0);
    this.frame = make();
    this.state = "packed";
  }

  private unpack(frame: FrameDecoder, bytes: Buffer, from: number, to: number): number {
    try {
      return frame.push(bytes, from, to, (unpacked, begin, end) => this.take(unpacked, begin, end));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.reader.handler.abandon();
      throw new RdbError(asFailure(error).message, this.offset);
    }
  }

  private take(bytes: Buffer, from: number, to: number): void {
    const taken = this.reader.push(bytes, from, to);
    if (taken < to - from) throw new RdbError("there is something behind the image in the frame that it is packed in", this.offset);
  }
}
