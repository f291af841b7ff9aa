/** What the tests of snapshots and files share: a keyspace with a model beside it, and images in memory. */
import { Config } from "../../src/config/config.ts";
import type { DirectiveName } from "../../src/config/options.ts";
import type { Database } from "../../src/keyspace/database.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { Log } from "../../src/log.ts";
import type { HistoryPoint } from "../../src/snapshot/load-handler.ts";
import { Persistence, type PersistenceHooks } from "../../src/snapshot/persistence.ts";
import type { SnapshotConsumer, SnapshotOptions } from "../../src/snapshot/snapshot.ts";
import { type Entry, entry } from "../rdb/support.ts";
import { LOOK } from "../support/lookup.ts";

export const NOW = 1_800_000_000_000;

export function makeKeyspace(databases = 16): Keyspace {
  return new Keyspace({ databases, now: NOW });
}

export function set(database: Database, key: string, value: string | Buffer, expireAt = NO_EXPIRY): void {
  const keyBytes = Buffer.from(key, "latin1");
  // Somewhere in a larger buffer, as in a request; and not to be kept.
  const valueBytes = Buffer.concat([
    Buffer.from("$$"),
    typeof value === "string" ? Buffer.from(value, "latin1") : value,
    Buffer.alloc(64 + value.length),
  ]);
  const address = database.find(LOOK, keyBytes, 0, keyBytes.length);
  database.setString(address, LOOK.keyHash, keyBytes, 0, keyBytes.length, valueBytes, 2, 2 + value.length, expireAt);
}

export function find(database: Database, key: string): number {
  const bytes = Buffer.from(key, "latin1");
  return database.find(LOOK, bytes, 0, bytes.length);
}

export function get(database: Database, key: string): string | null {
  const address = find(database, key);
  if (address === 0) return null;
  const { buffer, from, to } = database.locateString(address);
  return buffer.latin1Slice(from, to);
}

/** Everything in a keyspace, expired or not. */
export function contents(keyspace: Keyspace): Entry[] {
  const entries: Entry[] = [];
  for (const database of keyspace.databases) {
    const { table } = database;
    for (let chain = 0; chain < table.chainCount; chain++) {
      for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
        const { buffer, from, to } = database.locateString(address);
        const value = buffer.latin1Slice(from, to);
        entries.push(entry(table.key(address).toString("latin1"), value, { db: database.index, expireAt: database.expiryOf(address) }));
      }
    }
  }
  return sorted(entries);
}

/** Entries in one order, without what is not compared. */
export function sorted(entries: readonly Entry[]): Entry[] {
  const rank = ({ db, key }: Entry): string => `${String(db).padStart(4, "0")}:${key}`;
  return entries.map((one) => ({ ...one, idle: -1, freq: -1 })).sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** Keeps the bytes of an image; `isReady` says whether it takes more. */
export class MemoryConsumer implements SnapshotConsumer {
  readonly parts: Buffer[] = [];
  readonly failures: Error[] = [];
  finishes = 0;
  isReady = true;
  /** Thrown by the next `write`. */
  breakWith: Error | null = null;

  get image(): Buffer {
    return Buffer.concat(this.parts);
  }

  write(bytes: Buffer, from: number, to: number): void {
    if (this.breakWith !== null) throw this.breakWith;
    this.parts.push(Buffer.from(bytes.subarray(from, to)));
  }

  ready(): boolean {
    return this.isReady;
  }

  finished(): void {
    this.finishes++;
  }

  failed(error: Error): void {
    this.failures.push(error);
  }
}

/** Slices that run when the test says so, on a clock that jumps by `tickMs` at every look. */
export class ManualLoop {
  private readonly slices: (() => void)[] = [];
  private now = 0;
  private readonly tickMs: number;

  constructor(tickMs = 0.6) {
    this.tickMs = tickMs;
  }

  readonly clock = (): number => {
    this.now += this.tickMs;
    return this.now;
  };

  readonly defer = (slice: () => void): void => {
    this.slices.push(slice);
  };

  /** Runs one slice. -> whether there was one. */
  run(): boolean {
    const slice = this.slices.shift();
    slice?.();
    return slice !== undefined;
  }

  runAll(): void {
    while (this.run());
  }
}

export function snapshotOptions(loop: ManualLoop, more: Partial<SnapshotOptions> = {}): SnapshotOptions {
  return { compress: true, checksum: true, usage: "none", aux: [], clock: loop.clock, defer: loop.defer, ...more };
}

/** A log that is kept. */
export class MemoryLog extends Log {
  readonly lines: string[] = [];

  constructor() {
    super({ level: "nothing", file: "" });
  }

  override notice(message: string): void {
    this.lines.push(message);
  }

  override warning(message: string): void {
    this.lines.push(`! ${message}`);
  }
}

export type Setup = { keyspace: Keyspace; persistence: Persistence; log: MemoryLog; config: Config };

/** A Persistence with these directives over a keyspace of its own. */
export function makePersistence(
  directives: { readonly [K in DirectiveName]?: string },
  more: PersistenceHooks & { history?: HistoryPoint; keyspace?: Keyspace; config?: Config } = {},
): Setup {
  const { history = null, config = Config.of({ save: "", ...directives }), ...hooks } = more;
  const log = new MemoryLog();
  const keyspace = more.keyspace ?? new Keyspace({ databases: config.values.databases, now: Date.now() });
  return { config, log, keyspace, persistence: new Persistence(config, log, keyspace, () => history, hooks) };
}
