/** REPLICANT.TREE, REPLICANT.SEARCH and REPLICANT.BIGKEYS beside what can be found out key by key with SCAN, TYPE, PTTL and MEMORY USAGE. */
import { describe, expect, test } from "bun:test";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { Random } from "../support/property.ts";
import { startServer, type TestServer } from "../support/server.ts";

const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
const isLong = process.env.REPLICANT_LONG === "1";

interface Key {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly elements: number;
  readonly expires: boolean;
}

const LENGTHS: Readonly<Record<string, string>> = {
  string: "STRLEN",
  list: "LLEN",
  set: "SCARD",
  zset: "ZCARD",
  hash: "HLEN",
  stream: "XLEN",
};

/** Random names with few different parts, some with bytes that are no text. */
function nameOf(random: Random): string {
  const parts = Array.from({ length: random.between(1, 4) }, () =>
    random.pick(["a", "b", "", "user", "x::y", "\xff\x00\r\n", `${random.between(0, 9)}`]),
  );
  return parts.join(random.pick([":", ":", "::", "/"]));
}

function commandFor(name: string, random: Random): readonly Word[] {
  const key = Buffer.from(name, "latin1");
  const count = random.between(1, 20);
  const words = (size: number): Word[] => Array.from({ length: size }, (_, index) => `${index}-${"v".repeat(random.between(0, 90))}`);
  switch (random.between(0, 6)) {
    case 0:
      return ["RPUSH", key, ...words(count)];
    case 1:
      return ["SADD", key, ...words(count)];
    case 2:
      return ["HSET", key, ...words(count * 2)];
    case 3:
      return ["ZADD", key, ...words(count).flatMap((word, index) => [index, word])];
    case 4:
      return ["XADD", key, "*", ...words(2)];
    default:
      return ["SET", key, "v".repeat(random.between(0, random.pick([20, 5000])))];
  }
}

async function fill(client: RawClient, random: Random, count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    const name = nameOf(random);
    await client.command(...commandFor(name, random));
    if (random.between(0, 3) === 0) await client.command("EXPIRE", Buffer.from(name, "latin1"), random.pick([50, 5000]));
  }
}

/** A reply of one line, errors too. */
async function line(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString("latin1").trimEnd();
}

async function ask(client: RawClient, ...words: Word[]): Promise<ReturnType<typeof mapOf>> {
  return mapOf(decode(await client.command(...words)));
}

async function number(client: RawClient, ...words: Word[]): Promise<number> {
  return Number(textOf(decode(await client.command(...words))));
}

async function allKeys(client: RawClient): Promise<Key[]> {
  const keys: Key[] = [];
  for (const item of itemsOf(decode(await client.command("KEYS", "*")))) {
    const name = textOf(item);
    const key = Buffer.from(name, "latin1");
    const type = textOf(decode(await client.command("TYPE", key)));
    keys.push({
      name,
      type,
      bytes: await number(client, "MEMORY", "USAGE", key, "SAMPLES", 0),
      elements: await number(client, LENGTHS[type] ?? "", key),
      expires: (await number(client, "PTTL", key)) >= 0,
    });
  }
  return keys;
}

interface Line {
  readonly name: string;
  readonly type: string;
  readonly keys: number;
  readonly bytes: number;
}

/** The level below a prefix, as anyone would work it out. */
function levelOf(keys: readonly Key[], prefix: string, separator: string): Line[] {
  const branches = new Map<string, Line>();
  const leaves: Line[] = [];
  for (const { name, type, bytes } of keys) {
    if (!name.startsWith(prefix)) continue;
    const at = name.indexOf(separator, prefix.length);
    if (at < 0) leaves.push({ name, type, keys: 1, bytes });
    else {
      const branch = name.slice(0, at + separator.length);
      const before = branches.get(branch) ?? { keys: 0, bytes: 0 };
      branches.set(branch, { name: branch, type: "branch", keys: before.keys + 1, bytes: before.bytes + bytes });
    }
  }
  return [...branches.values(), ...leaves];
}

