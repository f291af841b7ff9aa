/** The command line of `replicant benchmark`: redis-benchmark's options under their names. */

import { ToolFailure } from "../cli/console.ts";
import { defaultTarget, leadingInteger, TARGET_FLAGS, TARGET_OPTIONS, type Target } from "../cli/target.ts";

export interface Options {
  readonly target: Target;
  clients: number;
  requests: number;
  keepAlive: boolean;
  dataBytes: number;
  pipeline: number;
  /** Random keys out of so many; null: always the same. */
  keyspace: number | null;
  quiet: boolean;
  csv: boolean;
  loop: boolean;
  idle: boolean;
  /** Names of tests in lower case; null: all. */
  tests: ReadonlySet<string> | null;
  /** Significant figures of the latencies. */
  precision: number;
  tracking: boolean;
  resp3: boolean;
  stdinLast: boolean;
  seed: number | null;
  /** A command of the user's in place of the tests. */
  words: readonly string[];
}

export type Parsed =
  | { readonly kind: "run"; readonly options: Options; readonly warnings: readonly string[] }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "invalid"; readonly word: string };

const LARGEST_DATA = 1024 ** 3;
const PRECISION = 3;
const MOST_PRECISE = 4;

const FLAGS: Readonly<Record<string, (options: Options) => void>> = {
  "-x": (options) => {
    options.stdinLast = true;
  },
  "-3": (options) => {
    options.resp3 = true;
  },
  "-q": (options) => {
    options.quiet = true;
  },
  "--csv": (options) => {
    options.csv = true;
  },
  "-l": (options) => {
    options.loop = true;
  },
  "-I": (options) => {
    options.idle = true;
  },
  "--enable-tracking": (options) => {
    options.tracking = true;
  },
  "--cluster": () => {
    throw new ToolFailure("--cluster: replicant benchmark measures one server, use redis-benchmark for a cluster");
  },
};

const VALUED: Readonly<Record<string, (options: Options, value: string) => void>> = {
  "-c": (options, value) => {
    options.clients = Math.max(leadingInteger(value), 1);
  },
  "-n": (options, value) => {
    options.requests = leadingInteger(value);
  },
  "-k": (options, value) => {
    options.keepAlive = leadingInteger(value) !== 0;
  },
  "-d": (options, value) => {
    options.dataBytes = Math.min(Math.max(leadingInteger(value), 1), LARGEST_DATA);
  },
  "-P": (options, value) => {
    options.pipeline = Math.max(leadingInteger(value), 1);
  },
  "-t": (options, value) => {
    options.tests = new Set(value.toLowerCase().split(","));
  },
  "--dbnum": ({ target }, value) => {
    target.database = leadingInteger(value);
  },
  "--precision": (options, value) => {
    const figures = leadingInteger(value);
    options.precision = figures < 0 ? PRECISION : Math.min(Math.max(figures, 1), MOST_PRECISE);
  },
  "--seed": (options, value) => {
    options.seed = leadingInteger(value);
  },
  "--threads": (_, value) => {
    // One thread keeps up with a server that has one: a second would take the processor away that the server needs.
    if (leadingInteger(value) > 0) throw new ToolFailure("--threads: replicant benchmark has one thread, start it more than once instead");
  },
};

/** Reads the words behind `benchmark`, which are bytes. Errors: ToolFailure. */
export function parseOptions(argv: readonly string[]): Parsed {
  const options: Options = {
    target: defaultTarget(),
    clients: 50,
    requests: 100_000,
    keepAlive: true,
    dataBytes: 3,
    pipeline: 1,
    keyspace: null,
    quiet: false,
    csv: false,
    loop: false,
    idle: false,
    tests: null,
    precision: PRECISION,
    tracking: false,
    resp3: false,
    stdinLast: false,
    seed: null,
    words: [],
  };
  const warnings: string[] = [];
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index];
    const value = argv.at(index + 1);
    if (word === "--help") return { kind: "help" };
    if (word === "-v" || word === "--version") return { kind: "version" };
    if (word === "-e") warnings.push("WARNING: -e option has no effect. We now immediately exit on error to avoid false results.");
    else if (Object.hasOwn(FLAGS, word)) FLAGS[word](options);
    else if (Object.hasOwn(TARGET_FLAGS, word)) TARGET_FLAGS[word](options.target);
    else if (value !== undefined && takesValue(options, word, value)) index++;
    else if (word.startsWith("-")) return { kind: "invalid", word };
    else break;
  }
  options.words = argv.slice(index);
  if (!options.keepAlive) {
    warnings.push(
      "WARNING: Keepalive disabled. You probably need 'echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse' for Linux and " +
        "'sudo sysctl -w net.inet.tcp.msl=1000' for Mac OS X in order to use a lot of clients/requests",
    );
  }
  if (options.words.length > 0 && options.tests !== null) warnings.push("WARNING: Option -t is ignored.");
  return { kind: "run", options, warnings };
}

function takesValue(options: Options, word: string, value: string): boolean {
  if (word === "-r") {
    if (/^-(?!\d)/.test(value)) return false;
    options.keyspace = Math.max(leadingInteger(value), 0);
  } else if (Object.hasOwn(VALUED, word)) VALUED[word](options, value);
  else if (Object.hasOwn(TARGET_OPTIONS, word)) TARGET_OPTIONS[word](options.target, value);
  else return false;
  return true;
}

const USAGE = `Usage: replicant benchmark [OPTIONS] [COMMAND [ARGUMENT ...]]

Measures how many requests a server answers in a second and how long it takes for each. Without a command it runs redis-benchmark's tests.
It takes redis-benchmark's options and prints what that prints.

  -h HOST, -p PORT, -s SOCKET, -u URI      where the server is (127.0.0.1, 6379)
  -a PASSWORD, --user NAME                 log in
  --tls, --cacert FILE, --cacertdir DIRECTORY, --cert FILE, --key FILE, --sni NAME, --insecure, --tls-ciphers LIST
  --dbnum DATABASE                         select it
  -c CLIENTS                               connections at once (50)
  -n REQUESTS                              requests of each test (100000)
  -d BYTES                                 of values (3)
  -P REQUESTS                              in one go on each connection (1)
  -r KEYS                                  random ones of so many: __rand_int__ in a word becomes a number of 12 digits
  -t TEST,...                              only these: ping set get incr lpush rpush lpop rpop sadd hset spop zadd zpopmin lrange mset xadd
  -k 0                                     a new connection for each request
  -q, --csv                                a line for each test, for people or for programs
  --precision FIGURES                      significant ones of latencies, 1 to 4 (3)
  -l                                       again and again
  -I                                       connections that do nothing
  -3, --enable-tracking                    RESP3; CLIENT TRACKING ON
  -x                                       the last argument of the command is standard input
  --seed NUMBER                            the same random keys each time
  --help, --version

It runs on one thread (--threads is refused) and measures one server (so is --cluster).
`;

export function usage(): string {
  return USAGE;
}
