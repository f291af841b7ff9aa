/** The soonest time of the fields of a hash that has such times, out of its payload. rdb/timed-hash.ts has the forms. */

import { RdbString } from "../../rdb/entry.ts";
import { VALKEY_TYPE } from "../../rdb/format.ts";
import { RdbInput } from "../../rdb/input.ts";
import { NEVER } from "./deadlines.ts";

const passed = new RdbString();

/** `payload`: the value type and the value, up to `end`. Returns ms since 1970, NEVER where no field has a time. */
export function earliestFieldTime(payload: Buffer, end: number): number {
  // Redis's forms begin with it.
  if (payload[0] !== VALKEY_TYPE.timedHash) return Number(payload.readBigInt64LE(1));
  const input = new RdbInput();
  input.open(payload, 1, end, 0, false);
  let earliest = NEVER;
  if (!input.readLength()) return earliest;
  for (let left = input.value; left > 0; left--) {
    if (!input.readString(passed) || !input.readString(passed) || !input.readInt64()) break;
    if (input.number >= 0) earliest = Math.min(earliest, input.number);
  }
  return earliest;
}
