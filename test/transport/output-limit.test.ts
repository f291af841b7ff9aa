/** client-output-buffer-limit for ordinary clients: a client is sent nothing of what is too much for it. */

import { expect, test } from "bun:test";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";

const VALUE = "x".repeat(10_000);

describeWithRedis("with a limit of 100 kB for what waits for a client", () => {
  const both = useComparison({ "client-output-buffer-limit": "normal 100000 0 0" });

  /** What a client gets that sends these requests in one piece: all of it, or an end. */
  async function got(port: number, ...requests: Word[][]): Promise<string> {
    const setup = await connect(port);
    await setup.pipeline([
      ["SET", "value", VALUE],
      ["RPUSH", "list", ...new Array<string>(20).fill(VALUE)],
      ["DEL", "done"],
    ]);
    const client = await connect(port);
    client.send(Buffer.concat(requests.map(encodeCommand)));
    const replies = await Promise.all(requests.map(() => readOrEnd(client)));
    client.close();
    const done = (await setup.command("GET", "done")).toString("latin1");
    await setup.command("DEL", "list");
    setup.close();
    return JSON.stringify({ replies, done });
  }

  async function readOrEnd(client: RawClient): Promise<string> {
    return client.readReply().then(
      (reply) => `${reply.length} bytes`,
      () => "end",
    );
  }

  const CASES: Record<string, Word[][]> = {
    "one reply within it": [["LRANGE", "list", 0, 8]],
    "one reply beyond it": [["LRANGE", "list", 0, -1]],
    "replies within it together": new Array(9).fill(["GET", "value"]),
    "replies beyond it together, and what stands behind is not run": [...new Array(11).fill(["GET", "value"]), ["SET", "done", 1]],
    "a transaction beyond it, which is run to its end": [["MULTI"], ["LRANGE", "list", 0, -1], ["SET", "done", 1], ["EXEC"]],
    "draws without end": [
      ["HSET", "hash", "f", "v"],
      ["HRANDFIELD", "hash", -999_999_999],
    ],
    "a push beyond it, to a client that listens": [
      ["SUBSCRIBE", "channel"],
      ["PUBLISH", "other", VALUE],
    ],
  };
  for (const [name, requests] of Object.entries(CASES)) {
    test(name, async () => {
      const { ours, redis } = both();
      expect(await got(ours.port, ...requests)).toBe(await got(redis.port, ...requests));
    });
  }

  /** Whether a client gets the reply, or message, that it asks for. */
  async function gets(port: number, request: Word[]): Promise<boolean> {
    const client = await connect(port);
    client.send(encodeCommand(request));
    const got = (await readOrEnd(client)) !== "end";
    client.close();
    return got;
  }

  async function hears(port: number, size: number, count: number): Promise<boolean> {
    const [listener, speaker] = [await connect(port), await connect(port)];
    await listener.command("SUBSCRIBE", "channel");
    const messages = Array.from({ length: count }, () => ["PUBLISH", "channel", "x".repeat(size)]);
    await speaker.pipeline([["CONFIG", "SET", "client-output-buffer-limit", "pubsub 100000 0 0"], ...messages]);
    let heard = true;
    for (let message = 0; message < count && heard; message++) heard = (await readOrEnd(listener)) !== "end";
    listener.close();
    speaker.close();
    return heard;
  }

  // Blocks, and how full the first of them is, are counted as in Redis: what is too much is the same to the byte.
  test("the limit is met by the same replies and messages", async () => {
    const found: Record<string, boolean>[] = [];
    for (const port of [both().ours.port, both().redis.port]) {
      const setup = await connect(port);
      const members = Array.from({ length: 300 }, (_, index) => [String(index), `${"m".repeat(500)}${index}`]);
      await setup.pipeline([
        ["DEL", "list", "zset", "set"],
        ["RPUSH", "list", ...new Array<string>(200).fill("y".repeat(1000))],
        ["ZADD", "zset", ...members.flat()],
        ["SADD", "set", ...members.map(([, member]) => member)],
        ...Array.from({ length: 9 }, (_, index) => ["SET", `value:${index}`, "x".repeat(112_000 + index * 1000)]),
      ]);
      const got: Record<string, boolean> = {};
      for (let index = 0; index < 9; index++) got[`GET ${index}`] = await gets(port, ["GET", `value:${index}`]);
      for (let stop = 92; stop < 102; stop++) got[`LRANGE ${stop}`] = await gets(port, ["LRANGE", "list", 0, stop]);
      for (let stop = 150; stop < 166; stop += 2) got[`ZRANGEBYSCORE ${stop}`] = await gets(port, ["ZRANGEBYSCORE", "zset", 0, stop]);
      for (let stop = 186; stop < 202; stop += 2) got[`ZRANGE ${stop}`] = await gets(port, ["ZRANGE", "zset", 0, stop]);
      got.SINTER = await gets(port, ["SINTER", "set", "set"]);
      got.SMEMBERS = await gets(port, ["SMEMBERS", "set"]);
      for (const size of [50_000, 97_000, 98_000, 99_000, 110_000, 114_000, 120_000]) got[`message ${size}`] = await hears(port, size, 1);
      for (const count of [20, 92, 110, 300]) got[`${count} messages`] = await hears(port, 1000, count);
      setup.close();
      found.push(got);
    }
    expect(found[0]).toEqual(found[1]);
    expect(new Set(Object.values(found[0]))).toEqual(new Set([true, false]));
  });

  test("it counts, and nothing is held back once there is no limit", async () => {
    const { server, port } = both().ours;
    expect(server.stats.outputLimitDisconnects).toBeGreaterThan(0);
    const client = await connect(port);
    await client.command("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    await client.command("RPUSH", "list", ...new Array<string>(20).fill(VALUE));
    expect((await client.command("LRANGE", "list", 0, -1)).length).toBeGreaterThan(200_000);
    client.close();
  });
});
