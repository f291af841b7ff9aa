/**
 * Every server above ours and below: a full synchronisation whose link breaks in the middle of the image, writes of every kind whose link
 * breaks in the middle of the stream, and the same data on both sides in the end. With REPLICANT_LONG=1 (`npm run test:long`) each pair
 * plays with and without a disk, and breaks more often.
 */
import { describe, expect, test } from "bun:test";
import { everyKind } from "../aof/support.ts";
import type { RawClient, Word } from "../support/client.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { type PeerName, startPeer, wantOfPeers } from "../support/peers.ts";
import { Random } from "../support/property.ts";
import { testWithRedis } from "../support/redis.ts";
import { follow, load, Ours, sameOffset, startReal, until } from "./support.ts";

type Name = "ours" | "redis7" | PeerName;

interface Member extends AsyncDisposable {
  readonly client: RawClient;
  readonly port: number;
}

/** An image is longer than this. */
const INCOMPRESSIBLE_BYTES = 300_000;

const isLong = process.env.REPLICANT_LONG === "1";
const PAIRS: readonly (readonly [master: Name, replica: Name])[] = [
  ["ours", "ours"],
  ["ours", "redis7"],
  ["ours", "redis8"],
  ["ours", "valkey9"],
  ["redis7", "ours"],
  ["redis8", "ours"],
  ["valkey9", "ours"],
];

async function start(name: Name, diskless: boolean): Promise<Member> {
  const sync = { "repl-diskless-sync": diskless ? "yes" : "no", "repl-diskless-load": diskless ? "on-empty-db" : "disabled" };
  if (name === "ours") return Ours.start(sync);
  const args = [...Object.entries(sync).flatMap(([directive, value]) => [`--${directive}`, value]), "--repl-ping-replica-period", "3600"];
  if (name === "redis7") return startReal(...args);
  const server = await startPeer(name, { args });
  const client = await server.connect();
  return {
    client,
    port: server.port,
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
    },
  };
}

/** Writes of every kind, `round` by `round` over the same keys. */
function writes(round: number, fieldTimes: boolean): Word[][] {
  const commands: Word[][] = [
    ["SET", `text:${round}`, "x", "PX", 10_000_000],
    ["APPEND", "text", `+${round}`],
    ["INCRBYFLOAT", "float", 1.25],
    ["SETRANGE", "long", round * 1000, "changed"],
    ["SETBIT", "bits", round * 7, 1],
    ["BITFIELD", "bits", "INCRBY", "u8", 8, 3],
    ["RPUSH", "list", round, "tail".repeat(round)],
    ["LPOP", "big:list", 2],
    ["LMOVE", "list", "other:list", "LEFT", "RIGHT"],
    ["SADD", "words", round, `word ${round}`],
    ["SPOP", "big:set", 3],
    ["SINTERSTORE", "common", "big:set", "words"],
    ["HSET", "hash", `f${round}`, round],
    ["HINCRBYFLOAT", "hash", "g", 1.5],
    ["HDEL", "big:hash", `field ${round}`],
    ["ZADD", "zset", round, `z${round}`],
    ["ZINCRBY", "zset", 0.1, "a"],
    ["ZPOPMIN", "big:zset", 2],
    ["ZRANGESTORE", "top", "big:zset", 0, 9],
    ["GEOADD", "places", 13.361389, 38.115556, `place ${round}`],
    ["PFADD", "hll", `element ${round}`],
    ["XADD", "stream", "*", "f", round],
    ["XADD", "big:stream", "MAXLEN", "=", 2500, "*", "f", round],
    ["XREADGROUP", "GROUP", "g", "d", "COUNT", 5, "STREAMS", "big:stream", ">"],
    // What XAUTOCLAIM creates without claiming anything is not sent on, by any server.
    ["XGROUP", "CREATECONSUMER", "big:stream", "g", "e"],
    ["XAUTOCLAIM", "big:stream", "g", "e", 0, "0-0", "COUNT", 3],
    ["XACK", "big:stream", "g", `${round}-0`],
    ["EXPIRE", "list", 100_000],
    ["PERSIST", "mortal"],
    ["COPY", "zset", `zset:${round}`],
    ["RENAME", `text:${round}`, `renamed:${round}`],
    ["MULTI"],
    ["INCR", "counter"],
    ["SET", "in", "transaction"],
    ["EXEC"],
    [
      "EVAL",
      "redis.call('set', KEYS[1], redis.call('incr', KEYS[2])) return redis.call('rpush', KEYS[3], ARGV[1])",
      3,
      "s1",
      "s2",
      "s3",
      round,
    ],
    ["SELECT", 3],
    ["APPEND", "text", round],
    ["SELECT", 0],
  ];
  if (fieldTimes) {
    commands.push(
      ["HPEXPIRE", "times", 10_000_000 + round, "FIELDS", 1, `f${round}`],
      ["HPERSIST", "times", "FIELDS", 1, `f${round - 1}`],
      ["HSETEX", "times", "PX", 20_000_000, "FIELDS", 1, `new${round}`, round],
      ["HGETEX", "big:times", "PX", 30_000_000, "FIELDS", 1, `f${round}`],
    );
  }
  return commands;
}

