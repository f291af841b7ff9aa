/** `replicant check` on RDB files: what it finds in them, and where they are broken. redis-check-rdb's verdicts beside it. */

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { RDB_COMMON_VERSION } from "../../src/rdb/format.ts";
import { checkProgram } from "../../src/tools/check/program.ts";
import { pathOfPeer, startPeer, wantOfPeers } from "../support/peers.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { ALL_VERSIONS, Folder, HEADER_BYTES, imageOf, run, samplesOf } from "./support.ts";

interface Found {
  readonly verdict: string;
  readonly files: readonly {
    readonly verdict: string;
    readonly goodUpTo: number | null;
    readonly bytesBehind: number;
    readonly damage: { readonly offset: number; readonly reason: string; readonly before: number; readonly reading: unknown } | null;
    readonly image: {
      readonly version: number;
      readonly family: string | null;
      readonly packed: string | null;
      readonly checksum: string;
      readonly deep: boolean;
      readonly aux: unknown;
      readonly functions: unknown;
      readonly keys: number;
      readonly expires: number;
      readonly expired: number;
      readonly databases: Readonly<Record<string, { keys: number; expires: number }>>;
      readonly types: Readonly<Record<string, { keys: number; elements: number; bytes: number; memory: number; encodings: object }>>;
      readonly modules: Readonly<Record<string, number>>;
      readonly largestByBytes: readonly { key: unknown; bytes: number }[];
      readonly largestByElements: readonly { key: unknown; elements: number }[];
    } | null;
  }[];
}

async function check(path: string, ...options: string[]): Promise<Found & { code: number }> {
  const { code, out, complaints } = await run(checkProgram, ["--json", ...options, path]);
  expect(complaints).toBe("");
  return { code, ...(JSON.parse(out) as Found) };
}

async function checkBytes(bytes: Buffer, ...options: string[]): Promise<Found & { code: number }> {
  using folder = new Folder();
  const path = folder.file("dump.rdb");
  writeFileSync(path, bytes);
  return check(path, ...options);
}

test.each([...ALL_VERSIONS])("of a file of version %d all is found", async (version) => {
  const samples = samplesOf(version);
  const { image } = imageOf(version);
  const { code, files } = await checkBytes(image);
  const [{ image: found, verdict, goodUpTo }] = files;
  if (found === null) throw new Error("it has an image");
  expect([code, verdict, goodUpTo]).toEqual([0, "good", image.length]);
  expect(found.version).toBe(version);
  expect(found.family).toBe(version <= RDB_COMMON_VERSION ? null : version >= 80 ? "valkey" : "redis");
  expect([found.checksum, found.deep]).toEqual(version >= 5 ? ["verified", false] : ["absent", true]);
  expect(found.aux).toEqual(version >= 7 ? [["redis-ver", "1.2.3"]] : []);
  expect(found.functions).toEqual(version >= 10 ? ["mylib"] : []);
  expect(found.databases).toEqual({ "0": { keys: samples.length, expires: 0 }, "3": { keys: samples.length, expires: 2 } });
  expect([found.keys, found.expires, found.expired]).toEqual([samples.length * 2, 2, 1]);
  const wanted: Record<string, [keys: number, elements: number]> = {};
  for (const { name, elements } of samples) {
    const [keys, sum] = wanted[name] ?? [0, 0];
    wanted[name] = [keys + 2, sum + elements * 2];
  }
  const got = Object.fromEntries(Object.entries(found.types).map(([name, { keys, elements }]) => [name, [keys, elements]]));
  expect(got).toEqual(wanted);
  const inTypes = Object.values(found.types).reduce((sum, { bytes }) => sum + bytes, 0);
  expect(inTypes).toBeLessThan(image.length);
  expect(inTypes).toBeGreaterThan(image.length - 250);
});

test.each([2, 9, 11, 16, 81])(
  "a file of version %d that ends anywhere is damaged from there, and good up to the last whole key",
  async (version) => {
    const { image, ends } = imageOf(version);
    using folder = new Folder();
    const path = folder.file("dump.rdb");
    for (let length = 1; length < image.length; length += 7) {
      writeFileSync(path, image.subarray(0, length));
      const { code, files } = await check(path, "--shallow");
      const whole = ends.filter((end) => end <= length);
      const [{ damage, goodUpTo }] = files;
      expect([length, code, goodUpTo, damage?.before]).toEqual([length, 1, whole.at(-1) ?? 0, whole.length]);
      expect(damage?.offset).toBeLessThanOrEqual(length);
      expect(damage?.offset).toBeGreaterThanOrEqual(goodUpTo ?? 0);
    }
  },
);

