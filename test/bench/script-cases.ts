/** What the scripts suite measures: the scripts, the data they work on, and how each is run. */
import type { Word } from "../support/client.ts";
import type { BullmqPhase } from "./bullmq.ts";
import type { Fill } from "./cases.ts";
import { inBatches, keyName, value32 } from "./servers.ts";

type Common = {
  /** What --only asks for. */
  readonly name: string;
  readonly group: "requests" | "runs" | "first" | "bullmq";
};

/** A short script that 50 connections ask for at every pipeline depth; `__rand_int__` in its arguments as redis-benchmark has it. */
export type RequestCase = Common & {
  readonly group: "requests";
  readonly command: "EVAL" | "EVALSHA";
  readonly script: string;
  readonly key: string;
  readonly args: readonly string[];
  readonly keyspace: number;
  readonly fill: readonly Fill[];
  /** The script uses up data: it is made again before every sample. */
  readonly fresh: boolean;
  /** The most requests of one sample. */
  readonly limit: number;
};

/** A script that is busy for a while: one connection runs it `times` times for one sample. */
export type RunCase = Common & { readonly group: "runs"; readonly script: string; readonly key: string; readonly times: number };

/** A long script whose text is new: `texts` of them are run, once each, for one sample. */
export type FirstCase = Common & { readonly group: "first"; readonly texts: number };

/** Jobs of BullMQ. */
export type BullmqCase = Common & { readonly group: "bullmq"; readonly phase: BullmqPhase };

export type ScriptCase = RequestCase | RunCase | FirstCase | BullmqCase;

const R = "__rand_int__";
const KEYS = 100_000;
const FEW_KEYS = 1000;
/** Keys for scripts that delete them: six requests of seven find one. */
const LOCKS = 500_000;
const LIMIT = 5_000_000;

const GET = "return redis.call('get', KEYS[1])";

/** A window that slides: what is older is dropped, what is left is counted, and this request is added unless there are too many. */
const SLIDING_WINDOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - window)
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then
  return 0
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], window)
return limit - count`;

const RELEASE_LOCK = `
if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('del', KEYS[1])
else
  return 0
end`;

/** What Sidekiq moves scheduled jobs with, one at a time (LUA_ZPOPBYSCORE). */
const ZPOPBYSCORE = `
local key, now = KEYS[1], ARGV[1]
local jobs = redis.call("zrangebyscore", key, "-inf", now, "limit", 0, 1)
if jobs[1] then
  redis.call("zrem", key, jobs[1])
  return jobs[1]
end`;

const CHANGE_DOCUMENT = `
local document = cjson.decode(redis.call('get', KEYS[1]))
document.visits = document.visits + 1
document.users[1].name = ARGV[1]
redis.call('set', KEYS[1], cjson.encode(document))
return document.visits`;

/** JSON of 2 KB. */
const DOCUMENT = JSON.stringify({
  visits: 1,
  title: "Users of the north",
  users: Array.from({ length: 24 }, (_, id) => ({ id, name: `user${id}`, tags: ["a", "b", "c"], score: id * 1.5, active: id % 3 !== 0 })),
});

/** The job that Sidekiq keeps in its sorted set `schedule`. */
function scheduledJob(index: number): string {
  const id = value32(index).slice(0, 24);
  const at = 1_700_000_000 + index;
  return `{"retry":true,"queue":"default","class":"HardWorker","args":["bob",${index}],"jid":"${id}","created_at":${at}.5}`;
}

const each = (items: Fill["items"], head: string, words: (index: number) => readonly Word[]): Fill => ({
  items,
  batch: 100,
  command: (from, to) => [...head.split(" "), ...[...inBatches(to - from, 1, (offset) => words(from + offset))].flat()],
});

const request = (name: string, script: string, more: Partial<RequestCase> = {}): RequestCase => ({
  name,
  group: "requests",
  command: "EVALSHA",
  script,
  key: `key:${R}`,
  args: [],
  keyspace: KEYS,
  fill: [],
  fresh: false,
  limit: LIMIT,
  ...more,
});

const strings: Fill = each(KEYS, "MSET", (index) => [keyName(index), value32(index)]);
const locks: Fill = each(LOCKS, "MSET", (index) => [keyName(index), "token"]);
const documents: Fill = each(FEW_KEYS, "MSET", (index) => [keyName(index), DOCUMENT]);
const schedule: Fill = each("requests", "ZADD schedule", (index) => [1_700_000_000 + index, scheduledJob(index)]);

const run = (name: string, times: number, script: string): RunCase => ({ name, group: "runs", script, key: keyName(0), times });

/** Every case, in the order of the table. */
export const SCRIPT_CASES: readonly ScriptCase[] = [
  request("evalsha-get", GET, { fill: [strings] }),
  request("eval-get", GET, { command: "EVAL", fill: [strings] }),
  // 100 ms: each of the 1000 keys is asked for 5 to 20 times within it, as far as 50,000 to 200,000 requests a second go; none is refused
  request("sliding-window", SLIDING_WINDOW, { key: `rate:${R}`, args: ["100", "100", `request:${R}`], keyspace: FEW_KEYS }),
  request("lock-release", RELEASE_LOCK, { args: ["token"], keyspace: LOCKS, fill: [locks], fresh: true, limit: 150_000 }),
  request("zpopbyscore", ZPOPBYSCORE, { key: "schedule", args: ["1900000000.5"], fill: [schedule], fresh: true, limit: LOCKS }),
  request("cjson-2k", CHANGE_DOCUMENT, { args: [`name${R}`], keyspace: FEW_KEYS, fill: [documents] }),
  run("loop-get", 5, "for i = 1, 200000 do redis.call('get', KEYS[1]) end return 1"),
  run("loop-set", 5, "for i = 1, 200000 do redis.call('set', KEYS[1], i) end return 1"),
  run("loop-numbers", 1, "local s = 0 for i = 1, 2e7 do s = s + i % 7 end return s"),
  { name: "first-run", group: "first", texts: 20 },
  { name: "bullmq-add", group: "bullmq", phase: "add" },
  { name: "bullmq-work", group: "bullmq", phase: "work" },
  { name: "bullmq", group: "bullmq", phase: "all" },
  // The last: Redis collects the garbage that it leaves little by little, in the scripts that come after it.
  run("string-keys", 1, "local t = {} for i = 1, 3000000 do t['k' .. i] = i end return 1"),
];

/** A request of the case; `script` is the text or its sum. */
export function requestWords({ command, key, args }: RequestCase, script: string): string[] {
  return [command, script, "1", key, ...args];
}
