/** What the commands on bits of strings share: offsets of bits, and strings that are there and long enough to be written to. */

import { parseInt64, smallInteger } from "../../base/bytes.ts";
import { type CommandError, commandError } from "../../errors.ts";
import type { Context } from "../../execution/context.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { SessionKind } from "../../session/session.ts";
import { Encoding } from "../../values/value-types.ts";

/** New strings up to this many bytes are copies of these zeros; longer ones are buffers of their own from the start. */
const ZEROS = Buffer.alloc(16 * 1024);

/** The bit that argument `index` names. Errors: not an integer from 0 on, or a bit of a longer string than a request can carry (the master's word is law). */
export function bitOffset(ctx: Context, index: number): number {
  const { buffer, offsets, lengths } = ctx.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  let offset = smallInteger(buffer, from, to);
  if (offset !== offset) offset = Number(parseInt64(buffer, from, to) ?? -1n);
  return checkBitOffset(ctx, offset);
}

/** -> `offset`. Errors: as `bitOffset`. */
export function checkBitOffset(ctx: Context, offset: number): number {
  if (offset < 0) throw badOffset();
  if (ctx.session.kind !== SessionKind.MASTER && offset / 8 >= ctx.host.config.values["proto-max-bulk-len"]) throw badOffset();
  return offset;
}

export function badOffset(): CommandError {
  return commandError("ERR bit offset is not an integer or out of range");
}

/**
 * Readies the string at key 1, just looked up at `address` (0: there is none), for bits of its first `length` bytes to be written: it is as long, `raw`, and a new one has
 * been announced as one change. -> its address.
 */
export function openBits(ctx: Context, address: number, length: number): number {
  const { database, frame } = ctx;
  if (address !== 0) return database.openString(address, Math.max(length, database.stringLength(address)));
  const zeros = length <= ZEROS.length ? ZEROS : Buffer.alloc(length);
  const made = database.setString(0, ctx.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], zeros, 0, length, NO_EXPIRY);
  database.setEncoding(made, Encoding.RAW);
  return made;
}
