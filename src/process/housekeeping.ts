/** What a server does by itself: the tick of its one timer, and background work in slices, with extra turns where there is much. */

import { guard } from "../assert.ts";
import type { Restrictions } from "../execution/restrictions.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { EvictionState } from "../keyspace/eviction.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { FreeingProgress } from "./freeing-progress.ts";
import { MemoryReturn } from "./memory-return.ts";
import type { Shutdown } from "./shutdown.ts";

/** Longest slice of background work, and the pause between slices while work is left: clients are served meanwhile. In ms. */
const SLICE_MS = 1;
const BETWEEN_SLICES_MS = 2;
/** How many clients a tick looks at for timeouts and output limits. */
const CLIENTS_PER_TICK = 200;

export class Housekeeping {
  /** Whether keys are deleted when their time is over, asked for or not: DEBUG SET-ACTIVE-EXPIRE. */
  activeExpiry = true;
  /** DEBUG PAUSE-CRON. */
  paused = false;
  readonly memory: MemoryReturn;
  private readonly freeing: FreeingProgress;
  private readonly server: ServerParts;
  private readonly restrictions: Restrictions;
  private readonly ending: Shutdown;
  private readonly keepsAlive: boolean;
  private timer: ReturnType<typeof setInterval> | null = null;
  private extra: ReturnType<typeof setTimeout> | null = null;
  private makingRoom = false;
  private clientCursor: IterableIterator<Session> | null = null;
  private lastSecond = 0;

  /** `keepsAlive`: whether the process goes on for as long as this does. */
  constructor(server: ServerParts, restrictions: Restrictions, ending: Shutdown, keepsAlive: boolean) {
    this.server = server;
    this.keepsAlive = keepsAlive;
    this.restrictions = restrictions;
    this.ending = ending;
    this.memory = new MemoryReturn(server);
    this.freeing = new FreeingProgress(server.keyspace.lazyFree, server.progress);
    server.config.onChange("hz", () => this.start() as undefined);
    server.config.onChange("maxmemory", () => this.makeRoom() as undefined);
  }

  /** Runs `hz` times a second from now on; called again, at the new rate. */
  start(): void {
    const { config, broken, stats } = this.server;
    this.stop();
    const pause = 1000 / config.values.hz;
    let due = performance.now() + pause;
    this.timer = setInterval(() => {
      const from = performance.now();
      const late = from - due;
      // The timer goes by when it was called last.
      due = from + pause;
      guard(() => {
        this.tick();
        this.work();
      }, broken);
      stats.countCron(Math.round((performance.now() - from) * 1000), late);
    }, pause);
    if (!this.keepsAlive) this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    if (this.extra !== null) clearTimeout(this.extra);
    this.timer = null;
    this.extra = null;
    this.memory.stop();
  }

  /** The clock was set ahead: what is due by now is done at one go, what is due in this very millisecond too. Nothing else is under way. */
  catchUp(): void {
    const { executor, keyspace, replication, blocked } = this.server;
    this.tick();
    if (executor.busy) return;
    keyspace.now++;
    while (this.mayExpire && !keyspace.expireDue(SLICE_MS, { exact: true }));
    keyspace.tick();
    if (this.activeExpiry && replication.ownDeadlines.waiting) replication.ownDeadlines.sweep();
    blocked.serveBetweenTicks();
  }

  /** Memory is over its limit, and no command may come that would see to it: keys are evicted when what is under way is over. */
  makeRoom(): void {
    if (this.makingRoom || this.timer === null) return;
    this.makingRoom = true;
    setImmediate(() => {
      this.makingRoom = false;
      if (this.timer === null || this.server.executor.busy) return;
      guard(() => {
        if (!this.evict()) this.workSoon();
      }, this.server.broken);
    });
  }

  private tick(): void {
    // Of links and rates, which are the machine's.
    const now = Date.now();
    const { keyspace, stats, appendOnly, persistence, replication, blocked, tracking } = this.server;
    keyspace.tick();
    this.ending.tick(now);
    if (this.paused || this.server.executor.busy) return;
    stats.sample(now);
    stats.peakMemory = Math.max(stats.peakMemory, keyspace.usedBytes);
    // One image is written to disk at a time.
    if (!appendOnly.rewriting) persistence.cron();
    appendOnly.cron();
    this.freeing.look();
    replication.failover.tick(now);
    if (now - this.lastSecond >= 1000) {
      this.lastSecond = now;
      replication.cron(now);
    }
    this.restrictions.update();
    tracking.keepWithinLimit();
    // Keys that were ready while a data set was being loaded.
    blocked.serveBetweenTicks();
    this.lookAfterClients(keyspace.now);
    this.memory.tick(performance.now());
  }

  /** A slice of each background work, and soon another where work is left. */
  private work(): void {
    const { keyspace, config, executor, replication } = this.server;
    if (executor.busy) return;
    let finished = true;
    if (this.mayExpire) {
      keyspace.tick();
      finished = keyspace.expireDue(SLICE_MS);
    }
    if (this.activeExpiry && replication.ownDeadlines.waiting) {
      keyspace.tick();
      replication.ownDeadlines.sweep();
    }
    if (config.values.activerehashing && !keyspace.rehash(SLICE_MS)) finished = false;
    if (!keyspace.lazyFree.run(SLICE_MS)) finished = false;
    if (!this.evict()) finished = false;
    if (!finished) this.workSoon();
  }

  /** Evicts keys for a while if there must be fewer. Returns whether no more are to go, or can. */
  private evict(): boolean {
    return !this.restrictions.mayEvict || this.server.keyspace.eviction.run() !== EvictionState.RUNNING;
  }

  private workSoon(): void {
    if (this.extra !== null || this.timer === null) return;
    this.extra = setTimeout(() => {
      this.extra = null;
      guard(() => this.work(), this.server.broken);
    }, BETWEEN_SLICES_MS);
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
      this.server.clients.memory.look(session, now);
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
