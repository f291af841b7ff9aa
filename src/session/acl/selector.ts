/**
 * A selector: commands, keys and channels that belong together. A request is allowed when one selector of its user allows all of it. Every
 * user has one, the root, that rules without parentheses change. Source: ACLSetSelector in acl.c.
 */

import { globMatch } from "../../base/glob.ts";
import type { RuleCommand, RuleCommands } from "./commands.ts";

/** What may be done with a key. */
export const Access = { READ: 1, WRITE: 2, ALL: 3 } as const;

/** Why a rule was refused, in the words that follow it in errors. */
export const RuleProblem = {
  SYNTAX: "Syntax error",
  UNKNOWN: "Unknown command or category name in ACL",
  PATTERN_AFTER_ALL_KEYS:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
    "Try 'resetkeys' to start with an empty list of patterns",
  PATTERN_AFTER_ALL_CHANNELS:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
    "Try 'resetchannels' to start with an empty list of channels",
  NO_SUCH_PASSWORD: "The password you are trying to remove from the user does not exist",
  BAD_HASH: "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
  ARGUMENT_OF_SUBCOMMAND: "Allowing first-arg of a subcommand is not supported",
} as const;
export type RuleProblem = (typeof RuleProblem)[keyof typeof RuleProblem];

/** What rules are read with. */
export interface RuleContext {
  readonly commands: RuleCommands;
  /** Whether a new selector allows all channels (acl-pubsub-default). */
  readonly allChannels: boolean;
  /** Told of a rule that allows a command with one first argument only, which Redis gives up some day. */
  readonly deprecated: (rule: string) => void;
}

/** A pattern of keys or channels, one character a byte. */
interface Pattern {
  readonly text: string;
  readonly bytes: Buffer;
  access: number;
}

const COMMANDS = 1024;
/** The bit that only `+@all` sets: commands that are not known yet are allowed as well. */
const FUTURE = COMMANDS - 1;
/** Neither blanks, as C knows them, nor NUL. */
const CLEAN = /^[^ \t\n\v\f\r\0]*$/;
const PREFIXES: Record<number, string> = { [Access.READ]: "%R~", [Access.WRITE]: "%W~", [Access.ALL]: "~" };

export class Selector {
  allKeys = false;
  allChannels = false;
  /** No command is forbidden. */
  allCommands = false;
  private readonly bits = new Uint32Array(COMMANDS / 32);
  /** First arguments, in lower case, that a command whose bit is not set is allowed with. */
  private readonly firstArguments = new Map<number, string[]>();
  private keys: Pattern[] = [];
  private channels: Pattern[] = [];
  /** The rules about commands since `+@all` or `-@all` that still have an effect: each a sign and a name. */
  private rules: string[] = [];

  constructor(context: RuleContext) {
    this.allChannels = context.allChannels;
  }

  copy(context: RuleContext): Selector {
    const copy = new Selector(context);
    copy.allKeys = this.allKeys;
    copy.allChannels = this.allChannels;
    copy.allCommands = this.allCommands;
    copy.bits.set(this.bits);
    for (const [id, words] of this.firstArguments) copy.firstArguments.set(id, [...words]);
    copy.keys = this.keys.map((pattern) => ({ ...pattern }));
    copy.channels = [...this.channels];
    copy.rules = [...this.rules];
    return copy;
  }

  get allowsAll(): boolean {
    return this.allCommands && this.allKeys && this.allChannels;
  }

  // ---- rules

  /** Applies a rule, one character a byte. Returns why that cannot be, or null. */
  apply(rule: string, context: RuleContext): RuleProblem | null {
    switch (rule.toLowerCase()) {
      case "allkeys":
      case "~*":
        return this.setKeys(true);
      case "resetkeys":
        return this.setKeys(false);
      case "allchannels":
      case "&*":
        return this.setChannels(true);
      case "resetchannels":
        return this.setChannels(false);
      case "allcommands":
      case "+@all":
        return this.setCommands(true);
      case "nocommands":
      case "-@all":
        return this.setCommands(false);
    }
    switch (rule[0]) {
      case "~":
      case "%":
        return this.addKeys(rule);
      case "&":
        return this.addChannels(rule.slice(1));
      case "+":
      case "-":
        return this.applyToCommands(rule, context);
      default:
        return RuleProblem.SYNTAX;
    }
  }

  private setKeys(all: boolean): null {
    this.allKeys = all;
    this.keys = [];
    return null;
  }

  private setChannels(all: boolean): null {
    this.allChannels = all;
    this.channels = [];
    return null;
  }

  private setCommands(all: boolean): null {
    this.allCommands = all;
    this.bits.fill(all ? 0xffffffff : 0);
    this.firstArguments.clear();
    this.rules = [];
    return null;
  }

  private addKeys(rule: string): RuleProblem | null {
    if (this.allKeys) return RuleProblem.PATTERN_AFTER_ALL_KEYS;
    if (rule[0] === "~") return this.addPattern(rule.slice(1), Access.ALL);
    const [head, flags] = /^%(r|w|rw|wr)(?:~|$)/i.exec(rule) ?? ["", ""];
    if (head === "") return RuleProblem.SYNTAX;
    const access = (/r/i.test(flags) ? Access.READ : 0) | (/w/i.test(flags) ? Access.WRITE : 0);
    return this.addPattern(rule.slice(head.length), access);
  }

  private addPattern(text: string, access: number): RuleProblem | null {
    if (!CLEAN.test(text)) return RuleProblem.SYNTAX;
    const known = this.keys.find((pattern) => pattern.text === text);
    if (known !== undefined) known.access |= access;
    else this.keys.push({ text, bytes: Buffer.from(text, "latin1"), access });
    return null;
  }

