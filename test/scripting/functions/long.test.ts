/** Functions that run too long: others are told so, FUNCTION STATS shows them, and FUNCTION KILL ends them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { until } from "../../replication/support.ts";
import { connect, type RawClient } from "../../support/client.ts";
import { startServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let runs: RawClient;
let asks: RawClient;

beforeEach(async () => {
  server = await startServer({ "busy-reply-threshold": "1" });
  runs = await connect(server.port);
  asks = await connect(server.port);
});
afterEach(async () => {
  runs.close();
  asks.close();
  await server.stop();
});

const text = (reply: Buffer): string => reply.toString("latin1");
const library = (body: string): string => `#!lua name=lib\n${body}`;
const busy = async (): Promise<boolean> => text(await asks.command("PING")).startsWith("-BUSY");

describe("a function that runs too long", () => {
  test("is shown by FUNCTION STATS and ended by FUNCTION KILL, which SCRIPT KILL refuses to do", async () => {
    await runs.text("FUNCTION", "LOAD", library("redis.register_function('f', function() while true do end end)"));
    const ended = runs.command("FCALL", "F", 1, "key", "argument");
    await until("the server to be busy", busy);
    expect(text(await asks.command("PING"))).toBe(
      "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.\r\n",
    );
    expect(text(await asks.command("FUNCTION", "STATS")).replace(/:\d+\r\n\$7\r\nengines/, ":<ms>\r\n$7\r\nengines")).toBe(
      "*4\r\n$14\r\nrunning_script\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n*5\r\n$5\r\nFCALL\r\n$1\r\nF\r\n$1\r\n1\r\n$3\r\nkey\r\n" +
        "$8\r\nargument\r\n$11\r\nduration_ms\r\n:<ms>\r\n$7\r\nengines\r\n*2\r\n$3\r\nLUA\r\n*4\r\n$15\r\nlibraries_count\r\n:1\r\n" +
        "$15\r\nfunctions_count\r\n:1\r\n",
    );
    expect(text(await asks.command("SCRIPT", "KILL"))).toStartWith("-BUSY ");
    expect(text(await asks.command("FUNCTION", "LOAD", library("")))).toStartWith("-BUSY ");
    expect(text(await asks.command("FUNCTION", "KILL"))).toBe("+OK\r\n");
    expect(text(await ended)).toMatch(/^-ERR Script killed by user with SCRIPT KILL\.\.\. script: f, on @user_function:2\.\r\n$/);
    expect(text(await asks.command("PING"))).toBe("+PONG\r\n");
    expect(text(await asks.command("FUNCTION", "KILL"))).toBe("-NOTBUSY No scripts in execution right now.\r\n");
  });

  test("is told from a script: FUNCTION STATS and KILL are refused while EVAL runs", async () => {
    const ended = runs.command("EVAL", "while true do end", 0);
    await until("the server to be busy", busy);
    for (const subcommand of ["STATS", "KILL"]) {
      expect(text(await asks.command("FUNCTION", subcommand))).toBe(
        "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n",
      );
    }
    await asks.text("SCRIPT", "KILL");
    expect(text(await ended)).toStartWith("-ERR Script killed by user with SCRIPT KILL... script: ");
  });

  test("cannot be killed once it has written", async () => {
    const body = `redis.register_function('f', function(keys)
      redis.call('SET', keys[1], 1)
      while redis.call('EXISTS', 'end') == 0 and redis.call('INCR', 'turns') < 200000 do end
    end)`;
    await runs.text("FUNCTION", "LOAD", library(body));
    const ended = runs.command("FCALL", "f", 1, "k");
    await until("the server to be busy", busy);
    expect(text(await asks.command("FUNCTION", "KILL"))).toStartWith("-UNKILLABLE ");
    expect(text(await ended)).toBe("$-1\r\n");
    expect(await asks.text("GET", "turns")).toBe("200000");
  });

  /** Turns enough for the clock to have passed the threshold, and what they do once each. */
  const TURNS = 6_000_000;

  test("does each of its steps once, whatever the library keeps between calls", async () => {
    const body = `local count, list = 0, {}
      redis.register_function('turn', function(keys, args)
        for i = 1, tonumber(args[1]) do
          count = count + 1
          if i % 500000 == 0 then list[#list + 1] = redis.call('INCR', keys[1]) end
        end
        return {count, #list, list[#list]}
      end)`;
    await runs.text("FUNCTION", "LOAD", library(body));
    const ended = runs.command("FCALL", "turn", 1, "k", TURNS);
    await until("the server to be busy", busy);
    expect(text(await ended)).toBe(`*3\r\n:${TURNS}\r\n:12\r\n:12\r\n`);
    expect(text(await runs.command("FCALL", "turn", 1, "k", 1))).toBe(`*3\r\n:${TURNS + 1}\r\n:12\r\n:12\r\n`);
  });

  test("does so without anything kept, too, and with functions of the library that it calls", async () => {
    const body = `local STEP = 500000
      local function count(from, by) return from + by end
      local names = {one = 'k'}
      redis.register_function('turn', function(keys, args)
        local sum = 0
        for i = 1, tonumber(args[1]) do
          sum = count(sum, 1)
          if i % STEP == 0 then redis.call('INCR', names.one) end
        end
        return sum
      end)`;
    await runs.text("FUNCTION", "LOAD", library(body));
    const ended = runs.command("FCALL", "turn", 0, TURNS);
    await until("the server to be busy", busy);
    expect(text(await ended)).toBe(`:${TURNS}\r\n`);
    expect(await asks.text("GET", "k")).toBe("12");
  });
});
