/** Fields of hashes taken at random. */

import type { ByteMap } from "../../memory/bytemap.ts";
import { type Element, packedAtEnd, packedFirst, packedNext, packedRead, packedSeek } from "../../memory/packed.ts";
import type { Holder } from "../holder.ts";
import { hashLength, hashMap, showEntry } from "./hash.ts";

/** A sample of more than one in so many fields is taken from a list of all of them: drawing until enough different ones have come up would take too long. */
const LISTED_SHARE = 3;

/** Told of each field with its value. */
export type FieldVisitor = (field: Element, value: Element) => void;

/** Shows a field of a hash that is not empty, each with the same probability, and its value. */
export function hashRandom(h: Holder, field: Element, value: Element): void {
  const map = hashMap(h);
  if (map !== null) return showEntry(map, map.random(), field, value);
  const at = packedSeek(h.buffer, h.from, 2 * Math.floor(Math.random() * hashLength(h)));
  packedRead(h.buffer, packedRead(h.buffer, at, field), value);
}

/** Visits fields of a hash that is not empty, each draw over all of them, until the visitor answers that it has enough. */
export function hashDraw(h: Holder, field: Element, value: Element, visit: (field: Element, value: Element) => boolean): void {
  const map = hashMap(h);
  if (map !== null) {
    do showEntry(map, map.random(), field, value);
    while (visit(field, value));
    return;
  }
  const places = packedFields(h);
  do packedRead(h.buffer, packedRead(h.buffer, places[Math.floor(Math.random() * places.length)], field), value);
  while (visit(field, value));
}

/** Visits `count` different fields of a hash that has more, every choice with the same probability, in no certain order. */
export function hashSample(h: Holder, count: number, field: Element, value: Element, visit: FieldVisitor): void {
  const map = hashMap(h);
  if (map === null) return samplePacked(h, count, field, value, visit);
  const chosen = count * LISTED_SHARE > map.size ? listedSample(map, count) : drawnSample(map, count);
  for (const address of chosen) {
    showEntry(map, address, field, value);
    visit(field, value);
  }
}

/** One walk: each field is taken with the probability that as many as are still wanted are among as many as are left. */
function samplePacked(h: Holder, count: number, field: Element, value: Element, visit: FieldVisitor): void {
  let left = hashLength(h);
  let wanted = count;
  for (let at = packedFirst(h.buffer, h.from); wanted > 0; left--) {
    if (Math.random() * left < wanted) {
      at = packedRead(h.buffer, packedRead(h.buffer, at, field), value);
      visit(field, value);
      wanted--;
    } else {
      at = packedNext(h.buffer, packedNext(h.buffer, at));
    }
  }
}

/** Where each field of a packed hash lies. */
function packedFields(h: Holder): Int32Array {
  const places = new Int32Array(hashLength(h));
  let index = 0;
  for (let at = packedFirst(h.buffer, h.from); !packedAtEnd(h.buffer, at); at = packedNext(h.buffer, packedNext(h.buffer, at)))
    places[index++] = at;
  return places;
}

/** `count` addresses out of a list of all, which is shuffled as far as needed. */
function listedSample(map: ByteMap, count: number): Int32Array {
  const all = new Int32Array(map.size);
  let length = 0;
  map.each((address) => {
    all[length++] = address;
  });
  for (let index = 0; index < count; index++) {
    const other = index + Math.floor(Math.random() * (length - index));
    const address = all[other];
    all[other] = all[index];
    all[index] = address;
  }
  return all.subarray(0, count);
}

/** `count` different addresses, drawn until there are as many. */
function drawnSample(map: ByteMap, count: number): Set<number> {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(map.random());
  return chosen;
}
