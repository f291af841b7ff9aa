/** The generic `for`: what its loop goes over, one turn after the other. `pairs` and `ipairs` do without calls. Hot. */

import { callable } from "./operations.ts";
import type { LuaState } from "./state.ts";
import { LuaTable, TableWalk } from "./table.ts";
import { first, type LuaFunction, type LuaResult, type LuaValue } from "./value.ts";

/** `key` and `value` are the first two values of the turn that `step` has begun, unless it returns false. */
export interface Loop {
  readonly key: LuaValue;
  readonly value: LuaValue;
  step(): boolean;
  /** Value `place` of the turn, from 2 on. */
  at(place: number): LuaValue;
}

/** Starts `for ... in callee, state, control`. `site`: of the call. `unnamed`: for the error of what cannot be called. */
export function loopOver(L: LuaState, callee: LuaValue, state: LuaValue, control: LuaValue, site: number, unnamed: number): Loop {
  if (typeof callee !== "function") return new CallLoop(L, callable(L, callee, unnamed), state, control, site);
  if (state instanceof LuaTable) {
    if (callee.isNext === true && control === undefined) return new TableLoop(state);
    if (callee.isNextIndex === true && control === 0) return new IndexLoop(state);
  }
  return new CallLoop(L, callee, state, control, site);
}

/** All pairs. */
class TableLoop extends TableWalk implements Loop {
  at(_place: number): LuaValue {
    return undefined;
  }
}

/** Items 1, 2, ... up to the first nil. */
class IndexLoop implements Loop {
  key = 0;
  value: LuaValue = undefined;
  private readonly table: LuaTable;

  constructor(table: LuaTable) {
    this.table = table;
  }

  step(): boolean {
    this.value = this.table.get(++this.key);
    return this.value !== undefined;
  }

  at(_place: number): LuaValue {
    return undefined;
  }
}

/** Any other iterator is called for each turn. */
class CallLoop implements Loop {
  key: LuaValue;
  value: LuaValue = undefined;
  readonly callee: LuaFunction;
  readonly state: LuaValue;
  private readonly L: LuaState;
  private readonly site: number;
  private result: LuaResult = undefined;

  constructor(L: LuaState, callee: LuaFunction, state: LuaValue, control: LuaValue, site: number) {
    this.L = L;
    this.callee = callee;
    this.state = state;
    this.key = control;
    this.site = site;
  }

  step(): boolean {
    const { L } = this;
    L.sites[L.depth] = this.site;
    // Lua calls it from C, so such loops in loops come to an end sooner than other calls in calls.
    if (L.nativeIsFull) throw L.error("C stack overflow");
    L.enterNative();
    try {
      return this.take(this.callee(this.state, this.key));
    } finally {
      L.leaveNative();
    }
  }

  /** The iterator has returned. */
  take(result: LuaResult): boolean {
    this.result = result;
    this.key = first(result);
    this.value = this.at(1);
    return this.key !== undefined;
  }

  at(place: number): LuaValue {
    return Array.isArray(this.result) ? this.result[place] : undefined;
  }
}
