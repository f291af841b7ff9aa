/** Streams for the comparison: entries, what the stream knows beside them, its groups with their consumers and pending entries. */

import type { Words } from "./endpoint.ts";
import { askBoth, type Difference, type Pair, valueDifference } from "./pair.ts";
import type { Value } from "./reply-decoder.ts";

/**
 * Fields of XINFO that are data. Others say how a stream is kept, or when it was last used; versions before 7.0 lack some. What a group has
 * read (`entries-read`) is known where it was read: the XCLAIM by which replicas and files hear of it does not tell.
 */
const STREAM_FIELDS = ["length", "last-generated-id", "max-deleted-entry-id", "entries-added"];
const GROUP_FIELDS = ["name", "consumers", "pending", "last-delivered-id"];
const CONSUMER_FIELDS = ["name", "pending"];
const PENDING_PAGE = 256;

/** What is all of a small stream, but for its groups. */
export function streamRequests(key: string): Words[] {
  return [["XRANGE", key, "-", "+"]];
}

/** Compares a stream in pages of so many entries. */
export async function largeStream(pair: Pair, key: string, page: number): Promise<Difference | null> {
  const difference = await pagesDifference(pair, page, (from) => ["XRANGE", key, from, "+", "COUNT", page]);
  return difference ?? groupsDifference(pair, key);
}

/** Compares what a stream has beside its entries. */
export async function groupsDifference(pair: Pair, key: string): Promise<Difference | null> {
  const [here, there] = await askBoth(pair, [
    ["XINFO", "STREAM", key],
    ["XINFO", "GROUPS", key],
  ]);
  const stream = commonFields(withoutLowest(here[0]), withoutLowest(there[0]), STREAM_FIELDS);
  const difference = valueDifference(...stream) ?? valueDifference(...commonRows(here[1], there[1], GROUP_FIELDS));
  if (difference !== null || !Array.isArray(here[1])) return difference;
  for (const group of here[1]) {
    const name = String(fieldsOf(group).get("name"));
    const [[ours], [theirs]] = await askBoth(pair, [["XINFO", "CONSUMERS", key, name]]);
    const found =
      valueDifference(...commonRows(ours, theirs, CONSUMER_FIELDS)) ??
      (await pagesDifference(pair, PENDING_PAGE, (from) => ["XPENDING", key, name, from, "+", PENDING_PAGE], withoutIdle));
    if (found !== null) return found;
  }
  return null;
}

/** Pages of rows that begin with an ID, each from behind the last of the one before. */
async function pagesDifference(
  pair: Pair,
  page: number,
  request: (from: string) => Words,
  canonical: (reply: Value) => Value = (reply) => reply,
): Promise<Difference | null> {
  for (let from = "-"; ; ) {
    const [[here], [there]] = await askBoth(pair, [request(from)]);
    const difference = valueDifference(canonical(here), canonical(there));
    if (difference !== null || !Array.isArray(here) || here.length < page) return difference;
    const last = here.at(-1);
    from = Array.isArray(last) ? after(String(last[0])) : "+";
  }
}

/** The ID behind this one: no server before 6.2 has exclusive ranges. */
function after(id: string): string {
  const [time, sequence] = id.split("-").map(BigInt) as [bigint, bigint];
  return sequence === 2n ** 64n - 1n ? `${time + 1n}-0` : `${time}-${sequence + 1n}`;
}

/**
 * Of XINFO STREAM: the lowest ID as the largest deleted one stands for none. Replicas are told so after some trims with ACKED
 * (commands/stream/stream-removal.ts), since no command can take a largest deleted ID back, and all that is reckoned from it is the same.
 */
function withoutLowest(facts: Value): Value {
  if (!Array.isArray(facts)) return facts;
  const place = facts.findIndex((field) => String(field) === "max-deleted-entry-id") + 1;
  return place > 0 && String(facts[place]) === "0-1" ? facts.with(place, "0-0") : facts;
}

/** Rows of XPENDING are ID, consumer, ms since the delivery, deliveries. */
function withoutIdle(rows: Value): Value {
  return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? [row[0], row[1], row[3]] : row)) : rows;
}

function fieldsOf(flat: Value): Map<string, Value> {
  const fields = new Map<string, Value>();
  if (Array.isArray(flat)) for (let index = 0; index < flat.length; index += 2) fields.set(String(flat[index]), flat[index + 1]);
  return fields;
}

/** Those of the fields that both sides have. */
function commonFields(here: Value, there: Value, names: readonly string[]): [Value, Value] {
  if (!Array.isArray(here) || !Array.isArray(there)) return [here, there];
  const [ours, theirs] = [fieldsOf(here), fieldsOf(there)];
  const common = names.filter((name) => ours.has(name) && theirs.has(name));
  return [common.map((name) => ours.get(name) ?? null), common.map((name) => theirs.get(name) ?? null)];
}

/** The same of rows with names, in the order of the names. */
function commonRows(here: Value, there: Value, names: readonly string[]): [Value, Value] {
  if (!Array.isArray(here) || !Array.isArray(there) || here.length !== there.length) return [here, there];
  const byName = (a: Value, b: Value): number => (String(fieldsOf(a).get("name")) < String(fieldsOf(b).get("name")) ? -1 : 1);
  const [ours, theirs] = [here.toSorted(byName), there.toSorted(byName)];
  const rows = ours.map((row, index) => commonFields(row, theirs[index], names));
  return [rows.map(([own]) => own), rows.map(([, other]) => other)];
}
