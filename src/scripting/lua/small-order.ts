/**
 * The order of a few strings in Lua's nodes, where nothing but those strings came and none of them went: most tables that scripts walk are
 * such objects. It is what TableOrder (table-order.ts) would say, for a tenth of the effort: nothing is allocated. Hot.
 */

/** No more keys than this. */
export const SMALL = 256;

/** For each node the key in it, as its place in the list and one, and the next node of its chain and one; 0 for none. Two, to grow. */
const KEYS = [new Int32Array(SMALL), new Int32Array(SMALL)] as const;
const LINKS = [new Int32Array(SMALL), new Int32Array(SMALL)] as const;
const CODES = new Int32Array(SMALL);

/** The keys, given in the order they came, in Lua's order; null if some are no strings. `room`: the nodes that a constructor asked for. */
export function smallOrder<Key>(keys: readonly Key[], room: number): readonly Key[] | null {
  let current = 0;
  let size = powerOfTwo(room);
  if (size > SMALL) return null;
  let free = clear(current, size);
  for (let place = 0; place < keys.length; place++) {
    const key = keys[place];
    if (typeof key !== "string") return null;
    CODES[place] = stringCode(key);
    free = insert(current, size, free, place + 1);
    if (free >= 0) continue;
    const before = size;
    current = 1 - current;
    size = powerOfTwo(place + 1);
    free = clear(current, size);
    const old = KEYS[1 - current] as Int32Array;
    for (let node = before - 1; node >= 0; node--) free = insert(current, size, free, old[node] as number);
    free = insert(current, size, free, place + 1);
  }
  const order: Key[] = [];
  const nodes = KEYS[current] as Int32Array;
  for (let node = 0; node < size; node++) {
    const key = nodes[node] as number;
    if (key !== 0) order.push(keys[key - 1] as Key);
  }
  return order;
}

/** luaS_newlstr's hash, which in Redis takes all characters in. */
export function stringCode(text: string): number {
  let code = text.length;
  for (let place = text.length - 1; place >= 0; place--) code ^= (code << 5) + (code >>> 2) + text.charCodeAt(place);
  return code;
}

/** The least power of two that is not less; 0 for 0. */
export function powerOfTwo(count: number): number {
  return count === 0 ? 0 : 2 ** (32 - Math.clz32(count - 1));
}

/** Returns how many nodes from the first on may be free. */
function clear(current: number, size: number): number {
  const keys = KEYS[current] as Int32Array;
  const links = LINKS[current] as Int32Array;
  // For so few a loop beats `fill`.
  for (let node = 0; node < size; node++) {
    keys[node] = 0;
    links[node] = 0;
  }
  return size;
}

/** Enters a key, if there is one. Returns how many nodes may be free then, or -1 if there was no room. Source: newkey. */
function insert(current: number, size: number, free: number, key: number): number {
  if (key === 0) return free;
  if (size === 0) return -1;
  const nodes = KEYS[current] as Int32Array;
  const links = LINKS[current] as Int32Array;
  const mask = size - 1;
  const node = (CODES[key - 1] as number) & mask;
  const other = nodes[node] as number;
  if (other === 0) {
    nodes[node] = key;
    return free;
  }
  let taken = free - 1;
  while (taken >= 0 && nodes[taken] !== 0) taken--;
  if (taken < 0) return -1;
  const main = (CODES[other - 1] as number) & mask;
  if (main === node) {
    links[taken] = links[node] as number;
    links[node] = taken + 1;
    nodes[taken] = key;
  } else {
    let before = main;
    while (links[before] !== node + 1) before = (links[before] as number) - 1;
    links[before] = taken + 1;
    nodes[taken] = other;
    links[taken] = links[node] as number;
    links[node] = 0;
    nodes[node] = key;
  }
  return taken;
}
