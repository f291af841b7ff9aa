/**
 * Keys of a replica that clients of its own gave a deadline, and fields of hashes that they gave a time: no master will ever delete them, so
 * the replica does, a moment after their time is over. Only a replica that clients may write to (replica-read-only no) has any. Source:
 * expireSlaveKeys, for keys; Redis knows no such fields.
 */

import type { ReplicationContext } from "./context.ts";

/** Keys, and fields, looked at in a row. */
const LOOKED_AT_PER_SWEEP = 1000;

interface OwnKey {
  /** The number of the database. */
  readonly index: number;
  readonly key: Buffer;
}

interface OwnField extends OwnKey {
  /** Null: all that have a time, of a hash that was made at one go. */
  readonly field: Buffer | null;
}

/** What is waited for, by a text that tells it from the rest; looked at by turns. */
class Waiting<T> {
  private readonly items = new Map<string, T>();
  private cursor: Iterator<string> = this.items.keys();

  get size(): number {
    return this.items.size;
  }

  add(name: string, item: T): void {
    this.items.set(name, item);
  }

  clear(): void {
    this.items.clear();
  }

  /** Looks at some; those of which `waits` says no are forgotten. */
  sweep(waits: (item: T) => boolean): void {
    for (let count = Math.min(LOOKED_AT_PER_SWEEP, this.items.size); count > 0; count--) {
      let { value: name } = this.cursor.next();
      if (name === undefined) {
        this.cursor = this.items.keys();
        name = this.cursor.next().value;
      }
      const item = name === undefined ? undefined : this.items.get(name);
      if (name === undefined || item === undefined) return;
      if (!waits(item)) this.items.delete(name);
    }
  }
}

export class OwnDeadlines {
  private readonly server: ReplicationContext;
  private readonly keys = new Waiting<OwnKey>();
  private readonly fields = new Waiting<OwnField>();

  constructor(server: ReplicationContext) {
    this.server = server;
  }

  /** How many keys there are. */
  get size(): number {
    return this.keys.size;
  }

  /** Whether there is anything to sweep. */
  get waiting(): boolean {
    return this.keys.size > 0 || this.fields.size > 0;
  }

  /** From now on keys are taken note of, or no longer, and none is known. What the master's stream does must not be noted. */
  watch(on: boolean): void {
    const { keyspace, persistence } = this.server;
    if (!on) {
      this.keys.clear();
      this.fields.clear();
    }
    keyspace.onDeadline = on
      ? (index, key) => {
          if (persistence.loading === null) this.keys.add(`${index} ${key.latin1Slice()}`, { index, key });
        }
      : null;
    keyspace.onFieldTime = on
      ? (index, key, field) => {
          const name = `${index} ${key.length} ${key.latin1Slice()} ${field === null ? "" : `.${field.latin1Slice()}`}`;
          if (persistence.loading === null) this.fields.add(name, { index, key, field });
        }
      : null;
  }

  /** Does `work`, which is the master's. */
  unwatched(work: () => void): void {
    const { keyspace } = this.server;
    const { onDeadline, onFieldTime } = keyspace;
    keyspace.onDeadline = null;
    keyspace.onFieldTime = null;
    try {
      work();
    } finally {
      keyspace.onDeadline = onDeadline;
      keyspace.onFieldTime = onFieldTime;
    }
  }

  /** Deletes some of those whose time is over. To be called about ten times a second. */
  sweep(): void {
    const { keyspace } = this.server;
    const { databases } = keyspace;
    this.keys.sweep(({ index, key }) => databases[index]?.expireKey(key) === true);
    this.fields.sweep(({ index, key, field }) => keyspace.expireField?.(databases[index], key, field) === true);
  }
}
