/** Random expressions that are expected to give a value of a type. */

import { booleanCall, listCall, numberCall, stringCall } from "./library.ts";
import { e, joined, type Node, raw } from "./tree.ts";
import type { Type, Variable, Writer } from "./writer.ts";

/** The fields that records have, when they have them. Each has one type, so that most programs know what they get. */
export const FIELDS: Readonly<Record<Exclude<Type, "any">, readonly string[]>> = {
  number: ["n", "m", "count"],
  string: ["s", "name", "constructor"],
  boolean: ["flag", "toString"],
  list: ["items", "__proto__"],
  record: ["sub", "__index"],
  function: ["run"],
};

const WRONG = [
  "nil",
  "{}",
  "true",
  "false",
  "'abc'",
  "''",
  "undefined_name",
  "function() end",
  "0/0",
  "cjson.null",
  "1e300",
  "math",
  "string.rep",
];

type Choice = readonly [weight: number, make: () => Node];

function choose(w: Writer, choices: readonly Choice[]): Node {
  let left = w.below(choices.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of choices) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new Error("nothing to choose from");
}

export function value(w: Writer, type: Type): Node {
  if (w.chance(w.mistakes)) return raw(w.pick(WRONG));
  if (type === "any")
    return value(w, w.chance(0.05) ? "boolean" : w.pick(["number", "string", "boolean", "list", "record", "number", "string"]));
  if (w.depth <= 0) return leaf(w, type);
  return choose(w, [...common(w, type), ...particular(w, type)]);
}

function particular(w: Writer, type: Exclude<Type, "any">): readonly Choice[] {
  switch (type) {
    case "number":
      return numbers(w);
    case "string":
      return strings(w);
    case "boolean":
      return booleans(w);
    case "list":
      return [
        [4, () => list(w)],
        [2, () => listCall(w)],
      ];
    case "record":
      return [
        [6, () => record(w)],
        [1, () => e`setmetatable(${record(w)}, ${w.value("record")})`],
      ];
    case "function":
      return [[6, () => w.closure(w.signature())]];
  }
}

function leaf(w: Writer, type: Exclude<Type, "any">): Node {
  const variable = w.variable(type);
  if (variable !== undefined && w.chance(0.6)) return raw(variable.name);
  switch (type) {
    case "number":
      return w.number();
    case "string":
      return w.string();
    case "boolean":
      return raw(w.pick(["true", "false"]));
    case "list":
      return raw("{}");
    case "record":
      return e`{n = ${w.number()}}`;
    case "function":
      return raw(w.pick(["tonumber", "type", "function(...) return ... end", "math.floor", "string.upper"]));
  }
}

/** What values of every type come from. */
function common(w: Writer, type: Exclude<Type, "any">): readonly Choice[] {
  const callable = w.visible("function").filter((variable) => variable.signature?.result === type);
  return [
    [9, () => leaf(w, type)],
    ...(callable.length > 0 ? [[6, () => callOf(w, w.pick(callable))] as const] : []),
    [3, () => fieldOf(w, type)],
    [1, () => e`(${w.value(type)})`],
    [1, () => e`(${w.value("boolean")} and ${w.value(type)} or ${w.value(type)})`],
    [1, () => e`(${w.pick(["nil", "false"])} or${w.br}${w.value(type)})`],
    [1, () => e`({${w.times(1, 3, () => w.value(type))}})[1]`],
    ...(w.functions < 3 ? [[1, () => calledAtOnce(w, type)] as const] : []),
    ...(w.inCoroutine ? [[2, () => e`(coroutine.yield(${w.value("any")}) or ${w.value(type)})`] as const] : []),
  ];
}

/** A call of a variable; its first result alone, in parentheses, or not: then it is for the place to cut the others off. */
export function callOf(w: Writer, { name, signature }: Variable): Node {
  const call = w.call(name, signature === undefined ? [] : w.arguments(signature));
  return w.chance(0.3) ? e`(${call})` : call;
}

function fieldOf(w: Writer, type: Exclude<Type, "any">): Node {
  const holder = w.variable("record");
  const object = holder === undefined || w.chance(0.1) ? e`(${record(w)})` : raw(holder.name);
  const name = w.pick(FIELDS[type]);
  const access = w.chance(0.7) ? e`${object}.${name}` : e`${object}[${w.string(name)}]`;
  return w.chance(0.04) ? access : e`(${access} or ${leaf(w, type)})`;
}

