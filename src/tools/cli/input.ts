/** Standard input and files as bytes. */

import type { Input } from "./console.ts";

/** Everything that comes, as bytes. */
export async function readAll(input: Input): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(bytesOf(chunk));
  return Buffer.concat(chunks).latin1Slice();
}

/** What a stream brings, which is text where someone set an encoding. */
export function bytesOf(chunk: string | Uint8Array): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk, "utf8") : Buffer.from(chunk);
}

/** The lines of a stream, without their ends, each as soon as it is there. */
export async function* linesOf(input: Input): AsyncGenerator<string> {
  let held = "";
  for await (const chunk of input) {
    const lines = (held + bytesOf(chunk).latin1Slice()).split("\n");
    held = lines.pop() ?? "";
    yield* lines;
  }
  if (held !== "") yield held;
}
