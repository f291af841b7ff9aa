/** Statements that go wrong, or go deep: runtime errors, error() and its levels, recursion. */

import { BINARY } from "./library.ts";
import type { Template } from "./statements.ts";
import { type Node, s } from "./tree.ts";
import type { Writer } from "./writer.ts";

const VALUES = ["nil", "true", "{}", "'abc'", "function() end", "5", "cjson.null", "coroutine.create(function() end)"];

/** Something done to a value that cannot bear it, by every way to reach one: messages name it. */
function runtimeError(w: Writer): Node[] {
  const bad = w.pick(VALUES);
  const [before, object] = w.pick([
    () => [`local q = ${bad}`, "q"],
    () => [`local q = ${bad} return (function()`, "q"],
    () => [`local t = {q = ${bad}}`, "t.q"],
    () => [`local t = {q = {r = ${bad}}}`, "t.q.r"],
    () => [`local t, k = {${bad}}, 1`, w.pick(["t[1]", "t[k]", "t[k + 0]"])],
    () => [`local t = {["q-w"] = ${bad}}`, "t['q-w']"],
    () => [`local f = function() return ${bad} end`, w.pick(["f()", "(f())"])],
    () => ["", w.pick(["KEYS", "tostring", "math", "_G", "redis", "unknown", "math.nope", "_VERSION", "string.nope", "('x')", "('x').y"])],
    () => ["", `(${bad})`],
    () => [`local q = {${bad}} local t = {q = q}`, "t.q[1]"],
    () => [`local function f(q)`, "q"],
    () => [`local q, r = ${bad}, 1`, w.pick(["q", "r"])],
  ])();
  const other = w.pick(["1", "nil", "'a'", "{}", "'10'", "true", object, "r"]);
  const failing = w.pick([
    ...[
      `${object}.x`,
      `${object}.x.y`,
      `${object}[1]`,
      `${object}:m()`,
      `${object}()`,
      `${object}.x()`,
      `${object}(1)(2)`,
      `#${object}`,
      `-${object}`,
    ],
    ...[
      `${object} ${w.pick(BINARY)} ${other}`,
      `${other} ${w.pick(BINARY)} ${object}`,
      `${object} .. ${other} .. 'x'`,
      `1 + ${object} * ${other}`,
    ],
    ...["+", "-", "*", "/", "%", "^", "<", "<="].map((operator) => `${object} ${operator} ${other}`),
    ...[
      `tostring(${object}.x)`,
      `${object} and ${object}.y.z`,
      `not ${object}.x`,
      `{${object}.x}`,
      `{[${object}] = 1}`,
      `(${object})[${other}]`,
    ],
  ]);
  const statement = w.pick([
    ...[
      `return ${failing}`,
      `return ${failing}`,
      `return ${failing}`,
      `local z = ${failing}`,
      `${object}.x = ${other}`,
      `${object}.x.y = 1`,
      `${object}[${other}] = 1`,
    ],
    ...[
      `for i = ${object}, 2 do break end`,
      `for i = 1, ${object} do break end`,
      `for i = 1, 2, ${object} do break end`,
      `for a in ${object} do break end`,
    ],
    ...[
      `if ${failing} then return 1 end`,
      `while ${failing} do break end`,
      `local u, w = ${failing}, ${failing}`,
      `see(${failing})`,
      `function ${/^[\w.]+$/.test(object) ? object : "q"}.m() end`,
    ],
  ]);
  const lines = w.chance(0.3) ? statement.replaceAll(" ", "\n") : statement;
  const isClosure = before.endsWith("(function()");
  const isParameter = before.endsWith("(q)");
  const after = isClosure ? "\nend)()" : isParameter ? `\nend\nf(${bad})` : "";
  return [s`see(pcall(function()\n${before}${before.endsWith(")") ? "" : w.pick([" ", "\n"])} ${lines}${after}\nend))`];
}

