/** The classes of keyspace events, one bit each (Redis's numbers, so that the letters and the bits of both servers agree). */
export const EVENT_CLASS = {
  keyspace: 1 << 0,
  keyevent: 1 << 1,
  generic: 1 << 2,
  string: 1 << 3,
  list: 1 << 4,
  set: 1 << 5,
  hash: 1 << 6,
  zset: 1 << 7,
  expired: 1 << 8,
  evicted: 1 << 9,
  stream: 1 << 10,
  keyMiss: 1 << 11,
  module: 1 << 13,
  newKey: 1 << 14,
} as const;

/** A set of EVENT_CLASS bits. */
export type EventClasses = number;

/** What the letter A stands for, in the order they are shown: every class of event but new keys and misses. */
const ALL: readonly (readonly [string, number])[] = [
  ["g", EVENT_CLASS.generic],
  ["$", EVENT_CLASS.string],
  ["l", EVENT_CLASS.list],
  ["s", EVENT_CLASS.set],
  ["h", EVENT_CLASS.hash],
  ["z", EVENT_CLASS.zset],
  ["x", EVENT_CLASS.expired],
  ["e", EVENT_CLASS.evicted],
  ["t", EVENT_CLASS.stream],
  ["d", EVENT_CLASS.module],
];
const NEW_KEY: readonly [string, number] = ["n", EVENT_CLASS.newKey];
const OTHERS: readonly (readonly [string, number])[] = [
  ["K", EVENT_CLASS.keyspace],
  ["E", EVENT_CLASS.keyevent],
  ["m", EVENT_CLASS.keyMiss],
];
const ALL_BITS = ALL.reduce((bits, [, bit]) => bits | bit, 0);
const BITS: ReadonlyMap<string, number> = new Map([...ALL, NEW_KEY, ...OTHERS, ["A", ALL_BITS]]);

/** The classes that `letters` name in any order, or null when a letter names none. */
export function parseEventClasses(letters: string): EventClasses | null {
  let classes = 0;
  for (const letter of letters) {
    const bit = BITS.get(letter);
    if (bit === undefined) return null;
    classes |= bit;
  }
  return classes;
}

/** The letters of `classes` in Redis's order. Beside A, the letter n is not shown: Redis 7.2 does the same. */
export function formatEventClasses(classes: EventClasses): string {
  const shown = (classes & ALL_BITS) === ALL_BITS ? [["A", ALL_BITS] as const, ...OTHERS] : [...ALL, NEW_KEY, ...OTHERS];
  return shown
    .filter(([, bit]) => (classes & bit) !== 0)
    .map(([letter]) => letter)
    .join("");
}
