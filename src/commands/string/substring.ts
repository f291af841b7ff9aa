/** Parts of strings: lengths, ranges, and what two strings have in common. */

import { commonSubsequence, commonSubsequenceLength } from "../../algorithms/lcs.ts";
import { copyBytes } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { SessionKind } from "../../session/session.ts";
import { Encoding, Type } from "../../values/value-types.ts";

const command = commandsOf("string");

const EMPTY = Buffer.alloc(0);

export const append = command("append", { arity: 3, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} value")
  .docs("Appends a string to the value of a key. Creates the key if it doesn't exist.", "O(1) amortized, for short additions")
  .run((ctx) => {
    const { database, frame } = ctx;
    const address = ctx.writeString(1);
    const added = frame.lengths[2];
    const before = address === 0 ? 0 : database.stringLength(address);
    if (address === 0) {
      ctx.setString(0, 1, 2, NO_EXPIRY);
    } else {
      requireRoom(ctx, before, added);
      const grown = database.resizeString(address, before + added);
      const from = frame.offsets[2];
      copyBytes(database.stringBuffer(grown), database.stringOffset(grown) + before, frame.buffer, from, from + added);
    }
    ctx.event(EventClass.STRING, "append", 1);
    ctx.reply.integer(before + added);
  });

export const strlen = command("strlen", { arity: 2, since: "2.2.0", flags: "readonly fast" })
  .takes("key{RO}")
  .docs("Returns the length of the string value of a key.", "O(1)")
  .run((ctx) => {
    const address = ctx.readString(1);
    ctx.reply.integer(address === 0 ? 0 : ctx.database.stringLength(address));
  });

export const setrange = command("setrange", { arity: 4, since: "2.2.0", flags: "write denyoom" })
  .takes("key{RW update} offset value")
  .docs("Overwrites a part of a string at an offset. Creates the key if it doesn't exist.", "O(1) for short values, O(M) for M bytes")
  .run((ctx) => {
    const { database, frame } = ctx;
    const offset = Number(ctx.int64(2));
    if (offset < 0) throw commandError("ERR offset is out of range");
    const address = ctx.writeString(1);
    const before = address === 0 ? 0 : database.stringLength(address);
    const size = frame.lengths[3];
    const from = frame.offsets[3];
    if (size === 0) return ctx.reply.integer(before);
    requireRoom(ctx, offset, size);
    const length = Math.max(before, offset + size);
    if (address === 0) {
      const value = Buffer.alloc(length);
      copyBytes(value, offset, frame.buffer, from, from + size);
      const made = database.setString(0, ctx.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], value, 0, length, NO_EXPIRY);
      database.setEncoding(made, Encoding.RAW);
    } else {
      const resized = database.resizeString(address, length);
      copyBytes(database.stringBuffer(resized), database.stringOffset(resized) + offset, frame.buffer, from, from + size);
    }
    ctx.event(EventClass.STRING, "setrange", 1);
    ctx.reply.integer(length);
  });

export const getrange = command("getrange", { arity: 4, since: "2.4.0", flags: "readonly" })
  .takes("key{RO access} start end:integer")
  .docs("Returns a substring of the string value of a key.", "O(N) for N bytes returned")
  .run(replyRange);

export const substr = command("substr", { arity: 4, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access} start end:integer")
  .docs("Returns a substring of the string value of a key.", "O(N) for N bytes returned")
  .deprecated("2.0.0", "`GETRANGE`")
  .run(replyRange);

export const lcs = command("lcs", { arity: -3, since: "7.0.0", flags: "readonly" })
  .takes("key1{RO access} key2{^} [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]")
  .docs("Finds the longest common subsequence of two strings.", "O(N*M) for strings of N and M bytes")
  .run((ctx) => {
    const a = comparedString(ctx, 1);
    const b = comparedString(ctx, 2);
    const { length, positions, withLengths, shortest } = lcsOptions(ctx);
    const tableBytes = (a.length + 1) * (b.length + 1) * 4;
    if (tableBytes > ctx.host.config.values["proto-max-bulk-len"]) {
      throw commandError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    const common = length ? commonSubsequenceLength(a, b) : commonSubsequence(a, b);
    if (common === null) throw commandError("ERR Insufficient memory, failed allocating transient memory for LCS");
    if (typeof common === "number") return ctx.reply.integer(common);
    if (!positions) return ctx.reply.bytesOf(common.bytes);
    const matches = common.matches.filter((match) => match.length >= shortest);
    ctx.reply.map(2);
    ctx.reply.bulk("matches");
    ctx.reply.array(matches.length);
    for (const match of matches) {
      ctx.reply.array(withLengths ? 3 : 2);
      replyPositions(ctx, match.inA, match.length);
      replyPositions(ctx, match.inB, match.length);
      if (withLengths) ctx.reply.integer(match.length);
    }
    ctx.reply.bulk("len");
    ctx.reply.integer(common.bytes.length);
  });

/** Errors: a string of `size` bytes at `offset` would be longer than a request can be. The master's commands are not checked. */
function requireRoom(ctx: Context, offset: number, size: number): void {
  if (ctx.session.kind === SessionKind.MASTER) return;
  if (offset + size > ctx.host.config.values["proto-max-bulk-len"]) throw errors.stringTooLong;
}

/** GETRANGE: offsets count from 0, negative ones from the end, and both are inclusive. */
function replyRange(ctx: Context): void {
  const first = ctx.int64(2);
  const last = ctx.int64(3);
  const address = ctx.readString(1);
  const length = address === 0 ? 0 : ctx.database.stringLength(address);
  const start = fromStart(first, length);
  const end = Math.min(fromStart(last, length), length - 1);
  if (start > end || (first < 0n && last < 0n && first > last)) {
    ctx.reply.bytesOf(EMPTY);
    return;
  }
  const from = ctx.database.stringOffset(address);
  ctx.reply.bytes(ctx.database.stringBuffer(address), from + start, from + end + 1);
}

function fromStart(offset: bigint, length: number): number {
  return Math.max(0, Number(offset < 0n ? offset + BigInt(length) : offset));
}

/** Returns the string at key `index` for LCS, empty if there is none; valid until the next change. */
function comparedString(ctx: Context, index: number): Buffer {
  const address = ctx.read(index);
  if (address === 0) return EMPTY;
  const { database } = ctx;
  if (database.type(address) !== Type.STRING) throw commandError("ERR The specified keys must contain string values");
  const from = database.stringOffset(address);
  return database.stringBuffer(address).subarray(from, from + database.stringLength(address));
}

function lcsOptions(ctx: Context): { length: boolean; positions: boolean; withLengths: boolean; shortest: number } {
  const options = { length: false, positions: false, withLengths: false, shortest: 0 };
  for (let index = 3; index < ctx.count; index++) {
    if (ctx.is(index, "idx")) options.positions = true;
    else if (ctx.is(index, "len")) options.length = true;
    else if (ctx.is(index, "withmatchlen")) options.withLengths = true;
    else if (ctx.is(index, "minmatchlen") && index + 1 < ctx.count) options.shortest = Number(ctx.int64(++index));
    else throw errors.syntax;
  }
  if (options.length && options.positions) {
    throw commandError("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

function replyPositions(ctx: Context, start: number, length: number): void {
  ctx.reply.array(2);
  ctx.reply.integer(start);
  ctx.reply.integer(start + length - 1);
}
