/** Whole programs: a prelude that shows values, random statements, and an end; or a text that does not parse. */

import { Random } from "../../support/property.ts";
import { value } from "./expressions.ts";
import { MODULES } from "./modules.ts";
import { EFFECTS, REDIS, reply } from "./redis.ts";
import { mutated, SNIPPETS } from "./snippets.ts";
import { body, closure, sequence, type Template } from "./statements.ts";
import { block, e, type Node, print, raw, s } from "./tree.ts";
import { type Mode, Writer } from "./writer.ts";

const OTHERS: readonly Template[] = [...SNIPPETS, ...MODULES, ...REDIS];

export interface Program {
  readonly seed: number;
  readonly tree: Node;
  /** A library with a function to FCALL, rather than a script. */
  readonly isFunction: boolean;
  /** Whether it calls commands: then its keys are laid out first, and compared afterwards. */
  readonly hasEffects: boolean;
}

/**
 * The prelude, on one line so that the program begins on the second:
 * `show`: a value as text: tables by `next` in ordered mode, by key in sorted mode; numbers with 17 digits.
 * `see`: notes values for the reply.
 * `burn`: ends functions that call themselves for ever. `cut`: keeps strings from growing for ever.
 */
const PRELUDE = [
  "local fuel = 1000 local function burn() fuel = fuel - 1 if fuel < 0 then error('burnt out', 0) end end",
  "local function cut(s) if type(s) == 'string' and #s > 200 then return string.sub(s, 1, 200) end return s end",
  `local room = 0 local function text(v, depth, on)
local t = type(v)
if t == "number" then if v ~= v then return "nan" end return string.format("%.17g", v) end
if t == "string" then v = string.gsub(string.gsub(v, "%-([nN][aA][nN])", "%1"), ": 0x%x%x%x%x%x+", ": 0x") if #v > 400 then return #v .. "#" .. redis.sha1hex(v) end return #v .. ":" .. v end
if t ~= "table" then return t == "boolean" and tostring(v) or t end
room = room - 1
if on[v] then return "^" end
if depth > 6 or room < 0 then return "..." end
on[v] = true
local parts, odd = {}, false
for k, x in next, v do
if type(k) == "table" or type(k) == "function" or type(k) == "thread" then odd = true end
parts[#parts + 1] = text(k, depth + 1, on) .. "=" .. text(x, depth + 1, on) end
on[v] = nil
if SORTED or odd then table.sort(parts) end
return "{" .. table.concat(parts, ",") .. "}" .. (SORTED and "" or #v)
end
local function show(v) room = 60 return text(v, 0, {}) end`,
  `local out = {} local function see(...)
if #out > 60 then return end
local parts = {}
for i = 1, select("#", ...) do parts[i] = show((select(i, ...))) end
out[#out + 1] = table.concat(parts, " ")
end`,
];

/** What some programs use beside. */
const HELPERS: Readonly<Record<string, string>> = {
  round: "local function round(x) return tonumber(string.format('%.10g', x)) end",
  gather:
    "local function gather(s, p) local r = {} for a, b in string.gmatch(s, p) do r[#r + 1] = a if b then r[#r + 1] = b end if #r > 20 then break end end return r end",
  sorted: "local function sorted(t) local ok, m = pcall(table.sort, t) if ok then return t end return {m} end",
  hex: "local function hex(s) if type(s) ~= 'string' then return s end return (string.gsub(s, '.', function(c) return string.format('%02x', string.byte(c)) end)) end",
  byKey: `local function byKey(t) local keys = {} for k in next, t do keys[#keys + 1] = k end table.sort(keys, function(a, b) return text(a, 0, {}) < text(b, 0, {}) end)
local i = 0 return function() i = i + 1 if keys[i] ~= nil then return keys[i], t[keys[i]] end end end`,
};

