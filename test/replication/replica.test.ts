import { describe, expect, spyOn, test } from "bun:test";
import { describeWithRedis } from "../support/redis.ts";
import {
  FakeMaster,
  follow,
  id,
  image,
  infoField,
  linkUp,
  load,
  loadKeys,
  loadWrites,
  Ours,
  sameOffset,
  startReal,
  startRealOn,
  stream,
  streamed,
  until,
} from "./support.ts";

describeWithRedis("a replica of a real Redis", () => {
  for (const [form, ...args] of [["sent straight to the socket"], ["sent from a file", "--repl-diskless-sync", "no"]] as const) {
    test(`has the same 100,000 keys after an image ${form}, and after 100,000 writes the same again at the same offset`, async () => {
      await using master = await startReal(...args);
      await using replica = await Ours.start();
      await loadKeys(master.client, 100_000);
      await follow(replica.client, master.port);
      expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
      await loadWrites(master.client, 100_000);
      const offset = await sameOffset(master.client, replica.client);
      expect(offset).toBeGreaterThan(3_000_000);
      expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
      expect(await infoField(replica.client, "replication", "slave_repl_offset")).toBe(String(offset));
    });
  }

  test("gets what was written while the image was on its way", async () => {
    await using master = await startReal("--rdb-key-save-delay", "20");
    await using replica = await Ours.start();
    await load(master.client, 20_000, (index) => ["SET", `key:${index}`, index]);
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the image", async () => (await infoField(master.client, "replication", "slave0")) !== "");
    await load(master.client, 20_000, (index) => ["SET", `key:${index * 2}`, "changed"]);
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
  });

  test("is listed by its master with its port and its offset", async () => {
    await using master = await startReal();
    await using replica = await Ours.start({ "replica-announce-ip": "127.0.0.9" });
    await follow(replica.client, master.port);
    await load(master.client, 10, (index) => ["SET", index, index]);
    const offset = await sameOffset(master.client, replica.client);
    replica.pretendLater(0);
    const line = () => infoField(master.client, "replication", "slave0");
    await until("the acknowledgement", async () =>
      (await line()).startsWith(`ip=127.0.0.9,port=${replica.port},state=online,offset=${offset},lag=`),
    );
    expect((await master.client.command("WAIT", 1, 60_000)).toString()).toBe(":1\r\n");
  });

  test("goes on from its offset when the link was cut, and keeps the database selected", async () => {
    await using master = await startReal();
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    await master.client.text("SELECT", 4);
    await master.client.text("SET", "a", "1");
    await sameOffset(master.client, replica.client);
    expect((await master.client.command("CLIENT", "KILL", "TYPE", "replica")).toString()).toBe(":1\r\n");
    await load(master.client, 1000, (index) => ["SET", `b:${index}`, index]);
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    expect(await infoField(master.client, "stats", "sync_partial_ok")).toBe("1");
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
    expect(replica.log).toContain("Successful partial resynchronization with master.");
  });

  test("comes back to a master that was killed and started again, in full", async () => {
    const first = await startReal();
    const { port } = first;
    await using replica = await Ours.start();
    await first.client.text("SET", "old", "1");
    await follow(replica.client, port);
    first.client.close();
    await first.process.stop("SIGKILL");
    await until("the loss", async () => (await infoField(replica.client, "replication", "master_link_status")) === "down");
    expect(await replica.client.text("GET", "old")).toBe("1");
    await using second = await startRealOn(port);
    await second.client.text("SET", "new", "2");
    await linkUp(replica.client);
    await sameOffset(second.client, replica.client);
    expect((await replica.client.command("MGET", "old", "new")).toString()).toBe("*2\r\n$-1\r\n$1\r\n2\r\n");
  });

  test("answers a WAIT of the master's client at once", async () => {
    await using master = await startReal();
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    // A Redis that has not seen the end of its child begins the stream at the acknowledgement after that.
    await master.client.text("SET", "k", "first");
    expect((await master.client.command("WAIT", 1, 0)).toString()).toBe(":1\r\n");
    await replica.client.text("DEBUG", "PAUSE-CRON", 1); // so it acknowledges nothing unless it is asked
    for (let round = 0; round < 20; round++) {
      await master.client.text("SET", "k", round);
      expect((await master.client.command("WAIT", 1, 0)).toString()).toBe(":1\r\n");
    }
  });

  test("passes the stream on: a replica of ours, and a real replica behind that, end equal at the same offset", async () => {
    await using master = await startReal();
    await using middle = await Ours.start();
    await using last = await Ours.start();
    await using real = await startReal();
    await loadKeys(master.client, 5000);
    await follow(middle.client, master.port);
    await master.client.text("SELECT", 7);
    await master.client.text("SET", "seven", "1");
    await sameOffset(master.client, middle.client);
    // They join while the stream has a database selected that will not be named again.
    await follow(last.client, middle.port);
    await follow(real.client, last.port);
    await load(master.client, 100, (index) => ["SET", `in-seven:${index}`, index]);
    await load(master.client, 1, () => ["MULTI"]);
    await load(master.client, 10, () => ["INCR", "counter"]);
    await load(master.client, 1, () => ["EXEC"]);
    await loadWrites(master.client, 20_000);
    await sameOffset(master.client, middle.client);
    await sameOffset(middle.client, last.client);
    await sameOffset(last.client, real.client);
    const digest = await master.client.text("DEBUG", "DIGEST");
    expect(await middle.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await last.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await real.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await infoField(last.client, "replication", "master_replid")).toBe(
      await infoField(master.client, "replication", "master_replid"),
    );
  });

  test("becomes a master that its former master can follow without a full synchronisation", async () => {
    await using real = await startReal();
    await using ours = await Ours.start();
    await loadKeys(real.client, 1000);
    await follow(ours.client, real.port);
    const formerId = await infoField(real.client, "replication", "master_replid");
    const offset = await sameOffset(real.client, ours.client);
    await ours.client.text("REPLICAOF", "NO", "ONE");
    expect(await infoField(ours.client, "replication", "master_replid2")).toBe(formerId);
    expect(await infoField(ours.client, "replication", "second_repl_offset")).toBe(String(offset + 1));
    await ours.client.text("SET", "after", "promotion");
    await follow(real.client, ours.port);
    await sameOffset(ours.client, real.client);
    expect(await real.client.text("GET", "after")).toBe("promotion");
    expect(await infoField(ours.client, "stats", "sync_partial_ok")).toBe("1");
    expect(await infoField(ours.client, "stats", "sync_full")).toBe("0");
    expect(await real.client.text("DEBUG", "DIGEST")).toBe(await ours.client.text("DEBUG", "DIGEST"));
  });
});

