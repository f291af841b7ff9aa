/** Where the page's files come from: the sources, bundled here and now. build.ts puts the finished files in this module's place. */

import { buildPage } from "./page-build.ts";

export interface PageFile {
  /** "/index.html". */
  readonly path: string;
  /** The Content-Type. */
  readonly type: string;
  /** An ETag. */
  readonly tag: string;
  /** By gzip. */
  readonly compressed: Uint8Array<ArrayBuffer>;
}

/** Errors: Error, with what the bundler says. */
export async function pageFiles(): Promise<readonly PageFile[]> {
  return (await buildPage()).map(({ path, type, bytes }) => ({
    path,
    type,
    tag: `"${Bun.hash(bytes).toString(36)}"`,
    compressed: Bun.gzipSync(bytes, { level: 9 }),
  }));
}
