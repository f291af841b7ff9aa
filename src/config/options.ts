/** The one table of directives: every one that Redis 7.2 knows, with its defaults; `options/` holds the rows by theme. */

import type { Directive } from "./directive.ts";
import { CLUSTER } from "./options/cluster.ts";
import { CONSOLE } from "./options/console.ts";
import { MEMORY } from "./options/memory.ts";
import { NETWORK } from "./options/network.ts";
import { PERSISTENCE } from "./options/persistence.ts";
import { REPLICATION } from "./options/replication.ts";
import { SECURITY } from "./options/security.ts";
import { SERVER } from "./options/server.ts";

/** All rows, by name. */
export const DIRECTIVES = {
  ...NETWORK,
  ...SECURITY,
  ...SERVER,
  ...PERSISTENCE,
  ...REPLICATION,
  ...MEMORY,
  ...CLUSTER,
  ...CONSOLE,
} as const satisfies Readonly<Record<string, Directive<unknown>>>;

/** A directive's principal name. */
export type DirectiveName = keyof typeof DIRECTIVES;

/** The type of a directive's value. */
type DirectiveValue<K extends DirectiveName> = (typeof DIRECTIVES)[K] extends Directive<infer V> ? V : never;

/** Every directive's value, typed from the table: `values.port` is a number, `values["rdbchecksum"]` a boolean. */
export type ConfigValues = { readonly [K in DirectiveName]: DirectiveValue<K> };

/** One name by which a directive is found: its own or an alias. */
export interface NamedDirective {
  /** As written in the table, lower case. */
  readonly name: string;
  /** `name` in bytes, for patterns. */
  readonly bytes: Uint8Array;
  /** The name of the row. */
  readonly principal: DirectiveName;
  readonly row: Directive<unknown>;
}

/** The principal names, in the table's order. */
export const DIRECTIVE_NAMES = Object.keys(DIRECTIVES) as readonly DirectiveName[];

/** Every name and alias, in the table's order. */
export const NAMES: readonly NamedDirective[] = DIRECTIVE_NAMES.flatMap((principal) => {
  const row: Directive<unknown> = DIRECTIVES[principal];
  const names = row.alias === "" ? [principal] : [principal, row.alias];
  return names.map((name) => ({ name, bytes: Buffer.from(name, "latin1"), principal, row }));
});

const BY_NAME: ReadonlyMap<string, NamedDirective> = new Map(NAMES.map((entry) => [entry.name, entry]));

/** The directive called `name`, in any case, by its own name or an alias. */
export function findDirective(name: string): NamedDirective | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Whether the value that follows `name` in CONFIG SET must never be shown. */
export function isSensitive(name: string): boolean {
  return findDirective(name)?.row.sensitive ?? false;
}
