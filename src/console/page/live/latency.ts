/** Percentiles between two askings of a histogram that only grows. */

/** How many calls took at most so many nanoseconds: in order, cumulative, steps that no call is in left out. */
type Steps = readonly (readonly [nanoseconds: number, calls: number])[];

export interface Histogram {
  readonly count: number;
  readonly steps: Steps;
}

/** Microseconds that `share` (0.99) of the calls between the two took at most; null: there were none, or the counts began anew. */
export function percentileBetween(before: Histogram, after: Histogram, share: number): number | null {
  const calls = after.count - before.count;
  if (calls <= 0) return null;
  let index = 0;
  let former = 0;
  for (const [bound, count] of after.steps) {
    for (; index < before.steps.length && (before.steps[index]?.[0] ?? 0) <= bound; index++) former = before.steps[index]?.[1] ?? 0;
    if (count - former >= share * calls) return bound / 1000;
  }
  return null;
}
