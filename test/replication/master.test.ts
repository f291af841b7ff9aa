import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { connect, encodeCommand, type RawClient } from "../support/client.ts";
import { describeWithRedis, testWithRedis } from "../support/redis.ts";
import { follow, infoField, linkUp, load, loadKeys, loadWrites, Ours, sameOffset, startReal, stream, until } from "./support.ts";

async function equalDigests(first: RawClient, second: RawClient): Promise<void> {
  expect(await second.text("DEBUG", "DIGEST")).toBe(await first.text("DEBUG", "DIGEST"));
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describeWithRedis("a real Redis that follows one of ours", () => {
  for (const [form, directives] of [
    ["straight to its socket", {}],
    ["from a file", { "repl-diskless-sync": "no" }],
  ] as const) {
    test(`gets 100,000 keys ${form}, and after 100,000 writes has the same at the same offset`, async () => {
      await using master = await Ours.start(directives);
      await using replica = await startReal();
      await loadKeys(master.client, 100_000);
      await follow(replica.client, master.port);
      await equalDigests(master.client, replica.client);
      await loadWrites(master.client, 100_000);
      expect(await sameOffset(master.client, replica.client)).toBeGreaterThan(3_000_000);
      await equalDigests(master.client, replica.client);
    });
  }

  test("loads the image straight from the socket too", async () => {
    await using master = await Ours.start();
    await using replica = await startReal("--repl-diskless-load", "swapdb");
    await loadKeys(master.client, 2000);
    await follow(replica.client, master.port);
    await loadWrites(master.client, 2000);
    await sameOffset(master.client, replica.client);
    await equalDigests(master.client, replica.client);
  });

  test("goes on from its offset after the link was cut", async () => {
    await using master = await Ours.start();
    await using replica = await startReal();
    await follow(replica.client, master.port);
    await master.client.text("SELECT", 2);
    await master.client.text("SET", "a", "1");
    await sameOffset(master.client, replica.client);
    expect((await master.client.command("CLIENT", "KILL", "TYPE", "replica")).toString()).toBe(":1\r\n");
    await load(master.client, 1000, (index) => ["SET", `b:${index}`, index]);
    await until("the return", async () => (await infoField(master.client, "stats", "sync_partial_ok")) === "1");
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    await equalDigests(master.client, replica.client);
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
  });

  test("sees expiries, transactions and effects as they happened", async () => {
    await using master = await Ours.start();
    await using replica = await startReal();
    await follow(replica.client, master.port);
    await load(master.client, 1000, (index) => ["SET", `short:${index}`, index, "PX", 30]);
    await load(master.client, 1000, (index) => ["SET", `long:${index}`, index, "EX", 500]);
    await master.client.pipeline([
      ["MULTI"],
      ["INCR", "n"],
      ["SELECT", 1],
      ["SET", "k", "v"],
      ["GETDEL", "k"],
      ["INCRBYFLOAT", "n", "0.5"],
      ["EXEC"],
    ]);
    await until(
      "the expiry",
      async () => (await master.client.command("DBSIZE")).toString() === ":1001\r\n" || (await master.client.text("SELECT", 0)) === "",
    );
    await sameOffset(master.client, replica.client);
    expect((await replica.client.command("DBSIZE")).toString()).toBe(":1001\r\n");
    await equalDigests(master.client, replica.client);
  });
});

describe("an image", () => {
  test("is of the moment when it was begun, whatever is written while it is made", async () => {
    await using master = await Ours.start({ "rdb-key-save-delay": "200" });
    await using replica = await Ours.start();
    await load(master.client, 4000, (index) => ["SET", `key:${index}`, index]);
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the image", async () => (await infoField(master.client, "replication", "slave0")).includes("state=wait_bgsave"));
    await load(master.client, 4000, (index) => (index % 3 === 0 ? ["DEL", `key:${index}`] : ["SET", `key:${index * 2}`, "changed"]));
    expect(await infoField(master.client, "replication", "slave0")).toContain("state=wait_bgsave");
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    await equalDigests(master.client, replica.client);
  });

  testWithRedis("is shared by all who ask within repl-diskless-sync-delay", async () => {
    await using master = await Ours.start({ "repl-diskless-sync-delay": "60" });
    await using first = await startReal();
    await using second = await Ours.start();
    await loadKeys(master.client, 5000);
    await first.client.text("REPLICAOF", "127.0.0.1", master.port);
    await second.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("both", async () => (await infoField(master.client, "replication", "connected_slaves")) === "2");
    await master.client.text("CONFIG", "SET", "repl-diskless-sync-delay", 0); // the delay is over
    master.pretendLater(0);
    await linkUp(first.client);
    await linkUp(second.client);
    await equalDigests(master.client, first.client);
    await equalDigests(master.client, second.client);
    expect(count(master.log, "Starting BGSAVE for SYNC with target: replicas sockets")).toBe(1);
    expect(await infoField(master.client, "stats", "sync_full")).toBe("2");
  });

  test("begins before the delay is over once enough replicas wait", async () => {
    await using master = await Ours.start({ "repl-diskless-sync-delay": "60", "repl-diskless-sync-max-replicas": "2" });
    await using first = await Ours.start();
    await using second = await Ours.start();
    await first.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the first", async () => (await infoField(master.client, "replication", "connected_slaves")) === "1");
    master.pretendLater(1);
    expect(count(master.log, "Starting BGSAVE")).toBe(0);
    await follow(second.client, master.port);
    await linkUp(first.client);
    expect(count(master.log, "Starting BGSAVE")).toBe(1);
  });

  test("in a file may be joined while it is written; the next one serves who comes later", async () => {
    await using master = await Ours.start({ "repl-diskless-sync": "no", "rdb-key-save-delay": "800" });
    await using first = await Ours.start();
    await using second = await Ours.start();
    await load(master.client, 2000, (index) => ["SET", `key:${index}`, index]);
    await first.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the image", () => master.log.includes("Starting BGSAVE for SYNC with target: disk"));
    await master.client.text("SET", "meanwhile", "1");
    await follow(second.client, master.port);
    await linkUp(first.client);
    expect(master.log).toContain("Waiting for end of BGSAVE for SYNC");
    expect(count(master.log, "Starting BGSAVE")).toBe(1);
    await sameOffset(master.client, first.client);
    await sameOffset(master.client, second.client);
    await equalDigests(master.client, first.client);
    await equalDigests(master.client, second.client);
  });

  test("goes on for the others when one of them leaves, and ends with the last", async () => {
    await using master = await Ours.start({ "rdb-key-save-delay": "200", "repl-diskless-sync-delay": "60" });
    await using replica = await Ours.start();
    await load(master.client, 3000, (index) => ["SET", `key:${index}`, index]);
    const leaver = await connect(master.port);
    await leaver.command("REPLCONF", "capa", "eof");
    leaver.send(encodeCommand(["PSYNC", "?", "-1"]));
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("both", async () => (await infoField(master.client, "replication", "connected_slaves")) === "2");
    await master.client.text("CONFIG", "SET", "repl-diskless-sync-delay", 0); // the delay is over
    master.pretendLater(0);
    await leaver.readLine();
    leaver.close();
    await linkUp(replica.client);
    await equalDigests(master.client, replica.client);
    expect(count(master.log, "Starting BGSAVE")).toBe(1);
    const last = await connect(master.port);
    await last.command("REPLCONF", "capa", "eof");
    last.send(encodeCommand(["PSYNC", "?", "-1"]));
    await until("the second image", () => count(master.log, "Starting BGSAVE") === 2);
    last.close();
    await until("its end", () => master.server.replication.replicas.count === 1);
    // A snapshot that went on would hold up every change of a table.
    expect(master.server.keyspace.databases[0]?.table.guard).toBeNull();
  });
});

/** A connection that speaks as a replica does, and has been promised an image. */
async function rawReplica(
  port: number,
  options: { capa?: readonly string[]; request?: readonly (string | number)[]; replconf?: readonly string[] } = {},
) {
  const { capa = ["eof", "psync2"], request = ["PSYNC", "?", "-1"], replconf = [] } = options;
  const client = await connect(port);
  await client.text("REPLCONF", "listening-port", 7777, ...capa.flatMap((word) => ["capa", word]), ...replconf);
  client.send(encodeCommand(request));
  return client;
}

async function line(client: RawClient): Promise<string> {
  for (;;) {
    const text = (await client.readLine()).toString("latin1");
    if (text !== "\n") return text;
  }
}

/** Reads an image in either form. -> its bytes. */
async function readImage(client: RawClient): Promise<Buffer> {
  const head = await line(client);
  const length = /^\$(\d+)\r\n$/.exec(head)?.[1];
  if (length !== undefined) return client.readBytes(Number(length));
  const mark = /^\$EOF:([0-9a-f]{40})\r\n$/.exec(head)?.[1];
  if (mark === undefined) throw new Error(`no payload: ${head}`);
  let bytes = Buffer.alloc(0);
  while (!bytes.includes(mark)) bytes = Buffer.concat([bytes, await client.readBytes(1)]);
  return bytes.subarray(0, -40);
}

/** The next bytes of the stream, as many as `expected` has, without the PINGs that the clock may have put between them. */
async function readStream(client: RawClient, expected: Buffer): Promise<Buffer> {
  let bytes = await client.readBytes(expected.length);
  for (;;) {
    const plain = withoutPings(bytes);
    if (plain.length === expected.length) return plain;
    bytes = Buffer.concat([plain, await client.readBytes(expected.length - plain.length)]);
  }
}

function withoutPings(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll("*1\r\n$4\r\nPING\r\n", ""), "latin1");
}

