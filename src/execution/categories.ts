/** ACL categories: groups of commands that rules and COMMAND LIST name by one word. */

import { wordsOf } from "./command-syntax.ts";
import type { Flag, Group } from "./contract.ts";
import type { CommandEntry } from "./registry.ts";

/** Every category, in Redis's order. */
export const CATEGORIES = wordsOf(
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking dangerous connection transaction scripting",
);
export type Category = (typeof CATEGORIES)[number];

/** The groups server and cluster have no category; pubsub has a flag instead. */
const OF_GROUP: Partial<Record<Group, Category>> = {
  ...Object.fromEntries(wordsOf("string list hash set stream bitmap hyperloglog geo scripting connection").map((group) => [group, group])),
  "sorted-set": "sortedset",
  transactions: "transaction",
  generic: "keyspace",
};

const OF_FLAG: Partial<Record<Flag, string>> = {
  write: "write",
  readonly: "read",
  admin: "admin dangerous",
  pubsub: "pubsub",
  fast: "fast",
  blocking: "blocking",
};

/** Categories that say what a command is like, not what it is about. */
const QUALITIES: ReadonlySet<string> = new Set(["admin", "dangerous"]);

/** Returns a command's categories, in Redis's order: its own, its group's, those that its flags imply. A container has only the last. */
export function categoriesOf(entry: CommandEntry): readonly Category[] {
  const { spec } = entry;
  const own = spec.categories;
  const found = new Set<string>(own);
  // SORT and WAIT are in the generic group but about something else, which they name.
  const saysItself = spec.group === "generic" && own.some((category) => !QUALITIES.has(category));
  const ofGroup = OF_GROUP[spec.group];
  const isFamily = entry.subcommands.size > 0 && !entry.acceptsCount(1);
  if (ofGroup !== undefined && !saysItself && !isFamily) found.add(ofGroup);
  for (const flag of spec.flags) {
    // A read-only script is not a plain read: it may run anything.
    if (flag === "readonly" && found.has("scripting")) continue;
    for (const category of wordsOf(OF_FLAG[flag] ?? "")) found.add(category);
  }
  if (!found.has("fast")) found.add("slow");
  return CATEGORIES.filter((category) => found.has(category));
}
