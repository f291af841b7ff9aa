/**
 * The tree of all names of a large database, kept while someone looks at it: its branches with what they hold, and for each key which branch it is
 * directly in and its hash, which finds it again. No write pays for it: it is as old as the walk that made it.
 */

import type { Database } from "../keyspace/database.ts";
import type { Table } from "../memory/record-table.ts";
import { BranchTree, MOST_LEVELS, type Totals } from "./branch-tree.ts";
import type { KeyFilter } from "./key-filter.ts";
import { type KeyVisitor, KeyWalk } from "./key-walk.ts";
import type { Level } from "./level.ts";

/** How many levels of names are told apart. */
const DEPTH = MOST_LEVELS;
/** Keys in a chunk of `Members`. */
const CHUNK_SHIFT = 17;
const CHUNK = 1 << CHUNK_SHIFT;
const MEMBER_BYTES = 6;
/** How many keys are looked up together. */
const BATCH = 64;

/** Which branch each key is in, and its hash, in the order of the walk. */
class Members {
  count = 0;
  /** Whether there is no room for all of them: then they are of no use. */
  overflowed = false;
  readonly branches: Uint16Array[] = [];
  readonly hashes: Int32Array[] = [];
  private readonly most: number;
  private lastBranches = new Uint16Array(0);
  private lastHashes = new Int32Array(0);

  constructor(bytes: number) {
    this.most = Math.floor(bytes / MEMBER_BYTES);
  }

  get heldBytes(): number {
    return this.branches.length * CHUNK * MEMBER_BYTES;
  }

  add(branch: number, hash: number): void {
    const { count } = this;
    if (count === this.most) this.drop();
    if (this.overflowed) return;
    const at = count & (CHUNK - 1);
    if (at === 0) {
      this.lastBranches = new Uint16Array(CHUNK);
      this.lastHashes = new Int32Array(CHUNK);
      this.branches.push(this.lastBranches);
      this.hashes.push(this.lastHashes);
    }
    this.lastBranches[at] = branch;
    this.lastHashes[at] = hash;
    this.count = count + 1;
  }

  private drop(): void {
    this.overflowed = true;
    this.branches.length = 0;
    this.hashes.length = 0;
  }
}

export class KeptTree implements KeyVisitor {
  readonly database: Database;
  /** When it was begun (`performance.now()`), and how long it took, in ms. */
  begunAt = performance.now();
  walkMs = -1;
  private readonly filter: KeyFilter;
  private readonly separator: Buffer;
  private readonly bytes: number;
  private readonly walk: KeyWalk;
  private tree: BranchTree;
  private members: Members;
  private table: Table;
  private totals: Totals | null = null;

  /** Of the keys that `filter` takes; their list may take so many `bytes`. */
  constructor(database: Database, filter: KeyFilter, separator: Buffer, bytes: number) {
    this.database = database;
    this.filter = filter;
    this.separator = separator;
    this.bytes = bytes;
    this.walk = new KeyWalk(database, this);
    this.table = database.table;
    this.tree = new BranchTree(separator, 0, DEPTH);
    this.members = new Members(bytes);
  }

  restart(): void {
    this.table = this.database.table;
    this.begunAt = performance.now();
    this.tree = new BranchTree(this.separator, 0, DEPTH);
    this.members = new Members(this.bytes);
  }

  visit(addresses: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.look(addresses[index]);
  }

  private look(address: number): void {
    const { filter, database } = this;
    if (!filter.takes(database, address)) return;
    const { name } = filter;
    const branch = this.tree.add(name.buffer, name.from, name.to, filter.bytes);
    this.members.add(branch, database.table.hashOf(address));
  }

  get isReady(): boolean {
    return this.totals !== null;
  }

  /** Whether the database holds something else by now. */
  get isStale(): boolean {
    return this.database.table !== this.table;
  }

  /** Whether it has no list of keys: there were too many. */
  get lacksKeys(): boolean {
    return this.members.overflowed;
  }

  get heldBytes(): number {
    return this.tree.heldBytes + this.members.heldBytes;
  }

  /** Goes on to make it, until `deadline`. Returns whether it is ready. Errors: WalkError. */
  build(deadline: number): boolean {
    if (this.totals !== null) return true;
    if (!this.walk.step(deadline)) return false;
    this.totals = this.tree.total();
    this.walkMs = performance.now() - this.begunAt;
    return true;
  }

  /** It is not wanted any more. */
  release(): void {
    this.walk.release();
  }

  /** Begins to list what is below `prefix` into a level. `filter`: for the keys, which may be others by now. */
  lister(prefix: Buffer, filter: KeyFilter, level: Level): Lister {
    const { tree, members, totals } = this;
    return new Lister({ tree, members, totals: totals ?? tree.total(), database: this.database }, prefix, filter, level);
  }
}

