/** The configuration of one server: its values, and CONFIG GET, SET and REWRITE over them. */

import { join } from "node:path";
import { replaceFile } from "../base/files.ts";
import { globMatch } from "../base/glob.ts";
import { errors } from "../errors.ts";
import { parseSetting, reasonWithoutEffect } from "./directive.ts";
import { failureWords, InvalidValue } from "./error.ts";
import { Loader, type StartupSettings, type WordsLine } from "./file.ts";
import type { ParseContext, RewrittenLine, Setting } from "./kinds.ts";
import {
  type ConfigValues,
  DIRECTIVE_NAMES,
  DIRECTIVES,
  type DirectiveName,
  findDirective,
  NAMES,
  type NamedDirective,
} from "./options.ts";
import { type RewrittenOption, readIfExists, rewriteContent } from "./rewrite.ts";
import { directorySetting } from "./special-kinds.ts";
import { machine, type Surroundings } from "./surroundings.ts";

/** Brings a changed value into effect. Returns why that failed, or nothing. Repeatable: after a failure it runs again for the old value. */
export type ApplyChange = () => string | undefined;

/** Who sends CONFIG SET. */
export interface SetCaller {
  /** Whether the data set is still being loaded. */
  readonly loading: boolean;
  /** Whether the client is on this machine, for enable-protected-configs local. */
  readonly local: boolean;
}

/** A CONFIG SET that changed nothing. */
export interface SetFailure {
  /** The whole error reply, code first. */
  readonly reply: string;
  /** What a log should say: reasons why taking back a half-made change failed. Empty nearly always. */
  readonly unrestored: readonly string[];
}

/** What CONFIG REWRITE is to write beside the directives. */
export interface RewriteRequest {
  /** The users, each as it stands after `user `; their old lines go. Without this, `user` lines stay as they are. */
  readonly users?: readonly string[];
  /** Write out defaults as well (DEBUG CONFIG-REWRITE-FORCE-ALL). */
  readonly forceAll?: boolean;
}

/** A client on this machine, after loading. */
const PLAIN_CALLER: SetCaller = { loading: false, local: true };

/**
 * `dir` of a server that is to write no files: a folder that there cannot be, below a file, so that whatever tries to write there fails, and
 * CONFIG GET says why.
 */
const NO_FOLDER = join(process.execPath, "no folder was named");

/** One server's configuration. */
export class Config {
  /** Every directive's value, for hot readers; one object for good, changed in place. */
  readonly values: ConfigValues;
  /** The file that CONFIG REWRITE writes; absolute. */
  readonly configFile: string | null;
  /** The `user` lines of a start-up. */
  readonly users: readonly WordsLine[];
  /** The `rename-command` lines. */
  readonly renames: readonly WordsLine[];
  /** Another number whenever a directive was set. */
  revision = 0;
  private readonly settings = new Map<DirectiveName, Setting<unknown>>();
  private readonly writable: { [K in DirectiveName]?: unknown };
  private readonly listeners = new Map<DirectiveName, ApplyChange[]>();
  private readonly surroundings: Surroundings;

  constructor(startup: StartupSettings, surroundings: Surroundings = machine) {
    this.configFile = startup.configFile;
    this.users = startup.users;
    this.renames = startup.renames;
    this.surroundings = surroundings;
    const values: { [K in DirectiveName]?: unknown } = {};
    for (const name of DIRECTIVE_NAMES) {
      const setting = startup.settings.get(name) ?? DIRECTIVES[name].initial;
      this.settings.set(name, setting);
      values[name] = setting.value;
    }
    this.writable = values;
    // The table ties each name to its type; the loop above has filled in every name.
    this.values = values as ConfigValues;
  }

  /** The defaults and `directives`, each as in redis.conf: for tests, and programs that embed a server. Throws ConfigError. */
  static of(directives: { readonly [K in DirectiveName]?: string } = {}, surroundings: Surroundings = machine): Config {
    const loader = new Loader(() => "", surroundings);
    for (const [name, value] of Object.entries(directives)) {
      loader.loadLine({ place: "options", text: `${name} ${value === "" ? '""' : value}` });
    }
    return new Config(loader.finish(null), surroundings);
  }

