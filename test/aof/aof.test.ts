import { describe, expect, test } from "bun:test";
import { existsSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { follow, infoField, Ours, sameOffset, until } from "../replication/support.ts";
import { connect, encodeCommand } from "../support/client.ts";
import { AofServer, Directory, everyKind, send } from "./support.ts";

const INCREMENT = "appendonly.aof.1.incr.aof";

function encoded(...commands: (string | number)[][]): string {
  return Buffer.concat(commands.map((words) => encodeCommand(words))).toString("latin1");
}

describe("the increment", () => {
  test("has every write, SELECT where the database changes, and transactions whole; it is there before the answer is", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory);
    expect(directory.manifest).toBe("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
    const read = () => directory.read(INCREMENT).toString("latin1");
    await server.run("SET", "a", 1);
    let expected = encoded(["SELECT", 0], ["SET", "a", 1]);
    expect(read()).toBe(expected);
    await server.run("GET", "a");
    await server.run("DEL", "nothing");
    await server.run("PUBLISH", "channel", "message");
    await server.run("SELECT", 5);
    await server.run("SADD", "s", "only");
    await server.run("SPOP", "s");
    expected += encoded(["SELECT", 5], ["SADD", "s", "only"], ["SREM", "s", "only"]);
    expect(read()).toBe(expected);
    await send(server.client, [["MULTI"], ["SET", "x", 1], ["PUBLISH", "c", "m"], ["SELECT", 0], ["SET", "y", 2], ["EXEC"]]);
    expected += encoded(["MULTI"], ["SET", "x", 1], ["SELECT", 0], ["SET", "y", 2], ["EXEC"]);
    expect(read()).toBe(expected);
    expect(await server.info("aof_current_size")).toBe(
      String(expected.length + statSync(directory.file("appendonly.aof.1.base.rdb")).size),
    );
  });

  test("is gone on with after a restart", async () => {
    using directory = new Directory();
    const digests: string[] = [];
    for (let start = 0; start < 3; start++) {
      await using server = await AofServer.start(directory);
      if (start > 0) expect(await server.digest()).toBe(digests[start - 1]);
      await server.run("INCR", "starts");
      await server.run("RPUSH", `list:${start}`, start);
      digests.push(await server.digest());
    }
    expect(directory.names()).toEqual(["appendonly.aof.1.base.rdb", INCREMENT, "appendonly.aof.manifest"]);
    expect(directory.log).toContain("Opening AOF incr file appendonly.aof.1.incr.aof on server start");
  });

  test("with appendfsync always is on disk before anybody is answered, blocked clients and listeners too", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendfsync: "always" });
    const [blocked, listener] = [await connect(server.server.port), await connect(server.server.port)];
    try {
      await listener.command("SUBSCRIBE", "c");
      blocked.send(encodeCommand(["BLPOP", "queue", 0]));
      await until("the block", async () => (await infoField(server.client, "clients", "blocked_clients")) === "1");
      server.client.send(
        Buffer.from(encoded(["RPUSH", "queue", "e"], ["PUBLISH", "c", "m"], ["SETRANGE", "big", 3_000_000, "x"], ["GET", "big"])),
      );
      expect((await server.client.readReply()).toString()).toBe(":1\r\n");
      expect((await server.client.readReply()).toString()).toBe(":1\r\n");
      expect((await server.client.readReply()).toString()).toBe(":3000001\r\n");
      expect((await server.client.readReply()).length).toBe(3_000_001 + "$3000001\r\n\r\n".length);
      expect((await blocked.readReply()).toString()).toBe("*2\r\n$5\r\nqueue\r\n$1\r\ne\r\n");
      expect((await listener.readReply()).toString()).toContain("message");
      expect(directory.read(INCREMENT).toString("latin1")).toContain(encoded(["LPOP", "queue"]));
      expect(await server.info("aof_buffer_length")).toBe("0");
    } finally {
      blocked.close();
      listener.close();
    }
  });

  test("notes the time, if it is to, once a second at most", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, { "aof-timestamp-enabled": "yes", "aof-use-rdb-preamble": "no" });
      await server.run("SET", "a", 1);
      await server.run("SET", "b", 1);
      expect(directory.read(INCREMENT).toString()).toMatch(/^#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT/);
      expect(directory.read(INCREMENT).toString().match(/#TS/g)?.length).toBeLessThanOrEqual(2);
      await server.rewrite();
      expect(directory.read("appendonly.aof.2.base.aof").toString()).toMatch(/^#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT/);
    }
    await using server = await AofServer.start(directory);
    expect(await server.run("MGET", "a", "b")).toContain("1");
  });
});

