/**
 * A conversation with one client: bytes in become requests for the executor, replies go out in one write per chunk received, those to
 * pipelines by way of the deferred replies. What the transport does not take is kept and sent on `drain`; a client that does not read is
 * cut off at `client-output-buffer-limit`. Hot.
 */

import { assert } from "../assert.ts";
import { NO_SINK } from "../protocol/reply.ts";
import { RequestStream } from "../protocol/request-stream.ts";
import { type Session, SessionKind, type SessionLink } from "../session/session.ts";
import type { Conversations } from "./conversations.ts";
import type { DeferredOwner } from "./deferred-replies.ts";
import { OutputBuffer } from "./output-buffer.ts";
import type { Conversation, Ends, Transport } from "./transport.ts";

/** What comes in fewer bytes at once takes no longer than a turn: not worth a look at the clock. */
const LONG_INPUT_BYTES = 16 * 1024;
const REQUESTS_PER_LOOK = 4;
const NO_TURN = Number.POSITIVE_INFINITY;

export class Connection implements Conversation, SessionLink, DeferredOwner {
  session!: Session;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  bytesIn = 0;
  bytesOut = 0;
  /** Told when everything sent so far has been taken by the transport. */
  onDrained: (() => void) | null = null;
  private readonly transport: Transport;
  private readonly shared: Conversations;
  private readonly stream: RequestStream;
  private readonly output = new OutputBuffer();
  private paused = false;
  private serving = false;
  /** The turn is over with requests left: they are served after those of other clients. */
  private resting = false;
  private ended = false;
  /** Several requests came at once, and are being served. */
  private pipelining = false;
  /** What waits is sent once the turn is over. */
  private drainScheduled = false;
  /** Answers wait among the deferred replies: nothing may overtake them. */
  private hasDeferred = false;

  constructor(transport: Transport, shared: Conversations, ends: Ends) {
    this.transport = transport;
    this.shared = shared;
    this.remoteAddress = ends.remoteAddress;
    this.localAddress = ends.localAddress;
    this.fileDescriptor = ends.fileDescriptor;
    this.stream = new RequestStream(shared.batch, shared.limits, { changesBuffer: true });
  }

  // ---- in

  receive(chunk: Buffer): void {
    const { shared, stream } = this;
    this.bytesIn += chunk.length;
    shared.stats.bytesIn += chunk.length;
    shared.stats.readEvents++;
    if (this.session.closing) return;
    let ready = false;
    if (this.paused || this.resting) stream.hold(chunk);
    else ready = stream.take(chunk, 0, chunk.length);
    if (stream.heldBytes > shared.limits.maxQueryBuffer) this.queryTooLong();
    else if (ready) this.serve();
  }

  private queryTooLong(): void {
    this.shared.stats.queryLimitDisconnects++;
    this.warn(
      `Closing client that reached max query buffer length: id=${this.session.id} addr=${this.remoteAddress} qbuf=${this.inputBytes}`,
    );
    this.destroy();
  }

  /** Runs the requests that have come in, answers them in one write, and keeps what is left. */
  private serve(): void {
    const { shared, session, stream } = this;
    const { executor, batch } = shared;
    const { reply } = executor;
    assert(!this.serving && !this.paused, "a client is served once at a time, and not while it is paused");
    const now = executor.beginBatch();
    session.lastActive = now;
    shared.deferred.expire(now);
    reply.sink = this;
    reply.protocol = session.protocol;
    this.serving = true;
    const turnEnd = stream.unread > LONG_INPUT_BYTES ? performance.now() + shared.turnMs : NO_TURN;
    try {
      do {
        shared.limits.authenticated = !session.mustLogin;
        if (!stream.next()) break;
        if (batch.count > 1) {
          this.pipelining = true;
          executor.lookAhead(session, batch.frames, batch.count);
        }
        this.runBatch(turnEnd);
        executor.endCalls();
      } while (!this.paused && !this.resting && !session.closing);
    } finally {
      // What writing takes is no part of a command's time.
      executor.endBatch();
      reply.flush();
      reply.sink = NO_SINK;
      this.serving = false;
      this.pipelining = false;
    }
    if (session.closing) this.finishClosing();
    else stream.keep();
  }

  /** `turnEnd`: when others have their turn, as `performance.now()`. */
  private runBatch(turnEnd: number): void {
    const { session, stream } = this;
    const { executor, batch, holdsReplies } = this.shared;
    for (let index = 0; index < batch.count; index++) {
      executor.execute(session, batch.frames[index]);
      // Whether it was too much is to be known before the next one is run.
      if (holdsReplies) executor.reply.flush();
      if (!this.paused && !session.closing) {
        if (turnEnd === NO_TURN || index % REQUESTS_PER_LOOK !== 0 || performance.now() < turnEnd) continue;
        this.rest();
      }
      return stream.takeBack(index, { inclusive: session.postponed });
    }
    if (batch.error === null) return;
    executor.protocolError(session, batch.error.message);
    session.closing = true;
  }

  /** Lets other clients have their turn. Nothing more is read meanwhile: what came is enough. */
  private rest(): void {
    this.resting = true;
    this.transport.pause();
    setImmediate(() => {
      this.resting = false;
      if (this.ended) return;
      this.transport.resume();
      this.goOn();
    });
  }

