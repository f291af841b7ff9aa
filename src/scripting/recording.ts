/**
 * What the commands of a script answered. A script that runs too long is run again from the start in a form that can be left in the middle;
 * the commands it has called are not run again then, but answer as they did. Hot: scripts that are over soon record for nothing.
 */

import { type Key, LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";

/** In place of `{ok = "OK"}`, which most writes answer: no table is kept for it. */
const OK = Symbol("OK");

/** A list is kept as an array, other tables as they are. */
type Kept = LuaValue | typeof OK | readonly Kept[];

/** Answers kept at most; equal ones in a row count as one. A script with more is run again at once, and needs none after. */
const MAX_ENTRIES = 1_000_000;

export class Recording {
  private readonly values: Kept[] = [];
  /** How many times in a row each came; negative where redis.call made it an error. */
  private readonly counts: number[] = [];
  /** Where replaying is: an answer, and how many times it has been given. */
  private at = 0;
  private given = 0;

  /** Whether there is no room for more. */
  get isFull(): boolean {
    return this.values.length >= MAX_ENTRIES;
  }

  /** `raises`: redis.call made it an error. */
  add(value: LuaValue, raises: boolean): void {
    const { values, counts } = this;
    const kept = value instanceof LuaTable ? keptTable(value) : value;
    const last = values.length - 1;
    // Tables are never equal, and what is raised is a table.
    if (last >= 0 && values[last] === kept) (counts[last] as number)++;
    else {
      values.push(kept);
      counts.push(raises ? -1 : 1);
    }
  }

  /** Forgets all of it, for the next script. */
  clear(): void {
    if (this.values.length === 0) return;
    this.values.length = 0;
    this.counts.length = 0;
    this.rewind();
  }

  /** Gives the answers again from the first one on. */
  rewind(): void {
    this.at = 0;
    this.given = 0;
  }

  /** Whether there are answers left to be given again. */
  get hasMore(): boolean {
    return this.at < this.values.length;
  }

  /** Whether the next answer was raised. */
  get raises(): boolean {
    return (this.counts[this.at] as number) < 0;
  }

  /** The next answer. */
  next(): LuaValue {
    const kept = this.values[this.at];
    if (++this.given >= (this.counts[this.at] as number)) {
      this.at++;
      this.given = 0;
    }
    return restored(kept);
  }
}

/** Tables are the script's own to change: what is kept is as the command gave it. */
function keptTable(table: LuaTable): Kept {
  const { hashed, list } = table;
  if (hashed === 0) return keptList(list);
  if (hashed === 1 && table.get("ok") === "OK") return OK;
  const copy = new LuaTable();
  for (const [key, element] of table.hash) copy.set(copied(key) as Key, copied(element));
  return copy;
}

function keptList(array: readonly LuaValue[]): readonly Kept[] {
  const list: Kept[] = array.slice();
  for (let place = 0; place < list.length; place++) {
    const element = list[place];
    if (typeof element === "object" && element instanceof LuaTable) list[place] = keptTable(element);
  }
  return list;
}

function copied(value: LuaValue): LuaValue {
  return value instanceof LuaTable ? (restored(keptTable(value)) as LuaTable) : value;
}

function restored(kept: Kept): LuaValue {
  if (kept === OK) return statusOk();
  return Array.isArray(kept) ? listOf(kept) : (kept as LuaValue);
}

function statusOk(): LuaTable {
  const table = new LuaTable();
  table.setHashed("ok", "OK");
  return table;
}

function listOf(kept: readonly Kept[]): LuaTable {
  const table = new LuaTable();
  kept.forEach((element, place) => {
    table.set(place + 1, restored(element));
  });
  return table;
}
