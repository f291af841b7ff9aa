/** A user: who may log in as it, and what it may do. Source: ACLSetUser in acl.c. */

import type { RuleCommand } from "./commands.ts";
import { type RuleContext, RuleProblem, Selector } from "./selector.ts";

/** SHA-256 in lower case. */
const HASH = /^[0-9a-f]{64}$/;

export class User {
  readonly name: string;
  enabled = false;
  /** Every password is right. */
  noPassword = false;
  /** RESTORE need not look into payloads in depth. It does anyway. */
  skipsSanitizing = false;
  /** As digests. */
  passwords: string[] = [];
  /** The root first. */
  selectors: Selector[];
  private text: string | null = null;

  constructor(name: string, context: RuleContext) {
    this.name = name;
    this.selectors = [new Selector(context)];
  }

  /** Takes over everything but the name. */
  assign(other: User, context: RuleContext): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.skipsSanitizing = other.skipsSanitizing;
    this.passwords = [...other.passwords];
    this.selectors = other.selectors.map((selector) => selector.copy(context));
    this.text = null;
  }

  get root(): Selector {
    return this.selectors[0] as Selector;
  }

  /** Nothing is forbidden. */
  get isUnrestricted(): boolean {
    return this.selectors.some((selector) => selector.allowsAll);
  }

  // ---- rules

  /** Applies a rule, one character a byte. Returns why that cannot be, or null. */
  apply(rule: string, context: RuleContext): RuleProblem | null {
    this.text = null;
    switch (rule.toLowerCase()) {
      case "":
        return null;
      case "on":
        return this.set({ enabled: true });
      case "off":
        return this.set({ enabled: false });
      case "skip-sanitize-payload":
        return this.set({ skipsSanitizing: true });
      case "sanitize-payload":
        return this.set({ skipsSanitizing: false });
      case "nopass":
        return this.set({ noPassword: true, passwords: [] });
      case "resetpass":
        return this.set({ noPassword: false, passwords: [] });
      case "clearselectors":
        return this.set({ selectors: [this.root] });
      case "reset":
        return this.reset(context);
    }
    if (rule[0] === ">" || rule[0] === "#") return this.addPassword(rule);
    if (rule[0] === "<" || rule[0] === "!") return this.removePassword(rule);
    if (rule[0] === "(" && rule.endsWith(")")) return this.addSelector(rule.slice(1, -1), context);
    return this.root.apply(rule, context);
  }

  private set(facts: Partial<Pick<User, "enabled" | "noPassword" | "skipsSanitizing" | "passwords" | "selectors">>): null {
    Object.assign(this, facts);
    return null;
  }

  private reset(context: RuleContext): null {
    const { enabled, noPassword, skipsSanitizing, passwords, selectors } = new User(this.name, context);
    return this.set({ enabled, noPassword, skipsSanitizing, passwords, selectors });
  }

  private addPassword(rule: string): RuleProblem | null {
    const hash = hashOfRule(rule, ">");
    if (hash === null) return RuleProblem.BAD_HASH;
    if (!this.passwords.includes(hash)) this.passwords.push(hash);
    this.noPassword = false;
    return null;
  }

  private removePassword(rule: string): RuleProblem | null {
    const hash = hashOfRule(rule, "<");
    if (hash === null) return RuleProblem.BAD_HASH;
    const index = this.passwords.indexOf(hash);
    if (index < 0) return RuleProblem.NO_SUCH_PASSWORD;
    this.passwords.splice(index, 1);
    return null;
  }

  private addSelector(rules: string, context: RuleContext): RuleProblem | null {
    const selector = new Selector(context);
    for (const rule of rules.split(/[ \t\r\n\v\f]+/)) {
      const problem = rule === "" ? null : selector.apply(rule, context);
      if (problem !== null) return problem;
    }
    this.selectors.push(selector);
    return null;
  }

  // ---- questions

  /** Whether one may log in with this password. Its time does not tell how much of it is right. */
  accepts(password: Buffer): boolean {
    if (!this.enabled) return false;
    if (this.noPassword) return true;
    const digest = Buffer.from(hashOf(password));
    let found = false;
    for (const known of this.passwords) if (crypto.timingSafeEqual(digest, Buffer.from(known))) found = true;
    return found;
  }

  /** Whether a channel, or a pattern of channels, may be used in some selector. */
  allowsChannel(name: Buffer, isPattern: boolean): boolean {
    return this.selectors.some((selector) => selector.allowsChannel(name, isPattern));
  }

  /** Whether it has, in any selector, every pattern of channels that `selector` has. */
  hasChannelsOf(selector: Selector): boolean {
    if (selector.allChannels) return this.selectors.some(({ allChannels }) => allChannels);
    const own = new Set(this.selectors.flatMap(({ channelPatterns }) => channelPatterns));
    return selector.channelPatterns.every((pattern) => own.has(pattern));
  }

  /** Whether some selector allows the command and so an access to every key. */
  allowsWithEveryKey(command: RuleCommand, firstArgument: () => string | null, access: number): boolean {
    return this.selectors.some((selector) => selector.allowsCommand(command, firstArgument) && selector.allowsEveryKey(access));
  }

  // ---- descriptions

  get flags(): string[] {
    const passwords = this.noPassword ? ["nopass"] : [];
    return [this.enabled ? "on" : "off", ...passwords, this.skipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload"];
  }

  /** The rules that make it, as ACL LIST and files have them. */
  get description(): string {
    this.text ??= [
      ...this.flags,
      ...this.passwords.map((hash) => `#${hash}`),
      this.root.description,
      ...this.selectors.slice(1).map((selector) => `(${selector.description})`),
    ].join(" ");
    return this.text;
  }
}

/** The digest that a rule is about: of the password behind `mark`, or what stands there itself; null when that is none. */
function hashOfRule(rule: string, mark: string): string | null {
  const text = rule.slice(1);
  if (rule[0] === mark) return hashOf(Buffer.from(text, "latin1"));
  return HASH.test(text) ? text : null;
}

function hashOf(password: Buffer): string {
  return new Bun.CryptoHasher("sha256").update(password).digest("hex");
}
