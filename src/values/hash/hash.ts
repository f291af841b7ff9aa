/**
 * Hashes: fields with values. Small ones are packed bytes, a field and its value by turns; once they pass the limits (Redis 7.2's rules) they are a ByteMap, and stay
 * one. Hot: nothing here makes an object or a string, conversions aside.
 */

import { ByteMap } from "../../memory/bytemap.ts";
import {
  Element,
  MAX_PACKED_BYTES,
  packedAppendPair,
  packedAtEnd,
  packedBytes,
  packedCount,
  packedDelete,
  packedFind,
  packedFirst,
  packedNext,
  packedRead,
  packedReplace,
} from "../../memory/packed.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

/** -> fields in the hash. */
export function hashLength(h: Holder): number {
  return h.object === null ? packedCount(h.buffer, h.from) >>> 1 : h.object.size;
}

/** The dictionary of a hash that is no longer packed, or null. */
export function hashMap(h: Holder): ByteMap | null {
  return h.object as ByteMap | null;
}

/**
 * To be called before fields are set that are known beforehand: a hash that they will be too many, or one of them too long, for becomes large at once.
 * `longest`: bytes of the longest of all fields and values; `bytes`: of all together.
 */
export function hashExpect(h: Holder, fields: number, longest: number, bytes: number): void {
  if (h.object !== null) return;
  if (fields > h.limits.hashEntries) enlarge(h, fields);
  else if (longest > h.limits.hashValueBytes || packedBytes(h.buffer, h.from) + bytes > MAX_PACKED_BYTES) enlarge(h, 0);
}

/** -> the place of the value of field[from, to), for `hashShow` and `hashPut`, until the hash changes; 0: there is no such field. */
export function hashFind(h: Holder, field: Buffer, from: number, to: number): number {
  const map = hashMap(h);
  if (map !== null) return map.find(field, from, to - from);
  const at = packedFind(h.buffer, h.from, field, from, to, 2);
  return at === -1 ? 0 : packedNext(h.buffer, at);
}

/** Shows the value at `place`. */
export function hashShow(h: Holder, place: number, value: Element): void {
  const map = hashMap(h);
  if (map === null) packedRead(h.buffer, place, value);
  else showValue(map, place, value);
}

/** Shows the value of a field. -> whether there is one. */
export function hashGet(h: Holder, field: Buffer, from: number, to: number, value: Element): boolean {
  const place = hashFind(h, field, from, to);
  if (place === 0) return false;
  hashShow(h, place, value);
  return true;
}

/** Gives a field a value; neither may lie in the hash itself. -> whether the field is new. */
export function hashSet(h: Holder, field: Buffer, fFrom: number, fTo: number, value: Buffer, vFrom: number, vTo: number): boolean {
  const map = hashMap(h);
  if (map !== null) return map.set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
  return hashPut(h, hashFind(h, field, fFrom, fTo), field, fFrom, fTo, value, vFrom, vTo);
}

/** `hashSet` for a field that `hashFind` has just been asked for: `place` is what it said. */
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
  const map = hashMap(h);
  if (map !== null) {
    if (isNew) return map.set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
    map.setValue(place, value, vFrom, vTo);
    return false;
  }
  const { hashEntries, hashValueBytes } = h.limits;
  if (fTo - fFrom > hashValueBytes || vTo - vFrom > hashValueBytes) return enlarge(h, 0).set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
  if (isNew) packedAppendPair(h, field, fFrom, fTo, value, vFrom, vTo);
  else packedReplace(h, place, value, vFrom, vTo);
  if (hashLength(h) > hashEntries) enlarge(h, 0);
  return isNew;
}

/** Takes a field out. -> whether it was there. */
export function hashDelete(h: Holder, field: Buffer, from: number, to: number): boolean {
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

/** Visits every field with its value, in the order they lie in; the visitor must not change the hash. The elements are anew at each visit. */
export function hashEach(
  h: Holder,
  visit: (field: Element, value: Element) => void,
  field: Element = new Element(),
  value: Element = new Element(),
): void {
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

/** Shows the entry of a large hash at `address`. */
export function showEntry(map: ByteMap, address: number, field: Element, value: Element): void {
  map.locateKey(address, span);
  field.bytes = span.buffer;
  field.from = span.from;
  field.to = span.to;
  showValue(map, address, value);
}

function showValue(map: ByteMap, address: number, value: Element): void {
  map.locateValue(address, span);
  value.bytes = span.buffer;
  value.from = span.from;
  value.to = span.to;
}

/** Turns a packed hash into a large one with room for `fields` fields. -> its dictionary. Without memory for it nothing changes. */
function enlarge(h: Holder, fields: number): ByteMap {
  const map = new ByteMap(h.tables);
  map.table.reserve(Math.max(fields, hashLength(h)));
  const field = new Element();
  const value = new Element();
  try {
    for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); ) {
      at = packedRead(h.buffer, packedRead(h.buffer, at, field), value);
      map.set(field.bytes, field.from, field.length, value.bytes, value.from, value.to);
    }
    h.setObject(Encoding.HASHTABLE, map);
  } catch (error) {
    map.free(() => false);
    throw error;
  }
  return map;
}
