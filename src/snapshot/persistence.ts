/**
 * The room's face: saving the data set, when that happens by itself, and what INFO and LASTSAVE say about it; loading it is in load.ts. How
 * an image is made and written is elsewhere (snapshot.ts, file.ts).
 */

import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { asFailure, assert, type Broken, guardLater, InvariantError } from "../assert.ts";
import { Durations } from "../base/durations.ts";
import type { Config } from "../config/config.ts";
import type { RdbAskedVersion } from "../config/options/persistence.ts";
import { CommandError, commandError, errors } from "../errors.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { Progress, WorkKind } from "../progress/progress.ts";
import type { RdbFamily } from "../rdb/format.ts";
import { REDIS_VERSION, VERSION } from "../version.ts";
import { type CreateFile, type FilePlace, SnapshotFile, SnapshotFileSync } from "./file.ts";
import { Loading, type LoadingHooks, meanKeyDelay } from "./load.ts";
import type { HistoryPoint } from "./load-handler.ts";
import type { CommandImageOptions } from "./sinks/commands.ts";
import { rdbLacksTimes, type UsageFacts } from "./sinks/rdb.ts";
import { Snapshot, type SnapshotConsumer, type SnapshotOptions } from "./snapshot.ts";
import { Spool, type SpoolOptions } from "./spool.ts";

const CANCELLED = new Error("the background save was cancelled");

/** After a background save that failed, the next one by itself is tried so many seconds later. */
const RETRY_SECONDS = 5;
/** Of the save before the end: nothing but signals waits. */
const FINAL_SLICE_MS = 20;
/** The size of pointers of the Redis that we say we are. */
const REDIS_BITS = 64;

/** Facts at the head of an image. */
export type ImageFacts = readonly (readonly [name: string, value: string | number])[];

/** Whom to tell of our own faults, and what tests put in the place of the system's. */
export interface PersistenceHooks extends LoadingHooks {
  /** Opens the temporary file of a background save. */
  readonly createFile?: CreateFile;
  /** Told of an invariant that is broken in the background. */
  readonly broken?: Broken;
  /** Told when saves have begun to fail, or to succeed again: `writesRefused` may have changed. */
  readonly statusChanged?: () => void;
}

/** What of the data set an image has. */
export interface ImageParts {
  /** The keys. */
  readonly data: boolean;
  /** The function libraries. */
  readonly functions: boolean;
  /** Whose form hashes with times of fields have; Redis's unless told. */
  readonly family?: RdbFamily;
}

/** DEBUG RELOAD's options. */
export interface ReloadOptions {
  /** Save before (default yes). */
  readonly save?: boolean;
  /** Empty all databases before loading (default yes). */
  readonly flush?: boolean;
  /** Let keys of the file replace those that are there. */
  readonly merge?: boolean;
}

/** How a background save is made. */
interface BackgroundSaveOptions {
  /** Directive rdb-version unless told. */
  readonly version?: RdbAskedVersion | undefined;
  /** Told why there is no file of it, or null when there is. */
  readonly ended?: (error: Error | null) => void;
}

/** A background save under way. */
interface BackgroundSave {
  readonly snapshot: Snapshot;
  readonly file: SnapshotFile;
  /** ms since 1970. */
  readonly startedAt: number;
  /** `keyspace.changes` of the moment that is saved. */
  readonly changes: number;
  readonly version: RdbAskedVersion;
  readonly settled: Promise<void>;
  readonly progress: Progress;
  cancelled: boolean;
  /** A newer image has been put in the file meanwhile. */
  superseded: boolean;
}

