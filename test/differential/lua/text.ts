/** Random texts of Lua: numbers and strings as they are written, patterns, formats. */
import type { Random } from "../../support/property.ts";

const NUMBERS = [
  ...["0", "1", "2", "3", "4", "5", "7", "8", "10", "16", "31", "32", "63", "64", "99", "100", "127", "128", "255", "256", "1000", "65535"],
  ...["0.1", "0.5", ".5", "3.", "1.5", "2.5", "1e3", "1E-2", "1e+2", "0x10", "0xff", "0XaB", "3.14159", "1e15", "1e14", "123456789012"],
  ...["2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991", "9007199254740992", "9007199254740993", "1e16"],
  ...[
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e100",
    "1e308",
    "1.7976931348623157e308",
  ],
  ...[
    "1e309",
    "5e-324",
    "2.2250738585072014e-308",
    "1e-5",
    "1e-4",
    "0.00001234",
    "123456.789",
    "1e21",
    "99999999999999",
    "100000000000000",
  ],
  ...[
    "0xffffffff",
    "0x7fffffffffffffff",
    "0xffffffffffffffff",
    "0x10000000000000000",
    "1e22",
    "1e23",
    "0.3",
    "33.333333333333336",
    "1e-10",
  ],
];

/** Texts that may be numbers, and others that look like it. */
const NUMERALS = [
  ...["10", " 10 ", "0x10", "1e1", "-5", "- 5", "+5", "5.", ".5", ".", "", " ", "0x", "1e", "1e+", "1 0", "10x", "0x1p4", "0x.8", "0X1F"],
  ...[
    "inf",
    "nan",
    "-inf",
    "infinity",
    "INF",
    "NaN",
    "1e400",
    "-1e400",
    "1e-400",
    "0b1",
    "1_000",
    "\xd9\xa1",
    "\n7\t",
    "\v8\f",
    "7\0",
    "--5",
  ],
  ...[
    "9007199254740993",
    "1.5e3",
    "-0",
    "0.0",
    "00012",
    "1,5",
    "1e5.5",
    "0x1g",
    "99999999999999999999",
    "ffffffffffffffff",
    "zz",
    "Z",
    "-ff",
  ],
];

const WORDS = [
  "a",
  "b",
  "abc",
  "key",
  "hello world",
  "foo=bar, baz=qux",
  "x",
  "The quick brown fox",
  "aaa",
  "abcabc",
  "1,2,,3",
  "  trim  ",
];
const ODD = [
  "",
  "\0",
  "a\0b",
  "\xff\xfe",
  "\xc3\xa9",
  "\xe9\n",
  "\r\n",
  "\t",
  '"',
  "'",
  "\\",
  "]]",
  "%",
  "%d",
  "(a(b)c)",
  "[x]",
  "__index",
  "__proto__",
];
const NAMES = [
  "constructor",
  "toString",
  "n",
  "0",
  "1",
  "-1",
  "1.5",
  "nil",
  "true",
  "and",
  "hasOwnProperty",
  "length",
  "valueOf",
  "\x7f\x80",
];

export function numberText(random: Random): string {
  if (random.chance(0.1)) return String(random.next() * 10 ** random.between(-20, 25));
  return random.chance(0.5) ? String(random.between(0, 12)) : random.pick(NUMBERS);
}

/** A number that shifts, counts and indexes are made of. */
export function smallText(random: Random): string {
  return random.pick(["0", "1", "2", "3", "4", "5", "-1", "-2", "-3", "1.5", "2.9", "-0.5", "10", "-100"]);
}

export function someText(random: Random): string {
  const kind = random.below(10);
  if (kind < 5) return random.pick(WORDS);
  if (kind < 7) return random.pick(ODD);
  if (kind < 8) return random.pick(NAMES);
  if (kind < 9) return random.pick(NUMERALS);
  return Array.from({ length: random.below(12) }, () =>
    String.fromCharCode(random.pick([32, 65, 97, 98, 48, 49, 37, 46, 255, 0, 10])),
  ).join("");
}

export function numeral(random: Random): string {
  return random.pick(NUMERALS);
}

