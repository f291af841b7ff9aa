import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { checkProgram } from "../../src/tools/check/program.ts";
import { convertProgram } from "../../src/tools/convert/program.ts";
import { Folder, imageOf, run } from "./support.ts";

const image = new Uint8Array(imageOf(11).image);

const KINDS: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["empty", Buffer.alloc(0)],
  ["a gzip file: unpack it first", Buffer.from(Bun.gzipSync(image))],
  ["a Zstd file: unpack it first", Buffer.from(Bun.zstdCompressSync(image))],
  ["a text", Buffer.from("save 900 1\nappendonly yes\n")],
  ["a text", Buffer.from("Größe\n")],
  ["a tar archive: unpack it first", Buffer.concat([Buffer.alloc(257), Buffer.from("ustar")])],
  ["something else", Buffer.from([1, 2, 3, 0, 255])],
];

test("files that are none of ours are called what they are, not damaged", async () => {
  using folder = new Folder();
  const path = folder.file("file.bin");
  for (const [what, bytes] of KINDS) {
    writeFileSync(path, bytes);
    expect(await run(checkProgram, [path])).toEqual({
      code: 2,
      out: "",
      complaints: `replicant check: ${path} is no RDB file or append-only file: it is ${what}\n`,
    });
    expect(await run(convertProgram, [path, folder.file("out.rdb")])).toEqual({
      code: 2,
      out: "",
      complaints: `replicant convert: ${path} is no RDB file, append-only file or JSON lines: it is ${what}\n`,
    });
  }
});

test("the beginning of an image is one that is damaged, and an append-only file may be empty", async () => {
  using folder = new Folder();
  writeFileSync(folder.file("cut.rdb"), "REDI");
  expect((await run(checkProgram, [folder.file("cut.rdb")])).code).toBe(1);
  writeFileSync(folder.file("empty.aof"), "");
  expect((await run(checkProgram, [folder.file("empty.aof")])).code).toBe(0);
});
