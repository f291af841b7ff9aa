/** FUNCTION, against a real Redis: every reply and every error by its bytes, and what replicas get. */
import { describe, expect, test } from "bun:test";
import { Crc64 } from "../../../src/rdb/crc64.ts";
import { connect, type Word } from "../../support/client.ts";
import { type Request, useComparison } from "../../support/compare.ts";
import { effectsOf } from "../../support/effects.ts";
import { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";

const HEAD = "#!lua name=lib\n";
const SIMPLE = `${HEAD}redis.register_function('f', function(keys, args) return {keys, args} end)`;
const OTHER = "#!lua name=other\nredis.register_function('g', function() return 'g' end)";

/** The body of a library, loaded in the place of the one before. */
const loading = (body: string): Request => ["FUNCTION", "LOAD", "REPLACE", Buffer.from(HEAD + body, "latin1")];

/** Requests that begin without libraries: FLUSHALL keeps them. */
const clean = (...requests: readonly Request[]): readonly Request[] => [["FUNCTION", "FLUSH"], ...requests];

/** A payload of FUNCTION RESTORE with this content, sealed as a server would seal it. */
function payload(content: Buffer, version = 10): Buffer {
  const bytes = Buffer.concat([content, Buffer.of(version & 0xff, version >> 8), Buffer.alloc(8)]);
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length - 8);
  crc.writeTo(bytes, bytes.length - 8);
  return bytes;
}

/** A library as payloads have it, its length in 14 bits. */
function part(text: string, opcode = 0xf5): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([Buffer.of(opcode, 0x40 | (bytes.length >> 8), bytes.length & 0xff), bytes]);
}

const HEADS: readonly string[] = [
  "",
  "x",
  "#!",
  "#!lua",
  "#!lua name=x",
  "#!\n",
  "#! lua\n",
  "#!lua\n",
  "#!lua name=\n",
  "#!lua name=a-b\n",
  "#!lua name=x name=y\n",
  "#!lua foo=1 name=x\n",
  "#!LUA NAME=x\n",
  '#!lua name="a b"\n',
  "#!lua name='ab'\n",
  '#!lua "name=ab"x\n',
  '#!lua name="ab\n',
  "#!python name=x\n",
  "#!python name=a-b\n",
  "#!lua\0 name=x\n",
  '#!lua name=x "a\\x00b"\n',
  "#!lua name=x\n\0",
  "#!lua name=x\r\n",
  "#!py\\thon name=x\n",
  "#!lua name=\xe9\n",
  '#!lua "name=a\\x00b"\n',
  '#!"lu\\x00" name=x\n',
];

const BODIES: readonly string[] = [
  "return 1",
  "return (",
  'return "abc\\\nde',
  "redis.register_function()",
  "redis.register_function('a')",
  "redis.register_function(nil)",
  "redis.register_function({})",
  "redis.register_function(1,2,3)",
  "redis.register_function('a',1)",
  "redis.register_function('a','b')",
  "redis.register_function('a',function() end,nil)",
  "redis.register_function({},function() end)",
  "redis.register_function(5,function() end)",
  "redis.register_function('a-b',function() end)",
  "redis.register_function('',function() end)",
  "redis.register_function('a\\0b',function() end)",
  "redis.register_function(redis.log)",
  "redis.register_function('native',redis.log)",
  "redis.register_function{function_name='a'}",
  "redis.register_function{callback=function() end}",
  "redis.register_function{function_name={},callback=function() end}",
  "redis.register_function{function_name=7,callback=function() end,description=1.5}",
  "redis.register_function{function_name='a',callback=1}",
  "redis.register_function{function_name='a',callback=function() end,description={}}",
  "redis.register_function{function_name='a',callback=function() end,flags=1}",
  "redis.register_function{function_name='a',callback=function() end,flags={'x'}}",
  "redis.register_function{function_name='a',callback=function() end,flags={{}}}",
  "redis.register_function{function_name='a',callback=function() end,flags={1}}",
  "redis.register_function{function_name='a',callback=function() end,foo=1}",
  "redis.register_function{[1]='a'}",
  "redis.register_function{[1.5]='a'}",
  "redis.register_function{[true]='a'}",
  "redis.register_function{[{}]='a'}",
  "redis.register_function{FUNCTION_NAME='a',CallBack=function() end}",
  "redis.register_function('a',function() end) redis.register_function('a',function() end)",
  "local s = string.format('a')",
  "local s = foo",
  "foo = 1",
  "redis.call('get','a')",
  "redis.setresp(3)",
  "redis.x = 1",
  "local a = 1 + {}",
  "local a = ('a'):rep(3) .. nothing",
  "error('bad')",
  "pcall(redis.log)",
  "return _G",
  "_G.x = 1",
  "local x = #redis",
  "for k, v in redis do end",
  "redis()",
  "redis.log('x')",
  "redis.log(9, 'x')",
  "redis.log(redis.LOG_NOTICE, 'hello', 1)",
  "local x = redis.REDIS_VERSION .. redis.nope",
  "local function f() return f() end redis.register_function('deep', f)",
  "local function f() return 1 + f() end f()",
];

