/** When fields of a hash expire: setting, removing and reading their times. Redis 7.4's commands. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type Command, commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { hashDelete } from "../../values/hash/hash.ts";
import { fieldTime, NO_FIELD, setFieldTime } from "../../values/hash/timed.ts";
import { Type } from "../../values/value-types.ts";
import { isPast, Unit } from "../arguments/deadline.ts";
import { meaningOf } from "../arguments/numbers.ts";
import { expireNamed, giveTime } from "./expired-fields.ts";
import { fieldDeadline, namedFields, timesChanged } from "./field-arguments.ts";

const command = commandsOf("hash");

const noNumberToExpire = commandError("ERR Parameter `numFields` should be greater than 0");

export const hexpire = expiring("hexpire", "seconds", "seconds", Unit.SECONDS, true);
export const hpexpire = expiring("hpexpire", "milliseconds", "milliseconds", Unit.MILLISECONDS, true);
export const hexpireat = expiring("hexpireat", "unix-time-seconds", "a Unix time in seconds", Unit.SECONDS, false);
export const hpexpireat = expiring("hpexpireat", "unix-time-milliseconds", "a Unix time in milliseconds", Unit.MILLISECONDS, false);

function expiring(name: string, time: string, how: string, unit: Unit, relative: boolean): Command {
  return command(name, { arity: -6, since: "7.4.0", flags: "write fast" })
    .takes(`key{RW update} ${time} [condition(NX | XX | GT | LT)] FIELDS fields(numfields field...)`)
    .answers("(-2 | 0 | 1 | 2)[]")
    .docs(`Sets the expiration of fields of a hash ${relative ? "in" : "to"} ${how}.`, "O(N) for N fields")
    .run((call) => setTimes(call, unit, relative ? call.now : 0));
}

export const httl = timeToLive("httl", "seconds", Unit.SECONDS);
export const hpttl = timeToLive("hpttl", "milliseconds", Unit.MILLISECONDS);

function timeToLive(name: string, units: string, unit: Unit): Command {
  return command(name, { arity: -5, since: "7.4.0", flags: "readonly fast" })
    .takes("key{RO access} FIELDS fields(numfields field...)")
    .answers("(-2 | -1 | time)[]")
    .tips("nondeterministic_output")
    .docs(`Returns the time to live of fields of a hash in ${units}.`, "O(N) for N fields")
    .run((call) => replyTimes(call, unit, call.now));
}

export const hexpiretime = expirationTime("hexpiretime", "seconds", Unit.SECONDS);
export const hpexpiretime = expirationTime("hpexpiretime", "milliseconds", Unit.MILLISECONDS);

function expirationTime(name: string, units: string, unit: Unit): Command {
  return command(name, { arity: -5, since: "7.4.0", flags: "readonly fast" })
    .takes("key{RO access} FIELDS fields(numfields field...)")
    .answers("(-2 | -1 | time)[]")
    .docs(`Returns the expiration of fields of a hash as a Unix time in ${units}.`, "O(N) for N fields")
    .run((call) => replyTimes(call, unit, 0));
}

export const hpersist = command("hpersist", { arity: -5, since: "7.4.0", flags: "write fast" })
  .takes("key{RW update} FIELDS fields(numfields field...)")
  .answers("(-2 | -1 | 1)[]")
  .docs("Removes the expiration of fields of a hash.", "O(N) for N fields")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const hash = call.openWrite(1, Type.HASH);
    const first = namedFields(call, 2);
    expireNamed(call, hash, first, call.count);
    let changed = 0;
    call.reply.array(call.count - first);
    for (let index = first; index < call.count; index++) {
      const from = offsets[index];
      const to = from + lengths[index];
      const time = fieldTime(hash, buffer, from, to);
      call.reply.integer(time < 0 ? time : 1);
      if (time < 0) continue;
      setFieldTime(hash, buffer, from, to, NO_TIME);
      changed++;
    }
    if (changed === 0) return;
    hash.changed(changed);
    call.event(EventClass.HASH, "hpersist", 1);
  });

const NX = 1;
const XX = 2;
const GT = 3;
const LT = 4;
const CONDITIONS = { nx: NX, xx: XX, gt: GT, lt: LT } as const;

/** What became of a field: the replies of HEXPIRE and its kin, with NO_FIELD. */
const NOT_SET = 0;
const SET = 1;
const DELETED = 2;

/** Argument 2 counts in `unit` from `base`, 0 or now. */
function setTimes(call: Call, unit: Unit, base: number): void {
  const hash = call.openWrite(1, Type.HASH);
  const at = fieldDeadline(call, 2, unit, base);
  const condition = meaningOf(call, 3, CONDITIONS) ?? 0;
  const first = namedFields(call, condition === 0 ? 3 : 4, noNumberToExpire);
  expireNamed(call, hash, first, call.count);
  const past = isPast(call, at);
  const results: number[] = [];
  const changed: number[] = [];
  for (let index = first; index < call.count; index++) {
    const result = setTime(call, hash, index, at, condition, past);
    results.push(result);
    if (result === SET || result === DELETED) changed.push(index);
  }
  call.reply.array(results.length);
  for (const result of results) call.reply.integer(result);
  if (changed.length === 0) return;
  const named = (index: number): Buffer => call.bytes(index);
  const words = () => [...(condition === 0 ? [] : [named(3)]), named(first - 2), changed.length, ...changed.map(named)];
  timesChanged(call, hash, { changed, at, past, words });
}

function setTime(call: Call, hash: Value, index: number, at: number, condition: number, past: boolean): number {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  const before = fieldTime(hash, buffer, from, to);
  if (before === NO_FIELD) return NO_FIELD;
  if (!allowed(condition, before, at)) return NOT_SET;
  if (past) hashDelete(hash, buffer, from, to);
  else giveTime(call, hash, from, to, at);
  return past ? DELETED : SET;
}

/** A field without a time counts as living forever. */
function allowed(condition: number, before: number, at: number): boolean {
  if (before === NO_TIME) return condition !== XX && condition !== GT;
  return condition !== NX && !(condition === GT && at <= before) && !(condition === LT && at >= before);
}

/** HTTL and the like: replies with the times of the fields in `unit` counted from `base`, -1 without one, -2 without the field. */
function replyTimes(call: Call, unit: Unit, base: number): void {
  const { buffer, offsets, lengths } = call.frame;
  const hash = call.openRead(1, Type.HASH);
  const first = namedFields(call, 2);
  call.reply.array(call.count - first);
  for (let index = first; index < call.count; index++) {
    const time = fieldTime(hash, buffer, offsets[index], offsets[index] + lengths[index]);
    // Rounded up.
    call.reply.integer(time < 0 ? time : Math.floor((Math.max(time - base, 0) + unit - 1) / unit));
  }
}
