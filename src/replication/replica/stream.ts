/**
 * The stream of writes from a master: its requests are run in order, its bytes are counted, and once run they are passed on verbatim to
 * our own journal, so that our offsets are the master's and replicas of ours see the same stream. What stands between MULTI and EXEC
 * counts, and is passed on, when EXEC has run. Hot.
 */

import { assert } from "../../assert.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { Discard } from "../../protocol/input-buffer.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { Lines, trusted } from "../../protocol/request.ts";
import { RequestBatch, RequestStream } from "../../protocol/request-stream.ts";
import type { Session } from "../../session/session.ts";
import type { ReplicationContext } from "../context.ts";
import { isNote, textsOfNote } from "../note.ts";

/** Pieces that were received may share their memory with others. */
const LEFT_TO_COLLECTOR: Discard = { take: () => {} };

export interface StreamOptions {
  readonly offset: number;
  /** Whether requests may stand in it that are notes (../note.ts). */
  readonly takesNotes: boolean;
  /** What was received while a script ran may be run now: by `goOn`. */
  readonly held: () => void;
}

/** A request of the stream was answered with an error: the data here would not be the master's any more. */
export class DivergenceError extends Error {
  override name = "DivergenceError";
}

export class MasterStream {
  /** Bytes of the history run so far, and received so far. */
  offset: number;
  received: number;
  /** Bytes of it that our own journal has. */
  private handedOn: number;
  private readonly session: Session;
  private readonly server: ReplicationContext;
  private readonly takesNotes: boolean;
  private readonly held: () => void;
  private readonly stream: RequestStream;
  /** Where in the history requests begin and end that change nothing, of those run and not handed on yet. */
  private asides: number[] = [];
  private serving = false;

  constructor(session: Session, server: ReplicationContext, { offset, takesNotes, held }: StreamOptions) {
    this.session = session;
    this.server = server;
    this.takesNotes = takesNotes;
    this.held = held;
    this.offset = offset;
    this.received = offset;
    this.handedOn = offset;
    this.stream = new RequestStream(new RequestBatch(), trusted(Lines.EMPTY), { offset, usesBlocks: true });
  }

  /** Takes chunk[from, to), which no one else writes to. Errors: ProtocolError when it is no stream of requests; DivergenceError. */
  receive(chunk: Buffer, from: number, to: number): void {
    this.received += to - from;
    const { stream } = this;
    if (this.mustWait()) stream.hold(chunk.subarray(from, to));
    else if (stream.take(chunk, from, to)) this.serve();
  }

  /** A script or a pause that made the master wait is over. Errors: as of `receive`. */
  goOn(): void {
    if (!this.session.closing && !this.mustWait() && this.stream.takeHeld()) this.serve();
  }

  /** The link is left for good, be it by a request that is being served: lets go of what is not whole. */
  release(): void {
    assert(this.session.closing, "a stream that is gone on with keeps what it has");
    if (!this.serving) this.stream.release(LEFT_TO_COLLECTOR);
  }

  /** Whether nothing may be run now. `goOn` will be called. */
  private mustWait(): boolean {
    const { session, server } = this;
    if (session.postponed) return true;
    if (server.executor.busy) server.executor.whenIdle(this.held);
    return server.executor.busy;
  }

  private serve(): void {
    const { stream, session } = this;
    const { executor } = this.server;
    const { batch } = stream;
    assert(stream.origin <= this.offset && this.handedOn === this.offset, "bytes that were not handed on are kept");
    this.serving = true;
    try {
      while (!session.closing && !session.postponed && stream.next()) {
        if (batch.count > 1) executor.lookAhead(session, batch.frames, batch.count);
        this.runBatch();
        executor.endCalls();
      }
      // An empty line at the end belongs to no request.
      if (!session.queueing && !session.closing && !session.postponed) this.offset = stream.unfinished;
    } finally {
      this.serving = false;
      this.handOn();
    }
    if (session.closing) return this.release();
    // What a transaction has queued is handed on with all of it.
    stream.usesBlocks = !session.queueing;
    stream.keep(this.offset - stream.origin);
  }

