import { expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

const BATCHES = 40;
const BATCH = 400;
/** Replies that hold a time may differ by what passes between the two servers' clocks, in ms. */
const CLOCK_SLACK = 5000;

const KEYS = ["a", "b", "c", "{d}", "", "key with\r\nbreaks", "\xff\x00\xfe", "k".repeat(300), "K".repeat(33_000)];
const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "42",
  "9999",
  "10000",
  "3.25",
  "-0.5",
  "1e3",
  "abc",
  "hello world",
  "007",
  "9223372036854775807",
  "-9223372036854775808",
  "x".repeat(44),
  "y".repeat(45),
  "z".repeat(500),
  "w".repeat(33_000),
];
const NUMBERS = [
  "0",
  "1",
  "-1",
  "2",
  "5",
  "10",
  "-10",
  "44",
  "100",
  "1000",
  "999999999999999",
  "1000000000000000",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "x",
  "",
  "1.5",
  "+1",
  "01",
];
const FLOATS = [...NUMBERS, "0.1", "-0.3", "1e10", "1e-10", "123456789.987654321", "inf", "nan", "1e4932", ".5", "5."];
const OFFSETS = ["0", "1", "3", "-1", "-3", "10", "100", "-100", "40000", "9223372036854775807", "-9223372036854775808", "x"];
const SECONDS = ["1000000", "100000000", "-1", "0", "9223372036854775", "9223372036854776", "9223372036854775807", "x"];
const MILLISECONDS = ["1000000000", "100000000000", "-1", "0", "9223372036854775807", "9223372036854770000", "9007199254740993", "x"];
const UNIX_SECONDS = ["1", "9999999999", "10000000000", "9223372036854775", "9223372036854776", "-5", "x"];
const UNIX_MILLISECONDS = ["1", "9999999999000", "9999999999499", "9999999999500", "9007199254740993", "9223372036854775807", "-5", "x"];
const PATTERNS = ["*", "?", "[a-b]", "[^a]*", "k*", "\\{d\\}", "missing", ""];

type Make = (random: Random) => Request;

function expiry(random: Random): string[] {
  return random.pick([
    ["EX", random.pick(SECONDS)],
    ["PX", random.pick(MILLISECONDS)],
    ["EXAT", random.pick(UNIX_SECONDS)],
    ["PXAT", random.pick(UNIX_MILLISECONDS)],
  ]);
}

function some(random: Random, choices: readonly (readonly string[])[]): string[] {
  return choices.filter(() => random.chance(0.25)).flat();
}

function shuffledCase(random: Random, word: string): string {
  return random.chance(0.3) ? word.toLowerCase() : word;
}

function pairs(random: Random): string[] {
  return Array.from({ length: random.between(1, 4) }, () => [random.pick(KEYS), random.pick(VALUES)]).flat();
}

function keys(random: Random): string[] {
  return Array.from({ length: random.between(1, 4) }, () => random.pick(KEYS));
}

function setOptions(random: Random): string[] {
  return some(
    random,
    [["NX"], ["XX"], ["GET"], ["KEEPTTL"], expiry(random), expiry(random).slice(0, random.between(1, 2)), ["junk"]].slice(
      0,
      random.between(0, 7),
    ),
  );
}

function expireOptions(random: Random): string[] {
  return some(random, [["NX"], ["XX"], ["GT"], ["LT"], ["junk"]].slice(0, random.between(0, 5)));
}

/** Options for a time counted from now: the same one twice is later by a millisecond or is not, so GT and LT could answer either way. */
function settledOptions(random: Random): string[] {
  return expireOptions(random).filter((word) => word !== "GT" && word !== "LT");
}