describe.each(["yes", "no"] as const)("a rewrite with aof-use-rdb-preamble %s", (preamble) => {
  const form = preamble === "yes" ? "rdb" : "aof";

  test("holds every kind of value, and the files before it go", async () => {
    using directory = new Directory();
    let digest = "";
    {
      await using server = await AofServer.start(directory, { "aof-use-rdb-preamble": preamble });
      await send(server.client, everyKind());
      await server.run("ZADD", "scores", "0.1", "a", "1e300", "b", "-1.7976931348623157e308", "c", "5e-324", "d", "inf", "e");
      digest = await server.digest();
      await server.rewrite();
      expect(directory.manifest).toBe(`file appendonly.aof.2.base.${form} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n`);
      await until("the old files to go", () => directory.names().length === 3);
      expect(statSync(directory.file("appendonly.aof.2.incr.aof")).size).toBe(0);
      await server.run("DEBUG", "LOADAOF");
      expect(await server.digest()).toBe(digest);
      expect([await server.info("aof_last_bgrewrite_status"), await server.info("aof_rewrites")]).toEqual(["ok", "1"]);
    }
    await using server = await AofServer.start(directory);
    expect(await server.digest()).toBe(digest);
    expect(await server.run("XINFO", "GROUPS", "stream")).toContain("entries-read");
    expect(await server.run("PEXPIRETIME", "hash")).toBe("4000000000456");
    if (preamble === "no") return;
    expect(directory.read("appendonly.aof.2.base.rdb").latin1Slice(0, 200)).toContain("aof-base\xc0\x01");
  });

  test("is that of one moment while writes, big values among them, go on", async () => {
    using directory = new Directory();
    let digest = "";
    {
      await using server = await AofServer.start(directory, { "aof-use-rdb-preamble": preamble });
      await send(server.client, everyKind());
      await send(
        server.client,
        Array.from({ length: 20_000 }, (_, index) => ["SET", `key:${index}`, index]),
      );
      server.client.send(encodeCommand(["BGREWRITEAOF"]));
      await server.client.readReply();
      let round = 0;
      while (server.server.appendOnly.rewriting) {
        round++;
        const at = (round * 7919) % 3000;
        await send(server.client, [
          ["INCR", `key:${at}`],
          ["INCRBY", `key:${19_999 - at}`, 3],
          ["RPUSH", "big:list", round],
          ["LPOP", "big:list"],
          ["SREM", "big:set", `member ${at}`],
          ["SADD", "big:set", `new ${round}`],
          ["HINCRBY", "big:hash", `field ${at}`, 1],
          ["HDEL", "big:hash", `field ${at + 1}`],
          ["ZINCRBY", "big:zset", 1, `member ${at}`],
          ["XACK", "big:stream", "g", `${(round % 1500) + 1}-0`],
          ["XADD", "big:stream", "*", "f", round],
          ["APPEND", "long", "x"],
          ["SELECT", 9],
          ["INCR", "counter"],
          ["SELECT", 0],
        ]);
      }
      expect(round).toBeGreaterThan(2);
      await server.run("INCR", "after");
      digest = await server.digest();
      await server.run("DEBUG", "LOADAOF");
      expect(await server.digest()).toBe(digest);
    }
    await using server = await AofServer.start(directory);
    expect(await server.digest()).toBe(digest);
  });
});

