import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../src/commands/command-list.ts";
import type { Runnable } from "../../src/execution/contract.ts";
import { mismatch } from "../../src/execution/reply-match.ts";
import { schemaOf } from "../../src/execution/reply-schema.ts";
import { parseReplies } from "../../src/execution/reply-shape.ts";
import { typeOf } from "../../src/execution/reply-type.ts";
import { isGiven } from "../support/given.ts";
import { decodeAt } from "../support/reply-check.ts";

/** Holds a reply, as raw bytes, against a notation; `given`: what the request has. */
function wrong(notation: string, reply: string, protocol: 2 | 3 = 3, ...given: string[]): string | null {
  const [value] = decodeAt(Buffer.from(`${reply.trim()} `.replaceAll(" ", "\r\n"), "latin1"), 0);
  return mismatch(parseReplies(notation), value, { protocol, given: (condition) => given.includes(condition) });
}

/** The type of what the first case answers. */
const type = (notation: string) => typeOf(parseReplies(notation).cases[0].shape);

/** Notations, with replies in RESP2 and RESP3 that match and ones that do not in RESP2. Spaces are line ends. */
const MATCHES: Readonly<Record<string, readonly [resp2: string, resp3: string, wrong: string]>> = {
  "string | null": ["$1 a ; $-1", "$2 -1 ; _", ":1 ; +a"],
  OK: ["+OK", "+OK", "+ok ; $2 OK ; :1"],
  "0 | 1": [":0", ":1", ":2 ; $1 1"],
  double: ["$3 1.5 ; $3 inf", ",1.5 ; ,-inf", ":1 ; $3 abc"],
  boolean: [":1", "#t", "+t"],
  text: ["$1 a", "=5 txt:a", "+a"],
  "integer | null-array": ["*-1 ; :-1", "_ ; :5", ":9007199254740993"],
  int64: [":9007199254740993", ":-9007199254740993", "$1 1"],
  count: [":0", ":7", ":-1"],
  decimal: ["$3 1.5 ; $1 7", "$4 -inf", "$3 abc ; :1"],
  id: ["$3 1-2", "$4 0-17", "$1 1"],
  "count[+]": ["*1 :1", "*2 :1 :2", "*0 ; *1 :-1"],
  "set<string>": ["*1 $1 a", "~1 $1 a", "*1 :1"],
  "[key: string, count: count]": ["*2 $1 a :1", "*2 $1 a :1", "*1 $1 a ; *3 $1 a :1 :1"],
  "[string, n?: count]": ["*1 $1 a", "*2 $1 a :1", "*0 ; *3 $1 a :1 :1"],
  "[string, rest: count...]": ["*1 $1 a", "*3 $1 a :1 :1", "*0 ; *2 $1 a $1 a"],
  "map<string, count>": ["*2 $1 a :1", "%1 $1 a :1", "*1 $1 a"],
  "pairs<string, double>": ["*2 $1 a $1 1", "*1 *2 $1 a ,1", "*1 $1 a"],
  "flat<string, count>": ["*2 $1 a :1", "*2 $1 a :1", "*1 $1 a"],
  "{a: count, b?: count, db.*: string}": ["*2 $1 a :1", "%2 $1 a :1 $4 db.1 $1 x", "*2 $1 b :1 ; *2 $1 c :1"],
  "push['x', count]...": ["*2 $1 x :1", ">2 $1 x :1", "*2 $1 y :1"],
  "status / integer": ["+a", ":1", "$1 a"],
  "(any | error)[]": ["*1 -ERR", "*1 $1 a", "$1 a"],
  "Tree where Tree = [count, sub: Tree[]]": ["*2 :1 *0", "*2 :1 *1 *2 :2 *0", "*2 :1 *1 *2 $1 a *0"],
};

