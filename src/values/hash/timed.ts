/**
 * Hashes with times of fields (HEXPIRE): small ones as packed-times.ts has them, large ones as an ExpiringMap. A field whose time is before
 * the holder's `hiddenBefore` is hidden: it is there, and what reads the hash as a client does not see it. A hash gets its encoding, one of
 * the last two, with the first time, and keeps it.
 */

import { assert } from "../../assert.ts";
import type { BlockString } from "../../blocks/block-string.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import { ExpiringMap, NO_TIME } from "../../memory/expiring-map.ts";
import { filled, type LargeObject } from "../../memory/objects.ts";
import { Element, packedAtEnd, packedFind, packedFirst, packedNext, packedRead } from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";
import {
  addPackedTimed,
  allowPackedTimes,
  deletePackedDue,
  deletePackedTimed,
  hasPackedTimes,
  type PackedBytes,
  packedIndex,
  packedTime,
  replacePackedValue,
  setPackedTime,
  soonestPacked,
} from "./packed-times.ts";

/** In place of a time: there is no such field, or it is hidden. */
export const NO_FIELD = -2;

const shownField = new Element();
const shownValue = new Element();

/** Whether fields of a hash in this encoding may have times. */
export function isTimed(encoding: Encoding): boolean {
  return encoding >= Encoding.LISTPACK_EX;
}

/** A time before which no field of the hash expires; infinity when none has a time. It must be a timed one. */
export function soonestTime(h: PackedBytes & { readonly object: LargeObject | null }): number {
  return h.object === null ? soonestPacked(h) : (h.object as ExpiringMap).soonest;
}

/** Whether a field of the hash has a time. */
export function hasTimes(h: PackedBytes & { readonly object: LargeObject | null; readonly encoding: Encoding }): boolean {
  if (!isTimed(h.encoding)) return false;
  return h.object === null ? hasPackedTimes(h) : (h.object as ExpiringMap).timed > 0;
}

/** Whether a field may be hidden. */
export function mayHide(h: Holder): boolean {
  return soonestTime(h) < h.hiddenBefore;
}

/** The time of the field at `place`: its address, or where its name is in packed bytes. */
function timeAt(h: Holder, place: number): number {
  return h.object === null ? packedTime(h, packedIndex(h, place)) : (h.object as ExpiringMap).timeOf(place);
}

/** Whether the field at `place` is hidden. */
export function isHidden(h: Holder, place: number): boolean {
  if (!mayHide(h)) return false;
  const time = timeAt(h, place);
  return time !== NO_TIME && time < h.hiddenBefore;
}

/** Returns the place of a field, hidden or not, or 0. */
function findAny(h: Holder, field: Buffer, from: number, to: number): number {
  if (h.object !== null) return (h.object as ByteMap).find(field, from, to - from);
  return Math.max(packedFind(h.buffer, h.from, field, from, to, 2), 0);
}

/** Returns the time of a field, NO_TIME or NO_FIELD. */
export function fieldTime(h: Holder, field: Buffer, from: number, to: number): number {
  const place = findAny(h, field, from, to);
  if (place === 0) return NO_FIELD;
  if (!isTimed(h.encoding)) return NO_TIME;
  const time = timeAt(h, place);
  return time !== NO_TIME && time < h.hiddenBefore ? NO_FIELD : time;
}

/** Whether a field is there and hidden. */
export function hidesField(h: Holder, field: Buffer, from: number, to: number): boolean {
  const place = findAny(h, field, from, to);
  return place !== 0 && isHidden(h, place);
}

/** Gives a field that is there a time, or with NO_TIME takes it away. */
export function setFieldTime(h: Holder, field: Buffer, from: number, to: number, time: number): void {
  if (!isTimed(h.encoding)) {
    if (time === NO_TIME) return;
    allowTimes(h);
  }
  const place = findAny(h, field, from, to);
  assert(place !== 0, "a field that is given a time is there");
  if (h.object === null) setPackedTime(h, place, time);
  else (h.object as ExpiringMap).setTime(place, time);
}

function allowTimes(h: Holder): void {
  if (h.object === null) return allowPackedTimes(h);
  const map = h.object as ByteMap;
  const table = map.yieldTable();
  try {
    h.setObject(Encoding.HASHTABLE_EX, new ExpiringMap(h.tables, table, map.valuesInBlocks));
  } catch (error) {
    map.table = table; // there was no memory
    throw error;
  }
}

/** Gives a field a value and no time. Returns whether the field is new; one that was hidden is. */
export function setTimed(h: Holder, field: Buffer, fFrom: number, fTo: number, value: Buffer, vFrom: number, vTo: number): boolean {
  const { hashEntries, hashValueBytes } = h.limits;
  const tooLong = fTo - fFrom > hashValueBytes || vTo - vFrom > hashValueBytes;
  const map = h.object === null && tooLong ? enlargeTimed(h, 0) : (h.object as ExpiringMap | null);
  const place = findAny(h, field, fFrom, fTo);
  const isNew = place === 0 || isHidden(h, place);
  if (map !== null) {
    if (place === 0) map.set(field, fFrom, fTo - fFrom, value, vFrom, vTo);
    else map.setTime(map.setValue(place, value, vFrom, vTo), NO_TIME);
  } else if (place !== 0) {
    setPackedTime(h, place, NO_TIME);
    replacePackedValue(h, packedNext(h.buffer, findAny(h, field, fFrom, fTo)), value, vFrom, vTo);
  } else {
    addPackedTimed(h, field, fFrom, fTo, value, vFrom, vTo);
    if (countOf(h) > hashEntries) enlargeTimed(h, 0);
  }
  return isNew;
}

