import { describe, expect, test } from "bun:test";
import { follow, infoField, Ours, startReal, until } from "../replication/support.ts";
import { connect } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";

describe("WAIT", () => {
  test("answers at once when enough replicas have everything", async () => {
    await using master = await Ours.start();
    expect((await master.client.command("WAIT", 0, 0)).toString()).toBe(":0\r\n");
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    expect((await master.client.command("WAIT", 1, 0)).toString()).toBe(":1\r\n");
  });

  testWithRedis("makes replicas acknowledge: ours and real ones", async () => {
    await using master = await Ours.start();
    await using ours = await Ours.start();
    await using real = await startReal();
    await follow(ours.client, master.port);
    await follow(real.client, master.port);
    // So they acknowledge nothing unless they are asked.
    for (const replica of [ours, real]) await replica.client.text("DEBUG", "PAUSE-CRON", 1);
    for (let round = 0; round < 20; round++) {
      await master.client.text("SET", "k", round);
      expect((await master.client.command("WAIT", 2, 0)).toString()).toBe(":2\r\n");
      expect(await ours.client.text("GET", "k")).toBe(String(round));
      expect(await real.client.text("GET", "k")).toBe(String(round));
    }
    await real.client.text("DEBUG", "PAUSE-CRON", 0); // which ends it when it is told to stop
  });

  test("answers with what there is when its time is over", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    await master.client.text("SET", "k", "1");
    // The server is in this process: timers fire in their order, whatever the machine is doing.
    let earlier = false;
    setTimeout(() => {
      earlier = true;
    }, 40);
    expect((await master.client.command("WAIT", 2, 50)).toString()).toBe(":1\r\n");
    expect(earlier).toBe(true);
    expect(await infoField(master.client, "clients", "blocked_clients")).toBe("0");
  });

  test("holds back what its client sends meanwhile, and no one else", async () => {
    await using master = await Ours.start();
    const waiter = await connect(master.port);
    await waiter.text("SET", "k", "1");
    const answers = waiter.pipeline([
      ["WAIT", 1, 0],
      ["SET", "k", "2"],
      ["GET", "k"],
    ]);
    await until("the wait", async () => (await infoField(master.client, "clients", "blocked_clients")) === "1");
    expect(await master.client.text("GET", "k")).toBe("1");
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    expect((await answers).map(String)).toEqual([":1\r\n", "+OK\r\n", "$1\r\n2\r\n"]);
    waiter.close();
  });

  test("does not block in a transaction", async () => {
    await using master = await Ours.start();
    await master.client.text("MULTI");
    await master.client.text("SET", "k", "1");
    await master.client.text("WAIT", 1, 0);
    expect((await master.client.command("EXEC")).toString()).toBe("*2\r\n+OK\r\n:0\r\n");
  });

  test("is forgotten when its client leaves", async () => {
    await using master = await Ours.start();
    const waiter = await connect(master.port);
    waiter.send("*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n");
    await until("the wait", async () => (await infoField(master.client, "clients", "blocked_clients")) === "1");
    waiter.close();
    await until("the leave", async () => (await infoField(master.client, "clients", "blocked_clients")) === "0");
  });

  test("ends with an error and the connection when the server becomes a replica, where WAIT is an error", async () => {
    await using master = await Ours.start();
    const waiter = await connect(master.port);
    const answer = waiter.command("WAIT", 1, 0);
    await until("the wait", async () => (await infoField(master.client, "clients", "blocked_clients")) === "1");
    await master.client.text("REPLICAOF", "127.0.0.1", 1);
    expect((await answer).toString()).toBe(
      "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n",
    );
    await waiter.closed;
    expect((await master.client.command("WAIT", 1, 0)).toString()).toStartWith("-ERR WAIT cannot be used with replica instances.");
  });
});
