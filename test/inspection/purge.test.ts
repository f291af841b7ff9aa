/** REPLICANT.PURGE: what is counted, confirmed and called off, and what is deleted in the end, by whose rules and for whom to see. */
import { describe, expect, test } from "bun:test";
import { follow, linkUp, Ours, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { ourEffects } from "../support/effects.ts";
import { startServer } from "../support/server.ts";

type Fields = ReturnType<typeof mapOf>;

async function purge(client: RawClient, ...words: Word[]): Promise<Fields> {
  return mapOf(decode(await client.command("REPLICANT.PURGE", ...words)));
}

async function line(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString("latin1").trimEnd();
}

async function listed(client: RawClient): Promise<Fields[]> {
  return itemsOf(decode(await client.command("REPLICANT.PURGE", "LIST"))).map((one) => mapOf(one));
}

function field(purge: Fields | undefined, name: string): string {
  return textOf(purge?.get(name));
}

async function over(client: RawClient): Promise<Fields> {
  let last: Fields | undefined;
  await until("the end of the purge", async () => {
    last = (await listed(client)).at(-1);
    return ["done", "ended", "cancelled"].includes(field(last, "state"));
  });
  return last as Fields;
}

async function staged(client: RawClient, ...words: Word[]): Promise<string> {
  return field(await purge(client, "STAGE", ...words), "id");
}

describe("REPLICANT.PURGE", () => {
  test("counts first, and deletes what matches in the database that was meant", async () => {
    await using server = await startServer({ "purge-delay": "0" });
    const client = await connect(server.port);
    for (const database of [0, 2]) {
      await client.command("SELECT", database);
      await client.command("DEBUG", "POPULATE", 3000, "user:1", 20);
      await client.command("DEBUG", "POPULATE", 500, "user:2", 20);
      await client.command("RPUSH", "user:1:list", "a");
    }
    await client.command("SELECT", 0);
    const counted = await purge(client, "STAGE", "DB", 2, "PREFIX", "user:1:", "TYPE", "string");
    expect([field(counted, "state"), field(counted, "keys"), field(counted, "database")]).toEqual(["staged", "3000", "2"]);
    expect(itemsOf(counted.get("filters")).map(textOf)).toEqual(["PREFIX", "user:1:", "TYPE", "string"]);
    expect(await line(client, "DBSIZE")).toBe(":3501");
    expect(field(await purge(client, "CONFIRM", field(counted, "id")), "state")).toBe("confirmed");
    expect(await line(client, "REPLICANT.PURGE", "CONFIRM", field(counted, "id"))).toBe("-ERR Purge is not staged");
    const done = await over(client);
    expect([field(done, "state"), field(done, "deleted"), field(done, "progress")]).toEqual(["done", "3000", "1"]);
    expect(field(done, "freed")).toBe(field(counted, "bytes"));
    expect(await line(client, "DBSIZE")).toBe(":3501");
    await client.command("SELECT", 2);
    expect(await line(client, "DBSIZE")).toBe(":501");
    expect(await line(client, "EXISTS", "user:1:list")).toBe(":1");
    expect(await line(client, "REPLICANT.PURGE", "CANCEL", field(counted, "id"))).toBe("-ERR Purge is over");
    client.close();
  });

  test("is called off while it waits, and in its middle", async () => {
    await using server = await startServer({ "purge-delay": "100" });
    const client = await connect(server.port);
    await client.command("DEBUG", "POPULATE", 100_000, "k", 4);
    const id = await staged(client, "MATCH", "*");
    const confirmed = await purge(client, "CONFIRM", id);
    expect(Number(field(confirmed, "starts-in"))).toBeGreaterThan(90_000);
    expect(field(await purge(client, "CANCEL", id), "state")).toBe("cancelled");
    expect(await line(client, "DBSIZE")).toBe(":100000");
    await client.command("CONFIG", "SET", "purge-delay", 0);
    const second = await staged(client, "MATCH", "*");
    await client.command("REPLICANT.PURGE", "CONFIRM", second);
    await until("some keys to be gone", async () => (await line(client, "DBSIZE")) !== ":100000");
    const cancelled = await purge(client, "CANCEL", second);
    const left = 100_000 - Number(field(cancelled, "deleted"));
    expect(left).toBeGreaterThan(0);
    await client.command("PING");
    expect(await line(client, "DBSIZE")).toBe(`:${left}`);
    client.close();
  });

  test("deletes by UNLINK: the stream of replicas and keyspace events have it", async () => {
    await using server = await startServer({ "purge-delay": "0" });
    const effects = await ourEffects({ ours: server } as never, async (port) => {
      const client = await connect(port);
      await client.command("MSET", "a:1", "v", "b:1", "v");
      await client.command("SELECT", 1);
      await client.command("SET", "a:2", "v");
      await client.command("REPLICANT.PURGE", "CONFIRM", await staged(client, "PREFIX", "a:"));
      await over(client);
      client.close();
    });
    expect(effects.stream.at(-1)).toBe("UNLINK a:2");
    expect(effects.events.at(-1)).toBe("del a:2@1");
  });

  test("takes only what its user may delete, key by key and at that moment", async () => {
    await using server = await startServer({ "purge-delay": "0" });
    const client = await connect(server.port);
    await client.command("MSET", "user:1", "v", "user:2", "v", "other:1", "v", "read:1", "v", "more:1", "v");
    await client.command("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~user:*", "%R~read:*", "(+@all ~more:*)");
    const user = await connect(server.port);
    await user.command("AUTH", "u", "x");
    const counted = await purge(user, "STAGE", "MATCH", "*");
    expect(field(counted, "keys")).toBe("3");
    expect((await listed(client)).length).toBe(1);
    await client.command("ACL", "SETUSER", "other", "on", "nopass", "+@all", "~*", "resetchannels");
    const other = await connect(server.port);
    await other.command("AUTH", "other", "x");
    expect((await listed(other)).length).toBe(0);
    expect(await line(other, "REPLICANT.PURGE", "CONFIRM", field(counted, "id"))).toBe("-ERR No such purge");
    // Fewer keys than when it was counted.
    await client.command("ACL", "SETUSER", "u", "resetkeys", "~user:2");
    await user.command("REPLICANT.PURGE", "CONFIRM", field(counted, "id"));
    const done = await over(client);
    expect([field(done, "state"), field(done, "deleted"), field(done, "user")]).toEqual(["done", "2", "u"]);
    expect(textOf(decode(await client.command("EXISTS", "user:1", "other:1", "read:1")))).toBe("3");
    await client.command("ACL", "SETUSER", "u", "clearselectors", "-unlink");
    expect(await line(user, "REPLICANT.PURGE", "STAGE", "MATCH", "*")).toBe(
      "-NOPERM User u has no permissions to run the 'unlink' command",
    );
    for (const one of [client, user, other]) one.close();
  });

  test("ends, and says why, when its user is gone, the database is emptied or exchanged, or the server becomes a replica", async () => {
    await using master = await Ours.start();
    await using ours = await Ours.start({ "purge-delay": "100" });
    const { client } = ours;
    const reason = async (id: string): Promise<string> => {
      const found = (await listed(client)).find((one) => field(one, "id") === id);
      return `${field(found, "state")}: ${field(found, "reason")}`;
    };
    await client.command("SET", "a", "v");
    await client.command("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~*");
    const user = await connect(ours.port);
    await user.command("AUTH", "u", "x");
    const first = await staged(user, "MATCH", "*");
    user.close();
    await client.command("ACL", "DELUSER", "u");
    expect(await reason(first)).toBe("ended: the user is gone");
    const second = await staged(client, "PREFIX", "a");
    await client.command("REPLICANT.PURGE", "CONFIRM", second);
    await client.command("SWAPDB", 0, 1);
    expect(await reason(second)).toBe("ended: the database was emptied or replaced");
    await client.command("SWAPDB", 0, 1);
    const third = await staged(client, "PREFIX", "a");
    await client.command("FLUSHALL");
    expect(await line(client, "REPLICANT.PURGE", "CONFIRM", third)).toBe("-ERR Purge is not staged");
    await client.command("SET", "a", "v");
    const fourth = await staged(client, "PREFIX", "a");
    await follow(client, master.port);
    await linkUp(client);
    expect(await reason(fourth)).toBe("ended: the server became a replica");
    expect(await line(client, "REPLICANT.PURGE", "STAGE", "PREFIX", "a")).toStartWith("-READONLY");
  });

  test("waits while writes are paused", async () => {
    await using server = await startServer({ "purge-delay": "0" });
    const client = await connect(server.port);
    await client.command("DEBUG", "POPULATE", 2000, "k", 4);
    const id = await staged(client, "MATCH", "*");
    await client.command("REPLICANT.PURGE", "CONFIRM", id);
    await client.command("CLIENT", "PAUSE", 100_000, "WRITE");
    const size = await line(client, "DBSIZE");
    for (let round = 0; round < 20; round++) await listed(client);
    expect(await line(client, "DBSIZE")).toBe(size);
    await client.command("CLIENT", "UNPAUSE");
    expect(field(await over(client), "deleted")).toBe("2000");
    client.close();
  });

  test("leaves keys that became something else when a pause ended, before it went on", async () => {
    await using server = await startServer({ "purge-delay": "0" });
    const [client, writer] = [await connect(server.port), await connect(server.port)];
    await client.command("DEBUG", "POPULATE", 2000, "k", 4);
    const id = await staged(client, "MATCH", "*", "TYPE", "string");
    await client.command("CLIENT", "PAUSE", 100_000, "WRITE");
    // Had it been confirmed before the pause it would have met it, too, but no test could know when.
    const { inspections } = server.server;
    const found = inspections.purges.find(Number(id), null);
    if (found === null) throw new Error("it was staged");
    inspections.purges.confirm(found);
    await until("the purge meets the pause", () => Promise.resolve(found.state === "running" && found.progress > 0));
    const script = "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) redis.call('SADD', key, 'x') end return 'done'";
    const [written] = await Promise.all([writer.command("EVAL", script, 0), client.command("CLIENT", "UNPAUSE")]);
    expect(written.toString()).toContain("done");
    expect(field(await over(client), "deleted")).toBe("0");
    expect(await line(client, "DBSIZE")).toBe(":2000");
    client.close();
    writer.close();
  });

  test("is refused where UNLINK has another name, which it could not go by", async () => {
    const directives: Parameters<typeof startServer>[0] = Object.fromEntries([["rename-command", "UNLINK DROP"]]);
    await using server = await startServer(directives);
    const client = await connect(server.port);
    expect(await line(client, "REPLICANT.PURGE", "STAGE", "MATCH", "*")).toBe("-ERR There is no UNLINK on this server");
    client.close();
  });

  test("refuses what it does not know, and more than it may keep", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    expect(await line(client, "REPLICANT.PURGE", "STAGE", "PREFIX", "a", "TYPE", "set", "prefix", "b")).toBe("-ERR syntax error");
    expect(await line(client, "REPLICANT.PURGE", "STAGE", "TYPE", "string")).toBe("-ERR PREFIX or MATCH must say which keys are meant");
    expect(await line(client, "REPLICANT.PURGE", "CONFIRM", "9")).toBe("-ERR No such purge");
    expect(await line(client, "REPLICANT.PURGE", "CANCEL", "x")).toBe("-ERR value is not an integer or out of range");
    for (let count = 0; count < 16; count++) await staged(client, "PREFIX", "a");
    expect(await line(client, "REPLICANT.PURGE", "STAGE", "PREFIX", "a")).toBe("-ERR Too many purges");
    client.close();
  });
});
