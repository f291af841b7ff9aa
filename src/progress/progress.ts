/** Something long that is under way, as those see it who look on: they ask, so that it costs the work nothing. */

import { Rate } from "./rate.ts";
import { type Amounts, amountsWords } from "./words.ts";

/** What the log and terminals call each kind of work; REPLICANT.PROGRESS and INFO have its name. */
const TITLES = {
  "load-rdb": () => "Loading DB from disk",
  "load-aof": () => "Loading DB from append only file",
  save: () => "Saving DB on disk",
  bgsave: () => "Background saving",
  "aof-rewrite": () => "Background AOF rewrite",
  "sync-send": (replica: string) => `Synchronization with replica ${replica}`,
  "sync-receive": () => "MASTER <-> REPLICA sync: receiving DB",
  "sync-load": () => "MASTER <-> REPLICA sync: loading DB in memory",
  compare: (server: string) => `Comparison with ${server}`,
  lazyfree: () => "Freeing memory in background",
} as const;

export type WorkKind = keyof typeof TITLES;

/** What is to be done, and how far it is; asked again and again. */
export interface Work {
  readonly kind: WorkKind;
  /** With whom, where there may be several. */
  readonly subject?: string;
  readonly unit: Amounts["unit"];
  readonly done: () => number;
  /** Of all of it; 0 where that is not known (yet). */
  readonly total: () => number;
  /** Bytes that the keys have taken so far, where they are counted. */
  readonly bytes?: () => number;
  /** What else the log says of it. */
  readonly detail?: () => string;
}

/** How work went that has ended. */
export interface Ended {
  readonly kind: WorkKind;
  readonly subject: string;
  readonly unit: Amounts["unit"];
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
  /** ms since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  /** Whether it came to its end; it failed, or was given up. */
  readonly complete: boolean;
}

/** Rates are looked at no more often, in ms. */
const SAMPLE_MS = 100;

export class Progress implements Amounts {
  /** ms since 1970. */
  readonly startedAt = Date.now();
  private readonly work: Work;
  private readonly now: () => number;
  private readonly began: number;
  private sampledAt: number;
  private readonly unitsPerSecond: Rate;
  private readonly bytesPerSecond: Rate;
  private readonly onEnd: (progress: Progress, ended: Ended) => void;

  /** `now`: ms of a clock that never goes back. */
  constructor(work: Work, now: () => number, onEnd: (progress: Progress, ended: Ended) => void) {
    this.work = work;
    this.now = now;
    this.onEnd = onEnd;
    this.began = now();
    this.sampledAt = this.began;
    this.unitsPerSecond = new Rate(this.began);
    this.bytesPerSecond = new Rate(this.began);
  }

  get kind(): WorkKind {
    return this.work.kind;
  }

  get subject(): string {
    return this.work.subject ?? "";
  }

  get unit(): Amounts["unit"] {
    return this.work.unit;
  }

  get done(): number {
    return this.work.done();
  }

  get total(): number {
    return this.work.total();
  }

  get bytes(): number {
    return this.work.unit === "bytes" ? this.done : (this.work.bytes?.() ?? -1);
  }

  get rate(): number {
    this.sample();
    return this.unitsPerSecond.perSecond;
  }

  get byteRate(): number {
    this.sample();
    return this.bytesPerSecond.perSecond;
  }

  /** Since when it has been under way. */
  get seconds(): number {
    return (this.now() - this.began) / 1000;
  }

  /** Looks how fast it is; to be called now and then. */
  sample(): void {
    const now = this.now();
    if (now - this.sampledAt < SAMPLE_MS) return;
    this.sampledAt = now;
    this.unitsPerSecond.sample(this.done, now);
    this.bytesPerSecond.sample(Math.max(0, this.bytes), now);
  }

  /** As the log has it, and terminals. */
  get words(): string {
    const { kind, detail } = this.work;
    const more = detail?.() ?? "";
    return `${TITLES[kind](this.subject)}: ${amountsWords(this)}${more === "" ? "" : `, ${more}`}`;
  }

  /** It is over: it came to its end, or will not. Does nothing when it was over already. */
  end(outcome: "complete" | "failed"): void {
    const { kind, subject, unit, done, total, bytes, startedAt, seconds } = this;
    this.onEnd(this, { kind, subject, unit, done, total, bytes, startedAt, seconds, complete: outcome === "complete" });
  }
}
