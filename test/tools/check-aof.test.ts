/** `replicant check` on append-only files: one, several with a manifest, what is cut off them. redis-check-aof's verdicts beside it. */

import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkProgram } from "../../src/tools/check/program.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { Folder, imageOf, run, samplesOf } from "./support.ts";

interface Found {
  readonly verdict: string;
  readonly manifest: { readonly failure: string | null } | null;
  readonly done: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly verdict: string;
    readonly goodUpTo: number;
    readonly damage: { readonly offset: number; readonly reason: string; readonly before: number } | null;
    readonly image: { readonly keys: number } | null;
    readonly commands: {
      readonly whole: number;
      readonly transactions: number;
      readonly timestamps: { first: number; last: number } | null;
      readonly byName: Readonly<Record<string, { calls: number; bytes: number }>>;
    } | null;
  }[];
}

async function check(path: string, ...options: string[]): Promise<Found & { code: number }> {
  const { code, out, complaints } = await run(checkProgram, ["--json", ...options, path]);
  expect(complaints).toBe("");
  return { code, ...(JSON.parse(out) as Found) };
}

const request = (...words: string[]): string => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

const PARTS = [
  "#TS:1700000000\r\n",
  request("SELECT", "0"),
  request("SET", "k", "v\r\n*1\r\n"),
  "#TS:1700000010\r\n",
  request("set", "", ""),
  request("MULTI") + request("INCR", "n") + request("INCR", "n") + request("EXEC"),
  "#TS:1700000020\r\n",
  request("SET", "big", "x".repeat(3000)),
];
const WHOLE = PARTS.join("");
/** Where the file may be cut, and what stands before. */
const ENDS = PARTS.map((_, index) => PARTS.slice(0, index + 1).join("").length);

test("commands, transactions and timestamps are counted", async () => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  writeFileSync(path, WHOLE);
  const { code, files } = await check(path);
  const [{ commands, goodUpTo }] = files;
  expect([code, goodUpTo]).toEqual([0, WHOLE.length]);
  expect([commands?.whole, commands?.transactions, commands?.timestamps]).toEqual([8, 1, { first: 1700000000, last: 1700000020 }]);
  const calls = Object.fromEntries(Object.entries(commands?.byName ?? {}).map(([name, counts]) => [name, counts.calls]));
  expect(calls).toEqual({ SELECT: 1, SET: 3, MULTI: 1, INCR: 2, EXEC: 1 });
  expect(commands?.byName.SELECT.bytes).toBe(PARTS[1].length);
});

test("a file that ends anywhere is good up to the last whole command, as redis-check-aof has it", async () => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  const tool = Bun.which("redis-check-aof");
  for (let length = 1; length < WHOLE.length; length++) {
    if (length > ENDS[6] + 40 && length < WHOLE.length - 5) continue;
    writeFileSync(path, WHOLE.slice(0, length));
    const { code, files } = await check(path);
    const good = ENDS.filter((end) => end <= length).at(-1) ?? 0;
    expect([length, code, files[0].goodUpTo]).toEqual([length, good === length ? 0 : 1, good]);
    if (tool === null || length % 29 !== 0 || good === length) continue;
    const theirs = Bun.spawnSync([tool, path]).stdout.toString();
    const upTo = Number(/ok_up_to=(\d+)/.exec(theirs)?.[1]);
    // What has no line end yet is an annotation to it.
    if (!WHOLE.slice(good, length).startsWith("#")) expect([length, upTo]).toEqual([length, good]);
  }
});

