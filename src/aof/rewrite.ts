/** A rewrite under way: the base file of one moment, written from a snapshot in the background to a temporary file. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SnapshotFile } from "../snapshot/file.ts";
import type { Persistence } from "../snapshot/persistence.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { CommandImageOptions } from "./command-image.ts";

export interface RewriteOptions {
  readonly persistence: Persistence;
  readonly directory: string;
  /** Of the temporary file. */
  readonly name: string;
  readonly incrementalSync: boolean;
  /** Null: in the RDB format. */
  readonly commands: CommandImageOptions | null;
}

export class Rewrite {
  /** ms since 1970. */
  readonly startedAt = Date.now();
  readonly path: string;
  cancelled = false;
  /** Settled when the file is there (null), or why it is not; after a `cancel` it is gone then. */
  readonly settled: Promise<Error | null>;
  private readonly snapshot: Snapshot;
  private readonly file: SnapshotFile;

  /** Takes the image of this moment. */
  constructor({ persistence, directory, name, incrementalSync, commands }: RewriteOptions) {
    this.path = join(directory, name);
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    this.settled = promise.then(async (error) => {
      if (this.cancelled) await rm(this.path, { force: true });
      return error;
    });
    this.file = new SnapshotFile({ directory, name, incrementalSync, settled: resolve });
    this.snapshot = persistence.baseSnapshot(this.file, commands);
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
