/** Statements around one thing each: closures over loop variables, metatables, coroutines, chunks, errors, recursion. */

import { ERRORS } from "./errors.ts";
import { key, record } from "./expressions.ts";
import { BINARY } from "./library.ts";
import { LIBRARY } from "./library-statements.ts";
import { functionBody, sequence, type Template } from "./statements.ts";
import { quoted } from "./text.ts";
import { block, e, joined, type Node, print, raw, s } from "./tree.ts";
import type { Type, Writer } from "./writer.ts";

/** Functions that keep the variables of a loop: each turn has its own. */
function closuresOfLoops(w: Writer): Node[] {
  const kept = w.newName;
  const keep = (variable: string) => `${kept}[#${kept} + 1] = function(d) ${variable} = ${variable} + (d or 1) return ${variable} end`;
  const loop = w.pick([
    () => s`for i = ${w.pick(["1, 3", "3, 1, -1", "1, 2, 0.5"])} do ${keep("i")} ${w.pick(["", "i = i * 2"])} end`,
    () => s`for i, x in ipairs({${w.times(2, 4, () => w.number())}}) do ${keep(w.pick(["i", "x"]))} end`,
    () => s`local i = 0 while i < 3 do local j = i * 10 i = i + 1 ${keep(w.pick(["i", "j"]))} end`,
    () => s`local i = 0 repeat local j = i i = i + 1 ${keep(w.pick(["i", "j"]))} until j >= 2`,
    () => s`local i = 0 while true do local j = i ${keep("j")} i = i + 1 if i > 2 then break end end`,
    () => s`for i = 1, 2 do for j = 1, 2 do local n = i * j ${keep(w.pick(["i", "j", "n"]))} end end`,
  ])();
  const calls = w.times(1, 5, () => e`${kept}[${w.random.between(1, 3)}](${w.pick(["", "10", "-1"])})`);
  return [s`local ${kept} = {}`, loop, s`see(${calls})`];
}

const EVENTS: Readonly<Record<string, readonly Type[]>> = {
  ...Object.fromEntries(["add", "sub", "mul", "div", "mod", "pow", "concat"].map((name) => [name, ["any", "any"]] as const)),
  ...Object.fromEntries(["eq", "lt", "le"].map((name) => [name, ["record", "record"]] as const)),
  unm: ["record"],
  len: ["record"],
  index: ["record", "any"],
  newindex: ["record", "any", "any"],
  call: ["record", "any"],
  tostring: ["record"],
};

/** Objects with metamethods, and every operator on them. */
function metatables(w: Writer): Node[] {
  const [meta, one, other] = [w.newName, w.newName, w.newName];
  const entries = w.times(3, 9, () => {
    const name = w.pick(Object.keys(EVENTS));
    return e`__${name} = ${handler(w, name)}`;
  });
  if (w.chance(0.15)) entries.push(e`__metatable = ${w.value("any")}`);
  const another = w.chance(0.6)
    ? meta
    : `{${w.pick(["__eq", "__lt", "__le", "__add", "__index"])} = ${meta}.${w.pick(["__eq", "__lt", "__le", "__add"])}}`;
  const uses = w.times(3, 8, () => w.thunk(() => use(w, one, other)));
  return [
    s`local ${meta} = {${joined(entries, ",\n")}}`,
    s`local ${one} = setmetatable(${record(w)}, ${meta})`,
    s`local ${other} = setmetatable(${record(w)}, ${another})`,
    ...(w.chance(0.2) ? [s`${meta}.__index = ${w.pick([meta, one, other])}`] : []),
    ...uses,
    s`see(${w.pick([`getmetatable(${one})`, one])})`,
  ];
}

function handler(w: Writer, name: string): Node {
  if (w.chance(0.06)) return w.value("any");
  if ((name === "index" || name === "newindex") && w.chance(0.5)) return record(w);
  const parameters = EVENTS[name];
  if (w.chance(0.15))
    return e`function(...) burn() return ${w.pick(["...", "select('#', ...), ...", "type((...))", "error('in a metamethod')", "error({code = 7})", ""])} end`;
  if (name === "newindex" && w.chance(0.5)) return e`function(t, k, v) burn() rawset(t, k, ${w.value("any")}) end`;
  const result = name === "tostring" && w.chance(0.8) ? "string" : w.pick<Type>(["number", "string", "boolean", "record"]);
  return w.closure({ parameters, hasVarargs: w.chance(0.1), result, extra: w.below(2) });
}

