/**
 * What of the client's methods follows from the notation of arguments: parameters, options, and the code that makes words of them. The rules,
 * which docs/client.md has for users:
 *
 * - Arguments that must be given are parameters, in their order; a block of them is so many parameters.
 * - What may be left out is a key of an object of options, the last parameter: by its token in camelCase, else by its name. A token alone is
 *   `true`; of alternatives one key may be given. A block is an object, unless its first argument has the token.
 * - What may be left out and has no token is a parameter as well, where only options follow.
 * - What may be repeated is one or an array; blocks of two an object, a Map, or an array of pairs; larger blocks an array of arrays.
 * - Counts of what follows are not asked for.
 */

import type { Argument } from "../src/execution/command-syntax.ts";

/** A type as text, and the lines that add words for an expression of that type. */
export interface Encoding {
  readonly type: string;
  readonly code: readonly string[];
}

const COUNT = /^num(keys|fields|ids)$/;

/** Words within tokens, for camelCase. */
const TOKEN_WORDS = new Map(
  (
    "by-score by-lex with-scores with-score with-values no-values with-coord with-dist with-hash mk-stream no-mk-stream entries-read " +
    "entries-added max-deleted-id last-id retry-count just-id keep-ttl ex-at px-at abs-ttl idle-time min-id max-len no-ack store-dist " +
    "from-member from-lon-lat by-radius by-box skip-me max-age filter-by acl-cat library-name with-code with-match-len min-match-len " +
    "keep-ref del-ref opt-in opt-out no-loop no-save if-eq if-ne if-deq if-dne"
  )
    .split(" ")
    .map((words) => [words.replaceAll("-", ""), words]),
);

const RENAMED: Readonly<Record<string, string>> = { function: "name", arguments: "args", default: "value" };

function camelCase(text: string): string {
  const lower = text.toLowerCase();
  const name = methodName([TOKEN_WORDS.get(lower) ?? lower]);
  return RENAMED[name] ?? name;
}

