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

/** The first line of a stream that is no terminal, without its end. What follows is left for the next who reads. */
export function firstLineOf(input: Input): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let held: Buffer = Buffer.alloc(0);
  const done = (line: Buffer): void => {
    input.off("data", take).off("end", ended).off("error", reject).pause();
    resolve(line.latin1Slice());
  };
  const ended = (): void => done(held);
  const take = (chunk: string | Uint8Array): void => {
    held = Buffer.concat([held, bytesOf(chunk)]);
    const end = held.indexOf("\n");
    if (end < 0) return;
    done(held.subarray(0, end));
    if (end + 1 < held.length) input.unshift(held.subarray(end + 1));
  };
  input.on("data", take).on("end", ended).on("error", reject);
  return promise;
}
