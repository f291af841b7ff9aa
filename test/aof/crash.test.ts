import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeCommand } from "../support/client.ts";
import { startServer } from "../support/process.ts";
import { AofServer, Directory } from "./support.ts";

/** Enough for rewrites to be under way at any moment. */
const KILLED_AFTER = 2000;
const MAIN = join(import.meta.dir, "../../src/main.ts");

/** Writes, kills the process in the middle of it, and returns the last number that was answered. */
async function killWhileWriting(directory: Directory, policy: string): Promise<number> {
  const args = ["--appendonly", "yes", "--appendfsync", policy, "--save", "", "--auto-aof-rewrite-min-size", "20kb"];
  const process = await startServer(["bun", "run", MAIN], { dir: directory.path, args });
  const client = await process.connect();
  let answered = 0;
  try {
    for (let pending = 0; ; ) {
      for (; pending < 20; pending++) client.send(encodeCommand(["INCR", "counter"]));
      answered = Number((await client.readReply()).toString("latin1").slice(1));
      pending--;
      if (answered === KILLED_AFTER) process.kill("SIGKILL");
    }
  } catch {
    // The connection is gone.
  }
  client.close();
  await process.stop("SIGKILL");
  return answered;
}

// With everysec what is answered while a flush is under way may be lost: Redis's rule, and a matter of how fast the disk is.
test.each(["everysec", "no", "always"])(
  "what was answered is not lost with the process, rewrites under way or not: appendfsync %s",
  async (policy) => {
    using directory = new Directory();
    const answered = await killWhileWriting(directory, policy);
    expect(answered).toBeGreaterThanOrEqual(KILLED_AFTER);
    await using server = await AofServer.start(directory);
    const kept = Number(await server.run("GET", "counter"));
    expect(kept).toBeGreaterThanOrEqual(policy === "everysec" ? 1 : answered);
    expect(kept).toBeLessThanOrEqual(answered + 20);
  },
);

test("SHUTDOWN writes and flushes what waits, and ends a rewrite", async () => {
  using directory = new Directory();
  const args = ["--appendonly", "yes", "--save", "", "--rdb-key-save-delay", "1000000"];
  const process = await startServer(["bun", "run", MAIN], { dir: directory.path, args });
  const client = await process.connect();
  client.send(Buffer.concat([["SET", "a", 1], ["BGREWRITEAOF"], ["SET", "b", 2], ["SHUTDOWN"]].map((words) => encodeCommand(words))));
  expect(await process.exited).toBe(0);
  client.close();
  expect(await process.log()).toContain("Calling fsync() on the AOF file.");
  await process.stop();
  await using server = await AofServer.start(directory);
  expect(await server.run("MGET", "a", "b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
});
