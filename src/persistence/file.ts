/**
 * Images in files. An image is written beside the file it is to replace, flushed to disk and renamed, so that at every moment the file is whole: the old one
 * or the new one. Whatever fails, the old file stays, and the half-made one is removed.
 */

import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { copyBytes } from "../bytes.ts";
import { failureWords } from "../config/error.ts";
import type { SnapshotConsumer } from "./snapshot.ts";

/** Size of one write to disk in the background. */
const CHUNK_BYTES = 512 * 1024;
/** Bytes that may wait for the disk before the walk pauses. */
const HIGH_WATER = 4 * 1024 * 1024;
/** Directive rdb-save-incremental-fsync: how many bytes are flushed at a time. */
const SYNC_BYTES = 4 * 1024 * 1024;
/** How many names for the temporary file are tried: others may be left from a process of this number that was killed. */
const NAME_ATTEMPTS = 1000;

/** Where an image goes. */
export interface FilePlace {
  /** Absolute. */
  readonly directory: string;
  readonly name: string;
  /** Whether the file is flushed in steps while it is written. */
  readonly incrementalSync: boolean;
}

/** A file that could not be written; the message says what was tried on which file, and why it failed. */
export class SaveError extends Error {
  override name = "SaveError";
}

function openFailure(place: FilePlace, temporary: string, error: unknown): SaveError {
  return new SaveError(
    `Failed opening the temp RDB file ${temporary} (in directory ${place.directory}) for saving: ${failureWords(error)}`,
  );
}

function writeFailure(operation: string, error: unknown): SaveError {
  return new SaveError(`Write error while saving DB to the disk(${operation}): ${failureWords(error)}`);
}

function renameFailure(place: FilePlace, temporary: string, error: unknown): SaveError {
  return new SaveError(
    `Error moving temp DB file ${temporary} on the final destination ${place.name} (in directory ${place.directory}): ${failureWords(error)}`,
  );
}

function directoryFailure(error: unknown): SaveError {
  return new SaveError(`Failed to fsync directory while saving DB: ${failureWords(error)}`);
}

function temporaryName(attempt: number): string {
  return `temp-${process.pid}.${attempt}.rdb`;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

/** Windows has no way to flush a directory, and needs none. */
const CAN_SYNC_DIRECTORIES = process.platform !== "win32";

/** One write to disk: bytes[0, length). */
interface Chunk {
  readonly bytes: Buffer;
  length: number;
}

/** Where a file in the making gets its bytes: the snapshot. */
export interface FileSource {
  wake(): void;
  cancel(reason: Error): void;
}

export interface SnapshotFileOptions extends FilePlace {
  /** Told once, when the file is in place (null) or given up and cleaned away. */
  readonly settled: (error: Error | null) => void;
  /** Opens a new file; EEXIST where there is one. Tests put other files there. */
  readonly create?: (path: string) => Promise<FileHandle>;
}

/** Writes an image in the background: nothing waits for the disk but the walk. */
export class SnapshotFile implements SnapshotConsumer {
  private readonly options: SnapshotFileOptions;
  private source: FileSource | null = null;
  private filling: Chunk | null = null;
  private readonly queue: Chunk[] = [];
  private readonly spare: Chunk[] = [];
  private queuedBytes = 0;
  private complete = false;
  private failure: Error | null = null;
  private handle: FileHandle | null = null;
  private temporary = "";
  /** Resumes the writing when it has run out of chunks. */
  private resume: () => void = () => {};

  constructor(options: SnapshotFileOptions) {
    this.options = options;
  }

  /** Opens the file and begins to write what comes. */
  start(source: FileSource): void {
    this.source = source;
    void this.run();
  }

  write(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      this.filling ??= this.spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES), length: 0 };
      const chunk = this.filling;
      const count = Math.min(to - at, CHUNK_BYTES - chunk.length);
      copyBytes(chunk.bytes, chunk.length, bytes, at, at + count);
      chunk.length += count;
      at += count;
      if (chunk.length === CHUNK_BYTES) this.enqueue();
    }
  }

  ready(): boolean {
    return this.queuedBytes < HIGH_WATER;
  }

  finished(): void {
    this.complete = true;
    this.enqueue();
    this.resume();
  }

  failed(error: Error): void {
    this.failure ??= error;
    this.resume();
  }

  private enqueue(): void {
    if (this.filling === null) return;
    this.queue.push(this.filling);
    this.queuedBytes += this.filling.length;
    this.filling = null;
    this.resume();
  }

  private async run(): Promise<void> {
    let outcome: Error | null = null;
    try {
      this.handle = await this.create();
      await this.writeAll(this.handle);
      await this.commit(this.handle);
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
      this.failure ??= outcome;
      this.source?.cancel(outcome);
      await this.discard();
    }
    this.queue.length = 0;
    this.spare.length = 0;
    this.options.settled(outcome);
  }

  private async create(): Promise<FileHandle> {
    const { directory, create = (path: string) => open(path, "wx") } = this.options;
    for (let attempt = 0; ; attempt++) {
      const name = temporaryName(attempt);
      try {
        const handle = await create(join(directory, name));
        this.temporary = name;
        return handle;
      } catch (error) {
        if (!isTaken(error) || attempt === NAME_ATTEMPTS) throw openFailure(this.options, name, error);
      }
    }
  }

  private async writeAll(handle: FileHandle): Promise<void> {
    let unsynced = 0;
    for (;;) {
      if (this.failure !== null) throw this.failure;
      const chunk = this.queue.shift();
      if (chunk === undefined) {
        if (this.complete) return;
        await new Promise<void>((resolve) => {
          this.resume = resolve;
        });
        continue;
      }
      await attempt("write", () => writeWhole(handle, chunk));
      unsynced += chunk.length;
      this.reuse(chunk);
      if (unsynced >= SYNC_BYTES && this.options.incrementalSync) {
        await attempt("fdatasync", () => handle.datasync());
        unsynced = 0;
      }
    }
  }

  private reuse(chunk: Chunk): void {
    const wasReady = this.ready();
    this.queuedBytes -= chunk.length;
    chunk.length = 0;
    if (this.spare.length < HIGH_WATER / CHUNK_BYTES) this.spare.push(chunk);
    if (!wasReady && this.ready()) this.source?.wake();
  }

  private async commit(handle: FileHandle): Promise<void> {
    const { options, temporary } = this;
    await attempt("fsync", () => handle.sync());
    this.handle = null;
    await attempt("close", () => handle.close());
    if (this.failure !== null) throw this.failure;
    try {
      await rename(join(options.directory, temporary), join(options.directory, options.name));
    } catch (error) {
      throw renameFailure(options, temporary, error);
    }
    this.temporary = "";
    if (!CAN_SYNC_DIRECTORIES) return;
    try {
      const directory = await open(options.directory, "r");
      await directory.sync().finally(() => directory.close());
    } catch (error) {
      throw directoryFailure(error);
    }
  }

  /** Leaves no trace. That this may fail too (the directory is gone) changes nothing about what is reported. */
  private async discard(): Promise<void> {
    await this.handle?.close().catch(() => {});
    if (this.temporary !== "") await rm(join(this.options.directory, this.temporary), { force: true }).catch(() => {});
  }
}

