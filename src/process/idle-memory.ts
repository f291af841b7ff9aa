/**
 * What the process holds that no one needs while it rests goes back to the system: garbage once nothing has come or gone for a moment, and, soon
 * after the start and then seldom, pages of the program (program-pages.ts) and compiled code. Beside the data, which has its own ways
 * (memory-return.ts). Figures: docs/performance.md.
 */

import { releaseProgramPages } from "./program-pages.ts";

/** What the process does and has. */
export interface Activity {
  /** A count of what is done: bytes that came and went. */
  readonly bytes: () => number;
  /** Bytes of objects in the collected heap. */
  readonly heldBytes: () => number;
}

/** How memory is given back. */
interface Means {
  /** Collects garbage. */
  readonly collect: () => void;
  /** Lets go of compiled code, by and by. */
  readonly dropCode: () => void;
  /** Gives the program's pages back, in steps. */
  readonly dropPages: () => Iterator<unknown>;
}

const MEANS: Means = { collect: () => Bun.gc(true), dropCode: () => Bun.shrink(), dropPages: releaseProgramPages };

/** How often it is asked what was done since; nothing: the process was quiet. */
const LOOK_MS = 2000;
/** Garbage is collected after one quiet look, when so much came and went: each chunk that comes is a buffer of its own. */
const GARBAGE_BYTES = 4 * 1024 * 1024;
/** Code goes after so many: 2 MB of the start, 5 MB of a load. To compile it again takes 0.2 s of processor time. */
const CODE_LOOKS = 3;
/** With more in the heap a collection takes too long (6 ms with nothing): the runtime has its own time for it, and does it in parts. */
const MOST_HELD_BYTES = 256 * 1024 * 1024;
/** Code and pages go once a period. The periods double, since what compiles under load comes later, so that this costs nothing in the long run. */
const FIRST_PERIOD_MS = 15_000;
const LONGEST_PERIOD_MS = 3_600_000;
const SLICE_PAUSE_MS = 2;

export class IdleMemory {
  private readonly activity: Activity;
  private readonly means: Means;
  private seen: number;
  private collected: number;
  private quietLooks = 0;
  private periodMs = FIRST_PERIOD_MS;
  private nextPeriod = 0;
  /** Whether code may still go in this period. */
  private codeIsDue = false;
  /** Code that is let go of touches pages: they go at the next look. */
  private pagesAreDue = false;

  constructor(activity: Activity, means: Means = MEANS) {
    this.activity = activity;
    this.means = means;
    this.seen = activity.bytes();
    this.collected = this.seen;
  }

  /** Looks from now on, for as long as something else keeps the process alive. */
  start(): void {
    setInterval(() => {
      const pages = this.look(performance.now());
      if (pages !== null) goOn(pages);
    }, LOOK_MS).unref();
  }

  /** To be called every LOOK_MS; `now` is in ms. Returns the steps in which pages are to be given back, or null. */
  look(now: number): Iterator<unknown> | null {
    const bytes = this.activity.bytes();
    this.quietLooks = bytes === this.seen ? this.quietLooks + 1 : 0;
    this.seen = bytes;
    if (now >= this.nextPeriod) {
      this.nextPeriod = now + this.periodMs;
      this.periodMs = Math.min(this.periodMs * 2, LONGEST_PERIOD_MS);
      this.codeIsDue = true;
      this.pagesAreDue = true;
    }
    const pages = this.pagesAreDue ? this.means.dropPages() : null;
    this.pagesAreDue = false;
    if (this.activity.heldBytes() < MOST_HELD_BYTES) this.lookAtHeap(bytes);
    return pages;
  }

  private lookAtHeap(bytes: number): void {
    // The counters may have been reset.
    this.collected = Math.min(this.collected, bytes);
    if (this.quietLooks > 0 && bytes - this.collected >= GARBAGE_BYTES) {
      this.collected = bytes;
      this.means.collect();
    } else if (this.quietLooks >= CODE_LOOKS && this.codeIsDue) {
      this.codeIsDue = false;
      this.pagesAreDue = true;
      this.means.dropCode();
    }
  }
}

function goOn(pages: Iterator<unknown>): void {
  try {
    if (pages.next().done !== true) setTimeout(() => goOn(pages), SLICE_PAUSE_MS).unref();
  } catch {
    // No /proc, or one that does not tell: nothing depends on this.
  }
}
