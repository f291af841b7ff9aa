/** How far a tool is, on one line of a terminal that redraws: percent, bytes, rate, time left. Nothing where there is none. */

import { CLEAR_LINE, redrawn } from "../base/status-line.ts";
import { Rate } from "../progress/rate.ts";
import { amountsWords } from "../progress/words.ts";

export { bytesWords } from "../progress/words.ts";

const REDRAW_MS = 100;

export interface ProgressOptions {
  /** What is being done: "Checking dump.rdb". */
  readonly what: string;
  /** Bytes of all of it. */
  readonly total: number;
  /** Takes what is drawn; null where there is no terminal. */
  readonly draw: ((text: string) => void) | null;
  /** ms of a clock that never goes back. */
  readonly now?: () => number;
}

export class Progress {
  private readonly options: ProgressOptions;
  private readonly now: () => number;
  private readonly rate: Rate;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.rate = new Rate(this.now());
  }

  /** So many bytes are done. */
  at(done: number): void {
    const { draw, what, total } = this.options;
    if (draw === null) return;
    const now = this.now();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    this.rate.sample(done, now);
    const { perSecond } = this.rate;
    draw(redrawn(`${what}: ${amountsWords({ unit: "bytes", done, total, rate: perSecond, bytes: done, byteRate: perSecond })}`));
  }

  /** Takes the line away. */
  over(): void {
    if (this.drawnAt !== Number.NEGATIVE_INFINITY) this.options.draw?.(CLEAR_LINE);
  }
}
