/** The cursors of SCAN and its kin: unsigned 64-bit integers to clients, 32 bits of which our tables use. */

import { errors } from "../../errors.ts";

const UINT64_MAX = 18446744073709551615n;

/** The cursor that `text` spells, read as C's strtoul does (a sign wraps around, a NUL ends the text, nothing is 0). Errors: invalid cursor. */
export function parseCursor(text: string): number {
  const end = text.indexOf("\0");
  const digits = end < 0 ? text : text.slice(0, end);
  if (digits === "") return 0;
  if (!/^[+-]?\d+$/.test(digits)) throw errors.invalidCursor;
  const magnitude = BigInt(digits.replace(/^[+-]/, ""));
  if (magnitude > UINT64_MAX) throw errors.invalidCursor;
  return Number(BigInt.asIntN(32, digits.startsWith("-") ? -magnitude : magnitude));
}
