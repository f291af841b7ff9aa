/** How long to wait after failures that are likely to repeat: longer each time, and not all replicas of a master equally long. */

const DEFAULT_BOUNDS = { shortestMs: 1000, longestMs: 60_000 };
const MOST_DOUBLINGS = 30;

export class BackOff {
  private failures = 0;
  private readonly random: () => number;
  private readonly bounds: { readonly shortestMs: number; readonly longestMs: number };

  /** `random` gives numbers from 0 up to 1, without that. */
  constructor(random: () => number = Math.random, bounds = DEFAULT_BOUNDS) {
    this.random = random;
    this.bounds = bounds;
  }

  /**
   * Notes another failure. Returns for how many ms no attempt is to be made: 1 s at first, then some time between half and all of 2 s, of 4 s,
   * and so on up to 60 s, unless other bounds are given.
   */
  failed(): number {
    const { shortestMs, longestMs } = this.bounds;
    const most = Math.min(longestMs, shortestMs * 2 ** Math.min(this.failures++, MOST_DOUBLINGS));
    return Math.max(shortestMs, Math.round((most / 2) * (1 + this.random())));
  }

  /** All is well: the next failure is the first again. */
  reset(): void {
    this.failures = 0;
  }
}
