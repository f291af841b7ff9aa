/**
 * A table: the values of keys 1 to n in an array, its list; the values of a few strings in another one, whose shape (shape.ts) says which is
 * whose; all that fits neither in a Map. The order of `pairs` and the length of a table with holes are those of Lua's own table: an order
 * (table-order.ts) replays what happened to the keys once they are asked for. Of most tables the keys tell all of it; what they do not tell
 * is noted as it happens (table-past.ts). Hot. Measured: with a Map in each, and all that can be noted, `{a = 1, b = 2}` took twice the time.
 */

import { KnownOrder, MAPPED, NO_KEYS, type Shape } from "./shape.ts";
import { powerOfTwo, SMALL } from "./small-order.ts";
import { roundedSize, TableOrder } from "./table-order.ts";
import { CAME, isIndex, TablePast, TOUCHED, WENT } from "./table-past.ts";
import { LuaError, type LuaValue, type TableValue } from "./value.ts";

export type Key = Exclude<LuaValue, undefined>;

/** What tables have in place of what they do not need yet. No one writes to these. */
const NO_HASH: Map<Key, LuaValue> = new Map();
const NO_ENDS = endsOf(NO_KEYS);
const NO_VALUES: LuaValue[] = [];
const NO_ORDER = new KnownOrder<Key>([]);

/** Fewer nil values than this are not worth tidying up. */
const FEW = 32;

export class LuaTable implements TableValue {
  declare readonly isTable: true;
  /** Values of the keys from 1 on. The last one is never nil; those between may be. Not to be written to: tables may share one. */
  list: LuaValue[];
  /** Which strings are keys; MAPPED if the Map has all keys but those of the list. The values, in the same order; some may be nil. */
  shape: Shape = NO_KEYS;
  values: LuaValue[] = NO_VALUES;
  /** Never NaN, and no integer that is next to the list. Some values may be nil. */
  private map: Map<Key, LuaValue> = NO_ENDS;
  metatable: LuaTable | undefined = undefined;
  /** Scripts cannot write to it. */
  isReadonly = false;
  /** Neither a metatable nor read-only: what most accesses ask. */
  isPlain = true;
  /** All positive integers are in the list, and none of its values is nil. */
  isDense = true;

  /** What a constructor asked for: places in the array, and pairs. */
  private arraySize: number;
  private readonly hashSize: number;
  private past: TablePast<Key> | null = null;

  /**
   * As a constructor makes it that has `arraySize` items in its list, a last one of any number of values not counted, and `hashSize` other
   * ones. `array`: the values of the list, if it is known at once: `seal` must follow if one of them may be nil.
   */
  constructor(arraySize = 0, hashSize = 0, array: LuaValue[] = NO_VALUES) {
    this.arraySize = arraySize === 0 ? array.length : Math.max(roundedSize(arraySize), array.length);
    this.hashSize = hashSize;
    this.list = array;
  }

  /** A table that got these values (none of them nil) one after the other, from 1 on. They become its own. */
  static listing(values: LuaValue[]): LuaTable {
    const table = new LuaTable();
    table.list = values;
    return table;
  }

  /** A table that got the keys of `shape` one after the other, with these values (none of them nil). They become its own. */
  static shaped(shape: Shape, values: LuaValue[]): LuaTable {
    const table = new LuaTable();
    table.shape = shape;
    table.map = endsOf(shape);
    table.values = values;
    return table;
  }

  // ---- what it has

  /** The list. Not to be written to, unless by who makes the table: then values that are not nil may be added. */
  get array(): LuaValue[] {
    if (this.list === NO_VALUES) this.list = [];
    return this.list;
  }

  /** All keys but those of the list, as they came. A table with a shape loses it: for what is done rarely. Not to be written to. */
  get hash(): Map<Key, LuaValue> {
    if (this.hashed === 0) return NO_HASH;
    this.abandonShape();
    return this.map;
  }

  set hash(map: Map<Key, LuaValue>) {
    this.shape = MAPPED;
    this.values = NO_VALUES;
    this.map = map;
  }

  /** How many keys there are beside those of the list, some of whose values may be nil. */
  get hashed(): number {
    return this.shape === MAPPED ? this.map.size : this.values.length;
  }

  /** The value of `key`, without metamethods. Hot. */
  get(key: LuaValue): LuaValue {
    return typeof key === "number" ? this.getNumber(key) : this.getOther(key as Key);
  }

