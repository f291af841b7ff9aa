/** Bytes on their way to a file in the background: gathered into large writes, and a limited number of them waiting for the disk. */

import type { FileHandle } from "node:fs/promises";
import { assert } from "../assert.ts";
import { copyBytes } from "../base/bytes.ts";

/** Size of one write to disk. */
const CHUNK_BYTES = 512 * 1024;
/** Bytes that may wait for the disk before the source is asked to pause. */
const HIGH_WATER = 4 * 1024 * 1024;

/** One write to disk: bytes[0, length). */
interface Chunk {
  readonly bytes: Buffer;
  length: number;
}

export interface FileQueueOptions {
  /** Told when there is room again after `ready` was false. */
  readonly room: () => void;
  /** Makes the error that `writeTo` ends with of one of the file's; `operation` is the system call. */
  readonly failure: (operation: string, error: unknown) => Error;
  /** So many bytes are flushed to disk at a time; 0 leaves that to the system. */
  readonly syncBytes: number;
}

export class FileQueue {
  private readonly options: FileQueueOptions;
  private filling: Chunk | null = null;
  private readonly queue: Chunk[] = [];
  private readonly spare: Chunk[] = [];
  private queuedBytes = 0;
  private complete = false;
  /** Why the writing ends early, or null. */
  failure: Error | null = null;
  /** Resumes the writing when it has run out of chunks. */
  private resume: () => void = () => {};

  constructor(options: FileQueueOptions) {
    this.options = options;
  }

  /** Takes a copy of bytes[from, to), whether `ready` or not; after a failure they are dropped. */
  write(bytes: Buffer, from: number, to: number): void {
    if (this.failure !== null) return;
    assert(!this.complete, "nothing is written to a file after its end");
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

  /** Whether the disk keeps up. */
  ready(): boolean {
    return this.queuedBytes < HIGH_WATER;
  }

  /** Nothing more comes. */
  end(): void {
    this.complete = true;
    this.enqueue();
    this.resume();
  }

  /** Gives up: `writeTo` ends with the first error that it is told. */
  fail(error: Error): void {
    this.failure ??= error;
    this.resume();
  }

  /** Writes what comes until `end`. Errors: what `fail` was told, or what `failure` made of an error of the file's. */
  async writeTo(handle: FileHandle): Promise<void> {
    const { failure, syncBytes } = this.options;
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
      await attempt(failure, "write", () => writeWhole(handle, chunk));
      unsynced += chunk.length;
      this.reuse(chunk);
      if (syncBytes > 0 && unsynced >= syncBytes) {
        await attempt(failure, "fdatasync", () => handle.datasync());
        unsynced = 0;
      }
    }
  }

  /** Lets go of all memory. */
  release(): void {
    this.queue.length = 0;
    this.spare.length = 0;
    this.filling = null;
    this.queuedBytes = 0;
  }

  private enqueue(): void {
    if (this.filling === null) return;
    assert(this.filling.length <= CHUNK_BYTES, "one write to disk has a limit");
    this.queue.push(this.filling);
    this.queuedBytes += this.filling.length;
    this.filling = null;
    this.resume();
  }

  private reuse(chunk: Chunk): void {
    const wasReady = this.ready();
    this.queuedBytes -= chunk.length;
    assert(this.queuedBytes >= 0, "no more bytes leave for the disk than came");
    chunk.length = 0;
    if (this.spare.length < HIGH_WATER / CHUNK_BYTES) this.spare.push(chunk);
    if (!wasReady && this.ready()) this.options.room();
  }
}

/** Does `act`; an error of it becomes what `failure` makes of it. */
export async function attempt<T>(failure: FileQueueOptions["failure"], operation: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw failure(operation, error);
  }
}

async function writeWhole(handle: FileHandle, { bytes, length }: Chunk): Promise<void> {
  let at = 0;
  while (at < length) at += (await handle.write(bytes, at, length - at)).bytesWritten;
}
