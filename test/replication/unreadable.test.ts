/** Replicas that cannot read hashes whose fields have times: they are told so, and there is no loop of full synchronizations. */

import { describe, expect, test } from "bun:test";
import { Replica } from "../../src/replication/master/replica.ts";
import { UnreadableData } from "../../src/replication/master/unreadable.ts";
import { Session } from "../../src/session/session.ts";
import { connect, type RawClient } from "../support/client.ts";
import { CollectingLink } from "../support/link.ts";
import { startPeer, wantOfPeers } from "../support/peers.ts";
import { describeWithRedis } from "../support/redis.ts";
import { follow, infoField, linkUp, Ours, startReal, until } from "./support.ts";

const REFUSED =
  '-ERR Can\'t send key "timed" (db 0), a hash with field expiration, to a replica that cannot read it: Redis 7.4 and Valkey 9.0 are the first that can\r\n';
const LOGGED = "Redis 7.4 and Valkey 9.0 are the first that can. It is answered with an error until there are none.";

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

async function withTimes(directives: Parameters<typeof Ours.start>[0] = {}): Promise<Ours> {
  const ours = await Ours.start(directives);
  await ours.client.text("HSET", "timed", "field", "value");
  await ours.client.command("HEXPIRE", "timed", 1000, "FIELDS", 1, "field");
  return ours;
}

describeWithRedis("a Redis 7.0", () => {
  for (const [form, directives] of [
    ["from the socket", {}],
    ["from a file", { "repl-diskless-sync": "no" }],
  ] as const) {
    test(`gets the image ${form} twice, then an error with the key, and the data once no field has a time any more`, async () => {
      await using master = await withTimes(directives);
      await using replica = await startReal();
      await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
      await until(
        "the replica to be refused again and again",
        async () => count(await replica.process.log(), 'MASTER aborted replication with an error: ERR Can\'t send key "timed"') > 2,
      );
      expect(await infoField(master.client, "stats", "sync_full")).toBe("2");
      expect(count(master.log, LOGGED)).toBe(1);
      expect(await replica.process.log()).toContain(`(reply: ${REFUSED.trim()})`);
      await master.client.command("HPERSIST", "timed", "FIELDS", 1, "field");
      await linkUp(replica.client);
      expect(await replica.client.text("HGET", "timed", "field")).toBe("value");
      expect(await infoField(master.client, "stats", "sync_full")).toBe("3");
    });
  }
});

describe("servers that read them", () => {
  for (const name of ["valkey9", "redis8"] as const) {
    const want = wantOfPeers(name);
    test.skipIf(want !== "")(`${name} gets them, again and again${want}`, async () => {
      await using master = await withTimes();
      await using server = await startPeer(name, { args: ["--save", "", "--repl-diskless-load", "on-empty-db"] });
      const client = await server.connect();
      for (let round = 1; round <= 3; round++) {
        await follow(client, master.port);
        expect((await client.command("HTTL", "timed", "FIELDS", 1, "field")).toString()).toMatch(/^\*1\r\n:\d{3,4}\r\n$/);
        await client.text("REPLICAOF", "NO", "ONE");
        await client.text("SET", "own", round);
      }
      expect(master.log).not.toContain(LOGGED);
      client.close();
    });
  }
});

/** Says these things as a replica does, and asks for all of the data. */
async function ask(ours: Ours, port: number, ...said: readonly (readonly string[])[]): Promise<{ client: RawClient; answer: string }> {
  const client = await connect(ours.port);
  await client.text("REPLCONF", "listening-port", port);
  await client.text("REPLCONF", "capa", "eof", "capa", "psync2");
  for (const words of said) await client.text("REPLCONF", ...words);
  client.send("PSYNC ? -1\r\n");
  return { client, answer: (await client.readLine()).toString() };
}

/** Hangs up, and waits until that is known. */
async function hangUp(ours: Ours, client: RawClient): Promise<void> {
  client.close();
  await until("the replica to be gone", () => ours.server.replication.replicas.count === 0);
}

