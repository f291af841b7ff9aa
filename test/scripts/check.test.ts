/** What `npm run check` refuses, each rule on a small tree made for it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

let tree = "";
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), "replicant-check-"));
  for (const file of ["biome.json", "knip.json", "package.json", "tsconfig.json"]) cpSync(join(ROOT, file), join(tree, file));
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
}

interface Outcome {
  readonly code: number | null;
  readonly printed: string;
}

function run(script: string, ...words: string[]): Outcome {
  const command = [process.execPath, join(ROOT, script), ...words];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: tree, env: { ...process.env, NO_COLOR: "1" } });
  return { code: exitCode, printed: `${stdout}${stderr}` };
}

describe("the structure", () => {
  const check = () => run("scripts/check-structure.ts", tree);

  test("is sound where imports run downward and comments are short", () => {
    write({
      "src/main.ts": 'import { serve } from "./server.ts";\n\nserve();\n',
      "src/server.ts": 'import { find } from "./keyspace/find.ts";\n\nexport const serve = find;\n',
      "src/keyspace/find.ts": 'import type { Found } from "./found.ts";\n\nexport const find = (): Found => "";\n',
      "src/keyspace/found.ts": "export type Found = string;\n",
      "src/buffer.d.ts": "declare const anything: string;\n",
    });
    expect(check()).toEqual({ code: 0, printed: "5 files, 0 breaches of their structure\n" });
  });

  test.each([
    ["a value", 'import { server } from "../server.ts";\n\nexport const own = server;\n'],
    ["a type", 'import type { Server } from "../server.ts";\n\nexport type Own = Server;\n'],
    ["a type in the middle of a line", 'export type Own = import("../server.ts").Server;\n'],
    ["what it hands on", 'export * from "../server.ts";\n'],
    ["a side effect", 'import "../server.ts";\n'],
  ])("refuses an import from above: %s", (_, text) => {
    write({ "src/memory/arena.ts": text, "src/server.ts": "export const server = 1;\n" });
    const { code, printed } = check();
    expect(code).toBe(1);
    expect(printed).toStartWith("src/memory/arena.ts: imports src/server.ts, which is not below it\n");
  });

  test("refuses an import from the same rung, but not from the same room", () => {
    write({
      "src/session/client.ts": 'import "./session.ts";\nimport "../journal/journal.ts";\n',
      "src/session/session.ts": "",
      "src/journal/journal.ts": "",
    });
    const { code, printed } = check();
    expect(code).toBe(1);
    expect(printed).toStartWith("src/session/client.ts: imports src/journal/journal.ts, which is not below it\n3 files, 1 breaches");
  });

  test("refuses a room that is on no rung", () => {
    write({ "src/utils/more.ts": "" });
    expect(check()).toMatchObject({ code: 1, printed: expect.stringContaining('src/utils/more.ts: the room "utils" is on no rung') });
  });

  test("refuses a comment line of more than 150 characters, wherever it is, and no other long line", () => {
    const words = "word ".repeat(40);
    write({
      "src/base/one.ts": `// ${words}\nconst text = "${words}";\n`,
      "test/two.ts": `/**\n * ${words}\n */\nconst two = 2; // ${words}\n`,
      "build.ts": `/* ${"x".repeat(144)} */\n`,
    });
    const { code, printed } = check();
    expect(code).toBe(1);
    const lines = printed.split("\n").filter((line) => line.includes("a comment line"));
    expect(lines.map((line) => line.split(": ")[0])).toEqual(["src/base/one.ts:1", "test/two.ts:2", "test/two.ts:4"]);
  });
});

describe("the linter", () => {
  const lint = () => run("node_modules/@biomejs/biome/bin/biome", "lint", ".");

  test("refuses circles of imports, those of types alone too", () => {
    write({
      "src/base/one.ts": 'import { two } from "./two.ts";\n\nexport const one: number = two;\n',
      "src/base/two.ts": 'import { one } from "./one.ts";\n\nexport const two: number = one;\n',
      "src/rdb/head.ts": 'import type { Tail } from "./tail.ts";\n\nexport type Head = { tail: Tail | null };\n',
      "src/rdb/tail.ts": 'import type { Head } from "./head.ts";\n\nexport type Tail = { head: Head | null };\n',
    });
    const { code, printed } = lint();
    expect(code).toBe(1);
    for (const path of ["src/base/one.ts", "src/base/two.ts", "src/rdb/head.ts", "src/rdb/tail.ts"]) {
      expect(printed).toMatch(new RegExp(`${path}:\\d+:\\d+ lint/suspicious/noImportCycles`));
    }
  });

  test("refuses a file of more than 600 lines", () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `export const n${index} = ${index};\n`).join("");
    write({ "src/base/long.ts": lines(601), "src/base/short.ts": lines(600) });
    const { code, printed } = lint();
    expect(code).toBe(1);
    expect(printed).toContain("src/base/long.ts:1:1 lint/style/noExcessiveLinesPerFile");
    expect(printed).not.toContain("src/base/short.ts");
  });
});

describe("unused exports", () => {
  const unused = () => run("node_modules/knip/bin/knip-bun.js", "--include", "exports,types,files", "--no-config-hints");

  test("are refused, those of types too; used ones are not", () => {
    write({
      "src/main.ts": 'import { used } from "./base/one.ts";\n\nused();\n',
      "src/base/one.ts": "export const used = () => {};\nexport const unused = 1;\nexport type Nothing = string;\n",
      "src/base/nobody.ts": "const idle = 1;\n",
    });
    const { code, printed } = unused();
    expect(code).toBe(1);
    expect(printed).toMatch(/^unused +src\/base\/one\.ts:2/m);
    expect(printed).toMatch(/^Nothing +type +src\/base\/one\.ts:3/m);
    expect(printed).toMatch(/^src\/base\/nobody\.ts/m);
    expect(printed).not.toMatch(/^used /m);
  });
});
