/**
 * COMMAND, against a real Redis: facts about every command we have must be the same, sentences need not. Where Redis 7.2 changed what
 * 7.0.15 says, the command and the field stand in a table.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type RawClient, replyText, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { type Decoded, decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";
import { useServer } from "../support/server.ts";
import { CHANGED_SINCE_7_0, NEW_SINCE_7_0, OURS } from "./command-changes.ts";
import { describeDocs, describeInfo } from "./command-facts.ts";

async function ask(client: RawClient, ...words: Word[]): Promise<Decoded> {
  return decode(await client.command(...words));
}

/** Facts by field that differ between the two, as `name field`. */
function differences(name: string, ours: Record<string, unknown>, theirs: Record<string, unknown>): string[] {
  return Object.keys({ ...ours, ...theirs })
    .filter((field) => !Bun.deepEquals(ours[field], theirs[field]))
    .map((field) => `${name} ${field}`);
}

describeWithRedis("what COMMAND says, beside Redis", () => {
  const both = useComparison();
  let ours: RawClient;
  let redis: RawClient;
  let names: string[];

  beforeAll(async () => {
    ours = await connect(both().ours.port);
    redis = await connect(both().redis.port);
    names = itemsOf(await ask(ours, "COMMAND", "LIST"))
      .map(textOf)
      .filter((name) => !NEW_SINCE_7_0.has(name) && !OURS.has(name));
  });
  afterAll(() => {
    ours.close();
    redis.close();
  });

  for (const protocol of [2, 3]) {
    test(`COMMAND INFO gives the same facts, RESP${protocol}`, async () => {
      await Promise.all([ours.command("HELLO", protocol), redis.command("HELLO", protocol)]);
      const found: string[] = [];
      for (const name of names) {
        const [mine, theirs] = await Promise.all([ask(ours, "COMMAND", "INFO", name), ask(redis, "COMMAND", "INFO", name)]);
        found.push(...differences(name, describeInfo(mine, names), describeInfo(theirs, names)));
      }
      expect(found.filter((difference) => !CHANGED_SINCE_7_0.has(difference))).toEqual([]);
    });

    test(`COMMAND DOCS gives the same facts, RESP${protocol}`, async () => {
      await Promise.all([ours.command("HELLO", protocol), redis.command("HELLO", protocol)]);
      const found: string[] = [];
      for (const name of names) {
        const [mine, theirs] = await Promise.all([ask(ours, "COMMAND", "DOCS", name), ask(redis, "COMMAND", "DOCS", name)]);
        found.push(...differences(name, describeDocs(mine, name, names), describeDocs(theirs, name, names)));
      }
      expect(found.filter((difference) => !CHANGED_SINCE_7_0.has(difference))).toEqual([]);
    });
  }

  test("names are found in any case, subcommands by both their names; unknown ones are null in INFO and left out of DOCS", async () => {
    const names = ["gEt", "config|GET", "client|", "|", "a|b|c", "get|x", "nosuch", "config|nosuch", "", "client|id|x"];
    for (const protocol of [2, 3] as const) {
      await both().compare([names.map((name): Request => ["COMMAND", "INFO", name, "nosuch", name])], {
        protocol,
      });
    }
    const docs = mapOf(await ask(ours, "COMMAND", "DOCS", "nosuch", "GET", "client|ID", "a|b|c"));
    expect([...docs.keys()]).toEqual(["get", "client|id"]);
  });

  const REFUSED: readonly Request[] = [
    ["COMMAND", "NOSUCH"],
    ["COMMAND", "COUNT", "x"],
    ["COMMAND", "LIST", "x"],
    ["COMMAND", "LIST", "FILTERBY"],
    ["COMMAND", "LIST", "FILTERBY", "ACLCAT"],
    ["COMMAND", "LIST", "FILTERBY", "nosuch", "x"],
    ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "string", "x"],
    ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "string", "FILTERBY", "PATTERN", "x"],
    ["COMMAND", "HELP", "x"],
    ["COMMAND", "GETKEYS", "nosuch", "a"],
    ["COMMAND", "GETKEYS", "ping", "a"],
    ["COMMAND", "GETKEYS", "client", "nosuch"],
    ["COMMAND", "GETKEYS", "client", "id"],
    ["COMMAND", "GETKEYS", "get", "a", "b"],
    ["COMMAND", "GETKEYS", "set", "a"],
    ["COMMAND", "GETKEYSANDFLAGS", "ping", "a"],
    ["COMMAND", "GETKEYSANDFLAGS", "nosuch", "a"],
  ];
  test("bad requests get the same errors", () => both().compare([REFUSED]));

  const KEYED: readonly Request[] = [
    ["get", "a"],
    ["GET", "a"],
    ["set", "a", "b"],
    ["set", "a", "b", "gEt"],
    ["set", "a", "get", "ex", "1"],
    ["set", "a", "b", "px", "get"],
    ["mset", "a", "1", "b", "2"],
    ["mget", "a", "b", "c"],
    ["watch", "a", "b"],
    ["msetnx", "a", "1"],
    ["object", "encoding", "a"],
    ["OBJECT", "FREQ", "a"],
    ["rename", "a", "b"],
    ["copy", "a", "b", "DB", "1"],
  ];
  for (const protocol of [2, 3] as const) {
    test(`GETKEYS and GETKEYSANDFLAGS find the same keys, RESP${protocol}`, async () => {
      await both().compare(
        [
          KEYED.flatMap((request): Request[] => [
            ["COMMAND", "GETKEYS", ...request],
            ["COMMAND", "GETKEYSANDFLAGS", ...request],
          ]),
        ],
        { protocol },
      );
    });
  }

  test("COMMAND HELP has the same form", async () => {
    const [mine, theirs] = await Promise.all([ask(ours, "COMMAND", "HELP"), ask(redis, "COMMAND", "HELP")]);
    const usages = (help: Decoded) =>
      itemsOf(help)
        .map(String)
        .filter((line) => !line.startsWith("+    "));
    expect(usages(mine)[0]).toBe(usages(theirs)[0]);
    expect(usages(mine).at(-1)).toBe("+HELP");
    const words = (help: Decoded) =>
      usages(help)
        .map((usage) => usage.split(" ")[0])
        .sort();
    expect(words(mine)).toEqual(words(theirs));
  });
});

