import { describe, expect, test } from "bun:test";
import { commonSubsequence, commonSubsequenceLength, type Match } from "../../src/algorithms/lcs.ts";
import { property, type Random } from "../support/property.ts";

/** The same by the table of lengths for all pairs of prefixes, as Redis has it. */
function byTable(a: Buffer, b: Buffer): { text: string; matches: Match[] } {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      lengths[i][j] = a[i - 1] === b[j - 1] ? lengths[i - 1][j - 1] + 1 : Math.max(lengths[i - 1][j], lengths[i][j - 1]);
    }
  }
  let text = "";
  const matches: Match[] = [];
  let goesOn = false;
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      text = String.fromCharCode(a[i]) + text;
      if (goesOn) matches.push({ inA: i, inB: j, length: (matches.pop()?.length ?? 0) + 1 });
      else matches.push({ inA: i, inB: j, length: 1 });
      goesOn = true;
    } else {
      if (lengths[i - 1][j] > lengths[i][j - 1]) i--;
      else j--;
      goesOn = false;
    }
  }
  return { text, matches };
}

function expectAsTable(a: Buffer, b: Buffer): void {
  const { text, matches } = byTable(a, b);
  const found = commonSubsequence(a, b);
  expect({ a, b, text: found?.bytes.latin1Slice(), matches: found?.matches }).toEqual({ a, b, text, matches: [...matches] });
  expect(commonSubsequenceLength(a, b)).toBe(text.length);
}

/** Bytes of an alphabet small enough for them to meet. */
function word(random: Random, letters: number, longest: number): Buffer {
  return Buffer.from(Array.from({ length: random.below(longest + 1) }, () => 255 - random.below(letters)));
}

describe("longest common subsequence", () => {
  test.each([
    ["", "", ""],
    ["abc", "", ""],
    ["", "abc", ""],
    ["abc", "xyz", ""],
    ["ohmytext", "mynewtext", "mytext"],
    ["a".repeat(31), "a".repeat(40), "a".repeat(31)],
    ["a".repeat(32), "a".repeat(32), "a".repeat(32)],
    ["a".repeat(33), "a".repeat(32), "a".repeat(32)],
    ["a".repeat(200), "a".repeat(300), "a".repeat(200)],
  ])("of %p and %p is %p", (a, b, expected) => {
    expect(commonSubsequence(Buffer.from(a), Buffer.from(b))?.bytes.latin1Slice()).toBe(expected);
    expectAsTable(Buffer.from(a), Buffer.from(b));
  });

  property("bits find what the table finds", (random) => {
    for (let round = 0; round < 400; round++) {
      const letters = random.pick([1, 2, 3, 5, 26, 256]);
      const longest = random.pick([8, 34, 70, 140]);
      expectAsTable(word(random, letters, longest), word(random, letters, longest));
    }
  });

  test("strings that the table would need 400 MB for take a few", () => {
    const a = Buffer.alloc(10_000, "abcdefg");
    const found = commonSubsequence(a, Buffer.concat([Buffer.from("x"), a]));
    expect(found?.bytes.equals(a)).toBe(true);
    expect(found?.matches).toEqual([{ inA: 0, inB: 1, length: 10_000 }]);
    expect(commonSubsequenceLength(a, a)).toBe(10_000);
  });
});
