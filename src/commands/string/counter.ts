/** Numbers in strings. INCR, DECR, INCRBY and DECRBY of numbers of up to 15 digits allocate nothing; longer ones are exact int64, too. */

import { INT64_MAX, INT64_MIN, parseInt64, smallInteger } from "../../base/bytes.ts";
import { type CommandError, commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { KEEP_EXPIRY } from "../../keyspace/changes.ts";
import type { Database } from "../../keyspace/database.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { Encoding } from "../../values/value-types.ts";
import { addFloat, SUM } from "../arguments/numbers.ts";

const command = commandsOf("string");

export const incr = command("incr", { arity: 2, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update}")
  .answers("int64")
  .docs("Increments the integer value of a key by one. A key that doesn't exist counts as 0.", "O(1)")
  .run((call) => add(call, 1));

export const decr = command("decr", { arity: 2, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update}")
  .answers("int64")
  .docs("Decrements the integer value of a key by one. A key that doesn't exist counts as 0.", "O(1)")
  .run((call) => add(call, -1));

export const incrby = command("incrby", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} increment")
  .answers("int64")
  .docs("Increments the integer value of a key by a number. A key that doesn't exist counts as 0.", "O(1)")
  .run((call) => {
    const delta = smallArgument(call, 2);
    if (delta === delta) return add(call, delta);
    const wide = call.int64(2);
    addWide(call, call.writeString(1), wide);
  });

export const decrby = command("decrby", { arity: 3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW access update} decrement")
  .answers("int64")
  .docs("Decrements the integer value of a key by a number. A key that doesn't exist counts as 0.", "O(1)")
  .run((call) => {
    const delta = smallArgument(call, 2);
    if (delta === delta) return add(call, -delta);
    const wide = call.int64(2);
    if (wide === INT64_MIN) throw commandError("ERR decrement would overflow");
    addWide(call, call.writeString(1), -wide);
  });

export const incrbyfloat = command("incrbyfloat", { arity: 3, since: "2.6.0", flags: "write denyoom fast" })
  .takes("key{RW access update} increment:double")
  .answers("string")
  .docs("Increments the floating-point value of a key by a number. A key that doesn't exist counts as 0.", "O(1)")
  .run((call) => {
    const { database, frame } = call;
    const { buffer, offsets, lengths } = frame;
    const address = call.writeString(1);
    const { buffer: bytes, from, to } = address === 0 ? NO_NUMBER : numberAt(database, address, errors.notFloat);
    const size = addFloat(call, 2, bytes, from, to, errors.notFloat);
    const made = database.setString(address, call.keyHash, buffer, offsets[1], lengths[1], SUM, 0, size, KEEP_EXPIRY);
    // Redis never stores the result as an integer, which OBJECT ENCODING shows.
    if (database.encoding(made) === Encoding.INT) database.setEncoding(made, Encoding.EMBSTR);
    call.event(EventClass.STRING, "incrbyfloat", 1);
    call.reply.bytes(SUM, 0, size);
    if (call.server.journal.active) call.journalAs("SET", call.bytes(1), SUM.subarray(0, size), "KEEPTTL");
  });

/** Where there is no key yet, it counts from 0. */
const NO_NUMBER = { buffer: Buffer.from("0"), from: 0, to: 1 };

/** Argument `index` if it is an integer of at most 15 digits, else NaN. */
function smallArgument(call: Call, index: number): number {
  const from = call.frame.offsets[index];
  return smallInteger(call.frame.buffer, from, from + call.frame.lengths[index]);
}

/** Adds a number of at most 15 digits to the one at key 1 and replies with the sum. Errors: WRONGTYPE, not an integer, overflow. */
function add(call: Call, delta: number): void {
  const { database, frame } = call;
  const address = call.writeString(1);
  let value = 0;
  if (address !== 0) {
    const { buffer, from, to } = numberAt(database, address, errors.notInteger);
    value = smallInteger(buffer, from, to);
    if (value !== value) {
      addWide(call, address, BigInt(delta));
      return;
    }
  }
  const sum = value + delta;
  database.setInteger(address, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], sum);
  call.event(EventClass.STRING, "incrby", 1);
  call.reply.integer(sum);
}

/** Where the string at `address` lies, which is to be a number. Errors: `noNumber`, when it is too long for one. */
function numberAt(database: Database, address: number, noNumber: CommandError): Readonly<ByteSpan> {
  if (database.blocksAt(address) !== null) throw noNumber;
  return database.locateString(address);
}

/** `add` for numbers of any length; the key was found at `address`. */
function addWide(call: Call, address: number, delta: bigint): void {
  const { database, frame } = call;
  let value: bigint | null = 0n;
  if (address !== 0) {
    const { buffer, from, to } = database.locateString(address);
    value = parseInt64(buffer, from, to);
    if (value === null) throw errors.notInteger;
  }
  const sum = value + delta;
  if (sum > INT64_MAX || sum < INT64_MIN) throw errors.overflow;
  const text = Buffer.from(sum.toString(), "latin1");
  database.setString(address, call.keyHash, frame.buffer, frame.offsets[1], frame.lengths[1], text, 0, text.length, KEEP_EXPIRY);
  call.event(EventClass.STRING, "incrby", 1);
  call.reply.bigint(sum);
}
