/**
 * The append-only file, whole (appendonly): the writes since the last rewrite in increments, the data at that moment in a base, both named
 * in a manifest. It is a reader of the journal (gate 2); this is its face: switching it on and off, rewrites, loading, and what INFO says
 * about it. Names, forms and rules are those of Redis 7.
 */

import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { assert, guard, guardLater } from "../assert.ts";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import { type CommandError, commandError, errors } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import { Frame } from "../protocol/frame.ts";
import { LoadError } from "../snapshot/load-handler.ts";
import type { Persistence } from "../snapshot/persistence.ts";
import { AofLoad, type AofLoaded, reloadFailure, upgradeOldFile } from "./load.ts";
import { AofPlace, Manifest, readManifest, removeHistory, writeManifest } from "./manifest.ts";
import type { Replay } from "./replay.ts";
import { Rewrite, RewriteLimit } from "./rewrite.ts";
import { type AofEvents, AofWriter } from "./writer.ts";

/** Replies to clients wait while what they tell of is not in the file. */
export interface ReplyBarrier {
  close(): void;
  open(): void;
}

export class AppendOnlyFile {
  /** Rewrites begun, and how many of the last ones failed one after another. */
  rewrites = 0;
  consecutiveFailures = 0;
  /** How long the last rewrite took in s, -1 for none. */
  lastRewriteSeconds = -1;
  lastRewriteOk = true;
  /** Whether a rewrite waits for `cron`. */
  rewriteScheduled = false;
  /** Size when the last rewrite was over, and at start that of the base. */
  baseSize = 0;
  /** Time that the event loop has spent on writing, and flushing where answers wait for that, in microseconds: eventloop_duration_aof_sum. */
  writeMicroseconds = 0;
  private readonly config: Config;
  private readonly log: Log;
  private readonly keyspace: Keyspace;
  private readonly persistence: Persistence;
  private readonly journal: Journal;
  private readonly runner: Replay;
  private readonly barrier: ReplyBarrier;
  private readonly events: AofEvents;
  private readonly place: AofPlace;
  readonly writer: AofWriter;
  private readonly limit: RewriteLimit;
  private manifest = new Manifest();
  /** `waiting`: it was switched on, and counts once the first rewrite is done. */
  private state: "off" | "waiting" | "on" = "off";
  private rewrite: Rewrite | null = null;
  /** The last load of `reload`: a rewrite that ends meanwhile must not remove what is being read. */
  private reloading: Promise<AofLoaded | null> | null = null;
  private rewriteNumber = 0;
  /** Size of base and increments when `writer.written` was `sizedAt`. */
  private sized = 0;
  private sizedAt = 0;
  private writeScheduled = false;
  private unsubscribe: (() => void) | null = null;
  private closed = false;

  constructor(persistence: Persistence, journal: Journal, runner: Replay, barrier: ReplyBarrier, events: AofEvents) {
    const { config, log } = persistence;
    this.config = config;
    this.log = log;
    this.keyspace = persistence.keyspace;
    this.persistence = persistence;
    this.journal = journal;
    this.runner = runner;
    this.barrier = barrier;
    this.events = events;
    this.place = new AofPlace(config);
    this.limit = new RewriteLimit(log);
    const flushed = (): void => {
      if (this.state === "on") events.flushed();
    };
    this.writer = new AofWriter({
      config,
      log,
      journal,
      latency: this.keyspace.latency,
      events: { ...events, flushed },
      diskBusy: () => this.rewrite !== null || persistence.saving,
    });
    config.onChange("appendonly", () => this.switchTo(config.values.appendonly));
    config.onChange("aof-disable-auto-gc", () => this.removeHistory() as undefined);
  }

  // ---- what others ask

  get enabled(): boolean {
    return this.state !== "off";
  }

  get rewriting(): boolean {
    return this.rewrite !== null;
  }

  /** For how many seconds the rewrite has been under way, -1 for none. */
  get rewritingSeconds(): number {
    return this.rewrite === null ? -1 : Math.floor(Date.now() / 1000) - Math.floor(this.rewrite.startedAt / 1000);
  }

  /** Keys that the rewrite has written and will have written. */
  get rewritingKeys(): { readonly written: number; readonly total: number } {
    return this.rewrite?.keys ?? { written: 0, total: 0 };
  }

  /** Bytes of base and increments. */
  get size(): number {
    return this.sized + this.writer.written - this.sizedAt;
  }

