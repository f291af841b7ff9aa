/** Full synchronisation in every direction, and what a replica costs its master. */
import type { RawClient } from "../support/client.ts";
import { calibrate, type Run, runBenchmark } from "./load.ts";
import { expectKeys } from "./persistence.ts";
import { alternate, attach, type Contender, type Contenders, infoField, load, plainKeys, start, withServer } from "./servers.ts";
import { figure, markdownTable, median, ratioCell, section } from "./table.ts";

const KEYS = 1_000_000;
const SYNC_PATIENCE_MS = 120_000;
const MOST_REQUESTS = 20_000_000;
/** Writes that a replica catches up with, and those that warm it up. */
const BEHIND = 2_000_000;
const WARM_UP = 300_000;

/** -> a Markdown section: full synchronisation of a million keys, and SET with a replica attached. */
export async function benchReplication(
  contenders: Contenders,
  rounds: number,
  pipelines: readonly number[],
  seconds: number,
): Promise<string> {
  const { ours, redis } = contenders;
  const pairs = [
    [redis, redis],
    [ours, ours],
    [ours, redis],
    [redis, ours],
  ] as const;
  const rows: string[][] = [];
  let reference = Number.NaN;
  for (const [master, replica] of pairs) {
    const outcome = await timeFullSync(master, replica, rounds);
    if (master === redis && replica === redis && typeof outcome === "number") reference = outcome;
    const cells = typeof outcome === "number" ? [figure(outcome), (outcome / reference).toFixed(2)] : [outcome, ""];
    rows.push([`${master.name} to ${replica.name}`, ...cells]);
  }
  const about = "Full synchronisation of 1,000,000 keys, from REPLICAOF to `master_link_status:up`.";
  const syncs = section("Replication", about, ["master to replica", "ms (median)", "of Redis to Redis"], rows);
  const attached = await benchAttached(contenders, rounds, pipelines, seconds);
  return `${syncs}\n\n${attached}\n\n${await benchCatchUp(contenders, rounds)}`;
}

/** -> the median time in ms, or the reason why there is none. */
async function timeFullSync(masterSide: Contender, replicaSide: Contender, rounds: number): Promise<number | string> {
  try {
    return await withServer(masterSide, {}, async (master, client) => {
      await load(client, plainKeys(KEYS));
      const samples: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const took = await withServer(replicaSide, {}, async (_, replica) => {
          const began = performance.now();
          await follow(replica, master.port);
          const ms = performance.now() - began;
          await expectKeys(replica, KEYS);
          return ms;
        });
        samples.push(took);
      }
      return median(samples);
    });
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Makes the server behind `replica` follow the one at `port`, and waits until the link is up. */
export async function follow(replica: RawClient, port: number): Promise<void> {
  await replica.text("REPLICAOF", "127.0.0.1", port);
  const deadline = performance.now() + SYNC_PATIENCE_MS;
  while ((await infoField(replica, "replication", "master_link_status")) !== "up") {
    if (performance.now() > deadline) throw new Error(`the link was not up within ${SYNC_PATIENCE_MS / 1000} s`);
    await Bun.sleep(2);
  }
}

/** SET on a master that has one replica. The replica is a Redis for both, so that only the master differs. */
async function benchAttached(contenders: Contenders, rounds: number, pipelines: readonly number[], seconds: number): Promise<string> {
  const rows: string[][] = [];
  for (const pipeline of pipelines) {
    try {
      const samples = await alternate(contenders, rounds, (contender) => timeAttached(contender, contenders.redis, pipeline, seconds));
      const cell = (at: "alone" | "attached"): string =>
        ratioCell(median(samples.ours.map((sample) => sample[at])), median(samples.redis.map((sample) => sample[at])), "/s");
      const notes = [...samples.ours, ...samples.redis].map((sample) => sample.note).filter((note) => note !== "");
      rows.push([String(pipeline), cell("alone"), cell("attached"), [...new Set(notes)].join("; ")]);
    } catch (error) {
      rows.push([String(pipeline), `failed: ${error instanceof Error ? error.message : String(error)}`, "", ""]);
    }
  }
  const table = markdownTable(["pipeline", "SET, no replica", "SET, a replica attached", "note"], rows);
  return `SET (100,000 keys, 32-byte values) on a master with one replica, a Redis for both.\n\n${table}`;
}

type Attached = { readonly alone: number; readonly attached: number; readonly note: string };

async function timeAttached(contender: Contender, replicaSide: Contender, pipeline: number, seconds: number): Promise<Attached> {
  await using master = await start(contender);
  await using replica = await start(replicaSide);
  const client = await attach(master);
  const replicaClient = await attach(replica);
  try {
    const words = ["SET", "key:__rand_int__", "v".repeat(32)];
    const run: Run = { port: master.port, words, pipeline, keyspace: 100_000, requests: MOST_REQUESTS };
    const requests = await calibrate(run, seconds);
    const alone = await runBenchmark({ ...run, requests });
    await follow(replicaClient, master.port);
    const fullSyncs = await infoField(client, "stats", "sync_full");
    const attached = await runBenchmark({ ...run, requests });
    await client.text("SET", "last", 1); // WAIT waits for the writes of its own connection
    const caughtUp = await client.text("WAIT", 1, 30_000);
    const again = (await infoField(client, "stats", "sync_full")) !== fullSyncs;
    const note =
      caughtUp !== "1" || again ? `the replica of ${contender.name} ${again ? "had to synchronise again" : "did not catch up"}` : "";
    return { alone: alone.requestsPerSecond, attached: attached.requestsPerSecond, note };
  } finally {
    client.close();
    replicaClient.close();
  }
}

/** A replica that was asleep while its master, a Redis for both, took writes: how many it executes a second until it has them all. */
async function benchCatchUp(contenders: Contenders, rounds: number): Promise<string> {
  const samples = await alternate(contenders, rounds, (contender) => timeCatchUp(contender, contenders.redis));
  const writes = ratioCell(median(samples.ours), median(samples.redis), "/s");
  const about = `A replica catches up ${BEHIND.toLocaleString("en")} SETs (100,000 keys, 32-byte values) of a master that is a Redis for both`;
  return `${about}: ${writes} writes executed.`;
}

async function timeCatchUp(contender: Contender, masterSide: Contender): Promise<number> {
  await using master = await start(masterSide, { args: ["--client-output-buffer-limit", "replica 0 0 0", "--repl-backlog-size", "1gb"] });
  await using replica = await start(contender);
  const client = await attach(master);
  const replicaClient = await attach(replica);
  try {
    await follow(replicaClient, master.port);
    const run: Run = {
      port: master.port,
      words: ["SET", "key:__rand_int__", "v".repeat(32)],
      pipeline: 16,
      keyspace: 100_000,
      requests: BEHIND,
    };
    await runBenchmark({ ...run, requests: WARM_UP });
    await client.text("SET", "last", 1); // WAIT waits for the writes of its own connection
    if ((await client.text("WAIT", 1, 30_000)) !== "1") throw new Error(`the replica of ${contender.name} did not catch up`);
    replica.kill("SIGSTOP");
    await runBenchmark(run);
    await client.text("SET", "last", 2);
    const began = performance.now();
    replica.kill("SIGCONT");
    if ((await client.text("WAIT", 1, 60_000)) !== "1") throw new Error(`the replica of ${contender.name} did not catch up`);
    const seconds = (performance.now() - began) / 1000;
    if ((await infoField(client, "stats", "sync_partial_ok")) !== "0") throw new Error("the link was lost meanwhile");
    return BEHIND / seconds;
  } finally {
    client.close();
    replicaClient.close();
  }
}