function inOrder(lines: readonly Line[], by: string): Line[] {
  const value = (line: Line): number => (by === "NAME" ? 0 : by === "KEYS" && line.type === "branch" ? line.keys : line.bytes);
  const compare = (a: Line, b: Line): number => value(b) - value(a) || (a.name < b.name ? -1 : 1);
  const part = (leaf: boolean): Line[] => lines.filter(({ type }) => (type !== "branch") === leaf).sort(compare);
  return [...part(false), ...part(true)];
}

/** All pages of a level. */
async function pagesOf(
  client: RawClient,
  words: readonly Word[],
  count: number,
): Promise<{ lines: Line[]; reply: ReturnType<typeof mapOf> }> {
  const lines: Line[] = [];
  let after: Word[] = [];
  for (;;) {
    const reply = await ask(client, "REPLICANT.TREE", ...words, "COUNT", count, ...after);
    for (const entry of itemsOf(reply.get("entries"))) {
      const [name, type, keys, bytes] = itemsOf(entry).map(textOf);
      lines.push({ name: name ?? "", type: type ?? "", keys: Number(keys), bytes: Number(bytes) });
    }
    const next = reply.get("next");
    if (next === "$-1" || next === "_") return { lines, reply };
    expect(itemsOf(reply.get("entries")).length).toBe(count);
    after = ["AFTER", Buffer.from(textOf(next), "latin1")];
  }
}

/** Random levels of what a client sees, beside `keys`. */
async function compareLevels(client: RawClient, keys: readonly Key[], random: Random, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const separator = random.pick([":", ":", "::", "/", "\xff"]);
    const from = random.pick(keys)?.name ?? "";
    const prefix = random.pick([true, false])
      ? from.slice(0, from.lastIndexOf(separator) + separator.length)
      : from.slice(0, random.between(0, 6));
    const by = random.pick(["NAME", "KEYS", "BYTES"]);
    const words = ["PREFIX", Buffer.from(prefix, "latin1"), "SEPARATOR", Buffer.from(separator, "latin1"), "BY", by];
    const { lines, reply } = await pagesOf(client, words, random.pick([1, 3, 100]));
    const wanted = inOrder(levelOf(keys, prefix, separator), by);
    expect({ seed, prefix, separator, by, lines }).toEqual({ seed, prefix, separator, by, lines: wanted });
    const sum = (of: "keys" | "bytes"): string => String(wanted.reduce((total, line) => total + line[of], 0));
    expect(textOf(reply.get("keys"))).toBe(sum("keys"));
    expect(textOf(reply.get("bytes"))).toBe(sum("bytes"));
    expect(textOf(reply.get("branches"))).toBe(String(wanted.filter(({ type }) => type === "branch").length));
    expect(textOf(reply.get("leaves"))).toBe(String(wanted.filter(({ type }) => type !== "branch").length));
  }
}

async function filled(
  directives: Parameters<typeof startServer>[0],
  random: Random,
  count: number,
): Promise<{ server: TestServer; client: RawClient }> {
  const server = await startServer(directives);
  const client = await connect(server.port);
  await fill(client, random, count);
  return { server, client };
}

