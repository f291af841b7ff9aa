/** Keys that go without a command: the journal takes each deletion, as the command that lazyfree-lazy-expire or lazyfree-lazy-eviction asks for. */

import type { Config } from "../config/config.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Frame } from "../protocol/frame.ts";
import type { Journal } from "./journal.ts";

/** Has `journal` take the deletions of `keyspace` from now on. */
export function journalDeletions(config: Config, keyspace: Keyspace, journal: Journal): void {
  const take = (database: Database, key: Buffer, lazy: "lazyfree-lazy-expire" | "lazyfree-lazy-eviction"): void => {
    if (!journal.active) return;
    journal.append(database, new Frame().encode([config.values[lazy] ? "UNLINK" : "DEL", key]));
  };
  keyspace.listener = {
    expiring: (database, key, from, length) => take(database, key.subarray(from, from + length), "lazyfree-lazy-expire"),
    evicting: (database, key) => take(database, key, "lazyfree-lazy-eviction"),
  };
}
