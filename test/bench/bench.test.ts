import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect } from "../support/client.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { BIG, bigKey, sendPacket } from "./big-key.ts";
import { CASES, fillCommands } from "./cases.ts";
import { adding, DATA_SETS } from "./collections.ts";
import { parseCpuSeconds, secondsAfter, secondsBetween, threadTimes } from "./cpu.ts";
import { COUNTING, type CollectionType } from "./datasets.ts";
import { DEFAULT_TESTS } from "./defaults.ts";
import { parseSample, runBenchmark } from "./load.ts";
import { LONG_SCRIPT_ARGS, LONG_SCRIPT_RESULT, longScript } from "./long-script.ts";
import { Pinger } from "./pinger.ts";
import { hasRank, withRank } from "./ranks.ts";
import { type RequestCase, requestWords, SCRIPT_CASES } from "./script-cases.ts";
import { selectNamed } from "./select.ts";
import { digits, keyName, load, plainKeys, splitWords, value32 } from "./servers.ts";
import { figure, gainCell, geometricMean, markdownTable, median, pairCell, percentile, ratioCell } from "./table.ts";

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
    expect(gainCell(160, 210, "ms")).toBe("**1.31** (160 / 210 ms)");
    expect(pairCell(1.234, 0.5)).toBe("1.23 / 0.50");
    expect(markdownTable(["a"], [["x|y\nz"]])).toBe("| a |\n| --- |\n| x\\|y z |");
  });
});

describe("processor time", () => {
  test("is user and system time of all threads, whatever the process is called", () => {
    const stat = "20113 (a ) b) R 1 1 1 0 -1 4194304 98 0 0 0 150 25 7 7 20 0 1 0 1406560 3133440 393";
    expect(parseCpuSeconds(stat)).toBe(1.75);
  });

  test("is that after a moment between two readings", () => {
    const points = [
      { at: 0, seconds: 1 },
      { at: 100, seconds: 2 },
      { at: 200, seconds: 5 },
    ];
    expect(secondsAfter(points, 0)).toBe(4);
    expect(secondsAfter(points, 150)).toBe(1.5);
    expect(secondsAfter(points, 100)).toBe(3);
    expect(secondsAfter(points, -10)).toBe(4);
    expect(secondsAfter(points, 300)).toBe(0);
  });

  test("is what each thread used between two readings, those that began in between included", () => {
    const before = new Map([
      ["1", 1e9],
      ["2", 5e9],
    ]);
    const after = new Map([
      ["1", 1.5e9],
      ["3", 0.25e9],
    ]);
    expect(secondsBetween(before, after)).toBe(0.75);
    expect(secondsBetween(new Map(), new Map())).toBeNaN();
  });

  test("of threads is told of a process that runs, and of none of one that is gone", () => {
    if (process.platform === "linux") expect(threadTimes(process.pid).get(String(process.pid))).toBeGreaterThan(0);
    expect(threadTimes(2 ** 22 + 1).size).toBe(0);
  });
});

describe("what is chosen", () => {
  test("by name or group is all that has it, in the usual order", () => {
    const all = [{ name: "a", group: "x" }, { name: "b", group: "y" }, { name: "c" }];
    expect(selectNamed(all, null, "thing")).toEqual(all);
    expect(selectNamed(all, ["c", "x"], "thing").map(({ name }) => name)).toEqual(["a", "c"]);
    expect(() => selectNamed(all, ["a", "z"], "thing")).toThrow("no thing is called z: there are a, b, c");
  });

  test("from the suites is explained by --help, each of them", async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), "--help"], { stdout: "pipe", stderr: "ignore" });
    const text = await child.stdout.text();
    expect(await child.exited).toBe(0);
    for (const suite of ["startup", "defaults", "throughput", "scripts", "memory", "collections", "persistence", "stalls", "replication"])
      expect(text).toMatch(new RegExp(`^  ${suite} +\\S`, "m"));
  });
});

