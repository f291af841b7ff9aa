/** Keys of any type: whether they are there, what they are called, where they are. */

import { equalBytes } from "../../base/bytes.ts";
import { errors } from "../../errors.ts";
import { allKeys, arg, command, key, keyAt, oneKey, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import { TYPE_NAMES } from "../../values/value-types.ts";
import { databaseArgument } from "./database-index.ts";

export const del = command(
  {
    name: "del",
    arity: -2,
    group: "generic",
    since: "1.0.0",
    flags: ["write"],
    keys: allKeys(1, "RM", "delete"),
    summary: "Deletes keys",
    complexity: "O(N), N being the number of keys and of the elements that they hold",
    categories: ["keyspace"],
    arguments: [key("key", { multiple: true })],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  },
  deleteKeys,
);

export const unlink = command(
  {
    name: "unlink",
    arity: -2,
    group: "generic",
    since: "4.0.0",
    flags: ["write", "fast"],
    keys: allKeys(1, "RM", "delete"),
    summary: "Deletes keys and gives their memory back later",
    complexity: "O(1) for each key; the memory is given back in the background",
    categories: ["keyspace"],
    arguments: [key("key", { multiple: true })],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  },
  deleteKeys,
);

export const exists = command(
  {
    name: "exists",
    arity: -2,
    group: "generic",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    keys: allKeys(1, "RO"),
    summary: "Counts which of the keys are there",
    complexity: "O(N), N being the number of keys",
    categories: ["keyspace"],
    arguments: [key("key", { multiple: true })],
    history: [["3.0.3", "Several keys"]],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  },
  (ctx) => {
    let count = 0;
    for (let index = 1; index < ctx.count; index++) {
      ctx.prepareKeys(1, index, 1);
      if (ctx.peek(index) !== 0) count++;
    }
    ctx.reply.integer(count);
  },
);

export const touch = command(
  {
    name: "touch",
    arity: -2,
    group: "generic",
    since: "3.2.1",
    flags: ["readonly", "fast"],
    keys: allKeys(1, "RO"),
    summary: "Counts which of the keys are there and notes that they were used",
    complexity: "O(N), N being the number of keys",
    categories: ["keyspace"],
    arguments: [key("key", { multiple: true })],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  },
  (ctx) => {
    let count = 0;
    for (let index = 1; index < ctx.count; index++) {
      ctx.prepareKeys(1, index, 1);
      if (ctx.read(index) !== 0) count++;
    }
    ctx.reply.integer(count);
  },
);

export const type = command(
  {
    name: "type",
    arity: 2,
    group: "generic",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO"),
    summary: "Answers with the type of what a key holds",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key()],
  },
  (ctx) => {
    const address = ctx.peek(1);
    ctx.reply.simple(address === 0 ? "none" : TYPE_NAMES[ctx.database.type(address)]);
  },
);

export const rename = command(
  {
    name: "rename",
    arity: 3,
    group: "generic",
    since: "1.0.0",
    flags: ["write"],
    keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "OW", "update")],
    summary: "Gives a key another name, in place of a key that had it",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key(), key("newkey", { keySpecIndex: 1 })],
  },
  (ctx) => {
    renameKey(ctx, { replace: true });
    ctx.reply.ok();
  },
);

export const renamenx = command(
  {
    name: "renamenx",
    arity: 3,
    group: "generic",
    since: "1.0.0",
    flags: ["write", "fast"],
    keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "OW", "insert")],
    summary: "Gives a key another name, unless a key has it",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key(), key("newkey", { keySpecIndex: 1 })],
    history: [["3.2.0", "Equal names are no error"]],
  },
  (ctx) => ctx.reply.integer(renameKey(ctx, { replace: false }) ? 1 : 0),
);

export const move = command(
  {
    name: "move",
    arity: 3,
    group: "generic",
    since: "1.0.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "access", "update"),
    summary: "Moves a key to another database",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key(), arg("integer", "db")],
  },
  (ctx) => {
    const { database, frame } = ctx;
    const target = databaseArgument(ctx, 2);
    if (target === database) throw errors.sameObject;
    const from = frame.offsets[1];
    const length = frame.lengths[1];
    const address = ctx.write(1);
    if (address === 0 || target.write(ctx, frame.buffer, from, length) !== 0) return ctx.reply.integer(0);
    database.transfer(address, target, frame.buffer, from, length, { move: true });
    ctx.event(EventClass.GENERIC, "move_from", 1);
    target.event(EventClass.GENERIC, "move_to", frame.buffer, from, length);
    ctx.reply.integer(1);
  },
);

export const copy = command(
  {
    name: "copy",
    arity: -3,
    group: "generic",
    since: "6.2.0",
    flags: ["write", "denyoom"],
    keys: [keyAt(1, "RO", "access"), keyAt(2, "OW", "update")],
    summary: "Copies what a key holds to another key",
    complexity: "O(N), N being the number of elements; O(1) for strings",
    categories: ["keyspace"],
    arguments: [
      key("source"),
      key("destination", { keySpecIndex: 1 }),
      arg("integer", "destination-db", { token: "DB", optional: true }),
      token("REPLACE", { optional: true }),
    ],
  },
  (ctx) => {
    const { database, frame } = ctx;
    let target = database;
    let replace = false;
    for (let index = 3; index < ctx.count; index++) {
      if (ctx.is(index, "replace")) replace = true;
      else if (ctx.is(index, "db") && index + 1 < ctx.count) target = databaseArgument(ctx, ++index);
      else throw errors.syntax;
    }
    if (target === database && sameKeys(ctx)) throw errors.sameObject;
    const address = ctx.read(1);
    if (address === 0) return ctx.reply.integer(0);
    const from = frame.offsets[2];
    const length = frame.lengths[2];
    const replaced = target.write(ctx, frame.buffer, from, length);
    if (replaced !== 0 && !replace) return ctx.reply.integer(0);
    database.transfer(address, target, frame.buffer, from, length, { move: false, replaced });
    target.event(EventClass.GENERIC, "copy_to", frame.buffer, from, length);
    ctx.reply.integer(1);
  },
);

function deleteKeys(ctx: Context): void {
  const { database, frame } = ctx;
  let count = 0;
  for (let index = 1; index < ctx.count; index++) {
    ctx.prepareKeys(1, index, 1);
    const address = database.find(ctx, frame.buffer, frame.offsets[index], frame.lengths[index]);
    if (address === 0) continue;
    database.delete(address);
    ctx.event(EventClass.GENERIC, "del", index);
    count++;
  }
  ctx.reply.integer(count);
}

/** RENAME of argument 1 to 2. -> false when the new name is taken and `replace` is off, or is the old one. Errors: no such key. */
function renameKey(ctx: Context, options: { replace: boolean }): boolean {
  const { database, frame } = ctx;
  const address = ctx.write(1);
  if (address === 0) throw errors.noSuchKey;
  if (sameKeys(ctx)) return false;
  const replaced = ctx.write(2);
  if (replaced !== 0 && !options.replace) return false;
  database.transfer(address, database, frame.buffer, frame.offsets[2], frame.lengths[2], { move: true, replaced });
  ctx.event(EventClass.GENERIC, "rename_from", 1);
  ctx.event(EventClass.GENERIC, "rename_to", 2);
  return true;
}

/** Whether arguments 1 and 2 are the same bytes. */
function sameKeys({ frame }: Context): boolean {
  const { buffer, offsets, lengths } = frame;
  return lengths[1] === lengths[2] && equalBytes(buffer, offsets[1], buffer, offsets[2], lengths[1]);
}
