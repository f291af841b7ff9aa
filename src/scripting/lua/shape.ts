/**
 * The shape of a table: which strings are its keys, in the order they came. Tables made in the same way share their shape, so what follows
 * from the keys alone is found once for all of them: where the value of a key is, in which order Lua walks over them, how cjson writes
 * them. A table then has no more than its values. Hot. Measured: a Map for each small table cost 100 ns, its order 50 ns a key.
 *
 * Shapes form a tree from NO_KEYS on, a branch for each key that came next. The tree is the one thing here that outlives a call: what it
 * says is true of any table in any server, and how large it becomes is bounded. When it is full a new one is begun.
 */

import { powerOfTwo, smallOrder } from "./small-order.ts";

/** Tables with more keys, or with longer ones, have no shape. */
const MOST_KEYS = 32;
const LONGEST_KEY = 64;
/** Shapes of one tree, of which many take 300 bytes each; and those that follow the same shape. */
const MOST_SHAPES = 4096;
const MOST_BRANCHES = 256;

/** Shapes made for the present tree, or refused, and which tree it is: those of earlier ones, which some tables still have, grow no more. */
let made = 0;
let generation = 0;

const NO_LABEL: Buffer = Buffer.alloc(0);
const NO_ORDERS: readonly KnownOrder<string>[] = [];

export class Shape {
  /** How many keys there are, and where a table has the value of the last one. */
  readonly size: number;
  readonly place: number;
  /** The keys: the first `size`, since the shapes that follow may share the list. Not to be written to. */
  readonly keys: readonly string[];
  /** For each key the shape that it is the last one of, which knows its place: for keys of shapes that follow too. Not to be written to. */
  readonly ends: ReadonlyMap<string, Shape>;
  /** For cjson: how the last key is written (empty: not known), the shape that is likely to come next, and the first of the key's value. */
  label = NO_LABEL;
  likely: Shape | null = null;
  inner: Shape | null = null;
  private branches: Map<string, Shape> | null = null;
  private generation = generation;
  private orders: readonly KnownOrder<string>[] = NO_ORDERS;

  constructor(keys: readonly string[], ends: ReadonlyMap<string, Shape>) {
    this.keys = keys;
    this.ends = ends;
    this.size = keys.length;
    this.place = keys.length - 1;
  }

  /** Where the value of `key` is among the values of a table; -1 if it is no key. */
  placeOf(key: string): number {
    const end = this.ends.get(key);
    return end === undefined || end.size > this.size ? -1 : end.place;
  }

  /** The shape with one more key, `key`, which is not among these; null if there is none, or none yet. `end`: what `ends` has for it. Hot. */
  followedBy(key: string, end = this.ends.get(key)): Shape | null {
    if (end !== undefined && end.place === this.size) return end;
    return this.branches === null ? null : (this.branches.get(key) ?? null);
  }

  /** Likewise, but makes it if that is possible. `key` stays in memory: it is no piece cut out of a longer text. Hot. */
  extendedBy(key: string, end = this.ends.get(key)): Shape | null {
    return this.followedBy(key, end) ?? this.extend(key);
  }

  private extend(key: string): Shape | null {
    if (this.size === MOST_KEYS || key.length > LONGEST_KEY || this.generation !== generation) return null;
    if (++made > MOST_SHAPES) {
      NO_KEYS.clear();
      return null;
    }
    if (this.branches !== null && this.branches.size === MOST_BRANCHES) return null;
    // The first to follow goes on with the same list.
    if (this.size > 0 && this.size === this.keys.length) return this.add(key);
    const keys = this.keys.slice(0, this.size);
    const ends = new Map(keys.map((one) => [one, this.ends.get(one) as Shape]));
    const shape = new Shape(keys, ends).add(key);
    this.branches ??= new Map();
    this.branches.set(key, shape);
    return shape;
  }

  /** The shape with one more key in the same list. */
  private add(key: string): Shape {
    (this.keys as string[]).push(key);
    const shape = new Shape(this.keys, this.ends);
    (this.ends as Map<string, Shape>).set(key, shape);
    return shape;
  }

  /** Lua's order of the keys of such a table, if a constructor made it that asked for `room` keys. */
  orderFor(room: number): KnownOrder<string> {
    const nodes = powerOfTwo(room);
    for (const order of this.orders) if (order.nodes === nodes) return order;
    const keys = smallOrder(this.keys.slice(0, this.size), room) ?? [];
    const order = new KnownOrder(
      keys,
      nodes,
      keys.map((key) => this.placeOf(key)),
    );
    this.orders = [...this.orders, order];
    return order;
  }

  /** Begins a new tree. */
  private clear(): void {
    this.branches = null;
    this.likely = null;
    this.inner = null;
    made = 0;
    generation++;
    this.generation = generation;
  }
}

/** An order in which Lua walks over the keys behind the list of a table. Tables may share it. */
export class KnownOrder<Key> {
  readonly keys: readonly Key[];
  /** How many nodes the table began with. */
  readonly nodes: number;
  /** Where the value of each key is, if the table has a shape. */
  readonly places: readonly number[] | null;
  /** Where `next` was last, as a rule. */
  at = 0;
  /** For cjson: what it writes for each key. */
  labels: readonly string[] | null = null;

  constructor(keys: readonly Key[], nodes = 0, places: readonly number[] | null = null) {
    this.keys = keys;
    this.nodes = nodes;
    this.places = places;
  }
}

/** The shape of a table without keys, from which all others come. */
export const NO_KEYS = new Shape([], new Map());

/** In place of the shape of a table whose keys are in a Map. */
export const MAPPED = new Shape([], new Map());
