/** The way to a clean end: replicas that lag are waited for, the data set is saved where that is wanted, then the server stops. */

import type { AppendOnlyFile } from "../aof/aof.ts";
import type { Config } from "../config/config.ts";
import type { ShutdownOptions } from "../execution/host.ts";
import type { Log } from "../log.ts";
import { type Replica, ReplicaState, STATE_WORDS } from "../replication/master/replica.ts";
import type { Replication } from "../replication/replication.ts";
import type { Persistence } from "../snapshot/persistence.ts";

export interface ShutdownParts {
  readonly config: Config;
  readonly log: Log;
  readonly persistence: Persistence;
  readonly appendOnly: AppendOnlyFile;
  readonly replication: Replication;
  /** Nothing that replicas must hear of happens from now on: writes of clients wait, while everything else is served. */
  pauseWrites(): void;
  /** Writes go on, those that waited first. */
  resumeWrites(): void;
  /** Closes everything; the process may exit with `code`. */
  stop(code: number): Promise<void>;
}

/** A shutdown that waits for replicas. */
interface Waiting {
  readonly options: ShutdownOptions;
  /** ms since 1970. */
  readonly deadline: number;
  readonly outcome: Promise<boolean>;
  readonly settle: (ended: boolean) => void;
}

export class Shutdown {
  private readonly parts: ShutdownParts;
  private waiting: Waiting | null = null;
  /** The last steps, under way. */
  private ending: Promise<boolean> | null = null;

  constructor(parts: ShutdownParts) {
    this.parts = parts;
  }

  /** When waiting for replicas ends, in ms since 1970; 0 while no shutdown is under way. */
  get deadline(): number {
    return this.waiting?.deadline ?? 0;
  }

  /** -> resolved with true once the server has stopped, false when it goes on: saving failed, or `abort` was called. */
  begin(options: ShutdownOptions): Promise<boolean> {
    const { config, log, replication } = this.parts;
    const { waiting } = this;
    if (this.ending !== null) return this.ending;
    if (waiting !== null) {
      // Asked again: who does not want to wait need not, anybody else waits too.
      if (options.now) this.conclude(waiting, options.force);
      return waiting.outcome;
    }
    log.notice("User requested shutdown...");
    const seconds = options.now ? 0 : config.values["shutdown-timeout"];
    if (seconds === 0 || replication.replicas.askLagging().length === 0) return this.finish(options);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.waiting = { options, deadline: Date.now() + seconds * 1000, outcome: promise, settle: resolve };
    this.parts.pauseWrites();
    log.notice("Waiting for replicas before shutting down.");
    return promise;
  }

  /** SHUTDOWN ABORT. -> whether a shutdown was waiting. */
  abort(): boolean {
    const { waiting } = this;
    if (waiting === null) return false;
    this.parts.log.notice("Shutdown manually aborted.");
    this.giveUp(waiting);
    return true;
  }

  /** To be called about ten times a second. */
  tick(now: number): void {
    const { waiting } = this;
    if (waiting === null || this.ending !== null) return;
    if (now >= waiting.deadline || this.parts.replication.replicas.askLagging().length === 0) this.conclude(waiting, false);
  }

  /** No more waiting. */
  private conclude(waiting: Waiting, force: boolean): void {
    const { options } = waiting;
    void this.finish({ ...options, force: options.force || force }).then((ended) => {
      if (ended) waiting.settle(true);
      else if (this.waiting === waiting) this.giveUp(waiting);
    });
  }

  /** The server goes on: who asked is told, and what waited is served. */
  private giveUp(waiting: Waiting): void {
    this.waiting = null;
    waiting.settle(false);
    this.parts.resumeWrites();
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
    const { config, log, persistence, appendOnly } = this.parts;
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
      try {
        persistence.save();
      } catch {
        log.warning(`Error trying to save the DB${options.force ? ". Exit anyway." : ", can't exit."}`);
        if (!options.force) return this.refuse();
      }
    }
    await this.parts.stop(0);
    return true;
  }

  /** -> false: the server goes on. */
  private refuse(): boolean {
    this.parts.log.warning("Errors trying to shut down the server. Check the logs for more information.");
    return false;
  }

  private reportReplicas(): void {
    const { log, replication } = this.parts;
    const { count } = replication.replicas;
    if (count === 0) return;
    const lagging = replication.replicas.askLagging();
    for (const replica of lagging) log.notice(this.describe(replica));
    log.notice(`${count - lagging.length} of ${count} replicas are in sync when shutting down.`);
  }

  private describe(replica: Replica): string {
    const behind = this.parts.replication.offset - replica.acknowledged;
    const lag = replica.state === ReplicaState.ONLINE ? replica.lag(Date.now()) : 0;
    return `Lagging replica ${replica.name} reported offset ${behind} behind master, lag=${lag}, state=${STATE_WORDS[replica.state]}.`;
  }
}
