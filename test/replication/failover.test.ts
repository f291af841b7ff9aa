/** FAILOVER: a master and its replica change places, and nothing is lost. */
import { describe, expect, test } from "bun:test";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { describeWithRedis } from "../support/redis.ts";
import { follow, infoField, linkUp, loadKeys, Ours, sameOffset, startReal, until } from "./support.ts";

async function reply(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString();
}

const state = (client: RawClient): Promise<string> => infoField(client, "replication", "master_failover_state");
const roleOf = (client: RawClient): Promise<string> => infoField(client, "replication", "role");

async function changedPlaces(former: RawClient, master: RawClient): Promise<void> {
  await until("the master to be a replica", async () => (await roleOf(former)) === "slave");
  await until("the replica to be the master", async () => (await roleOf(master)) === "master");
  await until("the failover to be over", async () => (await state(former)) === "no-failover");
  await linkUp(former);
}

describeWithRedis("FAILOVER", () => {
  for (const [who, startMaster, startReplica] of [
    ["ours to ours", Ours.start, Ours.start],
    ["ours to Redis", Ours.start, startReal],
    ["Redis to ours", startReal, Ours.start],
  ] as const) {
    test(`${who}: they change places, with a partial synchronisation, and back`, async () => {
      await using master = await startMaster();
      await using replica = await startReplica();
      await loadKeys(master.client, 1000);
      await follow(replica.client, master.port);
      await sameOffset(master.client, replica.client);
      expect(await reply(master.client, "FAILOVER")).toBe("+OK\r\n");
      await changedPlaces(master.client, replica.client);
      expect(await reply(master.client, "SET", "x", "1")).toStartWith("-READONLY");
      expect(await reply(replica.client, "SET", "x", "1")).toBe("+OK\r\n");
      await sameOffset(replica.client, master.client);
      expect(await infoField(replica.client, "stats", "sync_partial_ok")).toBe("1");
      expect(await infoField(replica.client, "stats", "sync_full")).toBe("0");
      expect(await reply(replica.client, "FAILOVER", "TO", "127.0.0.1", master.port, "TIMEOUT", 60_000)).toBe("+OK\r\n");
      await changedPlaces(replica.client, master.client);
      expect(await master.client.text("GET", "x")).toBe("1");
      expect(await master.client.text("DEBUG", "DIGEST")).toBe(await replica.client.text("DEBUG", "DIGEST"));
    });
  }

  test("refuses what makes no sense, as Redis does", async () => {
    const requests = (port: number): Word[][] => [
      ["FAILOVER", "ABORT"],
      ["FAILOVER", "TIMEOUT", 0],
      ["FAILOVER", "TIMEOUT", -1],
      ["FAILOVER", "TIMEOUT", "x"],
      ["FAILOVER", "TIMEOUT"],
      ["FAILOVER", "TIMEOUT", 1, "TIMEOUT", 1],
      ["FAILOVER", "TO", "127.0.0.1"],
      ["FAILOVER", "TO", "127.0.0.1", "x"],
      ["FAILOVER", "TO", "127.0.0.1", port, "TO", "127.0.0.1", port],
      ["FAILOVER", "FORCE", "FORCE"],
      ["FAILOVER", "FORCE", "TIMEOUT", 100],
      ["FAILOVER", "TO", "127.0.0.1", port, "FORCE"],
      ["FAILOVER", "TO", "127.0.0.1", 1],
      ["FAILOVER", "TO", "nowhere", port, "TIMEOUT", 100],
      ["FAILOVER", "NOSUCH"],
      ["FAILOVER", "ABORT", "ABORT"],
    ];
    await using ours = await Ours.start();
    await using real = await startReal();
    await using ourReplica = await Ours.start();
    await using realReplica = await Ours.start();
    const alone: string[][] = [];
    const followed: string[][] = [];
    for (const [master, replica] of [
      [ours, ourReplica],
      [real, realReplica],
    ] as const) {
      const replies = async () => {
        const said: string[] = [];
        for (const request of requests(replica.port)) said.push(await reply(master.client, ...request));
        return said;
      };
      alone.push([await reply(master.client, "FAILOVER"), ...(await replies())]);
      await follow(replica.client, master.port);
      followed.push([...(await replies()), await reply(replica.client, "FAILOVER")]);
    }
    expect(alone[0]).toEqual(alone[1] as string[]);
    expect(followed[0]).toEqual(followed[1] as string[]);
  });
});

