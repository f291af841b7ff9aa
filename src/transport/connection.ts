/**
 * One client's socket: bytes in become requests for the dispatcher, replies go out in one write per chunk received, those of pipelines by way of the outbox. What the
 * kernel does not take is kept and sent on `drain`; a client that does not read is cut off at `client-output-buffer-limit`. Hot: a chunk of whole requests is parsed in
 * place.
 */

import type { Socket } from "bun";
import type { RequestBatch } from "../protocol/batch.ts";
import { Frame } from "../protocol/frame.ts";
import { Gather } from "../protocol/input-buffer.ts";
import { NO_SINK, type Reply } from "../protocol/reply.ts";
import { type RequestLimits, RequestParser } from "../protocol/request.ts";
import { type Session, SessionKind, type SessionLink } from "../session/session.ts";
import type { Outbox, OutboxOwner } from "./deferred-replies.ts";
import { Outgoing, type OutputLimit } from "./output-buffer.ts";
import type { AnswerGate } from "./reply-barrier.ts";

/** Counts that INFO shows. */
export interface ConnectionCounters {
  bytesIn: number;
  bytesOut: number;
  readEvents: number;
  writeEvents: number;
  queryLimitDisconnects: number;
  outputLimitDisconnects: number;
}

/** What connections need of the server: shared by all of them. */
export interface ConnectionHost {
  readonly reply: Reply;
  /** Reused for the requests of every chunk. */
  readonly batch: RequestBatch;
  readonly limits: RequestLimits & { maxQueryBuffer: number };
  readonly counters: ConnectionCounters;
  /** Closed while answers must wait. */
  readonly gate: AnswerGate;
  readonly outbox: Outbox;
  /** How long one client's requests are served at a time, in ms: then others have their turn. */
  readonly turnMs: number;
  /** ms since 1970, as of the tick. */
  readonly now: number;
  /** A chunk of requests starts. -> the time, ms since 1970. */
  beginBatch(): number;
  endBatch(): void;
  /** The first `count` of `frames` are about to be executed, in order. */
  lookAhead(session: Session, frames: readonly Frame[], count: number): void;
  execute(session: Session, frame: Frame): void;
  outputLimit(session: Session): OutputLimit;
  /** The protocol was broken: the error is to be answered and counted. */
  protocolError(session: Session, message: string): void;
  closed(session: Session): void;
  warn(message: string): void;
}

/** What comes in fewer bytes at once takes no longer than a turn: not worth a look at the clock. */
const LONG_INPUT_BYTES = 16 * 1024;
const REQUESTS_PER_LOOK = 4;
/** Input above this is let go of as soon as it is used up: what a collection finds in use stays, as old, until the next full one. */
const LARGE_INPUT_BYTES = 16 * 1024;

export class Connection implements SessionLink, OutboxOwner {
  session!: Session;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  bytesIn = 0;
  bytesOut = 0;
  private readonly socket: Socket<Connection>;
  private readonly host: ConnectionHost;
  private readonly parser = new RequestParser();
  private readonly outgoing: Outgoing;
  /** Told when everything sent so far has been taken by the kernel. */
  onDrained: (() => void) | null = null;
  private gather: Gather | null = null;
  private gatherFrame: Frame | null = null;
  private paused = false;
  private serving = false;
  /** The turn is over with requests left: they are served after those of other clients. */
  private resting = false;
  private ended = false;
  /** Several requests came at once, and are being served. */
  private pipelining = false;
  /** Answers wait in the outbox: nothing may overtake them. */
  private deferred = false;

  constructor(socket: Socket<Connection>, host: ConnectionHost, addresses: { remote: string; local: string }) {
    this.socket = socket;
    this.host = host;
    this.remoteAddress = addresses.remote;
    this.localAddress = addresses.local;
    this.fileDescriptor = descriptorOf(socket);
    this.outgoing = new Outgoing((bytes, from, length) => {
      host.counters.writeEvents++;
      return socket.write(bytes, from, length);
    });
  }

  // ---- in

  /** A chunk from the socket; nobody else writes to it. */
  receive(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    this.host.counters.bytesIn += chunk.length;
    this.host.counters.readEvents++;
    if (this.session.closing) return;
    if (this.gather === null && !this.paused && !this.resting) return this.serve(chunk, chunk.length, null);
    this.gather ??= new Gather();
    this.gather.add(chunk);
    if (this.gather.size > this.host.limits.maxQueryBuffer) return this.queryTooLong();
    if (!this.paused && !this.resting) this.resumeGathered();
  }

