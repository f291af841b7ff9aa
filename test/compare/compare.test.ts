import { describe, expect, test } from "bun:test";
import { Comparison, type Report } from "../../src/compare/comparison.ts";
import { askPatiently, type Endpoint } from "../../src/compare/endpoint.ts";
import { RemoteEndpoint } from "../../src/compare/remote.ts";
import { ErrorReply } from "../../src/compare/reply-decoder.ts";
import { compareProgram } from "../../src/tools/compare/program.ts";
import { everyKind, send } from "../aof/support.ts";
import { follow, linkUp, Ours, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, replyText, type Word } from "../support/client.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";

/** A report as REPLICANT.COMPARE gives it: counts that are not 0, and `kind db key` of each difference, in the order of the keys. */
async function compare(client: RawClient, port: number, ...options: Word[]): Promise<Record<string, unknown>> {
  const reply = mapOf(decode(await client.command("REPLICANT.COMPARE", "127.0.0.1", port, ...options)));
  const found: Record<string, unknown> = {};
  for (const [name, value] of reply) {
    if (name === "differences")
      found[name] = itemsOf(value)
        .map((item) => itemsOf(item).map(textOf).join(" "))
        .sort();
    else if (textOf(value) !== "0") found[name] = textOf(value);
  }
  return found;
}

async function run(here: Endpoint, there: Endpoint): Promise<Report> {
  const report = await new Comparison(here, there, { sample: 0, differences: 5, wanted: () => true, progress: () => {} }).run();
  if (report === null) throw new Error("the comparison was given up");
  return report;
}

const SAME = { offsets: "unrelated", differences: [] };

