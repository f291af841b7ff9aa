/**
 * Three of Redis's Sentinels over a master and two replicas, ours and Redis mixed: the master is killed, a replica takes its place, and the
 * old master comes back as a replica. Runs with REPLICANT_LONG=1 (`npm run test:long`): a Sentinel takes its time.
 */
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { describeWithRedis } from "../support/redis.ts";
import { type SentinelNode, Watched } from "../support/sentinels.ts";
import { until } from "./support.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const COMMANDS = { ours: [process.execPath, "run", MAIN], redis: ["redis-server"] } as const;
const isLong = process.env.REPLICANT_LONG === "1";

describeWithRedis("Sentinels over", () => {
  for (const kinds of [
    ["ours", "ours", "ours"],
    ["ours", "redis", "ours"],
    ["redis", "ours", "redis"],
  ] as const) {
    test.skipIf(!isLong)(`${kinds.join(", ")} (with REPLICANT_LONG=1) fail over, and the old master comes back`, async () => {
      await using watched = await Watched.start(kinds.map((kind) => COMMANDS[kind]));
      const { nodes, master } = watched;
      await master.kill();
      await until("another master", async () => (await watched.successor()) !== undefined);
      const chosen = (await watched.successor()) as SentinelNode;
      await chosen.text("SET", "after", "1");

      await master.start();
      for (const node of nodes.filter((each) => each !== chosen)) {
        await until("another to follow it", async () => (await node.field("master_port")) === String(chosen.port));
        await until("its link", async () => (await node.field("master_link_status")) === "up");
        await until("the writes", async () => (await node.text("EXISTS", "before", "after")) === "2");
      }
      expect(await chosen.field("role")).toBe("master");
    });
  }
});
