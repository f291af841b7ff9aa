/**
 * Gigabytes under writes: full synchronisation of each family with itself in its best mode, and BGSAVE. Beside redis-server those newer
 * servers that are there (scripts/peers.sh).
 */
import { pathOfPeer } from "../support/peers.ts";
import { BIG_HASH, bigHash, bigStrings, VALUE_BYTES } from "./big-sync-data.ts";
import { PeakMemory } from "./family-memory.ts";
import { Pinger } from "./pinger.ts";
import { follow } from "./replication.ts";
import { type Contender, type Contenders, infoField, load, withServer } from "./servers.ts";
import { figure, median, section } from "./table.ts";
import { Writer } from "./writer.ts";

export type BigSyncOptions = {
  readonly rounds: number;
  /** 3 GB divided by it. */
  readonly scale: number;
  /** Names of contenders, or null for all. */
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
};

const KEYS = 3_000_000;
const FIELDS = 2_000_000;
const WRITES_PER_SECOND = 20_000;
/** For all: an image is read as it comes, and whatever waits for a replica may wait. */
const ARGUMENTS = ["--repl-diskless-load", "on-empty-db", "--client-output-buffer-limit", "replica 0 0 0"];
const MIB = 1024 * 1024;

interface Family {
  readonly contender: Contender;
  /** Its way to send an image and the stream on two connections. */
  readonly args: readonly string[];
}

interface Sample {
  readonly seconds: number;
  readonly memory: number;
  readonly worstPing: number;
  /** Writes a second that were answered. */
  readonly rate: number;
}

/** -> a Markdown section with two tables. */
export async function benchBigSync({ ours, redis }: Contenders, options: BigSyncOptions): Promise<string> {
  const families: Family[] = [
    { contender: ours, args: ["--repl-rdb-channel", "yes"] },
    { contender: redis, args: [] },
    ...peer("redis8", "Redis 8", "repl-rdb-channel"),
    ...peer("valkey9", "Valkey 9", "dual-channel-replication-enabled"),
  ].filter(({ contender }) => options.only === null || options.only.includes(contender.name));
  const syncs: string[][] = [];
  const saves: string[][] = [];
  for (const family of families) {
    syncs.push(await measure(family, options, "full synchronisation", timeSync));
    saves.push(await measure(family, options, "BGSAVE", timeSave));
  }
  const keys = Math.floor(KEYS / options.scale);
  const header = ["server", "seconds", "memory above rest, MiB", "longest PING, ms", "writes/s meanwhile"];
  const about =
    `Medians of ${options.rounds} rounds, ${keys.toLocaleString("en")} strings of ${VALUE_BYTES} bytes, ` +
    `${WRITES_PER_SECOND.toLocaleString("en")} writes a second wanted. Memory is that of the master and its children, the most of four looks a second`;
  const sync = section(
    "Large data under writes",
    `Full synchronisation, from REPLICAOF until a write made after the link is up has reached the replica. ${about}.`,
    header,
    syncs,
  );
  const save = section(
    "BGSAVE",
    `The same with a hash of ${Math.floor(FIELDS / options.scale)} fields, which is written to.`,
    header,
    saves,
  );
  return `${sync}\n\n${save}`;
}

function peer(name: "redis8" | "valkey9", title: string, channel: string): Family[] {
  const path = pathOfPeer(name);
  return path === null ? [] : [{ contender: { name: title, command: [path] }, args: [`--${channel}`, "yes"] }];
}

type Measure = (family: Family, options: BigSyncOptions) => Promise<Sample>;

async function measure(family: Family, options: BigSyncOptions, what: string, take: Measure): Promise<string[]> {
  const { name } = family.contender;
  try {
    const samples: Sample[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const sample = await take(family, options);
      options.log(
        `${name}, ${what}: ${sample.seconds.toFixed(1)} s, ${(sample.memory / MIB).toFixed(0)} MiB, PING ${sample.worstPing.toFixed(1)} ms, ${sample.rate.toFixed(0)} writes/s`,
      );
      samples.push(sample);
    }
    const middle = (of: (sample: Sample) => number): number => median(samples.map(of));
    return [
      name,
      middle((sample) => sample.seconds).toFixed(1),
      (middle((sample) => sample.memory) / MIB).toFixed(0),
      middle((sample) => sample.worstPing).toFixed(1),
      figure(middle((sample) => sample.rate)),
    ];
  } catch (error) {
    return [name, `failed: ${error instanceof Error ? error.message : String(error)}`, "", "", ""];
  }
}

async function timeSync({ contender, args }: Family, { scale }: BigSyncOptions): Promise<Sample> {
  const count = Math.floor(KEYS / scale);
  return await withServer(contender, { args: [...ARGUMENTS, ...args] }, async (master, client) => {
    await load(client, bigStrings(count));
    return await withServer(contender, { args: [...ARGUMENTS, ...args] }, async (_, replica) =>
      watch(master, { port: master.port, rate: WRITES_PER_SECOND, kind: "keys", count }, async () => {
        await follow(replica, master.port);
        await client.text("SET", "marker", "1");
        while ((await replica.text("EXISTS", "marker")) !== "1") await Bun.sleep(2);
      }),
    );
  });
}

async function timeSave({ contender }: Family, { scale }: BigSyncOptions): Promise<Sample> {
  const count = Math.floor(FIELDS / scale);
  return await withServer(contender, {}, async (server, client) => {
    await load(client, bigStrings(Math.floor(KEYS / scale)));
    await load(client, bigHash(count));
    if ((await client.text("HLEN", BIG_HASH)) !== String(count)) throw new Error("the hash has not all of its fields");
    return await watch(server, { port: server.port, rate: WRITES_PER_SECOND, kind: "hash", count }, async () => {
      await client.text("BGSAVE");
      while ((await infoField(client, "persistence", "rdb_bgsave_in_progress")) !== "0") await Bun.sleep(20);
      if ((await infoField(client, "persistence", "rdb_last_bgsave_status")) !== "ok") throw new Error("BGSAVE failed");
    });
  });
}

/** Runs `work` while a writer writes, a pinger pings and the memory of `server` is watched. */
async function watch(
  server: { pid: number; port: number },
  load: Parameters<typeof Writer.start>[0],
  work: () => Promise<void>,
): Promise<Sample> {
  await using writer = await Writer.start(load);
  await using pinger = await Pinger.start(server.port);
  await Bun.sleep(1000);
  const rest = new PeakMemory(server.pid);
  rest[Symbol.dispose]();
  const before = await writer.answered();
  using memory = new PeakMemory(server.pid);
  pinger.begin();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const { worst } = await pinger.end();
  const rate = ((await writer.answered()) - before) / seconds;
  return { seconds, memory: memory.peak - rest.peak, worstPing: worst, rate };
}
