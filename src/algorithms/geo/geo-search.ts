/**
 * Members of a sorted set whose scores are places, that lie in an area: found cell by cell, kept in arrays side by side, put in order by
 * distance. Hot: a search comes upon several times the members that it finds, and makes no object for any of them.
 */

import { sortEntries } from "../../memory/entry-sort.ts";
import { OrderedCursor } from "../../memory/ordered.ts";
import { type Element, packedAtEnd, packedFirst, packedNext, packedRead } from "../../memory/packed.ts";
import type { Holder } from "../../values/holder.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { packedScore, zsetLarge } from "../../values/sorted-set/zset.ts";
import { partialSort } from "../partial-sort.ts";
import { givenOrder } from "../sort-vector.ts";
import { type GeoArea, GeoCover } from "./geo-area.ts";
import { decodeLatitude, decodeLongitude } from "./geohash.ts";

const MIN_POINTS = 16;
/** Room for more points than these is not kept for the next search. */
const MAX_KEPT_POINTS = 64 * 1024;

export const Order = { NONE: 0, NEAREST: 1, FARTHEST: 2 } as const;
export type Order = (typeof Order)[keyof typeof Order];

/** What a search found: point i of `count`, until the set changes. May be used again. */
export class GeoResults {
  count = 0;
  longitudes = new Float64Array(MIN_POINTS);
  latitudes = new Float64Array(MIN_POINTS);
  /** Metres from the middle of the area. */
  distances = new Float64Array(MIN_POINTS);
  scores = new Float64Array(MIN_POINTS);
  /** Where its member is: see zset.ts. */
  private places = new Int32Array(MIN_POINTS);

  private readonly cover = new GeoCover();
  private readonly cursor = new OrderedCursor();
  /** The members of a packed set: their scores and where they are. */
  private packedScores = new Float64Array(MIN_POINTS);
  private packedPlaces = new Int32Array(MIN_POINTS);
  private packedCount = 0;

  /** Finds the members of `set` in `area`, or the first `limit` (0: all) that turn up. */
  search(set: Holder, area: GeoArea, limit: number): void {
    const { cover } = this;
    this.count = 0;
    if (this.places.length > MAX_KEPT_POINTS) this.resize(MIN_POINTS);
    cover.cover(area);
    const large = zsetLarge(set);
    if (large === null) this.readPacked(set);
    for (let cell = 0; cell < cover.count; cell++) {
      if (large === null) this.searchPacked(cover.firsts[cell], cover.ends[cell], area, limit);
      else this.searchLarge(large, cover.firsts[cell], cover.ends[cell], area, limit);
      if (limit > 0 && this.count >= limit) return;
    }
  }

  /** Shows the member of point `index`. */
  show(set: Holder, index: number, member: Element): void {
    const large = zsetLarge(set);
    if (large === null) packedRead(set.buffer, this.places[index], member);
    else large.show(this.places[index], member);
  }

  /** Returns the points' indexes, the first `wanted` of them in order. Of equals what was found first comes first, if all are wanted. */
  inOrder(order: Order, wanted: number): Int32Array {
    const { count, distances } = this;
    const indexes = givenOrder(count);
    if (order === Order.NONE) return indexes;
    const sign = order === Order.NEAREST ? 1 : -1;
    if (wanted < count) {
      partialSort(indexes, (a, b) => sign * (distances[a] > distances[b] ? 1 : distances[a] === distances[b] ? 0 : -1), 0, wanted - 1);
    } else {
      sortEntries(distances.slice(0, count), indexes, count, (a, b) => sign * (a - b));
      if (order === Order.FARTHEST) indexes.reverse();
    }
    return indexes;
  }

  private searchLarge({ index }: SortedSet, first: number, end: number, area: GeoArea, limit: number): void {
    const { cursor } = this;
    const rank = index.countBelow(first, false);
    if (rank === index.size) return;
    index.seek(cursor, rank);
    while (cursor.chunk !== -1 && cursor.score < end) {
      this.examine(area, cursor.score, cursor.address);
      if (limit > 0 && this.count >= limit) return;
      index.next(cursor);
    }
  }

  /** A packed set is read once for all cells. */
  private readPacked({ buffer, from }: Holder): void {
    let count = 0;
    for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); count++) {
      if (count === this.packedPlaces.length) {
        this.packedScores = resized(this.packedScores, count * 2);
        this.packedPlaces = resized(this.packedPlaces, count * 2);
      }
      const scoreAt = packedNext(buffer, at);
      this.packedPlaces[count] = at;
      this.packedScores[count] = packedScore(buffer, scoreAt);
      at = packedNext(buffer, scoreAt);
    }
    this.packedCount = count;
  }

  private searchPacked(first: number, end: number, area: GeoArea, limit: number): void {
    const { packedScores, packedPlaces, packedCount } = this;
    let low = 0;
    let high = packedCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (packedScores[middle] < first) low = middle + 1;
      else high = middle;
    }
    for (; low < packedCount && packedScores[low] < end; low++) {
      this.examine(area, packedScores[low], packedPlaces[low]);
      if (limit > 0 && this.count >= limit) return;
    }
  }

  /** Takes the member with this score if it is in the area. */
  private examine(area: GeoArea, score: number, place: number): void {
    const latitude = decodeLatitude(score);
    if (!area.mayContain(latitude)) return;
    const longitude = decodeLongitude(score);
    if (!area.contains(longitude, latitude)) return;
    const { count } = this;
    if (count === this.places.length) this.resize(count * 2);
    this.longitudes[count] = longitude;
    this.latitudes[count] = latitude;
    this.distances[count] = area.distance;
    this.scores[count] = score;
    this.places[count] = place;
    this.count = count + 1;
  }

  private resize(length: number): void {
    this.longitudes = resized(this.longitudes, length);
    this.latitudes = resized(this.latitudes, length);
    this.distances = resized(this.distances, length);
    this.scores = resized(this.scores, length);
    this.places = resized(this.places, length);
  }
}

function resized<T extends Float64Array | Int32Array>(array: T, length: number): T {
  const other = (array instanceof Int32Array ? new Int32Array(length) : new Float64Array(length)) as T;
  other.set(array.subarray(0, length));
  return other;
}
