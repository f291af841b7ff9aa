/** Random calls of the functions of base, string, table, math and bit, by the type of what they give. */

import { conversion, numeral, pattern, replacement, smallText, someText } from "./text.ts";
import { e, type Node, raw } from "./tree.ts";
import type { Type, Writer } from "./writer.ts";

/** The operators of two operands. */
export const BINARY = ["+", "-", "*", "/", "%", "^", "..", "<", "<=", ">", ">=", "==", "~="];

const OF_ONE = ["abs", "ceil", "floor", "sqrt", "deg", "rad", "floor", "ceil", "frexp", "modf"];
/** What these give beyond small arguments is left to the C library: their results are rounded. */
const ROUNDED = ["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "log10"];
const OF_TWO = ["max", "min", "fmod", "pow", "mod", "max", "min"];
const BITS_OF_ONE = ["tobit", "bnot", "bswap"];
const BITS = ["band", "bor", "bxor"];
const SHIFTS = ["lshift", "rshift", "arshift", "rol", "ror"];

function small(w: Writer): Node {
  return w.chance(0.9) ? w.number(smallText(w.random)) : w.value("number");
}

/** A string as the first argument, or as the object of a method call. */
function method(w: Writer, name: string, values: readonly Node[]): Node {
  const subject = w.chance(0.96) ? w.value("string") : w.value("number");
  if (w.chance(0.4)) return e`(${subject}):${name}(${values})`;
  return e`string.${name}(${[subject, ...values]})`;
}

function optional(w: Writer, node: () => Node, probability = 0.5): Node[] {
  return w.chance(probability) ? [node()] : [];
}

/** Index arguments that may be left out from the last on. */
function range(w: Writer): Node[] {
  return w.times(0, 2, () => small(w));
}

export function numberCall(w: Writer): Node {
  const kind = w.below(22);
  if (kind < 4) return e`math.${w.pick(OF_ONE)}(${w.value("number")})`;
  if (kind === 4) return e`round(math.${w.pick(ROUNDED)}(${small(w)}))`;
  if (kind < 8) return e`math.${w.pick(OF_TWO)}(${[w.value("number"), w.value("number")]})`;
  if (kind === 8) return e`math.ldexp(${[w.value("number"), small(w)]})`;
  if (kind === 9) return raw(w.pick(["math.huge", "-math.huge", "math.pi", "(0/0)", "-0", "1/0", "-1/0"]));
  if (kind === 10) return e`bit.${w.pick(BITS_OF_ONE)}(${w.value("number")})`;
  if (kind === 11) return e`bit.${w.pick(BITS)}(${w.times(1, 3, () => w.value("number"))})`;
  if (kind === 12) return e`bit.${w.pick(SHIFTS)}(${[w.value("number"), small(w)]})`;
  if (kind === 13) return e`(${method(w, "find", [w.string(pattern(w.random)), ...optional(w, () => small(w), 0.3)])} or ${w.number()})`;
  if (kind === 14) return e`(${method(w, "byte", range(w))} or 0)`;
  if (kind === 15) return method(w, "len", []);
  if (kind === 16) return e`(tonumber(${[w.string(numeral(w.random)), ...optional(w, () => raw(String(w.random.between(2, 36))))]}) or -1)`;
  if (kind === 17) return e`(select(2, ${method(w, "gsub", [w.string(pattern(w.random)), w.string(replacement(w.random))])}))`;
  if (kind === 18) return e`select(${[raw(w.pick(["1", "2", "-1", "'#'", "3"])), ...w.times(1, 3, () => w.value("number"))]})`;
  if (kind === 19) return e`table.${w.pick(w.mode === "ordered" ? ["getn", "maxn"] : ["getn"])}(${w.value("list")})`;
  if (kind === 20) return e`(unpack(${[w.value("list"), ...range(w)]}) or 0)`;
  return e`(select('#', unpack(${[w.value("list"), ...range(w)]})))`;
}

export function stringCall(w: Writer): Node {
  const kind = w.below(16);
  if (kind < 2) return method(w, "sub", [small(w), ...optional(w, () => small(w))]);
  if (kind < 4) return format(w);
  if (kind === 4) return method(w, w.pick(["upper", "lower", "reverse"]), []);
  if (kind === 5) return e`string.rep(${w.string()}, ${w.pick(["0", "1", "2", "3", "-1", "2.7"])})`;
  if (kind === 6) return e`string.char(${w.times(0, 4, () => raw(String(w.chance(0.97) ? w.below(256) : w.pick([256, -1, 1e10, 65.9]))))})`;
  if (kind < 9) return e`(${substitution(w)})`;
  if (kind === 9) return e`(${method(w, "match", [w.string(pattern(w.random)), ...optional(w, () => small(w), 0.3)])} or ${w.string()})`;
  if (kind < 12) return e`table.concat(${[w.value("list"), ...optional(w, () => w.string(w.pick(["", ",", ", ", "\0"])), 0.7)]})`;
  if (kind === 12) return e`bit.tohex(${[w.value("number"), ...optional(w, () => small(w))]})`;
  if (kind === 13) return e`redis.sha1hex(${w.value("string")})`;
  if (kind === 14) return e`cjson.encode(${w.value(w.pick(["number", "string", "boolean", "list"]))})`;
  return e`show(${w.value("any")})`;
}

/** gsub with a string, a table or a function. */
function substitution(w: Writer): Node {
  const way = w.below(5);
  const by = () => {
    if (way < 3) return w.string(replacement(w.random));
    if (way === 3) return w.value("record");
    return w.closure({ parameters: ["string"], hasVarargs: w.chance(0.3), result: w.pick(["string", "number", "boolean"]), extra: 0 });
  };
  return method(w, "gsub", [w.string(pattern(w.random)), by(), ...optional(w, () => small(w), 0.2)]);
}

function format(w: Writer): Node {
  const values: Node[] = [];
  const text = w
    .times(1, 4, () => {
      const { text: one, wants } = conversion(w.random);
      if (wants !== "none") values.push(w.value(wants));
      return w.pick(["", " ", "<", "[a]"]) + one;
    })
    .join("");
  return e`string.format(${[w.string(text), ...values]})`;
}

export function booleanCall(w: Writer): Node {
  return w.pick([
    () => e`rawequal(${[w.value("any"), w.value("any")]})`,
    () => e`(type(${w.value("any")}) == ${w.string(w.pick(["number", "string", "table", "nil"]))})`,
    () => e`(next(${w.value(w.pick(["list", "record"]))}) == nil)`,
    () => e`(${method(w, "find", [w.string(someText(w.random)), raw("1"), raw("true")])} ~= nil)`,
    () => e`(pcall(${w.value("function")}))`,
    () => e`(tonumber(${w.string(numeral(w.random))}) ~= nil)`,
  ])();
}

export function listCall(w: Writer): Node {
  return w.pick([
    () => e`{${method(w, "byte", [raw("1"), raw("-1")])}}`,
    () => e`{unpack(${[w.value("list"), ...(w.mode === "ordered" ? range(w) : [])]})}`,
    () => e`{pcall(${[w.value("function"), w.value("any")]})}`,
    () => e`gather(${[w.value("string"), w.string(pattern(w.random))]})`,
    () => e`sorted(${w.value("list")})`,
  ])();
}

/** Every function of the libraries with arguments of every kind, for the errors about them. */
export function anyCall(w: Writer): [name: string, values: Node[]] {
  const name = w.pick(w.mode === "ordered" ? [...FUNCTIONS, ...OF_ORDER] : FUNCTIONS);
  const values = w.times(0, 4, () => {
    const type = w.pick<Type>(["number", "string", "string", "list", "any", "boolean", "function", "record"]);
    return w.chance(0.15) ? raw("nil") : w.thunk(() => w.value(type));
  });
  return [name, values];
}

/** What these give follows from the order of `pairs`. */
const OF_ORDER = ["next", "table.foreach", "table.maxn", "cjson.encode", "cmsgpack.pack"];

const FUNCTIONS = [
  ...["assert", "error", "getmetatable", "ipairs", "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber"],
  ...["tostring", "type", "unpack", "xpcall", "loadstring"],
  ...["byte", "char", "find", "format", "gfind", "gmatch", "gsub", "len", "lower", "match", "reverse", "sub", "upper"].map(
    (one) => `string.${one}`,
  ),
  ...["concat", "foreachi", "getn", "insert", "remove", "setn"].map((one) => `table.${one}`),
  ...["abs", "atan2", "ceil", "floor", "fmod", "frexp", "ldexp", "max", "min", "mod", "modf", "pow", "sqrt"].map((one) => `math.${one}`),
  ...["arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift", "tobit", "tohex"].map((one) => `bit.${one}`),
  ...["create", "resume", "running", "status", "wrap", "yield"].map((one) => `coroutine.${one}`),
  ...["cjson.decode", "cmsgpack.unpack", "struct.pack", "struct.unpack", "struct.size"],
  ...["redis.sha1hex", "redis.error_reply", "redis.status_reply", "redis.call", "redis.pcall", "redis.setresp", "redis.acl_check_cmd"],
];
