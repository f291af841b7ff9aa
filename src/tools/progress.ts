/** How far a long piece of work is, on one line of a terminal that redraws: percent, bytes, rate, time left. Nothing where there is none. */

const REDRAW_MS = 100;
const CLEAR = "\r\x1b[K";
const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** Bytes for people: 512 B, 1.5 KB, 20 MB. Powers of 1000. */
export function bytesWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Seconds for people: 5s, 2m05s, 1h02m. */
function secondsWords(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
}

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
  private readonly began: number;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.began = this.now();
  }

  /** So many bytes are done. */
  at(done: number): void {
    const { draw, what, total } = this.options;
    if (draw === null) return;
    const now = this.now();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    const seconds = (now - this.began) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
    const left = rate > 0 ? `, ${secondsWords((total - done) / rate)} left` : "";
    draw(`${CLEAR}${what}: ${percent}% (${bytesWords(done)} of ${bytesWords(total)}), ${bytesWords(rate)}/s${left}`);
  }

  /** Takes the line away. */
  over(): void {
    if (this.drawnAt !== Number.NEGATIVE_INFINITY) this.options.draw?.(CLEAR);
  }
}
