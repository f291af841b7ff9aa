/**
 * The packages that `npm run build -- --package` made, in the folder that REPLICANT_PACKAGE names (dist/npm); without that skipped. They are
 * packed, installed into an empty folder, and used there as their users do: from Bun, from Node, by a type checker.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { thisPlatform } from "../../src/node/executable.ts";
import { Consumer } from "./install.ts";

const RUNTIMES = [
  ["Node", "node"],
  ["Bun", process.execPath],
] as const;
const PACKAGES = process.env.REPLICANT_PACKAGE ?? "";

async function install(): Promise<Consumer | string> {
  if (PACKAGES === "") return "needs REPLICANT_PACKAGE";
  const platform = thisPlatform();
  return platform === null ? "there is none for this platform" : Consumer.install(PACKAGES, platform);
}

const installed = await install();

if (typeof installed === "string") describe.skip(`the package (skipped: ${installed})`, () => test("is used", () => {}));
else describe("the package", () => useOf(installed));

function useOf(consumer: Consumer): void {
  afterAll(() => consumer[Symbol.dispose]());
  const modules = join(consumer.folder, "node_modules");

  test("brings the executable of this platform and no other's", () => {
    expect(readdirSync(join(modules, "@replicant"))).toEqual([consumer.platform]);
    expect(existsSync(consumer.executable)).toBe(true);
  });

  test("has no TypeScript but declarations", () => {
    const files = readdirSync(join(modules, manifest.name), { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
    for (const file of files.filter((one) => one.endsWith(".js"))) {
      expect(readFileSync(join(modules, manifest.name, file), "utf8")).not.toMatch(/(?:from|import)\s*\(?\s*"[^"]+\.ts"/);
    }
  });

  test("has its README with the pages that this names, and says what it is and whose", () => {
    const folder = join(modules, manifest.name);
    const pages = readFileSync(join(folder, "README.md"), "utf8").match(/\bdocs\/[\w-]+\.md\b/g) ?? [];
    expect(pages.length).toBeGreaterThan(10);
    for (const page of new Set(pages)) expect({ page, there: existsSync(join(folder, page)) }).toEqual({ page, there: true });
    const { author, keywords, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    expect({ author, license }).toEqual({ author: manifest.author, license: manifest.license });
    expect(keywords).toContain("redis");
    expect(readFileSync(join(folder, "LICENSE"), "utf8")).toContain(author);
  });

  test("npx replicant runs it", async () => {
    const version = await consumer.must("npx", "--no-install", "replicant", "--version");
    expect(version).toStartWith(`Replicant v=${manifest.version} `);
    expect(version).toBe(await consumer.must(consumer.executable, "--version"));
  });

  test("bunx replicant runs it", async () => {
    // Without Node on the PATH Bun runs what is written for it.
    const { code, out, err } = await consumer.run([process.execPath, "x", "--no-install", "replicant", "--version"]);
    expect({ code, out, err }).toEqual({ code: 0, out: await consumer.must(consumer.executable, "--version"), err: "" });
  });

  describe.each(RUNTIMES)("in %s", (_, runtime) => {
    const inBun = runtime === process.execPath;

    test("Replicant.start serves: in Bun in the program's own process, else in that of the platform's executable", async () => {
      const seen = JSON.parse(await consumer.must(runtime, "start.js"));
      expect(seen).toMatchObject({ url: `redis://127.0.0.1:${seen.port}`, user: { name: "Ada" }, flushed: 0, restored: 1 });
      expect(seen.executable).toBe(inBun ? process.execPath : consumer.executable);
    });

    test("Replicant.inProcess serves in Bun, workers included, and says elsewhere that it needs it", async () => {
      const output = await consumer.must(runtime, "in-process.js");
      if (inBun) expect(JSON.parse(output)).toEqual([null, "v"]);
      else expect(output).toMatch(/^Replicant\.inProcess needs Bun, .*Replicant\.start works in Node/);
    });

    test("follow tells the same", async () => {
      const state = (value: string) => ({ type: "string", value, expireAt: null });
      expect(JSON.parse(await consumer.must(runtime, "follow.js"))).toEqual([
        ["tags", true],
        ["n", "incr", null, state("1").value],
        ["n", "incr"],
        [true, "UNREACHABLE"],
      ]);
    });

    test("each entry exports what it does in the other", async () => {
      const script = `
        const entries = ["replicant", "replicant/client", "replicant/follow", "replicant/testing"];
        const modules = await Promise.all(entries.map((entry) => import(entry)));
        console.log(JSON.stringify(modules.map((module) => Object.keys(module).sort())));`;
      expect(JSON.parse(await consumer.must(runtime, ...(inBun ? [] : ["--input-type=module"]), "-e", script))).toEqual([
        ["LinkError", "Replicant", "ReplyError"],
        ["Client", "LinkError", "ReplyError", "defineFunction", "defineScript"],
        ["FollowError", "follow"],
        ["KeyAssertionError", "redis"],
      ]);
    });
  });

  test("a CommonJS program requires it, in Node and in Bun", async () => {
    const script = `
      const { Replicant } = require("replicant");
      const { Client, ReplyError } = require("replicant/client");
      Replicant.start().then(async (server) => {
        const client = await Client.connect(server.url);
        const error = await client.call("NONE").catch((error) => error);
        console.log(JSON.stringify([error instanceof ReplyError, error.constructor.name, Client.name, Replicant.name]));
        await client.close();
        await server.stop();
      });`;
    for (const runtime of [["node", "--input-type=commonjs"], [process.execPath]]) {
      const { code, out, err } = await consumer.run([...runtime, "-e", script]);
      expect({ code, names: JSON.parse(out || "null"), err }).toEqual({
        code: 0,
        names: [true, "ReplyError", "Client", "Replicant"],
        err: "",
      });
    }
  });

  test("stacks in Node name the lines of the sources", async () => {
    const script = `
      import { Client } from "replicant/client";
      await Client.connect({ prot: 1 }).catch((error) => console.log(error.stack));`;
    const stack = await consumer.must("node", "--enable-source-maps", "--input-type=module", "-e", script);
    expect(stack).toMatch(/replicant\/src\/client\/known-options\.ts:\d+/);
  });

  test.each([
    ["bun:test", [process.execPath, "test", "./runners/bun.js"], /\b2 pass\b/],
    ["vitest", ["node_modules/.bin/vitest", "run"], /Tests\s+3 passed/],
    ["jest", ["node", "--experimental-vm-modules", "node_modules/jest/bin/jest.js"], /Tests:\s+2 passed, 2 total/],
  ])("replicant/testing works with %s", async (_, command, passed) => {
    // Named so that only vitest takes it for one of tests.
    copyFileSync(join(consumer.folder, "runners", "vitest.js"), join(consumer.folder, "vitest.test.js"));
    const { code, out, err } = await consumer.run(command, { NO_COLOR: "1" });
    expect(out + err).toMatch(passed);
    expect(code).toBe(0);
  });

  test.each([
    ["TypeScript 7", "typescript", []],
    ["TypeScript 7, with Bun's types", "typescript", ["--types", "bun"]],
    ["TypeScript 7, as for a bundler", "typescript", ["--module", "preserve", "--moduleResolution", "bundler", "--types", "node,bun"]],
    ["TypeScript 5.9", "typescript5", []],
  ])("a program that uses the types is accepted, and its mistakes are not: %s", async (_, compiler, words) => {
    const tsc = join("node_modules", compiler, "bin", "tsc");
    const { code, out } = await consumer.run(["node", tsc, "--project", "types", ...words]);
    expect({ code, out }).toEqual({ code: 0, out: "" });
  });
}