async function attempt<T>(operation: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw writeFailure(operation, error);
  }
}

async function writeWhole(handle: FileHandle, { bytes, length }: Chunk): Promise<void> {
  let at = 0;
  while (at < length) at += (await handle.write(bytes, at, length - at)).bytesWritten;
}

/** Writes an image at one go: for SAVE. The snapshot that fills it must run to its end in the same tick. */
export class SnapshotFileSync implements SnapshotConsumer {
  private readonly place: FilePlace;
  private descriptor: number;
  private temporary = "";
  private unsynced = 0;
  private failure: Error | null = null;

  /** Creates the temporary file. Errors: SaveError. */
  constructor(place: FilePlace) {
    this.place = place;
    this.descriptor = this.create();
  }

  write(bytes: Buffer, from: number, to: number): void {
    try {
      let at = from;
      while (at < to) at += writeSync(this.descriptor, bytes, at, to - at);
      this.unsynced += to - from;
      if (this.unsynced >= SYNC_BYTES && this.place.incrementalSync) {
        fdatasyncSync(this.descriptor);
        this.unsynced = 0;
      }
    } catch (error) {
      throw writeFailure("write", error);
    }
  }

  ready(): boolean {
    return true;
  }

  finished(): void {
    try {
      this.commit();
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  failed(error: Error): void {
    this.failure = error;
    if (this.descriptor !== -1) closeSync(this.descriptor);
    this.descriptor = -1;
    if (this.temporary !== "") rmSync(join(this.place.directory, this.temporary), { force: true });
  }

  /** Errors: SaveError, when the image is not in its place. */
  throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  private create(): number {
    for (let attempt = 0; ; attempt++) {
      const name = temporaryName(attempt);
      try {
        const descriptor = openSync(join(this.place.directory, name), "wx");
        this.temporary = name;
        return descriptor;
      } catch (error) {
        if (!isTaken(error) || attempt === NAME_ATTEMPTS) throw openFailure(this.place, name, error);
      }
    }
  }

  private commit(): void {
    const { place, temporary } = this;
    try {
      fsyncSync(this.descriptor);
    } catch (error) {
      throw writeFailure("fsync", error);
    }
    const { descriptor } = this;
    this.descriptor = -1;
    closeSync(descriptor);
    try {
      renameSync(join(place.directory, temporary), join(place.directory, place.name));
    } catch (error) {
      throw renameFailure(place, temporary, error);
    }
    this.temporary = "";
    if (!CAN_SYNC_DIRECTORIES) return;
    try {
      const directory = openSync(place.directory, "r");
      fsyncSync(directory);
      closeSync(directory);
    } catch (error) {
      throw directoryFailure(error);
    }
  }
}
