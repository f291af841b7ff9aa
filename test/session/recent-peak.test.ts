import { expect, test } from "bun:test";
import { RecentPeak } from "../../src/session/recent-peak.ts";

test("the largest of the last eight seconds", () => {
  const peak = new RecentPeak();
  expect(peak.value(1_000_000)).toBe(0);
  peak.note(5, 1_000_000);
  peak.note(9, 1_000_999);
  peak.note(7, 1_001_000);
  expect(peak.value(1_001_000)).toBe(9);
  expect(peak.value(1_007_999)).toBe(9);
  expect(peak.value(1_008_000)).toBe(7);
  expect(peak.value(1_009_000)).toBe(0);
  // What was seen eight seconds ago is in the place of what is seen now.
  peak.note(1, 1_008_000);
  expect(peak.value(1_008_000)).toBe(7);
  expect(peak.value(1_009_000)).toBe(1);
});