const OPERATIONS: readonly Make[] = [
  (r) => ["SET", r.pick(KEYS), r.pick(VALUES)],
  (r) => ["SET", r.pick(KEYS), r.pick(VALUES)],
  (r) => ["SET", r.pick(KEYS), r.pick(VALUES), ...setOptions(r)],
  (r) => ["SET", r.pick(KEYS), r.pick(VALUES), ...setOptions(r)],
  (r) => ["GET", r.pick(KEYS)],
  (r) => ["GETEX", r.pick(KEYS), ...r.pick([[], ["PERSIST"], expiry(r), [...expiry(r), ...expiry(r)], ["junk"]])],
  (r) => ["GETDEL", r.pick(KEYS)],
  (r) => ["GETSET", r.pick(KEYS), r.pick(VALUES)],
  (r) => ["SETNX", r.pick(KEYS), r.pick(VALUES)],
  (r) => ["SETEX", r.pick(KEYS), r.pick(SECONDS), r.pick(VALUES)],
  (r) => ["PSETEX", r.pick(KEYS), r.pick(MILLISECONDS), r.pick(VALUES)],
  (r) => ["MGET", ...keys(r)],
  (r) => ["MSET", ...pairs(r), ...(r.chance(0.1) ? ["odd"] : [])],
  (r) => ["MSETNX", ...pairs(r), ...(r.chance(0.1) ? ["odd"] : [])],
  (r) => ["APPEND", r.pick(KEYS), r.pick(VALUES)],
  (r) => ["STRLEN", r.pick(KEYS)],
  (r) => ["SETRANGE", r.pick(KEYS), r.pick(OFFSETS), r.pick(VALUES)],
  (r) => ["GETRANGE", r.pick(KEYS), r.pick(OFFSETS), r.pick(OFFSETS)],
  (r) => ["SUBSTR", r.pick(KEYS), r.pick(OFFSETS), r.pick(OFFSETS)],
  (r) => ["INCR", r.pick(KEYS)],
  (r) => ["DECR", r.pick(KEYS)],
  (r) => ["INCRBY", r.pick(KEYS), r.pick(NUMBERS)],
  (r) => ["DECRBY", r.pick(KEYS), r.pick(NUMBERS)],
  (r) => ["INCRBYFLOAT", r.pick(KEYS), r.pick(FLOATS)],
  (r) => ["LCS", "a", "b", ...some(r, [["LEN"], ["IDX"], ["MINMATCHLEN", r.pick(NUMBERS)], ["WITHMATCHLEN"]])],
  (r) => ["DEL", ...keys(r)],
  (r) => ["UNLINK", r.pick(KEYS)],
  (r) => ["EXISTS", ...keys(r)],
  (r) => ["TOUCH", ...keys(r)],
  (r) => ["TYPE", r.pick(KEYS)],
  (r) => ["RENAME", r.pick(KEYS), r.pick(KEYS)],
  (r) => ["RENAMENX", r.pick(KEYS), r.pick(KEYS)],
  (r) => ["COPY", r.pick(KEYS), r.pick(KEYS), ...some(r, [["REPLACE"], ["DB", r.pick(["0", "1", "16", "x"])]])],
  (r) => ["MOVE", r.pick(KEYS), r.pick(["0", "1", "16", "-1", "x"])],
  (r) => ["EXPIRE", r.pick(KEYS), r.pick(SECONDS), ...settledOptions(r)],
  (r) => ["PEXPIRE", r.pick(KEYS), r.pick(MILLISECONDS), ...settledOptions(r)],
  (r) => ["EXPIREAT", r.pick(KEYS), r.pick(UNIX_SECONDS), ...expireOptions(r)],
  (r) => ["PEXPIREAT", r.pick(KEYS), r.pick(UNIX_MILLISECONDS), ...expireOptions(r)],
  (r) => ["TTL", r.pick(KEYS)],
  (r) => ["PTTL", r.pick(KEYS)],
  (r) => ["EXPIRETIME", r.pick(KEYS)],
  (r) => ["PEXPIRETIME", r.pick(KEYS)],
  (r) => ["PERSIST", r.pick(KEYS)],
  (r) => ["OBJECT", r.pick(["ENCODING", "encoding", "FREQ", "junk"]), r.pick(KEYS)],
  (r) => ["KEYS", r.pick(PATTERNS)],
  (r) => [
    "SCAN",
    "0",
    "COUNT",
    "1000",
    ...some(r, [
      ["MATCH", r.pick(PATTERNS)],
      ["TYPE", r.pick(["string", "LIST"])],
    ]),
  ],
  () => ["DBSIZE"],
  (r) => ["SELECT", r.pick(["0", "1"])],
  (r) => (r.chance(0.2) ? ["SWAPDB", r.pick(["0", "1"]), r.pick(["0", "1", "16"])] : ["DBSIZE"]),
  (r) => (r.chance(0.1) ? [r.pick(["FLUSHDB", "FLUSHALL"]), ...r.pick([[], ["ASYNC"], ["SYNC"], ["junk"]])] : ["DBSIZE"]),
];