describe("the protocol towards replicas", () => {
  test("is FULLRESYNC, an image between marks, and after the first REPLCONF ACK the stream from there on", async () => {
    await using master = await Ours.start();
    await master.client.text("SET", "a", "1");
    const replica = await rawReplica(master.port);
    const [, replid, offset] = /^\+FULLRESYNC ([0-9a-f]{40}) (\d+)\r\n$/.exec(await line(replica)) ?? [];
    expect(replid).toBe(await infoField(master.client, "replication", "master_replid"));
    expect(offset).toBe("0");
    expect((await readImage(replica)).subarray(0, 5).toString()).toBe("REDIS");
    await master.client.text("SET", "b", "2");
    await until("the image to be delivered", async () =>
      (await infoField(master.client, "replication", "slave0")).includes("state=online"),
    );
    expect(replica.unread().length).toBe(0);
    replica.send(encodeCommand(["REPLCONF", "ACK", "0"]));
    const expected = stream(["SELECT", 0], ["SET", "b", "2"]);
    expect((await readStream(replica, expected)).toString()).toBe(expected.toString());
    const reached = await infoField(master.client, "replication", "master_repl_offset");
    expect((await master.client.command("ROLE")).toString()).toBe(
      `*3\r\n$6\r\nmaster\r\n:${reached}\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n7777\r\n$1\r\n0\r\n`,
    );
    replica.send(encodeCommand(["REPLCONF", "ACK", expected.length]));
    await until("the offset", async () =>
      (await infoField(master.client, "replication", "slave0")).includes(`offset=${expected.length},lag=0`),
    );
    replica.close();
    await until("the leave", async () => (await infoField(master.client, "replication", "connected_slaves")) === "0");
  });

  test("has times of hash fields in Valkey's form for a replica that said it is a Valkey 9, in Redis's for others", async () => {
    await using master = await Ours.start({ "repl-diskless-sync": "no" });
    const { client } = master;
    const magicFor = async (...replconf: readonly string[]): Promise<string> => {
      const replica = await rawReplica(master.port, { replconf });
      await line(replica);
      const bytes = await readImage(replica);
      replica.close();
      return `${bytes.subarray(0, 9).toString("latin1")} ${bytes.includes(`${HASH_TYPE_OF_VALKEY}${KEY}`) ? "with" : "without"} Valkey's type`;
    };
    const HASH_TYPE_OF_VALKEY = "\x16";
    const KEY = "\x01h";
    await client.text("HSET", "h", "a", "1", "b", "2");
    expect(await magicFor("version", "9.1.2")).toBe("REDIS0010 without Valkey's type");
    await client.command("HEXPIRE", "h", "100", "FIELDS", "1", "a");
    expect(await magicFor("version", "9.1.2")).toBe("VALKEY080 with Valkey's type");
    expect(await magicFor()).toBe("REDIS0012 without Valkey's type");
    await client.command("HPERSIST", "h", "FIELDS", "1", "a");
    expect(await magicFor("version", "9.1.2")).toBe("REDIS0010 without Valkey's type");
  });

  test("is a length, an image and the stream at once for who does not know the marks; empty lines bridge the wait", async () => {
    await using master = await Ours.start({ "rdb-key-save-delay": "100000" });
    await master.client.pipeline([
      ["SET", "a", "1"],
      ["SET", "b", "2"],
      ["SET", "c", "3"],
    ]);
    const replica = await rawReplica(master.port, { capa: [] });
    expect(await line(replica)).toMatch(/^\+FULLRESYNC /);
    master.pretendLater(1);
    expect((await replica.readBytes(1)).toString()).toBe("\n");
    await master.client.text("SET", "d", "4");
    expect((await readImage(replica)).includes("REDIS")).toBe(true);
    const expected = stream(["SELECT", 0], ["SET", "d", "4"]);
    expect((await readStream(replica, expected)).toString()).toBe(expected.toString());
    replica.close();
  });

  test("has no FULLRESYNC for who asks with SYNC", async () => {
    await using master = await Ours.start();
    const replica = await rawReplica(master.port, { capa: [], request: ["SYNC"] });
    expect((await readImage(replica)).includes("REDIS")).toBe(true);
    replica.close();
  });

  test("ends after the image where that is all that is wanted, and knows images without data", async () => {
    await using master = await Ours.start();
    await master.client.text("SET", "somekey", "1");
    const only = await rawReplica(master.port, { replconf: ["rdb-only", "1"] });
    expect(await line(only)).toMatch(/^\+FULLRESYNC /);
    expect((await readImage(only)).includes("somekey")).toBe(true);
    await only.closed;
    const empty = await rawReplica(master.port, { replconf: ["rdb-filter-only", ""] });
    expect(await line(empty)).toMatch(/^\+FULLRESYNC /);
    const bytes = await readImage(empty);
    expect(bytes.includes("REDIS")).toBe(true);
    expect(bytes.includes("somekey")).toBe(false);
    empty.close();
    const unfit = await rawReplica(master.port, { capa: [], replconf: ["rdb-filter-only", ""] });
    expect(await line(unfit)).toBe("-ERR Filtered replica requires EOF capability\r\n");
    unfit.close();
  });

  test("goes on from an offset that the backlog has, and only there", async () => {
    await using master = await Ours.start({ "repl-ping-replica-period": "1000000" });
    const first = await rawReplica(master.port);
    const [, replid = ""] = /^\+FULLRESYNC ([0-9a-f]{40}) 0\r\n$/.exec(await line(first)) ?? [];
    await readImage(first);
    master.pretendLater(0); // no PING moves the offset before a period is over
    await master.client.text("SET", "a", "1");
    await master.client.text("SET", "b", "2");
    first.close();
    const all = stream(["SELECT", 0], ["SET", "a", "1"], ["SET", "b", "2"]);
    const tail = stream(["SET", "b", "2"]);
    for (const [request, answer, bytes] of [
      [replid, `+CONTINUE ${replid}\r\n`, tail],
      [replid, "+CONTINUE\r\n", tail],
    ] as const) {
      const capa = answer.includes(" ") ? ["eof", "psync2"] : ["eof"];
      const replica = await rawReplica(master.port, { capa, request: ["PSYNC", request, all.length - tail.length + 1] });
      expect(await line(replica)).toBe(answer);
      expect((await readStream(replica, bytes)).toString()).toBe(bytes.toString());
      replica.close();
    }
    const current = await rawReplica(master.port, { request: ["PSYNC", replid, all.length + 1] });
    expect(await line(current)).toBe(`+CONTINUE ${replid}\r\n`);
    current.close();
    for (const [request, offset] of [
      [replid, all.length + 2],
      [replid, 0],
      ["f".repeat(40), 1],
      ["?", -1],
    ] as const) {
      const replica = await rawReplica(master.port, { request: ["PSYNC", request, offset] });
      expect(await line(replica)).toBe(`+FULLRESYNC ${replid} ${all.length}\r\n`);
      replica.close();
    }
    expect(await infoField(master.client, "stats", "sync_partial_ok")).toBe("3");
    expect(await infoField(master.client, "stats", "sync_partial_err")).toBe("3");
    expect(await infoField(master.client, "stats", "sync_full")).toBe("5");
  });

  test("drops what the backlog cannot hold", async () => {
    await using master = await Ours.start({ "repl-backlog-size": "16384" });
    const first = await rawReplica(master.port);
    const [, replid = ""] = /^\+FULLRESYNC ([0-9a-f]{40}) 0\r\n$/.exec(await line(first)) ?? [];
    first.close();
    await load(master.client, 3000, (index) => ["SET", "k", `${index}${"x".repeat(1000)}`]);
    expect(Number(await infoField(master.client, "replication", "repl_backlog_first_byte_offset"))).toBeGreaterThan(1);
    const replica = await rawReplica(master.port, { request: ["PSYNC", replid, 1] });
    expect(await line(replica)).toMatch(/^\+FULLRESYNC /);
    expect(master.log).toContain("for lack of backlog (Replica request was: 1).");
    replica.close();
  });

  testWithRedis("has Redis's answers to REPLCONF", async () => {
    await using ours = await Ours.start();
    await using real = await startReal();
    const requests = [
      ["REPLCONF"],
      ["REPLCONF", "capa"],
      ["REPLCONF", "capa", "eof", "capa", "something-new"],
      ["REPLCONF", "listening-port", "x"],
      ["REPLCONF", "listening-port", "6380"],
      ["REPLCONF", "ip-address", "10.0.0.1"],
      ["REPLCONF", "ip-address", "x".repeat(255)],
      ["REPLCONF", "ip-address", "x".repeat(256)],
      ["REPLCONF", "rdb-only", "2"],
      ["REPLCONF", "rdb-only", "x"],
      ["REPLCONF", "rdb-only", "1"],
      ["REPLCONF", "rdb-filter-only", "functions"],
      ["REPLCONF", "rdb-filter-only", '"'],
      ["REPLCONF", "rdb-filter-only", "keys"],
      ["REPLCONF", "unknown", "1"],
      ["PSYNC"],
      ["WAIT", "x", "1"],
      ["WAIT", "1", "x"],
      ["WAIT", "1", "-1"],
      ["WAIT", "0", "0"],
      ["WAIT", "-1", "0"],
      ["ROLE"],
      ["REPLICAOF", "NO", "ONE"],
      ["REPLICAOF", "localhost", "-1"],
      ["REPLICAOF", "localhost", "65536"],
    ];
    for (const words of requests) {
      expect([words.join(" "), (await ours.client.command(...words)).toString()]).toEqual([
        words.join(" "),
        (await real.client.command(...words)).toString(),
      ]);
    }
    // 7.0 waits for ever; 7.2 sees that the time overflows.
    expect((await ours.client.command("WAIT", 1, "9223372036854775807")).toString()).toBe("-ERR timeout is out of range\r\n");
    // 7.0 goes on with a full synchronisation after this error; 7.2 does not.
    expect((await ours.client.command("PSYNC", "?", "x")).toString()).toBe("-ERR value is not an integer or out of range\r\n");
  });
});

