/** DUMP and RESTORE: a value as bytes for another server. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { statedAccess } from "../../keyspace/access.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import type { RdbEntry, RdbString } from "../../rdb/entry.ts";
import { RdbError } from "../../rdb/error.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import { SessionKind } from "../../session/session.ts";
import { PayloadWriter, payloadValid, readPayload } from "../../snapshot/sinks/dump.ts";
import type { Temporary } from "../../values/temporary.ts";
import type { Type } from "../../values/value-types.ts";
import { isPast } from "../arguments/deadline.ts";
import { wrongCount } from "../arguments/numbers.ts";
import { rdbVersionAt } from "../arguments/rdb-version.ts";

const command = commandsOf("generic");

/** A number is exact up to this. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const SHOWN_KEY_BYTES = 128;

/** Scratch of `dump`, by whether it compresses. */
const writers = { compressing: new PayloadWriter({ compress: true }), plain: new PayloadWriter({ compress: false }) };

export const dump = command("dump", { arity: -2, since: "2.6.0", flags: "readonly" })
  .takes("key{RO access} [VERSION version]")
  .answers("string | null")
  .tips("nondeterministic_output")
  .docs("Returns the value of a key, serialized.", "O(N) for a value of N bytes")
  .run((call) => {
    if (call.count === 3) throw wrongCount(call);
    const { values } = call.server.config;
    const version = rdbVersionAt(call, 2) ?? values["rdb-version"];
    const value = call.openRead(1, null);
    if (!value.exists) return call.reply.null();
    const payload = (values.rdbcompression ? writers.compressing : writers.plain).write(value.type, value, version);
    if (payload === null)
      throw commandError(`ERR Can't store key ${keyName(call)}, a hash with field expiration, in RDB version ${version}`);
    call.reply.bytes(payload, 0, payload.length);
  });

