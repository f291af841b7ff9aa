/** Random statements, and the functions that are made of them. */

import { callOf, FIELDS, key, list, record } from "./expressions.ts";
import { anyCall } from "./library.ts";
import { pattern } from "./text.ts";
import { block, e, joined, type Node, print, raw, s } from "./tree.ts";
import type { Signature, Type, Writer } from "./writer.ts";

/** Something that a statement may be: one or more of them, in the scope where they stand. */
export type Template = (w: Writer) => Node[];

/** Up to so many statements in the scope at hand, with declarations that those after them see. */
export function sequence(w: Writer, most: number, extra: readonly Template[] = []): Node[] {
  const written: Node[] = [];
  for (let left = most; left > 0 && w.left > 0; left--) {
    w.left--;
    const template = extra.length > 0 && w.chance(0.5) ? w.pick(extra) : w.pick(TEMPLATES);
    written.push(...template(w).map((one) => ended(w, one)));
  }
  return written;
}

/** Statements end with a line, a blank or a semicolon. */
function ended(w: Writer, statement: Node): Node {
  const isComment = String(statement.parts.at(-1)).endsWith("\n");
  if (statement.kind === "statement" && !isComment && w.chance(0.15)) statement.parts = [...statement.parts, w.pick([";", " ", "; "])];
  return statement;
}

export function body(w: Writer, statements: number): Node {
  return w.scoped(() => block(sequence(w, statements)));
}

/** `function(...) ... end` of a signature. */
export function closure(w: Writer, signature: Signature): Node {
  return e`function${functionBody(w, signature)}`;
}

/** From the parameters to the `end`. */
export function functionBody(w: Writer, signature: Signature, options: { inCoroutine?: boolean; self?: boolean } = {}): Node {
  return w.inFunction({ ...options, hasVarargs: signature.hasVarargs }, () => {
    const names = signature.parameters.map((type) => w.declare({ name: w.name, type }));
    if (options.self) w.declare({ name: "self", type: "record" });
    const parameters = [...names, ...(signature.hasVarargs ? ["..."] : [])].join(", ");
    const statements = w.functions > 2 || w.chance(0.4) ? [] : sequence(w, 2);
    if (w.chance(0.12)) statements.push(s`if ${w.value("boolean")} then return ${results(w, signature)} end`);
    const inner = block([...statements, s`return ${results(w, signature)}`]);
    // Whatever calls something may call itself in the end: there is only so much to burn.
    return e`(${parameters})${print(inner).includes("(") ? " burn()" : ""} ${inner} end`;
  });
}

function results(w: Writer, signature: Signature): Node[] {
  const callable = w.visible("function").filter((one) => one.signature?.result === signature.result);
  if (signature.extra === 0 && callable.length > 0 && w.chance(0.3)) {
    const { name, signature: tail } = w.pick(callable);
    return [w.call(name, w.arguments(tail as Signature))];
  }
  const extra = w.times(signature.extra, signature.extra, () => w.value("any"));
  if (signature.extra > 0 && signature.hasVarargs && w.chance(0.3)) return [w.value(signature.result), raw("...")];
  return [w.value(signature.result), ...extra];
}

/** Not nil, since to set nil would delete; and no longer than it should be. */
function lasting(w: Writer, type: Type): Node {
  const { mistakes } = w;
  w.mistakes = 0;
  const node = type === "string" ? e`cut(${w.value(type)})` : e`(${w.value(type)} or 0)`;
  w.mistakes = mistakes;
  return node;
}

// ---- locals and assignments

function locals(w: Writer): Node[] {
  const type = w.type;
  if (type === "function") return declareFunction(w);
  const first = w.value(type);
  if (w.chance(0.6)) return local(w, type, first);
  const second = w.type;
  const names = [w.name, w.name, w.name];
  const declaration = s`local ${names.join(", ")} = ${[first, w.value(second), ...(w.chance(0.3) ? [w.value("any")] : [])]}`;
  w.declare({ name: names[0], type });
  if (second !== "function") w.declare({ name: names[1], type: second });
  w.declare({ name: names[2], type: "any" });
  return [declaration];
}

function local(w: Writer, type: Type, initial: Node): Node[] {
  return [s`local ${w.declare({ name: w.name, type })} = ${initial}`];
}

/** All that a call gives, into locals and into a table. */
function multiple(w: Writer): Node[] {
  const called = w.variable("function");
  if (called?.signature === undefined) return locals(w);
  const { name, signature } = called;
  const call = w.call(name, w.arguments(signature));
  const result = w.newName;
  const names = [result, ...w.times(0, 3, () => w.newName)];
  return [
    w.pick([
      () => s`local ${names.join(", ")} = ${call} see(${names.join(", ")})`,
      () => s`see(${[call, w.value("number"), call]})`,
      () => s`see(select(${raw(w.pick(["'#'", "1", "2", "-1"]))}, ${call}))`,
      () => s`see({${[call, call]}}, {${call}, (${call})}, #{${call}})`,
      () => s`see((${call}), ${call}, nil)`,
    ])(),
  ];
}

