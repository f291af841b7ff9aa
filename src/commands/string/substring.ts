/** Parts of strings: lengths, ranges, and what two strings have in common. */

import { commonSubsequence, commonSubsequenceLength } from "../../algorithms/lcs.ts";
import { copyBytes } from "../../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { SessionKind } from "../../session/session.ts";
import { Encoding, Type } from "../../values/value-types.ts";

const command = commandsOf("string");

const EMPTY = Buffer.alloc(0);

export const append = command("append", { arity: 3, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} value")
  .answers("count")
  .docs("Appends a string to the value of a key. Creates the key if it doesn't exist.", "O(1) amortized, for short additions")
  .inBlocks(2)
  .run((call) => {
    const { database, frame } = call;
    const address = call.writeString(1);
    const added = frame.lengths[2];
    const before = address === 0 ? 0 : database.stringLength(address);
    if (address === 0) {
      call.setString(0, 1, 2, NO_EXPIRY);
    } else {
      requireRoom(call, before, added);
      writeArgument(call, address, before, 2);
    }
    call.event(EventClass.STRING, "append", 1);
    call.reply.integer(before + added);
  });

export const strlen = command("strlen", { arity: 2, since: "2.2.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the length of the string value of a key.", "O(1)")
  .run((call) => {
    const address = call.readString(1);
    call.reply.integer(address === 0 ? 0 : call.database.stringLength(address));
  });

export const setrange = command("setrange", { arity: 4, since: "2.2.0", flags: "write denyoom" })
  .takes("key{RW update} offset value")
  .answers("count")
  .docs("Overwrites a part of a string at an offset. Creates the key if it doesn't exist.", "O(1) for short values, O(M) for M bytes")
  .inBlocks(3)
  .run((call) => {
    const { database, frame } = call;
    const offset = Number(call.int64(2));
    if (offset < 0) throw commandError("ERR offset is out of range");
    const address = call.writeString(1);
    const before = address === 0 ? 0 : database.stringLength(address);
    const size = frame.lengths[3];
    if (size === 0) return call.reply.integer(before);
    requireRoom(call, offset, size);
    const length = Math.max(before, offset + size);
    if (address !== 0) writeArgument(call, address, offset, 3);
    else if (length > BLOCKS_FROM) {
      const value = new BlockString();
      value.grow(offset);
      appendArgument(call, value, 3);
      database.setHeld(0, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], value, NO_EXPIRY);
    } else {
      const value = Buffer.alloc(length);
      copyBytes(value, offset, frame.buffer, frame.offsets[3], frame.offsets[3] + size);
      const made = database.setString(0, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], value, 0, length, NO_EXPIRY);
      database.setEncoding(made, Encoding.RAW);
    }
    call.event(EventClass.STRING, "setrange", 1);
    call.reply.integer(length);
  });

export const getrange = command("getrange", { arity: 4, since: "2.4.0", flags: "readonly" })
  .takes("key{RO access} start end:integer")
  .answers("string")
  .docs("Returns a substring of the string value of a key.", "O(N) for N bytes returned")
  .run(replyRange);