export const restore = command("restore", { arity: -4, since: "2.6.0", flags: "write denyoom" })
  .takes("key{OW update} ttl serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
  .answers("OK")
  .acl("dangerous")
  .docs("Creates a key from a serialized value.", "O(N) for a value of N bytes; O(N*log(N)) for sorted sets")
  .changed("3.0.0: Added `REPLACE`.", "5.0.0: Added `ABSTTL`.", "5.0.0: Added `IDLETIME` and `FREQ`.")
  .run(restoreKey);

interface RestoreOptions {
  readonly replace: boolean;
  readonly absolute: boolean;
  /** Seconds since the last use, or -1. */
  readonly idle: number;
  /** The LFU counter, or -1. */
  readonly freq: number;
}

/** Errors: syntax, not an integer, a value out of its range. */
function parseOptions(call: Call): RestoreOptions {
  let replace = false;
  let absolute = false;
  let idle = -1;
  let freq = -1;
  for (let index = 4; index < call.count; index++) {
    const hasNext = index + 1 < call.count;
    if (call.is(index, "replace")) replace = true;
    else if (call.is(index, "absttl")) absolute = true;
    else if (call.is(index, "idletime") && hasNext && freq === -1) {
      idle = Number(call.int64(++index));
      if (idle < 0) throw commandError("ERR Invalid IDLETIME value, must be >= 0");
    } else if (call.is(index, "freq") && hasNext && idle === -1) {
      freq = Number(call.int64(++index));
      if (freq < 0 || freq > 255) throw commandError("ERR Invalid FREQ value, must be >= 0 and <= 255");
    } else throw errors.syntax;
  }
  return { replace, absolute, idle, freq };
}

function restoreKey(call: Call): void {
  const options = parseOptions(call);
  const { database } = call;
  if (!options.replace && call.write(1) !== 0) throw commandError("BUSYKEY Target key name already exists.");
  const ttl = call.int64(2);
  if (ttl < 0n) throw commandError("ERR Invalid TTL value, must be >= 0");
  const value = readValue(call);
  try {
    const expires = ttl !== 0n;
    // As in C: a time beyond int64 overflows to one long past.
    const at = !expires || options.absolute ? ttl : BigInt.asIntN(64, ttl + BigInt(call.now));
    const replaced = call.write(1);
    if (expires && isPast(call, Number(at))) {
      if (replaced !== 0) {
        database.delete(replaced);
        call.journalDeletion(1);
      }
      return call.reply.ok();
    }
    // Redis deletes the old key and adds a new one; here the key gets a new value, so that nothing is lost if memory runs out.
    if (replaced !== 0) call.event(EventClass.NEW, "new", 1);
    const address = value.put(call, replaced, expires ? Math.max(Number(at), 0) : NO_EXPIRY);
    if (at > MAX_SAFE) database.expiry.refine(address, at);
    const { keyspace } = call.server;
    database.setAccess(address, statedAccess(call.now, keyspace.lfu !== null, options.idle, options.freq));
    if (expires && !options.absolute) journalAbsolute(call, at);
    call.event(EventClass.GENERIC, "restore", 1);
    call.reply.ok();
  } finally {
    value.drop();
  }
}

/** Returns the value in argument 3. Errors: an invalid payload. */
function readValue(call: Call): RestoredValue {
  const { frame, server } = call;
  const from = frame.offsets[3];
  const to = from + frame.lengths[3];
  if (!payloadValid(frame.buffer, from, to, { checksum: !server.persistence.skipChecksums }))
    throw commandError("ERR DUMP payload version or checksum are wrong");
  const value = new RestoredValue(call);
  try {
    readPayload(frame.buffer, from, to, value);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    // A master's is the end of the stream: its reason must be found.
    const level = call.session.kind === SessionKind.MASTER ? "warning" : "verbose";
    server.log[level](`RESTORE of key ${keyName(call)} was given a payload that cannot be read: ${error.message}`);
  }
  if (!value.complete) throw commandError("ERR Bad data format");
  return value;
}

/** Journals the request with the time of expiration in place of the time to live. */
function journalAbsolute(call: Call, at: bigint): void {
  const words: (string | Buffer)[] = [];
  for (let index = 0; index < call.count; index++) words.push(index === 2 ? at.toString() : call.bytes(index));
  call.journalAs(...words, "ABSTTL");
}

/** Takes the one value of a payload. */
class RestoredValue implements RdbHandler {
  /** Whether there is a value. */
  complete = false;
  private readonly call: Call;
  private draftInWork: Temporary | null = null;
  private text: RdbString | null = null;

  constructor(call: Call) {
    this.call = call;
  }

  /**
   * Puts the value at the key named by argument 1, just looked up at `address` (0: it is not there), in place of what that has. Returns the
   * key's address.
   */
  put({ database, frame, keyHash }: Call, address: number, expireAt: number): number {
    const { text, draftInWork: draft } = this;
    const { buffer: key } = frame;
    const from = frame.offsets[1];
    const length = frame.lengths[1];
    if (draft !== null) return database.install(draft, address, keyHash, key, from, length, expireAt);
    const { bytes, from: valueFrom, to: valueTo } = text as RdbString;
    return database.setString(address, keyHash, key, from, length, bytes, valueFrom, valueTo, expireAt);
  }

  /** Frees a value that was not put anywhere. */
  drop(): void {
    this.draftInWork?.discard();
    this.draftInWork = null;
    this.complete = false;
  }

  string({ value }: RdbEntry): void {
    this.text = value;
    this.complete = true;
  }

  draft(type: Type): Temporary {
    this.draftInWork = this.call.temporary(type);
    return this.draftInWork;
  }

  collection(): void {
    this.complete = true;
  }

  empty(): void {
    this.drop();
  }

  abandon(): void {
    this.drop();
  }

  // What a snapshot has besides values does not occur in payloads.
  aux(): void {}
  database(): void {}
  sizes(): void {}
  library(): void {}
  command(): void {}
  unsupported(): void {}

  warning(message: string): void {
    this.call.server.log.warning(`RESTORE of key ${keyName(this.call)}: ${message}`);
  }
}

/** The beginning of the key in argument 1, for messages. */
function keyName({ frame }: Call): string {
  const from = frame.offsets[1];
  return JSON.stringify(frame.buffer.latin1Slice(from, from + Math.min(frame.lengths[1], SHOWN_KEY_BYTES)));
}
