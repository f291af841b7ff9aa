import { describe, expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const FAR_SECONDS = "9999999999";
const CONDITIONS = ["NX", "xx", "GT", "LT"];

describeWithRedis("expiry commands answer as Redis does", () => {
  const comparison = useComparison();

  test("EXPIRE and its kin with every set of conditions, on keys with and without an expiry", async () => {
    const sets: string[][] = [[], ["junk"], ["NX", "junk"]];
    for (let bits = 1; bits < 16; bits++) sets.push(CONDITIONS.filter((_, index) => (bits & (1 << index)) !== 0));
    const cases: Request[][] = [];
    for (const before of [
      ["SET", "k", "v"],
      ["SET", "k", "v", "PXAT", "9999999999000"],
      ["DEL", "k"],
    ] as Request[]) {
      for (const conditions of sets) {
        for (const at of ["9999999998", FAR_SECONDS, "10000000000", "1", "-1"]) {
          cases.push([
            before,
            ["EXPIREAT", "k", at, ...conditions],
            ["EXPIRETIME", "k"],
            ["PEXPIREAT", "k", `${at}000`, ...conditions],
            ["PEXPIRETIME", "k"],
          ]);
        }
        cases.push([
          before,
          ["EXPIRE", "k", "100000000", ...conditions],
          ["EXISTS", "k"],
          ["PEXPIRE", "k", "-1", ...conditions],
          ["EXISTS", "k"],
        ]);
      }
    }
    await comparison().compare(cases);
  });

  test("times at the edges of int64", async () => {
    const times = [
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "-9223372036854775809",
      "9223372036854775",
      "9223372036854776",
      "-9223372036854775",
      "-9223372036854776",
      "9223370399119966",
      "9223372036854770000",
      "-9999999999999999",
      "0",
      "",
      "x",
      "1.5",
      " 1",
    ];
    const cases: Request[][] = [];
    for (const time of times) {
      for (const name of ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"]) {
        cases.push([
          ["SET", "k", "v"],
          [name, "k", time],
          ["EXISTS", "k"],
          [name, "missing", time],
          [name, "k", time, "NX", "XX"],
        ]);
      }
      cases.push([
        ["SET", "k", "v"],
        ["EXPIREAT", "k", time],
        ["EXPIRETIME", "k"],
        ["PEXPIREAT", "k", time],
        ["PEXPIRETIME", "k"],
        ["EXPIRETIME", "k"],
      ]);
    }
    await comparison().compare(cases);
  });

  test("TTL and its kin, and PERSIST", async () => {
    await comparison().compare([
      [
        ["TTL", "missing"],
        ["PTTL", "missing"],
        ["EXPIRETIME", "missing"],
        ["PEXPIRETIME", "missing"],
        ["PERSIST", "missing"],
        ["SET", "k", "v"],
        ["TTL", "k"],
        ["PTTL", "k"],
        ["EXPIRETIME", "k"],
        ["PEXPIRETIME", "k"],
        ["PERSIST", "k"],
        ["PEXPIREAT", "k", "9999999999499"],
        ["EXPIRETIME", "k"],
        ["PEXPIREAT", "k", "9999999999500"],
        ["EXPIRETIME", "k"],
        ["EXPIRE", "k", "100"],
        ["TTL", "k"],
        ["PERSIST", "k"],
        ["PERSIST", "k"],
        ["TTL", "k"],
        ["EXPIRE", "k"],
        ["TTL"],
        ["PERSIST"],
      ],
    ]);
  });

  test("propagation and keyspace events", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["MSET", "k", "v", "l", "w"],
      ["EXPIRE", "k", "100"],
      ["PEXPIRE", "k", "200000", "gt"],
      ["EXPIREAT", "k", FAR_SECONDS, "XX", "GT"],
      ["PEXPIREAT", "k", "9999999998000", "LT"],
      ["PEXPIREAT", "k", "9999999999000", "LT"],
      ["PEXPIREAT", "k", "9223372036854775807"],
      ["PERSIST", "k"],
      ["PERSIST", "k"],
      ["EXPIRE", "missing", "100"],
      ["EXPIRE", "k", "0"],
      ["PEXPIREAT", "l", "1", "NX"],
    ]);
    expect(ours).toEqual(theirs);
  });
});

describe("expired keys", () => {
  test("are deleted by the command that meets them, and journalled once", async () => {
    const { server, port, stop } = await startServer();
    try {
      const { journal, keyspace } = server;
      server.housekeeping.activeExpiry = false;
      const client = await connect(port);
      journal.start();
      const cursor = journal.open(journal.offset);
      await client.pipeline(["get", "exists", "scan", "rename"].map((name) => ["SET", name, "v", "PX", 1]));
      while ((await client.text("PTTL", "get")) !== "-2");
      expect((await client.command("GET", "get")).toString()).toBe("$-1\r\n");
      expect(await client.text("EXISTS", "exists")).toBe("0");
      expect((await client.command("SCAN", "0")).toString()).toBe("*2\r\n$1\r\n0\r\n*0\r\n");
      expect((await client.command("RENAME", "rename", "x")).toString()).toBe("-ERR no such key\r\n");
      expect(keyspace.databases[0].size).toBe(0);
      let stream = "";
      journal.read(cursor, (bytes, from, to) => {
        stream += bytes.latin1Slice(from, to);
        return to - from;
      });
      for (const name of ["get", "exists", "scan", "rename"])
        expect(stream.split(`\r\nDEL\r\n$${name.length}\r\n${name}\r\n`).length).toBe(2);
      client.close();
    } finally {
      await stop();
    }
  });

  test("that SCAN and RANDOMKEY come upon are deleted one by one, those that a command names in a transaction", async () => {
    const { server, port, stop } = await startServer();
    try {
      const { journal } = server;
      server.housekeeping.activeExpiry = false;
      const client = await connect(port);
      for (const [request, wrapped] of [
        [["SCAN", "0"], false],
        [["RANDOMKEY"], false],
        [["EXISTS", "a", "b"], true],
      ] as const) {
        await client.command("MSET", "a", "1", "b", "2");
        await client.pipeline(["a", "b"].map((name) => ["PEXPIRE", name, 1]));
        const set = Date.now();
        while (Date.now() <= set + 1);
        journal.start();
        const cursor = journal.open(journal.offset);
        await client.command(...request);
        let stream = "";
        journal.read(cursor, (bytes, from, to) => {
          stream += bytes.latin1Slice(from, to);
          return to - from;
        });
        journal.close(cursor);
        expect(stream.split("\r\nDEL\r\n").length).toBe(3);
        expect(stream.includes("MULTI")).toBe(wrapped);
        expect(stream.includes("EXEC")).toBe(wrapped);
      }
      client.close();
    } finally {
      await stop();
    }
  });

  test("stay where an expiry in the past is set on a replica or while loading", async () => {
    const { server, port, stop } = await startServer();
    try {
      const client = await connect(port);
      await client.command("SET", "k", "v");
      server.keyspace.clientExpiryMode = 2;
      expect(await client.text("EXPIRE", "k", "-100")).toBe("1");
      expect(await client.text("GET", "k")).toBe("v");
      server.keyspace.clientExpiryMode = 0;
      expect(await client.text("EXISTS", "k")).toBe("0");
      client.close();
    } finally {
      await stop();
    }
  });
});