export const substr = command("substr", { arity: 4, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access} start end:integer")
  .answers("string")
  .docs("Returns a substring of the string value of a key.", "O(N) for N bytes returned")
  .deprecated("2.0.0", "`GETRANGE`")
  .run(replyRange);

export const lcs = command("lcs", { arity: -3, since: "7.0.0", flags: "readonly" })
  .takes("key1{RO access} key2{^} [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]")
  .answers(`string; if LEN: count;
      if IDX: {matches: [first: [count, count], second: [count, count], length if WITHMATCHLEN: count][], len: count}`)
  .docs("Finds the longest common subsequence of two strings.", "O(N*M) for strings of N and M bytes")
  .run((call) => {
    const a = comparedString(call, 1);
    const b = comparedString(call, 2);
    const { length, positions, withLengths, shortest } = lcsOptions(call);
    const tableBytes = (a.length + 1) * (b.length + 1) * 4;
    if (tableBytes > call.server.config.values["proto-max-bulk-len"]) {
      throw commandError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    const common = length ? commonSubsequenceLength(a, b) : commonSubsequence(a, b);
    if (common === null) throw commandError("ERR Insufficient memory, failed allocating transient memory for LCS");
    if (typeof common === "number") return call.reply.integer(common);
    if (!positions) return call.reply.bytesOf(common.bytes);
    const matches = common.matches.filter((match) => match.length >= shortest);
    call.reply.map(2);
    call.reply.bulk("matches");
    call.reply.array(matches.length);
    for (const match of matches) {
      call.reply.array(withLengths ? 3 : 2);
      replyPositions(call, match.inA, match.length);
      replyPositions(call, match.inB, match.length);
      if (withLengths) call.reply.integer(match.length);
    }
    call.reply.bulk("len");
    call.reply.integer(common.bytes.length);
  });

/** Writes argument `index` over the string at `address`, from `at` on. */
function writeArgument({ database, frame }: Call, address: number, at: number, index: number): void {
  const blocks = frame.blocksAt(index);
  const from = frame.offsets[index];
  if (blocks === null) database.writeString(address, at, frame.buffer, from, from + frame.lengths[index]);
  else database.writeBlocks(address, at, blocks);
}

function appendArgument({ frame }: Call, value: BlockString, index: number): void {
  const blocks = frame.blocksAt(index);
  const from = frame.offsets[index];
  if (blocks === null) value.append(frame.buffer, from, from + frame.lengths[index]);
  else blocks.each(0, blocks.length, (bytes, start, end) => value.append(bytes, start, end));
}

/** Errors: a string of `size` bytes at `offset` would be longer than a request can be. The master's commands are not checked. */
function requireRoom(call: Call, offset: number, size: number): void {
  if (call.session.kind === SessionKind.MASTER) return;
  if (offset + size > call.server.config.values["proto-max-bulk-len"]) throw errors.stringTooLong;
}

/** GETRANGE: offsets count from 0, negative ones from the end, and both are inclusive. */
function replyRange(call: Call): void {
  const first = call.int64(2);
  const last = call.int64(3);
  const address = call.readString(1);
  const length = address === 0 ? 0 : call.database.stringLength(address);
  const start = fromStart(first, length);
  const end = Math.min(fromStart(last, length), length - 1);
  if (start > end || (first < 0n && last < 0n && first > last)) {
    call.reply.bytesOf(EMPTY);
    return;
  }
  const blocks = call.database.blocksAt(address);
  if (blocks !== null) return call.reply.blocks(blocks, start, end + 1);
  const { buffer, from } = call.database.locateString(address);
  call.reply.bytes(buffer, from + start, from + end + 1);
}

function fromStart(offset: bigint, length: number): number {
  return Math.max(0, Number(offset < 0n ? offset + BigInt(length) : offset));
}

/** Returns the string at key `index` for LCS, empty if there is none; valid until the next change. */
function comparedString(call: Call, index: number): Buffer {
  const address = call.read(index);
  if (address === 0) return EMPTY;
  const { database } = call;
  if (database.type(address) !== Type.STRING) throw commandError("ERR The specified keys must contain string values");
  const { buffer, from, to } = database.locateString(address);
  return buffer.subarray(from, to);
}

function lcsOptions(call: Call): { length: boolean; positions: boolean; withLengths: boolean; shortest: number } {
  const options = { length: false, positions: false, withLengths: false, shortest: 0 };
  for (let index = 3; index < call.count; index++) {
    if (call.is(index, "idx")) options.positions = true;
    else if (call.is(index, "len")) options.length = true;
    else if (call.is(index, "withmatchlen")) options.withLengths = true;
    else if (call.is(index, "minmatchlen") && index + 1 < call.count) options.shortest = Number(call.int64(++index));
    else throw errors.syntax;
  }
  if (options.length && options.positions) {
    throw commandError("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

function replyPositions(call: Call, start: number, length: number): void {
  call.reply.array(2);
  call.reply.integer(start);
  call.reply.integer(start + length - 1);
}
