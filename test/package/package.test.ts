/**
 * The packages that `npm run build -- --package` made, in the folder that REPLICANT_PACKAGE names (dist/npm); without that skipped. They are
 * packed, installed into an empty folder, and used there as their users do: from Bun, from Node, by a type checker.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { thisPlatform } from "../../src/node/executable.ts";
import { Consumer } from "./install.ts";

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

  test("npx replicant runs it", async () => {
    const version = await consumer.must("npx", "--no-install", "replicant", "--version");
    expect(version).toStartWith(`Replicant v=${manifest.version} `);
    expect(version).toBe(await consumer.must(consumer.executable, "--version"));
  });

  test.each(["node", process.execPath])("Replicant.start in %s starts it", async (runtime) => {
    const { url, port, file } = JSON.parse(await consumer.must(runtime, "start.js"));
    expect(url).toBe(`redis://127.0.0.1:${port}`);
    expect(file).toBe(consumer.executable);
  });
}
