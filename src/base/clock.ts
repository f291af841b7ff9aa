/**
 * The time that data lives by: when keys expire, how long clients wait, what TIME and the ids of streams say. Each server has one clock. What
 * is about the process (the log, how long commands take, links to other servers) goes by the machine's.
 */

/** How far performance.now() may stray from the wall clock, in ms, before we conclude that the wall clock was set. */
const MAX_DRIFT_MS = 5;
/** The longest pause that a timer can make, in ms. */
export const LONGEST_TIMER_MS = 0x7fffffff;

/** A call that is to come. */
export interface Alarm {
  /** It is not to come any more. Does nothing once it has come. */
  cancel(): void;
}

export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Microseconds since 1970, as exact as the clock tells. */
  microseconds(): number;
  /** Has `callback` called between ticks at `at`, in ms since 1970, or as soon as may be; sooner where that is weeks ahead. */
  wake(at: number, callback: () => void): Alarm;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  microseconds: wallMicroseconds,
  wake(at, callback) {
    const timer = setTimeout(callback, Math.min(LONGEST_TIMER_MS, Math.max(0, at - Date.now())));
    return { cancel: () => clearTimeout(timer) };
  },
};

function wallMicroseconds(): number {
  const wall = Date.now();
  const fine = performance.timeOrigin + performance.now();
  return Math.floor((Math.abs(fine - wall) < MAX_DRIFT_MS ? fine : wall) * 1000);
}
