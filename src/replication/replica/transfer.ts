/**
 * One full synchronization on the replica's side: from the first byte behind the handshake until the master's data is in the keyspace. As
 * directive repl-diskless-load says, the image is kept in a file until it is complete, so that what the replica has is served as long as
 * the master may still fail, or it is read as it comes, for which there must be nothing to lose.
 */

import { Replay } from "../../aof/replay.ts";
import { asFailure, assert, guardLater } from "../../assert.ts";
import type { Database } from "../../keyspace/database.ts";
import { Frame } from "../../protocol/frame.ts";
import type { ImageLoad } from "../../snapshot/load.ts";
import { LoadError } from "../../snapshot/load-handler.ts";
import type { Spool } from "../../snapshot/spool.ts";
import type { ReplicationContext } from "../context.ts";
import type { Replicas } from "../master/master.ts";
import { type ImageTaker, Payload, PayloadError } from "./payload.ts";

const SHOWN_BYTES = 128;

/** What a transfer tells the link that it comes over. */
export interface TransferEvents {
  /** All is loaded, and the stream goes on with `database` selected; or nothing came of it (null), for a reason in the log. */
  ended(database: number | null): void;
  /** Whether to go on reading from the socket. */
  listen(on: boolean): void;
}

export class Transfer {
  readonly payload = new Payload((size, marked) => this.begin(size, marked));
  /** What has come of the stream while a file was loaded. */
  readonly rest: Buffer[] = [];
  /** Whether the data that was there before is gone. */
  replaced = false;
  private readonly server: ReplicationContext;
  private readonly replicas: Replicas;
  private readonly events: TransferEvents;
  private spool: Spool | null = null;
  private load: ImageLoad | null = null;
  /** Runs the commands of the image. */
  private replay: Replay | null = null;
  private over = false;

  constructor(server: ReplicationContext, replicas: Replicas, events: TransferEvents) {
    this.server = server;
    this.replicas = replicas;
    this.events = events;
  }

  /** Whether the master's data is on its way into the keyspace, and what was there is gone. */
  get loading(): boolean {
    return this.load !== null;
  }

  /** Takes in what follows chunk[from]. Returns the offset up to which bytes were used; what follows is the stream. */
  receive(chunk: Buffer, from: number): number {
    const { payload, events } = this;
    if (payload.finished) return this.keep(chunk, from);
    let at = from;
    let database: number | null = null;
    try {
      at = payload.receive(chunk, from, chunk.length);
      if (payload.finished && this.load !== null) database = this.complete(this.load);
    } catch (error) {
      this.fail(error, "socket");
      return chunk.length;
    }
    if (database !== null) events.ended(database);
    if (this.spool === null) return at;
    if (!payload.finished) {
      if (!this.spool.ready()) events.listen(false);
      return at;
    }
    events.listen(false);
    void guardLater(this.loadFile(this.spool), this.server.broken);
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
    if (this.load === null) return;
    this.load.abandon();
    this.server.persistence.endLoad(null);
    // Half of the data would be worse than none.
    this.clear();
    this.load = null;
  }

  private begin(size: number, marked: boolean): ImageTaker {
    const { log, persistence, config, keyspace } = this.server;
    // `swapdb` keeps the old data until the new is there. There is one keyspace, and memory for one: the new waits on the disk, not beside
    // the old in memory.
    const direct = config.values["repl-diskless-load"] === "on-empty-db" && keyspace.keyCount === 0;
    log.notice(
      `MASTER <-> REPLICA sync: receiving ${marked ? "streamed RDB from master with EOF" : `${size} bytes from master`} to ${direct ? "parser" : "disk"}`,
    );
    if (direct) return this.beginLoad(size);
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
  private beginLoad(size: number): ImageLoad {
    const { log, journal, appendOnly, persistence } = this.server;
    assert(this.load === null && !this.over, "a transfer loads one image");
    this.replaced = true;
    this.replicas.disconnectAll();
    appendOnly.stop();
    journal.stop();
    log.notice("MASTER <-> REPLICA sync: Flushing old data");
    // What a save under way would put in the file is no longer this server's data.
    void persistence.cancelBackgroundSave();
    this.clear();
    // A key whose time has passed is the master's to delete.
    this.load = persistence.beginLoad({ totalBytes: size, dropExpired: false, command: (database, words) => this.run(database, words) });
    log.notice("MASTER <-> REPLICA sync: Loading DB in memory");
    this.server.stateChanged();
    return this.load;
  }

  /** Runs a command that stands between the keys of the image. Errors: LoadError when there is no such command. */
  private run(database: Database, words: readonly Buffer[]): void {
    const { executor } = this.server;
    this.replay ??= new Replay(executor, database);
    const { replay } = this;
    replay.select(database);
    replay.begin(false);
    try {
      if (!replay.run(new Frame().encode(words)))
        throw new LoadError(
          `it has the command ${JSON.stringify(words[0].latin1Slice(0, Math.min(words[0].length, SHOWN_BYTES)))}, which is not known here`,
        );
    } finally {
      replay.end();
    }
  }

  private clear(): void {
    const { persistence, config } = this.server;
    persistence.empty({ sync: !config.values["replica-lazy-flush"] });
  }

  private async loadFile(spool: Spool): Promise<void> {
    const { config, persistence } = this.server;
    const size = this.payload.received;
    let database: number | null = null;
    try {
      const file = await spool.complete(size);
      // What is being saved must not replace the file later.
      await persistence.cancelBackgroundSave();
      if (!this.over) await spool.keepAs(file, config.values.dbfilename);
      if (this.over) return await file.close();
      const load = this.beginLoad(size);
      await persistence.feed(file, load, () => this.over);
      if (!this.over) database = this.complete(load);
      persistence.removeMasterFile();
    } catch (error) {
      if (this.loading) persistence.removeMasterFile();
      if (!this.over) this.fail(error, "disk");
    } finally {
      spool.discard();
    }
    if (database !== null) this.events.ended(database);
  }

  /** Returns the database that the stream has selected. Errors: the image is not complete. */
  private complete(load: ImageLoad): number {
    const { persistence, keyspace } = this.server;
    assert(!this.over, "a transfer that was given up has dropped what it had loaded");
    const summary = load.finish();
    persistence.endLoad(summary);
    // No file of our own has this data yet: a save point must see that something happened.
    keyspace.changed();
    this.over = true;
    this.load = null;
    return summary.history?.streamDb ?? 0;
  }

  private fail(error: unknown, source: "socket" | "disk"): void {
    const { log } = this.server;
    const reason = asFailure(error).message;
    if (error instanceof PayloadError || !this.loading) log.warning(reason);
    else log.warning(`Failed trying to load the MASTER synchronization DB from ${source}: ${reason}`);
    this.abort();
    this.events.ended(null);
  }
}
