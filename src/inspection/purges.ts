/** Deletions of many keys at once that were asked for: those staged, under way, and the last ones that are over. */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../log.ts";
import type { User } from "../session/acl/user.ts";
import type { Executor } from "../session/executor.ts";
import { type Hindrance, Purge, type PurgeRequest } from "./purge.ts";
import { type Slices, WalkError } from "./slices.ts";

/** How many may be staged or under way, and how many that are over are remembered. */
const MOST_OPEN = 16;
const MOST_OVER = 32;
/** For how long one waits to be confirmed, in ms. */
const STAGED_MS = 600_000;

export interface PurgesContext {
  readonly executor: Executor;
  readonly log: Log;
  readonly clock: Clock;
  readonly slices: Slices;
  /** How long a confirmed one waits before it begins, in ms. */
  readonly delay: () => number;
  readonly hindrance: Hindrance;
}

export class Purges {
  private readonly context: PurgesContext;
  private purges: Purge[] = [];
  private readonly timers = new Map<Purge, ReturnType<typeof setTimeout>>();
  private lastId = 0;

  constructor(context: PurgesContext) {
    this.context = context;
  }

  /** Those that this user may see, the newest last. */
  list(user: User | null): readonly Purge[] {
    this.look();
    return this.purges.filter((purge) => isOpenTo(purge, user));
  }

  /** Returns null when there is none that this user may see. */
  find(id: number, user: User | null): Purge | null {
    return this.list(user).find((purge) => purge.id === id) ?? null;
  }

  /** Errors: WalkError, when there are too many. */
  stage(request: PurgeRequest): Purge {
    this.look();
    const { clock, executor, hindrance, log } = this.context;
    const open = this.purges.filter((purge) => !purge.isOver).length;
    if (open >= MOST_OPEN) throw new WalkError("Too many purges");
    const purge = new Purge(++this.lastId, request, clock.now(), executor, hindrance);
    this.purges.push(purge);
    log.notice(`Purge ${purge.id} staged by ${nameOf(purge)}: ${request.keys} keys, ${request.bytes} bytes`);
    return purge;
  }

  /** The purge, which is staged, begins after the delay. */
  confirm(purge: Purge): void {
    const { clock, delay, log } = this.context;
    const ms = delay();
    purge.state = "confirmed";
    purge.startsAt = clock.now() + ms;
    log.notice(`Purge ${purge.id} confirmed, it begins in ${ms / 1000} seconds`);
    const timer = setTimeout(() => this.begin(purge), ms);
    this.timers.set(purge, timer);
  }

  private begin(purge: Purge): void {
    this.timers.delete(purge);
    this.look();
    if (purge.state !== "confirmed") return;
    purge.state = "running";
    const { slices, log } = this.context;
    try {
      slices.start({
        wanted: () => purge.wanted(),
        step: (deadline) => purge.step(deadline),
        end: (failure) => {
          purge.end(failure);
          log.notice(`Purge ${purge.id} ${wordsOf(purge)}: ${purge.deleted} keys deleted`);
        },
      });
    } catch (error) {
      if (!(error instanceof WalkError)) throw error;
      purge.finish("ended", error.message);
    }
  }

  /** The purge, which is not over, is called off. */
  cancel(purge: Purge): void {
    this.close(purge, "cancelled", "");
  }

  private close(purge: Purge, state: "cancelled" | "ended", reason: string): void {
    const ran = purge.state === "running";
    clearTimeout(this.timers.get(purge));
    this.timers.delete(purge);
    purge.finish(state, reason);
    // Of one that runs its task says so.
    if (!ran) this.context.log.notice(`Purge ${purge.id} ${wordsOf(purge)}`);
  }

  /** Ends what cannot go on any more, forgets what is long over. */
  look(): void {
    const { hindrance, clock } = this.context;
    for (const purge of this.purges) {
      if (purge.isOver) continue;
      const reason = hindrance(purge);
      if (reason !== null) this.close(purge, "ended", reason);
      else if (purge.state === "staged" && clock.now() - purge.stagedAt > STAGED_MS) this.close(purge, "ended", "it was not confirmed");
    }
    const over = this.purges.filter((purge) => purge.isOver);
    const forgotten = new Set(over.slice(0, Math.max(0, over.length - MOST_OVER)));
    if (forgotten.size > 0) this.purges = this.purges.filter((purge) => !forgotten.has(purge));
  }

  /** Ends and forgets all. */
  clear(): void {
    for (const purge of this.purges) if (!purge.isOver) this.close(purge, "ended", "the server is shutting down");
    this.purges = [];
  }
}

function isOpenTo({ request }: Purge, user: User | null): boolean {
  return user === null || user.isUnrestricted || request.user === user;
}

function nameOf({ request }: Purge): string {
  return request.user === null ? "the server" : `user ${request.user.name}`;
}

function wordsOf({ state, reason }: Purge): string {
  return reason === "" ? state : `${state} (${reason})`;
}
