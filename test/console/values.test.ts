import { describe, expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import { formsOf, hexLine, octetsOfHex, readBack, whyNotEditable, writtenAs } from "../../src/console/page/content/forms.ts";
import { dense, isJson, parseExactly, pretty } from "../../src/console/page/content/json-text.ts";
import { messagePackOf, packed } from "../../src/console/page/content/message-pack.ts";
import { layersOf, pack } from "../../src/console/page/content/packing.ts";
import { octetsOf, sizeOf, textOf } from "../../src/console/page/octets.ts";
import { faultOf, filterWords, NO_SEARCH, patternOf, purgeWords } from "../../src/console/page/views/keys/search.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("names as text", () => {
  test("come back as the bytes that they were, whatever those are", () => {
    const odd = [
      [],
      [0, 255, 10, 13, 92, 92, 120, 52, 49],
      [0xc3],
      [0xe2, 0x82],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x9f, 0x98, 0x80],
      [0xef, 0xbb, 0xbf, 65],
      [0xc2, 0x85],
    ];
    for (const bytes of odd) expect([...octetsOf(textOf(Uint8Array.from(bytes)))]).toEqual(bytes);
    for (let round = 0; round < 500; round++) {
      const bytes = crypto.getRandomValues(new Uint8Array(1 + (round % 40)));
      expect([...octetsOf(textOf(bytes))]).toEqual([...bytes]);
    }
  });

  test("are shown plainly where they are plain, and escaped where they are not", () => {
    expect(textOf(utf8("user:Ada Lovelace"))).toBe("user:Ada Lovelace");
    expect(textOf(Uint8Array.of(0xff, 0x61, 0xc3, 0xa9, 0x5c, 0x0a))).toBe("\\xffaé\\\\\\n");
    expect([...octetsOf("a\\q\\x4")]).toEqual([...utf8("a\\q\\x4")]);
  });

  test("sizes are read with their units", () => {
    expect(["500", "10k", "1.5 MB", "2GiB", "x", "-1", "1 5"].map(sizeOf)).toEqual([
      500,
      10_240,
      1_572_864,
      2 * 1024 ** 3,
      null,
      null,
      null,
    ]);
  });
});

describe("JSON as text", () => {
  const text =
    '{"id":9007199254740993,"price":1.10,"list":[],"map":{},"deep":[1,{"a":"x, {y}: \\"z\\""}],"huge":1e400,"twice":1,"twice":2}';

  test("is laid out and made dense again with every digit of its numbers", () => {
    expect(dense(pretty(text))).toBe(text);
    expect(pretty('{"a":[1,2],"b":{}}')).toBe('{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}');
  });

  test("is told from text that only looks like it", () => {
    expect(["{}", " [1]", "{a:1}", "12", '"x"', "[1"].map(isJson)).toEqual([true, true, false, false, false, false]);
  });

  test("reads whole numbers beyond 2^53 as they are", () => {
    expect(parseExactly('{"id":9007199254740993,"x":1.5}')).toEqual({ id: 9007199254740993n, x: 1.5 });
  });

  test("keeps the way in which it was written when it is edited", () => {
    const before = utf8('{"a":1}');
    expect(readBack('{\n  "a": 9007199254740993\n}', "json", before)).toEqual(utf8('{"a":9007199254740993}'));
    const spaced = utf8('{ "a": 1 }');
    expect(readBack('{ "a": 2 }', "json", spaced)).toEqual(utf8('{ "a": 2 }'));
    expect(() => readBack('{"a":}', "json", before)).toThrow("This is no JSON");
  });
});

describe("MessagePack", () => {
  test("is shown as JSON with its large numbers, and packed again as it was", () => {
    const bytes = encode({ id: 9007199254740993n, tags: ["a", "b"], ok: true, none: null }, { useBigInt64: true });
    const found = messagePackOf(bytes);
    expect(found?.text).toBe('{"id":9007199254740993,"tags":["a","b"],"ok":true,"none":null}');
    expect(found?.isExact).toBeTrue();
    expect(packed(found?.text ?? "")).toEqual(new Uint8Array(bytes));
  });

  test("with what JSON does not have is shown, and not edited as JSON", () => {
    const bytes = encode({ blob: Uint8Array.of(1, 2), at: new Date(0) });
    expect(messagePackOf(bytes)?.text).toBe('{"blob":"binary, 2 bytes: 0102","at":"1970-01-01T00:00:00.000Z"}');
    expect(whyNotEditable(bytes, "msgpack")).toContain("edit it as hex");
  });

  test("is not seen in text, nor where something stands behind it", () => {
    expect(messagePackOf(utf8("hello"))).toBeNull();
    expect(messagePackOf(Uint8Array.of(0x91, 0x01, 0x01))).toBeNull();
  });
});

