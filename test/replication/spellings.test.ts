/**
 * Words that this server reads as Redis 7.2 does, and that Redis 8 or Valkey 9 refuse: hexadecimal numbers, blanks before the bounds of a
 * range, and the like. Replicas get them in a form that all read: one that refuses a write goes on without it.
 */
import { expect, test } from "bun:test";
import type { Word } from "../support/client.ts";
import { ourEffects } from "../support/effects.ts";
import { type PeerName, startPeer, wantOfPeers } from "../support/peers.ts";
import { startServer } from "../support/server.ts";
import { follow, load, Ours, sameOffset } from "./support.ts";

const MEMBERS: Word[] = [1, "a", 2, "b", 5, "c", 17, "d"];
const BEFORE: Word[][] = [
  ["ZADD", "z", ...MEMBERS],
  ["ZADD", "y", ...MEMBERS],
  ["GEOADD", "places", 15, 37, "Catania", 13, 38, "Palermo"],
  ["RPUSH", "list", "a", "b", "a"],
];
/** Each write, and what replicas get of it. */
const WRITES: readonly (readonly [Word[], string])[] = [
  [["ZADD", "z", "0x10", "e", "-0X1p-3", "f", "3", "g"], "ZADD z 16 e -0.125 f 3 g"],
  [["ZADD", "z", "INCR", "0x10", "e"], "ZADD z INCR 16 e"],
  [["ZADD", "z", "-0x0", "zero"], "ZADD z -0 zero"],
  [["ZINCRBY", "z", "0x1.8", "e"], "ZINCRBY z 1.5 e"],
  [["ZUNIONSTORE", "union", 2, "z", "y", "WEIGHTS", "0x2", "3"], "ZUNIONSTORE union 2 z y WEIGHTS 2 3"],
  [["ZRANGESTORE", "some", "y", "(0x1", " 5", "BYSCORE"], "ZRANGESTORE some y (1 5 BYSCORE"],
  [["ZREMRANGEBYSCORE", "y", "\t5", "(0x10"], "ZREMRANGEBYSCORE y 5 (16"],
  [["ZREMRANGEBYSCORE", "y", "-inf", "1\0x"], "ZREMRANGEBYSCORE y -inf 1"],
  [["GEOADD", "places", "0x10", "0x20", "Somewhere"], "zadd places 3475155817702292 Somewhere"],
  [
    ["GEOSEARCHSTORE", "near", "places", "FROMLONLAT", "0xF", "37", "BYBOX", "0x100", "400", "km"],
    "GEOSEARCHSTORE near places FROMLONLAT 15 37 BYBOX 256 400 km",
  ],
  [["GEORADIUS", "places", "15", "37", "0x100", "km", "STORE", "near"], "GEORADIUS places 15 37 256 km STORE near"],
  [["LREM", "list", "-9223372036854775808", "a"], "LREM list 0 a"],
  [["BITFIELD", "bits", "INCRBY", "u8\0x", "#1", "3"], "BITFIELD bits INCRBY u8 #1 3"],
];

test("words that not every server reads reach replicas in a form that all do, from clients, transactions and scripts", async () => {
  await using ours = await startServer();
  for (const [write, sent] of WRITES) {
    const plain = await ourEffects({ ours }, [...BEFORE, write]);
    expect(plain.stream.slice(BEFORE.length)).toEqual([sent]);
    const script: Word[] = ["EVAL", "return redis.call(unpack(ARGV))", 0, ...write];
    expect((await ourEffects({ ours }, [...BEFORE, script])).stream.slice(BEFORE.length)).toEqual([sent]);
    const transaction = await ourEffects({ ours }, [...BEFORE, ["MULTI"], ["SET", "s", "1"], write, ["EXEC"]]);
    expect(transaction.stream.slice(BEFORE.length)).toEqual(["MULTI", "SET s 1", sent, "EXEC"]);
  }
});

for (const name of ["redis8", "valkey9"] satisfies PeerName[]) {
  const want = wantOfPeers(name);
  test.skipIf(want !== "")(`${name} has the same after such words${want}`, async () => {
    await using master = await Ours.start();
    await using replica = await startPeer(name, { args: ["--repl-ping-replica-period", "3600"] });
    const client = await replica.connect();
    await follow(client, master.port);
    await load(master.client, BEFORE.length, (index) => BEFORE[index]);
    for (const [write] of WRITES) {
      await master.client.command(...write);
      await sameOffset(master.client, client);
      expect(await client.text("DEBUG", "DIGEST"), write.join(" ")).toBe(await master.client.text("DEBUG", "DIGEST"));
    }
    client.close();
  });
}
