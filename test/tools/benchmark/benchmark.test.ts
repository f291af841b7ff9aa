import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Histogram } from "../../../src/tools/benchmark/histogram.ts";
import { runBenchmark } from "../../../src/tools/benchmark/program.ts";
import { ReplyCounter } from "../../../src/tools/benchmark/reply-counter.ts";
import { fixed } from "../../../src/tools/cli/numbers.ts";
import { type RawClient, replyText } from "../../support/client.ts";
import { freePort, type ServerProcess } from "../../support/process.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";
import { type Outcome, recorded } from "../cli/support.ts";

async function ours(argv: readonly string[], input = ""): Promise<Outcome> {
  const { console, outcome } = recorded({ input });
  return outcome(await runBenchmark(argv, console));
}

async function theirs(argv: readonly string[], input = ""): Promise<Outcome> {
  const child = Bun.spawn(["redis-benchmark", ...argv], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { out, err, code: await child.exited };
}

/** What is the same in each run: without figures, the lines that are written over, and how many lines a distribution has. */
function shape(out: string): string {
  return out
    .replace(/[^\n]*\r/g, "")
    .replace(/^(?:\d+\.\d{3}% <= \d+\.\d{3} milliseconds \(cumulative count \d+\)\n)+/gm, "DISTRIBUTION\n")
    .replace(/ *\d+\.\d+/g, " N");
}

/** All but XADD, which redis-benchmark has since 7.2. */
const OLD_TESTS = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset";

const SMALL = ["-n", "300", "-c", "4"];

describeWithRedis("replicant benchmark and redis-benchmark", () => {
  let redis: ServerProcess;
  let client: RawClient;
  beforeAll(async () => {
    redis = await startRedis();
    client = await redis.connect();
    await client.command("ACL", "SETUSER", "alice", "on", ">right", "~*", "+@all");
  });
  afterAll(async () => {
    client.close();
    await redis.stop();
  });

  /** How often each command was executed since the last time, but for those that are not the test's. */
  async function calls(): Promise<string[]> {
    const info = replyText(await client.command("INFO", "commandstats"));
    await client.command("CONFIG", "RESETSTAT");
    const found = [...info.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)].map(([, name, count]) => `${name} ${count}`);
    return found.filter((line) => !/^(?:info|config\|)/.test(line)).sort();
  }

  const runs: (readonly [words: readonly string[], input?: string])[] = [
    [["-t", "ping,set,get"]],
    [["-t", "ping_mbulk", "-q"]],
    [["-q", "-t", OLD_TESTS]],
    [["--csv", "-t", OLD_TESTS]],
    [["-t", "lrange_100,mset", "--csv", "-d", "20"]],
    [["-t", "set", "-P", "16", "-q"]],
    [["-t", "SET", "-r", "10", "-q"]],
    [["-t", "zadd,sadd,hset", "-r", "100", "-q"]],
    [["-t", "get", "-k", "0", "-q"]],
    [["-t", "get", "--dbnum", "3", "-q"]],
    [["-t", "get", "-3", "--enable-tracking", "--csv"]],
    [["-t", "get", "--user", "alice", "-a", "right", "-q"]],
    [["-t", "get", "--precision", "1"]],
    [["-t", "get", "-e", "-q"]],
    [["-q", "rpush", "list", "__rand_int__"]],
    [["-t", "get", "-q", "-r", "5", "set", "k:__rand_int__", "a b"]],
    [["-q", "-x", "set", "k"], "from stdin"],
    [["--csv", "lrange", "list", "0", "10"]],
  ];
  for (const [words, input = ""] of runs) {
    test(`send and print the same: ${words.join(" ")}`, async () => {
      const line = ["-p", String(redis.port), ...SMALL, ...words];
      await client.command("FLUSHALL");
      await calls();
      const expected = await theirs(line, input);
      const sent = await calls();
      await client.command("FLUSHALL");
      await calls();
      const found = await ours(line, input);
      expect(await calls()).toEqual(sent);
      expect({ ...found, out: shape(found.out) }).toEqual({ ...expected, out: shape(expected.out) });
    });
  }

  test("XADD is the last of all tests", async () => {
    await client.command("FLUSHALL");
    const { out } = await ours(["-p", String(redis.port), "-n", "5", "--csv"]);
    expect(out.trimEnd().split("\n").at(-1)).toStartWith('"XADD","');
    expect(replyText(await client.command("XLEN", "mystream"))).toBe("5");
  });

  const refused: (readonly string[])[] = [
    ["-p", "P", "-a", "wrong"],
    ["-p", "P", "nosuchcommand"],
    ["-p", "P", "-q", "lpush", "text", "x"],
    ["-p", "P", "--dbnum", "77", "-t", "get"],
    ["-u", "http://x"],
  ];
  for (const words of refused) {
    test(`end the same: ${words.join(" ")}`, async () => {
      const filled = words.map((word) => word.replace(/^P$/, String(redis.port)));
      await client.command("SET", "text", "x");
      const [found, expected] = [await ours(filled), await theirs(filled)];
      expect({ ...found, out: shape(found.out) }).toEqual({ ...expected, out: shape(expected.out) });
    });
  }

  test("random keys are of the range, and the same for the same seed", async () => {
    const keys = async (seed: string) => {
      await client.command("FLUSHALL");
      await ours(["-p", String(redis.port), "-n", "60", "-c", "1", "-q", "-r", "1000", "--seed", seed, "-t", "set"]);
      return replyKeys(await client.command("KEYS", "*"));
    };
    const first = await keys("1");
    expect(first.length).toBeGreaterThan(30);
    expect(first.every((key) => /^key:000000000\d{3}$/.test(key))).toBe(true);
    expect(await keys("1")).toEqual(first);
    expect(await keys("2")).not.toEqual(first);
  });
});

