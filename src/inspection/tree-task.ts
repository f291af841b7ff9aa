/** Lists one level of the tree of names: from a tree that is kept where there are many keys, else by a walk of its own. */

import type { Database } from "../keyspace/database.ts";
import type { KeptTree, Lister } from "./kept-tree.ts";
import type { KeptTrees } from "./kept-trees.ts";
import type { KeyFilter } from "./key-filter.ts";
import { type KeyVisitor, KeyWalk } from "./key-walk.ts";
import { Level, type PageOptions, type TreePage } from "./level.ts";

export interface TreeRequest extends PageOptions {
  readonly database: Database;
  /** The prefix is its. */
  readonly filter: KeyFilter;
  /** The same without the prefix. */
  readonly wholeFilter: KeyFilter;
  /** Says what `wholeFilter` is about, whose keys among it. */
  readonly scope: string;
  readonly separator: Buffer;
  readonly fresh: boolean;
}

export interface TreeResult extends TreePage {
  /** For how long the figures have been kept, and how long the walk took that made them, in ms. */
  readonly age: number;
  readonly walk: number;
}

export class TreeTask implements KeyVisitor {
  private readonly request: TreeRequest;
  private readonly trees: KeptTrees | null;
  private readonly begunAt = performance.now();
  private level: Level;
  private used: ReturnType<KeptTrees["use"]> | null = null;
  private lister: Lister | null = null;
  private walk: KeyWalk | null = null;
  private walkMs = -1;

  /** `trees`: null for a walk of its own. */
  constructor(request: TreeRequest, trees: KeptTrees | null) {
    this.request = request;
    this.level = this.newLevel();
    this.trees = trees !== null && mayShare(request) ? trees : null;
  }

  private newLevel(): Level {
    const { filter, separator } = this.request;
    return new Level(filter.options.prefix, separator, this.request);
  }

  /** Goes on until `deadline`. Returns whether `result` is there. Errors: WalkError. */
  step(deadline: number): boolean {
    const tree = this.keptTree();
    return tree === null ? this.stepAlone(deadline) : this.stepKept(tree, deadline);
  }

  /** Returns the tree that answers, or null when a walk is to. */
  private keptTree(): KeptTree | null {
    const { trees, request } = this;
    if (trees === null || this.walk !== null) return null;
    if (this.used === null) {
      const { database, scope, separator, wholeFilter, fresh } = request;
      this.used = trees.use({ database, scope, separator, filter: wholeFilter }, { fresh });
    }
    const { tree } = this.used;
    return tree.isReady && (tree.isStale || tree.lacksKeys) ? null : tree;
  }

  private stepKept(tree: KeptTree, deadline: number): boolean {
    if (!tree.build(deadline)) return false;
    if (tree.lacksKeys || tree.isStale) return false;
    const { filter } = this.request;
    this.lister ??= tree.lister(filter.options.prefix, filter, this.level);
    return this.lister.step(deadline);
  }

  private stepAlone(deadline: number): boolean {
    if (this.walk === null) {
      this.level = this.newLevel();
      this.walk = new KeyWalk(this.request.database, this);
    }
    if (this.walkMs < 0) {
      if (!this.walk.step(deadline)) return false;
      this.walkMs = performance.now() - this.begunAt;
    }
    return this.level.list(deadline);
  }

  visit(addresses: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.look(addresses[index]);
  }

  private look(address: number): void {
    const { database, filter } = this.request;
    if (filter.takes(database, address)) this.level.addKey(database, address, filter);
  }

  restart(): void {
    this.level = this.newLevel();
  }

  /** It is over, whether it has a result or not. */
  release(): void {
    this.used?.release();
    this.walk?.release();
  }

  get result(): TreeResult {
    const tree = this.walk === null ? (this.used?.tree ?? null) : null;
    const begunAt = tree === null ? this.begunAt : tree.begunAt;
    const walk = tree === null ? this.walkMs : tree.walkMs;
    // What was counted for this request is of now.
    const age = begunAt >= this.begunAt - 1 ? 0 : performance.now() - begunAt;
    return { ...this.level.page(), age, walk };
  }
}

/** A prefix that ends within a separator has branches of its own. */
function mayShare({ separator, filter }: TreeRequest): boolean {
  const { prefix } = filter.options;
  for (let length = 1; length < separator.length; length++)
    if (prefix.subarray(-length).equals(separator.subarray(0, length)) && prefix.length >= length) return false;
  return true;
}
