/** Random arguments for the templates of commands, edge values among them. */
import type { Word } from "../support/client.ts";
import type { Random } from "../support/property.ts";

/** Keys by the type that they mostly hold: few, so that commands meet, and types as well. */
export const KEYS = {
  string: ["v1", "v2", "v3"],
  list: ["l1", "l2", "l3"],
  hash: ["h1", "h2", "h3"],
  set: ["s1", "s2", "s3", "s4"],
  zset: ["z1", "z2", "z3", "z4"],
  stream: ["x1", "x2"],
  bitmap: ["b1", "b2", "b3"],
  log: ["p1", "p2", "p3"],
  geo: ["g1", "g2"],
} as const;

/** What the keys of one generator mostly hold. */
export type Family = keyof typeof KEYS;

/** Sorted sets in which all scores are 0; nothing else has to do with them. `y9` is never there, `w1` is a string. */
const LEX_KEYS = ["y1", "y2"];
const ALL_KEYS = Object.values(KEYS).flat();

const INTEGERS = ["0", "1", "-1", "2", "-2", "3", "5", "7", "10", "100", "127", "128", "-129", "512", "4096", "32767", "32768", "-32769"];
const HUGE = ["2147483647", "2147483648", "-2147483649", "4294967296", "9223372036854775807", "-9223372036854775808", "1e3"];
const NO_INTEGERS = ["", "abc", " 1", "1 ", "+1", "01", "-0", "1.0", "0x10", "9223372036854775808", "-9223372036854775809", "１"];
const DOUBLES = ["0", "-0", "1", "-1", "1.5", "3.14", "-2.25", "0.1", "0.2", "1e10", "1e-10", "3.0e3", "17", "17.5", "100000000000000000"];
const EDGE_DOUBLES = [
  "inf",
  "-inf",
  "+inf",
  "1e308",
  "-1e308",
  "2.2250738585072014e-308",
  "1.7976931348623157e308",
  "9007199254740993",
  "1e17",
  "1e21",
  "0x1p3",
];
const NO_DOUBLES = ["nan", "", "abc", "1.5x", " 1", "1 ", "1e400", "--1", "infinit"];
const TEXTS = [
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "foo",
  "bar",
  "hello world",
  "",
  "0",
  "1",
  "2",
  "-1",
  "12345",
  "007",
  "1.5",
  "q\0q",
  "ÿ",
  "a\r\nb",
];
const LENGTHS = [1, 11, 19, 20, 21, 43, 44, 45, 62, 63, 64, 65, 66, 127, 128, 250, 254, 255, 600];
const LARGE_LENGTHS = [4095, 4096, 4097, 8150, 8180, 8191, 8192, 8193, 16384, 70000];
const PATTERNS = ["*", "?", "a*", "[a-c]*", "[^a]*", "m1*", "*1*", "\\a", "h?llo*", "x", "", "*[", "l*", "z?", "[s-z][12]"];

type Maker = (a: Arguments) => Word | readonly Word[];

