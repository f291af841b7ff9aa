/** How often something took how long, counted in buckets: what /metrics shows as a histogram. */

/** Upper bounds of the buckets, in seconds; what takes longer has a bucket of its own. */
const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

export class Durations {
  readonly bounds: readonly number[] = BOUNDS;
  /** Of each bucket by itself, the last for what took longer. */
  readonly counts = new Float64Array(BOUNDS.length + 1);
  count = 0;
  seconds = 0;
  longest = 0;

  note(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) bucket++;
    this.counts[bucket]++;
    this.count++;
    this.seconds += seconds;
    if (seconds > this.longest) this.longest = seconds;
  }
}
