import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { LinkError, ReplyError } from "../../src/client/errors.ts";
import { Client } from "../../src/client/index.ts";
import type { Link, Word } from "../../src/client/link.ts";
import { Replicant } from "../../src/index.ts";
import { freePort } from "../support/process.ts";

let server: Replicant;
let link: Link;

beforeAll(async () => {
  server = await Replicant.inProcess();
  link = server.connect();
});
afterAll(() => server.stop());

function ask(...words: Word[]): Promise<unknown> {
  return link.send(words, false);
}

/** What a push says, as text. */
function textsOf(push: readonly unknown[]): unknown[] {
  return push.map((part) => (part instanceof Uint8Array ? new TextDecoder().decode(part) : part));
}

describe("a link in the process", () => {
  test("answers with values of JavaScript, as RESP3 has them", async () => {
    expect(await ask("SET", "text", "grün")).toBe("OK");
    expect(await ask("GET", "text")).toBe("grün");
    expect(await link.send(["GET", "text"], true)).toEqual(new TextEncoder().encode("grün"));
    expect(await ask("GET", "nothing")).toBeNull();
    expect(await ask("INCRBY", "n", 9007199254740991)).toBe(9007199254740991);
    expect(await ask("INCRBY", "n", 1n)).toBe(9007199254740992n);
    expect(await ask("HSET", "h", "a", 1, "b", 2.5)).toBe(2);
    expect(await ask("HGETALL", "h")).toEqual(
      new Map([
        ["a", "1"],
        ["b", "2.5"],
      ]),
    );
    expect(await ask("SADD", "s", "x")).toBe(1);
    expect(await ask("SMEMBERS", "s")).toEqual(new Set(["x"]));
    expect(await ask("ZADD", "z", 1.5, "m")).toBe(1);
    expect(await ask("ZRANGE", "z", 0, -1, "WITHSCORES")).toEqual([["m", 1.5]]);
    expect(await ask("EVAL", "return {1, 'two', {3}, {ok='fine'}, false}", 0)).toEqual([1, "two", [3], "fine", null]);
  });

  test("takes any bytes, and gives them back", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await ask("SET", bytes, bytes);
    expect(await link.send(["GET", bytes], true)).toEqual(bytes);
    const long = new Uint8Array(3 * 1024 * 1024).fill(0xe9);
    await ask("SET", "long", long);
    expect(Bun.hash((await link.send(["GET", "long"], true)) as Uint8Array)).toBe(Bun.hash(long));
    await ask("SET", "é".repeat(40), "ü".repeat(50_000));
    expect(await ask("GET", "é".repeat(40))).toBe("ü".repeat(50_000));
  });

  test("rejects with the error of the server, to the letter", async () => {
    await ask("SET", "text", "x");
    const error = await ask("LPUSH", "text", 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReplyError);
    expect((error as ReplyError).code).toBe("WRONGTYPE");
    expect((error as ReplyError).message).toBe("WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(ask("NOSUCH")).rejects.toThrow("ERR unknown command 'NOSUCH', with args beginning with: ");
    expect(link.send(["GET", undefined as unknown as string], false)).rejects.toThrow(TypeError);
    expect(link.send([], false)).rejects.toThrow(TypeError);
  });

  test("sends many at once, and has errors among the answers", async () => {
    const answers = await link.sendAll(
      [
        ["SET", "k", 1],
        ["LPUSH", "k", 1],
        ["INCR", "k"],
      ],
      false,
    );
    expect(answers).toEqual(["OK", expect.any(ReplyError), 2]);
    const many = Array.from({ length: 5000 }, (_, index): Word[] => ["SET", `many:${index}`, index]);
    expect(await link.sendAll(many, false)).toEqual(many.map(() => "OK"));
    expect(await ask("GET", "many:4999")).toBe("4999");
  });

  test("sends requests of any number and length at once, each with its own words", async () => {
    await ask("CONFIG", "SET", "slowlog-log-slower-than", 0, "slowlog-max-len", 200);
    const values = [40_000, 3, 9_000, 24, 25, 200_000, 0].map((length) => "ü".repeat(length));
    const requests: Word[][] = Array.from({ length: 100 }, (_, index) => ["SET", `own:${index}`, values[index % values.length]]);
    expect(await link.sendAll([["MULTI"], ...requests, ["EXEC"]], false)).toEqual([
      "OK",
      ...requests.map(() => "QUEUED"),
      requests.map(() => "OK"),
    ]);
    await link.sendAll([["SLOWLOG", "RESET"], ...requests, ["MGET", ...requests.map(([, key]) => key)]], false);
    const slow = (await ask("SLOWLOG", "GET", -1)) as [unknown, unknown, unknown, string[]][];
    const slowKeys = slow.map(([, , , words]) => words[1]).filter((key) => key?.startsWith("own:"));
    expect(new Set(slowKeys).size).toBeGreaterThanOrEqual(requests.length);
    const read = await link.sendAll(
      requests.map(([, key]) => ["GET", key]),
      false,
    );
    expect(read).toEqual(requests.map(([, , value]) => value));
    await ask("CONFIG", "SET", "slowlog-log-slower-than", 10_000);
  });

  test("waits in the middle of many, which keep the words that they had, and fail where it closes", async () => {
    const other = server.connect();
    const bytes = Buffer.from("first");
    const rest: Word[][] = Array.from({ length: 70 }, (_, index) => ["APPEND", "appended", index === 69 ? bytes : "."]);
    const all = other.sendAll([["PING"], ["BLPOP", "middle", 0], ...rest, ["GET", "appended"]], false);
    const behind = other.send(["STRLEN", "appended"], false);
    bytes.write("again");
    expect(await ask("EXISTS", "appended")).toBe(0);
    await ask("RPUSH", "middle", "x");
    const answers = await all;
    expect(answers.slice(0, 3)).toEqual(["PONG", ["middle", "x"], 1]);
    expect(answers.at(-1)).toBe(`${".".repeat(69)}first`);
    expect(await behind).toBe(74);
    const failing = other.sendAll([["PING"], ["BLPOP", "middle", 0], ["PING"]], false);
    const failure = failing.catch((error: unknown) => error);
    await other.close();
    expect(await failure).toBeInstanceOf(LinkError);
  });

  test("waits for the end of a pause in the middle of many", async () => {
    const other = server.connect();
    await ask("CLIENT", "PAUSE", 100_000, "WRITE");
    const all = other.sendAll([["PING"], ["SET", "paused", 1], ["INCR", "paused"], ["GET", "paused"]], false);
    await ask("CLIENT", "UNPAUSE");
    expect(await all).toEqual(["PONG", "OK", 2, "2"]);
    await other.close();
  });

  test("waits for a key, and requests behind it wait for that", async () => {
    const other = server.connect();
    const order: unknown[] = [];
    const popped = link.send(["BLPOP", "queue", 0], false).then((value) => order.push(value));
    const behind = link.send(["LLEN", "queue"], false).then((value) => order.push(value));
    expect(await other.send(["RPUSH", "queue", "a", "b"], false)).toBe(2);
    await Promise.all([popped, behind]);
    expect(order).toEqual([["queue", "a"], 1]);
    expect(await ask("BLPOP", "empty", 0.001)).toBeNull();
    const all = link.sendAll([["BLPOP", "later", 0], ["PING"]], false);
    await other.send(["RPUSH", "later", "x"], false);
    expect(await all).toEqual([["later", "x"], "PONG"]);
    await other.close();
  });

  test("runs transactions, and notices what was watched", async () => {
    const queued = await link.sendAll([["MULTI"], ["SET", "t", 1], ["INCR", "t"], ["LPUSH", "t", 1], ["EXEC"]], false);
    expect(queued.slice(0, 4)).toEqual(["OK", "QUEUED", "QUEUED", "QUEUED"]);
    expect(queued[4]).toEqual(["OK", 2, expect.any(ReplyError)]);
    await ask("WATCH", "t");
    const other = server.connect();
    await other.send(["SET", "t", "other"], false);
    expect(await link.sendAll([["MULTI"], ["SET", "t", 1], ["EXEC"]], false)).toEqual(["OK", "QUEUED", null]);
    await other.close();
  });

  test("is sent messages of channels, of keys that changed, and what MONITOR shows", async () => {
    const listener = server.connect();
    const pushes: unknown[][] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    listener.onPush = (push) => {
      pushes.push(textsOf(push));
      if (pushes.length === 5) resolve();
    };
    expect(await listener.send(["SUBSCRIBE", "news"], false)).toBeNull();
    expect(await listener.send(["PING"], false)).toBe("PONG");
    expect(await ask("PUBLISH", "news", "first")).toBe(1);
    expect(await listener.send(["PUBLISH", "news", "second"], false)).toBe(1);
    await listener.send(["CLIENT", "TRACKING", "ON"], false);
    await listener.send(["GET", "tracked"], false);
    await ask("SET", "tracked", 1);
    await listener.send(["PUBLISH", "news", "third"], false);
    await promise;
    expect(pushes[0]).toEqual(["subscribe", "news", 1]);
    expect(pushes.slice(1).filter(([kind]) => kind === "message")).toEqual([
      ["message", "news", "first"],
      ["message", "news", "second"],
      ["message", "news", "third"],
    ]);
    const [, [key]] = pushes.find(([kind]) => kind === "invalidate") as [string, [Uint8Array]];
    expect(new TextDecoder().decode(key)).toBe("tracked");
    await listener.close();

    const monitor = server.connect();
    const seen = Promise.withResolvers<unknown[]>();
    monitor.onPush = (push) => seen.resolve(textsOf(push));
    expect(await monitor.send(["MONITOR"], false)).toBe("OK");
    await ask("GET", "seen");
    expect(await seen.promise).toEqual(["monitor", expect.stringMatching(/^\d+\.\d+ \[0 in-process:0\] "GET" "seen"$/)]);
    await monitor.close();
  });

  test("answers each request with its own answer, whatever a listener asks on the same link meanwhile", async () => {
    const link = server.connect();
    const nested: Promise<unknown>[] = [];
    await link.sendAll(
      [
        ["MSET", "outer", "1", "inner", "in", "second", "2nd"],
        ["SUBSCRIBE", "talk"],
        ["CLIENT", "TRACKING", "ON"],
      ],
      false,
    );
    link.onPush = () => nested.push(link.send(["GET", "inner"], false), link.send(["GET", "second"], false));
    // Of its own...
    expect(await link.send(["PUBLISH", "talk", "hello"], false)).toBe(1);
    expect(await link.send(["GET", "outer"], false)).toBe("1");
    expect(await link.send(["SET", "outer", "2"], false)).toBe("OK");
    // ...and of what others have done.
    await link.send(["GET", "outer"], false);
    void ask("SET", "outer", "3");
    expect(await link.send(["GET", "outer"], false)).toBe("3");
    void ask("SET", "outer", "4");
    expect(
      await link.sendAll(
        [
          ["GET", "outer"],
          ["ECHO", "x"],
        ],
        false,
      ),
    ).toEqual(["4", "x"]);
    link.onPush = null;
    expect(nested.length).toBeGreaterThanOrEqual(8);
    expect(new Set((await Promise.all(nested)).map((answer, index) => `${index % 2} ${answer}`))).toEqual(new Set(["0 in", "1 2nd"]));
    await link.close();
  });

  test("has each a database and a name of its own", async () => {
    const other = server.connect();
    await other.send(["SELECT", 3], false);
    await other.send(["SET", "where", "three"], false);
    expect(await ask("GET", "where")).toBeNull();
    await other.send(["CLIENT", "SETNAME", "third"], false);
    expect(await ask("CLIENT", "LIST")).toContain("name=third");
    await other.close();
    expect(await ask("CLIENT", "LIST")).not.toContain("name=third");
  });

  test("is told when it is killed: what it waits for fails, and so does what comes after", async () => {
    const other = server.connect();
    const id = await other.send(["CLIENT", "ID"], false);
    const closed = new Promise((resolve) => {
      other.onClose = resolve;
    });
    const waiting = other.send(["BLPOP", "never", 0], false);
    const failure = waiting.catch((error: unknown) => error);
    expect(await ask("CLIENT", "KILL", "ID", id as number)).toBe(1);
    expect(await failure).toBeInstanceOf(LinkError);
    expect(await closed).toBeInstanceOf(LinkError);
    expect(other.send(["PING"], false)).rejects.toThrow(LinkError);
  });

  test("waits while clients are paused, and goes on by itself", async () => {
    await ask("CLIENT", "PAUSE", 10_000, "WRITE");
    const other = server.connect();
    const order: string[] = [];
    const written = other.send(["SET", "paused", "yes"], false).then(() => order.push("set"));
    await ask("GET", "paused").then(() => order.push("get"));
    await ask("CLIENT", "UNPAUSE").then(() => order.push("unpause"));
    await written;
    expect(order).toEqual(["get", "unpause", "set"]);
    await other.close();
  });

  test("gets no answer where it wants none", async () => {
    const other = server.connect();
    expect(await other.send(["CLIENT", "REPLY", "OFF"], false)).toBeNull();
    expect(await other.send(["SET", "quiet", 1], false)).toBeNull();
    expect(await other.send(["CLIENT", "REPLY", "ON"], false)).toBe("OK");
    expect(await other.send(["GET", "quiet"], false)).toBe("1");
    await other.close();
  });

  test("leaves turns to the rest of the program, however long it is only awaited", async () => {
    const turned = Promise.withResolvers<void>();
    let awaits = true;
    setTimeout(() => {
      awaits = false;
      turned.resolve();
    }, 0);
    while (awaits) await ask("INCR", "awaited");
    await turned.promise;
  });
});

