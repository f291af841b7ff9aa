import { describe, expect, test } from "bun:test";
import {
  countCardinality,
  estimateCardinality,
  HEADER_BYTES,
  hyperLogLogAdd,
  hyperLogLogInit,
  hyperLogLogRaise,
  isHyperLogLog,
  isSparse,
  makeDense,
  noteCardinality,
  notedCardinality,
  outdateCardinality,
  Union,
} from "../../src/algorithms/hyperloglog/hyperloglog.ts";
import { selfTest } from "../../src/algorithms/hyperloglog/hyperloglog-check.ts";
import { DENSE_BYTES, readRegister, writeRegister } from "../../src/algorithms/hyperloglog/hyperloglog-dense.ts";
import { elementPattern, REGISTERS } from "../../src/algorithms/hyperloglog/hyperloglog-hash.ts";
import { Raised, spellSparse } from "../../src/algorithms/hyperloglog/hyperloglog-sparse.ts";
import { Arena } from "../../src/memory/arena.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Type } from "../../src/values/value-types.ts";
import { check, property } from "../support/property.ts";

/** No HyperLogLog is ever large enough to need it. */
const SPACE = { arena: new Arena({ maxSegments: 1 }), objects: new ObjectTable(), seed: randomSeed() };

function begin(hllSparseBytes = 3000): Temporary {
  const temporary = new Temporary(SPACE, { ...DEFAULT_LIMITS, hllSparseBytes }).begin(Type.STRING);
  hyperLogLogInit(temporary);
  return temporary;
}

/** MurmurHash64A as its author wrote it, and what a HyperLogLog takes from it. */
function patternOf(bytes: Buffer): { register: number; run: number } {
  const factor = 0xc6a4a7935bd1e995n;
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  let hash = wrap(0xadc83b19n ^ wrap(BigInt(bytes.length) * factor));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let block = wrap(bytes.readBigUInt64LE(at) * factor);
    block ^= block >> 47n;
    hash = wrap((hash ^ wrap(block * factor)) * factor);
  }
  if (at < bytes.length) {
    for (let i = at; i < bytes.length; i++) hash ^= BigInt(bytes[i]) << BigInt((i - at) * 8);
    hash = wrap(hash * factor);
  }
  hash = wrap((hash ^ (hash >> 47n)) * factor);
  hash ^= hash >> 47n;
  let rest = (hash >> 14n) | (1n << 50n);
  let run = 1;
  for (; (rest & 1n) === 0n; rest >>= 1n) run++;
  return { register: Number(hash & 0x3fffn), run };
}

