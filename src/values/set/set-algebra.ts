/** Set operations. Every member is hashed once at most: a hash table knows the hashes of its own, and all tables share a seed. */

import { isInt64 } from "../../base/bytes.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import type { Element } from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import type { Temporary } from "../temporary.ts";
import { Encoding } from "../value-types.ts";
import {
  setAdd,
  setAddHashed,
  setHasHashed,
  setLength,
  setRemove,
  setRemoveHashed,
  setReserve,
  setToIntset,
  setToListpack,
  setWalk,
} from "./set.ts";

/** Whether two of the holders given are of the same key. */
type SameSet = (a: Holder, b: Holder) => boolean;

/**
 * Visits the members that are in all of `sets` (in none twice: equal holders may be left out), with their places in the first, which had
 * best be the smallest, until the visitor says false. The visitor must start no other walk.
 */
export function setIntersect(sets: readonly Holder[], visit: (member: Element, place: number) => boolean): void {
  const first = sets[0];
  const count = sets.length;
  const anyTable = tableAmong(sets, 1);
  setWalk(first, (member, place) => {
    const hash = anyTable === null ? 0 : hashOf(first, anyTable, member, place);
    for (let index = 1; index < count; index++) {
      if (!setHasHashed(sets[index], hash, member.bytes, member.from, member.to)) return true;
    }
    return visit(member, place);
  });
}

/** Sorts sets for `setIntersect`, the smallest first. */
export function sortBySize<T extends Holder>(sets: T[]): T[] {
  return sets.sort((a, b) => setLength(a) - setLength(b));
}

/** Puts the intersection into the empty temporary value, in the encoding that Redis gives it. */
export function setIntersectInto(temporary: Temporary, sets: readonly Holder[]): void {
  if (sets[0].encoding !== Encoding.INTSET) setToListpack(temporary);
  let onlyIntegers = true;
  setIntersect(sets, (member) => {
    onlyIntegers &&= isInt64(member.bytes, member.from, member.to);
    setAdd(temporary, member.bytes, member.from, member.to);
    return true;
  });
  if (onlyIntegers) setToIntset(temporary);
}

/** Puts the union into the empty temporary value. */
export function setUniteInto(temporary: Temporary, sets: readonly Holder[]): void {
  let largest = 0;
  for (const set of sets) largest = Math.max(largest, setLength(set));
  setReserve(temporary, largest);
  for (const set of sets) addAll(temporary, set);
}

function addAll(temporary: Temporary, set: Holder): void {
  const table = tableOf(set);
  setWalk(set, (member, place) => {
    if (table === null) setAdd(temporary, member.bytes, member.from, member.to);
    else setAddHashed(temporary, table.table.hashOf(place), member.bytes, member.from, member.to);
    return true;
  });
}

/** Puts what only the first of `sets` has into the empty temporary value: member by member or taking the others away, as is less work. */
export function setSubtractInto(temporary: Temporary, sets: readonly Holder[], same: SameSet): void {
  const [first] = sets;
  const others = sets.slice(1).filter((set) => setLength(set) > 0);
  if (setLength(first) === 0 || others.some((other) => same(first, other))) return;
  let all = setLength(first);
  for (const other of others) all += setLength(other);
  // Looking members up costs less than adding and removing them; hence half.
  if (Math.floor((setLength(first) * (others.length + 1)) / 2) <= all) addMissing(temporary, first, others);
  else takeAway(temporary, first, others);
}

function addMissing(temporary: Temporary, first: Holder, others: Holder[]): void {
  // The largest first: it is the likeliest to have the member.
  others.sort((a, b) => setLength(b) - setLength(a));
  const anyTable = tableAmong(others, 0) ?? tableOf(first);
  setWalk(first, (member, place) => {
    const hash = anyTable === null ? 0 : hashOf(first, anyTable, member, place);
    for (const other of others) if (setHasHashed(other, hash, member.bytes, member.from, member.to)) return true;
    if (anyTable === null) setAdd(temporary, member.bytes, member.from, member.to);
    else setAddHashed(temporary, hash, member.bytes, member.from, member.to);
    return true;
  });
}

function takeAway(temporary: Temporary, first: Holder, others: readonly Holder[]): void {
  setReserve(temporary, setLength(first));
  addAll(temporary, first);
  for (const other of others) {
    const table = tableOf(other);
    setWalk(other, (member, place) => {
      if (table === null) setRemove(temporary, member.bytes, member.from, member.to);
      else setRemoveHashed(temporary, table.table.hashOf(place), member.bytes, member.from, member.to);
      return true;
    });
    if (setLength(temporary) === 0) return;
  }
}

function tableOf(set: Holder): ByteMap | null {
  return set.object as ByteMap | null;
}

/** The first hash table of `sets` from `from` on. */
function tableAmong(sets: readonly Holder[], from: number): ByteMap | null {
  for (let index = from; index < sets.length; index++) if (sets[index].object !== null) return tableOf(sets[index]);
  return null;
}

/** The hash of a member that `setWalk` shows: known, or worked out with any table. */
function hashOf(set: Holder, anyTable: ByteMap, member: Element, place: number): number {
  const own = tableOf(set);
  return own === null ? anyTable.table.hash(member.bytes, member.from, member.to - member.from) : own.table.hashOf(place);
}