describe("REPLICANT.TREE", () => {
  for (const [how, directives] of [
    ["by a walk for each request", {}],
    ["from a tree that is kept", { "key-tree-kept-from": "0" }],
    ["when the list of keys has no room", { "key-tree-kept-from": "0", "key-tree-memory": "60" }],
  ] as const) {
    test(`shows levels as they are, ${how}`, async () => {
      const random = new Random(seed);
      const { server, client } = await filled(directives, random, 250);
      await using _ = server;
      await compareLevels(client, await allKeys(client), random, 15);
      await client.command("SELECT", 3);
      await fill(client, random, 20);
      await compareLevels(client, await allKeys(client), random, 5);
      client.close();
    });
  }

  test("goes by filters, and shows no key that has expired", async () => {
    const random = new Random(seed);
    const { server, client } = await filled({}, random, 200);
    await using _ = server;
    server.server.housekeeping.activeExpiry = false;
    const keys = await allKeys(client);
    await client.command("SET", "a:gone", "v", "PX", 1);
    while (await number(client, "PTTL", "a:gone").then((left) => left > 0));
    const cases: [Word[], (key: Key) => boolean][] = [
      [["TYPE", "hash"], ({ type }) => type === "hash"],
      [["MATCH", "*user*"], ({ name }) => name.includes("user")],
      [["MINSIZE", 100, "MAXSIZE", 1000], ({ bytes }) => bytes >= 100 && bytes <= 1000],
      [["TTL", "WITH"], ({ expires }) => expires],
      [["TTL", "WITHOUT"], ({ expires }) => !expires],
      [["TTL", "BELOW", 10], () => false],
      [["TTL", "BELOW", 100000, "TYPE", "string"], ({ expires, type }) => expires && type === "string"],
    ];
    for (const [words, takes] of cases) {
      const { lines } = await pagesOf(client, words, 1000);
      expect({ seed, words, lines }).toEqual({ seed, words, lines: inOrder(levelOf(keys.filter(takes), "", ":"), "NAME") });
    }
    client.close();
  });

  test("shows a user what its rules let it read, from a tree of its own", async () => {
    for (const directives of [{}, { "key-tree-kept-from": "0" }]) {
      const random = new Random(seed);
      const { server, client } = await filled(directives, random, 200);
      await using _ = server;
      const keys = await allKeys(client);
      await client.command("REPLICANT.TREE");
      await client.command("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~user*", "%R~a:*", "%W~b*");
      const user = await connect(server.port);
      await user.command("AUTH", "u", "x");
      const readable = keys.filter(({ name }) => name.startsWith("user") || name.startsWith("a:"));
      await compareLevels(user, readable, random, 10);
      await client.command("ACL", "SETUSER", "u", "resetkeys", "~b*");
      await compareLevels(
        user,
        keys.filter(({ name }) => name.startsWith("b")),
        random,
        5,
      );
      await client.command("ACL", "SETUSER", "u", "-replicant.tree");
      expect(await line(user, "REPLICANT.TREE")).toStartWith("-NOPERM");
      user.close();
      client.close();
    }
  });

  test("keeps a tree until it is asked for a new one, or the database is another", async () => {
    await using server = await startServer({ "key-tree-kept-from": "0" });
    const client = await connect(server.port);
    await client.command("SET", "a:1", "v");
    const keys = async (...words: Word[]): Promise<string> => textOf((await ask(client, "REPLICANT.TREE", ...words)).get("keys"));
    expect(await keys()).toBe("1");
    await client.command("SET", "a:2", "v");
    expect(await keys("FRESH")).toBe("2");
    await client.command("SWAPDB", 0, 1);
    expect(await keys()).toBe("0");
    expect(await keys("DB", 1)).toBe("2");
    await client.command("FLUSHALL");
    expect(await keys("DB", 1)).toBe("0");
    expect(server.server.inspections.heldBytes).toBeGreaterThan(0);
    client.close();
  });

  test("counts what is there all the time once while keys come and go, and the table grows and shrinks", async () => {
    for (const directives of [{}, { "key-tree-kept-from": "0" }]) {
      await using server = await startServer(directives);
      const client = await connect(server.port);
      await client.command("DEBUG", "POPULATE", 50_000, "stays:user", 10);
      const writer = await connect(server.port);
      let over = false;
      const writes = (async () => {
        for (let round = 0; !over; round++) {
          await writer.command("EVAL", `for i = 1, 2000 do redis.call('SET', 'comes:' .. i, string.rep('x', ${(round % 5) * 50})) end`, 0);
          await writer.command("EVAL", "for i = 1, 2000 do redis.call('DEL', 'comes:' .. i) end", 0);
        }
      })();
      for (let round = 0; round < 5; round++) {
        const reply = await ask(client, "REPLICANT.TREE", "PREFIX", "stays:", "FRESH");
        expect(textOf(reply.get("keys"))).toBe("50000");
      }
      over = true;
      await writes;
      writer.close();
      client.close();
    }
  });

  test("refuses what it does not know", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    for (const [request, error] of [
      ["REPLICANT.TREE SEPARATOR", "-ERR syntax error"],
      ["REPLICANT.TREE DB 99", "-ERR DB index is out of range"],
      ["REPLICANT.TREE TYPE tree", "-ERR unknown type name 'tree'"],
      ["REPLICANT.TREE COUNT 0", "-ERR value is not an integer or out of range"],
      ["REPLICANT.TREE AFTER x", "-ERR invalid position: it is the 'next' of a page before"],
      ["REPLICANT.TREE BY SIZE", "-ERR syntax error"],
      ["REPLICANT.TREE TTL BELOW", "-ERR syntax error"],
      ["REPLICANT.SEARCH x", "-ERR invalid cursor"],
    ] as const)
      expect(await line(client, ...request.split(" "))).toBe(error);
    expect(await line(client, "REPLICANT.TREE", "SEPARATOR", "")).toBe("-ERR invalid separator: it is empty");
    await client.command("MULTI");
    expect(await line(client, "REPLICANT.TREE")).toBe("-ERR Command not allowed inside a transaction");
    client.close();
  });

  test("tells branches apart up to a number, and counts the rest together", async () => {
    for (const directives of [{}, { "key-tree-kept-from": "0" }]) {
      await using server = await startServer(directives);
      const client = await connect(server.port);
      await client.command("EVAL", "for i = 1, 70000 do redis.call('SET', i .. ':x', 'v') end redis.call('SET', 'leaf', 'v')", 0);
      const reply = await ask(client, "REPLICANT.TREE", "BY", "BYTES", "COUNT", 5);
      expect(textOf(reply.get("keys"))).toBe("70001");
      const branches = Number(textOf(reply.get("branches")));
      const rest = reply.get("rest");
      const restKeys = typeof rest === "string" ? 0 : Number(textOf(itemsOf(rest)[0]));
      expect(branches + restKeys + Number(textOf(reply.get("leaves")))).toBe(70_001);
      client.close();
    }
  });
});

