/** The packages that bring the executable, one a platform, as npm tells platforms apart. `build.ts` makes what this table names. */

/** What a package.json says of the machines that its package is for. */
export interface Platform {
  readonly os: NodeJS.Platform;
  readonly cpu: "x64" | "arm64";
  readonly libc?: "glibc" | "musl";
}

/** By the name that the executable has too: `replicant-linux-x64`, `@replicant/linux-x64`. */
export const PLATFORMS = {
  "linux-x64": { os: "linux", cpu: "x64", libc: "glibc" },
  "linux-arm64": { os: "linux", cpu: "arm64", libc: "glibc" },
  "linux-x64-musl": { os: "linux", cpu: "x64", libc: "musl" },
  "linux-arm64-musl": { os: "linux", cpu: "arm64", libc: "musl" },
  "macos-x64": { os: "darwin", cpu: "x64" },
  "macos-arm64": { os: "darwin", cpu: "arm64" },
  "windows-x64": { os: "win32", cpu: "x64" },
} as const satisfies Record<string, Platform>;

export type PlatformName = keyof typeof PLATFORMS;

/** Returns the name of the package for a platform. */
export function packageOf(name: PlatformName): `@replicant/${PlatformName}` {
  return `@replicant/${name}`;
}

/** Returns the path of the executable within its package. */
export function executableIn(name: PlatformName): string {
  return PLATFORMS[name].os === "win32" ? "replicant.exe" : "replicant";
}

/** Returns which of the platforms a machine is, null: none of them. `libc` counts on Linux only. */
export function platformOf(os: string, cpu: string, libc: "glibc" | "musl"): PlatformName | null {
  const fits = ([, platform]: [string, Platform]): boolean =>
    platform.os === os && platform.cpu === cpu && (platform.libc === undefined || platform.libc === libc);
  const found = Object.entries(PLATFORMS).find(fits);
  return found === undefined ? null : (found[0] as PlatformName);
}
