/** A whole copy of a source's keys in memory, to which its stream is applied: so a feed knows what was and what is at each key. */

import { Replay } from "../aof/replay.ts";
import type { KeyCopy } from "../changes/change-stream.ts";
import type { KeyState, Text, TextOf } from "../changes/events.ts";
import { TypedValues } from "../changes/typed-value.ts";
import { Config } from "../config/config.ts";
import { NO_EXPIRY } from "../keyspace/lookup.ts";
import { metaType } from "../keyspace/record-meta.ts";
import { Log } from "../log.ts";
import type { Frame } from "../protocol/frame.ts";
import { Server } from "../server.ts";
import { LoadHandler } from "../snapshot/load-handler.ts";
import { StoredValue } from "../snapshot/stored-value.ts";

/** No source has more. */
const DATABASES = 1024;
const MAX_RESERVE = 1024 * 1024;
/** How long work is done at a time that a server does between its clients' requests, in ms. */
const SLICE_MS = 1;
/** What changes no keys need not be run. */
const NOT_FOR_KEYS: ReadonlySet<string> = new Set(["function", "script"]);

export class Copy<T extends Text> implements KeyCopy<T> {
  /** Takes the keys of the image. */
  readonly image: LoadHandler;
  private readonly server: Server;
  private readonly replay: Replay;
  private readonly values: TypedValues<T>;
  private readonly stored = new StoredValue();
  private readonly warning: (message: string) => void;
  private readonly told = new Set<string>();

  /** `warning`: told when what is known here may be wrong. */
  constructor(text: TextOf<T>, warning: (message: string) => void) {
    this.warning = warning;
    this.values = new TypedValues(text);
    // It is never started: it has no port, no timer and no file.
    const log = new Log({ level: "nothing", file: "" });
    this.server = new Server(Config.of({ databases: String(DATABASES), save: "", port: "0" }), { log, ownsProcess: false });
    const { keyspace, executor } = this.server;
    this.replay = new Replay(executor, keyspace.databases[0]);
    // A key whose time has passed is the source's to delete.
    const options = { dropExpired: false, library: () => {}, command: () => {} };
    this.image = new LoadHandler(keyspace, log, options, { maxReserve: MAX_RESERVE, startedAt: Date.now() });
  }

  read(db: number, bytes: Buffer, from: number, to: number): KeyState<T> | null {
    const database = this.server.keyspace.databases[db];
    if (database === undefined) return null;
    const { table } = database;
    const address = table.find(table.hash(bytes, from, to - from), bytes, from, to - from);
    if (address === 0) return null;
    const expireAt = database.expiryOf(address);
    const value = this.values.of(metaType(table.meta(address)), this.stored.show(table, address));
    return { ...value, expireAt: expireAt === NO_EXPIRY ? null : expireAt };
  }

  apply(db: number, frame: Frame): void {
    const name = frame.text(0).toLowerCase();
    const database = this.server.keyspace.databases[db];
    if (NOT_FOR_KEYS.has(name) || database === undefined) return;
    const { replay } = this;
    replay.select(database);
    replay.begin(false);
    let failure: string | null = "there is no such command here";
    try {
      if (replay.run(frame)) failure = replay.takeFailure();
    } finally {
      replay.end();
    }
    if (failure !== null) this.differs(name, failure);
  }

  /** What a command did at the source it did not do here: what is known of its keys may be wrong from here on. */
  private differs(name: string, failure: string): void {
    if (this.told.has(name)) return;
    this.told.add(name);
    this.warning(`'${name}' cannot be applied to the copy: ${failure}. What it changed is not what the feed says`);
  }

  /** Does some of what is left over by now: memory to be freed, tables to be made larger. */
  tidy(): void {
    const { keyspace } = this.server;
    keyspace.rehash(SLICE_MS);
    keyspace.lazyFree.run(SLICE_MS);
  }

  stop(): void {
    void this.server.stop();
  }
}
