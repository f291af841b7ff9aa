/**
 * What happened to the keys of a table, as far as the order of `pairs` and the length depend on it and the table itself does not tell. Most
 * tables need none of it, so it is made when first something is to be noted. Once a script asks for the order it is replayed into a
 * TableOrder (table-order.ts). Hot.
 */

import { KnownOrder } from "./shape.ts";
import { powerOfTwo, SMALL, smallOrder } from "./small-order.ts";
import type { TableOrder } from "./table-order.ts";

/** What happened, beside new keys behind the list. Each note has three parts: how many of those there were, which of these, an operand. */
const GREW = 0; // the list, to that many
const SHRANK = 1; // the list, to that many
export const CAME = 2; // a key had been set to nil, and is set again
export const WENT = 3; // a key was set to nil
export const TOUCHED = 4; // a key was set to nil that had no value: even so Lua finds a place for it
const RESERVED = 5; // that many places in the array part

/** Fewer notes than this are not worth replaying before the order is asked for. */
const FEW = 96;

export class TablePast<Key> {
  /** How many values of the list are nil, and how many of the other keys. */
  holes = 0;
  dead = 0;
  /** How many positive integers are among the other keys, and a bound: none of them that has a value is below. */
  indexes = 0;
  lowest = Number.POSITIVE_INFINITY;
  /** The most that the list has had since the notes were up to date. */
  most = 0;
  /** As large as this Lua's array part is at least, and whether the list was ever larger, as the notes have it. */
  room: number;
  hasOutgrown = false;
  /** How many other keys there were when first something was noted but how the list grew and shrank at its end; -1 for never. */
  tangledAt = -1;
  /** The order, once it was asked for. */
  known: TableOrder<Key> | null = null;
  /** What follows the list, if this could be told without an order. */
  tail: KnownOrder<Key> | null = null;
  private notes: (Key | number)[] | null = null;
  /** Up to where the notes tell of the list. */
  private noted = 0;
  /** As many of the other keys as the order has seen; it reads the next ones from the cursor. Likewise how much of the list. */
  private seen = 0;
  private cursor: Iterator<Key> | null = null;
  private replayed = 0;

  /** `room`: what the constructor asked for. */
  constructor(room: number) {
    this.room = room;
  }

  // ---- what happens

  /** One of the other keys is new: there were `hashed`. `wanted`: as many as the constructor asked for. */
  noteKey(listed: number, hashed: number, wanted: number): void {
    this.noteList(listed, hashed);
    // With more keys than the constructor asked for Lua finds new sizes, which are for what is there now.
    if (this.room > 0 && hashed >= wanted) this.room = Math.min(this.room, powerOfTwo(listed));
  }

  /** A key that is a positive integer is one of the other keys. */
  noteIndex(key: number): void {
    this.indexes++;
    if (key < this.lowest) this.lowest = key;
  }

  /** Something happened to a key. Returns whether there are so many notes that they should be replayed now. */
  note(what: typeof CAME | typeof WENT | typeof TOUCHED, key: Key, listed: number, hashed: number): boolean {
    this.noteList(listed, hashed);
    if (this.tangledAt < 0) this.tangledAt = hashed;
    return this.write(hashed, what, key) > FEW + 3 * (hashed + listed);
  }

  /** The list at the end of a constructor needs that many places. */
  noteReserved(size: number, hashed: number): void {
    this.tangledAt = 0;
    this.write(hashed, RESERVED, size);
  }

  /** Notes how the list grew and shrank at its end since the last time. `hashed`: so many other keys there were before what comes now. */
  noteList(listed: number, hashed: number): void {
    if (listed === this.noted && this.most <= listed) return;
    const top = Math.max(this.most, listed, this.noted);
    if (top > this.room) this.hasOutgrown = true;
    this.write(hashed, GREW, top);
    if (top > listed) this.write(hashed, SHRANK, listed);
    this.noted = listed;
    this.most = listed;
  }

  /** Returns how long the notes are. */
  private write(hashed: number, what: number, operand: Key | number): number {
    this.notes ??= [];
    return this.notes.push(hashed, what, operand);
  }

  /** The list is shorter, or what is behind its end was set to nil: as long as `length` it was. */
  noteLength(length: number): void {
    if (length > this.most) this.most = length;
  }

  // ---- the order

