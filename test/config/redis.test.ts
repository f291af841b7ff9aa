import { expect, test } from "bun:test";
import { Config } from "../../src/config/config.ts";
import { usage } from "../../src/config/help.ts";
import { DIRECTIVES, findDirective, NAMES } from "../../src/config/options.ts";
import { machine } from "../../src/config/surroundings.ts";
import { connect, encodeCommand, type RawClient } from "../support/client.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

/** What both servers are told, one CONFIG SET a row, in this order. Only what Redis 7.0 and 7.2 answer alike. */
const SETS: readonly Pairs[] = [
  ...["x", "", " 5", "05", "-0", "+1", "1.5", "1e3", "99999999999999999999", "2147483648", "-1", "0", "7"].map(
    (value): Pairs => [["timeout", value]],
  ),
  ...["0", "-1", "4294967295", "4294967296", "20000"].map((value): Pairs => [["slowlog-max-len", value]]),
  ...[
    "",
    "b",
    "kb",
    "1",
    "1B",
    "1k",
    "1kB",
    "2m",
    "2mb",
    "3g",
    "3GB",
    "1tb",
    "-1",
    "1.5mb",
    "18446744073709551615",
    "99999999999999999999gb",
    "0",
  ].map((value): Pairs => [["maxmemory", value]]),
  ...["1048575", "1048576", "1mb", "9223372036854775807", "9223372036854775808", "512mb"].map(
    (value): Pairs => [["proto-max-bulk-len", value]],
  ),
  ...["5%", "0%", "100%", "101%", "-5%", "%", "5", "-5", "5mb%", "18446744073709551600", "0"].map(
    (value): Pairs => [["maxmemory-clients", value]],
  ),
  ...["YES", "no", "1", "true", ""].map((value): Pairs => [["rdbcompression", value]]),
  ...["0", "501", "2147483648", "-1", "50"].map((value): Pairs => [["hz", value]]),
  ...["", "60 1", "60 1 300 10", "60", "0 1", "60 -1", "60  1", " 60 1", "60 1 ", "a b", "60 x", "-1 5", "+5 +6"].map(
    (value): Pairs => [["save", value]],
  ),
  ...[
    "normal 1 2 3",
    "slave 1mb 2mb 3",
    "replica 1gb 1 0",
    "pubsub 1 2",
    "master 1 2 3",
    "x 1 2 3",
    "normal a 2 3",
    "normal 1 2 -3",
    "normal 1 2 3x",
  ].map((value): Pairs => [["client-output-buffer-limit", value]]),
  [["client-output-buffer-limit", "NORMAL 0 0 0 pubsub 1kb 2k 7"]],
  [["client-output-buffer-limit", ""]],
  ...["KEA", "", "AKE", "AKEm", "g$lshzxet", "g$lshzxetd", "Kx", "En", "q", "gg", "mK"].map(
    (value): Pairs => [["notify-keyspace-events", value]],
  ),
  ...["1 2 3", "1 2", "1 2 3000", "1 2 x", "-2001 1 1", "0 200 800"].map((value): Pairs => [["oom-score-adj-values", value]]),
  ...["", "50", "50 99.99", "0.123456789", "101", "-1", "x", "1e1", "inf", "100.0 .5"].map(
    (value): Pairs => [["latency-tracking-info-percentiles", value]],
  ),
  ...["now", "nosave now", "now nosave", "save nosave", "force save now", "NOW", "default", "default now", "x", "", "now  force"].map(
    (value): Pairs => [["shutdown-on-sigterm", value]],
  ),
  ...["relative", "absolute", "yes", "no", "x"].map((value): Pairs => [["oom-score-adj", value]]),
  ...["VERBOSE", "notice"].map((value): Pairs => [["loglevel", value]]),
  ...["allkeys-nothing"].map((value): Pairs => [["maxmemory-policy", value]]),
  ...["{title} x", "{title}", "{server-mode}", "", "{nope} x", "{title", "{{title} x", " ", "plain"].map(
    (value): Pairs => [["proc-title-template", value]],
  ),
  ...["bad name", "host.example-1", "", "a".repeat(256)].map((value): Pairs => [["cluster-announce-hostname", value]]),
  ...["8", "-3", "2147483647", "-2147483648", "-2147483649"].map((value): Pairs => [["list-max-listpack-size", value]]),
  ...["-1", "9223372036854775807", "9223372036854775808", "-2"].map((value): Pairs => [["slowlog-log-slower-than", value]]),
  ...["0", "1", "16384", "1mb"].map((value): Pairs => [["repl-backlog-size", value]]),
  [["dir", "/"]],
  [["dbfilename", "x.rdb"]],
  [["dbfilename", "a/b"]],
  [["tcp-backlog", "5"]],
  [["replicaof", "no one"]],
  [["nosuch", "1"]],
  [["", ""]],
  [
    ["timeout", "1"],
    ["nosuch", "2"],
    ["tcp-backlog", "3"],
  ],
  [
    ["timeout", "1"],
    ["Tcp-Backlog", "3"],
    ["nosuch", "2"],
  ],
  [
    ["timeout", "1"],
    ["TIMEOUT", "2"],
  ],
  [
    ["hash-max-listpack-entries", "20"],
    ["hash-max-ziplist-entries", "21"],
  ],
  [["slave-priority", "-1"]],
  [["SLAVE-priority", "x"]],
  [
    ["maxmemory", "10000001"],
    ["maxmemory-clients", "200%"],
    ["client-query-buffer-limit", "invalid"],
  ],
  [
    ["maxmemory", "10000001"],
    ["repl-backlog-size", "10000002"],
    ["save", "3000 5"],
  ],
  [
    ["requirepass", ""],
    ["masterauth", "p\xff\x01 q"],
    ["masteruser", '"u"'],
  ],
];

