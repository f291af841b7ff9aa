/** Takes out fields of hashes that have expired, and says so to the journal and to listeners: one for a server. */

import { NO_TIME } from "../memory/expiring-map.ts";
import { Element } from "../memory/packed.ts";
import { hashDelete, hashLength } from "../values/hash/hash.ts";
import { expireFields, fieldTime, isTimed, NO_FIELD } from "../values/hash/timed.ts";
import { Type } from "../values/value-types.ts";
import type { Database } from "./database.ts";
import { EventClass } from "./events.ts";
import type { Keyspace } from "./keyspace.ts";
import { Value } from "./value.ts";

const shown = new Element();

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
    return !value.exists || !stop();
  };
  keyspace.expireField = (database, key, field) => {
    const address = database.locate(key);
    if (address === 0 || !isTimed(database.encoding(address))) return false;
    if (field === null) {
      keyspace.expireFields?.(database, address, () => false);
      const left = database.locate(key);
      return left !== 0 && database.hasFieldTimes(left);
    }
    value.open(database, address, database.table.hashOf(address), Type.HASH, key, 0, key.length);
    const time = fieldTime(value, field, 0, field.length);
    if (time === NO_FIELD || time === NO_TIME || time >= keyspace.now) return time >= keyspace.now;
    value.beforeChange();
    shown.setSpan({ buffer: field, from: 0, to: field.length });
    fieldLeaves(keyspace, database, key, shown);
    hashDelete(value, field, 0, field.length);
    value.shrunk(hashLength(value), 0, EventClass.HASH, "hexpired");
    return false;
  };
}

/** A field, about to be taken out because it has expired, leaves the hash at `key`. */
export function fieldLeaves(keyspace: Keyspace, database: Database, key: Buffer, field: Element): void {
  keyspace.stats.expiredFields++;
  keyspace.onFieldLeaving?.(database, key, field);
}
