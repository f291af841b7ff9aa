/** Which Replicant this is. `build.ts` puts version and commit in; from the sources they are those of package.json and "source". */

import manifest from "../package.json" with { type: "json" };

declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

export const VERSION: string = typeof BUILD_VERSION === "string" ? BUILD_VERSION : manifest.version;
export const COMMIT: string = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "source";

/** The Redis that INFO and HELLO say we are: clients choose features by it. */
export const REDIS_VERSION = "7.2.4";

export const VERSION_LINE = `Replicant v=${VERSION} commit=${COMMIT} redis=${REDIS_VERSION} bun=${Bun.version}`;
