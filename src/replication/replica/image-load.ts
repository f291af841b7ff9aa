/** The image that a master sends, on its way into the keyspace in place of what was there. */

import type { ImageLoad, ImageSink } from "../../snapshot/load.ts";
import type { ReplicationParts } from "../parts.ts";

export class MasterImage implements ImageSink {
  private readonly parts: ReplicationParts;
  private readonly load: ImageLoad;

  /** Drops the data that was there, as replica-lazy-flush says. `size` is that of the image in bytes, 0 when the master does not say. */
  constructor(parts: ReplicationParts, size: number) {
    this.parts = parts;
    // What a save under way would put in the file is no longer this server's data.
    void parts.persistence.cancelBackgroundSave();
    this.clear();
    // A key whose time has passed is the master's to delete.
    this.load = parts.persistence.beginLoad({ totalBytes: size, dropExpired: false });
  }

  get finished(): boolean {
    return this.load.finished;
  }

  get keysLoaded(): number {
    return this.load.keysLoaded;
  }

  get keysExpired(): number {
    return this.load.keysExpired;
  }

  push(chunk: Uint8Array, from: number, to: number): number {
    return this.load.push(chunk, from, to);
  }

  /** The input is over. -> the database that the master's stream has selected. Errors: the image is not complete. */
  complete(): number {
    const summary = this.load.finish();
    this.parts.persistence.endLoad(summary);
    // No file has this data yet: a save point must see that something happened.
    this.parts.keyspace.changed();
    return summary.history?.streamDb ?? 0;
  }

  /** Leaves the server without data: half of it would be worse than none. */
  abort(): void {
    this.load.abandon();
    this.parts.persistence.endLoad(null);
    this.clear();
  }

  private clear(): void {
    const { keyspace, config } = this.parts;
    keyspace.clear({ sync: !config.values["replica-lazy-flush"] });
  }
}
