/** Takes out fields of hashes that have expired, and says so to the journal and to listeners: one for a server. */

import type { Element } from "../memory/packed.ts";
import { hashLength } from "../values/hash/hash.ts";
import { expireFields } from "../values/hash/timed.ts";
import { Type } from "../values/value-types.ts";
import type { Database } from "./database.ts";
import { EventClass } from "./events.ts";
import type { Keyspace } from "./keyspace.ts";
import { Value } from "./value.ts";

/** Has active expiry of `keyspace` take out fields. */
export function expiresFields(keyspace: Keyspace): void {
  const value = new Value(keyspace);
  keyspace.expireFields = (database, address, stop) => {
    const key = database.table.key(address);
    value.open(database, address, database.table.hashOf(address), Type.HASH, key, 0, key.length);
    value.beforeChange();
    const leaving = (field: Element): void => fieldLeaves(keyspace, database, key, field);
    const gone = expireFields(value, keyspace.now, leaving, stop);
    if (gone > 0) value.shrunk(hashLength(value), 0, EventClass.HASH, "hexpired");
    else database.noteFields(address);
  };
}

/** A field, about to be taken out because it has expired, leaves the hash at `key`. */
export function fieldLeaves(keyspace: Keyspace, database: Database, key: Buffer, { bytes, from, to }: Element): void {
  keyspace.stats.expiredFields++;
  keyspace.onFieldLeaving?.(database, key, Buffer.from(bytes.subarray(from, to)));
}
