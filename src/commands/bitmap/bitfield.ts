/** BITFIELD and BITFIELD_RO: integers of any width inside strings, several operations in one command. */

import {
  assigned,
  type FieldInteger,
  type FieldType,
  fieldType,
  incremented,
  Overflow,
  readField,
  writeField,
} from "../../algorithms/bitfield.ts";
import { parseInt64, smallInteger } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { choice } from "../arguments/numbers.ts";
import { badOffset, bitOffset, checkBitOffset, openBits } from "./bit-string.ts";

const command = commandsOf("bitmap");

type OperationName = "get" | "set" | "incrby";

interface Operation {
  readonly name: OperationName;
  readonly type: FieldType;
  /** In bits. */
  readonly offset: number;
  /** The value to set or to add; 0 for GET. */
  readonly operand: FieldInteger;
  readonly overflow: Overflow;
}

/** The number of arguments after an operation's name. */
const SIZES: Readonly<Record<OperationName, number>> = { get: 2, set: 3, incrby: 3 };

const OVERFLOWS = { wrap: Overflow.WRAP, sat: Overflow.SAT, fail: Overflow.FAIL } as const;
const invalidOverflow = commandError("ERR Invalid OVERFLOW type specified");

export const bitfield = command("bitfield", { arity: -2, since: "3.2.0", flags: "write denyoom" })
  .takes(`key{RW update access variable_flags: Only reads the key when all operations are GET}
      [operation(GET get-block(encoding offset) | write([OVERFLOW overflow-block(WRAP | SAT |
      FAIL)] write-operation(SET set-block(encoding offset value:integer) | INCRBY incrby-block(encoding offset increment))))...]`)
  .answers("(int64 | null)[]")
  .docs("Reads, sets and increments integers of any width in a string.", "O(1) for each operation")
  .run((call) => {
    const operations = parseOperations(call);
    const bits = writtenBits(operations);
    if (bits === 0) readFields(call, operations);
    else changeFields(call, operations, Math.ceil(bits / 8));
  });

export const bitfieldRo = command("bitfield_ro", { arity: -2, since: "6.0.0", flags: "readonly fast" })
  .takes("key{RO access} [GET get-block(encoding offset)]...")
  .answers("int64[]")
  .docs("Reads integers of any width from a string.", "O(1) for each operation")
  .run((call) => {
    const operations = parseOperations(call);
    if (writtenBits(operations) > 0) throw commandError("ERR BITFIELD_RO only supports the GET subcommand");
    readFields(call, operations);
  });

/** The length in bits that the string needs for what is written; 0 if nothing is. */
function writtenBits(operations: readonly Operation[]): number {
  let bits = 0;
  for (const { name, type, offset } of operations) if (name !== "get") bits = Math.max(bits, offset + type.bits);
  return bits;
}

function readFields(call: Call, operations: readonly Operation[]): void {
  const address = call.readString(1);
  call.reply.array(operations.length);
  if (address === 0) {
    for (let i = 0; i < operations.length; i++) call.reply.integer(0);
    return;
  }
  for (const { offset, type } of operations) call.reply.bigint(fieldAt(call, address, offset, type));
}

/** Runs operations, some of which write, on a string of at least `length` bytes. */
function changeFields(call: Call, operations: readonly Operation[], length: number): void {
  const { database } = call;
  const address = call.writeString(1);
  const grows = address === 0 || database.stringLength(address) < length;
  const opened = openBits(call, address, length);
  let changes = 0;
  call.reply.array(operations.length);
  for (const { name, type, offset, operand, overflow } of operations) {
    const before = fieldAt(call, opened, offset, type);
    if (name === "get") {
      call.reply.bigint(before);
      continue;
    }
    const after = name === "set" ? assigned(type, operand, overflow) : incremented(type, before, operand, overflow);
    if (after === null) {
      call.reply.null();
      continue;
    }
    call.reply.bigint(name === "set" ? before : after);
    setFieldAt(call, opened, offset, type, after);
    if (grows || before !== after) changes++;
  }
  // A string that grew has changed even if every operation failed. Redis does not tell its replicas, which then differ.
  const announced = address === 0 ? 1 : 0;
  const counted = grows ? Math.max(1, changes) : changes;
  if (counted > announced) database.announce(opened, counted - announced);
  if (changes > 0) call.event(EventClass.STRING, "setbit", 1);
}

