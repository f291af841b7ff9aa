/**
 * Loading: an image is taken in as its bytes come, from a file or a socket, with the server alive: progress for INFO, and a turn for the
 * event loop every few ms. `Loading` is the half of Persistence (persistence.ts) that loads the data set.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { asFailure, assert } from "../assert.ts";
import { hasCode } from "../base/files.ts";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { Progress, Work, WorkKind } from "../progress/progress.ts";
import { UnderWay } from "../progress/under-way.ts";
import { EnvelopedImage, isEnveloped } from "../rdb/envelope.ts";
import { ChecksumMissing, RdbError } from "../rdb/error.ts";
import { RDB_CHECKSUM_BYTES } from "../rdb/format.ts";
import { RdbReader } from "../rdb/reader.ts";
import type { Libraries, StagedLibraries } from "./libraries.ts";
import { type HistoryPoint, LoadError, LoadHandler, type LoadOptions } from "./load-handler.ts";
import { deferToLoop } from "./snapshot.ts";

/** Size of one read. Two buffers: while one is taken in, the other is read. */
const CHUNK_BYTES = 1024 * 1024;
/** What is taken in between two looks at the clock: about 1 ms of small keys. */
const PIECE_BYTES = 128 * 1024;
/** The same while keys are delayed (directive key-load-delay). */
const DELAYED_PIECE_BYTES = 256;
/**
 * How long clients wait while an image is taken in, in ms: all they can do is ask how far it is. Every turn for them costs the load; with 4
 * ms the full synchronisation of a million keys, watched by a client that asks every 2 ms, took a tenth longer. Redis waits some 30 ms.
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
  /** Whether it has come to its end. */
  readonly finished: boolean;
}

/** What a load came to. */
export interface LoadSummary {
  readonly keysLoaded: number;
  readonly keysExpired: number;
  readonly history: HistoryPoint | null;
}

export interface ImageLoadOptions extends LoadOptions {
  /** Size of the image, 0 when it is not known. */
  readonly totalBytes: number;
  /** Directive rdbchecksum. */
  readonly checksum: boolean;
  /** As in RdbReaderOptions: what was loaded must be dropped when the load fails. */
  readonly checksumPresent?: boolean;
  /** ms since 1970. */
  readonly startedAt: number;
}

/** What is said of one load; the rest is the server's. */
export interface ImageLoadRequest extends Omit<ImageLoadOptions, "checksum" | "startedAt"> {
  /** What is told of its progress; that it comes from the disk, unless told. */
  readonly kind?: WorkKind;
}

/** Takes in the bytes of an image, and counts what was in them. */
export interface ImageSink {
  /** Whether the image has come to its end. */
  readonly finished: boolean;
  readonly keysLoaded: number;
  readonly keysExpired: number;
  /** Takes in chunk[from, to), unused after this returns. Returns how many of these bytes are the image's. Errors: RdbError, LoadError. */
  push(chunk: Uint8Array, from: number, to: number): number;
  /** To be awaited before more is pushed, where it is there: what was pushed last takes its time. */
  takenIn?(): Promise<void> | null;
}

/** One image on its way into the keyspace. */
export class ImageLoad extends LoadHandler implements LoadProgress, ImageSink {
  readonly totalBytes: number;
  private readonly verify: boolean;
  private readonly reader: RdbReader;
  private readonly image: EnvelopedImage;

  constructor(keyspace: Keyspace, log: Log, options: ImageLoadOptions) {
    const maxReserve = options.totalBytes === 0 ? MAX_RESERVE_UNKNOWN : Math.ceil(options.totalBytes / MIN_ENTRY_BYTES);
    super(keyspace, log, options, { maxReserve, startedAt: options.startedAt });
    this.totalBytes = options.totalBytes;
    this.verify = options.checksum;
    this.reader = new RdbReader(this, {
      checksum: options.checksum,
      checksumPresent: options.checksumPresent === true,
      size: options.totalBytes,
    });
    this.image = new EnvelopedImage(this.reader);
  }

  get loadedBytes(): number {
    return this.image.offset;
  }

  get finished(): boolean {
    return this.image.finished;
  }

  push(chunk: Uint8Array, from: number, to: number): number {
    return this.image.push(chunk, from, to);
  }

  override abandon(): void {
    this.image.close();
    super.abandon();
  }

  /** To be called when the input is over. Errors: RdbError when the image is not. */
  finish(): LoadSummary {
    this.image.finish();
    assert(this.image.finished, "an image that is over has been read to its end");
    const { keysLoaded, keysExpired, emptyKeys, history } = this;
    if (this.verify && this.reader.checksum === "absent") this.log.notice("RDB file was saved with checksum disabled: no check performed.");
    const skipped = emptyKeys === 0 ? "" : `, empty keys skipped: ${emptyKeys}`;
    this.log.notice(`Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`);
    return { keysLoaded, keysExpired, history };
  }
}

