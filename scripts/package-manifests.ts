/** The package.json of each package that is published. */
import manifest from "../package.json" with { type: "json" };
import { executableIn, PLATFORMS, type Platform, type PlatformName, packageOf } from "../src/node/platforms.ts";

/** What programs import, by the name behind `replicant`: the source for Bun, the one for Node. */
export const ENTRIES = {
  ".": { bun: "index", node: "node/index" },
  "./client": { bun: "client/index", node: "client/index" },
  "./follow": { bun: "follow/index", node: "node/follow" },
  "./testing": { bun: "testing/index", node: "node/testing" },
} as const;

/** What `npx replicant` runs. */
export const BIN = "node/bin";

/** What package.json of `replicant` says. Whoever installs it gets the executable of one platform, as an optional dependency. */
export function mainManifest() {
  const { name, version, description, keywords, author, license, type, engines } = manifest;
  const names = Object.keys(PLATFORMS) as PlatformName[];
  return {
    name,
    version,
    description,
    keywords,
    author,
    license,
    type,
    engines,
    bin: { replicant: `./lib/${BIN}.js` },
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([entry, { bun, node }]) => [entry, conditions(bun, node)])),
      "./package.json": "./package.json",
    },
    files: ["lib", "docs"],
    optionalDependencies: Object.fromEntries(names.map((platform) => [packageOf(platform), version])),
  };
}

function conditions(bun: string, node: string) {
  return { types: `./lib/types/${bun}.d.ts`, bun: `./lib/bun/${bun}.js`, default: `./lib/${node}.js` };
}

/** What package.json of a platform's package says: npm installs it where `os`, `cpu` and `libc` are the machine's. */
export function platformManifest(name: PlatformName) {
  const { version, author, license } = manifest;
  const { os, cpu, libc }: Platform = PLATFORMS[name];
  return {
    name: packageOf(name),
    version,
    description: `The executable of Replicant for ${name}: see the package ${manifest.name}`,
    author,
    license,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    files: [executableIn(name)],
    preferUnplugged: true, // for Yarn: a program cannot be run from within an archive
  };
}
