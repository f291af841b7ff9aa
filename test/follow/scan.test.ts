/** Sources that cannot be followed: scans of their keys are compared. */
import { describe, expect, test } from "bun:test";
import { follow, type TextEvent } from "../../src/follow/index.ts";
import { isImageEnd, startSource, take, urlOf, wantOf } from "./support.ts";

const differences = (events: readonly TextEvent[]) => events.flatMap((event) => (event.kind === "difference" ? [event] : []));

for (const name of ["ours", "redis", "redis8", "valkey9"] as const) {
  test.skipIf(wantOf(name) !== "")(`differences of ${name} are found, and labelled as not exact${wantOf(name)}`, async () => {
    await using source = await startSource(name);
    const { client } = source;
    for (const words of ["SET same 1", "SET n 1", "SET gone 1", "HSET h f v", "SADD s a", "ZADD z inf a", "RPUSH l x", "XADD x 1-1 f v"]) {
      await client.command(...words.split(" "));
    }
    await client.text("SELECT", 3);
    await client.text("SET", "far", "1");
    await using feed = follow(urlOf(source), { mode: "scan", intervalMs: 5, values: true });
    const image = await take(feed, isImageEnd);
    const shown = image.flatMap((event) => (event.kind === "image" ? [[event.key, event.value] as const] : []));
    expect(new Map<string, unknown>(shown)).toEqual(
      new Map<string, unknown>([
        ["same", "1"],
        ["n", "1"],
        ["gone", "1"],
        ["h", new Map([["f", "v"]])],
        ["s", new Set(["a"])],
        ["z", [["a", Number.POSITIVE_INFINITY]]],
        ["l", ["x"]],
        ["x", [{ id: "1-1", fields: [["f", "v"]] }]],
        ["far", "1"],
      ]),
    );
    await client.text("DEL", "far");
    await client.text("SELECT", 0);
    for (const words of ["INCR n", "DEL gone", "HSET h g w", "SADD s b", "SET new 1", "PEXPIREAT l 33333333333333"]) {
      await client.command(...words.split(" "));
    }
    const seen = new Map<string, string>();
    await take(feed, (event) => {
      if (event.kind === "difference") seen.set(event.key, `${event.change} ${event.exact}`);
      // No Redis before 7 says when a key expires.
      return seen.size === 7;
    });
    expect(Object.fromEntries(seen)).toEqual({
      n: "changed false",
      gone: "deleted false",
      h: "changed false",
      s: "changed false",
      new: "created false",
      l: "changed false",
      far: "deleted false",
    });
  });
}

describe("a feed of scans", () => {
  test("says what was and what is, keeps to what is asked for, and takes bytes as they are", async () => {
    await using source = await startSource("ours");
    const { client } = source;
    await client.text("SET", "user:1", "old");
    await client.text("SET", "other", "old");
    await using feed = follow(urlOf(source), { mode: "scan", intervalMs: 5, values: true, keys: "user:*", db: 0, types: ["string"] });
    expect((await take(feed, isImageEnd)).length).toBe(3);
    await client.text("SET", "other", "new");
    await client.command("RPUSH", "user:list", "new");
    await client.text("SET", "user:1", Buffer.of(0xc3, 0xa9));
    const [found] = differences(await take(feed, (event) => event.kind === "difference"));
    expect(found).toMatchObject({ key: "user:1", change: "changed", before: { value: "old" }, after: { value: "é" } });
  });

  test("works where PSYNC is forbidden, and a signal ends it", async () => {
    await using source = await startSource("ours");
    await source.client.text("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+ping", "+select", "+info", "+client");
    const url = `redis://reader:secret@127.0.0.1:${source.port}`;
    const ending = new AbortController();
    const feed = follow(url, { mode: "scan", intervalMs: 60_000, signal: ending.signal });
    await take(feed, isImageEnd);
    const next = feed.next();
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
