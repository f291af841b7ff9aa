/** HGETEX, HSETEX and HGETDEL: fields read or set together with their times, or taken out. Redis 8's commands. */

import type { BlockString } from "../../blocks/block-string.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { Element } from "../../memory/packed.ts";
import { hashDelete, hashFind, hashGet, hashLength, hashPut, hashPutBlocks, hashSet, hashSetBlocks } from "../../values/hash/hash.ts";
import { fieldTime } from "../../values/hash/timed.ts";
import { Type } from "../../values/value-types.ts";
import { isPast, Unit } from "../arguments/deadline.ts";
import { meaningOf, wrongCount } from "../arguments/numbers.ts";
import { expireNamed, giveTime } from "./expired-fields.ts";
import { countArgument, fieldDeadline, namedFields, timesChanged, wordsFrom } from "./field-arguments.ts";

const command = commandsOf("hash");

const shownValue = new Element();

/** The options that give a time: what it counts in, and whether from now on. */
const TIMES = {
  ex: { unit: Unit.SECONDS, relative: true },
  px: { unit: Unit.MILLISECONDS, relative: true },
  exat: { unit: Unit.SECONDS, relative: false },
  pxat: { unit: Unit.MILLISECONDS, relative: false },
} as const;

const EXPIRATION = "EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds";

export const hgetex = command("hgetex", { arity: -5, since: "8.0.0", flags: "write fast" })
  .answers("(string | null)[]")
  .takes(
    `key{RW access update: RW and UPDATE because it changes the TTL} [expiration(${EXPIRATION} | PERSIST)] FIELDS fields(numfields field...)`,
  )
  .docs("Returns the values of fields of a hash, and sets or removes their expiration.", "O(N) for N fields")
  .run((call) => {
    const hash = call.openWrite(1, Type.HASH);
    const option = meaningOf(call, 2, TIMES);
    const persists = call.is(2, "persist");
    const at = option === undefined ? NO_TIME : fieldDeadline(call, 3, option.unit, option.relative ? call.now : 0);
    const first = namedFields(call, option !== undefined ? 4 : persists ? 3 : 2);
    expireNamed(call, hash, first, call.count);
    const past = option !== undefined && isPast(call, at);
    const changed: number[] = [];
    call.reply.array(call.count - first);
    for (let index = first; index < call.count; index++) {
      if (readField(call, hash, index, option !== undefined || persists, at, past)) changed.push(index);
    }
    if (changed.length === 0) return;
    const words = () => wordsFrom(call, first - 2);
    if (option !== undefined) return timesChanged(call, hash, { changed, at, past, words });
    hash.changed(changed.length);
    call.event(EventClass.HASH, "hpersist", 1);
    if (call.server.journal.active) call.journalAs("HPERSIST", call.bytes(1), ...words());
  });

/** Replies with the field in argument `index`. With `sets` it gets the time `at`, which deletes it if it is past. Returns whether it changed. */
function readField(call: Call, hash: Value, index: number, sets: boolean, at: number, past: boolean): boolean {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  if (!hashGet(hash, buffer, from, to, shownValue)) {
    call.reply.null();
    return false;
  }
  call.reply.slice(shownValue);
  if (!sets || (at === NO_TIME && fieldTime(hash, buffer, from, to) === NO_TIME)) return false;
  if (past) hashDelete(hash, buffer, from, to);
  else giveTime(call, hash, from, to, at);
  return true;
}

export const hgetdel = command("hgetdel", { arity: -5, since: "8.0.0", flags: "write fast" })
  .takes("key{RW access delete} FIELDS fields(numfields field...)")
  .answers("(string | null)[]")
  .docs("Returns the values of fields of a hash and deletes them. Deletes the hash if no fields remain.", "O(N) for N fields")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const hash = call.openWrite(1, Type.HASH);
    const first = namedFields(call, 2);
    expireNamed(call, hash, first, call.count);
    let deleted = 0;
    call.reply.array(call.count - first);
    for (let index = first; index < call.count; index++) {
      const from = offsets[index];
      const to = from + lengths[index];
      if (!hashGet(hash, buffer, from, to, shownValue)) {
        call.reply.null();
        continue;
      }
      call.reply.slice(shownValue);
      hashDelete(hash, buffer, from, to);
      deleted++;
    }
    if (deleted === 0) return;
    call.journalAs("HDEL", call.bytes(1), ...wordsFrom(call, first));
    hash.shrunk(hashLength(hash), deleted, EventClass.HASH, "hdel");
  });

export const hsetex = command("hsetex", { arity: -6, since: "8.0.0", flags: "write denyoom fast" })
  .takes(`key{RW update} [condition(FNX | FXX)] [expiration(${EXPIRATION} | KEEPTTL)] FIELDS fields(numfields data(field value)...)`)
  .answers("0 | 1")
  .docs("Sets the values of fields of a hash, and their expiration.", "O(N) for N fields")
  .inBlocks(5, 1)
  .run(setFields);

