import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";
import {
  type FakeLink,
  FakeMaster,
  follow,
  id,
  image,
  infoField,
  linkUp,
  load,
  measured,
  Ours,
  sameOffset,
  startReal,
  stream,
  streamed,
  until,
} from "./support.ts";

const SWAP = { "repl-diskless-load": "swapdb" };
const LOADING = "-LOADING Redis is loading the dataset in memory\r\n";
const HELLO = (answer: string) =>
  `#!lua name=greeting\nredis.register_function{function_name='hello', callback=function() return '${answer}' end, flags={'no-writes'}}`;

/** An image with a function library in front of its keys. */
function withLibrary(text: string, keys: Readonly<Record<string, string>>): Buffer {
  const plain = image(keys);
  const header = "REDIS0011".length;
  const library = Buffer.concat([Buffer.of(0xf5, 0x40 | (text.length >> 8), text.length & 0xff), Buffer.from(text)]);
  return Buffer.concat([plain.subarray(0, header), library, plain.subarray(header)]);
}

/** One of ours with data and a function of its own that `master` has begun to send an image to, all but its end. */
async function half(master: FakeMaster, whole: Buffer, directives: Parameters<typeof Ours.start>[0] = {}) {
  const replica = await Ours.start({ ...SWAP, ...directives });
  await replica.client.text("SET", "mine", "old");
  await replica.client.text("FUNCTION", "LOAD", HELLO("old"));
  await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
  const link = await master.accept();
  await link.greet();
  link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
  link.send(whole.subarray(0, -45));
  await until("the load", async () => (await infoField(replica.client, "persistence", "loading")) === "1");
  return { replica, link, rest: whole.subarray(-45) };
}

/** The same of a replica that has the master's data of an earlier time. */
async function halfAgain(master: FakeMaster, whole: Buffer, directives: Parameters<typeof Ours.start>[0] = {}) {
  const replica = await Ours.start({ ...SWAP, ...directives, replicaof: `127.0.0.1 ${master.port}` });
  const first = await master.accept();
  await first.greet();
  first.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
  first.send(streamed(withLibrary(HELLO("old"), { mine: "old", gone: "1" })));
  await linkUp(replica.client);
  first.hangUp();
  const { link, rest } = await again(master, whole, 2000);
  await until("the load", async () => (await infoField(replica.client, "persistence", "async_loading")) === "1");
  return { replica, link, rest };
}

async function again(master: FakeMaster, whole: Buffer, offset: number): Promise<{ link: FakeLink; rest: Buffer }> {
  const link = await master.accept();
  expect(await link.greet()).toEqual(["PSYNC", id("a"), "1001"]);
  link.send(`+FULLRESYNC ${id("a")} ${offset}\r\n`);
  link.send(whole.subarray(0, -45));
  return { link, rest: whole.subarray(-45) };
}

const NEW = withLibrary(HELLO("new"), { mine: "new", fresh: "1" });

describe("an image of another data set, with repl-diskless-load swapdb", () => {
  for (const [form, wrap] of [
    ["$EOF", streamed],
    ["$length", measured],
  ] as const) {
    test(`is read beside the data that is there, which clients may not see meanwhile, in the form ${form}`, async () => {
      using master = new FakeMaster();
      const { replica, link, rest } = await half(master, wrap(NEW));
      await using _stop = replica;
      expect(replica.log).toContain(`from master${wrap === streamed ? " with EOF" : ""} to parser`);
      expect(replica.log).not.toContain("Flushing old data");
      expect(await infoField(replica.client, "persistence", "async_loading")).toBe("0");
      await until("LOADING", async () => (await replica.client.command("GET", "mine")).toString() === LOADING);
      link.send(Buffer.concat([rest, stream(["SELECT", 0], ["INCR", "fresh"])]));
      await linkUp(replica.client);
      await until("the stream", async () => (await replica.client.command("GET", "fresh")).toString() === "$1\r\n2\r\n");
      expect(await replica.client.text("GET", "mine")).toBe("new");
      expect(await replica.client.text("FCALL", "hello", 0)).toBe("new");
      expect(await infoField(replica.client, "persistence", "loading")).toBe("0");
      expect(readdirSync(replica.server.config.values.dir).filter((name) => name.endsWith(".rdb"))).toEqual([]);
    });

    test(`goes when the link breaks, and the old data with its functions is back, in the form ${form}`, async () => {
      using master = new FakeMaster();
      const { replica, link } = await half(master, wrap(NEW));
      await using _stop = replica;
      const { changesSinceSave } = replica.server.persistence;
      link.hangUp();
      await until("the end of the load", async () => (await infoField(replica.client, "persistence", "loading")) === "0");
      expect((await replica.client.command("MGET", "mine", "fresh")).toString()).toBe("*2\r\n$3\r\nold\r\n$-1\r\n");
      expect(await replica.client.text("FCALL", "hello", 0)).toBe("old");
      expect(replica.log).toContain("Discarding temporary DB in background");
      expect(replica.server.persistence.changesSinceSave).toBe(changesSinceSave);
      replica.pretendLater(1);
      expect((await (await master.accept()).greet())[0]).toBe("PSYNC");
    });
  }

  test("that is broken leaves the old data", async () => {
    using master = new FakeMaster();
    const { replica, link } = await half(master, streamed(NEW));
    await using _stop = replica;
    link.send(Buffer.alloc(45, 0x21));
    await link.hangup();
    expect(await replica.client.text("GET", "mine")).toBe("old");
    expect(replica.log).toContain("Failed trying to load the MASTER synchronization DB from socket");
  });

  test("that has a library which cannot be loaded leaves the old data", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start(SWAP);
    await replica.client.text("SET", "mine", "old");
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
    link.send(streamed(withLibrary("#!lua name=bad\nnothing(", { a: "1" })));
    await link.hangup();
    expect(replica.log).toContain("Failed loading library, ");
    expect((await replica.client.command("KEYS", "*")).toString()).toBe("*1\r\n$4\r\nmine\r\n");
  });
});

