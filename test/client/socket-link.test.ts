/** Links over sockets: how they begin, end, break and come back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { addressOf, type ConnectOptions } from "../../src/client/address.ts";
import { LinkError, ReplyError } from "../../src/client/errors.ts";
import { SocketLink } from "../../src/client/socket-link.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { failureOf } from "../support/failure.ts";
import type { ServerProcess } from "../support/process.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

function connect(port: number, options: ConnectOptions = {}): Promise<SocketLink> {
  return SocketLink.connect(addressOf(`redis://127.0.0.1:${port}`, options));
}

/** A server that answers what a test says. */
async function startFake(answer: (socket: Socket, text: string) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => answer(socket, chunk.toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as { port: number }).port, close };
}

const HELLO = "%1\r\n+proto\r\n:3\r\n";

describe("URLs", () => {
  test("say where a server is and who asks", () => {
    const { host, port, username, password, database, tls, path } = addressOf("rediss://me:p%40ss@example.org:7000/3", {});
    expect({ host, port, username, password, database, tls, path }).toEqual({
      host: "example.org",
      port: 7000,
      username: "me",
      password: "p@ss",
      database: 3,
      tls: {},
      path: "",
    });
    expect(addressOf("redis://[::1]:7000", {})).toMatchObject({ host: "::1", port: 7000, tls: null });
    expect(addressOf("valkey://:secret@localhost", {})).toMatchObject({ host: "localhost", port: 6379, username: "", password: "secret" });
    expect(addressOf("unix:///run/my%20redis.sock?db=2", {})).toMatchObject({ path: "/run/my redis.sock", database: 2 });
    expect(addressOf("localhost:7000", {})).toMatchObject({ host: "localhost", port: 7000, path: "", tls: null });
    expect(addressOf("10.0.0.1", {})).toMatchObject({ host: "10.0.0.1", port: 6379 });
    expect(addressOf("[::1]:7000/2", {})).toMatchObject({ host: "::1", port: 7000, database: 2 });
    expect(addressOf(undefined, {})).toMatchObject({ host: "127.0.0.1", port: 6379, database: 0 });
    expect(addressOf("redis://a/1", { database: 2, host: "b" })).toMatchObject({ host: "b", database: 2 });
  });

  test("that make no sense are refused, and no password is shown", () => {
    expect(() => addressOf("http://localhost", {})).toThrow('"http:" is none of redis:, rediss:');
    expect(() => addressOf("redis://localhost/x", {})).toThrow('"x" in the URL of a server is no number of a database');
    expect(() => addressOf("redis//me:secret@host", {})).toThrow(TypeError);
    expect(
      String(
        (() => {
          try {
            addressOf("//me:secret@host", {});
          } catch (error) {
            return error;
          }
          return null;
        })(),
      ),
    ).not.toContain("secret");
  });
});

