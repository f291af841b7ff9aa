/** `replicant convert`: between versions of RDB files, to JSON lines and back, to commands and back; what cannot go, and what must not be written. */

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RdbWriter } from "../../src/rdb/writer.ts";
import { checkProgram } from "../../src/tools/check/program.ts";
import { convertProgram } from "../../src/tools/convert/program.ts";
import { listpack } from "../rdb/collections.ts";
import { ziplist } from "../rdb/old-encodings.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { mayMount, SmallDisk } from "../support/small-disk.ts";
import { Folder, imageOf, type Outcome, run, type Sample, samplesOf } from "./support.ts";

const convert = (...words: string[]): Promise<Outcome> => run(convertProgram, words);

/** Converts, and expects that to succeed. Returns the bytes. */
async function converted(folder: Folder, source: Buffer | string, target: string, ...options: string[]): Promise<Buffer> {
  const from = typeof source === "string" ? source : folder.file("source.rdb");
  if (typeof source !== "string") writeFileSync(from, source);
  const { code, complaints } = await convert("--force", ...options, from, folder.file(target));
  expect([code, complaints.replace(/^(left out|note): .*\n/gm, "")]).toEqual([0, ""]);
  return readFileSync(folder.file(target));
}

type Line = Record<string, unknown>;

/** The lines of JSON of an image by key, with what order says nothing about sorted. */
async function linesOf(folder: Folder, image: Buffer): Promise<Map<string, Line>> {
  writeFileSync(folder.file("lines.rdb"), image);
  const text = (await converted(folder, folder.file("lines.rdb"), "lines.jsonl", "--skip")).toString();
  const lines = new Map<string, Line>();
  let last: Line = {};
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const parsed = JSON.parse(line) as Line;
    if (parsed.key !== undefined) {
      last = parsed;
      lines.set(`${parsed.db} ${JSON.stringify(parsed.key)}`, last);
    } else if (parsed.group !== undefined) {
      (last.groups as unknown[] | undefined)?.push(parsed);
      last.groups ??= [parsed];
    }
    delete parsed.more;
    if (parsed.type !== "list" && parsed.type !== "zset") (parsed.values as unknown[] | undefined)?.sort();
    delete parsed.count;
    delete parsed.timed;
    if (parsed.type === "zset") (parsed.values as [string, number][]).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  return lines;
}

/** Without what versions before these cannot say of streams. */
function asOld(lines: Map<string, Line>, version: number): Map<string, Line> {
  for (const line of lines.values()) {
    if (line.type !== "stream") continue;
    const facts = line.facts as Record<string, unknown>;
    if (version < 10) Object.assign(facts, { maxDeletedId: null, entriesAdded: null });
    for (const { group } of (line.groups ?? []) as { group: Record<string, unknown> }[]) {
      if (version < 10) group.entriesRead = null;
      if (version < 11) for (const consumer of group.consumers as unknown[][]) consumer[2] = null;
    }
  }
  return lines;
}

const SOURCES = [1, 8, 9, 11, 12, 16, 81] as const;
/** Of those that are written, the ones that differ. */
const TARGETS = [9, 10, 11, 12, 16, 80] as const;

describe.each([...SOURCES])("an image of version %d", (source) => {
  test.each([...TARGETS])("goes into one of version %d, but for what that has no form for", async (version) => {
    using folder = new Folder();
    const samples = samplesOf(source);
    const { image } = imageOf(source);
    const lost = version <= 11 ? samples.filter(({ key }) => key.startsWith("timed")) : [];
    const libraries = source >= 10 && version < 10 ? 1 : 0;
    const count = lost.length * 2 + libraries;
    writeFileSync(folder.file("source.rdb"), image);
    const words = ["--rdb-version", String(version), folder.file("source.rdb"), folder.file("target.rdb")];
    const refused = await convert(...words);
    expect([refused.code, existsSync(folder.file("target.rdb"))]).toEqual(count > 0 ? [1, false] : [0, true]);
    expect(refused.complaints.match(/^cannot go: /gm)?.length ?? 0).toBe(count);
    for (const { key } of lost) expect(refused.complaints).toContain(`at key "${key}" of database 3: fields of it expire`);
    const target = await converted(folder, folder.file("source.rdb"), "target.rdb", "--rdb-version", String(version), "--skip");

    const checked = await run(checkProgram, ["--json", "--deep", folder.file("target.rdb")]);
    const [found] = (JSON.parse(checked.out) as { files: { image: Record<string, unknown> }[] }).files;
    expect(checked.code).toBe(0);
    expect(found.image.version).toBe(version);
    expect([found.image.checksum, found.image.keys, found.image.expires]).toEqual(["verified", (samples.length - lost.length) * 2, 2]);
    expect(found.image.functions).toEqual(source >= 10 && version >= 10 ? ["mylib"] : []);
    expect(found.image.aux).toEqual(source >= 7 ? [["redis-ver", "1.2.3"]] : []);
    expect(Object.keys(found.image.modules as object).length).toBe(source >= 8 ? 1 : 0);

    const before = asOld(await linesOf(folder, image), version);
    for (const { key } of lost) for (const database of [0, 3]) before.delete(`${database} ${JSON.stringify(key)}`);
    expect(asOld(await linesOf(folder, target), version)).toEqual(before);
    // And again: nothing is left over to change.
    expect((await converted(folder, folder.file("target.rdb"), "again.rdb")).equals(target)).toBe(true);
  });
});

