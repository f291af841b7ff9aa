/** The option VERSION of SAVE, BGSAVE and DUMP. */

import { RDB_ASKED_VERSIONS, type RdbAskedVersion } from "../../config/options/persistence.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";

/** Returns the version that the arguments from `index` on, the last there are, ask for; undefined: none. Errors: syntax, no version. */
export function rdbVersionAt(call: Call, index: number): RdbAskedVersion | undefined {
  if (call.count === index) return undefined;
  if (call.count !== index + 2 || !call.is(index, "version")) throw errors.syntax;
  const version = RDB_ASKED_VERSIONS.find((known) => call.is(index + 1, known));
  if (version === undefined) throw commandError(`ERR RDB version must be one of the following: ${RDB_ASKED_VERSIONS.join(", ")}`);
  return version;
}
