/** REPLICANT.TREE, REPLICANT.SEARCH and REPLICANT.BIGKEYS: what is in a database, seen from above (docs/console-commands.md). */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { isPosition, type TreeEntry, type TreeOrder } from "../../inspection/level.ts";
import { BigKeys, type FoundKey, Search } from "../../inspection/surveys.ts";
import type { TreeTask } from "../../inspection/tree-task.ts";
import { Value } from "../../keyspace/value.ts";
import type { Reply } from "../../protocol/reply.ts";
import { TYPE_NAMES } from "../../values/value-types.ts";
import { parseCursor } from "../arguments/collection-scan.ts";
import { FILTERS, filterOf, filterWords, readableBy, scopeOf } from "../arguments/key-filter.ts";
import { waitFor } from "../arguments/walk.ts";

const command = commandsOf("server");

const DEFAULT_COUNT = 100;
const DEFAULT_BIGGEST = 20;
/** A page is put in order in one go, which is to take no longer than a slice. */
const MOST_COUNT = 1000;
const DEFAULT_SEPARATOR: Buffer = Buffer.from(":");
const ORDERS: readonly TreeOrder[] = ["name", "keys", "bytes"];

const FOUND = "[key: string, type: string, bytes: count, ttl: integer]";

/** Replies with a map, see the documentation. Errors: an invalid option, too many walks, a database that is replaced again and again. */
export const tree = command("replicant.tree", { arity: -1, since: "0.1.0", flags: "readonly noscript no_multi blocking" })
  .takes(`${FILTERS} [SEPARATOR separator] [BY by(NAME | KEYS | BYTES)] [COUNT count:integer] [AFTER after] [FRESH]`)
  .answers(`{database: count, prefix: string, keys: count, bytes: count, branches: count, leaves: count, age: count, walk: count,
      entries: [name: string, type: string, keys: count, bytes: count, ttl: integer][], next: string | null,
      rest: [keys: count, bytes: count] | null}`)
  .acl("keyspace dangerous")
  .docs("Returns one level of the tree that the names of keys make.", "O(N) for N keys in the database")
  .run((call) => {
    const options = {
      separator: DEFAULT_SEPARATOR,
      order: "name" as TreeOrder,
      count: DEFAULT_COUNT,
      after: null as Buffer | null,
      fresh: false,
    };
    const words = filterWords(call, 1, (index) => {
      if (call.is(index, "fresh")) {
        options.fresh = true;
        return 1;
      }
      if (index + 1 >= call.count) return 0;
      if (call.is(index, "separator")) options.separator = call.bytes(index + 1);
      else if (call.is(index, "by")) options.order = oneOf(call, index + 1, ORDERS);
      else if (call.is(index, "count")) options.count = call.integer(index + 1, 1, MOST_COUNT);
      else if (call.is(index, "after")) options.after = call.bytes(index + 1);
      else return 0;
      return 2;
    });
    if (options.separator.length === 0) throw commandError("ERR invalid separator: it is empty");
    if (options.after !== null && !isPosition(options.after)) throw commandError("ERR invalid position: it is the 'next' of a page before");
    const readable = readableBy(call);
    const request = {
      ...options,
      database: words.database,
      filter: filterOf(words, readable.visible),
      wholeFilter: filterOf(words, readable.visible, Buffer.alloc(0)),
      scope: scopeOf(words, readable),
    };
    const { inspections } = call.server;
    waitFor(
      call,
      (wanted) => inspections.tree(request, wanted),
      (reply, task) => writeTree(reply, task, words.database.index, words.prefix),
    );
  });

function oneOf<T extends string>(call: Call, index: number, words: readonly T[]): T {
  const found = words.find((word) => call.is(index, word));
  if (found === undefined) throw errors.syntax;
  return found;
}

function writeTree(reply: Reply, task: TreeTask, database: number, prefix: Buffer): void {
  const { result } = task;
  reply.map(11);
  reply.field("database", database);
  reply.bulk("prefix");
  reply.bytesOf(prefix);
  reply.field("keys", result.keys);
  reply.field("bytes", result.bytes);
  reply.field("branches", result.branches);
  reply.field("leaves", result.leaves);
  reply.field("age", Math.round(result.age));
  reply.field("walk", Math.round(result.walk));
  reply.bulk("entries");
  reply.array(result.entries.length);
  for (const entry of result.entries) writeEntry(reply, entry);
  reply.bulk("next");
  if (result.next === null) reply.null();
  else reply.bytesOf(result.next);
  reply.bulk("rest");
  if (result.rest === null) return reply.null();
  reply.array(2);
  reply.integer(result.rest.keys);
  reply.integer(result.rest.bytes);
}

