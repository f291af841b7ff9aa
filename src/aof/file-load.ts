/** One file of the append-only file on its way into the keyspace: an image, commands, or (the base of an old version) an image and then commands. */

import type { Log } from "../log.ts";
import type { Frame } from "../protocol/frame.ts";
import type { ImageLoad, ImageSink } from "../snapshot/loader.ts";
import { CommandReader } from "./command-reader.ts";

/** What an image begins with. */
const MAGIC = Buffer.from("REDIS");

/** Runs the commands of files, as a client to whom nothing is denied and nobody answers. */
export interface CommandRunner {
  /** Commands follow, in the middle of a command of a client (`nested`) or between ticks. */
  begin(nested: boolean): void;
  /** -> false when there is no such command. */
  run(frame: Frame): boolean;
  end(): void;
  /** Whether MULTI has come and EXEC has not. */
  readonly inTransaction: boolean;
  /** Forgets a transaction under way. */
  reset(): void;
}

/** A command that this server does not have. */
export class UnknownCommand extends Error {
  override name = "UnknownCommand";
}

export interface FileLoadParts {
  readonly log: Log;
  readonly runner: CommandRunner;
  readonly nested: boolean;
  /** Whether the file is one that an old version wrote: what follows an image in it are commands. */
  readonly oldStyle: boolean;
  /** Begins to load an image. */
  beginImage(): ImageLoad;
}

export class FileLoad implements ImageSink {
  readonly finished = false;
  /** Up to where the file is whole commands, none of them in a transaction that has no end. */
  validUpTo = 0;
  /** Bytes taken in. */
  loadedBytes = 0;
  /** Whether it began as an image. */
  isImage = false;
  private readonly parts: FileLoadParts;
  private image: ImageLoad | null = null;
  private commands: CommandReader | null = null;
  private head = Buffer.alloc(0);
  private commandsRun = 0;

  constructor(parts: FileLoadParts) {
    this.parts = parts;
  }

  get keysLoaded(): number {
    return (this.image?.keysLoaded ?? 0) + this.commandsRun;
  }

  get keysExpired(): number {
    return this.image?.keysExpired ?? 0;
  }

  /** Whether the file ends too early: in the middle of a command or of a transaction. */
  get truncated(): boolean {
    return this.commands?.incomplete === true || this.parts.runner.inTransaction || (this.commands === null && this.head.length > 0);
  }

  push(chunk: Uint8Array, from: number, to: number): number {
    const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.loadedBytes += to - from;
    const { runner, nested } = this.parts;
    runner.begin(nested);
    try {
      this.take(bytes, from, to);
    } finally {
      runner.end();
    }
    return to - from;
  }

  private take(bytes: Buffer, from: number, to: number): void {
    if (this.image === null && this.commands === null) {
      // What it is can be told from the first five bytes, if there are so many.
      const head = Buffer.concat([this.head, bytes.subarray(from, to)]);
      this.head = head;
      if (head.length < MAGIC.length && MAGIC.subarray(0, head.length).equals(head)) return;
      this.head = Buffer.alloc(0);
      if (head.subarray(0, MAGIC.length).equals(MAGIC)) this.startImage();
      else this.startCommands(0);
      return this.take(head, 0, head.length);
    }
    if (this.image !== null && this.commands === null) {
      from += this.image.push(bytes, from, to);
      if (!this.image.finished) return;
      this.endImage(this.image);
    }
    if (from < to) this.commands?.push(bytes, from, to);
  }

  private startImage(): void {
    const { log, oldStyle, beginImage } = this.parts;
    log.notice(oldStyle ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...");
    this.isImage = true;
    this.image = beginImage();
  }

  private endImage(image: ImageLoad): void {
    image.finish();
    this.startCommands(image.loadedBytes);
    if (this.parts.oldStyle) this.parts.log.notice("Reading the remaining AOF tail...");
  }

  private startCommands(offset: number): void {
    this.validUpTo = offset;
    this.commands = new CommandReader(offset, (frame, end) => this.run(frame, end));
  }

  private run(frame: Frame, end: number): void {
    const { runner } = this.parts;
    if (!runner.run(frame)) throw new UnknownCommand(frame.text(0));
    this.commandsRun++;
    if (!runner.inTransaction) this.validUpTo = end;
  }

  /** To be called when the input is over. Errors: RdbError when it was an image that is not whole. */
  finish(): void {
    if (this.commands === null) this.image?.finish();
  }

  /** The rest is not wanted or will not come. */
  abandon(): void {
    this.image?.abandon();
    this.parts.runner.reset();
  }
}
