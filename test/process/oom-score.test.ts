import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import type { Log } from "../../src/log.ts";
import { OomScore } from "../../src/process/oom-score.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";

const MAIN = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];
const LINUX_WITH_REDIS = process.platform === "linux" && Bun.which("redis-server") !== null;

function pathOf(server: ServerProcess): string {
  return `/proc/${server.pid}/oom_score_adj`;
}

// The third value is that of a child that saves, which Replicant does not have.
test.skipIf(!LINUX_WITH_REDIS)("oom-score-adj sets the process's score as Redis does, and gives back what it was", async () => {
  const servers = await Promise.all([startRedis(), startServer(MAIN)]);
  const clients = await Promise.all(servers.map((server) => server.connect()));
  const both = async (...words: string[]): Promise<number[]> => {
    const [theirs, ours] = await Promise.all(clients.map((client) => client.command(...words)));
    expect({ words, reply: ours.toString() }).toEqual({ words, reply: theirs.toString() });
    return servers.map((server) => Number(readFileSync(pathOf(server), "latin1")));
  };
  try {
    const [base] = servers.map((server) => Number(readFileSync(pathOf(server), "latin1")));
    const alike = (score: number) => [score, score];
    expect(await both("CONFIG", "SET", "oom-score-adj-values", "10 20 30")).toEqual(alike(base));
    expect(await both("CONFIG", "SET", "oom-score-adj", "yes")).toEqual(alike(base + 10));
    expect(await both("CONFIG", "SET", "oom-score-adj-values", "15 20 30")).toEqual(alike(base + 15));
    expect(await both("REPLICAOF", "127.0.0.1", "1")).toEqual(alike(base + 20));
    expect(await both("REPLICAOF", "NO", "ONE")).toEqual(alike(base + 15));
    expect(await both("CONFIG", "SET", "oom-score-adj", "no")).toEqual(alike(base));
    for (const server of servers) writeFileSync(pathOf(server), String(base + 22));
    expect(await both("CONFIG", "SET", "oom-score-adj-values", "9 9 9")).toEqual(alike(base + 22));
    expect(await both("CONFIG", "SET", "oom-score-adj", "yes")).toEqual(alike(base + 31));
    expect(await both("CONFIG", "SET", "oom-score-adj", "absolute")).toEqual(alike(9));
    expect(await both("CONFIG", "SET", "oom-score-adj", "relative")).toEqual(alike(base + 31));
    expect(await both("CONFIG", "GET", "oom-score-adj")).toEqual(alike(base + 31));
    expect(await both("CONFIG", "SET", "oom-score-adj", "no")).toEqual(alike(base + 22));
    await both("CONFIG", "SET", "oom-score-adj-values", "-2001 0 0");
    await both("CONFIG", "SET", "oom-score-adj-values", "0 0 2001");
  } finally {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
});

// As Redis where the kernel has none: the start goes on, CONFIG SET is refused.
test.each(["win32", "darwin"] as const)("oom-score-adj is nothing that %s can do, and the log says so once", (platform) => {
  const lines: string[] = [];
  const config = Config.of({ "oom-score-adj": "yes" });
  const score = new OomScore(config, { warning: (line: string) => void lines.push(line) } as Log, platform);
  for (let i = 0; i < 3; i++) expect(score.apply()).toBe(false);
  expect(lines).toEqual(["Unable to write oom_score_adj: only the kernel of Linux has one"]);
  expect(config.set([["oom-score-adj", "absolute"]])?.reply).toBe(
    "ERR CONFIG SET failed (possibly related to argument 'oom-score-adj') - Failed to set current oom_score_adj. Check server logs.",
  );
  expect(config.set([["oom-score-adj", "no"]])).toBeNull();
});
