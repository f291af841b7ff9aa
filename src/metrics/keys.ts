/**
 * Series of keys that a scrape asks for. They are asked of the server as a client would ask, in the name of the user who scrapes and under its
 * rules, in slices between which other clients are served.
 */

import { LocalEndpoint } from "../compare/local.ts";
import { ErrorReply, type Value } from "../compare/reply-decoder.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import type { User } from "../session/acl/user.ts";
import { type Exposition, labels } from "./exposition.ts";
import type { KeyArgument, ScrapeQuery } from "./query.ts";

/** So many keys a scrape has at most. */
const MOST_KEYS = 10_000;
/** Longer values are none for a label. */
const MOST_VALUE_BYTES = 64 * 1024;
/** How a string begins that is a HyperLogLog. */
const HYPERLOGLOG = "HYLL";
/** Which command tells the size of a key, by type. */
const SIZE_COMMANDS: ReadonlyMap<string, string> = new Map([
  ["list", "LLEN"],
  ["set", "SCARD"],
  ["zset", "ZCARD"],
  ["hash", "HLEN"],
  ["stream", "XLEN"],
]);
/** What is a number to redis_exporter. */
const NUMERAL = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)$|^nan$/i;

/** The server, asked in a user's name. */
export class Questions {
  private readonly server: ServerParts;
  private readonly user: User | null;
  private readonly endpoints = new Map<number, LocalEndpoint>();

  constructor(server: ServerParts, user: User | null) {
    this.server = server;
    this.user = user;
  }

  /** Asks in database `db`. Errors are replies; so are all, for a database that is not there. */
  async ask(db: number, requests: readonly (readonly string[])[]): Promise<Value[]> {
    const { server, user } = this;
    const database = server.keyspace.databases[db];
    if (database === undefined) return requests.map(() => new ErrorReply("ERR DB index is out of range"));
    let endpoint = this.endpoints.get(db);
    if (endpoint === undefined) {
      endpoint = new LocalEndpoint(server.executor, database, (session) => {
        if (user !== null) server.access.enter(session, user);
      });
      this.endpoints.set(db, endpoint);
    }
    return await endpoint.ask(requests);
  }

  /** Hands the keys of a database that match, batch by batch, to `take`, until it returns false. */
  async scan(db: number, pattern: string, batch: number, take: (keys: readonly Value[]) => boolean): Promise<void> {
    let cursor = "0";
    do {
      const [reply] = await this.ask(db, [["SCAN", cursor, "MATCH", pattern, "COUNT", String(batch)]]);
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) return;
      cursor = String(reply[0]);
      if (!take(reply[1])) return;
    } while (cursor !== "0");
  }

  /** The keys that arguments name, those of patterns searched for. */
  async expand({ patterns, single }: ScrapeQuery["keys"], batch: number): Promise<KeyArgument[]> {
    const found = [...single];
    for (const { db, key } of patterns) {
      if (!/[?*[\]^]/.test(key)) found.push({ db, key });
      else {
        const take = (keys: readonly Value[]) => {
          for (const name of keys) if (typeof name === "string" && found.length < MOST_KEYS) found.push({ db, key: name });
          return found.length < MOST_KEYS;
        };
        await this.scan(db, key, batch, take);
      }
    }
    // SCAN may have told of a key twice, and arguments too.
    return [...new Map(found.map((place) => [`${place.db} ${place.key}`, place])).values()];
  }
}

/** The samples of several families, each kept together. */
class Families {
  private readonly samples = new Map<string, [labels: string, value: number][]>();

  add(name: string, of: Readonly<Record<string, string>>, value: number): void {
    const text = labels(of);
    if (text === null) return;
    const list = this.samples.get(name);
    if (list === undefined) this.samples.set(name, [[text, value]]);
    else list.push([text, value]);
  }

  write(out: Exposition, help: Readonly<Record<string, string>>, counters: readonly string[] = []): void {
    for (const [name, list] of this.samples) {
      out.family(`redis_${name}`, counters.includes(name) ? "counter" : "gauge", help[name] ?? name);
      for (const [text, value] of list) out.sample(text, value);
    }
  }
}

const KEY_HELP = {
  key_size: "Elements of a key, or its bytes",
  key_memory_usage_bytes: "Memory that a key takes",
  key_value: "The value of a key that is a number",
  key_value_as_string: "The value of a key",
};

/** check-keys and check-single-keys. */
export async function addKeys(out: Exposition, questions: Questions, { keys, batch, keyValues }: ScrapeQuery): Promise<void> {
  const families = new Families();
  for (const { db, key } of await questions.expand(keys, batch)) {
    const place = { db: `db${db}`, key };
    const [type, memory] = await questions.ask(db, [
      ["TYPE", key],
      ["MEMORY", "USAGE", key],
    ]);
    if (typeof memory === "number") families.add("key_memory_usage_bytes", place, memory);
    if (type === "string") {
      const { size, value } = await stringFacts(questions, db, key, keyValues);
      if (size !== null) families.add("key_size", place, size);
      if (value === null) continue;
      if (NUMERAL.test(value)) families.add("key_value", place, numberOf(value));
      else families.add("key_value_as_string", { ...place, val: value }, 1);
    } else {
      const command = SIZE_COMMANDS.get(String(type));
      const [size] = command === undefined ? [] : await questions.ask(db, [[command, key]]);
      if (typeof size === "number") families.add("key_size", place, size);
    }
  }
  families.write(out, KEY_HELP);
}

