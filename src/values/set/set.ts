/**
 * Sets: an intset while all members are integers, else a listpack while there are few and short ones (both in the key's record), else a
 * hash table with empty values. When one becomes the other is as in Redis 7.2, so that OBJECT ENCODING, DUMP and images agree. Hot: neither
 * objects nor strings are made per member.
 *
 * A member can be named by its place: its index in an intset, its offset from the start in a listpack, the address of its entry in a hash
 * table. Places are good until the next change of the set; taking out a packed member leaves those before it as they are.
 */

import { assert } from "../../assert.ts";
import { copied, copyBytes, isInt64 } from "../../base/bytes.ts";
import { ByteMap } from "../../memory/bytemap.ts";
import { IntsetAdd, intsetAdd, intsetFind, intsetGet, intsetLength, intsetRemove, intsetRemoveAt } from "../../memory/intset.ts";
import { filled } from "../../memory/objects.ts";
import {
  Element,
  EMPTY_PACKED_BYTES,
  MAX_PACKED_BYTES,
  packedAppend,
  packedAtEnd,
  packedClose,
  packedCount,
  packedDelete,
  packedEntryBytes,
  packedFind,
  packedFirst,
  packedInit,
  packedRead,
  packedSeek,
  packedWrite,
} from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { Temporary } from "../temporary.ts";
import { Encoding, Type } from "../value-types.ts";

/** Redis's bound on the members of an intset, whatever set-max-intset-entries says. */
const MAX_INTSET = 2 ** 30;

/** What `setWalk` shows; and what conversions use, which happen to one set while another is walked over. */
const walked = new Element();
const converted = new Element();

export function setLength(h: Holder): number {
  if (h.object !== null) return h.object.size;
  return h.encoding === Encoding.INTSET ? intsetLength(h.buffer, h.from) : packedCount(h.buffer, h.from);
}

export function setHas(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  if (h.object !== null) return (h.object as ByteMap).find(bytes, from, to - from) !== 0;
  if (h.encoding === Encoding.INTSET) return intsetFind(h.buffer, h.from, bytes, from, to) >= 0;
  return packedFind(h.buffer, h.from, bytes, from, to, 1) !== -1;
}

/** `setHas` for a member whose hash (Table.hash) is known, when the set is a hash table. */
export function setHasHashed(h: Holder, hash: number, bytes: Buffer, from: number, to: number): boolean {
  if (h.object !== null) return (h.object as ByteMap).table.find(hash, bytes, from, to - from) !== 0;
  return setHas(h, bytes, from, to);
}

// ---- adding

/** Adds bytes[from, to), which must not lie in the set itself. Returns whether it is new. */
export function setAdd(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  if (h.object !== null) return (h.object as ByteMap).add(bytes, from, to - from);
  if (h.encoding === Encoding.INTSET) return addToIntset(h, bytes, from, to);
  return addToListpack(h, bytes, from, to);
}

/** `setAdd` for a member whose hash (Table.hash) is known, when the set is a hash table. */
export function setAddHashed(h: Holder, hash: number, bytes: Buffer, from: number, to: number): boolean {
  if (h.object === null) return setAdd(h, bytes, from, to);
  const map = h.object as ByteMap;
  if (map.table.find(hash, bytes, from, to - from) !== 0) return false;
  map.table.insert(hash, bytes, from, to - from, 0, 0);
  return true;
}

function addToListpack(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  if (packedFind(h.buffer, h.from, bytes, from, to, 1) !== -1) return false;
  const { limits } = h;
  const count = packedCount(h.buffer, h.from);
  const length = to - from;
  if (count < limits.setEntries && length <= limits.setValueBytes && h.to - h.from + length <= MAX_PACKED_BYTES)
    packedAppend(h, bytes, from, to);
  else setToHashtable(h, count + 1).add(bytes, from, length);
  return true;
}

function addToIntset(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  const result = intsetAdd(h, bytes, from, to);
  if (result === IntsetAdd.PRESENT) return false;
  const count = intsetLength(h.buffer, h.from);
  if (result === IntsetAdd.ADDED) {
    if (count > maxIntset(h)) setToHashtable(h, count);
    return true;
  }
  if (fitsListpack(h, count, to - from)) intsetToListpack(h, count, bytes, from, to);
  else setToHashtable(h, count + 1).add(bytes, from, to - from);
  return true;
}

function maxIntset({ limits }: Holder): number {
  return limits.setIntegers < MAX_INTSET ? limits.setIntegers : MAX_INTSET;
}

