import { describe, expect, test } from "bun:test";
import type { RawClient, Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

/** The elements of a reply that holds an array of bulk strings, in an order of their own. */
function sorted(reply: string): string {
  return [...reply.matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)]
    .map(([, text]) => text)
    .sort()
    .join(" ");
}

describeWithRedis("KEYS, SCAN and RANDOMKEY answer as Redis does", () => {
  const comparison = useComparison();

  test("patterns and types", async () => {
    const requests: Request[] = [["MSET", "one", "1", "two", "2", "three", "3", "[x]", "4", "a\\b", "5", "", "6"]];
    for (const pattern of ["*", "t*", "?wo", "[ot]*", "[^ot]*", "\\[x\\]", "a\\\\b", "", "**", "*e*", "missing"]) {
      requests.push(["KEYS", pattern], ["SCAN", "0", "COUNT", "1000", "MATCH", pattern]);
    }
    for (const type of ["string", "STRING", "list", "hash", "junk"]) requests.push(["SCAN", "0", "COUNT", "1000", "TYPE", type]);
    requests.push(["SCAN", "0", "type", "string", "match", "t*", "count", "1000", "match", "o*"]);
    await comparison().compare([requests], { mask: (reply) => sorted(reply) });
  });

  test("cursors and options that are none", async () => {
    const cursors = [
      "",
      "0",
      "+0",
      "-0",
      "00",
      "a",
      "1a",
      " 0",
      "0 ",
      "-",
      "+",
      "0x1",
      "18446744073709551616",
      "-18446744073709551616",
      "1.0",
      "0\x00x",
    ];
    const requests: Request[] = cursors.map((cursor) => ["SCAN", cursor]);
    requests.push(["SCAN", "18446744073709551615"], ["SCAN", "-18446744073709551615"], ["SCAN", "4294967296"]);
    const options = [
      ["COUNT"],
      ["COUNT", "0"],
      ["COUNT", "-1"],
      ["COUNT", "x"],
      ["MATCH"],
      ["TYPE"],
      ["junk"],
      ["junk", "x"],
      ["COUNT", "9223372036854775807"],
    ];
    for (const option of options) requests.push(["SCAN", "0", ...option]);
    requests.push(["SCAN"], ["KEYS"], ["KEYS", "a", "b"], ["RANDOMKEY"], ["RANDOMKEY", "x"]);
    requests.push(["SET", "k", "v"], ["RANDOMKEY"]);
    await comparison().compare([requests]);
  });
});

describe("a scan", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((...started) => {
    [server, client] = started;
  });

  async function set(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += 1000)
      await client.pipeline(names.slice(from, from + 1000).map((name) => ["SET", name, "v"]));
  }

  function names(prefix: string, count: number): string[] {
    return Array.from({ length: count }, (_, index) => `${prefix}:${index}`);
  }

  /** Scans to the end; `between` runs after each step with the number of the step. -> how often each key came. */
  async function scanAll(options: readonly Word[], between: (step: number) => Promise<unknown>): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    let cursor = "0";
    let step = 0;
    do {
      const [next, ...found] = bulks(await client.command("SCAN", cursor, ...options));
      for (const name of found) seen.set(name, (seen.get(name) ?? 0) + 1);
      cursor = next;
      await between(step++);
    } while (cursor !== "0");
    return seen;
  }

  function bulks(reply: Buffer): string[] {
    return [...reply.toString("latin1").matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, text]) => text);
  }

  const idle = async (): Promise<void> => {};

  test("of a table at rest gives every key once", async () => {
    await client.command("FLUSHALL");
    await set(names("k", 5000));
    while (server.server.keyspace.databases[0].table.rehashing) await client.command("GET", "k:0");
    const seen = await scanAll(["COUNT", "37"], idle);
    expect(seen.size).toBe(5000);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });

  test("gives every key that stays while the table grows a hundredfold", async () => {
    await client.command("FLUSHALL");
    const staying = names("stay", 500);
    await set(staying);
    const seen = await scanAll(["COUNT", "10"], (step) => (step < 50 ? set(names(`new${step}`, 1000)) : idle()));
    expect(staying.filter((name) => !seen.has(name))).toEqual([]);
  });

  test("gives every key that stays while the table shrinks", async () => {
    await client.command("FLUSHALL");
    const staying = names("stay", 300);
    await set([...names("go", 20_000), ...staying]);
    const seen = await scanAll(["COUNT", "50"], (step) =>
      client.command("DEL", ...names("go", 20_000).slice(step * 500, step * 500 + 500), "none"),
    );
    expect(staying.filter((name) => !seen.has(name))).toEqual([]);
  });

  test("gives every key that stays while the table grows and shrinks by turns, and only keys that were there", async () => {
    await client.command("FLUSHALL");
    const staying = names("stay", 200);
    await set(staying);
    const seen = await scanAll(["COUNT", "5"], async (step) => {
      if (step > 60) return;
      if (step % 2 === 0) await set(names("wave", 3000));
      else await client.command("DEL", ...names("wave", 3000));
    });
    expect(staying.filter((name) => !seen.has(name))).toEqual([]);
    expect([...seen.keys()].filter((name) => !/^(stay|wave):\d+$/.test(name))).toEqual([]);
  });

  test("with MATCH gives what matches and with a COUNT looks at no more than it must", async () => {
    await client.command("FLUSHALL");
    await set([...names("a", 1000), ...names("b", 1000)]);
    let steps = 0;
    const seen = await scanAll(["MATCH", "a:*", "COUNT", "100"], async () => {
      steps++;
    });
    expect([...seen.keys()].sort()).toEqual(names("a", 1000).sort());
    expect(steps).toBeGreaterThan(10);
    expect(steps).toBeLessThan(30);
  });

  test("RANDOMKEY gives every key in its turn", async () => {
    await client.command("FLUSHALL");
    await set(names("k", 20));
    const seen = new Set<string>();
    for (let draws = 0; draws < 100_000 && seen.size < 20; draws += 100) {
      for (const reply of await client.pipeline(Array.from({ length: 100 }, () => ["RANDOMKEY"]))) seen.add(reply.toString());
    }
    expect(seen.size).toBe(20);
  });

  test("RANDOMKEY ends where a replica has nothing but expired keys", async () => {
    await client.command("FLUSHALL");
    await client.command("SET", "k", "v");
    const { keyspace } = server.server;
    keyspace.clientExpiryMode = 2;
    await client.command("PEXPIREAT", "k", "1");
    keyspace.clientExpiryMode = 1;
    expect(await client.text("RANDOMKEY")).toBe("k");
    await client.command("SET", "alive", "v");
    for (let draws = 0; draws < 50; draws++) expect(await client.text("RANDOMKEY")).toBe("alive");
    keyspace.clientExpiryMode = 0;
    expect((await client.command("KEYS", "*")).toString()).toBe("*1\r\n$5\r\nalive\r\n");
  });
});
