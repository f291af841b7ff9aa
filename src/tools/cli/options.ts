/** The command line of `replicant cli`: redis-cli's options under their names. */

import { splitWords } from "../../base/words.ts";
import { ToolFailure } from "./console.ts";
import type { OutputMode } from "./format.ts";
import { defaultTarget, leadingInteger, TARGET_FLAGS, TARGET_OPTIONS, type Target } from "./target.ts";

/** What the program does in place of sending a command. */
export type Mode =
  | "latency"
  | "latency-history"
  | "latency-dist"
  | "replica"
  | "rdb"
  | "functions-rdb"
  | "pipe"
  | "bigkeys"
  | "memkeys"
  | "hotkeys"
  | "stat"
  | "scan"
  | "lru-test"
  | "intrinsic-latency";

/** Which of them goes first when several are asked for, as in redis-cli. */
const ORDER: readonly Mode[] = [
  "latency-history",
  "latency",
  "latency-dist",
  "replica",
  "rdb",
  "functions-rdb",
  "pipe",
  "bigkeys",
  "memkeys",
  "hotkeys",
  "stat",
  "scan",
  "lru-test",
  "intrinsic-latency",
];

export interface Options {
  readonly target: Target;
  output: OutputMode;
  /** How often a command is sent; below 0: without end. */
  repeat: number;
  /** Between two commands, in ms; 0 when it was not said. */
  intervalMs: number;
  /** "wanted" as --json does: a server that knows no RESP3 is fine too. */
  resp3: "no" | "wanted" | "required";
  resp2: boolean;
  showPushes: boolean;
  readonly delimiters: { element: string; reply: string };
  /** Where an argument comes from standard input: the last one, or the one that is this word. */
  stdinLast: boolean;
  stdinTag: string | null;
  quotedInput: boolean;
  errorCode: boolean;
  cluster: boolean;
  askPassword: boolean;
  authWarning: boolean;
  readonly modes: Set<Mode>;
  pattern: string | null;
  /** COUNT of SCAN. */
  count: number;
  rdbFile: string;
  pipeTimeoutSeconds: number;
  memkeysSamples: number;
  lruTestKeys: number;
  intrinsicSeconds: number;
  evalFile: string | null;
  monochrome: boolean;
  verbose: boolean;
  testHint: string | null;
  /** The command, from the first word that is no option. */
  words: readonly string[];
}

export type Parsed =
  | { readonly kind: "run"; readonly options: Options; readonly mode: Mode | null }
  | { readonly kind: "help" | "version" };

function defaults(outputIsTerminal: boolean): Options {
  return {
    target: defaultTarget(),
    output: outputIsTerminal ? "standard" : "raw",
    repeat: 1,
    intervalMs: 0,
    resp3: "no",
    resp2: false,
    showPushes: outputIsTerminal,
    delimiters: { element: "\n", reply: "\n" },
    stdinLast: false,
    stdinTag: null,
    quotedInput: false,
    errorCode: false,
    cluster: false,
    askPassword: false,
    authWarning: true,
    modes: new Set(),
    pattern: null,
    count: 10,
    rdbFile: "",
    pipeTimeoutSeconds: 30,
    memkeysSamples: 0,
    lruTestKeys: 0,
    intrinsicSeconds: 0,
    evalFile: null,
    monochrome: false,
    verbose: false,
    testHint: null,
    words: [],
  };
}

const FLAGS: Readonly<Record<string, (options: Options) => void>> = {
  "-x": (options) => {
    options.stdinLast = true;
  },
  "-c": (options) => {
    options.cluster = true;
  },
  "-e": (options) => {
    options.errorCode = true;
  },
  "-2": (options) => {
    options.resp2 = true;
  },
  "-3": (options) => {
    options.resp3 = "required";
  },
  "--no-auth-warning": (options) => {
    options.authWarning = false;
  },
  "--askpass": (options) => {
    options.askPassword = true;
  },
  "--raw": (options) => {
    options.output = "raw";
  },
  "--no-raw": (options) => {
    options.output = "standard";
  },
  "--csv": (options) => {
    options.output = "csv";
  },
  "--json": (options) => json(options, "json"),
  "--quoted-json": (options) => json(options, "quoted-json"),
  "--quoted-input": (options) => {
    options.quotedInput = true;
  },
  "--mono": (options) => {
    options.monochrome = true;
  },
  "--verbose": (options) => {
    options.verbose = true;
  },
  "--latency": mode("latency"),
  "--latency-history": mode("latency-history"),
  "--latency-dist": mode("latency-dist"),
  "--slave": mode("replica"),
  "--replica": mode("replica"),
  "--stat": mode("stat"),
  "--scan": mode("scan"),
  "--pipe": mode("pipe"),
  "--bigkeys": mode("bigkeys"),
  "--memkeys": mode("memkeys"),
  "--hotkeys": mode("hotkeys"),
  "--ldb": notBuilt("--ldb", "the debugger of Lua"),
  "--ldb-sync-mode": notBuilt("--ldb-sync-mode", "the debugger of Lua"),
  "--cluster": notBuilt("--cluster", "the manager of clusters"),
};

