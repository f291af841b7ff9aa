/**
 * The migrations of one server: which keys are on their way, and the exchanges with their targets.
 *
 * Redis stops the whole server while it waits for a target. Here only the client waits, and those whose commands could see or change keys that
 * are on their way, so that these are in one place at a time for all: the requests of others are served. Where nothing may come between, in
 * a transaction, a script or the stream of a master, the whole server waits as in Redis.
 */

import { asFailure, type Broken, guardLater } from "../assert.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { PostponedClients } from "../session/postponed.ts";
import { BlockingExchange } from "./blocking-exchange.ts";
import { exchange, type Order, type Outcome } from "./exchange.ts";
import { KeyParcels, type ParcelOptions } from "./key-parcels.ts";
import { packParcels } from "./parcel-bytes.ts";
import { Targets } from "./targets.ts";

/** What is to be migrated. */
export interface MigrationRequest extends ParcelOptions {
  readonly order: Order;
  readonly database: Database;
  /** Keys that are there. */
  readonly keys: readonly Buffer[];
}

/** What has come of it. */
export interface Migrated {
  /** The keys that the target has and that are still what it was given. */
  readonly taken: readonly Buffer[];
  /** What the client is told, or null when all went well. */
  readonly error: string | null;
}

/** What migrations need of the server. */
export interface MigrationSurroundings {
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly postponed: PostponedClients;
  readonly broken: Broken;
  /** Migrations have begun, or none is under way any more. */
  stateChanged(): void;
}

export class Migrations {
  private readonly server: MigrationSurroundings;
  private readonly targets = new Targets();
  private readonly blocking = new BlockingExchange();
  /** Names of keys on their way, of whichever database; one character a byte. */
  private readonly keys = new Set<string>();
  private running = 0;
  private readonly idleListeners: (() => void)[] = [];
  private stopped = false;

  constructor(server: MigrationSurroundings) {
    this.server = server;
  }

  /** Whether keys are on their way. */
  get active(): boolean {
    return this.running > 0;
  }

  /** Whether a key of this name is on its way. */
  hasKey(name: string): boolean {
    return this.keys.has(name);
  }

  /** Connections to targets, in use or kept: migrate_cached_sockets. */
  get connections(): number {
    return this.targets.size + this.blocking.connections;
  }

  /** Has `listener` called once, when no key is on its way any more. */
  whenIdle(listener: () => void): void {
    this.idleListeners.push(listener);
  }

  /** Migrates while the whole server waits. */
  runNow({ order, database, keys, ...options }: MigrationRequest): Migrated {
    const parcels = new KeyParcels(this.server.keyspace, database, keys, options);
    const packed = packParcels(parcels);
    return migrated(parcels.sent, this.blocking.run(order, packed), () => true);
  }

  /**
   * Begins to migrate. `done` is told between ticks what has come of it, and deletes what is to be deleted before it returns: so long wait
   * those that have to do with these keys.
   */
  begin({ order, database, keys, ...options }: MigrationRequest, done: (result: Migrated) => void): void {
    const { server } = this;
    const parcels = new KeyParcels(server.keyspace, database, keys, options);
    // Nothing that clients do changes them now; what does all the same (their time is over, memory is full) must not be undone.
    const watches = keys.map((key) => server.keyspace.watched.add({ touched: false }, database, key));
    const names = keys.map((key) => key.latin1Slice());
    for (const name of names) this.keys.add(name);
    this.running++;
    server.stateChanged();
    const over = this.exchange(order, parcels).then((outcome) => {
      const untouched = new Map(watches.map((watch) => [watch.key, !watch.watcher.touched]));
      for (const watch of watches) server.keyspace.watched.remove(watch);
      for (const name of names) this.keys.delete(name);
      this.running--;
      if (!this.stopped) this.end(() => done(migrated(parcels.sent, outcome, (key) => untouched.get(key) === true)));
    });
    void guardLater(over, server.broken);
  }

  private end(done: () => void): void {
    const { server } = this;
    server.stateChanged();
    done();
    server.postponed.release();
    if (!this.active) for (const listener of this.idleListeners.splice(0)) listener();
  }

  private async exchange(order: Order, parcels: KeyParcels): Promise<Outcome> {
    try {
      return await exchange(this.targets, order, parcels);
    } catch (error) {
      const reason = asFailure(error);
      this.server.log.warning(`Unexpected exception in a migration: ${reason.stack ?? reason.message}`);
      return { acknowledged: [], error: "ERR internal error in 'migrate', see the server log" };
    }
  }

  /** Closes all connections. */
  stop(): void {
    this.stopped = true;
    this.targets.close();
    this.blocking.stop();
  }
}

function migrated(sent: readonly Buffer[], { acknowledged, error }: Outcome, untouched: (key: Buffer) => boolean): Migrated {
  return { taken: sent.filter((key, index) => acknowledged[index] === true && untouched(key)), error };
}
