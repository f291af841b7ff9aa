/** How far a program is, on one line of a terminal that it draws over: percent, amounts, rate, time left. Nothing where there is none. */

import { CLEAR_LINE, redrawn } from "../base/status-line.ts";
import { Rate } from "./rate.ts";
import { type Amounts, amountsWords } from "./words.ts";

const REDRAW_MS = 100;

export interface ProgressLineOptions {
  /** What is being done: "Checking dump.rdb". */
  readonly what: string;
  /** Bytes unless told. */
  readonly unit?: Amounts["unit"];
  /** Of all of it; 0 while that is not known. */
  readonly total: number | (() => number);
  /** Takes what is drawn; null where there is no terminal. */
  readonly draw: ((text: string) => void) | null;
  /** ms of a clock that never goes back. */
  readonly now?: () => number;
}

export class ProgressLine {
  private readonly options: ProgressLineOptions;
  private readonly now: () => number;
  private readonly rate: Rate;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressLineOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.rate = new Rate(this.now());
  }

  /** So much is done. */
  at(done: number): void {
    const { draw, what, unit = "bytes", total } = this.options;
    if (draw === null) return;
    const now = this.now();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    this.rate.sample(done, now);
    const rate = this.rate.perSecond;
    const all = typeof total === "number" ? total : total();
    draw(redrawn(`${what}: ${amountsWords({ unit, done, total: all, rate, bytes: unit === "bytes" ? done : -1, byteRate: rate })}`));
  }

  /** Takes the line away. */
  over(): void {
    if (this.drawnAt !== Number.NEGATIVE_INFINITY) this.options.draw?.(CLEAR_LINE);
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }
}
