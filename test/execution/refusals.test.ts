import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

/** Several reasons for a refusal at once: the first in Redis's order is the one that clients are told. */
const CONVERSATIONS: readonly (readonly (readonly Word[])[])[] = [
  [["GET", "a"], ["SET", "a", "1"], ["PING"]],
  [["MULTI"], ["SAVE"], ["GET", "a"], ["EXEC"]],
  [["SUBSCRIBE", "x"], ["GET", "a"], ["SET", "a", "1"], ["PING"], ["NOSUCH"], ["GET"]],
  [
    ["HELLO", "3"],
    ["SUBSCRIBE", "x"],
    ["GET", "a"],
  ],
];

/** What a server answers, one conversation after the other, each on a connection of its own. */
async function play(port: number): Promise<string[][]> {
  const answers: string[][] = [];
  for (const requests of CONVERSATIONS) {
    const client = await connect(port);
    const seen: string[] = [];
    for (const request of requests)
      seen.push(request[0] === "HELLO" ? String(await client.command(...request)).slice(0, 1) : String(await client.command(...request)));
    answers.push(seen);
    client.close();
  }
  return answers;
}

describe("the reason for a refusal", () => {
  testWithRedis("is Redis's on a replica that has lost its master and serves no stale data", async () => {
    const directives = { "replica-serve-stale-data": "no", replicaof: "127.0.0.1 1" };
    const ours = await startServer(directives);
    await using redis = await startRedis({ args: ["--replica-serve-stale-data", "no", "--replicaof", "127.0.0.1 1"] });
    try {
      expect(await play(ours.port)).toEqual(await play(redis.port));
    } finally {
      await ours.stop();
    }
  });

  testWithRedis("is Redis's while the disk fails: PING tells it too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-test-"));
    const dirs = ["ours", "theirs"].map((name) => join(folder, name));
    for (const dir of dirs) mkdirSync(dir);
    const ours = await startServer({ save: "3600 100", dir: dirs[0] });
    await using redis = await startRedis({ args: ["--save", "3600 100", "--dir", dirs[1]] });
    try {
      const answers: string[][] = [];
      for (const [index, port] of [ours.port, redis.port].entries()) {
        const client = await connect(port);
        rmSync(dirs[index], { recursive: true });
        await client.command("BGSAVE");
        await until("the save to fail", async () => (await infoOf(client)).includes("rdb_last_bgsave_status:err"));
        answers.push((await play(port)).flat());
        // Or it would not end when it is told to: it could not save.
        await client.command("CONFIG", "SET", "save", "");
        client.close();
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0][2]).toStartWith("-MISCONF Redis is configured to save RDB snapshots");
    } finally {
      await ours.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const infoOf = (client: RawClient): Promise<string> => client.text("INFO", "persistence");

test("a client that must log in hears nothing else", async () => {
  const { port, stop } = await startServer({ requirepass: "secret" });
  const client = await connect(port);
  try {
    expect(String(await client.command("SAVE"))).toBe("-NOAUTH Authentication required.\r\n");
  } finally {
    client.close();
    await stop();
  }
});