describe("a HyperLogLog", () => {
  property("puts an element where MurmurHash64A says", (random) => {
    for (let length = 0; length < 100; length++) {
      for (let round = 0; round < 20; round++) {
        const buffer = random.bytes(length + 7);
        const pattern = elementPattern(buffer, 3, 3 + length);
        const { register, run } = patternOf(buffer.subarray(3, 3 + length));
        check((pattern & (REGISTERS - 1)) === register && pattern >>> 14 === run, buffer.toString("hex"));
      }
    }
  });

  property("holds the same registers in both forms, and counts them alike", (random) => {
    for (const limit of [0, 100, 1000, 3000, 40_000]) {
      const holder = begin(limit);
      const registers = new Uint8Array(REGISTERS);
      const steps = random.between(1, 2500);
      const highest = random.chance(0.5) ? 3 : 32;
      const reach = random.chance(0.5) ? REGISTERS : 300;
      for (let step = 0; step < steps; step++) {
        const index = random.below(reach);
        const value = random.between(1, highest);
        const raised = hyperLogLogRaise(holder, index, value);
        check(raised === (value > registers[index] ? Raised.CHANGED : Raised.UNCHANGED), `register ${index} to ${value}`);
        registers[index] = Math.max(registers[index], value);
        check(!isSparse(holder.buffer, holder.from) || holder.to - holder.from <= Math.max(limit, 18), "a sparse one keeps to its limit");
      }
      const union = new Union();
      check(union.add(holder.buffer, holder.from, holder.to), "the registers are as many as there must be");
      for (let i = 0; i < REGISTERS; i++) check(union.registers[i] === registers[i], `register ${i}`);
      const count = countCardinality(holder.buffer, holder.from, holder.to);
      check(makeDense(holder) && isHyperLogLog(holder.buffer, holder.from, holder.to), "it can be made dense");
      for (let i = 0; i < REGISTERS; i++)
        check(readRegister(holder.buffer, holder.from + HEADER_BYTES, i) === registers[i], `dense register ${i}`);
      check(countCardinality(holder.buffer, holder.from, holder.to) === count && union.count() === count, "counts are equal");
    }
  });

  test("a register beyond 32 makes it dense", () => {
    const holder = begin();
    expect(hyperLogLogRaise(holder, 5, 32)).toBe(Raised.CHANGED);
    expect(spellSparse(holder.buffer, holder.from + HEADER_BYTES, holder.to)).toBe("z:5 v:32,1 Z:16378");
    expect(hyperLogLogRaise(holder, 5, 33)).toBe(Raised.CHANGED);
    expect(isSparse(holder.buffer, holder.from)).toBe(false);
    expect(readRegister(holder.buffer, holder.from + HEADER_BYTES, 5)).toBe(33);
    expect(hyperLogLogRaise(holder, 5, 33)).toBe(Raised.UNCHANGED);
  });

  test("whose registers are too few or too many is corrupt, and stays as it was", () => {
    for (const opcodes of ["", "\x3f", "\x7f\xfe", "\x7f\xff\x80", "\x7f\xff\x7f", "\xff\x7f\xff"]) {
      const holder = begin();
      const registers = Buffer.from(opcodes, "latin1");
      holder.splice(16, 2, registers.length);
      registers.copy(holder.buffer, 16);
      const before = holder.buffer.toString("hex", 0, holder.to);
      expect(isHyperLogLog(holder.buffer, holder.from, holder.to)).toBe(true);
      expect(countCardinality(holder.buffer, holder.from, holder.to)).toBeNaN();
      expect(makeDense(holder)).toBe(false);
      expect(hyperLogLogRaise(holder, 0, 40)).toBe(Raised.CORRUPT);
      expect(new Union().add(holder.buffer, holder.from, holder.to)).toBe(false);
      expect(holder.buffer.toString("hex", 0, holder.to)).toBe(before);
    }
  });

  test("whose last opcode is cut off takes no element there", () => {
    const holder = begin();
    holder.splice(16, 2, 3);
    Buffer.from("3f3f7f", "hex").copy(holder.buffer, 16);
    expect(hyperLogLogRaise(holder, 200, 3)).toBe(Raised.CORRUPT);
    expect(hyperLogLogRaise(holder, 100, 3)).toBe(Raised.CHANGED);
    expect(holder.buffer.toString("hex", 16, holder.to)).toBe("3f23881a7f");
  });

  test("notes what was counted until it is out of date", () => {
    const holder = begin();
    for (const cardinality of [0, 1, 4_294_967_297, Number.MAX_SAFE_INTEGER]) {
      noteCardinality(holder.buffer, holder.from, cardinality);
      expect(notedCardinality(holder.buffer, holder.from)).toBe(cardinality);
    }
    noteCardinality(holder.buffer, holder.from, 2 ** 60);
    expect(notedCardinality(holder.buffer, holder.from)).toBe(2n ** 60n);
    outdateCardinality(holder.buffer, holder.from);
    expect(notedCardinality(holder.buffer, holder.from)).toBe(-1);
  });

  test("registers as no element makes them are counted, too", () => {
    const histogram = (value: number) => Int32Array.from({ length: 64 }, (_, i) => (i === value ? REGISTERS : 0));
    expect(estimateCardinality(histogram(0))).toBe(0);
    expect(estimateCardinality(histogram(1))).toBe(23_637);
    expect(estimateCardinality(histogram(51))).toBe(-(2 ** 63));
    expect(estimateCardinality(histogram(63))).toBe(-(2 ** 63));
  });

  test("the last dense register has no byte after it", () => {
    const bytes = Buffer.alloc(DENSE_BYTES);
    writeRegister(bytes, 0, REGISTERS - 1, 63);
    expect(readRegister(bytes, 0, REGISTERS - 1)).toBe(63);
    expect(bytes[DENSE_BYTES - 1]).toBe(0xfc);
    expect(readRegister(bytes, 0, REGISTERS - 2)).toBe(0);
  });

  test("estimates within six standard errors", () => {
    const holder = begin();
    const element = Buffer.alloc(8);
    for (let count = 1; count <= 200_000; count++) {
      element.writeUInt32LE(count);
      hyperLogLogAdd(holder, element, 0, 8);
      if (count % 20_000 !== 0) continue;
      const error = Math.abs(countCardinality(holder.buffer, holder.from, holder.to) - count) / count;
      expect(error).toBeLessThan((6 * 1.04) / Math.sqrt(REGISTERS));
    }
  });

  test("passes its own test", () => {
    const temporary = () => new Temporary(SPACE, DEFAULT_LIMITS).begin(Type.STRING);
    expect(selfTest(temporary(), temporary())).toBeNull();
  });
});
