/** LATENCY: its events and what makes them, the histogram, and the errors of Redis. */
import { afterEach, describe, expect, setSystemTime, spyOn, test } from "bun:test";
import { latencyGraph } from "../../src/commands/server/latency-graph.ts";
import { LatencyHistogram } from "../../src/execution/latency-histogram.ts";
import { LatencyMonitor } from "../../src/keyspace/latency-monitor.ts";
import { until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

describeWithRedis("LATENCY beside Redis's", () => {
  const both = useComparison();
  /** Numbers that are times, or counts of calls by time. */
  const masked = (reply: string): string =>
    reply.replace(/:\d+/g, ":N").replace(/(\$14\r\nhistogram_usec\r\n)[*%]\d+\r\n(:N\r\n)*/g, "$1steps\r\n");

  for (const protocol of [2, 3] as const) {
    test(`answers in the same form, RESP${protocol}`, () =>
      both().compare(
        [
          [
            ["CONFIG", "SET", "latency-monitor-threshold", "1"],
            ["LATENCY", "RESET"],
            ["LATENCY", "LATEST"],
            ["DEBUG", "SLEEP", "0.002"],
            ["LATENCY", "HISTORY", "command"],
            ["LATENCY", "HISTORY", "COMMAND"],
            ["LATENCY", "HISTORY", "nosuch"],
            ["LATENCY", "RESET", "nosuch", "COMMAND", "command"],
            ["LATENCY", "HISTORY", "command"],
            ["LATENCY", "RESET", "nosuch"],
            ["CONFIG", "SET", "latency-monitor-threshold", "0"],
          ],
          [
            ["CONFIG", "RESETSTAT"],
            ["SET", "a", "b"],
            ["GET", "a"],
            ["GET", "a"],
            ["CLIENT", "GETNAME"],
            ["LATENCY", "HISTOGRAM", "get", "nosuch", "SET", "client|getname", "client|nosuch", "hget"],
            ["LATENCY", "HISTOGRAM", "client"],
            ["LATENCY", "HISTOGRAM", "nosuch"],
            ["CONFIG", "SET", "latency-tracking", "no"],
            ["CONFIG", "RESETSTAT"],
            ["GET", "a"],
            ["LATENCY", "HISTOGRAM"],
            ["CONFIG", "SET", "latency-tracking", "yes"],
          ],
        ],
        { protocol, mask: (reply, request) => (request[0] === "LATENCY" ? masked(reply) : reply) },
      ));
  }

  test("bad requests get the same errors", () =>
    both().compare([
      [
        ["LATENCY"],
        ["LATENCY", "NOSUCH"],
        ["LATENCY", "GRAPH"],
        ["LATENCY", "GRAPH", "nosuch"],
        ["LATENCY", "GRAPH", "nosuch", "x"],
        ["LATENCY", "HISTORY"],
        ["LATENCY", "LATEST", "x"],
        ["LATENCY", "DOCTOR", "x"],
        ["LATENCY", "HELP", "x"],
        ["CONFIG", "SET", "latency-monitor-threshold", "-1"],
        ["CONFIG", "SET", "latency-monitor-threshold", "x"],
      ],
    ]));

  test("counts calls in the same steps", async () => {
    // Each step that a real Redis shows is one of ours.
    const steps = new Set<string>();
    const histogram = new LatencyHistogram();
    for (let ns = 1; ns < 2e9; ns *= 1.9) histogram.record(ns, 1);
    for (const { microseconds } of histogram.distribution()) steps.add(String(microseconds));
    const client = await connect(both().redis.port);
    await client.command("DEBUG", "SLEEP", "0.01");
    const commands = mapOf(decode(await client.command("LATENCY", "HISTOGRAM")));
    for (const facts of commands.values()) {
      const shown = mapOf(mapOf(facts).get("histogram_usec") ?? "");
      for (const step of shown.keys()) expect(steps).toContain(step);
    }
    expect(commands.size).toBeGreaterThan(0);
    client.close();
  });
});

describe("the monitor of latency", () => {
  afterEach(() => {
    setSystemTime();
  });

  test("keeps of each second the longest, of 160 seconds", () => {
    const monitor = new LatencyMonitor();
    monitor.note("command", 1000);
    expect(monitor.series.size).toBe(0);
    monitor.threshold = 10;
    for (let second = 0; second < 200; second++) {
      setSystemTime(new Date(1_700_000_000_000 + second * 1000));
      for (const latency of [9, 10, second === 100 ? 500 : 20, 11]) monitor.note("command", latency);
    }
    const { samples, longest } = monitor.series.get("command") ?? { samples: [], longest: 0 };
    expect(samples).toHaveLength(160);
    expect(samples[0]).toEqual({ second: 1_700_000_040, latency: 20 });
    expect(samples[60]).toEqual({ second: 1_700_000_100, latency: 500 });
    expect(longest).toBe(500);
    monitor.note("expire-cycle", 10);
    expect(monitor.reset("EXPIRE-cycle")).toBe(1);
    expect(monitor.reset()).toBe(1);
  });

  test("draws as Redis 7.2.6 drew it", () => {
    const line = "-".repeat(80);
    const one = { samples: [{ second: 1796023019, latency: 9 }], longest: 9 };
    expect(latencyGraph("command", one, 1796023019)).toBe(
      `command - high 9 ms, low 9 ms (all time high 9 ms)\n${line}\n \n \n \n_\n \n0\ns\n`,
    );
    const latencies = [9, 2, 3, 2, 40, 150];
    const six = { samples: latencies.map((latency, index) => ({ second: 1796023019 + index, latency })), longest: 150 };
    expect(latencyGraph("command", six, 1796023024)).toBe(
      `command - high 150 ms, low 2 ms (all time high 150 ms)\n${line}\n     #\n     |\n    _|\n____||\n      \n543210\nssssss\n`,
    );
    const old = [0, 59, 60, 3599, 3600, 86_399, 86_400].map((age) => ({ second: 1796023019 - age, latency: 1 }));
    const rows = latencyGraph("x", { samples: old, longest: 1 }, 1796023019).split("\n");
    expect(rows.slice(-4)).toEqual(["0515121", "s9m9h3d", " s m h ", ""]);
  });
});

describe("LATENCY", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((...started) => {
    [server, client] = started;
  });

  test("knows the events of what it is made of", async () => {
    const { latency } = server.server.keyspace;
    const seen = new Set<string>();
    const spy = spyOn(latency, "note").mockImplementation((event) => void seen.add(event));
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "1", "appendonly", "yes", "appendfsync", "always");
    await until("the first rewrite", () => seen.has("aof-fstat"));
    await client.text("SET", "gone", "x", "PX", "1");
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    while ((await client.command("GET", "gone")).toString() !== "$-1\r\n");
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    await client.command("BLPOP", "nosuch", "0.001");
    await until("the cron", () => seen.has("expire-cycle"));
    await client.text("SET", "large", "x".repeat(1000));
    await client.text("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "allkeys-lru");
    await client.command("SET", "more", "x");
    await client.text("CONFIG", "SET", "maxmemory", "0", "appendonly", "no", "appendfsync", "everysec", "latency-monitor-threshold", "0");
    spy.mockRestore();
    // Whether a command took a millisecond is up to the machine.
    expect([...seen].filter((event) => !/^(fast-)?command$/.test(event)).sort()).toEqual([
      "aof-fstat",
      "aof-fsync-always",
      "aof-rename",
      "aof-write",
      "aof-write-alone",
      "command-unblocking",
      "eviction-cycle",
      "eviction-del",
      "expire-cycle",
      "expire-del",
    ]);
  });

  test("a slow command is an event by whether it should be fast, a transaction as a whole", async () => {
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "20");
    const { latency } = server.server.keyspace;
    await client.pipeline([["MULTI"], ["DEBUG", "SLEEP", "0.015"], ["DEBUG", "SLEEP", "0.015"], ["EXEC"]]);
    expect([...latency.series.keys()]).toEqual(["command"]);
    expect(latency.series.get("command")?.longest).toBeGreaterThanOrEqual(30);
    expect(server.server.watch.log.slow.latest(9).map(({ words }) => words[0].toString())).not.toContain("EXEC");
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "0");
  });

  test("DOCTOR says that nothing is watched, that all is well, or what was slow and may help", async () => {
    const { latency } = server.server.keyspace;
    latency.reset();
    expect(await client.text("LATENCY", "DOCTOR")).toContain("latency-monitor-threshold");
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "1000");
    expect(await client.text("LATENCY", "DOCTOR")).toContain("No event");
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "5", "slowlog-log-slower-than", "-1");
    latency.note("command", 30);
    latency.note("aof-fsync-always", 7);
    const report = await client.text("LATENCY", "DOCTOR");
    expect(report).toMatch(
      /^1\. command: 1 latency spikes \(average 30ms, mean deviation 0ms, period \d+\.\d\d sec\)\. Worst all time event 30ms\.$/m,
    );
    expect(report).toMatch(/^2\. aof-fsync-always: 1 latency spikes/m);
    expect(report).toContain("CONFIG SET slowlog-log-slower-than 5000");
    expect(report).not.toContain("appendfsync is 'always'");
    await client.text("CONFIG", "SET", "latency-monitor-threshold", "0", "slowlog-log-slower-than", "10000");
    expect(itemsOf(decode(await client.command("LATENCY", "LATEST"))).map((event) => textOf(itemsOf(event)[0]))).toEqual([
      "command",
      "aof-fsync-always",
    ]);
  });
});
