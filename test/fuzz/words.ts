/** Random words for the arguments of commands, by what COMMAND DOCS calls them: mostly ones that the command can use. */
import { createHash } from "node:crypto";
import type { Word } from "../support/client.ts";
import type { Random } from "../support/property.ts";
import type { Argument, Command } from "./catalogue.ts";

/** What was taken from the server at the start, and the ports of others. */
export interface Surroundings {
  readonly commands: readonly Command[];
  /** Answers of DUMP for a value of each type. */
  readonly payloads: readonly Buffer[];
  /** An answer of FUNCTION DUMP. */
  readonly libraries: Buffer;
  /** A server that keys may be migrated to and that data may be compared with. */
  readonly otherPort: number;
}

/** Keys by the group of commands that they are mostly for: few, so that commands meet. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  string: ["v1", "v2", "v3", "v4"],
  list: ["l1", "l2", "l3", "l4"],
  hash: ["h1", "h2", "h3", "h4"],
  set: ["s1", "s2", "s3", "s4"],
  "sorted-set": ["z1", "z2", "z3", "z4"],
  stream: ["x1", "x2", "x3"],
  bitmap: ["b1", "b2", "b3"],
  hyperloglog: ["p1", "p2", "p3"],
  geo: ["g1", "g2", "g3"],
};
const ALL_KEYS = Object.values(KEYS).flat();

/** Each calls at most SCRIPT_CALLS commands. */
const SCRIPTS = [
  "return 1",
  "return redis.pcall('get', KEYS[1] or 'v1')",
  "return redis.pcall('set', KEYS[1] or 'v1', ARGV[1] or 'x')",
  "redis.pcall('rpush', KEYS[1] or 'l1', 'a', 'b') return redis.pcall('lpop', KEYS[1] or 'l1')",
  "return {ARGV[1], #KEYS, {redis.sha1hex(ARGV[1] or '')}, 3.5, true, false}",
  "return redis.pcall(unpack(ARGV))",
  "redis.setresp(3) return redis.pcall('hgetall', KEYS[1] or 'h1')",
  "error({err = 'MINE of my own'})",
  "return redis.call('incr', KEYS[1] or 'v2')",
  "#!lua flags=no-writes\nreturn redis.pcall('set', KEYS[1] or 'v1', 'x')",
  "return cjson.encode(cjson.decode(ARGV[1] or '[1,2]'))",
  "return cmsgpack.unpack(cmsgpack.pack({1, 'a', {b = KEYS[1]}}))",
  "local s = 0 for i = 1, 2000 do s = s + i end return s",
  "return (",
  "",
];
export const SCRIPT_CALLS = 2;
export const LIBRARIES = ["one", "two"].map(
  (name) =>
    `#!lua name=${name}\nredis.register_function('${name}_set', function(keys, words) return redis.pcall('set', keys[1] or 'v1', words[1] or 'x') end)\n` +
    `redis.register_function{function_name='${name}_get', callback=function(keys) return redis.pcall('get', keys[1] or 'v1') end, flags={'no-writes'}}`,
);

const LATENCY_EVENTS = ["command", "fast-command", "expire-cycle", "nonesuch"];
const SECTIONS = [
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "keyspace",
  "commandstats",
  "errorstats",
  "all",
];
const TEXTS = ["a", "b", "c", "d", "e", "f", "foo", "bar", "hello world", "", "0", "1", "2", "-1", "12345", "1.5", "q\0q", "ÿ", "a\r\nb"];
const NUMBERS = ["0", "1", "-1", "2", "-2", "3", "5", "7", "10", "64", "100", "127", "4096"];
const HUGE = ["2147483647", "4294967296", "9223372036854775807", "1e3", "9223372036854775808"];
const SCORES = ["0", "1", "-1", "1.5", "2", "3", "inf", "-inf", "1000000", "0.25", "(1", "(0"];
const LEX_RANGES = ["-", "+", "[a", "(b", "[f", "(foo", "["];
const IDS = ["0", "0-1", "1-1", "2-1", "3", "5-5", "1700000000000-0", "99999999999999"];
const PATTERNS = ["*", "v*", "[a-c]*", "?1", "h?llo*", "[^a]*", "\\a", ""];
const CHANNELS = ["c1", "c2", "c3", "__keyspace@0__:v1"];
const RULES = ["on", "off", "allkeys", "~v*", "%R~l*", "%W~s*", "resetkeys", "allchannels", "&c*", "resetchannels", "+@all", "-@all"];
const MORE_RULES = [
  "+get",
  "-set",
  "+@read",
  "-@dangerous",
  "+config|get",
  "-client|kill",
  ">pw",
  "<pw",
  "nopass",
  "reset",
  "(+get ~x*)",
  "clearselectors",
];

