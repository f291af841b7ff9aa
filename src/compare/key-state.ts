/**
 * What a key is on two servers, read with commands that every Redis, Valkey and Replicant has, and whether it is the same. Values are compared as
 * what clients can see of them: their encoding does not count. A large value is read in pages.
 */

import { askPatiently, type Words } from "./endpoint.ts";
import { askBoth, type Difference, type Pair, valueDifference } from "./pair.ts";
import { ErrorReply, type Value } from "./reply-decoder.ts";
import { groupsDifference, largeStream, streamRequests } from "./stream-state.ts";

/** Null: the same on both. "gone": it is on neither. */
export type Outcome = Difference | null | "gone";

/** Values of at most so many elements, and strings of so many bytes, are read at one go; larger ones in pages of that size. */
const PAGE_ELEMENTS = 256;
const SMALL_STRING = 16 * 1024;
const PAGE_BYTES = 256 * 1024;
/** How much is read at one go, in bytes if an element has a hundred of them. */
const GO_BYTES = 1024 * 1024;
const ELEMENT_BYTES = 100;
/** How far deadlines may lie apart where servers tell only the time that is left, in ms. */
const TTL_TOLERANCE_MS = 2000;

interface TypeReading {
  readonly size: string;
  /** Requests whose replies are all of a small value. */
  whole(key: string): Words[];
  /** Makes a reply such that equal values have equal ones. */
  canonical?(replies: Value[]): Value;
}

const TYPES: Readonly<Record<string, TypeReading>> = {
  string: { size: "STRLEN", whole: (key) => [["GET", key]] },
  list: { size: "LLEN", whole: (key) => [["LRANGE", key, 0, -1]] },
  set: { size: "SCARD", whole: (key) => [["SMEMBERS", key]], canonical: ([members]) => sorted(members) },
  hash: { size: "HLEN", whole: (key) => [["HGETALL", key]], canonical: ([pairs]) => sortedPairs(pairs) },
  zset: { size: "ZCARD", whole: (key) => [["ZRANGE", key, 0, -1, "WITHSCORES"]], canonical: ([pairs]) => scores(pairs) },
  stream: { size: "XLEN", whole: streamRequests },
};

/** What both servers can say. */
export interface Abilities {
  /** Deadlines as times: Redis from 7.0 on. */
  readonly expireTime: boolean;
  /** Deadlines of the fields of hashes: Redis from 7.4 on, Valkey from 9.0 on. */
  readonly fieldTimes: boolean;
}

export async function abilitiesOf(pair: Pair): Promise<Abilities> {
  const replies = await askBoth(pair, [["PEXPIRETIME", ""], fieldTimes("", ["x"])]);
  const [expireTime, ofFields] = [0, 1].map((index) => !replies.some((side) => side[index] instanceof ErrorReply));
  return { expireTime, fieldTimes: ofFields };
}

function fieldTimes(key: string, fields: readonly string[]): Words {
  return ["HPEXPIRETIME", key, "FIELDS", fields.length, ...fields];
}

/** Compares these keys of the databases that are selected. Errors: CompareError. */
export async function compareKeys(pair: Pair, keys: readonly string[], abilities: Abilities): Promise<Map<string, Outcome>> {
  const { expireTime } = abilities;
  const outcomes = new Map<string, Outcome>();
  const [here, there] = await askBoth(
    pair,
    keys.flatMap((key): Words[] => [
      ["TYPE", key],
      [expireTime ? "PEXPIRETIME" : "PTTL", key],
    ]),
  );
  const ttl = new Map<string, Difference | null>();
  const byType = new Map<string, string[]>();
  for (const [index, key] of keys.entries()) {
    const types = [here[index * 2], there[index * 2]] as const;
    const outcome = typeOutcome(types);
    if (outcome !== null) outcomes.set(key, outcome);
    else {
      ttl.set(key, ttlDifference(here[index * 2 + 1], there[index * 2 + 1], expireTime));
      const type = String(types[0]);
      byType.set(type, [...(byType.get(type) ?? []), key]);
    }
  }
  for (const [type, ofType] of byType) {
    const reading = TYPES[type];
    if (reading === undefined) await compareDumps(pair, ofType, outcomes);
    else await compareValues(pair, type, reading, ofType, outcomes);
    if (type === "hash" && abilities.fieldTimes) await compareFieldTimes(pair, ofType, outcomes);
  }
  for (const [key, difference] of ttl) if (difference !== null && outcomes.get(key) === null) outcomes.set(key, difference);
  return outcomes;
}