test("without a version it is that of the source, or the oldest that is written by default", async () => {
  using folder = new Folder();
  for (const [source, version] of [
    [12, "0012"],
    [9, "0009"],
    [8, "0010"],
    [80, "080"],
  ] as const)
    expect((await converted(folder, imageOf(source).image, "out.rdb")).toString("latin1", 0, 9)).toEndWith(version);
});

test("values of any length are carried in pieces, as they stand", async () => {
  using folder = new Folder();
  const long = Buffer.alloc(3 * 1024 * 1024 + 17);
  for (let at = 0; at < long.length; at += 5) long[at] = (at * 2654435761) >>> 11;
  const body = (out: RdbWriter): void => {
    out.length(3);
    for (const text of ["a", "b", "c"]) {
      out.rawString(Buffer.from(text), 0, 1);
      out.length(long.length);
      out.raw(long, 0, long.length);
    }
  };
  const { image } = imageOf(11, { samples: [{ key: "long", type: 4, name: "hash", elements: 3, since: 1, body }], extras: false });
  const out = await converted(folder, image, "out.rdb", "--rdb-version", "80");
  expect(out.subarray(9, -8).equals(image.subarray(9, -8))).toBe(true);
});

test("what a source has that is damaged, or not known, leaves nothing", async () => {
  using folder = new Folder();
  const { image } = imageOf(11);
  const source = folder.file("source.rdb");
  const changed = Buffer.from(image);
  changed[image.indexOf("text")] ^= 1;
  const cases = [
    [image.subarray(0, 300), "Unexpected EOF"],
    [changed, "RDB CRC error"],
    [Buffer.from("REDIS00"), "the input ends here"],
    [Buffer.from("REDIS0099"), "version 99 cannot be read"],
    [Buffer.from('{"format":"replicant","version":1}\n{"key":"a"'), "line 2: is no JSON"],
  ] as const;
  for (const [bytes, complaint] of cases)
    for (const name of ["out.rdb", "out.jsonl", "out.aof"]) {
      writeFileSync(source, bytes);
      const { code, out, complaints } = await convert("--skip", source, folder.file(name));
      expect([name, code, out]).toEqual([name, 1, ""]);
      expect(complaints).toContain(complaint);
      expect(readdirSync(folder.path)).toEqual(["source.rdb"]);
    }
});

test("no file is written over that is read, nor another unless told", async () => {
  using folder = new Folder();
  const source = folder.file("source.rdb");
  const { image } = imageOf(11);
  writeFileSync(source, image);
  symlinkSync(source, folder.file("link.rdb"));
  for (const name of ["source.rdb", "link.rdb"]) {
    const { code, complaints } = await convert("--force", "--rdb-version", "10", source, folder.file(name));
    expect([code, complaints]).toEqual([2, expect.stringContaining("is the file that is read: it is not written over")]);
  }
  writeFileSync(folder.file("other.rdb"), "mine");
  const { code, complaints } = await convert(source, folder.file("other.rdb"));
  expect([code, complaints]).toEqual([2, expect.stringContaining("is there already (--force has it replaced)")]);
  expect(readFileSync(folder.file("other.rdb"), "latin1")).toBe("mine");
  expect(readFileSync(source).equals(image)).toBe(true);
  expect((await convert("--force", source, folder.file("other.rdb"))).code).toBe(0);
  expect(readdirSync(folder.path).sort()).toEqual(["link.rdb", "other.rdb", "source.rdb"]);
});