test("a rewrite that ends while DEBUG LOADAOF reads the files leaves them to it", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory);
  await send(
    server.client,
    Array.from({ length: 200 }, (_, index) => ["SET", `before:${index}`, index]),
  );
  await server.rewrite();
  await server.run("SET", "since", 1);
  const digest = await server.digest();
  await server.run("CONFIG", "SET", "key-load-delay", 500);
  const replies = await server.client.pipeline([["BGREWRITEAOF"], ["DEBUG", "LOADAOF"]]);
  expect(replies.map(String)).toEqual(["+Background append only file rewriting started\r\n", "+OK\r\n"]);
  expect(await server.digest()).toBe(digest);
  await server.rewritten();
  await server.run("DEBUG", "LOADAOF");
  expect(await server.digest()).toBe(digest);
});

describe("switching the file on and off", () => {
  test("on begins with a rewrite; what is written meanwhile counts too", async () => {
    using directory = new Directory();
    let digest = "";
    {
      await using server = await AofServer.start(directory, { appendonly: "no" });
      expect(existsSync(directory.files)).toBe(false);
      await send(server.client, everyKind(100));
      await send(server.client, [
        ["SELECT", 4],
        ["CONFIG", "SET", "appendonly", "yes"],
        ["SET", "meanwhile", 1],
      ]);
      expect(await server.info("aof_enabled")).toBe("1");
      await server.rewritten();
      expect(directory.manifest).toBe("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
      expect(directory.read(INCREMENT).toString("latin1")).toBe(encoded(["SELECT", 4], ["SET", "meanwhile", 1]));
      digest = await server.digest();
    }
    await using server = await AofServer.start(directory);
    expect(await server.digest()).toBe(digest);
  });

  test("off leaves what is there; on again goes on with the numbers", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory);
    await server.run("SET", "a", 1);
    await server.run("CONFIG", "SET", "appendonly", "no");
    await server.run("SET", "b", 1);
    expect(directory.read(INCREMENT).toString("latin1")).toBe(encoded(["SELECT", 0], ["SET", "a", 1]));
    expect([await server.info("aof_enabled"), await server.info("aof_current_size")]).toEqual(["0", ""]);
    await server.run("CONFIG", "SET", "appendonly", "yes");
    await server.rewritten();
    expect(directory.manifest).toBe("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n");
  });

  test("off ends a rewrite, and leaves nothing of it", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { "rdb-key-save-delay": "1000000" });
    await server.run("SET", "a", 1);
    await server.run("BGREWRITEAOF");
    expect(await server.run("BGREWRITEAOF")).toBe("ERR Background append only file rewriting already in progress");
    expect(await server.run("BGSAVE")).toStartWith("ERR Another child process is active (AOF?)");
    await server.run("CONFIG", "SET", "appendonly", "no");
    expect(await server.info("aof_rewrite_in_progress")).toBe("0");
    expect(directory.log).toContain("Killing running AOF rewrite child");
    expect(await server.info("aof_last_bgrewrite_status")).toBe("ok");
  });

  test("in a transaction, or while an image is saved, the rewrite waits for its end", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendonly: "no" });
    await send(server.client, [["MULTI"], ["SET", "a", 1], ["CONFIG", "SET", "appendonly", "yes"], ["SET", "b", 1]]);
    // In one piece, so that no cron comes between them.
    expect(String((await server.client.pipeline([["EXEC"], ["INFO", "persistence"]]))[1])).toContain("aof_rewrite_scheduled:1\r\n");
    await server.rewritten();
    await server.run("CONFIG", "SET", "rdb-key-save-delay", "100000");
    const [, scheduled, info] = await server.client.pipeline([
      ["BGSAVE"],
      ["BGREWRITEAOF"],
      ["INFO", "persistence"],
      ["CONFIG", "SET", "rdb-key-save-delay", "0"],
    ]);
    expect(String(scheduled)).toBe("+Background append only file rewriting scheduled\r\n");
    expect(String(info)).toContain("aof_pending_rewrite:1\r\n");
    await until("the rewrite", () => directory.manifest.includes("appendonly.aof.2.base.rdb"));
    await server.rewritten();
    await server.run("DEBUG", "LOADAOF");
    expect(await server.run("EXISTS", "a", "b")).toBe("2");
  });

  test("is refused where the files cannot be made", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendonly: "no" });
    writeFileSync(directory.files, "in the way");
    expect(await server.run("CONFIG", "SET", "appendonly", "yes")).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.",
    );
    expect(await server.run("BGREWRITEAOF")).toStartWith("ERR Can't execute an AOF background rewriting.");
    expect([await server.info("aof_enabled"), await server.info("aof_last_bgrewrite_status")]).toEqual(["0", "err"]);
  });
});

