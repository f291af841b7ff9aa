import { expect, test } from "bun:test";
import { until } from "../../replication/support.ts";
import { connect } from "../../support/client.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";
import { ENOUGH, ours, theirs } from "./support.ts";

/** The first lines that redis-cli prints in a mode that has no end. */
async function firstLines(argv: readonly string[], count: number): Promise<string[]> {
  const child = Bun.spawn(["redis-cli", ...argv], { stdout: "pipe", stderr: "ignore", stdin: "ignore" });
  let text = "";
  for await (const chunk of child.stdout) {
    text += Buffer.from(chunk).latin1Slice();
    if (lines(text) >= count) break;
  }
  child.kill();
  await child.exited;
  return text.split("\n").slice(0, count);
}

const lines = (text: string) => text.split("\n").length - 1;
const withoutFigures = (line: string) =>
  line
    .replace(/[\d.]+[KMGB]?/g, "N")
    .replace(/ +/g, " ")
    .trimEnd();

describeWithRedis("modes of replicant cli that have no end", () => {
  test("--stat prints the same table", async () => {
    await using redis = await startRedis();
    const client = await redis.connect();
    await client.command("MSET", "a", 1, "b", 2);
    const argv = ["-p", String(redis.port), "--stat", "-i", "0.01"];
    const expected = await firstLines(argv, 25);
    const { out, code } = await ours(argv, { until: (text) => lines(text) >= 25 });
    client.close();
    expect(code).toBe(ENOUGH);
    const found = out.split("\n").slice(0, 25);
    expect(found.map(withoutFigures)).toEqual(expected.map(withoutFigures));
    expect(found.map((line) => line.length)).toEqual(expected.map((line) => line.length));
    expect(found.slice(0, 2)).toEqual(expected.slice(0, 2));
    expect(found[2]).toStartWith("2          ");
    expect(found[3]).toMatch(/\(\+1\)/);
  });

  test("--latency has a line of the same form, whatever the output", async () => {
    await using redis = await startRedis();
    const place = ["-p", String(redis.port), "--latency", "-i", "0.05"];
    for (const form of [[], ["--csv"], ["--json"]]) {
      const [found, expected] = [await ours([...place, ...form]), await theirs([...place, ...form])];
      expect({ ...found, out: withoutFigures(found.out) }).toEqual({ ...expected, out: withoutFigures(expected.out) });
    }
    const history = await ours([...place, "--latency-history", "--no-raw"], { until: (text) => lines(text) >= 2 });
    expect(history.out).toMatch(/^(?:\x1b\[0G\x1b\[2Kmin: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\))+ -- 0\.\d\d seconds range\n/);
  });

  test("--latency-dist has a legend and a spectrum", async () => {
    await using server = await startServer();
    const argv = ["-p", String(server.port), "--latency-dist", "-i", "0.02"];
    const { out } = await ours(argv, { until: (text) => lines(text) >= 11 });
    const shown = out.replace(/\x1b\[[\d;]*m/g, "").split("\n");
    expect(shown[0]).toBe("-".repeat(45));
    expect(shown[6]).toStartWith("From 0 to 100%: ");
    expect(shown.slice(8, 11)).toEqual(Array(3).fill(".-*#123456789ABCDEFGHIJKLMNOPQ?"));
    expect(out).toContain("\x1b[48;5;196m");
    const grey = await ours([...argv, "--mono"], { until: (text) => lines(text) >= 9 });
    expect(grey.out).toContain("\x1b[48;5;253m");
    expect(grey.out).not.toContain("\x1b[48;5;196m");
  });

  test("--replica shows the commands that a replica gets, as redis-cli does", async () => {
    await using redis = await startRedis();
    const client = await redis.connect();
    await client.command("SET", "before", "x");
    const run = async (start: () => Promise<string>) => {
      const running = start();
      await until("the replica to be online", async () => (await client.command("INFO", "replication")).includes("state=online"));
      await client.command("SET", "k", 'v "quoted"\n');
      await client.command("RPUSH", "l", "a", "b");
      const text = await running;
      await until("the replica to be gone", async () => (await client.command("INFO", "replication")).includes("connected_slaves:0"));
      return text.split("\n").filter((line) => /"(?:SET|RPUSH)"/.test(line));
    };
    const place = ["-p", String(redis.port), "--replica"];
    let err = "";
    const found = await run(async () => {
      const outcome = await ours(place, { until: (text) => text.includes('"RPUSH"') });
      err = outcome.err;
      return outcome.out;
    });
    expect(found).toEqual(['"SET","k","v \\"quoted\\"\\n"', '"RPUSH","l","a","b"']);
    expect(err.replace(/after \d+/, "after N")).toBe(
      "sending REPLCONF capa eof\nsending REPLCONF rdb-filter-only \nFull resync with master, discarding bytes of bulk transfer until EOF marker...\n" +
        "Full resync done after N bytes. Logging commands from master.\nsending REPLCONF ACK 0\n",
    );
    client.close();
  });

  test("--lru-test counts hits and misses", async () => {
    await using server = await startServer();
    const { out } = await ours(["-p", String(server.port), "--lru-test", "100"], { until: (text) => lines(text) >= 1 });
    expect(out).toMatch(/^\d+ Gets\/sec \| Hits: \d+ \([\d.]+%\) \| Misses: \d+ \([\d.]+%\)\n$/);
    const client = await connect(server.port);
    expect((await client.command("KEYS", "lru:*")).latin1Slice()).toMatch(/lru:(?:\d\d?|100)\r/);
    client.close();
  });

  test("--intrinsic-latency needs no server", async () => {
    const { out, code } = await ours(["--intrinsic-latency", "0"]);
    expect(code).toBe(0);
    expect(out).toMatch(/\n\d+ total runs \(avg latency: \d+\.\d{4} microseconds \/ [\d.]+ nanoseconds per run\)\.\nWorst run took /);
  });

  test("--pipe takes a million bytes and more, and says so when no reply comes", async () => {
    await using server = await startServer();
    const value = "x".repeat(1000);
    const request = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n${value}\r\n`;
    const found = await ours(["-p", String(server.port), "--pipe"], { input: request.repeat(3000) });
    expect(found.out).toEndWith("errors: 0, replies: 3000\n");
    const blocked = "BLPOP none 0\r\n";
    const late = await ours(["-p", String(server.port), "--pipe", "--pipe-timeout", "1"], { input: blocked });
    expect(late).toMatchObject({
      code: 1,
      err: "No replies for 1 seconds: exiting.\n",
      out: expect.stringContaining("errors: 1, replies: 0"),
    });
  });

  test("what runs for hours connects again", async () => {
    await using server = await startServer();
    const killer = await connect(server.port);
    let killed = false;
    const { out } = await ours(["-p", String(server.port), "--stat", "-i", "0.01"], {
      until: (text) => {
        if (lines(text) >= 4 && !killed) {
          killed = true;
          void killer.command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "yes");
        }
        return text.includes("Reconnecting") && lines(text.slice(text.indexOf("Reconnecting"))) >= 2;
      },
    });
    killer.close();
    expect(out).toContain("\r\x1b[0KReconnecting... 1\r");
  });
});
