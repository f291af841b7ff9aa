/**
 * Keys of the target that may not be what they are at the source: a write came when the key had expired there already, or could not be executed.
 * They are copied again, as they are at a place in the source's history, when the stream has been applied up to that place. So nothing that
 * expires early is lost, and nothing that has expired comes back.
 */

import type { Losses } from "../convert/losses.ts";
import type { Deadlines } from "./deadlines.ts";
import { imageOf, KeyImage, type MovedKey, versionOfPayload } from "./key-image.ts";
import { writesOf } from "./key-writes.ts";
import type { KeysThen, SourceAsker } from "./source-asker.ts";
import type { KeyName } from "./stream-units.ts";
import { POSITION_KEY, requestOf, type Write } from "./target.ts";

/** So many keys are copied at a time. */
const MOST_KEYS = 200;

interface Repair {
  /** Where in the history it belongs. */
  readonly offset: number;
  readonly names: readonly KeyName[];
  readonly writes: readonly Write[];
}

export interface RepairOptions {
  readonly asker: SourceAsker;
  readonly deadlines: Deadlines;
  readonly losses: Losses;
  /** The version that the target reads; null: any. */
  readonly version: number | null;
}

export class Repairs {
  /** One that has been fetched, and waits for the stream to come to its place. */
  ready: Repair | null = null;
  /** Keys that were copied again. */
  copied = 0;
  private readonly options: RepairOptions;
  private readonly suspects = new Map<string, KeyName>();
  /** Databases were exchanged since the one that is ready was fetched: which deadlines belong to its keys may not be known. */
  private swapped = false;

  constructor(options: RepairOptions) {
    this.options = options;
  }

  /** Keys that wait. */
  get size(): number {
    return this.suspects.size + (this.ready?.names.length ?? 0);
  }

  add(names: readonly KeyName[]): void {
    for (const name of names) if (name.key !== POSITION_KEY) this.suspects.set(idOf(name), name);
  }

  /** The databases are exchanged: what is known of keys of one holds for those of the other. */
  swap(one: number, other: number): void {
    this.swapped = true;
    for (const { db, key } of [...this.suspects.values(), ...(this.ready?.names ?? [])]) {
      if (db === one) this.add([{ db: other, key }]);
      if (db === other) this.add([{ db: one, key }]);
    }
  }

  /** Reads suspects at the source, while nothing of the stream is taken in. `id`: the history that is followed. Errors: CompareError, ToolError. */
  async fetch(id: string): Promise<void> {
    const { asker, deadlines, version, losses } = this.options;
    const names = [...this.suspects.values()].slice(0, MOST_KEYS).sort((a, b) => a.db - b.db);
    const then = await asker.keysNow(names);
    if (then.id !== id) return;
    for (const name of names) this.suspects.delete(idOf(name));
    const moved = movedKeys(then, version, losses);
    const writes = names.flatMap((name): Write[] => {
      const key = moved.get(idOf(name));
      deadlines.set(name.key, name.db, key === undefined ? Number.POSITIVE_INFINITY : key.deadline);
      return key === undefined ? [{ db: name.db, bytes: requestOf("DEL", name.key) }] : writesOf(key, losses);
    });
    this.swapped = false;
    this.ready = { offset: then.offset, names, writes };
  }

  /** The one that is ready has been done: all that was found before its place is settled with it. */
  done(): void {
    for (const name of this.ready?.names ?? []) {
      if (this.swapped) this.suspects.set(idOf(name), name);
      else this.suspects.delete(idOf(name));
    }
    this.copied += this.ready?.names.length ?? 0;
    this.ready = null;
  }
}

/** A key's name in one text. */
export function idOf({ db, key }: KeyName): string {
  return `${db}:${key}`;
}

/** The keys as the target takes them, by `idOf`; those that are gone, or cannot go, are not among them. */
export function movedKeys({ keys }: KeysThen, version: number | null, losses: Losses): Map<string, MovedKey> {
  const moved = new Map<string, MovedKey>();
  const byVersion = new Map<number, { db: number; key: Buffer; payload: Buffer; expireAt: number }[]>();
  for (const { db, key, payload, expireAt } of keys) {
    const of = payload === null ? null : versionOfPayload(payload);
    if (payload === null) continue;
    if (of === null) losses.key(db, key, "value", "its payload has a version that is not known");
    else byVersion.set(of, [...(byVersion.get(of) ?? []), { db, key: Buffer.from(key, "latin1"), payload, expireAt }]);
  }
  for (const [of, entries] of byVersion) {
    const take = (key: MovedKey): unknown => moved.set(idOf({ db: key.db, key: key.key.latin1Slice() }), key);
    using image = new KeyImage({ version, losses, key: take, library: () => {}, name: "what DUMP gave" });
    image.push(imageOf(of, entries));
    image.finish();
  }
  return moved;
}
