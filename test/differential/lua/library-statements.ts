/** Statements around one part of the libraries, or of what the language says about values: patterns, numbers, the order of keys, limits. */

import { key, record } from "./expressions.ts";
import type { Template } from "./statements.ts";
import { conversion, numeral, pattern, quoted, replacement, someText } from "./text.ts";
import { e, type Node, raw, s } from "./tree.ts";
import type { Type, Writer } from "./writer.ts";

/** Patterns on a subject, by all functions that take one. */
function patterns(w: Writer): Node[] {
  const [subject, sought] = [w.newName, w.newName];
  return [
    s`local ${subject}, ${sought} = ${[w.string(w.chance(0.4) ? someText(w.random) + someText(w.random) : someText(w.random)), w.string(pattern(w.random))]}`,
    s`see(pcall(string.find, ${[raw(subject), raw(sought), ...w.times(0, 1, () => w.number(w.pick(["1", "2", "-1", "-3", "0", "10", "1e9"])))]}))`,
    s`see(pcall(string.match, ${subject}, ${sought}))`,
    s`see(pcall(string.gsub, ${[raw(subject), raw(sought), w.string(replacement(w.random)), ...w.times(0, 1, () => w.number(w.pick(["0", "1", "2", "-1"])))]}))`,
    s`see(pcall(gather, ${subject}, ${sought}))`,
    s`see(pcall(function() return (${subject}):gsub(${sought}, ${w.pick(["{a = 'b', [1] = 2, abc = true, x = false}", "function(...) return select('#', ...) .. (...) end", "string.upper", "function() end", "function() return {} end"])}) end))`,
  ];
}

/** Numbers to strings and back. */
function numbers(w: Writer): Node[] {
  const number = () => (w.chance(0.6) ? w.number() : w.value("number"));
  const formats = w.times(1, 3, () => {
    const { text, wants } = conversion(w.random);
    return e`select(2, pcall(string.format, ${[w.string(text), ...(wants === "none" ? [] : [wants === "number" ? number() : w.value("any")])]}))`;
  });
  return [
    s`see(${formats})`,
    s`see(${w.times(1, 4, () => e`tostring(${number()})`)})`,
    s`see(${w.times(1, 4, () => e`tonumber(${[w.string(numeral(w.random)), ...(w.chance(0.4) ? [raw(String(w.pick([2, 8, 10, 16, 36, 1, 37, 0])))] : [])]})`).map((call) => e`pcall(function() return ${call} end)`)})`,
    s`see(${w.times(1, 4, () => e`${number()} ${w.pick(["%", "%", "/", "*", "^", "-", "+"])} ${number()}`)})`,
  ];
}

/** How keys of all kinds come out of \`pairs\`, as a table grows. */
function order(w: Writer): Node[] {
  const name = w.newName;
  const most = w.pick([4, 8, 20, 40]);
  const parts = w.times(1, most, () =>
    w.pick([
      () => w.string(),
      () => w.number(),
      () => w.string(w.pick(["a", "b", "id", "name", "key"]) + w.below(50)),
      () => w.number(String(w.below(20))),
      () => key(w),
    ])(),
  );
  const start = w.chance(0.5)
    ? record(w)
    : e`{${parts.splice(0, w.below(parts.length)).map((one, index) => (w.chance(0.4) ? w.number(String(index)) : e`[${one}] = ${index}`))}}`;
  return [
    s`local ${name} = ${start}`,
    ...parts.map((one, index) => s`${name}[${one}] = ${index}`),
    s`see(${name}, #${name})`,
    ...(w.mode === "ordered"
      ? [
          s`see(pcall(cjson.encode, ${name}))`,
          s`local o = {} for k in pairs(${name}) do o[#o + 1] = tostring(k) end see(table.concat(o, " "))`,
        ]
      : []),
  ];
}

function sorting(w: Writer): Node[] {
  const name = w.newName;
  const type = w.pick<Type>(["number", "string"]);
  const items = w.times(0, w.chance(0.2) ? 40 : 8, () => (type === "number" ? w.number(String(w.below(100))) : w.string()));
  const by = w.pick([
    "",
    ", function(a, b) return a > b end",
    ", function(a, b) return tostring(a) < tostring(b) end",
    ", function(a, b) burn() return a < b end",
    ", nil",
  ]);
  const bad = w.chance(0.1)
    ? w.pick([
        ", function() return true end",
        ", function(a, b) return a <= b end",
        ", function() error('compare') end",
        ", 5",
        ", function() return nil end",
      ])
    : by;
  return [s`local ${name} = {${items}} see(pcall(table.sort, ${name}${bad}))`, s`see(${name})`];
}

