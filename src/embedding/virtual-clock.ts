/** A clock that stands still until it is told to go on. */

import type { Alarm, Clock } from "../base/clock.ts";

interface Pending extends Alarm {
  readonly at: number;
  /** Of those for the same time the one that was set first comes first. */
  readonly order: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  private readonly start: number;
  private time: number;
  private orders = 0;
  /** In no order: there are few, one for each purpose. */
  private readonly alarms = new Set<Pending>();

  /** `now`: in ms since 1970. */
  constructor(now: number) {
    this.start = now;
    this.time = now;
  }

  /** Goes back to its beginning; what was to happen at its time still is. */
  reset(): void {
    this.time = this.start;
  }

  now(): number {
    return this.time;
  }

  microseconds(): number {
    return this.time * 1000;
  }

  wake(at: number, callback: () => void): Alarm {
    const alarm = { at, order: this.orders++, callback, cancel: () => void this.alarms.delete(alarm) };
    this.alarms.add(alarm);
    if (at <= this.time) {
      setImmediate(() => {
        if (this.alarms.delete(alarm)) callback();
      });
    }
    return alarm;
  }

  /** Goes to the next time that something is to happen at, `until` at the latest. Returns what is to be called then, or null: it is `until`. */
  next(until: number): (() => void) | null {
    let first: Pending | null = null;
    for (const alarm of this.alarms) {
      if (alarm.at > until) continue;
      if (first === null || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm;
    }
    this.time = Math.max(this.time, first?.at ?? until);
    if (first === null) return null;
    this.alarms.delete(first);
    return first.callback;
  }
}
