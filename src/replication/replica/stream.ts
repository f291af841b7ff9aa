/**
 * The stream of writes from a master: its requests are run in order, its bytes are counted, and once run they are passed on verbatim to
 * our own journal, so that our offsets are the master's and replicas of ours see the same stream. What stands between MULTI and EXEC
 * counts, and is passed on, when EXEC has run. Hot.
 */

import { assert } from "../../assert.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Lines, trusted } from "../../protocol/request.ts";
import { RequestBatch, RequestStream } from "../../protocol/request-stream.ts";
import type { Session } from "../../session/session.ts";
import type { ReplicationContext } from "../context.ts";

export class MasterStream {
  /** Bytes of the history run so far, and received so far. */
  offset: number;
  received: number;
  private readonly session: Session;
  private readonly server: ReplicationContext;
  private readonly stream: RequestStream;
  /** Where in the history requests begin and end that change nothing, of those run and not handed on yet. */
  private asides: number[] = [];

  constructor(session: Session, server: ReplicationContext, offset: number) {
    this.session = session;
    this.server = server;
    this.offset = offset;
    this.received = offset;
    this.stream = new RequestStream(new RequestBatch(), trusted(Lines.EMPTY), { offset });
  }

  /** Takes chunk[from, to), which no one else writes to. Errors: ProtocolError when it is no stream of requests. */
  receive(chunk: Buffer, from: number, to: number): void {
    this.received += to - from;
    const { stream, session } = this;
    const { executor } = this.server;
    if (!stream.take(chunk, from, to)) return;
    const handedOn = this.offset;
    const { buffer, batch, origin } = stream;
    assert(origin <= handedOn, "bytes that were not handed on are kept");
    try {
      while (!session.closing && stream.next()) {
        if (batch.count > 1) executor.lookAhead(session, batch.frames, batch.count);
        for (let index = 0; index < batch.count && !session.closing; index++) this.run(batch.frames[index], origin, batch.ends[index]);
        if (batch.error !== null) throw batch.error;
      }
      // An empty line at the end belongs to no request.
      if (!session.queueing && !session.closing) this.offset = stream.unfinished;
    } finally {
      if (this.offset > handedOn) this.handOn(buffer, origin, handedOn);
    }
    stream.keep(this.offset - origin);
  }

  /** Runs one request, which ends at `end` of the buffer whose first byte is at `origin` of the history. */
  private run(frame: Frame, origin: number, end: number): void {
    const { session, stream } = this;
    const { executor } = this.server;
    if (frame.buffer === stream.buffer && executor.changesNoData(frame)) this.asides.push(origin + frame.start, origin + end);
    executor.execute(session, frame);
    executor.reply.discard();
    // What stands in a transaction has not been run: a master that goes on from here sends it again.
    if (!session.queueing) this.offset = origin + end;
  }

  /** What has been run since `from` of the history is handed on; buffer[0] is at `origin` of it. */
  private handOn(buffer: Buffer, origin: number, from: number): void {
    const { asides } = this;
    const { journal } = this.server;
    let at = from - origin;
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
