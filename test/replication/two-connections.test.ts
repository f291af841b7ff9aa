import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient } from "../support/client.ts";
import { mayMount, SmallDisk } from "../support/small-disk.ts";
import {
  type FakeLink,
  FakeMaster,
  follow,
  id,
  image,
  infoField,
  linkUp,
  load,
  loadKeys,
  measured,
  Ours,
  sameOffset,
  stream,
  streamed,
  until,
} from "./support.ts";

const TWO = { "repl-rdb-channel": "yes" };

const state = async (master: Ours): Promise<string> =>
  /state=(\w+)/.exec(await infoField(master.client, "replication", "slave0"))?.[1] ?? "none";
const waiting = async (replica: Ours) => Number(await infoField(replica.client, "replication", "replica_full_sync_buffer_size"));
const temporary = (replica: Ours) => readdirSync(replica.server.config.values.dir).filter((name) => name.startsWith("temp-"));
const fullSyncs = (master: Ours) => infoField(master.client, "stats", "sync_full");
const write = (master: Ours, count: number, name = "written") =>
  load(master.client, count, (index) => ["SET", `${name}:${index}`, "v".repeat(200)]);

async function expectSame(master: Ours, replica: Ours): Promise<void> {
  await linkUp(replica.client);
  await sameOffset(master.client, replica.client);
  expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
}

/** Has the image that a second connection waits for begun, and none of it sent until the function that this returns is called. */
async function begin(master: Ours): Promise<() => void> {
  const second = () => master.server.replication.replicas.list.find(({ session, state }) => session.imageChannel && state === "waiting");
  await until("the second connection", () => second() !== undefined);
  const channel = second();
  if (channel === undefined) throw new Error("it is gone");
  channel.requestedAt = 0;
  master.pretendLater(0);
  channel.blocked = true;
  expect(await state(master)).toBe("send_bulk_and_stream");
  return () => channel.session.link.onDrained?.();
}

/** A master with an image for a replica, which gets it when `release` is called. */
async function syncing(directives: Parameters<typeof Ours.start>[0] = {}) {
  const master = await Ours.start({ ...TWO, "repl-diskless-sync-delay": "1000", "repl-backlog-size": "20mb" });
  await loadKeys(master.client, 300);
  const replica = await Ours.start({ ...TWO, ...directives });
  await replica.client.text("SET", "mine", "old");
  await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
  return { master, replica, release: await begin(master) };
}

/** The number of the client that the image goes over (or of the other one). */
async function clientOf(master: Ours, which: "image" | "stream"): Promise<string> {
  const lines = (await master.client.text("CLIENT", "LIST", "TYPE", "replica")).trim().split("\n");
  const line = lines.find((each) => each.includes(" flags=SC ") === (which === "image"));
  return /^id=(\d+) /.exec(line ?? "")?.[1] ?? "none";
}

