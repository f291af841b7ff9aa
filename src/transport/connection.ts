/**
 * A conversation with one client: bytes in become requests for the executor, replies go out in one write per chunk received, those to
 * pipelines by way of the deferred replies. What the transport does not take is kept and sent on `drain`; a client that does not read is
 * cut off at `client-output-buffer-limit`. Hot, but for clients with limits on what they may take: their replies are counted request by
 * request, before the first of their bytes goes out.
 */

import { assert } from "../assert.ts";
import { quoteWord } from "../base/words.ts";
import type { Block } from "../blocks/block.ts";
import { NO_SINK } from "../protocol/reply.ts";
import { RequestStream, type StreamOptions } from "../protocol/request-stream.ts";
import { describeClient } from "../session/client-info.ts";
import { sendPushes } from "../session/pubsub.ts";
import { ReplyMode, type Session, SessionKind, type SessionLink } from "../session/session.ts";
import type { Conversations } from "./conversations.ts";
import type { DeferredOwner } from "./deferred-replies.ts";
import { FREE_BYTES, mayWait, OutputBuffer } from "./output-buffer.ts";
import type { Conversation, Ends, Transport } from "./transport.ts";

/** As for `OutputBuffer.add`. */
interface KeepOptions {
  readonly value: boolean;
  readonly counted?: boolean;
  readonly block: Block | null;
}

/** After so much of a long argument has come at once, others have their turn. */
const LONG_CHUNK_BYTES = 64 * 1024;
/** What comes in fewer bytes at once takes no longer than a turn: not worth a look at the clock. */
const LONG_INPUT_BYTES = 16 * 1024;
const REQUESTS_PER_LOOK = 4;
const NO_TURN = Number.POSITIVE_INFINITY;
/** Replies that are counted go out after as many bytes of requests as Redis reads at a time. */
const BYTES_PER_READ = 16 * 1024;
/** Commands whose reply Redis begins before it knows how long it will be: of these it has nothing in what a client has anyway. */
const COUNTED_WHOLE: ReadonlySet<string> = new Set(
  (
    "keys sinter lcs lpos zrangebyscore zrevrangebyscore zrangebylex zrevrangebylex xrange xrevrange xread xreadgroup xpending xclaim xautoclaim " +
    "xinfo|stream acl|getuser acl|list function|list latency|histogram latency|graph command|docs command|list"
  ).split(" "),
);
/** How much of its replies Redis sends to a client before it looks at what all clients take (NET_MAX_WRITES_PER_EVENT). */
const BYTES_BEFORE_EVICTION = 64 * 1024;
/** For so long Redis keeps the room that it has made for an argument of which nothing comes. */
const ROOM_KEPT_MS = 2000;
/** How much of a request that is too long the log shows. */
const LOGGED_BYTES = 64;

/** How the requests of clients are read. */
export const CLIENT_STREAM: StreamOptions = { changesBuffer: true, usesBlocks: true, forgetsExecuted: true };

export class Connection implements Conversation, SessionLink, DeferredOwner {
  readonly taker = null;
  session!: Session;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  bytesIn = 0;
  bytesOut = 0;
  /** Told when everything sent so far has been taken by the transport. */
  onDrained: (() => void) | null = null;
  protected readonly transport: Transport;
  protected readonly shared: Conversations;
  protected readonly stream: RequestStream;
  private readonly output = new OutputBuffer();
  protected paused = false;
  serving = false;
  /** The turn is over with requests left: they are served after those of other clients. */
  protected resting = false;
  protected ended = false;
  /** Several requests came at once, and are being served. */
  private pipelining = false;
  /** Answers wait among the deferred replies: nothing may overtake them. */
  private hasDeferred = false;
  /** Requests are being served whose replies are counted before they go out. */
  protected counting = false;
  /** The transport took less than it was given: it will say when it can take more. */
  private full = false;

  constructor(
    transport: Transport,
    shared: Conversations,
    ends: Ends,
    stream = new RequestStream(shared.batch, shared.limits, CLIENT_STREAM),
  ) {
    this.transport = transport;
    this.shared = shared;
    this.remoteAddress = ends.remoteAddress;
    this.localAddress = ends.localAddress;
    this.fileDescriptor = ends.fileDescriptor;
    this.stream = stream;
  }

