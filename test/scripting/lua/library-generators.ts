/** Random calls of `string`, `tostring` and `tonumber`, at their edges. */

import { LuaError, type LuaValue } from "../../../src/scripting/lua/value.ts";
import type { Random } from "../../support/property.ts";
import { type Call, GIVEN, Given, tableOf } from "./library-calls.ts";

const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  0.1,
  255,
  256,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  2 ** 63 - 1024,
  1e14,
  1e15,
  99999999999999.5,
  1e21,
  1e22,
  1e23,
  1e100,
  1.7976931348623157e308,
  5e-324,
  2.2250738585072014e-308,
  1e-4,
  9.9999e-5,
  0.00001,
  123456789012345,
  0.30000000000000004,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** A number of any size and shape: ties at some decimal place among them. */
function randomNumber(random: Random): number {
  const sign = random.pick([1, -1]);
  switch (random.below(8)) {
    case 0:
      return random.pick(EDGES) * sign;
    case 1:
      return random.between(-300, 300);
    case 2:
      return sign * random.below(2 ** 30) * 2 ** random.between(-40, 40);
    case 3:
      return sign * ((random.below(1e6) + 0.5) / 10 ** random.below(8));
    case 4:
      return (sign * (2 * random.below(1000) + 1)) / 2 ** random.between(1, 30);
    case 5:
      return sign * Number(`${random.below(1e9)}5e${random.between(-30, 30)}`);
    case 6:
      return anyDouble(random);
    default:
      return sign * random.next() * 10 ** random.between(-6, 18);
  }
}

function anyDouble(random: Random): number {
  const number = random.bytes(8).readDoubleLE();
  return number === number ? number : Number.NaN;
}

function text(random: Random, alphabet: readonly string[], longest: number): string {
  return Array.from({ length: random.below(longest + 1) }, () => random.pick(alphabet)).join("");
}

const SUBJECT = [..."aaabbc12 ,.=(()))[]%-\n\0\xe4Z_"];
const PIECES = [
  ..."aabbc1.=,$^*+-?()%[]",
  "%a",
  "%d+",
  "%s*",
  "%w-",
  "%W",
  "%p",
  "%z",
  "%c?",
  "%l",
  "%U",
  "%x",
  "%1",
  "%2",
  "%0",
  "%b()",
  "%b[",
  "%bab",
  "%f[%a]",
  "%f[^%w]",
  "%f",
  "[abc]",
  "[^a]",
  "[a-c]+",
  "[%a_]*",
  "[%]]",
  "[]]",
  "[^]]-",
  "[a-]",
  "[-a]",
  "[%a-z]",
  "[c-a]",
  "[",
  "[^",
  "[a",
  "(",
  "(",
  ")",
  ")",
  "()",
  "(a*)",
  "(.-)",
  "(%d+)",
  ".-",
  ".*",
  ".+",
  ".",
  "a?",
  "b-",
  "a*",
  "%",
  "%%",
  "%.",
  "%(",
  "\0",
  "\xe4",
  "[\x80-\xff]",
  "%D",
  "%S+",
  "(b)",
  "x",
  "%$",
];
const REPLACEMENTS = ["x", "", "%0", "%1", "%2", "<%1>", "%%", "%", "%a", "\0", "%0%0", "%3"];

/** What string.gsub may be given beside a text. */
const REPLACERS = [
  GIVEN.count,
  GIVEN.none,
  GIVEN.tables,
  GIVEN.upper,
  GIVEN.table,
  GIVEN.doubled,
  new Given("function(...) return ... end", (...values) => values),
  new Given("function() return false end", () => false),
  new Given("function(a, b) return b end", (_, b) => b),
  new Given("function() error('no', 0) end", () => {
    throw new LuaError("no", 0);
  }),
  new Given("{[','] = true}", tableOf([[",", true]])),
];

/** What is no good as most arguments. */
function wrongValue(random: Random): LuaValue | Given {
  return random.pick([undefined, true, false, GIVEN.count, GIVEN.table, "x", "12", "0x10", 3, 2.7, -1]);
}

/** A position or count as a script may give it. */
function position(random: Random): LuaValue | Given {
  if (random.chance(0.7)) return random.between(-8, 12);
  return random.chance(0.5) ? random.pick(EDGES) : random.chance(0.5) ? String(random.between(-3, 8)) : wrongValue(random);
}

/** A pattern that fits a part of `subject`, but for chance. */
function fittingPattern(random: Random, subject: string): string {
  let pattern = "";
  let open = 0;
  for (let place = random.below(subject.length + 1); place < subject.length && random.chance(0.9); place++) {
    if (random.chance(0.15)) {
      pattern += random.pick(["(", "(", "()"]);
      if (pattern.endsWith("(")) open++;
    }
    const character = subject.charAt(place);
    const itself = /[\w ,=\x80-\xff\n]/.test(character) ? character : character === "\0" ? "%z" : `%${character}`;
    pattern += random.pick([itself, itself, itself, ".", "[^x]", `[${itself}%d]`, "%D", "[%w%s]"]);
    pattern += random.pick(["", "", "", "", "*", "+", "-", "?"]);
    if (open > 0 && random.chance(0.3)) {
      pattern += ")";
      open--;
      if (random.chance(0.15)) pattern += `%${random.between(1, 2)}`;
    }
  }
  return pattern + ")".repeat(random.chance(0.95) ? open : 0);
}

