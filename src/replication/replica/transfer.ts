/**
 * One full synchronization on the replica's side: from the first byte behind the handshake until the master's data is in the keyspace. As
 * directive repl-diskless-load says, the image is kept in a file until it is complete, so that what the replica has is served as long as
 * the master may still fail; or it is read as it comes, into a keyspace that has nothing to lose (on-empty-db), or beside the data that is
 * here (swapdb). That stays until the new is complete, and clients are served it where it is an earlier state of the same data set.
 */

import type { FileHandle } from "node:fs/promises";
import { asFailure, assert, guard, guardLater } from "../../assert.ts";
import type { Progress } from "../../progress/progress.ts";
import { type ImageLoad, type ImageLoadRequest, Pace, type Staging } from "../../snapshot/load.ts";
import { deferToLoop } from "../../snapshot/snapshot.ts";
import type { Spool } from "../../snapshot/spool.ts";
import type { ReplicationContext } from "../context.ts";
import type { Replicas } from "../master/master.ts";
import { ImageCommands } from "./image-commands.ts";
import { type ImageTaker, Payload, PayloadError } from "./payload.ts";

const LF = 0x0a;

/** What a transfer tells the link that it comes over. */
export interface TransferEvents {
  /** All is loaded, and the stream goes on with `database` selected; or nothing came of it (null), for a reason in the log. */
  ended(database: number | null): void;
  /** Whether to go on reading from the socket. */
  listen(on: boolean): void;
}

export interface TransferOptions {
  /** The moment that the master has announced an image of; without a name where it does not say. */
  readonly point: { readonly id: string; readonly offset: number };
  /** Whether the data that is here is a state of the data set that the image is of. */
  readonly sameHistory: boolean;
}

export class Transfer {
  readonly payload = new Payload((size, marked) => this.begin(size, marked));
  /** What has come and has not been read: in the end, what follows the image. */
  readonly rest: Buffer[] = [];
  /** Whether the data that was there before is gone. */
  replaced = false;
  private readonly server: ReplicationContext;
  private readonly replicas: Replicas;
  private readonly events: TransferEvents;
  private readonly point: TransferOptions["point"];
  private readonly sameHistory: boolean;
  private spool: Spool | null = null;
  /** While the image comes that is kept in the file. */
  private receiving: Progress | null = null;
  private load: ImageLoad | null = null;
  /** Where an image goes that is read beside the data here. */
  private staging: Staging | null = null;
  private pace: Pace | null = null;
  /** What has come is read later: keys are delayed, or a script is under way, which must find the same data until it ends. */
  private resting = false;
  /** Why nothing more comes, once that is so. */
  private cut: string | null = null;
  private over = false;

  constructor(server: ReplicationContext, replicas: Replicas, events: TransferEvents, { point, sameHistory }: TransferOptions) {
    this.server = server;
    this.replicas = replicas;
    this.events = events;
    this.point = point;
    this.sameHistory = sameHistory;
  }

  /** Takes in what follows chunk[from]. */
  receive(chunk: Buffer, from: number): void {
    if (from >= chunk.length || this.over) return;
    this.rest.push(from === 0 ? chunk : chunk.subarray(from));
    if (!this.resting && !this.payload.finished) this.read();
  }

  /** The connection is gone. Returns whether what has come of the image may be all of it, or is: `ended` will be told then. */
  lost(reason: string): boolean {
    if (!this.payload.finished && !this.resting) return false;
    this.cut = reason;
    return true;
  }

  // ---- reading

  private read(): void {
    const { payload, rest, events } = this;
    while (!payload.finished && rest.length > 0) {
      if (this.spool === null && this.server.executor.busy) return this.restForScript();
      if (!this.readPiece(rest[0])) return;
      const owedMs = this.pace?.owedMs() ?? 0;
      if (owedMs > 0 && !payload.finished) return this.restFor(owedMs);
    }
    if (!payload.finished) {
      if (this.cut !== null) this.fail(new PayloadError(`I/O error trying to sync with MASTER: ${this.cut}`), "socket");
      else if (this.spool?.ready() === false) events.listen(false);
      return;
    }
    if (this.load !== null) return this.completeDirect(this.load);
    assert(this.spool !== null, "an image that is complete is in memory or in a file");
    this.receiving?.end("complete");
    events.listen(false);
    void guardLater(this.loadFile(this.spool), this.server.broken);
  }

