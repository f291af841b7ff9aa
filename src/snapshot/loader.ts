/** Taking in an image as its bytes come, from a file or a socket, with the server alive: progress for INFO, and a breath for the event loop every few ms. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { failureWords } from "../config/error.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import { RDB_CHECKSUM_BYTES } from "../rdb/format.ts";
import { RdbReader } from "../rdb/reader.ts";
import { type HistoryPoint, LoadError, LoadHandler, type LoadOptions } from "./load-handler.ts";

/** Size of one read. Two buffers: while one is taken in, the other is read. */
const CHUNK_BYTES = 1024 * 1024;
/** What is taken in between two looks at the clock: about 1 ms of small keys. */
const PIECE_BYTES = 128 * 1024;
/** The same while keys are delayed (directive key-load-delay). */
const DELAYED_PIECE_BYTES = 256;
/**
 * How long clients wait while an image is taken in, in ms: all they can do is ask how far it is. Every turn for them costs the load; with 4 ms the full
 * synchronisation of a million keys, watched by a client that asks every 2 ms, took a tenth longer. Redis looks at clients every 2 MB, some 30 ms.
 */
const SLICE_MS = 10;
/** The shortest entry: type, key length, value length. */
const MIN_ENTRY_BYTES = 3;
/** Room made in advance for one database where the size of the image is not known, in keys. */
const MAX_RESERVE_UNKNOWN = 4 * 1024 * 1024;

/** How far a load has come, for INFO. */
export interface LoadProgress {
  /** ms since 1970. */
  readonly startedAt: number;
  /** Bytes of the image, 0 when it is not known. */
  readonly totalBytes: number;
  readonly loadedBytes: number;
  /** `used_memory` of the server that made the image, 0 until it is known. */
  readonly usedMemory: number;
}

/** What a load came to. */
export interface LoadSummary {
  readonly keysLoaded: number;
  readonly keysExpired: number;
  readonly history: HistoryPoint | null;
}

export interface ImageLoadOptions extends Omit<LoadOptions, "maxReserve"> {
  readonly totalBytes: number;
  /** Directive rdbchecksum. */
  readonly checksum: boolean;
  /** As in RdbReaderOptions: what was loaded must be dropped when the load fails. */
  readonly checksumPresent?: boolean;
  readonly startedAt: number;
}

/** Who takes in the bytes of an image, and counts what was in them. */
export interface ImageSink {
  /** Whether the image has come to its end. */
  readonly finished: boolean;
  readonly keysLoaded: number;
  readonly keysExpired: number;
  /** Takes in chunk[from, to), which is not used after this returns. -> how many of these bytes belong to the image. Errors: RdbError, LoadError. */
  push(chunk: Uint8Array, from: number, to: number): number;
}

/** One image on its way into the keyspace. */
export class ImageLoad implements LoadProgress, ImageSink {
  readonly startedAt: number;
  readonly totalBytes: number;
  private readonly log: Log;
  private readonly verify: boolean;
  private readonly handler: LoadHandler;
  private readonly reader: RdbReader;

  constructor(keyspace: Keyspace, log: Log, options: ImageLoadOptions) {
    this.startedAt = options.startedAt;
    this.totalBytes = options.totalBytes;
    this.log = log;
    this.verify = options.checksum;
    const maxReserve = options.totalBytes === 0 ? MAX_RESERVE_UNKNOWN : Math.ceil(options.totalBytes / MIN_ENTRY_BYTES);
    this.handler = new LoadHandler(keyspace, log, { ...options, maxReserve }, options.startedAt);
    this.reader = new RdbReader(this.handler, {
      checksum: options.checksum,
      checksumPresent: options.checksumPresent === true,
      size: options.totalBytes,
    });
  }

  get loadedBytes(): number {
    return this.reader.offset;
  }

  get usedMemory(): number {
    return this.handler.usedMemory;
  }

  get keysLoaded(): number {
    return this.handler.keysLoaded;
  }

  get keysExpired(): number {
    return this.handler.keysExpired;
  }

  get finished(): boolean {
    return this.reader.finished;
  }

  push(chunk: Uint8Array, from: number, to: number): number {
    return this.reader.push(chunk, from, to);
  }

  /** The rest of the image is not wanted or will not come: what of it is in no key yet is dropped. */
  abandon(): void {
    this.handler.abandon();
  }

  /** To be called when the input is over. Errors: RdbError when the image is not. */
  finish(): LoadSummary {
    this.reader.finish();
    const { keysLoaded, keysExpired, emptyKeys, history } = this.handler;
    if (this.verify && this.reader.checksum === "absent") this.log.notice("RDB file was saved with checksum disabled: no check performed.");
    const skipped = emptyKeys === 0 ? "" : `, empty keys skipped: ${emptyKeys}`;
    this.log.notice(`Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`);
    return { keysLoaded, keysExpired, history };
  }
}

