/**
 * One full synchronisation on the replica's side: from the first byte behind the handshake until the master's data is in the keyspace. As directive
 * repl-diskless-load says, the image is kept in a file until it is complete, so that what the replica has is served as long as the master may still fail, or it is
 * read as it comes, for which there must be nothing to lose.
 */

import type { Spool } from "../../snapshot/spool.ts";
import { type ImageTaker, Payload, PayloadError } from "../master/payload.ts";
import type { ReplicationParts } from "../parts.ts";
import { MasterImage } from "./image-load.ts";

/** What a transfer needs of the link that it comes over. */
export interface TransferHost {
  readonly parts: ReplicationParts;
  /** The data that was there is about to go. */
  beforeLoad(): void;
  /** The image is being loaded from now on. */
  loading(): void;
  /** All is loaded; the master's stream goes on with database `database` selected. `rest` holds what has come of it while a file was loaded. */
  loaded(database: number, rest: readonly Buffer[]): void;
  /** Nothing came of it; the reason has been logged. */
  failed(): void;
  /** Asks the socket to rest, and to go on. */
  pause(): void;
  resume(): void;
}

export class Transfer {
  readonly payload: Payload;
  private readonly host: TransferHost;
  private spool: Spool | null = null;
  private image: MasterImage | null = null;
  private readonly rest: Buffer[] = [];
  private over = false;

  constructor(host: TransferHost) {
    this.host = host;
    this.payload = new Payload({ begin: (size, marked) => this.begin(size, marked) });
  }

  /** Whether the master's data is on its way into the keyspace, and the former is gone. */
  get loading(): boolean {
    return this.image !== null;
  }

  /** Takes in what follows chunk[from]. -> the offset up to which bytes were used; what follows is the stream. */
  receive(chunk: Buffer, from: number): number {
    const { payload, host } = this;
    if (payload.finished) return this.keep(chunk, from);
    let at = from;
    let database = -1;
    try {
      at = payload.receive(chunk, from, chunk.length);
      if (payload.finished && this.image !== null) database = this.complete(this.image);
    } catch (error) {
      this.fail(error, "socket");
      return chunk.length;
    }
    if (database !== -1) host.loaded(database, []);
    if (this.spool === null) return at;
    if (!payload.finished) {
      if (!this.spool.ready()) host.pause();
      return at;
    }
    host.pause();
    void this.loadFile(this.spool);
    return this.keep(chunk, at);
  }

  private keep(chunk: Buffer, from: number): number {
    if (from < chunk.length) this.rest.push(chunk.subarray(from));
    return chunk.length;
  }

  /** Gives up. What was loaded half-way goes, and so does the file; data that was not touched yet stays. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    this.spool?.discard();
    this.image?.abort();
    this.image = null;
  }

  private begin(size: number, marked: boolean): ImageTaker {
    const { log, persistence } = this.host.parts;
    const direct = this.readsFromSocket;
    log.notice(
      `MASTER <-> REPLICA sync: receiving ${marked ? "streamed RDB from master with EOF" : `${size} bytes from master`} to ${direct ? "parser" : "disk"}`,
    );
    if (direct) return this.beginLoad(size);
    this.spool = persistence.spool({
      room: () => {
        if (!this.over && !this.payload.finished) this.host.resume();
      },
      failed: (error) => {
        // Once all is in, who waits for the file hears of it.
        if (!this.payload.finished) this.fail(error, "disk");
      },
    });
    return this.spool;
  }

  private get readsFromSocket(): boolean {
    const { config, keyspace } = this.host.parts;
    // `swapdb` keeps the old data until the new is there. There is one keyspace, and memory for one: the new waits on the disk, not beside the old in memory.
    return config.values["repl-diskless-load"] === "on-empty-db" && keyspace.keyCount === 0;
  }

  private beginLoad(size: number): MasterImage {
    const { host } = this;
    const { log } = host.parts;
    host.beforeLoad();
    log.notice("MASTER <-> REPLICA sync: Flushing old data");
    this.image = new MasterImage(host.parts, size);
    log.notice("MASTER <-> REPLICA sync: Loading DB in memory");
    host.loading();
    return this.image;
  }

  private async loadFile(spool: Spool): Promise<void> {
    const { config, persistence } = this.host.parts;
    const size = this.payload.received;
    let database = -1;
    try {
      const file = await spool.complete(size);
      // What is being saved must not replace the file later.
      await persistence.cancelBackgroundSave();
      if (!this.over) await spool.keepAs(file, config.values.dbfilename);
      if (this.over) return await file.close();
      const image = this.beginLoad(size);
      await persistence.feed(file, image, () => this.over);
      if (!this.over) database = this.complete(image);
      persistence.removeMasterFile();
    } catch (error) {
      if (this.loading) persistence.removeMasterFile();
      if (!this.over) this.fail(error, "disk");
    } finally {
      spool.discard();
    }
    if (database !== -1) this.host.loaded(database, this.rest);
  }

  /** -> the database that the stream has selected. Errors: the image is not complete. */
  private complete(image: MasterImage): number {
    const database = image.complete();
    this.over = true;
    this.image = null;
    return database;
  }

  private fail(error: unknown, source: "socket" | "disk"): void {
    const { log } = this.host.parts;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof PayloadError || !this.loading) log.warning(reason);
    else log.warning(`Failed trying to load the MASTER synchronization DB from ${source}: ${reason}`);
    this.abort();
    this.host.failed();
  }
}
