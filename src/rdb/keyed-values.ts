/** Sets, hashes and sorted sets in every form that an image can hold them in, but hashes whose fields expire (Redis 7.4). */

import { parseDouble } from "../base/numbers/strtod.ts";
import { intsetFits, intsetGet, intsetLength, intsetValid } from "../memory/intset.ts";
import { Element, packedFirst, packedNext, packedRead } from "../memory/packed.ts";
import { hashExpect, hashLength, hashSet } from "../values/hash/hash.ts";
import { setAdd, setLength, setReserve } from "../values/set/set.ts";
import { packedScore, zsetExpect, zsetLength, zsetPut } from "../values/sorted-set/zset.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { duplicate, type ElementsForm, fillFromListpack, fillFromPairs, type PackedForm, takePacked } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure } from "./error.ts";
import type { RdbInput } from "./input.ts";
import { ZipmapReader } from "./zipmap.ts";

const BAD_SCORE = "Zset with NAN score detected";

/** Scratch of what is read at the moment. */
const name = new RdbString();
const content = new RdbString();
const element = new Element();
const other = new Element();
const zipmap = new ZipmapReader();

// ---- sets

/** A count and the members. */
export const SET_MEMBERS: ElementsForm = {
  type: Type.SET,
  expect: setReserve,
  element(input, draft) {
    if (!input.readString(name)) return false;
    if (!setAdd(draft, name.bytes, name.from, name.to)) throw duplicate(input, "set members");
    return true;
  },
};

export const SET_INTSET: PackedForm = {
  type: Type.SET,
  length: setLength,
  fill(draft, bytes, from, to, _offset, vouched) {
    if (!(vouched ? intsetFits : intsetValid)(bytes, from, to)) return integrityFailure("Intset", "its length or order is wrong");
    const length = intsetLength(bytes, from);
    if (length <= draft.limits.setIntegers) {
      takePacked(draft, Encoding.INTSET, bytes, from, to);
      return null;
    }
    for (let index = 0; index < length; index++) {
      intsetGet(bytes, from, index, element);
      setAdd(draft, element.bytes, element.from, element.to);
    }
    return null;
  },
};

export const SET_LISTPACK: PackedForm = {
  type: Type.SET,
  length: setLength,
  fill: fillFromListpack({
    what: "Set listpack",
    step: 1,
    limit: (limits) => limits.setEntries,
    add(draft, bytes, from, to) {
      for (let at = packedFirst(bytes, from); at < to - 1; ) {
        at = packedRead(bytes, at, element);
        setAdd(draft, element.bytes, element.from, element.to);
      }
      return null;
    },
  }),
};

// ---- hashes

/** A count, and fields and values by turns. */
export const HASH_FIELDS: ElementsForm = {
  type: Type.HASH,
  expect: (draft, count) => hashExpect(draft, count, 0, 0),
  element(input, draft) {
    if (!input.readString(name) || !input.readString(content)) return false;
    if (!hashSet(draft, name.bytes, name.from, name.to, content.bytes, content.from, content.to)) throw duplicate(input, "hash fields");
    return true;
  },
};

export const HASH_LISTPACK: PackedForm = {
  type: Type.HASH,
  length: hashLength,
  fill: fillFromListpack({
    what: "Hash listpack",
    step: 2,
    limit: (limits) => limits.hashEntries,
    add(draft, bytes, from, to) {
      for (let at = packedFirst(bytes, from); at < to - 1; ) {
        at = packedRead(bytes, packedRead(bytes, at, element), other);
        hashSet(draft, element.bytes, element.from, element.to, other.bytes, other.from, other.to);
      }
      return null;
    },
  }),
};

export const HASH_ZIPLIST: PackedForm = {
  type: Type.HASH,
  length: hashLength,
  fill: fillFromPairs("Hash ziplist", "a field has no value", (draft, field, length, { bytes, from, to }) =>
    hashSet(draft, field, 0, length, bytes, from, to) ? null : integrityFailure("Hash ziplist", "ziplist with dup elements"),
  ),
};

export const HASH_ZIPMAP: PackedForm = {
  type: Type.HASH,
  length: hashLength,
  fill(draft, bytes, from, to, offset) {
    zipmap.open(bytes, from, to, offset);
    while (zipmap.next())
      if (!hashSet(draft, bytes, zipmap.fieldFrom, zipmap.fieldTo, bytes, zipmap.valueFrom, zipmap.valueTo))
        return "Hash zipmap with dup elements";
    return null;
  },
};

// ---- sorted sets

/** A count, and members and scores by turns. `readScore` reads a score into `input.number`, and returns false when the window ends inside it. */
function zsetMembers(readScore: (input: RdbInput) => boolean): ElementsForm {
  return {
    type: Type.ZSET,
    expect: (draft, count) => zsetExpect(draft, count, 0),
    element(input, draft) {
      if (!input.readString(name) || !readScore(input)) return false;
      if (Number.isNaN(input.number)) throw input.error(BAD_SCORE, input.start);
      if (!zsetPut(draft, input.number, name.bytes, name.from, name.to)) throw duplicate(input, "zset fields");
      return true;
    },
  };
}

/** Scores as text: before version 8. */
export const ZSET_TEXT: ElementsForm = zsetMembers((input) => input.readTextDouble());
export const ZSET_MEMBERS: ElementsForm = zsetMembers((input) => input.readBinaryDouble());

export const ZSET_LISTPACK: PackedForm = {
  type: Type.ZSET,
  length: zsetLength,
  fill: fillFromListpack({
    what: "Zset listpack",
    step: 2,
    limit: (limits) => limits.zsetEntries,
    fits: isSorted,
    add(draft, bytes, from, to) {
      for (let at = packedFirst(bytes, from); at < to - 1; ) {
        const scoreAt = packedRead(bytes, at, element);
        const score = packedScore(bytes, scoreAt);
        if (Number.isNaN(score)) return BAD_SCORE;
        at = packedNext(bytes, scoreAt);
        zsetPut(draft, score, element.bytes, element.from, element.to);
      }
      return null;
    },
  }),
};

/** Whether the members stand in the order of a sorted set, each with a number. */
function isSorted(bytes: Buffer, from: number, to: number): boolean {
  let scoreBefore = Number.NEGATIVE_INFINITY;
  let member = element;
  let before = other;
  for (let at = packedFirst(bytes, from), first = true; at < to - 1; first = false) {
    const scoreAt = packedRead(bytes, at, member);
    const score = packedScore(bytes, scoreAt);
    at = packedNext(bytes, scoreAt);
    // A score that is no number is neither above nor below.
    if (!first && !(score > scoreBefore || (score === scoreBefore && isBelow(before, member)))) return false;
    if (Number.isNaN(score)) return false;
    scoreBefore = score;
    [member, before] = [before, member];
  }
  return true;
}

function isBelow(a: Element, b: Element): boolean {
  return a.bytes.compare(b.bytes, b.from, b.to, a.from, a.to) < 0;
}

export const ZSET_ZIPLIST: PackedForm = {
  type: Type.ZSET,
  length: zsetLength,
  fill: fillFromPairs("Zset ziplist", "a member has no score", (draft, member, length, { bytes, from, to }) => {
    const score = parseDouble(bytes, from, to);
    if (Number.isNaN(score)) return BAD_SCORE;
    return zsetPut(draft, score, member, 0, length) ? null : integrityFailure("Zset ziplist", "ziplist with dup elements");
  }),
};
