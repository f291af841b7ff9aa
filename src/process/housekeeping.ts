/** What a server does by itself, between the requests of its clients: the cron's tick and the slices of background work. */

import type { Restrictions } from "../execution/restrictions.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { EvictionState } from "../keyspace/eviction.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { Cron, type SlicedWork } from "./cron.ts";
import type { Shutdown } from "./shutdown.ts";

/** How many clients a tick looks at for timeouts and output limits. */
const CLIENTS_PER_TICK = 200;

export class Housekeeping {
  /** Whether keys are deleted when their time is over, asked for or not: DEBUG SET-ACTIVE-EXPIRE. */
  activeExpiry = true;
  /** DEBUG PAUSE-CRON. */
  paused = false;
  private readonly server: ServerParts;
  private readonly restrictions: Restrictions;
  private readonly ending: Shutdown;
  private readonly cron: Cron;
  private clientCursor: IterableIterator<Session> | null = null;
  private lastSecond = 0;

  constructor(server: ServerParts, restrictions: Restrictions, ending: Shutdown) {
    this.server = server;
    this.restrictions = restrictions;
    this.ending = ending;
    this.cron = new Cron({
      everyTick: () => this.tick(),
      works: this.backgroundWork(),
      broken: (error) => server.broken(error),
      ran: (ms) => server.stats.countCron(Math.round(ms * 1000)),
    });
    server.config.onChange("hz", () => this.start() as undefined);
  }

  /** Runs `hz` times a second from now on. */
  start(): void {
    this.cron.start(this.server.config.values.hz);
  }

  stop(): void {
    this.cron.stop();
  }

  private tick(): void {
    const now = Date.now();
    const { keyspace, stats, appendOnly, persistence, replication, blocked } = this.server;
    keyspace.now = now;
    this.ending.tick(now);
    if (this.paused) return;
    stats.sample(now);
    stats.peakMemory = Math.max(stats.peakMemory, keyspace.usedBytes);
    // One image is written to disk at a time.
    if (!appendOnly.rewriting) persistence.cron();
    appendOnly.cron();
    if (now - this.lastSecond >= 1000) {
      this.lastSecond = now;
      replication.cron(now);
    }
    this.restrictions.update();
    // Keys that were ready while a data set was being loaded.
    blocked.serveBetweenTicks();
    this.lookAfterClients(now);
  }

  private backgroundWork(): readonly SlicedWork[] {
    const { keyspace, config } = this.server;
    return [
      (budgetMs) => {
        if (!this.mayExpire) return true;
        keyspace.now = Date.now();
        return keyspace.expireDue(budgetMs);
      },
      (budgetMs) => !config.values.activerehashing || keyspace.rehash(budgetMs),
      (budgetMs) => keyspace.lazyFree.run(budgetMs),
      () => !keyspace.eviction.needed || !this.restrictions.mayEvict || keyspace.eviction.run() !== EvictionState.RUNNING,
    ];
  }

  /** A replica's keys are its master's to delete. */
  private get mayExpire(): boolean {
    const { keyspace, persistence } = this.server;
    return this.activeExpiry && !this.paused && keyspace.clientExpiryMode === ExpiryMode.DELETE && persistence.loading === null;
  }

  /** A bounded number of clients a tick: idle ones are disconnected, those that do not read are measured. */
  private lookAfterClients(now: number): void {
    for (let looked = 0; looked < CLIENTS_PER_TICK; looked++) {
      this.clientCursor ??= this.server.clients[Symbol.iterator]();
      const next = this.clientCursor.next();
      if (next.done) {
        this.clientCursor = null;
        return;
      }
      const session = next.value;
      session.link.checkOutputLimit(now);
      if (this.isIdle(session, now)) {
        this.server.log.verbose("Closing idle client");
        session.link.destroy();
      }
    }
  }

  private isIdle({ kind, postponed, blocked, lastActive }: Session, now: number): boolean {
    const { timeout } = this.server.config.values;
    return timeout > 0 && kind === SessionKind.NORMAL && !postponed && !blocked && now - lastActive > timeout * 1000;
  }
}