describe("REPLICANT.SEARCH", () => {
  test("finds the keys that filters take, in several steps", async () => {
    const random = new Random(seed);
    const { server, client } = await filled({}, random, 300);
    await using _ = server;
    const keys = await allKeys(client);
    const cases: [Word[], (key: Key) => boolean][] = [
      [[], () => true],
      [["MATCH", "*a*", "TYPE", "string"], ({ name, type }) => name.includes("a") && type === "string"],
      [["PREFIX", "user", "MINSIZE", 50], ({ name, bytes }) => name.startsWith("user") && bytes >= 50],
      [["TTL", "BELOW", 100], () => false],
    ];
    for (const [words, takes] of cases.slice(0, 3)) {
      const found = new Map<string, string>();
      let cursor = "0";
      let looked = 0;
      do {
        const reply = await ask(client, "REPLICANT.SEARCH", cursor, ...words, "COUNT", 7);
        cursor = textOf(reply.get("cursor"));
        looked += Number(textOf(reply.get("looked")));
        for (const item of itemsOf(reply.get("keys"))) {
          const [name, type, bytes] = itemsOf(item).map(textOf);
          found.set(name ?? "", `${type} ${bytes}`);
        }
      } while (cursor !== "0");
      expect(looked).toBe(keys.length);
      const wanted = new Map(keys.filter(takes).map(({ name, type, bytes }) => [name, `${type} ${bytes}`]));
      expect(new Map([...found].sort())).toEqual(new Map([...wanted].sort()));
    }
    client.close();
  });
});