/** About what the shortest sleep takes, in µs: that is what a negative value makes of Redis, once in so many keys. */
const SHORTEST_SLEEP_MICROS = 50;

/** Returns the mean pause after each key in µs: what the directive says, or when negative the shortest sleep once in so many keys. */
export function meanKeyDelay(directive: number): number {
  return directive < 0 ? SHORTEST_SLEEP_MICROS / -directive : directive;
}

/** A data set that is loaded while another one is kept: its databases, and its function libraries if the server has any. */
export interface Staging {
  readonly databases: readonly Database[];
  readonly libraries: StagedLibraries | null;
}

/** Meters out what a load takes in at a time, and how long it then rests. */
export class Pace {
  private readonly config: Config;
  private readonly load: ImageSink;
  private delayed = 0;

  constructor(config: Config, load: ImageSink) {
    this.config = config;
    this.load = load;
  }

  /** Mean pause after each key in µs; asked again and again, because the directive may change meanwhile. */
  private get keyDelay(): number {
    return meanKeyDelay(this.config.values["key-load-delay"]);
  }

  get delays(): boolean {
    return this.keyDelay > 0;
  }

  /** At most so many bytes are taken in between two looks at clients. */
  get pieceBytes(): number {
    return this.delays ? DELAYED_PIECE_BYTES : Math.min(PIECE_BYTES, this.config.values["loading-process-events-interval-bytes"]);
  }

