/** What goes wrong with a master's data itself, again and again: an image that cannot be taken in, a stream that cannot be run. */

import type { Log } from "../../log.ts";
import { BackOff } from "./back-off.ts";

/** The time without an attempt is the shortest again after a link that held so long, in ms. */
const STEADY_MS = 120_000;

export class Setbacks {
  /** No attempt is made before, in ms since 1970. */
  notBefore = 0;
  /** Why the stream had to be given up, until the link is up again. */
  divergence: string | null = null;
  private readonly log: Log;
  private readonly divergences = new BackOff();
  /** Images that could not be taken in, one after another. */
  private readonly failedLoads = new BackOff();
  private loadFailed = false;
  private connectedAt = 0;

  constructor(log: Log) {
    this.log = log;
  }

  /** The link is up. */
  connected(): void {
    this.connectedAt = Date.now();
    this.loadFailed = false;
    this.failedLoads.reset();
    this.divergence = null;
  }

  /** The image could not be taken in. That may be chance once; what is wrong with the next as well will be wrong with all for a while. */
  loadHasFailed(): void {
    if (this.loadFailed) {
      const delay = this.failedLoads.failed();
      this.notBefore = Date.now() + delay;
      this.log.warning(`This is not the first image that cannot be taken in. The next is asked for in ${Math.ceil(delay / 1000)} s.`);
    }
    this.loadFailed = true;
  }

  /** The stream has to be given up. */
  diverged(reason: string): void {
    const now = Date.now();
    if (now - this.connectedAt > STEADY_MS) this.divergences.reset();
    const delay = this.divergences.failed();
    this.notBefore = now + delay;
    this.divergence = reason;
    this.log.warning(
      `The master's stream is given up, since the data here would not be the same any more. All of it is asked for again in ${Math.ceil(delay / 1000)} s.`,
    );
  }
}
