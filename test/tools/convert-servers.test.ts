/** `replicant convert` between real servers: what one wrote, another loads, with the digest that its own data of the same commands has. */

import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { convertProgram } from "../../src/tools/convert/program.ts";
import type { RawClient } from "../support/client.ts";
import { pathOfPeer, startPeer, wantOfPeers } from "../support/peers.ts";
import type { ServerProcess, StartOptions } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import { Folder, run } from "./support.ts";

const DEBUG = ["--enable-debug-command", "yes"];
const SERVERS = {
  redis7: (options: StartOptions) => startRedis({ ...options, args: [...DEBUG, ...(options.args ?? [])] }),
  redis8: (options: StartOptions) => startPeer("redis8", options),
  valkey9: (options: StartOptions) => startPeer("valkey9", options),
} as const;
type Name = keyof typeof SERVERS;

const has: Readonly<Record<Name, boolean>> = {
  redis7: Bun.which("redis-server") !== null,
  redis8: pathOfPeer("redis8") !== null,
  valkey9: pathOfPeer("valkey9") !== null,
};

/** The same data everywhere; fields that expire only where that is asked for. */
async function fill(client: RawClient, timed: boolean): Promise<void> {
  const lines = [
    "SET s text",
    "SET n 12345",
    "SET e v PX 100000000",
    "RPUSH l a b c 5 -7 70000 99999999999",
    "SADD ints 1 2 3",
    "SADD set a b c",
    "ZADD z 1 a 2 b 2.5 c inf d",
    "HSET h f v g w",
    "XADD x 1-1 f v",
    "XADD x 1-2 f w g u",
    "XADD x 2-2 f w",
    "XDEL x 1-2",
    "XGROUP CREATE x group 0",
    "XREADGROUP GROUP group consumer COUNT 1 STREAMS x >",
    "XGROUP CREATECONSUMER x group idle",
    "PFADD hll a b c",
    "SELECT 4",
    "SET other db",
    "HSET timed f v g w",
    `RPUSH plain ${"y".repeat(20_000)} z`,
  ];
  for (const line of lines) await client.command(...line.split(" "));
  const many = Array.from({ length: 600 }, (_, index) => index);
  await client.command("SADD", "large", ...many.map((index) => `member:${index}`));
  await client.command("HSET", "fields", ...many.flatMap((index) => [`f:${index}`, `${"x".repeat(50)}${index}`]));
  await client.command("ZADD", "scores", ...many.flatMap((index) => [index * 1.1, `m${index}`]));
  await client.command("RPUSH", "long", ...many.map((index) => `${"x".repeat(40)}${index}`));
  for (const index of many.slice(1, 200)) await client.command("XADD", "entries", `${index}-1`, "f", `${"x".repeat(40)}${index}`);
  if (!timed) return;
  await client.command("HPEXPIREAT", "timed", 4_000_000_000_000, "FIELDS", 1, "f");
  await client.command("HPEXPIREAT", "fields", 4_000_000_000_000, "FIELDS", 2, "f:1", "f:2");
  await client.command("HPEXPIREAT", "fields", 4_000_000_050_000, "FIELDS", 1, "f:7");
}

interface State {
  readonly digest: string;
  /** When fields expire. */
  readonly times: string;
  readonly pending: string;
}

async function stateOf(server: ServerProcess): Promise<State> {
  const client = await server.connect();
  const digest = (await client.command("DEBUG", "DIGEST")).toString();
  const pending = (await client.command("XPENDING", "x", "group")).toString();
  await client.command("SELECT", 4);
  const times = (await client.command("HPEXPIRETIME", "fields", "FIELDS", 3, "f:1", "f:7", "f:3")).toString();
  client.close();
  return { digest, times: times.startsWith("-") ? "" : times, pending };
}

/** What a server of this kind has after the commands, and its file. */
async function written(name: Name, timed: boolean, folder: Folder): Promise<State> {
  await using server = await SERVERS[name]({});
  const client = await server.connect();
  await fill(client, timed);
  await client.command("SAVE");
  client.close();
  copyFileSync(`${server.dir}/dump.rdb`, folder.file(`${name}.rdb`));
  return await stateOf(server); // before the server goes
}

