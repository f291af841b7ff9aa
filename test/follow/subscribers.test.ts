/** REPLICANT.CHANGES, as a plain client of RESP3 has it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { follow, load, Ours, sameOffset, startReal, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { type Decoded, decode, itemsOf, mapOf } from "../support/decode.ts";
import { freePort } from "../support/process.ts";
import { testWithRedis } from "../support/redis.ts";

type Event = Record<string, unknown>;

/** A client of RESP3, and what it is pushed. */
class Listener implements Disposable {
  readonly client: RawClient;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async to(target: Parameters<typeof connect>[0], ...login: string[]): Promise<Listener> {
    const client = await connect(target);
    const hello = login.length === 0 ? ["HELLO", "3"] : ["HELLO", "3", "AUTH", ...login];
    await client.command(...hello);
    return new Listener(client);
  }

  /** -> the position that it begins behind, or the error. */
  async subscribe(...options: Word[]): Promise<string> {
    const reply = await this.client.command("REPLICANT.CHANGES", "SUBSCRIBE", ...options);
    return reply[0] === 0x2d ? reply.toString().trim() : String(plainMap(decode(reply)).position);
  }

  async event(): Promise<Event> {
    const push = decode(await this.client.readReply());
    const [kind, event] = itemsOf(push);
    expect([typeof push === "object" && push.mark, kind]).toEqual([">", "$replicant.changes"]);
    return plainMap(event);
  }

