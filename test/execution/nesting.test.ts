import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call } from "../../src/execution/call.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { Session } from "../../src/session/session.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { CollectingLink } from "../support/link.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

/**
 * What a client does beside one that waits in BLMOVE src dst: an expired key is met, three requests are in error, and what the other waits
 * for arrives.
 */
const TRANSACTION: readonly (readonly Word[])[] = [
  ["MULTI"],
  ["GET", "expired"],
  ["INCR", "counter"],
  ["LPUSH", "counter", "x"],
  ["INCR", "text"],
  ["LPUSH", "src", "element"],
  ["SET", "expired", "again"],
  ["EXEC"],
  ["LRANGE", "counter", "0", "-1"],
];

describe("calls within calls", () => {
  let ours: TestServer;
  let client: RawClient;
  let restore = () => {};

  beforeAll(async () => {
    ours = await startServer();
    client = await connect(ours.port);
    ours.server.housekeeping.activeExpiry = false;
  });
  afterAll(async () => {
    restore();
    client.close();
    await ours.stop();
  });

  /** ECHO becomes a caller, as a script is one: it runs `requests` as a client of its own and answers with all their answers. */
  function stubCaller(requests: readonly (readonly Word[])[]): void {
    const { executor, keyspace } = ours.server;
    const entry = executor.commands.named("echo");
    if (entry === null) throw new Error("there is no ECHO");
    const { handler } = entry;
    restore = () => Reflect.set(entry, "handler", handler);
    Reflect.set(entry, "handler", (call: Call) => {
      const answers = new CollectingLink();
      const session = new Session({
        id: 1000,
        link: answers.link,
        database: keyspace.databases[0],
        now: keyspace.now,
        authenticated: true,
      });
      const diverted = call.reply.divert(answers.link, 2);
      for (const words of requests) {
        executor.execute(session, new Frame().encode(words.map(String)));
        expect(session.blocked).toBe(false);
      }
      call.reply.rejoin(diverted);
      expect([call.frame.text(0), call.entry.fullName, call.failure]).toEqual(["ECHO", "echo", null]);
      call.reply.bulk(answers.text);
    });
  }

  async function prepare(port: number): Promise<{ waiter: RawClient; waiting: Promise<Buffer> }> {
    const setup = await connect(port);
    await setup.command("FLUSHALL");
    await setup.command("SET", "text", "no number");
    await setup.command("SET", "expired", "gone", "PXAT", "1");
    // Before the wait: 7.0 counts a call that blocks when it begins, 7.2 when it ends.
    await setup.command("CONFIG", "RESETSTAT");
    const waiter = await connect(port);
    const waiting = waiter.command("BLMOVE", "src", "dst", "LEFT", "RIGHT", "0");
    while (!(await setup.text("INFO", "clients")).includes("blocked_clients:1")) await Bun.sleep(1);
    setup.close();
    return { waiter, waiting };
  }

  /** What commandstats and errorstats count, of the commands that the test sends. */
  async function counts(port: number): Promise<Record<string, string>> {
    const asker = await connect(port);
    const text = `${await asker.text("INFO", "commandstats")}${await asker.text("INFO", "errorstats")}`;
    asker.close();
    const found: Record<string, string> = {};
    for (const [, name, rest] of text.matchAll(/^(?:cmdstat|errorstat)_(\S+?):(.*?)\r?$/gm))
      if (!["echo", "info", "config|resetstat"].includes(name)) found[name] = rest.replace(/usec.*?,r/, "r");
    return found;
  }

  /** Words of the commands that were journalled since `cursor`, without what only groups them. */
  function journalled(cursor: { offset: number }): string[] {
    let bytes = "";
    ours.server.journal.read(cursor, (buffer, from, to) => {
      bytes += buffer.latin1Slice(from, to);
      return to - from;
    });
    ours.server.journal.close(cursor);
    return commandsOf(bytes).filter((words) => !/^(MULTI|EXEC|SELECT)/i.test(words));
  }

  test("keep their own request, client, failure and statistics, three deep", async () => {
    const { waiter, waiting } = await prepare(ours.port);
    ours.server.journal.start();
    const cursor = ours.server.journal.open(ours.server.journal.offset);
    stubCaller(TRANSACTION);
    const answers = await client.text("ECHO", "run");
    restore();
    // The waiting client was served inside the caller's EXEC, before the caller was answered, and the other way round nothing was mixed up.
    expect((await waiting).toString()).toBe("$7\r\nelement\r\n");
    expect(answers).toBe(
      `+OK\r\n${"+QUEUED\r\n".repeat(6)}*6\r\n$-1\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR value is not an integer or out of range\r\n:1\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n`,
    );
    expect(journalled(cursor)).toEqual([
      "DEL expired",
      "INCR counter",
      "LPUSH src element",
      "SET expired again",
      "LMOVE src dst LEFT RIGHT",
    ]);
    const { executor } = ours.server;
    expect(Reflect.get(executor, "depth")).toBe(0);
    expect((await client.command("PING")).toString()).toBe("+PONG\r\n");
    waiter.close();
  });

  testWithRedis("answer, journal and count as redis-server does for the same requests", async () => {
    await using redis = await startRedis({ args: ["--enable-debug-command", "yes"] });
    const real = await connect(redis.port);
    await real.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const theirs = await play(redis.port, (request) => real.command(...request));
    stubCaller(TRANSACTION);
    const { waiter, waiting } = await prepare(ours.port);
    const replies = await client.text("ECHO", "run");
    restore();
    expect(replies).toBe(theirs.replies);
    expect((await waiting).toString()).toBe(theirs.served);
    expect(await counts(ours.port)).toEqual(theirs.counts);
    waiter.close();
    real.close();
  });

  async function play(port: number, ask: (request: readonly Word[]) => Promise<Buffer>) {
    const { waiter, waiting } = await prepare(port);
    let replies = "";
    for (const request of TRANSACTION) replies += (await ask(request)).toString("latin1");
    const served = (await waiting).toString();
    waiter.close();
    return { replies, served, counts: await counts(port) };
  }
});

function commandsOf(stream: string): string[] {
  const commands: string[] = [];
  let at = 0;
  const line = (): number => {
    const end = stream.indexOf("\r\n", at);
    const value = Number(stream.slice(at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < stream.length) {
    const words: string[] = [];
    for (let left = line(); left > 0; left--) {
      const length = line();
      words.push(stream.slice(at, at + length));
      at += length + 2;
    }
    commands.push(words.join(" "));
  }
  return commands;
}
