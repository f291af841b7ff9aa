/**
 * Damaged payloads, taken without regard to their checksums: RESTORE refuses them, or what it makes of them is sound. Whatever comes after,
 * the server answers, no command ends in an internal error, and no memory stays behind. Only ours is asked: damaged values may end a Redis.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Ours, until } from "../replication/support.ts";
import { connect, encodeCommand } from "../support/client.ts";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { KEYS } from "./arguments.ts";
import { PROLOGUE, type Step, sequence } from "./generator.ts";
import { dumps, script } from "./stage.ts";
import { hashes, lists, logs, sets, sortedSets, streams, strings } from "./types.ts";

const ROUNDS = 60 * Number(process.env.DIFFERENTIAL_ROUNDS ?? 1);
const COMMANDS_AFTER = 60;
const TYPES = [strings, logs, lists, hashes, sets, sortedSets, streams];

describeWithRedis("damaged payloads", () => {
  let ours: Ours;
  let payloads: Buffer[] = [];

  beforeAll(async () => {
    ours = await Ours.start();
    await using redis = await startRedis();
    const client = await redis.connect();
    payloads = await dumps(client);
    client.close();
  });
  afterAll(() => ours[Symbol.asyncDispose]());

  test(
    "are refused, or make sound values",
    async () => {
      const wanted = process.env.PROPERTY_SEED;
      const empty = ours.server.keyspace.usedBytes;
      let taken = 0;
      for (let round = 0; round < (wanted === undefined ? ROUNDS : 1); round++) {
        const seed = wanted === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(wanted);
        taken += await prove(new Random(seed), seed);
        await ours.client.text("FLUSHALL", "SYNC");
        await until(`memory to be given back (PROPERTY_SEED=${seed})`, () => ours.server.keyspace.usedBytes === empty);
      }
      if (wanted === undefined) expect(taken).toBeGreaterThan(0);
    },
    TEST_LIMIT_MS + ROUNDS * 1000,
  );

  /** -> how many of the payloads were taken. Throws when a reply is an internal error, or none comes. */
  async function prove(random: Random, seed: number): Promise<number> {
    const restores: Step[] = Object.values(KEYS)
      .flat()
      .map((key) => [["RESTORE", key, "0", damaged(random, random.pick(payloads)), "REPLACE"]]);
    const steps: Step[] = [
      [["DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1"]],
      ...restores,
      ...sequence(random, TYPES, COMMANDS_AFTER, []).slice(PROLOGUE.length),
      [["DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "0"]],
      [["DEBUG", "DIGEST"]],
      [["DEBUG", "RELOAD"]],
    ];
    const requests = steps.flat();
    const client = await connect(ours.port);
    try {
      client.send(Buffer.concat(requests.map(encodeCommand)));
      let taken = 0;
      for (const [index, request] of requests.entries()) {
        const reply = (await client.readReply()).toString("latin1");
        if (/internal error/.test(reply) || (reply.startsWith("-") && index >= requests.length - 2)) {
          throw new Error(`PROPERTY_SEED=${seed}: ${script(request)} => ${reply}\n${ours.log.slice(-1500)}`);
        }
        if (index <= restores.length && reply.startsWith("+OK") && request[0] === "RESTORE") taken += 1;
      }
      return taken;
    } catch (error) {
      throw new Error(`PROPERTY_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      client.close();
    }
  }
});

/** With a few bytes changed, somewhere before the version and the checksum. */
function damaged(random: Random, payload: Buffer): Buffer {
  const bytes = Buffer.from(payload);
  for (let times = random.between(1, 3); times > 0; times--) {
    const at = random.chance(0.5) ? random.below(Math.min(24, bytes.length - 10)) : random.below(bytes.length - 10);
    bytes[at] = random.chance(0.5) ? bytes[at] ^ (1 << random.below(8)) : random.below(256);
  }
  return bytes;
}