/** One of ours that follows `master` and has `keys`, at offset 1000 of the history aaa... */
async function synced(master: FakeMaster, keys: Readonly<Record<string, string>>, directives: Parameters<typeof Ours.start>[0] = {}) {
  const replica = await Ours.start({ ...directives, replicaof: `127.0.0.1 ${master.port}` });
  const link = await master.accept();
  await link.greet();
  link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
  link.send(streamed(image(keys)));
  expect(await link.command()).toEqual(["REPLCONF", "ACK", "1000"]);
  await linkUp(replica.client);
  return { replica, link };
}

async function offsetOf(replica: Ours): Promise<number> {
  return Number(await infoField(replica.client, "replication", "slave_repl_offset"));
}

describe("the stream", () => {
  test("is counted in bytes, and acknowledged once a second and when asked", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    const writes = stream(["SELECT", 0], ["SET", "b", "2"]);
    link.send(Buffer.concat([writes, stream(["REPLCONF", "GETACK", "*"])]));
    // What asks is not counted yet when it is answered.
    expect(await link.acknowledgement(1000)).toBe(1000 + writes.length);
    replica.pretendLater(0);
    expect(await link.acknowledgement(1000 + writes.length)).toBe(1000 + writes.length + stream(["REPLCONF", "GETACK", "*"]).length);
  });

  test("is answered with nothing", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    link.send(
      stream(
        ["SET", "word", "x"],
        ["GET", "a"],
        ["PING"],
        ["EVAL", "return redis.call('nosuch')", 0],
        ["REPLCONF", "nosuch", "1"],
        ["REPLCONF", "GETACK", "*"],
      ),
    );
    await link.acknowledgement(1000);
    // What it says of itself, once a second, may stand there.
    expect(link.unread.replace(/^(?:\*3\r\n\$8\r\nREPLCONF\r\n\$3\r\nACK\r\n\$\d+\r\n\d+\r\n)+$/, "")).toBe("");
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("up");
  });

  for (const [what, request, error] of [
    ["a command that is not known here", ["NOSUCH", "a", "b"], "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "],
    ["an option that is not known here", ["SET", "a", "x", "IFNEW", "y"], "ERR syntax error"],
    ["a write that fails here", ["INCR", "word"], "ERR value is not an integer or out of range"],
    ["too few arguments", ["SET", "a"], "ERR wrong number of arguments for 'set' command"],
    ["a database that is not here", ["SELECT", 500], "ERR DB index is out of range"],
  ] as const) {
    test(`is given up at ${what}: all of the data is asked for again, later each time`, async () => {
      using master = new FakeMaster();
      const { replica, link } = await synced(master, { a: "1" });
      await using _stop = replica;
      link.send(stream(["SET", "word", "x"], request, ["SET", "after", "1"]));
      await link.hangup();
      expect(await infoField(replica.client, "replication", "master_link_error")).toContain(error);
      expect(await replica.client.text("EXISTS", "word", "after")).toBe("1");
      expect(replica.log).toContain(`This replica is sending an error to its master: '-${error}'`);
      expect(replica.log).toContain("All of it is asked for again in 1 s.");
      const next = await master.accept();
      expect(await next.greet()).toEqual(["PSYNC", "?", "-1"]);
      next.send(`+FULLRESYNC ${id("b")} 2000\r\n`);
      next.send(streamed(image({ word: "x" })));
      await linkUp(replica.client);
      expect(await infoField(replica.client, "replication", "master_link_error")).toBe("");
      next.send(stream(request));
      await next.hangup();
      expect(replica.log).toContain("All of it is asked for again in 2 s.");
    });
  }

  test("may set the last ID of a stream below the highest deleted one, as a Redis before 7.2 lets its clients", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    link.send(stream(["XADD", "s", "5-1", "f", "v"], ["XDEL", "s", "5-1"], ["XSETID", "s", "3-0"], ["SET", "after", "1"]));
    await until("what follows", async () => (await replica.client.text("EXISTS", "after")) === "1");
    expect((await replica.client.command("XINFO", "STREAM", "s")).toString()).toContain("last-generated-id\r\n$3\r\n3-0\r\n");
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("up");
  });

  test("has LSET look at 32 bits of an index, as Redis since 7.2 does", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    const set = ([index, value]: string[]) => ["LSET", "list", index, value];
    const sets = [
      ["9223372036854775807", "last"],
      ["-9223372036854775808", "first"],
      ["4294967297", "second"],
    ].map(set);
    link.send(stream(["RPUSH", "list", "a", "b", "c", "d"], ...sets, ["SET", "after", "1"]));
    await until("what follows", async () => (await replica.client.text("EXISTS", "after")) === "1");
    expect((await replica.client.command("LRANGE", "list", 0, -1)).toString()).toBe(
      "*4\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n$1\r\nc\r\n$4\r\nlast\r\n",
    );
  });

  test("goes on behind such a request where clients may write: the data is their own", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    await replica.client.text("CONFIG", "SET", "replica-read-only", "no");
    await replica.client.text("SET", "a", "mine");
    link.send(stream(["INCR", "a"], ["SET", "after", "1"]));
    await until("what follows", async () => (await replica.client.text("EXISTS", "after")) === "1");
    expect(await replica.client.text("GET", "a")).toBe("mine");
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("up");
  });

  test("is given up at such a request in a transaction, of which nothing is run", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    link.send(stream(["MULTI"], ["SET", "a", "changed"], ["NOSUCH"], ["EXEC"]));
    await link.hangup();
    expect(await replica.client.text("GET", "a")).toBe("1");
  });

  test("takes effect as a whole between MULTI and EXEC: a transaction cut off is not run, nor counted", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    const before = stream(["SET", "b", "2"]);
    link.send(Buffer.concat([before, stream(["MULTI"], ["SET", "a", "changed"], ["INCR", "b"])]));
    await until(
      "the part",
      async () => Number(await infoField(replica.client, "replication", "slave_read_repl_offset")) > 1000 + before.length,
    );
    expect(await offsetOf(replica)).toBe(1000 + before.length);
    expect(await replica.client.text("GET", "a")).toBe("1");
    link.hangUp();
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), String(1000 + before.length + 1)]);
    next.send("+CONTINUE\r\n");
    const whole = stream(["MULTI"], ["SET", "a", "changed"], ["INCR", "b"], ["EXEC"]);
    await next.trickle(whole);
    await until("the whole", async () => (await offsetOf(replica)) === 1000 + before.length + whole.length);
    expect(await replica.client.text("GET", "a")).toBe("changed");
    expect(await replica.client.text("GET", "b")).toBe("3");
  });

  test("goes on under another name when the master says so, and replicas of the replica hear of it", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    await using chained = await Ours.start();
    await follow(chained.client, replica.port);
    link.hangUp();
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), "1001"]);
    next.send(`+CONTINUE ${id("b")}\r\n`);
    next.send(stream(["SELECT", 0], ["SET", "b", "2"]));
    await sameOffset(replica.client, chained.client);
    await until("the new name", async () => (await infoField(chained.client, "replication", "master_replid")) === id("b"));
    expect(await infoField(replica.client, "replication", "master_replid")).toBe(id("b"));
    expect(await infoField(replica.client, "replication", "master_replid2")).toBe(id("a"));
    expect(await infoField(replica.client, "replication", "second_repl_offset")).toBe("1001");
    await until("the write", async () => (await chained.client.command("GET", "b")).toString() === "$1\r\n2\r\n");
    expect(await infoField(replica.client, "stats", "sync_partial_ok")).toBe("1");
  });

  test("may be cut anywhere: what is run, counted and passed on is the same", async () => {
    const commands: (readonly (string | number)[])[] = [["SELECT", 1]];
    for (let index = 0; index < 120; index++) {
      commands.push(["SET", `key:${index % 40}`, "v".repeat((index * 769) % 3000)], ["INCR", "counter"]);
      if (index % 5 === 0) commands.push(["MULTI"], ["APPEND", "log", index], ["SELECT", index % 3], ["INCR", "counter"], ["EXEC"]);
      if (index % 30 === 0) commands.push(["SET", "large", `${index}`.repeat(20_000)]);
    }
    const whole = stream(...commands);
    using oneMaster = new FakeMaster();
    const { replica: one, link: oneLink } = await synced(oneMaster, { a: "1" });
    await using _stopOne = one;
    await using chained = await Ours.start();
    await follow(chained.client, one.port);
    using otherMaster = new FakeMaster();
    const { replica: other, link: otherLink } = await synced(otherMaster, { a: "1" });
    await using _stopOther = other;
    let random = 20_241_122;
    for (let at = 0; at < whole.length; ) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
      const size = (random >> 8) % 3 === 0 ? (random >> 10) % 9 : (random >> 10) % 2500;
      oneLink.send(whole.subarray(at, at + size));
      at += size;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    otherLink.send(whole);
    for (const replica of [one, other, chained]) await until("the end", async () => (await offsetOf(replica)) === 1000 + whole.length);
    const digest = await other.client.text("DEBUG", "DIGEST");
    expect(await one.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await chained.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect((await one.client.command("DBSIZE")).toString()).not.toBe(":0\r\n");
  });

  test("that loses step is given up, and everything asked for again", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    link.send(Buffer.concat([stream(["SET", "b", "2"]), Buffer.from("SET c 3\r\n")]));
    await link.hangup();
    expect(replica.log).toContain("Protocol error from master: Master using the inline protocol. Desync?");
    expect(await replica.client.text("GET", "b")).toBe("2");
    expect((await replica.client.command("EXISTS", "c")).toString()).toBe(":0\r\n");
    replica.pretendLater(1);
    expect(await (await master.accept()).greet()).toEqual(["PSYNC", "?", "-1"]);
  });

  test("that falls silent for repl-timeout is given up, and gone on with", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    link.send("\n");
    replica.pretendLater(50);
    expect(await link.acknowledgement(1000)).toBe(1001);
    replica.pretendLater(62);
    await link.hangup();
    expect(replica.log).toContain("MASTER timeout: no data nor PING received...");
    replica.pretendLater(1);
    expect((await (await master.accept()).greet())[1]).toBe(id("a"));
  });

  test("ends when the master's client is killed, and is taken up again", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    expect(await replica.client.text("CLIENT", "LIST", "TYPE", "master")).toContain(`addr=127.0.0.1:${master.port}`);
    expect((await replica.client.command("CLIENT", "KILL", "TYPE", "master")).toString()).toBe(":1\r\n");
    await link.hangup();
    replica.pretendLater(1);
    expect((await (await master.accept()).greet())[0]).toBe("PSYNC");
  });
});