function calledAtOnce(w: Writer, type: Type): Node {
  const signature = { parameters: w.times(0, 2, () => w.type), hasVarargs: w.chance(0.3), result: type, extra: w.below(2) };
  return e`(${w.closure(signature)})(${w.arguments(signature)})`;
}

function numbers(w: Writer): readonly Choice[] {
  const operand = () => (w.chance(0.05) ? w.string(w.pick(["10", "0x10", " 5 ", "1e1", "-3"])) : w.value("number"));
  const operator = () => w.pick(["+", "-", "*", "+", "-", "*", "/", "%", "%", "^"]);
  return [
    [4, () => e`${operand()} ${operator()}${w.br}${operand()}`],
    [4, () => e`(${operand()} ${operator()} ${operand()})`],
    [2, () => e`- ${operand()}`],
    [1, () => e`#${w.chance(0.5) ? leaf(w, "string") : leaf(w, "list")}`],
    [2, () => e`((${w.value("list")})[${w.chance(0.7) ? w.number(String(w.random.between(1, 4))) : w.value("number")}] or ${w.number()})`],
    [1, () => e`(tonumber(${w.value("any")}) or ${w.number()})`],
    [5, () => numberCall(w)],
    ...(w.hasVarargs ? [[1, () => raw("select('#', ...)")] as const] : []),
  ].map(([weight, make]) => [weight, make] as Choice);
}

function strings(w: Writer): readonly Choice[] {
  const part = () => (w.chance(0.25) ? leaf(w, "number") : w.value("string"));
  return [
    [4, () => e`${part()} ..${w.br}${part()}`],
    [2, () => e`(${joined(w.times(2, 4, part), " .. ")})`],
    [1, () => e`tostring(${w.value(w.pick(["number", "boolean", "string"]))})`],
    [1, () => e`type(${w.value("any")})`],
    [8, () => stringCall(w)],
  ];
}

function booleans(w: Writer): readonly Choice[] {
  const comparison = () => w.pick(["<", ">", "<=", ">=", "==", "~="]);
  return [
    [3, () => e`${w.value("number")} ${comparison()}${w.br}${w.value("number")}`],
    [2, () => e`(${w.value("string")} ${comparison()} ${w.value("string")})`],
    [2, () => e`(${w.value("any")} ${w.pick(["==", "~="])} ${w.value("any")})`],
    [2, () => e`not ${w.value("any")}`],
    [2, () => e`(${w.value("boolean")} ${w.pick(["and", "or"])} ${w.value("boolean")})`],
    [2, () => booleanCall(w)],
  ];
}

/** A table of values 1 to n; in ordered mode with a hole now and then, and with all that a call gives at its end. */
export function list(w: Writer): Node {
  const type = w.pick<Type>(["number", "number", "string", "any"]);
  const items = w.times(0, w.chance(0.1) ? 9 : 4, () => (w.mode === "ordered" && w.chance(0.04) ? raw("nil") : w.value(type)));
  if (w.hasVarargs && w.mode === "ordered" && w.chance(0.2)) items.push(raw("..."));
  return e`{${items}${items.length > 0 && w.chance(0.1) ? w.pick([",", ";"]) : ""}}`;
}

/** A table with some of the fields, and other keys beside them. */
export function record(w: Writer): Node {
  const types = w.times(0, 4, () => w.type).filter((type): type is Exclude<Type, "any"> => type !== "any");
  const pairs = types.map((type) => {
    const name = w.pick(FIELDS[type]);
    return w.chance(0.7) ? e`${name} = ${w.value(type)}` : e`[${w.string(name)}] = ${w.value(type)}`;
  });
  while (w.chance(0.25)) pairs.push(e`[${key(w)}] = ${w.value("any")}`);
  while (w.chance(0.12)) pairs.splice(w.below(pairs.length + 1), 0, w.value("any"));
  const separator = w.pick([", ", ", ", "; ", ",\n"]);
  return e`{${joined(pairs, separator)}}`;
}

/** A key whose place in a table is defined: tables and functions as keys are not, their hash is their address. */
export function key(w: Writer): Node {
  return choose(w, [
    [3, () => w.string()],
    [3, () => w.number(String(w.random.between(-1, 9)))],
    [1, () => w.number()],
    [1, () => raw(w.pick(["true", "false"]))],
    [1, () => leaf(w, "number")],
    [1, () => leaf(w, "string")],
  ]);
}
