/** Strings in blocks against plain buffers: what is read, who shares what, and that every block comes back. */

import { describe, expect, test } from "bun:test";
import { BLOCK_BYTES, blocksInUse, ZEROS } from "../../src/blocks/block.ts";
import { BlockString } from "../../src/blocks/block-string.ts";
import { check, property, type Random } from "../support/property.ts";

interface Pair {
  readonly string: BlockString;
  model: Buffer;
}

const LONGEST = 5 * BLOCK_BYTES;

/** A length that is near the border of a block now and then. */
function someLength(random: Random): number {
  if (random.chance(0.4)) return random.below(2000);
  if (random.chance(0.5)) return random.below(BLOCK_BYTES * 2);
  return Math.max(0, random.below(3) * BLOCK_BYTES + random.between(-3, 3));
}

function verify({ string, model }: Pair): void {
  check(string.length === model.length, `it has ${string.length} bytes, not ${model.length}`);
  check(string.joined().equals(model), "its bytes are what was written");
}

function change(pairs: Pair[], random: Random): void {
  const pair = random.pick(pairs);
  const { string, model } = pair;
  const what = random.below(100);
  const bytes = random.bytes(someLength(random));
  const from = random.below(3);
  const source = Buffer.concat([Buffer.alloc(from), bytes, Buffer.alloc(random.below(3))]);
  if (what < 25) {
    if (model.length + bytes.length > LONGEST) return;
    string.append(source, from, from + bytes.length);
    pair.model = Buffer.concat([model, bytes]);
  } else if (what < 55) {
    const at = random.below(Math.min(LONGEST - bytes.length, model.length + (random.chance(0.2) ? BLOCK_BYTES : 1)) + 1);
    string.write(at, source, from, from + bytes.length);
    const grown = Buffer.alloc(Math.max(model.length, at + bytes.length));
    model.copy(grown);
    bytes.copy(grown, at);
    pair.model = grown;
  } else if (what < 65) {
    const length = Math.min(LONGEST, model.length + someLength(random));
    string.grow(random.chance(0.2) ? random.below(model.length + 1) : length);
    if (string.length === length) pair.model = Buffer.concat([model, Buffer.alloc(length - model.length)]);
  } else if (what < 75) {
    if (model.length === 0) return;
    const at = random.below(model.length);
    check(string.byteAt(at) === model[at], "a byte is what it is");
    string.setByte(at, 0x2a);
    pair.model = Buffer.from(model);
    pair.model[at] = 0x2a;
  } else if (what < 88) {
    if (pairs.length < 6) pairs.push({ string: string.copy(), model });
  } else if (what < 94) {
    const begin = random.below(model.length + 1);
    const end = begin + random.below(model.length - begin + 1);
    check(string.joined(begin, end).equals(model.subarray(begin, end)), "a part of it is that part");
    check(string.equals(model, 0, model.length), "it equals itself");
    if (model.length > 0) check(!string.equals(model, 1, model.length), "and nothing shorter");
  } else if (pairs.length > 1) {
    string.free();
    pairs.splice(pairs.indexOf(pair), 1);
  }
}

describe("a string in blocks", () => {
  property(
    "holds what a buffer would, and so does each copy",
    (random) => {
      // Servers of other tests may have left some.
      const before = blocksInUse();
      const shared = ZEROS.isShared;
      const pairs: Pair[] = [{ string: new BlockString(), model: Buffer.alloc(0) }];
      for (let step = 0; step < 60; step++) {
        change(pairs, random);
        for (const pair of pairs) verify(pair);
      }
      for (const { string } of pairs) string.free();
      check(blocksInUse() === before, "every block is given back");
      check(ZEROS.isShared === shared && ZEROS.bytes.every((byte) => byte === 0), "zeros stay zeros, and no one uses them");
    },
    3,
  );

  test("shares what it is copied from, but for blocks that change", () => {
    const string = BlockString.of(Buffer.alloc(10 * BLOCK_BYTES, "a"), 0, 10 * BLOCK_BYTES);
    const before = blocksInUse();
    const copy = string.copy();
    expect(blocksInUse()).toBe(before);
    copy.setByte(0, 1);
    copy.write(BLOCK_BYTES * 3 - 1, Buffer.from("xy"), 0, 2);
    string.append(Buffer.from("b"), 0, 1);
    expect(blocksInUse()).toBe(before + 4);
    expect([string.byteAt(0), copy.byteAt(0), copy.length, string.length]).toEqual([97, 1, 10 * BLOCK_BYTES, 10 * BLOCK_BYTES + 1]);
    string.free();
    copy.free();
  });

  test("of zeros takes no memory until something else is written", () => {
    const before = blocksInUse();
    const string = new BlockString();
    string.grow(100 * BLOCK_BYTES);
    expect(blocksInUse()).toBe(before);
    string.setByte(50 * BLOCK_BYTES, 7);
    expect([blocksInUse(), string.byteAt(50 * BLOCK_BYTES), string.byteAt(50 * BLOCK_BYTES + 1)]).toEqual([before + 1, 7, 0]);
    string.free();
    expect(blocksInUse()).toBe(before);
  });
});
