/** HyperLogLogs. PFADD allocates nothing. */

import {
  countCardinality,
  HEADER_BYTES,
  hyperLogLogAdd,
  hyperLogLogInit,
  isHyperLogLog,
  isSparse,
  makeDense,
  noteCardinality,
  notedCardinality,
  outdateCardinality,
  Union,
} from "../../algorithms/hyperloglog/hyperloglog.ts";
import { selfTest } from "../../algorithms/hyperloglog/hyperloglog-check.ts";
import { readRegister } from "../../algorithms/hyperloglog/hyperloglog-dense.ts";
import { REGISTERS } from "../../algorithms/hyperloglog/hyperloglog-hash.ts";
import { Raised, spellSparse } from "../../algorithms/hyperloglog/hyperloglog-sparse.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Database } from "../../keyspace/database.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Temporary } from "../../values/temporary.ts";
import { Encoding, Type } from "../../values/value-types.ts";

const command = commandsOf("hyperloglog");

const union = new Union();

export const pfadd = command("pfadd", { arity: -2, since: "2.8.9", flags: "write denyoom fast" })
  .takes("key{RW insert} [element...]")
  .answers("0 | 1")
  .docs("Adds elements to a HyperLogLog. Creates the key if it doesn't exist.", "O(1) for each element")
  .run((call) => {
    const { frame } = call;
    const value = openHyperLogLog(call, 1);
    let updated = 0;
    if (!value.exists) {
      hyperLogLogInit(value);
      updated++;
    }
    for (let index = 2; index < frame.count; index++) {
      const from = frame.offsets[index];
      const raised = hyperLogLogAdd(value, frame.buffer, from, from + frame.lengths[index]);
      if (raised === Raised.CHANGED) updated++;
      else if (raised === Raised.CORRUPT) return failAfter(value, updated);
    }
    if (updated > 0) {
      noteUpdates(value, updated);
      call.event(EventClass.STRING, "pfadd", 1);
    }
    call.reply.integer(updated > 0 ? 1 : 0);
  });

export const pfcount = command("pfcount", { arity: -2, since: "2.8.9", flags: "readonly may_replicate" })
  .takes("key{RW access: RW because it caches the count in the value, for replicas too}...")
  .answers("count")
  .docs("Estimates the number of distinct elements in one HyperLogLog or in several together.", "O(1) with one key; O(N) with N keys")
  .run((call) => {
    if (call.count > 2) {
      mergeKeys(call);
      return replyCardinality(call, union.count());
    }
    const { database } = call;
    const address = call.readString(1);
    if (address === 0) return call.reply.integer(0);
    const { buffer, from, to } = database.locateString(address);
    requireHyperLogLog(buffer, from, to);
    makeRaw(database, address);
    const noted = notedCardinality(buffer, from);
    if (noted !== -1) return replyCardinality(call, noted);
    const cardinality = countCardinality(buffer, from, to);
    if (cardinality !== cardinality) throw corrupt;
    const opened = database.openString(address, to - from);
    const raw = database.locateString(opened);
    noteCardinality(raw.buffer, raw.from, cardinality);
    database.announce(opened);
    call.journalAlways();
    replyCardinality(call, cardinality);
  });

export const pfmerge = command("pfmerge", { arity: -2, since: "2.8.9", flags: "write denyoom" })
  .takes("destkey{RW access insert} [sourcekey{RO access}...]")
  .answers("OK")
  .docs("Merges HyperLogLogs into one key.", "O(N) for N HyperLogLogs")
  .run((call) => {
    const dense = mergeKeys(call);
    const value = openHyperLogLog(call, 1);
    if (!value.exists) hyperLogLogInit(value);
    if (dense && !makeDense(value)) throw corrupt;
    union.raise(value);
    noteUpdates(value, 1);
    call.event(EventClass.STRING, "pfadd", 1);
    call.reply.ok();
  });

