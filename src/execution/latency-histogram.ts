/**
 * How long the calls of one command took, in buckets that are at most 3 % wide: what INFO latencystats takes its percentiles from. 7 KiB per command
 * that was ever called. Hot: one run of calls is one store.
 */

/** Values below 2 ** EXACT_BITS have a bucket each; above, every doubling is split into half as many. */
const EXACT_BITS = 6;
const HALF = 1 << (EXACT_BITS - 1);
/** Longer than this counts as this, about 2.1 seconds, in ns. */
const MAX_NS = 0x7fffffff;
const BUCKETS = bucketOf(MAX_NS) + 1;

export class LatencyHistogram {
  /** Calls counted. */
  count = 0;
  private readonly buckets = new Float64Array(BUCKETS);

  /** Counts `calls` calls that took `ns` nanoseconds each. */
  record(ns: number, calls: number): void {
    this.buckets[bucketOf(ns < MAX_NS ? ns | 0 : MAX_NS)] += calls;
    this.count += calls;
  }

  /**
   * Returns the ns that `percent` (0 to 100) of the calls took at most, rounded up to the end of their bucket; 0 percent is the start of
   * the fastest.
   */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.floor((percent / 100) * this.count + 0.5));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.buckets[bucket];
      if (seen >= wanted) return percent === 0 ? startOf(bucket) : startOf(bucket + 1) - 1;
    }
    return 0;
  }
}

function bucketOf(ns: number): number {
  const shift = Math.max(0, 32 - Math.clz32(ns) - EXACT_BITS);
  return shift * HALF + (ns >> shift);
}

function startOf(bucket: number): number {
  if (bucket < 2 * HALF) return bucket;
  const shift = Math.floor(bucket / HALF) - 1;
  return (bucket - shift * HALF) * 2 ** shift;
}