/** A replica with an image that reads nothing until it is told to. */
async function deafReplica(port: number): Promise<{ received: () => Buffer; listen(): void; closed: Promise<void> }> {
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket: Socket<undefined> = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, chunk) => {
        chunks.push(Buffer.from(chunk));
      },
      close: () => resolve(),
    },
  });
  const received = () => Buffer.concat(chunks);
  socket.write(Buffer.concat([encodeCommand(["REPLCONF", "capa", "eof"])]));
  await until("the answer", () => received().includes("+OK\r\n"));
  socket.write(encodeCommand(["PSYNC", "?", "-1"]));
  const mark = () => /\$EOF:([0-9a-f]{40})\r\n/.exec(received().toString("latin1"))?.[1];
  await until("the image", () => count(received().toString("latin1"), mark() ?? "-") === 2);
  chunks.length = 0;
  socket.write(encodeCommand(["REPLCONF", "ACK", "0"]));
  socket.pause();
  return { received, listen: () => socket.resume(), closed: promise };
}

describe("a replica that does not keep up", () => {
  const value = "v".repeat(100_000);

  test("gets every byte in order once it reads again", async () => {
    await using master = await Ours.start();
    const replica = await deafReplica(master.port);
    await load(master.client, 200, (index) => ["SET", `key:${index}`, value]);
    const expected = stream(["SELECT", 0], ...Array.from({ length: 200 }, (_, index) => ["SET", `key:${index}`, value]));
    expect(master.server.journal.size).toBeGreaterThan(10_000_000);
    replica.listen();
    await until("all of it", () => withoutPings(replica.received()).length >= expected.length);
    expect(withoutPings(replica.received()).equals(expected)).toBe(true);
    await load(master.client, 20, (index) => ["SET", `key:${index}`, value]);
    // What everybody has is kept no longer than the backlog needs it.
    expect(master.server.journal.size).toBeLessThan(4_000_000);
  });

  test("is cut off above client-output-buffer-limit replica", async () => {
    await using master = await Ours.start({ "client-output-buffer-limit": "replica 4mb 0 0" });
    const replica = await deafReplica(master.port);
    await load(master.client, 300, (index) => ["SET", `key:${index}`, value]);
    await until("the cut", async () => (await infoField(master.client, "replication", "connected_slaves")) === "0");
    expect(master.log).toContain("scheduled to be closed ASAP for overcoming of output buffer limits.");
    expect(await infoField(master.client, "stats", "client_output_buffer_limit_disconnections")).toBe("1");
    replica.listen();
    await replica.closed;
  });

  test("is cut off after the seconds of the soft limit", async () => {
    await using master = await Ours.start({ "client-output-buffer-limit": "replica 0 2mb 10" });
    await deafReplica(master.port);
    await load(master.client, 200, (index) => ["SET", `key:${index}`, value]);
    master.pretendLater(5);
    expect(master.server.replication.replicas.count).toBe(1);
    master.pretendLater(12);
    await until("the cut", () => master.server.replication.replicas.count === 0);
  });
});