  /** Reads some of the first chunk that has come. Returns false when nothing will come of it. */
  private readPiece(chunk: Buffer): boolean {
    const { rest } = this;
    try {
      const used = this.payload.receive(chunk, 0, this.pieceOf(chunk));
      if (used < chunk.length) rest[0] = chunk.subarray(used);
      else rest.shift();
      return true;
    } catch (error) {
      this.fail(error, "socket");
      return false;
    }
  }

  /** Returns how much of a chunk is read at a time: the line before the image, which says how that is read; then all, or what delayed keys allow. */
  private pieceOf(chunk: Buffer): number {
    const { pace, spool } = this;
    if (pace === null && spool === null) return chunk.indexOf(LF) + 1 || chunk.length;
    return pace?.delays === true ? Math.min(chunk.length, pace.pieceBytes) : chunk.length;
  }

  private restFor(ms: number): void {
    this.beginRest();
    deferToLoop(() => this.goOn(), ms);
  }

  private restForScript(): void {
    this.beginRest();
    this.server.executor.whenIdle(() => this.goOn());
  }

  private beginRest(): void {
    this.resting = true;
    this.events.listen(false);
  }

  private goOn(): void {
    if (this.over) return;
    this.resting = false;
    guard(() => this.read(), this.server.broken);
    if (!this.resting && !this.over && !this.payload.finished) this.events.listen(true);
  }

  // ---- ending

  /** Gives up. What was loaded half-way goes, and so does the file; data that was not touched yet stays. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    this.receiving?.end("failed");
    this.spool?.discard();
    const { load, staging } = this;
    if (load === null) return;
    const { persistence, log } = this.server;
    this.load = null;
    load.abandon();
    persistence.endLoad(null);
    // Half of the data would be worse than none.
    if (staging === null) return this.clear();
    this.staging = null;
    log.notice("MASTER <-> REPLICA sync: Discarding temporary DB in background");
    persistence.dropStaged(staging);
  }

  private begin(size: number, marked: boolean): ImageTaker {
    const { log, persistence, config, keyspace } = this.server;
    const mode = config.values["repl-diskless-load"];
    const direct = mode === "swapdb" || (mode === "on-empty-db" && keyspace.keyCount === 0);
    log.notice(
      `MASTER <-> REPLICA sync: receiving ${marked ? "streamed RDB from master with EOF" : `${size} bytes from master`} ${direct ? "to parser" : "to disk"}`,
    );
    if (direct) {
      const load = this.beginLoad(size, { staged: mode === "swapdb" });
      this.pace = new Pace(config, load);
      return load;
    }
    const { payload } = this;
    const done = () => payload.received;
    this.receiving = persistence.progress.begin({ kind: "sync-receive", unit: "bytes", done, total: () => payload.size });
    this.spool = persistence.spool({
      room: () => {
        if (!this.over && !this.payload.finished) this.events.listen(true);
      },
      failed: (error) => {
        // Once all is in, `loadFile` hears of it.
        if (!this.payload.finished) this.fail(error, "disk");
      },
    });
    return this.spool;
  }

  /** The master's data replaces ours from here on: replicas of ours cannot go on from what they have, nor can the append-only file. */
  private leaveHistory(): void {
    const { journal, appendOnly, persistence } = this.server;
    this.replaced = true;
    this.replicas.disconnectAll();
    appendOnly.stop();
    journal.stop();
    // What a save under way would put in the file is no longer this server's data.
    void persistence.cancelBackgroundSave();
  }