function patternCall(random: Random): Call {
  const subject = text(random, SUBJECT, random.pick([3, 12, 40]));
  const body = random.chance(0.5) ? fittingPattern(random, subject) : text(random, PIECES, random.pick([1, 3, 3, 6]));
  const pattern = (random.chance(0.15) ? "^" : "") + body + (random.chance(0.15) ? "$" : "");
  switch (random.below(3)) {
    case 0:
      return ["find", subject, pattern, ...(random.chance(0.3) ? [position(random), random.pick([undefined, true, false, 0])] : [])];
    case 1:
      return ["match", subject, pattern, ...(random.chance(0.3) ? [position(random)] : [])];
    default: {
      const replacement = random.chance(0.6) ? random.pick(REPLACEMENTS) : random.chance(0.9) ? random.pick(REPLACERS) : wrongValue(random);
      return ["gsub", subject, pattern, replacement, ...(random.chance(0.2) ? [position(random)] : [])];
    }
  }
}

function formatCall(random: Random): Call {
  const values: (LuaValue | Given)[] = [];
  let template = "";
  for (let left = random.pick([1, 1, 1, 2, 4]); left > 0; left--) {
    template += random.pick(["", "", "a", "%%", " ", "\0"]) + conversion(random);
    if (random.chance(0.97)) values.push(formatted(random, template.at(-1) ?? ""));
  }
  return ["format", template, ...values];
}

function conversion(random: Random): string {
  const flags = random.chance(0.5) ? "" : text(random, [..."-+ #0"], random.pick([1, 2, 3, 7]));
  const width = random.chance(0.5) ? "" : String(random.below(random.pick([10, 30, 110])));
  const precision = random.chance(0.4) ? "" : `.${random.chance(0.1) ? "" : random.below(random.pick([4, 20, 105]))}`;
  return `%${flags}${width}${precision}${random.pick([..."ddiouxXceEfgGfgeqsss", random.pick([..."ahlpFnyz%*$\0"])])}`;
}

function formatted(random: Random, letter: string): LuaValue | Given {
  if (random.chance(0.03)) return wrongValue(random);
  if (letter === "s" || letter === "q") {
    return random.chance(0.2)
      ? randomNumber(random)
      : text(random, SUBJECT, random.pick([5, 30, 98, 120])).replaceAll("\0", random.pick(["\0", "z"]));
  }
  if (letter === "c") return random.chance(0.8) ? random.below(256) : randomNumber(random);
  return random.chance(0.1) ? numeral(random) : randomNumber(random);
}

const NUMERALS = [
  "0",
  "1",
  "12",
  "9007199254740993",
  "0x",
  "0X",
  "1f",
  "a",
  ".",
  "5",
  "e",
  "E",
  "p",
  "P",
  "+",
  "-",
  " ",
  "\t",
  "\n",
  "\0",
  "inf",
  "INFINITY",
  "nan",
  "NaN(",
  "(",
  ")",
  "_",
  "x",
  "00",
  "308",
  "-324",
  "1074",
  "fffffffffffff8",
  "99999999999999999999",
];

/** What may spell a number. */
function numeral(random: Random): string {
  switch (random.below(5)) {
    case 0:
      return String(randomNumber(random)).replace("Infinity", "inf");
    case 1:
      return `${random.pick(["", " ", "-", "+"])}0x${random.below(2 ** 31).toString(16)}${text(random, [..."0123456789abcdef"], 25)}${random.pick(["", ".", ".8", ".00000000000000000001"])}${random.pick(["", `p${random.between(-1130, 1030)}`])}`;
    case 2:
      return `${random.pick(["", "-", " "])}${text(random, [..."0123456789"], 40)}${random.pick(["", "."])}${text(random, [..."0123456789"], 40)}${random.pick(["", `e${random.between(-345, 320)}`])}`;
    default:
      return text(random, NUMERALS, 5);
  }
}

function otherCall(random: Random): Call {
  const subject = text(random, SUBJECT, 12);
  switch (random.below(7)) {
    case 0:
      return ["sub", subject, position(random), ...(random.chance(0.8) ? [position(random)] : [])];
    case 1:
      return ["byte", subject, ...(random.chance(0.8) ? [position(random)] : []), ...(random.chance(0.6) ? [position(random)] : [])];
    case 2:
      return ["char", ...Array.from({ length: random.below(4) }, () => (random.chance(0.9) ? random.below(256) : position(random)))];
    case 3:
      return [
        "rep",
        subject,
        random.chance(0.8) ? random.between(-2, 20) : random.pick([undefined, true, "3", 2.9, 2 ** 32 + 2, Number.NaN, -(2 ** 31)]),
      ];
    case 4:
      return [
        random.pick(["upper", "lower", "reverse", "len"]),
        random.chance(0.9) ? subject : random.chance(0.5) ? randomNumber(random) : wrongValue(random),
      ];
    case 5:
      return ["tostring", randomNumber(random)];
    default:
      return ["tonumber", numeral(random)];
  }
}

export function randomCall(random: Random): Call {
  const kind = random.below(10);
  if (kind < 4) return patternCall(random);
  return kind < 7 ? formatCall(random) : otherCall(random);
}