/** Limits of library functions. */
function libraryLimits(w: Writer): Node[] {
  const many = w.pick([1, 31, 32, 33, 100, 190, 210, 300]);
  const call = w.pick([
    `string.find(string.rep('a', ${many}), string.rep('a?', ${w.pick([10, 100, 190, 210, 300])}))`,
    `string.find(string.rep('a', ${many}), string.rep('(a)', ${many}))`,
    `string.match(string.rep('a', ${many}) .. 'b', '^.-b')`,
    `string.match(string.rep('(', ${many}) .. string.rep(')', ${many}), '%b()')`,
    `string.gsub(string.rep('ab', ${many}), 'a(b)', '%1%0')`,
    `select('#', unpack({}, 1, ${w.pick([100, 7000, 9000, 1e6, 1e9, -1, 0])}))`,
    `select('#', string.byte(string.rep('x', ${w.pick([100, 7000, 9000])}), 1, -1))`,
    `#string.char(unpack({string.byte(string.rep('x', ${many}), 1, -1)}))`,
    `#table.concat({unpack({}, 1, 0)}, 'x', 1, ${w.pick([0, 1, 1e9, -1])})`,
    `string.format('%' .. string.rep('0', ${w.pick([1, 4, 5, 6, 7])}) .. 'd', 5)`,
    `string.format(string.rep('%s', ${many}), 1)`,
    `table.concat({1, 2, 3}, ',', ${w.pick(["2", "1, 2", "0", "3, 4", "4", "1, 1.9", "'2'"])})`,
    `loadstring(string.rep(' ', ${many}) .. 'x', string.rep('n', ${many}))`,
    `#string.rep('ab', ${w.pick(["0", "-5", "3", "1.9", "2^16"])})`,
    `string.rep('x', 300):find('x', ${w.pick(["300", "301", "302", "-300", "-301", "2^31", "-2^31", "1e15"])})`,
    `string.sub('hello', ${w.pick(["2^31", "-2^31", "2^53", "1e300", "-1e300", "1/0", "-1/0"])})`,
  ]);
  return [s`see(pcall(function() return ${call} end))`];
}

/** Limits of the compiler. */
function limits(w: Writer): Node[] {
  const many = w.pick([10, 49, 50, 51, 100, 190, 198, 199, 200, 201, 240, 250, 256, 260, 300]);
  const list = (make: (index: number) => string, separator = ", ") =>
    Array.from({ length: many }, (_, index) => make(index)).join(separator);
  const text = w.pick([
    () => `local ${list((i) => `a${i}`)} = 1 return a0`,
    () => `${list((i) => `local a${i} = ${i}`, "\n")} return a${many - 1}`,
    () => `return select('#', ${list(String)})`,
    () => `return #{${list(String)}}`,
    () => `return ${list(() => "'a'", " .. ")}`,
    () => `return ${list(() => "1", " + ")}`,
    () => `return ${"(".repeat(many)}1${")".repeat(many)}`,
    () => `return ${"-".repeat(1)}${"{".repeat(many)}${"}".repeat(many)}`,
    () => `local t = {} ${list((i) => `t[${i}]`)} = ${list(String)} return t[${many - 1}]`,
    () => `${list((i) => `local a${i}`, " ").slice(0, many * 9)} return function() return ${list((i) => `a${i}`, " or ")} end`,
    () => `${"do ".repeat(many)}${"end ".repeat(many)} return 1`,
    () => `return ${"not ".repeat(many)}1`,
    () => `return ${"function() return ".repeat(many)}1${" end".repeat(many)}`,
    () => `return ${list(() => "2", " ^ ")}`,
    () => `local function f(${list((i) => `a${i}`)}) return a0 end return f(1)`,
    () => `if false then ${list((i) => `elseif ${i} == 1 then return 2`, " ")} end return 3`,
  ])();
  const name = w.newName;
  return [s`local ${name}, ${name}m = loadstring(${quoted(text, w.random)}) if ${name} then see(pcall(${name})) else see(${name}m) end`];
}

