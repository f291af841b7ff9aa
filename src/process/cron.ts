/** Background work in slices: the server's one timer, and the extra turns that work gets while it has more to do than a tick allows. */

import { guard, type InvariantError } from "../assert.ts";

/** Longest slice of background work, in ms. */
const SLICE_MS = 1;
/** Pause between slices while work is left: clients are served meanwhile. */
const BETWEEN_SLICES_MS = 2;

/** Does a slice of its work. Returns whether there is nothing left to do for now. */
export type SlicedWork = (budgetMs: number) => boolean;

export class Cron {
  private readonly works: readonly SlicedWork[];
  private readonly everyTick: () => void;
  private readonly ran: (ms: number) => void;
  private readonly broken: (error: InvariantError) => void;
  private timer: ReturnType<typeof setInterval> | null = null;
  private extra: ReturnType<typeof setTimeout> | null = null;

  /** `ran` is told how long a run took, `broken` of an invariant that did not hold in one. */
  constructor(options: {
    everyTick: () => void;
    works: readonly SlicedWork[];
    ran: (ms: number) => void;
    broken: (error: InvariantError) => void;
  }) {
    this.broken = options.broken;
    this.everyTick = options.everyTick;
    this.ran = options.ran;
    this.works = options.works;
  }

  /** Runs `hz` times a second from now on; called again, at the new rate. */
  start(hz: number): void {
    this.stop();
    this.timer = setInterval(() => {
      const from = performance.now();
      guard(() => {
        this.everyTick();
        this.work();
      }, this.broken);
      this.ran(performance.now() - from);
    }, 1000 / hz);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    if (this.extra !== null) clearTimeout(this.extra);
    this.timer = null;
    this.extra = null;
  }

  private work(): void {
    let finished = true;
    for (const work of this.works) if (!work(SLICE_MS)) finished = false;
    if (finished || this.extra !== null || this.timer === null) return;
    this.extra = setTimeout(() => {
      this.extra = null;
      guard(() => this.work(), this.broken);
    }, BETWEEN_SLICES_MS);
  }
}