/** What a client can see of both databases when the batch is over. */
const STATE: readonly Request[] = ["0", "1"].flatMap((database) => [
  ["SELECT", database],
  ["DBSIZE"],
  ...KEYS.flatMap((key) => [
    ["GET", latin1(key)],
    ["OBJECT", "ENCODING", latin1(key)],
    ["PEXPIRETIME", latin1(key)],
  ]),
]);

const TIMED = /^P?(TTL|EXPIRETIME)$/;
const UNORDERED = /^(KEYS|SCAN)$/;

function latin1(word: string): Buffer {
  return Buffer.from(word, "latin1");
}

/** The parts of an array of bulk strings in an order of their own. */
function unordered(reply: string): string {
  return reply.slice(0, -2).split("\r\n$").sort().join();
}

function same(request: Request, ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const name = String(request[0]);
  if (UNORDERED.test(name)) return unordered(ours) === unordered(theirs);
  if (!TIMED.test(name) || !/^:\d+\r\n$/.test(ours) || !/^:\d+\r\n$/.test(theirs)) return false;
  const difference = BigInt(ours.slice(1, -2)) - BigInt(theirs.slice(1, -2));
  return difference < CLOCK_SLACK && difference > -CLOCK_SLACK;
}

describeWithRedis("string and key commands", () => {
  const comparison = useComparison();

  test("answer as Redis does, whatever is asked in whatever order", async () => {
    const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
    const random = new Random(seed);
    const { ours, redis } = comparison();
    const clients: RawClient[] = [await connect(ours.port), await connect(redis.port)];
    try {
      // A key whose time has passed counts in DBSIZE until something meets it: only the requests themselves shall.
      for (const client of clients) expect(await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0")).toBe("OK");
      for (let batch = 0; batch < BATCHES; batch++) {
        const requests = Array.from({ length: BATCH }, () => {
          const [name, ...words] = random.pick(OPERATIONS)(random);
          return [shuffledCase(random, String(name)), ...words.map((word) => latin1(String(word)))];
        });
        const all: Request[] = [...requests, ...STATE];
        const [mine, theirs] = await Promise.all(clients.map((client) => client.pipeline(all)));
        for (const [index, request] of all.entries()) {
          const one = mine[index].toString("latin1");
          const other = theirs[index].toString("latin1");
          if (same([String(request[0]).toUpperCase()], one, other)) continue;
          const words = request.map((word) => String(word).slice(0, 40)).join(" ");
          expect({ seed, batch, index, words, reply: one.slice(0, 300) }).toEqual({
            seed,
            batch,
            index,
            words,
            reply: other.slice(0, 300),
          });
          throw new Error(`${words}: replies differ beyond their first 300 bytes (PROPERTY_SEED=${seed})`);
        }
      }
    } finally {
      for (const client of clients) client.close();
    }
    expect(ours.server.stats.unexpectedErrors).toBe(0);
  });
});