function prelude(mode: Mode, text: string): Node[] {
  const helpers = Object.keys(HELPERS).filter((name) => new RegExp(`\\b${name}\\(|\\b${name},`).test(text));
  const lines = [...PRELUDE, ...helpers.map((name) => HELPERS[name])];
  return lines.map((line, index) => {
    const source = line.replaceAll("SORTED", String(mode === "sorted")).replaceAll("\n", " ");
    return { kind: "statement", parts: [source, index === lines.length - 1 ? "\n" : " "] };
  });
}

/** First lines that say what a script may do, or that Redis refuses. */
const SHEBANGS = [
  "lua",
  "lua",
  "lua flags=no-writes",
  "lua flags=allow-oom,no-cluster",
  "lua flags=",
  "lua name=x",
  "lua flags=nothing",
  "js",
  "",
  "lua x",
];

/** The program of a seed. */
export function programOf(seed: number): Program {
  const random = new Random(seed);
  const mode: Mode = random.chance(0.65) ? "ordered" : "sorted";
  const hasEffects = random.chance(0.2);
  const options = { statements: random.pick([4, 8, 16, 30]), mistakes: random.pick([0, 0.001, 0.004, 0.012]) };
  const w = new Writer(random, mode, { value, closure, body }, options);
  w.hasVarargs = true;
  w.depth = random.pick([2, 3, 3, 4]);
  const focus: readonly Template[] = hasEffects
    ? [...EFFECTS, ...EFFECTS, ...OTHERS]
    : random.chance(0.5)
      ? OTHERS
      : random.pick([SNIPPETS, MODULES, []]);
  // The word alone makes a script run in the form that can be left in the middle.
  const start = random.chance(0.15) ? [s`local co = coroutine`] : [];
  const statements = [...start, ...sequence(w, 40, focus)];
  if (random.chance(0.08)) return broken(w, seed, block(statements));
  const program = [...statements, end(w)];
  const text = print(block(program));
  const flags = random.chance(0.03) ? [s`#!${random.pick(SHEBANGS)}\n`] : [];
  const whole = block([...flags, ...prelude(mode, text), ...program]);
  const isFunction = flags.length === 0 && random.chance(0.08);
  return {
    seed,
    tree: isFunction ? library(whole) : random.chance(0.05) ? coroutine(whole) : whole,
    isFunction,
    hasEffects: hasEffects || /redis\.p?call/.test(text),
  };
}

function end(w: Writer): Node {
  const kind = w.below(20);
  if (kind === 0)
    return s`error(${w.pick(["'the end'", "'the end', 0", "'the end', 2", "redis.error_reply('MY end')", "{err = 'a table'}", "nil", "12", "{err = 'a\\r\\nb'}", "true"])})`;
  if (kind === 1) return s`return ${w.value("any")} + ${w.pick(["nil", "{}", "cjson.null"])}`;
  if (kind < 6) return s`return ${reply(w)}${w.chance(0.2) ? e`, ${w.value("any")}` : ""}`;
  if (kind === 6) return s`return ${[raw("table.concat(out, '\\n')"), w.value("any")]}`;
  return s`return table.concat(out, "\\n")`;
}

function library(whole: Node): Node {
  return block([s`#!lua name=lib\nredis.register_function('f', function(...) local KEYS, ARGV = ... ${whole}end)`]);
}

function coroutine(whole: Node): Node {
  return block([s`return coroutine.wrap(function(...) ${whole}end)()`]);
}

/** Only compiled: who knows what it would do. */
function broken(w: Writer, seed: number, statements: Node): Program {
  const text = mutated(w, print(statements));
  return { seed, tree: block([{ kind: "statement", parts: ["do return 'compiled' end\n", text] }]), isFunction: false, hasEffects: false };
}

/** The requests that lay out a program's keys. */
export const LAYOUT: readonly (readonly string[])[] = [
  ["FLUSHALL"],
  ["MSET", "string", "value", "number", "10"],
  ["RPUSH", "list", "a", "b", "1", "c"],
  ["HSET", "hash", "a", "1", "b", "two", "field", "3"],
  ["SADD", "set", "1", "2", "3"],
  ["ZADD", "zset", "1", "a", "2", "b", "3", "10"],
  ["XADD", "stream", "1-1", "f", "v"],
];