function varargs(w: Writer): Node[] {
  const name = w.newName;
  const inside = w.pick([
    "return ...",
    "return (...)",
    "return select('#', ...), ...",
    "local a, b = ... return b, a",
    "return {...}, {n = select('#', ...), ...}",
    "return ..., ...",
    "local t = {..., ...} return #t, ...",
    "return select(2, ...)",
    "return select(-1, ...)",
    "return unpack({...}, 1, select('#', ...))",
    "return arg",
    "local f = function() return arg end return f(), ...",
    "return pcall(select, 0, ...)",
    "return #arg, arg.n",
    "for i, v in ipairs({...}) do see(i, v) end",
    "return ... == nil, not ..., #{...}",
  ]);
  const call = e`${name}(${w.times(0, 4, () => (w.chance(0.2) ? raw("nil") : w.value("any")))})`;
  return [
    s`local function ${name}(${w.pick(["...", "a, ...", "a, b, ..."])}) ${inside} end`,
    s`see(${w.pick([() => call, () => e`${call}, 1`, () => e`(${call})`, () => e`{${call}}`, () => e`{${call}, ${call}}`, () => e`pcall(${name}, ${call})`])()})`,
  ];
}

/** In which order operands, arguments, keys and values are evaluated: each tells when. */
function evaluation(w: Writer): Node[] {
  const name = w.newName;
  const n = (value = String(w.random.between(1, 9))) => `${name}(${value})`;
  const text = () => n(`'${w.pick(["a", "b", "c"])}'`);
  const statement = w.pick([
    () => `local t = {} t[${n()}], t[${n()}] = ${n()}, ${n()} see(t)`,
    () => `local t = {} t[${n()}], t.x, t[${n()}] = ${n()} see(t)`,
    () => `local a, b = ${n()} ${w.pick(["+", "-", "*", "<", ">", "<=", ">=", "=="])} ${n()}, ${n()} see(a, b)`,
    () => `see(${text()} .. ${text()} .. ${text()})`,
    () => `see(${n()} ^ ${n()} ^ ${n()}, -${n()} ^ 2)`,
    () => `see({${n()}, [${n()}] = ${n()}, x = ${n()}, ${n()}, ${n()}})`,
    () => `see((${n("{f = function(...) return ... end}")}).f(${n()}, ${n()}))`,
    () => `see((${n("{f = function(...) return select('#', ...) end}")}):f(${n()}, ${n()}))`,
    () => `for i = ${n("1")}, ${n("3")}, ${n("2")} do see(i) end`,
    () => `see(${n("nil")} and ${n()} or ${n()}, ${n("false")} or ${n()}, ${n()} and ${n()})`,
    () => `local i, t = 1, {} i, t[i] = i + 1, 20 see(i, t)`,
    () => `local t = {1, 2, 3} local i, j = 1, 3 t[i], t[j], i = t[j], t[i], j see(t, i)`,
    () => `local a = {} local b = a a.x, a = 1, {2} see(a, b)`,
    () => `if ${n("false")} then elseif ${n()} then see('second') end`,
  ])();
  return [s`local function ${name}(x) see(x) return x end`, s`${statement}`];
}

/** Locals that a call changes while the expression around it is evaluated: some operands are read before, some after. */
function changesMeanwhile(w: Writer): Node[] {
  const [a, f] = [w.newName, w.newName];
  const initial = w.pick(["1", "'10'", "{x = 1}"]);
  const changed = w.pick(["2", "'20'", "{x = 2}", `${a}`]);
  const call = `${f}()`;
  const uses = [
    ...["+", "-", "*", "/", "%", "..", "<", "<=", ">", "==", "~="].flatMap((operator) => [
      `${a} ${operator} ${call}`,
      `${call} ${operator} ${a}`,
    ]),
    ...[
      `{${a}, ${call}, ${a}}`,
      `${a}, ${call}, ${a}`,
      `(function(...) return ... end)(${a}, ${call}, ${a})`,
      `${a} and ${call}`,
      `(${a}) + ${call}`,
    ],
    ...[
      `${a} + 0 + ${call}`,
      `-${a} + ${call}`,
      `({5, 6, 7})[${a}] or ${call}`,
      `${a} .. 'x' .. ${call}`,
      `({[${a}] = ${call}})`,
      `${a} == ${a} and ${call} + ${a}`,
    ],
    ...[`${a}.x .. ${call}`, `${a}.x + ${call}`, `(${a} or 1) + ${call}`, `select(2, ${call}, ${a})`, `tostring(${a}) .. ${call}`],
  ];
  const statements = [
    ...uses.map((use) => `return ${use}`),
    ...[
      `local t = {} t[${a}] = ${call} return t`,
      `local t = {} ${a}, t.y = ${call}, ${a} return ${a}, t`,
      `local b, c = ${a}, ${call} return b, c, ${a}`,
    ],
    ...[
      `${a}.x = ${call} return ${a}`,
      `${a}[${call}] = ${a} return ${a}`,
      `${a} = ${a} .. ${call} return ${a}`,
      `local r = 0 for i = ${a}, ${call} do r = r + i end return r`,
    ],
    ...[
      `${a} = ${call} + ${a} return ${a}`,
      `if ${a} == ${call} then return 'same' end return 'other'`,
      `return ${a}(${call})`,
      `local t = {${a}} t[1], ${a} = ${call}, t return t, ${a}`,
    ],
  ];
  const numbers = initial.startsWith("{") ? "'3'" : "3";
  const body = w.pick(statements);
  return [
    s`see(pcall(function() local ${a} = ${initial} local function ${f}() ${a} = ${changed} return ${numbers} end ${w.chance(0.2) ? "local b = 1 " : ""}${body} end))`,
  ];
}

