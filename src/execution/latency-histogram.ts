/**
 * How long the calls of one command took, in buckets that are at most 0.8 % wide: what INFO latencystats and LATENCY HISTOGRAM show. They are
 * those of Redis (hdr_histogram, two digits, up to a second). 24 KiB per command that was ever called. Hot: one run of calls is one store.
 */

/** Values below 2 ** EXACT_BITS have a bucket each; above, every doubling is split into half as many. */
const EXACT_BITS = 8;
const HALF = 1 << (EXACT_BITS - 1);
/** Less and more than this count as this, in ns. */
const MIN_NS = 1;
const MAX_NS = 1_000_000_000;
const BUCKETS = bucketOf(MAX_NS) + 1;
/** The distribution is shown at this many ns, and twice as many, and so on. */
const FIRST_STEP_NS = 1024;

export class LatencyHistogram {
  /** Calls counted. */
  count = 0;
  private readonly buckets = new Float64Array(BUCKETS);

  /** Counts `calls` calls that took `ns` nanoseconds each. */
  record(ns: number, calls: number): void {
    this.buckets[bucketOf(ns < MIN_NS ? MIN_NS : ns < MAX_NS ? ns | 0 : MAX_NS)] += calls;
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

  /** Returns how many calls took so many microseconds at most, in steps of which each is twice the one before; only those that add calls. */
  distribution(): { readonly microseconds: number; readonly calls: number }[] {
    const steps: { microseconds: number; calls: number }[] = [];
    let calls = 0;
    let bucket = 0;
    for (let step = FIRST_STEP_NS; calls < this.count; step *= 2) {
      const before = calls;
      const last = Math.min(bucketOf(step), BUCKETS - 1);
      for (; bucket <= last; bucket++) calls += this.buckets[bucket];
      if (calls > before) steps.push({ microseconds: Math.floor((startOf(last + 1) - 1) / 1000), calls });
    }
    return steps;
  }

  /** Returns how many calls took so many ns at most, in steps of which eight double the time; only those that add calls. */
  steps(): { readonly nanoseconds: number; readonly calls: number }[] {
    const steps: { nanoseconds: number; calls: number }[] = [];
    let calls = 0;
    for (let from = 0; from < BUCKETS && calls < this.count; ) {
      // Where each bucket is 1 ns wide there are fewer than a step wants.
      const to = Math.min(BUCKETS, from + HALF / STEPS);
      const before = calls;
      for (; from < to; from++) calls += this.buckets[from];
      if (calls > before) steps.push({ nanoseconds: startOf(to) - 1, calls });
    }
    return steps;
  }

  /** Counts from 0 again. */
  reset(): void {
    this.count = 0;
    this.buckets.fill(0);
  }
}

/** How many buckets `steps` has for each doubling. */
const STEPS = 8;

function bucketOf(ns: number): number {
  const shift = Math.max(0, 32 - Math.clz32(ns) - EXACT_BITS);
  return shift * HALF + (ns >> shift);
}

function startOf(bucket: number): number {
  if (bucket < 2 * HALF) return bucket;
  const shift = Math.floor(bucket / HALF) - 1;
  return (bucket - shift * HALF) * 2 ** shift;
}
