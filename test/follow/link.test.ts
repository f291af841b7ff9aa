/**
 * Links that break: at random bytes, by a source that starts again, by a failover. A load with serial numbers shows whether a change is
 * missing, told twice, or out of order.
 */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Feed, FollowError, follow, type TextEvent } from "../../src/follow/index.ts";
import { Replicant } from "../../src/index.ts";
import { FakeMaster, id, image, linkUp, load, measured, sameOffset, stream, streamed, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { freePort } from "../support/process.ts";
import { Random } from "../support/property.ts";
import { isImageEnd, isSetOf, Mirror, SOURCES, type Source, type SourceName, startSource, take, urlOf, wantOf } from "./support.ts";

const KEYS = ["counter", "text", "list", "stream"] as const;

/** Write number `index`, each key's with serial numbers. */
function write(index: number): readonly Word[] {
  const serial = index >> 2;
  switch (index & 3) {
    case 0:
      return ["INCR", "counter"];
    case 1:
      return ["APPEND", "text", `${serial},`];
    case 2:
      return ["RPUSH", "list", serial];
    default:
      return ["XADD", "stream", "*", "serial", serial];
  }
}

/** Writes so many, from number `from` on, some of them in transactions. */
async function loadSerials(client: RawClient, from: number, count: number): Promise<void> {
  const words: (readonly Word[])[] = [];
  for (let index = from; index < from + count; index++) {
    if (index % 10 === 3) words.push(["MULTI"], write(index));
    else if (index % 10 === 6) words.push(write(index), ["EXEC"]);
    else words.push(write(index));
  }
  await load(client, words.length, (index) => words[index]);
}

/** Adds events to the mirror until the key `end` is set. */
async function untilEnd(feed: Feed<string>, mirror: Mirror): Promise<TextEvent> {
  const events = await take(feed, (event) => {
    mirror.add(event);
    return isSetOf("end")(event);
  });
  return events[events.length - 1];
}

async function expectSame(mirror: Mirror, client: RawClient): Promise<void> {
  const keys = [...mirror.data.keys()];
  expect(keys.toSorted()).toEqual([...KEYS, "end"].toSorted());
  expect(mirror.data).toEqual(await Mirror.of(client, keys));
}

/** Runs a test with random numbers whose seed a failure names. */
async function withSeed(run: (random: Random) => Promise<void>): Promise<void> {
  const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
  try {
    await run(new Random(seed));
  } catch (error) {
    throw new Error(`failed with PROPERTY_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

for (const name of SOURCES) {
  describe.skipIf(wantOf(name) !== "")(`a feed of ${name}${wantOf(name)}`, () => {
    test("misses nothing, and repeats nothing, over a link that is cut at random bytes", async () => {
      await withSeed(async (random) => {
        await using source = await startSource(name, { "repl-backlog-size": "16mb" });
        await loadSerials(source.client, 0, 400);
        // In the handshake, in the image, and then in the stream.
        const plan = [50 + random.below(200), 300 + random.below(1500), ...Array.from({ length: 12 }, () => 300 + random.below(15_000))];
        await using proxy = await CuttingProxy.start(source.port, plan);
        await using feed = follow(urlOf(proxy));
        const mirror = new Mirror();
        const whole = untilEnd(feed, mirror);
        for (let from = 400; proxy.cuts < 8; from += 200) {
          await loadSerials(source.client, from, 200);
          await until("the feed to be there", () => mirror.data.get("counter") === (from + 200) / 4);
        }
        await source.client.text("SET", "end", 1);
        await whole;
        await expectSame(mirror, source.client);
        expect(mirror.gaps).toBe(0);
      });
    });

    // How a feed goes on is the same with all; where, changes.test.ts tries.
    const once = name === "ours" || name === "redis" ? test : () => {};
    once("misses nothing when it is begun again and again where it was", async () => {
      await withSeed(async (random) => {
        await using source = await startSource(name, { "repl-backlog-size": "16mb" });
        const mirror = new Mirror();
        let position = "image";
        await loadSerials(source.client, 0, 100);
        for (let from = 100; from < 1100; from += 100) {
          await using feed = follow(urlOf(source), { from: position });
          const image = position === "image" ? await take(feed, isImageEnd) : [];
          await loadSerials(source.client, from, 100);
          const events = [...image];
          for (let left = 1 + random.below(100); left > 0; left--) events.push(...(await take(feed, () => true)));
          for (const event of events) mirror.add(event);
          position = events[events.length - 1].position;
        }
        await source.client.text("SET", "end", 1);
        await using feed = follow(urlOf(source), { from: position });
        await untilEnd(feed, mirror);
        await expectSame(mirror, source.client);
        expect([mirror.images, mirror.gaps]).toEqual([1, 0]);
      });
    });

    once("says that changes are missing which the source has forgotten, and begins with an image again", async () => {
      await using source = await startSource(name, { "repl-backlog-size": "16kb" });
      await loadSerials(source.client, 0, 100);
      const mirror = new Mirror();
      let position = "";
      {
        await using feed = follow(urlOf(source));
        for (const event of await take(feed, isImageEnd)) mirror.add(event);
        await source.client.text("SET", "end", 0);
        position = (await untilEnd(feed, mirror)).position;
      }
      await loadSerials(source.client, 100, 4000);
      await using feed = follow(urlOf(source), { from: position });
      const events = await take(feed, isImageEnd);
      for (const event of events) mirror.add(event);
      expect(events.slice(0, 2).map(({ kind }) => kind)).toEqual(["gap", "image-start"]);
      expect(events[0]).toMatchObject({ kind: "gap", reason: "backlog", after: position, position: "image" });
      await source.client.text("SET", "end", 1);
      await untilEnd(feed, mirror);
      await expectSame(mirror, source.client);
    });

    test("goes on when a replica of the source takes its place, and knows the history by its former name", async () => {
      // No pings: one that the feed had and the replica had not would be past what they have in common.
      const directives = { "repl-backlog-size": "16mb", "repl-ping-replica-period": "3600" };
      await using first = await startSource(name, directives);
      await using second = await startSource(name, directives);
      await loadSerials(first.client, 0, 100);
      await replicate(second.client, first.port);
      await using proxy = await CuttingProxy.start(first.port, []);
      await using feed = follow([urlOf(proxy), urlOf(second)]);
      const mirror = new Mirror();
      for (const event of await take(feed, isImageEnd)) mirror.add(event);
      await loadSerials(first.client, 100, 400);
      await first.client.text("SET", "end", 0);
      const before = await untilEnd(feed, mirror);
      await sameOffset(first.client, second.client);
      await second.client.text("REPLICAOF", "NO", "ONE");
      await loadSerials(second.client, 500, 400);
      await second.client.text("SET", "end", 1);
      await proxy[Symbol.asyncDispose]();
      const after = await untilEnd(feed, mirror);
      await expectSame(mirror, second.client);
      expect([mirror.images, mirror.gaps]).toEqual([1, 0]);
      expect(after.position.slice(0, 40)).not.toBe(before.position.slice(0, 40));
      await using again = follow(urlOf(second), { from: before.position });
      const rest = await take(again, isSetOf("end"));
      expect(rest.filter(({ kind }) => kind === "change").length).toBe(401);
    });
  });
}

async function replicate(replica: RawClient, port: number): Promise<void> {
  await replica.text("REPLICAOF", "127.0.0.1", port);
  await linkUp(replica);
}

/** A source that keeps its data in `dir`: ended, it has saved them. */
async function startKeeping(name: SourceName, dir: string, port: number): Promise<Source> {
  if (name !== "ours") return startSource(name, { dir, "shutdown-timeout": "0" }, port);
  const server = await Replicant.start({ dir, port, save: "3600 1", shutdownTimeout: 0 });
  const client = await connect(port);
  return {
    port,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
    },
  };
}

describe("a source that starts again", () => {
  for (const name of SOURCES) {
    test.skipIf(wantOf(name) !== "")(`with its data goes on with its history: ${name}${wantOf(name)}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), "replicant-follow-"));
      const port = freePort();
      const mirror = new Mirror();
      const positions: string[] = [];
      let source = await startKeeping(name, dir, port);
      await loadSerials(source.client, 0, 100);
      await using feed = follow(`127.0.0.1:${port}`);
      for (const event of await take(feed, isImageEnd)) mirror.add(event);
      for (let round = 0; round < 3; round++) {
        if (round > 0) source = await startKeeping(name, dir, port);
        await loadSerials(source.client, 100 * (round + 1), 100);
        await source.client.text("SET", "end", round);
        positions.push((await untilEnd(feed, mirror)).position);
        if (round === 2) await expectSame(mirror, source.client);
        else await source.client.text("SHUTDOWN", "SAVE", "NOW").catch(() => {});
        await source[Symbol.asyncDispose]();
      }
      expect([mirror.images, mirror.gaps]).toEqual([1, 0]);
      expect(new Set(positions.map((position) => position.slice(0, 40))).size).toBe(3);
      rmSync(dir, { recursive: true });
    });
  }

  for (const name of ["redis", "valkey9"] as const) {
    test.skipIf(wantOf(name) !== "")(`without its data has another history, which ${name} is said to have${wantOf(name)}`, async () => {
      const port = freePort();
      const mirror = new Mirror();
      let first: Source | null = await startSource(name, { "shutdown-timeout": "0" }, port);
      await loadSerials(first.client, 0, 200);
      await using feed = follow(`redis://127.0.0.1:${port}`);
      for (const event of await take(feed, isImageEnd)) mirror.add(event);
      await first[Symbol.asyncDispose]();
      first = null;
      await using second = await startSource(name, { "shutdown-timeout": "0" }, port);
      await loadSerials(second.client, 0, 100);
      const events = await take(feed, isImageEnd);
      for (const event of events) mirror.add(event);
      expect(events.filter(({ kind }) => kind === "gap")).toMatchObject([{ reason: "history" }]);
      await second.client.text("SET", "end", 1);
      await untilEnd(feed, mirror);
      await expectSame(mirror, second.client);
    });
  }
});