test("BGREWRITEAOF without the file in use writes a base that counts once it is", async () => {
  using directory = new Directory();
  {
    await using server = await AofServer.start(directory, { appendonly: "no" });
    await server.run("SET", "a", 1);
    await server.rewrite();
    expect(directory.manifest).toBe("file appendonly.aof.1.base.rdb seq 1 type b\n");
    await server.run("FLUSHALL");
    await server.run("DEBUG", "LOADAOF");
    expect(await server.run("GET", "a")).toBe("1");
  }
  await using server = await AofServer.start(directory);
  expect(await server.run("GET", "a")).toBe("1");
});

test("a file that has grown enough is rewritten by itself", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory, { "auto-aof-rewrite-min-size": "1000" });
  await server.run("SET", "a", "x".repeat(2000));
  await until("the rewrite", () => directory.manifest.includes("appendonly.aof.2.base.rdb"));
  expect(directory.log).toMatch(/Starting automatic rewriting of AOF on \d+% growth/);
});

test("writes are refused while the disk takes none, and go on when it does", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory, { appendonly: "no", appendfsync: "everysec" });
  await server.run("SET", "a", 1);
  await server.rewrite();
  symlinkSync("/dev/full", directory.file("temp-appendonly.aof.incr"));
  await server.run("CONFIG", "SET", "appendonly", "yes");
  await server.run("SET", "b", 1);
  expect(await server.run("SET", "c", 1)).toBe("MISCONF Errors writing to the AOF file: No space left on device");
  expect(await server.run("GET", "b")).toBe("1");
  expect(await server.info("aof_last_write_status")).toBe("err");
  await server.run("CONFIG", "SET", "appendonly", "no");
  expect(await server.run("SET", "c", 1)).toBe("OK");
  for (const name of directory.names()) if (name.includes("incr")) rmSync(directory.file(name));
  await server.run("CONFIG", "SET", "appendonly", "yes");
  await server.rewritten();
  expect(await server.run("SET", "d", 1)).toBe("OK");
  expect(await server.info("aof_last_write_status")).toBe("ok");
});

