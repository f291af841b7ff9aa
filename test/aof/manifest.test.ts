import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Manifest, type ManifestError, readManifest, writeManifest } from "../../src/aof/manifest.ts";
import { RewriteLimit } from "../../src/aof/rewrite.ts";
import { MemoryLog } from "../snapshot/support.ts";

const WHOLE =
  "file appendonly.aof.2.base.rdb seq 2 type b\n" +
  "file appendonly.aof.1.incr.aof seq 1 type h\n" +
  "file appendonly.aof.4.incr.aof seq 4 type i\n" +
  "file appendonly.aof.5.incr.aof seq 5 type i\n";

describe("a manifest", () => {
  test("is written as it was read", () => {
    expect(Manifest.parse(WHOLE).format()).toBe(WHOLE);
    expect(Manifest.parse(`# a note\n${WHOLE}`).format()).toBe(WHOLE);
  });

  test("numbers new files from the last ones on, and makes history of what a rewrite replaces, in Redis's order", () => {
    let manifest = new Manifest().withBase("a", "rdb").withIncrement("a").withIncrement("a");
    expect(manifest.format()).toBe("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n");
    manifest = manifest.withIncrement("a").withBase("a", "aof").withoutIncrements(1);
    expect(manifest.format()).toBe(
      "file a.2.base.aof seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.2.incr.aof seq 2 type h\n" +
        "file a.1.base.rdb seq 1 type h\nfile a.3.incr.aof seq 3 type i\n",
    );
    expect(new Manifest({ ...manifest, history: [] }).format()).toBe("file a.2.base.aof seq 2 type b\nfile a.3.incr.aof seq 3 type i\n");
    expect(manifest.withoutIncrements(0).withIncrement("a").increments).toEqual([{ name: "a.4.incr.aof", sequence: 4 }]);
  });

  test("quotes names that need it", () => {
    const manifest = new Manifest({ base: { name: 'a b"\n', sequence: 1 } });
    expect(manifest.format()).toBe('file "a b\\"\\n" seq 1 type b\n');
    expect(Manifest.parse(manifest.format()).base).toEqual({ name: 'a b"\n', sequence: 1 });
  });

  test("takes words of later versions, in any order and case", () => {
    expect(Manifest.parse("seq 3 TYPE i new thing File x.aof\n").increments).toEqual([{ name: "x.aof", sequence: 3 }]);
  });

  for (const [text, message, line] of [
    ["", "Found an empty AOF manifest", 0],
    ["\n", "Invalid AOF manifest file format", 1],
    ["file a seq 1\n", "Invalid AOF manifest file format", 1],
    ["file a seq x type b\n", "Invalid AOF manifest file format", 1],
    ['file "a seq 1 type b\n', "Invalid AOF manifest file format", 1],
    [`${WHOLE}file b seq 9 type b\n`, "Found duplicate base file information", 5],
    [`${WHOLE}file b seq 5 type i\n`, "Found a non-monotonic sequence number", 5],
    ["file a seq 1 type x\n", "Unknown AOF file type", 1],
    ["file ../a seq 1 type b\n", "File can't be a path, just a filename", 1],
    ["file a seq 1 type b", "The AOF manifest file contains too long line", 0],
    [`file ${"a".repeat(1100)} seq 1 type b\n`, "The AOF manifest file contains too long line", 0],
  ] as const) {
    test(`is refused: ${JSON.stringify(text.slice(-40))}`, () => {
      let failure: ManifestError | null = null;
      try {
        Manifest.parse(text);
      } catch (error) {
        failure = error as ManifestError;
      }
      expect([failure?.message, failure?.line]).toEqual([message, line]);
    });
  }

  test("on disk replaces the old one whole, and leaves nothing else", () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-manifest-"));
    try {
      const log = new MemoryLog();
      expect(readManifest(dir, "a", log).empty).toBe(true);
      const manifest = Manifest.parse(WHOLE);
      writeManifest(dir, "a", new Manifest());
      writeManifest(dir, "a", manifest);
      expect(readdirSync(dir)).toEqual(["a.manifest"]);
      expect(readManifest(dir, "a", log).format()).toBe(WHOLE);
      writeFileSync(join(dir, "a.manifest"), "file a seq 1 type b\nnonsense\n");
      expect(() => readManifest(dir, "a", log)).toThrow("Invalid AOF manifest file format");
      expect(log.lines).toContain("! >>> 'nonsense'");
      expect(() => writeManifest(join(dir, "nowhere"), "a", manifest)).toThrow(
        "Can't open the AOF manifest file temp-a.manifest: No such file or directory",
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

test("rewrites that keep failing are tried after 1, 2, 4 ... minutes, 60 at most", () => {
  const limit = new RewriteLimit(new MemoryLog());
  let now = 1_000_000;
  expect(limit.holds(2, now)).toBe(false);
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    expect(limit.holds(3, now)).toBe(true);
    expect(limit.holds(3, now + minutes * 60_000 - 1)).toBe(true);
    now += minutes * 60_000;
    expect(limit.holds(3, now)).toBe(false);
  }
  expect(limit.holds(0, now)).toBe(false);
  expect(limit.holds(3, now)).toBe(true);
  expect(limit.holds(3, now + 60_000)).toBe(false);
});
