import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Loader } from "../../src/config/file.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/process.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";

const LONG = "a-name-of-more-than-thirty-two-characters-which-nobody-guesses";
const LINES = `rename-command KEYS ""\nrename-command FLUSHALL ${LONG}\nrename-command get FETCH\nrename-command SET get\n`;

const ASKED: readonly string[][] = [
  ["KEYS", "*"],
  ["FLUSHALL"],
  [LONG.toUpperCase()],
  ["GET", "a", "1"],
  ["FETCH", "a"],
  ["set", "a", "2"],
  ["EVAL", "return redis.call('fetch', KEYS[1])", "1", "a"],
  ["EVAL", "return redis.call('keys', '*')", "0"],
  ["COMMAND", "INFO", "keys"],
  ["ACL", "SETUSER", "u", "reset", "+keys", "-get", "+set"],
  ["ACL", "DRYRUN", "u", "get", "a", "1"],
  ["MULTI"],
  ["GET", "a", "3"],
  ["EXEC"],
];

async function ask(port: number): Promise<string[]> {
  const client = await connect(port, { checked: false });
  const replies: string[] = [];
  for (const words of ASKED) replies.push((await client.command(...words)).toString("latin1"));
  client.close();
  return replies;
}

describeWithRedis("rename-command", () => {
  test("gives commands the names that Redis gives them", async () => {
    await using redis = await startRedis({ config: LINES });
    await using ours = await startServer(["bun", "run", join(import.meta.dir, "../../src/main.ts")], { config: `save ""\n${LINES}` });
    const [mine, theirs] = [await ask(ours.port), await ask(redis.port)];
    // Since 7.2 an ACL denial names the user.
    const alike = (replies: string[]) => replies.map((reply) => reply.replace(/^\$\d+\r\n(This user|User u) has/, "... has"));
    expect(alike(mine)).toEqual(alike(theirs));
    const client = await ours.connect();
    expect(await client.text("INFO", "commandstats")).toContain("cmdstat_set:calls=");
    client.close();
  });
});

describe("rename-command", () => {
  test.each([
    ["rename-command NOSUCH x", "No such command in rename-command"],
    ["rename-command GET set", "Target command name already exists"],
    ["rename-command GET x\nrename-command GET y", "No such command in rename-command"],
  ])("refuses what makes no sense: %s", (lines, reason) => {
    const directory = mkdtempSync(join(tmpdir(), "replicant-rename-"));
    const path = join(directory, "replicant.conf");
    try {
      writeFileSync(path, lines);
      const loader = new Loader((file) => readFileSync(file, "latin1"));
      loader.loadFile(path);
      const config = new Config(loader.finish(path));
      expect(() => new Server(config, { log: new Log({ level: "nothing", file: "" }) })).toThrow(`: ${reason}`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