/** The kinds of argument that templates name. */
const KINDS: Readonly<Record<string, Maker>> = {
  key: (a) => a.key(),
  otherkey: (a) => (a.random.chance(0.7) ? a.key() : a.random.pick(ALL_KEYS)),
  anykey: (a) => a.random.pick(ALL_KEYS),
  setkey: (a) => a.keyOf("set"),
  lexkey: (a) =>
    a.usually(
      () => a.random.pick(LEX_KEYS),
      () => a.random.pick(["y9", "w1"]),
    ),
  listkey: (a) => a.keyOf("list"),
  listkeys: (a) => a.counted(() => a.keyOf("list")),
  timeout: (a) =>
    a.usually(
      () => a.random.pick(["0", "1", "0.5"]),
      () => a.random.pick(["-1", "x", ""]),
    ),
  few: (a) =>
    a.usually(
      () => a.random.between(0, 300),
      () => a.random.pick(["x", "", "-1", "-2"]),
    ),
  zsetkey: (a) => a.keyOf(a.random.chance(0.8) ? "zset" : "set"),
  keys: (a) => a.counted(() => a.key()),
  zsetkeys: (a) => a.counted(() => a.keyOf(a.random.chance(0.8) ? "zset" : "set")),
  text: (a) => a.text(),
  member: (a) => a.member(),
  integer: (a) => a.integer(),
  small: (a) =>
    a.usually(
      () => a.random.between(-3, 12),
      () => a.integer(),
    ),
  rank: (a) => {
    const rank = a.usually(
      () => String(a.random.between(-3, 3)),
      () => a.integer(),
    );
    return rank === "-9223372036854775808" ? "0" : rank;
  },
  index: (a) =>
    a.usually(
      () => a.random.between(-15, 15),
      () => a.integer(),
    ),
  count: (a) =>
    a.usually(
      () => a.random.between(0, 9),
      () => a.integer(),
    ),
  /** How many random elements are wanted: no large negative number, which would be answered in full. */
  sample: (a) =>
    a.usually(
      () => a.random.between(-9, 20),
      () => a.random.pick(["1000000", "x", "", "1.5", "9223372036854775808"]),
    ),
  double: (a) => a.double(),
  float: (a) => a.double(),
  scorebound: (a) =>
    a.random.pick(["", "", "("]) +
    a.usually(
      () => a.double(),
      () => a.random.pick(["-inf", "+inf", "inf"]),
    ),
  lexbound: (a) => a.lexBound(),
  pattern: (a) => a.random.pick(PATTERNS),
  cursor: (a) =>
    a.usually(
      () => "0",
      () => a.random.pick(["x", "", "18446744073709551616"]),
    ),
  everything: (a) =>
    a.usually(
      () => "100000",
      () => a.random.pick(["0", "-1", "x", "9223372036854775808"]),
    ),
  typename: (a) => a.random.pick(["string", "list", "set", "zset", "hash", "stream", "ZSET"]),
  seconds: (a) =>
    a.usually(
      () => a.random.between(100_000, 2_000_000_000),
      () => a.random.pick(EDGE_TIMES),
    ),
  milliseconds: (a) =>
    a.usually(
      () => a.random.between(100_000_000, 2 ** 40),
      () => a.random.pick(EDGE_TIMES),
    ),
  unixtime: (a) =>
    a.usually(
      () => a.random.pick([4e9, 4_000_000_001, 5e9, 9_999_999_999]),
      () => a.random.pick(EDGE_TIMES),
    ),
  unixtimems: (a) =>
    a.usually(
      () => a.random.pick([4e12, 4_000_000_000_001, 5e12, 9_999_999_999_999]),
      () => a.random.pick(EDGE_TIMES),
    ),
  offset: (a) =>
    a.usually(
      () => a.random.between(0, 60),
      () => a.random.pick(["-1", "300", "9000", "536870912", "4294967296", "x"]),
    ),
  bitoffset: (a) =>
    a.usually(
      () => a.random.between(0, 700),
      () => a.random.pick(["-1", "20000", "70001", "4294967296", "x", "1e3"]),
    ),
  bit: (a) =>
    a.usually(
      () => a.random.between(0, 1),
      () => a.random.pick(["2", "-1", "x", ""]),
    ),
  bitposition: (a) =>
    a.usually(
      () => a.random.between(-90, 700),
      () => a.integer(),
    ),
  fieldtype: (a) =>
    a.usually(
      () => a.random.pick("ui".split("")) + a.random.between(1, 63),
      () => a.random.pick(["i64", "u64", "i65", "i0", "x8", "u"]),
    ),
  fieldoffset: (a) =>
    a.usually(
      () => a.random.pick(["", "#"]) + a.random.between(0, 60),
      () => a.random.pick(["-1", "#-1", "x", "#", "4294967296"]),
    ),
  id: (a) => a.streamId(),
  rangeid: (a) =>
    a.usually(
      () => a.random.pick(["", "", "", "("]) + a.streamId(),
      () => a.random.pick(["-", "+", "-", "+", "(-", "(+"]),
    ),
  lastid: (a) =>
    a.usually(
      () => a.streamId(),
      () => a.random.pick(["$", "0", "0-0"]),
    ),
  highid: (a) => a.highId(),
  newid: (a) => a.newId(),
  group: (a) =>
    a.usually(
      () => a.random.pick(["ga", "gb", "gc"]),
      () => a.random.pick(["", "0", "no such group"]),
    ),
  consumer: (a) =>
    a.usually(
      () => a.random.pick(["alice", "bob", "carol"]),
      () => a.text(),
    ),
  idle: (a) =>
    a.usually(
      () => "0",
      () => a.random.pick(["-1", "1000000000", "x"]),
    ),
  streams: (a) =>
    a.streams(() =>
      a.usually(
        () => a.streamId(),
        () => a.random.pick(["$", "0", ">", "0-0"]),
      ),
    ),
  groupstreams: (a) =>
    a.streams(() =>
      a.usually(
        () => ">",
        () =>
          a.usually(
            () => a.streamId(),
            () => a.random.pick(["$", "0", "0"]),
          ),
      ),
    ),
  threshold: (a) =>
    a.usually(
      () => a.random.between(0, 60),
      () => a.integer(),
    ),
  longitude: (a) =>
    a.usually(
      () => (a.random.next() * 40 - 5).toFixed(a.random.between(0, 6)),
      () => a.random.pick(["180", "-180.1", "181", "x", "0"]),
    ),
  latitude: (a) =>
    a.usually(
      () => (a.random.next() * 30 + 35).toFixed(a.random.between(0, 6)),
      () => a.random.pick(["85.05112878", "-86", "90", "x", "0"]),
    ),
  distance: (a) =>
    a.usually(
      () => a.random.between(0, 3000),
      () => a.random.pick(["0.5", "-1", "x", "1e7", "inf", "100000"]),
    ),
  unit: (a) =>
    a.usually(
      () => a.random.pick(["m", "km", "ft", "mi", "KM"]),
      () => "parsec",
    ),
  payload: (a) => a.payload(),
  sortpattern: (a) => a.random.pick(["w_*", "nosort", "v*", "h*->f", "h1->*", "*", "w_*->x", "#"]),
  getpattern: (a) => a.random.pick(["#", "v*", "h*->f", "*", "w_*", "x"]),
};