describe("a link", () => {
  test("tells the source once a second what the consumer has taken, and when it is asked", async () => {
    using master = new FakeMaster();
    await using feed = follow(urlOf(master));
    const first = feed.next();
    const link = await master.accept();
    expect(await link.greet()).toEqual(["PSYNC", "?", "-1"]);
    link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
    link.send(streamed(image({ a: "1" })));
    await first;
    expect(await link.command()).toEqual(["REPLCONF", "ACK", "1000"]);
    await take(feed, isImageEnd);
    const commands = stream(["SELECT", "0"], ["SET", "b", "1"], ["SET", "c", "1"]);
    link.send(commands);
    await take(feed, isSetOf("c"));
    // What was delivered last has not been taken, nor what came with it.
    const next = feed.next();
    expect(await link.acknowledgement(1000)).toBe(1000 + commands.length);
    const asking = stream(["REPLCONF", "GETACK", "*"]);
    link.send(asking);
    expect(await link.acknowledgement(1000 + commands.length)).toBe(1000 + commands.length + asking.length);
    link.send(stream(["SET", "d", "1"]));
    await next;
  });

  test("announces no port, and asks for the bytes that it lacks when it is made again", async () => {
    using master = new FakeMaster();
    await using feed = follow(urlOf(master));
    const first = feed.next();
    const link = await master.accept();
    const said: string[] = [];
    for (;;) {
      const words = await link.command();
      said.push(words.join(" "));
      if (words[0] === "PSYNC") break;
      link.send(words[0] === "PING" ? "+PONG\r\n" : "-ERR Unrecognized REPLCONF option\r\n");
    }
    expect(said).toEqual(["PING", "REPLCONF capa eof capa psync2", "REPLCONF version 9.1.0", "PSYNC ? -1"]);
    link.send(`+FULLRESYNC ${id("a")} 7\r\n`);
    link.send(measured(image({ a: "1" }, 3)));
    await first;
    const set = stream(["SET", "b", "1"]);
    // Of the second one only a part.
    link.send(Buffer.concat([set, set.subarray(0, 11)]));
    const [event] = (await take(feed, isSetOf("b"))).slice(-1);
    expect(event).toMatchObject({ db: 3, offset: 7 + set.length, position: `${id("a")}:${7 + set.length}:3` });
    link.hangUp();
    const next = feed.next();
    const second = await master.accept();
    expect(await second.greet()).toEqual(["PSYNC", id("a"), String(7 + set.length + 11 + 1)]);
    second.send(`+CONTINUE ${id("b")}\r\n`);
    second.send(set.subarray(11));
    const { value } = await next;
    expect(value).toMatchObject({ key: "b", position: `${id("b")}:${7 + 2 * set.length}:3` });
  });

  for (const [reply, code] of [
    ["-ERR unknown command 'PSYNC', with args beginning with: '?' '-1' ", "UNSUPPORTED"],
    ["-NOPERM this user has no permissions to run the 'psync' command", "REFUSED"],
    ["-NOAUTH Authentication required.", "REFUSED"],
  ] as const) {
    test(`ends with an error that says what to do when PSYNC is answered ${reply}`, async () => {
      using master = new FakeMaster();
      const feed = follow(urlOf(master));
      const first = feed.next();
      first.catch(() => {});
      const link = await master.accept();
      await link.greet();
      link.send(`${reply}\r\n`);
      const error = await first.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(FollowError);
      expect((error as FollowError).code).toBe(code);
      if (code === "UNSUPPORTED") expect((error as FollowError).message).toContain('mode "scan"');
      await link.hangup();
      expect(await feed.next()).toEqual({ done: true, value: undefined });
    });
  }

  test("waits for a source that is loading, and ends when there is none", async () => {
    using master = new FakeMaster();
    await using feed = follow(urlOf(master));
    const first = feed.next();
    const loading = await master.accept();
    await loading.command();
    loading.send("-LOADING Redis is loading the dataset in memory\r\n");
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 7\r\n`);
    link.send(measured(image({})));
    expect((await first).value?.kind).toBe("image-start");
    const none = follow(`redis://127.0.0.1:${freePort()}`);
    expect(await none.next().catch((error: FollowError) => error.code)).toBe("UNREACHABLE");
  });
});