const GETS: readonly (readonly string[])[] = [
  ["save"],
  ["TIMEOUT", "timeout"],
  ["timeou?"],
  ["key-load-delay"],
  ["key-load-*"],
  ["nosuch"],
  ["maxmemory", "maxmemory-c*", "MAXMEMORY"],
  ["list-max-*", "*ziplist-entries"],
  ["*OF"],
];

/** How the refusal of a value ends whose feature is not there yet. */
const NOT_HERE = "is not supported by this version of Replicant";

/** A value that we refuse for want of its feature is one that Redis takes, and ours is read as theirs. Redis goes back to the default. */
async function expectReadAlike(client: RawClient, pairs: Pairs, theirs: string): Promise<void> {
  expect({ pairs, reply: theirs }).toEqual({ pairs, reply: "OK" });
  for (const [name, value] of pairs) {
    const row = findDirective(name)?.row;
    if (row === undefined) throw new Error(`there is no ${name}`);
    const read = row.kind.parse(row.kind.multiArg ? value.split(" ") : [value], {
      current: row.initial,
      repeated: false,
      surroundings: machine,
    });
    const shown = await client.command("CONFIG", "GET", name);
    expect({ pairs, shown: bytesOf([name, read.text]) }).toEqual({ pairs, shown: shown.toString("latin1") });
    await client.text("CONFIG", "SET", name, row.initial.text);
  }
}

function reply(config: Config, pairs: Pairs): string {
  return config.set(pairs)?.reply ?? "OK";
}

describeWithRedis("CONFIG against Redis", () => {
  test("SET accepts and refuses the same, in the same words, and GET shows the same", async () => {
    await using server = await startRedis({ args: ["--bind", "127.0.0.1"] });
    const client = await connect(server.port);
    const config = Config.of({ save: "", bind: "127.0.0.1", port: String(server.port), dir: server.dir });
    for (const pairs of SETS) {
      const words = pairs.flatMap(([name, value]) => [Buffer.from(name, "latin1"), Buffer.from(value, "latin1")]);
      const theirs = (await client.command("CONFIG", "SET", ...words)).toString("latin1").slice(1, -2);
      const ours = reply(config, pairs);
      if (ours.endsWith(NOT_HERE)) {
        await expectReadAlike(client, pairs, theirs);
        continue;
      }
      expect({ pairs, reply: ours }).toEqual({ pairs, reply: theirs });
      for (const [name] of pairs) {
        const kept = config.get([name]).flat();
        const shown = await client.command("CONFIG", "GET", Buffer.from(name, "latin1"));
        expect({ pairs, shown: bytesOf(kept) }).toEqual({ pairs, shown: shown.toString("latin1") });
      }
    }
    client.close();
  });

  test("GET selects the same names", async () => {
    await using server = await startRedis({ args: ["--bind", "127.0.0.1"] });
    const client = await connect(server.port);
    const config = Config.of({ save: "", port: String(server.port), dir: server.dir });
    for (const patterns of GETS) {
      const theirs = stringsOf((await client.command("CONFIG", "GET", ...patterns)).toString("latin1"));
      expect({ patterns, found: pairsOf(config.get(patterns).flat()) }).toEqual({ patterns, found: pairsOf(theirs) });
    }
    client.close();
  });

  test("the defaults are those of Redis, but for what 7.2 added or hid and what Replicant documents", async () => {
    await using server = await startRedis({ args: ["--bind", "127.0.0.1"] });
    const client = await connect(server.port);
    const theirs = new Map(pairsOf(stringsOf((await client.command("CONFIG", "GET", "*")).toString("latin1"))));
    client.close();
    const ours = new Map(
      Config.of({ save: "", bind: "127.0.0.1", port: String(server.port), dir: server.dir, "repl-diskless-sync-delay": "0" }).get(["*"]),
    );
    for (const name of [...NEW_IN_7_2, ...OURS]) ours.delete(name);
    for (const name of HIDDEN_IN_7_2) theirs.delete(name);
    expect([...ours].sort()).toEqual([...theirs].sort());
  });

  test("Redis loads every line that a rewrite with all defaults makes, and then shows the same", async () => {
    const config = Config.of({ save: "" });
    const lines = NAMES.filter(
      ({ name, principal }) => name === principal && !NEW_IN_7_2.has(name) && !OURS.has(name) && !LEFT_OUT.has(name),
    ).flatMap(({ principal, row }) =>
      row.kind
        .rewrite({ value: config.values[principal], text: config.text(principal) }, row.initial)
        .map(({ words }) => `${principal} ${words}`),
    );
    expect(lines.length).toBeGreaterThan(140);
    await using server = await startRedis({ config: `${lines.join("\n")}\n` });
    const client = await connect(server.port);
    for (const { name, principal } of NAMES) {
      if (NEW_IN_7_2.has(name) || OURS.has(name) || LEFT_OUT.has(principal)) continue;
      const shown = stringsOf((await client.command("CONFIG", "GET", name)).toString("latin1"));
      expect(shown).toEqual([name, config.text(principal)]);
    }
    client.close();
  });
});