function writeEntry(reply: Reply, { name, type, keys, bytes, msToLive }: TreeEntry): void {
  reply.array(5);
  reply.bytesOf(name);
  reply.bulk(type === null ? "branch" : TYPE_NAMES[type]);
  reply.integer(keys);
  reply.integer(bytes);
  reply.integer(msToLive);
}

/** Replies with the next cursor and the keys found. Errors: an invalid cursor or option, too many walks. */
export const search = command("replicant.search", { arity: -2, since: "0.1.0", flags: "readonly noscript no_multi blocking" })
  .takes(`cursor ${FILTERS} [COUNT count:integer]`)
  .answers(`{cursor: string, looked: count, total: count, keys: (${FOUND})[]}`)
  .acl("keyspace dangerous")
  .docs("Looks for keys by name, type, size and expiry.", "O(N) for N keys in the database, in several calls")
  .run((call) => {
    const cursor = parseCursor(call.text(1));
    let count = DEFAULT_COUNT;
    const words = filterWords(call, 2, (index) => {
      if (!call.is(index, "count") || index + 1 >= call.count) return 0;
      count = call.integer(index + 1, 1, MOST_COUNT);
      return 2;
    });
    const { database } = words;
    const work = new Search(database, filterOf(words, readableBy(call).visible), cursor, count);
    const { inspections } = call.server;
    waitFor(
      call,
      (wanted) => inspections.run(work, wanted),
      (reply) => {
        reply.map(4);
        reply.bulk("cursor");
        reply.integerBulk(work.cursor >>> 0);
        reply.field("looked", work.looked);
        reply.field("total", database.size);
        reply.bulk("keys");
        reply.array(work.found.length);
        for (const key of work.found) {
          reply.array(4);
          writeFound(reply, key);
          reply.integer(key.msToLive);
        }
      },
    );
  });

function writeFound(reply: Reply, { name, type, bytes }: FoundKey): void {
  reply.bytesOf(name);
  reply.bulk(TYPE_NAMES[type]);
  reply.integer(bytes);
}

/** Replies with a map, see the documentation. Errors: an invalid option, too many walks, a database that is replaced again and again. */
export const bigKeys = command("replicant.bigkeys", { arity: -1, since: "0.1.0", flags: "readonly noscript no_multi blocking" })
  .takes(`${FILTERS} [BY by(BYTES | ELEMENTS)] [COUNT count:integer]`)
  .answers(`{database: count, keys: count, bytes: count, walk: count, types: map<string, [keys: count, bytes: count, elements: count]>,
      biggest: [key: string, type: string, bytes: count, elements: count, ttl: integer][]}`)
  .acl("keyspace dangerous")
  .docs("Returns the largest keys of a database.", "O(N) for N keys in the database")
  .run((call) => {
    const options = { count: DEFAULT_BIGGEST, by: "bytes" as "bytes" | "elements" };
    const words = filterWords(call, 1, (index) => {
      if (index + 1 >= call.count) return 0;
      if (call.is(index, "by")) options.by = oneOf(call, index + 1, ["bytes", "elements"]);
      else if (call.is(index, "count")) options.count = call.integer(index + 1, 1, MOST_COUNT);
      else return 0;
      return 2;
    });
    const { database } = words;
    const { inspections, keyspace } = call.server;
    const work = new BigKeys(database, filterOf(words, readableBy(call).visible), new Value(keyspace), options);
    waitFor(
      call,
      (wanted) => inspections.run(work, wanted),
      (reply) => writeBigKeys(reply, work, database.index),
    );
  });

function writeBigKeys(reply: Reply, { keys, bytes, walkMs, types, biggest }: BigKeys, database: number): void {
  reply.map(6);
  reply.field("database", database);
  reply.field("keys", keys);
  reply.field("bytes", bytes);
  reply.field("walk", Math.round(walkMs));
  reply.bulk("types");
  reply.map(types.size);
  for (const [type, figures] of types) {
    reply.bulk(TYPE_NAMES[type]);
    reply.array(3);
    reply.integer(figures.keys);
    reply.integer(figures.bytes);
    reply.integer(figures.elements);
  }
  reply.bulk("biggest");
  reply.array(biggest.length);
  for (const key of biggest) {
    reply.array(5);
    writeFound(reply, key);
    reply.integer(key.elements);
    reply.integer(key.msToLive);
  }
}
