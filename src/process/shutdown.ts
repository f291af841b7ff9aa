/** The way to a clean end: replicas that lag are waited for, the data set is saved where that is wanted, then the server stops. */

import { InvariantError } from "../assert.ts";
import type { ServerParts, ShutdownOptions } from "../execution/server-parts.ts";
import { type Replica, ReplicaState, STATE_WORDS } from "../replication/master/replica.ts";
import { NO_END, PauseLevel } from "../session/pauses.ts";

/** A shutdown that waits for replicas. */
interface Waiting {
  readonly options: ShutdownOptions;
  /** ms since 1970. */
  readonly deadline: number;
  readonly outcome: Promise<boolean>;
  readonly settle: (ended: boolean) => void;
}

export class Shutdown {
  private readonly server: ServerParts;
  private waiting: Waiting | null = null;
  /** What a signal has asked for and the cron has not begun. */
  private asked: {
    readonly options: ShutdownOptions;
    readonly promise: Promise<boolean>;
    readonly resolve: (ended: boolean) => void;
  } | null = null;
  /** The last steps, under way. */
  private ending: Promise<boolean> | null = null;

  constructor(server: ServerParts) {
    this.server = server;
  }

  /** When waiting for replicas ends, in ms since 1970; 0 while no shutdown is under way. */
  get deadline(): number {
    return this.waiting?.deadline ?? 0;
  }

  /** Resolves to true once the server has stopped, to false when it goes on: saving failed, or `abort` was called. */
  begin(options: ShutdownOptions): Promise<boolean> {
    const { config, log, replication, migrations } = this.server;
    const { waiting } = this;
    if (this.ending !== null) return this.ending;
    // Keys on their way are in one place once it is known whether they have arrived.
    if (migrations.active) return new Promise<void>((idle) => migrations.whenIdle(idle)).then(() => this.begin(options));
    if (waiting !== null) {
      // Asked again: a client that does not want to wait need not, every other waits too.
      if (options.now) this.conclude(waiting, options.force);
      return waiting.outcome;
    }
    log.notice("User requested shutdown...");
    const seconds = options.now ? 0 : config.values["shutdown-timeout"];
    if (seconds === 0 || replication.replicas.askLagging().length === 0) return this.finish(options);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.waiting = { options, deadline: Date.now() + seconds * 1000, outcome: promise, settle: resolve };
    this.server.pauses.begin("shutdown_in_progress", PauseLevel.WRITE, NO_END);
    log.notice("Waiting for replicas before shutting down.");
    return promise;
  }

  /** A signal has come: likewise, but not while the cron is paused, so that SHUTDOWN ABORT may come before. */
  beginBySignal(options: ShutdownOptions): Promise<boolean> {
    if (!this.server.housekeeping.paused) return this.begin(options);
    this.asked ??= { options, ...Promise.withResolvers<boolean>() };
    return this.asked.promise;
  }

  /** SHUTDOWN ABORT. Returns whether a shutdown was waiting. */
  abort(): boolean {
    const { waiting, asked } = this;
    if (waiting === null && asked === null) return false;
    this.server.log.notice("Shutdown manually aborted.");
    this.asked = null;
    asked?.resolve(false);
    if (waiting !== null) this.giveUp(waiting);
    return true;
  }

  /** To be called about ten times a second. */
  tick(now: number): void {
    const { waiting, asked } = this;
    if (asked !== null && !this.server.housekeeping.paused) {
      this.asked = null;
      void this.begin(asked.options).then(asked.resolve);
    }
    if (waiting === null || this.ending !== null) return;
    if (now >= waiting.deadline || this.server.replication.replicas.askLagging().length === 0) this.conclude(waiting, false);
  }

  /** No more waiting. */
  private conclude(waiting: Waiting, force: boolean): void {
    void this.finish({ ...waiting.options, force: waiting.options.force || force }).then((ended) => {
      if (ended) waiting.settle(true);
      else if (this.waiting === waiting) this.giveUp(waiting);
    });
  }

  /** The server goes on: who asked is told, and what waited is served. */
  private giveUp(waiting: Waiting): void {
    this.waiting = null;
    waiting.settle(false);
    this.server.pauses.end("shutdown_in_progress");
  }

  private finish(options: ShutdownOptions): Promise<boolean> {
    const ending = this.saveAndStop(options).then((ended) => {
      if (!ended) this.ending = null;
      return ended;
    });
    this.ending = ending;
    return ending;
  }

  private async saveAndStop(options: ShutdownOptions): Promise<boolean> {
    const { config, log, persistence, appendOnly } = this.server;
    this.reportReplicas();
    await persistence.cancelBackgroundSave();
    if (appendOnly.writingInitialFile) {
      log.warning(`Writing initial AOF${options.force ? ". Exit anyway." : ", can't exit."}`);
      if (!options.force) return this.refuse();
    }
    appendOnly.finish();
    // Half a data set must not replace the file that it is loaded from.
    const wanted = options.save === "always" || (options.save === "configured" && config.values.save.length > 0);
    if (wanted && persistence.loading === null) {
      log.notice("Saving the final RDB snapshot before exiting.");
      const saved = await this.save().catch((error: unknown) => {
        if (!(error instanceof InvariantError)) throw error;
        this.server.broken(error);
        return null;
      });
      if (saved === null) return true;
      if (!saved) {
        log.warning(`Error trying to save the DB${options.force ? ". Exit anyway." : ", can't exit."}`);
        if (!options.force) return this.refuse();
      }
    }
    await this.server.stop(0);
    return true;
  }

  /** What clients send meanwhile is served when the server goes on. */
  private async save(): Promise<boolean> {
    const { pauses, persistence } = this.server;
    pauses.begin("shutdown_in_progress", PauseLevel.ALL, NO_END);
    const saved = await persistence.saveFinally();
    if (!saved) pauses.end("shutdown_in_progress");
    return saved;
  }

  /** Returns false: the server goes on. */
  private refuse(): boolean {
    this.server.log.warning("Errors trying to shut down the server. Check the logs for more information.");
    return false;
  }

  private reportReplicas(): void {
    const { log, replication } = this.server;
    const { count, lagging } = replication.replicas;
    if (count === 0) return;
    for (const replica of lagging) log.notice(this.describe(replica));
    log.notice(`${count - lagging.length} of ${count} replicas are in sync when shutting down.`);
  }

  private describe(replica: Replica): string {
    const behind = this.server.replication.offset - replica.acknowledged;
    const lag = replica.state === ReplicaState.ONLINE ? replica.lag(Date.now()) : 0;
    return `Lagging replica ${replica.name} reported offset ${behind} behind master, lag=${lag}, state=${STATE_WORDS[replica.state]}.`;
  }
}