test("REPLICANT.SEARCH finds what is there all the time, while the table grows and shrinks", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  await client.command("DEBUG", "POPULATE", 3000, "stays", 4);
  const found = new Set<string>();
  let cursor = "0";
  for (let step = 0; ; step++) {
    const reply = await ask(client, "REPLICANT.SEARCH", cursor, "PREFIX", "stays", "COUNT", 100);
    cursor = textOf(reply.get("cursor"));
    for (const item of itemsOf(reply.get("keys"))) found.add(textOf(itemsOf(item)[0]));
    if (cursor === "0") break;
    const comes = step % 12 < 6;
    await client.command(
      "EVAL",
      `for i = 1, 3000 do redis.call('${comes ? "SET" : "DEL"}', '${step % 6}:' .. i ${comes ? ", 'v'" : ""}) end`,
      0,
    );
  }
  expect(found.size).toBe(3000);
  client.close();
});

describe("REPLICANT.BIGKEYS", () => {
  test("shows the largest by bytes or elements, and what each type takes", async () => {
    const random = new Random(seed);
    const { server, client } = await filled({}, random, 300);
    await using _ = server;
    await client.command("RPUSH", "long", ...Array.from({ length: 3000 }, (_, index) => `element ${index}`));
    await client.command("SADD", "wide", ...Array.from({ length: 3000 }, (_, index) => `member ${index}`));
    await client.command("ZADD", "board", ...Array.from({ length: 3000 }, (_, index) => [index, `member ${index}`]).flat());
    await client.command("HSET", "map", ...Array.from({ length: 3000 }, (_, index) => [`field ${index}`, "v"]).flat());
    await client.command("SET", "blocks", "v".repeat(300_000));
    const keys = await allKeys(client);
    for (const by of ["bytes", "elements"] as const) {
      const reply = await ask(client, "REPLICANT.BIGKEYS", "BY", by, "COUNT", 30);
      const shown = itemsOf(reply.get("biggest")).map((item) => Number(textOf(itemsOf(item)[by === "bytes" ? 2 : 3])));
      const wanted = keys.map((key) => key[by]).sort((a, b) => b - a);
      expect({ seed, shown }).toEqual({ seed, shown: wanted.slice(0, 30) });
      expect(textOf(reply.get("bytes"))).toBe(String(keys.reduce((sum, { bytes }) => sum + bytes, 0)));
      for (const [type, figures] of mapOf(reply.get("types"))) {
        const own = keys.filter((key) => key.type === type);
        const sum = (of: "bytes" | "elements"): number => own.reduce((total, key) => total + key[of], 0);
        expect(itemsOf(figures).map((figure) => Number(textOf(figure)))).toEqual([own.length, sum("bytes"), sum("elements")]);
      }
    }
    client.close();
  });
});

test.skipIf(!isLong)(
  "a million keys: branches and leaves of every branch, from a walk and from a tree that is kept",
  async () => {
    for (const directives of [{}, { "key-tree-kept-from": "2000000" }]) {
      await using server = await startServer(directives);
      const client = await connect(server.port);
      for (let app = 0; app < 10; app++) await client.command("DEBUG", "POPULATE", 100_000, `app:${app}:user`, 8);
      const top = await ask(client, "REPLICANT.TREE", "PREFIX", "app:");
      expect(textOf(top.get("keys"))).toBe("1000000");
      for (const entry of itemsOf(top.get("entries"))) expect(textOf(itemsOf(entry)[2])).toBe("100000");
      const below = await ask(client, "REPLICANT.TREE", "PREFIX", "app:7:user:", "COUNT", 1);
      expect(textOf(below.get("leaves"))).toBe("100000");
      // Page by page only from a tree that is kept: each page of a walk takes as long as all of them.
      if (server.server.inspections.heldBytes === 0) {
        client.close();
        continue;
      }
      const { lines } = await pagesOf(client, ["PREFIX", "app:7:user:"], 1000);
      expect(new Set(lines.map(({ name }) => name)).size).toBe(100_000);
      client.close();
    }
  },
  120_000,
);