async function loaded(name: Name, file: string, folder: Folder, aof: boolean): Promise<State> {
  const dir = folder.file(`${name}-${aof ? "aof" : "rdb"}-data`);
  mkdirSync(dir, { recursive: true });
  copyFileSync(file, `${dir}/${aof ? "appendonly.aof" : "dump.rdb"}`);
  await using server = await SERVERS[name]({ dir, args: ["--appendonly", aof ? "yes" : "no"] });
  return await stateOf(server); // before the server goes
}

async function convert(...words: string[]): Promise<void> {
  const { code, complaints } = await run(convertProgram, ["--force", ...words]);
  expect([code, complaints]).toEqual([0, ""]);
}

const WAYS: readonly { readonly from: Name; readonly to: Name; readonly version: number; readonly timed: boolean }[] = [
  { from: "redis8", to: "redis7", version: 10, timed: false },
  { from: "redis8", to: "redis7", version: 9, timed: false },
  { from: "valkey9", to: "redis7", version: 9, timed: false },
  { from: "redis7", to: "valkey9", version: 80, timed: false },
  { from: "redis8", to: "valkey9", version: 80, timed: true },
  { from: "valkey9", to: "redis8", version: 12, timed: true },
];

describe.each([...WAYS])("from $from to $to in version $version", ({ from, to, version, timed }) => {
  test.skipIf(!has[from] || !has[to])(`as a file, by JSON lines, by commands${wantOfPeers("redis8", "valkey9")}`, async () => {
    using folder = new Folder();
    await written(from, timed, folder);
    const { digest, times } = await written(to, timed, folder);
    const source = folder.file(`${from}.rdb`);
    await convert("--rdb-version", String(version), source, folder.file("direct.rdb"));
    await convert(source, folder.file("lines.jsonl"));
    await convert("--rdb-version", String(version), folder.file("lines.jsonl"), folder.file("lines.rdb"));
    for (const name of ["direct.rdb", "lines.rdb"]) {
      const state = await loaded(to, folder.file(name), folder, false);
      expect([name, state.digest, state.times]).toEqual([name, digest, times]);
      expect(state.pending).toContain("consumer");
    }
    await convert(source, folder.file("commands.aof"));
    const state = await loaded(to, folder.file("commands.aof"), folder, true);
    expect([state.digest, state.times]).toEqual([digest, times]);
    expect(state.pending).toContain("consumer");
  });
});

test("texts of many megabytes come back from JSON lines as they were", async () => {
  using folder = new Folder();
  const long = (letter: string): string => letter.repeat(2 * 1024 * 1024);
  const lines = [
    { format: "replicant", version: 1 },
    { db: 0, key: "list", type: "list", values: ["a", long("b"), "c"] },
    {
      db: 0,
      key: "hash",
      type: "hash",
      values: [
        ["f", long("d")],
        ["g", long("e"), 4_000_000_000_000],
      ],
    },
    { db: 0, key: "string", type: "string", value: long("f") },
    {
      db: 0,
      key: "stream",
      type: "stream",
      entries: [["1-1", ["f", long("g")]]],
      facts: { lastId: "1-1", maxDeletedId: "0-0", entriesAdded: 1 },
    },
  ];
  writeFileSync(folder.file("in.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await convert("--rdb-version", "12", folder.file("in.jsonl"), folder.file("long.rdb"));
  await convert(folder.file("long.rdb"), folder.file("out.jsonl"));
  const back = (await Bun.file(folder.file("out.jsonl")).text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const parts = (key: string, name: string): unknown[] => {
    const at = back.findIndex((line) => line.key === key);
    const end = back.findIndex((line, index) => index > at && line.key !== undefined);
    return back.slice(at, end < 0 ? undefined : end).flatMap((line) => (line[name] as unknown[] | undefined) ?? []);
  };
  expect(parts("list", "values")).toEqual(lines[1].values ?? []);
  expect(parts("hash", "values").sort()).toEqual([...(lines[2].values ?? [])].sort());
  expect(parts("stream", "entries")).toEqual(lines[4].entries ?? []);
  expect(back.find((line) => line.key === "string")?.value).toBe(lines[3].value);
});