describe("between two of ours, over two connections", () => {
  for (const mode of ["disabled", "on-empty-db", "swapdb"]) {
    test(`what is written meanwhile waits at the replica, with repl-diskless-load ${mode}`, async () => {
      const { master: first, replica: second, release } = await syncing({ "repl-diskless-load": mode });
      await using master = first;
      await using replica = second;
      await write(master, 2000);
      await until("the stream to be over there", async () => (await waiting(replica)) > 400_000);
      const [main] = master.server.replication.replicas.list;
      await until("nothing to be left to send", () => main.cursor?.offset === master.server.journal.offset);
      expect(master.server.replication.replicas.list.length).toBe(2);
      expect(await infoField(master.client, "replication", "connected_slaves")).toBe("1");
      expect(await infoField(master.client, "persistence", "rdb_bgsave_in_progress")).toBe("1");
      expect(Number(await infoField(replica.client, "memory", "mem_replica_full_sync_buffer"))).toBeGreaterThan(400_000);
      expect(await infoField(replica.client, "replication", "master_sync_in_progress")).toBe("1");
      release();
      await write(master, 500, "later");
      await expectSame(master, replica);
      await until("the replica to be online", async () => (await state(master)) === "online");
      expect([await fullSyncs(master), await infoField(master.client, "stats", "sync_partial_ok")]).toEqual(["1", "0"]);
      expect(await waiting(replica)).toBe(0);
      expect(Number(await infoField(replica.client, "replication", "replicas_repl_buffer_peak"))).toBeGreaterThan(400_000);
      expect((await replica.client.command("EXISTS", "mine")).toString()).toBe(":0\r\n");
      if (mode !== "disabled") return;
      // What follows is a link like any other: it breaks, and goes on.
      await master.client.command("CLIENT", "KILL", "TYPE", "replica");
      await write(master, 10, "last");
      await until("the link", async () => (await infoField(master.client, "stats", "sync_partial_ok")) === "1");
      await expectSame(master, replica);
    });
  }

  test("what does not fit into memory goes to a file, which is removed", async () => {
    const {
      master: first,
      replica: second,
      release,
    } = await syncing({
      "replica-full-sync-buffer-limit": "100000",
      "repl-diskless-load": "swapdb",
    });
    await using master = first;
    await using replica = second;
    await write(master, 3000);
    await until("the stream to be over there", async () => (await waiting(replica)) > 600_000);
    expect(temporary(replica).length).toBe(1);
    expect(replica.log).toContain("Replication buffer limit has been reached (100000 bytes), further accumulation is on disk.");
    release();
    await write(master, 3000, "later");
    await expectSame(master, replica);
    await until("the removal of the file", () => temporary(replica).length === 0);
    expect(await fullSyncs(master)).toBe("1");
  });

  test("client-output-buffer-limit replica says how much, where replica-full-sync-buffer-limit does not", async () => {
    const { master: first, replica: second, release } = await syncing({ "client-output-buffer-limit": "replica 50000 0 0" });
    await using master = first;
    await using replica = second;
    await write(master, 1000);
    await until("the file", () => replica.log.includes("Replication buffer limit has been reached (50000 bytes)"));
    release();
    await expectSame(master, replica);
  });

  test("a disk that takes none of it ends the synchronization, for a reason in the log, and the data is kept", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-full-"));
    const { master: first, replica: second } = await syncing({
      dir,
      "replica-full-sync-buffer-limit": "10000",
      "repl-diskless-load": "swapdb",
    });
    await using master = first;
    await using replica = second;
    rmSync(dir, { recursive: true });
    await write(master, 500);
    const reason = "Opening the temp file needed for MASTER <-> REPLICA synchronization: No such file or directory";
    await until("the loss", () => replica.log.includes(`I/O error trying to sync with MASTER: ${reason}`));
    expect(await replica.client.text("GET", "mine")).toBe("old");
    await replica.client.text("CONFIG", "SET", "replica-full-sync-buffer-limit", "10mb");
    replica.pretendLater(1);
    (await begin(master))();
    await expectSame(master, replica);
  });

  describe.skipIf(!mayMount)("on a disk that gets full (needs unshare and nsenter, and leave to mount)", () => {
    const OURS = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];
    const SMALL = ["--save", "", "--repl-rdb-channel", "yes", "--replica-full-sync-buffer-limit", "16384", "--enable-debug-command", "yes"];
    const FULL = /Write error or short write writing to the replication buffer file needed for .*: No space left on device \(write\)/;

    /** A replica on a disk of a megabyte, and a master with an image for it. */
    async function onSmallDisk(...directives: string[]) {
      const disk = await SmallDisk.make(1024 * 1024);
      const server = await disk.start(OURS, [...SMALL, ...directives]);
      const client = await server.connect();
      const master = await Ours.start({ ...TWO, "repl-diskless-sync-delay": "1000", "repl-backlog-size": "20mb" });
      await loadKeys(master.client, 300);
      await client.text("SET", "mine", "old");
      await client.text("REPLICAOF", "127.0.0.1", master.port);
      const release = await begin(master);
      const left = () => readdirSync(disk.outside).filter((name) => name.startsWith("temp-"));
      const stop = async () => {
        client.close();
        await server.stop();
        await master[Symbol.asyncDispose]();
        await disk[Symbol.asyncDispose]();
      };
      return { server, client, master, release, left, [Symbol.asyncDispose]: stop };
    }

    test("the synchronization ends before the image is complete: what the replica has is kept, and no file left", async () => {
      await using parties = await onSmallDisk("--repl-diskless-load", "swapdb");
      const { server, client, master, left } = parties;
      await write(master, 15_000);
      await until("the full disk", async () => FULL.test(await server.log()));
      expect(await client.text("GET", "mine")).toBe("old");
      await until("the removal of the file", () => left().length === 0);
      await client.text("CONFIG", "SET", "replica-full-sync-buffer-limit", "100mb");
      (await begin(master))();
      await linkUp(client);
      await sameOffset(master.client, client);
      expect(await client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    });

    test("an image that is being loaded is loaded, and the stream asked for from there", async () => {
      await using parties = await onSmallDisk("--key-load-delay", "100000");
      const { server, client, master, release, left } = parties;
      release();
      await until("the load", async () => (await infoField(client, "persistence", "loading")) === "1");
      await write(master, 15_000);
      await until("the full disk", async () => (await server.log()).includes("After loading RDB, replica will try psync with master."));
      await until("the removal of the file", () => left().length === 0);
      await client.text("CONFIG", "SET", "key-load-delay", 0);
      await until("the link", async () => (await infoField(master.client, "stats", "sync_partial_ok")) === "1");
      await linkUp(client);
      await sameOffset(master.client, client);
      expect(await client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
      expect(await fullSyncs(master)).toBe("1");
    });
  });

  test("a pause of clients at the replica has what was kept wait, too", async () => {
    const { master: first, replica: second, release } = await syncing({ "replica-full-sync-buffer-limit": "10000" });
    await using master = first;
    await using replica = second;
    await write(master, 3000);
    await until("the stream to be over there", async () => (await waiting(replica)) > 600_000);
    await replica.client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    release();
    await linkUp(replica.client);
    await until("the run", () => replica.log.includes("Starting to stream replication buffer into the db"));
    expect((await replica.client.command("EXISTS", "key:1", "written:2999")).toString()).toBe(":1\r\n");
    expect(await waiting(replica)).toBeGreaterThan(300_000);
    await replica.client.text("CLIENT", "UNPAUSE");
    await expectSame(master, replica);
  });

  test("CLIENT KILL of the master while what was kept is run does no harm", async () => {
    const { master: first, replica: second, release } = await syncing({ "replica-full-sync-buffer-limit": "10000" });
    await using master = first;
    await using replica = second;
    await write(master, 10_000);
    release();
    await until("the run", () => replica.log.includes("Starting to stream replication buffer into the db"));
    await replica.client.command("CLIENT", "KILL", "TYPE", "master");
    await until("the removal of the file", () => temporary(replica).length === 0);
    await expectSame(master, replica);
    expect(await fullSyncs(master)).toBe("1");
  });

  for (const which of ["image", "stream"] as const) {
    test(`when the connection with the ${which} breaks before the image is complete, both are made again`, async () => {
      const { master: first, replica: second } = await syncing();
      await using master = first;
      await using replica = second;
      const lost = await clientOf(master, which);
      expect((await master.client.command("CLIENT", "KILL", "ID", lost)).toString()).toBe(":1\r\n");
      await until("the loss", () => replica.log.includes("Aborting rdb channel sync"));
      expect(await replica.client.text("GET", "mine")).toBe("old");
      expect((await master.client.command("REPLCONF", "main-ch-client-id", lost)).toString()).toBe(
        `-ERR Unrecognized RDB client id: ${lost}\r\n`,
      );
      await until("the master to have let go of both", () =>
        master.server.replication.replicas.list.every(({ session }) => session.id > Number(lost)),
      );
      replica.pretendLater(1);
      const again = await begin(master);
      await write(master, 100);
      again();
      await expectSame(master, replica);
      expect(await fullSyncs(master)).toBe("2");
    });
  }

  test("when the master goes away while the image is loaded, that is loaded, and the stream gone on with", async () => {
    const { master: first, replica: second, release } = await syncing({ "key-load-delay": "100000" });
    await using master = first;
    await using replica = second;
    await write(master, 100);
    release();
    await until("the load", async () => (await infoField(replica.client, "persistence", "loading")) === "1");
    await master.client.command("CLIENT", "KILL", "TYPE", "replica");
    await write(master, 100, "later");
    await until("the loss", () => replica.log.includes("After loading RDB, replica will try psync with master."));
    await replica.client.text("CONFIG", "SET", "key-load-delay", 0);
    await until("the link", async () => (await infoField(master.client, "stats", "sync_partial_ok")) === "1");
    await expectSame(master, replica);
    expect(await fullSyncs(master)).toBe("1");
  });

  test("a replica that stops following leaves no file and no connection", async () => {
    const { master: first, replica: second } = await syncing({ "replica-full-sync-buffer-limit": "10000" });
    await using master = first;
    await using replica = second;
    await write(master, 500);
    await until("the file", () => temporary(replica).length === 1);
    await replica.client.text("REPLICAOF", "NO", "ONE");
    await until("the end of both connections", () => master.server.replication.replicas.count === 0);
    await until("the removal of the file", () => temporary(replica).length === 0);
    expect(await replica.client.text("GET", "mine")).toBe("old");
    expect(await infoField(master.client, "persistence", "rdb_bgsave_in_progress")).toBe("0");
  });

  test("one image is for replicas with two connections and with one", async () => {
    await using master = await Ours.start({ ...TWO, "repl-diskless-sync-delay": "1000" });
    await using two = await Ours.start(TWO);
    await using one = await Ours.start();
    await loadKeys(master.client, 300);
    for (const replica of [two, one]) await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until(
      "both to wait",
      () => master.server.replication.replicas.list.filter((replica) => replica.state === "waiting").length === 2,
    );
    await master.client.text("CONFIG", "SET", "repl-diskless-sync-delay", 0);
    master.pretendLater(1);
    for (const replica of [two, one]) await expectSame(master, replica);
    expect(master.log.split("Starting BGSAVE for SYNC with target: replicas sockets (rdb-channel)").length).toBe(2);
    expect(one.log).not.toContain("initialize RDB channel");
  });

  for (const [why, ofMaster, ofReplica] of [
    ["the master", { "repl-rdb-channel": "no" }, TWO],
    ["the replica", TWO, { "repl-rdb-channel": "no" }],
    ["a master that sends files", { ...TWO, "repl-diskless-sync": "no" }, TWO],
  ] as const) {
    test(`one connection serves where two are not for ${why}`, async () => {
      await using master = await Ours.start(ofMaster);
      await using replica = await Ours.start(ofReplica);
      await loadKeys(master.client, 100);
      await follow(replica.client, master.port);
      await expectSame(master, replica);
      expect(replica.log).not.toContain("initialize RDB channel");
    });
  }

  test("a password is given on both", async () => {
    await using master = await Ours.start({ ...TWO, requirepass: "secret" });
    await master.client.text("AUTH", "secret");
    await loadKeys(master.client, 100);
    await using replica = await Ours.start({ ...TWO, masterauth: "secret" });
    await follow(replica.client, master.port);
    await expectSame(master, replica);
    expect(replica.log).toContain("Starting to receive RDB and replication stream in parallel.");
  });
});

