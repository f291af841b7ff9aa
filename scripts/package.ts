/**
 * Lays out what is published, below dist/npm: a folder for `replicant` and one for each platform's executable, each ready for `npm pack` and
 * `npm publish`. `build.ts --package` calls this; docs/HACKING.md says how to publish.
 *
 * In `replicant`, `lib/bun` is the whole server as JavaScript, which Bun imports; `lib/node` and `lib/client` are what other runtimes get:
 * the client, and what starts the executable. `lib/types` has the declarations of both.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import manifest from "../package.json" with { type: "json" };
import { executableIn, type PlatformName, packageOf } from "../src/node/platforms.ts";
import { BIN, ENTRIES, mainManifest, platformManifest } from "./package-manifests.ts";
import { finishedPage } from "./page-plugin.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = join(ROOT, "src");

/** Where a worker of the server is, for the constant that names it in a bundle. */
interface WorkerPlace {
  readonly constant: string;
  /** Below src/, without the ending. */
  readonly source: string;
}

export interface PackageOptions {
  /** Where the folders are made; what was there goes. */
  readonly outdir: string;
  /** The executables to pack. */
  readonly executables: ReadonlyMap<PlatformName, string>;
  readonly workers: readonly WorkerPlace[];
  /** Constants that the sources are built with. */
  readonly define: Readonly<Record<string, string>>;
}

/** Returns the folders that were made. Errors: Error, with what the bundler or the compiler says. */
export async function makePackages(options: PackageOptions): Promise<string[]> {
  rmSync(options.outdir, { recursive: true, force: true });
  const main = join(options.outdir, manifest.name);
  await bundleForBun(join(main, "lib", "bun"), options);
  await bundleForNode(join(main, "lib"));
  await declareTypes(join(main, "lib", "types"));
  // The pages that its README names.
  cpSync(join(ROOT, "docs"), join(main, "docs"), { recursive: true });
  finish(main, mainManifest());
  const folders = [main];
  for (const [name, executable] of options.executables) folders.push(packExecutable(name, executable, options.outdir));
  return folders;
}

function packExecutable(name: PlatformName, executable: string, outdir: string): string {
  const folder = join(outdir, name);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, executableIn(name));
  copyFileSync(executable, path);
  chmodSync(path, 0o755);
  finish(folder, platformManifest(name));
  writeFileSync(
    join(folder, "README.md"),
    `# ${packageOf(name)}\n\nThe executable of Replicant for ${name}. The package \`${manifest.name}\` brings it; install that.\n`,
  );
  return folder;
}

