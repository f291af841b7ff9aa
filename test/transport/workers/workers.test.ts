/** `io-workers 2` beside `io-workers 0`: what clients are sent is the same, byte for byte. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { InvariantError } from "../../../src/assert.ts";
import { connect, encodeCommand, type RawClient } from "../../support/client.ts";
import { freePort, startServer as startProcess } from "../../support/process.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { until, untilClosed, WilfulClient, within } from "../sockets.ts";

const MIB = 1024 * 1024;
const MAIN = resolve(import.meta.dir, "../../../src/main.ts");

let plain: TestServer;
let shared: TestServer;
beforeAll(async () => {
  plain = await startServer();
  shared = await startServer({ "io-workers": "2", "repl-diskless-sync-delay": "0" });
});
afterAll(async () => {
  await plain.stop();
  await shared.stop();
});

/** What `talk` makes of a client of each server, which is to be the same. Returns it. */
async function same<T>(talk: (client: RawClient, server: TestServer) => Promise<T>): Promise<T> {
  const outcomes: T[] = [];
  for (const server of [plain, shared]) {
    const client = await connect(server.port);
    await client.command("FLUSHALL");
    outcomes.push(await talk(client, server));
    client.close();
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[1];
}

/** Sends `bytes` in pieces of `size` bytes. Returns so many replies. */
async function sendInPieces(client: RawClient, bytes: Buffer, size: number, replies: number): Promise<string[]> {
  for (let from = 0; from < bytes.length; from += size) {
    client.send(bytes.subarray(from, from + size));
    if (from % (16 * size) === 0) await Bun.sleep(0);
  }
  const found: string[] = [];
  while (found.length < replies) found.push((await client.readReply()).latin1Slice());
  return found;
}

/** A pipeline of requests of many kinds, short and long, and how many replies it has. */
function mixture(): { bytes: Buffer; replies: number } {
  const requests: (string | Buffer)[] = [];
  for (let index = 0; index < 150; index++) {
    requests.push(encodeCommand(["SET", `key${index % 9}`, "v".repeat((index * 373) % 3000)]));
    requests.push(encodeCommand(["GET", `key${index % 7}`]));
    requests.push(encodeCommand(["RPUSH", "list", ...Array.from({ length: index % 40 }, (_, at) => `${at}`), "\0\r\n\xff"]));
    if (index % 10 === 0) requests.push("PING\r\n");
    if (index % 25 === 0) requests.push(encodeCommand(["SET", "long", Buffer.alloc(20_000 + index, index)]));
    if (index % 30 === 0) requests.push(encodeCommand(["NONSENSE", "x"]), encodeCommand(["GET", "list"]));
  }
  requests.push(encodeCommand(["LRANGE", "list", 0, -1]), encodeCommand(["GET", "long"]));
  return { bytes: Buffer.concat(requests.map((one) => (typeof one === "string" ? Buffer.from(one) : one))), replies: requests.length };
}

describe("io-workers", () => {
  test("a pipeline, whole and cut into pieces of any size, has the same replies", async () => {
    const { bytes, replies } = mixture();
    for (const size of [bytes.length, 70_001, 1009, 61]) await same((client) => sendInPieces(client, bytes, size, replies));
  });

  test("values of any size stay what they were when they came", async () => {
    const sizes = [1000, 17_000, 40_000, 70_000, 300_000, MIB - 1, 3 * MIB];
    const contentsOf = (size: number) => Buffer.alloc(size, `${size} bytes of something `);
    await same(async (client) => {
      for (const size of sizes) {
        const request = encodeCommand(["SET", `k${size}`, contentsOf(size)]);
        client.send(request.subarray(0, size / 2));
        await Bun.sleep(0);
        client.send(request.subarray(size / 2));
        expect(String(await client.readReply())).toBe("+OK\r\n");
      }
      // Other bytes come where they have been.
      for (let round = 0; round < 8; round++) await client.command("SET", "other", Buffer.alloc(400_000, 0xff));
      for (const size of sizes) {
        const reply = await client.command("GET", `k${size}`);
        expect(reply.equals(Buffer.concat([Buffer.from(`$${size}\r\n`), contentsOf(size), Buffer.from("\r\n")]))).toBe(true);
      }
    });
  });

  test("what breaks the protocol behind good requests is told, and the connection closed", async () => {
    for (const pieces of [["*1\r\n$4\r\nPING\r\n*1\r\n+4\r\n"], ["*1\r\n$4\r\nPING\r\n", "*x\r\n"], ["PING\r\n", 'SET "a\r\n']]) {
      expect(await untilClosed(shared.port, pieces)).toBe(await untilClosed(plain.port, pieces));
    }
  });

  test("a client that reads late gets all of its replies, and others are served meanwhile", async () => {
    const { server, port } = shared;
    const helper = await connect(port);
    await helper.command("SET", "big", Buffer.alloc(MIB, 97));
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    client.socket.end("GET big\r\n".repeat(32));
    await until(() => [...server.clients].some(({ link }) => link.outputBytes > 0), "replies to pile up");
    expect(await helper.text("PING")).toBe("PONG");
    client.socket.resume();
    await within(client.ended, "the server to close");
    expect(client.text).toBe(`$${MIB}\r\n${"a".repeat(MIB)}\r\n`.repeat(32));
    helper.close();
  });

  test("clients that are sent more than the rings hold get all of it", async () => {
    const { port } = shared;
    const clients = await Promise.all(Array.from({ length: 12 }, () => connect(port)));
    const value = Buffer.alloc(300_000, 98);
    await clients[0].command("SET", "big", value);
    for (const client of clients) client.send("GET big\r\n".repeat(12));
    for (const client of clients) {
      for (let count = 0; count < 12; count++)
        expect((await client.readReply()).length).toBe(`$${value.length}\r\n\r\n`.length + value.length);
      expect(await client.text("PING")).toBe("PONG");
      client.close();
    }
  });

  test("clients that send more than the rings hold while the server is busy have it served, in order", async () => {
    await using server = await startProcess([process.execPath, MAIN], { args: ["--io-workers", "2", "--enable-debug-command", "yes"] });
    const busy = await server.connect();
    const clients = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
    for (const client of clients) await client.command("PING");
    busy.send("DEBUG SLEEP 0.3\r\n");
    const part = encodeCommand(["RPUSH", "list", "x".repeat(1000)]);
    for (const client of clients) client.send(Buffer.concat(Array.from({ length: 2000 }, () => part)));
    const replies = await Promise.all(clients.map((client) => Promise.all(Array.from({ length: 2000 }, () => client.readReply()))));
    const lengths = replies.map((list) => list.map((reply) => Number(String(reply).slice(1, -2))));
    for (const list of lengths) expect(list).toEqual([...list].sort((one, other) => one - other));
    expect(lengths.flat().sort((one, other) => one - other)).toEqual(Array.from({ length: 8000 }, (_, index) => index + 1));
    for (const client of [busy, ...clients]) client.close();
  });

  test("client-output-buffer-limit cuts off a client that does not read", async () => {
    const { server, port } = shared;
    const helper = await connect(port);
    await helper.command("SET", "big", Buffer.alloc(MIB, 97));
    await helper.command("CONFIG", "SET", "client-output-buffer-limit", "normal 2097152 0 0");
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    const before = server.stats.outputLimitDisconnects;
    client.socket.write("GET big\r\n".repeat(64));
    await until(() => server.stats.outputLimitDisconnects > before, "the client to be cut off");
    await helper.command("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    expect(await helper.text("CLIENT", "LIST")).not.toContain("cmd=get");
    client.socket.destroy();
    helper.close();
  });

  test("a client that vanishes with replies on their way is forgotten", async () => {
    const { server, port } = shared;
    await until(() => server.clients.count === 0, "earlier clients to be gone");
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    client.socket.write("GET big\r\n".repeat(64));
    await until(() => [...server.clients].some(({ link }) => link.outputBytes > 0), "replies to pile up");
    client.socket.resetAndDestroy();
    await until(() => server.clients.count === 0, "the client to be gone");
  });

  test("connections come and go by the hundred, each answered", async () => {
    const { server, port } = shared;
    await until(() => server.clients.count === 0, "earlier clients to be gone");
    for (let round = 0; round < 4; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => connect(port)));
      const replies = await Promise.all(clients.map((client, index) => client.text("ECHO", `${round}.${index}`)));
      expect(replies).toEqual(clients.map((_, index) => `${round}.${index}`));
      for (const client of clients) client.close();
    }
    await until(() => server.clients.count === 0, "the clients to be gone");
  });

  test("messages, blocked clients, transactions, MONITOR and CLIENT KILL are as ever", async () => {
    await same(async (client, { port }) => {
      const other = await connect(port);
      const found: (Buffer | null)[] = [];
      found.push(await other.command("SUBSCRIBE", "c"), await client.command("PUBLISH", "c", "m"), await other.readReply());
      found.push(await other.command("UNSUBSCRIBE"));
      other.send(Buffer.concat([encodeCommand(["BLPOP", "q", 0]), encodeCommand(["PING"])]));
      while ((await client.text("INFO", "clients")).includes("blocked_clients:0")) await Bun.sleep(0);
      found.push(await client.command("RPUSH", "q", "x"), await other.readReply(), await other.readReply());
      found.push(...(await other.pipeline([["MULTI"], ["SET", "a", 1], ["INCR", "a"], ["EXEC"]])));
      found.push(await other.command("MONITOR"), await client.command("GET", "a"));
      found.push(Buffer.from((await other.readReply()).latin1Slice().replace(/^\+.*\] /, "")));
      found.push(await client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"));
      await within(other.closed, "the client to be killed");
      return found;
    });
  });

  test("CLIENT LIST has both ends and the descriptor, and maxclients its limit", async () => {
    const { port } = shared;
    const client = await connect(port);
    const [, remote, local, descriptor] = /addr=(\S+) laddr=(\S+) fd=(\S+)/.exec(await client.text("CLIENT", "INFO")) ?? [];
    expect(remote).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(local).toBe(`127.0.0.1:${port}`);
    expect(Number(descriptor)).toBeGreaterThan(2);
    await client.command("CONFIG", "SET", "maxclients", 1);
    expect(await untilClosed(port, ["PING\r\n"])).toBe("-ERR max number of clients reached\r\n");
    await client.command("CONFIG", "SET", "maxclients", 10_000);
    client.close();
  });

  test("before the login no more may be sent than to any other server", async () => {
    await using server = await startServer({ "io-workers": "2", requirepass: "secret" });
    expect(await untilClosed(server.port, ["*11\r\n"])).toBe("-ERR Protocol error: unauthenticated multibulk length\r\n");
    const client = await connect(server.port);
    client.send("PING\r\nAUTH secret\r\nPING\r\n");
    expect([await client.readReply(), await client.readReply(), await client.readReply()].join("")).toBe(
      "-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n",
    );
    client.close();
  });

  test("CONFIG SET port and bind move the listening sockets; a port in use is refused", async () => {
    await using server = await startServer({ "io-workers": "2" });
    const client = await connect(server.port);
    const port = freePort();
    expect(await client.text("CONFIG", "SET", "port", port)).toBe("OK");
    const moved = await connect(port);
    expect(await moved.text("CONFIG", "SET", "bind", "0.0.0.0")).toBe("OK");
    expect(await (await connect(port)).text("PING")).toBe("PONG");
    expect(String(await client.command("CONFIG", "SET", "port", plain.port))).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.\r\n",
    );
    expect(String(await client.command("CONFIG", "SET", "io-workers", 1))).toContain("can't set immutable config");
    expect(await (await connect(port)).text("PING")).toBe("PONG");
  });

  test("a replica is fed, and what it is sent is what it answers with", async () => {
    await using replica = await startServer({ "io-workers": "1" });
    const master = await connect(shared.port);
    await master.command("SET", "before", "1");
    const client = await connect(replica.port);
    await client.text("REPLICAOF", "127.0.0.1", shared.port);
    while (!(await client.text("INFO", "replication")).includes("master_link_status:up")) await Bun.sleep(1);
    await master.pipeline(Array.from({ length: 2000 }, (_, index) => ["SET", `r${index}`, "v".repeat(index % 500)]));
    expect(await master.text("WAIT", 1, 0)).toBe("1");
    expect(await client.text("DEBUG", "DIGEST")).toBe(await master.text("DEBUG", "DIGEST"));
    master.close();
    client.close();
  });

  test("a broken invariant ends the server", async () => {
    await using server = await startServer({ "io-workers": "1" });
    const client = await connect(server.port);
    await client.command("PING");
    server.server.keyspace.databases[0].table.find = () => {
      throw new InvariantError("broken on purpose");
    };
    client.send(encodeCommand(["GET", "key"]));
    expect(await within(server.server.stopped, "the server to end")).toBe(1);
    client.close();
  });

  test("the reply of the last command before SHUTDOWN is not lost", async () => {
    const server = await startServer({ "io-workers": "2" });
    const client = await connect(server.port);
    const other = await connect(server.port);
    await other.command("PING");
    client.send(encodeCommand(["SET", "a", "b".repeat(100)]));
    client.send(Buffer.concat([encodeCommand(["GET", "a"]), encodeCommand(["SHUTDOWN", "NOSAVE"])]));
    expect(String(await client.readReply())).toBe("+OK\r\n");
    expect(String(await client.readReply())).toBe(`$100\r\n${"b".repeat(100)}\r\n`);
    await within(Promise.all([client.closed, other.closed, server.server.stopped]), "the server to end");
    await server.stop();
  });
});
