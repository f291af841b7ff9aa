/** Expiration times in arguments, and what is done with them: shared by SET, GETEX, EXPIRE and the like. */

import { INT64_MAX, INT64_MIN, smallInteger } from "../../base/bytes.ts";
import { type CommandError, commandError } from "../../errors.ts";
import type { Context } from "../../execution/context.ts";
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
export function deadline(ctx: Context, index: number, unit: Unit, base: number): number {
  const from = ctx.frame.offsets[index];
  const value = smallInteger(ctx.frame.buffer, from, from + ctx.frame.lengths[index]);
  if (value <= SMALL && value >= -SMALL) return value * unit + base;
  return Number(exactDeadline(ctx, index, unit, base));
}

/** `deadline`, whatever its size. */
export function exactDeadline(ctx: Context, index: number, unit: Unit, base: number): bigint {
  const span = ctx.int64(index) * BigInt(unit);
  const at = span + BigInt(base);
  if (span > INT64_MAX || span < INT64_MIN || at > INT64_MAX) throw invalidExpireTime(ctx);
  return at;
}

export function invalidExpireTime(ctx: Context): CommandError {
  return commandError(`ERR invalid expire time in '${ctx.entry.fullName}' command`);
}

/** Returns whether this expiration deletes the key at once. Not on a replica or while loading: the DEL comes from elsewhere. */
export function isPast(ctx: Context, at: number): boolean {
  return at <= ctx.now && ctx.expiryMode === ExpiryMode.DELETE;
}

/** Deletes key 1, just found at `address`, because its new expiration has passed; journalled as a deletion. */
export function deleteExpired(ctx: Context, address: number): void {
  ctx.database.delete(address);
  if (ctx.host.journal.active) ctx.journalAs(ctx.host.config.values["lazyfree-lazy-expire"] ? "UNLINK" : "DEL", ctx.bytes(1));
}

/**
 * Sets the expiration of key 1, just found at `address`, to `deadline(ctx, index, unit, base)`; journalled as PEXPIREAT with the arguments
 * from `options` on.
 */
export function expireAt(ctx: Context, address: number, index: number, unit: Unit, base: number, options: number): void {
  const at = deadline(ctx, index, unit, base);
  if (Number.isSafeInteger(at)) ctx.database.setExpiry(address, Math.max(at, 0));
  else if (at > 0) ctx.database.setFarExpiry(address, exactDeadline(ctx, index, unit, base));
  else ctx.database.setExpiry(address, 0);
  if (ctx.host.journal.active) journalExpiry(ctx, exactDeadline(ctx, index, unit, base), options);
  ctx.event(EventClass.GENERIC, "expire", 1);
}

function journalExpiry(ctx: Context, at: bigint, options: number): void {
  const words: (string | Buffer)[] = ["PEXPIREAT", ctx.bytes(1), at.toString()];
  for (let index = options; index < ctx.count; index++) words.push(ctx.bytes(index));
  ctx.journalAs(...words);
}