  /** Up to where the journal is on disk; -1 while the file is off, 0 while the first rewrite is not done. */
  get flushedOffset(): number {
    return this.state === "off" ? -1 : this.state === "waiting" ? 0 : this.writer.syncedOffset;
  }

  /** Why writes are refused, or null. */
  get refusal(): CommandError | null {
    const { error } = this.writer;
    return this.enabled && error !== null ? commandError(`MISCONF Errors writing to the AOF file: ${error}`) : null;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.rewrites = 0;
    this.consecutiveFailures = 0;
    this.writer.delayedFlushes = 0;
    this.writeMicroseconds = 0;
  }

  private measured(size: number): void {
    assert(size >= 0, "files have no negative size");
    this.sized = size;
    this.sizedAt = this.writer.written;
  }

  // ---- starting

  /** Reads the manifest, whether the file is in use or not. Errors: LoadError. */
  readManifest(): void {
    this.manifest = readManifest(this.place.directory, this.place.prefix, this.log);
  }

  /** Loads what there is into empty databases, with the server alive. Returns false when the server stops meanwhile. Errors: LoadError. */
  async load(): Promise<boolean> {
    const began = performance.now();
    this.manifest = upgradeOldFile(this.place, this.manifest, this.log);
    if (this.manifest.empty) return !this.closed;
    const { changes } = this.keyspace;
    const load = new AofLoad(this.persistence, this.runner, this.place, this.manifest);
    const loaded = await load
      .load(() => this.closed)
      .finally(() => {
        this.keyspace.changes = changes;
      });
    if (loaded === null) return false;
    this.noteLoaded(loaded);
    this.log.notice(`DB loaded from append only file: ${((performance.now() - began) / 1000).toFixed(3)} seconds`);
    return true;
  }

  private noteLoaded({ totalBytes, baseBytes }: AofLoaded): void {
    this.measured(totalBytes);
    this.baseSize = baseBytes;
  }

  /** Starts to write, after `load`. Errors: LoadError, logged: the files cannot be made. */
  openOnStart(): void {
    const { log, config, journal, place } = this;
    if (!config.values.appendonly) return this.removeHistory();
    const fresh = this.manifest.increments.length === 0;
    place.makeDirectory(log);
    try {
      let manifest = this.manifest;
      if (manifest.empty) {
        manifest = manifest.withBase(place.prefix, this.baseForm);
        const name = manifest.base?.name ?? "";
        this.persistence.saveBase({ directory: place.directory, name, incrementalSync: this.incrementalSync }, this.commandOptions);
        this.measured(statSync(place.path(name)).size);
        log.notice(`Creating AOF base file ${name} on server start`);
      }
      if (fresh) manifest = manifest.withIncrement(place.prefix);
      const name = manifest.increments.at(-1)?.name ?? "";
      this.openIncrement(name, "append");
      if (manifest !== this.manifest) writeManifest(place.directory, place.prefix, manifest);
      this.manifest = manifest;
      log.notice(`${fresh ? "Creating" : "Opening"} AOF incr file ${name} on server start`);
    } catch (error) {
      const message = `Can't open the append-only file: ${failureWords(error)}`;
      log.warning(message);
      throw new LoadError(message, { cause: error });
    }
    assert(this.state === "off", "the append-only file is opened once");
    this.state = "on";
    this.startReading();
    this.writer.syncedOffset = journal.offset;
    this.removeHistory();
  }

  private openIncrement(name: string, mode: "append" | "truncate"): void {
    const path = this.place.path(name);
    const size = mode === "append" ? (statSync(path, { throwIfNoEntry: false })?.size ?? 0) : 0;
    this.writer.open(path, mode, size);
  }

  /** What the journal takes from here on is written. */
  private startReading(): void {
    const { journal } = this;
    if (this.unsubscribe !== null) return;
    journal.openFile();
    // Before replicas are served: they are not to have what might be lost here.
    this.unsubscribe = journal.onAppend(() => this.scheduleWrite(), { first: true });
  }

  private stopReading(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.journal.closeFile();
  }

  /** What was appended is written once this tick is over, for all clients that were served in it together; their replies wait so long. */
  private scheduleWrite(): void {
    if (this.writeScheduled) return;
    this.writeScheduled = true;
    this.barrier.close();
    setImmediate(() => guard(() => this.writeScheduledBytes(), this.events.broken));
  }

