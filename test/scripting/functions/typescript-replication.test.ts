/** Libraries in TypeScript in replication: what they write reaches every replica, they themselves only those of ours that want them. */
import { describe, expect, test } from "bun:test";
import { encodeNote } from "../../../src/replication/note.ts";
import {
  FakeMaster,
  follow,
  id,
  image,
  infoField,
  linkUp,
  Ours,
  sameOffset,
  startReal,
  stream,
  streamed,
  until,
} from "../../replication/support.ts";
import type { RawClient } from "../../support/client.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { COUNTER, ENABLED, libraries, load, reply, withBody } from "./typescript-support.ts";

const LUA = "#!lua name=inlua\nredis.register_function('l', function() return 'lua' end)";

async function untilLibraries(client: RawClient, expected: readonly string[]): Promise<void> {
  await until(`libraries ${expected.join(", ")}`, async () => (await libraries(client)).join() === expected.join());
}

describeWithRedis("a real Redis that follows ours", () => {
  test("gets what functions write as effects, in MULTI and EXEC, and no library", async () => {
    await using master = await Ours.start(ENABLED);
    await using replica = await startReal();
    await load(master.client, COUNTER);
    await load(master.client, LUA);
    await follow(replica.client, master.port);
    await load(master.client, withBody('call("SET", keys[0], call("TIME")[0]); call("SPOP", "s"); call("INCRBYFLOAT", "x", 0.1)'));
    await master.client.text("SADD", "s", "a", "b", "c");
    for (let turn = 0; turn < 3; turn++) await master.client.text("FCALL", "count", 1, "k");
    await master.client.command("FCALL", "f", 1, "t");
    await master.client.command("FCALL", "f", 1, "t");
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    expect(await libraries(replica.client)).toEqual(["inlua LUA"]);
    await master.client.text("FUNCTION", "DELETE", "lib");
    await master.client.text("FUNCTION", "DELETE", "counter");
    // Of the name of one that it has: that goes there.
    await load(master.client, withBody("return 1").replace("lib", "inlua"));
    await sameOffset(master.client, replica.client);
    expect(await libraries(replica.client)).toEqual([]);
    await load(master.client, LUA);
    await load(master.client, COUNTER);
    await master.client.text("FUNCTION", "FLUSH");
    await sameOffset(master.client, replica.client);
    expect(await libraries(replica.client)).toEqual([]);
    expect(await replica.process.log()).not.toContain("CRITICAL");
  });

  test("may be the master of ours, which asks it for what it does not know, and keeps the libraries it has", async () => {
    await using master = await startReal();
    await using replica = await Ours.start(ENABLED);
    await load(replica.client, COUNTER);
    await master.client.text("SET", "k", "1");
    await follow(replica.client, master.port);
    await master.client.text("FUNCTION", "LOAD", LUA);
    await sameOffset(master.client, replica.client);
    expect(await libraries(replica.client)).toEqual(["inlua LUA", "counter TYPESCRIPT"]);
    expect(await reply(replica.client, "FCALL", "count", 1, "k")).toStartWith("-READONLY");
    expect(await infoField(master.client, "replication", "slave0")).toContain("state=online");
    expect(replica.log).not.toContain("Non critical");
    expect(await master.process.log()).not.toContain("rror");
  });
});

