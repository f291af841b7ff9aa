/** DEBUG subcommands about keys: digests, encodings, and keys created in bulk. */

import { parseInt64 } from "../../../base/bytes.ts";
import { errors } from "../../../errors.ts";
import type { Call } from "../../../execution/call.ts";
import { idleSeconds } from "../../../keyspace/access.ts";
import type { Database } from "../../../keyspace/database.ts";
import { NO_EXPIRY } from "../../../keyspace/lookup.ts";
import { GRANULE } from "../../../memory/arena.ts";
import { RdbWriter } from "../../../rdb/writer.ts";
import { DatasetDigest, Digest, digestValue as digestOf } from "../../../snapshot/sinks/digest.ts";
import { RdbSink, rdbForm } from "../../../snapshot/sinks/rdb.ts";
import { StoredValue } from "../../../snapshot/stored-value.ts";
import { walkValue } from "../../../snapshot/value-walk.ts";
import { QuickList } from "../../../values/list/quicklist.ts";
import { ENCODING_NAMES } from "../../../values/value-types.ts";

/** Redis cuts the names that DEBUG POPULATE makes to this many bytes. */
const MAX_POPULATED_NAME = 127;

/** The value being looked at. */
const stored = new StoredValue();

/** Returns the address of the key in argument `index`, expired or not, without noting an access; 0 if it doesn't exist. */
function lookUp(call: Call, index: number): number {
  const name = call.bytes(index);
  const { table } = call.database;
  return table.find(table.hash(name, 0, name.length), name, 0, name.length);
}

/** Errors: no such key. */
export function lookUpOrFail(call: Call, index: number): number {
  const address = lookUp(call, index);
  if (address === 0) throw errors.noSuchKey;
  return address;
}

export function digest(call: Call): void {
  const { keyspace } = call.server;
  const total = new DatasetDigest();
  for (const database of keyspace.databases) {
    const { table } = database;
    if (table.size === 0) continue;
    total.database(database.index);
    for (let chain = 0; chain < table.chainCount; chain++) {
      for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
        const from = table.keyOffset(address);
        addValue(total.beginKey(table.keyBuffer(address), from, from + table.keyLength(address)), database, address);
        total.endKey();
      }
    }
  }
  call.reply.simple(total.hex());
}

export function digestValue(call: Call): void {
  call.reply.array(call.count - 2);
  const value = new Digest();
  for (let index = 2; index < call.count; index++) {
    value.clear();
    const address = lookUp(call, index);
    if (address !== 0) addValue(value, call.database, address);
    call.reply.simple(value.hex());
  }
}

function addValue(target: Digest, database: Database, address: number): void {
  digestOf(target, database.type(address), stored.show(database.table, address), database.expiryOf(address) !== NO_EXPIRY);
}

/** Where and how a value is stored: the address is that of its record in the arena. */
export function object(call: Call): void {
  const address = lookUpOrFail(call, 2);
  const { database } = call;
  const access = database.access(address);
  const place = ((address >>> 0) * GRANULE).toString(16);
  call.reply.simple(
    `Value at:0x${place} refcount:1 encoding:${ENCODING_NAMES[database.encoding(address)]} serializedlength:${serializedLength(call, address)} ` +
      `lru:${access} lru_seconds_idle:${idleSeconds(access, call.now)}${nodesOf(call, address)}`,
  );
}

/** What Redis adds for a quicklist: how many nodes, how full, how large. Returns "" for other values. */
function nodesOf({ server, database }: Call, address: number): string {
  const { object: list } = stored.show(database.table, address);
  if (!(list instanceof QuickList)) return "";
  let bytes = 0;
  for (let index = 0; index < list.length; index++) bytes += list.bytes(index);
  const compressed = server.config.values["list-compress-depth"] === 0 ? 0 : 1;
  const average = (list.size / list.length).toFixed(2);
  const limit = server.keyspace.limits.listSize;
  return ` ql_nodes:${list.length} ql_avg_node:${average} ql_listpack_max:${limit} ql_compressed:${compressed} ql_uncompressed_size:${bytes}`;
}

/** Bytes that the value takes in an RDB image. */
function serializedLength(call: Call, address: number): number {
  const { database } = call;
  const writer = new RdbWriter({ write() {} }, { compress: call.server.config.values.rdbcompression, checksum: false, bufferBytes: 1024 });
  walkValue(new RdbSink(writer, rdbForm("auto")), database.type(address), stored.show(database.table, address));
  return writer.bytesWritten;
}

/** DEBUG POPULATE: `count` keys `<prefix>:<n>` holding `value:<n>`, cut or padded with zeros to `size` bytes. They are not replicated. */
export function populate(call: Call): void {
  const count = natural(call, 2);
  const size = call.count === 5 ? natural(call, 4) : 0;
  const prefix = call.count === 3 ? "key" : call.text(3);
  const { database } = call;
  database.table.reserve(count);
  for (let index = 0; index < count; index++) {
    const name = Buffer.from(`${prefix}:${index}`.slice(0, MAX_POPULATED_NAME), "latin1");
    const address = database.write(call, name, 0, name.length);
    if (address !== 0) continue;
    const text = `value:${index}`;
    const value = Buffer.alloc(size === 0 ? text.length : size);
    value.latin1Write(text, 0, value.length);
    database.setString(0, call.keyHash, name, 0, name.length, value, 0, value.length, NO_EXPIRY);
  }
  call.journalNothing();
  call.reply.ok();
}

/** Errors: not a number, negative. */
function natural(call: Call, index: number): number {
  const value = Number(parseInt64(call.bytes(index), 0, call.frame.lengths[index]) ?? -1);
  if (value < 0 || !Number.isSafeInteger(value)) throw errors.notPositive;
  return value;
}
