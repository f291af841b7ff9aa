/** The number of keys that EVAL and FCALL are told. */

import { smallInteger } from "../../base/bytes.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";

/** Argument 2. Errors: no integer, negative, more than there are arguments. */
export function keyCount(call: Call): number {
  const { frame } = call;
  const from = frame.offsets[2];
  let count = smallInteger(frame.buffer, from, from + frame.lengths[2]);
  if (count !== count) count = Number(call.int64(2));
  if (count > call.count - 3) throw commandError("ERR Number of keys can't be greater than number of args");
  if (count < 0) throw commandError("ERR Number of keys can't be negative");
  return count;
}
