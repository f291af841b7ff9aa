/** SLOWLOG beside a real Redis, COMMANDLOG beside a Valkey: which requests they have, and how much of each. */
import { afterEach, describe, expect, test } from "bun:test";
import { until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { decode, itemsOf, textOf } from "../support/decode.ts";
import { startPeer, wantOfPeers } from "../support/peers.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

/** Entries without what differs by its nature: ids, times, durations, ports. */
function masked(reply: string, request: Request): string {
  if (!/log$/i.test(String(request[0])) || !/^get$/i.test(String(request[1]))) return reply;
  return reply
    .replace(/\*6\r\n:\d+\r\n:\d+\r\n:\d+\r\n/g, "*6\r\n:ID\r\n:TIME\r\n:VALUE\r\n")
    .replace(/\$\d+\r\n127\.0\.0\.1:\d+\r\n/g, "ADDRESS\r\n");
}

const ALL: readonly Request[] = [
  ["CONFIG", "SET", "slowlog-max-len", "128"],
  ["CONFIG", "SET", "slowlog-log-slower-than", "0"],
  ["SLOWLOG", "RESET"],
];
const NONE: readonly Request[] = [["CONFIG", "SET", "slowlog-log-slower-than", "-1"]];

describeWithRedis("SLOWLOG beside Redis's", () => {
  const both = useComparison();
  /** The requests are logged, all of them, and shown. */
  const logged = (...requests: readonly Request[]) =>
    [...ALL, ...requests, ...NONE, ["SLOWLOG", "GET", "-1"], ["SLOWLOG", "LEN"]] as Request[];

  for (const protocol of [2, 3] as const) {
    test(`has what was executed, whatever came of it, RESP${protocol}`, () =>
      both().compare(
        [
          logged(
            ["SET", "a", "b"],
            ["GET", "a"],
            ["LPUSH", "a", "x"],
            ["NOSUCH"],
            ["GET"],
            ["CONFIG", "NOSUCH"],
            ["CLIENT", "SETNAME", "me"],
            ["PING"],
          ),
          logged(["MULTI"], ["SET", "a", "1"], ["INCR", "a"], ["NOSUCH"], ["EXEC"], ["MULTI"], ["GET", "a"], ["ECHO", "x"], ["EXEC"]),
          logged(["WATCH", "a"], ["SET", "a", "2"], ["MULTI"], ["GET", "a"], ["EXEC"], ["EXEC"], ["DISCARD"]),
          logged(
            ["SADD", "s", "a"],
            ["SPOP", "s", "10"],
            ["GEOADD", "g", "-122.33", "47.6", "x"],
            ["GETSET", "a", "5"],
            ["INCRBYFLOAT", "a", "1.5"],
          ),
          logged(["RPUSH", "l", "x"], ["BLPOP", "l", "0"]),
        ],
        { protocol, mask: masked },
      ));
  }

  test("keeps 32 arguments of a request, and 128 bytes of each", () =>
    both().compare(
      [
        logged(
          ["SADD", "s", ...Array.from({ length: 30 }, (_, index) => index)],
          ["SADD", "s", ...Array.from({ length: 31 }, (_, index) => index)],
          ["SADD", "s", ...Array.from({ length: 300 }, (_, index) => "x".repeat(index))],
          ["SET", "a".repeat(128), "b".repeat(129)],
          ["SET", Buffer.from([0, 255, 13, 10]), Buffer.alloc(5000, 200)],
        ),
      ],
      { mask: masked },
    ));

  test("shows no passwords", () =>
    both().compare(
      [
        logged(
          ["CONFIG", "SET", "masterauth", "secret"],
          ["CONFIG", "SET", "MASTERuser", "secret", "maxmemory-samples", "5", "masterauth", ""],
          ["CONFIG", "SET", "masterauth"],
          ["CONFIG", "SET", "masterauth", "x", "nosuch", "x"],
          ["ACL", "SETUSER", "someone", "on", ">secret"],
          ["ACL", "SETUSER", "some one", "on", ">secret"],
          ["ACL", "DELUSER", "someone"],
          ["AUTH", "secret"],
          ["AUTH", "someone", "secret"],
          ["HELLO", "2", "AUTH", "someone", "secret", "SETNAME", "x"],
          ["MIGRATE", "127.0.0.1", "1", "nosuch", "0", "100", "COPY", "AUTH", "secret"],
          ["MIGRATE", "127.0.0.1", "1", "", "0", "100", "auth2", "someone", "secret", "KEYS", "auth", "nosuch", "x"],
          ["CONFIG", "SET", "masteruser", ""],
        ),
      ],
      { mask: (reply, request) => (String(request[0]) === "AUTH" ? "" : masked(reply, request)) },
    ));

  test("has the commands of scripts, of no client, and the script behind them", () =>
    both().compare(
      [
        logged(
          ["EVAL", "redis.call('set', KEYS[1], 'x') redis.pcall('lpush', KEYS[1], 'y') return redis.call('get', KEYS[1])", "1", "k"],
          ["EVAL", "return redis.call('nosuch')", "0"],
          ["EVALSHA", "f".repeat(40), "0"],
        ),
      ],
      // Redis 7.0 shows ?:0 where 7.2 shows nothing.
      { mask: (reply, request) => masked(reply, request).replaceAll("$3\r\n?:0\r\n", "$0\r\n\r\n") },
    ));

  test("keeps as many as slowlog-max-len says, shows as many as it is asked for, and goes on counting", () =>
    both().compare(
      [
        [
          ...ALL,
          ["CONFIG", "SET", "slowlog-max-len", "3"],
          ...Array.from({ length: 10 }, (_, index): Request => ["ECHO", index]),
          ["SLOWLOG", "LEN"],
          ...NONE,
          ...["0", "1", "2", "3", "9"].map((count): Request => ["SLOWLOG", "GET", count]),
          ["SLOWLOG", "GET"],
          ["CONFIG", "SET", "slowlog-max-len", "1"],
          ["SLOWLOG", "LEN"],
          ["CONFIG", "SET", "slowlog-log-slower-than", "10000000"],
          ["SLOWLOG", "LEN"],
          ["SLOWLOG", "RESET"],
          ["SLOWLOG", "LEN"],
          ["CONFIG", "SET", "slowlog-max-len", "0", "slowlog-log-slower-than", "0"],
          ["PING"],
          ["SLOWLOG", "LEN"],
          ["CONFIG", "SET", "slowlog-max-len", "128"],
          ...NONE,
        ],
      ],
      { mask: masked },
    ));

  test("gives ids in order, also to what is kept no more", async () => {
    const ids: string[] = [];
    for (const port of [both().ours.port, both().redis.port]) {
      const client = await connect(port);
      const latest = async () => Number(textOf(itemsOf(itemsOf(decode(await client.command("SLOWLOG", "GET", "1")))[0])[0]));
      for (const request of ALL) await client.command(...request);
      const before = await latest();
      await client.command("CONFIG", "SET", "slowlog-max-len", "2");
      await client.pipeline([["PING"], ["SLOWLOG", "RESET"], ["PING"], ["PING"]]);
      ids.push(`${(await latest()) - before}`);
      await client.command("CONFIG", "SET", "slowlog-log-slower-than", "-1");
      client.close();
    }
    expect(ids[0]).toBe(ids[1]);
  });

  test("bad requests get the same errors", () =>
    both().compare([
      [
        ["SLOWLOG"],
        ["SLOWLOG", "NOSUCH"],
        ["SLOWLOG", "GET", "-2"],
        ["SLOWLOG", "GET", "x"],
        ["SLOWLOG", "GET", "99999999999999999999"],
        ["SLOWLOG", "GET", "1", "2"],
        ["SLOWLOG", "LEN", "x"],
        ["SLOWLOG", "RESET", "x"],
        ["SLOWLOG", "HELP", "x"],
        ["CONFIG", "SET", "slowlog-log-slower-than", "-2"],
        ["CONFIG", "SET", "slowlog-max-len", "-1"],
        ["CONFIG", "GET", "slowlog-max-len"],
      ],
    ]));
});

const want = wantOfPeers("valkey9");
(want === "" ? describe : describe.skip)(`COMMANDLOG beside Valkey's${want}`, () => {
  const both = useComparison({}, (options) => startPeer("valkey9", options));
  const TYPES = ["slow", "LARGE-request", "large-reply"];

  for (const protocol of [2, 3] as const) {
    test(`has large requests and large replies, RESP${protocol}`, () =>
      both().compare(
        [
          [
            [
              "CONFIG",
              "SET",
              "commandlog-request-larger-than",
              "200",
              "commandlog-reply-larger-than",
              "300",
              "slowlog-log-slower-than",
              "-1",
            ],
            ...TYPES.map((type): Request => ["COMMANDLOG", "RESET", type]),
            ["SET", "a", "x".repeat(150)],
            ["SET", "b", "x".repeat(500)],
            ["GET", "a"],
            ["GET", "b"],
            ["CLIENT", "SETNAME", "me"],
            ["ECHO", "y".repeat(400)],
            ["GET", "b", "z".repeat(400)],
            ...TYPES.map((type): Request => ["COMMANDLOG", "LEN", type]),
            ...TYPES.map((type): Request => ["COMMANDLOG", "GET", "-1", type]),
            ["COMMANDLOG", "GET", "1", "large-REPLY"],
            ["COMMANDLOG", "RESET", "large-reply"],
            ...TYPES.map((type): Request => ["COMMANDLOG", "LEN", type]),
            ["CONFIG", "SET", "commandlog-large-request-max-len", "1"],
            ["SET", "b", "x".repeat(600)],
            ["COMMANDLOG", "LEN", "large-request"],
            ["CONFIG", "SET", "commandlog-large-request-max-len", "128", "commandlog-request-larger-than", "-1"],
            ["SET", "b", "x".repeat(600)],
            ["COMMANDLOG", "GET", "-1", "large-request"],
            ["CONFIG", "SET", "commandlog-request-larger-than", "1048576", "commandlog-reply-larger-than", "1048576"],
          ],
        ],
        // Sizes are the same, so that only times and ids are left out.
        {
          protocol,
          mask: (reply, request) =>
            request[0] === "COMMANDLOG" && request[1] === "GET"
              ? reply.replace(/\*6\r\n:\d+\r\n:\d+\r\n/g, "*6\r\n:ID\r\n:TIME\r\n").replace(/\$\d+\r\n127\.0\.0\.1:\d+\r\n/g, "ADDRESS\r\n")
              : reply,
        },
      ));
  }

  test("the slow one is that of SLOWLOG, under both its names", () =>
    both().compare(
      [
        [
          ["CONFIG", "SET", "commandlog-execution-slower-than", "0", "commandlog-slow-execution-max-len", "5"],
          ["COMMANDLOG", "RESET", "slow"],
          ["PING"],
          ["SLOWLOG", "LEN"],
          ["CONFIG", "SET", "slowlog-log-slower-than", "-1"],
          ["COMMANDLOG", "GET", "-1", "slow"],
          ["SLOWLOG", "GET", "-1"],
          ["CONFIG", "GET", "slowlog*", "commandlog*"],
          ["CONFIG", "SET", "slowlog-max-len", "128"],
        ],
      ],
      {
        mask: (reply, request) =>
          request[1] === "GET" && request[0] === "CONFIG" ? reply.split("\r\n").sort().join(" ") : masked(reply, request),
      },
    ));

  test("bad requests get the same errors", () =>
    both().compare([
      [
        ["COMMANDLOG"],
        ["COMMANDLOG", "NOSUCH"],
        ["COMMANDLOG", "GET", "1"],
        ["COMMANDLOG", "GET", "1", "nosuch"],
        ["COMMANDLOG", "GET", "x", "slow"],
        ["COMMANDLOG", "GET", "x", "nosuch"],
        ["COMMANDLOG", "GET", "-2", "large-reply"],
        ["COMMANDLOG", "GET", "1", "slow", "x"],
        ["COMMANDLOG", "LEN"],
        ["COMMANDLOG", "LEN", "nosuch"],
        ["COMMANDLOG", "RESET"],
        ["COMMANDLOG", "RESET", "nosuch"],
        ["COMMANDLOG", "HELP", "x"],
      ],
    ]));
});

describe("the command log", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((...started) => {
    [server, client] = started;
  });
  afterEach(async () => {
    await client.text("CONFIG", "SET", "slowlog-log-slower-than", "10000", "commandlog-request-larger-than", "1048576");
    server.server.watch.log.slow.clear();
  });

  const words = () => server.server.watch.log.slow.latest(100).map((entry) => entry.words.map((word) => word.toString("latin1")).join(" "));

  test("has a command that is slow among others of a pipeline, and its time", async () => {
    await client.pipeline([
      ["PING"],
      ["DEBUG", "SLEEP", "0.02"],
      ["PING"],
      ["PING"],
      ["DEBUG", "SLEEP", "0"],
      ["DEBUG", "SLEEP", "0.03"],
      ["PING"],
    ]);
    const slow = server.server.watch.log.slow.latest(100).filter((entry) => entry.words[0].toString() === "DEBUG");
    expect(slow.map((entry) => entry.words[2].toString())).toEqual(["0.03", "0.02"]);
    for (const [index, entry] of slow.entries()) expect(entry.value).toBeGreaterThanOrEqual([30_000, 20_000][index]);
  });

  test("has a script that ran too long for others to wait, in a transaction, too", async () => {
    await client.text("CONFIG", "SET", "slowlog-log-slower-than", "0", "busy-reply-threshold", "1", "commandlog-reply-larger-than", "500");
    await client.command("ECHO", "x".repeat(400));
    const script = "local n = redis.call('INCR', 'n') for i = 1, 3000000 do n = n + i % 3 end return n";
    await client.pipeline([["EVAL", script, "0"], ["MULTI"], ["EVAL", script, "0"], ["PING"], ["EXEC"]]);
    expect(words().filter((text) => text.startsWith("EVAL")).length).toBe(2);
    expect(server.server.watch.log.largeReplies.length).toBe(0);
    await client.text("CONFIG", "SET", "busy-reply-threshold", "5000", "commandlog-reply-larger-than", "1048576");
  });

  test("has a blocked command when it is over, not what it waited", async () => {
    await client.text("CONFIG", "SET", "slowlog-log-slower-than", "0");
    const waiting = await connect(server.port);
    waiting.send("BLPOP list 0\r\n");
    await until("the client to wait", async () => server.server.blocked.count === 1);
    expect(words().filter((text) => text.startsWith("BLPOP"))).toEqual([]);
    await client.text("RPUSH", "list", "x");
    await waiting.readReply();
    expect(words().filter((text) => text.startsWith("BLPOP"))).toEqual(["BLPOP list 0"]);
    // Redis 7.0 does not have those whose time was over, 7.2 does.
    await waiting.command("BLPOP", "list", "0.001");
    expect(words().filter((text) => text.startsWith("BLPOP"))).toEqual(["BLPOP list 0.001", "BLPOP list 0"]);
    waiting.close();
  });

  test("has nothing of what a file holds", async () => {
    await client.text("CONFIG", "SET", "slowlog-log-slower-than", "0", "appendonly", "yes");
    await until("the file", async () => server.server.appendOnly.enabled && !server.server.appendOnly.rewriting);
    await client.text("SET", "a", "b");
    server.server.watch.log.slow.clear();
    await client.text("DEBUG", "LOADAOF");
    expect(words()).toEqual(["DEBUG LOADAOF"]);
    await client.text("CONFIG", "SET", "appendonly", "no");
  });

  test("has no passwords of requests that only we have", async () => {
    await client.text("CONFIG", "SET", "slowlog-log-slower-than", "0");
    for (const login of [["secret"], ["me", "secret"], ["me", "secret", "SAMPLE", "5", "differences", "1"], ["secret", "sample", "5"]]) {
      await client.command("REPLICANT.COMPARE", "127.0.0.1", "0", "AUTH", ...login);
    }
    expect(
      words()
        .filter((text) => text.startsWith("REPLICANT"))
        .reverse(),
    ).toEqual([
      "REPLICANT.COMPARE 127.0.0.1 0 AUTH (redacted)",
      "REPLICANT.COMPARE 127.0.0.1 0 AUTH (redacted) (redacted)",
      "REPLICANT.COMPARE 127.0.0.1 0 AUTH (redacted) (redacted) SAMPLE 5 differences 1",
      "REPLICANT.COMPARE 127.0.0.1 0 AUTH (redacted) sample 5",
    ]);
  });

  test("takes a request of a transaction for what it was when it came", async () => {
    await client.text("CONFIG", "SET", "commandlog-request-larger-than", "200");
    await client.pipeline([["MULTI"], ["SET", "large", "x".repeat(300)], ["GET", "large"], ["EXEC"]]);
    const { largeRequests } = server.server.watch.log;
    expect(largeRequests.latest(10).map((entry) => [entry.words[0].toString(), entry.value])).toEqual([["SET", 332]]);
  });
});
