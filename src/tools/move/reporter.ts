/** What a move tells: lines for people and one that is redrawn on a terminal, or objects for programs. */

import { bytesWords } from "../../progress/words.ts";

const REDRAW_MS = 200;
/** How often a program is told how far it is, in ms. */
const TELL_MS = 1000;
const CLEAR = "\r\x1b[K";

export interface Lag {
  readonly bytes: number;
  readonly seconds: number;
  /** Keys that must be copied again. */
  readonly pending: number;
}

export interface ReporterOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Whether what is complained is seen on a terminal. */
  readonly terminal: boolean;
}

export class Reporter {
  private readonly options: ReporterOptions;
  private toldAt = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(options: ReporterOptions) {
    this.options = options;
  }

  /** Something has happened. */
  say(event: string, facts: Readonly<Record<string, unknown>>, text: string): void {
    const { json, print } = this.options;
    this.wipe();
    print(json ? `${JSON.stringify({ event, ...facts })}\n` : `${text}\n`);
  }

  /** Something that matters only where it is looked for. */
  detail(text: string): void {
    if (this.options.verbose) this.complain(`${text}\n`);
  }

  /** Something that is not as one would wish. */
  complain(text: string): void {
    this.wipe();
    this.options.complain(text);
  }

  /** How far the image is. */
  copying(keys: number, bytes: number): void {
    this.tell("copying", { keys, bytes }, `copying: ${keys} keys, ${bytesWords(bytes)}`);
  }

  /** How far the target is behind. */
  lag({ bytes, seconds, pending }: Lag): void {
    const again = pending === 0 ? "" : `, ${pending} keys to be copied again`;
    this.tell("lag", { bytes, seconds, pending }, `behind by ${bytesWords(bytes)}, ${seconds.toFixed(1)} s${again}`);
  }

  private tell(event: string, facts: Readonly<Record<string, unknown>>, text: string): void {
    const { json, print, complain, terminal } = this.options;
    if (!json && !terminal) return;
    const now = performance.now();
    if (now - this.toldAt < (json ? TELL_MS : REDRAW_MS)) return;
    this.toldAt = now;
    if (json) return print(`${JSON.stringify({ event, ...facts })}\n`);
    this.drawn = true;
    complain(`${CLEAR}${text}`);
  }

  /** Takes the line away that is redrawn. */
  wipe(): void {
    if (this.drawn) this.options.complain(CLEAR);
    this.drawn = false;
  }
}
