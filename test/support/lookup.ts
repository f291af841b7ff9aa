import { ExpiryMode, type KeyAccess } from "../../src/keyspace/key-access.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";

/** How tests look at keys outside of commands: as a client of a master does. */
export const LOOK: KeyAccess = { expiryMode: ExpiryMode.DELETE, noTouch: false, frame: null, keyHash: 0 };

/** Deletes every key and frees what it held, piece by piece: what FLUSHALL gives back at one go would hide what is held by mistake. */
export function emptyKeyByKey({ databases, lazyFree }: Keyspace): void {
  for (const database of databases) {
    while (database.size > 0) {
      let cursor = 0;
      do cursor = database.table.scan(cursor, (address) => database.delete(address));
      while (cursor !== 0);
    }
  }
  while (!lazyFree.run(100));
}
