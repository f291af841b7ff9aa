/** Requests of one chunk, parsed ahead of their execution so that they can be prepared together. */

import { Frame } from "./frame.ts";
import { ProtocolError } from "./protocol-error.ts";
import { Parsed, type RequestLimits, type RequestParser } from "./request.ts";

/** How many requests are parsed ahead at most. */
export const BATCH_REQUESTS = 32;

const NO_BYTES = Buffer.alloc(0);

export class RequestBatch {
  /** The first `count` are whole requests; the one after them may be a part of one. Reused from batch to batch. */
  readonly frames: Frame[] = Array.from({ length: BATCH_REQUESTS + 1 }, () => new Frame());
  count = 0;
  /** Whether the bytes ended inside a request, which is the frame after the whole ones. */
  incomplete = false;
  /** What broke the protocol behind the whole requests. */
  error: ProtocolError | null = null;
  /** Where the first of them starts, and where each ends. */
  private begin = 0;
  private readonly ends = new Float64Array(BATCH_REQUESTS);
  private readonly ownFirst = this.frames[0];

  /** Parses requests from where `parser` stands in buffer[.., end). The first goes to `first` if that holds a part of it already. */
  fill(parser: RequestParser, first: Frame | null, buffer: Buffer, end: number, limits: RequestLimits): void {
    // Before the login each request is parsed on its own: it may be the one that lifts the limits for the next.
    const most = limits.authenticated ? BATCH_REQUESTS : 1;
    this.frames[0] = first ?? this.ownFirst;
    this.begin = first !== null && parser.remaining >= 0 ? first.start : parser.position;
    this.count = 0;
    this.incomplete = false;
    this.error = null;
    try {
      while (this.count < most && parser.position < end) {
        const result = parser.parse(this.frames[this.count], buffer, end, limits);
        if (result === Parsed.INCOMPLETE) {
          this.incomplete = true;
          return;
        }
        parser.needed = 0;
        if (result === Parsed.REQUEST) this.ends[this.count++] = parser.position;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.error = error;
    }
  }

  /** Lets go of the bytes of requests that are done, those of earlier and longer batches included. */
  release(): void {
    for (let index = 0; index < this.frames.length; index++) this.frames[index].buffer = NO_BYTES;
  }

  /** The frame that the bytes ended in. */
  get rest(): Frame {
    return this.frames[this.count];
  }

  /** Takes back what was parsed behind request `index`: it will be parsed again when the client goes on. */
  cutAfter(parser: RequestParser, index: number): void {
    this.cut(parser, this.ends[index], index + 1);
  }

  /** Takes back request `index` too: it will be parsed, and served, again. */
  cutBefore(parser: RequestParser, index: number): void {
    this.cut(parser, index === 0 ? this.begin : this.ends[index - 1], index);
  }

  private cut(parser: RequestParser, position: number, count: number): void {
    parser.restartAt(position);
    this.count = count;
    this.incomplete = false;
    this.error = null;
  }
}
