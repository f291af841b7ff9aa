/**
 * Writes what the journal takes to the increment in use, and has it flushed to disk: appendfsync.
 *
 * Bytes are written before the answers to the commands leave (the server holds those back meanwhile), so that a process that dies loses
 * nothing that a client was told of. With `always` they are on disk by then too; with `everysec` a flush is begun in the background about
 * once a second, and when the disk is so busy that the flush before is still under way, writing waits for it, two seconds at most.
 */

import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { assert, type Broken, guard } from "../assert.ts";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Journal } from "../journal/journal.ts";
import type { LatencyMonitor } from "../keyspace/latency-monitor.ts";
import type { Log } from "../log.ts";
import { annotation } from "../snapshot/sinks/commands.ts";

/** Redis's figures, in s: how often a write error is logged, and for how long writing is put off for a flush under way. */
const ERROR_LOG_SECONDS = 30;
const POSTPONE_SECONDS = 2;

/** What hears of the file. */
export interface AofEvents {
  /** Whether writes are refused may have changed. */
  statusChanged(): void;
  /** The offset up to which the journal is on disk has changed. */
  flushed(): void;
  /** What clients were told cannot be kept: the server must stop at once. */
  fatal(): void;
  /** An invariant is broken in the background. */
  readonly broken: Broken;
}

/** An open file, closed only when no flush of it is under way. */
class OpenFile {
  readonly descriptor: number;
  /** Flushes under way. */
  flushes = 0;
  private unwanted = false;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  flush(done: (error: Error | null) => void): void {
    this.flushes++;
    fdatasync(this.descriptor, (error) => {
      this.flushes--;
      assert(this.flushes >= 0, "each flush of a file ends once");
      if (this.unwanted && this.flushes === 0) closeSync(this.descriptor);
      done(error ?? null);
    });
  }

  close(): void {
    if (this.unwanted) return;
    this.unwanted = true;
    if (this.flushes === 0) closeSync(this.descriptor);
  }
}

export interface WriterOptions {
  readonly config: Config;
  readonly log: Log;
  readonly journal: Journal;
  readonly latency: LatencyMonitor;
  readonly events: AofEvents;
  /** Whether images are being written to disk: no-appendfsync-on-rewrite. */
  readonly diskBusy: () => boolean;
}

export class AofWriter {
  /** Bytes of the increment, and how many of them are flushed or being flushed. */
  size = 0;
  private syncedSize = 0;
  /** Bytes ever written through this writer. */
  written = 0;
  /** How often writing did not wait any longer for a flush: aof_delayed_fsync. */
  delayedFlushes = 0;
  /** Why the last write, and the last flush in the background, failed. */
  private writeError: string | null = null;
  private flushError: string | null = null;
  /** DEBUG AOF-FLUSH-SLEEP: a pause before each write, in µs. */
  sleepMicros = 0;
  /** Up to where the journal is on disk, as far as known; -1 while there is no file. */
  syncedOffset = -1;
  private readonly config: Config;
  private readonly log: Log;
  private readonly journal: Journal;
  private readonly latency: LatencyMonitor;
  private readonly events: AofEvents;
  private readonly diskBusy: () => boolean;
  private file: OpenFile | null = null;
  /** What is left of a write that the disk had no room for, when its beginning could not be taken back. */
  private rest: Buffer | null = null;
  private postponedSince = 0;
  private lastFlush = 0;
  private lastErrorLog = 0;
  /** The time noted last in the file, in s since 1970. */
  private notedTime = 0;

  constructor({ config, log, journal, latency, events, diskBusy }: WriterOptions) {
    this.config = config;
    this.log = log;
    this.journal = journal;
    this.latency = latency;
    this.events = events;
    this.diskBusy = diskBusy;
    this.lastFlush = seconds();
  }

  get isOpen(): boolean {
    return this.file !== null;
  }

  /** Why writes must be refused, in the words of the system, or null. */
  get error(): string | null {
    return this.writeError ?? this.flushError;
  }

  /** Flushes under way in the background: aof_pending_bio_fsync. */
  get flushing(): number {
    return this.file?.flushes ?? 0;
  }