  private queryTooLong(): void {
    this.host.counters.queryLimitDisconnects++;
    this.host.warn(
      `Closing client that reached max query buffer length: id=${this.session.id} addr=${this.remoteAddress} qbuf=${this.inputBytes}`,
    );
    this.destroy();
  }

  private resumeGathered(): void {
    const { gather } = this;
    if (gather === null || gather.size < this.parser.needed) return;
    gather.join();
    this.serve(gather.buffer, gather.length, this.gatherFrame);
  }

  /** Runs the requests in buffer[parser.position, end), answers them in one write, and keeps what is left. `started` holds a part of the first. */
  private serve(buffer: Buffer, end: number, started: Frame | null): void {
    const { host, session, parser } = this;
    const { reply, batch } = host;
    const now = host.beginBatch();
    session.lastActive = now;
    host.outbox.expire(now);
    reply.sink = this;
    reply.protocol = session.protocol;
    this.serving = true;
    const turnEnd = end - parser.position > LONG_INPUT_BYTES ? performance.now() + host.turnMs : Number.POSITIVE_INFINITY;
    try {
      while (parser.position < end && !this.paused && !this.resting && !session.closing) {
        host.limits.authenticated = session.authenticated;
        batch.fill(parser, started, buffer, end, host.limits);
        started = null;
        this.pipelining ||= batch.count > 1;
        this.runBatch(batch, turnEnd);
        if (batch.incomplete) break;
      }
    } finally {
      reply.flush();
      reply.sink = NO_SINK;
      this.serving = false;
      this.pipelining = false;
      if (end > LARGE_INPUT_BYTES) batch.release();
      host.endBatch();
    }
    if (session.closing) this.finishClosing();
    else this.keepRest(buffer, end, batch.rest);
  }

  /** `turnEnd`: when others have their turn, as `performance.now()`. */
  private runBatch(batch: RequestBatch, turnEnd: number): void {
    const { host, session } = this;
    if (batch.count > 1) host.lookAhead(session, batch.frames, batch.count);
    for (let index = 0; index < batch.count; index++) {
      host.execute(session, batch.frames[index]);
      if (!this.paused && !session.closing) {
        if (turnEnd === Number.POSITIVE_INFINITY || index % REQUESTS_PER_LOOK !== 0 || performance.now() < turnEnd) continue;
        this.rest();
      }
      if (session.postponed) batch.cutBefore(this.parser, index);
      else batch.cutAfter(this.parser, index);
      return;
    }
    if (batch.error === null) return;
    host.protocolError(session, batch.error.message);
    session.closing = true;
  }

  /** Lets other clients have their turn. Nothing more is read from the socket meanwhile: what came is enough. */
  private rest(): void {
    this.resting = true;
    this.socket.pause();
    setImmediate(() => {
      this.resting = false;
      if (this.ended) return;
      this.socket.resume();
      if (!this.paused && !this.session.closing) this.resumeGathered();
    });
  }

  /** Keeps buffer[.., end) from the start of the request under way; the parser goes on where it stopped. */
  private keepRest(buffer: Buffer, end: number, frame: Frame): void {
    const { parser } = this;
    const midRequest = parser.remaining >= 0;
    const from = midRequest ? frame.start : parser.position;
    if (from >= end) {
      this.gather = null;
      this.gatherFrame = null;
      parser.position = 0;
      return;
    }
    if (this.gather !== null && buffer === this.gather.buffer && from === 0 && (frame === this.gatherFrame || !midRequest)) return;
    const gather = new Gather();
    gather.add(buffer.subarray(from, end));
    if (midRequest) {
      const own = new Frame();
      own.start = 0;
      for (let index = 0; index < frame.count; index++) own.push(frame.offsets[index] - from, frame.lengths[index]);
      this.gatherFrame = own;
    } else {
      this.gatherFrame = new Frame();
    }
    parser.position -= from;
    parser.needed -= from;
    this.gather = gather;
  }

  // ---- out