describe("a link", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ requirepass: "secret", databases: "20" });
  });
  afterAll(() => server.stop());

  test("begins with the password, the name and the database", async () => {
    const link = await connect(server.port, { password: "secret", name: "me", database: 12 });
    expect(await link.send(["CLIENT", "LIST"], false)).toMatch(/ name=me .* db=12 .* resp=3/);
    await link.close();
  });

  test("tells why a server refuses it", async () => {
    const wrong = await failureOf(connect(server.port, { password: "wrong" }));
    expect([wrong instanceof ReplyError, wrong.message]).toEqual([true, "WRONGPASS invalid username-password pair or user is disabled."]);
    expect((await failureOf(connect(server.port))).message).toStartWith(
      "NOAUTH HELLO must be called with the client already authenticated",
    );
    expect((await failureOf(connect(server.port, { password: "secret", database: 99 }))).message).toBe("ERR DB index is out of range");
  });

  test("answers requests of one turn that went in one write, each with its own reply or error", async () => {
    const link = await connect(server.port, { password: "secret" });
    const replies = [
      link.send(["SET", "a", "é"], false),
      link.send(["GET", "a"], false),
      link.send(["GET", "a"], true),
      link.send(["LPUSH", "a", 1], false).catch((error) => error.code),
      link.sendAll(
        [
          ["INCR", "n"],
          ["INCR", "a"],
          ["GET", "n"],
        ],
        false,
      ),
    ];
    const [set, text, bytes, code, all] = await Promise.all(replies);
    expect([set, text, bytes, code]).toEqual(["OK", "é", new Uint8Array([195, 169]), "WRONGTYPE"]);
    const [one, error, got] = all as [number, ReplyError, string];
    expect([one, error.message, got]).toEqual([1, "ERR value is not an integer or out of range", "1"]);
    expect(await link.sendAll([], false)).toEqual([]);
    await link.close();
  });

  test("carries values of many megabytes", async () => {
    const link = await connect(server.port, { password: "secret" });
    const value = new Uint8Array(4_000_000).map((_, at) => at * 7);
    expect(await link.send(["SET", "big", value], false)).toBe("OK");
    const got = (await link.send(["GET", "big"], true)) as Uint8Array;
    expect(Buffer.compare(got, value)).toBe(0);
    await link.close();
  });

  test("is closed once what is under way is answered, and refuses more", async () => {
    const link = await connect(server.port, { password: "secret" });
    let reason: Error | null | undefined;
    link.onClose = (error) => {
      reason = error;
    };
    const reply = link.send(["PING"], false);
    const closed = link.close();
    expect(await reply).toBe("PONG");
    await closed;
    expect(reason).toBeNull();
    expect((await failureOf(link.send(["PING"], false))).message).toBe("the link is closed");
    await link.close();
  });

  test("that must close now fails what is under way", async () => {
    const link = await connect(server.port, { password: "secret" });
    const waiting = failureOf(link.send(["BLPOP", "none", 0], false));
    await link.send(["PING"], false).catch(() => {}).constructor;
    await link.close({ now: true });
    expect(await waiting).toBeInstanceOf(LinkError);
  });

  test("refuses words that are none at once, and a request that has one leaves the others alone", async () => {
    const link = await connect(server.port, { password: "secret" });
    const [bad, good] = [failureOf(link.send(["SET", undefined as never], false)), link.send(["ECHO", "x"], false)];
    expect((await bad).message).toBe("SET: argument 1 is undefined: strings, numbers, bigints and Uint8Arrays can be sent");
    expect(await good).toBe("x");
    expect(await failureOf(link.sendAll([["PING"], ["SET", null as never]], false))).toBeInstanceOf(TypeError);
    expect(await link.send(["ECHO", "y"], false)).toBe("y");
    await link.close();
  });

  test("is told of channels' messages between replies", async () => {
    const link = await connect(server.port, { password: "secret" });
    const pushes: string[] = [];
    link.onPush = (push) => pushes.push(push.map((item) => (item instanceof Uint8Array ? Buffer.from(item).toString() : item)).join(" "));
    const other = await connect(server.port, { password: "secret" });
    const subscribed = link.send(["SUBSCRIBE", "a", "b"], false);
    expect(await link.send(["ECHO", "x"], false)).toBe("x");
    expect(await subscribed).toBeNull();
    await other.send(["PUBLISH", "b", "hello"], false);
    await link.send(["UNSUBSCRIBE", "a", "b"], false);
    expect(pushes).toEqual(["subscribe a 1", "subscribe b 2", "message b hello", "unsubscribe a 1", "unsubscribe b 0"]);
    await Promise.all([link.close(), other.close()]);
  });
});