test("what was being read where a file breaks off is named", async () => {
  const { image, ends } = imageOf(11);
  const samples = samplesOf(11);
  for (const [index, { key, type }] of samples.entries()) {
    const { files } = await checkBytes(image.subarray(0, ends[index] - 1), "--shallow");
    const named = files[0].damage?.reading as { key: unknown; type: string; database: number };
    const wanted = Buffer.from(key, "latin1").toString().includes("�") ? { base64: Buffer.from(key, "latin1").toString("base64") } : key;
    expect([type, named.key, named.database]).toEqual([type, wanted, 0]);
  }
});

test.each([5, 9, 12, 80])("a file of version %d with any byte changed is damaged, or of another kind", async (version) => {
  const { image } = imageOf(version, { samples: samplesOf(version).slice(-6) });
  using folder = new Folder();
  const path = folder.file("dump.rdb");
  for (let at = HEADER_BYTES; at < image.length; at += 29) {
    const broken = Buffer.from(image);
    broken[at] ^= 1 << (at % 8);
    writeFileSync(path, broken);
    const { code, out, complaints } = await run(checkProgram, ["--json", path]);
    expect([at, complaints]).toEqual([at, ""]);
    expect([1, 2]).toContain(code);
    const [{ damage, goodUpTo }] = (JSON.parse(out) as Found).files;
    expect(damage).not.toBeNull();
    if (goodUpTo !== null) expect(goodUpTo).toBeLessThanOrEqual(Math.max(at, damage?.offset ?? 0));
  }
});

test("where a checksum does not hold, the value that is broken is looked for", async () => {
  const { image, ends } = imageOf(11);
  const samples = samplesOf(11);
  const index = samples.findIndex(({ key }) => key === "zset-listpack");
  const broken = Buffer.from(image);
  broken[ends[index] - 1] = 0; // the end mark of its listpack
  const { code, files } = await checkBytes(broken);
  const [{ damage, goodUpTo, image: found }] = files;
  expect(code).toBe(1);
  expect(damage?.reading).toEqual({ key: "zset-listpack", database: 0, type: "sorted set (listpack)" });
  expect(damage?.before).toBe(index);
  expect(goodUpTo).toBe(ends[index - 1]);
  expect(found?.deep).toBe(true);

  const inText = Buffer.from(image);
  inText[image.indexOf("text")] ^= 1;
  const other = await checkBytes(inText);
  expect([other.code, other.files[0].goodUpTo, other.files[0].image?.checksum]).toEqual([1, null, "wrong"]);
  expect(other.files[0].damage?.reason).toStartWith("RDB CRC error");
  const { out } = await (async () => {
    using folder = new Folder();
    writeFileSync(folder.file("dump.rdb"), inText);
    return run(checkProgram, [folder.file("dump.rdb")]);
  })();
  expect(out).toContain("can be read, but some bytes in them are not what was saved");
});

test("--deep looks into what a checksum vouches for, --shallow into nothing", async () => {
  const samples = samplesOf(11).filter(({ key }) => key === "hash-listpack");
  const { image } = imageOf(11, { samples });
  expect((await checkBytes(image, "--deep")).files[0].image?.deep).toBe(true);
  const { image: plain, ends } = imageOf(11, { samples, checksum: false });
  const broken = Buffer.from(plain);
  broken[ends[0] - 1] = 0;
  expect((await checkBytes(broken)).code).toBe(1);
  expect((await checkBytes(broken, "--shallow")).code).toBe(0);
});

test("bytes behind an image are noted, and one that breaks off in its first line is damaged at its first byte", async () => {
  const { image } = imageOf(11);
  const { code, files } = await checkBytes(Buffer.concat([image, Buffer.from("garbage")]));
  expect([code, files[0].bytesBehind]).toEqual([0, 7]);
  const none = await checkBytes(Buffer.from("REDISxxxx"));
  expect([none.code, none.files[0].goodUpTo, none.files[0].damage?.offset]).toEqual([1, 0, 0]);
});