describeWithRedis("a comparison with a Redis", () => {
  test("finds values of every kind the same, whatever their encoding", async () => {
    await using ours = await Ours.start({ "hash-max-listpack-entries": "1", "zset-max-listpack-entries": "1" });
    await using redis = await startReal("--list-max-listpack-size", "1", "--set-max-intset-entries", "0");
    for (const client of [ours.client, redis.client]) await send(client, everyKind());
    const expected = { compared: "20", same: "20", ...SAME };
    expect(await compare(ours.client, redis.port)).toEqual(expected);
    await ours.client.command("HELLO", 3);
    expect(mapOf(decode(await ours.client.command("REPLICANT.COMPARE", "127.0.0.1", redis.port))).get("same")).toBe(":20");
  });

  test("names what differs, and how", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal();
    // Few elements, and large ones: read in pages all the same.
    const wide = Array.from({ length: 30 }, (_, index) => `${index}`.repeat(20_000));
    for (const client of [ours.client, redis.client]) await send(client, [...everyKind(), ["RPUSH", "wide", ...wide]]);
    const changes: [there: boolean, kind: string, key: string, ...words: Word[]][] = [
      [true, "value", "text", "SET", "text", "other"],
      [true, "value", "long", "SETRANGE", "long", 299_999, "x"],
      [true, "value", "list", "LSET", "list", 0, "b"],
      [true, "value", "wide", "LSET", "wide", -1, "x".repeat(40_000)],
      [false, "value", "ints", "SADD", "ints", 4],
      [true, "value", "hash", "HSET", "hash", "f", "w"],
      [true, "value", "zset", "ZINCRBY", "zset", 1, "a"],
      [true, "value", "stream", "XDEL", "stream", "5-1"],
      [true, "value", "emptied", "XSETID", "emptied", "10-0"],
      [true, "value", "big:list", "LSET", "big:list", 2999, "x"],
      [true, "value", "big:hash", "HSET", "big:hash", "field 1500", "x"],
      [true, "value", "big:zset", "ZADD", "big:zset", 0.1, "member 2000"],
      [true, "value", "big:stream", "XACK", "big:stream", "g", "1-0"],
      [true, "ttl", "mortal", "PEXPIREAT", "mortal", 4_000_000_000_124],
      [false, "ttl", "number", "EXPIRE", "number", 10_000],
      [true, "missing-there", "words", "DEL", "words"],
      [false, "missing-here", "hll", "DEL", "hll"],
      [true, "missing-here", "only there", "SET", "only there", 1],
      [false, "missing-there", "only here", "RPUSH", "only here", 1],
      [true, "type", "binary", "DEL", "binary"],
      [true, "type", "binary", "RPUSH", "binary", "x"],
    ];
    for (const [there, , , ...words] of changes) await (there ? redis : ours).client.command(...words);
    // As many members, of which one is another.
    await send(redis.client, [
      ["SREM", "big:set", "member 7"],
      ["SADD", "big:set", "member x"],
    ]);
    const differences = [...new Set([...changes, [true, "value", "big:set"]].map(([, kind, key]) => `0 ${key} ${kind}`))].sort();
    expect(await compare(ours.client, redis.port, "DIFFERENCES", 100)).toEqual({
      compared: "23",
      same: "2",
      different: "17",
      "missing-here": "2",
      "missing-there": "2",
      offsets: "unrelated",
      differences,
    });
    const few = await compare(ours.client, redis.port, "DIFFERENCES", 3);
    expect([few.different, (few.differences as string[]).length]).toEqual(["17", 3]);
  });

  test.each(["ours", "Redis"])("finds a replica the same while clients write, the master being %s", async (which) => {
    await using ours = await Ours.start();
    await using redis = await startReal();
    const [master, replica] = which === "ours" ? [ours, redis] : [redis, ours];
    await send(master.client, everyKind(500));
    await follow(replica.client, master.port);
    await linkUp(replica.client);
    const writer = await connect(master.port);
    let over = false;
    const writing = (async () => {
      for (let count = 0; !over; count++) {
        await send(writer, [
          ["INCR", "number"],
          ["HSET", "big:hash", `field ${count % 500}`, count],
          ["SET", `key ${count % 100}`, count, "EX", 1000],
          ["DEL", `key ${(count + 50) % 100}`],
        ]);
      }
    })();
    const report = await compare(ours.client, redis.port);
    over = true;
    await writing;
    writer.close();
    expect(report).toMatchObject({ offsets: "equal", differences: [] });
    const quiet = await compare(ours.client, redis.port);
    expect(quiet).toEqual({ compared: quiet.compared, same: quiet.compared, offsets: "equal", differences: [] });
    await ours.client.command("REPLICAOF", "NO", "ONE");
  });

  test("counts keys that never hold still as changing, and not as different", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal();
    for (const client of [ours.client, redis.client]) await send(client, [["SET", "still", 1]]);
    const writer = await connect(redis.port);
    let over = false;
    const writing = (async () => {
      while (!over) await writer.command("INCR", "counter");
    })();
    await until("the counter", async () => (await redis.client.command("EXISTS", "counter")).toString() === ":1\r\n");
    await ours.client.command("SET", "counter", "-1");
    expect(await compare(ours.client, redis.port)).toEqual({ compared: "2", same: "1", changing: "1", ...SAME });
    over = true;
    await writing;
    writer.close();
  });

  test("logs in, compares a sample, and serves others meanwhile", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal("--requirepass", "secret");
    await redis.client.command("AUTH", "secret");
    for (const client of [ours.client, redis.client]) await send(client, everyKind(2000));
    expect(await compare(ours.client, redis.port, "AUTH", "secret")).toMatchObject({ same: "20" });
    expect(await compare(ours.client, redis.port, "AUTH", "default", "secret", "SAMPLE", 5)).toMatchObject({
      offsets: "unrelated",
      differences: [],
    });
    const other = await connect(ours.port);
    let pongs = 0;
    let over = false;
    const comparing = compare(ours.client, redis.port, "AUTH", "secret").then(() => {
      over = true;
    });
    for (; !over; pongs++) await other.command("PING");
    await comparing;
    other.close();
    expect(pongs).toBeGreaterThan(20);
    for (const [options, message] of [
      [[], "NOAUTH Authentication required."],
      [["AUTH", "wrong"], "WRONGPASS invalid username-password pair or user is disabled."],
    ] as const) {
      const reply = replyText(await ours.client.command("REPLICANT.COMPARE", "127.0.0.1", redis.port, ...options));
      expect(reply).toBe(`ERR Comparison failed: 127.0.0.1:${redis.port}: ${message}`);
    }
    expect(ours.log).toContain(
      `Comparison with 127.0.0.1:${redis.port}: 20 keys compared, 20 the same, 0 different, 0 missing here, 0 missing there`,
    );
  });

  test("fails where the other server has fewer databases", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal("--databases", "1");
    await send(ours.client, [
      ["SELECT", 3],
      ["SET", "a", 1],
    ]);
    expect(replyText(await ours.client.command("REPLICANT.COMPARE", "127.0.0.1", redis.port))).toBe(
      `ERR Comparison failed: 127.0.0.1:${redis.port} has no database 3: ERR DB index is out of range`,
    );
  });

  test("of servers without PEXPIRETIME takes the time that is left", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal();
    for (const client of [ours.client, redis.client]) await send(client, everyKind(10));
    await redis.client.command("PEXPIREAT", "mortal", 4_000_000_001_000);
    await redis.client.command("PEXPIREAT", "hash", 4_000_100_000_000);
    const [here, there] = [ours, redis].map(({ port }) => new RemoteEndpoint({ host: "127.0.0.1", port }));
    for (const endpoint of [here, there]) await endpoint.open();
    const old: Endpoint = {
      name: "old",
      ask: async (requests) => {
        const replies = await there.ask(requests);
        return replies.map((reply, index) => (requests[index][0] === "PEXPIRETIME" ? new ErrorReply("ERR unknown command") : reply));
      },
      close() {},
    };
    expect(await run(here, old)).toMatchObject({ same: 19, different: 1, differences: [{ database: 0, key: "hash", kind: "ttl" }] });
    here.close();
    there.close();
  });

  test("takes the deadlines of the fields of hashes into account where both servers know them", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal();
    for (const client of [ours.client, redis.client]) await send(client, everyKind(600));
    const [here, there] = [ours, redis].map(({ port }) => new RemoteEndpoint({ host: "127.0.0.1", port }));
    for (const endpoint of [here, there]) await endpoint.open();
    const knowing = (endpoint: Endpoint, time: number): Endpoint => ({
      ...endpoint,
      ask: async (requests) => {
        const replies = await endpoint.ask(requests.filter(([word]) => word !== "HPEXPIRETIME"));
        return requests.map((words) => {
          if (words[0] !== "HPEXPIRETIME") return replies.shift() ?? null;
          return words.slice(4).map((field) => (field === "field 500" ? time : -1));
        });
      },
      close() {},
    });
    expect(await run(knowing(here, 7), knowing(there, 7))).toMatchObject({ same: 20, different: 0 });
    expect(await run(knowing(here, 7), knowing(there, 8))).toMatchObject({
      same: 19,
      differences: [{ database: 0, key: "big:hash", kind: "ttl" }],
    });
    here.close();
    there.close();
  });

  test("as a program says what differs, and whether anything does in its exit code", async () => {
    await using ours = await Ours.start();
    await using redis = await startReal("--requirepass", "p@ss:word");
    await redis.client.command("AUTH", "p@ss:word");
    const program = async (...words: string[]): Promise<[number, string]> => {
      let text = "";
      const print = (more: string): void => {
        text += more;
      };
      return [await compareProgram(words, print, print, environment), text];
    };
    let environment = {};
    const servers = [`redis://127.0.0.1:${ours.port}`, `default:p@ss:word@127.0.0.1:${redis.port}`];
    expect((await program(...servers))[1]).toStartWith("replicant compare: a password on the command line can be seen by others: ");
    environment = { REPLICANT_THERE_PASSWORD: "p@ss:word" };
    servers[1] = `127.0.0.1:${redis.port}`;
    for (const client of [ours.client, redis.client]) await send(client, [["SET", "a", 1]]);
    const counts = "1 keys compared, 1 the same, 0 different, 0 missing here, 0 missing there (no replication between them)\n";
    expect(await program(...servers)).toEqual([0, counts]);
    await redis.client.command("SET", 'new "\n', 1);
    expect(await program("--differences", "1", ...servers)).toEqual([
      1,
      'missing-here db0 "new \\"\\n"\n2 keys compared, 1 the same, 0 different, 1 missing here, 0 missing there (no replication between them)\n',
    ]);
    environment = { REPLICANT_THERE_PASSWORD: "wrong" };
    expect(await program(...servers)).toEqual([
      2,
      `replicant compare: 127.0.0.1:${redis.port}: WRONGPASS invalid username-password pair or user is disabled.\n`,
    ]);
    environment = { REPLICANT_THERE_PASSWORD: "p@ss:word" };
    let drawn = "";
    const draw = (text: string): void => {
      drawn += text;
    };
    await compareProgram(["--differences", "0", ...servers], () => {}, draw, environment, { terminal: true });
    expect(drawn).toMatch(/^\r\x1b\[K\x1b\[\?7lComparing: \d+% \(\d of 3 keys\), \d+ keys\/s.*\r\x1b\[K$/);
    expect((await program("--help"))[0]).toBe(0);
    for (const words of [["a:1"], ["a:1", "b"], ["--sample", "x", "a:1", "b:1"], ["--bla", "a:1", "b:1"]])
      expect((await program(...words))[0]).toBe(2);
  });
});

describe("REPLICANT.COMPARE", () => {
  test("compares with another Replicant, even with itself", async () => {
    await using ours = await Ours.start();
    await send(ours.client, everyKind(600));
    expect(await compare(ours.client, ours.port)).toEqual({ compared: "20", same: "20", offsets: "equal", differences: [] });
  });

  test("refuses what it cannot do", async () => {
    await using ours = await Ours.start();
    const ask = async (...words: Word[]): Promise<string> => replyText(await ours.client.command("REPLICANT.COMPARE", ...words));
    expect(await ask("127.0.0.1", "x")).toBe("ERR value is not an integer or out of range");
    expect(await ask("127.0.0.1", 0)).toBe("ERR Invalid port");
    for (const words of [["AUTH"], ["AUTH", "a", "b", "c"], ["BLA"], ["SAMPLE"], ["BLA", 1]]) {
      expect({ words, reply: await ask("127.0.0.1", ours.port, ...words) }).toEqual({ words, reply: "ERR syntax error" });
    }
    expect(await ask("127.0.0.1", 1)).toStartWith("ERR Comparison failed: 127.0.0.1:1: ");
    await ours.client.command("MULTI");
    expect(await ask("127.0.0.1", ours.port)).toBe("ERR Command not allowed inside a transaction");
  });

  test("is given up when its client goes away or is unblocked, and there is one at a time", async () => {
    await using ours = await Ours.start();
    // It takes the connection and never answers.
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const client = await connect(ours.port);
    const id = replyText(await client.command("CLIENT", "ID"));
    const first = client.command("REPLICANT.COMPARE", "127.0.0.1", silent.port);
    await until("the comparison", () => ours.server.comparisons.underWay);
    expect(replyText(await ours.client.command("REPLICANT.COMPARE", "127.0.0.1", ours.port))).toBe("ERR A comparison is already under way");
    expect(replyText(await ours.client.command("CLIENT", "UNBLOCK", id))).toBe("1");
    expect(replyText(await first)).toBe("ERR The comparison was given up");
    await until("its end", () => !ours.server.comparisons.underWay);
    client.send(encodeCommand(["REPLICANT.COMPARE", "127.0.0.1", silent.port]));
    await until("the comparison", () => ours.server.comparisons.underWay);
    client.close();
    await until("its end", () => !ours.server.comparisons.underWay);
    expect(ours.log).toContain("given up: its client does not wait any more");
  });
});

test("what a server cannot answer yet is asked again", async () => {
  let round = 0;
  const endpoint: Endpoint = {
    name: "busy",
    ask: (requests) => {
      const replies = requests.map(([word]) => (round === 0 && word === "a" ? new ErrorReply("LOADING wait") : word));
      round++;
      return Promise.resolve(replies);
    },
    close() {},
  };
  expect(await askPatiently(endpoint, [["a"], ["b"]])).toEqual(["a", "b"]);
  expect(round).toBe(2);
});