function use(w: Writer, one: string, other: string): Node {
  const operand = () => (w.chance(0.5) ? raw(w.pick([one, other])) : w.value(w.pick<Type>(["number", "string", "any", "record"])));
  const subject = w.pick([one, other]);
  const expression = w.pick([
    () => e`${operand()} ${w.pick(BINARY)} ${operand()}`,
    () => e`${subject} ${w.pick(BINARY)} ${operand()}`,
    () => e`${operand()} ${w.pick(BINARY)} ${subject}`,
    () => e`-${subject}`,
    () => e`#${subject}`,
    () => e`${subject}.${w.pick(["n", "s", "missing", "sub", "constructor"])}`,
    () => e`${subject}[${key(w)}]`,
    () => e`${subject}(${w.times(0, 3, () => w.value("any"))})`,
    () => e`${subject}:${w.pick(["missing", "run"])}(${w.times(0, 1, () => w.value("any"))})`,
    () => e`tostring(${subject})`,
    () => e`rawget(${[raw(subject), key(w)]})`,
    () => e`rawequal(${subject}, ${operand()})`,
    () => e`"a" .. 1 .. ${subject} .. ${operand()} .. "z"`,
    () => e`not ${subject}`,
    () => e`string.rep(${subject}, 2)`,
  ]);
  if (w.chance(0.2))
    return s`see(pcall(function() ${subject}${w.pick([".n", ".missing", "[1]", ".sub"])} = ${w.mode === "sorted" ? w.value("any") : w.value("number")} end))`;
  if (w.chance(0.1)) return s`see(pcall(setmetatable, ${subject}, ${w.pick(["nil", "{}", "1"])}))`;
  return s`see(pcall(function() return ${expression()} end))`;
}

/** Generators, and what cannot be resumed. */
function coroutines(w: Writer): Node[] {
  const name = w.newName;
  const signature = { parameters: w.times(0, 2, () => w.type), hasVarargs: w.chance(0.3), result: w.type, extra: w.below(2) };
  const inner = e`function${functionBody(w, signature, { inCoroutine: true })}`;
  const argument = () => w.thunk(() => w.value("any"));
  if (w.chance(0.25)) {
    const count = w.newName;
    return [
      s`local ${count} = 0 for a, b in coroutine.wrap(function() for i = 1, ${w.random.between(0, 4)} do coroutine.yield(i, ${argument()}) end end) do ${count} = ${count} + 1 if ${count} > 9 then break end see(a, b) end`,
    ];
  }
  const resumes = w.times(1, 4, () => s`see(coroutine.resume(${[raw(name), ...w.times(0, 2, () => w.value("any"))]}))`);
  if (w.chance(0.3))
    return [
      s`local ${name} = coroutine.wrap(${inner})`,
      ...resumes.map(() => s`see(pcall(${[raw(name), ...w.times(0, 2, () => w.value("any"))]}))`),
    ];
  return [
    s`local ${name} = coroutine.create(${inner})`,
    ...resumes,
    s`see(coroutine.status(${name}), ${w.pick(["coroutine.running()", "pcall(coroutine.yield, 1)", `pcall(coroutine.wrap(function() return coroutine.status(${name}) end))`])})`,
  ];
}

