import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { untilClosed } from "./sockets.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Input that ends the connection; the servers must say the same before they close. */
const FATAL: [name: string, pieces: string[]][] = [
  ["an inline request without end", ["A".repeat(64 * KIB + 1)]],
  ["an inline request without end, in pieces", ["A".repeat(40 * KIB), "B".repeat(40 * KIB)]],
  ["an argument count without end", [`*${"1".repeat(64 * KIB)}`]],
  ["a bulk length without end", [`*1\r\n$${"1".repeat(64 * KIB)}`]],
  ["no bulk length, without end", [`*1\r\nx${"1".repeat(64 * KIB)}`]],
  ["a NUL byte in front of a line's end", [`PING\0\r\n${"A".repeat(64 * KIB)}`]],
  ["an argument count that is none", ["*abc\r\n"]],
  ["an empty argument count", ["*\r\n"]],
  ["an argument count beyond an int", ["*2147483648\r\n"]],
  ["an argument count beyond a long", ["*9223372036854775808\r\n"]],
  ["an argument count with a plus", ["*+1\r\n"]],
  ["an argument count with a blank", ["* 1\r\n"]],
  ["an argument count with a leading zero", ["*01\r\n"]],
  ["a bulk length that is none", ["*1\r\n$abc\r\n"]],
  ["an empty bulk length", ["*1\r\n$\r\n"]],
  ["a missing bulk", ["*1\r\n$-1\r\n"]],
  ["a bulk length beyond proto-max-bulk-len", ["*1\r\n$536870913\r\n"]],
  ["a bulk length beyond a long", ["*1\r\n$9223372036854775808\r\n"]],
  ["no bulk", ["*1\r\nx\r\n"]],
  ["a line break for a bulk", ["*1\r\n\n\r\n"]],
  ["a byte beyond ASCII for a bulk", ["*1\r\n\xff\r\n"]],
  ["the second argument no bulk", ["*2\r\n$4\r\nECHO\r\n:5\r\n"]],
  ["an open double quote", ['ECHO "abc\r\n']],
  ["an open single quote", ["ECHO 'abc\r\n"]],
  ["a word after a closing quote", ['ECHO "a"b\r\n']],
  ["good requests, then a bad one, then a good one", ["PING\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*1\r\n$x\r\nPING\r\n"]],
];

/** Input that does not; each is followed by a PING. */
const HARMLESS: [name: string, input: string][] = [
  ["empty lines", "\r\n\n   \r\n"],
  ["empty and missing arrays", "*0\r\n*-1\r\n*-99\r\n"],
  ["an inline request", "ECHO hello\r\n"],
  ["an inline request that ends in a line feed", "ECHO hello\n"],
  ["quotes", `ECHO "a\\x41\\n\\t\\\\ b'"\r\nECHO 'it\\'s "x" \\n'\r\nECHO ""\r\n`],
  ["an empty command name", '""\r\n*1\r\n$0\r\n\r\n'],
  ["ends of other bytes than CRLF", "*2\rX$4\rYECHOab$1\r\nxcd"],
  ["a line of 64 KiB", `ECHO ${"x".repeat(64 * KIB - 100)}\r\n`],
];

