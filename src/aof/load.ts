/** Loading the append-only file: base and increments in their order, at start with the server alive, and for DEBUG LOADAOF at one go. */

import { existsSync, renameSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { asFailure, assert } from "../assert.ts";
import { failureWords } from "../config/error.ts";
import { type CommandError, commandError } from "../errors.ts";
import type { Log } from "../log.ts";
import { ProtocolError } from "../protocol/protocol-error.ts";
import { RdbError } from "../rdb/error.ts";
import { type LoadProgress, openImage } from "../snapshot/load.ts";
import { LoadError } from "../snapshot/load-handler.ts";
import type { Persistence } from "../snapshot/persistence.ts";
import { FileLoad, UnknownCommand } from "./file-load.ts";
import { type AofFile, type AofPlace, Manifest, writeManifest } from "./manifest.ts";
import type { Replay } from "./replay.ts";

/** What was loaded: sizes in bytes. */
export interface AofLoaded {
  readonly totalBytes: number;
  readonly baseBytes: number;
  /** Whether the end of the last file was cut off. */
  readonly truncated: boolean;
}

/**
 * Takes an append-only file of Redis 6 and before, one file beside the directory, into the directory as the base of `manifest`, if that is
 * what there is. Returns the manifest there is then. Errors: LoadError, logged.
 */
export function upgradeOldFile(place: AofPlace, manifest: Manifest, log: Log): Manifest {
  const old = join(place.parent, place.prefix);
  if (!existsSync(old)) return manifest;
  const named = manifest.base?.name === place.prefix && manifest.increments.length === 0;
  const begun = named && !existsSync(place.path(place.prefix));
  if (existsSync(place.directory) && !manifest.empty && !begun) return manifest;
  const upgraded = new Manifest({ base: { name: place.prefix, sequence: 1 } });
  place.makeDirectory(log);
  try {
    writeManifest(place.directory, place.prefix, upgraded);
    renameSync(old, place.path(place.prefix));
  } catch (error) {
    const message = `Error trying to move the old AOF file ${place.prefix} into dir ${place.directoryName}: ${failureWords(error)}`;
    log.warning(message);
    throw new LoadError(message, { cause: error });
  }
  log.notice(`Successfully migrated an old-style AOF file (${place.prefix}) into the AOF directory (${place.directoryName}).`);
  return upgraded;
}

/** One load of all files. */
export class AofLoad implements LoadProgress {
  readonly startedAt = Date.now();
  readonly usedMemory = 0;
  totalBytes = 0;
  finished = false;
  private readonly persistence: Persistence;
  private readonly log: Log;
  private readonly runner: Replay;
  private readonly place: AofPlace;
  private readonly manifest: Manifest;
  private before = 0;
  private current: FileLoad | null = null;
  private baseBytes = 0;
  private cutBytes = 0;
  private fileBegan = 0;
  /** Bytes of each file. */
  private readonly sizes = new Map<AofFile, number>();

  constructor(persistence: Persistence, runner: Replay, place: AofPlace, manifest: Manifest) {
    this.persistence = persistence;
    this.log = persistence.log;
    this.runner = runner;
    this.place = place;
    this.manifest = manifest;
  }

  get loadedBytes(): number {
    return this.before + (this.current?.loadedBytes ?? 0);
  }

  /** Loads everything, with pauses for the event loop. Returns null when `abandoned` said that it is not wanted. Errors: LoadError, logged. */
  async load(abandoned: () => boolean): Promise<AofLoaded | null> {
    const { persistence } = this;
    this.measure();
    this.begun();
    try {
      for (const file of this.manifest.files) {
        const load = this.begin(file, false);
        try {
          const image = await openImage(this.place.path(file.name));
          if (image !== null) await persistence.feed(image.file, load, abandoned);
          if (!abandoned()) load.finish();
        } catch (error) {
          this.forgive(file, load, error);
        }
        if (abandoned()) return load.abandon();
        this.end(file, load);
      }
      this.finished = true;
    } finally {
      persistence.endLoad(null);
    }
    return this.outcome;
  }

  /** Likewise, while everything waits. */
  loadNow(): AofLoaded {
    const { persistence } = this;
    this.measure();
    this.begun();
    try {
      for (const file of this.manifest.files) {
        const load = this.begin(file, true);
        try {
          persistence.feedNow(this.place.path(file.name), load);
          load.finish();
        } catch (error) {
          this.forgive(file, load, error);
        }
        this.end(file, load);
      }
      this.finished = true;
    } finally {
      persistence.endLoad(null);
    }
    return this.outcome;
  }

  private begun(): void {
    this.persistence.tellLoad(this, { kind: "load-aof", unit: "bytes", done: () => this.loadedBytes, total: () => this.totalBytes });
  }

  private get outcome(): AofLoaded {
    return { totalBytes: this.totalBytes - this.cutBytes, baseBytes: this.baseBytes, truncated: this.cutBytes > 0 };
  }

  private measure(): void {
    for (const file of this.manifest.files) {
      try {
        const { size } = statSync(this.place.path(file.name));
        this.totalBytes += size;
        this.sizes.set(file, size);
        if (file === this.manifest.base) this.baseBytes = size;
      } catch (error) {
        const message = `Unable to obtain the AOF file ${file.name} length. stat: ${failureWords(error)}`;
        this.log.warning(message);
        throw new LoadError(message, { cause: error });
      }
    }
  }

  private begin(file: AofFile, nested: boolean): FileLoad {
    const { persistence, runner, startedAt } = this;
    this.fileBegan = performance.now();
    runner.reset();
    const oldStyle = file.name === this.place.prefix;
    this.current = new FileLoad(persistence, runner, { nested, oldStyle, startedAt, size: this.sizeOf(file) });
    return this.current;
  }

  private sizeOf(file: AofFile): number {
    const size = this.sizes.get(file);
    assert(size !== undefined, "every file is measured before the first is loaded");
    return size;
  }

  private end(file: AofFile, load: FileLoad): void {
    if (load.truncated) this.cut(file, load);
    this.before += load.loadedBytes;
    this.current = null;
    if (this.sizeOf(file) === 0) return;
    const seconds = ((performance.now() - this.fileBegan) / 1000).toFixed(3);
    this.log.notice(`DB loaded from ${file === this.manifest.base ? "base" : "incr"} file ${file.name}: ${seconds} seconds`);
  }

  /** aof-load-truncated: cuts off what is not whole. Errors: LoadError. */
  private cut(file: AofFile, load: FileLoad): void {
    const { log, runner } = this;
    const { name } = file;
    if (runner.inTransaction) log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    load.abandon();
    if (this.persistence.config.values["aof-load-truncated"]) {
      log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
      if (this.cutAt(file, load.validUpTo, "aof-load-truncated")) return;
    }
    throw this.refusal(
      `Unexpected end of file reading the append only file ${name}. You can: ` +
        "1) Make a backup of your AOF file, then use redis-check-aof --fix <filename.manifest>. " +
        "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.",
    );
  }

  /** Returns false, having said why, when the file cannot be made shorter. Errors: LoadError: it is not the last one. */
  private cutAt(file: AofFile, validUpTo: number, directive: string): boolean {
    const { log } = this;
    const { name } = file;
    log.warning(`!!! Truncating the AOF ${name} at offset ${validUpTo} !!!`);
    try {
      truncateSync(this.place.path(name), validUpTo);
    } catch (error) {
      log.warning(`Error truncating the AOF file ${name}: ${failureWords(error)}`);
      return false;
    }
    this.cutBytes += this.sizeOf(file) - validUpTo;
    log.warning(`AOF ${name} loaded anyway because ${directive} is enabled`);
    if (file !== this.manifest.files.at(-1)) throw this.refusal("Fatal error: the truncated file is not the last file");
    return true;
  }

  /** aof-load-corrupt-tail-max-size: cuts a damaged end off, if it is that and no longer. Errors: LoadError: any other failure. */
  private forgive(file: AofFile, load: FileLoad, error: unknown): void {
    const most = this.persistence.config.values["aof-load-corrupt-tail-max-size"];
    const damaged = error instanceof ProtocolError && this.sizeOf(file) - load.validUpTo < most;
    if (!damaged) throw this.failure(file, error);
    load.abandon();
    this.log.warning(`!!! Warning: corrupt tail of the AOF file ${file.name}!!!`);
    if (!this.cutAt(file, load.validUpTo, "aof-load-corrupt-tail-max-size")) throw this.failure(file, error);
  }

  private refusal(message: string): LoadError {
    this.log.warning(message);
    return new LoadError(message);
  }

  private failure({ name }: AofFile, error: unknown): LoadError {
    const load = this.current;
    const { message } = asFailure(error);
    load?.abandon();
    if (error instanceof UnknownCommand) {
      return this.refusal(`Unknown command '${message}' reading the append only file ${name}`);
    }
    if (error instanceof ProtocolError) {
      const advice = "make a backup of your AOF file, then use redis-check-aof --fix <filename.manifest>";
      return this.refusal(`Bad file format reading the append only file ${name}: ${advice}`);
    }
    if (load?.isImage === true && (error instanceof RdbError || error instanceof LoadError)) {
      this.log.warning(message);
      const what = name === this.place.prefix ? `the RDB preamble of the AOF file ${name}` : `the RDB base file ${name}`;
      return this.refusal(`Error reading ${what}, AOF loading aborted`);
    }
    return this.refusal(`Unrecoverable error reading the append only file ${name}: ${failureWords(error)}`);
  }
}

/** What the client is told of DEBUG LOADAOF that failed. Errors: any other than LoadError. */
export function reloadFailure(error: unknown): CommandError {
  if (!(error instanceof LoadError)) throw error;
  return commandError("ERR Error trying to load the AOF files, check server logs.");
}