/** Directives that Redis does not have. */
const OURS: ReadonlySet<string> = new Set([
  "lua-memory-limit",
  "lua-evaluated-runs",
  "command-docs-reply-schema",
  "memory-compaction",
  "io-workers",
  "key-tree-kept-from",
  "key-tree-memory",
  "purge-delay",
  "console-port",
  "console-bind",
  "console-tls",
  "console-hosts",
  "readyz-max-lag",
  "readyz-max-lag-bytes",
  "enable-typescript-functions",
  "rdb-version",
  "aof-load-corrupt-tail-max-size", // Redis has it from 8.4 on
  "repl-rdb-channel", // Redis from 8.0 on
  "dual-channel-replication-enabled", // Valkey from 8.0 on
  "replica-full-sync-buffer-limit", // Redis from 8.0 on
  // Valkey's, two of them other names of what Redis has.
  "commandlog-execution-slower-than",
  "commandlog-slow-execution-max-len",
  "commandlog-request-larger-than",
  "commandlog-large-request-max-len",
  "commandlog-reply-larger-than",
  "commandlog-large-reply-max-len",
]);

const NEW_IN_7_2: ReadonlySet<string> = new Set([
  "locale-collate",
  "set-max-listpack-entries",
  "set-max-listpack-value",
  "cluster-announce-human-nodename",
]);
const HIDDEN_IN_7_2: ReadonlySet<string> = new Set(["aof-disable-auto-gc"]);
/** What a test server is started with, what this machine decides, and a hidden directive that 7.0 lacks. */
const LEFT_OUT: ReadonlySet<string> = new Set(["port", "bind", "dir", "repl-diskless-sync-delay", "cluster-ping-interval"]);

function bytesOf(words: readonly string[]): string {
  return encodeCommand(words.map((word) => Buffer.from(word, "latin1"))).toString("latin1");
}

function stringsOf(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, text]) => text);
}

function pairsOf(words: readonly string[]): [string, string][] {
  return words.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, words[i + 1]]] : [])).sort();
}

test("what has no effect says so in the help", () => {
  const help = usage();
  for (const [name, { effect, hidden }] of Object.entries(DIRECTIVES)) {
    if (hidden) continue;
    const entry = help
      .slice(help.indexOf(` --${name}  `))
      .split("\n")
      .slice(0, 2)
      .join("\n");
    const admitted = entry.includes("No effect: ") || entry.includes("(no effect in this version)");
    const refused = entry.includes("in this version\n");
    expect({ name, admitted, refused }).toEqual({ name, admitted: effect === "ignored", refused: effect === "default-only" });
  }
});

test("every row has a help line, and no two names collide", () => {
  expect(new Set(NAMES.map(({ name }) => name)).size).toBe(NAMES.length);
  for (const [name, { help }] of Object.entries(DIRECTIVES))
    expect({ name, long: help.length > 10 && help.length < 120 }).toEqual({ name, long: true });
});
