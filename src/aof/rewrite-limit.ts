/**
 * Holds rewrites back that keep failing, each of which leaves an increment behind: after three failures the next one by itself comes a minute later, then two, four and so
 * on, up to an hour. As Redis does.
 */

import type { Log } from "../log.ts";

const THRESHOLD = 3;
const MAX_MINUTES = 60;

export class RewriteLimit {
  private readonly log: Log;
  private delayMinutes = 0;
  /** When the next one may begin, ms since 1970; 0 while none is held back. */
  private until = 0;

  constructor(log: Log) {
    this.log = log;
  }

  /** Whether a rewrite must not begin now, after so many failures in a row. */
  holds(failures: number, now = Date.now()): boolean {
    if (failures < THRESHOLD) {
      this.delayMinutes = 0;
      this.until = 0;
      return false;
    }
    if (this.until !== 0) {
      if (now < this.until) return true;
      this.until = 0;
      return false;
    }
    this.delayMinutes = Math.min(MAX_MINUTES, this.delayMinutes === 0 ? 1 : this.delayMinutes * 2);
    this.until = now + this.delayMinutes * 60_000;
    this.log.warning(`Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`);
    return true;
  }
}
