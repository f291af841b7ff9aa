/**
 * Unions, intersections and differences of sorted sets and sets (whose members all have the score 1). The outcome gathers in a dictionary,
 * and is put in order once it is complete. Scores are added up in Redis's order (from the smallest set to the largest), since with doubles
 * the order makes a difference.
 */

import { ByteMap } from "../../memory/bytemap.ts";
import { filled } from "../../memory/objects.ts";
import type { Element } from "../../memory/packed.ts";
import type { TableSpace } from "../../memory/record-table.ts";
import type { Holder } from "../holder.ts";
import { setEach, setHas, setLength } from "../set/set.ts";
import { recordScore, SCORE_BYTES, SortedSet, setRecordScore } from "./sorted-set.ts";
import { zsetEach, zsetLength, zsetScore } from "./zset.ts";

/** How scores of the same member are put together. */
export const Aggregate = { SUM: 0, MIN: 1, MAX: 2 } as const;
export type Aggregate = (typeof Aggregate)[keyof typeof Aggregate];

/** A set that takes part. Its scores count times its weight. */
export interface ZsetSource {
  /** Null: there is none, which is as good as an empty one. */
  readonly holder: Holder | null;
  /** A set without scores. */
  readonly plain: boolean;
  weight: number;
}

type Visit = (member: Element, score: number) => void;

/** All members of all sources. */
export function zsetUnion(tables: TableSpace, sources: readonly ZsetSource[], aggregate: Aggregate): SortedSet {
  return building(tables, (map) => {
    for (const source of bySize(sources)) {
      eachMember(source, (member, score) => {
        const weighted = number(source.weight * score);
        const length = member.to - member.from;
        const hash = map.table.hash(member.bytes, member.from, length);
        const address = map.table.find(hash, member.bytes, member.from, length);
        if (address === 0) addMember(map, hash, member, weighted);
        else setRecordScore(map.table, address, aggregated(recordScore(map.table, address), weighted, aggregate));
      });
    }
  });
}

/** The members that all sources have. */
export function zsetIntersection(tables: TableSpace, sources: readonly ZsetSource[], aggregate: Aggregate): SortedSet {
  return building(tables, (map) => {
    eachCommon(sources, (member, score, others) => {
      let total = number(others[0].weight * score);
      for (let i = 1; i < others.length; i++) total = aggregated(total, scoreIn(others[i], member) * others[i].weight, aggregate);
      addMember(map, map.table.hash(member.bytes, member.from, member.length), member, total);
      return true;
    });
  });
}

/** How many members all sources have, as far as `limit` (0: all). */
export function zsetIntersectionSize(sources: readonly ZsetSource[], limit: number): number {
  let count = 0;
  eachCommon(sources, () => ++count !== limit);
  return count;
}

/** The members of the first source that no other has, with their scores. */
export function zsetDifference(tables: TableSpace, [first, ...others]: readonly ZsetSource[]): SortedSet {
  return building(tables, (map) => {
    const worth = others.filter((other) => sizeOf(other) > 0);
    // From the largest on, so that what has to go is found out early; unless walking all others once is less than asking each for every member.
    worth.sort((a, b) => sizeOf(b) - sizeOf(a));
    const asking = (sizeOf(first) * (others.length + 1)) / 2;
    const walking = others.reduce((sum, other) => sum + sizeOf(other), sizeOf(first));
    if (asking <= walking) {
      eachMember(first, (member, score) => {
        for (const other of worth) if (hasMember(other, member)) return;
        addMember(map, map.table.hash(member.bytes, member.from, member.length), member, score);
      });
      return;
    }
    eachMember(first, (member, score) => addMember(map, map.table.hash(member.bytes, member.from, member.length), member, score));
    for (const other of worth) {
      if (map.size === 0) return;
      eachMember(other, (member) => {
        const address = map.find(member.bytes, member.from, member.length);
        if (address !== 0) map.remove(address);
      });
    }
  });
}

/** Makes a set of what `fill` puts into a dictionary; when it fails nothing is left of it. */
function building(tables: TableSpace, fill: (map: ByteMap) => void): SortedSet {
  const map = new ByteMap(tables);
  return filled(map, () => {
    fill(map);
    return new SortedSet(tables, map);
  });
}

function addMember(map: ByteMap, hash: number, member: Element, score: number): void {
  setRecordScore(map.table, map.table.insert(hash, member.bytes, member.from, member.length, 0, SCORE_BYTES), score);
}

/** Visits the members that all sources have, with the score in the smallest and the sources by size, until the visitor has enough. */
function eachCommon(sources: readonly ZsetSource[], visit: (member: Element, score: number, bySize: ZsetSource[]) => boolean): void {
  const ordered = bySize(sources);
  if (sizeOf(ordered[0]) === 0) return;
  let goesOn = true;
  eachMember(ordered[0], (member, score) => {
    if (!goesOn) return;
    for (let i = 1; i < ordered.length; i++) if (!hasMember(ordered[i], member)) return;
    goesOn = visit(member, score, ordered);
  });
}

/** From the smallest to the largest, equal ones as they come. */
function bySize(sources: readonly ZsetSource[]): ZsetSource[] {
  return [...sources].sort((a, b) => sizeOf(a) - sizeOf(b));
}

function sizeOf({ holder, plain }: ZsetSource): number {
  if (holder === null) return 0;
  return plain ? setLength(holder) : zsetLength(holder);
}

function eachMember({ holder, plain }: ZsetSource, visit: Visit): void {
  if (holder === null) return;
  if (plain) setEach(holder, (member) => visit(member, 1));
  else zsetEach(holder, visit);
}

function hasMember({ holder, plain }: ZsetSource, { bytes, from, to }: Element): boolean {
  if (holder === null) return false;
  if (plain) return setHas(holder, bytes, from, to);
  const score = zsetScore(holder, bytes, from, to);
  return score === score;
}

function scoreIn({ holder, plain }: ZsetSource, { bytes, from, to }: Element): number {
  return plain || holder === null ? 1 : zsetScore(holder, bytes, from, to);
}

function aggregated(total: number, score: number, aggregate: Aggregate): number {
  if (aggregate === Aggregate.SUM) return number(total + score);
  if (aggregate === Aggregate.MIN) return score < total ? score : total;
  return score > total ? score : total;
}

/** What is no number (infinity times 0, infinity less infinity) counts as 0. */
function number(value: number): number {
  return value === value ? value : 0;
}