describeWithRedis("FUNCTION", () => {
  const both = useComparison();

  test("LOAD says what is wrong with the first line of a library", async () => {
    await both().compare(HEADS.map((text) => clean(["FUNCTION", "LOAD", Buffer.from(text, "latin1")])));
  });

  test("LOAD runs a library with redis.register_function and little else, and tells what went wrong", async () => {
    for (const protocol of [2, 3] as const) {
      const cases = BODIES.map((body) => clean(loading(body), ["FUNCTION", "LIST", "WITHCODE"], ["FUNCTION", "STATS"]));
      await both().compare(cases, { protocol });
    }
  });

  test("LOAD takes a name once, of a library as of a function, unless it is told to replace", async () => {
    const again: readonly Request[] = [
      ["FUNCTION", "LOAD", SIMPLE],
      ["FUNCTION", "LOAD", SIMPLE],
      ["FUNCTION", "LOAD", "replace", "REPLACE", SIMPLE],
      ["FUNCTION", "LOAD", "#!lua name=LIB\nredis.register_function('F', function() end)"],
      ["FUNCTION", "LOAD", "#!lua name=LIB\nredis.register_function('h', function() end)"],
      ["FUNCTION", "LOAD", "REPLACE", "#!lua name=LIB\nredis.register_function('f', function() end)"],
      ["FCALL", "h", 0],
      ["FUNCTION", "LOAD", "REPLACE", `${HEAD}return (`],
      ["FUNCTION", "LOAD", "REPLACE", `${HEAD}return 1`],
      ["FCALL", "F", 1, "k", "a"],
      ["FUNCTION", "LOAD", "REPLACE", `${HEAD}redis.register_function('g', function() return 1 end)`],
      ["FCALL", "f", 0],
      ["FCALL", "g", 0],
      ["FUNCTION", "STATS"],
    ];
    const options: readonly Request[] = [
      ["FUNCTION", "LOAD"],
      ["FUNCTION", "LOAD", "REPLACE"],
      ["FUNCTION", "LOAD", "x", SIMPLE],
      ["FUNCTION", "LOAD", Buffer.from("\xff\r\n", "latin1"), SIMPLE],
    ];
    await both().compare([clean(...again), clean(...options)]);
  });

  test("a load that goes on for too long is ended", async () => {
    await both().compare([clean(loading("while true do end"), ["FUNCTION", "LIST"])]);
  });

  test("DELETE and FLUSH", async () => {
    await both().compare([
      clean(
        ["FUNCTION", "LOAD", SIMPLE],
        ["FUNCTION", "DELETE"],
        ["FUNCTION", "DELETE", "LIB"],
        ["FUNCTION", "DELETE", "lib", "x"],
        ["FUNCTION", "DELETE", "lib"],
        ["FUNCTION", "DELETE", "lib"],
        ["FCALL", "f", 0],
        ["FUNCTION", "LOAD", SIMPLE],
        ["FUNCTION", "FLUSH", "x"],
        ["FUNCTION", "FLUSH", "SYNC", "x"],
        ["FUNCTION", "LIST"],
        ["FUNCTION", "FLUSH", "async"],
        ["FUNCTION", "LIST"],
        ["FUNCTION", "LOAD", SIMPLE],
        ["FUNCTION", "FLUSH", "Sync"],
        ["FUNCTION", "STATS"],
      ),
    ]);
  });

  test("LIST shows names by pattern, flags, and the code", async () => {
    const flagged = `redis.register_function{function_name='fl', description='d\\0\\255', callback=function() end,
      flags={'NO-WRITES', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys', nil, 'not looked at'}}`;
    for (const protocol of [2, 3] as const) {
      await both().compare(
        [
          clean(
            ["FUNCTION", "LIST"],
            ["FUNCTION", "LIST", "LIBRARYNAME", "*"],
            loading(flagged),
            ["FUNCTION", "LIST"],
            ["FUNCTION", "LIST", "withcode", "libraryname", "L*B"],
            ["FUNCTION", "LIST", "LIBRARYNAME", "x*"],
            ["FUNCTION", "LIST", "LIBRARYNAME"],
            ["FUNCTION", "LIST", "LIBRARYNAME", "l*", "LIBRARYNAME", "l*"],
            ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
            ["FUNCTION", "LIST", "x"],
          ),
        ],
        { protocol },
      );
    }
  });

  test("STATS and KILL while nothing runs", async () => {
    for (const protocol of [2, 3] as const) {
      await both().compare([clean(["FUNCTION", "STATS"], ["FUNCTION", "STATS", "x"], ["FUNCTION", "KILL"], ["FUNCTION", "KILL", "x"])], {
        protocol,
      });
    }
  });

  test("INFO and MEMORY STATS count libraries and functions, and what they take", async () => {
    const field = (reply: Buffer, name: string): number => Number(new RegExp(`${name}\\r?\\n?:(\\d+)`).exec(reply.toString("latin1"))?.[1]);
    for (const port of [both().ours.port, both().redis.port]) {
      const client = await connect(port);
      const used = async (): Promise<number[]> => {
        const info = await client.command("INFO", "memory");
        const counts = ["number_of_functions", "number_of_libraries"].map((name) => field(info, name));
        const bytes = [field(info, "used_memory_functions"), field(await client.command("MEMORY", "STATS"), "functions.caches")];
        return [...counts, ...bytes];
      };
      await client.command("FUNCTION", "FLUSH");
      const [functions, libraries, bytes = 0, caches = 0] = await used();
      expect([functions, libraries]).toEqual([0, 0]);
      await client.text("FUNCTION", "LOAD", `${HEAD}${"-".repeat(10_000)}\n${SIMPLE.slice(HEAD.length)}`);
      await client.text("FUNCTION", "LOAD", OTHER);
      const [more, loaded, moreBytes = 0, moreCaches = 0] = await used();
      expect([more, loaded]).toEqual([2, 2]);
      expect(moreBytes - bytes).toBeWithin(10_000, 13_000);
      expect(moreCaches - caches).toBeWithin(10_000, 13_000);
      await client.command("FUNCTION", "FLUSH", "SYNC");
      expect(await used()).toEqual([0, 0, bytes, caches]);
      client.close();
    }
  });

  test("what is no subcommand", async () => {
    await both().compare([[["FUNCTION"], ["FUNCTION", "nosuch"], ["FUNCTION", "HELP", "x"]]]);
  });

  test("FLUSHALL keeps libraries", async () => {
    await both().compare([clean(["FUNCTION", "LOAD", SIMPLE], ["FLUSHALL"], ["FCALL", "f", 0], ["FUNCTION", "LIST"])]);
  });

  test("in a transaction", async () => {
    await both().compare([
      clean(
        ["MULTI"],
        ["FUNCTION", "LOAD", SIMPLE],
        ["FUNCTION", "LOAD", SIMPLE],
        ["FCALL", "f", 0],
        ["FUNCTION", "DELETE", "lib"],
        ["FCALL", "f", 0],
        ["EXEC"],
      ),
    ]);
  });

  describe("DUMP and RESTORE", () => {
    const dumped = async (port: number, ...texts: readonly string[]): Promise<Buffer> => {
      const client = await connect(port);
      await client.command("FUNCTION", "FLUSH");
      for (const text of texts) await client.text("FUNCTION", "LOAD", text);
      const reply = await client.command("FUNCTION", "DUMP");
      client.close();
      return reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2);
    };

    test("payloads are the same bytes, and go from one to the other", async () => {
      const compressible = `${HEAD}${"-- a comment\n".repeat(100)}redis.register_function('f', function() return 1 end)`;
      for (const texts of [[], [SIMPLE], [compressible]]) {
        const [ours, theirs] = await Promise.all([dumped(both().ours.port, ...texts), dumped(both().redis.port, ...texts)]);
        expect(ours.toString("latin1")).toBe(theirs.toString("latin1"));
        for (const bytes of [ours, theirs]) {
          await both().compare([clean(["FUNCTION", "RESTORE", bytes], ["FUNCTION", "LIST", "WITHCODE"], ["FCALL", "f", 0])]);
        }
      }
      const two = await Promise.all([dumped(both().ours.port, SIMPLE, OTHER), dumped(both().redis.port, SIMPLE, OTHER)]);
      for (const bytes of two)
        await both().compare([clean(["FUNCTION", "RESTORE", bytes], ["FCALL", "f", 0], ["FCALL", "g", 0], ["FUNCTION", "STATS"])]);
    });

    test("policies", async () => {
      const bytes = payload(part(SIMPLE));
      const changed = payload(part(`${HEAD}redis.register_function('f', function() return 'changed' end)`));
      const clash = payload(part("#!lua name=third\nredis.register_function('F', function() end)"));
      const swap = payload(
        Buffer.concat([
          part("#!lua name=lib\nredis.register_function('g', function() return 'lib' end)"),
          part("#!lua name=other\nredis.register_function('f', function() return 'other' end)"),
        ]),
      );
      await both().compare([
        clean(
          ["FUNCTION", "RESTORE", bytes],
          ["FUNCTION", "RESTORE", bytes],
          ["FUNCTION", "RESTORE", bytes, "append"],
          ["FUNCTION", "RESTORE", changed, "REPLACE"],
          ["FCALL", "f", 0],
          ["FUNCTION", "RESTORE", clash],
          ["FUNCTION", "RESTORE", clash, "REPLACE"],
          ["FUNCTION", "LOAD", OTHER],
          ["FUNCTION", "RESTORE", swap, "REPLACE"],
          ["FCALL", "f", 0],
          ["FCALL", "g", 0],
          ["FUNCTION", "STATS"],
          ["FUNCTION", "RESTORE", clash, "flush"],
          ["FUNCTION", "LIST", "WITHCODE"],
          ["FUNCTION", "RESTORE", payload(Buffer.alloc(0)), "FLUSH"],
          ["FUNCTION", "LIST"],
          ["FUNCTION", "RESTORE", bytes, "x"],
          ["FUNCTION", "RESTORE", bytes, "FLUSH", "x"],
          ["FUNCTION", "RESTORE"],
        ),
      ]);
    });

    test("payloads that are refused leave everything as it was", async () => {
      const good = payload(part(SIMPLE));
      const flipped = Buffer.from(good);
      flipped[20] ^= 1;
      const payloads: readonly Word[] = [
        "",
        "x",
        flipped,
        good.subarray(0, good.length - 1),
        payload(part(SIMPLE), 99),
        payload(Buffer.from("\x00\x01a\x01b")),
        payload(Buffer.concat([part(SIMPLE), Buffer.of(0xff)])),
        payload(Buffer.concat([part(SIMPLE), part(SIMPLE)])),
        payload(Buffer.concat([part(OTHER), part("#!lua name=third\nredis.register_function('g', function() end)")])),
        payload(part("#!lua name=third\nreturn (")),
        payload(part("nothing")),
        payload(Buffer.of(0xf5, 0xc0, 0x05)),
      ];
      for (const bytes of payloads) {
        for (const policy of ["APPEND", "REPLACE", "FLUSH"]) {
          await both().compare([clean(["FUNCTION", "LOAD", OTHER], ["FUNCTION", "RESTORE", bytes, policy], ["FUNCTION", "LIST"])]);
        }
      }
    });
  });

  test("RESTORE ends a library that goes on for too long, for which Redis waits forever", async () => {
    const client = await connect(both().ours.port);
    await client.command("FUNCTION", "FLUSH");
    const reply = await client.command("FUNCTION", "RESTORE", payload(part(`${HEAD}while true do end`)));
    expect(reply.toString()).toBe("-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
    client.close();
  });

  test("two functions of a library whose names differ in case only: the first is called, and both go, of which Redis dies", async () => {
    const client = await connect(both().ours.port);
    await client.command("FUNCTION", "FLUSH");
    const register = (name: string) => `redis.register_function('${name}', function() return '${name}' end)`;
    await client.text("FUNCTION", "LOAD", `${HEAD}${register("Same")} ${register("same")}`);
    expect(await client.text("FCALL", "SAME", 0)).toBe("Same");
    expect((await client.command("FUNCTION", "STATS")).toString()).toContain("functions_count\r\n:2\r\n");
    expect(await client.text("FUNCTION", "DELETE", "lib")).toBe("OK");
    expect((await client.command("FCALL", "same", 0)).toString()).toBe("-ERR Function not found\r\n");
    await client.text("FUNCTION", "LOAD", `#!lua name=other\n${register("SAME")}`);
    expect(await client.text("FCALL", "same", 0)).toBe("SAME");
    client.close();
  });

  test("RESTORE refuses the form of the release candidates of 7.0, in the words of 7.2", async () => {
    const client = await connect(both().ours.port);
    const reply = await client.command("FUNCTION", "RESTORE", payload(Buffer.of(0xf6)));
    expect(reply.toString()).toBe("-ERR Pre-GA function format not supported\r\n");
    client.close();
  });

  test("libraries of few names and functions, loaded, deleted and restored at random", async () => {
    const random = new Random(Number(process.env.PROPERTY_SEED ?? 9));
    const text = (): string => {
      const name = `lib${random.below(3)}`;
      const functions = new Set(Array.from({ length: 1 + random.below(2) }, () => `f${random.below(4)}`));
      const register = (each: string) => `redis.register_function('${each}', function() return '${name} ${each} ${random.below(100)}' end)`;
      return `#!lua name=${name}\n${[...functions].map(register).join("\n")}`;
    };
    const requests: Request[] = [["FUNCTION", "FLUSH"]];
    for (let round = 0; round < 150; round++) {
      const choice = random.below(10);
      if (choice < 5) requests.push(["FUNCTION", "LOAD", ...(choice < 3 ? ["REPLACE"] : []), text()]);
      else if (choice === 5) requests.push(["FUNCTION", "DELETE", `lib${random.below(3)}`]);
      else {
        const parts = Array.from({ length: random.below(3) }, () => part(text()));
        requests.push([
          "FUNCTION",
          "RESTORE",
          payload(Buffer.concat(parts)),
          ["APPEND", "REPLACE", "REPLACE", "FLUSH"][choice - 6] as string,
        ]);
      }
      requests.push(["FUNCTION", "STATS"], ...[0, 1, 2, 3].map((each): Request => ["FCALL", `F${each}`, 0]));
    }
    // Of several names that are there already, Redis names the one that comes first in its table.
    const mask = (reply: string): string => reply.replace(/(Function|Library) \w+ already exists/, "$1 already exists");
    await both().compare([requests], { mask });
  });

  test("replicas get what changed libraries, as it was sent", async () => {
    const { ours, theirs } = await effectsOf(both(), [
      ["FUNCTION", "FLUSH", "ASYNC"],
      ["FUNCTION", "LOAD", SIMPLE],
      ["function", "load", "replace", SIMPLE],
      ["FUNCTION", "LOAD", SIMPLE],
      ["FUNCTION", "LOAD", "nothing"],
      ["FUNCTION", "DELETE", "nosuch"],
      ["FUNCTION", "RESTORE", payload(part(OTHER))],
      ["FUNCTION", "RESTORE", payload(part(OTHER))],
      ["FUNCTION", "RESTORE", payload(part(OTHER)), "REPLACE"],
      ["FUNCTION", "DELETE", "lib"],
      ["FUNCTION", "DUMP"],
      ["FUNCTION", "LIST"],
      ["FUNCTION", "STATS"],
      ["MULTI"],
      ["FUNCTION", "FLUSH"],
      ["SET", "k", "v"],
      ["FUNCTION", "FLUSH", "SYNC"],
      ["EXEC"],
      ["FUNCTION", "FLUSH"],
    ]);
    expect(ours).toEqual(theirs);
    expect(ours.stream.filter((each) => /flush/i.test(each))).toHaveLength(4);
  });
});
