import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { everyKind, send } from "../../aof/support.ts";
import { startSource, urlOf, wantOf } from "../../follow/support.ts";
import { Ours, until } from "../../replication/support.ts";
import { connect, replyText } from "../../support/client.ts";
import { type ServerProcess, startServer } from "../../support/process.ts";
import { startRedis, testWithRedis } from "../../support/redis.ts";
import { expectNumbers, Move, Writer } from "./support.ts";

/** A directory for a server that is started again. */
class Directory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "replicant-move-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const text = async (server: { connect: ServerProcess["connect"] }, ...words: (string | number)[]): Promise<string> => {
  const client = await server.connect();
  const reply = replyText(await client.command(...words));
  client.close();
  return reply;
};

const AOF = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0"];
const OURS = ["bun", join(import.meta.dir, "../../../src/main.ts")];
const REDIS = ["redis-server"];

describe("a move whose servers start again", () => {
  for (const [name, command] of [
    ["ours", OURS],
    ["redis", REDIS],
  ] as const) {
    testWithRedis(`goes on exactly where a target stood that was killed (${name})`, async () => {
      using folder = new Directory();
      await using source = await startSource("redis");
      let target = await startServer(command, { args: AOF, dir: folder.path });
      const { port } = target;
      try {
        await using writer = await Writer.start(source.port);
        const move = new Move(["--verify", "none", urlOf(source), `127.0.0.1:${port}`]);
        await move.reaches("caught-up");
        await target.stop("SIGKILL");
        target = await startServer(command, { args: AOF, dir: folder.path, port });
        await move.reaches("goes-on");
        const before = writer.done;
        await until("more to be written", () => writer.done > before + 20);
        const done = await writer.stop();
        // The first write may not have come yet: GET has no text then.
        const isThere = async (): Promise<boolean> => (await text(target, "EXISTS", "count")) === "1";
        await until("all to be there", async () => (await isThere()) && (await text(target, "GET", "count")) === String(done));
        expect(await move.stop()).toBe(4);
        const client = await target.connect();
        await expectNumbers(client, done);
        client.close();
      } finally {
        await target.stop();
      }
    });
  }

  testWithRedis("copies all again when the source comes back with another history", async () => {
    using folder = new Directory();
    let source = await startServer(REDIS, { args: AOF, dir: folder.path });
    const { port } = source;
    await using target = await Ours.start();
    try {
      const writer = await Writer.start(port);
      const move = new Move(["--verify", "none", `127.0.0.1:${port}`, urlOf(target)]);
      await move.reaches("caught-up");
      await source.stop("SIGKILL");
      await writer.stop();
      source = await startServer(REDIS, { args: AOF, dir: folder.path, port });
      const count = Number(await text(source, "GET", "count"));
      expect(count).toBeGreaterThanOrEqual(writer.done);
      await move.reaches("gap");
      await text(source, "SET", "last", 1);
      await until("all to be there", async () => replyText(await target.client.command("EXISTS", "last")) === "1");
      expect(await move.stop()).toBe(4);
      await expectNumbers(target.client, count);
    } finally {
      await source.stop();
    }
  });

  testWithRedis("gives back no key that has expired, and loses none that was put off, while the target stood still", async () => {
    await using source = await Ours.start();
    await using target = await startRedis();
    const to = await target.connect();
    const move = new Move(["--pause-source", "60", urlOf(source), `127.0.0.1:${target.port}`]);
    const { client } = source;
    await client.command("HSET", "put off", "n", 1);
    await client.command("PEXPIRE", "put off", 300);
    await client.command("SET", "gone", 5, "PX", 300);
    await client.command("SET", "kept", 5, "PX", 300);
    await move.reaches("caught-up");
    target.kill("SIGSTOP");
    await client.command("HINCRBY", "put off", "n", 1);
    await client.command("INCR", "gone");
    await client.command("PERSIST", "kept");
    await client.command("PEXPIRE", "put off", 3_600_000);
    const expires = Number(replyText(await client.command("PEXPIRETIME", "gone")));
    await until("it to expire", () => Date.now() > expires + 20);
    target.kill("SIGCONT");
    expect(await move.code.then((code) => [code, move.differences()])).toEqual([0, []]);
    expect(replyText(await to.command("HGET", "put off", "n"))).toBe("2");
    expect(replyText(await to.command("EXISTS", "gone"))).toBe("0");
    expect(replyText(await to.command("GET", "kept"))).toBe("5");
    expect(replyText(await to.command("PTTL", "kept"))).toBe("-1");
    to.close();
  });
});

