/** A replica that clients may write to: what they give a deadline is the replica's own to delete. */
import { describe, expect, test } from "bun:test";
import { follow, infoField, Ours, sameOffset, until } from "./support.ts";

const tracked = (server: Ours): Promise<string> => infoField(server.client, "stats", "slave_expires_tracked_keys");

describe("a writable replica", () => {
  async function pair(): Promise<{ master: Ours; replica: Ours } & AsyncDisposable> {
    const master = await Ours.start();
    const replica = await Ours.start({ "replica-read-only": "no" });
    await follow(replica.client, master.port);
    return {
      master,
      replica,
      async [Symbol.asyncDispose]() {
        await replica[Symbol.asyncDispose]();
        await master[Symbol.asyncDispose]();
      },
    };
  }

  test("deletes keys that its own clients gave a deadline, of any database, and only those", async () => {
    await using both = await pair();
    const { master, replica } = both;
    await master.client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await master.client.text("SET", "theirs", "1", "PX", "1");
    await sameOffset(master.client, replica.client);
    await replica.client.text("SET", "own", "1", "PX", "1");
    await replica.client.text("HSET", "h", "f", "v");
    await replica.client.text("PEXPIRE", "h", "1");
    await replica.client.text("SET", "later", "1", "EX", "1000");
    await replica.client.text("SET", "stays", "1", "EX", "1000");
    await replica.client.text("PERSIST", "stays");
    await replica.client.text("SELECT", "3");
    await replica.client.text("SET", "own", "1", "PX", "1");
    await until("their end", async () => (await infoField(replica.client, "stats", "expired_keys")) === "3");
    expect(await replica.client.text("DBSIZE")).toBe("0");
    await replica.client.text("SELECT", "0");
    // The master's is hidden, and there until the master deletes it.
    expect(await replica.client.text("DBSIZE")).toBe("3");
    expect(await replica.client.text("EXISTS", "theirs")).toBe("0");
    await until("the others to be forgotten", async () => (await tracked(replica)) === "1");
    expect(await infoField(master.client, "stats", "expired_keys")).toBe("0");
  });

  test("deletes fields that its own clients gave a time, of small and large hashes, and only those", async () => {
    await using both = await pair();
    const { master, replica } = both;
    const { client } = replica;
    await master.client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const large = Array.from({ length: 1200 }, (_, index) => `f${index}`).flatMap((field) => [field, "v"]);
    for (const [key, fields] of [
      ["small", ["f0", "v", "f1", "v", "f2", "v", "f3", "v"]],
      ["large", large],
    ] as const) {
      await master.client.text("HSET", key, ...fields);
      await master.client.command("HPEXPIRE", key, 1, "FIELDS", 1, "f0");
      await sameOffset(master.client, client);
      await client.command("HPEXPIRE", key, 1, "FIELDS", 1, "f1");
      await client.command("HGETEX", key, "PX", 1, "FIELDS", 1, "f2");
      await client.command("HSETEX", key, "PX", 1, "FIELDS", 2, "f3", "new", "f4", "new");
      await client.command("HSETEX", key, "EX", 1000, "FIELDS", 1, "later", "1");
    }
    const length = async (key: string): Promise<number> => Number(await client.text("HLEN", key));
    await until("their end", async () => (await length("small")) === 2 && (await length("large")) === 1197);
    // The master's is hidden, and there until the master deletes it.
    expect((await client.command("HMGET", "small", "f0", "f1", "later")).toString()).toBe("*3\r\n$-1\r\n$-1\r\n$1\r\n1\r\n");
    // A hash that lost all its fields is gone, and what clients make at one go is theirs as a whole.
    await client.command("HSETEX", "gone", "PX", 1, "FIELDS", 1, "f", "v");
    await client.command("HSETEX", "origin", "PX", 100, "FIELDS", 1, "f", "v");
    await client.command("COPY", "origin", "copy");
    await client.command("RENAME", "origin", "moved");
    await until(
      "the end of the others",
      async () => (await client.command("EXISTS", "gone", "origin", "copy", "moved")).toString() === ":0\r\n",
    );
    await client.command("HPERSIST", "small", "FIELDS", 1, "later");
    await client.command("DEL", "large");
    await until("the rest to be forgotten", () => !replica.server.replication.ownDeadlines.waiting);
    expect(await tracked(replica)).toBe("0");
    expect(await length("small")).toBe(2);
  });

  test("leaves them when DEBUG SET-ACTIVE-EXPIRE says so, and forgets them when it is a master or may not be written to", async () => {
    await using both = await pair();
    const { replica } = both;
    const { client } = replica;
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await client.text("SET", "a", "1", "PX", "1");
    expect(await tracked(replica)).toBe("1");
    await client.text("CONFIG", "SET", "replica-read-only", "yes");
    expect(await tracked(replica)).toBe("0");
    await client.text("CONFIG", "SET", "replica-read-only", "no");
    await client.text("SET", "b", "1", "EX", "1000");
    expect(await tracked(replica)).toBe("1");
    await client.text("REPLICAOF", "NO", "ONE");
    expect(await tracked(replica)).toBe("0");
    await client.text("SET", "c", "1", "EX", "1000");
    expect(await tracked(replica)).toBe("0");
    expect(await client.text("DBSIZE")).toBe("3");
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    await until("the master's own work", async () => (await client.text("DBSIZE")) === "2");
  });
});