describe("a replica with a file", () => {
  test("has what its master writes, without what the master only says, and rewrites after a full synchronisation", async () => {
    using directory = new Directory();
    await using master = await Ours.start();
    await send(master.client, [
      ["SELECT", 2],
      ["SET", "before", 1],
    ]);
    let digest = "";
    {
      await using replica = await AofServer.start(directory);
      await replica.run("SET", "own", 1);
      await follow(replica.client, master.port);
      await until("the rewrite", () => directory.manifest.includes("appendonly.aof.2.base.rdb"));
      await send(master.client, [["SET", "after", 1], ["PUBLISH", "c", "m"], ["MULTI"], ["SET", "x", 1], ["SET", "y", 1], ["EXEC"]]);
      await master.client.text("WAIT", 1, 1000);
      await sameOffset(master.client, replica.client);
      const last =
        directory
          .names()
          .filter((name) => name.includes("incr"))
          .at(-1) ?? "";
      const text = directory.read(last).toString("latin1");
      expect(text).toEndWith(encoded(["SET", "after", 1], ["MULTI"], ["SET", "x", 1], ["SET", "y", 1], ["EXEC"]));
      expect(text).not.toMatch(/PING|REPLCONF|PUBLISH/);
      digest = await replica.digest();
      expect(digest).toBe(await master.client.text("DEBUG", "DIGEST"));
      await replica.rewrite();
      await master.client.text("SET", "later", 1);
      await sameOffset(master.client, replica.client);
      digest = await replica.digest();
      // What a writable replica writes by itself is in its file and in no one's stream.
      await replica.run("CONFIG", "SET", "replica-read-only", "no");
      await send(replica.client, [["SELECT", 7], ["SET", "local", 1], ["MULTI"], ["SET", "l1", 1], ["SET", "l2", 1], ["EXEC"]]);
      await master.client.text("SET", "last", 1);
      await sameOffset(master.client, replica.client);
      digest = await replica.digest();
    }
    await using alone = await AofServer.start(directory);
    expect(await alone.digest()).toBe(digest);
    await alone.run("SELECT", 7);
    expect(await alone.run("EXISTS", "local", "l1", "l2")).toBe("3");
  });
});

test("clients are told LOADING while the file is loaded, and nothing is served half", async () => {
  using directory = new Directory();
  {
    await using server = await AofServer.start(directory);
    await send(
      server.client,
      Array.from({ length: 300 }, (_, index) => ["SET", `k${index}`, index]),
    );
  }
  const starting = AofServer.start(directory, { "key-load-delay": "1000" });
  await using server = await starting;
  expect(await server.run("DBSIZE")).toBe("300");
  expect(await server.info("loading")).toBe("0");
});

test("DEBUG LOADAOF cuts a broken tail off, and writing goes on behind it", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory);
  await server.run("SET", "a", 1);
  await server.run("SET", "b", 1);
  truncateSync(directory.file(INCREMENT), statSync(directory.file(INCREMENT)).size - 3);
  expect(await server.run("DEBUG", "LOADAOF")).toBe("OK");
  await server.run("SET", "c", 1);
  await server.run("DEBUG", "LOADAOF");
  expect(await server.run("EXISTS", "a", "b", "c")).toBe("2");
  rmSync(join(directory.files, INCREMENT));
  expect(await server.run("DEBUG", "LOADAOF")).toBe("ERR Error trying to load the AOF files, check server logs.");
});

test("with aof-disable-auto-gc files that a rewrite replaces stay, as history, until it is off", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory, { "aof-disable-auto-gc": "yes" });
  await server.rewrite();
  await server.rewrite();
  expect(directory.manifest).toBe(
    "file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.2.incr.aof seq 2 type h\nfile appendonly.aof.2.base.rdb seq 2 type h\n" +
      "file appendonly.aof.1.incr.aof seq 1 type h\nfile appendonly.aof.1.base.rdb seq 1 type h\nfile appendonly.aof.3.incr.aof seq 3 type i\n",
  );
  expect(directory.names().length).toBe(7);
  await server.run("CONFIG", "SET", "aof-disable-auto-gc", "no");
  expect(directory.manifest).toBe("file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n");
  await until("the files to go", () => directory.names().length === 3);
});

test("the event loop's time for the append-only file counts, and CONFIG RESETSTAT takes it back", async () => {
  await using server = await Ours.start({ appendonly: "yes", appendfsync: "always" });
  const sum = async () => Number(await infoField(server.client, "debug", "eventloop_duration_aof_sum"));
  await server.client.text("SET", "a", "1");
  const once = await sum();
  expect(once).toBeGreaterThan(0);
  await server.client.text("SET", "a", "2");
  expect(await sum()).toBeGreaterThan(once);
  await server.client.text("CONFIG", "RESETSTAT");
  expect(await sum()).toBe(0);
});
