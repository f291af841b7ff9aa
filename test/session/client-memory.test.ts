/** What clients take in memory: maxmemory-clients disconnects the largest, maxmemory counts all of them. */

import { expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "../transport/sockets.ts";

const MIB = 1024 * 1024;

/** A client with this name, so that it can be found in CLIENT LIST. */
async function named(server: TestServer, name: string): Promise<RawClient> {
  const client = await connect(server.port);
  await client.command("CLIENT", "SETNAME", name);
  return client;
}

function sessionOf({ server }: TestServer, name: string) {
  return [...server.clients].find((session) => session.name === name);
}

function namesOf({ server }: TestServer): string[] {
  return [...server.clients].map(({ name }) => name).sort();
}

/** Has `client` send `bytes` of an argument of `announced` bytes, and waits until the server has them. */
async function sendPart(server: TestServer, name: string, client: RawClient, announced: number, bytes: number): Promise<void> {
  client.send(`*2\r\n$4\r\nECHO\r\n$${announced}\r\n${"x".repeat(bytes)}`);
  await until(() => (sessionOf(server, name)?.link.inputBytes ?? bytes) >= bytes, `${bytes} bytes of ${name}`);
}

test("the limit is bytes, or a share of maxmemory where there is one, and never less than 128 kB", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const { memory } = server.server.clients;
  for (const [maxmemory, clients, limit] of [
    ["0", "0", 0],
    ["0", "3mb", 3 * MIB],
    ["0", "5%", 0],
    ["100mb", "5%", 5 * MIB],
    ["100mb", "0%", 0],
    ["1mb", "1%", 128 * 1024],
    ["0", "1", 128 * 1024],
    ["100mb", "0", 0],
  ] as const) {
    await client.command("CONFIG", "SET", "maxmemory", maxmemory, "maxmemory-clients", clients);
    expect({ maxmemory, clients, limit: memory.limit }).toEqual({ maxmemory, clients, limit });
  }
  client.close();
});

test("the largest clients go first, and no more of them than must; one with NO-EVICT stays", async () => {
  await using server = await startServer({ "maxmemory-clients": "0" });
  const control = await named(server, "control");
  const clients = new Map<string, RawClient>();
  for (const [name, bytes] of [
    ["small", 100_000],
    ["large", 900_000],
    ["larger", 2_000_000],
    ["largest of all", 4_000_000],
  ] as const) {
    const client = await named(server, name.replaceAll(" ", "-"));
    if (bytes > 3_000_000) await client.command("CLIENT", "NO-EVICT", "ON");
    clients.set(name, client);
    await sendPart(server, name.replaceAll(" ", "-"), client, bytes + 1, bytes);
  }
  const { clients: list, stats } = server.server;
  // What NO-EVICT keeps counts all the same.
  await control.command("CONFIG", "SET", "maxmemory-clients", 5_500_000);
  await until(() => stats.evictedClients > 0, "an eviction");
  expect(namesOf(server)).toEqual(["control", "large", "largest-of-all", "small"]);
  await clients.get("larger")?.closed;
  await control.command("CONFIG", "SET", "maxmemory-clients", 4_500_000);
  await until(() => stats.evictedClients > 1, "another");
  expect(namesOf(server)).toEqual(["control", "largest-of-all", "small"]);
  expect(list.memory.total).toBeGreaterThan(4_100_000);
  expect(await control.text("INFO", "stats")).toContain("evicted_clients:2\r\n");
  // It may be evicted again, and is.
  const largest = sessionOf(server, "largest-of-all");
  if (largest === undefined) throw new Error("it is gone");
  largest.noEvict = false;
  list.memory.place(largest);
  await control.command("CONFIG", "SET", "maxmemory-clients", 4_000_000);
  await clients.get("largest of all")?.closed;
  for (const client of clients.values()) client.close();
  control.close();
});

