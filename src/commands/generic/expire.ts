/** Setting, removing and reading the expiration of keys. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type Command, commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { deadline, deleteExpired, exactDeadline, expireAt, isPast, Unit } from "../arguments/deadline.ts";
import { meaningOf } from "../arguments/numbers.ts";

const command = commandsOf("generic");

export const expire = expiring("expire", "1.0.0", "seconds", "in seconds", Unit.SECONDS, (call) => call.now);
export const pexpire = expiring("pexpire", "2.6.0", "milliseconds", "in milliseconds", Unit.MILLISECONDS, (call) => call.now);
export const expireat = expiring("expireat", "1.2.0", "unix-time-seconds", "to a Unix time in seconds", Unit.SECONDS, () => 0);
export const pexpireat = expiring(
  "pexpireat",
  "2.6.0",
  "unix-time-milliseconds",
  "to a Unix time in milliseconds",
  Unit.MILLISECONDS,
  () => 0,
);

/** EXPIRE and the like: argument 2 counts in `unit` from `base`. */
function expiring(name: string, since: string, time: string, how: string, unit: Unit, base: (call: Call) => number): Command {
  return command(name, { arity: -3, since, flags: "write fast" })
    .takes(`key{RW update} ${time} [condition(NX | XX | GT | LT)@7.0.0]`)
    .answers("0 | 1")
    .docs(`Sets the expiration of a key ${how}.`, "O(1)")
    .changed("7.0.0: Added `NX`, `XX`, `GT` and `LT`.")
    .run((call) => setExpiry(call, unit, base(call)));
}

export const ttl = timeToLive("ttl", "seconds", Unit.SECONDS);
export const pttl = timeToLive("pttl", "milliseconds", Unit.MILLISECONDS);

function timeToLive(name: "ttl" | "pttl", units: string, unit: Unit): Command {
  return command(name, { arity: 2, since: name === "ttl" ? "1.0.0" : "2.6.0", flags: "readonly fast" })
    .takes("key{RO access}")
    .answers("-2 | -1 | time")
    .tips("nondeterministic_output")
    .docs(`Returns the time to live of a key in ${units}.`, "O(1)")
    .changed("2.8.0: Returns -2 if the key doesn't exist.")
    .run((call) => replyExpiry(call, unit, call.now));
}

export const expiretime = expirationTime("expiretime", "seconds", Unit.SECONDS);
export const pexpiretime = expirationTime("pexpiretime", "milliseconds", Unit.MILLISECONDS);

function expirationTime(name: string, units: string, unit: Unit): Command {
  return command(name, { arity: 2, since: "7.0.0", flags: "readonly fast" })
    .takes("key{RO access}")
    .answers("-2 | -1 | time")
    .docs(`Returns the expiration of a key as a Unix time in ${units}.`, "O(1)")
    .run((call) => replyExpiry(call, unit, 0));
}

export const persist = command("persist", { arity: 2, since: "2.2.0", flags: "write fast" })
  .takes("key{RW update}")
  .answers("0 | 1")
  .docs("Removes the expiration of a key.", "O(1)")
  .run((call) => {
    const address = call.write(1);
    if (address === 0 || call.database.expiryOf(address) === NO_EXPIRY) return call.reply.integer(0);
    call.database.setExpiry(address, NO_EXPIRY);
    call.event(EventClass.GENERIC, "persist", 1);
    call.reply.integer(1);
  });

const NX = 1 << 0;
const XX = 1 << 1;
const GT = 1 << 2;
const LT = 1 << 3;
const CONDITIONS = { nx: NX, xx: XX, gt: GT, lt: LT } as const;

/** Argument 2 counts in `unit` from `base`, 0 or now. */
function setExpiry(call: Call, unit: Unit, base: number): void {
  const conditions = parseConditions(call);
  const at = deadline(call, 2, unit, base);
  const address = call.write(1);
  const applies =
    address !== 0 &&
    (conditions === 0 || allowed(conditions, call.database.expiryOf(address) !== NO_EXPIRY, orderOf(call, address, unit, base)));
  if (applies && isPast(call, at)) deleteExpired(call, address);
  else if (applies) expireAt(call, address, 2, unit, base, 3);
  call.reply.integer(applies ? 1 : 0);
}

function parseConditions(call: Call): number {
  let conditions = 0;
  for (let index = 3; index < call.count; index++) {
    const condition = meaningOf(call, index, CONDITIONS);
    if (condition === undefined) throw commandError(`ERR Unsupported option ${call.text(index)}`);
    conditions |= condition;
  }
  if ((conditions & NX) !== 0 && conditions !== NX) {
    throw commandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if ((conditions & (GT | LT)) === (GT | LT)) throw commandError("ERR GT and LT options at the same time are not compatible");
  return conditions;
}

/** Compares the time in argument 2 with the expiration of the key at `address`: later (> 0), the same (0) or earlier. */
function orderOf(call: Call, address: number, unit: Unit, base: number): number {
  const { database } = call;
  const at = deadline(call, 2, unit, base);
  const current = database.expiryOf(address);
  if (Number.isSafeInteger(at) || Number.isSafeInteger(current)) return at - current;
  const difference = exactDeadline(call, 2, unit, base) - database.expiry.exact(address);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** Whether the conditions allow a change of this `order` to a key that `expires`; one that does not counts as living forever. */
function allowed(conditions: number, expires: boolean, order: number): boolean {
  if ((conditions & NX) !== 0 && expires) return false;
  if ((conditions & XX) !== 0 && !expires) return false;
  if ((conditions & GT) !== 0 && (!expires || order <= 0)) return false;
  return (conditions & LT) === 0 || !expires || order < 0;
}

/** TTL and the like: replies with the expiration of key 1 in `unit` counted from `base`, -1 without one, -2 without a key. */
function replyExpiry(call: Call, unit: Unit, base: number): void {
  const { database, reply } = call;
  const address = call.peek(1);
  const at = address === 0 ? NO_EXPIRY : database.expiryOf(address);
  // To the nearest second; with milliseconds the half makes no difference.
  const half = unit === Unit.SECONDS ? 500 : 0;
  if (at === NO_EXPIRY) reply.integer(address === 0 ? -2 : -1);
  else if (at <= Number.MAX_SAFE_INTEGER - half) reply.integer(Math.floor((Math.max(0, at - base) + half) / unit));
  else reply.bigint((database.expiry.exact(address) - BigInt(base) + BigInt(half)) / BigInt(unit));
}
