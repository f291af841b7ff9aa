/** What rules need to know of commands. */

/** A command or subcommand as rules name it. */
export interface RuleCommand {
  /** From 0 on, one for each: the place of its bit. */
  readonly id: number;
  /** "get", "config|get". */
  readonly fullName: string;
  readonly parent: RuleCommand | null;
  readonly subcommands: ReadonlyMap<string, RuleCommand>;
  /** It is for everybody: AUTH, HELLO. */
  readonly noAuth: boolean;
}

export interface RuleCommands {
  /** The command of this full name in any case, or null. */
  named(fullName: string): RuleCommand | null;
  /** The commands and subcommands of a category in lower case, or null when there is no such category. */
  inCategory(category: string): readonly RuleCommand[] | null;
}
