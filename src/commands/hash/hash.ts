/** Hashes: setting, reading, incrementing and deleting fields. HSET, HGET and the like are hot: they allocate nothing. */

import { INT64_MAX, INT64_MIN, parseInt64, smallInteger } from "../../base/bytes.ts";
import { parseLongDouble } from "../../base/numbers/longdouble.ts";
import { isShortDecimal } from "../../base/numbers/short-decimal.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import {
  hashDelete,
  hashEach,
  hashExpect,
  hashFind,
  hashGet,
  hashLength,
  hashPut,
  hashSet,
  hashSetBlocks,
  hashShow,
  hashVisibleLength,
} from "../../values/hash/hash.ts";
import { isTimed } from "../../values/hash/timed.ts";
import { Type } from "../../values/value-types.ts";
import { addFloat, SUM, wrongCount } from "../arguments/numbers.ts";
import { expireNamed } from "./expired-fields.ts";

const command = commandsOf("hash");

export const hset = command("hset", { arity: -4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW update} data(field value)...")
  .answers("count")
  .docs("Sets the values of fields in a hash. Creates the hash if it doesn't exist.", "O(1) for each field")
  .changed("4.0.0: Accepts several fields and values.")
  .inBlocks(3, 2)
  .run((call) => {
    call.reply.integer(setFields(call));
  });

export const hmset = command("hmset", { arity: -4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW update} data(field value)...")
  .answers("OK")
  .docs("Sets the values of several fields in a hash.", "O(N) for N fields")
  .deprecated("4.0.0", "`HSET` with several fields")
  .inBlocks(3, 2)
  .run((call) => {
    setFields(call);
    call.reply.ok();
  });

export const hsetnx = command("hsetnx", { arity: 4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} field value")
  .answers("0 | 1")
  .docs("Sets the value of a field in a hash only if the field doesn't exist.", "O(1)")
  .inBlocks(3)
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const hash = call.openWrite(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    if (hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]) !== 0) return call.reply.integer(0);
    requireRoom(call);
    expectFields(call, hash);
    setField(call, hash, 2);
    hash.changed();
    call.event(EventClass.HASH, "hset", 1);
    call.reply.integer(1);
  });

