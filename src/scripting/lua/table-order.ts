/**
 * Where Lua 5.1's own table would have each key: its array part, and its nodes, in which a key lies at the place that its hash gives or at
 * a free one. From this follow the order of `next` and the border that `#` finds. LuaTable (table.ts) holds the values; it tells an order
 * what happened to its keys when a script asks for either, and only then. Source: ltable.c, and lstring.c of Redis. Hot: a key costs
 * about as much to enter here as in a Map.
 *
 * Objects (tables, functions, coroutines) lie in Lua where their address takes them. Here they come last, in the order they came.
 */

import { stringCode } from "./small-order.ts";

/** An array part has at most 2^26 places (MAXBITS). */
const MAX_BITS = 26;

const NO_SLOTS = new Uint8Array(0);
const NO_NODES = new Int32Array(0);

export class TableOrder<Key> {
  /** Changes whenever keys may have moved. */
  version = 0;
  /** The array part: 1 where the value is not nil. */
  private slots: Uint8Array;
  /** The nodes: undefined where there has not been a key yet. */
  private keys: (Key | undefined)[] = [];
  /** For each node the hash of its key, and the place of the next node with the same main position, plus one; 0 for none. */
  private nodes = NO_NODES;
  /** 1 where the value of a node is nil; null for none. */
  private dead: Uint8Array | null = null;
  /** No node from here on is free. */
  private free = 0;
  private objects: ObjectKeys<Key> | null = null;
  private lastKey: Key | undefined = undefined;
  private lastPlace = 0;

  /** A table as `lua_createtable` makes it. */
  constructor(arraySize: number, hashSize: number) {
    this.slots = arraySize === 0 ? NO_SLOTS : new Uint8Array(arraySize);
    this.setNodes(hashSize);
  }

  // ---- changes

  /** `key` has a value now. */
  set(key: Key): void {
    if (typeof key === "number") {
      if (key > 0 && key <= this.slots.length && Number.isInteger(key)) {
        this.slots[key - 1] = 1;
        return;
      }
    } else if (isObject(key)) {
      this.objects ??= new ObjectKeys();
      if (this.objects.add(key)) this.moved();
      return;
    }
    const code = codeOf(key);
    if (this.dead !== null) {
      const place = this.find(key, code);
      if (place >= 0) {
        this.dead[place] = 0;
        return;
      }
    }
    this.insert(key, code);
  }

  /** The value of `key` was nil, and is. */
  touch(key: Key): void {
    this.set(key);
    this.unset(key);
  }

  /** The value of `key` is nil now. */
  unset(key: Key): void {
    if (typeof key === "number" && key > 0 && key <= this.slots.length && Number.isInteger(key)) {
      this.slots[key - 1] = 0;
    } else if (isObject(key)) {
      this.objects?.dead.add(key);
    } else {
      const place = this.find(key, codeOf(key));
      if (place < 0) return;
      this.dead ??= new Uint8Array(this.keys.length);
      this.dead[place] = 1;
    }
  }

  /** The list at the end of a constructor needs an array part of at least `size`. Source: luaH_resizearray. */
  reserve(size: number): void {
    if (size > this.slots.length) this.resize(size, this.keys.length);
  }

  // ---- questions

  /** Places are numbered from 0 to this. */
  get size(): number {
    return this.slots.length + this.keys.length + (this.objects?.keys.length ?? 0);
  }

  /** The key at a place, whose value may be nil; undefined if there is none. */
  keyAt(place: number): Key | undefined {
    const { slots, keys } = this;
    if (place < slots.length) return (place + 1) as Key;
    const node = place - slots.length;
    return node < keys.length ? keys[node] : this.objects?.keys[node - keys.length];
  }

  /** The place of a key, also of one whose value has become nil since; -1 for none. */
  placeOf(key: Key): number {
    if (key === this.lastKey) return this.lastPlace;
    if (typeof key === "number" && key > 0 && key <= this.slots.length && Number.isInteger(key)) return key - 1;
    if (isObject(key)) {
      const place = this.objects?.places.get(key);
      return place === undefined ? -1 : this.slots.length + this.keys.length + place;
    }
    const node = this.find(key, codeOf(key));
    return node < 0 ? -1 : this.slots.length + node;
  }

  /** `next` will ask for this key's place. */
  remember(key: Key, place: number): void {
    this.lastKey = key;
    this.lastPlace = place;
  }

