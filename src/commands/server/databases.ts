/** Commands about whole databases: counting, emptying and swapping them. */

import { errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { databaseAt, databaseNumber } from "../arguments/database-index.ts";

const command = commandsOf("server");

export const dbsize = command("dbsize", { arity: 1, since: "1.0.0", flags: "readonly fast" })
  .acl("keyspace")
  .tips("request_policy:all_shards response_policy:agg_sum")
  .docs("Returns the number of keys in the database.", "O(1)")
  .run((ctx) => ctx.reply.integer(ctx.database.size));

export const flushdb = command("flushdb", { arity: -1, since: "1.0.0", flags: "write" })
  .takes("[flush-type(ASYNC@4.0.0 | SYNC@6.2.0)]")
  .acl("keyspace dangerous")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Deletes all keys of the current database.", "O(N) for N keys in the database")
  .changed("4.0.0: Added `ASYNC`.", "6.2.0: Added `SYNC`.")
  .run((ctx) => {
    ctx.database.clear({ sync: flushesAtOnce(ctx) });
    ctx.journalAlways();
    ctx.reply.ok();
  });

export const flushall = command("flushall", { arity: -1, since: "1.0.0", flags: "write" })
  .takes("[flush-type(ASYNC@4.0.0 | SYNC@6.2.0)]")
  .acl("keyspace dangerous")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Deletes all keys of all databases.", "O(N) for N keys in all databases")
  .changed("4.0.0: Added `ASYNC`.", "6.2.0: Added `SYNC`.")
  .run((ctx) => {
    ctx.host.keyspace.clear({ sync: flushesAtOnce(ctx) });
    ctx.host.persistence.flushed();
    ctx.journalAlways();
    ctx.reply.ok();
  });

export const swapdb = command("swapdb", { arity: 3, since: "4.0.0", flags: "write fast" })
  .takes("index1 index2")
  .acl("keyspace dangerous")
  .docs("Swaps two databases.", "O(N) for N clients that watch or block on their keys")
  .run((ctx) => {
    const { keyspace } = ctx.host;
    const firstIndex = databaseNumber(ctx, 1, "ERR invalid first DB index");
    const secondIndex = databaseNumber(ctx, 2, "ERR invalid second DB index");
    const first = databaseAt(ctx, firstIndex);
    const second = databaseAt(ctx, secondIndex);
    if (first !== second) keyspace.swap(first, second);
    else keyspace.changed();
    ctx.reply.ok();
  });

/** Returns whether FLUSHDB or FLUSHALL frees the memory before it replies. Errors: syntax. */
function flushesAtOnce(ctx: Context): boolean {
  if (ctx.count === 1) return !ctx.host.config.values["lazyfree-lazy-user-flush"];
  if (ctx.count === 2 && ctx.is(1, "sync")) return true;
  if (ctx.count === 2 && ctx.is(1, "async")) return false;
  throw errors.syntax;
}
