/**
 * `npm run test:steady`: keeps a server busy with data of a constant size, clients that come and go, scripts, messages, long strings and saves,
 * and watches its resident memory (without pages of files), which must not rise: less than 1 MB an hour after the first tenth of a run of half an
 * hour. A shorter run cannot tell that little; it may not rise by more than what its samples scatter. Ends with 1 when it does.
 */
import { parseArgs } from "node:util";
import { ownBytes } from "../bench/servers.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { startServer } from "../support/process.ts";
import { Random } from "../support/property.ts";

const USAGE = `usage: npm run test:steady -- [options]

  --minutes M          how long (30)
  --server "COMMAND"   what to watch instead of the sources
  --seed N             of the random commands
  --help               this text`;

const KEYS = 20_000;
const BATCH = 500;
const SAMPLE_MS = 1000;
/** A window's least sample counts: what waits to be collected comes and goes. */
const WINDOWS = 10;
const MB_AN_HOUR = 1;
const LONG_SECONDS = 1800;
/**
 * What the least samples of windows of a short run differ by without a leak, in MB: code is still compiled, the collector finds its pace. Of a
 * minute with four million requests: 16 bytes a request.
 */
const SCATTER_MB = 64;

const LONG = Buffer.alloc(3_000_000, "x");
const FILL = Buffer.alloc(4096, "y");

interface Sample {
  /** Since the start, in s. */
  readonly at: number;
  readonly bytes: number;
}

function commands(random: Random): Word[][] {
  const key = (type: string, count = KEYS): string => `${type}:${random.below(count)}`;
  const value = (limit = 600): Buffer => FILL.subarray(0, random.below(limit));
  const kinds: readonly (() => Word[])[] = [
    () => ["SET", key("string"), value()],
    () => ["SET", key("string"), value(), "PX", 1 + random.below(3000)],
    () => ["GET", key("string")],
    () => ["DEL", key("string")],
    () => ["APPEND", key("log", 500), value(100)],
    () => ["SET", key("log", 500), ""],
    () => ["HSET", key("hash", 500), `field:${random.below(200)}`, value(60)],
    () => ["HDEL", key("hash", 500), `field:${random.below(200)}`],
    () => ["LPUSH", key("list", 200), value(80)],
    () => ["LTRIM", key("list", 200), 0, 200],
    () => ["ZADD", key("zset", 200), random.below(1000), `member:${random.below(500)}`],
    () => ["ZREM", key("zset", 200), `member:${random.below(500)}`],
    () => ["SADD", key("set", 200), random.below(500)],
    () => ["SREM", key("set", 200), random.below(500)],
    () => ["XADD", key("stream", 50), "MAXLEN", "~", 500, "*", "field", value(50)],
    () => ["PFADD", key("hll", 50), random.below(1_000_000)],
    () => ["INCR", key("counter", 100)],
    () => ["EVAL", "return redis.call('INCRBY', KEYS[1], #ARGV[1])", 1, key("counter", 100), value(50)],
    () => ["PUBLISH", "channel", value(100)],
    () => ["EXPIRE", key("hash", 500), 60],
  ];
  return Array.from({ length: BATCH }, () => random.pick(kinds)());
}

/** What happens once in a while: clients, long strings, transactions, new texts of scripts, images. */
async function seldom(port: number, client: RawClient, random: Random): Promise<void> {
  const other = await connect(port);
  await other.pipeline([
    ["CLIENT", "SETNAME", "other"],
    ["MULTI"],
    ["SET", "a", "b"],
    ["RPUSH", "queue", "x"],
    ["LPOP", "queue"],
    ["EXEC"],
  ]);
  await other.pipeline([
    ["SET", "long", LONG],
    ["APPEND", "long", "z"],
    ["GETRANGE", "long", 0, 10],
    ["COPY", "long", "copy", "REPLACE"],
    ["GET", "long"],
  ]);
  other.close();
  await client.pipeline([["DEL", "long", "copy"], ["EVAL", `return ${random.below(1_000_000)}`, 0], ["SCRIPT", "FLUSH"], ["INFO"]]);
  if (random.chance(0.05)) await client.pipeline([["BGSAVE"], ["MEMORY", "PURGE"]]);
  if (random.chance(0.02)) await client.command("FLUSHALL");
}

/** Returns how many requests that were. */
async function send(client: RawClient, listener: RawClient, requests: readonly (readonly Word[])[]): Promise<number> {
  client.send(Buffer.concat(requests.map(encodeCommand)));
  const error = await client.skipReplies(requests.length);
  if (error !== null) throw new Error(`the server answered ${error}`);
  await listener.skipReplies(requests.filter(([name]) => name === "PUBLISH").length);
  return requests.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Returns how fast the least memory of each window rises, in bytes a second: the median of all pairs of them, of which the first does not count. */
function slope(windows: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [index, { at, bytes }] of windows.entries())
    for (const later of windows.slice(index + 1)) slopes.push((later.bytes - bytes) / (later.at - at));
  return median(slopes);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "30" },
      server: { type: "string" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
      help: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.minutes) * 60;
  if (values.help || !(seconds > 0)) {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const random = new Random(Number(values.seed));
  const command = values.server?.split(" ") ?? [process.execPath, "src/main.ts"];
  await using server = await startServer(command, {});
  const client = await connect(server.port);
  const listener = await connect(server.port);
  await listener.command("SUBSCRIBE", "channel");
  const samples: Sample[] = [];
  const began = performance.now();
  let requests = 0;
  let nextSample = 0;
  for (let at = 0; at < seconds; at = (performance.now() - began) / 1000) {
    for (let batch = 0; batch < 20; batch++) requests += await send(client, listener, commands(random));
    await seldom(server.port, client, random);
    if (at * 1000 < nextSample) continue;
    nextSample = at * 1000 + SAMPLE_MS;
    samples.push({ at, bytes: ownBytes(server.pid) });
  }
  listener.close();
  const windows = Array.from({ length: WINDOWS }, (_, index) => {
    const inside = samples.filter(({ at }) => Math.floor((at / seconds) * WINDOWS) === index);
    return inside.reduce((least, sample) => (sample.bytes < least.bytes ? sample : least));
  });
  const counted = windows.slice(1);
  const rise = (slope(counted) * 3600) / 1e6;
  const allowed = seconds >= LONG_SECONDS ? MB_AN_HOUR : (SCATTER_MB * 3600) / seconds;
  console.log(`resident memory, the least of each tenth, in MB: ${windows.map(({ bytes }) => (bytes / 1e6).toFixed(1)).join(" ")}`);
  console.log(
    `${requests} requests in ${(seconds / 60).toFixed(1)} minutes, seed ${values.seed}: ${rise.toFixed(2)} MB an hour, ${allowed.toFixed(2)} allowed`,
  );
  return rise <= allowed ? 0 : 1;
}

process.exitCode = await main();