/** Each has the client take more than 200,000 bytes, if it may. */
const GROWING: Record<string, (client: RawClient) => void> = {
  "an argument that is announced": (client) => client.send("*2\r\n$4\r\nECHO\r\n$300000\r\nx"),
  "an argument that comes": (client) => client.send(`*2\r\n$4\r\nECHO\r\n$250000\r\n${"x".repeat(240_000)}`),
  "many arguments": (client) => client.send(`*500\r\n${`$1000\r\n${"x".repeat(1000)}\r\n`.repeat(300)}`),
  "a request that is whole": (client) => client.send(`ECHO x\r\n*2\r\n$4\r\nECHO\r\n$250000\r\n${"x".repeat(250_000)}\r\n`),
  "what waits behind a request that blocks": (client) => client.send(`BLPOP nokey 0\r\n${`ECHO ${"x".repeat(1000)}\r\n`.repeat(300)}`),
  "a transaction": (client) => client.send(`MULTI\r\n${`SET k ${"x".repeat(10_000)}\r\n`.repeat(30)}`),
  "watched keys": (client) => client.send(Array.from({ length: 1000 }, (_, index) => `WATCH key:${index}\r\n`).join("")),
  subscriptions: (client) => client.send(Array.from({ length: 3000 }, (_, index) => `SUBSCRIBE channel:${index}\r\n`).join("")),
  patterns: (client) => client.send(Array.from({ length: 3000 }, (_, index) => `PSUBSCRIBE pattern:${index}\r\n`).join("")),
  "channels of shards": (client) => client.send(Array.from({ length: 3000 }, (_, index) => `SSUBSCRIBE shard:${index}\r\n`).join("")),
  "prefixes of keys that are tracked": (client) => {
    const prefixes = Array.from({ length: 3000 }, (_, index) => `PREFIX ${String(index).padStart(9, "0")}`).join(" ");
    client.send(`HELLO 3\r\nCLIENT TRACKING ON BCAST ${prefixes}\r\n`);
  },
  "one reply": (client) => client.send("LRANGE list 0 -1\r\n"),
  "replies to a pipeline": (client) => client.send("GET value\r\n".repeat(40)),
};
for (const [what, grow] of Object.entries(GROWING)) {
  test(`${what} is what a client is evicted for`, async () => {
    await using server = await startServer({ "maxmemory-clients": "200000" });
    const control = await named(server, "control");
    await control.command("CLIENT", "NO-EVICT", "ON");
    await control.command("SET", "value", "v".repeat(10_000));
    await control.command("RPUSH", "list", ...new Array<string>(300).fill("v".repeat(1000)));
    const client = await named(server, "growing");
    grow(client);
    await client.closed;
    expect(server.server.stats.evictedClients).toBe(1);
    expect(namesOf(server)).toEqual(["control"]);
    control.close();
  });
}

test("messages that are too much evict who listens, in the middle of a transaction too, which goes on", async () => {
  await using server = await startServer({ "maxmemory-clients": "3000000" });
  const control = await named(server, "control");
  await control.command("CLIENT", "NO-EVICT", "ON");
  const listener = await named(server, "listener");
  await listener.command("SUBSCRIBE", "news");
  const replies = await control.pipeline([
    ["MULTI"],
    ...Array.from({ length: 10 }, () => ["PUBLISH", "news", "x".repeat(MIB)]),
    ["SET", "k", "v"],
    ["EXEC"],
  ]);
  expect(replies.at(-1)?.toString()).toEndWith("+OK\r\n");
  await listener.closed;
  expect(namesOf(server)).toEqual(["control"]);
  control.close();
});

test("keys go for what clients have sent or have not read, and not for what was only announced", async () => {
  await using server = await startServer({ "maxmemory-policy": "allkeys-lru" });
  const control = await connect(server.port);
  for (let key = 0; key < 50; key++) await control.command("SET", key, "v".repeat(100_000));
  const { keyspace, clients } = server.server;
  await control.command("CONFIG", "SET", "maxmemory", keyspace.usedBytes + 2 * MIB);
  const sender = await named(server, "sender");
  await sendPart(server, "sender", sender, 100 * MIB, 100_000);
  expect(clients.memory.total).toBeLessThan(MIB);
  expect(await control.text("INFO", "memory")).toContain(`mem_clients_normal:${clients.memory.total}\r\n`);
  expect(keyspace.stats.evicted).toBe(0);
  sender.send("x".repeat(3 * MIB));
  await until(() => keyspace.stats.evicted > 0, "keys to be evicted for the sender");
  expect(keyspace.usedBytes + clients.memory.total).toBeLessThan(keyspace.eviction.settings.limit + 110_000);
  // Room again, and no more in the way of it.
  sender.close();
  await until(() => clients.count === 1, "the sender to be gone");
  await control.command("SET", "after", "v".repeat(MIB));
  const evicted = keyspace.stats.evicted;
  const deaf = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
  deaf.pause();
  deaf.write("GET after\r\n".repeat(12));
  await until(() => keyspace.stats.evicted > evicted, "keys to be evicted for what is not read");
  deaf.terminate();
  control.close();
});

test("a client that leaves is counted no more", async () => {
  await using server = await startServer();
  const { memory } = server.server.clients;
  const control = await connect(server.port);
  const before = memory.total;
  const client = await named(server, "leaving");
  client.send(`MULTI\r\nSET k ${"x".repeat(1000)}\r\n*2\r\n$4\r\nECHO\r\n$100000\r\n${"x".repeat(50_000)}`);
  await until(() => memory.total > before + 50_000, "the client's request");
  client.close();
  await until(() => server.server.clients.count === 1, "it to be gone");
  expect(memory.total).toBe(before);
  control.close();
});
