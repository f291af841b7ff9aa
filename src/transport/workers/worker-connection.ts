/**
 * A conversation with a client whose socket a worker owns: as any other, but that whole requests come with what lies where in them, and
 * that replies are not deferred. It is the worker that wakes the client.
 */

import type { Block } from "../../blocks/block.ts";
import { BATCH_REQUESTS, RequestStream } from "../../protocol/request-stream.ts";
import { SessionKind } from "../../session/session.ts";
import { CLIENT_STREAM, Connection } from "../connection.ts";
import type { Conversations } from "../conversations.ts";
import type { Ends } from "../transport.ts";
import type { RingReader } from "./ring.ts";
import type { WorkerSocket } from "./worker-socket.ts";

/**
 * Requests that were read by a worker. Where they cannot be taken as they are (others wait before them, a login is missing) their bytes are
 * read here, as those of every client.
 */
class ReadStream extends RequestStream {
  /** Of the requests not yet in a batch: how many, where they are told of in `words`, and where their offsets count from. */
  private left = 0;
  private words: Int32Array | null = null;
  private word = 0;
  private base = 0;

  /** Whether nothing is left over: the next byte begins a request. */
  get isBetweenRequests(): boolean {
    return this.held === null;
  }

  /** Takes in the record that was found last. */
  takeRead({ bytes, words, third }: RingReader, from: number, to: number, count: number): void {
    this.buffer = bytes;
    this.end = to;
    this.origin -= from;
    this.parser.position = from;
    this.left = count;
    this.words = words;
    this.word = third;
    this.base = from;
  }

  override get readingBytes(): number {
    return super.readingBytes - this.base;
  }

  override next(): boolean {
    const { words, left } = this;
    if (left === 0 || words === null) return super.next();
    if (!this.limits.authenticated) {
      this.left = 0;
      return super.next();
    }
    const { batch, parser, buffer, base } = this;
    const count = Math.min(left, BATCH_REQUESTS);
    let { word } = this;
    let start = parser.position;
    batch.frames[0] = batch.ownFirst;
    this.begin = start;
    for (let index = 0; index < count; index++) {
      const frame = batch.frames[index];
      const argumentCount = words[word++];
      const end = base + words[word++];
      frame.resize(argumentCount);
      frame.buffer = buffer;
      frame.hashed = false;
      frame.keepable = false;
      frame.start = start;
      frame.end = end;
      const { offsets, lengths } = frame;
      for (let argument = 0; argument < argumentCount; argument++) {
        offsets[argument] = base + words[word++];
        lengths[argument] = words[word++];
      }
      batch.ends[index] = end;
      start = end;
    }
    parser.position = start;
    this.word = word;
    this.left = left - count;
    this.lacksBytes = false;
    batch.count = count;
    batch.error = null;
    batch.blank = false;
    return true;
  }

  override takeBack(index: number, options: { inclusive: boolean }): void {
    this.left = 0;
    super.takeBack(index, options);
  }

  override keep(from?: number): void {
    this.left = 0;
    this.base = 0;
    const { parser, end } = this;
    if (this.held !== null || this.started !== null || parser.position < end || from !== undefined) return super.keep(from);
    this.origin += end;
    parser.position = 0;
    this.incomplete = false;
  }
}

export class WorkerConnection extends Connection {
  declare protected readonly stream: ReadStream;
  private readonly socket: WorkerSocket;
  /** Bytes that have come, modulo 2^32. */
  private received = 0;
  private hasEndedInput = false;

  constructor(socket: WorkerSocket, shared: Conversations, ends: Ends) {
    super(socket, shared, ends, new ReadStream(shared.batch, shared.limits, { ...CLIENT_STREAM, chunksAreReused: true }));
    this.socket = socket;
    socket.onDrain = () => this.drain();
    socket.onClose = () => this.closed();
    // What it has sent before its end is served first.
    socket.onResume = () => queueMicrotask(() => this.seeEnd());
  }

  /** Whole requests: the record that `ring` has found last, bytes[from, to) of which are theirs. */
  receiveRequests(ring: RingReader, from: number, to: number): void {
    const { shared, stream, session } = this;
    if (this.paused || this.resting || !stream.isBetweenRequests || shared.memory.limit > 0) return this.receiveBytes(ring, from, to);
    this.count(to - from);
    if (session.closing) return;
    session.lastActive = shared.keyspace.now;
    stream.takeRead(ring, from, to, ring.second);
    this.serve();
  }

  /** Bytes of whatever: the worker is told once they have been read, nothing is left over, and the next request is like any other. */
  receivePassed(ring: RingReader, from: number, to: number): void {
    this.receiveBytes(ring, from, to);
    if (this.paused || this.resting || this.ended || this.session.mustLogin || !this.stream.isBetweenRequests) return;
    this.socket.readUpTo(this.received);
  }

  /** The client sends nothing more. It may have done so while nothing was to be read from it: then that is seen later. */
  inputEnded(): void {
    this.hasEndedInput = true;
    this.seeEnd();
  }

  private seeEnd(): void {
    if (!this.hasEndedInput || this.resting) return;
    this.hasEndedInput = false;
    this.closeAfterReply();
  }

  private receiveBytes({ bytes }: RingReader, from: number, to: number): void {
    this.received = (this.received + to - from) | 0;
    this.receive(bytes.subarray(from, to));
  }

  private count(bytes: number): void {
    const { stats } = this.shared;
    this.received = (this.received + bytes) | 0;
    this.bytesIn += bytes;
    stats.bytesIn += bytes;
    stats.readEvents++;
  }

  override send(bytes: Buffer, from: number, to: number, value = false, block: Block | null = null): void {
    const waits = this.ended || !this.serving || this.counting || this.shared.barrier.closed;
    if (waits || this.session.kind === SessionKind.REPLICA) super.send(bytes, from, to, value, block);
    else this.sendNow(bytes, from, to, value, block);
  }

  override destroy(): void {
    if (!this.ended) this.socket.dropsRest = true;
    super.destroy();
  }
}
