/**
 * The stream of writes from a master: its requests are run in order, its bytes are counted, and once run they are passed on verbatim to our own journal, so that our
 * offsets are the master's and replicas of ours see the same stream. What stands between MULTI and EXEC counts, and is passed on, when EXEC has run. Hot.
 */

import { equalsWord } from "../../base/bytes.ts";
import { Frame } from "../../protocol/frame.ts";
import { Gather } from "../../protocol/input-buffer.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { Parsed, type RequestLimits, RequestParser } from "../../protocol/request.ts";
import type { Session } from "../../session/session.ts";

const STAR = 0x2a;
const LF = 0x0a;

/** A master is trusted with what no client may send. */
const LIMITS: RequestLimits = { maxBulk: 0x7fffffff, authenticated: true };

export interface StreamHost {
  /** Runs one request of the master's. */
  execute(session: Session, frame: Frame): void;
  /** bytes[from, to) have been run: they are the next of the history. */
  applied(bytes: Buffer, from: number, to: number): void;
  /** Likewise of what changes nothing: what the master asks its replicas, and messages. */
  passedOn(bytes: Buffer, from: number, to: number): void;
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
  /** Where in the history requests begin and end that change nothing, of those run and not handed on yet. */
  private asides: number[] = [];

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
        if (result === Parsed.REQUEST) {
          if (frame.buffer === buffer && changesNothing(frame)) this.asides.push(start + frame.start, start + parser.position);
          host.execute(session, frame);
        }
        if (session.queueing) continue;
        done = parser.position;
        this.offset = start + done;
      }
    } finally {
      if (done > 0) this.handOn(buffer, start, done);
    }
    this.keep(buffer, done, end);
  }

  /** buffer[0, done) has been run; its first byte is at `start` of the history. */
  private handOn(buffer: Buffer, start: number, done: number): void {
    const { host, asides } = this;
    let at = 0;
    let index = 0;
    for (; index < asides.length && asides[index] - start < done; index += 2) {
      const from = asides[index] - start;
      const to = asides[index + 1] - start;
      if (at < from) host.applied(buffer, at, from);
      host.passedOn(buffer, from, to);
      at = to;
    }
    if (index > 0) asides.splice(0, index);
    if (at < done) host.applied(buffer, at, done);
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

/** Whether a request is one that no file needs: PING, REPLCONF, PUBLISH, SPUBLISH. */
function changesNothing(frame: Frame): boolean {
  const { buffer } = frame;
  const at = frame.offsets[0];
  const length = frame.lengths[0];
  switch (length) {
    case 4:
      return equalsWord(buffer, at, at + length, "ping");
    case 7:
      return equalsWord(buffer, at, at + length, "publish");
    case 8:
      return equalsWord(buffer, at, at + length, "replconf") || equalsWord(buffer, at, at + length, "spublish");
    default:
      return false;
  }
}

/** Masters send arrays, and now and then an empty line; a word in the open means that the two have lost step. */
function refuseInline(byte: number): void {
  if (byte !== STAR && byte !== LF) throw new ProtocolError("Master using the inline protocol. Desync?");
}