export class Persistence extends Loading {
  /** The last save that succeeded, or the start; in s since 1970. */
  lastSaveAt: number;
  /** Whether the last background save succeeded, or none was tried. */
  lastSaveOk = true;
  /** The last start of a background save in s since 1970, 0 for never. */
  lastAttemptAt = 0;
  /** How long the last background save took in s, -1 for none. */
  lastSaveSeconds = -1;
  /** Saves begun since the start or the last CONFIG RESETSTAT: rdb_saves. */
  saves = 0;
  /** How long the slices took in which images were written in the background. */
  readonly slices = new Durations();
  /** Where the data set stands now, or null where no replica could go on from an image of it. */
  private readonly history: () => HistoryPoint | null;
  private readonly createFile: CreateFile | undefined;
  private readonly broken: Broken;
  private readonly statusChanged: () => void;
  private background: BackgroundSave | null = null;
  /** The save before the end, under way. */
  private finalSave: Snapshot | null = null;
  /** The last image for another use; perhaps it is over. */
  private lastImage: Snapshot | null = null;
  /** Whether a background save begins at the next `cron` that finds none under way: BGSAVE SCHEDULE, and BGSAVE in a transaction. */
  saveScheduled = false;
  private scheduledVersion: RdbAskedVersion = "auto";
  /** `keyspace.changes` when what is in the file was current. */
  private savedChanges: number;
  /** Whether the file was made for replicas and for nothing else. */
  private syncFile = false;
  /** Those whose files are not gone yet. */
  private readonly spools = new Set<Spool>();

  constructor(config: Config, log: Log, keyspace: Keyspace, history: () => HistoryPoint | null, hooks: PersistenceHooks = {}) {
    super(config, log, keyspace, hooks);
    this.history = history;
    this.createFile = hooks.createFile;
    this.broken = hooks.broken ?? asFailure;
    this.statusChanged = hooks.statusChanged ?? (() => {});
    this.lastSaveAt = this.seconds();
    this.savedChanges = keyspace.changes;
  }

  private seconds(): number {
    return Math.floor(this.clock() / 1000);
  }

  // ---- what others ask

  /** Changes that are in no file: rdb_changes_since_last_save. */
  get changesSinceSave(): number {
    return this.keyspace.changes - this.savedChanges;
  }

  get saving(): boolean {
    return this.background !== null;
  }

  /** For how many seconds the background save has been under way, -1 for none. */
  get savingSeconds(): number {
    return this.background === null ? -1 : this.seconds() - Math.floor(this.background.startedAt / 1000);
  }

  /** Keys that the background save has written and will have written: current_save_keys_processed and _total, 0 when there is none. */
  get savingKeys(): { readonly written: number; readonly total: number } {
    if (this.background === null) return { written: 0, total: 0 };
    const { keysWritten, keysTotal } = this.background.snapshot;
    return { written: keysWritten, total: keysTotal };
  }

  /** Whether writes must be refused with MISCONF: stop-writes-on-bgsave-error. */
  get writesRefused(): boolean {
    const { values } = this.config;
    return !this.lastSaveOk && values["stop-writes-on-bgsave-error"] && values.save.length > 0;
  }

  // ---- saving

  /** The version of files that no one asks otherwise for: directive rdb-version. */
  private get configuredVersion(): RdbAskedVersion {
    return this.config.values["rdb-version"];
  }

  /** Errors: CommandError that names a key which this version cannot hold. */
  private requireHolds(version: RdbAskedVersion): void {
    const found = rdbLacksTimes(version) ? this.keyspace.timedHashWords : null;
    if (found !== null) throw commandError(`ERR Can't store ${found}, in RDB version ${version}`);
  }

  /**
   * SAVE: writes the file while everything waits, in this version. Errors: CommandError in Redis's words; the log has the reason; LOADING
   * during a load; a key that the version cannot hold.
   */
  save(version: RdbAskedVersion = this.configuredVersion): void {
    // A file of half a data set would replace the whole one.
    if (this.loading !== null) throw errors.loading;
    if (this.background !== null) throw commandError("ERR Background save already in progress");
    this.requireHolds(version);
    this.saves++;
    if (!this.saveFile(version)) throw commandError("ERR");
  }

  private saveFile(version: RdbAskedVersion): boolean {
    const { keyspace, log } = this;
    try {
      this.requireHolds(version);
      const file = new SnapshotFileSync(this.place());
      this.writeNow("save", file, new Snapshot(keyspace, file, { ...this.snapshotOptions(), version }, "whole"));
    } catch (error) {
      log.warning(asFailure(error).message);
      return false;
    }
    log.notice("DB saved on disk");
    this.saved(keyspace.changes);
    return true;
  }

  /** Writes the whole image to its file, while everything waits. Errors: SaveError. */
  private writeNow(kind: WorkKind, file: SnapshotFileSync, snapshot: Snapshot): void {
    const progress = this.tellSave(kind, snapshot);
    let outcome: "complete" | "failed" = "failed";
    try {
      snapshot.runNow();
      file.throwFailure();
      outcome = "complete";
    } finally {
      progress.end(outcome);
    }
  }

