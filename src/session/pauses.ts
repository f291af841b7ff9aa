/**
 * What has clients wait: CLIENT PAUSE, a shutdown that waits for its replicas, a failover. Each of these purposes has a pause of its own, with
 * its end and with how much it holds; what holds most counts. While any is in force the data stands still: nothing expires, is evicted or
 * is asked of replicas, so that the replication offset stands still, too. Source: pauseActions, updatePausedActions.
 */

import { type Alarm, type Clock, systemClock } from "../base/clock.ts";
import type { PostponedClients } from "./postponed.ts";

/** How much a pause holds: nothing, commands that may write or reach replicas, all commands. */
export const PauseLevel = { NONE: 0, WRITE: 1, ALL: 2 } as const;
export type PauseLevel = (typeof PauseLevel)[keyof typeof PauseLevel];

/** The purposes, in the words of INFO. */
const PURPOSES = ["client_pause", "shutdown_in_progress", "failover_in_progress"] as const;
export type PausePurpose = (typeof PURPOSES)[number];

/** The end of a pause that only `end` ends, in ms since 1970. */
export const NO_END = Number.MAX_SAFE_INTEGER;

const LEVEL_WORDS = ["none", "write", "all"] as const;

interface Pause {
  level: PauseLevel;
  /** In ms since 1970; 0 while there is none. */
  until: number;
}

function noPause(): Pause {
  return { level: PauseLevel.NONE, until: 0 };
}

/** What INFO says of the pause that counts. */
export interface PauseSummary {
  readonly reason: PausePurpose | "none";
  readonly actions: (typeof LEVEL_WORDS)[number];
  readonly milliseconds: number;
}

export class Pauses {
  /** The level in force. */
  level: PauseLevel = PauseLevel.NONE;
  private readonly pauses: Readonly<Record<PausePurpose, Pause>> = {
    client_pause: noPause(),
    shutdown_in_progress: noPause(),
    failover_in_progress: noPause(),
  };
  private readonly postponed: PostponedClients;
  private readonly changed: () => void;
  private readonly clock: Clock;
  private alarm: Alarm | null = null;

  /** `changed`: another level is in force. */
  constructor(postponed: PostponedClients, changed: () => void, clock: Clock = systemClock) {
    this.postponed = postponed;
    this.changed = changed;
    this.clock = clock;
  }

  /** Whether anything waits, and the data stands still. */
  get active(): boolean {
    return this.level !== PauseLevel.NONE;
  }

  /** The pause that counts: of those that hold most, the one that ends last. */
  get summary(): PauseSummary {
    let reason: PausePurpose | "none" = "none";
    let last = 0;
    for (const purpose of PURPOSES) {
      const { level, until } = this.pauses[purpose];
      if (!this.active || level !== this.level || until <= last) continue;
      reason = purpose;
      last = until;
    }
    return { reason, actions: LEVEL_WORDS[this.level], milliseconds: Math.max(0, last - this.clock.now()) };
  }

  /** Whether there is a pause for this purpose. */
  has(purpose: PausePurpose): boolean {
    return this.pauses[purpose].level !== PauseLevel.NONE;
  }

  /**
   * Begins a pause until `until`, in ms since 1970. One for the same purpose that is in force has its level changed and is never cut short.
   */
  begin(purpose: PausePurpose, level: PauseLevel, until: number): void {
    const pause = this.pauses[purpose];
    pause.level = level;
    pause.until = Math.max(pause.until, until);
    this.update();
  }

  /** CLIENT PAUSE: likewise, and what holds everything goes on to. */
  beginForClients(level: PauseLevel, until: number): void {
    const { level: former } = this.pauses.client_pause;
    this.begin("client_pause", former === PauseLevel.ALL ? former : level, until);
  }

  /** Ends the pause for this purpose, if there is one. */
  end(purpose: PausePurpose): void {
    Object.assign(this.pauses[purpose], noPause());
    this.update();
  }

  /** Decides again which level is in force: a pause has begun, ended or come to its end. */
  private update(): void {
    const before = this.level;
    const now = this.clock.now();
    let soonest = NO_END;
    let level: number = PauseLevel.NONE;
    for (const purpose of PURPOSES) {
      const pause = this.pauses[purpose];
      if (pause.until <= now) Object.assign(pause, noPause());
      else {
        level = Math.max(level, pause.level);
        soonest = Math.min(soonest, pause.until);
      }
    }
    this.level = level as PauseLevel;
    this.setAlarm(soonest);
    if (this.level !== before) this.changed();
    if (this.level < before) this.postponed.release();
  }

  private setAlarm(until: number): void {
    this.stop();
    if (until !== NO_END) this.alarm = this.clock.wake(until, () => this.update());
  }

  /** The server stops. */
  stop(): void {
    this.alarm?.cancel();
    this.alarm = null;
  }
}