function assignment(w: Writer): Node[] {
  const target = w.variable(w.pick<Type>(["number", "string", "boolean", "list", "record", "number"]));
  if (target === undefined) return locals(w);
  const { name, type } = target;
  const other = w.variable(type);
  if (other !== undefined && w.chance(0.1)) return [s`${name}, ${other.name} = ${other.name}, ${name}`];
  if (type === "string") return [s`${name} = cut(${w.value("string")})`];
  if (type === "number" && w.chance(0.4)) return [s`${name} = ${name} ${w.pick(["+", "-", "*", "+"])} ${w.value("number")}`];
  return [s`${name} = ${w.value(type)}${w.chance(0.1) ? e`, ${w.value("any")}` : ""}`];
}

function fieldAssignment(w: Writer): Node[] {
  const holder = w.variable("record");
  if (holder === undefined) return local(w, "record", record(w));
  const { name } = holder;
  if (w.chance(0.15)) return [s`${name}[${key(w)}] = ${lasting(w, "any")}`];
  if (w.chance(0.05)) return [s`${name}[${w.pick(["nil", "0/0"])}] = ${w.value("any")}`];
  if (w.mode === "sorted" && w.chance(0.25)) {
    return [s`${name}[${w.string(w.pick(Object.values(FIELDS).flat()))}] = nil`];
  }
  const type = w.pick<Exclude<Type, "any">>(["number", "string", "boolean", "list", "number"]);
  const assigned = lasting(w, type);
  return [
    w.chance(0.8) ? s`${name}.${w.pick(FIELDS[type])} = ${assigned}` : s`rawset(${name}, ${w.string(w.pick(FIELDS[type]))}, ${assigned})`,
  ];
}

function listAssignment(w: Writer): Node[] {
  const holder = w.variable("list");
  if (holder === undefined) return local(w, "list", list(w));
  const { name } = holder;
  const item = lasting(w, w.pick<Type>(["number", "string", "any"]));
  const ways = [
    () => s`${name}[#${name} + 1] = ${item}`,
    () => s`table.insert(${name}, ${item})`,
    () => s`table.insert(${name}, ${w.pick(["1", "#t", "2"]).replace("#t", `#${name}`)}, ${item})`,
    ...(w.mode === "ordered"
      ? [() => s`${name}[${w.random.between(1, 6)}] = ${item}`]
      : [() => s`${name}[#${name}] = nil`, () => s`see(table.remove(${name}))`, () => s`see(table.remove(${name}, 1))`]),
  ];
  return [w.pick(ways)()];
}

// ---- control

function condition(w: Writer): Node[] {
  const branches = w.times(0, 2, () => e`elseif ${w.value("boolean")} then\n${inner(w)}`);
  const otherwise = w.times(0, 1, () => e`else\n${inner(w)}`);
  const test = w.chance(0.9) ? w.value("boolean") : w.value("any");
  return [s`if ${test} then${w.br}${inner(w)}${joined(branches, "")}${joined(otherwise, "")}end`];
}

/** A block in a block, which may leave a loop. */
function inner(w: Writer): Node {
  return w.scoped(() => {
    const statements = sequence(w, 2);
    return block(w.loops > 0 && w.chance(0.2) ? [...statements, s`break`] : statements);
  });
}

/** The body of a loop. */
function loopBody(w: Writer): Node {
  w.loops++;
  const statements = sequence(w, 3);
  if (w.chance(0.2)) statements.push(s`if ${w.value("boolean")} then break end`);
  w.loops--;
  return block(statements);
}

/** Ends a loop after so many turns, whatever the program does. */
function limit(counter: string, turns: number): string {
  return `${counter} = ${counter} + 1 if ${counter} > ${turns} then break end\n`;
}

function loop(w: Writer): Node[] {
  if (w.loops >= 2) return condition(w);
  return [w.pick([whileLoop, repeatLoop, numericFor, numericFor, genericFor, genericFor])(w)];
}

function whileLoop(w: Writer): Node {
  const counter = w.newName;
  const test = w.value("boolean");
  return w.scoped(() => s`local ${counter} = 0 while ${test} do ${limit(counter, 4)}${loopBody(w)}end`);
}

/** The condition sees the locals of the body. */
function repeatLoop(w: Writer): Node {
  const counter = w.newName;
  return w.scoped(() => {
    const within = loopBody(w);
    return s`local ${counter} = 0 repeat ${limit(counter, 4)}${within}until ${w.value("boolean")}`;
  });
}

const RANGES = [
  "1, 3",
  "3, 1, -1",
  "1, 2, 0.5",
  "0, 1, 0.25",
  "5, 1",
  "1, 0",
  "7, 1, -3",
  "1, 10, 4",
  "-1, 1",
  "0.1, 0.35, 0.1",
  "'1', '3'",
  "1, 3.7",
];

