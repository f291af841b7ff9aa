/** Functions in TypeScript and JavaScript: what they see, what they are answered with, how their errors read, and who may load them. */
import { describe, expect, test } from "bun:test";
import { PayloadWriter } from "../../../src/snapshot/sinks/dump.ts";
import { connect, type RawClient } from "../../support/client.ts";
import { startServer, type TestServer, useServer } from "../../support/server.ts";
import { COUNTER, ENABLED, libraries, load, reply, withBody } from "./typescript-support.ts";

const NOT_ALLOWED =
  'ERR Functions in TypeScript or JavaScript not allowed. If the enable-typescript-functions option is set to "local", you can load them from ' +
  "a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

describe("functions in TypeScript", () => {
  let server: TestServer;
  let client: RawClient;

  useServer((started, connected) => {
    server = started;
    client = connected;
  }, ENABLED);

  /** What FCALL of a function with this body answers, given one key and the arguments. */
  async function run(body: string, ...args: (string | Buffer)[]): Promise<string> {
    await load(client, withBody(body));
    return reply(client, "FCALL", "f", 1, "k", ...args);
  }

  // ---- values

  test("get keys and arguments as text", async () => {
    expect(await run("return [keys.length, keys[0], ...args]", "ä", "", "€ 5")).toBe("*5|:1|$1|k|$2|ä|$0||$5|€ 5|");
  });

  test("refuse bytes that are no text, instead of changing them, and take them with bytes: true", async () => {
    expect(await run("return args", "a", Buffer.of(0xff))).toBe(
      "-ERR TypeError: argument 2 has bytes in it that are no UTF-8: a function registered with bytes: true can take them script: f, on @lib.|",
    );
    expect((await client.command("FCALL", "f", 1, Buffer.of(0xc3), "a")).toString()).toStartWith("-ERR TypeError: key 1 has bytes");
    await load(client, withBody('call("SET", keys[0], args[0]); return [call.bytes("GET", keys[0]), keys[0]]', ", bytes: true"));
    const bytes = Buffer.from([0, 0xff, 0xc3, 0x28, 13, 10]);
    const answer = await client.command("FCALL", "f", 1, Buffer.of(0xfe), bytes);
    expect(answer).toEqual(Buffer.concat([Buffer.from("*2\r\n$6\r\n"), bytes, Buffer.from("\r\n$1\r\n"), Buffer.of(0xfe, 13, 10)]));
  });

  test("are told when an answer is no text", async () => {
    await client.command("SET", "odd", Buffer.of(0xff, 0x61));
    expect(await run('return call("GET", "odd")')).toBe(
      "-ERR TypeError: the reply of GET has bytes in it that are no UTF-8: call.bytes can take them script: f, on @lib.|",
    );
    expect(await run('return [...call.bytes("GET", "odd")]')).toBe("*2|:255|:97|");
    await client.command("SET", "replacement", "\ufffd and a byte order mark \ufeff");
    expect(await run('return call("GET", "replacement") === "\\ufffd and a byte order mark \\ufeff"')).toBe(":1|");
  });

  test("see answers as RESP3 has them", async () => {
    await client.pipeline([
      ["HSET", "h", "a", "1", "__proto__", "2"],
      ["SADD", "s", "x"],
      ["ZADD", "z", "1.5", "m", "inf", "n"],
      ["RPUSH", "l", "1", "2"],
      ["XADD", "st", "1-1", "f", "v"],
      ["SET", "text", "a"],
      ["SET", "k", "1"],
    ]);
    for (const [expression, seen] of [
      ['call("GET", "nothing")', "null"],
      ['call("SET", "text", "a")', '"OK"'],
      ['call("INCR", "k")', "2"],
      ['call("HGETALL", "h")', 'Map(2) {\n  "a": "1",\n  "__proto__": "2",\n}'],
      ['call("SMEMBERS", "s")', 'Set(1) {\n  "x",\n}'],
      ['call("ZSCORE", "z", "n")', "Infinity"],
      ['call("ZRANGE", "z", 0, -1, "WITHSCORES")', '[\n  [ "m", 1.5 ], [ "n", Infinity ]\n]'],
      ['call("LRANGE", "l", 0, -1)', '[ "1", "2" ]'],
      ['call("HGETALL", "nothing")', "Map {}"],
      ['call("LRANGE", "nothing", 0, -1)', "[]"],
      ['call("MGET", "text", "nothing")', '[ "a", null ]'],
      ['(call("SET", "big", "9223372036854775806"), call("INCR", "big"))', "9223372036854775807n"],
      ['call("XRANGE", "st", "-", "+")', '[\n  [ "1-1", [ "f", "v" ] ]\n]'],
      ['call("BLPOP", "nothing", 0)', "null"],
    ] as const) {
      await load(client, withBody(`return Bun.inspect(${expression})`));
      expect(await client.text("FCALL", "f", 0)).toBe(seen);
    }
  });

  test("send text, numbers, bigints and bytes, and nothing else", async () => {
    await load(
      client,
      withBody(`call("DEL", "l"); call("RPUSH", "l", "ä", -0, 1.1, 1e21, 0.1 + 0.2, 2n ** 63n, new Uint8Array([104, 105]), Buffer.from("b"), "x".repeat(30) + "ß");
        return call("LRANGE", "l", 0, -1)`),
    );
    expect(await reply(client, "FCALL", "f", 0)).toBe(
      `*9|$2|ä|$1|0|$3|1.1|$5|1e+21|$19|0.30000000000000004|$19|9223372036854775808|$2|hi|$1|b|$32|${"x".repeat(30)}ß|`,
    );
    for (const [value, kind] of [
      ["undefined", "undefined"],
      ["null", "null"],
      ["true", "a boolean"],
      ["[1]", "an array"],
      ["{ toString: () => 'x' }", "an object"],
      ["NaN", "NaN"],
      ["Symbol()", "a symbol"],
    ]) {
      expect(await run(`return call("GET", ${value}) ?? 0`)).toContain(
        `GET: argument 1 is ${kind}: strings, numbers, bigints and Uint8Arrays can be sent script: f, on @lib:3.`,
      );
    }
    expect(await run("return call() ?? 0")).toBe("-ERR TypeError: call needs the name of a command script: f, on @lib:3.|");
  });

  test("answer with every kind of value, in both protocols", async () => {
    const body = `return [1, -0, 1.5, 2 ** 60, 2n ** 63n - 1n, 2n ** 63n, true, false, null, undefined, "ä", new Uint8Array([255]), new Map([["a", 1]]),
      new Set(["b"]), { __proto__: null, c: { d: [] } }, call.status("FINE\\r\\n"), call.error("MINE own"), new RangeError("far"), NaN, -Infinity]`;
    await load(client, withBody(body));
    const shown = async () => (await client.command("FCALL", "f", 0)).toString("latin1").replaceAll("\r\n", "|");
    expect(await shown()).toBe(
      "*20|:1|:0|$3|1.5|$19|1152921504606846976|:9223372036854775807|$19|9223372036854775808|:1|:0|$-1|$-1|$2|Ã¤|$1|ÿ|*2|$1|a|:1|*1|$1|b|" +
        "*2|$1|c|*2|$1|d|*0|+FINE  |-MINE own|-ERR RangeError: far|$3|nan|$4|-inf|",
    );
    await client.command("HELLO", 3);
    expect(await shown()).toBe(
      "*20|:1|:0|,1.5|,1152921504606846976|:9223372036854775807|(9223372036854775808|#t|#f|_|_|$2|Ã¤|$1|ÿ|%1|$1|a|:1|~1|$1|b|" +
        "%1|$1|c|%1|$1|d|*0|+FINE  |-MINE own|-ERR RangeError: far|,nan|,-inf|",
    );
    await client.command("HELLO", 2);
    expect(await run("")).toBe("$-1|");
  });

  test("cannot answer with what is no value, and nothing half is sent", async () => {
    for (const [expression, complaint] of [
      ["[1, () => 1]", "a function cannot be answered with"],
      ["Symbol()", "a symbol cannot be answered with"],
      ["{ when: new Date() }", "an object of class Date cannot be answered with"],
      ["Promise.reject(new Error())", "a promise cannot be answered with: functions are over when they return"],
      ["{ then() {} }", "a promise cannot be answered with: functions are over when they return"],
      ["(() => { const a = []; a.push(a); return a })()", "what is to be answered with lies too deep in itself"],
      ["[1, { get x() { throw new TypeError('got') } }]", "got"],
    ]) {
      expect(await run(`return ${expression}`)).toStartWith(`-ERR TypeError: ${complaint} script: f, on @lib`);
      expect(await client.text("PING")).toBe("PONG");
    }
  });

  // ---- errors

  test("end with errors that name the function, the library and the line", async () => {
    for (const [body, error] of [
      ['throw new Error("bäd")', "ERR bäd script: f, on @lib:3."],
      [
        'interface A {\n  a: number;\n}\nconst a: A = { a: 1 };\nthrow new RangeError("x" + a.a)',
        "ERR RangeError: x1 script: f, on @lib:7.",
      ],
      ["null.x", "ERR TypeError: null is not an object (evaluating 'null.x') script: f, on @lib:3."],
      ['throw call.error("NOTFOUND no such\\njob")', "NOTFOUND no such job script: f, on @lib:3."],
      ['throw "text"', "ERR text script: f, on @lib."],
      ["throw undefined", "ERR undefined script: f, on @lib."],
      ["throw { toString() { throw 1 } }", "ERR an error that cannot be shown script: f, on @lib."],
      ['call("LPUSH", "odd", 1)', "WRONGTYPE Operation against a key holding the wrong kind of value script: f, on @lib:3."],
      ['call("nosuch")', "ERR Unknown Redis command called from script script: f, on @lib:3."],
      ['call("GET")', "ERR Wrong number of args calling Redis command from script script: f, on @lib:3."],
      ['call("EVAL", "return 1", 0)', "ERR This Redis command is not allowed from script script: f, on @lib:3."],
      ["const g = () => { g(); }; g()", "ERR RangeError: Maximum call stack size exceeded. script: f, on @lib:3."],
    ] as const) {
      expect(await run(body)).toBe(`-${error}|`);
    }
  });

  test("catch errors of commands, with their code", async () => {
    await client.command("SET", "text", "a");
    expect(
      await run(
        'try { call("LPUSH", "text", 1) } catch (error) { return [error.name, error.code, error.message, error instanceof Error] }',
      ),
    ).toBe("*4|$10|ReplyError|$9|WRONGTYPE|$65|WRONGTYPE Operation against a key holding the wrong kind of value|:1|");
  });

  test("count errors once, as scripts do", async () => {
    await load(client, withBody('if (args[0] === "caught") { try { call("LPUSH", "text", 1) } catch {} } else call("LPUSH", "text", 1)'));
    await client.command("CONFIG", "RESETSTAT");
    await client.command("FCALL", "f", 0, "caught");
    await client.command("FCALL", "f", 0);
    expect(await client.text("INFO", "errorstats")).toContain("errorstat_WRONGTYPE:count=2\r\n");
    expect(await client.text("INFO", "commandstats")).toMatch(/cmdstat_fcall:calls=2,.*failed_calls=1/);
  });

  test("that call themselves without end leave no command half done", async () => {
    await client.command("RPUSH", "list", "3", "1", "2");
    const { journal, stats } = server.server;
    const unexpected = stats.unexpectedErrors;
    journal.start();
    for (const command of ['"SET", "a", 1', '"SORT", "list", "BY", "w_*"']) {
      expect(await run(`const f = () => { call(${command}); f(); }; f()`)).toStartWith(
        "-ERR RangeError: Maximum call stack size exceeded.",
      );
    }
    expect(journal.inTransaction).toBe(false);
    expect(stats.unexpectedErrors).toBe(unexpected);
  });

  test("cannot call commands once they are over", async () => {
    await load(
      client,
      `#!typescript name=lib
        let kept;
        registerFunction({ name: "f" }, (call) => { kept = call; setTimeout(() => { try { call("SET", "late", 1) } catch (error) { globalThis.lateError = error.message } }, 0) });
        registerFunction({ name: "g" }, () => globalThis.lateError ?? null);`,
    );
    await client.command("FCALL", "f", 0);
    let late = "$-1|";
    while (late === "$-1|") late = await reply(client, "FCALL", "g", 0);
    expect(late).toContain("call can only be used while a function runs");
    expect(await client.text("EXISTS", "late")).toBe("0");
  });

  // ---- what flags say

  test("that say they do not write cannot, and FCALL_RO runs these only", async () => {
    await load(client, withBody('return call(args[0], "k", ...args.slice(1))', ', flags: ["no-writes"]'));
    await client.command("SET", "k", "1");
    expect(await reply(client, "FCALL_RO", "f", 0, "GET")).toBe("$1|1|");
    expect(await reply(client, "FCALL", "f", 0, "SET", "2")).toBe(
      "-ERR Write commands are not allowed from read-only scripts. script: f, on @lib.|",
    );
    await load(client, withBody('return call("GET", "k")'));
    expect(await reply(client, "FCALL_RO", "f", 0)).toBe("-ERR Can not execute a script with write flag using *_ro command.|");
  });

  test("are refused for want of memory unless they allow it", async () => {
    await load(
      client,
      `${withBody('return call("SET", "k", 1)')}\nregisterFunction({ name: "g", flags: ["allow-oom"] }, (call) => call("SET", "k", 1));`,
    );
    await client.command("CONFIG", "SET", "maxmemory", "1");
    expect(await reply(client, "FCALL", "f", 0)).toBe("-OOM command not allowed when used memory > 'maxmemory'.|");
    expect(await reply(client, "FCALL", "g", 0)).toBe("$2|OK|");
    await client.command("CONFIG", "SET", "maxmemory", "0");
  });

  test("run in transactions, and on the database of their client", async () => {
    await load(client, withBody('return call("INCR", "n")'));
    await client.command("SELECT", 3);
    const replies = await client.pipeline([
      ["MULTI"],
      ["FCALL", "f", 0],
      ["FCALL", "f", 0],
      ["EXEC"],
      ["GET", "n"],
      ["SELECT", 0],
      ["EXISTS", "n"],
    ]);
    expect(replies.map(String)).toEqual([
      "+OK\r\n",
      "+QUEUED\r\n",
      "+QUEUED\r\n",
      "*2\r\n:1\r\n:2\r\n",
      "$1\r\n2\r\n",
      "+OK\r\n",
      ":0\r\n",
    ]);
  });

  // ---- libraries

  test("keep what their library holds between calls, until it is loaded again", async () => {
    await load(client, COUNTER);
    expect(await client.text("FCALL", "count", 1, "c")).toBe("1");
    expect(await client.text("FCALL", "COUNT", 1, "c")).toBe("2");
    await load(client, COUNTER);
    expect(await client.text("FCALL", "count", 1, "c")).toBe("1");
    await client.text("FUNCTION", "DELETE", "counter");
    expect(await reply(client, "FCALL", "count", 0)).toBe("-ERR Function not found|");
  });

  test("are listed with their engine, and are in no dump", async () => {
    await client.text("FUNCTION", "FLUSH");
    const empty = await client.command("FUNCTION", "DUMP");
    await load(
      client,
      `#!TypeScript name=lib\nregisterFunction({ name: "f", description: "zählt", flags: ["no-writes", "allow-stale"] }, () => 1);`,
    );
    await load(client, `#!javascript name=plain\nregisterFunction({ name: "g" }, () => 1);`);
    expect(await reply(client, "FUNCTION", "LIST", "LIBRARYNAME", "lib")).toBe(
      "*1|*6|$12|library_name|$3|lib|$6|engine|$10|TYPESCRIPT|$9|functions|*1|*6|$4|name|$1|f|$11|description|$6|zählt|$5|flags|*2|+no-writes|+allow-stale|",
    );
    expect(await libraries(client)).toEqual(["lib TYPESCRIPT", "plain JAVASCRIPT"]);
    expect(await reply(client, "FUNCTION", "STATS")).toBe(
      "*4|$14|running_script|$-1|$7|engines|*6|$3|LUA|*4|$15|libraries_count|:0|$15|functions_count|:0|" +
        "$10|TYPESCRIPT|*4|$15|libraries_count|:1|$15|functions_count|:1|$10|JAVASCRIPT|*4|$15|libraries_count|:1|$15|functions_count|:1|",
    );
    expect(await client.command("FUNCTION", "DUMP")).toEqual(empty);
    expect(await client.text("INFO", "memory")).toContain("number_of_libraries:2\r\n");
  });

  test("share their names with those in Lua, and replace them", async () => {
    await client.text("FUNCTION", "FLUSH");
    const lua = "#!lua name=lib\nredis.register_function('f', function() return 'lua' end)";
    const typed = '#!typescript name=lib\nregisterFunction({ name: "F" }, () => "typescript");';
    await load(client, lua);
    expect(await reply(client, "FUNCTION", "LOAD", typed)).toBe("-ERR Library 'lib' already exists|");
    expect(await reply(client, "FUNCTION", "LOAD", typed.replace("lib", "other"))).toBe("-ERR Function F already exists|");
    await load(client, typed);
    expect(await libraries(client)).toEqual(["lib TYPESCRIPT"]);
    expect(await client.text("FCALL", "f", 0)).toBe("typescript");
    expect(await reply(client, "FUNCTION", "LOAD", lua)).toBe("-ERR Library 'lib' already exists|");
    expect(await reply(client, "FUNCTION", "LOAD", lua.replace("lib", "other"))).toBe("-ERR Function f already exists|");
    await load(client, lua);
    expect(await libraries(client)).toEqual(["lib LUA"]);
    expect(await client.text("FCALL", "f", 0)).toBe("lua");
  });

  test("come by FUNCTION LOAD only: no payload has them, and those of others meet their names", async () => {
    const payload = async (text: string) => {
      await client.text("FUNCTION", "FLUSH");
      await load(client, text);
      const dumped = await client.command("FUNCTION", "DUMP");
      await client.text("FUNCTION", "FLUSH");
      return dumped.subarray(dumped.indexOf("\r\n") + 2, dumped.length - 2);
    };
    const lua = "#!lua name=lib\nredis.register_function('f', function() return 'lua' end)";
    const same = await payload(lua);
    const clashing = await payload(lua.replace("'f'", "'other'"));
    await load(client, withBody("return 1"));
    expect(await reply(client, "FUNCTION", "RESTORE", same)).toBe("-ERR Library lib already exists|");
    await client.text("FUNCTION", "RESTORE", same, "REPLACE");
    expect(await libraries(client)).toEqual(["lib LUA"]);
    await load(client, '#!typescript name=own\nregisterFunction({ name: "other" }, () => 1)');
    expect(await reply(client, "FUNCTION", "RESTORE", clashing, "REPLACE")).toBe("-ERR Function other already exists|");
    expect(await libraries(client)).toEqual(["lib LUA", "own TYPESCRIPT"]);
    await client.text("FUNCTION", "RESTORE", same, "FLUSH");
    expect(await libraries(client)).toEqual(["lib LUA"]);
    const { functions } = server.server;
    const forged = new PayloadWriter({ compress: false }).writeLibraries([withBody("return 1")]);
    expect(await reply(client, "FUNCTION", "RESTORE", forged, "FLUSH")).toBe("-ERR Engine 'typescript' not found|");
    expect(() => functions.take(withBody("return 1"), { replace: true })).toThrow("Failed loading library, Engine 'typescript' not found");
    expect(await libraries(client)).toEqual(["lib LUA"]);
  });

  test("are said what is wrong with them", async () => {
    for (const [code, complaint] of [
      ["let a = ;", "Error compiling function: bad:2: Unexpected ;"],
      ["\n\nfunction ( {", 'Error compiling function: bad:4: Expected identifier but found "("'],
      ['import x from "./x.ts"; x()', "Error compiling function: bad:2: module './x.ts' cannot be imported: only Bun's own and Node's can"],
      ["await 1;", "Error compiling function: bad: await is not possible outside of functions"],
      ['throw new RangeError("ü")', "Error registering functions: RangeError: ü, on @bad:2."],
      ["\nnothing()", "Error registering functions: ReferenceError: nothing is not defined, on @bad:3."],
      ["const a = 1;", "No functions registered"],
      [
        'registerFunction("f", () => 1)',
        "Error registering functions: TypeError: registerFunction takes an object with the function's name first",
      ],
      [
        "registerFunction({}, () => 1)",
        "Error registering functions: TypeError: registerFunction needs the name of the function, a string",
      ],
      [
        'registerFunction({ name: "f", flag: [] }, () => 1)',
        "registerFunction knows no option flag: there are name, description, flags, bytes",
      ],
      ['registerFunction({ name: "f", flags: ["no-write"] }, () => 1)', "function f has an unknown flag, no-write"],
      ['registerFunction({ name: "f", flags: "no-writes" }, () => 1)', "the flags of function f are no array"],
      ['registerFunction({ name: "f", description: 1 }, () => 1)', "the description of function f is no string"],
      ['registerFunction({ name: "f" })', "registerFunction takes the code of function f, a function, second"],
      ['registerFunction({ name: "f" }, async () => 1)', "function f is async: functions are over when they return"],
      ['registerFunction({ name: "f" }, function* () {})', "function f is a generator: functions are over when they return"],
      ['registerFunction({ name: "f-g" }, () => 1)', "Library names can only contain letters, numbers, or underscores(_)"],
      [
        'registerFunction({ name: "f" }, () => 1);\nregisterFunction({ name: "f" }, () => 1)',
        "Function already exists in the library, on @bad:3.",
      ],
    ] as const) {
      const answer = await reply(client, "FUNCTION", "LOAD", `#!typescript name=bad\n${code}`);
      expect(answer).toStartWith("-ERR ");
      expect(answer).toContain(complaint);
    }
    expect(await reply(client, "FUNCTION", "LOAD", "#!javascript name=bad\nregisterFunction({ name: 'f' }, (): number => 1)")).toStartWith(
      "-ERR Error compiling function: bad:2: ",
    );
    expect(await reply(client, "FUNCTION", "LOAD", "#!coffeescript name=bad\n")).toBe("-ERR Engine 'coffeescript' not found|");
    expect(await libraries(client)).not.toContain("bad TYPESCRIPT");
  });

  test("may import what Bun has, and register functions while they are loaded only", async () => {
    await load(
      client,
      `#!typescript name=lib
        import { createHash } from "node:crypto";
        registerFunction({ name: "sha1" }, (call, keys, args) => createHash("sha1").update(args[0]).digest("hex"));
        registerFunction({ name: "late" }, () => registerFunction({ name: "more" }, () => 1));`,
    );
    expect(await client.text("FCALL", "sha1", 0, "")).toBe("da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect(await reply(client, "FCALL", "late", 0)).toContain("registerFunction can only be called while the library is loaded");
  });

  test("leave nothing of the server behind in the global object, nor of one another", async () => {
    const before = Object.getOwnPropertySymbols(globalThis).length;
    await load(client, withBody("return [typeof registerFunction, typeof counts, typeof globalThis[Symbol.for('replicant.library')]]"));
    await load(client, COUNTER);
    expect(await reply(client, "FCALL", "f", 0)).toBe("*3|$8|function|$9|undefined|$9|undefined|");
    expect(Object.getOwnPropertySymbols(globalThis).length).toBe(before);
  });

  test("have names that are no properties of objects", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    await load(
      client,
      `#!typescript name=__proto__\n${names.map((name) => `registerFunction({ name: "${name}" }, () => "${name}");`).join("\n")}`,
    );
    for (const name of names) expect(await client.text("FCALL", name, 0)).toBe(name);
    expect(await reply(client, "FCALL", "valueOf", 0)).toBe("-ERR Function not found|");
    await load(client, withBody('call("HSET", "p", "__proto__", "1"); return call("HGETALL", "p")'));
    expect(await reply(client, "FCALL", "f", 0)).toBe("*2|$9|__proto__|$1|1|");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await client.text("FUNCTION", "DELETE", "__proto__");
  });
});

