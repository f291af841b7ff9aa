/** Commands about whole databases: counting, emptying and swapping them. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { databaseAt, databaseNumber } from "../arguments/database-index.ts";

const command = commandsOf("server");

export const dbsize = command("dbsize", { arity: 1, since: "1.0.0", flags: "readonly fast" })
  .answers("count")
  .acl("keyspace")
  .tips("request_policy:all_shards response_policy:agg_sum")
  .docs("Returns the number of keys in the database.", "O(1)")
  .run((call) => call.reply.integer(call.database.size));

export const flushdb = command("flushdb", { arity: -1, since: "1.0.0", flags: "write" })
  .takes("[flush-type(ASYNC@4.0.0 | SYNC@6.2.0)]")
  .answers("OK")
  .acl("keyspace dangerous")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Deletes all keys of the current database.", "O(N) for N keys in the database")
  .changed("4.0.0: Added `ASYNC`.", "6.2.0: Added `SYNC`.")
  .run((call) => {
    call.server.keyspace.clear({ sync: flushesAtOnce(call) }, [call.database]);
    call.journalAlways();
    call.reply.ok();
  });

export const flushall = command("flushall", { arity: -1, since: "1.0.0", flags: "write" })
  .takes("[flush-type(ASYNC@4.0.0 | SYNC@6.2.0)]")
  .answers("OK")
  .acl("keyspace dangerous")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Deletes all keys of all databases.", "O(N) for N keys in all databases")
  .changed("4.0.0: Added `ASYNC`.", "6.2.0: Added `SYNC`.")
  .run((call) => {
    const { keyspace, persistence } = call.server;
    const sync = flushesAtOnce(call);
    persistence.flushing();
    keyspace.clear({ sync });
    persistence.flushed();
    call.journalAlways();
    call.reply.ok();
  });

export const swapdb = command("swapdb", { arity: 3, since: "4.0.0", flags: "write fast" })
  .takes("index1 index2")
  .answers("OK")
  .acl("keyspace dangerous")
  .docs("Swaps two databases.", "O(N) for N clients that watch or block on their keys")
  .run((call) => {
    const { keyspace } = call.server;
    const firstIndex = databaseNumber(call, 1, "ERR invalid first DB index");
    const secondIndex = databaseNumber(call, 2, "ERR invalid second DB index");
    const first = databaseAt(call, firstIndex);
    const second = databaseAt(call, secondIndex);
    if (first !== second) keyspace.swap(first, second);
    else keyspace.changed();
    call.reply.ok();
  });

/** Returns whether FLUSHDB or FLUSHALL is to free the memory before it replies, as far as that takes no time. Errors: syntax. */
function flushesAtOnce(call: Call): boolean {
  if (call.count === 1) return !call.server.config.values["lazyfree-lazy-user-flush"];
  if (call.count === 2 && call.is(1, "sync")) return true;
  if (call.count === 2 && call.is(1, "async")) return false;
  throw errors.syntax;
}
