import { describe, expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { LOOK } from "../support/lookup.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const BIG = "x".repeat(100_000);

describeWithRedis("key commands answer as Redis does", () => {
  const comparison = useComparison();

  test("DEL, UNLINK, EXISTS, TOUCH and TYPE, a key named twice included", async () => {
    await comparison().compare([
      [
        ["MSET", "a", "1", "b", BIG, "c", "3", "d", "4"],
        ["EXISTS", "a", "a", "b", "missing"],
        ["TOUCH", "a", "a", "b", "missing"],
        ["TYPE", "a"],
        ["TYPE", "missing"],
        ["DEL", "a", "a", "missing", "b"],
        ["EXISTS", "a", "b"],
        ["UNLINK", "c", "c", "missing", "d"],
        ["DBSIZE"],
        ["DEL"],
        ["UNLINK"],
        ["EXISTS"],
        ["TOUCH"],
        ["TYPE"],
        ["TYPE", "a", "b"],
      ],
    ]);
  });

  test("RENAME and RENAMENX, with expiries, large values, the same name and a taken one", async () => {
    await comparison().compare([
      [
        ["RENAME", "missing", "x"],
        ["RENAME", "missing", "missing"],
        ["RENAMENX", "missing", "x"],
        ["SET", "a", "1", "PXAT", "99999999999999"],
        ["RENAME", "a", "a"],
        ["RENAMENX", "a", "a"],
        ["PEXPIRETIME", "a"],
        ["SET", "b", BIG],
        ["RENAMENX", "a", "b"],
        ["RENAME", "a", "b"],
        ["GET", "b"],
        ["PEXPIRETIME", "b"],
        ["SET", "c", BIG],
        ["RENAME", "c", "b"],
        ["PEXPIRETIME", "b"],
        ["STRLEN", "b"],
        ["RENAMENX", "b", "new"],
        ["APPEND", "new", "y"],
        ["STRLEN", "new"],
        ["OBJECT", "ENCODING", "new"],
        ["DBSIZE"],
      ],
    ]);
  });

  test("COPY and MOVE between databases", async () => {
    await comparison().compare([
      [
        ["SET", "a", "1", "PXAT", "99999999999999"],
        ["COPY", "a", "b"],
        ["COPY", "a", "b"],
        ["SET", "a", BIG],
        ["COPY", "a", "b", "REPLACE"],
        ["APPEND", "b", "tail"],
        ["STRLEN", "a"],
        ["PEXPIRETIME", "b"],
        ["COPY", "a", "a"],
        ["COPY", "a", "a", "REPLACE"],
        ["COPY", "a", "a", "DB", "0"],
        ["COPY", "a", "a", "DB", "3", "REPLACE"],
        ["COPY", "a", "a", "DB", "3"],
        ["COPY", "missing", "x"],
        ["COPY", "a", "x", "DB"],
        ["COPY", "a", "x", "DB", "16"],
        ["COPY", "a", "x", "DB", "-1"],
        ["COPY", "a", "x", "DB", "abc"],
        ["COPY", "a", "x", "DB", "3000000000"],
        ["COPY", "a", "x", "junk"],
        ["COPY", "a", "x", "DB", "2", "DB", "1", "REPLACE", "replace"],
        ["MOVE", "a", "3"],
        ["MOVE", "b", "3"],
        ["MOVE", "b", "3"],
        ["MOVE", "missing", "3"],
        ["MOVE", "a", "0"],
        ["MOVE", "a", "16"],
        ["MOVE", "a", "x"],
        ["MOVE", "a", "3000000000"],
        ["MOVE", "a", "9223372036854775808"],
        ["DBSIZE"],
        ["SELECT", "3"],
        ["STRLEN", "b"],
        ["STRLEN", "a"],
        ["DBSIZE"],
        ["FLUSHDB", "SYNC"],
        ["DBSIZE"],
        ["SELECT", "1"],
        ["DBSIZE"],
      ],
    ]);
  });

  test("FLUSHDB, FLUSHALL and SWAPDB", async () => {
    await comparison().compare([
      [
        ["SET", "a", "0", "EX", "100"],
        ["SELECT", "1"],
        ["SET", "a", "1"],
        ["SWAPDB", "0", "1"],
        ["TTL", "a"],
        ["GET", "a"],
        ["SWAPDB", "1", "1"],
        ["SWAPDB", "a", "1"],
        ["SWAPDB", "1", "b"],
        ["SWAPDB", "3000000000", "1"],
        ["SWAPDB", "0", "16"],
        ["SWAPDB", "-1", "0"],
        ["FLUSHDB", "junk"],
        ["FLUSHDB", "SYNC", "SYNC"],
        ["FLUSHALL", "ASYNC", "SYNC"],
        ["FLUSHDB"],
        ["DBSIZE"],
        ["SET", "a", "1"],
        ["FLUSHDB", "async"],
        ["GET", "a"],
        ["SELECT", "0"],
        ["GET", "a"],
        ["FLUSHALL", "sync"],
        ["DBSIZE"],
        ["FLUSHALL"],
        ["FLUSHALL", "ASYNC"],
        ["DBSIZE", "x"],
      ],
    ]);
  });

  test("OBJECT", async () => {
    await comparison().compare([
      [
        ["MSET", "small", "9999", "large", "10000", "negative", "-1", "text", "abc"],
        ["OBJECT", "REFCOUNT", "small"],
        ["OBJECT", "REFCOUNT", "large"],
        ["OBJECT", "REFCOUNT", "negative"],
        ["OBJECT", "REFCOUNT", "text"],
        ["OBJECT", "IDLETIME", "text"],
        ["OBJECT", "FREQ", "text"],
        ["OBJECT", "ENCODING", "missing"],
        ["OBJECT", "REFCOUNT", "missing"],
        ["OBJECT", "IDLETIME", "missing"],
        ["OBJECT", "FREQ", "missing"],
        ["OBJECT"],
        ["OBJECT", "ENCODING"],
        ["OBJECT", "ENCODING", "a", "b"],
        ["OBJECT", "HELP", "x"],
        ["OBJECT", "junk"],
      ],
    ]);
  });

  test("propagation and keyspace events", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["MSET", "a", "1", "b", "2", "c", "3", "d", "4"],
      ["DEL", "a", "missing", "a"],
      ["UNLINK", "b", "missing"],
      ["DEL", "missing"],
      ["RENAME", "c", "d"],
      ["RENAME", "d", "d"],
      ["RENAMENX", "d", "e"],
      ["SET", "x", "1"],
      ["RENAMENX", "x", "e"],
      ["COPY", "e", "f"],
      ["COPY", "e", "f"],
      ["COPY", "e", "f", "REPLACE"],
      ["COPY", "e", "g", "DB", "2"],
      ["MOVE", "e", "2"],
      ["MOVE", "missing", "2"],
      ["SELECT", "2"],
      ["EXPIRE", "g", "100"],
      ["TTL", "missing"],
      ["EXISTS", "missing"],
      ["TYPE", "missing"],
      ["OBJECT", "ENCODING", "missing"],
      ["TOUCH", "missing"],
      ["COPY", "missing", "x"],
      ["SWAPDB", "2", "3"],
      ["SWAPDB", "2", "2"],
      ["FLUSHDB"],
      ["FLUSHDB", "ASYNC"],
      ["FLUSHALL"],
      ["FLUSHALL", "SYNC"],
    ] satisfies Request[]);
    expect(ours).toEqual(theirs);
  });
});

