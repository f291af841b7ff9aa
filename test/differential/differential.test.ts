/**
 * Every data type against a real Redis: thousands of random commands to both, whose replies must be equal, and so must the data sets in the
 * end: in memory, on replicas of the other kind that followed, through DUMP and RESTORE, through the file, and through a full
 * synchronisation.
 *
 * A failure names its seed and shows the shortest script found. PROPERTY_SEED=<seed> repeats it. Unless told otherwise every run has the
 * same seed, so that what fails is what was changed; DIFFERENTIAL_ROUNDS=<n> runs n sequences of every type with seeds up to chance, each
 * of DIFFERENTIAL_COMMANDS=<n> commands.
 */
import { afterAll, beforeAll, test } from "bun:test";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type Commands, type Step, sequence } from "./generator.ts";
import { shrink } from "./shrink.ts";
import { dumps, type RunOptions, Stage, script } from "./stage.ts";
import { bitmaps, emptying, geo, hashes, keys, lists, logs, sets, sortedSets, streams, strings } from "./types.ts";

const ROUNDS = Number(process.env.DIFFERENTIAL_ROUNDS ?? 1);
/** The seed of a run that is told nothing. */
const USUAL_SEED = 720;
const COMMANDS = Number(process.env.DIFFERENTIAL_COMMANDS ?? 3000);
const SEED = process.env.PROPERTY_SEED ?? (process.env.DIFFERENTIAL_ROUNDS === undefined ? USUAL_SEED : undefined);
const SHRINKING = { tries: 250, ms: 20_000 };

/** The thresholds where encodings change: Redis's own, and some that small collections cross. */
const LIMITS: readonly Readonly<Record<string, readonly string[]>>[] = [
  {
    "hash-max-listpack-entries": ["512"],
    "hash-max-listpack-value": ["64"],
    "list-max-listpack-size": ["-2"],
    "set-max-intset-entries": ["512"],
    "set-max-listpack-entries": ["128"],
    "set-max-listpack-value": ["64"],
    "zset-max-listpack-entries": ["128"],
    "zset-max-listpack-value": ["64"],
    "stream-node-max-entries": ["100"],
    "stream-node-max-bytes": ["4096"],
    "hll-sparse-max-bytes": ["3000"],
  },
  {
    "hash-max-listpack-entries": ["0", "1", "4", "16"],
    "hash-max-listpack-value": ["0", "3", "20"],
    "list-max-listpack-size": ["1", "2", "5", "-1", "-3"],
    "set-max-intset-entries": ["0", "1", "4", "16"],
    "set-max-listpack-entries": ["0", "1", "4", "16"],
    "set-max-listpack-value": ["0", "3", "20"],
    "zset-max-listpack-entries": ["0", "1", "4", "16"],
    "zset-max-listpack-value": ["0", "3", "20"],
    "stream-node-max-entries": ["1", "3", "10"],
    "stream-node-max-bytes": ["0", "60", "200"],
    "hll-sparse-max-bytes": ["0", "40", "500"],
  },
];

describeWithRedis("random commands", () => {
  let stage: Stage;
  let payloads: Buffer[] = [];

  beforeAll(async () => {
    stage = await Stage.start();
    payloads = await dumps(stage.real.client);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  /** One sequence of these types' commands. Throws for the first difference, with the shortest script that shows one. */
  async function prove(seed: number, types: readonly Commands[]): Promise<void> {
    const random = new Random(seed);
    const directives = Object.fromEntries(Object.entries(random.pick(LIMITS)).map(([name, values]) => [name, random.pick(values)]));
    const options: RunOptions = { protocol: random.chance(0.5) ? 2 : 3, directives };
    const steps = sequence(random, types, COMMANDS, payloads);
    const failure = await attempt(steps, options);
    if (failure === null) return;
    const least = await shrink(
      failure.step === null ? steps : steps.slice(0, failure.step + 1),
      async (shorter) => (await attempt(shorter, options)) !== null,
      SHRINKING,
    );
    const last = (await attempt(least, options)) ?? failure;
    throw new Error(report(seed, options, least, last.what));
  }

  /** A run; a stage that broke is replaced. */
  async function attempt(steps: readonly Step[], options: RunOptions): ReturnType<Stage["run"]> {
    try {
      const failure = await stage.run(steps, options);
      if (failure === null || !failure.what.startsWith("the conversation broke off")) return failure;
      await renew();
      return failure;
    } catch (error) {
      await renew();
      return { what: error instanceof Error ? error.message : String(error), step: null };
    }
  }

  async function renew(): Promise<void> {
    await stage[Symbol.asyncDispose]();
    stage = await Stage.start();
  }

  for (const [name, types] of Object.entries({
    strings: [strings],
    bitmaps: [bitmaps],
    HyperLogLogs: [logs],
    lists: [lists],
    hashes: [hashes],
    sets: [sets],
    "sorted sets": [sortedSets],
    streams: [streams],
    geo: [geo],
    keys: [keys],
    "whole databases": [emptying, strings, hashes, lists, sets, sortedSets, streams],
    "all types together": [strings, lists, hashes, sets, sortedSets, streams, keys],
  })) {
    test(
      name,
      async () => {
        for (let times = SEED === undefined ? ROUNDS : 1; times > 0; times--) {
          await prove(SEED === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(SEED), types);
        }
      },
      TEST_LIMIT_MS + ROUNDS * 60_000,
    );
  }
});

function report(seed: number, options: RunOptions, steps: readonly Step[], what: string): string {
  const lines = steps.flatMap((step) => step.map(script));
  return [
    `failed with PROPERTY_SEED=${seed} in RESP${options.protocol} (${JSON.stringify(options.directives)})`,
    ...(lines.length > 40 ? [`(${lines.length - 40} more)`, ...lines.slice(-40)] : lines),
    `=> ${what}`,
  ].join("\n");
}
