import { describe, expect, test } from "bun:test";
import { follow, infoField, Ours, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis, testWithRedis } from "../support/redis.ts";
import { play, playBoth, type Stage } from "../support/stage.ts";

const PAUSE = ["CLIENT", "PAUSE", 600_000, "WRITE"] as const;
const UNPAUSE = ["CLIENT", "UNPAUSE"] as const;

const READING = "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])";
const LIBRARY =
  "#!lua name=lib\nredis.register_function{function_name='reads', callback=function() return 1 end, flags={'no-writes'}}\n" +
  "redis.register_function('may_write', function() return 2 end)";

describeWithRedis("CLIENT PAUSE, beside Redis", () => {
  const comparison = useComparison();
  const both = (name: string, script: (stage: Stage) => Promise<void>) => test(name, () => playBoth(comparison(), script));

  test("errors", () =>
    comparison().compare([
      [
        ["CLIENT", "PAUSE"],
        ["CLIENT", "PAUSE", "x"],
        ["CLIENT", "PAUSE", "1.5"],
        ["CLIENT", "PAUSE", "-1"],
        ["CLIENT", "PAUSE", "9223372036854775808"],
        ["CLIENT", "PAUSE", "1", "READ"],
        ["CLIENT", "PAUSE", "x", "READ"],
        ["CLIENT", "PAUSE", "1", "ALL", "WRITE"],
        ["CLIENT", "PAUSE", "0"],
        ["CLIENT", "PAUSE", "0", "write"],
        ["CLIENT", "UNPAUSE", "x"],
        ["CLIENT", "UNPAUSE"],
        ["EVAL", "return redis.call('CLIENT', 'PAUSE', '1')", "0"],
        ["EVAL", "return redis.call('CLIENT', 'UNPAUSE')", "0"],
      ],
    ]));

  both("of writes holds what may write or reach replicas, and runs it in the order in which it came", async (stage) => {
    await stage.says("p", "FUNCTION", "LOAD", "REPLACE", LIBRARY);
    const sha = (await stage.says("p", "SCRIPT", "LOAD", "return 3")).slice(5, 45);
    await stage.says("p", "PFADD", "hll", "a");
    for (const name of "abcdefghijk") await stage.says(name, "PING");
    await stage.says("p", ...PAUSE);
    await stage.blocks("k", ["RPUSH", "list", "k"]);
    await stage.blocks("b", ["RPUSH", "list", "b"]);
    await stage.blocks("a", ["RPUSH", "list", "a"]);
    await stage.blocks("c", ["PUBLISH", "channel", "message"]);
    await stage.blocks("d", ["SPUBLISH", "channel", "message"]);
    await stage.blocks("e", ["PFCOUNT", "hll"]);
    await stage.blocks("f", ["EVAL", "return redis.call('RPUSH', 'list', 'f')", 0]);
    await stage.blocks("g", ["EVALSHA", sha, 0]);
    await stage.blocks("h", ["EVAL", "#!lua\nreturn 1", 0]);
    await stage.blocks("i", ["FCALL", "may_write", 0]);
    await stage.blocks("j", ["FUNCTION", "FLUSH"]);
    await stage.says("p", "LRANGE", "list", 0, -1);
    await stage.says("p", ...UNPAUSE);
    await stage.hears(..."kbacdefghij");
    await stage.says("p", "LRANGE", "list", 0, -1);
  });

  both("of writes holds nothing else", async (stage) => {
    await stage.says("p", "SET", "k", "v");
    await stage.says("p", "FUNCTION", "LOAD", "REPLACE", LIBRARY);
    await stage.says("p", ...PAUSE);
    await stage.says("a", "GET", "k");
    await stage.says("a", "EVAL", READING, 1, "k");
    await stage.says("a", "EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "k");
    await stage.says("a", "EVAL", READING, 1, "k");
    await stage.says("a", "FCALL", "reads", 0);
    await stage.says("a", "FCALL_RO", "reads", 0);
    await stage.says("a", "SCRIPT", "EXISTS", "x");
    await stage.says("a", "SUBSCRIBE", "channel");
    await stage.says("b", "SET", "k");
    await stage.says("b", "NOSUCH");
    await stage.says("b", "WATCH", "k");
    await stage.sends("b", ["MULTI"], ["GET", "k"], ["PING"], ["EVAL", READING, 1, "k"], ["EXEC"]);
    await stage.notes("clients", "blocked_clients");
    await stage.says("p", ...UNPAUSE);
  });

  both("holds what is queued for a transaction that writes, and EXEC of such a one", async (stage) => {
    await stage.sends("a", ["MULTI"], ["SET", "k", 1], ["EVAL", "return 1", 0]);
    await stage.sends("b", ["MULTI"], ["GET", "k"]);
    await stage.sends("c", ["MULTI"], ["SET", "k", 3]);
    await stage.says("p", ...PAUSE);
    await stage.blocks("a", ["EXEC"]);
    await stage.blocks("b", ["SET", "k", 2], ["EXEC"]);
    await stage.says("c", "DISCARD");
    await stage.says("p", ...UNPAUSE);
    await stage.hears("a", "b");
    await stage.reads("b");
    await stage.says("p", "GET", "k");
  });

  both("begins once the transaction that asks for it is over, and may end in it", async (stage) => {
    await stage.sends("p", ["MULTI"], ["SET", "a", 1], [...PAUSE], ["SET", "b", 2], ["PUBLISH", "c", "m"], ["EXEC"]);
    await stage.blocks("a", ["SET", "a", 9]);
    await stage.says("p", "MGET", "a", "b");
    await stage.says("p", ...UNPAUSE);
    await stage.hears("a");
    await stage.sends("p", ["MULTI"], ["CLIENT", "PAUSE", 600_000, "ALL"], ["SET", "a", 3], [...UNPAUSE], ["EXEC"]);
    await stage.says("a", "GET", "a");
  });

  both("is not cut short by a shorter one", async (stage) => {
    await stage.says("p", ...PAUSE);
    await stage.says("p", "CLIENT", "PAUSE", 1, "WRITE");
    await stage.says("p", "CLIENT", "PAUSE", 0, "WRITE");
    await stage.blocks("a", ["SET", "k", 1]);
    await stage.says("p", "PING");
    await stage.notes("clients", "blocked_clients");
    await stage.says("p", ...UNPAUSE);
    await stage.hears("a");
  });

  both("keeps clients from nothing that they sent before, and lets them go on in order", async (stage) => {
    await stage.says("p", ...PAUSE);
    await stage.blocks("a", ["PING"], ["SET", "k", 1], ["GET", "k"], ["SET", "k", 2], ["GET", "k"]);
    await stage.reads("a");
    await stage.blocks("b", ["CLIENT", "REPLY", "SKIP"], ["SET", "k", 5], ["GET", "k"]);
    await stage.says("p", "GET", "k");
    await stage.says("p", ...UNPAUSE);
    await stage.hears("a", "b");
    await stage.reads("a", "a", "a");
  });

  both("holds again those that went on into another pause, behind each other as before", async (stage) => {
    for (const name of "abc") await stage.says(name, "PING");
    await stage.says("p", ...PAUSE);
    for (const name of "cab") await stage.blocks(name, ["RPUSH", "list", name]);
    await stage.sends("p", [...UNPAUSE], [...PAUSE]);
    await stage.blockedAre(3);
    await stage.says("p", "LLEN", "list");
    await stage.says("p", ...UNPAUSE);
    await stage.hears(..."cab");
    await stage.says("p", "LRANGE", "list", 0, -1);
  });

  both("forgets clients that leave", async (stage) => {
    await stage.says("p", ...PAUSE);
    await stage.blocks("a", ["RPUSH", "list", "a"]);
    await stage.blocks("b", ["RPUSH", "list", "b"]);
    await stage.blocks("c", ["RPUSH", "list", "c"]);
    await stage.leaves("a");
    await stage.blockedAre(2);
    await stage.says("p", "CLIENT", "KILL", "ID", await stage.idOf("p"), "SKIPME", "yes");
    await stage.says("p", ...UNPAUSE);
    await stage.hears("b", "c");
    await stage.says("p", "LRANGE", "list", 0, -1);
  });

  both("leaves expired keys where they are, unseen", async (stage) => {
    await stage.sends("p", ["MULTI"], ["SET", "a", 1, "PX", 1], ["SET", "b", 2, "PX", 1], [...PAUSE], ["EXEC"]);
    while (!(await stage.says("p", "EXISTS", "a", "b")).startsWith(":0")) stage.heard.pop();
    await stage.says("p", "GET", "a");
    await stage.says("p", "KEYS", "*");
    await stage.says("p", "DBSIZE");
    await stage.says("p", ...UNPAUSE);
    await stage.says("p", "GET", "a");
    await stage.says("p", "GET", "b");
    await stage.says("p", "DBSIZE");
  });
});

describe("CLIENT PAUSE", () => {
  async function paused(client: RawClient): Promise<string[]> {
    const info = await client.text("INFO", "clients");
    return ["reason", "actions"].map((field) => new RegExp(`^paused_${field}:(.*?)\r$`, "m").exec(info)?.[1] ?? "");
  }

  const milliseconds = async (client: RawClient): Promise<number> =>
    Number(await infoField(client, "clients", "paused_timeout_milliseconds"));

  test("is shown by INFO", async () => {
    await using server = await Ours.start();
    const { client } = server;
    expect([await paused(client), await milliseconds(client)]).toEqual([["none", "none"], 0]);
    await client.text("CLIENT", "PAUSE", 100_000, "WRITE");
    expect(await paused(client)).toEqual(["client_pause", "write"]);
    expect(await milliseconds(client)).toBeGreaterThan(50_000);
    expect(await milliseconds(client)).toBeLessThanOrEqual(100_000);
    await client.text("CLIENT", "UNPAUSE");
    expect([await paused(client), await milliseconds(client)]).toEqual([["none", "none"], 0]);
  });

  /** What a transaction sees that pauses, since a pause of everything leaves nobody to ask afterwards. */
  async function seen(client: RawClient, ...pauses: Word[][]): Promise<string[]> {
    const requests: Word[][] = [["MULTI"], ...pauses, ["INFO", "clients"], ["CLIENT", "UNPAUSE"], ["EXEC"]];
    const replies = await client.pipeline(requests);
    const text = String(replies.at(-1));
    return ["reason", "actions", "timeout_milliseconds"].map((field) => new RegExp(`paused_${field}:(.*?)\r`).exec(text)?.[1] ?? "");
  }

  test("of everything is not weakened, and one of writes becomes one of everything for as long as it lasts", async () => {
    await using server = await Ours.start();
    const { client } = server;
    const [reason, actions, time] = await seen(client, ["CLIENT", "PAUSE", 100_000], ["CLIENT", "PAUSE", 1, "WRITE"]);
    expect([reason, actions]).toEqual(["client_pause", "all"]);
    expect(Number(time)).toBeGreaterThan(50_000);
    const longer = await seen(client, ["CLIENT", "PAUSE", 100_000, "WRITE"], ["CLIENT", "PAUSE", 0, "ALL"]);
    expect(longer.slice(0, 2)).toEqual(["client_pause", "all"]);
    expect(Number(longer[2])).toBeGreaterThan(50_000);
    expect(await seen(client, ["CLIENT", "PAUSE", 0, "ALL"])).toEqual(["none", "none", "0"]);
  });

  test("is apart from pauses for other purposes", async () => {
    await using server = await Ours.start();
    await using replica = await Ours.start();
    const { client } = server;
    await follow(replica.client, server.port);
    replica.server.housekeeping.stop(); // it acknowledges nothing more, and the failover waits
    await client.text("SET", "k", 1);
    await client.text("FAILOVER");
    expect(await paused(client)).toEqual(["failover_in_progress", "write"]);
    await client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    const waiting = await connect(server.port);
    waiting.send(encodeCommand(["SET", "k", 2]));
    await until("the wait", async () => (await infoField(client, "clients", "blocked_clients")) === "1");
    expect(await paused(client)).toEqual(["failover_in_progress", "write"]);
    await client.text("CLIENT", "UNPAUSE");
    expect(await paused(client)).toEqual(["failover_in_progress", "write"]);
    await client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    await client.text("FAILOVER", "ABORT");
    expect(await paused(client)).toEqual(["client_pause", "write"]);
    expect([await client.text("GET", "k"), await infoField(client, "clients", "blocked_clients")]).toEqual(["1", "1"]);
    await client.text("CLIENT", "UNPAUSE");
    expect((await waiting.readReply()).toString()).toBe("+OK\r\n");
    waiting.close();
  });

  test("ends by itself, and holds everything until then but replicas", async () => {
    await using server = await Ours.start();
    await using replica = await Ours.start();
    await follow(replica.client, server.port);
    const { pauses, postponed } = server.server;
    const first = await connect(server.port);
    const second = await connect(server.port);
    await server.client.text("CLIENT", "PAUSE", 200);
    first.send(encodeCommand(["PING"]));
    second.send(encodeCommand(["CLIENT", "UNPAUSE"]));
    server.client.send(encodeCommand(["WAIT", 1, 0]));
    await until("three that wait", () => postponed.count === 3);
    expect(pauses.level).toBe(2);
    replica.server.replication.link?.acknowledge();
    expect((await first.readReply()).toString()).toBe("+PONG\r\n");
    expect((await second.readReply()).toString()).toBe("+OK\r\n");
    expect((await server.client.readReply()).toString()).toBe(":1\r\n");
    expect([pauses.level, postponed.count]).toEqual([0, 0]);
    first.close();
    second.close();
  });

  test("shows in CLIENT LIST who waits, and CLIENT UNBLOCK does not end it", async () => {
    await using server = await Ours.start();
    const { client } = server;
    const waiting = await connect(server.port);
    const id = await waiting.text("CLIENT", "ID");
    await client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    waiting.send(encodeCommand(["SET", "k", "v"]));
    await until("the wait", async () => (await infoField(client, "clients", "blocked_clients")) === "1");
    const line = await client.text("CLIENT", "LIST", "ID", id);
    expect([/ flags=(\w+)/.exec(line)?.[1], / cmd=(\w+)/.exec(line)?.[1]]).toEqual(["b", "set"]);
    for (const how of ["TIMEOUT", "ERROR"]) expect(await client.text("CLIENT", "UNBLOCK", id, how)).toBe("0");
    expect(await client.text("CLIENT", "KILL", "ID", id)).toBe("1");
    await waiting.closed;
    expect(await infoField(client, "clients", "blocked_clients")).toBe("0");
    await client.text("CLIENT", "UNPAUSE");
    expect(await client.text("EXISTS", "k")).toBe("0");
  });

  test("holds clients whose key came with it, until it ends", async () => {
    // Redis 7.0 serves them at once, 7.2 executes their request again, which has to wait.
    await using server = await Ours.start();
    const heard = await play(server.port, async (stage) => {
      await stage.blocks("a", ["BLPOP", "list", 0]);
      await stage.blocks("b", ["BLPOP", "list", 0], ["GET", "k"]);
      await stage.sends("p", ["MULTI"], [...PAUSE], ["RPUSH", "list", 1, 2, 3], ["EXEC"]);
      await stage.notes("clients", "blocked_clients");
      await stage.says("p", "LLEN", "list");
      await stage.says("p", ...UNPAUSE);
      await stage.hears("a", "b");
      await stage.reads("b");
    });
    expect(heard.slice(4)).toEqual([
      "blocked_clients: 2",
      "p: :3\r\n",
      "p: +OK\r\n",
      "a: *2\r\n$4\r\nlist\r\n$1\r\n1\r\n",
      "b: *2\r\n$4\r\nlist\r\n$1\r\n2\r\n",
      "b: $-1\r\n",
    ]);
  });

  test("does not keep RANDOMKEY for ever where all keys have expired", async () => {
    // Redis 7.2 draws again and again, for ever, where there is no other key. On its replicas an expired one is better than none.
    await using server = await Ours.start();
    const { client } = server;
    await client.pipeline([["MULTI"], ["SET", "a", 1, "PX", 1], ["CLIENT", "PAUSE", 600_000, "WRITE"], ["EXEC"]]);
    await until("the end of the key", async () => (await client.text("EXISTS", "a")) === "0");
    expect((await client.command("RANDOMKEY")).toString()).toBe("$1\r\na\r\n");
    expect(await client.text("DBSIZE")).toBe("1");
  });

  test("takes no time beyond what 64 bits hold", async () => {
    await using server = await Ours.start();
    for (const time of ["9223372036854775807", "9223372036854775808"]) {
      const reply = (await server.client.command("CLIENT", "PAUSE", time)).toString();
      expect(reply).toMatch(/^-ERR timeout is (out of range|not an integer or out of range)\r\n$/);
    }
    await server.client.text("CLIENT", "PAUSE", "9000000000000000000", "WRITE");
    expect(await infoField(server.client, "clients", "paused_actions")).toBe("write");
  });

  test("evicts nothing, and refuses no write that it then lets run", async () => {
    await using server = await Ours.start({ "maxmemory-policy": "allkeys-random" });
    const { client } = server;
    await client.text("SET", "k", "x".repeat(100_000));
    await client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    await client.text("CONFIG", "SET", "maxmemory", "50000");
    expect(server.server.executor.restrictions.mayEvict).toBe(false);
    const waiting = await connect(server.port);
    waiting.send(encodeCommand(["SET", "other", "v"]));
    await until("the wait", async () => (await infoField(client, "clients", "blocked_clients")) === "1");
    expect([await client.text("EXISTS", "k"), await infoField(client, "stats", "evicted_keys")]).toEqual(["1", "0"]);
    await client.text("CLIENT", "UNPAUSE");
    await waiting.readReply();
    expect(Number(await infoField(client, "stats", "evicted_keys"))).toBeGreaterThan(0);
    waiting.close();
  });

  test("asks replicas for nothing, and WAIT goes on after it", async () => {
    await using server = await Ours.start();
    await using replica = await Ours.start();
    const { client } = server;
    await follow(replica.client, server.port);
    replica.server.housekeeping.stop(); // it acknowledges nothing unless it is asked
    await client.pipeline([["MULTI"], ["SET", "k", 1], ["CLIENT", "PAUSE", 600_000, "WRITE"], ["EXEC"]]);
    const { offset } = server.server.replication;
    client.send(encodeCommand(["WAIT", 1, 0]));
    const observer = await connect(server.port);
    await until("the wait", async () => (await infoField(observer, "clients", "blocked_clients")) === "1");
    expect(server.server.replication.offset).toBe(offset);
    await observer.text("CLIENT", "UNPAUSE");
    expect((await client.readReply()).toString()).toBe(":1\r\n");
    observer.close();
  });
});

describe("CLIENT PAUSE on a replica", () => {
  testWithRedis("holds the stream of its master, and goes on where it stood", async () => {
    await using master = await startReal();
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    await master.client.text("SET", "k", 1);
    await until("the key", async () => (await replica.client.text("EXISTS", "k")) === "1");
    const { offset } = replica.server.replication;
    await replica.client.text("CLIENT", "PAUSE", 600_000, "WRITE");
    await master.client.text("SET", "k", 2);
    await master.client.pipeline([["MULTI"], ["INCR", "k"], ["SELECT", 3], ["SET", "in", "three"], ["EXEC"]]);
    await master.client.text("PUBLISH", "channel", "message");
    const sent = await infoField(master.client, "replication", "master_repl_offset");
    await until("the bytes", async () => (await infoField(replica.client, "replication", "slave_read_repl_offset")) === sent);
    expect(await infoField(replica.client, "replication", "slave_repl_offset")).toBe(String(offset));
    expect(await replica.client.text("GET", "k")).toBe("1");
    await replica.client.text("CLIENT", "UNPAUSE");
    await until("the offset", async () => (await infoField(replica.client, "replication", "slave_repl_offset")) === sent);
    expect(await replica.client.text("GET", "k")).toBe("3");
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
  });

  test("of everything holds what changes nothing, too", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start();
    await follow(replica.client, master.port);
    const { offset } = replica.server.replication;
    await replica.client.text("CLIENT", "PAUSE", 300);
    master.server.journal.appendForReplicas(encodeCommand(["PING"]), 0, 14);
    await master.client.text("SET", "k", 2);
    const stream = replica.server.replication.link?.stream;
    await until("the bytes", () => stream?.received === master.server.replication.offset);
    expect([stream?.offset, replica.server.pauses.level]).toEqual([offset, 2]);
    expect(await replica.client.text("GET", "k")).toBe("2"); // asked meanwhile, answered afterwards
    expect(stream?.offset).toBe(master.server.replication.offset);
  });
});