describe("packed values", () => {
  test("are unpacked layer by layer, and packed again the same way", async () => {
    const inner = utf8(JSON.stringify({ text: "hello ".repeat(40) }));
    const stored = await pack(inner, ["gzip", "deflate"]);
    const layers = await layersOf(stored);
    expect(layers.map(({ packings }) => packings)).toEqual([[], ["gzip"], ["gzip", "deflate"]]);
    expect(layers[2]?.bytes).toEqual(inner);
    const again = await layersOf(await pack(inner, layers[2]?.packings ?? []));
    expect(again.at(-1)?.bytes).toEqual(inner);
  });

  test("of raw deflate are found by what comes out of them", async () => {
    const layers = await layersOf(await pack(utf8("a text that is long enough, long enough, long enough"), ["deflate-raw"]));
    expect(layers.at(-1)?.packings).toEqual(["deflate-raw"]);
    expect(await layersOf(Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 11) & 255))).toHaveLength(1);
  });

  test("that are damaged, or would fill the memory, stay as they are", async () => {
    const stored = await pack(utf8("hello hello hello"), ["gzip"]);
    expect(await layersOf(stored.subarray(0, stored.length - 3))).toHaveLength(1);
    expect(await layersOf(await pack(new Uint8Array(17 << 20), ["gzip"]))).toHaveLength(1);
  });
});

describe("forms of a value", () => {
  test("come with the best first", () => {
    expect(formsOf(utf8('{"a":1}'))).toEqual(["json", "text", "hex", "bits"]);
    expect(formsOf(utf8("plain"))).toEqual(["text", "hex", "bits"]);
    expect(formsOf(Uint8Array.of(0, 1, 254))).toEqual(["hex", "text", "bits"]);
    expect(formsOf(encode({ a: "\u00ff", b: 300 }))[0]).toBe("msgpack");
  });

  test("give the bytes back that were edited", () => {
    for (const bytes of [utf8("a\nb\n"), utf8("a\r\nb"), Uint8Array.of(0, 1, 254, 10), utf8("\ufeffx")])
      for (const form of ["text", "hex"] as const) expect(readBack(writtenAs(bytes, form), form, bytes)).toEqual(bytes);
    expect(octetsOfHex("00 fF\n10")).toEqual(Uint8Array.of(0, 255, 16));
    expect(() => octetsOfHex("0")).toThrow("two digits");
    expect(() => octetsOfHex("0g")).toThrow("no hex: g");
    expect(hexLine(utf8("0123456789abcdef!"), 16, 0)).toBe(`00000010  21${" ".repeat(45)}  !`);
  });
});

describe("searches", () => {
  test("go to the server as filters, a word alone anywhere in a name", () => {
    const search = { match: "cart", type: "hash", min: "1k", max: "", ttl: "60" };
    const text = filterWords({ database: 2, prefix: utf8("user:"), search }).map((word) =>
      word instanceof Uint8Array ? new TextDecoder().decode(word) : String(word),
    );
    expect(text).toEqual(["DB", "2", "PREFIX", "user:", "MATCH", "*cart*", "TYPE", "hash", "MINSIZE", "1024", "TTL", "BELOW", "60"]);
    expect(patternOf("user:*")).toEqual(utf8("user:*"));
    expect(purgeWords({ database: 0, prefix: utf8(""), search: { ...NO_SEARCH, type: "set" } })).toEqual([
      "DB",
      0,
      "TYPE",
      "set",
      "MATCH",
      "*",
    ]);
  });

  test("say what cannot be read", () => {
    expect(faultOf({ ...NO_SEARCH, min: "big" })).toContain("no size: big");
    expect(faultOf({ ...NO_SEARCH, ttl: "soon" })).toContain("no time");
    expect(faultOf({ ...NO_SEARCH, max: "3 MB", ttl: "30" })).toBeNull();
  });
});