  /** Whether something happened that the order has not seen. */
  isBehind(listed: number, hashed: number): boolean {
    return this.seen !== hashed || this.notes !== null || listed !== this.noted || this.most > listed;
  }

  /** What follows the list, if the keys of the Map tell, and are few; else null. `wanted`: as many as the constructor asked for. */
  tailOf(map: ReadonlyMap<Key, unknown>, listed: number, wanted: number): KnownOrder<Key> | null {
    const { size } = map;
    if (this.indexes > 0 && (size > 1 || listed > 0)) return null;
    if (this.tail !== null && this.tail.keys.length === size) return this.tail;
    if (size > SMALL) return null;
    const keys = [...map.keys()];
    const inOrder = size === 1 ? keys : smallOrder(keys, wanted);
    if (inOrder === null) return null;
    this.tail = new KnownOrder(inOrder);
    return this.tail;
  }

  /** Tells the order what happened. `keys`: the other keys, as they came. */
  replay(order: TableOrder<Key>, keys: readonly Key[] | ReadonlyMap<Key, unknown>, listed: number, hashed: number): void {
    this.noteList(listed, hashed);
    const notes = this.notes ?? [];
    this.notes = null;
    let items = this.replayed;
    for (let place = 0; place < notes.length; place += 3) {
      this.replayKeys(order, keys, notes[place] as number);
      const operand = notes[place + 2] as Key;
      switch (notes[place + 1]) {
        case GREW:
          while (items < (operand as number)) order.set(++items as Key);
          break;
        case SHRANK:
          for (; items > (operand as number); items--) order.unset(items as Key);
          break;
        case CAME:
          order.set(operand);
          break;
        case WENT:
          order.unset(operand);
          break;
        case TOUCHED:
          order.touch(operand);
          break;
        default:
          order.reserve(operand as number);
      }
    }
    this.replayed = items;
    this.replayKeys(order, keys, hashed);
  }

  private replayKeys(order: TableOrder<Key>, keys: readonly Key[] | ReadonlyMap<Key, unknown>, upTo: number): void {
    if (this.seen >= upTo) return;
    if (Array.isArray(keys)) {
      for (; this.seen < upTo; this.seen++) order.set(keys[this.seen] as Key);
      return;
    }
    this.cursor ??= this.unseen(keys as ReadonlyMap<Key, unknown>);
    for (; this.seen < upTo; this.seen++) order.set(this.cursor.next().value as Key);
  }

  private unseen(keys: ReadonlyMap<Key, unknown>): Iterator<Key> {
    const cursor = keys.keys();
    for (let count = 0; count < this.seen; count++) cursor.next();
    return cursor;
  }

  /** The order has seen all there is, and keys may have left the Map since. */
  settle(listed: number, hashed: number): void {
    this.seen = hashed;
    this.cursor = null;
    this.noted = listed;
    this.most = listed;
    this.replayed = listed;
  }

  // ---- tidying up: the order must know all that has happened so far, and `settle` must follow

  /** Keys that were set to nil leave the Map. */
  compact(map: Map<Key, unknown>): void {
    this.indexes = 0;
    this.lowest = Number.POSITIVE_INFINITY;
    for (const [key, value] of map) {
      if (value === undefined) map.delete(key);
      else if (isIndex(key)) this.noteIndex(key);
    }
    this.dead = 0;
  }

  /** Keys that follow the list leave the Map for it. */
  absorb<Value>(list: Value[], map: Map<Key | number, Value>): void {
    let next = list.length + 1;
    for (let value = map.get(next); value !== undefined; value = map.get(++next)) {
      map.delete(next);
      list.push(value);
      this.indexes--;
    }
    this.lowest = this.indexes === 0 ? Number.POSITIVE_INFINITY : next;
  }

  /** What is behind the first hole leaves the list for the Map: queues grow at one end and go away at the other. */
  disband<Value>(list: Value[], map: Map<Key | number, Value>): void {
    const start = list.indexOf(undefined as Value);
    for (let place = start; place < list.length; place++) {
      const value = list[place];
      if (value === undefined) continue;
      if (map.has(place + 1)) this.dead--;
      else this.noteIndex(place + 1);
      map.set(place + 1, value);
    }
    list.length = start;
    this.holes = 0;
  }
}

/** Whether a key might be one of a list. */
export function isIndex(key: unknown): key is number {
  return typeof key === "number" && key >= 1 && Number.isInteger(key);
}
