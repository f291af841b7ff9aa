/** Whole strings: GET, SET and the like. The hottest commands of all: GET, SET, MGET and MSET allocate nothing. */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { KEEP_EXPIRY } from "../../keyspace/changes.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { Type } from "../../values/value-types.ts";
import { deleteExpired, exactDeadline, expireAt, isPast } from "../arguments/deadline.ts";
import { wrongCount } from "../arguments/numbers.ts";
import {
  baseOf,
  deadlineOf,
  GETEX_COMMAND,
  optionsOf,
  parseSetOptions,
  SET_COMMAND,
  SetOption,
  TIMES,
  timeIndexOf,
  unitOf,
} from "./set-options.ts";

const command = commandsOf("string");

export const get = command("get", { arity: 2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO access}")
  .docs("Returns the string value of a key.", "O(1)")
  .run((call) => replyStringOrNull(call, call.readString(1)));

export const set = command("set", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes(`key{RW access update variable_flags: RW and access because of GET} value [condition(NX | XX)@2.6.12] [GET@6.2.0]
      [expiration(EX seconds@2.6.12 | PX milliseconds@2.6.12 | EXAT unix-time-seconds@6.2.0 | PXAT unix-time-milliseconds@6.2.0 |
      KEEPTTL@6.0.0)]`)
  .docs("Sets the string value of a key, whatever its type was. Creates the key if it doesn't exist.", "O(1)")
  .changed(
    "2.6.12: Added `EX`, `PX`, `NX` and `XX`.",
    "6.0.0: Added `KEEPTTL`.",
    "6.2.0: Added `GET`, `EXAT` and `PXAT`.",
    "7.0.0: Allowed `NX` and `GET` together.",
  )
  .run((call) => {
    const parsed = call.count === 3 ? 0 : parseSetOptions(call, 3, SET_COMMAND);
    const options = optionsOf(parsed);
    const stored = store(call, options, timeIndexOf(parsed), 2);
    if ((options & SetOption.GET) !== 0) return;
    if (stored) call.reply.ok();
    else call.reply.null();
  });

export const setnx = command("setnx", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{OW insert} value")
  .docs("Sets the string value of a key only if the key doesn't exist.", "O(1)")
  .deprecated("2.6.12", "`SET` with `NX`")
  .run((call) => call.reply.integer(store(call, SetOption.NX, 0, 2) ? 1 : 0));

export const setex = command("setex", { arity: 4, since: "2.0.0", flags: "write denyoom" })
  .takes("key{OW update} seconds value")
  .docs("Sets the string value of a key and its expiration in seconds.", "O(1)")
  .deprecated("2.6.12", "`SET` with `EX`")
  .run((call) => {
    store(call, SetOption.EX, 2, 3);
    call.reply.ok();
  });

export const psetex = command("psetex", { arity: 4, since: "2.6.0", flags: "write denyoom" })
  .takes("key{OW update} milliseconds value")
  .docs("Sets the string value of a key and its expiration in milliseconds.", "O(1)")
  .deprecated("2.6.12", "`SET` with `PX`")
  .run((call) => {
    store(call, SetOption.PX, 2, 3);
    call.reply.ok();
  });

export const getset = command("getset", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} value")
  .docs("Sets the string value of a key and returns its old value.", "O(1)")
  .deprecated("6.2.0", "`SET` with `GET`")
  .run((call) => {
    replyStringOrNull(call, call.readString(1));
    call.setString(call.write(1), 1, 2, NO_EXPIRY);
    call.event(EventClass.STRING, "set", 1);
    if (call.server.journal.active) call.journalAs("SET", call.bytes(1), call.bytes(2));
  });

export const getdel = command("getdel", { arity: 2, since: "6.2.0", flags: "write fast" })
  .takes("key{RW access delete}")
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
  .docs("Returns the string value of a key and sets or removes its expiration.", "O(1)")
  .run((call) => {
    const parsed = parseSetOptions(call, 2, GETEX_COMMAND);
    const options = optionsOf(parsed);
    const timeIndex = timeIndexOf(parsed);
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
  .tips("request_policy:multi_shard response_policy:all_succeeded")
  .docs("Sets the string values of several keys, all at once.", "O(N) for N keys")
  .run((call) => {
    requirePairs(call);
    storePairs(call);
    call.reply.ok();
  });

export const msetnx = command("msetnx", { arity: -3, since: "1.0.1", flags: "write denyoom" })
  .takes("data(key{OW insert} value)...")
  .docs("Sets the string values of several keys, only if none of them exists.", "O(N) for N keys")
  .run((call) => {
    requirePairs(call);
    for (let index = 1; index < call.count; index += 2) if (call.write(index) !== 0) return call.reply.integer(0);
    storePairs(call);
    call.reply.integer(1);
  });

function replyStringOrNull(call: Call, address: number): void {
  if (address === 0) call.reply.null();
  else call.replyString(address);
}

/**
 * Executes SET and its older forms for key 1 and the value in argument `value`. Returns whether the string was set; with GET it has
 * replied. Errors: those of `deadlineOf`; WRONGTYPE with GET.
 */
function store(call: Call, options: number, timeIndex: number, value: number): boolean {
  const without = (options & SetOption.KEEPTTL) === 0 ? NO_EXPIRY : KEEP_EXPIRY;
  const expireAt = (options & TIMES) === 0 ? without : deadlineOf(call, options, timeIndex);
  if ((options & SetOption.GET) !== 0) replyStringOrNull(call, call.readString(1));
  const address = call.write(1);
  if ((options & (address === 0 ? SetOption.XX : SetOption.NX)) !== 0) return false;
  const made = call.setString(address, 1, value, expireAt);
  call.event(EventClass.STRING, "set", 1);
  if ((options & TIMES) !== 0) {
    if (expireAt > Number.MAX_SAFE_INTEGER)
      call.database.expiry.refine(made, exactDeadline(call, timeIndex, unitOf(options), baseOf(call, options)));
    call.event(EventClass.GENERIC, "expire", 1);
  }
  if (call.server.journal.active) journalStore(call, options, timeIndex, value);
  return true;
}

/** Journals what was set without the options that depend on the time or ask for a reply. */
function journalStore(call: Call, options: number, timeIndex: number, value: number): void {
  if ((options & (TIMES & ~SetOption.PXAT)) !== 0) {
    const at = exactDeadline(call, timeIndex, unitOf(options), baseOf(call, options));
    call.journalAs("SET", call.bytes(1), call.bytes(value), "PXAT", at.toString());
  } else if ((options & (TIMES | SetOption.GET)) === SetOption.GET) {
    const words: Buffer[] = [];
    for (let index = 0; index < call.count; index++) if (index < 3 || !call.is(index, "get")) words.push(call.bytes(index));
    call.journalAs(...words);
  }
}

function requirePairs(call: Call): void {
  if (call.count % 2 === 0) throw wrongCount(call);
}

function storePairs(call: Call): void {
  call.server.keyspace.requireRoom(call.count >>> 1, call.frame.end - call.frame.start);
  for (let index = 1; index < call.count; index += 2) {
    call.prepareKeys(1, index, 2);
    call.setString(call.write(index), index, index + 1, NO_EXPIRY);
    call.event(EventClass.STRING, "set", index);
  }
}
