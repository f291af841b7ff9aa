/**
 * Between the end of the handshake and the stream: the image of the master's data, as `$<length>` and that many bytes, or as `$EOF:<mark>`,
 * the bytes, and the EOF mark again (Redis's diskless form). Cut at any byte.
 */

import { assert } from "../../assert.ts";
import { equalBytes } from "../../base/bytes.ts";

const LF = 0x0a;
const CR = 0x0d;
const EOF_PREFIX = "$EOF:";
/** Bytes of an EOF mark. */
const EOF_MARK_BYTES = 40;
/** The longest first line that is taken for one. */
const LINE_LIMIT = 1024;

/** The master's payload is not what it should be, or it said why there is none. */
export class PayloadError extends Error {
  override name = "PayloadError";
}

/** Finds the EOF mark that ends a streamed image, however the stream is cut. */
export class EofMarkFinder {
  private readonly mark: Buffer;
  /** The last bytes seen, fewer than the mark has, and room for as many of the next chunk: a mark across the cut is whole in there. */
  private readonly seam = Buffer.alloc((EOF_MARK_BYTES - 1) * 2);
  private kept = 0;

  constructor(mark: Buffer) {
    assert(mark.length === EOF_MARK_BYTES, "a shorter EOF mark could occur in the image by chance");
    this.mark = mark;
  }

  /** Takes chunk[from, to), the next bytes of the stream. Returns the offset in `chunk` behind the mark, -1 while there is none. */
  find(chunk: Buffer, from: number, to: number): number {
    const { mark, seam, kept } = this;
    const head = Math.min(to - from, EOF_MARK_BYTES - 1);
    chunk.copy(seam, kept, from, from + head);
    const across = kept === 0 ? -1 : seam.subarray(0, kept + head).indexOf(mark);
    if (across >= 0) return from + across + EOF_MARK_BYTES - kept;
    const within = chunk.indexOf(mark, from);
    if (within >= 0 && within + EOF_MARK_BYTES <= to) return within + EOF_MARK_BYTES;
    this.keep(chunk, head, to);
    return -1;
  }

  private keep(chunk: Buffer, head: number, to: number): void {
    const { seam, kept } = this;
    const most = EOF_MARK_BYTES - 1;
    if (head === most) {
      this.kept = chunk.copy(seam, 0, to - most, to);
      return;
    }
    const length = kept + head;
    this.kept = Math.min(most, length);
    seam.copy(seam, 0, length - this.kept, length);
  }
}

/** Takes the image. */
export interface ImageTaker {
  /** Whether the image has come to its end: takers that read it see that, for others it must be found. */
  readonly finished?: boolean;
  /** Takes in chunk[from, to). Returns how many of these bytes are the image's: all if it is not read. Errors: it cannot be taken. */
  push(chunk: Buffer, from: number, to: number): number;
}

/** Called when the first line is in: an image of `size` bytes follows, or one of unknown size (0) up to an EOF mark. Returns its taker. */
export type BeginImage = (size: number, marked: boolean) => ImageTaker;

export class Payload {
  /** Bytes of the image seen so far, an EOF mark that is not told from them yet included, and how many there will be (0: not known). */
  received = 0;
  size = 0;
  /** Whether the image ends with an EOF mark. */
  marked = false;
  /** Everything is in; what follows in the chunk is the stream. */
  finished = false;
  private readonly beginImage: BeginImage;
  private taker: ImageTaker | null = null;
  private line = "";
  private mark: Buffer = Buffer.alloc(0);
  private finder: EofMarkFinder | null = null;
  private readonly seen = Buffer.alloc(EOF_MARK_BYTES);
  private seenLength = 0;

  constructor(beginImage: BeginImage) {
    this.beginImage = beginImage;
  }

  /** Takes in chunk[from, to). Returns up to where bytes were used: all, until it is finished. Errors: PayloadError, those of the taker. */
  receive(chunk: Buffer, from: number, to: number): number {
    assert(!this.finished, "behind the image comes the stream, which is not part of it");
    let at = from;
    while (at < to && this.taker === null) at = this.readHeader(chunk, at, to);
    const { taker } = this;
    if (taker === null || this.finished) return at;
    if (!this.marked) return this.readMeasured(taker, chunk, at, to);
    return taker.finished === undefined ? this.readToMark(taker, chunk, at, to) : this.readToEnd(taker, chunk, at, to);
  }

  private readHeader(chunk: Buffer, from: number, to: number): number {
    const newline = chunk.indexOf(LF, from);
    const end = newline < 0 || newline >= to ? to : newline;
    this.line += chunk.latin1Slice(from, end);
    if (this.line.length > LINE_LIMIT) throw badFirstByte(this.line);
    if (end === to) return to;
    const line = this.line.charCodeAt(this.line.length - 1) === CR ? this.line.slice(0, -1) : this.line;
    this.line = "";
    if (line !== "") this.begin(line); // An empty line only says that the master is still there.
    return end + 1;
  }

  private begin(line: string): void {
    if (line.startsWith("-")) throw new PayloadError(`MASTER aborted replication with an error: ${line.slice(1)}`);
    if (line.startsWith(EOF_PREFIX) && line.length === EOF_PREFIX.length + EOF_MARK_BYTES) {
      this.marked = true;
      this.mark = Buffer.from(line.slice(EOF_PREFIX.length), "latin1");
    } else {
      if (!/^\$\d{1,15}$/.test(line)) throw badFirstByte(line);
      this.size = Number(line.slice(1));
    }
    this.taker = this.beginImage(this.size, this.marked);
  }

  private readMeasured(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.size - this.received);
    // Bytes behind the image that belong to the payload all the same are passed over, as they are when it is read from a file.
    if (taker.finished !== true && from < end) taker.push(chunk, from, end);
    this.received += end - from;
    assert(this.received <= this.size, "what follows the announced bytes is the stream");
    this.finished = this.received === this.size;
    return end;
  }

  /** For takers that do not read the image: its end is where the EOF mark is. */
  private readToMark(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    this.finder ??= new EofMarkFinder(this.mark);
    const found = this.finder.find(chunk, from, to);
    const end = found < 0 ? to : found;
    taker.push(chunk, from, end);
    this.received += end - from;
    if (found < 0) return to;
    this.received -= EOF_MARK_BYTES; // some of them may have been taken for the image's; the taker is told where that ends
    assert(this.received >= 0, "an EOF mark follows its image");
    this.finished = true;
    return end;
  }

  /** For takers that read the image: the EOF mark must be where that ends. */
  private readToEnd(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    let at = from;
    if (taker.finished !== true) {
      const taken = taker.push(chunk, at, to);
      this.received += taken;
      at += taken;
    }
    if (taker.finished !== true) return at;
    const count = Math.min(to - at, EOF_MARK_BYTES - this.seenLength);
    chunk.copy(this.seen, this.seenLength, at, at + count);
    this.seenLength += count;
    if (!equalBytes(this.seen, 0, this.mark, 0, this.seenLength)) throw new PayloadError("Replication stream EOF marker is broken");
    this.finished = this.seenLength === EOF_MARK_BYTES;
    return at + count;
  }
}

function badFirstByte(line: string): PayloadError {
  const seen = line.slice(0, 100).replace(/[^\x20-\x7e]/g, "?");
  return new PayloadError(
    `Bad protocol from MASTER, the first byte is not '$' (we received '${seen}'), are you sure the host and port are right?`,
  );
}
