import { expect, test } from "bun:test";
import { UnusedMemory } from "../../src/blocks/unused.ts";
import { until } from "../transport/sockets.ts";

const MIB = 1024 * 1024;
const PAGES = 64 * 1024; // of any machine

test.skipIf(process.platform !== "linux")("pages that no one needs are the system's again, and no others", async () => {
  const unused = new UnusedMemory();
  const bytes = Buffer.alloc(8 * MIB, 120);
  const small = Buffer.alloc(1000, 120);
  unused.take(bytes, MIB + 1, 7 * MIB - 1);
  unused.take(small, 0, small.length);
  expect(unused.pending).toBe(6 * MIB - 2);
  await until(() => unused.pending === 0, "all of it to be given back");
  const isKept = (from: number, to: number): boolean => bytes.subarray(from, to).every((byte) => byte === 120);
  expect(isKept(0, MIB + 1)).toBe(true);
  expect(isKept(7 * MIB - 1, 8 * MIB)).toBe(true);
  expect(small.every((byte) => byte === 120)).toBe(true);
  // The page that a step ends in is left as it is.
  let zeros = 0;
  for (let at = MIB + PAGES; at < 7 * MIB - PAGES; at++) if (bytes[at] === 0) zeros++;
  expect(zeros).toBeGreaterThan(5 * MIB);
  // It can be used again.
  bytes.fill(121);
  expect(bytes.every((byte) => byte === 121)).toBe(true);
});

test("what waits when the server stops is left to the collector", () => {
  const unused = new UnusedMemory();
  unused.take(Buffer.alloc(MIB), 0, MIB);
  unused.stop();
  expect(unused.pending).toBe(0);
});
