/**
 * A table: the values of keys 1 to n in an array, all others in a Map. The order of `pairs` and the length of a table with holes are
 * those of Lua's own table: an order (table-order.ts) replays what happened to the keys once they are asked for. Of most tables the Map
 * and the array tell all of it; what they do not tell is noted as it happens. Hot.
 */

import { SMALL, smallOrder } from "./small-order.ts";
import { roundedSize, TableOrder } from "./table-order.ts";
import { LuaError, type LuaValue, type TableValue } from "./value.ts";

export type Key = Exclude<LuaValue, undefined>;

const NO_HASH: Map<Key, LuaValue> = new Map();
const NO_KEYS: readonly Key[] = [];

/** Fewer nil values than this are not worth tidying up. */
const FEW = 32;

/** What happened to keys, beside new ones in the Map. Each note has three parts: the size of the Map then, which of these, and an operand. */
const GREW = 0; // the array, to that many
const SHRANK = 1; // the array, to that many
const CAME = 2; // a key had been set to nil, and is set again
const WENT = 3; // a key was set to nil
const TOUCHED = 4; // a key was set to nil that had no value: even so Lua finds a place for it
const RESERVED = 5; // that many places in the array part

export class LuaTable implements TableValue {
  declare readonly isTable: true;
  /** Values of the keys from 1 on. The last one is never nil; those between may be. Not to be written to directly. */
  array: LuaValue[];
  /** All other keys; never NaN, and no integer that is next to the array. Some values may be nil. Not to be written to directly. */
  hash: Map<Key, LuaValue> = NO_HASH;
  metatable: LuaTable | undefined = undefined;
  /** Scripts cannot write to it. */
  isReadonly = false;
  /** Neither a metatable nor read-only: what most accesses ask. */
  isPlain = true;

  /** What a constructor asked for: places in the array, and pairs. */
  private arraySize: number;
  private readonly hashSize: number;
  /** How many values of the array are nil, and how many of the Map. */
  private holes = 0;
  private dead = 0;
  /** How many positive integers are in the Map, and a bound: none of them that has a value is below. */
  private indexes = 0;
  private lowest = Number.POSITIVE_INFINITY;
  private notes: Key[] | null = null;
  /** Up to where the notes tell of the array, and the most it has had since. */
  private noted = 0;
  private most = 0;
  /** As large as this Lua's array part is at least, and whether the array was ever larger, as the notes have it. */
  private room: number;
  private hasOutgrown = false;
  /** How many keys the Map had when first something was noted but how the array grew and shrank at its end; -1 for never. */
  private tangledAt = -1;
  /** The order, with as many of the Map's keys as it has seen; it reads the next ones from the cursor. */
  private known: TableOrder<Key> | null = null;
  private knownTail = NO_KEYS;
  /** Where `next` was in it. */
  private lastPlace = 0;
  private seen = 0;
  private cursor: Iterator<Key> | null = null;
  /** How many items of the array it has seen. */
  private replayed = 0;

  /**
   * As a constructor makes it that has `arraySize` items in its list, a last one of any number of values not counted, and `hashSize` other
   * ones. `array`: the values of the list, if it is known at once: `seal` must follow if one of them may be nil.
   */
  constructor(arraySize = 0, hashSize = 0, array: LuaValue[] = []) {
    this.arraySize = Math.max(roundedSize(arraySize), array.length);
    this.room = this.arraySize;
    this.hashSize = hashSize;
    this.array = array;
  }

  /** The value of `key`, without metamethods. Hot. */
  get(key: LuaValue): LuaValue {
    if (typeof key === "number") {
      const place = key - 1;
      const { array } = this;
      if (place >= 0 && place < array.length && place === Math.floor(place)) return array[place];
    }
    return this.hash.get(key as Key);
  }

  /** Sets `key` (neither nil nor NaN), without metamethods. Hot. */
  set(key: Key, value: LuaValue): void {
    if (typeof key === "number") this.setNumber(key, value);
    else this.setHashed(key, value);
  }

  private setNumber(key: number, value: LuaValue): void {
    const { array } = this;
    const place = key - 1;
    if (place === array.length) this.push(value);
    else if (place >= 0 && place < array.length && place === Math.floor(place)) {
      if (value === undefined) this.clear(place);
      else if (this.holes > 0 && array[place] === undefined) this.fill(place, value);
      else array[place] = value;
    } else this.setHashed(key, value);
  }

  /** Sets the key behind the array. */
  private push(value: LuaValue): void {
    const { array } = this;
    if (value === undefined) {
      // Even so Lua finds a place for the key.
      if (this.most <= array.length) this.most = array.length + 1;
      return;
    }
    array.push(value);
    if (array.length + 1 >= this.lowest) this.absorb();
  }