describe("COMMAND", () => {
  let client: RawClient;
  useServer((_, connected) => {
    client = connected;
  });

  const listed = async (...filter: string[]) => itemsOf(await ask(client, "COMMAND", "LIST", ...filter)).map(textOf);

  test("without arguments, INFO without names, DOCS without names and COUNT speak of the same commands", async () => {
    const top = (await listed()).filter((name) => !name.includes("|")).sort();
    const named = (reply: Decoded) =>
      itemsOf(reply)
        .map((item) => textOf(itemsOf(item)[0]))
        .sort();
    expect(named(await ask(client, "COMMAND"))).toEqual(top);
    expect(named(await ask(client, "COMMAND", "INFO"))).toEqual(top);
    expect([...mapOf(await ask(client, "COMMAND", "DOCS")).keys()].sort()).toEqual(top);
    expect(replyText(await client.command("COMMAND", "COUNT"))).toBe(String(top.length));
    expect(new Set(top).size).toBe(top.length);
  });

  test("every command has a summary and a version", async () => {
    const [...docs] = mapOf(await ask(client, "COMMAND", "DOCS", ...(await listed())));
    const wanting = docs.filter(([, doc]) => ["summary", "since"].some((field) => textOf(mapOf(doc).get(field) ?? "$") === ""));
    expect(wanting.map(([name]) => name)).toEqual([]);
  });

  test("LIST filters by category, by pattern in any case, and finds no modules", async () => {
    expect((await listed("FILTERBY", "ACLCAT", "Transaction")).sort()).toEqual(["discard", "exec", "multi", "unwatch", "watch"]);
    expect(await listed("filterby", "aclcat", "nosuch")).toEqual([]);
    expect(await listed("FILTERBY", "MODULE", "nosuch")).toEqual([]);
    expect((await listed("FILTERBY", "PATTERN", "CLIENT|[gs]et*")).sort()).toEqual([
      "client|getname",
      "client|getredir",
      "client|setinfo",
      "client|setname",
    ]);
    expect(await listed("FILTERBY", "PATTERN", "eXe?")).toEqual(["exec"]);
  });

  test("what 7.2 changed since 7.0 is as in 7.2", async () => {
    const info = async (name: string) => describeInfo(await ask(client, "COMMAND", "INFO", name), []);
    expect((await info("client|setname")).tips).toEqual(["$request_policy:all_nodes", "$response_policy:all_succeeded"]);
    expect((await info("command|getkeys")).arity).toBe(":-3");
    expect((await info("command|getkeysandflags")).arity).toBe(":-3");
    const docs = async (name: string) => describeDocs(await ask(client, "COMMAND", "DOCS", name), name, []);
    expect(await docs("quit")).toMatchObject({ doc_flags: ["+deprecated"], deprecated_since: "$7.2.0" });
    expect((await info("client|no-touch")).arity).toBe(":3");
    expect((await info("client|setinfo")).arity).toBe(":4");
  });

  test("DOCS has the schemas of replies once they are asked for, in the form of Redis's builds with LOG_REQ_RES", async () => {
    const schemaOf = async (...names: string[]) => {
      const docs = mapOf(await ask(client, "COMMAND", "DOCS", ...names));
      return names.map((name) => plain(mapOf(docs.get(name)).get("reply_schema")));
    };
    expect(await schemaOf("get")).toEqual([undefined]);
    await client.command("CONFIG", "SET", "command-docs-reply-schema", "yes");
    await client.command("HELLO", "3");
    expect(await schemaOf("get", "flushall", "config|get", "subscribe", "eval")).toEqual([
      { anyOf: [{ type: "string" }, { type: "null" }] },
      { const: "OK" },
      { type: "object", additionalProperties: { type: "string" } },
      undefined,
      {},
    ]);
    expect(await schemaOf("smembers", "bitpos", "acl|log")).toMatchObject([
      { type: "array", uniqueItems: true, items: { type: "string" } },
      { anyOf: [{ const: -1 }, { type: "integer", minimum: 0 }] },
      { anyOf: [{ type: "array", items: { type: "object", additionalProperties: false } }, { const: "OK" }] },
    ]);
    const subcommands = mapOf(mapOf(mapOf(await ask(client, "COMMAND", "DOCS", "xinfo")).get("xinfo")).get("subcommands"));
    expect(plain(mapOf(subcommands.get("xinfo|stream")).get("reply_schema"))).toMatchObject({
      definitions: { StreamEntry: { type: "array", minItems: 2, maxItems: 2 } },
    });
    await client.command("HELLO", "2");
    expect(plain(mapOf(mapOf(await ask(client, "COMMAND", "DOCS", "config|get")).get("config|get")).get("reply_schema"))).toEqual([
      ...["type", "object", "additionalProperties"],
      ["type", "string"],
    ]);
    await client.command("CONFIG", "SET", "command-docs-reply-schema", "no");
  });
});

/** A reply as JSON: maps are objects. */
function plain(value: Decoded | undefined): unknown {
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    if (value.mark !== "%") return value.items.map(plain);
    return Object.fromEntries([...mapOf(value)].map(([name, inside]) => [name, plain(inside)]));
  }
  if (value[0] === ":") return Number(value.slice(1));
  return value[0] === "#" ? value === "#t" : value.slice(1);
}
