import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

const DEFAULT = [
  "Server",
  "Clients",
  "Memory",
  "Persistence",
  "Stats",
  "Replication",
  "CPU",
  "Modules",
  "Errorstats",
  "Cluster",
  "Keyspace",
];
const ALL = [...DEFAULT.slice(0, 8), "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace"];

/** Fields of Redis 7.0 that we do not have, because what they tell of does not exist here or is not known. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ["redis_git_dirty", "a build does not know whether its sources were changed"],
  ["atomicvar_api", "there are no threads that share variables"],
  ["gcc_version", "there is no C compiler"],
]);

/** Section titles in their order, with the names of the fields in each. */
function outline(info: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let fields: string[] = [];
  for (const line of info.split("\r\n")) {
    if (line.startsWith("# ")) {
      fields = [];
      sections.set(line.slice(2), fields);
    } else if (line !== "") fields.push(line.slice(0, line.indexOf(":")));
  }
  return sections;
}

function field(info: string, name: string): string {
  const found = new RegExp(`^${name}:(.*)\r$`, "m").exec(info);
  if (found === null) throw new Error(`INFO has no ${name}`);
  return found[1];
}

describeWithRedis("INFO beside Redis's", () => {
  const comparison = useComparison({ "repl-diskless-sync-delay": "0" });

  test("has the same sections in the same order", async () => {
    const { ours, redis } = comparison();
    const mine = await connect(ours.port);
    const theirs = await connect(redis.port);
    for (const words of [
      [],
      ["default"],
      ["all"],
      ["everything"],
      ["cpu", "server"],
      ["keyspace", "memory", "nosuch"],
      ["commandSTATS"],
      ["nosuch"],
      ["modules"],
    ]) {
      const sections = (info: string) => [...outline(info).keys()];
      expect({ words, sections: sections(await mine.text("INFO", ...words)) }).toEqual({
        words,
        sections: sections(await theirs.text("INFO", ...words)),
      });
    }
    mine.close();
    theirs.close();
  });

  test("has every field of Redis but those with a reason", async () => {
    const { ours, redis } = comparison();
    const mine = await connect(ours.port);
    const theirs = await connect(redis.port);
    const fields = outline(await mine.text("INFO", "everything"));
    for (const [section, names] of outline(await theirs.text("INFO"))) {
      const missing = names.filter((name) => !LEFT_OUT.has(name) && !fields.get(section)?.includes(name));
      expect({ section, missing }).toEqual({ section, missing: [] });
    }
    mine.close();
    theirs.close();
  });

  test("has the fields of a replica", async () => {
    await using master = await startRedis();
    const fields: string[][] = [];
    for (const port of [comparison().ours.port, comparison().redis.port]) {
      const client = await connect(port);
      await client.text("REPLICAOF", "127.0.0.1", String(master.port));
      await until("the link", async () => field(await client.text("INFO", "replication"), "master_link_status") === "up");
      const info = await client.text("INFO", "replication");
      expect(field(info, "master_link_status")).toBe("up");
      expect(field(info, "slave_repl_offset")).toBe(field(info, "master_repl_offset"));
      fields.push(outline(info).get("Replication") ?? []);
      await client.text("REPLICAOF", "NO", "ONE");
      client.close();
    }
    expect(fields[0]).toEqual(fields[1]);
  });

  test("shows a replica that follows as Redis shows it", async () => {
    const lines: string[] = [];
    for (const port of [comparison().ours.port, comparison().redis.port]) {
      await using replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(port)] });
      const client = await connect(port);
      let line = "";
      await until("the replica", async () => {
        line = /^slave0:.*state=online.*lag=[01]\r$/m.exec(await client.text("INFO", "replication"))?.[0] ?? "";
        return line !== "";
      });
      lines.push(
        line
          .replace(/port=\d+/, `port=${replica.port > 0}`)
          .replace(/offset=\d+/, "offset=N")
          .replace(/lag=[01]/, "lag=0"),
      );
      expect(field(await client.text("INFO", "replication"), "connected_slaves")).toBe("1");
      client.close();
    }
    expect(lines[0]).toStartWith("slave0:ip=127.0.0.1,port=true,state=online");
    expect(lines[0]).toBe(lines[1]);
  });

  test("counts databases, errors and commands alike", async () => {
    await comparison().compare([
      [
        ["SET", "a", "1"],
        ["SET", "b", "2"],
        ["SELECT", "5"],
        ["SET", "c", "3"],
        ["INFO", "keyspace"],
      ],
      [
        ["CONFIG", "RESETSTAT"],
        ["NOSUCH"],
        ["SET", "k"],
        ["SET", "s", "x"],
        ["INCR", "s"],
        ["GETRANGE", "s", "a", "b"],
        ["AUTH", "a", "b"],
        ["INFO", "errorstats"],
      ],
      [
        ["DEBUG", "ERROR", "MY:OWN error"],
        ["INFO", "modules"],
        ["INFO", "cluster"],
      ],
    ]);
    const mask = (reply: string) =>
      reply
        .replace(/usec=\d+,usec_per_call=[\d.]+/g, "usec=N")
        .replace(/^\$\d+/, "$N")
        .split("\r\n")
        .sort()
        .join("\r\n");
    await comparison().compare(
      [
        [
          ["CONFIG", "RESETSTAT"],
          ["SET", "k", "v"],
          ["SET", "k"],
          ["GET", "k"],
          ["INCR", "k"],
          ["CONFIG", "GET", "port"],
          ["INFO", "commandstats"],
        ],
      ],
      { mask: (reply, request) => (request[1] === "commandstats" ? mask(reply) : request[0] === "CONFIG" ? "" : reply) },
    );
  });
});