/** What only newer servers take from clients: of ours every replica can execute it all. */
function newerWrites(round: number, master: Name): Word[][] {
  const comparing: Word[][] = [
    ["SET", "compared", round, "IFEQ", round - 1, "EX", 100_000],
    ["MSETEX", 2, `pair:${round}`, round, "pair", round, "PX", 20_000_000],
    ["MSETEX", 1, "compared", round, "XX", "KEEPTTL"],
  ];
  if (master === "valkey9") return [...comparing, ["DELIFEQ", `pair:${round - 1}`, round - 1]];
  if (master !== "ours") return [];
  return [
    ...comparing,
    ["SET", "compared", round, "IFNE", "x", "GET"],
    ["DELEX", `pair:${round - 1}`, "IFNE", "x"],
    ["XACKDEL", "big:stream", "g", "ACKED", "IDS", 2, `${round}-0`, `${round + 1}-0`],
    ["XDELEX", "big:stream", "DELREF", "IDS", 1, `${round + 20}-0`],
    ["XADD", "big:stream", "MINID", "~", round, "ACKED", "*", "f", round],
    ["XTRIM", "big:stream", "MAXLEN", 2490 - round, "ACKED"],
    ["XTRIM", "big:stream", "DELREF", "MAXLEN", 2480 - round],
  ];
}

function fieldTimesData(): Word[][] {
  const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
  return [
    ["HSET", "times", ...names.slice(0, 20).flatMap((name) => [name, `v${name}`])],
    ["HPEXPIREAT", "times", 4_000_000_000_000, "FIELDS", 2, "f0", "f5"],
    ["HSET", "big:times", ...names.flatMap((name) => [name, "v".repeat(50)])],
    ["HPEXPIREAT", "big:times", 4_000_000_000_001, "FIELDS", 100, ...names.slice(0, 100)],
  ];
}

async function sendAll(client: RawClient, commands: readonly Word[][]): Promise<void> {
  await load(client, commands.length, (index) => commands[index]);
}

/** What REPLICANT.COMPARE says: how many keys were compared, and each difference. */
async function compare(asked: RawClient, other: number): Promise<{ compared: number; same: number; differences: string[] }> {
  const reply = mapOf(decode(await asked.command("REPLICANT.COMPARE", "127.0.0.1", other)));
  const differences = itemsOf(reply.get("differences")).map((item) => itemsOf(item).map(textOf).join(" "));
  return { compared: Number(textOf(reply.get("compared"))), same: Number(textOf(reply.get("same"))), differences };
}

async function timesOf(client: RawClient): Promise<string> {
  const times: Buffer[] = [];
  for (const key of ["times", "big:times"]) {
    const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
    times.push(await client.command("HPEXPIRETIME", key, "FIELDS", 300, ...names));
  }
  return Buffer.concat(times).toString("latin1");
}

/** Plays one pair; `random` says where the link breaks. */
async function play(masterName: Name, replicaName: Name, diskless: boolean, random: Random): Promise<void> {
  const fieldTimes = masterName !== "redis7" && replicaName !== "redis7";
  await using master = await start(masterName, diskless);
  await using replica = await start(replicaName, diskless);
  await sendAll(master.client, [...everyKind(), ["SET", "incompressible", random.bytes(INCOMPRESSIBLE_BYTES)]]);
  if (fieldTimes) await sendAll(master.client, fieldTimesData());
  await sendAll(master.client, [["SET", "compared", 9]]);
  await replica.client.text("SET", "to be", "forgotten");
  const breaks = isLong ? 3 : 1;
  const cuts = Array.from({ length: breaks }, () => random.between(1, INCOMPRESSIBLE_BYTES));
  await using proxy = await CuttingProxy.start(master.port, cuts);
  await follow(replica.client, proxy.port);
  expect(proxy.cuts).toBe(breaks);
  for (let round = 1; round <= breaks; round++) {
    const commands = Array.from({ length: 10 }, (_, index) => [
      ...writes(round * 10 + index, fieldTimes),
      ...newerWrites(round * 10 + index, masterName),
    ]).flat();
    const middle = random.below(commands.length);
    await sendAll(master.client, commands.slice(0, middle));
    proxy.cut();
    await sendAll(master.client, commands.slice(middle));
    await until("a replica that is there again", async () => (await sameOffset(master.client, replica.client)) > 0);
  }
  const ours = masterName === "ours" ? master : replica;
  const other = ours === master ? replica : master;
  const { compared, same, differences } = await compare(ours.client, other.port);
  expect({ differences, same }).toEqual({ differences: [], same: compared });
  expect(compared).toBeGreaterThan(30);
  if (fieldTimes) expect(await timesOf(replica.client)).toBe(await timesOf(master.client));
}

describe.concurrent("replication over a link that breaks", () => {
  PAIRS.forEach(([master, replica], index) => {
    for (const diskless of isLong ? [true, false] : [index % 2 === 0]) {
      const peers = [master, replica].filter((name): name is PeerName => name === "redis8" || name === "valkey9");
      const want = wantOfPeers(...peers);
      const name = `${master} above ${replica}, ${diskless ? "without a disk" : "by way of a file"}${want}`;
      const run = async () => {
        const seed = process.env.PROPERTY_SEED === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(process.env.PROPERTY_SEED);
        try {
          await play(master, replica, diskless, new Random(seed));
        } catch (error) {
          throw new Error(`failed with PROPERTY_SEED=${seed}`, { cause: error });
        }
      };
      if (want !== "") test.skip(name, run);
      else if (master === "redis7" || replica === "redis7") testWithRedis(name, run);
      else test(name, run);
    }
  });
});
