/**
 * Small hashes with times of fields as Redis 7.4 has them in images: a listpack of fields, values and times (0 for none) by turns, the
 * soonest time first, those without at the end.
 */

import { copyBytes } from "../../base/bytes.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import {
  EMPTY_PACKED_BYTES,
  packedAtEnd,
  packedClose,
  packedFirst,
  packedIntegerBytes,
  packedNext,
  packedWriteInteger,
} from "../../memory/packed.ts";
import { packedTime } from "../../values/hash/packed-times.ts";

const MIN_BYTES = 1024;
/** A buffer above this is not kept for the next. */
const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_TIME_BYTES = packedIntegerBytes(2 ** 46);

/** Scratch: where `timedListpack` leaves what it makes. */
export const TIMED_LISTPACK = { bytes: Buffer.allocUnsafeSlow(MIN_BYTES) };

/** Makes the listpack of the small hash with times buffer[from, to), in TIMED_LISTPACK. Returns its length. */
export function timedListpack(buffer: Buffer, from: number, to: number): number {
  const hash = { buffer, from, to };
  const fields: { readonly at: number; readonly end: number; readonly time: number }[] = [];
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
    const end = packedNext(buffer, packedNext(buffer, at));
    fields.push({ at, end, time: packedTime(hash, fields.length) });
    at = end;
  }
  fields.sort((a, b) => order(a.time) - order(b.time));
  const most = to - from + EMPTY_PACKED_BYTES + fields.length * MAX_TIME_BYTES;
  const kept = TIMED_LISTPACK.bytes;
  if (most > kept.length || kept.length > MAX_KEPT_BYTES) TIMED_LISTPACK.bytes = Buffer.allocUnsafeSlow(Math.max(most, MIN_BYTES));
  const { bytes } = TIMED_LISTPACK;
  let at = packedFirst(bytes, 0);
  for (const field of fields) {
    at = copyBytes(bytes, at, buffer, field.at, field.end);
    at = packedWriteInteger(bytes, at, field.time === NO_TIME ? 0 : field.time);
  }
  return packedClose(bytes, 0, at, fields.length * 3);
}

/** None is the last; two of them are in no order. */
function order(time: number): number {
  return time === NO_TIME ? Number.MAX_SAFE_INTEGER : time;
}