/** The size of a string, or how many elements a HyperLogLog has seen; and what it holds, if that is wanted and fit to be shown. */
async function stringFacts(questions: Questions, db: number, key: string, wanted: boolean) {
  const [length, start] = await questions.ask(db, [
    ["STRLEN", key],
    ["GETRANGE", key, "0", "3"],
  ]);
  if (start === HYPERLOGLOG) {
    const [count] = await questions.ask(db, [["PFCOUNT", key]]);
    return { size: typeof count === "number" ? count : null, value: null };
  }
  const size = typeof length === "number" ? length : null;
  if (!wanted || size === null || size === 0 || size > MOST_VALUE_BYTES) return { size, value: null };
  const [value] = await questions.ask(db, [["GET", key]]);
  return { size, value: typeof value === "string" ? value : null };
}

function numberOf(text: string): number {
  if (/inf/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

/** count-keys. */
export async function addCounts(out: Exposition, questions: Questions, { counted, batch }: ScrapeQuery): Promise<void> {
  const families = new Families();
  for (const { db, key } of counted) {
    let count = 0;
    await questions.scan(db, key, batch, (keys) => {
      count += keys.length;
      return true;
    });
    families.add("keys_count", { db: `db${db}`, key }, count);
  }
  families.write(out, { keys_count: "Keys that match a pattern" });
}

const STREAM_HELP = {
  stream_length: "Entries of a stream",
  stream_radix_tree_keys: "Nodes of entries of a stream",
  stream_radix_tree_nodes: "Nodes of the tree of a stream",
  stream_last_generated_id: "Time of the last id of a stream, in ms since 1970",
  stream_groups: "Groups of a stream",
  stream_max_deleted_entry_id: "Time of the highest id that was deleted from a stream, in ms since 1970",
  stream_first_entry_id: "Time of the first entry of a stream, in ms since 1970",
  stream_last_entry_id: "Time of the last entry of a stream, in ms since 1970",
  stream_entries_added_total: "Entries that were ever added to a stream",
  stream_group_consumers: "Consumers of a group",
  stream_group_messages_pending: "Entries of a group that were delivered and not acknowledged",
  stream_group_last_delivered_id: "Time of the entry that a group was delivered last, in ms since 1970",
  stream_group_entries_read: "Entries that a group has read",
  stream_group_lag: "Entries of a stream that a group has not read",
  stream_group_consumer_messages_pending: "Entries that a consumer was delivered and has not acknowledged",
  stream_group_consumer_idle_seconds: "Seconds since a consumer was last there",
};

/** check-streams and check-single-streams. */
export async function addStreams(out: Exposition, questions: Questions, { streams, batch, consumers }: ScrapeQuery): Promise<void> {
  const families = new Families();
  for (const { db, key } of await questions.expand(streams, batch)) {
    const [stream, groups] = await questions.ask(db, [
      ["XINFO", "STREAM", key],
      ["XINFO", "GROUPS", key],
    ]);
    const facts = fieldsOf(stream);
    if (facts === null) continue;
    const place = { db: `db${db}`, stream: key };
    families.add("stream_length", place, numeric(facts.length));
    families.add("stream_radix_tree_keys", place, numeric(facts["radix-tree-keys"]));
    families.add("stream_radix_tree_nodes", place, numeric(facts["radix-tree-nodes"]));
    families.add("stream_last_generated_id", place, timeOf(facts["last-generated-id"]));
    families.add("stream_groups", place, numeric(facts.groups));
    families.add("stream_max_deleted_entry_id", place, timeOf(facts["max-deleted-entry-id"]));
    families.add("stream_first_entry_id", place, timeOf(firstOf(facts["first-entry"])));
    families.add("stream_last_entry_id", place, timeOf(firstOf(facts["last-entry"])));
    families.add("stream_entries_added_total", place, numeric(facts["entries-added"]));
    for (const group of Array.isArray(groups) ? groups : []) await addGroup(families, questions, { db, key }, group, consumers);
  }
  families.write(out, STREAM_HELP, ["stream_entries_added_total"]);
}

async function addGroup(
  families: Families,
  questions: Questions,
  { db, key }: KeyArgument,
  group: Value,
  consumers: boolean,
): Promise<void> {
  const facts = fieldsOf(group);
  if (facts === null) return;
  const name = String(facts.name);
  const place = { db: `db${db}`, stream: key, group: name };
  families.add("stream_group_consumers", place, numeric(facts.consumers));
  families.add("stream_group_messages_pending", place, numeric(facts.pending));
  families.add("stream_group_last_delivered_id", place, timeOf(facts["last-delivered-id"]));
  families.add("stream_group_entries_read", place, numeric(facts["entries-read"]));
  families.add("stream_group_lag", place, numeric(facts.lag));
  if (!consumers) return;
  const [list] = await questions.ask(db, [["XINFO", "CONSUMERS", key, name]]);
  for (const item of Array.isArray(list) ? list : []) {
    const consumer = fieldsOf(item);
    if (consumer === null) continue;
    const own = { ...place, consumer: String(consumer.name) };
    families.add("stream_group_consumer_messages_pending", own, numeric(consumer.pending));
    families.add("stream_group_consumer_idle_seconds", own, numeric(consumer.idle) / 1000);
  }
}

/** A map of RESP2; null for what is none. */
function fieldsOf(reply: Value | undefined): Record<string, Value> | null {
  if (!Array.isArray(reply)) return null;
  const fields: Record<string, Value> = {};
  for (let index = 0; index + 1 < reply.length; index += 2) fields[String(reply[index])] = reply[index + 1] ?? null;
  return fields;
}

/** What is not known is 0, as with redis_exporter. */
function numeric(value: Value | undefined): number {
  return typeof value === "number" ? value : 0;
}

function firstOf(entry: Value | undefined): Value {
  return Array.isArray(entry) ? (entry[0] ?? null) : null;
}

function timeOf(id: Value | undefined): number {
  return typeof id === "string" ? Number(id.split("-", 1)[0]) : 0;
}