export const pfdebug = command("pfdebug", { arity: 3, since: "2.8.9", flags: "write denyoom admin" })
  .takes("subcommand key{RW access}")
  .answers("integer[] | string | status | 0 | 1")
  .docs("An internal command that shows the contents of a HyperLogLog.", "N/A")
  .internal()
  .run((call) => {
    const value = openHyperLogLog(call, 2);
    if (!value.exists) throw commandError("ERR The specified key does not exist");
    if (call.is(1, "getreg")) replyRegisters(call, value);
    else if (call.is(1, "decode")) replyOpcodes(call, value);
    else if (call.is(1, "encoding")) call.reply.simple(isSparse(value.buffer, value.from) ? "sparse" : "dense");
    else if (call.is(1, "todense")) call.reply.integer(becomeDense(value) ? 1 : 0);
    else throw commandError(`ERR Unknown PFDEBUG subcommand '${cString(call.text(1))}'`);
  });

export const pfselftest = command("pfselftest", { arity: 1, since: "2.8.9", flags: "admin" })
  .answers("OK")
  .docs("An internal command that tests the HyperLogLog implementation.", "N/A")
  .internal()
  .run((call) => {
    const { space, limits } = call.server.keyspace;
    const fault = selfTest(new Temporary(space, limits).begin(Type.STRING), new Temporary(space, limits).begin(Type.STRING));
    if (fault !== null) throw commandError(`ERR TESTFAILED ${fault}`);
    call.reply.ok();
  });

/** Returns the HyperLogLog at the key in argument `index`, opened for writing. Errors: WRONGTYPE. */
function openHyperLogLog(call: Call, index: number): Value {
  const value = call.openWrite(index, Type.STRING);
  if (!value.exists) return value;
  requireHyperLogLog(value.buffer, value.from, value.to);
  makeRaw(value.database, value.address);
  return value;
}

/** As in Redis, a string that may be written in place is `raw`, written or not. */
function makeRaw(database: Database, address: number): void {
  if (database.encoding(address) !== Encoding.RAW) database.setEncoding(address, Encoding.RAW);
}

function requireHyperLogLog(bytes: Buffer, from: number, to: number): void {
  if (!isHyperLogLog(bytes, from, to)) throw commandError("WRONGTYPE Key is not a valid HyperLogLog string value.");
}

function noteUpdates(value: Value, count: number): void {
  outdateCardinality(value.buffer, value.from);
  value.changed(count);
}

/** After an error half-way, the elements before it stay added. Errors: INVALIDOBJ. */
function failAfter(value: Value, updates: number): never {
  if (updates > 0) noteUpdates(value, updates);
  throw corrupt;
}

const corrupt = commandError("INVALIDOBJ Corrupted HLL object detected");

/** Merges the registers of all keys into `union`. Returns whether one of the HyperLogLogs is dense. Errors: WRONGTYPE, INVALIDOBJ. */
function mergeKeys(call: Call): boolean {
  let dense = false;
  union.clear();
  for (let index = 1; index < call.count; index++) {
    call.prepareKeys(1, index, 1);
    const address = call.readString(index);
    if (address === 0) continue;
    const { buffer, from, to } = call.database.locateString(address);
    requireHyperLogLog(buffer, from, to);
    if (!isSparse(buffer, from)) dense = true;
    if (!union.add(buffer, from, to)) throw corrupt;
  }
  return dense;
}

/** Makes a HyperLogLog dense, which counts as a write: replicas must have the same form. Returns whether it was sparse. Errors: INVALIDOBJ. */
function becomeDense(value: Value): boolean {
  if (!isSparse(value.buffer, value.from)) return false;
  if (!makeDense(value)) throw corrupt;
  value.changed();
  return true;
}

function replyRegisters(call: Call, value: Value): void {
  becomeDense(value);
  call.reply.array(REGISTERS);
  for (let index = 0; index < REGISTERS; index++) call.reply.integer(readRegister(value.buffer, value.from + HEADER_BYTES, index));
}

function replyOpcodes(call: Call, value: Value): void {
  if (!isSparse(value.buffer, value.from)) throw commandError("ERR HLL encoding is not sparse");
  call.reply.bulk(spellSparse(value.buffer, value.from + HEADER_BYTES, value.to));
}

/** The string as C sees it: a zero byte ends it. */
function cString(text: string): string {
  return text.split("\0", 1)[0];
}

function replyCardinality(call: Call, cardinality: number | bigint): void {
  call.reply.bigint(Number.isSafeInteger(cardinality) ? cardinality : BigInt(cardinality));
}
