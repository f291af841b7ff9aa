/**
 * Between the end of the handshake and the stream: the image of the master's data, as `$<length>` and that many bytes, or as `$EOF:<mark>`, the bytes, and the mark
 * again (Redis's diskless form). Cut at any byte.
 */

import { equalBytes } from "../bytes.ts";
import type { MasterImage } from "./image-load.ts";

const LF = 0x0a;
const CR = 0x0d;
const MARK_BYTES = 40;
/** The longest first line that is taken for one. */
const LINE_LIMIT = 1024;

/** The master's payload is not what it should be, or it said why there is none. */
export class PayloadError extends Error {
  override name = "PayloadError";
}

export interface PayloadHost {
  /** The first line is in: an image of `size` bytes follows, or one of unknown size (0) up to a mark. -> who takes it. */
  begin(size: number, marked: boolean): MasterImage;
}

export class Payload {
  /** Bytes of the image seen so far, and how many there will be (0: not known). */
  received = 0;
  size = 0;
  /** Whether the image ends with a mark. */
  marked = false;
  /** Everything is in; what follows in the chunk is the stream. */
  finished = false;
  load: MasterImage | null = null;
  private readonly host: PayloadHost;
  private line = "";
  private mark: Buffer = Buffer.alloc(0);
  private readonly seen = Buffer.alloc(MARK_BYTES);
  private seenLength = 0;

  constructor(host: PayloadHost) {
    this.host = host;
  }

  /** Takes in chunk[from, to). -> the offset in `chunk` up to which bytes were used: all, until the payload is finished. Errors: PayloadError, and those of the load. */
  receive(chunk: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.load === null) at = this.readHeader(chunk, at, to);
    if (this.load !== null && !this.finished) at = this.readImage(this.load, chunk, at, to);
    return at;
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
    this.load = this.host.begin(this.size, this.marked);
  }

  private readImage(load: MasterImage, chunk: Buffer, from: number, to: number): number {
    let at = from;
    const imageEnd = this.marked ? to : Math.min(to, at + this.size - this.received);
    if (!load.finished && at < imageEnd) {
      const taken = load.push(chunk, at, imageEnd);
      this.received += taken;
      at += taken;
    }
    if (!this.marked) {
      // Bytes behind the image that belong to the payload all the same are passed over, as they are when it is read from a file.
      this.received += imageEnd - at;
      this.finished = this.received === this.size;
      return imageEnd;
    }
    return load.finished ? this.readMark(chunk, at, to) : at;
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
