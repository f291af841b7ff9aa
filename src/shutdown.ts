/** The way to a clean end: replicas that lag are waited for, the data set is saved where that is wanted, then the server stops. */

import type { ShutdownOptions } from "./commands/host.ts";
import type { Config } from "./config/config.ts";
import type { Log } from "./log.ts";
import type { Persistence } from "./persistence/persistence.ts";
import type { Clients } from "./session/clients.ts";
import { type Session, SessionKind } from "./session/session.ts";

export interface ShutdownParts {
  readonly config: Config;
  readonly log: Log;
  readonly clients: Clients;
  readonly persistence: Persistence;
  /** How many replicas have not acknowledged everything, having asked them to. */
  laggingReplicas(): number;
  /** Closes everything; the process may exit with `code`. */
  stop(code: number): Promise<void>;
}

interface Request {
  readonly options: ShutdownOptions;
  /** ms since 1970. */
  readonly deadline: number;
  readonly held: readonly Session[];
  readonly settle: (ended: boolean) => void;
}

export class Shutdown {
  private readonly parts: ShutdownParts;
  private request: Request | null = null;
  private over = false;

  constructor(parts: ShutdownParts) {
    this.parts = parts;
  }

  /** When waiting for replicas ends, in ms since 1970; 0 while no shutdown is under way. */
  get deadline(): number {
    return this.request?.deadline ?? 0;
  }

  /** -> resolved with true once the server has stopped, false when it goes on: saving failed, or `abort` was called. */
  begin(options: ShutdownOptions): Promise<boolean> {
    const { config, log } = this.parts;
    if (this.over) return Promise.resolve(true);
    const seconds = options.now ? 0 : config.values["shutdown-timeout"];
    if (this.request !== null) {
      // Asked again: who does not want to wait need not.
      if (options.now) return this.finish(this.request.options);
      return Promise.resolve(false);
    }
    log.warning("User requested shutdown...");
    const lagging = this.parts.laggingReplicas();
    if (seconds === 0 || lagging === 0) return this.finish(options);
    log.notice(`Waiting for replicas before shutting down: ${lagging} lag behind, for at most ${seconds} seconds.`);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.request = { options, deadline: Date.now() + seconds * 1000, held: this.holdClients(), settle: resolve };
    return promise;
  }

  /** SHUTDOWN ABORT. -> whether a shutdown was waiting. */
  abort(): boolean {
    const { request } = this;
    if (request === null) return false;
    this.request = null;
    this.parts.log.warning("Shutdown manually aborted.");
    giveUp(request);
    return true;
  }

  /** To be called about ten times a second. */
  tick(now: number): void {
    const { request } = this;
    if (request === null) return;
    const lagging = this.parts.laggingReplicas();
    if (lagging > 0 && now < request.deadline) return;
    if (lagging > 0) this.parts.log.warning(`${lagging} of the replicas lag behind at shutdown.`);
    this.request = null;
    void this.finish(request.options).then((ended) => {
      if (ended) request.settle(true);
      else giveUp(request);
    });
  }

  /** Clients write nothing more: what they send waits. */
  private holdClients(): Session[] {
    const held = [...this.parts.clients].filter((session) => session.kind === SessionKind.NORMAL);
    for (const session of held) session.link.pause();
    return held;
  }

  private async finish(options: ShutdownOptions): Promise<boolean> {
    const { config, log, persistence } = this.parts;
    const saves =
      options.save === "always" || (options.save === "configured" && config.values.save.length > 0 && persistence.loading === null);
    await persistence.cancelBackgroundSave();
    if (saves) {
      log.notice("Saving the final RDB snapshot before exiting.");
      try {
        persistence.save();
      } catch {
        log.warning(`Error trying to save the DB, ${options.force ? "exiting all the same." : "can't exit."}`);
        if (!options.force) return false;
      }
    }
    this.over = true;
    await this.parts.stop(0);
    return true;
  }
}

/** The server goes on: who asked is told, then the clients that were held are served again. */
function giveUp(request: Request): void {
  request.settle(false);
  setImmediate(() => {
    for (const session of request.held) session.link.resume();
  });
}
