/** The trees of large databases that are kept while someone looks at them, a few at a time; they are made again in the background. */

import type { Database } from "../keyspace/database.ts";
import { KeptTree } from "./kept-tree.ts";
import type { KeyFilter } from "./key-filter.ts";
import type { Slices } from "./slices.ts";

/** How many trees are kept, and for how long (ms) one that no one asks about. */
const MOST_TREES = 4;
const KEPT_MS = 60_000;
const LOOK_MS = 10_000;
/** A tree is made again when it is so many times older than the walk took: 2 % of the time at most. */
const AGE_IN_WALKS = 50;

/** What a tree is of: two requests with the same can share one. */
export interface TreeKey {
  readonly database: Database;
  /** Filters but for the prefix, and whose keys are meant. */
  readonly scope: string;
  readonly separator: Buffer;
  readonly filter: KeyFilter;
}

interface Kept {
  tree: KeptTree;
  /** What will take its place. */
  next: KeptTree | null;
  askedAt: number;
  /** Requests under way. */
  users: number;
}

export class KeptTrees {
  private readonly slices: Slices;
  private readonly limit: () => number;
  private readonly byKey = new Map<string, Kept>();
  private timer: ReturnType<typeof setInterval> | null = null;

  /** `limit`: how many bytes the lists of keys of all trees may take. */
  constructor(slices: Slices, limit: () => number) {
    this.slices = slices;
    this.limit = limit;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { tree, next } of this.byKey.values()) bytes += tree.heldBytes + (next?.heldBytes ?? 0);
    return bytes;
  }

  /** Returns the tree that a request is answered from, perhaps still to be built; `release` is to be called once. `fresh`: only a new one will do. */
  use(key: TreeKey, { fresh }: { fresh: boolean }): { readonly tree: KeptTree; readonly release: () => void } {
    const name = `${key.database.index}\n${key.separator.latin1Slice()}\n${key.scope}`;
    let kept = this.byKey.get(name);
    if (kept === undefined || kept.tree.isStale || (fresh && kept.tree.isReady)) {
      if (kept !== undefined) this.drop(name, kept);
      this.makeRoom();
      kept = { tree: this.newTree(key), next: null, askedAt: 0, users: 0 };
      this.byKey.set(name, kept);
      this.timer ??= setInterval(() => this.dropUnused(), LOOK_MS).unref();
    }
    // The one asked for last is the last one to give way.
    this.byKey.delete(name);
    this.byKey.set(name, kept);
    kept.askedAt = performance.now();
    kept.users++;
    if (kept.tree.isReady && kept.next === null && kept.askedAt - kept.tree.begunAt > kept.tree.walkMs * AGE_IN_WALKS)
      this.renew(name, kept, key);
    const { tree } = kept;
    const used = kept;
    return { tree, release: () => this.release(name, used) };
  }

  private newTree({ database, filter, separator }: TreeKey): KeptTree {
    return new KeptTree(database, filter, separator, Math.max(0, this.limit() - this.heldBytes));
  }

  private renew(name: string, kept: Kept, key: TreeKey): void {
    const next = this.newTree(key);
    kept.next = next;
    this.slices.start({
      wanted: () => kept.next === next,
      step: (deadline) => next.build(deadline),
      end: () => {
        if (kept.next === next) kept.next = null;
        if (next.isReady && this.byKey.get(name) === kept) kept.tree = next;
        else next.release();
      },
    });
  }

  /** A request is over. What is only half built then, and no one waits for, is of no use. */
  private release(name: string, kept: Kept): void {
    kept.users--;
    if (kept.users > 0) return;
    if (this.byKey.get(name) !== kept) kept.tree.release();
    else if (!kept.tree.isReady) this.drop(name, kept);
  }

  private drop(name: string, kept: Kept): void {
    this.byKey.delete(name);
    kept.next = null;
    // Requests under way go on with it, and with its walk.
    if (kept.users === 0) kept.tree.release();
  }

  private makeRoom(): void {
    for (const [name, kept] of this.byKey) {
      if (this.byKey.size < MOST_TREES) return;
      this.drop(name, kept);
    }
  }

  private dropUnused(): void {
    const now = performance.now();
    for (const [name, kept] of this.byKey) if (kept.users === 0 && now - kept.askedAt > KEPT_MS) this.drop(name, kept);
    if (this.byKey.size === 0) this.stop();
  }

  /** Keeps none any more. */
  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    for (const [name, kept] of this.byKey) this.drop(name, kept);
  }
}
