import { describe, expect, test } from "bun:test";
import { type Figures, figuresOfInfo, figuresOfStats } from "../../src/console/page/live/figures.ts";
import { figure, infoOf, partsOf } from "../../src/console/page/live/info.ts";
import { percentileBetween } from "../../src/console/page/live/latency.ts";
import { NOTHING, pointBetween, thinned } from "../../src/console/page/live/lines.ts";

const INFO =
  "# Server\r\nreplicant_version:0.1.0\r\nconfig_file:/a:b\r\n\r\n# Keyspace\r\ndb0:keys=3,expires=1\r\ndb7:keys=4,expires=2\r\n";

function figuresAt(seconds: number, more: Partial<Figures>): Figures {
  return { ...figuresOfInfo(infoOf(INFO), seconds * 1000), ...more };
}

describe("figures of the console", () => {
  test("come from INFO's fields, whatever stands in them", () => {
    const info = infoOf(INFO);
    expect(info.config_file).toBe("/a:b");
    expect(partsOf("ip=::1,port=7,state=online")).toEqual({ ip: "::1", port: "7", state: "online" });
    expect([figure(info, "replicant_version"), figure(info, "uptime_in_seconds")]).toEqual([null, null]);
    expect(figuresOfInfo(info, 5)).toMatchObject({ time: 5, keys: 7, expiring: 3, latency: null, stall: null, errors: null });
  });

  test("come from REPLICANT.STATS", () => {
    const stats = new Map<string, unknown>([
      ["time", 2000],
      ["uptime", 1000],
      ["commands", 5],
      [
        "memory",
        new Map([
          ["used", 10],
          ["replicas", 3],
          ["backlog", 4],
        ]),
      ],
      ["stalls", new Map([["longest", 70]])],
      [
        "latency",
        new Map<string, unknown>([
          ["count", 2],
          [
            "buckets",
            [
              [1000, 1],
              [2000, 2],
            ],
          ],
        ]),
      ],
      [
        "databases",
        [
          [0, 5, 1],
          [3, 6, 0],
        ],
      ],
    ]);
    const figures = figuresOfStats(stats as never);
    expect(figures).toMatchObject({ time: 2000, uptime: 1, commands: 5, keys: 11, expiring: 1, stall: 70 });
    expect(figures.memory).toMatchObject({ used: 10, replication: 7 });
    expect(figures.latency).toEqual({
      count: 2,
      steps: [
        [1000, 1],
        [2000, 2],
      ],
    });
  });

  test("have percentiles of what was between two askings only", () => {
    const before = {
      count: 100,
      steps: [
        [1000, 50],
        [4000, 100],
      ] as const,
    };
    const after = {
      count: 200,
      steps: [
        [1000, 50],
        [2000, 149],
        [4000, 199],
        [9000, 200],
      ] as const,
    };
    expect([0.5, 0.98, 0.99, 0.999].map((share) => percentileBetween(before, after, share))).toEqual([2, 2, 2, 9]);
    expect(percentileBetween(after, after, 0.5)).toBeNull();
    expect(percentileBetween(after, before, 0.5)).toBeNull();
  });

  test("have rates, and none where counters began anew", () => {
    const point = pointBetween(figuresAt(1, { commands: 10, netIn: 100 }), figuresAt(3, { commands: 30, netIn: 50 }));
    expect([point.requests, point.netIn, point.p99]).toEqual([10, null, null]);
  });

  test("are drawn in fewer points: rates as means, stalls as the largest, gaps as nothing", () => {
    const times = [10, 11, 12, 13, 14, 15];
    const points = [1, 2, 3, null, null, 6].map((value) => ({ ...NOTHING, requests: value, stall: value }));
    expect(thinned(times, points, ["requests", "stall"], 100, 50)).toEqual([
      [11, 13, 15],
      [1.5, 3, 6],
      [2, 3, 6],
    ]);
    expect(thinned(times, points, ["requests"], 2, 50)).toEqual([
      [14, 15],
      [null, 6],
    ]);
    expect(thinned([], [], ["requests"], 2, 50)).toEqual([[], []]);
  });
});