  /** What `#` finds: n where n has a value and n + 1 has none. Source: luaH_getn. */
  border(): number {
    const { slots } = this;
    const size = slots.length;
    if (size > 0 && slots[size - 1] === 0) return this.borderBetween(0, size);
    if (this.keys.length === 0) return size;
    let [low, high] = [size, size + 1];
    while (this.has(high)) {
      low = high;
      high *= 2;
      if (high > 0x7fffffff) {
        for (low = 1; this.has(low); ) low++;
        return low - 1;
      }
    }
    return this.borderBetween(low, high);
  }

  private borderBetween(from: number, to: number): number {
    let [low, high] = [from, to];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.has(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  private has(index: number): boolean {
    if (index <= this.slots.length) return this.slots[index - 1] === 1;
    const node = this.find(index as Key, codeOfNumber(index));
    return node >= 0 && this.isAlive(node);
  }

  // ---- nodes

  private isAlive(node: number): boolean {
    return this.keys[node] !== undefined && (this.dead === null || this.dead[node] === 0);
  }

  /** Where a key belongs. */
  private mainPosition(key: Key, code: number): number {
    const { length } = this.keys;
    // -0 and 0 are the same key, with different bits.
    if (typeof key === "number") return key === 0 ? 0 : (code >>> 0) % ((length - 1) | 1);
    return code & (length - 1);
  }

  private find(key: Key, code: number): number {
    const { keys, nodes } = this;
    if (keys.length === 0) return -1;
    for (let node = this.mainPosition(key, code); node >= 0; node = (nodes[2 * node + 1] as number) - 1) {
      if (keys[node] === key) return node;
    }
    return -1;
  }

  /** Enters a key that is not there yet. Source: newkey. */
  private insert(key: Key, code: number): void {
    const { keys, nodes } = this;
    if (keys.length === 0) {
      this.rehash(key);
      return;
    }
    let node = this.mainPosition(key, code);
    if (this.isAlive(node)) {
      const free = this.takeFree();
      if (free < 0) {
        this.rehash(key);
        return;
      }
      const other = keys[node] as Key;
      const main = this.mainPosition(other, nodes[2 * node] as number);
      if (main === node) {
        // Whoever is there belongs there: the new key goes to the free place.
        nodes[2 * free + 1] = nodes[2 * node + 1] as number;
        nodes[2 * node + 1] = free + 1;
        node = free;
      } else {
        let before = main;
        while (nodes[2 * before + 1] !== node + 1) before = (nodes[2 * before + 1] as number) - 1;
        nodes[2 * before + 1] = free + 1;
        keys[free] = other;
        nodes[2 * free] = nodes[2 * node] as number;
        nodes[2 * free + 1] = nodes[2 * node + 1] as number;
        nodes[2 * node + 1] = 0;
      }
    } else if (this.dead !== null) {
      this.dead[node] = 0;
    }
    keys[node] = key;
    nodes[2 * node] = code;
    this.moved();
  }

  /** Source: getfreepos. */
  private takeFree(): number {
    while (this.free > 0) {
      this.free--;
      if (this.keys[this.free] === undefined) return this.free;
    }
    return -1;
  }

  private setNodes(count: number): void {
    const size = count === 0 ? 0 : 2 ** log2Ceiling(count);
    // Not `new Array(size)`: a large one would be slow to read and write.
    this.keys = [];
    for (let node = 0; node < size; node++) this.keys.push(undefined);
    this.nodes = size === 0 ? NO_NODES : new Int32Array(2 * size);
    this.dead = null;
    this.free = size;
  }

  private moved(): void {
    this.version++;
    this.lastKey = undefined;
  }

  // ---- growth

  /** There is no place for `key`: finds new sizes for both parts, and enters it. Source: rehash. */
  private rehash(key: Key): void {
    const counts = COUNTS.fill(0);
    let indexes = countSlots(this.slots, counts);
    let total = indexes;
    for (let node = 0; node < this.keys.length; node++) {
      if (!this.isAlive(node)) continue;
      total++;
      indexes += countIndex(this.keys[node], counts);
    }
    total++;
    indexes += countIndex(key, counts);
    if (indexes === 0) {
      this.resize(0, total);
    } else {
      const { size, used } = arraySizeFor(counts, indexes);
      this.resize(size, total - used);
    }
    this.set(key);
  }

  /** Source: resize. */
  private resize(arraySize: number, hashSize: number): void {
    const { slots, keys, nodes, dead } = this;
    if (arraySize !== slots.length) {
      this.slots = arraySize === 0 ? NO_SLOTS : new Uint8Array(arraySize);
      this.slots.set(arraySize < slots.length ? slots.subarray(0, arraySize) : slots);
    }
    this.setNodes(hashSize);
    for (let place = arraySize; place < slots.length; place++) {
      if (slots[place] === 1) this.insert((place + 1) as Key, codeOfNumber(place + 1));
    }
    for (let node = keys.length - 1; node >= 0; node--) {
      const key = keys[node];
      if (key === undefined || (dead !== null && dead[node] === 1)) continue;
      if (typeof key === "number" && key > 0 && key <= arraySize && Number.isInteger(key)) this.slots[key - 1] = 1;
      else this.insert(key, nodes[2 * node] as number);
    }
    this.moved();
  }
}

/** Keys that are objects, in the order they came. */
class ObjectKeys<Key> {
  keys: Key[] = [];
  readonly places = new Map<Key, number>();
  /** Those whose value is nil. */
  readonly dead = new Set<Key>();

  /** Returns whether it is new. */
  add(key: Key): boolean {
    if (this.places.has(key)) {
      this.dead.delete(key);
      return false;
    }
    // As in Lua, keys that were set to nil go when another one comes: a walk that sets them to nil finds its way.
    if (this.dead.size * 2 > this.keys.length) this.sweep();
    this.places.set(key, this.keys.length);
    this.keys.push(key);
    return true;
  }

  private sweep(): void {
    this.keys = this.keys.filter((key) => !this.dead.has(key));
    this.places.clear();
    for (const [place, key] of this.keys.entries()) this.places.set(key, place);
    this.dead.clear();
  }
}

/** What an instruction of Lua's machine can say about a size: three bits and an exponent. Source: luaO_int2fb. */
export function roundedSize(count: number): number {
  let mantissa = count;
  let exponent = 0;
  while (mantissa >= 16) {
    mantissa = (mantissa + 1) >> 1;
    exponent++;
  }
  return mantissa * 2 ** exponent;
}

function isObject(key: unknown): boolean {
  return typeof key === "object" || typeof key === "function";
}

function codeOf(key: unknown): number {
  if (typeof key === "string") return stringCode(key);
  return typeof key === "number" ? codeOfNumber(key) : Number(key);
}

/** Keys between two powers of two, while sizes are found. */
const COUNTS = new Int32Array(MAX_BITS + 1);

const DOUBLE = new Float64Array(1);
const HALVES = new Int32Array(DOUBLE.buffer);

/** Source: hashnum. */
function codeOfNumber(number: number): number {
  DOUBLE[0] = number;
  return ((HALVES[0] as number) + (HALVES[1] as number)) | 0;
}

function log2Ceiling(count: number): number {
  return 32 - Math.clz32(count - 1);
}

/** Counts a key that the array part could hold, with those between the same powers of two. Returns 1 if it is one. */
function countIndex(key: unknown, counts: Int32Array): number {
  if (typeof key !== "number" || key <= 0 || key > 2 ** MAX_BITS || !Number.isInteger(key)) return 0;
  const slice = log2Ceiling(key);
  counts[slice] = (counts[slice] as number) + 1;
  return 1;
}

/** Likewise for the array part. Returns how many of its values are not nil. */
function countSlots(slots: Uint8Array, counts: Int32Array): number {
  let total = 0;
  let place = 0;
  for (let slice = 0; place < slots.length; slice++) {
    const end = Math.min(2 ** slice, slots.length);
    let count = 0;
    for (; place < end; place++) count += slots[place] as number;
    counts[slice] = (counts[slice] as number) + count;
    total += count;
  }
  return total;
}

/** The largest array part of which more than half would be used, and by how many keys. Source: computesizes. */
function arraySizeFor(counts: Int32Array, indexes: number): { size: number; used: number } {
  let [size, used, below] = [0, 0, 0];
  for (let slice = 0, power = 1; power / 2 < indexes; slice++, power *= 2) {
    const count = counts[slice] as number;
    if (count > 0) {
      below += count;
      if (below > power / 2) [size, used] = [power, below];
    }
    if (below === indexes) break;
  }
  return { size, used };
}
