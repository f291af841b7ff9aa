/** Keys of any type: whether they exist, deleting, renaming, moving and copying them. */

import { equalBytes } from "../../base/bytes.ts";
import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { TYPE_NAMES } from "../../values/value-types.ts";
import { databaseArgument } from "../arguments/database-index.ts";

const command = commandsOf("generic");

export const del = command("del", { arity: -2, since: "1.0.0", flags: "write" })
  .takes("key{RM delete}...")
  .answers("count")
  .tips("request_policy:multi_shard response_policy:agg_sum")
  .docs("Deletes keys.", "O(N) for N keys and elements in them")
  .run(deleteKeys);

export const unlink = command("unlink", { arity: -2, since: "4.0.0", flags: "write fast" })
  .takes("key{RM delete}...")
  .answers("count")
  .tips("request_policy:multi_shard response_policy:agg_sum")
  .docs("Deletes keys and frees their memory in the background.", "O(1) for each key")
  .run(deleteKeys);

export const exists = command("exists", { arity: -2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO}...")
  .answers("count")
  .tips("request_policy:multi_shard response_policy:agg_sum")
  .docs("Counts the keys that exist.", "O(N) for N keys")
  .changed("3.0.3: Accepts several keys.")
  .run((call) => countKeys(call, false));

export const touch = command("touch", { arity: -2, since: "3.2.1", flags: "readonly fast" })
  .takes("key{RO}...")
  .answers("count")
  .marked("touches")
  .tips("request_policy:multi_shard response_policy:agg_sum")
  .docs("Counts the keys that exist and updates their access times.", "O(N) for N keys")
  .run((call) => countKeys(call, true));

export const type = command("type", { arity: 2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("status")
  .docs("Returns the type of the value of a key.", "O(1)")
  .run((call) => {
    const address = call.peek(1);
    call.reply.simple(address === 0 ? "none" : TYPE_NAMES[call.database.type(address)]);
  });

export const rename = command("rename", { arity: 3, since: "1.0.0", flags: "write" })
  .takes("key{RW access delete} newkey{OW update}")
  .answers("OK")
  .docs("Renames a key and overwrites the destination.", "O(1)")
  .run((call) => {
    renameKey(call, { replace: true });
    call.reply.ok();
  });

export const renamenx = command("renamenx", { arity: 3, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access delete} newkey{OW insert}")
  .answers("0 | 1")
  .docs("Renames a key only if the new name doesn't exist.", "O(1)")
  .changed("3.2.0: No error if both names are the same.")
  .run((call) => call.reply.integer(renameKey(call, { replace: false }) ? 1 : 0));

export const move = command("move", { arity: 3, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access update} db")
  .answers("0 | 1")
  .docs("Moves a key to another database.", "O(1)")
  .run((call) => {
    const { database, frame } = call;
    const target = databaseArgument(call, 2);
    if (target === database) throw errors.sameObject;
    const from = frame.offsets[1];
    const length = frame.lengths[1];
    const address = call.write(1);
    if (address === 0 || target.write(call, frame.buffer, from, length) !== 0) return call.reply.integer(0);
    database.transfer(address, target, frame.buffer, from, length, { move: true });
    call.event(EventClass.GENERIC, "move_from", 1);
    target.event(EventClass.GENERIC, "move_to", frame.buffer, from, length);
    call.reply.integer(1);
  });

export const copy = command("copy", { arity: -3, since: "6.2.0", flags: "write denyoom" })
  .takes("source{RO access} destination{OW update} [DB destination-db] [REPLACE]")
  .answers("0 | 1")
  .docs("Copies the value of a key to another key.", "O(N) for N elements; O(1) for strings")
  .run((call) => {
    const { database, frame } = call;
    let target = database;
    let replace = false;
    for (let index = 3; index < call.count; index++) {
      if (call.is(index, "replace")) replace = true;
      else if (call.is(index, "db") && index + 1 < call.count) target = databaseArgument(call, ++index);
      else throw errors.syntax;
    }
    if (target === database && sameKeys(call)) throw errors.sameObject;
    const address = call.read(1);
    if (address === 0) return call.reply.integer(0);
    const from = frame.offsets[2];
    const length = frame.lengths[2];
    const replaced = target.write(call, frame.buffer, from, length);
    if (replaced !== 0 && !replace) return call.reply.integer(0);
    database.transfer(address, target, frame.buffer, from, length, { move: false, replaced });
    target.event(EventClass.GENERIC, "copy_to", frame.buffer, from, length);
    call.reply.integer(1);
  });

/** `touches`: their access times are updated. */
function countKeys(call: Call, touches: boolean): void {
  let count = 0;
  for (let index = 1; index < call.count; index++) {
    call.prepareKeys(1, index, 1);
    if ((touches ? call.read(index) : call.peek(index)) !== 0) count++;
  }
  call.reply.integer(count);
}

function deleteKeys(call: Call): void {
  const { database, frame } = call;
  let count = 0;
  for (let index = 1; index < call.count; index++) {
    call.prepareKeys(1, index, 1);
    const address = database.find(call, frame.buffer, frame.offsets[index], frame.lengths[index]);
    if (address === 0) continue;
    database.delete(address);
    count++;
  }
  call.reply.integer(count);
}

/** Renames argument 1 to 2. Returns false if the new name exists and `replace` is off, or if it is the old one. Errors: no such key. */
function renameKey(call: Call, options: { replace: boolean }): boolean {
  const { database, frame } = call;
  const address = call.write(1);
  if (address === 0) throw errors.noSuchKey;
  if (sameKeys(call)) return false;
  const replaced = call.write(2);
  if (replaced !== 0 && !options.replace) return false;
  database.transfer(address, database, frame.buffer, frame.offsets[2], frame.lengths[2], { move: true, replaced });
  call.event(EventClass.GENERIC, "rename_from", 1);
  call.event(EventClass.GENERIC, "rename_to", 2);
  return true;
}

/** Whether arguments 1 and 2 are the same bytes. */
function sameKeys({ frame }: Call): boolean {
  const { buffer, offsets, lengths } = frame;
  return lengths[1] === lengths[2] && equalBytes(buffer, offsets[1], buffer, offsets[2], lengths[1]);
}
