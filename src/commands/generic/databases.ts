/** Databases as a whole: counting, emptying and exchanging them. */

import { errors } from "../../errors.ts";
import { arg, command, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { databaseAt, databaseNumber } from "./database-index.ts";

export const dbsize = command(
  {
    name: "dbsize",
    arity: 1,
    group: "server",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    summary: "Counts the keys of the database",
    complexity: "O(1)",
    categories: ["keyspace"],
    tips: ["request_policy:all_shards", "response_policy:agg_sum"],
  },
  (ctx) => ctx.reply.integer(ctx.database.size),
);

export const flushdb = command(
  {
    name: "flushdb",
    arity: -1,
    group: "server",
    since: "1.0.0",
    flags: ["write"],
    summary: "Deletes every key of the database",
    complexity: "O(N), N being the number of keys",
    categories: ["keyspace", "dangerous"],
    arguments: [oneOf("flush-type", [token("ASYNC", { since: "4.0.0" }), token("SYNC", { since: "6.2.0" })], { optional: true })],
    history: [
      ["4.0.0", "Added: `ASYNC`"],
      ["6.2.0", "Added: `SYNC`"],
    ],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  },
  (ctx) => {
    ctx.database.clear({ sync: flushesAtOnce(ctx) });
    ctx.journalAlways();
    ctx.reply.ok();
  },
);

export const flushall = command(
  {
    name: "flushall",
    arity: -1,
    group: "server",
    since: "1.0.0",
    flags: ["write"],
    summary: "Deletes every key of every database",
    complexity: "O(N), N being the number of keys",
    categories: ["keyspace", "dangerous"],
    arguments: [oneOf("flush-type", [token("ASYNC", { since: "4.0.0" }), token("SYNC", { since: "6.2.0" })], { optional: true })],
    history: [
      ["4.0.0", "Added: `ASYNC`"],
      ["6.2.0", "Added: `SYNC`"],
    ],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  },
  (ctx) => {
    ctx.host.keyspace.clear({ sync: flushesAtOnce(ctx) });
    ctx.host.persistence.flushed();
    ctx.journalAlways();
    ctx.reply.ok();
  },
);

export const swapdb = command(
  {
    name: "swapdb",
    arity: 3,
    group: "server",
    since: "4.0.0",
    flags: ["write", "fast"],
    summary: "Exchanges what two databases hold",
    complexity: "O(N), N being the number of clients that watch or wait for keys of either",
    categories: ["keyspace", "dangerous"],
    arguments: [arg("integer", "index1"), arg("integer", "index2")],
  },
  (ctx) => {
    const { keyspace } = ctx.host;
    const firstIndex = databaseNumber(ctx, 1, "ERR invalid first DB index");
    const secondIndex = databaseNumber(ctx, 2, "ERR invalid second DB index");
    const first = databaseAt(ctx, firstIndex);
    const second = databaseAt(ctx, secondIndex);
    if (first !== second) keyspace.swap(first, second);
    else keyspace.changed();
    ctx.reply.ok();
  },
);

/** Whether FLUSHDB or FLUSHALL gives the memory back before it answers. Errors: syntax. */
function flushesAtOnce(ctx: Context): boolean {
  if (ctx.count === 1) return !ctx.host.config.values["lazyfree-lazy-user-flush"];
  if (ctx.count === 2 && ctx.is(1, "sync")) return true;
  if (ctx.count === 2 && ctx.is(1, "async")) return false;
  throw errors.syntax;
}