export const hget = command("hget", { arity: 3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} field")
  .answers("string | null")
  .docs("Returns the value of a field in a hash.", "O(1)")
  .run((call) => {
    const hash = call.openRead(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    replyField(call, hash, 2);
  });

export const hmget = command("hmget", { arity: -3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} field...")
  .answers("(string | null)[]")
  .docs("Returns the values of several fields in a hash.", "O(N) for N fields")
  .run((call) => {
    const hash = call.openRead(1, Type.HASH);
    expireNamed(call, hash, 2, call.count);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) replyField(call, hash, index);
  });

export const hgetall = command("hgetall", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .answers("map<string, string>")
  .tips("nondeterministic_output_order")
  .docs("Returns all fields and values of a hash.", "O(N) for N fields")
  .run((call) => {
    const hash = call.openRead(1, Type.HASH);
    call.reply.map(hashVisibleLength(hash));
    const visit = (field: Element, value: Element): void => {
      call.reply.slice(field);
      call.reply.slice(value);
    };
    hashEach(hash, visit, shownField, shownValue);
  });

export const hkeys = command("hkeys", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .answers("string[]")
  .tips("nondeterministic_output_order")
  .docs("Returns all fields of a hash.", "O(N) for N fields")
  .run((call) => {
    const hash = call.openRead(1, Type.HASH);
    call.reply.array(hashVisibleLength(hash));
    hashEach(hash, (field) => call.reply.slice(field), shownField, shownValue);
  });

export const hvals = command("hvals", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .answers("string[]")
  .tips("nondeterministic_output_order")
  .docs("Returns all values of a hash.", "O(N) for N fields")
  .run((call) => {
    const hash = call.openRead(1, Type.HASH);
    call.reply.array(hashVisibleLength(hash));
    hashEach(hash, (_, value) => call.reply.slice(value), shownField, shownValue);
  });

export const hlen = command("hlen", { arity: 2, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the number of fields in a hash.", "O(1)")
  .run((call) => call.reply.integer(hashLength(call.openRead(1, Type.HASH))));

export const hstrlen = command("hstrlen", { arity: 3, since: "3.2.0", flags: "readonly fast" })
  .takes("key{RO} field")
  .answers("count")
  .docs("Returns the length of the value of a field in a hash.", "O(1)")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const hash = call.openRead(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    const found = hashGet(hash, buffer, offsets[2], offsets[2] + lengths[2], shownValue);
    call.reply.integer(found ? shownValue.length : 0);
  });

export const hexists = command("hexists", { arity: 3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO} field")
  .answers("0 | 1")
  .docs("Determines whether a hash has a field.", "O(1)")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const hash = call.openRead(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    call.reply.integer(hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]) === 0 ? 0 : 1);
  });

export const hdel = command("hdel", { arity: -3, since: "2.0.0", flags: "write fast" })
  .takes("key{RW delete} field...")
  .answers("count")
  .docs("Deletes fields of a hash. Deletes the hash if no fields remain.", "O(N) for N fields")
  .changed("2.4.0: Accepts several fields.")
  .run((call) => {
    const { buffer, offsets, lengths, count } = call.frame;
    const hash = call.openWrite(1, Type.HASH);
    let left = hashLength(hash);
    let deleted = 0;
    for (let index = 2; index < count && left > 0; index++) {
      if (!hashDelete(hash, buffer, offsets[index], offsets[index] + lengths[index])) continue;
      deleted++;
      left--;
    }
    if (deleted > 0) hash.shrunk(left, deleted, EventClass.HASH, "hdel");
    call.reply.integer(deleted);
  });

export const hincrby = command("hincrby", { arity: 4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} field increment")
  .answers("int64")
  .docs("Increments the integer value of a field in a hash by a number. A field that doesn't exist counts as 0.", "O(1)")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const delta = smallInteger(buffer, offsets[3], offsets[3] + lengths[3]);
    if (delta !== delta) call.int64(3); // throws unless it is an int64, before the key is looked up
    const hash = call.openWrite(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    const place = hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]);
    if (place === 0) shownValue.setNumber(0);
    else hashShow(hash, place, shownValue);
    const sum = smallInteger(shownValue.bytes, shownValue.from, shownValue.to) + delta;
    if (sum !== sum) return addWide(call, hash, place);
    result.setNumber(sum);
    storeResult(call, hash, place, result.bytes, result.from, result.to);
    call.event(EventClass.HASH, "hincrby", 1);
    call.reply.integer(sum);
  });

export const hincrbyfloat = command("hincrbyfloat", { arity: 4, since: "2.6.0", flags: "write denyoom fast" })
  .takes("key{RW access update} field increment:double")
  .answers("string")
  .docs("Increments the floating-point value of a field in a hash by a number. A field that doesn't exist counts as 0.", "O(1)")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    checkIncrement(call);
    const hash = call.openWrite(1, Type.HASH);
    expireNamed(call, hash, 2, 3);
    const place = hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]);
    if (place === 0) shownValue.setNumber(0);
    else hashShow(hash, place, shownValue);
    const { bytes, from, to } = shownValue.joined();
    const size = addFloat(call, 3, bytes, from, to, notFloat);
    storeResult(call, hash, place, SUM, 0, size);
    call.event(EventClass.HASH, "hincrbyfloat", 1);
    call.reply.bytes(SUM, 0, size);
    // Replicas and files get the result: they might round the sum differently. Only HSETEX leaves a field its time.
    if (!call.server.journal.active) return;
    if (!isTimed(hash.encoding)) call.journalAs("HSET", call.bytes(1), call.bytes(2), SUM.subarray(0, size));
    else call.journalAs("HSETEX", call.bytes(1), "KEEPTTL", "FIELDS", 1, call.bytes(2), SUM.subarray(0, size));
  });

