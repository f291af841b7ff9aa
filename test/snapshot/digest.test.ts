import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { DatasetDigest, Digest } from "../../src/snapshot/sinks/digest.ts";
import { datasetDigest, digestString, EMPTY_DIGEST, entry, Random } from "../rdb/support.ts";
import type { RawClient } from "../support/client.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";

/** The numbers that stand for the types in a digest. */
const DIGEST_TYPE = { list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const;

const sha1 = (data: Buffer): Buffer => createHash("sha1").update(data).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]));

function put(digest: Digest, how: "xor" | "mix", ...texts: string[]): Digest {
  for (const text of texts) digest[how](Buffer.from(`.${text}.`), 1, text.length + 1);
  return digest;
}

/** A cleared digest with these texts mixed in: what an element of a hash or sorted set is. */
const element = (...texts: string[]): Digest => put(new Digest(), "mix", ...texts);

describe("a digest", () => {
  test("xors in the SHA-1 of its data, or mixes it with what it was", () => {
    const one = sha1(Buffer.from("one"));
    const two = sha1(Buffer.from("two"));
    expect(put(new Digest(), "xor", "one", "two").hex()).toBe(xor(one, two).toString("hex"));
    expect(put(new Digest(), "mix", "one", "two").hex()).toBe(sha1(xor(sha1(one), two)).toString("hex"));
  });

  test("depends on the order of what is mixed and not of what is xored", () => {
    expect(put(new Digest(), "xor", "a", "b").hex()).toBe(put(new Digest(), "xor", "b", "a").hex());
    expect(put(new Digest(), "mix", "a", "b").hex()).not.toBe(put(new Digest(), "mix", "b", "a").hex());
  });

  test("of nothing is 40 zeros, and is that again when cleared", () => {
    expect(EMPTY_DIGEST).toBe("0".repeat(40));
    expect(new Digest().hex()).toBe(EMPTY_DIGEST);
    expect(new DatasetDigest().hex()).toBe(EMPTY_DIGEST);
    expect(element("a").clear().hex()).toBe(EMPTY_DIGEST);
  });

  test("of a data set does not depend on the order of its keys, but on their database", () => {
    const entries = [entry("a", "1"), entry("b", "2", { expireAt: 5 }), entry("a", "3", { db: 1 })];
    expect(datasetDigest(entries)).toBe(datasetDigest([entries[2], entries[1], entries[0]]));
    expect(datasetDigest(entries)).not.toBe(datasetDigest(entries.map((one) => ({ ...one, db: one.db + 1 }))));
  });
});

describe("against a real Redis", () => {
  testWithRedis("DIGEST-VALUE and DIGEST of strings are the same, whatever they hold and whether they expire", async () => {
    await using redis = await startRedis({ args: ["--enable-debug-command", "yes"] });
    const client = await redis.connect();
    const random = new Random(30);
    const entries = Array.from({ length: 200 }, (_, i) =>
      entry(`${i}${random.bytes(random.below(30)).toString("latin1")}`, random.value(), {
        db: Math.floor(i / 70) * 3,
        expireAt: random.below(2) === 0 ? -1 : Date.now() + 1_000_000,
      }),
    );
    for (const { db, key, value, expireAt } of entries) {
      const [name, data] = [Buffer.from(key, "latin1"), Buffer.from(value, "latin1")];
      await client.text("SELECT", db);
      await client.text("SET", name, data, ...(expireAt === -1 ? [] : ["PXAT", expireAt]));
      const digest = new Digest();
      digestString(digest, data, 0, data.length, expireAt !== -1);
      expect(await digestValue(client, name)).toBe(digest.hex());
    }
    expect(await client.text("DEBUG", "DIGEST")).toBe(datasetDigest(entries));
    expect(await digestValue(client, "no such key")).toBe(EMPTY_DIGEST);
    client.close();
  });

  testWithRedis("the recipes for the other types are its own", async () => {
    await using redis = await startRedis({ args: ["--enable-debug-command", "yes"] });
    const client = await redis.connect();
    const commands = [
      ["RPUSH", "list", "a", "2", "c"],
      ["SADD", "set", "a", "b", "7"],
      ["HSET", "hash", "f", "1", "g", "two"],
      ["ZADD", "zset", "1.5", "a", "-3", "b"],
      ["XADD", "stream", "5-1", "f", "v", "g", "w"],
      ["XADD", "stream", "6-0", "f", "x"],
      ["PEXPIREAT", "list", String(Date.now() + 1_000_000)],
    ];
    for (const reply of await client.pipeline(commands)) expect(reply.toString()).not.toStartWith("-");
    const made: Record<string, Digest> = {};
    for (const name of ["list", "set", "hash", "zset", "stream"] as const) {
      made[name] = new Digest();
      made[name].mixNumber(DIGEST_TYPE[name]);
    }
    put(made.list, "mix", "a", "2", "c").xor(Buffer.from("!!expire!!"), 0, 10);
    put(made.set, "xor", "7", "b", "a");
    for (const [field, value] of [
      ["g", "two"],
      ["f", "1"],
    ])
      made.hash.xorDigest(element(field, value));
    for (const [member, score] of [
      ["a", "1.5"],
      ["b", "-3"],
    ])
      made.zset.xorDigest(element(member, score));
    put(made.stream, "mix", "5.1", "f", "v", "g", "w", "6.0", "f", "x");
    for (const [name, digest] of Object.entries(made)) expect([name, await digestValue(client, name)]).toEqual([name, digest.hex()]);
    client.close();
  });
});

async function digestValue(client: RawClient, key: string | Buffer): Promise<string> {
  const reply = (await client.command("DEBUG", "DIGEST-VALUE", key)).toString("latin1");
  return reply.replace(/^\*1\r\n[+$](40\r\n)?/, "").trimEnd();
}
