/**
 * A worker's side of reading: bytes of clients into records of its ring, whole requests with what lies where in them. Only what nearly every
 * client sends is read here, arrays of short arguments; all else goes to the main thread as it came, which reads it as it reads its own
 * sockets, limits and errors included. Hot.
 */

import { Frame } from "../../protocol/frame.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { Lines, Parsed, RequestParser, trusted } from "../../protocol/request.ts";
import { FromWorker } from "./channel.ts";
import { HEAD_WORDS, type RingWriter } from "./ring.ts";

/** So many bytes of a chunk make a record at most: one record shall not be half of the ring. */
const PIECE_BYTES = 64 * 1024;
/** The start of a request that came behind whole ones stays here if the request is no longer than this, as far as that is known. */
const KEPT_BYTES = 16 * 1024;
/** A request says of itself how many arguments it has and where it ends, and of each argument where it is and how long. */
const REQUEST_WORDS = 2;
/** How many words that takes for each byte at most, with empty arguments: two for `$0\r\n\r\n`, four for `*1\r\n$0\r\n\r\n`. */
const WORDS_PER_BYTE = 0.4;
const NO_BYTES: Buffer = Buffer.alloc(0);
const LIMITS = trusted(Lines.REQUESTS);

/** What one client has sent that the main thread does not have. */
export class Input {
  readonly slot: number;
  /** The start of a request. */
  kept = NO_BYTES;
  /** What there is no room for in the ring. */
  waiting = NO_BYTES;
  /**
   * The main thread reads for itself, until it has read all that was sent (`passed` bytes, modulo 2^32): at first because it alone knows who must
   * log in, and what may be sent before that.
   */
  passes = true;
  passed = 0;

  constructor(slot: number) {
    this.slot = slot;
  }
}

export class RequestWriter {
  private readonly ring: RingWriter;
  private readonly parser = new RequestParser();
  private readonly frame = new Frame();

  constructor(ring: RingWriter) {
    this.ring = ring;
  }

  /** Takes in a chunk that no one else writes to. Returns false when it must wait, all or a part of it: for `retry`. */
  take(input: Input, chunk: Buffer): boolean {
    if (input.waiting.length > 0) {
      input.waiting = Buffer.concat([input.waiting, chunk]);
      return false;
    }
    for (let from = 0; from < chunk.length; ) {
      const to = Math.min(chunk.length, from + PIECE_BYTES);
      if (!this.put(input, chunk, from, to)) {
        // What `put` has left there comes first.
        const rest = chunk.subarray(input.waiting.length > 0 ? to : from);
        input.waiting = input.waiting.length > 0 ? Buffer.concat([input.waiting, rest]) : rest;
        return false;
      }
      from = to;
    }
    return true;
  }

  /** Goes on with what waits. Returns false when there is still no room for all of it. */
  retry(input: Input): boolean {
    const { waiting } = input;
    input.waiting = NO_BYTES;
    return this.take(input, waiting);
  }

  /** The main thread has read all that it was sent by then. */
  readUpTo(input: Input, bytes: number): void {
    if (input.passed === bytes && input.waiting.length === 0) input.passes = false;
  }

  private put(input: Input, chunk: Buffer, from: number, to: number): boolean {
    if (input.passes) return this.pass(input, chunk, from, to);
    const { ring, parser, frame } = this;
    const { kept } = input;
    const length = kept.length + to - from;
    const at = ring.reserve(HEAD_WORDS + (length >> 2) + 2 + Math.ceil(length * WORDS_PER_BYTE) + REQUEST_WORDS);
    if (at < 0) return false;
    const { bytes, words } = ring;
    const start = (at + HEAD_WORDS) * 4;
    if (kept.length > 0) bytes.set(kept, start);
    chunk.copy(bytes, start + kept.length, from, to);
    const end = start + length;
    const index = at + HEAD_WORDS + ((length + 3) >> 2);
    let word = index;
    let whole = start;
    let count = 0;
    parser.restartAt(start);
    try {
      while (whole < end) {
        const result = parser.parse(frame, bytes, end, LIMITS);
        if (result === Parsed.INCOMPLETE) {
          // What comes in drops is not read again at each of them, and the main thread sees what it waits for.
          if (count === 0 || end - whole > KEPT_BYTES || parser.needed - whole > KEPT_BYTES) input.passes = true;
          break;
        }
        if (result === Parsed.NOTHING || frame.buffer !== bytes) {
          input.passes = true;
          break;
        }
        whole = parser.position;
        words[word++] = frame.count;
        words[word++] = whole - start;
        const { offsets, lengths } = frame;
        for (let argument = 0; argument < frame.count; argument++) {
          words[word++] = offsets[argument] - start;
          words[word++] = lengths[argument];
        }
        count++;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      input.passes = true;
    }
    const rest = whole === end ? NO_BYTES : Buffer.from(bytes.subarray(whole, end));
    if (count > 0) {
      input.passed = (input.passed + whole - start) | 0;
      ring.commit(at, word - at, FromWorker.REQUESTS, input.slot, whole - start, count, index);
    }
    input.kept = input.passes ? NO_BYTES : rest;
    if (!input.passes || this.pass(input, rest, 0, rest.length)) return true;
    input.waiting = rest;
    return false;
  }

  private pass(input: Input, chunk: Buffer, from: number, to: number): boolean {
    const { ring } = this;
    const words = HEAD_WORDS + ((to - from + 3) >> 2);
    const at = ring.reserve(words);
    if (at < 0) return false;
    chunk.copy(ring.bytes, (at + HEAD_WORDS) * 4, from, to);
    input.passed = (input.passed + to - from) | 0;
    ring.commit(at, words, FromWorker.BYTES, input.slot, to - from);
    return true;
  }
}