describe("the typed client of a server in the process", () => {
  test("sends commands, pipelines and transactions, waits, and listens to channels", async () => {
    const { client } = server;
    expect(await client.set("typed", "grün", { ex: 10 })).toBe("OK");
    expect(await client.bytes.get("typed")).toEqual(new TextEncoder().encode("grün"));
    expect(await client.pipeline().incr("typed:n").get("typed").exec()).toEqual([1, "grün"]);
    expect(await client.multi().incr("typed:n").incr("typed:n").exec()).toEqual([2, 3]);
    const popped = client.blpop("typed:queue", 0);
    await client.rpush("typed:queue", "job");
    expect(await popped).toEqual(["typed:queue", "job"]);
    const subscription = client.subscribe("typed:news");
    const heard = (async () => {
      for await (const { message } of subscription) return message;
      return null;
    })();
    await subscription.ready;
    await client.publish("typed:news", "hello");
    expect(await heard).toBe("hello");
    expect(client.lpush("typed", 1)).rejects.toThrow(ReplyError);
    expect(server.client).toBe(client);
  });
});

describe("servers of a program", () => {
  test("are any number, each with its own data", async () => {
    await using first = await Replicant.inProcess();
    await using second = await Replicant.start();
    await first.connect().send(["SET", "k", "first"], false);
    expect(await second.connect().send(["GET", "k"], false)).toBeNull();
    expect(second.url).toBe(`redis://127.0.0.1:${second.port}`);
    await second.ready;
  });

  test("say what is wrong with an option", async () => {
    const start = (options: object) => Replicant.start(options).then(String, (error: Error) => `${error.name}: ${error.message}`);
    expect(await start({ maxmemoryPolcy: "noeviction" })).toBe(
      'TypeError: Replicant.start: there is no option "maxmemoryPolcy": is it maxmemoryPolicy?',
    );
    expect(await start({ "maxmemory-policy": "noeviction" })).toBe(
      'TypeError: Replicant.start: there is no option "maxmemory-policy": it is maxmemoryPolicy',
    );
    expect(await start({ maxmemoryPolicy: "all" })).toStartWith(
      "TypeError: Replicant.start: maxmemoryPolicy: 'maxmemory-policy \"all\"': argument(s) must be one of the following: volatile-lru",
    );
    expect(await start({ appendonly: true })).toBe(
      "TypeError: Replicant.start: appendonly writes to disk, and no folder is named: dir takes the path of one",
    );
    expect(await start({ daemonize: true })).toBe(
      "TypeError: Replicant.start: daemonize is no option here: a program starts servers in its own process",
    );
    expect(await start({ maxmemory: null })).toBe("TypeError: Replicant.start: maxmemory cannot be null");
    const user = await start({ users: ["ada on >secret ~a:* +@nope"] });
    expect(user).toStartWith("TypeError: Replicant.start: users: 'user ada on >... ~a:* +@nope': ");
  });

  test("without a folder save nothing, and say so", async () => {
    const own = await Replicant.inProcess();
    const link = own.connect();
    const said = (...words: string[]) => link.send(words, false).catch((error: Error) => error.message);
    const refused = "ERR this server has no folder to save to: the option dir names one";
    expect([await said("SAVE"), await said("BGSAVE")]).toEqual([refused, refused]);
    expect(await said("CONFIG", "SET", "save", "1 1")).toContain("This server has no folder");
    expect(await said("CONFIG", "SET", "appendonly", "yes")).toContain("ERR CONFIG SET failed");
    expect(await said("SET", "k", "v")).toBe("OK");
    await own.stop();
  });

  test.skipIf(process.platform === "win32")("listen at a unix socket alone, with a password in their address", async () => {
    const path = `./replicant-${process.pid}.sock`;
    await using own = await Replicant.start({ port: null, unixsocket: path, requirepass: "a secret/word" });
    expect(own.port).toBe(0);
    expect(own.url).toBe(`redis+unix://:a%20secret%2Fword@localhost${resolve(path)}`);
    const redis = new Bun.RedisClient(own.bunRedis());
    expect(await redis.incr("n")).toBe(1);
    redis.close();
    await own.stop();
    expect(existsSync(path)).toBe(false);
  });

  test("listen with TLS, where their files are named", async () => {
    const certificates = `${import.meta.dirname}/../support/certificates`;
    await using own = await Replicant.start({
      port: null,
      tlsPort: freePort(),
      tlsCertFile: `${certificates}/server.crt`,
      tlsKeyFile: `${certificates}/server.key`,
      tlsCaCertFile: `${certificates}/ca.crt`,
      tlsAuthClients: "no",
    });
    expect(own.url).toStartWith("rediss://127.0.0.1:");
    const redis = new Bun.RedisClient(own.url, { tls: { rejectUnauthorized: false } });
    expect(await redis.incr("n")).toBe(1);
    redis.close();
  });

  test("are not waited for by a program that ends, where no one else can reach them", async () => {
    const script = `import { Replicant } from ${JSON.stringify(`${import.meta.dirname}/../../src/index.ts`)};
      const server = await Replicant.inProcess();
      console.log(await server.client.incr("n"));`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
    expect({ output: await child.stdout.text(), code: await child.exited }).toEqual({ output: "1\n", code: 0 });
  });

  test("take nothing more once they have stopped", async () => {
    const stopped = await Replicant.inProcess();
    const { client } = stopped;
    const waiting = client.blpop("q", 0).catch((error: unknown) => error);
    await stopped.stop();
    expect(await waiting).toBeInstanceOf(LinkError);
    expect(client.get("k")).rejects.toThrow(LinkError);
    expect(() => stopped.connect()).toThrow("the server has stopped");
    await stopped.stop();
  });

  test("close a connection after what was sent to it", async () => {
    await using own = await Replicant.inProcess();
    const one = own.connect();
    const seen: Promise<unknown>[] = [];
    own.on("command", ({ command }) => {
      if (command === "set") seen.push(one.send(["INCR", "sets"], false), one.close());
    });
    await own.client.set("k", 1);
    expect(await Promise.all(seen)).toEqual([1, undefined]);
    expect(one.send(["PING"], false)).rejects.toThrow(LinkError);
  });

  test("log where they are told to", async () => {
    const lines: string[] = [];
    await using quiet = await Replicant.inProcess({ log: (line) => lines.push(line) });
    await Promise.resolve();
    expect(lines.join("\n")).toContain("Ready to accept connections");
    expect(await quiet.connect().send(["CONFIG", "GET", "maxmemory"], false)).toEqual(new Map([["maxmemory", "0"]]));
  });
});

