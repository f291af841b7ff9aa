import { describe, expect, test } from "bun:test";
import type { DirectiveName } from "../../src/config/options.ts";
import { follow, Ours, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { moveEverything } from "../support/moving.ts";
import { Random } from "../support/property.ts";

const PAGE_BYTES = 64 * 1024;

/** Commands that fill a server with values of all types, small and large, some of them with times far away. */
function filling(random: Random, keys: number): Word[][] {
  const commands: Word[][] = [];
  const later = () => String(Date.now() + 1e6 + random.below(10 ** random.between(6, 13)));
  for (let index = 0; index < keys; index++) {
    commands.push(["SET", `string:${index}`, random.bytes(random.below(200))]);
    if (random.chance(0.3)) commands.push(["PEXPIREAT", `string:${index}`, later()]);
    if (random.chance(0.1)) commands.push(["HSET", `hash:${index}`, "f", random.bytes(20), "g", random.bytes(30)]);
    if (random.chance(0.05)) commands.push(["HPEXPIREAT", `hash:${index}`, later(), "FIELDS", "1", "f"]);
    if (random.chance(0.05)) commands.push(["SET", random.bytes(40_000), random.bytes(40_000)]);
    commands.push(["HSET", "large-hash", `field:${index}`, random.bytes(random.below(60))]);
    if (random.chance(0.2)) commands.push(["HPEXPIREAT", "large-hash", later(), "FIELDS", "1", `field:${index}`]);
    commands.push(["SADD", "large-set", `member:${index}`]);
    commands.push(["ZADD", "large-zset", String(random.below(5)), `a:${index}`, String(random.next()), `b:${index}`]);
    commands.push(["RPUSH", "large-list", random.bytes(random.below(300))]);
    commands.push(["XADD", "large-stream", "*", "field", random.bytes(random.below(100))]);
  }
  commands.push(["XGROUP", "CREATE", "large-stream", "group", "0"], ["XGROUP", "CREATE", "large-stream", "other", "0"]);
  for (const consumer of ["one", "two"])
    commands.push(["XREADGROUP", "GROUP", "group", consumer, "COUNT", String(keys / 4), "STREAMS", "large-stream", ">"]);
  return commands;
}

/** Nine of ten of all that `filling` made go. */
function emptying(random: Random, keys: number): Word[][] {
  const commands: Word[][] = [];
  for (let index = 0; index < keys; index++) {
    if (random.chance(0.1)) continue;
    commands.push(
      ["DEL", `string:${index}`, `hash:${index}`],
      ["HDEL", "large-hash", `field:${index}`],
      ["SREM", "large-set", `member:${index}`],
    );
    commands.push(["ZREM", "large-zset", `a:${index}`, `b:${index}`], ["LPOP", "large-list"]);
  }
  commands.push(["XTRIM", "large-stream", "MAXLEN", String(keys / 10)]);
  return commands;
}

async function run(client: RawClient, commands: Word[][]): Promise<void> {
  for (let from = 0; from < commands.length; from += 500) {
    const replies = await client.pipeline(commands.slice(from, from + 500));
    for (const reply of replies) expect(reply[0]).not.toBe(0x2d);
  }
}

async function directives(client: RawClient, values: Partial<Record<DirectiveName, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) expect(await client.text("CONFIG", "SET", name, value)).toBe("OK");
}

async function field(client: RawClient, name: string): Promise<number> {
  const line = new RegExp(`^${name}:(.*?)\r?$`, "m").exec(await client.text("INFO", "everything"));
  return Number(line?.[1]);
}