/** `setTimed` of a string too long for a small hash, whose blocks are shared. */
export function setTimedBlocks(h: Holder, field: Buffer, from: number, to: number, value: BlockString): boolean {
  const map = h.object === null ? enlargeTimed(h, 0) : (h.object as ExpiringMap);
  const place = map.find(field, from, to - from);
  const isNew = place === 0 || isHidden(h, place);
  if (place === 0) map.setBlocks(field, from, to - from, value);
  else map.setTime(map.setValueBlocks(place, value), NO_TIME);
  return isNew;
}

/** Replaces the value at `place`, as `hashFind` gives it, of a field; its time stays. */
export function putTimed(
  h: Holder,
  place: number,
  field: Buffer,
  fFrom: number,
  fTo: number,
  value: Buffer,
  vFrom: number,
  vTo: number,
): void {
  if (h.object === null && vTo - vFrom <= h.limits.hashValueBytes) return replacePackedValue(h, place, value, vFrom, vTo);
  const map = h.object === null ? enlargeTimed(h, 0) : (h.object as ExpiringMap);
  map.setValue(map.find(field, fFrom, fTo - fFrom), value, vFrom, vTo);
}

/** Takes a field out, hidden or not. Returns whether it was there. */
export function deleteTimed(h: Holder, field: Buffer, from: number, to: number): boolean {
  const place = findAny(h, field, from, to);
  if (place === 0) return false;
  if (h.object === null) deletePackedTimed(h, place);
  else (h.object as ExpiringMap).remove(place);
  return true;
}

function countOf(h: Holder): number {
  let count = 0;
  if (h.object !== null) return h.object.size;
  for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); at = packedNext(h.buffer, packedNext(h.buffer, at))) count++;
  return count;
}

/** Returns how many fields are not hidden. */
export function visibleCount(h: Holder): number {
  let hidden = 0;
  eachTimed(h, (_field, _value, time) => {
    if (time !== NO_TIME && time < h.hiddenBefore) hidden++;
  });
  return countOf(h) - hidden;
}

/** Told of each field with its value and its time (or NO_TIME). */
export type TimedVisitor = (field: Element, value: Element, time: number) => void;

/** Visits every field, hidden or not; the visitor must not change the hash. */
export function eachTimed(h: Holder, visit: TimedVisitor, field = shownField, value = shownValue): void {
  if (h.object === null) {
    let index = 0;
    for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); index++) {
      at = packedRead(h.buffer, packedRead(h.buffer, at, field), value);
      visit(field, value, isTimed(h.encoding) ? packedTime(h, index) : NO_TIME);
    }
    return;
  }
  const map = h.object as ByteMap;
  map.each((address) => {
    map.showKey(address, field);
    map.showValue(address, value);
    visit(field, value, map instanceof ExpiringMap ? map.timeOf(address) : NO_TIME);
  });
}

/** Visits every field that is not hidden. */
export function eachVisible(h: Holder, visit: (field: Element, value: Element) => void, field: Element, value: Element): void {
  const before = h.hiddenBefore;
  eachTimed(h, (_f, _v, time) => (time !== NO_TIME && time < before ? undefined : visit(field, value)), field, value);
}

/** Returns the places of the fields that are not hidden: addresses, or where their names are in packed bytes. */
export function visiblePlaces(h: Holder): number[] {
  const places: number[] = [];
  if (h.object !== null) {
    (h.object as ExpiringMap).each((address) => {
      if (!isHidden(h, address)) places.push(address);
    });
    return places;
  }
  for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); at = packedNext(h.buffer, packedNext(h.buffer, at)))
    if (!isHidden(h, at)) places.push(at);
  return places;
}

/** Shows the field at `place` and its value. */
export function showPlace(h: Holder, place: number, field: Element, value: Element): void {
  if (h.object === null) {
    packedRead(h.buffer, packedRead(h.buffer, place, field), value);
    return;
  }
  (h.object as ExpiringMap).showKey(place, field);
  (h.object as ExpiringMap).showValue(place, value);
}

/**
 * Takes out fields whose time is before `now`, each shown to `leaving` just before, until none is left or, in a large hash, `stop()` says so.
 * Returns how many.
 */
export function expireFields(h: Holder, now: number, leaving: (field: Element) => void, stop: () => boolean): number {
  let gone = 0;
  if (h.object !== null) {
    const map = h.object as ExpiringMap;
    const expire = (address: number): void => {
      map.showKey(address, shownField);
      leaving(shownField);
      map.remove(address);
      gone++;
    };
    map.expireDue(now, expire, stop);
    return gone;
  }
  return deletePackedDue(h, now, (at) => {
    packedRead(h.buffer, at, shownField);
    leaving(shownField);
  });
}

/** Turns a small hash with times into a large one with room for `fields` fields. Returns its dictionary. Without memory for it nothing changes. */
export function enlargeTimed(h: Holder, fields: number): ExpiringMap {
  const map = new ExpiringMap(h.tables);
  map.table.reserve(Math.max(fields, countOf(h)));
  return filled(map, () => {
    eachTimed(h, (field, value, time) => {
      map.set(field.bytes, field.from, field.length, value.bytes, value.from, value.to);
      if (time !== NO_TIME) map.setTime(map.find(field.bytes, field.from, field.length), time);
    });
    h.setObject(Encoding.HASHTABLE_EX, map);
    return map;
  });
}
