/** KEYS, SCAN and RANDOMKEY: the keys of a database all at once, a few at a time, one at random. */

import { globMatch } from "../../base/glob.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Database } from "../../keyspace/database.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { TYPE_NAMES } from "../../values/value-types.ts";
import { BUCKETS_PER_ELEMENT, parseCursor, patternArgument, scanOptions } from "../arguments/collection-scan.ts";

const command = commandsOf("generic");

/** How often RANDOMKEY draws before it searches for a key that is not expired: only a replica, which must not delete expired keys, gets this far. */
const MAX_DRAWS = 100;

export const keys = command("keys", { arity: 2, since: "1.0.0", flags: "readonly" })
  .takes("pattern")
  .answers("string[]")
  .acl("dangerous")
  .tips("request_policy:all_shards nondeterministic_output_order")
  .docs("Returns the names of all keys that match a pattern.", "O(N) for N keys in the database")
  .run((call) => {
    const { database } = call;
    const { table } = database;
    const pattern = patternArgument(call, 1);
    const found: number[] = [];
    for (let chain = 0; chain < table.chainCount; chain++) {
      for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
        if (matches(database, address, pattern) && !database.isExpired(address)) found.push(address);
      }
    }
    replyKeys(call, found);
  });

export const scan = command("scan", { arity: -2, since: "2.8.0", flags: "readonly" })
  .takes("cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]")
  .answers("[cursor: string, keys: string[]]")
  .tips("nondeterministic_output request_policy:special response_policy:special")
  .docs("Iterates over the names of the keys in the database.", "O(1) a call, O(N) for N keys in all")
  .changed("6.0.0: Added `TYPE`.")
  .run((call) => {
    const { database } = call;
    let cursor = parseCursor(call.text(1));
    const { count, pattern, type } = scanOptions(call, 2, null);
    call.server.journal.scatterUnit();
    const found: number[] = [];
    let seen = 0;
    let buckets = count * BUCKETS_PER_ELEMENT;
    const visit = (address: number): void => {
      seen++;
      if (matches(database, address, pattern)) found.push(address);
    };
    do {
      cursor = database.table.scan(cursor, visit);
    } while (cursor !== 0 && buckets-- > 0 && seen < count);
    const alive = found.filter(
      (address) => database.alive(call, address) && (type === null || TYPE_NAMES[database.type(address)] === type),
    );
    call.reply.array(2);
    call.reply.integerBulk(cursor >>> 0);
    replyKeys(call, alive);
  });

export const randomkey = command("randomkey", { arity: 1, since: "1.0.0", flags: "readonly" })
  .answers("string | null")
  .tips("request_policy:all_shards response_policy:special nondeterministic_output")
  .docs("Returns the name of a random key.", "O(1)")
  .run((call) => {
    call.server.journal.scatterUnit();
    const address = randomKey(call);
    if (address === 0) call.reply.null();
    else replyKey(call, address);
  });

/** Scratch: where a key lies. */
const located: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

function matches({ table }: Database, address: number, pattern: Buffer | null): boolean {
  if (pattern === null) return true;
  table.locateKey(address, located);
  return globMatch(pattern, located.buffer, located.from, located.to, false);
}

/** Stops once the client is disconnected: what waits for it is more than it may. */
function replyKeys(call: Call, addresses: readonly number[]): void {
  call.reply.array(addresses.length);
  for (const address of addresses) {
    replyKey(call, address);
    if (call.session.closing) return;
  }
}

function replyKey(call: Call, address: number): void {
  call.database.table.locateKey(address, located);
  call.reply.bytes(located.buffer, located.from, located.to);
}

/** Returns the address of a random key, 0 if there is none. On a replica where all are expired, one of those, as Redis does. */
function randomKey(call: Call): number {
  const { database } = call;
  const { table } = database;
  let address = table.random();
  let draws = 0;
  while (address !== 0 && !database.alive(call, address)) {
    // Unless `alive` deleted the key it would be drawn again: so there is a bound, then the first that is not expired.
    if (++draws === MAX_DRAWS) return firstAlive(database) || address;
    address = table.random();
  }
  return address;
}

function firstAlive(database: Database): number {
  const { table } = database;
  for (let chain = 0; chain < table.chainCount; chain++) {
    for (let address = table.chain(chain); address !== 0; address = table.next(address)) if (!database.isExpired(address)) return address;
  }
  return 0;
}
