/**
 * Times that a command gives to fields, and fields that have expired and that a command names: it takes them out before it looks at them, as it
 * would an expired key.
 */

import type { Call } from "../../execution/call.ts";
import { EventClass } from "../../keyspace/events.ts";
import { fieldLeaves } from "../../keyspace/field-expirer.ts";
import { ExpiryMode } from "../../keyspace/key-access.ts";
import type { Value } from "../../keyspace/value.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { Element } from "../../memory/packed.ts";
import { hashDelete, hashLength } from "../../values/hash/hash.ts";
import { hidesField, isTimed, mayHide, setFieldTime } from "../../values/hash/timed.ts";

const shown = new Element();

/** Gives the field buffer[from, to) of the request, which is there, the time `at`, or with NO_TIME takes it away. */
export function giveTime(call: Call, hash: Value, from: number, to: number, at: number): void {
  const { buffer } = call.frame;
  const { onFieldTime } = call.server.keyspace;
  setFieldTime(hash, buffer, from, to, at);
  if (onFieldTime !== null && at !== NO_TIME) onFieldTime(call.database.index, call.bytes(1), Buffer.from(buffer.subarray(from, to)));
}

/**
 * Takes the fields out that have expired among those in the arguments from `first` on up to `end`, every `step`th, of the hash that
 * argument 1 names. Where that is not for this server to do they stay, hidden.
 */
export function expireNamed(call: Call, hash: Value, first: number, end: number, step: 1 | 2 = 1): void {
  if (isTimed(hash.encoding) && call.expiryMode === ExpiryMode.DELETE && mayHide(hash)) expireThem(call, hash, first, end, step);
}

function expireThem(call: Call, hash: Value, first: number, end: number, step: 1 | 2): void {
  const { buffer, offsets, lengths } = call.frame;
  let gone = 0;
  for (let index = first; index < end; index += step) {
    const from = offsets[index];
    const to = from + lengths[index];
    if (!hidesField(hash, buffer, from, to)) continue;
    if (gone === 0) hash.beforeChange();
    shown.setSpan({ buffer, from, to });
    fieldLeaves(call.server.keyspace, call.database, call.bytes(1), shown);
    hashDelete(hash, buffer, from, to);
    gone++;
  }
  if (gone > 0) hash.shrunk(hashLength(hash), 0, EventClass.HASH, "hexpired");
}