  /** Sets a key that is not in the array nor next to it. Hot. */
  setHashed(key: Key, value: LuaValue): void {
    if (value === undefined) {
      this.remove(key);
      return;
    }
    const { hash } = this;
    if (hash === NO_HASH) {
      this.hash = new Map();
      this.hash.set(key, value);
      this.noteKey(key, 0);
      return;
    }
    const before = hash.size;
    if (this.dead > 0 && hash.get(key) === undefined && hash.has(key)) {
      hash.set(key, value);
      this.dead--;
      if (typeof key === "number" && key >= 1 && key < this.lowest && Number.isInteger(key)) this.lowest = key;
      this.note(CAME, key);
      return;
    }
    hash.set(key, value);
    if (hash.size !== before) this.noteKey(key, before);
  }

  /** A key is new in the Map, which had `before`. */
  private noteKey(key: Key, before: number): void {
    this.noteArray(before);
    // With more keys than the constructor asked for Lua finds new sizes, which are for what is there now.
    if (this.room > 0 && before >= this.hashSize) this.room = Math.min(this.room, powerOfTwo(this.array.length));
    if (typeof key === "number") this.noteIndex(key);
  }

  private noteIndex(key: number): void {
    if (key < 1 || !Number.isInteger(key)) return;
    this.indexes++;
    if (key < this.lowest) this.lowest = key;
  }

  // ---- nil

  /** A key of the Map stays there with the value nil, as it does in Lua, where it keeps its place. */
  private remove(key: Key): void {
    const { hash } = this;
    if (hash.get(key) === undefined) {
      if (hash.has(key)) {
        this.note(TOUCHED, key);
        return;
      }
      this.hash = hash === NO_HASH ? new Map() : hash;
      this.noteKey(key, hash.size);
    }
    this.hash.set(key, undefined);
    this.dead++;
    this.note(WENT, key);
    if (this.dead > FEW && this.dead * 2 > this.hash.size) this.compact();
  }

  private clear(place: number): void {
    const { array } = this;
    if (array[place] === undefined) {
      this.note(TOUCHED, place + 1);
      return;
    }
    if (place === array.length - 1) {
      array[place] = undefined;
      this.holes++;
      this.trim();
      return;
    }
    array[place] = undefined;
    this.holes++;
    this.note(WENT, place + 1);
    if (this.holes > FEW && this.holes * 2 > array.length) this.disband();
  }

  private fill(place: number, value: LuaValue): void {
    this.array[place] = value;
    this.holes--;
    this.note(CAME, place + 1);
  }

  /** Takes the holes at the end of the array away. */
  private trim(): void {
    const { array } = this;
    let { length } = array;
    if (length > this.most) this.most = length;
    while (length > 0 && array[length - 1] === undefined) length--;
    const dropped = array.length - length;
    this.holes -= dropped;
    array.length = length;
    // What was a hole before is noted as nil already, and may get a value again.
    if (dropped > 1) this.noteArray(this.hash.size);
  }

  // ---- lists: for tables that are dense

  /** Puts a value (not nil) before that of `index`, from 1 to the length, or behind them all. */
  insertAt(index: number, value: LuaValue): void {
    this.array.splice(index - 1, 0, value);
  }

  /** Takes the value of `index`, from 1 to the length, out. */
  removeAt(index: number): void {
    const { array } = this;
    if (array.length > this.most) this.most = array.length;
    if (index === array.length) array.pop();
    else array.splice(index - 1, 1);
  }

  // ---- constructors

  /** The array was filled by a constructor, which set all other keys before: counts its holes, and drops those at its end. */
  seal(): this {
    const { array } = this;
    this.reserve(array.length);
    array.forEach((value, place) => {
      if (value !== undefined) return;
      this.holes++;
      this.note(WENT, place + 1);
    });
    if (this.holes > 0) {
      this.trim();
      this.noteArray(this.hash.size);
    }
    return this;
  }

  /** The list of a constructor that has other items too: it is set last, all at once. */
  setList(values: readonly LuaValue[]): this {
    this.reserve(values.length);
    if (this.array.length === 0 && this.lowest > values.length + 1) {
      this.array = [...values];
      return this.seal();
    }
    values.forEach((value, place) => {
      this.set(place + 1, value);
    });
    return this;
  }

  /** The list of a constructor was longer than its text shows. */
  private reserve(size: number): void {
    if (size <= this.arraySize) return;
    if (this.hash.size === 0) {
      this.arraySize = size;
      this.room = size;
      return;
    }
    this.tangledAt = 0;
    this.notes ??= [];
    this.notes.push(this.hash.size, RESERVED, size);
  }

  // ---- the order

  /** A border as Lua finds it: `#t`. */
  get length(): number {
    // Without holes and numbers elsewhere there is one border only.
    return this.isDense ? this.array.length : this.order.border();
  }

