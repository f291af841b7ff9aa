/** One row of the table of directives: its kind, default and traits, and the short forms that `options/` is written with. */

import { InvalidValue, UnsupportedValue } from "./error.ts";
import type { Kind, ParseContext, Setting } from "./kinds.ts";

/**
 * What a value other than the default does. `effective`: what Redis does. `ignored`: nothing, which harms no one; it is accepted, CONFIG
 * GET and REWRITE keep it, and the log says so. `default-only`: it is refused, because going on without the feature would harm users.
 */
type Effect = "effective" | "ignored" | "default-only";

/**
 * What becomes of a directive on Windows, which lacks what it needs: `refused` where going on would harm users, `ignored` where it harms no
 * one, as for directives that are missing everywhere.
 */
interface OnWindows {
  readonly effect: "refused" | "ignored";
  /** Why, and what to do instead: the end of a sentence. */
  readonly reason: string;
  /** Values beside the default that ask nothing of the system. */
  readonly harmless: RegExp | null;
}

/** What sets a directive apart from the ordinary: changeable at run time, listed, open to every administrator. */
export interface Traits {
  /** Its older name; "" for none. */
  readonly alias?: string;
  /** Whether CONFIG SET may change it (default yes). */
  readonly mutable?: boolean;
  /** CONFIG GET shows it for its exact name only, never for a pattern. */
  readonly hidden?: boolean;
  /** CONFIG SET needs enable-protected-configs: with the directive, one can write files anywhere. */
  readonly protected?: boolean;
  /** Its value must not show in MONITOR, SLOWLOG or logs. */
  readonly sensitive?: boolean;
  /** CONFIG SET is refused while the data set loads. */
  readonly denyWhileLoading?: boolean;
  /** Its value names something that can change behind it (a file), so setting the same value again still applies. */
  readonly volatile?: boolean;
  /** Null: it is as elsewhere. */
  readonly onWindows?: OnWindows | null;
}

/** The traits of a row, or its older name if that is all. */
type TraitsOrAlias = Traits | string;

export const FIXED: Traits = { mutable: false };
export const HIDDEN: Traits = { hidden: true };
export const SECRET: Traits = { sensitive: true };

/** One row of the table of directives. */
export interface Directive<V> extends Required<Traits> {
  readonly kind: Kind<V>;
  /** The value when none is given. */
  readonly initial: Setting<V>;
  /** One line for people. */
  readonly help: string;
  readonly effect: Effect;
  /** Why an ignored directive has no effect; "" for others. */
  readonly reason: string;
}

/** Makes a row. `initial` is the default as one would write it in redis.conf, or a ready setting where it cannot be written there. */
export function directive<V>(kind: Kind<V>, initial: string | Setting<V>, help: string, traits?: TraitsOrAlias): Directive<V> {
  return row(kind, initial, help, traits, "effective");
}

/** A row for what has no counterpart here, for a `reason`. */
export function ignored<V>(kind: Kind<V>, initial: string, reason: string, traits?: TraitsOrAlias): Directive<V> {
  return row(kind, initial, `No effect: ${reason}`, traits, "ignored", reason);
}

/** A row that tunes a feature which does not exist here yet. */
export function unused<V>(kind: Kind<V>, initial: string, help: string, traits?: TraitsOrAlias): Directive<V> {
  return row(kind, initial, `${help} (no effect in this version)`, traits, "ignored", "its feature does not exist in this version");
}

/** A row whose feature does not exist here yet, and would be missed. */
export function defaultOnly<V>(kind: Kind<V>, initial: string, help: string, traits?: TraitsOrAlias): Directive<V> {
  return row(kind, initial, help, traits, "default-only");
}

const NO_TRAITS: Traits = {};

/** A whole row, written out: with spreads, the 250 rows take more than a millisecond of every start. */
function row<V>(
  kind: Kind<V>,
  initial: string | Setting<V>,
  help: string,
  traits: TraitsOrAlias = NO_TRAITS,
  effect: Effect,
  reason = "",
): Directive<V> {
  const given = typeof traits === "string" ? NO_TRAITS : traits;
  return {
    kind,
    initial: typeof initial === "string" ? readInitial(kind, initial) : initial,
    help,
    effect,
    reason,
    alias: typeof traits === "string" ? traits : (given.alias ?? ""),
    mutable: given.mutable ?? true,
    hidden: given.hidden ?? false,
    protected: given.protected ?? false,
    sensitive: given.sensitive ?? false,
    denyWhileLoading: given.denyWhileLoading ?? false,
    volatile: given.volatile ?? false,
    onWindows: given.onWindows ?? null,
  };
}

/** A trait: Windows lacks what the directive needs, and values that need it are refused; `harmless` ones are taken. */
export function refusedOnWindows(reason: string, harmless: RegExp | null = null): Traits {
  return { onWindows: { effect: "refused", reason, harmless } };
}

/** Likewise, but they are taken and change nothing. */
export function ignoredOnWindows(reason: string, harmless: RegExp | null = null): Traits {
  return { onWindows: { effect: "ignored", reason, harmless } };
}

/** Returns why `setting` has no effect on `platform`, or "". */
export function reasonWithoutEffect(row: Directive<unknown>, setting: Setting<unknown>, platform: NodeJS.Platform): string {
  if (setting.text === row.initial.text) return "";
  if (row.effect === "ignored") return row.reason;
  return isLacking(row, setting, platform) ? (row.onWindows?.reason ?? "") : "";
}

/** Whether `setting` asks for something that `platform` does not have. */
function isLacking({ onWindows, initial }: Directive<unknown>, { text }: Setting<unknown>, platform: NodeJS.Platform): boolean {
  return platform === "win32" && onWindows !== null && text !== initial.text && onWindows.harmless?.test(text) !== true;
}

/** What a default is read against: it leans on no other value, and asks nothing of the machine. */
const NOTHING: ParseContext<never> = {
  get current(): Setting<never> {
    throw new InvalidValue("a default that leans on an earlier value is no whole one");
  },
  repeated: false,
  surroundings: { platform: "linux", cwd: ".", refuseDirectory: () => null, listDirectory: () => [] },
};

function readInitial<V>(kind: Kind<V>, initial: string): Setting<V> {
  return kind.parse(kind.multiArg ? initial.split(" ") : [initial], NOTHING);
}

/** Reads a value of the directive called `name`. Throws InvalidValue with Redis's reason, UnsupportedValue for a missing feature. */
export function parseSetting<V>(name: string, row: Directive<V>, words: readonly string[], context: ParseContext<V>): Setting<V> {
  if (!row.kind.multiArg && words.length !== 1) throw new InvalidValue("wrong number of arguments");
  const setting = row.kind.parse(words, context);
  if (row.effect === "default-only" && setting.text !== row.initial.text) {
    throw new UnsupportedValue(`'${[name, ...words].join(" ")}' is not supported by this version of Replicant`);
  }
  if (row.onWindows?.effect === "refused" && isLacking(row, setting, context.surroundings.platform)) {
    throw new UnsupportedValue(`'${[name, ...words].join(" ")}' is not supported on Windows: ${row.onWindows.reason}`);
  }
  return setting;
}
