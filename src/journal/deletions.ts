/**
 * Keys and fields that go without a command: the journal takes each deletion, of a key as the command that lazyfree-lazy-expire or
 * lazyfree-lazy-eviction asks for.
 */

import { copied } from "../base/bytes.ts";
import type { Config } from "../config/config.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { encodeRequest } from "../protocol/frame.ts";
import type { Journal } from "./journal.ts";

const DEL = Buffer.from("DEL");
const UNLINK = Buffer.from("UNLINK");
const HDEL = Buffer.from("HDEL");

/** Has `journal` take the deletions of `keyspace` from now on. */
export function journalDeletions(config: Config, keyspace: Keyspace, journal: Journal): void {
  keyspace.onLeaving = (database, key, why) => {
    if (!journal.active) return;
    const lazily = config.values[why === "expired" ? "lazyfree-lazy-expire" : "lazyfree-lazy-eviction"];
    journal.append(database.index, encodeRequest([lazily ? UNLINK : DEL, key]));
  };
  keyspace.onFieldLeaving = (database, key, { bytes, from, to }) => {
    if (journal.active) journal.append(database.index, encodeRequest([HDEL, key, copied(bytes, from, to)]));
  };
}