describe("as time goes by", () => {
  test("replicas are pinged every repl-ping-replica-period seconds, and cut off when they are silent for repl-timeout", async () => {
    await using master = await Ours.start({ "repl-ping-replica-period": "3", hz: "1" });
    const replica = await rawReplica(master.port);
    await line(replica);
    await readImage(replica);
    replica.send(encodeCommand(["REPLCONF", "ACK", "0"]));
    for (let second = 0; second < 6; second++) master.pretendLater(second);
    const ping = "*1\r\n$4\r\nPING\r\n";
    expect((await replica.readBytes(ping.length * 2)).toString()).toBe(ping + ping);
    master.pretendLater(40);
    expect(replica.isClosed).toBe(false);
    master.pretendLater(62);
    await replica.closed;
    expect(master.log).toContain("Disconnecting timedout replica (streaming sync): 127.0.0.1:7777");
  });

  test("the backlog is freed, with a new history, after repl-backlog-ttl seconds without replicas", async () => {
    await using master = await Ours.start({ "repl-backlog-ttl": "20" });
    const replica = await rawReplica(master.port);
    await line(replica);
    await readImage(replica);
    const former = await infoField(master.client, "replication", "master_replid");
    master.pretendLater(50);
    expect(await infoField(master.client, "replication", "repl_backlog_active")).toBe("1");
    replica.close();
    await until("the leave", async () => (await infoField(master.client, "replication", "connected_slaves")) === "0");
    master.pretendLater(10);
    expect(await infoField(master.client, "replication", "master_replid")).toBe(former);
    master.pretendLater(22);
    expect(await infoField(master.client, "replication", "repl_backlog_active")).toBe("0");
    expect(await infoField(master.client, "replication", "master_replid")).not.toBe(former);
    expect(master.log).toContain("Replication backlog freed after 20 seconds without connected replicas.");
  });

  test("writes are refused while fewer replicas than min-replicas-to-write have been heard of in min-replicas-max-lag seconds", async () => {
    await using master = await Ours.start({ "min-replicas-to-write": "1", "min-replicas-max-lag": "5" });
    await using replica = await Ours.start();
    const refused = "-NOREPLICAS Not enough good replicas to write.\r\n";
    expect((await master.client.command("SET", "a", "1")).toString()).toBe(refused);
    expect((await master.client.command("GET", "a")).toString()).toBe("$-1\r\n");
    await follow(replica.client, master.port);
    expect((await master.client.command("SET", "a", "1")).toString()).toBe("+OK\r\n");
    expect(await infoField(master.client, "replication", "min_slaves_good_slaves")).toBe("1");
    await replica.client.text("REPLICAOF", "NO", "ONE");
    await until("the refusal", async () => (await master.client.command("SET", "a", "1")).toString() === refused);
    await master.client.text("CONFIG", "SET", "min-replicas-to-write", "0");
    expect((await master.client.command("SET", "a", "1")).toString()).toBe("+OK\r\n");
  });
});

