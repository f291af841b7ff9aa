/**
 * How a command is written: its contract (contract.ts), then its handler.
 *
 *     const command = commandsOf("hash");
 *     export const hget = command("hget", { arity: 3, since: "2.0.0", flags: "readonly fast" })
 *       .takes("key{RO access} field")
 *       .docs("Returns the value of a field in a hash.", "O(1)")
 *       .run((call) => ...);
 */

import type { Call } from "./call.ts";
import type { WordOf } from "./command-syntax.ts";
import { type CommandFacts, Contract, type Flag, type Group, type Runnable } from "./contract.ts";

export type Command = Runnable<Call>;

type Handler = Command["handler"];

/** A contract that is being written, as a chain of calls of which `run` is the last. */
export class CommandSpec extends Contract {
  run(handler: Handler, subcommands: readonly Command[] = []): Command {
    return { spec: this, handler, subcommands };
  }

  /** A command that is only a family of subcommands (CONFIG, CLIENT, ...). */
  family(subcommands: readonly Command[]): Command {
    return this.run(missingSubcommand, subcommands);
  }
}

/** `unknown` if every word of a list is a flag, else `never`. */
type OnlyFlags<List extends string> = WordOf<List> extends Flag | "" ? unknown : never;

/** What begins the commands of a group: `commandsOf("hash")("hget", ...)`; of a subcommand the name is "config|get". */
export function commandsOf(group: Group) {
  return <const Flags extends string>(fullName: string, facts: CommandFacts<Flags & OnlyFlags<Flags>>): CommandSpec =>
    new CommandSpec(group, fullName, facts);
}

function missingSubcommand(): void {
  throw new Error("a container is never called itself: its arity asks for a subcommand");
}
