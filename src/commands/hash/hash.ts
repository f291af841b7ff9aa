/** Hashes: setting, reading, incrementing and deleting fields. HSET, HGET and the like are hot: they allocate nothing. */

import { INT64_MAX, INT64_MIN, parseInt64, smallInteger } from "../../base/bytes.ts";
import { addLongDoubles, formatLongDouble, type LongDouble, parseLongDouble } from "../../base/numbers/longdouble.ts";
import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { hashDelete, hashEach, hashExpect, hashFind, hashGet, hashLength, hashPut, hashSet, hashShow } from "../../values/hash/hash.ts";
import { Type } from "../../values/value-types.ts";

const command = commandsOf("hash");

export const hset = command("hset", { arity: -4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW update} data(field value)...")
  .docs("Sets the values of fields in a hash. Creates the hash if it doesn't exist.", "O(1) for each field")
  .changed("4.0.0: Accepts several fields and values.")
  .run((ctx) => {
    const added = setFields(ctx);
    ctx.reply.integer(added);
  });

export const hmset = command("hmset", { arity: -4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW update} data(field value)...")
  .docs("Sets the values of several fields in a hash.", "O(N) for N fields")
  .deprecated("4.0.0", "`HSET` with several fields")
  .run((ctx) => {
    setFields(ctx);
    ctx.reply.ok();
  });

export const hsetnx = command("hsetnx", { arity: 4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} field value")
  .docs("Sets the value of a field in a hash only if the field doesn't exist.", "O(1)")
  .run((ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    const hash = ctx.openWrite(1, Type.HASH);
    if (hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]) !== 0) return ctx.reply.integer(0);
    requireRoom(ctx);
    expectFields(ctx, hash);
    hashSet(hash, buffer, offsets[2], offsets[2] + lengths[2], buffer, offsets[3], offsets[3] + lengths[3]);
    hash.changed();
    ctx.event(EventClass.HASH, "hset", 1);
    ctx.reply.integer(1);
  });

export const hget = command("hget", { arity: 3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} field")
  .docs("Returns the value of a field in a hash.", "O(1)")
  .run((ctx) => replyField(ctx, ctx.openRead(1, Type.HASH), 2));

export const hmget = command("hmget", { arity: -3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} field...")
  .docs("Returns the values of several fields in a hash.", "O(N) for N fields")
  .run((ctx) => {
    const hash = ctx.openRead(1, Type.HASH);
    ctx.reply.array(ctx.count - 2);
    for (let index = 2; index < ctx.count; index++) replyField(ctx, hash, index);
  });

export const hgetall = command("hgetall", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .tips("nondeterministic_output_order")
  .docs("Returns all fields and values of a hash.", "O(N) for N fields")
  .run((ctx) => {
    const hash = ctx.openRead(1, Type.HASH);
    ctx.reply.map(hashLength(hash));
    const visit = (field: Element, value: Element): void => {
      replyElement(ctx, field);
      replyElement(ctx, value);
    };
    hashEach(hash, visit, shownField, shownValue);
  });

export const hkeys = command("hkeys", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .tips("nondeterministic_output_order")
  .docs("Returns all fields of a hash.", "O(N) for N fields")
  .run((ctx) => {
    const hash = ctx.openRead(1, Type.HASH);
    ctx.reply.array(hashLength(hash));
    hashEach(hash, (field) => replyElement(ctx, field), shownField, shownValue);
  });

export const hvals = command("hvals", { arity: 2, since: "2.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .tips("nondeterministic_output_order")
  .docs("Returns all values of a hash.", "O(N) for N fields")
  .run((ctx) => {
    const hash = ctx.openRead(1, Type.HASH);
    ctx.reply.array(hashLength(hash));
    hashEach(hash, (_, value) => replyElement(ctx, value), shownField, shownValue);
  });

export const hlen = command("hlen", { arity: 2, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .docs("Returns the number of fields in a hash.", "O(1)")
  .run((ctx) => ctx.reply.integer(hashLength(ctx.openRead(1, Type.HASH))));

export const hstrlen = command("hstrlen", { arity: 3, since: "3.2.0", flags: "readonly fast" })
  .takes("key{RO} field")
  .docs("Returns the length of the value of a field in a hash.", "O(1)")
  .run((ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    const found = hashGet(ctx.openRead(1, Type.HASH), buffer, offsets[2], offsets[2] + lengths[2], shownValue);
    ctx.reply.integer(found ? shownValue.length : 0);
  });

export const hexists = command("hexists", { arity: 3, since: "2.0.0", flags: "readonly fast" })
  .takes("key{RO access} field")
  .docs("Determines whether a hash has a field.", "O(1)")
  .run((ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    ctx.reply.integer(hashFind(ctx.openRead(1, Type.HASH), buffer, offsets[2], offsets[2] + lengths[2]) === 0 ? 0 : 1);
  });

export const hdel = command("hdel", { arity: -3, since: "2.0.0", flags: "write fast" })
  .takes("key{RW delete} field...")
  .docs("Deletes fields of a hash. Deletes the hash if no fields remain.", "O(N) for N fields")
  .changed("2.4.0: Accepts several fields.")
  .run((ctx) => {
    const { buffer, offsets, lengths, count } = ctx.frame;
    const hash = ctx.openWrite(1, Type.HASH);
    let left = hashLength(hash);
    let deleted = 0;
    for (let index = 2; index < count && left > 0; index++) {
      if (!hashDelete(hash, buffer, offsets[index], offsets[index] + lengths[index])) continue;
      deleted++;
      left--;
    }
    if (deleted > 0) hash.shrunk(left, deleted, EventClass.HASH, "hdel");
    ctx.reply.integer(deleted);
  });

export const hincrby = command("hincrby", { arity: 4, since: "2.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} field increment")
  .docs("Increments the integer value of a field in a hash by a number. A field that doesn't exist counts as 0.", "O(1)")
  .run((ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    const delta = smallInteger(buffer, offsets[3], offsets[3] + lengths[3]);
    if (delta !== delta) ctx.int64(3); // throws unless it is an int64, before the key is looked up
    const hash = ctx.openWrite(1, Type.HASH);
    const place = hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]);
    if (place === 0) shownValue.setNumber(0);
    else hashShow(hash, place, shownValue);
    const sum = smallInteger(shownValue.bytes, shownValue.from, shownValue.to) + delta;
    if (sum !== sum) return addWide(ctx, hash, place);
    result.setNumber(sum);
    storeResult(ctx, hash, place, result.bytes, result.from, result.to);
    ctx.event(EventClass.HASH, "hincrby", 1);
    ctx.reply.integer(sum);
  });

export const hincrbyfloat = command("hincrbyfloat", { arity: 4, since: "2.6.0", flags: "write denyoom fast" })
  .takes("key{RW access update} field increment:double")
  .docs("Increments the floating-point value of a field in a hash by a number. A field that doesn't exist counts as 0.", "O(1)")
  .run((ctx) => {
    const { buffer, offsets, lengths } = ctx.frame;
    const increment = parseLongDouble(ctx.text(3));
    if (increment === null) throw errors.notFloat;
    if (increment.exponent === Number.POSITIVE_INFINITY) throw commandError("ERR value is NaN or Infinity");
    const hash = ctx.openWrite(1, Type.HASH);
    const place = hashFind(hash, buffer, offsets[2], offsets[2] + lengths[2]);
    let before: LongDouble | null = ZERO;
    if (place !== 0) {
      hashShow(hash, place, shownValue);
      before = parseLongDouble(shownValue.bytes.latin1Slice(shownValue.from, shownValue.to));
    }
    if (before === null) throw commandError("ERR hash value is not a float");
    const sum = addLongDoubles(before, increment);
    if (sum === null) throw commandError("ERR increment would produce NaN or Infinity");
    const text = Buffer.from(formatLongDouble(sum), "latin1");
    storeResult(ctx, hash, place, text, 0, text.length);
    ctx.event(EventClass.HASH, "hincrbyfloat", 1);
    ctx.reply.bytesOf(text);
    // Replicas and files get the result: they might round the sum differently.
    if (ctx.host.journal.active) ctx.journalAs("HSET", ctx.bytes(1), ctx.bytes(2), text);
  });

const ZERO: LongDouble = { negative: false, mantissa: 0n, exponent: 0 };

const shownField = new Element();
const shownValue = new Element();
const result = new Element();

function replyElement(ctx: Context, element: Element): void {
  ctx.reply.bytes(element.bytes, element.from, element.to);
}

/** Replies with the value of the field that argument `index` names. */
function replyField(ctx: Context, hash: Value, index: number): void {
  const { buffer, offsets, lengths } = ctx.frame;
  if (hashGet(hash, buffer, offsets[index], offsets[index] + lengths[index], shownValue)) replyElement(ctx, shownValue);
  else ctx.reply.null();
}

/** Sets the fields in the arguments from 2 on. Returns how many are new. Errors: a field without a value, WRONGTYPE. */
function setFields(ctx: Context): number {
  const { buffer, offsets, lengths, count } = ctx.frame;
  if (count % 2 === 1) throw commandError(`ERR wrong number of arguments for '${ctx.entry.fullName}' command`);
  const hash = ctx.openWrite(1, Type.HASH);
  requireRoom(ctx);
  expectFields(ctx, hash);
  let added = 0;
  for (let index = 2; index < count; index += 2) {
    const field = offsets[index];
    const value = offsets[index + 1];
    if (hashSet(hash, buffer, field, field + lengths[index], buffer, value, value + lengths[index + 1])) added++;
  }
  hash.changed((count - 2) >>> 1);
  ctx.event(EventClass.HASH, "hset", 1);
  return added;
}

/** Makes sure that there is memory for all fields of the request, or sets none. */
function requireRoom(ctx: Context): void {
  ctx.host.keyspace.requireRoom(ctx.count >>> 1, ctx.frame.end - ctx.frame.start);
}

/** Tells a packed hash which fields and values, from argument 2 on, it is about to get. */
function expectFields(ctx: Context, hash: Value): void {
  if (hash.object !== null) return;
  const { lengths, count } = ctx.frame;
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
function addWide(ctx: Context, hash: Value, place: number): void {
  const before = parseInt64(shownValue.bytes, shownValue.from, shownValue.to);
  if (before === null) throw commandError("ERR hash value is not an integer");
  const sum = before + ctx.int64(3);
  if (sum > INT64_MAX || sum < INT64_MIN) throw errors.overflow;
  const text = Buffer.from(sum.toString(), "latin1");
  storeResult(ctx, hash, place, text, 0, text.length);
  ctx.event(EventClass.HASH, "hincrby", 1);
  ctx.reply.bigint(sum);
}

/** Sets the field in argument 2, just found at `place`, to bytes[from, to). */
function storeResult(ctx: Context, hash: Value, place: number, bytes: Buffer, from: number, to: number): void {
  const { buffer, offsets, lengths } = ctx.frame;
  requireRoom(ctx);
  hashPut(hash, place, buffer, offsets[2], offsets[2] + lengths[2], bytes, from, to);
  hash.changed();
}
