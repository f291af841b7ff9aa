import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatFor } from "../../src/metrics/exposition.ts";
import { readiness } from "../../src/metrics/health.ts";
import { healthResponse, Metrics, readyResponse } from "../../src/metrics/metrics.ts";
import { QueryError, scrapeQuery } from "../../src/metrics/query.ts";
import { Ours, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer, type TestServer, useServer } from "../support/server.ts";
import { ownText, parseText, valueAt } from "./support.ts";

const OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

describe("/metrics", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((started, connected) => {
    server = started;
    client = connected;
  });

  test("is Prometheus's text, or OpenMetrics to those who prefer that", async () => {
    const metrics = new Metrics(server.server);
    const plain = await metrics.respond(new URLSearchParams(), "", null);
    expect(plain.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const plainText = await plain.text();
    expect(plainText).toContain("# TYPE redis_connections_received_total counter\nredis_connections_received_total ");
    const open = await metrics.respond(new URLSearchParams(), OPENMETRICS, null);
    expect(open.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    const openText = await open.text();
    expect(openText).toContain("# TYPE redis_connections_received counter\nredis_connections_received_total ");
    // A counter whose name does not say so keeps its name.
    expect(openText).toContain("# TYPE redis_total_error_replies unknown\nredis_total_error_replies ");
    expect(openText.endsWith("\n# EOF\n")).toBe(true);
    const names = (text: string) => new Set(parseText(text).samples.map(({ name }) => name));
    expect(names(openText)).toEqual(names(plainText));
  });

  test("an Accept header asks for OpenMetrics only by its name", () => {
    expect(formatFor("")).toBe("text");
    expect(formatFor("*/*")).toBe("text");
    expect(formatFor("application/openmetrics-text")).toBe("openmetrics");
    expect(formatFor("application/openmetrics-text; version=0.0.1, text/plain;version=0.0.4;q=0.5")).toBe("openmetrics");
    expect(formatFor("application/openmetrics-text;q=0.1, text/plain")).toBe("text");
    expect(formatFor("application/openmetrics-text;q=0")).toBe("text");
    expect(formatFor("application/openmetrics-text;version=2.0.0, text/plain;q=0.5")).toBe("text");
  });

  test("labels are escaped, and keys that are no UTF-8 are left out", async () => {
    await client.command("SET", 'a"b\\c\nd', 'x"\\\n');
    await client.command("SET", "schlüssel", "wert");
    await client.command("SET", Buffer.of(0xff, 0xfe), "1");
    await client.command("SET", "comma,key", "7");
    const query = new URLSearchParams({ "check-keys": "*", "check-single-keys": "comma%2Ckey" }).toString();
    const text = await ownText(server.server, query);
    const keys = parseText(text)
      .samples.filter(({ name }) => name === "redis_key_size")
      .map(({ labels }) => labels.key);
    expect(keys.toSorted()).toEqual(['a"b\\c\nd', "comma,key", "schlüssel"]);
    expect(valueAt(text, "redis_key_value_as_string", { db: "db0", key: "schlüssel", val: "wert" })).toBe(1);
    expect(valueAt(text, "redis_key_value", { db: "db0", key: "comma,key" })).toBe(7);
    await client.command("FLUSHALL");
  });

  test("a command's latencies are said again until it is called again", async () => {
    const metrics = new Metrics(server.server);
    const calls = async () => {
      const text = await (await metrics.respond(new URLSearchParams(), "", null)).text();
      const count = valueAt(text, "redis_commands_latencies_usec_count", { cmd: "lpush" });
      expect(valueAt(text, "redis_commands_latencies_usec_bucket", { cmd: "lpush", le: "+Inf" })).toBe(count);
      expect(valueAt(text, "redis_latency_percentiles_usec_count", { cmd: "lpush" })).toBe(count);
      return count ?? 0;
    };
    await client.command("LPUSH", "list", "1");
    const before = await calls();
    expect(await calls()).toBe(before);
    await client.command("LPUSH", "list", "1");
    expect(await calls()).toBe(before + 1);
    const without = await ownText(server.server, "exclude-latency-histogram-metrics=true");
    expect(without).not.toContain("redis_commands_latencies_usec");
  });

  test("keys in groups beyond the limit are one group", async () => {
    await client.command("FLUSHALL");
    for (const key of ["a:1", "a:2", "b:1", "c:1", "plain"]) await client.command("SET", key, "x");
    const query = new URLSearchParams({ "check-key-groups": "^(.):", "max-distinct-key-groups": "1" }).toString();
    const text = await ownText(server.server, query);
    expect(valueAt(text, "redis_key_group_count", { db: "db0", key_group: "a" })).toBe(2);
    expect(valueAt(text, "redis_key_group_count", { db: "db0", key_group: "overflow" })).toBe(3);
    expect(valueAt(text, "redis_number_of_distinct_key_groups", { db: "db0" })).toBe(4);
    await client.command("FLUSHALL");
  });

  test("a query that cannot be understood is answered with 400 and the reason", async () => {
    for (const query of [
      "check-keys=db0%3Da%3Db",
      "check-keys=dbx%3Da",
      "check-keys=dbx%3D",
      "export-client-list=perhaps",
      "max-distinct-key-groups=0",
    ]) {
      expect(() => scrapeQuery(new URLSearchParams(query))).toThrow(QueryError);
    }
    const response = await new Metrics(server.server).respond(new URLSearchParams("export-client-list=perhaps"), "", null);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe("400 Bad Request: export-client-list: 'perhaps' is neither true nor false\n");
  });

  test("a user sees what its commands would show", async () => {
    const { server: parts } = server;
    await client.command("ACL", "SETUSER", "watcher", "on", "nopass", "+info", "+scan", "+type", "+memory|usage", "+strlen", "%R~open:*");
    await client.command("ACL", "SETUSER", "nobody", "on", "nopass", "+ping");
    await client.command("MSET", "open:1", "abc", "closed:1", "abcd");
    const metrics = new Metrics(parts);
    const refused = await metrics.respond(new URLSearchParams(), "", parts.access.users.get("nobody"));
    expect(refused.status).toBe(403);
    const query = new URLSearchParams("check-keys=*&export-client-list=true&include-config-metrics=true");
    const text = await (await metrics.respond(query, "", parts.access.users.get("watcher"))).text();
    const { samples } = parseText(text);
    const named = (name: string) => samples.filter((sample) => sample.name === name).map(({ labels }) => labels.key);
    expect(named("redis_key_size")).toEqual(["open:1"]);
    expect(named("redis_key_memory_usage_bytes")).toEqual(["open:1"]);
    expect(named("redis_key_value_as_string")).toEqual([]);
    for (const name of ["redis_connected_client_info", "redis_config_key_value", "redis_config_maxclients", "redis_slowlog_length"]) {
      expect(text).not.toContain(name);
    }
    expect(text).toContain("redis_connected_clients ");
    const all = await ownText(parts, query.toString());
    expect(all).toContain("redis_connected_client_info");
    expect(all).not.toMatch(/key="(requirepass|masterauth)"/);
    await client.command("FLUSHALL");
  });

  test("turns of the event loop and slices of images that took long are counted", async () => {
    const { server: parts } = server;
    const count = async (name: string) => valueAt(await ownText(parts), name) ?? 0;
    const stalls = await count("replicant_event_loop_stall_seconds_count");
    await client.command("DEBUG", "SLEEP", "0.03");
    const text = await ownText(parts);
    expect(valueAt(text, "replicant_event_loop_stall_seconds_count")).toBeGreaterThan(stalls);
    expect(valueAt(text, "replicant_event_loop_longest_seconds")).toBeGreaterThanOrEqual(0.03);
    expect(valueAt(text, "replicant_event_loop_stall_seconds_bucket", { le: "+Inf" })).toBe(
      valueAt(text, "replicant_event_loop_stall_seconds_count"),
    );
    await until("the timer's delay was seen", async () => (await count("replicant_event_loop_delay_seconds_count")) > 0);
    await client.command("SET", "key", "value");
    await client.command("BGSAVE");
    await until("the image is written", async () => (await count("replicant_snapshot_slice_seconds_count")) > 0);
    const kinds = parseText(await ownText(parts)).samples.filter(({ name }) => name === "replicant_memory_bytes");
    expect(kinds.map(({ labels }) => labels.kind)).toContain("dataset");
  });

  test("collections of garbage are counted", async () => {
    const metrics = new Metrics(server.server);
    const count = async () =>
      valueAt(await (await metrics.respond(new URLSearchParams(), "", null)).text(), "replicant_gc_collections_total") ?? 0;
    await until("a collection was seen", async () => {
      Bun.gc(true);
      return (await count()) > 0;
    });
  });
});

test("docs/metrics.md has a line for each of our series", async () => {
  await using master = await Ours.start({ appendonly: "yes" });
  await using replica = await Ours.start();
  await replica.client.command("REPLICAOF", "127.0.0.1", String(master.server.port));
  await until("the link is up", () => readiness(replica.server).ready);
  await until("the replica is shown", async () => (await ownText(master.server)).includes("replicant_replica_lag_bytes{"));
  const text = (await ownText(master.server)) + (await ownText(replica.server));
  const shown = new Set([...text.matchAll(/^# TYPE (replicant_\w+) /gm)].map(([, name]) => name));
  const documented = readFileSync(join(import.meta.dir, "../../docs/metrics.md"), "utf8").match(/(?<=`)replicant_\w+(?=`.*\|)/g);
  expect([...shown].toSorted()).toEqual([...new Set(documented)].toSorted());
});

describe("/healthz and /readyz", () => {
  test("a master is ready, and says so in JSON when asked", async () => {
    await using started = await startServer();
    const health = healthResponse("");
    expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
    const ready = readyResponse(started.server, "");
    expect([ready.status, await ready.text()]).toEqual([200, "ready\n"]);
    const json = readyResponse(started.server, "application/json");
    expect(json.headers.get("content-type")).toBe("application/json");
    expect(await json.json()).toEqual({ ready: true, reasons: [] });
  });

  test("a replica is not while its link is down, nor when it is behind by more than a limit", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start({ "readyz-max-lag": "30", "readyz-max-lag-bytes": "100" });
    const gone = await startServer();
    const { port } = gone;
    await gone.stop();
    await replica.client.command("REPLICAOF", "127.0.0.1", String(port));
    const down = readyResponse(replica.server, "");
    expect([down.status, await down.text()]).toEqual([503, "the link to the master is down\n"]);
    await replica.client.command("REPLICAOF", "127.0.0.1", String(master.server.port));
    await until("the link is up", () => readiness(replica.server).ready);
    const { link } = replica.server.replication;
    const late = readiness(replica.server, (link?.lastHeard ?? 0) + 31_500);
    expect(late).toEqual({ ready: false, reasons: ["the master was heard of 31 seconds ago, the limit is 30"] });
    const stream = link?.stream;
    if (stream === null || stream === undefined) throw new Error("there is no stream");
    stream.received += 101;
    expect(readiness(replica.server).reasons).toEqual(["101 bytes of the master's stream wait to be run, the limit is 100"]);
    const text = await ownText(replica.server);
    const place = { master_host: "127.0.0.1", master_port: String(master.server.port) };
    expect(valueAt(text, "replicant_master_lag_bytes", place)).toBe(101);
    expect(valueAt(text, "replicant_master_link_up", place)).toBe(1);
    stream.received -= 101;
    await until("the master knows it", async () => (await ownText(master.server)).includes("replicant_replica_lag_bytes{"));
  });

  test("a server that loads its data is not ready", async () => {
    await using started = await startServer();
    const client = await connect(started.port);
    const { persistence } = started.server;
    persistence.loading = { startedAt: Date.now(), totalBytes: 200, loadedBytes: 50, usedMemory: 0, finished: false };
    expect(readiness(started.server).reasons).toEqual(["the data set is being loaded (25 %)"]);
    const text = await ownText(started.server);
    expect(valueAt(text, "redis_loading_dump_file")).toBe(1);
    persistence.loading = null;
    expect(readiness(started.server).ready).toBe(true);
    client.close();
  });
});
