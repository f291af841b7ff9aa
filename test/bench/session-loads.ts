/** The loads of the sessions suite, each on a server of its own. */
import { join } from "node:path";
import { encodeCommand, type RawClient } from "../support/client.ts";
import { freePort, type ServerProcess } from "../support/process.ts";
import { secondsBetween, threadTimes } from "./cpu.ts";
import { CLIENTS, calibrate, type Run, runBenchmark } from "./load.ts";
import { Receivers } from "./receivers.ts";
import { attach, type Contender, keyName, load, plainKeys, residentBytes, start, value32 } from "./servers.ts";
import { skewed } from "./zipf.ts";

/** `value`: what is compared. `cpu`: seconds of processor time of the server for one of what was counted. */
export type Sample = { readonly value: number; readonly cpu?: number };
export type Extent = { readonly pipeline: number; readonly seconds: number };

const CERTIFICATES = join(import.meta.dir, "../support/certificates");
const KEYS = 100_000;
const MOST_REQUESTS = 10_000_000;
const CHANNEL = "news";
const MESSAGE = "m".repeat(64);
const PUSH_BYTES = `*3\r\n$7\r\nmessage\r\n$4\r\n${CHANNEL}\r\n$64\r\n${MESSAGE}\r\n`.length;
/** Messages that all subscribers together get in a sample, and how many are on their way at most. */
const DELIVERIES = 2_000_000;
const DELIVERIES_AHEAD = 50_000;
const IDLE_CLIENTS = 10_000;
/** What a cache may take, and what is asked of it. */
const CACHE_BYTES = 30_000_000;
const CACHED_KEYS = 1_000_000;
const CACHE_REQUESTS = 1_500_000;
const CACHE_BATCH = 200;
const SKEW = 0.9;
const TRACKERS = 20;
const TRACKED_REQUESTS = 1_000_000;
const TRACKED_BATCH = 50;

/** Twenty rules; the keys of the load match the last pattern only. */
const RULES =
  "on >secret -@all +@read +@write +@connection -@dangerous +info +config|get -keys -flushall &news:* &events:* " +
  "~user:* %R~config:* ~session:* %W~log:* ~queue:* ~cache:* ~key:*";

// ---- redis-benchmark

/** Requests a second of a user with twenty rules. */
export async function asUser(contender: Contender, command: string, extent: Extent): Promise<Sample> {
  await using server = await start(contender);
  const client = await attach(server);
  await client.text("ACL", "SETUSER", "bench", ...RULES.split(" "));
  client.close();
  return await benchmark(server, { ...runOf(server.port, command, extent), options: ["--user", "bench", "-a", "secret"] }, extent);
}

/** Requests a second over TLS, the clients with certificates. */
export async function overTls(contender: Contender, command: string, extent: Extent): Promise<Sample> {
  const file = (name: string): string => join(CERTIFICATES, name);
  const port = freePort();
  const files = ["--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key"), "--tls-ca-cert-file", file("ca.crt")];
  await using server = await start(contender, { args: ["--tls-port", String(port), ...files] });
  const options = ["--tls", "--cert", file("client.crt"), "--key", file("client.key"), "--cacert", file("ca.crt")];
  return await benchmark(server, { ...runOf(port, command, extent), options }, extent);
}

function runOf(port: number, command: string, { pipeline }: Extent): Run {
  const words = command === "SET" ? ["SET", "key:__rand_int__", "v".repeat(32)] : [command, "key:__rand_int__"];
  return { port, words, pipeline, keyspace: KEYS, requests: MOST_REQUESTS };
}

async function benchmark(server: ServerProcess, run: Run, { seconds }: Extent): Promise<Sample> {
  const client = await attach(server);
  await load(client, plainKeys(KEYS));
  client.close();
  const requests = await calibrate(run, seconds);
  await runBenchmark({ ...run, requests: requests * 2 }); // a server just started is still compiling
  const before = threadTimes(server.pid);
  const { requestsPerSecond } = await runBenchmark({ ...run, requests });
  return { value: requestsPerSecond, cpu: secondsBetween(before, threadTimes(server.pid)) / requests };
}

// ---- many connections

