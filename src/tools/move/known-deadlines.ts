/** When the keys expire that the target has: what must be known of them before the stream is gone on with. */

import { askPatiently } from "../../compare/endpoint.ts";
import type { RemoteEndpoint } from "../../compare/remote.ts";
import { ErrorReply } from "../../compare/reply-decoder.ts";
import { ToolError } from "../error.ts";
import type { Deadlines } from "./deadlines.ts";

const PAGE_KEYS = 1000;
/** What is known of a hash whose fields may have times: that it must be looked at whenever it is written. */
const ANY_TIME = 0;

/** Errors: CompareError, ToolError. */
export async function loadDeadlines(endpoint: RemoteEndpoint, deadlines: Deadlines): Promise<void> {
  const [info] = await askPatiently(endpoint, [["INFO", "keyspace"]]);
  const probes = await endpoint.ask([
    ["PEXPIRETIME", ""],
    ["HPEXPIRETIME", "", "FIELDS", 1, "x"],
  ]);
  // A user that may not read the key "" is told so, and not that there is no such command.
  const [exact, hasFieldTimes] = probes.map((reply) => !(reply instanceof ErrorReply) || reply.code === "NOPERM");
  for (const [, name] of String(info).matchAll(/^db(\d+):/gm)) {
    const db = Number(name);
    await askPatiently(endpoint, [["SELECT", db]]);
    let cursor = "0";
    do {
      const [reply] = await askPatiently(endpoint, [["SCAN", cursor, "COUNT", PAGE_KEYS]]);
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new ToolError(`${endpoint.name} does not answer SCAN`);
      cursor = String(reply[0]);
      const keys = reply[1].map(String);
      const times = await askPatiently(
        endpoint,
        keys.flatMap((key) => [
          [exact ? "PEXPIRETIME" : "PTTL", key],
          ["TYPE", key],
        ]),
      );
      for (const [index, key] of keys.entries()) {
        const time = Number(times[index * 2]);
        if (time > 0) deadlines.set(key, db, exact ? time : Date.now() + time);
        if (hasFieldTimes && times[index * 2 + 1] === "hash") deadlines.set(key, db, ANY_TIME);
      }
    } while (cursor !== "0");
  }
}