  /** For a server that is to write no files, until CONFIG SET names a folder. */
  static withoutFolder(startup: StartupSettings): Config {
    return new Config({ ...startup, settings: new Map(startup.settings).set("dir", directorySetting(NO_FOLDER)) });
  }

  /** Whether there is a folder that files may be written to. */
  get hasFolder(): boolean {
    return this.values.dir !== NO_FOLDER;
  }

  /** The value of `name` as CONFIG GET shows it, in bytes (latin1). */
  text(name: DirectiveName): string {
    return this.setting(name).text;
  }

  /**
   * CONFIG GET: the names that `patterns` (latin1) select, with their values. A name without wildcards finds hidden directives too and is
   * answered as it was asked; a pattern finds names and aliases. Each name once.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found: [string, string][] = [];
    // One pattern finds no name twice.
    const seen = patterns.length > 1 ? new Set<NamedDirective>() : null;
    const take = (entry: NamedDirective, name: string): void => {
      if (seen?.has(entry)) return;
      seen?.add(entry);
      found.push([name, this.text(entry.principal)]);
    };
    for (const pattern of patterns) {
      if (!/[*?[]/.test(pattern)) {
        const entry = findDirective(pattern);
        if (entry !== undefined) take(entry, pattern);
        continue;
      }
      const bytes = Buffer.from(pattern, "latin1");
      for (const entry of NAMES) {
        if (!entry.row.hidden && globMatch(bytes, entry.bytes, 0, entry.bytes.length, true)) take(entry, entry.name);
      }
    }
    return found;
  }

  /** What a log should say of those directives among `names` whose value is not the default and changes nothing: a line each. */
  withoutEffect(names: readonly string[] = DIRECTIVE_NAMES): string[] {
    const given = names.map(findDirective).filter((entry) => entry !== undefined);
    return given
      .map(({ name, row, principal }) => ({ name, reason: reasonWithoutEffect(row, this.setting(principal), this.surroundings.platform) }))
      .filter(({ reason }) => reason !== "")
      .map(({ name, reason }) => `Directive '${name}' has no effect: ${reason}`);
  }

