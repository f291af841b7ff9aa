import { expect, test } from "bun:test";
import { EofMarkFinder } from "../../src/replication/replica/payload.ts";

const MARK = Buffer.from("abababababababababababababababababababac");

/** Feeds `bytes` in pieces that end at `cuts`. -> how many bytes of all of them lie before and in the mark, -1 when it was not found. */
function search(bytes: Buffer, cuts: readonly number[]): number {
  const finder = new EofMarkFinder(MARK);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const found = finder.find(bytes, from, to);
    if (found >= 0) return found;
    from = to;
  }
  return -1;
}

// Beginnings of the mark that are none lie right before it.
const BYTES = Buffer.concat([Buffer.from("x".repeat(50)), MARK.subarray(0, 38), MARK, Buffer.from("rest of the stream")]);
const END = 50 + 38 + 40;

test("a mark is found wherever the stream is cut once or twice", () => {
  expect(search(BYTES, [])).toBe(END);
  for (let first = 0; first <= BYTES.length; first++) {
    expect(search(BYTES, [first])).toBe(END);
    for (let second = first; second <= BYTES.length; second += 7) expect(search(BYTES, [first, second])).toBe(END);
  }
});

test("a mark is found in drops of every size", () => {
  for (let size = 1; size < 90; size++) {
    const cuts = Array.from({ length: Math.floor(BYTES.length / size) }, (_, index) => (index + 1) * size);
    expect(search(BYTES, cuts)).toBe(END);
  }
});

test("a mark at the very beginning is found, and one that lacks its last byte is not", () => {
  expect(search(MARK, [])).toBe(40);
  expect(search(MARK, [1, 39])).toBe(40);
  const cut = BYTES.subarray(0, END - 1);
  expect(search(cut, [])).toBe(-1);
  expect(search(cut, [60, 100])).toBe(-1);
});

test("bytes of a chunk that lie outside what is to be searched do not count", () => {
  expect(new EofMarkFinder(MARK).find(MARK, 0, 39)).toBe(-1);
  expect(new EofMarkFinder(MARK).find(Buffer.concat([MARK, MARK]), 1, 80)).toBe(80);
});
