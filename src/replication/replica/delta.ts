/**
 * The stream that comes over the first of two connections while the image comes over the second, until that is loaded and the stream can be
 * run: in memory, and from replica-full-sync-buffer-limit on in a temporary file. So the master need not keep it, however long that takes.
 *
 * Once it is run, what comes meanwhile goes to memory, and the master is not listened to while that is full.
 */

import type { FileHandle } from "node:fs/promises";
import { assert } from "../../assert.ts";
import type { Config } from "../../config/config.ts";
import { type Cursor, Journal } from "../../journal/journal.ts";
import type { Log } from "../../log.ts";
import type { Persistence } from "../../snapshot/persistence.ts";
import type { Spool } from "../../snapshot/spool.ts";

/** What is handed out at a time, in bytes. */
const PIECE_BYTES = 128 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** What happens to the stream on its way here. */
export interface DeltaEvents {
  /** Whether to go on reading from the socket. */
  listen(on: boolean): void;
  /** No more of it can be kept, for this reason; what was kept in memory can be run. */
  failed(error: Error): void;
}

export class Delta {
  /** Most bytes that have waited at a time. */
  peak = 0;
  /** Bytes that have been handed out. */
  taken = 0;
  private readonly config: Config;
  private readonly log: Log;
  private readonly persistence: Persistence;
  private readonly events: DeltaEvents;
  /** A journal keeps bytes in large blocks, and lets go of those that were read. */
  private readonly memory = new Journal();
  private readonly cursor: Cursor;
  /** The file, once there is one, and whether it is read: what comes then is behind it, and goes to memory again. */
  private spool: Spool | null = null;
  private reading = false;
  private file: FileHandle | null = null;
  /** Bytes that went to it. */
  private spooled = 0;
  /** Bytes that were read from it. */
  private read = 0;
  private running = false;
  private listens = true;
  /** Nothing is taken in any more. */
  private closed = false;

  constructor(server: { config: Config; log: Log; persistence: Persistence }, events: DeltaEvents) {
    this.config = server.config;
    this.log = server.log;
    this.persistence = server.persistence;
    this.events = events;
    this.memory.retain = 0;
    this.memory.start();
    this.cursor = this.memory.open(0);
  }

  /** Bytes that wait to be run. */
  get size(): number {
    return this.inMemory + this.spooled - this.read;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.memory.heldBytes;
  }

  private get inMemory(): number {
    return this.memory.offset - this.cursor.offset;
  }

  /** How much may wait in memory, in bytes. */
  private get limit(): number {
    const { values } = this.config;
    const limit = values["replica-full-sync-buffer-limit"] || values["client-output-buffer-limit"].replica.hard;
    return limit === 0 ? Number.POSITIVE_INFINITY : limit;
  }

  // ---- in

  /** Takes in what follows chunk[from]. */
  push(chunk: Buffer, from: number): void {
    const length = chunk.length - from;
    if (this.closed || length === 0) return;
    const full = this.inMemory + length > this.limit;
    if (full && !this.running) this.spool ??= this.beginSpool();
    if (this.spool !== null && !this.reading) {
      this.spool.push(chunk, from, chunk.length);
      this.spooled += length;
      if (!this.spool.ready()) this.listen(false);
    } else {
      this.memory.appendRaw(chunk, from, chunk.length);
      if (full) this.listen(false);
    }
    this.peak = Math.max(this.peak, this.size);
  }

  private beginSpool(): Spool {
    this.log.notice(`Replication buffer limit has been reached (${this.limit} bytes), further accumulation is on disk.`);
    return this.persistence.spool({
      what: "replication buffer file",
      room: () => this.listen(true),
      failed: (error) => this.fail(error),
    });
  }

  private fail(error: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.dropFile();
    this.events.failed(error);
  }

  private listen(on: boolean): void {
    if (this.closed || this.listens === on) return;
    this.listens = on;
    this.events.listen(on);
  }

  // ---- out

  /** Returns the bytes that come next, or null where there are none now. Errors: those of the file. */
  async shift(): Promise<Buffer | null> {
    this.running = true;
    if (!this.reading && this.inMemory > 0) return this.shiftMemory();
    if (this.spool === null) return null;
    this.reading = true;
    if (this.file === null) {
      const file = await this.spool.complete(this.spooled);
      if (this.closed) return file.close().then(() => null);
      this.file = file;
    }
    return this.shiftFile(this.file);
  }

  private shiftMemory(): Buffer {
    let piece: Buffer = NO_BYTES;
    this.memory.read(this.cursor, (bytes, from, to) => {
      if (piece.length > 0) return 0;
      piece = bytes.subarray(from, Math.min(to, from + PIECE_BYTES));
      return piece.length;
    });
    assert(piece.length > 0, "what waits in memory is handed out");
    if (this.spool === null && this.inMemory <= this.limit) this.listen(true);
    return this.counted(piece);
  }

  private async shiftFile(file: FileHandle): Promise<Buffer | null> {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.spooled - this.read));
    const { bytesRead } = await file.read(piece, 0, piece.length, this.read);
    if (bytesRead === 0) throw new Error("the file with the replication buffer became shorter");
    this.read += bytesRead;
    if (this.read === this.spooled) {
      this.dropFile();
      if (this.inMemory <= this.limit) this.listen(true);
    }
    return this.counted(piece.subarray(0, bytesRead));
  }

  private counted(piece: Buffer): Buffer {
    this.taken += piece.length;
    return piece;
  }

  /** Nothing of it is wanted any more. */
  discard(): void {
    this.closed = true;
    this.dropFile();
  }

  private dropFile(): void {
    const { file, spool } = this;
    this.file = null;
    this.spool = null;
    this.reading = false;
    this.spooled = 0;
    this.read = 0;
    void file?.close().catch(() => {});
    spool?.discard();
  }
}
