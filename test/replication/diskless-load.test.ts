import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReplicationContext } from "../../src/replication/context.ts";
import { Transfer } from "../../src/replication/replica/transfer.ts";
import type { Persistence } from "../../src/snapshot/persistence.ts";
import type { Spool } from "../../src/snapshot/spool.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/process.ts";
import { FakeMaster, follow, id, image, infoField, linkUp, measured, Ours, sameOffset, stream, streamed, until } from "./support.ts";

const FULL = `+FULLRESYNC ${id("a")} 1000\r\n`;
const DISABLED = { "repl-diskless-load": "disabled" };

/** One of ours with data of its own that follows `master`, and the link over which it has asked for an image. */
async function waiting(master: FakeMaster, directives: Parameters<typeof Ours.start>[0] = DISABLED) {
  const replica = await Ours.start(directives);
  await replica.client.text("SET", "mine", "old");
  await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
  const link = await master.accept();
  await link.greet();
  link.send(FULL);
  return { replica, link };
}

/** The same, with all but the end of an image sent. */
async function half(master: FakeMaster, wrap: (bytes: Buffer) => Buffer, directives?: Parameters<typeof Ours.start>[0]) {
  const { replica, link } = await waiting(master, directives);
  const whole = wrap(image({ a: "1", b: "2" }));
  const first = whole.subarray(0, whole.length - 60);
  link.send(first);
  await until("the bytes", async () => Number(await infoField(replica.client, "replication", "master_sync_read_bytes")) > 0);
  return { replica, link, rest: whole.subarray(whole.length - 60), whole };
}

function spooled(replica: Ours): string[] {
  return readdirSync(replica.server.config.values.dir).filter((name) => name.startsWith("temp-"));
}

const FORMS = [
  ["$EOF", streamed],
  ["$length", measured],
] as const;

for (const mode of ["disabled", "on-empty-db"] as const) {
  describe(`with repl-diskless-load ${mode}, a replica that has data`, () => {
    for (const [form, wrap] of FORMS) {
      test(`serves it until an image in the form ${form} is complete, and then has the master's`, async () => {
        using master = new FakeMaster();
        const { replica, link, rest } = await half(master, wrap, { "repl-diskless-load": mode });
        await using _stop = replica;
        expect(await replica.client.text("GET", "mine")).toBe("old");
        expect(replica.log).toContain(`from master${wrap === streamed ? " with EOF" : ""} to disk`);
        expect(replica.log).not.toContain("Flushing old data");
        await until("the file", () => spooled(replica).length === 1);
        link.send(rest);
        await linkUp(replica.client);
        expect((await replica.client.command("MGET", "mine", "a", "b")).toString()).toBe("*3\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n");
        await until("the removal of the file", () => spooled(replica).length === 0);
      });

      test(`keeps it when the link breaks in an image in the form ${form}, and asks again`, async () => {
        using master = new FakeMaster();
        const { replica, link, whole } = await half(master, wrap, { "repl-diskless-load": mode });
        await using _stop = replica;
        link.hangUp();
        await until("the loss", () => replica.log.includes("I/O error trying to sync with MASTER: connection lost"));
        expect(await replica.client.text("GET", "mine")).toBe("old");
        await until("the removal of the file", () => spooled(replica).length === 0);
        replica.pretendLater(1);
        const next = await master.accept();
        expect((await next.greet())[0]).toBe("PSYNC");
        next.send(FULL);
        next.send(whole);
        await linkUp(replica.client);
        expect((await replica.client.command("EXISTS", "mine", "a", "b")).toString()).toBe(":2\r\n");
      });
    }
  });
}

for (const mode of ["disabled", "on-empty-db", "swapdb"] as const) {
  for (const [form, wrap] of FORMS) {
    test(`an image in the form ${form} of another moment than was announced is not gone on from, with repl-diskless-load ${mode}`, async () => {
      using master = new FakeMaster();
      const { replica, link } = await waiting(master, { "repl-diskless-load": mode });
      await using _stop = replica;
      link.send(wrap(image({ a: "later" }, 0, { id: id("A"), offset: 1001 })));
      const next = await master.accept();
      await next.greet();
      expect(replica.log).toContain("The image from MASTER is of offset 1001, but 1000 was announced. It cannot be gone on from.");
      next.send(FULL);
      next.send(wrap(image({ a: "right" }, 0, { id: id("a"), offset: 1000 })));
      await linkUp(replica.client);
      expect(await replica.client.text("GET", "a")).toBe("right");
    });
  }
}