  private getNumber(key: number): LuaValue {
    const place = key - 1;
    const { list } = this;
    if (place >= 0 && place < list.length && place === Math.floor(place)) return list[place];
    return this.shape === MAPPED ? this.map.get(key) : undefined;
  }

  private getOther(key: Key): LuaValue {
    // In any case the same question comes first: so the engine takes it out of loops that ask again and again.
    const found = this.map.get(key);
    if (this.shape === MAPPED || found === undefined) return found;
    const { place } = found as unknown as Shape;
    const { values } = this;
    return place < values.length ? values[place] : undefined;
  }

  // ---- changes

  /** Sets `key` (neither nil nor NaN), without metamethods. Hot. */
  set(key: Key, value: LuaValue): void {
    if (typeof key === "number") this.setNumber(key, value);
    else if (this.shape === MAPPED) this.setMapped(key, value);
    else if (typeof key !== "string") this.setUnshaped(key, value);
    else {
      const end = this.shape.ends.get(key);
      if (end !== undefined && end.place < this.values.length) this.setPlace(end.place, value);
      else this.addKey(this.shape.followedBy(key, end), key, value);
    }
  }

  /** Likewise. `key` stays in memory: it is one of a program's text, or a copy, but no piece cut out of a longer text. Hot. */
  setHashed(key: string, value: LuaValue): void {
    const { shape } = this;
    const end = shape.ends.get(key);
    if (shape === MAPPED) this.setMapped(key, value);
    else if (end !== undefined && end.place < shape.size) this.setPlace(end.place, value);
    else this.addKey(shape.extendedBy(key, end), key, value);
  }

  private setNumber(key: number, value: LuaValue): void {
    const { list } = this;
    const place = key - 1;
    if (place === list.length) this.push(value);
    else if (place >= 0 && place < list.length && place === Math.floor(place)) {
      if (value === undefined) this.clear(place);
      else if (!this.isDense && list[place] === undefined) this.fill(place, value);
      else list[place] = value;
    } else this.setUnshaped(key, value);
  }

  /** Sets the key behind the list. */
  private push(value: LuaValue): void {
    if (value === undefined) {
      // Even so Lua finds a place for the key.
      this.noting.noteLength(this.list.length + 1);
      return;
    }
    if (this.list === NO_VALUES) this.list = [value];
    else this.list.push(value);
    if (!this.isDense && this.list.length + 1 >= this.noting.lowest) this.absorb();
  }

  // ---- keys of a shape

  /** Sets a key that there is. */
  private setPlace(place: number, value: LuaValue): void {
    const { values } = this;
    if (value !== undefined && values[place] !== undefined) values[place] = value;
    else this.changeNil(place, value);
  }

  /** Likewise, when the key has the value nil or gets it: it keeps its place, as it does in Lua. */
  private changeNil(place: number, value: LuaValue): void {
    const { values, noting } = this;
    const key = this.shape.keys[place] as string;
    const before = values[place];
    values[place] = value;
    if (before !== undefined) noting.dead++;
    else if (value !== undefined) noting.dead--;
    this.note(value !== undefined ? CAME : before === undefined ? TOUCHED : WENT, key);
  }

  /** Sets a new key, with which the table has the shape `next`; null for none. */
  private addKey(next: Shape | null, key: string, value: LuaValue): void {
    if (next === null) return this.setUnshaped(key, value);
    this.noteKey(this.values.length);
    this.shape = next;
    this.map = endsOf(next);
    if (this.values === NO_VALUES) this.values = [value];
    else this.values.push(value);
    if (value !== undefined) return;
    this.noting.dead++;
    this.note(WENT, key);
  }

  private abandonShape(): void {
    const { shape, values } = this;
    if (shape === MAPPED) return;
    this.shape = MAPPED;
    this.values = NO_VALUES;
    this.map = values.length === 0 ? NO_HASH : new Map();
    for (let place = 0; place < values.length; place++) this.map.set(shape.keys[place] as string, values[place]);
  }

  // ---- keys of the Map

  /** Sets a key that a shape cannot have, or has not: the Map has all keys from now on. */
  private setUnshaped(key: Key, value: LuaValue): void {
    this.abandonShape();
    this.setMapped(key, value);
  }

  private setMapped(key: Key, value: LuaValue): void {
    if (value === undefined) return this.remove(key);
    const { map } = this;
    if (map === NO_HASH) {
      this.map = new Map();
      this.map.set(key, value);
      this.noteMapped(key, 0);
      return;
    }
    const before = map.size;
    if (this.past !== null && this.past.dead > 0 && map.get(key) === undefined && map.has(key)) {
      map.set(key, value);
      this.past.dead--;
      if (isIndex(key) && key < this.past.lowest) this.past.lowest = key;
      this.findDensity();
      this.note(CAME, key);
      return;
    }
    map.set(key, value);
    if (map.size !== before) this.noteMapped(key, before);
  }