describe("INFO", () => {
  let server: TestServer;
  let client: RawClient;

  useServer((...started) => {
    [server, client] = started;
  });

  test("is a verbatim string in RESP3", async () => {
    const other = await connect(server.port);
    await other.command("HELLO", "3");
    expect((await other.command("INFO", "cluster")).toString()).toBe("=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n");
    other.close();
    expect((await client.command("INFO", "nosuch")).toString()).toBe("$0\r\n\r\n");
  });

  test("shows the sections of Redis 7.2, debug only to those who name it", async () => {
    expect([...outline(await client.text("INFO")).keys()]).toEqual(DEFAULT);
    expect([...outline(await client.text("INFO", "everything")).keys()]).toEqual(ALL);
    expect([...outline(await client.text("INFO", "debug")).keys()]).toEqual(["Debug"]);
    expect([...outline(await client.text("INFO", "DEFAULT", "debug", "latencystats")).keys()]).toEqual([
      ...DEFAULT.slice(0, 9),
      "Latencystats",
      ...DEFAULT.slice(9),
      "Debug",
    ]);
  });

  test("names both Redis's version and ours", async () => {
    const before = Date.now();
    const info = await client.text("INFO", "server");
    expect(field(info, "redis_version")).toBe("7.2.4");
    expect(field(info, "server_name")).toBe("replicant");
    expect(field(info, "replicant_version")).toBe(manifest.version);
    expect(field(info, "process_id")).toBe(String(process.pid));
    expect(field(info, "tcp_port")).toBe(String(server.port));
    expect(field(info, "run_id")).toBe(server.server.runId);
    const serverTime = Number(field(info, "server_time_usec")) / 1000;
    expect(serverTime).toBeGreaterThanOrEqual(before - 1000); // the clock is read once a batch, and by the cron
    expect(Math.floor(serverTime)).toBeLessThanOrEqual(Date.now());
    expect(info).toContain(`listener0:name=tcp,bind=127.0.0.1,port=${server.port}\r\n`);
  });

  test("used_memory grows with the data and shrinks with it", async () => {
    const used = async () => Number(field(await client.text("INFO", "memory"), "used_memory"));
    const before = await used();
    await client.command("SET", "large", "x".repeat(1_000_000));
    const between = await used();
    expect(between - before).toBeGreaterThan(1_000_000);
    expect(between - before).toBeLessThan(1_100_000);
    await client.command("DEL", "large");
    expect(await used()).toBe(before);
    const info = await client.text("INFO", "memory");
    expect(Number(field(info, "used_memory_peak"))).toBeGreaterThanOrEqual(between);
    expect(Number(field(info, "used_memory_dataset")) + Number(field(info, "used_memory_overhead"))).toBe(before);
    expect(Number(field(info, "used_memory_rss"))).toBeGreaterThan(10_000_000);
    expect(field(info, "maxmemory_human")).toBe("0B");
  });

  test("a server that holds nothing, or next to nothing, is not fragmented", async () => {
    const ratio = async () => Number(field(await client.text("INFO", "memory"), "mem_fragmentation_ratio"));
    await client.command("FLUSHALL");
    expect(await ratio()).toBeLessThan(2);
    await client.text("SET", "k", "v");
    expect(await ratio()).toBeLessThan(2);
    expect(Number(field(await client.text("INFO", "memory"), "allocator_frag_ratio"))).toBeGreaterThanOrEqual(1);
    await client.command("FLUSHALL");
  });

  test("stats tell of keys that have expired and are still there, and of memory above its limit", async () => {
    const of = async (name: string) => Number(field(await client.text("INFO", "stats"), name));
    expect(await of("expired_stale_perc")).toBe(0);
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await client.pipeline(Array.from({ length: 50 }, (_, index) => ["SET", index, "v", "PX", 1]));
    await until("the keys to expire", async () => (await of("expired_stale_perc")) === 100);
    await client.text("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    await until("their deletion", async () => (await of("expired_stale_perc")) === 0);
    await client.text("SET", "large", "x".repeat(1000));
    await client.text("CONFIG", "SET", "maxmemory", "1");
    expect((await client.command("SET", "k", "v")).toString()).toStartWith("-OOM");
    await until("time to pass", async () => (await of("current_eviction_exceeded_time")) > 0);
    await client.text("CONFIG", "SET", "maxmemory", "0");
    await until("the end of it", async () => (await of("current_eviction_exceeded_time")) === 0);
    expect(await of("total_eviction_exceeded_time")).toBeGreaterThan(0);
    await client.command("FLUSHALL");
  });

  test("keyspace shows expiries and their average time", async () => {
    await client.command("SET", "soon", "v", "PX", "100000");
    await client.command("SET", "later", "v", "PX", "300000");
    const [, ttl] = /db0:keys=2,expires=2,avg_ttl=(\d+)\r/.exec(await client.text("INFO", "keyspace")) ?? [];
    expect(Number(ttl)).toBeGreaterThan(100_000); // the mean of what is left of 100 s and of 300 s
    expect(Number(ttl)).toBeLessThanOrEqual(200_000);
    await client.command("FLUSHALL");
    expect(await client.text("INFO", "keyspace")).toBe("# Keyspace\r\n");
  });

  test("latencystats follow latency-tracking and its percentiles", async () => {
    await client.text("CONFIG", "RESETSTAT");
    await client.text("DEBUG", "SLEEP", "0.05");
    await client.text("SET", "k", "v");
    const shown = field(await client.text("INFO", "latencystats"), "latency_percentiles_usec_debug");
    expect(shown).toMatch(/^p50=[\d.]+,p99=[\d.]+,p99\.9=[\d.]+$/);
    expect(Number(/p50=([\d.]+)/.exec(shown)?.[1])).toBeGreaterThanOrEqual(50_000);
    expect(Number(/p50=([\d.]+)/.exec(shown)?.[1])).toBeLessThan(50_000_000); // what it would be in ns
    await client.text("CONFIG", "SET", "latency-tracking-info-percentiles", "0.0 50.0 100.0");
    expect(field(await client.text("INFO", "latencystats"), "latency_percentiles_usec_set")).toMatch(/^p0=[\d.]+,p50=[\d.]+,p100=[\d.]+$/);
    await client.text("CONFIG", "SET", "latency-tracking", "no");
    expect(await client.text("INFO", "latencystats")).toBe("# Latencystats\r\n");
    await client.text("CONFIG", "SET", "latency-tracking", "yes");
    await client.text("CONFIG", "RESETSTAT");
    expect(await client.text("INFO", "latencystats")).not.toContain("_set:");
  });

  test("persistence tells of saves", async () => {
    await client.text("CONFIG", "RESETSTAT");
    await client.command("SET", "k", "v");
    expect(Number(field(await client.text("INFO", "persistence"), "rdb_changes_since_last_save"))).toBeGreaterThan(0);
    await client.text("SAVE");
    const info = await client.text("INFO", "persistence");
    expect(field(info, "rdb_changes_since_last_save")).toBe("0");
    expect(field(info, "rdb_saves")).toBe("1");
    expect(field(info, "rdb_last_save_time")).toBe(await client.text("LASTSAVE"));
    expect(field(info, "rdb_last_bgsave_status")).toBe("ok");
  });

  test("stats count commands, hits, misses and turns of the event loop", async () => {
    await client.text("CONFIG", "RESETSTAT");
    await client.pipeline([["SET", "k", "v"], ["GET", "k"], ["GET", "none"], ["NOSUCH"]]);
    const info = await client.text("INFO", "stats");
    expect(field(info, "keyspace_hits")).toBe("1");
    expect(field(info, "keyspace_misses")).toBe("1");
    expect(field(info, "total_error_replies")).toBe("1");
    expect(Number(field(info, "eventloop_cycles"))).toBeGreaterThan(0);
    const debug = await client.text("INFO", "debug");
    expect(Number(field(debug, "eventloop_cmd_per_cycle_max"))).toBeGreaterThan(0);
    expect(Number(field(debug, "eventloop_duration_max"))).toBeGreaterThan(0);
  });
});
