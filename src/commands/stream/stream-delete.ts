/** XDELEX and XACKDEL: deleting entries with regard to the groups that reference them. Redis 8.2's commands. */

import { assert } from "../../assert.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { streamOf } from "../../values/stream/stream.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { References } from "../../values/stream/stream-references.ts";
import { Type } from "../../values/value-types.ts";
import { longAtLeast } from "../arguments/numbers.ts";
import { findGroup, groupsChanged, parseIds } from "./stream-arguments.ts";
import { referencesOf, StreamRemoval } from "./stream-removal.ts";

const command = commandsOf("stream");

/** What became of an entry, as it is answered. */
const NOT_FOUND = -1;
const DELETED = 1;
const STILL_REFERENCED = 2;

const noCount = commandError("ERR Number of IDs must be a positive integer");
const otherCount = commandError("ERR The `numids` parameter must match the number of arguments");

const OPTIONS = "[condition(KEEPREF | DELREF | ACKED)] IDS ids(numids:integer id...)";

const id = new StreamId();

export const xdelex = command("xdelex", { arity: -5, since: "8.2.0", flags: "write fast" })
  .takes(`key{RW delete} ${OPTIONS}`)
  .answers("(-1 | 1 | 2)[]")
  .docs("Deletes entries of a stream, and their references in consumer groups or only entries without any.", "O(1) for each id")
  .run((call) => {
    const value = call.openWrite(1, Type.STREAM);
    const options = parseDeletion(call, 2);
    const stream = streamOf(value);
    if (stream === null) return replyNotFound(call, options);
    const ids = parseIds(call, options.first, options.first + options.count - 1);
    const removal = new StreamRemoval(call, stream, options.references);
    let deleted = 0;
    call.reply.array(options.count);
    for (let at = 0; at < ids.length; at += 16) {
      const allowed = removal.allows(id.read(ids, at));
      const found = allowed && removal.delete(id);
      if (found) deleted++;
      call.reply.integer(!allowed ? STILL_REFERENCED : found ? DELETED : NOT_FOUND);
    }
    removed(call, value, removal, deleted, deleted);
  });

export const xackdel = command("xackdel", { arity: -6, since: "8.2.0", flags: "write fast" })
  .takes(`key{RW update delete} group ${OPTIONS}`)
  .answers("(-1 | 1 | 2)[]")
  .docs("Acknowledges entries of a stream in a consumer group and deletes them.", "O(1) for each id")
  .run((call) => {
    const value = call.openRead(1, Type.STREAM);
    const options = parseDeletion(call, 3);
    const stream = streamOf(value);
    const group = findGroup(call, stream, 2);
    if (stream === null || group === undefined) return replyNotFound(call, options);
    const ids = parseIds(call, options.first, options.first + options.count - 1);
    value.beforeChange();
    const removal = new StreamRemoval(call, stream, options.references);
    let acknowledged = 0;
    let deleted = 0;
    call.reply.array(options.count);
    for (let at = 0; at < ids.length; at += 16) {
      if (!group.pending.find(id.read(ids, at))) {
        call.reply.integer(NOT_FOUND);
        continue;
      }
      removal.acknowledge(group, id);
      acknowledged++;
      const allowed = removal.allows(id);
      if (allowed && removal.delete(id)) deleted++;
      call.reply.integer(allowed ? DELETED : STILL_REFERENCED);
    }
    removed(call, value, removal, deleted, acknowledged);
  });

interface DeletionOptions {
  references: References;
  /** The ids are `count` arguments from `first` on; 0: not given. */
  first: number;
  count: number;
}

/** Reads the options from argument `index` on, in any order; of several lists of ids the last counts. Errors: as Redis has them. */
function parseDeletion(call: Call, index: number): DeletionOptions {
  const options: DeletionOptions = { references: References.KEEPREF, first: 0, count: 0 };
  let told = false;
  for (; index < call.count; index++) {
    const references = told ? undefined : referencesOf(call, index);
    if (references !== undefined) {
      options.references = references;
      told = true;
    } else if (call.is(index, "ids") && index + 1 < call.count) {
      options.count = longAtLeast(call, index + 1, 1, noCount);
      options.first = index + 2;
      if (options.count > call.count - options.first) throw otherCount;
      index += options.count + 1;
    } else throw errors.syntax;
  }
  assert(options.first > 0, "more arguments than one option are needed, and then they are a list");
  return options;
}

function replyNotFound(call: Call, { count }: DeletionOptions): void {
  call.reply.array(count);
  for (let left = count; left > 0; left--) call.reply.integer(NOT_FOUND);
}

/** Says what a command has removed, which counts as `changes`. References alone are no change for clients that watch the key. */
function removed(call: Call, value: Value, removal: StreamRemoval, deleted: number, changes: number): void {
  if (deleted > 0) {
    value.changed(changes);
    call.event(EventClass.STREAM, "xdel", 1);
  } else if (removal.dropped > 0) groupsChanged(call, value, removal.dropped);
  if (!call.server.journal.active || deleted + removal.dropped === 0) return;
  removal.journalReferences();
  removal.journalDeleted();
}
