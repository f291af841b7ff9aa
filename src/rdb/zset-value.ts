/** Sorted sets in every form that an image can hold them in. */

import { parseDouble } from "../base/numbers/strtod.ts";
import { Element, packedCount, packedFirst, packedNext, packedRead } from "../memory/packed.ts";
import { packedScore, zsetExpect, zsetLength, zsetPut } from "../values/sorted-set/zset.ts";
import type { Temporary } from "../values/temporary.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { checkListpack, duplicate, ElementsReader, isSmallListpack, PackedReader, takePacked } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import type { RdbInput } from "./input.ts";
import { ZiplistReader } from "./ziplist.ts";

const BAD_SCORE = "a score of the sorted set is no number";

/** A count, and members and scores by turns. */
abstract class CountedZsetReader extends ElementsReader {
  protected readonly type = Type.ZSET;
  private readonly member = new RdbString();

  protected override expect(draft: Temporary, count: number): void {
    zsetExpect(draft, count, 0);
  }

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { member } = this;
    if (!input.readString(member) || !this.readScore(input)) return false;
    if (Number.isNaN(input.number)) throw input.error(BAD_SCORE, input.start);
    if (!zsetPut(draft, input.number, member.bytes, member.from, member.to)) throw duplicate(input, "a member of the sorted set");
    return true;
  }

  /** Reads a score into `input.number`. Returns false when the window ends inside it. */
  protected abstract readScore(input: RdbInput): boolean;
}

/** Scores as text: before version 8. */
export class ZsetTextReader extends CountedZsetReader {
  protected readScore(input: RdbInput): boolean {
    return input.readTextDouble();
  }
}

export class ZsetReader extends CountedZsetReader {
  protected readScore(input: RdbInput): boolean {
    return input.readBinaryDouble();
  }
}

abstract class PackedZsetReader extends PackedReader {
  protected readonly type = Type.ZSET;

  protected isEmpty(draft: Temporary): boolean {
    return zsetLength(draft) === 0;
  }
}

export class ZsetListpackReader extends PackedZsetReader {
  private member = new Element();
  private before = new Element();

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, _offset: number, vouched: boolean): string | null {
    if (vouched && isSmallListpack(bytes, from, to, 2, draft.limits.zsetEntries)) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const failure = checkListpack(draft, bytes, from, to, 2);
    if (failure !== null) return failure;
    if (packedCount(bytes, from) / 2 <= draft.limits.zsetEntries && this.isSorted(bytes, from, to)) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const { member } = this;
    for (let at = packedFirst(bytes, from); at < to - 1; ) {
      const scoreAt = packedRead(bytes, at, member);
      const score = packedScore(bytes, scoreAt);
      if (Number.isNaN(score)) return BAD_SCORE;
      at = packedNext(bytes, scoreAt);
      zsetPut(draft, score, member.bytes, member.from, member.to);
    }
    return null;
  }

  /** Whether the members stand in the order of a sorted set, each with a number. */
  private isSorted(bytes: Buffer, from: number, to: number): boolean {
    let scoreBefore = Number.NEGATIVE_INFINITY;
    for (let at = packedFirst(bytes, from), first = true; at < to - 1; first = false) {
      const { member, before } = this;
      const scoreAt = packedRead(bytes, at, member);
      const score = packedScore(bytes, scoreAt);
      at = packedNext(bytes, scoreAt);
      // A score that is no number is neither above nor below.
      if (!first && !(score > scoreBefore || (score === scoreBefore && isBelow(before, member)))) return false;
      if (Number.isNaN(score)) return false;
      scoreBefore = score;
      this.before = member;
      this.member = before;
    }
    return true;
  }
}

export class ZsetZiplistReader extends PackedZsetReader {
  private readonly ziplist = new ZiplistReader();
  private member = Buffer.alloc(64);

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number): string | null {
    const { ziplist } = this;
    ziplist.open(bytes, from, to, offset);
    while (ziplist.next()) {
      // An integer's digits are where the next one's will be.
      const length = ziplist.to - ziplist.from;
      if (length > this.member.length) this.member = Buffer.allocUnsafeSlow(length * 2);
      const { member } = this;
      ziplist.bytes.copy(member, 0, ziplist.from, ziplist.to);
      if (!ziplist.next()) return "a member of the sorted set has no score";
      const score = parseDouble(ziplist.bytes, ziplist.from, ziplist.to);
      if (Number.isNaN(score)) return BAD_SCORE;
      if (!zsetPut(draft, score, member, 0, length)) return "a member of the sorted set is there twice";
    }
    return null;
  }
}

function isBelow(a: Element, b: Element): boolean {
  return a.bytes.compare(b.bytes, b.from, b.to, a.from, a.to) < 0;
}
