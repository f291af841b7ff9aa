/**
 * Hashes: fields with values. Small ones are packed bytes, a field and its value by turns; once they pass the limits (Redis 7.2's rules)
 * they are a ByteMap, and stay one. Those whose fields have times are told by their encoding and have functions of their own (timed.ts);
 * nothing here shows fields that are hidden. Hot: nothing here makes an object or a string, conversions aside.
 */

import { assert } from "../../assert.ts";
import type { BlockString } from "../../blocks/block-string.ts";
import { ByteMap } from "../../memory/bytemap.ts";
import { filled } from "../../memory/objects.ts";
import {
  Element,
  MAX_PACKED_BYTES,
  packedAtEnd,
  packedBytes,
  packedCount,
  packedDelete,
  packedEnd,
  packedFind,
  packedFirst,
  packedInsertPair,
  packedNext,
  packedRead,
  packedReplace,
  packedSeek,
} from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";
import {
  deleteTimed,
  eachVisible,
  enlargeTimed,
  isHidden,
  isTimed,
  mayHide,
  putTimed,
  setTimed,
  setTimedBlocks,
  showPlace,
  visibleCount,
  visiblePlaces,
} from "./timed.ts";

/** Returns how many fields the hash has, those included that are hidden. */
export function hashLength(h: Holder): number {
  return h.object === null ? packedCount(h.buffer, h.from) >>> 1 : h.object.size;
}

/** Returns how many fields the hash shows. */
export function hashVisibleLength(h: Holder): number {
  return hides(h) ? visibleCount(h) : hashLength(h);
}

/** Whether fields of the hash may be hidden. */
function hides(h: Holder): boolean {
  return isTimed(h.encoding) && mayHide(h);
}

/** The dictionary of a hash that is no longer packed, or null. */
export function hashMap(h: Holder): ByteMap | null {
  return h.object as ByteMap | null;
}

/**
 * To be called before fields are set that are known beforehand: a hash that they will be too many, or one of them too long, for becomes
 * large at once. `longest`: bytes of the longest of all fields and values; `bytes`: of all together.
 */
export function hashExpect(h: Holder, fields: number, longest: number, bytes: number): void {
  if (h.object !== null) return;
  if (fields > h.limits.hashEntries) enlarge(h, fields);
  else if (longest > h.limits.hashValueBytes || packedBytes(h.buffer, h.from) + bytes > MAX_PACKED_BYTES) enlarge(h, 0);
}

/** Returns the place of the value of field[from, to), for `hashShow` and `hashPut`, until the hash changes; 0: there is no such field. */
export function hashFind(h: Holder, field: Buffer, from: number, to: number): number {
  const map = hashMap(h);
  if (map !== null) {
    const address = map.find(field, from, to - from);
    return address === 0 || h.encoding === Encoding.HASHTABLE || !isHidden(h, address) ? address : 0;
  }
  const at = packedFind(h.buffer, h.from, field, from, to, 2);
  if (at === -1) return 0;
  return h.encoding === Encoding.LISTPACK || !isHidden(h, at) ? packedNext(h.buffer, at) : 0;
}

/** Shows the value at `place`. */
export function hashShow(h: Holder, place: number, value: Element): void {
  const map = hashMap(h);
  if (map === null) packedRead(h.buffer, place, value);
  else map.showValue(place, value);
}

/** Shows the value of a field. Returns whether there is one. */
export function hashGet(h: Holder, field: Buffer, from: number, to: number, value: Element): boolean {
  const place = hashFind(h, field, from, to);
  if (place === 0) return false;
  hashShow(h, place, value);
  return true;
}

/** Gives a field a value, and no time; neither may lie in the hash itself. Returns whether the field is new. */
export function hashSet(h: Holder, field: Buffer, fFrom: number, fTo: number, value: Buffer, vFrom: number, vTo: number): boolean {
  if (isTimed(h.encoding)) return setTimed(h, field, fFrom, fTo, value, vFrom, vTo);
  const map = hashMap(h);
  if (map !== null) return map.set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
  return hashPut(h, hashFind(h, field, fFrom, fTo), field, fFrom, fTo, value, vFrom, vTo);
}

/** `hashSet` for a field that `hashFind` has just been asked for: `place` is what it said. The time of a field that is there stays. */
export function hashPut(
  h: Holder,
  place: number,
  field: Buffer,
  fFrom: number,
  fTo: number,
  value: Buffer,
  vFrom: number,
  vTo: number,
): boolean {
  const isNew = place === 0;
  if (isTimed(h.encoding)) {
    if (isNew) return setTimed(h, field, fFrom, fTo, value, vFrom, vTo);
    putTimed(h, place, field, fFrom, fTo, value, vFrom, vTo);
    return false;
  }
  const map = hashMap(h);
  if (map !== null) {
    if (isNew) return map.set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
    map.setValue(place, value, vFrom, vTo);
    return false;
  }
  const { hashEntries, hashValueBytes } = h.limits;
  if (fTo - fFrom > hashValueBytes || vTo - vFrom > hashValueBytes) return enlarge(h, 0).set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
  if (isNew) packedInsertPair(h, packedEnd(h), field, fFrom, fTo, value, vFrom, vTo);
  else packedReplace(h, place, value, vFrom, vTo);
  if (hashLength(h) > hashEntries) enlarge(h, 0);
  return isNew;
}

