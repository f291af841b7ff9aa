/** The packages, packed and installed into an empty folder as their users install them. */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { platformManifest } from "../../scripts/package-manifests.ts";
import { executableIn, PLATFORMS, type PlatformName, packageOf } from "../../src/node/platforms.ts";
import { type Registry, startRegistry } from "./registry.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const UNREACHABLE = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program's folder that has the package installed, beside what consumer/ has. */
export class Consumer implements Disposable {
  readonly folder: string;
  readonly platform: PlatformName;
  private readonly scratch: string;
  private registry: Registry | null = null;

  private constructor(scratch: string, platform: PlatformName) {
    this.scratch = scratch;
    this.folder = join(scratch, "consumer");
    this.platform = platform;
  }

  /** `packages`: where `npm run build -- --package` made them. Returns why not, where the npm registry is out of reach. */
  static async install(packages: string, platform: PlatformName): Promise<Consumer | string> {
    const consumer = new Consumer(mkdtempSync(join(realpathSync(tmpdir()), "replicant-package-")), platform);
    try {
      await consumer.fill(resolve(ROOT, packages));
      return consumer;
    } catch (error) {
      consumer[Symbol.dispose]();
      if (UNREACHABLE.test(String(error))) return "the npm registry is out of reach";
      throw error;
    }
  }

  private async fill(packages: string): Promise<void> {
    cpSync(join(import.meta.dir, "consumer"), this.folder, { recursive: true });
    const main = await this.pack(join(packages, manifest.name));
    const own = await this.pack(join(packages, this.platform));
    const names = Object.keys(PLATFORMS) as PlatformName[];
    this.registry = await startRegistry(
      names.map((name) => ({ manifest: platformManifest(name), file: name === this.platform ? own : null })),
    );
    writeFileSync(join(this.folder, ".npmrc"), `@replicant:registry=${this.registry.url}\n`);
    const file = join(this.folder, "package.json");
    const wanted = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...wanted, dependencies: { [manifest.name]: `file:${main}` } }));
    await this.must("npm", "install", "--no-audit", "--no-fund");
  }

  private async pack(folder: string): Promise<string> {
    const [packed] = JSON.parse(await this.must("npm", "pack", folder, "--json", "--pack-destination", this.scratch));
    return join(this.scratch, basename(packed.filename));
  }

  /** Where the executable of this platform has to be. */
  get executable(): string {
    return join(this.folder, "node_modules", packageOf(this.platform), executableIn(this.platform));
  }

  /** Runs a program in the folder, with nothing of ours in its environment but `env`. */
  async run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const { REPLICANT_EXECUTABLE: _, ...inherited } = process.env;
    const options = { cwd: this.folder, env: { ...inherited, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const;
    const child = Bun.spawn([...command], options);
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, out, err };
  }

  /** Likewise. Returns what it printed. Errors: Error when it does not end with 0. */
  async must(...command: string[]): Promise<string> {
    const { code, out, err } = await this.run(command);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}\n${out}\n${err}`);
    return out;
  }

  [Symbol.dispose](): void {
    this.registry?.[Symbol.dispose]();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