describe("the benchmark's data", () => {
  test("has a name of its own for every case", () => {
    expect(new Set(CASES.map((subject) => subject.name)).size).toBe(CASES.length);
  });

  test("has a name of its own for every default test, script and data set", () => {
    expect(new Set(DEFAULT_TESTS.map(({ name }) => name)).size).toBe(DEFAULT_TESTS.length);
    expect(new Set(SCRIPT_CASES.map(({ name }) => name)).size).toBe(SCRIPT_CASES.length);
    expect(new Set(DATA_SETS.map(({ name }) => name)).size).toBe(DATA_SETS.length);
  });

  test("is shared by neighbours only, and never by a case that uses it up", () => {
    const shared = CASES.filter((subject) => subject.shared);
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.some((subject) => subject.fresh)).toBe(false);
    const changes = shared.filter((subject, at) => subject.fill[0] !== shared[at - 1]?.fill[0]).length;
    expect(changes).toBe(new Set(shared.map((subject) => subject.fill[0])).size);
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

describe("ranks", () => {
  test("are numbers without leading zeros, and sums with them", () => {
    expect(withRank(["ZRANGE", "zset", "__rank__", "__rank+9__"], 12)).toEqual(["ZRANGE", "zset", "12", "21"]);
    expect(["__rank__", "x__rank+10__", "__rand_int__", "rank"].map(hasRank)).toEqual([true, true, false, false]);
  });

  testWithRedis("are sent by a loader of our own, as often as asked, and its figures are read as those of redis-benchmark", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    try {
      await load(
        client,
        Array.from({ length: 100 }, (_, index) => ["ZADD", "zset", index, keyName(index)]),
      );
      const run = { port: server.port, pipeline: 16, keyspace: 90, requests: 3000 };
      const sample = await runBenchmark({ ...run, words: ["ZRANGE", "zset", "__rank__", "__rank+9__"] });
      expect(sample.requestsPerSecond).toBeGreaterThan(0);
      expect(sample.p99).toBeGreaterThanOrEqual(sample.p50);
      const calls = Number(/cmdstat_zrange:calls=(\d+)/.exec(await client.text("INFO", "commandstats"))?.[1]);
      expect(calls).toBeGreaterThan(3000);
      expect(calls).toBeLessThanOrEqual(3000 + 50 * 16 + 1);
      await expect(runBenchmark({ ...run, words: ["ZRANGE", "zset", "__rank__"] })).rejects.toThrow("wrong number of arguments");
      await expect(runBenchmark({ ...run, keyspace: 100, words: ["ZRANGE", "zset", "__rank__", "__rank+9__"] })).rejects.toThrow(
        "one length",
      );
    } finally {
      client.close();
    }
  });
});

describe("scripts", () => {
  const replies: Record<string, readonly string[]> = {
    "evalsha-get": [value32(1), value32(1)],
    "eval-get": [value32(1), value32(1)],
    "sliding-window": ["100", "99"],
    "lock-release": ["1", "0"],
    "cjson-2k": ["2", "3"],
  };

  testWithRedis("that are short find the data made for them, and do their job", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    const call = async (subject: RequestCase, chance: number): Promise<string> => {
      const script = subject.command === "EVAL" ? subject.script : await client.text("SCRIPT", "LOAD", subject.script);
      const words = requestWords(subject, script).map((word, at) => word.replaceAll("__rand_int__", digits(at < 4 ? 1 : chance)));
      return await client.text(...words);
    };
    try {
      for (const subject of SCRIPT_CASES) {
        if (subject.group !== "requests") continue;
        await client.text("FLUSHALL");
        for (const fill of subject.fill) await load(client, fillCommands({ ...fill, items: 300 }, 300));
        const answers = [await call(subject, 1), await call(subject, 2)];
        if (subject.name === "zpopbyscore") {
          expect(answers.map((answer) => JSON.parse(answer).args)).toEqual([0, 1].map((index) => ["bob", index]));
          expect(await client.text("ZCARD", "schedule")).toBe("298");
        } else expect({ [subject.name]: answers }).toEqual({ [subject.name]: [...(replies[subject.name] ?? [])] });
      }
    } finally {
      client.close();
    }
  });

  testWithRedis("that are long are new with every number, and call each of their functions", async () => {
    const texts = [1, 2].map(longScript);
    expect(texts[0]).not.toBe(texts[1]);
    expect(texts[0].split("\n").length).toBeWithin(280, 340);
    await using server = await startRedis();
    const client = await connect(server.port);
    try {
      for (const text of texts) expect(await client.text("EVAL", text, 1, "long", ...LONG_SCRIPT_ARGS)).toBe(String(LONG_SCRIPT_RESULT));
      expect(await client.text("HGET", "long", "changes")).toBe("10");
    } finally {
      client.close();
    }
  });
});

describe("collections", () => {
  testWithRedis("of every data set have the keys and elements that they are said to have", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    try {
      for (const full of DATA_SETS) {
        const set = full.keys > 1 ? { ...full, keys: 30 } : { ...full, elements: 1050 };
        await client.text("FLUSHALL");
        await load(client, adding(set));
        expect(Number(await client.text("DBSIZE"))).toBe(set.keys);
        for (const key of [0, set.keys - 1]) expect(Number(await client.text(COUNTING[set.type], `${set.name}:${key}`))).toBe(set.elements);
      }
      await load(client, adding({ name: "intsets", type: "set", keys: 2, elements: 10 }));
      expect(await client.text("OBJECT", "ENCODING", "intsets:1")).toBe("intset");
    } finally {
      client.close();
    }
  });

  testWithRedis("grow, change and shrink to nothing with the requests made for them", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    try {
      for (const type of ["hash", "zset", "set", "list", "stream"] satisfies CollectionType[]) {
        const key = bigKey(type, 2050);
        const count = async (): Promise<number> => Number(await client.text(COUNTING[type], BIG));
        for (const packet of key.growth) await sendPacket(client, packet);
        expect(await count()).toBe(2050);
        for (const packet of key.updates.slice(0, 20)) await sendPacket(client, packet);
        expect(await count()).toBe(type === "stream" ? 2050 + 320 : 2050);
        for (const packet of key.shrinking) await sendPacket(client, packet);
        expect(await count()).toBe(0);
        await client.text("FLUSHALL");
      }
    } finally {
      client.close();
    }
  });
});

