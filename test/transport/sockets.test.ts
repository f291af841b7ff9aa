import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, encodeCommand } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until, untilClosed, WilfulClient, within } from "./sockets.ts";

const MIB = 1024 * 1024;

let running: TestServer[] = [];

async function start(directives: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(directives);
  running.push(server);
  return server;
}

afterEach(async () => {
  for (const server of running) await server.stop();
  running = [];
});

describe("pipelines", () => {
  test("of a thousand requests take one read and one write", async () => {
    const { server, port } = await start();
    const client = await connect(port);
    await client.command("PING");
    const before = { ...server.stats };
    const replies = await client.pipeline(Array.from({ length: 1000 }, () => ["PING"]));
    expect(replies.every((reply) => reply.toString() === "+PONG\r\n")).toBe(true);
    expect(server.stats.readEvents - before.readEvents).toBe(1);
    expect(server.stats.writeEvents - before.writeEvents).toBe(1);
    client.close();
  });

  test("of 100,000 requests lose no byte when the client reads only once all are sent", async () => {
    const { server, port } = await start();
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    const filler = "x".repeat(300);
    const words = (index: number) => `${index} ${filler}`;
    const input = Buffer.concat(Array.from({ length: 100_000 }, (_, index) => encodeCommand(["ECHO", words(index)])));
    const expected = Buffer.concat(
      Array.from({ length: 100_000 }, (_, index) => Buffer.from(`$${words(index).length}\r\n${words(index)}\r\n`)),
    );
    client.socket.write(input);
    await until(() => server.stats.commands === 100_000, "the server to run all requests");
    const [session] = server.clients;
    expect(session.link.outputBytes).toBeGreaterThan(MIB);
    client.socket.resume();
    await until(() => server.stats.bytesOut === expected.length, "the server to send everything");
    client.socket.end();
    await within(client.ended, "the server to close");
    expect(Buffer.concat(client.received).equals(expected)).toBe(true);
  });
});

describe("a client that does not read", () => {
  test("is cut off at the hard limit, and memory with it", async () => {
    const { server, port } = await start({ "client-output-buffer-limit": "normal 8mb 0 0" });
    const helper = await connect(port);
    await helper.command("SET", "big", Buffer.alloc(MIB, 97));
    const before = process.memoryUsage().rss;
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    client.socket.write(Buffer.concat(Array.from({ length: 1000 }, () => encodeCommand(["GET", "big"]))));
    await until(() => server.stats.outputLimitDisconnects === 1, "the limit to be noticed");
    await until(() => server.clients.count === 1, "the client to be gone");
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
    client.socket.destroy();
    helper.close();
  });
});