/** Adds what every package has. */
function finish(folder: string, contents: object): void {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(contents, null, 2)}\n`);
  for (const file of ["README.md", "LICENSE"]) copyFileSync(join(ROOT, file), join(folder, file));
}

async function bundleForBun(outdir: string, { workers, define }: PackageOptions): Promise<void> {
  const places = workers.map(({ constant, source }) => [constant, JSON.stringify(`./${source}.js`)]);
  await bundle(
    [...Object.values(ENTRIES).map(({ bun }) => bun), ...workers.map(({ source }) => source)],
    { target: "bun", outdir, define: { ...define, ...Object.fromEntries(places) } },
    ".", // the workers are found from where the shared code is
  );
}

async function bundleForNode(outdir: string): Promise<void> {
  // With maps, 0.6 MB of them; those of the whole server would be 5, and Bun reads none in packages.
  await bundle([...Object.values(ENTRIES).map(({ node }) => node), BIN], { target: "node", outdir, sourcemap: "linked" }, "node");
}

/** `entries`: below src/, without the ending. They share code, so a class is the same whichever of them it is imported from. */
async function bundle(
  entries: readonly string[],
  options: { target: "bun" | "node"; outdir: string; define?: Record<string, string>; sourcemap?: "linked" },
  chunks: string,
): Promise<void> {
  const { outputs } = await Bun.build({
    ...options,
    entrypoints: [...new Set(entries)].map((entry) => join(SOURCES, `${entry}.ts`)),
    root: SOURCES,
    format: "esm",
    plugins: [await finishedPage()],
    splitting: true,
    naming: { entry: "[dir]/[name].[ext]", chunk: `${chunks}/chunk-[hash].[ext]` },
  });
  restoreNames(outputs.filter(({ kind }) => kind !== "sourcemap").map(({ path }) => path));
  for (const { path } of outputs.filter(({ kind }) => kind === "sourcemap")) nameSources(path, join(options.outdir, ".."));
}

/**
 * The bundler calls a class Name2 that is exported again as Name: users would see that in stacks and in what console.log shows. Where something
 * else in a file is called Name, what is imported stays Name2 there. Errors: Error where that is so in the file that has the class.
 */
function restoreNames(paths: readonly string[]): void {
  const texts = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
  const exported = [...texts.values()].flatMap((text) => [...text.matchAll(/\b([A-Za-z]+)2 as \1\b/g)].map(([, name]) => name));
  for (const name of new Set(exported)) {
    const declared = new RegExp(`^(?:async )?(?:class|function|var|let|const) ${name}\\b`, "m");
    const renamed = new RegExp(`\\b${name}2(?: as ${name})?\\b`, "g");
    for (const [path, text] of texts) {
      if (!declared.test(text)) texts.set(path, text.replace(renamed, name));
      else if (new RegExp(`^(?:class|function) ${name}2\\b`, "m").test(text)) throw new Error(`two things are called ${name} in ${path}`);
      else
        texts.set(
          path,
          text.replace(/^import \{[^}]*\}/gm, (names) => names.replace(renamed, `${name} as ${name}2`)),
        );
    }
  }
  for (const [path, text] of texts) writeFileSync(path, text);
}

/** Sources are named as if they were in the package, below src/: a stack names them so, wherever it was built. */
function nameSources(path: string, root: string): void {
  const map = JSON.parse(readFileSync(path, "utf8")) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    relative(dirname(path), join(root, source.slice(source.lastIndexOf("src/")))).replaceAll("\\", "/"),
  );
  writeFileSync(path, JSON.stringify(map));
}

/** Has the compiler write the declarations of every source that the entries need, and puts what can be seen from outside together. */
async function declareTypes(outdir: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "replicant-types-"));
  try {
    const entries = Object.values(ENTRIES).map(({ bun }) => bun);
    emitDeclarations(entries, scratch);
    const input = Object.fromEntries(entries.map((entry) => [entry, join(scratch, "src", `${entry}.d.ts`)]));
    const plugins = [{ name: "outside", transform: seenFromOutside }, dts()];
    const bundled = await rollup({ input, plugins, external: (id) => /^(?:node:|bun)/.test(id) });
    await bundled.write({
      dir: outdir,
      format: "es",
      entryFileNames: "[name].d.ts",
      chunkFileNames: "shared-[hash].d.ts",
      banner: LIBRARY,
    });
    await bundled.close();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** For whoever compiles with an older `lib`: the declarations have AsyncDisposable. */
const LIBRARY = '/// <reference lib="esnext.disposable" />';

const PROTECTED = /(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?\bprotected (?!constructor\b).*\n/g;
const PROTECTED_CONSTRUCTOR = /\bprotected constructor\(.*\n/g;

/** Takes away what only descendants of a class see, and with it the types of all parts of a server: no class here is for others to extend. */
function seenFromOutside(declarations: string): string {
  return declarations.replace(PROTECTED, "").replace(PROTECTED_CONSTRUCTOR, "protected constructor();\n");
}

function emitDeclarations(entries: readonly string[], outdir: string): void {
  const project = join(outdir, "tsconfig.json");
  const contents = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rootDir: ROOT,
      outDir: outdir,
      typeRoots: [join(ROOT, "node_modules", "@types")],
    },
    include: [],
    files: [...entries.map((entry) => join(SOURCES, `${entry}.ts`)), join(SOURCES, "buffer.d.ts")],
  };
  writeFileSync(project, JSON.stringify(contents));
  const { success, stdout } = Bun.spawnSync([join(ROOT, "node_modules", ".bin", "tsc"), "--project", project]);
  if (!success) throw new Error(`the declarations could not be written:\n${stdout}`);
}

/** Returns the size of a folder's files, in bytes. */
export function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + Bun.file(join(parentPath, name)).size, 0);
}