/** Whether an intset of `count` members may become a listpack to take a string of `length` bytes. */
function fitsListpack(h: Holder, count: number, length: number): boolean {
  const { limits } = h;
  if (count >= limits.setEntries || length > limits.setValueBytes) return false;
  if (count === 0) return true;
  intsetGet(h.buffer, h.from, 0, converted);
  let longest = converted.length;
  intsetGet(h.buffer, h.from, count - 1, converted);
  if (converted.length > longest) longest = converted.length;
  // 10: what an integer takes at most.
  return longest <= limits.setValueBytes && EMPTY_PACKED_BYTES + count * 10 + length <= MAX_PACKED_BYTES;
}

/** Makes the intset a listpack, with the string bytes[from, to) for one more member. */
function intsetToListpack(h: Holder, count: number, bytes: Buffer, from: number, to: number): void {
  let size = EMPTY_PACKED_BYTES + packedEntryBytes(bytes, from, to);
  for (let index = 0; index < count; index++) {
    intsetGet(h.buffer, h.from, index, converted);
    size += packedEntryBytes(converted.bytes, converted.from, converted.to);
  }
  const numbers = count === 0 ? null : copied(h.buffer, h.from, h.to);
  h.setPacked(Encoding.LISTPACK, size);
  let at = packedFirst(h.buffer, h.from);
  if (numbers !== null) {
    for (let index = 0; index < count; index++) {
      intsetGet(numbers, 0, index, converted);
      at = packedWrite(h.buffer, at, converted.bytes, converted.from, converted.to);
    }
  }
  at = packedWrite(h.buffer, at, bytes, from, to);
  const end = packedClose(h.buffer, h.from, at, count + 1);
  assert(end === h.to, "members take the bytes that were measured for them");
}

/** Makes the packed set a hash table that has room for `capacity` members. */
function setToHashtable(h: Holder, capacity: number): ByteMap {
  const map = new ByteMap(h.tables);
  return filled(map, () => {
    map.table.reserve(capacity);
    walkPacked(h, converted, (member) => {
      const length = member.to - member.from;
      map.table.insert(map.table.hash(member.bytes, member.from, length), member.bytes, member.from, length, 0, 0);
      return true;
    });
    h.setObject(Encoding.HASHTABLE, map);
    return map;
  });
}

/** Makes the set, whose members are all integers, an intset, unless there are too many for one. */
export function setToIntset(h: Holder): void {
  const count = setLength(h);
  if (h.encoding === Encoding.INTSET || count > maxIntset(h)) return;
  const numbers = new Temporary(h.tables, h.limits).begin(Type.SET);
  setEach(h, (member) => intsetAdd(numbers, member.bytes, member.from, member.to));
  h.setPacked(Encoding.INTSET, numbers.to);
  copyBytes(h.buffer, h.from, numbers.buffer, 0, numbers.to);
}

// ---- before members are added

/**
 * Prepares for `count` members to be added, bytes[from, to) the first of them: an empty set becomes what holds that one and is likely to
 * hold all, another a hash table if it would be too large with them even if it holds none of the others. As Redis does for SADD.
 */
export function setExpect(h: Holder, count: number, bytes: Buffer, from: number, to: number): void {
  const { limits } = h;
  if (h.object !== null) return;
  const isIntset = h.encoding === Encoding.INTSET;
  if (!isIntset || intsetLength(h.buffer, h.from) > 0) {
    if (count > (isIntset ? limits.setIntegers : limits.setEntries)) setToHashtable(h, count);
    return;
  }
  if (count <= limits.setIntegers && isInt64(bytes, from, to)) return;
  if (count > limits.setEntries) setToHashtable(h, count);
  else if (count > 1 || isInt64(bytes, from, to)) setToListpack(h); // a single string makes it one as it is added
}

/** Makes the empty set an empty listpack: what Redis collects results of unknown kind in. */
export function setToListpack(h: Holder): void {
  h.setPacked(Encoding.LISTPACK, EMPTY_PACKED_BYTES);
  packedInit(h.buffer, h.from);
}

/** Prepares the empty set for at least `count` members: if it will be a hash table in any case, it is one from the start, with room for them. */
export function setReserve(h: Holder, count: number): void {
  if (count > maxIntset(h) && count > h.limits.setEntries) setToHashtable(h, count);
}

// ---- taking out