  /** An image is being written: others see how far that is. */
  tellSave(kind: WorkKind, snapshot: Snapshot): Progress {
    const done = () => snapshot.keysWritten;
    return this.progress.begin({ kind, unit: "keys", done, total: () => snapshot.keysTotal, bytes: () => snapshot.bytesWritten });
  }

  /**
   * The save before the end: as SAVE, but signals are heard meanwhile. Clients must be kept waiting. Resolves to whether the file is there; if
   * not the log has the reason. Errors: as of `save`.
   */
  async saveFinally(): Promise<boolean> {
    if (this.loading !== null) throw errors.loading;
    const version = this.configuredVersion;
    const { keyspace, log } = this;
    const { changes } = keyspace;
    let progress: Progress | null = null;
    this.saves++;
    try {
      this.requireHolds(version);
      const { promise, resolve: settle } = Promise.withResolvers<void>();
      const file = new SnapshotFileSync(this.place(), settle);
      this.finalSave = new Snapshot(keyspace, file, { ...this.snapshotOptions(), version, sliceMs: FINAL_SLICE_MS });
      progress = this.tellSave("save", this.finalSave);
      this.finalSave.start();
      await promise;
      file.throwFailure();
    } catch (error) {
      progress?.end("failed");
      log.warning(asFailure(error).message);
      return false;
    } finally {
      this.finalSave = null;
    }
    progress.end("complete");
    log.notice("DB saved on disk");
    this.saved(changes);
    return true;
  }

  /** The process ends before that save has: its temporary file is removed. */
  abandonFinalSave(): void {
    this.finalSave?.cancel(CANCELLED);
  }

  private saved(changes: number): void {
    assert(changes <= this.keyspace.changes, "a file holds no changes that were not made");
    this.savedChanges = changes;
    this.lastSaveAt = this.seconds();
    this.lastSaveOk = true;
    this.statusChanged();
    this.syncFile = false;
  }

  /**
   * BGSAVE: the image is that of this moment, its writing goes on in the background. `ended` is told why there is no file of it, or null
   * when there is. Errors: CommandError when one, or a load, is under way; a key that the version cannot hold.
   */
  startBackgroundSave({ version = this.configuredVersion, ended = () => {} }: BackgroundSaveOptions = {}): void {
    if (this.loading !== null) throw errors.loading;
    if (this.background !== null) throw commandError("ERR Background save already in progress");
    this.requireHolds(version);
    const { keyspace, log } = this;
    this.saveScheduled = false;
    this.saves++;
    this.lastAttemptAt = this.seconds();
    const { promise, resolve: settle } = Promise.withResolvers<Error | null>();
    const file = new SnapshotFile({ ...this.place(), settled: settle, create: this.createFile });
    const snapshot = new Snapshot(keyspace, file, { ...this.snapshotOptions(), version });
    const settled = guardLater(
      promise.then((error) => ended(this.backgroundSaveEnded(error))),
      this.broken,
    );
    this.background = {
      snapshot,
      file,
      startedAt: this.clock(),
      changes: keyspace.changes,
      version,
      settled,
      progress: this.tellSave("bgsave", snapshot),
      cancelled: false,
      superseded: false,
    };
    log.notice("Background saving started");
    file.start(snapshot);
    snapshot.start();
  }

  /** Returns why the image is not in the file, or null. */
  private backgroundSaveEnded(error: Error | null): Error | null {
    const { background } = this;
    if (background === null) return error;
    assert(background.snapshot.over, "a background save ends with its image");
    this.lastSaveSeconds = this.savingSeconds;
    this.background = null;
    background.progress.end(error === null ? "complete" : "failed");
    if (error === null) {
      this.log.notice("DB saved on disk");
      this.log.notice("Background saving terminated with success");
      // It was being renamed when it was cancelled: the file is older than it was.
      if (background.superseded) this.saveFile(background.version);
      else this.saved(background.changes);
    } else if (background.cancelled) {
      this.log.notice("Background saving cancelled");
    } else if (error instanceof InvariantError) {
      this.broken(error);
    } else {
      this.log.warning(error.message);
      this.log.warning("Background saving error");
      this.lastSaveOk = false;
      this.statusChanged();
    }
    return background.superseded ? CANCELLED : error;
  }