describeWithRedis("the protocol, compared with Redis over a socket", () => {
  let redis: ServerProcess;
  let ours: TestServer;

  beforeAll(async () => {
    redis = await startRedis();
    ours = await startServer();
  });

  afterAll(async () => {
    await ours?.stop();
    await redis?.stop();
  });

  for (const [name, pieces] of FATAL) {
    test(`${name} is answered with the same error, and the connection closed`, async () => {
      const [expected, seen] = await Promise.all([untilClosed(redis.port, pieces), untilClosed(ours.port, pieces)]);
      expect(expected).toContain("-ERR Protocol error: ");
      expect(seen).toBe(expected);
    });
  }

  for (const [name, input] of HARMLESS) {
    test(`${name}: the same answers, and the connection stays`, async () => {
      const answer = async (port: number): Promise<string> => {
        const client = await connect(port);
        client.send(`${input}*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n`);
        let text = "";
        while (!text.endsWith("$3\r\nend\r\n")) text += (await client.readReply()).latin1Slice();
        client.close();
        return text;
      };
      expect(await answer(ours.port)).toBe(await answer(redis.port));
    });
  }

  test("more than a million arguments may be announced", async () => {
    for (const port of [redis.port, ours.port]) {
      const client = await connect(port);
      client.send("PING\r\n*1048577\r\n$4\r\nPING\r\n");
      expect((await client.readReply()).toString()).toBe("+PONG\r\n");
      expect(client.isClosed).toBe(false);
      client.close();
    }
  });

  test("a request of a million arguments is executed", async () => {
    const input = Buffer.from(`*1000001\r\n$3\r\nDEL\r\n${"$1\r\nk\r\n".repeat(1_000_000)}`);
    const client = await connect(ours.port);
    client.send(input);
    expect((await client.readReply()).toString()).toBe(":0\r\n");
    client.close();
  });

  test("proto-max-bulk-len is the limit of one argument, at once", async () => {
    for (const port of [redis.port, ours.port]) {
      const client = await connect(port);
      const value = Buffer.alloc(MIB, 97);
      expect(await client.text("CONFIG", "SET", "proto-max-bulk-len", "1mb")).toBe("OK");
      expect((await client.command("ECHO", value)).length).toBe("$1048576\r\n".length + MIB + 2);
      expect(await untilClosed(port, [`*2\r\n$4\r\nECHO\r\n$${MIB + 1}\r\n`])).toBe("-ERR Protocol error: invalid bulk length\r\n");
      expect(await client.text("CONFIG", "SET", "proto-max-bulk-len", "512mb")).toBe("OK");
      client.close();
    }
  });

  test("client-query-buffer-limit closes without a word", async () => {
    for (const port of [redis.port, ours.port]) {
      const client = await connect(port);
      expect(await client.text("CONFIG", "SET", "client-query-buffer-limit", "1mb")).toBe("OK");
      const piece = Buffer.alloc(256 * KIB, 97);
      expect(await untilClosed(port, [`*2\r\n$4\r\nECHO\r\n$${10 * MIB}\r\n`, piece, piece, piece, piece, piece, piece])).toBe("");
      expect(await client.text("PING")).toBe("PONG");
      expect(await client.text("CONFIG", "SET", "client-query-buffer-limit", "1gb")).toBe("OK");
      client.close();
    }
    expect(ours.server.stats.queryLimitDisconnects).toBe(1);
  });

  test("a value of 512 MB announced and never sent takes no memory", async () => {
    const before = process.memoryUsage().rss;
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(ours.port)));
    for (const client of clients) client.send(`PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${512 * MIB}\r\nabc`);
    for (const client of clients) expect((await client.readReply()).toString()).toBe("+PONG\r\n");
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
    for (const client of clients) client.close();
  });
});

describeWithRedis("the limits before the login, compared with Redis", () => {
  let redis: ServerProcess;
  let ours: TestServer;

  beforeAll(async () => {
    redis = await startRedisWithPassword();
    ours = await startServer({ requirepass: "secret" });
  });

  afterAll(async () => {
    await ours?.stop();
    await redis?.stop();
  });

  const CASES: [string, string][] = [
    ["too many arguments", "*11\r\n"],
    ["too long an argument", "*2\r\n$4\r\nAUTH\r\n$16385\r\n"],
    ["an argument too long for anybody", "*2\r\n$4\r\nAUTH\r\n$536870913\r\n"],
    ["a count too large for anybody", "*2147483648\r\n"],
    ["a refused command, then too many arguments", "*1\r\n$4\r\nPING\r\n*11\r\n"],
  ];
  for (const [name, input] of CASES) {
    test(`${name}`, async () => {
      const expected = await untilClosed(redis.port, [input]);
      expect(expected).toContain("-ERR Protocol error: ");
      expect(await untilClosed(ours.port, [input])).toBe(expected);
    });
  }

  test("a login lifts them for the requests that come with it", async () => {
    const input = `AUTH secret\r\n*12\r\n$6\r\nEXISTS\r\n${"$1\r\nk\r\n".repeat(11)}*2\r\n$4\r\nECHO\r\n$20000\r\n${"x".repeat(20_000)}\r\n`;
    for (const port of [redis.port, ours.port]) {
      const client = await connect(port);
      client.send(input);
      expect((await client.readReply()).toString()).toBe("+OK\r\n");
      expect((await client.readReply()).toString()).toBe(":0\r\n");
      expect((await client.readReply()).length).toBe("$20000\r\n".length + 20_002);
      client.close();
    }
  });
});

async function startRedisWithPassword(): Promise<ServerProcess> {
  const redis = await startRedis();
  const client = await redis.connect();
  await client.text("CONFIG", "SET", "requirepass", "secret");
  client.close();
  return redis;
}