  // ---- in

  receive(chunk: Buffer): void {
    const { shared, stream } = this;
    this.bytesIn += chunk.length;
    shared.stats.bytesIn += chunk.length;
    shared.stats.readEvents++;
    const { session } = this;
    if (session.closing) return;
    // A long request that is still coming in is no idleness, nor (`write`) is a long answer on its way.
    session.lastActive = shared.keyspace.now;
    let ready = false;
    if (this.paused || this.resting) stream.hold(chunk);
    else ready = stream.take(chunk, 0, chunk.length);
    if (stream.heldBytes > shared.limits.maxQueryBuffer && stream.heldArgumentBytes > shared.limits.maxQueryBuffer)
      return this.queryTooLong();
    if (shared.memory.limit > 0) {
      shared.memory.count(session, ready ? stream.readingBytes - stream.heldBytes : 0);
      shared.memory.evict();
      if (session.closing) return;
    }
    if (ready) return this.serve();
    this.recount();
    // The runtime would read on for as long as there is something to read.
    if (stream.isFilling && !this.resting && chunk.length >= LONG_CHUNK_BYTES) this.rest();
  }

  protected queryTooLong(): void {
    this.shared.stats.queryLimitDisconnects++;
    const start = quoteWord(this.stream.unreadHeldStart(LOGGED_BYTES).latin1Slice());
    this.warn(`Closing client that reached max query buffer length: ${this.description} (qbuf initial bytes: ${start})`);
    this.destroy();
  }

  /** What the client's buffers hold counts for `maxmemory`, and for `maxmemory-clients`. */
  protected recount(): void {
    const { session } = this;
    const { counted } = session;
    if (counted === null) return;
    if (counted.bytes !== session.memoryBytes || counted.awaited !== this.inputAwaited || counted.kind !== session.kind)
      this.shared.memory.count(session);
  }

  /** Runs the requests that have come in, answers them in one write, and keeps what is left. */
  protected serve(): void {
    const { shared, session, stream } = this;
    const { executor, batch } = shared;
    const { reply } = executor;
    assert(!this.serving && !this.paused, "a client is served once at a time, and not while it is paused");
    if (session.pushes !== null) sendPushes(session);
    const now = executor.beginBatch();
    session.lastActive = now;
    shared.deferred.expire(now);
    reply.sink = this;
    reply.protocol = session.protocol;
    this.serving = true;
    const turnEnd = stream.unread > LONG_INPUT_BYTES ? performance.now() + shared.turnMs : NO_TURN;
    const sentBefore = this.bytesOut;
    try {
      do {
        shared.limits.authenticated = !session.mustLogin;
        if (!stream.next()) break;
        if (batch.count > 1) {
          this.pipelining = true;
          executor.lookAhead(session, batch.frames, batch.count);
        }
        if (shared.countsReplies[session.kind]) this.runCounted(turnEnd);
        else this.runBatch(turnEnd);
        executor.endCalls();
        if (batch.blank) session.replyMode &= ~ReplyMode.SKIP_NEXT;
      } while (!this.paused && !this.resting && !session.closing);
    } finally {
      // What writing takes is no part of a command's time.
      executor.endBatch();
      reply.flush();
      reply.sink = NO_SINK;
      this.serving = false;
      this.pipelining = false;
    }
    if (this.counting) this.sendCounted();
    if (session.closing) this.closeServed(sentBefore);
    else stream.keep();
    this.recount();
  }

  /** `turnEnd`: when others have their turn, as `performance.now()`. */
  private runBatch(turnEnd: number): void {
    const { session, stream } = this;
    const { executor, batch } = this.shared;
    for (let index = 0; index < batch.count; index++) {
      executor.execute(session, batch.frames[index]);
      if (!this.paused && !session.closing) {
        if (turnEnd === NO_TURN || index % REQUESTS_PER_LOOK !== 0 || performance.now() < turnEnd) continue;
        this.rest();
      }
      return stream.takeBack(index, { inclusive: session.postponed });
    }
    this.endBatch();
  }

