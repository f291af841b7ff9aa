/**
 * Random commands of all types against a real Redis while everything that can be moved in memory moves between any two of them: replies, data
 * sets, replicas, payloads and files are as if nothing had moved.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { moveEverything } from "../support/moving.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { sequence } from "./generator.ts";
import { dumps, Stage, script } from "./stage.ts";
import { geo, hashes, keys, lists, sets, sortedSets, streams, strings } from "./types.ts";

const TYPES = [strings, lists, hashes, sets, sortedSets, streams, geo, keys];
const COMMANDS = Number(process.env.DIFFERENTIAL_COMMANDS ?? 2500);
/** With these, collections of a few elements are held as those of many. */
const LARGE_SOON = {
  "hash-max-listpack-entries": "2",
  "list-max-listpack-size": "3",
  "set-max-intset-entries": "2",
  "set-max-listpack-entries": "2",
  "zset-max-listpack-entries": "2",
  "stream-node-max-entries": "3",
};

describeWithRedis("random commands while memory moves", () => {
  let stage: Stage;
  let payloads: Buffer[] = [];
  let moved: readonly (() => number)[] = [];

  beforeAll(async () => {
    stage = await Stage.start({ "memory-compaction": "no" });
    payloads = await dumps(stage.real.client);
    moved = stage.oursAll.map(({ server }) => moveEverything(server));
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  for (const [name, directives] of Object.entries({ "small values": {}, "large values": LARGE_SOON })) {
    test(
      name,
      async () => {
        const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
        const steps = sequence(new Random(seed), TYPES, COMMANDS, payloads);
        const failure = await stage.run(steps, { protocol: 2, directives });
        if (failure !== null) {
          const last = failure.step === null ? [] : steps[failure.step].map(script);
          throw new Error(`failed with PROPERTY_SEED=${seed}: ${failure.what}\n${last.join("\n")}`);
        }
        for (const count of moved) expect(count()).toBeGreaterThan(COMMANDS);
      },
      TEST_LIMIT_MS,
    );
  }
});