const notFloat = commandError("ERR hash value is not a float");

/** Errors, before the key is looked up: not a float, infinite. */
function checkIncrement(call: Call): void {
  const { buffer, offsets, lengths } = call.frame;
  if (isShortDecimal(buffer, offsets[3], offsets[3] + lengths[3])) return;
  const increment = parseLongDouble(call.text(3));
  if (increment === null) throw errors.notFloat;
  if (increment.exponent === Number.POSITIVE_INFINITY) throw commandError("ERR value is NaN or Infinity");
}

const shownField = new Element();
const shownValue = new Element();
const result = new Element();

/** Replies with the value of the field that argument `index` names. */
function replyField(call: Call, hash: Value, index: number): void {
  const { buffer, offsets, lengths } = call.frame;
  if (hashGet(hash, buffer, offsets[index], offsets[index] + lengths[index], shownValue)) call.reply.slice(shownValue);
  else call.reply.null();
}

/** Sets the fields in the arguments from 2 on. Returns how many are new. Errors: a field without a value, WRONGTYPE. */
function setFields(call: Call): number {
  const { count } = call;
  if (count % 2 === 1) throw wrongCount(call);
  const hash = call.openWrite(1, Type.HASH);
  requireRoom(call);
  expectFields(call, hash);
  let added = 0;
  for (let index = 2; index < count; index += 2) if (setField(call, hash, index)) added++;
  hash.changed((count - 2) >>> 1);
  call.event(EventClass.HASH, "hset", 1);
  return added;
}

/** Sets the field in argument `index` to the value in the next. Returns whether it is new. */
function setField(call: Call, hash: Value, index: number): boolean {
  const { buffer, offsets, lengths, long } = call.frame;
  const field = offsets[index];
  const value = offsets[index + 1];
  const blocks = long === null ? null : call.frame.blocksAt(index + 1);
  if (blocks !== null) return hashSetBlocks(hash, buffer, field, field + lengths[index], blocks);
  return hashSet(hash, buffer, field, field + lengths[index], buffer, value, value + lengths[index + 1]);
}

/** Makes sure that there is memory for all fields of the request, or sets none. */
function requireRoom(call: Call): void {
  call.server.keyspace.requireRoom(call.count >>> 1, call.frame.end - call.frame.start);
}

/** Tells a packed hash which fields and values, from argument 2 on, it is about to get. */
function expectFields(call: Call, hash: Value): void {
  if (hash.object !== null) return;
  const { lengths, count } = call.frame;
  let longest = 0;
  let bytes = 0;
  for (let index = 2; index < count; index++) {
    const length = lengths[index];
    if (length > longest) longest = length;
    bytes += length;
  }
  hashExpect(hash, (count - 2) >>> 1, longest, bytes);
}

/** HINCRBY for numbers of more than 15 digits; `shownValue` is the field's value. Errors: not an integer, overflow. */
function addWide(call: Call, hash: Value, place: number): void {
  const before = parseInt64(shownValue.bytes, shownValue.from, shownValue.to);
  if (before === null) throw commandError("ERR hash value is not an integer");
  const sum = before + call.int64(3);
  if (sum > INT64_MAX || sum < INT64_MIN) throw errors.overflow;
  const text = Buffer.from(sum.toString(), "latin1");
  storeResult(call, hash, place, text, 0, text.length);
  call.event(EventClass.HASH, "hincrby", 1);
  call.reply.bigint(sum);
}

/** Sets the field in argument 2, just found at `place`, to bytes[from, to). */
function storeResult(call: Call, hash: Value, place: number, bytes: Buffer, from: number, to: number): void {
  const { buffer, offsets, lengths } = call.frame;
  requireRoom(call);
  hashPut(hash, place, buffer, offsets[2], offsets[2] + lengths[2], bytes, from, to);
  hash.changed();
}