  private writeScheduledBytes(): void {
    this.writeScheduled = false;
    this.journal.flushed();
    const began = performance.now();
    const complete = this.writer.write();
    this.writeMicroseconds += (performance.now() - began) * 1000;
    if (complete) this.barrier.open();
  }

  // ---- switching on and off

  private switchTo(wanted: boolean): string | undefined {
    if (wanted === this.enabled) return undefined;
    if (!wanted) this.stop();
    else if (!this.start()) return "Unable to turn on AOF. Check server logs.";
    return undefined;
  }

  /** Switches the file off: what is there stays. Also while a replica gets other data from its master, until `resume`. */
  stop(): void {
    if (this.state === "off") return;
    this.writer.finish();
    this.stopReading();
    this.writer.close();
    this.state = "off";
    this.rewriteScheduled = false;
    this.killRewrite();
    this.events.statusChanged();
    this.events.flushed();
  }

  /** The data is whole again after a full synchronization: the file goes on, with a rewrite first. */
  resume(): void {
    if (!this.config.values.appendonly || this.enabled || this.closed) return;
    if (this.start()) return;
    this.log.warning("Failed enabling the AOF after successful master synchronization! Trying it again in one second.");
    setTimeout(() => guard(() => this.resume(), this.events.broken), 1000).unref();
  }

  /** Switches the file on: it begins with a rewrite, which may have to wait. Returns false when it cannot be begun. */
  private start(): boolean {
    const { log, persistence, journal } = this;
    this.state = "waiting";
    if (persistence.saving) {
      this.rewriteScheduled = true;
      log.notice(
        "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.",
      );
    } else if (journal.inTransaction) {
      this.rewriteScheduled = true;
      log.notice("AOF was enabled during a transaction. An AOF background was scheduled to start when possible.");
    } else {
      if (this.rewrite !== null) {
        log.notice(
          "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.",
        );
        this.killRewrite();
      }
      if (!this.beginRewrite()) {
        this.state = "off";
        log.warning(
          "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.",
        );
        return false;
      }
    }
    this.writer.forgetErrors();
    return true;
  }

  // ---- rewrites

  /** BGREWRITEAOF. `inTransaction`: called by EXEC. Returns the words of the answer. Errors: CommandError. */
  requestRewrite(inTransaction: boolean): string {
    if (this.persistence.loading !== null) throw errors.loading;
    if (this.rewrite !== null) throw commandError("ERR Background append only file rewriting already in progress");
    if (this.persistence.saving || inTransaction) {
      this.rewriteScheduled = true;
      this.consecutiveFailures = 0;
      return "Background append only file rewriting scheduled";
    }
    if (this.beginRewrite()) return "Background append only file rewriting started";
    throw commandError("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.");
  }

  private get baseForm(): "rdb" | "aof" {
    return this.config.values["aof-use-rdb-preamble"] ? "rdb" : "aof";
  }

  private get incrementalSync(): boolean {
    return this.config.values["aof-rewrite-incremental-fsync"];
  }

  private get commandOptions(): { timestamp: number | null } | null {
    const { values } = this.config;
    if (values["aof-use-rdb-preamble"]) return null;
    return { timestamp: values["aof-timestamp-enabled"] ? Math.floor(Date.now() / 1000) : null };
  }

  /** The base is that of this moment, and a new increment goes on from it. Returns false, logged, when that cannot be. */
  private beginRewrite(): boolean {
    const { log, persistence } = this;
    if (this.rewrite !== null || persistence.saving) return false;
    try {
      mkdirSync(this.place.directory, { recursive: true });
      this.beginIncrement();
    } catch (error) {
      log.warning(`Can't open the append-only file in ${this.place.directory}: ${failureWords(error)}`);
      this.lastRewriteOk = false;
      return false;
    }
    this.rewrites++;
    this.rewriteScheduled = false;
    const form = this.baseForm;
    const name = `temp-rewriteaof-bg-${process.pid}-${++this.rewriteNumber}.aof`;
    const rewrite = new Rewrite(
      persistence,
      { directory: this.place.parent, name, incrementalSync: this.incrementalSync },
      this.commandOptions,
    );
    this.rewrite = rewrite;
    log.notice("Background append only file rewriting started");
    const ended = rewrite.settled.then(async (error) => {
      await this.reloading?.catch(() => {});
      if (this.rewrite === rewrite) this.endRewrite(rewrite, form, error);
    });
    rewrite.ended = guardLater(ended, this.events.broken);
    return true;
  }