describe("a promoted replica", () => {
  test("takes the other replicas over without a full synchronisation", async () => {
    await using first = await Ours.start();
    await using second = await Ours.start();
    await using third = await Ours.start();
    await loadKeys(first.client, 1000);
    await follow(second.client, first.port);
    await follow(third.client, first.port);
    await sameOffset(first.client, second.client);
    await sameOffset(first.client, third.client);
    await second.client.text("REPLICAOF", "NO", "ONE");
    await second.client.text("SELECT", 5);
    await second.client.text("SET", "five", "5");
    await follow(third.client, second.port);
    await follow(first.client, second.port);
    await sameOffset(second.client, third.client);
    await sameOffset(second.client, first.client);
    await equalDigests(second.client, third.client);
    await equalDigests(second.client, first.client);
    expect(await infoField(second.client, "stats", "sync_full")).toBe("0");
    expect(await infoField(second.client, "stats", "sync_partial_ok")).toBe("2");
  });
});

test("a replica that asks for an answer is cut off: it would stand in the middle of the stream", async () => {
  await using master = await Ours.start();
  const replica = await rawReplica(master.port);
  await line(replica);
  await readImage(replica);
  replica.send(encodeCommand(["PING"]));
  await replica.closed;
  expect(master.log).toContain("Replica generated a reply to command 'ping', disconnecting it");
});

for (const request of [
  ["SET", "evil", "1"],
  ["FLUSHALL"],
  ["GET", "k"],
  ["EVAL", "return redis.call('set', 'evil', 1)", "0"],
  ["PUBLISH", "c", "m"],
]) {
  test(`a replica may not send ${request[0]}: nothing is done, and it is cut off`, async () => {
    await using master = await Ours.start();
    await master.client.text("SET", "k", "v");
    const replica = await rawReplica(master.port);
    await line(replica);
    await readImage(replica);
    const before = await infoField(master.client, "replication", "master_repl_offset");
    replica.send(encodeCommand(request));
    await replica.closed;
    expect(await master.client.text("DBSIZE")).toBe("1");
    expect(await infoField(master.client, "replication", "master_repl_offset")).toBe(before);
    expect(await master.client.text("INFO", "errorstats")).toContain("errorstat_ERR:count=1");
  });
}
