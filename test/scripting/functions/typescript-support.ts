/** What the tests of functions in TypeScript share: libraries, and how they come to a server. */
import type { RawClient } from "../../support/client.ts";

/** Directives of a server that takes such libraries. */
export const ENABLED = { "enable-typescript-functions": "yes" } as const;

/** A library with one function `f` that has this body. */
export const withBody = (body: string, options = ""): string =>
  `#!typescript name=lib\nregisterFunction({ name: "f"${options} }, (call, keys, args) => {\n${body}\n});`;

export const COUNTER = `#!typescript name=counter
const counts: number[] = [];
registerFunction({ name: "count" }, (call, [key]: string[]) => {
  counts.push(call("INCR", key) as number);
  call("RPUSH", \`log:\${key}\`, counts.length);
  return counts.length;
});`;

/** Loads a library in the place of one of its name. Throws what the server says against it. */
export async function load(client: RawClient, text: string): Promise<void> {
  await client.text("FUNCTION", "LOAD", "REPLACE", text);
}

/** Names and engines of all libraries. */
export async function libraries(client: RawClient): Promise<string[]> {
  const reply = (await client.command("FUNCTION", "LIST")).toString("latin1");
  return [...reply.matchAll(/library_name\r\n\$\d+\r\n(\w+)\r\n\$6\r\nengine\r\n\$\d+\r\n(\w+)/g)].map(
    ([, name, engine]) => `${name} ${engine}`,
  );
}

/** A reply as it came, its line ends as bars. */
export async function reply(client: RawClient, ...words: Parameters<RawClient["command"]>): Promise<string> {
  return (await client.command(...words)).toString("utf8").replaceAll("\r\n", "|");
}