/** Returns whether bytes[from, to) was there. */
export function setRemove(h: Holder, bytes: Buffer, from: number, to: number): boolean {
  if (h.object !== null) return setRemoveHashed(h, (h.object as ByteMap).table.hash(bytes, from, to - from), bytes, from, to);
  if (h.encoding === Encoding.INTSET) return intsetRemove(h, bytes, from, to);
  const at = packedFind(h.buffer, h.from, bytes, from, to, 1);
  if (at !== -1) packedDelete(h, at, 1);
  return at !== -1;
}

/** `setRemove` for a member whose hash (Table.hash) is known, when the set is a hash table. */
export function setRemoveHashed(h: Holder, hash: number, bytes: Buffer, from: number, to: number): boolean {
  if (h.object === null) return setRemove(h, bytes, from, to);
  const map = h.object as ByteMap;
  const address = map.table.find(hash, bytes, from, to - from);
  if (address !== 0) map.remove(address);
  return address !== 0;
}

/** Takes out the member at `place`. */
export function setRemoveAt(h: Holder, place: number): void {
  if (h.object !== null) (h.object as ByteMap).remove(place);
  else if (h.encoding === Encoding.INTSET) intsetRemoveAt(h, place);
  else packedDelete(h, h.from + place, 1);
}

// ---- reading

/** Shows the member at `place` in `element`. */
export function setRead(h: Holder, place: number, element: Element): void {
  if (h.object !== null) (h.object as ByteMap).showKey(place, element);
  else if (h.encoding === Encoding.INTSET) intsetGet(h.buffer, h.from, place, element);
  else packedRead(h.buffer, h.from + place, element);
}

/**
 * Visits the members, those of an intset in ascending order, and their places, until the visitor says false; it must not change this set
 * nor start another walk. Returns whether it came to the end.
 */
export function setWalk(h: Holder, visit: (member: Element, place: number) => boolean): boolean {
  if (h.object === null) return walkPacked(h, walked, visit);
  const map = h.object as ByteMap;
  const { table } = map;
  table.pauseRehash(); // the visitor may look members up, which would move chains
  try {
    const chains = table.chainCount;
    for (let chain = 0; chain < chains; chain++) {
      for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
        map.showKey(address, walked);
        if (!visit(walked, address)) return false;
      }
    }
  } finally {
    table.resumeRehash();
  }
  return true;
}

/** Visits all members, as `setWalk` does. */
export function setEach(h: Holder, visit: (member: Element) => void): void {
  setWalk(h, (member) => {
    visit(member);
    return true;
  });
}

function walkPacked(h: Holder, element: Element, visit: (member: Element, place: number) => boolean): boolean {
  const { buffer, from } = h;
  if (h.encoding === Encoding.INTSET) {
    const count = intsetLength(buffer, from);
    for (let index = 0; index < count; index++) {
      intsetGet(buffer, from, index, element);
      if (!visit(element, index)) return false;
    }
    return true;
  }
  let at = packedFirst(buffer, from);
  while (!packedAtEnd(buffer, at)) {
    const next = packedRead(buffer, at, element);
    if (!visit(element, at - from)) return false;
    at = next;
  }
  return true;
}

// ---- at random

/** Returns the place of a member, each with the same probability. The set must not be empty. */
export function setRandom(h: Holder): number {
  assert(setLength(h) > 0, "a member is drawn from a set that has one");
  if (h.object !== null) return (h.object as ByteMap).random();
  const index = Math.floor(Math.random() * setLength(h));
  return h.encoding === Encoding.INTSET ? index : packedSeek(h.buffer, h.from, index) - h.from;
}

/** How many draws of a member are worth no more than a look at each: Redis's SRANDMEMBER_SUB_STRATEGY_MUL. */
const DRAW_COST = 3;

/** Returns the places of `count` different members, every choice of so many as likely as any other; of a packed set in its order. */
export function setChoose(h: Holder, count: number): Int32Array {
  const size = setLength(h);
  const wanted = Math.min(count, size);
  const places = new Int32Array(wanted);
  let chosen = 0;
  if (h.object === null || wanted * DRAW_COST > size) {
    let left = size;
    setWalk(h, (_member, place) => {
      if (Math.random() * left-- < wanted - chosen) places[chosen++] = place;
      return chosen < wanted;
    });
    assert(chosen === wanted, "a walk over all members comes upon as many as the set counts");
    return places;
  }
  const seen = new Set<number>();
  while (chosen < wanted) {
    const place = setRandom(h);
    if (seen.has(place)) continue;
    seen.add(place);
    places[chosen++] = place;
  }
  return places;
}
