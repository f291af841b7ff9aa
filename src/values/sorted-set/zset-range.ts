/**
 * Ranges of a sorted set: by score, or by member among members of one score. A range is turned into ranks once, and everything after that
 * (counting, walking in either direction, deleting) goes by rank.
 */

import { packedAtEnd, packedFirst, packedNext } from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { compareBytes, comparePacked, packedScore, ZsetCursor, zsetLarge, zsetLength, zsetSeek } from "./zset.ts";

const ends = new ZsetCursor();

/** Scores from `min` to `max`, each without itself if it is open. */
export class ScoreRange {
  min = 0;
  max = 0;
  minOpen = false;
  maxOpen = false;
}

/** Where a range of members ends. */
export const LexEnd = { MEMBER: 0, BEFORE_ALL: 1, AFTER_ALL: 2 } as const;
export type LexEnd = (typeof LexEnd)[keyof typeof LexEnd];

/** One bound of a range of members: before or after all, or member bytes[from, to), without itself if it is open. */
export class LexBound {
  end: LexEnd = LexEnd.MEMBER;
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  open = false;
}

export class LexRange {
  readonly min = new LexBound();
  readonly max = new LexBound();
}

/** The ranks [first, end). */
export class RankRange {
  first = 0;
  end = 0;

  get count(): number {
    return this.end > this.first ? this.end - this.first : 0;
  }

  /** Leaves out `offset` (if negative, as in Redis, all), from the end with `backwards`, and keeps `count` (negative: all) of the rest. */
  limit(offset: number, count: number, backwards: boolean): void {
    const skipped = offset < 0 ? this.count : Math.min(offset, this.count);
    const kept = count < 0 ? this.count - skipped : Math.min(count, this.count - skipped);
    if (backwards) {
      this.end -= skipped;
      this.first = this.end - kept;
    } else {
      this.first += skipped;
      this.end = this.first + kept;
    }
  }
}

/** Finds the ranks of the members whose score is in `range`. */
export function zsetScoreRanks(h: Holder, range: ScoreRange, ranks: RankRange): void {
  const { min, max, minOpen, maxOpen } = range;
  ranks.first = 0;
  ranks.end = 0;
  if (min > max || (min === max && (minOpen || maxOpen))) return;
  const large = zsetLarge(h);
  if (large !== null) {
    ranks.first = large.index.countBelow(min, minOpen);
    ranks.end = large.index.countBelow(max, !maxOpen);
    return;
  }
  const { buffer } = h;
  for (let at = packedFirst(buffer, h.from); !packedAtEnd(buffer, at); ) {
    const scoreAt = packedNext(buffer, at);
    const score = packedScore(buffer, scoreAt);
    if (maxOpen ? score >= max : score > max) return;
    if (minOpen ? score <= min : score < min) ranks.first++;
    ranks.end++;
    at = packedNext(buffer, scoreAt);
  }
}

/**
 * Finds the ranks of the members in `range`. They are only one run if all scores are equal; where they are not, a packed set answers with
 * the run that Redis comes upon from its side: the first, or with `backwards` the last.
 */
export function zsetLexRanks(h: Holder, range: LexRange, ranks: RankRange, backwards: boolean): void {
  const { min, max } = range;
  ranks.first = 0;
  ranks.end = 0;
  if (isEmpty(min, max)) return;
  const large = zsetLarge(h);
  if (large === null) return packedLexRanks(h, range, ranks, backwards);
  const { index } = large;
  if (min.end === LexEnd.MEMBER) ranks.first = index.countBelowMember(min.bytes, min.from, min.to - min.from, min.open);
  ranks.end = max.end === LexEnd.MEMBER ? index.countBelowMember(max.bytes, max.from, max.to - max.from, !max.open) : large.size;
}

/** Whether not all scores are equal: then it depends on how the set is stored, which may differ between servers, what `zsetLexRanks` finds. */
export function zsetScoresDiffer(h: Holder): boolean {
  const length = zsetLength(h);
  if (length < 2) return false;
  zsetSeek(h, ends, 0);
  const { score } = ends;
  zsetSeek(h, ends, length - 1);
  return ends.score !== score;
}

/** Whether no member at all could be in between. */
function isEmpty(min: LexBound, max: LexBound): boolean {
  if (min.end === LexEnd.AFTER_ALL || max.end === LexEnd.BEFORE_ALL) return true;
  if (min.end !== LexEnd.MEMBER || max.end !== LexEnd.MEMBER) return false;
  const order = compareBytes(min.bytes, min.from, min.to, max.bytes, max.from, max.to);
  return order > 0 || (order === 0 && (min.open || max.open));
}

function packedLexRanks(h: Holder, { min, max }: LexRange, ranks: RankRange, backwards: boolean): void {
  const { buffer } = h;
  const count = zsetLength(h);
  let rank = 0;
  let first = -1;
  let end = -1;
  let aboveMin = false;
  for (let at = packedFirst(buffer, h.from); !packedAtEnd(buffer, at); at = packedNext(buffer, packedNext(buffer, at))) {
    aboveMin = isAbove(buffer, at, min);
    const belowMax = isBelow(buffer, at, max);
    if (rank === 0 && !belowMax) return; // as Redis sees it, the whole set lies behind the range
    if (backwards) {
      // The run of those above `min` that ends with the last of those below `max`.
      if (!aboveMin) first = -1;
      else if (first === -1) first = rank;
      if (belowMax) {
        ranks.first = first;
        ranks.end = first === -1 ? -1 : rank + 1;
      }
    } else if (first === -1) {
      if (aboveMin) {
        if (!belowMax) return;
        first = rank;
        end = rank + 1;
      }
    } else if (belowMax && end === rank) {
      end++;
    }
    rank++;
  }
  // Likewise when its last member comes before the range.
  if (count === 0 || !aboveMin) {
    ranks.first = 0;
    ranks.end = 0;
  } else if (!backwards && first !== -1) {
    ranks.first = first;
    ranks.end = end;
  }
}

function isAbove(buffer: Buffer, at: number, min: LexBound): boolean {
  if (min.end !== LexEnd.MEMBER) return min.end === LexEnd.BEFORE_ALL;
  const order = comparePacked(buffer, at, min.bytes, min.from, min.to);
  return min.open ? order > 0 : order >= 0;
}

function isBelow(buffer: Buffer, at: number, max: LexBound): boolean {
  if (max.end !== LexEnd.MEMBER) return max.end === LexEnd.AFTER_ALL;
  const order = comparePacked(buffer, at, max.bytes, max.from, max.to);
  return max.open ? order < 0 : order <= 0;
}