describe("with repl-diskless-load on-empty-db, a replica without data", () => {
  test("reads the image from the socket, and clients hear LOADING meanwhile", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ "repl-diskless-load": "on-empty-db", replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    await link.greet();
    const bytes = streamed(image({ a: "1" }));
    link.send(FULL);
    link.send(bytes.subarray(0, -50));
    await until("LOADING", async () => (await replica.client.command("GET", "a")).toString().startsWith("-LOADING "));
    expect(replica.log).toContain("receiving streamed RDB from master with EOF to parser");
    expect(spooled(replica)).toEqual([]);
    link.send(bytes.subarray(-50));
    await linkUp(replica.client);
    expect(await replica.client.text("GET", "a")).toBe("1");
  });

  test("finds a broken mark, leaves no data, and asks again", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ "repl-diskless-load": "on-empty-db", replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    link.send(Buffer.concat([streamed(image({ a: "1" })).subarray(0, -1), Buffer.from("!")]));
    await link.hangup();
    expect(replica.log).toContain("Replication stream EOF marker is broken");
    expect((await replica.client.command("DBSIZE")).toString()).toBe(":0\r\n");
    replica.pretendLater(1);
    expect(await (await master.accept()).greet()).toEqual(["PSYNC", "?", "-1"]);
  });

  for (const [form, wrap] of FORMS) {
    test(`takes an image in the form ${form} byte by byte`, async () => {
      using master = new FakeMaster();
      await using replica = await Ours.start({ "repl-diskless-load": "on-empty-db", replicaof: `127.0.0.1 ${master.port}` });
      const link = await master.accept();
      await link.greet();
      const writes = stream(["SELECT", 0], ["INCR", "a"]);
      await link.trickle(Buffer.concat([Buffer.from(FULL), wrap(image({ a: "1" })), writes]));
      await until("the write", async () => (await replica.client.command("GET", "a")).toString() === "$1\r\n2\r\n");
    });
  }
});