describe("a replica of ours", () => {
  for (const [way, onMaster, onReplica] of [
    ["a file", { "repl-diskless-sync": "no" }, { "repl-diskless-load": "disabled" }],
    ["a stream", { "repl-diskless-sync": "yes" }, { "repl-diskless-load": "on-empty-db" }],
  ] as const) {
    test(`gets the libraries with a full synchronization by ${way}, and all that becomes of them`, async () => {
      await using master = await Ours.start({ ...ENABLED, ...onMaster });
      await using replica = await Ours.start({ ...ENABLED, ...onReplica });
      await load(master.client, COUNTER);
      await load(master.client, LUA);
      await load(replica.client, withBody("return 'own'"));
      await master.client.text("FCALL", "count", 1, "k");
      await follow(replica.client, master.port);
      await untilLibraries(replica.client, ["inlua LUA", "counter TYPESCRIPT"]);
      expect(await reply(replica.client, "FCALL", "count", 1, "k")).toStartWith("-READONLY");
      await load(master.client, withBody("return call('GET', 'k')", ", flags: ['no-writes']"));
      await master.client.text("FCALL", "count", 1, "k");
      await untilLibraries(replica.client, ["inlua LUA", "counter TYPESCRIPT", "lib TYPESCRIPT"]);
      await sameOffset(master.client, replica.client);
      expect(await replica.client.text("FCALL", "f", 0)).toBe("2");
      await load(master.client, withBody("return 'new'", ", flags: ['no-writes']"));
      await master.client.text("FUNCTION", "DELETE", "counter");
      await untilLibraries(replica.client, ["inlua LUA", "lib TYPESCRIPT"]);
      await until("the new text", async () => (await replica.client.text("FCALL", "f", 0)) === "new");
      await master.client.text("FUNCTION", "FLUSH");
      await untilLibraries(replica.client, []);
      await master.client.text("SET", "end", "1");
      await sameOffset(master.client, replica.client);
      expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    });
  }

  test("gets none unless its own directive is on", async () => {
    await using master = await Ours.start(ENABLED);
    await using replica = await Ours.start();
    await load(master.client, COUNTER);
    await load(master.client, LUA);
    await follow(replica.client, master.port);
    await load(master.client, withBody("return 1"));
    await master.client.text("FCALL", "count", 1, "k");
    await sameOffset(master.client, replica.client);
    expect(await libraries(replica.client)).toEqual(["inlua LUA"]);
    expect(await replica.client.text("GET", "k")).toBe("1");
  });

  test("passes them on to its own replicas", async () => {
    await using master = await Ours.start(ENABLED);
    await using middle = await Ours.start(ENABLED);
    await using last = await Ours.start(ENABLED);
    await load(master.client, COUNTER);
    await follow(middle.client, master.port);
    await follow(last.client, middle.port);
    await untilLibraries(last.client, ["counter TYPESCRIPT"]);
    await master.client.text("FCALL", "count", 1, "k");
    await load(master.client, withBody("return 1"));
    await untilLibraries(last.client, ["counter TYPESCRIPT", "lib TYPESCRIPT"]);
    await master.client.text("FCALL", "count", 1, "k");
    await sameOffset(master.client, last.client);
    expect(await last.client.text("GET", "k")).toBe("2");
  });

  test("that comes back goes on in the stream, and hears what it has missed", async () => {
    await using master = await Ours.start(ENABLED);
    await using replica = await Ours.start(ENABLED);
    await load(master.client, COUNTER);
    await follow(replica.client, master.port);
    await untilLibraries(replica.client, ["counter TYPESCRIPT"]);
    await replica.client.text("CLIENT", "KILL", "TYPE", "master");
    await load(master.client, withBody("return 1"));
    await master.client.text("FUNCTION", "DELETE", "counter");
    await load(
      master.client,
      "#!lua name=inlua\nredis.register_function{function_name='count', flags={'no-writes'}, callback=function() return 'lua' end}",
    );
    await linkUp(replica.client);
    await untilLibraries(replica.client, ["inlua LUA", "lib TYPESCRIPT"]);
    expect(await replica.client.text("FCALL", "count", 0)).toBe("lua");
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
  });

  test("has them after a restart, and after it became a master", async () => {
    await using master = await Ours.start(ENABLED);
    await using replica = await Ours.start(ENABLED);
    await load(master.client, COUNTER);
    await follow(replica.client, master.port);
    await untilLibraries(replica.client, ["counter TYPESCRIPT"]);
    replica.server.functions.privileged.set.clear();
    replica.server.functions.privileged.load();
    expect(await libraries(replica.client)).toEqual(["counter TYPESCRIPT"]);
    await replica.client.text("REPLICAOF", "NO", "ONE");
    expect(await replica.client.text("FCALL", "count", 1, "k")).toBe("1");
  });

  test("takes long libraries among a lot of writes, and counts no byte of them", async () => {
    await using master = await Ours.start(ENABLED);
    await using replica = await Ours.start(ENABLED);
    await follow(replica.client, master.port);
    const long = (turn: number) => `${withBody(`return ${turn}`, ", flags: ['no-writes']")}\n// ${"x".repeat(3_000_000)}`;
    for (let turn = 0; turn < 4; turn++) {
      await master.client.pipeline(Array.from({ length: 4 }, () => ["SET", "big", "v".repeat(500_000)]));
      await load(master.client, long(turn));
      await master.client.text("INCR", "n");
    }
    await until("the last library", async () => (await reply(replica.client, "FCALL", "f", 0)) === ":3|");
    await sameOffset(master.client, replica.client);
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
  });
});