describe("an image of a later state of the same data set, with repl-diskless-load swapdb", () => {
  test("is read while clients are served the earlier one with its functions, and takes its place at once", async () => {
    using master = new FakeMaster();
    const { replica, link, rest } = await halfAgain(master, streamed(NEW));
    await using _stop = replica;
    const { client } = replica;
    expect(await infoField(client, "persistence", "loading")).toBe("0");
    expect(Number(await infoField(client, "persistence", "loading_loaded_bytes"))).toBeGreaterThan(0);
    expect((await client.command("MGET", "mine", "gone", "fresh")).toString()).toBe("*3\r\n$3\r\nold\r\n$1\r\n1\r\n$-1\r\n");
    expect((await client.command("DBSIZE")).toString()).toBe(":2\r\n");
    expect(await client.text("FCALL", "hello", 0)).toBe("old");
    expect((await client.command("SET", "a", "1")).toString()).toStartWith("-READONLY ");
    link.send(rest);
    await linkUp(client);
    expect((await client.command("MGET", "mine", "gone", "fresh")).toString()).toBe("*3\r\n$3\r\nnew\r\n$-1\r\n$1\r\n1\r\n");
    expect(await client.text("FCALL", "hello", 0)).toBe("new");
    expect(await infoField(client, "persistence", "async_loading")).toBe("0");
    for (const line of ["Swapping active DB with loaded DB", "Discarding old DB in background"]) expect(replica.log).toContain(line);
  });

  test("keeps commands and directives that cannot go together with it from running", async () => {
    using master = new FakeMaster();
    const { replica } = await halfAgain(master, streamed(NEW));
    await using _stop = replica;
    const { client } = replica;
    for (const words of [["REPLICAOF", "NO", "ONE"], ["BGSAVE"], ["SAVE"], ["BGREWRITEAOF"], ["PSYNC", "?", "-1"], ["SYNC"]]) {
      expect([words[0], (await client.command(...words)).toString()]).toEqual([words[0], LOADING]);
    }
    expect((await client.command("CONFIG", "SET", "appendonly", "no")).toString()).toContain(
      "LOADING Redis is loading the dataset in memory",
    );
    await client.text("MULTI");
    await client.command("GET", "mine");
    expect((await client.command("REPLICAOF", "NO", "ONE")).toString()).toBe(LOADING);
    expect((await client.command("EXEC")).toString()).toBe("-EXECABORT Transaction discarded because of previous errors.\r\n");
  });

  test("goes when the link breaks, and the stream is gone on with from where the earlier state stands", async () => {
    using master = new FakeMaster();
    const { replica, link } = await halfAgain(master, streamed(NEW));
    await using _stop = replica;
    link.hangUp();
    await until("the end of the load", async () => (await infoField(replica.client, "persistence", "async_loading")) === "0");
    expect(await replica.client.text("GET", "mine")).toBe("old");
    expect(await replica.client.text("FCALL", "hello", 0)).toBe("old");
    replica.pretendLater(1);
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), "1001"]);
    next.send("+CONTINUE\r\n");
    next.send(stream(["SELECT", 0], ["INCR", "gone"]));
    await until("the stream", async () => (await replica.client.command("GET", "gone")).toString() === "$1\r\n2\r\n");
    expect(await replica.client.text("FCALL", "hello", 0)).toBe("old");
  });

  test("touches watched keys that it changes, wakes clients that wait for keys, and has all forget what they keep of keys", async () => {
    using master = new FakeMaster();
    const { replica, link, rest } = await halfAgain(master, streamed(NEW), { "replica-read-only": "no" });
    await using _stop = replica;
    const clients = [await connect(replica.port), await connect(replica.port), await connect(replica.port)];
    const [watcher, other, waiter] = clients;
    const tracking = await connect(replica.port);
    await tracking.command("HELLO", 3);
    await tracking.text("CLIENT", "TRACKING", "ON");
    await tracking.text("GET", "mine");
    await watcher.text("WATCH", "fresh");
    await other.text("WATCH", "never");
    await replica.client.command("XADD", "events", "1-0", "a", "b");
    await replica.client.command("XGROUP", "CREATE", "events", "group", "$");
    waiter.send("XREADGROUP GROUP group me BLOCK 0 STREAMS events >\r\n");
    await until("the wait", async () => (await infoField(replica.client, "clients", "blocked_clients")) === "1");
    link.send(rest);
    await linkUp(replica.client);
    for (const client of [watcher, other]) {
      await client.text("MULTI");
      await client.command("PING");
    }
    expect((await watcher.command("EXEC")).toString()).toBe("*-1\r\n");
    expect((await other.command("EXEC")).toString()).toBe("*1\r\n+PONG\r\n");
    expect((await waiter.readReply()).toString()).toStartWith("-NOGROUP ");
    expect((await replica.client.command("EXISTS", "events")).toString()).toBe(":0\r\n");
    expect((await tracking.readReply()).toString()).toBe(">2\r\n$10\r\ninvalidate\r\n_\r\n");
    for (const client of [...clients, tracking]) client.close();
  });

  test("leaves replicas of the replica and its append-only file alone until it takes the place of the earlier one", async () => {
    using master = new FakeMaster();
    await using last = await Ours.start();
    const { replica: first, link, rest } = await halfAgain(master, streamed(NEW), { appendonly: "yes" });
    await using replica = first;
    expect(replica.server.appendOnly.writer.isOpen).toBe(true);
    // PSYNC is refused while loading: the one that comes now waits.
    await last.client.text("REPLICAOF", "127.0.0.1", replica.port);
    await until("the refusal", () => last.log.includes("Master is currently unable to PSYNC but should be in the future: -LOADING"));
    link.send(rest);
    await linkUp(replica.client);
    await until("the data behind", async () => {
      last.pretendLater(1);
      return (await last.client.command("GET", "mine")).toString() === "$3\r\nnew\r\n";
    });
    await sameOffset(replica.client, last.client);
    await until("the append-only file", async () => (await infoField(replica.client, "persistence", "aof_rewrite_in_progress")) === "0");
    const directory = join(replica.server.config.values.dir, "appendonlydir");
    await until("its manifest", () => existsSync(join(directory, "appendonly.aof.manifest")));
    const base = readdirSync(directory).find((name) => name.endsWith(".base.rdb")) ?? "";
    await until("its base", () => readFileSync(join(directory, base), "latin1").includes("fresh"));
  });

  test("waits for a script that takes long to end before it goes on", async () => {
    using master = new FakeMaster();
    const { replica, link, rest } = await halfAgain(master, streamed(NEW), { "busy-reply-threshold": "1" });
    await using _stop = replica;
    const busy = await connect(replica.port);
    busy.send("EVAL 'while true do end' 0\r\n");
    await until("BUSY", async () => (await replica.client.command("PING")).toString().startsWith("-BUSY "));
    link.send(rest);
    expect((await replica.client.command("PING")).toString()).toStartWith("-BUSY ");
    expect(replica.log.split("Swapping active DB").length).toBe(2);
    await replica.client.text("SCRIPT", "KILL");
    expect((await busy.readReply()).toString()).toStartWith("-ERR Script killed by user");
    await linkUp(replica.client);
    expect(await replica.client.text("GET", "mine")).toBe("new");
    busy.close();
  });

  test("is read slowly where keys are delayed, and a link that ends meanwhile does no harm once all has come", async () => {
    using master = new FakeMaster();
    const keys = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key:${index}`, "v"]));
    const { replica, link, rest } = await halfAgain(master, streamed(withLibrary(HELLO("new"), keys)), { "key-load-delay": "20000" });
    await using _stop = replica;
    link.send(rest);
    link.hangUp();
    expect(await infoField(replica.client, "persistence", "async_loading")).toBe("1");
    expect(await replica.client.text("GET", "mine")).toBe("old");
    await replica.client.text("CONFIG", "SET", "key-load-delay", 0);
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), "2001"]);
    next.send("+CONTINUE\r\n");
    await linkUp(replica.client);
    expect((await replica.client.command("DBSIZE")).toString()).toBe(":200\r\n");
  });

  testWithRedis("leaves the same data as on the real Redis that it comes from", async () => {
    await using master = await startReal("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-backlog-size", "16384");
    await using replica = await Ours.start(SWAP);
    await load(master.client, 5000, (index) => ["RPUSH", `list:${index % 100}`, `value:${index}`]);
    await follow(replica.client, master.port);
    await load(master.client, 5000, (index) => ["ZADD", `set:${index % 100}`, index, `member:${index}`]);
    await master.client.text("MULTI");
    await master.client.command("CLIENT", "KILL", "TYPE", "replica");
    await master.client.command("SET", "long", "v".repeat(100_000));
    await master.client.command("SET", "longer", "v".repeat(100_000));
    await master.client.command("EXEC");
    await until("the second image", async () => (await infoField(master.client, "stats", "sync_full")) === "2");
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    expect(replica.log).toContain("Swapping active DB with loaded DB");
  });
});
