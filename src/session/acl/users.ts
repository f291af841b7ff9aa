/**
 * The users of a server by name: made and changed by rules, all of a list of rules or none, read from a file and written to one. Source:
 * ACLStringSetUser, ACLLoadFromFile and others in acl.c.
 */

import { readFileSync } from "node:fs";
import { type ReplaceStep, replaceFile } from "../../base/files.ts";
import { failureWords } from "../../config/error.ts";
import type { RuleCommands } from "./commands.ts";
import { type RuleContext, RuleProblem } from "./selector.ts";
import { User } from "./user.ts";

export const DEFAULT_USER = "default";

/** Blanks as C knows them, and NUL: no name of a user has them. */
export const SPACE_OR_NUL = /[ \t\n\v\f\r\0]/;

const SAVE_STEPS: Record<ReplaceStep, string> = {
  open: "Opening temp ACL file",
  write: "Writing ACL file",
  flush: "Syncing ACL file",
  rename: "Renaming ACL file",
  directory: "Syncing ACL directory",
};

interface UsersOptions {
  readonly commands: RuleCommands;
  /** Whether new selectors allow all channels, by now. */
  readonly allChannels: () => boolean;
  /** Told of rules that Redis gives up some day. */
  readonly deprecated: (rule: string) => void;
}

export class Users {
  /** What every new connection is. The same object for good. */
  readonly default: User;
  private byName = new Map<string, User>();
  private readonly options: UsersOptions;

  constructor(options: UsersOptions) {
    this.options = options;
    this.default = this.allPowerful();
    this.byName.set(DEFAULT_USER, this.default);
  }

  private get context(): RuleContext {
    const { commands, allChannels, deprecated } = this.options;
    return { commands, allChannels: allChannels(), deprecated };
  }

  private allPowerful(): User {
    const user = new User(DEFAULT_USER, this.context);
    for (const rule of ["+@all", "~*", "&*", "on", "nopass"]) user.apply(rule, this.context);
    return user;
  }

  get(name: string): User | null {
    return this.byName.get(name) ?? null;
  }

  /** In the order of their names' bytes. */
  all(): User[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A user as it would be with these rules: an existing one stays as it is. Returns the text of an error when one of them cannot be. */
  staged(name: string, rules: readonly string[]): User | string {
    const { context } = this;
    const merged = mergeSelectors(rules);
    if (typeof merged === "string") return `Unmatched parenthesis in acl selector starting at '${merged}'.`;
    const staged = new User(name, context);
    const existing = this.get(name);
    if (existing !== null) staged.assign(existing, context);
    for (const rule of merged) {
      const problem = staged.apply(rule, context);
      if (problem !== null) return `Error in ACL SETUSER modifier '${rule}': ${problem}`;
    }
    return staged;
  }

  /** Makes the user as it was staged. Returns it. */
  put(staged: User): User {
    const existing = this.get(staged.name);
    if (existing === null) {
      this.byName.set(staged.name, staged);
      return staged;
    }
    existing.assign(staged, this.context);
    return existing;
  }

  /** Returns the user that was deleted, or null if there was none. */
  delete(name: string): User | null {
    const user = this.get(name);
    this.byName.delete(name);
    return user;
  }

  /** `requirepass`: the only password of the default user, in bytes, or none. */
  setDefaultPassword(password: string): void {
    this.default.apply("resetpass", this.context);
    this.default.apply(password === "" ? "nopass" : `>${password}`, this.context);
  }

  /** Makes the user of a `user` line. Returns what is wrong with it, or the user. */
  loadLine(name: string, rules: readonly string[]): User | string {
    const { context } = this;
    if (SPACE_OR_NUL.test(name)) return "Spaces not allowed in ACL usernames";
    const merged = mergeSelectors(rules);
    if (typeof merged === "string") return `Error in user declaration '${merged}': ${RuleProblem.SYNTAX}`;
    const loaded = new User(name, context);
    for (const rule of merged) {
      const problem = loaded.apply(rule, context);
      if (problem !== null) return `Error in user declaration '${rule}': ${problem}`;
    }
    return this.put(loaded);
  }

  /**
   * Replaces all users by those of a file. Returns those that are gone, all but the default one, or what is wrong with the file: then nothing
   * has changed.
   */
  loadFile(path: string): User[] | string {
    let content: string;
    try {
      content = readFileSync(path, "latin1");
    } catch (error) {
      return `Error loading ACLs, opening file '${path}': ${failureWords(error)}`;
    }
    const loaded = new Map<string, User>();
    let errors = "";
    content.split("\n").forEach((line, index) => {
      errors += this.loadFileLine(line, `${path}:${index + 1}`, index + 1, loaded);
    });
    if (errors !== "") return `${errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
    this.default.assign(loaded.get(DEFAULT_USER) ?? this.allPowerful(), this.context);
    loaded.set(DEFAULT_USER, this.default);
    const gone = [...this.byName.values()].filter((user) => user !== this.default);
    this.byName = loaded;
    return gone;
  }

  /** Returns what is wrong with the line, or "". */
  private loadFileLine(raw: string, place: string, number: number, loaded: Map<string, User>): string {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    if (line === "") return "";
    const [keyword, name, ...rules] = line.split(" ");
    if (keyword !== "user" || name === undefined) return `${place} should start with user keyword followed by the username. `;
    if (SPACE_OR_NUL.test(name)) return `'${place}: username '${name}' contains invalid characters. `;
    if (loaded.has(name)) return `WARNING: Duplicate user '${name}' found on line ${number}. `;
    const { context } = this;
    const user = new User(name, context);
    loaded.set(name, user);
    const merged = mergeSelectors(rules);
    if (typeof merged === "string") return `${place}: Unmatched parenthesis in selector definition.`;
    let errors = "";
    let broken = false;
    for (const rule of merged.map((word) => word.replace(/^[\t\r]+|[\t\r]+$/g, ""))) {
      const problem = user.apply(rule, context);
      if (problem === RuleProblem.UNKNOWN) errors += `${place}: Error in applying operation '${rule}': ${problem}. `;
      else if (problem !== null && !broken) {
        // What comes behind may be wrong for that reason alone.
        errors += `${place}: ${problem}. `;
        broken = true;
      }
    }
    return errors;
  }

  /** Writes all users to a file, by way of `temporary`. Errors: Error whose message says what failed and why. */
  saveFile(path: string, temporary: string): void {
    const lines = this.all().map((user) => `user ${user.name} ${user.description}\n`);
    const failure = (step: ReplaceStep, error: unknown): Error => new Error(`${SAVE_STEPS[step]} for ACL SAVE: ${failureWords(error)}`);
    replaceFile(path, temporary, lines.join(""), failure, 0o644);
  }
}

/** Puts together selectors whose rules are words of their own. Returns the word that opens one without an end. */
function mergeSelectors(words: readonly string[]): string[] | string {
  const merged: string[] = [];
  let open: string | null = null;
  let first = "";
  for (const word of words) {
    if (open === null && word.startsWith("(") && !word.endsWith(")")) {
      open = word;
      first = word;
    } else if (open === null) merged.push(word);
    else {
      open = `${open} ${word}`;
      if (!word.endsWith(")")) continue;
      merged.push(open);
      open = null;
    }
  }
  return open === null ? merged : first;
}