  /** Returns the pause in ms for the keys taken in since this was last asked; 0 as long as it is less than 1. */
  owedMs(): number {
    const keys = this.load.keysLoaded + this.load.keysExpired;
    assert(keys >= this.delayed, "the keys of a load are counted upwards");
    const owed = ((keys - this.delayed) * this.keyDelay) / 1000;
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

/** Opens the file of an image. Returns null when there is none. Errors: LoadError. */
export async function openImage(path: string): Promise<ImageFile | null> {
  try {
    const file = await open(path, "r");
    const stat = await file.stat();
    if (!stat.isFile())
      throw await file.close().then(() => new LoadError(`Can't open the RDB file ${path} for reading: it is no regular file`));
    return { file, size: stat.size, checksumPresent: await endsWithChecksum(file, stat.size).catch(() => false) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error instanceof LoadError ? error : openFailure(path, error);
  }
}

async function endsWithChecksum(file: FileHandle, size: number): Promise<boolean> {
  const head = Buffer.alloc(RDB_CHECKSUM_BYTES);
  const tail = Buffer.alloc(RDB_CHECKSUM_BYTES);
  await file.read(head, 0, head.length, 0);
  if (isEnveloped(head)) return false;
  await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  return tail.some((byte) => byte !== 0);
}

/** As `openImage` and `Loading.feed`, at one go. `begin` gets the size of the file, `tick` is called now and then. Returns false without a file. */
function feedFileSync(config: Config, path: string, begin: (size: number) => ImageSink, tick: () => void): boolean {
  let descriptor = -1;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw openFailure(path, error);
  }
  try {
    const load = begin(fstatSync(descriptor).size);
    const pace = new Pace(config, load);
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    while (!load.finished) {
      const length = readSync(descriptor, chunk, 0, pace.delays ? DELAYED_PIECE_BYTES : CHUNK_BYTES, null);
      if (length === 0) break;
      load.push(chunk, 0, length);
      const owedMs = pace.owedMs();
      if (owedMs > 0) Bun.sleepSync(owedMs);
      tick();
    }
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Keys left out of a load because their time has passed are deletions that replicas and the append-only file must hear of. */
export function deletingExpired(keyspace: Keyspace): Required<Pick<LoadOptions, "expired">> {
  return { expired: (database, key, from, length) => keyspace.onLeaving?.(database, key.subarray(from, from + length), "expired") };
}

function openFailure(path: string, error: unknown): LoadError {
  return new LoadError(`Can't open the RDB file ${path} for reading: ${failureWords(error)}`);
}

/** What a load has to do with besides. */
export interface LoadingHooks {
  /** ms since 1970. */
  readonly clock?: () => number;
  /** Function libraries, which images have beside the keys. */
  readonly libraries?: Libraries | null;
  /** What is under way in the server: loads are, too. */
  readonly progress?: UnderWay;
}

/** Loads the data set into a keyspace, and says how far that is. */
export class Loading {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  /** What the last load came to. */
  lastLoad: LoadSummary = { keysLoaded: 0, keysExpired: 0, history: null };
  /** Whether files and payloads are taken whatever their checksums say: DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
  skipChecksums = false;
  /** The load under way, until `endLoad`; null for none. */
  loading: LoadProgress | null = null;
  /** What is under way in the server, loads and saves among it. */
  readonly progress: UnderWay;
  private loadProgress: Progress | null = null;
  /** Whether clients are served what was there before while that load is under way: async_loading. */
  asyncLoading = false;
  protected readonly clock: () => number;
  /** Function libraries, which belong to the data set; null for a server that has none (in tests). */
  protected readonly libraries: Libraries | null;
  /** Whether the server stops. */
  protected closed = false;

  constructor(
    config: Config,
    log: Log,
    keyspace: Keyspace,
    { libraries = null, clock = Date.now, progress = new UnderWay(log) }: LoadingHooks,
  ) {
    this.config = config;
    this.log = log;
    this.keyspace = keyspace;
    this.libraries = libraries;
    this.clock = clock;
    this.progress = progress;
  }

  /** The file of the data set. */
  get path(): string {
    const { dir, dbfilename } = this.config.values;
    return resolve(dir, dbfilename);
  }

  /**
   * Loads the file, if there is one, into empty databases; `loading` is set from the call on until the promise settles. Returns what it
   * came to, or null without a file or when the server stops meanwhile. Errors: LoadError, logged, with the reason and where in the file;
   * the file is as it was and the databases are empty.
   */
  async load(options: Pick<LoadOptions, "expired"> = {}): Promise<LoadSummary | null> {
    const began = performance.now();
    // Not even for a moment: a server with nothing to load is not loading.
    if (!existsSync(this.path)) return null;
    this.loading = { startedAt: this.clock(), totalBytes: 0, loadedBytes: 0, usedMemory: 0, finished: false };
    try {
      const summary = await this.loadImage(options, true).catch((error: unknown) => {
        if (!(error instanceof ChecksumMissing)) throw error;
        this.unload();
        return this.loadImage(options, false);
      });
      if (summary === null) return null;
      this.lastLoad = summary;
      this.log.notice(`DB loaded from disk: ${((performance.now() - began) / 1000).toFixed(3)} seconds`);
      return summary;
    } catch (error) {
      this.unload();
      // What Redis says last of a file that it cannot read: tools wait for it.
      const failure = this.loadFailure(error);
      if (error instanceof RdbError) this.log.warning("Terminating server after rdb file reading failure.");
      throw failure;
    } finally {
      this.endLoad(null);
    }
  }

  /** `load`, once. `trusting`: a checksum at the file's end may vouch for it. Errors: ChecksumMissing if it does not; RdbError, LoadError. */
  private async loadImage(options: Pick<LoadOptions, "expired">, trusting: boolean): Promise<LoadSummary | null> {
    const image = await openImage(this.path);
    if (image === null) return null;
    const checksumPresent = trusting && image.checksumPresent;
    const load = this.beginLoad({ ...options, totalBytes: image.size, checksumPresent, dropExpired: this.isMaster });
    await this.feed(image.file, load, () => this.closed);
    if (!this.closed || load.finished) return load.finish();
    this.log.notice("Loading was given up: the server stops");
    load.abandon();
    this.unload();
    return null;
  }

  /** Feeds a whole file to `load`, unless that is abandoned, with pauses for the event loop; closes it. Errors: those of `push`, of reading. */
  async feed(file: FileHandle, load: ImageSink, abandoned: () => boolean): Promise<void> {
    const pace = new Pace(this.config, load);
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
          assert(load.push(current, at, at + piece) <= piece, "a load takes no more bytes than it is given");
          at += piece;
          const takenIn = load.takenIn?.() ?? null;
          if (takenIn !== null) await takenIn;
          const owedMs = pace.owedMs();
          if (owedMs === 0 && performance.now() < sliceEnd) continue;
          await new Promise<void>((resolve) => deferToLoop(resolve, owedMs));
          if (abandoned()) return;
          sliceEnd = performance.now() + SLICE_MS;
        }
        [current, other] = [other, current];
      }
    } finally {
      await reading.catch(() => {});
      await file.close();
    }
  }

  /** Likewise at one go. Errors: also LoadError without a file. */
  feedNow(path: string, sink: ImageSink): void {
    const tick = () => this.progress.tick();
    if (!feedFileSync(this.config, path, () => sink, tick)) throw new LoadError(`There is no file ${path}`);
  }

  /** Empties the databases of what was loaded half-way. That is no change. */
  private unload(): void {
    const { keyspace } = this;
    const { changes } = keyspace;
    this.empty({ sync: true });
    keyspace.changes = changes;
  }

  /** Drops the data set for another one: all keys, and the function libraries, which FLUSHALL keeps. `sync`: the memory is freed at once. */
  empty(options: { readonly sync: boolean }): void {
    this.keyspace.clear(options);
    this.libraries?.clear();
  }

  /** Begins a load that the caller feeds; `loading` shows its progress until `endLoad`. */
  beginLoad({ kind = "load-rdb", ...request }: ImageLoadRequest): ImageLoad {
    const load = this.imageLoad(request, this.clock());
    const { totalBytes } = load;
    const bytes = () => load.loadedBytes;
    // Of an image that comes as it is made the length is not known, but it says of each database how many keys that has.
    const done = () => load.keysLoaded + load.keysExpired;
    if (totalBytes > 0) this.tellLoad(load, { kind, unit: "bytes", done: bytes, total: () => totalBytes });
    else this.tellLoad(load, { kind, unit: "keys", done, total: () => load.keysAnnounced, bytes });
    return load;
  }

  /** This load is under way, until `endLoad`, and INFO and others see how far it is. */
  tellLoad(load: LoadProgress, work: Work): void {
    this.loadProgress?.end("failed"); // it is made once more
    this.loading = load;
    this.loadProgress = this.progress.begin(work);
  }

  /** Makes a place for a data set that is loaded while the one that is here is kept. `adoptStaged` or `dropStaged` comes next. */
  stage(): Staging {
    return { databases: this.keyspace.stage(), libraries: this.libraries?.stage() ?? null };
  }

  /** As `beginLoad`, of an image that goes to `staging`. `served`: clients are served what is here meanwhile (async_loading). */
  beginStagedLoad({ databases, libraries }: Staging, { served, ...request }: ImageLoadRequest & { served: boolean }): ImageLoad {
    const library = libraries === null ? {} : { library: (text: Buffer) => libraries.take(text.latin1Slice()) };
    const load = this.beginLoad({ ...request, ...library, databases });
    this.asyncLoading = served;
    return load;
  }

  /** What was staged takes the place of what is here, whose memory is given back bit by bit. */
  adoptStaged({ libraries }: Staging): void {
    this.keyspace.adoptStaged();
    libraries?.adopt();
  }

  dropStaged({ libraries }: Staging): void {
    this.keyspace.dropStaged();
    libraries?.discard();
  }

  /** Likewise an image that is part of a load of another kind, begun at `startedAt`. */
  imageLoad(request: ImageLoadRequest, startedAt: number): ImageLoad {
    const { libraries, keyspace, log } = this;
    const checksum = this.config.values.rdbchecksum && !this.skipChecksums;
    const replace = request.merge === true;
    const library = libraries === null ? undefined : (text: Buffer) => libraries.take(text.latin1Slice(), { replace });
    return new ImageLoad(keyspace, log, { library, ...request, checksum, startedAt });
  }

  /** The load is over; what it came to, or null when it failed or that was noted already. */
  endLoad(summary: LoadSummary | null): void {
    this.loadProgress?.end(this.loading?.finished === true ? "complete" : "failed");
    this.loadProgress = null;
    this.loading = null;
    this.asyncLoading = false;
    if (summary !== null) this.lastLoad = summary;
  }

  /** Loads the file while everything waits. Errors: LoadError without one, RdbError, those of reading. */
  protected loadNow(merge: boolean): void {
    let load: ImageLoad | null = null;
    try {
      const begin = (totalBytes: number): ImageLoad => {
        load = this.beginLoad({ totalBytes, merge, dropExpired: this.isMaster, ...deletingExpired(this.keyspace) });
        return load;
      };
      const tick = () => this.progress.tick();
      if (!feedFileSync(this.config, this.path, begin, tick)) throw new LoadError(`There is no RDB file ${this.path}`);
      this.lastLoad = (load as ImageLoad | null)?.finish() ?? this.lastLoad;
    } finally {
      this.endLoad(null);
    }
  }

  private get isMaster(): boolean {
    return this.config.values.replicaof === null;
  }

  /** Logs why a load failed. Returns the error to throw. */
  protected loadFailure(error: unknown): LoadError {
    if (error instanceof RdbError) this.log.warning(`Internal error in RDB reading offset ${error.offset} -> ${error.reason}`);
    const message = `Fatal error loading the DB from ${this.path}: ${asFailure(error).message}`;
    this.log.warning(message);
    return new LoadError(message, { cause: error });
  }
}
