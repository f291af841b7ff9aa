/**
 * What is the same for whatever reads the stream of writes that a master sends: its bytes become requests, and it is known which database is
 * selected, how far the history has come, and whether a transaction is under way. Hot.
 */

import type { Frame } from "../protocol/frame.ts";
import { Lines, trusted } from "../protocol/request.ts";
import { RequestBatch, RequestStream } from "../protocol/request-stream.ts";
import { type CommandTargets, numberAt, Treatment } from "./command-targets.ts";
import type { StreamPoint } from "./position.ts";

export interface StreamReaderOptions {
  readonly targets: CommandTargets;
  /** The source has asked how far we are. */
  readonly asked: () => void;
  /** Whether what a chunk held is written over once `take` has returned; false unless told. */
  readonly bytesAreReused?: boolean;
}

/** `Into`: what takes what is read. */
export abstract class StreamReader<Into> {
  /** Bytes of the history up to the end of the last request outside a transaction. */
  end: number;
  /** The database that is selected. */
  db: number;
  protected readonly targets: CommandTargets;
  protected readonly stream: RequestStream;
  protected inTransaction = false;
  private readonly asked: () => void;

  constructor({ offset, db }: Pick<StreamPoint, "offset" | "db">, { targets, asked, bytesAreReused = false }: StreamReaderOptions) {
    this.end = offset;
    this.db = db;
    this.targets = targets;
    this.asked = asked;
    const options = { offset, changesBuffer: true, chunksAreReused: bytesAreReused };
    this.stream = new RequestStream(new RequestBatch(), trusted(Lines.EMPTY), options);
  }

  /** Takes chunk[from, to), which no one writes to again. Errors: ProtocolError. */
  take(chunk: Buffer, from: number, to: number, into: Into): void {
    const { stream } = this;
    const { batch } = stream;
    if (!stream.take(chunk, from, to)) return;
    while (stream.next()) {
      for (let index = 0; index < batch.count; index++) {
        const frame = batch.frames[index];
        this.handle(frame, stream.origin + batch.ends[index], into);
        frame.release();
      }
      if (batch.error !== null) throw batch.error;
    }
    // Empty lines belong to no request.
    if (!this.inTransaction) this.end = stream.unfinished;
    stream.keep();
  }

  /** Takes a request that ends at `end` of the history. */
  protected abstract handle(frame: Frame, end: number, into: Into): void;

  /** Takes a request that writes nothing. */
  protected follow(treatment: Treatment, frame: Frame): void {
    switch (treatment) {
      case Treatment.MULTI:
        this.inTransaction = true;
        break;
      case Treatment.EXEC:
        this.inTransaction = false;
        break;
      case Treatment.SELECT:
        this.db = numberAt(frame, 1, this.db);
        break;
      case Treatment.ASKS:
        if (frame.count > 1 && frame.is(1, "getack")) this.asked();
    }
  }
}
