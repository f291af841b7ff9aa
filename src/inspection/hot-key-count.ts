/** The count of the keys used most that is under way, or was the last one. */

import { HotKeys } from "./hot-keys.ts";

export class HotKeyCount {
  /** Null: there was none, or it has been given up. */
  last: HotKeys | null = null;
  /** Told when one begins or ends. */
  onChange: () => void = () => {};
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** The one under way, or null. */
  get active(): HotKeys | null {
    return this.last !== null && this.last.stoppedAt === 0 ? this.last : null;
  }

  /** Begins one, none being under way. `ms`: for how long; 0: until it is stopped. `clock`: the time in ms since 1970. */
  start(options: { readonly shown: number; readonly ratio: number; readonly ms: number }, clock: () => number): void {
    this.last = new HotKeys(options.shown, options.ratio, clock());
    if (options.ms > 0) this.timer = setTimeout(() => this.stop(clock()), options.ms).unref();
    this.onChange();
  }

  stop(now: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { active } = this;
    if (active === null) return;
    active.stoppedAt = Math.max(now, active.startedAt + 1);
    this.onChange();
  }

  reset(): void {
    this.stop(0);
    this.last = null;
  }
}
