/** What waits for a consumer that is slow: in memory, in files, and on a disk that is full. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FollowError, follow } from "../../src/follow/index.ts";
import { FakeMaster, id, image, infoField, load, measured, stream, until } from "../replication/support.ts";
import { mayMount, SmallDisk } from "../support/small-disk.ts";
import { isImageEnd, isSetOf, startSource, take, urlOf } from "./support.ts";

function folder() {
  const path = mkdtempSync(join(tmpdir(), "replicant-follow-"));
  return { path, files: () => readdirSync(path).length, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const VALUE = "v".repeat(1000);

describe("what waits for the consumer", () => {
  test("goes to files past a limit, again and again, and comes in order", async () => {
    using spill = folder();
    await using source = await startSource("ours", { "repl-backlog-size": "1mb" });
    await using feed = follow(urlOf(source), { memoryLimit: 200_000, spillDirectory: spill.path });
    await take(feed, isImageEnd);
    let seen = 0;
    for (let round = 0; round < 3; round++) {
      await load(source.client, 1500, (index) => ["SET", `${round}:${index}`, VALUE]);
      await until("the file", () => spill.files() > 0);
      // The source is listened to all the same: it has nothing left to send.
      await until("the source to be done", async () => !/omem=[1-9]/.test(await source.client.text("CLIENT", "LIST", "TYPE", "replica")));
      for (let left = 1400; left > 0; left--, seen++) {
        const { value } = await feed.next();
        expect(value?.kind === "change" ? value.key : value?.kind).toBe(`${Math.floor(seen / 1500)}:${seen % 1500}`);
      }
    }
    const rest = await take(feed, isSetOf("2:1499"));
    expect(rest.length).toBe(300);
    await until("the files to be gone", () => spill.files() === 0);
    expect(await infoField(source.client, "stats", "sync_full")).toBe("1");
  });

  test("is thrown away with the feed, files too", async () => {
    using spill = folder();
    using master = new FakeMaster();
    const feed = follow(urlOf(master), { memoryLimit: 10_000, spillDirectory: spill.path });
    const first = feed.next();
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 0\r\n`);
    link.send(measured(image({ a: "1" })));
    await first;
    link.send(stream(...Array.from({ length: 100 }, (_, index) => ["SET", `key:${index}`, VALUE])));
    await until("the file", () => spill.files() > 0);
    await feed.return();
    await until("the file to be gone", () => spill.files() === 0);
    await link.hangup();
  });

  test.skipIf(!mayMount)("ends the feed where the disk takes no more, at a position that can be gone on from", async () => {
    await using disk = await SmallDisk.make(512 * 1024);
    await using source = await startSource("ours", { "repl-backlog-size": "64mb" });
    const feed = follow(urlOf(source), { memoryLimit: 100_000, spillDirectory: disk.outside });
    const events = await take(feed, isImageEnd);
    await load(source.client, 4000, (index) => ["SET", `key:${index}`, VALUE]);
    let failure: unknown = null;
    await until("the disk to be full", async () => (await infoField(source.client, "replication", "connected_slaves")) === "0");
    try {
      for await (const event of feed) events.push(event);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(FollowError);
    const { code, position, message } = failure as FollowError;
    expect([code, message]).toEqual(["DISK", expect.stringContaining("No space left on device")]);
    const last = events[events.length - 1];
    expect(position).toBe(last.position);
    await using again = follow(urlOf(source), { from: position ?? "" });
    const rest = await take(again, isSetOf("key:3999"));
    const keys = [...events, ...rest].flatMap((event) => (event.kind === "change" ? [event.key] : []));
    expect(keys).toEqual(Array.from({ length: 4000 }, (_, index) => `key:${index}`));
    expect(readdirSync(disk.outside)).toEqual([]);
  });
});

describe("a position file", () => {
  test("has the place of what was taken, and a feed goes on there", async () => {
    using dir = folder();
    // No pings: a place behind one is as good as that before it, and another.
    await using source = await startSource("ours", { "repl-ping-replica-period": "3600" });
    const positionFile = join(dir.path, "position");
    const first = follow(urlOf(source), { positionFile });
    await take(first, isImageEnd);
    await load(source.client, 10, (index) => ["SET", `key:${index}`, index]);
    await take(first, isSetOf("key:5"));
    // The consumer may have failed with what it had last.
    await first.return();
    await using second = follow(urlOf(source), { positionFile });
    const rest = await take(second, isSetOf("key:9"));
    expect(rest.map((event) => event.kind === "change" && event.key)).toEqual(["key:5", "key:6", "key:7", "key:8", "key:9"]);
    const more = second.next();
    await until("the file to be written", async () => (await Bun.file(positionFile).text()).trim() === rest[4].position);
    await load(source.client, 1, () => ["SET", "last", 1]);
    await more;
    expect(readdirSync(dir.path)).toEqual(["position"]);
  });

  test("goes on with what is left out, while nothing comes that is wanted", async () => {
    using dir = folder();
    await using source = await startSource("ours", { "repl-ping-replica-period": "3600" });
    const positionFile = join(dir.path, "position");
    const feed = follow(urlOf(source), { positionFile, keys: "wanted:*" });
    await take(feed, isImageEnd);
    const next = feed.next();
    await load(source.client, 10, (index) => ["SET", `other:${index}`, index]);
    const offset = await infoField(source.client, "replication", "master_repl_offset");
    const kept = async (): Promise<string> =>
      (await Bun.file(positionFile).exists()) ? (await Bun.file(positionFile).text()).split(":")[1] : "";
    await until("the file to be written", async () => (await kept()) === offset);
    expect(feed.position.split(":")[1]).toBe(offset);
    await load(source.client, 1, () => ["SET", "wanted:1", 1]);
    await next;
    // The one that was delivered last counts as not taken.
    expect(feed.position.split(":")[1]).toBe(offset);
    await feed.return();
    await using second = follow(urlOf(source), { positionFile, keys: "wanted:*" });
    expect((await take(second, isSetOf("wanted:1"))).length).toBe(1);
  });

  test("that cannot be read or written ends the feed, and so does one that has no position", async () => {
    using dir = folder();
    await using source = await startSource("ours");
    await Bun.write(join(dir.path, "bad"), "nonsense\n");
    expect(() => follow(urlOf(source), { positionFile: join(dir.path, "bad") })).toThrow('"nonsense" is no position of a feed');
    expect(() => follow(urlOf(source), { positionFile: dir.path })).toThrow("the position cannot be kept");
    const feed = follow(urlOf(source), { positionFile: join(dir.path, "no", "position") });
    const failed = (async () => {
      for await (const _ of feed);
    })();
    expect(await failed.catch((error: FollowError) => error.code)).toBe("DISK");
  });
});

describe("a signal", () => {
  test("ends a feed that waits, and one that has not begun", async () => {
    await using source = await startSource("ours");
    const ending = new AbortController();
    const feed = follow(urlOf(source), { signal: ending.signal });
    await take(feed, isImageEnd);
    const next = feed.next();
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const late = follow(urlOf(source), { signal: ending.signal });
    expect(await late.next()).toEqual({ done: true, value: undefined });
  });
});
