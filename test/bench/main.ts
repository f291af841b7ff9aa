/**
 * `bun run bench`: our executable against the redis-server on the PATH, driven in turn on this machine, as Markdown tables of ratios.
 * Absolute figures depend on the machine; the ratios are what to look at. Tables go to standard output, progress to standard error.
 */
import { cpus, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { benchBigSync } from "./big-sync.ts";
import { benchBigValues } from "./big-values.ts";
import { benchClients } from "./clients.ts";
import { benchCollections } from "./collections.ts";
import { benchConsole } from "./console.ts";
import { benchDefaults } from "./defaults.ts";
import { benchEmbedding } from "./embedding.ts";
import { benchFollow } from "./follow.ts";
import { requireRedisBenchmark } from "./load.ts";
import { benchMasses } from "./masses.ts";
import { benchMemory } from "./memory.ts";
import { benchPersistence } from "./persistence.ts";
import { benchReplication } from "./replication.ts";
import { benchReturned } from "./returned.ts";
import { benchScripts } from "./scripts.ts";
import { benchSentinels } from "./sentinels.ts";
import { type Contender, type Contenders, findContenders, infoField, requireExecutable, withServer } from "./servers.ts";
import { benchSessions } from "./sessions.ts";
import { benchStalls } from "./stalls.ts";
import { benchStartup } from "./startup.ts";
import { benchThroughput } from "./throughput.ts";

const SUITES = [
  "startup",
  "defaults",
  "throughput",
  "scripts",
  "memory",
  "returned",
  "collections",
  "persistence",
  "stalls",
  "big-values",
  "masses",
  "replication",
  "follow",
] as const;
/** Only when named: they take long, or need more than redis-server. */
const NAMED_SUITES = ["sessions", "big-sync", "sentinels", "clients", "embedding", "console"] as const;
type Suite = (typeof SUITES)[number] | (typeof NAMED_SUITES)[number];

const USAGE = `usage: bun run bench [suite...] [options]

suites (all of them unless named; only throughput with --only):
  startup       from the spawn of the executable to the first answered PING
  defaults      the tests of redis-benchmark -t NAME with its own options: requests/s, p99, processor time of the server per request;
                pops once more with something to pop (lpop-filled); pipeline depths 1 and 16 unless told
  throughput    requests/s and latencies of every command on random keys, and of keys of a million elements (group "big keys")
  scripts       requests/s of short Lua scripts, the time of long ones and of the first run of a new text, BullMQ's jobs/s; processor
                time of the server beside each; pipeline depths 1 and 16 unless told
  memory        resident memory of a million keys
  returned      resident memory after FLUSHALL, while values of all sizes come and go, and after most of them were deleted
  collections   resident memory, SAVE, file and start of many small collections and of a big one of each type
  persistence   SAVE, start with the file, and PINGs during BGSAVE, of a million keys
  stalls        the longest PING while a key of a million elements grows, shrinks, is deleted in every way, or saved under writes to it
  big-values    the longest PING, and resident memory, while something happens to a string, or an element, of 200 MB
  masses        the longest PING, processor time and memory of FLUSHALL, of 100,000 keys and fields that expire in one ms, of a
                transaction of 200,000 commands
  replication   full synchronisation of a million keys, what a replica costs its master, and how fast one catches up
  follow        changes a second of a feed, and writes a second of a redis-server as a replica, of the same writes of a redis-server
 only when named:
  sessions      a user with rules, TLS, PUBLISH, idle clients, hits of an evicting cache, tracking; pipeline depths 1 and 16
                unless told
  big-sync      3 GB under 20,000 writes a second: full synchronisation and BGSAVE, their memory and the longest PING; beside
                redis-server the newer servers that scripts/peers.sh brings
  embedding     a server in a program (from the sources): beside Bun.redis, ioredis and node-redis over loopback to redis-server its
                requests/s, BullMQ's jobs/s and a reset between tests; its start, and what one more takes
  sentinels     from the kill of a master under three Sentinels to the first write that its successor takes
  console       the console's page in Chromium: its first paint, what it loads, and what it costs the server while it is open
  clients       processor time of the client's process for a request: the typed client, Bun.redis, ioredis, node-redis

  --server "COMMAND"   what to measure instead of dist/replicant
  --redis "COMMAND"    what to compare it with instead of redis-server
  --rounds N           alternating rounds (5; 3 at most for the suites that load a million keys)
  --only NAME,NAME     these cases of the throughput suite, or these groups of them; likewise tests of defaults (lpop: both of its
                       kind), cases of scripts or their groups (cjson-2k, bullmq), data sets of collections (big-hash), servers
                       of big-sync ("Redis 8"), types
                       and events of stalls (zset, unlink), cases of masses (exec; flush-most, of 12,000,000 keys, only so)
  --pipeline 1,16,64   pipeline depths
  --seconds S          how long one sample of the throughput, defaults and scripts suites takes (1.5); defaults sends 100,000
                       at least
  --requests N         requests of one sample of the defaults suite, instead
  --scale N            the returned, collections, stalls, big-values, masses and big-sync suites with sizes divided by N, to
                       try them
  --quick              one round, samples of 0.4 s, pipeline depths 1 and 16
  --help               this text`;

type Settings = {
  readonly suites: readonly Suite[];
  readonly contenders: Contenders;
  readonly rounds: number;
  readonly only: readonly string[] | null;
  /** null: what each suite has of its own accord. */
  readonly pipelines: readonly number[] | null;
  readonly seconds: number;
  readonly requests: number | null;
  readonly scale: number;
};

function isSuite(name: string): name is Suite {
  return ([...SUITES, ...NAMED_SUITES] as readonly string[]).includes(name);
}

/** -> what to run, or null when the usage was asked for. Throws a sentence about the word that is wrong. */
function readArguments(): Settings | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: "string" },
      redis: { type: "string" },
      rounds: { type: "string" },
      only: { type: "string" },
      pipeline: { type: "string" },
      seconds: { type: "string" },
      requests: { type: "string" },
      scale: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const suites = positionals.filter(isSuite);
  const unknown = positionals.filter((word) => !isSuite(word));
  if (unknown.length > 0) throw new Error(`no suite is called ${unknown.join(", ")}\n\n${USAGE}`);
  const only = values.only === undefined ? null : values.only.split(",").map((name) => name.trim());
  const { quick } = values;
  return {
    suites: suites.length > 0 ? suites : only === null ? SUITES : ["throughput"],
    contenders: findContenders(values.server, values.redis),
    rounds: positive("--rounds", values.rounds ?? (quick ? "1" : "5"), true),
    only,
    pipelines: (values.pipeline ?? (quick ? "1,16" : undefined))?.split(",").map((word) => positive("--pipeline", word, true)) ?? null,
    seconds: positive("--seconds", values.seconds ?? (quick ? "0.4" : "1.5"), false),
    requests: values.requests === undefined ? null : positive("--requests", values.requests, true),
    scale: positive("--scale", values.scale, false),
  };
}

