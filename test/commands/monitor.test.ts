/** MONITOR: what it shows of which requests, line by line beside a real Redis. */
import { describe, expect, test } from "bun:test";
import { createConnection } from "node:net";
import { until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer, useServer } from "../support/server.ts";

/** Lines without what differs by its nature: times and ports. */
function masked(line: Buffer): string {
  return line
    .toString("latin1")
    .replace(/\d{10}\.\d{6}/, "TIME")
    .replace(/127\.0\.0\.1:\d+/g, "ADDRESS");
}

async function monitoring(port: number): Promise<RawClient> {
  const monitor = await connect(port);
  expect((await monitor.command("MONITOR")).toString()).toBe("+OK\r\n");
  return monitor;
}

/** The lines that a monitor reads until it has seen this request. */
async function linesUntil(monitor: RawClient, end: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = masked(await monitor.readLine());
    if (line.includes(end)) return lines;
    lines.push(line);
  }
}

describeWithRedis("MONITOR beside Redis's", () => {
  const both = useComparison();

  /** What both show a monitor of these requests. One by one: in a pipeline Redis 7.2 answers no login that fails. */
  async function compare(requests: readonly Request[]): Promise<void> {
    const shown: string[][] = [];
    for (const port of [both().ours.port, both().redis.port]) {
      const client = await connect(port);
      await client.command("FLUSHALL");
      const monitor = await monitoring(port);
      for (const request of [...requests, ["ECHO", "the end"]]) await client.command(...request);
      shown.push(await linesUntil(monitor, '"the end"'));
      client.close();
      monitor.close();
    }
    expect(shown[0]).toEqual(shown[1]);
  }

  test("shows what is executed, whatever comes of it, after it was; not what is refused", () =>
    compare([
      ["SET", "a", "1"],
      ["get", "a"],
      ["LPUSH", "a", "x"],
      ["NOSUCH", "a"],
      ["GET"],
      ["CONFIG", "NOSUCH"],
      ["SELECT", "3"],
      ["SELECT", "77"],
      ["PING"],
      ["PUBLISH", "c", "m"],
      ["CLIENT", "ID"],
      ["HELLO", "3", "SETNAME", "me"],
      ["RESET"],
    ]));

  test("quotes bytes as Redis does", () =>
    compare([
      ["ECHO", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
      ["ECHO", ""],
      ["ECHO", 'say "hi" \\ there\r\n'],
    ]));

  test("does not show commands of administration", () =>
    compare([
      ["CONFIG", "GET", "port"],
      ["DEBUG", "SLEEP", "0"],
      ["ACL", "SETUSER", "someone", ">secret"],
      ["ACL", "WHOAMI"],
      ["SLOWLOG", "LEN"],
      ["LATENCY", "LATEST"],
      ["CLIENT", "LIST"],
      ["CLIENT", "NO-EVICT", "on"],
      ["MEMORY", "DOCTOR"],
      ["INFO", "nosuch"],
    ]));

  test("does not show passwords", () =>
    compare([
      ["AUTH", "secret"],
      ["AUTH", "someone", "secret"],
      ["HELLO", "2", "AUTH", "someone", "secret", "SETNAME", "x"],
      ["MIGRATE", "127.0.0.1", "1", "nosuch", "0", "100", "COPY", "AUTH", "secret"],
      ["MIGRATE", "127.0.0.1", "1", "", "0", "100", "auth2", "someone", "secret", "KEYS", "auth", "nosuch", "x"],
      ["HELLO", "2", "SETNAME", "auth", "auth", "auth", "setname"],
    ]));

  test("shows of a transaction MULTI, the commands when they run, and its end", async () => {
    await compare([["MULTI"], ["SET", "a", "1"], ["CONFIG", "GET", "port"], ["INCR", "a"], ["LPUSH", "a", "x"], ["EXEC"]]);
    await compare([["MULTI"], ["NOSUCH"], ["SET", "a", "1"], ["EXEC"], ["EXEC"]]);
    await compare([["MULTI"], ["SET", "a", "1"], ["EXEC", "x"], ["GET", "a"]]);
    await compare([["MULTI"], ["SET", "a", "1"], ["DISCARD"], ["DISCARD"]]);
    await compare([["WATCH", "a"], ["SET", "a", "1"], ["MULTI"], ["GET", "a"], ["EXEC"]]);
    await compare([["MULTI"], ["MONITOR"], ["EXEC"]]);
  });

  test("shows scripts before the commands that they call", async () => {
    const script =
      "redis.call('SELECT', 5) redis.call('set', KEYS[1], 'x') redis.pcall('lpush', KEYS[1], 'y') return redis.call('get', KEYS[1])";
    await compare([
      ["EVAL", script, "1", "k"],
      ["GET", "k"],
      ["EVALSHA", "f".repeat(40), "0"],
      ["EVALSHA", "short", "0"],
      ["EVAL", "redis.call('nosuch')", "0"],
      ["EVAL", "wrong", "0"],
      ["EVAL_RO", "return redis.call('get', 'k')", "0"],
      ["EVAL", "return 1", "x"],
      ["FCALL", "nosuch", "0"],
      ["MULTI"],
      ["EVAL", script, "1", "k"],
      ["EXEC"],
    ]);
  });

  test("shows a blocked command once, when it comes", async () => {
    const shown: string[][] = [];
    for (const port of [both().ours.port, both().redis.port]) {
      const [waiting, client] = [await connect(port), await connect(port)];
      await client.command("FLUSHALL");
      const monitor = await monitoring(port);
      waiting.send("BLPOP list 0\r\n");
      await linesUntil(monitor, '"BLPOP" "list" "0"');
      await client.command("RPUSH", "list", "x");
      await waiting.readReply();
      await client.command("BLPOP", "nosuch", "0.001");
      await client.command("ECHO", "the end");
      shown.push(await linesUntil(monitor, '"the end"'));
      for (const each of [waiting, client, monitor]) each.close();
    }
    expect(shown[0]).toEqual(shown[1]);
    expect(shown[0]).toHaveLength(2);
  });

  test("a monitor's own requests: answers first, then the line; none to the keyspace, none that make it a replica", async () => {
    const requests: readonly Request[] = [
      ["PING"],
      ["GET", "a"],
      ["SET", "a", "b"],
      ["MONITOR"],
      ["PSYNC", "?", "-1"],
      ["SYNC"],
      ["REPLICAOF", "127.0.0.1", "1"],
      ["MULTI"],
      ["GET", "a"],
      ["EXEC"],
      ["CLIENT", "REPLY", "SKIP"],
      ["PING", "skipped"],
      ["SUBSCRIBE", "channel"],
      ["UNSUBSCRIBE", "channel"],
      ["ECHO", "the end"],
    ];
    const shown: string[][] = [];
    for (const port of [both().ours.port, both().redis.port]) {
      const monitor = await monitoring(port);
      monitor.send(Buffer.concat(requests.map(encoded)));
      shown.push(await linesUntil(monitor, '"the end"'));
      monitor.close();
    }
    expect(shown[0]).toEqual(shown[1]);
  });
});

function encoded(words: readonly Word[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${String(word).length}\r\n${String(word)}\r\n`).join("")}`);
}

describe("MONITOR", () => {
  let server: TestServer;
  let client: RawClient;
  useServer(
    (...started) => {
      [server, client] = started;
    },
    { "repl-diskless-sync-delay": "0" },
  );

  const flags = async () => [...(await client.text("CLIENT", "LIST", "TYPE", "normal")).matchAll(/ flags=(\S+)/g)].map(([, each]) => each);

  test("marks its client O, counts as a normal one, and ends with RESET or the connection", async () => {
    const [first, second] = [await monitoring(server.port), await monitoring(server.port)];
    expect((await flags()).sort()).toEqual(["N", "O", "O"]);
    first.send("RESET\r\n");
    await linesUntil(first, "+RESET");
    expect((await flags()).sort()).toEqual(["N", "N", "O"]);
    // RESET is a command like others, shown to those that are left.
    await linesUntil(second, '"RESET"');
    second.close();
    while ((await flags()).length > 2) await client.command("PING");
    expect((await first.command("SET", "a", "b")).toString()).toBe("+OK\r\n");
    expect(server.server.monitors.active).toBe(false);
    first.close();
  });

  test("shows on a replica what its master sends, as the master's", async () => {
    await using replica = await startServer({ replicaof: `127.0.0.1 ${server.port}` });
    const monitor = await monitoring(replica.port);
    await until("the link", () => replica.server.replication.link?.connected === true);
    await client.command("SET", "a", "b");
    const lines = await linesUntil(monitor, '"SET" "a" "b"');
    expect(lines.filter((line) => !/"(PING|SELECT)"/.test(line))).toEqual([]);
    expect([...replica.server.clients].find(({ kind }) => kind === "master")?.link.remoteAddress).toBe(`127.0.0.1:${server.port}`);
    monitor.close();
  });

  test("speaks in lines to RESP3 clients, too, and is silent while replies are off", async () => {
    const monitor = await connect(server.port);
    await monitor.command("HELLO", "3");
    await monitor.command("MONITOR");
    await client.command("ECHO", "seen");
    expect(masked(await monitor.readLine())).toBe('+TIME [0 ADDRESS] "ECHO" "seen"\r\n');
    monitor.send("CLIENT REPLY OFF\r\n");
    while (!(await client.text("CLIENT", "LIST")).includes("cmd=client|reply")) await client.command("PING");
    await client.command("ECHO", "unseen");
    monitor.send("CLIENT REPLY ON\r\n");
    await linesUntil(monitor, "+OK");
    await client.command("ECHO", "end");
    expect((await linesUntil(monitor, '"end"')).filter((line) => line.includes("ECHO"))).toEqual([]);
    monitor.close();
  });

  test("cuts off a monitor that does not read, by the limit of normal clients", async () => {
    await client.text("CONFIG", "SET", "client-output-buffer-limit", "normal 1000000 0 0");
    const deaf = createConnection(server.port, "127.0.0.1");
    deaf.pause();
    deaf.write("MONITOR\r\n");
    const monitors = () => [...server.server.clients].filter(({ kind }) => kind === "monitor");
    while (monitors().length === 0) await client.command("PING");
    // How much the system takes off the server's hands before it takes no more is not known.
    const text = "x".repeat(200_000);
    for (let sent = 0; sent < 300 && monitors().length > 0; sent++) await client.command("ECHO", text);
    expect(monitors()).toEqual([]);
    await client.text("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    deaf.destroy();
  });
});
