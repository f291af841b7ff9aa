/** Database numbers as arguments. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Database } from "../../keyspace/database.ts";
import { int64Or } from "./numbers.ts";

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/** Returns the database whose number is in argument `index`. Errors: not an integer (or `malformed`, if given); out of range. */
export function databaseArgument(call: Call, index: number, malformed?: string): Database {
  return databaseAt(call, databaseNumber(call, index, malformed));
}

/** Returns the database of this number. Errors: out of range. */
export function databaseAt(call: Call, number: number): Database {
  const { databases } = call.server.keyspace;
  if (number < 0 || number >= databases.length) throw commandError("ERR DB index is out of range");
  return databases[number];
}

/** Returns the number in argument `index`, for commands that read all numbers before they look for databases. Errors: as there. */
export function databaseNumber(call: Call, index: number, malformed?: string): number {
  const value = malformed === undefined ? call.int64(index) : int64Or(call, index, malformed);
  if (value <= INT32_MAX && value >= INT32_MIN) return Number(value);
  throw commandError(malformed ?? `ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`);
}
