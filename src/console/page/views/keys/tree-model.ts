/** The tree that names make: what has been loaded of it, and what of that is open. */

import { signal } from "@preact/signals";
import { latin1, textOf } from "../../octets.ts";
import type { OwnLink } from "../../own-link.ts";
import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply, Word } from "../../resp.ts";
import { wordsOf } from "../../session.ts";
import type { Order } from "./place.ts";

/** How many entries a page of a level has. */
const PAGE = 200;

/** A branch or a key. */
export interface Node {
  /** Unlike any other's: a branch and a key may have the same name. */
  readonly id: string;
  readonly name: Uint8Array;
  /** The name without what the level above has. */
  readonly label: string;
  /** "branch", or the type of the key. */
  readonly kind: string;
  readonly keys: number;
  readonly bytes: number;
  /** Ms since 1970; null: never. */
  readonly expires: number | null;
  /** From 1. */
  readonly level: number;
  readonly parent: Node | null;
  /** Null: not loaded yet. */
  children: Node[] | null;
  isOpen: boolean;
  isLoading: boolean;
  error: string | null;
  /** Where the next page begins; null: all are loaded. */
  next: Word | null;
  /** How many entries the level below has. */
  entries: number;
  /** What lies in branches below that are too many to be told apart. */
  rest: { readonly keys: number; readonly bytes: number } | null;
}

/** A line of the tree: a node, or what stands below the last of a level. */
export interface Row {
  readonly id: string;
  readonly node: Node;
  readonly kind: "node" | "more" | "loading" | "error" | "rest";
  /** Its place in its level, from 1, and how many there are. */
  readonly position: number;
  readonly size: number;
}

/** How the figures came about. */
export interface Count {
  /** Ms. */
  readonly age: number;
  readonly walk: number;
  readonly at: number;
}

export class TreeModel {
  readonly rows = signal<readonly Row[]>([]);
  readonly count = signal<Count | null>(null);
  readonly root: Node;
  private readonly link: OwnLink;
  private readonly database: number;
  private readonly separator: Uint8Array;
  private readonly order: Order;

  constructor(link: OwnLink, database: number, prefix: Uint8Array, separator: Uint8Array, order: Order) {
    this.link = link;
    this.database = database;
    this.separator = separator;
    this.order = order;
    this.root = node({ name: prefix, label: "", kind: "branch", keys: 0, bytes: 0, expires: null, level: 0, parent: null });
    this.root.isOpen = true;
  }

  /** Counts again, and shows what was open. */
  async reload(isFresh: boolean): Promise<void> {
    const opened = new Set<string>();
    const collect = ({ id, isOpen, children }: Node): void => {
      if (isOpen) opened.add(id);
      for (const child of children ?? []) collect(child);
    };
    collect(this.root);
    await this.load(this.root, isFresh);
    const reopen = async ({ children }: Node): Promise<void> => {
      for (const child of children ?? []) {
        if (child.kind !== "branch" || !opened.has(child.id)) continue;
        await this.open(child);
        await reopen(child);
      }
    };
    await reopen(this.root);
  }

  /** Opens a branch in place. */
  async open(branch: Node): Promise<void> {
    branch.isOpen = true;
    if (branch.children === null) await this.load(branch, false);
    else this.lay();
  }

  close(branch: Node): void {
    branch.isOpen = false;
    this.lay();
  }

  /** Loads the next page of a level. */
  async more(branch: Node): Promise<void> {
    if (branch.next !== null && !branch.isLoading) await this.load(branch, false, branch.next);
  }

  private async load(branch: Node, isFresh: boolean, after: Word | null = null): Promise<void> {
    branch.isLoading = true;
    branch.error = null;
    this.lay();
    const rest = [...(after === null ? [] : ["AFTER", after]), ...(isFresh ? ["FRESH"] : [])];
    try {
      const shape = ["SEPARATOR", this.separator, "BY", this.order, "COUNT", PAGE];
      const reply = await this.link.callForBytes("REPLICANT.TREE", "DB", this.database, "PREFIX", branch.name, ...shape, ...rest);
      this.take(branch, reply, after !== null);
    } catch (error) {
      branch.error = wordsOf(error);
    }
    branch.isLoading = false;
    this.lay();
  }

  private take(branch: Node, reply: Reply, isNext: boolean): void {
    const fields = fieldsOf(reply);
    const found = listOf(fields.entries).map((entry) => this.nodeOf(branch, entry));
    branch.children = isNext ? [...(branch.children ?? []), ...found] : found;
    branch.next = fields.next instanceof Uint8Array ? fields.next : null;
    const [keys, bytes] = listOf(fields.rest).map(numberOf);
    branch.rest = keys === undefined || keys === 0 ? null : { keys, bytes: bytes ?? 0 };
    branch.entries = numberOf(fields.branches) + numberOf(fields.leaves);
    if (branch !== this.root) return;
    Object.assign(this.root, { keys: numberOf(fields.keys), bytes: numberOf(fields.bytes) });
    this.count.value = { age: numberOf(fields.age), walk: numberOf(fields.walk), at: Date.now() };
  }

  private nodeOf(parent: Node, entry: Reply): Node {
    const [name, kind, keys, bytes, ttl] = listOf(entry);
    const left = numberOf(ttl);
    const whole = octetsIn(name);
    return node({
      name: whole,
      label: textOf(whole.subarray(parent.name.length)),
      kind: wordOf(kind),
      keys: numberOf(keys),
      bytes: numberOf(bytes),
      expires: left < 0 ? null : Date.now() + left,
      level: parent.level + 1,
      parent,
    });
  }

  /** Lays out the lines of what is open. */
  private lay(): void {
    const rows: Row[] = [];
    const below = (branch: Node): void => {
      const children = branch.children ?? [];
      const size = Math.max(branch.entries, children.length);
      for (const [index, child] of children.entries()) {
        rows.push({ id: child.id, node: child, kind: "node", position: index + 1, size });
        if (child.isOpen) below(child);
      }
      const end = { node: branch, position: children.length + 1, size };
      if (branch.isLoading) rows.push({ ...end, id: `${branch.id} loading`, kind: "loading" });
      else if (branch.error !== null) rows.push({ ...end, id: `${branch.id} error`, kind: "error" });
      else if (branch.next !== null) rows.push({ ...end, id: `${branch.id} more`, kind: "more" });
      else if (branch.rest !== null) rows.push({ ...end, id: `${branch.id} rest`, kind: "rest" });
    };
    below(this.root);
    this.rows.value = rows;
  }
}

type Told = Pick<Node, "name" | "label" | "kind" | "keys" | "bytes" | "expires" | "level" | "parent">;

function node(told: Told): Node {
  const { name, kind } = told;
  const id = `${kind === "branch" ? "branch" : "key"} ${latin1(name)}`;
  return { ...told, id, children: null, isOpen: false, isLoading: false, error: null, next: null, entries: 0, rest: null };
}
