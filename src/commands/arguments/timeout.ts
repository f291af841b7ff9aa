/** The timeouts of commands that block: BLPOP's seconds, XREAD's milliseconds. */

import { INT64_MAX } from "../../base/bytes.ts";
import { parseLongDouble } from "../../base/numbers/longdouble.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { Unit } from "./deadline.ts";
import { int64Or } from "./numbers.ts";

const outOfRange = commandError("ERR timeout is out of range");

/**
 * Returns when the timeout in argument `index` is over: a number of seconds (with a fraction: rounded up to the ms) or an integer of
 * milliseconds, counted from now. In ms since 1970, or 0 for a wait without end (as `Call.block` takes it). Errors: not a float (or
 * integer), negative, out of range.
 */
export function parseTimeout(call: Call, index: number, unit: Unit = Unit.SECONDS): number {
  const ms = unit === Unit.SECONDS ? seconds(call, index) : Number(int64Or(call, index, "ERR timeout is not an integer or out of range"));
  if (ms < 0) throw commandError("ERR timeout is negative");
  if (ms === 0) return 0;
  if (ms > Number(INT64_MAX - BigInt(call.now))) throw outOfRange;
  return call.now + ms;
}

function seconds(call: Call, index: number): number {
  const value = parseLongDouble(call.text(index));
  if (value === null) throw commandError("ERR timeout is not a float or out of range");
  if (value.mantissa === 0n) return 0;
  const ms = Number(value.mantissa) * 2 ** value.exponent * 1000;
  // What rounds to 0 in a double is still some time, of less than 1 ms.
  if (value.negative) return -Math.floor(ms);
  if (ms > Number(INT64_MAX)) throw outOfRange;
  return Math.max(1, Math.ceil(ms));
}