describe("a replica's clients", () => {
  test("cannot write, unless replica-read-only is off; and then no one else hears of it", async () => {
    using master = new FakeMaster();
    const { replica } = await synced(master, { a: "1" });
    await using _stop = replica;
    const { client } = replica;
    expect((await client.command("SET", "a", "2")).toString()).toBe("-READONLY You can't write against a read only replica.\r\n");
    await client.command("MULTI");
    expect((await client.command("SET", "a", "2")).toString()).toBe("-READONLY You can't write against a read only replica.\r\n");
    expect((await client.command("EXEC")).toString()).toBe("-EXECABORT Transaction discarded because of previous errors.\r\n");
    await client.text("CONFIG", "SET", "replica-read-only", "no");
    await client.text("SET", "local", "1");
    expect(await offsetOf(replica)).toBe(1000);
    expect(await infoField(client, "replication", "master_repl_offset")).toBe("1000");
  });

  test("see old data while the link is down, unless replica-serve-stale-data is off", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    const { client } = replica;
    link.hangUp();
    await until("the loss", async () => (await infoField(client, "replication", "master_link_status")) === "down");
    expect(await client.text("GET", "a")).toBe("1");
    await client.text("CONFIG", "SET", "replica-serve-stale-data", "no");
    const down = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n";
    expect((await client.command("GET", "a")).toString()).toBe(down);
    expect((await client.command("PING")).toString()).toBe(down);
    expect((await client.command("INFO", "replication")).toString()).toContain("role:slave");
    await client.text("REPLICAOF", "NO", "ONE");
    expect(await client.text("GET", "a")).toBe("1");
  });

  test("do not see keys whose time is over, which stay until the master deletes them", async () => {
    using master = new FakeMaster();
    const { replica, link } = await synced(master, { a: "1" });
    await using _stop = replica;
    const { client } = replica;
    link.send(stream(["SET", "short", "5", "PXAT", Date.now() + 20]));
    await until(
      "the end of its time",
      async () => (await client.command("GET", "short")).toString() === "$-1\r\n" && (await offsetOf(replica)) > 1000,
    );
    const cron = spyOn(replica.server.persistence, "cron");
    await until("two runs of the cron, which must leave it alone", () => cron.mock.calls.length >= 2);
    expect((await client.command("DBSIZE")).toString()).toBe(":2\r\n");
    expect((await client.command("TTL", "short")).toString()).toBe(":-2\r\n");
    // To the master it is there: what it sends counts on that.
    link.send(stream(["INCR", "short"], ["PERSIST", "short"]));
    await until("the new value", async () => (await client.command("GET", "short")).toString() === "$1\r\n6\r\n");
    link.send(stream(["DEL", "short"]));
    await until("the deletion", async () => (await client.command("DBSIZE")).toString() === ":1\r\n");
  });

  test("are told by ROLE and REPLICAOF how things stand", async () => {
    using master = new FakeMaster();
    const { replica } = await synced(master, {});
    await using _stop = replica;
    const { client } = replica;
    expect((await client.command("ROLE")).toString()).toBe(
      `*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:${master.port}\r\n$9\r\nconnected\r\n:1000\r\n`,
    );
    expect((await client.command("REPLICAOF", "127.0.0.1", master.port)).toString()).toBe("+OK Already connected to specified master\r\n");
    expect((await client.command("REPLICAOF", "127.0.0.1", "70000")).toString()).toBe("-ERR Invalid master port\r\n");
    expect((await client.command("REPLICAOF", "127.0.0.1", "x")).toString()).toBe("-ERR Invalid master port\r\n");
    expect((await client.command("CONFIG", "GET", "replicaof")).toString()).toContain(`127.0.0.1 ${master.port}`);
    expect((await client.command("SLAVEOF", "no", "one")).toString()).toBe("+OK\r\n");
    expect((await client.command("ROLE")).toString()).toBe("*3\r\n$6\r\nmaster\r\n:1000\r\n*0\r\n");
    expect((await client.command("CONFIG", "GET", "replicaof")).toString()).toBe("*2\r\n$9\r\nreplicaof\r\n$0\r\n\r\n");
    expect(await client.text("SET", "a", "1")).toBe("OK");
  });
});
