/**
 * Images in files. An image is written beside the file it is to replace, flushed to disk and renamed, so that at every moment the file is
 * whole: the old one or the new one. Whatever fails, the old file stays, and the half-made one is removed.
 */

import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../assert.ts";
import { hasCode, syncDirectory, syncDirectoryLater } from "../base/files.ts";
import { failureWords } from "../config/error.ts";
import { attempt, FileQueue } from "./file-queue.ts";
import type { Snapshot, SnapshotConsumer } from "./snapshot.ts";

/** Directive rdb-save-incremental-fsync: how many bytes are flushed at a time. */
const SYNC_BYTES = 4 * 1024 * 1024;
/** How many bytes are written at a time: the system's calls take less than 2 GiB, and a string may have more. */
const MOST_AT_ONCE = 1024 * 1024 * 1024;
/** How many names for the temporary file are tried: others may be left from a process of this number that was killed. */
const NAME_ATTEMPTS = 1000;

/** Opens a new file; EEXIST where there is one. Tests put other files there. */
export type CreateFile = (path: string) => Promise<FileHandle>;

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

/** Redis's name for it, as long as that is free. */
function temporaryName(attempt: number): string {
  return attempt === 0 ? `temp-${process.pid}.rdb` : `temp-${process.pid}.${attempt}.rdb`;
}

/** Creates a file for writing in `directory` under a name that is not in use. Errors: what `failure` makes of the system's. */
export async function createTemporary(
  directory: string,
  failure: (name: string, error: unknown) => Error,
  create: CreateFile = (path) => open(path, "wx"),
): Promise<{ handle: FileHandle; name: string }> {
  for (let attempt = 0; ; attempt++) {
    const name = temporaryName(attempt);
    try {
      return { handle: await create(join(directory, name)), name };
    } catch (error) {
      if (!hasCode(error, "EEXIST") || attempt === NAME_ATTEMPTS) throw failure(name, error);
    }
  }
}

/** Where a file in the making gets its bytes. */
type FileSource = Pick<Snapshot, "wake" | "cancel">;

export interface SnapshotFileOptions extends FilePlace {
  /** Told once, when the file is in place (null) or given up and cleaned away. */
  readonly settled: (error: Error | null) => void;
  readonly create?: CreateFile | undefined;
}

/** Writes an image in the background: nothing waits for the disk but the walk. */
export class SnapshotFile implements SnapshotConsumer {
  private readonly options: SnapshotFileOptions;
  private source: FileSource | null = null;
  private readonly queue: FileQueue;

  constructor(options: SnapshotFileOptions) {
    this.options = options;
    this.queue = new FileQueue({
      room: () => this.source?.wake(),
      failure: writeFailure,
      syncBytes: options.incrementalSync ? SYNC_BYTES : 0,
    });
  }

  /** Opens the file and begins to write what comes. */
  start(source: FileSource): void {
    assert(this.source === null, "a file is made from one image");
    this.source = source;
    void this.run();
  }

  write(bytes: Buffer, from: number, to: number): void {
    this.queue.write(bytes, from, to);
  }

  ready(): boolean {
    return this.queue.ready();
  }

  finished(): void {
    this.queue.end();
  }

  failed(error: Error): void {
    this.queue.fail(error);
  }

  private async run(): Promise<void> {
    const { options, queue } = this;
    let handle: FileHandle | null = null;
    let temporary = "";
    let outcome: Error | null = null;
    let failure = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
    try {
      const made = await createTemporary(options.directory, (name, error) => openFailure(options, name, error), options.create);
      handle = made.handle;
      temporary = made.name;
      await queue.writeTo(handle);
      await attempt(writeFailure, "fsync", () => made.handle.sync());
      handle = null;
      await attempt(writeFailure, "close", () => made.handle.close());
      if (queue.failure !== null) throw queue.failure;
      failure = (error) => renameFailure(options, made.name, error);
      await rename(join(options.directory, temporary), join(options.directory, options.name));
      temporary = "";
      failure = directoryFailure;
      await syncDirectoryLater(options.directory);
    } catch (error) {
      outcome = failure(error);
      queue.fail(outcome);
      this.source?.cancel(outcome);
      // No trace is left. That this may fail too (the directory is gone) changes nothing about what is reported.
      await handle?.close().catch(() => {});
      if (temporary !== "") await rm(join(options.directory, temporary), { force: true }).catch(() => {});
    }
    queue.release();
    options.settled(outcome);
  }
}

/** Writes an image without waiting for the disk between its parts: for SAVE, and for the save before the end. */
export class SnapshotFileSync implements SnapshotConsumer {
  private readonly place: FilePlace;
  private readonly settled: () => void;
  private descriptor: number;
  private temporary = "";
  private unsynced = 0;
  private failure: Error | null = null;

  /** Creates the temporary file. `settled`: told that the image is in its place or will never be. Errors: SaveError. */
  constructor(place: FilePlace, settled: () => void = () => {}) {
    this.place = place;
    this.settled = settled;
    this.descriptor = this.create();
  }

  write(bytes: Buffer, from: number, to: number): void {
    assert(this.descriptor !== -1, "an image is written to an open file");
    try {
      let at = from;
      while (at < to) at += writeSync(this.descriptor, bytes, at, Math.min(to - at, MOST_AT_ONCE));
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
    const { place, temporary, descriptor } = this;
    let failure = (error: unknown): SaveError => writeFailure("fsync", error);
    try {
      fsyncSync(descriptor);
      this.descriptor = -1;
      closeSync(descriptor);
      failure = (error) => renameFailure(place, temporary, error);
      renameSync(join(place.directory, temporary), join(place.directory, place.name));
      this.temporary = "";
      failure = directoryFailure;
      syncDirectory(place.directory);
    } catch (error) {
      return this.failed(failure(error));
    }
    this.settled();
  }

  failed(error: Error): void {
    this.failure = error;
    this.settled();
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
        if (!hasCode(error, "EEXIST") || attempt === NAME_ATTEMPTS) throw openFailure(this.place, name, error);
      }
    }
  }
}
