/** What the commands on bits of strings share: bit offsets, and strings made long enough for writing. */

import { parseInt64, smallInteger } from "../../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";
import { type CommandError, commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { SessionKind } from "../../session/session.ts";
import { Encoding } from "../../values/value-types.ts";

/** New strings up to this many bytes are copies of these zeros; longer ones are buffers of their own from the start. */
const ZEROS = Buffer.alloc(16 * 1024);

/**
 * Returns the bit offset in argument `index`. Errors: not an integer, negative, or beyond the longest string that a request can be (the
 * master's commands are not checked).
 */
export function bitOffset(call: Call, index: number): number {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  let offset = smallInteger(buffer, from, to);
  if (offset !== offset) offset = Number(parseInt64(buffer, from, to) ?? -1n);
  return checkBitOffset(call, offset);
}

/** Returns `offset`. Errors: as `bitOffset`. */
export function checkBitOffset(call: Call, offset: number): number {
  if (offset < 0) throw badOffset();
  if (call.session.kind !== SessionKind.MASTER && offset / 8 >= call.server.config.values["proto-max-bulk-len"]) throw badOffset();
  return offset;
}

export function badOffset(): CommandError {
  return commandError("ERR bit offset is not an integer or out of range");
}

/**
 * Prepares the string at key 1, just looked up at `address` (0: there is none), for writing bits of its first `length` bytes: it is at
 * least that long and `raw`, and a new one has been counted as one change. Returns its address.
 */
export function openBits(call: Call, address: number, length: number): number {
  const { database, frame } = call;
  if (address !== 0) return database.openString(address, Math.max(length, database.stringLength(address)));
  if (length > BLOCKS_FROM) {
    const value = new BlockString();
    value.grow(length);
    return database.setHeld(0, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], value, NO_EXPIRY);
  }
  const zeros = length <= ZEROS.length ? ZEROS : Buffer.alloc(length);
  const made = database.setString(0, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], zeros, 0, length, NO_EXPIRY);
  database.setEncoding(made, Encoding.RAW);
  return made;
}
