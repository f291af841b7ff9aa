import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Call } from "../../src/execution/call.ts";
import { MAX_BLOCK } from "../../src/memory/arena.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

describe("a write for which there is no memory", () => {
  let ours: TestServer;
  let client: RawClient;
  let blocks: number[] = [];

  beforeEach(async () => {
    ours = await startServer();
    client = await connect(ours.port);
  });
  afterEach(async () => {
    client.close();
    await ours.stop();
  });

  /** Takes all that is left of an arena of one segment, so that only pages which are in use already have room. */
  function fill(): void {
    const { arena } = ours.server.keyspace.space;
    Reflect.set(arena, "maxSegments", 1);
    blocks = [];
    while (arena.unusedBytes > 0) blocks.push(arena.allocate(MAX_BLOCK));
  }

  function release(): void {
    for (const block of blocks) ours.server.keyspace.space.arena.free(block);
  }

  async function ask(...words: (string | Buffer)[]): Promise<string> {
    return (await client.command(...words)).toString("latin1");
  }

  test("is refused whole with OOM, and the server goes on", async () => {
    const value = Buffer.alloc(3000, "v");
    await ask("SET", "old", "small");
    await ask("SET", "target", "kept", "PX", "1000000");
    const cursor = ours.server.journal;
    cursor.start();
    fill();
    const { keyspace, journal, stats } = ours.server;
    const before = { changes: keyspace.changes, offset: journal.offset, used: keyspace.usedBytes };
    expect(await ask("SET", "new", value)).toBe(OOM);
    expect(await ask("SET", "old", value)).toBe(OOM);
    expect(await ask("SET", "old", value, "GET")).toBe(OOM);
    expect(await ask("APPEND", "old", value)).toBe(OOM);
    expect(await ask("SETRANGE", "old", "2000", "x")).toBe(OOM);
    expect(await ask("MSET", "a", "1", "b", "2", "old", value)).toBe(OOM);
    expect(await ask("MSETNX", "a", "1", "b", value)).toBe(OOM);
    expect({ changes: keyspace.changes, offset: journal.offset, used: keyspace.usedBytes }).toEqual(before);
    expect(await ask("GET", "old")).toBe("$5\r\nsmall\r\n");
    expect(await ask("EXISTS", "new", "a", "b")).toBe(":0\r\n");
    expect(stats.unexpectedErrors).toBe(0);
    release();
    expect(await ask("SET", "new", value)).toBe("+OK\r\n");
    expect(await ask("MSET", "a", "1", "b", "2")).toBe("+OK\r\n");
  });

  test("leaves the key that it would have replaced", async () => {
    const value = Buffer.alloc(3000, "v");
    await ask("SET", "source", value);
    await ask("SET", "target", "kept");
    fill();
    // The page of the source has room for more of its size: it is used up.
    const replies: string[] = [];
    for (let i = 0; i < 40 && replies.at(-1) !== OOM; i++) replies.push(await ask("COPY", "source", `copy:${i}`));
    expect(replies.at(-1)).toBe(OOM);
    expect(await ask("COPY", "source", "target", "REPLACE")).toBe(OOM);
    expect(await ask("GET", "target")).toBe("$4\r\nkept\r\n");
    expect(await ask("DBSIZE")).toBe(`:${replies.length + 1}\r\n`);
  });

  test("fails alone in a transaction", async () => {
    await ask("SET", "old", "small");
    fill();
    await ask("MULTI");
    await ask("SET", "new", Buffer.alloc(3000));
    await ask("GET", "old");
    expect(await ask("EXEC")).toBe(`*2\r\n${OOM}$5\r\nsmall\r\n`);
  });

  test("is refused for a buffer that the runtime cannot make, too", async () => {
    await ask("CONFIG", "SET", "proto-max-bulk-len", "9000000000");
    await ask("SET", "old", "small");
    // Zeros take no memory, but what needs the string in one piece cannot have it.
    expect(await ask("SETRANGE", "long", "8000000000", "x")).toBe(":8000000001\r\n");
    expect(await ask("DUMP", "long")).toBe(OOM);
    expect(await ask("EVAL", "return redis.call('GET', KEYS[1])", "1", "long")).toStartWith("-OOM command not allowed");
    expect(await ask("GETRANGE", "long", "7999999998", "-1")).toBe("$3\r\n\0\0x\r\n");
    expect(await ask("GET", "old")).toBe("$5\r\nsmall\r\n");
    expect(ours.server.stats.unexpectedErrors).toBe(0);
  });
});

test("a replica that clients may write to applies maxmemory only with replica-ignore-maxmemory no", async () => {
  const { port, stop } = await startServer({ maxmemory: "1", "replica-read-only": "no", replicaof: "127.0.0.1 1" });
  const client = await connect(port);
  const set = async () => (await client.command("SET", "key", "value")).toString();
  try {
    expect(await set()).toBe("+OK\r\n");
    await client.text("CONFIG", "SET", "replica-ignore-maxmemory", "no");
    expect(await set()).toBe(OOM);
    await client.text("CONFIG", "SET", "replica-ignore-maxmemory", "yes");
    await client.text("REPLICAOF", "NO", "ONE");
    expect(await set()).toBe(OOM);
  } finally {
    client.close();
    await stop();
  }
});

test("an answer begun before a command failed is taken back, or else the connection closed", async () => {
  const { server, port, stop } = await startServer();
  const client = await connect(port);
  try {
    const get = server.commands.resolve(new Frame().encode(["GET"]));
    if (get === null) throw new Error("there is no GET");
    const { handler } = get;
    const failAfter = (bytes: number) =>
      Reflect.set(get, "handler", (call: Call) => {
        call.reply.array(2);
        call.reply.bulk("x".repeat(bytes));
        throw new Error("made by the test");
      });
    failAfter(10);
    const [before, failed, after] = await client.pipeline([["PING"], ["GET", "k"], ["PING"]]);
    expect([before, failed, after].map(String)).toEqual(["+PONG\r\n", "-ERR internal error in 'get', see the server log\r\n", "+PONG\r\n"]);
    failAfter(1_000_000);
    client.command("GET", "k").catch(() => {});
    await client.closed;
    Reflect.set(get, "handler", handler);
  } finally {
    client.close();
    await stop();
  }
});
