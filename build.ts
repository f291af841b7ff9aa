/**
 * Builds the executable: `bun run build` for this platform (dist/replicant), `bun run build --all` for every platform
 * (dist/replicant-<os>-<arch>[-musl][.exe] and dist/SHA256SUMS).
 *
 *   --all              every target below, and the sums of all of them
 *   --package          what npm publishes, in dist/npm: `replicant`, and this platform's executable (with --all: every platform's)
 *   --target NAME      one of them, e.g. --target linux-arm64-musl, or one that has not been tried, e.g. --target freebsd-x64
 *   --no-bytecode      leave out the precompiled bytecode (see docs/performance.md for what it is worth)
 *   --no-minify        leave names and layout as they are in the sources
 *   --entry FILE       build another program than src/main.ts, to try this file out
 *   --outdir DIR       where to (dist)
 *
 * The version of package.json and the commit are baked in as BUILD_VERSION and BUILD_COMMIT ("unknown" outside a git checkout), the places of
 * the workers as BUILD_WORKER and BUILD_IO_WORKER.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import manifest from "./package.json" with { type: "json" };
import { signMachO } from "./scripts/macho-signature.ts";
import { finishedPage } from "./scripts/page-plugin.ts";
import { thisPlatform } from "./src/node/executable.ts";
import type { PlatformName } from "./src/node/platforms.ts";

const ROOT = import.meta.dir;
const SUMS = "SHA256SUMS";
/** The workers of the program, each a file of its own, and the constant that says where it is. */
const WORKERS = [
  { constant: "BUILD_WORKER", source: "migration/worker" },
  { constant: "BUILD_IO_WORKER", source: "transport/workers/worker" },
] as const;

/**
 * The platforms that we ship, and what Bun calls the runtime of each. That for x64 needs no AVX: the one that Bun calls baseline is the same,
 * byte for byte (1.4.5).
 */
const TARGETS = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-arm64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-arm64-musl": "bun-linux-arm64-musl",
  "macos-x64": "bun-darwin-x64",
  "macos-arm64": "bun-darwin-arm64",
  "windows-x64": "bun-windows-x64",
} as const satisfies Record<PlatformName, Bun.Build.CompileTarget>;

/** What Bun has a runtime for as well, and no one has tried: built when asked for by name. Bun's types do not know all of them. */
const UNTRIED_TARGETS = {
  "windows-arm64": "bun-windows-arm64",
  "freebsd-x64": "bun-freebsd-x64",
  "freebsd-arm64": "bun-freebsd-arm64",
  "android-x64": "bun-linux-x64-android",
  "android-arm64": "bun-linux-arm64-android",
} as const;

const RUNTIMES = { ...TARGETS, ...UNTRIED_TARGETS };

type TargetName = keyof typeof RUNTIMES;

type BuildOptions = {
  readonly entry: string;
  readonly outdir: string;
  readonly bytecode: boolean;
  readonly minify: boolean;
  readonly commit: string;
};

function isTargetName(name: string): name is TargetName {
  return Object.hasOwn(RUNTIMES, name);
}

/**
 * The short hash of the commit that is checked out here, or "unknown": no git, no checkout, or the checkout of a project around this
 * one.
 */
