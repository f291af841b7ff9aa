/** OBJECT: how values are stored. */

import { smallInteger } from "../../base/bytes.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access.ts";
import { ENCODING_NAMES, Encoding } from "../../values/value-types.ts";
import { type HelpEntry, helpOf } from "../arguments/help.ts";

const command = commandsOf("generic");

const HELP: readonly HelpEntry[] = [
  ["ENCODING <key>", "Returns the encoding of the key's value."],
  ["FREQ <key>", "Returns the key's logarithmic access frequency. Only with an LFU maxmemory-policy."],
  ["IDLETIME <key>", "Returns the seconds since the last access to the key. Not with an LFU maxmemory-policy."],
  ["REFCOUNT <key>", "Returns the reference count of the key's value."],
];

/** Redis shares one object for each number below 10000, whose reference count is the largest int. */
const SHARED_INTEGERS = 10000;
const SHARED_REFCOUNT = 2147483647;

const SWITCHING = "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

const encoding = command("object|encoding", { arity: 3, since: "2.2.3", flags: "readonly" })
  .takes("key{RO}")
  .answers("string | null")
  .tips("nondeterministic_output")
  .docs("Returns the encoding of the value of a key.", "O(1)")
  .run((call) => {
    const address = lookup(call);
    if (address === 0) call.reply.null();
    else call.reply.bulk(ENCODING_NAMES[call.database.encoding(address)]);
  });

const freq = command("object|freq", { arity: 3, since: "4.0.0", flags: "readonly" })
  .takes("key{RO}")
  .answers("count | null")
  .tips("nondeterministic_output")
  .docs("Returns the logarithmic access frequency of a key.", "O(1)")
  .run((call) => {
    const { lfu } = call.server.keyspace;
    const address = lookup(call);
    if (address === 0) return call.reply.null();
    if (lfu === null) throw commandError(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`);
    call.reply.integer(lfuCounter(call.database.access(address), call.now, lfu));
  });

const idletime = command("object|idletime", { arity: 3, since: "2.2.3", flags: "readonly" })
  .takes("key{RO}")
  .answers("count | null")
  .tips("nondeterministic_output")
  .docs("Returns the seconds since the last access to a key.", "O(1)")
  .run((call) => {
    const address = lookup(call);
    if (address === 0) return call.reply.null();
    if (call.server.keyspace.lfu !== null)
      throw commandError(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`);
    call.reply.integer(idleSeconds(call.database.access(address), call.now));
  });

const refcount = command("object|refcount", { arity: 3, since: "2.2.3", flags: "readonly" })
  .takes("key{RO}")
  .answers("count | null")
  .tips("nondeterministic_output")
  .docs("Returns the reference count of the value of a key.", "O(1)")
  .run((call) => {
    const address = lookup(call);
    if (address === 0) call.reply.null();
    else call.reply.integer(isSharedInteger(call, address) ? SHARED_REFCOUNT : 1);
  });

const help = helpOf(command("object|help", { arity: 2, since: "6.2.0", flags: "loading stale" }), HELP);

export const object = command("object", { arity: -2, since: "2.2.3", flags: "" })
  .docs("A container for commands that inspect values.", "Depends on the subcommand.")
  .family([encoding, freq, idletime, refcount, help]);

/** Returns the address of key 2, without noting an access or publishing a miss. */
function lookup(call: Call): number {
  const { database, frame, server } = call;
  const address = database.find(call, frame.buffer, frame.offsets[2], frame.lengths[2]);
  if (address === 0) server.keyspace.stats.misses++;
  else server.keyspace.stats.hits++;
  return address;
}

/** Returns whether Redis would share the object of the number at `address`: policies that need an access time for each key forbid it. */
function isSharedInteger(call: Call, address: number): boolean {
  const { database } = call;
  const { maxmemory, "maxmemory-policy": policy } = call.server.config.values;
  if (database.encoding(address) !== Encoding.INT || (maxmemory !== 0 && /-l[rf]u$/.test(policy))) return false;
  const { buffer, from, to } = database.locateString(address);
  const value = smallInteger(buffer, from, to);
  return value >= 0 && value < SHARED_INTEGERS;
}
