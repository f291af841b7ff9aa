/**
 * The stream of writes from a master: its requests are run in order, its bytes are counted, and once run they are passed on verbatim to
 * our own journal, so that our offsets are the master's and replicas of ours see the same stream. What stands between MULTI and EXEC
 * counts, and is passed on, when EXEC has run. A request with arguments in blocks is not among the bytes: it is passed on by itself, in a
 * transaction behind what stands before it there, which is put aside with it. Hot.
 */

import { assert } from "../../assert.ts";
import { copied } from "../../base/bytes.ts";
import type { EncodedRequest, Frame } from "../../protocol/frame.ts";
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

/** Bytes of a transaction that are to be passed on with it, copied, and whether replicas alone get them. */
interface PutAside {
  readonly request: EncodedRequest;
  readonly audience: "all" | "replicas";
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
  /** What has been put aside of the transaction under way, and where in the history that ends. */
  private transaction: PutAside[] = [];
  private putAsideTo = 0;
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
    if (this.serving) return;
    this.stream.release(LEFT_TO_COLLECTOR);
    this.forgetTransaction();
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
    assert(stream.origin <= this.taken && this.handedOn === this.offset, "bytes that were not handed on are kept");
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
    stream.keep(this.taken - stream.origin);
  }

  /** Where in the history the first byte is that is needed of those in the buffer. */
  private get taken(): number {
    return this.transaction.length > 0 ? this.putAsideTo : this.offset;
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
    const inTransaction = session.queueing;
    const isAside = server.executor.changesNoData(frame);
    if (isAside && this.takesNotes && isNote(frame)) return this.takeNote(frame, end, bytes);
    if (inTransaction) this.putAside(stream.origin + frame.start);
    else {
      this.offset = stream.origin + frame.start;
      this.handOn();
    }
    server.executor.execute(session, frame);
    server.executor.reply.discard();
    if (session.postponed) return;
    if (session.divergence !== null) this.judge(frame, session.divergence);
    const audience = isAside ? "replicas" : "all";
    stream.origin += bytes;
    const reached = stream.origin + end;
    if (inTransaction) {
      this.transaction.push({ request: kept(frame), audience });
      this.putAsideTo = reached;
    } else {
      server.journal.appendRequest(frame, audience);
      this.offset = reached;
      this.handedOn = reached;
    }
  }

  /** Puts what the buffer has of the transaction up to this place in the history aside: what follows is not in the buffer. */
  private putAside(to: number): void {
    const { buffer } = this.stream;
    this.eachRun(this.taken, to, (from, end, audience) => {
      this.transaction.push({ request: { buffer: copied(buffer, from, end), start: 0, end: end - from }, audience });
    });
    this.putAsideTo = to;
  }

  private forgetTransaction(): void {
    for (const { request } of this.transaction) for (const { value } of request.insets ?? []) value.free();
    this.transaction = [];
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
    const { journal } = this.server;
    const { buffer } = this.stream;
    if (this.offset === this.handedOn) return;
    const from = this.transaction.length > 0 ? this.putAsideTo : this.handedOn;
    this.handedOn = this.offset;
    for (const { request, audience } of this.transaction) journal.appendRequest(request, audience);
    this.forgetTransaction();
    this.eachRun(from, this.offset, (at, end, audience) => {
      if (audience === "all") journal.appendRaw(buffer, at, end);
      else journal.appendForReplicas(buffer, at, end);
    });
  }

  /** Visits what the buffer has between two places in the history, in runs for all and runs for replicas alone. */
  private eachRun(from: number, to: number, visit: (from: number, to: number, audience: PutAside["audience"]) => void): void {
    const { asides } = this;
    const { origin } = this.stream;
    let at = from;
    let index = 0;
    for (; index < asides.length && asides[index] < to; index += 2) {
      const begin = asides[index];
      const end = asides[index + 1];
      if (at < begin) visit(at - origin, begin - origin, "all");
      visit(begin - origin, end - origin, "replicas");
      at = end;
    }
    if (index > 0) asides.splice(0, index);
    if (at < to) visit(at - origin, to - origin, "all");
  }
}

/** A request in bytes of its own, which shares the blocks of its arguments. */
function kept({ buffer, start, end, insets }: EncodedRequest): EncodedRequest {
  const shared = insets?.map(({ at, value }) => ({ at: at - start, value: value.copy() })) ?? null;
  return { buffer: copied(buffer, start, end), start: 0, end: end - start, insets: shared };
}