/** Messages a second that reach `count` subscribers. */
export async function publish(contender: Contender, count: number): Promise<Sample> {
  await using server = await start(contender);
  await using subscribers = await Receivers.start(server.port, count, CHANNEL);
  const publisher = await attach(server);
  const batch = Math.max(1, Math.floor(DELIVERIES_AHEAD / count / 4));
  const words = Buffer.concat(Array.from({ length: batch }, () => encodeCommand(["PUBLISH", CHANNEL, MESSAGE])));
  const run = async (deliveries: number): Promise<number> => {
    const before = subscribers.received;
    const messages = Math.ceil(deliveries / count / batch) * batch;
    for (let sent = batch; sent <= messages; sent += batch) {
      publisher.send(words);
      await publisher.skipReplies(batch);
      await subscribers.reach(before + (sent * count - DELIVERIES_AHEAD) * PUSH_BYTES);
    }
    await subscribers.reach(before + messages * count * PUSH_BYTES);
    return messages * count;
  };
  try {
    await run(DELIVERIES / 4);
    const before = threadTimes(server.pid);
    const began = performance.now();
    const deliveries = await run(DELIVERIES);
    const seconds = (performance.now() - began) / 1000;
    return { value: deliveries / seconds, cpu: secondsBetween(before, threadTimes(server.pid)) / deliveries };
  } finally {
    publisher.close();
  }
}

/** What one idle client takes in bytes, and how fast GET is beside them, as a share of its speed without them. */
export async function idle(contender: Contender, { seconds }: Extent): Promise<{ readonly bytes: number; readonly share: number }> {
  await using server = await start(contender, { args: ["--maxclients", String(IDLE_CLIENTS + CLIENTS + 50)] });
  const run = runOf(server.port, "GET", { pipeline: 1, seconds });
  const alone = await benchmark(server, run, { pipeline: 1, seconds });
  const before = residentBytes(server.pid);
  await using clients = await Receivers.start(server.port, IDLE_CLIENTS);
  await Bun.sleep(3000); // both look at what their clients do not need every few seconds
  const bytes = (residentBytes(server.pid) - before) / IDLE_CLIENTS;
  const beside = await benchmark(server, run, { pipeline: 1, seconds });
  if (clients.received > 0) throw new Error("an idle client was sent something");
  return { bytes, share: beside.value / alone.value };
}

// ---- caches

/** The share of GETs that a cache of CACHE_BYTES answers; what it does not have is put there. */
export async function hits(contender: Contender, policy: "lru" | "lfu"): Promise<Sample> {
  await using server = await start(contender, { args: ["--maxmemory", String(CACHE_BYTES), "--maxmemory-policy", `allkeys-${policy}`] });
  const client = await attach(server);
  const draw = skewed(CACHED_KEYS, SKEW, 1);
  let found = 0;
  let counted = 0;
  for (let asked = 0; asked < CACHE_REQUESTS; asked += CACHE_BATCH) {
    const keys = Array.from({ length: CACHE_BATCH }, draw);
    client.send(Buffer.concat(keys.map((key) => encodeCommand(["GET", keyName(key)]))));
    const missing: number[] = [];
    for (const key of keys) if ((await client.readReply()).length === "$-1\r\n".length) missing.push(key);
    await load(
      client,
      missing.map((key) => ["SET", keyName(key), value32(key).repeat(3)]),
    );
    // The first half fills it.
    if (asked < CACHE_REQUESTS / 2) continue;
    found += CACHE_BATCH - missing.length;
    counted += CACHE_BATCH;
  }
  client.close();
  return { value: found / counted };
}

/** Requests a second of clients that are told what changes of all that they have read: nine of ten are GETs. */
export async function tracking(contender: Contender): Promise<Sample> {
  await using server = await start(contender);
  const filler = await attach(server);
  await load(filler, plainKeys(KEYS));
  filler.close();
  const clients = await Promise.all(Array.from({ length: TRACKERS }, () => attach(server)));
  try {
    for (const client of clients) {
      await client.command("HELLO", 3);
      await client.text("CLIENT", "TRACKING", "ON");
    }
    const draw = skewed(KEYS, 0, 2);
    const run = (requests: number): Promise<unknown> =>
      Promise.all(clients.map((client) => readAndWrite(client, requests / TRACKERS, draw)));
    await run(TRACKED_REQUESTS / 2);
    const before = threadTimes(server.pid);
    const began = performance.now();
    await run(TRACKED_REQUESTS);
    const seconds = (performance.now() - began) / 1000;
    return { value: TRACKED_REQUESTS / seconds, cpu: secondsBetween(before, threadTimes(server.pid)) / TRACKED_REQUESTS };
  } finally {
    for (const client of clients) client.close();
  }
}

async function readAndWrite(client: RawClient, requests: number, draw: () => number): Promise<void> {
  for (let sent = 0; sent < requests; sent += TRACKED_BATCH) {
    const commands = Array.from({ length: TRACKED_BATCH }, (_, index) =>
      encodeCommand(index % 10 === 0 ? ["SET", keyName(draw()), "changed"] : ["GET", keyName(draw())]),
    );
    client.send(Buffer.concat(commands));
    for (let left = TRACKED_BATCH; left > 0; ) if (!isPush(await client.readReply())) left -= 1;
  }
}

function isPush(reply: Buffer): boolean {
  return reply[0] === 0x3e;
}