describe("a client that ends its side", () => {
  for (const unix of [false, true]) {
    test(`gets its answers first, over ${unix ? "a unix socket" : "TCP"}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), "replicant-test-"));
      const path = join(dir, "socket");
      const { server, port } = await start(unix ? { unixsocket: path } : {});
      const client = await WilfulClient.connect(unix ? path : port);
      client.socket.end("PING\r\n");
      await within(client.ended, "the server to close");
      expect(client.text).toBe("+PONG\r\n");
      await until(() => server.clients.count === 0, "the client to be gone");
      rmSync(dir, { recursive: true });
    });
  }

  test("gets the answers to 200,000 pipelined requests first", async () => {
    const { port } = await start();
    const client = await WilfulClient.connect(port);
    client.socket.end("PING\r\n".repeat(200_000));
    await within(client.ended, "the server to close");
    expect(client.text).toBe("+PONG\r\n".repeat(200_000));
  });

  test("gets 64 MB of answers first, though it starts to read late", async () => {
    const { server, port } = await start();
    const helper = await connect(port);
    await helper.command("SET", "big", Buffer.alloc(MIB, 97));
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    client.socket.end("GET big\r\n".repeat(64));
    await until(() => [...server.clients].some((session) => session.closing), "the server to see the end");
    client.socket.resume();
    await within(client.ended, "the server to close");
    expect(client.text.length).toBe(64 * (`$${MIB}\r\n`.length + MIB + 2));
    helper.close();
  });

  test("in the middle of a request gets nothing and is gone", async () => {
    const { server, port } = await start();
    const client = await WilfulClient.connect(port);
    client.socket.end("*2\r\n$4\r\nECHO\r\n$10\r\nabc");
    await within(client.ended, "the server to close");
    expect(client.text).toBe("");
    await until(() => server.clients.count === 0, "the client to be gone");
  });
});

describe("a client that vanishes", () => {
  test("by a reset is forgotten, and others are served", async () => {
    const { server, port } = await start();
    const helper = await connect(port);
    await helper.command("SET", "big", Buffer.alloc(MIB, 97));
    const client = await WilfulClient.connect(port);
    client.socket.pause();
    client.socket.write("GET big\r\n".repeat(50));
    await until(() => [...server.clients].some((session) => session.link.outputBytes > 0), "replies to pile up");
    client.socket.resetAndDestroy();
    await until(() => server.clients.count === 1, "the client to be gone");
    expect(await helper.text("PING")).toBe("PONG");
    helper.close();
  });

  test("right after connecting is forgotten", async () => {
    const { server, port } = await start();
    for (let round = 0; round < 50; round++) (await WilfulClient.connect(port)).socket.resetAndDestroy();
    await until(() => server.stats.connections === 50 && server.clients.count === 0, "the clients to be gone");
  });
});

describe("closing by the server", () => {
  test("QUIT is answered, what follows it is not", async () => {
    const { server, port } = await start();
    expect(await untilClosed(port, ["PING\r\nQUIT\r\nPING\r\n"])).toBe("+PONG\r\n+OK\r\n");
    await until(() => server.clients.count === 0, "the client to be gone");
  });

  test("does not wait for the client to close as well", async () => {
    const { server, port } = await start();
    const client = await WilfulClient.connect(port);
    client.socket.write("QUIT\r\n");
    await until(() => server.stats.connections === 1 && server.clients.count === 0, "the client to be gone");
    await within(client.ended, "the end");
    expect(client.text).toBe("+OK\r\n");
    client.socket.destroy();
  });

  test("a client that was idle for `timeout` seconds is closed", async () => {
    const { server, port } = await start({ timeout: "100", hz: "100" });
    const idle = await connect(port);
    const busy = await connect(port);
    await idle.command("PING");
    await busy.command("PING");
    const [session] = server.clients;
    session.lastActive -= 101_000;
    await within(idle.closed, "the idle client to be closed");
    expect(await busy.text("PING")).toBe("PONG");
    busy.close();
  });

  test("a client is not idle while a long request comes in, nor while it takes its replies", async () => {
    const { server, port } = await start();
    const client = await connect(port);
    await client.command("PING");
    const [session] = server.clients;
    const LONG_AGO = 1_000;
    const notIdle = async (what: string, act: () => void): Promise<void> => {
      session.lastActive = LONG_AGO;
      act();
      await until(() => session.lastActive > LONG_AGO, what);
    };
    await notIdle("the first part", () => client.send(Buffer.from("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n")));
    await until(() => session.link.inputAwaited === 1_000_002, "the announced value");
    // Nothing comes: the room is given back as in Redis, and made again for what comes then.
    session.lastActive -= 2_001;
    expect(session.link.inputAwaited).toBe(0);
    await notIdle("the second part", () => client.send(Buffer.alloc(10, "x")));
    await until(() => session.link.inputAwaited === 999_992, "the rest");
    client.send(Buffer.concat([Buffer.alloc(999_990, "x"), Buffer.from("\r\n")]));
    expect((await client.readReply()).toString()).toBe("+OK\r\n");
    await client.command("SUBSCRIBE", "channel");
    const other = await connect(port);
    await notIdle("the message", () => other.send(Buffer.from("PUBLISH channel message\r\n")));
    client.close();
    other.close();
  });
});

describe("accepting", () => {
  test("refuses clients above maxclients, and takes new ones once others have left", async () => {
    const { server, port } = await start({ maxclients: "2" });
    const first = await connect(port);
    const second = await connect(port);
    await first.command("PING");
    await second.command("PING");
    expect(await untilClosed(port, [])).toBe("-ERR max number of clients reached\r\n");
    expect(server.stats.rejectedConnections).toBe(1);
    first.close();
    await until(() => server.clients.count === 1, "the first to be gone");
    const third = await connect(port);
    expect(await third.text("PING")).toBe("PONG");
    second.close();
    third.close();
  });

  test("serves a unix socket with the permissions asked for, and removes it at the end", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-test-"));
    const path = join(dir, "socket");
    // What an earlier server left behind is in no one's way.
    await Bun.write(path, "");
    const { server, stop } = await start({ unixsocket: path, unixsocketperm: "700" });
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const client = await connect(path);
    const value = Buffer.alloc(5 * MIB, "0123456789");
    expect((await client.command("SET", "k", value)).toString()).toBe("+OK\r\n");
    expect(
      (await client.command("GET", "k")).equals(Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from("\r\n")])),
    ).toBe(true);
    const [session] = server.clients;
    expect(session.unixSocket).toBe(true);
    expect(session.link.remoteAddress).toBe(`${path}:0`);
    client.close();
    await stop();
    expect(() => statSync(path)).toThrow();
    rmSync(dir, { recursive: true });
  });

  test("knows both ends of a connection", async () => {
    const { server, port } = await start();
    const client = await WilfulClient.connect(port);
    client.socket.write("PING\r\n");
    await until(() => server.stats.commands === 1, "the request");
    const [session] = server.clients;
    expect(session.link.localAddress).toBe(`127.0.0.1:${port}`);
    expect(session.link.remoteAddress).toBe(`127.0.0.1:${client.socket.localPort}`);
    expect(session.link.fileDescriptor).toBeGreaterThan(2);
    client.socket.destroy();
  });

  test.if(process.platform === "linux")("probes idle connections every tcp-keepalive seconds and delays no small reply", async () => {
    const { dlopen, FFIType, ptr } = await import("bun:ffi");
    const { symbols, close } = dlopen("libc.so.6", {
      getsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    });
    const option = (descriptor: number, level: number, name: number): number => {
      const value = new Int32Array(1);
      const length = new Int32Array([4]);
      if (symbols.getsockopt(descriptor, level, name, ptr(value), ptr(length)) !== 0) throw new Error("getsockopt failed");
      return value[0];
    };
    const [SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_KEEPIDLE, TCP_NODELAY] = [1, 9, 6, 4, 1];
    for (const seconds of [0, 123]) {
      const { server, port } = await start({ "tcp-keepalive": String(seconds) });
      const client = await connect(port);
      await client.command("PING");
      const [session] = server.clients;
      const { fileDescriptor } = session.link;
      expect(option(fileDescriptor, SOL_SOCKET, SO_KEEPALIVE)).toBe(seconds === 0 ? 0 : 1);
      if (seconds !== 0) expect(option(fileDescriptor, IPPROTO_TCP, TCP_KEEPIDLE)).toBe(seconds);
      expect(option(fileDescriptor, IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      client.close();
    }
    close();
  });
});

describe("a client that sends a great deal at once", () => {
  test("has every answer, in order, though it is served in turns", async () => {
    const { port } = await start();
    const client = await connect(port);
    const answers = await client.pipeline(Array.from({ length: 20_000 }, (_, index) => ["APPEND", "key", String(index % 10)]));
    expect(answers.map(String)).toEqual(Array.from({ length: 20_000 }, (_, index) => `:${index + 1}\r\n`));
    client.close();
  });
});
