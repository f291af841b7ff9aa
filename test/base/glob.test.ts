import { describe, expect, test } from "bun:test";
import { globMatch } from "../../src/base/glob.ts";
import { connect } from "../support/client.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const bytes = Buffer.from(`<<${text}>>`, "latin1");
  return globMatch(Buffer.from(pattern, "latin1"), bytes, 2, bytes.length - 2, ignoreCase);
}

/** A small seeded generator (mulberry32), so that a failing case comes back. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function randomText(random: (limit: number) => number, alphabet: string, longest: number): string {
  return Array.from({ length: 1 + random(longest) }, () => alphabet[random(alphabet.length)]).join("");
}

/** The strings of an array reply; none of them may hold a line end. */
function stringsOf(reply: Buffer): string[] {
  return [...reply.toString("latin1").matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, text]) => text);
}

describe("glob patterns", () => {
  const table: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h*llo", "heeeello", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hallo", true],
    ["h[a-b]llo", "hbllo", true],
    ["h[b-a]llo", "hallo", true],
    ["h\\*llo", "h*llo", true],
    ["h\\*llo", "hello", false],
    ["[\\]]", "]", true],
    ["[abc", "b", true],
    ["[", "[", false],
    ["[^", "x", true],
    ["[]", "]", false],
    ["a\\", "a\\", true],
    ["**a**", "bab", true],
    ["a*", "a", true],
    ["*a", "ba", true],
    ["*ab*c?", "xxabyycz", true],
    ["*ab*c?", "xxabyyc", false],
    ["a", "ab", false],
    ["ab", "a", false],
    ["\xff*", "\xff\x00", true],
  ];
  for (const [pattern, text, expected] of table) {
    test(`${JSON.stringify(pattern)} ${expected ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
      expect(matches(pattern, text)).toBe(expected);
    });
  }

  test("an empty text matches the empty pattern and no star", () => {
    expect(matches("", "")).toBe(true);
    expect(matches("*", "")).toBe(false);
    expect(matches("", "a")).toBe(false);
  });

  test("case is folded on request only", () => {
    expect(matches("MAX[A-M]emory*", "maxmemory-policy", true)).toBe(true);
    expect(matches("MAX*", "maxmemory", false)).toBe(false);
  });

  test("a pattern of many stars over a long text is matched in a few reads of each byte of the text", () => {
    const text = Buffer.alloc(1000, "a");
    // Backtracking over every star would take longer than the universe has.
    for (const pattern of [`${"a*".repeat(50)}b`, `${"*a".repeat(50)}b`]) {
      let reads = 0;
      const counted = new Proxy(text, {
        get(bytes, index) {
          if (++reads > 10 * text.length) throw new Error("the text is read over and over");
          return Reflect.get(bytes, index);
        },
      });
      expect(globMatch(Buffer.from(pattern), counted, 0, text.length, false)).toBe(false);
      expect(reads).toBeGreaterThanOrEqual(text.length);
    }
    expect(matches(`${"a*".repeat(900)}b`, "a".repeat(20_000))).toBe(false);
    expect(matches(`${"*a".repeat(900)}b`, "a".repeat(20_000))).toBe(false);
  });

  test("more than a thousand stars match nothing, as in Redis", () => {
    expect(matches("*?".repeat(1000), "a".repeat(1000))).toBe(true);
    expect(matches("*?".repeat(1001), "a".repeat(1001))).toBe(false);
  });
});

describe("glob patterns against Redis", () => {
  testWithRedis("KEYS finds the same of 300 binary keys for 1500 random patterns", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    const random = generator(20240607);
    const alphabet = "aabbcAB*?[]^-\\\x00\x7f\x80\xc3\xff.";
    const keys = [...new Set(Array.from({ length: 300 }, () => randomText(random, alphabet, 6)))];
    await client.pipeline(keys.map((key) => ["SET", Buffer.from(key, "latin1"), "x"]));
    const patterns = Array.from({ length: 1500 }, () => randomText(random, `${alphabet}**??[[]]--`, 9));
    patterns.push("*?".repeat(1100), "[a-\\]*", "[\x01-\xff]*", "[\x80-\xff]*", "*[^]*", "*[]*", "*\\", "\\", "***a");
    const replies = await client.pipeline(patterns.map((pattern) => ["KEYS", Buffer.from(pattern, "latin1")]));
    client.close();
    let found = 0;
    for (const [i, reply] of replies.entries()) {
      const theirs = stringsOf(reply).sort();
      found += theirs.length;
      expect({ pattern: patterns[i], keys: keys.filter((key) => matches(patterns[i], key)).sort() }).toEqual({
        pattern: patterns[i],
        keys: theirs,
      });
    }
    expect(found).toBeGreaterThan(1000);
  });

  testWithRedis("COMMAND LIST FILTERBY PATTERN, which folds case, finds the same commands", async () => {
    await using server = await startRedis();
    const client = await connect(server.port);
    const names = stringsOf(await client.command("COMMAND", "LIST"));
    const random = generator(7);
    const patterns = Array.from({ length: 800 }, () => `${random(2) === 0 ? "*" : ""}${randomText(random, "aAeEsSgGtTzZ**??[]^-\\", 6)}*`);
    const replies = await client.pipeline(patterns.map((pattern) => ["COMMAND", "LIST", "FILTERBY", "PATTERN", pattern]));
    client.close();
    let found = 0;
    for (const [i, reply] of replies.entries()) {
      const theirs = stringsOf(reply)
        .filter((name) => !name.includes("|"))
        .sort();
      const ours = names.filter((name) => !name.includes("|") && matches(patterns[i], name, true)).sort();
      found += theirs.length;
      expect({ pattern: patterns[i], names: ours }).toEqual({ pattern: patterns[i], names: theirs });
    }
    expect(found).toBeGreaterThan(1000);
  });
});