  /** `staged`: what is here stays, replicas and append-only file included, until the image is complete. */
  private beginLoad(size: number, { staged }: { staged: boolean }): ImageLoad {
    const { log, persistence, executor } = this.server;
    assert(this.load === null && !this.over, "a transfer loads one image");
    const commands = new ImageCommands(executor, { staged });
    // A key whose time has passed is the master's to delete.
    const request: ImageLoadRequest = {
      kind: "sync-load",
      totalBytes: size,
      dropExpired: false,
      command: (database, words) => commands.run(database, words),
    };
    if (staged) {
      this.staging = persistence.stage();
      this.load = persistence.beginStagedLoad(this.staging, { ...request, served: this.sameHistory });
    } else {
      this.leaveHistory();
      log.notice("MASTER <-> REPLICA sync: Flushing old data");
      this.clear();
      this.load = persistence.beginLoad(request);
    }
    log.notice("MASTER <-> REPLICA sync: Loading DB in memory");
    this.server.stateChanged();
    return this.load;
  }

  private clear(): void {
    const { persistence, config } = this.server;
    persistence.empty({ sync: !config.values["replica-lazy-flush"] });
  }

  private completeDirect(load: ImageLoad): void {
    let database = 0;
    try {
      database = this.complete(load);
    } catch (error) {
      return this.fail(error, "socket");
    }
    this.events.ended(database);
  }

  private async loadFile(spool: Spool): Promise<void> {
    const { config, persistence, executor } = this.server;
    const size = this.payload.received;
    let database: number | null = null;
    let file: FileHandle | null = null;
    try {
      file = await spool.complete(size);
      // What is being saved must not replace the file later.
      await persistence.cancelBackgroundSave();
      if (!this.over) await spool.keepAs(file, config.values.dbfilename);
      while (executor.busy && !this.over) await new Promise<void>((resolve) => executor.whenIdle(resolve));
      if (this.over) return;
      const load = this.beginLoad(size, { staged: false });
      const read = persistence.feed(file, load, () => this.over);
      file = null; // closed by its reader
      await read;
      if (!this.over) database = this.complete(load);
      persistence.removeMasterFile();
    } catch (error) {
      if (this.load !== null) persistence.removeMasterFile();
      if (!this.over) this.fail(error, "disk");
    } finally {
      await file?.close().catch(() => {});
      spool.discard();
    }
    if (database !== null) this.events.ended(database);
  }

  /** Returns the database that the stream has selected. Errors: the image is not complete, or of another moment than the stream goes on from. */
  private complete(load: ImageLoad): number {
    const { persistence, keyspace } = this.server;
    assert(!this.over, "a transfer that was given up has dropped what it had loaded");
    this.checkMoment(load);
    const summary = load.finish();
    if (this.staging !== null) this.swap(this.staging);
    persistence.endLoad(summary);
    // No file of our own has this data yet: a save point must see that something happened.
    keyspace.changed();
    this.over = true;
    this.load = null;
    return summary.history?.streamDb ?? 0;
  }

  /** A Redis or Valkey sends a later state from its file when FLUSHALL saved one just as the image was there: what is between would be run twice. */
  private checkMoment({ history }: ImageLoad): void {
    const { id, offset } = this.point;
    if (history === null || history.id.toLowerCase() !== id.toLowerCase() || history.offset === offset) return;
    throw new PayloadError(`The image from MASTER is of offset ${history.offset}, but ${offset} was announced. It cannot be gone on from.`);
  }

  private swap(staging: Staging): void {
    const { log, persistence } = this.server;
    this.staging = null;
    this.leaveHistory();
    log.notice("MASTER <-> REPLICA sync: Swapping active DB with loaded DB");
    persistence.adoptStaged(staging);
    log.notice("MASTER <-> REPLICA sync: Discarding old DB in background");
  }

  private fail(error: unknown, source: "socket" | "disk"): void {
    const { log } = this.server;
    const reason = asFailure(error).message;
    if (error instanceof PayloadError || this.load === null) log.warning(reason);
    else log.warning(`Failed trying to load the MASTER synchronization DB from ${source}: ${reason}`);
    this.abort();
    this.events.ended(null);
  }
}