/** @param path the words of a command: ["CONFIG", "GET"] is configGet. */
export function methodName(path: readonly string[]): string {
  const words = path.join("-").toLowerCase();
  return words.replace(/[-_.]+(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The name of a parameter. */
export function parameterName(arg: Argument): string {
  const name = camelCase(arg.name);
  return arg.multiple && arg.type !== "block" && !name.endsWith("s") ? `${name}s` : name;
}

/** The key, or the parameter, that an argument is. */
export function keyOf(arg: Argument): string {
  return camelCase(arg.token !== undefined && /^[\w-]+$/.test(arg.token) ? arg.token : arg.name);
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Lines that add words; one after another that only do that become one. */
export function push(...words: readonly string[]): string {
  return `words.push(${words.join(", ")});`;
}

export function when(condition: string, code: readonly string[]): string[] {
  const lines = joined(code);
  return lines.length === 1 ? [`if (${condition}) ${lines[0]}`] : [`if (${condition}) {`, ...lines.map((line) => `  ${line}`), "}"];
}

/** Makes one call of calls of `push` that follow one another. */
export function joined(code: readonly string[]): string[] {
  const lines: string[] = [];
  for (const line of code) {
    const last = lines.at(-1);
    if (line.startsWith("words.push(") && last?.startsWith("words.push("))
      lines[lines.length - 1] = `${last.slice(0, -2)}, ${line.slice(11)}`;
    else lines.push(line);
  }
  return lines;
}

export function isCount(arg: Argument, next: Argument | undefined): boolean {
  return COUNT.test(arg.name) && next?.multiple === true;
}

export function isSimple(arg: Argument): boolean {
  return arg.type !== "oneof" && arg.type !== "block" && arg.type !== "pure-token";
}

/** A token, or several one after the other. */
function isLiteral(arg: Argument): boolean {
  return arg.type === "pure-token" || (arg.type === "block" && childrenOf(arg).every(({ type }) => type === "pure-token"));
}

function literalOf(arg: Argument): string {
  return quote(
    arg.type === "pure-token"
      ? (arg.token ?? "")
      : childrenOf(arg)
          .map(({ token }) => token)
          .join(" "),
  );
}

/** One of several that are each one word. */
function isOneWord(arg: Argument): boolean {
  return (
    arg.type === "oneof" && childrenOf(arg).every((one) => isLiteral(one) || (isSimple(one) && one.token === undefined && !one.multiple))
  );
}

/** The same, where any word may be one. */
export function isAnyWord(arg: Argument): boolean {
  return isOneWord(arg) && childrenOf(arg).some(isSimple);
}

/** What alternatives with tokens only are: keys, where they may be left out. */
function isFlags(arg: Argument): boolean {
  return arg.type === "oneof" && arg.token === undefined && childrenOf(arg).every((one) => one.token !== undefined || one.type === "block");
}

export function childrenOf(arg: Argument): readonly Argument[] {
  const children = arg.arguments ?? [];
  // An offset behind the encoding of a number may be #1: one such number further.
  return children[0]?.name === "encoding" ? children.map((one) => (one.name === "offset" ? { ...one, type: "string" } : one)) : children;
}

/** A block whose first argument has a token, and the others none, has that token. */
function hoisted(arg: Argument): Argument {
  if (arg.type !== "block" || arg.token !== undefined) return arg;
  const [first, ...others] = childrenOf(arg);
  if (first.token === undefined || first.type === "pure-token" || first.optional || others.length === 0) return arg;
  if (others.some((other) => other.optional || other.token !== undefined)) return arg;
  const { token, ...rest } = first;
  return { ...arg, token, arguments: [rest, ...others] };
}

/** COUNT count [ANY]: a block whose keys are among those of the options around it. */
export function isFlat(arg: Argument): boolean {
  if (arg.type !== "block" || arg.token !== undefined || hoisted(arg) !== arg) return false;
  const [first] = childrenOf(arg);
  return first.token !== undefined && !first.optional;
}

export function simpleType(arg: Argument): string {
  if (arg.name === "cursor") return "Word";
  if (arg.type === "integer" || arg.type === "unix-time") return "Integer";
  return arg.type === "double" ? "Double" : "Word";
}

/** Encodes an argument that is there, with its token. */
export function encode(given: Argument, expression: string): Encoding {
  const arg = hoisted(given);
  if (arg.multiple) return encodeMany(arg, expression);
  const token = arg.token === undefined || arg.type === "pure-token" ? [] : [quote(arg.token)];
  const before = token.length === 0 ? [] : [push(...token)];
  if (isLiteral(arg) || isOneWord(arg)) return encodeWord(arg, expression, token);
  if (isSimple(arg)) return { type: simpleType(arg), code: [push(...token, expression)] };
  if (arg.type === "oneof") {
    const { type, code } = encodeOneOf(arg, expression, [check(expression)]);
    return { type, code: [...before, ...code] };
  }
  const children = childrenOf(arg);
  if (children.length === 2 && isCount(children[0], children[1])) {
    const { type, code } = encodeCounted(children[1], expression);
    return { type, code: [...before, code] };
  }
  if (children.length === 2 && children.every(({ multiple }) => multiple)) {
    const [first, second] = children.map(simpleType);
    return { type: `Pairs<${first}, ${second}>`, code: [...before, `addColumns(words, ${expression});`] };
  }
  const { type, code } = members(children, expression);
  return { type, code: [...before, check(expression), ...code] };
}

/** A line in whose place a check comes that the object has no keys but those which the code asks for. */
function check(expression: string): string {
  return `check(${expression});`;
}

function encodeWord(arg: Argument, expression: string, token: readonly string[]): Encoding {
  const alternatives = arg.type === "oneof" ? childrenOf(arg) : [arg];
  const simple = alternatives.filter(isSimple).map(simpleType);
  const literals = alternatives.filter(isLiteral).map(literalOf);
  const type = simple.includes("Word") ? "Word" : [...simple, ...literals].join(" | ");
  return { type, code: [push(...token, expression)] };
}

/** How many there are, and they. */
export function encodeCounted(arg: Argument, expression: string): { readonly type: string; readonly code: string } {
  const { type } = encodeMany({ ...arg, optional: false }, expression);
  return { type, code: `${arg.type === "block" ? "addCountedPairs" : "addCounted"}(words, ${expression});` };
}

function encodeMany(arg: Argument, expression: string): Encoding {
  const { multiple: _multiple, multipleToken, token, ...one } = arg;
  const before = token === undefined || multipleToken ? [] : [push(quote(token))];
  if (isSimple(arg)) {
    const type = `OneOrMore<${simpleType(arg)}>`;
    if (multipleToken) return { type, code: [`addEach(words, ${quote(token ?? "")}, ${expression});`] };
    return { type, code: [...before, `addAll(words, ${expression});`] };
  }
  const children = childrenOf(arg);
  if (arg.type === "block" && children.every((child) => isSimple(child) && !child.optional && !child.multiple)) {
    const types = children.map(simpleType);
    if (types.length === 2 && types[0] === "Word" && !multipleToken) {
      return { type: `Pairs<${types.join(", ")}>`, code: [...before, `addPairs(words, ${expression});`] };
    }
    const names = quote(children.map(({ name }) => name).join(", "));
    const code = multipleToken
      ? `addRows(words, ${expression}, ${names}, ${quote(token ?? "")});`
      : `addRows(words, ${expression}, ${names});`;
    return { type: `Iterable<readonly [${types.join(", ")}]>`, code: [...(multipleToken ? [] : before), code] };
  }
  const { type, code } = encode(multipleToken && token !== undefined ? { ...one, token } : one, "item");
  return { type: `OneOrMore<${type}>`, code: [...before, `for (const item of listOf(${expression})) {`, ...indented(joined(code)), "}"] };
}

function indented(code: readonly string[]): string[] {
  return code.map((line) => `  ${line}`);
}

/** One of several that must be there: an object with the keys of one of them, or a word. `checks`: of such an object. */
function encodeOneOf(arg: Argument, expression: string, checks: readonly string[] = []): Encoding {
  const words = childrenOf(arg).filter((one) => one.token === undefined && isSimple(one));
  const literals = childrenOf(arg).filter((one) => one.type === "block" && isLiteral(one));
  const others = childrenOf(arg).filter((one) => !words.includes(one) && !literals.includes(one));
  const many = others.filter((one) => one.multiple);
  if (words.length > 0 && many.length === others.length && many.length === 1) {
    const inner = encodeMany({ ...many[0], optional: false }, expression);
    const word = `if (isWord(${expression})) ${push(expression)}`;
    return { type: `${words.map(simpleType).join(" | ")} | ${inner.type}`, code: [word, `else {`, ...indented(inner.code), "}"] };
  }
  const alternatives = others.map((one) => alternative(one, expression, false));
  const types = alternatives.map(({ type }) => type);
  const type = types.length === 1 ? types[0] : `OneOf<${types.join(" | ")}>`;
  const code = [...checks, ...alternatives.flatMap((one) => one.code)];
  if (literals.length === 0) return { type, code };
  const texts = literals.map(literalOf);
  return {
    type: `${type} | ${texts.join(" | ")}`,
    code: [`if (typeof ${expression} === "string") words.push(...${expression}.split(" "));`, "else {", ...indented(code), "}"],
  };
}

/** An alternative as keys of an object, each perhaps undefined where it may be left out. */
function alternative(given: Argument, object: string, mayMiss: boolean): Encoding {
  const arg = hoisted({ ...given, optional: false });
  const mark = mayMiss ? "?" : "";
  const key = keyOf(arg);
  if (arg.type === "pure-token")
    return {
      type: `{ ${key}${mark}: boolean${mayMiss ? " | undefined" : ""} }`,
      code: when(`${object}.${key}`, [push(quote(arg.token ?? ""))]),
    };
  if (arg.type === "block" && arg.token === undefined) {
    const { type, code } = members(childrenOf(arg), object);
    const needed = childrenOf(arg).find((child) => !child.optional && isSimple(child));
    return { type, code: needed === undefined ? code : when(`${object}.${keyOf(needed)} !== undefined`, code) };
  }
  const { type, code } = encode(arg, `${object}.${key}`);
  return { type: `{ ${key}${mark}: ${type}${mayMiss ? " | undefined" : ""} }`, code: when(`${object}.${key} !== undefined`, code) };
}

/** Arguments as keys of an object. */
function members(args: readonly Argument[], object: string): Encoding {
  const plain: string[] = [];
  const others: string[] = [];
  const code: string[] = [];
  for (const arg of args) {
    const key = keyOf(arg);
    const access = `${object}.${key}`;
    if (!arg.optional) {
      if (arg.type === "oneof" && !isOneWord(arg) && arg.token === undefined) {
        const { type, code: lines } = encodeOneOf(arg, object);
        others.push(type);
        code.push(...lines);
      } else {
        const { type, code: lines } = encode(arg, access);
        plain.push(`${key}: ${type}`);
        code.push(...lines);
      }
    } else {
      const optional = optionOf(arg, object);
      if (optional.isKey) plain.push(optional.type);
      else others.push(optional.type);
      code.push(...optional.code);
    }
  }
  const types = [...(plain.length > 0 ? [`{ ${plain.join("; ")} }`] : []), ...others];
  return { type: types.join(" & "), code: joined(code) };
}

/** MAXLEN or MINID, perhaps = or ~, a threshold, and perhaps LIMIT with a count. */
export function isTrim(arg: Argument): boolean {
  return arg.type === "block" && childrenOf(arg)[0]?.name === "strategy";
}

/** What it is as a key: `maxLen: 100`, `maxLen: { approximately: 100, limit: 5 }`. "=" is what is meant without "~". */
export function trimOf(arg: Argument, object: string, mayMiss: boolean): Encoding {
  const mark = mayMiss ? "?" : "";
  const strategies = childrenOf(childrenOf(arg)[0]).map((one) => ({ key: keyOf(one), token: one.token ?? "" }));
  const types = strategies.map(({ key, token }) => {
    const type = `Threshold<${token === "MAXLEN" ? "Integer" : "Word"}>`;
    return `{ ${key}${mark}: ${type}${mayMiss ? " | undefined" : ""} }`;
  });
  const code = strategies.flatMap(({ key, token }) =>
    when(`${object}.${key} !== undefined`, [`addThreshold(words, ${quote(token)}, ${object}.${key});`]),
  );
  return {
    type: `${mayMiss ? "AtMostOne" : "OneOf"}<${types.join(" | ")}>`,
    code: mayMiss ? code : [check(object), ...code],
  };
}

/** What may be left out, as a key (`isKey`: its type is "key?: Type") or as several of an object. */
export function optionOf(given: Argument, object: string): Encoding & { readonly isKey: boolean } {
  const arg: Argument = { ...given, optional: false };
  if (isTrim(arg)) return { isKey: false, ...trimOf(arg, object, true) };
  const key = keyOf(arg);
  if (arg.type === "pure-token") {
    return { isKey: true, type: `${key}?: boolean | undefined`, code: when(`${object}.${key}`, [push(quote(arg.token ?? ""))]) };
  }
  if (isFlags(arg) && !arg.multiple) {
    const alternatives = childrenOf(arg).map((one) => alternative(one, object, true));
    return {
      isKey: false,
      type: `AtMostOne<${alternatives.map(({ type }) => type).join(" | ")}>`,
      code: alternatives.flatMap((one) => one.code),
    };
  }
  if (isFlat(arg)) {
    const [first, ...rest] = childrenOf(arg);
    const access = `${object}.${keyOf(first)}`;
    if (first.type !== "pure-token") {
      const { type, code } = members(childrenOf(arg), object);
      return { isKey: false, type: `AllOrNone<${type}>`, code: when(`${access} !== undefined`, code) };
    }
    const { type, code } = members(rest, object);
    const whole = `AllOrNone<{ ${keyOf(first)}: boolean } & ${type}>`;
    return { isKey: false, type: whole, code: when(access, [push(quote(first.token ?? "")), ...code]) };
  }
  const { type, code } = encode(arg, `${object}.${key}`);
  return { isKey: true, type: `${key}?: ${type} | undefined`, code: when(`${object}.${key} !== undefined`, code) };
}
