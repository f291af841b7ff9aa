/** Keys of this server as the requests that restore them in another, each made when it is to be sent. */

import { assert } from "../assert.ts";
import type { Database } from "../keyspace/database.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { NO_EXPIRY } from "../keyspace/lookup.ts";
import { Value } from "../keyspace/value.ts";
import { Frame } from "../protocol/frame.ts";
import type { RdbFamily } from "../rdb/format.ts";
import { PayloadWriter } from "../snapshot/sinks/dump.ts";
import { isTimed } from "../values/hash/timed.ts";
import type { Parcels } from "./exchange.ts";

export interface ParcelOptions {
  /** RESTORE, or what a node of a cluster takes for a slot that it does not have yet. */
  readonly command: "RESTORE" | "RESTORE-ASKING";
  readonly replace: boolean;
  /** Directive rdbcompression. */
  readonly compress: boolean;
}

export class KeyParcels implements Parcels {
  readonly familiesDiffer: boolean;
  /** The keys that requests have been made for since `open`, in order. */
  sent: Buffer[] = [];
  private readonly keyspace: Keyspace;
  private readonly database: Database;
  private readonly keys: readonly Buffer[];
  private readonly options: ParcelOptions;

  constructor(keyspace: Keyspace, database: Database, keys: readonly Buffer[], options: ParcelOptions) {
    this.keyspace = keyspace;
    this.database = database;
    this.keys = keys;
    this.options = options;
    this.familiesDiffer = keys.some((key) => {
      const address = database.locate(key);
      return address !== 0 && isTimed(database.encoding(address));
    });
  }

  *open(family: RdbFamily): Generator<Uint8Array> {
    const { keyspace, database, keys, options } = this;
    const writer = new PayloadWriter({ compress: options.compress });
    const value = new Value(keyspace, { expiryMode: ExpiryMode.DELETE });
    const frame = new Frame();
    const words = options.replace ? ["REPLACE"] : [];
    this.sent = [];
    for (const key of keys) {
      const address = database.locate(key);
      const left = address === 0 ? -1n : timeToLive(database, address, keyspace.clock.now());
      // It has expired since it was looked up.
      if (left < 0n) continue;
      value.open(database, address, database.table.hashOf(address), null, key, 0, key.length);
      // Of hashes whose fields have times each family has a form of its own; all else both read.
      const payload = writer.write(value.type, value, family === "valkey" && isTimed(value.encoding) ? "80" : "auto");
      assert(payload !== null, "these versions say whatever there is");
      const { buffer, start, end } = frame.encode([options.command, key, String(left), payload, ...words]);
      this.sent.push(key);
      yield buffer.subarray(start, end);
    }
  }
}

/** Returns the ms that the key has to live, 0 for no limit, a negative number when that is over. As RESTORE has it: 1 at least. */
function timeToLive(database: Database, address: number, now: number): bigint {
  if (database.expiryOf(address) === NO_EXPIRY) return 0n;
  const left = database.expiry.exact(address) - BigInt(now);
  return left === 0n ? 1n : left;
}
