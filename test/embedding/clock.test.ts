import { describe, expect, test } from "bun:test";
import type { Link, Word } from "../../src/client/link.ts";
import { Replicant, type ServerOptions } from "../../src/index.ts";

const START = Date.UTC(2001, 0, 1);
const DAY = 24 * 3600 * 1000;

async function withVirtualClock(
  run: (server: Replicant, ask: (...words: Word[]) => Promise<unknown>, link: Link) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  await using server = await Replicant.inProcess({ clock: "virtual", now: START, ...options });
  const link = server.connect();
  await run(server, (...words) => link.send(words, false), link);
}

describe("a virtual clock", () => {
  test("stands still, for TIME, ids of streams and times to live", () =>
    withVirtualClock(async (server, ask) => {
      expect(server.now).toBe(START);
      expect(await ask("TIME")).toEqual([String(START / 1000), "0"]);
      expect(await ask("XADD", "s", "*", "f", "v")).toBe(`${START}-0`);
      expect(await ask("XADD", "s", "*", "f", "v")).toBe(`${START}-1`);
      await ask("SET", "k", "v", "PX", 1500);
      expect(await ask("PTTL", "k")).toBe(1500);
      await server.advance(499);
      expect(await ask("PTTL", "k")).toBe(1001);
      expect(await ask("PEXPIRETIME", "k")).toBe(START + 1500);
      expect(await ask("EVAL", "return redis.call('TIME')[1]", 0)).toBe(String(START / 1000));
      expect(await ask("OBJECT", "IDLETIME", "k")).toBe(0);
      await ask("SET", "idle", "v");
      await server.advance(100_000);
      expect(await ask("OBJECT", "IDLETIME", "idle")).toBe(100);
      expect(await ask("INFO", "server")).toContain(`uptime_in_seconds:100`);
    }));

  test("set ahead deletes what has expired, in its order, and tells of it", () =>
    withVirtualClock(
      async (server, ask) => {
        const listener = server.connect();
        const events: string[] = [];
        listener.onPush = (push) => {
          const [kind, , , key] = push.map((part) => (part instanceof Uint8Array ? new TextDecoder().decode(part) : String(part)));
          if (kind === "pmessage") events.push(key);
        };
        await listener.send(["PSUBSCRIBE", "__keyevent@*__:expired"], false);
        await ask("SET", "second", 1, "PX", 2 * DAY);
        await ask("SET", "first", 1, "EX", 10);
        await ask("SET", "third", 1, "PX", 40 * DAY);
        await ask("SET", "stays", 1);
        await server.advance(9_999);
        expect(events).toEqual([]);
        await server.advance(2 * DAY);
        expect(events).toEqual(["first", "second"]);
        expect(await ask("DBSIZE")).toBe(2);
        await server.advance(38 * DAY);
        expect(events).toEqual(["first", "second", "third"]);
        expect(await ask("EXISTS", "stays", "third")).toBe(1);
      },
      { notifyKeyspaceEvents: "Ex" },
    ));

  test("has fields of hashes expire, of small ones and of large ones", () =>
    withVirtualClock(async (server, ask) => {
      const fields = Array.from({ length: 2000 }, (_, index): Word[] => [`f${index}`, index]).flat();
      await ask("HSET", "small", "a", 1, "b", 2);
      await ask("HSET", "large", ...fields);
      await ask("HEXPIRE", "small", 60, "FIELDS", 1, "a");
      await ask("HEXPIRE", "large", 60, "FIELDS", 2, "f1", "f2");
      expect(await ask("HPTTL", "large", "FIELDS", 2, "f1", "f3")).toEqual([60_000, -1]);
      await server.advance(59_999);
      expect([await ask("HLEN", "small"), await ask("HLEN", "large")]).toEqual([2, 2000]);
      await server.advance(2);
      expect([await ask("HLEN", "small"), await ask("HLEN", "large")]).toEqual([1, 1998]);
      await ask("HEXPIRE", "large", 5000, "FIELDS", 1, "f5");
      await server.advance(5_000_001);
      expect(await ask("HLEN", "large")).toBe(1997);
    }));

  test("ends the patience of clients that wait, each at its time", () =>
    withVirtualClock(async (server, ask) => {
      const [one, two] = [server.connect(), server.connect()];
      const ended: [string, number][] = [];
      const first = two.send(["BLPOP", "q", 30], false).then(() => ended.push(["30 s", server.now]));
      const second = one.send(["BLMOVE", "a", "b", "LEFT", "LEFT", 10], false).then(() => ended.push(["10 s", server.now]));
      const third = ask("XREAD", "BLOCK", 20_000, "STREAMS", "x", "$").then(() => ended.push(["20 s", server.now]));
      await server.advance(9_999);
      expect(ended).toEqual([]);
      await server.advance(60_000);
      await Promise.all([first, second, third]);
      expect(ended).toEqual([
        ["10 s", START + 10_000],
        ["20 s", START + 20_000],
        ["30 s", START + 30_000],
      ]);
      expect(server.now).toBe(START + 69_999);
    }));

  test("lets the program answer to what happens on the way", () =>
    withVirtualClock(async (server, ask) => {
      let polls = 0;
      const poller = (async () => {
        while (polls < 5) {
          await ask("BLPOP", "jobs", 1);
          polls++;
        }
      })();
      await server.advance(5000);
      await poller;
      expect([polls, server.now]).toEqual([5, START + 5000]);
    }));

  test("ends pauses of clients, and WAIT", () =>
    withVirtualClock(async (server, ask) => {
      const other = server.connect();
      await ask("CLIENT", "PAUSE", 5000, "WRITE");
      const written = other.send(["SET", "k", 1], false).then(() => server.now);
      await server.advance(4999);
      expect(await ask("GET", "k")).toBeNull();
      await server.advance(1);
      expect(await written).toBe(START + 5000);
      const acknowledged = other.send(["WAIT", 1, 500], false).then((count) => [count, server.now]);
      await server.advance(1000);
      expect(await acknowledged).toEqual([0, START + 5500]);
    }));

  test("goes by no other way, and only where there is one", async () => {
    await using server = await Replicant.inProcess();
    expect(Math.abs(server.now - Date.now())).toBeLessThan(60_000);
    expect(server.advance(1)).rejects.toThrow('only one with the option clock: "virtual" can be set ahead');
    await withVirtualClock(async (virtual) => expect(virtual.advance(-1)).rejects.toThrow(RangeError));
    expect(Replicant.inProcess({ now: 5 })).rejects.toThrow('now is for a clock that is "virtual"');
    expect(Replicant.inProcess({ clock: "slow" as "virtual" })).rejects.toThrow('clock is "system" or "virtual"');
  });
});
