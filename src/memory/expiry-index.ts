/**
 * The index of records that expire, keys or fields of a large hash: a hierarchical timing wheel whose lists run through the records
 * themselves (two words each), so that a key with an expiry costs no entry elsewhere, setting and removing one is O(1), and expired keys
 * are found without sampling.
 *
 * Level 0 has a slot for every tick of 16 ms, each further level slots 256 times as wide. A record whose time is far away waits in a wide
 * slot and moves down when that slot's turn comes. Due lists are emptied record by record, so any number of keys may expire at once without
 * a long stop. Where the narrow levels are empty the wheel turns by wide slots, so that a clock that jumps by months costs no more than one
 * that ticks. When the clock goes back so does the wheel: records stay where they are, and those that are met before their time are put
 * where they belong then.
 */

import { assert } from "../assert.ts";
import type { Table } from "./record-table.ts";

const TICK_MS = 16;
const SLOTS = 256;
const LEVELS = 5;
const WIDTHS = Array.from({ length: LEVELS + 1 }, (_, level) => SLOTS ** level);
/** The list for what lies beyond the last level (557 years). */
const BEYOND = LEVELS * SLOTS;
/** The list for what was due already when it was entered. */
const LATE = BEYOND + 1;
const LISTS = LATE + 1;

/** Words of the expiry extension of a record (memory/record.ts). */
const LOW = 0;
const HIGH = 1;
const PREVIOUS = 2;
const NEXT = 3;

/** How far into a list `earliest` and `random` look. */
const MOST_COMPARED = 32;

const TWO_32 = 2 ** 32;
/** What lies further away counts as this far (a thousand years) in the average, which a few absurd times would make useless otherwise. */
const FAR_MS = 2 ** 45;

export class ExpiryIndex {
  /** How many keys have an expiry. */
  size = 0;
  private readonly table: Table;
  private readonly heads = new Int32Array(LISTS);
  /** How many lists of each level hold something (the last entry: of the two that belong to none). */
  private readonly occupied = new Int32Array(LEVELS + 1);
  /** The tick whose slot is emptied next; nothing due before it is left in any list but LATE. */
  private tick: number;
  /** Whether the wider slots that start at `tick` have been moved down. */
  private cascaded = false;
  /** Records met on the way, to ask `stop()` once every few. */
  private met = 0;
  /** Sum of `distance` over all keys, for the average time to live. */
  private readonly base: number;
  private sum = 0;

  constructor(table: Table, now: number) {
    this.table = table;
    this.tick = Math.floor(now / TICK_MS);
    this.base = now;
  }

  /** The expiry of a record with EXPIRES, in ms since 1970. */
  at(address: number): number {
    return this.table.expiryWord(address, HIGH) * TWO_32 + (this.table.expiryWord(address, LOW) >>> 0);
  }

  /** `at` to the millisecond, where that is more than a number holds (beyond 2^53). */
  exact(address: number): bigint {
    return (BigInt(this.table.expiryWord(address, HIGH)) << 32n) | BigInt(this.table.expiryWord(address, LOW) >>> 0);
  }

  /** Notes the exact int64 time of a record that was entered with the number nearest to it. */
  refine(address: number, at: bigint): void {
    this.table.setExpiryWord(address, LOW, Number(at & 0xffffffffn) | 0);
    this.table.setExpiryWord(address, HIGH, Number(at >> 32n));
    assert(this.at(address) === Number(at), "a refined expiry is the one that was entered");
  }

  /** Enters a record with EXPIRES that is in no list yet; `at` in ms since 1970, up to 2^63. */
  add(address: number, at: number): void {
    // 2^63 is what the largest int64 times round to; `refine` puts that right.
    const high = Math.min(Math.floor(at / TWO_32), 0x7fffffff);
    this.table.setExpiryWord(address, LOW, (at - high * TWO_32) | 0);
    this.table.setExpiryWord(address, HIGH, high);
    this.size++;
    this.sum += this.distance(at);
    this.link(address, at);
  }

  remove(address: number): void {
    assert(this.size > 0, "an expiry that is removed was entered");
    const at = this.at(address);
    this.size--;
    // Sums of doubles gather errors; an empty index forgets them.
    this.sum = this.size === 0 ? 0 : this.sum - this.distance(at);
    this.unlink(address, at);
  }

  /** Gives a record another time. */
  change(address: number, at: number): void {
    this.remove(address);
    this.add(address, at);
  }

  private distance(at: number): number {
    return Math.min(at - this.base, FAR_MS);
  }

