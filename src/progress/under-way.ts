/**
 * What is under way in a server: read by INFO and REPLICANT.PROGRESS, told in the log now and then, and shown on the terminal's last line, if
 * there is one. A timer looks at it while there is something; work that lets no timer run calls `tick`.
 */

import type { Log } from "../log.ts";
import { type Ended, Progress, type Work, type WorkKind } from "./progress.ts";

/** How often it is looked at, in ms; and at the terminal, redrawn. */
const LOOK_MS = 200;
/** What takes no longer than this is not shown on the terminal. */
const SHOWN_AFTER_MS = 500;
/** The log has a line when this time is over and a tenth more is done, or when the longer time is; in ms. */
const LOGGED_AFTER_MS = 5000;
const LOGGED_AT_LEAST_MS = 30_000;
const LOGGED_SHARE = 0.1;
const BETWEEN = " | ";

/** What the log has said of one. */
interface Told {
  at: number;
  share: number;
}

export interface UnderWayOptions {
  /** ms of a clock that never goes back. */
  readonly now?: () => number;
}

export class UnderWay {
  private readonly log: Log;
  private readonly now: () => number;
  private readonly running = new Map<Progress, Told>();
  private readonly over = new Map<WorkKind, Ended>();
  private timer: ReturnType<typeof setInterval> | null = null;
  private lookedAt = 0;
  private stopped = false;

  constructor(log: Log, { now = () => performance.now() }: UnderWayOptions = {}) {
    this.log = log;
    this.now = now;
  }

  /** Oldest first. */
  get list(): readonly Progress[] {
    return [...this.running.keys()];
  }

  /** The last of each kind that has ended, the latest last. */
  get ended(): readonly Ended[] {
    return [...this.over.values()];
  }

  /** Work begins; who does it says when it has ended. */
  begin(work: Work): Progress {
    const progress = new Progress(work, this.now, (one, ended) => this.end(one, ended));
    this.running.set(progress, { at: this.now(), share: 0 });
    if (this.timer === null && !this.stopped) {
      this.lookedAt = this.now();
      this.timer = setInterval(() => this.look(), LOOK_MS);
      this.timer.unref();
    }
    return progress;
  }

  private end(progress: Progress, ended: Ended): void {
    if (!this.running.delete(progress)) return;
    this.over.delete(ended.kind); // the latest is to be the last
    this.over.set(ended.kind, ended);
    if (this.running.size > 0) return;
    this.stopLooking();
  }

  /** For work that lets no timer run, now and then. */
  tick(): void {
    if (this.now() - this.lookedAt >= LOOK_MS) this.look();
  }

  /** The server stops: nothing is said or shown any more. */
  stop(): void {
    this.stopped = true;
    this.stopLooking();
  }

  private stopLooking(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.log.showStatus("");
  }

  private look(): void {
    const now = this.now();
    this.lookedAt = now;
    const shown: Progress[] = [];
    for (const [progress, told] of this.running) {
      progress.sample();
      this.tell(progress, told, now);
      if (progress.seconds * 1000 >= SHOWN_AFTER_MS) shown.push(progress);
    }
    this.log.showStatus(this.log.showsStatus ? shown.map(({ words }) => words).join(BETWEEN) : "");
  }

  private tell(progress: Progress, told: Told, now: number): void {
    const ms = now - told.at;
    if (ms < LOGGED_AFTER_MS) return;
    const { done, total } = progress;
    const share = total > 0 ? done / total : 0;
    if (share - told.share < LOGGED_SHARE && ms < LOGGED_AT_LEAST_MS) return;
    told.at = now;
    told.share = share;
    this.log.notice(progress.words);
  }
}