  /** Bytes that wait to be written: aof_buffer_length. */
  get waitingBytes(): number {
    return (this.rest?.length ?? 0) + this.journal.collect([]);
  }

  /** Goes on with the file at `path`, from its end or empty. What was in use is flushed and closed in the background. Errors: those of the system. */
  open(path: string, mode: "append" | "truncate", size = 0): void {
    const file = new OpenFile(openSync(path, mode === "append" ? "a" : "w"));
    this.retire();
    this.file = file;
    this.size = size;
    this.syncedSize = size;
  }

  private retire(): void {
    const { file } = this;
    if (file === null) return;
    this.flushInBackground(file);
    file.close();
    this.lastFlush = seconds();
  }

  /** Forgets former failures: the file is opened again. */
  forgetErrors(): void {
    if (this.flushError !== null) this.log.warning("AOF reopen, just ignore the AOF fsync error in bio job");
    if (this.writeError !== null) this.log.warning("AOF reopen, just ignore the last error.");
    this.flushError = null;
    this.writeError = null;
    this.rest = null;
    this.lastFlush = seconds();
    this.events.statusChanged();
  }

  /**
   * Writes what waits, and flushes it as appendfsync says; without `force` it may be put off while a flush is under way. Returns false when
   * clients must not be told that all is well: the server is about to stop.
   */
  write(options: { force: boolean } = { force: false }): boolean {
    const { file } = this;
    if (file === null) return true;
    const { config, journal, log } = this;
    const views: Buffer[] = this.rest === null ? [] : [this.rest];
    const bytes = journal.collect(views) + (this.rest?.length ?? 0);
    const policy = config.values.appendfsync;
    if (bytes === 0) {
      journal.collected();
      if (this.syncedSize !== this.size) return this.flush(file);
      // What came since, if anything did, was not for the file.
      if (file.flushes === 0) this.synced(journal.offset);
      return true;
    }
    if (policy === "everysec" && !options.force && file.flushes > 0) {
      const now = seconds();
      if (this.postponedSince === 0) this.postponedSince = now;
      if (now - this.postponedSince < POSTPONE_SECONDS) return true;
      this.delayedFlushes++;
      log.notice(
        "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.",
      );
    }
    if (this.sleepMicros > 0) Bun.sleepSync(this.sleepMicros / 1000);
    const noted = this.annotate(views);
    const began = this.latency.begin();
    const done = this.put(file, views, noted);
    if (began !== 0) this.noteLatency(file, began);
    this.postponedSince = 0;
    return done && this.flush(file);
  }

  /** A write that began at `began` is over: it may have had to wait for the disk. */
  private noteLatency(file: OpenFile, began: number): void {
    const event = file.flushes > 0 ? "aof-write-pending-fsync" : this.diskBusy() ? "aof-write-active-child" : "aof-write-alone";
    this.latency.end(event, began);
    this.latency.end("aof-write", began);
  }

  /** aof-timestamp-enabled. Returns bytes put before the others. */
  private annotate(views: Buffer[]): number {
    const now = seconds();
    if (!this.config.values["aof-timestamp-enabled"] || now <= this.notedTime || this.rest !== null) return 0;
    this.notedTime = now;
    const line = annotation(now);
    views.unshift(line);
    return line.length;
  }

  private put(file: OpenFile, views: readonly Buffer[], noted: number): boolean {
    const { journal, log } = this;
    let done = 0;
    let failure: unknown = null;
    const total = views.reduce((sum, view) => sum + view.length, 0);
    try {
      for (const view of views) {
        for (let at = 0; at < view.length; ) {
          const count = writeSync(file.descriptor, view, at, view.length - at);
          at += count;
          done += count;
        }
      }
    } catch (error) {
      failure = error;
    }
    if (failure !== null) {
      if (noted > 0) this.notedTime = 0;
      return this.failed(file, failure, views, done, total);
    }
    assert(done === total, "a write that did not fail is whole");
    this.rest = null;
    journal.collected();
    this.size += done;
    this.written += done;
    if (this.writeError !== null) {
      this.writeError = null;
      log.notice("AOF write error looks solved, Redis can write again.");
      this.events.statusChanged();
    }
    return true;
  }