/** The field at bit `offset` of the string at `address`. */
function fieldAt({ database }: Call, address: number, offset: number, type: FieldType): FieldInteger {
  const blocks = database.blocksAt(address);
  if (blocks === null) {
    const { buffer, from, to } = database.locateString(address);
    return readField(buffer, from, to, offset, type);
  }
  const byte = Math.floor(offset / 8);
  const end = Math.min(blocks.length, byte + FIELD_BYTES);
  if (byte >= end) return 0;
  blocks.copyTo(FIELD, 0, byte, end);
  return readField(FIELD, 0, end - byte, offset & 7, type);
}

/** Puts an integer there; the string, open for writing, reaches as far. */
function setFieldAt({ database }: Call, address: number, offset: number, type: FieldType, value: FieldInteger): void {
  const blocks = database.blocksAt(address);
  if (blocks === null) {
    const { buffer, from } = database.locateString(address);
    return writeField(buffer, from, offset, type, value);
  }
  const byte = Math.floor(offset / 8);
  const end = Math.min(blocks.length, byte + FIELD_BYTES);
  blocks.copyTo(FIELD, 0, byte, end);
  writeField(FIELD, 0, offset & 7, type, value);
  blocks.write(byte, FIELD, 0, end - byte);
}

/** A field of 64 bits may lie in nine bytes. */
const FIELD_BYTES = 9;
const FIELD = Buffer.alloc(FIELD_BYTES);

// ---- arguments

/** Errors: syntax, and those of the parts. */
function parseOperations(call: Call): Operation[] {
  const operations: Operation[] = [];
  let overflow: Overflow = Overflow.WRAP;
  for (let index = 2; index < call.count; ) {
    const left = call.count - index - 1;
    const name = operationAt(call, index);
    if (name === null || left < SIZES[name]) {
      if (left < 1 || !call.is(index, "overflow")) throw errors.syntax;
      overflow = choice(call, index + 1, OVERFLOWS, invalidOverflow);
      index += 2;
      continue;
    }
    const type = fieldTypeAt(call, index + 1);
    const offset = fieldOffset(call, index + 2, type);
    const operand = name === "get" ? 0 : integerAt(call, index + 3);
    operations.push({ name, type, offset, operand, overflow });
    index += SIZES[name] + 1;
  }
  return operations;
}

function operationAt(call: Call, index: number): OperationName | null {
  return call.is(index, "get") ? "get" : call.is(index, "incrby") ? "incrby" : call.is(index, "set") ? "set" : null;
}

/** `u8`, `i16`. A byte 0 ends it, as it ends C's strings. */
function fieldTypeAt(call: Call, index: number): FieldType {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const limit = from + lengths[index];
  let to = from;
  while (to < limit && buffer[to] !== 0) to++;
  const sign = from < to ? buffer[from] : 0;
  const bits = smallInteger(buffer, from + 1, to);
  const type = sign === 0x69 ? fieldType(true, bits) : sign === 0x75 ? fieldType(false, bits) : null;
  if (type !== null) {
    // Valkey 9 takes nothing behind it.
    if (to < limit) call.spell(index, buffer.latin1Slice(from, to));
    return type;
  }
  throw commandError("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
}

/** A bit offset or, after `#`, the index of a field of that type. */
function fieldOffset(call: Call, index: number, type: FieldType): number {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[index];
  const to = from + lengths[index];
  if (from === to || buffer[from] !== 0x23) return bitOffset(call, index);
  const fields = parseInt64(buffer, from + 1, to);
  if (fields === null) throw badOffset();
  return checkBitOffset(call, Number(BigInt.asIntN(64, fields * BigInt(type.bits))));
}

function integerAt(call: Call, index: number): FieldInteger {
  const from = call.frame.offsets[index];
  const small = smallInteger(call.frame.buffer, from, from + call.frame.lengths[index]);
  if (small === small) return small;
  const value = call.int64(index);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