describe("while the image is kept in a file", () => {
  test("a master that falls silent for repl-timeout is given up, and the data kept", async () => {
    using master = new FakeMaster();
    const { replica, link } = await half(master, streamed);
    await using _stop = replica;
    replica.pretendLater(62);
    await link.hangup();
    expect(replica.log).toContain("Timeout receiving bulk data from MASTER...");
    expect(await replica.client.text("GET", "mine")).toBe("old");
    await until("the removal of the file", () => spooled(replica).length === 0);
    replica.pretendLater(1);
    expect((await (await master.accept()).greet())[0]).toBe("PSYNC");
  });

  test("REPLICAOF NO ONE takes effect at once, keeps the data and leaves no file", async () => {
    using master = new FakeMaster();
    const { replica, link } = await half(master, measured);
    await using _stop = replica;
    expect(await replica.client.text("REPLICAOF", "NO", "ONE")).toBe("OK");
    await link.hangup();
    expect(await replica.client.text("GET", "mine")).toBe("old");
    expect(await replica.client.text("SET", "mine", "new")).toBe("OK");
    expect(await infoField(replica.client, "replication", "role")).toBe("master");
    await until("the removal of the file", () => spooled(replica).length === 0);
  });

  test("a server that stops leaves no file", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-spool-"));
    try {
      using master = new FakeMaster();
      const { replica } = await half(master, streamed, { dir });
      await until("the file", () => readdirSync(dir).length === 1);
      await replica[Symbol.asyncDispose]();
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("replica-serve-stale-data no keeps clients from the old data", async () => {
    using master = new FakeMaster();
    const { replica } = await half(master, streamed, { "replica-serve-stale-data": "no" });
    await using _stop = replica;
    expect((await replica.client.command("GET", "mine")).toString()).toBe(
      "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
    );
  });

  for (const [form, wrap] of FORMS) {
    test(`INFO counts the bytes of the form ${form}`, async () => {
      using master = new FakeMaster();
      const { replica } = await half(master, wrap);
      await using _stop = replica;
      const size = image({ a: "1", b: "2" }).length;
      const received = wrap === measured ? size - 60 : size - 20;
      const total = wrap === measured ? size : 0;
      const fields = ["in_progress", "total_bytes", "read_bytes", "left_bytes", "last_io_seconds_ago"];
      const values = await Promise.all(fields.map((field) => infoField(replica.client, "replication", `master_sync_${field}`)));
      expect(values).toEqual(["1", String(total), String(received), String(total - received), "0"]);
      expect(await infoField(replica.client, "persistence", "loading")).toBe("0");
    });
  }

  test("replicas of the replica stay until the old data goes, and get the new in full", async () => {
    using master = new FakeMaster();
    await using last = await Ours.start();
    const first = await Ours.start();
    await using middle = first;
    await middle.client.text("SET", "mine", "old");
    await follow(last.client, middle.port);
    await middle.client.text("REPLICAOF", "127.0.0.1", master.port);
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    const whole = streamed(image({ a: "1" }));
    link.send(whole.subarray(0, -30));
    await until("the bytes", async () => Number(await infoField(middle.client, "replication", "master_sync_read_bytes")) > 0);
    expect(await infoField(middle.client, "replication", "connected_slaves")).toBe("1");
    expect(await last.client.text("GET", "mine")).toBe("old");
    link.send(whole.subarray(-30));
    await linkUp(middle.client);
    await until("the data behind", async () => (await last.client.command("GET", "a")).toString() === "$1\r\n1\r\n");
    expect((await last.client.command("EXISTS", "mine")).toString()).toBe(":0\r\n");
    expect(await infoField(last.client, "replication", "master_replid")).toBe(id("a"));
    expect(await infoField(middle.client, "stats", "sync_full")).toBe("2");
    link.send(stream(["SELECT", 0], ["SET", "a", "2"]));
    await until("the stream", async () => (await last.client.command("GET", "a")).toString() === "$1\r\n2\r\n");
    await sameOffset(middle.client, last.client);
  });

  test("a directory that is gone is logged, the data kept, and the next attempt not made at once", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-gone-"));
    using master = new FakeMaster();
    const { replica, link } = await waiting(master, { dir });
    await using _stop = replica;
    rmSync(dir, { recursive: true });
    link.send(streamed(image({ a: "1" })).subarray(0, -10));
    await link.hangup();
    expect(replica.log).toContain("Opening the temp file needed for MASTER <-> REPLICA synchronization: No such file or directory");
    expect(await replica.client.text("GET", "mine")).toBe("old");
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("down");
  });

  // The limit on the size of a file stands for a disk that is full; SIGXFSZ must not end the process.
  test.skipIf(process.platform !== "linux")("a disk that takes no more is logged, and the data kept", async () => {
    using master = new FakeMaster();
    const main = join(import.meta.dir, "../../src/main.ts");
    const command = ["bash", "-c", `trap '' XFSZ; ulimit -f 256; exec "$0" "$@"`, process.execPath, main];
    await using server = await startServer(command, { args: ["--save", ""] });
    const client = await server.connect();
    await client.text("SET", "mine", "old");
    await client.text("REPLICAOF", "127.0.0.1", master.port);
    const link = await master.accept();
    await link.greet();
    link.send(`${FULL}$10000000\r\n`);
    while (!link.closed) {
      link.send(Buffer.alloc(100_000));
      await Bun.sleep(1);
    }
    expect(await server.log()).toMatch(
      /Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: .*\(write\)/,
    );
    expect(await client.text("GET", "mine")).toBe("old");
    await until("the removal of the file", () => readdirSync(server.dir).every((name) => !name.startsWith("temp-")));
    client.close();
  });
});

describe("while the file is loaded", () => {
  const KEYS = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`key:${index}`, `value:${index}`]));
  /** Eight seconds, unless it is told to hurry. */
  const SLOW = { "key-load-delay": "20000" };
  const hurry = (replica: Ours) => replica.client.text("CONFIG", "SET", "key-load-delay", 0);

  test("clients hear LOADING, the master hears that the replica is there, and what it sent meanwhile is run afterwards", async () => {
    using master = new FakeMaster();
    const { replica, link } = await waiting(master, SLOW);
    await using _stop = replica;
    link.send(Buffer.concat([measured(image(KEYS)), stream(["SELECT", 0], ["INCR", "count"])]));
    await until("LOADING", async () => (await replica.client.command("GET", "mine")).toString().startsWith("-LOADING "));
    link.send(stream(["INCR", "count"]));
    expect(await infoField(replica.client, "persistence", "loading")).toBe("1");
    expect(await infoField(replica.client, "persistence", "loading_total_bytes")).toBe(String(image(KEYS).length));
    expect(await infoField(replica.client, "replication", "master_sync_left_bytes")).toBe("0");
    const before = link.unread.length;
    // Nothing is expected of the master now, however long it takes.
    replica.pretendLater(62);
    await until("a sign of life", () => link.unread.length > before);
    await hurry(replica);
    await linkUp(replica.client);
    await until("the writes", async () => (await replica.client.command("GET", "count")).toString() === "$1\r\n2\r\n");
    expect(await replica.client.text("GET", "key:399")).toBe("value:399");
    expect(link.closed).toBe(false);
    expect(await infoField(replica.client, "persistence", "rdb_changes_since_last_save")).not.toBe("0");
  });

  test("a master that hangs up does no harm: the stream is gone on with over the next connection", async () => {
    using master = new FakeMaster();
    const { replica, link } = await waiting(master, SLOW);
    await using _stop = replica;
    link.send(streamed(image(KEYS)));
    await until("LOADING", async () => (await replica.client.command("GET", "mine")).toString().startsWith("-LOADING "));
    link.hangUp();
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), "1001"]);
    next.send("+CONTINUE\r\n");
    await hurry(replica);
    await linkUp(replica.client);
    expect((await replica.client.command("DBSIZE")).toString()).toBe(":400\r\n");
  });

  test("a server that stops does so, and leaves no file but the whole image", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-spool-"));
    try {
      using master = new FakeMaster();
      const { replica, link } = await waiting(master, { ...SLOW, dir });
      link.send(streamed(image(KEYS)));
      await until("LOADING", async () => (await replica.client.command("GET", "mine")).toString().startsWith("-LOADING "));
      await replica[Symbol.asyncDispose]();
      expect(readdirSync(dir)).toEqual(["dump.rdb"]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

test("a disk that is slower than the master stops the socket until it has caught up", async () => {
  await using server = await Ours.start();
  let ready = true;
  let room = () => {};
  const pushed: number[] = [];
  const spool = { push: (_: Buffer, from: number, to: number) => pushed.push(to - from), ready: () => ready, discard: () => {} };
  const persistence: Persistence = Object.create(server.server.persistence, {
    spool: {
      value: (on: { room: () => void }) => {
        room = on.room;
        return spool as unknown as Spool;
      },
    },
  });
  const asked: string[] = [];
  const context: ReplicationContext = Object.create(server.server, { persistence: { value: persistence } });
  const events = { ended: () => asked.push("ended"), listen: (on: boolean) => asked.push(on ? "resume" : "pause") };
  const transfer = new Transfer(context, server.server.replication.replicas, events, { point: { id: "", offset: 0 }, sameHistory: false });
  transfer.receive(Buffer.from("$1000\r\n"), 0);
  transfer.receive(Buffer.alloc(100), 0);
  expect(asked).toEqual([]);
  ready = false;
  transfer.receive(Buffer.alloc(100), 0);
  expect(asked).toEqual(["pause"]);
  ready = true;
  room();
  expect(asked).toEqual(["pause", "resume"]);
  transfer.receive(Buffer.alloc(100), 0);
  expect(pushed).toEqual([100, 100, 100]);
  transfer.abort();
  room();
  expect(asked).toEqual(["pause", "resume"]);
});

test("what comes of the stream while the file is loaded waits, in order", async () => {
  await using server = await Ours.start({ "key-load-delay": "20000" });
  const ended: (number | null)[] = [];
  const { replicas } = server.server.replication;
  const transfer = new Transfer(
    server.server,
    replicas,
    { ended: (database) => ended.push(database), listen: () => {} },
    { point: { id: "", offset: 0 }, sameHistory: false },
  );
  const keys = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key:${index}`, "v"]));
  transfer.receive(Buffer.concat([measured(image(keys)), Buffer.from("a")]), 0);
  await until("the load", () => server.server.persistence.loading !== null);
  for (const byte of ["b", "c"]) transfer.receive(Buffer.from(byte), 0);
  expect(ended).toEqual([]);
  await server.client.text("CONFIG", "SET", "key-load-delay", 0);
  await until("the end", () => ended.length > 0);
  expect([ended, Buffer.concat(transfer.rest).toString()]).toEqual([[0], "abc"]);
  expect(server.server.keyspace.keyCount).toBe(200);
});

describe("a replica that is restarted", () => {
  test("loads its file first, and goes on in the history that the file names", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-restart-"));
    try {
      await using master = await Ours.start();
      await master.client.text("SET", "a", "1");
      const first = await Ours.start({ dir });
      await follow(first.client, master.port);
      await master.client.text("SET", "b", "2");
      await sameOffset(master.client, first.client);
      await first.client.text("SAVE");
      await first[Symbol.asyncDispose]();
      await master.client.text("SET", "c", "3");
      await using second = await Ours.start({ dir, replicaof: `127.0.0.1 ${master.port}` });
      expect(second.log).toContain("Done loading RDB, keys loaded: 2");
      expect(second.log.indexOf("Done loading RDB")).toBeLessThan(second.log.indexOf("Connecting to MASTER"));
      await linkUp(second.client);
      await sameOffset(master.client, second.client);
      expect((await second.client.command("MGET", "a", "b", "c")).toString()).toBe("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
      expect(await infoField(master.client, "stats", "sync_partial_ok")).toBe("1");
      expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("synchronises in full when the file's history is not the master's, and serves the file's data until then", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-restart-"));
    try {
      const first = await Ours.start({ dir });
      await first.client.text("SET", "mine", "old");
      await first.client.text("SAVE");
      await first[Symbol.asyncDispose]();
      using master = new FakeMaster();
      await using second = await Ours.start({ dir, replicaof: `127.0.0.1 ${master.port}` });
      const link = await master.accept();
      expect(await link.greet()).toEqual(["PSYNC", "?", "-1"]);
      expect(await second.client.text("GET", "mine")).toBe("old");
      link.send(FULL);
      link.send(streamed(image({ a: "1" })));
      await linkUp(second.client);
      expect((await second.client.command("EXISTS", "mine", "a")).toString()).toBe(":1\r\n");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe("a replica whose master cannot be had", () => {
  test("tries for ever when that is itself, serves its data, and says so", async () => {
    await using server = await Ours.start();
    const { client } = server;
    await client.text("SET", "mine", "1");
    await client.text("REPLICAOF", "127.0.0.1", server.port);
    const refusals = () => server.log.split("Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK").length - 1;
    await until("the second attempt", () => refusals() >= 2);
    expect(await client.text("GET", "mine")).toBe("1");
    expect(await infoField(client, "replication", "role")).toBe("slave");
    expect(await infoField(client, "replication", "master_link_status")).toBe("down");
    expect(await infoField(client, "replication", "master_last_io_seconds_ago")).toBe("-1");
    expect(await infoField(client, "replication", "master_link_down_since_seconds")).toBe("-1");
    expect(await infoField(client, "replication", "master_sync_in_progress")).toBe("0");
    await client.text("REPLICAOF", "NO", "ONE");
  });

  test("tries for ever when its name leads nowhere", async () => {
    await using server = await Ours.start({ replicaof: "no-such-host.invalid 6379" });
    const failures = () => server.log.split("Error condition on socket for SYNC: ").length - 1;
    await until("the second attempt", () => failures() >= 2);
    expect(server.log).toContain("Connecting to MASTER no-such-host.invalid:6379");
    const other = await connect(server.port);
    expect(await infoField(other, "replication", "master_host")).toBe("no-such-host.invalid");
    expect(await infoField(other, "replication", "master_link_status")).toBe("down");
    other.close();
  });
});
