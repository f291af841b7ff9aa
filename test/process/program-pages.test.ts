import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { releaseProgramPages, unchangedRuns } from "../../src/process/program-pages.ts";

const PRESENT = 2 ** 31;
const SWAPPED = 2 ** 30;
const OF_FILE = 2 ** 29;

/** Entries of /proc/self/pagemap: one word for each page, the lower halves are of no interest. */
function entries(...upper: number[]): Uint32Array {
  return Uint32Array.from(upper.flatMap((word) => [0xffffffff, word]));
}

function residentFileBytes(): number {
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
}

test("runs of unchanged pages are those of the file and those that are not there, and end at pages that were written", () => {
  const file = PRESENT + OF_FILE;
  expect(unchangedRuns(entries(file, file, PRESENT, file, 0, file))).toEqual([
    { from: 0, to: 2 },
    { from: 3, to: 6 },
  ]);
  expect(unchangedRuns(entries(PRESENT, file))).toEqual([{ from: 1, to: 2 }]);
});

test("a page that was written and is swapped out is no page of the file", () => {
  expect(unchangedRuns(entries(SWAPPED, PRESENT + OF_FILE, SWAPPED + OF_FILE, PRESENT + OF_FILE))).toEqual([
    { from: 1, to: 2 },
    { from: 3, to: 4 },
  ]);
});

test("where no page is there, there is nothing to give back", () => {
  expect(unchangedRuns(entries(0, 0, PRESENT))).toEqual([]);
  expect(unchangedRuns(entries())).toEqual([]);
});

test.skipIf(process.platform !== "linux")("the program goes on when its pages are given back, with fewer of them in memory", () => {
  const before = residentFileBytes();
  let released = 0;
  for (const bytes of releaseProgramPages()) released += bytes;
  expect(released).toBeGreaterThan(0);
  expect(residentFileBytes()).toBeLessThan(before);
  expect(new Intl.NumberFormat("en").format(1234567)).toBe("1,234,567");
  expect(Bun.gzipSync(Buffer.alloc(1000)).length).toBeGreaterThan(0);
});