  private beginIncrement(): void {
    const { place, writer } = this;
    if (this.state === "off") return;
    // What waits belongs before the base. If it could not be written, both the old files and the new base would be wrong without it.
    writer.write({ force: true });
    if (writer.isOpen && writer.waitingBytes > 0) throw new Error("the increment before could not be written to its end");
    let name = place.temporaryIncrement;
    if (this.state === "waiting") {
      writer.open(place.path(name), "truncate");
      // The base has it, and is on disk when it is adopted.
      writer.synced(this.journal.offset);
    } else {
      const manifest = this.manifest.withIncrement(place.prefix);
      name = manifest.increments.at(-1)?.name ?? "";
      // Who loads a manifest that names a missing increment refuses it: the file is there first.
      closeSync(openSync(place.path(name), "w"));
      writeManifest(place.directory, place.prefix, manifest);
      writer.open(place.path(name), "truncate");
      this.manifest = manifest;
    }
    this.log.notice(`Creating AOF incr file ${name} on background rewrite`);
    this.startReading();
    this.sayDatabase();
  }

  /** A reader that goes on from here does not know the database. */
  private sayDatabase(): void {
    const { journal } = this;
    if (!journal.following) return journal.forgetSelected();
    const { buffer, start, end } = new Frame().encode(["SELECT", Math.max(0, journal.selectedDatabase)]);
    journal.appendForFile(buffer.subarray(start, end));
  }

  private endRewrite(rewrite: Rewrite, form: "rdb" | "aof", error: Error | null): void {
    assert(this.rewrite === rewrite, "the rewrite that ends is the one under way");
    this.lastRewriteSeconds = this.rewritingSeconds;
    this.rewrite = null;
    try {
      if (error !== null) throw error;
      this.log.notice("Background AOF rewrite terminated with success");
      this.adopt(rewrite, form);
      this.lastRewriteOk = true;
      this.consecutiveFailures = 0;
      this.log.notice("Background AOF rewrite finished successfully");
      this.removeHistory();
    } catch (failure) {
      this.log.warning(`Write error writing append only file on disk: ${failureWords(failure)}`);
      this.log.warning("Background AOF rewrite terminated with error");
      this.lastRewriteOk = false;
      this.consecutiveFailures++;
      rmSync(rewrite.path, { force: true });
    }
    if (this.state !== "waiting") return;
    this.dropTemporaryIncrement();
    this.rewriteScheduled = true;
  }

  /** The rewritten base takes its place, with the increments since. */
  private adopt(rewrite: Rewrite, form: "rdb" | "aof"): void {
    const { place } = this;
    const { latency } = this.keyspace;
    const rename = (from: string, to: string): void => latency.time("aof-rename", () => renameSync(from, to));
    let manifest = this.manifest.withBase(place.prefix, form);
    const base = manifest.base?.name ?? "";
    rename(rewrite.path, place.path(base));
    this.log.notice(`Successfully renamed the temporary AOF base file ${rewrite.path} into ${base}`);
    let increment = "";
    try {
      if (this.state === "waiting") {
        manifest = manifest.withIncrement(place.prefix);
        increment = manifest.increments.at(-1)?.name ?? "";
        rename(place.path(place.temporaryIncrement), place.path(increment));
        this.log.notice(`Successfully renamed the temporary AOF incr file ${place.temporaryIncrement} into ${increment}`);
      }
      manifest = manifest.withoutIncrements(this.state === "off" ? 0 : 1);
      writeManifest(place.directory, place.prefix, manifest);
    } catch (error) {
      rmSync(place.path(base), { force: true });
      if (increment !== "") rmSync(place.path(increment), { force: true });
      throw error;
    }
    this.manifest = manifest;
    if (this.state === "off") return;
    const { size } = latency.time("aof-fstat", () => statSync(place.path(base)));
    this.measured(size + this.writer.size);
    this.baseSize = this.size;
    this.state = "on";
    this.events.flushed();
  }

  private dropTemporaryIncrement(): void {
    const { place } = this;
    this.stopReading();
    this.writer.close();
    this.log.notice(`Removing the temp incr aof file ${place.temporaryIncrement} in the background`);
    void rm(place.path(place.temporaryIncrement), { force: true });
  }

