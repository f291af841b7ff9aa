/**
 * Between the end of the handshake and the stream: the image of the master's data, as `$<length>` and that many bytes, or as `$EOF:<mark>`, the bytes, and the mark
 * again (Redis's diskless form). Cut at any byte.
 */

import { equalBytes } from "../../base/bytes.ts";
import { MarkFinder } from "../replica/eof-mark.ts";

const LF = 0x0a;
const CR = 0x0d;
const MARK_BYTES = 40;
/** The longest first line that is taken for one. */
const LINE_LIMIT = 1024;

/** The master's payload is not what it should be, or it said why there is none. */
export class PayloadError extends Error {
  override name = "PayloadError";
}

/** Who takes the image. */
export interface ImageTaker {
  /** Whether the image has come to its end: who reads it sees that, for others it must be found. */
  readonly finished?: boolean;
  /** Takes in chunk[from, to). -> how many of these bytes belong to the image: all of them for one who does not read it. Errors: the image cannot be taken. */
  push(chunk: Buffer, from: number, to: number): number;
}

export interface PayloadHost {
  /** The first line is in: an image of `size` bytes follows, or one of unknown size (0) up to a mark. -> who takes it. */
  begin(size: number, marked: boolean): ImageTaker;
}

export class Payload {
  /** Bytes of the image seen so far, with those of a mark that is not told from them yet, and how many there will be (0: not known). */
  received = 0;
  size = 0;
  /** Whether the image ends with a mark. */
  marked = false;
  /** Everything is in; what follows in the chunk is the stream. */
  finished = false;
  private readonly host: PayloadHost;
  private taker: ImageTaker | null = null;
  private line = "";
  private mark: Buffer = Buffer.alloc(0);
  private finder: MarkFinder | null = null;
  private readonly seen = Buffer.alloc(MARK_BYTES);
  private seenLength = 0;

  constructor(host: PayloadHost) {
    this.host = host;
  }

  /** Takes in chunk[from, to). -> the offset in `chunk` up to which bytes were used: all, until the payload is finished. Errors: PayloadError, and those of the taker. */
  receive(chunk: Buffer, from: number, to: number): number {
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
    if (!line.startsWith("$")) throw badFirstByte(line);
    if (line.startsWith("$EOF:") && line.length === "$EOF:".length + MARK_BYTES) {
      this.marked = true;
      this.mark = Buffer.from(line.slice("$EOF:".length), "latin1");
    } else {
      if (!/^\$\d{1,15}$/.test(line)) throw badFirstByte(line);
      this.size = Number(line.slice(1));
    }
    this.taker = this.host.begin(this.size, this.marked);
  }

  private readMeasured(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.size - this.received);
    // Bytes behind the image that belong to the payload all the same are passed over, as they are when it is read from a file.
    if (taker.finished !== true && from < end) taker.push(chunk, from, end);
    this.received += end - from;
    this.finished = this.received === this.size;
    return end;
  }

  /** For who does not read the image: its end is where the mark is. */
  private readToMark(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    this.finder ??= new MarkFinder(this.mark);
    const found = this.finder.find(chunk, from, to);
    const end = found < 0 ? to : found;
    taker.push(chunk, from, end);
    this.received += end - from;
    if (found < 0) return to;
    this.received -= MARK_BYTES; // some of them may have been taken for the image's; the taker is told where that ends
    this.finished = true;
    return end;
  }

  /** For who reads the image: the mark must be where that ends. */
  private readToEnd(taker: ImageTaker, chunk: Buffer, from: number, to: number): number {
    let at = from;
    if (taker.finished !== true) {
      const taken = taker.push(chunk, at, to);
      this.received += taken;
      at += taken;
    }
    return taker.finished === true ? this.readMark(chunk, at, to) : at;
  }

  private readMark(chunk: Buffer, from: number, to: number): number {
    const count = Math.min(to - from, MARK_BYTES - this.seenLength);
    chunk.copy(this.seen, this.seenLength, from, from + count);
    this.seenLength += count;
    if (!equalBytes(this.seen, 0, this.mark, 0, this.seenLength)) throw new PayloadError("Replication stream EOF marker is broken");
    this.finished = this.seenLength === MARK_BYTES;
    return from + count;
  }
}

function badFirstByte(line: string): PayloadError {
  const seen = line.slice(0, 100).replace(/[^\x20-\x7e]/g, "?");
  return new PayloadError(
    `Bad protocol from MASTER, the first byte is not '$' (we received '${seen}'), are you sure the host and port are right?`,
  );
}
