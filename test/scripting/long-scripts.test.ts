/** Scripts that run for longer than busy-reply-threshold: others hear BUSY, and the script goes on, or is ended. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const BUSY_FUNCTION = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
const UNKILLABLE =
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill " +
  "the server in a hard way using the SHUTDOWN NOSAVE command.";
const KILLED = /^ERR Script killed by user with SCRIPT KILL\.\.\. script: \w+, on @user_(?:script|function):\d+\.$/;

/** A reply as it came, without the type and the line end of those that are one line. */
function replyText(reply: Buffer): string {
  const text = reply.toString("latin1");
  return /^[-+:][^\r]*\r\n$/.test(text) ? text.slice(1, -2) : text;
}

describe("a script that runs too long", () => {
  let ours: TestServer;
  let runs: RawClient;
  let other: RawClient;

  beforeAll(async () => {
    ours = await startServer({ "busy-reply-threshold": "1" });
    runs = await connect(ours.port);
    other = await connect(ours.port);
  });
  afterAll(async () => {
    runs.close();
    other.close();
    await ours.stop();
  });
  beforeEach(async () => {
    await other.command("FLUSHALL");
  });

  /** Starts a script, and waits until others hear that it runs. Returns its answer, when it comes. */
  async function start(...words: Word[]): Promise<{ answer: Promise<string> }> {
    const answer = runs.command(...words).then(replyText);
    await until("the server is busy", async () => replyText(await other.command("GET", "x")).startsWith("BUSY"));
    return { answer };
  }

  /** A loop that lasts until the test has seen what it came for: the key of the first loop's end is its number of turns. */
  const LOOP = "local function wait() local n = 0 for i = 1, 3e7 do n = n + i % 3 end return n end ";

  for (const loop of [
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "while true do redis.call('ping') end",
    "while true do local ok, e = pcall(redis.call, 'nonesuch') end",
    "local function f() return f() end return f()",
    "while true do string.rep('a', 100):gsub('a', 'b') end",
    "coroutine.wrap(function() while true do end end)()",
    "local i = 0 repeat i = i + 1 until false",
    "for i = 1, math.huge do end",
    "for k in function() return 1 end do end",
  ]) {
    test(`is ended by SCRIPT KILL: ${loop}`, async () => {
      const { answer } = await start("EVAL", loop, 0);
      expect(replyText(await other.command("FUNCTION", "KILL"))).toBe(BUSY);
      expect(replyText(await other.command("SET", "x", "1"))).toBe(BUSY);
      expect(replyText(await other.command("SCRIPT", "KILL"))).toBe("OK");
      expect(await answer).toMatch(KILLED);
      expect(replyText(await other.command("GET", "x"))).toBe("$-1\r\n");
      expect(replyText(await other.command("SCRIPT", "KILL"))).toBe("NOTBUSY No scripts in execution right now.");
    });
  }

  test("that is a function is ended by FUNCTION KILL only", async () => {
    await other.command("FUNCTION", "LOAD", "REPLACE", "#!lua name=l\nredis.register_function('f', function() while true do end end)");
    const { answer } = await start("FCALL", "f", 0);
    expect(replyText(await other.command("SCRIPT", "KILL"))).toBe(BUSY_FUNCTION);
    expect(replyText(await other.command("FUNCTION", "KILL"))).toBe("OK");
    expect(await answer).toMatch(KILLED);
  });

  test("ends by itself, with everything done once", async () => {
    const { answer } = await start(
      "EVAL",
      `${LOOP} redis.call('incr', 'n') redis.call('rpush', 'l', 'a', 'b') local t = redis.call('lrange', 'l', 0, -1) t[1] = 'changed'
       local before = redis.call('time') local r = math.random() wait() redis.call('incr', 'n')
       local after = redis.call('time')
       return {redis.call('get', 'n'), redis.call('llen', 'l'), t, before[1] == after[1] and before[2] == after[2], tostring(r == math.random())}`,
      0,
    );
    expect(replyText(await other.command("SCRIPT", "KILL"))).toBe(UNKILLABLE);
    expect(await answer).toBe("*5\r\n$1\r\n2\r\n:2\r\n*2\r\n$7\r\nchanged\r\n$1\r\nb\r\n:1\r\n$5\r\nfalse\r\n");
    expect(replyText(await other.command("GET", "n"))).toBe("$1\r\n2\r\n");
    expect(replyText(await other.command("LLEN", "l"))).toBe("2");
  });

  test("sees the random members that it saw before", async () => {
    const members = Array.from({ length: 100 }, (_, index) => `m${index}`);
    await other.command("SADD", "s", ...members);
    const { answer } = await start(
      "EVAL",
      `${LOOP} local a = redis.call('spop', 's') redis.call('set', 'popped', a) wait() return {redis.call('get', 'popped') == a, redis.call('scard', 's')}`,
      0,
    );
    expect(await answer).toBe("*2\r\n:1\r\n:99\r\n");
  });

  test("meets errors again that it met before", async () => {
    await other.command("SET", "x", "text");
    const { answer } = await start(
      "EVAL",
      `${LOOP} local ok, e = pcall(redis.call, 'incr', 'x') local p = redis.pcall('lpush', 'x', 1) wait() return {e, p.err}`,
      0,
    );
    expect(await answer).toContain("ERR value is not an integer or out of range");
    expect(await answer).toContain("WRONGTYPE");
  });

  test("inside a transaction holds up what comes behind it, and nothing is lost", async () => {
    runs.send("MULTI\r\nSET a 1\r\n");
    await runs.skipReplies(2);
    for (const words of [
      ["EVAL", `${LOOP} redis.call('incr', 'a') return wait()`, 0],
      ["INCR", "a"],
      ["EVAL", `${LOOP} wait() return 7`, 0],
      ["INCR", "a"],
    ]) {
      expect(replyText(await runs.command(...words))).toBe("QUEUED");
    }
    const { answer } = await start("EXEC");
    expect(await answer).toBe("*5\r\n+OK\r\n:30000000\r\n:3\r\n:7\r\n:4\r\n");
    expect(replyText(await other.command("GET", "a"))).toBe("$1\r\n4\r\n");
    expect(replyText(await runs.command("PING"))).toBe("PONG");
  });

  test("lets no one see half of it", async () => {
    const waits = await connect(ours.port);
    const popped = waits.command("BLPOP", "queue", 0).then(replyText);
    await until("the client waits", async () => replyText(await other.command("INFO", "clients")).includes("blocked_clients:1"));
    const { answer } = await start(
      "EVAL",
      `${LOOP} redis.call('rpush', 'queue', 'first') wait() redis.call('lpush', 'queue', 'front') return 1`,
      0,
    );
    expect(await answer).toBe("1");
    expect(await popped).toBe("*2\r\n$5\r\nqueue\r\n$5\r\nfront\r\n");
    waits.close();
  });

  test("goes on when its client goes away", async () => {
    const leaves = await connect(ours.port);
    leaves.command("EVAL", `${LOOP} redis.call('set','x','done') wait() return 1`, 0).catch(() => {});
    await until("the server is busy", async () => replyText(await other.command("GET", "x")).startsWith("BUSY"));
    leaves.close();
    await until("the script is over", async () => !replyText(await other.command("GET", "x")).startsWith("BUSY"));
    expect(replyText(await other.command("GET", "x"))).toBe("$4\r\ndone\r\n");
  });

  test("lets MULTI open while it runs, refuses what is queued, and EXEC", async () => {
    const { answer } = await start("EVAL", "while true do end", 0);
    expect(replyText(await other.command("MULTI"))).toBe("OK");
    expect(replyText(await other.command("SET", "x", 1))).toBe(BUSY);
    expect(replyText(await other.command("EXEC"))).toStartWith("EXECABORT");
    expect(replyText(await other.command("PING"))).toBe(BUSY);
    expect(replyText(await other.command("EVAL", "return 1", 0))).toBe(BUSY);
    expect(replyText(await other.command("SHUTDOWN"))).toBe(BUSY);
    await other.command("SCRIPT", "KILL");
    expect(await answer).toMatch(KILLED);
  });

  test("is not interrupted when busy-reply-threshold is 0", async () => {
    await other.command("CONFIG", "SET", "busy-reply-threshold", 0);
    const answer = runs.command("EVAL", "local n = 0 for i = 1, 2e7 do n = n + 1 end return n", 0).then(replyText);
    expect(replyText(await other.command("PING"))).toBe("PONG");
    expect(await answer).toBe("20000000");
    await other.command("CONFIG", "SET", "busy-reply-threshold", 1);
  });
});