test("every construct of the notation says which replies match", () => {
  for (const [notation, [resp2, resp3, others]] of Object.entries(MATCHES)) {
    for (const reply of resp2.split(" ; ")) expect([notation, reply, wrong(notation, reply, 2)]).toEqual([notation, reply, null]);
    for (const reply of resp3.split(" ; ")) expect([notation, reply, wrong(notation, reply, 3)]).toEqual([notation, reply, null]);
    for (const reply of others.split(" ; "))
      expect([notation, reply, wrong(notation, reply, 2)]).toEqual([notation, reply, expect.any(String)]);
  }
});

test("what the request has decides the case, the last that applies", () => {
  const set = "OK; if NX | XX: OK | null; if GET: string | null";
  expect(wrong(set, "_ ")).toContain('not "+OK"');
  expect(wrong(set, "_ ", 3, "XX")).toBeNull();
  expect(wrong(set, "+OK ", 3, "XX", "GET")).toContain("string");
  const search = "[string, distance if WITHDIST: string, hash if WITHHASH: count]";
  expect(wrong(search, "*2 $1 a :1 ", 3, "WITHHASH")).toBeNull();
  expect(wrong(search, "*2 $1 a :1 ", 3, "WITHDIST")).toContain(".distance is");
  expect(wrong(search, "*2 $1 a :1 ")).toContain("an array of 1");
});

test("a word is a token only where it can be one", () => {
  const given = (request: string, condition: string) => {
    const words = request.split(" ");
    const spec = COMMANDS.find((command) => command.spec.name === words[0].toLowerCase())?.spec;
    if (spec === undefined) throw new Error(`no ${words[0]}`);
    return isGiven(spec, words, condition, 1);
  };
  expect(given("SET k get", "GET")).toBe(false);
  expect(given("SET k v IFEQ get", "GET")).toBe(false);
  expect(given("SET k v IFEQ get GET", "GET")).toBe(true);
  expect(given("SET k v XX", "condition")).toBe(true);
  expect(given("ZADD z CH 1 incr", "INCR")).toBe(false);
  expect(given("ZADD z CH INCR 1 a", "INCR")).toBe(true);
  expect(given("ZDIFF 2 a WITHSCORES", "WITHSCORES")).toBe(false);
  expect(given("ZDIFF 1 a WITHSCORES", "WITHSCORES")).toBe(true);
  expect(given("ZUNION 1 a WEIGHTS 2 AGGREGATE MAX WITHSCORES", "WITHSCORES")).toBe(true);
  expect(given("GEOSEARCH g FROMMEMBER withdist BYBOX 1 1 m", "WITHDIST")).toBe(false);
  expect(given("GEOSEARCH g WITHDIST FROMLONLAT 1 1 BYRADIUS 1 m", "WITHDIST")).toBe(true);
  expect(given("XADD x MAXLEN ~ 5 LIMIT 1 NOMKSTREAM * f v", "NOMKSTREAM")).toBe(true);
  expect(given("XCLAIM x g c 0 1-1 2-1 JUSTID", "JUSTID")).toBe(true);
  expect(given("SORT k BY store LIMIT 0 1", "STORE")).toBe(false);
  expect(given("LPOP k 2", "count")).toBe(true);
  expect(given("LPOP k", "count")).toBe(false);
  expect(given("XPENDING x g IDLE 1 - + 10", "filters")).toBe(true);
});

test("a mismatch is told by its place", () => {
  expect(wrong("{groups: {name: string}[]}", "%1 $6 groups *1 %1 $4 name :1 ")).toBe('.groups[0].name is ":1", not string');
  expect(wrong("[count, count][] | null", "*1 *2 :1 $1 x ")).toBe('[0][1] is "$x", not count');
  expect(wrong("{a: count, b: count}", "%1 $1 a :1 ")).toContain('a map without "b"');
});

test("what a later version brought may be missing on an older server, and must be there otherwise", () => {
  const [value] = decodeAt(Buffer.from("%1\r\n$1\r\na\r\n:1\r\n"), 0);
  const replies = parseReplies("{a: count, b@7.2.0: count}");
  expect(mismatch(replies, value, { protocol: 3, given: () => false, knows: () => false })).toBeNull();
  expect(mismatch(replies, value, { protocol: 3, given: () => false })).toContain('without "b"');
});