/** What cannot be yielded across, and functions of coroutines inside coroutines. */
function oddCoroutines(w: Writer): Node[] {
  const yields = w.pick([
    "pcall(coroutine.yield, 1)",
    "pcall(function() coroutine.yield(2) end)",
    "table.sort({3, 2, 1}, function(a, b) coroutine.yield(3) return a < b end)",
    "string.gsub('abc', '.', function(c) coroutine.yield(c) end)",
    "setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end}).x",
    "setmetatable({}, {__add = function(a, b) return coroutine.yield(b) end}) + 1",
    "setmetatable({}, {__call = function(a, b) return coroutine.yield(b) end})(7)",
    "loadstring('return coroutine.yield(8)')()",
    "xpcall(function() return coroutine.yield(9) end, function(m) return m end)",
    "(function(...) for i, v in coroutine.yield, nil, 1 do return i, v end end)()",
    "coroutine.wrap(function() coroutine.yield(10) error('inner') end)()",
    "error(coroutine.yield(11))",
    "coroutine.resume(coroutine.running(), 1)",
    "coroutine.wrap(function() return coroutine.wrap(function() coroutine.yield(12) return 13 end)() end)()",
    "select('#', coroutine.yield(14, nil, nil))",
    "coroutine.status(coroutine.running())",
  ]);
  const name = w.newName;
  const resumes = w.times(1, 3, () => s`see(coroutine.resume(${[raw(name), ...w.times(0, 2, () => w.value("any"))]}))`);
  return [
    s`local ${name} = coroutine.create(function(...) local a, b = ${yields} see(a, b) return a, ${yields} end)`,
    ...resumes,
    s`see(coroutine.status(${name}))`,
  ];
}

/** A program in a program. */
function chunk(w: Writer): Node[] {
  const inner = w.inFunction({ hasVarargs: true }, () => print(block([...sequence(w, 2), s`return ${w.value("any")}, ...`])));
  const text = w.chance(0.6) ? inner : mutated(w, inner);
  const isWhole = text === inner;
  const name = w.chance(0.3)
    ? [w.string(w.pick(["=name", "@file", "text", "a\nb", "=", "@", "x".repeat(70), `@${"y".repeat(70)}`, `=${"z".repeat(70)}`, ""]))]
    : [];
  const result = w.newName;
  const names = `local ${result}, ${result}m = `;
  const load = w.chance(0.15)
    ? s`${names}load((function(t) local i = 0 return function() i = i + 7 local p = string.sub(t, i - 6, i) if p == "" then return ${w.pick(["nil", "''"])} end return p end end)(${quoted(text, w.random)}))`
    : s`${names}loadstring(${[raw(quoted(text, w.random)), ...name]})`;
  const args = w.times(0, 2, () => w.value("any"));
  return [
    load,
    isWhole
      ? s`see(${result} and "made", ${result}m) if ${result} then see(pcall(${[raw(result), ...args]})) end`
      : s`see(${result} and "made", ${result}m)`,
  ];
}

const TOKENS = [
  "end",
  "then",
  "do",
  "(",
  ")",
  "}",
  "{",
  "=",
  "==",
  ",",
  "local",
  "function",
  "x",
  "1",
  "'",
  '"',
  "[[",
  "]]",
  "...",
  "..",
  ".",
  ":",
  "nil",
  "until",
];
const MORE_TOKENS = [
  "and",
  "not",
  "#",
  "~",
  "!",
  "@",
  "$",
  "&",
  "3x",
  "0x",
  "1e",
  "1..2",
  "'\\300'",
  "'\\",
  "--[[",
  "--",
  "return",
  "break",
  "for",
  "in",
  "[",
  "]",
  "\0",
  "\xff",
  "%",
  ";",
  "a.b",
  "a:b",
  "if",
];

/** A program text that is probably none any more. */
export function mutated(w: Writer, text: string): string {
  const tokens = text.match(/\w+|\s+|[^\w\s]/g) ?? [];
  for (let changes = w.random.between(1, 2); changes > 0; changes--) {
    const at = w.below(tokens.length + 1);
    const token = w.pick(w.chance(0.5) ? TOKENS : MORE_TOKENS);
    const kind = w.below(5);
    if (kind === 0) tokens.splice(at, 1);
    else if (kind === 1) tokens.splice(at, 0, ` ${token} `);
    else if (kind === 2) tokens.splice(at, 1, token);
    else if (kind === 3) tokens.splice(at, 0, tokens[at] ?? "");
    else tokens.length = at;
  }
  return tokens.join("");
}

export const SNIPPETS: readonly Template[] = [
  ...[closuresOfLoops, metatables, metatables, coroutines, oddCoroutines, chunk],
  ...ERRORS,
  ...LIBRARY,
];
