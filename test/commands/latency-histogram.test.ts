import { describe, expect, test } from "bun:test";
import { LatencyHistogram } from "../../src/execution/latency-histogram.ts";

describe("the latency histogram", () => {
  test("keeps every percentile within 0.8 % above the truth", () => {
    const histogram = new LatencyHistogram();
    const values = Array.from({ length: 5000 }, (_, index) => Math.floor(1.004 ** index) + index).sort((a, b) => a - b);
    for (const value of values) histogram.record(value, 1);
    for (const percent of [1, 10, 50, 90, 99, 99.9, 100]) {
      const truth = values[Math.max(0, Math.floor((percent / 100) * values.length + 0.5) - 1)];
      expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(truth);
      expect(histogram.percentile(percent)).toBeLessThanOrEqual(truth * 1.008);
    }
  });

  test("counts a run of calls as so many, starts at the fastest and holds at a second", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.percentile(50)).toBe(0);
    histogram.record(10, 99);
    histogram.record(1e12, 1);
    expect(histogram.count).toBe(100);
    expect([0, 50, 99].map((percent) => histogram.percentile(percent))).toEqual([10, 10, 10]);
    // The end of the bucket that a second is in.
    expect(histogram.percentile(100)).toBe(1_002_438_655);
  });
});