/** How a file is fed to a load. */
export interface FeedOptions {
  /** Mean pause after each key in µs; asked again and again. Directive key-load-delay. */
  readonly keyDelay: () => number;
  /** At most so many bytes are taken in between two looks at clients. Directive loading-process-events-interval-bytes. */
  readonly intervalBytes: number;
  /** Whether the rest is no longer wanted. */
  readonly abandoned?: () => boolean;
}

/** Meters out what a load takes in at a time, and how long it then rests. */
class Pace {
  private readonly load: ImageSink;
  private readonly options: FeedOptions;
  private delayed = 0;

  constructor(load: ImageSink, options: FeedOptions) {
    this.load = load;
    this.options = options;
  }

  get pieceBytes(): number {
    return this.options.keyDelay() > 0 ? DELAYED_PIECE_BYTES : Math.min(PIECE_BYTES, this.options.intervalBytes);
  }

  /** -> the pause in ms for the keys taken in since this was last asked; 0 as long as it is less than 1. */
  owedMs(): number {
    const keys = this.load.keysLoaded + this.load.keysExpired;
    const owed = ((keys - this.delayed) * this.options.keyDelay()) / 1000;
    if (owed > 0 && owed < 1) return 0;
    this.delayed = keys;
    return owed;
  }
}

/** A file opened to be loaded. */
export interface ImageFile {
  readonly file: FileHandle;
  readonly size: number;
  /** Whether it ends with a checksum, if it is an image and nothing else: one that was saved without has zeros there. */
  readonly checksumPresent: boolean;
}

/** Opens the file of an image. -> null when there is none. Errors: LoadError. */
export async function openImage(path: string): Promise<ImageFile | null> {
  try {
    const file = await open(path, "r");
    const stat = await file.stat();
    if (!stat.isFile())
      throw await file.close().then(() => new LoadError(`Can't open the RDB file ${path} for reading: it is no regular file`));
    return { file, size: stat.size, checksumPresent: await endsWithChecksum(file, stat.size).catch(() => false) };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error instanceof LoadError ? error : openFailure(path, error);
  }
}

async function endsWithChecksum(file: FileHandle, size: number): Promise<boolean> {
  const tail = Buffer.alloc(RDB_CHECKSUM_BYTES);
  await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  return tail.some((byte) => byte !== 0);
}

/** Feeds a whole file to `load`, unless that is abandoned, with pauses for the event loop; closes it. Errors: RdbError, LoadError, those of reading. */
export async function feedFile(file: FileHandle, load: ImageSink, options: FeedOptions): Promise<void> {
  const pace = new Pace(load, options);
  let current = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let other = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let reading = file.read(current, 0, CHUNK_BYTES);
  try {
    let sliceEnd = performance.now() + SLICE_MS;
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0 || load.finished) return;
      reading = file.read(other, 0, CHUNK_BYTES);
      for (let at = 0; at < bytesRead && !load.finished; ) {
        const piece = Math.min(pace.pieceBytes, bytesRead - at);
        load.push(current, at, at + piece);
        at += piece;
        const owedMs = pace.owedMs();
        if (owedMs === 0 && performance.now() < sliceEnd) continue;
        await pause(owedMs);
        if (options.abandoned?.() === true) return;
        sliceEnd = performance.now() + SLICE_MS;
      }
      [current, other] = [other, current];
    }
  } finally {
    await reading.catch(() => {});
    await file.close();
  }
}

/** As `openImage` and `feedFile`, at one go. `begin` gets the size of the file. -> false when there is no file. */
export function feedFileSync(path: string, begin: (size: number) => ImageSink, options: FeedOptions): boolean {
  let descriptor = -1;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return false;
    throw openFailure(path, error);
  }
  try {
    const load = begin(fstatSync(descriptor).size);
    const pace = new Pace(load, options);
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    while (!load.finished) {
      const length = readSync(descriptor, chunk, 0, pace.pieceBytes === DELAYED_PIECE_BYTES ? DELAYED_PIECE_BYTES : CHUNK_BYTES, null);
      if (length === 0) break;
      load.push(chunk, 0, length);
      const owedMs = pace.owedMs();
      if (owedMs > 0) Bun.sleepSync(owedMs);
    }
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms >= 1) setTimeout(resolve, ms);
    else setImmediate(resolve);
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function openFailure(path: string, error: unknown): LoadError {
  return new LoadError(`Can't open the RDB file ${path} for reading: ${failureWords(error)}`);
}
