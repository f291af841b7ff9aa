/** Bundles the page from its sources (page/): one document, one script, one sheet of styles. */

import { join, posix } from "node:path";

const ENTRY = join(import.meta.dirname, "page", "index.html");

export interface BuiltFile {
  /** "/index.html". */
  readonly path: string;
  /** The Content-Type. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Errors: Error, with what the bundler says: a library that is not installed, say. */
export async function buildPage(): Promise<BuiltFile[]> {
  const result = await Bun.build({
    entrypoints: [ENTRY],
    target: "browser",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    throw: false,
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n"));
  const files = result.outputs.filter(({ kind }) => kind !== "sourcemap");
  return Promise.all(
    files.map(async (file) => ({
      path: posix.join("/", file.path),
      type: contentType(file.type),
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );
}

function contentType(type: string): string {
  return type.startsWith("text/") && !type.includes("charset") ? `${type}; charset=utf-8` : type;
}
