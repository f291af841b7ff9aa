/** Whole strings: GET, SET and the like. The hottest commands of all: GET, SET, MGET and MSET allocate nothing. */

import type { BlockString } from "../../blocks/block-string.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { KEEP_EXPIRY } from "../../keyspace/changes.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { Type } from "../../values/value-types.ts";
import { deleteExpired, exactDeadline, expireAt, isPast } from "../arguments/deadline.ts";
import { longAtLeast, wrongCount } from "../arguments/numbers.ts";
import { comparesAs, requireDigest } from "./comparison.ts";
import {
  baseOf,
  COMPARISONS,
  deadlineOf,
  GETEX_COMMAND,
  MSETEX_COMMAND,
  ParsedOptions,
  SET_COMMAND,
  SetOption,
  TIMES,
  unitOf,
} from "./set-options.ts";

const command = commandsOf("string");

/** Scratch of the command being executed. */
const parsed = new ParsedOptions();

const KEYS_MAX = 2 ** 31 - 1;
const badKeyCount = commandError("ERR invalid numkeys value");
const badPairs = commandError("ERR wrong number of key-value pairs");

export const get = command("get", { arity: 2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO access}")
  .answers("string | null")
  .docs("Returns the string value of a key.", "O(1)")
  .run((call) => replyStringOrNull(call, call.readString(1)));

export const set = command("set", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes(`key{RW access update variable_flags: RW and access because of GET} value
      [condition(NX | XX | IFEQ ifeq-value@8.4.0 | IFNE ifne-value@8.4.0 | IFDEQ ifdeq-digest@8.4.0 | IFDNE ifdne-digest@8.4.0)@2.6.12]
      [GET@6.2.0] [expiration(EX seconds@2.6.12 | PX milliseconds@2.6.12 | EXAT unix-time-seconds@6.2.0 |
      PXAT unix-time-milliseconds@6.2.0 | KEEPTTL@6.0.0)]`)
  .answers("OK; if condition: OK | null; if GET: string | null")
  .docs("Sets the string value of a key, whatever its type was. Creates the key if it doesn't exist.", "O(1)")
  .changed(
    "2.6.12: Added `EX`, `PX`, `NX` and `XX`.",
    "6.0.0: Added `KEEPTTL`.",
    "6.2.0: Added `GET`, `EXAT` and `PXAT`.",
    "7.0.0: Allowed `NX` and `GET` together.",
    "8.4.0: Added `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE`.",
  )
  .inBlocks(2)
  .run((call) => {
    if (call.count === 3) {
      store(call, 0, 0, 2);
      return call.reply.ok();
    }
    const { bits, timeIndex, operandIndex } = parsed.parse(call, 3, SET_COMMAND);
    const stored = store(call, bits, timeIndex, 2, operandIndex);
    if ((bits & SetOption.GET) !== 0) return;
    if (stored) call.reply.ok();
    else call.reply.null();
  });

export const setnx = command("setnx", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{OW insert} value")
  .answers("0 | 1")
  .docs("Sets the string value of a key only if the key doesn't exist.", "O(1)")
  .deprecated("2.6.12", "`SET` with `NX`")
  .inBlocks(2)
  .run((call) => call.reply.integer(store(call, SetOption.NX, 0, 2) ? 1 : 0));

export const setex = command("setex", { arity: 4, since: "2.0.0", flags: "write denyoom" })
  .takes("key{OW update} seconds value")
  .answers("OK")
  .docs("Sets the string value of a key and its expiration in seconds.", "O(1)")
  .deprecated("2.6.12", "`SET` with `EX`")
  .inBlocks(3)
  .run((call) => {
    store(call, SetOption.EX, 2, 3);
    call.reply.ok();
  });

export const psetex = command("psetex", { arity: 4, since: "2.6.0", flags: "write denyoom" })
  .takes("key{OW update} milliseconds value")
  .answers("OK")
  .docs("Sets the string value of a key and its expiration in milliseconds.", "O(1)")
  .deprecated("2.6.12", "`SET` with `PX`")
  .inBlocks(3)
  .run((call) => {
    store(call, SetOption.PX, 2, 3);
    call.reply.ok();
  });

export const getset = command("getset", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} value")
  .answers("string | null")
  .docs("Sets the string value of a key and returns its old value.", "O(1)")
  .deprecated("6.2.0", "`SET` with `GET`")
  .inBlocks(2)
  .run((call) => {
    replyStringOrNull(call, call.readString(1));
    call.setString(call.write(1), 1, 2, NO_EXPIRY);
    call.event(EventClass.STRING, "set", 1);
    if (call.server.journal.active) call.journalAs("SET", call.bytes(1), call.word(2));
  });

export const getdel = command("getdel", { arity: 2, since: "6.2.0", flags: "write fast" })
  .takes("key{RW access delete}")
  .answers("string | null")
  .docs("Returns the string value of a key and deletes the key.", "O(1)")
  .run((call) => {
    const address = call.readString(1);
    replyStringOrNull(call, address);
    if (address === 0) return;
    call.database.delete(address);
    if (call.server.journal.active) call.journalAs("DEL", call.bytes(1));
  });

export const getex = command("getex", { arity: -2, since: "6.2.0", flags: "write fast" })
  .takes(`key{RW access update: RW and update because of the expiry}
      [expiration(EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST)]`)
  .answers("string | null")
  .docs("Returns the string value of a key and sets or removes its expiration.", "O(1)")
  .run((call) => {
    const { bits: options, timeIndex } = parsed.parse(call, 2, GETEX_COMMAND);
    const address = call.readString(1);
    if (address === 0) return call.reply.null();
    const at = (options & TIMES) === 0 ? NO_EXPIRY : deadlineOf(call, options, timeIndex);
    call.replyString(address);
    if ((options & (SetOption.EXAT | SetOption.PXAT)) !== 0 && isPast(call, at)) deleteExpired(call, address);
    else if ((options & TIMES) !== 0) expireAt(call, address, timeIndex, unitOf(options), baseOf(call, options), call.count);
    else if ((options & SetOption.PERSIST) !== 0 && call.database.expiryOf(address) !== NO_EXPIRY) {
      call.database.setExpiry(address, NO_EXPIRY);
      call.event(EventClass.GENERIC, "persist", 1);
      if (call.server.journal.active) call.journalAs("PERSIST", call.bytes(1));
    }
  });

export const mget = command("mget", { arity: -2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO access}...")
  .answers("(string | null)[]")
  .tips("request_policy:multi_shard")
  .docs("Returns the string values of several keys.", "O(N) for N keys")
  .run((call) => {
    const { count, reply } = call;
    reply.array(count - 1);
    for (let index = 1; index < count; index++) {
      call.prepareKeys(1, index, 1);
      const address = call.read(index);
      if (address === 0 || call.database.type(address) !== Type.STRING) reply.null();
      else call.replyString(address);
    }
  });

export const mset = command("mset", { arity: -3, since: "1.0.1", flags: "write denyoom" })
  .takes("data(key{OW update} value)...")
  .answers("OK")
  .tips("request_policy:multi_shard response_policy:all_succeeded")
  .docs("Sets the string values of several keys, all at once.", "O(N) for N keys")
  .inBlocks(2, 2)
  .run((call) => {
    requirePairs(call);
    storePairs(call);
    call.reply.ok();
  });

export const msetnx = command("msetnx", { arity: -3, since: "1.0.1", flags: "write denyoom" })
  .takes("data(key{OW insert} value)...")
  .answers("0 | 1")
  .docs("Sets the string values of several keys, only if none of them exists.", "O(N) for N keys")
  .inBlocks(2, 2)
  .run((call) => {
    requirePairs(call);
    for (let index = 1; index < call.count; index += 2) if (call.write(index) !== 0) return call.reply.integer(0);
    storePairs(call);
    call.reply.integer(1);
  });

export const msetex = command("msetex", { arity: -4, since: "8.4.0", flags: "write denyoom" })
  .takes(`numkeys data(key{OW update} value)... [condition(NX | XX)] [expiration(EX seconds | PX milliseconds | EXAT unix-time-seconds |
      PXAT unix-time-milliseconds | KEEPTTL)]`)
  .answers("0 | 1")
  .tips("request_policy:multi_shard response_policy:all_succeeded")
  .docs("Sets the string values of several keys and one expiration for all of them, all at once.", "O(N) for N keys")
  .inBlocks(3, 2)
  .run((call) => {
    const keys = longAtLeast(call, 1, 1, badKeyCount);
    if (keys > KEYS_MAX) throw badKeyCount;
    const end = 2 + keys * 2;
    if (end > call.count) throw badPairs;
    const { bits, timeIndex } = parsed.parse(call, end, MSETEX_COMMAND);
    const expireAt = expirationOf(call, bits, timeIndex);
    if ((bits & (SetOption.NX | SetOption.XX)) !== 0) {
      const forbidden = (bits & SetOption.NX) !== 0;
      for (let index = 2; index < end; index += 2) if ((call.write(index) !== 0) === forbidden) return call.reply.integer(0);
    }
    call.server.keyspace.requireRoom(keys, call.frame.bytes);
    for (let index = 2; index < end; index += 2) {
      call.prepareKeys(2, index, 2);
      const made = call.setString(call.write(index), index, index + 1, expireAt);
      if ((bits & TIMES) !== 0) {
        refineExpiration(call, made, bits, timeIndex, expireAt);
        call.event(EventClass.GENERIC, "expire", index);
      }
      call.event(EventClass.STRING, "set", index);
    }
    if (call.server.journal.active) journalPairs(call, end, bits, timeIndex);
    call.reply.integer(1);
  });

/** Journals what MSETEX set as commands that every replica knows. */
function journalPairs(call: Call, end: number, options: number, timeIndex: number): void {
  const words: (Buffer | BlockString)[] = [];
  for (let index = 2; index < end; index++) words.push(call.word(index));
  if ((options & (TIMES | SetOption.KEEPTTL)) === 0) return call.journalAs("MSET", ...words);
  const expiration = expirationWords(call, options, timeIndex);
  for (let at = 0; at < words.length; at += 2) call.journalAs("SET", words[at], words[at + 1], ...expiration);
}

function replyStringOrNull(call: Call, address: number): void {
  if (address === 0) call.reply.null();
  else call.replyString(address);
}

/**
 * Executes SET and its older forms for key 1 and the value in argument `value`; argument `operand` is what a comparison compares with.
 * Returns whether the string was set; with GET it has replied. Errors: those of `deadlineOf`; WRONGTYPE with GET or a comparison; a digest
 * of another length.
 */
function store(call: Call, options: number, timeIndex: number, value: number, operand = 0): boolean {
  const expireAt = expirationOf(call, options, timeIndex);
  if ((options & SetOption.GET) !== 0) replyOldValue(call, options, operand);
  const address = call.write(1);
  if (options !== 0 && !mayStore(call, options, operand, address)) return false;
  const made = call.setString(address, 1, value, expireAt);
  call.event(EventClass.STRING, "set", 1);
  if ((options & TIMES) !== 0) {
    refineExpiration(call, made, options, timeIndex, expireAt);
    call.event(EventClass.GENERIC, "expire", 1);
  }
  if (call.server.journal.active) journalStore(call, options, timeIndex, value);
  return true;
}

/** Returns the expiration of a string that is set with these options, as databases take it. Errors: those of `deadlineOf`. */
function expirationOf(call: Call, options: number, timeIndex: number): number {
  if ((options & TIMES) !== 0) return deadlineOf(call, options, timeIndex);
  return (options & SetOption.KEEPTTL) === 0 ? NO_EXPIRY : KEEP_EXPIRY;
}

/** Makes the expiration of the string at `address`, set to `expireAt`, exact where a number is not. */
function refineExpiration(call: Call, address: number, options: number, timeIndex: number, expireAt: number): void {
  if (expireAt > Number.MAX_SAFE_INTEGER)
    call.database.expiry.refine(address, exactDeadline(call, timeIndex, unitOf(options), baseOf(call, options)));
}

/** What GET asks for. Errors come before the reply. */
function replyOldValue(call: Call, options: number, operand: number): void {
  const address = call.readString(1);
  if (address !== 0) requireDigest(call, options, operand);
  replyStringOrNull(call, address);
}

/** Whether the conditions allow to set key 1, just found at `address`. */
function mayStore(call: Call, options: number, operand: number, address: number): boolean {
  if (address === 0) return (options & (SetOption.XX | SetOption.IFEQ | SetOption.IFDEQ)) === 0;
  if ((options & SetOption.NX) !== 0) return false;
  return (options & COMPARISONS) === 0 || comparesAs(call, call.readString(1), options, operand);
}

/** Journals what was set without the options that depend on the time or on what was there, or ask for a reply. */
function journalStore(call: Call, options: number, timeIndex: number, value: number): void {
  if ((options & (COMPARISONS | (TIMES & ~SetOption.PXAT))) !== 0) {
    call.journalAs("SET", call.bytes(1), call.word(value), ...expirationWords(call, options, timeIndex));
  } else if ((options & (TIMES | SetOption.GET)) === SetOption.GET) {
    const words: (Buffer | BlockString)[] = [];
    for (let index = 0; index < call.count; index++) if (index < 3 || !call.is(index, "get")) words.push(call.word(index));
    call.journalAs(...words);
  }
}

/** Returns the options of SET that say which expiration these options set. */
function expirationWords(call: Call, options: number, timeIndex: number): string[] {
  if ((options & TIMES) !== 0) return ["PXAT", exactDeadline(call, timeIndex, unitOf(options), baseOf(call, options)).toString()];
  return (options & SetOption.KEEPTTL) === 0 ? [] : ["KEEPTTL"];
}

function requirePairs(call: Call): void {
  if (call.count % 2 === 0) throw wrongCount(call);
}

function storePairs(call: Call): void {
  call.server.keyspace.requireRoom(call.count >>> 1, call.frame.bytes);
  for (let index = 1; index < call.count; index += 2) {
    call.prepareKeys(1, index, 2);
    call.setString(call.write(index), index, index + 1, NO_EXPIRY);
    call.event(EventClass.STRING, "set", index);
  }
}
