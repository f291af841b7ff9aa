/**
 * Counts values of a wide range with so many significant figures, as HdrHistogram does, and in its buckets: what is printed of it is what
 * redis-benchmark prints. https://github.com/HdrHistogram/HdrHistogram_c
 */

/** In µs: what is less counts as one of the smallest bucket, what is more as this. */
const LOWEST = 10;
const HIGHEST = 3_000_000;

/** A line of a distribution: how many values are `value` or less. */
export interface Step {
  readonly percentile: number;
  readonly value: number;
  readonly cumulative: number;
}

export class Histogram {
  total = 0;
  private readonly counts: Uint32Array;
  private readonly unit = Math.floor(Math.log2(LOWEST));
  private readonly halfMagnitude: number;
  private readonly half: number;
  private readonly mask: number;
  private min = Number.POSITIVE_INFINITY;
  private max = 0;

  constructor(figures: number) {
    this.halfMagnitude = Math.max(Math.ceil(Math.log2(2 * 10 ** figures)), 1) - 1;
    this.half = 2 ** this.halfMagnitude;
    this.mask = (2 * this.half - 1) << this.unit;
    let buckets = 1;
    for (let reach = (2 * this.half) << this.unit; reach <= HIGHEST; reach *= 2) buckets++;
    this.counts = new Uint32Array((buckets + 1) * this.half);
  }

  /** Counts a value, in whole µs, so many times. */
  record(value: number, count: number): void {
    const capped = value < HIGHEST ? value : HIGHEST;
    this.counts[this.indexOf(capped)] += count;
    this.total += count;
    if (capped < this.min && capped !== 0) this.min = capped;
    if (capped > this.max) this.max = capped;
  }

  reset(): void {
    this.counts.fill(0);
    this.total = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
  }

  /** 0 without values. */
  get mean(): number {
    let sum = 0;
    for (let index = 0; index < this.counts.length; index++) {
      if (this.counts[index] > 0) sum += this.counts[index] * (this.lowestOf(index) + Math.floor(this.widthOf(index) / 2));
    }
    return this.total === 0 ? 0 : sum / this.total;
  }

  get lowest(): number {
    return this.total === 0 || this.counts[0] > 0 ? 0 : this.lowestOf(this.indexOf(this.min));
  }

  get highest(): number {
    return this.max === 0 ? 0 : this.highestOf(this.indexOf(this.max));
  }

  percentile(percentile: number): number {
    const wanted = Math.max(Math.floor((percentile / 100) * this.total + 0.5), 1);
    let seen = 0;
    for (let index = 0; index < this.counts.length; index++) {
      seen += this.counts[index];
      if (seen >= wanted) return this.highestOf(index);
    }
    return 0;
  }

  /** The distribution in steps that halve the rest: 50%, 75%, 87.5% and so on. */
  *byPercentile(): Generator<Step> {
    let next = 0;
    let cumulative = 0;
    let value = 0;
    for (let index = 0; index < this.counts.length && cumulative < this.total; index++) {
      cumulative += this.counts[index];
      value = this.highestOf(index);
      while (this.counts[index] > 0 && next <= (100 * cumulative) / this.total && cumulative < this.total) {
        yield { percentile: next, value, cumulative };
        next = after(next);
      }
      if (cumulative === this.total && next <= 100) yield { percentile: next, value, cumulative };
    }
    if (this.total > 0) yield { percentile: 100, value, cumulative };
  }

  /** The distribution in even steps: of 100 µs, and of 1 ms beyond 2 ms. */
  *byTime(): Generator<Step> {
    let step = 100;
    let level = step;
    let index = -1;
    let cumulative = 0;
    while (cumulative < this.total || (index < this.counts.length - 1 && this.lowestOf(index + 1) > this.lowestAt(level))) {
      while (index < 0 || this.lowestOf(index) < this.lowestAt(level)) {
        index++;
        if (index === this.counts.length) return;
        cumulative += this.counts[index];
      }
      const value = this.highestOf(index);
      yield { percentile: (cumulative / this.total) * 100, value, cumulative };
      level += step;
      if (value > 2000) step = 1000;
    }
  }

  private indexOf(value: number): number {
    const bucket = 32 - Math.clz32(value | this.mask) - this.unit - (this.halfMagnitude + 1);
    return ((bucket + 1) << this.halfMagnitude) + ((value >> (bucket + this.unit)) - this.half);
  }

  private lowestAt(value: number): number {
    return this.lowestOf(this.indexOf(value));
  }

  private bucketOf(index: number): number {
    return Math.max((index >> this.halfMagnitude) - 1, 0);
  }

  private lowestOf(index: number): number {
    const within = index < this.half ? index : (index & (this.half - 1)) + this.half;
    return within << (this.bucketOf(index) + this.unit);
  }

  private widthOf(index: number): number {
    return 1 << (this.unit + this.bucketOf(index));
  }

  private highestOf(index: number): number {
    return this.lowestOf(index) + this.widthOf(index) - 1;
  }
}

/** The percentile that is printed after one: half of the rest further. */
function after(percentile: number): number {
  const halvings = Math.floor(Math.log2(100 / (100 - percentile))) + 1;
  return percentile + 100 / 2 ** halvings;
}
