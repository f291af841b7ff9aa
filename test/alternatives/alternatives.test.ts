/**
 * What the README says of other packages that stand in for a Redis, asked of these packages. They are a lot to install for a table, so they have
 * a package.json of their own: `npm ci --ignore-scripts --prefix test/alternatives`; without them skipped.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../src/commands/command-list.ts";
import versions from "./package.json" with { type: "json" };

const MODULES = join(import.meta.dir, "node_modules");
const README = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");
const GROUPS = "string list hash set sorted-set stream bitmap hyperloglog geo generic scripting transactions pubsub".split(" ");

/** Redis's own, and what a client has in another form than that of a method. */
const NOT_ASKED = ["pfdebug", "pfselftest", "restore-asking", "exec", "discard"];

/** The commands of Redis 7.0 that work on data, scripts and channels. */
const ASKED = COMMANDS.map(({ spec }) => spec)
  .filter(({ name, group, since }) => GROUPS.includes(group) && Number.parseFloat(since) <= 7 && !NOT_ASKED.includes(name))
  .map(({ name }) => name)
  .toSorted();

interface Mock {
  readonly missing: readonly string[];
  readonly lua: string;
}

async function run(command: readonly string[], env: Record<string, string> = {}, input = "") {
  const options = {
    cwd: import.meta.dir,
    env: { ...process.env, ...env },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  } as const;
  const child = Bun.spawn([...command], options);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, err, code };
}

/** The row of the README's table for a package. */
function row(name: keyof (typeof versions)["dependencies"]): string {
  const found = README.split("\n").find((line) => line.startsWith(`| \`${name}\` ${versions.dependencies[name]} `));
  if (found === undefined) throw new Error(`the README has no row for ${name} ${versions.dependencies[name]}`);
  return found;
}

describe.skipIf(!existsSync(MODULES))("other packages (need npm ci --ignore-scripts --prefix test/alternatives)", () => {
  let mocks: Readonly<Record<string, Mock>> = {};
  beforeAll(async () => {
    const { out, err } = await run(["node", "commands.js"], {}, ASKED.join("\n"));
    if (out === "") throw new Error(err);
    mocks = JSON.parse(out);
  });

  test.each([
    ["ioredis-mock", "Lua 5.3"],
    ["redis-mock", "redis.eval is not a function"],
    ["fakeredis", "fakeredis: EVAL is not implemented in fakeredis. Let me know if you need it."],
  ] as const)("%s lacks so many commands as the README says, and those that it names", (name, lua) => {
    const { missing } = mocks[name];
    expect(row(name)).toContain(`lacks ${missing.length} of ${ASKED.length} commands`);
    const named = [...row(name).matchAll(/`([A-Z_]+)`/g)].map(([, command]) => command.toLowerCase());
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((command) => ASKED.includes(command) && !missing.includes(command))).toEqual([]);
    expect(mocks[name].lua).toBe(lua);
  });

  test("redis-memory-server fails to install where its download is out of reach", async () => {
    const cache = mkdtempSync(join(tmpdir(), "replicant-download-"));
    const env = { REDISMS_DOWNLOAD_DIR: cache, REDISMS_DOWNLOAD_MIRROR: "https://127.0.0.1:9", REDISMS_IGNORE_DOWNLOAD_CACHE: "1" };
    const { code, out, err } = await run(["node", "node_modules/redis-memory-server/scripts/postinstall.js"], env);
    rmSync(cache, { recursive: true, force: true });
    expect(out + err).toContain("ECONNREFUSED");
    expect(code).toBe(1);
    expect(row("redis-memory-server")).toContain("downloads");
  });

  test("testcontainers starts nothing without Docker", async () => {
    const script = `
      import { GenericContainer } from "testcontainers";
      await new GenericContainer("redis:7").start().catch(({ message }) => console.log(message));
      process.exit();`;
    const { out } = await run([process.execPath, "-e", script], { DOCKER_HOST: "tcp://127.0.0.1:9", HOME: tmpdir() });
    expect(out).toContain("Could not find a working container runtime strategy");
    expect(row("testcontainers")).toContain("Docker");
  });
});