interface SetOptions {
  condition: "fnx" | "fxx" | null;
  /** When the fields expire, in ms since 1970, or NO_TIME. */
  at: number;
  /** The argument with the option that says so, or 0. */
  timeIndex: number;
  keepTime: boolean;
  /** The first field. */
  first: number;
}

const twoConditions = commandError("ERR Only one of FXX or FNX arguments can be specified");
const twoTimes = commandError("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
const badNumber = commandError("ERR invalid number of fields");

/** Errors: an unknown or a second option, a wrong number. */
function parseOptions(call: Call): SetOptions {
  const options: SetOptions = { condition: null, at: NO_TIME, timeIndex: 0, keepTime: false, first: 0 };
  for (let index = 2; index < call.count; index++) {
    const time = meaningOf(call, index, TIMES);
    if (call.is(index, "fields") && index + 2 < call.count) {
      const count = countArgument(call, index + 1, badNumber);
      if (count * 2 !== call.count - index - 2) throw wrongCount(call);
      options.first = index + 2;
      return options;
    }
    if (call.is(index, "fnx") || call.is(index, "fxx")) {
      if (options.condition !== null) throw twoConditions;
      options.condition = call.is(index, "fnx") ? "fnx" : "fxx";
    } else if (call.is(index, "keepttl") || time !== undefined) {
      if (options.keepTime || options.timeIndex !== 0) throw twoTimes;
      if (time === undefined) options.keepTime = true;
      else {
        options.timeIndex = index++;
        options.at = fieldDeadline(call, index, time.unit, time.relative ? call.now : 0);
      }
    } else throw commandError(`ERR unknown argument: ${call.text(index)}`);
  }
  throw wrongCount(call);
}

function setFields(call: Call): void {
  const options = parseOptions(call);
  const { first, at } = options;
  const { frame, count } = call;
  // A field is needed in one piece.
  if (frame.long?.some(({ index }) => (index - first) % 2 === 0)) frame.join();
  const { buffer, offsets, lengths } = frame;
  const hash = call.openWrite(1, Type.HASH);
  if (options.keepTime || options.condition !== null) expireNamed(call, hash, first, count, 2);
  if (!meetsCondition(call, hash, options)) return call.reply.integer(0);
  call.server.keyspace.requireRoom(count >>> 1, call.frame.end - call.frame.start);
  const past = at !== NO_TIME && isPast(call, at);
  for (let index = first; index < count; index += 2) {
    const from = offsets[index];
    const to = from + lengths[index];
    const value = offsets[index + 1];
    const place = options.keepTime ? hashFind(hash, buffer, from, to) : 0;
    const blocks = frame.blocksAt(index + 1);
    if (blocks !== null && place !== 0) hashPutBlocks(hash, place, buffer, from, to, blocks);
    else if (blocks !== null) hashSetBlocks(hash, buffer, from, to, blocks);
    else if (place !== 0) hashPut(hash, place, buffer, from, to, buffer, value, value + lengths[index + 1]);
    else hashSet(hash, buffer, from, to, buffer, value, value + lengths[index + 1]);
    if (at !== NO_TIME && !past) giveTime(call, hash, from, to, at);
  }
  hash.changed((count - first) >>> 1);
  call.event(EventClass.HASH, "hset", 1);
  call.reply.integer(1);
  if (past) deleteSet(call, hash, first);
  else if (at !== NO_TIME) {
    call.event(EventClass.HASH, "hexpire", 1);
    journalAbsolute(call, options);
  }
}

function meetsCondition(call: Call, hash: Value, { condition, first }: SetOptions): boolean {
  if (condition === null) return true;
  const { buffer, offsets, lengths, count } = call.frame;
  for (let index = first; index < count; index += 2) {
    const isThere = hashFind(hash, buffer, offsets[index], offsets[index] + lengths[index]) !== 0;
    if (isThere !== (condition === "fxx")) return false;
  }
  return true;
}

/** The fields were set with a time that is past. */
function deleteSet(call: Call, hash: Value, first: number): void {
  const { buffer, offsets, lengths, count } = call.frame;
  let deleted = 0;
  for (let index = first; index < count; index += 2) {
    if (hashDelete(hash, buffer, offsets[index], offsets[index] + lengths[index])) deleted++;
    call.journalAs("HDEL", call.bytes(1), call.bytes(index));
  }
  call.server.keyspace.stats.expiredFields += (count - first) >>> 1;
  hash.shrunk(hashLength(hash), deleted, EventClass.HASH, "hdel");
}

/** Journals the request with the time as PXAT. */
function journalAbsolute(call: Call, { timeIndex, at }: SetOptions): void {
  if (!call.server.journal.active) return;
  const words: (Buffer | BlockString | string | number)[] = [];
  for (let index = 0; index < call.count; index++) {
    words.push(index === timeIndex ? "PXAT" : index === timeIndex + 1 ? at : call.word(index));
  }
  call.journalAs(...words);
}