// ---- against a master that plays by a script

/** Answers what a second connection says. Returns the words of its REPLCONF. */
async function greetSecond(link: FakeLink): Promise<string[]> {
  const words = await link.command();
  link.send("+OK\r\n");
  return words;
}

async function get(client: RawClient, key: string): Promise<string> {
  return (await client.command("GET", key)).toString();
}

describe("a replica", () => {
  test("has the image over a second connection that names the first, as Redis 8's masters want it", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ ...TWO, replicaof: `127.0.0.1 ${master.port}`, "replica-announce-ip": "10.1.2.3" });
    const first = await master.accept();
    expect(await first.greet()).toEqual(["PSYNC", "?", "-1"]);
    // The stream may be there before the image is announced.
    first.send(Buffer.concat([Buffer.from("+RDBCHANNELSYNC 42\r\n"), stream(["SELECT", 0], ["INCR", "a"])]));
    const second = await master.accept();
    expect(await greetSecond(second)).toEqual(
      `REPLCONF capa eof rdb-only 1 rdb-channel 1 main-ch-client-id 42 listening-port ${replica.port} ip-address 10.1.2.3`.split(" "),
    );
    expect(await second.command()).toEqual(["PSYNC", "?", "-1"]);
    expect((await replica.client.command("ROLE")).toString()).toContain("handshake");
    second.send("\n\n");
    const bytes = Buffer.concat([Buffer.from(`+FULLRESYNC ${id("a")} 1000\r\n`), streamed(image({ a: "1", b: "2" }))]);
    second.send(bytes.subarray(0, -30));
    await until("the image", async () => Number(await infoField(replica.client, "replication", "master_sync_read_bytes")) > 0);
    first.send(stream(["INCR", "a"]));
    second.send(bytes.subarray(-30));
    expect(await first.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    await second.hangup();
    await until("the stream", async () => (await get(replica.client, "a")) === "$1\r\n3\r\n");
    expect(await first.acknowledgement(1000)).toBe(1000 + stream(["SELECT", 0], ["INCR", "a"], ["INCR", "a"]).length);
    expect(await infoField(replica.client, "replication", "master_replid")).toBe(id("a"));
    // And over the first connection alone from here on.
    first.send(stream(["INCR", "a"]));
    await until("the stream", async () => (await get(replica.client, "a")) === "$1\r\n4\r\n");
  });

  /** Up to where Valkey's master has answered to SYNC. */
  async function valkey(master: FakeMaster) {
    const first = await master.accept();
    await first.greet();
    first.send("+DUALCHANNELSYNC\r\n");
    const second = await master.accept();
    const words = await greetSecond(second);
    expect(await second.command()).toEqual(["SYNC"]);
    second.send(`\n$ENDOFF:1000 ${id("a")} 0 77\r\n`);
    return { first, second, words };
  }

  test("asks for the stream from the image's moment on, as Valkey's masters want it", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start();
    await replica.client.text("CONFIG", "SET", "dual-channel-replication-enabled", "yes");
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    const { first, second, words } = await valkey(master);
    expect(words).toEqual(`REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port ${replica.port} version 9.1.0`.split(" "));
    expect(await first.command()).toEqual(["REPLCONF", "set-rdb-client-id", "77"]);
    first.send("+OK\r\n");
    expect(await first.command()).toEqual(["PSYNC", id("a"), "1001"]);
    first.send(Buffer.concat([Buffer.from(`+CONTINUE ${id("a")}\r\n`), stream(["INCR", "a"])]));
    // Which database the stream has selected the image says: here not the one of the line before it.
    second.send(streamed(image({ a: "1" }, 3)));
    expect(await first.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    await replica.client.text("SELECT", 3);
    await until("the stream", async () => (await get(replica.client, "a")) === "$1\r\n1\r\n");
  });

  test("that has loaded the image waits for the stream to be granted, and asks again where it is not", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ ...TWO, replicaof: `127.0.0.1 ${master.port}` });
    const { first, second } = await valkey(master);
    second.send(measured(image({ a: "1" })));
    await until("the image", async () => (await get(replica.client, "a")) === "$1\r\n1\r\n");
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("down");
    expect(await first.command()).toEqual(["REPLCONF", "set-rdb-client-id", "77"]);
    first.send("-ERR Unrecognized RDB client id 77\r\n");
    await first.hangup();
    replica.pretendLater(1);
    const next = await master.accept();
    expect(await next.greet()).toEqual(["PSYNC", id("a"), "1001"]);
    next.send(`+CONTINUE ${id("a")}\r\n`);
    await linkUp(replica.client);
  });

  for (const [what, answer] of [
    ["an error to its REPLCONF", "-ERR Unrecognized RDB client id: 42\r\n"],
    ["no announcement of an image", "+OK\r\n+CONTINUE\r\n"],
    ["a line without end", "x".repeat(2000)],
  ]) {
    test(`whose second connection gets ${what} does with one the next time`, async () => {
      using master = new FakeMaster();
      await using replica = await Ours.start({ ...TWO, replicaof: `127.0.0.1 ${master.port}` });
      const first = await master.accept();
      await first.greet();
      first.send("+RDBCHANNELSYNC 42\r\n");
      const second = await master.accept();
      await second.command();
      second.send(answer);
      await first.hangup();
      expect(replica.log).toContain("rdb channel sync failed with error: ");
      replica.pretendLater(1);
      const next = await master.accept();
      for (;;) {
        const words = await next.command();
        if (words.includes("capa")) expect(words).toEqual(["REPLCONF", "capa", "eof", "capa", "psync2"]);
        if (words[0] === "PSYNC") break;
        next.send(words[0] === "PING" ? "+PONG\r\n" : "+OK\r\n");
      }
      next.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
      next.send(streamed(image({ a: "1" })));
      await linkUp(replica.client);
    });
  }

  test("gives up on a master that falls silent on the second connection, or says nonsense about it", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ ...TWO, replicaof: `127.0.0.1 ${master.port}` });
    const first = await master.accept();
    await first.greet();
    first.send("+RDBCHANNELSYNC 42\r\n");
    const second = await master.accept();
    await greetSecond(second);
    await second.command();
    replica.pretendLater(62);
    await second.hangup();
    expect(replica.log).toContain("Timeout connecting to the MASTER... (waiting for image)");
    const next = await master.accept();
    await next.greet();
    next.send("+RDBCHANNELSYNC x\r\n");
    await next.hangup();
    expect(replica.log).toContain("Master replied with wrong +RDBCHANNELSYNC syntax: +RDBCHANNELSYNC x");
  });
});
