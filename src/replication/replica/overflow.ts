/**
 * Bytes of a stream that wait, first in, first out: in memory, and what comes while that is full in a temporary file. So who sends them need
 * not keep them, however long that takes.
 */

import type { FileHandle } from "node:fs/promises";
import { assert } from "../../assert.ts";
import { type Cursor, Journal } from "../../journal/journal.ts";
import type { Spool, SpoolOptions } from "../../snapshot/spool.ts";

/** What is handed out at a time, in bytes. */
const PIECE_BYTES = 128 * 1024;
const NO_BYTES = Buffer.alloc(0);

export interface OverflowOptions {
  /** How much may wait in memory, in bytes. */
  readonly limit: () => number;
  readonly spool: (on: Pick<SpoolOptions, "room" | "failed">) => Spool;
  /** Whether there may be another file once what was kept is handed out; else no more is taken in while memory is full then. */
  readonly spillsAgain: boolean;
  /** Whether to go on reading from the socket. */
  readonly listen: (on: boolean) => void;
  /** No more of it can be kept, for this reason; what was kept before the file can be handed out. */
  readonly failed: (error: Error) => void;
}

/** A file that is read: what comes next. */
interface Source {
  readonly spool: Spool;
  /** Null until all is in the file. */
  file: FileHandle | null;
  readonly bytes: number;
  read: number;
}

export class Overflow {
  /** Most bytes that have waited at a time. */
  peak = 0;
  /** Bytes that have been taken in, but for those that a file which failed had, and those handed out. */
  pushed = 0;
  taken = 0;
  private readonly options: OverflowOptions;
  /** A journal keeps bytes in large blocks, and lets go of those that were read. */
  private readonly memory = new Journal();
  private readonly cursor: Cursor;
  /** In the order of what is in them: the file that is read, memory, the file that is written. */
  private source: Source | null = null;
  private spool: Spool | null = null;
  /** Bytes that went to the file that is written. */
  private spooled = 0;
  private started = false;
  private listens = true;
  /** Nothing is taken in any more. */
  private closed = false;

  constructor(options: OverflowOptions) {
    this.options = options;
    this.memory.retain = 0;
    this.memory.start();
    this.cursor = this.memory.open(0);
  }

  /** Bytes that wait. */
  get size(): number {
    return this.inMemory + this.spooled + (this.source === null ? 0 : this.source.bytes - this.source.read);
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.memory.heldBytes;
  }

  private get inMemory(): number {
    return this.memory.offset - this.cursor.offset;
  }

  // ---- in

  /** Takes in chunk[from, to). */
  push(chunk: Buffer, from: number, to: number): void {
    const length = to - from;
    if (this.closed || length === 0) return;
    const full = this.inMemory + length > this.options.limit();
    if (full && this.spool === null && (this.options.spillsAgain || !this.started)) this.spool = this.beginSpool();
    this.pushed += length;
    if (this.spool !== null) {
      this.spool.push(chunk, from, to);
      this.spooled += length;
      if (!this.spool.ready()) this.listen(false);
    } else {
      this.memory.appendRaw(chunk, from, to);
      if (full) this.listen(false);
    }
    this.peak = Math.max(this.peak, this.size);
  }

  private beginSpool(): Spool {
    return this.options.spool({ room: () => this.listen(true), failed: (error) => this.fail(error) });
  }

  private fail(error: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.pushed -= this.spooled;
    this.dropSpool();
    this.options.failed(error);
  }

  private listen(on: boolean): void {
    if (this.closed || this.listens === on) return;
    this.listens = on;
    this.options.listen(on);
  }

  // ---- out

  /** Returns the bytes that come next, or null where there are none, or none that are in memory. Those of a file are to be had by `shift`. */
  shiftMemory(): Buffer | null {
    this.started = true;
    if (this.source !== null || this.inMemory === 0) return null;
    let piece: Buffer = NO_BYTES;
    this.memory.read(this.cursor, (bytes, from, to) => {
      if (piece.length > 0) return 0;
      piece = bytes.subarray(from, Math.min(to, from + PIECE_BYTES));
      return piece.length;
    });
    assert(piece.length > 0, "what waits in memory is handed out");
    this.relieve();
    return this.counted(piece);
  }

  /** Returns the bytes that come next, or null where there are none now. Errors: those of the file. */
  async shift(): Promise<Buffer | null> {
    const piece = this.shiftMemory();
    if (piece !== null) return piece;
    if (this.source === null) {
      if (this.spool === null) return null;
      this.source = { spool: this.spool, file: null, bytes: this.spooled, read: 0 };
      this.spool = null;
      this.spooled = 0;
    }
    const { source } = this;
    if (source.file === null) {
      const file = await source.spool.complete(source.bytes);
      if (this.source !== source) return file.close().then(() => null);
      source.file = file;
    }
    return this.shiftFile(source, source.file);
  }

  private async shiftFile(source: Source, file: FileHandle): Promise<Buffer | null> {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, source.bytes - source.read));
    const { bytesRead } = await file.read(piece, 0, piece.length, source.read);
    if (bytesRead === 0) throw new Error("the file with the replication buffer became shorter");
    source.read += bytesRead;
    if (source.read === source.bytes && this.source === source) {
      this.dropSource();
      this.relieve();
    }
    return this.counted(piece.subarray(0, bytesRead));
  }

  /** Memory has room again, and nothing is written that the disk is too slow for. */
  private relieve(): void {
    if (this.spool === null && this.inMemory <= this.options.limit()) this.listen(true);
  }

  private counted(piece: Buffer): Buffer {
    this.taken += piece.length;
    return piece;
  }

  /** Nothing of it is wanted any more. */
  discard(): void {
    this.closed = true;
    this.dropSource();
    this.dropSpool();
  }

  private dropSource(): void {
    const { source } = this;
    this.source = null;
    void source?.file?.close().catch(() => {});
    source?.spool.discard();
  }

  private dropSpool(): void {
    const { spool } = this;
    this.spool = null;
    this.spooled = 0;
    spool?.discard();
  }
}
