import { InvalidValue, UnsupportedValue } from "./error.ts";
import type { Kind, ParseContext, Setting } from "./kinds.ts";
import type { Surroundings } from "./surroundings.ts";

/** What sets a directive apart from the ordinary: changeable at run time, listed, open to every administrator. */
export interface Traits {
  /** Other names, older ones mostly. */
  readonly aliases?: readonly string[];
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
  /** Its feature does not exist here yet: only the default is accepted. */
  readonly unsupported?: boolean;
  /** Accepted so that configurations of Redis load, and without effect here; --help says so. */
  readonly ignored?: boolean;
}

/** One row of the table of directives. */
export interface Directive<V> {
  readonly kind: Kind<V>;
  /** The value when nobody gives one. */
  readonly initial: Setting<V>;
  /** One line for people. */
  readonly help: string;
  readonly aliases: readonly string[];
  readonly mutable: boolean;
  readonly hidden: boolean;
  readonly protected: boolean;
  readonly sensitive: boolean;
  readonly denyWhileLoading: boolean;
  readonly volatile: boolean;
  readonly unsupported: boolean;
  readonly ignored: boolean;
}

/** For reading defaults, which ask nothing of the machine. */
const NOWHERE: Surroundings = { cwd: ".", refuseDirectory: () => null, listDirectory: () => [] };

/** Makes a row. `initial` is the default as one would write it in redis.conf, or a ready setting where it cannot be written there. */
export function directive<V>(kind: Kind<V>, initial: string | Setting<V>, help: string, traits: Traits = {}): Directive<V> {
  return {
    kind,
    initial: typeof initial === "string" ? readInitial(kind, initial) : initial,
    help,
    aliases: traits.aliases ?? [],
    mutable: traits.mutable ?? true,
    hidden: traits.hidden ?? false,
    protected: traits.protected ?? false,
    sensitive: traits.sensitive ?? false,
    denyWhileLoading: traits.denyWhileLoading ?? false,
    volatile: traits.volatile ?? false,
    unsupported: traits.unsupported ?? false,
    ignored: traits.ignored ?? false,
  };
}

/** A row that tunes a feature which does not exist here yet: any value is accepted and shown, and --help says that it has no effect. */
export function unused<V>(kind: Kind<V>, initial: string | Setting<V>, help: string, traits: Traits = {}): Directive<V> {
  return directive(kind, initial, help, { ...traits, ignored: true });
}

function readInitial<V>(kind: Kind<V>, initial: string): Setting<V> {
  return kind.parse(kind.multiArg ? initial.split(" ") : [initial], {
    get current(): Setting<V> {
      throw new InvalidValue(`'${initial}' is no whole default: it leans on an earlier value`);
    },
    repeated: false,
    surroundings: NOWHERE,
  });
}

/** Reads a value of the directive called `name`. Throws InvalidValue with Redis's reason, UnsupportedValue for a missing feature. */
export function parseSetting<V>(name: string, row: Directive<V>, words: readonly string[], context: ParseContext<V>): Setting<V> {
  if (!row.kind.multiArg && words.length !== 1) throw new InvalidValue("wrong number of arguments");
  const setting = row.kind.parse(words, context);
  if (row.unsupported && setting.text !== row.initial.text) {
    throw new UnsupportedValue(`'${[name, ...words].join(" ")}' is not supported by this version of Replicant`);
  }
  return setting;
}