function typeOutcome([here, there]: readonly [Value, Value]): Outcome {
  if (here === "none" && there === "none") return "gone";
  if (here === "none") return { kind: "missing-here", trace: String(there) };
  if (there === "none") return { kind: "missing-there", trace: String(here) };
  return here === there ? null : { kind: "type", trace: `${here} ${there}` };
}

function ttlDifference(here: Value, there: Value, exact: boolean): Difference | null {
  if (here === there) return null;
  // -1: no deadline. -2: the key has gone meanwhile, as the next look will tell.
  const both = Number(here) >= 0 && Number(there) >= 0;
  if (!exact && both && Math.abs(Number(here) - Number(there)) <= TTL_TOLERANCE_MS) return null;
  return { kind: "ttl", trace: exact ? `${here} ${there}` : `${Number(here) >= 0} ${Number(there) >= 0}` };
}

/** A type of a module: what DUMP says, but for the version and the checksum at its end. */
async function compareDumps(pair: Pair, keys: readonly string[], outcomes: Map<string, Outcome>): Promise<void> {
  for (const key of keys) {
    const [[here], [there]] = await askBoth(pair, [["DUMP", key]]);
    outcomes.set(key, valueDifference(payload(here), payload(there)));
  }
}

function payload(reply: Value): Value {
  return typeof reply === "string" ? reply.slice(0, -10) : reply;
}

async function compareValues(
  pair: Pair,
  type: string,
  reading: TypeReading,
  keys: readonly string[],
  outcomes: Map<string, Outcome>,
): Promise<void> {
  const [here, there] = await askBoth(
    pair,
    keys.map((key) => [reading.size, key]),
  );
  let small: string[] = [];
  let weight = 0;
  for (const [index, key] of keys.entries()) {
    const size = Math.max(Number(here[index]), Number(there[index]));
    const limit = type === "string" ? SMALL_STRING : PAGE_ELEMENTS;
    // Small values are read even if their sizes differ: then it shows whether they go on changing.
    if (!(size <= limit) && here[index] !== there[index]) outcomes.set(key, valueDifference(here[index], there[index]));
    else if (size > limit) outcomes.set(key, await compareLarge(pair, type, key, size));
    else {
      small.push(key);
      weight += type === "string" ? size : size * ELEMENT_BYTES;
    }
    if (weight < GO_BYTES) continue;
    await compareSmall(pair, reading, small, outcomes);
    small = [];
    weight = 0;
  }
  await compareSmall(pair, reading, small, outcomes);
}

async function compareSmall(pair: Pair, reading: TypeReading, keys: readonly string[], outcomes: Map<string, Outcome>): Promise<void> {
  const requests = keys.map((key) => reading.whole(key));
  const [here, there] = await askBoth(pair, requests.flat());
  let at = 0;
  for (const [index, key] of keys.entries()) {
    const { length } = requests[index];
    const [ours, theirs] = [here, there].map((replies) => {
      const own = replies.slice(at, at + length);
      return reading.canonical === undefined ? own : reading.canonical(own);
    });
    at += length;
    const groups = reading === TYPES.stream ? await groupsDifference(pair, key) : null;
    outcomes.set(key, valueDifference(ours, theirs) ?? groups);
  }
}