describe("the process that pings", () => {
  test("tells the longest answer of the time asked about, and no other", async () => {
    const STALL_MS = 150;
    let stalls = 0;
    let received = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          if (stalls === 0) return void socket.write("+PONG\r\n");
          stalls -= 1;
          received.resolve();
          setTimeout(() => {
            socket.write("+PONG\r\n");
            answered.resolve();
          }, STALL_MS);
        },
      },
    });
    try {
      await using pinger = await Pinger.start(listener.port);
      pinger.begin();
      stalls = 1;
      await answered.promise;
      const slow = await pinger.end();
      expect(slow.worst).toBeGreaterThanOrEqual(STALL_MS - 1);
      expect(slow.p99).toBeLessThanOrEqual(slow.worst);
      received = Promise.withResolvers();
      stalls = 1;
      await received.promise; // that PING has no answer yet, and counts all the same
      const held = await pinger.end();
      expect(held.worst).toBeGreaterThanOrEqual(STALL_MS - 1);
      pinger.begin();
      const quick = await pinger.end();
      expect(quick.worst).toBeLessThan(held.worst);
    } finally {
      listener.stop(true);
    }
  });

  test("says so when the server answers with anything but PONG", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.write("-LOADING wait\r\n") } });
    try {
      await expect(Pinger.start(listener.port)).rejects.toThrow("-LOADING wait");
    } finally {
      listener.stop(true);
    }
  });
});
