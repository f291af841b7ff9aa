import { describe, expect, test } from "bun:test";
import { type HashSeed, hashBytes, randomSeed } from "../../src/memory/siphash.ts";
import { check, property } from "../support/property.ts";

const MASK = 0xffffffffn;

/** HalfSipHash-1-3 as its paper writes it down, without a thought for speed. */
function halfSipHash13(seed: HashSeed, bytes: Buffer): bigint {
  const [k0, k1] = [BigInt(seed.k0) & MASK, BigInt(seed.k1) & MASK];
  let [v0, v1, v2, v3] = [k0, k1, 0x6c796765n ^ k0, 0x74656462n ^ k1];
  const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (32n - by))) & MASK;
  const round = () => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 5n) ^ v0;
    v0 = rotate(v0, 16n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 8n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 7n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v2;
    v2 = rotate(v2, 16n);
  };
  // The message, zeroes up to three bytes of a word, and its length as that word's last byte.
  const padded = Buffer.alloc((Math.floor(bytes.length / 4) + 1) * 4);
  bytes.copy(padded);
  padded[padded.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(padded.readUInt32LE(at));
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return v1 ^ v3;
}

describe("the hash", () => {
  test("is HalfSipHash-1-3: the values that the Linux kernel's self-test expects of 32-bit machines (lib/siphash_kunit.c)", () => {
    const seed = { k0: 0x03020100, k1: 0x07060504 };
    const input = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
    const expected = new Map([
      [0, 0x5814c896],
      [1, 0xe7e864ca],
      [2, 0xbc4b0e30],
      [3, 0x01539939],
      [4, 0x7e059ea6],
      [5, 0x88e3d89b],
      [8, 0x577999b1],
      [16, 0x8b31d501],
      [31, 0x08d8791a],
      [63, 0x87178304],
    ]);
    for (const [length, value] of expected) expect(hashBytes(seed, input, 0, length) >>> 0).toBe(value);
  });

  property("agrees with a plain implementation, wherever the bytes lie and however many they are", (random) => {
    for (let round = 0; round < 3000; round++) {
      const seed = { k0: random.below(2 ** 32) | 0, k1: random.below(2 ** 32) | 0 };
      const length = random.chance(0.02) ? random.between(250, 3000) : random.between(0, 70);
      const before = random.below(9);
      const bytes = random.bytes(before + length + random.below(9));
      const expected = halfSipHash13(seed, bytes.subarray(before, before + length));
      const hash = hashBytes(seed, bytes, before, length);
      check(hash === (hash | 0), "the hash is a signed 32-bit integer");
      check(BigInt(hash >>> 0) === expected, `${length} bytes hash to ${hash >>> 0}, not ${expected}`);
    }
  });

  property("changes about half of its bits, each as often as the others, for one bit of the key or of the secret", (random) => {
    const flips = new Int32Array(32);
    const rounds = 20_000;
    for (let round = 0; round < rounds; round++) {
      const seed = { k0: random.below(2 ** 32) | 0, k1: random.below(2 ** 32) | 0 };
      const bytes = random.bytes(random.between(1, 40));
      const before = hashBytes(seed, bytes, 0, bytes.length);
      let other: HashSeed = seed;
      if (random.chance(0.2)) other = { k0: seed.k0 ^ (1 << random.below(32)), k1: seed.k1 };
      else bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      const changed = before ^ hashBytes(other, bytes, 0, bytes.length);
      for (let bit = 0; bit < 32; bit++) flips[bit] += (changed >>> bit) & 1;
    }
    // Five standard deviations of that many tosses of a coin are 1.8 %; 4 % never happens.
    for (const count of flips) check(Math.abs(count / rounds - 0.5) < 0.04, `a bit flips ${count} of ${rounds} times`);
  });

  test("spreads keys that people use evenly over buckets, and differently with every secret", () => {
    const buckets = new Int32Array(1024);
    const seeds = [randomSeed(), randomSeed()];
    let same = 0;
    for (let key = 0; key < 102_400; key++) {
      const bytes = Buffer.from(`user:${key}`);
      const hashes = seeds.map((seed) => hashBytes(seed, bytes, 0, bytes.length) & 1023);
      buckets[hashes[0]]++;
      if (hashes[0] === hashes[1]) same++;
    }
    // 100 a bucket with a standard deviation of 10.
    expect(Math.max(...buckets)).toBeLessThan(170);
    expect(Math.min(...buckets)).toBeGreaterThan(40);
    expect(same).toBeLessThan(200);
  });
});