function replyKeys(reply: Buffer): string[] {
  return [...reply.latin1Slice().matchAll(/key:\d+/g)].map(([key]) => key).sort();
}

describe("replicant benchmark", () => {
  test("ends where there is no server (redis-benchmark 7.0 hangs)", async () => {
    const port = freePort();
    const err = `Could not connect to Redis at 127.0.0.1:${port}: Connection refused\n`;
    expect(await ours(["-p", String(port)])).toEqual({ out: "", err, code: 1 });
  });

  test("measures over TLS and a unix socket, and ends when nothing is wanted", async () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-benchmark-"));
    const port = freePort();
    const certificate = (name: string) => join(import.meta.dir, "../../support/certificates", name);
    await using _ = await startServer({
      "tls-port": String(port),
      "tls-auth-clients": "no",
      "tls-cert-file": certificate("server.crt"),
      "tls-key-file": certificate("server.key"),
      "tls-ca-cert-file": certificate("ca.crt"),
      unixsocket: join(folder, "s"),
    });
    const tls = ["--tls", "--cacert", certificate("ca.crt"), "-p", String(port)];
    for (const place of [tls, ["-s", join(folder, "s")]]) {
      const line = [...place, "-n", "500", "-c", "3", "-P", "4", "-d", "20000", "--csv", "-t", "set,get"];
      expect(await ours(line)).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/\n"SET","[\d.]+".*\n"GET","[\d.]+".*\n$/) });
      expect((await ours([...place, "-n", "0", "-q", "-t", "get"])).out).toContain("GET: 0.00 requests per second");
    }
    rmSync(folder, { recursive: true });
  });

  test("says what is wrong with its words, and what it does not have", async () => {
    expect(await ours(["--nosuch"])).toMatchObject({ code: 1, out: expect.stringContaining('Invalid option "--nosuch" or option') });
    expect(await ours(["-n"])).toMatchObject({ code: 1, out: expect.stringContaining('Invalid option "-n" or option') });
    expect(await ours(["-r", "-x"])).toMatchObject({ code: 1, out: expect.stringContaining('Invalid option "-r" or option') });
    expect(await ours(["--threads", "4"])).toMatchObject({ code: 1, err: expect.stringContaining("has one thread") });
    expect(await ours(["--cluster"])).toMatchObject({ code: 1, err: expect.stringContaining("use redis-benchmark") });
    expect(await ours(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("--enable-tracking") });
    expect((await ours(["--version"])).out).toMatch(/^redis-benchmark 7\.2\.\d+ \(replicant /);
  });
});

describe("the count of replies", () => {
  const stream = Buffer.from(
    "+OK\r\n:1\r\n$5\r\nhe\nlo\r\n$-1\r\n$0\r\n\r\n*2\r\n$1\r\na\r\n*1\r\n:2\r\n*0\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12\r\n=7\r\ntxt:abc\r\n" +
      "%1\r\n+k\r\n*2\r\n:1\r\n:2\r\n~1\r\n:1\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n|1\r\n+k\r\n:1\r\n:9\r\n",
  );
  const REPLIES = 16;

  test("is the same however the bytes are cut", () => {
    for (let size = 1; size <= stream.length; size++) {
      const counter = new ReplyCounter();
      let count = 0;
      for (let at = 0; at < stream.length; at += size) count += counter.count(stream.subarray(at, at + size));
      expect(count).toBe(REPLIES);
      expect(counter.error).toBeNull();
    }
  });

  test("notes the first error", () => {
    const counter = new ReplyCounter();
    expect(counter.count(Buffer.from("+OK\r\n-ERR fi"))).toBe(1);
    expect(counter.count(Buffer.from("rst\r\n-ERR second\r\n"))).toBe(2);
    expect(counter.error).toBe("ERR first");
  });
});

describe("the histogram", () => {
  test("gives what HdrHistogram gives", () => {
    // The figures are those of hdr_histogram.c for these values.
    const histogram = new Histogram(3);
    for (let index = 0; index < 1000; index++) histogram.record(((index * 7919) % 1000) ** 2, 1);
    const steps = [...histogram.byPercentile()].map(({ percentile, value, cumulative }) => [percentile, value, cumulative]);
    expect(steps.slice(0, 4)).toEqual([
      [0, 7, 3],
      [50, 249_087, 500],
      [75, 561_151, 750],
      [87.5, 763_903, 875],
    ]);
    expect([histogram.lowest, histogram.percentile(50), histogram.percentile(99), histogram.highest]).toEqual([
      0, 249_087, 978_431, 998_399,
    ]);
    expect(new Set([...histogram.byTime()].map(({ cumulative }) => cumulative)).size).toBe(767);
  });

  test("numbers are rounded as C rounds them", () => {
    expect([fixed(0.125, 2), fixed(0.375, 2), fixed(20.3125, 3), fixed(2.5, 0), fixed(3.5, 0), fixed(-0.125, 2), fixed(1.005, 2)]).toEqual([
      "0.12",
      "0.38",
      "20.312",
      "2",
      "4",
      "-0.12",
      "1.00",
    ]);
  });
});