/** Deadlines of the fields of hashes that are the same but for them. */
async function compareFieldTimes(pair: Pair, keys: readonly string[], outcomes: Map<string, Outcome>): Promise<void> {
  for (const key of keys) {
    let cursor = "0";
    while (outcomes.get(key) === null) {
      const [reply] = await askPatiently(pair[0], [["HSCAN", key, cursor, "COUNT", PAGE_ELEMENTS]]);
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) break;
      const fields = reply[1].filter((_, index) => index % 2 === 0).map(String);
      const [[here], [there]] = fields.length === 0 ? [[null], [null]] : await askBoth(pair, [fieldTimes(key, fields)]);
      const difference = valueDifference(here, there);
      if (difference !== null) outcomes.set(key, { ...difference, kind: "ttl" });
      cursor = String(reply[0]);
      if (cursor === "0") break;
    }
  }
}

async function compareLarge(pair: Pair, type: string, key: string, size: number): Promise<Difference | null> {
  switch (type) {
    case "string":
      return comparePages(pair, size, PAGE_BYTES, (from, to) => ["GETRANGE", key, from, to]);
    case "list":
      return comparePages(pair, size, PAGE_ELEMENTS, (from, to) => ["LRANGE", key, from, to]);
    case "zset":
      return comparePages(pair, size, PAGE_ELEMENTS, (from, to) => ["ZRANGE", key, from, to, "WITHSCORES"], scores);
    case "set":
      return compareScanned(pair, ["SSCAN", key], setPage);
    case "hash":
      return compareScanned(pair, ["HSCAN", key], hashPage);
    default:
      return largeStream(pair, key, PAGE_ELEMENTS);
  }
}

async function comparePages(
  pair: Pair,
  size: number,
  page: number,
  request: (from: number, to: number) => Words,
  canonical: (reply: Value) => Value = (reply) => reply,
): Promise<Difference | null> {
  for (let from = 0; from < size; from += page) {
    const [[here], [there]] = await askBoth(pair, [request(from, from + page - 1)]);
    const difference = valueDifference(canonical(here), canonical(there));
    if (difference !== null) return difference;
  }
  return null;
}

/** What to ask the other side about a page, and what it answers if it has the same. */
type ScannedPage = (key: string, page: readonly Value[]) => { readonly requests: Words[]; readonly expected: Value[] };

const setPage: ScannedPage = (key, page) => ({
  requests: page.map((member) => ["SISMEMBER", key, String(member)]),
  expected: page.map(() => 1),
});

const hashPage: ScannedPage = (key, page) => ({
  requests: [["HMGET", key, ...page.filter((_, index) => index % 2 === 0).map(String)]],
  expected: [page.filter((_, index) => index % 2 === 1)],
});

/** Both sides have as many elements: if one has all of the other they are the same, whatever their order. */
async function compareScanned(
  [here, there]: Pair,
  [command, key]: readonly [string, string],
  ask: ScannedPage,
): Promise<Difference | null> {
  let cursor = "0";
  do {
    const [reply] = await askPatiently(here, [[command, key, cursor, "COUNT", PAGE_ELEMENTS]]);
    if (!Array.isArray(reply)) return valueDifference(reply, null);
    const page = reply[1] as Value[];
    cursor = String(reply[0]);
    if (page.length === 0) continue;
    const { requests, expected } = ask(key, page);
    const found = await askPatiently(there, requests);
    const difference = valueDifference(expected, found);
    if (difference !== null) return difference;
  } while (cursor !== "0");
  return null;
}

function sorted(members: Value): Value {
  return Array.isArray(members) ? members.sort() : members;
}

function sortedPairs(pairs: Value): Value {
  if (!Array.isArray(pairs)) return pairs;
  const byField = pairs.filter((_, index) => index % 2 === 0).map((field, index): [string, Value] => [String(field), pairs[index * 2 + 1]]);
  return byField.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Scores as numbers: Redis 7.0 writes 17 digits of them, later ones as many as it takes. */
function scores(pairs: Value): Value {
  return Array.isArray(pairs) ? pairs.map((value, index) => (index % 2 === 1 ? scoreText(String(value)) : value)) : pairs;
}

function scoreText(text: string): string {
  return /inf/.test(text) ? text : String(Number(text));
}
