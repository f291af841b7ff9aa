/**
 * What comes from a master and is kept in a temporary file: an image until all of it is there, for what a replica has goes only when what
 * replaces it cannot be cut off any more; or the stream that does not fit into memory while an image is loaded. The file is no copy of the
 * data set that may be loaded later, so it is never flushed, and always removed.
 */

import { type FileHandle, open, rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { assert, type Broken, guardLater } from "../assert.ts";
import { syncDirectoryLater } from "../base/files.ts";
import { failureWords } from "../config/error.ts";
import { type CreateFile, createTemporary, SaveError } from "./file.ts";
import { FileQueue } from "./file-queue.ts";

export interface SpoolOptions {
  /** Absolute. */
  readonly directory: string;
  /** Told when the disk has caught up after `ready` was false. */
  readonly room: () => void;
  /** What the file is, for errors: "DB dump file" unless told. */
  readonly what?: string;
  /** Told once, unless it was discarded before, when the file could not be made or written. */
  readonly failed: (error: SaveError) => void;
  readonly create?: CreateFile | undefined;
  /** Told of an invariant that is broken while the file is written. */
  readonly broken: Broken;
}

export class Spool {
  /** Resolved once the file has been closed and removed, or could not be made. Never rejected. */
  readonly gone: Promise<void>;
  private readonly options: SpoolOptions;
  private readonly queue: FileQueue;
  private path = "";
  /** Bytes. */
  private pushed = 0;
  private discarded = false;
  private readonly written = Promise.withResolvers<string>();
  private readonly unwanted = Promise.withResolvers<void>();
  private readonly failure: (operation: string, error: unknown) => SaveError;

  constructor(options: SpoolOptions) {
    this.options = options;
    this.failure = (operation, error) => writeFailure(options.what ?? "DB dump file", operation, error);
    this.queue = new FileQueue({ room: options.room, failure: this.failure, syncBytes: 0 });
    this.written.promise.catch(() => {}); // a caller that asks for the file hears of it; there may be none
    this.gone = guardLater(this.run(), options.broken);
  }

  /** Takes in chunk[from, to). Returns how many bytes that is. */
  push(chunk: Buffer, from: number, to: number): number {
    this.queue.write(chunk, from, to);
    this.pushed += to - from;
    return to - from;
  }

  /** Whether the disk keeps up; going on pushing while it does not fills the memory. */
  ready(): boolean {
    return this.queue.ready();
  }

  /**
   * Nothing more comes; what was pushed beyond `length` bytes is cut off. Returns the file, open for reading, once all is in it: the caller
   * closes it, and discards the spool after that. Errors: SaveError.
   */
  async complete(length: number): Promise<FileHandle> {
    assert(length <= this.pushed, "an image has no more bytes than came");
    this.queue.end();
    const path = await this.written.promise;
    try {
      await truncate(path, length);
      return await open(path, "r");
    } catch (error) {
      throw this.failure("truncate", error);
    }
  }

  /** Makes `file`, which `complete` returned, safely the one called `name` in the same directory: discarding leaves it there. Errors: SaveError. */
  async keepAs(file: FileHandle, name: string): Promise<void> {
    const { directory } = this.options;
    try {
      // Windows flushes through handles for writing alone.
      if (process.platform !== "win32") await file.sync();
      await rename(this.path, join(directory, name));
      this.path = "";
      await syncDirectoryLater(directory);
    } catch (error) {
      throw new SaveError(`Failed trying to rename the temp DB into ${name} in MASTER <-> REPLICA synchronization: ${failureWords(error)}`);
    }
  }

  /** Ends the writing, if that goes on, and removes the file. */
  discard(): void {
    this.discarded = true;
    this.queue.fail(new Error("the file is not wanted any more"));
    this.unwanted.resolve();
  }

  private async run(): Promise<void> {
    const { directory, create, failed } = this.options;
    let handle: FileHandle | null = null;
    try {
      const temporary = await createTemporary(directory, openFailure, create);
      handle = temporary.handle;
      this.path = join(directory, temporary.name);
      await this.queue.writeTo(handle);
      await handle.close();
      handle = null;
      this.written.resolve(this.path);
      await this.unwanted.promise;
    } catch (error) {
      this.queue.fail(error instanceof Error ? error : new Error(String(error)));
      this.written.reject(error);
      if (!this.discarded) failed(error instanceof SaveError ? error : this.failure("close", error));
    } finally {
      this.queue.release();
      // That the removal may fail (the directory is gone) does not matter: there is nothing left to save.
      await handle?.close().catch(() => {});
      if (this.path !== "") await rm(this.path, { force: true }).catch(() => {});
    }
  }
}

function openFailure(_name: string, error: unknown): SaveError {
  return new SaveError(`Opening the temp file needed for MASTER <-> REPLICA synchronization: ${failureWords(error)}`);
}

function writeFailure(what: string, operation: string, error: unknown): SaveError {
  const reason = `${failureWords(error)} (${operation})`;
  return new SaveError(`Write error or short write writing to the ${what} needed for MASTER <-> REPLICA synchronization: ${reason}`);
}
