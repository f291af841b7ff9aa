/** How fast something goes now: a mean in which what lies a few seconds back counts little. */

const SMOOTHING_MS = 3000;

export class Rate {
  private at: number;
  private done = 0;
  private weightedDone = 0;
  private weightedMs = 0;

  /** `now`: ms of a clock that never goes back, here and below. */
  constructor(now: number) {
    this.at = now;
  }

  /** So much is done in all. */
  sample(done: number, now: number): void {
    const ms = now - this.at;
    if (ms <= 0) return;
    const kept = Math.exp(-ms / SMOOTHING_MS);
    this.weightedMs = this.weightedMs * kept + ms;
    this.weightedDone = this.weightedDone * kept + (done - this.done);
    this.at = now;
    this.done = done;
  }

  get perSecond(): number {
    return this.weightedMs === 0 ? 0 : Math.max(0, (this.weightedDone / this.weightedMs) * 1000);
  }
}