  /** Likewise for a client with limits. Its replies are kept until it is known that it may have them. */
  private runCounted(turnEnd: number): void {
    const { session, stream } = this;
    const { executor, batch, memory } = this.shared;
    const { reply } = executor;
    let unsentFor = 0;
    this.counting = true;
    for (let index = 0; index < batch.count; index++) {
      const frame = batch.frames[index];
      memory.evict();
      if (session.closing) return;
      executor.execute(session, frame);
      if (reply.pending + this.output.size > FREE_BYTES || COUNTED_WHOLE.has(session.lastCommand)) reply.flush();
      if (memory.limit > 0) memory.count(session);
      unsentFor += frame.bytes;
      if (!this.paused && !session.closing) {
        if (unsentFor >= BYTES_PER_READ) {
          reply.flush();
          this.sendCounted();
          this.counting = true;
          unsentFor = 0;
        }
        if (turnEnd === NO_TURN || index % REQUESTS_PER_LOOK !== 0 || performance.now() < turnEnd) continue;
        this.rest();
      }
      return stream.takeBack(index, { inclusive: session.postponed });
    }
    this.endBatch();
  }

  /** What broke the protocol behind the requests of a batch is said, and the connection closed. */
  private endBatch(): void {
    const { session } = this;
    const { executor, batch } = this.shared;
    if (batch.error === null) return;
    executor.protocolError(session, batch.error.message);
    session.closing = true;
  }

