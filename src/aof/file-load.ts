/** One file of the append-only file on its way into the keyspace: an image, commands, or (the base of an old version) an image and then commands. */

import { assert } from "../assert.ts";
import type { Frame } from "../protocol/frame.ts";
import { UnexpectedEnd } from "../protocol/protocol-error.ts";
import { Lines, trusted } from "../protocol/request.ts";
import { RequestBatch, RequestStream } from "../protocol/request-stream.ts";
import { ENVELOPE_MAGIC } from "../rdb/envelope.ts";
import { RDB_MAGIC } from "../rdb/format.ts";
import type { ImageLoad, ImageSink } from "../snapshot/load.ts";
import type { Persistence } from "../snapshot/persistence.ts";
import type { Replay } from "./replay.ts";

/** What an image begins with: commands begin with none of these letters. */
const MAGICS = [...Object.values(RDB_MAGIC).map((magic) => Buffer.from(magic)), ENVELOPE_MAGIC];

/** A command that this server does not have. */
export class UnknownCommand extends Error {
  override name = "UnknownCommand";
}

export interface FileLoadOptions {
  readonly nested: boolean;
  /** Whether the file is one that an old version wrote: what follows an image in it are commands. */
  readonly oldStyle: boolean;
  /** Bytes of the file. */
  readonly size: number;
  /** When the whole load began, in ms since 1970. */
  readonly startedAt: number;
}

export class FileLoad implements ImageSink {
  /** Never: whatever comes first, commands may follow, so only the end of the file ends it. */
  readonly finished = false;
  /** Up to where the file is whole commands, none of them in a transaction that has no end. */
  validUpTo = 0;
  /** Up to where its commands were run. */
  private ranUpTo = 0;
  /** Bytes taken in. */
  loadedBytes = 0;
  /** Whether it began as an image. */
  isImage = false;
  /** Whether the file ends too early: in the middle of a command or of a transaction. Known when it is over. */
  truncated = false;
  private readonly persistence: Persistence;
  private readonly runner: Replay;
  private readonly options: FileLoadOptions;
  private readonly limits = trusted(Lines.ANNOTATIONS);
  private image: ImageLoad | null = null;
  private commands: RequestStream | null = null;
  private head = Buffer.alloc(0);
  private commandsRun = 0;

  constructor(persistence: Persistence, runner: Replay, options: FileLoadOptions) {
    this.persistence = persistence;
    this.runner = runner;
    this.options = options;
  }

  get keysLoaded(): number {
    return (this.image?.keysLoaded ?? 0) + this.commandsRun;
  }

  get keysExpired(): number {
    return this.image?.keysExpired ?? 0;
  }

  push(chunk: Uint8Array, from: number, to: number): number {
    const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const { runner } = this;
    this.limits.maxBulk = this.options.size - this.loadedBytes;
    this.loadedBytes += to - from;
    if (this.truncated) return to - from;
    runner.begin(this.options.nested);
    try {
      this.take(bytes, from, to);
    } finally {
      runner.end();
    }
    return to - from;
  }

  private take(bytes: Buffer, from: number, to: number): void {
    if (this.image === null && this.commands === null) {
      // What it is can be told from the first bytes, if there are so many.
      const head = Buffer.concat([this.head, bytes.subarray(from, to)]);
      this.head = head;
      if (MAGICS.some((magic) => head.length < magic.length && startsWith(magic, head))) return;
      this.head = Buffer.alloc(0);
      if (MAGICS.some((magic) => startsWith(head, magic))) this.startImage();
      else this.startCommands(0);
      return this.take(head, 0, head.length);
    }
    if (this.image !== null && this.commands === null) {
      from += this.image.push(bytes, from, to);
      if (!this.image.finished) return;
      this.endImage(this.image);
    }
    if (from < to && this.commands?.take(bytes, from, to)) this.runAll(this.commands);
  }

  private startImage(): void {
    const { persistence, options } = this;
    persistence.log.notice(options.oldStyle ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...");
    this.isImage = true;
    // What comes after it may count on keys whose time has passed.
    this.image = persistence.imageLoad({ totalBytes: 0, dropExpired: false }, options.startedAt);
  }

  private endImage(image: ImageLoad): void {
    image.finish();
    this.startCommands(image.loadedBytes);
    if (this.options.oldStyle) this.persistence.log.notice("Reading the remaining AOF tail...");
  }

  private startCommands(offset: number): void {
    assert(this.commands === null, "commands begin once in a file");
    this.validUpTo = offset;
    this.commands = new RequestStream(new RequestBatch(), this.limits, { offset, chunksAreReused: true });
  }

  private runAll(commands: RequestStream): void {
    const { batch, origin } = commands;
    while (!this.runner.busy && commands.next()) {
      for (let index = 0; index < batch.count; index++) {
        this.run(batch.frames[index], origin + batch.ends[index]);
        if (!this.runner.busy) continue;
        commands.takeBack(index, { inclusive: false });
        return commands.keep();
      }
      if (batch.error === null) continue;
      if (!(batch.error instanceof UnexpectedEnd)) throw batch.error;
      this.truncated = true;
      return;
    }
    commands.keep();
  }

  /** A script that runs too long was met: resolves once it is over, and what comes behind it is taken in. */
  takenIn(): Promise<void> | null {
    return this.runner.busy ? this.goOn() : null;
  }

  private async goOn(): Promise<void> {
    const { runner } = this;
    while (runner.busy) {
      await runner.idle();
      if (!runner.inTransaction) this.validUpTo = this.ranUpTo;
      runner.begin(this.options.nested);
      try {
        if (this.commands?.takeHeld()) this.runAll(this.commands);
      } finally {
        runner.end();
      }
    }
  }

  private run(frame: Frame, end: number): void {
    const { runner } = this;
    if (!runner.run(frame)) throw new UnknownCommand(frame.text(0).replace(/\0.*/s, ""));
    this.commandsRun++;
    assert(end > this.validUpTo && end <= this.loadedBytes, "commands follow one another inside the file");
    this.ranUpTo = end;
    if (!runner.inTransaction) this.validUpTo = end;
  }

  /** To be called when the input is over. Errors: RdbError when it was an image that is not whole, ProtocolError. */
  finish(): void {
    if (this.commands === null) this.image?.finish();
    if (this.head.length > 0) {
      this.startCommands(0);
      this.take(this.head, 0, this.head.length);
    }
    this.truncated ||= this.commands?.endOfFile() || this.runner.inTransaction;
  }

  /** The rest is not wanted or will not come. */
  abandon(): null {
    this.image?.abandon();
    this.runner.reset();
    return null;
  }
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.length >= start.length && bytes.subarray(0, start.length).equals(start);
}
