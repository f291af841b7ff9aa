/** Answers that come after their request has returned: of scripts that run for long, of clients that wait, of tasks. */
import { describe, expect, test } from "bun:test";
import { Client, ReplyError } from "../../src/client/index.ts";
import type { Word } from "../../src/client/link.ts";
import { Replicant } from "../../src/index.ts";

const ENDLESS = "redis.call('GET', 'k') while true do end";
const LONG = "local s = 0 for i = 1, tonumber(ARGV[1]) do s = s + i % 7 end return {s > 0, 'done', {redis.call('INCR', KEYS[1])}}";

describe("a script that runs for long", () => {
  test("is answered in values when it is over, in a transaction too; others hear that the server is busy meanwhile", async () => {
    await using server = await Replicant.inProcess({ busyReplyThreshold: 5 });
    const [link, other] = [server.connect(), server.connect()];
    const steps = 8_000_000;
    const late = link.send(["EVAL", LONG, 1, "n", steps], false);
    const behind = link.send(["GET", "n"], false);
    expect(await other.send(["GET", "n"], false).catch((error: Error) => error.message)).toStartWith("BUSY");
    expect(await late).toEqual([1, "done", [1]]);
    expect(await behind).toBe("1");
    const chain = link.sendAll([["MULTI"], ["INCR", "m"], ["EVAL", LONG, 1, "n", steps], ["INCR", "m"], ["EXEC"]], false);
    expect((await chain).at(-1)).toEqual([1, [1, "done", [2]], 2]);
  });

  test("is killed by another client, and its own is told so", async () => {
    await using server = await Replicant.inProcess({ busyReplyThreshold: 5 });
    const [link, other] = [server.connect(), server.connect()];
    const late = link.send(["EVAL", ENDLESS, 0], false).catch((error: unknown) => error);
    expect(await other.send(["SCRIPT", "KILL"], false)).toBe("OK");
    const error = await late;
    expect(error).toBeInstanceOf(ReplyError);
    expect((error as Error).message).toContain("Script killed by user with SCRIPT KILL");
    expect(await link.send(["PING"], false)).toBe("PONG");
  });
});

describe("clients of both kinds beside each other", () => {
  test("are answered alike, with texts that are no ASCII and those for people", async () => {
    await using server = await Replicant.start();
    await using overSocket = await Client.connect(server.url);
    const requests: readonly (readonly [string, ...Word[]])[] = [
      ["XPENDING", "schlüssel", "g"],
      ["EVAL", "return redis.error_reply('ERR grün')", 0],
      ["EVAL", "return {redis.status_reply('grün'), {verbatim_string = {format = 'txt', string = 'grün'}}}", 0],
    ];
    for (const words of requests) {
      const answers = [server.client, server.client.bytes, overSocket, overSocket.bytes].map((client) =>
        client.call(...words).catch((error: Error) => error.message),
      );
      const [first, ...others] = await Promise.all(answers);
      expect(JSON.stringify(first)).toMatch(/grün|schlüssel/);
      for (const other of others) expect(other).toEqual(first);
    }
  });

  test("serve each other: a list that one fills wakes the other, in its own form", async () => {
    await using server = await Replicant.start();
    const link = server.connect();
    const socket = new Bun.RedisClient(server.url);
    const overSocket = socket.send("BLPOP", ["a", "0"]);
    await socketIsBlocked(server);
    expect(await link.send(["RPUSH", "a", "grün"], false)).toBe(1);
    expect(await overSocket).toEqual(["a", "grün"]);
    const inProcess = link.send(["BZPOPMIN", "z", 0], false);
    const second = new Bun.RedisClient(server.url);
    await second.send("ZADD", ["z", "1.5", "m"]);
    expect(await inProcess).toEqual(["z", "m", 1.5]);
    socket.close();
    second.close();
  });

  test("a command that fails in the middle of its answer leaves a transaction's other answers alone", async () => {
    await using server = await Replicant.inProcess();
    const link = server.connect();
    await link.send(["RPUSH", "l", "a", "b"], false);
    const answers = await link.sendAll(
      [["MULTI"], ["LRANGE", "l", 0, -1], ["EVAL", "return redis.error_reply('MY own')", 0], ["LRANGE", "l", 0, 0], ["EXEC"]],
      false,
    );
    expect(answers.at(-1)).toEqual([["a", "b"], expect.any(ReplyError), ["a"]]);
  });
});

async function socketIsBlocked(server: Replicant): Promise<void> {
  const link = server.connect();
  while (!String(await link.send(["INFO", "clients"], false)).includes("blocked_clients:1"))
    await new Promise((resolve) => setImmediate(resolve));
  await link.close();
}
