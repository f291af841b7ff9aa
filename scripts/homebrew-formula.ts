/**
 * Writes the formula for Homebrew: install/homebrew/replicant.rb.template with the version and the sums of a build.
 *
 *   npm run build -- --all
 *   bun scripts/homebrew-formula.ts --base URL --homepage URL [--sums dist/SHA256SUMS] > replicant.rb
 *
 *   --base        where the executables can be downloaded, each under its own name
 *   --homepage    what the formula names as the project's page
 *   --sums        what the build wrote (dist/SHA256SUMS)
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const TEMPLATE = join(ROOT, "install/homebrew/replicant.rb.template");
const SUM = /^([0-9a-f]{64}) [ *]replicant-(\S+)$/;

export interface Release {
  readonly base: string;
  readonly homepage: string;
  readonly version: string;
  /** The text of SHA256SUMS. */
  readonly sums: string;
}

/** Returns the formula. Errors: Error, which names what the template asks for and the release has not, or what is no address. */
export function formulaOf({ base, homepage, version, sums }: Release, template = readFileSync(TEMPLATE, "utf8")): string {
  const known = new Map([["version", version]]);
  for (const [name, address] of Object.entries({ base, homepage })) known.set(name, addressOf(name, address));
  for (const line of sums.split("\n")) {
    const [, sum, name] = SUM.exec(line) ?? [];
    if (sum !== undefined && name !== undefined) known.set(name, sum);
  }
  return template.replace(/@([a-z][a-z0-9-]*)@/g, (_, name: string) => {
    const value = known.get(name);
    if (value === undefined) throw new Error(`SHA256SUMS has no sum of replicant-${name}: npm run build -- --all`);
    return value;
  });
}

/** What ends up between double quotes of Ruby, where `#{` and `"` have a meaning. */
function addressOf(name: string, address: string): string {
  if (!/^https:\/\/[\w.~:/@%+-]+$/.test(address)) throw new Error(`--${name} is no https address that a formula may have: '${address}'`);
  return address.replace(/\/+$/, "");
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { base: { type: "string" }, homepage: { type: "string" }, sums: { type: "string" } } });
  const { base = "", homepage = "", sums = join(ROOT, "dist/SHA256SUMS") } = values;
  try {
    process.stdout.write(formulaOf({ base, homepage, version: manifest.version, sums: readFileSync(sums, "utf8") }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