function positive(option: string, word: string, whole: boolean): number {
  const value = Number(word);
  if (!(value > 0) || (whole && !Number.isInteger(value))) throw new Error(`${option}: ${JSON.stringify(word)} is not a positive number`);
  return value;
}

async function describeContender(contender: Contender): Promise<string> {
  const version = await withServer(contender, {}, async (_, client) => {
    const own = await infoField(client, "server", "replicant_version");
    return own === null ? `Redis ${await infoField(client, "server", "redis_version")}` : `Replicant ${own}`;
  });
  return `${contender.name}: ${version}`;
}

async function runSuite(suite: Suite, settings: Settings, log: (line: string) => void): Promise<string> {
  const { contenders, rounds, seconds, requests, scale, only } = settings;
  const pipelines = settings.pipelines ?? (["defaults", "scripts", "sessions"].includes(suite) ? [1, 16] : [1, 16, 64]);
  const heavyRounds = Math.min(rounds, 3); // a million keys are loaded in each
  switch (suite) {
    case "startup":
      return benchStartup(contenders);
    case "defaults":
      return benchDefaults(contenders, { rounds, pipelines, seconds, requests, only, log });
    case "throughput":
      return benchThroughput(contenders, { rounds, pipelines, seconds, only, log });
    case "scripts":
      return benchScripts(contenders, { rounds, pipelines, seconds, only, log });
    case "memory":
      return benchMemory(contenders, heavyRounds);
    case "returned":
      return benchReturned(contenders, { rounds: heavyRounds, scale });
    case "collections":
      return benchCollections(contenders, { rounds: heavyRounds, only, scale, log });
    case "persistence":
      return benchPersistence(contenders, heavyRounds);
    case "stalls":
      return benchStalls(contenders, { rounds: heavyRounds, only, scale, log });
    case "big-values":
      return benchBigValues(contenders, { rounds: heavyRounds, scale });
    case "masses":
      return benchMasses(contenders, { rounds: heavyRounds, only, scale, log });
    case "sessions":
      return benchSessions(contenders, { rounds, pipelines, seconds, only, log });
    case "big-sync":
      return benchBigSync(contenders, { rounds: heavyRounds, only, scale, log });
    case "embedding":
      return benchEmbedding(contenders, { rounds, seconds, only, log });
    case "sentinels":
      return benchSentinels(contenders, rounds, log);
    case "clients":
      return benchClients(contenders, rounds, log);
    case "replication":
      return benchReplication(contenders, heavyRounds, pipelines, seconds);
    case "console":
      return benchConsole(contenders.ours, rounds, log);
    case "follow":
      return benchFollow(contenders, heavyRounds);
  }
}

/** -> the exit code: 1 when a suite could not be run. */
async function main(): Promise<number> {
  const settings = readArguments();
  if (settings === null) {
    console.log(USAGE);
    return 0;
  }
  const { ours, redis } = settings.contenders;
  requireExecutable(ours);
  requireExecutable(redis);
  requireRedisBenchmark();
  const log = (line: string): void => console.error(line);
  const processors = cpus();
  console.log(`# Benchmarks\n
- ${await describeContender(ours)}
- ${await describeContender(redis)}
- ${type()} ${release()}, ${processors.length} x ${processors[0]?.model.trim() ?? "unknown processor"}, ${(totalmem() / 1e9).toFixed(1)} GB
- ${new Date().toISOString().slice(0, 10)}, ${settings.rounds} rounds`);
  let failures = 0;
  for (const suite of settings.suites) {
    log(`${suite}...`);
    try {
      console.log(`\n${await runSuite(suite, settings, log)}`);
    } catch (error) {
      failures += 1;
      console.log(`\n## ${suite}\n\nFailed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failures === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