  private killRewrite(): void {
    const { rewrite } = this;
    if (rewrite === null) return;
    this.log.notice("Killing running AOF rewrite child");
    this.rewrite = null;
    rewrite.cancel();
  }

  private removeHistory(): void {
    if (!this.config.values["aof-disable-auto-gc"]) this.manifest = removeHistory(this.place, this.manifest, this.log);
  }

  // ---- by itself

  /** To be called about ten times a second. */
  cron(): void {
    const { persistence } = this;
    if (this.closed || persistence.loading !== null) return;
    if (this.writer.isOpen) this.writer.write();
    if (this.rewrite !== null || persistence.saving) return;
    if (this.rewriteScheduled && !this.limit.holds(this.consecutiveFailures)) this.beginRewrite();
    else this.rewriteIfGrown();
  }

  private rewriteIfGrown(): void {
    const { config, log } = this;
    const percentage = config.values["auto-aof-rewrite-percentage"];
    if (this.state !== "on" || percentage === 0 || this.size <= config.values["auto-aof-rewrite-min-size"]) return;
    const growth = Math.floor((this.size * 100) / (this.baseSize === 0 ? 1 : this.baseSize)) - 100;
    if (growth < percentage || this.limit.holds(this.consecutiveFailures)) return;
    log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.beginRewrite();
  }

  // ---- loading again

  /**
   * DEBUG LOADAOF: writes what waits, empties the databases and loads them from the files, while everything waits. Errors: CommandError; the
   * log has the reason.
   */
  reloadNow(): void {
    const { changes } = this.keyspace;
    try {
      this.noteReloaded(this.beginReload()?.loadNow() ?? null);
    } catch (error) {
      throw reloadFailure(error);
    } finally {
      this.keyspace.changes = changes;
    }
  }

  /** Likewise, while others are told that the server is loading. Resolves to null, or to why it failed. */
  async reload(): Promise<CommandError | null> {
    const { changes } = this.keyspace;
    try {
      this.reloading = this.beginReload()?.load(() => this.closed) ?? null;
      this.events.statusChanged();
      this.noteReloaded(await this.reloading);
      return null;
    } catch (error) {
      return reloadFailure(error);
    } finally {
      this.keyspace.changes = changes;
      this.events.statusChanged();
    }
  }

  /** Returns the load, or null where there is no file. */
  private beginReload(): AofLoad | null {
    if (this.writer.isOpen) this.writer.write({ force: true });
    this.persistence.empty({ sync: true });
    this.readManifest();
    this.removeHistory();
    this.manifest = upgradeOldFile(this.place, this.manifest, this.log);
    return this.manifest.empty ? null : new AofLoad(this.persistence, this.runner, this.place, this.manifest);
  }

  private noteReloaded(loaded: AofLoaded | null): void {
    if (loaded !== null) this.noteSizes(loaded);
    // The tail that was cut off may have said it.
    if (this.state !== "off") this.sayDatabase();
    this.log.notice("Append Only File loaded by DEBUG LOADAOF");
  }

  private noteSizes(loaded: AofLoaded): void {
    this.noteLoaded(loaded);
    const last = this.manifest.increments.at(-1);
    if (!loaded.truncated || this.state !== "on" || last === undefined) return;
    this.writer.truncatedTo(statSync(this.place.path(last.name)).size);
  }

  // ---- stopping

  /** Whether a shutdown would lose the data: it was switched on, and the first rewrite is under way. */
  get writingInitialFile(): boolean {
    return this.state === "waiting" && this.rewrite !== null;
  }

  /** Resolves once that is over. */
  async initialFileWritten(): Promise<void> {
    if (this.state === "waiting") await this.rewrite?.ended;
  }

  /** For a shutdown: ends a rewrite, writes and flushes what waits. */
  finish(): void {
    if (this.rewrite !== null) {
      this.log.warning("There is a child rewriting the AOF. Killing it!");
      this.killRewrite();
    }
    if (!this.enabled) return;
    this.log.notice("Calling fsync() on the AOF file.");
    this.writer.finish();
  }

  /** Ends everything. Returns resolved once no temporary file is left. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { rewrite } = this;
    this.killRewrite();
    if (this.writer.isOpen) this.writer.write({ force: true });
    this.stopReading();
    this.writer.close();
    if (this.state === "waiting") rmSync(this.place.path(this.place.temporaryIncrement), { force: true });
    await rewrite?.settled;
  }
}
