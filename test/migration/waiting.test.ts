/** What others may do while keys are on their way, and what becomes of these whatever happens meanwhile. */

import { describe, expect, test } from "bun:test";
import { follow, infoField, Ours, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";
import { FakeTarget, type Manner } from "./target.ts";

/** Says nothing to the keys: they stay on their way. */
const SILENT: Manner = (words) => (words[0] === "RESTORE" ? "silence" : "+OK");
const TAKING: Manner = () => "+OK";

/** A server with the keys `a` and `b` on their way to a target, and others that stay. */
class Scene implements AsyncDisposable {
  readonly ours: Ours;
  readonly target: FakeTarget;
  readonly mover: RawClient;
  private readonly clients: RawClient[] = [];

  private constructor(ours: Ours, target: FakeTarget, mover: RawClient) {
    this.ours = ours;
    this.target = target;
    this.mover = mover;
  }

  static async begin(directives: Parameters<typeof Ours.start>[0] = {}, ...before: Word[][]): Promise<Scene> {
    const ours = await Ours.start(directives);
    const scene = new Scene(ours, new FakeTarget(SILENT), await connect(ours.port));
    await ours.client.pipeline([["MSET", "a", 1, "b", 2, "other", 3, "number", 4], ["RPUSH", "list", "x", "y"], ...before]);
    scene.mover.send(encodeCommand(["MIGRATE", "127.0.0.1", scene.target.port, "", 0, 60_000, "KEYS", "a", "b", "nokey"]));
    await until("the keys to be on their way", () => scene.target.heard.length === 3);
    return scene;
  }

  /** Sends a request that has to wait, on a connection of its own. */
  async waits(...requests: Word[][]): Promise<RawClient> {
    const { postponed } = this.ours.server;
    const { count } = postponed;
    const client = await connect(this.ours.port);
    this.clients.push(client);
    client.send(Buffer.concat(requests.map(encodeCommand)));
    await until(`${requests.flat().join(" ")} to wait`, () => postponed.count > count);
    return client;
  }

  says(...words: Word[]): Promise<string> {
    return this.ours.client.command(...words).then((reply) => reply.toString("latin1"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.mover, ...this.clients]) client.close();
    await this.ours[Symbol.asyncDispose]();
    this.target[Symbol.dispose]();
  }
}

const heard = async (client: RawClient): Promise<string> => (await client.readReply()).toString("latin1");

describe("while keys are on their way to another server", () => {
  test("what has nothing to do with them is served", async () => {
    await using scene = await Scene.begin();
    expect(await scene.says("PING")).toBe("+PONG\r\n");
    expect(await scene.says("GET", "other")).toBe("$1\r\n3\r\n");
    expect(await scene.says("SET", "new", 1)).toBe("+OK\r\n");
    expect(await scene.says("DEL", "new", "never")).toBe(":1\r\n");
    expect(await scene.says("COPY", "other", "copy", "DB", 1)).toBe(":1\r\n");
    expect(await scene.says("LMPOP", 2, "never", "list", "LEFT")).toStartWith("*2\r\n$4\r\nlist");
    expect(await scene.says("PUBLISH", "channel", "a")).toBe(":0\r\n");
    expect(await scene.says("CLIENT", "LIST")).toContain(" flags=b ");
    expect(await scene.says("SET", "a")).toStartWith("-ERR wrong number of arguments");
    const replies = await scene.ours.client.pipeline([["MULTI"], ["GET", "other"], ["PING"], ["EXEC"]]);
    expect(String(replies.at(-1))).toBe("*2\r\n$1\r\n3\r\n+PONG\r\n");
    expect(await infoField(scene.ours.client, "clients", "blocked_clients")).toBe("1");
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
  });

  /** What sees or changes them, or may, and what it is answered when they are gone. */
  const WAITING: readonly (readonly [reply: string, ...requests: Word[][]])[] = [
    ["$-1\r\n", ["GET", "a"]],
    ["*2\r\n$1\r\n3\r\n$-1\r\n", ["MGET", "other", "b"]],
    [":0\r\n", ["EXISTS", "a", "b"]],
    ["+none\r\n", ["TYPE", "a"]],
    [":0\r\n", ["DEL", "b"]],
    [":0\r\n", ["COPY", "a", "other"]],
    ["-ERR no such key\r\n", ["RENAME", "b", "c"]],
    [":0\r\n", ["MOVE", "a", 1]],
    [":2\r\n", ["SUNIONSTORE", "b", "sets", "ints"]],
    ["+OK\r\n", ["RENAME", "number", "b"]],
    [":1\r\n", ["LPUSH", "a", "new"]],
    [":6\r\n", ["DBSIZE"]],
    ["*0\r\n", ["SORT", "none", "BY", "w_*"]],
    [":1\r\n", ["EVAL", "return 1", 0]],
    ["$1\r\n4\r\n", ["EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "b"]],
    ["*1\r\n$1\r\n4\r\n", ["MULTI"], ["GET", "b"], ["EXEC"]],
    ["+OK\r\n", ["SWAPDB", 0, 1]],
    ["+OK\r\n", ["REPLICAOF", "NO", "ONE"]],
    ["-ERR FAILOVER requires connected replicas.\r\n", ["FAILOVER"]],
    ["+OK\r\n", ["CLIENT", "PAUSE", 0]],
    ["+OK\r\n", ["DEBUG", "SET-ACTIVE-EXPIRE", 1]],
    ["+OK\r\n", ["FLUSHALL"]],
    ["*0\r\n", ["KEYS", "*"]],
  ];

  test("what could see or change them waits, and goes on in order", async () => {
    await using scene = await Scene.begin({}, ["SADD", "sets", "m"], ["SADD", "ints", 1]);
    const waiting: RawClient[] = [];
    for (const [, ...requests] of WAITING) waiting.push(await scene.waits(...requests));
    expect(await infoField(scene.ours.client, "clients", "blocked_clients")).toBe(String(1 + waiting.length));
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
    for (const [index, [reply, ...requests]] of WAITING.entries()) {
      const client = waiting[index] as RawClient;
      for (let skipped = 1; skipped < requests.length; skipped++) await heard(client);
      expect([requests, await heard(client)]).toEqual([requests, reply]);
    }
  });

  test("a second migration of one of them finds nothing, and one of other keys goes on by its side", async () => {
    await using scene = await Scene.begin();
    using elsewhere = new FakeTarget(SILENT);
    const again = await scene.waits(["MIGRATE", "127.0.0.1", elsewhere.port, "a", 0, 60_000]);
    const beside = await connect(scene.ours.port);
    beside.send(encodeCommand(["MIGRATE", "127.0.0.1", elsewhere.port, "other", 0, 60_000]));
    await until("the other key to be on its way", () => elsewhere.heard.length === 2);
    const inTransaction = await scene.waits(["MULTI"], ["MIGRATE", "127.0.0.1", "1", "nokey", 0, 100], ["EXEC"]);
    elsewhere.speak(TAKING);
    expect(await heard(beside)).toBe("+OK\r\n");
    expect(scene.ours.server.migrations.active).toBe(true);
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
    expect(await heard(again)).toBe("+NOKEY\r\n");
    await heard(inTransaction);
    await heard(inTransaction);
    expect(await heard(inTransaction)).toBe("*1\r\n+NOKEY\r\n");
    expect(await infoField(scene.ours.client, "stats", "migrate_cached_sockets")).toBe("2");
    beside.close();
  });

  test("the client that waits goes on where it was", async () => {
    await using scene = await Scene.begin();
    const id = / id=(\d+) /.exec(` ${(await scene.says("CLIENT", "LIST")).split("\n").find((line) => line.includes("cmd=migrate"))} `)?.[1];
    for (const how of ["TIMEOUT", "ERROR"]) expect(await scene.says("CLIENT", "UNBLOCK", id ?? "", how)).toBe(":0\r\n");
    scene.mover.send(Buffer.concat([encodeCommand(["EXISTS", "a"]), encodeCommand(["CLIENT", "REPLY", "SKIP"])]));
    scene.mover.send(
      Buffer.concat([encodeCommand(["MIGRATE", "127.0.0.1", scene.target.port, "other", 0, 1000]), encodeCommand(["EXISTS", "other"])]),
    );
    scene.target.speak(TAKING);
    expect([await heard(scene.mover), await heard(scene.mover), await heard(scene.mover)]).toEqual(["+OK\r\n", ":0\r\n", ":0\r\n"]);
    expect(await scene.says("INFO", "commandstats")).toContain("cmdstat_migrate:calls=2,");
  });

  for (const [how, leave] of Object.entries({
    "has left": async (scene: Scene) => scene.mover.close(),
    "was killed": async (scene: Scene) => {
      expect(await scene.says("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).toBe(":1\r\n");
    },
  })) {
    test(`they go though their client ${how}`, async () => {
      await using scene = await Scene.begin();
      const { server } = scene.ours;
      await leave(scene);
      await until("the client to be gone", () => server.clients.count === 1);
      expect(await infoField(scene.ours.client, "clients", "blocked_clients")).toBe("0");
      const waiting = await scene.waits(["EXISTS", "a", "b", "other"]);
      scene.target.speak(TAKING);
      expect(await heard(waiting)).toBe(":1\r\n");
      expect(server.migrations.active).toBe(false);
    });
  }

  test("one that expires is gone, and what came of it elsewhere is no error", async () => {
    await using scene = await Scene.begin();
    const { keyspace } = scene.ours.server;
    const [database] = keyspace.databases;
    database.setExpiry(database.locate(Buffer.from("b")), Date.now() + 1);
    await until("the end of the key", () => keyspace.stats.expired === 1);
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
    expect(await scene.says("EXISTS", "a", "b")).toBe(":0\r\n");
  });

  test("what came into their place in another way stays", async () => {
    await using scene = await Scene.begin();
    const [database] = scene.ours.server.keyspace.databases;
    const key = Buffer.from("a");
    database.delete(database.locate(key));
    database.setString(0, database.table.hash(key, 0, 1), key, 0, 1, Buffer.from("new"), 0, 3, -1);
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
    expect(await scene.says("MGET", "a", "b")).toBe("*2\r\n$3\r\nnew\r\n$-1\r\n");
  });

  test("a server that is to stop waits until it knows where they are", async () => {
    await using scene = await Scene.begin();
    const { server } = scene.ours;
    let stopped = false;
    const ended = server.shutdown({ save: "never", now: true, force: false }).then((really) => {
      stopped = really;
    });
    const asker = await connect(scene.ours.port);
    asker.send(encodeCommand(["SHUTDOWN", "NOSAVE", "NOW"]));
    expect(await scene.says("PING")).toBe("+PONG\r\n");
    expect(stopped).toBe(false);
    scene.target.speak(TAKING);
    expect(await heard(scene.mover)).toBe("+OK\r\n");
    await ended;
    expect([stopped, server.keyspace.databases[0].size]).toEqual([true, 3]);
    await asker.closed;
  });

  test("replicas hear of their deletion, and WAIT counts on it", async () => {
    await using scene = await Scene.begin();
    await using replica = await Ours.start();
    await follow(replica.client, scene.ours.port);
    expect(await replica.client.text("EXISTS", "a", "b", "other")).toBe("3");
    scene.mover.send(encodeCommand(["WAIT", 1, 0]));
    scene.target.speak(TAKING);
    expect([await heard(scene.mover), await heard(scene.mover)]).toEqual(["+OK\r\n", ":1\r\n"]);
    expect(await replica.client.text("EXISTS", "a", "b", "other")).toBe("1");
  });

  testWithRedis("the stream of a master waits that changes them", async () => {
    await using master = await startReal();
    await using replica = await Ours.start({ "replica-read-only": "no" });
    await follow(replica.client, master.port);
    await master.client.text("SET", "a", 1);
    await until("the key", async () => (await replica.client.text("EXISTS", "a")) === "1");
    using target = new FakeTarget(SILENT);
    const mover = await connect(replica.port);
    mover.send(encodeCommand(["MIGRATE", "127.0.0.1", target.port, "a", 0, 60_000]));
    await until("the key to be on its way", () => target.heard.length === 2);
    await master.client.text("SET", "other", 1);
    await until("the other key", async () => (await replica.client.text("EXISTS", "other")) === "1");
    await master.client.text("APPEND", "a", 2);
    await until("the stream to wait", () => replica.server.postponed.count === 1);
    target.speak(TAKING);
    expect(await heard(mover)).toBe("+OK\r\n");
    await until("the change", async () => (await replica.client.text("GET", "a")) === "2");
    mover.close();
  });
});