function numericFor(w: Writer): Node {
  const isSafe = w.chance(0.7);
  const counter = isSafe ? "" : w.newName;
  const range = isSafe ? raw(w.pick(RANGES)) : e`${w.values(w.chance(0.5) ? ["number", "number"] : ["number", "number", "number"])}`;
  return w.scoped(() => {
    const variable = w.declare({ name: w.name, type: "number" });
    if (counter === "") return s`for ${variable} =${w.br}${range} do ${loopBody(w)}end`;
    return s`local ${counter} = 0 for ${variable} =${w.br}${range} do ${limit(counter, 5)}${loopBody(w)}end`;
  });
}

/** For a table that the body cannot reach: what new keys do while it is walked is undefined. */
function walk(w: Writer, table: Node): Node {
  if (w.mode === "sorted") return e`byKey(${table})`;
  return w.chance(0.7) ? e`pairs(${table})` : e`next, ${table}`;
}

function genericFor(w: Writer): Node {
  const counter = w.newName;
  const start = `local ${counter} = 0 for `;
  const write = (names: readonly (readonly [string, Type])[], source: Node): Node =>
    w.scoped(() => {
      for (const [name, type] of names) w.declare({ name, type });
      return s`${start}${names.map(([name]) => name).join(", ")} in${w.br}${source} do ${limit(counter, 6)}${loopBody(w)}end`;
    });
  const [one, two] = [w.name, w.newName];
  return w.pick([
    () =>
      write(
        [
          [one, "number"],
          [two, "any"],
        ],
        e`ipairs(${w.value("list")})`,
      ),
    () =>
      write(
        [
          [one, "any"],
          [two, "any"],
        ],
        walk(w, record(w)),
      ),
    () =>
      write(
        [
          [one, "string"],
          [two, "any"],
        ],
        e`string.gmatch(${[w.value("string"), w.string(pattern(w.random))]})`,
      ),
    () =>
      write([[one, "number"]], e`${w.closure({ parameters: ["any", "number"], hasVarargs: false, result: "number", extra: 1 })}, nil, 1`),
    () => write([[one, "any"]], e`${w.value("function")}`),
  ])();
}

// ---- functions

function declareFunction(w: Writer): Node[] {
  const signature = w.signature();
  // The body must not take its own name for the function that had it before: strings that grow with each call would never end.
  const taken = w.visible("function").map((one) => one.name);
  const free = w.name;
  const name = taken.includes(free) ? w.newName : free;
  const written = functionBody(w, signature);
  const holder = w.variable("record");
  if (holder !== undefined && holder.name !== "self" && w.chance(0.2)) {
    const result: Signature = { ...signature, parameters: [] };
    const method = functionBody(w, result, { self: true });
    return [s`function ${holder.name}:run${method}`, s`see(${holder.name}:run(${w.arguments(result)}))`];
  }
  w.declare({ name, type: "function", signature });
  return [
    w.pick([
      () => s`local function ${name}${written}`,
      () => s`local ${name} = function${written}`,
      () => s`local ${name} ${name} = function${written}`,
    ])(),
  ];
}

function callStatement(w: Writer): Node[] {
  const called = w.variable("function");
  if (called === undefined) return declareFunction(w);
  const call = callOf(w, called);
  return [call.parts[0] === "(" ? s`see${call}` : s`${call}`];
}

// ---- observations

function observation(w: Writer): Node[] {
  return [s`see(${w.times(1, 3, () => w.value(w.chance(0.8) ? w.type : "any"))})`];
}

/** All that can be seen, as it is now. */
function survey(w: Writer): Node[] {
  const names = w.visible("any").filter((variable) => variable.type !== "function");
  return [s`see(${names.slice(0, 8).map((variable) => raw(variable.name))})`];
}

function protectedBlock(w: Writer): Node[] {
  if (w.functions > 2) return observation(w);
  const within = functionBody(w, { ...w.signature(), parameters: [], hasVarargs: false });
  if (w.chance(0.2)) {
    const handler = w.closure({ parameters: ["any"], hasVarargs: false, result: "any", extra: w.below(2) });
    return [s`see(xpcall(function${within}, ${w.chance(0.2) ? w.value("any") : handler}))`];
  }
  return [s`see(pcall(function${within}))`];
}

function libraryCall(w: Writer): Node[] {
  const [name, values] = anyCall(w);
  if (w.chance(0.4)) return [s`see(pcall(${[raw(name), ...values]}))`];
  return [s`see(pcall(function() return ${name}(${values}) end))`];
}

const TEMPLATES: readonly Template[] = [
  ...[locals, locals, locals, multiple, assignment, assignment, fieldAssignment, fieldAssignment, listAssignment, condition, loop, loop],
  ...[declareFunction, callStatement, observation, observation, observation, survey, protectedBlock, libraryCall],
  (w) => [s`do ${body(w, 3)}end`],
  (w) => [s`${w.pick(["-- a comment", "--[[ a comment ]] ", "--[==[ ]]\na comment ]==]", "--", "--[ no long one"])}\n`],
];
