/** Strings as arrays of bits: SETBIT, GETBIT, counting, searching and combining. SETBIT and GETBIT allocate nothing. */

import {
  BitOperation,
  type BitSource,
  combineBits,
  countBitRange,
  countBitsInBlocks,
  findBit,
  findBitInBlocks,
  sourceLength,
} from "../../algorithms/bits.ts";
import { smallInteger } from "../../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { Encoding, Type } from "../../values/value-types.ts";
import { choice, longArgument } from "../arguments/numbers.ts";
import { bitOffset, openBits } from "./bit-string.ts";

const command = commandsOf("bitmap");

export const setbit = command("setbit", { arity: 4, since: "2.2.0", flags: "write denyoom" })
  .takes("key{RW access update} offset value:integer")
  .answers("0 | 1")
  .docs("Sets or clears the bit at an offset of a string. Returns the old bit.", "O(1)")
  .run((call) => {
    const { database, frame } = call;
    const offset = bitOffset(call, 2);
    const wanted = smallInteger(frame.buffer, frame.offsets[3], frame.offsets[3] + frame.lengths[3]);
    if (wanted !== 0 && wanted !== 1) throw commandError("ERR bit is not an integer or out of range");
    const address = call.writeString(1);
    const byte = Math.floor(offset / 8);
    const mask = 0x80 >>> (offset & 7);
    const grows = address === 0 || byte >= database.stringLength(address);
    const opened = openBits(call, address, byte + 1);
    const blocks = database.blocksAt(opened);
    const { buffer, from } = blocks === null ? database.locateString(opened) : NOWHERE;
    const before = blocks === null ? buffer[from + byte] : blocks.byteAt(byte);
    const was = (before & mask) === 0 ? 0 : 1;
    if (grows || was !== wanted) {
      const after = wanted === 1 ? before | mask : before & ~mask;
      if (blocks === null) buffer[from + byte] = after;
      else blocks.setByte(byte, after);
      if (address !== 0) database.announce(opened);
      call.event(EventClass.STRING, "setbit", 1);
    }
    call.reply.integer(was);
  });

export const getbit = command("getbit", { arity: 3, since: "2.2.0", flags: "readonly fast" })
  .takes("key{RO access} offset")
  .answers("0 | 1")
  .docs("Returns the bit at an offset of a string.", "O(1)")
  .run((call) => {
    const offset = bitOffset(call, 2);
    const address = call.readString(1);
    if (address === 0) return call.reply.integer(0);
    const byte = Math.floor(offset / 8);
    const mask = 0x80 >>> (offset & 7);
    const blocks = call.database.blocksAt(address);
    if (blocks !== null) return call.reply.integer(byte < blocks.length && (blocks.byteAt(byte) & mask) !== 0 ? 1 : 0);
    const { buffer, from, to } = call.database.locateString(address);
    call.reply.integer(from + byte < to && (buffer[from + byte] & mask) !== 0 ? 1 : 0);
  });

export const bitcount = command("bitcount", { arity: -2, since: "2.6.0", flags: "readonly" })
  .takes("key{RO access} [range(start end:integer [unit(BYTE | BIT)@7.0.0])]")
  .answers("count")
  .docs("Counts the set bits in a string or in a range of it.", "O(N) for N bytes")
  .changed("7.0.0: Added `BYTE` and `BIT`.")
  .run((call) => {
    const address = call.readString(1);
    if (address === 0) return call.reply.integer(0);
    const length = call.database.stringLength(address);
    if (call.count === 2) return call.reply.integer(countAt(call, address, 0, length * 8 - 1));
    if (call.count !== 4 && call.count !== 5) throw errors.syntax;
    const start = longArgument(call, 2);
    const end = longArgument(call, 3);
    // Before the unit is read, as in Redis. (Other empty ranges are found below.) Different offsets may be equal once rounded.
    if (start < 0 && end < 0 && (start > end || (start === end && call.int64(2) > call.int64(3)))) return call.reply.integer(0);
    const unitBits = call.count === 5 ? choice(call, 4, UNITS) : 8;
    const total = (length * 8) / unitBits;
    const first = fromStart(start, total) * unitBits;
    const last = Math.min(fromStart(end, total), total - 1) * unitBits + unitBits - 1;
    call.reply.integer(countAt(call, address, first, last));
  });