  /** Lets other clients have their turn. Nothing more is read meanwhile: what came is enough. */
  protected rest(): void {
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

  send(bytes: Buffer, from: number, to: number, value = false, block: Block | null = null): void {
    const { session } = this;
    if (this.ended) return;
    if (session.kind === SessionKind.REPLICA) return this.refuseReply();
    const { barrier, deferred, keyspace } = this.shared;
    if (!this.serving) {
      if (session.pushes !== null) sendPushes(session);
      // It has had its last reply.
      if (session.closing) return this.finishClosing();
      // What is too much for it must not even be begun.
      if (to - from > FREE_BYTES && this.mayExceed(to - from)) return this.sendLimited(bytes, from, to, { value, block });
    }
    if (barrier.closed) {
      this.sendDeferred();
      this.keepForLater(bytes, from, to, { value, block });
      return barrier.hold(this);
    }
    if (this.counting) this.keepForLater(bytes, from, to, { value, block, counted: COUNTED_WHOLE.has(session.lastCommand) });
    else if (this.pipelining && this.output.size === 0 && deferred.add(this, bytes, from, to, keyspace.now)) this.hasDeferred = true;
    else this.sendNow(bytes, from, to, value, block);
  }

  protected sendNow(bytes: Buffer, from: number, to: number, value = false, block: Block | null = null): void {
    this.sendDeferred();
    const taken = this.output.size > 0 ? 0 : this.write(bytes, from, to);
    if (from + taken === to || this.ended) return;
    this.full = true;
    this.keepForLater(bytes, from + taken, to, { value, block, counted: taken >= FREE_BYTES });
  }

  /** Whether so many bytes could be too much, if the client reads none of them. */
  private mayExceed(bytes: number): boolean {
    const { countsReplies, memory, outputLimits } = this.shared;
    const { kind } = this.session;
    return countsReplies[kind] && (memory.limit > 0 || this.output.size > 0 || !mayWait(bytes, outputLimits[kind]));
  }

  private sendLimited(bytes: Buffer, from: number, to: number, options: KeepOptions): void {
    this.sendDeferred();
    this.keepForLater(bytes, from, to, options);
    if (!this.full) this.drain();
  }

  private keepForLater(bytes: Buffer, from: number, to: number, options: KeepOptions): void {
    if (this.ended) return;
    this.output.add(bytes, from, to, options);
    this.checkOutputLimit(this.shared.keyspace.now);
    if (!this.serving) this.recount();
  }

  /** The replies that were counted may go; where all clients have a limit together, the client may have to go before most of them are sent. */
  private sendCounted(): void {
    const { memory } = this.shared;
    this.counting = false;
    if (memory.limit > 0) {
      if (this.output.size > 0 && !this.full) this.drain(BYTES_BEFORE_EVICTION);
      memory.evict();
    }
    if (this.output.size > 0 && !this.full) this.drain();
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
    // Of a replica it is asked when it was last heard of.
    if (taken > 0 && this.session.kind !== SessionKind.REPLICA) this.session.lastActive = this.shared.keyspace.now;
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
    this.warn(`Replica generated a reply to command '${this.session.lastCommand}', disconnecting it: ${this.description}`);
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

  /** The transport can take more, or the barrier was opened. `most`: how many bytes are sent at most. */
  drain(most = Number.POSITIVE_INFINITY): void {
    if (this.ended) return;
    if (this.shared.barrier.closed) return this.shared.barrier.hold(this);
    const { output } = this;
    for (let left = most; output.size > 0; ) {
      const { buffer, sent, length } = output.first;
      const end = Math.min(length, sent + left);
      const taken = this.write(buffer, sent, end);
      if (this.ended) return;
      output.drop(taken, this.shared.unused);
      left -= taken;
      this.full = sent + taken < end;
      if (this.full || left === 0) return this.recount();
    }
    this.recount();
    this.onDrained?.();
    if (this.session.closing && !this.serving) this.finishClosing();
  }

  /** Cuts the client off if it lets more wait than its limit allows. */
  checkOutputLimit(now: number): void {
    if (this.ended || !this.output.exceeds(this.shared.outputLimits[this.session.kind], now)) return;
    this.shared.stats.outputLimitDisconnects++;
    this.warn(`Client ${this.description} scheduled to be closed ASAP for overcoming of output buffer limits.`);
    this.destroy();
  }

  private get description(): string {
    return describeClient(this.session, this.shared.keyspace.now).trimEnd();
  }

  private warn(message: string): void {
    this.shared.parts.log.warning(message);
  }

  get inputBytes(): number {
    return this.serving ? this.stream.readingBytes : this.stream.heldBytes;
  }

  get inputUnread(): number {
    return this.serving ? this.stream.readingBytes : this.stream.unreadHeldBytes;
  }

  get inputArguments(): number {
    return this.serving ? 0 : this.stream.startedArguments;
  }

  /** Where nothing comes Redis gives back the room that it has made for what was announced. */
  get inputAwaited(): number {
    const { awaitedBytes } = this.stream;
    return awaitedBytes > 0 && this.shared.keyspace.now - this.session.lastActive > ROOM_KEPT_MS ? 0 : awaitedBytes;
  }

  get outputBytes(): number {
    return this.output.size;
  }

  get outputFree(): number {
    const { freeBytes, blocks } = this.output;
    if (!this.serving || blocks > 0) return freeBytes;
    // What has collected of the replies to these requests is as good as there.
    return Math.min(FREE_BYTES, freeBytes + this.shared.executor.reply.pending);
  }

  get outputPieces(): number {
    return this.output.blocks;
  }

  get outputMemory(): number {
    return this.output.memory;
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

  /**
   * The last request was served. As in Redis, the connection is closed once its reply is written: one that wanted no replies (CLIENT REPLY OFF,
   * QUIT) stays as it is until the client closes it, or is sent something. `sentBefore`: how much had been sent before these requests.
   */
  private closeServed(sentBefore: number): void {
    const { batch } = this.shared;
    if (batch.error !== null || this.bytesOut > sentBefore || this.output.size > 0 || this.hasDeferred) this.finishClosing();
  }

  private finishClosing(): void {
    this.sendDeferred();
    if (this.output.size === 0) this.end();
  }

  destroy(): void {
    this.sendDeferred();
    this.session.closing = true;
    this.output.clear(this.shared.unused);
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
    const { unused } = this.shared;
    this.ended = true;
    this.session.closing = true;
    this.output.clear(unused);
    this.stream.release(unused);
    this.shared.closed(this.session);
  }
}