  /** All positive integers are in the array, and none of its values is nil. */
  get isDense(): boolean {
    return this.holes === 0 && this.lowest === Number.POSITIVE_INFINITY;
  }

  /** Where Lua has each key. */
  get order(): TableOrder<Key> {
    let { known } = this;
    if (known === null) {
      known = new TableOrder(this.arraySize, this.hashSize);
      this.known = known;
    }
    const { array, noted } = this;
    if (this.seen !== this.hash.size || this.notes !== null || array.length !== noted || this.most > noted) this.replay(known);
    return known;
  }

  /** What follows the array, if all of it comes in order and this is easily known; else null. */
  get tail(): readonly Key[] | null {
    const { tangledAt } = this;
    const { size } = this.hash;
    // What goes changes nothing until something new comes.
    if (this.known !== null || (tangledAt >= 0 && tangledAt !== size)) return null;
    // Lua has the array in its array part, unless it outgrew that while there were free nodes.
    const isListed = !this.hasOutgrown && this.array.length <= this.room && this.most <= this.room;
    if (!isListed && (size > 1 || this.hashSize > 1 || tangledAt >= 0)) return null;
    if (size === 0) return NO_KEYS;
    if (this.indexes > 0 && (size > 1 || this.array.length > 0)) return null;
    if (this.knownTail.length === size) return this.knownTail;
    if (size > SMALL) return null;
    const keys: Key[] = [];
    for (const key of this.hash.keys()) keys.push(key);
    const tail = size === 1 ? keys : smallOrder(keys, this.hashSize);
    if (tail !== null) this.knownTail = tail;
    return tail;
  }

  private note(what: number, operand: Key): void {
    const { size } = this.hash;
    this.noteArray(size);
    if (this.tangledAt < 0) this.tangledAt = size;
    this.notes ??= [];
    this.notes.push(size, what, operand);
    if (this.notes.length > 3 * (FEW + this.hash.size + this.array.length)) void this.order;
  }

  /** Notes how the array grew and shrank at its end since the last time. `arrived`: so many keys were in the Map before what comes now. */
  private noteArray(arrived: number): void {
    const { length } = this.array;
    if (length === this.noted && this.most <= length) return;
    const top = Math.max(this.most, length, this.noted);
    if (top > this.room) this.hasOutgrown = true;
    this.notes ??= [];
    this.notes.push(arrived, GREW, top);
    if (top > length) this.notes.push(arrived, SHRANK, length);
    this.noted = length;
    this.most = length;
  }