const SPELLINGS = [
  ...[
    "'\\x41'",
    "'\\q'",
    "'\\1234'",
    "'\\255\\0'",
    "'\\256'",
    "'\\300'",
    "'\\00'",
    "'a\\\nb'",
    "'a\\\r\nb'",
    "'\\\\n'",
    '"\\"\'"',
    "'\\",
    "'\\9",
    "'a\nb'",
    '"',
    "'\\z'",
  ],
  ...["[[\na]]", "[[\r\na\r\nb]]", "[[a\n\rb]]", "[=[a]]b]=]", "[==[x]=]", "[=x", "[==", "[[", "[=[]]=]", "[[a[[b]]", "[ [a]]"],
  ...[
    "0x10",
    "0xg",
    "0x",
    "1e",
    "1e+",
    "1e5",
    "1E+5",
    "1.e1",
    ".e1",
    "..5",
    "1..2",
    "1...2",
    "3.4.5",
    "0x1.8",
    "0x1p4",
    "1e400",
    "08",
    "1_0",
    "1a",
    "0xffffffffffffffffff",
    "1e-400",
    "5.",
    ".5",
    "1 .. 2",
  ],
  ...[
    "- -1",
    "--1\n2",
    "--[[x]]3",
    "--[==[\n]]\n]==]4",
    "--[[5",
    "--[==5\n6",
    "---\n7",
    "not not nil",
    "a.1",
    "'x'.y",
    "('x'):len()",
    "#'ab' + 1",
    "{1;2,3;}",
    "{;}",
    "{,}",
    "(1)",
    "()",
    "nil.x",
  ],
  ...[
    "function() end",
    "function(a,) end",
    "function(..., a) end",
    "function(1) end",
    "... ",
    "-2 ^ 2",
    "2 ^ -1",
    "2 ^ 3 ^ 2",
    "1 == 1 == true",
    "not 1 == 2",
    "1 .. 2 == '12'",
    "1 < 2 < 3",
    "-'2'",
    "- '0x10'",
  ],
  ...[
    "a b",
    "x = 1",
    "f{1}",
    "f'x'",
    "f[[x]]",
    "f\n(1)",
    "{f\n{1}}",
    "{[1] = 2, [1] = 3}",
    "{a = 1, 2, a = 3}",
    "1, 2",
    "",
    ";",
    "1;",
    "1 return",
    "nil nil",
    "1 ~= 2",
    "1 != 2",
    "1 // 2",
    "1 & 2",
    "~1",
    "a and",
    "goto x",
    "::x::",
  ],
];

/** Expressions and texts as they may be spelled, or not. */
function spellings(w: Writer): Node[] {
  const texts = w.times(1, 4, () => {
    const text =
      w.pick(["return ", "return ", "return ", "local a, f = {}, function(...) return ... end return ", "\n\nreturn ", ""]) +
      w.pick(SPELLINGS);
    return e`${quoted(text, w.random)}`;
  });
  return [s`for _, p in ipairs({${texts}}) do local f, m = loadstring(p) see(f and 'made', m) if f then see(pcall(f, 1, 'two')) end end`];
}

export const LIBRARY: readonly Template[] = [
  patterns,
  patterns,
  numbers,
  numbers,
  order,
  order,
  sorting,
  limits,
  libraryLimits,
  varargs,
  varargs,
  evaluation,
  changesMeanwhile,
  changesMeanwhile,
  spellings,
];