describe("a walk that empties sparse pages", () => {
  test("makes data that is small take little, and changes nothing of it", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { client, server } = ours;
    const { defragmentation, space } = server.keyspace;
    const random = new Random(7);
    await run(client, filling(random, 3000));
    await run(client, emptying(random, 3000));
    server.housekeeping.paused = true;
    const digest = await client.text("DEBUG", "DIGEST");
    const { pageBytes, usedBytes } = space.arena;
    const chosen = defragmentation.begin();
    expect(chosen).toBeGreaterThan(5);
    let slices = 0;
    for (; defragmentation.underWay; slices++) {
      defragmentation.step(0, 1000);
      // Keys that come meanwhile, and go, whatever the walk holds of them.
      if (slices % 16 === 0)
        await client.pipeline([
          ["RENAME", "large-set", "s"],
          ["RENAME", "s", "large-set"],
          ["SET", "x", "y"],
          ["DEL", "x"],
        ]);
    }
    expect(slices).toBeGreaterThan(15);
    expect(defragmentation.left).toBeLessThan(chosen * 0.1);
    expect(space.arena.usedBytes).toBe(usedBytes);
    expect(pageBytes - space.arena.pageBytes).toBeGreaterThan(chosen * 0.9 * PAGE_BYTES);
    expect(await client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await field(client, "active_defrag_hits")).toBe(defragmentation.mover.moved);
    expect(await field(client, "active_defrag_key_hits")).toBeGreaterThan(100);
    expect(await field(client, "active_defrag_misses")).toBeGreaterThan(0);
    expect(await field(client, "active_defrag_key_misses")).toBeGreaterThan(0);
    expect(await client.text("CONFIG", "RESETSTAT")).toBe("OK");
    expect(await field(client, "active_defrag_hits")).toBe(0);
    server.housekeeping.paused = false;
  });

  test("ends when its keys go, and at once when it is told to", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { client, server } = ours;
    const { defragmentation, space } = server.keyspace;
    const random = new Random(8);
    for (const command of [["FLUSHALL"], ["SWAPDB", "0", "1"], ["DEBUG", "RELOAD"], ["UNLINK", "large-zset"]]) {
      await run(client, filling(random, 1000));
      await run(client, emptying(random, 1000));
      expect(defragmentation.begin()).toBeGreaterThan(0);
      for (let slice = 0; slice < 30 && defragmentation.underWay; slice++) defragmentation.step(0, 10);
      expect((await client.command(...command))[0]).not.toBe(0x2d);
      while (defragmentation.underWay) defragmentation.step(0, 10);
      expect(space.arena.sparsePages).toBe(0);
      await client.command("FLUSHALL");
    }
    await run(client, filling(random, 1000));
    await run(client, emptying(random, 1000));
    expect(defragmentation.begin()).toBeGreaterThan(0);
    defragmentation.step(0, 10);
    defragmentation.end();
    expect(space.arena.sparsePages).toBe(0);
    expect(defragmentation.left).toBeGreaterThan(0);
  });
});

