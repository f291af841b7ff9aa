/** What PFSELFTEST does: whether registers keep what they are given, both forms agree, and counts are as near as they should be. */

import type { Holder } from "../../values/holder.ts";
import { countCardinality, hyperLogLogAdd, hyperLogLogInit, isSparse, makeDense } from "./hyperloglog.ts";
import { DENSE_BYTES, readRegister, writeRegister } from "./hyperloglog-dense.ts";
import { REGISTERS } from "./hyperloglog-hash.ts";

const REGISTER_ROUNDS = 1000;
const ELEMENTS = 10_000_000;
/** The standard error, of which a good HyperLogLog is within six. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Returns what is wrong, or null. `first` and `second` are values without anything in them. */
export function selfTest(first: Holder, second: Holder): string | null {
  return testRegisters() ?? testCounts(first, second);
}

function testRegisters(): string | null {
  const bytes = Buffer.alloc(DENSE_BYTES);
  const expected = new Uint8Array(REGISTERS);
  for (let round = 0; round < REGISTER_ROUNDS; round++) {
    for (let index = 0; index < REGISTERS; index++) {
      expected[index] = Math.random() * 64;
      writeRegister(bytes, 0, index, expected[index]);
    }
    for (let index = 0; index < REGISTERS; index++) {
      const found = readRegister(bytes, 0, index);
      if (found !== expected[index]) return `Register ${index} should be ${expected[index]} but is ${found}`;
    }
  }
  return null;
}

/** Adds different elements to a dense and a sparse HyperLogLog and looks at them each time there are ten times as many. */
function testCounts(dense: Holder, sparse: Holder): string | null {
  hyperLogLogInit(dense);
  makeDense(dense);
  hyperLogLogInit(sparse);
  const element = Buffer.allocUnsafe(8);
  const seed = Math.floor(Math.random() * 2 ** 32);
  element.writeUInt32LE(Math.floor(Math.random() * 2 ** 32), 4);
  let checkpoint = 1;
  for (let count = 1; count <= ELEMENTS; count++) {
    element.writeUInt32LE((count ^ seed) >>> 0, 0);
    hyperLogLogAdd(dense, element, 0, 8);
    hyperLogLogAdd(sparse, element, 0, 8);
    if (count < checkpoint) continue;
    if (count < sparse.limits.hllSparseBytes / 2 && !isSparse(sparse.buffer, sparse.from)) return "sparse encoding not used";
    const found = countCardinality(dense.buffer, dense.from, dense.to);
    if (found !== countCardinality(sparse.buffer, sparse.from, sparse.to)) return "dense/sparse disagree";
    // Of ten elements two may fall into one register now and then, which is an error of one.
    const allowed = count === 10 ? 1 : Math.ceil(STANDARD_ERROR * 6 * count);
    if (Math.abs(count - found) > allowed) return `Too big error. card:${count} abserr:${Math.abs(count - found)}`;
    checkpoint *= 10;
  }
  return null;
}
