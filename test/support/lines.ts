/** Conversations with a server as one would type them: requests of words without spaces, each reply on one line. */
import { expect } from "bun:test";
import type { RawClient } from "./client.ts";

/** A request, and the reply to it with a space for each line end: `["LLEN l", ":0"]`. */
export type Turn = readonly [line: string, reply: string];

/** -> the reply to a line. */
export async function askLine(client: RawClient, line: string): Promise<string> {
  return (await client.command(...line.split(" "))).toString("latin1").replaceAll("\r\n", " ").trim();
}

/** Sends the lines in turn over an empty server, and expects their replies. */
export async function expectTurns(client: RawClient, turns: readonly Turn[]): Promise<void> {
  await client.command("FLUSHALL");
  for (const [line, reply] of turns) expect([line, await askLine(client, line)]).toEqual([line, reply]);
}