  /** Runs the requests of the batch, up to one that has to wait. */
  private runBatch(): void {
    const { stream, session } = this;
    const { batch } = stream;
    for (let index = 0; index < batch.count && !session.closing; index++) {
      this.run(batch.frames[index], batch.ends[index]);
      if (session.postponed) return stream.takeBack(index, { inclusive: true });
    }
    if (batch.error !== null) throw batch.error;
  }

  /** Runs one request, which ends at `end` of the buffer. */
  private run(frame: Frame, end: number): void {
    const { session, stream } = this;
    const { executor } = this.server;
    const { origin } = stream;
    if (frame.long !== null) return this.runLong(frame, end, frame.longBytes);
    const isAside = frame.buffer === stream.buffer && executor.changesNoData(frame);
    if (isAside && this.takesNotes && isNote(frame)) return this.takeNote(frame, end, 0);
    executor.execute(session, frame);
    executor.reply.discard();
    if (session.postponed) return;
    if (isAside) this.asides.push(origin + frame.start, origin + end);
    if (session.divergence !== null) this.judge(frame, session.divergence);
    // What stands in a transaction has not been run: a master that goes on from here sends it again.
    if (!session.queueing) this.offset = origin + end;
  }

  /** Runs a request with arguments in blocks, `bytes` long together, which are not in the buffer: it is handed on by itself. */
  private runLong(frame: Frame, end: number, bytes: number): void {
    const { session, stream, server } = this;
    assert(!session.queueing, "a transaction has its requests in the buffer");
    const isAside = server.executor.changesNoData(frame);
    if (isAside && this.takesNotes && isNote(frame)) return this.takeNote(frame, end, bytes);
    this.offset = stream.origin + frame.start;
    this.handOn();
    server.executor.execute(session, frame);
    server.executor.reply.discard();
    if (session.postponed) return;
    if (session.divergence !== null) this.judge(frame, session.divergence);
    server.journal.appendRequest(frame, isAside ? "replicas" : "all");
    stream.origin += bytes;
    this.offset = stream.origin + end;
    this.handedOn = this.offset;
  }

  /**
   * The request was answered with an error. This matters unless it changes no data (a newer master may have more to say with REPLCONF), or
   * clients may write here: then the data is their own.
   */
  private judge(frame: Frame, error: string): void {
    const { session } = this;
    if (!this.server.executor.changesNoData(frame) && this.server.config.values["replica-read-only"]) {
      throw new DivergenceError(`'${session.lastCommand}' cannot be executed here: ${error}`);
    }
    session.divergence = null;
  }

  /**
   * What stands in the buffer behind the note is where in the history the note would be: it is no part of that, and nor are the
   * `bytesInBlocks` of its texts that are not in the buffer.
   */
  private takeNote(frame: Frame, end: number, bytesInBlocks: number): void {
    const { session, stream, server } = this;
    if (session.queueing) throw new ProtocolError("a note in a transaction");
    this.offset = stream.origin + frame.start;
    this.handOn();
    const bytes = end - frame.start;
    stream.origin -= bytes;
    this.received -= bytes + bytesInBlocks;
    server.functions.privileged.replaceAll(textsOfNote(frame));
  }

  /** What has been run is handed on. */
  private handOn(): void {
    const { asides, handedOn } = this;
    const { journal } = this.server;
    const { buffer, origin } = this.stream;
    if (this.offset === handedOn) return;
    this.handedOn = this.offset;
    let at = handedOn - origin;
    const done = this.offset - origin;
    let index = 0;
    for (; index < asides.length && asides[index] - origin < done; index += 2) {
      const begin = asides[index] - origin;
      const end = asides[index + 1] - origin;
      if (at < begin) journal.appendRaw(buffer, at, begin);
      journal.appendForReplicas(buffer, begin, end);
      at = end;
    }
    if (index > 0) asides.splice(0, index);
    if (at < done) journal.appendRaw(buffer, at, done);
  }
}