  /** The record moved in memory with its links: its neighbours are told. */
  moved(from: number, to: number): void {
    if (from === to) return;
    const next = this.table.expiryWord(to, NEXT);
    const previous = this.table.expiryWord(to, PREVIOUS);
    assert(next === 0 || this.table.expiryWord(next, PREVIOUS) === from, "a record that moves takes its links along");
    if (next !== 0) this.table.setExpiryWord(next, PREVIOUS, to);
    if (previous !== 0) this.table.setExpiryWord(previous, NEXT, to);
    else this.heads[this.listHeadedBy(from, this.at(to))] = to;
  }

  /** Returns the address of one of the keys that expire soonest (to the width of a slot), 0 when none does. */
  earliest(): number {
    if (this.heads[LATE] !== 0) return this.heads[LATE];
    for (let level = 0; level < LEVELS; level++) {
      if (this.occupied[level] === 0) continue;
      const first = Math.floor(this.tick / WIDTHS[level]);
      for (let slot = 0; slot < SLOTS; slot++) {
        const head = this.heads[level * SLOTS + ((first + slot) % SLOTS)];
        if (head !== 0) return this.soonest(head);
      }
    }
    return this.heads[BEYOND];
  }

  /** Of the first records of a list. */
  private soonest(head: number): number {
    let best = head;
    let address = head;
    for (let seen = 0; seen < MOST_COMPARED && address !== 0; seen++) {
      if (this.at(address) < this.at(best)) best = address;
      address = this.table.expiryWord(address, NEXT);
    }
    return best;
  }

  /** Returns the address of a key that expires, chosen at random though not evenly; 0 when none does. */
  random(): number {
    if (this.size === 0) return 0;
    let list = Math.floor(Math.random() * LISTS);
    while (this.heads[list] === 0) list = (list + 1) % LISTS;
    let address = this.heads[list];
    for (let steps = Math.floor(Math.random() * MOST_COMPARED); steps > 0; steps--) {
      const next = this.table.expiryWord(address, NEXT);
      if (next === 0) break;
      address = next;
    }
    return address;
  }

  /** Returns a time before which nothing expires, no more than a slot too early; infinity when nothing ever does. */
  soonestBound(): number {
    if (this.size === 0) return Number.POSITIVE_INFINITY;
    if (this.heads[LATE] !== 0) return 0; // what is in it may be from any time
    let soonest = Number.POSITIVE_INFINITY;
    for (let level = 0; level < LEVELS; level++) {
      if (this.occupied[level] === 0) continue;
      const first = Math.floor(this.tick / WIDTHS[level]);
      let slot = 0;
      while (slot < SLOTS && this.heads[level * SLOTS + ((first + slot) % SLOTS)] === 0) slot++;
      soonest = Math.min(soonest, (first + slot) * WIDTHS[level] * TICK_MS);
    }
    // What lay beyond when it was entered is far away still: no wheel turns for centuries.
    return soonest === Number.POSITIVE_INFINITY ? (this.tick + WIDTHS[LEVELS] / 2) * TICK_MS : soonest;
  }

  /** Bytes that it takes beside the records. */
  get heldBytes(): number {
    return this.heads.byteLength + this.occupied.byteLength;
  }

  /** Average time to live in ms of the keys that expire, 0 when there are none. */
  averageTtl(now: number): number {
    if (this.size === 0) return 0;
    return Math.max(0, Math.round(this.sum / this.size + this.base - now));
  }

  /**
   * Hands out records that are due at `now` (up to a tick later, unless `exact`) to `expire`, which must remove them, until none is left or
   * `stop()` says so (asked every few records). Returns whether all were handed out.
   */
  expireDue(now: number, expire: (address: number) => void, stop: () => boolean, exact = false): boolean {
    const end = Math.floor(now / TICK_MS);
    assert(Number.isSafeInteger(end), "the wheel follows a clock");
    if (end < this.tick) {
      this.tick = end;
      this.cascaded = false;
    }
    if (!this.empty(LATE, end - 1, expire, stop)) return false;
    let turns = 0;
    while (this.tick < end) {
      if (!this.cascaded && !this.cascade(stop)) return false;
      const list = this.slot(this.tick, 0);
      if (this.heads[list] !== 0 && !this.empty(list, this.tick, expire, stop)) return false;
      this.tick = Math.min(this.nextTurn(), end);
      this.cascaded = false;
      if ((++turns & 4095) === 0 && stop()) return false;
    }
    return !exact || this.expireWithin(now, expire, stop);
  }

