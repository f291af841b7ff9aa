/**
 * The programs of a page of docs, run: each ```ts block is a program of its own, and a ```ts test block a file of tests. `import "replicant"`
 * and its other entries find the sources. What a program prints is compared with its comments: the texts after `// prints: `, in their order.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PATIENCE_MS } from "./limits.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Where each entry of the package has its source. */
const ENTRIES: Readonly<Record<string, string>> = {
  replicant: "src/index.ts",
  "replicant/client": "src/client/index.ts",
  "replicant/follow": "src/follow/index.ts",
  "replicant/testing": "src/testing/index.ts",
};

/** The pages that have programs. */
const PAGES = ["docs/change-feed.md", "docs/client.md", "docs/embedding.md", "docs/testing.md"] as const;

interface DocProgram {
  readonly page: string;
  /** The line of the page that its block begins on, from 1. */
  readonly line: number;
  readonly kind: "program" | "test";
  readonly code: string;
  /** What its comments say that it prints; none: whatever it likes. */
  readonly prints: readonly string[];
}

export interface DocOptions {
  /** What is put in the place of words of the programs: the address of a server for one that the page makes up. */
  readonly replace?: Readonly<Record<string, string>>;
}

const BLOCK = /^```ts(?: (test|fragment))?\n(.*?)^```$/gms;
const PRINTS = /\/\/ prints: (.*)$/gm;

/** Returns the programs of a page (a path from the root of the repository). A ```ts fragment block is none. */
function programsOf(page: string): DocProgram[] {
  const programs: DocProgram[] = [];
  const words = readFileSync(join(ROOT, page), "utf8");
  for (const { 0: whole, 1: word, 2: code = "", index } of words.matchAll(BLOCK)) {
    // A library of functions is none either (test/scripting/functions/typescript-documentation.test.ts).
    if (whole === "" || word === "fragment" || code.startsWith("#!")) continue;
    const line = words.slice(0, index).split("\n").length;
    const prints = Array.from(code.matchAll(PRINTS), ([, text = ""]) => text.trim());
    programs.push({ page, line, kind: word === "test" ? "test" : "program", code, prints });
  }
  return programs;
}

/** Declares a test for each program of a page. */
export function testDocPrograms(page: (typeof PAGES)[number], options: DocOptions = {}): void {
  const programs = programsOf(page);
  describe(`the programs of ${page}`, () => {
    let folder = "";
    beforeAll(() => {
      folder = programFolder();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test("there are some", () => expect(programs).not.toBeEmpty());

    test.each(programs.map((program) => [program.line, program] as const))(
      "the one on line %d does what it says",
      async (line, program) => {
        const file = join(folder, fileName(program));
        writeFileSync(file, replaced(program.code, options));
        const { code, output, errors } = await run(program.kind === "test" ? ["test", file] : [file], folder);
        expect({ line, code, errors: code === 0 ? "" : errors + output }).toEqual({ line, code: 0, errors: "" });
        if (program.prints.length > 0) expect(output.trimEnd().split("\n")).toEqual([...program.prints]);
      },
    );
  });
}

/** Declares a test that `tsc` has nothing against the programs of all pages: once for all of them, since it takes its time. */
export function testDocTypes(): void {
  test("tsc has nothing against the programs of the docs", async () => {
    const folder = programFolder();
    try {
      for (const program of ["README.md", ...PAGES].flatMap(programsOf)) writeFileSync(join(folder, fileName(program)), program.code);
      const { output, code } = await run([join(ROOT, "node_modules/.bin/tsc"), "--noEmit", "-p", folder], folder);
      expect({ output, code }).toEqual({ output: "", code: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function fileName({ page, kind, line }: DocProgram): string {
  return `${basename(page, ".md")}-${line}${kind === "test" ? ".test" : ""}.ts`;
}

function replaced(code: string, { replace = {} }: DocOptions): string {
  let text = code;
  for (const [words, others] of Object.entries(replace)) text = text.replaceAll(words, others);
  return text;
}

/** A folder in which programs find the package's sources, and the other packages that the repository has. */
function programFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "replicant-docs-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const paths = Object.fromEntries(Object.entries(ENTRIES).map(([name, source]) => [name, [join(ROOT, source)]]));
  const { compilerOptions } = JSON.parse(stripComments(readFileSync(join(ROOT, "tsconfig.json"), "utf8")));
  // What a program of a user need not keep to.
  const looser = { noUnusedLocals: false, noUnusedParameters: false };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...looser, paths }, include: ["*.ts", join(ROOT, "src/**/*.d.ts")] }),
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

function stripComments(text: string): string {
  return text.replace(/^\s*\/\/.*$/gm, "");
}

async function run(args: readonly string[], cwd: string): Promise<{ code: number; output: string; errors: string }> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PATIENCE_MS,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output, errors };
}
