/** Counters of 64 bits: numbers as long as they are exact, which is always but for those that were set by hand. */

export type Counter = number | bigint;

/** Returns the counter in the form that it is kept in. */
export function counter(value: bigint): Counter {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

/** Returns a + b, wrapped to an int64 as in C. */
export function addCounters(a: Counter, b: Counter): Counter {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return counter(BigInt.asIntN(64, BigInt(a) + BigInt(b)));
}

/** Returns a - b, likewise. */
export function subtractCounters(a: Counter, b: Counter): Counter {
  return addCounters(a, -b);
}
