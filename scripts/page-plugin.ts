/** Puts the finished files of the console's page into a bundle, in place of what would build them when they are asked for. */

import type { BunPlugin } from "bun";
import { pageFiles } from "../src/console/page-files.ts";

/** The module that it stands for. */
const SOURCE = /[/\\]src[/\\]console[/\\]page-files\.ts$/;

let plugin: Promise<BunPlugin> | null = null;

/** A plugin for Bun.build. Errors: Error, with what the bundler says of the page. */
export function finishedPage(): Promise<BunPlugin> {
  plugin ??= make();
  return plugin;
}

async function make(): Promise<BunPlugin> {
  const files = (await pageFiles()).map(({ compressed, ...file }) => ({ ...file, compressed: Buffer.from(compressed).toString("base64") }));
  // As text: what is not asked for is not decoded.
  const contents = `
    const files = ${JSON.stringify(files)};
    export async function pageFiles() {
      return files.map((file) => ({ ...file, compressed: Uint8Array.fromBase64(file.compressed) }));
    }
  `;
  return {
    name: "finished page",
    setup(build) {
      build.onLoad({ filter: SOURCE }, () => ({ contents, loader: "js" }));
    },
  };
}