describe("a note", () => {
  const FULL = `+FULLRESYNC ${id("a")} 1000\r\n`;

  test("is asked for by those whose directive is on, and is no part of the stream", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ ...ENABLED, replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    const asked: string[][] = [];
    for (let words = await link.command(); words[0] !== "PSYNC"; words = await link.command()) {
      asked.push(words);
      link.send(words[0] === "PING" ? "+PONG\r\n" : "+OK\r\n");
    }
    expect(asked.at(-2)).toEqual(["REPLCONF", "capa", "eof", "capa", "psync2", "capa", "replicant-functions"]);
    link.send(FULL);
    link.send(streamed(image({ a: "1" })));
    expect(await link.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    const before = stream(["SELECT", 0], ["SET", "b", "2"]);
    const after = stream(["SET", "c", "3"], ["MULTI"], ["SET", "d", "4"], ["EXEC"]);
    await link.trickle(Buffer.concat([before, encodeNote([COUNTER]), after.subarray(0, 20)]));
    link.send(
      Buffer.concat([after.subarray(20), encodeNote([]), encodeNote([COUNTER, withBody("return 1")]), stream(["REPLCONF", "GETACK", "*"])]),
    );
    const offset = 1000 + before.length + after.length;
    // It may also say once a second how far it has come.
    let acknowledged = 1000;
    while (acknowledged < offset) acknowledged = await link.acknowledgement(acknowledged);
    expect(acknowledged).toBe(offset);
    expect(await libraries(replica.client)).toEqual(["counter TYPESCRIPT", "lib TYPESCRIPT"]);
    expect(await replica.client.text("DBSIZE")).toBe("4");
    const getack = stream(["REPLCONF", "GETACK", "*"]).length;
    expect(await infoField(replica.client, "replication", "master_repl_offset")).toBe(String(offset + getack));
  });

  test("in a transaction breaks the link off", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ ...ENABLED, replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    link.send(streamed(image({})));
    link.send(Buffer.concat([stream(["MULTI"], ["SET", "a", "1"]), encodeNote([COUNTER])]));
    await link.hangup();
    expect(replica.log).toContain("Protocol error from master: a note in a transaction");
    expect(await libraries(replica.client)).toEqual([]);
  });

  test("that no one asked for is no note, and neither is one from a client", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    await link.greet();
    link.send(FULL);
    link.send(streamed(image({})));
    expect(await link.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    const note = encodeNote([COUNTER]);
    link.send(Buffer.concat([note, stream(["REPLCONF", "GETACK", "*"])]));
    expect(await link.acknowledgement(1000)).toBe(1000 + note.length);
    expect(await libraries(replica.client)).toEqual([]);
    await using server = await Ours.start(ENABLED);
    expect(await reply(server.client, "REPLCONF", "replicant-functions", COUNTER)).toBe(
      "-ERR Unrecognized REPLCONF option: replicant-functions|",
    );
  });

  test("with a library that cannot be loaded brings the others, and the log says so", async () => {
    await using server = await Ours.start(ENABLED);
    await load(server.client, withBody("return 'former'"));
    server.server.functions.privileged.replaceAll([COUNTER, "#!typescript name=bad\nlet a = ;", LUA, "no library"]);
    expect(await libraries(server.client)).toEqual(["counter TYPESCRIPT"]);
    for (const why of ["Error compiling function: bad:2: Unexpected ;", "Library 'inlua' is none of those", "Missing library metadata"]) {
      expect(server.log).toContain(`A library of MASTER cannot be loaded: ${why}`);
    }
  });

  test("of a master on another machine is not asked for with local", async () => {
    await using server = await Ours.start({ "enable-typescript-functions": "local" });
    const { privileged } = server.server.functions;
    expect([privileged.admits({ isLocal: true }), privileged.admits({ isLocal: false })]).toEqual([true, false]);
  });
});