// ---- who may load them

describe("enable-typescript-functions", () => {
  const LOAD = ["FUNCTION", "LOAD", withBody("return 1")] as const;

  /** As if the client were on another machine. */
  function moveAway(server: TestServer): void {
    for (const session of server.server.clients) Object.defineProperty(session.link, "remoteAddress", { value: "192.0.2.1:5000" });
  }

  for (const [allowed, local, stranger] of [
    ["no", false, false],
    ["local", true, false],
    ["yes", true, true],
  ] as const) {
    test(`${allowed}: clients of this machine ${local ? "may" : "may not"} load libraries, others ${stranger ? "may" : "may not"}`, async () => {
      await using server = await startServer({ "enable-typescript-functions": allowed });
      const client = await connect(server.port);
      expect(await reply(client, ...LOAD)).toBe(local ? "$3|lib|" : `-${NOT_ALLOWED}|`);
      await client.command("FUNCTION", "FLUSH");
      moveAway(server);
      expect(await reply(client, ...LOAD)).toBe(stranger ? "$3|lib|" : `-${NOT_ALLOWED}|`);
      client.close();
    });
  }

  test("no, the default, leaves FUNCTION STATS as Redis has it", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    expect(await reply(client, "FUNCTION", "STATS")).toBe(
      "*4|$14|running_script|$-1|$7|engines|*2|$3|LUA|*4|$15|libraries_count|:0|$15|functions_count|:0|",
    );
    expect(await client.text("CONFIG", "GET", "enable-typescript-functions").catch(() => "array")).toBe("array");
    client.close();
  });

  test("cannot be set while the server runs", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    expect(await reply(client, "CONFIG", "SET", "enable-typescript-functions", "yes")).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'enable-typescript-functions') - can't set immutable config|",
    );
    client.close();
  });
});
