/**
 * Requests that wait to be run, as MULTI's do: their bytes and where the arguments lie in them, one behind the other in a few chunks. No
 * object is kept for a request, so that hundreds of thousands are nothing that the garbage collector would have to go through.
 */

import { assert } from "../assert.ts";
import { Frame } from "../protocol/frame.ts";

/** Chunks are each twice as large as the one before, between these bounds; a request that is longer has one of its own. */
const LEAST_CHUNK_BYTES = 256;
const MOST_CHUNK_BYTES = 256 * 1024;
/** Words for requests in a new chunk: bytes for each of them. More are made when they are needed. */
const BYTES_PER_WORD = 16;
/** Words in front of the offsets and lengths of a request's arguments: their number, and where the request begins and ends. */
const HEAD_WORDS = 3;
/** In the place of the number of arguments: the next request with arguments in blocks. */
const LONG = -1;
/** What a chunk and its arrays, or a frame, take beside bytes and words. */
const CHUNK_OVERHEAD = 300;
const LONG_OVERHEAD = 400;

interface Chunk {
  readonly buffer: Buffer;
  length: number;
  words: Int32Array;
  wordCount: number;
}

export class RequestQueue {
  /** How many requests there are. */
  length = 0;
  /** What they take, in bytes. */
  bytes = 0;
  private chunks: Chunk[] = [];
  /** Requests with arguments in blocks, in copies of their own. */
  private readonly long: Frame[] = [];
  /** Where `read` goes on: chunk and word, and the next of `long`. */
  private chunkAt = 0;
  private wordAt = 0;
  private longAt = 0;

  /** Takes a copy of a request. */
  push(frame: Frame): void {
    this.length++;
    if (frame.long !== null) return this.pushLong(frame);
    const { start, end, count } = frame;
    const chunk = this.chunkFor(end - start, HEAD_WORDS + count * 2);
    const { words, length } = chunk;
    frame.buffer.copy(chunk.buffer, length, start, end);
    let at = chunk.wordCount;
    words[at++] = count;
    words[at++] = length;
    words[at++] = length + end - start;
    for (let index = 0; index < count; index++) {
      words[at++] = frame.offsets[index] - start + length;
      words[at++] = frame.lengths[index];
    }
    chunk.wordCount = at;
    chunk.length = length + end - start;
  }

  private pushLong(frame: Frame): void {
    const copy = new Frame();
    copy.assign(frame, { copy: true });
    this.long.push(copy);
    const chunk = this.chunkFor(0, 1);
    chunk.words[chunk.wordCount++] = LONG;
    this.bytes += copy.bytes + LONG_OVERHEAD;
  }

  private chunkFor(bytes: number, words: number): Chunk {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || chunk.buffer.length - chunk.length < bytes) chunk = this.addChunk(bytes);
    const needed = chunk.wordCount + words;
    if (needed > chunk.words.length) {
      const grown = new Int32Array(Math.max(needed, chunk.words.length * 2));
      grown.set(chunk.words);
      this.bytes += grown.byteLength - chunk.words.byteLength;
      chunk.words = grown;
    }
    return chunk;
  }

  private addChunk(least: number): Chunk {
    const size = Math.max(least, Math.min(MOST_CHUNK_BYTES, LEAST_CHUNK_BYTES * 2 ** this.chunks.length));
    const chunk = {
      buffer: Buffer.allocUnsafeSlow(size),
      length: 0,
      words: new Int32Array(Math.ceil(size / BYTES_PER_WORD)),
      wordCount: 0,
    };
    this.chunks.push(chunk);
    this.bytes += size + chunk.words.byteLength + CHUNK_OVERHEAD;
    return chunk;
  }

  /**
   * Makes up to `most` of `frames`, new ones if it must, the next requests, whose bytes stay as they are; one with an argument in blocks comes
   * alone. What was in the frames is over. Returns how many; 0 at the end.
   */
  read(frames: Frame[], most: number): number {
    let count = 0;
    while (count < most && this.chunkAt < this.chunks.length) {
      const chunk = this.chunks[this.chunkAt];
      if (this.wordAt === chunk.wordCount) {
        this.chunkAt++;
        this.wordAt = 0;
        continue;
      }
      if (chunk.words[this.wordAt] === LONG) {
        if (count > 0) break;
        this.wordAt++;
        frames[0] = this.long[this.longAt++];
        return 1;
      }
      if (frames.length === count) frames.push(new Frame());
      this.wordAt = show(chunk, this.wordAt, frames[count++]);
    }
    return count;
  }

  /** Lets go of arguments in blocks. */
  release(): void {
    for (const frame of this.long) frame.release();
  }

  /** Whether `holds` is true of some request. The frame is used again. */
  some(holds: (frame: Frame) => boolean): boolean {
    const frame = new Frame();
    let long = 0;
    for (const chunk of this.chunks) {
      for (let at = 0; at < chunk.wordCount; ) {
        const isLong = chunk.words[at] === LONG;
        at = isLong ? at + 1 : show(chunk, at, frame);
        if (holds(isLong ? this.long[long++] : frame)) return true;
      }
    }
    return false;
  }
}

/** Makes `frame` the request that words[at] begins. Returns where the next one begins. */
function show({ buffer, words, wordCount }: Chunk, at: number, frame: Frame): number {
  const count = words[at];
  frame.release();
  frame.buffer = buffer;
  frame.start = words[at + 1];
  frame.end = words[at + 2];
  frame.hashed = false;
  frame.resize(count);
  const { offsets, lengths } = frame;
  let next = at + HEAD_WORDS;
  for (let index = 0; index < count; index++) {
    offsets[index] = words[next++];
    lengths[index] = words[next++];
  }
  assert(next <= wordCount && frame.end <= buffer.length, "a request lies within its chunk");
  return next;
}