/** A string as a program spells it, in one of the ways. */
export function quoted(text: string, random: Random): string {
  const way = random.below(8);
  const isPlain = !/[\0\r\n]/.test(text);
  if (way === 0 && isPlain && !text.includes("]]") && !text.endsWith("]")) return `[[${text}]]`;
  if (way === 1 && isPlain && !text.includes("]==]") && !text.endsWith("]")) return `[==[\n${text}]==]`;
  const mark = way < 4 ? "'" : '"';
  const characters = Array.from(text, (character) => escaped(character, mark, random));
  // \ddd takes up to three digits: nothing that follows may be taken for one of them.
  return mark + characters.join("") + mark;
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\f": "\\f", "\\": "\\\\" };

function escaped(character: string, mark: string, random: Random): string {
  const code = character.charCodeAt(0) & 255;
  if (character === mark) return `\\${mark}`;
  if (random.chance(0.03)) return `\\${String(code).padStart(3, "0")}`;
  if (character === "\n" && random.chance(0.3)) return "\\\n";
  if (character in ESCAPES) return ESCAPES[character] as string;
  if (code === 0 || (code < 32 && random.chance(0.5))) return `\\${String(code).padStart(3, "0")}`;
  return String.fromCharCode(code);
}

const CLASSES = ["%a", "%d", "%s", "%w", "%p", "%l", "%u", "%c", "%x", "%z", "%A", "%D", "%S", "%W", "%P", ".", "%.", "%%", "%-", "%("];
const SETS = [
  "[abc]",
  "[a-c]",
  "[^a-c]",
  "[%d]",
  "[^%s]",
  "[%w_]",
  "[]]",
  "[^]]",
  "[a-]",
  "[-a]",
  "[%a-z]",
  "[0-9a-f]",
  "[\xf0-\xff]",
  "[+%-]",
];
const LITERALS = ["a", "b", "c", "o", "l", " ", "=", ",", "1", "x", "ab", "the", "\xff"];
const MALFORMED = [
  "[a",
  "[^",
  "%",
  "(a",
  "a)",
  "%b",
  "%bx",
  "%f",
  "%fa",
  "%1",
  "(%1)",
  "[%",
  "(()",
  "[]",
  "%9",
  "[a-%]",
  "a**",
  "^*",
  "$$",
  "(",
  ")",
];

/** A pattern for `string.find` and its kin. */
export function pattern(random: Random): string {
  if (random.chance(0.06)) return random.pick(MALFORMED);
  let depth = 0;
  let captures = 0;
  let text = random.chance(0.15) ? "^" : "";
  for (let left = random.between(1, 4); left > 0; left--) {
    const kind = random.below(20);
    if (kind < 3 && depth < 2) {
      text += "(";
      depth++;
      captures++;
    } else if (kind === 3) text += "()";
    else if (kind === 4) text += random.pick(["%b()", "%b[]", "%bab", "%b''"]);
    else if (kind === 5) text += random.pick(["%f[%w]", "%f[%a]", "%f[^a]", "%f[%z]"]);
    else if (kind === 6 && captures > depth) text += "%1";
    else {
      text += random.pick(random.pick([CLASSES, SETS, LITERALS, LITERALS]));
      if (random.chance(0.4)) text += random.pick(["*", "+", "-", "?"]);
    }
    if (depth > 0 && random.chance(0.4)) {
      text += ")";
      depth--;
    }
  }
  text += ")".repeat(depth);
  return text + (random.chance(0.12) ? "$" : "");
}

/** What gsub puts in place of a match. */
export function replacement(random: Random): string {
  return random.pick(["", "x", "<%0>", "%1", "[%1]", "%%", "%0%0", "%2", "%1%1", "a%", "%a", "%9", "-", "\0", "%1=%0"]);
}

/** One conversion of string.format, and what it wants. */
export function conversion(random: Random): { text: string; wants: "number" | "string" | "none" } {
  if (random.chance(0.06)) return { text: "%%", wants: "none" };
  if (random.chance(0.03))
    return { text: random.pick(["%y", "%", "%123d", "%.123f", "%-+ #0-d", "%a", "%5", "%n", "%p", "%l"]), wants: "number" };
  const flags = random.chance(0.4)
    ? Array.from({ length: random.between(1, 3) }, () => random.pick(["-", "+", " ", "#", "0"])).join("")
    : "";
  const width = random.chance(0.4) ? random.pick(["1", "3", "5", "8", "10", "20", "99"]) : "";
  const precision = random.chance(0.4) ? random.pick([".", ".0", ".1", ".2", ".3", ".5", ".10", ".14", ".17", ".20", ".99"]) : "";
  const letter = random.pick(["d", "d", "i", "u", "c", "x", "X", "o", "e", "E", "f", "f", "g", "g", "G", "s", "s", "s", "q"]);
  if (letter === "q") return { text: "%q", wants: "string" };
  if (letter === "s") return { text: `%${flags.replace(/[^-]/g, "")}${width}${precision}s`, wants: "string" };
  return { text: `%${flags}${width}${precision}${letter}`, wants: "number" };
}
