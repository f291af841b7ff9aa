/** Expiration times in arguments, and what is done with them: shared by SET, GETEX, EXPIRE and the like. */

import { INT64_MAX, INT64_MIN, smallInteger } from "../../base/bytes.ts";
import { type CommandError, commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { EventClass } from "../../keyspace/events.ts";
import { ExpiryMode } from "../../keyspace/key-access.ts";

/** Milliseconds that a time argument counts in. */
export const Unit = { SECONDS: 1000, MILLISECONDS: 1 } as const;
export type Unit = (typeof Unit)[keyof typeof Unit];

/** Numbers up to this stay safe integers as seconds from now. */
const SMALL = 1e12;

/**
 * Returns the time in argument `index`, counted in `unit` from `base` (0 or now), in ms since 1970; beyond 2^53 it is the nearest number,
 * and `exactDeadline` is exact. Errors: not an integer; invalid expire time (int64 overflow).
 */
export function deadline(call: Call, index: number, unit: Unit, base: number): number {
  const from = call.frame.offsets[index];
  const value = smallInteger(call.frame.buffer, from, from + call.frame.lengths[index]);
  if (value <= SMALL && value >= -SMALL) return value * unit + base;
  return Number(exactDeadline(call, index, unit, base));
}

/** `deadline`, whatever its size. */
export function exactDeadline(call: Call, index: number, unit: Unit, base: number): bigint {
  const span = call.int64(index) * BigInt(unit);
  const at = span + BigInt(base);
  if (span > INT64_MAX || span < INT64_MIN || at > INT64_MAX) throw invalidExpireTime(call);
  return at;
}

export function invalidExpireTime(call: Call): CommandError {
  return commandError(`ERR invalid expire time in '${call.entry.fullName}' command`);
}

/** Returns whether this expiration deletes the key at once. Not on a replica or while loading: the DEL comes from elsewhere. */
export function isPast(call: Call, at: number): boolean {
  return at <= call.now && call.expiryMode === ExpiryMode.DELETE;
}

/** Deletes key 1, just found at `address`, because its new expiration has passed; journalled as a deletion. */
export function deleteExpired(call: Call, address: number): void {
  call.database.delete(address);
  if (call.server.journal.active) call.journalAs(call.server.config.values["lazyfree-lazy-expire"] ? "UNLINK" : "DEL", call.bytes(1));
}

/**
 * Sets the expiration of key 1, just found at `address`, to `deadline(call, index, unit, base)`; journalled as PEXPIREAT with the arguments
 * from `options` on.
 */
export function expireAt(call: Call, address: number, index: number, unit: Unit, base: number, options: number): void {
  const at = deadline(call, index, unit, base);
  if (Number.isSafeInteger(at)) call.database.setExpiry(address, Math.max(at, 0));
  else if (at > 0) call.database.setFarExpiry(address, exactDeadline(call, index, unit, base));
  else call.database.setExpiry(address, 0);
  if (call.server.journal.active) journalExpiry(call, exactDeadline(call, index, unit, base), options);
  call.event(EventClass.GENERIC, "expire", 1);
}

function journalExpiry(call: Call, at: bigint, options: number): void {
  const words: (string | Buffer)[] = ["PEXPIREAT", call.bytes(1), at.toString()];
  for (let index = options; index < call.count; index++) words.push(call.bytes(index));
  call.journalAs(...words);
}
