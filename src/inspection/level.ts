/** A page of one level of the tree of names: branches and leaves in an order, and how many there are. */

import type { Database } from "../keyspace/database.ts";
import type { Type } from "../values/value-types.ts";
import { Best } from "./best.ts";
import { BranchTree } from "./branch-tree.ts";
import type { KeyFilter } from "./key-filter.ts";

export type TreeOrder = "name" | "keys" | "bytes";

/** A branch, whose name ends with the separator, or a leaf: a key. */
export interface TreeEntry {
  readonly name: Buffer;
  /** Null: a branch. */
  readonly type: Type | null;
  readonly keys: number;
  readonly bytes: number;
  /** How many ms are left until a leaf expires; -1: it does not. */
  readonly msToLive: number;
}

export interface TreePage {
  readonly keys: number;
  readonly bytes: number;
  readonly branches: number;
  readonly leaves: number;
  readonly entries: readonly TreeEntry[];
  /** The position behind which the next page begins; null: this was the last one. */
  readonly next: Buffer | null;
  /** Keys in branches that are not told apart, and what they take; null: there are none. */
  readonly rest: { readonly keys: number; readonly bytes: number } | null;
}

/** What a client asks for of a level. */
export interface PageOptions {
  readonly order: TreeOrder;
  readonly count: number;
  /** A position, as `TreePage.next`. */
  readonly after: Buffer | null;
}

/** A position in an order: behind an entry of this kind, value and name. */
interface Position {
  readonly leaf: boolean;
  readonly value: number;
  readonly name: Buffer;
}

const POSITION = /^([bl])(\d{1,16}):/;

/** Returns null for what is no position. */
function positionOf(bytes: Buffer): Position | null {
  const found = POSITION.exec(bytes.latin1Slice(0, Math.min(bytes.length, 20)));
  if (found === null) return null;
  return { leaf: found[1] === "l", value: Number(found[2]), name: bytes.subarray(found[0].length) };
}

export function isPosition(bytes: Buffer): boolean {
  return positionOf(bytes) !== null;
}

export class Level {
  private readonly options: PageOptions;
  private readonly prefix: Buffer;
  private readonly after: Position | null;
  /** The branches of what is added by `addKey`. */
  private readonly tree: BranchTree;
  private readonly branches: Best<TreeEntry>;
  private readonly leaves: Best<TreeEntry>;
  private branchCount = 0;
  private leafCount = 0;
  private keys = 0;
  private bytes = 0;
  private restKeys = 0;
  private restBytes = 0;
  /** The branch of `tree` that is listed next. */
  private at = 1;
  private totals: { readonly keys: Float64Array; readonly bytes: Float64Array } | null = null;

  constructor(prefix: Buffer, separator: Buffer, options: PageOptions) {
    this.options = options;
    this.prefix = prefix;
    this.after = options.after === null ? null : positionOf(options.after);
    this.tree = new BranchTree(separator, prefix.length, 1);
    const compare = (a: TreeEntry, b: TreeEntry): number => this.valueOf(b) - this.valueOf(a) || Buffer.compare(a.name, b.name);
    this.branches = new Best(options.count, compare);
    this.leaves = new Best(options.count, compare);
  }

  /** What the order goes by before the name. */
  private valueOf({ type, keys, bytes }: TreeEntry): number {
    const { order } = this.options;
    if (order === "name") return 0;
    return order === "keys" && type === null ? keys : bytes;
  }

  /** Adds the key at `address`, which the filter has just taken. Hot. */
  addKey(database: Database, address: number, filter: KeyFilter): void {
    const { buffer, from, to } = filter.name;
    const { bytes } = filter;
    const branch = this.tree.add(buffer, from, to, bytes);
    this.keys++;
    this.bytes += bytes;
    if (this.tree.short) {
      this.restKeys++;
      this.restBytes += bytes;
    } else if (branch === 0) this.addLeaf(database, address, filter);
  }

  private addLeaf(database: Database, address: number, { name, bytes }: KeyFilter): void {
    this.leafCount++;
    const value = this.options.order === "name" ? 0 : bytes;
    if (this.after?.leaf && !isBehind(this.after.value, this.after.name, value, name)) return;
    const { last } = this.leaves;
    if (last !== null && isBehind(this.valueOf(last), last.name, value, name)) {
      this.leaves.overflowed = true;
      return;
    }
    this.leaves.add({
      name: Buffer.from(name.buffer.subarray(name.from, name.to)),
      type: database.type(address),
      keys: 1,
      bytes,
      msToLive: database.msToLive(address),
    });
  }

  /** Adds a branch with all its keys. */
  addBranch(name: Buffer, keys: number, bytes: number): void {
    this.keys += keys;
    this.bytes += bytes;
    this.listBranch(name, keys, bytes);
  }

  private listBranch(name: Buffer, keys: number, bytes: number): void {
    this.branchCount++;
    const entry = { name, type: null, keys, bytes, msToLive: -1 };
    const { after } = this;
    if (
      after === null ||
      (!after.leaf && isBehind(after.value, after.name, this.valueOf(entry), { buffer: name, from: 0, to: name.length }))
    )
      this.branches.add(entry);
  }

  /** Leaves that there are, which are not listed. */
  countLeaves(keys: number, bytes: number): void {
    this.leafCount += keys;
    this.keys += keys;
    this.bytes += bytes;
    if (keys > 0) this.leaves.overflowed = true;
  }

  /** Whether the page is full before leaves come. */
  get isFull(): boolean {
    return this.branches.overflowed || this.branches.list().length >= this.options.count;
  }

  /** Lists the branches of what was added, until `deadline`. Returns whether all are. */
  list(deadline: number): boolean {
    const { tree } = this;
    this.totals ??= tree.total();
    while (this.at < tree.count) {
      const branch = this.at++;
      this.listBranch(Buffer.concat([this.prefix, tree.part(branch)]), this.totals.keys[branch], this.totals.bytes[branch]);
      if ((branch & 255) === 0 && performance.now() >= deadline) return false;
    }
    return true;
  }

  page(): TreePage {
    const { count, order } = this.options;
    const all = [...this.branches.list(), ...this.leaves.list()];
    const entries = all.slice(0, count);
    const more = all.length > count || this.branches.overflowed || this.leaves.overflowed;
    const last = entries.at(-1);
    const value = last === undefined || order === "name" ? 0 : this.valueOf(last);
    return {
      keys: this.keys,
      bytes: this.bytes,
      branches: this.branchCount,
      leaves: this.leafCount,
      entries,
      next: more && last !== undefined ? Buffer.concat([Buffer.from(`${last.type === null ? "b" : "l"}${value}:`), last.name]) : null,
      rest: this.restKeys === 0 ? null : { keys: this.restKeys, bytes: this.restBytes },
    };
  }
}

/** Whether (value, name) comes behind (before, beforeName) in an order of falling values and rising names. */
function isBehind(before: number, beforeName: Buffer, value: number, name: { buffer: Buffer; from: number; to: number }): boolean {
  if (value !== before) return value < before;
  const { buffer, from, to } = name;
  const length = Math.min(beforeName.length, to - from);
  for (let at = 0; at < length; at++) if (buffer[from + at] !== beforeName[at]) return buffer[from + at] > beforeName[at];
  return to - from > beforeName.length;
}
