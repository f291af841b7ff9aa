/** The page's files, as they are sent: compressed once. */

import { gunzipSync } from "bun";
import { type PageFile, pageFiles } from "./page-files.ts";
import { refusal } from "./responses.ts";

let files: Promise<ReadonlyMap<string, PageFile>> | null = null;

/** Answers a request for a file of the page: "/" is the page itself. */
export async function pageAnswer(request: Request, path: string): Promise<Response> {
  files ??= pageFiles().then((list) => new Map(list.map((file) => [file.path, file])));
  let file: PageFile | undefined;
  try {
    file = (await files).get(path === "/" ? "/index.html" : path);
  } catch (error) {
    files = null;
    return refusal(500, `The page could not be built: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (file === undefined) return refusal(404, "There is nothing here.");
  const { tag, type, compressed } = file;
  const headers: Record<string, string> = { etag: tag, "cache-control": "no-cache", "content-type": type, vary: "accept-encoding" };
  if (request.headers.get("if-none-match") === tag) return new Response(null, { status: 304, headers });
  if (/\bgzip\b/.test(request.headers.get("accept-encoding") ?? "")) {
    return new Response(compressed, { headers: { ...headers, "content-encoding": "gzip" } });
  }
  return new Response(gunzipSync(compressed), { headers });
}