/** Past, out of range, or no time at all. */
const EDGE_TIMES = ["0", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775", "abc", "", "1.5", "-5000"];

/** Makes the arguments of one sequence. */
export class Arguments {
  readonly random: Random;
  private readonly family: Family;
  private readonly payloads: readonly Buffer[];
  /** The next entry of a stream, in ms. */
  private clock = 1;

  /** `payloads` are what a real Redis DUMPs. */
  constructor(random: Random, family: Family, payloads: readonly Buffer[]) {
    this.random = random;
    this.family = family;
    this.payloads = payloads;
  }

  kind(name: string): Word[] {
    const make = KINDS[name];
    if (make === undefined) throw new Error(`no kind of argument is called ${name}`);
    const made = make(this);
    return Array.isArray(made) ? [...made] : [made as Word];
  }

  /** One of these words, now and then in another case. */
  literal(words: readonly string[]): string {
    const word = this.random.pick(words);
    if (this.random.chance(0.8)) return word;
    return this.random.chance(0.5)
      ? word.toLowerCase()
      : word.replace(/./g, (letter) => (this.random.chance(0.5) ? letter.toLowerCase() : letter));
  }

  /** Mostly the first, now and then the second. */
  usually<A, B>(first: () => A, second: () => B): A | B {
    return this.random.chance(0.93) ? first() : second();
  }

  shuffled<T>(from: readonly T[]): T[] {
    const items = [...from];
    for (let index = items.length - 1; index > 0; index--) {
      const other = this.random.below(index + 1);
      [items[index], items[other]] = [items[other], items[index]];
    }
    return items;
  }

  /** Mostly few; now and then as many as take a collection over the count where its encoding changes. */
  repetitions(least: number): number {
    const { random } = this;
    if (random.chance(0.6)) return Math.max(least, 1);
    if (random.chance(0.96)) return random.between(least, 6);
    return random.pick([random.between(30, 60), random.between(120, 135), random.between(500, 520)]);
  }

  key(): string {
    return this.keyOf(this.family);
  }

  keyOf(family: Family): string {
    return this.random.chance(0.95) ? this.random.pick<string>(KEYS[family]) : this.random.pick(ALL_KEYS);
  }

  /** How many, and that many: now and then not as many. */
  counted(make: () => Word): Word[] {
    const words = Array.from({ length: this.random.between(1, 4) }, make);
    return [
      this.usually(
        () => words.length,
        () => this.random.pick([0, -1, words.length + 1, "x"]),
      ),
      ...words,
    ];
  }

  text(): Word {
    const { random } = this;
    if (random.chance(0.6)) return random.pick(TEXTS);
    if (random.chance(0.5)) return this.integer();
    if (random.chance(0.2)) return random.bytes(random.between(1, 30)).map((byte) => byte || 1); // SORT ALPHA ends comparing at a NUL
    if (random.chance(0.04)) return "y".repeat(random.pick(LARGE_LENGTHS) - random.below(12));
    return random.pick("xyz".split("")).repeat(random.pick(LENGTHS));
  }

  /** Of a collection: from a pool large enough for large collections, small enough to meet again. */
  member(): Word {
    const { random } = this;
    if (random.chance(0.35)) return `m${random.below(400)}`;
    if (random.chance(0.35)) return random.below(700) - 100;
    return this.text();
  }

  integer(): string {
    const { random } = this;
    if (random.chance(0.7)) return random.pick(INTEGERS);
    return random.chance(0.6) ? random.pick(HUGE) : random.pick(NO_INTEGERS);
  }

  double(): string {
    const { random } = this;
    if (random.chance(0.4)) return String(random.below(200) / random.pick([1, 2, 4, 10, 100]));
    if (random.chance(0.7)) return random.pick(DOUBLES);
    return random.chance(0.7) ? random.pick(EDGE_DOUBLES) : random.pick(NO_DOUBLES);
  }

  lexBound(): Word {
    const { random } = this;
    if (random.chance(0.25)) return random.pick(["-", "+"]);
    if (random.chance(0.08)) return random.pick(["", "a", "(-", "[+", "-x", "+x"]);
    return Buffer.concat([
      Buffer.from(random.pick(["[", "("])),
      Buffer.from(String(random.pick([`m${random.below(400)}`, random.pick(TEXTS)]))),
    ]);
  }

  streamId(): string {
    const { random } = this;
    if (random.chance(0.06))
      return random.pick(["18446744073709551615-18446744073709551615", "18446744073709551616-0", "x", "1-x", "-1", "1-", ""]);
    const ms = random.below(this.clock + 3);
    return random.chance(0.5) ? `${ms}` : `${ms}-${random.below(4)}`;
  }

  /** Of XADD: mostly above the last. `*` would be another one on each server. */
  newId(): string {
    const { random } = this;
    if (random.chance(0.06)) return this.streamId();
    if (random.chance(0.4)) return `${this.clock}-*`;
    this.clock += random.between(0, 2);
    return `${this.clock}-${random.between(1, 40)}`;
  }

  /** Of XSETID: above all that there were. */
  highId(): string {
    this.clock += this.random.between(1, 3);
    return `${this.clock}-99`;
  }

  streams(id: () => Word): Word[] {
    const count = this.random.between(1, 3);
    return [
      ...Array.from({ length: count }, () => this.keyOf("stream")),
      ...Array.from(
        {
          length: this.usually(
            () => count,
            () => count + 1,
          ),
        },
        id,
      ),
    ];
  }

  payload(): Buffer {
    const { random } = this;
    if (this.payloads.length === 0) return Buffer.alloc(0);
    const payload = random.pick(this.payloads);
    if (random.chance(0.9)) return payload;
    if (random.chance(0.5)) return payload.subarray(0, random.below(payload.length));
    const changed = Buffer.from(payload);
    changed[random.below(changed.length)] ^= 1 << random.below(8);
    return changed;
  }
}