  /** A key of the Map stays there with the value nil. */
  private remove(key: Key): void {
    if (this.map.get(key) === undefined) {
      if (this.map.has(key)) {
        this.note(TOUCHED, key);
        return;
      }
      if (this.map === NO_HASH) this.map = new Map();
      this.noteMapped(key, this.map.size);
    }
    const { map, noting } = this;
    map.set(key, undefined);
    noting.dead++;
    this.note(WENT, key);
    if (noting.dead > FEW && noting.dead * 2 > map.size) this.compact();
  }

  /** A key is new in the Map, which had `before`. */
  private noteMapped(key: Key, before: number): void {
    this.noteKey(before);
    if (!isIndex(key)) return;
    this.noting.noteIndex(key);
    this.isDense = false;
  }

  /** A key is new that is not in the list, beside `before` others. */
  private noteKey(before: number): void {
    if (this.past !== null || this.list.length > 0 || this.arraySize > 0) this.noting.noteKey(this.list.length, before, this.hashSize);
  }

  // ---- nil in the list

  private clear(place: number): void {
    const { list } = this;
    if (list[place] === undefined) return this.note(TOUCHED, place + 1);
    const { noting } = this;
    list[place] = undefined;
    noting.holes++;
    this.isDense = false;
    if (place === list.length - 1) this.trim();
    else {
      this.note(WENT, place + 1);
      if (noting.holes > FEW && noting.holes * 2 > list.length) this.disband();
    }
  }

  private fill(place: number, value: LuaValue): void {
    this.list[place] = value;
    this.noting.holes--;
    this.findDensity();
    this.note(CAME, place + 1);
  }

  /** Takes the holes at the end of the list away. */
  private trim(): void {
    const { list, noting } = this;
    let { length } = list;
    noting.noteLength(length);
    while (length > 0 && list[length - 1] === undefined) length--;
    const dropped = list.length - length;
    noting.holes -= dropped;
    list.length = length;
    this.findDensity();
    // What was a hole before is noted as nil already, and may get a value again.
    if (dropped > 1) noting.noteList(length, this.hashed);
  }

  private findDensity(): void {
    const { past } = this;
    this.isDense = past === null || (past.holes === 0 && past.lowest === Number.POSITIVE_INFINITY);
  }

  // ---- lists: for tables that are dense

  /** Puts a value (not nil) before that of `index`, from 1 to the length, or behind them all. */
  insertAt(index: number, value: LuaValue): void {
    this.array.splice(index - 1, 0, value);
  }

  /** Takes the value of `index`, from 1 to the length, out. */
  removeAt(index: number): void {
    const { list } = this;
    this.noting.noteLength(list.length);
    if (index === list.length) list.pop();
    else list.splice(index - 1, 1);
  }

  // ---- constructors

  /** The list was filled by a constructor, which set all other keys before: counts its holes, and drops those at its end. */
  seal(): this {
    const { list } = this;
    this.reserve(list.length);
    for (let place = 0; place < list.length; place++) {
      if (list[place] !== undefined) continue;
      this.noting.holes++;
      this.note(WENT, place + 1);
    }
    if (this.past !== null && this.past.holes > 0) {
      this.trim();
      this.past.noteList(list.length, this.hashed);
    }
    return this;
  }

