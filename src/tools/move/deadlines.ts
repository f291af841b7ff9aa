/**
 * When each key may expire at the target, or a field of it. A write that comes there later than that finds another key than it found at the
 * source, and this table is what tells so: keys by a number made of their names, two of which may share one, and the earlier time then. 16 bytes
 * for each place, half of which are free at least.
 */

const FIRST_PLACES = 1024;
const FREE = 0;
/** No time. */
export const NEVER = Number.POSITIVE_INFINITY;

export class Deadlines {
  private places = new Float64Array(FIRST_PLACES * 2);
  private used = 0;
  /** What counts as the number of a database that was exchanged. */
  private readonly exchanged = new Map<number, number>();

  /** Returns the earliest time, in ms, that is known of a key; NEVER where it has none. */
  get(key: string, db: number): number {
    const at = this.placeOf(this.numberOf(key, db));
    return this.places[at] === FREE ? NEVER : this.places[at + 1];
  }

  set(key: string, db: number, time: number): void {
    const number = this.numberOf(key, db);
    const at = this.placeOf(number);
    if (this.places[at] === FREE) {
      if (time === NEVER) return;
      this.places[at] = number;
      this.used++;
    }
    this.places[at + 1] = time;
    if (this.used * 4 > this.places.length) this.grow();
  }

  /** The databases are exchanged. */
  swap(one: number, other: number): void {
    const { exchanged } = this;
    const former = exchanged.get(one) ?? one;
    exchanged.set(one, exchanged.get(other) ?? other);
    exchanged.set(other, former);
  }

  clear(): void {
    this.places = new Float64Array(FIRST_PLACES * 2);
    this.used = 0;
  }

  /** A number of 53 bits that is not FREE. */
  private numberOf(key: string, db: number): number {
    const hash = Bun.hash.wyhash(key, BigInt(this.exchanged.get(db) ?? db));
    return Number(hash >> 11n) || 1;
  }

  /** Where a key is, or is to be. */
  private placeOf(number: number): number {
    const { places } = this;
    const count = places.length / 2;
    for (let place = number % count; ; place = (place + 1) % count) {
      const at = place * 2;
      if (places[at] === number || places[at] === FREE) return at;
    }
  }

  /** Makes room, and forgets the keys that have no time any more. */
  private grow(): void {
    const before = this.places;
    let kept = 0;
    for (let at = 0; at < before.length; at += 2) if (before[at] !== FREE && before[at + 1] !== NEVER) kept++;
    this.places = new Float64Array(Math.max(FIRST_PLACES * 2, kept * 8));
    this.used = kept;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] === FREE || before[at + 1] === NEVER) continue;
      const place = this.placeOf(before[at]);
      this.places[place] = before[at];
      this.places[place + 1] = before[at + 1];
    }
  }
}
