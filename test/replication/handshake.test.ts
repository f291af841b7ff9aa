import { describe, expect, test } from "bun:test";
import { FakeMaster, id, image, infoField, linkUp, measured, Ours, stream, streamed, until } from "./support.ts";

/** Starts one of ours and makes it follow `master`. */
async function replicaOf(master: FakeMaster, directives: Parameters<typeof Ours.start>[0] = {}): Promise<Ours> {
  return Ours.start({ ...directives, replicaof: `127.0.0.1 ${master.port}` });
}

const FULL = `+FULLRESYNC ${id("a")} 1000\r\n`;

describe("the handshake", () => {
  test("goes step by step, each command only after the answer to the one before", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master, { masteruser: "someone", masterauth: "secret", "replica-announce-ip": "10.1.2.3" });
    const link = await master.accept();
    const steps = [
      [["PING"], "+PONG\r\n"],
      [["AUTH", "someone", "secret"], "+OK\r\n"],
      [["REPLCONF", "listening-port", String(replica.port)], "+OK\r\n"],
      [["REPLCONF", "ip-address", "10.1.2.3"], "+OK\r\n"],
      [["REPLCONF", "capa", "eof", "capa", "psync2"], "+OK\r\n"],
      // To Valkey; a Redis knows no such option.
      [["REPLCONF", "version", "9.1.0"], "-ERR Unrecognized REPLCONF option: version\r\n"],
    ] as const;
    for (const [words, answer] of steps) {
      expect(await link.command()).toEqual([...words]);
      await replica.client.text("PING");
      expect(link.unread).toBe("");
      expect(await replica.client.command("ROLE")).toEqual(
        Buffer.from(`*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:${master.port}\r\n$9\r\nhandshake\r\n:-1\r\n`),
      );
      link.send(answer);
    }
    expect(await link.command()).toEqual(["PSYNC", "?", "-1"]);
    link.send(`${FULL}`);
    link.send(streamed(image({ a: "1" })));
    expect(await link.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    await linkUp(replica.client);
    expect(await replica.client.text("GET", "a")).toBe("1");
    expect(await infoField(replica.client, "replication", "master_replid")).toBe(id("a"));
    expect(replica.log).toContain("Master replied to PING, replication can continue...");
    expect(replica.log).toContain("MASTER <-> REPLICA sync: Finished with success");
  });

  test("logs in with the password alone where there is no user, and announces another port", async () => {
    using master = new FakeMaster();
    await using _replica = await replicaOf(master, { masterauth: "secret", "replica-announce-port": "4321" });
    const link = await master.accept();
    expect(await link.command()).toEqual(["PING"]);
    link.send("-NOAUTH Authentication required.\r\n");
    expect(await link.command()).toEqual(["AUTH", "secret"]);
    link.send("+OK\r\n");
    expect(await link.command()).toEqual(["REPLCONF", "listening-port", "4321"]);
  });

  for (const answer of ["-NOAUTH Authentication required.", "-NOPERM no permissions", "-ERR operation not permitted"]) {
    test(`goes on when PING is answered ${JSON.stringify(answer)}`, async () => {
      using master = new FakeMaster();
      await using _replica = await replicaOf(master);
      const link = await master.accept();
      expect(await link.command()).toEqual(["PING"]);
      link.send(`${answer}\r\n`);
      expect((await link.command()).slice(0, 2)).toEqual(["REPLCONF", "listening-port"]);
    });
  }

  test("gives up on another error, says what came, and tries again", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master);
    const link = await master.accept();
    await link.command();
    link.send("-ERR max number of clients reached\r\n");
    await link.hangup();
    expect(replica.log).toContain("Error reply to PING from master: '-ERR max number of clients reached'");
    replica.pretendLater(1);
    expect(await (await master.accept()).command()).toEqual(["PING"]);
  });

  test("gives up when the login is refused", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master, { masterauth: "wrong" });
    const link = await master.accept();
    await link.command();
    link.send("+PONG\r\n");
    await link.command();
    link.send("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    await link.hangup();
    expect(replica.log).toContain("Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair");
  });

  test("goes on when the master knows no REPLCONF", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master, { "replica-announce-ip": "10.1.2.3" });
    const link = await master.accept();
    await link.command();
    link.send("+PONG\r\n");
    for (let step = 0; step < 4; step++) {
      expect((await link.command())[0]).toBe("REPLCONF");
      link.send("-ERR unknown command\r\n");
    }
    expect(await link.command()).toEqual(["PSYNC", "?", "-1"]);
    for (const step of ["listening-port", "ip-address", "capa"]) {
      expect(replica.log).toContain(`(Non critical) Master does not understand REPLCONF ${step}: -ERR unknown command`);
    }
    expect(replica.log).not.toContain("REPLCONF version");
  });

  for (const [answer, logged] of [
    [
      "-NOMASTERLINK Can't SYNC while not connected with my master",
      "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK",
    ],
    ["-LOADING Redis is loading the dataset in memory", "Master is currently unable to PSYNC but should be in the future: -LOADING"],
    ["+HELLO you", "Unexpected reply to PSYNC from master: +HELLO you"],
    ["+FULLRESYNC short 12", "Master replied with wrong +FULLRESYNC syntax: +FULLRESYNC short 12"],
    ["+CONTINUE", "Master wants to continue a history that was not asked for: +CONTINUE"],
  ]) {
    test(`tries again when PSYNC is answered ${JSON.stringify(answer)}`, async () => {
      using master = new FakeMaster();
      await using replica = await replicaOf(master);
      const link = await master.accept();
      await link.greet();
      link.send(`\n\n${answer}\r\n`);
      await link.hangup();
      expect(replica.log).toContain(logged ?? "");
      replica.pretendLater(1);
      await (await master.accept()).greet();
    });
  }

  test("asks with SYNC where PSYNC is not known, and acknowledges nothing then", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master);
    const link = await master.accept();
    await link.greet();
    link.send("-ERR unknown command 'PSYNC'\r\n");
    expect(await link.command()).toEqual(["SYNC"]);
    link.send(measured(image({ a: "old" })));
    await linkUp(replica.client);
    link.send(stream(["SET", "b", "new"]));
    await until("the write", async () => (await replica.client.command("GET", "b")).toString() === "$3\r\nnew\r\n");
    replica.pretendLater(1);
    await replica.client.text("PING");
    // Empty lines are for a master that waits while the image is loaded, which takes a second on a slow machine.
    expect(link.unread.trim()).toBe("");
    link.hangUp();
    expect(await (await master.accept()).greet()).toEqual(["PSYNC", "?", "-1"]);
  });

  test("does not wait longer than repl-timeout at any step", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master, { masterauth: "x", "replica-announce-ip": "1.2.3.4" });
    for (let answered = 0; answered < 6; answered++) {
      const link = await master.accept();
      for (let step = 0; step < answered; step++) {
        await link.command();
        link.send("+OK\r\n");
      }
      const [name = "", option = ""] = await link.command();
      replica.pretendLater(50);
      await replica.client.text("PING");
      expect(link.closed).toBe(false);
      replica.pretendLater(62);
      await link.hangup();
      expect(replica.log).toContain(
        `Timeout connecting to the MASTER... (waiting for ${name === "REPLCONF" ? `${name} ${option}` : name})`,
      );
    }
  });

  test("does not take endless lines", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master);
    const link = await master.accept();
    await link.command();
    link.send(`+${"x".repeat(5000)}`);
    await link.hangup();
    expect(replica.log).toContain("The answer of MASTER to PING is longer than 1024 bytes");
  });

  test("is tried again once a second where no one listens", async () => {
    const gone = new FakeMaster();
    const { port } = gone;
    gone[Symbol.dispose]();
    await using replica = await Ours.start({ replicaof: `127.0.0.1 ${port}` });
    const attempts = () => replica.log.split(`Connecting to MASTER 127.0.0.1:${port}`).length - 1;
    await until("the second attempt", () => attempts() >= 2);
    expect(replica.log).toContain("Error condition on socket for SYNC: ");
    expect(attempts()).toBeLessThan(4);
  });
});

