/** OBJECT: how what a key holds is kept. */

import { smallInteger } from "../../base/bytes.ts";
import { commandError } from "../../errors.ts";
import { command, container, key, keyAt } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access.ts";
import { ENCODING_NAMES, Encoding } from "../../values/value-types.ts";
import { type HelpEntry, replyHelp } from "../arguments/help.ts";

const HELP: readonly HelpEntry[] = [
  ["ENCODING <key>", "How what the key holds is encoded."],
  ["FREQ <key>", "The access counter of the key, which grows as the logarithm of its use. Only with an LFU maxmemory-policy."],
  ["IDLETIME <key>", "Seconds since the key was last used. Not with an LFU maxmemory-policy."],
  ["REFCOUNT <key>", "The number of references to what the key holds."],
];

/** Redis keeps one object for each of these numbers, below 10000, and counts its references as the largest int. */
const SHARED_INTEGERS = 10000;
const SHARED_REFCOUNT = 2147483647;

const SWITCHING = "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

const encoding = command(
  {
    name: "encoding",
    arity: 3,
    group: "generic",
    since: "2.2.3",
    flags: ["readonly"],
    keys: [keyAt(2, "RO")],
    summary: "Answers with how what a key holds is encoded",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key()],
    tips: ["nondeterministic_output"],
  },
  (ctx) => {
    const address = lookup(ctx);
    if (address === 0) ctx.reply.null();
    else ctx.reply.bulk(ENCODING_NAMES[ctx.database.encoding(address)]);
  },
);

const freq = command(
  {
    name: "freq",
    arity: 3,
    group: "generic",
    since: "4.0.0",
    flags: ["readonly"],
    keys: [keyAt(2, "RO")],
    summary: "Answers with the logarithmic access counter of a key",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key()],
    tips: ["nondeterministic_output"],
  },
  (ctx) => {
    const { lfu } = ctx.host.keyspace;
    const address = lookup(ctx);
    if (address === 0) return ctx.reply.null();
    if (lfu === null) throw commandError(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`);
    ctx.reply.integer(lfuCounter(ctx.database.access(address), ctx.now, lfu));
  },
);

const idletime = command(
  {
    name: "idletime",
    arity: 3,
    group: "generic",
    since: "2.2.3",
    flags: ["readonly"],
    keys: [keyAt(2, "RO")],
    summary: "Answers with the seconds since a key was last used",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key()],
    tips: ["nondeterministic_output"],
  },
  (ctx) => {
    const address = lookup(ctx);
    if (address === 0) return ctx.reply.null();
    if (ctx.host.keyspace.lfu !== null) throw commandError(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`);
    ctx.reply.integer(idleSeconds(ctx.database.access(address), ctx.now));
  },
);

const refcount = command(
  {
    name: "refcount",
    arity: 3,
    group: "generic",
    since: "2.2.3",
    flags: ["readonly"],
    keys: [keyAt(2, "RO")],
    summary: "Answers with the number of references to what a key holds",
    complexity: "O(1)",
    categories: ["keyspace"],
    arguments: [key()],
    tips: ["nondeterministic_output"],
  },
  (ctx) => {
    const address = lookup(ctx);
    if (address === 0) ctx.reply.null();
    else ctx.reply.integer(isSharedInteger(ctx, address) ? SHARED_REFCOUNT : 1);
  },
);

const help = command(
  {
    name: "help",
    arity: 2,
    group: "generic",
    since: "6.2.0",
    flags: ["loading", "stale"],
    summary: "Explains the subcommands",
    complexity: "O(1)",
    categories: ["keyspace"],
  },
  (ctx) => replyHelp(ctx, HELP),
);

export const object = container(
  {
    name: "object",
    arity: -2,
    group: "generic",
    since: "2.2.3",
    flags: [],
    summary: "Commands that look at how values are held",
    complexity: "Depends on the subcommand",
  },
  [encoding, freq, idletime, refcount, help],
);

/** Key 2, without noting an access or telling of a miss. */
function lookup(ctx: Context): number {
  const { database, frame, host } = ctx;
  const address = database.find(ctx, frame.buffer, frame.offsets[2], frame.lengths[2]);
  if (address === 0) host.keyspace.stats.misses++;
  else host.keyspace.stats.hits++;
  return address;
}

/** Whether Redis would keep the number at `address` in a shared object: policies that need an access time for each key forbid it. */
function isSharedInteger(ctx: Context, address: number): boolean {
  const { database } = ctx;
  const { maxmemory, "maxmemory-policy": policy } = ctx.host.config.values;
  if (database.encoding(address) !== Encoding.INT || (maxmemory !== 0 && /-l[rf]u$/.test(policy))) return false;
  const from = database.stringOffset(address);
  const value = smallInteger(database.stringBuffer(address), from, from + database.stringLength(address));
  return value >= 0 && value < SHARED_INTEGERS;
}