  private addChannels(text: string): RuleProblem | null {
    if (this.allChannels) return RuleProblem.PATTERN_AFTER_ALL_CHANNELS;
    if (!CLEAN.test(text)) return RuleProblem.SYNTAX;
    if (this.channels.every((pattern) => pattern.text !== text)) {
      this.channels.push({ text, bytes: Buffer.from(text, "latin1"), access: Access.ALL });
    }
    return null;
  }

  private applyToCommands(rule: string, context: RuleContext): RuleProblem | null {
    const allow = rule[0] === "+";
    const name = rule.slice(1);
    if (name.startsWith("@")) return this.applyToCategory(name, allow, context);
    const bar = name.lastIndexOf("|");
    if (allow && bar >= 0) return this.allowPart(name, bar, context);
    const command = context.commands.named(name);
    if (command === null) return RuleProblem.UNKNOWN;
    this.change(command, allow);
    this.note(command.fullName, allow);
    return null;
  }

  private applyToCategory(name: string, allow: boolean, { commands }: RuleContext): RuleProblem | null {
    const members = commands.inCategory(name.slice(1).toLowerCase());
    if (members === null) return RuleProblem.UNKNOWN;
    this.note(name, allow);
    for (const command of members) this.change(command, allow);
    return null;
  }

  /** `+command|part`: a subcommand, or a command with this first argument. */
  private allowPart(name: string, bar: number, context: RuleContext): RuleProblem | null {
    const command = context.commands.named(name.slice(0, bar));
    const part = name.slice(bar + 1);
    if (command === null) return RuleProblem.UNKNOWN;
    if (command.parent !== null) return RuleProblem.ARGUMENT_OF_SUBCOMMAND;
    if (part === "") return RuleProblem.SYNTAX;
    if (command.subcommands.size > 0) {
      const subcommand = context.commands.named(name);
      if (subcommand === null) return RuleProblem.UNKNOWN;
      this.change(subcommand, true);
    } else {
      context.deprecated(name);
      const words = this.firstArguments.get(command.id) ?? [];
      if (!words.includes(part.toLowerCase())) words.push(part.toLowerCase());
      this.firstArguments.set(command.id, words);
    }
    this.note(name, true);
    return null;
  }

  private change(command: RuleCommand, allow: boolean): void {
    this.setBit(command.id, allow);
    this.firstArguments.delete(command.id);
    for (const subcommand of command.subcommands.values()) this.setBit(subcommand.id, allow);
  }

  private setBit(id: number, allow: boolean): void {
    if (allow) this.bits[id >>> 5] |= 1 << (id & 31);
    else {
      this.bits[id >>> 5] &= ~(1 << (id & 31));
      this.allCommands = false;
    }
  }

  /** Rules before this one that are about the same, or a part of it, have no effect any more. */
  private note(name: string, allow: boolean): void {
    const lower = name.toLowerCase();
    this.rules = this.rules.filter((rule) => {
      const old = rule.slice(1);
      return old !== lower && !old.startsWith(`${lower}|`);
    });
    this.rules.push(`${allow ? "+" : "-"}${lower}`);
  }

  // ---- questions

  /** Whether a command may be called; `firstArgument` gives what follows its name, or null. */
  allowsCommand({ id, noAuth }: RuleCommand, firstArgument: () => string | null): boolean {
    if (this.allCommands || noAuth || this.hasBit(id)) return true;
    const words = this.firstArguments.get(id);
    if (words === undefined) return false;
    const word = firstArgument();
    return word !== null && words.includes(word.toLowerCase());
  }

  private hasBit(id: number): boolean {
    return (this.bits[id >>> 5] & (1 << (id & 31))) !== 0;
  }

  /** Whether bytes[from, from + length) is a key that may be accessed so. */
  allowsKey(bytes: Buffer, from: number, length: number, access: number): boolean {
    if (this.allKeys) return true;
    for (const pattern of this.keys) {
      if ((pattern.access & access) === access && globMatch(pattern.bytes, bytes, from, from + length, false)) return true;
    }
    return false;
  }

  /** Whether every key may be accessed so. */
  allowsEveryKey(access: number): boolean {
    return this.allKeys || this.keys.some((pattern) => (pattern.access & access) === access && pattern.text === "*");
  }

  /** Whether a channel may be used; a pattern of channels may when it is one of the patterns here. */
  allowsChannel(name: Buffer, isPattern: boolean): boolean {
    if (this.allChannels) return true;
    const text = name.latin1Slice();
    return this.channels.some((pattern) => (isPattern ? pattern.text === text : globMatch(pattern.bytes, name, 0, name.length, false)));
  }

  /** Patterns of channels, one by one. */
  get channelPatterns(): readonly string[] {
    return this.channels.map(({ text }) => text);
  }

  // ---- descriptions, which are rules that make it again

  get commandRules(): string {
    return [this.hasBit(FUTURE) ? "+@all" : "-@all", ...this.rules].join(" ");
  }

  get keyRules(): string {
    return this.allKeys ? "~*" : this.keys.map(({ text, access }) => `${PREFIXES[access] ?? ""}${text}`).join(" ");
  }

  get channelRules(): string {
    return this.allChannels ? "&*" : this.channels.map(({ text }) => `&${text}`).join(" ");
  }

  get description(): string {
    const keys = this.keyRules;
    const channels = this.allChannels ? "&*" : ["resetchannels", ...this.channels.map(({ text }) => `&${text}`)].join(" ");
    return [...(keys === "" ? [] : [keys]), channels, this.commandRules].join(" ");
  }
}