test.each([
  ["garbage between commands", `${request("PING")}garbage`, request("PING").length, '"*" should stand here, but 0x67 does'],
  ["a wrong length", `${request("PING")}*1\r\n$3\r\nPING\r\n`, request("PING").length, "a word does not end with"],
  ["no number", `*x\r\n`, 0, '"x" is no number'],
  ["a negative number", `*-1\r\n`, 0, '"-1" is no number'],
  ["no words", `*0\r\n`, 0, "a command has no words"],
  ["no dollar", `*1\r\nPING\r\n`, 0, '"$" should stand here, but 0x50 does'],
  ["a line without a carriage return", `*1\n$4\nPING\n`, 0, "does not end with \\r\\n"],
  ["an endless line", `*${"1".repeat(500)}`, 0, "longer than"],
  ["MULTI in MULTI", `${request("MULTI")}${request("MULTI")}`, 0, "a MULTI stands inside a transaction"],
  ["EXEC alone", request("EXEC"), 0, "an EXEC has no MULTI before it"],
  ["MULTI without EXEC", `${request("PING")}${request("MULTI")}${request("PING")}`, request("PING").length, "before the EXEC of a MULTI"],
  ["a timestamp that is none", `#TS:abc\r\n`, 0, "is no timestamp"],
])("%s is damage", async (_, text, goodUpTo, reason) => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  writeFileSync(path, text);
  const { code, files } = await check(path);
  expect([code, files[0].goodUpTo]).toEqual([1, goodUpTo]);
  expect(files[0].damage?.reason).toContain(reason);
});

test("--fix cuts off what is not whole, and keeps it", async () => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  const broken = WHOLE.slice(0, ENDS[4] + 20);
  for (const [name, options] of [
    ["appendonly.aof.cut", []],
    ["appendonly.aof.cut.1", []],
    [null, ["--no-copy"]],
  ] as const) {
    writeFileSync(path, broken);
    const { code, done } = await check(path, "--fix", ...options);
    expect([code, done.length]).toEqual([0, 1]);
    expect(readFileSync(path, "latin1")).toBe(WHOLE.slice(0, ENDS[4]));
    if (name !== null) expect(readFileSync(folder.file(name), "latin1")).toBe(broken.slice(ENDS[4]));
    expect((await check(path)).code).toBe(0);
  }
  expect(existsSync(folder.file("appendonly.aof.cut.2"))).toBe(false);
  const again = await check(path, "--fix");
  expect([again.code, again.done]).toEqual([0, []]);
});

test("--truncate-to-timestamp cuts in front of the first that is later", async () => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  writeFileSync(path, WHOLE);
  const nothing = await check(path, "--truncate-to-timestamp", "1700000020");
  expect([nothing.code, nothing.done]).toEqual([0, ["nothing is later than 1700000020"]]);
  const { code, done } = await check(path, "--truncate-to-timestamp", "1700000015");
  expect([code, done.length]).toEqual([0, 1]);
  expect(readFileSync(path, "latin1")).toBe(WHOLE.slice(0, ENDS[5]));
  expect(readFileSync(`${path}.cut`, "latin1")).toBe(WHOLE.slice(ENDS[5]));
  const { code: refused, complaints } = await run(checkProgram, ["--truncate-to-timestamp", "5", path]);
  expect([refused, complaints]).toEqual([2, `replicant check: ${path} has nothing that is not later than 5\n`]);
  expect(readFileSync(path, "latin1")).toBe(WHOLE.slice(0, ENDS[5]));
});

test("an image with commands behind it is both", async () => {
  using folder = new Folder();
  const path = folder.file("appendonly.aof");
  const { image } = imageOf(10);
  writeFileSync(path, Buffer.concat([image, Buffer.from(WHOLE)]));
  const { code, files } = await check(path);
  expect([code, files[0].image?.keys, files[0].commands?.whole]).toEqual([0, samplesOf(10).length * 2, 8]);
  writeFileSync(path, Buffer.concat([image, Buffer.from(WHOLE.slice(0, ENDS[2] + 3))]));
  const broken = await check(path, "--fix");
  expect([broken.code, broken.files[0].goodUpTo]).toEqual([0, image.length + ENDS[2]]);
  expect(readFileSync(path).length).toBe(image.length + ENDS[2]);
  // A broken image is not mended.
  writeFileSync(path, image.subarray(0, 100));
  expect((await check(path, "--fix")).code).toBe(1);
  expect(readFileSync(path).length).toBe(100);
});

