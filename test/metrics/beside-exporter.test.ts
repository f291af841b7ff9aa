/**
 * /metrics beside redis_exporter: what it shows of a redis-server is in ours of a server that has been sent the same; and what it shows of our
 * server is what we say.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Ours, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import { describeWithExporter, exporterText, ownText, parseText, type Sample, seriesKey } from "./support.ts";

/** What exporter and /metrics are asked for beside the usual. */
const ASKED: readonly (readonly [option: string, value: string])[] = [
  ["check-keys", "db0=key:*,db1=other"],
  ["check-single-keys", "db0=plain"],
  ["check-streams", "db0=str*"],
  ["check-single-streams", "db0=stream"],
  ["count-keys", "db0=key:*"],
  ["check-key-groups", "^(.*):.*$"],
  ["export-client-list", "true"],
  ["export-client-port", "true"],
  ["include-config-metrics", "true"],
];
const OPTIONS = [...ASKED.map(([option, value]) => `-${option}=${value}`), "-include-system-metrics", "-ping-on-connect"];
const QUERY = new URLSearchParams(Object.fromEntries(ASKED)).toString();

const REQUESTS: readonly (readonly string[])[] = [
  ["SET", "key:number", "17"],
  ["SET", "key:text", 'say "hello" \\ world'],
  ["SET", "key:float", "-1.5e3"],
  ["SET", "key:passing", "1", "EX", "1000"],
  ["SET", "plain", "x"],
  ["RPUSH", "key:list", "1", "2", "3"],
  ["SADD", "key:set", "a", "b"],
  ["ZADD", "key:zset", "1", "a"],
  ["HSET", "key:hash", "f", "v"],
  ["PFADD", "key:hll", "a", "b", "c"],
  ["XADD", "stream", "1-1", "f", "v"],
  ["XADD", "stream", "2-1", "f", "v"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "1", "STREAMS", "stream", ">"],
  ["GET", "key:number"],
  ["GET", "nothing"],
  ["LPUSH", "key:text", "1"],
  ["LPUSH", "key:list"],
  ["NO-SUCH-COMMAND"],
  ["EVAL", "return redis.call('GET', 'plain')", "0"],
  ["EVALSHA", "0000000000000000000000000000000000000000", "0"],
  ["SUBSCRIBE", "channel"],
  ["UNSUBSCRIBE", "channel"],
  ["ACL", "SETUSER", "someone", "on", ">secret", "~*", "+@all"],
  ["AUTH", "someone", "wrong"],
  ["SELECT", "1"],
  ["SET", "other", "1"],
  ["DEBUG", "SLEEP", "0.06"],
];

const DIRECTIVES = { "latency-monitor-threshold": "50", "slowlog-log-slower-than": "0" } as const;

/** Labels whose values differ between servers: addresses, times, versions, numbers of clients, and values of directives. */
const VARYING = new Set([
  ..."slave_ip slave_port master_host master_port port host tcp_port run_id process_id redis_build_id redis_version master_replid os".split(
    " ",
  ),
  ..."version commit_sha build_date golang_version created_at idle_since omem event_name".split(" "),
]);
/** Series whose other labels differ too. */
const VARYING_SERIES: ReadonlyMap<RegExp, ReadonlySet<string>> = new Map([
  [/^redis_connected_clients?_/, new Set(["id", "name", "flags", "db", "cmd", "user", "resp"])],
  [/^redis_config_key_value$/, new Set(["value"])],
]);
/** Labels that redis_exporter has since 1.46. */
const NEWER_LABELS: ReadonlyMap<string, string> = new Map([["redis_instance_info", "master_replid"]]);
/** Directives that Redis has hidden since 7.2, and ours hides. */
const HIDDEN_DIRECTIVES = new Set(["aof-disable-auto-gc"]);

/** What a series is, whatever the server. */
function outline({ name, labels }: Sample): string {
  const varying = [...VARYING_SERIES].find(([pattern]) => pattern.test(name))?.[1] ?? new Set();
  const shown = Object.entries(labels)
    .filter(([label]) => label !== NEWER_LABELS.get(name))
    .map(([label, value]) => [label, VARYING.has(label) || varying.has(label) ? "*" : value]);
  return seriesKey(name, Object.fromEntries(shown));
}

/** What the exporter says of itself and its runtime. */
function isAboutExporter({ name }: Sample): boolean {
  return /^(go|process|promhttp)_/.test(name);
}

/** Gauges that have another value each time, and counters that the exporter counts up itself. */
const UNSTEADY = new RegExp(
  `^redis_(${[
    "memory_used_(?!(lua|vm|scripts|functions|startup))",
    "allocator_",
    "mem_",
    "exporter_",
    "db_avg_ttl",
    "config_",
    "connected_client",
    "instantaneous_",
    "latency_percentiles",
    "slowlog_",
    "last_slow_execution",
    "last_key_groups",
    "uptime",
    "start_time",
    "master_last_io",
    "connected_slave_lag",
    "stream_group_consumer_idle",
    "key_memory_usage",
    "key_group_memory_usage",
    "number_of_cached_scripts",
    "client_recent",
    "expired_stale",
    "defrag",
    "active_defrag",
    "lazyfree",
    "replication_backlog",
    "latency_spike",
  ].join("|")})`,
);