  /** Ends the background save, if there is one, without counting it as failed. Returns resolved once its traces are gone. */
  async cancelBackgroundSave(): Promise<void> {
    const { background } = this;
    if (background === null) return;
    background.cancelled = true;
    background.snapshot.cancel(CANCELLED);
    background.file.failed(CANCELLED); // the snapshot may be over and the file still on its way to the disk
    await background.settled;
  }

  /** FLUSHALL is about to empty everything: images of what there is are not worth their end, and would keep the memory. */
  flushing(): void {
    this.lastImage?.cancel(CANCELLED);
    void this.cancelBackgroundSave();
  }

  /** It has: with save points the file is emptied too. */
  flushed(): void {
    if (this.config.values.save.length === 0) return;
    if (this.background !== null) this.background.superseded = true;
    this.saveFile(this.configuredVersion);
  }

  /** Begins a save that was scheduled or that a save point asks for. To be called about ten times a second. */
  cron(): void {
    if (this.background !== null || this.finalSave !== null || this.loading !== null) return;
    const { config, log } = this;
    const now = this.seconds();
    if (!this.lastSaveOk && now - this.lastAttemptAt <= RETRY_SECONDS) return;
    const changes = this.changesSinceSave;
    const due = config.values.save.find((point) => changes >= point.changes && now - this.lastSaveAt > point.seconds);
    if (due === undefined && !this.saveScheduled) return;
    if (due !== undefined) log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`);
    try {
      this.startBackgroundSave({ version: this.saveScheduled ? this.scheduledVersion : this.configuredVersion });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // A key that the version cannot hold: as one that failed, tried again later.
      log.warning(`Background saving error: ${error.message}`);
      this.saveScheduled = false;
      this.lastAttemptAt = now;
      this.lastSaveOk = false;
      this.statusChanged();
    }
  }

  /** A background save in this version begins as soon as may be: BGSAVE SCHEDULE, and BGSAVE in a transaction. Errors: as of starting one. */
  scheduleSave(version: RdbAskedVersion = this.configuredVersion): void {
    this.requireHolds(version);
    this.saveScheduled = true;
    this.scheduledVersion = version;
  }

  /** Ends what is under way, a save or a load: for a server that stops. Returns resolved once no temporary file is left. */
  async close(): Promise<void> {
    this.closed = true;
    this.abandonFinalSave();
    for (const spool of this.spools) spool.discard();
    await Promise.all([this.cancelBackgroundSave(), ...[...this.spools].map((spool) => spool.gone)]);
  }

  /** An image of this moment for another use, with these facts about replication, and all of the data set or parts. The caller starts it. */
  snapshot(consumer: SnapshotConsumer, options: { facts?: ImageFacts } & Partial<ImageParts> = {}): Snapshot {
    const { facts = this.historyFacts(), data = true, functions = true, family = "redis" } = options;
    const whole = this.snapshotOptions();
    this.lastImage = new Snapshot(this.keyspace, consumer, {
      ...whole,
      aux: this.facts(facts),
      data,
      family,
      libraries: functions ? whole.libraries : [],
    });
    return this.lastImage;
  }

  /** Likewise one of the whole data set that is wanted whatever becomes of the data: FLUSHALL does not end it. */
  keptSnapshot(consumer: SnapshotConsumer): Snapshot {
    return new Snapshot(this.keyspace, consumer, this.snapshotOptions());
  }

  /** The image that an append-only file begins with: in the RDB format, or as commands. The caller starts it. */
  baseSnapshot(consumer: SnapshotConsumer, commands: CommandImageOptions | null, mode: "sliced" | "whole" = "sliced"): Snapshot {
    const form = commands === null ? {} : { commands };
    return new Snapshot(this.keyspace, consumer, { ...this.snapshotOptions(), aux: this.facts([], 1), ...form }, mode);
  }

  /** Writes such an image to `place` at one go. Errors: SaveError. */
  saveBase(place: FilePlace, commands: CommandImageOptions | null): void {
    const file = new SnapshotFileSync(place);
    this.writeNow("aof-rewrite", file, this.baseSnapshot(file, commands, "whole"));
  }

  private place(): FilePlace {
    const { values } = this.config;
    return { directory: resolve(values.dir), name: values.dbfilename, incrementalSync: values["rdb-save-incremental-fsync"] };
  }

  private snapshotOptions(): SnapshotOptions & { readonly libraries: readonly string[] } {
    const { values } = this.config;
    return {
      compress: values.rdbcompression,
      checksum: values.rdbchecksum,
      usage: usageFacts(values["maxmemory-policy"]),
      aux: this.facts(this.historyFacts()),
      keyDelay: () => meanKeyDelay(values["rdb-key-save-delay"]),
      broken: this.broken,
      slices: this.slices,
      libraries: this.libraries?.texts() ?? [],
      tick: () => this.progress.tick(),
    };
  }

  /** What Redis says at the head of a file, and our own version. */
  private facts(history: ImageFacts, aofBase: 0 | 1 = 0): ImageFacts {
    return [
      ["redis-ver", REDIS_VERSION],
      ["redis-bits", REDIS_BITS],
      ["ctime", this.seconds()],
      ["used-mem", this.keyspace.usedBytes],
      ...history,
      ["aof-base", aofBase],
      ["replicant-version", VERSION],
    ];
  }

  private historyFacts(): ImageFacts {
    const history = this.history();
    if (history === null) return [];
    return [
      ["repl-stream-db", history.streamDb],
      ["repl-id", history.id],
      ["repl-offset", history.offset],
    ];
  }

  // ---- files of replication

  /** The file was made to be sent to replicas. Without rdb-del-sync-files it is one like others, also once the directive is switched on. */
  markSyncFile(): void {
    this.syncFile = this.config.values["rdb-del-sync-files"];
  }

  /** Makes a temporary file for what comes from a master. It is closed and removed when it is discarded, and when the server stops. */
  spool(on: Pick<SpoolOptions, "room" | "failed" | "what">): Spool {
    const spool = new Spool({ ...on, directory: resolve(this.config.values.dir), broken: this.broken, create: this.createFile });
    this.spools.add(spool);
    void spool.gone.then(() => this.spools.delete(spool));
    return spool;
  }

  /** Whether no file may stay that a full synchronization left, since nothing else is persisted: rdb-del-sync-files. */
  private get keepsNoSyncFiles(): boolean {
    const { values } = this.config;
    return values["rdb-del-sync-files"] && values.save.length === 0 && !values.appendonly;
  }

  /** Removes the file that was made for replicas, where it must not stay. To be called about once a second, while it is not being sent. */
  removeSyncFile(): void {
    if (!this.config.values["rdb-del-sync-files"]) this.syncFile = false;
    if (!this.syncFile || !this.keepsNoSyncFiles) return;
    this.syncFile = false;
    this.log.notice("Removing the RDB file used to feed replicas in a persistence-less instance");
    rmSync(this.path, { force: true });
  }

  /** Likewise the file that came from a master and has been loaded, or cannot be. */
  removeMasterFile(): void {
    if (!this.keepsNoSyncFiles) return;
    this.log.notice("Removing the RDB file obtained from the master. This replica has persistence disabled");
    rmSync(this.path, { force: true });
  }

  /** DEBUG RELOAD: saves, empties, and loads again, while everything waits. Errors: CommandError in Redis's words; LOADING during a load. */
  reload(options: ReloadOptions = {}): void {
    const { save = true, flush = true, merge = false } = options;
    if (this.loading !== null) throw errors.loading;
    const { keyspace, log } = this;
    if (save && !this.saveFile("auto")) throw commandError("ERR");
    const { changes } = keyspace;
    if (flush) this.empty({ sync: true });
    try {
      this.loadNow(merge);
    } catch (error) {
      this.loadFailure(error);
      throw commandError("ERR Error trying to load the RDB dump, check server logs.");
    } finally {
      // What a file gives back is no change.
      keyspace.changes = changes;
    }
    log.notice("DB reloaded by DEBUG RELOAD");
  }
}

/** What an image has to say about the use of keys, so that this maxmemory-policy can go on with it. */
function usageFacts(policy: string): UsageFacts {
  return policy.endsWith("-lru") ? "idle" : policy.endsWith("-lfu") ? "frequency" : "none";
}