describe("a manifest", () => {
  function files(folder: Folder): string {
    const dir = folder.file("appendonlydir");
    mkdirSync(dir);
    writeFileSync(`${dir}/appendonly.aof.1.base.rdb`, imageOf(10).image);
    writeFileSync(`${dir}/appendonly.aof.1.incr.aof`, WHOLE);
    writeFileSync(`${dir}/appendonly.aof.2.incr.aof`, request("PING"));
    const lines = [
      "appendonly.aof.1.base.rdb seq 1 type b",
      "appendonly.aof.1.incr.aof seq 1 type i",
      "appendonly.aof.2.incr.aof seq 2 type i",
    ];
    writeFileSync(`${dir}/appendonly.aof.manifest`, lines.map((line) => `file ${line}\n`).join(""));
    return dir;
  }

  test("names what is checked, and so does the directory", async () => {
    using folder = new Folder();
    const dir = files(folder);
    for (const path of [dir, `${dir}/appendonly.aof.manifest`]) {
      const { code, files, manifest } = await check(path);
      expect([code, files.length, manifest?.failure]).toEqual([0, 3, null]);
      expect(files.map(({ verdict }) => verdict)).toEqual(["good", "good", "good"]);
    }
    const { out } = await run(checkProgram, [dir]);
    expect(out).toContain("All files that the manifest names are good");
    writeFileSync(`${dir}/appendonly.aof.2.incr.aof`, "");
    expect((await check(dir)).code).toBe(0);
  });

  test("only the last file is cut", async () => {
    using folder = new Folder();
    const dir = files(folder);
    const first = `${dir}/appendonly.aof.1.incr.aof`;
    writeFileSync(first, WHOLE.slice(0, -1));
    expect((await check(dir)).code).toBe(1);
    const { code, complaints } = await run(checkProgram, ["--fix", dir]);
    expect([code, complaints]).toEqual([2, expect.stringContaining("is not the last file, and only that can be cut")]);
    expect(readFileSync(first, "latin1")).toBe(WHOLE.slice(0, -1));
    writeFileSync(first, WHOLE);
    writeFileSync(`${dir}/appendonly.aof.2.incr.aof`, `${request("PING")}*1`);
    const fixed = await check(dir, "--fix");
    expect([fixed.code, fixed.done.length]).toEqual([0, 1]);
    expect(readFileSync(`${dir}/appendonly.aof.2.incr.aof`, "latin1")).toBe(request("PING"));
  });

  test("that is broken, or names files that there are not, is damaged", async () => {
    using folder = new Folder();
    const dir = files(folder);
    cpSync(`${dir}/appendonly.aof.manifest`, folder.file("appendonly.aof.manifest"));
    const missing = await check(folder.file("appendonly.aof.manifest"));
    expect([missing.code, missing.manifest?.failure]).toEqual([1, "it names appendonly.aof.1.base.rdb, and there is no such file"]);
    writeFileSync(`${dir}/appendonly.aof.manifest`, "file a seq 1 type x\n");
    const broken = await check(dir);
    expect([broken.code, broken.manifest?.failure]).toEqual([1, "line 1: Unknown AOF file type"]);
    writeFileSync(`${dir}/other.manifest`, "file a seq 1 type i\n");
    const { code, complaints } = await run(checkProgram, [dir]);
    expect([code, complaints]).toEqual([2, expect.stringContaining("has several manifests")]);
  });
});

test("what this server writes is good", async () => {
  await using server = await startServer({ appendonly: "yes", "aof-timestamp-enabled": "yes" });
  const client = await connect(server.port);
  for (const line of ["SET k v", "MULTI", "INCR n", "INCR n", "EXEC", "BGREWRITEAOF", "HSET h f v"])
    await client.command(...line.split(" "));
  const { code, files } = await check(join(server.server.config.values.dir, "appendonlydir"));
  expect([code, files.every(({ verdict }) => verdict === "good")]).toEqual([0, true]);
  expect(files.some(({ commands }) => (commands?.timestamps ?? null) !== null)).toBe(true);
});