export const bitpos = command("bitpos", { arity: -3, since: "2.8.7", flags: "readonly" })
  .takes("key{RO access} bit [range(start [end-unit-block(end:integer [unit(BYTE | BIT)@7.0.0])])]")
  .answers("-1 | count")
  .docs("Finds the first set or clear bit in a string or in a range of it.", "O(N) for N bytes")
  .changed("7.0.0: Added `BYTE` and `BIT`.")
  .run((call) => {
    const bit = Number(call.int64(2));
    if (bit !== 0 && bit !== 1) throw commandError("ERR The bit argument must be 1 or 0.");
    const address = call.readString(1);
    if (address === 0) return call.reply.integer(bit === 1 ? -1 : 0);
    if (call.count > 6) throw errors.syntax;
    const start = call.count === 3 ? 0 : longArgument(call, 3);
    const unitBits = call.count === 6 ? choice(call, 5, UNITS) : 8;
    const end = call.count < 5 ? -1 : longArgument(call, 4);
    const total = (call.database.stringLength(address) * 8) / unitBits;
    const first = fromStart(start, total) * unitBits;
    const last = Math.min(fromStart(end, total), total - 1) * unitBits + unitBits - 1;
    if (first > last) return call.reply.integer(-1);
    const position = findAt(call, address, first, last, bit);
    // Without an end, zeros follow the string.
    call.reply.integer(position === -1 && bit === 0 && call.count < 5 ? last + 1 : position);
  });

const OPERATIONS = { and: BitOperation.AND, or: BitOperation.OR, xor: BitOperation.XOR, not: BitOperation.NOT } as const;

export const bitop = command("bitop", { arity: -4, since: "2.6.0", flags: "write denyoom" })
  .takes("operation(AND | OR | XOR | NOT) destkey{OW update} key{RO access}...")
  .answers("count")
  .docs("Combines strings bit by bit and stores the result in a key.", "O(N) for the longest string of N bytes")
  .run((call) => {
    const operation = choice(call, 1, OPERATIONS);
    if (operation === BitOperation.NOT && call.count !== 4) throw commandError("ERR BITOP NOT must be called with a single source key.");
    const sources = sourceStrings(call);
    const length = sources.reduce((longest, source) => Math.max(longest, sourceLength(source)), 0);
    if (length > 0) storeResult(call, operation, sources, length);
    else {
      const address = call.write(2);
      if (address !== 0) call.database.delete(address);
    }
    call.reply.integer(length);
  });

/** Returns the strings at the keys from argument 3 on, empty for keys that don't exist. Valid until the next change. Errors: WRONGTYPE. */
function sourceStrings(call: Call): BitSource[] {
  const sources: BitSource[] = [];
  for (let index = 3; index < call.count; index++) {
    call.prepareKeys(3, index, 1);
    const address = call.readString(index);
    if (address === 0) sources.push({ buffer: call.frame.buffer, from: 0, to: 0 });
    else sources.push(call.database.blocksAt(address) ?? { ...call.database.locateString(address) });
  }
  return sources;
}

/** A string of the same length is overwritten in place: combining bitmaps into the same key again and again takes no new memory. */
function storeResult(call: Call, operation: BitOperation, sources: readonly BitSource[], length: number): void {
  const { database, frame } = call;
  const address = call.write(2);
  const fits = address !== 0 && database.type(address) === Type.STRING && database.stringLength(address) === length;
  if (fits && database.expiryOf(address) === NO_EXPIRY) {
    const opened = database.openString(address, length);
    const blocks = database.blocksAt(opened);
    combineBits(operation, sources, length, blocks ?? database.locateString(opened));
    database.announce(opened);
  } else if (length > BLOCKS_FROM) {
    const result = new BlockString();
    combineBits(operation, sources, length, result);
    database.setHeld(address, call.keyHash, frame.buffer, frame.offsets[2], frame.lengths[2], result, NO_EXPIRY);
  } else {
    const result = Buffer.allocUnsafeSlow(length);
    combineBits(operation, sources, length, { buffer: result, from: 0 });
    const made = database.setString(address, call.keyHash, frame.buffer, frame.offsets[2], frame.lengths[2], result, 0, length, NO_EXPIRY);
    database.setEncoding(made, Encoding.RAW);
  }
  call.event(EventClass.STRING, "set", 2);
}

/** How many of the bits `first` to `last` of the string at `address` are set. */
function countAt({ database }: Call, address: number, first: number, last: number): number {
  if (first > last) return 0;
  const blocks = database.blocksAt(address);
  if (blocks !== null) return countBitsInBlocks(blocks, first, last);
  const { buffer, from } = database.locateString(address);
  return countBitRange(buffer, from, first, last);
}

/** The first of them that is `bit`: its position, or -1. */
function findAt({ database }: Call, address: number, first: number, last: number, bit: 0 | 1): number {
  const blocks = database.blocksAt(address);
  if (blocks !== null) return findBitInBlocks(blocks, first, last, bit);
  const { buffer, from } = database.locateString(address);
  return findBit(buffer, from, first, last, bit);
}

/** Where the bytes of a string in blocks are said to be. */
const NOWHERE = { buffer: Buffer.alloc(0), from: 0 };

/** Bits in a unit. */
const UNITS = { byte: 8, bit: 1 } as const;

/** Negative offsets count from the end of `length` units, and are at least 0. */
function fromStart(offset: number, length: number): number {
  return Math.max(0, offset < 0 ? offset + length : offset);
}
