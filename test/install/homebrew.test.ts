/** The formula for Homebrew, filled in, and played through by a Ruby that stands in for Homebrew (formula.rb). */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { formulaOf } from "../../scripts/homebrew-formula.ts";
import { PLATFORMS } from "../../src/node/platforms.ts";

const ROOT = join(import.meta.dirname, "../..");
const BASE = "https://downloads.example/replicant/v1";

/** As build.ts writes them, each sum another. */
const sumOf = (name: string): string => new Bun.CryptoHasher("sha256").update(name).digest("hex");
const SUMS = Object.keys(PLATFORMS)
  .map((name) => `${sumOf(name)}  replicant-${name}${name.startsWith("windows") ? ".exe" : ""}\n`)
  .join("");
const RELEASE = { base: BASE, homepage: "https://replicant.example/", version: "1.2.3", sums: SUMS };

describe("the formula", () => {
  test("has the release's version and sums, and nothing left to fill in", () => {
    const formula = formulaOf(RELEASE);
    expect(formula).toContain('version "1.2.3"');
    for (const name of ["macos-arm64", "macos-x64", "linux-arm64", "linux-x64"]) {
      expect(formula).toContain(`url "${BASE}/replicant-${name}"\n      sha256 "${sumOf(name)}"\n`);
    }
    expect(formula).not.toMatch(/@[a-z0-9-]+@/);
  });

  test("is not written without a sum, nor with what is no address", () => {
    const partial = SUMS.replace(/^.*macos-x64\n/m, "");
    expect(() => formulaOf({ ...RELEASE, sums: partial })).toThrow("SHA256SUMS has no sum of replicant-macos-x64");
    for (const base of ["", "http://downloads.example", 'https://x.example/"; system "x', "https://x.example/#{1}"]) {
      expect(() => formulaOf({ ...RELEASE, base })).toThrow("--base is no https address");
    }
  });

  test("is what the script prints, with the version of package.json", () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-formula-"));
    try {
      writeFileSync(join(folder, "SHA256SUMS"), SUMS);
      const words = ["--base", BASE, "--homepage", RELEASE.homepage, "--sums", join(folder, "SHA256SUMS")];
      const { exitCode, stdout } = Bun.spawnSync([process.execPath, join(ROOT, "scripts/homebrew-formula.ts"), ...words]);
      expect({ exitCode, text: stdout.toString() }).toEqual({ exitCode: 0, text: formulaOf({ ...RELEASE, version: manifest.version }) });
      const bare = Bun.spawnSync([process.execPath, join(ROOT, "scripts/homebrew-formula.ts"), ...words.slice(2)]);
      expect({ exitCode: bare.exitCode, said: bare.stderr.toString() }).toEqual({ exitCode: 1, said: expect.stringContaining("--base") });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(Bun.which("ruby") === null)("Ruby (skipped where there is none)", () => {
  test("has nothing against it; it installs, its test passes, its service runs what was installed", () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-formula-"));
    try {
      const formula = join(folder, "replicant.rb");
      writeFileSync(formula, formulaOf(RELEASE));
      const checked = Bun.spawnSync(["ruby", "-wc", formula]);
      expect({ out: checked.stdout.toString(), err: checked.stderr.toString() }).toEqual({ out: "Syntax OK\n", err: "" });

      const executable = join(folder, "executable");
      writeFileSync(executable, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, "src/main.ts")}' "$@"\n`);
      chmodSync(executable, 0o755);
      const prefix = join(folder, "prefix");
      const played = Bun.spawnSync(["ruby", join(import.meta.dirname, "formula.rb"), formula, executable, prefix]);
      expect({ code: played.exitCode, err: played.stderr.toString() }).toEqual({ code: 0, err: "" });
      const { said, downloads, service, files, configuration } = JSON.parse(played.stdout.toString());
      expect(said).toEqual({
        desc: expect.stringMatching(/^[A-Z].{1,78}[^.]$/),
        homepage: "https://replicant.example",
        version: "1.2.3",
        license: manifest.license,
      });
      expect(downloads).toEqual({
        "macos-arm": [`${BASE}/replicant-macos-arm64`, sumOf("macos-arm64")],
        "macos-intel": [`${BASE}/replicant-macos-x64`, sumOf("macos-x64")],
        "linux-arm": [`${BASE}/replicant-linux-arm64`, sumOf("linux-arm64")],
        "linux-intel": [`${BASE}/replicant-linux-x64`, sumOf("linux-x64")],
      });
      expect(files).toEqual(["bin/replicant", "etc/replicant.conf", "etc/replicant.conf.default", "var/db", "var/db/replicant"]);
      expect(service.run).toEqual([join(prefix, "bin/replicant"), join(prefix, "etc/replicant.conf")]);
      expect(readFileSync(join(prefix, "bin/replicant"), "utf8")).toBe(readFileSync(executable, "utf8"));
      expect(configuration).toContain(`dir ${prefix}/var/db/replicant/\n`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
