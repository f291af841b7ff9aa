/** What a master makes of how its replicas behave. */
import { describe, expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { FakeMaster, follow, id, image, infoField, load, Ours, sameOffset, streamed, until } from "./support.ts";

// Linux takes every address that begins with 127 for its own.
test.skipIf(process.platform !== "linux")("a replica comes from the address that bind-source-addr names, from any without it", async () => {
  await using master = await Ours.start();
  for (const [address, from] of [
    ["127.0.0.2", "127.0.0.2"],
    ["", "127.0.0.1"],
  ]) {
    await using replica = await Ours.start({ "bind-source-addr": address });
    await follow(replica.client, master.port);
    expect(await infoField(master.client, "replication", "slave0")).toContain(`ip=${from},`);
    await replica.client.command("REPLICAOF", "NO", "ONE");
    await until("its end", async () => (await infoField(master.client, "replication", "connected_slaves")) === "0");
  }
});

describe("a master", () => {
  test("does not give up a replica that loads for longer than repl-timeout, as long as it says that it is there", async () => {
    await using master = await Ours.start();
    const client = await connect(master.port);
    client.send("REPLCONF capa eof\r\n");
    await client.readReply();
    client.send("PSYNC ? -1\r\n");
    await until("the image", async () => (await infoField(master.client, "replication", "slave0")).includes("state=online"));
    const [replica] = master.server.replication.replicas.list;
    const silent = () => {
      replica.acknowledgedAt -= 61_000;
      replica.session.lastActive -= 61_000;
    };
    silent();
    const before = replica.session.lastActive;
    client.send("\n");
    await until("the empty line", () => replica.session.lastActive > before);
    master.pretendLater(0);
    expect(await infoField(master.client, "replication", "connected_slaves")).toBe("1");
    silent();
    master.pretendLater(0);
    await client.closed;
    expect(master.log).toContain("Disconnecting timedout replica (streaming sync)");
  });

  test("says that it answers a replica with an error, which is none that a replica could ask for", async () => {
    await using master = await Ours.start();
    const client = await connect(master.port);
    client.send("PSYNC ? -1\r\n");
    await until("the image", () => master.server.replication.replicas.count === 1);
    client.send("GET foo\r\n");
    await client.closed;
    expect(master.log).toMatch(
      /== CRITICAL == This master is sending an error to its replica: '-ERR Replica can't interact with the keyspace'/,
    );
    expect(master.log).toContain("Replica generated a reply to command 'get', disconnecting it: ");
  });

  test("says that a replica asks for an offset which is none", async () => {
    await using master = await Ours.start();
    for (const offset of ["offset_str", "1.5", "9223372036854775808"]) {
      const reply = await master.client.command("PSYNC", "replicationid", offset);
      expect(reply.toString()).toBe("-ERR value is not an integer or out of range\r\n");
    }
    expect(master.log.split("asks for synchronization but with a wrong offset").length).toBe(4);
  });

  test("goes on with the file for a replica that is gone where there are save points, and gives it up where there are none", async () => {
    for (const save of ["", "900 1"]) {
      await using master = await Ours.start({ save, "repl-diskless-sync": "no", "rdb-key-save-delay": "1000000" });
      await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
      const client = await connect(master.port);
      client.send("PSYNC ? -1\r\n");
      await until("the save", () => master.server.persistence.saving);
      client.close();
      await until("the end of the connection", () => master.server.replication.replicas.count === 0);
      if (save === "") await until("the end of the save", () => !master.server.persistence.saving);
      expect(await infoField(master.client, "persistence", "rdb_bgsave_in_progress")).toBe(save === "" ? "0" : "1");
    }
  });

  test("counts an image that goes straight to replicas among the saves under way, and says when it has been made", async () => {
    await using master = await Ours.start({ "rdb-key-save-delay": "1000000" });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    const client = await connect(master.port);
    await client.text("REPLCONF", "capa", "eof");
    client.send("PSYNC ? -1\r\n");
    await until("the image", async () => (await infoField(master.client, "persistence", "rdb_bgsave_in_progress")) === "1");
    client.close();
    await until("its end", async () => (await infoField(master.client, "persistence", "rdb_bgsave_in_progress")) === "0");
    expect(master.log).toContain("Diskless rdb transfer, last replica dropped, killing fork child.");
    expect(master.log).toContain("# Background transfer error");
  });

  test("makes no more of an image for replicas than there was of it at FLUSHALL: they ask for another", async () => {
    await using master = await Ours.start({ "rdb-key-save-delay": "1000000" });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    await using replica = await Ours.start();
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the image", async () => (await infoField(master.client, "persistence", "rdb_bgsave_in_progress")) === "1");
    await master.client.text("FLUSHALL");
    await until("the link", async () => (await infoField(replica.client, "replication", "master_link_status")) === "up");
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DBSIZE")).toBe("0");
    expect(master.log.split("Background RDB transfer started by pid").length).toBe(3);
    expect(master.log).toContain("Background RDB transfer terminated with success");
  });
});

test("DEBUG RELOAD and DEBUG LOADAOF wait for no load that is under way", async () => {
  using master = new FakeMaster();
  await using replica = await Ours.start({ "repl-diskless-load": "on-empty-db", replicaof: `127.0.0.1 ${master.port}` });
  const link = await master.accept();
  await link.greet();
  link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
  link.send(streamed(image({ a: "1" })).subarray(0, -50));
  await until("the load", async () => (await infoField(replica.client, "persistence", "loading")) === "1");
  for (const words of [["RELOAD"], ["LOADAOF"]]) {
    expect((await replica.client.command("DEBUG", ...words)).toString()).toBe("-LOADING Redis is loading the dataset in memory\r\n");
  }
});
