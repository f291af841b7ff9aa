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

/** Collections of at most so many elements, fewer where elements are large, are read as a whole; larger ones in pages of so many. */
const PAGE_ELEMENTS = 256;
/** Likewise, strings of so many bytes. */
const SMALL_STRING = 16 * 1024;
/** About how much is read at one go, in bytes. */
const GO_BYTES = 256 * 1024;
/** What an element is taken to have where MEMORY USAGE does not tell, in bytes. */
const ELEMENT_BYTES = 100;
/** How far deadlines may lie apart where servers tell only the time that is left, in ms. */
const TTL_TOLERANCE_MS = 2000;

interface TypeReading {
  readonly size: string;
  /** What stands for a value that one side lacks: it changes with the value, and is short. */
  mark(key: string): Words;
  /** Requests whose replies are all of a small value. */
  whole(key: string): Words[];
  /** Makes a reply such that equal values have equal ones. */
  canonical?(replies: Value[]): Value;
}

const TYPES: Readonly<Record<string, TypeReading>> = {
  string: { size: "STRLEN", mark: (key) => ["GETRANGE", key, 0, 255], whole: (key) => [["GET", key]] },
  list: { size: "LLEN", mark: (key) => ["LRANGE", key, 0, 3], whole: (key) => [["LRANGE", key, 0, -1]] },
  set: { size: "SCARD", mark: (key) => ["SCARD", key], whole: (key) => [["SMEMBERS", key]], canonical: ([members]) => sorted(members) },
  hash: { size: "HLEN", mark: (key) => ["HLEN", key], whole: (key) => [["HGETALL", key]], canonical: ([pairs]) => sortedPairs(pairs) },
  zset: {
    size: "ZCARD",
    mark: (key) => ["ZRANGE", key, 0, 3, "WITHSCORES"],
    whole: (key) => [["ZRANGE", key, 0, -1, "WITHSCORES"]],
    canonical: ([pairs]) => scores(pairs),
  },
  stream: { size: "XLEN", mark: (key) => ["XREVRANGE", key, "+", "-", "COUNT", 1], whole: streamRequests },
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
  const missing: Missing[] = [];
  const ttl = new Map<string, Difference | null>();
  const byType = new Map<string, string[]>();
  for (const [index, key] of keys.entries()) {
    const types = [here[index * 2], there[index * 2]] as const;
    const outcome = typeOutcome(types);
    if (outcome === "missing-here") missing.push({ key, kind: outcome, side: 1, type: String(types[1]), deadline: there[index * 2 + 1] });
    else if (outcome === "missing-there")
      missing.push({ key, kind: outcome, side: 0, type: String(types[0]), deadline: here[index * 2 + 1] });
    else if (outcome !== null) outcomes.set(key, outcome);
    else {
      ttl.set(key, ttlDifference(here[index * 2 + 1], there[index * 2 + 1], expireTime));
      const type = String(types[0]);
      byType.set(type, [...(byType.get(type) ?? []), key]);
    }
  }
  await markMissing(pair, missing, expireTime, outcomes);
  for (const [type, ofType] of byType) {
    const reading = TYPES[type];
    if (reading === undefined) await compareDumps(pair, ofType, outcomes);
    else await compareValues(pair, type, reading, ofType, outcomes);
    if (type === "hash" && abilities.fieldTimes) await compareFieldTimes(pair, ofType, outcomes);
  }
  for (const [key, difference] of ttl) if (difference !== null && outcomes.get(key) === null) outcomes.set(key, difference);
  return outcomes;
}

/** A key that only `side` has. */
interface Missing {
  readonly key: string;
  readonly kind: "missing-here" | "missing-there";
  readonly side: 0 | 1;
  readonly type: string;
  readonly deadline: Value;
}

function typeOutcome([here, there]: readonly [Value, Value]): Difference | Missing["kind"] | "gone" | null {
  if (here === "none" && there === "none") return "gone";
  if (here === "none") return "missing-here";
  if (there === "none") return "missing-there";
  return here === there ? null : { kind: "type", trace: `${here} ${there}` };
}

/** A key that is made and deleted again and again is another one each time: what it holds shows that. */
async function markMissing(pair: Pair, missing: readonly Missing[], expireTime: boolean, outcomes: Map<string, Outcome>): Promise<void> {
  for (const side of [0, 1] as const) {
    const keys = missing.filter((one) => one.side === side);
    const marks = await askPatiently(
      pair[side],
      keys.map(({ key, type }) => TYPES[type]?.mark(key) ?? ["TYPE", key]),
    );
    for (const [index, { key, kind, type, deadline }] of keys.entries()) {
      const time = expireTime ? String(deadline) : "";
      outcomes.set(key, { kind, trace: `${type} ${time} ${Bun.hash(JSON.stringify(marks[index]))}` });
    }
  }
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
  const isString = type === "string";
  const perKey = isString ? 1 : 2;
  const [here, there] = await askBoth(
    pair,
    keys.flatMap((key): Words[] =>
      isString
        ? [["STRLEN", key]]
        : [
            [reading.size, key],
            ["MEMORY", "USAGE", key],
          ],
    ),
  );
  let small: string[] = [];
  let weight = 0;
  for (const [index, key] of keys.entries()) {
    const [ours, theirs] = [here, there].map((replies) => replies[index * perKey]);
    const size = Math.max(Number(ours), Number(theirs));
    const usage = isString ? size : Math.max(usageOf(here[index * perKey + 1], size), usageOf(there[index * perKey + 1], size));
    const page = Math.max(1, Math.min(PAGE_ELEMENTS, Math.floor((GO_BYTES * size) / usage)));
    const isSmall = size <= (isString ? SMALL_STRING : page);
    // Small values are read even if their sizes differ: then it shows whether they go on changing.
    if (isSmall) {
      small.push(key);
      weight += usage;
    } else outcomes.set(key, ours === theirs ? await compareLarge(pair, type, key, size, page) : valueDifference(ours, theirs));
    if (weight < GO_BYTES) continue;
    await compareSmall(pair, reading, small, outcomes);
    small = [];
    weight = 0;
  }
  await compareSmall(pair, reading, small, outcomes);
}

/** Bytes of a collection of `size` elements by what MEMORY USAGE says, which samples some of them. */
function usageOf(reply: Value, size: number): number {
  return typeof reply === "number" ? reply : size * ELEMENT_BYTES;
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

async function compareLarge(pair: Pair, type: string, key: string, size: number, page: number): Promise<Difference | null> {
  switch (type) {
    case "string":
      return comparePages(pair, size, GO_BYTES, (from, to) => ["GETRANGE", key, from, to]);
    case "list":
      return comparePages(pair, size, page, (from, to) => ["LRANGE", key, from, to]);
    case "zset":
      return comparePages(pair, size, page, (from, to) => ["ZRANGE", key, from, to, "WITHSCORES"], scores);
    case "set":
      return compareScanned(pair, ["SSCAN", key, page], setPage);
    case "hash":
      return compareScanned(pair, ["HSCAN", key, page], hashPage);
    default:
      return largeStream(pair, key, page);
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
  [command, key, count]: readonly [string, string, number],
  ask: ScannedPage,
): Promise<Difference | null> {
  let cursor = "0";
  do {
    const [reply] = await askPatiently(here, [[command, key, cursor, "COUNT", count]]);
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
