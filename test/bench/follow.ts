/** A feed of changes beside a replica: how fast each takes in what a redis-server has written. */
import { join } from "node:path";
import { follow as openFeed } from "../../src/follow/index.ts";
import { cpuSeconds } from "./cpu.ts";
import { type Run, runBenchmark } from "./load.ts";
import { follow } from "./replication.ts";
import { attach, type Contenders, infoField, start } from "./servers.ts";
import { median, section } from "./table.ts";

/** Writes that are taken in, and those that warm a replica up. */
const WRITES = 2_000_000;
const WARM_UP = 300_000;
const PER_MILLION = 1_000_000;

interface Sample {
  /** Seconds by the clock, and of the processor. */
  readonly clock: number;
  readonly processor: number;
}

/** -> a Markdown section: changes a second of a feed, and writes a second of a replica, of the same writes. */
export async function benchFollow({ redis }: Contenders, rounds: number): Promise<string> {
  const replica: Sample[] = [];
  const feed: Sample[] = [];
  const withKeys: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    await using master = await start(redis, { args: ["--client-output-buffer-limit", "replica 0 0 0", "--repl-backlog-size", "1gb"] });
    await using follower = await start(redis);
    const client = await attach(master);
    const replicaClient = await attach(follower);
    try {
      await follow(replicaClient, master.port);
      const words = ["SET", "key:__rand_int__", "v".repeat(32)];
      const run: Run = { port: master.port, words, pipeline: 16, keyspace: 100_000, requests: WRITES };
      await runBenchmark({ ...run, requests: WARM_UP });
      const wait = async (): Promise<void> => {
        await client.text("SET", "last", 1); // WAIT waits for the writes of its own connection
        if ((await client.text("WAIT", 1, 60_000)) !== "1") throw new Error("the replica did not catch up");
      };
      await wait();
      const from = await positionOf(master.port);
      follower.kill("SIGSTOP");
      await runBenchmark(run);
      const before = cpuSeconds(follower.pid);
      const began = performance.now();
      follower.kill("SIGCONT");
      await wait();
      replica.push({ clock: (performance.now() - began) / 1000, processor: cpuSeconds(follower.pid) - before });
      if ((await infoField(client, "stats", "sync_partial_ok")) !== "0") throw new Error("the link was lost meanwhile");
      feed.push(await timeFeed(master.port, from, "no"));
      withKeys.push(await timeFeed(master.port, from, "yes"));
    } finally {
      client.close();
      replicaClient.close();
    }
  }
  const reference = median(replica.map(({ clock }) => WRITES / clock));
  const rows = [
    row("redis-server as a replica", replica, reference),
    row("a feed, event by event", feed, reference),
    row("a feed, each key read", withKeys, reference),
  ];
  const about = `${WRITES.toLocaleString("en")} SETs of a redis-server (100,000 keys, 32-byte values) that are there already, taken in by one that follows.`;
  return section("Follow", about, ["who", "1/s", "of the replica", "processor, µs each"], rows);
}

function row(name: string, samples: readonly Sample[], reference: number): string[] {
  const rate = median(samples.map(({ clock }) => WRITES / clock));
  const each = (median(samples.map(({ processor }) => processor)) / WRITES) * PER_MILLION;
  return [name, Math.round(rate).toLocaleString("en"), (rate / reference).toFixed(2), each.toFixed(2)];
}

/** The position behind an image of what there is now. */
async function positionOf(port: number): Promise<string> {
  for await (const event of openFeed(`redis://127.0.0.1:${port}`, { keys: "last" })) if (event.kind === "image-end") return event.position;
  throw new Error("the feed ended");
}

async function timeFeed(port: number, from: string, keys: "yes" | "no"): Promise<Sample> {
  const words = [process.execPath, join(import.meta.dirname, "follow-child.ts"), String(port), from, String(WRITES), keys];
  const child = Bun.spawn(words, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const [clock, processor] = (await new Response(child.stdout).text()).split(" ").map(Number);
  if ((await child.exited) !== 0) throw new Error("the feed failed");
  return { clock, processor };
}
