import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient } from "../../support/client.ts";
import { pathOfPeer, wantOfPeers } from "../../support/peers.ts";
import { freePort, type ServerProcess } from "../../support/process.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";
import { type Outcome, ours, theirs } from "./support.ts";

const certificate = (name: string) => join(import.meta.dir, "../../support/certificates", name);

/** Words, and what standard input and the environment hold. P stands for the port, D for a folder, N for a port where no one listens. */
type Case = readonly [words: readonly string[], input?: string | Uint8Array, env?: Readonly<Record<string, string>>];

const CASES: readonly Case[] = [
  [["-p", "P", "ping"]],
  [["-h", "localhost", "-p", "P", "ping"]],
  [["-p", "P", "--no-raw", "ping"]],
  [["-p", "P", "nosuch"]],
  [["-p", "P", "-e", "nosuch"]],
  [["-p", "P", "-e", "ping"]],
  [["-p", "P", "-r", "3", "incr", "repeated"]],
  [["-p", "P", "-r", "2", "-i", "0.01", "echo", "x"]],
  [["-p", "P", "-r", "0", "echo", "x"]],
  [["-p", "P", "-x", "set", "stdin"], "a\0b\xffc\n"],
  [["-p", "P", "--no-raw", "get", "stdin"]],
  [["-p", "P", "-X", "tag", "set", "tagged", "tag"], "from stdin"],
  [["-p", "P", "-X", "tag", "set", "tagged", "other"], "from stdin"],
  [["-p", "P", "-x", "-X", "tag", "set", "a"]],
  [["-p", "P", "--quoted-input", "set", '"nul\\x00byte"', "'single'"]],
  [["-p", "P", "--quoted-input", "--no-raw", "get", '"nul\\x00byte"']],
  [["-p", "P", "--quoted-input", "get", '"unclosed']],
  [["-p", "P", "-n", "5", "client", "getname"]],
  [["-p", "P", "-n", "500", "ping"]],
  [["-p", "P", "-n", "junk", "ping"]],
  [["-p", "P", "-a", "secret", "ping"]],
  [["-p", "P", "-a", "secret", "--no-auth-warning", "ping"]],
  [["-p", "P", "--user", "alice", "--pass", "right", "acl", "whoami"]],
  [["-p", "P", "--user", "alice", "-a", "wrong", "--no-auth-warning", "acl", "whoami"]],
  [["-p", "P", "--user", "alice", "acl", "whoami"], "", { REDISCLI_AUTH: "right" }],
  [["-p", "P", "--user", "alice", "--askpass", "acl", "whoami"], "right\n"],
  [["-p", "P", "--user", "alice", "--askpass", "acl", "whoami"], "right"],
  [["-p", "P", "--user", "alice", "--askpass", "acl", "whoami"], "wrong\n"],
  [["-p", "P", "--user", "alice", "--askpass"], "right\nacl whoami\nping\n"],
  [["-u", "redis://alice:right@127.0.0.1:P/3", "acl", "whoami"]],
  [["-u", "redis://al%69ce:r%69ght@127.0.0.1:P/3", "acl", "whoami"]],
  [["-u", "REDIS://127.0.0.1:P", "ping"]],
  [["-u", "redis://127.0.0.1:P/", "ping"]],
  [["-u", "redis://%zz@127.0.0.1:P", "ping"]],
  [["-u", "redis://a%4", "ping"]],
  [["-u", "redis://a%4@x", "ping"]],
  [["-u", "http://127.0.0.1:P", "ping"]],
  [["-p", "P", "-u", "redis://", "echo", "kept"]],
  [["-p", "N", "ping"]],
  [["-p", "N"], "ping\nping\n"],
  [["-p", "N", "--scan"]],
  [["-p", "N", "--eval", "D/script.lua"]],
  [["-s", "D/none.sock", "ping"]],
  [["-s", "D/redis.sock", "-n", "2", "echo", "through the socket"]],
  [["-s", "D/redis.sock", "-c", "ping"]],
  [["-h", "nosuch.invalid", "-p", "P", "ping"]],
  [["-2", "-3", "ping"]],
  [["--nosuchoption", "ping"]],
  [["-p", "P", "-r"]],
  [["-p", "P", "-c", "get", "a"]],
  [["-p", "P", "--rdb", "x", "--functions-rdb", "y"]],
  [["-p", "P", "--quoted-pattern", '"open', "--scan"]],
  [["-p", "P", "--scan", "--pattern", "re*ed"]],
  [["-p", "P", "--scan", "--quoted-pattern", '"nul\\x00*"', "--no-raw"]],
  [["-p", "P", "-n", "9", "--scan", "--no-raw"]],
  [["-p", "P", "--eval", "D/script.lua", "k1", "k2", ",", "a1", "a2"]],
  [["-p", "P", "--eval", "D/script.lua", "k1"]],
  [["-p", "P", "--eval", "D/script.lua"]],
  [["-p", "P", "--eval", "D/none.lua"]],
  [["-p", "P", "--bigkeys"]],
  [["-p", "P", "-n", "9", "--bigkeys"]],
  [["-p", "P", "--memkeys"]],
  [["-p", "P", "--memkeys-samples", "2"]],
  [["-p", "P", "--hotkeys"]],
  [["-p", "P", "--pipe"], "*1\r\n$4\r\nPING\r\nSET piped 1\r\nNOSUCH\r\nGET piped\r\n"],
  [["-p", "P", "--pipe"], "PING\r\nPING\r\n"],
  [["-p", "P", "--pipe"], ""],
  [["-p", "P", "-3", "--no-raw", "--show-pushes", "yes"], "client tracking on\nget t1\nset t1 x\nping\n"],
  [["-p", "P", "--no-raw"], "config get save\nquit\nping\n"],
  [["-p", "P", "--no-raw"], "EXIT"],
  [["-p", "P"], "ping\r\necho ' x'\r\n"],
  [["-p", "P"], "connect 127.0.0.1 N\nping\nconnect 127.0.0.1 P\nping\n"],
  [["-p", "P", "--no-raw"], "", { FAKETTY: "1" }],
  [["-p", "P", "hgetall", "wide"], "", { FAKETTY: "1" }],
  [["-p", "P", "debug", "protocol", "push"], "", { FAKETTY: "1" }],
  [["-p", "P", "-3", "debug", "protocol", "push"], "", { FAKETTY: "1" }],
];

