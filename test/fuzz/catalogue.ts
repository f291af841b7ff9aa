/** What a server says of its commands (COMMAND LIST, INFO and DOCS), from which the fuzzer makes its requests. */
import type { RawClient } from "../support/client.ts";
import { type Decoded, decode, itemsOf, mapOf, textOf } from "../support/decode.ts";

/** An argument as COMMAND DOCS has it. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly token: string | null;
  readonly optional: boolean;
  readonly multiple: boolean;
  readonly multipleToken: boolean;
  readonly parts: readonly Argument[];
}

/** A command that can be called: one with subcommands is none. */
export interface Command {
  /** In lower case, as in COMMANDSTATS: `client|list`. */
  readonly fullName: string;
  readonly group: string;
  readonly takes: readonly Argument[];
  /** Whether it looks at keys. */
  readonly keyed: boolean;
  readonly blocks: boolean;
}

/** Every command of the server that can be called. */
export async function readCatalogue(client: RawClient): Promise<Command[]> {
  const docs = new Map<string, Map<string, Decoded>>();
  const note = (entries: Map<string, Decoded>): void => {
    for (const [name, facts] of entries) {
      const fields = mapOf(facts);
      docs.set(name, fields);
      const subcommands = fields.get("subcommands");
      if (subcommands !== undefined) note(mapOf(subcommands));
    }
  };
  note(mapOf(decode(await client.command("COMMAND", "DOCS"))));
  const commands: Command[] = [];
  const take = (entry: Decoded): void => {
    const [name, arity, flags, first, , , , , specs, subcommands] = itemsOf(entry);
    const inner = itemsOf(subcommands);
    for (const one of inner) take(one);
    // A container cannot be called by itself, but COMMAND can.
    if (inner.length > 0 && Number(textOf(arity)) === -2) return;
    const fullName = textOf(name);
    const facts = docs.get(fullName) ?? new Map<string, Decoded>();
    commands.push({
      fullName,
      group: textOf(facts.get("group")),
      takes: argumentsOf(facts.get("arguments")),
      keyed: textOf(first) !== "0" || itemsOf(specs).length > 0,
      blocks: itemsOf(flags).some((flag) => textOf(flag) === "blocking"),
    });
  };
  for (const entry of itemsOf(decode(await client.command("COMMAND", "INFO")))) take(entry);
  return commands;
}

function argumentsOf(list: Decoded | undefined): Argument[] {
  if (list === undefined) return [];
  return itemsOf(list).map((item) => {
    const fields = mapOf(item);
    const flags = fields.has("flags") ? itemsOf(fields.get("flags")).map(textOf) : [];
    return {
      name: textOf(fields.get("name")),
      type: textOf(fields.get("type")),
      token: fields.has("token") ? textOf(fields.get("token")) : null,
      optional: flags.includes("optional"),
      multiple: flags.includes("multiple"),
      multipleToken: flags.includes("multiple_token"),
      parts: argumentsOf(fields.get("arguments")),
    };
  });
}
