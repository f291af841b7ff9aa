/** What a server shows its users by name: the fields of INFO, the directives of CONFIG GET, the commands; with what kind of value each has. */

import type { RawClient } from "../support/client.ts";
import { decode } from "../support/decode.ts";

/** By section, by name; numbers in names (databases, replicas) and names of commands and errors are left out of those. */
export type Fields = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Names {
  /** Of a server that has seen keys, an error, a save; has an append-only file; and a replica. */
  readonly master: Fields;
  /** Of that replica, and of one whose link is down. */
  readonly replica: Fields;
  readonly lost: Fields;
  /** The defaults by name, hidden directives and aliases too. */
  readonly directives: Readonly<Record<string, string>>;
  /** Directives that CONFIG GET shows by their exact name only. */
  readonly hidden: readonly string[];
  /** The arity by name; subcommands as "config|get". */
  readonly commands: Readonly<Record<string, number>>;
}

const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["integer", /^-?\d+$/],
  ["float", /^-?\d+\.\d+$/],
  ["percent", /^-?\d+(\.\d+)?%$/],
  ["readable bytes", /^\d+(\.\d+)?[BKMGT]$/],
  ["pairs", /^[a-z0-9_.]+=[^,]*(,[a-z0-9_.]+=[^,]*)*$/],
];

function kindOf(value: string): string {
  const kind = KINDS.find(([, pattern]) => pattern.test(value))?.[0] ?? "text";
  return kind === "pairs" ? value.replace(/=([^,]*)/g, (_, each: string) => `=${kindOf(each)}`) : kind;
}

/** INFO everything and every section that only its name shows. */
export async function fields(client: RawClient): Promise<Fields> {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> = {};
  for (const line of (await client.text("INFO", "everything", "debug", "progress")).split("\r\n")) {
    if (line.startsWith("# ")) {
      section = {};
      sections[line.slice(2)] = section;
    } else if (line !== "") {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).replace(/^(db|slave)\d+$/, "$1*");
      // Digits of a commit may happen to be decimal.
      const kind = /^redis_(git_sha1|build_id)$/.test(name) ? "text" : kindOf(line.slice(colon + 1));
      section[name.replace(/^(cmdstat|errorstat|latency_percentiles_usec)_.*/, "$1_*")] = kind;
    }
  }
  return sections;
}

/** Names and arities, as COMMAND INFO has them. */
export async function commands(client: RawClient): Promise<Record<string, number>> {
  const arities: Record<string, number> = {};
  const note = (entry: ReturnType<typeof decode>): void => {
    if (typeof entry === "string") return;
    const [name, arity] = entry.items;
    if (typeof name === "string" && typeof arity === "string") arities[name.slice(1)] = Number(arity.slice(1));
    const subcommands = entry.items[9];
    if (subcommands !== undefined && typeof subcommands !== "string") subcommands.items.forEach(note);
  };
  const all = decode(await client.command("COMMAND"));
  if (typeof all !== "string") all.items.forEach(note);
  return arities;
}
