/** Which executable a program gets that does not run in Bun, and what it is told where there is none. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { mainManifest, platformManifest } from "../../scripts/package-manifests.ts";
import { ExecutableError, findExecutable, type Machine } from "../../src/node/executable.ts";
import { PLATFORMS, type PlatformName, platformOf } from "../../src/node/platforms.ts";

const folder = mkdtempSync(join(tmpdir(), "replicant-packages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A machine on which the packages named are installed. */
function machine(os: string, cpu: string, libc: "glibc" | "musl", installed: readonly string[], override?: string): Machine {
  const resolve = (file: string): string => {
    if (installed.some((name) => file === `${name}/package.json`)) return join(folder, file);
    throw new Error(`Cannot find module '${file}'`);
  };
  return { os, cpu, libc, override, resolve };
}

function install(name: string, executable: string): string {
  const path = join(folder, name, executable);
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(path, "");
  return path;
}

describe("the executable of a platform", () => {
  test.each<[string, string, "glibc" | "musl", PlatformName]>([
    ["linux", "x64", "glibc", "linux-x64"],
    ["linux", "arm64", "musl", "linux-arm64-musl"],
    ["darwin", "arm64", "glibc", "macos-arm64"],
    ["win32", "x64", "glibc", "windows-x64"],
  ])("%s on %s (%s) takes that of @replicant/%s", (os, cpu, libc, name) => {
    const others = Object.keys(PLATFORMS).map((other) => `@replicant/${other}`);
    const path = install(`@replicant/${name}`, os === "win32" ? "replicant.exe" : "replicant");
    expect(findExecutable(machine(os, cpu, libc, others))).toBe(path);
  });

  test("is not that of another: the error names the one that is missing, and what to do", () => {
    const find = () => findExecutable(machine("linux", "x64", "musl", ["@replicant/linux-x64"]));
    expect(find).toThrow(ExecutableError);
    expect(find).toThrow("The package @replicant/linux-x64-musl, which brings Replicant's executable for this platform, is not installed.");
    expect(find).toThrow("--omit=optional");
    expect(find).toThrow("REPLICANT_EXECUTABLE");
  });

  test("that lost its file is as good as missing", () => {
    rmSync(join(folder, "@replicant/macos-x64"), { recursive: true, force: true });
    expect(() => findExecutable(machine("darwin", "x64", "glibc", ["@replicant/macos-x64"]))).toThrow("@replicant/macos-x64");
  });

  test("that no one builds is said to be, with those that there are", () => {
    const find = () => findExecutable(machine("aix", "ppc64", "glibc", []));
    expect(find).toThrow("Replicant has no executable for aix on ppc64: there are linux-x64, linux-arm64,");
  });

  test("gives way to what REPLICANT_EXECUTABLE names, which has to be there", () => {
    const own = install("own", "replicant");
    expect(findExecutable(machine("aix", "ppc64", "glibc", [], own))).toBe(own);
    expect(() => findExecutable(machine("linux", "x64", "glibc", [], join(folder, "gone")))).toThrow("gone, which is not there");
  });
});

describe("the packages", () => {
  const names = Object.keys(PLATFORMS) as PlatformName[];

  test("one for each platform, told apart by what npm compares, all of the version of replicant", () => {
    const { version } = manifest;
    const wanted = names.map((name) => platformManifest(name));
    expect(mainManifest().optionalDependencies).toEqual(Object.fromEntries(wanted.map(({ name }) => [name, version])));
    expect(wanted.map((one) => one.version)).toEqual(wanted.map(() => version));
    const machines = wanted.map(({ os, cpu, libc }) => [os, cpu, libc].join());
    expect(new Set(machines).size).toBe(names.length);
  });

  test("a machine that has one of them is the one that the package is for", () => {
    for (const name of names) {
      const { os, cpu, libc } = platformManifest(name);
      expect(platformOf(os[0], cpu[0], libc?.[0] ?? "glibc")).toBe(name);
    }
  });
});