  /**
   * CONFIG SET: all of `pairs` or none. First every name and value is checked, then all take effect, then their `onChange` functions run in
   * order, each once; when one fails, the old values return and the functions that ran run again. Returns null, or the failure.
   */
  set(pairs: readonly (readonly [name: string, value: string])[], caller: SetCaller = PLAIN_CALLER): SetFailure | null {
    const found: NamedDirective[] = [];
    for (const [name] of pairs) {
      const entry = findDirective(name);
      if (entry === undefined) return failure(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
      if (!entry.row.mutable) return setFailure(name, "can't set immutable config");
      if (entry.row.protected && !this.allowsProtected(caller)) return setFailure(name, "can't set protected config");
      if (caller.loading && entry.row.denyWhileLoading) return failure(errors.loading.message);
      if (found.includes(entry)) return setFailure(name, "duplicate parameter");
      found.push(entry);
    }
    const changes: Change[] = [];
    for (const [i, { name, principal, row }] of found.entries()) {
      const before = this.setting(principal);
      try {
        const value = pairs[i][1];
        const after = parseSetting(name, row, row.kind.multiArg ? splitValue(value) : [value], this.context(before));
        changes.push({ name, principal, before, after, counts: row.volatile || after.text !== before.text });
      } catch (error) {
        if (error instanceof InvalidValue) return setFailure(name, error.message);
        throw error;
      }
    }
    return this.apply(changes);
  }

  /** Sets a directive, immutable ones too, without its `onChange` functions: REPLICAOF changes `replicaof` so. Throws InvalidValue. */
  assign(name: DirectiveName, words: readonly string[]): void {
    const row = findDirective(name)?.row ?? DIRECTIVES[name];
    this.store(name, parseSetting(name, row, words, this.context(this.setting(name))));
  }

  /** Runs `apply` after a CONFIG SET changed one of `names`; once, however many of them it changed. */
  onChange(names: DirectiveName | readonly DirectiveName[], apply: ApplyChange): void {
    for (const name of typeof names === "string" ? [names] : names) {
      const listeners = this.listeners.get(name);
      if (listeners === undefined) this.listeners.set(name, [apply]);
      else listeners.push(apply);
    }
  }

  /** CONFIG REWRITE. Returns null, or the whole error reply. */
  rewrite(request: RewriteRequest = {}): string | null {
    if (this.configFile === null) return "ERR The server is running without a config file";
    const options: RewrittenOption[] = DIRECTIVE_NAMES.map((name) => ({ name, lines: this.linesOf(name) }));
    if (request.users !== undefined) options.push({ name: "user", lines: request.users.map((words) => ({ words, force: true })) });
    try {
      const principal = (word: string): string | null => findDirective(word)?.principal ?? null;
      const content = rewriteContent(readIfExists(this.configFile), options, { principal, forceAll: request.forceAll ?? false });
      const temporary = `${this.configFile}.${process.pid}.${Math.random().toString(36).slice(2, 10)}`;
      replaceFile(this.configFile, temporary, content, (_, error) => error, 0o644);
      return null;
    } catch (error) {
      return `ERR Rewriting config file: ${failureWords(error)}`;
    }
  }

  private linesOf(name: DirectiveName): readonly RewrittenLine[] {
    const row: NamedDirective["row"] = DIRECTIVES[name];
    return row.kind.rewrite(this.setting(name), row.initial);
  }

  private setting(name: DirectiveName): Setting<unknown> {
    return this.settings.get(name) ?? DIRECTIVES[name].initial;
  }

  private store(name: DirectiveName, setting: Setting<unknown>): void {
    this.revision++;
    this.settings.set(name, setting);
    this.writable[name] = setting.value;
  }

  private context(current: Setting<unknown>): ParseContext<unknown> {
    return { current, repeated: false, surroundings: this.surroundings };
  }

  private allowsProtected(caller: SetCaller): boolean {
    const allowed = this.values["enable-protected-configs"];
    return allowed === "yes" || (allowed === "local" && caller.local);
  }

  private apply(changes: readonly Change[]): SetFailure | null {
    for (const { principal, after } of changes) this.store(principal, after);
    const ran = new Set<ApplyChange>();
    for (const { name, principal, counts } of changes) {
      for (const listener of counts ? (this.listeners.get(principal) ?? []) : []) {
        if (ran.has(listener)) continue;
        ran.add(listener);
        const reason = outcome(listener);
        if (reason !== undefined) return { ...setFailure(name, reason), unrestored: this.restore(changes, ran) };
      }
    }
    return null;
  }

  /** Takes `changes` back and lets the functions that saw them see the old values. Returns what failed at that. */
  private restore(changes: readonly Change[], ran: ReadonlySet<ApplyChange>): string[] {
    for (const { principal, before } of changes.toReversed()) this.store(principal, before);
    return [...ran].map(outcome).filter((reason) => reason !== undefined);
  }
}

/** One directive on its way from one value to another. */
interface Change {
  readonly name: string;
  readonly principal: DirectiveName;
  readonly before: Setting<unknown>;
  readonly after: Setting<unknown>;
  /** Whether the server must hear of it: a value that stays the same is no change. */
  readonly counts: boolean;
}

function outcome(apply: ApplyChange): string | undefined {
  try {
    return apply();
  } catch (error) {
    return failureWords(error);
  }
}

function failure(reply: string): SetFailure {
  return { reply, unrestored: [] };
}

function setFailure(name: string, reason: string): SetFailure {
  return failure(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

/** The words of a value with several: CONFIG SET parts them at every single space, so two spaces hold an empty word. */
function splitValue(value: string): string[] {
  return value === "" ? [] : value.split(" ");
}
