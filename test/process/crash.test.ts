/** What a server that breaks leaves in its log, and how it ends. */
import { describe, expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { InvariantError } from "../../src/assert.ts";
import { Ours } from "../replication/support.ts";
import { encodeCommand } from "../support/client.ts";
import { type StartOptions, startServer } from "../support/process.ts";

const MAIN = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];
const SECRET = "contents-of-an-argument";

function start(...args: string[]) {
  const options: StartOptions = { args: ["--save", "", "--enable-debug-command", "yes", ...args] };
  return startServer(MAIN, options);
}

function sections(log: string): string[] {
  return [...log.matchAll(/^------ (.+) ------$/gm)].map(([, title]) => title);
}

describe("a process that crashes", () => {
  test("by DEBUG SEGFAULT reports in Redis's form, without contents of arguments, and ends by SIGSEGV", async () => {
    await using server = await start();
    const client = await server.connect();
    await client.text("SET", "key", SECRET);
    client.send(Buffer.concat([encodeCommand(["DEBUG", "SEGFAULT", SECRET]), encodeCommand(["SET", "after", "1"])]));
    expect((await client.closed) ?? null).toBe(null);
    expect(await server.exited).toBe(null);
    const log = await server.log();
    expect(log).toContain("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
    expect(log).toContain(" crashed by signal: 11, si_code: 0\n");
    expect(sections(log)).toEqual(["STACK TRACE", "INFO OUTPUT", "CLIENT LIST OUTPUT", "CURRENT CLIENT INFO", "CONFIG DEBUG OUTPUT"]);
    expect(log).toContain("redis_version:");
    expect(log).toContain(`argc: '3'\nargv[0]: 'debug'\nargv[1]: 8 bytes\nargv[2]: ${SECRET.length} bytes\n`);
    expect(log).toContain("=== REDIS BUG REPORT END.");
    expect(log).not.toContain(SECRET);
    expect(log).toContain("cmdstat_set:calls=1,");
  });

  test("by SIGABRT reports it and ends by it, without a report where crash-log-enabled is off", async () => {
    for (const enabled of ["yes", "no"]) {
      await using server = await start("--crash-log-enabled", enabled);
      server.kill("SIGABRT");
      expect(await server.exited).toBe(null);
      expect({ enabled, reported: (await server.log()).includes("crashed by signal: 6") }).toEqual({
        enabled,
        reported: enabled === "yes",
      });
    }
  });

  test("by DEBUG PANIC and ASSERT ends with 1", async () => {
    for (const [word, line] of [
      ["PANIC", "# Guru Meditation: called by Unittest\n"],
      ["ASSERT", "# ==> '1 == 2' is not true\n"],
    ]) {
      await using server = await start();
      const client = await server.connect();
      client.send(encodeCommand(["DEBUG", word]));
      await client.closed;
      expect(await server.exited).toBe(1);
      const log = await server.log();
      expect(log).toContain(line);
      expect(sections(log)).toContain("STACK TRACE");
    }
  });
});

describe("the log names the command", () => {
  test("whose invariant is broken, that of a script beside the script's own, and the server ends with 1", async () => {
    await using server = await Ours.start();
    spyOn(server.server.keyspace.databases[0].table, "find").mockImplementation(() => {
      throw new InvariantError("broken on purpose");
    });
    server.client.send(encodeCommand(["EVAL", `return redis.call('SET', KEYS[1], '${SECRET}')`, "1", "key"]));
    expect(await server.server.stopped).toBe(1);
    const { log } = server;
    expect(log).toContain("internal error: InvariantError: broken on purpose");
    expect(log).toMatch(/-- CURRENT CLIENT INFO -+\nid=\d+ addr=.*\n\nargc: '4'\nargv\[0\]: 'eval'\nargv\[1\]: 60 bytes\n/);
    expect(log).toMatch(/-- EXECUTING CLIENT INFO -+\n.*\n\nargc: '3'\nargv\[0\]: 'set'\nargv\[1\]: 3 bytes\nargv\[2\]: 23 bytes\n/);
    expect(log).not.toContain(SECRET);
  });

  test("in which an exception was not expected, its client is told, and the server goes on", async () => {
    await using server = await Ours.start();
    const spy = spyOn(server.server.keyspace.databases[0].table, "find").mockImplementation(() => {
      throw new TypeError("broken on purpose");
    });
    expect((await server.client.command("SET", "key", SECRET)).toString()).toBe("-ERR internal error in 'set', see the server log\r\n");
    spy.mockRestore();
    expect(await server.client.text("PING")).toBe("PONG");
    const { log } = server;
    expect(log).toMatch(
      /Unexpected exception in command 'set' of 3 arguments \(3 3 23 bytes\), id=\d+ addr=.*: TypeError: broken on purpose\n +at /,
    );
    expect(log).not.toContain(SECRET);
  });
});