function missing(of: readonly Sample[], from: readonly Sample[], key: (sample: Sample) => string): string[] {
  const there = new Set(from.map(key));
  return of.filter((sample) => !there.has(key(sample))).map(key);
}

describeWithExporter("/metrics beside redis_exporter", () => {
  let redis: ServerProcess;
  let redisReplica: ServerProcess;
  let ours: Ours;
  let ourReplica: Ours;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = Object.entries(DIRECTIVES).flatMap(([name, value]) => [`--${name}`, value]);
    redis = await startRedis({ args: [...args, "--enable-debug-command", "yes"] });
    redisReplica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(redis.port)] });
    ours = await Ours.start(DIRECTIVES);
    ourReplica = await Ours.start();
    await ourReplica.client.text("REPLICAOF", "127.0.0.1", String(ours.server.port));
    for (const port of [redis.port, ours.server.port]) {
      const client = await connect(port);
      clients.push(client);
      for (const words of REQUESTS) await client.command(...words);
    }
    for (const port of [redisReplica.port, ourReplica.server.port]) {
      const client = await connect(port);
      clients.push(client);
      await until("the replica is in step", async () => {
        const info = await client.text("INFO", "replication");
        return info.includes("master_link_status:up") && (await client.text("EXISTS", "stream")) === "1";
      });
    }
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await ourReplica[Symbol.asyncDispose]();
    await ours[Symbol.asyncDispose]();
    await redisReplica.stop();
    await redis.stop();
  });

  test("a master has every series that the exporter shows of redis-server", async () => {
    const theirs = parseText(await exporterText(redis.port, OPTIONS));
    // So that both have been sent what the exporter sends.
    await exporterText(ours.server.port, OPTIONS);
    const mine = parseText(await ownText(ours.server, QUERY));
    const shown = theirs.samples.filter((sample) => !isAboutExporter(sample) && !HIDDEN_DIRECTIVES.has(sample.labels.key ?? ""));
    expect(shown.length).toBeGreaterThan(400);
    expect(missing(shown, mine.samples, outline)).toEqual([]);
  });

  test("so has a replica", async () => {
    const theirs = parseText(await exporterText(redisReplica.port));
    await exporterText(ourReplica.server.port);
    const mine = parseText(await ownText(ourReplica.server));
    const shown = theirs.samples.filter((sample) => !isAboutExporter(sample));
    expect(shown.map(({ name }) => name)).toContain("redis_slave_info");
    // The stream has more commands here, and the tests' own have others.
    const steady = shown.filter(({ labels }) => labels.cmd === undefined);
    expect(missing(steady, mine.samples, outline)).toEqual([]);
  });

  test("what the exporter shows of our server is what we say", async () => {
    // Counting a HyperLogLog notes the count in it, which the replica is sent and acknowledges a moment later.
    await ownText(ours.server, QUERY);
    const { replication, journal } = ours.server;
    await until("the replica has acknowledged", () =>
      replication.replicas.list.every(({ acknowledged }) => acknowledged === journal.offset),
    );
    const theirs = parseText(await exporterText(ours.server.port, OPTIONS));
    const mine = parseText(await ownText(ours.server, QUERY));
    const key = ({ name, labels }: Sample) => seriesKey(name, labels);
    const values = new Map(mine.samples.map((sample) => [key(sample), sample.value]));
    const shown = theirs.samples.filter((sample) => !isAboutExporter(sample));
    const differing: string[] = [];
    let compared = 0;
    for (const sample of shown) {
      if (UNSTEADY.test(sample.name)) continue;
      const own = values.get(key(sample));
      const kind = mine.kinds.get(sample.name);
      const holds = kind === "counter" ? own !== undefined && own >= sample.value : own === sample.value;
      if (!holds && !isOlder(sample)) differing.push(`${key(sample)} is ${sample.value} there and ${own} here`);
      compared++;
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(300);
  });

  test("the kinds of the families are the exporter's of today", async () => {
    const theirs = parseText(await exporterText(ours.server.port, OPTIONS)).kinds;
    const mine = parseText(await ownText(ours.server, QUERY)).kinds;
    const other = [...theirs].filter(([name, kind]) => mine.has(name) && mine.get(name) !== kind).map(([name]) => name);
    // A gauge in redis_exporter 1.45, a counter since.
    expect(other).toEqual(["redis_expired_time_cap_reached_total"]);
  });
});

/** Series that are told apart by what newer exporters say besides. */
function isOlder({ name }: Sample): boolean {
  return NEWER_LABELS.has(name);
}
