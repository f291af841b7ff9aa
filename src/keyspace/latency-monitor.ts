/**
 * What the server was slow at, by event: of each second in which an event took latency-monitor-threshold or longer the longest, for the last
 * 160 such seconds. LATENCY shows it. Source: latency.c.
 */

/** Of one event so many seconds are kept. */
const SAMPLES = 160;

/** The events that can happen here, by Redis's names. */
export type LatencyEvent =
  | "command"
  | "fast-command"
  | "command-unblocking"
  | "expire-cycle"
  | "expire-del"
  | "eviction-cycle"
  | "eviction-del"
  | "eviction-lazyfree"
  | "aof-write"
  | "aof-write-pending-fsync"
  | "aof-write-active-child"
  | "aof-write-alone"
  | "aof-fsync-always"
  | "aof-fstat"
  | "aof-rename"
  | "active-defrag-cycle";

/** A second (since 1970), and the ms that the event took at most in it. */
interface LatencySample {
  readonly second: number;
  readonly latency: number;
}

export interface LatencySeries {
  /** The oldest first; never empty. */
  readonly samples: LatencySample[];
  /** The longest ever, in ms. */
  longest: number;
}

export class LatencyMonitor {
  /** In ms; 0: nothing is watched. */
  threshold = 0;
  readonly series = new Map<string, LatencySeries>();

  /** Something that may take long begins. Returns what `end` takes: when it did, or 0 while nothing is watched. */
  begin(): number {
    return this.threshold === 0 ? 0 : performance.now();
  }

  /** It is over. */
  end(event: LatencyEvent, began: number): void {
    if (began !== 0) this.note(event, Math.floor(performance.now() - began));
  }

  /** Returns what `run` does, whose time counts as an event. */
  time<Result>(event: LatencyEvent, run: () => Result): Result {
    const began = this.begin();
    const result = run();
    this.end(event, began);
    return result;
  }

  /** An event took so many ms. */
  note(event: LatencyEvent, latency: number): void {
    if (this.threshold === 0 || latency < this.threshold) return;
    const second = Math.floor(Date.now() / 1000);
    const series = this.series.get(event);
    if (series === undefined) {
      this.series.set(event, { samples: [{ second, latency }], longest: latency });
      return;
    }
    const { samples } = series;
    const last = samples[samples.length - 1];
    series.longest = Math.max(series.longest, latency);
    if (last.second !== second) samples.push({ second, latency });
    else if (latency > last.latency) samples[samples.length - 1] = { second, latency };
    if (samples.length > SAMPLES) samples.shift();
  }

  /** Forgets an event, whatever the case of its name, or all of them. Returns how many. */
  reset(event: string | null = null): number {
    const before = this.series.size;
    for (const name of this.series.keys()) if (event === null || name === event.toLowerCase()) this.series.delete(name);
    return before - this.series.size;
  }
}