function commitHash(): string {
  const git = (...words: string[]): string => {
    const result = Bun.spawnSync(["git", "-C", ROOT, ...words], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    return result.success ? result.stdout.toString().trim() : "";
  };
  try {
    if (git("rev-parse", "--show-prefix") !== "") return "unknown";
    return git("rev-parse", "--short=8", "HEAD") || "unknown";
  } catch {
    return "unknown"; // there is no git
  }
}

/** What the sources are told of the build. */
function constants(commit: string): Record<string, string> {
  return { BUILD_VERSION: JSON.stringify(manifest.version), BUILD_COMMIT: JSON.stringify(commit) };
}

/**
 * Builds for `target` (this platform when null); -> the path of the executable. Throws a sentence that says which target failed and why.
 */
async function build(target: TargetName | null, options: BuildOptions): Promise<string> {
  const runsOn = (system: string, platform: NodeJS.Platform): boolean =>
    target === null ? process.platform === platform : target.startsWith(system);
  const windows = runsOn("windows", "win32");
  const outfile = join(options.outdir, `replicant${target === null ? "" : `-${target}`}${windows ? ".exe" : ""}`);
  try {
    const result = await Bun.build({
      entrypoints: [options.entry, ...WORKERS.map(({ source }) => join(ROOT, "src", `${source}.ts`))],
      root: ROOT,
      target: "bun",
      format: "esm",
      minify: options.minify,
      sourcemap: "inline", // a stack in the log names our lines; measured: no cost at the start
      bytecode: options.bytecode,
      plugins: [await finishedPage()],
      define: {
        ...constants(options.commit),
        // Inside the executable they are where they are seen from its root.
        ...Object.fromEntries(WORKERS.map(({ constant, source }) => [constant, JSON.stringify(`./src/${source}.js`)])),
      },
      compile: {
        outfile,
        ...(target === null ? {} : { target: RUNTIMES[target] as Bun.Build.CompileTarget }),
        // A server reads what its command line names, not what lies in the directory it happens to start in.
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
    });
    for (const log of result.logs) console.error(String(log));
    // The maps of the program and of its worker: copies, both are inside.
    for (const { kind, path } of result.outputs) if (kind === "sourcemap") rmSync(path, { force: true });
    if (!(await Bun.file(outfile).exists())) throw new Error(`Bun reported success but wrote no ${relative(ROOT, outfile)}`);
    if (runsOn("macos", "darwin")) await sign(outfile);
  } catch (error) {
    throw new Error(`${target ?? "this platform"}: ${explain(error, target)}`);
  }
  return outfile;
}

/** Signs the executable for macOS at `path`, where a new file takes its place: the system remembers the signature of one that has run. */
async function sign(path: string): Promise<void> {
  const signed = signMachO(await Bun.file(path).bytes(), "replicant");
  const temporary = `${path}.signed`;
  writeFileSync(temporary, signed, { mode: 0o755 });
  renameSync(temporary, path);
}

/** What went wrong, with the advice that fits when it was the runtime of another platform that could not be had. */
function explain(error: unknown, target: TargetName | null): string {
  const text = (error instanceof AggregateError ? error.errors : [error]).map(describeError).join("\n");
  const aboutRuntime = target !== null && /download|extract/i.test(text);
  if (!aboutRuntime) return text;
  const advice = "Bun takes it from the npm registry: is that within reach?";
  return `${text}\nThe runtime ${RUNTIMES[target]} of Bun ${Bun.version} could not be had. ${advice}`;
}

function describeError(error: unknown): string {
  if (!(error instanceof BuildMessage || error instanceof ResolveMessage)) return String(error);
  const at = error.position;
  return at === null ? error.message : `${at.file}:${at.line}:${at.column}: ${error.message}`;
}

async function describeFile(path: string): Promise<string> {
  const megabytes = (Bun.file(path).size / 1e6).toFixed(1);
  return `${relative(process.cwd(), path)}  ${megabytes} MB`;
}

/** Writes the sums of `paths` beside them, in the format that `sha256sum --check` reads. */
async function writeSums(paths: readonly string[], outdir: string): Promise<void> {
  const lines: string[] = [];
  for (const path of paths) {
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
    lines.push(`${hasher.digest("hex")}  ${basename(path)}\n`);
  }
  await Bun.write(join(outdir, SUMS), lines.join(""));
  console.log(`${relative(process.cwd(), join(outdir, SUMS))}  ${paths.length} sums`);
}

/** -> the executables by their names; null when a target failed. */
async function buildAll(options: BuildOptions): Promise<Map<PlatformName, string> | null> {
  const built = new Map<PlatformName, string>();
  rmSync(join(options.outdir, SUMS), { force: true }); // stale sums would vouch for the new files
  const names = Object.keys(TARGETS) as PlatformName[];
  for (const name of names) {
    try {
      const path = await build(name, options);
      built.set(name, path);
      console.log(await describeFile(path));
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error));
    }
  }
  const failed = names.length - built.size;
  if (failed === 0) await writeSums([...built.values()], options.outdir);
  else console.error(`${failed} of ${names.length} targets failed: no ${SUMS} written`);
  return failed === 0 ? built : null;
}

/** The executable of this platform, under the name that its package has. */
async function buildOwn(options: BuildOptions): Promise<Map<PlatformName, string>> {
  const name = thisPlatform();
  if (name === null) throw new Error(`there is no package for ${process.platform} on ${process.arch}`);
  const path = await build(null, options);
  console.log(await describeFile(path));
  return new Map([[name, path]]);
}

/** Makes what npm publishes. */
async function buildPackages(executables: ReadonlyMap<PlatformName, string>, { outdir, commit }: BuildOptions): Promise<void> {
  // Only here: it brings the libraries that put declarations together.
  const { makePackages, sizeOf } = await import("./scripts/package.ts");
  const define = constants(commit);
  const folders = await makePackages({ outdir: join(outdir, "npm"), executables, workers: WORKERS, define });
  for (const folder of folders) console.log(`${relative(process.cwd(), folder)}  ${(sizeOf(folder) / 1e6).toFixed(1)} MB`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean", default: false },
      package: { type: "boolean", default: false },
      target: { type: "string" },
      bytecode: { type: "boolean", default: true },
      minify: { type: "boolean", default: true },
      entry: { type: "string", default: join(ROOT, "src", "main.ts") },
      outdir: { type: "string", default: join(ROOT, "dist") },
    },
    allowNegative: true,
  });
  const { entry, outdir, bytecode, minify, target } = values;
  const options: BuildOptions = { entry, outdir, bytecode, minify, commit: commitHash() };
  mkdirSync(outdir, { recursive: true });
  if (values.all || values.package) {
    const built = values.all ? await buildAll(options) : await buildOwn(options);
    if (built === null) return 1;
    if (values.package) await buildPackages(built, options);
    return 0;
  }
  if (target !== undefined && !isTargetName(target)) {
    throw new Error(`no target is called "${target}": there are ${Object.keys(RUNTIMES).join(", ")}`);
  }
  console.log(await describeFile(await build(target ?? null, options)));
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
