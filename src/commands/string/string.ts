/** Whole strings: GET, SET and their kin. The hottest file of this room: GET, SET, MGET and MSET make no object on their way. */

import { commandError } from "../../errors.ts";
import { allKeys, arg, block, command, key, keyAt, oneKey, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { KEEP_EXPIRY } from "../../keyspace/database.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { Type } from "../../values/value-types.ts";
import { deleteExpired, exactDeadline, expireAt, isPast } from "../generic/deadline.ts";
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

export const get = command(
  {
    name: "get",
    arity: 2,
    group: "string",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the string at a key",
    complexity: "O(1)",
    arguments: [key()],
  },
  (ctx) => replyStringOrNull(ctx, ctx.readString(1)),
);

export const set = command(
  {
    name: "set",
    arity: -3,
    group: "string",
    since: "1.0.0",
    flags: ["write", "denyoom"],
    keys: [{ ...keyAt(1, "RW", "access", "update", "variable_flags"), notes: "RW and access because of GET" }],
    summary: "Makes a key hold a string, whatever it held before",
    complexity: "O(1)",
    arguments: [
      key(),
      arg("string", "value"),
      oneOf("condition", [token("NX"), token("XX")], { since: "2.6.12", optional: true }),
      token("GET", { since: "6.2.0", optional: true }),
      oneOf(
        "expiration",
        [
          arg("integer", "seconds", { token: "EX", since: "2.6.12" }),
          arg("integer", "milliseconds", { token: "PX", since: "2.6.12" }),
          arg("unix-time", "unix-time-seconds", { token: "EXAT", since: "6.2.0" }),
          arg("unix-time", "unix-time-milliseconds", { token: "PXAT", since: "6.2.0" }),
          token("KEEPTTL", { since: "6.0.0" }),
        ],
        { optional: true },
      ),
    ],
    history: [
      ["2.6.12", "Added: `EX`, `PX`, `NX` and `XX`"],
      ["6.0.0", "Added: `KEEPTTL`"],
      ["6.2.0", "Added: `GET`, `EXAT` and `PXAT`"],
      ["7.0.0", "Added: `NX` together with `GET`"],
    ],
  },
  (ctx) => {
    const parsed = ctx.count === 3 ? 0 : parseSetOptions(ctx, 3, SET_COMMAND);
    const options = optionsOf(parsed);
    const stored = store(ctx, options, timeIndexOf(parsed), 2);
    if ((options & SetOption.GET) !== 0) return;
    if (stored) ctx.reply.ok();
    else ctx.reply.null();
  },
);

export const setnx = command(
  {
    name: "setnx",
    arity: 3,
    group: "string",
    since: "1.0.0",
    flags: ["write", "denyoom", "fast"],
    keys: oneKey("OW", "insert"),
    summary: "Makes a key hold a string unless the key is there already",
    complexity: "O(1)",
    arguments: [key(), arg("string", "value")],
    docFlags: ["deprecated"],
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with `NX`",
  },
  (ctx) => ctx.reply.integer(store(ctx, SetOption.NX, 0, 2) ? 1 : 0),
);

export const setex = command(
  {
    name: "setex",
    arity: 4,
    group: "string",
    since: "2.0.0",
    flags: ["write", "denyoom"],
    keys: oneKey("OW", "update"),
    summary: "Makes a key hold a string that expires after so many seconds",
    complexity: "O(1)",
    arguments: [key(), arg("integer", "seconds"), arg("string", "value")],
    docFlags: ["deprecated"],
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with `EX`",
  },
  (ctx) => {
    store(ctx, SetOption.EX, 2, 3);
    ctx.reply.ok();
  },
);

export const psetex = command(
  {
    name: "psetex",
    arity: 4,
    group: "string",
    since: "2.6.0",
    flags: ["write", "denyoom"],
    keys: oneKey("OW", "update"),
    summary: "Makes a key hold a string that expires after so many milliseconds",
    complexity: "O(1)",
    arguments: [key(), arg("integer", "milliseconds"), arg("string", "value")],
    docFlags: ["deprecated"],
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with `PX`",
  },
  (ctx) => {
    store(ctx, SetOption.PX, 2, 3);
    ctx.reply.ok();
  },
);

export const getset = command(
  {
    name: "getset",
    arity: 3,
    group: "string",
    since: "1.0.0",
    flags: ["write", "denyoom", "fast"],
    keys: oneKey("RW", "access", "update"),
    summary: "Makes a key hold a string and answers with the one it held",
    complexity: "O(1)",
    arguments: [key(), arg("string", "value")],
    docFlags: ["deprecated"],
    deprecatedSince: "6.2.0",
    replacedBy: "`SET` with `GET`",
  },
  (ctx) => {
    replyStringOrNull(ctx, ctx.readString(1));
    ctx.setString(ctx.write(1), 1, 2, NO_EXPIRY);
    ctx.event(EventClass.STRING, "set", 1);
    if (ctx.host.journal.active) ctx.journalAs("SET", ctx.bytes(1), ctx.bytes(2));
  },
);

export const getdel = command(
  {
    name: "getdel",
    arity: 2,
    group: "string",
    since: "6.2.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "access", "delete"),
    summary: "Answers with the string at a key and deletes the key",
    complexity: "O(1)",
    arguments: [key()],
  },
  (ctx) => {
    const address = ctx.readString(1);
    replyStringOrNull(ctx, address);
    if (address === 0) return;
    ctx.database.delete(address);
    ctx.event(EventClass.GENERIC, "del", 1);
    if (ctx.host.journal.active) ctx.journalAs("DEL", ctx.bytes(1));
  },
);

export const getex = command(
  {
    name: "getex",
    arity: -2,
    group: "string",
    since: "6.2.0",
    flags: ["write", "fast"],
    keys: [{ ...keyAt(1, "RW", "access", "update"), notes: "RW and update because of the expiry" }],
    summary: "Answers with the string at a key and sets or removes its expiry",
    complexity: "O(1)",
    arguments: [
      key(),
      oneOf(
        "expiration",
        [
          arg("integer", "seconds", { token: "EX" }),
          arg("integer", "milliseconds", { token: "PX" }),
          arg("unix-time", "unix-time-seconds", { token: "EXAT" }),
          arg("unix-time", "unix-time-milliseconds", { token: "PXAT" }),
          token("PERSIST"),
        ],
        { optional: true },
      ),
    ],
  },
  (ctx) => {
    const parsed = parseSetOptions(ctx, 2, GETEX_COMMAND);
    const options = optionsOf(parsed);
    const timeIndex = timeIndexOf(parsed);
    const address = ctx.readString(1);
    if (address === 0) return ctx.reply.null();
    const at = (options & TIMES) === 0 ? NO_EXPIRY : deadlineOf(ctx, options, timeIndex);
    ctx.replyString(address);
    if ((options & (SetOption.EXAT | SetOption.PXAT)) !== 0 && isPast(ctx, at)) deleteExpired(ctx, address);
    else if ((options & TIMES) !== 0) expireAt(ctx, address, timeIndex, unitOf(options), baseOf(ctx, options), ctx.count);
    else if ((options & SetOption.PERSIST) !== 0 && ctx.database.expiryOf(address) !== NO_EXPIRY) {
      ctx.database.setExpiry(address, NO_EXPIRY);
      ctx.event(EventClass.GENERIC, "persist", 1);
      if (ctx.host.journal.active) ctx.journalAs("PERSIST", ctx.bytes(1));
    }
  },
);

export const mget = command(
  {
    name: "mget",
    arity: -2,
    group: "string",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    keys: allKeys(1, "RO", "access"),
    summary: "Answers with the strings at several keys at once",
    complexity: "O(N), N being the number of keys",
    arguments: [key("key", { multiple: true })],
    tips: ["request_policy:multi_shard"],
  },
  (ctx) => {
    const { count, reply } = ctx;
    reply.array(count - 1);
    for (let index = 1; index < count; index++) {
      ctx.prepareKeys(1, index, 1);
      const address = ctx.read(index);
      if (address === 0 || ctx.database.type(address) !== Type.STRING) reply.null();
      else ctx.replyString(address);
    }
  },
);

export const mset = command(
  {
    name: "mset",
    arity: -3,
    group: "string",
    since: "1.0.1",
    flags: ["write", "denyoom"],
    keys: allKeys(2, "OW", "update"),
    summary: "Makes several keys hold strings, all at once",
    complexity: "O(N), N being the number of keys",
    arguments: [block("data", [key(), arg("string", "value")], { multiple: true })],
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  },
  (ctx) => {
    requirePairs(ctx);
    storePairs(ctx);
    ctx.reply.ok();
  },
);

export const msetnx = command(
  {
    name: "msetnx",
    arity: -3,
    group: "string",
    since: "1.0.1",
    flags: ["write", "denyoom"],
    keys: allKeys(2, "OW", "insert"),
    summary: "Makes several keys hold strings, unless one of the keys is there already",
    complexity: "O(N), N being the number of keys",
    arguments: [block("data", [key(), arg("string", "value")], { multiple: true })],
  },
  (ctx) => {
    requirePairs(ctx);
    for (let index = 1; index < ctx.count; index += 2) if (ctx.write(index) !== 0) return ctx.reply.integer(0);
    storePairs(ctx);
    ctx.reply.integer(1);
  },
);

function replyStringOrNull(ctx: Context, address: number): void {
  if (address === 0) ctx.reply.null();
  else ctx.replyString(address);
}

/**
 * What SET and its older forms do with key 1 and the value in argument `value`. -> whether the string was set; with GET the answer has been given.
 * Errors: those of `deadlineOf`; WRONGTYPE with GET.
 */
function store(ctx: Context, options: number, timeIndex: number, value: number): boolean {
  const without = (options & SetOption.KEEPTTL) === 0 ? NO_EXPIRY : KEEP_EXPIRY;
  const expireAt = (options & TIMES) === 0 ? without : deadlineOf(ctx, options, timeIndex);
  if ((options & SetOption.GET) !== 0) replyStringOrNull(ctx, ctx.readString(1));
  const address = ctx.write(1);
  if ((options & (address === 0 ? SetOption.XX : SetOption.NX)) !== 0) return false;
  const made = ctx.setString(address, 1, value, expireAt);
  ctx.event(EventClass.STRING, "set", 1);
  if ((options & TIMES) !== 0) {
    if (expireAt > Number.MAX_SAFE_INTEGER)
      ctx.database.expiry.refine(made, exactDeadline(ctx, timeIndex, unitOf(options), baseOf(ctx, options)));
    ctx.event(EventClass.GENERIC, "expire", 1);
  }
  if (ctx.host.journal.active) journalStore(ctx, options, timeIndex, value);
  return true;
}

/** The journal takes what was set without what depends on the time or asks for an answer. */
function journalStore(ctx: Context, options: number, timeIndex: number, value: number): void {
  if ((options & (TIMES & ~SetOption.PXAT)) !== 0) {
    const at = exactDeadline(ctx, timeIndex, unitOf(options), baseOf(ctx, options));
    ctx.journalAs("SET", ctx.bytes(1), ctx.bytes(value), "PXAT", at.toString());
  } else if ((options & (TIMES | SetOption.GET)) === SetOption.GET) {
    const words: Buffer[] = [];
    for (let index = 0; index < ctx.count; index++) if (index < 3 || !ctx.is(index, "get")) words.push(ctx.bytes(index));
    ctx.journalAs(...words);
  }
}

function requirePairs(ctx: Context): void {
  if (ctx.count % 2 === 0) throw commandError(`ERR wrong number of arguments for '${ctx.entry.fullName}' command`);
}

function storePairs(ctx: Context): void {
  ctx.host.keyspace.requireRoom(ctx.count >>> 1, ctx.frame.end - ctx.frame.start);
  for (let index = 1; index < ctx.count; index += 2) {
    ctx.prepareKeys(1, index, 2);
    ctx.setString(ctx.write(index), index, index + 1, NO_EXPIRY);
    ctx.event(EventClass.STRING, "set", index);
  }
}