describe("a failover", () => {
  /** A master whose replica does not acknowledge any more, and has not got all. */
  async function stuck(): Promise<{ master: Ours; replica: Ours } & AsyncDisposable> {
    const master = await Ours.start();
    const replica = await Ours.start();
    await follow(replica.client, master.port);
    await sameOffset(master.client, replica.client);
    const [only] = master.server.replication.replicas.list;
    Object.defineProperty(only, "acknowledged", { get: () => 0, set: () => {} });
    return {
      master,
      replica,
      async [Symbol.asyncDispose]() {
        await master[Symbol.asyncDispose]();
        await replica[Symbol.asyncDispose]();
      },
    };
  }

  test("has writes wait, and is given up by ABORT: they go on then", async () => {
    await using both = await stuck();
    const { master, replica } = both;
    const { client } = master;
    expect(await reply(client, "FAILOVER")).toBe("+OK\r\n");
    expect(await state(client)).toBe("waiting-for-sync");
    const writer = await connect(master.port);
    const written = reply(writer, "SET", "x", "1");
    expect(await reply(client, "GET", "x")).toBe("$-1\r\n");
    expect(await reply(client, "FAILOVER")).toBe("-ERR FAILOVER already in progress.\r\n");
    expect(await reply(client, "REPLICAOF", "127.0.0.1", replica.port)).toBe("-ERR REPLICAOF not allowed while failing over.\r\n");
    expect(await reply(client, "SYNC")).toBe("-NOMASTERLINK Can't SYNC while failing over\r\n");
    expect(await reply(client, "FAILOVER", "ABORT")).toBe("+OK\r\n");
    expect(await written).toBe("+OK\r\n");
    writer.close();
    expect(await state(client)).toBe("no-failover");
    expect(await roleOf(client)).toBe("master");
    expect(master.log).toContain("FAILOVER to any replica aborted: Failover manually aborted");
  });

  test("is given up when its time is over", async () => {
    await using both = await stuck();
    const { client } = both.master;
    const target = ["TO", "127.0.0.1", both.replica.port] as const;
    expect(await reply(client, "FAILOVER", ...target, "TIMEOUT", 1)).toBe("+OK\r\n");
    await until("the end", async () => (await state(client)) === "no-failover");
    expect(await roleOf(client)).toBe("master");
    expect(both.master.log).toContain(`FAILOVER to 127.0.0.1:${both.replica.port} aborted: Replica never caught up before timeout`);
    expect(await reply(client, "SET", "x", "1")).toBe("+OK\r\n");
  });

  test("goes on with FORCE when its time is over", async () => {
    await using both = await stuck();
    const { master, replica } = both;
    expect(await reply(master.client, "FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 1, "FORCE")).toBe("+OK\r\n");
    await changedPlaces(master.client, replica.client);
    expect(master.log).toContain("time out exceeded, failing over.");
  });

  test("that the target refuses is given up: this is the master again, and the replica comes back", async () => {
    await using both = await stuck();
    const { master, replica } = both;
    // Another history: the target does not take over.
    const { history } = replica.server.replication;
    history.adopt("f".repeat(40));
    expect(await reply(master.client, "FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 1, "FORCE")).toBe("+OK\r\n");
    await until("the refusal", async () => master.log.includes("aborted: Failover target rejected psync request"));
    expect(await roleOf(master.client)).toBe("master");
    expect(await state(master.client)).toBe("no-failover");
    expect(await reply(master.client, "SET", "x", "1")).toBe("+OK\r\n");
    await linkUp(replica.client);
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("GET", "x")).toBe("1");
  });

  test("whose target is gone is tried on and on, until it is aborted", async () => {
    const { master, replica } = await stuck();
    await using _stop = master;
    const { client } = master;
    expect(await reply(client, "FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 1, "FORCE")).toBe("+OK\r\n");
    await replica[Symbol.asyncDispose]();
    await until("the attempt", async () => (await state(client)) === "failover-in-progress");
    expect(await roleOf(client)).toBe("slave");
    await until("a failure", async () => master.log.includes("Error condition on socket for SYNC"));
    expect(await reply(client, "FAILOVER", "ABORT")).toBe("+OK\r\n");
    expect([await roleOf(client), await state(client)]).toEqual(["master", "no-failover"]);
    expect(await reply(client, "SET", "x", "1")).toBe("+OK\r\n");
  });
});
