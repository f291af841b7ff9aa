/**
 * The stream of writes from a master: its requests are run in order, its bytes are counted, and once run they are passed on verbatim to our own journal, so that our
 * offsets are the master's and replicas of ours see the same stream. What stands between MULTI and EXEC counts, and is passed on, when EXEC has run. Hot.
 */

import { Frame } from "../resp/frame.ts";
import { Gather } from "../resp/gather.ts";
import { ProtocolError } from "../resp/protocol-error.ts";
import { Parsed, type RequestLimits, RequestParser } from "../resp/request.ts";
import type { Session } from "../session/session.ts";

const STAR = 0x2a;
const LF = 0x0a;

/** A master is trusted with what no client may send. */
const LIMITS: RequestLimits = { maxBulk: 0x7fffffff, authenticated: true };

export interface StreamHost {
  /** Runs one request of the master's. */
  execute(session: Session, frame: Frame): void;
  /** bytes[from, to) have been run: they are the next of the history. */
  applied(bytes: Buffer, from: number, to: number): void;
}

export class MasterStream {
  /** Bytes of the history run so far, and received so far. */
  offset: number;
  received: number;
  private readonly session: Session;
  private readonly host: StreamHost;
  private readonly parser = new RequestParser();
  private frame = new Frame();
  private gather: Gather | null = null;

  constructor(session: Session, host: StreamHost, offset: number) {
    this.session = session;
    this.host = host;
    this.offset = offset;
    this.received = offset;
  }

  /** Takes chunk[from, to), which nobody else writes to. Errors: ProtocolError when it is no stream of requests. */
  receive(chunk: Buffer, from: number, to: number): void {
    this.received += to - from;
    if (this.gather === null && from === 0) return this.run(chunk, to);
    this.gather ??= new Gather();
    this.gather.add(chunk.subarray(from, to));
    if (this.gather.size < this.parser.needed) return;
    this.gather.join();
    this.run(this.gather.buffer, this.gather.length);
  }

  /** Runs the requests in buffer[parser.position, end); what counts as run is handed on, the rest kept. buffer[0] is the first byte not handed on yet. */
  private run(buffer: Buffer, end: number): void {
    const { parser, host, session, frame } = this;
    const start = this.offset;
    let done = 0;
    try {
      while (parser.position < end && !session.closing) {
        if (parser.remaining < 0) refuseInline(buffer[parser.position]);
        const result = parser.parse(frame, buffer, end, LIMITS);
        if (result === Parsed.INCOMPLETE) break;
        parser.needed = 0;
        if (result === Parsed.REQUEST) host.execute(session, frame);
        if (session.queueing) continue;
        done = parser.position;
        this.offset = start + done;
      }
    } finally {
      if (done > 0) host.applied(buffer, 0, done);
    }
    this.keep(buffer, done, end);
  }

  private keep(buffer: Buffer, from: number, end: number): void {
    const { parser, frame } = this;
    if (from === 0 && this.gather !== null) return;
    this.gather = null;
    parser.position -= from;
    if (from === end) return;
    parser.needed = Math.max(0, parser.needed - from);
    for (let index = 0; index < frame.count; index++) frame.offsets[index] -= from;
    frame.start -= from;
    this.gather = new Gather();
    this.gather.add(buffer.subarray(from, end));
  }
}

/** Masters send arrays, and now and then an empty line; a word in the open means that the two have lost step. */
function refuseInline(byte: number): void {
  if (byte !== STAR && byte !== LF) throw new ProtocolError("Master using the inline protocol. Desync?");
}
