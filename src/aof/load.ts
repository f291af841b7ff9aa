/** Loading the append-only file: base and increments in their order, at start with the server alive, and for DEBUG LOADAOF at one go. */

import { existsSync, mkdirSync, renameSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { asFailure } from "../assert.ts";
import { failureWords } from "../config/error.ts";
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
  try {
    mkdirSync(place.directory, { recursive: true });
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
    persistence.loading = this;
    try {
      for (const file of this.manifest.files) {
        const load = this.begin(file, false);
        try {
          const image = await openImage(this.place.path(file.name));
          if (image !== null) await persistence.feed(image.file, load, abandoned);
          if (!abandoned()) load.finish();
        } catch (error) {
          throw this.failure(file, error);
        }
        if (abandoned()) return load.abandon();
        this.end(file, load);
      }
    } finally {
      persistence.endLoad(null);
    }
    return this.outcome;
  }

  /** Likewise, while everything waits. */
  loadNow(): AofLoaded {
    const { persistence } = this;
    this.measure();
    persistence.loading = this;
    try {
      for (const file of this.manifest.files) {
        const load = this.begin(file, true);
        try {
          persistence.feedNow(this.place.path(file.name), load);
          load.finish();
        } catch (error) {
          throw this.failure(file, error);
        }
        this.end(file, load);
      }
    } finally {
      persistence.endLoad(null);
    }
    return this.outcome;
  }

  private get outcome(): AofLoaded {
    return { totalBytes: this.totalBytes - this.cutBytes, baseBytes: this.baseBytes, truncated: this.cutBytes > 0 };
  }

  private measure(): void {
    for (const file of this.manifest.files) {
      try {
        const { size } = statSync(this.place.path(file.name));
        this.totalBytes += size;
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
    this.current = new FileLoad(persistence, runner, { nested, oldStyle: file.name === this.place.prefix, startedAt });
    return this.current;
  }

  private end(file: AofFile, load: FileLoad): void {
    const isLast = file === this.manifest.files.at(-1);
    if (load.truncated) this.cut(file, load, isLast);
    this.before += load.loadedBytes;
    this.current = null;
    const seconds = ((performance.now() - this.fileBegan) / 1000).toFixed(3);
    this.log.notice(`DB loaded from ${file === this.manifest.base ? "base" : "incr"} file ${file.name}: ${seconds} seconds`);
  }

  /** aof-load-truncated: cuts off what is not whole. Errors: LoadError. */
  private cut({ name }: AofFile, load: FileLoad, isLast: boolean): void {
    const { log, runner } = this;
    if (runner.inTransaction) log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    load.abandon();
    if (this.persistence.config.values["aof-load-truncated"]) {
      log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
      log.warning(`!!! Truncating the AOF ${name} at offset ${load.validUpTo} !!!`);
      try {
        truncateSync(this.place.path(name), load.validUpTo);
        this.cutBytes += load.loadedBytes - load.validUpTo;
        log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
        if (isLast) return;
        throw this.refusal("Fatal error: the truncated file is not the last file");
      } catch (error) {
        if (error instanceof LoadError) throw error;
        log.warning(`Error truncating the AOF file ${name}: ${failureWords(error)}`);
      }
    }
    throw this.refusal(
      `Unexpected end of file reading the append only file ${name}. You can: ` +
        "1) Make a backup of your AOF file, then use redis-check-aof --fix <filename.manifest>. " +
        "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.",
    );
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
