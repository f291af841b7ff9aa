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