  /** The list of a constructor that has other items too: it is set last, all at once. */
  setList(values: readonly LuaValue[]): this {
    this.reserve(values.length);
    if (this.list.length === 0 && (this.past === null || this.past.lowest > values.length + 1)) {
      this.list = [...values];
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
    if (this.hashed > 0) {
      this.noting.noteReserved(size, this.hashed);
      return;
    }
    this.arraySize = size;
    if (this.past !== null) this.past.room = size;
  }

  // ---- the order

  /** A border as Lua finds it: `#t`. */
  get length(): number {
    // Without holes and numbers elsewhere there is one border only.
    return this.isDense ? this.list.length : this.order.border();
  }

  /** Where Lua has each key. */
  get order(): TableOrder<Key> {
    const { noting, shape, hashed } = this;
    noting.known ??= new TableOrder(this.arraySize, this.hashSize);
    if (noting.isBehind(this.list.length, hashed)) {
      noting.replay(noting.known, shape === MAPPED ? this.map : shape.keys, this.list.length, hashed);
    }
    return noting.known;
  }

  /** What follows the list, if all of it comes in order and this is easily known; else null. */
  get tail(): KnownOrder<Key> | null {
    const { past, hashed, hashSize, shape } = this;
    const { length } = this.list;
    let isListed = length <= this.arraySize;
    if (past !== null) {
      // What goes changes nothing until something new comes.
      if (past.known !== null || (past.tangledAt >= 0 && past.tangledAt !== hashed)) return null;
      // Lua has the list in its array part, unless it outgrew that while there were free nodes.
      isListed = !past.hasOutgrown && length <= past.room && past.most <= past.room;
      if (!isListed && past.tangledAt >= 0) return null;
    }
    if (!isListed && (hashed > 1 || hashSize > 1)) return null;
    if (hashed === 0) return NO_ORDER;
    if (shape !== MAPPED) return hashSize > SMALL ? null : shape.orderFor(hashSize);
    return this.noting.tailOf(this.map, length, hashSize);
  }

  /** What happened to the keys so far, to which something will be added. */
  private get noting(): TablePast<Key> {
    this.past ??= new TablePast(this.arraySize);
    return this.past;
  }

  private note(what: typeof CAME | typeof WENT | typeof TOUCHED, key: Key): void {
    if (this.noting.note(what, key, this.list.length, this.hashed)) void this.order;
  }

  // ---- tidying up: the order knows all that has happened so far, so both parts can be changed

  private compact(): void {
    void this.order;
    this.noting.compact(this.map);
    this.settle();
  }

  private absorb(): void {
    if (this.map.get(this.list.length + 1) === undefined) return;
    void this.order;
    this.noting.absorb(this.list, this.map);
    this.settle();
  }

  private disband(): void {
    void this.order;
    this.abandonShape();
    if (this.map === NO_HASH) this.map = new Map();
    this.noting.disband(this.list, this.map);
    this.settle();
  }

  /** The order has seen all there is. */
  private settle(): void {
    this.noting.settle(this.list.length, this.hashed);
    this.findDensity();
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

  private nextSimply(tail: KnownOrder<Key>, key: LuaValue): [Key, LuaValue] | undefined | null {
    const { list } = this;
    const { keys } = tail;
    let place = 0;
    if (typeof key === "number" && key >= 1 && key <= this.capacity && Number.isInteger(key)) place = key;
    else if (key !== undefined) {
      const found = keys[tail.at] === key ? tail.at : keys.indexOf(key);
      if (found < 0) return null;
      place = list.length + found + 1;
    }
    for (; place < list.length; place++) {
      const value = list[place];
      if (value !== undefined) return [place + 1, value];
    }
    for (let rest = place - list.length; rest < keys.length; rest++) {
      const value = this.valueIn(tail, rest);
      if (value === undefined) continue;
      tail.at = rest;
      return [keys[rest] as Key, value];
    }
    return undefined;
  }

  /** The value of a key in the table's tail. */
  valueIn({ keys, places }: KnownOrder<Key>, at: number): LuaValue {
    return places === null ? this.map.get(keys[at] as Key) : this.values[places[at] as number];
  }

  /** How large Lua's array part is, if that is all of the table. */
  private get capacity(): number {
    const most = Math.max(this.past?.most ?? 0, this.list.length);
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

/** In a table that has a shape its `ends` are in place of the Map: a lookup is the same then. */
function endsOf(shape: Shape): Map<Key, LuaValue> {
  return shape.ends as unknown as Map<Key, LuaValue>;
}

/** A walk over the pairs of a table: each `step` that returns true gives the next `key` and `value`. */
export class TableWalk {
  key: LuaValue = undefined;
  value: LuaValue = undefined;
  private readonly table: LuaTable;
  private place = 0;
  /** What follows the array, and how much of it is over; null when the walk follows an order. */
  private tail: KnownOrder<Key> | null;
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
    const { list } = this.table;
    while (this.place < list.length) {
      const value = list[this.place++];
      if (value !== undefined) {
        this.key = this.place;
        this.value = value;
        return true;
      }
    }
    return this.stepBehindArray(tail);
  }

  private stepBehindArray(tail: KnownOrder<Key>): boolean {
    const { table } = this;
    if (table.tail !== tail) {
      this.tail = null;
      this.follow(table.order);
      return this.stepInOrder();
    }
    while (this.tailPlace < tail.keys.length) {
      const at = this.tailPlace++;
      const value = table.valueIn(tail, at);
      if (value === undefined) continue;
      this.key = tail.keys[at];
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