interface Listed {
  readonly tree: BranchTree;
  readonly members: Members;
  readonly totals: Totals;
  readonly database: Database;
}

/** Lists one level of a tree that is ready. */
export class Lister {
  private readonly of: Listed;
  private readonly filter: KeyFilter;
  private readonly level: Level;
  private readonly branch: number;
  /** What of the prefix is below that branch. */
  private readonly partial: Buffer;
  private readonly head: Buffer;
  private nextBranch = 1;
  private nextMember = 0;
  private branchesListed = false;
  private readonly hashes = new Int32Array(BATCH);
  private readonly addresses = new Int32Array(BATCH);
  private gathered = 0;
  /** Hashes that several keys have, all of which have been added. */
  private readonly twins = new Set<number>();

  constructor(of: Listed, prefix: Buffer, filter: KeyFilter, level: Level) {
    this.of = of;
    this.filter = filter;
    this.level = level;
    const { branch, length } = of.tree.locate(prefix);
    this.branch = branch;
    this.head = prefix.subarray(0, length);
    this.partial = prefix.subarray(length);
  }

  /** Goes on until `deadline`. Returns whether all is listed. */
  step(deadline: number): boolean {
    if (!this.branchesListed) {
      if (!this.listBranches(deadline)) return false;
      this.branchesListed = true;
      if (this.skipsKeys()) this.nextMember = this.of.members.count;
    }
    return this.listKeys(deadline) && this.level.list(deadline);
  }

  private listBranches(deadline: number): boolean {
    const { tree, totals } = this.of;
    while (this.nextBranch < tree.count) {
      const branch = this.nextBranch++;
      if (tree.parent(branch) === this.branch) this.listBranch(branch, tree.part(branch), totals);
      if ((branch & 255) === 0 && performance.now() >= deadline) return false;
    }
    return true;
  }

  private listBranch(branch: number, part: Buffer, { keys, bytes }: Totals): void {
    const { partial } = this;
    if (part.length > partial.length && part.subarray(0, partial.length).equals(partial))
      this.level.addBranch(Buffer.concat([this.head, part]), keys[branch], bytes[branch]);
  }

  /** The page may be full of branches; then leaves need only be counted, where that is known. */
  private skipsKeys(): boolean {
    const { tree } = this.of;
    if (!this.level.isFull || this.partial.length > 0 || tree.isCut(this.branch)) return false;
    const { keys, bytes } = tree.own(this.branch);
    this.level.countLeaves(keys, bytes);
    return true;
  }

  private listKeys(deadline: number): boolean {
    const { members } = this.of;
    const { branch } = this;
    while (this.nextMember < members.count) {
      const chunk = this.nextMember >>> CHUNK_SHIFT;
      const from = this.nextMember & (CHUNK - 1);
      const to = Math.min(from + 4096, members.count - chunk * CHUNK, CHUNK);
      const branches = members.branches[chunk];
      let at = from;
      for (; at < to && this.gathered < BATCH; at++) if (branches[at] === branch) this.hashes[this.gathered++] = members.hashes[chunk][at];
      this.nextMember += at - from;
      if (this.gathered === BATCH) this.lookUp();
      if (performance.now() >= deadline) return false;
    }
    this.lookUp();
    return true;
  }

  private lookUp(): void {
    const { hashes, gathered } = this;
    this.of.database.table.prefetch(hashes, this.addresses, gathered);
    for (let index = 0; index < gathered; index++) this.addKeysOf(hashes[index]);
    this.gathered = 0;
  }

  /** Adds the keys of this hash. Of two that have it each is a member, and either would add both. */
  private addKeysOf(hash: number): void {
    if (this.twins.size > 0 && this.twins.has(hash)) return;
    const { table } = this.of.database;
    const old = table.oldChainOf(hash);
    const found = (old === -1 ? 0 : this.addChain(table.chain(old), hash)) + this.addChain(table.chain(table.chainOf(hash)), hash);
    if (found > 1) this.twins.add(hash);
  }

  /** Returns how many keys have the hash. */
  private addChain(first: number, hash: number): number {
    const { database, tree } = this.of;
    const { table } = database;
    const { filter, level } = this;
    let found = 0;
    for (let address = first; address !== 0; address = table.next(address)) {
      if (table.hashOf(address) !== hash) continue;
      found++;
      if (!filter.takes(database, address)) continue;
      // Another key may have the hash of one that is in this branch.
      const { buffer, from, to } = filter.name;
      if (tree.lowest(buffer, from, to) === this.branch) level.addKey(database, address, filter);
    }
    return found;
  }
}