/** error() with every kind of value and level, through functions that call each other, some by tail calls. */
function errorLevels(w: Writer): Node[] {
  const [first, second] = [w.newName, w.newName];
  const thrown = w.pick(
    [
      "'message'",
      "{code = 1}",
      "nil",
      "12",
      "true",
      "'a\\nb'",
      "setmetatable({}, {__tostring = function() return 'object' end})",
      "''",
      "print",
    ].slice(0, 8),
  );
  const level = w.pick(["", ", 0", ", 1", ", 2", ", 3", ", 4", ", 5", ", 99", ", -1", ", '2'", ", nil"]);
  const raise = w.pick([
    () => `error(${thrown}${level})`,
    () => `error(${thrown}${level})`,
    () =>
      w.pick([
        "assert(false)",
        "assert(nil, 'm')",
        "assert(false, {1})",
        "assert()",
        "assert(1 == 2, nil)",
        "assert(false, 'x', 'y')",
        "assert(nil, 5)",
      ]),
    () => `pcall(error, ${thrown}${level})`,
    () => "error()",
  ])();
  const call = (name: string) =>
    w.pick([
      `return ${name}(...)`,
      `${name}(...)`,
      `local r = ${name}(...) return r`,
      `return (${name}(...))`,
      `return pcall(${name}, ...)`,
    ]);
  const handler = w.pick([
    "function(m) return 'handled', m end",
    "function(m) error(m) end",
    "tostring",
    "nil",
    "function(m) return type(m) end",
    "error",
  ]);
  return [
    s`local function ${first}(...)${w.pick([" ", "\n"])}${w.pick(["", "return "])}${raise} end`,
    s`local function ${second}(...)${w.pick([" ", "\n"])}${call(first)} end`,
    w.pick([
      () => s`see(pcall(${second}, 1, 2))`,
      () => s`see(pcall(function() ${call(second).replace("...", "1")} end))`,
      () => s`see(xpcall(${second}, ${handler}))`,
      () => s`see(select('#', pcall(${first})), pcall(pcall, ${second}))`,
      () => s`see(pcall(pcall))`,
    ])(),
  ];
}

/** Depths: calls, calls through C, metamethods, nested pcalls. Which depth is too deep is tried at the edges of the limits. */
function recursion(w: Writer): Node[] {
  const name = w.newName;
  const way = w.below(8);
  const deep = () => w.pick(["10", "190", "200", "250", "1000", "3000"]);
  if (way === 0)
    return [
      s`local function ${name}(n) if n == 0 then return 0 end return 1 + ${name}(n - 1) end see(pcall(${name}, ${w.pick([deep(), "15000", "200000"])}))`,
    ];
  if (way === 1)
    return [
      s`local function ${name}(n, a) if n == 0 then return a end return ${name}(n - 1, a + n) end see(pcall(${name}, ${w.pick([deep(), "100000"])}, 0))`,
    ];
  if (way === 2)
    return [
      s`local function ${name}(n) if n == 0 then return 'end' end return select(2, pcall(${name}, n - 1)) end see(pcall(${name}, ${w.pick(["5", "50", "150"])}))`,
    ];
  if (way === 3)
    return [
      s`local ${name} = setmetatable({}, {__index = function(t, k) if k == 0 then return 'end' end return t[k - 1] end}) see(pcall(function() return ${name}[${w.pick(["5", "100", "180"])}] end))`,
    ];
  if (way === 4)
    return [
      s`local function ${name}(n) if n < 2 then return n end return ${name}(n - 1) + ${name}(n - 2) end see(${name}(${w.random.between(0, 12)}))`,
    ];
  if (way === 5)
    return [
      s`local ${name} = {} for i = 1, ${w.pick(["3", "90", "99", "100", "101", "150"])} do ${name} = setmetatable({}, {__index = ${name}}) end see(pcall(function() return ${name}.x end))`,
    ];
  if (way === 6)
    return [
      s`local ${name} ${name} = function(...) if select('#', ...) > ${w.pick(["3", "50", "200"])} then return select('#', ...) end return ${name}(1, ...) end see(pcall(${name}))`,
    ];
  return [
    s`local ${name}, odd function ${name}(n) if n == 0 then return true end return odd(n - 1) end function odd(n) if n == 0 then return false end return ${name}(n - 1) end see(${name}(${deep()}))`,
  ];
}

export const ERRORS: readonly Template[] = [runtimeError, runtimeError, runtimeError, errorLevels, errorLevels, recursion];