describe("a server that is no good", () => {
  test("for RESP3 is named, with what it said", async () => {
    const old = await startFake((socket) => socket.write("-ERR unknown command 'HELLO'\r\n"));
    const error = await failureOf(connect(old.port));
    expect([error instanceof LinkError, error.message]).toEqual([
      true,
      `127.0.0.1:${old.port} does not speak RESP3, which Redis has since version 6: "ERR unknown command 'HELLO'"`,
    ]);
    old.close();
  });

  test("and not there, silent, or rude, ends the attempt", async () => {
    const silent = await startFake(() => {});
    expect((await failureOf(connect(silent.port, { connectTimeout: 30 }))).message).toBe(
      `no greeting from 127.0.0.1:${silent.port}: it did not answer within 30 ms`,
    );
    silent.close();
    const rude = await startFake((socket) => socket.destroy());
    expect((await failureOf(connect(rude.port))).message).toStartWith(`no greeting from 127.0.0.1:${rude.port}`);
    rude.close();
    const foreign = await startFake((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect((await failureOf(connect(foreign.port))).message).toContain("the server sent no kind of reply where a reply must be");
    foreign.close();
    expect((await failureOf(connect(rude.port))).message).toStartWith(`cannot connect to 127.0.0.1:${rude.port}: `);
  });

  test("because it answers what no one asked loses its link", async () => {
    const mad = await startFake((socket, text) => socket.write(text.includes("HELLO") ? HELLO : "+PONG\r\n+PONG\r\n"));
    const link = await connect(mad.port, { reconnect: false });
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    link.onClose = resolve;
    expect(await link.send(["PING"], false)).toBe("PONG");
    expect((await promise)?.message).toContain("a reply that answers nothing");
    mad.close();
  });
});

describe("a connection that is lost", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test("is made again with the database that was selected; what was sent fails, what was not waits", async () => {
    await using proxy = await CuttingProxy.start(server.port, []);
    const link = await connect(proxy.port, { reconnect: { minDelay: 1, maxDelay: 5 } });
    await link.send(["SELECT", 3], false);
    const lost = failureOf(link.send(["BLPOP", "none", 0], false));
    await link.send(["ECHO", "later"], false).catch(() => {}).constructor;
    proxy.cut();
    const error = await lost;
    expect(error).toBeInstanceOf(LinkError);
    expect(error.message).toStartWith(`the connection to 127.0.0.1:${proxy.port} was lost`);
    expect(error.message).toEndWith("whether the request was executed is not known");
    const waiting = [
      link.send(["SET", "k", "v"], false),
      link.sendAll(
        [
          ["GET", "k"],
          ["CLIENT", "INFO"],
        ],
        false,
      ),
    ];
    const [set, [got, info]] = (await Promise.all(waiting)) as [string, [string, string]];
    expect([set, got]).toEqual(["OK", "v"]);
    expect(info).toContain(" db=3 ");
    await link.close();
  });

  test("at any byte leaves no reply with the wrong request", async () => {
    const cuts = Array.from({ length: 60 }, (_, at) => 400 + at * 3);
    await using proxy = await CuttingProxy.start(server.port, cuts);
    const link = await connect(proxy.port, { reconnect: { minDelay: 0, maxDelay: 1 } }).catch(() => null);
    if (link === null) throw new Error("the greeting fits in 400 bytes no more: begin later");
    let lost = 0;
    for (let at = 0; at < 400; at++) {
      const texts = Array.from({ length: 5 }, (_, index) => `${at}.${index}${"x".repeat(at % 50)}`);
      const replies = await Promise.allSettled(texts.map((text) => link.send(["ECHO", text], false)));
      replies.forEach((reply, index) => {
        if (reply.status === "fulfilled") expect(reply.value).toBe(texts[index]);
        else {
          expect(reply.reason).toBeInstanceOf(LinkError);
          lost++;
        }
      });
    }
    expect(lost).toBeGreaterThan(0);
    expect(proxy.cuts).toBeGreaterThan(20);
    await link.close();
  });

  test("for longer than a request is patient fails it, and the link goes on when there is a server again", async () => {
    const fake = await startFake((socket, text) => socket.write(text.includes("HELLO") ? HELLO : "+PONG\r\n"));
    const link = await connect(fake.port, { reconnect: { minDelay: 1, maxDelay: 10, patience: 20 } });
    fake.close();
    const failure = await failureOf(
      link.send(["PING"], false).catch((error) => (error.message.includes("patience") ? null : link.send(["PING"], false))),
    );
    expect(failure.message).toStartWith(`no connection to 127.0.0.1:${fake.port} for 20 ms: cannot connect`);
    await link.close();
  });

  test("and is not to be made again closes the link", async () => {
    await using proxy = await CuttingProxy.start(server.port, []);
    const link = await connect(proxy.port, { reconnect: false });
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    link.onClose = resolve;
    proxy.cut();
    expect(await promise).toBeInstanceOf(LinkError);
    expect(await failureOf(link.send(["PING"], false))).toBeInstanceOf(LinkError);
  });

  test("keeps no more bytes than it may", async () => {
    const silent = await startFake((socket, text) => socket.write(text.includes("HELLO") ? HELLO : ""));
    const link = await connect(silent.port, { waitingBytes: 1000 });
    const replies = Array.from({ length: 3 }, () => failureOf(link.send(["SET", "k", "x".repeat(900)], false)));
    expect((await Promise.race([replies[2]])).message).toStartWith("more than 1000 bytes of requests wait to be written to");
    await link.close({ now: true });
    await Promise.all(replies);
    silent.close();
  });
});

test("a unix socket is a link as any", async () => {
  const path = join("/tmp", `replicant-client-${process.pid}.sock`);
  await using _server = await startServer({ unixsocket: path });
  const link = await SocketLink.connect(addressOf(`unix://${path}?db=1`, {}));
  expect(await link.send(["CLIENT", "INFO"], false)).toMatch(/ db=1 /);
  await link.close();
});

describeWithRedis("a redis-server", () => {
  let redis: ServerProcess;
  beforeAll(async () => {
    redis = await startRedis({ args: ["--enable-debug-command", "yes"] });
  });
  afterAll(() => redis.stop());

  test("answers every kind of RESP3", async () => {
    const link = await connect(redis.port);
    const kinds = "string integer double null array set map attrib push verbatim true false bignum".split(" ");
    const replies = await link.sendAll(
      kinds.map((kind) => ["DEBUG", "PROTOCOL", kind]),
      false,
    );
    expect(replies).toEqual([
      "Hello World",
      12345,
      Number("3.141"),
      null,
      [0, 1, 2],
      new Set([0, 1, 2]),
      new Map([
        [0, false],
        [1, true],
        [2, false],
      ]),
      "Some real reply following the attribute",
      "Some real reply following the push reply",
      "This is a verbatim\nstring",
      true,
      false,
      1234567999999999999999999999999999999n,
    ]);
    await link.close();
  });
});