test("a client whose link the server ends goes on with another one, with its database and its user", async () => {
  await using server = await Replicant.inProcess();
  const { client } = server;
  const kill = async () => await server.connect().send(["CLIENT", "KILL", "TYPE", "normal"], false);
  await client.select(3);
  const waiting = client.blpop("none", 0).catch((error: Error) => error.name);
  await kill();
  // Without a turn in between.
  const first = client.set("k", "v");
  expect([await first, await waiting, await client.get("k")]).toEqual(["OK", "LinkError", "v"]);
  expect(await client.clientKill([{ type: "normal" }, { skipMe: "NO" }])).toBe(2);
  expect((await client.clientInfo()).match(/ db=3 /)).not.toBeNull();
  await client.aclSetuser("reader", ["on", ">secret", "~*", "+@all", "-set"]);
  await client.auth("secret", { username: "reader" });
  await kill();
  expect(await client.aclWhoami()).toBe("reader");
  await expect(client.set("k", "w")).rejects.toThrow("NOPERM");
  await client.aclDeluser(["reader"]).catch(() => {});
  await Bun.sleep(0);
  await expect(client.get("k")).rejects.toThrow("the link to the server is closed");
  const other = server.connect();
  await server.connect().send(["CLIENT", "KILL", "ID", String(await other.send(["CLIENT", "ID"], false))], false);
  await Bun.sleep(0);
  await expect(other.send(["PING"], false)).rejects.toThrow("the link to the server is closed");
});