describe("the payload", () => {
  for (const [form, wrap] of [
    ["$EOF", streamed],
    ["$length", measured],
  ] as const) {
    test(`in its form ${form} may come byte by byte, with the stream after it`, async () => {
      using master = new FakeMaster();
      await using replica = await replicaOf(master);
      const link = await master.accept();
      await link.greet();
      const writes = stream(["SELECT", 2], ["SET", "c", "3"], ["MULTI"], ["INCR", "c"], ["INCR", "c"], ["EXEC"]);
      await link.trickle(Buffer.concat([Buffer.from(`\n${FULL}\n\n`), wrap(image({ a: "1", b: "two" })), writes]));
      await until(
        "the last write",
        async () => Number(await infoField(replica.client, "replication", "slave_repl_offset")) === 1000 + writes.length,
      );
      expect(await replica.client.text("GET", "b")).toBe("two");
      await replica.client.text("SELECT", 2);
      expect(await replica.client.text("GET", "c")).toBe("5");
    });
  }

  test("replaces the data that was there, and says where in the stream's databases it stands", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start();
    await replica.client.text("SET", "mine", "1");
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    link.send(Buffer.concat([streamed(image({ a: "1" }, 5)), stream(["SET", "in5", "yes"])]));
    await linkUp(replica.client);
    expect((await replica.client.command("EXISTS", "mine")).toString()).toBe(":0\r\n");
    await replica.client.text("SELECT", 5);
    expect(await replica.client.text("GET", "in5")).toBe("yes");
  });

  test("read from the socket keeps clients waiting with LOADING, and leaves nothing when it breaks off", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master, { "repl-diskless-load": "on-empty-db" });
    const link = await master.accept();
    await link.greet();
    const bytes = streamed(image({ a: "1", b: "2" }));
    link.send(FULL);
    link.send(bytes.subarray(0, bytes.length - 60));
    await until("LOADING", async () => (await replica.client.command("GET", "a")).toString().startsWith("-LOADING "));
    expect(await infoField(replica.client, "replication", "master_sync_in_progress")).toBe("1");
    link.hangUp();
    const next = await master.accept();
    expect((await replica.client.command("DBSIZE")).toString()).toBe(":0\r\n");
    expect(replica.log).toContain("I/O error trying to sync with MASTER: connection lost");
    expect(await next.greet()).toEqual(["PSYNC", "?", "-1"]);
    next.send(FULL);
    next.send(bytes);
    await linkUp(replica.client);
    expect(await replica.client.text("GET", "a")).toBe("1");
  });

  for (const [what, payload, logged] of [
    ["an error", "-ERR BGSAVE failed, replication can't continue\r\n", "MASTER aborted replication with an error: ERR BGSAVE failed"],
    ["no payload", "*1\r\n", "Bad protocol from MASTER, the first byte is not '$' (we received '*1')"],
    [
      "an image that is none",
      "$12\r\nNOT AN IMAGE",
      "Failed trying to load the MASTER synchronization DB from disk: RDB, byte 0: bad magic",
    ],
    ["half an image", measured(image({ a: "1" }).subarray(0, -20)), "Failed trying to load the MASTER synchronization DB from disk: "],
  ] as const) {
    test(`that is ${what} is logged, leaves no data, and is asked for again`, async () => {
      using master = new FakeMaster();
      await using replica = await replicaOf(master);
      const link = await master.accept();
      await link.greet();
      link.send(FULL);
      link.send(payload);
      await link.hangup();
      expect(replica.log).toContain(logged);
      expect((await replica.client.command("DBSIZE")).toString()).toBe(":0\r\n");
      replica.pretendLater(1);
      expect(await (await master.accept()).greet()).toEqual(["PSYNC", "?", "-1"]);
    });
  }

  test("that stops coming is given up after repl-timeout; until then the master hears that the replica is there", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master);
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    await until("the transfer", async () => (await infoField(replica.client, "replication", "master_sync_in_progress")) === "1");
    replica.pretendLater(1);
    await until("a sign of life", () => link.unread === "\n");
    replica.pretendLater(62);
    await link.hangup();
    expect(replica.log).toContain("Timeout receiving bulk data from MASTER...");
  });

  test("is not served to replicas of ours while it comes", async () => {
    using master = new FakeMaster();
    await using replica = await replicaOf(master);
    await (await master.accept()).greet();
    const reply = await replica.client.command("PSYNC", "?", "-1");
    expect(reply.toString()).toBe("-NOMASTERLINK Can't SYNC while not connected with my master\r\n");
    await using other = await Ours.start();
    await other.client.text("REPLICAOF", "127.0.0.1", replica.port);
    await until("the refusal", () => other.log.includes("Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK"));
    expect(await infoField(other.client, "replication", "master_link_status")).toBe("down");
    await other.client.text("REPLICAOF", "NO", "ONE");
  });
});