describe("key commands", () => {
  test("OBJECT FREQ and IDLETIME follow the policy, and SET keeps the counter of the key it overwrites", async () => {
    const { server, port, stop } = await startServer();
    try {
      const client = await connect(port);
      server.keyspace.lfu = { logFactor: 0, decayMinutes: 1 };
      await client.command("SET", "k", "v");
      for (let count = 0; count < 20; count++) await client.command("GET", "k");
      expect(await client.text("OBJECT", "FREQ", "k")).toBe("25");
      await client.command("SET", "k", "w");
      expect(await client.text("OBJECT", "FREQ", "k")).toBe("26");
      expect((await client.command("OBJECT", "IDLETIME", "k")).toString()).toStartWith("-ERR An LFU maxmemory policy is selected");
      client.close();
    } finally {
      await stop();
    }
  });

  test("TOUCH notes an access even where reads must not, and EXISTS never does", async () => {
    const { server, port, stop } = await startServer();
    try {
      const { keyspace } = server;
      const client = await connect(port);
      await client.command("SET", "k", "v");
      const [database] = keyspace.databases;
      const address = database.find(LOOK, Buffer.from("k"), 0, 1);
      database.setAccess(address, 0);
      await client.command("EXISTS", "k");
      await client.command("TYPE", "k");
      await client.command("TTL", "k");
      expect(database.access(address)).toBe(0);
      await client.command("TOUCH", "k");
      expect(database.access(address)).not.toBe(0);
      client.close();
    } finally {
      await stop();
    }
  });

  test("a write to a key that a replica only hides replaces it", async () => {
    const { server, port, stop } = await startServer();
    try {
      const { keyspace } = server;
      const client = await connect(port);
      keyspace.clientExpiryMode = 1; // before the key's time can be over
      await client.command("SET", "k", "old", "PX", "1");
      while ((await client.text("EXISTS", "k")) !== "0");
      expect(keyspace.databases[0].size).toBe(1);
      expect(await client.text("INCR", "k")).toBe("1");
      expect(keyspace.databases[0].size).toBe(1);
      client.close();
    } finally {
      await stop();
    }
  });
});
