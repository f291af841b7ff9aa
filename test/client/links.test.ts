/** The links of a client: which are used again, and for what. */
import { expect, test } from "bun:test";
import { Client } from "../../src/client/index.ts";
import { Replicant } from "../../src/index.ts";

test("a request that waits goes to the database that was selected last, also on a link that was in use meanwhile", async () => {
  await using server = await Replicant.start();
  await using overSocket = await Client.connect(server.url);
  for (const client of [server.client, overSocket]) {
    const waiting = client.blpop("queue", 0);
    await client.select(0);
    await client.rpush("queue", "first");
    expect(await waiting).toEqual(["queue", "first"]);
    const second = client.blpop("queue", 0);
    await client.select(1);
    const other = server.connect();
    await other.send(["RPUSH", "queue", "second"], false);
    expect(await second).toEqual(["queue", "second"]);
    await client.rpush("queue", "third");
    expect(await client.blpop("queue", 1)).toEqual(["queue", "third"]);
    await other.close();
  }
});

test("watching ends with the task that runs no transaction, though one before was aborted", async () => {
  await using server = await Replicant.inProcess();
  const { client } = server;
  let tries = 0;
  const result = await client.watch("key", async (watching) => {
    tries++;
    if (tries > 1) return "nothing to do";
    await client.set("key", "of another");
    return await watching.multi().set("key", "mine").exec();
  });
  expect([result, tries, await client.get("key")]).toEqual(["nothing to do", 2, "of another"]);
});

test("a channel that is left and listened to again at once is listened to", async () => {
  await using server = await Replicant.start();
  await using overSocket = await Client.connect(server.url);
  for (const client of [server.client, overSocket]) {
    await using others = client.subscribe("others");
    await others.ready;
    const first = client.subscribe("news");
    await first.ready;
    const left = first.close();
    await using second = client.subscribe("news");
    await Promise.all([left, second.ready]);
    expect(await client.publish("news", "late")).toBe(1);
    expect((await second.next()).value).toEqual({ channel: "news", message: "late" });
  }
});

test("a reader of a stream that is ended while its link is being opened ends at once", async () => {
  await using server = await Replicant.start();
  await using client = await Client.connect(server.url);
  const end = new AbortController();
  const next = client.stream("s").read({ from: "0", signal: end.signal }).next();
  end.abort();
  expect(await Promise.race([next, Bun.sleep(2000)])).toEqual({ done: true, value: undefined });
});
