/** What a program may say of a server that it starts: any directive of redis.conf by its name in camelCase, and a few words of our own. */

import { resolve } from "node:path";
import { nearest } from "../base/nearest.ts";
import { toBytes } from "../base/utf8.ts";
import { quoteWord } from "../base/words.ts";
import { Config } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import { Loader } from "../config/file.ts";
import { type ConfigValues, DIRECTIVE_NAMES, type DirectiveName, findDirective } from "../config/options.ts";

type CamelCase<Name extends string> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Name;

/** Directives that concern a process, which is the program's and not the server's, and those that an option of our own stands for. */
type NotOptions =
  | "daemonize"
  | "supervised"
  | "pidfile"
  | "logfile"
  | "oom-score-adj"
  | "oom-score-adj-values"
  | "syslog-enabled"
  | "syslog-ident"
  | "syslog-facility"
  | "crash-memcheck-enabled"
  | "port"
  | "dir";

const NOT_OPTIONS: Readonly<Record<NotOptions, string>> = {
  daemonize: "a program starts servers in its own process",
  supervised: "what supervises the process is the program's",
  pidfile: "the process is the program's",
  logfile: "log takes the path of a file",
  "oom-score-adj": "the process is the program's",
  "oom-score-adj-values": "the process is the program's",
  "syslog-enabled": "log takes a function",
  "syslog-ident": "log takes a function",
  "syslog-facility": "log takes a function",
  "crash-memcheck-enabled": "the process is the program's",
  port: "",
  dir: "",
};

/** What a directive may be given: as redis.conf has it, as a string, or as a value of JavaScript. */
type OptionValue<Value> = Value extends boolean
  ? boolean | "yes" | "no"
  : Value extends number
    ? number | string
    : Value extends string
      ? Value
      : string | number | readonly (string | number)[] | readonly (readonly (string | number)[])[];

/** The directives of redis.conf: `maxmemory-policy` is `maxmemoryPolicy`. Docs: docs/configuration.md. */
export type DirectiveOptions = {
  readonly [Name in Exclude<DirectiveName, NotOptions> as CamelCase<Name>]?: OptionValue<ConfigValues[Name]>;
};

/** What every server of a program may be told. */
export interface ServerOptions extends DirectiveOptions {
  /** The folder of snapshots and the append-only file. Left out: nothing is written to disk, and nothing read. */
  readonly dir?: string;
  /** Where the log goes: nowhere unless told, to the file of this path, or line by line to a function. */
  readonly log?: "silent" | (string & {}) | ((line: string) => void);
  /** "virtual": time stands still but for `advance`. */
  readonly clock?: "system" | "virtual";
  /** When a virtual clock begins, in ms since 1970 or as a date; unless told, now. */
  readonly now?: number | Date;
  /** Users of ACL, each as after `user` in redis.conf: `"alice on >secret ~cache:* +@read"`. */
  readonly users?: readonly string[];
  /** New names of commands; "" takes a command away. */
  readonly renameCommand?: Readonly<Record<string, string>>;
}

/** What one that others connect to may be told, too. */
export interface ListenOptions extends ServerOptions {
  /** The TCP port. Left out: any that is free. null: none, for a server with a unix socket or TLS only. */
  readonly port?: number | null;
}

/** Our own words beside the directives. */
const OWN_WORDS: readonly string[] = ["port", "dir", "log", "clock", "now", "users", "renameCommand"];

const NAMES: ReadonlyMap<string, DirectiveName> = new Map(DIRECTIVE_NAMES.map((name) => [camelCase(name), name]));

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Makes a configuration of options. `caller` is what the program called, for messages. Errors: TypeError for an option that there is not,
 * or with a value that cannot be.
 */
export function configOf(options: ListenOptions, caller: string): Config {
  const loader = new Loader(() => "");
  const load = (option: string, text: string): void => {
    try {
      loader.loadLine({ place: option, text });
    } catch (error) {
      if (error instanceof ConfigError) throw new TypeError(`${caller}: ${error.message}`, { cause: error });
      throw error;
    }
  };
  // As a program wants it, unless it says something else: only this machine connects, and nothing is saved by itself.
  load("bind", "bind 127.0.0.1");
  if (options.dir === undefined) {
    load("save", 'save ""');
    // There is no place for a file with what a master sends.
    load("replDisklessLoad", "repl-diskless-load swapdb");
  }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || OWN_WORDS.includes(option)) continue;
    const name = nameOf(option, caller);
    const given = options.dir === undefined && isPlace(name) && typeof value === "string" && value !== "" ? resolve(value) : value;
    load(option, `${name} ${wordsOf(name, given, option, caller)}`);
  }
  load("port", `port ${options.port ?? 0}`);
  if (options.dir !== undefined) load("dir", `dir ${quoteWord(toBytes(options.dir))}`);
  for (const user of options.users ?? []) load("users", `user ${toBytes(user)}`);
  for (const [command, name] of Object.entries(options.renameCommand ?? {})) {
    load("renameCommand", `rename-command ${quoteWord(toBytes(command))} ${quoteWord(toBytes(name))}`);
  }
  const startup = loader.finish(null);
  if (options.dir !== undefined) return new Config(startup);
  const config = Config.withoutFolder(startup);
  const { appendonly, save } = config.values;
  if (appendonly || save.length > 0) {
    throw new TypeError(
      `${caller}: ${appendonly ? "appendonly" : "save"} writes to disk, and no folder is named: dir takes the path of one`,
    );
  }
  return config;
}

/** Whether a directive names a file that need not be in the server's folder: without one, it is meant from where the program is. */
function isPlace(name: DirectiveName): boolean {
  return name === "unixsocket" || name === "aclfile" || (name.startsWith("tls-") && /-(?:file|dir)$/.test(name));
}

/** Errors: TypeError where `options` has others than those of servers; `more`: what is one, too, for what may have been meant. */
export function requireOptions(options: object, caller: string, more: readonly string[]): void {
  for (const option of Object.keys(options)) if (!OWN_WORDS.includes(option)) nameOf(option, caller, more);
}

/** Errors: TypeError. */
function nameOf(option: string, caller: string, more: readonly string[] = []): DirectiveName {
  const name = NAMES.get(option);
  if (name === undefined) throw new TypeError(`${caller}: there is no option ${JSON.stringify(option)}${hint(option, more)}`);
  if (name in NOT_OPTIONS) throw new TypeError(`${caller}: ${option} is no option here: ${NOT_OPTIONS[name as NotOptions]}`);
  return name;
}

/** The option that was probably meant. */
function hint(option: string, more: readonly string[]): string {
  const directive = findDirective(option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)) ?? findDirective(option);
  if (directive !== undefined) return `: it is ${camelCase(directive.principal)}`;
  const name = nearest(option, [...NAMES.keys(), ...OWN_WORDS, ...more]);
  return name === null ? "" : `: is it ${name}?`;
}

/** The words of a line of redis.conf. Errors: TypeError. */
function wordsOf(name: DirectiveName, value: unknown, option: string, caller: string): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value))
    return value.length === 0
      ? '""'
      : value
          .flat()
          .map((word) => quoteWord(toBytes(String(word))))
          .join(" ");
  if (typeof value !== "string")
    throw new TypeError(`${caller}: ${option} cannot be ${value === null ? "null" : `of type ${typeof value}`}`);
  const isList = findDirective(name)?.row.kind.multiArg === true;
  return isList && value !== "" ? toBytes(value) : quoteWord(toBytes(value));
}
