import { expect, test } from "bun:test";
import { Replicant } from "../../src/index.ts";

test("a server is made as new, whatever clients have done to it", async () => {
  await using server = await Replicant.inProcess({ clock: "virtual" });
  await server.reset();
  const link = server.connect();
  if (process.platform !== "win32") server.nodeRedis();
  await link.send(["REPLICAOF", "127.0.0.1", 1], false);
  await link.send(["CLIENT", "PAUSE", 100_000], false);
  const killed = server.connect();
  const waiting = killed.send(["SET", "k", 1], false).catch(() => "closed");
  await server.reset();
  expect(await link.send(["ROLE"], false)).toEqual(["master", expect.any(Number), []]);
  expect(await link.send(["SET", "k", 1], false)).toBe("OK");
  await waiting;
  await link.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"], false).catch(() => null);
  await Bun.sleep(0);
  await server.reset();
  await server.flush();
  expect(await server.connect().send(["DBSIZE"], false)).toBe(0);
});

test("a long request that a pause holds back is executed as it was sent", async () => {
  await using server = await Replicant.inProcess({ clock: "virtual" });
  const { client } = server;
  await client.call("CLIENT", "PAUSE", 100, "WRITE");
  const value = "x".repeat(3_000_000);
  const set = client.set("long", value);
  await server.advance(101);
  expect(await set).toBe("OK");
  expect(await client.get("long")).toBe(value);
});

test("a clock that is set ahead twice at once is set ahead by both", async () => {
  await using server = await Replicant.inProcess({ clock: "virtual", now: 1000 });
  await Promise.all([server.advance(100), server.advance(50)]);
  expect(server.now).toBe(1150);
  for (const bad of [0.5, Number.POSITIVE_INFINITY, Number.NaN, -1]) expect(server.advance(bad)).rejects.toThrow("by a whole number of ms");
});

test("nothing that clients have done, and no option, keeps a server from being emptied and reset", async () => {
  await using server = await Replicant.inProcess({
    renameCommand: { FLUSHALL: "", SCRIPT: "S", SLOWLOG: "", ACL: "", CONFIG: "" },
    users: ["default off"],
    maxmemory: 1,
    maxmemoryPolicy: "noeviction",
  });
  const { client } = server;
  await client.call("CLIENT", "PAUSE", 600_000, "ALL");
  await server.flush();
  await server.reset();
  await client.call("CLIENT", "PAUSE", 600_000, "WRITE");
  await server.flush();
  await client.clientUnpause();
  await server.restore(await filled(3));
  expect(await client.dbsize()).toBe(3);
  await server.flush();
  expect(await client.dbsize()).toBe(0);
});

test("a server that was started as a replica has no keys when it is reset, and then those of its master", async () => {
  await using master = await Replicant.start({ replDisklessSyncDelay: 0 });
  await master.client.set("k", "v");
  await using replica = await Replicant.start({ replicaof: `127.0.0.1 ${master.port}` });
  const arrived = async (key: string) => {
    while ((await replica.client.get(key)) === null) await Bun.sleep(5);
  };
  await arrived("k");
  await expect(replica.flush()).rejects.toThrow("the data of a replica is its master's");
  await replica.client.call("REPLICAOF", "NO", "ONE");
  await replica.client.set("own", 1);
  await replica.reset();
  await arrived("k");
  expect(await replica.client.get("own")).toBeNull();
  await replica.reset();
  await arrived("k");
  expect(((await replica.client.role()) as unknown[])[0]).toBe("slave");
});

async function filled(keys: number): Promise<Uint8Array> {
  await using server = await Replicant.inProcess();
  for (let at = 0; at < keys; at++) await server.client.set(`k${at}`, "v");
  return await server.snapshot();
}

test("nothing is left of data, functions, scripts, logs, statistics, users and directives; what was done before is done again", async () => {
  await using server = await Replicant.inProcess();
  const { client } = server;
  for (let round = 0; round < 2; round++) {
    await client.call(
      "CONFIG",
      "SET",
      "slowlog-log-slower-than",
      0,
      "commandlog-request-larger-than",
      0,
      "commandlog-reply-larger-than",
      0,
    );
    await client.call("CONFIG", "SET", "latency-monitor-threshold", 1, "maxmemory-policy", "allkeys-lru");
    await client.call("ACL", "SETUSER", "guest", "on", ">secret", "+get");
    await client.call("ACL", "SETUSER", "default", "-ping");
    await client.call("AUTH", "guest", "wrong").catch(() => null);
    expect(await client.call("ACL", "DRYRUN", "default", "PING")).not.toBe("OK");
    await client.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
    const digest = await client.call("SCRIPT", "LOAD", "return 1");
    await client.call("DEBUG", "SLEEP", 0.002).catch(() => null);
    await client.set("key", "x".repeat(100));
    await server.reset();
    expect(await client.call("SCRIPT", "EXISTS", digest as string)).toEqual([0]);
    expect(await client.call("FUNCTION", "LIST")).toEqual([]);
    expect(await client.call("DBSIZE")).toBe(0);
    expect(await client.call("SLOWLOG", "LEN")).toBe(0);
    for (const kind of ["slow", "large-request", "large-reply"]) expect(await client.call("COMMANDLOG", "LEN", kind)).toBe(0);
    expect(await client.call("LATENCY", "LATEST")).toEqual([]);
    expect(await client.call("ACL", "LOG")).toEqual([]);
    expect(await client.call("ACL", "USERS")).toEqual(["default"]);
    expect(await client.call("ACL", "DRYRUN", "default", "PING")).toBe("OK");
    expect(await client.call("CONFIG", "GET", "maxmemory-policy")).toEqual(new Map([["maxmemory-policy", "noeviction"]]));
    expect(await client.call("INFO", "commandstats")).not.toContain("cmdstat_set:");
  }
});
