import { describe, expect, test } from "bun:test";
import { CASES } from "./cases.ts";
import { parseSample } from "./load.ts";
import { keyName, plainKeys, splitWords } from "./servers.ts";
import { figure, geometricMean, markdownTable, median, percentile, ratioCell } from "./table.ts";

describe("the benchmark's figures", () => {
  test("are read from the last line of redis-benchmark, whatever the command looks like", () => {
    const header = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n';
    const line = '"SET key:__rand_int__ x,"y","555555.56","1.176","0.352","0.943","2.623","3.895","4.175"\n';
    expect(parseSample(header + line)).toEqual({ requestsPerSecond: 555555.56, p50: 0.943, p99: 3.895 });
    expect(parseSample(line.replace("555555.56", "inf"))?.requestsPerSecond).toBe(Number.POSITIVE_INFINITY);
    expect(parseSample(header)).toBeNull();
  });

  test("are medians, percentiles and geometric means", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
    expect(geometricMean([0.5, 2])).toBeCloseTo(1);
  });

  test("are written with three digits that count", () => {
    expect([0, 0.1234, 1.5, 999.4, 43_210, 1_234_567, Number.NaN].map(figure)).toEqual([
      "0",
      "0.123",
      "1.50",
      "999",
      "43.2k",
      "1.23M",
      "n/a",
    ]);
    expect(ratioCell(210_000, 160_000)).toBe("**1.31** (210k / 160k)");
    expect(markdownTable(["a"], [["x|y\nz"]])).toBe("| a |\n| --- |\n| x\\|y z |");
  });
});

describe("the benchmark's data", () => {
  test("has a name of its own for every case", () => {
    expect(new Set(CASES.map((subject) => subject.name)).size).toBe(CASES.length);
  });

  test("has keys of 16 bytes and different values of 32", () => {
    const commands = [...plainKeys(1000)];
    expect(keyName(7)).toBe("key:000000000007");
    expect(commands.every(([, key, value]) => String(key).length === 16 && String(value).length === 32)).toBe(true);
    expect(new Set(commands.map(([, , value]) => value)).size).toBe(1000);
  });

  test("splits a command line as a shell would", () => {
    expect(splitWords(`redis-server --save '' "a b" c`)).toEqual(["redis-server", "--save", "", "a b", "c"]);
  });
});
