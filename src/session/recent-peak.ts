/** The largest of what was seen in the last seconds. */

const SECONDS = 8;

export class RecentPeak {
  private readonly peaks = new Float64Array(SECONDS);
  /** Of which second since 1970 each of them is. */
  private readonly seconds = new Float64Array(SECONDS);

  /** `now` in ms. */
  note(value: number, now: number): void {
    const second = Math.floor(now / 1000);
    const index = second % SECONDS;
    if (this.seconds[index] === second) value = Math.max(value, this.peaks[index]);
    this.seconds[index] = second;
    this.peaks[index] = value;
  }

  /** 0 if nothing was seen. */
  value(now: number): number {
    const second = Math.floor(now / 1000);
    let peak = 0;
    for (let index = 0; index < SECONDS; index++) {
      if (this.seconds[index] > second - SECONDS) peak = Math.max(peak, this.peaks[index]);
    }
    return peak;
  }
}