test("types are what the client decodes", () => {
  expect(type("string | null")).toBe("T | null");
  expect(type("(string | null)[]")).toBe("(T | null)[]");
  expect(type("([count, count] | null)[]")).toBe("([number, number] | null)[]");
  expect(type("int64[]")).toBe("(number | bigint)[]");
  expect(type("-1 | count")).toBe("number");
  expect(type("0 | 1 | +'a b'")).toBe('0 | 1 | "a b"');
  expect(type("{a-b: double, c?: status, db.*: count}")).toBe(`{ "a-b": number; c?: string; [key: \`db.\${string}\`]: number }`);
  expect(type("map<string, set<string>>")).toBe("Fields<T, Set<T>>");
  expect(type("map<count, 'a' | 'b'>")).toBe('Map<number, (T extends string ? "a" | "b" : T)>');
  expect(type("status / Entry[] where Entry = id")).toBe("Entry<T>[]");
});

test("schemas have Redis's form", () => {
  const schema = (notation: string) => schemaOf(parseReplies(notation));
  expect(schema("OK; if GET: string | null")).toEqual({ anyOf: [{ const: "OK" }, { type: "string" }, { type: "null" }] });
  expect(schema("pairs<string, double>")).toEqual({
    type: "array",
    items: { type: "array", minItems: 2, maxItems: 2, items: [{ type: "string" }, { type: "number" }] },
  });
  expect(schema("{a: count, b?: id}")).toEqual({
    type: "object",
    additionalProperties: false,
    properties: { a: { type: "integer", minimum: 0 }, b: { type: "string", pattern: "[0-9]+-[0-9]+" } },
  });
  expect(schema("Tree where Tree = Tree[]")).toEqual({
    $ref: "#/definitions/Tree",
    definitions: { Tree: { type: "array", items: { $ref: "#/definitions/Tree" } } },
  });
  expect(schema("none")).toBeNull();
});

test("what makes no sense is a SyntaxError that says where", () => {
  for (const notation of [
    "",
    "strin",
    "string |",
    "[string",
    "{string}",
    "map<string>",
    "OK; GET: string",
    "OK if GET: null",
    "'a",
    "set<a>",
  ]) {
    expect(() => parseReplies(notation)).toThrow(SyntaxError);
  }
});

describe("the specs of the commands", () => {
  const all = COMMANDS.flatMap((command): Runnable[] => [command, ...command.subcommands]);

  test("say what each command answers, a family none but for COMMAND", () => {
    for (const { spec, subcommands } of all) {
      const isFamily = subcommands.length > 0 && spec.name !== "command";
      expect([spec.name, spec.replies !== null]).toEqual([spec.name, !isFamily]);
    }
  });

  test("define each name once, and all that are used", () => {
    const known = new Map<string, string>();
    for (const { spec } of all) {
      const { cases, definitions } = spec.replies ?? { cases: [], definitions: new Map<string, never>() };
      for (const [name, shape] of definitions) {
        const text = JSON.stringify(shape);
        expect([name, known.get(name) ?? text]).toEqual([name, text]);
        known.set(name, text);
      }
      const used = [...JSON.stringify([cases, [...definitions.values()]]).matchAll(/"kind":"name","name":"(\w+)"/g)].map(
        ([, name]) => name,
      );
      expect([spec.name, new Set(used)]).toEqual([spec.name, new Set(definitions.keys())]);
    }
  });

  test("have conditions that their arguments know", () => {
    for (const { spec } of all) {
      const parts = [...JSON.stringify(spec.replies?.cases ?? []).matchAll(/"when":"([^"]+)"/g)].map(([, when]) => when);
      const conditions = [...(spec.replies?.cases ?? []).flatMap(({ when }) => when), ...parts];
      for (const condition of conditions) expect(isGiven(spec, ["x"], condition, 1)).toBe(false);
    }
  });
});
