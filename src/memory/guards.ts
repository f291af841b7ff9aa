/**
 * Several guards on one table: a table has room for one, so that a change costs one test when there is none and one call when there is one; a second
 * (a snapshot to a file and one to a replica, at once) is put beside the first in a guard that asks both.
 */

import type { Table, TableGuard } from "./record-table.ts";

class GuardGroup implements TableGuard {
  /** Replaced and never changed: a guard may leave while all are being asked. */
  readonly members: readonly TableGuard[];

  constructor(members: readonly TableGuard[]) {
    this.members = members;
  }

  beforeChange(table: Table, hash: number): void {
    for (const member of this.members) member.beforeChange(table, hash);
  }
}

/** Lets `guard` hear of every change to `table` from now on. */
export function addGuard(table: Table, guard: TableGuard): void {
  setGuards(table, [...guardsOf(table), guard]);
}

/** `guard` hears of no further change. */
export function removeGuard(table: Table, guard: TableGuard): void {
  setGuards(
    table,
    guardsOf(table).filter((member) => member !== guard),
  );
}

function guardsOf({ guard }: Table): readonly TableGuard[] {
  if (guard === null) return [];
  return guard instanceof GuardGroup ? guard.members : [guard];
}

function setGuards(table: Table, guards: readonly TableGuard[]): void {
  table.guard = guards.length === 0 ? null : guards.length === 1 ? guards[0] : new GuardGroup(guards);
}