describeWithRedis("replicant cli and redis-cli", () => {
  let redis: ServerProcess;
  let client: RawClient;
  let folder: string;
  const nobody = String(freePort());
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "replicant-cli-"));
    redis = await startRedis({ args: ["--enable-debug-command", "yes", "--unixsocket", join(folder, "redis.sock")] });
    client = await redis.connect();
    await client.command("ACL", "SETUSER", "alice", "on", ">right", "~*", "+@all");
    await client.command("HSET", "wide", ...Array.from({ length: 24 }, (_, index) => `f${index}`));
    await client.command("RPUSH", "list", "a", "b", "c");
    await client.command("SADD", "set", "a", "b");
    await client.command("ZADD", "zset", 1, "a");
    await client.command("XADD", "stream", "1-1", "a", "b");
    writeFileSync(join(folder, "script.lua"), "return {#KEYS, KEYS[1] or false, ARGV}");
  });
  afterAll(async () => {
    client.close();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  const fill = (word: string) => word.replace(/\bP\b/, String(redis.port)).replace(/\bN\b/, nobody).replace(/^D\//, `${folder}/`);

  /** The types of a summary are in the order of a hash table with redis-cli. */
  function comparable({ out, err, code }: Outcome): Outcome {
    const lines = out.includes("summary") ? out.split("\n").sort().join("\n") : out;
    return { out: lines, err, code };
  }

  for (const [words, input = "", env = {}] of CASES) {
    test(`print and end the same: ${words.join(" ")} ${JSON.stringify(String(input))} ${Object.keys(env).join()}`, async () => {
      const filled = words.map(fill);
      const text = typeof input === "string" ? Buffer.from(input.replace(/\b[PN]\b/g, fill), "latin1") : input;
      await client.command("DEL", "repeated", "piped", "t1");
      const expected = await theirs(filled, { input: text, env });
      await client.command("DEL", "repeated", "piped", "t1");
      const found = await ours(filled, { input: text, env });
      expect(comparable(found)).toEqual(comparable(expected));
    });
  }

  test("keep the same snapshot", async () => {
    await theirs(["-p", String(redis.port), "--rdb", "-"]); // the first one names no history of replication
    for (const option of ["--rdb", "--functions-rdb"]) {
      const found = join(folder, "found.rdb");
      const expected = join(folder, `expected${option}.rdb`);
      writeFileSync(found, "x".repeat(10_000)); // what is there already goes
      const place = ["-p", String(redis.port), option];
      const { err, code } = await ours([...place, found]);
      const theirsToo = await theirs([...place, expected]);
      expect({ code, err: err.replaceAll(found, expected) }).toEqual({ code: 0, err: theirsToo.err });
      expect(keysOf(readFileSync(found))).toEqual(keysOf(readFileSync(expected)));
      const printed = await ours([...place, "-"]);
      expect(printed.out.length).toBe(readFileSync(found).length);
      expect(printed.out.slice(0, 9)).toBe(readFileSync(expected).latin1Slice(0, 9));
    }
  });

  test("print the same errors of a redis that wants a password", async () => {
    await using locked = await startRedis();
    const admin = await locked.connect();
    await admin.command("CONFIG", "SET", "requirepass", "secret");
    admin.close();
    for (const words of [
      ["ping"],
      ["-a", "wrong", "ping"],
      ["-a", "secret", "--no-auth-warning", "ping"],
      ["--scan"],
      ["--bigkeys"],
      ["--stat"],
    ]) {
      const place = ["-p", String(locked.port)];
      expect(await ours([...place, ...words])).toEqual(await theirs([...place, ...words]));
    }
  });
});

describe("the subscribed mode", () => {
  // redis-cli 7.0 waits for an interrupt there.
  const newer = clientOf("redis8");
  for (const [input, ...words] of [
    ["subscribe a b\npsubscribe c*\nget x\nping hello\n", "--no-raw"],
    ["subscribe a\nunsubscribe a\nget none\n", "--raw"],
    ["subscribe a b\nget none\nunsubscribe a b\nget none\n", "-3", "--no-raw"],
    ["ssubscribe a\nsunsubscribe a\nreset\nget none\n", "-3", "--csv"],
    ["unsubscribe\nget none\n", "--no-raw"],
  ]) {
    test.skipIf(newer === null)(
      `is redis-cli's of Redis 8: ${words.join(" ")} ${JSON.stringify(input)}${wantOfPeers("redis8")}`,
      async () => {
        await using server = await startServer();
        const place = ["-p", String(server.port), ...words];
        expect(await ours(place, { input })).toEqual(await theirs(place, { input, program: newer ?? "" }));
      },
    );
  }
});

/** A snapshot without its head, whose times differ, and its checksum. */
function keysOf(rdb: Buffer): string {
  const text = rdb.latin1Slice();
  return [...text.slice(text.indexOf("\xfb"), -8)].sort().join("");
}

describe("replicant cli", () => {
  test("refuses a port that is none", async () => {
    expect(await ours(["-p", "70000", "ping"])).toEqual({ out: "", err: "Invalid server port.\n", code: 1 });
  });

  test("says what it does not have", async () => {
    expect(await ours(["--cluster", "info", "127.0.0.1:1"])).toMatchObject({ code: 1, err: expect.stringContaining("use redis-cli") });
    expect(await ours(["--eval", "x.lua", "--ldb"])).toMatchObject({ code: 1, err: expect.stringContaining("use redis-cli") });
  });

  test("has help and a version that names a Redis", async () => {
    expect((await ours(["--help"])).out).toContain("--memkeys-samples COUNT");
    expect((await ours(["-h"])).out).toStartWith("Usage: replicant cli");
    expect((await ours(["--version"])).out).toMatch(/^redis-cli 7\.2\.\d+ \(replicant /);
  });

  test("does not wait for replies that CLIENT REPLY forbids", async () => {
    await using server = await startServer();
    const input = "client reply skip\nset a 1\nget a\nclient reply off\nset a 2\nget a\nclient reply on\nget a\n";
    expect(await ours(["-p", String(server.port)], { input })).toEqual({ out: "1\nOK\n2\n", err: "", code: 0 });
  });

  test("shows numbers of any size, and what attributes are about", async () => {
    await using server = await startServer();
    const place = ["-p", String(server.port), "-3"];
    expect((await ours([...place, "--csv", "debug", "protocol", "bignum"])).out).toBe("1234567999999999999999999999999999999\n");
    expect((await ours([...place, "debug", "protocol", "attrib"])).out).toBe("Some real reply following the attribute\n");
  });

  test("follows the redirections of a cluster", async () => {
    const requests: string[] = [];
    const answer = (reply: (request: string) => string) =>
      Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: {
          data(socket, data) {
            const request = data
              .latin1Slice()
              .split("\r\n")
              .filter((part) => /^\w/.test(part));
            requests.push(request.join(" "));
            socket.write(reply(request[0].toUpperCase()));
          },
        },
      });
    using holder = answer((request) => (request === "ASKING" ? "+OK\r\n" : "$4\r\nhere\r\n"));
    using first = answer((request) => (request === "GET" ? `-MOVED 3999 127.0.0.1:${second.port}\r\n` : "+OK\r\n"));
    using second = answer(() => `-ASK 3999 127.0.0.1:${holder.port}\r\n`);
    const place = ["-p", String(first.port)];
    expect(await ours([...place, "get", "x"])).toMatchObject({ out: expect.stringContaining("MOVED 3999"), code: 0 });
    requests.length = 0;
    expect(await ours([...place, "-c", "get", "x"])).toEqual({ out: "here\n", err: "", code: 0 });
    expect(requests).toEqual(["get x", "get x", "ASKING", "get x"]);
  });

  test("connects over TLS, and only to whom the certificate is from", async () => {
    const port = freePort();
    await using _ = await startServer({
      "tls-port": String(port),
      "tls-cert-file": certificate("server.crt"),
      "tls-key-file": certificate("server.key"),
      "tls-ca-cert-file": certificate("ca.crt"),
    });
    const own = ["--tls", "--cert", certificate("client.crt"), "--key", certificate("client.key"), "-p", String(port)];
    expect(await ours([...own, "--cacert", certificate("ca.crt"), "ping"])).toEqual({ out: "PONG\n", err: "", code: 0 });
    expect(await ours([...own, "--cacertdir", certificate("."), "ping"])).toEqual({ out: "PONG\n", err: "", code: 0 });
    expect(await ours([...own, "--insecure", "ping"])).toEqual({ out: "PONG\n", err: "", code: 0 });
    const uri = ["-u", `rediss://127.0.0.1:${port}`, ...own.slice(1, 5), "--insecure", "ping"];
    expect(await ours(uri)).toEqual({ out: "PONG\n", err: "", code: 0 });
    for (const words of [["ping"], ["--cacert", certificate("foreign.crt"), "ping"]]) {
      expect(await ours([...own, ...words])).toMatchObject({
        code: 1,
        err: expect.stringContaining("Could not negotiate a TLS connection"),
      });
    }
    const missing = await ours(["--tls", "--cacert", certificate("none.crt"), "-p", String(port), "ping"]);
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("No such file or directory") });
  });
});

/** The redis-cli that is beside a peer's server, or null. */
function clientOf(peer: "redis8"): string | null {
  const path = pathOfPeer(peer)?.replace(/server$/, "cli") ?? null;
  return path !== null && existsSync(path) ? path : null;
}
