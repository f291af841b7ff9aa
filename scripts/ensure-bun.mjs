/**
 * Runs before `start`, `dev`, `test`, `test:steady`, `build`, `bench` and `check`, under Node or Bun. The npm package `bun` holds a placeholder
 * until its install script has put the executable in its place, and that script does not run with `--ignore-scripts`, nor under package
 * managers that run none. The placeholder comes first on the PATH of a script, so a Bun of the machine's own does not help: finish the installation here,
 * once.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

const SMALLEST_EXECUTABLE = 1_000_000; // bytes; the placeholder has a few hundred
const folder = join(import.meta.dirname, "..", "node_modules", "bun");
const executable = statSync(join(folder, "bin", "bun.exe"), { throwIfNoEntry: false }); // called so on every platform

if (executable !== undefined && executable.size < SMALLEST_EXECUTABLE) {
  const { status, stderr } = spawnSync(process.execPath, ["install.js"], { cwd: folder, encoding: "utf8" });
  if (status !== 0) {
    console.error(stderr ?? "");
    console.error('Bun could not be put in place: run "npm install" again with install scripts allowed,');
    console.error(`or delete ${folder} and install Bun yourself.`);
    process.exit(1);
  }
}