  /** Only the first `done` of `total` bytes were written. Returns whether the server can go on. */
  private failed(file: OpenFile, failure: unknown, views: readonly Buffer[], done: number, total: number): boolean {
    const { config, journal, log, events } = this;
    const now = seconds();
    const mayLog = now - this.lastErrorLog > ERROR_LOG_SECONDS;
    if (mayLog) this.lastErrorLog = now;
    const warn = (message: string): void => {
      if (mayLog) log.warning(message);
    };
    const words = failureWords(failure);
    if (done === 0) warn(`Error writing to the AOF file: ${words}`);
    else warn(`Short write while writing to the AOF file: (nwritten=${done}, expected=${total})`);
    let kept = done;
    if (done > 0) {
      try {
        ftruncateSync(file.descriptor, this.size);
        kept = 0;
      } catch (error) {
        warn(
          "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  " +
            `ftruncate: ${failureWords(error)}`,
        );
      }
    }
    if (config.values.appendfsync === "always") {
      log.warning("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
      events.fatal();
      return false;
    }
    this.writeError = words;
    if (kept > 0) {
      this.rest = Buffer.concat(views).subarray(kept);
      journal.collected();
      this.size += kept;
      this.written += kept;
    }
    events.statusChanged();
    return true;
  }

  /** Flushes what is written as appendfsync says. Returns false when the server is about to stop. */
  private flush(file: OpenFile): boolean {
    const { journal, log, events } = this;
    const { values } = this.config;
    if (values["no-appendfsync-on-rewrite"] && this.diskBusy()) return true;
    if (values.appendfsync === "always") {
      const began = this.latency.begin();
      try {
        fdatasyncSync(file.descriptor);
      } catch (error) {
        log.warning(`Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${failureWords(error)}. Exiting...`);
        events.fatal();
        return false;
      }
      this.latency.end("aof-fsync-always", began);
      this.syncedSize = this.size;
      this.lastFlush = seconds();
      this.synced(journal.offset);
    } else if (values.appendfsync === "everysec" && seconds() > this.lastFlush) {
      if (file.flushes === 0) this.flushInBackground(file);
      this.lastFlush = seconds();
    }
    return true;
  }

  private flushInBackground(file: OpenFile): void {
    const { offset } = this.journal;
    this.syncedSize = this.size;
    file.flush((error) => guard(() => this.flushEnded(offset, error), this.events.broken));
  }

  private flushEnded(offset: number, error: Error | null): void {
    const former = this.flushError;
    this.flushError = error === null ? null : failureWords(error);
    if (error === null && this.file !== null) this.synced(offset);
    if (error !== null && former === null) this.log.warning(`Fail to fsync the AOF file: ${this.flushError}`);
    if (error !== null || former !== null) this.events.statusChanged();
    if (this.postponedSince !== 0) this.write();
  }

  /** All up to `offset` of the journal is on disk. */
  synced(offset: number): void {
    if (offset <= this.syncedOffset) return;
    this.syncedOffset = offset;
    this.events.flushed();
  }

  /** Writes and flushes everything at once. */
  finish(): void {
    const { file } = this;
    if (file === null) return;
    this.write({ force: true });
    try {
      fdatasyncSync(file.descriptor);
      this.syncedSize = this.size;
      this.lastFlush = seconds();
    } catch (error) {
      this.log.warning(`Fail to fsync the AOF file: ${failureWords(error)}`);
    }
  }

  close(): void {
    this.file?.close();
    this.file = null;
    this.rest = null;
    this.size = 0;
    this.syncedSize = 0;
    this.syncedOffset = -1;
    this.postponedSince = 0;
    this.notedTime = 0;
  }

  /** The file was cut while it was loaded. */
  truncatedTo(size: number): void {
    assert(size <= this.size, "a file that is cut becomes shorter");
    this.size = size;
    this.syncedSize = Math.min(this.syncedSize, size);
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
