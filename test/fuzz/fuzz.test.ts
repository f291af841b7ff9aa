/**
 * Random requests of every command, whole and damaged, from many connections that play different parts: nothing crashes, hangs or throws, all
 * memory comes back, and a replica that followed all the time has the same data.
 *
 * FUZZ_REQUESTS=n sends so many (a million in `npm run test:long`), PROPERTY_SEED=n says which. A failure names its seed, and shows the
 * shortest sequence of requests found: connections race, so that a seed gives the same requests but not always the same order.
 */
import { expect, test } from "bun:test";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { testWithRedis } from "../support/redis.ts";
import { fuzz, type Plan } from "./run.ts";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 6000);
/** The seed of a run that is told nothing. */
const USUAL_SEED = 11;
const SEED = Number(
  process.env.PROPERTY_SEED ?? (process.env.FUZZ_REQUESTS === undefined ? USUAL_SEED : Math.floor(Math.random() * 2 ** 31)),
);
const CONNECTIONS = 50;
const LIMIT_MS = TEST_LIMIT_MS + REQUESTS * 3;

async function run(plan: Pick<Plan, "follower" | "requests">): Promise<void> {
  const began = performance.now();
  const figures = await fuzz({ seed: SEED, connections: CONNECTIONS, ...plan });
  if (process.env.FUZZ_REQUESTS !== undefined)
    console.log(`seed ${SEED}, follower ${plan.follower}, ${Math.round((performance.now() - began) / 1000)} s: ${JSON.stringify(figures)}`);
  expect(figures.requests).toBeGreaterThanOrEqual(plan.requests);
  expect(figures.handled / figures.requests).toBeGreaterThan(0.5);
}

test("random requests break nothing, and a replica follows", () => run({ follower: "replicant", requests: REQUESTS }), LIMIT_MS);

testWithRedis(
  "random requests leave a Redis that follows with the same data",
  () => run({ follower: "redis", requests: REQUESTS / 4 }),
  LIMIT_MS,
);
