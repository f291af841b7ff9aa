/** How far performance.now() may stray from the wall clock, in ms, before we conclude that the wall clock was set. */
const MAX_DRIFT_MS = 5;

/** Microseconds since 1970, by the wall clock; as exact as the machine tells. */
export function wallMicroseconds(): number {
  const wall = Date.now();
  const fine = performance.timeOrigin + performance.now();
  return Math.floor((Math.abs(fine - wall) < MAX_DRIFT_MS ? fine : wall) * 1000);
}
