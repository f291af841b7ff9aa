/** A set of classes of keyspace events, one bit each: Redis's numbers, as EventClass in keyspace/events.ts names them. */
export type EventClasses = number;

type Letters = Readonly<Record<string, EventClasses>>;

/** The classes that the letter A stands for, in the order they are shown: all but new keys and misses. d is for modules. */
const ALL: Letters = { g: 1 << 2, $: 1 << 3, l: 1 << 4, s: 1 << 5, h: 1 << 6, z: 1 << 7, x: 1 << 8, e: 1 << 9, t: 1 << 10, d: 1 << 13 };
const NEW_KEY: Letters = { n: 1 << 14 };
/** Where events are published (keyspace, keyevent), and misses. */
const OTHERS: Letters = { K: 1 << 0, E: 1 << 1, m: 1 << 11 };
const A: Letters = { A: Object.values(ALL).reduce((bits, bit) => bits | bit, 0) };
const BITS: ReadonlyMap<string, EventClasses> = new Map(Object.entries({ ...ALL, ...NEW_KEY, ...OTHERS, ...A }));

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
  const shown = (classes & A.A) === A.A ? { ...A, ...OTHERS } : { ...ALL, ...NEW_KEY, ...OTHERS };
  return Object.keys(shown)
    .filter((letter) => (classes & shown[letter]) !== 0)
    .join("");
}