test("a client that asks for the end of the server is told that its link has ended, and not of an answer", async () => {
  await using server = await Replicant.inProcess();
  const { client } = server;
  await expect(client.call("SHUTDOWN", "NOSAVE")).rejects.toThrow("the link to the server is closed");
  await server.stopped;
  await expect(client.get("k")).rejects.toThrow("the link to the server is closed");
  expect(Bun.inspect(server)).toBe("Replicant { stopped }");
});

test("a client that asks for the end of a server that cannot save is told so, and goes on", async () => {
  const dir = mkdtempSync(join(tmpdir(), "replicant-shutdown-"));
  await using server = await Replicant.inProcess({ dir, save: "3600 1" });
  rmSync(dir, { recursive: true });
  const { client } = server;
  await client.set("k", "v");
  await expect(client.call("SHUTDOWN", "SAVE")).rejects.toThrow("ERR Errors trying to SHUTDOWN. Check logs.");
  expect(await client.get("k")).toBe("v");
});

test("messages within the replies of a transaction are none of them", async () => {
  await using server = await Replicant.start({ enableDebugCommand: "yes" });
  await using socket = await Client.connect(server.url);
  for (const client of [server.client, socket]) {
    const replies = await client.multi().call("DEBUG", "PROTOCOL", "push").call("PING").exec();
    expect(replies).toEqual(["Some real reply following the push reply", "PONG"]);
    expect(await client.call("PING")).toBe("PONG");
  }
});