/** `hashSet` of a string that is long enough for blocks, which are shared. */
export function hashSetBlocks(h: Holder, field: Buffer, from: number, to: number, value: BlockString): boolean {
  const { length } = value;
  if (h.object === null && length <= h.limits.hashValueBytes) return hashSet(h, field, from, to, value.joined(), 0, length);
  if (isTimed(h.encoding)) return setTimedBlocks(h, field, from, to, value);
  return (hashMap(h) ?? enlarge(h, 0)).setBlocks(field, from, to - from, value);
}

/** `hashPut` of such a string. */
export function hashPutBlocks(h: Holder, place: number, field: Buffer, from: number, to: number, value: BlockString): boolean {
  const { length } = value;
  if (place === 0) return hashSetBlocks(h, field, from, to, value);
  if (h.object === null && length <= h.limits.hashValueBytes) return hashPut(h, place, field, from, to, value.joined(), 0, length);
  const map = hashMap(h) ?? enlarge(h, 0);
  map.setValueBlocks(map.find(field, from, to - from), value);
  return false;
}

/** Takes a field out, even one that is hidden. Returns whether it was there. */
export function hashDelete(h: Holder, field: Buffer, from: number, to: number): boolean {
  if (isTimed(h.encoding)) return deleteTimed(h, field, from, to);
  const map = hashMap(h);
  if (map !== null) {
    const address = map.find(field, from, to - from);
    if (address === 0) return false;
    map.remove(address);
    return true;
  }
  const at = packedFind(h.buffer, h.from, field, from, to, 2);
  if (at === -1) return false;
  packedDelete(h, at, 2);
  return true;
}

/** Told of each field with its value. */
type FieldVisitor = (field: Element, value: Element) => void;

/**
 * Visits every field that is not hidden, with its value, in the order they lie in; the visitor must not change the hash. The elements are
 * the same at each visit.
 */
export function hashEach(h: Holder, visit: FieldVisitor, field = new Element(), value = new Element()): void {
  if (hides(h)) return eachVisible(h, visit, field, value);
  const map = hashMap(h);
  if (map === null) {
    let at = packedFirst(h.buffer, h.from);
    while (!packedAtEnd(h.buffer, at)) {
      at = packedRead(h.buffer, packedRead(h.buffer, at, field), value);
      visit(field, value);
    }
  } else {
    map.each((address) => {
      showEntry(map, address, field, value);
      visit(field, value);
    });
  }
}

// ---- at random

/** A sample of more than one in so many fields is taken in one walk: drawing until enough different ones have come up would take longer. */
const WALKED_SHARE = 3;

/** Shows a field of a hash that shows one at least, each with the same probability, and its value. */
export function hashRandom(h: Holder, field: Element, value: Element): void {
  assert(hashLength(h) > 0, "a field is drawn from a hash that has one");
  if (hides(h)) return showPlace(h, drawnFrom(visiblePlaces(h)), field, value);
  const map = hashMap(h);
  if (map !== null) return showEntry(map, map.random(), field, value);
  const at = packedSeek(h.buffer, h.from, 2 * Math.floor(Math.random() * hashLength(h)));
  packedRead(h.buffer, packedRead(h.buffer, at, field), value);
}

function drawnFrom(places: readonly number[]): number {
  return places[Math.floor(Math.random() * places.length)];
}

/** Visits fields of a hash that shows one at least, each draw over all of them, until the visitor answers that it has enough. */
export function hashDraw(h: Holder, field: Element, value: Element, visit: (field: Element, value: Element) => boolean): void {
  if (hides(h)) {
    const places = visiblePlaces(h);
    do showPlace(h, drawnFrom(places), field, value);
    while (visit(field, value));
    return;
  }
  if (h.object !== null) {
    do hashRandom(h, field, value);
    while (visit(field, value));
    return;
  }
  const places: number[] = [];
  for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); at = packedNext(h.buffer, packedNext(h.buffer, at)))
    places.push(at);
  do packedRead(h.buffer, packedRead(h.buffer, drawnFrom(places), field), value);
  while (visit(field, value));
}

/** Visits `count` different fields of a hash that has more, every choice with the same probability, in no certain order. */
export function hashSample(h: Holder, count: number, field: Element, value: Element, visit: FieldVisitor): void {
  const map = hashMap(h);
  let left = hashVisibleLength(h);
  if (map !== null && !hides(h) && count * WALKED_SHARE <= left) {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(map.random());
    for (const address of chosen) {
      showEntry(map, address, field, value);
      visit(field, value);
    }
    return;
  }
  // Each field is taken with the probability that as many as are still wanted are among as many as are left.
  let wanted = count;
  const take: FieldVisitor = (taken, itsValue) => {
    if (Math.random() * left-- >= wanted) return;
    wanted--;
    visit(taken, itsValue);
  };
  hashEach(h, take, field, value);
  assert(wanted === 0, "a walk over all fields comes upon as many as the hash counts");
}

// ---- large hashes

/** Shows the entry of a large hash at `address`. */
export function showEntry(map: ByteMap, address: number, field: Element, value: Element): void {
  map.showKey(address, field);
  map.showValue(address, value);
}

/** Turns a packed hash into a large one with room for `fields` fields. Returns its dictionary. Without memory for it nothing changes. */
function enlarge(h: Holder, fields: number): ByteMap {
  if (isTimed(h.encoding)) return enlargeTimed(h, fields);
  const map = new ByteMap(h.tables);
  map.table.reserve(Math.max(fields, hashLength(h)));
  return filled(map, () => {
    hashEach(h, (field, value) => map.set(field.bytes, field.from, field.length, value.bytes, value.from, value.to));
    h.setObject(Encoding.HASHTABLE, map);
    return map;
  });
}
