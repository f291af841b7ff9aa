/** Comparing the string at a key with an argument: IFEQ, IFNE, and by their digests IFDEQ and IFDNE. */

import { equalBytes } from "../../base/bytes.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { SetOption } from "./set-options.ts";

const { IFEQ, IFNE, IFDEQ, IFDNE } = SetOption;

/** What a digest is written in: 64 bits as hexadecimal digits. */
const DIGEST_DIGITS = 16;

const badDigest = commandError(`ERR must be exactly ${DIGEST_DIGITS} hexadecimal characters`);

/** Returns the digest of the string at `address`: XXH3 with 64 bits and no seed, in hexadecimal digits. */
export function digestOf({ database }: Call, address: number): string {
  const { buffer, from, to } = database.locateString(address);
  return Bun.hash.xxHash3(buffer.subarray(from, to)).toString(16).padStart(DIGEST_DIGITS, "0");
}

/**
 * Whether the string at `address` compares with argument `operand` as the one of IFEQ, IFNE, IFDEQ and IFDNE that is among `options` has it.
 * Errors: those of `requireDigest`.
 */
export function comparesAs(call: Call, address: number, options: number, operand: number): boolean {
  const equal = (options & (IFEQ | IFNE)) !== 0 ? equalsArgument(call, address, operand) : hasDigest(call, address, options, operand);
  return equal === ((options & (IFEQ | IFDEQ)) !== 0);
}

/** Errors: `options` compare with the digest in argument `operand`, which is too long or too short for one. */
export function requireDigest(call: Call, options: number, operand: number): void {
  if ((options & (IFDEQ | IFDNE)) !== 0 && call.frame.lengths[operand] !== DIGEST_DIGITS) throw badDigest;
}

function equalsArgument({ database, frame }: Call, address: number, operand: number): boolean {
  const length = frame.lengths[operand];
  const blocks = database.blocksAt(address);
  if (blocks !== null) return blocks.equals(frame.buffer, frame.offsets[operand], frame.offsets[operand] + length);
  const { buffer, from, to } = database.locateString(address);
  return to - from === length && equalBytes(buffer, from, frame.buffer, frame.offsets[operand], length);
}

/** Digits count in either case. What is no digit is in no digest. */
function hasDigest(call: Call, address: number, options: number, operand: number): boolean {
  requireDigest(call, options, operand);
  return call.text(operand).toLowerCase() === digestOf(call, address);
}