describe("while everything moves", () => {
  test("keys and fields expire when they are due", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { client, server } = ours;
    const moved = moveEverything(server);
    await directives(client, { "hash-max-listpack-entries": "2" });
    server.housekeeping.activeExpiry = false;
    const random = new Random(9);
    const at = Date.now();
    const commands: Word[][] = [];
    for (let index = 0; index < 3000; index++) {
      const time = String(at + random.between(1, 3) * 10 ** random.between(0, 9));
      commands.push(["SET", `key:${index}`, "value", "PXAT", time], ["HSET", `hash:${index % 50}`, `field:${index}`, "value"]);
      commands.push(["HPEXPIREAT", `hash:${index % 50}`, time, "FIELDS", "1", `field:${index}`]);
      if (random.chance(0.3))
        commands.push(["PERSIST", `key:${random.below(index + 1)}`], ["PEXPIRE", `key:${random.below(index + 1)}`, "5000"]);
    }
    await run(client, commands);
    expect(moved()).toBeGreaterThan(3000);
    const { keyspace } = server;
    const [database] = keyspace.databases;
    for (const later of [1, 1000, 1e6, 1e10]) {
      keyspace.now = at + later;
      while (!keyspace.expireDue(1000)) {}
      if (!keyspace.defragmentation.underWay) keyspace.defragmentation.begin();
      keyspace.defragmentation.step(0, 5);
      for (let chain = 0; chain < database.table.chainCount; chain++) {
        for (let address = database.table.chain(chain); address !== 0; address = database.table.next(address)) {
          const expireAt = database.expiryOf(address);
          // A tick of the wheel has 16 ms.
          expect(expireAt === -1 || expireAt > keyspace.now - 17).toBe(true);
        }
      }
    }
    expect(database.expiry.size).toBe(0);
    expect(keyspace.hasFieldTimes).toBe(false);
  });

  test("an image is the data of its moment", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { client, server } = ours;
    const moved = moveEverything(server);
    const random = new Random(10);
    await run(client, filling(random, 2000));
    const [digest, reply] = await client.pipeline([["DEBUG", "DIGEST"], ["BGSAVE"]]);
    expect(reply.toString()).toStartWith("+Background");
    const before = moved();
    // It is under way while keys change, come and go, in a table that wants to grow.
    const changes = [...emptying(random, 2000), ...filling(random, 2000)].filter(([name]) => name !== "XGROUP" && name !== "XREADGROUP");
    let during = 0;
    for (let from = 0; from < changes.length && server.persistence.saving; from += 50, during++)
      await client.pipeline(changes.slice(from, from + 50));
    expect(during).toBeGreaterThan(5);
    expect(moved() - before).toBeGreaterThan(1000);
    await until("the image to be written", () => !server.persistence.saving);
    expect(server.persistence.saves).toBe(1);
    await using loaded = await Ours.start({ dir: server.config.values.dir });
    expect(await loaded.client.command("DEBUG", "DIGEST")).toEqual(digest);
  });

  test("a data set is loaded as it is", async () => {
    await using master = await Ours.start();
    const random = new Random(13);
    await run(master.client, filling(random, 1000));
    await run(master.client, emptying(random, 1000));
    const digest = await master.client.text("DEBUG", "DIGEST");
    for (const load of ["disabled", "swapdb"]) {
      await using replica = await Ours.start({ "memory-compaction": "no", "repl-diskless-load": load });
      const { server, client } = replica;
      await run(client, filling(random, 200));
      const moved = moveEverything(server);
      const { defragmentation } = server.keyspace;
      const timer = setInterval(() => {
        if (server.executor.busy) return;
        if (!defragmentation.underWay) defragmentation.begin();
        defragmentation.step(0, 5);
      }, 0);
      try {
        await follow(client, master.port);
        expect(moved()).toBeGreaterThan(100);
        expect(await client.text("DEBUG", "DIGEST")).toBe(digest);
      } finally {
        clearInterval(timer);
      }
    }
  });

  test("clients that wait are served", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    moveEverything(ours.server);
    const { client } = ours;
    await run(client, filling(new Random(11), 500));
    const waiting = await Promise.all([1, 2, 3].map(() => connect(ours.port)));
    const answers = [
      waiting[0].command("BLPOP", "none", "0"),
      waiting[1].command("BZPOPMIN", "nothing", "0"),
      waiting[2].command("XREAD", "BLOCK", "0", "STREAMS", "large-stream", "$"),
    ];
    await until("three clients to wait", async () => (await field(client, "blocked_clients")) === 3);
    await run(client, emptying(new Random(12), 500));
    await client.pipeline([
      ["RPUSH", "none", "a"],
      ["ZADD", "nothing", "1", "b"],
      ["XADD", "large-stream", "*", "c", "d"],
    ]);
    const texts = (await Promise.all(answers)).map(String);
    expect(texts[0]).toBe("*2\r\n$4\r\nnone\r\n$1\r\na\r\n");
    expect(texts[1]).toBe("*3\r\n$7\r\nnothing\r\n$1\r\nb\r\n$1\r\n1\r\n");
    expect(texts[2]).toContain("$1\r\nc\r\n$1\r\nd\r\n");
    for (const one of waiting) one.close();
  });
});
