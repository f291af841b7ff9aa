import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect, encodeCommand, replyText } from "./client.ts";
import { startServer } from "./process.ts";
import { startRedis, startSentinel, testWithRedis } from "./redis.ts";

/** A listener that plays back `pieces`, one write each, once it is spoken to. */
function playback(pieces: readonly string[]): { port: number; stop: () => void } {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async data(socket) {
        for (const piece of pieces) {
          socket.write(Buffer.from(piece, "latin1"));
          socket.flush();
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    },
  });
  return { port: listener.port, stop: () => listener.stop(true) };
}

const REPLIES = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-12\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "$0\r\n\r\n",
  "$6\r\na\r\nb\xff\x00\r\n",
  "*0\r\n",
  "*2\r\n*1\r\n$1\r\nx\r\n*3\r\n:1\r\n$-1\r\n*0\r\n",
  "_\r\n",
  "#t\r\n",
  ",1.5\r\n",
  "(123456789012345678901234567890\r\n",
  "!5\r\nERR x\r\n",
  "=7\r\ntxt:abc\r\n",
  "~2\r\n+a\r\n+b\r\n",
  "%2\r\n+a\r\n*1\r\n:1\r\n+b\r\n%0\r\n",
  ">2\r\n+push\r\n:1\r\n",
  "|1\r\n+ttl\r\n:9\r\n*1\r\n$3\r\nabc\r\n",
];

describe("the raw client", () => {
  test("reads every kind of reply whole, in one piece", async () => {
    const server = playback([REPLIES.join("")]);
    const client = await connect(server.port);
    client.send("x");
    for (const reply of REPLIES) expect((await client.readReply()).toString("latin1")).toBe(reply);
    expect(client.unread().length).toBe(0);
    client.close();
    server.stop();
  });

  test("reads every kind of reply whole when it comes byte by byte", async () => {
    const server = playback([...REPLIES.join("")]);
    const client = await connect(server.port);
    client.send("x");
    const seen = await Promise.all(REPLIES.map(() => client.readReply()));
    expect(seen.map((reply) => reply.toString("latin1"))).toEqual(REPLIES);
    client.close();
    server.stop();
  });

  test("passes over replies and keeps the first error", async () => {
    const server = playback([...REPLIES.join("")]);
    const client = await connect(server.port);
    client.send("x");
    expect(await client.skipReplies(REPLIES.length - 1)).toBe("ERR no");
    expect((await client.readReply()).toString("latin1")).toBe(REPLIES.at(-1) ?? "");
    client.close();
    server.stop();
  });

  test("encodes text, bytes and numbers as bulk strings", () => {
    const bytes = encodeCommand(["SET", Buffer.from([0xff, 0x0d]), 12, "é"]);
    expect(bytes.toString("latin1")).toBe("*4\r\n$3\r\nSET\r\n$2\r\n\xff\r\r\n$2\r\n12\r\n$2\r\n\xc3\xa9\r\n");
  });

  test("takes the text out of a reply", () => {
    const texts = ["+OK\r\n", "-ERR no\r\n", ":5\r\n", "$2\r\nab\r\n", "=7\r\ntxt:abc\r\n"].map((raw) => replyText(Buffer.from(raw)));
    expect(texts).toEqual(["OK", "ERR no", "5", "ab", "abc"]);
    expect(() => replyText(Buffer.from("$-1\r\n"))).toThrow("no text");
  });

  test("rejects what waits when the server closes, goes silent or does not speak the protocol", async () => {
    const server = playback(["+OK\r\n$5\r\nab"]);
    const silent = await connect(server.port, { timeoutMs: 300 });
    silent.send("x");
    expect((await silent.readReply()).toString("latin1")).toBe("+OK\r\n");
    expect(silent.readReply()).rejects.toThrow("no complete reply within 300 ms");
    await silent.closed;
    server.stop();

    const http = playback(["HTTP/1.1 200 OK\r\n"]);
    const confused = await connect(http.port);
    confused.send("x");
    expect(confused.readReply()).rejects.toThrow("not a reply");
    await confused.closed;
    http.stop();
  });
});

describe("a server process", () => {
  testWithRedis("answers, works in a directory of its own, and leaves nothing behind", async () => {
    const redis = await startRedis();
    const client = await redis.connect();
    expect(await client.text("CONFIG", "SET", "maxmemory", "0")).toBe("OK");
    const replies = await client.pipeline([
      ["SET", "k", 1],
      ["INCR", "k"],
      ["LRANGE", "k", 0, -1],
    ]);
    expect(replies.map((reply) => reply.toString("latin1", 0, 6))).toEqual(["+OK\r\n", ":2\r\n", "-WRONG"]);
    expect(existsSync(redis.dir)).toBe(true);
    expect(await redis.log()).toContain("Ready to accept connections");
    client.close();
    expect(await redis.stop()).toBe(0);
    expect(existsSync(redis.dir)).toBe(false);
    expect(connect(redis.port)).rejects.toThrow();
  });

  testWithRedis("of Sentinel answers too", async () => {
    await using master = await startRedis();
    await using sentinel = await startSentinel(`sentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`);
    const client = await sentinel.connect();
    expect((await client.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")).toString("latin1")).toContain(String(master.port));
    client.close();
  });

  testWithRedis("is not mistaken for the stranger who has its port", async () => {
    await using stranger = await startRedis();
    expect(startRedis({ port: stranger.port })).rejects.toThrow("port taken");
  });

  test("that ends at once is reported with what it printed", async () => {
    const command = [process.execPath, "-e", "console.error('no such thing'); process.exit(3)"];
    const error = await startServer(command).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain("ended with 3");
    expect(String(error)).toContain("no such thing");
  });
});

test("a client of a test refuses a reply that its command does not answer", async () => {
  const answers = ["$1\r\nv\r\n", ":1\r\n"];
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.write(answers.shift() ?? "") },
  });
  const client = await connect(server.port);
  expect((await client.command("GET", "k")).toString()).toBe("$1\r\nv\r\n");
  await expect(client.command("GET", "k")).rejects.toThrow('GET k (RESP2): the reply is ":1", not string, null');
  client.close();
  server.stop(true);
});