const VALUED: Readonly<Record<string, (options: Options, value: string) => void>> = {
  "-n": ({ target }, value) => {
    target.database = leadingInteger(value);
  },
  "--pass": ({ target }, value) => {
    target.password = value;
  },
  "-r": (options, value) => {
    options.repeat = leadingInteger(value);
  },
  "-i": (options, value) => {
    options.intervalMs = (Number.parseFloat(value) || 0) * 1000;
  },
  "-X": (options, value) => {
    options.stdinTag = value;
  },
  "-d": ({ delimiters }, value) => {
    delimiters.element = value;
  },
  "-D": ({ delimiters }, value) => {
    delimiters.reply = value;
  },
  "--pattern": (options, value) => {
    options.pattern = value;
  },
  "--quoted-pattern": (options, value) => {
    options.pattern = unquoted(value);
    if (options.pattern === null) throw new ToolFailure("Invalid quoted string specified for --quoted-pattern.");
  },
  "--count": (options, value) => {
    options.count = leadingInteger(value);
  },
  "--rdb": (options, value) => rdbTo(options, "rdb", value),
  "--functions-rdb": (options, value) => rdbTo(options, "functions-rdb", value),
  "--pipe-timeout": (options, value) => {
    options.pipeTimeoutSeconds = leadingInteger(value);
  },
  "--memkeys-samples": (options, value) => {
    options.modes.add("memkeys");
    options.memkeysSamples = leadingInteger(value);
  },
  "--lru-test": (options, value) => {
    options.modes.add("lru-test");
    options.lruTestKeys = leadingInteger(value);
  },
  "--intrinsic-latency": (options, value) => {
    options.modes.add("intrinsic-latency");
    options.intrinsicSeconds = leadingInteger(value);
  },
  "--eval": (options, value) => {
    options.evalFile = value;
  },
  "--test_hint": (options, value) => {
    options.testHint = value;
  },
};

function mode(name: Mode): (options: Options) => void {
  return ({ modes }) => {
    modes.add(name);
  };
}

function notBuilt(option: string, what: string): () => never {
  return () => {
    throw new ToolFailure(`${option}: replicant cli does not have ${what}, use redis-cli for it`);
  };
}

function json(options: Options, output: "json" | "quoted-json"): void {
  options.output = output;
  if (options.resp3 === "no") options.resp3 = "wanted";
}

function rdbTo(options: Options, name: "rdb" | "functions-rdb", file: string): void {
  options.modes.add(name);
  options.rdbFile = file;
}

/** Returns what a quoted word says, or null when it is not exactly one. */
export function unquoted(word: string): string | null {
  const words = splitWords(word);
  return words?.length === 1 ? words[0] : null;
}

/** Reads the words behind `cli`, which are bytes. `complain` takes what is said without an end of it. Errors: ToolFailure. */
export function parseOptions(argv: readonly string[], outputIsTerminal: boolean, complain: (text: string) => void): Parsed {
  const options = defaults(outputIsTerminal);
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index];
    const value = argv.at(index + 1);
    if (word === "--help" || (word === "-h" && value === undefined)) return { kind: "help" };
    if (word === "-v" || word === "--version") return { kind: "version" };
    const flag = ownEntry(FLAGS, word);
    const targetFlag = ownEntry(TARGET_FLAGS, word);
    if (flag !== undefined) flag(options);
    else if (targetFlag !== undefined) targetFlag(options.target);
    else if (value !== undefined && takesValue(options, word, value, complain)) index++;
    else if (word.startsWith("-")) throw new ToolFailure(`Unrecognized option or bad number of args for: '${word}'`);
    else break;
  }
  options.words = argv.slice(index);
  check(options, complain);
  return { kind: "run", options, mode: ORDER.find((name) => options.modes.has(name)) ?? null };
}

function takesValue(options: Options, word: string, value: string, complain: (text: string) => void): boolean {
  const own = ownEntry(VALUED, word);
  const target = ownEntry(TARGET_OPTIONS, word);
  if (own !== undefined) own(options, value);
  else if (target !== undefined) target(options.target, value);
  else if (word === "--show-pushes") {
    if (/^[yn]/i.test(value)) options.showPushes = /^y/i.test(value);
    else complain(`Unknown --show-pushes value '${value}' (valid: '[y]es', '[n]o')\n`);
  } else return false;
  return true;
}

function ownEntry<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

function check(options: Options, complain: (text: string) => void): void {
  if (options.target.socket !== null && options.cluster) throw new ToolFailure("Options -c and -s are mutually exclusive.");
  if (options.resp2 && options.resp3 === "required") throw new ToolFailure("Options -2 and -3 are mutually exclusive.");
  if (options.authWarning && options.target.password !== null) {
    complain("Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n");
  }
  if (options.modes.has("rdb") && options.modes.has("functions-rdb")) {
    throw new ToolFailure("Option --functions-rdb and --rdb are mutually exclusive.");
  }
  if (options.stdinLast && options.stdinTag !== null) throw new ToolFailure("Options -x and -X are mutually exclusive.");
}
