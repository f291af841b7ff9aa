import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments } from "../../src/config/arguments.ts";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

describeWithRedis("CONFIG like Redis", () => {
  const comparison = useComparison();

  test("answers GET with the same values, as an array or a map", async () => {
    const names = ["maxmemory", "hz", "timeout", "databases", "appendonly", "slowlog-max-len", "lfu-log-factor", "notify-keyspace-events"];
    const cases: Request[][] = [
      ...names.map((name) => [["CONFIG", "GET", name]]),
      [["CONFIG", "GET", "no-such-directive"]],
      [["CONFIG", "GET", "no-such-*"]],
      [["CONFIG", "GET", "MAXMEMORY"]],
      [["CONFIG", "GET", "slave-read-only"]],
      [["CONFIG", "GET"]],
      [["CONFIG"]],
    ];
    await comparison().compare(cases);
    await comparison().compare(cases, { protocol: 3 });
  });

  test("sets several directives or none", async () => {
    await comparison().compare([
      [
        ["CONFIG", "SET", "hz", "20"],
        ["CONFIG", "GET", "hz"],
        ["CONFIG", "SET", "hz", "10"],
      ],
      [
        ["CONFIG", "SET", "maxmemory", "100mb", "timeout", "7"],
        ["CONFIG", "GET", "maxmemory"],
        ["CONFIG", "GET", "timeout"],
      ],
      [
        ["CONFIG", "SET", "maxmemory", "0", "timeout", "nope"],
        ["CONFIG", "GET", "maxmemory"],
        ["CONFIG", "SET", "maxmemory", "0", "timeout", "0"],
      ],
    ]);
  });

  test("refuses in the same words", async () => {
    await comparison().compare([
      [["CONFIG", "SET", "hz"]],
      [["CONFIG", "SET", "hz", "10", "timeout"]],
      [["CONFIG", "SET", "no-such-directive", "1"]],
      [["CONFIG", "SET", "port", "notaport"]],
      [["CONFIG", "SET", "maxmemory", "10pounds"]],
      [["CONFIG", "SET", "databases", "3"]],
      [["CONFIG", "SET", "hz", "1", "hz", "2"]],
      [["CONFIG", "SET", "dir", "/"]],
      [["CONFIG", "SET", "maxmemory-policy", "sometimes"]],
      [["CONFIG", "SET", "appendonly", "maybe"]],
      [["CONFIG", "SET", "latency-tracking-info-percentiles", "10 50 a"]],
      [["CONFIG", "SET", "latency-tracking-info-percentiles", "10 50 101"]],
      [["CONFIG", "SET", "slowlog-log-slower-than", "9223372036854775808"]],
      [["CONFIG", "REWRITE"]],
      [["CONFIG", "REWRITE", "now"]],
      [["CONFIG", "RESETSTAT", "now"]],
      [["CONFIG", "NOSUCH"]],
      [["CONFIG", "HELP", "me"]],
    ]);
  });

  test("RESETSTAT starts the counters again", async () => {
    await comparison().compare([
      [["SET", "k", "v"], ["GET", "k"], ["GET", "none"], ["NOSUCH"], ["CONFIG", "RESETSTAT"], ["INFO", "errorstats"]],
    ]);
    const client = await connect(comparison().ours.port);
    const stats = await client.text("INFO", "stats");
    client.close();
    for (const name of ["keyspace_hits", "keyspace_misses", "total_error_replies", "total_connections_received"]) {
      expect(Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1])).toBeLessThan(2);
    }
  });

  test("HELP has a header, a line for each subcommand and its own", async () => {
    const client = await connect(comparison().ours.port);
    const help = (await client.command("config", "help")).toString("latin1");
    client.close();
    expect(help).toContain("+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n");
    for (const word of ["GET", "SET", "RESETSTAT", "REWRITE", "HELP"]) expect(help).toContain(`+${word}`);
  });
});

describe("CONFIG", () => {
  const cleanups: (() => void | Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test("REWRITE writes what CONFIG SET changed into the file it came from, and DEBUG CONFIG-REWRITE-FORCE-ALL the rest", async () => {
    const directory = mkdtempSync(join(tmpdir(), "replicant-config-"));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "replicant.conf");
    writeFileSync(path, `# mine\ntimeout 5\nsave ""\nenable-debug-command yes\ndir ${directory}\n`);
    const parsed = parseArguments(
      [path],
      (name) => readFileSync(name, "latin1"),
      () => "",
    );
    if (parsed.kind !== "run") throw new Error("the configuration does not run");
    const server = new Server(new Config(parsed.settings), { anyPort: true, log: new Log({ level: "nothing", file: "" }) });
    await server.start();
    cleanups.push(() => server.stop());
    const client = await connect(server.port);
    cleanups.push(() => client.close());
    await client.text("CONFIG", "SET", "timeout", "9", "lfu-log-factor", "11");
    expect(await client.text("CONFIG", "REWRITE")).toBe("OK");
    const rewritten = readFileSync(path, "latin1");
    expect(rewritten).toStartWith("# mine\ntimeout 9\n");
    expect(rewritten).toContain("\nlfu-log-factor 11\n");
    expect(rewritten).not.toContain("lfu-decay-time");
    expect(await client.text("DEBUG", "CONFIG-REWRITE-FORCE-ALL")).toBe("OK");
    expect(readFileSync(path, "latin1")).toContain("\nlfu-decay-time 1\n");
  });

  test("lets a client on this machine set protected directives when they are local", async () => {
    const server = await startServer({ "enable-protected-configs": "local" });
    cleanups.push(() => server.stop());
    const client = await connect(server.port);
    cleanups.push(() => client.close());
    expect(await client.text("CONFIG", "SET", "dbfilename", "other.rdb")).toBe("OK");
  });
});