describe("a replica", () => {
  test("that says a version without them is refused at once, with PSYNC and with SYNC", async () => {
    await using ours = await withTimes();
    const { client, answer } = await ask(ours, 7777, ["version", "8.1.4"]);
    expect(answer).toBe(REFUSED);
    expect((await client.command("SYNC")).toString()).toBe(REFUSED);
    client.close();
    expect(count(ours.log, LOGGED)).toBe(1);
    expect(await infoField(ours.client, "stats", "sync_full")).toBe("0");
  });

  for (const said of [
    ["version", "9.0.0"],
    ["capa", "rdb-channel-repl"],
  ])
    test(`that says ${said.join(" ")} is never refused, however often it hangs up`, async () => {
      await using ours = await withTimes();
      for (let round = 0; round < 4; round++) {
        const { client, answer } = await ask(ours, 7777, said);
        expect(answer).toStartWith("+FULLRESYNC");
        await hangUp(ours, client);
      }
    });

  test("that says nothing is refused once it has hung up twice in a row, by its address, and no other is", async () => {
    await using ours = await withTimes();
    const attempt = async (port: number): Promise<string> => {
      const { client, answer } = await ask(ours, port);
      await hangUp(ours, client);
      return answer;
    };
    expect(await attempt(7777)).toStartWith("+FULLRESYNC");
    expect(await attempt(7777)).toStartWith("+FULLRESYNC");
    expect(await attempt(7777)).toBe(REFUSED);
    expect(await attempt(7777)).toBe(REFUSED);
    expect(await attempt(7778)).toStartWith("+FULLRESYNC");
    // It takes the image in this time, and says so: it can, and what came before counts no more.
    const { client } = await ask(ours, 7778);
    await until("the image", () => client.unread().includes("timed"));
    client.send("REPLCONF ACK 0\r\n");
    await until("what it acknowledges", () => ours.server.replication.replicas.list[0]?.owesTimes === false);
    await hangUp(ours, client);
    for (let round = 0; round < 3; round++) expect(await attempt(7778)).toStartWith("+FULLRESYNC");
    expect(count(ours.log, LOGGED)).toBe(1);
    await ours.client.command("HPERSIST", "timed", "FIELDS", 1, "field");
    expect(await attempt(7777)).toStartWith("+FULLRESYNC");
    expect(await attempt(7778)).toStartWith("+FULLRESYNC");
  });

  test("that wants a file is not refused", async () => {
    await using ours = await withTimes();
    for (let round = 0; round < 3; round++) {
      const { client, answer } = await ask(ours, 7777, ["rdb-only", "1"]);
      expect(answer).toStartWith("+FULLRESYNC");
      await hangUp(ours, client);
    }
  });

  async function judged(run: (data: UnreadableData, replica: Replica, later: (minutes: number) => void) => void): Promise<void> {
    await using ours = await withTimes();
    let now = 1_000_000;
    const data = new UnreadableData(ours.server, () => now);
    const database = ours.server.keyspace.databases[0];
    const replica = new Replica(new Session({ id: 1, link: new CollectingLink().link, database, now, authenticated: true }));
    run(data, replica, (minutes) => {
      now += minutes * 60_000;
    });
  }

  test("that was refused gets one more image after a minute, then after two, four and so on, up to an hour", () =>
    judged((data, replica, later) => {
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(data.refusal(replica)).toBeNull();
        data.failed(replica);
      }
      for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
        later(minutes);
        expect(data.refusal(replica)).not.toBeNull();
        later(0.1);
        expect(data.refusal(replica)).toBeNull();
        expect(data.refusal(replica)).not.toBeNull();
        data.failed(replica);
      }
    }));

  test("that has loaded such data once is not refused because its network fails for a while", () =>
    judged((data, replica) => {
      data.loaded(replica);
      for (let attempt = 0; attempt < 20; attempt++) {
        expect(data.refusal(replica)).toBeNull();
        data.failed(replica);
      }
      expect(data.refusal(replica)).not.toBeNull();
      data.loaded(replica);
      expect(data.refusal(replica)).toBeNull();
    }));
});
