/** Pauses between attempts that failed, longer each time, for what reads on after a link is lost. */

import { setTimeout as sleep } from "node:timers/promises";
import { LinkError } from "./errors.ts";
import type { Links } from "./links.ts";

const MOST_ATTEMPTS = 20;
const FIRST_MS = 20;
const LONGEST_MS = 2000;

export class Retries {
  private readonly links: Links;
  private attempts = 0;

  constructor(links: Links) {
    this.links = links;
  }

  /** It succeeded: the next pause is a short one again. */
  reset(): void {
    this.attempts = 0;
  }

  /** Waits, unless there is no sense in another attempt. Returns whether there is. */
  async wait(error: Error): Promise<boolean> {
    if (!(error instanceof LinkError) || this.links.closed || this.attempts === MOST_ATTEMPTS) return false;
    await sleep(Math.min(LONGEST_MS, FIRST_MS * 2 ** this.attempts++) * (0.5 + Math.random() / 2));
    return !this.links.closed;
  }
}
