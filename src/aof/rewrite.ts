/** Rewrites: the base file of one moment, written from a snapshot in the background to a temporary file. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../log.ts";
import { type FilePlace, SnapshotFile } from "../snapshot/file.ts";
import type { Persistence } from "../snapshot/persistence.ts";
import type { CommandImageOptions } from "../snapshot/sinks/commands.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

export class Rewrite {
  /** ms since 1970. */
  readonly startedAt = Date.now();
  readonly path: string;
  cancelled = false;
  /** Settled when the file is there (null), or why it is not; after a `cancel` it is gone then. */
  readonly settled: Promise<Error | null>;
  /** Settled when what comes of it is in force. */
  ended: Promise<void> = Promise.resolve();
  private readonly snapshot: Snapshot;
  private readonly file: SnapshotFile;

  /** Takes the image of this moment; `commands` is null where that is written in the RDB format. */
  constructor(persistence: Persistence, place: FilePlace, commands: CommandImageOptions | null) {
    this.path = join(place.directory, place.name);
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    this.settled = promise.then(async (error) => {
      progress.end(error === null && !this.cancelled ? "complete" : "failed");
      if (this.cancelled) await rm(this.path, { force: true });
      return error;
    });
    this.file = new SnapshotFile({ ...place, settled: resolve });
    this.snapshot = persistence.baseSnapshot(this.file, commands);
    const progress = persistence.tellSave("aof-rewrite", this.snapshot);
    this.file.start(this.snapshot);
    this.snapshot.start();
  }

  get keys(): { readonly written: number; readonly total: number } {
    return { written: this.snapshot.keysWritten, total: this.snapshot.keysTotal };
  }

  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    const reason = new Error("the rewrite of the append-only file was cancelled");
    this.snapshot.cancel(reason);
    this.file.failed(reason); // the snapshot may be over and the file still on its way to the disk
  }
}

const THRESHOLD = 3;
const MAX_MINUTES = 60;

/** Holds rewrites back that keep failing, as Redis does: after three failures for a minute, then two, four and so on, up to an hour. */
export class RewriteLimit {
  private readonly log: Log;
  private delayMinutes = 0;
  /** When the next one may begin, ms since 1970; 0 while none is held back. */
  private until = 0;

  constructor(log: Log) {
    this.log = log;
  }

  /** Whether a rewrite must not begin now, after so many failures in a row. */
  holds(failures: number, now = Date.now()): boolean {
    if (failures < THRESHOLD) {
      this.delayMinutes = 0;
      this.until = 0;
      return false;
    }
    if (this.until !== 0) {
      if (now < this.until) return true;
      this.until = 0;
      return false;
    }
    this.delayMinutes = Math.min(MAX_MINUTES, this.delayMinutes === 0 ? 1 : this.delayMinutes * 2);
    this.until = now + this.delayMinutes * 60_000;
    this.log.warning(`Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`);
    return true;
  }
}