  /** Likewise those of the tick under way, all others being handed out. */
  private expireWithin(now: number, expire: (address: number) => void, stop: () => boolean): boolean {
    if (!this.cascaded && !this.cascade(stop)) return false;
    const due: number[] = [];
    for (let address = this.heads[this.slot(this.tick, 0)]; address !== 0; address = this.table.expiryWord(address, NEXT)) {
      if (this.at(address) < now) due.push(address);
    }
    for (const address of due) expire(address);
    return true;
  }

  /**
   * Hands out what a list holds that is due up to the end of tick `due`, and puts the rest where it belongs. Returns false when stopped
   * before the end.
   */
  private empty(list: number, due: number, expire: (address: number) => void, stop: () => boolean): boolean {
    for (let address = this.heads[list]; address !== 0; address = this.heads[list]) {
      const at = this.at(address);
      if (Math.floor(at / TICK_MS) <= due) expire(address);
      else this.relink(address, at);
      assert(this.heads[list] !== address, "a key that has expired, or waits elsewhere, is off the list");
      if ((++this.met & 15) === 0 && stop()) return false;
    }
    return true;
  }

  /** The next tick at which a slot that may hold something has its turn; the slot of `tick` itself is empty. */
  private nextTurn(): number {
    let level = 0;
    while (level < LEVELS && this.occupied[level] === 0) level++;
    const turn = (Math.floor(this.tick / WIDTHS[level]) + 1) * WIDTHS[level];
    assert(turn > this.tick, "the wheel turns forward");
    return turn;
  }

  /**
   * Moves the records of the wider slots that begin at `tick` into narrower ones. Returns false when stopped before the end; the rest stays
   * where it is.
   */
  private cascade(stop: () => boolean): boolean {
    let moved = 0;
    for (let level = 1; level < LEVELS && this.tick % WIDTHS[level] === 0; level++) {
      const list = this.slot(this.tick, level);
      for (let address = this.heads[list]; address !== 0; address = this.heads[list]) {
        this.relink(address, this.at(address));
        if ((++moved & 63) === 0 && stop()) return false;
      }
    }
    this.cascaded = true;
    return true;
  }

  private slot(tick: number, level: number): number {
    return level * SLOTS + (Math.floor(tick / WIDTHS[level]) % SLOTS);
  }

  /**
   * Moves a record to the list that its time names now. It is another: a list's turn comes when what it holds is due, or belongs to a
   * narrower level.
   */
  private relink(address: number, at: number): void {
    this.unlink(address, at);
    this.link(address, at);
  }

  private listFor(at: number): number {
    const tick = Math.floor(at / TICK_MS);
    const distance = tick - this.tick;
    if (distance < 0) return LATE;
    let level = 0;
    while (level < LEVELS && distance >= WIDTHS[level + 1]) level++;
    return level === LEVELS ? BEYOND : this.slot(tick, level);
  }

  private link(address: number, at: number): void {
    const list = this.listFor(at);
    const head = this.heads[list];
    if (head === 0) this.occupied[Math.floor(list / SLOTS)]++;
    this.table.setExpiryWord(address, PREVIOUS, 0);
    this.table.setExpiryWord(address, NEXT, head);
    if (head !== 0) this.table.setExpiryWord(head, PREVIOUS, address);
    this.heads[list] = address;
  }

  private unlink(address: number, at: number): void {
    const next = this.table.expiryWord(address, NEXT);
    const previous = this.table.expiryWord(address, PREVIOUS);
    assert(next === 0 || this.table.expiryWord(next, PREVIOUS) === address, "the next in a list names the one before");
    if (next !== 0) this.table.setExpiryWord(next, PREVIOUS, previous);
    if (previous !== 0) {
      this.table.setExpiryWord(previous, NEXT, next);
      return;
    }
    const list = this.listHeadedBy(address, at);
    this.heads[list] = next;
    if (next !== 0) return;
    const level = Math.floor(list / SLOTS);
    this.occupied[level]--;
    assert(this.occupied[level] >= 0, "a level has no fewer lists in use than none");
  }

  /** The list that starts with this record: its slot on one of the levels, or one of the two that belong to none. */
  private listHeadedBy(address: number, at: number): number {
    const tick = Math.floor(at / TICK_MS);
    for (let level = 0; level < LEVELS; level++) {
      const list = this.slot(tick, level);
      if (this.heads[list] === address) return list;
    }
    if (this.heads[LATE] === address) return LATE;
    assert(this.heads[BEYOND] === address, "a record with an expiry is in the list that its time names");
    return BEYOND;
  }
}