test.skipIf(!mayMount)("a disk that is full leaves no half file", async () => {
  await using disk = await SmallDisk.make(256 * 1024);
  using folder = new Folder();
  const text = Buffer.alloc(4_000_000, "0123456789abcdefghijklmnopqrstuvwxyz ");
  for (let at = 0; at < text.length; at += 3) text[at] = 33 + ((at * 2654435761) % 90);
  const body = (out: RdbWriter): void => {
    out.length(text.length);
    out.raw(text, 0, text.length);
  };
  writeFileSync(
    folder.file("source.rdb"),
    imageOf(11, { samples: [{ key: "long", type: 0, name: "string", elements: 1, since: 1, body }] }).image,
  );
  for (const name of ["out.rdb", "out.jsonl", "out.aof"]) {
    const { code, complaints } = await convert(folder.file("source.rdb"), join(disk.outside, name));
    expect([name, code]).toEqual([name, 2]);
    expect(complaints).toContain("cannot be written: No space left on device. There is no part of it left");
    expect(readdirSync(disk.outside)).toEqual([]);
  }
});

describe("the command line", () => {
  test.each([
    [["a"], "a file to read and one to write are needed"],
    [["a", "b"], "what is b to be? Say so with --to rdb|aof|jsonl"],
    [["--rdb-version", "17", "a", "b"], "--rdb-version needs one of 9, 10, 11, 12, 13, 14, 15, 16, 80, 81, not 17"],
    [["--to", "xml", "a", "b"], "--to needs one of rdb, aof, jsonl, not xml"],
    [["--to", "aof", "--rdb-version", "10", "a", "b"], "--rdb-version is for RDB files"],
    [["--no", "a", "b"], "there is no option --no"],
    [["/no/such", "b.rdb"], "/no/such cannot be read: No such file or directory"],
  ] as const)("%j is refused", async (words, complaint) => {
    const { code, complaints } = await convert(...words);
    expect([code, complaints]).toEqual([2, expect.stringContaining(complaint)]);
  });

  test("--help says how it is used", async () => {
    expect((await convert("--help")).out).toContain("Usage: replicant convert");
  });

  test("a line on a terminal shows how far it is", async () => {
    using folder = new Folder();
    writeFileSync(folder.file("source.rdb"), imageOf(11).image);
    const { complaints } = await run(convertProgram, [folder.file("source.rdb"), folder.file("out.rdb")], { terminal: true });
    expect(complaints).toMatch(/^\r\x1b\[K\x1b\[\?7lConverting source\.rdb: 100%.*\r\x1b\[K$/);
  });
});

// ---- JSON lines

const HEAD = '{"format":"replicant","version":1}\n';

test("an image goes to JSON lines and back without a difference", async () => {
  using folder = new Folder();
  for (const version of [11, 12, 80]) {
    const samples = samplesOf(version).filter(({ name }) => name !== "module");
    const { image } = imageOf(version, { samples });
    const lines = await converted(folder, image, "first.jsonl");
    const back = await converted(folder, folder.file("first.jsonl"), "back.rdb", "--rdb-version", String(version));
    expect(await linesOf(folder, back)).toEqual(await linesOf(folder, image));
    expect(lines.toString()).toContain('{"function":"#!lua name=mylib');
    expect(lines.toString()).toContain('{"aux":["redis-ver","1.2.3"]}');
    expect(back.toString("latin1")).toContain("mylib");
    // JSON to JSON is the same as through a file.
    const again = await converted(folder, folder.file("first.jsonl"), "again.jsonl");
    expect(again.toString().split("\n").length).toBe(lines.toString().split("\n").length);
  }
});

test("long values go on over several lines, and come back whole", async () => {
  using folder = new Folder();
  const counted = (key: string, type: number, write: (out: RdbWriter, index: number) => void): Sample => ({
    key,
    type,
    name: "",
    elements: 5000,
    since: 1,
    family: "valkey",
    body(out) {
      out.length(5000);
      for (let index = 0; index < 5000; index++) write(out, index);
    },
  });
  const text = (out: RdbWriter, value: string): void => out.rawString(Buffer.from(value), 0, Buffer.byteLength(value));
  const samples = [
    counted("list", 1, (out, index) => text(out, `element number ${index}`)),
    counted("set", 2, (out, index) => text(out, `member number ${index}`)),
    counted("zset", 5, (out, index) => {
      text(out, `member number ${index}`);
      out.binaryDouble(index / 7);
    }),
    counted("hash", 4, (out, index) => {
      text(out, `field ${index}`);
      text(out, `ä value of field ${index}`);
    }),
    counted("timed", 22, (out, index) => {
      text(out, `field ${index}`);
      text(out, `value of field ${index}`);
      out.int64(index % 2 === 0 ? -1 : 4_000_000_000_000 + index);
    }),
  ];
  const { image } = imageOf(80, { samples });
  const lines = (await converted(folder, image, "long.jsonl")).toString().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(70_000);
  expect(lines.filter((line) => line.endsWith('"more":true}')).length).toBeGreaterThan(15);
  const redis = await converted(folder, folder.file("long.jsonl"), "redis.rdb", "--rdb-version", "12");
  const again = (await converted(folder, redis, "again.jsonl")).toString();
  const values = (all: string, key: string): unknown[] => {
    const found: unknown[] = [];
    let inside = false;
    for (const line of all.split("\n").filter((each) => each !== "")) {
      const parsed = JSON.parse(line) as Line;
      if (parsed.key !== undefined) inside = parsed.key === key && parsed.db === 0;
      if (inside) found.push(...(parsed.values as unknown[]));
    }
    return key === "list" ? found : found.map((each) => JSON.stringify(each)).sort();
  };
  for (const { key } of samples) {
    expect(values(again, key).length).toBe(5000);
    expect(values(again, key)).toEqual(values(lines.join("\n"), key));
  }
});

test("what comes in many chunks goes to the keys that it belongs to", async () => {
  using folder = new Folder();
  const samples = Array.from({ length: 60 }, (_, number): Sample => {
    const isList = number % 2 === 0;
    const text = (out: RdbWriter, value: string): void => out.rawString(Buffer.from(value), 0, value.length);
    return {
      key: `collection ${number}`,
      type: isList ? 18 : 2,
      name: "",
      elements: 0,
      since: 1,
      body(out) {
        out.length(isList ? 40 : 2000);
        for (let index = 0; index < (isList ? 40 : 2000); index++) {
          if (isList) {
            out.length(1);
            text(out, `element ${index} of list ${number} `.padEnd(1000, String(index)));
          } else text(out, `member ${index} of set ${number}`);
        }
      },
    };
  });
  const { image } = imageOf(11, { samples });
  expect(image.length).toBeGreaterThan(2 * 1024 * 1024);
  await converted(folder, image, "many.aof");
  await converted(folder, folder.file("many.aof"), "many.rdb");
  await converted(folder, folder.file("many.rdb"), "many.jsonl");
  await converted(folder, folder.file("many.jsonl"), "again.rdb");
  for (const name of ["source.rdb", "many.rdb", "again.rdb"]) {
    const { out } = await run(checkProgram, ["--json", folder.file(name)]);
    const [{ image: found }] = (JSON.parse(out) as { files: { image: { keys: number; types: Record<string, object> } }[] }).files;
    expect([name, found.keys]).toEqual([name, 120]);
    expect(found.types).toMatchObject({ list: { keys: 60, elements: 2400 }, set: { keys: 60, elements: 120_000 } });
    const text = (await converted(folder, folder.file(name), "look.jsonl")).toString();
    let key = "";
    for (const line of text.split("\n").filter((each) => each !== "")) {
      const { key: begun, values = [] } = JSON.parse(line) as { key?: string; values?: string[] };
      key = begun ?? key;
      const number = key.split(" ")[1];
      expect(values.every((value) => value.split(" ")[4] === number)).toBe(true);
    }
  }
});

test.each([
  ["", "there is nothing in it"],
  ['{"format":"other"}\n', 'is not {"format":"replicant","version":1}'],
  [`${HEAD}[]\n`, "line 2: is no object"],
  [`${HEAD}{"db":0}\n`, 'has no "key", no "function" and no "aux"'],
  [`${HEAD}{"key":"a","type":"thing"}\n`, 'there is no type "thing"'],
  [`${HEAD}{"key":"a","type":"string","value":5}\n`, '"value" is neither text nor {"base64": ...}'],
  [`${HEAD}{"key":{"base64":"*"},"type":"string","value":""}\n`, '"key" is neither text nor'],
  [`${HEAD}{"key":"a","type":"set","values":[]}\n`, "the value has no elements"],
  [`${HEAD}{"key":"a","type":"set","values":["b","b"]}\n`, '"b" is in the value already'],
  [`${HEAD}{"key":"a","type":"set","count":3,"values":["b"]}\n`, "was to have 3 elements, but has 1"],
  [`${HEAD}{"key":"a","type":"set","count":3,"values":["b"],"more":true}\n{"values":["c"]}\n`, "was to have 3 elements, but has 2"],
  [`${HEAD}{"key":"a","type":"set","values":["b"],"more":true}\n`, "the value goes on, but nothing follows"],
  [`${HEAD}{"key":"a","type":"zset","values":[["b","x"]]}\n`, "has a score that is no number"],
  [`${HEAD}{"key":"a","type":"hash","values":[["b","c",1e15]]}\n`, "is no time at which a field expires"],
  [`${HEAD}{"key":"a","type":"hash","values":["b"]}\n`, '"values" is no list'],
  [`${HEAD}{"key":"a","type":"string","value":"","expireAt":"x"}\n`, '"expireAt" is no integer of 64 bits'],
  [`${HEAD}{"db":-1,"key":"a","type":"string","value":""}\n`, '"db" is no whole number from 0 on'],
  [`${HEAD}{"key":"a","type":"stream","entries":[["1-1",["f"]]]}\n`, "has no pairs of fields and values"],
  [`${HEAD}{"key":"a","type":"stream","entries":[["x",["f","v"]]]}\n`, "has an id that is none of a stream"],
  [`${HEAD}{"key":"a","type":"stream","entries":[["2-1",["f","v"]],["1-1",["f","v"]]]}\n`, "is not above the one before it"],
  [`${HEAD}{"key":"a","type":"stream","entries":[]}\n`, 'the stream has no "facts"'],
  [`${HEAD}{"key":"a","type":"string","value":""}\n{"function":"x"}\n`, "a function stands behind a key"],
])("of JSON lines that are wrong (%#), the line is named", async (text, complaint) => {
  using folder = new Folder();
  writeFileSync(folder.file("in.jsonl"), text);
  const { code, complaints } = await convert("--to", "rdb", folder.file("in.jsonl"), folder.file("out.rdb"));
  expect(complaints).toContain(complaint);
  expect([code, existsSync(folder.file("out.rdb"))]).toEqual([1, false]);
});

// ---- commands

/** Fills a server with a key of every type, and what has no binary form. */
async function fill(client: RawClient): Promise<void> {
  const lines = [
    "SET s text",
    "SET gone v PX 100000000",
    "RPUSH l a b c",
    "SADD set a b c",
    "ZADD z 1 a inf b -2.5 c",
    "HSET h f v g w",
    "HSET timed f v g w",
    "HPEXPIREAT timed 4000000000000 FIELDS 1 f",
    "XADD x 1-1 f v",
    "XADD x 2-1 f w g u",
    "XDEL x 1-1",
    "XGROUP CREATE x group 0",
    "XREADGROUP GROUP group consumer COUNT 1 STREAMS x >",
    "XGROUP CREATE x other $",
    "SELECT 11",
    "SET elsewhere v",
  ];
  for (const line of lines) await client.command(...line.split(" "));
  await client.command("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
  for (let index = 0; index < 300; index++) await client.command("RPUSH", "long", `element ${index}`.repeat(20), index);
}

const digestOf = async (client: RawClient): Promise<string> => (await client.command("DEBUG", "DIGEST")).toString();

test("an append-only file, of one file or several, becomes an image, and an image commands", async () => {
  using folder = new Folder();
  const dir = folder.file("data");
  mkdirSync(dir);
  let digest = "";
  {
    await using server = await startServer({ appendonly: "yes", dir });
    const client = await connect(server.port);
    await fill(client);
    digest = await digestOf(client);
    client.close();
    const target = folder.file("from-several.rdb");
    expect(await convert(join(dir, "appendonlydir"), target)).toEqual({
      code: 0,
      complaints: "",
      out: expect.stringContaining("10 keys"),
    });
  }
  expect((await convert(folder.file("from-several.rdb"), folder.file("one.aof"))).code).toBe(0);
  expect((await run(checkProgram, [folder.file("one.aof")])).code).toBe(0);
  expect((await convert("--rdb-version", "12", folder.file("one.aof"), folder.file("from-one.rdb"))).code).toBe(0);
  expect((await convert(folder.file("one.aof"), folder.file("one.jsonl"))).code).toBe(0);
  expect((await convert(folder.file("one.jsonl"), folder.file("from-jsonl.rdb"))).code).toBe(0);
  for (const name of ["from-several.rdb", "from-one.rdb", "from-jsonl.rdb"]) {
    await using server = await startServer({ dir: folder.path, dbfilename: name });
    const client = await connect(server.port);
    expect([name, await digestOf(client)]).toEqual([name, digest]);
    expect((await client.command("FCALL", "f", 0)).toString()).toBe(":1\r\n");
    await client.command("SELECT", 0);
    expect((await client.command("HPEXPIRETIME", "timed", "FIELDS", 2, "f", "g")).toString()).toBe("*2\r\n:4000000000000\r\n:-1\r\n");
    expect((await client.command("XPENDING", "x", "group")).toString()).toContain("consumer");
    client.close();
  }
});

test("an append-only file that is broken, or an image with commands behind it, is not taken for less", async () => {
  using folder = new Folder();
  writeFileSync(folder.file("a.aof"), "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nSET");
  const broken = await convert(folder.file("a.aof"), folder.file("out.rdb"));
  expect([broken.code, broken.complaints]).toEqual([1, expect.stringContaining("a.aof, byte ")]);
  writeFileSync(folder.file("b.aof"), "*1\r\n$7\r\nNOTHING\r\n");
  const unknown = await convert(folder.file("b.aof"), folder.file("out.rdb"));
  expect([unknown.code, unknown.complaints]).toEqual([1, expect.stringContaining("Unknown command 'NOTHING'")]);
  const both = Buffer.concat([imageOf(10).image, Buffer.from("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")]);
  writeFileSync(folder.file("both.rdb"), both);
  const behind = await convert(folder.file("both.rdb"), folder.file("out.rdb"));
  expect([behind.code, behind.complaints]).toEqual([2, expect.stringContaining("has commands behind its image")]);
  expect(existsSync(folder.file("out.rdb"))).toBe(false);
  const samples = samplesOf(10).filter(({ name }) => name !== "module");
  writeFileSync(folder.file("both.aof"), Buffer.concat([imageOf(10, { samples }).image, both.subarray(imageOf(10).image.length)]));
  expect((await convert(folder.file("both.aof"), folder.file("out.rdb"))).out).toContain(`${samples.length * 2 + 1} keys`);
});

test("values of modules have no form but in images", async () => {
  using folder = new Folder();
  writeFileSync(folder.file("source.rdb"), imageOf(11).image);
  for (const [name, what] of [
    ["out.jsonl", "JSON lines"],
    ["out.aof", "commands"],
  ] as const) {
    const { code, complaints } = await convert(folder.file("source.rdb"), folder.file(name));
    expect([code, existsSync(folder.file(name))]).toEqual([1, false]);
    expect(complaints).toContain(`at key "module" of database 0: ${what} have no form for it`);
    expect((await convert("--skip", folder.file("source.rdb"), folder.file(name))).out).toContain(", 2 left out");
  }
});

test("a list whose only node is empty has nothing in it, and is passed over", async () => {
  using folder = new Folder();
  for (const [type, container, node] of [
    [14, [], ziplist([])],
    [18, [2], listpack([])],
  ] as const) {
    const body = (out: RdbWriter): void => {
      out.length(1);
      for (const byte of container) out.length(byte);
      out.rawString(node, 0, node.length);
    };
    const { image } = imageOf(11, { samples: [{ key: "hollow", type, name: "list", elements: 0, since: 1, body }], extras: false });
    writeFileSync(folder.file("in.rdb"), image);
    for (const name of ["out.jsonl", "out.aof"]) {
      const { code, complaints } = await convert("--force", folder.file("in.rdb"), folder.file(name));
      expect([code, complaints]).toEqual([0, expect.stringMatching(/^(note: key "hollow" has nothing in it and is passed over\n)+$/)]);
      expect(readFileSync(folder.file(name), "latin1")).not.toContain("hollow");
    }
  }
});