  async events(count: number): Promise<Event[]> {
    const events: Event[] = [];
    while (events.length < count) events.push(await this.event());
    return events;
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

function plainMap(map: Decoded | undefined): Event {
  return Object.fromEntries([...mapOf(map)].map(([name, value]) => [name, plain(value)]));
}

function plain(value: Decoded): unknown {
  if (typeof value !== "string") return value.items.map(plain);
  if (value === "_") return null;
  const text = value.slice(1);
  if (value[0] === ":") return Number(text);
  return value[0] === "#" ? text === "t" : text;
}

const short = ({ kind, db, key, type, command, args }: Event): string =>
  [kind, db, ...(kind === "change" ? [key, type ?? "?"] : []), command, Array.isArray(args) ? args.join(" ") : "-"].join(" ");

describe("REPLICANT.CHANGES", () => {
  test("pushes each key that is written, with what the command did, from now on", async () => {
    await using ours = await Ours.start();
    await ours.client.text("SET", "before", 1);
    using listener = await Listener.to(ours.port);
    const position = await listener.subscribe();
    expect(position).toMatch(/^[0-9a-f]{40}:0:0$/);
    for (const words of [
      "SET k v",
      "SELECT 2",
      "MSET a 1 b 2",
      "DEL a nothing",
      "SELECT 0",
      "MULTI",
      "INCR n",
      "RPUSH l x",
      "EXEC",
      "SWAPDB 0 1",
    ]) {
      await ours.client.command(...words.split(" "));
    }
    await ours.client.command("EVAL", "redis.call('SADD', KEYS[1], ARGV[1])", 1, "s", Buffer.of(0xff, 13, 10));
    await ours.client.text("FLUSHALL");
    const events = await listener.events(10);
    expect(events.map(short)).toEqual([
      "change 0 k string set k v",
      "change 2 a string mset a 1 b 2",
      "change 2 b string mset a 1 b 2",
      "change 2 a ? del a nothing",
      "change 2 nothing ? del a nothing",
      "change 0 n string incr n",
      "change 0 l list rpush l x",
      "swap 0 swapdb 0 1",
      "change 0 s set sadd s \xff\r\n",
      "flush  flushall ",
    ]);
    expect(events[5].transaction).toBe(events[6].transaction);
    expect(String(events[6].position)).toMatch(/^[0-9a-f]{40}:\d+:0$/);
    // From each of them on come those behind it.
    for (const at of [0, 1, 3, 4, 5, 6, 8]) {
      using again = await Listener.to(ours.port);
      expect(await again.subscribe("FROM", String(events[at].position))).toBe(String(events[at].position));
      expect(await again.events(9 - at)).toEqual(events.slice(at + 1));
    }
  });

  test("keeps to what is asked for, and stops when it is told to", async () => {
    await using ours = await Ours.start();
    using listener = await Listener.to(ours.port);
    await listener.subscribe("KEYS", "user:*", "TYPES", "string,list", "DB", 1);
    await ours.client.text("SELECT", 1);
    for (const words of ["SET user:1 a", "SET other a", "SADD user:set a", "SELECT 0", "SET user:1 b", "SELECT 1", "RPUSH user:list c"]) {
      await ours.client.command(...words.split(" "));
    }
    expect((await listener.events(2)).map(short)).toEqual([
      "change 1 user:1 string set user:1 a",
      "change 1 user:list list rpush user:list c",
    ]);
    expect(await listener.client.text("REPLICANT.CHANGES", "UNSUBSCRIBE")).toBe("OK");
    await ours.client.text("SET", "user:1", "d");
    // A second subscription takes the place of the first.
    await listener.subscribe("FROM", "$");
    await listener.subscribe("KEYS", "x");
    await ours.client.text("SET", "y", 1);
    await ours.client.text("SET", "x", 1);
    expect(short(await listener.event())).toBe("change 1 x string set x 1");
    await listener.client.text("RESET");
    await ours.client.text("SET", "x", 2);
    expect(await listener.client.text("PING")).toBe("PONG");
  });

  test("refuses what it cannot do, in words", async () => {
    await using ours = await Ours.start({ "repl-backlog-size": "16kb" });
    using listener = await Listener.to(ours.port);
    const position = await listener.subscribe();
    await load(ours.client, 40, (index) => ["SET", `key:${index}`, "v".repeat(2000)]);
    await listener.events(40);
    await listener.client.text("REPLICANT.CHANGES", "UNSUBSCRIBE");
    const kept = await ours.client.text("SET", "last", 1);
    expect(kept).toBe("OK");
    const gap = "-GAP The changes behind this position are not kept any more (repl-backlog-size), or are of another history";
    expect(await listener.subscribe("FROM", position)).toBe(gap);
    expect(await listener.subscribe("FROM", `${"0".repeat(40)}:0:0`)).toBe(gap);
    expect(await listener.subscribe("FROM", "12")).toStartWith("-ERR invalid position");
    expect(await listener.subscribe("TYPES", "lists")).toBe("-ERR unknown type: there are string, list, set, zset, hash, stream");
    expect(await listener.subscribe("KEYS")).toBe("-ERR syntax error");
    expect(await listener.subscribe("WHAT", "x")).toBe("-ERR syntax error");
    const old = await ours.client.command("REPLICANT.CHANGES", "SUBSCRIBE");
    expect(old.toString()).toBe("-ERR REPLICANT.CHANGES needs a client that speaks RESP3: HELLO 3\r\n");
  });

  test("shows a user only keys that it may read, and arguments only where it may read all that is in them", async () => {
    await using ours = await Ours.start();
    await ours.client.text("ACL", "SETUSER", "some", "on", ">pw", "+@all", "~user:*", "%W~written:*");
    await ours.client.text("ACL", "SETUSER", "none", "on", ">pw", "-@all", "+hello", "~*");
    using listener = await Listener.to(ours.port, "some", "pw");
    await listener.subscribe();
    for (const words of [
      "SET secret 1",
      "SET user:1 a",
      "MSET user:2 b secret 2",
      "SET written:1 c",
      "RPUSH secret:list 1",
      "SORT secret:list STORE user:3",
      "FUNCTION FLUSH",
    ]) {
      await ours.client.command(...words.split(" "));
    }
    await ours.client.text("SET", "user:4", "d");
    expect((await listener.events(4)).map(short)).toEqual([
      "change 0 user:1 string set user:1 a",
      "change 0 user:2 string mset -",
      "change 0 user:3 list sort -",
      "change 0 user:4 string set user:4 d",
    ]);
    // What it may read no more it is not shown any more.
    await ours.client.text("ACL", "SETUSER", "some", "resetkeys", "~other:*");
    await ours.client.text("SET", "user:5", "e");
    await ours.client.text("SET", "other:1", "f");
    expect(short(await listener.event())).toBe("change 0 other:1 string set other:1 f");
    using refused = await Listener.to(ours.port, "none", "pw");
    expect(await refused.subscribe()).toStartWith("-NOPERM User none has no permissions to run the 'replicant.changes|subscribe' command");
  });

  test("comes over TLS", async () => {
    const folder = join(import.meta.dir, "../support/certificates");
    const tlsPort = freePort();
    await using ours = await Ours.start({
      "tls-port": String(tlsPort),
      "tls-cert-file": join(folder, "server.crt"),
      "tls-key-file": join(folder, "server.key"),
      "tls-ca-cert-file": join(folder, "ca.crt"),
      "tls-auth-clients": "no",
    });
    using listener = await Listener.to({ port: tlsPort, tls: { rejectUnauthorized: false } });
    await listener.subscribe();
    await ours.client.text("SET", "k", "v");
    expect(short(await listener.event())).toBe("change 0 k string set k v");
  });

  test("waits in the journal for a client that does not read, and closes one that is too far behind", async () => {
    // Systems take some ten megabytes for a client that does not read.
    const count = 800;
    const value = "v".repeat(25_000);
    await using ours = await Ours.start({ "repl-backlog-size": "1mb" });
    using listener = await Listener.to(ours.port);
    await listener.subscribe();
    listener.client.pause();
    await load(ours.client, count, (index) => ["SET", `key:${index}`, value]);
    const [session] = [...ours.server.clients].filter(({ protocol }) => protocol === 3);
    expect(session.link.outputBytes).toBeLessThan(2_000_000);
    expect(ours.server.journal.size).toBeGreaterThan(3_000_000);
    listener.client.resume();
    const events = await listener.events(count);
    expect(events.map(({ key }) => key)).toEqual(Array.from({ length: count }, (_, index) => `key:${index}`));
    listener.client.pause();
    await ours.client.text("CONFIG", "SET", "client-output-buffer-limit", "replica 2mb 0 0");
    await load(ours.client, count, (index) => ["SET", `key:${index}`, value]);
    await until("it to be closed", () => [...ours.server.clients].every(({ protocol }) => protocol !== 3));
    expect(ours.log).toContain("A client of REPLICANT.CHANGES");
    expect(ours.server.journal.size).toBeLessThan(4_000_000);
  });

  testWithRedis("goes on at a replica, and says so when that gets other data", async () => {
    await using redis = await startReal();
    await using other = await startReal();
    await using ours = await Ours.start();
    await follow(ours.client, redis.port);
    await redis.client.text("SET", "a", 1);
    await sameOffset(redis.client, ours.client);
    using listener = await Listener.to(ours.port);
    const position = await listener.subscribe();
    await redis.client.text("SET", "b", 1);
    expect(short(await listener.event())).toBe("change 0 b string set b 1");
    await ours.client.text("REPLICAOF", "NO", "ONE");
    await ours.client.text("SET", "c", 1);
    const event = await listener.event();
    expect(short(event)).toBe("change 0 c string set c 1");
    // Under its former name too.
    using again = await Listener.to(ours.port);
    expect(await again.subscribe("FROM", position)).toMatch(/^[0-9a-f]{40}:/);
    expect((await again.events(2)).map(short)).toEqual(["change 0 b string set b 1", "change 0 c string set c 1"]);
    await ours.client.text("REPLICAOF", "127.0.0.1", other.port);
    await until("the other data", async () => (await ours.client.text("EXISTS", "a")) === "0");
    await other.client.text("SET", "d", 1);
    expect(await listener.event()).toEqual({ kind: "gap", reason: "history", after: String(event.position) });
  });
});