  private replay(order: TableOrder<Key>): void {
    this.noteArray(this.hash.size);
    const notes = this.notes ?? [];
    this.notes = null;
    let items = this.replayed;
    for (let place = 0; place < notes.length; place += 3) {
      this.replayKeys(order, notes[place] as number);
      const operand = notes[place + 2] as Key;
      switch (notes[place + 1]) {
        case GREW:
          while (items < (operand as number)) order.set(++items);
          break;
        case SHRANK:
          for (; items > (operand as number); items--) order.unset(items);
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
    this.replayKeys(order, this.hash.size);
  }

  private replayKeys(order: TableOrder<Key>, upTo: number): void {
    if (this.seen >= upTo) return;
    this.cursor ??= this.unseen();
    for (; this.seen < upTo; this.seen++) order.set(this.cursor.next().value as Key);
  }

  private unseen(): Iterator<Key> {
    const cursor = this.hash.keys();
    for (let count = 0; count < this.seen; count++) cursor.next();
    return cursor;
  }

  // ---- tidying up: the order knows all that has happened so far, so both parts can be changed

  /** Keys that were set to nil leave the Map. */
  private compact(): void {
    void this.order;
    this.indexes = 0;
    this.lowest = Number.POSITIVE_INFINITY;
    for (const [key, value] of this.hash) {
      if (value === undefined) this.hash.delete(key);
      else if (typeof key === "number") this.noteIndex(key);
    }
    this.dead = 0;
    this.settle();
  }

  /** Keys that follow the array leave the Map for it. */
  private absorb(): void {
    const { array, hash } = this;
    let next = array.length + 1;
    if (hash.get(next) === undefined) return;
    void this.order;
    for (let value = hash.get(next); value !== undefined; value = hash.get(++next)) {
      hash.delete(next);
      array.push(value);
      this.indexes--;
    }
    this.lowest = this.indexes === 0 ? Number.POSITIVE_INFINITY : next;
    this.settle();
  }

  /** What is behind the first hole leaves the array for the Map: queues grow at one end and go away at the other. */
  private disband(): void {
    void this.order;
    const { array } = this;
    if (this.hash === NO_HASH) this.hash = new Map();
    const start = array.indexOf(undefined);
    for (let place = start; place < array.length; place++) {
      const value = array[place];
      if (value === undefined) continue;
      if (this.hash.has(place + 1)) this.dead--;
      else this.noteIndex(place + 1);
      this.hash.set(place + 1, value);
    }
    array.length = start;
    this.holes = 0;
    this.settle();
  }

  /** The order has seen all there is. */
  private settle(): void {
    const { length } = this.array;
    this.seen = this.hash.size;
    this.cursor = null;
    this.noted = length;
    this.most = length;
    this.replayed = length;
  }

  // ---- walks

  /** What follows `key` (nil: the first pair) in Lua's order; undefined at the end, null if there is no such key. Source: luaH_next. */
  next(key: LuaValue): [Key, LuaValue] | undefined | null {
    const { tail } = this;
    if (tail !== null) return this.nextSimply(tail, key);
    const { order } = this;
    let place = 0;
    if (key !== undefined) {
      place = order.placeOf(key) + 1;
      if (place === 0) return null;
    }
    for (const { size } = order; place < size; place++) {
      const found = order.keyAt(place);
      if (found === undefined) continue;
      const value = this.get(found);
      if (value === undefined) continue;
      order.remember(found, place);
      return [found, value];
    }
    return undefined;
  }

  private nextSimply(tail: readonly Key[], key: LuaValue): [Key, LuaValue] | undefined | null {
    const { array } = this;
    let place = 0;
    if (typeof key === "number" && key >= 1 && key <= this.capacity && Number.isInteger(key)) place = key;
    else if (key !== undefined) {
      const found = tail[this.lastPlace] === key ? this.lastPlace : tail.indexOf(key);
      if (found < 0) return null;
      place = array.length + found + 1;
    }
    for (; place < array.length; place++) {
      const value = array[place];
      if (value !== undefined) return [place + 1, value];
    }
    for (let rest = place - array.length; rest < tail.length; rest++) {
      const next = tail[rest] as Key;
      const value = this.hash.get(next);
      if (value === undefined) continue;
      this.lastPlace = rest;
      return [next, value];
    }
    return undefined;
  }

  /** How large Lua's array part is, if that is all of the table. */
  private get capacity(): number {
    const most = Math.max(this.most, this.array.length);
    return most <= this.arraySize ? this.arraySize : powerOfTwo(most);
  }

  /** Walks over all pairs in Lua's order. Values may be changed on the way, or set to nil. */
  walk(): TableWalk {
    return new TableWalk(this);
  }

  /** All keys in Lua's order. */
  *keys(): Generator<Key, void> {
    for (const walk = this.walk(); walk.step(); ) yield walk.key as Key;
  }
}

/** A walk over the pairs of a table: each `step` that returns true gives the next `key` and `value`. */
export class TableWalk {
  key: LuaValue = undefined;
  value: LuaValue = undefined;
  private readonly table: LuaTable;
  private place = 0;
  /** What follows the array, and how much of it is over; null when the walk follows an order. */
  private tail: readonly Key[] | null;
  private tailPlace = 0;
  private version = 0;

  constructor(table: LuaTable) {
    this.table = table;
    this.tail = table.tail;
    if (this.tail === null) this.version = table.order.version;
  }

  /** Error: keys were set on the way that were not there, and the walk has lost its place. */
  step(): boolean {
    const { tail } = this;
    if (tail === null) return this.stepInOrder();
    const { array } = this.table;
    while (this.place < array.length) {
      const value = array[this.place++];
      if (value !== undefined) {
        this.key = this.place;
        this.value = value;
        return true;
      }
    }
    return this.stepBehindArray(tail);
  }

  private stepBehindArray(tail: readonly Key[]): boolean {
    const { table } = this;
    if (table.tail !== tail) {
      this.tail = null;
      this.follow(table.order);
      return this.stepInOrder();
    }
    while (this.tailPlace < tail.length) {
      const key = tail[this.tailPlace++] as Key;
      const value = table.hash.get(key);
      if (value === undefined) continue;
      this.key = key;
      this.value = value;
      return true;
    }
    return false;
  }

  private stepInOrder(): boolean {
    const { table } = this;
    const { order } = table;
    if (order.version !== this.version) this.follow(order);
    for (const { size } = order; this.place < size; ) {
      const key = order.keyAt(this.place++);
      if (key === undefined) continue;
      const value = table.get(key);
      if (value === undefined) continue;
      this.key = key;
      this.value = value;
      return true;
    }
    return false;
  }

  /** Finds the place behind the last key. */
  private follow(order: TableOrder<Key>): void {
    this.version = order.version;
    if (this.key === undefined) {
      this.place = 0;
      return;
    }
    this.place = order.placeOf(this.key) + 1;
    if (this.place === 0) throw new LuaError("invalid key to 'next'", 0);
  }
}

/** The next power of two. */
function powerOfTwo(count: number): number {
  return count === 0 ? 0 : 2 ** (32 - Math.clz32(count - 1));
}
