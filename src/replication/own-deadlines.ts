/**
 * Keys of a replica that clients of its own gave a deadline: no master will ever delete them, so the replica does, a moment after their time
 * is over. Only a replica that clients may write to (replica-read-only no) has any. Source: expireSlaveKeys.
 */

import type { ReplicationContext } from "./context.ts";

/** Keys looked at in a row. */
const KEYS_PER_SWEEP = 1000;

export class OwnDeadlines {
  private readonly server: ReplicationContext;
  /** By the index of the database and the bytes of the key, as text: the key. */
  private readonly keys = new Map<string, { readonly index: number; readonly key: Buffer }>();
  private cursor: Iterator<string> = this.keys.keys();

  constructor(server: ReplicationContext) {
    this.server = server;
  }

  /** How many keys there are. */
  get size(): number {
    return this.keys.size;
  }

  /** From now on keys are taken note of, or no longer, and none is known. What the master's stream does must not be noted. */
  watch(on: boolean): void {
    const { keyspace, persistence } = this.server;
    if (!on) this.keys.clear();
    keyspace.onDeadline = on
      ? (index, key) => {
          if (persistence.loading === null) this.keys.set(`${index} ${key.latin1Slice()}`, { index, key });
        }
      : null;
  }

  /** Does `work`, which is the master's. */
  unwatched(work: () => void): void {
    const { keyspace } = this.server;
    const { onDeadline } = keyspace;
    keyspace.onDeadline = null;
    try {
      work();
    } finally {
      keyspace.onDeadline = onDeadline;
    }
  }

  /** Deletes some of those whose time is over. To be called about ten times a second. */
  sweep(): void {
    const { databases } = this.server.keyspace;
    for (let count = Math.min(KEYS_PER_SWEEP, this.keys.size); count > 0; count--) {
      let { value: name } = this.cursor.next();
      if (name === undefined) {
        this.cursor = this.keys.keys();
        name = this.cursor.next().value;
      }
      const own = name === undefined ? undefined : this.keys.get(name);
      if (name === undefined || own === undefined) return;
      if (databases[own.index]?.expireKey(own.key) !== true) this.keys.delete(name);
    }
  }
}