describe("a move is refused", () => {
  const end = async (...words: string[]): Promise<[number, string]> => {
    const move = new Move(words);
    return [await move.code, move.complaints];
  };

  test("to a target that has keys, unless it is said what becomes of them", async () => {
    await using source = await Ours.start();
    await using target = await Ours.start();
    await source.client.command("SET", "a", 1);
    await target.client.command("SET", "b", 2);
    const ends = [urlOf(source), urlOf(target)];
    expect(await end(...ends)).toEqual([
      2,
      expect.stringContaining("has 1 keys: --flush removes all that is there, --replace leaves what is not in the way"),
    ]);
    expect(await end("--until", "caught-up", "--verify", "none", "--replace", ...ends)).toEqual([0, ""]);
    expect(replyText(await target.client.command("GET", "b"))).toBe("2");
    expect(await end("--until", "caught-up", "--flush", ...ends)).toEqual([0, ""]);
    expect(replyText(await target.client.command("DBSIZE"))).toBe("1");
    expect(await end(urlOf(source), urlOf(source))).toEqual([2, "replicant move: both are the same server\n"]);
  });

  test("by a source that lets no one follow it", async () => {
    await using source = await Ours.start();
    await using target = await Ours.start();
    await source.client.command("ACL", "SETUSER", "mover", "on", ">secret", "~*", "+@all", "-psync", "-sync");
    expect(await end("--from-user", "mover", "--verify", "none", `:secret@127.0.0.1:${source.port}`, urlOf(target))).toEqual([
      2,
      expect.stringContaining("answered PSYNC with -NOPERM"),
    ]);
  });

  testWithRedis("no more if scans are asked for, which have all once the source is paused", async () => {
    await using source = await startSource("redis");
    await using target = await Ours.start();
    await send(source.client, everyKind(300));
    await source.client.command("SET", "deleted later", 1);
    await using writer = await Writer.start(source.port);
    const move = new Move(["--mode", "scan", "--interval", "10", "--verify", "100", "--pause-source", "60", urlOf(source), urlOf(target)]);
    await move.reaches("caught-up");
    await source.client.command("DEL", "deleted later");
    expect(await move.code.then((code) => [code, move.differences(), move.complaints])).toEqual([0, [], ""]);
    await expectNumbers(target.client, writer.done);
    expect(replyText(await target.client.command("EXISTS", "deleted later"))).toBe("0");
    expect(replyText(await target.client.command("PEXPIRETIME", "mortal"))).toBe("4000000000123");
    await source.client.command("CLIENT", "UNPAUSE");
  });

  testWithRedis("to an older target for what it cannot hold, which is named before anything is written", async () => {
    await using source = await Ours.start();
    await using target = await startRedis();
    await source.client.command("SET", "plain", 1);
    await source.client.command("HSET", "timed", "f", "v");
    await source.client.command("HPEXPIREAT", "timed", 4_000_000_000_000, "FIELDS", 1, "f");
    const ends = [urlOf(source), `127.0.0.1:${target.port}`];
    const [code, said] = await end("--until", "caught-up", ...ends);
    expect(said).toContain(
      'cannot go: the hash with field expiry (Valkey) at key "timed" of database 0: fields of it expire, which version 10 has no form for\n',
    );
    expect(said).toContain("cannot hold this, so nothing was written (--skip leaves out what cannot go)");
    expect(code).toBe(3);
    expect(await text(target, "DBSIZE")).toBe("0");
    expect((await end("--skip", "--verify", "none", "--until", "caught-up", ...ends))[0]).toBe(0);
    expect(await text(target, "RANDOMKEY")).toBe("plain");
  });

  test("for words that make no sense", async () => {
    const said = async (...words: string[]): Promise<string> => (await end(...words))[1];
    expect(await said()).toBe("replicant move: two servers are needed (see replicant move --help)\n");
    expect(await said("--flush", "--replace", "a:1", "b:1")).toContain("exclude each other");
    expect(await said("--until", "noon", "a:1", "b:1")).toContain("--until needs caught-up");
    expect(await said("--unpause", "a:1", "b:1")).toContain("--unpause belongs to --pause-source");
    expect(await said("redis://a:1/2", "b:1")).toContain("all databases are moved");
    expect(await said("--bla", "a:1", "b:1")).toContain("there is no option --bla");
    expect(await said("nowhere", "b:1")).toContain("nowhere is no HOST:PORT");
  });
});

describe("the ends of a move", () => {
  for (const to of ["ours", "valkey9"] as const) {
    const want = wantOf("redis") || wantOf(to);
    test.skipIf(want !== "")(`are logged in at as users whose passwords the environment has (${to})${want}`, async () => {
      await using source = await startSource("redis");
      await using target = await startSource(to);
      await source.client.command("SET", "a", 1);
      const rights = readFileSync(join(import.meta.dir, "../../../docs/moving.md"), "utf8").match(
        /FROM's user needs `(.*?)`[\s\S]*?`(\+@read\s.*?)`;/s,
      );
      const words = `${rights?.[1]} ${rights?.[2]}`.split(/\s+/);
      expect(words).toContain("+psync");
      await source.client.command("ACL", "SETUSER", "reader", "on", ">one", "~*", "&*", ...words);
      await target.client.command("ACL", "SETUSER", "writer", "on", ">two", "~*", "+@all");
      for (const { client } of [source, target]) await client.command("ACL", "SETUSER", "default", "off");
      const environment = {
        REPLICANT_FROM: `redis://reader@127.0.0.1:${source.port}`,
        REPLICANT_TO: `127.0.0.1:${target.port}`,
        REPLICANT_FROM_PASSWORD: "one",
        REPLICANT_TO_PASSWORD: "two",
      };
      const move = new Move(["--pause-source", "60", "--unpause", "--to-user", "writer"], environment);
      expect(await move.code.then((code) => [code, move.complaints])).toEqual([0, expect.not.stringContaining("seen by others")]);
      expect(replyText(await target.client.command("GET", "a"))).toBe("1");
    });
  }

  test("are compared before a switch: what differs is named, and there is no switch", async () => {
    await using source = await Ours.start();
    await using target = await Ours.start();
    await source.client.command("SET", "a", 1);
    const move = new Move(["--verify", "none", "--until", "caught-up", urlOf(source), urlOf(target)]);
    expect(await move.code).toBe(0);
    await target.client.command("SET", "b", 1);
    const again = new Move(["--replace", "--until", "caught-up", urlOf(source), urlOf(target)]);
    expect(await again.code).toBe(1);
    expect(again.differences()).toEqual([{ event: "difference", kind: "missing-here", db: 0, key: "b" }]);
    const client = await connect(target.port);
    client.close();
  });
});