type Maker = (words: Words, command: Command) => Word;

/** Numbers by name; what is not named is a small number, seldom another. */
const INTEGERS: Readonly<Record<string, Maker>> = {
  bit: (words) => words.random.pick(["0", "1"]),
  count: (words) => words.number(1, 8),
  cursor: (words) => (words.random.chance(0.8) ? "0" : words.number(0, 100)),
  db: (words) => words.number(0, 3),
  "destination-db": (words) => words.number(0, 3),
  index: (words, command) => words.number(command.group === "list" ? -4 : 0, 3),
  index1: (words) => words.number(0, 3),
  index2: (words) => words.number(0, 3),
  frequency: (words) => words.number(0, 255),
  milliseconds: (words) => words.time(1),
  seconds: (words) => words.time(1000),
  "client-id": (words) => words.clientId(),
  offset: (words) => words.number(0, 60),
  port: () => "1",
  protover: (words) => words.random.pick(["2", "3"]),
  ttl: (words) => (words.random.chance(0.7) ? "0" : words.number(1, 5000)),
  version: (words) => words.random.pick(["10", "11", "12", "5", "6"]),
  numreplicas: (words) => words.number(0, 2),
  numlocal: (words) => words.number(0, 1),
  "config-epoch": (words) => words.number(1, 9),
};

const STRINGS: Readonly<Record<string, Maker>> = {
  command: (words) => words.random.pick(words.around.commands).fullName,
  COMMAND: (words) => words.random.pick(words.around.commands).fullName,
  "command-name": (words) => words.random.pick(words.around.commands).fullName,
  subcommand: (words) => words.random.pick(["get", "list", "help"]),
  category: (words) => `@${words.random.pick(["all", "read", "write", "keyspace", "list", "slow"])}`,
  categoryname: (words) => words.random.pick(["read", "write", "keyspace", "list", "slow", "none"]),
  channel: (words) => words.random.pick(CHANNELS),
  shardchannel: (words) => words.random.pick(CHANNELS),
  consumer: (words) => words.random.pick(["alice", "bob", "carol"]),
  group: (words) => words.random.pick(["grp1", "grp2"]),
  encoding: (words) => words.random.pick(["u8", "i8", "u1", "i5", "u63", "i64", "u4"]),
  event: (words) => words.random.pick(LATENCY_EVENTS),
  function: (words) => words.random.pick(["one_set", "one_get", "two_set", "two_get", "none"]),
  "function-code": (words) => words.random.pick(LIBRARIES),
  "library-name": (words) => words.random.pick(["one", "two", "none"]),
  host: () => "127.0.0.1",
  ip: () => "127.0.0.1",
  addr: () => "127.0.0.1:1",
  laddr: () => "127.0.0.1:1",
  "min-idle-time": (words) => words.number(0, 10),
  parameter: (words) => words.random.pick(["maxmemory", "*max-listpack*", "save", "nonesuch", "list*"]),
  password: (words) => words.random.pick(["pw", "wrong"]),
  rule: (words) => words.rule(),
  script: (words) => words.script(),
  section: (words) => words.random.pick(SECTIONS),
  sha1: (words) => createHash("sha1").update(words.script()).digest("hex"),
  threshold: (words) => words.number(0, 20),
  type: (words) => words.random.pick(["string", "list", "set", "zset", "hash", "stream"]),
  username: (words) => words.random.pick(["u1", "u2", "u3"]),
  max: (words, command) => words.limit(command),
  min: (words, command) => words.limit(command),
  start: (words, command) => words.limit(command),
  stop: (words, command) => words.limit(command),
  end: (words, command) => words.limit(command),
  "serialized-value": (words, command) =>
    command.fullName === "function|restore" ? words.around.libraries : words.random.pick(words.around.payloads),
};
const ID_NAMES = /^(id|ids|ID|last-?id|max-deleted-id|start)$/;

export class Words {
  readonly random: Random;
  readonly around: Surroundings;
  /** About the number of the newest connection. */
  newestClient = 30;

  constructor(random: Random, around: Surroundings) {
    this.random = random;
    this.around = around;
  }

  /** Words for all arguments of a command. */
  all(command: Command, takes: readonly Argument[] = command.takes): Word[] {
    const words: Word[] = [];
    for (let index = 0; index < takes.length; index++) {
      const [one, next] = [takes[index], takes[index + 1] as Argument | undefined];
      if (/^num(keys|fields|ids)$/.test(one.name) && next !== undefined) {
        const times = this.times(next);
        words.push(...this.token(one), this.random.chance(0.95) ? times : this.number(-1, 5), ...this.several(command, next, times));
        index += 1;
      } else if (one.multiple && one.type === "key" && next?.multiple === true) {
        // STREAMS key ... id ...: as many of one as of the other.
        const times = this.times(one);
        words.push(...this.several(command, one, times), ...this.several(command, next, times));
        index += 1;
      } else if (!one.optional || this.random.chance(0.3)) words.push(...this.several(command, one, this.times(one)));
    }
    return words;
  }