  private goOn(): void {
    if (!this.paused && !this.resting && !this.session.closing && this.stream.takeHeld()) this.serve();
  }

  // ---- out

  send(bytes: Buffer, from: number, to: number): void {
    if (this.ended) return;
    if (this.session.kind === SessionKind.REPLICA) return this.refuseReply();
    const { barrier, deferred, keyspace, holdsReplies } = this.shared;
    if (barrier.closed || (holdsReplies && this.session.kind === SessionKind.NORMAL)) return this.sendLater(bytes, from, to);
    if (this.pipelining && this.output.size === 0 && deferred.add(this, bytes, from, to, keyspace.now)) this.hasDeferred = true;
    else this.sendNow(bytes, from, to);
  }

  /** What is too much for the client is not begun to be sent, whatever the kernel would take. */
  private sendLater(bytes: Buffer, from: number, to: number): void {
    const { barrier, keyspace } = this.shared;
    this.sendDeferred();
    this.output.add(bytes, from, to);
    if (barrier.closed) barrier.hold(this);
    else if (!this.drainScheduled) {
      this.drainScheduled = true;
      queueMicrotask(() => {
        this.drainScheduled = false;
        this.drain();
      });
    }
    this.checkOutputLimit(keyspace.now);
  }

  private sendNow(bytes: Buffer, from: number, to: number): void {
    this.sendDeferred();
    const taken = this.output.size > 0 ? 0 : this.write(bytes, from, to);
    if (from + taken === to || this.ended) return;
    this.output.add(bytes, from + taken, to);
    this.checkOutputLimit(this.shared.keyspace.now);
  }

  /** Writes of bytes[from, to) what the transport takes. Returns how many bytes it took; a closed one ends the conversation. */
  private write(bytes: Buffer, from: number, to: number): number {
    const { stats } = this.shared;
    stats.writeEvents++;
    const taken = this.transport.write(bytes, from, to - from);
    if (taken < 0) {
      this.destroy();
      return 0;
    }
    assert(taken <= to - from, "a transport takes no more than it is given");
    this.bytesOut += taken;
    stats.bytesOut += taken;
    return taken;
  }

  deliver(bytes: Buffer, from: number, to: number): void {
    this.hasDeferred = false;
    if (!this.ended) this.sendNow(bytes, from, to);
  }

  private sendDeferred(): void {
    if (this.hasDeferred) this.shared.deferred.flush();
  }

  /** A reply in the middle of the stream, or of an image, would break it: a replica that asks for one is no replica. */
  private refuseReply(): void {
    this.warn(
      `Replica generated a reply to command '${this.session.lastCommand}', disconnecting it: id=${this.session.id} addr=${this.remoteAddress}`,
    );
    this.destroy();
  }

  /** For callers that keep what was not sent: the bytes a replica is behind are in the journal. */
  offer(bytes: Buffer, from: number, to: number): number {
    this.sendDeferred();
    return this.ended || this.output.size > 0 ? 0 : this.write(bytes, from, to);
  }

  setNoDelay(enabled: boolean): void {
    if (!this.ended) this.transport.setNoDelay(enabled);
  }

  /** The transport can take more, or the barrier was opened. */
  drain(): void {
    if (this.ended) return;
    if (this.shared.barrier.closed) return this.shared.barrier.hold(this);
    const { output } = this;
    while (output.size > 0) {
      const { buffer, sent, length } = output.first;
      const taken = this.write(buffer, sent, length);
      if (this.ended) return;
      output.drop(taken);
      if (sent + taken < length) return;
    }
    this.onDrained?.();
    if (this.session.closing) this.finishClosing();
  }

  /** Cuts the client off if it lets more wait than its limit allows. */
  checkOutputLimit(now: number): void {
    if (this.ended || !this.output.exceeds(this.shared.outputLimit(this.session), now)) return;
    this.shared.stats.outputLimitDisconnects++;
    this.warn(
      `Client id=${this.session.id} addr=${this.remoteAddress} omem=${this.outputBytes} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    );
    this.destroy();
  }

  private warn(message: string): void {
    this.shared.parts.log.warning(message);
  }

  get inputBytes(): number {
    return this.stream.heldBytes;
  }

  get outputBytes(): number {
    return this.output.size;
  }

  get outputPieces(): number {
    return this.output.pieceCount;
  }

  // ---- stopping and going on

  pause(): void {
    this.paused = true;
  }

  /** Requests that waited are served once the one under way, of whichever client, is done: never in the middle of it. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.serving && !this.resting && this.inputBytes > 0) queueMicrotask(() => this.goOn());
  }

  closeAfterReply(): void {
    this.session.closing = true;
    if (!this.serving) this.finishClosing();
  }

  private finishClosing(): void {
    this.sendDeferred();
    if (this.output.size === 0) this.end();
  }

  destroy(): void {
    this.sendDeferred();
    this.session.closing = true;
    this.output.clear();
    this.end();
  }

  /** Closes the transport, soon: its close event runs at once and takes the client out of lists that a command under way may be walking along. */
  private end(): void {
    if (this.ended) return;
    this.ended = true;
    queueMicrotask(() => this.transport.end());
  }

  /** The transport is gone. */
  closed(): void {
    this.ended = true;
    this.session.closing = true;
    this.output.clear();
    this.shared.closed(this.session);
  }
}