test("versions and value types that are not known are no damage", async () => {
  const later = await checkBytes(Buffer.from("REDIS0099-----"));
  expect([later.code, later.verdict, later.files[0].verdict]).toEqual([2, "unsupported", "unsupported"]);
  const { image, ends } = imageOf(14, { samples: samplesOf(14).slice(0, 1) });
  const array = Buffer.concat([image.subarray(0, ends[0]), Buffer.from([28, 1, 0x61, 0, 0, 0])]);
  const { code, files } = await checkBytes(array);
  expect([code, files[0].goodUpTo]).toEqual([2, ends[0]]);
  expect(files[0].damage?.reason).toContain('array, of key "a"');
});

test("the largest keys are named, by bytes and by elements", async () => {
  const body = (count: number) => (out: import("../../src/rdb/writer.ts").RdbWriter) => {
    out.length(count);
    for (let index = 0; index < count; index++) out.rawString(Buffer.from(`member${index}`), 0, Buffer.byteLength(`member${index}`));
  };
  const set = (key: string, elements: number) => ({ key, type: 2, name: "set", elements, since: 1, body: body(elements) });
  const samples = [set("small", 2), set("large", 500), set("middle", 50), set("least", 1)];
  const { files } = await checkBytes(imageOf(11, { samples, extras: false }).image, "--top", "3");
  expect(files[0].image?.largestByElements.map(({ key, elements }) => [key, elements])).toEqual([
    ["large", 500],
    ["large", 500],
    ["middle", 50],
  ]);
  expect(files[0].image?.largestByBytes.map(({ key }) => key)).toEqual(["large", "large", "middle"]);
  expect((await checkBytes(imageOf(11, { samples }).image, "--top", "0")).files[0].image?.largestByBytes).toEqual([]);
});

test("a long string is passed in pieces, wherever it is cut", async () => {
  const long = Buffer.alloc(3 * 1024 * 1024 + 17);
  for (let at = 0; at < long.length; at += 7) long[at] = (at * 2654435761) >>> 13;
  const sample = { key: "long", type: 4, name: "hash", elements: 2, since: 1 };
  const body = (out: import("../../src/rdb/writer.ts").RdbWriter): void => {
    out.length(2);
    for (const text of [Buffer.from("field"), long, Buffer.from("other"), long]) {
      out.length(text.length);
      out.raw(text, 0, text.length);
    }
  };
  const { image } = imageOf(11, { samples: [{ ...sample, body }] });
  const { code, files } = await checkBytes(image);
  expect([code, files[0].image?.types.hash.elements]).toEqual([0, 4]);
  expect((await checkBytes(image.subarray(0, 4_000_000))).files[0].damage?.reading).toEqual({ database: 0, key: "long", type: "hash" });
});