  private times(one: Argument): number {
    return one.multiple ? this.random.pick([1, 1, 2, 2, 3, 5]) : 1;
  }

  private token(one: Argument): Word[] {
    return one.token === null || one.type === "pure-token" ? [] : [one.token === '""' ? "" : one.token];
  }

  private several(command: Command, one: Argument, times: number): Word[] {
    const words: Word[] = this.token(one);
    for (let time = 0; time < times; time++) {
      if (time > 0 && one.multipleToken) words.push(...this.token(one));
      words.push(...this.one(command, one));
    }
    return words;
  }

  private one(command: Command, one: Argument): Word[] {
    switch (one.type) {
      case "block":
        return this.all(command, one.parts);
      case "oneof":
        return this.several(command, this.random.pick(one.parts), 1);
      case "pure-token":
        return [one.token === '""' ? "" : (one.token ?? "")];
      case "key":
        return [this.key(command.group)];
      case "integer":
        return [(INTEGERS[one.name] ?? ((words) => words.integer()))(this, command)];
      case "double":
        return [this.double(command, one.name)];
      case "unix-time":
        return [this.unixTime(one.name.endsWith("milliseconds") ? 1 : 1000)];
      case "pattern":
        return [this.random.pick(PATTERNS)];
      default:
        return [this.string(command, one.name)];
    }
  }

  private string(command: Command, name: string): Word {
    if (command.group === "stream" && ID_NAMES.test(name)) return this.streamId(command.fullName);
    return (STRINGS[name] ?? ((words) => words.text()))(this, command);
  }

  key(group: string): string {
    return this.random.pick(this.random.chance(0.9) ? (KEYS[group] ?? ALL_KEYS) : ALL_KEYS);
  }

  rule(): string {
    return this.random.pick(this.random.chance(0.5) ? RULES : MORE_RULES);
  }

  script(): string {
    return this.random.pick(SCRIPTS);
  }

  /** A client that may be killed or woken: never one of the run's own, whose numbers are the lowest. */
  clientId(): Word {
    return Math.max(30, this.newestClient - this.random.below(60));
  }

  number(least: number, most: number): string {
    return this.random.chance(0.93) ? String(this.random.between(least, most)) : this.integer();
  }

  integer(): string {
    return this.random.pick(this.random.chance(0.93) ? NUMBERS : HUGE);
  }

  text(): Word {
    const { random } = this;
    if (random.chance(0.75)) return random.pick(TEXTS);
    if (random.chance(0.6)) return `m${random.below(300)}`;
    return random.bytes(random.chance(0.97) ? random.below(80) : random.below(9000));
  }

  time(unit: number): string {
    const { random } = this;
    if (random.chance(0.1)) return this.integer();
    return String(random.pick(unit === 1 ? [1, 5, 20, 300, 60_000] : [1, 2, 100, 100_000]));
  }

  private unixTime(unit: number): string {
    const { random } = this;
    if (random.chance(0.1)) return this.integer();
    return String(Math.floor((Date.now() + random.pick([-5000, 10, 300, 2000, 100_000, 100_000_000])) / unit));
  }

  private double(command: Command, name: string): Word {
    const { random } = this;
    if (random.chance(0.04)) return random.pick(["nan", "x", "1e400", "-5000"]);
    if (name === "longitude") return (random.next() * 360 - 180).toFixed(random.below(9));
    if (name === "latitude") return (random.next() * 170 - 85).toFixed(random.below(9));
    if (name === "timeout") return random.pick(["0", "0.01", "0.05", "1", "20"]);
    if (command.group === "geo") return random.pick(["1", "50", "1000.5", "20000"]);
    return random.pick(SCORES);
  }

  /** An end of a range. */
  limit(command: Command): Word {
    const { random } = this;
    if (command.group === "stream") return random.pick(["-", "+", ...IDS, "(1-1"]);
    if (command.fullName.includes("lex") || random.chance(0.1)) return random.pick(LEX_RANGES);
    return random.pick(random.chance(0.5) ? SCORES : NUMBERS);
  }

  private streamId(name: string): Word {
    const { random } = this;
    if (random.chance(0.3)) return random.pick(IDS);
    if (name === "xadd") return random.pick(["*", "*", "5-*"]);
    if (name === "xreadgroup") return random.pick([">", ">", "0"]);
    if (name === "xread" || name === "xgroup|create" || name === "xgroup|setid") return random.pick(["$", "0", "0-0"]);
    return random.pick(["-", "+", "0-0", ...IDS]);
  }
}