  send(bytes: Buffer, from: number, to: number): void {
    if (this.ended) return;
    if (this.session.kind === SessionKind.REPLICA) return this.refuseReply();
    const { host } = this;
    if (host.gate.closed) {
      this.sendDeferred();
      this.outgoing.enqueue(bytes, from, to);
      host.gate.hold(this);
      return this.checkOutputLimit(host.now);
    }
    if (this.pipelining && this.outgoing.size === 0 && host.outbox.add(this, bytes, from, to, host.now)) this.deferred = true;
    else this.sendNow(bytes, from, to);
  }

  private sendNow(bytes: Buffer, from: number, to: number): void {
    this.sendDeferred();
    const taken = this.outgoing.send(bytes, from, to);
    if (taken < 0) return this.destroy();
    this.bytesOut += taken;
    this.host.counters.bytesOut += taken;
    if (this.outgoing.size > 0) this.checkOutputLimit(this.host.now);
  }

  /** What waits in the outbox is to be sent. */
  deliver(bytes: Buffer, from: number, to: number): void {
    this.deferred = false;
    if (!this.ended) this.sendNow(bytes, from, to);
  }

  private sendDeferred(): void {
    if (this.deferred) this.host.outbox.flush();
  }

  /** A reply in the middle of the stream, or of an image, would break it: a replica that asks for one is no replica. */
  private refuseReply(): void {
    this.host.warn(
      `Replica generated a reply to command '${this.session.lastCommand}', disconnecting it: id=${this.session.id} addr=${this.remoteAddress}`,
    );
    this.destroy();
  }

  /** For who keeps what was not sent: the bytes a replica is behind are in the journal. -> how many bytes of bytes[from, to) the kernel took. */
  offer(bytes: Buffer, from: number, to: number): number {
    this.sendDeferred();
    if (this.ended || this.outgoing.size > 0) return 0;
    const { host } = this;
    const taken = this.socket.write(bytes, from, to - from);
    host.counters.writeEvents++;
    if (taken < 0) {
      this.destroy();
      return 0;
    }
    this.bytesOut += taken;
    host.counters.bytesOut += taken;
    return taken;
  }

  setNoDelay(enabled: boolean): void {
    if (!this.ended) this.socket.setNoDelay(enabled);
  }

  /** The socket can take more, or the gate was opened. */
  drain(): void {
    if (this.ended) return;
    if (this.host.gate.closed) return this.host.gate.hold(this);
    const taken = this.outgoing.drain();
    if (taken < 0) return this.destroy();
    this.bytesOut += taken;
    this.host.counters.bytesOut += taken;
    if (this.outgoing.size > 0) return;
    this.onDrained?.();
    if (this.session.closing) this.finishClosing();
  }

  /** Cuts the client off if it lets more wait than its limit allows. */
  checkOutputLimit(now: number): void {
    if (this.ended || !this.outgoing.exceeds(this.host.outputLimit(this.session), now)) return;
    this.host.counters.outputLimitDisconnects++;
    this.host.warn(
      `Client id=${this.session.id} addr=${this.remoteAddress} omem=${this.outputBytes} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    );
    this.destroy();
  }

  get inputBytes(): number {
    return this.gather?.size ?? 0;
  }

  get outputBytes(): number {
    return this.outgoing.size;
  }

  get outputPieces(): number {
    return this.outgoing.pieceCount;
  }

  // ---- stopping and going on

  pause(): void {
    this.paused = true;
  }

  /** Requests that waited are served once the one under way, of whichever client, is done: never in the middle of it. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.serving || this.resting || this.gather === null) return;
    queueMicrotask(() => {
      if (!this.paused && !this.resting && !this.session.closing) this.resumeGathered();
    });
  }

  closeAfterReply(): void {
    this.session.closing = true;
    if (!this.serving) this.finishClosing();
  }

  private finishClosing(): void {
    this.sendDeferred();
    if (this.outgoing.size === 0) this.end();
  }

  destroy(): void {
    this.sendDeferred();
    this.session.closing = true;
    this.outgoing.clear();
    this.end();
  }

  /** Closes the socket, soon: its close event runs at once and takes the client out of lists that a command under way may be walking along. */
  private end(): void {
    if (this.ended) return;
    this.ended = true;
    queueMicrotask(() => this.socket.end());
  }

  /** The socket is gone. */
  closed(): void {
    this.ended = true;
    this.session.closing = true;
    this.outgoing.clear();
    this.gather = null;
    this.host.closed(this.session);
  }
}

/** The socket's file descriptor, which Bun has and its types do not mention; -1 where it has none. */
function descriptorOf(socket: object): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}