describe("the command line", () => {
  test.each([
    [[], "one file is needed"],
    [["a", "b"], "one file is needed"],
    [["--what", "a"], "there is no option --what"],
    [["--top", "x", "a"], "--top needs a number, not x"],
    [["--fix", "--truncate-to-timestamp", "5", "a"], "do not go together"],
    [["--deep", "--shallow", "a"], "do not go together"],
    [["/no/such/file"], "cannot be read: No such file or directory"],
  ] as const)("%j is refused", async (words, complaint) => {
    const { code, out, complaints } = await run(checkProgram, words);
    expect([code, out]).toEqual([2, ""]);
    expect(complaints).toStartWith("replicant check: ");
    expect(complaints).toContain(complaint);
  });

  test("--help says how it is used", async () => {
    const { code, out } = await run(checkProgram, ["--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining("Usage: replicant check")]);
  });

  test("a line on a terminal shows how far it is, and is gone at the end; elsewhere there is none", async () => {
    using folder = new Folder();
    const path = folder.file("dump.rdb");
    writeFileSync(path, imageOf(11).image);
    const { complaints } = await run(checkProgram, [path], { terminal: true });
    expect(complaints).toMatch(/^\r\x1b\[K\x1b\[\?7lChecking .*dump\.rdb: 100% \(.* of .*\), .*\/s, 0s left.*\r\x1b\[K$/);
    expect((await run(checkProgram, [path])).complaints).toBe("");
  });

  test("keys with control characters do not reach the terminal as such", async () => {
    using folder = new Folder();
    const path = folder.file("dump.rdb");
    const samples = [{ ...samplesOf(11)[0], key: "\x1b[2J\r\nkey" }];
    writeFileSync(path, imageOf(11, { samples }).image);
    const { out } = await run(checkProgram, [path]);
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(out).toContain('"\\x1b[2J\\r\\nkey"');
  });
});

describeWithRedis("files of Redis 7.0", () => {
  test("what is found is what is in it, and the verdicts are those of redis-check-rdb", async () => {
    await using redis = await startRedis();
    const client = await redis.connect();
    const commands = [
      "SET s text",
      "SET n 12345",
      "SET e v PX 100000000",
      "RPUSH l a b c",
      "SADD is 1 2 3",
      "SADD set a b c",
      "ZADD z 1 a 2 b",
      "HSET h f v g w",
      "XADD x 1-1 f v",
      "XADD x 1-2 f w",
      "XGROUP CREATE x group 0",
      "XREADGROUP GROUP group consumer COUNT 1 STREAMS x >",
      "SELECT 4",
      "SET other db",
    ];
    for (const line of commands) await client.command(...line.split(" "));
    for (let index = 0; index < 600; index++) await client.command("SADD", "large", `member:${index}`);
    for (let index = 0; index < 100; index++) await client.command("RPUSH", "long", "x".repeat(300) + index);
    await client.command("SAVE");
    const path = `${redis.dir}/dump.rdb`;
    const { code, files } = await check(path);
    const [{ image }] = files;
    expect([code, image?.version, image?.checksum]).toEqual([0, 10, "verified"]);
    expect(image?.databases).toEqual({ "0": { keys: 9, expires: 1 }, "4": { keys: 3, expires: 0 } });
    const counts = Object.fromEntries(Object.entries(image?.types ?? {}).map(([name, { keys, elements }]) => [name, [keys, elements]]));
    expect(counts).toEqual({ string: [4, 4], list: [2, 103], set: [3, 606], zset: [1, 2], hash: [1, 2], stream: [1, 2] });

    const tool = Bun.which("redis-check-rdb");
    if (tool === null) return;
    const whole = Buffer.from(await Bun.file(path).arrayBuffer());
    const broken = `${redis.dir}/broken.rdb`;
    const verdicts = async (bytes: Buffer): Promise<void> => {
      writeFileSync(broken, bytes);
      const theirs = Bun.spawnSync([tool, broken]).exitCode;
      expect([bytes.length, (await check(broken)).code]).toEqual([bytes.length, theirs === 0 ? 0 : 1]);
    };
    await verdicts(whole);
    for (let length = 9; length < whole.length; length += Math.ceil(whole.length / 12)) await verdicts(whole.subarray(0, length));
    for (let at = 20; at < whole.length; at += Math.ceil(whole.length / 12)) {
      const changed = Buffer.from(whole);
      changed[at] ^= 0x10;
      await verdicts(changed);
    }
  });
});

for (const [name, version, family] of [
  ["redis8", 12, "redis"],
  ["valkey9", 80, "valkey"],
] as const)
  test.skipIf(pathOfPeer(name) === null)(`what ${name} writes is read, times of fields and all${wantOfPeers(name)}`, async () => {
    await using peer = await startPeer(name);
    const client = await peer.connect();
    for (const line of ["HSET h f v g w", "HEXPIRE h 100000 FIELDS 1 f", "SADD s a b", "XADD x 1-1 f v", "SET t text EX 100000"])
      await client.command(...line.split(" "));
    for (let index = 0; index < 600; index++) await client.command("HSET", "large", `f${index}`, "v");
    await client.command("HEXPIRE", "large", 100000, "FIELDS", 1, "f5");
    await client.command("SAVE");
    const { code, files } = await check(`${peer.dir}/dump.rdb`, "--deep");
    const [{ image }] = files;
    expect([code, image?.version, image?.family, image?.checksum]).toEqual([0, version, family, "verified"]);
    expect([image?.types.hash.keys, image?.types.hash.elements, image?.types.stream.elements]).toEqual([2, 602, 1]);
    expect([image?.keys, image?.expires]).toEqual([5, 1]);
  });
