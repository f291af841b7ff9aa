/**
 * table.sort: Lua's own quicksort, comparison by comparison. Which pairs a comparator sees, what becomes of one that contradicts itself,
 * and where the error comes then all follow from it. Source: ltablib.c.
 */

import { checkFunction, checkTable } from "../arguments.ts";
import { isTrue, lessThan } from "../operations.ts";
import type { LuaState } from "../state.ts";
import type { LuaTable } from "../table.ts";
import { first, LuaError, type LuaFunction, type LuaResult, type LuaValue, NOTHING } from "../value.ts";
import { NativeFrame, plainError } from "./calls.ts";

export function sort(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const table = checkTable(L, values, 1);
  const { length } = table;
  const comparator = values[1] === undefined ? undefined : checkFunction(L, values, 2);
  if (length < 2) return NOTHING;
  if (comparator === undefined && !table.isReadonly && table.isDense && sortPlainly(table.array)) {
    L.spend(length * Math.ceil(Math.log2(length)));
    return NOTHING;
  }
  const frame = new NativeFrame(L);
  try {
    new Sorting(L, table, comparator).sort(1, length);
  } finally {
    frame.leave();
  }
  return NOTHING;
}

/**
 * Sorts numbers or strings, of which one cannot tell in which way they were sorted. Returns whether they are such: NaN is not, which Lua
 * leaves where its comparisons happen to take it, nor is -0, which is equal to 0 and is not the same.
 */
function sortPlainly(array: LuaValue[]): boolean {
  const [first] = array;
  if (typeof first === "number") {
    if (!array.every((value) => typeof value === "number" && value === value && !Object.is(value, -0))) return false;
    new Float64Array(array as number[]).sort().forEach((value, place) => {
      array[place] = value;
    });
    return true;
  }
  if (typeof first !== "string" || !array.every((value) => typeof value === "string")) return false;
  array.sort();
  return true;
}

class Sorting {
  private readonly L: LuaState;
  private readonly table: LuaTable;
  private readonly comparator: LuaFunction | undefined;

  constructor(L: LuaState, table: LuaTable, comparator: LuaFunction | undefined) {
    this.L = L;
    this.table = table;
    this.comparator = comparator;
  }

  /** Sorts from `from` to `to`, both included. */
  sort(from: number, to: number): void {
    let [low, high] = [from, to];
    while (low < high) {
      this.order(low, high);
      if (high - low === 1) return;
      const middle = Math.floor((low + high) / 2);
      // Of three the middle one is the pivot.
      if (!this.order(low, middle)) this.order(middle, high);
      if (high - low === 2) return;
      const pivot = this.table.get(middle);
      this.swap(middle, high - 1);
      const split = this.partition(low, high, pivot);
      // The smaller part first: calls are nested log2(n) deep at most.
      if (split - low < high - split) {
        this.sort(low, split - 1);
        low = split + 1;
      } else {
        this.sort(split + 1, high);
        high = split - 1;
      }
    }
  }

  /** Swaps two values if the second one is less. Returns whether it was. */
  private order(a: number, b: number): boolean {
    const { table } = this;
    const [first, second] = [table.get(a), table.get(b)];
    if (!this.isLess(second, first)) return false;
    this.put(a, second);
    this.put(b, first);
    return true;
  }

  /** Moves what is less than the pivot, which is next to last, before it, and returns its place. */
  private partition(low: number, high: number, pivot: LuaValue): number {
    const { table } = this;
    let up = low;
    let down = high - 1;
    for (;;) {
      while (this.isLess(table.get(++up), pivot)) if (up > high) throw this.invalidOrder();
      while (this.isLess(pivot, table.get(--down))) if (down < low) throw this.invalidOrder();
      if (down < up) break;
      this.swap(up, down);
    }
    this.swap(high - 1, up);
    return up;
  }

  private swap(a: number, b: number): void {
    const first = this.table.get(a);
    this.put(a, this.table.get(b));
    this.put(b, first);
  }

  private put(index: number, value: LuaValue): void {
    if (this.table.isReadonly) throw plainError(this.L, "Attempt to modify a readonly table");
    this.table.set(index, value);
  }

  private isLess(a: LuaValue, b: LuaValue): boolean {
    const { L, comparator } = this;
    if (comparator !== undefined) return isTrue(first(comparator(a, b)));
    L.spend(1);
    return lessThan(L, a, b, 0);
  }

  private invalidOrder(): LuaError {
    const { L } = this;
    return new LuaError(`${L.where(2)}invalid order function for sorting`, L.sites[L.depth - 1] as number);
  }
}
